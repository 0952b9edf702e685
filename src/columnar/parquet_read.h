/* Parquet, reading back: enough to verify every file we write (and read any flat file of the
 * same encodings). PLAIN, PLAIN_DICTIONARY and RLE_DICTIONARY, data pages v1, codecs none,
 * snappy, zstd; CRCs checked where present. */
#ifndef AAMPE_COLUMNAR_PARQUET_READ_H
#define AAMPE_COLUMNAR_PARQUET_READ_H

#include "columnar/array.h"

enum columnar_physical {
    COLUMNAR_PQ_BOOLEAN = 0,
    COLUMNAR_PQ_INT32 = 1,
    COLUMNAR_PQ_INT64 = 2,
    COLUMNAR_PQ_INT96 = 3,
    COLUMNAR_PQ_FLOAT = 4,
    COLUMNAR_PQ_DOUBLE = 5,
    COLUMNAR_PQ_BYTE_ARRAY = 6,
    COLUMNAR_PQ_FIXED = 7
};

/* A leaf of the schema. */
struct columnar_pq_column {
    char *name;
    enum columnar_physical physical;
    int32_t type_length; /* FIXED */
    bool optional;
    int converted; /* ConvertedType, -1 = none */
    int logical;   /* LogicalType union id, 0 = none */
    bool utc;      /* TIMESTAMP: isAdjustedToUTC */
    int unit;      /* TIMESTAMP: 1 millis, 2 micros, 3 nanos */
    int precision, scale, bits;
};

struct columnar_pq_stats {
    int64_t null_count; /* -1 = not written */
    int64_t nan_count;  /* -1 = not written */
    bool has_min, has_max, min_exact, max_exact;
    uint8_t *min, *max;
    size_t min_len, max_len;
};

struct columnar_pq_chunk {
    int64_t offset; /* of its first byte (dictionary page if there is one) in the file */
    int64_t bytes;
    int64_t uncompressed_bytes;
    int64_t values; /* nulls included */
    int codec;
    bool has_dictionary;
    struct columnar_pq_stats stats;
};

struct columnar_pq_group {
    int64_t rows;
    int64_t bytes;
    struct columnar_pq_chunk *chunks; /* one per column */
};

struct columnar_pq_file {
    int version;
    int64_t rows;
    char *created_by;
    struct columnar_pq_column *columns;
    size_t column_count;
    struct columnar_pq_group *groups;
    size_t group_count;
    char **keys, **values; /* key/value metadata */
    size_t key_count;
};

/* Error code of everything below for bytes that are not right: DST_FILE_CORRUPT, with what
 * and where. */

/* From the last 8 bytes of a file: length of the footer metadata before them. */
int columnar_parquet_tail(const uint8_t tail[8], int64_t file_size, size_t *footer_len,
                          struct err *err) must_check;
/* Parses the metadata (without length and magic). All offsets are checked against file_size;
 * flat schemas only (nested: TYPE_UNSUPPORTED). limits may be NULL. */
int columnar_parquet_parse(const uint8_t *bytes, size_t len, int64_t file_size,
                           const struct columnar_limits *limits, struct columnar_pq_file **out,
                           struct err *err) must_check;
void columnar_parquet_free(struct columnar_pq_file **file);

/* Values of one page or one whole column chunk, compact: nulls have no value. */
struct columnar_pq_values {
    int64_t rows, nulls;
    uint8_t *validity; /* rows bits, always there */
    uint8_t *values;   /* BOOLEAN: one byte each; fixed width; BYTE_ARRAY: the bytes */
    uint64_t *offsets; /* BYTE_ARRAY: values + 1 */
    size_t values_len, validity_cap, values_cap, offsets_cap;
};
void columnar_pq_values_free(struct columnar_pq_values *values);

/* Decodes a whole column chunk from its bytes (chunk.bytes of them). *out is zero-initialised by
 * the caller. */
int columnar_parquet_read_column(const struct columnar_pq_file *file, size_t group, size_t column,
                                 const uint8_t *bytes, size_t len,
                                 const struct columnar_limits *limits,
                                 struct columnar_pq_values *out, struct err *err) must_check;

struct columnar_pq_summary {
    int64_t rows, nulls, pages;
};
/* Decodes page by page (one page in memory), recomputes rows, nulls, NaNs, minimum and maximum
 * and compares them with the footer: counts exactly; exact bounds must be equal, cut ones must
 * bound. */
int columnar_parquet_check_column(const struct columnar_pq_file *file, size_t group, size_t column,
                                  const uint8_t *bytes, size_t len,
                                  const struct columnar_limits *limits,
                                  struct columnar_pq_summary *out, struct err *err) must_check;

#endif
