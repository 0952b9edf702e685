/* Unity Catalog objects out of their JSON. */
#include "databricks/catalog_json.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

void databricks_catalog_free(struct databricks_catalog *catalog)
{
    free(catalog->name);
    free(catalog->comment);
    free(catalog->owner);
    free(catalog->catalog_type);
    free(catalog->isolation_mode);
    free(catalog->metastore_id);
    *catalog = (struct databricks_catalog){0};
}

void databricks_catalogs_free(struct databricks_catalogs *catalogs)
{
    for (size_t i = 0; i < catalogs->count; i++)
        databricks_catalog_free(&catalogs->items[i]);
    free(catalogs->items);
    free(catalogs->next_page_token);
    *catalogs = (struct databricks_catalogs){0};
}

void databricks_schema_free(struct databricks_schema *schema)
{
    free(schema->catalog);
    free(schema->name);
    free(schema->comment);
    free(schema->owner);
    free(schema->schema_id);
    *schema = (struct databricks_schema){0};
}

void databricks_schemas_free(struct databricks_schemas *schemas)
{
    for (size_t i = 0; i < schemas->count; i++)
        databricks_schema_free(&schemas->items[i]);
    free(schemas->items);
    free(schemas->next_page_token);
    *schemas = (struct databricks_schemas){0};
}

void databricks_table_free(struct databricks_table *table)
{
    model_name_free(&table->name);
    free(table->table_type);
    free(table->format);
    free(table->comment);
    free(table->owner);
    free(table->table_id);
    free(table->view_definition);
    free(table->storage_location);
    free(table->metastore_id);
    free(table->row_filter);
    model_schema_free(&table->columns);
    *table = (struct databricks_table){0};
}

bool databricks_table_is_view(const struct databricks_table *table)
{
    return table->table_type && strstr(table->table_type, "VIEW");
}

const char *databricks_table_view_owner(const struct databricks_table *table)
{
    return databricks_table_is_view(table) && !table->browse_only ? table->owner : NULL;
}

void databricks_tables_free(struct databricks_tables *tables)
{
    for (size_t i = 0; i < tables->count; i++)
        databricks_table_free(&tables->items[i]);
    free(tables->items);
    free(tables->next_page_token);
    *tables = (struct databricks_tables){0};
}

void databricks_catalog_read(const cJSON *json, struct databricks_catalog *out)
{
    *out = (struct databricks_catalog){.name = databricks_json_dup(json, "name")};
    out->comment = databricks_json_dup(json, "comment");
    out->owner = databricks_json_dup(json, "owner");
    out->catalog_type = databricks_json_dup(json, "catalog_type");
    out->isolation_mode = databricks_json_dup(json, "isolation_mode");
    out->metastore_id = databricks_json_dup(json, "metastore_id");
    out->browse_only = base_json_bool_or(json, "browse_only", false);
    out->created_us = databricks_json_ms(json, "created_at");
    out->updated_us = databricks_json_ms(json, "updated_at");
}

void databricks_catalogs_read(const cJSON *json, struct databricks_catalogs *out)
{
    vec_of(struct databricks_catalog) items = {0};
    const cJSON *list = base_json_array(json, "catalogs"), *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_catalog one;

        if (!base_json_str_or(item, "name", "")[0])
            continue;
        databricks_catalog_read(item, &one);
        vec_push(&items, one);
    }
    *out = (struct databricks_catalogs){.items = items.items, .count = items.count};
    out->next_page_token = databricks_json_dup(json, "next_page_token");
}

void databricks_schema_read(const cJSON *json, struct databricks_schema *out)
{
    *out = (struct databricks_schema){.name = databricks_json_dup(json, "name")};
    out->catalog = databricks_json_dup(json, "catalog_name");
    out->comment = databricks_json_dup(json, "comment");
    out->owner = databricks_json_dup(json, "owner");
    out->schema_id = databricks_json_dup(json, "schema_id");
    out->browse_only = base_json_bool_or(json, "browse_only", false);
    out->created_us = databricks_json_ms(json, "created_at");
    out->updated_us = databricks_json_ms(json, "updated_at");
}

void databricks_schemas_read(const cJSON *json, struct databricks_schemas *out)
{
    vec_of(struct databricks_schema) items = {0};
    const cJSON *list = base_json_array(json, "schemas"), *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_schema one;

        if (!base_json_str_or(item, "name", "")[0])
            continue;
        databricks_schema_read(item, &one);
        vec_push(&items, one);
    }
    *out = (struct databricks_schemas){.items = items.items, .count = items.count};
    out->next_page_token = databricks_json_dup(json, "next_page_token");
}

