/* show: one table as the principal sees it, and what it lacks to read it. Several questions at
 * once; each may fail alone, and then says why in its place. Also for a table that may only be
 * browsed, or only be guessed at: that is when the verdict matters most. */
#include "engine/engine.h"

#include "access/verdict.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/catalog.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define VERSIONS 10

struct show {
    struct engine_ask ask;
    struct model_name name;
    struct model_schema columns;
    cJSON *json;
    int waiting; /* questions of the first round under way */
    bool stats, history, try, only_running, delta, running;
    bool observed_table, observed_catalog, observed_schema; /* asked as the observer already */

    /* What the verdict is made of. */
    struct err table_err, grants_err, tried;
    bool table_known, was_tried;
    const char *tried_how;
    struct databricks_grants grants;
    bool grants_known;
    struct databricks_me me;
    char *owners[ACCESS_LEVELS], *metastore_owner, *isolation;
    struct databricks_call *query; /* the statement under way */
};

static void show_free(struct engine_ask *ask)
{
    struct show *show = (struct show *)ask;
    model_name_free(&show->name);
    model_schema_free(&show->columns);
    databricks_grants_free(&show->grants);
    databricks_me_free(&show->me);
    for (int i = 0; i < ACCESS_LEVELS; i++)
        free(show->owners[i]);
    free(show->metastore_owner);
    free(show->isolation);
    cJSON_Delete(show->json);
}

static void show_stop(struct engine_ask *ask)
{
    struct show *show = (struct show *)ask;
    if (show->query)
        databricks_query_stop(show->query);
}

static void level_add(const struct show *show, cJSON *array, enum model_grant level,
                      const struct access_level *has)
{
    struct err err = ERR_INIT;
    struct buf sql, object;
    const char *parts[] = {show->name.catalog, show->name.schema, show->name.table};
    cJSON *item = base_json_object();
    base_buf_init(&sql, 1 << 16);
    base_buf_init(&object, 1 << 16);
    for (int i = 0; i <= (int)level; i++)
        (void)base_buf_printf(&object, "%s%s", i ? "." : "", parts[i]);
    base_json_add_str(item, "level", access_level_name(level));
    base_json_add_str(item, "object", object.data);
    base_json_add_str(item, "needs", access_level_needs(level));
    base_json_add_str(item, "has", access_has_name(has->has));
    base_json_add_str(item, "way", access_way_name(has->way));
    base_json_add_str(item, "via", has->via);
    base_json_add_str(item, "privilege", has->privilege);
    base_json_add_str(item, "from_type", has->from_type);
    base_json_add_str(item, "from_name", has->from_name);
    base_json_add_str(item, "owner", show->owners[level]);
    if (has->way != ACCESS_WAY_BUILT_IN &&
        model_grant_sql(level, &show->name,
                        config_get(show->ask.engine->profile, CONFIG_PRINCIPAL_CLIENT_ID), &sql,
                        &err) == 0)
        base_json_add_str(item, "sql", sql.data);
    base_json_push_take(array, item);
    base_buf_free(&sql);
    base_buf_free(&object);
}

static void tried_add(const struct show *show, cJSON *access)
{
    enum model_grant level;
    if (!show->was_tried)
        return;
    cJSON *tried = base_json_add_object(access, "tried");
    base_json_add_str(tried, "how", show->tried_how);
    base_json_add_time(tried, "time", base_seam_now_us(show->ask.engine->seam));
    base_json_add_bool(tried, "ok", show->tried.code == ERR_OK);
    if (show->tried.code == ERR_OK)
        return;
    if (model_grant_of(show->tried.code, &level) == 0)
        base_json_add_str(tried, "stopped_at", access_level_name(level));
    base_json_add_take(tried, "error", base_err_to_json(&show->tried));
}

