/* Parts of the Arrow reader that know each other. Private to the room. */
#ifndef AAMPE_COLUMNAR_ARROW_PRIVATE_H
#define AAMPE_COLUMNAR_ARROW_PRIVATE_H

#include "columnar/array.h"
#include "columnar/flat.h"

/* What decompression has cost so far, against the caps. */
struct arrow_budget {
    const struct columnar_limits *limits;
    uint64_t in, out;
};

/* Message: slot 2 of a Schema message. Fills *out or fails with a named column. */
int arrow_schema_parse(const struct flat_table *table, const struct columnar_limits *limits,
                       struct columnar_schema *out, struct err *err) must_check;

/* Buffers a batch had to be decompressed into. */
struct arrow_scratch {
    uint8_t **blocks;
    size_t count, cap, bytes;
};
void arrow_scratch_clear(struct arrow_scratch *scratch);

struct columnar_array *arrow_arrays_new(const struct columnar_field *fields, size_t count);
void arrow_arrays_free(struct columnar_array *arrays, size_t count);

/* RecordBatch table + its body -> arrays (as made by arrow_arrays_new for the schema). */
int arrow_batch_parse(const struct flat_table *table, const uint8_t *body, size_t body_len,
                      const struct columnar_limits *limits, struct arrow_budget *budget,
                      struct arrow_scratch *scratch, struct columnar_batch *batch,
                      struct err *err) must_check;

/* Whole LZ4 chunk -> malloc'd bytes. Does not free data. */
int arrow_lz4_chunk(const uint8_t *data, size_t len, struct arrow_budget *budget, uint8_t **out,
                    size_t *out_len, struct err *err) must_check;
/* One body buffer: exactly out_len bytes must come out. */
enum arrow_codec { ARROW_CODEC_NONE = -1, ARROW_CODEC_LZ4 = 0, ARROW_CODEC_ZSTD = 1 };
int arrow_inflate(enum arrow_codec codec, const uint8_t *data, size_t len, uint8_t *out,
                  size_t out_len, struct err *err) must_check;
/* Would `more` decompressed bytes be too much? LIMIT_EXCEEDED. */
int arrow_budget_check(const struct arrow_budget *budget, uint64_t more,
                       struct err *err) must_check;

#endif
