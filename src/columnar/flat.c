#include "columnar/flat.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "Arrow and Parquet buffers are used in place: this room needs a little-endian machine"
#endif

static uint16_t load_u16(const struct flat *flat, size_t pos)
{
    uint16_t value;
    memcpy(&value, flat->data + pos, sizeof value);
    return value;
}

static uint32_t load_u32(const struct flat *flat, size_t pos)
{
    uint32_t value;
    memcpy(&value, flat->data + pos, sizeof value);
    return value;
}

static bool inside(const struct flat *flat, size_t pos, size_t size, size_t align)
{
    return pos <= flat->len && size <= flat->len - pos && pos % align == 0;
}

static bool open_table(struct flat *flat, size_t pos, struct flat_table *out)
{
    if (flat->budget == 0 || !inside(flat, pos, 4, 4))
        return false;
    flat->budget--;
    int64_t vtable = (int64_t)pos - (int32_t)load_u32(flat, pos);
    if (vtable < 0 || !inside(flat, (size_t)vtable, 4, 2))
        return false;
    out->flat = flat;
    out->pos = pos;
    out->vtable = (size_t)vtable;
    out->vtable_len = load_u16(flat, out->vtable);
    out->table_len = load_u16(flat, out->vtable + 2);
    return out->vtable_len >= 4 && out->vtable_len % 2 == 0 && out->table_len >= 4 &&
           inside(flat, out->vtable, out->vtable_len, 2) && inside(flat, pos, out->table_len, 4);
}

/* Follows the u32 stored at pos; offsets are strictly forward, so there are no cycles. */
static bool follow(const struct flat *flat, size_t pos, size_t *target)
{
    uint32_t offset = load_u32(flat, pos);
    *target = pos + offset;
    return offset > 0 && *target < flat->len;
}

bool flat_root(struct flat *flat, const uint8_t *data, size_t len, struct flat_table *out)
{
    *flat = (struct flat){.data = data, .len = len, .budget = 8 * (uint64_t)len};
    size_t pos;
    return len < INT32_MAX && inside(flat, 0, 4, 4) && follow(flat, 0, &pos) &&
           open_table(flat, pos, out);
}

/* Position of a field, 0 when absent. */
static bool locate(const struct flat_table *table, unsigned slot, size_t width, size_t *pos)
{
    size_t entry = 4 + 2 * (size_t)slot;
    *pos = 0;
    if (entry + 2 > table->vtable_len)
        return true;
    size_t offset = load_u16(table->flat, table->vtable + entry);
    if (offset == 0)
        return true;
    *pos = table->pos + offset;
    return offset >= 4 && offset + width <= table->table_len && *pos % width == 0;
}

#define SCALAR(name, type)                                                                         \
    bool name(const struct flat_table *table, unsigned slot, type fallback, type *out)             \
    {                                                                                              \
        size_t pos;                                                                                \
        if (!locate(table, slot, sizeof(type), &pos))                                              \
            return false;                                                                          \
        *out = fallback;                                                                           \
        if (pos)                                                                                   \
            memcpy(out, table->flat->data + pos, sizeof(type));                                    \
        return true;                                                                               \
    }
SCALAR(flat_u8, uint8_t)
SCALAR(flat_i16, int16_t)
SCALAR(flat_i32, int32_t)
SCALAR(flat_i64, int64_t)

static bool locate_offset(const struct flat_table *table, unsigned slot, size_t *target,
                          bool *present)
{
    size_t pos;
    if (!locate(table, slot, 4, &pos))
        return false;
    *present = pos != 0;
    return !pos || follow(table->flat, pos, target);
}

bool flat_sub(const struct flat_table *table, unsigned slot, struct flat_table *out, bool *present)
{
    size_t target;
    if (!locate_offset(table, slot, &target, present))
        return false;
    return !*present || open_table(table->flat, target, out);
}

bool flat_vector_of(const struct flat_table *table, unsigned slot, size_t element_size,
                    size_t align, struct flat_vector *out, bool *present)
{
    size_t target;
    *out = (struct flat_vector){.flat = table->flat};
    if (!locate_offset(table, slot, &target, present))
        return false;
    if (!*present)
        return true;
    if (!inside(table->flat, target, 4, 4))
        return false;
    out->count = load_u32(table->flat, target);
    out->pos = target + 4;
    return out->count == 0 || inside(table->flat, out->pos, out->count * element_size, align);
}

bool flat_vector_table(const struct flat_vector *vector, size_t index, struct flat_table *out)
{
    size_t target;
    return follow(vector->flat, vector->pos + 4 * index, &target) &&
           open_table(vector->flat, target, out);
}

bool flat_string(const struct flat_table *table, unsigned slot, const char **text, size_t *len)
{
    struct flat_vector bytes;
    bool present;
    *text = NULL;
    *len = 0;
    if (!flat_vector_of(table, slot, 1, 1, &bytes, &present))
        return false;
    if (!present)
        return true;
    if (!inside(bytes.flat, bytes.pos, bytes.count + 1, 1) ||
        bytes.flat->data[bytes.pos + bytes.count] != 0)
        return false;
    *text = (const char *)bytes.flat->data + bytes.pos;
    *len = bytes.count;
    return true;
}