void databricks_type_read(const cJSON *json, struct model_type *out)
{
    struct err ignored = ERR_INIT;
    const char *text = base_json_str(json, "type_text");

    if (!text || !*text)
        text = base_json_str_or(json, "type_name", "");
    /* A type this program does not know stays a name: the table can be shown, and is refused by
     * name when synced. */
    if (model_type_parse(text, out, &ignored))
        *out = (struct model_type){.kind = MODEL_OTHER, .text = base_strndup(text, 4096)};
}

static int by_position(const void *a, const void *b)
{
    const struct databricks_positioned *x = a, *y = b;

    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Columns come in any order; position says the real one, and 0 may be left out. */
void databricks_columns_read(const cJSON *list, struct model_schema *out)
{
    vec_of(struct databricks_positioned) items = {0};
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_positioned one = {.position = base_json_i64_or(item, "position", 0),
                                            .order = items.count};
        struct model_column *column = &one.column;
        int64_t partition = base_json_i64_or(item, "partition_index", -1);

        column->name = base_strdup(base_json_str_or(item, "name", ""));
        databricks_type_read(item, &column->type);
        column->nullable = base_json_bool_or(item, "nullable", true);
        column->comment = databricks_json_dup(item, "comment");
        column->mask = databricks_json_dup(base_json_get(item, "mask"), "function_name");
        column->partition_index = partition < 0 || partition > 1 << 20 ? -1 : (int)partition;
        vec_push(&items, one);
    }
    if (items.count)
        qsort(items.items, items.count, sizeof *items.items, by_position);
    out->count = items.count;
    out->columns = base_alloc_zero(items.count, sizeof *out->columns);
    for (size_t i = 0; i < items.count; i++)
        out->columns[i] = items.items[i].column;
    vec_free(&items);
}

void databricks_table_read(const cJSON *json, struct databricks_table *out)
{
    const cJSON *filter = base_json_get(json, "row_filter");

    *out = (struct databricks_table){
        .name = {.catalog = base_strdup(base_json_str_or(json, "catalog_name", "")),
                 .schema = base_strdup(base_json_str_or(json, "schema_name", "")),
                 .table = base_strdup(base_json_str_or(json, "name", ""))}};
    out->table_type = databricks_json_dup(json, "table_type");
    out->format = databricks_json_dup(json, "data_source_format");
    out->comment = databricks_json_dup(json, "comment");
    out->owner = databricks_json_dup(json, "owner");
    out->table_id = databricks_json_dup(json, "table_id");
    out->view_definition = databricks_json_dup(json, "view_definition");
    out->storage_location = databricks_json_dup(json, "storage_location");
    out->metastore_id = databricks_json_dup(json, "metastore_id");
    out->row_filter = databricks_json_dup(filter, "function_name");
    out->browse_only = base_json_bool_or(json, "browse_only", false);
    out->created_us = databricks_json_ms(json, "created_at");
    out->updated_us = databricks_json_ms(json, "updated_at");
    databricks_columns_read(base_json_array(json, "columns"), &out->columns);
    for (size_t i = 0; i < out->columns.count; i++)
        out->masked = out->masked || out->columns.columns[i].mask;
}

void databricks_tables_read(const cJSON *json, struct databricks_tables *out)
{
    vec_of(struct databricks_table) items = {0};
    const cJSON *list = base_json_array(json, "tables"), *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_table one;

        databricks_table_read(item, &one);
        if (*one.name.table)
            vec_push(&items, one);
        else
            databricks_table_free(&one);
    }
    *out = (struct databricks_tables){.items = items.items, .count = items.count};
    out->next_page_token = databricks_json_dup(json, "next_page_token");
}

/* full_name is split at its first two dots: catalogs and schemas have none in Unity Catalog. */
static bool split_full_name(const char *full, struct model_name *out)
{
    const char *first = strchr(full, '.');
    const char *second = first ? strchr(first + 1, '.') : NULL;

    if (!second)
        return false;
    *out = (struct model_name){.catalog = base_strndup(full, (size_t)(first - full)),
                               .schema = base_strndup(first + 1, (size_t)(second - first) - 1),
                               .table = base_strdup(second + 1)};
    return true;
}

void databricks_summaries_read(const cJSON *json, struct databricks_tables *out)
{
    vec_of(struct databricks_table) items = {0};
    const cJSON *list = base_json_array(json, "tables"), *item;

    cJSON_ArrayForEach(item, list)
    {
        struct databricks_table one = {0};

        if (!split_full_name(base_json_str_or(item, "full_name", ""), &one.name))
            continue;
        one.table_type = databricks_json_dup(item, "table_type");
        vec_push(&items, one);
    }
    *out = (struct databricks_tables){.items = items.items, .count = items.count};
    out->next_page_token = databricks_json_dup(json, "next_page_token");
}
