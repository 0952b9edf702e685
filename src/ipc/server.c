#define _GNU_SOURCE

#include "ipc/server.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/vec.h"
#include "ipc/connection.h"
#include "ipc/frame.h"
#include "ipc/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_PER_CALL 64

struct ipc_server {
    struct ipc_server_config config;
    struct ipc_watch watch;
    char *path, *program, *version;
    int fd, lock_fd, spare_fd;
    uint64_t next_number;
    struct ipc_connection *connections[IPC_CLIENTS_MAX];
    size_t count;
    int depth; /* inside a callback or a walk: the dead are buried afterwards */
};

static int64_t server_now(const struct ipc_server *server)
{
    return server->config.now_us(server->config.user);
}

static void server_bury(struct ipc_server *server)
{
    if (server->depth > 0)
        return;
    for (size_t i = 0; i < server->count;) {
        struct ipc_connection *dead = server->connections[i];
        if (!dead->dead) {
            i++;
            continue;
        }
        server->connections[i] = server->connections[--server->count];
        uint64_t number = dead->number;
        server->watch.unwatch(server->watch.user, dead->fd);
        ipc_connection_free(&dead);
        if (server->config.gone != NULL) {
            server->depth++;
            server->config.gone(server->config.user, number);
            server->depth--;
            i = 0; /* the callback may have ended others */
        }
    }
}

static void server_rewatch(struct ipc_server *server, struct ipc_connection *connection)
{
    int wanted = IPC_WATCH_READ | (ipc_connection_waiting(connection) ? IPC_WATCH_WRITE : 0);
    if (connection->dead || connection->watched == wanted)
        return;
    connection->watched = wanted;
    server->watch.watch(server->watch.user, connection->fd, wanted);
}

static void server_send(struct ipc_server *server, struct ipc_connection *connection,
                        cJSON *message_take, bool event)
{
    ipc_connection_send(connection, message_take, event);
    cJSON_Delete(message_take);
    server_rewatch(server, connection);
}

static struct ipc_connection *server_find(const struct ipc_server *server, uint64_t number)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->connections[i]->number == number && !server->connections[i]->dead)
            return server->connections[i];
    return NULL;
}

static void server_send_to(struct ipc_server *server, uint64_t client, cJSON *message_take)
{
    struct ipc_connection *connection = server_find(server, client);
    if (connection == NULL) {
        cJSON_Delete(message_take);
        return;
    }
    connection->calls--;
    server->depth++;
    server_send(server, connection, message_take, false);
    server->depth--;
    server_bury(server);
}

void ipc_reply(struct ipc_server *server, struct ipc_call *call, cJSON *result_take)
{
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_take(message, "id", call->id != NULL ? call->id : cJSON_CreateNull());
    call->id = NULL;
    base_json_add_take(message, "result", result_take != NULL ? result_take : base_json_object());
    server_send_to(server, call->client, message);
}

void ipc_reply_error(struct ipc_server *server, struct ipc_call *call, const struct err *error)
{
    cJSON *message = ipc_error_message(call->id, -32000, error);
    ipc_call_drop(call);
    server_send_to(server, call->client, message);
}

void ipc_call_drop(struct ipc_call *call)
{
    cJSON_Delete(call->id);
    call->id = NULL;
}

bool ipc_need_admin(struct ipc_server *server, struct ipc_call *call)
{
    if (call->role == IPC_ROLE_ADMIN)
        return true;
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_NOT_PERMITTED, "uid %u may look but not change", (unsigned)call->uid);
    ipc_reply_error(server, call, &err);
    return false;
}

static cJSON *event_message(const char *name, cJSON *payload_take)
{
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_str(message, "method", "event");
    cJSON *params = base_json_add_object(message, "params");
    base_json_add_str(params, "name", name);
    base_json_add_take(params, "payload", payload_take != NULL ? payload_take : base_json_object());
    return message;
}

void ipc_event(struct ipc_server *server, const char *name, cJSON *payload_take)
{
    cJSON *message = event_message(name, payload_take);
    server->depth++;
    for (size_t i = 0; i < server->count; i++) {
        struct ipc_connection *connection = server->connections[i];
        if (connection->dead || !ipc_connection_wants(connection, name))
            continue;
        ipc_connection_send(connection, message, true);
        server_rewatch(server, connection);
    }
    server->depth--;
    cJSON_Delete(message);
    server_bury(server);
}

static const char *role_name(enum ipc_role role)
{
    return role == IPC_ROLE_ADMIN ? "admin" : role == IPC_ROLE_VIEW ? "view" : "none";
}

static cJSON *result_message(cJSON *id_take, cJSON *result_take)
{
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_take(message, "id", id_take != NULL ? id_take : cJSON_CreateNull());
    base_json_add_take(message, "result", result_take);
    return message;
}

