#include "store/cache.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "store/cache_private.h"
#include "store/db.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_VERSION 2
#define CACHE_LIST_MAX 500

#define ROW_COLUMNS "SELECT key,parent,kind,name,json,fetched_us,flags,detail,detail_us"

struct store_cache {
    sqlite3 *db;
    struct base_seam *seam;
    int64_t epoch, first_epoch, walk;
    struct base_map *epochs; /* parent -> epoch at which its children came or went, int64_t */
};

static const char cache_schema[] =
    "CREATE TABLE rows(key TEXT PRIMARY KEY, parent TEXT NOT NULL, kind TEXT NOT NULL,"
    " name TEXT NOT NULL COLLATE NOCASE, json TEXT NOT NULL, fetched_us INTEGER NOT NULL,"
    " flags INTEGER NOT NULL DEFAULT 0, walk INTEGER NOT NULL DEFAULT 0, detail TEXT,"
    " detail_us INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX rows_parent ON rows(parent, name, kind, flags);"
    "CREATE TABLE listed(parent TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE numbers(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=2";

static sqlite3 *cache_try(const char *path, struct err *err)
{
    int64_t version;
    sqlite3 *db = store_db_open(path, "OFF", err);
    if (db == NULL)
        return NULL;
    int rc = store_db_number(db, err, &version, 0, "PRAGMA user_version", "");
    if (rc == 0 && version == 0)
        rc = store_db_exec(db, cache_schema, err);
    else if (rc == 0 && version != CACHE_VERSION)
        rc = base_err_set(err, ERR_HOST_STATE_NEWER, "the cache has format %lld",
                          (long long)version);
    if (rc != 0)
        store_db_close(&db);
    return db;
}

static void cache_delete_files(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < base_countof(tails); i++) {
        char *name = base_printf("%s%s", path, tails[i]);
        unlink(name);
        free(name);
    }
}

struct store_cache *store_cache_open(const char *path, struct base_seam *seam, struct err *err)
{
    struct err first = ERR_INIT;
    sqlite3 *db = cache_try(path != NULL ? path : ":memory:", &first);
    if (db == NULL && path != NULL && first.code != ERR_HOST_STATE_LOCKED) {
        cache_delete_files(path); /* it can be fetched again */
        db = cache_try(path, err);
    } else if (db == NULL && err != NULL && err->code == ERR_OK) {
        *err = first;
    }
    if (db == NULL)
        return NULL;
    struct store_cache *cache = base_alloc_zero(1, sizeof *cache);
    cache->db = db;
    cache->seam = seam;
    cache->epochs = base_map_new();
    /* Epochs of an earlier process never come again. */
    cache->first_epoch = cache->epoch = base_seam_now_us(seam);
    return cache;
}

void store_cache_free(struct store_cache **cache_ptr)
{
    struct store_cache *cache = *cache_ptr;
    if (cache == NULL)
        return;
    store_db_close(&cache->db);
    base_map_free(&cache->epochs, free);
    base_free(cache_ptr);
}

sqlite3 *store_cache_db(struct store_cache *cache)
{
    return cache->db;
}

int64_t store_cache_epoch(const struct store_cache *cache)
{
    return cache->epoch;
}

int64_t store_cache_epoch_of(const struct store_cache *cache, const char *parent)
{
    const int64_t *epoch = base_map_get(cache->epochs, parent);
    return epoch ? *epoch : cache->first_epoch;
}

static void epoch_next(struct store_cache *cache, const char *parent)
{
    int64_t *epoch = base_map_get(cache->epochs, parent);
    if (epoch == NULL) {
        epoch = base_alloc(sizeof *epoch);
        base_map_put(cache->epochs, parent, epoch);
    }
    *epoch = ++cache->epoch;
}

void store_cached_clear(struct store_cached *row)
{
    free(row->key);
    free(row->parent);
    free(row->kind);
    free(row->name);
    free(row->json);
    free(row->detail);
    memset(row, 0, sizeof *row);
}

