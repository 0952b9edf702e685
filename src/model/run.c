#include "model/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
    [RUN_PLANNED] = "PLANNED",     [RUN_RUNNING] = "RUNNING",       [RUN_STAGED] = "STAGED",
    [RUN_VERIFIED] = "VERIFIED",   [RUN_PUBLISHING] = "PUBLISHING", [RUN_PUBLISHED] = "PUBLISHED",
    [RUN_RECORDED] = "RECORDED",   [RUN_CLEANED] = "CLEANED",       [RUN_FAILED] = "FAILED",
    [RUN_CANCELLED] = "CANCELLED",
};

void model_run_free(struct model_run *run)
{
    model_name_free(&run->table);
    *run = (struct model_run){0};
}

const char *model_run_state_name(enum model_run_state state)
{
    if ((unsigned)state >= base_countof(state_names))
        bug("run state %d", (int)state);
    return state_names[state];
}

int model_run_state_parse(const char *text, enum model_run_state *state)
{
    for (size_t i = 0; text && i < base_countof(state_names); i++) {
        if (!strcmp(text, state_names[i])) {
            *state = (enum model_run_state)i;
            return 0;
        }
    }
    return -1;
}

const char *model_run_word(const struct model_run *run)
{
    switch (run->state) {
    case RUN_PLANNED:
        return "queued";
    case RUN_PUBLISHING:
        /* With an error noted, the outcome is what the destination is being asked for. */
        return run->err.code == ERR_OK ? "running" : "unknown";
    case RUN_RUNNING:
    case RUN_STAGED:
    case RUN_VERIFIED:
    case RUN_PUBLISHED:
        return "running";
    case RUN_RECORDED:
    case RUN_CLEANED:
        return "done";
    case RUN_FAILED:
        return "failed";
    case RUN_CANCELLED:
        return "cancelled";
    }
    return "unknown";
}

bool model_run_cancellable(enum model_run_state state)
{
    return state < RUN_PUBLISHING;
}

bool model_run_over(enum model_run_state state)
{
    return state >= RUN_RECORDED;
}

static void add_known(cJSON *json, const char *key, int64_t value)
{
    if (value >= 0)
        base_json_add_i64(json, key, value);
}

struct cJSON *model_run_to_json(const struct model_run *run)
{
    cJSON *json = base_json_object();
    char *table = model_name_text(&run->table);

    base_json_add_i64(json, "id", run->id);
    base_json_add_i64(json, "batch", run->batch);
    base_json_add_i64(json, "seq", run->seq);
    base_json_add_i64(json, "attempt", run->attempt);
    base_json_add_str(json, "sync_uuid", run->sync_uuid);
    base_json_add_str(json, "table", table);
    base_json_add_str(json, "state", model_run_state_name(run->state));
    base_json_add_str(json, "word", model_run_word(run));
    add_known(json, "version", run->version);
    add_known(json, "source_rows", run->counts.source_rows);
    add_known(json, "manifest_rows", run->counts.manifest_rows);
    add_known(json, "decoded_rows", run->counts.decoded_rows);
    add_known(json, "file_rows", run->counts.file_rows);
    base_json_add_i64(json, "files", run->files);
    base_json_add_i64(json, "bytes", run->bytes);
    base_json_add_time(json, "started", run->started_us);
    base_json_add_time(json, "finished", run->finished_us);
    base_json_add_i64(json, "chunks_done", run->chunks_done);
    base_json_add_i64(json, "chunks_total", run->chunks_total);
    if (run->err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&run->err));
    free(table);
    return json;
}

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us;

    return text && !base_time_parse(text, &us) ? us : 0;
}

int model_run_from_json(const struct cJSON *json, struct model_run *out, struct err *err)
{
    const char *table = base_json_str(json, "table");

    *out = (struct model_run){0};
    if (!table || model_run_state_parse(base_json_str(json, "state"), &out->state) ||
        !base_json_i64(json, "id", &out->id))
        return base_err_set(err, ERR_ENGINE_PROTOCOL, "a run lacks its id, table or state");
    if (model_name_parse(table, &out->table, err))
        return -1;
    out->batch = base_json_i64_or(json, "batch", 0);
    out->seq = base_json_i64_or(json, "seq", 0);
    out->attempt = (int)base_json_i64_or(json, "attempt", 0);
    snprintf(out->sync_uuid, sizeof out->sync_uuid, "%.36s",
             base_json_str_or(json, "sync_uuid", ""));
    out->version = base_json_i64_or(json, "version", -1);
    out->counts = (struct model_run_counts){
        .source_rows = base_json_i64_or(json, "source_rows", -1),
        .manifest_rows = base_json_i64_or(json, "manifest_rows", -1),
        .decoded_rows = base_json_i64_or(json, "decoded_rows", -1),
        .file_rows = base_json_i64_or(json, "file_rows", -1),
    };
    out->files = base_json_i64_or(json, "files", 0);
    out->bytes = base_json_i64_or(json, "bytes", 0);
    out->started_us = time_of(json, "started");
    out->finished_us = time_of(json, "finished");
    out->chunks_done = base_json_i64_or(json, "chunks_done", 0);
    out->chunks_total = base_json_i64_or(json, "chunks_total", 0);
    if (base_json_get(json, "error"))
        base_err_from_json(&out->err, base_json_get(json, "error"));
    return 0;
}
