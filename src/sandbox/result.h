/* The inside of a result: either a scan of a generated table, made chunk by chunk on demand, or
 * stored batches. */
#ifndef AAMPE_SANDBOX_RESULT_H
#define AAMPE_SANDBOX_RESULT_H

#include "sandbox/arrow.h"
#include "sandbox/ast.h"
#include "sandbox/spool.h"
#include "sandbox/table.h"

struct sandbox_chunk {
    int64_t row, rows, bytes;
    size_t batch, batches; /* stored results */
};

struct sandbox_query {
    struct sandbox_arena *arena;
    char *time_zone;
    size_t column_count;
    struct sandbox_result_column *columns;
    struct sandbox_arrow_field *fields;
    struct sandbox_type *types;
    /* scan */
    const struct sandbox_table *table; /* NULL: stored */
    const struct sandbox_snapshot *snapshot;
    int *scan_columns;
    int64_t first;
    /* stored */
    vec_of(struct sandbox_batch) batches;
    int64_t stored_bytes; /* of the finished ones */
    struct sandbox_spool spool;
    int64_t total;
    bool truncated;
    int64_t batch_rows;
    vec_of(struct sandbox_chunk) chunks;
};

#define SANDBOX_BATCH_BYTES (1 << 20)
#define SANDBOX_MEMORY_MAX ((int64_t)64 << 20) /* beyond: into a file */
#define SANDBOX_STORED_MAX ((int64_t)64 << 30)

/* Names and types of the result; copies into the query's arena. */
void sandbox_result_columns(struct sandbox_query *query, const char *const *names,
                            const struct sandbox_type *types, const bool *nullables, size_t count);
/* One more stored row: the batch to append to, closed and opened as needed. rows are counted by the
 * caller through sandbox_result_row_done. NULL when the result grew beyond what is kept. */
struct sandbox_batch *sandbox_result_row(struct sandbox_query *query);
void sandbox_result_row_done(struct sandbox_query *query);
/* All values of one row at once. */
int sandbox_result_append(struct sandbox_query *query, const struct sandbox_value *values);
void sandbox_result_chunks(struct sandbox_query *query,
                           const struct sandbox_query_request *request);

/* DESCRIBE, SHOW and what changes grants. The workspace's lock is held. */
int sandbox_show_run(struct sql_context *context, const struct sql_statement *statement,
                     struct sandbox_query *query);
struct sandbox_show_column {
    const char *name, *type;
};
void sandbox_show_start(struct sandbox_query *query, const struct sandbox_show_column *columns,
                        size_t count);
struct sandbox_value sandbox_show_text(const char *text); /* NULL: NULL */
struct sandbox_value sandbox_show_number(int64_t number);
/* grant_sql.c */
int sandbox_show_grants(struct sql_context *context, const struct sql_statement *statement,
                        struct sandbox_query *query);
int sandbox_grant_run(struct sql_context *context, const struct sql_statement *statement,
                      struct sandbox_query *query);
/* ddl.c */
int sandbox_ddl_run(struct sql_context *context, const struct sql_statement *statement,
                    struct sandbox_query *query);
int sandbox_view_create(struct sql_context *context, const struct sql_statement *statement,
                        struct sandbox_query *query); /* view_sql.c */
/* Everything that is not a plain scan, by SQLite. */
int sandbox_sqlite_run(struct sql_context *context, struct sql_query *tree,
                       const volatile bool *cancel, struct sandbox_query *query);

#endif
