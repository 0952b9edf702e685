#include "columnar/parquet_write.h"

#include "base/alloc.h"
#include "columnar/column.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Shared by the columns of one encoder, whatever their number. */
#define OPEN_PAGES_BYTES ((size_t)16 << 20)
#define DICTIONARIES_BYTES ((size_t)16 << 20)
#define PAGE_BYTES_MIN ((size_t)4 << 10)
/* Pieces are joined to about this size: fewer, larger writes. */
#define PIECE_BYTES ((size_t)1 << 20)

struct columnar_encoder {
    struct column_shared shared;
    struct block *block;
    struct column *columns;
    size_t count;
    int64_t rows;
};

int columnar_codec_parse(const char *name, enum columnar_codec *out, struct err *err)
{
    if (strcmp(name, "none") == 0)
        *out = COLUMNAR_CODEC_NONE;
    else if (strcmp(name, "snappy") == 0)
        *out = COLUMNAR_CODEC_SNAPPY;
    else if (strcmp(name, "zstd") == 0)
        *out = COLUMNAR_CODEC_ZSTD;
    else
        return base_err_set(err, ERR_CONFIG_INVALID, "codec '%s' is none of none, snappy, zstd",
                            name);
    return 0;
}

struct columnar_write_options columnar_write_options_default(void)
{
    return (struct columnar_write_options){.codec = COLUMNAR_CODEC_SNAPPY,
                                           .zstd_level = 1,
                                           .page_bytes = (size_t)1 << 20,
                                           .page_rows = 20000,
                                           .dictionary_bytes = (size_t)1 << 20};
}

static size_t page_bytes(const struct columnar_write_options *options, size_t columns)
{
    size_t share = OPEN_PAGES_BYTES / (columns ? columns : 1);
    share = share < options->page_bytes ? share : options->page_bytes;
    return share < PAGE_BYTES_MIN ? PAGE_BYTES_MIN : share;
}

/* A page of indices is bounded like one of values. */
static int64_t page_rows(const struct columnar_write_options *options, size_t page)
{
    int64_t share = (int64_t)(page / 4);
    return options->page_rows < share ? options->page_rows : share;
}

static int add_column(struct columnar_encoder *encoder, const struct model_column *column,
                      struct err *err)
{
    struct pq_spec spec;
    if (column->type.kind == MODEL_VOID)
        return 0;
    if (!pq_spec_of(&column->type, &spec)) {
        char *text = model_type_text(&column->type);
        base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' is %s", column->name, text);
        free(text);
        return -1;
    }
    column_init(&encoder->columns[encoder->count++], column, &spec, &encoder->shared);
    return 0;
}

int columnar_encoder_new(const struct model_schema *schema,
                         const struct columnar_write_options *options,
                         struct columnar_encoder **out, struct err *err)
{
    *out = NULL;
    if (schema->count > columnar_limits_default().columns)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "%zu columns", schema->count);
    if (pq_names_check(schema, err) < 0)
        return -1;
    struct columnar_encoder *encoder = base_alloc_zero(1, sizeof *encoder);
    encoder->shared.options = options ? *options : columnar_write_options_default();
    encoder->shared.page_bytes = page_bytes(&encoder->shared.options, schema->count);
    encoder->shared.options.page_rows =
        page_rows(&encoder->shared.options, encoder->shared.page_bytes);
    encoder->shared.dictionary_left = DICTIONARIES_BYTES;
    encoder->block = base_alloc(sizeof *encoder->block);
    encoder->columns = base_alloc_zero(schema->count, sizeof *encoder->columns);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < schema->count; i++)
        rc = add_column(encoder, &schema->columns[i], err);
    if (rc == 0 && encoder->count == 0)
        rc = base_err_set(err, ERR_USAGE, "no column that can be stored");
    if (rc < 0)
        columnar_encoder_free(&encoder);
    *out = encoder;
    return rc;
}

void columnar_encoder_free(struct columnar_encoder **encoder)
{
    if (!*encoder)
        return;
    for (size_t i = 0; i < (*encoder)->count; i++)
        column_free(&(*encoder)->columns[i]);
    free((*encoder)->columns);
    free((*encoder)->block);
    bytes_free(&(*encoder)->shared.payload);
    bytes_free(&(*encoder)->shared.squeezed);
    ZSTD_freeCCtx((*encoder)->shared.zstd);
    base_free(encoder);
}

