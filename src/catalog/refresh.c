#include "catalog/catalog.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/catalog.h"
#include "model/name.h"

#include <stdlib.h>
#include <string.h>

/* Listings of ours are polite: a workspace limits calls per second for all its clients together. */
#define WALKS_MAX 4
#define NUMBER_WALK "walk"      /* in the cache: of the walk under way, 0 = none */
#define NUMBER_DONE "walk_done" /* when the last one ended */
#define NAME_MAX_BYTES 1020     /* 255 characters */
#define COMMENT_MAX 300         /* bytes of a comment that the tree keeps */

#define TOLD_US 500000 /* between two words about the progress */

/* One container being listed, page by page, first as the principal, then (where there is one) as
 * the observer, who may see more. */
struct walk {
    struct catalog *catalog;
    char kind;   /* 'M' metastore, 'C' catalog, 'S' schema */
    bool hidden; /* the principal does not see it: asked as the observer only */
    bool observing;
    char *key; /* of the container */
    char *catalog_name, *schema_name;
    struct databricks_call *call;
    vec_of(struct store_cached) rows; /* of the page being read */
    struct base_map *seen;            /* keys the principal was shown; only with an observer */
    int64_t count;
    int64_t built_in; /* of them, and not told as found */
    struct walk *next;
};

struct catalog {
    struct databricks *db;
    struct store_cache *cache;
    struct catalog_names *names;
    struct base_seam *seam;
    struct walk *waiting, **waiting_end, *active;
    int active_count;
    int64_t number; /* of the walk, as in the cache */
    int64_t told_us;
    struct catalog_tally tally;
    struct err err; /* of the refresh as a whole */
    void (*progress)(void *user, const struct catalog_tally *tally);
    void *progress_user;
    vec_of(struct catalog_waiter {
        void (*done)(void *user, const struct catalog_tally *tally, const struct err *err);
        void *user;
    }) waiters;
};

static void walks_start(struct catalog *catalog);
static void walk_start(struct walk *walk);

static void rows_clear(struct walk *walk)
{
    for (size_t i = 0; i < walk->rows.count; i++)
        store_cached_clear(&walk->rows.items[i]);
    walk->rows.count = 0;
}

static void walk_free(struct walk *walk)
{
    databricks_cancel(&walk->call);
    rows_clear(walk);
    vec_free(&walk->rows);
    base_map_free(&walk->seen, NULL);
    free(walk->key);
    free(walk->catalog_name);
    free(walk->schema_name);
    free(walk);
}

static void walk_queue(struct catalog *catalog, char kind, const char *key,
                       const char *catalog_name, const char *schema_name, bool hidden)
{
    struct walk *walk = base_alloc_zero(1, sizeof *walk);
    walk->catalog = catalog;
    walk->kind = kind;
    walk->hidden = walk->observing = hidden;
    walk->key = base_strdup(key);
    walk->catalog_name = base_strdup(catalog_name);
    walk->schema_name = base_strdup(schema_name);
    *catalog->waiting_end = walk;
    catalog->waiting_end = &walk->next;
}

struct catalog *catalog_new(struct databricks *db, struct store_cache *cache,
                            struct catalog_names *names, struct base_seam *seam)
{
    struct catalog *catalog = base_alloc_zero(1, sizeof *catalog);
    catalog->db = db;
    catalog->cache = cache;
    catalog->names = names;
    catalog->seam = seam;
    catalog->waiting_end = &catalog->waiting;
    return catalog;
}