static void access_add(struct show *show)
{
    struct access_facts facts = {
        .table = &show->name,
        .principal = config_get(show->ask.engine->profile, CONFIG_PRINCIPAL_CLIENT_ID),
        .me = &show->me,
        .grants = show->grants_known ? &show->grants : NULL,
        .tried = show->was_tried ? &show->tried : NULL};
    struct access_verdict verdict;
    for (int i = 0; i < ACCESS_LEVELS; i++)
        facts.owners[i] = show->owners[i];
    access_verdict_make(&facts, &verdict);
    cJSON_DeleteItemFromObjectCaseSensitive(show->json, "access");
    cJSON *access = base_json_add_object(show->json, "access");
    base_json_add_str(access, "verdict",
                      verdict.readable  ? "readable"
                      : !verdict.known  ? "unknown"
                      : verdict.missing ? "not_readable"
                                        : "unknown");
    base_json_add_i64(access, "missing", verdict.missing);
    base_json_add_str(access, "principal", facts.principal);
    cJSON *levels = base_json_add_array(access, "levels");
    for (int i = 0; i < ACCESS_LEVELS; i++)
        level_add(show, levels, (enum model_grant)i, &verdict.levels[i]);
    tried_add(show, access);
    base_json_add_str(access, "isolation", show->isolation);
    base_json_add_str(access, "metastore_owner", show->metastore_owner);
}

static void show_done(struct show *show)
{
    cJSON *json = show->json;
    access_add(show);
    show->json = NULL;
    engine_ask_reply(&show->ask, json);
}

static const char *cell(const struct databricks_query *query, size_t row, size_t column)
{
    return column < query->rows.column_count
               ? query->rows.cells[row * query->rows.column_count + column]
               : NULL;
}

/* A count out of a cell; what is none counts as nothing. */
static int64_t count_cell(const struct databricks_query *query, size_t column, int64_t max)
{
    const char *text = cell(query, 0, column);
    char *end = NULL;
    long long count = text ? strtoll(text, &end, 10) : 0;
    return text && end != text && *end == '\0' && count >= 0 && count <= max ? count : 0;
}

static void on_stats(void *user, const struct err *err, struct databricks_query *query)
{
    struct show *show = user;
    show->query = NULL;
    if (err && err->code == ERR_CANCELLED_BY_USER) {
        engine_ask_fail(&show->ask, err);
        return;
    }
    cJSON *stats = base_json_add_object(show->json, "stats");
    if (err) {
        base_json_add_take(stats, "error", base_err_to_json(err));
    } else if (query->rows.row_count == 1) {
        int64_t total = count_cell(query, 0, INT64_MAX);
        base_json_add_i64(stats, "rows", total);
        cJSON *nulls = base_json_add_object(stats, "nulls");
        for (size_t i = 0; i < show->columns.count; i++)
            base_json_add_i64(nulls, show->columns.columns[i].name,
                              total - count_cell(query, i + 1, total));
    }
    show_done(show);
}

/* SELECT count(*), count(`a`), ...: one pass, no value leaves the warehouse. */
static void stats_ask(struct show *show)
{
    struct err err = ERR_INIT;
    struct buf sql;
    base_buf_init(&sql, 1 << 20);
    (void)base_buf_text(&sql, "SELECT count(*)");
    int rc = 0;
    for (size_t i = 0; i < show->columns.count && rc == 0; i++) {
        (void)base_buf_text(&sql, ", count(");
        rc = model_name_quote(show->columns.columns[i].name, &sql, &err);
        (void)base_buf_text(&sql, ")");
    }
    (void)base_buf_text(&sql, " FROM ");
    if (rc == 0)
        rc = model_name_sql(&show->name, &sql, &err);
    if (rc != 0)
        on_stats(show, &err, NULL);
    else
        show->query =
            databricks_query_stoppable(show->ask.engine->db, DATABRICKS_PRINCIPAL,
                                       config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID),
                                       sql.data, 1, on_stats, show);
    base_buf_free(&sql);
}

static void stats_or_done(struct show *show)
{
    if (show->stats && show->columns.count)
        stats_ask(show);
    else
        show_done(show);
}

