/* Generated rows: every value is a pure function of (seed, row, generation of the row). */
#ifndef AAMPE_SANDBOX_GEN_H
#define AAMPE_SANDBOX_GEN_H

#include "sandbox/vector.h"

#include <string.h>

struct sandbox_world;
struct sandbox_column_def;

/* A run of rows to make: [row, row + count) of one generation. */
struct sandbox_gen {
    const struct sandbox_world *world;
    const struct sandbox_column_def *column;
    uint64_t key_seed;   /* of the column, the same in every generation: identifiers */
    uint64_t value_seed; /* of the column and the generation */
    uint64_t table_seed; /* of the table, the same for all columns and generations */
    int64_t table_rows;  /* version 0 */
    int64_t row, count;
};

/* Appends gen->count rows to the vector. */
struct sandbox_column_def {
    const char *name, *type;
    void (*fill)(const struct sandbox_gen *gen, struct sandbox_vector *out);
    int64_t low, high; /* meaning belongs to fill */
    const void *extra;
    unsigned null_every; /* 0: never NULL by chance; n: one in n */
    bool required;       /* NOT NULL */
    const char *comment;
};

static inline uint64_t sandbox_gen_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

static inline uint64_t sandbox_gen_hash(uint64_t seed, int64_t row)
{
    return sandbox_gen_mix(seed ^ ((uint64_t)row * 0xd1342543de82ef95U));
}

/* Even spread over [0, n) without division. */
static inline uint64_t sandbox_gen_pick(uint64_t hash, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)hash * n) >> 64);
}

static inline bool sandbox_gen_null(const struct sandbox_gen *gen, int64_t row)
{
    return gen->column->null_every &&
           sandbox_gen_pick(sandbox_gen_hash(gen->value_seed ^ 0x6e756c6c, row),
                            gen->column->null_every) == 0;
}

/* Sets valid bits of the run by null_every and counts the rows in. */
void sandbox_gen_commit(const struct sandbox_gen *gen, struct sandbox_vector *out);

/* Text writing without printf. Each returns the end. */
static inline char *sandbox_put(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}
char *sandbox_put_uint(char *at, uint64_t value, int min_digits);
char *sandbox_put_cents(char *at, int64_t cents); /* 1234 -> 12.34 */
char *sandbox_put_hex(char *at, uint64_t value, int digits);
char *sandbox_put_uuid(char *at, uint64_t a, uint64_t b); /* 36 characters, version 4 form */

/* Generic columns. Integers and timestamps: low..high, even. */
#define SANDBOX_FILL(name) void name(const struct sandbox_gen *gen, struct sandbox_vector *out)
SANDBOX_FILL(sandbox_fill_sequence); /* low + row */
SANDBOX_FILL(sandbox_fill_integer);
SANDBOX_FILL(sandbox_fill_double);     /* low..high with fractions */
SANDBOX_FILL(sandbox_fill_decimal);    /* unscaled low..high */
SANDBOX_FILL(sandbox_fill_bool);       /* low per cent true */
SANDBOX_FILL(sandbox_fill_vocabulary); /* extra: NULL-ended texts */
SANDBOX_FILL(sandbox_fill_hex);        /* high hex digits */
SANDBOX_FILL(sandbox_fill_uuid);
SANDBOX_FILL(sandbox_fill_label);     /* extra: prefix, high: digits; from low + row */
SANDBOX_FILL(sandbox_fill_label_of);  /* extra: prefix, high: digits; number even in [0, low) */
SANDBOX_FILL(sandbox_fill_past_time); /* seconds before T0, low..high; microseconds added */
SANDBOX_FILL(sandbox_fill_past_date); /* days before T0, low..high */
SANDBOX_FILL(
    sandbox_fill_text_list); /* extra: NULL-ended literals, row by row, NULL text "\1" = NULL */
SANDBOX_FILL(sandbox_fill_void);

#endif
