/* Columns of rows in Arrow's own layout: validity bits, values or offsets and bytes. */
#ifndef AAMPE_SANDBOX_VECTOR_H
#define AAMPE_SANDBOX_VECTOR_H

#include "sandbox/sqltype.h"

enum { SB_WIDTH_NONE = -2, SB_WIDTH_BIT = -1, SB_WIDTH_VAR = 0 };

struct sandbox_vector {
    struct sandbox_type type;
    int width; /* bytes a value, or one of the above */
    int64_t count, nulls, cap;
    uint8_t *valid;   /* bit 1 = not NULL */
    uint8_t *values;  /* fixed widths and bits */
    int32_t *offsets; /* SB_WIDTH_VAR: count + 1 */
    uint8_t *data;
    size_t data_len, data_cap;
    bool borrowed; /* buffers belong to somebody else; read only */
};

struct sandbox_batch {
    int64_t rows;
    size_t column_count;
    struct sandbox_vector *columns;
};

void sandbox_vector_init(struct sandbox_vector *vector, const struct sandbox_type *type);
void sandbox_vector_free(struct sandbox_vector *vector);
void sandbox_vector_clear(struct sandbox_vector *vector);
/* Room for that many more rows, bits cleared. */
void sandbox_vector_reserve(struct sandbox_vector *vector, int64_t rows);
/* Room for that many more bytes of text; returns where to write (data + data_len). */
uint8_t *sandbox_vector_room(struct sandbox_vector *vector, size_t bytes);
/* Marks rows [count, count + rows) as not NULL and counts them in. */
void sandbox_vector_commit_valid(struct sandbox_vector *vector, int64_t rows);
/* Counts in rows whose valid bits the caller has set. */
void sandbox_vector_commit(struct sandbox_vector *vector, int64_t rows);
void sandbox_vector_append(struct sandbox_vector *vector, const struct sandbox_value *value);
/* Text and binary values point into the vector. */
void sandbox_vector_get(const struct sandbox_vector *vector, int64_t row,
                        struct sandbox_value *value);
/* Bytes of the buffers as an Arrow body counts them. */
int64_t sandbox_vector_bytes(const struct sandbox_vector *vector);

void sandbox_batch_init(struct sandbox_batch *batch, const struct sandbox_type *types,
                        size_t count);
void sandbox_batch_free(struct sandbox_batch *batch);
void sandbox_batch_clear(struct sandbox_batch *batch);
int64_t sandbox_batch_bytes(const struct sandbox_batch *batch);

static inline void sandbox_vector_bit(uint8_t *bits, int64_t index, unsigned on)
{
    bits[index >> 3] |= (uint8_t)(on << (index & 7));
}

#endif
