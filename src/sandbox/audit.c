#include "sandbox/network.h"
#include "sandbox/system.h"

#include "sandbox/journal.h"

#include "base/hash.h"
#include "base/text.h"

#include <string.h>

#define BODY_LOOKED_AT ((size_t)256 << 10)
#define TEXT_MAX_KEPT 4000

#define UNITY "unityCatalog"
#define SQL "databrickssql"
#define ACCOUNTS "accounts"

/* What each endpoint is called in the log. Where the service's own word is not known, the nearest
 * one of its SDK. */
static const struct {
    const char *endpoint, *service, *action;
    const char *first, *second; /* names of the path's parameters */
} names[] = {
    {"token", ACCOUNTS, "mintOAuthToken", NULL, NULL},
    {"account_token", ACCOUNTS, "mintOAuthToken", "account_id", NULL},
    {"account_discovery", ACCOUNTS, "getOAuthConfiguration", "account_id", NULL},
    {"introspect", ACCOUNTS, "introspectToken", NULL, NULL},
    {"discovery", ACCOUNTS, "getOAuthConfiguration", NULL, NULL},
    {"login", ACCOUNTS, "loginPage", NULL, NULL},
    {"me", ACCOUNTS, "getCurrentUser", NULL, NULL},
    {"service_principals", ACCOUNTS, "listServicePrincipals", NULL, NULL},
    {"service_principal", ACCOUNTS, "getServicePrincipal", "target_user_id", NULL},
    {"service_principal_create", ACCOUNTS, "add", NULL, NULL},
    {"service_principal_replace", ACCOUNTS, "updateUser", "target_user_id", NULL},
    {"service_principal_change", ACCOUNTS, "updateUser", "target_user_id", NULL},
    {"service_principal_delete", ACCOUNTS, "delete", "target_user_id", NULL},
    {"users", ACCOUNTS, "listUsers", NULL, NULL},
    {"user", ACCOUNTS, "getUser", "target_user_id", NULL},
    {"user_create", ACCOUNTS, "add", NULL, NULL},
    {"user_replace", ACCOUNTS, "updateUser", "target_user_id", NULL},
    {"user_change", ACCOUNTS, "updateUser", "target_user_id", NULL},
    {"user_delete", ACCOUNTS, "delete", "target_user_id", NULL},
    {"groups", ACCOUNTS, "listGroups", NULL, NULL},
    {"group", ACCOUNTS, "getGroup", "target_group_id", NULL},
    {"group_create", ACCOUNTS, "createGroup", NULL, NULL},
    {"group_replace", ACCOUNTS, "updateGroup", "target_group_id", NULL},
    {"group_change", ACCOUNTS, "updateGroup", "target_group_id", NULL},
    {"group_delete", ACCOUNTS, "removeGroup", "target_group_id", NULL},
    {"secrets", "servicePrincipalCredentials", "list", "service_principal", NULL},
    {"secret_create", "servicePrincipalCredentials", "create", "service_principal", NULL},
    {"secret_delete", "servicePrincipalCredentials", "delete", "service_principal", "secret_id"},
    {"metastore", UNITY, "getMetastoreSummary", NULL, NULL},
    {"system_schemas", UNITY, "listSystemSchemas", "metastore_id", NULL},
    {"system_schema_enable", UNITY, "enableSystemSchema", "metastore_id", "schema_name"},
    {"system_schema_disable", UNITY, "disableSystemSchema", "metastore_id", "schema_name"},
    {"catalogs", UNITY, "listCatalogs", NULL, NULL},
    {"catalog", UNITY, "getCatalog", "name_arg", NULL},
    {"catalog_change", UNITY, "updateCatalog", "name_arg", NULL},
    {"bindings", UNITY, "getWorkspaceBindings", "securable_type", "securable_full_name"},
    {"bindings_change", UNITY, "updateWorkspaceBindings", "securable_type", "securable_full_name"},
    {"bound_workspaces", UNITY, "getWorkspaceBindings", "securable_full_name", NULL},
    {"bound_workspaces_change", UNITY, "updateWorkspaceBindings", "securable_full_name", NULL},
    {"metastores", UNITY, "listMetastores", NULL, NULL},
    {"metastore_get", UNITY, "getMetastore", "metastore_id", NULL},
    {"metastore_change", UNITY, "updateMetastore", "metastore_id", NULL},
    {"metastore_assign", UNITY, "updateMetastoreAssignment", "workspace_id", NULL},
    {"metastore_unassign", UNITY, "deleteMetastoreAssignment", "workspace_id", NULL},
    {"storage_credentials", UNITY, "listStorageCredentials", NULL, NULL},
    {"storage_credential", UNITY, "getStorageCredential", "name_arg", NULL},
    {"external_locations", UNITY, "listExternalLocations", NULL, NULL},
    {"external_location", UNITY, "getExternalLocation", "name_arg", NULL},
    {"table_credentials", UNITY, "generateTemporaryTableCredential", NULL, NULL},
    {"feature_flags", "webApi", "getFeatureFlags", NULL, NULL},
    {"schemas", UNITY, "listSchemas", NULL, NULL},
    {"schema", UNITY, "getSchema", "full_name_arg", NULL},
    {"tables", UNITY, "listTables", NULL, NULL},
    {"table", UNITY, "getTable", "full_name_arg", NULL},
    {"table_exists", UNITY, "tableExists", "full_name_arg", NULL},
    {"summaries", UNITY, "listTableSummaries", NULL, NULL},
    {"permissions", UNITY, "getPermissions", "securable_type", "securable_full_name"},
    {"permissions_change", UNITY, "updatePermissions", "securable_type", "securable_full_name"},
    {"effective", UNITY, "getEffectivePermissions", "securable_type", "securable_full_name"},
    {"warehouses", SQL, "listEndpoints", NULL, NULL},
    {"warehouse", SQL, "getEndpoint", "endpointId", NULL},
    {"warehouse_start", SQL, "startEndpoint", "endpointId", NULL},
    {"warehouse_stop", SQL, "stopEndpoint", "endpointId", NULL},
    {"warehouse_permissions", SQL, "getPermission", "endpointId", NULL},
    {"warehouse_permissions_change", SQL, "changeEndpointAcls", "endpointId", NULL},
    {"warehouse_permissions_replace", SQL, "changeEndpointAcls", "endpointId", NULL},
    {"warehouse_permission_levels", SQL, "getPermissionLevels", "endpointId", NULL},
    {"warehouse_create", SQL, "createEndpoint", NULL, NULL},
    {"warehouse_edit", SQL, "editEndpoint", "endpointId", NULL},
    {"warehouse_delete", SQL, "deleteEndpoint", "endpointId", NULL},
    {"ip_lists", ACCOUNTS, "listIpAccessLists", NULL, NULL},
    {"ip_list", ACCOUNTS, "getIpAccessList", "ipAccessListId", NULL},
    {"ip_list_create", ACCOUNTS, "createIpAccessList", NULL, NULL},
    {"ip_list_replace", ACCOUNTS, "updateIpAccessList", "ipAccessListId", NULL},
    {"ip_list_change", ACCOUNTS, "updateIpAccessList", "ipAccessListId", NULL},
    {"ip_list_delete", ACCOUNTS, "deleteIpAccessList", "ipAccessListId", NULL},
    {"conf", "workspace", "getWorkspaceConf", NULL, NULL},
    {"conf_change", "workspace", "workspaceConfEdit", NULL, NULL},
    {"assignments", ACCOUNTS, "listWorkspaceAssignments", "workspace_id", NULL},
    {"assignment_levels", ACCOUNTS, "listWorkspacePermissions", "workspace_id", NULL},
    {"assignment_change", ACCOUNTS, "addPrincipalToWorkspace", "workspace_id", "principal_id"},
    {"assignment_delete", ACCOUNTS, "removePrincipalFromWorkspace", "workspace_id", "principal_id"},
    {"sessions", SQL, "createSession", NULL, NULL},
    {"session_close", SQL, "deleteSession", "sessionId", NULL},
    {"statements", SQL, "executeFastQuery", NULL, NULL},
    {"poll", SQL, "getStatement", "statementId", NULL},
    {"chunk", SQL, "downloadQueryResult", "statementId", "chunkIndex"},
    {"link", SQL, "downloadQueryResult", NULL, NULL},
    {"query_history", SQL, "listHistoryQueries", NULL, NULL},
    {"cancel", SQL, "cancelQueryExecution", "statementId", NULL},
    {"close", SQL, "closeStatement", "statementId", NULL},
};

