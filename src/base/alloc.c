#define _GNU_SOURCE
#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void base_bug(const char *file, int line, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "bug: %s:%d: ", file, line);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

/* Sizes are ours, so running out means the host is out of memory: there is nobody left to tell
 * politely. */
__attribute__((noreturn)) static void out_of_memory(size_t size)
{
    fprintf(stderr, "out of memory: %zu bytes refused\n", size);
    abort();
}

static size_t checked_product(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        bug("allocation of %zu times %zu bytes overflows", count, size);
    return total ? total : 1;
}

void *base_alloc(size_t size)
{
    void *ptr = malloc(size ? size : 1);

    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *base_alloc_zero(size_t count, size_t size)
{
    size_t total = checked_product(count, size);
    void *ptr = calloc(1, total);

    if (!ptr)
        out_of_memory(total);
    return ptr;
}

void *base_realloc(void *ptr, size_t count, size_t size)
{
    size_t total = checked_product(count, size);
    void *grown = realloc(ptr, total);

    if (!grown)
        out_of_memory(total);
    return grown;
}

char *base_strdup(const char *text)
{
    return text ? base_strndup(text, strlen(text)) : NULL;
}

char *base_strndup(const char *text, size_t len)
{
    size_t used = strnlen(text, len);
    char *copy = base_alloc(used + 1);

    memcpy(copy, text, used);
    copy[used] = '\0';
    return copy;
}

char *base_printf(const char *fmt, ...)
{
    va_list args;
    char *text;

    va_start(args, fmt);
    text = base_vprintf(fmt, args);
    va_end(args);
    return text;
}

char *base_vprintf(const char *fmt, va_list args)
{
    char *text;

    if (vasprintf(&text, fmt, args) < 0)
        out_of_memory(0);
    return text;
}

void *base_alloc_try(size_t count, size_t size, size_t cap)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total) || total > cap)
        return NULL;
    return malloc(total ? total : 1);
}
