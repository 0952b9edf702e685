/* tree.rows, catalog.refresh */
#include "engine/engine.h"

#include "base/json.h"

#include <string.h>

static int order_of(const char *text)
{
    return strcmp(text, "name_desc") == 0 ? CACHE_BY_NAME_DESC
           : strcmp(text, "age") == 0     ? CACHE_BY_AGE
                                          : CACHE_BY_NAME;
}

void engine_verb_tree_rows(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct catalog_query query = {.parent = base_json_str_or(params, "parent", ""),
                                  .filter = base_json_str(params, "filter"),
                                  .order = order_of(base_json_str_or(params, "order", "name")),
                                  .offset = base_json_i64_or(params, "offset", 0),
                                  .limit = (int)base_json_i64_or(params, "limit", 500)};
    int64_t epoch = base_json_i64_or(params, "epoch", 0);
    cJSON *json = catalog_rows(engine->cache, &query, &err);
    if (json == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    /* A page of an older list does not fit to the pages before it: the reader starts again. */
    base_json_add_bool(json, "stale", epoch != 0 && epoch != store_cache_epoch(engine->cache));
    base_json_add_bool(json, "refreshing", engine->refresh_job != 0);
    engine_reply(engine, call, json);
}

static void on_refreshed(void *user, const struct catalog_tally *tally, const struct err *err)
{
    struct engine *engine = user;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", engine->refresh_job);
    base_json_add_bool(json, "done", true);
    base_json_add_i64(json, "catalogs", tally->catalogs);
    base_json_add_i64(json, "schemas", tally->schemas);
    base_json_add_i64(json, "tables", tally->tables);
    base_json_add_i64(json, "errors", tally->errors);
    if (err)
        base_json_add_take(json, "error", base_err_to_json(err));
    base_log_event(engine->log, err ? LOG_WARN_ : LOG_INFO_, "catalog.refresh", "tables",
                   base_log_i64(engine->log, tally->tables), "code",
                   err ? base_err_name(err->code) : NULL, NULL);
    engine->refresh_job = 0;
    engine_event(engine, "catalog.changed", json);
    engine_idle_check(engine);
}

void engine_verb_catalog_refresh(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    struct err err = ERR_INIT;
    if (engine->refresh_job == 0 && engine_need(engine, ENGINE_NEED_WORKSPACE, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    bool start = engine->refresh_job == 0;
    if (start)
        engine->refresh_job = ++engine->last_job;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", engine->refresh_job);
    engine_reply(engine, call, json);
    if (start)
        catalog_refresh(engine->catalog, DATABRICKS_PRINCIPAL, on_refreshed, engine);
}
