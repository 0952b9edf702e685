/* Typed growing arrays: struct { T *items; size_t count, cap; } name. Zero-initialised is empty. */
#ifndef AAMPE_BASE_VEC_H
#define AAMPE_BASE_VEC_H

#include "base/alloc.h"

#include <stdlib.h>

#define vec_of(type)                                                                               \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count, cap;                                                                         \
    }
#define vec_push(vec, ...)                                                                         \
    do {                                                                                           \
        if ((vec)->count == (vec)->cap) {                                                          \
            (vec)->cap = (vec)->cap ? (vec)->cap * 2 : 8;                                          \
            (vec)->items = base_realloc((vec)->items, (vec)->cap, sizeof *(vec)->items);           \
        }                                                                                          \
        (vec)->items[(vec)->count++] = __VA_ARGS__;                                                \
    } while (0)
/* Frees the array, not what items point to. */
#define vec_free(vec)                                                                              \
    do {                                                                                           \
        free((vec)->items);                                                                        \
        (vec)->items = NULL;                                                                       \
        (vec)->count = (vec)->cap = 0;                                                             \
    } while (0)

#endif
