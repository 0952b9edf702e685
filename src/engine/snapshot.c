#include "engine/engine.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/observe.h"
#include "store/look.h"

#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_MS 250
#define SNAPSHOT_SHARE 10 /* at most a tenth of the time goes into snapshots */
#define SNAPSHOT_MAX_MS 10000
#define TABLES_MAX 300
#define DAY_US (INT64_C(86400) * 1000000)

cJSON *engine_run_json(const struct model_run *run)
{
    return model_run_to_json(run);
}

/* What the tables of the share add up to, while they are looked at. */
struct share_sum {
    int64_t failed, running, whole, oldest_us, newest_us;
    char *oldest; /* table that is whole to the earliest moment */
};

static void sum_add(struct share_sum *sum, const struct model_name *name,
                    const struct store_look_table *look)
{
    sum->failed += look->last.id != 0 && look->last.state == RUN_FAILED;
    sum->running += look->last.id != 0 && !model_run_over(look->last.state);
    if (look->whole_to_us == 0)
        return;
    sum->whole++;
    if (look->whole_to_us > sum->newest_us)
        sum->newest_us = look->whole_to_us;
    if (sum->oldest_us == 0 || look->whole_to_us < sum->oldest_us) {
        sum->oldest_us = look->whole_to_us;
        free(sum->oldest);
        sum->oldest = model_name_text(name);
    }
}

static const char *next_word(const struct model_share_table *table,
                             const struct store_look_table *look)
{
    if (look->last.id != 0 && !model_run_over(look->last.state))
        return "now";
    return table->paused ? "paused" : "by hand";
}

static cJSON *table_json(const struct model_share_table *table, const struct store_look_table *look)
{
    cJSON *json = base_json_object();
    char *name = model_name_text(&table->name);
    base_json_add_str(json, "name", name);
    free(name);
    cJSON *letters = base_json_add_array(json, "last");
    for (const char *at = look->letters; *at; at++)
        base_json_push_take(letters, cJSON_CreateString((char[]){*at, '\0'}));
    base_json_add_str(json, "next", next_word(table, look));
    if (table->paused)
        base_json_add_bool(json, "paused", true);
    if (look->last.id == 0)
        return json;
    base_json_add_str(json, "state", model_run_word(&look->last));
    base_json_add_i64(json, "last_run", look->last.id);
    base_json_add_take(json, "run", engine_run_json(&look->last));
    if (look->last.err.code != ERR_OK)
        base_json_add_take(json, "error", base_err_to_json(&look->last.err));
    base_json_add_time(json, "whole_to", look->whole_to_us);
    if (look->good_run) {
        base_json_add_i64(json, "good_run", look->good_run);
        base_json_add_i64(json, "rows", look->rows);
        base_json_add_i64(json, "bytes", look->bytes);
    }
    return json;
}

static void safe_add(cJSON *json, const struct share_sum *sum, size_t total)
{
    cJSON *safe = base_json_add_object(json, "safe");
    base_json_add_i64(safe, "tables", (int64_t)total);
    base_json_add_i64(safe, "whole", sum->whole);
    base_json_add_time(safe, "oldest", sum->oldest_us);
    base_json_add_time(safe, "newest", sum->newest_us);
    base_json_add_str(safe, "oldest_table", sum->oldest);
}

/* A long share is counted whole, but only its head and its failures are listed. */
static void tables_add(struct engine *engine, cJSON *json)
{
    const struct model_share *share = config_profile_share(engine->profile);
    cJSON *tables = base_json_add_array(json, "tables");
    struct share_sum sum = {0};
    struct err err = ERR_INIT;
    struct store_look *reader = store_look_new(engine->state, &err);
    for (size_t i = 0; reader && i < share->count; i++) {
        const struct model_share_table *table = &share->tables[i];
        struct store_look_table look;
        int rc = store_look_table(reader, &table->name, &look, &err);
        bool bad = look.last.id != 0 && look.last.state == RUN_FAILED;
        if (rc == 0)
            sum_add(&sum, &table->name, &look);
        if (i < TABLES_MAX || (bad && sum.failed <= TABLES_MAX / 2))
            base_json_push_take(tables, table_json(table, &look));
        if (bad)
            engine_attention_failed(engine, json, &look);
        else if (look.last.id != 0 && !model_run_over(look.last.state))
            engine_attention_stalled(engine, json, &look);
        store_look_table_free(&look);
    }
    store_look_free(&reader);
    base_json_add_i64(json, "tables_total", (int64_t)share->count);
    base_json_add_i64(json, "failed", sum.failed);
    base_json_add_i64(json, "running", sum.running);
    safe_add(json, &sum, share->count);
    free(sum.oldest);
}

static void totals_add(struct engine *engine, cJSON *json)
{
    struct store_look_totals totals;
    struct err err = ERR_INIT;
    if (store_look_totals(engine->state, base_seam_now_us(engine->seam) - DAY_US, &totals, &err) !=
        0)
        return;
    base_json_add_i64(json, "batches_running", totals.batches_running);
    if (totals.batches_running)
        base_json_add_i64(json, "batch", totals.batch);
    cJSON *day = base_json_add_object(json, "day");
    base_json_add_i64(day, "runs", totals.runs_since);
    base_json_add_i64(day, "rows", totals.rows_since);
    base_json_add_i64(day, "bytes", totals.bytes_since);
}

static void secrets_add(struct engine *engine, cJSON *json)
{
    engine_secrets_snapshot(engine, base_json_add_array(json, "secrets"));
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
    totals_add(engine, json);
    secrets_add(engine, json);
    engine_check_add(engine, json);
    engine_audit_add(engine, json);
    engine_requests_add(engine, json);
    if (store_ballast_spent(engine->state))
        base_json_add_bool(json, "disk_full", true);
    engine_attention_add(engine, json);
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

/* A long share takes longer to look at: the next time comes later in proportion. */
static void snapshot_fire(void *user)
{
    struct engine *engine = user;
    int64_t began = base_seam_mono_us(engine->seam);
    engine->snapshot_timer = 0;
    engine_snapshot_write(engine);
    engine_event(engine, "status.changed", base_json_object());
    engine->snapshot_took_ms = (base_seam_mono_us(engine->seam) - began) / 1000;
}

void engine_snapshot_soon(struct engine *engine)
{
    int64_t wait = engine->snapshot_took_ms * SNAPSHOT_SHARE;
    wait = wait < SNAPSHOT_MS ? SNAPSHOT_MS : wait > SNAPSHOT_MAX_MS ? SNAPSHOT_MAX_MS : wait;
    if (engine->snapshot_timer == 0 && !engine->stopping)
        engine->snapshot_timer = net_loop_after(engine->loop, wait, snapshot_fire, engine);
}
