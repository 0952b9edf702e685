/* setup.check, setup.cancel, warehouses.list: looking at a step's answer from near to far. */
#include "engine/observe.h"
#include "engine/setup.h"

#include "base/alloc.h"
#include "base/json.h"
#include "databricks/warehouse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_MS 300000
#define LAYERS_MAX 64

static void verdict_free(struct setup_verdict *verdict)
{
    free(verdict->key);
    cJSON_Delete(verdict->layers);
    *verdict = (struct setup_verdict){0};
}

static void run_free(struct setup_run *run)
{
    struct setup_run **link = &setup_of(run->engine)->runs;
    while (*link != run)
        link = &(*link)->next;
    *link = run->next;
    watch_check_free(&run->check);
    verdict_free(&run->verdict);
    free(run);
}

static struct setup_run *run_find(struct engine *engine, int64_t job)
{
    struct setup_run *run = setup_of(engine)->runs;
    while (run && run->job != job)
        run = run->next;
    return run;
}

void engine_setup_free(struct engine *engine)
{
    if (engine->setup == NULL)
        return;
    while (engine->setup->runs)
        run_free(engine->setup->runs);
    net_loop_cancel_timer(engine->loop, engine->setup->timer);
    for (int i = 0; i < SETUP_STEPS; i++)
        verdict_free(&engine->setup->verdicts[i]);
    base_free(&engine->setup);
}

/* The worst of what has been seen: it names the verdict. */
static int rank(enum watch_state state)
{
    static const int ranks[] = {0, 3, 1, 2, 0};
    return ranks[state];
}

static cJSON *event_new(const struct setup_run *run)
{
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", run->job);
    base_json_add_str(json, "step", setup_step_id(run->step));
    return json;
}

static void layer_fill(cJSON *json, const struct watch_layer *layer)
{
    base_json_add_str(json, "layer", layer->name);
    base_json_add_str(json, "state", watch_state_name(layer->state));
    base_json_add_str(json, "text", layer->text);
    base_json_add_i64(json, "ms", layer->ms);
    if (layer->err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&layer->err));
}

static void on_layer(void *user, const struct watch_layer *layer)
{
    struct setup_run *run = user;
    cJSON *event = event_new(run), *kept = base_json_object();
    layer_fill(event, layer);
    layer_fill(kept, layer);
    if (cJSON_GetArraySize(run->verdict.layers) < LAYERS_MAX)
        base_json_push_take(run->verdict.layers, kept);
    else
        cJSON_Delete(kept);
    if (rank(layer->state) > rank(run->verdict.state)) {
        run->verdict.state = layer->state;
        run->verdict.err = layer->err;
    }
    engine_event(run->engine, "setup.check", event);
}

static void over_event(struct setup_run *run, const struct err *err)
{
    cJSON *event = event_new(run);
    base_json_add_bool(event, "done", true);
    base_json_add_bool(event, "trial", run->trial);
    if (err)
        base_json_add_take(event, "error", base_err_to_json(err));
    else
        base_json_add_str(event, "verdict", watch_state_name(run->verdict.state));
    base_json_add_take(event, "layers", cJSON_Duplicate(run->verdict.layers, true));
    engine_event(run->engine, "setup.check", event);
}

static int64_t check_start(struct engine *engine, enum setup_step step, const char *value,
                           bool start);

/* What waits for somebody else turns done by itself. */
static void look_again(void *user)
{
    struct engine *engine = user;
    engine->setup->timer = 0;
    for (int i = 0; i < SETUP_FIRST_SYNC; i++) {
        const struct setup_verdict *verdict = setup_verdict_now(engine, (enum setup_step)i);
        if (verdict && verdict->state == WATCH_FAIL && setup_waits_for_others(verdict->err.code))
            check_start(engine, (enum setup_step)i, NULL, false);
    }
}

bool setup_look_at_all(struct engine *engine)
{
    bool began = false;
    for (int i = 0; i < SETUP_FIRST_SYNC; i++) {
        enum setup_step step = (enum setup_step)i;
        bool under_way = false;
        for (struct setup_run *run = setup_of(engine)->runs; run; run = run->next)
            under_way |= run->step == step;
        if (under_way || setup_verdict_now(engine, step) || !setup_step_answered(engine, step))
            continue;
        check_start(engine, step, NULL, false);
        began = true;
    }
    return began;
}

static void on_done(void *user)
{
    struct setup_run *run = user;
    struct engine *engine = run->engine;
    struct engine_setup *setup = setup_of(engine);
    run->verdict.at_us = base_seam_now_us(engine->seam);
    over_event(run, NULL);
    if (!run->trial) {
        struct setup_verdict *verdict = &setup->verdicts[run->step];
        verdict_free(verdict);
        *verdict = run->verdict;
        run->verdict = (struct setup_verdict){0};
        if (verdict->state == WATCH_FAIL && setup->timer == 0 &&
            setup_waits_for_others(verdict->err.code))
            setup->timer = net_loop_after(engine->loop, LOOK_AGAIN_MS, look_again, engine);
    }
    run_free(run);
}

static const char *setting_or(struct engine *engine, enum setup_step step, const char *value,
                              enum config_setting setting)
{
    return value && setup_step_setting(step) == setting ? value
                                                        : config_get(engine->profile, setting);
}

