#define _GNU_SOURCE
#include "ui/view/link.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "ipc/client.h"
#include "ui/view/out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 5000
/* A stopped warehouse may take minutes to answer the one query a verb waits for. */
#define CALL_MS (15 * 60 * 1000)
#define START_MS 30000

struct view_link {
    struct ipc_client *client;
    bool started;
};

int view_profile_check(const char *profile, struct err *err)
{
    size_t len = strlen(profile);
    if (len == 0 || len > 32 || strspn(profile, "abcdefghijklmnopqrstuvwxyz0123456789_-") != len ||
        profile[0] == '-')
        return base_err_set(err, ERR_USAGE,
                            "\"%s\" is no name of a profile: a-z, 0-9, _ and -, at most 32",
                            profile);
    return 0;
}

static char *join3(char *take_home, const char *profile, const char *suffix)
{
    char *path = base_printf("%s/aampe/%s%s", take_home, profile, suffix);
    free(take_home);
    return path;
}

char *view_profile_state(const char *profile)
{
    return join3(base_file_state_home(), profile, "");
}

char *view_profile_file(const char *profile)
{
    return join3(base_file_config_home(), profile, ".json");
}

bool view_profile_unit(const char *profile)
{
    char *etc = base_printf("/etc/aampe/%s/profile.json", profile);
    char *run = base_printf("/run/aampe/%s", profile);
    bool unit = base_file_exists(etc) || base_file_exists(run);
    free(etc);
    free(run);
    return unit;
}

static int engine_verdict(const struct buf *line, int *pid, struct err *err)
{
    cJSON *json = base_json_parse(line->data, line->len, line->len, NULL);
    const cJSON *error = base_json_get(json, "error");
    int rc = 0;
    if (json == NULL)
        rc = base_err_set(err, ERR_ENGINE_PROTOCOL, "the engine's first line is no JSON");
    else if (error)
        base_err_from_json(err, error), rc = -1;
    else if (pid)
        *pid = (int)base_json_i64_or(json, "pid", 0);
    cJSON_Delete(json);
    return rc;
}

