#include "sandbox/arrow.h"

#include "base/alloc.h"
#include "sandbox/flatbuf.h"

#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>

/* Type ids of the union Type in Arrow's Schema.fbs. */
enum {
    ARROW_NULL = 1,
    ARROW_INT = 2,
    ARROW_FLOAT = 3,
    ARROW_BINARY = 4,
    ARROW_UTF8 = 5,
    ARROW_BOOL = 6,
    ARROW_DECIMAL = 7,
    ARROW_DATE = 8,
    ARROW_TIMESTAMP = 10,
    ARROW_INTERVAL = 11,
    ARROW_DURATION = 18
};
enum { HEADER_SCHEMA = 1, HEADER_RECORD_BATCH = 3, VERSION_V5 = 4 };

static uint32_t int_type(struct flatbuf *fb, uint64_t bits)
{
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_scalar(fb, 0, bits, 4);
    sandbox_flatbuf_scalar(fb, 1, 1, 1);
    return sandbox_flatbuf_table_end(fb, 2);
}

/* A type table whose only field is a 16-bit unit or precision. */
static uint32_t unit_type(struct flatbuf *fb, uint64_t unit)
{
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_scalar(fb, 0, unit, 2);
    return sandbox_flatbuf_table_end(fb, 1);
}

static uint32_t empty_type(struct flatbuf *fb)
{
    sandbox_flatbuf_table(fb);
    return sandbox_flatbuf_table_end(fb, 0);
}

static uint32_t decimal_type(struct flatbuf *fb, const struct sandbox_type *type)
{
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_scalar(fb, 0, (uint64_t)type->precision, 4);
    sandbox_flatbuf_scalar(fb, 1, (uint64_t)type->scale, 4);
    sandbox_flatbuf_scalar(fb, 2, 128, 4);
    return sandbox_flatbuf_table_end(fb, 3);
}

static uint32_t timestamp_type(struct flatbuf *fb, const char *time_zone)
{
    uint32_t zone = time_zone ? sandbox_flatbuf_string(fb, time_zone) : 0;
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_scalar(fb, 0, 2, 2);
    if (time_zone)
        sandbox_flatbuf_link(fb, 1, zone);
    return sandbox_flatbuf_table_end(fb, 2);
}

static uint32_t type_table(struct flatbuf *fb, const struct sandbox_type *type,
                           const char *time_zone, uint8_t *id)
{
    static const uint8_t ids[SB_KIND_COUNT] = {
        [SB_VOID] = ARROW_NULL,
        [SB_BOOLEAN] = ARROW_BOOL,
        [SB_TINYINT] = ARROW_INT,
        [SB_SMALLINT] = ARROW_INT,
        [SB_INT] = ARROW_INT,
        [SB_BIGINT] = ARROW_INT,
        [SB_FLOAT] = ARROW_FLOAT,
        [SB_DOUBLE] = ARROW_FLOAT,
        [SB_DECIMAL] = ARROW_DECIMAL,
        [SB_DATE] = ARROW_DATE,
        [SB_TIMESTAMP] = ARROW_TIMESTAMP,
        [SB_TIMESTAMP_NTZ] = ARROW_TIMESTAMP,
        [SB_STRING] = ARROW_UTF8,
        [SB_BINARY] = ARROW_BINARY,
        [SB_INTERVAL_YM] = ARROW_INTERVAL,
        [SB_INTERVAL_DT] = ARROW_DURATION,
        [SB_VARIANT] = ARROW_UTF8,
        [SB_ARRAY] = ARROW_UTF8,
        [SB_MAP] = ARROW_UTF8,
        [SB_STRUCT] = ARROW_UTF8,
    };
    *id = ids[type->kind];
    switch (type->kind) {
    case SB_TINYINT:
        return int_type(fb, 8);
    case SB_SMALLINT:
        return int_type(fb, 16);
    case SB_INT:
        return int_type(fb, 32);
    case SB_BIGINT:
        return int_type(fb, 64);
    case SB_FLOAT:
        return unit_type(fb, 1);
    case SB_DOUBLE:
        return unit_type(fb, 2);
    case SB_DECIMAL:
        return decimal_type(fb, type);
    case SB_TIMESTAMP:
        return timestamp_type(fb, time_zone);
    case SB_TIMESTAMP_NTZ:
        return timestamp_type(fb, NULL);
    case SB_DATE: /* unit 0 = day */
    case SB_INTERVAL_YM:
        return unit_type(fb, 0);
    case SB_INTERVAL_DT:
        return unit_type(fb, 2);
    default:
        return empty_type(fb);
    }
}

