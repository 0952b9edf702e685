#include "store/state_private.h"

#include "base/alloc.h"

#include <stdio.h>

/* "AAMP": a file that is not ours is refused instead of migrated. */
#define APPLICATION_ID 0x41414d50

/* One string per version, applied in order; never edited once released, only added to. */
static const char *const migrations[] = {
    "CREATE TABLE syncs(sync_uuid TEXT PRIMARY KEY, table_key TEXT NOT NULL, catalog TEXT NOT NULL,"
    " schema TEXT NOT NULL, tbl TEXT NOT NULL, destination TEXT NOT NULL,"
    " last_seq INTEGER NOT NULL DEFAULT 0, created_us INTEGER NOT NULL,"
    " UNIQUE(table_key, destination)) WITHOUT ROWID;"
    "CREATE TABLE batches(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,"
    " asked_by INTEGER NOT NULL, started_us INTEGER NOT NULL,"
    " finished_us INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE runs(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " batch INTEGER NOT NULL REFERENCES batches(id),"
    " sync_uuid TEXT NOT NULL REFERENCES syncs(sync_uuid), seq INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, table_key TEXT NOT NULL, catalog TEXT NOT NULL,"
    " schema TEXT NOT NULL, tbl TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,"
    " source_rows INTEGER NOT NULL DEFAULT -1, manifest_rows INTEGER NOT NULL DEFAULT -1,"
    " decoded_rows INTEGER NOT NULL DEFAULT -1, file_rows INTEGER NOT NULL DEFAULT -1,"
    " files INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,"
    " started_us INTEGER NOT NULL, finished_us INTEGER NOT NULL DEFAULT 0,"
    " chunks_done INTEGER NOT NULL DEFAULT 0, chunks_total INTEGER NOT NULL DEFAULT 0,"
    " err TEXT, UNIQUE(sync_uuid, seq));"
    "CREATE INDEX runs_batch ON runs(batch);"
    "CREATE INDEX runs_table ON runs(table_key);"
    "CREATE INDEX runs_open ON runs(state) WHERE state NOT IN ('CLEANED','FAILED','CANCELLED');"
    "CREATE TABLE plans(run INTEGER PRIMARY KEY REFERENCES runs(id), json TEXT NOT NULL);"
    "CREATE TABLE statements(run INTEGER NOT NULL REFERENCES runs(id), attempt INTEGER NOT NULL,"
    " slice INTEGER NOT NULL, statement_id TEXT NOT NULL, at_us INTEGER NOT NULL,"
    " PRIMARY KEY(run, attempt, slice)) WITHOUT ROWID;"
    "CREATE TABLE groups(run INTEGER NOT NULL REFERENCES runs(id), slice INTEGER NOT NULL,"
    " grp INTEGER NOT NULL, part TEXT NOT NULL, first_chunk INTEGER NOT NULL,"
    " chunks INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " state INTEGER NOT NULL, PRIMARY KEY(run, slice, grp, part)) WITHOUT ROWID;"
    "CREATE TABLE files(run INTEGER NOT NULL REFERENCES runs(id), name TEXT NOT NULL,"
    " length INTEGER NOT NULL, rows INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " PRIMARY KEY(run, name)) WITHOUT ROWID;"
    "CREATE TABLE generations(sync_uuid TEXT NOT NULL REFERENCES syncs(sync_uuid),"
    " seq INTEGER NOT NULL, run INTEGER NOT NULL REFERENCES runs(id),"
    " published_us INTEGER NOT NULL, removed_us INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY(sync_uuid, seq)) WITHOUT ROWID;"
    "CREATE TABLE oplog(id INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, uid INTEGER NOT NULL,"
    " verb TEXT NOT NULL, detail TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE TABLE facts(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE secrets(name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,"
    " created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL) WITHOUT ROWID;",
    /* 2: drafts of ticks */
    "CREATE TABLE draft_head(one INTEGER PRIMARY KEY CHECK(one=1), revision INTEGER NOT NULL,"
    " updated_us INTEGER NOT NULL, author TEXT NOT NULL);"
    "CREATE TABLE draft_ops(id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL,"
    " uid INTEGER NOT NULL, author TEXT NOT NULL, what TEXT NOT NULL, items BLOB NOT NULL);",
};

static int schema_empty(struct store_state *store, bool *empty, struct err *err)
{
    int64_t objects;
    if (store_db_number(store->db, err, &objects, 0, "SELECT count(*) FROM sqlite_schema", "") != 0)
        return -1;
    *empty = objects == 0;
    return 0;
}

static int migrate_step(struct store_state *store, void *arg, struct err *err)
{
    int version = *(const int *)arg;
    char pragma[96];
    snprintf(pragma, sizeof pragma, "PRAGMA application_id=%d; PRAGMA user_version=%d",
             APPLICATION_ID, version + 1);
    if (store_db_exec(store->db, migrations[version], err) != 0)
        return -1;
    return store_db_exec(store->db, pragma, err);
}

static int schema_read(struct store_state *store, int64_t *version, bool *empty, struct err *err)
{
    int64_t application;
    if (store_db_number(store->db, err, version, 0, "PRAGMA user_version", "") != 0 ||
        store_db_number(store->db, err, &application, 0, "PRAGMA application_id", "") != 0 ||
        schema_empty(store, empty, err) != 0)
        return -1;
    if (!*empty && application != APPLICATION_ID)
        return base_err_set(err, ERR_HOST_STATE_CORRUPT,
                            "the state database in '%s' is of another program", store->folder);
    if (*version > (int64_t)base_countof(migrations))
        return base_err_set(err, ERR_HOST_STATE_NEWER,
                            "the state has format %lld, this program knows up to %d",
                            (long long)*version, (int)base_countof(migrations));
    return 0;
}

int store_schema_known(struct store_state *store, struct err *err)
{
    int64_t version;
    bool empty;
    return schema_read(store, &version, &empty, err);
}

int store_migrate(struct store_state *store, struct err *err)
{
    const int newest = (int)base_countof(migrations);
    int64_t version;
    bool empty;
    if (schema_read(store, &version, &empty, err) != 0)
        return -1;
    if (version < newest && !empty && store_backup(store, NULL, err) != 0)
        return base_err_context(err, "no migration without a backup");
    for (int at = (int)version; at < newest; at++)
        if (store_write(store, migrate_step, &at, err) != 0)
            return base_err_context(err, "migration to format %d", at + 1);
    return 0;
}
