#include "engine/engine.h"

#include "base/json.h"

#include <stdlib.h>

#define RUNS_MAX 500

static void count_add(cJSON *json, const char *key, int64_t value)
{
    if (value >= 0)
        base_json_add_i64(json, key, value);
    else
        base_json_add_take(json, key, cJSON_CreateNull());
}

static bool counts_equal(const struct model_run_counts *counts)
{
    return counts->source_rows >= 0 && counts->source_rows == counts->manifest_rows &&
           counts->source_rows == counts->decoded_rows && counts->source_rows == counts->file_rows;
}

static cJSON *table_json(struct engine *engine, const struct model_run *run)
{
    cJSON *json = base_json_object();
    char *name = model_name_text(&run->table);
    int64_t end = run->finished_us ? run->finished_us : base_seam_now_us(engine->seam);
    base_json_add_str(json, "name", name);
    base_json_add_i64(json, "run", run->id);
    count_add(json, "version", run->version);
    count_add(json, "source_rows", run->counts.source_rows);
    count_add(json, "manifest_rows", run->counts.manifest_rows);
    count_add(json, "decoded_rows", run->counts.decoded_rows);
    count_add(json, "file_rows", run->counts.file_rows);
    base_json_add_i64(json, "files", run->files);
    base_json_add_i64(json, "bytes", run->bytes);
    base_json_add_double(json, "seconds",
                         run->started_us ? (double)(end - run->started_us) / 1e6 : 0.0);
    base_json_add_str(json, "state", model_run_word(run));
    base_json_add_i64(json, "attempt", run->attempt);
    base_json_add_bool(json, "counts_equal", counts_equal(&run->counts));
    if (run->err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&run->err));
    free(name);
    return json;
}

cJSON *engine_report(struct engine *engine, int64_t batch, struct err *err)
{
    struct store_run_filter filter = {.batch = batch, .limit = RUNS_MAX};
    struct store_batch info;
    struct model_run *runs = NULL;
    size_t count = 0;
    int64_t total = 0;
    if (store_batch_get(engine->state, batch, &info, err) != 0)
        return NULL;
    cJSON *json = base_json_object();
    cJSON *tables = cJSON_CreateArray();
    bool over = true;
    base_json_add_i64(json, "batch", batch);
    base_json_add_str(json, "trigger", info.kind);
    for (filter.offset = 0;; filter.offset += RUNS_MAX) {
        if (store_run_list(engine->state, &filter, &runs, &count, &total, err) != 0) {
            cJSON_Delete(json);
            cJSON_Delete(tables);
            return NULL;
        }
        for (size_t i = 0; i < count; i++) {
            over = over && model_run_over(runs[i].state);
            cJSON_InsertItemInArray(tables, 0, table_json(engine, &runs[i]));
        }
        store_runs_free(runs, count);
        if (count == 0 || filter.offset + RUNS_MAX >= total)
            break;
    }
    base_json_add_bool(json, "over", over);
    base_json_add_take(json, "tables", tables);
    return json;
}
