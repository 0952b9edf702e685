#include "sandbox/arena.h"

#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK 16384

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

struct sandbox_arena {
    struct arena_block *blocks;
};

struct sandbox_arena *sandbox_arena_new(void)
{
    return base_alloc_zero(1, sizeof(struct sandbox_arena));
}

void sandbox_arena_free(struct sandbox_arena **arena)
{
    if (!*arena)
        return;
    struct arena_block *block = (*arena)->blocks;
    while (block) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    free(*arena);
    *arena = NULL;
}

void sandbox_arena_reset(struct sandbox_arena *arena)
{
    struct arena_block *block = arena->blocks;
    if (!block)
        return;
    while (block->next) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    block->used = 0;
    arena->blocks = block;
}

void *sandbox_arena_alloc(struct sandbox_arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->blocks;
    if (!block || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
        block = base_alloc(sizeof *block + room);
        block->next = arena->blocks;
        block->used = 0;
        block->size = room;
        arena->blocks = block;
    }
    void *memory = block->data + block->used;
    block->used += size;
    memset(memory, 0, size);
    return memory;
}

char *sandbox_arena_text(struct sandbox_arena *arena, const char *text, size_t len)
{
    char *copy = sandbox_arena_alloc(arena, len + 1);
    if (len)
        memcpy(copy, text, len);
    return copy;
}

char *sandbox_arena_dup(struct sandbox_arena *arena, const char *text)
{
    return text ? sandbox_arena_text(arena, text, strlen(text)) : NULL;
}

char *sandbox_arena_printf(struct sandbox_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    char *copy = sandbox_arena_dup(arena, text);
    free(text);
    return copy;
}
