#include "sandbox/warehouse.h"

#include "sandbox/unity.h"
#include "sandbox/warehouse_state.h"

#include <string.h>

#define ID_DIGITS 16

static void go(struct sandbox_warehouse *warehouse, const char *state)
{
    free(warehouse->state);
    warehouse->state = base_strdup(state);
}

void sandbox_warehouse_stop(struct sandbox_warehouse *warehouse)
{
    go(warehouse, "STOPPED");
}

void sandbox_warehouse_go(struct sandbox_workspace *workspace, struct sandbox_warehouse *warehouse)
{
    if (strcmp(warehouse->state, "STOPPED") != 0)
        return;
    go(warehouse, "STARTING");
    warehouse->start_failed = false;
    warehouse->running_at_us =
        base_seam_now_us(sandbox_workspace_seam(workspace)) + warehouse->start_delay_us;
}

bool sandbox_sql_entitled(struct sandbox_exchange *exchange)
{
    if (sandbox_workspace_entitled(exchange->server->workspace, exchange->principal,
                                   SANDBOX_SQL_ACCESS))
        return true;
    sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                        "This API is disabled for users without the databricks-sql-access "
                        "entitlement.");
    return false;
}

char *sandbox_warehouse_failure(const struct sandbox_warehouse *warehouse)
{
    return base_printf("Clusters are failing to launch. Cluster launch will be retried. Details "
                       "for the latest failure: Error code: %s",
                       warehouse->start_failure ? warehouse->start_failure : "UNKNOWN");
}

struct sandbox_warehouse *sandbox_warehouse_known(struct sandbox_exchange *exchange, const char *id)
{
    struct sandbox_warehouse *warehouse;

    if (strlen(id) != ID_DIGITS || strspn(id, "0123456789abcdef") != ID_DIGITS) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "%s is not a valid endpoint id.", id);
        return NULL;
    }
    warehouse = sandbox_workspace_find_warehouse(exchange->server->workspace, id);
    if (!warehouse)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "SQL warehouse %s does not exist.", id);
    return warehouse;
}

struct sandbox_warehouse *sandbox_warehouse_usable(struct sandbox_exchange *exchange,
                                                   const char *id)
{
    struct sandbox_warehouse *warehouse =
        sandbox_sql_entitled(exchange) ? sandbox_warehouse_known(exchange, id) : NULL;

    if (warehouse && !sandbox_warehouse_may(exchange->server->workspace, warehouse,
                                            exchange->principal, false)) {
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "You do not have permission to use the SQL Warehouse.");
        return NULL;
    }
    return warehouse;
}

static void odbc_fields(struct sandbox_exchange *exchange,
                        const struct sandbox_warehouse *warehouse, cJSON *json)
{
    const char *host = strstr(exchange->server->address, "//") + 2;
    size_t host_len = strcspn(host, ":");
    char *name = base_strndup(host, host_len);
    char *path = base_printf("/sql/1.0/warehouses/%s", warehouse->id);
    char *jdbc = base_printf("jdbc:spark://%s/default;transportMode=http;ssl=1;AuthMech=3;"
                             "httpPath=%s;",
                             host, path);
    cJSON *odbc;

    base_json_add_str(json, "jdbc_url", jdbc);
    odbc = base_json_add_object(json, "odbc_params");
    base_json_add_str(odbc, "hostname", name);
    base_json_add_str(odbc, "path", path);
    base_json_add_str(odbc, "protocol",
                      strncmp(exchange->server->address, "https", 5) == 0 ? "https" : "http");
    base_json_add_i64(odbc, "port", host[host_len] ? strtoll(host + host_len + 1, NULL, 10) : 443);
    free(name);
    free(path);
    free(jdbc);
}

/* A start that goes on for ever is as bad as one that gave up. */
static void health_field(const struct sandbox_warehouse *warehouse, cJSON *json)
{
    cJSON *reason;
    char *message;

    if (!warehouse->start_failed) {
        base_json_add_str(json, "status", "HEALTHY");
        return;
    }
    message = sandbox_warehouse_failure(warehouse);
    base_json_add_str(json, "status", "FAILED");
    base_json_add_str(json, "summary",
                      "Clusters are failing to launch. Cluster launch will be retried.");
    base_json_add_str(json, "message", message);
    base_json_add_str(json, "details", message);
    reason = base_json_add_object(json, "failure_reason");
    base_json_add_str(reason, "code", warehouse->start_failure);
    base_json_add_str(reason, "type", "CLOUD_FAILURE");
    base_json_add_object(reason, "parameters");
    free(message);
}

