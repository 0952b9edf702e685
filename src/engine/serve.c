#include "engine/doctor.h"
#include "engine/engine.h"
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "engine/observe.h"
#include "ipc/frame.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000
#define FRAME_REST 512 /* of a frame, around the result */

static const struct {
    const char *name;
    bool admin; /* changes something, or gives away rows */
    engine_verb_fn *run;
} verbs[] = {
    {"status", false, engine_verb_status},
    {"engine.status", false, engine_verb_engine_status},
    {"engine.stop", true, engine_verb_engine_stop},
    {"engine.reload", true, engine_verb_engine_reload},
    {"engine.log", false, engine_verb_engine_log},
    {"config.get", false, engine_verb_config_get},
    {"config.set", true, engine_verb_config_set},
    {"config.dump", false, engine_verb_config_dump},
    {"config.diff", false, engine_verb_config_diff},
    {"setup.list", false, engine_verb_setup_list},
    {"setup.check", false, engine_verb_setup_check},
    {"setup.cancel", true, engine_verb_setup_cancel},
    {"warehouses.list", false, engine_verb_warehouses_list},
    {"secrets.list", false, engine_verb_secrets_list},
    {"secrets.set", true, engine_verb_secrets_set},
    {"secrets.check", false, engine_verb_secrets_check},
    {"audit.list", false, engine_verb_audit_list},
    {"tree.rows", false, engine_verb_tree_rows},
    {"tree.search", false, engine_verb_tree_search},
    {"draft.show", false, engine_verb_draft_show},
    {"draft.tick", false, engine_verb_draft_tick},
    {"draft.undo", false, engine_verb_draft_undo},
    {"draft.clear", false, engine_verb_draft_clear},
    {"catalog.refresh", false, engine_verb_catalog_refresh},
    {"show", false, engine_verb_show},
    {"show.history", false, engine_verb_show_history},
    {"show.count", false, engine_verb_show_count},
    {"preview", false, engine_verb_preview},
    {"doctor.run", false, engine_verb_doctor_run},
    {"doctor.show", false, engine_verb_doctor_show},
    {"cancel", false, engine_verb_cancel},
    {"share.list", false, engine_verb_share_list},
    {"share.add", true, engine_verb_share_add},
    {"share.remove", true, engine_verb_share_remove},
    {"share.plan", false, engine_verb_share_plan},
    {"share.apply", true, engine_verb_share_apply},
    {"sync.plan", false, engine_verb_sync_plan},
    {"sync.run", true, engine_verb_sync_run},
    {"sync.report", false, engine_verb_sync_report},
    {"sync.verify", false, engine_verb_sync_verify},
    {"runs.list", false, engine_verb_runs_list},
    {"runs.show", false, engine_verb_runs_show},
    {"runs.log", false, engine_verb_runs_log},
    {"runs.live", false, engine_verb_runs_live},
    {"runs.check", false, engine_verb_runs_check},
    {"batches.list", false, engine_verb_batches_list},
    {"runs.retry", true, engine_verb_runs_retry},
    {"runs.cancel", true, engine_verb_runs_cancel},
};

/* May answer and free it. */
static void ask_stop(struct engine_ask *ask)
{
    if (ask->stop == NULL || ask->stopped)
        return;
    ask->stopped = true;
    ask->stop(ask);
}

static void on_call(void *user, struct ipc_call *call, const char *method, const cJSON *params)
{
    struct engine *engine = user;
    for (size_t i = 0; i < base_countof(verbs); i++) {
        if (strcmp(verbs[i].name, method) != 0)
            continue;
        if (verbs[i].admin && !ipc_need_admin(engine->server, call))
            return;
        engine->calls[i]++;
        verbs[i].run(engine, call, params);
        return;
    }
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_ENGINE_PROTOCOL, "this engine has no verb \"%s\"", method);
    engine_fail(engine, call, &err);
}

_Static_assert(base_countof(verbs) <= ENGINE_VERBS_MAX, "more verbs than places to count calls");

void engine_calls_add(const struct engine *engine, cJSON *json)
{
    cJSON *calls = base_json_add_object(json, "calls");
    for (size_t i = 0; i < base_countof(verbs); i++)
        if (engine->calls[i] > 0)
            base_json_add_i64(calls, verbs[i].name, engine->calls[i]);
}

static void on_ready(void *user, int fd, int events)
{
    struct engine *engine = user;
    int ipc = (events & NET_READ ? IPC_WATCH_READ : 0) | (events & NET_WRITE ? IPC_WATCH_WRITE : 0);
    if (!engine->parting)
        ipc_server_ready(engine->server, fd, ipc);
}

static void watch(void *user, int fd, int events)
{
    struct engine *engine = user;
    int net = (events & IPC_WATCH_READ ? NET_READ : 0) | (events & IPC_WATCH_WRITE ? NET_WRITE : 0);
    net_loop_watch(engine->loop, fd, net, on_ready, engine);
}

static void unwatch(void *user, int fd)
{
    struct engine *engine = user;
    net_loop_unwatch(engine->loop, fd);
}

/* Nobody waits for what a lost connection asked: what costs is cancelled. */
static void on_gone(void *user, uint64_t client)
{
    struct engine *engine = user;
    for (struct engine_ask *ask = engine->asks, *next; ask; ask = next) {
        next = ask->next;
        if (ask->call.client == client)
            ask_stop(ask);
    }
}

