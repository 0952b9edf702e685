/* Runs: one table in one batch. States are those of reliability.md (c); words for people of
 * screens.md 4. */
#ifndef AAMPE_MODEL_RUN_H
#define AAMPE_MODEL_RUN_H

#include "base/err.h"
#include "model/name.h"

#include <stdint.h>

enum model_run_state {
    RUN_PLANNED,
    RUN_RUNNING,
    RUN_STAGED,
    RUN_VERIFIED,
    RUN_PUBLISHING,
    RUN_PUBLISHED,
    RUN_RECORDED,
    RUN_CLEANED,
    RUN_FAILED,
    RUN_CANCELLED
};

struct model_run_counts {
    int64_t source_rows, manifest_rows, decoded_rows, file_rows; /* -1: not known yet */
};

struct model_run {
    int64_t id; /* number shown to people, unique in the state */
    int64_t batch;
    int64_t seq; /* run_seq of its sync, +1 a run */
    int attempt;
    char sync_uuid[37];
    struct model_name table;
    enum model_run_state state;
    int64_t version; /* Delta version the plan pinned; -1: unpinned */
    struct model_run_counts counts;
    int64_t files, bytes;
    int64_t started_us, finished_us; /* 0: not yet */
    int64_t chunks_done, chunks_total;
    struct err err; /* of FAILED */
};

void model_run_free(struct model_run *run);
const char *model_run_state_name(enum model_run_state state); /* "RUNNING" */
int model_run_state_parse(const char *text, enum model_run_state *state);
const char *
model_run_word(const struct model_run *run); /* queued, running, done, failed, cancelled, unknown
                                                (PUBLISHING with an error noted) */
/* PUBLISHING and PUBLISHED can only be resolved. */
bool model_run_cancellable(enum model_run_state state);
bool model_run_over(enum model_run_state state);
/* {"id","batch","seq","attempt","sync_uuid","table","state","word","version","source_rows","manifest_rows",
 * "decoded_rows","file_rows","files","bytes","started","finished","chunks_done","chunks_total","error"};
 * what is not known yet (-1, 0 for times, no error) is absent. */
struct cJSON *model_run_to_json(const struct model_run *run);
int model_run_from_json(const struct cJSON *json, struct model_run *out,
                        struct err *err) must_check;

#endif
