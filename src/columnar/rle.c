#include "columnar/rle.h"

static uint64_t load_bits(const uint8_t *src, int64_t bit, int n)
{
    const uint8_t *at = src + (bit >> 3);
    int shift = (int)(bit & 7), bytes = (shift + n + 7) >> 3;
    uint64_t low = 0;
    memcpy(&low, at, (size_t)(bytes < 8 ? bytes : 8));
    low >>= shift;
    if (bytes > 8)
        low |= (uint64_t)at[8] << (64 - shift);
    return n < 64 ? low & (((uint64_t)1 << n) - 1) : low;
}

/* Puts n bits at a position; earlier bits of the first byte stay, later bits become zero. */
static void store_bits(uint8_t *dst, int64_t bit, uint64_t value, int n)
{
    uint8_t *at = dst + (bit >> 3);
    int shift = (int)(bit & 7), bytes = (shift + n + 7) >> 3;
    uint64_t low = value << shift | (at[0] & ((1u << shift) - 1));
    memcpy(at, &low, (size_t)(bytes < 8 ? bytes : 8));
    if (bytes > 8)
        at[8] = (uint8_t)(value >> (64 - shift));
}

void rle_bits_copy(uint8_t *dst, int64_t dst_bit, const uint8_t *src, int64_t src_bit, int64_t n)
{
    if ((dst_bit & 7) == 0 && (src_bit & 7) == 0 && n > 0) {
        memcpy(dst + (dst_bit >> 3), src + (src_bit >> 3), (size_t)(n + 7) >> 3);
        return;
    }
    for (int64_t done = 0; done < n; done += 64) {
        int step = n - done < 64 ? (int)(n - done) : 64;
        store_bits(dst, dst_bit + done, load_bits(src, src_bit + done, step), step);
    }
}

void rle_bits_set(uint8_t *dst, int64_t dst_bit, int64_t n)
{
    for (int64_t done = 0; done < n; done += 64) {
        int step = n - done < 64 ? (int)(n - done) : 64;
        store_bits(dst, dst_bit + done, step < 64 ? ((uint64_t)1 << step) - 1 : UINT64_MAX, step);
    }
}

int64_t rle_bits_count(const uint8_t *bits, int64_t first, int64_t n)
{
    int64_t count = 0;
    for (int64_t done = 0; done < n; done += 64) {
        int step = n - done < 64 ? (int)(n - done) : 64;
        count += __builtin_popcountll(load_bits(bits, first + done, step));
    }
    return count;
}

static void put_varint(struct bytes *out, uint64_t value)
{
    uint8_t *to = bytes_room(out, 10);
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        to[len++] = (uint8_t)(value | 0x80);
    to[len++] = (uint8_t)value;
    out->len += len;
}

static void put_run(struct bytes *out, uint32_t value, int64_t n, unsigned width)
{
    put_varint(out, (uint64_t)n << 1);
    bytes_append(out, &value, (width + 7) / 8);
}

static void put_literal_bytes(struct bytes *out, const uint8_t *from, int64_t count)
{
    if (count > 0) {
        put_varint(out, (uint64_t)count << 1 | 1);
        bytes_append(out, from, (size_t)count);
    }
}

/* Bytes of eight equal bits that follow each other, from byte i. */
static int64_t same_bytes(const uint8_t *bits, int64_t i, int64_t full)
{
    int64_t n = 1;
    if (bits[i] != 0 && bits[i] != 0xff)
        return 0;
    while (i + n < full && bits[i + n] == bits[i])
        n++;
    return n;
}

void rle_encode_bits(struct bytes *out, const uint8_t *bits, int64_t n, int64_t ones)
{
    int64_t full = n / 8, literal = 0;
    if (n > 0 && (ones == 0 || ones == n)) {
        put_run(out, ones != 0, n, 1);
        return;
    }
    for (int64_t i = 0; i < full;) {
        int64_t run = same_bytes(bits, i, full);
        if (run >= 4) {
            put_literal_bytes(out, bits + literal, i - literal);
            put_run(out, bits[i] & 1, run * 8, 1);
            literal = i + run;
        }
        i += run ? run : 1;
    }
    if (n % 8 == 0) {
        put_literal_bytes(out, bits + literal, full - literal);
        return;
    }
    uint8_t last = bits[full] & (uint8_t)((1u << (n % 8)) - 1);
    put_varint(out, (uint64_t)(full - literal + 1) << 1 | 1);
    bytes_append(out, bits + literal, (size_t)(full - literal));
    bytes_append(out, &last, 1);
}

