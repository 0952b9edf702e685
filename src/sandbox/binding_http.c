/* Isolation of catalogs and the workspaces they are bound to (databricks-api.md 3.10). */
#include "sandbox/binding.h"
#include "sandbox/unity.h"

#include "base/text.h"

#include <string.h>

/* The catalog of the path, bound here or not, when the caller may manage it; NULL after answering.
 * Called locked. */
static struct sandbox_securable *managed(struct sandbox_exchange *exchange, const char *name)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_securable *catalog = sandbox_workspace_find_listed(workspace, 'C', name);

    if (!catalog) {
        sandbox_reply_error(exchange, 404, "CATALOG_DOES_NOT_EXIST", "Catalog '%s' does not exist.",
                            name);
        return NULL;
    }
    if (sandbox_workspace_has(workspace, catalog, exchange->principal, "MANAGE"))
        return catalog;
    sandbox_reply_unity(exchange, 403, "PERMISSION_DENIED", "PERMISSION_DENIED", "CATALOG",
                        catalog->full_name, "User is not an owner of Catalog '%s'.",
                        catalog->full_name);
    return NULL;
}

static void text_set(char **slot, const char *text)
{
    if (!text)
        return;
    free(*slot);
    *slot = base_strdup(text);
}

/* isolation_mode, owner and comment. */
void sandbox_endpoint_catalog_change(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    const char *mode = base_json_str(body, "isolation_mode");
    const char *owner = base_json_str(body, "owner");
    struct sandbox_securable *catalog;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    catalog = managed(exchange, exchange->arguments[0]);
    if (catalog && mode && strcmp(mode, "OPEN") != 0 && strcmp(mode, "ISOLATED") != 0)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "isolation_mode must be OPEN or ISOLATED.");
    else if (catalog && owner && !sandbox_workspace_find_principal(workspace, owner))
        sandbox_reply_error(exchange, 404, "PRINCIPAL_DOES_NOT_EXIST",
                            "Could not find principal with name %s", owner);
    if (catalog && !exchange->status) {
        if (mode)
            sandbox_binding_isolate(workspace, catalog, mode[0] == 'I');
        text_set(&catalog->owner, owner);
        text_set(&catalog->comment, base_json_str(body, "comment"));
        catalog->updated_ms = base_seam_now_us(exchange->server->seam) / 1000;
        sandbox_reply_json(exchange, 200, sandbox_unity_catalog_json(workspace, catalog, false));
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

static void reply_bindings(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *catalog, const struct sandbox_page *page)
{
    size_t count = catalog->isolated ? catalog->bindings.count : 0, at = page->start;
    cJSON *json = base_json_object(), *array = cJSON_CreateArray();

    for (; at < count && at - page->start < page->size && !page->empty; at++) {
        const struct sandbox_binding *binding = &catalog->bindings.items[at];
        cJSON *item = base_json_object();

        base_json_add_i64(item, "workspace_id", binding->workspace_id);
        base_json_add_str(item, "binding_type",
                          binding->read_only ? "BINDING_TYPE_READ_ONLY"
                                             : "BINDING_TYPE_READ_WRITE");
        base_json_push_take(array, item);
    }
    if (cJSON_GetArraySize(array))
        base_json_add_take(json, "bindings", array);
    else
        cJSON_Delete(array);
    sandbox_page_token(exchange, page, at, count, json);
    sandbox_reply_json(exchange, 200, json);
}

/* Only catalogs are bound here. NULL after answering. */
static struct sandbox_securable *bindable(struct sandbox_exchange *exchange)
{
    if (base_text_equal_nocase(exchange->arguments[0], "catalog"))
        return managed(exchange, exchange->arguments[1]);
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "SECURABLETYPE %s is not a securable type that can be bound.",
                        exchange->arguments[0]);
    return NULL;
}

void sandbox_endpoint_bindings(struct sandbox_exchange *exchange)
{
    const struct sandbox_securable *catalog;
    struct sandbox_page page;

    if (!sandbox_page_read(exchange, NULL, false, &page))
        return;
    sandbox_workspace_lock(exchange->server->workspace);
    catalog = bindable(exchange);
    if (catalog)
        reply_bindings(exchange, catalog, &page);
    sandbox_workspace_unlock(exchange->server->workspace);
}

