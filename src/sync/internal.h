/* What the files of this room share. One struct sync per engine, one struct sync_run per table that
 * is not over yet. Everything here belongs to the main loop. A change anywhere ends in sync_wake;
 * the pump then looks at every run and takes the steps that have become possible, so no step is
 * taken from inside another room's callback twice. */
#ifndef AAMPE_SYNC_INTERNAL_H
#define AAMPE_SYNC_INTERNAL_H

#include "base/vec.h"
#include "columnar/parquet_read.h"
#include "columnar/parquet_write.h"
#include "databricks/catalog.h"
#include "databricks/statement.h"
#include "net/loop.h"
#include "storage/storage.h"
#include "store/state.h"
#include "sync/budget.h"
#include "sync/group.h"
#include "sync/retry.h"
#include "sync/sync.h"
#include "sync/worker.h"

#define SYNC_IDENTITY DATABRICKS_PRINCIPAL

enum sync_step {
    STEP_QUEUED,   /* waits for its turn */
    STEP_PLAN,     /* reads the table's description and version */
    STEP_BEGIN,    /* staging is being made ready */
    STEP_SUBMIT,   /* the statement is on its way; its id is not known yet */
    STEP_WAIT,     /* the warehouse works on it */
    STEP_TRANSFER, /* chunks arrive, groups are encoded and written */
    STEP_SEAL,
    STEP_VERIFY,
    STEP_PUBLISH, /* the destination's act; on doubt it is asked */
    STEP_RESOLVE, /* asking it */
    STEP_CLEAN,
    STEP_UNDO,  /* an attempt failed: its statement is cancelled, its staging dropped */
    STEP_PAUSE, /* waits for its next attempt */
    STEP_OVER
};

/* --- plan.c --- */

struct sync_planner;
/* What planning found. */
struct sync_planned {
    struct model_plan plan;
    const char *unpinned_why; /* NULL: pinned */
    struct model_schema refused;
    struct err refused_err;
};
void sync_planned_free(struct sync_planned *planned);
/* done is called once with planned (may be taken by copying and zeroing) or err; the planner is
 * dead then. */
struct sync_planner *sync_planner_new(struct sync *sync, const struct model_share_table *table,
                                      void (*done)(void *user, struct sync_planned *planned,
                                                   const struct err *err),
                                      void *user);
void sync_planner_cancel(struct sync_planner **planner);
/* The plan of the intent: what was asked, before the workspace is looked at. */
bool sync_plan_is_intent(const struct model_plan *plan);
struct model_plan sync_plan_intent(const struct model_share_table *table, const char *codec);
/* The request a stored plan came from. */
struct model_share_table sync_plan_request(const struct model_plan *plan);
void sync_share_table_free(struct model_share_table *table);
struct model_share_table sync_share_table_dup(const struct model_share_table *table);

/* --- encode.c --- */

/* A row group under construction; belongs to its group, or to the job that works on it. */
struct sync_encoding {
    struct model_schema want;
    struct columnar_write_options options;
    struct columnar_encoder *encoder;
    struct columnar_conversion *conversion;
    struct columnar_schema schema; /* of the first chunk */
    bool has_schema;
};
struct sync_encoding *sync_encoding_new(const struct model_schema *want,
                                        const struct columnar_write_options *options);
void sync_encoding_free(struct sync_encoding **encoding);

/* One chunk decoded and appended; with `last` the group is finished too. Everything in it is its
 * own. */
struct sync_encode_job {
    struct sync_job job;
    struct sync *sync;
    struct base_seam *seam;
    int64_t run_id;
    int epoch;
    size_t group;
    int pass;               /* of the group: it begins again when a chunk turns out corrupt */
    struct sync_hold *hold; /* only once the run has given the group up */
    struct sync_encoding *encoding;
    uint8_t *body; /* NULL: nothing to append, only finish */
    size_t body_len;
    bool lz4, last;
    int64_t chunk, rows;              /* rows declared for it */
    struct columnar_row_group *image; /* out, with last */
    size_t memory;                    /* out: what the encoder holds */
    struct err err;                   /* out */
};
void sync_encode_push(struct sync *sync, struct sync_encode_job *job);
void sync_encode_job_free(struct sync_encode_job *job);

/* --- extract.c, transfer.c --- */

enum sync_slot_state { SLOT_WAITING, SLOT_LINK, SLOT_FETCH, SLOT_READY };
struct sync_work;
/* A chunk between its request and the encoder. */
struct sync_slot {
    struct sync_work *work;
    size_t chunk;
    enum sync_slot_state state;
    struct databricks_call *call;
    uint8_t *body;
    size_t body_len;
    int64_t counted; /* bytes of this try already in the run's figures */
    int misses;      /* in a row */
    struct sync_slot *next;
};

