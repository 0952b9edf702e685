/* The engine's end of the socket: JSON-RPC 2.0, hello first, two roles, bounded in every direction.
 * It owns no loop: the engine binds it to its own through struct ipc_watch and calls
 * ipc_server_tick about once a second.
 *
 * Hello:
 * {"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"program":"aampe-console","version":"0.1.0"}}
 * answered {"result":{"protocol":1,"program":"aampe-syncd","version":...,"role":"admin"}}; another
 * protocol number is answered with error ENGINE_PROTOCOL and data {"protocol","version"} and the
 * connection is closed. Errors:
 * {"error":{"code":-32000,"message":...,"data":{"code":"RUN_NOT_FOUND","message","hint","evidence"}}}.
 * Events: {"jsonrpc":"2.0","method":"event","params":{"name":"run.state","payload":{...}}}, to
 * clients that called "subscribe" (params {"events":["run.state",...]} or none = all; answered by
 * the server itself). A client that does not read loses events and gets the event "resync" once it
 * reads again. */
#ifndef AAMPE_IPC_SERVER_H
#define AAMPE_IPC_SERVER_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define IPC_CLIENTS_MAX 32
#define IPC_QUEUE_MAX                                                                              \
    ((size_t)4 << 20) /* bytes waiting for one client; replies above it close the connection */
#define IPC_HELLO_US (10 * INT64_C(1000000))
#define IPC_IDLE_US                                                                                \
    (600 * INT64_C(1000000)) /* a client without subscription that sends nothing                   \
                              */

enum ipc_role { IPC_ROLE_NONE, IPC_ROLE_VIEW, IPC_ROLE_ADMIN };
enum { IPC_WATCH_READ = 1, IPC_WATCH_WRITE = 2 };

/* How the server asks its loop for attention; events is a mask of IPC_WATCH_*. watch is called
 * again to change it. */
struct ipc_watch {
    void (*watch)(void *user, int fd, int events);
    void (*unwatch)(void *user, int fd);
    void *user;
};

struct ipc_server;

/* A request to answer, now or later: keep the struct, it stays valid by value. A reply to a client
 * that has gone is dropped. */
struct ipc_call {
    uint64_t client; /* number of the connection, never used twice */
    cJSON *id;       /* owned by whoever holds the call; freed by ipc_reply / ipc_reply_error /
                        ipc_call_drop */
    uid_t uid;
    pid_t pid;
    enum ipc_role role;
};

struct ipc_server_config {
    const char *path; /* of the socket; its folder must exist, be ours and not writable by others */
    const char *program, *version;
    mode_t mode; /* 0600, or 0660 where two groups are the roles */
    gid_t view_gid,
        admin_gid; /* (gid_t)-1: no such group; same uid as ours, and root, are always admin */
    int64_t (*now_us)(void *user); /* monotonic */
    /* A verb. params borrowed (may be NULL). It must answer exactly once through ipc_reply or
     * ipc_reply_error, now or later. Roles of verbs are the handler's to check: call->role
     * (ipc_need_admin helps). */
    void (*handle)(void *user, struct ipc_call *call, const char *method, const cJSON *params);
    /* A connection has gone (may be NULL): its jobs and lent credentials end. */
    void (*gone)(void *user, uint64_t client);
    /* A peer without a role was turned away (may be NULL): for the log. */
    void (*refused)(void *user, uid_t uid, pid_t pid);
    void *user;
};

/* Binds and listens. umask 0177 while binding; a stale socket is removed only under a lock file
 * beside it
 * (<path>.lock, flock). HOST_STATE_LOCKED: another process serves it. HOST_SECRET_EXPOSED: the
 * folder is too open. */
struct ipc_server *ipc_server_new(const struct ipc_server_config *config,
                                  const struct ipc_watch *watch, struct err *err);
void ipc_server_free(struct ipc_server **server); /* closes all, removes the socket */
/* The loop reports readiness here. Unknown descriptors are ignored. */
void ipc_server_ready(struct ipc_server *server, int fd, int events);
/* Limits of hello and idleness. */
void ipc_server_tick(struct ipc_server *server);
size_t ipc_server_clients(const struct ipc_server *server);

/* Answers: result is taken (NULL = {}), call's id freed. */
void ipc_reply(struct ipc_server *server, struct ipc_call *call, cJSON *result_take);
void ipc_reply_error(struct ipc_server *server, struct ipc_call *call, const struct err *error);
void ipc_call_drop(struct ipc_call *call);
/* Replies NOT_PERMITTED and returns false unless the caller is an admin. */
bool ipc_need_admin(struct ipc_server *server, struct ipc_call *call);
/* To every subscriber; payload is taken. */
void ipc_event(struct ipc_server *server, const char *name, cJSON *payload_take);

#endif
