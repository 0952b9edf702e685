/* Before anything is published every staged file is looked at as a reader would see it: its digest
 * is that of the journal, its footer parses and tells the rows that were written, and of one row
 * group a file every column is decoded again and its null count and bounds are computed anew
 * (reliability.md (c) rule 6, vi and vii). */
#include "sync/internal.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define READ_MAX ((size_t)32 << 20)
#define FOOTER_MAX ((size_t)64 << 20)

struct check_job {
    struct sync_job job;
    struct sync *sync;
    int64_t run_id;
    int epoch;
    struct sync_hold *hold; /* only once the run has given up */
    struct columnar_pq_file *file;
    struct buf bytes;
    size_t group, column;
    struct err err;
};

static void file_begin(struct sync_run *run);
static void column_read(struct sync_run *run);

static const struct store_file *file_now(const struct sync_run *run)
{
    return &run->write.files.items[run->verify.file];
}

static void verify_failed(struct sync_run *run, struct err *err)
{
    base_err_context(err, "file \"%s\"", file_now(run)->name);
    sync_run_fail(run, err);
}

void sync_verify_clear(struct sync_run *run)
{
    struct sync_verify *v = &run->verify;
    if (v->job) {
        v->job->hold = v->hold;
        v->hold = NULL;
    }
    sync_hold_release(&v->hold);
    columnar_parquet_free(&v->parsed);
    base_buf_free(&v->bytes);
    memset(v, 0, sizeof *v);
}

static void file_read(struct sync_run *run, int64_t offset, size_t len,
                      void (*fn)(struct sync_run *run, const struct storage_reply *reply,
                                 size_t number))
{
    struct storage_identity id = sync_run_identity(run);
    storage_read(run->sync->deps.storage, &id, STORAGE_STAGED, file_now(run)->name, offset, len,
                 sync_op_done, sync_op_new(run, fn, len));
}

static int reply_whole(const struct storage_reply *reply, size_t len, struct err *err)
{
    if (reply->err->code) {
        *err = *reply->err;
        return -1;
    }
    if (!reply->data || reply->data->len != len)
        return base_err_set(err, ERR_DST_FILE_CORRUPT, "the file is shorter than it was written");
    return 0;
}

/* --- columns of the sample --- */

static void column_checked(struct sync_job *base)
{
    struct check_job *job = (struct check_job *)base;
    struct sync *sync = job->sync;
    struct sync_run *run = sync->closing ? NULL : sync_run_find(sync, job->run_id);
    if (run)
        run->stats.cpu += (double)job->job.cpu_us / 1e6;
    if (run && run->epoch == job->epoch) {
        struct sync_verify *v = &run->verify;
        v->job = NULL;
        v->parsed = job->file;
        job->file = NULL;
        sync_run_advanced(run);
        if (job->err.code) {
            verify_failed(run, &job->err);
        } else if (!run->failing) { /* cancelled since: nothing may be published any more */
            v->column++;
            column_read(run);
        }
    }
    sync_hold_release(&job->hold);
    columnar_parquet_free(&job->file);
    base_buf_free(&job->bytes);
    free(job);
    sync_wake(sync);
}

static void column_drop(struct sync_job *base)
{
    struct check_job *job = (struct check_job *)base;
    columnar_parquet_free(&job->file);
    base_buf_free(&job->bytes);
    free(job);
}

static void column_work(struct sync_job *base)
{
    struct check_job *job = (struct check_job *)base;
    struct columnar_pq_summary summary = {0};
    if (columnar_parquet_check_column(job->file, job->group, job->column,
                                      (const uint8_t *)job->bytes.data, job->bytes.len, NULL,
                                      &summary, &job->err))
        return;
    if (summary.rows != job->file->groups[job->group].rows)
        base_err_set(&job->err, ERR_DST_FILE_CORRUPT,
                     "column %zu holds %" PRId64 " rows, its group %" PRId64, job->column,
                     summary.rows, job->file->groups[job->group].rows);
}

static void column_push(struct sync_run *run)
{
    struct sync_verify *v = &run->verify;
    struct check_job *job = base_alloc_zero(1, sizeof *job);
    job->job.work = column_work;
    job->job.done = column_checked;
    job->job.drop = column_drop;
    job->sync = run->sync;
    job->run_id = run->row.id;
    job->epoch = run->epoch;
    job->file = v->parsed;
    job->bytes = v->bytes;
    job->group = v->group;
    job->column = v->column;
    v->parsed = NULL;
    base_buf_init(&v->bytes, 0);
    v->job = job;
    sync_workers_push(run->sync->workers, &job->job);
}

static void column_arrived(struct sync_run *run, const struct storage_reply *reply, size_t len)
{
    struct sync_verify *v = &run->verify;
    size_t whole = (size_t)v->parsed->groups[v->group].chunks[v->column].bytes;
    struct err err = ERR_INIT;
    if (reply_whole(reply, len, &err)) {
        verify_failed(run, &err);
        return;
    }
    if (!v->bytes.len && len == whole) {
        size_t taken;
        base_buf_free(&v->bytes);
        v->bytes.data = base_buf_take(reply->data, &taken);
        v->bytes.len = v->bytes.cap = v->bytes.max = taken;
    } else if (base_buf_append(&v->bytes, reply->data->data, len)) {
        base_err_set(&err, ERR_HOST_MEMORY, "no memory for a column of %zu bytes", whole);
        verify_failed(run, &err);
        return;
    }
    if (v->bytes.len == whole)
        column_push(run);
    else
        column_read(run);
}

