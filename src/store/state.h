/* state.db: what must survive. Synchronous calls on the main loop; one connection, EXCLUSIVE, WAL,
 * synchronous FULL; `user_version` migrations with a backup before. One engine per folder, by
 * flock. All texts given are copied. */
#ifndef AAMPE_STORE_STATE_H
#define AAMPE_STORE_STATE_H

#include "base/err.h"
#include "base/seam.h"
#include "model/name.h"
#include "model/plan.h"
#include "model/run.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct store_state;

/* Makes the folder 0700 if absent; takes the lock; checks, backs up and migrates. NULL with
 * HOST_STATE_LOCKED (pid of the holder named), HOST_STATE_CORRUPT, HOST_STATE_NEWER,
 * HOST_SECRET_EXPOSED (others may write the folder), HOST_PERMISSION, HOST_DISK_FULL. */
struct store_state *store_open(const char *folder, struct base_seam *seam, struct err *err);
void store_free(struct store_state **store);
/* Copy of the database under backups/, dated by the clock; the newest 7 are kept. path malloc'd,
 * may be NULL. */
int store_backup(struct store_state *store, char **path, struct err *err) must_check;
/* ENOSPC at any write: the 8 MiB ballast has been freed and the write repeated once. True until it
 * could be laid again (tried at every later store_ballast_restore). */
bool store_ballast_spent(const struct store_state *store);
void store_ballast_restore(struct store_state *store);
/* What is due by the clock: a backup a day, the ballast laid again. Cheap; call it from a timer. A
 * failure is returned once and tried again an hour later. */
int store_tick(struct store_state *store, struct err *err) must_check;

/* Several verbs as one transaction (the intents of a batch). Not nested; every verb inside either
 * takes effect wholly or not at all, and after a failed verb the caller rolls back. */
int store_tx_begin(struct store_state *store, struct err *err) must_check;
int store_tx_commit(struct store_state *store, struct err *err) must_check;
void store_tx_rollback(struct store_state *store);

/* --- syncs: one per table and destination
 * ------------------------------------------------------------------- */
struct store_sync {
    char sync_uuid[37];
    struct model_name table;
    char *destination;
    int64_t last_seq;
    int64_t created_us;
};
void store_sync_free(struct store_sync *sync);
/* Finds it or makes it (new uuid). The table is matched ignoring ASCII case. */
int store_sync_ensure(struct store_state *store, const struct model_name *table,
                      const char *destination, struct store_sync *out, struct err *err) must_check;
/* The destination is ahead of a restored state: a run that is PLANNED takes a new number, *out,
 * above `seq` and above all those of its sync. */
int store_run_renumber(struct store_state *store, int64_t id, int64_t seq, int64_t *out,
                       struct err *err) must_check;
/* Generations of the sync of this run found at the destination and not in the journal (the state
 * that published them is gone): journaled, so that they are cleaned in their turn. */
int store_generations_adopt(struct store_state *store, int64_t run, const int64_t *seqs,
                            size_t count, struct err *err) must_check;

/* --- batches
 * -------------------------------------------------------------------------------------------------
 */
struct store_batch {
    int64_t id;
    char kind[16];    /* "manual", "schedule", "apply", "retry", "demo" */
    int64_t asked_by; /* uid; -1: the engine itself */
    int64_t started_us, finished_us;
    int64_t runs, runs_over;            /* counted, as are these */
    int64_t failed, cancelled, retried; /* retried: done, but not at the first attempt */
    int64_t rows, bytes;                /* of what was published */
};
int store_batch_new(struct store_state *store, const char *kind, int64_t asked_by, int64_t *id,
                    struct err *err) must_check;
/* Who asked for it, where the engine knows it only afterwards. */
int store_batch_asked(struct store_state *store, int64_t id, int64_t uid,
                      struct err *err) must_check;
int store_batch_finish(struct store_state *store, int64_t id, struct err *err) must_check;
int store_batch_get(struct store_state *store, int64_t id, struct store_batch *out,
                    struct err *err) must_check;