void store_cached_free(struct store_cached *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        store_cached_clear(&rows[i]);
    free(rows);
}

static int cache_end(struct store_cache *cache, int rc, struct err *err)
{
    if (rc == 0)
        rc = store_db_exec(cache->db, "COMMIT", err);
    if (rc != 0 && !sqlite3_get_autocommit(cache->db))
        sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* The statements of a page, prepared once for all its rows. */
struct page {
    sqlite3_stmt *update, *insert;
    bool came; /* a row that was not there */
};

static int step_once(sqlite3_stmt *stmt, struct err *err)
{
    int rc = store_db_step(stmt, err);
    sqlite3_reset(stmt);
    return rc < 0 ? -1 : 0;
}

static int page_row(struct store_cache *cache, struct page *page, const char *parent, int64_t walk,
                    const struct store_cached *row, int64_t fetched_us, struct err *err)
{
    sqlite3_stmt *both[] = {page->update, page->insert};
    for (size_t i = 0; i < 2; i++) {
        if (store_db_bind_text(both[i], 1, row->key) != SQLITE_OK ||
            store_db_bind_text(both[i], 2, parent) != SQLITE_OK ||
            store_db_bind_text(both[i], 3, row->kind) != SQLITE_OK ||
            store_db_bind_text(both[i], 4, row->name) != SQLITE_OK ||
            store_db_bind_text(both[i], 5, row->json ? row->json : "{}") != SQLITE_OK ||
            sqlite3_bind_int64(both[i], 6, fetched_us) != SQLITE_OK ||
            sqlite3_bind_int64(both[i], 7, row->flags) != SQLITE_OK ||
            sqlite3_bind_int64(both[i], 8, walk) != SQLITE_OK)
            return store_db_error(cache->db, err, "cache: bind");
        if (step_once(both[i], err) != 0)
            return -1;
        if (i == 0 && sqlite3_changes(cache->db) > 0)
            return 0;
    }
    page->came = true;
    return 0;
}

static int page_body(struct store_cache *cache, struct page *page, const char *parent, int64_t walk,
                     const struct store_cached *rows, size_t count, struct err *err)
{
    char update[256];
    int64_t now = base_seam_now_us(cache->seam);
    int rc = 0;
    snprintf(update, sizeof update,
             "UPDATE rows SET kind=?3,name=?4,json=?5,fetched_us=?6,flags=(flags&%d)|?7,walk=?8"
             " WHERE key=?1 AND parent=?2",
             CACHE_FLAGS_DETAIL);
    page->update = store_db_query(cache->db, err, update, "");
    page->insert = store_db_query(cache->db, err,
                                  "INSERT OR REPLACE INTO"
                                  " rows(key,parent,kind,name,json,fetched_us,flags,walk)"
                                  " VALUES(?1,?2,?3,?4,?5,?6,?7,?8)",
                                  "");
    if (page->update == NULL || page->insert == NULL)
        rc = -1;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = page_row(cache, page, parent, walk, &rows[i],
                      rows[i].fetched_us != 0 ? rows[i].fetched_us : now, err);
    sqlite3_finalize(page->update);
    sqlite3_finalize(page->insert);
    return rc;
}

int64_t store_cache_walk(struct store_cache *cache)
{
    int64_t now = base_seam_now_us(cache->seam);
    cache->walk = now > cache->walk ? now : cache->walk + 1; /* also while the clock stands */
    return cache->walk;
}

int store_cache_page(struct store_cache *cache, const char *parent, int64_t walk,
                     const struct store_cached *rows, size_t count, struct err *err)
{
    struct page page = {0};
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    int rc = cache_end(cache, page_body(cache, &page, parent, walk, rows, count, err), err);
    if (rc == 0 && page.came)
        epoch_next(cache, parent);
    return rc;
}

/* What the walk has not seen, and all below it. */
#define GONE                                                                                       \
    " IN (WITH RECURSIVE gone(k) AS (SELECT key FROM rows WHERE parent=?1 AND walk<>?2"            \
    " UNION ALL SELECT r.key FROM rows r JOIN gone ON r.parent=gone.k) SELECT k FROM gone)"

static int listed_body(struct store_cache *cache, const char *parent, int64_t walk, bool *went,
                       struct err *err)
{
    if (store_db_run(cache->db, err, "DELETE FROM listed WHERE parent" GONE, "ti", parent, walk) !=
            0 ||
        store_db_run(cache->db, err, "DELETE FROM rows WHERE key" GONE, "ti", parent, walk) != 0)
        return -1;
    *went = sqlite3_changes(cache->db) > 0;
    return store_db_run(cache->db, err, "INSERT OR REPLACE INTO listed(parent,at_us) VALUES(?,?)",
                        "ti", parent, base_seam_now_us(cache->seam));
}

int store_cache_listed(struct store_cache *cache, const char *parent, int64_t walk, struct err *err)
{
    bool went = false;
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    int rc = cache_end(cache, listed_body(cache, parent, walk, &went, err), err);
    if (rc == 0 && went)
        epoch_next(cache, parent);
    return rc;
}

int store_cache_replace(struct store_cache *cache, const char *parent,
                        const struct store_cached *rows, size_t count, struct err *err)
{
    int64_t walk = store_cache_walk(cache);
    if (store_cache_page(cache, parent, walk, rows, count, err) != 0)
        return -1;
    return store_cache_listed(cache, parent, walk, err);
}

int store_cache_put(struct store_cache *cache, const struct store_cached *row, struct err *err)
{
    int64_t walk;
    if (store_db_number(cache->db, err, &walk, 0, "SELECT walk FROM rows WHERE key=?", "t",
                        row->key) != 0)
        return -1;
    return store_cache_page(cache, row->parent, walk, row, 1, err);
}

int store_cache_detail(struct store_cache *cache, const char *key, const char *detail,
                       int64_t flags, struct err *err)
{
    return store_db_run(cache->db, err,
                        "UPDATE rows SET detail=?,detail_us=?,flags=(flags&~?)|? WHERE key=?",
                        "tiiit", detail, base_seam_now_us(cache->seam), (int64_t)CACHE_FLAGS_LOOK,
                        flags & CACHE_FLAGS_LOOK, key);
}

static struct store_cached cache_row(sqlite3_stmt *stmt)
{
    return (struct store_cached){.key = store_db_text(stmt, 0),
                                 .parent = store_db_text(stmt, 1),
                                 .kind = store_db_text(stmt, 2),
                                 .name = store_db_text(stmt, 3),
                                 .json = store_db_text(stmt, 4),
                                 .fetched_us = sqlite3_column_int64(stmt, 5),
                                 .flags = sqlite3_column_int64(stmt, 6),
                                 .detail = store_db_text_or_null(stmt, 7),
                                 .detail_us = sqlite3_column_int64(stmt, 8)};
}

bool store_cache_get(struct store_cache *cache, const char *key, struct store_cached *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *stmt =
        store_db_query(cache->db, NULL, ROW_COLUMNS " FROM rows WHERE key=?", "t", key);
    if (stmt == NULL)
        return false;
    bool found = store_db_step(stmt, NULL) == 1;
    if (found)
        *out = cache_row(stmt);
    sqlite3_finalize(stmt);
    return found;
}

int64_t store_cache_age(struct store_cache *cache, const char *parent)
{
    int64_t at;
    if (store_db_number(cache->db, NULL, &at, 0, "SELECT at_us FROM listed WHERE parent=?", "t",
                        parent) != 0)
        return 0;
    return at;
}

/* Finalizes stmt. */
static int cache_collect(sqlite3_stmt *stmt, struct store_cached **out, size_t *count,
                         struct err *err)
{
    vec_of(struct store_cached) rows = {0};
    int rc;
    if (stmt == NULL)
        return -1;
    while ((rc = store_db_step(stmt, err)) == 1)
        vec_push(&rows, cache_row(stmt));
    sqlite3_finalize(stmt);
    if (rc < 0) {
        store_cached_free(rows.items, rows.count);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

static int64_t cache_limit(int limit)
{
    return limit <= 0 || limit > CACHE_LIST_MAX ? CACHE_LIST_MAX : limit;
}

#define LIST_WHERE " FROM rows WHERE parent=?1 AND (?2='' OR instr(lower(name),lower(?2))>0)"

int store_cache_list(struct store_cache *cache, const char *parent, const char *filter,
                     enum store_cache_order order, int64_t offset, int limit,
                     struct store_cached **out, size_t *count, int64_t *total, struct err *err)
{
    static const char *const queries[] = {
        [CACHE_BY_NAME] = ROW_COLUMNS LIST_WHERE " ORDER BY name,key LIMIT ?3 OFFSET ?4",
        [CACHE_BY_NAME_DESC] =
            ROW_COLUMNS LIST_WHERE " ORDER BY name DESC,key DESC LIMIT ?3 OFFSET ?4",
        [CACHE_BY_AGE] = ROW_COLUMNS LIST_WHERE " ORDER BY fetched_us,name,key LIMIT ?3 OFFSET ?4"};
    const char *wanted = filter != NULL ? filter : "";
    if (total != NULL && store_db_number(cache->db, err, total, 0, "SELECT count(*)" LIST_WHERE,
                                         "tt", parent, wanted) != 0)
        return -1;
    return cache_collect(store_db_query(cache->db, err, queries[order], "ttii", parent, wanted,
                                        cache_limit(limit), offset),
                         out, count, err);
}

int64_t store_cache_number(struct store_cache *cache, const char *name)
{
    int64_t value;
    if (store_db_number(cache->db, NULL, &value, 0, "SELECT value FROM numbers WHERE name=?", "t",
                        name) != 0)
        return 0;
    return value;
}

int store_cache_number_put(struct store_cache *cache, const char *name, int64_t value,
                           struct err *err)
{
    return store_db_run(cache->db, err, "INSERT OR REPLACE INTO numbers(name,value) VALUES(?,?)",
                        "ti", name, value);
}

int store_cache_each(struct store_cache *cache, const char *kind, const char *parent,
                     void (*each)(void *user, const struct store_cached *row), void *user,
                     struct err *err)
{
    sqlite3_stmt *stmt =
        store_db_query(cache->db, err,
                       parent ? "SELECT key,parent,kind,name,flags FROM rows"
                                " WHERE kind=?1 AND parent=?2 ORDER BY parent,name,key"
                              : "SELECT key,parent,kind,name,flags FROM rows"
                                " WHERE kind=?1 ORDER BY parent,name,key",
                       parent ? "tt" : "t", kind, parent);
    int rc;
    if (stmt == NULL)
        return -1;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_cached row = {.key = (char *)sqlite3_column_text(stmt, 0),
                                   .parent = (char *)sqlite3_column_text(stmt, 1),
                                   .kind = (char *)sqlite3_column_text(stmt, 2),
                                   .name = (char *)sqlite3_column_text(stmt, 3),
                                   .flags = sqlite3_column_int64(stmt, 4)};
        each(user, &row);
    }
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

int store_cache_clear(struct store_cache *cache, struct err *err)
{
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    cache->epoch++;
    base_map_free(&cache->epochs, free);
    cache->epochs = base_map_new();
    epoch_next(cache, "");
    return cache_end(
        cache,
        store_db_exec(cache->db, "DELETE FROM rows; DELETE FROM listed; DELETE FROM numbers", err),
        err);
}
