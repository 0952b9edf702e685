#include "engine/glance.h"
#include "engine/observe.h"
#include "engine/runs.h"
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sync_settings sync_settings_of(const struct config_profile *profile)
{
    struct sync_settings settings = {
        .warehouse_id = config_get(profile, CONFIG_WAREHOUSE_ID),
        .principal = config_get(profile, CONFIG_PRINCIPAL_CLIENT_ID),
        .codec = config_get(profile, CONFIG_CODEC),
        .memory_limit = (size_t)config_get_i64(profile, CONFIG_MEMORY_LIMIT),
        .workers = (int)config_get_i64(profile, CONFIG_WORKERS),
        .parallel_tables = (int)config_get_i64(profile, CONFIG_PARALLEL_TABLES),
        .link_parallel = (int)config_get_i64(profile, CONFIG_LINK_PARALLEL),
        .group_rows = config_get_i64(profile, CONFIG_ROW_GROUP_ROWS),
        .no_warehouse_start = !config_get_bool(profile, CONFIG_WAREHOUSE_START),
        .no_compression = !config_get_bool(profile, CONFIG_LINK_COMPRESSION),
    };
    return settings;
}

static void on_run_state(void *user, const struct model_run *run)
{
    struct engine *engine = user;
    engine_circumstances_keep(engine, run);
    engine_event(engine, "run.state", engine_run_json(run));
    engine_snapshot_soon(engine);
}

static void on_progress(void *user, const struct sync_progress *progress)
{
    struct engine *engine = user;
    engine_event(engine, "run.progress", engine_progress_json(progress));
}

static void rebuild_fire(void *user)
{
    struct engine *engine = user;
    engine->rebuild_timer = 0;
    if (engine->rebuild_wanted)
        engine_reconnect(engine);
}

void engine_idle_check(struct engine *engine)
{
    if (engine->rebuild_wanted && engine->rebuild_timer == 0 && !engine->stopping)
        engine->rebuild_timer = net_loop_after(engine->loop, 1, rebuild_fire, engine);
}

static void on_warehouse_start(void *user, const char *name, const char *state)
{
    struct engine *engine = user;
    cJSON *event = base_json_object();
    base_json_add_str(event, "id", config_get(engine->profile, CONFIG_WAREHOUSE_ID));
    base_json_add_str(event, "name", name);
    base_json_add_str(event, "state", state);
    engine_event(engine, "warehouse.start", event);
    engine_warehouse_forget(engine); /* whoever looks at the batch sees how it is now */
}

static void on_batch_over(void *user, int64_t batch)
{
    struct engine *engine = user;
    base_log_event(engine->log, LOG_INFO_, "batch.over", "batch", base_log_i64(engine->log, batch),
                   NULL);
    engine_snapshot_soon(engine);
    engine_idle_check(engine);
}

static void on_recovered(void *user, int resolved, const struct err *err)
{
    struct engine *engine = user;
    engine->recovering = false;
    if (err && err->code == ERR_OK)
        err = NULL;
    base_log_event(engine->log, err ? LOG_WARN_ : LOG_INFO_, "engine.recovered", "count",
                   base_log_i64(engine->log, resolved), "code",
                   err ? base_err_name(err->code) : NULL, NULL);
    engine_snapshot_soon(engine);
    engine_idle_check(engine);
}

/* A call that waits for the destination's verdict. */
struct waiting_call {
    struct engine_ask ask;
    cJSON *params;
    void (*again)(struct engine *engine, struct ipc_call *call, const cJSON *params);
    struct waiting_call *next;
};

static void waiting_free(struct engine_ask *ask)
{
    cJSON_Delete(((struct waiting_call *)ask)->params);
}

static void waiting_go_on(struct engine *engine)
{
    struct waiting_call *waiting = engine->waiting_storage;
    engine->waiting_storage = NULL;
    while (waiting) {
        struct waiting_call *next = waiting->next;
        if (engine->storage_err.code != ERR_OK) {
            engine_ask_fail(&waiting->ask, &engine->storage_err);
        } else {
            struct ipc_call call;
            cJSON *params = waiting->params;
            void (*again)(struct engine *, struct ipc_call *, const cJSON *) = waiting->again;
            waiting->params = NULL;
            engine_ask_end(&waiting->ask, &call);
            again(engine, &call, params);
            cJSON_Delete(params);
        }
        waiting = next;
    }
}

