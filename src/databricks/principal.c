#include "databricks/principal.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_MAX 20
#define SECRETS_MAX 200 /* a service principal has five */

void databricks_principal_free(struct databricks_principal *principal)
{
    free(principal->id);
    free(principal->application_id);
    free(principal->display_name);
    *principal = (struct databricks_principal){0};
}

static void deliver_principal(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_principal *) =
        (void (*)(void *, const struct err *, struct databricks_principal *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_principal_free(result);
}

static void free_wanted(void *extra)
{
    free(*(char **)extra);
}

static void parse_principal(struct databricks_call *call, const cJSON *json,
                            struct net_response *response)
{
    const char *wanted = *(char **)call->extra;
    struct databricks_principal principal = {0};
    struct err err = ERR_INIT;
    const cJSON *item;

    (void)response;
    cJSON_ArrayForEach(item, base_json_array(json, "Resources"))
    {
        /* The filter is the server's; who it is is checked here. */
        if (!base_text_equal_nocase(base_json_str_or(item, "applicationId", ""), wanted))
            continue;
        databricks_principal_free(&principal);
        principal.id = databricks_json_dup(item, "id");
        principal.application_id = databricks_json_dup(item, "applicationId");
        principal.display_name = databricks_json_dup(item, "displayName");
        principal.active = base_json_bool_or(item, "active", false);
    }
    if (principal.id) {
        databricks_call_end(call, NULL, &principal);
        return;
    }
    databricks_principal_free(&principal);
    base_err_set(&err, ERR_SRC_NOT_FOUND,
                 "no service principal with the application id '%s' is in the workspace", wanted);
    databricks_call_end(call, &err, NULL);
}

struct databricks_call *databricks_principal_find(
    struct databricks *db, enum databricks_identity identity, const char *application_id,
    void (*done)(void *user, const struct err *err, struct databricks_principal *principal),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_principal);
    char **wanted = base_alloc_zero(1, sizeof *wanted);
    char *filter = base_printf("applicationId eq \"%s\"", application_id);
    struct buf path;

    *wanted = base_strdup(application_id);
    call->extra = wanted;
    call->free_extra = free_wanted;
    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, "/api/2.0/preview/scim/v2/ServicePrincipals"))
        bug("out of memory");
    databricks_query_add(&path, "filter", filter);
    databricks_query_add(&path, "attributes", "id,applicationId,displayName,active");
    databricks_call_send(call, "GET", base_buf_take(&path, NULL), NULL, &net_retry_read,
                         parse_principal);
    free(filter);
    return call;
}

struct walk {
    char *path;
    struct databricks_pages pages;
    vec_of(struct databricks_secret_info) items;
};

void databricks_secret_infos_free(struct databricks_secret_infos *secrets)
{
    for (size_t i = 0; i < secrets->count; i++)
        free(secrets->items[i].id);
    free(secrets->items);
    *secrets = (struct databricks_secret_infos){0};
}

static void free_walk(void *extra)
{
    struct walk *walk = extra;

    for (size_t i = 0; i < walk->items.count; i++)
        free(walk->items.items[i].id);
    vec_free(&walk->items);
    free(walk->path);
    free(walk->pages.token);
}

static void deliver_secrets(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_secret_infos *) =
        (void (*)(void *, const struct err *, struct databricks_secret_infos *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_secret_infos_free(result);
}

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us = 0;

    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

static void read_secret(const cJSON *item, struct walk *walk)
{
    struct databricks_secret_info info = {.id = databricks_json_dup(item, "id"),
                                          .created_us = time_of(item, "create_time"),
                                          .expires_us = time_of(item, "expire_time")};

    if (!info.id || walk->items.count >= SECRETS_MAX) {
        free(info.id);
        return;
    }
    snprintf(info.fingerprint, sizeof info.fingerprint, "%s",
             base_json_str_or(item, "secret_hash", ""));
    base_text_lower(info.fingerprint);
    vec_push(&walk->items, info);
}

static void parse_secrets(struct databricks_call *call, const cJSON *json,
                          struct net_response *response);

static void send_page(struct databricks_call *call)
{
    struct walk *walk = call->extra;

    databricks_page_send(call, walk->path, walk->pages.token, parse_secrets);
}

static void parse_secrets(struct databricks_call *call, const cJSON *json,
                          struct net_response *response)
{
    struct walk *walk = call->extra;
    struct databricks_secret_infos secrets;
    struct err err = ERR_INIT;
    const cJSON *item;
    int more;

    cJSON_ArrayForEach(item, base_json_array(json, "secrets")) read_secret(item, walk);
    more = databricks_pages_next(&walk->pages, json, response, PAGES_MAX, "secrets", &err);
    if (more > 0) {
        send_page(call);
        return;
    }
    if (more < 0) {
        databricks_call_end(call, &err, NULL);
        return;
    }
    secrets =
        (struct databricks_secret_infos){.items = walk->items.items, .count = walk->items.count};
    walk->items.items = NULL;
    walk->items.count = walk->items.cap = 0;
    databricks_call_end(call, NULL, &secrets);
}

struct databricks_call *databricks_principal_secrets(
    struct databricks *db, enum databricks_identity identity, const char *principal_id,
    void (*done)(void *user, const struct err *err, struct databricks_secret_infos *secrets),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_secrets);
    struct walk *walk = base_alloc_zero(1, sizeof *walk);
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, "/api/2.0/accounts/servicePrincipals"))
        bug("out of memory");
    databricks_path_add(&path, principal_id);
    if (base_buf_text(&path, "/credentials/secrets"))
        bug("out of memory");
    walk->path = base_buf_take(&path, NULL);
    call->extra = walk;
    call->free_extra = free_walk;
    send_page(call);
    return call;
}
