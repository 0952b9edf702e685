/* The one act that counts, and what follows it. PUBLISHING is stored before the destination is
 * asked to do anything; from there on a run can only be resolved: on every doubt the destination is
 * asked what it knows. */
#include "sync/publish.h"

#include "sync/internal.h"

#include "base/alloc.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ASK_AGAIN_MS 2000
#define PUBLISH_MISSES_MAX                                                                         \
    5 /* acts refused and known not to have happened, before a run gives up */
#define GENERATIONS_KEPT 2

static void publish_go(struct sync_run *run);

/* Why it is not over yet, for people. */
static void waits(struct sync_run *run, const char *event, const struct err *cause)
{
    struct err err = ERR_INIT;
    base_log_event(run->sync->deps.log, LOG_WARN_, event, "run",
                   base_log_i64(run->sync->deps.log, run->row.id), "code",
                   base_err_name(cause->code), "message", cause->message, NULL);
    if (!store_run_note(run->sync->deps.store, run->row.id, cause, &err))
        run->row.err = *cause;
}

static void run_recorded(struct sync_run *run)
{
    struct sync *sync = run->sync;
    struct store_file *files = NULL;
    size_t count = 0;
    struct err err = ERR_INIT;
    base_seam_crash(sync->deps.seam, "P11");
    int rc = store_files_list(sync->deps.store, run->row.id, &files, &count, &err);
    base_seam_crash(sync->deps.seam, "P13");
    if (!rc)
        rc = store_run_record(sync->deps.store, run->row.id, &run->row.counts, files, count, &err);
    store_files_free(files, count);
    if (rc) {
        /* The destination has it and the state does not: nothing is lost, the record is only late.
         */
        base_log_event(sync->deps.log, LOG_ERROR_, "sync.record", "run",
                       base_log_i64(sync->deps.log, run->row.id), "code", base_err_name(err.code),
                       "message", err.message, NULL);
        sync_run_timer(run, ASK_AGAIN_MS, run_recorded);
        return;
    }
    run->row.state = RUN_RECORDED;
    base_err_clear(&run->row.err);
    run->row.finished_us = base_seam_now_us(sync->deps.seam);
    run->stats.seconds = (double)(base_seam_mono_us(sync->deps.seam) - run->begun_mono_us) / 1e6;
    sync_run_listen(run);
    sync_recovered(run);
    sync_clean_start(run);
}

static bool manifest_is_ours(const struct storage_reply *reply, const struct store_file *files,
                             size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < reply->file_count; k++)
            found += !strcmp(reply->files[k].name, files[i].name) &&
                     reply->files[k].length == files[i].length &&
                     reply->files[k].rows == files[i].rows &&
                     !memcmp(reply->files[k].sha256, files[i].sha256, sizeof files[i].sha256);
    return found == count && reply->file_count == count;
}

/* A copy of this state in other hands has the same identity and the same numbers; its files are not
 * ours. */
static void manifest_read(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct store_file *files = NULL;
    size_t count = 0;
    struct err err = *reply->err;
    (void)number;
    bool ours = !err.code &&
                !store_files_list(run->sync->deps.store, run->row.id, &files, &count, &err) &&
                manifest_is_ours(reply, files, count);
    store_files_free(files, count);
    if (ours) {
        run_recorded(run);
    } else if (err.code) {
        waits(run, "sync.unknown", &err);
        sync_recovered(run);
        sync_run_timer(run, ASK_AGAIN_MS, sync_publish_resolve);
    } else {
        base_err_set(&err, ERR_DST_FOREIGN_WRITER,
                     "run %" PRId64 " of sync %s was published by somebody else", run->row.seq,
                     run->row.sync_uuid);
        base_err_hint(&err, "A copy of this engine's state writes to the same destination: stop "
                            "one of the two, and give it an empty state.");
        sync_run_fail(run, &err);
    }
}

/* The destination has our identity under `current`: it is recorded once the files are those that
 * were verified. */
static void run_published(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    storage_manifest(run->sync->deps.storage, &id, STORAGE_PUBLISHED, sync_op_done,
                     sync_op_new(run, manifest_read, 0));
}

static void run_lost(struct sync_run *run)
{
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_HOST_INTERRUPTED, "nothing is left of what was to be published");
    sync_run_fail(run, &err);
}

