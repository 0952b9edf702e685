/* Every Arrow golden file: flat and nested types value by value, all others refused by name. */
#include "columnar_help.h"

#include "base/alloc.h"
#include "base/json.h"
#include "columnar/convert.h"
#include "columnar/parquet_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *part;
    const char *named; /* what the message must say */
} REFUSED[] = {
    {"generated_union.", "Union"},
    {"generated_dictionary.", "dictionary-encoded"},
    {"generated_dictionary_unsigned.", "dictionary-encoded"},
    {"generated_nested_dictionary.", "dictionary-encoded"},
    {"generated_extension.", "dictionary-encoded"},
};

static uint64_t compared;
static size_t nested_refused;

/* Two's complement, little endian, to decimal digits. */
static void wide_text(const uint8_t *bytes, size_t width, char out[96])
{
    uint32_t limb[8];
    size_t limbs = width / 4;
    char digits[96];
    size_t count = 0;
    memcpy(limb, bytes, width);
    bool negative = limb[limbs - 1] >> 31;
    uint64_t carry = 1;
    for (size_t i = 0; negative && i < limbs; i++) {
        carry += (uint32_t)~limb[i];
        limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    for (bool any = true; any;) {
        uint64_t rest = 0;
        any = false;
        for (size_t i = limbs; i-- > 0;) {
            rest = rest << 32 | limb[i];
            limb[i] = (uint32_t)(rest / 10);
            rest %= 10;
            any = any || limb[i];
        }
        digits[count++] = (char)('0' + rest);
    }
    size_t len = 0;
    if (negative)
        out[len++] = '-';
    while (count)
        out[len++] = digits[--count];
    out[len] = 0;
}

static void json_text(const cJSON *item, char *out, size_t size)
{
    if (cJSON_IsString(item))
        snprintf(out, size, "%s", item->valuestring);
    else if (cJSON_IsBool(item))
        snprintf(out, size, "%d", cJSON_IsTrue(item));
    else
        snprintf(out, size, "%.0f", item->valuedouble);
}

#define LOAD(type) (((const type *)(const void *)array->values)[row])

static bool value_integer(const struct columnar_array *array, int64_t row, char *out, size_t size)
{
    switch (array->field->kind) {
    case COLUMNAR_BOOL:
        return snprintf(out, size, "%d", array->values[row >> 3] >> (row & 7) & 1);
    case COLUMNAR_INT8:
        return snprintf(out, size, "%d", LOAD(int8_t));
    case COLUMNAR_INT16:
        return snprintf(out, size, "%d", LOAD(int16_t));
    case COLUMNAR_INT32:
    case COLUMNAR_DATE32:
    case COLUMNAR_TIME32:
    case COLUMNAR_INTERVAL_YM:
        return snprintf(out, size, "%d", LOAD(int32_t));
    case COLUMNAR_INT64:
    case COLUMNAR_DATE64:
    case COLUMNAR_TIME64:
    case COLUMNAR_TIMESTAMP:
    case COLUMNAR_DURATION:
        return snprintf(out, size, "%lld", (long long)LOAD(int64_t));
    case COLUMNAR_UINT8:
        return snprintf(out, size, "%u", LOAD(uint8_t));
    case COLUMNAR_UINT16:
        return snprintf(out, size, "%u", LOAD(uint16_t));
    case COLUMNAR_UINT32:
        return snprintf(out, size, "%u", LOAD(uint32_t));
    case COLUMNAR_UINT64:
        return snprintf(out, size, "%llu", (unsigned long long)LOAD(uint64_t));
    case COLUMNAR_DECIMAL128:
        wide_text(array->values + 16 * row, 16, out);
        return true;
    case COLUMNAR_DECIMAL256:
        wide_text(array->values + 32 * row, 32, out);
        return true;
    default:
        return false;
    }
}

static void check_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    assert_int_equal(strlen(hex), 2 * len);
    for (size_t i = 0; i < len; i++) {
        char pair[3];
        snprintf(pair, sizeof pair, "%02X", bytes[i]);
        assert_memory_equal(pair, hex + 2 * i, 2);
    }
}

static void check_bytes(const struct columnar_array *array, int64_t row, const char *want)
{
    enum columnar_kind kind = array->field->kind;
    uint64_t from, to;
    if (kind == COLUMNAR_UTF8 || kind == COLUMNAR_BINARY) {
        const int32_t *offsets = array->offsets;
        from = (uint64_t)offsets[row];
        to = (uint64_t)offsets[row + 1];
    } else {
        const int64_t *offsets = array->offsets;
        from = (uint64_t)offsets[row];
        to = (uint64_t)offsets[row + 1];
    }
    if (kind == COLUMNAR_BINARY || kind == COLUMNAR_LARGE_BINARY) {
        check_hex(array->values + from, to - from, want);
        return;
    }
    assert_int_equal(to - from, strlen(want));
    if (to > from)
        assert_memory_equal(array->values + from, want, to - from);
}

