/* status, engine.* */
#include "engine/engine.h"
#include "engine/lines.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void engine_verb_status(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    cJSON *json = engine_snapshot(engine);
    base_json_add_str(json, "role", call->role == IPC_ROLE_ADMIN ? "admin" : "view");
    engine_reply(engine, call, json);
}

/* Resident set now and at its peak, bytes, from /proc/self/status; absent lines add nothing. */
static void memory_add(cJSON *json)
{
    static const char *const lines[][2] = {{"VmRSS:", "resident_bytes"},
                                           {"VmHWM:", "resident_peak_bytes"}};
    struct buf text;
    base_buf_init(&text, 64 * 1024);
    if (base_file_read("/proc/self/status", text.max, &text, NULL) == 0) {
        for (size_t i = 0; i < 2; i++) {
            const char *at = strstr(text.data, lines[i][0]);
            if (at)
                base_json_add_i64(json, lines[i][1],
                                  strtoll(at + strlen(lines[i][0]), NULL, 10) * 1024);
        }
    }
    base_buf_free(&text);
}

void engine_requests_add(const struct engine *engine, cJSON *json)
{
    struct net_limit_look look = net_limit_look(engine->limit);
    cJSON *requests = base_json_add_object(json, "requests");
    base_json_add_i64(requests, "ceiling_per_second", look.ceiling);
    base_json_add_double(requests, "now_per_second", look.now);
    base_json_add_i64(requests, "sent", look.sent);
    base_json_add_i64(requests, "waiting", look.waiting);
    base_json_add_i64(requests, "throttled", look.throttled);
    if (look.paused_until_us)
        base_json_add_time(requests, "paused_until", look.paused_until_us);
}

void engine_verb_engine_status(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    cJSON *json = base_json_object();
    base_json_add_str(json, "profile", engine->name);
    base_json_add_str(json, "version", engine->version);
    base_json_add_i64(json, "pid", getpid());
    base_json_add_time(json, "started", engine->started_us);
    base_json_add_str(json, "state", engine->paths.state);
    base_json_add_str(json, "socket", engine->paths.socket);
    base_json_add_str(json, "profile_file", engine->paths.profile);
    base_json_add_i64(json, "clients", (int64_t)ipc_server_clients(engine->server));
    base_json_add_i64(json, "active_runs", engine->sync ? (int64_t)sync_active(engine->sync) : 0);
    base_json_add_bool(json, "recovering", engine->recovering);
    memory_add(json);
    engine_requests_add(engine, json);
    engine_calls_add(engine, json);
    engine_reply(engine, call, json);
}

static void stop_fire(void *user)
{
    struct engine *engine = user;
    net_loop_stop(engine->loop);
}

void engine_verb_engine_stop(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    cJSON *json = base_json_object();
    base_json_add_bool(json, "stopping", true);
    base_json_add_i64(json, "pid", getpid());
    base_json_add_i64(json, "active_runs", engine->sync ? (int64_t)sync_active(engine->sync) : 0);
    engine->stopping = true;
    engine_reply(engine, call, json);
    /* The answer leaves before the loop ends. */
    net_loop_after(engine->loop, 20, stop_fire, engine);
}

void engine_verb_engine_reload(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    struct err err = ERR_INIT;
    bool changed = false;
    if (engine_reload(engine, &changed, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_bool(json, "changed", changed);
    base_json_add_bool(json, "pending", engine->rebuild_wanted);
    engine_reply(engine, call, json);
}

void engine_verb_engine_log(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    int64_t lines = base_json_i64_or(params, "lines", 50);
    if (lines < 1 || lines > 1000)
        base_err_set(&err, ERR_USAGE, "lines is 1 to 1000");
    cJSON *array = err.code ? NULL : engine_log_lines(engine, NULL, (int)lines, &err);
    if (array == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_str(json, "file", engine->paths.log);
    base_json_add_take(json, "lines", array);
    engine_reply(engine, call, json);
}
