/* Chunks on their way: link, download, encoder. Groups reserve memory in order; within a group the
 * chunks that fit its reservation are fetched ahead of the one being encoded. */
#include "sync/internal.h"
#include "sync/manifest.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSES_MAX 5    /* expired or refused links of one chunk in a row */
#define REFETCHES_MAX 3 /* of corrupt chunks, a whole run long */
#define AHEAD_MAX 8     /* chunks of one group held at once */

static void slot_free(struct sync_slot *slot)
{
    free(slot->body);
    free(slot);
}

static void slot_cancel(struct sync *sync, struct sync_slot *slot)
{
    if (slot->call) {
        databricks_cancel(&slot->call);
        sync->transfers--;
    }
    slot_free(slot);
}

static void work_slots_drop(struct sync_work *work)
{
    while (work->slots) {
        struct sync_slot *slot = work->slots;
        work->slots = slot->next;
        slot_cancel(work->run->sync, slot);
    }
}

static void work_free(struct sync_work *work)
{
    work_slots_drop(work);
    if (work->job) {
        /* The job goes on with what it owns; its memory is given back when it answers. */
        work->job->hold = work->hold;
        work->hold = NULL;
    }
    sync_hold_release(&work->hold);
    sync_encoding_free(&work->encoding);
    columnar_row_group_free(&work->image);
    free(work);
}

void sync_extract_clear(struct sync_run *run)
{
    struct sync_extract *x = &run->extract;
    databricks_cancel(&run->call);
    databricks_cancel(&run->count_call);
    databricks_cancel(&x->pending.call);
    while (x->works) {
        struct sync_work *work = x->works;
        x->works = work->next;
        work_free(work);
    }
    free(x->chunks);
    free(x->again);
    free(x->groups);
    columnar_schema_free(&x->schema);
    /* What was learned of the table's size holds for the next attempt too. */
    double ratio = x->page_ratio;
    memset(x, 0, sizeof *x);
    x->page_ratio = ratio;
    run->rows_done = 0;
    run->memory_since_us = 0;
}

/* --- memory --- */

static struct columnar_write_options write_options(const struct sync_run *run)
{
    struct columnar_write_options options = columnar_write_options_default();
    (void)!columnar_codec_parse(run->plan.codec, &options.codec, NULL);
    return options;
}

static size_t pages_estimate(const struct sync_run *run, const struct sync_group *g)
{
    struct columnar_write_options options = write_options(run);
    size_t full = columnar_encoder_estimate(&run->plan.columns, &options, g->rows, g->bytes);
    double ratio = run->extract.page_ratio > 0 ? run->extract.page_ratio * 1.15 : SYNC_PAGE_RATIO;
    double saved = ratio < 1 ? (1 - ratio) * (double)g->bytes : 0;
    return (double)full > saved ? full - (size_t)saved : full;
}

static size_t group_peak(const struct sync_run *run, const struct sync_group *g)
{
    return 2 * (size_t)g->max_chunk + pages_estimate(run, g);
}

/* One request waits at a time, so that runs take turns. */
static void memory_ask(struct sync_run *run)
{
    struct sync_extract *x = &run->extract;
    struct sync_work **at = &x->works;
    size_t count = 0;
    while (x->next_group < x->group_count && x->groups[x->next_group].rows == 0)
        x->next_group++;
    for (; *at; at = &(*at)->next, count++)
        if (!sync_hold_granted((*at)->hold))
            return;
    if (x->next_group >= x->group_count ||
        count >= 2 * (size_t)run->sync->deps.settings.workers + 2)
        return;
    struct sync_work *work = base_alloc_zero(1, sizeof *work);
    work->run = run;
    work->group = &x->groups[x->next_group++];
    work->next_fetch = work->next_encode = work->group->first_chunk;
    work->hold = sync_budget_ask(run->sync->budget, group_peak(run, work->group));
    *at = work;
    sync_wake(run->sync);
}

/* It waits for memory when the next group has none and those before it have nothing left to do. */
static void memory_account(struct sync_run *run)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    bool waiting = false;
    for (struct sync_work *work = run->extract.works; work; work = work->next)
        if (!sync_hold_granted(work->hold))
            waiting = true;
        else if (!work->encoded) {
            waiting = false;
            break;
        }
    if (run->memory_since_us)
        run->stats.waiting_memory += (double)(now - run->memory_since_us) / 1e6;
    run->memory_since_us = waiting ? now : 0;
}

