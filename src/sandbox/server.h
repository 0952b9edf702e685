/* The HTTP side of the sandbox: one struct that all endpoint files share, and the exchange (one
 * request and its answer). Private to the room. Wire facts: databricks-api.md; where a recording
 * disagrees, the recording. */
#ifndef AAMPE_SANDBOX_SERVER_H
#define AAMPE_SANDBOX_SERVER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "sandbox/workspace.h"

#include <stdatomic.h>

struct MHD_Connection;
struct sandbox_faults;
struct sandbox_history;
struct sandbox_journal;
struct sandbox_network;
struct sandbox_secrets;
struct sandbox_sessions;
struct sandbox_statements;
struct sandbox_system;
struct sandbox_tokens;

/* Numbers that can be changed while it runs (`aampe-sandbox set NAME=VALUE`). */
enum sandbox_setting {
    SANDBOX_PAGE_SIZE,           /* items a page when max_results is 0 */
    SANDBOX_CHUNK_ROWS,          /* cap of rows in a chunk; 0 = the data side's default */
    SANDBOX_CHUNK_BYTES,         /* cap of bytes in a chunk; 0 = the data side's default */
    SANDBOX_LINKS_PER_RESPONSE,  /* links in one answer */
    SANDBOX_COLD_START_SECONDS,  /* a stopped warehouse takes this long */
    SANDBOX_TOKEN_SECONDS,       /* life of an OAuth token */
    SANDBOX_LINK_SECONDS,        /* life of a result link */
    SANDBOX_RESULT_SECONDS,      /* results can be fetched this long after success */
    SANDBOX_RECORD_SECONDS,      /* a finished statement is known this long */
    SANDBOX_INLINE_BYTES,        /* cap of an inline result */
    SANDBOX_AUDIT_LAG_SECONDS,   /* rows of system.access.audit come this late */
    SANDBOX_HISTORY_LAG_SECONDS, /* rows of system.query.history likewise */
    /* What no recording settles (databricks-api.md 13). */
    SANDBOX_IP_BLOCKED_BODY,    /* 0: numeric error_code, 1: plain text, 2: PERMISSION_DENIED */
    SANDBOX_UNASSIGNED_REFUSAL, /* who is not of this workspace hears it 0: at the token, 1: later
                                 */
    SANDBOX_INACTIVE_REFUSAL,   /* the same for who is deactivated */
    SANDBOX_CLIENT_STATUS,      /* HTTP status of invalid_client */
    SANDBOX_FEATURE_DISABLED_STATUS,
    SANDBOX_ACCOUNT_TOKENS_ONLY, /* the account's APIs take no token of a workspace */
    SANDBOX_HOST_TYPE,           /* enum sandbox_host */
    SANDBOX_INVISIBLE_STATUS,    /* 403 or 404: an object of Unity Catalog the caller cannot see */
    SANDBOX_BARE_LIFETIME,       /* 1: a secret's lifetime may lack its "s" */
    SANDBOX_SIXTH_SECRET,        /* 0: QUOTA_EXCEEDED, 1: RESOURCE_EXHAUSTED, 2: INVALID_STATE */
    SANDBOX_SETTING_COUNT
};

struct sandbox_server {
    struct base_seam *seam;
    struct sandbox_workspace *workspace;
    struct sandbox_tokens *tokens;
    struct sandbox_secrets *secrets;
    struct sandbox_system *system; /* NULL until the world is loaded */
    struct sandbox_faults *faults;
    struct sandbox_network *network;
    struct sandbox_journal *journal;
    struct sandbox_history *history;
    struct sandbox_sessions *sessions;
    struct sandbox_statements *statements;
    _Atomic int64_t settings[SANDBOX_SETTING_COUNT];
    atomic_bool stopping;
    char *address; /* "http://127.0.0.1:PORT" */
    char *state_folder;
    char *principal; /* applicationId that the printed credentials belong to */
    unsigned char link_key[32];
};

struct sandbox_server *sandbox_server_new(struct base_seam *seam);
void sandbox_server_free(struct sandbox_server **server);
int64_t sandbox_server_setting(struct sandbox_server *server, enum sandbox_setting setting);
/* By name; ERR_USAGE for an unknown one. */
int sandbox_server_set(struct sandbox_server *server, const char *name, int64_t value,
                       struct err *err) must_check;
void sandbox_server_settings_json(struct sandbox_server *server, cJSON *out);

