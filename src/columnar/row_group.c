#include "columnar/parquet_write.h"

#include "base/alloc.h"
#include "columnar/spec.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Saved form: this, {1: bytes, 2: RowGroup} in Thrift, CRC-32 of all before as u32 LE. */
static const char SAVE_MAGIC[4] = {'A', 'R', 'G', '1'};

void pq_group_stats(struct columnar_row_group *group)
{
    group->rows = group->meta->rows;
    group->column_count = group->meta->count;
    group->stats = base_alloc_zero(group->column_count, sizeof *group->stats);
    for (size_t i = 0; i < group->column_count; i++) {
        const struct columnar_pq_stats *stats = &group->meta->chunks[i].stats;
        group->stats[i] = (struct columnar_column_stats){
            .null_count = stats->null_count,
            .nan_count = stats->nan_count,
            .has_min_max = stats->has_min && stats->has_max,
            .min = stats->min,
            .max = stats->max,
            .min_len = stats->min_len,
            .max_len = stats->max_len,
            .min_exact = stats->min_exact,
            .max_exact = stats->max_exact,
        };
    }
}

void columnar_row_group_drop_bytes(struct columnar_row_group *group)
{
    for (size_t i = 0; i < group->piece_count; i++)
        free(group->pieces[i].data);
    base_free(&group->pieces);
    group->piece_count = 0;
}

void columnar_row_group_free(struct columnar_row_group **group)
{
    if (!*group)
        return;
    columnar_row_group_drop_bytes(*group);
    pq_group_meta_free(&(*group)->meta);
    free((*group)->stats);
    base_free(group);
}

int columnar_row_group_save(const struct columnar_row_group *group, struct buf *out,
                            struct err *err)
{
    struct thrift_writer writer;
    size_t start = out->len;
    const char **names = base_alloc_zero(group->meta->count, sizeof *names);
    for (size_t i = 0; i < group->meta->count; i++)
        names[i] = ""; /* the footer has them */
    int rc = base_buf_append(out, SAVE_MAGIC, sizeof SAVE_MAGIC);
    thrift_writer_init(&writer, out);
    thrift_i64(&writer, 1, (int64_t)group->bytes);
    thrift_struct(&writer, 2);
    pq_group_meta_write(&writer, group->meta, names, 0, -1);
    thrift_end(&writer);
    thrift_end(&writer);
    free(names);
    uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)out->data + start,
                                   (uInt)(out->len - start));
    if (rc < 0 || writer.failed || base_buf_u32le(out, crc) < 0)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a row group's metadata has no room");
    return 0;
}

static bool load_body(struct thrift_reader *reader, struct columnar_row_group *group)
{
    struct thrift_field field;
    while (thrift_next(reader, &field)) {
        if (field.id == 1) {
            int64_t bytes = thrift_int_as(reader, field.type, THRIFT_I64);
            reader->failed = reader->failed || bytes < 0;
            group->bytes = (size_t)bytes;
        } else if (field.id == 2 && !group->meta) {
            thrift_enter(reader, field.type);
            if (!pq_group_meta_read(reader, columnar_limits_default().columns, &group->meta))
                return false;
        } else {
            thrift_skip(reader, field.type);
        }
    }
    return !reader->failed && group->meta;
}

/* Chunks must tile the image, or the footer would point outside of it. */
static bool chunks_tile(const struct columnar_row_group *group)
{
    int64_t at = 0;
    for (size_t i = 0; i < group->meta->count; i++) {
        const struct pq_chunk_meta *chunk = &group->meta->chunks[i];
        bool dictionary = chunk->dictionary_page_offset >= 0;
        if ((dictionary ? chunk->dictionary_page_offset : chunk->data_page_offset) != at ||
            chunk->compressed < 0 || chunk->uncompressed < 0 || chunk->stats.null_count < 0 ||
            chunk->compressed > (int64_t)group->bytes - at || chunk->data_page_offset < at ||
            chunk->data_page_offset > at + chunk->compressed || chunk->values != group->meta->rows)
            return false;
        at += chunk->compressed;
    }
    return at == (int64_t)group->bytes;
}

int columnar_row_group_load(const void *bytes, size_t len, struct columnar_row_group **out,
                            struct err *err)
{
    struct thrift_reader reader;
    uint32_t crc;
    *out = NULL;
    if (len < sizeof SAVE_MAGIC + 4 || len > (size_t)64 << 20 ||
        memcmp(bytes, SAVE_MAGIC, sizeof SAVE_MAGIC) != 0)
        return base_err_set(err, ERR_HOST_STATE_CORRUPT, "not a row group's metadata");
    memcpy(&crc, (const uint8_t *)bytes + len - 4, 4);
    if (crc != (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)(len - 4)))
        return base_err_set(err, ERR_HOST_STATE_CORRUPT, "a row group's metadata has changed");
    struct columnar_row_group *group = base_alloc_zero(1, sizeof *group);
    thrift_reader_init(&reader, (const uint8_t *)bytes + sizeof SAVE_MAGIC,
                       len - sizeof SAVE_MAGIC - 4);
    if (!load_body(&reader, group) || !chunks_tile(group)) {
        columnar_row_group_free(&group);
        return base_err_set(err, ERR_HOST_STATE_CORRUPT, "a row group's metadata is not sound");
    }
    pq_group_stats(group);
    *out = group;
    return 0;
}
