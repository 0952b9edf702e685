/* setup.list: the steps of set-up, from settings, vault, runs, and what the last looks saw. */
#include "engine/observe.h"
#include "engine/setup.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TABLES_LOOKED 2000

static const struct {
    const char *id;
    enum config_setting setting;
    enum setup_step needs[3]; /* ended by SETUP_STEPS */
} steps[SETUP_STEPS] = {
    {"workspace", CONFIG_WORKSPACE_HOST, {SETUP_STEPS}},
    {"principal", CONFIG_PRINCIPAL_CLIENT_ID, {SETUP_WORKSPACE, SETUP_STEPS}},
    {"secret", CONFIG_SETTING_COUNT, {SETUP_WORKSPACE, SETUP_PRINCIPAL, SETUP_STEPS}},
    {"warehouse", CONFIG_WAREHOUSE_ID, {SETUP_WORKSPACE, SETUP_SECRET, SETUP_STEPS}},
    {"tables", CONFIG_SETTING_COUNT, {SETUP_WORKSPACE, SETUP_SECRET, SETUP_STEPS}},
    {"destination", CONFIG_DESTINATION_URL, {SETUP_STEPS}},
    {"first-sync", CONFIG_SETTING_COUNT, {SETUP_WAREHOUSE, SETUP_TABLES, SETUP_DESTINATION}},
};

const char *setup_step_id(enum setup_step step)
{
    return steps[step].id;
}

enum setup_step setup_step_by_id(const char *id)
{
    int step = 0;
    while (step < SETUP_STEPS && strcmp(steps[step].id, id) != 0)
        step++;
    return (enum setup_step)step;
}

enum config_setting setup_step_setting(enum setup_step step)
{
    return steps[step].setting;
}

struct engine_setup *setup_of(struct engine *engine)
{
    if (engine->setup == NULL)
        engine->setup = base_alloc_zero(1, sizeof *engine->setup);
    return engine->setup;
}

static void key_add(struct buf *key, struct engine *engine, enum config_setting setting)
{
    const char *value = config_get(engine->profile, setting);
    if (base_buf_printf(key, "%s\n", value ? value : "") != 0)
        bug("out of memory");
}

static void key_add_secret(struct buf *key, struct engine *engine)
{
    const struct secret *secret =
        engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) : NULL;
    char fingerprint[9] = "";
    if (secret)
        base_secret_fingerprint(secret, fingerprint);
    if (base_buf_printf(key, "%s\n", fingerprint) != 0)
        bug("out of memory");
}

char *setup_step_key(struct engine *engine, enum setup_step step)
{
    struct buf key;
    base_buf_init(&key, (size_t)64 << 20);
    if (step == SETUP_DESTINATION) {
        key_add(&key, engine, CONFIG_DESTINATION_URL);
        return base_buf_take(&key, NULL);
    }
    key_add(&key, engine, CONFIG_WORKSPACE_HOST);
    key_add(&key, engine, CONFIG_WORKSPACE_CA_FILE);
    key_add(&key, engine, CONFIG_WORKSPACE_PROXY);
    if (step >= SETUP_PRINCIPAL) {
        key_add(&key, engine, CONFIG_PRINCIPAL_CLIENT_ID);
        key_add_secret(&key, engine);
    }
    if (step == SETUP_WAREHOUSE)
        key_add(&key, engine, CONFIG_WAREHOUSE_ID);
    if (step == SETUP_TABLES) {
        const struct model_share *share = config_profile_share(engine->profile);
        for (size_t i = 0; i < share->count; i++) {
            char *name = model_name_text(&share->tables[i].name);
            if (base_buf_printf(&key, "%s\n", name) != 0)
                bug("out of memory");
            free(name);
        }
    }
    return base_buf_take(&key, NULL);
}

bool setup_waits_for_others(enum err_code code)
{
    return base_err_class(code) == ERR_CLASS_PERM && code != ERR_SRC_AUTH_CLIENT_INVALID &&
           code != ERR_SRC_AUTH_SECRET_EXPIRED;
}

const struct setup_verdict *setup_verdict_now(struct engine *engine, enum setup_step step)
{
    const struct setup_verdict *verdict = &setup_of(engine)->verdicts[step];
    if (verdict->key == NULL)
        return NULL;
    char *key = setup_step_key(engine, step);
    bool same = strcmp(key, verdict->key) == 0;
    free(key);
    return same ? verdict : NULL;
}

/* The share at the destination: how much of it is whole, what runs, what failed. */
struct share_tally {
    int64_t total, whole, running, failed, rows, batch;
    struct err err;
};

static void table_tally(struct engine *engine, const struct model_share_table *table,
                        struct share_tally *tally)
{
    struct store_run_filter filter = {.table = &table->name, .limit = 1};
    struct model_run *runs = NULL, good = {0};
    struct err err = ERR_INIT;
    size_t count = 0;
    tally->total++;
    if (store_run_list(engine->state, &filter, &runs, &count, NULL, &err) != 0 || count == 0)
        return;
    if (runs[0].batch > tally->batch)
        tally->batch = runs[0].batch;
    if (store_run_last_good(engine->state, runs[0].sync_uuid, &good, &err) == 0 &&
        good.counts.source_rows >= 0 && good.counts.source_rows == good.counts.file_rows) {
        tally->whole++;
        tally->rows += good.counts.file_rows;
    } else if (!model_run_over(runs[0].state)) {
        tally->running++;
    } else if (runs[0].state == RUN_FAILED && tally->failed++ == 0) {
        tally->err = runs[0].err;
    }
    model_run_free(&good);
    store_runs_free(runs, count);
}

