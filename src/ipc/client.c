#include "ipc/client.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/vec.h"
#include "ipc/frame.h"
#include "ipc/socket.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_KEPT_MAX 4096 /* older ones go, and a resync event takes their place */

struct ipc_client {
    int fd;
    struct ipc_frames in;
    struct buf out;
    int last_id;
    char *server_version, *role;
    vec_of(cJSON *) events;
    vec_of(cJSON *) replies; /* to ipc_client_send */
    vec_of(int) awaited;     /* ids of ipc_client_send without an answer yet */
};

/* Limits of waiting for a socket are the kernel's time, not the product's clock. */
static int64_t client_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1 ready, 0 time over, -1 error. */
static int client_wait(int fd, short events, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - client_ms();
        struct pollfd item = {.fd = fd, .events = events};
        int rc = poll(&item, 1, left > 0 ? (int)left : 0);
        if (rc >= 0)
            return rc;
        if (errno != EINTR)
            return -1;
    }
}

static int client_lost(struct err *err)
{
    return base_err_set(err, ERR_ENGINE_UNREACHABLE, "the connection to the engine ended");
}

static int client_write(struct ipc_client *client, int64_t deadline, struct err *err)
{
    size_t sent = 0;
    int rc = 0;
    while (rc == 0 && sent < client->out.len) {
        ssize_t n = send(client->fd, client->out.data + sent, client->out.len - sent,
                         MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) {
            int ready = client_wait(client->fd, POLLOUT, deadline);
            if (ready == 0)
                rc = base_err_set(err, ERR_ENGINE_UNREACHABLE, "the engine does not read");
            else if (ready < 0)
                rc = client_lost(err);
        } else if (errno != EINTR && errno != EPIPE && errno != ECONNRESET) {
            rc = base_err_errno(err, errno, "cannot write to the engine");
        } else if (errno != EINTR) {
            /* it may have said why before it hung up: the reader will see */
            break;
        }
    }
    if (client->out.len > 0)
        base_secret_wipe(client->out.data, client->out.len);
    base_buf_clear(&client->out);
    return rc;
}

