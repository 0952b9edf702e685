#include "engine/engine.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MS 250
#define TABLES_MAX 300
#define DAY_US (INT64_C(86400) * 1000000)

cJSON *engine_run_json(const struct model_run *run)
{
    return model_run_to_json(run);
}

cJSON *engine_progress_json(const struct sync_progress *progress)
{
    cJSON *json = base_json_object();
    base_json_add_i64(json, "run", progress->run_id);
    base_json_add_str(json, "phase", sync_phase_name(progress->phase));
    base_json_add_i64(json, "rows", progress->rows);
    if (progress->rows_total >= 0)
        base_json_add_i64(json, "rows_total", progress->rows_total);
    base_json_add_i64(json, "bytes", progress->bytes);
    base_json_add_i64(json, "chunks_done", progress->chunks_done);
    if (progress->chunks_total >= 0)
        base_json_add_i64(json, "chunks_total", progress->chunks_total);
    base_json_add_double(json, "rows_per_second", progress->rows_per_second);
    base_json_add_bool(json, "waiting_warehouse", progress->waiting_warehouse);
    base_json_add_bool(json, "waiting_memory", progress->waiting_memory);
    base_json_add_bool(json, "waiting_server", progress->waiting_server);
    base_json_add_bool(json, "waiting_retry", progress->waiting_retry);
    if (progress->waiting_retry)
        base_json_add_time(json, "retry_at", progress->retry_at_us);
    base_json_add_bool(json, "stalled", progress->stalled);
    return json;
}

/* Up to when the destination is whole: the start of the last run that published. */
static int64_t whole_to(struct engine *engine, const struct model_run *latest)
{
    struct model_run good = {0};
    struct err err = ERR_INIT;
    if (latest->state == RUN_RECORDED || latest->state == RUN_CLEANED)
        return latest->started_us;
    if (store_run_last_good(engine->state, latest->sync_uuid, &good, &err) != 0)
        return 0;
    int64_t started = good.started_us;
    model_run_free(&good);
    return started;
}

/* The table with its latest run. A long share is counted whole, but only its head and its failures
 * are listed. */
static void table_add(struct engine *engine, cJSON *tables, const struct model_share_table *table,
                      int64_t *failed, int64_t *running)
{
    struct store_run_filter filter = {.table = &table->name, .limit = 1};
    struct model_run *runs = NULL;
    struct err err = ERR_INIT;
    size_t count = 0;
    if (store_run_list(engine->state, &filter, &runs, &count, NULL, &err) != 0)
        count = 0;
    bool bad = count > 0 && runs[0].state == RUN_FAILED;
    *failed += bad;
    *running += count > 0 && !model_run_over(runs[0].state);
    if (cJSON_GetArraySize(tables) < TABLES_MAX || (bad && *failed <= TABLES_MAX)) {
        cJSON *json = base_json_object();
        char *name = model_name_text(&table->name);
        base_json_add_str(json, "name", name);
        if (count > 0) {
            base_json_add_take(json, "run", engine_run_json(&runs[0]));
            base_json_add_time(json, "whole_to", whole_to(engine, &runs[0]));
        }
        if (table->paused)
            base_json_add_bool(json, "paused", true);
        base_json_push_take(tables, json);
        free(name);
    }
    store_runs_free(runs, count);
}

static void tables_add(struct engine *engine, cJSON *json)
{
    const struct model_share *share = config_profile_share(engine->profile);
    cJSON *tables = base_json_add_array(json, "tables");
    int64_t failed = 0, running = 0;
    for (size_t i = 0; i < share->count; i++)
        table_add(engine, tables, &share->tables[i], &failed, &running);
    base_json_add_i64(json, "tables_total", (int64_t)share->count);
    base_json_add_i64(json, "failed", failed);
    base_json_add_i64(json, "running", running);
}

static void secrets_add(struct engine *engine, cJSON *json)
{
    struct store_vault_entry entry;
    int64_t now = base_seam_now_us(engine->seam);
    cJSON *secrets = base_json_add_array(json, "secrets");
    for (size_t i = 0; engine->vault && store_vault_at(engine->vault, i, &entry); i++) {
        cJSON *item = base_json_object();
        base_json_add_str(item, "name", entry.name);
        base_json_add_time(item, "expires", entry.expires_us);
        if (entry.expires_us)
            base_json_add_i64(item, "expires_days", (entry.expires_us - now) / DAY_US);
        base_json_push_take(secrets, item);
    }
    base_json_add_str(json, "vault",
                      engine->vault ? store_vault_kind_name(store_vault_kind(engine->vault))
                                    : NULL);
    if (engine->vault == NULL)
        base_json_add_take(json, "vault_error", base_err_to_json(&engine->vault_err));
}

/* What keeps a sync from running, if anything. */
static void blocked_add(struct engine *engine, cJSON *json)
{
    struct err err = ERR_INIT;
    bool ready = false;
    if (engine->rebuild_wanted)
        base_json_add_bool(json, "settings_pending", true);
    else
        ready = engine_need(engine, ENGINE_NEED_SYNC, &err) == 0;
    if (ready && engine->storage_err.code != ERR_OK)
        err = engine->storage_err;
    base_json_add_bool(json, "ready", ready && err.code == ERR_OK);
    if (err.code != ERR_OK)
        base_json_add_take(json, "blocked", base_err_to_json(&err));
}

cJSON *engine_snapshot(struct engine *engine)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "profile", engine->name);
    base_json_add_str(json, "version", engine->version);
    base_json_add_time(json, "time", base_seam_now_us(engine->seam));
    base_json_add_time(json, "started", engine->started_us);
    base_json_add_str(json, "workspace", config_get(engine->profile, CONFIG_WORKSPACE_HOST));
    base_json_add_str(json, "principal", config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    base_json_add_str(json, "warehouse", config_get(engine->profile, CONFIG_WAREHOUSE_ID));
    base_json_add_str(json, "destination", config_get(engine->profile, CONFIG_DESTINATION_URL));
    base_json_add_str(json, "managed_by",
                      config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE ? "file"
                                                                                     : "console");
    base_json_add_bool(json, "stopping", engine->stopping);
    base_json_add_bool(json, "recovering", engine->recovering);
    blocked_add(engine, json);
    tables_add(engine, json);
    secrets_add(engine, json);
    if (store_ballast_spent(engine->state))
        base_json_add_bool(json, "disk_full", true);
    return json;
}

void engine_snapshot_write(struct engine *engine)
{
    struct err err = ERR_INIT;
    cJSON *json = engine_snapshot(engine);
    char *text = base_json_print_pretty(json);
    if (base_file_write_atomic(engine->paths.snapshot, text, strlen(text), 0600, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "snapshot.failed", "code", base_err_name(err.code),
                       "message", err.message, NULL);
    free(text);
    cJSON_Delete(json);
}

static void snapshot_fire(void *user)
{
    struct engine *engine = user;
    engine->snapshot_timer = 0;
    engine_snapshot_write(engine);
}

void engine_snapshot_soon(struct engine *engine)
{
    if (engine->snapshot_timer == 0 && !engine->stopping)
        engine->snapshot_timer = net_loop_after(engine->loop, SNAPSHOT_MS, snapshot_fire, engine);
}