/* --- one chunk --- */

static void slot_link(struct sync_slot *slot);

static void slot_call_over(struct sync_slot *slot)
{
    slot->call = NULL;
    slot->work->run->sync->transfers--;
    sync_wake(slot->work->run->sync);
}

static bool link_miss(enum err_code code)
{
    return code == ERR_SRC_LINK_EXPIRED || code == ERR_SRC_LINK_FORBIDDEN ||
           code == ERR_SRC_CHUNK_SHORT || code == ERR_NET_STALL || code == ERR_NET_RESET;
}

/* Links that are over as soon as they come, from a storage whose clock is not ours. */
static void clock_blame(struct err *err)
{
    int64_t offset = base_err_fact_number(err, "clock_offset_seconds");
    if (err->code != ERR_SRC_LINK_EXPIRED || offset == 0)
        return;
    err->code = ERR_HOST_CLOCK;
    base_err_hint(err,
                  "This host's clock is %" PRId64 " s off: set it and enable time synchronisation.",
                  -offset);
}

/* A fresh link is asked for at once; only five misses in a row are a failure. */
static void again_log(struct sync_run *run, size_t chunk, const struct err *err)
{
    struct base_log *log = run->sync->deps.log;
    base_log_event(log, LOG_INFO_, "run.chunk_again", "run", base_log_i64(log, run->row.id),
                   "chunk", base_log_i64(log, (int64_t)chunk), "code", base_err_name(err->code),
                   "message", err->message, NULL);
}

static void slot_failed(struct sync_slot *slot, const struct err *err)
{
    struct sync_run *run = slot->work->run;
    struct err own = *err;
    run->stats.links_expired += err->code == ERR_SRC_LINK_EXPIRED;
    if (link_miss(err->code) && ++slot->misses < MISSES_MAX) {
        run->stats.links_renewed++;
        again_log(run, slot->chunk, err);
        run->extract.again[slot->chunk] = true;
        slot_link(slot);
        return;
    }
    clock_blame(&own);
    base_err_context(&own, "chunk %zu", slot->chunk);
    if (!own.statement_id[0])
        snprintf(own.statement_id, sizeof own.statement_id, "%s", run->extract.statement_id);
    sync_run_fail(run, &own);
}

static void fetch_progress(void *user, int64_t received)
{
    struct sync_slot *slot = user;
    struct sync_run *run = slot->work->run;
    sync_progress_event(run);
    if (received > slot->counted)
        run->stats.bytes_received += received - slot->counted;
    slot->counted = received;
}

static void fetch_done(void *user, const struct err *err, struct buf *body)
{
    struct sync_slot *slot = user;
    struct sync_run *run = slot->work->run;
    slot_call_over(slot);
    if (err) {
        slot_failed(slot, err);
        return;
    }
    fetch_progress(slot, (int64_t)body->len);
    base_seam_crash(run->sync->deps.seam, "P4");
    slot->body = (uint8_t *)base_buf_take(body, &slot->body_len);
    slot->state = SLOT_READY;
}

static size_t body_cap(const struct sync_chunk *chunk, size_t columns)
{
    int64_t bytes = sync_chunk_bytes(chunk, columns);
    if (bytes > SYNC_CHUNK_BYTES_MAX / 4 - ((int64_t)4 << 20))
        return (size_t)SYNC_CHUNK_BYTES_MAX;
    return (size_t)bytes * 4 + ((size_t)16 << 20);
}

static void link_done(void *user, const struct err *err, struct databricks_links *links)
{
    struct sync_slot *slot = user;
    struct sync_run *run = slot->work->run;
    const struct sync_chunk *chunk = &run->extract.chunks[slot->chunk];
    const struct databricks_link *link = NULL;
    struct err own = ERR_INIT;
    slot_call_over(slot);
    sync_progress_event(run);
    if (err)
        own = *err;
    else
        link = sync_link_choose(links, chunk, &own);
    if (!link) {
        slot_failed(slot, &own);
        return;
    }
    slot->state = SLOT_FETCH;
    slot->counted = 0;
    run->sync->transfers++;
    slot->call = databricks_link_fetch(run->sync->deps.databricks, link,
                                       body_cap(chunk, run->plan.columns.count), fetch_progress,
                                       fetch_done, slot);
}

