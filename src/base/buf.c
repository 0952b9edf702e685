#include "base/buf.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An empty buffer owns nothing: data points to a constant and cap is 0, so that it is never written
 * or freed. */
static char *const nothing = (char *)"";

static size_t buf_limit(const struct buf *buf)
{
    return buf->max ? buf->max : BUF_MAX_DEFAULT;
}

void base_buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.data = nothing, .max = max};
}

void base_buf_free(struct buf *buf)
{
    if (buf->cap)
        free(buf->data);
    base_buf_init(buf, buf->max);
}

void base_buf_clear(struct buf *buf)
{
    buf->len = 0;
    if (buf->cap)
        buf->data[0] = '\0';
    else
        buf->data = nothing;
}

int base_buf_reserve(struct buf *buf, size_t extra)
{
    size_t limit = buf_limit(buf);
    size_t need, cap;
    char *grown;

    if (extra > limit || buf->len > limit - extra)
        return -1;
    need = buf->len + extra + 1;
    if (need <= buf->cap)
        return 0;
    cap = buf->cap ? buf->cap : 64;
    while (cap < need)
        cap = cap > limit / 2 ? limit + 1 : cap * 2;
    grown = realloc(buf->cap ? buf->data : NULL, cap);
    if (!grown)
        return -1;
    buf->data = grown;
    buf->cap = cap;
    buf->data[buf->len] = '\0';
    return 0;
}

int base_buf_append(struct buf *buf, const void *data, size_t len)
{
    if (base_buf_reserve(buf, len))
        return -1;
    if (len)
        memcpy(buf->data + buf->len, data, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int base_buf_text(struct buf *buf, const char *text)
{
    return base_buf_append(buf, text, strlen(text));
}

int base_buf_byte(struct buf *buf, uint8_t byte)
{
    return base_buf_append(buf, &byte, 1);
}

int base_buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    int result;

    va_start(args, fmt);
    result = base_buf_vprintf(buf, fmt, args);
    va_end(args);
    return result;
}

int base_buf_vprintf(struct buf *buf, const char *fmt, va_list args)
{
    va_list again;
    int len;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0 || base_buf_reserve(buf, (size_t)len))
        return -1;
    vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
    buf->len += (size_t)len;
    return 0;
}

int base_buf_u32le(struct buf *buf, uint32_t value)
{
    uint8_t bytes[4];

    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return base_buf_append(buf, bytes, sizeof bytes);
}

int base_buf_u64le(struct buf *buf, uint64_t value)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    return base_buf_append(buf, bytes, sizeof bytes);
}

char *base_buf_take(struct buf *buf, size_t *len)
{
    char *data = buf->cap ? buf->data : base_strdup("");

    if (len)
        *len = buf->len;
    base_buf_init(buf, buf->max);
    return data;
}
