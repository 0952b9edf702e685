#include "ui/app/app.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "ipc/client.h"
#include "ui/view/link.h"
#include "ui/view/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_MS 1000
#define HELLO_MS 5000 /* an engine that does not even say hello is as good as none */
#define STARTS_MAX 3  /* of an engine that keeps ending; then only the user starts it */
#define STARTS_FORGET_US ((int64_t)300 * 1000000)
#define MESSAGES_A_TURN 256

enum link_state { LINK_DOWN, LINK_STARTING, LINK_HELLO, LINK_UP };

struct app_link {
    const char *profile, *version;
    char *path;
    bool may_start, started;
    struct base_seam *seam;
    struct console *console;
    enum link_state state;
    struct ipc_client *client;
    int spawn_fd;
    struct buf spawn_line;
    int64_t due_us; /* next attempt, or the end of patience with hello */
    int starts;
    int64_t started_us;
    bool told_down;
    vec_of(struct link_call {
        uint64_t ours;
        int theirs;
    }) calls;
};

static const char *const events[] = {
    "run.progress",   "run.state",     "catalog.changed", "draft.changed",
    "finding",        "secret.expiry", "setup.check",     "share.changed",
    "status.changed", "doctor.layer",  "warehouse.start", "resync",
};

struct app_link *app_link_new(const char *profile, const char *socket, const char *version,
                              struct base_seam *seam, struct console *console)
{
    struct app_link *link = base_alloc_zero(1, sizeof *link);
    link->profile = profile;
    link->version = version;
    link->seam = seam;
    link->console = console;
    link->spawn_fd = -1;
    link->path = view_engine_socket(profile, socket, &link->may_start);
    return link;
}

static void spawn_end(struct app_link *link)
{
    if (link->spawn_fd < 0)
        return;
    close(link->spawn_fd);
    link->spawn_fd = -1;
    base_buf_free(&link->spawn_line);
}

void app_link_free(struct app_link **link)
{
    if (*link == NULL)
        return;
    spawn_end(*link);
    ipc_client_free(&(*link)->client);
    vec_free(&(*link)->calls);
    free((*link)->path);
    base_free(link);
}

static cJSON *snapshot_read(const struct app_link *link)
{
    const char *slash = strrchr(link->path, '/');
    char *folder =
        slash ? base_strndup(link->path, (size_t)(slash - link->path)) : base_strdup(".");
    cJSON *json = view_snapshot_read(folder);
    free(folder);
    return json;
}

static void down(struct app_link *link, const struct err *why)
{
    spawn_end(link);
    ipc_client_free(&link->client);
    link->calls.count = 0;
    link->due_us = base_seam_mono_us(link->seam) + RETRY_MS * 1000;
    /* The attempts in between say nothing new. */
    if (link->state == LINK_UP || !link->told_down) {
        cJSON *snapshot = snapshot_read(link);
        console_engine_down(link->console, why, snapshot);
        cJSON_Delete(snapshot);
        link->told_down = true;
    }
    link->state = LINK_DOWN;
}

static void up(struct app_link *link)
{
    struct err err = ERR_INIT;
    int id;
    cJSON *params = base_json_object();
    cJSON *names = base_json_add_array(params, "events");
    for (size_t i = 0; i < base_countof(events); i++)
        base_json_push_take(names, cJSON_CreateString(events[i]));
    if (ipc_client_send(link->client, "subscribe", params, &id, &err) != 0) {
        down(link, &err);
        return;
    }
    link->state = LINK_UP;
    link->told_down = false;
    console_engine_up(link->console, ipc_client_role(link->client), link->started);
    link->started = false;
}

static void start(struct app_link *link, int64_t now)
{
    struct err err = ERR_INIT;
    if (now - link->started_us > STARTS_FORGET_US)
        link->starts = 0;
    link->starts++;
    link->started_us = now;
    base_buf_init(&link->spawn_line, 64 * 1024);
    link->spawn_fd = view_engine_spawn(link->profile, false, &err);
    if (link->spawn_fd >= 0)
        link->state = LINK_STARTING;
    else
        down(link, &err);
}

static void attempt(struct app_link *link)
{
    struct err err = ERR_INIT;
    int64_t now = base_seam_mono_us(link->seam);
    link->client = ipc_client_begin(link->path, "aampe-console", link->version, &err);
    if (link->client) {
        link->state = LINK_HELLO;
        link->due_us = now + HELLO_MS * 1000;
    } else if (link->may_start && err.code == ERR_ENGINE_UNREACHABLE && link->starts < STARTS_MAX) {
        start(link, now);
    } else {
        if (!link->may_start && err.code == ERR_ENGINE_UNREACHABLE)
            base_err_hint(&err, "systemctl start aampe-syncd@%s", link->profile);
        down(link, &err);
    }
}

