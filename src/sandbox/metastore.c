/* The metastore, and whether the workspace has it (databricks-api.md 3.2). */
#include "sandbox/unity.h"

#include <string.h>

bool sandbox_unity_open(struct sandbox_exchange *exchange)
{
    const struct sandbox_switches *switches =
        sandbox_workspace_switches(exchange->server->workspace);

    sandbox_workspace_lock(exchange->server->workspace);
    if (switches->standard_tier)
        sandbox_reply_error(
            exchange,
            (int)sandbox_server_setting(exchange->server, SANDBOX_FEATURE_DISABLED_STATUS),
            "FEATURE_DISABLED", "Unity Catalog is not available for feature tier STANDARD_TIER.");
    else if (switches->metastore_detached && strcmp(exchange->endpoint, "metastore_assign") != 0)
        sandbox_reply_error(exchange, 404, "METASTORE_DOES_NOT_EXIST",
                            "No metastore assigned for the current workspace.");
    sandbox_workspace_unlock(exchange->server->workspace);
    return !exchange->status;
}

static cJSON *metastore_json(struct sandbox_workspace *workspace)
{
    const struct sandbox_identity *identity = sandbox_workspace_identity(workspace);
    const struct sandbox_securable *metastore = sandbox_workspace_metastore(workspace);
    cJSON *json = base_json_object();
    char *global = base_printf("aws:%s:%s", identity->region, metastore->id);

    base_json_add_str(json, "metastore_id", metastore->id);
    base_json_add_str(json, "name", metastore->name);
    base_json_add_str(json, "cloud", "aws");
    base_json_add_str(json, "region", identity->region);
    base_json_add_str(json, "global_metastore_id", global);
    base_json_add_str(json, "owner", metastore->owner);
    base_json_add_str(json, "privilege_model_version", "1.0");
    base_json_add_bool(json, "external_access_enabled",
                       sandbox_workspace_switches(workspace)->external_access);
    base_json_add_str(json, "delta_sharing_scope", "INTERNAL");
    base_json_add_i64(json, "created_at", metastore->created_ms);
    base_json_add_str(json, "created_by", metastore->owner);
    base_json_add_i64(json, "updated_at", metastore->updated_ms);
    base_json_add_str(json, "updated_by", metastore->owner);
    free(global);
    return json;
}

void sandbox_endpoint_metastore_summary(struct sandbox_exchange *exchange)
{
    sandbox_workspace_lock(exchange->server->workspace);
    sandbox_reply_json(exchange, 200, metastore_json(exchange->server->workspace));
    sandbox_workspace_unlock(exchange->server->workspace);
}

void sandbox_endpoint_metastore_assignment(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_identity *identity = sandbox_workspace_identity(workspace);
    cJSON *json = base_json_object();

    base_json_add_str(json, "metastore_id", sandbox_workspace_metastore(workspace)->id);
    base_json_add_i64(json, "workspace_id", strtoll(identity->workspace_id, NULL, 10));
    base_json_add_str(json, "default_catalog_name", identity->default_catalog);
    sandbox_reply_json(exchange, 200, json);
}

/* False after answering. Called locked. */
static bool admin(struct sandbox_exchange *exchange)
{
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(exchange->server->workspace, exchange->principal);

    if (who && (who->metastore_admin || who->account_admin))
        return true;
    sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                        "User is not an account admin or metastore admin.");
    return false;
}

static bool id_good(struct sandbox_exchange *exchange, const char *id)
{
    if (id && strcmp(id, sandbox_workspace_metastore(exchange->server->workspace)->id) == 0)
        return true;
    sandbox_reply_error(exchange, 404, "METASTORE_DOES_NOT_EXIST", "Metastore '%s' does not exist.",
                        id ? id : "");
    return false;
}

void sandbox_endpoint_metastores(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *json;

    sandbox_workspace_lock(workspace);
    if (admin(exchange)) {
        json = base_json_object();
        base_json_push_take(base_json_add_array(json, "metastores"), metastore_json(workspace));
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_metastore(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    sandbox_workspace_lock(workspace);
    if (id_good(exchange, exchange->arguments[0]) && admin(exchange))
        sandbox_reply_json(exchange, 200, metastore_json(workspace));
    sandbox_workspace_unlock(workspace);
}

/* What can be changed is whether credentials for tables may be given out. */
void sandbox_endpoint_metastore_change(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_switches *switches = sandbox_workspace_switches(workspace);

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    if (id_good(exchange, exchange->arguments[0]) && admin(exchange)) {
        switches->external_access =
            base_json_bool_or(body, "external_access_enabled", switches->external_access);
        sandbox_reply_json(exchange, 200, metastore_json(workspace));
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

static bool workspace_good(struct sandbox_exchange *exchange)
{
    const struct sandbox_identity *identity =
        sandbox_workspace_identity(exchange->server->workspace);

    if (strcmp(exchange->arguments[0], identity->workspace_id) == 0)
        return true;
    sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Workspace %s does not exist.",
                        exchange->arguments[0]);
    return false;
}

void sandbox_endpoint_metastore_assign(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_identity *identity = sandbox_workspace_identity(workspace);
    cJSON *body = sandbox_exchange_json(exchange);
    const char *catalog = base_json_str(body, "default_catalog_name");

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    if (workspace_good(exchange) && id_good(exchange, base_json_str(body, "metastore_id")) &&
        admin(exchange)) {
        sandbox_workspace_switches(workspace)->metastore_detached = false;
        if (catalog) {
            free(identity->default_catalog);
            identity->default_catalog = base_strdup(catalog);
        }
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

void sandbox_endpoint_metastore_unassign(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    sandbox_workspace_lock(workspace);
    if (workspace_good(exchange) &&
        id_good(exchange, sandbox_exchange_query(exchange, "metastore_id")) && admin(exchange)) {
        sandbox_workspace_switches(workspace)->metastore_detached = true;
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
}

/* This workspace has no storage of its own to name: the lists are empty. */
void sandbox_endpoint_storage_list(struct sandbox_exchange *exchange)
{
    struct sandbox_page page;

    if (sandbox_page_read(exchange, NULL, false, &page))
        sandbox_reply_json(exchange, 200, base_json_object());
}

void sandbox_endpoint_storage_credential(struct sandbox_exchange *exchange)
{
    sandbox_reply_error(exchange, 404, "STORAGE_CREDENTIAL_DOES_NOT_EXIST",
                        "Storage Credential '%s' does not exist.", exchange->arguments[0]);
}

void sandbox_endpoint_external_location(struct sandbox_exchange *exchange)
{
    sandbox_reply_error(exchange, 404, "EXTERNAL_LOCATION_DOES_NOT_EXIST",
                        "External Location '%s' does not exist.", exchange->arguments[0]);
}
