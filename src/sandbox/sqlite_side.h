/* The meeting point with SQLite. Values are encoded so that SQLite's own comparison is Databricks':
 * integers, dates, times and booleans as INTEGER; FLOAT and DOUBLE as INTEGER with the order of the
 * numbers (NaN last, as Spark has it); DECIMAL as 16 bytes, big-endian with the sign turned; text
 * as TEXT, BINARY as BLOB. SQLite's REAL is never used. */
#ifndef AAMPE_SANDBOX_SQLITE_SIDE_H
#define AAMPE_SANDBOX_SQLITE_SIDE_H

#include "sandbox/result.h"

#include <sqlite3.h>

/* One operator of a chain of arithmetic: what came before, brought to `to` first where that is
 * said, and the next operand. */
struct sql_step {
    int op; /* its first letter */
    bool cast;
    struct sandbox_type from, to;
    struct sandbox_type type, left, right;
};

struct sql_run {
    struct sql_context *context;
    struct sandbox_arena *scratch; /* texts of one function call; emptied between rows */
    sqlite3 *db;
    const volatile bool *cancel;
    vec_of(struct sandbox_type) types; /* named by number in the SQL we write */
    vec_of(struct sql_step) steps;     /* likewise, by that of the first */
};

void sandbox_sqlite_encode(sqlite3_context *out, const struct sandbox_type *type,
                           const struct sandbox_value *value);
int sandbox_sqlite_bind(sqlite3_stmt *statement, int index, const struct sandbox_type *type,
                        const struct sandbox_value *value);
void sandbox_sqlite_decode(sqlite3_value *in, const struct sandbox_type *type,
                           struct sandbox_value *value);
/* Ends the statement with a Databricks error: "SQLSTATE|message". */
__attribute__((format(printf, 3, 4))) void
sandbox_sqlite_fail(sqlite3_context *out, const char *sqlstate, const char *fmt, ...);
int sandbox_sqlite_functions(struct sql_run *run);
int sandbox_sqlite_scalars(struct sql_run *run); /* text, time and hash functions */
int sandbox_sqlite_scan(struct sql_run *run, const struct sql_source *source);
/* Writes SQLite's SQL. Literals become bound values, in context->bound. */
int sandbox_sqlite_emit(struct sql_run *run, const struct sql_query *query, struct buf *out);

#endif