static void share_tally(struct engine *engine, struct share_tally *tally)
{
    const struct model_share *share = config_profile_share(engine->profile);
    *tally = (struct share_tally){0};
    for (size_t i = 0; i < share->count && i < TABLES_LOOKED; i++)
        table_tally(engine, &share->tables[i], tally);
}

static void state_set(cJSON *json, const char *state, const char *text)
{
    base_json_add_str(json, "state", state);
    base_json_add_str(json, "text", text ? text : "");
}

static void sync_state(struct engine *engine, cJSON *json, bool *complete)
{
    struct share_tally tally;
    char *text, rows[24];
    share_tally(engine, &tally);
    const char *s = tally.total == 1 ? "" : "s";
    base_text_rows(tally.rows, rows);
    *complete = tally.whole > 0;
    const char *state = "todo";
    if (tally.total > 0 && tally.whole == tally.total) {
        state = "done";
        text = base_printf("%lld table%s, %s rows, verified", (long long)tally.total, s, rows);
    } else if (tally.running > 0) {
        state = "waits";
        text = base_printf("batch %lld runs: %lld of %lld table%s whole", (long long)tally.batch,
                           (long long)tally.whole, (long long)tally.total, s);
    } else if (tally.failed > 0) {
        state = "fails";
        text = base_printf("%lld of %lld failed", (long long)tally.failed, (long long)tally.total);
    } else if (tally.whole > 0) {
        state = "done";
        text = base_printf("%lld of %lld tables whole; the others come with the next sync",
                           (long long)tally.whole, (long long)tally.total);
    } else {
        text = base_strdup("");
    }
    state_set(json, state, text);
    base_json_add_i64(json, "batch", tally.batch);
    if (tally.failed > 0 && strcmp(state, "fails") == 0)
        base_json_add_take(json, "error", base_err_to_json(&tally.err));
    free(text);
}

/* What a good layer of the last look said, by its name. */
static const char *seen(const struct setup_verdict *verdict, const char *layer)
{
    const cJSON *item, *layers = verdict ? verdict->layers : NULL;
    cJSON_ArrayForEach(item, layers)
    {
        if (strcmp(base_json_str_or(item, "layer", ""), layer) == 0 &&
            strcmp(base_json_str_or(item, "state", ""), "ok") == 0)
            return base_json_str_or(item, "text", "");
    }
    return NULL;
}

static bool shown_id(const char *text)
{
    return text && text[0] >= '0' && text[0] <= '9';
}

/* The answer of a step in few words; NULL: there is none yet. malloc'd. */
static char *answer_text(struct engine *engine, enum setup_step step,
                         const struct setup_verdict *verdict)
{
    const struct config_profile *profile = engine->profile;
    const char *value = steps[step].setting == CONFIG_SETTING_COUNT
                            ? NULL
                            : config_get(profile, steps[step].setting);
    const char *more;
    char fingerprint[9];
    const struct secret *secret;
    size_t count;
    switch (step) {
    case SETUP_WORKSPACE:
        more = seen(verdict, "workspace id");
        value = value && strncmp(value, "https://", 8) == 0 ? value + 8 : value;
        return value ? base_printf("%s%s%s", value, shown_id(more) ? ", workspace " : "",
                                   shown_id(more) ? more : "")
                     : NULL;
    case SETUP_PRINCIPAL:
        more = seen(verdict, "who it is");
        return value ? base_strdup(more ? more : value) : NULL;
    case SETUP_SECRET:
        secret = engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) : NULL;
        if (secret == NULL)
            return NULL;
        base_secret_fingerprint(secret, fingerprint);
        return base_printf("%zu characters, fingerprint %s", base_secret_len(secret), fingerprint);
    case SETUP_WAREHOUSE:
        more = seen(verdict, "exists");
        return value ? base_strdup(more ? more : value) : NULL;
    case SETUP_TABLES:
        count = config_profile_share(engine->profile)->count;
        return count ? base_printf("%zu table%s%s", count, count == 1 ? "" : "s",
                                   seen(verdict, "readable") ? ", readable" : "")
                     : NULL;
    case SETUP_DESTINATION:
        more = seen(verdict, "free space");
        value = value && strncmp(value, "file://", 7) == 0 ? value + 7 : value;
        return value ? base_printf("%s%s%s%s", value, more ? ", " : "", more ? more : "",
                                   more ? " free" : "")
                     : NULL;
    default:
        return NULL;
    }
}

bool setup_step_answered(struct engine *engine, enum setup_step step)
{
    char *text = answer_text(engine, step, NULL);
    bool there = text != NULL;
    free(text);
    return there;
}

