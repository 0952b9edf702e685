/* Aborting allocators, for everything whose size we choose ourselves. Sizes that come from outside
 * (network, files, sockets) go through base_alloc_try, with a cap, and fail with an error. */
#ifndef AAMPE_BASE_ALLOC_H
#define AAMPE_BASE_ALLOC_H

#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

/* Broken invariant of ours: prints file, line and text to stderr, then aborts. Never for outside
 * data. */
#define bug(...) base_bug(__FILE__, __LINE__, __VA_ARGS__)
__attribute__((noreturn, format(printf, 3, 4))) void base_bug(const char *file, int line,
                                                              const char *fmt, ...);

/* Never NULL; size 0 is served as 1; multiplication is checked. Caller frees with free(). */
void *base_alloc(size_t size);
void *base_alloc_zero(size_t count, size_t size);
void *base_realloc(void *ptr, size_t count, size_t size);
char *base_strdup(const char *text); /* NULL gives NULL */
char *base_strndup(const char *text, size_t len);
__attribute__((format(printf, 1, 2))) char *base_printf(const char *fmt, ...);
__attribute__((format(printf, 1, 0))) char *base_vprintf(const char *fmt, va_list args);

/* NULL when count*size overflows, exceeds cap, or memory is refused. */
void *base_alloc_try(size_t count, size_t size, size_t cap);

/* Frees *ptr and clears it. */
#define base_free(ptr) (free(*(ptr)), *(ptr) = NULL)

#define base_countof(array) (sizeof(array) / sizeof((array)[0]))

#endif
