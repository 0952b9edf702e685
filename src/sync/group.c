#include "sync/group.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>

int sync_chunks_check(const struct sync_chunk *chunks, size_t count, int64_t declared,
                      int64_t total_rows, struct err *err)
{
    if (total_rows < 0)
        return base_err_set(err, ERR_SRC_ROWCOUNT_MISMATCH, "result declares %" PRId64 " rows",
                            total_rows);
    if (count > SYNC_CHUNKS_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "result has %zu chunks", count);
    if (declared < 0 || (uint64_t)declared != count)
        return base_err_set(err, ERR_SRC_CHUNK_GAP,
                            "result declares %" PRId64 " chunks and lists %zu", declared, count);
    int64_t row = 0;
    for (size_t i = 0; i < count; i++) {
        const struct sync_chunk *c = &chunks[i];
        if (c->index < 0 || (uint64_t)c->index != i)
            return base_err_set(err, ERR_SRC_CHUNK_GAP,
                                "chunk %zu of the list is numbered %" PRId64, i, c->index);
        if (c->row_count < 0)
            return base_err_set(err, ERR_SRC_CHUNK_GAP, "chunk %zu declares %" PRId64 " rows", i,
                                c->row_count);
        if (c->row_offset != row)
            return base_err_set(err, ERR_SRC_CHUNK_GAP,
                                "chunk %zu starts at row %" PRId64
                                ", the one before ends at %" PRId64,
                                i, c->row_offset, row);
        if (c->row_count > INT64_MAX - row)
            return base_err_set(err, ERR_SRC_CHUNK_GAP, "chunk %zu overflows the row count", i);
        row += c->row_count;
    }
    if (row != total_rows)
        return base_err_set(err, ERR_SRC_ROWCOUNT_MISMATCH,
                            "chunks have %" PRId64 " rows, the result declares %" PRId64, row,
                            total_rows);
    return 0;
}

int64_t sync_chunk_bytes(const struct sync_chunk *chunk, size_t columns)
{
    if (chunk->byte_count > 0)
        return chunk->byte_count < SYNC_CHUNK_BYTES_MAX ? chunk->byte_count : SYNC_CHUNK_BYTES_MAX;
    int64_t per_row = 16 * (int64_t)(columns ? columns : 1);
    return chunk->row_count > SYNC_CHUNK_BYTES_MAX / per_row ? SYNC_CHUNK_BYTES_MAX
                                                             : chunk->row_count * per_row;
}

static bool group_full(const struct sync_group *g, int64_t rows, int64_t bytes, int64_t max_rows,
                       int64_t max_bytes)
{
    return g->rows > max_rows - rows || g->bytes > max_bytes - bytes;
}

size_t sync_groups_cut(const struct sync_chunk *chunks, size_t count, size_t columns,
                       int64_t max_rows, int64_t max_bytes, struct sync_group **groups)
{
    struct sync_group *out = base_alloc_zero(count ? count : 1, sizeof *out);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t bytes = sync_chunk_bytes(&chunks[i], columns);
        if (n == 0 || group_full(&out[n - 1], chunks[i].row_count, bytes, max_rows, max_bytes)) {
            out[n] = (struct sync_group){
                .index = n, .first_chunk = i, .first_row = chunks[i].row_offset};
            n++;
        }
        struct sync_group *g = &out[n - 1];
        g->chunk_count++;
        g->rows += chunks[i].row_count;
        g->bytes = bytes > INT64_MAX - g->bytes ? INT64_MAX : g->bytes + bytes;
        if (bytes > g->max_chunk)
            g->max_chunk = bytes;
    }
    *groups = out;
    return n;
}
