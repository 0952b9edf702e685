#include "catalog/catalog.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "model/name.h"

#include <stdlib.h>
#include <string.h>

/* A page is cut here, so that it fits into a frame; the reader goes on after the last row it got.
 */
#define PAGE_BYTES ((size_t)400 << 10)

static cJSON *row_json(const struct store_cached *row)
{
    cJSON *json = base_json_parse(row->json, strlen(row->json), JSON_MAX_BYTES, NULL);
    if (json == NULL)
        json = base_json_object();
    base_json_add_str(json, "key", row->key);
    base_json_add_str(json, "kind", row->kind);
    base_json_add_str(json, "name", row->name);
    base_json_add_time(json, "fetched", row->fetched_us);
    return json;
}

static int window_check(int64_t offset, int limit, struct err *err)
{
    if (limit >= 1 && limit <= 500 && offset >= 0)
        return 0;
    return base_err_set(err, ERR_USAGE, "limit is 1 to 500 and offset not negative");
}

static size_t row_bytes(const struct store_cached *row)
{
    /* What the caller adds to a row has its own sentences. */
    return strlen(row->json) + strlen(row->key) + (row->detail ? strlen(row->detail) : 0) + 600;
}

cJSON *catalog_rows(struct store_cache *cache, const struct catalog_query *query, struct err *err)
{
    struct store_cached *rows = NULL;
    size_t count = 0;
    int64_t total = 0;
    if (window_check(query->offset, query->limit, err) != 0 ||
        store_cache_list(cache, query->parent, query->filter, (enum store_cache_order)query->order,
                         query->offset, query->limit, &rows, &count, &total, err) != 0)
        return NULL;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "epoch", store_cache_epoch_of(cache, query->parent));
    base_json_add_i64(json, "total", total);
    base_json_add_i64(json, "offset", query->offset);
    base_json_add_time(json, "fetched", store_cache_age(cache, query->parent));
    cJSON *array = base_json_add_array(json, "rows");
    size_t bytes = 0;
    for (size_t i = 0; i < count && bytes < PAGE_BYTES; i++) {
        cJSON *row = row_json(&rows[i]);
        bytes += row_bytes(&rows[i]);
        if (query->dress)
            query->dress(query->user, &rows[i], row);
        base_json_push_take(array, row);
    }
    store_cached_free(rows, count);
    return json;
}

struct hits {
    const struct catalog_search *search;
    int64_t total;
    vec_of(char *) window; /* keys */
};

static bool hit_take(void *user, const struct catalog_found *found)
{
    struct hits *hits = user;
    const struct catalog_search *search = hits->search;
    if (search->accept && !search->accept(search->user, found))
        return true;
    int64_t at = hits->total++;
    if (at >= search->offset && at < search->offset + search->limit)
        vec_push(&hits->window, base_printf("t:%s", found->full_name));
    return true;
}

static void where_add(cJSON *json, const char *full_name)
{
    struct model_name name = {0};
    if (model_name_parse(full_name, &name, NULL) == 0) {
        base_json_add_str(json, "catalog", name.catalog);
        base_json_add_str(json, "schema", name.schema);
    }
    model_name_free(&name);
}

cJSON *catalog_search(struct store_cache *cache, struct catalog_names *names,
                      const struct catalog_search *search, struct err *err)
{
    struct hits hits = {.search = search};
    size_t bytes = 0;
    if (window_check(search->offset, search->limit, err) != 0)
        return NULL;
    catalog_names_search(names, search->pattern, hit_take, &hits);
    cJSON *json = base_json_object();
    base_json_add_i64(json, "epoch", store_cache_epoch(cache));
    base_json_add_i64(json, "total", hits.total);
    base_json_add_i64(json, "offset", search->offset);
    base_json_add_time(json, "fetched", store_cache_age(cache, ""));
    cJSON *array = base_json_add_array(json, "rows");
    for (size_t i = 0; i < hits.window.count; i++) {
        struct store_cached row;
        if (bytes < PAGE_BYTES && store_cache_get(cache, hits.window.items[i], &row)) {
            cJSON *item = row_json(&row);
            bytes += row_bytes(&row);
            where_add(item, row.key + 2);
            if (search->dress)
                search->dress(search->user, &row, item);
            base_json_push_take(array, item);
            store_cached_clear(&row);
        }
        free(hits.window.items[i]);
    }
    vec_free(&hits.window);
    return json;
}