/* request_params is a map: of what comes twice (by the path, and with every event of the catalog)
 * the first stays. */
static void param_add(cJSON *list, const char *key, const char *value)
{
    cJSON *item;
    char *cut;

    if (!key || !value || !*value)
        return;
    cJSON_ArrayForEach(item, list)
    {
        if (strcmp(base_json_str_or(item, "key", ""), key) == 0)
            return;
    }
    cut = base_strndup(value, strnlen(value, TEXT_MAX_KEPT));
    item = base_json_object();
    base_json_add_str(item, "key", key);
    base_json_add_str(item, "value", cut);
    base_json_push_take(list, item);
    free(cut);
}

static void params_of_query(struct sandbox_exchange *exchange, cJSON *list)
{
    static const char *const kept[] = {"catalog_name", "schema_name", "filter"};

    if (exchange->object_store) /* the query of a link is a credential */
        return;
    for (size_t i = 0; i < base_countof(kept); i++)
        param_add(list, kept[i], sandbox_exchange_query(exchange, kept[i]));
}

/* The changes of a permissions call, as they were sent. */
static void params_of_changes(struct sandbox_exchange *exchange, cJSON *list)
{
    cJSON *body;
    char *text;

    if (!exchange->endpoint || strcmp(exchange->endpoint, "permissions_change") != 0 ||
        !exchange->body.len || exchange->body.len > BODY_LOOKED_AT)
        return;
    body = base_json_parse(exchange->body.data, exchange->body.len, BODY_LOOKED_AT, NULL);
    if (base_json_array(body, "changes")) {
        text = base_json_print(base_json_array(body, "changes"));
        param_add(list, "changes", text);
        free(text);
    }
    cJSON_Delete(body);
}