bool engine_storage_ready(struct engine *engine, struct ipc_call *call, const cJSON *params,
                          void (*again)(struct engine *engine, struct ipc_call *call,
                                        const cJSON *params))
{
    if (engine->storage == NULL || (engine->storage_err.code == ERR_OK && !engine->storage_probing))
        return true;
    if (!engine->storage_probing) {
        engine_reconnect(engine);
        if (engine->rebuild_wanted || engine->storage == NULL)
            return true;
    }
    struct waiting_call *waiting = engine_ask_new(engine, call, sizeof *waiting, waiting_free);
    waiting->params = params ? cJSON_Duplicate(params, true) : NULL;
    waiting->again = again;
    waiting->next = engine->waiting_storage;
    engine->waiting_storage = waiting;
    return false;
}

/* A probe outlives the storage it belongs to: its verdict may come after settings have changed. */
struct storage_probe {
    struct engine *engine;
    bool current;
    struct storage_probe *next;
};

static void probe_end(struct engine *engine, struct storage_probe *probe)
{
    struct storage_probe **link = &engine->probes;
    while (*link != probe)
        link = &(*link)->next;
    *link = probe->next;
    free(probe);
}

static struct storage_probe *probe_new(struct engine *engine)
{
    struct storage_probe *probe = base_alloc_zero(1, sizeof *probe);
    probe->engine = engine;
    probe->current = true;
    probe->next = engine->probes;
    engine->probes = probe;
    return probe;
}

void engine_probes_free(struct engine *engine)
{
    while (engine->probes)
        probe_end(engine, engine->probes);
}

static void on_storage_open(void *user, const struct storage_reply *reply)
{
    struct storage_probe *probe = user;
    struct engine *engine = probe->engine;
    bool current = probe->current;
    probe_end(engine, probe);
    if (!current)
        return;
    engine->storage_probing = false;
    engine->storage_err = *reply->err;
    if (reply->err->code)
        base_log_event(engine->log, LOG_WARN_, "storage.unfit", "code",
                       base_err_name(reply->err->code), "message", reply->err->message, NULL);
    engine_snapshot_soon(engine);
    waiting_go_on(engine);
}

/* "a, b:8443" -> {"a","b:8443",NULL}; the text is cut in place. */
static size_t hosts_split(char *text, const char *hosts[], size_t max)
{
    size_t count = 0;
    char *save = NULL;
    for (char *host = strtok_r(text, ", ", &save); host && count < max;
         host = strtok_r(NULL, ", ", &save))
        hosts[count++] = host;
    return count;
}

static struct databricks *workspace_open(struct engine *engine, struct err *err)
{
    const char *hosts[32];
    const char *link_hosts = config_get(engine->profile, CONFIG_WORKSPACE_LINK_HOSTS);
    char *copy = base_strdup(link_hosts ? link_hosts : "");
    char agent[64];
    snprintf(agent, sizeof agent, "aampe-console/%s", engine->version);
    struct net_http_settings settings = {
        .origin = config_get(engine->profile, CONFIG_WORKSPACE_HOST),
        .ca_file = config_get(engine->profile, CONFIG_WORKSPACE_CA_FILE),
        .proxy = config_get(engine->profile, CONFIG_WORKSPACE_PROXY),
        .proxy_login = engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PROXY) : NULL,
        .user_agent = agent,
        .link_hosts = hosts,
        .log = engine->log,
        .limit = engine->limit};
    settings.link_host_count = hosts_split(copy, hosts, base_countof(hosts));
    struct databricks *db = databricks_new(engine->loop, &settings, err);
    free(copy);
    const char *id = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    const struct secret *secret =
        engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) : NULL;
    if (db && id && secret)
        databricks_identity_oauth(db, DATABRICKS_PRINCIPAL, id, secret);
    if (db)
        databricks_identity_secret_ends(db, DATABRICKS_PRINCIPAL, engine_secrets_end_us(engine));
    id = config_get(engine->profile, CONFIG_OBSERVER_CLIENT_ID);
    secret = engine->vault ? store_vault_peek(engine->vault, ENGINE_SECRET_OBSERVER) : NULL;
    if (db && id && secret)
        databricks_identity_oauth(db, DATABRICKS_OBSERVER, id, secret);
    return db;
}

static void sync_open(struct engine *engine)
{
    struct sync_deps deps = {.loop = engine->loop,
                             .databricks = engine->db,
                             .storage = engine->storage,
                             .store = engine->state,
                             .seam = engine->seam,
                             .log = engine->log,
                             .settings = sync_settings_of(engine->profile)};
    struct sync_listener listener = {on_run_state, on_progress, on_batch_over, on_warehouse_start,
                                     engine};
    engine->sync = sync_new(&deps, &engine->connect_err);
    if (engine->sync == NULL)
        return;
    sync_listen(engine->sync, &listener);
    engine->recovering = true;
    sync_recover(engine->sync, on_recovered, engine);
}

