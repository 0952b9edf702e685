#include "store/db.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int store_db_error(sqlite3 *db, struct err *err, const char *what)
{
    int rc = sqlite3_errcode(db);
    int error = sqlite3_system_errno(db);
    const char *text = sqlite3_errmsg(db);
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return base_err_set(err, ERR_HOST_DISK_FULL, "%s: %s", what, text);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return base_err_set(err, ERR_HOST_STATE_CORRUPT, "%s: %s", what, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return base_err_set(err, ERR_HOST_STATE_LOCKED, "%s: %s", what, text);
    case SQLITE_READONLY:
        return base_err_set(err, ERR_HOST_READONLY, "%s: %s", what, text);
    case SQLITE_PERM:
        return base_err_set(err, ERR_HOST_PERMISSION, "%s: %s", what, text);
    case SQLITE_NOMEM:
        return base_err_set(err, ERR_HOST_MEMORY, "%s: %s", what, text);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (error != 0)
            return base_err_errno(err, error, "%s: %s", what, text);
        return base_err_set(err, ERR_HOST_IO_ERROR, "%s: %s", what, text);
    default:
        return base_err_set(err, ERR_INTERNAL, "%s: %s", what, text);
    }
}

static int db_configure(sqlite3 *db, const char *synchronous, struct err *err)
{
    char sync_mode[64];
    snprintf(sync_mode, sizeof sync_mode, "PRAGMA synchronous=%s", synchronous);
    /* exclusive before WAL: then there is no shared-memory file and no second connection can slip
     * in */
    const char *const pragmas[] = {"PRAGMA locking_mode=EXCLUSIVE",
                                   "PRAGMA journal_mode=WAL",
                                   sync_mode,
                                   "PRAGMA mmap_size=0",
                                   "PRAGMA foreign_keys=ON",
                                   "PRAGMA trusted_schema=OFF",
                                   "PRAGMA cell_size_check=ON",
                                   "PRAGMA temp_store=MEMORY"};
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    for (size_t i = 0; i < base_countof(pragmas); i++)
        if (store_db_exec(db, pragmas[i], err) != 0)
            return -1;
    return 0;
}

sqlite3 *store_db_open(const char *path, const char *synchronous, struct err *err)
{
    if (path[0] == '/') {
        /* made here because SQLite's own mode follows the umask; its other files copy the mode of
         * this one */
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0) {
            base_err_errno(err, errno, "cannot open '%s'", path);
            return NULL;
        }
        close(fd);
    }
    sqlite3 *db = NULL;
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        if (db == NULL)
            base_err_set(err, ERR_HOST_MEMORY, "no memory for SQLite");
        else
            store_db_error(db, err, "cannot open the database");
        sqlite3_close(db);
        return NULL;
    }
    if (db_configure(db, synchronous, err) != 0)
        store_db_close(&db);
    return db;
}

void store_db_close(sqlite3 **db)
{
    if (*db != NULL && sqlite3_close(*db) != SQLITE_OK)
        bug("a statement is still open: %s", sqlite3_errmsg(*db));
    *db = NULL;
}

int store_db_exec(sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        char what[64];
        snprintf(what, sizeof what, "state: %.40s", sql);
        return store_db_error(db, err, what);
    }
    return 0;
}

static int stmt_bind(sqlite3_stmt *stmt, const char *types, va_list args)
{
    int at = 0, rc = SQLITE_OK;
    for (const char *type = types; *type != '\0' && rc == SQLITE_OK; type++) {
        at++;
        if (*type == 'i') {
            rc = sqlite3_bind_int64(stmt, at, va_arg(args, int64_t));
        } else if (*type == 't') {
            rc = store_db_bind_text(stmt, at, va_arg(args, const char *));
        } else if (*type == 'b') {
            const void *data = va_arg(args, const void *);
            rc = sqlite3_bind_blob64(stmt, at, data, va_arg(args, size_t), SQLITE_TRANSIENT);
        } else {
            bug("unknown value type '%c'", *type);
        }
    }
    return rc;
}

int store_db_bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
    return text == NULL ? sqlite3_bind_null(stmt, at)
                        : sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
}

static sqlite3_stmt *stmt_make(sqlite3 *db, struct err *err, const char *sql, const char *types,
                               va_list args)
{
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        store_db_error(db, err, "state: prepare");
        return NULL;
    }
    if (stmt_bind(stmt, types, args) != SQLITE_OK) {
        store_db_error(db, err, "state: bind");
        sqlite3_finalize(stmt);
        return NULL;
    }
    return stmt;
}

sqlite3_stmt *store_db_query(sqlite3 *db, struct err *err, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = stmt_make(db, err, sql, types, args);
    va_end(args);
    return stmt;
}

int store_db_step(sqlite3_stmt *stmt, struct err *err)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : store_db_error(sqlite3_db_handle(stmt), err, "state: step");
}

int store_db_run(sqlite3 *db, struct err *err, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = stmt_make(db, err, sql, types, args);
    va_end(args);
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

int store_db_number(sqlite3 *db, struct err *err, int64_t *out, int64_t fallback, const char *sql,
                    const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *stmt = stmt_make(db, err, sql, types, args);
    va_end(args);
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    *out = rc == 1 && sqlite3_column_type(stmt, 0) != SQLITE_NULL ? sqlite3_column_int64(stmt, 0)
                                                                  : fallback;
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

char *store_db_text_or_null(sqlite3_stmt *stmt, int column)
{
    return base_strdup((const char *)sqlite3_column_text(stmt, column));
}

char *store_db_text(sqlite3_stmt *stmt, int column)
{
    char *text = store_db_text_or_null(stmt, column);
    return text != NULL ? text : base_strdup("");
}

void store_db_text_into(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    snprintf(out, size, "%s", text != NULL ? text : "");
}

void store_db_blob_into(sqlite3_stmt *stmt, int column, void *out, size_t size)
{
    const void *data = sqlite3_column_blob(stmt, column);
    memset(out, 0, size);
    if (data != NULL && (size_t)sqlite3_column_bytes(stmt, column) == size)
        memcpy(out, data, size);
}
