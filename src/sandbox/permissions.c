#include "sandbox/server.h"

#include "base/text.h"

#include <string.h>

/* databricks-api.md 3.6. on: securable kinds a privilege may be granted on. */
static const struct {
    const char *name, *on;
} privileges[] = {
    {"SELECT", "CST"},
    {"MODIFY", "CST"},
    {"USE_CATALOG", "C"},
    {"USE_SCHEMA", "CS"},
    {"BROWSE", "C"},
    {"APPLY_TAG", "CST"},
    {"EXECUTE", "CS"},
    {"REFRESH", "CST"},
    {"MANAGE", "CST"},
    {"ALL_PRIVILEGES", "CST"},
    {"READ_VOLUME", "CS"},
    {"WRITE_VOLUME", "CS"},
    {"EXTERNAL_USE_SCHEMA", "CS"},
    {"CREATE_SCHEMA", "C"},
    {"CREATE_TABLE", "CS"},
    {"CREATE_VIEW", "CS"},
    {"CREATE_FUNCTION", "CS"},
    {"CREATE_MODEL", "CS"},
    {"CREATE_VOLUME", "CS"},
    {"CREATE_MATERIALIZED_VIEW", "CS"},
    {"CREATE_CATALOG", "M"},
    {"CREATE_EXTERNAL_LOCATION", "M"},
    {"CREATE_STORAGE_CREDENTIAL", "M"},
    {"CREATE_CONNECTION", "M"},
    {"CREATE_SHARE", "M"},
    {"CREATE_RECIPIENT", "M"},
    {"CREATE_PROVIDER", "M"},
};

static const struct {
    const char *word, *title, *unknown;
    int kind;
} types[] = {
    {"metastore", "Metastore", "METASTORE_DOES_NOT_EXIST", 'M'},
    {"catalog", "Catalog", "CATALOG_DOES_NOT_EXIST", 'C'},
    {"schema", "Schema", "SCHEMA_DOES_NOT_EXIST", 'S'},
    {"table", "Table", "TABLE_DOES_NOT_EXIST", 'T'},
};

static const char *title_of(int kind)
{
    size_t i = 0;

    while (types[i].kind != kind)
        i++;
    return types[i].title;
}

/* Securable of the path /{type}/{full name}; NULL after answering. Called locked. */
static struct sandbox_securable *path_securable(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *name = exchange->arguments[1];
    struct sandbox_securable *securable;

    for (size_t i = 0; i < base_countof(types); i++) {
        if (!base_text_equal_nocase(types[i].word, exchange->arguments[0]))
            continue;
        securable = types[i].kind == 'M'
                        ? sandbox_workspace_metastore(workspace)
                        : sandbox_workspace_find_listed(workspace, types[i].kind, name);
        if (securable && (types[i].kind != 'M' || strcmp(securable->id, name) == 0))
            return securable;
        sandbox_reply_error(exchange, 404, types[i].unknown, "%s '%s' does not exist.",
                            types[i].title, name);
        return NULL;
    }
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "SECURABLETYPE %s is not a valid securable type.", exchange->arguments[0]);
    return NULL;
}

/* Owners, MANAGE and metastore admins see and change all; the rest see what concerns themselves. */
static bool may_see(struct sandbox_exchange *exchange, const struct sandbox_securable *securable,
                    const char *principal)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    return base_text_equal_nocase(principal, exchange->principal) ||
           sandbox_workspace_member(workspace, principal, exchange->principal) ||
           sandbox_workspace_has(workspace, securable, exchange->principal, "MANAGE");
}

/* The assignment of a principal inside privilege_assignments, made when absent; gives its
 * privileges array. */
static cJSON *assignment(cJSON *array, const char *principal)
{
    cJSON *item;

    cJSON_ArrayForEach(item, array)
    {
        if (base_text_equal_nocase(base_json_str_or(item, "principal", ""), principal))
            return cJSON_GetObjectItemCaseSensitive(item, "privileges");
    }
    item = base_json_object();
    base_json_add_str(item, "principal", principal);
    base_json_push_take(array, item);
    return base_json_add_array(item, "privileges");
}