void catalog_listen(struct catalog *catalog,
                    void (*progress)(void *user, const struct catalog_tally *tally), void *user)
{
    catalog->progress = progress;
    catalog->progress_user = user;
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

/* No object of a workspace has such a name, and it would be kept in memory. */
static bool name_refused(struct walk *walk, const char *name)
{
    struct catalog *catalog = walk->catalog;
    if (strlen(name) <= NAME_MAX_BYTES)
        return false;
    base_err_set(&catalog->err, ERR_LIMIT_EXCEEDED, "\"%s\" has a name of %zu bytes in it",
                 walk->key, strlen(name));
    return true;
}

static void row_add(struct walk *walk, const char *kind, const char *name, int64_t flags,
                    char *take_full_name, cJSON *take_json)
{
    struct store_cached row = {.flags = flags | (walk->observing ? CATALOG_HIDDEN : 0)};
    row.key = base_printf("%c:%s", kind[0], take_full_name);
    /* What the principal was shown stays as it was shown to it. */
    if (name_refused(walk, name)) {
        free(row.key);
    } else if (walk->observing && walk->seen && base_map_get(walk->seen, row.key)) {
        free(row.key);
    } else {
        if (!walk->observing && walk->seen)
            base_map_put(walk->seen, row.key, walk);
        row.kind = base_strdup(kind);
        row.name = base_strdup(name);
        base_json_add_str(take_json, "full_name", take_full_name);
        row.json = base_json_print(take_json);
        vec_push(&walk->rows, row);
        walk->built_in += (flags & CATALOG_BUILT_IN) != 0;
    }
    cJSON_Delete(take_json);
    free(take_full_name);
}

/* A page is in the cache before the next one is asked for. */
static void page_put(struct walk *walk)
{
    struct catalog *catalog = walk->catalog;
    struct err err = ERR_INIT;
    walk->count += (int64_t)walk->rows.count;
    if (walk->rows.count && store_cache_page(catalog->cache, walk->key, catalog->number,
                                             walk->rows.items, walk->rows.count, &err) != 0)
        catalog->err = err;
    rows_clear(walk);
}

static int64_t browse_flag(bool browse_only)
{
    return browse_only ? CATALOG_BROWSE_ONLY : 0;
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
        row_add(walk, "catalog", each->name, browse_flag(each->browse_only),
                full_name(each->name, NULL, NULL), json);
    }
    page_put(walk);
}

static void on_schemas(void *user, struct databricks_schemas *page)
{
    struct walk *walk = user;
    for (size_t i = 0; i < page->count; i++) {
        const struct databricks_schema *each = &page->items[i];
        cJSON *json = common_json(each->owner, each->comment, each->browse_only, each->updated_us);
        bool built_in = model_name_built_in(each->name);
        row_add(walk, "schema", each->name,
                browse_flag(each->browse_only) | (built_in ? CATALOG_BUILT_IN : 0),
                full_name(walk->catalog_name, each->name, NULL), json);
    }
    page_put(walk);
}

static int64_t table_flags(const struct databricks_table *table)
{
    bool view = table->table_type && strstr(table->table_type, "VIEW") != NULL;
    return browse_flag(table->browse_only) | (table->row_filter ? CATALOG_ROW_FILTER : 0) |
           (view ? CATALOG_VIEW : 0);
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
                table_flags(each) | (model_name_built_in(walk->schema_name) ? CATALOG_BUILT_IN : 0),
                full_name(walk->catalog_name, walk->schema_name, each->name.table), json);
    }
    page_put(walk);
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
        cJSON_DeleteItemFromObjectCaseSensitive(json, "error");
        base_json_add_take(json, "error", base_err_to_json(err));
        free(row.json);
        row.json = base_json_print(json);
        if (store_cache_put(walk->catalog->cache, &row, &ignored) != 0)
            walk->catalog->err = ignored;
        cJSON_Delete(json);
    }
    store_cached_clear(&row);
}

static void child_queue(void *user, const struct store_cached *row)
{
    struct walk *walk = user;
    bool hidden = (row->flags & CATALOG_HIDDEN) != 0;
    if (row->flags & CATALOG_NOT_UC)
        return;
    if (walk->kind == 'M')
        walk_queue(walk->catalog, 'C', row->key, row->name, NULL, hidden);
    else
        walk_queue(walk->catalog, 'S', row->key, walk->catalog_name, row->name, hidden);
}

/* The children of a container that is listed are listed next. */
static void children_queue(struct walk *walk)
{
    struct err err = ERR_INIT;
    if (walk->kind == 'S')
        return;
    if (store_cache_each(walk->catalog->cache, walk->kind == 'M' ? "catalog" : "schema", walk->key,
                         child_queue, walk, &err) != 0)
        walk->catalog->err = err;
}

