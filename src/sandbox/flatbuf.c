#include "sandbox/flatbuf.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void sandbox_flatbuf_init(struct flatbuf *builder)
{
    memset(builder, 0, sizeof *builder);
    builder->cap = builder->head = 4096;
    builder->memory = base_alloc_zero(builder->cap, 1);
    builder->align = 1;
}

void sandbox_flatbuf_free(struct flatbuf *builder)
{
    base_free(&builder->memory);
}

static uint32_t place(const struct flatbuf *builder)
{
    return (uint32_t)(builder->cap - builder->head);
}

static void need(struct flatbuf *builder, size_t bytes)
{
    if (builder->head >= bytes)
        return;
    size_t used = builder->cap - builder->head;
    size_t cap = builder->cap * 2;
    while (cap - used < bytes)
        cap *= 2;
    uint8_t *memory = base_alloc_zero(cap, 1);
    memcpy(memory + cap - used, builder->memory + builder->head, used);
    free(builder->memory);
    builder->memory = memory;
    builder->head = cap - used;
    builder->cap = cap;
}

void sandbox_flatbuf_prep(struct flatbuf *builder, size_t size, size_t more)
{
    if (size > builder->align)
        builder->align = size;
    size_t pad = (~(place(builder) + more) + 1) & (size - 1);
    need(builder, pad + size + more);
    builder->head -= pad;
    memset(builder->memory + builder->head, 0, pad);
}

uint32_t sandbox_flatbuf_push(struct flatbuf *builder, uint64_t value, size_t size)
{
    sandbox_flatbuf_prep(builder, size, 0);
    builder->head -= size;
    for (size_t i = 0; i < size; i++)
        builder->memory[builder->head + i] = (uint8_t)(value >> (8 * i));
    return place(builder);
}

uint32_t sandbox_flatbuf_offset(struct flatbuf *builder, uint32_t target)
{
    sandbox_flatbuf_prep(builder, 4, 0);
    return sandbox_flatbuf_push(builder, place(builder) - target + 4, 4);
}

uint32_t sandbox_flatbuf_string(struct flatbuf *builder, const char *text)
{
    size_t len = strlen(text);
    sandbox_flatbuf_prep(builder, 4, len + 1);
    builder->head -= len + 1;
    memcpy(builder->memory + builder->head, text, len + 1);
    return sandbox_flatbuf_push(builder, len, 4);
}

uint32_t sandbox_flatbuf_vector(struct flatbuf *builder, const uint32_t *targets, size_t count)
{
    sandbox_flatbuf_prep(builder, 4, 4 * count);
    for (size_t i = count; i-- > 0;)
        sandbox_flatbuf_offset(builder, targets[i]);
    return sandbox_flatbuf_push(builder, count, 4);
}

void sandbox_flatbuf_table(struct flatbuf *builder)
{
    memset(builder->slots, 0, sizeof builder->slots);
    builder->table_end = place(builder);
}

void sandbox_flatbuf_scalar(struct flatbuf *builder, int slot, uint64_t value, size_t size)
{
    builder->slots[slot] = sandbox_flatbuf_push(builder, value, size);
}

void sandbox_flatbuf_link(struct flatbuf *builder, int slot, uint32_t target)
{
    builder->slots[slot] = sandbox_flatbuf_offset(builder, target);
}

uint32_t sandbox_flatbuf_table_end(struct flatbuf *builder, int slots)
{
    uint32_t table = sandbox_flatbuf_push(builder, 0, 4);
    for (int i = slots; i-- > 0;)
        sandbox_flatbuf_push(builder, builder->slots[i] ? table - builder->slots[i] : 0, 2);
    sandbox_flatbuf_push(builder, table - builder->table_end, 2);
    sandbox_flatbuf_push(builder, 2 * ((uint64_t)slots + 2), 2);
    uint32_t distance = place(builder) - table;
    uint8_t *at = builder->memory + builder->cap - table;
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(distance >> (8 * i));
    return table;
}

void sandbox_flatbuf_finish(struct flatbuf *builder, uint32_t root)
{
    sandbox_flatbuf_prep(builder, builder->align < 8 ? 8 : builder->align, 4);
    sandbox_flatbuf_offset(builder, root);
}
