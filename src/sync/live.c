/* Everything about a run under way: its chunks one by one, what it holds, what it waits for. */
#include "sync/internal.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* What has been written or handed to the disk is done; a group not begun yet waits. */
static void groups_mark(const struct sync_extract *x, char *states)
{
    for (size_t g = 0; g < x->group_count && g < x->next_group; g++)
        memset(states + x->groups[g].first_chunk, CHUNK_ENCODED, x->groups[g].chunk_count);
}

static void work_mark(const struct sync_work *work, char *states)
{
    const struct sync_group *group = work->group;
    if (work->encoded)
        return;
    for (size_t i = 0; i < group->chunk_count; i++)
        if (group->first_chunk + i >= work->next_encode)
            states[group->first_chunk + i] = CHUNK_WAITING;
    for (const struct sync_slot *slot = work->slots; slot; slot = slot->next)
        states[slot->chunk] = CHUNK_DOWNLOADING;
    if (work->job)
        states[work->job->chunk] = CHUNK_ENCODING;
}

static void chunks_add(const struct sync_run *run, struct buf *out)
{
    const struct sync_extract *x = &run->extract;
    if (x->chunk_count == 0)
        return;
    char *states = base_alloc_zero(x->chunk_count, 1);
    memset(states, CHUNK_WAITING, x->chunk_count);
    groups_mark(x, states);
    for (const struct sync_work *work = x->works; work; work = work->next)
        work_mark(work, states);
    for (size_t i = 0; i < x->chunk_count; i++)
        if (x->again[i])
            states[i] = CHUNK_AGAIN;
    model_chunks_pack(states, x->chunk_count, out);
    free(states);
}

static void live_fill(const struct sync_run *run, struct sync_live *out)
{
    const struct sync *sync = run->sync;
    const struct sync_extract *x = &run->extract;
    struct net_http_waits waits = net_http_waits(databricks_http(sync->deps.databricks));
    int64_t now = base_seam_mono_us(sync->deps.seam);
    memset(out, 0, sizeof *out);
    sync_progress_fill(run, &out->progress);
    out->stats = run->stats;
    memcpy(out->statement_id, x->statement_id, sizeof out->statement_id);
    out->statement_state = x->statement_polled ? (int)x->statement_state : -1;
    if (x->pending.why.code)
        out->waiting_for = base_err_name(x->pending.why.code);
    if (x->pending.since_us)
        out->pending_seconds = (double)(now - x->pending.since_us) / 1e6;
    out->retries = waits.retries - run->waits.retries;
    out->throttled = waits.throttled - run->waits.throttled;
    if (waits.throttled_until_us > base_seam_now_us(sync->deps.seam))
        out->throttled_until_us = waits.throttled_until_us;
    for (const struct sync_work *work = x->works; work; work = work->next)
        if (work->hold && sync_hold_granted(work->hold))
            out->memory += sync_hold_bytes(work->hold);
    out->memory_used = sync_budget_used(sync->budget);
    out->memory_limit = sync_budget_limit(sync->budget);
    out->files = (int64_t)run->write.files.count;
    for (size_t i = 0; i < run->write.files.count; i++)
        out->file_bytes += run->write.files.items[i].length;
    out->last_chunk = run->last_chunk_mono_us ? run->last_chunk : -1;
    if (run->last_chunk_mono_us)
        out->last_chunk_seconds = (double)(now - run->last_chunk_mono_us) / 1e6;
    if (run->attempt_mono_us)
        out->running_seconds = (double)(now - run->attempt_mono_us) / 1e6;
}

void sync_live_keep(struct sync_run *run)
{
    struct buf chunks;
    base_buf_init(&chunks, 0);
    live_fill(run, &run->failed);
    chunks_add(run, &chunks);
    (void)base_buf_text(&chunks, "");
    free(run->failed_chunks);
    run->failed_chunks = base_buf_take(&chunks, NULL);
    if (!run->failed_chunks)
        run->failed_chunks = base_strdup("");
}

bool sync_run_live(const struct sync *sync, int64_t run_id, struct sync_live *out,
                   struct buf *chunks)
{
    const struct sync_run *run = sync_run_find((struct sync *)sync, run_id);
    if (!run)
        return false;
    live_fill(run, out);
    if (chunks)
        chunks_add(run, chunks);
    return true;
}

bool sync_run_failed(const struct sync *sync, int64_t run_id, struct sync_live *out,
                     const char **chunks)
{
    const struct sync_run *run = sync_run_find((struct sync *)sync, run_id);
    if (!run || !run->failed_chunks)
        return false;
    *out = run->failed;
    *chunks = run->failed_chunks;
    return true;
}
