/* preview: the first rows of a table, values as shapes unless they are asked for, which is
 * recorded. */
#include "engine/engine.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/statement.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 20
#define LIMIT_MAX 1000
#define CELL_MAX 400            /* bytes of one revealed value that are sent */
#define ANSWER_MAX (768 * 1024) /* of all values: a frame holds 1 MiB */

struct preview {
    struct engine_ask ask;
    struct model_name name;
    int64_t limit;
    bool reveal;
};

static void preview_free(struct engine_ask *ask)
{
    model_name_free(&((struct preview *)ask)->name);
}

/* NULL, '' and values stay three different things; of a value its first two characters (when it has
 * five) and its length in characters are shown. Booleans and nothing else are shown whole. */
static char *mask(const char *value, enum model_kind kind)
{
    size_t len = strlen(value), chars = 0, two = 0;
    if (len == 0 || kind == MODEL_BOOLEAN)
        return base_strdup(value);
    for (size_t i = 0; i < len; chars++) {
        uint32_t point = 0;
        size_t step = base_text_utf8_decode(value + i, len - i, &point);
        if (chars == 2)
            two = i;
        i += step ? step : 1;
    }
    if (chars < 5)
        return base_printf("** (%zu)", chars);
    return base_printf("%.*s** (%zu)", (int)two, value, chars);
}

static cJSON *value_json(const char *value, const struct model_column *column, bool reveal,
                         size_t *total)
{
    if (value == NULL)
        return cJSON_CreateNull();
    char *shown = NULL;
    if (reveal)
        shown = strlen(value) > CELL_MAX ? base_strndup(value, CELL_MAX) : base_strdup(value);
    else
        shown = mask(value, column ? column->type.kind : MODEL_OTHER);
    if (!base_text_utf8_valid(shown, strlen(shown))) {
        char *clean = base_text_clean_dup(shown, CELL_MAX);
        free(shown);
        shown = clean;
    }
    *total += strlen(shown) + 8;
    cJSON *json = cJSON_CreateString(shown);
    free(shown);
    return json;
}

static cJSON *rows_json(const struct databricks_query *query, bool reveal, bool *cut)
{
    cJSON *rows = cJSON_CreateArray();
    size_t total = 0, columns = query->rows.column_count;
    for (size_t r = 0; r < query->rows.row_count; r++) {
        if (total > ANSWER_MAX) {
            *cut = true;
            break;
        }
        cJSON *row = cJSON_CreateArray();
        for (size_t c = 0; c < columns; c++) {
            const struct model_column *column =
                c < query->manifest.columns.count ? &query->manifest.columns.columns[c] : NULL;
            base_json_push_take(
                row, value_json(query->rows.cells[r * columns + c], column, reveal, &total));
        }
        base_json_push_take(rows, row);
    }
    return rows;
}

static void on_rows(void *user, const struct err *err, struct databricks_query *query)
{
    struct preview *preview = user;
    bool cut = false;
    if (err) {
        engine_ask_fail(&preview->ask, err);
        return;
    }
    cJSON *json = base_json_object();
    char *name = model_name_text(&preview->name);
    base_json_add_str(json, "table", name);
    base_json_add_bool(json, "masked", !preview->reveal);
    base_json_add_i64(json, "limit", preview->limit);
    base_json_add_str(json, "statement_id", query->id);
    base_json_add_take(json, "columns", model_schema_to_json(&query->manifest.columns));
    base_json_add_take(json, "rows", rows_json(query, preview->reveal, &cut));
    base_json_add_bool(json, "cut", cut);
    free(name);
    engine_ask_reply(&preview->ask, json);
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
    struct buf sql;
    base_buf_init(&sql, 1 << 16);
    (void)base_buf_text(&sql, "SELECT * FROM ");
    if (model_name_sql(name, &sql, err) != 0) {
        base_buf_free(&sql);
        return NULL;
    }
    (void)base_buf_printf(&sql, " LIMIT %lld", (long long)limit);
    return base_buf_take(&sql, NULL);
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
    preview->name = name;
    preview->limit = limit;
    preview->reveal = reveal;
    databricks_query_json(engine->db, DATABRICKS_PRINCIPAL,
                          config_get(engine->profile, CONFIG_WAREHOUSE_ID), sql, NULL, 0,
                          (size_t)limit, on_rows, preview);
    free(sql);
}