int store_batch_count(struct store_state *store, int64_t *count, struct err *err) must_check;
/* Newest first; *out malloc'd array. */
int store_batch_list(struct store_state *store, int offset, int limit, struct store_batch **out,
                     size_t *count, struct err *err) must_check;

/* --- runs
 * ----------------------------------------------------------------------------------------------------
 */
/* The intent transaction: seq = last_seq + 1, id, attempt 1, state PLANNED, and the plan with it
 * (rule 1: stored before anything happens). *out is filled (model_run_free it). ENGINE_BUSY: an
 * unresolved run of this sync exists. */
int store_run_intend(struct store_state *store, int64_t batch, const char *sync_uuid,
                     const struct model_plan *plan, struct model_run *out,
                     struct err *err) must_check;
/* A new attempt of a run that is not over: attempt + 1, back to PLANNED; groups, files and chunk
 * counts of the old attempt are forgotten, statements kept. */
int store_run_attempt(struct store_state *store, int64_t id, struct model_run *out,
                      struct err *err) must_check;
/* Checked transition, one transaction; a wrong one is refused with INTERNAL and changes nothing.
 * PLANNED RUNNING STAGED VERIFIED PUBLISHING in this order; RECORDED -> CLEANED. Others have their
 * own verbs. */
int store_run_state(struct store_state *store, int64_t id, enum model_run_state to,
                    struct err *err) must_check;
/* FAILED(failure) from any state before PUBLISHED; from PUBLISHING only as the result of read-back.
 */
int store_run_fail(struct store_state *store, int64_t id, const struct err *failure,
                   struct err *err) must_check;
/* CANCELLED; refused with RUN_NOT_CANCELLABLE from PUBLISHING on. */
int store_run_cancel(struct store_state *store, int64_t id, int64_t uid,
                     struct err *err) must_check;
/* Notes an error on a run that is not over (why it waits, or why its outcome is unknown); NULL
 * takes it away. */
int store_run_note(struct store_state *store, int64_t id, const struct err *note,
                   struct err *err) must_check;
int store_run_version(struct store_state *store, int64_t id, int64_t version,
                      struct err *err) must_check;
int store_run_counts(struct store_state *store, int64_t id, const struct model_run_counts *counts,
                     struct err *err) must_check;
int store_run_chunks(struct store_state *store, int64_t id, int64_t done, int64_t total,
                     struct err *err) must_check;

struct store_file {
    char *name;
    int64_t length, rows;
    uint8_t sha256[32];
};
void store_files_free(struct store_file *files, size_t count);
/* PUBLISHED and RECORDED in one transaction: run row, counts, files, generation; its groups are
 * forgotten. From PUBLISHING only; an already RECORDED run is fine and left alone. */
int store_run_record(struct store_state *store, int64_t id, const struct model_run_counts *counts,
                     const struct store_file *files, size_t count, struct err *err) must_check;
/* Files journaled at STAGED (length and SHA-256 as computed while writing); replaces those of the
 * run. */
int store_files_put(struct store_state *store, int64_t run, const struct store_file *files,
                    size_t count, struct err *err) must_check;
int store_files_list(struct store_state *store, int64_t run, struct store_file **out, size_t *count,
                     struct err *err) must_check;

int store_run_get(struct store_state *store, int64_t id, struct model_run *out,
                  struct err *err) must_check;
#define STORE_FILTER_WORDS 4
struct store_run_filter {
    int64_t batch;                  /* 0: any */
    const struct model_name *table; /* NULL: any */
    const char *sync_uuid;          /* NULL: any */
    bool failed_only, unresolved_only;
    /* Each must occur, in any letter case, in: table, number of run and batch, word of state, code
     * of its error, time it began ("2026-11-23T02:03:04Z"). NULL: any. */
    const char *words[STORE_FILTER_WORDS];
    int offset, limit; /* limit 0 = 100, at most 500 */
};
/* Newest first. *out malloc'd array, freed with store_runs_free. total (may be NULL): matches
 * without paging. */