static void check_value(const struct columnar_array *array, int64_t row, const cJSON *want)
{
    char have[128], text[128];
    compared++;
    if (value_integer(array, row, have, sizeof have)) {
        json_text(want, text, sizeof text);
        assert_string_equal(have, text);
        return;
    }
    switch (array->field->kind) {
    case COLUMNAR_FLOAT:
        assert_true(LOAD(float) == (float)want->valuedouble);
        break;
    case COLUMNAR_DOUBLE:
        assert_true(LOAD(double) == want->valuedouble);
        break;
    case COLUMNAR_FIXED_BINARY:
        check_hex(array->values + row * array->field->width, (size_t)array->field->width,
                  want->valuestring);
        break;
    case COLUMNAR_INTERVAL_DT: {
        int32_t pair[2];
        memcpy(pair, array->values + 8 * row, 8);
        assert_int_equal(pair[0], base_json_i64_or(want, "days", INT64_MIN));
        assert_int_equal(pair[1], base_json_i64_or(want, "milliseconds", INT64_MIN));
        break;
    }
    case COLUMNAR_UTF8:
    case COLUMNAR_BINARY:
    case COLUMNAR_LARGE_UTF8:
    case COLUMNAR_LARGE_BINARY:
        check_bytes(array, row, want->valuestring);
        break;
    default:
        fail_msg("no comparison for %s", columnar_kind_name(array->field->kind));
    }
}

static void check_column(const struct columnar_array *array, const cJSON *want);

static void check_nested(const struct columnar_array *array, const cJSON *want)
{
    const cJSON *children = base_json_array(want, "children");
    const cJSON *offset = base_json_array(want, "OFFSET"), *item = NULL;
    assert_int_equal(cJSON_GetArraySize(children), array->child_count);
    const int32_t *narrow = array->offsets;
    const int64_t *wide = array->offsets;
    int64_t row = 0;
    cJSON_ArrayForEach(item, offset)
    {
        char have[32], text[32];
        if (!array->offsets)
            break;
        snprintf(have, sizeof have, "%lld",
                 array->field->kind == COLUMNAR_LARGE_LIST ? (long long)wide[row]
                                                           : (long long)narrow[row]);
        json_text(item, text, sizeof text);
        assert_string_equal(have, text);
        row++;
    }
    for (size_t i = 0; i < array->child_count; i++)
        check_column(&array->children[i], cJSON_GetArrayItem(children, (int)i));
}

static void check_column(const struct columnar_array *array, const cJSON *want)
{
    /* Names inside maps are not canonical: writers rename them. */
    if (!strstr(base_json_str_or(want, "name", ""), "some_"))
        assert_string_equal(array->field->name, base_json_str(want, "name"));
    assert_int_equal(array->length, base_json_i64_or(want, "count", -1));
    if (array->field->kind == COLUMNAR_NULL) {
        assert_int_equal(array->null_count, array->length);
        return;
    }
    const cJSON *validity = base_json_array(want, "VALIDITY");
    const cJSON *valid = validity ? validity->child : NULL;
    const cJSON *data = base_json_array(want, "DATA");
    const cJSON *item = data ? data->child : NULL;
    int64_t nulls = 0;
    for (int64_t row = 0; row < array->length; row++) {
        bool is_valid = !valid || valid->valuedouble != 0;
        nulls += !is_valid;
        assert_int_equal(columnar_array_valid(array, row), is_valid);
        if (item && is_valid)
            check_value(array, row, item);
        valid = valid ? valid->next : NULL;
        item = item ? item->next : NULL;
    }
    assert_int_equal(array->null_count, nulls);
    if (array->child_count)
        check_nested(array, want);
}

/* What is nested can be read but not written yet: both ways into a file refuse it and name the
 * column. */
