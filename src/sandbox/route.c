#include "sandbox/auth.h"
#include "sandbox/fault_wire.h"
#include "sandbox/network.h"
#include "sandbox/server.h"
#include "sandbox/unity.h"

#include <string.h>

#define UC "/api/2.1/unity-catalog"
#define SQL "/api/2.0/sql"

struct route {
    const char *method, *pattern; /* "{}" stands for one path segment */
    const char *endpoint;         /* its name for faults and in the list of requests */
    bool open;                    /* no credential needed */
    void (*handle)(struct sandbox_exchange *exchange);
};

#define WORKSPACE_SCIM "/api/2.0/preview/scim/v2/"
#define ACCOUNT_SCIM "/api/2.0/accounts/{}/scim/v2/"
#define PROXY_SECRETS "/api/2.0/accounts/servicePrincipals/{}/credentials/secrets"
#define ACCOUNT_SECRETS "/api/2.0/accounts/{}/servicePrincipals/{}/credentials/secrets"
#define ASSIGNMENTS "/api/2.0/accounts/{}/workspaces/{}/permissionassignments"
#define WAREHOUSE_ACCESS "/api/2.0/permissions/warehouses/{}"
/* The six calls of one kind of resource. */
#define SCIM(path, name)                                                                           \
    {"GET", path, name "s", false, sandbox_endpoint_scim_list},                                    \
        {"GET", path "/{}", name, false, sandbox_endpoint_scim_get},                               \
        {"POST", path, name "_create", false, sandbox_endpoint_scim_create},                       \
        {"PUT", path "/{}", name "_replace", false, sandbox_endpoint_scim_put},                    \
        {"PATCH", path "/{}", name "_change", false, sandbox_endpoint_scim_patch},                 \
    {                                                                                              \
        "DELETE", path "/{}", name "_delete", false, sandbox_endpoint_scim_delete                  \
    }

#define IP_LISTS(path, prefix)                                                                     \
    {"GET", path, prefix "ip_lists", false, sandbox_endpoint_ip_lists},                            \
        {"POST", path, prefix "ip_list_create", false, sandbox_endpoint_ip_list_create},           \
        {"GET", path "/{}", prefix "ip_list", false, sandbox_endpoint_ip_list},                    \
        {"PUT", path "/{}", prefix "ip_list_replace", false, sandbox_endpoint_ip_list_put},        \
        {"PATCH", path "/{}", prefix "ip_list_change", false, sandbox_endpoint_ip_list_patch},     \
    {                                                                                              \
        "DELETE", path "/{}", prefix "ip_list_delete", false, sandbox_endpoint_ip_list_delete      \
    }

