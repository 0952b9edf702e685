/* The console's end of the socket: blocking with a limit, descriptor exposed for poll(). */
#ifndef AAMPE_IPC_CLIENT_H
#define AAMPE_IPC_CLIENT_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct ipc_client;

/* Connects and says hello within timeout_ms. The socket's folder and the peer must belong to us, to
 * root, or to the owner the folder has (a unit's uid that only root could have set up): otherwise
 * SEC_HOST_REFUSED. ENGINE_UNREACHABLE: nobody answers. ENGINE_PROTOCOL: other protocol number.
 * NOT_PERMITTED: our uid has no role there. */
struct ipc_client *ipc_client_connect(const char *path, const char *program, const char *version,
                                      int timeout_ms, struct err *err);
/* The same without waiting for the answer to hello: for callers with a loop of their own. The
 * socket itself is local, connecting takes no time. */
struct ipc_client *ipc_client_begin(const char *path, const char *program, const char *version,
                                    struct err *err);
/* After ipc_client_begin, whenever the descriptor can be read: 1 hello has been answered, 0 not
 * yet, -1 refused or lost. */
int ipc_client_ready(struct ipc_client *client, struct err *err);
void ipc_client_free(struct ipc_client **client);
int ipc_client_fd(const struct ipc_client *client);
const char *ipc_client_server_version(const struct ipc_client *client);
const char *ipc_client_role(const struct ipc_client *client); /* "view", "admin" */

/* One request, waits for its answer; events that arrive meanwhile are kept. params is taken (may be
 * NULL). *result: caller deletes. Errors of the engine arrive as it filled them (hint and evidence
 * included). */
int ipc_client_call(struct ipc_client *client, const char *method, cJSON *params_take,
                    int timeout_ms, cJSON **result, struct err *err) must_check;
/* Sends without waiting; *id tells the answer apart in ipc_client_next_reply. */
int ipc_client_send(struct ipc_client *client, const char *method, cJSON *params_take, int *id,
                    struct err *err) must_check;
/* 1: an answer to an earlier send (*result, or its error in *reply_err), 0: none within timeout_ms,
 * -1 connection lost. */
int ipc_client_next_reply(struct ipc_client *client, int timeout_ms, int *id, cJSON **result,
                          struct err *reply_err, struct err *err);
/* 1 and *event ({"name","payload"}, caller deletes), 0: none within timeout_ms, -1: connection
 * lost. */
int ipc_client_next_event(struct ipc_client *client, int timeout_ms, cJSON **event,
                          struct err *err);

#endif
