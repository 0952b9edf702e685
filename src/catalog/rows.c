#include "catalog/catalog.h"

#include "base/json.h"

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

cJSON *catalog_rows(struct store_cache *cache, const struct catalog_query *query, struct err *err)
{
    struct store_cached *rows = NULL;
    size_t count = 0;
    int64_t total = 0;
    if (query->limit < 1 || query->limit > 500 || query->offset < 0) {
        base_err_set(err, ERR_USAGE, "limit is 1 to 500 and offset not negative");
        return NULL;
    }
    if (store_cache_list(cache, query->parent, query->filter, (enum store_cache_order)query->order,
                         query->offset, query->limit, &rows, &count, &total, err) != 0)
        return NULL;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "epoch", store_cache_epoch(cache));
    base_json_add_i64(json, "total", total);
    base_json_add_time(json, "fetched", store_cache_age(cache, query->parent));
    cJSON *array = base_json_add_array(json, "rows");
    size_t bytes = 0;
    for (size_t i = 0; i < count && bytes < PAGE_BYTES; i++) {
        bytes += strlen(rows[i].json) + strlen(rows[i].key) + 200;
        base_json_push_take(array, row_json(&rows[i]));
    }
    store_cached_free(rows, count);
    return json;
}