static const struct route routes[] = {
    {"POST", "/oidc/v1/token", "token", true, sandbox_endpoint_token},
    {"GET", "/.well-known/databricks-config", "discovery", true,
     sandbox_endpoint_databricks_config},
    {"GET", "/oidc/.well-known/oauth-authorization-server", "discovery", true,
     sandbox_endpoint_oauth_server},
    {"GET", "/oidc/.well-known/openid-configuration", "discovery", true,
     sandbox_endpoint_oauth_server},
    {"POST", "/oidc/accounts/{}/v1/token", "account_token", true, sandbox_endpoint_token},
    {"GET", "/oidc/accounts/{}/.well-known/oauth-authorization-server", "account_discovery", true,
     sandbox_endpoint_oauth_server},
    {"GET", "/oidc/accounts/{}/.well-known/openid-configuration", "account_discovery", true,
     sandbox_endpoint_oauth_server},
    {"GET", "/api/2.0/tokens/introspect", "introspect", false, sandbox_endpoint_introspect},
    {"GET", "/login.html", "login", true, sandbox_endpoint_login_page},
    {"GET", "/", "login", true, sandbox_endpoint_login_page},
    {"GET", "/api/2.0/preview/scim/v2/Me", "me", false, sandbox_endpoint_me},
    SCIM(WORKSPACE_SCIM "ServicePrincipals", "service_principal"),
    SCIM(WORKSPACE_SCIM "Groups", "group"),
    SCIM(WORKSPACE_SCIM "Users", "user"),
    SCIM(ACCOUNT_SCIM "ServicePrincipals", "account_service_principal"),
    SCIM(ACCOUNT_SCIM "Groups", "account_group"),
    SCIM(ACCOUNT_SCIM "Users", "account_user"),
    {"GET", PROXY_SECRETS, "secrets", false, sandbox_endpoint_secrets},
    {"POST", PROXY_SECRETS, "secret_create", false, sandbox_endpoint_secret_create},
    {"DELETE", PROXY_SECRETS "/{}", "secret_delete", false, sandbox_endpoint_secret_delete},
    {"GET", ACCOUNT_SECRETS, "account_secrets", false, sandbox_endpoint_secrets},
    {"POST", ACCOUNT_SECRETS, "account_secret_create", false, sandbox_endpoint_secret_create},
    {"DELETE", ACCOUNT_SECRETS "/{}", "account_secret_delete", false,
     sandbox_endpoint_secret_delete},
    {"GET", UC "/metastores/{}/systemschemas", "system_schemas", false,
     sandbox_endpoint_system_schemas},
    {"PUT", UC "/metastores/{}/systemschemas/{}", "system_schema_enable", false,
     sandbox_endpoint_system_schema_enable},
    {"DELETE", UC "/metastores/{}/systemschemas/{}", "system_schema_disable", false,
     sandbox_endpoint_system_schema_disable},
    {"GET", UC "/metastore_summary", "metastore", false, sandbox_endpoint_metastore_summary},
    {"GET", UC "/current-metastore-assignment", "metastore", false,
     sandbox_endpoint_metastore_assignment},
    {"GET", UC "/catalogs", "catalogs", false, sandbox_endpoint_catalogs},
    {"GET", UC "/catalogs/{}", "catalog", false, sandbox_endpoint_catalog},
    {"PATCH", UC "/catalogs/{}", "catalog_change", false, sandbox_endpoint_catalog_change},
    {"GET", UC "/bindings/{}/{}", "bindings", false, sandbox_endpoint_bindings},
    {"PATCH", UC "/bindings/{}/{}", "bindings_change", false, sandbox_endpoint_bindings_change},
    {"GET", UC "/workspace-bindings/catalogs/{}", "bound_workspaces", false,
     sandbox_endpoint_bound_workspaces},
    {"PATCH", UC "/workspace-bindings/catalogs/{}", "bound_workspaces_change", false,
     sandbox_endpoint_bound_workspaces_change},
    {"GET", UC "/metastores", "metastores", false, sandbox_endpoint_metastores},
    {"GET", UC "/metastores/{}", "metastore_get", false, sandbox_endpoint_metastore},
    {"PATCH", UC "/metastores/{}", "metastore_change", false, sandbox_endpoint_metastore_change},
    {"PUT", UC "/workspaces/{}/metastore", "metastore_assign", false,
     sandbox_endpoint_metastore_assign},
    {"DELETE", UC "/workspaces/{}/metastore", "metastore_unassign", false,
     sandbox_endpoint_metastore_unassign},
    {"GET", UC "/storage-credentials", "storage_credentials", false, sandbox_endpoint_storage_list},
    {"GET", UC "/storage-credentials/{}", "storage_credential", false,
     sandbox_endpoint_storage_credential},
    {"GET", UC "/external-locations", "external_locations", false, sandbox_endpoint_storage_list},
    {"GET", UC "/external-locations/{}", "external_location", false,
     sandbox_endpoint_external_location},
    {"POST", "/api/2.0/unity-catalog/temporary-table-credentials", "table_credentials", false,
     sandbox_endpoint_table_credentials},
    {"POST", UC "/temporary-table-credentials", "table_credentials", false,
     sandbox_endpoint_table_credentials},
    {"GET", "/api/2.0/connector-service/feature-flags/{}/{}", "feature_flags", false,
     sandbox_endpoint_feature_flags},
    {"GET", UC "/schemas", "schemas", false, sandbox_endpoint_schemas},
    {"GET", UC "/schemas/{}", "schema", false, sandbox_endpoint_schema},
    {"GET", UC "/tables", "tables", false, sandbox_endpoint_tables},
    {"GET", UC "/tables/{}", "table", false, sandbox_endpoint_table},
    {"GET", UC "/tables/{}/exists", "table_exists", false, sandbox_endpoint_table_exists},
    {"GET", UC "/table-summaries", "summaries", false, sandbox_endpoint_table_summaries},
    {"GET", UC "/permissions/{}/{}", "permissions", false, sandbox_endpoint_permissions},
    {"PATCH", UC "/permissions/{}/{}", "permissions_change", false,
     sandbox_endpoint_permissions_change},
    {"GET", UC "/effective-permissions/{}/{}", "effective", false,
     sandbox_endpoint_permissions_effective},
    {"GET", SQL "/warehouses", "warehouses", false, sandbox_endpoint_warehouses},
    {"GET", SQL "/warehouses/{}", "warehouse", false, sandbox_endpoint_warehouse},
    {"POST", SQL "/warehouses/{}/start", "warehouse_start", false,
     sandbox_endpoint_warehouse_start},
    {"POST", SQL "/warehouses/{}/stop", "warehouse_stop", false, sandbox_endpoint_warehouse_stop},
    {"POST", SQL "/warehouses", "warehouse_create", false, sandbox_endpoint_warehouse_create},
    {"POST", SQL "/warehouses/{}/edit", "warehouse_edit", false, sandbox_endpoint_warehouse_edit},
    {"DELETE", SQL "/warehouses/{}", "warehouse_delete", false, sandbox_endpoint_warehouse_delete},
    {"GET", WAREHOUSE_ACCESS, "warehouse_permissions", false,
     sandbox_endpoint_warehouse_permissions},
    {"PATCH", WAREHOUSE_ACCESS, "warehouse_permissions_change", false,
     sandbox_endpoint_warehouse_access_patch},
    {"PUT", WAREHOUSE_ACCESS, "warehouse_permissions_replace", false,
     sandbox_endpoint_warehouse_access_put},
    {"GET", WAREHOUSE_ACCESS "/permissionLevels", "warehouse_permission_levels", false,
     sandbox_endpoint_warehouse_levels},
    IP_LISTS("/api/2.0/ip-access-lists", ""),
    IP_LISTS("/api/2.0/accounts/{}/ip-access-lists", "account_"),
    {"GET", "/api/2.0/workspace-conf", "conf", false, sandbox_endpoint_conf},
    {"PATCH", "/api/2.0/workspace-conf", "conf_change", false, sandbox_endpoint_conf_patch},
    {"GET", ASSIGNMENTS, "account_assignments", false, sandbox_endpoint_assignments},
    {"GET", ASSIGNMENTS "/permissions", "account_assignment_levels", false,
     sandbox_endpoint_assignment_levels},
    {"PUT", ASSIGNMENTS "/principals/{}", "account_assignment_change", false,
     sandbox_endpoint_assignment_put},
    {"DELETE", ASSIGNMENTS "/principals/{}", "account_assignment_delete", false,
     sandbox_endpoint_assignment_delete},
    {"POST", SQL "/sessions", "sessions", false, sandbox_endpoint_session_open},
    {"DELETE", SQL "/sessions/{}", "session_close", false, sandbox_endpoint_session_close},
    {"POST", SQL "/statements", "statements", false, sandbox_endpoint_statement_submit},
    {"GET", SQL "/statements/{}", "poll", false, sandbox_endpoint_statement_poll},
    {"GET", SQL "/statements/{}/result/chunks/{}", "chunk", false,
     sandbox_endpoint_statement_chunk},
    {"POST", SQL "/statements/{}/cancel", "cancel", false, sandbox_endpoint_statement_cancel},
    {"DELETE", SQL "/statements/{}", "close", false, sandbox_endpoint_statement_close},
    {"GET", SQL "/history/queries", "query_history", false, sandbox_endpoint_query_history},
    {"GET", "/results/{}", "link", true, sandbox_endpoint_link},
};