static void server_refuse(struct ipc_server *server, struct ipc_connection *connection,
                          const cJSON *id, int code, const struct err *error)
{
    connection->closing = true;
    server_send(server, connection, ipc_error_message(id, code, error), false);
}

static void server_hello(struct ipc_server *server, struct ipc_connection *connection,
                         const cJSON *id, const cJSON *params)
{
    int64_t protocol = base_json_i64_or(params, "protocol", 0);
    if (protocol != IPC_PROTOCOL) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_ENGINE_PROTOCOL,
                     "the engine %s speaks protocol %d, the console %s protocol %lld",
                     server->version, IPC_PROTOCOL, base_json_str_or(params, "version", "?"),
                     (long long)protocol);
        server_refuse(server, connection, id, -32000, &err);
        return;
    }
    connection->hello = true;
    cJSON *result = base_json_object();
    base_json_add_i64(result, "protocol", IPC_PROTOCOL);
    base_json_add_str(result, "program", server->program);
    base_json_add_str(result, "version", server->version);
    base_json_add_str(result, "role", role_name(connection->role));
    base_json_add_i64(result, "pid", getpid());
    server_send(server, connection, result_message(cJSON_Duplicate(id, 1), result), false);
}

static void server_dispatch(struct ipc_server *server, struct ipc_connection *connection,
                            const cJSON *request)
{
    const char *method = base_json_str(request, "method");
    const cJSON *id = base_json_get(request, "id");
    const cJSON *params = base_json_get(request, "params");
    struct err err = ERR_INIT;
    if (method == NULL || (id != NULL && (cJSON_IsObject(id) || cJSON_IsArray(id)))) {
        base_err_set(&err, ERR_USAGE, "a request has no method or a wrong id");
        server_refuse(server, connection, NULL, -32600, &err);
        return;
    }
    if (strcmp(method, "hello") == 0) {
        server_hello(server, connection, id, params);
        return;
    }
    if (!connection->hello) {
        base_err_set(&err, ERR_ENGINE_PROTOCOL, "hello has to come first");
        server_refuse(server, connection, id, -32600, &err);
        return;
    }
    if (strcmp(method, "subscribe") == 0) {
        if (ipc_connection_subscribe(connection, base_json_array(params, "events"), &err) != 0)
            server_send(server, connection, ipc_error_message(id, -32602, &err), false);
        else
            server_send(server, connection,
                        result_message(cJSON_Duplicate(id, 1), base_json_object()), false);
        return;
    }
    if (connection->calls >= IPC_CALLS_MAX) {
        base_err_set(&err, ERR_ENGINE_BUSY, "%d calls of this client wait for an answer",
                     IPC_CALLS_MAX);
        server_send(server, connection, ipc_error_message(id, -32000, &err), false);
        return;
    }
    connection->calls++;
    struct ipc_call call = {.client = connection->number,
                            .id = cJSON_Duplicate(id, 1),
                            .uid = connection->uid,
                            .pid = connection->pid,
                            .role = connection->role};
    server->config.handle(server->config.user, &call, method, params);
}

static void server_frames(struct ipc_server *server, struct ipc_connection *connection)
{
    cJSON *request = NULL;
    struct err err = ERR_INIT;
    int rc = 0;
    while (!connection->dead && !connection->closing &&
           (rc = ipc_frames_next(&connection->in, &request, &err)) == 1) {
        server_dispatch(server, connection, request);
        cJSON_Delete(request);
    }
    if (rc < 0)
        server_refuse(server, connection, NULL, -32700, &err);
}

static void server_read(struct ipc_server *server, struct ipc_connection *connection)
{
    char chunk[64 << 10];
    ssize_t n = recv(connection->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        connection->dead = true;
        return;
    }
    if (connection->closing) /* what it still says is not heard */
        return;
    connection->active_us = server_now(server);
    struct err err = ERR_INIT;
    int rc = ipc_frames_feed(&connection->in, chunk, (size_t)n, &err);
    base_secret_wipe(chunk, (size_t)n);
    if (rc != 0)
        server_refuse(server, connection, NULL, -32700, &err);
    else
        server_frames(server, connection);
}

static enum ipc_role server_role(const struct ipc_server *server, int fd,
                                 const struct ipc_peer *peer)
{
    if (peer->uid == geteuid() || peer->uid == 0 ||
        ipc_socket_peer_in(fd, peer, server->config.admin_gid))
        return IPC_ROLE_ADMIN;
    return ipc_socket_peer_in(fd, peer, server->config.view_gid) ? IPC_ROLE_VIEW : IPC_ROLE_NONE;
}

