/* The walk of the data: plan, extract, encode, publish, recover (reliability.md (c)). One object
 * per engine, on its main loop; every function here is called there, every callback is run there,
 * never from inside the call that caused it. Encoding happens on worker threads of this room,
 * writing on the disk thread of storage.
 *
 * One table of one batch is a run. Its states are those of model/run.h and are stored before they
 * are announced. */
#ifndef AAMPE_SYNC_SYNC_H
#define AAMPE_SYNC_SYNC_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/seam.h"
#include "model/meter.h"
#include "model/plan.h"
#include "model/run.h"
#include "model/share.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_loop;
struct databricks;
struct storage;
struct store_state;
struct sync;

/* Zero or NULL in a field means the default in brackets. */
struct sync_settings {
    const char
        *warehouse_id;      /* every statement runs there; empty gives CONFIG_MISSING at planning */
    const char *principal;  /* application id, for the GRANT in the hint of a missing privilege */
    const char *codec;      /* "snappy" (default), "zstd", "none": of the Parquet pages */
    size_t memory_limit;    /* bytes of reservations together [160 MiB] */
    int workers;            /* encode threads [number of cores] */
    int parallel_tables;    /* runs between PLANNED and VERIFIED at once [4] */
    int link_parallel;      /* chunk downloads at once, over all runs [8] */
    int64_t group_rows;     /* cut of a group: rows [1 Mi] */
    int64_t group_bytes;    /* and bytes of Arrow [128 MiB] */
    int64_t file_bytes;     /* a part file is closed once it is this large [512 MiB] */
    int64_t no_progress_ms; /* a run without a new chunk or part gives up after this [30 min] */
    int max_attempts;       /* attempts of one run for causes that pass, the first included [5] */
    int64_t retry_base_ms;  /* before a second attempt; doubles, full jitter, at most 60 s [1 s] */
    bool no_warehouse_start; /* a stopped warehouse is not started: SRC_WH_START_DENIED */
    bool no_compression;     /* do not ask for LZ4 chunks */
};

/* All borrowed; they outlive the sync object. */
struct sync_deps {
    struct net_loop *loop;
    struct databricks *databricks;
    struct storage *storage;
    struct store_state *store;
    struct base_seam *seam;
    struct base_log *log;
    struct sync_settings settings; /* copied */
};

/* What a batch is asked to do with one table. */
struct sync_request {
    const struct model_share_table *table; /* copied */
    const char *destination; /* folder under the storage root; NULL: model_name_path of the table */
    bool allow_empty;        /* publish zero rows although the last generation had some */
};

/* What a run is doing, for people and progress bars. */
enum sync_phase {
    SYNC_PHASE_QUEUED,
    SYNC_PHASE_PLANNING,
    SYNC_PHASE_STATEMENT, /* the warehouse works */
    SYNC_PHASE_TRANSFER,  /* chunks arrive, are encoded and written */
    SYNC_PHASE_VERIFY,
    SYNC_PHASE_PUBLISH,
    SYNC_PHASE_CLEAN,
    SYNC_PHASE_OVER
};
const char *sync_phase_name(enum sync_phase phase); /* "transfer" */

struct sync_progress {
    int64_t run_id, batch;
    enum sync_phase phase;
    int64_t rows, rows_total;          /* encoded so far; -1: not known yet */
    int64_t bytes;                     /* received from result links */
    int64_t chunks_done, chunks_total; /* total -1: not known yet */
    double rows_per_second;            /* over the last 10 s */
    bool waiting_warehouse;            /* statement not finished yet */
    bool waiting_memory;               /* the next group has no reservation yet */
    bool waiting_server;               /* no bytes arrive and the workers have nothing to do */
    bool waiting_retry;                /* a failed attempt; the next one starts at retry_at_us */
    int64_t retry_at_us;
    bool stalled;        /* no progress for 60 s */
    double idle_seconds; /* since the last progress; 0 where nothing is expected */
};

/* Figures of one run: kept while the object lives, for reports. Seconds of the monotonic clock. */
struct sync_stats {
    double seconds;        /* start to record */
    double waiting_server; /* transfer time in which no byte arrived and no worker had work */
    double waiting_memory; /* a group waited for its reservation */
    double cpu;            /* worker thread time spent encoding this run */
    int64_t bytes_received;
    int64_t chunks_refetched, links_asked, links_renewed, links_expired, statements;
};

/* Everything about a run that is under way, or about its last failed attempt as it was when it
 * failed. */
struct sync_live {
    struct sync_progress progress;
    struct sync_stats stats;
    char statement_id[64];   /* "" before it is known */
    int statement_state;     /* enum databricks_state as polled last; -1: not yet */
    const char *waiting_for; /* code of what a PENDING statement waits for; NULL: nothing known */
    double pending_seconds;
    int64_t retries, throttled; /* of the workspace's calls since the run began, of all runs */
    int64_t throttled_until_us; /* 0: not waiting for it */
    size_t memory, memory_used, memory_limit; /* of this run; of all; bytes */
    int64_t files, file_bytes;                /* closed in staging */
    int64_t last_chunk;                       /* encoded last; -1: none */
    double last_chunk_seconds;                /* ago */
    double running_seconds;                   /* since the attempt began */
};

