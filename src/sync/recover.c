/* At start: every run between intent and record is resolved by asking the destination
 * (reliability.md (c), P0..P13, L1..L5). What was not published is dropped and read again as a new
 * attempt of the same run; what may have been is looked up by its identity. */
#include "sync/internal.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void recover_tell(void *user)
{
    struct sync *sync = user;
    void (*done)(void *, int, const struct err *) = sync->recover_done;
    sync->recover_timer = 0;
    sync->recovered = true;
    sync->recover_done = NULL;
    base_log_event(sync->deps.log, LOG_INFO_, "sync.recovered", "count",
                   base_log_i64(sync->deps.log, sync->recover_count), NULL);
    if (done)
        done(sync->recover_user, sync->recover_count, &sync->recover_err);
    sync_wake(sync);
}

static void recover_check(struct sync *sync)
{
    if (!sync->recovering && !sync->recovered && !sync->recover_timer)
        sync->recover_timer = net_loop_after(sync->deps.loop, 0, recover_tell, sync);
}

void sync_recovered(struct sync_run *run)
{
    if (!run->recovering)
        return;
    run->recovering = false;
    run->sync->recovering--;
    recover_check(run->sync);
}

static int run_load(struct sync_run *run, struct err *err)
{
    struct store_state *store = run->sync->deps.store;
    run->destination = store_run_destination(store, run->row.id, err);
    if (!run->destination || store_plan_get(store, run->row.id, &run->plan, err))
        return -1;
    run->planned = !sync_plan_is_intent(&run->plan);
    run->table = sync_plan_request(&run->plan);
    return 0;
}

static void run_resume(struct sync_run *run)
{
    struct err err = ERR_INIT;
    if (run_load(run, &err)) {
        base_err_context(&err, "reading the stored run");
        run->gave_up = true;
        sync_run_fail(run, &err);
        return;
    }
    if (run->row.state == RUN_PUBLISHING) {
        run->staging = true;
        sync_publish_resolve(run);
        return;
    }
    if (run->row.state == RUN_PUBLISHED || run->row.state == RUN_RECORDED) {
        sync_recovered(run);
        sync_clean_start(run);
        return;
    }
    char *statement =
        store_statement_get(run->sync->deps.store, run->row.id, run->row.attempt, 0, &err);
    if (statement)
        snprintf(run->extract.statement_id, sizeof run->extract.statement_id, "%s", statement);
    else if (run->planned)
        sync_submit_search(run);
    free(statement);
    run->staging = true;
    run->interrupted = true;
    base_err_clear(&err);
    base_err_set(&err, ERR_HOST_INTERRUPTED, "the engine ended in state %s",
                 model_run_state_name(run->row.state));
    sync_run_fail(run, &err);
}

void sync_recover(struct sync *sync, void (*done)(void *user, int resolved, const struct err *err),
                  void *user)
{
    struct model_run *runs = NULL;
    size_t count = 0;
    sync->recover_done = done;
    sync->recover_user = user;
    if (store_runs_unresolved(sync->deps.store, &runs, &count, &sync->recover_err))
        count = 0;
    sync->recover_count = (int)count;
    sync->recovering = (int)count;
    struct sync_run **loaded = base_alloc_zero(count ? count : 1, sizeof(struct sync_run *));
    for (size_t i = 0; i < count; i++) {
        loaded[i] = sync_run_new(sync, &runs[i]);
        loaded[i]->recovering = true;
    }
    for (size_t i = 0; i < count; i++)
        run_resume(loaded[i]);
    free(loaded);
    store_runs_free(runs, count);
    if (count)
        sync_progress_start(sync);
    recover_check(sync);
    sync_wake(sync);
}
