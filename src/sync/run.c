/* One run: the order of its steps, what becomes of a failed attempt, and its end. */
#include "sync/internal.h"

#include "base/alloc.h"
#include "model/grant.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BACKOFF_CAP_MS 60000
#define RETRY_AFTER_CAP_MS 600000
#define STORE_AGAIN_MS 2000

struct sync_run *sync_run_new(struct sync *sync, const struct model_run *row)
{
    struct sync_run *run = base_alloc_zero(1, sizeof *run);
    struct sync_run **at = &sync->runs;
    run->sync = sync;
    run->row = *row;
    run->row.table = model_name_dup(&row->table);
    run->progress_mono_us = base_seam_mono_us(sync->deps.seam);
    run->event_mono_us = run->progress_mono_us;
    while (*at)
        at = &(*at)->next;
    *at = run;
    return run;
}

void sync_run_free(struct sync_run *run)
{
    sync_run_timer_stop(run);
    sync_planner_cancel(&run->planner);
    sync_extract_clear(run);
    sync_verify_clear(run);
    sync_write_clear(run);
    model_plan_free(&run->plan);
    sync_share_table_free(&run->table);
    model_run_free(&run->row);
    free(run->destination);
    free(run->old_seqs);
    free(run->failed_chunks);
    free(run);
}

struct sync_run *sync_run_find(struct sync *sync, int64_t id)
{
    struct sync_run *run = sync->runs;
    while (run && run->row.id != id)
        run = run->next;
    return run;
}

void sync_run_step(struct sync_run *run, enum sync_step step)
{
    if (run->failing)
        return;
    run->step = step;
    run->told_dirty = true;
    sync_wake(run->sync);
}

void sync_run_listen(struct sync_run *run)
{
    struct sync *sync = run->sync;
    struct base_log *log = sync->deps.log;
    const struct err *e = run->row.state == RUN_FAILED ? &run->row.err : NULL;
    base_log_event(log, e ? LOG_WARN_ : LOG_INFO_, "run.state", "run",
                   base_log_i64(log, run->row.id), "state", model_run_state_name(run->row.state),
                   "attempt", base_log_i64(log, run->row.attempt), "code",
                   e ? base_err_name(e->code) : NULL, "message", e ? e->message : NULL, NULL);
    if (sync->listener.on_run_state)
        sync->listener.on_run_state(sync->listener.user, &run->row);
}

int sync_run_commit(struct sync_run *run, enum model_run_state state, struct err *err)
{
    struct store_state *store = run->sync->deps.store;
    if (run->failing)
        return base_err_set(err, ERR_INTERNAL, "an attempt that is given up takes no further step");
    if (store_run_state(store, run->row.id, state, err) || store_tx_commit(store, err))
        return -1;
    run->row.state = state;
    sync_run_advanced(run);
    sync_run_listen(run);
    return 0;
}

void sync_run_advanced(struct sync_run *run)
{
    run->progress_mono_us = base_seam_mono_us(run->sync->deps.seam);
    if (run->row.chunks_done > run->best_chunks) {
        run->best_chunks = run->row.chunks_done;
        run->proved_mono_us = run->progress_mono_us;
    }
    run->told_dirty = true;
}

/* --- timers --- */

static void timer_fired(void *user)
{
    struct sync_run *run = user;
    void (*fn)(struct sync_run *) = run->timer_fn;
    run->timer = 0;
    run->timer_at_us = 0;
    fn(run);
    sync_wake(run->sync);
}

void sync_run_timer_stop(struct sync_run *run)
{
    net_loop_cancel_timer(run->sync->deps.loop, run->timer);
    run->timer = 0;
    run->timer_at_us = 0;
}

void sync_run_timer(struct sync_run *run, int64_t ms, void (*fn)(struct sync_run *run))
{
    sync_run_timer_stop(run);
    run->timer_fn = fn;
    run->timer_at_us = base_seam_now_us(run->sync->deps.seam) + ms * 1000;
    run->timer = net_loop_after(run->sync->deps.loop, ms, timer_fired, run);
}

/* --- the beginning of an attempt --- */

static void staging_begin(struct sync_run *run);

/* The state was restored from a backup: the run goes on after what is there, and what is there is
 * known again. */
static int number_after(struct sync_run *run, const struct storage_reply *reply, struct err *err)
{
    struct store_state *store = run->sync->deps.store;
    vec_of(int64_t) seqs = {0};
    int64_t from = run->row.seq;
    for (size_t i = 0; i < reply->generation_count; i++)
        vec_push(&seqs, reply->generations[i].seq);
    int rc = store_tx_begin(store, err);
    if (!rc)
        rc = store_generations_adopt(store, run->row.id, seqs.items, seqs.count, err);
    if (!rc)
        rc = store_run_renumber(store, run->row.id, reply->highest_seq, &run->row.seq, err);
    if (!rc)
        rc = store_tx_commit(store, err);
    vec_free(&seqs);
    if (!rc)
        base_log_event(run->sync->deps.log, LOG_WARN_, "sync.renumbered", "run",
                       base_log_i64(run->sync->deps.log, run->row.id), "from",
                       base_log_i64(run->sync->deps.log, from), "to",
                       base_log_i64(run->sync->deps.log, run->row.seq), NULL);
    else
        run->row.seq = from;
    return rc;
}

