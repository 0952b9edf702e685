#include "columnar/arrow_private.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* A level of nesting may multiply lengths; beyond this they only overflow. */
#define LENGTH_MAX ((int64_t)1 << 40)

struct reader {
    const struct columnar_limits *limits;
    struct arrow_budget *budget;
    struct arrow_scratch *scratch;
    const uint8_t *body;
    size_t body_len;
    struct flat_vector nodes, buffers; /* structs {length, null_count} and {offset, length} */
    size_t node, buffer;               /* next to be used */
    enum arrow_codec codec;
    const char *column;
    struct err *err;
};

void arrow_scratch_clear(struct arrow_scratch *scratch)
{
    for (size_t i = 0; i < scratch->count; i++)
        free(scratch->blocks[i]);
    free(scratch->blocks);
    *scratch = (struct arrow_scratch){0};
}

struct columnar_array *arrow_arrays_new(const struct columnar_field *fields, size_t count)
{
    struct columnar_array *arrays = base_alloc_zero(count, sizeof *arrays);
    for (size_t i = 0; i < count; i++) {
        arrays[i].field = &fields[i];
        arrays[i].child_count = fields[i].child_count;
        arrays[i].children = arrow_arrays_new(fields[i].children, fields[i].child_count);
    }
    return arrays;
}

void arrow_arrays_free(struct columnar_array *arrays, size_t count)
{
    for (size_t i = 0; arrays && i < count; i++)
        arrow_arrays_free(arrays[i].children, arrays[i].child_count);
    free(arrays);
}

static int corrupt(struct reader *reader, const char *what)
{
    return base_err_set(reader->err, ERR_SRC_CHUNK_CORRUPT, "batch, column '%s': %s",
                        reader->column, what);
}

static uint8_t *scratch_block(struct reader *reader, size_t size)
{
    struct arrow_scratch *scratch = reader->scratch;
    uint8_t *block = base_alloc_try(size, 1, reader->limits->message_bytes);
    if (!block)
        return NULL;
    if (scratch->count == scratch->cap) {
        scratch->cap = scratch->cap ? scratch->cap * 2 : 16;
        scratch->blocks = base_realloc(scratch->blocks, scratch->cap, sizeof *scratch->blocks);
    }
    scratch->blocks[scratch->count++] = block;
    scratch->bytes += size;
    return block;
}

/* A compressed buffer: its length as i64 (-1: stored as it is), then one frame. */
static int inflate_buffer(struct reader *reader, size_t need, const uint8_t **data, size_t *len)
{
    if (*len < 8)
        return corrupt(reader, "a compressed buffer is too short");
    int64_t size = flat_load_i64(*data);
    *data += 8;
    *len -= 8;
    if (size == -1)
        return 0;
    if (size < 0 || (uint64_t)size > reader->limits->message_bytes)
        return base_err_set(reader->err, ERR_LIMIT_EXCEEDED,
                            "column '%s': a buffer claims %lld bytes", reader->column,
                            (long long)size);
    if ((size_t)size < need)
        return corrupt(reader, "a compressed buffer holds too few bytes");
    reader->budget->in += *len;
    if (arrow_budget_check(reader->budget, (uint64_t)size, reader->err) < 0)
        return -1;
    reader->budget->out += (uint64_t)size;
    uint8_t *block = scratch_block(reader, (size_t)size);
    if (!block)
        return base_err_set(reader->err, ERR_HOST_MEMORY, "no memory for %lld bytes of a column",
                            (long long)size);
    if (arrow_inflate(reader->codec, *data, *len, block, (size_t)size, reader->err) < 0)
        return base_err_context(reader->err, "column '%s'", reader->column);
    *data = block;
    *len = (size_t)size;
    return 0;
}

/* Next buffer, at least `need` bytes; an empty one gives *data NULL whatever the need. */
static int take_buffer(struct reader *reader, size_t need, bool may_be_empty, const uint8_t **data,
                       size_t *len)
{
    if (reader->buffer >= reader->buffers.count)
        return corrupt(reader, "the message has too few buffers");
    const uint8_t *entry = reader->buffers.flat->data + reader->buffers.pos + 16 * reader->buffer++;
    int64_t offset = flat_load_i64(entry), length = flat_load_i64(entry + 8);
    if (offset < 0 || length < 0 || offset % 8 != 0 || (uint64_t)offset > reader->body_len ||
        (uint64_t)length > reader->body_len - (uint64_t)offset)
        return corrupt(reader, "a buffer lies outside the body");
    *data = length ? reader->body + offset : NULL;
    *len = (size_t)length;
    if (length && reader->codec != ARROW_CODEC_NONE && inflate_buffer(reader, need, data, len) < 0)
        return -1;
    if (*len == 0) {
        *data = NULL;
        return need == 0 || may_be_empty ? 0 : corrupt(reader, "a buffer is missing");
    }
    return *len >= need ? 0 : corrupt(reader, "a buffer is too short");
}