static void tally_add(struct walk *walk, int64_t count)
{
    struct catalog_tally *tally = &walk->catalog->tally;
    *(walk->kind == 'M'   ? &tally->catalogs
      : walk->kind == 'C' ? &tally->schemas
                          : &tally->tables) += count;
}

static void refresh_finish(struct catalog *catalog)
{
    struct err err = catalog->err;
    struct catalog_tally tally = catalog->tally;
    struct catalog_waiter *waiters = catalog->waiters.items;
    size_t count = catalog->waiters.count;
    /* A walk that ended badly is begun again, not gone on with. */
    if (store_cache_number_put(catalog->cache, NUMBER_WALK, 0, NULL) != 0 ||
        (err.code == ERR_OK && store_cache_number_put(catalog->cache, NUMBER_DONE,
                                                      base_seam_now_us(catalog->seam), &err) != 0))
        base_err_context(&err, "the walk over the workspace");
    memset(&catalog->waiters, 0, sizeof catalog->waiters);
    for (size_t i = 0; i < count; i++)
        waiters[i].done(waiters[i].user, &tally, err.code ? &err : NULL);
    free(waiters);
}

static void progress_tell(struct catalog *catalog)
{
    int64_t now = base_seam_mono_us(catalog->seam);
    if (catalog->progress == NULL || now - catalog->told_us < TOLD_US)
        return;
    catalog->told_us = now;
    catalog->tally.waiting = catalog->active_count;
    for (const struct walk *walk = catalog->waiting; walk; walk = walk->next)
        catalog->tally.waiting++;
    catalog->progress(catalog->progress_user, &catalog->tally);
}

static void active_remove(struct walk *walk)
{
    struct walk **link = &walk->catalog->active;
    while (*link != walk)
        link = &(*link)->next;
    *link = walk->next;
    walk->catalog->active_count--;
}

static void walk_over(struct walk *walk)
{
    struct catalog *catalog = walk->catalog;
    active_remove(walk);
    walk_free(walk);
    progress_tell(catalog);
    walks_start(catalog);
    if (catalog->active_count == 0)
        refresh_finish(catalog);
}

struct legacy {
    vec_of(char *) keys;
};

static void legacy_take(void *user, const struct store_cached *row)
{
    struct legacy *legacy = user;
    if (row->flags & CATALOG_NOT_UC)
        vec_push(&legacy->keys, base_strdup(row->key));
}

/* No listing of Unity Catalog names what it does not govern: that stays as it was found. */
static void legacy_keep(struct catalog *catalog)
{
    struct legacy legacy = {0};
    struct err err = ERR_INIT;
    int rc = store_cache_each(catalog->cache, "catalog", NULL, legacy_take, &legacy, &err);
    for (size_t i = 0; i < legacy.keys.count; i++) {
        struct store_cached row;
        if (rc == 0 && store_cache_get(catalog->cache, legacy.keys.items[i], &row)) {
            if (row.flags & CATALOG_NOT_UC)
                rc = store_cache_page(catalog->cache, "", catalog->number, &row, 1, &err);
            store_cached_clear(&row);
        }
        free(legacy.keys.items[i]);
    }
    vec_free(&legacy.keys);
    if (rc != 0)
        catalog->err = err;
}

/* Whole: what is no longer there goes. */
static void walk_listed(struct walk *walk)
{
    struct catalog *catalog = walk->catalog;
    struct err failed = ERR_INIT;
    if (walk->kind == 'M')
        legacy_keep(catalog);
    if (store_cache_listed(catalog->cache, walk->key, catalog->number, &failed) != 0) {
        catalog->err = failed;
    } else {
        tally_add(walk, walk->count - walk->built_in);
        children_queue(walk);
    }
    catalog_names_changed(catalog->names, walk->key);
}

static void on_walked(void *user, const struct err *err)
{
    struct walk *walk = user;
    struct catalog *catalog = walk->catalog;
    walk->call = NULL;
    if (err && !walk->observing && walk->kind == 'M') {
        catalog->err = *err;
    } else if (err && (!walk->observing || walk->hidden)) {
        error_keep(walk, err);
        catalog_names_changed(catalog->names, walk->key);
    } else if (!walk->observing && walk->seen) {
        walk->observing = true;
        walk_start(walk);
        return;
    } else {
        /* What the observer could not list is only not known to be hidden. */
        walk_listed(walk);
    }
    walk_over(walk);
}