static int64_t check_start(struct engine *engine, enum setup_step step, const char *value,
                           bool start)
{
    static const enum watch_kind kinds[] = {WATCH_WORKSPACE, WATCH_PRINCIPAL, WATCH_SECRET,
                                            WATCH_WAREHOUSE, WATCH_TABLES,    WATCH_DESTINATION};
    struct setup_run *run = base_alloc_zero(1, sizeof *run);
    char agent[64];
    snprintf(agent, sizeof agent, "aampe-console/%s", engine->version);
    struct watch_target target = {
        .loop = engine->loop,
        .seam = engine->seam,
        .log = engine->log,
        .limit = engine->limit,
        .user_agent = agent,
        .host = setting_or(engine, step, value, CONFIG_WORKSPACE_HOST),
        .ca_file = config_get(engine->profile, CONFIG_WORKSPACE_CA_FILE),
        .proxy = config_get(engine->profile, CONFIG_WORKSPACE_PROXY),
        .proxy_login = engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PROXY) : NULL,
        .client_id = setting_or(engine, step, value, CONFIG_PRINCIPAL_CLIENT_ID),
        .secret = engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) : NULL,
        /* What is only tried out may be another principal. */
        .secret_expires_us = value ? 0 : engine_secrets_end_us(engine),
        .warehouse = setting_or(engine, step, value, CONFIG_WAREHOUSE_ID),
        .may_start = config_get_bool(engine->profile, CONFIG_WAREHOUSE_START),
        .start = start,
        .share = config_profile_share(engine->profile),
        .destination = setting_or(engine, step, value, CONFIG_DESTINATION_URL)};
    struct watch_listener listener = {on_layer, on_done, run};
    run->engine = engine;
    run->step = step;
    run->job = ++engine->last_job;
    run->trial = value != NULL;
    run->verdict.key = setup_step_key(engine, step);
    run->verdict.layers = cJSON_CreateArray();
    run->check = watch_check_new(kinds[step], &target, &listener);
    run->next = setup_of(engine)->runs;
    setup_of(engine)->runs = run;
    return run->job;
}

/* A newer look at the same step replaces the one under way. */
static void earlier_end(struct engine *engine, enum setup_step step)
{
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_CANCELLED_BY_USER, "a newer check of this step has begun");
    for (struct setup_run *run = setup_of(engine)->runs, *next; run; run = next) {
        next = run->next;
        if (run->step != step)
            continue;
        over_event(run, &err);
        run_free(run);
    }
}

void engine_verb_setup_check(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    const char *id = base_json_str_or(params, "step", ""), *value = base_json_str(params, "value");
    enum setup_step step = setup_step_by_id(id);
    bool start = base_json_bool_or(params, "start", false);
    /* A folder is made, a warehouse started, an address tried: not for who may only look. */
    bool acts = start || value || step == SETUP_DESTINATION;
    if (acts && !ipc_need_admin(engine->server, call))
        return;
    if (step == SETUP_STEPS)
        base_err_set(&err, ERR_USAGE, "there is no step \"%s\"", id);
    else if (step == SETUP_FIRST_SYNC)
        base_err_set(&err, ERR_USAGE, "the first sync is checked by running it");
    else if (value && setup_step_setting(step) == CONFIG_SETTING_COUNT)
        base_err_set(&err, ERR_USAGE, "the step \"%s\" takes no value to try", id);
    else if (engine->profile_err.code != ERR_OK)
        err = engine->profile_err;
    if (err.code != ERR_OK) {
        engine_fail(engine, call, &err);
        return;
    }
    earlier_end(engine, step);
    int64_t job = check_start(engine, step, value, start);
    cJSON *json = base_json_object();
    base_json_add_i64(json, "job", job);
    base_json_add_str(json, "step", id);
    engine_reply(engine, call, json);
}

void engine_verb_setup_cancel(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct setup_run *run = run_find(engine, base_json_i64_or(params, "job", 0));
    cJSON *json = base_json_object();
    base_json_add_bool(json, "cancelled", run != NULL);
    if (run) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_CANCELLED_BY_USER, "stopped");
        over_event(run, &err);
        run_free(run);
    }
    engine_reply(engine, call, json);
}

static void on_warehouses(void *user, const struct err *err,
                          struct databricks_warehouses *warehouses)
{
    struct engine_ask *ask = user;
    if (err) {
        engine_ask_fail(ask, err);
        return;
    }
    cJSON *json = base_json_object();
    cJSON *array = base_json_add_array(json, "warehouses");
    for (size_t i = 0; i < warehouses->count && i < 1000; i++) {
        const struct databricks_warehouse *one = &warehouses->items[i];
        cJSON *item = base_json_object();
        base_json_add_str(item, "id", one->id);
        base_json_add_str(item, "name", one->name);
        base_json_add_str(item, "state", one->state);
        base_json_add_str(item, "size", one->size);
        base_json_add_bool(item, "serverless", one->serverless);
        base_json_add_i64(item, "auto_stop_minutes", one->auto_stop_minutes);
        base_json_push_take(array, item);
    }
    base_json_add_i64(json, "total", (int64_t)warehouses->count);
    engine_ask_reply(ask, json);
}

void engine_verb_warehouses_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    (void)params;
    struct err err = ERR_INIT;
    if (engine_need(engine, ENGINE_NEED_WORKSPACE, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    struct engine_ask *ask = engine_ask_new(engine, call, sizeof *ask, NULL);
    databricks_warehouse_list(engine->db, DATABRICKS_PRINCIPAL, on_warehouses, ask);
}