/* The engine prints one JSON line when it listens, or why it does not. */
int view_engine_spawned(int fd, struct buf *line, int *pid, struct err *err)
{
    char piece[512];
    ssize_t got = read(fd, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    if (got <= 0)
        return base_err_set(err, ERR_ENGINE_UNREACHABLE, "the engine ended while starting");
    if (base_buf_append(line, piece, (size_t)got) != 0)
        return base_err_set(err, ERR_ENGINE_PROTOCOL, "the engine's first line is too long");
    if (!memchr(line->data, '\n', line->len))
        return 0;
    return engine_verdict(line, pid, err) == 0 ? 1 : -1;
}

int view_engine_spawn(const char *profile, bool die_with_us, struct err *err)
{
    int ends[2];
    pid_t child = 0;
    char *program = base_process_find("aampe-syncd");
    if (program == NULL)
        return base_err_set(err, ERR_ENGINE_UNREACHABLE,
                            "aampe-syncd is neither beside this program nor in PATH");
    if (pipe2(ends, O_CLOEXEC) != 0) {
        base_err_errno(err, errno, "making a pipe");
        ends[0] = -1;
    } else {
        const char *argv[] = {program, "--profile", profile, NULL};
        int rc = base_process_start(argv, ends[1], NULL, die_with_us, &child, err);
        close(ends[1]);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
        if (rc != 0) {
            close(ends[0]);
            ends[0] = -1;
        }
    }
    free(program);
    return ends[0];
}

int view_engine_start(const char *profile, bool die_with_us, int *pid, struct err *err)
{
    struct buf line;
    int fd = view_engine_spawn(profile, die_with_us, err), rc = 0;
    if (fd < 0)
        return -1;
    base_buf_init(&line, 64 * 1024);
    while (rc == 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, START_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        rc = ready > 0 ? view_engine_spawned(fd, &line, pid, err)
                       : base_err_set(err, ERR_ENGINE_UNREACHABLE,
                                      "the engine did not get ready within %d s", START_MS / 1000);
    }
    base_buf_free(&line);
    close(fd);
    return rc > 0 ? 0 : -1;
}

char *view_engine_socket(const char *profile, const char *socket, bool *may_start)
{
    *may_start = false;
    if (socket)
        return base_strdup(socket);
    if (view_profile_unit(profile))
        return base_printf("/run/aampe/%s/sock", profile);
    char *state = view_profile_state(profile);
    char *path = base_file_join(state, "sock");
    *may_start = true;
    free(state);
    return path;
}

static struct ipc_client *try_path(const struct view_link_options *options, const char *path,
                                   struct err *err)
{
    return ipc_client_connect(path, "aampe-console", options->version, CONNECT_MS, err);
}

/* *may_start: nobody answers, and an engine may be started. */
static struct ipc_client *find_engine(const struct view_link_options *options, bool *may_start,
                                      struct err *err)
{
    bool ours = false;
    char *path = view_engine_socket(options->profile, options->socket, &ours);
    struct ipc_client *client = try_path(options, path, err);
    *may_start = ours && client == NULL && err->code == ERR_ENGINE_UNREACHABLE;
    if (client == NULL && !ours && !options->socket && err->code == ERR_ENGINE_UNREACHABLE)
        base_err_hint(err, "a systemd unit owns this profile: systemctl start aampe-syncd@%s",
                      options->profile);
    free(path);
    return client;
}

static struct view_link *link_new(struct ipc_client *client, bool started)
{
    struct view_link *link = base_alloc_zero(1, sizeof *link);
    link->client = client;
    link->started = started;
    return link;
}

/* Somebody else started an engine at the same moment: it has the state, and will answer soon. */
static struct view_link *started_elsewhere(const struct view_link_options *options, struct err *err)
{
    for (int tries = 0; err->code == ERR_HOST_STATE_LOCKED && tries < 50; tries++) {
        bool may_start = false;
        struct err ignored = ERR_INIT;
        struct ipc_client *client = find_engine(options, &may_start, &ignored);
        if (client) {
            base_err_clear(err);
            return link_new(client, false);
        }
        poll(NULL, 0, 100);
    }
    return NULL;
}

struct view_link *view_link_open(const struct view_link_options *options, struct err *err)
{
    bool may_start = false, started = false;
    if (view_profile_check(options->profile, err) != 0)
        return NULL;
    struct ipc_client *client = find_engine(options, &may_start, err);
    if (client == NULL && may_start && options->start) {
        int pid = 0;
        base_err_clear(err);
        if (view_engine_start(options->profile, false, &pid, err) != 0)
            return started_elsewhere(options, err);
        started = true;
        if (options->out)
            view_diag(options->out, "engine of profile %s started, pid %d", options->profile, pid);
        client = find_engine(options, &may_start, err);
    }
    if (client == NULL)
        return NULL;
    return link_new(client, started);
}

void view_link_free(struct view_link **link)
{
    if (*link == NULL)
        return;
    ipc_client_free(&(*link)->client);
    base_free(link);
}

bool view_link_started(const struct view_link *link)
{
    return link->started;
}

int view_call(struct view_link *link, const char *verb, cJSON *take_params, cJSON **result,
              struct err *err)
{
    return ipc_client_call(link->client, verb, take_params, CALL_MS, result, err);
}

int view_subscribe(struct view_link *link, const char *const events[], struct err *err)
{
    cJSON *params = base_json_object(), *result = NULL;
    cJSON *names = base_json_add_array(params, "events");
    for (size_t i = 0; events[i]; i++)
        base_json_push_take(names, cJSON_CreateString(events[i]));
    int rc = ipc_client_call(link->client, "subscribe", params, CONNECT_MS, &result, err);
    cJSON_Delete(result);
    return rc;
}

int view_event(struct view_link *link, int timeout_ms, cJSON **event, struct err *err)
{
    return ipc_client_next_event(link->client, timeout_ms, event, err);
}

int view_link_fd(const struct view_link *link)
{
    return ipc_client_fd(link->client);
}

int view_send(struct view_link *link, const char *verb, cJSON *take_params, int *id,
              struct err *err)
{
    return ipc_client_send(link->client, verb, take_params, id, err);
}

int view_reply(struct view_link *link, int id, int timeout_ms, cJSON **result, struct err *err)
{
    struct err refused = ERR_INIT;
    int answered = 0;
    int got = ipc_client_next_reply(link->client, timeout_ms, &answered, result, &refused, err);
    if (got <= 0)
        return got;
    if (answered != id) { /* a question that was given up */
        cJSON_Delete(*result);
        *result = NULL;
        return 0;
    }
    if (refused.code == ERR_OK)
        return 1;
    *err = refused;
    return -1;
}