static uint32_t sql_name_metadata(struct flatbuf *fb, const char *text)
{
    uint32_t value = sandbox_flatbuf_string(fb, text);
    uint32_t key = sandbox_flatbuf_string(fb, "Spark:DataType:SqlName");
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_link(fb, 0, key);
    sandbox_flatbuf_link(fb, 1, value);
    uint32_t pair = sandbox_flatbuf_table_end(fb, 2);
    return sandbox_flatbuf_vector(fb, &pair, 1);
}

static uint32_t field_table(struct flatbuf *fb, const struct sandbox_arrow_field *field,
                            const char *time_zone)
{
    uint8_t id;
    bool nested = field->type.kind >= SB_ARRAY;
    uint32_t metadata = nested ? sql_name_metadata(fb, field->type.text) : 0;
    uint32_t type = type_table(fb, &field->type, time_zone, &id);
    uint32_t children = sandbox_flatbuf_vector(fb, NULL, 0);
    uint32_t name = sandbox_flatbuf_string(fb, field->name);
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_link(fb, 0, name);
    sandbox_flatbuf_link(fb, 3, type);
    sandbox_flatbuf_link(fb, 5, children);
    if (nested)
        sandbox_flatbuf_link(fb, 6, metadata);
    sandbox_flatbuf_scalar(fb, 2, id, 1);
    sandbox_flatbuf_scalar(fb, 1, field->nullable, 1);
    return sandbox_flatbuf_table_end(fb, 7);
}

/* Continuation word, length, metadata padded to 8. */
static int put_message(struct flatbuf *fb, uint8_t header, uint32_t target, int64_t body,
                       struct buf *out)
{
    static const char zeros[8];
    sandbox_flatbuf_table(fb);
    sandbox_flatbuf_scalar(fb, 3, (uint64_t)body, 8);
    sandbox_flatbuf_link(fb, 2, target);
    sandbox_flatbuf_scalar(fb, 0, VERSION_V5, 2);
    sandbox_flatbuf_scalar(fb, 1, header, 1);
    sandbox_flatbuf_finish(fb, sandbox_flatbuf_table_end(fb, 4));
    size_t len = fb->cap - fb->head;
    size_t pad = (8 - len % 8) % 8;
    if (base_buf_u32le(out, 0xffffffffU) < 0 || base_buf_u32le(out, (uint32_t)(len + pad)) < 0 ||
        base_buf_append(out, fb->memory + fb->head, len) < 0)
        return -1;
    return base_buf_append(out, zeros, pad);
}

int sandbox_arrow_schema(const struct sandbox_arrow_field *fields, size_t count,
                         const char *time_zone, struct buf *out)
{
    struct flatbuf fb;
    sandbox_flatbuf_init(&fb);
    uint32_t *tables = base_alloc_zero(count, sizeof *tables);
    for (size_t i = 0; i < count; i++)
        tables[i] = field_table(&fb, &fields[i], time_zone);
    uint32_t vector = sandbox_flatbuf_vector(&fb, tables, count);
    free(tables);
    sandbox_flatbuf_table(&fb);
    sandbox_flatbuf_link(&fb, 1, vector);
    uint32_t schema = sandbox_flatbuf_table_end(&fb, 2);
    int result = put_message(&fb, HEADER_SCHEMA, schema, 0, out);
    sandbox_flatbuf_free(&fb);
    return result;
}

struct body_part {
    const void *data;
    int64_t len;
};

static size_t vector_parts(const struct sandbox_vector *vector, struct body_part parts[3])
{
    int64_t bits = (vector->count + 7) / 8;
    if (vector->width == SB_WIDTH_NONE)
        return 0;
    parts[0] = (struct body_part){vector->valid, bits};
    if (vector->width == SB_WIDTH_VAR) {
        static const int32_t no_offset;
        parts[1] = (struct body_part){vector->offsets ? vector->offsets : &no_offset,
                                      (vector->count + 1) * 4};
        parts[2] = (struct body_part){vector->data, (int64_t)vector->data_len};
        return 3;
    }
    int64_t len = vector->width == SB_WIDTH_BIT ? bits : vector->count * vector->width;
    parts[1] = (struct body_part){vector->values, len};
    return 2;
}

