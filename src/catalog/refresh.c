#include "catalog/catalog.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/catalog.h"
#include "model/name.h"

#include <stdlib.h>
#include <string.h>

/* Listings of ours are polite: a workspace limits calls per second for all its clients together. */
#define WALKS_MAX 4
#define COMMENT_MAX 300 /* bytes of a comment that the tree keeps */

/* One container being listed. */
struct walk {
    struct catalog *catalog;
    char kind; /* 'M' metastore, 'C' catalog, 'S' schema */
    char *key; /* of the container */
    char *catalog_name, *schema_name;
    struct databricks_call *call;
    vec_of(struct store_cached) rows; /* its children so far */
    struct walk *next;
};

struct catalog {
    struct databricks *db;
    struct store_cache *cache;
    struct base_seam *seam;
    enum databricks_identity identity;
    struct walk *waiting, **waiting_end, *active;
    int active_count;
    struct catalog_tally tally;
    struct err err; /* of the refresh as a whole */
    vec_of(struct catalog_waiter {
        void (*done)(void *user, const struct catalog_tally *tally, const struct err *err);
        void *user;
    }) waiters;
};

static void walks_start(struct catalog *catalog);

static void walk_free(struct walk *walk)
{
    databricks_cancel(&walk->call);
    for (size_t i = 0; i < walk->rows.count; i++) {
        struct store_cached *row = &walk->rows.items[i];
        free(row->key);
        free(row->kind);
        free(row->name);
        free(row->json);
    }
    vec_free(&walk->rows);
    free(walk->key);
    free(walk->catalog_name);
    free(walk->schema_name);
    free(walk);
}

static void walk_queue(struct catalog *catalog, char kind, const char *key,
                       const char *catalog_name, const char *schema_name)
{
    struct walk *walk = base_alloc_zero(1, sizeof *walk);
    walk->catalog = catalog;
    walk->kind = kind;
    walk->key = base_strdup(key);
    walk->catalog_name = base_strdup(catalog_name);
    walk->schema_name = base_strdup(schema_name);
    *catalog->waiting_end = walk;
    catalog->waiting_end = &walk->next;
}

struct catalog *catalog_new(struct databricks *db, struct store_cache *cache,
                            struct base_seam *seam)
{
    struct catalog *catalog = base_alloc_zero(1, sizeof *catalog);
    catalog->db = db;
    catalog->cache = cache;
    catalog->seam = seam;
    catalog->waiting_end = &catalog->waiting;
    return catalog;
}

static void list_free(struct walk *walk)
{
    while (walk) {
        struct walk *next = walk->next;
        walk_free(walk);
        walk = next;
    }
}

void catalog_free(struct catalog **catalog)
{
    if (*catalog == NULL)
        return;
    list_free((*catalog)->waiting);
    list_free((*catalog)->active);
    vec_free(&(*catalog)->waiters);
    base_free(catalog);
}

bool catalog_refreshing(const struct catalog *catalog)
{
    return catalog->waiters.count > 0;
}

/* The text form of a full name with as many parts as are given. */
static char *full_name(const char *catalog, const char *schema, const char *table)
{
    struct model_name name = {(char *)catalog, (char *)(schema ? schema : "x"),
                              (char *)(table ? table : "x")};
    char *text = model_name_text(&name);
    size_t drop = schema == NULL ? 4 : table == NULL ? 2 : 0; /* ".x" twice, once */
    text[strlen(text) - drop] = '\0';
    return text;
}

static void row_add(struct walk *walk, const char *kind, const char *name, char *take_full_name,
                    cJSON *take_json)
{
    struct store_cached row = {0};
    row.key = base_printf("%c:%s", kind[0], take_full_name);
    row.kind = base_strdup(kind);
    row.name = base_strdup(name);
    base_json_add_str(take_json, "full_name", take_full_name);
    row.json = base_json_print(take_json);
    vec_push(&walk->rows, row);
    cJSON_Delete(take_json);
    free(take_full_name);
}

static cJSON *common_json(const char *owner, const char *comment, bool browse_only,
                          int64_t updated_us)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "owner", owner);
    if (comment) {
        char *brief = base_text_clean_dup(comment, COMMENT_MAX);
        base_json_add_str(json, "comment", brief);
        free(brief);
    }
    base_json_add_bool(json, "browse_only", browse_only);
    base_json_add_time(json, "updated", updated_us);
    return json;
}

static void on_catalogs(void *user, struct databricks_catalogs *page)
{
    struct walk *walk = user;
    for (size_t i = 0; i < page->count; i++) {
        const struct databricks_catalog *each = &page->items[i];
        cJSON *json = common_json(each->owner, each->comment, each->browse_only, each->updated_us);
        base_json_add_str(json, "type", each->catalog_type);
        row_add(walk, "catalog", each->name, full_name(each->name, NULL, NULL), json);
    }
}

static void on_schemas(void *user, struct databricks_schemas *page)
{
    struct walk *walk = user;
    for (size_t i = 0; i < page->count; i++) {
        const struct databricks_schema *each = &page->items[i];
        cJSON *json = common_json(each->owner, each->comment, each->browse_only, each->updated_us);
        row_add(walk, "schema", each->name, full_name(walk->catalog_name, each->name, NULL), json);
    }
}

