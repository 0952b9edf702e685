/* Runs a typed statement on SQLite, over the generated tables, into stored batches. */
#include "sandbox/sqlite_side.h"

#include "base/alloc.h"
#include "base/text.h"
#include "sandbox/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROGRESS_STEPS 20000

static int watch_cancel(void *user)
{
    const struct sql_run *run = user;
    return run->cancel && *run->cancel;
}

/* What SQLite has no room for is no mistake of ours, and has the service's word for it. */
static bool over_limit(int code, const char *message)
{
    static const char *const limits[] = {"parser stack overflow", "Expression tree is too large",
                                         "too many ", "tables in a join",
                                         "variable number must be"};
    for (size_t i = 0; i < base_countof(limits); i++)
        if (strstr(message, limits[i]))
            return true;
    return code == SQLITE_TOOBIG;
}

/* Errors of our functions are "SQLSTATE|message"; anything else is SQLite's own. */
static int sqlite_error(struct sql_run *run, int code)
{
    const char *message = sqlite3_errmsg(run->db);
    if (code == SQLITE_INTERRUPT) {
        sql_error(run->context, "HY008", -1, "[OPERATION_CANCELED] Operation has been canceled.");
        if (run->context->error->message)
            snprintf(run->context->error->error_code, sizeof run->context->error->error_code,
                     "CANCELLED");
        return -1;
    }
    if (strlen(message) > 6 && message[5] == '|') {
        char sqlstate[6];
        memcpy(sqlstate, message, 5);
        sqlstate[5] = 0;
        return sql_error(run->context, sqlstate, -1, "%s", message + 6);
    }
    if (over_limit(code, message))
        return sql_too_complex(run->context, -1);
    sql_error(run->context, "XX000", -1, "[INTERNAL_ERROR] %s.", message);
    snprintf(run->context->error->error_code, sizeof run->context->error->error_code,
             "INTERNAL_ERROR");
    return -1;
}

static int open_database(struct sql_run *run)
{
    int result =
        sqlite3_open_v2(":memory:", &run->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result != SQLITE_OK)
        return result;
    sqlite3_progress_handler(run->db, PROGRESS_STEPS, watch_cancel, run);
    result = sandbox_sqlite_functions(run);
    if (result == SQLITE_OK)
        result = sandbox_sqlite_scalars(run);
    for (size_t i = 0; i < run->context->scans.count && result == SQLITE_OK; i++)
        result = sandbox_sqlite_scan(run, run->context->scans.items[i]);
    return result;
}

static int prepare(struct sql_run *run, const struct sql_query *tree, sqlite3_stmt **statement)
{
    struct buf sql;
    base_buf_init(&sql, BUF_MAX_DEFAULT);
    int result = sandbox_sqlite_emit(run, tree, &sql);
    if (result == 0) {
        int code = sqlite3_prepare_v2(run->db, sql.data, -1, statement, NULL);
        for (size_t i = 0; i < run->context->bound.count && code == SQLITE_OK; i++)
            code = sandbox_sqlite_bind(*statement, (int)i + 1, &run->context->bound.items[i]->type,
                                       &run->context->bound.items[i]->value);
        if (code != SQLITE_OK)
            result = sqlite_error(run, code);
    }
    base_buf_free(&sql);
    return result;
}

static int collect(struct sql_run *run, sqlite3_stmt *statement, struct sandbox_query *query)
{
    int64_t limit = run->context->request->row_limit;
    struct sandbox_value value;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct sandbox_batch *batch = sandbox_result_row(query);
        if (!batch)
            return sql_error(run->context, "53200", -1,
                             "[OUT_OF_MEMORY] The result is larger than this workspace keeps.");
        for (size_t i = 0; i < query->column_count; i++) {
            sandbox_sqlite_decode(sqlite3_column_value(statement, (int)i), &query->types[i],
                                  &value);
            sandbox_vector_append(&batch->columns[i], &value);
        }
        sandbox_result_row_done(query);
        if (limit > 0 && query->total > limit)
            return 0;
    }
    return code == SQLITE_DONE ? 0 : sqlite_error(run, code);
}

int sandbox_sqlite_run(struct sql_context *context, struct sql_query *tree,
                       const volatile bool *cancel, struct sandbox_query *query)
{
    struct sql_run run = {.context = context, .cancel = cancel, .scratch = sandbox_arena_new()};
    sqlite3_stmt *statement = NULL;
    int code = open_database(&run);
    int result = code == SQLITE_OK ? prepare(&run, tree, &statement) : sqlite_error(&run, code);
    if (result == 0)
        result = collect(&run, statement, query);
    sqlite3_finalize(statement);
    sqlite3_close(run.db);
    vec_free(&run.types);
    vec_free(&run.steps);
    sandbox_arena_free(&run.scratch);
    return result;
}
