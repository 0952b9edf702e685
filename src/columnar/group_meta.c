#include "columnar/spec.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void pq_group_meta_free(struct columnar_group_meta **meta)
{
    if (!*meta)
        return;
    for (size_t i = 0; i < (*meta)->count; i++) {
        free((*meta)->chunks[i].stats.min);
        free((*meta)->chunks[i].stats.max);
    }
    free((*meta)->chunks);
    base_free(meta);
}

static uint8_t *bytes_dup(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = base_alloc(len);
    if (len)
        memcpy(copy, bytes, len);
    return copy;
}

struct columnar_group_meta *pq_group_meta_dup(const struct columnar_group_meta *meta)
{
    struct columnar_group_meta *copy = base_alloc_zero(1, sizeof *copy);
    copy->rows = meta->rows;
    copy->count = meta->count;
    copy->chunks = base_alloc_zero(meta->count, sizeof *copy->chunks);
    for (size_t i = 0; i < meta->count; i++) {
        struct columnar_pq_stats *stats = &copy->chunks[i].stats;
        copy->chunks[i] = meta->chunks[i];
        if (stats->has_min)
            stats->min = bytes_dup(stats->min, stats->min_len);
        if (stats->has_max)
            stats->max = bytes_dup(stats->max, stats->max_len);
    }
    return copy;
}

static void write_stats(struct thrift_writer *writer, const struct columnar_pq_stats *stats)
{
    thrift_struct(writer, 12);
    thrift_i64(writer, 3, stats->null_count);
    if (stats->has_max)
        thrift_binary(writer, 5, stats->max, stats->max_len);
    if (stats->has_min)
        thrift_binary(writer, 6, stats->min, stats->min_len);
    if (stats->has_max)
        thrift_bool(writer, 7, stats->max_exact);
    if (stats->has_min)
        thrift_bool(writer, 8, stats->min_exact);
    if (stats->nan_count >= 0)
        thrift_i64(writer, 9, stats->nan_count);
    thrift_end(writer);
}

static void write_encoding_stat(struct thrift_writer *writer, int page, int encoding, int count)
{
    thrift_element_struct(writer);
    thrift_i32(writer, 1, page);
    thrift_i32(writer, 2, encoding);
    thrift_i32(writer, 3, count);
    thrift_end(writer);
}

static void write_encodings(struct thrift_writer *writer, const struct pq_chunk_meta *chunk)
{
    bool dictionary = chunk->dictionary_page_offset >= 0;
    thrift_list(writer, 2, THRIFT_I32, dictionary ? 3 : 2);
    thrift_element_i32(writer, PQ_PLAIN);
    thrift_element_i32(writer, PQ_RLE);
    if (dictionary)
        thrift_element_i32(writer, PQ_RLE_DICTIONARY);
}

static void write_encoding_stats(struct thrift_writer *writer, const struct pq_chunk_meta *chunk)
{
    bool dictionary = chunk->dictionary_page_offset >= 0;
    thrift_list(writer, 13, THRIFT_STRUCT,
                (size_t)dictionary + (chunk->plain_pages > 0) +
                    (chunk->dictionary_coded_pages > 0));
    if (dictionary)
        write_encoding_stat(writer, PQ_PAGE_DICTIONARY, PQ_PLAIN, 1);
    if (chunk->dictionary_coded_pages > 0)
        write_encoding_stat(writer, PQ_PAGE_DATA, PQ_RLE_DICTIONARY, chunk->dictionary_coded_pages);
    if (chunk->plain_pages > 0)
        write_encoding_stat(writer, PQ_PAGE_DATA, PQ_PLAIN, chunk->plain_pages);
}

static int64_t chunk_start(const struct pq_chunk_meta *chunk)
{
    return chunk->dictionary_page_offset >= 0 ? chunk->dictionary_page_offset
                                              : chunk->data_page_offset;
}

static void write_chunk(struct thrift_writer *writer, const struct pq_chunk_meta *chunk,
                        const char *name, int64_t base)
{
    thrift_element_struct(writer);
    thrift_i64(writer, 2, base + chunk_start(chunk));
    thrift_struct(writer, 3);
    thrift_i32(writer, 1, (int32_t)chunk->physical);
    write_encodings(writer, chunk);
    thrift_list(writer, 3, THRIFT_BINARY, 1);
    thrift_element_text(writer, name);
    thrift_i32(writer, 4, chunk->codec);
    thrift_i64(writer, 5, chunk->values);
    thrift_i64(writer, 6, chunk->uncompressed);
    thrift_i64(writer, 7, chunk->compressed);
    thrift_i64(writer, 9, base + chunk->data_page_offset);
    if (chunk->dictionary_page_offset >= 0)
        thrift_i64(writer, 11, base + chunk->dictionary_page_offset);
    write_stats(writer, &chunk->stats);
    write_encoding_stats(writer, chunk);
    thrift_end(writer);
    thrift_end(writer);
}