/* Returns the SQL of a submitted statement, whole; else NULL. Caller frees. */
static char *params_of_body(struct sandbox_exchange *exchange, cJSON *list)
{
    char *statement;
    cJSON *body;

    if (!exchange->endpoint || strcmp(exchange->endpoint, "statements") != 0 ||
        !exchange->body.len || exchange->body.len > BODY_LOOKED_AT)
        return NULL;
    body = base_json_parse(exchange->body.data, exchange->body.len, BODY_LOOKED_AT, NULL);
    param_add(list, "commandText", base_json_str(body, "statement"));
    param_add(list, "warehouseId", base_json_str(body, "warehouse_id"));
    statement = base_strdup(base_json_str(body, "statement"));
    cJSON_Delete(body);
    return statement;
}

/* What every event of the catalog names. */
static void params_of_unity(struct sandbox_server *server, const char *service, cJSON *list)
{
    if (strcmp(service, UNITY) != 0)
        return;
    param_add(list, "workspace_id", sandbox_workspace_identity(server->workspace)->workspace_id);
    param_add(list, "metastore_id", sandbox_workspace_metastore(server->workspace)->id);
}

/* A caller whose address an access list keeps out: the event is that, whatever was asked for. */
static bool address_denied(struct sandbox_exchange *exchange, struct sandbox_audit *audit,
                           cJSON *list)
{
    if (!exchange->address_refused)
        return false;
    audit->service = ACCOUNTS;
    audit->action = "IpAccessDenied";
    param_add(list, "path", exchange->path);
    return true;
}

/* A statement that failed is answered with 200; its own verdict is in the body. */
static void statement_verdict(struct sandbox_exchange *exchange, const cJSON *body)
{
    const cJSON *status = base_json_get(body, "status");
    const cJSON *error = base_json_get(status, "error");
    const char *message = base_json_str(error, "message");

    if (!message || strcmp(base_json_str_or(status, "state", ""), "FAILED") != 0)
        return;
    exchange->told_status = strstr(message, "INSUFFICIENT_PERMISSIONS") ? 403 : 400;
    exchange->told = base_strdup(message);
}