static void slot_link(struct sync_slot *slot)
{
    struct sync_run *run = slot->work->run;
    slot->state = SLOT_LINK;
    run->stats.links_asked++;
    run->sync->transfers++;
    slot->call = databricks_statement_links(run->sync->deps.databricks, SYNC_IDENTITY,
                                            run->extract.statement_id, (int64_t)slot->chunk,
                                            link_done, slot);
}

/* --- one group --- */

static size_t work_end(const struct sync_work *work)
{
    return work->group->first_chunk + work->group->chunk_count;
}

static size_t chunk_skip_empty(const struct sync_work *work, size_t chunk)
{
    while (chunk < work_end(work) && work->run->extract.chunks[chunk].row_count == 0)
        chunk++;
    return chunk;
}

static bool window_open(const struct sync_work *work, size_t chunk)
{
    const struct sync_run *run = work->run;
    size_t columns = run->plan.columns.count, held = work->job ? 1 : 0;
    int64_t bytes = sync_chunk_bytes(&run->extract.chunks[chunk], columns);
    if (work->job)
        bytes += sync_chunk_bytes(&run->extract.chunks[work->next_encode], columns);
    for (const struct sync_slot *slot = work->slots; slot; slot = slot->next, held++)
        bytes += sync_chunk_bytes(&run->extract.chunks[slot->chunk], columns);
    return held < 2 || (held < AHEAD_MAX && bytes <= 2 * work->group->max_chunk);
}

static void work_fetch(struct sync_work *work)
{
    struct sync *sync = work->run->sync;
    struct sync_slot **at = &work->slots;
    while (*at)
        at = &(*at)->next;
    for (;;) {
        work->next_fetch = chunk_skip_empty(work, work->next_fetch);
        if (work->next_fetch >= work_end(work) ||
            sync->transfers >= sync->deps.settings.link_parallel ||
            !window_open(work, work->next_fetch))
            return;
        struct sync_slot *slot = base_alloc_zero(1, sizeof *slot);
        slot->work = work;
        slot->chunk = work->next_fetch++;
        *at = slot;
        at = &slot->next;
        slot_link(slot);
    }
}

static void work_encode(struct sync_work *work)
{
    struct sync_run *run = work->run;
    work->next_encode = chunk_skip_empty(work, work->next_encode);
    struct sync_slot *slot = work->slots;
    if (work->job || work->encoded || !slot || slot->chunk != work->next_encode ||
        slot->state != SLOT_READY)
        return;
    if (!work->encoding) {
        struct columnar_write_options options = write_options(run);
        work->encoding = sync_encoding_new(&run->plan.columns, &options);
    }
    struct sync_encode_job *job = base_alloc_zero(1, sizeof *job);
    job->sync = run->sync;
    job->seam = run->sync->deps.seam;
    job->run_id = run->row.id;
    job->epoch = run->epoch;
    job->group = work->group->index;
    job->encoding = work->encoding;
    job->body = slot->body;
    job->body_len = slot->body_len;
    job->lz4 = run->extract.lz4;
    job->chunk = (int64_t)slot->chunk;
    job->rows = run->extract.chunks[slot->chunk].row_count;
    job->last = chunk_skip_empty(work, slot->chunk + 1) >= work_end(work);
    work->encoding = NULL;
    slot->body = NULL;
    work->slots = slot->next;
    slot_free(slot);
    work->job = job;
    sync_progress_event(run);
    run->jobs++;
    sync_encode_push(run->sync, job);
}

/* What was appended of a damaged chunk cannot be taken out again, so the group begins anew. */
static void work_again(struct sync_work *work)
{
    struct sync_run *run = work->run;
    work_slots_drop(work);
    sync_encoding_free(&work->encoding);
    for (size_t i = work->group->first_chunk; i < work->next_fetch; i++)
        run->extract.again[i] = true;
    sync_meter_add(run, -work->rows);
    run->rows_done -= work->rows;
    run->row.counts.decoded_rows -= work->rows;
    run->extract.chunks_done -= (int64_t)work->appended;
    run->row.chunks_done = run->extract.chunks_done;
    run->extract.refetches++;
    run->stats.chunks_refetched++;
    work->rows = 0;
    work->appended = 0;
    work->next_fetch = work->next_encode = work->group->first_chunk;
}

static struct sync_work *work_find(struct sync_run *run, size_t group)
{
    struct sync_work *work = run->extract.works;
    while (work && work->group->index != group)
        work = work->next;
    return work;
}

