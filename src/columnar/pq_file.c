#include "columnar/parquet_read.h"

#include "base/alloc.h"
#include "base/text.h"
#include "columnar/parquet_write.h"
#include "columnar/spec.h"

#include <stdlib.h>
#include <string.h>

static int corrupt(struct err *err, const char *what)
{
    return base_err_set(err, ERR_DST_FILE_CORRUPT, "Parquet footer: %s", what);
}

int columnar_parquet_tail(const uint8_t tail[8], int64_t file_size, size_t *footer_len,
                          struct err *err)
{
    uint32_t len;
    memcpy(&len, tail, 4);
    if (memcmp(tail + 4, COLUMNAR_PARQUET_MAGIC, COLUMNAR_PARQUET_MAGIC_LEN) != 0)
        return corrupt(err, "the file does not end in PAR1");
    if (file_size < 12 || len > (uint64_t)file_size - 12)
        return corrupt(err, "its length is more than the file's");
    *footer_len = len;
    return 0;
}

struct schema_walk {
    struct columnar_pq_file *file;
    const struct columnar_limits *limits;
    bool nested;
};

static void read_timestamp(struct thrift_reader *reader, struct columnar_pq_column *column)
{
    struct thrift_field field, unit;
    while (thrift_next(reader, &field)) {
        if (field.id == 1) {
            column->utc = thrift_bool_as(reader, field.type);
        } else if (field.id == 2) {
            thrift_enter(reader, field.type);
            while (!reader->failed && thrift_next(reader, &unit)) {
                column->unit = unit.id;
                thrift_skip(reader, unit.type);
            }
        } else {
            thrift_skip(reader, field.type);
        }
        if (reader->failed)
            return;
    }
}

static void read_logical(struct thrift_reader *reader, struct columnar_pq_column *column)
{
    struct thrift_field field, inner;
    while (!reader->failed && thrift_next(reader, &field)) {
        column->logical = field.id;
        thrift_enter(reader, field.type);
        if (reader->failed)
            return;
        if (field.id == PQ_LOGICAL_TIMESTAMP) {
            read_timestamp(reader, column);
            continue;
        }
        while (!reader->failed && thrift_next(reader, &inner)) {
            if (field.id == PQ_LOGICAL_INTEGER && inner.id == 1)
                column->bits = (int)thrift_int_as(reader, inner.type, THRIFT_I8);
            else
                thrift_skip(reader, inner.type);
        }
    }
}

static void read_name(struct thrift_reader *reader, enum thrift_type type,
                      struct columnar_pq_column *column)
{
    size_t len;
    const uint8_t *text = thrift_binary_as(reader, type, &len);
    if (reader->failed || (len && memchr(text, 0, len)) ||
        !base_text_utf8_valid((const char *)text, len)) {
        reader->failed = true;
        return;
    }
    free(column->name);
    column->name = base_strndup((const char *)text, len);
}

/* One SchemaElement; *children its num_children. */
static void read_element(struct thrift_reader *reader, struct columnar_pq_column *column,
                         int64_t *children, int64_t *repetition)
{
    struct thrift_field field;
    *column = (struct columnar_pq_column){.physical = (enum columnar_physical) - 1,
                                          .converted = PQ_CONVERTED_NONE};
    *children = *repetition = 0;
    while (!reader->failed && thrift_next(reader, &field)) {
        switch (field.id) {
        case 1:
            column->physical =
                (enum columnar_physical)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 2:
            column->type_length = (int32_t)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 3:
            *repetition = thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 4:
            read_name(reader, field.type, column);
            break;
        case 5:
            *children = thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 6:
            column->converted = (int)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 7:
            column->scale = (int)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 8:
            column->precision = (int)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 10:
            thrift_enter(reader, field.type);
            read_logical(reader, column);
            break;
        default:
            thrift_skip(reader, field.type);
            break;
        }
    }
}

static bool leaf_sound(const struct columnar_pq_column *column)
{
    if ((int)column->physical < COLUMNAR_PQ_BOOLEAN || column->physical > COLUMNAR_PQ_FIXED)
        return false;
    return column->physical != COLUMNAR_PQ_FIXED ||
           (column->type_length > 0 && column->type_length <= (1 << 20));
}

