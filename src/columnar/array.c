#include "columnar/array.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

static const char *const KIND_NAMES[] = {
    [COLUMNAR_NULL] = "Null",
    [COLUMNAR_BOOL] = "Bool",
    [COLUMNAR_INT8] = "Int8",
    [COLUMNAR_INT16] = "Int16",
    [COLUMNAR_INT32] = "Int32",
    [COLUMNAR_INT64] = "Int64",
    [COLUMNAR_UINT8] = "UInt8",
    [COLUMNAR_UINT16] = "UInt16",
    [COLUMNAR_UINT32] = "UInt32",
    [COLUMNAR_UINT64] = "UInt64",
    [COLUMNAR_HALF] = "HalfFloat",
    [COLUMNAR_FLOAT] = "Float",
    [COLUMNAR_DOUBLE] = "Double",
    [COLUMNAR_DECIMAL128] = "Decimal128",
    [COLUMNAR_DECIMAL256] = "Decimal256",
    [COLUMNAR_UTF8] = "Utf8",
    [COLUMNAR_BINARY] = "Binary",
    [COLUMNAR_LARGE_UTF8] = "LargeUtf8",
    [COLUMNAR_LARGE_BINARY] = "LargeBinary",
    [COLUMNAR_FIXED_BINARY] = "FixedSizeBinary",
    [COLUMNAR_DATE32] = "Date32",
    [COLUMNAR_DATE64] = "Date64",
    [COLUMNAR_TIME32] = "Time32",
    [COLUMNAR_TIME64] = "Time64",
    [COLUMNAR_TIMESTAMP] = "Timestamp",
    [COLUMNAR_DURATION] = "Duration",
    [COLUMNAR_INTERVAL_YM] = "Interval(YEAR_MONTH)",
    [COLUMNAR_INTERVAL_DT] = "Interval(DAY_TIME)",
    [COLUMNAR_INTERVAL_MDN] = "Interval(MONTH_DAY_NANO)",
    [COLUMNAR_LIST] = "List",
    [COLUMNAR_LARGE_LIST] = "LargeList",
    [COLUMNAR_FIXED_LIST] = "FixedSizeList",
    [COLUMNAR_MAP] = "Map",
    [COLUMNAR_STRUCT] = "Struct",
};

struct columnar_limits columnar_limits_default(void)
{
    return (struct columnar_limits){
        .chunk_bytes = (size_t)1 << 30,
        .message_bytes = (size_t)1 << 30,
        .metadata_bytes = (size_t)64 << 20,
        .columns = 10000,
        .depth = 64,
        .ratio = 200,
        .ratio_free_bytes = (size_t)16 << 20,
        .batch_rows = INT32_MAX,
    };
}

const char *columnar_kind_name(enum columnar_kind kind)
{
    return (size_t)kind < base_countof(KIND_NAMES) ? KIND_NAMES[kind] : "unknown";
}

static void fields_free(struct columnar_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fields_free(fields[i].children, fields[i].child_count);
        free(fields[i].name);
        free(fields[i].timezone);
    }
    free(fields);
}

void columnar_schema_free(struct columnar_schema *schema)
{
    fields_free(schema->fields, schema->count);
    *schema = (struct columnar_schema){0};
}

static struct columnar_field *fields_dup(const struct columnar_field *fields, size_t count)
{
    struct columnar_field *copy = base_alloc_zero(count, sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        copy[i] = fields[i];
        copy[i].name = base_strdup(fields[i].name);
        copy[i].timezone = base_strdup(fields[i].timezone);
        copy[i].children = fields_dup(fields[i].children, fields[i].child_count);
    }
    return copy;
}

struct columnar_schema columnar_schema_dup(const struct columnar_schema *schema)
{
    return (struct columnar_schema){.fields = fields_dup(schema->fields, schema->count),
                                    .count = schema->count};
}

static bool fields_equal(const struct columnar_field *a, const struct columnar_field *b,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i].kind != b[i].kind || a[i].unit != b[i].unit || a[i].precision != b[i].precision ||
            a[i].scale != b[i].scale || a[i].width != b[i].width ||
            a[i].child_count != b[i].child_count || strcmp(a[i].name, b[i].name) != 0 ||
            !fields_equal(a[i].children, b[i].children, a[i].child_count))
            return false;
    }
    return true;
}

bool columnar_schema_equal(const struct columnar_schema *a, const struct columnar_schema *b)
{
    return a->count == b->count && fields_equal(a->fields, b->fields, a->count);
}
