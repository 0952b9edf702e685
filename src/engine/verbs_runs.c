/* runs.* */
#include "engine/runs.h"
#include "engine/lines.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* At most STORE_FILTER_WORDS words of a text split by spaces; text is written to. */
static void filter_words(char *text, struct store_run_filter *filter)
{
    char *save = NULL;
    size_t count = 0;
    for (char *word = strtok_r(text, " ", &save); word && count < STORE_FILTER_WORDS;
         word = strtok_r(NULL, " ", &save))
        filter->words[count++] = word;
}

void engine_verb_runs_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct store_run_filter filter = {.batch = base_json_i64_or(params, "batch", 0),
                                      .failed_only = base_json_bool_or(params, "failed", false),
                                      .offset = (int)base_json_i64_or(params, "offset", 0),
                                      .limit = (int)base_json_i64_or(params, "limit", 20)};
    char *words = base_strdup(base_json_str_or(params, "filter", ""));
    struct model_run *runs = NULL;
    size_t count = 0;
    int64_t total = 0;
    struct model_name table = {0};
    if (base_json_str(params, "table") && engine_param_name(params, "table", &table, &err) == 0)
        filter.table = &table;
    filter_words(words, &filter);
    if (filter.limit < 1 || filter.limit > 500 || filter.offset < 0)
        base_err_set(&err, ERR_USAGE, "limit is 1 to 500 and offset not negative");
    if (err.code == ERR_OK)
        (void)!store_run_list(engine->state, &filter, &runs, &count, &total, &err);
    model_name_free(&table);
    free(words);
    if (err.code) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_i64(json, "total", total);
    cJSON *array = base_json_add_array(json, "runs");
    for (size_t i = 0; i < count; i++)
        base_json_push_take(array, engine_run_json(&runs[i]));
    store_runs_free(runs, count);
    engine_reply(engine, call, json);
}

/* The run asked for; without a number the latest failure, else the latest run. */
static int run_find(struct engine *engine, const cJSON *params, struct model_run *run,
                    struct err *err)
{
    int64_t id = base_json_i64_or(params, "id", 0);
    if (id != 0)
        return store_run_get(engine->state, id, run, err);
    for (int failed = 1; failed >= 0; failed--) {
        struct store_run_filter filter = {.failed_only = failed == 1, .limit = 1};
        struct model_run *runs = NULL;
        size_t count = 0;
        if (store_run_list(engine->state, &filter, &runs, &count, NULL, err) != 0)
            return -1;
        if (count > 0)
            id = runs[0].id;
        store_runs_free(runs, count);
        if (id != 0)
            return store_run_get(engine->state, id, run, err);
    }
    return base_err_set(err, ERR_RUN_NOT_FOUND, "there is no run yet");
}

static void files_add(struct engine *engine, cJSON *json, int64_t id)
{
    struct store_file *files = NULL;
    size_t count = 0;
    cJSON *array = base_json_add_array(json, "file_list");
    if (store_files_list(engine->state, id, &files, &count, NULL) != 0)
        return;
    for (size_t i = 0; i < count && i < 500; i++) {
        char hex[65];
        cJSON *item = base_json_object();
        base_hex(files[i].sha256, sizeof files[i].sha256, hex);
        base_json_add_str(item, "name", files[i].name);
        base_json_add_i64(item, "bytes", files[i].length);
        base_json_add_i64(item, "rows", files[i].rows);
        base_json_add_str(item, "sha256", hex);
        base_json_push_take(array, item);
    }
    store_files_free(files, count);
}

/* What a reader of the destination has: the latest run of the same sync that published. */
static void safe_add(struct engine *engine, cJSON *json, const struct model_run *run)
{
    struct model_run good = {0};
    if (run->sync_uuid[0] == '\0' ||
        store_run_last_good(engine->state, run->sync_uuid, &good, NULL) != 0)
        return;
    base_json_add_take(json, "last_good", engine_run_json(&good));
    model_run_free(&good);
}

static void plan_add(struct engine *engine, cJSON *json, int64_t id)
{
    struct model_plan plan = {0};
    struct err err = ERR_INIT;
    if (store_plan_get(engine->state, id, &plan, &err) != 0)
        return;
    char *statement = plan.slice_count ? model_plan_statement(&plan, 0, &err) : NULL;
    base_json_add_str(json, "statement", statement);
    base_json_add_i64(json, "columns", (int64_t)plan.columns.count);
    engine_policies_warn(json, &plan, ENGINE_WARNINGS_MAX);
    free(statement);
    model_plan_free(&plan);
}

