/* A growing byte array without the limits and the NUL of struct buf, for pages. Private to the
 * room. */
#ifndef AAMPE_COLUMNAR_BYTES_H
#define AAMPE_COLUMNAR_BYTES_H

#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t *data;
    size_t len, cap;
};

/* Room for `extra` more bytes; what was there stays. */
static inline uint8_t *bytes_room(struct bytes *bytes, size_t extra)
{
    if (extra > bytes->cap - bytes->len) {
        size_t want = bytes->len + extra;
        size_t grown = bytes->cap + bytes->cap / 2;
        bytes->cap = want > grown ? want : grown;
        bytes->data = base_realloc(bytes->data, bytes->cap, 1);
    }
    return bytes->data + bytes->len;
}

static inline void bytes_append(struct bytes *bytes, const void *data, size_t len)
{
    uint8_t *to = bytes_room(bytes, len);
    if (len)
        memcpy(to, data, len);
    bytes->len += len;
}

static inline void bytes_u32(struct bytes *bytes, uint32_t value)
{
    bytes_append(bytes, &value, 4);
}

static inline void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

#endif
