#include "sandbox/gen.h"

#include "sandbox/table.h"

#include <stdlib.h>

void sandbox_gen_commit(const struct sandbox_gen *gen, struct sandbox_vector *out)
{
    if (!gen->column->null_every) {
        sandbox_vector_commit_valid(out, gen->count);
        return;
    }
    uint64_t seed = gen->value_seed ^ 0x6e756c6c, every = gen->column->null_every;
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(seed, gen->row + i);
        unsigned null = sandbox_gen_pick(hash, every) == 0;
        sandbox_vector_bit(out->valid, out->count + i, !null);
        out->nulls += null;
    }
    out->count += gen->count;
}

char *sandbox_put_uint(char *at, uint64_t value, int min_digits)
{
    char digits[24];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value || count < min_digits);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

char *sandbox_put_cents(char *at, int64_t cents)
{
    at = sandbox_put_uint(at, (uint64_t)cents / 100, 1);
    *at++ = '.';
    return sandbox_put_uint(at, (uint64_t)cents % 100, 2);
}

char *sandbox_put_hex(char *at, uint64_t value, int digits)
{
    static const char table[] = "0123456789abcdef";
    for (int i = digits; i-- > 0;)
        *at++ = table[value >> (4 * i) & 15];
    return at;
}

char *sandbox_put_uuid(char *at, uint64_t a, uint64_t b)
{
    a = (a & ~(uint64_t)0xf000) | 0x4000;
    b = (b & ~((uint64_t)3 << 62)) | (uint64_t)1 << 63;
    at = sandbox_put_hex(at, a >> 32, 8);
    *at++ = '-';
    at = sandbox_put_hex(at, a >> 16, 4);
    *at++ = '-';
    at = sandbox_put_hex(at, a, 4);
    *at++ = '-';
    at = sandbox_put_hex(at, b >> 48, 4);
    *at++ = '-';
    return sandbox_put_hex(at, b, 12);
}

static void put_integers(const struct sandbox_gen *gen, struct sandbox_vector *out,
                         int64_t (*value)(const struct sandbox_gen *, int64_t))
{
    uint8_t *at = out->values + out->count * out->width;
    for (int64_t i = 0; i < gen->count; i++, at += out->width) {
        int64_t one = value(gen, gen->row + i);
        memcpy(at, &one, (size_t)out->width);
    }
}

SANDBOX_FILL(sandbox_fill_sequence)
{
    if (out->width == 8) {
        int64_t *at = (int64_t *)out->values + out->count, first = gen->column->low + gen->row;
        for (int64_t i = 0; i < gen->count; i++)
            at[i] = first + i;
    } else {
        uint8_t *at = out->values + out->count * out->width;
        for (int64_t i = 0; i < gen->count; i++, at += out->width) {
            int64_t one = gen->column->low + gen->row + i;
            memcpy(at, &one, (size_t)out->width);
        }
    }
    sandbox_gen_commit(gen, out);
}

static int64_t even_integer(const struct sandbox_gen *gen, int64_t row)
{
    uint64_t span = (uint64_t)(gen->column->high - gen->column->low) + 1;
    return gen->column->low +
           (int64_t)sandbox_gen_pick(sandbox_gen_hash(gen->value_seed, row), span);
}

