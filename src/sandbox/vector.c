#include "sandbox/vector.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static int width_of(enum sandbox_kind kind)
{
    switch (kind) {
    case SB_VOID:
        return SB_WIDTH_NONE;
    case SB_BOOLEAN:
        return SB_WIDTH_BIT;
    case SB_TINYINT:
        return 1;
    case SB_SMALLINT:
        return 2;
    case SB_INT:
    case SB_FLOAT:
    case SB_DATE:
    case SB_INTERVAL_YM:
        return 4;
    case SB_BIGINT:
    case SB_DOUBLE:
    case SB_TIMESTAMP:
    case SB_TIMESTAMP_NTZ:
    case SB_INTERVAL_DT:
        return 8;
    case SB_DECIMAL:
        return 16;
    default:
        return SB_WIDTH_VAR;
    }
}

void sandbox_vector_init(struct sandbox_vector *vector, const struct sandbox_type *type)
{
    memset(vector, 0, sizeof *vector);
    vector->type = *type;
    vector->width = width_of(type->kind);
}

void sandbox_vector_free(struct sandbox_vector *vector)
{
    if (!vector->borrowed) {
        free(vector->valid);
        free(vector->values);
        free(vector->offsets);
        free(vector->data);
    }
    vector->valid = vector->values = vector->data = NULL;
    vector->offsets = NULL;
    vector->count = vector->cap = vector->nulls = 0;
    vector->data_len = vector->data_cap = 0;
}

static size_t bits_len(int64_t rows)
{
    return (size_t)((rows + 7) / 8);
}

void sandbox_vector_clear(struct sandbox_vector *vector)
{
    if (vector->valid)
        memset(vector->valid, 0, bits_len(vector->cap));
    if (vector->width == SB_WIDTH_BIT && vector->values)
        memset(vector->values, 0, bits_len(vector->cap));
    vector->count = vector->nulls = 0;
    vector->data_len = 0;
}

static uint8_t *grow_bits(uint8_t *bits, int64_t from, int64_t to)
{
    bits = base_realloc(bits, bits_len(to), 1);
    memset(bits + bits_len(from), 0, bits_len(to) - bits_len(from));
    return bits;
}

void sandbox_vector_reserve(struct sandbox_vector *vector, int64_t rows)
{
    int64_t need = vector->count + rows;
    if (need <= vector->cap && vector->cap)
        return;
    int64_t cap = vector->cap * 2 > need ? vector->cap * 2 : need;
    cap = (cap + 63) & ~(int64_t)63;
    vector->valid = grow_bits(vector->valid, vector->cap, cap);
    if (vector->width == SB_WIDTH_BIT)
        vector->values = grow_bits(vector->values, vector->cap, cap);
    else if (vector->width > 0)
        vector->values = base_realloc(vector->values, (size_t)cap, (size_t)vector->width);
    else if (vector->width == SB_WIDTH_VAR) {
        bool first = !vector->offsets;
        vector->offsets = base_realloc(vector->offsets, (size_t)cap + 1, sizeof(int32_t));
        if (first)
            vector->offsets[0] = 0;
    }
    vector->cap = cap;
}

uint8_t *sandbox_vector_room(struct sandbox_vector *vector, size_t bytes)
{
    if (vector->data_cap - vector->data_len < bytes || !vector->data) {
        size_t cap = vector->data_cap * 2;
        if (cap < vector->data_len + bytes)
            cap = vector->data_len + bytes;
        vector->data = base_realloc(vector->data, cap + 8, 1);
        vector->data_cap = cap;
    }
    return vector->data + vector->data_len;
}

void sandbox_vector_commit_valid(struct sandbox_vector *vector, int64_t rows)
{
    int64_t at = vector->count, end = at + rows;
    for (; at < end && (at & 7); at++)
        vector->valid[at >> 3] |= (uint8_t)(1U << (at & 7));
    int64_t whole = (end - at) / 8;
    if (whole > 0)
        memset(vector->valid + (at >> 3), 0xff, (size_t)whole);
    for (at += whole * 8; at < end; at++)
        vector->valid[at >> 3] |= (uint8_t)(1U << (at & 7));
    vector->count = end;
}

void sandbox_vector_commit(struct sandbox_vector *vector, int64_t rows)
{
    int64_t end = vector->count + rows;
    for (int64_t at = vector->count; at < end; at++)
        vector->nulls += !(vector->valid[at >> 3] >> (at & 7) & 1);
    vector->count = end;
}

