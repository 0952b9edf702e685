#include "sandbox/statement.h"

#include <string.h>

/* Key order and presence follow the recordings (testdata/databricks-recorded/sqlexecapi). */

static const char *const state_names[] = {"PENDING", "RUNNING",  "SUCCEEDED",
                                          "FAILED",  "CANCELED", "CLOSED"};
static const char *const format_names[] = {"JSON_ARRAY", "ARROW_STREAM", "CSV"};

static cJSON *column_json(const struct sandbox_result_column *column, size_t position)
{
    cJSON *json = base_json_object();

    base_json_add_str(json, "name", column->name);
    base_json_add_str(json, "type_text", column->type_text);
    base_json_add_str(json, "type_name", column->type_name);
    if (strcmp(column->type_name, "DECIMAL") == 0) {
        base_json_add_i64(json, "type_precision", column->precision);
        base_json_add_i64(json, "type_scale", column->scale);
    }
    base_json_add_str(json, "type_interval_type", column->interval_type);
    base_json_add_i64(json, "position", (int64_t)position);
    return json;
}

static cJSON *schema_json(const struct sandbox_statement *statement)
{
    const struct sandbox_result_column *columns;
    size_t count = sandbox_query_columns(statement->query, &columns);
    cJSON *json = base_json_object();
    cJSON *array;

    base_json_add_i64(json, "column_count", (int64_t)count);
    if (count) {
        array = base_json_add_array(json, "columns");
        for (size_t i = 0; i < count; i++)
            base_json_push_take(array, column_json(&columns[i], i));
    }
    return json;
}

static void chunks_json(const struct sandbox_statement *statement, cJSON *manifest)
{
    int64_t offset, rows, bytes;
    cJSON *array;

    if (!statement->chunks)
        return;
    array = base_json_add_array(manifest, "chunks");
    for (size_t i = 0; i < statement->chunks; i++) {
        cJSON *item = base_json_object();

        sandbox_query_chunk(statement->query, i, &offset, &rows, &bytes);
        base_json_add_i64(item, "chunk_index", (int64_t)i);
        base_json_add_i64(item, "row_offset", offset);
        base_json_add_i64(item, "row_count", rows);
        if (!statement->inline_result)
            base_json_add_i64(item, "byte_count", bytes);
        base_json_push_take(array, item);
    }
}

static cJSON *manifest_json(const struct sandbox_statement *statement)
{
    cJSON *json = base_json_object();

    base_json_add_str(json, "format", format_names[statement->format]);
    base_json_add_take(json, "schema", schema_json(statement));
    base_json_add_i64(json, "total_chunk_count", (int64_t)statement->chunks);
    chunks_json(statement, json);
    base_json_add_i64(json, "total_row_count", statement->total_rows);
    if (!statement->inline_result)
        base_json_add_i64(json, "total_byte_count", statement->total_bytes);
    base_json_add_bool(json, "truncated", statement->truncated);
    if (statement->compression_named)
        base_json_add_str(json, "result_compression", statement->lz4 ? "LZ4_FRAME" : "NONE");
    sandbox_lie_manifest(statement->faults, json);
    return json;
}

static void next_fields(const struct sandbox_statement *statement, size_t chunk, cJSON *json)
{
    char *link;

    if (chunk + 1 >= statement->chunks)
        return;
    base_json_add_i64(json, "next_chunk_index", (int64_t)chunk + 1);
    link = base_printf("/api/2.0/sql/statements/%s/result/chunks/%zu", statement->id, chunk + 1);
    base_json_add_str(json, "next_chunk_internal_link", link);
    free(link);
}

static cJSON *link_json(struct sandbox_statement *statement, size_t chunk)
{
    cJSON *json = base_json_object();
    int64_t offset, rows, bytes, expires_us;
    char text[32];
    char *url;

    sandbox_query_chunk(statement->query, chunk, &offset, &rows, &bytes);
    base_json_add_i64(json, "chunk_index", (int64_t)chunk);
    base_json_add_i64(json, "row_offset", offset);
    base_json_add_i64(json, "row_count", rows);
    base_json_add_i64(json, "byte_count", bytes);
    next_fields(statement, chunk, json);
    url = sandbox_link_make(statement, chunk, &expires_us);
    base_json_add_str(json, "external_link", url);
    base_time_format(expires_us / 1000 * 1000, text);
    base_json_add_str(json, "expiration", text);
    free(url);
    return json;
}

cJSON *sandbox_statement_result(struct sandbox_statement *statement, size_t chunk)
{
    size_t links = (size_t)sandbox_server_setting(statement->server, SANDBOX_LINKS_PER_RESPONSE);
    cJSON *json = base_json_object();
    int64_t offset, rows, bytes;
    cJSON *array;

    if (chunk >= statement->chunks)
        return json;
    if (statement->inline_result) {
        sandbox_query_chunk(statement->query, chunk, &offset, &rows, &bytes);
        base_json_add_i64(json, "chunk_index", (int64_t)chunk);
        base_json_add_i64(json, "row_offset", offset);
        base_json_add_i64(json, "row_count", rows);
        next_fields(statement, chunk, json);
        base_json_add_take(json, "data_array",
                           cJSON_CreateRaw(statement->inline_chunks.items[chunk]));
        return json;
    }
    array = base_json_add_array(json, "external_links");
    for (size_t i = chunk; i < statement->chunks && i < chunk + (links ? links : 1); i++)
        base_json_push_take(array, link_json(statement, i));
    sandbox_lie_result(statement->faults, json);
    return json;
}

cJSON *sandbox_statement_json(struct sandbox_statement *statement,
                              enum sandbox_statement_state state)
{
    cJSON *json = base_json_object();
    cJSON *status, *error;

    base_json_add_str(json, "statement_id", statement->id);
    status = base_json_add_object(json, "status");
    base_json_add_str(status, "state", state_names[state]);
    if (state == SANDBOX_FAILED) {
        error = base_json_add_object(status, "error");
        base_json_add_str(error, "error_code", statement->error.error_code);
        base_json_add_str(error, "message", statement->error.message);
        if (statement->error.sqlstate[0])
            base_json_add_str(status, "sql_state", statement->error.sqlstate);
    }
    if (state == SANDBOX_SUCCEEDED) {
        base_json_add_take(json, "manifest", manifest_json(statement));
        base_json_add_take(json, "result", sandbox_statement_result(statement, 0));
    }
    return json;
}
