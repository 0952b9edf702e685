#include "databricks/permissions.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 10000

struct walk {
    char *path;
    char *direct_path; /* to ask where the server has no effective ones; NULL: nothing to fall back
                          to */
    struct databricks_pages pages;
    bool direct_only;
    vec_of(struct databricks_grant) grants;
};

static void free_grant(struct databricks_grant *grant)
{
    free(grant->principal);
    free(grant->privilege);
    free(grant->inherited_type);
    free(grant->inherited_name);
}

void databricks_grants_free(struct databricks_grants *grants)
{
    for (size_t i = 0; i < grants->count; i++)
        free_grant(&grants->items[i]);
    free(grants->items);
    *grants = (struct databricks_grants){0};
}

static void free_walk(void *extra)
{
    struct walk *walk = extra;

    for (size_t i = 0; i < walk->grants.count; i++)
        free_grant(&walk->grants.items[i]);
    vec_free(&walk->grants);
    free(walk->path);
    free(walk->direct_path);
    free(walk->pages.token);
}

static void deliver_grants(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_grants *) =
        (void (*)(void *, const struct err *, struct databricks_grants *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_grants_free(result);
}

/* privileges: ["SELECT"] when direct, [{"privilege": "SELECT", "inherited_from_type": ...}] when
 * effective. */
static void read_assignment(const cJSON *assignment, struct walk *walk)
{
    const char *principal = base_json_str(assignment, "principal");
    const cJSON *list = base_json_array(assignment, "privileges"), *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_grant grant = {0};

        if (cJSON_IsString(item)) {
            grant.privilege = base_strdup(item->valuestring);
        } else {
            grant.privilege = databricks_json_dup(item, "privilege");
            grant.inherited_type = databricks_json_dup(item, "inherited_from_type");
            grant.inherited_name = databricks_json_dup(item, "inherited_from_name");
        }
        grant.principal = base_strdup(principal);
        if (grant.principal && grant.privilege)
            vec_push(&walk->grants, grant);
        else
            free_grant(&grant);
    }
}

static void parse_grants(struct databricks_call *call, const cJSON *json,
                         struct net_response *response);

static void send_page(struct databricks_call *call)
{
    struct walk *walk = call->extra;

    databricks_page_send(call, walk->path, walk->pages.token, parse_grants);
}

static void parse_grants(struct databricks_call *call, const cJSON *json,
                         struct net_response *response)
{
    struct walk *walk = call->extra;
    const cJSON *list = base_json_array(json, "privilege_assignments"), *item;
    struct databricks_grants grants;
    struct err err = ERR_INIT;
    int more;

    cJSON_ArrayForEach(item, list)
    {
        read_assignment(item, walk);
    }
    more = databricks_pages_next(&walk->pages, json, response, PAGES_MAX, "permissions", &err);
    if (more > 0) {
        send_page(call);
        return;
    }
    if (more < 0) {
        databricks_call_end(call, &err, NULL);
        return;
    }
    grants = (struct databricks_grants){
        .items = walk->grants.items, .count = walk->grants.count, .direct_only = walk->direct_only};
    walk->grants.items = NULL;
    walk->grants.count = walk->grants.cap = 0;
    databricks_call_end(call, NULL, &grants);
}

/* The open-source Unity Catalog server knows direct grants only: of the path of effective ones its
 * HTTP library says 404 in plain text, without a code. databricks-api.md 12. */
static bool without_effective(struct databricks_call *call,
                              const struct databricks_problem *problem)
{
    struct walk *walk = call->extra;

    if (!walk->direct_path || walk->pages.count || problem->status != 404 || *problem->code ||
        problem->html)
        return false;
    free(walk->path);
    walk->path = walk->direct_path;
    walk->direct_path = NULL;
    walk->direct_only = true;
    send_page(call);
    return true;
}

static char *grants_path(const char *kind, const char *type, const char *full_name,
                         const char *principal)
{
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_printf(&path, "/api/2.1/unity-catalog/%s", kind))
        bug("out of memory");
    databricks_path_add(&path, type);
    databricks_path_add(&path, full_name);
    databricks_query_i64(&path, "max_results", 0);
    databricks_query_add(&path, "principal", principal);
    return base_buf_take(&path, NULL);
}

static struct databricks_call *
start(struct databricks *db, enum databricks_identity identity, bool effective, const char *type,
      const char *full_name, const char *principal,
      void (*done)(void *user, const struct err *err, struct databricks_grants *grants), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_grants);
    struct walk *walk = base_alloc_zero(1, sizeof *walk);

    walk->path = grants_path("permissions", type, full_name, principal);
    if (effective) {
        walk->direct_path = walk->path;
        walk->path = grants_path("effective-permissions", type, full_name, principal);
    }
    call->extra = walk;
    call->free_extra = free_walk;
    call->refused = without_effective;
    if (strcmp(type, "table") == 0)
        call->subject = SUBJECT_TABLE;
    send_page(call);
    return call;
}

struct databricks_call *databricks_permissions_get(
    struct databricks *db, enum databricks_identity identity, const char *type,
    const char *full_name, const char *principal,
    void (*done)(void *user, const struct err *err, struct databricks_grants *grants), void *user)
{
    return start(db, identity, false, type, full_name, principal, done, user);
}

struct databricks_call *databricks_permissions_effective(
    struct databricks *db, enum databricks_identity identity, const char *type,
    const char *full_name, const char *principal,
    void (*done)(void *user, const struct err *err, struct databricks_grants *grants), void *user)
{
    return start(db, identity, true, type, full_name, principal, done, user);
}
