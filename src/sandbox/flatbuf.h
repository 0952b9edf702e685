/* A flatbuffer builder: writes from the end towards the start, as the format wants it. */
#ifndef AAMPE_SANDBOX_FLATBUF_H
#define AAMPE_SANDBOX_FLATBUF_H

#include <stddef.h>
#include <stdint.h>

#define FLATBUF_SLOTS 8

struct flatbuf {
    uint8_t *memory;
    size_t cap, head; /* bytes written: memory[head .. cap) */
    size_t align;
    uint32_t slots[FLATBUF_SLOTS];
    uint32_t table_end;
};

void sandbox_flatbuf_init(struct flatbuf *builder);
void sandbox_flatbuf_free(struct flatbuf *builder);
/* Pads so that after `more` bytes a value of `size` bytes is aligned. */
void sandbox_flatbuf_prep(struct flatbuf *builder, size_t size, size_t more);
/* Aligned little-endian scalar of 1, 2, 4 or 8 bytes; returns its place (distance from the end). */
uint32_t sandbox_flatbuf_push(struct flatbuf *builder, uint64_t value, size_t size);
uint32_t sandbox_flatbuf_offset(struct flatbuf *builder, uint32_t target);
uint32_t sandbox_flatbuf_string(struct flatbuf *builder, const char *text);
/* Vector of offsets. */
uint32_t sandbox_flatbuf_vector(struct flatbuf *builder, const uint32_t *targets, size_t count);
void sandbox_flatbuf_table(struct flatbuf *builder);
void sandbox_flatbuf_scalar(struct flatbuf *builder, int slot, uint64_t value, size_t size);
void sandbox_flatbuf_link(struct flatbuf *builder, int slot, uint32_t target);
uint32_t sandbox_flatbuf_table_end(struct flatbuf *builder, int slots);
void sandbox_flatbuf_finish(struct flatbuf *builder, uint32_t root);

#endif
