/* Permissions on warehouses (databricks-api.md 5): one level a principal, admins always CAN_MANAGE.
 */
#include "sandbox/warehouse.h"

#include <string.h>

static const struct {
    const char *name, *description;
} levels[] = {
    {"CAN_USE", "Can use the SQL warehouse"},
    {"CAN_VIEW", "Can view the SQL warehouse"},
    {"CAN_MONITOR", "Can use the SQL warehouse and see its queries"},
    {"CAN_MANAGE", "Can manage the SQL warehouse"},
    {"IS_OWNER", "Is owner of the SQL warehouse"},
};

static const char *const name_keys[] = {"user_name", "service_principal_name", "group_name"};

static void access_item(struct sandbox_workspace *workspace, const char *principal,
                        const char *level, bool inherited, cJSON *array)
{
    const struct sandbox_principal *who = sandbox_workspace_find_principal(workspace, principal);
    cJSON *item = base_json_object();
    cJSON *permission = base_json_object();

    base_json_add_str(item, name_keys[who ? who->kind : SANDBOX_GROUP], principal);
    if (who)
        base_json_add_str(item, "display_name", who->display_name);
    base_json_add_str(permission, "permission_level", level);
    base_json_add_bool(permission, "inherited", inherited);
    if (inherited)
        base_json_push_take(base_json_add_array(permission, "inherited_from_object"),
                            cJSON_CreateString("/sql/warehouses/"));
    base_json_push_take(base_json_add_array(item, "all_permissions"), permission);
    base_json_push_take(array, item);
}

static void reply_access(struct sandbox_exchange *exchange,
                         const struct sandbox_warehouse *warehouse)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *json = base_json_object(), *array;
    char *object = base_printf("/sql/warehouses/%s", warehouse->id);

    base_json_add_str(json, "object_id", object);
    base_json_add_str(json, "object_type", "warehouses");
    array = base_json_add_array(json, "access_control_list");
    access_item(workspace, "admins", "CAN_MANAGE", true, array);
    for (size_t i = 0; i < warehouse->access.count; i++)
        access_item(workspace, warehouse->access.items[i].principal,
                    warehouse->access.items[i].level, false, array);
    free(object);
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_warehouse_permissions(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_usable(exchange, exchange->arguments[0]);
    if (warehouse)
        reply_access(exchange, warehouse);
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_warehouse_levels(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *json, *array, *item;

    sandbox_workspace_lock(workspace);
    if (sandbox_warehouse_usable(exchange, exchange->arguments[0])) {
        json = base_json_object();
        array = base_json_add_array(json, "permission_levels");
        for (size_t i = 0; i < base_countof(levels); i++) {
            item = base_json_object();
            base_json_add_str(item, "permission_level", levels[i].name);
            base_json_add_str(item, "description", levels[i].description);
            base_json_push_take(array, item);
        }
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}

/* Who an item of access_control_list is about; NULL after answering. */
static const struct sandbox_principal *item_principal(struct sandbox_exchange *exchange,
                                                      const cJSON *item)
{
    static const char *const titles[] = {"UserName", "ServicePrincipalName", "GroupName"};
    const struct sandbox_principal *found;

    for (size_t kind = 0; kind < base_countof(name_keys); kind++) {
        const char *name = base_json_str(item, name_keys[kind]);

        if (!name)
            continue;
        found = sandbox_workspace_find_principal(exchange->server->workspace, name);
        if (found && (size_t)found->kind == kind)
            return found;
        sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST",
                            "Principal: %s(%s) does not exist", titles[kind], name);
        return NULL;
    }
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "One of user_name, group_name and service_principal_name is required.");
    return NULL;
}

static bool item_good(struct sandbox_exchange *exchange, const cJSON *item)
{
    const struct sandbox_principal *who = item_principal(exchange, item);
    const char *level = base_json_str_or(item, "permission_level", "");
    bool known = false;

    if (!who)
        return false;
    for (size_t i = 0; i < base_countof(levels); i++)
        known |= strcmp(levels[i].name, level) == 0;
    if (!known)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "%s is not a permission level of SQL warehouses.", level);
    else if (strcmp(level, "IS_OWNER") == 0 && who->kind == SANDBOX_GROUP)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "A group cannot own a SQL warehouse.");
    return !exchange->status;
}

static const char *owner_of(const struct sandbox_warehouse *warehouse)
{
    for (size_t i = 0; i < warehouse->access.count; i++) {
        if (strcmp(warehouse->access.items[i].level, "IS_OWNER") == 0)
            return warehouse->access.items[i].principal;
    }
    return NULL;
}

/* There is one owner: a new one takes the place of the old. */
static void item_apply(struct sandbox_exchange *exchange, struct sandbox_warehouse *warehouse,
                       const cJSON *item)
{
    const struct sandbox_principal *who = item_principal(exchange, item);
    const char *level = base_json_str_or(item, "permission_level", "");
    char *owner = strcmp(level, "IS_OWNER") == 0 ? base_strdup(owner_of(warehouse)) : NULL;

    if (owner)
        free(sandbox_warehouse_access_set(warehouse, owner, NULL));
    free(owner);
    free(sandbox_warehouse_access_set(warehouse, who->name, level));
}

/* PUT puts the list in the place of what there was; the owner stays unless another is named. */
static void access_replace(struct sandbox_warehouse *warehouse)
{
    for (size_t i = warehouse->access.count; i-- > 0;) {
        char *name;

        if (strcmp(warehouse->access.items[i].level, "IS_OWNER") == 0)
            continue;
        name = base_strdup(warehouse->access.items[i].principal);
        free(sandbox_warehouse_access_set(warehouse, name, NULL));
        free(name);
    }
}

static void change(struct sandbox_exchange *exchange, bool replace)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    const cJSON *list = base_json_array(body, "access_control_list"), *item;
    struct sandbox_warehouse *warehouse;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_known(exchange, exchange->arguments[0]);
    if (warehouse && !sandbox_warehouse_manages(workspace, warehouse, exchange->principal))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "%s does not have Manage permissions on SQL warehouse %s",
                            exchange->principal, warehouse->id);
    cJSON_ArrayForEach(item, list)
    {
        if (exchange->status || !item_good(exchange, item))
            break;
    }
    if (!exchange->status) {
        if (replace)
            access_replace(warehouse);
        cJSON_ArrayForEach(item, list) item_apply(exchange, warehouse, item);
        reply_access(exchange, warehouse);
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

void sandbox_endpoint_warehouse_access_patch(struct sandbox_exchange *exchange)
{
    change(exchange, false);
}

void sandbox_endpoint_warehouse_access_put(struct sandbox_exchange *exchange)
{
    change(exchange, true);
}
