/* Warehouses are made, changed and deleted. */
#include "sandbox/warehouse.h"

#include "base/hash.h"

#include <string.h>

static bool size_known(const char *size)
{
    static const char *const sizes[] = {"2X-Small", "X-Small",  "Small",    "Medium",   "Large",
                                        "X-Large",  "2X-Large", "3X-Large", "4X-Large", "5X-Large"};

    for (size_t i = 0; i < base_countof(sizes); i++) {
        if (strcmp(sizes[i], size) == 0)
            return true;
    }
    return false;
}

static bool refuse(struct sandbox_exchange *exchange, const char *message)
{
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "%s", message);
    return false;
}

/* databricks-api.md 5: auto_stop_mins 0 or at least 10, at most 40 clusters. */
static bool body_good(struct sandbox_exchange *exchange, const cJSON *body,
                      const struct sandbox_warehouse *changed)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *name = base_json_str(body, "name");
    int64_t stop = base_json_i64_or(body, "auto_stop_mins", 10);
    int64_t most = base_json_i64_or(body, "max_num_clusters", 1);
    int64_t least = base_json_i64_or(body, "min_num_clusters", 1);
    const struct sandbox_warehouse *other;

    if (!changed && (!name || !*name))
        return refuse(exchange, "Warehouse name is required.");
    if (!size_known(base_json_str_or(body, "cluster_size", changed ? changed->size : "2X-Small")))
        return refuse(exchange, "Invalid cluster_size.");
    if (stop < 0 || (stop > 0 && stop < 10))
        return refuse(exchange, "auto_stop_mins must be 0 or at least 10.");
    if (least < 1 || most < least || most > 40)
        return refuse(exchange, "The number of clusters must lie between 1 and 40.");
    for (size_t i = 0; name && (other = sandbox_workspace_warehouse_at(workspace, i)); i++) {
        if (other != changed && strcmp(other->name, name) == 0) {
            sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                                "SQL warehouse with name `%s` already exists", name);
            return false;
        }
    }
    return true;
}

static void text_set(char **slot, const cJSON *body, const char *key)
{
    const char *text = base_json_str(body, key);

    if (!text)
        return;
    free(*slot);
    *slot = base_strdup(text);
}

static void body_apply(struct sandbox_warehouse *warehouse, const cJSON *body)
{
    text_set(&warehouse->name, body, "name");
    text_set(&warehouse->size, body, "cluster_size");
    warehouse->auto_stop_minutes =
        base_json_i64_or(body, "auto_stop_mins", warehouse->auto_stop_minutes);
    warehouse->clusters_min = base_json_i64_or(body, "min_num_clusters", warehouse->clusters_min);
    warehouse->clusters_max = base_json_i64_or(body, "max_num_clusters", warehouse->clusters_max);
    warehouse->serverless =
        base_json_bool_or(body, "enable_serverless_compute", warehouse->serverless);
}

/* It starts at once, owned by who made it. */
static void create(struct sandbox_exchange *exchange, const cJSON *body)
{
    struct sandbox_server *server = exchange->server;
    struct sandbox_warehouse *warehouse;
    unsigned char random[8];
    char id[17];
    cJSON *json = base_json_object();

    base_seam_random(server->seam, random, sizeof random);
    base_hex(random, sizeof random, id);
    warehouse =
        sandbox_workspace_warehouse(server->workspace, id, base_json_str_or(body, "name", ""));
    free(warehouse->creator);
    warehouse->creator = base_strdup(exchange->principal);
    body_apply(warehouse, body);
    free(sandbox_warehouse_access_set(warehouse, exchange->principal, "IS_OWNER"));
    warehouse->start_delay_us =
        sandbox_server_setting(server, SANDBOX_COLD_START_SECONDS) * 1000000;
    sandbox_warehouse_stop(warehouse);
    sandbox_warehouse_go(server->workspace, warehouse);
    base_json_add_str(json, "id", id);
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_warehouse_create(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    if (sandbox_sql_entitled(exchange)) {
        if (!sandbox_workspace_is_admin(workspace, exchange->principal) &&
            !sandbox_workspace_entitled(workspace, exchange->principal, SANDBOX_CLUSTER_CREATE))
            sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                                "%s is not authorized to create SQL warehouses.",
                                exchange->principal);
        else if (body_good(exchange, body, NULL))
            create(exchange, body);
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

/* The warehouse of the path when the caller may change it; NULL after answering. */
static struct sandbox_warehouse *managed(struct sandbox_exchange *exchange)
{
    struct sandbox_warehouse *warehouse =
        sandbox_sql_entitled(exchange) ? sandbox_warehouse_known(exchange, exchange->arguments[0])
                                       : NULL;

    if (!warehouse ||
        sandbox_warehouse_manages(exchange->server->workspace, warehouse, exchange->principal))
        return warehouse;
    sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                        "%s does not have Manage permissions on SQL warehouse %s",
                        exchange->principal, warehouse->id);
    return NULL;
}

void sandbox_endpoint_warehouse_edit(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_warehouse *warehouse;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    warehouse = managed(exchange);
    if (warehouse && body_good(exchange, body, warehouse)) {
        body_apply(warehouse, body);
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

void sandbox_endpoint_warehouse_delete(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = managed(exchange);
    if (warehouse) {
        warehouse->deleted = true;
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
}
