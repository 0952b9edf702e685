#include "store/cache.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "store/cache_private.h"
#include "store/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_VERSION 1
#define CACHE_LIST_MAX 500

struct store_cache {
    sqlite3 *db;
    struct base_seam *seam;
    int64_t epoch;
};

static const char cache_schema[] =
    "CREATE TABLE rows(key TEXT PRIMARY KEY, parent TEXT NOT NULL, kind TEXT NOT NULL,"
    " name TEXT NOT NULL COLLATE NOCASE, json TEXT NOT NULL, fetched_us INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE INDEX rows_parent ON rows(parent, name);"
    "CREATE TABLE listed(parent TEXT PRIMARY KEY, at_us INTEGER NOT NULL) WITHOUT ROWID;"
    "PRAGMA user_version=1";

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
    cache->epoch = base_seam_now_us(seam); /* epochs of an earlier process never come again */
    return cache;
}

void store_cache_free(struct store_cache **cache_ptr)
{
    struct store_cache *cache = *cache_ptr;
    if (cache == NULL)
        return;
    store_db_close(&cache->db);
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

void store_cached_clear(struct store_cached *row)
{
    free(row->key);
    free(row->parent);
    free(row->kind);
    free(row->name);
    free(row->json);
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
    cache->epoch++;
    return rc;
}

static int cache_insert(struct store_cache *cache, const char *parent,
                        const struct store_cached *row, int64_t fetched_us, struct err *err)
{
    return store_db_run(cache->db, err,
                        "INSERT OR REPLACE INTO rows(key,parent,kind,name,json,fetched_us)"
                        " VALUES(?,?,?,?,?,?)",
                        "tttt"
                        "ti",
                        row->key, parent, row->kind, row->name,
                        row->json != NULL ? row->json : "{}", fetched_us);
}

/* Rows whose parent is gone, level by level: a securable tree is only a few levels deep. */
static int cache_prune(struct store_cache *cache, struct err *err)
{
    int changes;
    do {
        if (store_db_run(
                cache->db, err,
                "DELETE FROM rows WHERE parent<>'' AND parent NOT IN (SELECT key FROM rows)",
                "") != 0)
            return -1;
        changes = sqlite3_changes(cache->db);
    } while (changes > 0);
    return store_db_run(cache->db, err,
                        "DELETE FROM listed WHERE parent<>'' AND parent NOT IN"
                        " (SELECT key FROM rows)",
                        "");
}

static int cache_replace_body(struct store_cache *cache, const char *parent, const char *kind,
                              const struct store_cached *rows, size_t count, struct err *err)
{
    int64_t now = base_seam_now_us(cache->seam);
    if (store_db_run(cache->db, err, "DELETE FROM rows WHERE parent=?1 AND (?2 IS NULL OR kind=?2)",
                     "tt", parent, kind) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (cache_insert(cache, parent, &rows[i], now, err) != 0)
            return -1;
    if (cache_prune(cache, err) != 0)
        return -1;
    return store_db_run(cache->db, err, "INSERT OR REPLACE INTO listed(parent,at_us) VALUES(?,?)",
                        "ti", parent, now);
}

int store_cache_replace(struct store_cache *cache, const char *parent, const char *kind,
                        const struct store_cached *rows, size_t count, struct err *err)
{
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    return cache_end(cache, cache_replace_body(cache, parent, kind, rows, count, err), err);
}

int store_cache_put(struct store_cache *cache, const struct store_cached *row, struct err *err)
{
    int64_t at = row->fetched_us != 0 ? row->fetched_us : base_seam_now_us(cache->seam);
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    return cache_end(cache, cache_insert(cache, row->parent, row, at, err), err);
}

static struct store_cached cache_row(sqlite3_stmt *stmt)
{
    return (struct store_cached){.key = store_db_text(stmt, 0),
                                 .parent = store_db_text(stmt, 1),
                                 .kind = store_db_text(stmt, 2),
                                 .name = store_db_text(stmt, 3),
                                 .json = store_db_text(stmt, 4),
                                 .fetched_us = sqlite3_column_int64(stmt, 5)};
}

bool store_cache_get(struct store_cache *cache, const char *key, struct store_cached *out)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *stmt = store_db_query(
        cache->db, NULL, "SELECT key,parent,kind,name,json,fetched_us FROM rows WHERE key=?", "t",
        key);
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
#define SEARCH_WHERE " FROM rows WHERE instr(lower(key),lower(?1))>0 AND (?2 IS NULL OR kind=?2)"
#define ROW_COLUMNS "SELECT key,parent,kind,name,json,fetched_us"

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

int store_cache_search(struct store_cache *cache, const char *pattern, const char *kind,
                       int64_t offset, int limit, struct store_cached **out, size_t *count,
                       int64_t *total, struct err *err)
{
    if (total != NULL && store_db_number(cache->db, err, total, 0, "SELECT count(*)" SEARCH_WHERE,
                                         "tt", pattern, kind) != 0)
        return -1;
    return cache_collect(store_db_query(cache->db, err,
                                        ROW_COLUMNS SEARCH_WHERE " ORDER BY key LIMIT ?3 OFFSET ?4",
                                        "ttii", pattern, kind, cache_limit(limit), offset),
                         out, count, err);
}

int store_cache_clear(struct store_cache *cache, struct err *err)
{
    if (store_db_exec(cache->db, "BEGIN", err) != 0)
        return -1;
    return cache_end(cache, store_db_exec(cache->db, "DELETE FROM rows; DELETE FROM listed", err),
                     err);
}
