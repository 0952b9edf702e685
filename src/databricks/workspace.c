#include "databricks/workspace.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

static void free_texts(char **texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(texts[i]);
    free(texts);
}

void databricks_me_free(struct databricks_me *me)
{
    free(me->id);
    free(me->user_name);
    free(me->display_name);
    free_texts(me->groups, me->group_count);
    free_texts(me->entitlements, me->entitlement_count);
    *me = (struct databricks_me){0};
}

/* Members of SCIM lists: [{"value": ..., "display": ...}]. */
static char **read_texts(const cJSON *json, const char *list, const char *key, size_t *count)
{
    vec_of(char *) texts = {0};
    const cJSON *items = base_json_array(json, list), *item;

    cJSON_ArrayForEach(item, items)
    {
        char *text = databricks_json_dup(item, key);

        if (text)
            vec_push(&texts, text);
    }
    *count = texts.count;
    return texts.items;
}

static void deliver_me(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_me *) =
        (void (*)(void *, const struct err *, struct databricks_me *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_me_free(result);
}

static void parse_me(struct databricks_call *call, const cJSON *json, struct net_response *response)
{
    struct databricks_me me = {.active = base_json_bool_or(json, "active", false)};

    me.id = databricks_json_dup(json, "id");
    me.user_name = databricks_json_dup(json, "userName");
    me.display_name = databricks_json_dup(json, "displayName");
    me.groups = read_texts(json, "groups", "display", &me.group_count);
    me.entitlements = read_texts(json, "entitlements", "value", &me.entitlement_count);
    me.server_time_us = response->date_us;
    base_text_clean_into(me.workspace_id, sizeof me.workspace_id, response->org_id);
    databricks_call_end(call, NULL, &me);
}

struct databricks_call *
databricks_workspace_me(struct databricks *db, enum databricks_identity identity,
                        void (*done)(void *user, const struct err *err, struct databricks_me *me),
                        void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_me);

    databricks_call_send(call, "GET", base_strdup("/api/2.0/preview/scim/v2/Me"), NULL,
                         &net_retry_read, parse_me);
    return call;
}

void databricks_metastore_free(struct databricks_metastore *metastore)
{
    free(metastore->id);
    free(metastore->name);
    free(metastore->cloud);
    free(metastore->region);
    free(metastore->global_id);
    free(metastore->owner);
    free(metastore->privilege_model);
    free(metastore->default_catalog);
    *metastore = (struct databricks_metastore){0};
}

static void deliver_metastore(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_metastore *) =
        (void (*)(void *, const struct err *, struct databricks_metastore *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_metastore_free(result);
}

static void parse_metastore(struct databricks_call *call, const cJSON *json,
                            struct net_response *response)
{
    struct databricks_metastore metastore = {
        .external_access = base_json_bool_or(json, "external_access_enabled", false),
        .workspace_id = base_json_i64_or(json, "workspace_id", 0)};

    (void)response;
    metastore.id = databricks_json_dup(json, "metastore_id");
    metastore.name = databricks_json_dup(json, "name");
    metastore.cloud = databricks_json_dup(json, "cloud");
    metastore.region = databricks_json_dup(json, "region");
    metastore.global_id = databricks_json_dup(json, "global_metastore_id");
    metastore.owner = databricks_json_dup(json, "owner");
    metastore.privilege_model = databricks_json_dup(json, "privilege_model_version");
    metastore.default_catalog = databricks_json_dup(json, "default_catalog_name");
    databricks_call_end(call, NULL, &metastore);
}

static struct databricks_call *get_metastore(struct databricks *db,
                                             enum databricks_identity identity, const char *path,
                                             void (*done)(void *user, const struct err *err,
                                                          struct databricks_metastore *metastore),
                                             void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_metastore);

    databricks_call_send(call, "GET", base_strdup(path), NULL, &net_retry_read, parse_metastore);
    return call;
}

struct databricks_call *databricks_workspace_metastore(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_metastore *metastore),
    void *user)
{
    return get_metastore(db, identity, "/api/2.1/unity-catalog/metastore_summary", done, user);
}

struct databricks_call *databricks_workspace_assignment(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_metastore *metastore),
    void *user)
{
    return get_metastore(db, identity, "/api/2.1/unity-catalog/current-metastore-assignment", done,
                         user);
}

