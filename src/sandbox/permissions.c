#include "sandbox/grants.h"
#include "sandbox/server.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define GRANTS_PAGE_MIN 150 /* what max_results may be at least, if not 0 */
#define GRANTS_PAGE 1000    /* at most so many privileges a page */

static const struct {
    const char *word, *unknown;
    int kind;
} types[] = {
    {"metastore", "METASTORE_DOES_NOT_EXIST", 'M'},
    {"catalog", "CATALOG_DOES_NOT_EXIST", 'C'},
    {"schema", "SCHEMA_DOES_NOT_EXIST", 'S'},
    {"table", "TABLE_DOES_NOT_EXIST", 'T'},
};

/* Kinds that can be granted on and of which this workspace has none. */
static const struct {
    const char *word, *title, *unknown;
} others[] = {
    {"clean_room", "Clean Room", NULL},
    {"connection", "Connection", NULL},
    {"credential", "Credential", NULL},
    {"external_location", "External Location", "EXTERNAL_LOCATION_DOES_NOT_EXIST"},
    {"external_metadata", "External Metadata", NULL},
    {"function", "Function", NULL},
    {"pipeline", "Pipeline", NULL},
    {"provider", "Provider", NULL},
    {"recipient", "Recipient", NULL},
    {"share", "Share", NULL},
    {"staging_table", "Staging Table", NULL},
    {"storage_credential", "Storage Credential", "STORAGE_CREDENTIAL_DOES_NOT_EXIST"},
    {"volume", "Volume", NULL},
};

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
                            sandbox_kind_title(types[i].kind), name);
        return NULL;
    }
    for (size_t i = 0; i < base_countof(others); i++) {
        if (!base_text_equal_nocase(others[i].word, exchange->arguments[0]))
            continue;
        sandbox_reply_error(exchange, 404,
                            others[i].unknown ? others[i].unknown : "RESOURCE_DOES_NOT_EXIST",
                            "%s '%s' does not exist.", others[i].title, name);
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

/* One page of privileges: their number counts, not that of the principals. */
struct grant_page {
    cJSON *array;
    int64_t skip, left, shown;
    bool more;
};

static void page_reply(struct sandbox_exchange *exchange, struct grant_page *page)
{
    cJSON *json = base_json_object();
    char token[24];

    if (cJSON_GetArraySize(page->array))
        base_json_add_take(json, "privilege_assignments", page->array);
    else
        cJSON_Delete(page->array);
    if (page->more) {
        snprintf(token, sizeof token, "g%lld", (long long)page->shown);
        base_json_add_str(json, "next_page_token", token);
    }
    sandbox_reply_json(exchange, 200, json);
}

/* 1..149 is refused. Without max_results everything comes at once. */
static bool page_begin(struct sandbox_exchange *exchange, struct grant_page *page)
{
    const char *max = sandbox_exchange_query(exchange, "max_results");
    const char *token = sandbox_exchange_query(exchange, "page_token");
    char *end = NULL;
    long long wanted = max ? strtoll(max, &end, 10) : 0;

    *page = (struct grant_page){.left = max ? GRANTS_PAGE : INT64_MAX};
    if (max && (end == max || *end || wanted < 0 || (wanted > 0 && wanted < GRANTS_PAGE_MIN))) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "max_results must be 0 or at least %d.", GRANTS_PAGE_MIN);
        return false;
    }
    if (wanted && wanted < GRANTS_PAGE)
        page->left = wanted;
    if (token && *token) {
        page->skip = token[0] == 'g' ? strtoll(token + 1, &end, 10) : -1;
        if (page->skip <= 0 || *end) {
            sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "Invalid page token.");
            return false;
        }
    }
    page->array = cJSON_CreateArray();
    return true;
}

/* Does the next privilege belong on this page? */
static bool page_takes(struct grant_page *page)
{
    if (page->more || !page->left) {
        page->more = true;
        return false;
    }
    if (page->shown++ < page->skip)
        return false;
    page->left--;
    return true;
}

static void grants_json(struct sandbox_exchange *exchange,
                        const struct sandbox_securable *securable, const char *only,
                        struct grant_page *page)
{
    for (size_t i = 0; i < securable->grants.count; i++) {
        const struct sandbox_grant *grant = &securable->grants.items[i];

        if ((only && !base_text_equal_nocase(only, grant->principal)) ||
            !may_see(exchange, securable, grant->principal) ||
            sandbox_workspace_denied(exchange->server->workspace, securable, grant->privilege) ||
            !page_takes(page))
            continue;
        base_json_push_take(assignment(page->array, grant->principal),
                            cJSON_CreateString(grant->privilege));
    }
}

typedef void page_fill_fn(struct sandbox_exchange *exchange,
                          const struct sandbox_securable *securable, const char *only,
                          struct grant_page *page);

static void permissions_page(struct sandbox_exchange *exchange, page_fill_fn *fill)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *only = sandbox_exchange_query(exchange, "principal");
    const struct sandbox_securable *securable;
    struct grant_page page;

    sandbox_workspace_lock(workspace);
    securable = path_securable(exchange);
    if (securable && page_begin(exchange, &page)) {
        fill(exchange, securable, only, &page);
        page_reply(exchange, &page);
    }
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_permissions(struct sandbox_exchange *exchange)
{
    permissions_page(exchange, grants_json);
}