static void begun(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct err err = *reply->err, none = ERR_INIT;
    (void)number;
    if (err.code == ERR_DST_AHEAD_OF_STATE) {
        if (!number_after(run, reply, &none)) {
            staging_begin(run);
            return;
        }
        err = none;
    }
    if (!err.code)
        (void)!sync_space_check(run, reply, &err);
    if (err.code)
        sync_run_fail(run, &err);
    else
        sync_extract_submit(run);
}

static void staging_begin(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    run->staging = true;
    sync_run_step(run, STEP_BEGIN);
    storage_begin(run->sync->deps.storage, &id, sync_op_done, sync_op_new(run, begun, 0));
}

static void planned(void *user, struct sync_planned *found, const struct err *err)
{
    struct sync_run *run = user;
    struct store_state *store = run->sync->deps.store;
    struct err own = ERR_INIT;
    run->planner = NULL;
    if (err)
        own = *err;
    else if (found->refused_err.code)
        own = found->refused_err;
    else if (!store_tx_begin(store, &own) &&
             !store_plan_put(store, run->row.id, &found->plan, &own) &&
             !store_run_version(store, run->row.id, found->plan.version, &own))
        (void)!store_tx_commit(store, &own);
    if (own.code) {
        sync_run_fail(run, &own);
        return;
    }
    model_plan_free(&run->plan);
    run->plan = found->plan;
    memset(&found->plan, 0, sizeof found->plan);
    run->planned = run->sync->reached = true;
    run->row.version = run->plan.version;
    sync_run_advanced(run);
    staging_begin(run);
}

void sync_run_attempt_start(struct sync_run *run)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    if (!run->begun_mono_us)
        run->begun_mono_us = run->proved_mono_us = now;
    run->event_mono_us = now;
    run->attempt_mono_us = now;
    run->last_chunk_mono_us = 0;
    run->waits = net_http_waits(databricks_http(run->sync->deps.databricks));
    run->row.counts = (struct model_run_counts){-1, -1, -1, -1};
    run->count_known = false;
    run->epoch++;
    sync_run_advanced(run);
    sync_progress_start(run->sync);
    if (run->planned) {
        staging_begin(run);
        return;
    }
    sync_run_step(run, STEP_PLAN);
    run->planner = sync_planner_new(run->sync, &run->table, planned, run);
}

/* --- the end of an attempt --- */

void sync_run_fail(struct sync_run *run, const struct err *err)
{
    /* What could not be stored wholly is not stored at all. */
    store_tx_rollback(run->sync->deps.store);
    if (run->failing)
        return;
    sync_live_keep(run);
    run->failure = *err;
    model_grant_chain(&run->row.table, run->plan.view_owner, &run->failure);
    model_grant_hint(&run->row.table, run->sync->deps.settings.principal, &run->failure);
    run->step = STEP_UNDO;
    run->failing = true;
    run->counted = false;
    run->told_dirty = true;
    base_log_event(run->sync->deps.log, LOG_WARN_, "run.attempt_failed", "run",
                   base_log_i64(run->sync->deps.log, run->row.id), "attempt",
                   base_log_i64(run->sync->deps.log, run->row.attempt), "code",
                   base_err_name(run->failure.code), "message", err->message, "statement_id",
                   run->extract.statement_id[0] ? run->extract.statement_id : NULL, NULL);
    sync_wake(run->sync);
}

static void aborted(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct base_log *log = run->sync->deps.log;
    (void)number;
    run->undoing--;
    if (reply->err->code)
        base_log_event(log, LOG_WARN_, "sync.abort", "run", base_log_i64(log, run->row.id), "code",
                       base_err_name(reply->err->code), "message", reply->err->message, NULL);
}

/* Takes an attempt apart. Its statement is cancelled before another one can be submitted. */
void sync_run_undo(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    char statement[sizeof run->extract.statement_id];
    bool keep = sync_code_is_data_miss(run->failure.code) && run->row.state >= RUN_STAGED;
    bool interrupted = run->interrupted;
    memcpy(statement, run->extract.statement_id, sizeof statement);
    run->epoch++;
    run->undone = true;
    run->undoing = 0;
    sync_run_timer_stop(run);
    sync_planner_cancel(&run->planner);
    sync_meter_add(run, -run->rows_done);
    sync_extract_clear(run);
    sync_verify_clear(run);
    sync_write_clear(run);
    if (sync_submit_await(run))
        run->undoing++;
    /* After a restart nobody waits for the workspace: it may not answer for long. */
    if (statement[0])
        sync_statement_end(run->sync, statement, true, interrupted ? NULL : run);
    if (run->staging) {
        run->undoing++;
        storage_abort(run->sync->deps.storage, &id, keep, sync_op_done,
                      sync_op_new(run, aborted, 0));
    }
    run->staging = false;
}