static void destination_open(struct engine *engine, const char *url)
{
    struct storage_probe *probe = probe_new(engine);
    engine->storage =
        storage_open(url, engine->seam, engine->loop, on_storage_open, probe, &engine->storage_err);
    engine->storage_probing = engine->storage != NULL;
    if (engine->storage == NULL)
        probe_end(engine, probe);
}

void engine_connect(struct engine *engine)
{
    const struct config_profile *profile = engine->profile;
    const char *url = config_get(profile, CONFIG_DESTINATION_URL);
    engine->connect_err = ERR_INIT;
    engine->storage_err = ERR_INIT;
    engine->rebuild_wanted = false;
    net_limit_set(engine->limit, (int)config_get_i64(profile, CONFIG_WORKSPACE_REQUESTS));
    if (config_get(profile, CONFIG_WORKSPACE_HOST))
        engine->db = workspace_open(engine, &engine->connect_err);
    if (engine->db)
        engine_catalog_open(engine);
    if (url)
        destination_open(engine, url);
    if (engine->db && engine->storage &&
        databricks_identity_known(engine->db, DATABRICKS_PRINCIPAL))
        sync_open(engine);
}

void engine_disconnect(struct engine *engine)
{
    bool within = engine->parting;
    engine_secrets_disconnect(engine);
    engine->audit_reading = false;
    engine->parting = true;
    sync_free(&engine->sync); /* waits for its disk and its workers, in turns of the loop */
    engine->parting = within;
    engine_looks_free(engine);
    engine_warehouse_forget(engine);
    engine_glances_free(&engine->glances);
    catalog_free(&engine->catalog);
    databricks_free(&engine->db);
    storage_free(&engine->storage);
    for (struct storage_probe *probe = engine->probes; probe; probe = probe->next)
        probe->current = false;
    engine->recovering = engine->storage_probing = false;
}

void engine_reconnect(struct engine *engine)
{
    if (engine->parting)
        return; /* in the middle of it: it ends with the settings of then, or for good */
    /* A walk over the workspace does not hold it up: the next one goes on where it was. */
    bool busy = (engine->sync && !sync_idle(engine->sync)) || engine->asks;
    engine->rebuild_wanted = busy;
    if (busy) {
        struct sync_settings settings = sync_settings_of(engine->profile);
        if (engine->sync)
            sync_settings_set(engine->sync, &settings);
        return;
    }
    engine_disconnect(engine);
    engine_connect(engine);
}

static int need_setting(struct engine *engine, enum config_setting setting, struct err *err)
{
    const char *value = config_get(engine->profile, setting);
    if (value && value[0])
        return 0;
    const struct config_setting_info *info = config_setting_info(setting);
    base_err_set(err, ERR_CONFIG_MISSING, "\"%s\" is not set: %s", info->key, info->help);
    base_err_hint(err, "aampe-console config set %s VALUE", info->key);
    return -1;
}

static int need_principal(struct engine *engine, struct err *err)
{
    if (need_setting(engine, CONFIG_WORKSPACE_HOST, err) != 0 ||
        need_setting(engine, CONFIG_PRINCIPAL_CLIENT_ID, err) != 0)
        return -1;
    if (engine->vault == NULL) {
        *err = engine->vault_err;
        return -1;
    }
    if (store_vault_peek(engine->vault, ENGINE_SECRET_PRINCIPAL) == NULL) {
        base_err_set(err, ERR_CONFIG_MISSING, "the secret \"%s\" has not been entered",
                     ENGINE_SECRET_PRINCIPAL);
        base_err_hint(err, "aampe-console secrets set %s", ENGINE_SECRET_PRINCIPAL);
        return -1;
    }
    if (engine->db == NULL) {
        *err = engine->connect_err;
        return -1;
    }
    return 0;
}

int engine_need(struct engine *engine, enum engine_need need, struct err *err)
{
    if (engine->profile_err.code != ERR_OK) {
        *err = engine->profile_err;
        return -1;
    }
    if (engine->rebuild_wanted)
        engine_reconnect(engine);
    if (engine->rebuild_wanted)
        return base_err_set(err, ERR_ENGINE_BUSY,
                            "settings have changed and are used once the running work is over");
    if (need_principal(engine, err) != 0)
        return -1;
    if (need >= ENGINE_NEED_WAREHOUSE && need_setting(engine, CONFIG_WAREHOUSE_ID, err) != 0)
        return -1;
    if (need < ENGINE_NEED_SYNC)
        return 0;
    if (need_setting(engine, CONFIG_DESTINATION_URL, err) != 0)
        return -1;
    if (engine->sync == NULL) {
        *err = engine->storage ? engine->connect_err : engine->storage_err;
        return -1;
    }
    return 0;
}
