/* Worker jobs: one chunk of Arrow decoded, checked and appended to its row group; the last one ends
 * the group. */
#include "sync/internal.h"

#include "base/alloc.h"
#include "columnar/arrow.h"

#include <inttypes.h>
#include <stdlib.h>

struct sync_encoding *sync_encoding_new(const struct model_schema *want,
                                        const struct columnar_write_options *options)
{
    struct sync_encoding *e = base_alloc_zero(1, sizeof *e);
    e->want = model_schema_dup(want);
    e->options = *options;
    return e;
}

void sync_encoding_free(struct sync_encoding **encoding)
{
    struct sync_encoding *e = *encoding;
    if (!e)
        return;
    columnar_encoder_free(&e->encoder);
    columnar_conversion_free(&e->conversion);
    columnar_schema_free(&e->schema);
    model_schema_free(&e->want);
    base_free(encoding);
}

void sync_encode_job_free(struct sync_encode_job *job)
{
    sync_encoding_free(&job->encoding);
    columnar_row_group_free(&job->image);
    free(job->body);
    free(job);
}

/* Every chunk repeats the schema. One that differs from the first chunk's is of another result or
 * damaged. */
static int schema_settle(struct sync_encode_job *job, const struct columnar_schema *have)
{
    struct sync_encoding *e = job->encoding;
    if (e->has_schema) {
        if (!columnar_schema_equal(&e->schema, have))
            return base_err_set(&job->err, ERR_SRC_CHUNK_CORRUPT,
                                "its schema differs from the first chunk's");
        return 0;
    }
    if (columnar_schema_reconcile(&e->want, have, &e->conversion, &job->err))
        return -1;
    e->schema = columnar_schema_dup(have);
    e->has_schema = true;
    return 0;
}

static int batches_append(struct sync_encode_job *job, struct columnar_chunk *chunk)
{
    struct sync_encoding *e = job->encoding;
    const struct columnar_batch *batch;
    int64_t rows = 0;
    int more;
    while ((more = columnar_arrow_next(chunk, &batch, &job->err)) == 1) {
        if (batch->rows > job->rows - rows)
            return base_err_set(&job->err, ERR_SRC_ROWCOUNT_MISMATCH,
                                "it holds more than the %" PRId64 " rows declared", job->rows);
        if (batch->rows &&
            columnar_encoder_append(e->encoder, e->conversion, batch, 0, batch->rows, &job->err))
            return -1;
        rows += batch->rows;
        base_seam_crash(job->seam, "P5");
    }
    if (more < 0)
        return -1;
    if (rows != job->rows)
        return base_err_set(&job->err, ERR_SRC_ROWCOUNT_MISMATCH,
                            "it holds %" PRId64 " rows, declared are %" PRId64, rows, job->rows);
    return 0;
}

static int chunk_append(struct sync_encode_job *job)
{
    struct sync_encoding *e = job->encoding;
    struct columnar_chunk *chunk = NULL;
    uint8_t *body = job->body;
    job->body = NULL;
    if (columnar_arrow_open(body, job->body_len, job->lz4, NULL, &chunk, &job->err))
        return -1;
    int rc = schema_settle(job, columnar_arrow_schema(chunk));
    if (!rc && !e->encoder)
        rc = columnar_encoder_new(&e->want, &e->options, &e->encoder, &job->err);
    if (!rc)
        rc = batches_append(job, chunk);
    columnar_arrow_free(&chunk);
    return rc;
}

static void encode_work(struct sync_job *base)
{
    struct sync_encode_job *job = (struct sync_encode_job *)base;
    struct sync_encoding *e = job->encoding;
    if (job->body && chunk_append(job)) {
        base_err_context(&job->err, "chunk %" PRId64, job->chunk);
        return;
    }
    if (job->last && e->encoder && columnar_encoder_finish(&e->encoder, &job->image, &job->err)) {
        base_err_context(&job->err, "group %zu", job->group);
        return;
    }
    job->memory = e->encoder ? columnar_encoder_memory(e->encoder) : 0;
    if (job->image)
        job->memory = job->image->bytes;
}

static void encode_done(struct sync_job *base)
{
    struct sync_encode_job *job = (struct sync_encode_job *)base;
    struct sync *sync = job->sync;
    struct sync_run *run = sync->closing ? NULL : sync_run_find(sync, job->run_id);
    if (run) {
        sync_progress_event(run);
        run->jobs--;
        run->stats.cpu += (double)job->job.cpu_us / 1e6;
    }
    if (run && run->epoch == job->epoch)
        sync_extract_encoded(run, job);
    sync_hold_release(&job->hold);
    sync_encode_job_free(job);
    sync_wake(sync);
}

static void encode_drop(struct sync_job *base)
{
    sync_encode_job_free((struct sync_encode_job *)base);
}

void sync_encode_push(struct sync *sync, struct sync_encode_job *job)
{
    job->job.work = encode_work;
    job->job.done = encode_done;
    job->job.drop = encode_drop;
    sync_workers_push(sync->workers, &job->job);
}