static void reply_assignments(struct sandbox_exchange *exchange, cJSON *array)
{
    cJSON *json = base_json_object();

    if (cJSON_GetArraySize(array))
        base_json_add_take(json, "privilege_assignments", array);
    else
        cJSON_Delete(array);
    sandbox_reply_json(exchange, 200, json);
}

/* 1..149 is refused: pages of grants count privileges and have a minimum. One page holds all here.
 */
static bool max_results_good(struct sandbox_exchange *exchange)
{
    const char *max = sandbox_exchange_query(exchange, "max_results");
    long long wanted = max ? strtoll(max, NULL, 10) : 0;

    if (wanted == 0 || wanted >= 150)
        return true;
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "max_results must be 0 or at least 150.");
    return false;
}

static void grants_json(struct sandbox_exchange *exchange,
                        const struct sandbox_securable *securable, const char *only, cJSON *array)
{
    for (size_t i = 0; i < securable->grants.count; i++) {
        const struct sandbox_grant *grant = &securable->grants.items[i];

        if ((only && !base_text_equal_nocase(only, grant->principal)) ||
            !may_see(exchange, securable, grant->principal) ||
            sandbox_workspace_denied(exchange->server->workspace, securable, grant->privilege))
            continue;
        base_json_push_take(assignment(array, grant->principal),
                            cJSON_CreateString(grant->privilege));
    }
}

void sandbox_endpoint_permissions(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *only = sandbox_exchange_query(exchange, "principal");
    const struct sandbox_securable *securable;
    cJSON *array;

    if (!max_results_good(exchange))
        return;
    sandbox_workspace_lock(workspace);
    securable = path_securable(exchange);
    if (securable) {
        array = cJSON_CreateArray();
        grants_json(exchange, securable, only, array);
        reply_assignments(exchange, array);
    }
    sandbox_workspace_unlock(workspace);
}

static void effective_json(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *securable, const char *only,
                           cJSON *array)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    for (const struct sandbox_securable *at = securable; at; at = at->parent) {
        for (size_t i = 0; i < at->grants.count; i++) {
            const struct sandbox_grant *grant = &at->grants.items[i];
            cJSON *item;

            if ((only && !base_text_equal_nocase(only, grant->principal)) ||
                !may_see(exchange, securable, grant->principal) ||
                sandbox_workspace_denied(workspace, at, grant->privilege) ||
                sandbox_workspace_denied(workspace, securable, grant->privilege))
                continue;
            item = base_json_object();
            base_json_add_str(item, "privilege", grant->privilege);
            if (at != securable) {
                char *type = base_strdup(title_of(at->kind));

                for (char *c = type; *c; c++)
                    *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
                base_json_add_str(item, "inherited_from_type", type);
                base_json_add_str(item, "inherited_from_name", at->full_name);
                free(type);
            }
            base_json_push_take(assignment(array, grant->principal), item);
        }
    }
}

void sandbox_endpoint_permissions_effective(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *only = sandbox_exchange_query(exchange, "principal");
    const struct sandbox_securable *securable;
    cJSON *array;

    if (!max_results_good(exchange))
        return;
    sandbox_workspace_lock(workspace);
    securable = path_securable(exchange);
    if (securable) {
        array = cJSON_CreateArray();
        effective_json(exchange, securable, only, array);
        reply_assignments(exchange, array);
    }
    sandbox_workspace_unlock(workspace);
}

static bool privilege_good(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *securable, const cJSON *item)
{
    const char *name = cJSON_IsString(item) ? item->valuestring : "";

    for (size_t i = 0; i < base_countof(privileges); i++) {
        if (strcmp(privileges[i].name, name) == 0 && strchr(privileges[i].on, securable->kind))
            return true;
    }
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                        "Privilege %s is not applicable to this entity [%s:%s].", name,
                        title_of(securable->kind), securable->full_name);
    return false;
}

