#include "columnar/parquet_write.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "columnar/spec.h"

#include <stdlib.h>
#include <string.h>

#define FOOTER_BYTES_MAX ((size_t)64 << 20)

struct key_value {
    char *key, *value;
};

struct placed_group {
    struct columnar_group_meta *meta;
    int64_t offset;
};

struct columnar_footer {
    char *created_by;
    char **names; /* stored columns */
    struct pq_spec *specs;
    size_t count;
    vec_of(struct key_value) keys;
    vec_of(struct placed_group) groups;
    int64_t rows, end;
};

/* Names of Spark's DataType.json. Spark itself stores intervals as we do and takes the type from
 * here. */
static char *spark_type(const struct model_type *type)
{
    static const char *const NAMES[] = {
        [MODEL_BOOLEAN] = "boolean",
        [MODEL_BYTE] = "byte",
        [MODEL_SHORT] = "short",
        [MODEL_INT] = "integer",
        [MODEL_LONG] = "long",
        [MODEL_FLOAT] = "float",
        [MODEL_DOUBLE] = "double",
        [MODEL_STRING] = "string",
        [MODEL_VARIANT] = "string",
        [MODEL_BINARY] = "binary",
        [MODEL_DATE] = "date",
        [MODEL_TIMESTAMP] = "timestamp",
        [MODEL_TIMESTAMP_NTZ] = "timestamp_ntz",
        [MODEL_INTERVAL_YM] = "interval year to month",
        [MODEL_INTERVAL_DT] = "interval day to second",
    };
    if (type->kind == MODEL_DECIMAL)
        return base_printf("decimal(%d,%d)", type->precision, type->scale);
    return base_strdup(NAMES[type->kind]);
}

static char *spark_schema(const struct model_schema *schema)
{
    cJSON *root = base_json_object();
    base_json_add_str(root, "type", "struct");
    cJSON *fields = base_json_add_array(root, "fields");
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->columns[i].type.kind == MODEL_VOID)
            continue;
        cJSON *field = base_json_object();
        char *type = spark_type(&schema->columns[i].type);
        base_json_add_str(field, "name", schema->columns[i].name);
        base_json_add_str(field, "type", type);
        base_json_add_bool(field, "nullable", true);
        base_json_add_object(field, "metadata");
        base_json_push_take(fields, field);
        free(type);
    }
    char *text = base_json_print(root);
    cJSON_Delete(root);
    return text;
}

static void add_own_keys(struct columnar_footer *footer, const struct model_schema *schema)
{
    bool intervals = false;
    char *json = spark_schema(schema);
    /* With a version of 3.0 or later Spark takes old dates as proleptic Gregorian, which they
     * are. */
    columnar_footer_key(footer, "org.apache.spark.version", "3.5.0");
    columnar_footer_key(footer, "org.apache.spark.sql.parquet.row.metadata", json);
    free(json);
    for (size_t i = 0; i < schema->count; i++)
        intervals = intervals || schema->columns[i].type.kind == MODEL_INTERVAL_YM ||
                    schema->columns[i].type.kind == MODEL_INTERVAL_DT;
    if (intervals)
        columnar_footer_key(footer, "aampe.intervals",
                            "year-month as int32 months, day-time as int64 microseconds");
}

int columnar_footer_new(const struct model_schema *schema, const char *version, const char *build,
                        struct columnar_footer **out, struct err *err)
{
    *out = NULL;
    if (pq_names_check(schema, err) < 0)
        return -1;
    struct columnar_footer *footer = base_alloc_zero(1, sizeof *footer);
    footer->names = base_alloc_zero(schema->count, sizeof *footer->names);
    footer->specs = base_alloc_zero(schema->count, sizeof *footer->specs);
    for (size_t i = 0; i < schema->count; i++) {
        const struct model_column *column = &schema->columns[i];
        if (column->type.kind == MODEL_VOID)
            continue;
        if (!pq_spec_of(&column->type, &footer->specs[footer->count])) {
            columnar_footer_free(&footer);
            return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' is %s", column->name,
                                model_type_kind_name(column->type.kind));
        }
        footer->names[footer->count++] = base_strdup(column->name);
    }
    footer->created_by = base_printf("aampe-syncd version %s (build %s)", version, build);
    footer->end = COLUMNAR_PARQUET_MAGIC_LEN;
    add_own_keys(footer, schema);
    *out = footer;
    return 0;
}

