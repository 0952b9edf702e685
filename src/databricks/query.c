#include "databricks/statement.h"

#include "base/alloc.h"
#include "databricks/private.h"
#include "databricks/statement_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_S                                                                                     \
    5 /* as long as it may be unknown what a statement that nobody wants any more is called */
#define BYTES_MAX ((size_t)64 << 20) /* an inline result has at most 25 MiB */

/* A small query from submit to last row. It uses the public calls for its steps, so that each keeps
 * its own rules. */
struct query {
    struct databricks_query result;
    size_t max_rows;
    int64_t next_chunk;
    int chunks;
    size_t bytes; /* of the chunks after the first */
    struct databricks_call *step;
    bool stopping;  /* wanted gone before its id was known */
    bool abandoned; /* nobody waits any more: only the statement is still to be cancelled */
    bool succeeded;
    bool over; /* the workspace has said that the statement is over */
};

void databricks_query_free(struct databricks_query *query)
{
    databricks_manifest_free(&query->manifest);
    databricks_rows_free(&query->rows);
    *query = (struct databricks_query){0};
}

static void free_query(void *extra)
{
    struct query *query = extra;

    databricks_cancel(&query->step);
    databricks_query_free(&query->result);
}

static void deliver_query(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_query *) =
        (void (*)(void *, const struct err *, struct databricks_query *))call->done;

    done(call->user, err, result);
}

static void fail(struct databricks_call *call, const struct err *err)
{
    struct err copy = *err;
    struct query *query = call->extra;

    if (!*copy.statement_id)
        memcpy(copy.statement_id, query->result.id, sizeof copy.statement_id);
    databricks_call_end(call, &copy, NULL);
}

static void parse_chunk(struct databricks_call *call, const cJSON *json,
                        struct net_response *response);

static void next(struct databricks_call *call)
{
    struct query *query = call->extra;
    const struct databricks_manifest *manifest = &query->result.manifest;
    struct err err = ERR_INIT;

    /* One after the other: where the workspace goes round in circles, this would not end. */
    if (query->next_chunk >= 0 && query->next_chunk != ++query->chunks)
        base_err_set(&err, ERR_SRC_CHUNK_GAP, "query: chunk %lld is said to follow chunk %d",
                     (long long)query->next_chunk, query->chunks - 1);
    else if (query->bytes > BYTES_MAX)
        base_err_set(&err, ERR_LIMIT_EXCEEDED, "query: more than %zu bytes", BYTES_MAX);
    if (query->next_chunk >= 0 && err.code == ERR_OK) {
        call->subject = SUBJECT_STATEMENT;
        databricks_call_send(call, "GET",
                             base_printf("/api/2.0/sql/statements/%s/result/chunks/%lld",
                                         query->result.id, (long long)query->next_chunk),
                             NULL, &net_retry_read, parse_chunk);
        return;
    }
    if (manifest->truncated)
        base_err_set(&err, ERR_SRC_RESULT_TRUNCATED, "query: the result was cut");
    else if (manifest->total_row_count >= 0 &&
             (uint64_t)manifest->total_row_count != query->result.rows.row_count)
        base_err_set(&err, ERR_SRC_ROWCOUNT_MISMATCH, "query: %lld rows announced, %zu came",
                     (long long)manifest->total_row_count, query->result.rows.row_count);
    if (err.code != ERR_OK)
        fail(call, &err);
    else
        databricks_call_end(call, NULL, &query->result);
}

static void parse_chunk(struct databricks_call *call, const cJSON *json,
                        struct net_response *response)
{
    struct query *query = call->extra;
    struct err err = ERR_INIT;

    if (databricks_rows_read(json, query->result.manifest.columns.count, query->max_rows,
                             &query->result.rows, &err)) {
        fail(call, &err);
        return;
    }
    query->next_chunk = databricks_next_chunk(json);
    query->bytes += response->body.len;
    next(call);
}

static void on_succeeded(struct databricks_call *call, struct databricks_statement *statement)
{
    struct query *query = call->extra;
    struct err err = ERR_INIT;

    query->succeeded = true;
    query->result.manifest = statement->manifest;
    query->result.rows = statement->rows;
    query->next_chunk = statement->next_chunk;
    statement->manifest = (struct databricks_manifest){0};
    statement->rows = (struct databricks_rows){0};
    if (query->result.rows.row_count > query->max_rows) {
        base_err_set(&err, ERR_LIMIT_EXCEEDED, "query: more than %zu rows", query->max_rows);
        fail(call, &err);
        return;
    }
    next(call);
}

static void on_stop_sent(void *user, const struct err *err)
{
    (void)user, (void)err; /* whatever became of it: nobody waits for the statement any more */
}

