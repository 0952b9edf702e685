#include "sandbox/control.h"

#include "sandbox/data.h"
#include "sandbox/fault.h"
#include "sandbox/journal.h"
#include "sandbox/oauth_secret.h"
#include "sandbox/statement.h"
#include "sandbox/system.h"
#include "sandbox/table.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define REPLY_MAX_BYTES ((size_t)256 << 20)
#define PATIENCE_MS 5000

struct sandbox_control {
    struct sandbox_server *server;
    char *ready;
    char token[65];
    int listener;
    int wake[2]; /* written to when it is to end */
    pthread_t thread;
};

/* One line from fd into buf (without its newline); -1 when the peer goes or is too slow. */
static int line_read(int fd, struct buf *line, int patience_ms)
{
    char piece[65536];

    for (;;) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&wait, 1, patience_ms) <= 0)
            return -1;
        n = read(fd, piece, sizeof piece);
        if (n <= 0 || base_buf_append(line, piece, (size_t)n) != 0)
            return -1;
        if (line->data[line->len - 1] == '\n') {
            line->data[--line->len] = '\0';
            return 0;
        }
    }
}

static int line_write(int fd, const cJSON *json)
{
    char *text = base_json_print(json);
    char *line = base_printf("%s\n", text);
    int result = base_file_write_all(fd, line, strlen(line));

    free(text);
    free(line);
    return result;
}

static struct sandbox_securable *object_find(struct sandbox_server *server, const char *name)
{
    static const int kinds[] = {'T', 'S', 'C'};
    struct sandbox_securable *found = NULL;

    for (size_t i = 0; name && i < base_countof(kinds) && !found; i++)
        found = sandbox_workspace_find(server->workspace, kinds[i], name);
    return found;
}

/* SP_MANAGER on a service principal: may see and make its secrets. True when it was that. */
static bool do_manager(struct sandbox_server *server, const cJSON *in, const char *privilege,
                       bool grant)
{
    struct sandbox_principal *target =
        sandbox_workspace_find_principal(server->workspace, base_json_str_or(in, "object", ""));
    const char *principal = base_json_str_or(in, "principal", "");

    if (strcmp(privilege, "SP_MANAGER") != 0 || !target)
        return false;
    sandbox_workspace_lock(server->workspace);
    for (size_t i = target->managers.count; i-- > 0;) {
        if (!base_text_equal_nocase(target->managers.items[i], principal))
            continue;
        free(target->managers.items[i]);
        target->managers.items[i] = target->managers.items[--target->managers.count];
    }
    if (grant)
        vec_push(&target->managers, base_strdup(principal));
    sandbox_workspace_unlock(server->workspace);
    return true;
}

/* ACCOUNT_ADMIN on the account. True when it was that. */
static bool do_account_admin(struct sandbox_server *server, const cJSON *in, const char *privilege,
                             bool grant)
{
    struct sandbox_principal *who =
        sandbox_workspace_find_principal(server->workspace, base_json_str_or(in, "principal", ""));

    if (strcmp(privilege, "ACCOUNT_ADMIN") != 0 || !who ||
        strcmp(base_json_str_or(in, "object", ""), "account") != 0)
        return false;
    sandbox_workspace_lock(server->workspace);
    who->account_admin = grant;
    sandbox_workspace_unlock(server->workspace);
    return true;
}