static size_t check_nested_refused(const struct columnar_schema *schema)
{
    size_t nested = 0;
    for (size_t i = 0; i < schema->count; i++) {
        struct columnar_field *field = &schema->fields[i];
        struct columnar_schema have = {field, 1};
        struct model_column column = {.name = field->name, .partition_index = -1};
        struct model_schema want = {&column, 1};
        struct columnar_conversion *conversion = NULL;
        struct columnar_encoder *encoder = NULL;
        struct err err = ERR_INIT, named = ERR_INIT;
        char *column_named = base_printf("column '%s'", field->name);
        const char *text = field->kind == COLUMNAR_MAP      ? "map<string,int>"
                           : field->kind == COLUMNAR_STRUCT ? "struct<a:int>"
                                                            : "array<int>";
        if (field->child_count && model_type_parse(text, &column.type, &err) == 0) {
            nested++;
            assert_int_equal(columnar_schema_reconcile(&want, &have, &conversion, &err), -1);
            assert_int_equal(err.code, ERR_TYPE_UNSUPPORTED);
            assert_non_null(strstr(err.message, column_named));
            assert_int_equal(columnar_encoder_new(&want, NULL, &encoder, &named), -1);
            assert_int_equal(named.code, ERR_TYPE_UNSUPPORTED);
            assert_non_null(strstr(named.message, column_named));
            model_type_free(&column.type);
        }
        free(column_named);
    }
    return nested;
}

static void check_file(const char *path)
{
    size_t len;
    struct err err = ERR_INIT;
    struct columnar_chunk *chunk;
    const struct columnar_batch *batch;
    char *truth = base_printf("%.*s.json.gz", (int)(strlen(path) - strlen(".stream")), path);
    uint8_t *text = help_gunzip(truth, &len);
    cJSON *json = base_json_parse((char *)text, len, len, &err);
    if (!json)
        fail_msg("%s: %s", truth, err.message);
    uint8_t *bytes = help_read(path, &len);
    if (columnar_arrow_open(bytes, len, false, NULL, &chunk, &err) < 0)
        fail_msg("%s: %s", path, err.message);
    nested_refused += check_nested_refused(columnar_arrow_schema(chunk));
    const cJSON *want = base_json_array(json, "batches");
    int expected = cJSON_GetArraySize(want), seen = 0, rc;
    while ((rc = columnar_arrow_next(chunk, &batch, &err)) > 0) {
        const cJSON *columns = base_json_array(cJSON_GetArrayItem(want, seen++), "columns");
        assert_int_equal(cJSON_GetArraySize(columns), batch->count);
        const cJSON *column = columns->child;
        for (size_t i = 0; i < batch->count; i++, column = column->next)
            check_column(&batch->columns[i], column);
    }
    if (rc < 0)
        fail_msg("%s: %s", path, err.message);
    assert_int_equal(seen, expected);
    columnar_arrow_free(&chunk);
    cJSON_Delete(json);
    free(text);
    free(truth);
}

static void check_refused(const char *path, const char *named)
{
    size_t len;
    int64_t rows;
    uint64_t sum = 0;
    struct err err = ERR_INIT;
    uint8_t *bytes = help_read(path, &len);
    assert_int_equal(help_walk(bytes, len, false, NULL, &rows, &sum, &err), -1);
    assert_string_equal(base_err_name(err.code), "TYPE_UNSUPPORTED");
    assert_non_null(strstr(err.message, named));
    assert_non_null(strstr(err.message, "column '"));
}

static void test_every_file(void **state)
{
    (void)state;
    size_t count, refused = 0;
    char **list = help_golden_list(".stream", &count);
    for (size_t i = 0; i < count; i++) {
        const char *named = NULL;
        for (size_t k = 0; k < base_countof(REFUSED); k++) {
            if (strstr(list[i], REFUSED[k].part))
                named = REFUSED[k].named;
        }
        if (named)
            check_refused(list[i], named);
        else
            check_file(list[i]);
        refused += named != NULL;
    }
    print_message("%zu golden streams: %zu compared (%llu values), %zu refused by name; "
                  "%zu nested columns refused by name for writing\n",
                  count, count - refused, (unsigned long long)compared, refused, nested_refused);
    assert_true(nested_refused > 0);
    assert_true(compared > 10000);
    help_list_free(list, count);
}

/* The file format is not the stream format. */
static void test_file_format_refused(void **state)
{
    (void)state;
    size_t count;
    char **list = help_golden_list(".arrow_file", &count);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        int64_t rows;
        uint64_t sum = 0;
        struct err err = ERR_INIT;
        uint8_t *bytes = help_read(list[i], &len);
        assert_int_equal(help_walk(bytes, len, false, NULL, &rows, &sum, &err), -1);
        assert_int_equal(err.code, ERR_SRC_CHUNK_CORRUPT);
    }
    help_list_free(list, count);
}

int main(void)
{
    size_t count;
    char **list = help_golden_list(".stream", &count);
    help_list_free(list, count);
    if (count == 0) {
        print_message("SKIP: no Arrow golden files, AAMPE_TESTDATA does not have them\n");
        return 77; /* automake counts it as skipped */
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file),
        cmocka_unit_test(test_file_format_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
