/* What the files of this room share. One struct sync per engine, one struct sync_run per table that
 * is not over yet. Everything here belongs to the main loop. A change anywhere ends in sync_wake;
 * the pump then looks at every run and takes the steps that have become possible, so no step is
 * taken from inside another room's callback twice. */
#ifndef AAMPE_SYNC_INTERNAL_H
#define AAMPE_SYNC_INTERNAL_H

#include "databricks/catalog.h"
#include "net/http.h"
#include "net/loop.h"
#include "store/state.h"
#include "sync/extract.h"
#include "sync/plan.h"
#include "sync/publish.h"
#include "sync/retry.h"
#include "sync/sync.h"

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
    bool counted;       /* and is in `failures`: the store may have to be asked twice for its end */
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
    int64_t *old_seqs; /* generations being removed */
    size_t old_count;
    struct err publish_err; /* why the destination did not take it */
    int publish_misses;     /* acts that it says it has not done */
    /* Figures. */
    struct sync_stats stats;
    int64_t begun_mono_us, progress_mono_us; /* last time something was verified or stored */
    int64_t
        proved_mono_us; /* more chunks were verified than ever before in this run, or it began */
    int64_t best_chunks;
    int64_t event_mono_us;                  /* last byte or job, for waiting_server */
    int64_t memory_since_us;                /* 0: not waiting for memory */
    int jobs;                               /* encode jobs under way */
    int64_t attempt_mono_us;                /* the attempt began */
    int64_t last_chunk, last_chunk_mono_us; /* encoded last, and when; 0: none yet */
    struct net_http_waits waits;            /* of the workspace's calls when it began */
    struct sync_live failed;                /* the last failed attempt, as it was then */
    char *failed_chunks;                    /* its map; NULL: no attempt has failed */
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
/* Stores the state, ends the transaction the caller has begun, tells the listener. Refused once the
 * attempt is failing, whatever answer is still on its way. */
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

/* --- warehouse.c --- */
struct sync_warehouse_look;
/* done runs once on the loop, never from inside: NULL when a statement may be given to the
 * warehouse; the look is dead then. Asks at most every 30 s while it runs. */
struct sync_warehouse_look *sync_warehouse_look_new(struct sync *sync,
                                                    void (*done)(void *user, const struct err *err),
                                                    void *user);
void sync_warehouse_look_cancel(struct sync_warehouse_look **look);
/* A statement follows: when it starts the warehouse, that is said. */
void sync_warehouse_used(struct sync *sync);

/* --- recover.c --- */
void sync_recovered(struct sync_run *run);

/* --- progress.c --- */
void sync_progress_start(struct sync *sync);
/* A byte arrived, a job began or ended: accounts for the gap before it. */
void sync_progress_event(struct sync_run *run);
void sync_progress_fill(const struct sync_run *run, struct sync_progress *out);
void sync_progress_over(struct sync_run *run);
/* Rows were encoded, or (negative) are to be read again. */
void sync_meter_add(struct sync_run *run, int64_t rows);

/* --- pending.c --- */
/* Once a tick: a statement that stays PENDING has its warehouse asked why. */
void sync_pending_look(struct sync_run *run, int64_t now_us);
/* How long, and of which statement. */
void sync_pending_stamp(const struct sync_run *run, struct err *err);

/* --- live.c --- */
/* Keeps what an attempt looked like before it is taken apart. */
void sync_live_keep(struct sync_run *run);

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

/* How a batch goes, kept for the latest few. */
struct sync_batch_meter {
    int64_t batch;
    struct model_meter meter;
};
#define SYNC_METERS 8

struct sync_ending; /* a statement being cancelled or released */
struct sync_submit; /* a submission under way */
struct preview;
void sync_previews_drop(struct sync *sync);

struct sync {
    struct sync_deps deps;
    char *warehouse_id, *codec, *principal; /* settings' own copies */
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
    char *warehouse_name, *warehouse_state; /* as last looked at; NULL: never */
    int64_t warehouse_seen_us;              /* monotonic */
    bool reached;   /* a table was planned: the way to the workspace is right */
    bool recovered; /* runs may start */
    int recovering; /* runs still unresolved */
    int recover_count;
    struct err recover_err;
    void (*recover_done)(void *user, int resolved, const struct err *err);
    void *recover_user;
    uint64_t pump_timer, tick_timer, recover_timer;
    struct sync_memo memos[SYNC_MEMOS];
    size_t memo_at;
    struct sync_batch_meter meters[SYNC_METERS];
    size_t meter_at;
};

void sync_wake(struct sync *sync);

#endif