/* Packs count values (a multiple of 8, padded with zeros) least significant bit first. */
static void put_packed(struct bytes *out, const uint32_t *values, int64_t n, unsigned width)
{
    int64_t groups = (n + 7) / 8;
    size_t size = (size_t)groups * width;
    put_varint(out, (uint64_t)groups << 1 | 1);
    uint8_t *to = bytes_room(out, size + 8), *start = to;
    uint64_t acc = 0;
    unsigned held = 0;
    for (int64_t i = 0; i < n; i++) {
        acc |= (uint64_t)values[i] << held;
        held += width;
        if (held >= 32) {
            uint32_t word = (uint32_t)acc;
            memcpy(to, &word, 4);
            to += 4;
            acc >>= 32;
            held -= 32;
        }
    }
    memset(to, 0, (size_t)(start + size + 8 - to));
    memcpy(to, &acc, 8);
    out->len += size;
}

void rle_encode_indices(struct bytes *out, const uint32_t *values, int64_t n, unsigned width)
{
    int64_t literal = 0;
    for (int64_t i = 0; i < n;) {
        int64_t run = 1;
        while (i + run < n && values[i + run] == values[i])
            run++;
        /* Literals come in groups of eight, so a run may only start at their border. */
        if (run >= 8 || (i == literal && i + run == n)) {
            if (i > literal)
                put_packed(out, values + literal, i - literal, width);
            put_run(out, values[i], run, width);
            literal = i + run;
            i = literal;
        } else {
            i += n - i < 8 ? n - i : 8;
        }
    }
    if (n > literal)
        put_packed(out, values + literal, n - literal, width);
}

unsigned rle_width(uint32_t max)
{
    return max ? 32 - (unsigned)__builtin_clz(max) : 0;
}

static bool get_varint(const uint8_t *data, size_t len, size_t *pos, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (*pos >= len)
            return false;
        uint8_t byte = data[(*pos)++];
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool decode_packed(const uint8_t *data, size_t len, size_t *pos, unsigned width,
                          uint64_t groups, uint32_t *out, int64_t *done, int64_t n)
{
    uint64_t size = groups * width;
    size_t left = len - *pos;
    int64_t count = n - *done;
    if (groups == 0 || groups > (uint64_t)INT32_MAX)
        return false;
    if ((uint64_t)count > groups * 8)
        count = (int64_t)(groups * 8);
    /* The last group's padding may be missing; the values may not. */
    if (size > left && ((uint64_t)count * width + 7) / 8 > left)
        return false;
    for (int64_t i = 0; i < count; i++)
        out[*done + i] =
            width ? (uint32_t)load_bits(data + *pos, i * (int64_t)width, (int)width) : 0;
    *done += count;
    *pos += size > left ? left : (size_t)size;
    return true;
}

bool rle_decode(const uint8_t *data, size_t len, unsigned width, uint32_t *out, int64_t n)
{
    size_t pos = 0, value_bytes = (width + 7) / 8;
    int64_t done = 0;
    while (done < n) {
        uint64_t header;
        if (!get_varint(data, len, &pos, &header))
            return false;
        if (header & 1) {
            if (!decode_packed(data, len, &pos, width, header >> 1, out, &done, n))
                return false;
            continue;
        }
        uint64_t run = header >> 1;
        uint32_t value = 0;
        if (run == 0 || run > (uint64_t)(n - done) || value_bytes > len - pos)
            return false;
        memcpy(&value, data + pos, value_bytes);
        pos += value_bytes;
        if (width < 32 && value >> width)
            return false;
        for (uint64_t i = 0; i < run; i++)
            out[done++] = value;
    }
    return true;
}
