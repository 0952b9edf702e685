/* What the files of this room share and nobody else sees. */
#ifndef AAMPE_DATABRICKS_PRIVATE_H
#define AAMPE_DATABRICKS_PRIVATE_H

#include "base/buf.h"
#include "base/json.h"
#include "databricks/client.h"
#include "net/token.h"

/* What a call is about; decides what a bare 403 or 404 means. */
enum databricks_subject {
    SUBJECT_NONE,
    SUBJECT_TABLE,
    SUBJECT_WAREHOUSE,
    SUBJECT_WAREHOUSE_START,
    SUBJECT_SUBMIT,   /* a statement or session on a warehouse */
    SUBJECT_STATEMENT /* one that exists, and its result */
};

struct databricks_problem;

struct databricks {
    struct net_loop *loop;
    struct net_http *http;
    struct net_token *tokens[DATABRICKS_IDENTITIES];
    struct databricks_call *calls;
};

struct databricks_call {
    struct databricks *db;
    struct databricks_call *prev, *next;
    int identity; /* -1: none needed */
    bool inner;   /* a step of another call, which cancels it */
    enum databricks_subject subject;
    /* the request under way */
    const char *method;
    char *path, *body;
    const struct net_retry *retry;
    int idle_ms;
    bool replayed;
    struct net_token_wait *wait;
    struct secret *bearer;
    struct net_call *net;
    uint64_t timer;
    /* Called with the parsed 2xx answer (json may be NULL when the body is empty); must send again
     * or end. */
    void (*parse)(struct databricks_call *call, const cJSON *json, struct net_response *response);
    /* Calls done with its right type and frees what result holds; exactly one of err and result is
     * given, except for calls without a result. */
    void (*deliver)(struct databricks_call *call, const struct err *err, void *result);
    void (*done)(void);
    void *user;
    /* Looks at an error answer before it is delivered; true when it sent another request in its
     * place. May be NULL. */
    bool (*refused)(struct databricks_call *call, const struct databricks_problem *problem);
    void *extra; /* of the family; freed with free_extra, then free() */
    void (*free_extra)(void *extra);
    /* Cancelled by its owner: true when the call lives on by itself, to end at the workspace what
     * it began there. May be NULL. */
    bool (*abandon)(struct databricks_call *call);
    struct err err;     /* for an end that comes later */
    bool calling, dead; /* inside a callback of ours that may cancel; cancelled meanwhile */
};

/* done is stored untyped; deliver casts it back. */
struct databricks_call *databricks_call_new(struct databricks *db, int identity, void (*done)(void),
                                            void *user,
                                            void (*deliver)(struct databricks_call *call,
                                                            const struct err *err, void *result));
/* Sends; path (with query) and body are taken. The previous request of the call must be over. */
void databricks_call_send(struct databricks_call *call, const char *method, char *path, char *body,
                          const struct net_retry *retry,
                          void (*parse)(struct databricks_call *call, const cJSON *json,
                                        struct net_response *response));
/* Delivers and frees the call. */
void databricks_call_end(struct databricks_call *call, const struct err *err, void *result);
/* The same from a timer, for what is found wrong before anything was sent. Uses call->err. */
void databricks_call_end_later(struct databricks_call *call);
/* Brackets a callback to the user in the middle of a call. leave returns false when the call was
 * cancelled in it (and is freed now). */
void databricks_call_enter(struct databricks_call *call);
bool databricks_call_leave(struct databricks_call *call);

/* For calls without a result. */
void databricks_deliver_plain(struct databricks_call *call, const struct err *err, void *result);
/* A 2xx answer is all there is to know. */
void databricks_parse_nothing(struct databricks_call *call, const cJSON *json,
                              struct net_response *response);

/* Appends "?key=value" or "&key=value", both encoded; a NULL value appends nothing. */
void databricks_query_add(struct buf *path, const char *key, const char *value);
void databricks_query_i64(struct buf *path, const char *key, int64_t value);
/* Appends one path segment, percent-encoded. */
void databricks_path_add(struct buf *path, const char *segment);
/* "text" of a member, copied; NULL when absent or empty. */
char *databricks_json_dup(const cJSON *json, const char *key);
/* A walk over pages whose items are kept in memory: where it is, and what it has read. */
struct databricks_pages {
    char *token; /* of the next page; owned */
    int count;
    size_t bytes;
};
/* GET of one page: path, with its query if it has one, and the token (NULL: the first page). */
void databricks_page_send(struct databricks_call *call, const char *path, const char *token,
                          void (*parse)(struct databricks_call *call, const cJSON *json,
                                        struct net_response *response));
/* After a page: 1, there is another one; 0, it was the last; -1 with err, they do not end: the same
 * token again, more than max pages or PAGES_BYTES_MAX of text. what: for the message. */
#define PAGES_BYTES_MAX ((size_t)64 << 20)
int databricks_pages_next(struct databricks_pages *pages, const cJSON *json,
                          const struct net_response *response, int max, const char *what,
                          struct err *err) must_check;
/* Milliseconds member as microseconds; 0 when absent or out of range. */
int64_t databricks_json_ms(const cJSON *json, const char *key);

/* An error answer of any of the shapes of databricks-api.md 2.1, taken apart. */
struct databricks_problem {
    int status;
    char code[64];     /* error_code as text; "" none */
    bool numeric;      /* it was a number */
    char *message;     /* cleaned, one line; never NULL */
    char reason[64];   /* of ErrorInfo */
    char resource[32]; /* ErrorInfo metadata resourceType, upper case */
    char request_id[64];
    int64_t retry_ms; /* RetryInfo or Retry-After; -1 none */
    bool html, private_link;
    bool by_proxy; /* nothing in the answer is the service's, and a proxy was in between */
    int64_t clock_offset_us; /* of the answer's Date header to our clock; 0: fits, or not known */
};
void databricks_problem_read(struct databricks_problem *problem,
                             const struct net_response *response, const cJSON *json);
void databricks_problem_free(struct databricks_problem *problem);
/* Whether the gateway says that the token is over (databricks-api.md 1.4). */
bool databricks_problem_token(const struct databricks_problem *problem);
void databricks_problem_map(const struct databricks_problem *problem,
                            enum databricks_subject subject, struct err *err);
/* status{state, error{error_code, message}, sql_state} of a statement that failed. */
void databricks_sql_map(const cJSON *status, const char *statement_id, struct err *err);

#endif
