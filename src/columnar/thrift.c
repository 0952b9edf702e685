#include "columnar/thrift.h"

#include "base/alloc.h"

#include <string.h>

static void put(struct thrift_writer *writer, const void *data, size_t len)
{
    if (!writer->failed && base_buf_append(writer->buf, data, len) < 0)
        writer->failed = true;
}

static void put_byte(struct thrift_writer *writer, uint8_t byte)
{
    put(writer, &byte, 1);
}

static void put_varint(struct thrift_writer *writer, uint64_t value)
{
    uint8_t bytes[10];
    size_t len = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[len++] = (uint8_t)(value | 0x80);
    bytes[len++] = (uint8_t)value;
    put(writer, bytes, len);
}

static void put_zigzag(struct thrift_writer *writer, int64_t value)
{
    put_varint(writer, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static void put_header(struct thrift_writer *writer, int id, enum thrift_type type)
{
    int *last = &writer->last[writer->depth];
    int delta = id - *last;
    if (delta >= 1 && delta <= 15) {
        put_byte(writer, (uint8_t)(delta << 4 | (int)type));
    } else {
        put_byte(writer, (uint8_t)type);
        put_zigzag(writer, id);
    }
    *last = id;
}

static void open_struct(struct thrift_writer *writer)
{
    if (writer->depth + 1 >= THRIFT_DEPTH)
        bug("thrift structs nested too deep");
    writer->last[++writer->depth] = 0;
}

void thrift_writer_init(struct thrift_writer *writer, struct buf *buf)
{
    *writer = (struct thrift_writer){.buf = buf};
}

void thrift_i16(struct thrift_writer *writer, int id, int16_t value)
{
    put_header(writer, id, THRIFT_I16);
    put_zigzag(writer, value);
}

void thrift_i32(struct thrift_writer *writer, int id, int32_t value)
{
    put_header(writer, id, THRIFT_I32);
    put_zigzag(writer, value);
}

void thrift_i64(struct thrift_writer *writer, int id, int64_t value)
{
    put_header(writer, id, THRIFT_I64);
    put_zigzag(writer, value);
}

void thrift_i8(struct thrift_writer *writer, int id, int8_t value)
{
    put_header(writer, id, THRIFT_I8);
    put_byte(writer, (uint8_t)value);
}

void thrift_bool(struct thrift_writer *writer, int id, bool value)
{
    put_header(writer, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_binary(struct thrift_writer *writer, int id, const void *data, size_t len)
{
    put_header(writer, id, THRIFT_BINARY);
    put_varint(writer, len);
    put(writer, data, len);
}

void thrift_text(struct thrift_writer *writer, int id, const char *text)
{
    thrift_binary(writer, id, text, strlen(text));
}

void thrift_struct(struct thrift_writer *writer, int id)
{
    put_header(writer, id, THRIFT_STRUCT);
    open_struct(writer);
}

void thrift_list(struct thrift_writer *writer, int id, enum thrift_type element, size_t count)
{
    put_header(writer, id, THRIFT_LIST);
    if (count < 15) {
        put_byte(writer, (uint8_t)(count << 4 | (size_t)element));
    } else {
        put_byte(writer, (uint8_t)(0xf0 | (int)element));
        put_varint(writer, count);
    }
}

void thrift_element_struct(struct thrift_writer *writer)
{
    open_struct(writer);
}

void thrift_element_i32(struct thrift_writer *writer, int32_t value)
{
    put_zigzag(writer, value);
}

void thrift_element_text(struct thrift_writer *writer, const char *text)
{
    put_varint(writer, strlen(text));
    put(writer, text, strlen(text));
}

void thrift_end(struct thrift_writer *writer)
{
    put_byte(writer, 0);
    if (writer->depth > 0)
        writer->depth--;
}

/* --- reading --- */

void thrift_reader_init(struct thrift_reader *reader, const uint8_t *data, size_t len)
{
    *reader = (struct thrift_reader){.data = data, .len = len};
}

static uint8_t get_byte(struct thrift_reader *reader)
{
    if (reader->failed || reader->pos >= reader->len) {
        reader->failed = true;
        return 0;
    }
    return reader->data[reader->pos++];
}

static uint64_t get_varint(struct thrift_reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(reader);
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return value;
    }
    reader->failed = true;
    return 0;
}

static int64_t get_zigzag(struct thrift_reader *reader)
{
    uint64_t value = get_varint(reader);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

bool thrift_next(struct thrift_reader *reader, struct thrift_field *field)
{
    uint8_t byte = get_byte(reader);
    *field = (struct thrift_field){0};
    if (reader->failed || byte == 0) {
        reader->depth -= reader->depth > 0;
        return false;
    }
    int *last = &reader->last[reader->depth];
    int64_t id = byte >> 4 ? *last + (byte >> 4) : get_zigzag(reader);
    if (id < 1 || id > INT16_MAX || (byte & 15) > THRIFT_STRUCT || (byte & 15) == 0)
        reader->failed = true;
    *last = field->id = (int)id;
    field->type = (enum thrift_type)(byte & 15);
    return !reader->failed;
}

int64_t thrift_int_as(struct thrift_reader *reader, enum thrift_type have, enum thrift_type want)
{
    if (have != want) {
        reader->failed = true;
        return 0;
    }
    int64_t value = want == THRIFT_I8 ? (int8_t)get_byte(reader) : get_zigzag(reader);
    if ((want == THRIFT_I32 && (value < INT32_MIN || value > INT32_MAX)) ||
        (want == THRIFT_I16 && (value < INT16_MIN || value > INT16_MAX)))
        reader->failed = true;
    return reader->failed ? 0 : value;
}

bool thrift_bool_as(struct thrift_reader *reader, enum thrift_type have)
{
    if (have != THRIFT_TRUE && have != THRIFT_FALSE)
        reader->failed = true;
    return have == THRIFT_TRUE;
}

const uint8_t *thrift_binary_as(struct thrift_reader *reader, enum thrift_type have, size_t *len)
{
    uint64_t count = have == THRIFT_BINARY ? get_varint(reader) : UINT64_MAX;
    *len = 0;
    if (reader->failed || count > reader->len - reader->pos) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *data = reader->data + reader->pos;
    reader->pos += (size_t)count;
    *len = (size_t)count;
    return data;
}

void thrift_enter(struct thrift_reader *reader, enum thrift_type have)
{
    if (have != THRIFT_STRUCT || reader->depth + 1 >= THRIFT_DEPTH) {
        reader->failed = true;
        return;
    }
    reader->last[++reader->depth] = 0;
}

static size_t list_header(struct thrift_reader *reader, enum thrift_type *element)
{
    uint8_t byte = get_byte(reader);
    uint64_t count = byte >> 4;
    if (count == 15)
        count = get_varint(reader);
    *element = (enum thrift_type)(byte & 15);
    if (reader->failed || count > reader->len - reader->pos) {
        reader->failed = true;
        return 0;
    }
    return (size_t)count;
}

size_t thrift_list_as(struct thrift_reader *reader, enum thrift_type have, enum thrift_type want)
{
    enum thrift_type element;
    if (have != THRIFT_LIST) {
        reader->failed = true;
        return 0;
    }
    size_t count = list_header(reader, &element);
    if (count && element != want)
        reader->failed = true;
    return reader->failed ? 0 : count;
}

/* In a list a bool is a byte; in a field it is the type. */
static void skip_element(struct thrift_reader *reader, enum thrift_type type)
{
    if (type == THRIFT_TRUE || type == THRIFT_FALSE)
        get_byte(reader);
    else
        thrift_skip(reader, type);
}

static void skip_struct(struct thrift_reader *reader)
{
    struct thrift_field field;
    thrift_enter(reader, THRIFT_STRUCT);
    while (!reader->failed && thrift_next(reader, &field))
        thrift_skip(reader, field.type);
}

static void skip_list(struct thrift_reader *reader)
{
    enum thrift_type element;
    /* Depth guards lists of lists, which open no struct. */
    if (reader->depth + 1 >= THRIFT_DEPTH) {
        reader->failed = true;
        return;
    }
    size_t count = list_header(reader, &element);
    reader->depth++;
    for (size_t i = 0; i < count && !reader->failed; i++)
        skip_element(reader, element);
    reader->depth--;
}

void thrift_skip(struct thrift_reader *reader, enum thrift_type type)
{
    size_t len;
    switch (type) {
    case THRIFT_TRUE:
    case THRIFT_FALSE:
        break;
    case THRIFT_I8:
        get_byte(reader);
        break;
    case THRIFT_I16:
    case THRIFT_I32:
    case THRIFT_I64:
        get_varint(reader);
        break;
    case THRIFT_DOUBLE:
        for (int i = 0; i < 8; i++)
            get_byte(reader);
        break;
    case THRIFT_BINARY:
        thrift_binary_as(reader, type, &len);
        break;
    case THRIFT_LIST:
    case THRIFT_SET:
        skip_list(reader);
        break;
    case THRIFT_STRUCT:
        skip_struct(reader);
        break;
    default: /* maps do not occur in Parquet metadata */
        reader->failed = true;
        break;
    }
}
