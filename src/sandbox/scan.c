/* A generated table as a virtual table of SQLite. Rows are made a block at a time, only the columns
 * asked for. */
#include "sandbox/sqlite_side.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define SCAN_ROWS 1024
#define ALL_COLUMNS UINT64_MAX

struct scan_table {
    sqlite3_vtab base;
    const struct sql_source *source;
};

struct scan_cursor {
    sqlite3_vtab_cursor base;
    const struct sql_source *source;
    int64_t row, block_first;
    int *columns; /* of the table, one for each vector */
    int *vectors; /* of the batch, by table column; -1 not read */
    size_t used;
    struct sandbox_batch batch;
    bool open;
};

static int scan_connect(sqlite3 *db, void *user, int argc, const char *const *argv,
                        sqlite3_vtab **out, char **error)
{
    const struct sql_source *source = user;
    struct buf sql;
    (void)argc, (void)argv, (void)error;
    base_buf_init(&sql, BUF_MAX_DEFAULT);
    base_buf_text(&sql, "CREATE TABLE x(");
    for (size_t i = 0; i < source->column_count; i++)
        base_buf_printf(&sql, "%sc%zu", i ? "," : "", i);
    base_buf_text(&sql, ")");
    int result = sqlite3_declare_vtab(db, sql.data);
    base_buf_free(&sql);
    if (result != SQLITE_OK)
        return result;
    struct scan_table *table = base_alloc_zero(1, sizeof *table);
    table->source = source;
    *out = &table->base;
    return SQLITE_OK;
}

static int scan_disconnect(sqlite3_vtab *table)
{
    free(table);
    return SQLITE_OK;
}

static int64_t rows_of(const struct sql_source *source)
{
    return source->made ? source->made->rows : source->snapshot->rows;
}

static int scan_plan(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct scan_table *table = (const struct scan_table *)base;
    info->estimatedRows = rows_of(table->source);
    info->estimatedCost = (double)info->estimatedRows;
    info->idxStr = sqlite3_mprintf("%llx", (unsigned long long)info->colUsed);
    info->needToFreeIdxStr = 1;
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}

static int scan_open(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
    const struct scan_table *table = (const struct scan_table *)base;
    struct scan_cursor *cursor = base_alloc_zero(1, sizeof *cursor);
    cursor->source = table->source;
    cursor->columns = base_alloc_zero(table->source->column_count, sizeof *cursor->columns);
    cursor->vectors = base_alloc_zero(table->source->column_count, sizeof *cursor->vectors);
    *out = &cursor->base;
    return SQLITE_OK;
}

static int scan_close(sqlite3_vtab_cursor *base)
{
    struct scan_cursor *cursor = (struct scan_cursor *)base;
    if (cursor->open)
        sandbox_batch_free(&cursor->batch);
    free(cursor->columns);
    free(cursor->vectors);
    free(cursor);
    return SQLITE_OK;
}

static void read_block(struct scan_cursor *cursor)
{
    int64_t left = cursor->source->snapshot->rows - cursor->row;
    cursor->block_first = cursor->row;
    sandbox_batch_clear(&cursor->batch);
    if (left > 0)
        sandbox_table_read(cursor->source->securable->data, cursor->source->snapshot,
                           cursor->columns, cursor->row, left < SCAN_ROWS ? left : SCAN_ROWS,
                           &cursor->batch);
}

static int scan_filter(sqlite3_vtab_cursor *base, int number, const char *mask_text, int argc,
                       sqlite3_value **argv)
{
    struct scan_cursor *cursor = (struct scan_cursor *)base;
    uint64_t mask = mask_text ? strtoull(mask_text, NULL, 16) : ALL_COLUMNS;
    struct sandbox_type *types;
    (void)number, (void)argc, (void)argv;
    cursor->row = 0;
    if (cursor->source->made)
        return SQLITE_OK;
    types = base_alloc_zero(cursor->source->column_count, sizeof *types);
    if (cursor->open)
        sandbox_batch_free(&cursor->batch);
    cursor->used = 0;
    for (size_t i = 0; i < cursor->source->column_count; i++) {
        cursor->vectors[i] = -1;
        if (!(mask >> (i < 63 ? i : 63) & 1))
            continue;
        cursor->vectors[i] = (int)cursor->used;
        cursor->columns[cursor->used] = (int)i;
        types[cursor->used++] = cursor->source->columns[i].type;
    }
    sandbox_batch_init(&cursor->batch, types, cursor->used);
    free(types);
    cursor->open = true;
    read_block(cursor);
    return SQLITE_OK;
}

static int scan_next(sqlite3_vtab_cursor *base)
{
    struct scan_cursor *cursor = (struct scan_cursor *)base;
    cursor->row++;
    if (!cursor->source->made && cursor->row - cursor->block_first >= SCAN_ROWS)
        read_block(cursor);
    return SQLITE_OK;
}

static int scan_eof(sqlite3_vtab_cursor *base)
{
    const struct scan_cursor *cursor = (const struct scan_cursor *)base;
    return cursor->row >= rows_of(cursor->source);
}

static int scan_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
    const struct scan_cursor *cursor = (const struct scan_cursor *)base;
    const struct sandbox_batch *made = cursor->source->made;
    struct sandbox_value value;
    if (!made && cursor->vectors[column] < 0) {
        sqlite3_result_null(out);
        return SQLITE_OK;
    }
    const struct sandbox_vector *vector =
        made ? &made->columns[column] : &cursor->batch.columns[cursor->vectors[column]];
    sandbox_vector_get(vector, made ? cursor->row : cursor->row - cursor->block_first, &value);
    sandbox_sqlite_encode(out, &vector->type, &value);
    return SQLITE_OK;
}

static int scan_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
    *row = ((const struct scan_cursor *)base)->row;
    return SQLITE_OK;
}

int sandbox_sqlite_scan(struct sql_run *run, const struct sql_source *source)
{
    static const sqlite3_module module = {
        .xConnect = scan_connect,
        .xBestIndex = scan_plan,
        .xDisconnect = scan_disconnect,
        .xOpen = scan_open,
        .xClose = scan_close,
        .xFilter = scan_filter,
        .xNext = scan_next,
        .xEof = scan_eof,
        .xColumn = scan_column,
        .xRowid = scan_rowid,
    };
    char name[24];
    sqlite3_snprintf(sizeof name, name, "t%d", source->id);
    return sqlite3_create_module_v2(run->db, name, &module, (void *)(uintptr_t)source, NULL);
}