static void on_history(void *user, const struct err *err, struct databricks_query *query)
{
    struct show *show = user;
    show->query = NULL;
    if (err && err->code == ERR_CANCELLED_BY_USER) {
        engine_ask_fail(&show->ask, err);
        return;
    }
    if (err)
        base_json_add_take(show->json, "versions_error", base_err_to_json(err));
    else
        base_json_add_take(show->json, "versions", engine_versions_json(query));
    stats_or_done(show);
}

/* Versions cost a statement: asked only where the warehouse runs anyway, or statistics were wanted.
 */
static void history_ask(struct show *show)
{
    struct err err = ERR_INIT;
    char *sql = NULL;
    if (show->history && (show->running || show->stats) && show->delta &&
        show->tried.code == ERR_OK)
        sql = engine_table_sql(&show->name, "DESCRIBE HISTORY ", " LIMIT 10", &err);
    if (sql)
        show->query =
            databricks_query_stoppable(show->ask.engine->db, DATABRICKS_PRINCIPAL,
                                       config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID),
                                       sql, VERSIONS, on_history, show);
    else
        stats_or_done(show);
    free(sql);
}

static void on_tried(void *user, const struct err *err, struct databricks_query *query)
{
    struct show *show = user;
    (void)query;
    show->query = NULL;
    if (err && err->code == ERR_CANCELLED_BY_USER) {
        engine_ask_fail(&show->ask, err);
        return;
    }
    show->tried_how = "statement";
    show->tried = err ? *err : ERR_INIT;
    show->was_tried = true;
    history_ask(show);
}

/* The proof: the statement a sync would make, without its rows. */
static void try_ask(struct show *show)
{
    struct err err = ERR_INIT;
    char *sql = show->try && (show->running || !show->only_running)
                    ? engine_table_sql(&show->name, "SELECT * FROM ", " LIMIT 0", &err)
                    : NULL;
    if (sql)
        show->query = databricks_query_stoppable(
            show->ask.engine->db, DATABRICKS_PRINCIPAL,
            config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID), sql, 1, on_tried, show);
    else
        history_ask(show);
    free(sql);
}

/* An answer about the table itself that leaves nothing to say: not a matter of rights. A table
 * nobody can see may still be one of the cached tree. */
static bool hopeless(struct show *show)
{
    enum err_code code = show->table_err.code;
    enum model_grant level;
    struct store_cached row = {0};
    if (code == ERR_OK || model_grant_of(code, &level) == 0 || code == ERR_SRC_PERM_DENIED ||
        code == ERR_SRC_CATALOG_UNBOUND)
        return false;
    if (code != ERR_SRC_TABLE_NOT_FOUND)
        return true;
    char *name = model_name_text(&show->name);
    char *key = base_printf("t:%s", name);
    bool known = show->table_known || store_cache_get(show->ask.engine->cache, key, &row);
    store_cached_clear(&row);
    free(key);
    free(name);
    return !known;
}

/* Ticked or not, whatever may be read of it. */
static void tick_add(struct show *show)
{
    char *name = model_name_text(&show->name);
    struct catalog_tick tick = catalog_ticks_get(show->ask.engine->ticks, name);
    base_json_add_str(show->json, "draft", tick.draft > 0 ? "+" : tick.draft < 0 ? "-" : NULL);
    free(name);
}

static void step_done(struct show *show)
{
    if (--show->waiting > 0 || engine_ask_stopped(&show->ask))
        return;
    if (hopeless(show)) {
        engine_ask_fail(&show->ask, &show->table_err);
        return;
    }
    if (!show->table_known && show->table_err.code) {
        char *name = model_name_text(&show->name);
        const struct model_share *share = config_profile_share(show->ask.engine->profile);
        base_json_add_str(show->json, "name", name);
        base_json_add_bool(show->json, "shared", model_share_find(share, &show->name) != NULL);
        free(name);
    }
    tick_add(show);
    if (show->table_err.code)
        base_json_add_take(show->json, "error", base_err_to_json(&show->table_err));
    try_ask(show);
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct show *show = user;
    if (err) {
        base_json_add_take(show->json, "warehouse_error", base_err_to_json(err));
    } else {
        base_json_add_take(show->json, "warehouse", engine_warehouse_json(warehouse));
        base_json_add_str(show->json, "warehouse_state", warehouse->state);
        show->running = warehouse->state && strcmp(warehouse->state, "RUNNING") == 0;
    }
    step_done(show);
}