static int64_t now_us(void *user)
{
    struct engine *engine = user;
    return base_seam_mono_us(engine->seam);
}

static void tick(void *user)
{
    struct engine *engine = user;
    struct err err = ERR_INIT;
    ipc_server_tick(engine->server);
    engine_secrets_tick(engine);
    if (store_tick(engine->state, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "state.backup", "code", base_err_name(err.code),
                       "message", err.message, NULL);
    engine_catalog_tick(engine);
    engine->tick_timer = net_loop_after(engine->loop, TICK_MS, tick, engine);
}

static void on_log_line(void *user, const char *line)
{
    struct engine *engine = user;
    cJSON *payload = base_json_object();
    base_json_add_str(payload, "line", line);
    ipc_event(engine->server, "log", payload);
}

int engine_serve(struct engine *engine, struct err *err)
{
    struct ipc_server_config config = {.path = engine->paths.socket,
                                       .program = "aampe-syncd",
                                       .version = engine->version,
                                       .mode = 0600,
                                       .view_gid = (gid_t)-1,
                                       .admin_gid = (gid_t)-1,
                                       .now_us = now_us,
                                       .handle = on_call,
                                       .gone = on_gone,
                                       .user = engine};
    struct ipc_watch hooks = {watch, unwatch, engine};
    engine->server = ipc_server_new(&config, &hooks, err);
    if (engine->server == NULL)
        return -1;
    engine->tick_timer = net_loop_after(engine->loop, TICK_MS, tick, engine);
    base_log_tap(engine->log, on_log_line, engine);
    return 0;
}

void engine_event(struct engine *engine, const char *name, cJSON *take_payload)
{
    ipc_event(engine->server, name, take_payload);
}

/* An answer that does not fit into a frame must not cost the caller its connection. */
static bool fits(cJSON *result, struct err *err)
{
    char *text = base_json_print(result);
    size_t len = strlen(text);
    free(text);
    if (len + FRAME_REST <= IPC_FRAME_MAX)
        return true;
    base_err_set(err, ERR_LIMIT_EXCEEDED,
                 "the answer has %zu bytes, at most %zu fit into a message", len, IPC_FRAME_MAX);
    base_err_hint(err, "Ask for less at once (--limit, fewer tables).");
    return false;
}

void engine_reply(struct engine *engine, struct ipc_call *call, cJSON *take_result)
{
    struct err err = ERR_INIT;
    if (fits(take_result, &err)) {
        ipc_reply(engine->server, call, take_result);
        return;
    }
    cJSON_Delete(take_result);
    ipc_reply_error(engine->server, call, &err);
}

void engine_fail(struct engine *engine, struct ipc_call *call, const struct err *err)
{
    ipc_reply_error(engine->server, call, err);
}

void *engine_ask_new(struct engine *engine, struct ipc_call *call, size_t size,
                     void (*free_fn)(struct engine_ask *ask))
{
    struct engine_ask *ask = base_alloc_zero(1, size);
    ask->engine = engine;
    ask->call = *call;
    memset(call, 0, sizeof *call);
    ask->free = free_fn;
    ask->next = engine->asks;
    ask->link = &engine->asks;
    if (ask->next)
        ask->next->link = &ask->next;
    engine->asks = ask;
    return ask;
}

static void ask_free(struct engine_ask *ask)
{
    struct engine *engine = ask->engine;
    *ask->link = ask->next;
    if (ask->next)
        ask->next->link = ask->link;
    if (ask->free)
        ask->free(ask);
    free(ask);
    engine_idle_check(engine);
}

void engine_ask_reply(struct engine_ask *ask, cJSON *take_result)
{
    engine_reply(ask->engine, &ask->call, take_result);
    ask_free(ask);
}

void engine_ask_fail(struct engine_ask *ask, const struct err *err)
{
    ipc_reply_error(ask->engine->server, &ask->call, err);
    ask_free(ask);
}

bool engine_ask_stopped(struct engine_ask *ask)
{
    struct err err = ERR_INIT;
    if (!ask->stopped)
        return false;
    base_err_set(&err, ERR_CANCELLED_BY_USER, "cancelled before it ended");
    base_err_hint(&err, "Ask again when it is wanted.");
    engine_ask_fail(ask, &err);
    return true;
}

void engine_verb_cancel(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    const cJSON *id = base_json_get(params, "id");
    struct engine_ask *ask = engine->asks;
    while (ask && !(ask->call.client == call->client && ask->stop &&
                    cJSON_Compare(ask->call.id, id, true)))
        ask = ask->next;
    cJSON *json = base_json_object();
    base_json_add_bool(json, "cancelled", ask != NULL && !ask->stopped);
    if (ask)
        ask_stop(ask);
    engine_reply(engine, call, json);
}

void engine_ask_end(struct engine_ask *ask, struct ipc_call *call)
{
    *call = ask->call;
    memset(&ask->call, 0, sizeof ask->call);
    ask_free(ask);
}

int engine_param_name(const cJSON *params, const char *key, struct model_name *out, struct err *err)
{
    const char *text = base_json_str(params, key);
    if (text == NULL)
        return base_err_set(err, ERR_USAGE, "\"%s\" is missing: a table as catalog.schema.table",
                            key);
    return model_name_parse(text, out, err);
}