static void store_fixed(struct sandbox_vector *vector, const struct sandbox_value *value)
{
    uint8_t *at = vector->values + vector->count * vector->width;
    float single = (float)value->f;
    switch (vector->type.kind) {
    case SB_FLOAT:
        memcpy(at, &single, 4);
        break;
    case SB_DOUBLE:
        memcpy(at, &value->f, 8);
        break;
    case SB_DECIMAL:
        memcpy(at, &value->d, 16);
        break;
    default: /* little-endian machine: the low bytes come first */
        memcpy(at, &value->i, (size_t)vector->width);
    }
}

void sandbox_vector_append(struct sandbox_vector *vector, const struct sandbox_value *value)
{
    sandbox_vector_reserve(vector, 1);
    int64_t at = vector->count;
    bool null = value->null || vector->width == SB_WIDTH_NONE;
    if (vector->width == SB_WIDTH_VAR) {
        if (!null && value->len) {
            memcpy(sandbox_vector_room(vector, value->len), value->text, value->len);
            vector->data_len += value->len;
        }
        vector->offsets[at + 1] = (int32_t)vector->data_len;
    } else if (vector->width == SB_WIDTH_BIT) {
        sandbox_vector_bit(vector->values, at, !null && value->i);
    } else if (vector->width > 0) {
        static const struct sandbox_value zero;
        store_fixed(vector, null ? &zero : value);
    }
    sandbox_vector_bit(vector->valid, at, !null);
    vector->nulls += null;
    vector->count++;
}

static void load_fixed(const struct sandbox_vector *vector, int64_t row,
                       struct sandbox_value *value)
{
    const uint8_t *at = vector->values + row * vector->width;
    float single;
    int32_t four;
    switch (vector->type.kind) {
    case SB_FLOAT:
        memcpy(&single, at, 4);
        value->f = (double)single;
        break;
    case SB_DOUBLE:
        memcpy(&value->f, at, 8);
        break;
    case SB_DECIMAL:
        memcpy(&value->d, at, 16);
        break;
    case SB_TINYINT:
        value->i = (int8_t)*at;
        break;
    case SB_SMALLINT:
        value->i = (int16_t)(at[0] | at[1] << 8);
        break;
    default:
        if (vector->width == 4) {
            memcpy(&four, at, 4);
            value->i = four;
        } else {
            memcpy(&value->i, at, 8);
        }
    }
}

void sandbox_vector_get(const struct sandbox_vector *vector, int64_t row,
                        struct sandbox_value *value)
{
    memset(value, 0, sizeof *value);
    value->null = vector->width == SB_WIDTH_NONE || !(vector->valid[row >> 3] >> (row & 7) & 1);
    if (value->null)
        return;
    if (vector->width == SB_WIDTH_VAR) {
        value->len = (size_t)(vector->offsets[row + 1] - vector->offsets[row]);
        value->text = value->len ? (const char *)vector->data + vector->offsets[row] : "";
    } else if (vector->width == SB_WIDTH_BIT) {
        value->i = vector->values[row >> 3] >> (row & 7) & 1;
    } else {
        load_fixed(vector, row, value);
    }
}

static int64_t pad8(int64_t bytes)
{
    return (bytes + 7) & ~(int64_t)7;
}

int64_t sandbox_vector_bytes(const struct sandbox_vector *vector)
{
    int64_t rows = vector->count;
    if (vector->width == SB_WIDTH_NONE)
        return 0;
    int64_t bits = pad8((rows + 7) / 8);
    if (vector->width == SB_WIDTH_VAR)
        return bits + pad8((rows + 1) * 4) + pad8((int64_t)vector->data_len);
    return bits + (vector->width == SB_WIDTH_BIT ? bits : pad8(rows * vector->width));
}

void sandbox_batch_init(struct sandbox_batch *batch, const struct sandbox_type *types, size_t count)
{
    batch->rows = 0;
    batch->column_count = count;
    batch->columns = base_alloc_zero(count, sizeof *batch->columns);
    for (size_t i = 0; i < count; i++)
        sandbox_vector_init(&batch->columns[i], &types[i]);
}

void sandbox_batch_free(struct sandbox_batch *batch)
{
    for (size_t i = 0; i < batch->column_count; i++)
        sandbox_vector_free(&batch->columns[i]);
    free(batch->columns);
    batch->columns = NULL;
    batch->column_count = 0;
    batch->rows = 0;
}

void sandbox_batch_clear(struct sandbox_batch *batch)
{
    for (size_t i = 0; i < batch->column_count; i++)
        sandbox_vector_clear(&batch->columns[i]);
    batch->rows = 0;
}

int64_t sandbox_batch_bytes(const struct sandbox_batch *batch)
{
    int64_t total = 0;
    for (size_t i = 0; i < batch->column_count; i++)
        total += sandbox_vector_bytes(&batch->columns[i]);
    return total;
}
