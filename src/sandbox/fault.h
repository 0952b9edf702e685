/* Failures that can be switched on while the sandbox runs. Private to the room.
 *
 * Every fault can be limited: endpoint= (a name of the route table, or a path prefix when it starts
 * with '/'), principal=, nth= (the first call it hits, from 1), every= (then each so-many-th),
 * times= (how often; default 1 when nth is given, else until cleared), and for those about results
 * statement= (part of the SQL text) and chunk=. Those about HTTP answers and links can come late by
 * delay_ms=. */
#ifndef AAMPE_SANDBOX_FAULT_H
#define AAMPE_SANDBOX_FAULT_H

#include "sandbox/server.h"

struct sandbox_faults *sandbox_faults_new(void);
void sandbox_faults_free(struct sandbox_faults **faults);

/* Switches one on. options: object of texts. Effects on the workspace (warehouses, grants) happen
 * at once. */
int sandbox_fault_add(struct sandbox_server *server, const char *kind, const cJSON *options,
                      int64_t *id, struct err *err) must_check;
/* kind NULL: all. */
void sandbox_fault_clear(struct sandbox_server *server, const char *kind);
cJSON *sandbox_fault_list(struct sandbox_server *server);
/* Kinds with their options, for --help. */
const char *sandbox_fault_help(size_t index, const char **name);

struct sandbox_fault_probe {
    const char *endpoint, *path, *principal, *statement; /* NULL: not known here */
    const char *scope;                                   /* schema whose tables are listed */
    int64_t chunk;                                       /* -1: none */
    const char *disposition;                             /* of the statement; NULL: not known */
};
/* Does a fault of this kind hit now? Counts the call. Returns its options (caller deletes) or NULL.
 */
cJSON *sandbox_fault_hit(struct sandbox_server *server, const char *kind,
                         const struct sandbox_fault_probe *probe);
/* All faults about results (manifest, links, rows) that hit this statement: [{"kind",...options}].
 * Caller deletes. */
cJSON *sandbox_fault_results(struct sandbox_server *server,
                             const struct sandbox_fault_probe *probe);

/* fault_statement.c: the faults that end statements. */
bool sandbox_fault_disposition(const cJSON *options, const struct sandbox_fault_probe *probe);
/* view_chain; ERR_USAGE for a view or table there is not. */
int sandbox_fault_view_chain(struct sandbox_server *server, const cJSON *options,
                             struct err *err) must_check;

/* Options are texts; these read them. */
int64_t sandbox_option_i64(const cJSON *options, const char *key, int64_t fallback);

#endif
