/* The statement of a run: waited for, its result cut into groups. It is submitted in submit.c; the
 * transfer is in transfer.c. */
#include "sync/extract.h"

#include "sync/internal.h"
#include "sync/manifest.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void statement_done(void *user, const struct err *err,
                           struct databricks_statement *statement);

static void statement_polled(void *user, enum databricks_state state)
{
    struct sync_run *run = user;
    run->extract.statement_polled = true;
    run->extract.statement_state = state;
}

void sync_statement_known(struct sync_run *run, const char *id)
{
    struct store_state *store = run->sync->deps.store;
    struct err err = ERR_INIT;
    base_seam_crash(run->sync->deps.seam, "P2");
    snprintf(run->extract.statement_id, sizeof run->extract.statement_id, "%s", id);
    run->stats.statements++;
    if (store_tx_begin(store, &err) ||
        store_statement_put(store, run->row.id, run->row.attempt, 0, id, &err) ||
        sync_run_commit(run, RUN_RUNNING, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    base_seam_crash(run->sync->deps.seam, "P3");
    sync_run_step(run, STEP_WAIT);
    run->call = databricks_statement_wait(run->sync->deps.databricks, SYNC_IDENTITY, id,
                                          statement_polled, statement_done, run);
}

/* --- the count of its own --- */

static void count_done(void *user, const struct err *err, struct databricks_query *query)
{
    struct sync_run *run = user;
    struct err own = ERR_INIT;
    run->count_call = NULL;
    if (err) {
        own = *err;
    } else {
        const char *cell =
            query->rows.row_count && query->rows.column_count ? query->rows.cells[0] : NULL;
        char *end = NULL;
        long long n = cell ? strtoll(cell, &end, 10) : -1;
        if (n < 0 || end == cell || *end)
            base_err_set(&own, ERR_SRC_UNCLASSIFIED, "count(*) gave no number");
        else
            run->row.counts.source_rows = n;
    }
    if (own.code) {
        base_err_context(&own, "counting the source");
        sync_run_fail(run, &own);
        return;
    }
    run->count_known = true;
    sync_wake(run->sync);
}

static int count_ask(struct sync_run *run, struct err *err)
{
    char *sql = model_plan_count_statement(&run->plan, err);
    if (!sql)
        return -1;
    run->count_call = databricks_query_json(run->sync->deps.databricks, SYNC_IDENTITY,
                                            run->sync->deps.settings.warehouse_id, sql, NULL, 0, 1,
                                            count_done, run);
    run->stats.statements++;
    free(sql);
    return 0;
}

/* --- the result --- */

/* What a group may have, so that two groups at their peak fit the limit: chunks twice, pages at the
 * first guess. */
static int64_t group_bytes_fitting(const struct sync *sync, int64_t max_chunk)
{
    const struct sync_settings *s = &sync->deps.settings;
    int64_t limit = (int64_t)s->memory_limit, bytes = 0;
    for (int groups = s->workers > 2 ? s->workers : 2; groups >= 2; groups--) {
        bytes = (int64_t)((double)(limit / groups - 2 * max_chunk) / SYNC_PAGE_RATIO);
        if (bytes >= (int64_t)32 << 20)
            break;
    }
    if (bytes > s->group_bytes)
        bytes = s->group_bytes;
    return bytes > max_chunk ? bytes : max_chunk;
}

static int groups_cut(struct sync_run *run, const struct databricks_manifest *m, struct err *err)
{
    struct sync_extract *x = &run->extract;
    size_t columns = run->plan.columns.count;
    int64_t max_chunk = 0;
    if (sync_manifest_read(m, &run->plan.columns, &x->chunks, &x->chunk_count, &x->lz4, err))
        return -1;
    for (size_t i = 0; i < x->chunk_count; i++) {
        int64_t bytes = sync_chunk_bytes(&x->chunks[i], columns);
        max_chunk = bytes > max_chunk ? bytes : max_chunk;
        x->total_bytes = bytes > INT64_MAX - x->total_bytes ? INT64_MAX : x->total_bytes + bytes;
    }
    x->again = base_alloc_zero(x->chunk_count ? x->chunk_count : 1, sizeof *x->again);
    x->group_count =
        sync_groups_cut(x->chunks, x->chunk_count, columns, run->sync->deps.settings.group_rows,
                        group_bytes_fitting(run->sync, max_chunk), &x->groups);
    x->total_rows = m->total_row_count;
    run->row.counts.manifest_rows = m->total_row_count;
    run->row.counts.decoded_rows = 0;
    run->row.chunks_total = (int64_t)x->chunk_count;
    run->row.chunks_done = 0;
    return 0;
}

/* Zero rows where the last generation had some is more often an accident than the truth. */
static int empty_check(struct sync_run *run, struct err *err)
{
    struct model_run last = {0};
    struct err none = ERR_INIT;
    if (run->extract.total_rows || run->allow_empty)
        return 0;
    if (store_run_last_good(run->sync->deps.store, run->row.sync_uuid, &last, &none))
        return none.code == ERR_RUN_NOT_FOUND ? 0 : (*err = none, -1);
    int64_t rows = last.counts.file_rows;
    model_run_free(&last);
    if (rows > 0)
        return base_err_set(err, ERR_EMPTY_UNEXPECTED,
                            "the table is empty now and had %" PRId64 " rows last time", rows);
    return 0;
}

/* Now that the size is known, better to stop before the transfer than in the middle of it. */
static void space_seen(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct err err = *reply->err;
    (void)number;
    if (run->step == STEP_TRANSFER && (err.code || sync_space_check(run, reply, &err)))
        sync_run_fail(run, &err);
}

static void statement_done(void *user, const struct err *err,
                           struct databricks_statement *statement)
{
    struct sync_run *run = user;
    struct sync *sync = run->sync;
    struct err own = ERR_INIT;
    run->call = NULL;
    if (!err)
        statement_polled(run, statement->state);
    if (err)
        own = *err;
    else if (!statement->has_manifest)
        base_err_set(&own, ERR_SRC_UNCLASSIFIED,
                     "the statement succeeded without a result manifest");
    else if (!groups_cut(run, &statement->manifest, &own) && !empty_check(run, &own) &&
             !store_run_chunks(sync->deps.store, run->row.id, 0, run->row.chunks_total, &own))
        (void)!count_ask(run, &own);
    if (own.code) {
        if (!own.statement_id[0])
            snprintf(own.statement_id, sizeof own.statement_id, "%s", run->extract.statement_id);
        sync_run_fail(run, &own);
        return;
    }
    base_log_event(sync->deps.log, LOG_INFO_, "sync.result", "run",
                   base_log_i64(sync->deps.log, run->row.id), "rows",
                   base_log_i64(sync->deps.log, run->extract.total_rows), "chunks",
                   base_log_i64(sync->deps.log, run->row.chunks_total), "groups",
                   base_log_i64(sync->deps.log, (int64_t)run->extract.group_count), "statement_id",
                   run->extract.statement_id, NULL);
    sync_run_advanced(run);
    sync_run_step(run, STEP_TRANSFER);
    storage_space(sync->deps.storage, sync_op_done, sync_op_new(run, space_seen, 0));
}