struct sandbox_header {
    char *name, *value;
};

/* One request and its answer, on the thread of its connection. */
struct sandbox_exchange {
    struct sandbox_server *server;
    struct MHD_Connection *connection;
    const char *method;
    char *path;           /* as sent, still percent-encoded, without the query */
    const char *endpoint; /* name in the route table: "tables", "link", ... */
    char *arguments[3];   /* decoded path parameters */
    size_t argument_count;
    char *principal; /* who calls; NULL where no credential is needed */
    char *claimed;   /* the client a token was asked for as, right or wrong */
    char request_id[37];
    int told_status; /* of a statement that failed in an answer of 200; 0: the answer's own */
    char *told;      /* message of a refusal, for the audit log */
    struct buf body;
    vec_of(char *) decoded; /* query values handed out */

    int status; /* 0: nothing answered yet */
    const char *content_type;
    struct buf out;
    vec_of(struct sandbox_header) headers;
    bool oidc;                /* no x-databricks-org-id on these */
    bool object_store;        /* result links: the headers of S3 */
    bool too_large;           /* the body went past the cap */
    int64_t cut_at;           /* send so many bytes of the body, then close; -1: all */
    int64_t bytes_per_second; /* 0: as fast as it goes */
    int64_t skew_seconds;     /* the clock of the Date header is so far ahead */
    bool drop;                /* close without any answer */
    bool address_refused;     /* by an access list */
};

/* Query parameter, percent-decoded; NULL when absent. Lives as long as the exchange. */
const char *sandbox_exchange_query(struct sandbox_exchange *exchange, const char *name);
bool sandbox_exchange_flag(struct sandbox_exchange *exchange, const char *name);
const char *sandbox_exchange_request_header(struct sandbox_exchange *exchange, const char *name);
/* Body as a JSON object; NULL after answering 400 MALFORMED_REQUEST. Caller deletes. */
cJSON *sandbox_exchange_json(struct sandbox_exchange *exchange);

void sandbox_reply_header(struct sandbox_exchange *exchange, const char *name, const char *value);
/* Takes the tree. */
void sandbox_reply_json(struct sandbox_exchange *exchange, int status, cJSON *json);
__attribute__((format(printf, 4, 5))) void sandbox_reply_error(struct sandbox_exchange *exchange,
                                                               int status, const char *error_code,
                                                               const char *fmt, ...);
/* What Unity Catalog refuses: the same with details (ErrorInfo, RequestInfo), as it was seen. type
 * and name of what it is about may be NULL. */
__attribute__((format(printf, 7, 8))) void
sandbox_reply_unity(struct sandbox_exchange *exchange, int status, const char *error_code,
                    const char *reason, const char *type, const char *name, const char *fmt, ...);
/* Gateway-level refusals carry the status as a numeric error_code and an x-databricks-reason-phrase
 * header. */
void sandbox_reply_gateway(struct sandbox_exchange *exchange, int status, const char *message);
/* The object store's error form; extra: further elements, already XML, or NULL. */
void sandbox_reply_xml(struct sandbox_exchange *exchange, int status, const char *code,
                       const char *message, const char *extra);
void sandbox_reply_text(struct sandbox_exchange *exchange, int status, const char *text);
/* The OAuth form, which is not the API's. */
void sandbox_reply_oauth(struct sandbox_exchange *exchange, int status, const char *error,
                         const char *description);
void sandbox_reply_html(struct sandbox_exchange *exchange, int status, const char *html);

/* HTTP-date of so many seconds from now, by the clock this answer pretends to have. */
void sandbox_http_date(const struct sandbox_exchange *exchange, int64_t later_seconds,
                       char out[64]);

/* %XX decoding, malloc'd; NULL when malformed or holding a NUL. plus: '+' is a space (forms). */
char *sandbox_text_unescape(const char *text, size_t len, bool plus);

/* route.c: finds the endpoint, authenticates, applies faults, answers. */
void sandbox_route(struct sandbox_exchange *exchange);
/* Names of the table for --help, some more than once; NULL past the end. */
const char *sandbox_route_endpoint(size_t index);

