#include "databricks/history.h"

#include "base/alloc.h"
#include "base/text.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

#define QUERIES "/api/2.0/sql/history/queries"
#define PAGE 100
#define PAGES_MAX 10

struct look {
    char *warehouse, *mark;
    int64_t since_us;
    int pages;
};

static void free_look(void *extra)
{
    struct look *look = extra;

    free(look->warehouse);
    free(look->mark);
}

static void deliver_found(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, const struct databricks_history_found *) =
        (void (*)(void *, const struct err *, const struct databricks_history_found *))call->done;

    done(call->user, err, result);
}

static const cJSON *marked(const cJSON *json, const char *mark)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, base_json_array(json, "res"))
    {
        if (strstr(base_json_str_or(item, "query_text", ""), mark))
            return item;
    }
    return NULL;
}

static void ask(struct databricks_call *call, const char *page_token);

static void parse_page(struct databricks_call *call, const cJSON *json,
                       struct net_response *response)
{
    static const char *const ended[] = {"FINISHED", "FAILED", "CANCELED"};
    struct look *look = call->extra;
    struct databricks_history_found found = {0};
    const cJSON *item = marked(json, look->mark);
    const char *next = base_json_str(json, "next_page_token");

    (void)response;
    if (!item && next && *next && ++look->pages < PAGES_MAX) {
        ask(call, next);
        return;
    }
    base_text_clean_into(found.id, sizeof found.id, base_json_str_or(item, "query_id", ""));
    for (size_t i = 0; i < base_countof(ended); i++)
        found.over |= strcmp(base_json_str_or(item, "status", ""), ended[i]) == 0;
    databricks_call_end(call, NULL, &found);
}

static void ask(struct databricks_call *call, const char *page_token)
{
    const struct look *look = call->extra;
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, QUERIES))
        bug("out of memory");
    databricks_query_add(&path, "filter_by.warehouse_ids", look->warehouse);
    databricks_query_i64(&path, "filter_by.query_start_time_range.start_time_ms",
                         look->since_us / 1000);
    databricks_query_i64(&path, "max_results", PAGE);
    databricks_query_add(&path, "page_token", page_token);
    databricks_call_send(call, "GET", base_buf_take(&path, NULL), NULL, &net_retry_read,
                         parse_page);
}

struct databricks_call *databricks_history_find(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_history_look *what,
    void (*done)(void *user, const struct err *err, const struct databricks_history_found *found),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_found);
    struct look *look = base_alloc_zero(1, sizeof *look);

    look->warehouse = base_strdup(what->warehouse);
    look->mark = base_strdup(what->mark);
    look->since_us = what->since_us;
    call->extra = look;
    call->free_extra = free_look;
    ask(call, NULL);
    return call;
}