static int do_grant(struct sandbox_server *server, const cJSON *in, bool grant, struct err *err)
{
    const char *principal = base_json_str(in, "principal");
    struct sandbox_securable *object = object_find(server, base_json_str(in, "object"));
    char *privilege = base_strdup(base_json_str_or(in, "privilege", ""));

    for (char *c = privilege; *c; c++)
        *c = (char)(*c == ' ' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    if (do_manager(server, in, privilege, grant) ||
        do_account_admin(server, in, privilege, grant)) {
        free(privilege);
        return 0;
    }
    if (!object || !principal || !sandbox_workspace_find_principal(server->workspace, principal)) {
        free(privilege);
        return base_err_set(err, ERR_USAGE, "no such principal or object");
    }
    if (grant)
        sandbox_workspace_grant(server->workspace, object, principal, privilege);
    else
        sandbox_workspace_revoke(server->workspace, object, principal, privilege);
    free(privilege);
    return 0;
}

static int do_fault(struct sandbox_server *server, const cJSON *in, cJSON *data, struct err *err)
{
    int64_t id = 0;

    if (sandbox_fault_add(server, base_json_str_or(in, "kind", ""), base_json_get(in, "options"),
                          &id, err) != 0)
        return -1;
    base_json_add_i64(data, "id", id);
    sandbox_statements_wake(server);
    return 0;
}

static int do_change(struct sandbox_server *server, const cJSON *in, cJSON *data, struct err *err)
{
    /* "column=type": any type, also one that loses values, which SQL would refuse */
    const char *column = base_json_str(in, "column");
    const char *type = column ? strchr(column, '=') : NULL;
    char *operation =
        type ? base_printf("retype" SANDBOX_CHANGE_FIELD "%.*s" SANDBOX_CHANGE_FIELD "%s",
                           (int)(type - column), column, type + 1)
             : base_strdup(base_json_str_or(in, "operation", ""));
    int64_t version = 0;
    int result = sandbox_table_change(server->workspace, base_json_str_or(in, "table", ""),
                                      operation, base_json_i64_or(in, "count", 0), &version, err);

    free(operation);
    if (result == 0)
        base_json_add_i64(data, "version", version);
    return result;
}

static int do_clock(struct sandbox_server *server, const cJSON *in, cJSON *data)
{
    base_seam_turn(server->seam, base_json_i64_or(in, "seconds", 0));
    sandbox_statements_wake(server);
    base_json_add_time(data, "now", base_seam_now_us(server->seam));
    return 0;
}

static int command_run(struct sandbox_control *control, const char *command, const cJSON *in,
                       cJSON **data, struct err *err)
{
    struct sandbox_server *server = control->server;

    if (strcmp(command, "fault") == 0)
        return do_fault(server, in, *data, err);
    if (strcmp(command, "change") == 0)
        return do_change(server, in, *data, err);
    if (strcmp(command, "clock") == 0)
        return do_clock(server, in, *data);
    if (strcmp(command, "grant") == 0 || strcmp(command, "revoke") == 0)
        return do_grant(server, in, command[0] == 'g', err);
    if (strcmp(command, "secret") == 0)
        return sandbox_secrets_control(server, in, *data, err);
    if (strcmp(command, "system") == 0)
        return sandbox_system_switch(server, base_json_str_or(in, "schema", ""),
                                     base_json_bool_or(in, "on", false), err);
    if (strcmp(command, "set") == 0)
        return sandbox_server_set(server, base_json_str_or(in, "name", ""),
                                  base_json_i64_or(in, "value", 0), err);
    if (strcmp(command, "fault_list") == 0) {
        base_json_add_take(*data, "faults", sandbox_fault_list(server));
    } else if (strcmp(command, "fault_clear") == 0) {
        sandbox_fault_clear(server, base_json_str(in, "kind"));
    } else if (strcmp(command, "requests") == 0) {
        cJSON_Delete(*data);
        *data = sandbox_journal_json(server->journal, base_json_i64_or(in, "since", 0));
    } else if (strcmp(command, "info") == 0) {
        cJSON_Delete(*data);
        *data = cJSON_Parse(control->ready);
    } else if (strcmp(command, "stop") == 0) {
        kill(getpid(), SIGTERM);
    } else {
        return base_err_set(err, ERR_USAGE, "no command is called '%s'", command);
    }
    return 0;
}

static void serve_one(struct sandbox_control *control, int fd)
{
    struct err err = ERR_INIT;
    cJSON *in, *data, *out;
    struct buf line;

    base_buf_init(&line, LINE_MAX_BYTES);
    if (line_read(fd, &line, PATIENCE_MS) == 0) {
        in = base_json_parse(line.data, line.len, LINE_MAX_BYTES, &err);
        data = base_json_object();
        out = base_json_object();
        if (in && strcmp(base_json_str_or(in, "token", ""), control->token) != 0)
            base_err_set(&err, ERR_USAGE, "wrong control token");
        else if (in)
            (void)!command_run(control, base_json_str_or(in, "command", ""), in, &data, &err);
        base_json_add_bool(out, "ok", err.code == ERR_OK);
        if (err.code == ERR_OK)
            base_json_add_take(out, "data", data);
        else
            cJSON_Delete(data);
        if (err.code != ERR_OK)
            base_json_add_take(out, "error", base_err_to_json(&err));
        (void)!line_write(fd, out);
        cJSON_Delete(in);
        cJSON_Delete(out);
    }
    base_buf_free(&line);
}

static void *control_thread(void *user)
{
    struct sandbox_control *control = user;

    for (;;) {
        struct pollfd wait[2] = {{.fd = control->listener, .events = POLLIN},
                                 {.fd = control->wake[0], .events = POLLIN}};
        int fd;

        if (poll(wait, 2, -1) < 0 && errno != EINTR)
            break;
        if (wait[1].revents)
            break;
        fd = accept(control->listener, NULL, NULL);
        if (fd < 0)
            continue;
        serve_one(control, fd);
        close(fd);
    }
    return NULL;
}

static int listen_loopback(int *port, struct err *err)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        base_err_errno(err, errno, "cannot listen for control commands");
        if (fd >= 0)
            close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static int place_write(const struct sandbox_control *control, int port, struct err *err)
{
    char *path = base_file_join(control->server->state_folder, "control.json");
    cJSON *json = base_json_object();
    char *text;
    int result;

    base_json_add_i64(json, "port", port);
    base_json_add_str(json, "token", control->token);
    base_json_add_i64(json, "pid", getpid());
    base_json_add_str(json, "address", control->server->address);
    text = base_json_print(json);
    result = base_file_write_atomic(path, text, strlen(text), 0600, err);
    free(text);
    free(path);
    cJSON_Delete(json);
    return result;
}

struct sandbox_control *sandbox_control_new(struct sandbox_server *server, const char *ready,
                                            struct err *err)
{
    struct sandbox_control *control = base_alloc_zero(1, sizeof *control);
    unsigned char random[32];
    int port;

    control->server = server;
    control->ready = base_strdup(ready);
    base_seam_random(server->seam, random, sizeof random);
    base_hex(random, sizeof random, control->token);
    control->listener = listen_loopback(&port, err);
    if (control->listener < 0 || place_write(control, port, err) != 0 || pipe(control->wake) != 0 ||
        pthread_create(&control->thread, NULL, control_thread, control) != 0) {
        base_err_set(err, ERR_INTERNAL, "cannot start the control thread");
        free(control->ready);
        free(control);
        return NULL;
    }
    return control;
}

void sandbox_control_free(struct sandbox_control **held)
{
    struct sandbox_control *control = *held;
    char *path;

    if (!control)
        return;
    (void)!write(control->wake[1], "x", 1);
    pthread_join(control->thread, NULL);
    close(control->listener);
    close(control->wake[0]);
    close(control->wake[1]);
    path = base_file_join(control->server->state_folder, "control.json");
    unlink(path);
    free(path);
    free(control->ready);
    free(control);
    *held = NULL;
}

static int connect_loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static cJSON *exchange_lines(int fd, const cJSON *command, struct err *err)
{
    struct buf line;
    cJSON *reply = NULL;

    base_buf_init(&line, REPLY_MAX_BYTES);
    if (line_write(fd, command) != 0 || line_read(fd, &line, 600000) != 0)
        base_err_set(err, ERR_ENGINE_UNREACHABLE, "the sandbox does not answer");
    else
        reply = cJSON_ParseWithLength(line.data, line.len);
    base_buf_free(&line);
    return reply;
}

/* The reply may hold every request ever made, so it is read by plain cJSON: it comes from our own
 * program. */
cJSON *sandbox_control_call(const char *state_folder, cJSON *command, struct err *err)
{
    char *path = base_file_join(state_folder, "control.json");
    cJSON *place = NULL, *reply = NULL, *data = NULL;
    struct buf text;
    int fd = -1;

    base_buf_init(&text, LINE_MAX_BYTES);
    if (base_file_read(path, LINE_MAX_BYTES, &text, NULL) == 0)
        place = base_json_parse(text.data, text.len, LINE_MAX_BYTES, NULL);
    if (place)
        fd = connect_loopback((int)base_json_i64_or(place, "port", 0));
    if (fd < 0) {
        base_err_set(err, ERR_ENGINE_UNREACHABLE, "no sandbox runs with its state in '%s'",
                     state_folder);
    } else {
        base_json_add_str(command, "token", base_json_str_or(place, "token", ""));
        reply = exchange_lines(fd, command, err);
        close(fd);
    }
    if (reply && base_json_bool_or(reply, "ok", false))
        data = cJSON_DetachItemFromObjectCaseSensitive(reply, "data");
    else if (reply)
        base_err_from_json(err, base_json_get(reply, "error"));
    cJSON_Delete(reply);
    cJSON_Delete(place);
    cJSON_Delete(command);
    base_buf_free(&text);
    free(path);
    return data;
}