/* Both may be NULL. Progress comes at most four times a second and run, state at every change
 * (after it is stored). */
struct sync_listener {
    void (*on_run_state)(void *user, const struct model_run *run);
    void (*on_progress)(void *user, const struct sync_progress *progress);
    void (*on_batch_over)(void *user, int64_t batch_id); /* its last run is over */
    /* A statement is about to start a warehouse that was in this state. */
    void (*on_warehouse_start)(void *user, const char *name, const char *state);
    void *user;
};

/* Starts the worker threads. NULL with err (CONFIG_INVALID, HOST_MEMORY). Nothing is touched before
 * sync_recover. */
struct sync *sync_new(const struct sync_deps *deps, struct err *err);
/* Cancels transfers, turns the loop until disk and workers have answered, joins the workers. Runs
 * stay as they are stored, sync_recover resolves them next time. Free it before databricks,
 * storage, store and loop. */
void sync_free(struct sync **sync);
void sync_listen(struct sync *sync,
                 const struct sync_listener *listener); /* copied; one listener */
/* Settings for runs that start from now on; workers and memory_limit stay as they were made. */
void sync_settings_set(struct sync *sync, const struct sync_settings *settings);

/* At start: resolves every run that is between intent and record, by asking the destination. done
 * is called when each of them is recorded, failed, or running again; batches may be started before,
 * but wait for it. */
void sync_recover(struct sync *sync, void (*done)(void *user, int resolved, const struct err *err),
                  void *user);

/* Starts one run per request; the intents are stored before it returns. trigger: "manual",
 * "schedule", "retry", "demo". A table that is being synced already is refused (ENGINE_BUSY) and
 * nothing starts. 0 or -1. */
int sync_batch_start(struct sync *sync, const struct sync_request *requests, size_t count,
                     const char *trigger, int64_t *batch_id, struct err *err) must_check;
/* RUN_NOT_FOUND, RUN_NOT_CANCELLABLE (being published, or over). The state CANCELLED follows by the
 * listener. */
int sync_run_cancel(struct sync *sync, int64_t run_id, struct err *err) must_check;
/* A run that waits for its next attempt starts it now; a failed or cancelled one becomes a new run
 * of the same table in a new batch, described by request (its table must be that of the run).
 * batch_id may be NULL. */
int sync_run_retry(struct sync *sync, int64_t run_id, const struct sync_request *request,
                   int64_t *batch_id, struct err *err) must_check;

/* The plan as it would be now; nothing is stored or started. */
struct sync_preview {
    struct model_plan plan; /* columns: those that will be read; slices; version or -1 */
    bool unpinned; /* a view, or a table with row filter or masks: cannot be read at a version */
    const char
        *unpinned_why; /* "view", "row filter", "column mask", "not a Delta table"; or NULL */
    struct model_schema
        refused; /* columns that cannot be written (nested, unknown): a run would fail by them */
    struct err refused_err; /* what the run would fail with; ERR_OK when refused is empty */
    int64_t rows_estimated; /* from the last run or the table's statistics; -1: not known */
    const char *destination;
};
/* done is called once, with preview NULL and err on failure; the preview is borrowed for the call.
 */
void sync_plan_preview(struct sync *sync, const struct sync_request *request,
                       void (*done)(void *user, const struct sync_preview *preview,
                                    const struct err *err),
                       void *user);

/* No run is queued, running or waiting, and recovery is over. */
bool sync_idle(const struct sync *sync);
/* Runs not over yet, and whether one of them is this table's (0 = none). */
size_t sync_active(const struct sync *sync);
int64_t sync_active_run(const struct sync *sync, const struct model_name *table);
/* The latest figures of a run of this process; false when it is not known here. */
bool sync_run_progress(const struct sync *sync, int64_t run_id, struct sync_progress *out);
bool sync_run_stats(const struct sync *sync, int64_t run_id, struct sync_stats *out);
/* The detail; chunks (may be NULL) gets the map of model/meter.h. False: it is not under way. */
bool sync_run_live(const struct sync *sync, int64_t run_id, struct sync_live *out,
                   struct buf *chunks);
/* The last failed attempt of a run that is not over; *chunks borrowed, the packed map. False: none.
 * Still there while on_run_state says FAILED. */
bool sync_run_failed(const struct sync *sync, int64_t run_id, struct sync_live *out,
                     const char **chunks);
/* Rows of all runs of a batch over its time, while one of them is not over and a little longer.
 * False: not known here. */
bool sync_batch_meter(const struct sync *sync, int64_t batch, struct model_meter *out);

/* The crash points a local full refresh passes ("P0" ... "L5"), NULL at the end. */
const char *const *sync_crash_points(void);

#endif
