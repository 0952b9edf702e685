/* Private to store: SQLite with errors as codes, and one line for a statement with its values.
 * types: i int64_t, t const char * (NULL allowed), b const void * and size_t. */
#ifndef AAMPE_STORE_DB_H
#define AAMPE_STORE_DB_H

#include "base/err.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* Sets err from the connection's last error. Returns -1. */
int store_db_error(sqlite3 *db, struct err *err, const char *what);
/* Opens read-write, made 0600 if absent; exclusive, WAL, given synchronous mode ("FULL"). */
sqlite3 *store_db_open(const char *path, const char *synchronous, struct err *err);
void store_db_close(sqlite3 **db);
int store_db_exec(sqlite3 *db, const char *sql, struct err *err) must_check;
/* Runs a statement that yields no rows. */
int store_db_run(sqlite3 *db, struct err *err, const char *sql, const char *types, ...) must_check;
/* A bound statement to step; NULL on error. sqlite3_finalize it. */
sqlite3_stmt *store_db_query(sqlite3 *db, struct err *err, const char *sql, const char *types, ...);
/* Binds one more value at a position counted from 1, for statements built piece by piece. */
int store_db_bind_text(sqlite3_stmt *stmt, int at, const char *text);
/* 1 a row, 0 the end, -1 error. */
int store_db_step(sqlite3_stmt *stmt, struct err *err);
/* One number, or fallback when there is no row; -1 on error (then err is set). */
int store_db_number(sqlite3 *db, struct err *err, int64_t *out, int64_t fallback, const char *sql,
                    const char *types, ...) must_check;

/* Columns of the current row. Text is malloc'd ("" for NULL), or NULL stays NULL with _or_null. */
char *store_db_text(sqlite3_stmt *stmt, int column);
char *store_db_text_or_null(sqlite3_stmt *stmt, int column);
void store_db_text_into(sqlite3_stmt *stmt, int column, char *out, size_t size);
void store_db_blob_into(sqlite3_stmt *stmt, int column, void *out, size_t size);

#endif