/* One line to a connection that is not taken up; lost if it does not fit, which is as well. */
static void server_turn_away(int fd, const struct err *error)
{
    struct buf line;
    base_buf_init(&line, IPC_FRAME_MAX);
    cJSON *message = ipc_error_message(NULL, -32000, error);
    if (ipc_frame_put(&line, message, NULL) == 0) {
        ssize_t sent = send(fd, line.data, line.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent;
    }
    cJSON_Delete(message);
    base_buf_free(&line);
    close(fd);
}

static void server_admit(struct ipc_server *server, int fd)
{
    struct ipc_peer peer;
    struct err err = ERR_INIT;
    if (ipc_socket_peer(fd, &peer) != 0) {
        close(fd);
        return;
    }
    enum ipc_role role = server_role(server, fd, &peer);
    if (role == IPC_ROLE_NONE) {
        base_err_set(&err, ERR_NOT_PERMITTED, "uid %u may not use this engine", (unsigned)peer.uid);
        if (server->config.refused != NULL)
            server->config.refused(server->config.user, peer.uid, peer.pid);
    } else if (server->count == IPC_CLIENTS_MAX) {
        base_err_set(&err, ERR_ENGINE_BUSY, "%d consoles are connected already", IPC_CLIENTS_MAX);
    }
    if (err.code != ERR_OK) {
        server_turn_away(fd, &err);
        return;
    }
    struct ipc_connection *connection = ipc_connection_new(fd, ++server->next_number);
    connection->uid = peer.uid;
    connection->pid = peer.pid;
    connection->role = role;
    connection->born_us = connection->active_us = server_now(server);
    server->connections[server->count++] = connection;
    server_rewatch(server, connection);
}

static void server_accept(struct ipc_server *server)
{
    for (int i = 0; i < ACCEPTS_PER_CALL; i++) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            server_admit(server, fd);
        } else if (errno == EMFILE || errno == ENFILE) {
            /* out of descriptors: the spare one lets the caller be turned away instead of spinning
             * on it */
            close(server->spare_fd);
            fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
            if (fd >= 0)
                close(fd);
            server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
            return;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

static struct ipc_connection *server_by_fd(const struct ipc_server *server, int fd)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->connections[i]->fd == fd)
            return server->connections[i];
    return NULL;
}

void ipc_server_ready(struct ipc_server *server, int fd, int events)
{
    server->depth++;
    struct ipc_connection *connection = server_by_fd(server, fd);
    if (fd == server->fd) {
        server_accept(server);
    } else if (connection != NULL) {
        if ((events & IPC_WATCH_WRITE) != 0 && !connection->dead)
            ipc_connection_flush(connection);
        if ((events & IPC_WATCH_READ) != 0 && !connection->dead)
            server_read(server, connection);
        server_rewatch(server, connection);
    }
    server->depth--;
    server_bury(server);
}

void ipc_server_tick(struct ipc_server *server)
{
    int64_t now = server_now(server);
    for (size_t i = 0; i < server->count; i++) {
        struct ipc_connection *connection = server->connections[i];
        bool late = !connection->hello && now - connection->born_us > IPC_HELLO_US;
        bool idle = !connection->subscribed && connection->calls == 0 &&
                    now - connection->active_us > IPC_IDLE_US;
        bool stuck = connection->closing && now - connection->active_us > IPC_HELLO_US;
        if (late || idle || stuck)
            connection->dead = true;
    }
    server_bury(server);
}

size_t ipc_server_clients(const struct ipc_server *server)
{
    return server->count;
}

struct ipc_server *ipc_server_new(const struct ipc_server_config *config,
                                  const struct ipc_watch *watch, struct err *err)
{
    int lock_fd;
    int fd = ipc_socket_listen(config->path, config->mode, &lock_fd, err);
    if (fd < 0)
        return NULL;
    struct ipc_server *server = base_alloc_zero(1, sizeof *server);
    server->config = *config;
    server->watch = *watch;
    server->path = base_strdup(config->path);
    server->program = base_strdup(config->program);
    server->version = base_strdup(config->version);
    server->fd = fd;
    server->lock_fd = lock_fd;
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    watch->watch(watch->user, fd, IPC_WATCH_READ);
    return server;
}

void ipc_server_free(struct ipc_server **server_ptr)
{
    struct ipc_server *server = *server_ptr;
    if (server == NULL)
        return;
    if (server->depth != 0)
        bug("the server is freed from inside one of its callbacks");
    for (size_t i = 0; i < server->count; i++) {
        ipc_connection_flush(server->connections[i]);
        server->watch.unwatch(server->watch.user, server->connections[i]->fd);
        ipc_connection_free(&server->connections[i]);
    }
    server->watch.unwatch(server->watch.user, server->fd);
    unlink(server->path);
    close(server->fd);
    close(server->lock_fd);
    if (server->spare_fd >= 0)
        close(server->spare_fd);
    free(server->path);
    free(server->program);
    free(server->version);
    base_free(server_ptr);
}
