#include "columnar/arrow_private.h"

#include "base/alloc.h"

#include <lz4frame.h>
#include <stdlib.h>
#include <zstd.h>

int arrow_budget_check(const struct arrow_budget *budget, uint64_t more, struct err *err)
{
    const struct columnar_limits *limits = budget->limits;
    uint64_t total = budget->out + more;
    if (more > limits->chunk_bytes || total > limits->chunk_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "chunk decompresses to more than %zu bytes",
                            limits->chunk_bytes);
    if (total > limits->ratio_free_bytes && total / limits->ratio > budget->in)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "chunk of %llu bytes expands more than %u:1",
                            (unsigned long long)budget->in, limits->ratio);
    return 0;
}

struct arena {
    uint8_t *data;
    size_t len, cap;
};

/* Room for at least one more LZ4 block; grows by half so that the peak stays near the need. */
static int arena_grow(struct arena *arena, size_t max, struct err *err)
{
    size_t want = arena->cap + arena->cap / 2;
    if (want > max)
        want = max;
    if (want <= arena->cap)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "chunk decompresses to more than %zu bytes",
                            max);
    uint8_t *grown = realloc(arena->data, want);
    if (!grown)
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for a chunk of %zu bytes", want);
    arena->data = grown;
    arena->cap = want;
    return 0;
}

static int lz4_run(LZ4F_dctx *ctx, const uint8_t *data, size_t len, struct arrow_budget *budget,
                   struct arena *arena, struct err *err)
{
    size_t pos = 0, hint = 0;
    const size_t step = 64 << 10;
    while (pos < len || hint > 0) {
        if (arena->len == arena->cap && arena_grow(arena, budget->limits->chunk_bytes, err) < 0)
            return -1;
        size_t take = len - pos < step ? len - pos : step;
        size_t room = arena->cap - arena->len, used = take;
        hint = LZ4F_decompress(ctx, arena->data + arena->len, &room, data + pos, &used, NULL);
        if (LZ4F_isError(hint))
            return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "LZ4 frame near byte %zu: %s", pos,
                                LZ4F_getErrorName(hint));
        pos += used;
        arena->len += room;
        budget->in += used;
        budget->out += room;
        if (arrow_budget_check(budget, 0, err) < 0)
            return -1;
        if (used == 0 && room == 0 && arena->len < arena->cap)
            return base_err_set(err, ERR_SRC_CHUNK_SHORT, "LZ4 frame ends early, after %zu bytes",
                                pos);
    }
    return 0;
}

int arrow_lz4_chunk(const uint8_t *data, size_t len, struct arrow_budget *budget, uint8_t **out,
                    size_t *out_len, struct err *err)
{
    const size_t max = budget->limits->chunk_bytes;
    size_t first = len < max / 4 ? len * 4 + 4096 : max;
    struct arena arena = {.cap = first < max ? first : max};
    arena.data = base_alloc_try(arena.cap, 1, max);
    if (!arena.data)
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for a chunk of %zu bytes", arena.cap);
    LZ4F_dctx *ctx;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION))) {
        free(arena.data);
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for an LZ4 context");
    }
    int rc = lz4_run(ctx, data, len, budget, &arena, err);
    LZ4F_freeDecompressionContext(ctx);
    if (rc < 0) {
        free(arena.data);
        return -1;
    }
    uint8_t *fitted = realloc(arena.data, arena.len ? arena.len : 1);
    *out = fitted ? fitted : arena.data;
    *out_len = arena.len;
    return 0;
}

static int inflate_lz4(const uint8_t *data, size_t len, uint8_t *out, size_t out_len,
                       struct err *err)
{
    LZ4F_dctx *ctx;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&ctx, LZ4F_VERSION)))
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for an LZ4 context");
    size_t pos = 0, done = 0, hint = 1;
    while (hint > 0) {
        size_t used = len - pos, room = out_len - done;
        hint = LZ4F_decompress(ctx, out + done, &room, data + pos, &used, NULL);
        if (LZ4F_isError(hint) || (used == 0 && room == 0 && hint > 0))
            break;
        pos += used;
        done += room;
    }
    LZ4F_freeDecompressionContext(ctx);
    if (hint != 0 || done != out_len)
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "LZ4 buffer gives %zu of %zu bytes", done,
                            out_len);
    return 0;
}

int arrow_inflate(enum arrow_codec codec, const uint8_t *data, size_t len, uint8_t *out,
                  size_t out_len, struct err *err)
{
    if (codec == ARROW_CODEC_LZ4)
        return inflate_lz4(data, len, out, out_len, err);
    size_t got = ZSTD_decompress(out, out_len, data, len);
    if (ZSTD_isError(got))
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "zstd buffer: %s", ZSTD_getErrorName(got));
    if (got != out_len)
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "zstd buffer gives %zu of %zu bytes", got,
                            out_len);
    return 0;
}