static void effective_json(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *securable, const char *only,
                           struct grant_page *page)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    for (const struct sandbox_securable *at = securable; at; at = at->parent) {
        if (at->kind == 'M' && at != securable)
            break; /* what is granted on the metastore is for the metastore */
        for (size_t i = 0; i < at->grants.count; i++) {
            const struct sandbox_grant *grant = &at->grants.items[i];
            cJSON *item;

            if ((only && !base_text_equal_nocase(only, grant->principal)) ||
                !may_see(exchange, securable, grant->principal) ||
                sandbox_workspace_denied(workspace, at, grant->privilege) ||
                sandbox_workspace_denied(workspace, securable, grant->privilege) ||
                !page_takes(page))
                continue;
            item = base_json_object();
            base_json_add_str(item, "privilege", grant->privilege);
            if (at != securable) {
                char *type = base_strdup(sandbox_kind_title(at->kind));

                for (char *c = type; *c; c++)
                    *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
                base_json_add_str(item, "inherited_from_type", type);
                base_json_add_str(item, "inherited_from_name", at->full_name);
                free(type);
            }
            base_json_push_take(assignment(page->array, grant->principal), item);
        }
    }
}

void sandbox_endpoint_permissions_effective(struct sandbox_exchange *exchange)
{
    permissions_page(exchange, effective_json);
}

static bool refuse(struct sandbox_exchange *exchange, int status, const char *code, char *text)
{
    if (text)
        sandbox_reply_error(exchange, status, code, "%s", text);
    free(text);
    return !text;
}

static bool privilege_good(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *securable, const cJSON *item)
{
    const char *name = cJSON_IsString(item) ? item->valuestring : "";
    const char *known = sandbox_privilege_find(name);

    if (!known || strcmp(known, name) != 0) /* the API knows one spelling only */
        return refuse(exchange, 400, "INVALID_PARAMETER_VALUE",
                      base_printf("Privilege %s is not a valid privilege.", name));
    if (!sandbox_privilege_fits(name, securable->kind))
        return refuse(exchange, 400, "INVALID_PARAMETER_VALUE",
                      sandbox_grant_misfit(securable, name));
    return refuse(
        exchange, 403, "PERMISSION_DENIED",
        sandbox_grant_refused(exchange->server->workspace, securable, exchange->principal, name));
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

/* Is it taken away from the same principal by any change of the call? */
static bool removed_too(const cJSON *changes, const char *principal, const char *privilege)
{
    const cJSON *change;

    cJSON_ArrayForEach(change, changes)
    {
        if (base_text_equal_nocase(base_json_str_or(change, "principal", ""), principal) &&
            list_holds(base_json_array(change, "remove"), privilege))
            return true;
    }
    return false;
}

static bool change_good(struct sandbox_exchange *exchange,
                        const struct sandbox_securable *securable, const cJSON *changes,
                        const cJSON *change)
{
    static const char *const lists[] = {"add", "remove"};
    const char *principal = base_json_str_or(change, "principal", "");
    const cJSON *item;

    for (size_t i = 0; i < base_countof(lists); i++) {
        item = base_json_get(change, lists[i]);
        if (item && !cJSON_IsArray(item) && !cJSON_IsNull(item))
            return refuse(
                exchange, 400, "MALFORMED_REQUEST",
                base_printf("Could not parse request object: expected a list in %s", lists[i]));
    }
    if (!sandbox_grantee_find(exchange->server->workspace, principal))
        return refuse(exchange, 404, "PRINCIPAL_DOES_NOT_EXIST",
                      base_printf("Could not find principal with name %s", principal));
    cJSON_ArrayForEach(item, base_json_array(change, "add"))
    {
        if (!privilege_good(exchange, securable, item))
            return false;
        if (removed_too(changes, principal, item->valuestring))
            return refuse(
                exchange, 400, "INVALID_PARAMETER_VALUE",
                base_printf("Duplicate privileges to add and delete for principal %s.", principal));
    }
    cJSON_ArrayForEach(item, base_json_array(change, "remove"))
    {
        if (!privilege_good(exchange, securable, item))
            return false;
    }
    return true;
}

static void change_apply(struct sandbox_workspace *workspace, struct sandbox_securable *securable,
                         const char *caller, const cJSON *change)
{
    const char *principal =
        sandbox_grantee_find(workspace, base_json_str_or(change, "principal", ""));
    const cJSON *item;

    cJSON_ArrayForEach(item, base_json_array(change, "remove"))
        sandbox_grant_take(workspace, securable, principal, item->valuestring);
    cJSON_ArrayForEach(item, base_json_array(change, "add"))
        sandbox_workspace_grant_by(workspace, securable, principal, item->valuestring, caller);
}

/* All changes of one call happen or none. Called locked. */
static void changes_apply(struct sandbox_exchange *exchange, struct sandbox_securable *securable,
                          const cJSON *body)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const cJSON *changes = base_json_array(body, "changes");
    struct grant_page page = {.left = INT64_MAX};
    const cJSON *change;

    if (!refuse(exchange, 403, "PERMISSION_DENIED",
                sandbox_grant_refused(workspace, securable, exchange->principal, "")))
        return;
    cJSON_ArrayForEach(change, changes)
    {
        if (!change_good(exchange, securable, changes, change))
            return;
    }
    cJSON_ArrayForEach(change, changes)
        change_apply(workspace, securable, exchange->principal, change);
    page.array = cJSON_CreateArray();
    if (!base_json_bool_or(body, "omit_permissions_in_response", false))
        grants_json(exchange, securable, NULL, &page);
    page_reply(exchange, &page);
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
