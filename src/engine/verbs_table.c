/* show.history, show.count: what of a table costs a statement, asked only when it is wanted. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define VERSIONS_MAX 200

char *engine_table_sql(const struct model_name *name, const char *before, const char *after,
                       struct err *err)
{
    struct buf sql;
    base_buf_init(&sql, 1 << 16);
    (void)base_buf_text(&sql, before);
    if (model_name_sql(name, &sql, err) != 0) {
        base_buf_free(&sql);
        return NULL;
    }
    (void)base_buf_text(&sql, after);
    return base_buf_take(&sql, NULL);
}

cJSON *engine_warehouse_json(const struct databricks_warehouse *warehouse)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "id", warehouse->id);
    base_json_add_str(json, "name", warehouse->name);
    base_json_add_str(json, "state", warehouse->state);
    base_json_add_str(json, "size", warehouse->size);
    base_json_add_bool(json, "serverless", warehouse->serverless);
    base_json_add_i64(json, "auto_stop_minutes", warehouse->auto_stop_minutes);
    return json;
}

static size_t column_find(const struct databricks_query *query, const char *name)
{
    for (size_t i = 0; i < query->manifest.columns.count; i++)
        if (base_text_equal_nocase(query->manifest.columns.columns[i].name, name))
            return i;
    return SIZE_MAX;
}

static const char *cell(const struct databricks_query *query, size_t row, size_t column)
{
    return column < query->rows.column_count
               ? query->rows.cells[row * query->rows.column_count + column]
               : NULL;
}

cJSON *engine_versions_json(const struct databricks_query *query)
{
    size_t version = column_find(query, "version"), when = column_find(query, "timestamp"),
           what = column_find(query, "operation"), who = column_find(query, "userName");
    cJSON *versions = cJSON_CreateArray();
    for (size_t row = 0; row < query->rows.row_count; row++) {
        const char *number = cell(query, row, version);
        cJSON *item = base_json_object();
        base_json_add_i64(item, "version", number ? strtoll(number, NULL, 10) : -1);
        base_json_add_str(item, "time", cell(query, row, when));
        base_json_add_str(item, "operation", cell(query, row, what));
        base_json_add_str(item, "user", cell(query, row, who));
        base_json_push_take(versions, item);
    }
    return versions;
}

struct look {
    struct engine_ask ask;
    struct model_name name;
    char *sql, *column;
    size_t max_rows;
    bool text; /* of a count: '' is a value of its own */
    void (*done)(void *user, const struct err *err, struct databricks_query *query);
    struct databricks_call *query;
};

static void look_free(struct engine_ask *ask)
{
    struct look *look = (struct look *)ask;
    model_name_free(&look->name);
    free(look->sql);
    free(look->column);
}

static void look_stop(struct engine_ask *ask)
{
    struct look *look = (struct look *)ask;
    if (look->query)
        databricks_query_stop(look->query);
}

static cJSON *look_json(const struct look *look)
{
    cJSON *json = base_json_object();
    char *name = model_name_text(&look->name);
    base_json_add_str(json, "table", name);
    base_json_add_time(json, "read", base_seam_now_us(look->ask.engine->seam));
    free(name);
    return json;
}

static void on_versions(void *user, const struct err *err, struct databricks_query *query)
{
    struct look *look = user;
    if (err) {
        engine_ask_fail(&look->ask, err);
        return;
    }
    cJSON *json = look_json(look);
    base_json_add_take(json, "versions", engine_versions_json(query));
    engine_ask_reply(&look->ask, json);
}

static void count_add(cJSON *json, const char *key, const char *text)
{
    char *end = NULL;
    long long count = text ? strtoll(text, &end, 10) : 0;
    if (text && end != text && *end == '\0' && count >= 0)
        base_json_add_i64(json, key, count);
}

static void on_count(void *user, const struct err *err, struct databricks_query *query)
{
    struct look *look = user;
    if (err) {
        engine_ask_fail(&look->ask, err);
        return;
    }
    cJSON *json = look_json(look);
    base_json_add_str(json, "column", look->column);
    if (query->rows.row_count == 1) {
        count_add(json, "rows", cell(query, 0, 0));
        count_add(json, "values", cell(query, 0, 1));
        count_add(json, "distinct", cell(query, 0, 2));
        if (look->text)
            count_add(json, "empty", cell(query, 0, 3));
    }
    engine_ask_reply(&look->ask, json);
}