/* The endpoints. */
void sandbox_endpoint_token(struct sandbox_exchange *exchange);
void sandbox_endpoint_databricks_config(struct sandbox_exchange *exchange);
void sandbox_endpoint_oauth_server(struct sandbox_exchange *exchange);
void sandbox_endpoint_introspect(struct sandbox_exchange *exchange);
void sandbox_endpoint_me(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_list(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_get(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_create(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_put(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_patch(struct sandbox_exchange *exchange);
void sandbox_endpoint_scim_delete(struct sandbox_exchange *exchange);
void sandbox_endpoint_secrets(struct sandbox_exchange *exchange);
void sandbox_endpoint_secret_create(struct sandbox_exchange *exchange);
void sandbox_endpoint_secret_delete(struct sandbox_exchange *exchange);
void sandbox_endpoint_system_schemas(struct sandbox_exchange *exchange);
void sandbox_endpoint_system_schema_enable(struct sandbox_exchange *exchange);
void sandbox_endpoint_system_schema_disable(struct sandbox_exchange *exchange);
void sandbox_endpoint_query_history(struct sandbox_exchange *exchange);
void sandbox_endpoint_login_page(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore_summary(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore_assignment(struct sandbox_exchange *exchange);
void sandbox_endpoint_catalogs(struct sandbox_exchange *exchange);
void sandbox_endpoint_catalog(struct sandbox_exchange *exchange);
void sandbox_endpoint_schemas(struct sandbox_exchange *exchange);
void sandbox_endpoint_schema(struct sandbox_exchange *exchange);
void sandbox_endpoint_tables(struct sandbox_exchange *exchange);
void sandbox_endpoint_table(struct sandbox_exchange *exchange);
void sandbox_endpoint_table_exists(struct sandbox_exchange *exchange);
void sandbox_endpoint_table_summaries(struct sandbox_exchange *exchange);
void sandbox_endpoint_permissions(struct sandbox_exchange *exchange);
void sandbox_endpoint_permissions_change(struct sandbox_exchange *exchange);
void sandbox_endpoint_permissions_effective(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouses(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_start(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_stop(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_create(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_edit(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_delete(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_permissions(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_levels(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_access_patch(struct sandbox_exchange *exchange);
void sandbox_endpoint_warehouse_access_put(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_lists(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_list(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_list_create(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_list_put(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_list_patch(struct sandbox_exchange *exchange);
void sandbox_endpoint_ip_list_delete(struct sandbox_exchange *exchange);
void sandbox_endpoint_conf(struct sandbox_exchange *exchange);
void sandbox_endpoint_conf_patch(struct sandbox_exchange *exchange);
void sandbox_endpoint_catalog_change(struct sandbox_exchange *exchange);
void sandbox_endpoint_bindings(struct sandbox_exchange *exchange);
void sandbox_endpoint_bindings_change(struct sandbox_exchange *exchange);
void sandbox_endpoint_bound_workspaces(struct sandbox_exchange *exchange);
void sandbox_endpoint_bound_workspaces_change(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastores(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore_change(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore_assign(struct sandbox_exchange *exchange);
void sandbox_endpoint_metastore_unassign(struct sandbox_exchange *exchange);
void sandbox_endpoint_storage_list(struct sandbox_exchange *exchange);
void sandbox_endpoint_storage_credential(struct sandbox_exchange *exchange);
void sandbox_endpoint_external_location(struct sandbox_exchange *exchange);
void sandbox_endpoint_table_credentials(struct sandbox_exchange *exchange);
void sandbox_endpoint_feature_flags(struct sandbox_exchange *exchange);
void sandbox_endpoint_assignments(struct sandbox_exchange *exchange);
void sandbox_endpoint_assignment_levels(struct sandbox_exchange *exchange);
void sandbox_endpoint_assignment_put(struct sandbox_exchange *exchange);
void sandbox_endpoint_assignment_delete(struct sandbox_exchange *exchange);
void sandbox_endpoint_session_open(struct sandbox_exchange *exchange);
void sandbox_endpoint_session_close(struct sandbox_exchange *exchange);
void sandbox_endpoint_statement_submit(struct sandbox_exchange *exchange);
void sandbox_endpoint_statement_poll(struct sandbox_exchange *exchange);
void sandbox_endpoint_statement_chunk(struct sandbox_exchange *exchange);
void sandbox_endpoint_statement_cancel(struct sandbox_exchange *exchange);
void sandbox_endpoint_statement_close(struct sandbox_exchange *exchange);
void sandbox_endpoint_link(struct sandbox_exchange *exchange);

#endif
