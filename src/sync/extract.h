/* Groups on their way from the workspace to encoded images: the statement, its chunks, the encode
 * jobs. */
#ifndef AAMPE_SYNC_EXTRACT_H
#define AAMPE_SYNC_EXTRACT_H

#include "columnar/parquet_write.h"
#include "databricks/statement.h"
#include "sync/budget.h"
#include "sync/group.h"
#include "sync/worker.h"

struct base_seam;
struct sync;
struct sync_run;

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

/* --- submit.c, extract.c, transfer.c --- */

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
    size_t appended;                /* chunks */
    size_t next_fetch, next_encode; /* chunk numbers */
    int64_t rows;                   /* appended so far */
    struct sync_slot *slots;        /* ascending */
    struct columnar_row_group *image;
    struct sync_work *next; /* ascending groups */
};

/* What a statement waits for that has not begun. */
struct sync_pending {
    struct databricks_call *call; /* the warehouse is being asked */
    int64_t since_us, asked_us;   /* monotonic; 0: not waiting, not asked */
    struct err why;               /* SRC_WH_QUEUED, SRC_WH_STOPPED, SRC_WH_START_FAILED */
};

struct sync_extract {
    char statement_id[64];
    bool statement_polled;
    enum databricks_state statement_state; /* of the last poll */
    struct sync_pending pending;
    bool lz4;
    struct sync_chunk *chunks;
    bool *again; /* of each chunk: fetched more than once */
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
/* An earlier process may have submitted the statement of this attempt without learning its id: it
 * is looked for, and cancelled when it runs. Nobody waits for that. */
void sync_submit_search(struct sync_run *run);
/* The workspace has taken it: stored, then waited for. */
void sync_statement_known(struct sync_run *run, const char *id);
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

#endif
