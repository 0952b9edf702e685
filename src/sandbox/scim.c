/* The endpoints of SCIM. */
#include "sandbox/scim.h"

#include "sandbox/identity.h"
#include "sandbox/network.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define COUNT_MAX 10000

static void scim_type(struct sandbox_exchange *exchange)
{
    exchange->content_type = "application/scim+json; charset=utf-8";
}

void sandbox_scim_error(struct sandbox_exchange *exchange,
                        const struct sandbox_scim_problem *problem)
{
    cJSON *json = base_json_object();
    char number[12];

    snprintf(number, sizeof number, "%d", problem->status);
    base_json_push_take(base_json_add_array(json, "schemas"),
                        cJSON_CreateString("urn:ietf:params:scim:api:messages:2.0:Error"));
    base_json_add_str(json, "detail", problem->detail);
    base_json_add_str(json, "status", number);
    base_json_add_str(json, "scimType", problem->type);
    sandbox_reply_json(exchange, problem->status, json);
    scim_type(exchange);
}

static enum sandbox_principal_kind kind_of(const struct sandbox_exchange *exchange)
{
    const char *word = strstr(exchange->path, "/scim/v2/") + 9;

    return word[0] == 'U'   ? SANDBOX_USER
           : word[0] == 'G' ? SANDBOX_GROUP
                            : SANDBOX_SERVICE_PRINCIPAL;
}

static const char *kind_title(enum sandbox_principal_kind kind)
{
    return kind == SANDBOX_USER ? "User" : kind == SANDBOX_GROUP ? "Group" : "Service principal";
}

/* Reading is open in a workspace; writing is for its admins. At the account both are for the
 * account's. False after answering. */
static bool permitted(struct sandbox_exchange *exchange, bool write)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    bool account = sandbox_network_account_path(exchange);
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(workspace, exchange->principal);
    struct sandbox_scim_problem problem = {0};

    if (account &&
        strcmp(exchange->arguments[0], sandbox_workspace_identity(workspace)->account_id) != 0)
        sandbox_scim_wrong(&problem, 404, NULL, "Account %.60s does not exist.",
                           exchange->arguments[0]);
    else if (account ? !who || !who->account_admin
                     : write && !sandbox_workspace_is_admin(workspace, exchange->principal))
        sandbox_scim_wrong(&problem, 403, NULL, "Only %s admins can do this.",
                           account ? "account" : "workspace");
    if (problem.status)
        sandbox_scim_error(exchange, &problem);
    return !problem.status;
}

static bool seen(const struct sandbox_principal *principal, enum sandbox_principal_kind kind,
                 bool account)
{
    return principal->kind == kind &&
           (account ? strcmp(principal->name, "users") != 0 : principal->assigned);
}

/* The one of the path; NULL after answering. */
static struct sandbox_principal *one(struct sandbox_exchange *exchange)
{
    enum sandbox_principal_kind kind = kind_of(exchange);
    const char *id = exchange->arguments[exchange->argument_count - 1];
    struct sandbox_principal *principal =
        sandbox_workspace_principal_by_id(exchange->server->workspace, id);
    struct sandbox_scim_problem problem = {0};

    if (principal && seen(principal, kind, sandbox_network_account_path(exchange)))
        return principal;
    sandbox_scim_wrong(&problem, 404, NULL, "%s with id %.60s not found.", kind_title(kind), id);
    sandbox_scim_error(exchange, &problem);
    return NULL;
}

static void reply_resource(struct sandbox_exchange *exchange, int status,
                           const struct sandbox_principal *principal)
{
    cJSON *json = sandbox_scim_json(exchange->server->workspace, principal,
                                    sandbox_network_account_path(exchange));

    sandbox_scim_pick(json, sandbox_exchange_query(exchange, "attributes"),
                      sandbox_exchange_query(exchange, "excludedAttributes"));
    sandbox_reply_json(exchange, status, json);
    scim_type(exchange);
}

struct listing {
    vec_of(cJSON *) found;
    size_t start, count; /* start from 1 */
};

static size_t number_of(struct sandbox_exchange *exchange, const char *name, size_t fallback)
{
    const char *text = sandbox_exchange_query(exchange, name);
    long long value = text ? strtoll(text, NULL, 10) : -1;

    return value < 0 ? fallback : (size_t)value;
}

static void listing_fill(struct sandbox_exchange *exchange, struct listing *listing)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *filter = sandbox_exchange_query(exchange, "filter");
    bool account = sandbox_network_account_path(exchange);
    const struct sandbox_principal *principal;

    for (size_t i = 0; (principal = sandbox_workspace_principal_at(workspace, i)); i++) {
        cJSON *json;

        if (!seen(principal, kind_of(exchange), account))
            continue;
        json = sandbox_scim_json(workspace, principal, account);
        if (!filter || sandbox_scim_filter(filter, json) > 0)
            vec_push(&listing->found, json);
        else
            cJSON_Delete(json);
    }
}