static void read_schema(struct thrift_reader *reader, enum thrift_type type,
                        struct schema_walk *walk)
{
    struct columnar_pq_file *file = walk->file;
    size_t count = thrift_list_as(reader, type, THRIFT_STRUCT);
    int64_t children, repetition;
    struct columnar_pq_column root;
    if (reader->failed || file->columns || count == 0 || count - 1 > walk->limits->columns) {
        reader->failed = true;
        return;
    }
    thrift_enter(reader, THRIFT_STRUCT);
    read_element(reader, &root, &children, &repetition);
    free(root.name);
    file->columns = base_alloc_zero(count - 1, sizeof *file->columns);
    for (size_t i = 0; i + 1 < count && !reader->failed; i++) {
        struct columnar_pq_column *column = &file->columns[file->column_count++];
        thrift_enter(reader, THRIFT_STRUCT);
        read_element(reader, column, &children, &repetition);
        column->optional = repetition == 1;
        walk->nested = walk->nested || children != 0 || repetition > 1;
        if (!walk->nested && (!column->name || !leaf_sound(column)))
            reader->failed = true;
    }
}

static char *read_text(struct thrift_reader *reader, enum thrift_type type)
{
    size_t len;
    const uint8_t *text = thrift_binary_as(reader, type, &len);
    return reader->failed ? NULL : base_strndup((const char *)text, len);
}

static void read_keys(struct thrift_reader *reader, enum thrift_type type,
                      struct columnar_pq_file *file)
{
    size_t count = thrift_list_as(reader, type, THRIFT_STRUCT);
    if (reader->failed || file->keys)
        return;
    file->keys = base_alloc_zero(count, sizeof *file->keys);
    file->values = base_alloc_zero(count, sizeof *file->values);
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct thrift_field field;
        file->key_count = i + 1;
        thrift_enter(reader, THRIFT_STRUCT);
        while (!reader->failed && thrift_next(reader, &field)) {
            char **slot = field.id == 1 ? &file->keys[i] : field.id == 2 ? &file->values[i] : NULL;
            if (!slot) {
                thrift_skip(reader, field.type);
                continue;
            }
            free(*slot);
            *slot = read_text(reader, field.type);
        }
    }
}

static int64_t chunk_start(const struct pq_chunk_meta *meta)
{
    /* Some writers put 0 where there is no dictionary page. */
    return meta->dictionary_page_offset >= COLUMNAR_PARQUET_MAGIC_LEN &&
                   meta->dictionary_page_offset < meta->data_page_offset
               ? meta->dictionary_page_offset
               : meta->data_page_offset;
}

static bool take_chunk(struct pq_chunk_meta *meta, const struct columnar_pq_column *column,
                       int64_t rows, int64_t data_end, struct columnar_pq_chunk *out)
{
    int64_t start = chunk_start(meta);
    if (meta->physical != column->physical || meta->values != rows || meta->compressed < 0 ||
        meta->uncompressed < 0 || start < COLUMNAR_PARQUET_MAGIC_LEN || start > data_end ||
        meta->compressed > data_end - start)
        return false;
    *out = (struct columnar_pq_chunk){.offset = start,
                                      .bytes = meta->compressed,
                                      .uncompressed_bytes = meta->uncompressed,
                                      .values = meta->values,
                                      .codec = meta->codec,
                                      .has_dictionary = start != meta->data_page_offset,
                                      .stats = meta->stats};
    meta->stats = (struct columnar_pq_stats){0};
    return true;
}

static bool take_group(struct columnar_pq_file *file, struct columnar_group_meta *meta,
                       int64_t data_end, struct columnar_pq_group *out)
{
    if (meta->count != file->column_count)
        return false;
    out->rows = meta->rows;
    out->chunks = base_alloc_zero(meta->count, sizeof *out->chunks);
    for (size_t i = 0; i < meta->count; i++) {
        if (!take_chunk(&meta->chunks[i], &file->columns[i], meta->rows, data_end, &out->chunks[i]))
            return false;
        out->bytes += out->chunks[i].bytes;
    }
    return true;
}