static void run_foreign(struct sync_run *run, const struct err *cause)
{
    struct err err = cause ? *cause : ERR_INIT;
    if (!err.code) {
        base_err_set(&err, ERR_DST_FOREIGN_WRITER, "the destination \"%s\" belongs to another sync",
                     run->destination);
    }
    sync_run_fail(run, &err);
}

/* The destination knows nothing of it, and what was staged is there: again, but not for ever. */
static void publish_again(struct sync_run *run)
{
    if (run->publish_misses >= PUBLISH_MISSES_MAX)
        sync_run_fail(run, &run->publish_err);
    else
        publish_go(run);
}

static void resolved(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    (void)number;
    switch (reply->outcome) {
    case STORAGE_DONE:
        run_published(run);
        return;
    case STORAGE_MOVED:
        publish_go(run);
        return;
    case STORAGE_NOT_DONE:
        if (reply->staging == STORAGE_STAGING_SEALED)
            publish_again(run);
        else
            run_lost(run);
        return;
    case STORAGE_FOREIGN:
        run_foreign(run, reply->err);
        return;
    case STORAGE_UNKNOWN:
        break;
    }
    waits(run, "sync.unknown", reply->err);
    sync_recovered(run);
    sync_run_timer(run, ASK_AGAIN_MS, sync_publish_resolve);
}

void sync_publish_resolve(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    sync_run_step(run, STEP_RESOLVE);
    storage_read_back(run->sync->deps.storage, &id, sync_op_done, sync_op_new(run, resolved, 0));
}

static void published(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    (void)number;
    if (!reply->err->code && reply->outcome == STORAGE_DONE) {
        run_published(run);
        return;
    }
    if (reply->outcome == STORAGE_FOREIGN) {
        run_foreign(run, reply->err);
        return;
    }
    /* Published under this number by an earlier life of the state: what lies there is not this. */
    if (reply->err->code == ERR_DST_AHEAD_OF_STATE && reply->outcome == STORAGE_NOT_DONE) {
        sync_run_fail(run, reply->err);
        return;
    }
    run->publish_err = *reply->err;
    run->publish_misses++;
    waits(run, "sync.publish", reply->err);
    sync_run_timer(run, ASK_AGAIN_MS, sync_publish_resolve);
}

static void publish_go(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    sync_run_step(run, STEP_PUBLISH);
    storage_publish(run->sync->deps.storage, &id, sync_op_done, sync_op_new(run, published, 0));
}

void sync_publish_start(struct sync_run *run)
{
    base_seam_crash(run->sync->deps.seam, "P8");
    struct err err = ERR_INIT;
    run->publish_misses = 0;
    if (store_tx_begin(run->sync->deps.store, &err) || sync_run_commit(run, RUN_PUBLISHING, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    publish_go(run);
}

/* --- after the record: old generations, by the journal's list --- */

static void clean_over(struct sync_run *run)
{
    struct err err = ERR_INIT;
    if (store_run_state(run->sync->deps.store, run->row.id, RUN_CLEANED, &err))
        base_log_event(run->sync->deps.log, LOG_WARN_, "sync.clean", "run",
                       base_log_i64(run->sync->deps.log, run->row.id), "code",
                       base_err_name(err.code), "message", err.message, NULL);
    else
        run->row.state = RUN_CLEANED;
    sync_run_listen(run);
    sync_run_over(run);
}

static void cleaned(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct store_state *store = run->sync->deps.store;
    struct err err = *reply->err;
    (void)number;
    for (size_t i = 0; i < run->old_count && !err.code; i++)
        (void)!store_generation_removed(store, run->row.sync_uuid, run->old_seqs[i], &err);
    if (err.code) {
        /* Recorded is recorded; the run stays RECORDED and the next start cleans again. */
        base_log_event(run->sync->deps.log, LOG_WARN_, "sync.clean", "run",
                       base_log_i64(run->sync->deps.log, run->row.id), "code",
                       base_err_name(err.code), "message", err.message, NULL);
        sync_run_over(run);
        return;
    }
    clean_over(run);
}

void sync_clean_start(struct sync_run *run)
{
    struct storage_identity id = sync_run_identity(run);
    struct err err = ERR_INIT;
    sync_run_step(run, STEP_CLEAN);
    if (store_generations_old(run->sync->deps.store, run->row.sync_uuid, GENERATIONS_KEPT,
                              &run->old_seqs, &run->old_count, &err))
        run->old_count = 0;
    storage_clean(run->sync->deps.storage, &id, run->old_seqs, run->old_count, sync_op_done,
                  sync_op_new(run, cleaned, 0));
}