void columnar_footer_free(struct columnar_footer **footer)
{
    if (!*footer)
        return;
    for (size_t i = 0; i < (*footer)->count; i++)
        free((*footer)->names[i]);
    for (size_t i = 0; i < (*footer)->keys.count; i++) {
        free((*footer)->keys.items[i].key);
        free((*footer)->keys.items[i].value);
    }
    for (size_t i = 0; i < (*footer)->groups.count; i++)
        pq_group_meta_free(&(*footer)->groups.items[i].meta);
    vec_free(&(*footer)->keys);
    vec_free(&(*footer)->groups);
    free((*footer)->names);
    free((*footer)->specs);
    free((*footer)->created_by);
    base_free(footer);
}

void columnar_footer_key(struct columnar_footer *footer, const char *key, const char *value)
{
    vec_push(&footer->keys,
             (struct key_value){.key = base_strdup(key), .value = base_strdup(value)});
}

int columnar_footer_add(struct columnar_footer *footer, const struct columnar_row_group *group,
                        int64_t file_offset, struct err *err)
{
    const struct columnar_group_meta *meta = group->meta;
    bool fits = meta->count == footer->count;
    for (size_t i = 0; fits && i < meta->count; i++)
        fits = meta->chunks[i].physical == footer->specs[i].physical;
    if (!fits)
        return base_err_set(err, ERR_INTERNAL, "a row group of another schema");
    if (file_offset < footer->end)
        return base_err_set(err, ERR_INTERNAL, "row groups overlap at byte %lld",
                            (long long)file_offset);
    vec_push(&footer->groups,
             (struct placed_group){.meta = pq_group_meta_dup(meta), .offset = file_offset});
    footer->rows += meta->rows;
    footer->end = file_offset + (int64_t)group->bytes;
    return 0;
}

int64_t columnar_footer_rows(const struct columnar_footer *footer)
{
    return footer->rows;
}

static void write_schema(struct thrift_writer *writer, const struct columnar_footer *footer)
{
    thrift_list(writer, 2, THRIFT_STRUCT, footer->count + 1);
    thrift_element_struct(writer);
    thrift_text(writer, 4, "schema");
    thrift_i32(writer, 5, (int32_t)footer->count);
    thrift_end(writer);
    for (size_t i = 0; i < footer->count; i++) {
        thrift_element_struct(writer);
        pq_spec_write(writer, footer->names[i], &footer->specs[i]);
        thrift_end(writer);
    }
}

static void write_groups(struct thrift_writer *writer, const struct columnar_footer *footer)
{
    thrift_list(writer, 4, THRIFT_STRUCT, footer->groups.count);
    for (size_t i = 0; i < footer->groups.count; i++) {
        const struct placed_group *group = &footer->groups.items[i];
        thrift_element_struct(writer);
        pq_group_meta_write(writer, group->meta, (const char *const *)footer->names, group->offset,
                            i <= INT16_MAX ? (int)i : -1);
        thrift_end(writer);
    }
}

static void write_metadata(struct thrift_writer *writer, const struct columnar_footer *footer)
{
    thrift_i32(writer, 1, 1);
    write_schema(writer, footer);
    thrift_i64(writer, 3, footer->rows);
    write_groups(writer, footer);
    thrift_list(writer, 5, THRIFT_STRUCT, footer->keys.count);
    for (size_t i = 0; i < footer->keys.count; i++) {
        thrift_element_struct(writer);
        thrift_text(writer, 1, footer->keys.items[i].key);
        if (footer->keys.items[i].value)
            thrift_text(writer, 2, footer->keys.items[i].value);
        thrift_end(writer);
    }
    thrift_text(writer, 6, footer->created_by);
    /* TypeDefinedOrder for every leaf: without it readers ignore min_value and max_value. */
    thrift_list(writer, 7, THRIFT_STRUCT, footer->count);
    for (size_t i = 0; i < footer->count; i++) {
        thrift_element_struct(writer);
        thrift_struct(writer, 1);
        thrift_end(writer);
        thrift_end(writer);
    }
    thrift_end(writer);
}

int columnar_footer_finish(const struct columnar_footer *footer, struct buf *out, struct err *err)
{
    struct thrift_writer writer;
    size_t start = out->len;
    thrift_writer_init(&writer, out);
    write_metadata(&writer, footer);
    size_t len = out->len - start;
    if (writer.failed || len > FOOTER_BYTES_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a footer of more than %zu bytes",
                            FOOTER_BYTES_MAX);
    if (base_buf_u32le(out, (uint32_t)len) < 0 ||
        base_buf_append(out, COLUMNAR_PARQUET_MAGIC, COLUMNAR_PARQUET_MAGIC_LEN) < 0)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "no room for the footer");
    return 0;
}
