/* tree.rows, tree.search, catalog.refresh */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "engine/glance.h"

#include <stdlib.h>
#include <string.h>

#define OLD_US ((int64_t)3600 * 1000000) /* read again by itself */
#define LOOK_US ((int64_t)60 * 1000000)  /* between two looks whether that is due */
#define RETRY_US ((int64_t)300 * 1000000)

static int order_of(const char *text)
{
    return strcmp(text, "name_desc") == 0 ? CACHE_BY_NAME_DESC
           : strcmp(text, "age") == 0     ? CACHE_BY_AGE
                                          : CACHE_BY_NAME;
}

/* What every answer about the tree says besides its rows. */
static void head_add(struct engine *engine, cJSON *json)
{
    struct catalog_counts counts = catalog_names_counts(engine->names, "");
    struct catalog_tick_counts ticks = catalog_ticks_counts(engine->ticks, "");
    base_json_add_bool(json, "refreshing", engine->catalog && catalog_refreshing(engine->catalog));
    base_json_add_time(json, "walked", catalog_walked_us(engine->cache));
    base_json_add_i64(json, "tables", counts.tables);
    base_json_add_i64(json, "schemas", counts.schemas);
    base_json_add_i64(json, "ticked", ticks.ticked);
    base_json_add_take(json, "draft", catalog_ticks_head_json(engine->ticks));
}

