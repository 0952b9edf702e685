#include "databricks/warehouse.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

#define BASE "/api/2.0/sql/warehouses"
#define PAGES_MAX 1000

struct walk {
    struct databricks_pages pages;
    vec_of(struct databricks_warehouse) items;
};

void databricks_warehouse_free(struct databricks_warehouse *warehouse)
{
    free(warehouse->id);
    free(warehouse->name);
    free(warehouse->state);
    free(warehouse->size);
    free(warehouse->type);
    free(warehouse->health);
    free(warehouse->health_reason);
    *warehouse = (struct databricks_warehouse){0};
}

void databricks_warehouses_free(struct databricks_warehouses *warehouses)
{
    for (size_t i = 0; i < warehouses->count; i++)
        databricks_warehouse_free(&warehouses->items[i]);
    free(warehouses->items);
    *warehouses = (struct databricks_warehouses){0};
}

static void read_warehouse(const cJSON *json, struct databricks_warehouse *out)
{
    const cJSON *health = base_json_get(json, "health");
    const char *status = base_json_str_or(health, "status", "HEALTHY");
    const char *why = base_json_str(health, "summary");

    *out = (struct databricks_warehouse){
        .serverless = base_json_bool_or(json, "enable_serverless_compute", false),
        .auto_stop_minutes = base_json_i64_or(json, "auto_stop_mins", 0)};
    out->id = databricks_json_dup(json, "id");
    out->name = databricks_json_dup(json, "name");
    out->state = databricks_json_dup(json, "state");
    out->size = databricks_json_dup(json, "cluster_size");
    out->type = databricks_json_dup(json, "warehouse_type");
    if (!why || !*why)
        why = base_json_str(health, "message");
    if (strcmp(status, "HEALTHY") != 0) {
        out->health = base_strdup(status);
        out->health_reason = why ? base_text_clean_dup(why, 400) : NULL;
    }
}

static void free_walk(void *extra)
{
    struct walk *walk = extra;

    for (size_t i = 0; i < walk->items.count; i++)
        databricks_warehouse_free(&walk->items.items[i]);
    vec_free(&walk->items);
    free(walk->pages.token);
}

static void deliver_list(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_warehouses *) =
        (void (*)(void *, const struct err *, struct databricks_warehouses *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_warehouses_free(result);
}

static void parse_list(struct databricks_call *call, const cJSON *json,
                       struct net_response *response);

static void send_page(struct databricks_call *call)
{
    struct walk *walk = call->extra;

    databricks_page_send(call, BASE, walk->pages.token, parse_list);
}

static void parse_list(struct databricks_call *call, const cJSON *json,
                       struct net_response *response)
{
    struct walk *walk = call->extra;
    const cJSON *list = base_json_array(json, "warehouses"), *item;
    struct databricks_warehouses all;
    struct databricks_warehouse one;
    struct err err = ERR_INIT;
    int more;

    cJSON_ArrayForEach(item, list)
    {
        read_warehouse(item, &one);
        if (one.id)
            vec_push(&walk->items, one);
        else
            databricks_warehouse_free(&one);
    }
    more = databricks_pages_next(&walk->pages, json, response, PAGES_MAX, "warehouses", &err);
    if (more > 0) {
        send_page(call);
        return;
    }
    if (more < 0) {
        databricks_call_end(call, &err, NULL);
        return;
    }
    all = (struct databricks_warehouses){.items = walk->items.items, .count = walk->items.count};
    walk->items.items = NULL;
    walk->items.count = walk->items.cap = 0;
    databricks_call_end(call, NULL, &all);
}

struct databricks_call *databricks_warehouse_list(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_warehouses *warehouses),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_list);

    call->extra = base_alloc_zero(1, sizeof(struct walk));
    call->free_extra = free_walk;
    send_page(call);
    return call;
}

static void deliver_one(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_warehouse *) =
        (void (*)(void *, const struct err *, struct databricks_warehouse *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_warehouse_free(result);
}

static void parse_one(struct databricks_call *call, const cJSON *json,
                      struct net_response *response)
{
    struct databricks_warehouse one;

    (void)response;
    read_warehouse(json, &one);
    databricks_call_end(call, NULL, &one);
}

static char *path_of(const char *id, const char *tail)
{
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, BASE))
        bug("out of memory");
    databricks_path_add(&path, id);
    if (base_buf_text(&path, tail))
        bug("out of memory");
    return base_buf_take(&path, NULL);
}

struct databricks_call *databricks_warehouse_get(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*done)(void *user, const struct err *err, struct databricks_warehouse *warehouse),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_one);

    call->subject = SUBJECT_WAREHOUSE;
    databricks_call_send(call, "GET", path_of(id, ""), NULL, &net_retry_read, parse_one);
    return call;
}

struct databricks_call *
databricks_warehouse_start(struct databricks *db, enum databricks_identity identity, const char *id,
                           void (*done)(void *user, const struct err *err), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, databricks_deliver_plain);

    call->subject = SUBJECT_WAREHOUSE_START;
    databricks_call_send(call, "POST", path_of(id, "/start"), base_strdup("{}"), &net_retry_read,
                         databricks_parse_nothing);
    return call;
}