static void listing_reply(struct sandbox_exchange *exchange, struct listing *listing)
{
    const char *attributes = sandbox_exchange_query(exchange, "attributes");
    const char *excluded = sandbox_exchange_query(exchange, "excludedAttributes");
    cJSON *json = base_json_object(), *array = cJSON_CreateArray();
    size_t shown = 0;

    for (size_t i = 0; i < listing->found.count; i++) {
        if (i + 1 < listing->start || shown >= listing->count) {
            cJSON_Delete(listing->found.items[i]);
            continue;
        }
        sandbox_scim_pick(listing->found.items[i], attributes, excluded);
        base_json_push_take(array, listing->found.items[i]);
        shown++;
    }
    base_json_add_i64(json, "totalResults", (int64_t)listing->found.count);
    base_json_add_i64(json, "startIndex", (int64_t)listing->start);
    base_json_add_i64(json, "itemsPerPage", (int64_t)shown);
    base_json_push_take(base_json_add_array(json, "schemas"),
                        cJSON_CreateString("urn:ietf:params:scim:api:messages:2.0:ListResponse"));
    if (shown)
        base_json_add_take(json, "Resources", array);
    else
        cJSON_Delete(array);
    vec_free(&listing->found);
    sandbox_reply_json(exchange, 200, json);
    scim_type(exchange);
}

static bool filter_good(struct sandbox_exchange *exchange)
{
    const char *filter = sandbox_exchange_query(exchange, "filter");
    struct sandbox_scim_problem problem = {0};
    cJSON *nothing = base_json_object();

    if (filter && sandbox_scim_filter(filter, nothing) < 0)
        sandbox_scim_wrong(&problem, 400, "invalidFilter",
                           "Given filter operator is not supported.");
    cJSON_Delete(nothing);
    if (problem.status)
        sandbox_scim_error(exchange, &problem);
    return !problem.status;
}

void sandbox_endpoint_scim_list(struct sandbox_exchange *exchange)
{
    struct listing listing = {.start = number_of(exchange, "startIndex", 1),
                              .count = number_of(exchange, "count", COUNT_MAX)};
    const char *sort = sandbox_exchange_query(exchange, "sortBy");
    const char *order = sandbox_exchange_query(exchange, "sortOrder");

    if (!listing.start)
        listing.start = 1;
    sandbox_workspace_lock(exchange->server->workspace);
    if (permitted(exchange, false) && filter_good(exchange)) {
        listing_fill(exchange, &listing);
        if (sort && listing.found.count)
            sandbox_scim_sort(listing.found.items, listing.found.count, sort,
                              order && strcmp(order, "descending") == 0);
        listing_reply(exchange, &listing);
    }
    sandbox_workspace_unlock(exchange->server->workspace);
}

void sandbox_endpoint_scim_get(struct sandbox_exchange *exchange)
{
    const struct sandbox_principal *principal;

    sandbox_workspace_lock(exchange->server->workspace);
    principal = permitted(exchange, false) ? one(exchange) : NULL;
    if (principal)
        reply_resource(exchange, 200, principal);
    sandbox_workspace_unlock(exchange->server->workspace);
}

/* The body as an object; NULL after answering in the SCIM envelope. */
static cJSON *body_read(struct sandbox_exchange *exchange)
{
    struct sandbox_scim_problem problem = {0};
    cJSON *json = exchange->body.len ? base_json_parse(exchange->body.data, exchange->body.len,
                                                       JSON_MAX_BYTES, NULL)
                                     : NULL;

    if (cJSON_IsObject(json))
        return json;
    cJSON_Delete(json);
    sandbox_scim_wrong(&problem, 400, "invalidSyntax", "Request is unparsable.");
    sandbox_scim_error(exchange, &problem);
    return NULL;
}

/* What it is called in grants: given for users, groups and service principals of Entra, made for
 * the rest. Malloc'd; NULL with the problem set. */
static char *name_of(struct sandbox_exchange *exchange, enum sandbox_principal_kind kind,
                     const cJSON *body, struct sandbox_scim_problem *problem)
{
    static const char *const keys[] = {"userName", "applicationId", "displayName"};
    const char *given = base_json_str(body, keys[kind]);
    char id[37];

    if (!given && kind == SANDBOX_SERVICE_PRINCIPAL) {
        base_seam_uuid(exchange->server->seam, id);
        return base_strdup(id);
    }
    if (!given || !*given) {
        sandbox_scim_wrong(problem, 400, "invalidValue", "%s is missing.", keys[kind]);
        return NULL;
    }
    if (sandbox_workspace_find_principal(exchange->server->workspace, given)) {
        sandbox_scim_wrong(problem, 409, "uniqueness", "%s with %s %.100s already exists.",
                           kind_title(kind), keys[kind], given);
        return NULL;
    }
    return base_strdup(given);
}