static void on_grants(void *user, const struct err *err, struct databricks_grants *grants)
{
    struct show *show = user;
    cJSON *privileges = base_json_add_array(show->json, "privileges");
    for (size_t i = 0; !err && i < grants->count; i++) {
        cJSON *item = base_json_object();
        base_json_add_str(item, "principal", grants->items[i].principal);
        base_json_add_str(item, "privilege", grants->items[i].privilege);
        base_json_add_str(item, "inherited_type", grants->items[i].inherited_type);
        base_json_add_str(item, "inherited_name", grants->items[i].inherited_name);
        base_json_push_take(privileges, item);
    }
    if (err) {
        base_json_add_take(show->json, "privileges_error", base_err_to_json(err));
    } else {
        show->grants_known = true;
        base_json_add_str(show->json, "privileges_scope",
                          grants->direct_only ? "direct" : "effective");
        show->grants = *grants;
        *grants = (struct databricks_grants){0};
    }
    step_done(show);
}

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    struct show *show = user;
    if (!err) {
        show->me = *me;
        *me = (struct databricks_me){0};
    }
    step_done(show);
}

static void on_metastore(void *user, const struct err *err, struct databricks_metastore *metastore)
{
    struct show *show = user;
    if (!err)
        show->metastore_owner = metastore->owner ? base_strdup(metastore->owner) : NULL;
    step_done(show);
}

/* What the principal may not see of a container the observer may. */
static bool observer_next(struct show *show, const struct err *err, bool *asked)
{
    if (err == NULL || *asked ||
        !databricks_identity_known(show->ask.engine->db, DATABRICKS_OBSERVER))
        return false;
    return *asked = true;
}

static void on_catalog(void *user, const struct err *err, struct databricks_catalog *catalog)
{
    struct show *show = user;
    if (observer_next(show, err, &show->observed_catalog)) {
        databricks_catalog_get(show->ask.engine->db, DATABRICKS_OBSERVER, show->name.catalog,
                               on_catalog, show);
        return;
    }
    if (!err && catalog->owner)
        show->owners[MODEL_GRANT_CATALOG] = base_strdup(catalog->owner);
    if (!err && catalog->isolation_mode)
        show->isolation = base_strdup(catalog->isolation_mode);
    step_done(show);
}

static void on_schema(void *user, const struct err *err, struct databricks_schema *schema)
{
    struct show *show = user;
    if (observer_next(show, err, &show->observed_schema)) {
        databricks_schema_get(show->ask.engine->db, DATABRICKS_OBSERVER, show->name.catalog,
                              show->name.schema, on_schema, show);
        return;
    }
    if (!err && schema->owner)
        show->owners[MODEL_GRANT_SCHEMA] = base_strdup(schema->owner);
    step_done(show);
}

static cJSON *columns_json(const struct model_schema *schema)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < schema->count; i++) {
        const struct model_column *column = &schema->columns[i];
        cJSON *item = base_json_object();
        char *type = model_type_text(&column->type);
        base_json_add_str(item, "name", column->name);
        base_json_add_str(item, "type", type);
        base_json_add_bool(item, "nullable", column->nullable);
        base_json_add_bool(item, "syncable", model_type_flat(&column->type));
        base_json_add_str(item, "comment", column->comment);
        base_json_add_str(item, "mask", column->mask);
        base_json_push_take(array, item);
        free(type);
    }
    return array;
}