static void read_groups(struct thrift_reader *reader, enum thrift_type type,
                        struct columnar_pq_file *file, int64_t data_end)
{
    size_t count = thrift_list_as(reader, type, THRIFT_STRUCT), cap = 0;
    if (!file->columns || file->groups)
        reader->failed = true;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct columnar_group_meta *meta;
        thrift_enter(reader, THRIFT_STRUCT);
        if (!pq_group_meta_read(reader, file->column_count, &meta)) {
            reader->failed = true;
            return;
        }
        if (file->group_count == cap) {
            cap = cap ? cap * 2 : 8;
            file->groups = base_realloc(file->groups, cap, sizeof *file->groups);
        }
        struct columnar_pq_group *group = &file->groups[file->group_count++];
        *group = (struct columnar_pq_group){0};
        if (!take_group(file, meta, data_end, group))
            reader->failed = true;
        pq_group_meta_free(&meta);
    }
}

static void read_file(struct thrift_reader *reader, struct schema_walk *walk, int64_t data_end)
{
    struct columnar_pq_file *file = walk->file;
    struct thrift_field field;
    file->rows = -1;
    while (!reader->failed && !walk->nested && thrift_next(reader, &field)) {
        switch (field.id) {
        case 1:
            file->version = (int)thrift_int_as(reader, field.type, THRIFT_I32);
            break;
        case 2:
            read_schema(reader, field.type, walk);
            break;
        case 3:
            file->rows = thrift_int_as(reader, field.type, THRIFT_I64);
            break;
        case 4:
            read_groups(reader, field.type, file, data_end);
            break;
        case 5:
            read_keys(reader, field.type, file);
            break;
        case 6:
            free(file->created_by);
            file->created_by = read_text(reader, field.type);
            break;
        default:
            thrift_skip(reader, field.type);
            break;
        }
    }
}

int columnar_parquet_parse(const uint8_t *bytes, size_t len, int64_t file_size,
                           const struct columnar_limits *limits, struct columnar_pq_file **out,
                           struct err *err)
{
    struct columnar_limits use = limits ? *limits : columnar_limits_default();
    struct thrift_reader reader;
    *out = NULL;
    if (len > use.metadata_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "Parquet footer of %zu bytes", len);
    if (file_size < 12 || len > (uint64_t)file_size - 12)
        return corrupt(err, "it is longer than the file");
    struct columnar_pq_file *file = base_alloc_zero(1, sizeof *file);
    struct schema_walk walk = {.file = file, .limits = &use};
    thrift_reader_init(&reader, bytes, len);
    read_file(&reader, &walk, file_size - (int64_t)len - 8);
    int64_t rows = 0;
    for (size_t i = 0; i < file->group_count; i++) {
        if (__builtin_add_overflow(rows, file->groups[i].rows, &rows))
            reader.failed = true;
    }
    int rc = 0;
    if (walk.nested)
        rc = base_err_set(err, ERR_TYPE_UNSUPPORTED, "Parquet file with nested columns");
    else if (reader.failed || !file->columns)
        rc = corrupt(err, "it is not sound");
    else if (rows != file->rows)
        rc = base_err_set(err, ERR_DST_FILE_CORRUPT,
                          "Parquet footer: %lld rows, its row groups have %lld",
                          (long long)file->rows, (long long)rows);
    if (rc < 0)
        columnar_parquet_free(&file);
    *out = file;
    return rc;
}

static void group_free(struct columnar_pq_group *group, size_t columns)
{
    for (size_t i = 0; group->chunks && i < columns; i++) {
        free(group->chunks[i].stats.min);
        free(group->chunks[i].stats.max);
    }
    free(group->chunks);
}

void columnar_parquet_free(struct columnar_pq_file **file)
{
    if (!*file)
        return;
    for (size_t i = 0; i < (*file)->group_count; i++)
        group_free(&(*file)->groups[i], (*file)->column_count);
    for (size_t i = 0; i < (*file)->column_count; i++)
        free((*file)->columns[i].name);
    for (size_t i = 0; i < (*file)->key_count; i++) {
        free((*file)->keys[i]);
        free((*file)->values[i]);
    }
    free((*file)->groups);
    free((*file)->columns);
    free((*file)->keys);
    free((*file)->values);
    free((*file)->created_by);
    base_free(file);
}
