/* What a run ran with, kept beside it: without that nobody could say later what is different now.
 * One fact a run ("run.17"), written when it begins to read, and again when it fails. After a
 * failure by rights or by a missing table, the table is looked at as whoever may see most. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "databricks/catalog.h"
#include "engine/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_key(int64_t run, char key[48])
{
    snprintf(key, 48, "run.%lld", (long long)run);
}

cJSON *engine_circumstances(struct engine *engine, int64_t run)
{
    char key[48];
    run_key(run, key);
    return engine_fact_get(engine, key);
}

/* Without the slashes at the end, which say nothing. */
static size_t url_len(const char *url)
{
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return len;
}

char *engine_run_elsewhere(struct engine *engine, int64_t run, const char *destination)
{
    cJSON *then = engine_circumstances(engine, run);
    const char *was = base_json_str(then, "destination");
    char *out = NULL;
    if (was && destination &&
        (url_len(was) != url_len(destination) || strncmp(was, destination, url_len(was)) != 0))
        out = base_strdup(was);
    cJSON_Delete(then);
    return out;
}

/* The fingerprint of the secret of the principal; "" when it is not known. */
static void fingerprint_of(struct engine *engine, char out[9])
{
    struct store_vault_entry entry;
    out[0] = '\0';
    for (size_t i = 0; engine->vault && store_vault_at(engine->vault, i, &entry); i++)
        if (strcmp(entry.name, ENGINE_SECRET_PRINCIPAL) == 0)
            memcpy(out, entry.fingerprint, 9);
}

cJSON *engine_circumstances_now(struct engine *engine)
{
    static const struct {
        const char *name;
        enum config_setting setting;
    } settings[] = {{"principal", CONFIG_PRINCIPAL_CLIENT_ID},
                    {"workspace", CONFIG_WORKSPACE_HOST},
                    {"warehouse", CONFIG_WAREHOUSE_ID},
                    {"destination", CONFIG_DESTINATION_URL},
                    {"codec", CONFIG_CODEC}};
    char fingerprint[9];
    cJSON *json = base_json_object();
    base_json_add_str(json, "engine", engine->version);
    fingerprint_of(engine, fingerprint);
    base_json_add_str(json, "secret", fingerprint);
    for (size_t i = 0; i < base_countof(settings); i++)
        base_json_add_str(json, settings[i].name, config_get(engine->profile, settings[i].setting));
    return json;
}

/* How far the attempt had come when it failed. */
static void failed_add(struct engine *engine, cJSON *json, int64_t run)
{
    struct sync_live live;
    const char *chunks = NULL;
    if (engine->sync == NULL || !sync_run_failed(engine->sync, run, &live, &chunks))
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(json, "failed");
    base_json_add_take(json, "failed", engine_live_json(engine, &live, chunks));
}

/* --- a look at the table --- */

struct engine_look {
    struct engine *engine;
    struct engine_look *next;
    struct databricks_call *call;
    int64_t run;
    enum databricks_identity as;
};

static void look_free(struct engine_look *look)
{
    struct engine_look **at = &look->engine->looks;
    while (*at != look)
        at = &(*at)->next;
    *at = look->next;
    databricks_cancel(&look->call);
    free(look);
}

void engine_looks_free(struct engine *engine)
{
    while (engine->looks)
        look_free(engine->looks);
}

static cJSON *table_json(const struct databricks_table *table)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "table_id", table->table_id);
    base_json_add_str(json, "owner", table->owner);
    base_json_add_time(json, "created", table->created_us);
    base_json_add_time(json, "updated", table->updated_us);
    if (table->columns.count)
        base_json_add_take(json, "columns", model_schema_to_json(&table->columns));
    return json;
}

static void looked(void *user, const struct err *err, struct databricks_table *table)
{
    struct engine_look *look = user;
    struct engine *engine = look->engine;
    char key[48];
    run_key(look->run, key);
    cJSON *json = engine_fact_get(engine, key);
    if (json == NULL)
        json = base_json_object();
    cJSON *seen = table ? table_json(table) : base_json_object();
    base_json_add_str(seen, "as", databricks_identity_name(look->as));
    base_json_add_time(seen, "time", base_seam_now_us(engine->seam));
    if (err)
        base_json_add_take(seen, "error", base_err_to_json(err));
    cJSON_DeleteItemFromObjectCaseSensitive(json, "seen");
    base_json_add_take(json, "seen", seen);
    engine_fact_put(engine, key, json);
    cJSON_Delete(json);
    look->call = NULL;
    look_free(look);
}

static bool worth_a_look(enum err_code code)
{
    return code == ERR_SRC_PERM_CATALOG || code == ERR_SRC_PERM_SCHEMA ||
           code == ERR_SRC_PERM_TABLE || code == ERR_SRC_PERM_VIEW_CHAIN ||
           code == ERR_SRC_TABLE_NOT_FOUND || code == ERR_SRC_TABLE_CHANGED ||
           code == ERR_SRC_FILES_GONE || code == ERR_SCHEMA_COL_REMOVED ||
           code == ERR_TYPE_UNSUPPORTED;
}

static void look_start(struct engine *engine, const struct model_run *run)
{
    if (engine->db == NULL || !worth_a_look(run->err.code))
        return;
    struct engine_look *look = base_alloc_zero(1, sizeof *look);
    look->engine = engine;
    look->run = run->id;
    look->as = databricks_identity_known(engine->db, DATABRICKS_OBSERVER) ? DATABRICKS_OBSERVER
                                                                          : DATABRICKS_PRINCIPAL;
    look->next = engine->looks;
    engine->looks = look;
    look->call = databricks_table_get(engine->db, look->as, &run->table, true, looked, look);
}

void engine_circumstances_keep(struct engine *engine, const struct model_run *run)
{
    char key[48];
    bool failed = run->state == RUN_FAILED;
    if (run->state != RUN_RUNNING && !failed)
        return;
    run_key(run->id, key);
    cJSON *json = failed ? engine_fact_get(engine, key) : NULL;
    if (json == NULL)
        json = engine_circumstances_now(engine);
    if (failed)
        failed_add(engine, json, run->id);
    engine_fact_put(engine, key, json);
    cJSON_Delete(json);
    if (failed)
        look_start(engine, run);
}

/* --- the last time what a reader has was read back --- */

void engine_run_checked(struct engine *engine, const cJSON *table)
{
    int64_t run = base_json_i64_or(table, "run", 0);
    char key[48];
    if (run == 0)
        return;
    snprintf(key, sizeof key, "check.%lld", (long long)run);
    cJSON *json = base_json_object();
    base_json_add_time(json, "time", base_seam_now_us(engine->seam));
    base_json_add_i64(json, "run", run);
    base_json_add_bool(json, "verified", base_json_bool_or(table, "verified", false));
    base_json_add_i64(json, "files", base_json_i64_or(table, "files", 0));
    base_json_add_i64(json, "bytes", base_json_i64_or(table, "bytes", 0));
    base_json_add_i64(json, "rows", base_json_i64_or(table, "file_rows", 0));
    const cJSON *error = base_json_get(table, "verify_error");
    if (error)
        base_json_add_take(json, "error", cJSON_Duplicate(error, true));
    engine_fact_put(engine, key, json);
    cJSON_Delete(json);
}

cJSON *engine_run_check(struct engine *engine, int64_t run)
{
    char key[48];
    snprintf(key, sizeof key, "check.%lld", (long long)run);
    return engine_fact_get(engine, key);
}