size_t columnar_encoder_memory(const struct columnar_encoder *encoder)
{
    size_t sum = sizeof *encoder->block + encoder->shared.payload.cap +
                 encoder->shared.squeezed.cap + encoder->shared.held;
    for (size_t i = 0; i < encoder->count; i++)
        sum += column_memory(&encoder->columns[i]) +
               (encoder->columns[i].indices ? (size_t)encoder->shared.options.page_rows * 4 : 0);
    return sum;
}

/* Rows from `first` whose bytes fit one block: a block is at most a page's worth, or one row. */
static int64_t fit(const struct columnar_array *array, int64_t first, int64_t rows, size_t max)
{
    bool narrow = array->field->kind == COLUMNAR_UTF8 || array->field->kind == COLUMNAR_BINARY;
    bool wide =
        array->field->kind == COLUMNAR_LARGE_UTF8 || array->field->kind == COLUMNAR_LARGE_BINARY;
    const int32_t *small = array->offsets;
    const int64_t *large = array->offsets;
    if (!narrow && !wide)
        return rows;
    while (rows > 1) {
        int64_t bytes = narrow ? (int64_t)small[first + rows] - small[first]
                               : large[first + rows] - large[first];
        if ((uint64_t)bytes <= max)
            break;
        rows /= 2;
    }
    return rows;
}

static int append_column(struct columnar_encoder *encoder, struct column *column,
                         const struct convert_column *convert, const struct columnar_array *array,
                         int64_t first, int64_t count, struct err *err)
{
    struct column_shared *shared = &encoder->shared;
    for (int64_t done = 0; done < count;) {
        int64_t rows = count - done, room = column_room(column, shared);
        rows = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
        rows = fit(array, first + done, rows < room ? rows : room, shared->page_bytes);
        if (block_fill(encoder->block, convert, column->name, array, first + done, rows,
                       encoder->rows + done, err) < 0)
            return -1;
        column_append(column, shared, encoder->block);
        if (column_flush(column, shared, false, err) < 0)
            return -1;
        done += rows;
    }
    return 0;
}

/* The conversion's column of this name; both are in one order, so the search goes on from the
 * last. */
static size_t find_source(const struct model_schema *want, const char *name, size_t from)
{
    for (size_t i = from; i < want->count; i++) {
        if (strcmp(want->columns[i].name, name) == 0)
            return i;
    }
    for (size_t i = 0; i < from && i < want->count; i++) {
        if (strcmp(want->columns[i].name, name) == 0)
            return i;
    }
    return want->count;
}

int columnar_encoder_append(struct columnar_encoder *encoder,
                            const struct columnar_conversion *conversion,
                            const struct columnar_batch *batch, int64_t first, int64_t count,
                            struct err *err)
{
    size_t source = 0;
    if (first < 0 || count < 0 || first > batch->rows || count > batch->rows - first ||
        batch->count != conversion->want.count)
        return base_err_set(err, ERR_INTERNAL, "rows %lld+%lld of a batch of %lld",
                            (long long)first, (long long)count, (long long)batch->rows);
    for (size_t i = 0; i < encoder->count; i++) {
        struct column *column = &encoder->columns[i];
        source = find_source(&conversion->want, column->name, source);
        if (source == conversion->want.count ||
            !model_type_equal(&conversion->want.columns[source].type, &column->type))
            return base_err_set(err, ERR_INTERNAL, "no conversion for column '%s'", column->name);
        if (append_column(encoder, column, &conversion->columns[source], &batch->columns[source],
                          first, count, err) < 0)
            return -1;
        source++;
    }
    encoder->rows += count;
    return 0;
}

