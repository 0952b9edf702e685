/* What a run is doing, told at most four times a second; and how long it waited, and for whom. */
#include "sync/internal.h"

#include "base/alloc.h"

#include <string.h>

#define TICK_MS 250
#define STALLED_US ((int64_t)60 * 1000000)
#define RATE_US ((int64_t)1000000)
#define RATE_WINDOW_US ((int64_t)10 * 1000000)
#define GAP_US 2000 /* between the pieces of a transfer that flows */

/* A gap in which nothing arrived while no worker had anything to do was the server's. */
void sync_progress_event(struct sync_run *run)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    int64_t gap = now - run->event_mono_us;
    bool asked = run->step == STEP_TRANSFER && run->extract.works && run->extract.works->slots;
    if (gap >= GAP_US && run->jobs == 0 && asked)
        run->stats.waiting_server += (double)gap / 1e6;
    run->event_mono_us = now;
}

static enum sync_phase phase_of(enum sync_step step)
{
    switch (step) {
    case STEP_QUEUED:
    case STEP_UNDO:
    case STEP_PAUSE:
        return SYNC_PHASE_QUEUED;
    case STEP_PLAN:
        return SYNC_PHASE_PLANNING;
    case STEP_BEGIN:
    case STEP_SUBMIT:
    case STEP_WAIT:
        return SYNC_PHASE_STATEMENT;
    case STEP_TRANSFER:
        return SYNC_PHASE_TRANSFER;
    case STEP_SEAL:
    case STEP_VERIFY:
        return SYNC_PHASE_VERIFY;
    case STEP_PUBLISH:
    case STEP_RESOLVE:
        return SYNC_PHASE_PUBLISH;
    case STEP_CLEAN:
        return SYNC_PHASE_CLEAN;
    case STEP_OVER:
        break;
    }
    return SYNC_PHASE_OVER;
}

/* Rows a second between the oldest mark of the last ten seconds and now. */
static double rate_of(const struct sync_run *run, int64_t now)
{
    size_t slots = base_countof(run->rate);
    for (size_t i = 1; i <= slots; i++) {
        size_t at = (run->rate_at + i) % slots;
        int64_t age = now - run->rate[at].at_us;
        if (!run->rate[at].at_us || age > RATE_WINDOW_US + RATE_US || age <= 0)
            continue;
        double rows = (double)(run->rows_done - run->rate[at].rows);
        return rows > 0 ? rows * 1e6 / (double)age : 0;
    }
    return 0;
}

static void rate_mark(struct sync_run *run, int64_t now)
{
    if (run->rate[run->rate_at].at_us && now - run->rate[run->rate_at].at_us < RATE_US)
        return;
    run->rate_at = (run->rate_at + 1) % base_countof(run->rate);
    run->rate[run->rate_at].at_us = now;
    run->rate[run->rate_at].rows = run->rows_done;
}

void sync_progress_fill(const struct sync_run *run, struct sync_progress *out)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    bool known = run->row.counts.manifest_rows >= 0;
    bool sent = false;
    for (const struct sync_work *w = run->extract.works; w && !sent; w = w->next)
        sent = w->slots != NULL;
    memset(out, 0, sizeof *out);
    out->run_id = run->row.id;
    out->batch = run->row.batch;
    out->phase = phase_of(run->step);
    out->rows = run->row.counts.decoded_rows > 0 ? run->row.counts.decoded_rows : 0;
    out->rows_total = known ? run->row.counts.manifest_rows : -1;
    out->bytes = run->stats.bytes_received;
    out->chunks_done = run->row.chunks_done;
    out->chunks_total = known ? run->row.chunks_total : -1;
    out->rows_per_second = run->step == STEP_TRANSFER ? rate_of(run, now) : 0;
    out->waiting_warehouse = run->step == STEP_SUBMIT || run->step == STEP_WAIT;
    out->waiting_memory = run->step == STEP_TRANSFER && run->memory_since_us != 0;
    out->waiting_server = run->step == STEP_TRANSFER && sent && !run->jobs &&
                          now - run->event_mono_us > TICK_MS * 1000;
    out->waiting_retry = run->step == STEP_PAUSE;
    out->retry_at_us = run->step == STEP_PAUSE ? run->timer_at_us : 0;
    if (run->step >= STEP_PLAN && run->step <= STEP_RESOLVE)
        out->idle_seconds = (double)(now - run->progress_mono_us) / 1e6;
    out->stalled = run->step >= STEP_PLAN && run->step <= STEP_RESOLVE &&
                   now - run->progress_mono_us > STALLED_US;
}