void databricks_discovery_free(struct databricks_discovery *discovery)
{
    free(discovery->oidc_endpoint);
    free(discovery->account_id);
    free(discovery->workspace_id);
    free(discovery->cloud);
    free(discovery->host_type);
    *discovery = (struct databricks_discovery){0};
}

static void deliver_discovery(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_discovery *) =
        (void (*)(void *, const struct err *, struct databricks_discovery *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_discovery_free(result);
}

static void parse_discovery(struct databricks_call *call, const cJSON *json,
                            struct net_response *response)
{
    struct databricks_discovery discovery = {0};

    (void)response;
    discovery.oidc_endpoint = databricks_json_dup(json, "oidc_endpoint");
    discovery.account_id = databricks_json_dup(json, "account_id");
    discovery.workspace_id = databricks_json_dup(json, "workspace_id");
    discovery.cloud = databricks_json_dup(json, "cloud");
    discovery.host_type = databricks_json_dup(json, "host_type");
    databricks_call_end(call, NULL, &discovery);
}

struct databricks_call *databricks_workspace_discover(
    struct databricks *db,
    void (*done)(void *user, const struct err *err, struct databricks_discovery *discovery),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, -1, (void (*)(void))done, user, deliver_discovery);

    databricks_call_send(call, "GET", base_strdup("/.well-known/databricks-config"), NULL,
                         &net_retry_read, parse_discovery);
    return call;
}

static void parse_signin(struct databricks_call *call, const cJSON *json,
                         struct net_response *response)
{
    struct databricks_discovery discovery = {.oidc_endpoint =
                                                 databricks_json_dup(json, "token_endpoint")};
    struct err err = ERR_INIT;

    if (discovery.oidc_endpoint) {
        databricks_call_end(call, NULL, &discovery);
        return;
    }
    base_err_set(&err, ERR_SRC_HOST_WRONG, "what answers is no Databricks workspace");
    err.http_status = response->status;
    databricks_call_end(call, &err, NULL);
}

struct databricks_call *databricks_workspace_signin(
    struct databricks *db,
    void (*done)(void *user, const struct err *err, struct databricks_discovery *discovery),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, -1, (void (*)(void))done, user, deliver_discovery);

    databricks_call_send(call, "GET", base_strdup("/oidc/.well-known/oauth-authorization-server"),
                         NULL, &net_retry_read, parse_signin);
    return call;
}

void databricks_system_schemas_free(struct databricks_system_schemas *schemas)
{
    for (size_t i = 0; i < schemas->count; i++) {
        free(schemas->items[i].schema);
        free(schemas->items[i].state);
    }
    free(schemas->items);
    *schemas = (struct databricks_system_schemas){0};
}

static void deliver_system_schemas(struct databricks_call *call, const struct err *err,
                                   void *result)
{
    void (*done)(void *, const struct err *, struct databricks_system_schemas *) =
        (void (*)(void *, const struct err *, struct databricks_system_schemas *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_system_schemas_free(result);
}

static void parse_system_schemas(struct databricks_call *call, const cJSON *json,
                                 struct net_response *response)
{
    const cJSON *list = base_json_array(json, "schemas"), *item;
    struct databricks_system_schemas schemas = {
        .items = base_alloc_zero((size_t)cJSON_GetArraySize(list), sizeof *schemas.items)};

    (void)response;
    cJSON_ArrayForEach(item, list)
    {
        struct databricks_system_schema one = {.schema = databricks_json_dup(item, "schema"),
                                               .state = databricks_json_dup(item, "state")};

        schemas.items[schemas.count++] = one;
    }
    databricks_call_end(call, NULL, &schemas);
}

struct databricks_call *databricks_workspace_system_schemas(
    struct databricks *db, enum databricks_identity identity, const char *metastore_id,
    void (*done)(void *user, const struct err *err, struct databricks_system_schemas *schemas),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_system_schemas);
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, "/api/2.1/unity-catalog/metastores"))
        bug("out of memory");
    databricks_path_add(&path, metastore_id);
    if (base_buf_text(&path, "/systemschemas"))
        bug("out of memory");
    databricks_call_send(call, "GET", base_buf_take(&path, NULL), NULL, &net_retry_read,
                         parse_system_schemas);
    return call;
}
