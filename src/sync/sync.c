#include "sync/sync.h"

#include "sync/internal.h"

#include "base/alloc.h"

#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT ((size_t)160 << 20)

static void settings_copy(struct sync *sync, const struct sync_settings *from)
{
    struct sync_settings *s = &sync->deps.settings;
    int workers = s->workers;
    size_t memory = s->memory_limit;
    char *warehouse = base_strdup(from->warehouse_id ? from->warehouse_id : "");
    char *codec = base_strdup(from->codec && *from->codec ? from->codec : "snappy");
    char *principal = base_strdup(from->principal ? from->principal : "");
    *s = *from;
    free(sync->warehouse_id);
    free(sync->codec);
    free(sync->principal);
    s->principal = sync->principal = principal;
    s->warehouse_id = sync->warehouse_id = warehouse;
    s->codec = sync->codec = codec;
    s->workers = workers;
    s->memory_limit = memory;
    if (s->parallel_tables <= 0)
        s->parallel_tables = 4;
    if (s->link_parallel <= 0)
        s->link_parallel = 8;
    if (s->group_rows <= 0)
        s->group_rows = 1 << 20;
    if (s->group_bytes <= 0)
        s->group_bytes = (int64_t)128 << 20;
    if (s->file_bytes <= 0)
        s->file_bytes = (int64_t)512 << 20;
    if (s->no_progress_ms <= 0)
        s->no_progress_ms = 30 * 60 * 1000;
    if (s->retry_base_ms <= 0)
        s->retry_base_ms = 1000;
    if (s->max_attempts <= 0)
        s->max_attempts = 5;
}

struct sync *sync_new(const struct sync_deps *deps, struct err *err)
{
    const struct sync_settings *s = &deps->settings;
    enum columnar_codec codec;
    if (s->codec && *s->codec && columnar_codec_parse(s->codec, &codec, err))
        return NULL;
    struct sync *sync = base_alloc_zero(1, sizeof *sync);
    sync->deps = *deps;
    if (s->workers <= 0) {
        long cores = sysconf(_SC_NPROCESSORS_ONLN);
        sync->deps.settings.workers = cores > 0 && cores < 256 ? (int)cores : 1;
    }
    if (!s->memory_limit)
        sync->deps.settings.memory_limit = MEMORY_DEFAULT;
    settings_copy(sync, s);
    sync->workers = sync_workers_new(deps->loop, sync->deps.settings.workers, err);
    if (!sync->workers) {
        free(sync->warehouse_id);
        free(sync->codec);
        free(sync->principal);
        free(sync);
        return NULL;
    }
    sync->budget = sync_budget_new(sync->deps.settings.memory_limit);
    return sync;
}

void sync_settings_set(struct sync *sync, const struct sync_settings *settings)
{
    settings_copy(sync, settings);
}

void sync_listen(struct sync *sync, const struct sync_listener *listener)
{
    sync->listener = *listener;
}

/* --- statements that are to end, apart from any run --- */

struct sync_ending {
    struct sync *sync;
    struct sync_ending *next;
    struct databricks_call *call;
    int64_t run_id; /* 0: nobody waits for it */
    int epoch;
};

static void ending_done(void *user, const struct err *err)
{
    struct sync_ending *e = user;
    struct sync *sync = e->sync;
    struct sync_ending **at = &sync->endings;
    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (err)
        base_log_event(sync->deps.log, LOG_WARN_, "sync.statement_end", "code",
                       base_err_name(err->code), "message", err->message, NULL);
    struct sync_run *run = e->run_id ? sync_run_find(sync, e->run_id) : NULL;
    if (run && run->epoch == e->epoch) {
        run->undoing--;
        sync_wake(sync);
    }
    free(e);
}

void sync_statement_end(struct sync *sync, const char *id, bool cancel, struct sync_run *run)
{
    struct sync_ending *e = base_alloc_zero(1, sizeof *e);
    e->sync = sync;
    if (run) {
        e->run_id = run->row.id;
        e->epoch = run->epoch;
        run->undoing++;
    }
    e->next = sync->endings;
    sync->endings = e;
    e->call =
        cancel
            ? databricks_statement_cancel(sync->deps.databricks, SYNC_IDENTITY, id, ending_done, e)
            : databricks_statement_close(sync->deps.databricks, SYNC_IDENTITY, id, ending_done, e);
}

/* --- storage verbs under way --- */

struct sync_op *sync_op_new(struct sync_run *run,
                            void (*fn)(struct sync_run *run, const struct storage_reply *reply,
                                       size_t number),
                            size_t number)
{
    struct sync_op *op = base_alloc_zero(1, sizeof *op);
    op->sync = run->sync;
    op->run_id = run->row.id;
    op->epoch = run->epoch;
    op->fn = fn;
    op->number = number;
    run->sync->ops++;
    return op;
}