static void column_read(struct sync_run *run)
{
    struct sync_verify *v = &run->verify;
    if (v->group >= v->parsed->group_count || v->column >= v->parsed->column_count) {
        columnar_parquet_free(&v->parsed);
        sync_hold_release(&v->hold);
        v->file++;
        file_begin(run);
        return;
    }
    const struct columnar_pq_chunk *chunk = &v->parsed->groups[v->group].chunks[v->column];
    size_t whole = (size_t)chunk->bytes;
    if (!v->bytes.len)
        base_buf_init(&v->bytes, whole + 1);
    size_t left = whole - v->bytes.len;
    file_read(run, chunk->offset + (int64_t)v->bytes.len, left < READ_MAX ? left : READ_MAX,
              column_arrived);
}

/* --- one file --- */

/* The sample's memory is reserved like a group's: its largest column, and that column decoded page
 * by page. */
static void sample_reserve(struct sync_run *run)
{
    struct sync_verify *v = &run->verify;
    const struct columnar_pq_group *g = &v->parsed->groups[v->group];
    size_t largest = 0;
    for (size_t c = 0; c < v->parsed->column_count; c++)
        if ((size_t)g->chunks[c].bytes > largest)
            largest = (size_t)g->chunks[c].bytes;
    v->hold = sync_budget_ask(run->sync->budget, largest + ((size_t)8 << 20));
    v->waiting = true;
    sync_wake(run->sync);
}

static void footer_arrived(struct sync_run *run, const struct storage_reply *reply, size_t len)
{
    struct sync_verify *v = &run->verify;
    const struct store_file *file = file_now(run);
    struct err err = ERR_INIT;
    if (reply_whole(reply, len, &err) ||
        columnar_parquet_parse((const uint8_t *)reply->data->data, len, file->length, NULL,
                               &v->parsed, &err)) {
        verify_failed(run, &err);
        return;
    }
    int64_t rows = 0;
    for (size_t g = 0; g < v->parsed->group_count; g++)
        rows += v->parsed->groups[g].rows;
    if (rows != file->rows || v->parsed->rows != rows) {
        base_err_set(&err, ERR_SRC_ROWCOUNT_MISMATCH,
                     "the footer tells %" PRId64 " rows in groups of %" PRId64
                     ", written were %" PRId64,
                     v->parsed->rows, rows, file->rows);
        verify_failed(run, &err);
        return;
    }
    v->file_rows += rows;
    v->column = 0;
    v->group = v->parsed->group_count
                   ? base_mix64((uint64_t)run->row.seq * 1000003 + v->file) % v->parsed->group_count
                   : 0;
    if (v->parsed->group_count)
        sample_reserve(run);
    else
        column_read(run);
}

static void tail_arrived(struct sync_run *run, const struct storage_reply *reply, size_t len)
{
    const struct store_file *file = file_now(run);
    struct err err = ERR_INIT;
    size_t footer = 0;
    if (reply_whole(reply, len, &err) ||
        columnar_parquet_tail((const uint8_t *)reply->data->data, file->length, &footer, &err)) {
        verify_failed(run, &err);
        return;
    }
    if (footer > FOOTER_MAX) {
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "the footer claims %zu bytes", footer);
        verify_failed(run, &err);
        return;
    }
    file_read(run, file->length - 8 - (int64_t)footer, footer, footer_arrived);
}

static void verified(struct sync_run *run)
{
    struct store_state *store = run->sync->deps.store;
    struct model_run_counts *c = &run->row.counts;
    struct err err = ERR_INIT;
    c->file_rows = run->verify.file_rows;
    if (c->file_rows != c->manifest_rows)
        base_err_set(&err, ERR_SRC_ROWCOUNT_MISMATCH,
                     "the files hold %" PRId64 " rows, the result declares %" PRId64, c->file_rows,
                     c->manifest_rows);
    if (err.code || store_tx_begin(store, &err) || store_run_counts(store, run->row.id, c, &err) ||
        sync_run_commit(run, RUN_VERIFIED, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    sync_publish_start(run);
}

static void file_begin(struct sync_run *run)
{
    if (run->verify.file == run->write.files.count) {
        verified(run);
        return;
    }
    struct err err = ERR_INIT;
    if (file_now(run)->length < 12) {
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "it has %" PRId64 " bytes", file_now(run)->length);
        verify_failed(run, &err);
        return;
    }
    file_read(run, file_now(run)->length - 8, 8, tail_arrived);
}

static void hashed(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct sync_verify *v = &run->verify;
    const struct store_file *file = &run->write.files.items[number];
    struct err err = *reply->err;
    if (!err.code && (reply->file.length != file->length ||
                      memcmp(reply->file.sha256, file->sha256, sizeof file->sha256) != 0))
        base_err_set(&err, ERR_DST_FILE_CORRUPT,
                     "its bytes on the disk are not those that were written");
    if (err.code) {
        base_err_context(&err, "file \"%s\"", file->name);
        sync_run_fail(run, &err);
        return;
    }
    sync_run_advanced(run);
    if (--v->hashing == 0)
        file_begin(run);
}

void sync_verify_start(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    sync_verify_clear(run);
    sync_run_step(run, STEP_VERIFY);
    run->verify.hashing = run->write.files.count;
    for (size_t i = 0; i < run->write.files.count; i++)
        storage_hash(run->sync->deps.storage, &id, STORAGE_STAGED, run->write.files.items[i].name,
                     sync_op_done, sync_op_new(run, hashed, i));
}

void sync_verify_pump(struct sync_run *run)
{
    struct sync_verify *v = &run->verify;
    if (!v->waiting || !sync_hold_granted(v->hold))
        return;
    v->waiting = false;
    column_read(run);
}