/* Reads once what is there. 0, or -1 when the connection ended. */
static int client_read(struct ipc_client *client, struct err *err)
{
    char chunk[64 << 10];
    ssize_t n = recv(client->fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return client_lost(err);
    return ipc_frames_feed(&client->in, chunk, (size_t)n, err);
}

static void client_keep_event(struct ipc_client *client, const cJSON *message)
{
    const cJSON *params = base_json_get(message, "params");
    if (params == NULL || base_json_str(params, "name") == NULL)
        return;
    if (client->events.count == EVENTS_KEPT_MAX) {
        for (size_t i = 0; i < client->events.count; i++)
            cJSON_Delete(client->events.items[i]);
        client->events.count = 0;
        cJSON *resync = base_json_object();
        base_json_add_str(resync, "name", "resync");
        base_json_add_object(resync, "payload");
        vec_push(&client->events, resync);
    }
    vec_push(&client->events, cJSON_Duplicate(params, 1));
}

static bool client_awaits(struct ipc_client *client, int64_t id)
{
    for (size_t i = 0; i < client->awaited.count; i++) {
        if (client->awaited.items[i] != id)
            continue;
        client->awaited.items[i] = client->awaited.items[--client->awaited.count];
        return true;
    }
    return false;
}

/* Sorts whole frames into events and replies; *answer gets the one with this id (or with no id: the
 * engine refuses the connection). */
static int client_sort(struct ipc_client *client, int id, cJSON **answer, struct err *err)
{
    cJSON *message;
    int rc;
    while (*answer == NULL && (rc = ipc_frames_next(&client->in, &message, err)) != 0) {
        if (rc < 0)
            return base_err_context(err, "the engine's answer cannot be read");
        int64_t got;
        const cJSON *message_id = base_json_get(message, "id");
        if (base_json_str(message, "method") != NULL) {
            client_keep_event(client, message);
        } else if (cJSON_IsNull(message_id) ||
                   (id != 0 && base_json_i64(message, "id", &got) && got == id)) {
            *answer = message;
            continue;
        } else if (base_json_i64(message, "id", &got) && client_awaits(client, got)) {
            vec_push(&client->replies, message);
            continue;
        }
        cJSON_Delete(
            message); /* an event kept, or the answer to a call nobody waits for any more */
    }
    return 0;
}

static int client_send_id(struct ipc_client *client, const char *method, cJSON *params_take,
                          int64_t deadline, struct err *err)
{
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_i64(message, "id", ++client->last_id);
    base_json_add_str(message, "method", method);
    if (params_take != NULL)
        base_json_add_take(message, "params", params_take);
    int rc = ipc_frame_put(&client->out, message, err);
    cJSON_Delete(message);
    return rc != 0 ? -1 : client_write(client, deadline, err);
}

/* Splits an answer: its result is detached, or its error is put in *reply_err (returns -1 then). */
static int client_open_answer(cJSON *answer_take, cJSON **result, struct err *reply_err)
{
    const cJSON *error = base_json_get(answer_take, "error");
    int rc = 0;
    *result = NULL;
    if (error != NULL) {
        const cJSON *data = base_json_get(error, "data");
        struct err got = ERR_INIT;
        if (cJSON_IsObject(data))
            base_err_from_json(&got, data);
        if (got.code == ERR_OK)
            base_err_set(&got, ERR_ENGINE_PROTOCOL, "%s",
                         base_json_str_or(error, "message", "the engine refused the call"));
        if (reply_err != NULL && reply_err->code == ERR_OK)
            *reply_err = got;
        rc = -1;
    } else {
        *result = cJSON_DetachItemFromObjectCaseSensitive(answer_take, "result");
        if (*result == NULL)
            rc = base_err_set(reply_err, ERR_ENGINE_PROTOCOL,
                              "the engine's answer has neither result nor error");
    }
    cJSON_Delete(answer_take);
    return rc;
}

int ipc_client_call(struct ipc_client *client, const char *method, cJSON *params_take,
                    int timeout_ms, cJSON **result, struct err *err)
{
    int64_t deadline = client_ms() + timeout_ms;
    cJSON *answer = NULL;
    *result = NULL;
    if (client_send_id(client, method, params_take, deadline, err) != 0)
        return base_err_context(err, "call '%s'", method);
    int id = client->last_id;
    for (;;) {
        if (client_sort(client, id, &answer, err) != 0)
            return -1;
        if (answer != NULL)
            return client_open_answer(answer, result, err);
        int ready = client_wait(client->fd, POLLIN, deadline);
        if (ready == 0)
            return base_err_set(err, ERR_ENGINE_UNREACHABLE,
                                "the engine did not answer '%s' within %d ms", method, timeout_ms);
        if (ready < 0 || client_read(client, err) != 0)
            return ready < 0 ? client_lost(err) : -1;
    }
}

int ipc_client_send(struct ipc_client *client, const char *method, cJSON *params_take, int *id,
                    struct err *err)
{
    if (client_send_id(client, method, params_take, client_ms() + 5000, err) != 0)
        return -1;
    *id = client->last_id;
    vec_push(&client->awaited, client->last_id);
    return 0;
}

int ipc_client_next_reply(struct ipc_client *client, int timeout_ms, int *id, cJSON **result,
                          struct err *reply_err, struct err *err)
{
    int64_t deadline = client_ms() + timeout_ms;
    cJSON *refused = NULL;
    *result = NULL;
    for (;;) {
        if (client_sort(client, 0, &refused, err) != 0)
            return -1;
        if (refused != NULL) {
            client_open_answer(refused, result, err);
            cJSON_Delete(*result);
            *result = NULL;
            return -1;
        }
        if (client->replies.count > 0) {
            cJSON *answer = client->replies.items[0];
            client->replies.count--;
            memmove(client->replies.items, client->replies.items + 1,
                    client->replies.count * sizeof client->replies.items[0]);
            *id = (int)base_json_i64_or(answer, "id", 0);
            client_open_answer(answer, result, reply_err);
            return 1;
        }
        int ready = client_wait(client->fd, POLLIN, deadline);
        if (ready == 0)
            return 0;
        if (ready < 0 || client_read(client, err) != 0)
            return ready < 0 ? client_lost(err) : -1;
    }
}

int ipc_client_next_event(struct ipc_client *client, int timeout_ms, cJSON **event, struct err *err)
{
    int64_t deadline = client_ms() + timeout_ms;
    cJSON *refused = NULL;
    *event = NULL;
    for (;;) {
        if (client_sort(client, 0, &refused, err) != 0)
            return -1;
        cJSON_Delete(refused); /* the end of the connection follows by itself */
        refused = NULL;
        if (client->events.count > 0) {
            *event = client->events.items[0];
            client->events.count--;
            memmove(client->events.items, client->events.items + 1,
                    client->events.count * sizeof client->events.items[0]);
            return 1;
        }
        int ready = client_wait(client->fd, POLLIN, deadline);
        if (ready == 0)
            return 0;
        if (ready < 0 || client_read(client, err) != 0)
            return ready < 0 ? client_lost(err) : -1;
    }
}

static cJSON *hello_params(const char *program, const char *version)
{
    cJSON *params = base_json_object();
    base_json_add_i64(params, "protocol", IPC_PROTOCOL);
    base_json_add_str(params, "program", program);
    base_json_add_str(params, "version", version);
    return params;
}

/* Takes the answer to hello. */
static int client_welcome(struct ipc_client *client, cJSON *take_result, struct err *err)
{
    int64_t protocol = base_json_i64_or(take_result, "protocol", 0);
    client->server_version = base_strdup(base_json_str_or(take_result, "version", "?"));
    client->role = base_strdup(base_json_str_or(take_result, "role", "none"));
    cJSON_Delete(take_result);
    if (protocol != IPC_PROTOCOL)
        return base_err_set(err, ERR_ENGINE_PROTOCOL,
                            "the engine %s speaks protocol %lld, the console protocol %d",
                            client->server_version, (long long)protocol, IPC_PROTOCOL);
    return 0;
}

static struct ipc_client *client_open(const char *path, struct err *err)
{
    int fd = ipc_socket_connect(path, err);
    if (fd < 0)
        return NULL;
    struct ipc_client *client = base_alloc_zero(1, sizeof *client);
    client->fd = fd;
    ipc_frames_init(&client->in);
    base_buf_init(&client->out, IPC_FRAME_MAX);
    return client;
}

struct ipc_client *ipc_client_connect(const char *path, const char *program, const char *version,
                                      int timeout_ms, struct err *err)
{
    cJSON *result;
    struct ipc_client *client = client_open(path, err);
    if (client == NULL)
        return NULL;
    if (ipc_client_call(client, "hello", hello_params(program, version), timeout_ms, &result,
                        err) != 0 ||
        client_welcome(client, result, err) != 0)
        ipc_client_free(&client);
    return client;
}

struct ipc_client *ipc_client_begin(const char *path, const char *program, const char *version,
                                    struct err *err)
{
    int id;
    struct ipc_client *client = client_open(path, err);
    if (client && ipc_client_send(client, "hello", hello_params(program, version), &id, err) != 0)
        ipc_client_free(&client);
    return client;
}

int ipc_client_ready(struct ipc_client *client, struct err *err)
{
    int id;
    cJSON *result;
    struct err refused = ERR_INIT;
    if (client->role != NULL)
        return 1;
    int got = ipc_client_next_reply(client, 0, &id, &result, &refused, err);
    if (got <= 0)
        return got;
    if (result == NULL) {
        if (err != NULL)
            *err = refused;
        return -1;
    }
    return client_welcome(client, result, err) == 0 ? 1 : -1;
}

void ipc_client_free(struct ipc_client **client_ptr)
{
    struct ipc_client *client = *client_ptr;
    if (client == NULL)
        return;
    close(client->fd);
    ipc_frames_free(&client->in);
    base_buf_free(&client->out);
    for (size_t i = 0; i < client->events.count; i++)
        cJSON_Delete(client->events.items[i]);
    for (size_t i = 0; i < client->replies.count; i++)
        cJSON_Delete(client->replies.items[i]);
    vec_free(&client->events);
    vec_free(&client->replies);
    vec_free(&client->awaited);
    free(client->server_version);
    free(client->role);
    base_free(client_ptr);
}

int ipc_client_fd(const struct ipc_client *client)
{
    return client->fd;
}

const char *ipc_client_server_version(const struct ipc_client *client)
{
    return client->server_version;
}

const char *ipc_client_role(const struct ipc_client *client)
{
    return client->role;
}
