/* The statement of a run, submitted once. Where the answer is lost the workspace is asked for the
 * statement by the mark in its text: one that is there is used, not repeated. */
#include "sync/extract.h"
#include "sync/internal.h"

#include "base/alloc.h"
#include "databricks/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS 3                           /* the list may be a moment late */
#define SINCE_US ((int64_t)600 * 1000000) /* clocks differ */

/* A submission under way. It is never cancelled: without its answer the statement could not be
 * cancelled either. */
struct sync_submit {
    struct sync *sync;
    struct sync_submit *next;
    struct databricks_call *call;
    int64_t run_id;
    int epoch;
    bool awaited; /* the run is undoing and waits for the answer */
    char mark[128];
    int64_t began_us; /* wall clock */
    int looks;
    uint64_t timer;
    struct err lost; /* how the answer was lost */
};

/* What makes the statement of one attempt findable among all of a warehouse. */
static void mark_of(const struct sync_run *run, char *out, size_t size)
{
    snprintf(out, size, "aampe:%s/%" PRId64 "/%d", run->row.sync_uuid, run->row.id,
             (int)run->row.attempt);
}

/* The submission is over: what is left of it is undone, or goes on in its run. */
static void submit_end(struct sync_submit *s, const struct err *err, const char *id, bool over)
{
    struct sync *sync = s->sync;
    struct sync_submit **at = &sync->submits;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    struct sync_run *run = sync_run_find(sync, s->run_id);
    if (!run || s->awaited || run->epoch != s->epoch) {
        struct sync_run *waits = s->awaited ? run : NULL;
        if (id && id[0] && !over)
            sync_statement_end(sync, id, true, waits);
        if (waits)
            waits->undoing--;
    } else if (err) {
        sync_run_fail(run, err);
    } else {
        sync_statement_known(run, id);
    }
    free(s);
    sync_wake(sync);
}

static void look(void *user);

static void on_found(void *user, const struct err *err,
                     const struct databricks_history_found *found)
{
    struct sync_submit *s = user;
    struct base_log *log = s->sync->deps.log;
    bool there = !err && found->id[0];
    s->call = NULL;
    if (!err && !there && ++s->looks < LOOKS) {
        s->timer =
            net_loop_after(s->sync->deps.loop, 2 * s->sync->deps.settings.retry_base_ms, look, s);
        return;
    }
    base_log_event(log, LOG_WARN_, "sync.submit_lost", "run", base_log_i64(log, s->run_id), "code",
                   base_err_name(s->lost.code), "statement_id", there ? found->id : NULL, "state",
                   there ? "found"
                   : err ? "unknown"
                         : "not there",
                   NULL);
    if (err)
        base_err_hint(&s->lost,
                      "The query history of the workspace could not be read (%s): the statement "
                      "may still run there; it is marked %s.",
                      base_err_name(err->code), s->mark);
    if (there)
        submit_end(s, NULL, found->id, found->over);
    else
        submit_end(s, &s->lost, NULL, false);
}

static void look(void *user)
{
    struct sync_submit *s = user;
    struct databricks_history_look what = {.warehouse = s->sync->deps.settings.warehouse_id,
                                           .since_us = s->began_us - SINCE_US,
                                           .mark = s->mark};
    s->timer = 0;
    s->call = databricks_history_find(s->sync->deps.databricks, SYNC_IDENTITY, &what, on_found, s);
}

/* Whether the workspace may have taken what it did not answer to. */
static bool may_have_been_taken(const struct err *err)
{
    if (err->http_status)
        return err->http_status / 100 == 2 || (err->http_status >= 500 && err->http_status != 503);
    return base_err_class(err->code) == ERR_CLASS_TRANS && err->code != ERR_NET_DNS &&
           err->code != ERR_NET_CONNECT;
}

static void on_submitted(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct sync_submit *s = user;
    s->call = NULL;
    if (err && may_have_been_taken(err)) {
        s->lost = *err;
        look(s);
    } else if (err) {
        submit_end(s, err, NULL, false);
    } else if (statement->state == DATABRICKS_FAILED || statement->state == DATABRICKS_CANCELED ||
               statement->state == DATABRICKS_CLOSED) {
        submit_end(s, &statement->error, NULL, true);
    } else {
        submit_end(s, NULL, statement->id, databricks_state_over(statement->state));
    }
}

bool sync_submit_await(struct sync_run *run)
{
    for (struct sync_submit *s = run->sync->submits; s; s = s->next) {
        if (s->run_id != run->row.id || s->epoch < 0)
            continue;
        s->awaited = true;
        return true;
    }
    return false;
}

void sync_submits_drop(struct sync *sync)
{
    while (sync->submits) {
        struct sync_submit *s = sync->submits;
        sync->submits = s->next;
        databricks_cancel(&s->call);
        net_loop_cancel_timer(sync->deps.loop, s->timer);
        free(s);
    }
}

static struct sync_submit *submit_new(struct sync_run *run)
{
    struct sync *sync = run->sync;
    struct sync_submit *s = base_alloc_zero(1, sizeof *s);
    s->sync = sync;
    s->run_id = run->row.id;
    s->epoch = run->epoch;
    s->began_us = base_seam_now_us(sync->deps.seam);
    mark_of(run, s->mark, sizeof s->mark);
    s->next = sync->submits;
    sync->submits = s;
    return s;
}

void sync_extract_submit(struct sync_run *run)
{
    struct sync *sync = run->sync;
    struct err err = ERR_INIT;
    char *sql = model_plan_statement(&run->plan, 0, &err);
    if (sql && !*sync->deps.settings.warehouse_id)
        base_err_set(&err, ERR_CONFIG_MISSING, "no warehouse is chosen");
    if (err.code) {
        free(sql);
        sync_run_fail(run, &err);
        return;
    }
    sync_warehouse_used(sync);
    base_seam_crash(sync->deps.seam, "P1");
    struct sync_submit *s = submit_new(run);
    char *marked = base_printf("%s /* %s */", sql, s->mark);
    sync_run_step(run, STEP_SUBMIT);
    struct databricks_execute execute = {
        .warehouse = sync->deps.settings.warehouse_id,
        .sql = marked,
        .lz4 = !sync->deps.settings.no_compression,
    };
    s->call = databricks_statement_execute(sync->deps.databricks, SYNC_IDENTITY, &execute,
                                           on_submitted, s);
    free(marked);
    free(sql);
}

void sync_submit_search(struct sync_run *run)
{
    struct sync_submit *s = submit_new(run);
    s->epoch = -1; /* found, it is only ended */
    s->looks = LOOKS;
    s->began_us = run->row.started_us ? run->row.started_us : s->began_us;
    base_err_set(&s->lost, ERR_HOST_INTERRUPTED, "the engine ended before the answer came");
    look(s);
}