static int64_t count_valid(const uint8_t *bits, int64_t length)
{
    int64_t count = 0, words = length / 64;
    for (int64_t i = 0; i < words; i++) {
        uint64_t word;
        memcpy(&word, bits + 8 * i, 8);
        count += __builtin_popcountll(word);
    }
    for (int64_t i = words * 64; i < length; i++)
        count += bits[i >> 3] >> (i & 7) & 1;
    return count;
}

static int take_validity(struct reader *reader, struct columnar_array *array)
{
    const uint8_t *bits;
    size_t len;
    if (take_buffer(reader, (size_t)(array->length + 7) / 8, true, &bits, &len) < 0)
        return -1;
    if (!bits) {
        if (array->null_count > 0)
            return corrupt(reader, "nulls are announced without a validity bitmap");
        array->null_count = 0;
        return 0;
    }
    array->null_count = array->length - count_valid(bits, array->length);
    array->validity = array->null_count ? bits : NULL;
    return 0;
}

static int take_values(struct reader *reader, struct columnar_array *array, size_t width)
{
    size_t need;
    if (__builtin_mul_overflow((size_t)array->length, width, &need))
        return corrupt(reader, "lengths overflow");
    if (take_buffer(reader, need, false, &array->values, &array->values_len) < 0)
        return -1;
    array->values_len = array->values ? need : 0;
    return 0;
}

static bool monotonic32(const int32_t *offsets, int64_t length)
{
    int bad = offsets[0] < 0;
    for (int64_t i = 0; i < length; i++)
        bad |= offsets[i + 1] < offsets[i];
    return !bad;
}

static bool monotonic64(const int64_t *offsets, int64_t length)
{
    int bad = offsets[0] < 0;
    for (int64_t i = 0; i < length; i++)
        bad |= offsets[i + 1] < offsets[i];
    return !bad;
}

/* Offsets are proved non-negative and non-decreasing before anybody uses one; *last is where they
 * end. */
static int take_offsets(struct reader *reader, struct columnar_array *array, bool large,
                        uint64_t *last)
{
    const uint8_t *data;
    size_t len;
    *last = 0;
    size_t need = array->length ? ((size_t)array->length + 1) * (large ? 8 : 4) : 0;
    if (take_buffer(reader, need, false, &data, &len) < 0)
        return -1;
    array->offsets = array->length ? data : NULL;
    if (array->length == 0)
        return 0;
    const int32_t *small = array->offsets;
    const int64_t *wide = array->offsets;
    if (large ? !monotonic64(wide, array->length) : !monotonic32(small, array->length))
        return corrupt(reader, "offsets go backwards");
    *last = large ? (uint64_t)wide[array->length] : (uint64_t)small[array->length];
    return 0;
}

static int take_bytes(struct reader *reader, struct columnar_array *array, bool large)
{
    uint64_t last;
    if (take_offsets(reader, array, large, &last) < 0)
        return -1;
    if (last > SIZE_MAX / 2)
        return corrupt(reader, "offsets go beyond the data");
    return take_buffer(reader, (size_t)last, false, &array->values, &array->values_len);
}

static int read_array(struct reader *reader, struct columnar_array *array);

static int read_list(struct reader *reader, struct columnar_array *array, bool large)
{
    uint64_t last;
    if (take_offsets(reader, array, large, &last) < 0 ||
        read_array(reader, &array->children[0]) < 0)
        return -1;
    if (last > (uint64_t)array->children[0].length)
        return corrupt(reader, "offsets go beyond the elements");
    return 0;
}

static int read_map(struct reader *reader, struct columnar_array *array)
{
    if (read_list(reader, array, false) < 0)
        return -1;
    const struct columnar_array *entries = &array->children[0];
    if (entries->null_count || entries->children[0].null_count)
        return corrupt(reader, "a map has null keys");
    return 0;
}

static int read_children(struct reader *reader, struct columnar_array *array)
{
    int64_t want;
    int64_t each = array->field->kind == COLUMNAR_FIXED_LIST ? array->field->width : 1;
    if (__builtin_mul_overflow(array->length, each, &want))
        return corrupt(reader, "lengths overflow");
    for (size_t i = 0; i < array->child_count; i++) {
        if (read_array(reader, &array->children[i]) < 0)
            return -1;
        if (array->children[i].length != want)
            return corrupt(reader, "children have another length");
    }
    return 0;
}

