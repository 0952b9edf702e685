/* sync.run, sync.plan, sync.report */
#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 2000

/* The tables of the share that are meant: those named in params.tables, or all that are not paused.
 */
struct selection {
    const struct model_share_table **tables;
    size_t count;
};

static int selection_named(const struct model_share *share, const cJSON *tables,
                           struct selection *out, struct err *err)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, tables)
    {
        struct model_name name = {0};
        if (!cJSON_IsString(each))
            return base_err_set(err, ERR_USAGE, "tables is a list of names");
        if (model_name_parse(each->valuestring, &name, err) != 0)
            return -1;
        const struct model_share_table *table = model_share_find(share, &name);
        model_name_free(&name);
        if (table == NULL)
            return base_err_set(err, ERR_SHARE_UNKNOWN_TABLE, "\"%s\" is not in the share",
                                each->valuestring);
        for (size_t i = 0; i < out->count; i++)
            if (out->tables[i] == table)
                return base_err_set(err, ERR_USAGE, "\"%s\" is named twice", each->valuestring);
        out->tables[out->count++] = table;
    }
    return 0;
}

static int selection_make(struct engine *engine, const cJSON *params, struct selection *out,
                          struct err *err)
{
    const struct model_share *share = config_profile_share(engine->profile);
    const cJSON *tables = base_json_array(params, "tables");
    int named = tables ? cJSON_GetArraySize(tables) : 0;
    *out = (struct selection){0};
    if (named > TABLES_MAX)
        return base_err_set(err, ERR_USAGE, "at most %d tables at once", TABLES_MAX);
    out->tables = base_alloc_zero((size_t)named + share->count, sizeof *out->tables);
    if (named > 0)
        return selection_named(share, tables, out, err);
    for (size_t i = 0; i < share->count; i++)
        if (!share->tables[i].paused)
            out->tables[out->count++] = &share->tables[i];
    if (out->count > 0)
        return 0;
    base_err_set(err, ERR_CONFIG_MISSING, "the share has no table to sync");
    base_err_hint(err, "aampe-console share add CATALOG.SCHEMA.TABLE --yes");
    return -1;
}

static const char *trigger_of(const cJSON *params)
{
    const char *trigger = base_json_str_or(params, "trigger", "manual");
    return strcmp(trigger, "demo") == 0 ? "demo" : "manual";
}

