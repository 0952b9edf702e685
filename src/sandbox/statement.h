/* Statements: their lives, threads and results. Private to the room; the endpoints are in
 * statement_http.c. */
#ifndef AAMPE_SANDBOX_STATEMENT_H
#define AAMPE_SANDBOX_STATEMENT_H

#include "sandbox/query.h"
#include "sandbox/server.h"

enum sandbox_statement_state {
    SANDBOX_PENDING,
    SANDBOX_RUNNING,
    SANDBOX_SUCCEEDED,
    SANDBOX_FAILED,
    SANDBOX_CANCELED,
    SANDBOX_CLOSED
};

enum sandbox_format { SANDBOX_JSON_ARRAY, SANDBOX_ARROW_STREAM, SANDBOX_CSV };

/* Fields up to `body` are fixed when it starts. The rest is written by its thread before the state
 * turns terminal, and `state` itself only under the store's lock: read it through
 * sandbox_statement_state. */
struct sandbox_statement {
    char id[37];
    char *principal, *warehouse_id, *catalog, *schema, *time_zone;
    const char *text; /* inside body */
    char *agent;      /* User-Agent of the submitting call, or NULL */
    enum sandbox_format format;
    bool inline_result, lz4, compression_named;
    int64_t row_limit, byte_limit; /* 0: none */
    cJSON *body;                   /* the request; parameters point into it */

    struct sandbox_query *query;
    size_t chunks; /* that are given out; fewer than the query has when byte_limit cut it */
    int64_t total_rows, total_bytes;
    bool truncated;
    vec_of(char *) inline_chunks; /* data_array texts */
    struct sandbox_query_error error;
    cJSON *faults; /* about this result, [] when none */

    struct sandbox_server *server;
    int64_t past; /* its number in the history */
    enum sandbox_statement_state state;
    volatile bool cancel;
    int64_t finished_us;
    int holders;    /* threads that look at it */
    bool forgotten; /* out of the store; the last holder frees it */
};

struct sandbox_statements *sandbox_statements_new(void);
/* Cancels what runs and waits for it. */
void sandbox_statements_free(struct sandbox_statements **statements);

/* Takes the statement (made by the submit endpoint) into the store and starts its thread; held once
 * for the caller. */
void sandbox_statement_start(struct sandbox_server *server, struct sandbox_statement *statement);
/* By id, held; NULL when unknown or too old. Ages it by the sandbox clock first. */
struct sandbox_statement *sandbox_statement_hold(struct sandbox_server *server, const char *id);
void sandbox_statement_release(struct sandbox_statement **statement);
enum sandbox_statement_state sandbox_statement_state(struct sandbox_statement *statement);
/* Until it is over, or so long (real time), or the server stops. */
enum sandbox_statement_state sandbox_statement_wait(struct sandbox_statement *statement,
                                                    int64_t ms);
void sandbox_statement_cancel(struct sandbox_statement *statement);
/* How it failed; takes the message. */
void sandbox_statement_error(struct sandbox_statement *statement, const char *code,
                             const char *sqlstate, char *message);
void sandbox_statement_close(struct sandbox_statement *statement);
/* Wakes those who wait for the sandbox clock. */
void sandbox_statements_wake(struct sandbox_server *server);
void sandbox_statement_free(struct sandbox_statement *statement);

/* statement_json.c: the StatementResponse of a state, and the ResultData of a chunk. Callers
 * delete. */
cJSON *sandbox_statement_json(struct sandbox_statement *statement,
                              enum sandbox_statement_state state);
cJSON *sandbox_statement_result(struct sandbox_statement *statement, size_t chunk);

/* link.c: a fresh presigned URL for a chunk, malloc'd; *expires_us: when it ends. */
char *sandbox_link_make(struct sandbox_statement *statement, size_t chunk, int64_t *expires_us);

/* fault_statement.c: does a switched-on fault end this statement, which would succeed?
 * SANDBOX_FAILED with its error filled, SANDBOX_CANCELED, SANDBOX_CLOSED; SANDBOX_SUCCEEDED: no. */
enum sandbox_statement_state sandbox_statement_fault(struct sandbox_statement *statement);
/* Is it closed under the caller who asks for this chunk? */
bool sandbox_statement_fault_chunk(struct sandbox_statement *statement, int64_t chunk);
/* The kill switch for external links: true when the call was refused. */
bool sandbox_statement_fault_links(struct sandbox_exchange *exchange,
                                   const struct sandbox_statement *statement);

/* lie.c: what switched-on faults change in a manifest, in links, in a chunk's bytes. */
bool sandbox_lie_target_good(const char *target);
void sandbox_lie_manifest(const cJSON *faults, cJSON *manifest);
void sandbox_lie_result(const cJSON *faults, cJSON *result);
/* > 0: the chunk's last batches come twice, < 0: its last batch is missing, 0: as it is; *all: all
 * twice. */
int64_t sandbox_lie_rows(const cJSON *faults, size_t chunk, bool *all);

#endif
