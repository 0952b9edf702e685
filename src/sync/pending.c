/* What a statement that does not begin waits for: the warehouse is asked, because the statement
 * itself says PENDING to all of it. */
#include "sync/internal.h"

#include "databricks/warehouse.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE_US ((int64_t)10 * 1000000)
#define AGAIN_US ((int64_t)15 * 1000000)

static void say(struct sync_run *run, enum err_code code, const char *what,
                const struct databricks_warehouse *warehouse)
{
    struct err *why = &run->extract.pending.why;
    bool news = why->code != code;
    base_err_clear(why);
    base_err_set(why, code, "the warehouse \"%s\" %s", warehouse->name ? warehouse->name : "",
                 what);
    base_err_fact(why, "warehouse", "%s", warehouse->id ? warehouse->id : "");
    base_err_fact(why, "warehouse_state", "%s", warehouse->state ? warehouse->state : "");
    base_err_fact(why, "warehouse_health", "%s", warehouse->health ? warehouse->health : "");
    if (news)
        base_log_event(run->sync->deps.log, LOG_INFO_, "sync.pending", "run",
                       base_log_i64(run->sync->deps.log, run->row.id), "code", base_err_name(code),
                       "statement_id", run->extract.statement_id, NULL);
}

static bool state_is(const struct databricks_warehouse *warehouse, const char *state)
{
    return warehouse->state && strcmp(warehouse->state, state) == 0;
}

/* A statement of the run is at the warehouse and has not begun, as far as is known: that of the
 * plan or that of the data. */
static bool waits(const struct sync_run *run)
{
    const struct sync_extract *x = &run->extract;
    if (run->failing)
        return false;
    if (run->step == STEP_PLAN)
        return run->planner && sync_planner_at_warehouse(run->planner);
    return run->step == STEP_WAIT &&
           (!x->statement_polled || x->statement_state == DATABRICKS_PENDING);
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct sync_run *run = user;
    const char *reason;
    run->extract.pending.call = NULL;
    if (err || !waits(run)) /* it only helps to explain: its own failure explains nothing */
        return;
    reason = warehouse->health_reason ? warehouse->health_reason : warehouse->health;
    if (warehouse->health && strcmp(warehouse->health, "FAILED") == 0) {
        say(run, ERR_SRC_WH_START_FAILED, "does not start", warehouse);
        base_err_hint(&run->extract.pending.why, "The warehouse says: %s", reason);
        base_err_fact(&run->extract.pending.why, "health_text", "%s", reason);
    } else if (state_is(warehouse, "RUNNING")) {
        say(run, ERR_SRC_WH_QUEUED, "runs, but is busy: the statement waits in its queue",
            warehouse);
    } else {
        say(run, ERR_SRC_WH_STOPPED, "is not running yet", warehouse);
    }
    if (run->extract.pending.why.code == ERR_SRC_WH_START_FAILED &&
        state_is(warehouse, "STOPPED")) { /* it has given up: so do we */
        struct err why = run->extract.pending.why;
        sync_pending_stamp(run, &why);
        sync_run_fail(run, &why);
    }
}

void sync_pending_stamp(const struct sync_run *run, struct err *err)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    if (!*err->statement_id)
        snprintf(err->statement_id, sizeof err->statement_id, "%s", run->extract.statement_id);
    base_err_fact(err, "statement_state", "PENDING");
    base_err_fact_i64(err, "pending_seconds", (now - run->extract.pending.since_us) / 1000000);
}

void sync_pending_look(struct sync_run *run, int64_t now_us)
{
    struct sync_pending *pending = &run->extract.pending;
    if (!waits(run)) {
        databricks_cancel(&pending->call);
        pending->since_us = 0;
        base_err_clear(&pending->why);
        return;
    }
    if (!pending->since_us)
        pending->since_us = now_us;
    if (pending->call || now_us - pending->since_us < PATIENCE_US ||
        (pending->asked_us && now_us - pending->asked_us < AGAIN_US))
        return;
    pending->asked_us = now_us;
    pending->call =
        databricks_warehouse_get(run->sync->deps.databricks, SYNC_IDENTITY,
                                 run->sync->deps.settings.warehouse_id, on_warehouse, run);
}
