/* A statement from text to a result that can be read chunk by chunk. */
#include "sandbox/query.h"

#include "base/alloc.h"
#include "sandbox/resolve.h"
#include "sandbox/result.h"

#include <stdlib.h>
#include <string.h>

/* SELECT columns FROM one table [VERSION AS OF n] [LIMIT] [OFFSET]: read straight from the
 * generator. */
static bool plain_scan(const struct sql_query *tree)
{
    const struct sql_select *select = tree->selects.items[0];
    if (tree->selects.count != 1 || tree->orders.count || select->distinct || select->where ||
        select->aggregated || select->sources.count != 1 || !select->sources.items[0].snapshot)
        return false;
    for (size_t i = 0; i < select->items.count; i++)
        if (select->items.items[i].expr->kind != EX_COLUMN)
            return false;
    return true;
}

/* SELECT count(*) FROM one table: known without reading. */
static bool plain_count(const struct sql_query *tree)
{
    const struct sql_select *select = tree->selects.items[0];
    if (tree->selects.count != 1 || select->distinct || select->where || select->groups.count ||
        select->having || select->sources.count != 1 || !select->sources.items[0].snapshot ||
        tree->limit || tree->offset)
        return false;
    for (size_t i = 0; i < select->items.count; i++) {
        const struct sql_expr *expr = select->items.items[i].expr;
        bool count = expr->kind == EX_CALL && strcmp(expr->function->name, "count") == 0 &&
                     !expr->distinct && !expr->filter;
        if (!count ||
            (!expr->all_columns && (expr->arg_count != 1 || expr->args[0]->kind != EX_LITERAL ||
                                    expr->args[0]->value.null)))
            return false;
    }
    return true;
}

static int bounds(struct sql_context *context, const struct sql_query *tree, int64_t *limit,
                  int64_t *offset)
{
    struct sandbox_type bigint = sandbox_type_of(SB_BIGINT);
    struct sandbox_value value;
    struct sql_expr *exprs[2] = {tree->limit, tree->offset};
    int64_t *out[2] = {limit, offset};
    *limit = INT64_MAX;
    *offset = 0;
    for (int i = 0; i < 2; i++) {
        if (!exprs[i])
            continue;
        if (sql_constant(context, exprs[i], &bigint, &value) < 0)
            return -1;
        if (value.null || value.i < 0)
            return sql_error(
                context, "42K0E", exprs[i]->pos,
                "[INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE] The limit like expression is "
                "invalid: it must not be negative.");
        *out[i] = value.i;
    }
    return 0;
}

static int open_scan(struct sql_context *context, const struct sql_query *tree,
                     struct sandbox_query *query)
{
    const struct sql_select *select = tree->selects.items[0];
    const struct sql_source *source = &select->sources.items[0];
    int64_t limit, offset;
    if (bounds(context, tree, &limit, &offset) < 0)
        return -1;
    query->table = source->securable->data;
    query->snapshot = source->snapshot;
    query->scan_columns = sandbox_arena_alloc(query->arena, select->items.count * sizeof(int));
    for (size_t i = 0; i < select->items.count; i++)
        query->scan_columns[i] = select->items.items[i].expr->column;
    int64_t rows = source->snapshot->rows;
    query->first = offset < rows ? offset : rows;
    query->total = rows - query->first < limit ? rows - query->first : limit;
    return 0;
}

static int run_query(struct sql_context *context, struct sql_query *tree,
                     const volatile bool *cancel, struct sandbox_query *query)
{
    sandbox_result_columns(query, tree->names, tree->types, tree->nullables, tree->column_count);
    if (plain_scan(tree))
        return open_scan(context, tree, query);
    if (plain_count(tree)) {
        struct sandbox_value *values =
            sandbox_arena_alloc(query->arena, tree->column_count * sizeof *values);
        for (size_t i = 0; i < tree->column_count; i++)
            values[i].i = tree->selects.items[0]->sources.items[0].snapshot->rows;
        return sandbox_result_append(query, values);
    }
    return sandbox_sqlite_run(context, tree, cancel, query);
}

static int run_statement(struct sql_context *context, const volatile bool *cancel,
                         struct sandbox_query *query)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    struct sql_statement statement;
    if (sql_parse(context, context->request->statement, &statement) < 0)
        return -1;
    sandbox_workspace_lock(workspace);
    int result = statement.kind == ST_QUERY ? sql_resolve_query(context, statement.query)
                                            : sandbox_show_run(context, &statement, query);
    sandbox_workspace_unlock(workspace);
    if (result == 0 && statement.kind == ST_QUERY)
        result = run_query(context, statement.query, cancel, query);
    return result;
}

int sandbox_query_run(const struct sandbox_query_request *request, const volatile bool *cancel,
                      struct sandbox_query **out, struct sandbox_query_error *error)
{
    struct sandbox_query *query = base_alloc_zero(1, sizeof *query);
    struct base_seam *seam = sandbox_workspace_seam(request->workspace);
    struct sql_context context = {
        .request = request,
        .error = error,
        .text = request->statement,
        .time_zone = request->time_zone && *request->time_zone ? request->time_zone : "Etc/UTC",
        .now_us = base_seam_now_us(seam),
    };
    memset(error, 0, sizeof *error);
    query->arena = context.arena = sandbox_arena_new();
    query->time_zone = base_strdup(context.time_zone);
    int result =
        sandbox_zone_valid(context.time_zone)
            ? run_statement(&context, cancel, query)
            : sql_error(&context, "22009", -1, "[INVALID_TIMEZONE] The timezone: %s is invalid.",
                        context.time_zone);
    sql_context_free(&context);
    if (result == 0 && request->row_limit > 0 && query->total > request->row_limit) {
        query->total = request->row_limit;
        query->truncated = true;
    }
    if (result < 0) {
        sandbox_query_free(&query);
        return -1;
    }
    sandbox_result_chunks(query, request);
    *out = query;
    return 0;
}

void sandbox_query_free(struct sandbox_query **query)
{
    struct sandbox_query *it = *query;
    if (!it)
        return;
    for (size_t i = 0; i < it->batches.count; i++)
        sandbox_batch_free(&it->batches.items[i]);
    vec_free(&it->batches);
    sandbox_spool_close(&it->spool);
    vec_free(&it->chunks);
    free(it->time_zone);
    sandbox_arena_free(&it->arena);
    base_free(query);
}

void sandbox_query_error_free(struct sandbox_query_error *error)
{
    base_free(&error->message);
}

size_t sandbox_query_columns(const struct sandbox_query *query,
                             const struct sandbox_result_column **columns)
{
    *columns = query->columns;
    return query->column_count;
}

int64_t sandbox_query_total_rows(const struct sandbox_query *query)
{
    return query->total;
}

bool sandbox_query_truncated(const struct sandbox_query *query)
{
    return query->truncated;
}

size_t sandbox_query_chunks(const struct sandbox_query *query)
{
    return query->chunks.count;
}

void sandbox_query_chunk(const struct sandbox_query *query, size_t index, int64_t *row_offset,
                         int64_t *row_count, int64_t *byte_count)
{
    const struct sandbox_chunk *chunk = &query->chunks.items[index];
    *row_offset = chunk->row;
    *row_count = chunk->rows;
    *byte_count = chunk->bytes;
}