static void table_fill(struct show *show, const struct databricks_table *table)
{
    const struct model_share *share = config_profile_share(show->ask.engine->profile);
    cJSON *json = show->json;
    char *name = model_name_text(&table->name);
    base_json_add_str(json, "name", name);
    base_json_add_str(json, "type", table->table_type);
    base_json_add_str(json, "format", table->format);
    base_json_add_str(json, "owner", table->owner);
    base_json_add_str(json, "comment", table->comment);
    base_json_add_str(json, "table_id", table->table_id);
    base_json_add_time(json, "created", table->created_us);
    base_json_add_time(json, "updated", table->updated_us);
    base_json_add_str(json, "row_filter", table->row_filter);
    base_json_add_bool(json, "masked", table->masked);
    base_json_add_bool(json, "browse_only", table->browse_only);
    base_json_add_bool(json, "shared", model_share_find(share, &show->name) != NULL);
    base_json_add_take(json, "columns", columns_json(&table->columns));
    free(name);
}

/* Whether the principal can read it, by the metadata API: a free proof. */
static void on_free_try(void *user, const struct err *err, struct databricks_table *table)
{
    struct show *show = user;
    (void)table;
    show->tried = err ? *err : ERR_INIT;
    show->was_tried = true;
    step_done(show);
}

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct show *show = user;
    struct engine *engine = show->ask.engine;
    bool first = !show->observed_table;
    if (err && first) {
        show->table_err = show->tried = *err;
        show->was_tried = err->code != ERR_SRC_TABLE_NOT_FOUND;
    }
    if (observer_next(show, err, &show->observed_table)) {
        databricks_table_get(engine->db, DATABRICKS_OBSERVER, &show->name, true, on_table, show);
        return;
    }
    if (err) {
        step_done(show);
        return;
    }
    show->table_known = true;
    table_fill(show, table);
    base_json_add_str(show->json, "seen_as",
                      first ? "principal" : databricks_identity_name(DATABRICKS_OBSERVER));
    if (table->owner)
        show->owners[MODEL_GRANT_TABLE] = base_strdup(table->owner);
    show->delta = table->format && base_text_equal_nocase(table->format, "DELTA");
    show->columns = model_schema_dup(&table->columns);
    if (first && table->browse_only) {
        databricks_table_get(engine->db, DATABRICKS_PRINCIPAL, &show->name, false, on_free_try,
                             show);
        return;
    }
    show->was_tried = true; /* not only to be browsed: the workspace has checked the rights */
    step_done(show);
}

static void ask_all(struct show *show)
{
    struct databricks *db = show->ask.engine->db;
    const char *warehouse = config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID);
    char *full = base_printf("%s.%s.%s", show->name.catalog, show->name.schema, show->name.table);
    show->waiting = 6 + (warehouse != NULL);
    databricks_table_get(db, DATABRICKS_PRINCIPAL, &show->name, true, on_table, show);
    databricks_permissions_effective(db, DATABRICKS_PRINCIPAL, "table", full, NULL, on_grants,
                                     show);
    databricks_workspace_me(db, DATABRICKS_PRINCIPAL, on_me, show);
    databricks_workspace_metastore(db, DATABRICKS_PRINCIPAL, on_metastore, show);
    databricks_catalog_get(db, DATABRICKS_PRINCIPAL, show->name.catalog, on_catalog, show);
    databricks_schema_get(db, DATABRICKS_PRINCIPAL, show->name.catalog, show->name.schema,
                          on_schema, show);
    if (warehouse)
        databricks_warehouse_get(db, DATABRICKS_PRINCIPAL, warehouse, on_warehouse, show);
    free(full);
}

void engine_verb_show(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_name name = {0};
    bool stats = base_json_bool_or(params, "stats", false);
    bool try = base_json_bool_or(params, "try", false);
    if (engine_param_name(params, "table", &name, &err) != 0 ||
        engine_need(engine, stats || try ? ENGINE_NEED_WAREHOUSE : ENGINE_NEED_WORKSPACE, &err) !=
            0) {
        model_name_free(&name);
        engine_fail(engine, call, &err);
        return;
    }
    struct show *show = engine_ask_new(engine, call, sizeof *show, show_free);
    show->ask.stop = show_stop;
    show->name = name;
    show->json = base_json_object();
    show->stats = stats;
    show->try = try;
    show->only_running = base_json_bool_or(params, "only_running", false);
    show->history = base_json_bool_or(params, "history", true);
    show->tried_how = "metadata";
    ask_all(show);
}