/* All groups must have been read from chunks of one schema. */
static int schema_keep(struct sync_run *run, const struct sync_encoding *e, struct err *err)
{
    struct sync_extract *x = &run->extract;
    if (!e->has_schema)
        return 0;
    if (!x->has_schema) {
        x->schema = columnar_schema_dup(&e->schema);
        x->has_schema = true;
    }
    if (!columnar_schema_equal(&x->schema, &e->schema))
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT,
                            "its schema differs from the first chunk's");
    return 0;
}

static void work_encoded(struct sync_work *work, struct sync_encode_job *job)
{
    struct sync_run *run = work->run;
    struct sync_extract *x = &run->extract;
    size_t peak = group_peak(run, work->group),
           now = 2 * (size_t)work->group->max_chunk + job->memory;
    work->appended++;
    work->rows += job->rows;
    work->next_encode = (size_t)job->chunk + 1;
    run->rows_done += job->rows;
    run->last_chunk = job->chunk;
    run->last_chunk_mono_us = base_seam_mono_us(run->sync->deps.seam);
    sync_meter_add(run, job->rows);
    run->row.counts.decoded_rows += job->rows;
    x->chunks_done++;
    run->row.chunks_done = x->chunks_done;
    sync_run_advanced(run);
    if (!job->last) {
        if (now > sync_hold_bytes(work->hold) || peak < sync_hold_bytes(work->hold))
            sync_hold_resize(work->hold, now > peak ? now : peak);
        return;
    }
    work->image = job->image;
    job->image = NULL;
    work->encoded = true;
    sync_encoding_free(&work->encoding);
    sync_hold_resize(work->hold, work->image ? work->image->bytes : 0);
    double ratio = work->group->bytes ? (double)job->memory / (double)work->group->bytes : 0;
    if (ratio > x->page_ratio)
        x->page_ratio = ratio;
}

void sync_extract_encoded(struct sync_run *run, struct sync_encode_job *job)
{
    struct sync_work *work = work_find(run, job->group);
    struct err err = job->err;
    if (!work || work->job != job)
        bug("an encode job of run %" PRId64 " came back to no group", run->row.id);
    work->job = NULL;
    work->encoding = job->encoding;
    job->encoding = NULL;
    if (!err.code)
        (void)!schema_keep(run, work->encoding, &err);
    if (!err.code && job->last && job->image && job->image->rows != work->group->rows)
        base_err_set(&err, ERR_SRC_ROWCOUNT_MISMATCH,
                     "group %zu has %" PRId64 " rows, declared %" PRId64, job->group,
                     job->image->rows, work->group->rows);
    if (!err.code) {
        work_encoded(work, job);
        return;
    }
    if ((err.code == ERR_SRC_CHUNK_CORRUPT || err.code == ERR_SRC_CHUNK_SHORT) &&
        run->extract.refetches < REFETCHES_MAX) {
        again_log(run, work->group->first_chunk, &err);
        work_again(work);
        return;
    }
    snprintf(err.statement_id, sizeof err.statement_id, "%s", run->extract.statement_id);
    sync_run_fail(run, &err);
}

void sync_work_written(struct sync_run *run, size_t group)
{
    struct sync_extract *x = &run->extract;
    for (struct sync_work **at = &x->works; *at; at = &(*at)->next) {
        struct sync_work *work = *at;
        if (work->group->index != group)
            continue;
        *at = work->next;
        work_free(work);
        break;
    }
    x->written++;
    sync_run_advanced(run);
}

/* Images go out in the order of the groups, whatever order they were finished in. */
static void images_write(struct sync_run *run)
{
    struct sync_extract *x = &run->extract;
    while (x->next_write < x->group_count && run->step == STEP_TRANSFER) {
        if (x->groups[x->next_write].rows == 0) {
            x->next_write++;
            x->written++;
            continue;
        }
        struct sync_work *work = work_find(run, x->next_write);
        if (!work || !work->encoded)
            return;
        x->next_write++;
        sync_write_group(run, work);
    }
}

void sync_extract_pump(struct sync_run *run)
{
    struct sync_extract *x = &run->extract;
    memory_ask(run);
    for (struct sync_work *work = x->works; work && run->step == STEP_TRANSFER; work = work->next) {
        if (!sync_hold_granted(work->hold))
            break;
        if (!work->encoded) {
            work_fetch(work);
            work_encode(work);
        }
    }
    memory_account(run);
    if (run->step == STEP_TRANSFER)
        images_write(run);
    if (run->step == STEP_TRANSFER && x->next_write == x->group_count)
        sync_write_finish(run);
}