void pq_group_meta_write(struct thrift_writer *writer, const struct columnar_group_meta *meta,
                         const char *const *names, int64_t base, int ordinal)
{
    int64_t uncompressed = 0, compressed = 0;
    thrift_list(writer, 1, THRIFT_STRUCT, meta->count);
    for (size_t i = 0; i < meta->count; i++) {
        write_chunk(writer, &meta->chunks[i], names[i], base);
        uncompressed += meta->chunks[i].uncompressed;
        compressed += meta->chunks[i].compressed;
    }
    thrift_i64(writer, 2, uncompressed);
    thrift_i64(writer, 3, meta->rows);
    thrift_i64(writer, 5, base + chunk_start(&meta->chunks[0]));
    thrift_i64(writer, 6, compressed);
    if (ordinal >= 0 && ordinal <= INT16_MAX)
        thrift_i16(writer, 7, (int16_t)ordinal);
}

/* --- reading --- */

static void read_stats(struct thrift_reader *reader, struct columnar_pq_stats *stats)
{
    struct thrift_field field;
    while (thrift_next(reader, &field)) {
        size_t len;
        const uint8_t *bytes;
        if (field.id == 3) {
            stats->null_count = thrift_int_as(reader, field.type, THRIFT_I64);
        } else if (field.id == 5 || field.id == 6) {
            bytes = thrift_binary_as(reader, field.type, &len);
            uint8_t **slot = field.id == 5 ? &stats->max : &stats->min;
            free(*slot);
            *slot = bytes_dup(bytes, len);
            *(field.id == 5 ? &stats->max_len : &stats->min_len) = len;
            *(field.id == 5 ? &stats->has_max : &stats->has_min) = true;
        } else if (field.id == 7) {
            stats->max_exact = thrift_bool_as(reader, field.type);
        } else if (field.id == 8) {
            stats->min_exact = thrift_bool_as(reader, field.type);
        } else if (field.id == 9) {
            stats->nan_count = thrift_int_as(reader, field.type, THRIFT_I64);
        } else {
            thrift_skip(reader, field.type);
        }
    }
}

static void read_encoding_stats(struct thrift_reader *reader, enum thrift_type type,
                                struct pq_chunk_meta *chunk)
{
    size_t count = thrift_list_as(reader, type, THRIFT_STRUCT);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct thrift_field field;
        int32_t value[4] = {0};
        thrift_enter(reader, THRIFT_STRUCT);
        while (thrift_next(reader, &field)) {
            if (field.id <= 3)
                value[field.id] = (int32_t)thrift_int_as(reader, field.type, THRIFT_I32);
            else
                thrift_skip(reader, field.type);
        }
        if (value[1] != PQ_PAGE_DATA)
            continue;
        *(value[2] == PQ_PLAIN ? &chunk->plain_pages : &chunk->dictionary_coded_pages) = value[3];
    }
}

static void read_column_meta(struct thrift_reader *reader, struct pq_chunk_meta *chunk)
{
    struct thrift_field field;
    while (thrift_next(reader, &field)) {
        switch (field.id) {
        case 1:
            chunk->physical = (enum columnar_physical)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 4:
            chunk->codec = (int)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 5:
            chunk->values = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 6:
            chunk->uncompressed = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 7:
            chunk->compressed = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 9:
            chunk->data_page_offset = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 11:
            chunk->dictionary_page_offset = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 12:
            thrift_enter(reader, field.type);
            read_stats(reader, &chunk->stats);
            break;
        case 13:
            read_encoding_stats(reader, field.type, chunk);
            break;
        default:
            thrift_skip(reader, field.type);
            break;
        }
        if (reader->failed)
            return;
    }
}

static void read_chunk(struct thrift_reader *reader, struct pq_chunk_meta *chunk)
{
    struct thrift_field field;
    *chunk = (struct pq_chunk_meta){
        .physical = (enum columnar_physical) - 1,
        .codec = -1,
        .values = -1,
        .uncompressed = -1,
        .compressed = -1,
        .data_page_offset = -1,
        .dictionary_page_offset = -1,
        .stats = {.null_count = -1, .nan_count = -1, .min_exact = false, .max_exact = false}};
    thrift_enter(reader, THRIFT_STRUCT);
    while (thrift_next(reader, &field)) {
        if (field.id == 3) {
            thrift_enter(reader, field.type);
            if (!reader->failed)
                read_column_meta(reader, chunk);
        } else {
            thrift_skip(reader, field.type);
        }
        if (reader->failed)
            return;
    }
}

bool pq_group_meta_read(struct thrift_reader *reader, size_t columns,
                        struct columnar_group_meta **out)
{
    struct columnar_group_meta *meta = base_alloc_zero(1, sizeof *meta);
    struct thrift_field field;
    meta->rows = -1;
    while (!reader->failed && thrift_next(reader, &field)) {
        if (field.id == 3) {
            meta->rows = thrift_int_as(reader, field.type, THRIFT_I64);
        } else if (field.id == 1 && !meta->chunks) {
            size_t count = thrift_list_as(reader, field.type, THRIFT_STRUCT);
            reader->failed = reader->failed || count > columns;
            meta->chunks = base_alloc_zero(reader->failed ? 0 : count, sizeof *meta->chunks);
            for (size_t i = 0; i < count && !reader->failed; i++) {
                meta->count++;
                read_chunk(reader, &meta->chunks[i]);
            }
        } else {
            thrift_skip(reader, field.type);
        }
    }
    if (reader->failed || meta->rows < 0) {
        pq_group_meta_free(&meta);
        return false;
    }
    *out = meta;
    return true;
}
