#include "sync/manifest.h"

#include "base/alloc.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>

static int columns_check(const struct databricks_manifest *m, const struct model_schema *want,
                         struct err *err)
{
    if (m->columns.count != want->count ||
        (m->column_count >= 0 && (uint64_t)m->column_count != want->count))
        return base_err_set(err, ERR_SRC_TABLE_CHANGED,
                            "the result has %zu columns, planned were %zu", m->columns.count,
                            want->count);
    for (size_t i = 0; i < want->count; i++) {
        const struct model_column *a = &want->columns[i], *b = &m->columns.columns[i];
        if (!base_text_equal_nocase(a->name, b->name))
            return base_err_set(err, ERR_SRC_TABLE_CHANGED,
                                "column %zu of the result is \"%s\", not \"%s\"", i, b->name,
                                a->name);
        if (a->type.kind != b->type.kind ||
            (a->type.kind == MODEL_DECIMAL &&
             (a->type.precision != b->type.precision || a->type.scale != b->type.scale)))
            return base_err_set(
                err, ERR_SRC_TABLE_CHANGED, "column \"%s\" came as %s, planned was %s", a->name,
                model_type_kind_name(b->type.kind), model_type_kind_name(a->type.kind));
    }
    return 0;
}

static int form_check(const struct databricks_manifest *m, bool *lz4, struct err *err)
{
    if (m->truncated)
        return base_err_set(err, ERR_SRC_RESULT_TRUNCATED,
                            "the workspace cut the result off at %" PRId64 " rows",
                            m->total_row_count);
    if (m->format && !base_text_equal_nocase(m->format, "ARROW_STREAM"))
        return base_err_set(err, ERR_SRC_UNCLASSIFIED,
                            "the result came as %s, asked for was ARROW_STREAM", m->format);
    *lz4 = m->compression && base_text_equal_nocase(m->compression, "LZ4_FRAME");
    if (m->compression && !*lz4 && !base_text_equal_nocase(m->compression, "NONE"))
        return base_err_set(err, ERR_SRC_UNCLASSIFIED, "the result is compressed by \"%s\"",
                            m->compression);
    return 0;
}

int sync_manifest_read(const struct databricks_manifest *manifest, const struct model_schema *want,
                       struct sync_chunk **chunks, size_t *count, bool *lz4, struct err *err)
{
    if (form_check(manifest, lz4, err) || columns_check(manifest, want, err))
        return -1;
    size_t n = manifest->chunk_count;
    struct sync_chunk *out = base_alloc_try(n ? n : 1, sizeof *out, SYNC_CHUNKS_MAX * sizeof *out);
    if (!out)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "the result has %zu chunks", n);
    for (size_t i = 0; i < n; i++)
        out[i] = (struct sync_chunk){
            .index = manifest->chunks[i].index,
            .row_offset = manifest->chunks[i].row_offset,
            .row_count = manifest->chunks[i].row_count,
            .byte_count = manifest->chunks[i].byte_count,
        };
    if (sync_chunks_check(out, n, manifest->total_chunk_count, manifest->total_row_count, err)) {
        free(out);
        return -1;
    }
    *chunks = out;
    *count = n;
    return 0;
}

const struct databricks_link *sync_link_choose(const struct databricks_links *links,
                                               const struct sync_chunk *chunk, struct err *err)
{
    const struct databricks_link *link = NULL;
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].chunk_index == chunk->index)
            link = &links->items[i];
    if (!link)
        base_err_set(err, ERR_SRC_CHUNK_GAP, "no link came for chunk %" PRId64, chunk->index);
    else if (link->row_offset >= 0 && link->row_offset != chunk->row_offset)
        base_err_set(err, ERR_SRC_CHUNK_GAP,
                     "chunk %" PRId64 " now starts at row %" PRId64 ", the manifest said %" PRId64,
                     chunk->index, link->row_offset, chunk->row_offset);
    else if (link->row_count >= 0 && link->row_count != chunk->row_count)
        base_err_set(err, ERR_SRC_ROWCOUNT_MISMATCH,
                     "chunk %" PRId64 " now has %" PRId64 " rows, the manifest said %" PRId64,
                     chunk->index, link->row_count, chunk->row_count);
    else
        return link;
    return NULL;
}
