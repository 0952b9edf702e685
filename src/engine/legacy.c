/* Catalogs that Unity Catalog does not govern: its API does not list them, a statement does. Asked
 * only after a walk and only of a warehouse that runs anyway; nothing is started for it. */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define CATALOGS_MAX 1000

static void row_put(struct engine *engine, const char *name)
{
    struct err err = ERR_INIT;
    struct store_cached have = {0};
    cJSON *json = base_json_object();
    char *key = base_printf("c:%s", name);
    struct store_cached row = {.key = key,
                               .parent = (char *)"",
                               .kind = (char *)"catalog",
                               .name = (char *)name,
                               .flags = CATALOG_NOT_UC};
    if (store_cache_get(engine->cache, key, &have)) {
        store_cached_clear(&have);
    } else {
        base_json_add_str(json, "full_name", name);
        row.json = base_json_print(json);
        if (store_cache_put(engine->cache, &row, &err) != 0)
            base_log_event(engine->log, LOG_WARN_, "catalog.legacy", "code",
                           base_err_name(err.code), NULL);
        free(row.json);
    }
    cJSON_Delete(json);
    free(key);
}

static void on_catalogs(void *user, const struct err *err, struct databricks_query *query)
{
    struct engine *engine = user;
    size_t added = 0;
    if (err) {
        base_log_event(engine->log, LOG_INFO_, "catalog.legacy", "code", base_err_name(err->code),
                       NULL);
        return;
    }
    for (size_t i = 0; query->rows.column_count > 0 && i < query->rows.row_count; i++) {
        const char *name = query->rows.cells[i * query->rows.column_count];
        /* A name with a dot would need quoting to be a key: no such catalog is known. */
        if (name && name[0] && strpbrk(name, ".`") == NULL) {
            row_put(engine, name);
            added++;
        }
    }
    if (added) {
        catalog_names_changed(engine->names, "");
        engine_catalog_tell(engine);
    }
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct engine *engine = user;
    if (err || warehouse->state == NULL || strcmp(warehouse->state, "RUNNING") != 0)
        return;
    databricks_query_json(engine->db, DATABRICKS_PRINCIPAL,
                          config_get(engine->profile, CONFIG_WAREHOUSE_ID), "SHOW CATALOGS", NULL,
                          0, CATALOGS_MAX, on_catalogs, engine);
}

void engine_legacy_look(struct engine *engine)
{
    const char *warehouse = config_get(engine->profile, CONFIG_WAREHOUSE_ID);
    if (warehouse && warehouse[0])
        databricks_warehouse_get(engine->db, DATABRICKS_PRINCIPAL, warehouse, on_warehouse, engine);
}
