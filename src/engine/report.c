#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>

#define PAGE 200
#define PAGE_WARNINGS 4 /* of one table: a page of them fits into a frame */

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

/* Working time where this process knows it; else from the intent to the end, waiting for its turn
 * included. */
static double seconds_of(struct engine *engine, const struct model_run *run)
{
    struct sync_stats stats;
    int64_t end = run->finished_us ? run->finished_us : base_seam_now_us(engine->seam);
    if (engine->sync && sync_run_stats(engine->sync, run->id, &stats) && stats.seconds > 0)
        return stats.seconds;
    return run->started_us ? (double)(end - run->started_us) / 1e6 : 0.0;
}

static void warning_add(cJSON *warnings, const char *policy, const char *text)
{
    struct err warning = ERR_INIT;
    base_err_set(&warning, ERR_SRC_ROWS_FILTERED, "%s", text);
    base_err_fact(&warning, "policy", "%s", policy);
    base_json_push_take(warnings, base_err_to_json(&warning));
}

static void mask_warn(cJSON *warnings, const struct model_column *column, size_t more)
{
    char *text =
        more ? base_printf("column masks apply to \"%s\" and %zu more columns", column->name, more)
             : base_printf("column mask \"%s\" applies to column \"%s\"", column->mask,
                           column->name);
    warning_add(warnings, column->mask, text);
    free(text);
}

void engine_policies_warn(cJSON *item, const struct model_plan *plan, size_t max)
{
    const struct model_schema *columns = &plan->columns;
    size_t masks = 0, room = max - (plan->row_filter != NULL), told = 0;
    for (size_t i = 0; i < columns->count; i++)
        masks += columns->columns[i].mask != NULL;
    if (masks == 0 && plan->row_filter == NULL)
        return;
    cJSON *warnings = base_json_add_array(item, "warnings");
    if (plan->row_filter) {
        char *text = base_printf("row filter \"%s\" applies to the rows", plan->row_filter);
        warning_add(warnings, plan->row_filter, text);
        free(text);
    }
    for (size_t i = 0; i < columns->count && told < room; i++)
        if (columns->columns[i].mask && ++told)
            mask_warn(warnings, &columns->columns[i], told == room ? masks - told : 0);
}

/* What its plan knows of the table's policies. */
static void run_warn(struct engine *engine, cJSON *json, int64_t run)
{
    struct model_plan plan = {0};
    struct err err = ERR_INIT;
    if (store_plan_get(engine->state, run, &plan, &err) == 0)
        engine_policies_warn(json, &plan, PAGE_WARNINGS);
    model_plan_free(&plan);
}

static cJSON *table_json(struct engine *engine, const struct model_run *run)
{
    cJSON *json = base_json_object();
    char *name = model_name_text(&run->table);
    base_json_add_str(json, "name", name);
    base_json_add_i64(json, "run", run->id);
    count_add(json, "version", run->version);
    count_add(json, "source_rows", run->counts.source_rows);
    count_add(json, "manifest_rows", run->counts.manifest_rows);
    count_add(json, "decoded_rows", run->counts.decoded_rows);
    count_add(json, "file_rows", run->counts.file_rows);
    base_json_add_i64(json, "files", run->files);
    base_json_add_i64(json, "bytes", run->bytes);
    base_json_add_double(json, "seconds", seconds_of(engine, run));
    base_json_add_str(json, "state", model_run_word(run));
    base_json_add_i64(json, "attempt", run->attempt);
    base_json_add_bool(json, "counts_equal", counts_equal(&run->counts));
    if (run->err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&run->err));
    run_warn(engine, json, run->id);
    free(name);
    return json;
}

/* Runs offset.. of a batch in the order they were made; the store lists the newest first. */
static int runs_page(struct engine *engine, int64_t batch, int64_t offset, int64_t limit,
                     struct model_run **runs, size_t *count, int64_t *total, struct err *err)
{
    struct store_run_filter filter = {.batch = batch, .limit = 1};
    if (store_run_list(engine->state, &filter, runs, count, total, err) != 0)
        return -1;
    store_runs_free(*runs, *count);
    *runs = NULL;
    *count = 0;
    int64_t rest = *total - offset;
    if (rest <= 0)
        return 0;
    filter.limit = (int)(rest < limit ? rest : limit);
    filter.offset = (int)(rest - filter.limit);
    return store_run_list(engine->state, &filter, runs, count, NULL, err);
}

