/* Parquet, writing: batches in, one row group out as a position-independent image; images in,
 * footer out. Data pages v1, PLAIN and RLE_DICTIONARY only, page CRCs, statistics by the 2026
 * rules (data-plane.md 2.6-2.8). Same input, same options: same bytes. No I/O; one encoder is
 * used by one thread at a time, any thread.
 *
 * Types: INT for BYTE/SHORT/INT (with integer annotation), DECIMAL in
 * INT32/INT64/FIXED_LEN_BYTE_ARRAY by precision, TIMESTAMP as UTC-adjusted micros, TIMESTAMP_NTZ
 * as not adjusted without a converted type, VARIANT as its JSON text, INTERVAL YEAR TO MONTH as
 * INT32 months, INTERVAL DAY TO SECOND as INT64 microseconds (noted in the key
 * "aampe.intervals"). VOID columns are left out. Every column is optional (nullable). */
#ifndef AAMPE_COLUMNAR_PARQUET_WRITE_H
#define AAMPE_COLUMNAR_PARQUET_WRITE_H

#include "columnar/array.h"
#include "columnar/convert.h"

enum columnar_codec { COLUMNAR_CODEC_NONE = 0, COLUMNAR_CODEC_SNAPPY = 1, COLUMNAR_CODEC_ZSTD = 6 };

/* "none", "snappy", "zstd"; anything else CONFIG_INVALID. */
int columnar_codec_parse(const char *name, enum columnar_codec *out, struct err *err) must_check;

struct columnar_write_options {
    enum columnar_codec codec; /* [snappy] */
    int zstd_level;            /* [1] */
    size_t page_bytes;         /* of PLAIN values; less in very wide tables [1 MiB] */
    int64_t page_rows;         /* [20 000] */
    size_t dictionary_bytes;   /* per column; 0 = no dictionaries [1 MiB] */
};
struct columnar_write_options columnar_write_options_default(void);

/* --- one row group --- */

struct columnar_encoder;

/* NAME_CLASH, TYPE_UNSUPPORTED (nested or unknown, column named), LIMIT_EXCEEDED (too many
 * columns), USAGE (no column that can be stored). options may be NULL. schema is copied. */
int columnar_encoder_new(const struct model_schema *schema,
                         const struct columnar_write_options *options,
                         struct columnar_encoder **out, struct err *err) must_check;
void columnar_encoder_free(struct columnar_encoder **encoder);
/* Appends rows [first, first + count) of a batch. conversion was made for the encoder's schema,
 * or for one that has more columns (partition columns stay out of files): columns are found by
 * name. The batch may be freed afterwards. Errors name column and row of this group, never a
 * value: TEXT_INVALID, VALUE_OUT_OF_RANGE (decimal beyond its precision, text that is not a
 * decimal or a date, day or instant outside 0001..9999), LIMIT_EXCEEDED (a value of more than 64
 * MiB for a page), HOST_MEMORY. After an error only _free is allowed. */
int columnar_encoder_append(struct columnar_encoder *encoder,
                            const struct columnar_conversion *conversion,
                            const struct columnar_batch *batch, int64_t first, int64_t count,
                            struct err *err) must_check;
/* Bytes held now, encoded pages included. */
size_t columnar_encoder_memory(const struct columnar_encoder *encoder);
/* What a group will hold at its peak besides its chunks: encoded pages (counted as not
 * compressible), open pages, dictionaries. arrow_bytes: decompressed size of the group's chunks.
 * For reservations. */
size_t columnar_encoder_estimate(const struct model_schema *schema,
                                 const struct columnar_write_options *options, int64_t rows,
                                 int64_t arrow_bytes);

struct columnar_piece {
    uint8_t *data; /* malloc'd */
    size_t len;
};

struct columnar_column_stats {
    int64_t null_count;
    bool has_min_max;
    const uint8_t *min, *max; /* borrowed; as in the footer: PLAIN bytes without length prefix */
    size_t min_len, max_len;
    bool min_exact, max_exact;
    int64_t nan_count; /* -1: not a floating point column */
};

/* The image is the concatenation of its pieces, in order. */
struct columnar_row_group {
    int64_t rows;
    size_t bytes; /* sum of the pieces */
    struct columnar_piece *pieces;
    size_t piece_count;
    size_t column_count;                 /* stored columns: VOID is left out */
    struct columnar_column_stats *stats; /* one per stored column */
    struct columnar_group_meta *meta;    /* private */
};

/* Ends the group. The encoder is freed, also on error. A group of 0 rows is legal but better not
 * written. */
int columnar_encoder_finish(struct columnar_encoder **encoder, struct columnar_row_group **out,
                            struct err *err) must_check;
void columnar_row_group_free(struct columnar_row_group **group);
/* Frees the pieces once written; meta and stats stay. */
void columnar_row_group_drop_bytes(struct columnar_row_group *group);
/* All metadata the footer needs, position-independent bytes to keep in a journal; and back
 * (rows, bytes, stats and meta filled, no pieces). _load checks everything: SRC_CHUNK_CORRUPT
 * never, HOST_STATE_CORRUPT when it is not ours. */
int columnar_row_group_save(const struct columnar_row_group *group, struct buf *out,
                            struct err *err) must_check;
int columnar_row_group_load(const void *bytes, size_t len, struct columnar_row_group **out,
                            struct err *err) must_check;

/* --- the footer --- */

/* A file is COLUMNAR_PARQUET_MAGIC, the images of its row groups, the footer bytes. */
#define COLUMNAR_PARQUET_MAGIC "PAR1"
#define COLUMNAR_PARQUET_MAGIC_LEN 4

struct columnar_footer;

/* created_by is written as "aampe-syncd version X (build B)" by giving version and build.
 * Spark's own keys (row.metadata, version) are always written, so that Spark reads old dates as
 * they are. */
int columnar_footer_new(const struct model_schema *schema, const char *version, const char *build,
                        struct columnar_footer **out, struct err *err) must_check;
void columnar_footer_free(struct columnar_footer **footer);
/* Extra key/value metadata; both copied. Order of calls is the order in the file. */
void columnar_footer_key(struct columnar_footer *footer, const char *key, const char *value);
/* The image starts at file_offset (>= 4). Groups must be added in the order they lie in the
 * file. Copies what it needs. */
int columnar_footer_add(struct columnar_footer *footer, const struct columnar_row_group *group,
                        int64_t file_offset, struct err *err) must_check;
int64_t columnar_footer_rows(const struct columnar_footer *footer);
/* Appends FileMetaData, its length and "PAR1". */
int columnar_footer_finish(const struct columnar_footer *footer, struct buf *out,
                           struct err *err) must_check;

#endif