static uint32_t node_vector(struct flatbuf *fb, const struct sandbox_batch *batch)
{
    sandbox_flatbuf_prep(fb, 4, 16 * batch->column_count);
    sandbox_flatbuf_prep(fb, 8, 16 * batch->column_count);
    for (size_t i = batch->column_count; i-- > 0;) {
        sandbox_flatbuf_push(fb, (uint64_t)batch->columns[i].nulls, 8);
        sandbox_flatbuf_push(fb, (uint64_t)batch->columns[i].count, 8);
    }
    return sandbox_flatbuf_push(fb, batch->column_count, 4);
}

static uint32_t buffer_vector(struct flatbuf *fb, const struct body_part *parts, size_t count,
                              int64_t *body)
{
    int64_t *offsets = base_alloc_zero(count, sizeof *offsets);
    *body = 0;
    for (size_t i = 0; i < count; i++) {
        offsets[i] = *body;
        *body += (parts[i].len + 7) & ~(int64_t)7;
    }
    sandbox_flatbuf_prep(fb, 4, 16 * count);
    sandbox_flatbuf_prep(fb, 8, 16 * count);
    for (size_t i = count; i-- > 0;) {
        sandbox_flatbuf_push(fb, (uint64_t)parts[i].len, 8);
        sandbox_flatbuf_push(fb, (uint64_t)offsets[i], 8);
    }
    free(offsets);
    return sandbox_flatbuf_push(fb, count, 4);
}

static int put_body(const struct body_part *parts, size_t count, struct buf *out)
{
    static const char zeros[8];
    for (size_t i = 0; i < count; i++) {
        size_t len = (size_t)parts[i].len;
        if (len && base_buf_append(out, parts[i].data, len) < 0)
            return -1;
        if (base_buf_append(out, zeros, (8 - len % 8) % 8) < 0)
            return -1;
    }
    return 0;
}

int sandbox_arrow_batch(const struct sandbox_batch *batch, struct buf *out)
{
    struct flatbuf fb;
    struct body_part *parts = base_alloc_zero(batch->column_count * 3 + 1, sizeof *parts);
    size_t count = 0;
    int64_t body;
    for (size_t i = 0; i < batch->column_count; i++)
        count += vector_parts(&batch->columns[i], parts + count);
    sandbox_flatbuf_init(&fb);
    uint32_t buffers = buffer_vector(&fb, parts, count, &body);
    uint32_t nodes = node_vector(&fb, batch);
    sandbox_flatbuf_table(&fb);
    sandbox_flatbuf_scalar(&fb, 0, (uint64_t)batch->rows, 8);
    sandbox_flatbuf_link(&fb, 1, nodes);
    sandbox_flatbuf_link(&fb, 2, buffers);
    uint32_t table = sandbox_flatbuf_table_end(&fb, 3);
    int result = base_buf_reserve(out, (size_t)body + 4096);
    if (result == 0)
        result = put_message(&fb, HEADER_RECORD_BATCH, table, body, out);
    if (result == 0)
        result = put_body(parts, count, out);
    sandbox_flatbuf_free(&fb);
    free(parts);
    return result;
}

int sandbox_arrow_end(struct buf *out)
{
    return base_buf_u32le(out, 0xffffffffU) < 0 ? -1 : base_buf_u32le(out, 0);
}

int sandbox_lz4_frame(const void *data, size_t len, bool small, struct buf *out)
{
    LZ4F_preferences_t prefs = LZ4F_INIT_PREFERENCES;
    prefs.frameInfo.blockSizeID = LZ4F_max4MB;
    prefs.frameInfo.blockMode = LZ4F_blockIndependent;
    prefs.compressionLevel =
        small ? 0 : -4;  /* faster than the default: the server must not be the limit */
    prefs.autoFlush = 1; /* all input comes at once: nothing to keep in between */
    if (small) {
        prefs.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
        prefs.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    }
    LZ4F_cctx *context;
    if (LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)))
        return -1;
    int result = base_buf_reserve(out, LZ4F_compressBound(len, &prefs) + LZ4F_HEADER_SIZE_MAX + 64);
    if (result == 0) {
        size_t total =
            LZ4F_compressBegin(context, out->data + out->len, out->cap - out->len, &prefs);
        size_t step = LZ4F_compressUpdate(context, out->data + out->len + total,
                                          out->cap - out->len - total, data, len, NULL);
        size_t last = LZ4F_isError(step)
                          ? step
                          : LZ4F_compressEnd(context, out->data + out->len + total + step,
                                             out->cap - out->len - total - step, NULL);
        if (LZ4F_isError(total) || LZ4F_isError(step) || LZ4F_isError(last))
            result = -1;
        else
            out->len += total + step + last;
    }
    LZ4F_freeCompressionContext(context);
    return result;
}
