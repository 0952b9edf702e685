/* SQL statement execution, sessions, result chunks and their presigned links. databricks-api.md 4.
 */
#ifndef AAMPE_DATABRICKS_STATEMENT_H
#define AAMPE_DATABRICKS_STATEMENT_H

#include "base/buf.h"
#include "databricks/client.h"
#include "model/type.h"

enum databricks_state {
    DATABRICKS_PENDING,
    DATABRICKS_RUNNING,
    DATABRICKS_SUCCEEDED,
    DATABRICKS_FAILED,
    DATABRICKS_CANCELED,
    DATABRICKS_CLOSED,
    DATABRICKS_STATE_OTHER
};
bool databricks_state_over(enum databricks_state state);
const char *databricks_state_name(enum databricks_state state);

struct databricks_chunk {
    int64_t index, row_offset, row_count, byte_count; /* byte_count -1: not said */
};
/* What the workspace says the result is. Nothing is checked against anything here: a lying manifest
 * is the caller's to find (reliability.md (c) rule 6). Absent numbers are -1. */
struct databricks_manifest {
    char *format;      /* "ARROW_STREAM", "JSON_ARRAY" */
    char *compression; /* "LZ4_FRAME"; NULL: none */
    struct model_schema columns;
    int64_t column_count, total_chunk_count, total_row_count, total_byte_count;
    struct databricks_chunk *chunks;
    size_t chunk_count;
    bool truncated;
};
void databricks_manifest_free(struct databricks_manifest *manifest);

/* A presigned link: url and headers are credentials, never log them. */
struct databricks_link {
    struct secret *url;
    struct secret **headers; /* "Name: value" */
    size_t header_count;
    int64_t chunk_index, row_offset, row_count, byte_count, next_chunk_index; /* -1: not said */
    int64_t expires_us;                                                       /* 0: not said */
};
struct databricks_links {
    struct databricks_link *items;
    size_t count;
};
void databricks_link_free(struct databricks_link *link);
void databricks_links_free(struct databricks_links *links);

/* Rows of JSON_ARRAY; a NULL cell is SQL NULL. cells[row * column_count + column]. */
struct databricks_rows {
    char **cells;
    size_t row_count, column_count;
};
void databricks_rows_free(struct databricks_rows *rows);

struct databricks_statement {
    char id[64];
    enum databricks_state state;
    bool has_manifest;
    struct databricks_manifest manifest;
    struct databricks_links links; /* those that came along, usually of chunk 0 */
    struct databricks_rows rows;   /* inline rows that came along */
    int64_t next_chunk;            /* of inline results; -1: none */
    struct err error; /* of FAILED, CANCELED, CLOSED: mapped, with SQLSTATE and statement id */
};
void databricks_statement_free(struct databricks_statement *statement);

struct databricks_param {
    const char *name, *type, *value; /* type NULL = STRING; value NULL = SQL NULL */
};
struct databricks_execute {
    const char *warehouse;
    const char *session; /* or NULL */
    const char *sql;
    const struct databricks_param *params;
    size_t param_count;
    bool inline_json;  /* INLINE + JSON_ARRAY; else EXTERNAL_LINKS + ARROW_STREAM */
    bool lz4;          /* ask for LZ4_FRAME; what came is in manifest.compression */
    int wait_seconds;  /* 0, or 5..50: how long the answer may be held back; 0 gives PENDING at once
                        */
    int64_t row_limit; /* 0: none */
};

/* timezone and spark.sql.session.timeZone are both set to UTC. */
struct databricks_call *databricks_session_open(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    void (*done)(void *user, const struct err *err, const char *session_id), void *user);
struct databricks_call *databricks_session_close(struct databricks *db,
                                                 enum databricks_identity identity,
                                                 const char *warehouse, const char *session_id,
                                                 void (*done)(void *user, const struct err *err),
                                                 void *user);

/* Submitted at most once unless it surely was not taken (429, 503, connect failure). A failed
 * statement is a result whose state and error say so, not an err. */
struct databricks_call *databricks_statement_execute(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_execute *execute,
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user);
/* Polls (200 ms growing to 5 s) until the state is over. Anything but SUCCEEDED comes as err.
 * `state` (may be NULL) is told of every poll's state. No time limit of its own. */
struct databricks_call *databricks_statement_wait(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*state)(void *user, enum databricks_state state),
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user);
/* Fresh links of one chunk, in any order, as often as wanted. Result gone: SRC_STMT_CLOSED. */
struct databricks_call *databricks_statement_links(
    struct databricks *db, enum databricks_identity identity, const char *id, int64_t chunk,
    void (*done)(void *user, const struct err *err, struct databricks_links *links), void *user);
/* Accepted also when it is over already; the truth comes from get. */
struct databricks_call *databricks_statement_cancel(struct databricks *db,
                                                    enum databricks_identity identity,
                                                    const char *id,
                                                    void (*done)(void *user, const struct err *err),
                                                    void *user);
/* Releases the result. Not there any more is no error. */
struct databricks_call *
databricks_statement_close(struct databricks *db, enum databricks_identity identity, const char *id,
                           void (*done)(void *user, const struct err *err), void *user);

/* The host of a link could not be reached (NET_DNS, NET_CONNECT; err->host names it), though the
 * workspace was: SRC_LINK_HOST_UNREACHABLE, with what is to be opened as the hint. */
void databricks_link_unreached(struct err *err);
/* Bare GET of a link with its headers. done gets the bytes (take them with base_buf_take), err
 * otherwise: SRC_LINK_EXPIRED (401/403/404/400 after, or within 60 s of, its expiration; ask for
 * the chunk again), SRC_LINK_FORBIDDEN (same status, link still fresh), SRC_CHUNK_SHORT (fewer
 * bytes than Content-Length), SRC_LINK_HOST_UNREACHABLE, SEC_HOST_REFUSED, LIMIT_EXCEEDED (more
 * than max_bytes), NET_*, TLS_*. progress may be NULL. */
struct databricks_call *
databricks_link_fetch(struct databricks *db, const struct databricks_link *link, size_t max_bytes,
                      void (*progress)(void *user, int64_t received),
                      void (*done)(void *user, const struct err *err, struct buf *body),
                      void *user);

/* For small results: executes INLINE, waits, walks all chunks, closes nothing. At most max_rows are
 * kept (LIMIT_EXCEEDED beyond). */
struct databricks_query {
    char id[64];
    struct databricks_manifest manifest;
    struct databricks_rows rows;
};
void databricks_query_free(struct databricks_query *query);
struct databricks_call *databricks_query_json(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    const char *sql, const struct databricks_param *params, size_t param_count, size_t max_rows,
    void (*done)(void *user, const struct err *err, struct databricks_query *query), void *user);
/* The same for somebody who waits and may change their mind: the submission is not held back, so
 * that databricks_query_stop finds a statement to cancel. */
struct databricks_call *databricks_query_stoppable(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    const char *sql, size_t max_rows,
    void (*done)(void *user, const struct err *err, struct databricks_query *query), void *user);
/* Cancels the statement at the workspace; done gets CANCELLED_BY_USER, from inside this call when
 * the statement's id is known already, else as soon as it is. */
void databricks_query_stop(struct databricks_call *call);

#endif