const char *sandbox_route_endpoint(size_t index)
{
    return index < base_countof(routes) ? routes[index].endpoint : NULL;
}

static void arguments_clear(struct sandbox_exchange *exchange)
{
    for (size_t i = 0; i < exchange->argument_count; i++)
        free(exchange->arguments[i]);
    exchange->argument_count = 0;
}

/* Takes the path apart along the pattern; a trailing slash is allowed (drivers send one). */
static bool route_matches(struct sandbox_exchange *exchange, const char *pattern)
{
    const char *path = exchange->path;

    arguments_clear(exchange);
    while (*pattern) {
        size_t len;
        char *text;

        if (pattern[0] != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        len = strcspn(path, "/");
        text = len ? sandbox_text_unescape(path, len, false) : NULL;
        if (!text)
            return false;
        exchange->arguments[exchange->argument_count++] = text;
        path += len;
        pattern += 2;
    }
    return !*path || (path[0] == '/' && !path[1]);
}

static const struct route *route_find(struct sandbox_exchange *exchange)
{
    for (size_t i = 0; i < base_countof(routes); i++) {
        if (strcmp(routes[i].method, exchange->method) == 0 &&
            route_matches(exchange, routes[i].pattern))
            return &routes[i];
    }
    arguments_clear(exchange);
    return NULL;
}

/* Any version of its API. */
static bool in_unity(const char *path)
{
    return strncmp(path, "/api/2.", 7) == 0 && path[7] &&
           strncmp(path + 8, "/unity-catalog/", 15) == 0;
}

void sandbox_route(struct sandbox_exchange *exchange)
{
    const struct route *route = route_find(exchange);

    if (!route) {
        sandbox_reply_error(exchange, 404, "ENDPOINT_NOT_FOUND", "No API found for '%s %s'",
                            exchange->method, exchange->path);
        return;
    }
    exchange->endpoint = route->endpoint;
    exchange->object_store = route->handle == sandbox_endpoint_link;
    exchange->oidc = route->open;
    if (exchange->too_large) {
        sandbox_reply_error(exchange, 413, "MAX_REQUEST_SIZE_EXCEEDED",
                            "The request is too large.");
        return;
    }
    sandbox_wire_clock(exchange);
    if (!sandbox_network_admits(exchange) || (!route->open && !sandbox_auth_check(exchange)))
        return;
    sandbox_wire_before(exchange);
    if (exchange->status || (in_unity(exchange->path) && !sandbox_unity_open(exchange)))
        return;
    route->handle(exchange);
    sandbox_wire_after(exchange);
}