static void process_add(struct engine *engine, cJSON *json, int64_t id)
{
    struct sync_progress progress;
    struct sync_stats stats;
    if (engine->sync && sync_run_progress(engine->sync, id, &progress))
        base_json_add_take(json, "progress", engine_progress_json(&progress));
    if (engine->sync == NULL || !sync_run_stats(engine->sync, id, &stats))
        return;
    cJSON *item = base_json_add_object(json, "stats");
    base_json_add_double(item, "seconds", stats.seconds);
    base_json_add_double(item, "waiting_server_seconds", stats.waiting_server);
    base_json_add_double(item, "waiting_memory_seconds", stats.waiting_memory);
    base_json_add_double(item, "cpu_seconds", stats.cpu);
    base_json_add_i64(item, "bytes_received", stats.bytes_received);
    base_json_add_i64(item, "chunks_refetched", stats.chunks_refetched);
    base_json_add_i64(item, "links_renewed", stats.links_renewed);
    base_json_add_i64(item, "statements", stats.statements);
}

void engine_verb_runs_show(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_run run = {0};
    if (run_find(engine, params, &run, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    char *destination = store_run_destination(engine->state, run.id, NULL);
    base_json_add_take(json, "run", engine_run_json(&run));
    base_json_add_str(json, "destination", destination);
    if (engine->storage && destination) {
        char *location = storage_table_location(engine->storage, destination);
        base_json_add_str(json, "location", location);
        free(location);
    }
    plan_add(engine, json, run.id);
    files_add(engine, json, run.id);
    safe_add(engine, json, &run);
    process_add(engine, json, run.id);
    engine_failure_add(engine, json, &run);
    free(destination);
    model_run_free(&run);
    engine_reply(engine, call, json);
}

void engine_verb_runs_log(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_run run = {0};
    cJSON *lines = NULL;
    if (store_run_get(engine->state, base_json_i64_or(params, "id", 0), &run, &err) == 0) {
        char *needle = base_printf("run=%lld", (long long)run.id);
        struct engine_log_want want = {.needle = needle,
                                       .from_us = run.started_us ? run.started_us : run.finished_us,
                                       .to_us = run.finished_us ? run.finished_us : INT64_MAX};
        lines = engine_log_lines(engine, &want, 1000, &err);
        free(needle);
    }
    if (lines == NULL) {
        model_run_free(&run);
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_take(json, "run", engine_run_json(&run));
    base_json_add_take(json, "lines", lines);
    model_run_free(&run);
    engine_reply(engine, call, json);
}

void engine_verb_runs_retry(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    if (!engine_storage_ready(engine, call, params, engine_verb_runs_retry))
        return;
    struct err err = ERR_INIT;
    struct model_run run = {0};
    int64_t batch = 0;
    int rc = engine_need(engine, ENGINE_NEED_SYNC, &err);
    if (rc == 0)
        rc = store_run_get(engine->state, base_json_i64_or(params, "id", 0), &run, &err);
    if (rc == 0) {
        const struct model_share_table *table =
            model_share_find(config_profile_share(engine->profile), &run.table);
        struct sync_request request = {.table = table};
        if (table == NULL)
            rc = base_err_set(&err, ERR_SHARE_UNKNOWN_TABLE,
                              "the table of run %lld has left the share", (long long)run.id);
        else
            rc = sync_run_retry(engine->sync, run.id, &request, &batch, &err);
    }
    if (rc == 0) {
        cJSON *json = base_json_object();
        base_json_add_i64(json, "run", run.id);
        base_json_add_i64(json, "batch", batch ? batch : run.batch);
        if (batch && batch != run.batch)
            (void)!store_batch_asked(engine->state, batch, call->uid, NULL);
        rc = store_oplog_add(engine->state, call->uid, "runs.retry", json, &err);
        engine_reply(engine, call, json);
    } else {
        engine_fail(engine, call, &err);
    }
    model_run_free(&run);
}

void engine_verb_runs_cancel(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    int64_t id = base_json_i64_or(params, "id", 0);
    cJSON *json = base_json_object();
    base_json_add_i64(json, "run", id);
    /* Also while settings wait for the work to be over: ending it is what they may wait for. */
    int rc = engine->sync ? 0 : engine_need(engine, ENGINE_NEED_SYNC, &err);
    if (rc == 0)
        rc = store_oplog_add(engine->state, call->uid, "runs.cancel", json, &err);
    if (rc == 0)
        rc = sync_run_cancel(engine->sync, id, &err);
    if (rc == 0) {
        engine_reply(engine, call, json);
        return;
    }
    cJSON_Delete(json);
    engine_fail(engine, call, &err);
}