void sync_op_done(void *user, const struct storage_reply *reply)
{
    struct sync_op *op = user;
    struct sync *sync = op->sync;
    sync->ops--;
    struct sync_run *run = sync->closing ? NULL : sync_run_find(sync, op->run_id);
    /* A failing attempt takes no further step; the answers of its undoing are of the epoch after
     * it. */
    if (run && run->epoch == op->epoch && op->fn && (!run->failing || run->undone)) {
        op->fn(run, reply, op->number);
        sync_wake(sync);
    }
    free(op);
}

/* --- the pump --- */

static void sync_pump(void *user)
{
    struct sync *sync = user;
    sync->pump_timer = 0;
    if (sync->closing)
        return;
    sync_budget_grant(sync->budget);
    int active = 0;
    for (struct sync_run *run = sync->runs, *next; run; run = next) {
        next = run->next;
        if (run->step == STEP_QUEUED) {
            if (!sync->recovered || active >= sync->deps.settings.parallel_tables)
                continue;
            sync_run_attempt_start(run);
        }
        active += run->step < STEP_PUBLISH;
        sync_run_pump(run);
    }
    /* Memory given back by one run may be what another waits for. */
    if (sync_budget_grant(sync->budget))
        sync_wake(sync);
}

void sync_wake(struct sync *sync)
{
    if (!sync->pump_timer && !sync->closing)
        sync->pump_timer = net_loop_after(sync->deps.loop, 0, sync_pump, sync);
}

void sync_free(struct sync **pointer)
{
    struct sync *sync = *pointer;
    if (!sync)
        return;
    *pointer = NULL;
    sync->closing = true;
    net_loop_cancel_timer(sync->deps.loop, sync->pump_timer);
    net_loop_cancel_timer(sync->deps.loop, sync->tick_timer);
    net_loop_cancel_timer(sync->deps.loop, sync->recover_timer);
    sync_previews_drop(sync);
    sync_submits_drop(sync);
    while (sync->endings) {
        struct sync_ending *e = sync->endings;
        sync->endings = e->next;
        databricks_cancel(&e->call);
        free(e);
    }
    while (sync->runs) {
        struct sync_run *run = sync->runs;
        sync->runs = run->next;
        sync_run_free(run);
    }
    while (sync->ops || sync_workers_busy(sync->workers))
        net_loop_turn(sync->deps.loop, 100);
    sync_workers_free(&sync->workers);
    sync_budget_free(&sync->budget);
    free(sync->warehouse_id);
    free(sync->warehouse_name);
    free(sync->warehouse_state);
    free(sync->codec);
    free(sync->principal);
    free(sync);
}

/* --- questions --- */

bool sync_idle(const struct sync *sync)
{
    return !sync->runs && sync->recovered;
}

size_t sync_active(const struct sync *sync)
{
    size_t n = 0;
    for (const struct sync_run *run = sync->runs; run; run = run->next)
        n++;
    return n;
}

int64_t sync_active_run(const struct sync *sync, const struct model_name *table)
{
    for (const struct sync_run *run = sync->runs; run; run = run->next)
        if (model_name_equal(&run->row.table, table))
            return run->row.id;
    return 0;
}

static const struct sync_memo *memo_find(const struct sync *sync, int64_t run_id)
{
    for (size_t i = 0; i < SYNC_MEMOS; i++)
        if (sync->memos[i].run_id == run_id)
            return &sync->memos[i];
    return NULL;
}

bool sync_run_progress(const struct sync *sync, int64_t run_id, struct sync_progress *out)
{
    const struct sync_run *run = sync_run_find((struct sync *)sync, run_id);
    const struct sync_memo *memo = run || !run_id ? NULL : memo_find(sync, run_id);
    if (run)
        sync_progress_fill(run, out);
    else if (memo)
        *out = memo->progress;
    return run || memo;
}

bool sync_run_stats(const struct sync *sync, int64_t run_id, struct sync_stats *out)
{
    const struct sync_run *run = sync_run_find((struct sync *)sync, run_id);
    const struct sync_memo *memo = run || !run_id ? NULL : memo_find(sync, run_id);
    if (run)
        *out = run->stats;
    else if (memo)
        *out = memo->stats;
    return run || memo;
}

const char *const *sync_crash_points(void)
{
    /* Ours first, then those of storage.h that a run passes while nothing else goes wrong. */
    static const char *const points[] = {"P0",   "P1", "P2",  "P3",  "P4",   "P5",   "P6", "P6m",
                                         "P7",   "P8", "P9",  "L1",  "P10a", "P10b", "L2", "L4",
                                         "P10c", "L5", "P11", "P13", "P12",  "P12b", NULL};
    return points;
}

const char *sync_phase_name(enum sync_phase phase)
{
    static const char *const names[] = {
        [SYNC_PHASE_QUEUED] = "queued",       [SYNC_PHASE_PLANNING] = "planning",
        [SYNC_PHASE_STATEMENT] = "statement", [SYNC_PHASE_TRANSFER] = "transfer",
        [SYNC_PHASE_VERIFY] = "verify",       [SYNC_PHASE_PUBLISH] = "publish",
        [SYNC_PHASE_CLEAN] = "clean",         [SYNC_PHASE_OVER] = "over"};
    return (size_t)phase < base_countof(names) ? names[phase] : "unknown";
}
