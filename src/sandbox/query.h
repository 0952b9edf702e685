/* A statement of the sandbox's SQL front end: parse, resolve and authorise, type, run; results by
 * chunk. Used by the statement endpoints (statement.c); the front end never sees HTTP. Thread-safe
 * per query. */
#ifndef AAMPE_SANDBOX_QUERY_H
#define AAMPE_SANDBOX_QUERY_H

#include "base/buf.h"
#include "sandbox/workspace.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox_parameter {
    const char *name, *type, *value; /* value NULL = SQL NULL */
    int64_t position;                /* of a nameless one, for "?": from 1 */
};

/* A GRANT or REVOKE that was carried out. */
struct sandbox_grant_change {
    const char *type, *full_name, *principal; /* type: "catalog", "schema", ... */
    const char *const *privileges;
    size_t privilege_count;
    bool grant;
};

struct sandbox_query_request {
    struct sandbox_workspace *workspace;
    const char *principal; /* name as grants use it */
    const char *statement;
    const char *catalog, *schema; /* defaults for unqualified names, may be NULL */
    const char *time_zone;        /* session; NULL = Etc/UTC */
    const struct sandbox_parameter *parameters;
    size_t parameter_count;
    int64_t row_limit; /* 0 = none */
    /* told of grants, may be NULL */
    void (*granted)(void *user, const struct sandbox_grant_change *change);
    void *user;
    int64_t chunk_rows, chunk_bytes; /* caps; 0 = defaults (122880 rows, about 20 MiB) */
};

struct sandbox_query_error {
    char error_code[48]; /* "BAD_REQUEST", "NOT_FOUND", ... of status.error */
    char sqlstate[8];    /* "42501", "42P01", "42703", "42601", ... */
    char *message;       /* Databricks' wording, malloc'd */
};

struct sandbox_result_column {
    char *name;
    char *type_text; /* upper case: "BIGINT", "DECIMAL(10,2)" */
    char *type_name; /* LONG, DECIMAL, TIMESTAMP, STRING, ... */
    char *interval_type;
    int precision, scale; /* DECIMAL only */
};

struct sandbox_query;

/* 0, or -1 with *error filled. Does everything up to knowing columns and total rows. May take long
 * (runs on the statement's own thread); *cancel is looked at from time to time. */
int sandbox_query_run(const struct sandbox_query_request *request, const volatile bool *cancel,
                      struct sandbox_query **query, struct sandbox_query_error *error);
void sandbox_query_free(struct sandbox_query **query);
void sandbox_query_error_free(struct sandbox_query_error *error);

size_t sandbox_query_columns(const struct sandbox_query *query,
                             const struct sandbox_result_column **columns);
int64_t sandbox_query_total_rows(const struct sandbox_query *query);
bool sandbox_query_truncated(const struct sandbox_query *query); /* cut by row_limit */
size_t sandbox_query_chunks(const struct sandbox_query *query);  /* 0 for zero rows */
/* byte_count is that of the uncompressed Arrow stream (an estimate is allowed before it was made).
 */
void sandbox_query_chunk(const struct sandbox_query *query, size_t index, int64_t *row_offset,
                         int64_t *row_count, int64_t *byte_count);
/* One complete Arrow IPC stream, several batches; lz4: LZ4 frames, concatenated where small. May be
 * called from several threads, in any order, repeatedly. */
int sandbox_query_arrow(struct sandbox_query *query, size_t index, bool lz4, struct buf *out);
/* data_array of the chunk as JSON text: [["1","x",null],...]. */
int sandbox_query_json(struct sandbox_query *query, size_t index, struct buf *out);
/* CSV text of the chunk (header line in chunk 0). */
int sandbox_query_csv(struct sandbox_query *query, size_t index, struct buf *out);

#endif
