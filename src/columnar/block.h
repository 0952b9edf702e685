/* A run of rows of one column on its way from Arrow to Parquet: nulls squeezed out, values in
 * their physical form and judged. Small enough to stay in the cache. Private to the room. */
#ifndef AAMPE_COLUMNAR_BLOCK_H
#define AAMPE_COLUMNAR_BLOCK_H

#include "columnar/convert.h"
#include "columnar/dictionary.h"
#include "columnar/spec.h"

#define BLOCK_ROWS 4096
/* A value is held four times over while its page is made, so this bounds the encoder's peak.
 * (The format's own limit is a page of 2 GiB.) */
#define VALUE_BYTES_MAX ((int64_t)64 << 20)

enum convert_op {
    CONVERT_SKIP,  /* VOID: not stored */
    CONVERT_NULLS, /* arrives as Null */
    CONVERT_BOOL,
    CONVERT_COPY4,
    CONVERT_COPY8,
    CONVERT_INT_TO_32,
    CONVERT_INT_TO_64,
    CONVERT_FLOAT_TO_DOUBLE,
    CONVERT_DATE_DAYS,
    CONVERT_DATE_MILLIS,
    CONVERT_DATE_TEXT,
    CONVERT_INSTANT,  /* any unit to microseconds, within 0001..9999 */
    CONVERT_DURATION, /* any unit to microseconds */
    CONVERT_DECIMAL,
    CONVERT_DECIMAL_TEXT,
    CONVERT_TEXT,
    CONVERT_BYTES,
    CONVERT_FIXED_BYTES
};

struct convert_column {
    enum convert_op op;
    struct pq_spec spec;
};

struct columnar_conversion {
    struct model_schema want;
    struct convert_column *columns; /* one per wanted column = one per Arrow column */
};

struct block {
    int64_t rows, values;
    const uint8_t *validity; /* NULL: all valid */
    int64_t validity_bit;
    const void *fixed;   /* values of 4 or 8 bytes */
    const uint8_t *bits; /* BOOLEAN: values bits, from bits_first */
    int64_t bits_first;
    struct slice *slices; /* BYTE_ARRAY, FIXED */
    /* What the above may point to: gathered values, and those made from them. */
    uint64_t space[BLOCK_ROWS], made[BLOCK_ROWS];
    uint8_t wide[BLOCK_ROWS * 16];
    struct slice slice_space[BLOCK_ROWS];
    uint8_t bit_space[BLOCK_ROWS / 8 + 8];
};

/* The way from a stored kind to a wanted type; false = there is none. */
bool convert_choose(const struct model_type *want, const struct columnar_field *have,
                    enum convert_op *op);
/* rows <= BLOCK_ROWS. group_row: number of row `first` in the row group, for messages. */
int block_fill(struct block *block, const struct convert_column *column, const char *name,
               const struct columnar_array *array, int64_t first, int64_t rows, int64_t group_row,
               struct err *err) must_check;

/* Exact text to number; false: not a decimal, or not in precision and scale. */
bool block_parse_decimal(struct slice text, int precision, int scale, __int128 *out);
bool block_parse_date(struct slice text, int32_t *days);

/* 0001-01-01 .. 9999-12-31, what Spark and Parquet readers agree on. */
#define DAYS_MIN (-719162)
#define DAYS_MAX 2932896
#define MICROS_MIN (-62135596800000000)
#define MICROS_MAX 253402300799999999

#endif
