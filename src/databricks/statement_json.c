#include "databricks/statement_json.h"

#include "base/alloc.h"
#include "base/seam.h"
#include "base/text.h"
#include "base/vec.h"
#include "databricks/catalog_json.h"
#include "databricks/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {"PENDING",  "RUNNING", "SUCCEEDED", "FAILED",
                                          "CANCELED", "CLOSED",  "?"};

bool databricks_state_over(enum databricks_state state)
{
    return state == DATABRICKS_SUCCEEDED || state == DATABRICKS_FAILED ||
           state == DATABRICKS_CANCELED || state == DATABRICKS_CLOSED;
}

const char *databricks_state_name(enum databricks_state state)
{
    return state <= DATABRICKS_STATE_OTHER ? state_names[state] : "?";
}

void databricks_manifest_free(struct databricks_manifest *manifest)
{
    free(manifest->format);
    free(manifest->compression);
    model_schema_free(&manifest->columns);
    free(manifest->chunks);
    *manifest = (struct databricks_manifest){0};
}

void databricks_link_free(struct databricks_link *link)
{
    base_secret_free(&link->url);
    for (size_t i = 0; i < link->header_count; i++)
        base_secret_free(&link->headers[i]);
    free(link->headers);
    *link = (struct databricks_link){0};
}

void databricks_links_free(struct databricks_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        databricks_link_free(&links->items[i]);
    free(links->items);
    *links = (struct databricks_links){0};
}

void databricks_rows_free(struct databricks_rows *rows)
{
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++)
        free(rows->cells[i]);
    free(rows->cells);
    *rows = (struct databricks_rows){0};
}

void databricks_statement_free(struct databricks_statement *statement)
{
    databricks_manifest_free(&statement->manifest);
    databricks_links_free(&statement->links);
    databricks_rows_free(&statement->rows);
    *statement = (struct databricks_statement){0};
}

static void read_manifest(const cJSON *json, struct databricks_manifest *out)
{
    const cJSON *schema = base_json_get(json, "schema");
    const cJSON *list = base_json_array(json, "chunks"), *item;
    vec_of(struct databricks_chunk) chunks = {0};

    *out = (struct databricks_manifest){
        .column_count = base_json_i64_or(schema, "column_count", -1),
        .total_chunk_count = base_json_i64_or(json, "total_chunk_count", -1),
        .total_row_count = base_json_i64_or(json, "total_row_count", -1),
        .total_byte_count = base_json_i64_or(json, "total_byte_count", -1),
        .truncated = base_json_bool_or(json, "truncated", false)};
    out->format = databricks_json_dup(json, "format");
    out->compression = databricks_json_dup(json, "result_compression");
    if (out->compression && strcmp(out->compression, "NONE") == 0)
        base_free(&out->compression);
    databricks_columns_read(base_json_array(schema, "columns"), &out->columns);
    cJSON_ArrayForEach(item, list)
    {
        struct databricks_chunk chunk = {.index = base_json_i64_or(item, "chunk_index", 0),
                                         .row_offset = base_json_i64_or(item, "row_offset", 0),
                                         .row_count = base_json_i64_or(item, "row_count", 0),
                                         .byte_count = base_json_i64_or(item, "byte_count", -1)};

        vec_push(&chunks, chunk);
    }
    out->chunks = chunks.items;
    out->chunk_count = chunks.count;
}

static void read_headers(const cJSON *json, struct databricks_link *link)
{
    vec_of(struct secret *) headers = {0};
    const cJSON *item;
    char *line;

    cJSON_ArrayForEach(item, json)
    {
        if (!cJSON_IsString(item) || !item->string)
            continue;
        line = base_printf("%s: %s", item->string, item->valuestring);
        vec_push(&headers, base_secret_take(&line, strlen(line)));
    }
    link->headers = headers.items;
    link->header_count = headers.count;
}

