/* show: one table as the principal sees it. A chain of questions; each may fail alone, and then
 * says why in its place. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/catalog.h"
#include "databricks/permissions.h"
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
    bool stats, readable, delta;
};

static void show_free(struct engine_ask *ask)
{
    struct show *show = (struct show *)ask;
    model_name_free(&show->name);
    model_schema_free(&show->columns);
    cJSON_Delete(show->json);
}

static void show_done(struct show *show)
{
    cJSON *json = show->json;
    show->json = NULL;
    engine_ask_reply(&show->ask, json);
}

static char *table_sql(const struct model_name *name, const char *before, const char *after,
                       struct err *err)
{
    struct buf sql;
    base_buf_init(&sql, 1 << 16);
    (void)base_buf_text(&sql, before);
    if (model_name_sql(name, &sql, err) != 0) {
        base_buf_free(&sql);
        return NULL;
    }
    (void)base_buf_text(&sql, after);
    return base_buf_take(&sql, NULL);
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
        databricks_query_json(show->ask.engine->db, DATABRICKS_PRINCIPAL,
                              config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID), sql.data,
                              NULL, 0, 1, on_stats, show);
    base_buf_free(&sql);
}

static void stats_or_done(struct show *show)
{
    if (show->stats)
        stats_ask(show);
    else
        show_done(show);
}

static size_t column_find(const struct databricks_query *query, const char *name)
{
    for (size_t i = 0; i < query->manifest.columns.count; i++)
        if (base_text_equal_nocase(query->manifest.columns.columns[i].name, name))
            return i;
    return SIZE_MAX;
}

static void on_history(void *user, const struct err *err, struct databricks_query *query)
{
    struct show *show = user;
    if (err) {
        base_json_add_take(show->json, "versions_error", base_err_to_json(err));
    } else {
        size_t version = column_find(query, "version"), when = column_find(query, "timestamp"),
               what = column_find(query, "operation");
        cJSON *versions = base_json_add_array(show->json, "versions");
        for (size_t row = 0; row < query->rows.row_count; row++) {
            const char *number = cell(query, row, version);
            cJSON *item = base_json_object();
            base_json_add_i64(item, "version", number ? strtoll(number, NULL, 10) : -1);
            base_json_add_str(item, "time", cell(query, row, when));
            base_json_add_str(item, "operation", cell(query, row, what));
            base_json_push_take(versions, item);
        }
    }
    stats_or_done(show);
}

/* Versions cost a statement: asked only where the warehouse runs anyway, or statistics were wanted.
 */
static void history_ask(struct show *show, bool running)
{
    struct err err = ERR_INIT;
    char *sql = NULL;
    if ((running || show->stats) && show->delta)
        sql = table_sql(&show->name, "DESCRIBE HISTORY ", " LIMIT 10", &err);
    if (sql)
        databricks_query_json(show->ask.engine->db, DATABRICKS_PRINCIPAL,
                              config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID), sql, NULL,
                              0, VERSIONS, on_history, show);
    else
        stats_or_done(show);
    free(sql);
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct show *show = user;
    if (err)
        base_json_add_take(show->json, "versions_error", base_err_to_json(err));
    else
        base_json_add_str(show->json, "warehouse_state", warehouse->state);
    if (err)
        show_done(show);
    else
        history_ask(show, strcmp(warehouse->state ? warehouse->state : "", "RUNNING") == 0);
}

static void on_grants(void *user, const struct err *err, struct databricks_grants *grants)
{
    struct show *show = user;
    const char *warehouse = config_get(show->ask.engine->profile, CONFIG_WAREHOUSE_ID);
    cJSON *privileges = base_json_add_array(show->json, "privileges");
    for (size_t i = 0; !err && i < grants->count; i++) {
        cJSON *item = base_json_object();
        base_json_add_str(item, "principal", grants->items[i].principal);
        base_json_add_str(item, "privilege", grants->items[i].privilege);
        base_json_add_str(item, "inherited_type", grants->items[i].inherited_type);
        base_json_add_str(item, "inherited_name", grants->items[i].inherited_name);
        base_json_push_take(privileges, item);
    }
    if (err)
        base_json_add_take(show->json, "privileges_error", base_err_to_json(err));
    if (show->readable && warehouse)
        databricks_warehouse_get(show->ask.engine->db, DATABRICKS_PRINCIPAL, warehouse,
                                 on_warehouse, show);
    else
        show_done(show);
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

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct show *show = user;
    struct engine *engine = show->ask.engine;
    if (err) {
        engine_ask_fail(&show->ask, err);
        return;
    }
    table_fill(show, table);
    show->readable = !table->browse_only;
    show->delta = table->format && base_text_equal_nocase(table->format, "DELTA");
    show->columns = model_schema_dup(&table->columns);
    char *full = base_printf("%s.%s.%s", show->name.catalog, show->name.schema, show->name.table);
    databricks_permissions_effective(engine->db, DATABRICKS_PRINCIPAL, "table", full, NULL,
                                     on_grants, show);
    free(full);
}

void engine_verb_show(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_name name = {0};
    bool stats = base_json_bool_or(params, "stats", false);
    if (engine_param_name(params, "table", &name, &err) != 0 ||
        engine_need(engine, stats ? ENGINE_NEED_WAREHOUSE : ENGINE_NEED_WORKSPACE, &err) != 0) {
        model_name_free(&name);
        engine_fail(engine, call, &err);
        return;
    }
    struct show *show = engine_ask_new(engine, call, sizeof *show, show_free);
    show->name = name;
    show->json = base_json_object();
    show->stats = stats;
    databricks_table_get(engine->db, DATABRICKS_PRINCIPAL, &show->name, true, on_table, show);
}