static bool changes_good(struct sandbox_exchange *exchange, const cJSON *list)
{
    const cJSON *item;
    int64_t id;

    cJSON_ArrayForEach(item, list)
    {
        const char *type = base_json_str_or(item, "binding_type", "BINDING_TYPE_READ_WRITE");

        if (base_json_i64(item, "workspace_id", &id) && id > 0 &&
            (strcmp(type, "BINDING_TYPE_READ_WRITE") == 0 ||
             strcmp(type, "BINDING_TYPE_READ_ONLY") == 0))
            continue;
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "A binding needs a workspace_id and a known binding_type.");
        return false;
    }
    return true;
}

void sandbox_endpoint_bindings_change(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_page whole = {.size = SIZE_MAX};
    cJSON *body = sandbox_exchange_json(exchange);
    const cJSON *add = base_json_array(body, "add"), *remove = base_json_array(body, "remove");
    struct sandbox_securable *catalog;
    const cJSON *item;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    catalog = bindable(exchange);
    if (catalog && changes_good(exchange, add) && changes_good(exchange, remove)) {
        cJSON_ArrayForEach(item, remove)
            sandbox_binding_remove(catalog, base_json_i64_or(item, "workspace_id", 0));
        cJSON_ArrayForEach(item, add) sandbox_binding_add(
            catalog, base_json_i64_or(item, "workspace_id", 0),
            strcmp(base_json_str_or(item, "binding_type", ""), "BINDING_TYPE_READ_ONLY") == 0);
        reply_bindings(exchange, catalog, &whole);
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}

/* The older form, which knows catalogs only, and no kinds of binding. */

/* An id in a list: one that a double would change is kept as its digits. 0: it is none. */
static int64_t id_of(const cJSON *item)
{
    char *end = NULL;
    int64_t id = cJSON_IsNumber(item)   ? (int64_t)item->valuedouble
                 : cJSON_IsString(item) ? strtoll(item->valuestring, &end, 10)
                                        : 0;

    return id > 0 && !(end && *end) ? id : 0;
}

static void reply_workspaces(struct sandbox_exchange *exchange,
                             const struct sandbox_securable *catalog)
{
    cJSON *json = base_json_object(), *array = cJSON_CreateArray();

    for (size_t i = 0; catalog->isolated && i < catalog->bindings.count; i++) {
        char *digits = base_printf("%lld", (long long)catalog->bindings.items[i].workspace_id);

        base_json_push_take(array, cJSON_CreateRaw(digits));
        free(digits);
    }
    if (cJSON_GetArraySize(array))
        base_json_add_take(json, "workspaces", array);
    else
        cJSON_Delete(array);
    sandbox_reply_json(exchange, 200, json);
}

void sandbox_endpoint_bound_workspaces(struct sandbox_exchange *exchange)
{
    const struct sandbox_securable *catalog;

    sandbox_workspace_lock(exchange->server->workspace);
    catalog = managed(exchange, exchange->arguments[0]);
    if (catalog)
        reply_workspaces(exchange, catalog);
    sandbox_workspace_unlock(exchange->server->workspace);
}

static bool ids_good(struct sandbox_exchange *exchange, const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (id_of(item))
            continue;
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "Workspaces are given by their ids.");
        return false;
    }
    return true;
}

void sandbox_endpoint_bound_workspaces_change(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    const cJSON *add = base_json_array(body, "assign_workspaces"), *item;
    const cJSON *remove = base_json_array(body, "unassign_workspaces");
    struct sandbox_securable *catalog;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    catalog = managed(exchange, exchange->arguments[0]);
    if (catalog && ids_good(exchange, add) && ids_good(exchange, remove)) {
        cJSON_ArrayForEach(item, remove) sandbox_binding_remove(catalog, id_of(item));
        cJSON_ArrayForEach(item, add) sandbox_binding_add(catalog, id_of(item), false);
        reply_workspaces(exchange, catalog);
    }
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}
