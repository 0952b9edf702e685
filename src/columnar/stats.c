#include "columnar/stats.h"

#include "base/text.h"

#include <math.h>

void pq_range_init(struct pq_range *range, enum pq_order order)
{
    *range = (struct pq_range){.order = order};
}

void pq_range_free(struct pq_range *range)
{
    bytes_free(&range->min);
    bytes_free(&range->max);
}

static void take_ints(struct pq_range *range, int64_t min, int64_t max)
{
    if (!range->any || min < range->min_int)
        range->min_int = min;
    if (!range->any || max > range->max_int)
        range->max_int = max;
    range->any = true;
}

void pq_range_i32(struct pq_range *range, const int32_t *values, int64_t n)
{
    int32_t min = INT32_MAX, max = INT32_MIN;
    for (int64_t i = 0; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (n)
        take_ints(range, min, max);
}

void pq_range_i64(struct pq_range *range, const int64_t *values, int64_t n)
{
    int64_t min = INT64_MAX, max = INT64_MIN;
    for (int64_t i = 0; i < n; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    if (n)
        take_ints(range, min, max);
}

static void take_reals(struct pq_range *range, double min, double max, int64_t nans, int64_t n)
{
    range->nans += nans;
    if (nans == n)
        return;
    if (!range->any || min < range->min_real)
        range->min_real = min;
    if (!range->any || max > range->max_real)
        range->max_real = max;
    range->any = true;
}

void pq_range_float(struct pq_range *range, const void *values, int64_t n)
{
    float min = INFINITY, max = -INFINITY, value;
    int64_t nans = 0;
    for (int64_t i = 0; i < n; i++) {
        memcpy(&value, (const uint8_t *)values + i * (int64_t)sizeof value, sizeof value);
        nans += value != value;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    take_reals(range, min, max, nans, n);
}

void pq_range_double(struct pq_range *range, const void *values, int64_t n)
{
    double min = INFINITY, max = -INFINITY, value;
    int64_t nans = 0;
    for (int64_t i = 0; i < n; i++) {
        memcpy(&value, (const uint8_t *)values + i * (int64_t)sizeof value, sizeof value);
        nans += value != value;
        min = value < min ? value : min;
        max = value > max ? value : max;
    }
    take_reals(range, min, max, nans, n);
}

void pq_range_bool(struct pq_range *range, int64_t n, int64_t trues)
{
    if (n)
        take_ints(range, trues == n, trues > 0);
}

static int compare_bytes(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* Big-endian two's complement of equal length: only the first byte's sign makes a difference. */
static int compare_signed(struct slice a, struct slice b)
{
    if (a.len && b.len && (a.data[0] ^ b.data[0]) & 0x80)
        return a.data[0] & 0x80 ? -1 : 1;
    return compare_bytes(a, b);
}

static struct slice as_slice(const struct bytes *bytes)
{
    return (struct slice){.data = bytes->data, .len = (uint32_t)bytes->len};
}

static void keep(struct bytes *bytes, struct slice value)
{
    bytes->len = 0;
    bytes_append(bytes, value.data, value.len);
}

void pq_range_bytes(struct pq_range *range, struct slice value)
{
    bool is_signed = range->order == PQ_ORDER_SIGNED_BYTES;
    if (!range->any) {
        keep(&range->min, value);
        keep(&range->max, value);
        range->any = true;
        return;
    }
    struct slice min = as_slice(&range->min), max = as_slice(&range->max);
    if ((is_signed ? compare_signed(value, min) : compare_bytes(value, min)) < 0)
        keep(&range->min, value);
    else if ((is_signed ? compare_signed(value, max) : compare_bytes(value, max)) > 0)
        keep(&range->max, value);
}

static int compare_reals(double a, double b)
{
    return (a > b) - (a < b);
}

int pq_order_compare(enum pq_order order, struct slice a, struct slice b)
{
    int64_t ints[2] = {0, 0};
    int32_t words[2];
    float floats[2];
    double doubles[2];
    switch (order) {
    case PQ_ORDER_BOOL:
        return a.data[0] - b.data[0];
    case PQ_ORDER_I32:
        memcpy(&words[0], a.data, 4);
        memcpy(&words[1], b.data, 4);
        return (words[0] > words[1]) - (words[0] < words[1]);
    case PQ_ORDER_I64:
        memcpy(&ints[0], a.data, 8);
        memcpy(&ints[1], b.data, 8);
        return (ints[0] > ints[1]) - (ints[0] < ints[1]);
    case PQ_ORDER_FLOAT:
        memcpy(&floats[0], a.data, 4);
        memcpy(&floats[1], b.data, 4);
        return compare_reals((double)floats[0], (double)floats[1]);
    case PQ_ORDER_DOUBLE:
        memcpy(&doubles[0], a.data, 8);
        memcpy(&doubles[1], b.data, 8);
        return compare_reals(doubles[0], doubles[1]);
    case PQ_ORDER_SIGNED_BYTES:
        return compare_signed(a, b);
    default:
        return compare_bytes(a, b);
    }
}

static uint8_t *plain_dup(const void *value, size_t len, size_t *out_len)
{
    uint8_t *copy = base_alloc(len);
    if (len)
        memcpy(copy, value, len);
    *out_len = len;
    return copy;
}

static void finish_ints(const struct pq_range *range, size_t width, struct columnar_pq_stats *out)
{
    out->min = plain_dup(&range->min_int, width, &out->min_len);
    out->max = plain_dup(&range->max_int, width, &out->max_len);
}

/* A zero as minimum is written as -0.0, as maximum as +0.0: readers may not tell them apart. */
static void finish_reals(const struct pq_range *range, struct columnar_pq_stats *out)
{
    double min = range->min_real == 0 ? -0.0 : range->min_real;
    double max = range->max_real == 0 ? 0.0 : range->max_real;
    float min_float = (float)min, max_float = (float)max;
    if (range->order == PQ_ORDER_FLOAT) {
        out->min = plain_dup(&min_float, 4, &out->min_len);
        out->max = plain_dup(&max_float, 4, &out->max_len);
    } else {
        out->min = plain_dup(&min, 8, &out->min_len);
        out->max = plain_dup(&max, 8, &out->max_len);
    }
}

static size_t cut_length(struct slice value, bool utf8)
{
    size_t len = STATS_BYTES_MAX;
    while (utf8 && len > 0 && (value.data[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* Raises bytes[0..len) to something above every continuation; the new length, 0 if impossible. */
static size_t raise_bytes(uint8_t *bytes, size_t len)
{
    while (len > 0 && bytes[len - 1] == 0xff)
        len--;
    if (len > 0)
        bytes[len - 1]++;
    return len;
}

static size_t encode_utf8(uint32_t code, uint8_t out[4])
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}

/* The same by characters, so that the bound stays valid text; a character may grow by one byte. */
static size_t raise_text(uint8_t *bytes, size_t len)
{
    while (len > 0) {
        uint32_t code;
        size_t start = len - 1;
        while (start > 0 && (bytes[start] & 0xc0) == 0x80)
            start--;
        if (!base_text_utf8_decode((const char *)bytes + start, len - start, &code))
            return 0;
        if (code < 0x10ffff) {
            code = code == 0xd7ff ? 0xe000 : code + 1;
            return start + encode_utf8(code, bytes + start);
        }
        len = start;
    }
    return 0;
}

static void finish_bytes(const struct pq_range *range, bool utf8, struct columnar_pq_stats *out)
{
    struct slice min = as_slice(&range->min), max = as_slice(&range->max);
    out->min_exact = min.len <= STATS_BYTES_MAX;
    out->min = plain_dup(min.data, out->min_exact ? min.len : cut_length(min, utf8), &out->min_len);
    out->max_exact = max.len <= STATS_BYTES_MAX;
    if (out->max_exact) {
        out->max = plain_dup(max.data, max.len, &out->max_len);
        return;
    }
    uint8_t raised[STATS_BYTES_MAX + 4];
    size_t len = cut_length(max, utf8);
    memcpy(raised, max.data, len);
    len = utf8 ? raise_text(raised, len) : raise_bytes(raised, len);
    out->has_max = len > 0;
    if (out->has_max)
        out->max = plain_dup(raised, len, &out->max_len);
}

void pq_range_finish(const struct pq_range *range, bool utf8, struct columnar_pq_stats *out)
{
    bool real = range->order == PQ_ORDER_FLOAT || range->order == PQ_ORDER_DOUBLE;
    *out = (struct columnar_pq_stats){.nan_count = real ? range->nans : -1};
    if (!range->any)
        return;
    out->has_min = out->has_max = out->min_exact = out->max_exact = true;
    switch (range->order) {
    case PQ_ORDER_BOOL:
        finish_ints(range, 1, out);
        break;
    case PQ_ORDER_I32:
        finish_ints(range, 4, out);
        break;
    case PQ_ORDER_I64:
        finish_ints(range, 8, out);
        break;
    case PQ_ORDER_FLOAT:
    case PQ_ORDER_DOUBLE:
        finish_reals(range, out);
        break;
    default:
        finish_bytes(range, utf8, out);
        break;
    }
}