static void on_state(void *user, enum databricks_state state)
{
    struct databricks_call *call = user;

    ((struct query *)call->extra)->over = databricks_state_over(state);
}

static void on_waited(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct databricks_call *call = user;
    struct query *query = call->extra;

    query->step = NULL;
    if (!err) {
        on_succeeded(call, statement);
        return;
    }
    /* Nobody can tell any more how it goes on: it may run, and is not left running. */
    if (!query->over && err->code != ERR_SRC_STMT_CLOSED)
        databricks_statement_cancel(call->db, (enum databricks_identity)call->identity,
                                    query->result.id, on_stop_sent, NULL);
    fail(call, err);
}

static void step(struct databricks_call *call, struct databricks_call *inner)
{
    inner->inner = true;
    ((struct query *)call->extra)->step = inner;
}

static void end_stopped(struct databricks_call *call)
{
    struct query *query = call->extra;
    struct err err = ERR_INIT;

    if (query->result.id[0])
        databricks_statement_cancel(call->db, (enum databricks_identity)call->identity,
                                    query->result.id, on_stop_sent, NULL);
    base_err_set(&err, ERR_CANCELLED_BY_USER, "the statement was cancelled before it ended");
    base_err_hint(&err, "Ask again when it is wanted.");
    fail(call, &err);
}

void databricks_query_stop(struct databricks_call *call)
{
    struct query *query = call->extra;

    if (query->result.id[0] == '\0') {
        query->stopping = true; /* cancelled as soon as the workspace has said what it is called */
        return;
    }
    databricks_cancel(&query->step);
    end_stopped(call);
}

static void deliver_nobody(struct databricks_call *call, const struct err *err, void *result)
{
    (void)call, (void)err, (void)result;
}

/* A statement nobody reads is not left running: it is cancelled, now or as soon as it is known what
 * it is called. */
static bool abandon_query(struct databricks_call *call)
{
    struct query *query = call->extra;

    if (query->succeeded || query->abandoned)
        return false;
    if (query->result.id[0]) {
        databricks_statement_cancel(call->db, (enum databricks_identity)call->identity,
                                    query->result.id, on_stop_sent, NULL);
        return false;
    }
    query->abandoned = true;
    call->deliver = deliver_nobody;
    return true;
}

static void end_abandoned(struct databricks_call *call,
                          const struct databricks_statement *statement)
{
    if (statement && statement->id[0] && !databricks_state_over(statement->state))
        databricks_statement_cancel(call->db, (enum databricks_identity)call->identity,
                                    statement->id, on_stop_sent, NULL);
    call->abandon = NULL;
    databricks_call_end(call, NULL, NULL);
}

static void on_executed(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct databricks_call *call = user;
    struct query *query = call->extra;

    query->step = NULL;
    if (query->abandoned) {
        end_abandoned(call, statement);
        return;
    }
    if (err) {
        fail(call, err);
        return;
    }
    memcpy(query->result.id, statement->id, sizeof query->result.id);
    if (query->stopping)
        end_stopped(call);
    else if (statement->state == DATABRICKS_SUCCEEDED)
        on_succeeded(call, statement);
    else if (databricks_state_over(statement->state))
        fail(call, &statement->error);
    else
        step(call, databricks_statement_wait(call->db, (enum databricks_identity)call->identity,
                                             statement->id, on_state, on_waited, call));
}

static struct databricks_call *
query_start(struct databricks *db, enum databricks_identity identity,
            const struct databricks_execute *execute, size_t max_rows,
            void (*done)(void *user, const struct err *err, struct databricks_query *query),
            void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_query);
    struct query *query = base_alloc_zero(1, sizeof *query);

    query->max_rows = max_rows;
    query->next_chunk = -1;
    call->extra = query;
    call->free_extra = free_query;
    call->abandon = abandon_query;
    step(call, databricks_statement_execute(db, identity, execute, on_executed, call));
    return call;
}

struct databricks_call *databricks_query_json(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    const char *sql, const struct databricks_param *params, size_t param_count, size_t max_rows,
    void (*done)(void *user, const struct err *err, struct databricks_query *query), void *user)
{
    struct databricks_execute execute = {.warehouse = warehouse,
                                         .sql = sql,
                                         .params = params,
                                         .param_count = param_count,
                                         .inline_json = true,
                                         .wait_seconds = WAIT_S};

    return query_start(db, identity, &execute, max_rows, done, user);
}

struct databricks_call *databricks_query_stoppable(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    const char *sql, size_t max_rows,
    void (*done)(void *user, const struct err *err, struct databricks_query *query), void *user)
{
    /* Its id comes at once, not after the wait: without it nothing could be cancelled. */
    struct databricks_execute execute = {.warehouse = warehouse, .sql = sql, .inline_json = true};

    return query_start(db, identity, &execute, max_rows, done, user);
}
