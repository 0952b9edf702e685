/* Columns in memory, in the layout of Apache Arrow: what the Arrow reader yields and the Parquet
 * writer eats. */
#ifndef AAMPE_COLUMNAR_ARRAY_H
#define AAMPE_COLUMNAR_ARRAY_H

#include "base/buf.h"
#include "base/err.h"
#include "model/type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Physical kinds, as the IPC schema says them. */
enum columnar_kind {
    COLUMNAR_NULL, /* no buffers at all */
    COLUMNAR_BOOL, /* bits, least significant first */
    COLUMNAR_INT8,
    COLUMNAR_INT16,
    COLUMNAR_INT32,
    COLUMNAR_INT64,
    COLUMNAR_UINT8,
    COLUMNAR_UINT16,
    COLUMNAR_UINT32,
    COLUMNAR_UINT64,
    COLUMNAR_HALF,
    COLUMNAR_FLOAT,
    COLUMNAR_DOUBLE,
    COLUMNAR_DECIMAL128, /* 16 bytes little endian two's complement */
    COLUMNAR_DECIMAL256,
    COLUMNAR_UTF8,   /* int32 offsets */
    COLUMNAR_BINARY, /* int32 offsets */
    COLUMNAR_LARGE_UTF8,
    COLUMNAR_LARGE_BINARY,
    COLUMNAR_FIXED_BINARY, /* width bytes each */
    COLUMNAR_DATE32,       /* days */
    COLUMNAR_DATE64,       /* milliseconds */
    COLUMNAR_TIME32,
    COLUMNAR_TIME64,
    COLUMNAR_TIMESTAMP, /* int64 in unit since the epoch; with a zone it is an instant */
    COLUMNAR_DURATION,
    COLUMNAR_INTERVAL_YM,  /* int32 months */
    COLUMNAR_INTERVAL_DT,  /* int32 days, int32 milliseconds */
    COLUMNAR_INTERVAL_MDN, /* int32 months, int32 days, int64 nanoseconds */
    COLUMNAR_LIST,         /* int32 offsets, child 0 */
    COLUMNAR_LARGE_LIST,   /* int64 offsets, child 0 */
    COLUMNAR_FIXED_LIST,   /* width elements each, child 0 */
    COLUMNAR_MAP,          /* int32 offsets, child 0 = struct of key, value */
    COLUMNAR_STRUCT
};

enum columnar_unit { COLUMNAR_SECOND, COLUMNAR_MILLI, COLUMNAR_MICRO, COLUMNAR_NANO };

struct columnar_field {
    char *name;     /* valid UTF-8, may be empty or doubled: Arrow allows both */
    char *timezone; /* TIMESTAMP: NULL = wall clock. Display only, never applied */
    enum columnar_kind kind;
    enum columnar_unit unit; /* TIME, TIMESTAMP, DURATION */
    bool nullable;
    int precision, scale; /* DECIMAL */
    int32_t width;        /* FIXED_BINARY: bytes, FIXED_LIST: elements */
    struct columnar_field *children;
    size_t child_count;
};

struct columnar_schema {
    struct columnar_field *fields;
    size_t count;
};

/* One column of one batch. Pointers lie in the chunk that made it and live as long as the batch.
 * They have been checked: validity holds `length` bits, values `length` elements, offsets are
 * non-decreasing and end inside `values` (or the child). Multi-byte values are aligned to 8.
 * What lies under a null is undefined: never copy it. */
struct columnar_array {
    const struct columnar_field *field;
    int64_t length;
    int64_t null_count;      /* counted from the bits, not taken from the message */
    const uint8_t *validity; /* NULL when null_count is 0 (or the kind is NULL) */
    const void *offsets;     /* length + 1 of int32_t or int64_t; NULL when length is 0 */
    const uint8_t *values;   /* values, bits, or the bytes offsets point into; NULL if empty */
    size_t values_len;
    struct columnar_array *children;
    size_t child_count;
};

struct columnar_batch {
    int64_t rows;
    struct columnar_array *columns; /* as many as the schema has fields, in its order */
    size_t count;
};

/* Caps on what a peer may make us hold. columnar_limits_default() gives the values in brackets. */
struct columnar_limits {
    size_t chunk_bytes;    /* a chunk after decompression [1 GiB] */
    size_t message_bytes;  /* one message's body, after decompression [1 GiB] */
    size_t metadata_bytes; /* one message's metadata, or a Parquet footer [64 MiB] */
    size_t columns;        /* fields of a schema, children included [10 000] */
    unsigned depth;        /* nesting [64] */
    unsigned ratio;        /* decompressed : compressed, beyond ratio_free_bytes [200] */
    /* Constant columns legally pass 200:1, so the first bytes of a chunk are free [16 MiB]. */
    size_t ratio_free_bytes;
    int64_t batch_rows; /* rows of one batch [2^31 - 1] */
};

struct columnar_limits columnar_limits_default(void);

void columnar_schema_free(struct columnar_schema *schema);
struct columnar_schema columnar_schema_dup(const struct columnar_schema *schema);
/* Names, kinds, units, precision, nesting; nullable and time zones are not compared. */
bool columnar_schema_equal(const struct columnar_schema *a, const struct columnar_schema *b);
const char *columnar_kind_name(enum columnar_kind kind); /* "Utf8", as Arrow spells it */

static inline bool columnar_array_valid(const struct columnar_array *array, int64_t row)
{
    return !array->validity || (array->validity[row >> 3] >> (row & 7) & 1);
}

#endif