static void on_tables(void *user, struct databricks_tables *page)
{
    struct walk *walk = user;
    for (size_t i = 0; i < page->count; i++) {
        const struct databricks_table *each = &page->items[i];
        cJSON *json = common_json(each->owner, each->comment, each->browse_only, each->updated_us);
        base_json_add_str(json, "type", each->table_type);
        base_json_add_str(json, "format", each->format);
        row_add(walk, "table", each->name.table,
                full_name(walk->catalog_name, walk->schema_name, each->name.table), json);
    }
}

/* A container that could not be listed says so in its own row. */
static void error_keep(struct walk *walk, const struct err *err)
{
    struct store_cached row = {0};
    struct err ignored = ERR_INIT;
    walk->catalog->tally.errors++;
    if (!store_cache_get(walk->catalog->cache, walk->key, &row))
        return;
    cJSON *json = base_json_parse(row.json, strlen(row.json), JSON_MAX_BYTES, NULL);
    if (json) {
        base_json_add_take(json, "error", base_err_to_json(err));
        free(row.json);
        row.json = base_json_print(json);
        if (store_cache_put(walk->catalog->cache, &row, &ignored) != 0)
            walk->catalog->err = ignored;
        cJSON_Delete(json);
    }
    struct store_cached *copy = base_alloc(sizeof *copy);
    *copy = row;
    store_cached_free(copy, 1);
}

/* The children of a finished container are listed next. */
static void children_queue(struct walk *walk)
{
    for (size_t i = 0; i < walk->rows.count; i++) {
        const struct store_cached *row = &walk->rows.items[i];
        if (walk->kind == 'M')
            walk_queue(walk->catalog, 'C', row->key, row->name, NULL);
        else if (walk->kind == 'C')
            walk_queue(walk->catalog, 'S', row->key, walk->catalog_name, row->name);
    }
}

static void refresh_finish(struct catalog *catalog)
{
    struct err err = catalog->err;
    struct catalog_tally tally = catalog->tally;
    struct catalog_waiter *waiters = catalog->waiters.items;
    size_t count = catalog->waiters.count;
    memset(&catalog->waiters, 0, sizeof catalog->waiters);
    for (size_t i = 0; i < count; i++)
        waiters[i].done(waiters[i].user, &tally, err.code ? &err : NULL);
    free(waiters);
}

static void active_remove(struct walk *walk)
{
    struct walk **link = &walk->catalog->active;
    while (*link != walk)
        link = &(*link)->next;
    *link = walk->next;
    walk->catalog->active_count--;
}

static void on_walked(void *user, const struct err *err)
{
    struct walk *walk = user;
    struct catalog *catalog = walk->catalog;
    struct err failed = ERR_INIT;
    walk->call = NULL;
    active_remove(walk);
    if (err && walk->kind == 'M') {
        catalog->err = *err;
    } else if (err) {
        error_keep(walk, err);
    } else if (store_cache_replace(catalog->cache, walk->key, NULL, walk->rows.items,
                                   walk->rows.count, &failed) != 0) {
        catalog->err = failed;
    } else {
        int64_t count = (int64_t)walk->rows.count;
        *(walk->kind == 'M'   ? &catalog->tally.catalogs
          : walk->kind == 'C' ? &catalog->tally.schemas
                              : &catalog->tally.tables) += count;
        children_queue(walk);
    }
    walk_free(walk);
    walks_start(catalog);
    if (catalog->active_count == 0)
        refresh_finish(catalog);
}

static void walk_start(struct walk *walk)
{
    struct catalog *catalog = walk->catalog;
    struct databricks_page page = {.include_browse = true, .omit_columns = true};
    if (walk->kind == 'M')
        walk->call = databricks_catalog_walk(catalog->db, catalog->identity, &page, on_catalogs,
                                             on_walked, walk);
    else if (walk->kind == 'C')
        walk->call = databricks_schema_walk(catalog->db, catalog->identity, walk->catalog_name,
                                            &page, on_schemas, on_walked, walk);
    else
        walk->call = databricks_table_walk(catalog->db, catalog->identity, walk->catalog_name,
                                           walk->schema_name, &page, on_tables, on_walked, walk);
}

static void walks_start(struct catalog *catalog)
{
    while (catalog->waiting && catalog->active_count < WALKS_MAX) {
        struct walk *walk = catalog->waiting;
        catalog->waiting = walk->next;
        if (catalog->waiting == NULL)
            catalog->waiting_end = &catalog->waiting;
        walk->next = catalog->active;
        catalog->active = walk;
        catalog->active_count++;
        walk_start(walk);
    }
}

void catalog_refresh(struct catalog *catalog, enum databricks_identity identity,
                     void (*done)(void *user, const struct catalog_tally *tally,
                                  const struct err *err),
                     void *user)
{
    struct catalog_waiter waiter = {done, user};
    bool running = catalog_refreshing(catalog);
    vec_push(&catalog->waiters, waiter);
    if (running)
        return;
    catalog->identity = identity;
    catalog->tally = (struct catalog_tally){0};
    catalog->err = ERR_INIT;
    walk_queue(catalog, 'M', "", NULL, NULL);
    walks_start(catalog);
}
