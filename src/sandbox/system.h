/* The catalog `system`: system.access.audit, with one row for every call that was made to the
 * sandbox, delivered late (databricks-api.md 9.1). The service writes rows only for what it audits;
 * here every call has one, so that tests can compare them with the list of requests. Private to the
 * room. */
#ifndef AAMPE_SANDBOX_SYSTEM_H
#define AAMPE_SANDBOX_SYSTEM_H

#include "sandbox/server.h"

struct sandbox_system;

/* Adds the catalog to the workspace; schema `access` is enabled, `query` is not. Call after the
 * world is loaded. */
struct sandbox_system *sandbox_system_new(struct sandbox_server *server);
/* After sandbox_world_unload, which frees the table. */
void sandbox_system_free(struct sandbox_system **system);
/* Enables a system schema or takes it away; ERR_USAGE for one there is not. */
int sandbox_system_switch(struct sandbox_server *server, const char *schema, bool on,
                          struct err *err) must_check;

/* audit.c: one call as a row. Filled when the answer is known; texts malloc'd or NULL. */
struct sandbox_audit {
    int64_t time_us;
    const char *service, *action; /* constants */
    bool account_level;
    int status;
    char *who, *source, *agent, *request_id, *event_id, *params /* MAP as JSON list */, *message;
    char *statement; /* the SQL that was submitted, whole; NULL for every other request */
};
/* Looks at the answer before it is handed on. */
void sandbox_audit_answer(struct sandbox_exchange *exchange);
void sandbox_audit_fill(struct sandbox_audit *audit, struct sandbox_exchange *exchange);
/* A grant made or taken by SQL: a row beside that of the statement. changes: the JSON of a
 * permissions change. */
void sandbox_audit_grant(struct sandbox_server *server, const char *principal, const char *agent,
                         const char *securable_type, const char *full_name, const char *changes);
void sandbox_audit_free(struct sandbox_audit *audit);

#endif