static void walk_start(struct walk *walk)
{
    struct catalog *catalog = walk->catalog;
    struct databricks_page page = {.include_browse = true, .omit_columns = true};
    enum databricks_identity as = walk->observing ? DATABRICKS_OBSERVER : DATABRICKS_PRINCIPAL;
    if (walk->kind == 'M')
        walk->call = databricks_catalog_walk(catalog->db, as, &page, on_catalogs, on_walked, walk);
    else if (walk->kind == 'C')
        walk->call = databricks_schema_walk(catalog->db, as, walk->catalog_name, &page, on_schemas,
                                            on_walked, walk);
    else
        walk->call = databricks_table_walk(catalog->db, as, walk->catalog_name, walk->schema_name,
                                           &page, on_tables, on_walked, walk);
}

/* Listed by this very walk before the engine was stopped: not asked again. */
static bool walk_known(struct walk *walk)
{
    if (store_cache_age(walk->catalog->cache, walk->key) < walk->catalog->number)
        return false;
    children_queue(walk);
    return true;
}

static struct walk *waiting_take(struct catalog *catalog)
{
    struct walk *walk = catalog->waiting;
    catalog->waiting = walk->next;
    if (catalog->waiting == NULL)
        catalog->waiting_end = &catalog->waiting;
    return walk;
}

static void walks_start(struct catalog *catalog)
{
    bool observer = databricks_identity_known(catalog->db, DATABRICKS_OBSERVER);
    while (catalog->waiting && catalog->active_count < WALKS_MAX) {
        struct walk *walk = waiting_take(catalog);
        if (walk_known(walk)) {
            walk_free(walk);
            continue;
        }
        if (observer && !walk->hidden)
            walk->seen = base_map_new();
        walk->next = catalog->active;
        catalog->active = walk;
        catalog->active_count++;
        walk_start(walk);
    }
}

void catalog_refresh(struct catalog *catalog,
                     void (*done)(void *user, const struct catalog_tally *tally,
                                  const struct err *err),
                     void *user)
{
    struct catalog_waiter waiter = {done, user};
    bool running = catalog_refreshing(catalog);
    vec_push(&catalog->waiters, waiter);
    if (running)
        return;
    catalog->tally = (struct catalog_tally){0};
    catalog->err = ERR_INIT;
    catalog->number = store_cache_number(catalog->cache, NUMBER_WALK);
    if (catalog->number == 0) {
        catalog->number = store_cache_walk(catalog->cache);
        if (store_cache_number_put(catalog->cache, NUMBER_WALK, catalog->number, &catalog->err))
            catalog->number = store_cache_walk(catalog->cache);
    }
    catalog->tally.resumed = store_cache_age(catalog->cache, "") >= catalog->number;
    walk_queue(catalog, 'M', "", NULL, NULL, false);
    walks_start(catalog);
    /* Everything was listed before the stop. */
    if (catalog->active_count == 0)
        refresh_finish(catalog);
}

void catalog_first(struct catalog *catalog, const char *key)
{
    struct walk **link = &catalog->waiting, *walk;
    while (*link && strcmp((*link)->key, key) != 0)
        link = &(*link)->next;
    walk = *link;
    if (walk == NULL || walk == catalog->waiting)
        return;
    *link = walk->next;
    if (*link == NULL)
        catalog->waiting_end = link;
    walk->next = catalog->waiting;
    catalog->waiting = walk;
}

int64_t catalog_walked_us(struct store_cache *cache)
{
    return store_cache_number(cache, NUMBER_DONE);
}

int catalog_forget_walk(struct store_cache *cache, struct err *err)
{
    if (store_cache_number_put(cache, NUMBER_WALK, 0, err) != 0)
        return -1;
    return store_cache_number_put(cache, NUMBER_DONE, 0, err);
}

bool catalog_due(struct store_cache *cache, int64_t now_us, int64_t age_us)
{
    int64_t done = store_cache_number(cache, NUMBER_DONE);
    return store_cache_number(cache, NUMBER_WALK) != 0 || done == 0 || now_us - done > age_us ||
           now_us < done;
}
