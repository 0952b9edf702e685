/* Growing byte buffer with a maximum. Always NUL-terminated after the first append; data is never
 * NULL. On overflow or refused memory the append returns -1 and the buffer stays as it was. */
#ifndef AAMPE_BASE_BUF_H
#define AAMPE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes it may ever hold; 0 = BUF_MAX_DEFAULT */
};

#define BUF_MAX_DEFAULT ((size_t)1 << 30)

void base_buf_init(struct buf *buf, size_t max);
void base_buf_free(struct buf *buf);
void base_buf_clear(struct buf *buf);
int base_buf_reserve(struct buf *buf, size_t extra);
int base_buf_append(struct buf *buf, const void *data, size_t len);
int base_buf_text(struct buf *buf, const char *text);
int base_buf_byte(struct buf *buf, uint8_t byte);
__attribute__((format(printf, 2, 3))) int base_buf_printf(struct buf *buf, const char *fmt, ...);
__attribute__((format(printf, 2, 0))) int base_buf_vprintf(struct buf *buf, const char *fmt,
                                                           va_list args);
int base_buf_u32le(struct buf *buf, uint32_t value);
int base_buf_u64le(struct buf *buf, uint64_t value);
/* Gives the bytes away (malloc'd, NUL after len); the buffer is empty afterwards. */
char *base_buf_take(struct buf *buf, size_t *len);

#endif