static void look_go(struct look *look)
{
    struct engine *engine = look->ask.engine;
    look->query = databricks_query_stoppable(engine->db, DATABRICKS_PRINCIPAL,
                                             config_get(engine->profile, CONFIG_WAREHOUSE_ID),
                                             look->sql, look->max_rows, look->done, look);
}

static void on_running(struct engine_ask *ask, const struct err *err)
{
    if (err)
        engine_ask_fail(ask, err);
    else
        look_go((struct look *)ask);
}

static void look_start(struct look *look, const cJSON *params)
{
    if (base_json_bool_or(params, "only_running", false))
        engine_ask_running(&look->ask, on_running);
    else
        look_go(look);
}

/* NULL after answering. */
static struct look *look_new(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_name name = {0};
    if (engine_param_name(params, "table", &name, &err) != 0 ||
        engine_need(engine, ENGINE_NEED_WAREHOUSE, &err) != 0) {
        model_name_free(&name);
        engine_fail(engine, call, &err);
        return NULL;
    }
    struct look *look = engine_ask_new(engine, call, sizeof *look, look_free);
    look->ask.stop = look_stop;
    look->name = name;
    return look;
}

void engine_verb_show_history(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct look *look = look_new(engine, call, params);
    if (look == NULL)
        return;
    char *limit = base_printf(" LIMIT %d", VERSIONS_MAX);
    look->sql = engine_table_sql(&look->name, "DESCRIBE HISTORY ", limit, &err);
    look->max_rows = VERSIONS_MAX;
    look->done = on_versions;
    free(limit);
    if (look->sql)
        look_start(look, params);
    else
        engine_ask_fail(&look->ask, &err);
}

/* SELECT count(*), count(`c`), count(DISTINCT `c`)[, count_if(`c` = '')]: no value leaves the
 * warehouse. What cannot be compared (MAP, VARIANT) is not counted by its values. */
static char *count_sql(const struct look *look, bool comparable, struct err *err)
{
    struct buf column, sql;
    base_buf_init(&column, 1 << 16);
    base_buf_init(&sql, 1 << 16);
    if (model_name_quote(look->column, &column, err) == 0) {
        (void)base_buf_printf(&sql, "SELECT count(*), count(%s), ", column.data);
        if (comparable)
            (void)base_buf_printf(&sql, "count(DISTINCT %s)", column.data);
        else
            (void)base_buf_text(&sql, "NULL");
        if (look->text)
            (void)base_buf_printf(&sql, ", count_if(%s = '')", column.data);
        (void)base_buf_text(&sql, " FROM ");
    }
    char *text = NULL;
    if (sql.len)
        text = engine_table_sql(&look->name, sql.data, "", err);
    base_buf_free(&column);
    base_buf_free(&sql);
    return text;
}

void engine_verb_show_count(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_type type = {0};
    const char *column = base_json_str_or(params, "column", "");
    struct look *look = look_new(engine, call, params);
    if (look == NULL)
        return;
    if (column[0] == '\0') {
        base_err_set(&err, ERR_USAGE, "\"column\" is missing");
        engine_ask_fail(&look->ask, &err);
        return;
    }
    if (model_type_parse(base_json_str_or(params, "type", "STRING"), &type, &err) != 0)
        base_err_clear(&err);
    look->column = base_strdup(column);
    look->text = type.kind == MODEL_STRING;
    look->max_rows = 1;
    look->done = on_count;
    look->sql = count_sql(look, type.kind < MODEL_VARIANT, &err);
    model_type_free(&type);
    if (look->sql)
        look_start(look, params);
    else
        engine_ask_fail(&look->ask, &err);
}

static void on_state(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct engine_ask *ask = user;
    struct err stopped = ERR_INIT;
    const char *state = err ? "" : warehouse->state ? warehouse->state : "?";
    if (engine_ask_stopped(ask))
        return;
    if (!err && strcmp(state, "RUNNING") != 0) {
        base_err_set(&stopped, ERR_SRC_WH_STOPPED, "the warehouse \"%s\" is %s",
                     warehouse->name ? warehouse->name : warehouse->id, state);
        base_err_hint(&stopped, "Starting it costs: ask again and say so.");
        err = &stopped;
    }
    ask->running(ask, err);
}

void engine_ask_running(struct engine_ask *ask,
                        void (*done)(struct engine_ask *ask, const struct err *err))
{
    struct engine *engine = ask->engine;
    ask->running = done;
    databricks_warehouse_get(engine->db, DATABRICKS_PRINCIPAL,
                             config_get(engine->profile, CONFIG_WAREHOUSE_ID), on_state, ask);
}