void sandbox_audit_answer(struct sandbox_exchange *exchange)
{
    cJSON *body;
    const char *message;

    if (!exchange->out.len || exchange->out.len > BODY_LOOKED_AT || exchange->object_store ||
        (exchange->status < 400 && !strstr(exchange->out.data, "\"FAILED\"")))
        return;
    body = base_json_parse(exchange->out.data, exchange->out.len, BODY_LOOKED_AT, NULL);
    message = base_json_str(body, "message");
    if (!message)
        message = base_json_str(body, "error_description");
    if (exchange->status >= 400)
        exchange->told = base_strdup(message);
    else
        statement_verdict(exchange, body);
    cJSON_Delete(body);
}

static size_t name_index(const char *endpoint)
{
    size_t i = 0;

    while (i < base_countof(names) && strcmp(names[i].endpoint, endpoint) != 0)
        i++;
    return i;
}

/* What is done at the account has the name it has in a workspace, and the account's id first. */
static void named(struct sandbox_audit *audit, struct sandbox_exchange *exchange, cJSON *list)
{
    const char *endpoint = exchange->endpoint ? exchange->endpoint : "";
    size_t i = name_index(endpoint), at = 0;

    if (i == base_countof(names) && strncmp(endpoint, "account_", 8) == 0) {
        i = name_index(endpoint + 8);
        at = 1;
    }
    if (i == base_countof(names))
        return;
    audit->service = names[i].service;
    audit->action = names[i].action;
    if (at && exchange->argument_count)
        param_add(list, "account_id", exchange->arguments[0]);
    if (exchange->argument_count > at && !exchange->object_store)
        param_add(list, names[i].first, exchange->arguments[at]);
    if (exchange->argument_count > at + 1)
        param_add(list, names[i].second, exchange->arguments[at + 1]);
}

void sandbox_audit_fill(struct sandbox_audit *audit, struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    cJSON *list = cJSON_CreateArray();
    char id[37];

    *audit = (struct sandbox_audit){.time_us = base_seam_now_us(server->seam),
                                    .service = "webApi",
                                    .action = "unknownEndpoint",
                                    .status = exchange->drop          ? 500
                                              : exchange->told_status ? exchange->told_status
                                                                      : exchange->status,
                                    .message = base_strdup(exchange->told)};
    if (!address_denied(exchange, audit, list))
        named(audit, exchange, list);
    audit->account_level = exchange->endpoint && strncmp(exchange->endpoint, "account_", 8) == 0;
    params_of_query(exchange, list);
    params_of_unity(server, audit->service, list);
    params_of_changes(exchange, list);
    audit->statement = params_of_body(exchange, list);
    audit->params = base_json_print(list);
    cJSON_Delete(list);
    audit->who = base_strdup(exchange->principal ? exchange->principal : exchange->claimed);
    audit->source = sandbox_network_source(exchange);
    audit->agent = base_strdup(sandbox_exchange_request_header(exchange, "User-Agent"));
    audit->request_id = base_strdup(exchange->request_id);
    base_seam_uuid(server->seam, id);
    audit->event_id = base_strdup(id);
}

void sandbox_audit_grant(struct sandbox_server *server, const char *principal, const char *agent,
                         const char *securable_type, const char *full_name, const char *changes)
{
    cJSON *list = cJSON_CreateArray();
    struct sandbox_audit audit = {.time_us = base_seam_now_us(server->seam),
                                  .service = UNITY,
                                  .action = "updatePermissions",
                                  .status = 200,
                                  .who = base_strdup(principal),
                                  .agent = base_strdup(agent)};
    char id[37];

    param_add(list, "securable_type", securable_type);
    param_add(list, "securable_full_name", full_name);
    param_add(list, "changes", changes);
    params_of_unity(server, UNITY, list);
    audit.params = base_json_print(list);
    cJSON_Delete(list);
    base_seam_uuid(server->seam, id);
    audit.request_id = base_strdup(id);
    base_seam_uuid(server->seam, id);
    audit.event_id = base_strdup(id);
    sandbox_journal_event(server->journal, &audit);
}

void sandbox_audit_free(struct sandbox_audit *audit)
{
    free(audit->statement);
    free(audit->who);
    free(audit->source);
    free(audit->agent);
    free(audit->request_id);
    free(audit->event_id);
    free(audit->params);
    free(audit->message);
}
