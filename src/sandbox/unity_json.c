#include "sandbox/unity.h"

#include "sandbox/unity_type.h"

#include <string.h>

/* What all three levels have; booleans and zeros that mean nothing are left out, as the service
 * does. */
static void common_fields(struct sandbox_workspace *workspace,
                          const struct sandbox_securable *securable, cJSON *json)
{
    base_json_add_str(json, "name", securable->name);
    base_json_add_str(json, "full_name", securable->full_name);
    base_json_add_str(json, "comment", securable->comment);
    base_json_add_str(json, "owner", securable->owner);
    base_json_add_str(json, "metastore_id", sandbox_workspace_metastore(workspace)->id);
    base_json_add_i64(json, "created_at", securable->created_ms);
    base_json_add_str(json, "created_by", securable->owner);
    base_json_add_i64(json, "updated_at", securable->updated_ms);
    base_json_add_str(json, "updated_by", securable->owner);
}

static void properties_field(const struct sandbox_securable *securable, cJSON *json)
{
    const char *key;
    cJSON *object;
    void *value;

    if (!securable->properties || !base_map_count(securable->properties))
        return;
    object = base_json_add_object(json, "properties");
    for (size_t i = 0; base_map_at(securable->properties, i, &key, &value); i++)
        base_json_add_str(object, key, value);
}

cJSON *sandbox_unity_catalog_json(struct sandbox_workspace *workspace,
                                  const struct sandbox_securable *catalog, bool browse_only)
{
    cJSON *json = base_json_object();

    common_fields(workspace, catalog, json);
    base_json_add_str(json, "catalog_type",
                      strcmp(catalog->name, "system") == 0 ? "SYSTEM_CATALOG" : "MANAGED_CATALOG");
    base_json_add_str(json, "isolation_mode", catalog->isolated ? "ISOLATED" : "OPEN");
    base_json_add_str(json, "id", catalog->id);
    base_json_add_str(json, "securable_type", "CATALOG");
    base_json_add_str(json, "securable_kind",
                      strcmp(catalog->name, "system") == 0 ? "CATALOG_SYSTEM" : "CATALOG_STANDARD");
    base_json_add_bool(json, "accessible_in_current_workspace",
                       sandbox_workspace_closed(workspace, catalog) == 0);
    base_json_add_bool(json, "browse_only", browse_only);
    if (!browse_only)
        properties_field(catalog, json);
    return json;
}

cJSON *sandbox_unity_schema_json(struct sandbox_workspace *workspace,
                                 const struct sandbox_securable *schema, bool browse_only)
{
    cJSON *json = base_json_object();

    common_fields(workspace, schema, json);
    base_json_add_str(json, "catalog_name", schema->catalog);
    base_json_add_str(json, "catalog_type",
                      strcmp(schema->catalog, "system") == 0 ? "SYSTEM_CATALOG"
                                                             : "MANAGED_CATALOG");
    base_json_add_str(json, "schema_id", schema->id);
    base_json_add_str(json, "securable_type", "SCHEMA");
    base_json_add_str(json, "securable_kind",
                      schema->built_in ? "SCHEMA_SYSTEM" : "SCHEMA_STANDARD");
    base_json_add_bool(json, "browse_only", browse_only);
    if (!browse_only)
        properties_field(schema, json);
    return json;
}

/* type_json is a Spark StructField as JSON inside a string. */
static void type_json_field(const struct sandbox_column *column, cJSON *json)
{
    cJSON *field = base_json_object();
    char *text;

    base_json_add_str(field, "name", column->name);
    base_json_add_take(field, "type", sandbox_unity_type_spark(column->type_text));
    base_json_add_bool(field, "nullable", column->nullable);
    base_json_add_object(field, "metadata");
    if (column->comment)
        base_json_add_str(cJSON_GetObjectItemCaseSensitive(field, "metadata"), "comment",
                          column->comment);
    text = base_json_print(field);
    base_json_add_str(json, "type_json", text);
    free(text);
    cJSON_Delete(field);
}

static cJSON *column_json(const struct sandbox_column *column, size_t position)
{
    cJSON *json = base_json_object();
    int precision, scale;

    base_json_add_str(json, "name", column->name);
    base_json_add_str(json, "type_text", column->type_text);
    base_json_add_str(json, "type_name", sandbox_unity_type_name(column->type_text));
    type_json_field(column, json);
    base_json_add_i64(json, "position", (int64_t)position);
    if (sandbox_unity_type_decimal(column->type_text, &precision, &scale)) {
        base_json_add_i64(json, "type_precision", precision);
        base_json_add_i64(json, "type_scale", scale);
    }
    if (strncmp(column->type_text, "interval ", 9) == 0)
        base_json_add_str(json, "type_interval_type", column->type_text + 9);
    base_json_add_str(json, "comment", column->comment);
    base_json_add_bool(json, "nullable", column->nullable);
    if (column->partition_index >= 0)
        base_json_add_i64(json, "partition_index", column->partition_index);
    if (column->mask_function)
        base_json_add_str(base_json_add_object(json, "mask"), "function_name",
                          column->mask_function);
    return json;
}

static bool is_view(const struct sandbox_securable *table)
{
    return table->table_type && strstr(table->table_type, "VIEW") != NULL;
}

char *sandbox_unity_place(struct sandbox_workspace *workspace,
                          const struct sandbox_securable *table)
{
    return base_printf("s3://aampe-sandbox/%s/tables/%s",
                       sandbox_workspace_metastore(workspace)->id, table->id);
}

cJSON *sandbox_unity_table_json(struct sandbox_workspace *workspace,
                                const struct sandbox_securable *table, bool browse_only,
                                bool columns, bool properties)
{
    cJSON *json = base_json_object();

    common_fields(workspace, table, json);
    base_json_add_str(json, "catalog_name", table->catalog);
    base_json_add_str(json, "schema_name", table->schema);
    base_json_add_str(json, "table_type", table->table_type);
    base_json_add_str(json, "table_id", table->id);
    if (!is_view(table))
        base_json_add_str(json, "data_source_format", "DELTA");
    if (browse_only) {
        base_json_add_bool(json, "browse_only", true);
        return json;
    }
    if (columns) {
        cJSON *array = base_json_add_array(json, "columns");

        for (size_t i = 0; i < table->columns.count; i++)
            base_json_push_take(array, column_json(&table->columns.items[i], i));
    }
    base_json_add_str(json, "view_definition", table->view_definition);
    if (!is_view(table)) {
        char *place = sandbox_unity_place(workspace, table);

        base_json_add_str(json, "storage_location", place);
        free(place);
    }
    if (table->row_filter_function)
        base_json_add_str(base_json_add_object(json, "row_filter"), "function_name",
                          table->row_filter_function);
    if (properties)
        properties_field(table, json);
    return json;
}
