#include "model/type.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"

#include <stdlib.h>

#define COLUMNS_MAX 10000

struct cJSON *model_schema_to_json(const struct model_schema *schema)
{
    cJSON *json = cJSON_CreateArray();

    if (!json)
        bug("out of memory in JSON");
    for (size_t i = 0; i < schema->count; i++) {
        const struct model_column *column = &schema->columns[i];
        char *type = model_type_text(&column->type);
        cJSON *item = base_json_object();

        base_json_add_str(item, "name", column->name);
        base_json_add_str(item, "type", type);
        base_json_add_bool(item, "nullable", column->nullable);
        base_json_add_str(item, "comment", column->comment);
        base_json_add_str(item, "mask", column->mask);
        if (column->partition_index >= 0)
            base_json_add_i64(item, "partition_index", column->partition_index);
        base_json_push_take(json, item);
        free(type);
    }
    return json;
}

static int column_from_json(const cJSON *json, struct model_column *out, struct err *err)
{
    const char *name = base_json_str(json, "name"), *type = base_json_str(json, "type");
    int64_t partition_index = base_json_i64_or(json, "partition_index", -1);

    *out = (struct model_column){.partition_index = -1};
    if (!name || !type)
        return base_err_set(err, ERR_CONFIG_INVALID, "a column lacks its name or type");
    if (partition_index >= 0 && partition_index < COLUMNS_MAX)
        out->partition_index = (int)partition_index;
    out->name = base_strdup(name);
    out->comment = base_strdup(base_json_str(json, "comment"));
    out->mask = base_strdup(base_json_str(json, "mask"));
    out->nullable = base_json_bool_or(json, "nullable", true);
    if (model_type_parse(type, &out->type, err))
        return base_err_context(err, "column '%s'", name);
    return 0;
}

int model_schema_from_json(const struct cJSON *json, struct model_schema *out, struct err *err)
{
    const cJSON *item;
    int count = cJSON_GetArraySize(json);

    *out = (struct model_schema){0};
    if (!cJSON_IsArray(json))
        return base_err_set(err, ERR_CONFIG_INVALID, "columns are not a list");
    if (count > COLUMNS_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "%d columns are more than %d", count,
                            COLUMNS_MAX);
    out->columns = count ? base_alloc_zero((size_t)count, sizeof *out->columns) : NULL;
    cJSON_ArrayForEach(item, json)
    {
        if (column_from_json(item, &out->columns[out->count++], err)) {
            model_schema_free(out);
            return -1;
        }
    }
    return 0;
}

static int check_names(const struct model_schema *schema, struct err *err)
{
    struct base_map *seen = base_map_new();
    int result = 0;

    for (size_t i = 0; i < schema->count && !result; i++) {
        char *folded = base_strdup(schema->columns[i].name);

        base_text_lower(folded);
        if (base_map_put(seen, folded, &schema->columns[i]))
            result = base_err_set(err, ERR_NAME_CLASH, "column '%s' appears twice (case ignored)",
                                  schema->columns[i].name);
        free(folded);
    }
    base_map_free(&seen, NULL);
    return result;
}

int model_schema_check_flat(const struct model_schema *schema, struct err *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct model_type *type = &schema->columns[i].type;

        if (!model_type_flat(type) && type->kind != MODEL_VOID)
            return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' is %.100s",
                                schema->columns[i].name,
                                type->text ? type->text : model_type_kind_name(type->kind));
    }
    return check_names(schema, err);
}