static cJSON *warehouse_json(struct sandbox_exchange *exchange,
                             const struct sandbox_warehouse *warehouse)
{
    bool running = strcmp(warehouse->state, "RUNNING") == 0;
    cJSON *json = base_json_object();
    cJSON *channel;

    base_json_add_str(json, "id", warehouse->id);
    base_json_add_str(json, "name", warehouse->name);
    base_json_add_str(json, "state", warehouse->state);
    base_json_add_str(json, "cluster_size", warehouse->size);
    base_json_add_i64(json, "min_num_clusters", warehouse->clusters_min);
    base_json_add_i64(json, "max_num_clusters", warehouse->clusters_max);
    base_json_add_i64(json, "num_clusters", running ? warehouse->clusters_min : 0);
    base_json_add_i64(json, "num_active_sessions", 0);
    base_json_add_i64(json, "auto_stop_mins", warehouse->auto_stop_minutes);
    base_json_add_bool(json, "enable_photon", true);
    base_json_add_bool(json, "enable_serverless_compute", warehouse->serverless);
    base_json_add_str(json, "warehouse_type", "PRO");
    base_json_add_str(json, "spot_instance_policy", "COST_OPTIMIZED");
    channel = base_json_add_object(json, "channel");
    base_json_add_str(channel, "name", "CHANNEL_NAME_CURRENT");
    base_json_add_str(json, "creator_name", warehouse->creator);
    odbc_fields(exchange, warehouse, json);
    base_json_add_object(json, "tags");
    health_field(warehouse, base_json_add_object(json, "health"));
    return json;
}

/* A page of those the caller sees; without page_size all. */
void sandbox_endpoint_warehouses(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;
    struct sandbox_page page;
    cJSON *json, *array;
    size_t seen = 0;

    if (!sandbox_page_read_as(exchange, "page_size", NULL, false, &page))
        return;
    sandbox_workspace_lock(workspace);
    if (!sandbox_sql_entitled(exchange)) {
        sandbox_workspace_unlock(workspace);
        return;
    }
    json = base_json_object();
    array = cJSON_CreateArray();
    for (size_t i = 0; (warehouse = sandbox_workspace_warehouse_at(workspace, i)); i++) {
        if (!sandbox_warehouse_sees(workspace, warehouse, exchange->principal))
            continue;
        if (seen >= page.start && seen - page.start < page.size && !page.empty)
            base_json_push_take(array, warehouse_json(exchange, warehouse));
        seen++;
    }
    sandbox_workspace_unlock(workspace);
    sandbox_page_token(exchange, &page,
                       page.empty || page.size < seen - page.start
                           ? page.start + (page.empty ? 0 : page.size)
                           : seen,
                       seen, json);
    if (cJSON_GetArraySize(array))
        base_json_add_take(json, "warehouses", array);
    else
        cJSON_Delete(array);
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_warehouse(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_sql_entitled(exchange)
                    ? sandbox_warehouse_known(exchange, exchange->arguments[0])
                    : NULL;
    if (warehouse && !sandbox_warehouse_sees(workspace, warehouse, exchange->principal))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "You do not have permission to view the SQL Warehouse.");
    else if (warehouse)
        sandbox_reply_json(exchange, 200, warehouse_json(exchange, warehouse));
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_warehouse_start(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_usable(exchange, exchange->arguments[0]);
    if (warehouse && !sandbox_warehouse_may(workspace, warehouse, exchange->principal, true)) {
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "%s does not have permission to start SQL warehouse %s",
                            exchange->principal, warehouse->id);
    } else if (warehouse) {
        sandbox_warehouse_go(workspace, warehouse);
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_warehouse_stop(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_usable(exchange, exchange->arguments[0]);
    if (warehouse && !sandbox_warehouse_manages(workspace, warehouse, exchange->principal)) {
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "%s does not have permission to stop SQL warehouse %s",
                            exchange->principal, warehouse->id);
    } else if (warehouse) {
        sandbox_warehouse_stop(warehouse);
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
}
