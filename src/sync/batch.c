/* Several tables at once: intents, cancelling, trying again. */
#include "sync/internal.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The intent of one run; once committed it is found again after any crash. Inside a transaction of
 * the caller. */
static int run_intend(struct sync *sync, const struct sync_request *request, int64_t batch,
                      struct sync_run **out, struct err *err)
{
    struct store_state *store = sync->deps.store;
    struct store_sync record = {0};
    struct model_run row = {0};
    char *destination = request->destination ? base_strdup(request->destination)
                                             : model_name_path(&request->table->name);
    struct model_plan plan = sync_plan_intent(request->table, sync->deps.settings.codec);
    int rc = store_sync_ensure(store, &request->table->name, destination, &record, err);
    if (!rc) {
        rc = store_run_intend(store, batch, record.sync_uuid, &plan, &row, err);
        store_sync_free(&record);
    }
    model_plan_free(&plan);
    if (rc) {
        free(destination);
        return -1;
    }
    struct sync_run *run = sync_run_new(sync, &row);
    model_run_free(&row);
    run->table = sync_share_table_dup(request->table);
    run->destination = destination;
    run->allow_empty = request->allow_empty;
    *out = run;
    return 0;
}

static int tables_free_check(const struct sync *sync, const struct sync_request *requests,
                             size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        bool busy = sync_active_run(sync, &requests[i].table->name) != 0;
        for (size_t k = 0; k < i && !busy; k++)
            busy = model_name_equal(&requests[k].table->name, &requests[i].table->name);
        if (busy) {
            char *name = model_name_text(&requests[i].table->name);
            base_err_set(err, ERR_ENGINE_BUSY, "\"%s\" is being synced already", name);
            free(name);
            return -1;
        }
    }
    return 0;
}

static int batch_store(struct sync *sync, const struct sync_request *requests, size_t count,
                       const char *trigger, int64_t *batch_id, struct err *err)
{
    struct store_state *store = sync->deps.store;
    if (store_tx_begin(store, err))
        return -1;
    int rc = store_batch_new(store, trigger, -1, batch_id, err);
    for (size_t i = 0; i < count && !rc; i++) {
        struct sync_run *run;
        rc = run_intend(sync, &requests[i], *batch_id, &run, err);
    }
    base_seam_crash(sync->deps.seam, "P0");
    if (!rc)
        rc = store_tx_commit(store, err);
    if (rc)
        store_tx_rollback(store);
    return rc;
}

int sync_batch_start(struct sync *sync, const struct sync_request *requests, size_t count,
                     const char *trigger, int64_t *batch_id, struct err *err)
{
    struct sync_run **tail = &sync->runs;
    if (tables_free_check(sync, requests, count, err))
        return -1;
    while (*tail)
        tail = &(*tail)->next;
    if (batch_store(sync, requests, count, trigger, batch_id, err)) {
        while (*tail) {
            struct sync_run *run = *tail;
            *tail = run->next;
            sync_run_free(run);
        }
        return -1;
    }
    /* Told of only once all are stored: a listener sees whole batches. */
    for (struct sync_run *run = *tail; run; run = run->next)
        sync_run_listen(run);
    sync_progress_start(sync);
    sync_wake(sync);
    return 0;
}

void sync_batch_over(struct sync *sync, int64_t batch)
{
    struct err err = ERR_INIT;
    for (const struct sync_run *run = sync->runs; run; run = run->next)
        if (run->row.batch == batch)
            return;
    if (store_batch_finish(sync->deps.store, batch, &err))
        base_log_event(sync->deps.log, LOG_WARN_, "sync.batch", "batch",
                       base_log_i64(sync->deps.log, batch), "code", base_err_name(err.code),
                       "message", err.message, NULL);
    if (sync->listener.on_batch_over)
        sync->listener.on_batch_over(sync->listener.user, batch);
}

int sync_run_cancel(struct sync *sync, int64_t run_id, struct err *err)
{
    struct sync_run *run = sync_run_find(sync, run_id);
    struct model_run row = {0};
    struct err cause = ERR_INIT;
    if (!run) {
        if (store_run_get(sync->deps.store, run_id, &row, err))
            return -1;
        base_err_set(err, ERR_RUN_NOT_CANCELLABLE, "run %" PRId64 " is over (%s)", run_id,
                     model_run_state_name(row.state));
        base_err_hint(err,
                      "Only a run that is queued or running can be cancelled; see `runs list`.");
        model_run_free(&row);
        return -1;
    }
    if (!model_run_cancellable(run->row.state))
        return base_err_set(err, ERR_RUN_NOT_CANCELLABLE, "run %" PRId64 " is %s", run_id,
                            model_run_state_name(run->row.state));
    run->cancelled = true;
    base_err_set(&cause, ERR_CANCELLED_BY_USER, "cancelled");
    sync_run_fail(run, &cause);
    return 0;
}

int sync_run_retry(struct sync *sync, int64_t run_id, const struct sync_request *request,
                   int64_t *batch_id, struct err *err)
{
    struct sync_run *run = sync_run_find(sync, run_id);
    struct model_run row = {0};
    int64_t batch;
    if (run && run->step == STEP_PAUSE) {
        sync_run_timer_stop(run);
        sync_run_step(run, STEP_QUEUED);
        if (batch_id)
            *batch_id = run->row.batch;
        return 0;
    }
    if (run)
        return base_err_set(err, ERR_ENGINE_BUSY, "run %" PRId64 " is still at work", run_id);
    if (store_run_get(sync->deps.store, run_id, &row, err))
        return -1;
    bool same = model_name_equal(&row.table, &request->table->name);
    model_run_free(&row);
    if (!same)
        return base_err_set(err, ERR_USAGE, "run %" PRId64 " is of another table", run_id);
    return sync_batch_start(sync, request, 1, "retry", batch_id ? batch_id : &batch, err);
}