static bool list_holds(const cJSON *list, const char *text)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0)
            return true;
    }
    return false;
}

static bool change_good(struct sandbox_exchange *exchange,
                        const struct sandbox_securable *securable, const cJSON *change)
{
    const char *principal = base_json_str(change, "principal");
    const cJSON *add = base_json_array(change, "add");
    const cJSON *remove = base_json_array(change, "remove");
    const cJSON *item;

    if (!principal || (!sandbox_workspace_find_principal(exchange->server->workspace, principal) &&
                       !base_text_equal_nocase(principal, "account users"))) {
        sandbox_reply_error(exchange, 404, "PRINCIPAL_DOES_NOT_EXIST",
                            "Could not find principal with name %s", principal ? principal : "");
        return false;
    }
    cJSON_ArrayForEach(item, add)
    {
        if (!privilege_good(exchange, securable, item))
            return false;
        if (list_holds(remove, item->valuestring)) {
            sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                                "Duplicate privileges to add and delete for principal %s.",
                                principal);
            return false;
        }
    }
    cJSON_ArrayForEach(item, remove)
    {
        if (!privilege_good(exchange, securable, item))
            return false;
    }
    return true;
}

static void revoke_all(struct sandbox_workspace *workspace, struct sandbox_securable *securable,
                       const char *principal)
{
    for (size_t i = securable->grants.count; i-- > 0;) {
        const struct sandbox_grant *grant = &securable->grants.items[i];

        if (base_text_equal_nocase(grant->principal, principal)) {
            char *privilege = base_strdup(grant->privilege);

            sandbox_workspace_revoke(workspace, securable, principal, privilege);
            free(privilege);
        }
    }
}

static void change_apply(struct sandbox_workspace *workspace, struct sandbox_securable *securable,
                         const cJSON *change)
{
    const char *principal = base_json_str(change, "principal");
    const cJSON *item;

    cJSON_ArrayForEach(item, base_json_array(change, "remove"))
    {
        /* Taking ALL_PRIVILEGES away clears the principal's whole set on this securable. */
        if (strcmp(item->valuestring, "ALL_PRIVILEGES") == 0)
            revoke_all(workspace, securable, principal);
        else
            sandbox_workspace_revoke(workspace, securable, principal, item->valuestring);
    }
    cJSON_ArrayForEach(item, base_json_array(change, "add"))
        sandbox_workspace_grant(workspace, securable, principal, item->valuestring);
}

/* All changes of one call happen or none. Called locked. */
static void changes_apply(struct sandbox_exchange *exchange, struct sandbox_securable *securable,
                          const cJSON *body)
{
    const cJSON *changes = base_json_array(body, "changes");
    const cJSON *change;
    cJSON *array;

    if (!sandbox_workspace_has(exchange->server->workspace, securable, exchange->principal,
                               "MANAGE")) {
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED", "User is not an owner of %s '%s'.",
                            title_of(securable->kind), securable->full_name);
        return;
    }
    cJSON_ArrayForEach(change, changes)
    {
        if (!change_good(exchange, securable, change))
            return;
    }
    cJSON_ArrayForEach(change, changes)
        change_apply(exchange->server->workspace, securable, change);
    array = cJSON_CreateArray();
    if (!base_json_bool_or(body, "omit_permissions_in_response", false))
        grants_json(exchange, securable, NULL, array);
    reply_assignments(exchange, array);
}

void sandbox_endpoint_permissions_change(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_securable *securable;

    if (!body)
        return;
    sandbox_workspace_lock(workspace);
    securable = path_securable(exchange);
    if (securable)
        changes_apply(exchange, securable, body);
    sandbox_workspace_unlock(workspace);
    cJSON_Delete(body);
}