SANDBOX_FILL(sandbox_fill_integer)
{
    uint64_t span = (uint64_t)(gen->column->high - gen->column->low) + 1;
    if (out->width == 4) {
        int32_t *at = (int32_t *)out->values + out->count;
        for (int64_t i = 0; i < gen->count; i++)
            at[i] = (int32_t)(gen->column->low +
                              (int64_t)sandbox_gen_pick(
                                  sandbox_gen_hash(gen->value_seed, gen->row + i), span));
    } else {
        put_integers(gen, out, even_integer);
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_double)
{
    double low = (double)gen->column->low, span = (double)(gen->column->high - gen->column->low);
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        double value = low + span * ((double)(hash >> 11) * 0x1p-53);
        if (out->width == 8)
            ((double *)out->values)[out->count + i] = value;
        else
            ((float *)out->values)[out->count + i] = (float)value;
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_decimal)
{
    uint8_t *at = out->values + out->count * 16;
    for (int64_t i = 0; i < gen->count; i++, at += 16) {
        __int128 value = even_integer(gen, gen->row + i);
        memcpy(at, &value, 16);
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_bool)
{
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        sandbox_vector_bit(out->values, out->count + i,
                           sandbox_gen_pick(hash, 100) < (uint64_t)gen->column->low);
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_vocabulary)
{
    const char *const *words = gen->column->extra;
    size_t lens[64], count = 0, longest = 0;
    for (; words[count] && count < 64; count++) {
        lens[count] = strlen(words[count]);
        longest = lens[count] > longest ? lens[count] : longest;
    }
    uint8_t *start = sandbox_vector_room(out, (size_t)gen->count * longest);
    uint8_t *at = start;
    int32_t *offsets = out->offsets + out->count + 1, base = (int32_t)out->data_len;
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        size_t word = sandbox_gen_pick(hash, count);
        if (!sandbox_gen_null(gen, gen->row + i)) {
            memcpy(at, words[word], lens[word]);
            at += lens[word];
        }
        offsets[i] = base + (int32_t)(at - start);
    }
    out->data_len += (size_t)(at - start);
    sandbox_gen_commit(gen, out);
}

/* Fixed-width texts made by `write`. */
static void fill_texts(const struct sandbox_gen *gen, struct sandbox_vector *out, size_t longest,
                       char *(*write)(const struct sandbox_gen *, int64_t, char *))
{
    char *start = (char *)sandbox_vector_room(out, (size_t)gen->count * longest);
    char *at = start;
    int32_t *offsets = out->offsets + out->count + 1, base = (int32_t)out->data_len;
    for (int64_t i = 0; i < gen->count; i++) {
        if (!sandbox_gen_null(gen, gen->row + i))
            at = write(gen, gen->row + i, at);
        offsets[i] = base + (int32_t)(at - start);
    }
    out->data_len += (size_t)(at - start);
    sandbox_gen_commit(gen, out);
}

static char *write_hex(const struct sandbox_gen *gen, int64_t row, char *at)
{
    int64_t digits = gen->column->high;
    uint64_t hash = sandbox_gen_hash(gen->value_seed, row);
    for (; digits > 0; digits -= 16, hash = sandbox_gen_mix(hash))
        at = sandbox_put_hex(at, hash, digits < 16 ? (int)digits : 16);
    return at;
}

SANDBOX_FILL(sandbox_fill_hex)
{
    fill_texts(gen, out, (size_t)gen->column->high, write_hex);
}

static char *write_uuid(const struct sandbox_gen *gen, int64_t row, char *at)
{
    uint64_t hash = sandbox_gen_hash(gen->key_seed, row);
    return sandbox_put_uuid(at, hash, sandbox_gen_mix(hash));
}

SANDBOX_FILL(sandbox_fill_uuid)
{
    fill_texts(gen, out, 36, write_uuid);
}

static char *write_label(const struct sandbox_gen *gen, int64_t row, char *at)
{
    at = sandbox_put(at, gen->column->extra);
    return sandbox_put_uint(at, (uint64_t)(gen->column->low + row), (int)gen->column->high);
}

SANDBOX_FILL(sandbox_fill_label)
{
    fill_texts(gen, out, strlen(gen->column->extra) + 20, write_label);
}

static char *write_label_of(const struct sandbox_gen *gen, int64_t row, char *at)
{
    uint64_t hash = sandbox_gen_hash(gen->value_seed, row);
    at = sandbox_put(at, gen->column->extra);
    return sandbox_put_uint(at, sandbox_gen_pick(hash, (uint64_t)gen->column->low),
                            (int)gen->column->high);
}

SANDBOX_FILL(sandbox_fill_label_of)
{
    fill_texts(gen, out, strlen(gen->column->extra) + 20, write_label_of);
}

SANDBOX_FILL(sandbox_fill_past_time)
{
    int64_t *at = (int64_t *)out->values + out->count;
    uint64_t span = (uint64_t)(gen->column->high - gen->column->low + 1) * 1000000;
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        at[i] = sandbox_world_t0(gen->world) - gen->column->low * 1000000 -
                (int64_t)sandbox_gen_pick(hash, span);
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_past_date)
{
    int32_t *at = (int32_t *)out->values + out->count;
    int32_t today = (int32_t)(sandbox_world_t0(gen->world) / 86400000000);
    uint64_t span = (uint64_t)(gen->column->high - gen->column->low + 1);
    for (int64_t i = 0; i < gen->count; i++) {
        uint64_t hash = sandbox_gen_hash(gen->value_seed, gen->row + i);
        at[i] = today - (int32_t)gen->column->low - (int32_t)sandbox_gen_pick(hash, span);
    }
    sandbox_gen_commit(gen, out);
}

SANDBOX_FILL(sandbox_fill_void)
{
    out->nulls += gen->count;
    out->count += gen->count;
}