int store_run_list(struct store_state *store, const struct store_run_filter *filter,
                   struct model_run **out, size_t *count, int64_t *total,
                   struct err *err) must_check;
/* Every run that is not over (PLANNED..PUBLISHING), and RECORDED ones still to be cleaned; oldest
 * first. */
int store_runs_unresolved(struct store_state *store, struct model_run **out, size_t *count,
                          struct err *err) must_check;
void store_runs_free(struct model_run *runs, size_t count);
/* The latest run of a sync that published; RUN_NOT_FOUND if none. */
int store_run_last_good(struct store_state *store, const char *sync_uuid, struct model_run *out,
                        struct err *err) must_check;
/* Destination of the sync a run belongs to, malloc'd. */
char *store_run_destination(struct store_state *store, int64_t id, struct err *err);

/* --- plans, statements, groups
 * ----------------------------------------------------------------------------------- */
int store_plan_get(struct store_state *store, int64_t run, struct model_plan *out,
                   struct err *err) must_check;
/* Replaces the plan of a run that is still PLANNED or RUNNING (result manifest's cut into groups,
 * for example). */
int store_plan_put(struct store_state *store, int64_t run, const struct model_plan *plan,
                   struct err *err) must_check;
int store_statement_put(struct store_state *store, int64_t run, int attempt, int slice,
                        const char *statement_id, struct err *err) must_check;
/* malloc'd, NULL without error if none is stored. */
char *store_statement_get(struct store_state *store, int64_t run, int attempt, int slice,
                          struct err *err);

struct store_group {
    int slice, group;
    char part[128]; /* file it was appended to */
    int64_t first_chunk, chunks;
    int64_t rows, bytes;
    uint8_t sha256[32]; /* of the encoded image */
    int state;          /* the caller's: 0 planned, 1 downloaded, 2 encoded, 3 appended */
};
int store_group_put(struct store_state *store, int64_t run, const struct store_group *group,
                    struct err *err) must_check;
int store_group_list(struct store_state *store, int64_t run, struct store_group **out,
                     size_t *count, struct err *err) must_check;

/* --- generations
 * --------------------------------------------------------------------------------------------- */
/* Generations of a sync that are recorded, not removed, and older than the newest `keep`; *out
 * malloc'd. */
int store_generations_old(struct store_state *store, const char *sync_uuid, int keep, int64_t **out,
                          size_t *count, struct err *err) must_check;
int store_generation_removed(struct store_state *store, const char *sync_uuid, int64_t seq,
                             struct err *err) must_check;

/* --- operator log, facts, secrets' metadata
 * -------------------------------------------------------------------- */
/* Appends one line, chained by SHA-256 over (previous hash, time, uid, verb, detail). detail: JSON,
 * borrowed, may be NULL; never a secret. */
int store_oplog_add(struct store_state *store, int64_t uid, const char *verb,
                    const struct cJSON *detail, struct err *err) must_check;
/* Newest first: [{"id","time","uid","verb","detail","hash"}]; caller cJSON_Delete()s. */
struct cJSON *store_oplog_list(struct store_state *store, int offset, int limit, struct err *err);
/* Walks the chain; *bad_id = first broken line (0: whole). Returns 0 also when broken. */
int store_oplog_verify(struct store_state *store, int64_t *lines, int64_t *bad_id,
                       struct err *err) must_check;

/* Small named JSON texts of the engine (drafts, baselines, acknowledged notices). NULL value
 * removes. */
int store_fact_put(struct store_state *store, const char *key, const char *value,
                   struct err *err) must_check;
char *store_fact_get(struct store_state *store, const char *key,
                     struct err *err); /* malloc'd or NULL */

struct store_secret_info {
    char name[64];
    char fingerprint[9];
    int64_t created_us, expires_us; /* 0: not known */
};
int store_secret_info_put(struct store_state *store, const struct store_secret_info *info,
                          struct err *err) must_check;
int store_secret_info_remove(struct store_state *store, const char *name,
                             struct err *err) must_check;
int store_secret_info_list(struct store_state *store, struct store_secret_info **out, size_t *count,
                           struct err *err) must_check;

#endif
