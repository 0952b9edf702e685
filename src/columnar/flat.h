/* Flatbuffers, reading what nobody vouches for: every offset, width and count is checked before the
 * load (data-plane.md 1.4; format: flatbuffers.dev "FlatBuffer internals"). Private to the room. */
#ifndef AAMPE_COLUMNAR_FLAT_H
#define AAMPE_COLUMNAR_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flat {
    const uint8_t *data;
    size_t len;      /* < 2^31 */
    uint64_t budget; /* tables that may still be visited: shared subtrees must not multiply work */
};

struct flat_table {
    struct flat *flat;
    size_t pos;    /* of the table */
    size_t vtable; /* of its vtable */
    uint16_t vtable_len, table_len;
};

struct flat_vector {
    struct flat *flat;
    size_t pos; /* of element 0 */
    size_t count;
};

/* All: false = the buffer is not sound. Absent fields give the default, or *present = false. */
bool flat_root(struct flat *flat, const uint8_t *data, size_t len, struct flat_table *out);
bool flat_u8(const struct flat_table *table, unsigned slot, uint8_t fallback, uint8_t *out);
bool flat_i16(const struct flat_table *table, unsigned slot, int16_t fallback, int16_t *out);
bool flat_i32(const struct flat_table *table, unsigned slot, int32_t fallback, int32_t *out);
bool flat_i64(const struct flat_table *table, unsigned slot, int64_t fallback, int64_t *out);
bool flat_sub(const struct flat_table *table, unsigned slot, struct flat_table *out, bool *present);
/* element_size: 4 for vectors of tables. Absent: count 0, present false. align: 4 or 8. */
bool flat_vector_of(const struct flat_table *table, unsigned slot, size_t element_size,
                    size_t align, struct flat_vector *out, bool *present);
bool flat_vector_table(const struct flat_vector *vector, size_t index, struct flat_table *out);
/* text is not copied; it is followed by a NUL but may hold others. Absent: NULL and 0. */
bool flat_string(const struct flat_table *table, unsigned slot, const char **text, size_t *len);

static inline int64_t flat_load_i64(const uint8_t *bytes)
{
    int64_t value;
    __builtin_memcpy(&value, bytes, sizeof value);
    return value;
}

#endif
