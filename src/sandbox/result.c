/* Results: how they are cut into chunks and batches, and their three forms on the wire. */
#include "sandbox/result.h"

#include "base/alloc.h"
#include "sandbox/query.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_ROWS 122880
#define CHUNK_BYTES ((int64_t)20 << 20)
#define SAMPLE_ROWS 2048
#define BATCH_ROWS 65536
#define SMALL_STREAM 65536 /* below: one LZ4 frame for each message */

void sandbox_result_columns(struct sandbox_query *query, const char *const *names,
                            const struct sandbox_type *types, const bool *nullables, size_t count)
{
    struct sandbox_arena *arena = query->arena;
    query->column_count = count;
    query->columns = sandbox_arena_alloc(arena, count * sizeof *query->columns);
    query->fields = sandbox_arena_alloc(arena, count * sizeof *query->fields);
    query->types = sandbox_arena_alloc(arena, count * sizeof *query->types);
    for (size_t i = 0; i < count; i++) {
        struct sandbox_result_column *column = &query->columns[i];
        struct sandbox_type *type = &query->types[i];
        *type = types[i];
        type->text = sandbox_arena_dup(arena, types[i].text);
        column->name = sandbox_arena_dup(arena, names[i]);
        column->type_text = sandbox_arena_dup(arena, type->text);
        column->type_name = sandbox_arena_dup(arena, sandbox_type_name(type));
        column->interval_type = sandbox_arena_dup(arena, sandbox_type_interval(type));
        column->precision = type->kind == SB_DECIMAL ? type->precision : 0;
        column->scale = type->kind == SB_DECIMAL ? type->scale : 0;
        query->fields[i] = (struct sandbox_arrow_field){column->name, *type, nullables[i]};
    }
}

struct sandbox_batch *sandbox_result_row(struct sandbox_query *query)
{
    struct sandbox_batch *last =
        query->batches.count ? &query->batches.items[query->batches.count - 1] : NULL;
    bool full =
        last && (last->rows >= BATCH_ROWS || ((last->rows & 255) == 0 && last->rows &&
                                              sandbox_batch_bytes(last) >= SANDBOX_BATCH_BYTES));
    if (last && !full)
        return last;
    if (last)
        query->stored_bytes += sandbox_batch_bytes(last);
    if (query->stored_bytes > SANDBOX_STORED_MAX)
        return NULL;
    if (last && query->stored_bytes > SANDBOX_MEMORY_MAX &&
        sandbox_spool_batch(&query->spool, last) < 0)
        return NULL;
    struct sandbox_batch fresh;
    sandbox_batch_init(&fresh, query->types, query->column_count);
    vec_push(&query->batches, fresh);
    return &query->batches.items[query->batches.count - 1];
}

void sandbox_result_row_done(struct sandbox_query *query)
{
    query->batches.items[query->batches.count - 1].rows++;
    query->total++;
}

int sandbox_result_append(struct sandbox_query *query, const struct sandbox_value *values)
{
    struct sandbox_batch *batch = sandbox_result_row(query);
    if (!batch)
        return -1;
    for (size_t i = 0; i < query->column_count; i++)
        sandbox_vector_append(&batch->columns[i], &values[i]);
    sandbox_result_row_done(query);
    return 0;
}

static void chunk_stored(struct sandbox_query *query, int64_t max_rows, int64_t max_bytes)
{
    int64_t left = query->total;
    struct sandbox_chunk chunk = {0};
    for (size_t i = 0; i < query->batches.count && left > 0; i++) {
        int64_t rows = query->batches.items[i].rows,
                bytes = sandbox_batch_bytes(&query->batches.items[i]);
        rows = rows < left ? rows : left;
        if (chunk.rows && (chunk.rows + rows > max_rows || chunk.bytes + bytes > max_bytes)) {
            vec_push(&query->chunks, chunk);
            chunk = (struct sandbox_chunk){.row = chunk.row + chunk.rows, .batch = i};
        }
        chunk.rows += rows;
        chunk.bytes += bytes;
        chunk.batches++;
        left -= rows;
    }
    if (chunk.rows)
        vec_push(&query->chunks, chunk);
}

static void read_scan(const struct sandbox_query *query, int64_t row, int64_t rows,
                      struct sandbox_batch *batch)
{
    sandbox_table_read(query->table, query->snapshot, query->scan_columns, query->first + row, rows,
                       batch);
}

static void chunk_scan(struct sandbox_query *query, int64_t max_rows, int64_t max_bytes)
{
    struct sandbox_batch sample;
    if (query->total == 0)
        return;
    int64_t rows = query->total < SAMPLE_ROWS ? query->total : SAMPLE_ROWS;
    sandbox_batch_init(&sample, query->types, query->column_count);
    read_scan(query, 0, rows, &sample);
    int64_t width = sandbox_batch_bytes(&sample) / rows + 1;
    sandbox_batch_free(&sample);
    int64_t fit = max_bytes / width > 1 ? max_bytes / width : 1;
    int64_t step = fit < max_rows ? fit : max_rows;
    query->batch_rows = SANDBOX_BATCH_BYTES / width;
    if (query->batch_rows < 1)
        query->batch_rows = 1;
    for (int64_t row = 0; row < query->total; row += step) {
        int64_t count = query->total - row < step ? query->total - row : step;
        struct sandbox_chunk chunk = {.row = row, .rows = count, .bytes = count * width};
        vec_push(&query->chunks, chunk);
    }
}

