/* Private to ipc: one connection of the server. */
#ifndef AAMPE_IPC_CONNECTION_H
#define AAMPE_IPC_CONNECTION_H

#include "base/err.h"
#include "ipc/frame.h"
#include "ipc/server.h"

#define IPC_CALLS_MAX 64                   /* unanswered calls of one client */
#define IPC_SUBSCRIPTIONS_MAX 64           /* event names of one client */
#define IPC_EVENTS_MAX (IPC_QUEUE_MAX / 4) /* waiting bytes above which events are dropped */

struct ipc_connection {
    uint64_t number;
    int fd, watched;
    uid_t uid;
    pid_t pid;
    enum ipc_role role;
    struct ipc_frames in;
    struct buf out;
    size_t sent; /* bytes of out already with the kernel */
    bool hello, subscribed, subscribed_all;
    bool lost;    /* events were dropped: resync is owed */
    bool closing; /* ends once out is empty */
    bool dead;
    char *names[IPC_SUBSCRIPTIONS_MAX];
    size_t name_count;
    int calls; /* given to the handler and not yet answered */
    int64_t born_us, active_us;
};

struct ipc_connection *ipc_connection_new(int fd, uint64_t number);
void ipc_connection_free(struct ipc_connection **connection);
bool ipc_connection_waiting(const struct ipc_connection *connection);
bool ipc_connection_wants(const struct ipc_connection *connection, const char *event);
/* names: JSON array of strings or NULL = all. */
int ipc_connection_subscribe(struct ipc_connection *connection, const cJSON *names,
                             struct err *err) must_check;
/* Queues and tries to send. An event that does not fit is dropped; a reply that does not fit ends
 * the connection. */
void ipc_connection_send(struct ipc_connection *connection, const cJSON *message, bool event);
void ipc_connection_flush(struct ipc_connection *connection);
/* {"jsonrpc","id","error":{"code","message","data"}}; id is copied, NULL gives null. */
cJSON *ipc_error_message(const cJSON *id, int code, const struct err *error);

#endif