static void spawned(struct app_link *link)
{
    struct err err = ERR_INIT;
    int pid = 0, got = view_engine_spawned(link->spawn_fd, &link->spawn_line, &pid, &err);
    if (got == 0)
        return;
    spawn_end(link);
    link->state = LINK_DOWN;
    if (got > 0) {
        link->started = true;
        attempt(link);
    } else {
        down(link, &err); /* or somebody else has just started one: the next attempt finds it */
    }
}

static void hello(struct app_link *link)
{
    struct err err = ERR_INIT;
    int got = ipc_client_ready(link->client, &err);
    if (got > 0) {
        up(link);
    } else if (got < 0) {
        down(link, &err);
    } else if (base_seam_mono_us(link->seam) >= link->due_us) {
        base_err_set(&err, ERR_ENGINE_UNREACHABLE, "the engine does not answer");
        down(link, &err);
    }
}

/* The number the console gave the call that the engine has answered; 0: none. */
static uint64_t call_take(struct app_link *link, int theirs)
{
    for (size_t i = 0; i < link->calls.count; i++) {
        if (link->calls.items[i].theirs != theirs)
            continue;
        uint64_t ours = link->calls.items[i].ours;
        link->calls.items[i] = link->calls.items[--link->calls.count];
        return ours;
    }
    return 0;
}

/* True: there was one. -1 ends the connection. */
static int answer_take(struct app_link *link, struct err *lost)
{
    int id = 0;
    cJSON *result = NULL;
    struct err err = ERR_INIT;
    int got = ipc_client_next_reply(link->client, 0, &id, &result, &err, lost);
    uint64_t ours = got > 0 ? call_take(link, id) : 0;
    if (ours)
        console_answer(link->console, ours, result, err.code != ERR_OK ? &err : NULL);
    cJSON_Delete(result);
    return got;
}

static int event_take(struct app_link *link, struct err *lost)
{
    cJSON *event = NULL;
    int got = ipc_client_next_event(link->client, 0, &event, lost);
    const char *name = got > 0 ? base_json_str(event, "name") : NULL;
    if (name)
        console_event(link->console, name, base_json_get(event, "payload"));
    cJSON_Delete(event);
    return got;
}

static bool receive(struct app_link *link)
{
    struct err lost = ERR_INIT;
    bool any = false;
    for (int i = 0; i < MESSAGES_A_TURN && link->state == LINK_UP; i++) {
        int answers = answer_take(link, &lost);
        int events_got = answers < 0 || link->state != LINK_UP ? -1 : event_take(link, &lost);
        any |= answers > 0 || events_got > 0;
        if (answers < 0 || events_got < 0) {
            if (link->state == LINK_UP)
                down(link, &lost);
            return true;
        }
        if (answers == 0 && events_got == 0)
            break;
    }
    return any;
}

bool app_link_turn(struct app_link *link)
{
    enum link_state before = link->state;
    switch (link->state) {
    case LINK_DOWN:
        if (base_seam_mono_us(link->seam) >= link->due_us)
            attempt(link);
        break;
    case LINK_STARTING:
        spawned(link);
        break;
    case LINK_HELLO:
        hello(link);
        break;
    case LINK_UP:
        return receive(link);
    }
    return link->state != before;
}

struct pollfd app_link_poll(const struct app_link *link)
{
    int fd = link->client ? ipc_client_fd(link->client) : link->spawn_fd;
    return (struct pollfd){.fd = fd, .events = POLLIN};
}

int app_link_wait_ms(const struct app_link *link)
{
    if (link->state == LINK_UP || link->state == LINK_STARTING)
        return -1;
    int64_t left = link->due_us - base_seam_mono_us(link->seam);
    return left <= 0 ? 0 : (int)(left / 1000 + 1);
}

static void cancel_translate(const struct app_link *link, cJSON *params)
{
    int64_t ours = base_json_i64_or(params, "id", 0);
    for (size_t i = 0; i < link->calls.count; i++)
        if (link->calls.items[i].ours == (uint64_t)ours) {
            cJSON_DeleteItemFromObject(params, "id");
            base_json_add_i64(params, "id", link->calls.items[i].theirs);
        }
}

void app_link_send(struct app_link *link, uint64_t id, const char *verb, cJSON *take_params)
{
    struct err err = ERR_INIT;
    struct link_call call = {.ours = id};
    if (link->state != LINK_UP) {
        cJSON_Delete(take_params);
        base_err_set(&err, ERR_ENGINE_UNREACHABLE, "the engine is not connected");
        console_answer(link->console, id, NULL, &err);
        return;
    }
    /* The console names a call by its own number, the engine by that of the connection. */
    if (strcmp(verb, "cancel") == 0)
        cancel_translate(link, take_params);
    if (ipc_client_send(link->client, verb, take_params, &call.theirs, &err) != 0) {
        down(link, &err);
        return;
    }
    vec_push(&link->calls, call);
}