/* Stored batches were cut by size, not by the request: long ones are re-cut where the caps ask for
 * fewer rows. */
static void split_batches(struct sandbox_query *query, int64_t max_rows)
{
    struct sandbox_query old = *query;
    memset(&query->batches, 0, sizeof query->batches);
    query->total = query->stored_bytes = 0;
    struct sandbox_value *values = base_alloc_zero(query->column_count, sizeof *values);
    for (size_t i = 0; i < old.batches.count; i++) {
        struct sandbox_batch *batch = &old.batches.items[i];
        for (int64_t row = 0; row < batch->rows; row++) {
            for (size_t j = 0; j < query->column_count; j++)
                sandbox_vector_get(&batch->columns[j], row, &values[j]);
            if (query->total % max_rows == 0) {
                struct sandbox_batch fresh;
                sandbox_batch_init(&fresh, query->types, query->column_count);
                vec_push(&query->batches, fresh);
            }
            struct sandbox_batch *last = &query->batches.items[query->batches.count - 1];
            for (size_t j = 0; j < query->column_count; j++)
                sandbox_vector_append(&last->columns[j], &values[j]);
            sandbox_result_row_done(query);
        }
        sandbox_batch_free(batch);
    }
    free(values);
    vec_free(&old.batches);
}

static void cut_stored(struct sandbox_query *query, int64_t max_rows)
{
    int64_t keep = query->total;
    for (size_t i = 0; i < query->batches.count; i++) {
        if (query->batches.items[i].rows <= max_rows)
            continue;
        split_batches(query, max_rows);
        query->total = keep;
        return;
    }
}

void sandbox_result_chunks(struct sandbox_query *query, const struct sandbox_query_request *request)
{
    int64_t max_rows = request->chunk_rows > 0 ? request->chunk_rows : CHUNK_ROWS;
    int64_t max_bytes = request->chunk_bytes > 0 ? request->chunk_bytes : CHUNK_BYTES;
    if (query->table) {
        chunk_scan(query, max_rows, max_bytes);
        return;
    }
    cut_stored(query, max_rows);
    chunk_stored(query, max_rows, max_bytes);
}

/* Calls visit for each batch of the chunk, with at most the chunk's rows. */
static int each_batch(const struct sandbox_query *query, const struct sandbox_chunk *chunk,
                      int (*visit)(const struct sandbox_query *, const struct sandbox_batch *,
                                   void *),
                      void *user)
{
    int64_t left = chunk->rows;
    int result = 0;
    if (!query->table) {
        for (size_t i = 0; i < chunk->batches && result == 0; i++) {
            struct sandbox_batch view = query->batches.items[chunk->batch + i];
            struct sandbox_vector *columns = NULL;
            if (view.rows >
                left) { /* cut by row_limit: the vectors are shared, their counts are not */
                columns = base_alloc_zero(view.column_count, sizeof *columns);
                for (size_t j = 0; j < view.column_count; j++) {
                    struct sandbox_vector *vector = &columns[j];
                    *vector = view.columns[j];
                    vector->count = left;
                    vector->nulls = 0;
                    for (int64_t row = 0; row < left; row++)
                        vector->nulls += !(vector->valid[row >> 3] >> (row & 7) & 1);
                    if (vector->width == SB_WIDTH_VAR)
                        vector->data_len = (size_t)vector->offsets[left];
                }
                view.columns = columns;
                view.rows = left;
            }
            result = visit(query, &view, user);
            left -= view.rows;
            free(columns);
        }
        return result;
    }
    struct sandbox_batch batch;
    sandbox_batch_init(&batch, query->types, query->column_count);
    for (int64_t row = chunk->row; left > 0 && result == 0;) {
        int64_t rows = left < query->batch_rows ? left : query->batch_rows;
        sandbox_batch_clear(&batch);
        read_scan(query, row, rows, &batch);
        result = visit(query, &batch, user);
        row += rows;
        left -= rows;
    }
    sandbox_batch_free(&batch);
    return result;
}

struct arrow_out {
    struct buf *out;
    vec_of(size_t) ends; /* of the messages */
};

static int visit_arrow(const struct sandbox_query *query, const struct sandbox_batch *batch,
                       void *user)
{
    struct arrow_out *arrow = user;
    (void)query;
    if (sandbox_arrow_batch(batch, arrow->out) < 0)
        return -1;
    vec_push(&arrow->ends, arrow->out->len);
    return 0;
}