/* The last published run of one table of the share. */
static cJSON *last_json(struct engine *engine, const struct model_share_table *table)
{
    struct store_run_filter filter = {.table = &table->name, .limit = 1};
    struct model_run *runs = NULL, good = {0};
    struct err err = ERR_INIT;
    size_t count = 0;
    cJSON *json = NULL;
    if (store_run_list(engine->state, &filter, &runs, &count, NULL, &err) == 0 && count > 0 &&
        store_run_last_good(engine->state, runs[0].sync_uuid, &good, &err) == 0)
        json = table_json(engine, &good);
    model_run_free(&good);
    store_runs_free(runs, count);
    if (json)
        return json;
    char *name = model_name_text(&table->name);
    json = base_json_object();
    base_json_add_str(json, "name", name);
    base_json_add_str(json, "state", "never");
    base_err_clear(&err);
    base_err_set(&err, ERR_RUN_NOT_FOUND, "nothing of this table has been published yet");
    base_json_add_take(json, "error", base_err_to_json(&err));
    free(name);
    return json;
}

cJSON *engine_report_last(struct engine *engine, const cJSON *params, struct err *err)
{
    const struct model_share *share = config_profile_share(engine->profile);
    const cJSON *names = base_json_array(params, "tables");
    int64_t total = names ? cJSON_GetArraySize(names) : (int64_t)share->count;
    int64_t offset = base_json_i64_or(params, "offset", 0);
    cJSON *json = base_json_object();
    cJSON *tables = base_json_add_array(json, "tables");
    base_json_add_i64(json, "total", total);
    for (int64_t i = offset < 0 ? 0 : offset; i < total && i < offset + PAGE; i++) {
        const struct model_share_table *table = names ? NULL : &share->tables[i];
        const cJSON *item = names ? cJSON_GetArrayItem(names, (int)i) : NULL;
        struct model_name name = {0};
        const char *text = item && cJSON_IsString(item) ? item->valuestring : "";
        if (item && model_name_parse(text, &name, err) == 0)
            table = model_share_find(share, &name);
        model_name_free(&name);
        if (table == NULL)
            base_err_set(err, ERR_SHARE_UNKNOWN_TABLE, "\"%s\" is not in the share", text);
        if (table == NULL) {
            cJSON_Delete(json);
            return NULL;
        }
        base_json_push_take(tables, last_json(engine, table));
    }
    return json;
}

cJSON *engine_report_good(struct engine *engine, const struct model_run *run, struct err *err)
{
    struct model_run good = {0};
    if (store_run_last_good(engine->state, run->sync_uuid, &good, err) != 0)
        return NULL;
    cJSON *json = base_json_object();
    base_json_push_take(base_json_add_array(json, "tables"), table_json(engine, &good));
    base_json_add_i64(json, "total", 1);
    model_run_free(&good);
    return json;
}

cJSON *engine_report(struct engine *engine, const cJSON *params, struct err *err)
{
    struct store_batch info;
    struct model_run *runs = NULL;
    size_t count = 0;
    int64_t total = 0, batch = base_json_i64_or(params, "batch", 0);
    int64_t offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", PAGE);
    if (offset < 0 || offset > INT32_MAX || limit < 1 || limit > PAGE) {
        base_err_set(err, ERR_USAGE, "limit is 1 to %d and offset not negative", PAGE);
        return NULL;
    }
    if (store_batch_get(engine->state, batch, &info, err) != 0 ||
        runs_page(engine, batch, offset, limit, &runs, &count, &total, err) != 0)
        return NULL;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "batch", batch);
    base_json_add_str(json, "trigger", info.kind);
    base_json_add_bool(json, "over", info.runs > 0 && info.runs == info.runs_over);
    base_json_add_i64(json, "total", total);
    cJSON *tables = base_json_add_array(json, "tables");
    for (size_t i = count; i > 0; i--)
        base_json_push_take(tables, table_json(engine, &runs[i - 1]));
    store_runs_free(runs, count);
    return json;
}
