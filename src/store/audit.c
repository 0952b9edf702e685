#include "store/audit.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "store/cache_private.h"
#include "store/db.h"

#include <stdlib.h>

#define KEEP_US (INT64_C(30) * 86400 * 1000000)

/* Made when it is first used: it is no part of what the cache's version counts. */
static sqlite3 *audit_db(struct store_cache *cache, struct err *err)
{
    sqlite3 *db = store_cache_db(cache);
    int rc =
        store_db_exec(db,
                      "CREATE TABLE IF NOT EXISTS audit(id TEXT PRIMARY KEY, who TEXT NOT NULL,"
                      " at_us INTEGER NOT NULL, address TEXT NOT NULL, json TEXT NOT NULL)"
                      " WITHOUT ROWID;"
                      "CREATE INDEX IF NOT EXISTS audit_at ON audit(who, at_us)",
                      err);
    return rc == 0 ? db : NULL;
}

void store_audits_free(struct store_audit *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(rows[i].id);
        free(rows[i].address);
        free(rows[i].json);
    }
    free(rows);
}

static int put_all(sqlite3 *db, const char *who, const struct store_audit *rows, size_t count,
                   struct err *err)
{
    int64_t newest = 0;
    for (size_t i = 0; i < count; i++) {
        const struct store_audit *row = &rows[i];
        if (store_db_run(db, err,
                         "INSERT OR IGNORE INTO audit(id,who,at_us,address,json) VALUES(?,?,?,?,?)",
                         "ttitt", row->id, who, row->time_us, row->address ? row->address : "",
                         row->json) != 0)
            return -1;
        newest = row->time_us > newest ? row->time_us : newest;
    }
    return store_db_run(db, err, "DELETE FROM audit WHERE at_us<?", "i", newest - KEEP_US);
}

int store_audit_put(struct store_cache *cache, const char *who, const struct store_audit *rows,
                    size_t count, struct err *err)
{
    sqlite3 *db = audit_db(cache, err);
    if (db == NULL || store_db_exec(db, "BEGIN", err) != 0)
        return -1;
    int rc = put_all(db, who, rows, count, err);
    if (rc == 0)
        rc = store_db_exec(db, "COMMIT", err);
    if (rc != 0)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

int store_audit_list(struct store_cache *cache, const char *who, int64_t since_us, int64_t until_us,
                     int limit, struct store_audit **out, size_t *count, struct err *err)
{
    vec_of(struct store_audit) rows = {0};
    sqlite3 *db = audit_db(cache, err);
    sqlite3_stmt *stmt =
        db ? store_db_query(db, err,
                            "SELECT id,address,json,at_us FROM audit WHERE who=? AND at_us>? AND"
                            " at_us<=? ORDER BY at_us DESC,id LIMIT ?",
                            "tiii", who, since_us, until_us, (int64_t)limit)
           : NULL;
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_audit row = {.id = store_db_text(stmt, 0),
                                  .address = store_db_text(stmt, 1),
                                  .json = store_db_text(stmt, 2),
                                  .time_us = sqlite3_column_int64(stmt, 3)};
        vec_push(&rows, row);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        store_audits_free(rows.items, rows.count);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

int64_t store_audit_first(struct store_cache *cache, const char *who, const char *address)
{
    struct err err = ERR_INIT;
    sqlite3 *db = audit_db(cache, &err);
    int64_t first = 0;
    if (db == NULL || store_db_number(db, &err, &first, 0,
                                      "SELECT coalesce(min(at_us),0) FROM audit WHERE who=?1 AND"
                                      " (?2 IS NULL OR address=?2)",
                                      "tt", who, address) != 0)
        return 0;
    return first;
}