static int compress(const struct arrow_out *arrow, const struct buf *plain, struct buf *out)
{
    if (plain->len > SMALL_STREAM)
        return sandbox_lz4_frame(plain->data, plain->len, false, out);
    size_t from = 0;
    for (size_t i = 0; i < arrow->ends.count; i++) {
        size_t to = arrow->ends.items[i];
        if (sandbox_lz4_frame(plain->data + from, to - from, true, out) < 0)
            return -1;
        from = to;
    }
    return 0;
}

int sandbox_query_arrow(struct sandbox_query *query, size_t index, bool lz4, struct buf *out)
{
    const struct sandbox_chunk *chunk = &query->chunks.items[index];
    struct buf plain;
    struct arrow_out arrow = {.out = lz4 ? &plain : out};
    base_buf_init(&plain, out->max);
    int result = base_buf_reserve(arrow.out, (size_t)(chunk->bytes + chunk->bytes / 32 + 65536));
    if (result == 0)
        result =
            sandbox_arrow_schema(query->fields, query->column_count, query->time_zone, arrow.out);
    vec_push(&arrow.ends, arrow.out->len);
    if (result == 0)
        result = each_batch(query, chunk, visit_arrow, &arrow);
    if (result == 0)
        result = sandbox_arrow_end(arrow.out);
    vec_push(&arrow.ends, arrow.out->len);
    if (result == 0 && lz4)
        result = compress(&arrow, &plain, out);
    base_buf_free(&plain);
    vec_free(&arrow.ends);
    return result;
}

static void put_json_text(const char *text, size_t len, struct buf *out)
{
    size_t from = 0;
    base_buf_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        base_buf_append(out, text + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\')
            base_buf_printf(out, "\\%c", c);
        else
            base_buf_printf(out, "\\u%04x", c);
    }
    base_buf_append(out, text + from, len - from);
    base_buf_byte(out, '"');
}

struct text_out {
    struct buf *out, cell;
    bool first;
};

static int visit_json(const struct sandbox_query *query, const struct sandbox_batch *batch,
                      void *user)
{
    struct text_out *text = user;
    struct sandbox_value value;
    for (int64_t row = 0; row < batch->rows; row++) {
        base_buf_text(text->out, text->first ? "[" : ",[");
        text->first = false;
        for (size_t i = 0; i < batch->column_count; i++) {
            if (i)
                base_buf_byte(text->out, ',');
            sandbox_vector_get(&batch->columns[i], row, &value);
            if (value.null) {
                base_buf_text(text->out, "null");
                continue;
            }
            base_buf_clear(&text->cell);
            sandbox_value_wire_text(&query->types[i], &value, query->time_zone, &text->cell);
            put_json_text(text->cell.data, text->cell.len, text->out);
        }
        if (base_buf_byte(text->out, ']') < 0)
            return -1;
    }
    return 0;
}

int sandbox_query_json(struct sandbox_query *query, size_t index, struct buf *out)
{
    struct text_out text = {.out = out, .first = true};
    base_buf_init(&text.cell, out->max);
    int result = base_buf_byte(out, '[');
    if (result == 0)
        result = each_batch(query, &query->chunks.items[index], visit_json, &text);
    base_buf_free(&text.cell);
    return result == 0 ? base_buf_byte(out, ']') : -1;
}

static int put_csv_cell(const char *text, size_t len, struct buf *out)
{
    bool quote = len == 0;
    for (size_t i = 0; i < len && !quote; i++)
        quote = text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r';
    if (!quote)
        return base_buf_append(out, text, len);
    base_buf_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            base_buf_byte(out, '"');
        base_buf_byte(out, (uint8_t)text[i]);
    }
    return base_buf_byte(out, '"');
}

static int visit_csv(const struct sandbox_query *query, const struct sandbox_batch *batch,
                     void *user)
{
    struct text_out *text = user;
    struct sandbox_value value;
    for (int64_t row = 0; row < batch->rows; row++) {
        for (size_t i = 0; i < batch->column_count; i++) {
            if (i)
                base_buf_byte(text->out, ',');
            sandbox_vector_get(&batch->columns[i], row, &value);
            base_buf_clear(&text->cell);
            if (value.null)
                base_buf_text(text->out, "null");
            else
                sandbox_value_wire_text(&query->types[i], &value, query->time_zone, &text->cell);
            if (!value.null)
                put_csv_cell(text->cell.data, text->cell.len, text->out);
        }
        if (base_buf_byte(text->out, '\n') < 0)
            return -1;
    }
    return 0;
}

int sandbox_query_csv(struct sandbox_query *query, size_t index, struct buf *out)
{
    struct text_out text = {.out = out};
    base_buf_init(&text.cell, out->max);
    for (size_t i = 0; index == 0 && i < query->column_count; i++) {
        if (i)
            base_buf_byte(out, ',');
        put_csv_cell(query->columns[i].name, strlen(query->columns[i].name), out);
    }
    int result = index == 0 ? base_buf_byte(out, '\n') : 0;
    if (result == 0)
        result = each_batch(query, &query->chunks.items[index], visit_csv, &text);
    base_buf_free(&text.cell);
    return result;
}