size_t columnar_encoder_estimate(const struct model_schema *schema,
                                 const struct columnar_write_options *options, int64_t rows,
                                 int64_t arrow_bytes)
{
    struct columnar_write_options use = options ? *options : columnar_write_options_default();
    size_t page = page_bytes(&use, schema->count), pages = 0, widened = 0;
    use.page_rows = page_rows(&use, page);
    for (size_t i = 0; i < schema->count; i++) {
        enum model_kind kind = schema->columns[i].type.kind;
        struct pq_spec spec;
        if (kind == MODEL_VOID || !pq_spec_of(&schema->columns[i].type, &spec))
            continue;
        size_t width = pq_spec_width(&spec);
        size_t open = (size_t)use.page_rows * (width ? width : 16);
        pages += open < page ? open : page;
        /* Arrow's narrow integers grow to INT32. */
        widened += kind == MODEL_BYTE ? 3 : kind == MODEL_SHORT ? 2 : 0;
    }
    size_t data =
        (size_t)(arrow_bytes > 0 ? arrow_bytes : 0) + widened * (size_t)(rows > 0 ? rows : 0);
    /* Entries, their table and their places; neither exceeds what there is to enter. */
    size_t dictionaries = schema->count * use.dictionary_bytes * 3;
    if (dictionaries > DICTIONARIES_BYTES)
        dictionaries = DICTIONARIES_BYTES;
    if (dictionaries > 2 * data)
        dictionaries = 2 * data;
    if (pages > 2 * data)
        pages = 2 * data;
    size_t scratch = 4 * (page < data ? page : data) + sizeof(struct block);
    size_t fixed = schema->count * ((size_t)use.page_rows * 4 + (16 << 10));
    return data + data / 64 + pages + dictionaries + scratch + fixed;
}

/* Frees a column's pages into the pieces of the group, joining small ones. */
static void join_page(struct columnar_row_group *group, size_t *piece_cap,
                      struct columnar_piece page)
{
    struct columnar_piece *last =
        group->piece_count ? &group->pieces[group->piece_count - 1] : NULL;
    group->bytes += page.len;
    if (last && last->len + page.len <= PIECE_BYTES) {
        memcpy(last->data + last->len, page.data, page.len + 1);
        last->len += page.len;
        free(page.data);
        return;
    }
    if (last)
        last->data = base_realloc(last->data, last->len + 1, 1);
    if (group->piece_count == *piece_cap) {
        *piece_cap = *piece_cap ? *piece_cap * 2 : 8;
        group->pieces = base_realloc(group->pieces, *piece_cap, sizeof *group->pieces);
    }
    if (page.len < PIECE_BYTES)
        page.data = base_realloc(page.data, PIECE_BYTES + 1, 1);
    group->pieces[group->piece_count++] = page;
}

static int finish_column(struct columnar_encoder *encoder, struct column *column,
                         struct columnar_row_group *group, size_t *piece_cap,
                         struct pq_chunk_meta *chunk, struct err *err)
{
    struct columnar_piece dictionary;
    size_t start = group->bytes;
    if (column_flush(column, &encoder->shared, true, err) < 0 ||
        column_dictionary_page(column, &encoder->shared, &dictionary, err) < 0)
        return -1;
    *chunk = (struct pq_chunk_meta){.physical = column->spec.physical,
                                    .codec = (int)encoder->shared.options.codec,
                                    .values = column->total_rows,
                                    .uncompressed = column->uncompressed,
                                    .dictionary_page_offset = dictionary.data ? (int64_t)start : -1,
                                    .data_page_offset = (int64_t)(start + dictionary.len),
                                    .plain_pages = column->plain_pages,
                                    .dictionary_coded_pages = column->dictionary_coded_pages};
    if (dictionary.data)
        join_page(group, piece_cap, dictionary);
    for (size_t i = 0; i < column->page_count; i++)
        join_page(group, piece_cap, column->pages[i]);
    column->page_count = 0;
    chunk->compressed = (int64_t)(group->bytes - start);
    pq_range_finish(&column->range, column->utf8, &chunk->stats);
    chunk->stats.null_count = column->total_rows - column->total_values;
    return 0;
}

int columnar_encoder_finish(struct columnar_encoder **encoder, struct columnar_row_group **out,
                            struct err *err)
{
    struct columnar_encoder *from = *encoder;
    struct columnar_row_group *group = base_alloc_zero(1, sizeof *group);
    size_t piece_cap = 0;
    int rc = 0;
    group->rows = from->rows;
    group->meta = base_alloc_zero(1, sizeof *group->meta);
    group->meta->rows = from->rows;
    group->meta->chunks = base_alloc_zero(from->count, sizeof *group->meta->chunks);
    for (size_t i = 0; rc == 0 && i < from->count; i++) {
        group->meta->count = i + 1;
        rc =
            finish_column(from, &from->columns[i], group, &piece_cap, &group->meta->chunks[i], err);
        column_free(&from->columns[i]);
        from->columns[i] = (struct column){0};
    }
    columnar_encoder_free(encoder);
    pq_group_stats(group);
    if (rc < 0)
        columnar_row_group_free(&group);
    *out = rc < 0 ? NULL : group;
    return rc;
}
