/* batches.list */
#include "engine/runs.h"

#include "base/file.h"
#include "base/json.h"

#include <pwd.h>
#include <stdlib.h>

static const char *state_of(const struct store_batch *batch)
{
    return batch->runs_over < batch->runs ? "running"
           : batch->failed                ? "failed"
           : batch->cancelled             ? "cancelled"
                                          : "done";
}

cJSON *engine_batch_json(const struct store_batch *batch)
{
    cJSON *json = base_json_object();
    struct passwd *user = batch->asked_by >= 0 ? getpwuid((uid_t)batch->asked_by) : NULL;
    base_json_add_i64(json, "id", batch->id);
    base_json_add_str(json, "trigger", batch->kind);
    base_json_add_str(json, "by", user ? user->pw_name : NULL);
    base_json_add_time(json, "began", batch->started_us);
    base_json_add_time(json, "ended", batch->finished_us);
    base_json_add_i64(json, "runs", batch->runs);
    base_json_add_i64(json, "over", batch->runs_over);
    base_json_add_i64(json, "failed", batch->failed);
    base_json_add_i64(json, "cancelled", batch->cancelled);
    base_json_add_i64(json, "done", batch->runs_over - batch->failed - batch->cancelled);
    base_json_add_i64(json, "unchanged", 0); /* every run of this version reads its table */
    base_json_add_i64(json, "retried", batch->retried);
    base_json_add_i64(json, "rows", batch->rows);
    base_json_add_i64(json, "bytes", batch->bytes);
    base_json_add_str(json, "state", state_of(batch));
    return json;
}

void engine_verb_batches_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct store_batch *batches = NULL;
    size_t count = 0;
    int64_t total = 0;
    int64_t offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", 50);
    if (limit < 1 || limit > 500 || offset < 0 || offset > INT32_MAX)
        base_err_set(&err, ERR_USAGE, "limit is 1 to 500 and offset not negative");
    if (err.code || store_batch_count(engine->state, &total, &err) != 0 ||
        store_batch_list(engine->state, (int)offset, (int)limit, &batches, &count, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_i64(json, "total", total);
    cJSON *array = base_json_add_array(json, "batches");
    for (size_t i = 0; i < count; i++)
        base_json_push_take(array, engine_batch_json(&batches[i]));
    free(batches);
    engine_reply(engine, call, json);
}