static void pause_over(struct sync_run *run)
{
    sync_run_step(run, STEP_QUEUED);
}

static int64_t backoff_ms(struct sync_run *run)
{
    int shift = run->failures > 7 ? 7 : run->failures - 1;
    int64_t cap = run->sync->deps.settings.retry_base_ms << (shift > 0 ? shift : 0);
    uint64_t random = 0;
    if (cap > BACKOFF_CAP_MS)
        cap = BACKOFF_CAP_MS;
    base_seam_random(run->sync->deps.seam, &random, sizeof random);
    int64_t ms = (int64_t)(random % (uint64_t)(cap + 1));
    int64_t asked = run->failure.retry_after_ms;
    if (asked > RETRY_AFTER_CAP_MS)
        asked = RETRY_AFTER_CAP_MS;
    return asked > ms ? asked : ms;
}

/* The store would not take it: the run stays where it is and the store is asked again. */
static void store_again(struct sync_run *run, const struct err *err)
{
    base_log_event(run->sync->deps.log, LOG_ERROR_, "sync.store", "run",
                   base_log_i64(run->sync->deps.log, run->row.id), "code", base_err_name(err->code),
                   "message", err->message, NULL);
    run->failing = true;
    run->undone = true;
    run->step = STEP_UNDO;
    sync_run_timer(run, STORE_AGAIN_MS, sync_run_pump);
}

/* Why it waits, for people; a note that cannot be stored is no reason to stop. */
static void note(struct sync_run *run)
{
    struct err err = ERR_INIT;
    if (!store_run_note(run->sync->deps.store, run->row.id, &run->failure, &err))
        run->row.err = run->failure;
}

static void attempt_again(struct sync_run *run)
{
    struct model_run row = {0};
    struct err err = ERR_INIT;
    bool interrupted = run->interrupted;
    if (store_run_attempt(run->sync->deps.store, run->row.id, &row, &err)) {
        store_again(run, &err);
        return;
    }
    model_run_free(&run->row);
    run->row = row;
    if (!interrupted)
        run->planned = false; /* a later attempt reads the newest version */
    run->interrupted = false;
    sync_run_step(run, STEP_PAUSE);
    if (!interrupted)
        note(run);
    sync_run_listen(run);
    sync_recovered(run);
    if (interrupted)
        sync_run_step(run, STEP_QUEUED);
    else
        sync_run_timer(run, backoff_ms(run), pause_over);
}

static void attempt_final(struct sync_run *run)
{
    struct store_state *store = run->sync->deps.store;
    struct err err = ERR_INIT;
    int rc = run->cancelled ? store_run_cancel(store, run->row.id, -1, &err)
                            : store_run_fail(store, run->row.id, &run->failure, &err);
    if (rc) {
        store_again(run, &err);
        return;
    }
    run->row.state = run->cancelled ? RUN_CANCELLED : RUN_FAILED;
    run->row.finished_us = base_seam_now_us(run->sync->deps.seam);
    if (!run->cancelled)
        run->row.err = run->failure;
    sync_run_listen(run);
    sync_run_over(run);
}

/* An outage on a way that was open before is waited out. */
static bool waits_out(const struct sync_run *run)
{
    int64_t limit = run->sync->deps.settings.no_progress_ms * 1000;
    return run->sync->reached && sync_code_is_outage(run->failure.code) &&
           base_seam_mono_us(run->sync->deps.seam) - run->proved_mono_us < limit;
}

static void attempt_over(struct sync_run *run)
{
    const struct sync_settings *s = &run->sync->deps.settings;
    enum err_code code = run->failure.code;
    run->undone = false;
    run->failing = false;
    if (!run->interrupted && !run->cancelled && !run->counted) {
        run->counted = true;
        run->failures++;
        run->data_misses += sync_code_is_data_miss(code);
    }
    bool again = !run->cancelled && !run->gave_up &&
                 (run->interrupted || waits_out(run) ||
                  sync_retry_allowed(code, run->failures, s->max_attempts, run->data_misses));
    if (again)
        attempt_again(run);
    else
        attempt_final(run);
}

void sync_run_over(struct sync_run *run)
{
    struct sync *sync = run->sync;
    int64_t batch = run->row.batch;
    sync_recovered(run);
    run->step = STEP_OVER;
    sync_progress_over(run);
    struct sync_run **at = &sync->runs;
    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    sync_run_free(run);
    sync_batch_over(sync, batch);
    sync_wake(sync);
}

/* Takes what steps have become possible. The run may be gone afterwards. */
void sync_run_pump(struct sync_run *run)
{
    switch (run->step) {
    case STEP_TRANSFER:
        sync_extract_pump(run);
        break;
    case STEP_VERIFY:
        sync_verify_pump(run);
        break;
    case STEP_UNDO:
        if (!run->undone)
            sync_run_undo(run);
        if (!run->undoing && !run->timer)
            attempt_over(run);
        break;
    default:
        break;
    }
}
