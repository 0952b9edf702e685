#include "ipc/connection.h"

#include "base/alloc.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct ipc_connection *ipc_connection_new(int fd, uint64_t number)
{
    struct ipc_connection *connection = base_alloc_zero(1, sizeof *connection);
    connection->fd = fd;
    connection->number = number;
    ipc_frames_init(&connection->in);
    base_buf_init(&connection->out, IPC_QUEUE_MAX);
    return connection;
}

void ipc_connection_free(struct ipc_connection **connection_ptr)
{
    struct ipc_connection *connection = *connection_ptr;
    if (connection == NULL)
        return;
    close(connection->fd);
    ipc_frames_free(&connection->in);
    base_buf_free(&connection->out);
    for (size_t i = 0; i < connection->name_count; i++)
        free(connection->names[i]);
    base_free(connection_ptr);
}

bool ipc_connection_waiting(const struct ipc_connection *connection)
{
    return connection->out.len > connection->sent;
}

bool ipc_connection_wants(const struct ipc_connection *connection, const char *event)
{
    if (!connection->subscribed || connection->closing)
        return false;
    for (size_t i = 0; i < connection->name_count; i++)
        if (strcmp(connection->names[i], event) == 0)
            return true;
    return connection->subscribed_all;
}

int ipc_connection_subscribe(struct ipc_connection *connection, const cJSON *names, struct err *err)
{
    const cJSON *name;
    if (cJSON_GetArraySize(names) > IPC_SUBSCRIPTIONS_MAX)
        return base_err_set(err, ERR_USAGE, "more than %d event names", IPC_SUBSCRIPTIONS_MAX);
    cJSON_ArrayForEach(name, names)
    {
        if (!cJSON_IsString(name))
            return base_err_set(err, ERR_USAGE, "an event name is not a string");
    }
    for (size_t i = 0; i < connection->name_count; i++)
        free(connection->names[i]);
    connection->name_count = 0;
    cJSON_ArrayForEach(name, names)
    {
        connection->names[connection->name_count++] = base_strdup(name->valuestring);
    }
    connection->subscribed = true;
    connection->subscribed_all = names == NULL;
    return 0;
}

static void connection_append(struct ipc_connection *connection, const cJSON *message, bool event)
{
    struct err err = ERR_INIT;
    if (event && connection->out.len - connection->sent > IPC_EVENTS_MAX) {
        connection->lost = true;
        return;
    }
    if (connection->sent > 0) {
        size_t rest = connection->out.len - connection->sent;
        memmove(connection->out.data, connection->out.data + connection->sent, rest);
        connection->out.len = rest;
        connection->sent = 0;
    }
    if (ipc_frame_put(&connection->out, message, &err) == 0)
        return;
    if (event) {
        connection->lost = true;
        return;
    }
    /* A reply too long for one frame is an error of the verb: say so. One that finds no room is the
     * client's doing. */
    cJSON *excuse = ipc_error_message(base_json_get(message, "id"), -32000, &err);
    if (ipc_frame_put(&connection->out, excuse, NULL) != 0)
        connection->dead = true;
    cJSON_Delete(excuse);
}

/* What was lost can be told once the client reads again. */
static void connection_resync(struct ipc_connection *connection)
{
    if (!connection->lost || ipc_connection_waiting(connection))
        return;
    connection->lost = false;
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_str(message, "method", "event");
    cJSON *params = base_json_add_object(message, "params");
    base_json_add_str(params, "name", "resync");
    base_json_add_object(params, "payload");
    connection_append(connection, message, false);
    cJSON_Delete(message);
}

static void connection_push(struct ipc_connection *connection)
{
    while (ipc_connection_waiting(connection)) {
        ssize_t n = send(connection->fd, connection->out.data + connection->sent,
                         connection->out.len - connection->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EAGAIN)
                connection->dead = true;
            return;
        }
        connection->sent += (size_t)n;
    }
    base_buf_clear(&connection->out);
    connection->sent = 0;
}

void ipc_connection_flush(struct ipc_connection *connection)
{
    connection_push(connection);
    if (connection->dead)
        return;
    if (connection->lost && !ipc_connection_waiting(connection)) {
        connection_resync(connection);
        connection_push(connection);
    }
    if (connection->closing && !ipc_connection_waiting(connection))
        connection->dead = true;
}

void ipc_connection_send(struct ipc_connection *connection, const cJSON *message, bool event)
{
    if (connection->dead)
        return;
    connection_append(connection, message, event);
    if (!connection->dead)
        ipc_connection_flush(connection);
}

cJSON *ipc_error_message(const cJSON *id, int code, const struct err *error)
{
    cJSON *message = base_json_object();
    base_json_add_str(message, "jsonrpc", "2.0");
    base_json_add_take(message, "id", id != NULL ? cJSON_Duplicate(id, 1) : cJSON_CreateNull());
    cJSON *object = base_json_add_object(message, "error");
    base_json_add_i64(object, "code", code);
    base_json_add_str(object, "message", error->message);
    base_json_add_take(object, "data", base_err_to_json(error));
    return message;
}
