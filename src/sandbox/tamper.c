#include "sandbox/tamper.h"

#include "base/vec.h"

#include <lz4frame.h>
#include <string.h>

/* Arrow IPC: each message is 0xFFFFFFFF, int32 metadata length, metadata (flatbuffer), body. */
#define PREFIX 8
#define HEADER_SCHEMA 1
#define HEADER_BATCH 3

struct message {
    size_t start, len; /* with prefix and body; the end-of-stream mark has len 8 */
    int header;        /* union type of Message.header; 0 for the end */
};

static uint32_t u32(const struct buf *stream, size_t at)
{
    uint32_t value = 0;

    if (at + 4 <= stream->len)
        memcpy(&value, stream->data + at, 4);
    return value;
}

static uint32_t u16(const struct buf *stream, size_t at)
{
    uint16_t value = 0;

    if (at + 2 <= stream->len)
        memcpy(&value, stream->data + at, 2);
    return value;
}

/* Place of field `slot` of the flatbuffer table at `table`; 0: absent. */
static size_t field(const struct buf *stream, size_t table, unsigned slot)
{
    size_t vtable = table - u32(stream, table);
    uint32_t offset;

    if (vtable >= stream->len || u16(stream, vtable) < 6 + 2 * slot)
        return 0;
    offset = u16(stream, vtable + 4 + 2 * (size_t)slot);
    return offset ? table + offset : 0;
}

static bool message_at(const struct buf *stream, size_t start, struct message *message)
{
    uint32_t metadata = u32(stream, start + 4);
    size_t table, header, body;
    int64_t body_len = 0;

    *message = (struct message){.start = start, .len = PREFIX};
    if (start + PREFIX > stream->len || u32(stream, start) != 0xFFFFFFFFu)
        return false;
    if (!metadata)
        return true;
    table = start + PREFIX + u32(stream, start + PREFIX);
    header = field(stream, table, 1);
    body = field(stream, table, 3);
    if (header && header < stream->len)
        message->header = (unsigned char)stream->data[header];
    if (body && body + 8 <= stream->len)
        memcpy(&body_len, stream->data + body, 8);
    message->len = PREFIX + metadata + (size_t)body_len;
    return body_len >= 0 && message->len <= stream->len - start;
}

int sandbox_tamper_batches(struct buf *stream, int64_t rows, bool all)
{
    vec_of(struct message) messages = {0};
    struct message message;
    size_t at = 0, last = SIZE_MAX;
    struct buf out;
    int result = 0;

    while (at < stream->len && message_at(stream, at, &message)) {
        if (message.header == HEADER_BATCH)
            last = messages.count;
        vec_push(&messages, message);
        at += message.len;
    }
    base_buf_init(&out, stream->max);
    for (size_t i = 0; i < messages.count && result == 0; i++) {
        bool twice = messages.items[i].header == HEADER_BATCH && (all || (rows > 0 && i == last));
        int copies = twice ? 2 : rows < 0 && i == last ? 0 : 1;

        for (int copy = 0; copy < copies; copy++)
            result |= base_buf_append(&out, stream->data + messages.items[i].start,
                                      messages.items[i].len);
    }
    if (at != stream->len || last == SIZE_MAX)
        result = -1;
    vec_free(&messages);
    if (result != 0) {
        base_buf_free(&out);
        return -1;
    }
    base_buf_free(stream);
    *stream = out;
    return 0;
}

int sandbox_tamper_name(struct buf *stream, const char *column)
{
    size_t len = strlen(column);
    struct message schema;

    if (!message_at(stream, 0, &schema) || schema.header != HEADER_SCHEMA || !len)
        return -1;
    for (size_t at = 0; at + 4 + len <= schema.len; at++) {
        /* A flatbuffer string is its length, its bytes and a NUL. */
        if (u32(stream, at) != len || memcmp(stream->data + at + 4, column, len) != 0)
            continue;
        stream->data[at + 4] = column[0] == 'x' ? 'y' : 'x';
        return 0;
    }
    return -1;
}

void sandbox_tamper_flip(struct buf *stream, int64_t at)
{
    size_t place = at >= 0 && (size_t)at < stream->len ? (size_t)at : stream->len / 2;

    if (stream->len)
        stream->data[place] = (char)(stream->data[place] ^ 0x55);
}

int sandbox_tamper_lz4(struct buf *stream)
{
    LZ4F_preferences_t preferences = {
        .frameInfo = {.blockSizeID = LZ4F_max4MB, .blockMode = LZ4F_blockIndependent}};
    struct buf out;
    size_t bound = LZ4F_compressFrameBound(stream->len, &preferences);
    size_t len;

    base_buf_init(&out, stream->max);
    if (base_buf_reserve(&out, bound) != 0)
        return -1;
    len = LZ4F_compressFrame(out.data, bound, stream->data, stream->len, &preferences);
    if (LZ4F_isError(len)) {
        base_buf_free(&out);
        return -1;
    }
    out.len = len;
    base_buf_free(stream);
    *stream = out;
    return 0;
}