static void answer_state(struct engine *engine, enum setup_step step, cJSON *json)
{
    const struct setup_verdict *verdict = setup_verdict_now(engine, step);
    char *text = answer_text(engine, step, verdict);
    bool bad = verdict && verdict->state == WATCH_FAIL;
    if (step == SETUP_SECRET && engine->vault == NULL) {
        state_set(json, "fails", engine->vault_err.message);
        base_json_add_take(json, "error", base_err_to_json(&engine->vault_err));
    } else if (text == NULL) {
        state_set(json, "todo", "");
    } else if (bad) {
        state_set(json, setup_waits_for_others(verdict->err.code) ? "waits" : "fails",
                  verdict->err.message);
        base_json_add_take(json, "error", base_err_to_json(&verdict->err));
    } else {
        state_set(json, "done", text);
    }
    base_json_add_str(json, "answer", text);
    free(text);
    if (verdict) {
        base_json_add_str(json, "verdict", watch_state_name(verdict->state));
        base_json_add_time(json, "checked", verdict->at_us);
        base_json_add_take(json, "layers", cJSON_Duplicate(verdict->layers, true));
    }
}

static void blocked_add(cJSON *all, enum setup_step step, cJSON *json)
{
    cJSON *blocked = base_json_add_array(json, "blocked_by");
    for (int i = 0; i < 3 && steps[step].needs[i] != SETUP_STEPS; i++) {
        int need = (int)steps[step].needs[i];
        /* Later steps are looked at too: nothing needs one that comes after it, so it is there. */
        const cJSON *other = cJSON_GetArrayItem(all, need);
        const char *state = base_json_str_or(other, "state", "todo");
        /* Id and secret are refused together: each can be the wrong one. */
        bool pair = step == SETUP_SECRET && need == SETUP_PRINCIPAL && strcmp(state, "todo") != 0;
        if (strcmp(state, "done") != 0 && !pair)
            base_json_push_take(blocked, cJSON_CreateNumber(need + 1));
    }
}

static void settings_add(struct engine *engine, cJSON *json)
{
    static const enum config_setting shown[] = {CONFIG_WORKSPACE_HOST,  CONFIG_WORKSPACE_CA_FILE,
                                                CONFIG_WORKSPACE_PROXY, CONFIG_PRINCIPAL_CLIENT_ID,
                                                CONFIG_WAREHOUSE_ID,    CONFIG_WAREHOUSE_START,
                                                CONFIG_DESTINATION_URL};
    cJSON *settings = base_json_add_object(json, "settings");
    for (size_t i = 0; i < base_countof(shown); i++)
        base_json_add_str(settings, config_setting_info(shown[i])->key,
                          config_get(engine->profile, shown[i]));
}

static void secret_add(struct engine *engine, cJSON *json)
{
    const struct secret *secret =
        engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) : NULL;
    char fingerprint[9];
    if (engine->vault)
        base_json_add_str(json, "vault", store_vault_kind_name(store_vault_kind(engine->vault)));
    if (secret == NULL)
        return;
    cJSON *item = base_json_add_object(json, "secret");
    base_secret_fingerprint(secret, fingerprint);
    base_json_add_i64(item, "length", (int64_t)base_secret_len(secret));
    base_json_add_str(item, "fingerprint", fingerprint);
    base_json_add_time(item, "expires", engine_secrets_end_us(engine));
}

void engine_verb_setup_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct stat file;
    if (base_json_bool_or(params, "look", false) && call->role == IPC_ROLE_ADMIN &&
        engine->profile_err.code == ERR_OK)
        setup_look_at_all(engine);
    cJSON *json = base_json_object();
    cJSON *array = base_json_add_array(json, "steps");
    bool complete = false;
    int64_t done = 0;
    for (int i = 0; i < SETUP_STEPS; i++) {
        enum setup_step step = (enum setup_step)i;
        cJSON *item = base_json_object();
        base_json_add_i64(item, "number", i + 1);
        base_json_add_str(item, "id", steps[i].id);
        if (step == SETUP_FIRST_SYNC)
            sync_state(engine, item, &complete);
        else
            answer_state(engine, step, item);
        blocked_add(array, step, item);
        for (struct setup_run *run = setup_of(engine)->runs; run; run = run->next)
            if (run->step == step && !run->trial)
                base_json_add_i64(item, "checking", run->job);
        done += strcmp(base_json_str_or(item, "state", ""), "done") == 0;
        base_json_push_take(array, item);
    }
    base_json_add_i64(json, "done", done);
    base_json_add_i64(json, "total", SETUP_STEPS);
    /* Once something has arrived, its settings are settings and no longer first answers. */
    base_json_add_bool(json, "complete", complete);
    base_json_add_str(json, "file", engine->paths.profile);
    if (stat(engine->paths.profile, &file) == 0)
        base_json_add_time(json, "saved", (int64_t)file.st_mtime * 1000000);
    base_json_add_str(json, "managed_by",
                      config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE ? "file"
                                                                                     : "console");
    settings_add(engine, json);
    secret_add(engine, json);
    if (engine->profile_err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&engine->profile_err));
    engine_reply(engine, call, json);
}