/* A group that has asked for its memory. */
struct sync_work {
    struct sync_run *run;
    const struct sync_group *group;
    struct sync_hold *hold;
    struct sync_encoding *encoding; /* NULL while a job has it */
    struct sync_encode_job *job;    /* under way, or NULL */
    bool encoded;
    size_t appended; /* chunks */
    int pass;
    size_t next_fetch, next_encode; /* chunk numbers */
    int64_t rows;                   /* appended so far */
    struct sync_slot *slots;        /* ascending */
    struct columnar_row_group *image;
    struct sync_work *next; /* ascending groups */
};

struct sync_extract {
    char statement_id[64];
    bool lz4;
    struct sync_chunk *chunks;
    size_t chunk_count;
    struct sync_group *groups;
    size_t group_count;
    size_t next_group; /* to ask memory for */
    size_t next_write; /* to be written */
    size_t written;    /* groups whose bytes storage has taken */
    struct sync_work *works;
    struct columnar_schema schema; /* of the first chunk that was decoded */
    bool has_schema;
    int refetches;     /* of corrupt chunks */
    double page_ratio; /* encoded bytes per byte of Arrow, the largest seen so far; 0: none yet */
    int64_t chunks_done, total_rows, total_bytes;
};

/* Encoded bytes per byte of Arrow before anything is known of a table. */
#define SYNC_PAGE_RATIO 0.7

void sync_extract_submit(struct sync_run *run);
/* True when the answer to a submission of this run is still to come; its arrival lowers `undoing`.
 */
bool sync_submit_await(struct sync_run *run);
void sync_submits_drop(struct sync *sync);
void sync_extract_pump(struct sync_run *run);
void sync_extract_encoded(struct sync_run *run, struct sync_encode_job *job);
/* Drops transfers and memory; jobs under way are orphaned. */
void sync_extract_clear(struct sync_run *run);
/* The group's bytes are on the disk: its memory is free again. */
void sync_work_written(struct sync_run *run, size_t group);

/* --- write.c, verify.c, publish.c --- */

struct sync_write {
    struct storage_part *part;
    struct columnar_footer *footer;
    char part_name[32];
    int64_t offset, part_rows;
    size_t part_number;
    size_t closing; /* parts whose close has not been answered */
    vec_of(struct store_file) files;
    int64_t written_rows;
};

struct check_job;
struct sync_verify {
    size_t hashing; /* files whose digest is not back yet */
    size_t file;    /* being re-opened */
    struct columnar_pq_file *parsed;
    size_t group, column;
    struct buf bytes; /* of the column chunk being read */
    int64_t file_rows;
    struct sync_hold *hold;
    bool waiting;          /* for hold */
    struct check_job *job; /* under way, or NULL; has `parsed` meanwhile */
};

void sync_write_group(struct sync_run *run, struct sync_work *work);
void sync_write_finish(struct sync_run *run);
void sync_write_clear(struct sync_run *run);
/* HOST_DISK_FULL or HOST_INODES_FULL when what is left of the run will not fit. */
int sync_space_check(const struct sync_run *run, const struct storage_reply *reply,
                     struct err *err);
void sync_verify_start(struct sync_run *run);
void sync_verify_pump(struct sync_run *run);
void sync_verify_clear(struct sync_run *run);
void sync_publish_start(struct sync_run *run);
void sync_publish_resolve(struct sync_run *run);
void sync_clean_start(struct sync_run *run);
struct storage_identity sync_run_identity(const struct sync_run *run);

/* --- run.c --- */

struct sync_run {
    struct sync *sync;
    struct sync_run *next;
    struct model_run row;
    struct model_share_table table;
    char *destination;
    bool allow_empty;
    bool recovering; /* counted by sync_recover */
    enum sync_step step;
    int epoch; /* grows when an attempt begins or is given up: answers to an older one are dropped
                */
    struct model_plan plan;
    bool planned; /* plan is that of the workspace, not only the intent */
    struct sync_planner *planner;
    struct databricks_call *call;       /* the statement's */
    struct databricks_call *count_call; /* count(*) */
    bool count_known;
    uint64_t timer;
    int64_t timer_at_us;
    void (*timer_fn)(struct sync_run *run);
    struct err failure; /* of the attempt being undone */
    bool failing;       /* an attempt has failed: no step but undoing is taken */
    bool undone;        /* and has been taken apart, but for `undoing` answers */
    bool cancelled, gave_up;
    bool interrupted; /* the attempt was another process's */
    bool staging;     /* storage may hold something of this attempt */
    int failures;     /* attempts of this process that failed */
    int undoing;      /* answers awaited before the attempt is gone */
    int data_misses;  /* attempts lost to SRC_CHUNK_GAP and its kin */
    struct sync_extract extract;
    struct sync_write write;
    struct sync_verify verify;
    /* Figures. */
    struct sync_stats stats;
    int64_t begun_mono_us, progress_mono_us; /* last time something was verified or stored */
    int64_t event_mono_us;                   /* last byte or job, for waiting_server */
    int64_t memory_since_us;                 /* 0: not waiting for memory */
    int jobs;                                /* encode jobs under way */
    int64_t rows_done;
    struct {
        int64_t at_us, rows;
    } rate[12]; /* one a second or so, a ring */
    size_t rate_at;
    int64_t told_us;
    bool told_dirty;
};