static int read_body(struct reader *reader, struct columnar_array *array)
{
    static const uint8_t WIDTHS[] = {
        [COLUMNAR_INT8] = 1,          [COLUMNAR_INT16] = 2,       [COLUMNAR_INT32] = 4,
        [COLUMNAR_INT64] = 8,         [COLUMNAR_UINT8] = 1,       [COLUMNAR_UINT16] = 2,
        [COLUMNAR_UINT32] = 4,        [COLUMNAR_UINT64] = 8,      [COLUMNAR_HALF] = 2,
        [COLUMNAR_FLOAT] = 4,         [COLUMNAR_DOUBLE] = 8,      [COLUMNAR_DECIMAL128] = 16,
        [COLUMNAR_DECIMAL256] = 32,   [COLUMNAR_DATE32] = 4,      [COLUMNAR_DATE64] = 8,
        [COLUMNAR_TIME32] = 4,        [COLUMNAR_TIME64] = 8,      [COLUMNAR_TIMESTAMP] = 8,
        [COLUMNAR_DURATION] = 8,      [COLUMNAR_INTERVAL_YM] = 4, [COLUMNAR_INTERVAL_DT] = 8,
        [COLUMNAR_INTERVAL_MDN] = 16,
    };
    const struct columnar_field *field = array->field;
    switch (field->kind) {
    case COLUMNAR_UTF8:
    case COLUMNAR_BINARY:
        return take_bytes(reader, array, false);
    case COLUMNAR_LARGE_UTF8:
    case COLUMNAR_LARGE_BINARY:
        return take_bytes(reader, array, true);
    case COLUMNAR_BOOL:
        array->values_len = (size_t)(array->length + 7) / 8;
        return take_buffer(reader, array->values_len, false, &array->values, &array->values_len);
    case COLUMNAR_FIXED_BINARY:
        return take_values(reader, array, (size_t)field->width);
    case COLUMNAR_LIST:
        return read_list(reader, array, false);
    case COLUMNAR_LARGE_LIST:
        return read_list(reader, array, true);
    case COLUMNAR_MAP:
        return read_map(reader, array);
    case COLUMNAR_FIXED_LIST:
    case COLUMNAR_STRUCT:
        return read_children(reader, array);
    default:
        return take_values(reader, array, WIDTHS[field->kind]);
    }
}

/* One depth-first pre-order walk uses up nodes and buffers (Columnar.html, "Recordbatch message").
 */
static int read_array(struct reader *reader, struct columnar_array *array)
{
    if (reader->node >= reader->nodes.count)
        return corrupt(reader, "the message has too few nodes");
    const uint8_t *node = reader->nodes.flat->data + reader->nodes.pos + 16 * reader->node++;
    array->length = flat_load_i64(node);
    array->null_count = flat_load_i64(node + 8);
    array->validity = array->values = NULL;
    array->offsets = NULL;
    array->values_len = 0;
    if (array->length < 0 || array->length > LENGTH_MAX || array->null_count < -1 ||
        array->null_count > array->length)
        return corrupt(reader, "an impossible length");
    if (array->field->kind == COLUMNAR_NULL) {
        array->null_count = array->length;
        return 0;
    }
    return take_validity(reader, array) < 0 ? -1 : read_body(reader, array);
}

static int read_compression(struct reader *reader, const struct flat_table *table)
{
    struct flat_table compression;
    bool present;
    uint8_t codec = 0, method = 0;
    reader->codec = ARROW_CODEC_NONE;
    if (!flat_sub(table, 3, &compression, &present) ||
        (present &&
         (!flat_u8(&compression, 0, 0, &codec) || !flat_u8(&compression, 1, 0, &method))))
        return corrupt(reader, "unsound compression");
    if (!present)
        return 0;
    if (codec > ARROW_CODEC_ZSTD || method != 0)
        return base_err_set(reader->err, ERR_TYPE_UNSUPPORTED,
                            "a batch is compressed in a way this program does not know (%u, %u)",
                            codec, method);
    reader->codec = (enum arrow_codec)codec;
    return 0;
}

static int read_columns(struct reader *reader, struct columnar_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        reader->column = batch->columns[i].field->name;
        if (read_array(reader, &batch->columns[i]) < 0)
            return -1;
        if (batch->columns[i].length != batch->rows)
            return corrupt(reader, "its length is not the batch's");
    }
    reader->column = "";
    if (reader->node != reader->nodes.count || reader->buffer != reader->buffers.count)
        return corrupt(reader, "the message has more nodes or buffers than columns");
    return 0;
}

int arrow_batch_parse(const struct flat_table *table, const uint8_t *body, size_t body_len,
                      const struct columnar_limits *limits, struct arrow_budget *budget,
                      struct arrow_scratch *scratch, struct columnar_batch *batch, struct err *err)
{
    struct reader reader = {.limits = limits,
                            .budget = budget,
                            .scratch = scratch,
                            .body = body,
                            .body_len = body_len,
                            .column = "",
                            .err = err};
    bool present;
    if (!flat_i64(table, 0, 0, &batch->rows) ||
        !flat_vector_of(table, 1, 16, 8, &reader.nodes, &present) ||
        !flat_vector_of(table, 2, 16, 8, &reader.buffers, &present))
        return corrupt(&reader, "unsound message");
    if (batch->rows < 0)
        return corrupt(&reader, "a negative number of rows");
    if (batch->rows > limits->batch_rows)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a batch claims %lld rows",
                            (long long)batch->rows);
    return read_compression(&reader, table) < 0 ? -1 : read_columns(&reader, batch);
}