void databricks_links_read(const cJSON *result, struct databricks_links *out)
{
    const cJSON *list = base_json_array(result, "external_links"), *item;
    vec_of(struct databricks_link) links = {0};

    cJSON_ArrayForEach(item, list)
    {
        const cJSON *url = base_json_get(item, "external_link");
        const char *expires = base_json_str(item, "expiration");
        struct databricks_link link = {.chunk_index = base_json_i64_or(item, "chunk_index", 0),
                                       .row_offset = base_json_i64_or(item, "row_offset", 0),
                                       .row_count = base_json_i64_or(item, "row_count", -1),
                                       .byte_count = base_json_i64_or(item, "byte_count", -1),
                                       .next_chunk_index =
                                           base_json_i64_or(item, "next_chunk_index", -1)};

        if (!cJSON_IsString(url))
            continue;
        if (!expires || base_time_parse(expires, &link.expires_us))
            link.expires_us = 0;
        link.url = base_secret_new(url->valuestring, strlen(url->valuestring));
        base_secret_wipe(url->valuestring, strlen(url->valuestring));
        if (base_json_get(item, "http_headers"))
            read_headers(base_json_get(item, "http_headers")->child
                             ? base_json_get(item, "http_headers")
                             : NULL,
                         &link);
        vec_push(&links, link);
    }
    *out = (struct databricks_links){.items = links.items, .count = links.count};
}

static void read_row(const cJSON *row, char **cells)
{
    const cJSON *cell;
    size_t i = 0;

    cJSON_ArrayForEach(cell, row)
    {
        if (cJSON_IsString(cell))
            cells[i] = base_strdup(cell->valuestring);
        else if (!cJSON_IsNull(cell))
            cells[i] = cJSON_PrintUnformatted(cell);
        i++;
    }
}

/* Before anything is allocated: cells that are all there are bounded by the answer's bytes, the
 * product of two numbers the server chose is not. */
static int check_rows(const cJSON *list, size_t column_count, struct err *err)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, list)
    {
        if (!cJSON_IsArray(row) || (size_t)cJSON_GetArraySize(row) != column_count)
            return base_err_set(err, ERR_SRC_UNCLASSIFIED,
                                "inline result: a row has not as many cells as there are columns");
    }
    return 0;
}

int databricks_rows_read(const cJSON *result, size_t column_count, size_t max_rows,
                         struct databricks_rows *rows, struct err *err)
{
    const cJSON *list = base_json_array(result, "data_array"), *row;
    size_t count = list ? (size_t)cJSON_GetArraySize(list) : 0;

    if (count == 0 || column_count == 0)
        return 0;
    if (count > max_rows - rows->row_count)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "inline result: more than %zu rows", max_rows);
    if (check_rows(list, column_count, err))
        return -1;
    rows->column_count = column_count;
    rows->cells =
        base_realloc(rows->cells, (rows->row_count + count) * column_count, sizeof *rows->cells);
    memset(rows->cells + rows->row_count * column_count, 0,
           count * column_count * sizeof *rows->cells);
    cJSON_ArrayForEach(row, list) read_row(row, rows->cells + rows->row_count++ * column_count);
    return 0;
}

int64_t databricks_next_chunk(const cJSON *result)
{
    return base_json_i64_or(result, "next_chunk_index", -1);
}

static enum databricks_state read_state(const char *text)
{
    for (int i = 0; i < DATABRICKS_STATE_OTHER; i++)
        if (strcmp(text, state_names[i]) == 0)
            return (enum databricks_state)i;
    return DATABRICKS_STATE_OTHER;
}

static void read_error(const cJSON *status, struct databricks_statement *out)
{
    if (out->state == DATABRICKS_FAILED)
        databricks_sql_map(status, out->id, &out->error);
    else if (out->state == DATABRICKS_CANCELED)
        base_err_set(&out->error, ERR_SRC_STMT_CANCELED, "the statement was cancelled");
    else if (out->state == DATABRICKS_CLOSED)
        base_err_set(&out->error, ERR_SRC_STMT_CLOSED, "the result is no longer kept");
    base_text_clean_into(out->error.statement_id, sizeof out->error.statement_id, out->id);
}

int databricks_statement_read(const cJSON *json, struct databricks_statement *out, struct err *err)
{
    const cJSON *status = base_json_get(json, "status");
    const cJSON *manifest = base_json_get(json, "manifest");
    const cJSON *result = base_json_get(json, "result");
    const char *id = base_json_str(json, "statement_id");

    *out = (struct databricks_statement){.next_chunk = -1};
    if (!id || strlen(id) >= sizeof out->id)
        return base_err_set(err, ERR_SRC_UNCLASSIFIED, "the answer has no statement id");
    base_text_clean_into(out->id, sizeof out->id, id);
    out->state = read_state(base_json_str_or(status, "state", ""));
    read_error(status, out);
    if (cJSON_IsObject(manifest)) {
        out->has_manifest = true;
        read_manifest(manifest, &out->manifest);
    }
    databricks_links_read(result, &out->links);
    out->next_chunk = databricks_next_chunk(result);
    return databricks_rows_read(result, out->manifest.columns.count, SIZE_MAX, &out->rows, err);
}