struct sync_run *sync_run_new(struct sync *sync, const struct model_run *row);
void sync_run_free(struct sync_run *run);
struct sync_run *sync_run_find(struct sync *sync, int64_t id);
void sync_run_step(struct sync_run *run, enum sync_step step);
/* Stores the state, ends the transaction the caller has begun, tells the listener. */
int sync_run_commit(struct sync_run *run, enum model_run_state state, struct err *err);
/* The attempt cannot go on: undone, then tried again or failed by the class of err. */
void sync_run_fail(struct sync_run *run, const struct err *err);
void sync_run_attempt_start(struct sync_run *run);
void sync_run_undo(struct sync_run *run);
/* Recorded (or found recorded) and cleaned. */
void sync_run_over(struct sync_run *run);
void sync_run_timer(struct sync_run *run, int64_t ms, void (*fn)(struct sync_run *run));
void sync_run_timer_stop(struct sync_run *run);
/* Something was achieved: the clock of "no progress" starts again. */
void sync_run_advanced(struct sync_run *run);
void sync_run_pump(struct sync_run *run);
void sync_run_listen(struct sync_run *run);

/* --- batch.c --- */
void sync_batch_over(struct sync *sync, int64_t batch);
void sync_batch_follow(struct sync_run *run);

/* --- recover.c --- */
void sync_recovered(struct sync_run *run);

/* --- progress.c --- */
void sync_progress_start(struct sync *sync);
/* A byte arrived, a job began or ended: accounts for the gap before it. */
void sync_progress_event(struct sync_run *run);
void sync_progress_fill(const struct sync_run *run, struct sync_progress *out);
void sync_progress_over(struct sync_run *run);

/* --- sync.c --- */

/* A storage verb under way. */
struct sync_op {
    struct sync *sync;
    int64_t run_id;
    int epoch;
    void (*fn)(struct sync_run *run, const struct storage_reply *reply, size_t number);
    size_t number;
};
/* user of a storage verb whose done is sync_op_done; fn may be NULL. */
struct sync_op *sync_op_new(struct sync_run *run,
                            void (*fn)(struct sync_run *run, const struct storage_reply *reply,
                                       size_t number),
                            size_t number);
void sync_op_done(void *op, const struct storage_reply *reply);

/* Cancels a statement, or releases its result, outside of any run. With run, its `undoing` counts
 * one more until the workspace has answered. */
void sync_statement_end(struct sync *sync, const char *id, bool cancel, struct sync_run *run);

/* Figures of a run that is over, kept for reports. */
struct sync_memo {
    int64_t run_id;
    struct sync_stats stats;
    struct sync_progress progress;
};
#define SYNC_MEMOS 256

struct sync_ending; /* a statement being cancelled or released */
struct sync_submit; /* a submission under way */
struct preview;
void sync_previews_drop(struct sync *sync);

struct sync {
    struct sync_deps deps;
    char *warehouse_id, *codec; /* settings' own copies */
    struct sync_listener listener;
    struct sync_budget *budget;
    struct sync_workers *workers;
    struct sync_run *runs; /* not over, in the order they were asked for */
    struct sync_ending *endings;
    struct sync_submit *submits;
    struct preview *previews;
    size_t ops;    /* storage verbs not answered */
    int transfers; /* link requests and downloads under way */
    bool closing;
    bool recovered; /* runs may start */
    int recovering; /* runs still unresolved */
    int recover_count;
    struct err recover_err;
    void (*recover_done)(void *user, int resolved, const struct err *err);
    void *recover_user;
    uint64_t pump_timer, tick_timer, recover_timer;
    struct sync_memo memos[SYNC_MEMOS];
    size_t memo_at;
};

void sync_wake(struct sync *sync);

#endif