void sandbox_endpoint_scim_create(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    enum sandbox_principal_kind kind = kind_of(exchange);
    bool account = sandbox_network_account_path(exchange);
    struct sandbox_scim_problem problem = {0};
    struct sandbox_principal *principal = NULL;
    struct sandbox_scim_draft draft;
    cJSON *body;
    char *name;

    sandbox_workspace_lock(workspace);
    body = permitted(exchange, true) ? body_read(exchange) : NULL;
    if (body) {
        sandbox_scim_draft_init(&draft, kind, NULL, account);
        name = name_of(exchange, kind, body, &problem);
        if (name && sandbox_scim_draft_set(workspace, &draft, body, &problem) == 0) {
            principal = sandbox_workspace_principal(workspace, kind, name, draft.display_name);
            sandbox_identity_assigned_set(principal, !account);
            sandbox_scim_draft_commit(workspace, &draft, principal);
            reply_resource(exchange, 201, principal);
        } else {
            sandbox_scim_error(exchange, &problem);
        }
        free(name);
        sandbox_scim_draft_free(&draft);
        cJSON_Delete(body);
    }
    sandbox_workspace_unlock(workspace);
}

/* Groups are known by their names, so a new name must be free. */
static bool name_free(struct sandbox_workspace *workspace, const struct sandbox_scim_draft *draft,
                      const struct sandbox_principal *principal,
                      struct sandbox_scim_problem *problem)
{
    const struct sandbox_principal *other;

    if (draft->kind != SANDBOX_GROUP)
        return true;
    if (!draft->display_name || !*draft->display_name)
        return sandbox_scim_wrong(problem, 400, "invalidValue", "displayName is missing.") == 0;
    other = sandbox_workspace_find_principal(workspace, draft->display_name);
    if (other && other != principal)
        return sandbox_scim_wrong(problem, 409, "uniqueness",
                                  "Group with name %.100s already exists.",
                                  draft->display_name) == 0;
    if (sandbox_identity_system_group(principal) &&
        strcmp(principal->name, draft->display_name) != 0)
        return sandbox_scim_wrong(problem, 403, NULL, "The group %s keeps its name.",
                                  principal->name) == 0;
    return true;
}

/* PUT begins from nothing, PATCH from what there is. */
static void change(struct sandbox_exchange *exchange, bool patch)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    bool account = sandbox_network_account_path(exchange);
    struct sandbox_scim_problem problem = {0};
    struct sandbox_principal *principal;
    struct sandbox_scim_draft draft;
    cJSON *body = NULL;
    int result;

    sandbox_workspace_lock(workspace);
    principal = permitted(exchange, true) ? one(exchange) : NULL;
    body = principal ? body_read(exchange) : NULL;
    if (body) {
        sandbox_scim_draft_init(&draft, principal->kind, patch ? principal : NULL, account);
        draft.name = principal->name;
        result = patch ? sandbox_scim_draft_patch(workspace, &draft, body, &problem)
                       : sandbox_scim_draft_set(workspace, &draft, body, &problem);
        if (result == 0 && name_free(workspace, &draft, principal, &problem)) {
            if (account) /* entitlements are the workspace's */
                draft.entitlements = principal->entitlements;
            else
                draft.account_admin = principal->account_admin;
            sandbox_scim_draft_commit(workspace, &draft, principal);
            reply_resource(exchange, 200, principal);
        } else {
            sandbox_scim_error(exchange, &problem);
        }
        sandbox_scim_draft_free(&draft);
        cJSON_Delete(body);
    }
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_scim_patch(struct sandbox_exchange *exchange)
{
    change(exchange, true);
}

void sandbox_endpoint_scim_put(struct sandbox_exchange *exchange)
{
    change(exchange, false);
}

/* From a workspace, people and service principals are only taken out of it: they are the
 * account's. */
void sandbox_endpoint_scim_delete(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_scim_problem problem = {0};
    struct sandbox_principal *principal;

    sandbox_workspace_lock(workspace);
    principal = permitted(exchange, true) ? one(exchange) : NULL;
    if (principal && sandbox_identity_system_group(principal)) {
        sandbox_scim_wrong(&problem, 403, NULL, "The group %s cannot be deleted.", principal->name);
        sandbox_scim_error(exchange, &problem);
    } else if (principal) {
        if (principal->kind == SANDBOX_GROUP || sandbox_network_account_path(exchange))
            sandbox_identity_remove(workspace, principal);
        else
            sandbox_identity_unassign(workspace, principal);
        sandbox_reply_text(exchange, 204, "");
    }
    sandbox_workspace_unlock(workspace);
}
