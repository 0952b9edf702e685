/* preview: the first rows of a table, values as shapes unless they are asked for, which is
 * recorded. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/catalog.h"
#include "databricks/statement.h"
#include "model/grant.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 1000

struct preview {
    struct engine_ask ask;
    struct model_name name;
    char *sql;
    int64_t limit;
    bool reveal;
    struct databricks_call *query;
    struct err
        refused; /* what the statement was refused with, while it is found out whose lack it is */
};

static void preview_free(struct engine_ask *ask)
{
    struct preview *preview = (struct preview *)ask;
    model_name_free(&preview->name);
    free(preview->sql);
}

static void preview_stop(struct engine_ask *ask)
{
    struct preview *preview = (struct preview *)ask;
    if (preview->query)
        databricks_query_stop(preview->query);
}

static void on_described(void *user, const struct err *err, struct databricks_table *table)
{
    struct preview *preview = user;
    const char *owner = err ? NULL : databricks_table_view_owner(table);
    model_grant_chain(&preview->name, owner, &preview->refused);
    model_grant_hint(&preview->name,
                     config_get(preview->ask.engine->profile, CONFIG_PRINCIPAL_CLIENT_ID),
                     &preview->refused);
    engine_ask_fail(&preview->ask, &preview->refused);
}

static void failed(struct preview *preview, const struct err *err)
{
    enum model_grant level;
    if (model_grant_of(err->code, &level) != 0) {
        engine_ask_fail(&preview->ask, err);
        return;
    }
    preview->refused = *err;
    databricks_table_get(preview->ask.engine->db, DATABRICKS_PRINCIPAL, &preview->name, false,
                         on_described, preview);
}

static void on_rows(void *user, const struct err *err, struct databricks_query *query)
{
    struct preview *preview = user;
    preview->query = NULL;
    if (err) {
        failed(preview, err);
        return;
    }
    cJSON *json = base_json_object();
    char *name = model_name_text(&preview->name);
    base_json_add_str(json, "table", name);
    base_json_add_bool(json, "masked", !preview->reveal);
    base_json_add_i64(json, "limit", preview->limit);
    base_json_add_time(json, "read", base_seam_now_us(preview->ask.engine->seam));
    base_json_add_str(json, "statement_id", query->id);
    base_json_add_take(json, "columns", model_schema_to_json(&query->manifest.columns));
    engine_cells_add(json, query, preview->reveal);
    free(name);
    engine_ask_reply(&preview->ask, json);
}

static void preview_go(struct preview *preview)
{
    struct engine *engine = preview->ask.engine;
    preview->query = databricks_query_stoppable(
        engine->db, DATABRICKS_PRINCIPAL, config_get(engine->profile, CONFIG_WAREHOUSE_ID),
        preview->sql, (size_t)preview->limit, on_rows, preview);
}

static void on_running(struct engine_ask *ask, const struct err *err)
{
    if (err)
        engine_ask_fail(ask, err);
    else
        preview_go((struct preview *)ask);
}

static int reveal_record(struct engine *engine, const struct ipc_call *call,
                         const struct model_name *name, struct err *err)
{
    cJSON *detail = base_json_object();
    char *text = model_name_text(name);
    base_json_add_str(detail, "table", text);
    int rc = store_oplog_add(engine->state, call->uid, "preview.reveal", detail, err);
    cJSON_Delete(detail);
    free(text);
    return rc;
}

static char *preview_sql(const struct model_name *name, int64_t limit, struct err *err)
{
    char *after = base_printf(" LIMIT %lld", (long long)limit);
    char *sql = engine_table_sql(name, "SELECT * FROM ", after, err);
    free(after);
    return sql;
}

void engine_verb_preview(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_name name = {0};
    char *sql = NULL;
    int64_t limit = base_json_i64_or(params, "limit", LIMIT_DEFAULT);
    bool reveal = base_json_bool_or(params, "reveal", false);
    if (reveal && !ipc_need_admin(engine->server, call))
        return;
    int rc = engine_param_name(params, "table", &name, &err);
    if (rc == 0 && (limit < 1 || limit > LIMIT_MAX))
        rc = base_err_set(&err, ERR_USAGE, "limit is 1 to %d", LIMIT_MAX);
    if (rc == 0)
        rc = engine_need(engine, ENGINE_NEED_WAREHOUSE, &err);
    if (rc == 0)
        rc = (sql = preview_sql(&name, limit, &err)) ? 0 : -1;
    if (rc == 0 && reveal)
        rc = reveal_record(engine, call, &name, &err);
    if (rc != 0) {
        model_name_free(&name);
        free(sql);
        engine_fail(engine, call, &err);
        return;
    }
    struct preview *preview = engine_ask_new(engine, call, sizeof *preview, preview_free);
    preview->ask.stop = preview_stop;
    preview->name = name;
    preview->limit = limit;
    preview->reveal = reveal;
    preview->sql = sql;
    if (base_json_bool_or(params, "only_running", false))
        engine_ask_running(&preview->ask, on_running);
    else
        preview_go(preview);
}
