/* Who of the account belongs to the workspace (databricks-api.md 6.2); for account admins. */
#include "sandbox/identity.h"

#include <string.h>

/* False after answering. Called locked. */
static bool permitted(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_identity *identity = sandbox_workspace_identity(workspace);
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(workspace, exchange->principal);

    if (strcmp(exchange->arguments[0], identity->account_id) != 0)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Account %s does not exist.",
                            exchange->arguments[0]);
    else if (strcmp(exchange->arguments[1], identity->workspace_id) != 0)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "Workspace %s does not exist.", exchange->arguments[1]);
    else if (!who || !who->account_admin)
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "This API is available to account admins only.");
    return !exchange->status;
}

static cJSON *assignment_json(struct sandbox_workspace *workspace,
                              const struct sandbox_principal *principal)
{
    static const char *const keys[] = {"user_name", "service_principal_name", "group_name"};
    cJSON *json = base_json_object();
    cJSON *who = base_json_add_object(json, "principal");

    base_json_add_i64(who, "principal_id", strtoll(principal->scim_id, NULL, 10));
    base_json_add_str(who, keys[principal->kind], principal->name);
    base_json_add_str(who, "display_name", principal->display_name);
    base_json_push_take(base_json_add_array(json, "permissions"),
                        cJSON_CreateString(sandbox_workspace_is_admin(workspace, principal->name)
                                               ? "ADMIN"
                                               : "USER"));
    return json;
}

void sandbox_endpoint_assignments(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *principal;
    cJSON *json, *array;

    sandbox_workspace_lock(workspace);
    if (permitted(exchange)) {
        json = base_json_object();
        array = base_json_add_array(json, "permission_assignments");
        for (size_t i = 0; (principal = sandbox_workspace_principal_at(workspace, i)); i++) {
            if (principal->assigned && !sandbox_identity_system_group(principal))
                base_json_push_take(array, assignment_json(workspace, principal));
        }
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_assignment_levels(struct sandbox_exchange *exchange)
{
    static const char *const levels[][2] = {
        {"USER", "Can access the workspace with basic privileges"},
        {"ADMIN", "Can administer the workspace"}};
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *json, *array, *item;

    sandbox_workspace_lock(workspace);
    if (permitted(exchange)) {
        json = base_json_object();
        array = base_json_add_array(json, "permissions");
        for (size_t i = 0; i < base_countof(levels); i++) {
            item = base_json_object();
            base_json_add_str(item, "permission_level", levels[i][0]);
            base_json_add_str(item, "description", levels[i][1]);
            base_json_push_take(array, item);
        }
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}

/* The principal of the path; NULL after answering. Called locked. */
static struct sandbox_principal *target(struct sandbox_exchange *exchange)
{
    struct sandbox_principal *principal =
        permitted(exchange)
            ? sandbox_workspace_principal_by_id(exchange->server->workspace, exchange->arguments[2])
            : NULL;

    if (!principal && !exchange->status)
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "Principal %s does not exist.", exchange->arguments[2]);
    return principal;
}

/* 0 none (which takes it out), 1 USER, 2 ADMIN; -1 after answering. */
static int level_read(struct sandbox_exchange *exchange, const cJSON *body)
{
    const cJSON *array = base_json_array(body, "permissions"), *item;
    int level = 0;

    cJSON_ArrayForEach(item, array)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        int one = strcmp(text, "ADMIN") == 0 ? 2 : strcmp(text, "USER") == 0 ? 1 : -1;

        if (one < 0)
            array = NULL;
        level = one > level ? one : level;
        if (!array)
            break;
    }
    if (array)
        return level;
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "permissions must be a list of USER and ADMIN.");
    return -1;
}

void sandbox_endpoint_assignment_put(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_principal *principal;
    int level;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    principal = target(exchange);
    level = principal ? level_read(exchange, body) : -1;
    if (level >= 0) {
        sandbox_identity_unassign(workspace, principal);
        if (level > 0)
            sandbox_identity_assigned_set(principal, true);
        principal->workspace_admin = level == 2;
        sandbox_reply_json(exchange, 200,
                           level ? assignment_json(workspace, principal) : base_json_object());
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

void sandbox_endpoint_assignment_delete(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_principal *principal;

    sandbox_workspace_lock(workspace);
    principal = target(exchange);
    if (principal) {
        sandbox_identity_unassign(workspace, principal);
        sandbox_reply_json(exchange, 200, base_json_object());
    }
    sandbox_workspace_unlock(workspace);
}