void sync_meter_add(struct sync_run *run, int64_t rows)
{
    struct sync *sync = run->sync;
    int64_t now = base_seam_mono_us(sync->deps.seam);
    struct sync_batch_meter *meter = NULL;
    if (rows == 0 || sync->closing)
        return;
    for (size_t i = 0; i < SYNC_METERS; i++)
        if (sync->meters[i].batch == run->row.batch)
            meter = &sync->meters[i];
    if (!meter) {
        meter = &sync->meters[sync->meter_at++ % SYNC_METERS];
        meter->batch = run->row.batch;
        model_meter_start(&meter->meter, run->begun_mono_us ? run->begun_mono_us : now);
    }
    model_meter_add(&meter->meter, now, rows);
}

bool sync_batch_meter(const struct sync *sync, int64_t batch, struct model_meter *out)
{
    for (size_t i = 0; i < SYNC_METERS; i++) {
        if (batch == 0 || sync->meters[i].batch != batch)
            continue;
        *out = sync->meters[i].meter;
        return true;
    }
    return false;
}

static void patience(struct sync_run *run, int64_t now)
{
    struct err err = ERR_INIT;
    int64_t limit = run->sync->deps.settings.no_progress_ms * 1000;
    if (run->step < STEP_PLAN || run->step > STEP_VERIFY || now - run->progress_mono_us < limit)
        return;
    run->gave_up = true;
    if (run->extract.pending.why.code) {
        err = run->extract.pending.why;
        sync_pending_stamp(run, &err);
        base_err_context(&err, "no progress for %lld min", (long long)(limit / 60000000));
    }
    /* Requests that hang give up by themselves much earlier: for so long only a statement waits. */
    if (run->step == STEP_PLAN)
        base_err_set(&err, ERR_SRC_WH_QUEUED, "a statement has waited %lld min for its turn",
                     (long long)(limit / 60000000));
    base_err_set(&err, ERR_SRC_UNAVAILABLE, "no progress for %lld min while in phase %s",
                 (long long)(limit / 60000000), sync_phase_name(phase_of(run->step)));
    sync_run_fail(run, &err);
}

static void tick(void *user)
{
    struct sync *sync = user;
    int64_t now = base_seam_mono_us(sync->deps.seam);
    sync->tick_timer = 0;
    for (struct sync_run *run = sync->runs, *next; run; run = next) {
        struct sync_progress progress;
        next = run->next;
        rate_mark(run, now);
        sync_pending_look(run, now);
        patience(run, now);
        bool moving = run->step != STEP_QUEUED && run->step != STEP_PAUSE;
        if (!sync->listener.on_progress || (!run->told_dirty && !moving))
            continue;
        run->told_dirty = false;
        sync_progress_fill(run, &progress);
        sync->listener.on_progress(sync->listener.user, &progress);
    }
    sync_progress_start(sync);
}

void sync_progress_start(struct sync *sync)
{
    if (!sync->tick_timer && sync->runs && !sync->closing)
        sync->tick_timer = net_loop_after(sync->deps.loop, TICK_MS, tick, sync);
}

void sync_progress_over(struct sync_run *run)
{
    struct sync *sync = run->sync;
    struct sync_memo *memo = &sync->memos[sync->memo_at++ % SYNC_MEMOS];
    if (!run->stats.seconds && run->begun_mono_us)
        run->stats.seconds =
            (double)(base_seam_mono_us(sync->deps.seam) - run->begun_mono_us) / 1e6;
    memo->run_id = run->row.id;
    memo->stats = run->stats;
    sync_progress_fill(run, &memo->progress);
    if (sync->listener.on_progress)
        sync->listener.on_progress(sync->listener.user, &memo->progress);
}