void engine_verb_tree_rows(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct engine_dresser *dresser = engine_dresser_new(engine);
    struct catalog_query query = {.parent = base_json_str_or(params, "parent", ""),
                                  .filter = base_json_str(params, "filter"),
                                  .order = order_of(base_json_str_or(params, "order", "name")),
                                  .offset = base_json_i64_or(params, "offset", 0),
                                  .limit = (int)base_json_i64_or(params, "limit", 500),
                                  .dress = engine_dress,
                                  .user = dresser};
    int64_t epoch = base_json_i64_or(params, "epoch", 0);
    if (engine->catalog && store_cache_age(engine->cache, query.parent) == 0)
        catalog_first(engine->catalog, query.parent);
    cJSON *json = catalog_rows(engine->cache, &query, &err);
    engine_dresser_free(&dresser);
    if (json == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    /* A page of an older list does not fit to the pages before it: the reader starts again. */
    base_json_add_bool(json, "stale",
                       epoch != 0 && epoch != store_cache_epoch_of(engine->cache, query.parent));
    head_add(engine, json);
    engine_reply(engine, call, json);
}

bool engine_tree_accept(void *user, const struct catalog_found *found)
{
    const struct engine_tree_filter *filter = user;
    struct catalog_tick tick = catalog_ticks_get(filter->engine->ticks, found->full_name);
    bool on = tick.draft > 0 || (tick.shared && tick.draft == 0);
    struct access_badge_facts facts = {0};
    char why[1];
    if (filter->ticked >= 0 && on != (filter->ticked > 0))
        return false;
    if (filter->access == NULL)
        return true;
    engine_table_facts(found->catalog_flags, found->schema_flags, found->flags, on, &facts);
    return strcmp(access_badge_word(access_badge_make(&facts, why, sizeof why)), filter->access) ==
           0;
}

int engine_tree_filter_read(struct engine *engine, const cJSON *params,
                            struct engine_tree_filter *out, struct err *err)
{
    const cJSON *ticked = base_json_get(params, "ticked");
    *out = (struct engine_tree_filter){engine, base_json_str(params, "access"),
                                       cJSON_IsBool(ticked) ? cJSON_IsTrue(ticked) : -1};
    if (out->access &&
        strcmp(out->access, access_badge_word(access_badge_by_word(out->access))) != 0)
        return base_err_set(err, ERR_USAGE, "\"%s\" is no word of access", out->access);
    return 0;
}

/* The filter and the dresser of one search. */
struct looking {
    struct engine_tree_filter filter;
    struct engine_dresser *dresser;
};

static bool looking_accept(void *user, const struct catalog_found *found)
{
    struct looking *looking = user;
    return engine_tree_accept(&looking->filter, found);
}

static void looking_dress(void *user, const struct store_cached *row, cJSON *json)
{
    struct looking *looking = user;
    engine_dress(looking->dresser, row, json);
}

void engine_verb_tree_search(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct looking looking;
    cJSON *json = NULL;
    int64_t epoch = base_json_i64_or(params, "epoch", 0);
    if (engine_tree_filter_read(engine, params, &looking.filter, &err) == 0) {
        struct catalog_search search = {
            .pattern = base_json_str(params, "pattern"),
            .offset = base_json_i64_or(params, "offset", 0),
            .limit = (int)base_json_i64_or(params, "limit", 500),
            /* Without a filter no name needs to be looked up. */
            .accept = looking.filter.access || looking.filter.ticked >= 0 ? looking_accept : NULL,
            .dress = looking_dress,
            .user = &looking};
        looking.dresser = engine_dresser_new(engine);
        json = catalog_search(engine->cache, engine->names, &search, &err);
        engine_dresser_free(&looking.dresser);
    }
    if (json == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    base_json_add_bool(json, "stale", epoch != 0 && epoch != store_cache_epoch(engine->cache));
    head_add(engine, json);
    engine_reply(engine, call, json);
}

static cJSON *tally_json(const struct engine *engine, const struct catalog_tally *tally, bool done)
{
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", engine->refresh_job);
    base_json_add_bool(json, "done", done);
    base_json_add_i64(json, "catalogs", tally->catalogs);
    base_json_add_i64(json, "schemas", tally->schemas);
    base_json_add_i64(json, "tables", tally->tables);
    base_json_add_i64(json, "errors", tally->errors);
    base_json_add_i64(json, "waiting", done ? 0 : tally->waiting);
    base_json_add_bool(json, "resumed", tally->resumed);
    base_json_add_i64(json, "epoch", store_cache_epoch(engine->cache));
    return json;
}

static void on_progress(void *user, const struct catalog_tally *tally)
{
    struct engine *engine = user;
    engine_event(engine, "catalog.changed", tally_json(engine, tally, false));
}

static void on_refreshed(void *user, const struct catalog_tally *tally, const struct err *err)
{
    struct engine *engine = user;
    cJSON *json = tally_json(engine, tally, true);
    if (err)
        base_json_add_take(json, "error", base_err_to_json(err));
    base_log_event(engine->log, err ? LOG_WARN_ : LOG_INFO_, "catalog.refresh", "tables",
                   base_log_i64(engine->log, tally->tables), "code",
                   err ? base_err_name(err->code) : NULL, NULL);
    engine->refresh_job = 0;
    /* After a failure the workspace is left alone for a while. */
    engine->refresh_next_us = base_seam_mono_us(engine->seam) + (err ? RETRY_US : LOOK_US);
    engine_event(engine, "catalog.changed", json);
    if (err == NULL)
        engine_legacy_look(engine);
}

void engine_catalog_tell(struct engine *engine)
{
    cJSON *json = base_json_object();
    base_json_add_bool(json, "done", !catalog_refreshing(engine->catalog));
    base_json_add_i64(json, "tables", catalog_names_counts(engine->names, "").tables);
    base_json_add_i64(json, "epoch", store_cache_epoch(engine->cache));
    engine_event(engine, "catalog.changed", json);
}

static void refresh_start(struct engine *engine)
{
    if (engine->refresh_job == 0)
        engine->refresh_job = ++engine->last_job;
    catalog_refresh(engine->catalog, on_refreshed, engine);
}

static int64_t number_of(const char *a, const char *b)
{
    char *text = base_printf("%s %s", a ? a : "", b ? b : "");
    int64_t number = (int64_t)(base_hash64(text, strlen(text), 0) >> 1 | 1);
    free(text);
    return number;
}

/* What another principal saw of another workspace is forgotten; with another observer more, or
 * less, is to be seen. */
static void source_check(struct engine *engine)
{
    struct err err = ERR_INIT;
    int64_t source = number_of(config_get(engine->profile, CONFIG_WORKSPACE_HOST),
                               config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    int64_t observer =
        number_of(config_get(engine->profile, CONFIG_OBSERVER_CLIENT_ID),
                  databricks_identity_known(engine->db, DATABRICKS_OBSERVER) ? "1" : "0");
    int64_t before = store_cache_number(engine->cache, "source");
    if (before != 0 && before != source) {
        if (store_cache_clear(engine->cache, &err) != 0)
            base_log_event(engine->log, LOG_WARN_, "catalog.clear", "code", base_err_name(err.code),
                           NULL);
        catalog_names_changed(engine->names, "");
        (void)catalog_names_counts(engine->names, ""); /* forgets the names at once */
    }
    if (store_cache_number(engine->cache, "observer") != observer &&
        catalog_forget_walk(engine->cache, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "catalog.clear", "code", base_err_name(err.code),
                       NULL);
    if (store_cache_number_put(engine->cache, "source", source, &err) != 0 ||
        store_cache_number_put(engine->cache, "observer", observer, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "catalog.clear", "code", base_err_name(err.code),
                       NULL);
}

void engine_catalog_open(struct engine *engine)
{
    source_check(engine);
    engine->catalog = catalog_new(engine->db, engine->cache, engine->names, engine->seam);
    catalog_listen(engine->catalog, on_progress, engine);
    engine->glances = engine_glances_new(engine);
    engine->refresh_next_us = 0;
}

void engine_catalog_tick(struct engine *engine)
{
    int64_t now = base_seam_mono_us(engine->seam);
    if (engine->catalog == NULL || catalog_refreshing(engine->catalog) ||
        !databricks_identity_known(engine->db, DATABRICKS_PRINCIPAL) ||
        now < engine->refresh_next_us)
        return;
    engine->refresh_next_us = now + LOOK_US;
    /* A refresh that somebody waits for goes on after settings have changed under it. */
    if (engine->refresh_job != 0 ||
        catalog_due(engine->cache, base_seam_now_us(engine->seam), OLD_US))
        refresh_start(engine);
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
        refresh_start(engine);
}