static void detail_record(struct engine *engine, const struct ipc_call *call, const char *verb,
                          int64_t batch)
{
    struct err err = ERR_INIT;
    cJSON *detail = base_json_object();
    base_json_add_i64(detail, "batch", batch);
    if (store_oplog_add(engine->state, call->uid, verb, detail, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "oplog.failed", "code", base_err_name(err.code),
                       NULL);
    cJSON_Delete(detail);
}

void engine_verb_sync_run(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    if (!engine_storage_ready(engine, call, params, engine_verb_sync_run))
        return;
    struct err err = ERR_INIT;
    struct selection selection = {0};
    int64_t batch = 0;
    /* What keeps every run from starting comes first: with a profile that cannot be read there is
     * no share to look in. */
    int rc = engine->profile_err.code != ERR_OK ? engine_need(engine, ENGINE_NEED_SYNC, &err)
                                                : selection_make(engine, params, &selection, &err);
    if (rc == 0)
        rc = engine_need(engine, ENGINE_NEED_SYNC, &err);
    if (rc == 0) {
        struct sync_request *requests = base_alloc_zero(selection.count, sizeof *requests);
        for (size_t i = 0; i < selection.count; i++)
            requests[i] = (struct sync_request){
                .table = selection.tables[i],
                .allow_empty = base_json_bool_or(params, "allow_empty", false)};
        rc = sync_batch_start(engine->sync, requests, selection.count, trigger_of(params), &batch,
                              &err);
        free(requests);
    }
    if (rc == 0) {
        cJSON *json = base_json_object();
        base_json_add_i64(json, "batch", batch);
        base_json_add_i64(json, "runs", (int64_t)selection.count);
        (void)!store_batch_asked(engine->state, batch, call->uid, NULL);
        detail_record(engine, call, "sync.run", batch);
        engine_reply(engine, call, json);
        engine_snapshot_soon(engine);
    } else {
        engine_fail(engine, call, &err);
    }
    free(selection.tables);
}

struct plan_ask {
    struct engine_ask ask;
    cJSON *tables; /* one item a table, in the order of the selection */
    size_t waiting;
    struct plan_look {
        struct plan_ask *plan;
        cJSON *item; /* in tables */
    } * looks;
};

static void plan_free(struct engine_ask *ask)
{
    struct plan_ask *plan = (struct plan_ask *)ask;
    cJSON_Delete(plan->tables);
    free(plan->looks);
}

static void preview_fill(cJSON *item, const struct sync_preview *preview)
{
    struct err err = ERR_INIT;
    char *statement = model_plan_statement(&preview->plan, 0, &err);
    base_json_add_take(item, "version",
                       preview->plan.version >= 0
                           ? cJSON_CreateNumber((double)preview->plan.version)
                           : cJSON_CreateNull());
    base_json_add_bool(item, "unpinned", preview->unpinned);
    base_json_add_str(item, "unpinned_why", preview->unpinned_why);
    engine_policies_warn(item, &preview->plan, ENGINE_WARNINGS_MAX);
    base_json_add_i64(item, "columns", (int64_t)preview->plan.columns.count);
    base_json_add_i64(item, "slices", (int64_t)preview->plan.slice_count);
    base_json_add_str(item, "window",
                      preview->plan.window == WINDOW_FULL        ? "full"
                      : preview->plan.window == WINDOW_WATERMARK ? "watermark"
                                                                 : "feed");
    base_json_add_str(item, "statement", statement);
    if (preview->rows_estimated >= 0)
        base_json_add_i64(item, "rows_estimated", preview->rows_estimated);
    base_json_add_str(item, "destination", preview->destination);
    if (preview->refused.count > 0) {
        base_json_add_take(item, "refused_columns", model_schema_to_json(&preview->refused));
        base_json_add_take(item, "error", base_err_to_json(&preview->refused_err));
    }
    free(statement);
}

static void on_preview(void *user, const struct sync_preview *preview, const struct err *err)
{
    struct plan_look *look = user;
    struct plan_ask *plan = look->plan;
    if (preview)
        preview_fill(look->item, preview);
    else
        base_json_add_take(look->item, "error", base_err_to_json(err));
    if (--plan->waiting > 0)
        return;
    cJSON *json = base_json_object();
    base_json_add_take(json, "tables", plan->tables);
    plan->tables = NULL;
    engine_ask_reply(&plan->ask, json);
}

void engine_verb_sync_plan(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    if (!engine_storage_ready(engine, call, params, engine_verb_sync_plan))
        return;
    struct err err = ERR_INIT;
    struct selection selection = {0};
    if (selection_make(engine, params, &selection, &err) != 0 ||
        engine_need(engine, ENGINE_NEED_SYNC, &err) != 0) {
        free(selection.tables);
        engine_fail(engine, call, &err);
        return;
    }
    struct plan_ask *plan = engine_ask_new(engine, call, sizeof *plan, plan_free);
    plan->tables = cJSON_CreateArray();
    plan->waiting = selection.count;
    plan->looks = base_alloc_zero(selection.count, sizeof *plan->looks);
    for (size_t i = 0; i < selection.count; i++) {
        struct sync_request request = {.table = selection.tables[i]};
        char *name = model_name_text(&selection.tables[i]->name);
        plan->looks[i] = (struct plan_look){plan, base_json_object()};
        base_json_add_str(plan->looks[i].item, "name", name);
        base_json_push_take(plan->tables, plan->looks[i].item);
        sync_plan_preview(engine->sync, &request, on_preview, &plan->looks[i]);
        free(name);
    }
    free(selection.tables);
}

void engine_verb_sync_report(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    cJSON *json = engine_report(engine, params, &err);
    if (json)
        engine_reply(engine, call, json);
    else
        engine_fail(engine, call, &err);
}
