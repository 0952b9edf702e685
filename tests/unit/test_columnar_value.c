/* How values are judged and what the footer says of them. */
#include "columnar_help.h"
#include "columnar_table.h"

#include "base/alloc.h"
#include "columnar/block.h"
#include "columnar/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct slice slice_of(const char *text)
{
    return (struct slice){.data = (const uint8_t *)text, .len = (uint32_t)strlen(text)};
}

static void test_decimal_text(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int precision, scale;
        bool good;
        int64_t value;
    } CASES[] = {
        {"12.30", 10, 2, true, 1230},
        {"-12.3", 10, 2, true, -1230},
        {"0E-10", 38, 10, true, 0},
        {"+7", 3, 0, true, 7},
        {"1.000", 3, 2, true, 100},
        {"1.005", 10, 2, false, 0},
        {"9.99", 3, 2, true, 999},
        {"99.9", 3, 2, false, 0},
        {"1E3", 4, 0, true, 1000},
        {"1E3", 3, 0, false, 0},
        {"1.5e-1", 3, 2, true, 15},
        {"", 5, 0, false, 0},
        {".", 5, 0, false, 0},
        {"1.2.3", 5, 2, false, 0},
        {"abc", 5, 0, false, 0},
        {"1e", 5, 0, false, 0},
        {"0.000000000000000000000000000000000000001", 38, 2, false, 0},
        {"00000000000000000000000000000000000000000000012", 2, 0, true, 12},
        {"1e99999", 38, 0, false, 0},
        {"1e999999999", 38, 0, false, 0},
        {" 1", 5, 0, false, 0},
        {"-0.00", 2, 2, true, 0},
    };
    for (size_t i = 0; i < base_countof(CASES); i++) {
        __int128 value = 0;
        bool good = block_parse_decimal(slice_of(CASES[i].text), CASES[i].precision, CASES[i].scale,
                                        &value);
        if (good != CASES[i].good || (good && value != CASES[i].value))
            fail_msg("'%s' as DECIMAL(%d,%d)", CASES[i].text, CASES[i].precision, CASES[i].scale);
    }
    __int128 most = 0, want = 1;
    for (int i = 0; i < 38; i++)
        want *= 10;
    assert_true(
        block_parse_decimal(slice_of("-99999999999999999999999999999999999999"), 38, 0, &most));
    assert_true(most == -(want - 1));
}

static void test_date_text(void **state)
{
    (void)state;
    int32_t days;
    assert_true(block_parse_date(slice_of("1970-01-02"), &days) && days == 1);
    assert_true(block_parse_date(slice_of("0001-01-01"), &days) && days == DAYS_MIN);
    assert_true(block_parse_date(slice_of("9999-12-31"), &days) && days == DAYS_MAX);
    assert_true(block_parse_date(slice_of("2024-02-29"), &days));
    static const char *const BAD[] = {"2023-02-29", "0000-01-01", "1970-13-01", "1970-1-1",
                                      "1970-01-00", "x970-01-01", "1970/01/01", ""};
    for (size_t i = 0; i < base_countof(BAD); i++)
        assert_false(block_parse_date(slice_of(BAD[i]), &days));
}

/* One column of fixed-width values, no nulls unless validity says so. */
static int encode_one(const char *type, enum columnar_kind kind, const void *values,
                      const int32_t *offsets, int64_t rows, const uint8_t *validity,
                      struct columnar_row_group **group, struct err *err)
{
    struct model_column column = {.name = (char *)"v"};
    struct columnar_field field = {.name = (char *)"v", .kind = kind, .unit = COLUMNAR_MICRO};
    struct model_schema schema = {.columns = &column, .count = 1};
    struct columnar_schema arrow = {.fields = &field, .count = 1};
    struct columnar_array array = {.field = &field,
                                   .length = rows,
                                   .validity = validity,
                                   .offsets = offsets,
                                   .values = values};
    struct columnar_batch batch = {.rows = rows, .columns = &array, .count = 1};
    struct columnar_conversion *conversion = NULL;
    struct columnar_encoder *encoder = NULL;
    *group = NULL;
    if (model_type_parse(type, &column.type, err) < 0)
        return -1;
    field.precision = column.type.precision;
    field.scale = column.type.scale;
    int rc = columnar_schema_reconcile(&schema, &arrow, &conversion, err);
    if (rc == 0)
        rc = columnar_encoder_new(&schema, NULL, &encoder, err);
    if (rc == 0)
        rc = columnar_encoder_append(encoder, conversion, &batch, 0, rows, err);
    if (rc == 0)
        rc = columnar_encoder_finish(&encoder, group, err);
    columnar_encoder_free(&encoder);
    columnar_conversion_free(&conversion);
    model_type_free(&column.type);
    return rc;
}

static void expect_refused(const char *type, enum columnar_kind kind, const void *values,
                           const int32_t *offsets, int64_t rows, enum err_code code,
                           const char *row)
{
    struct columnar_row_group *group;
    struct err err = ERR_INIT;
    uint8_t validity = 0xff;
    assert_int_equal(encode_one(type, kind, values, offsets, rows, NULL, &group, &err), -1);
    if (err.code != code || !strstr(err.message, row) || !strstr(err.message, "'v'"))
        fail_msg("%s: %s", base_err_name(err.code), err.message);
    /* The same value under a null is nobody's business. */
    validity = (uint8_t)(validity & ~(1u << (rows - 1)));
    err = ERR_INIT;
    if (encode_one(type, kind, values, offsets, rows, &validity, &group, &err) < 0)
        fail_msg("under a null: %s", err.message);
    assert_int_equal(group->stats[0].null_count, 1);
    columnar_row_group_free(&group);
}

static void test_judgement(void **state)
{
    (void)state;
    const int32_t days[] = {0, 1, DAYS_MAX + 1}, old[] = {0, DAYS_MIN - 1};
    const int64_t micros[] = {0, MICROS_MAX + 1}, early[] = {MICROS_MIN - 1};
    const __int128 wide[] = {999, -999, 1000}, low[] = {0, -1000};
    const int32_t offsets[] = {0, 2, 4}, cut[] = {0, 1, 2};
    expect_refused("date", COLUMNAR_DATE32, days, NULL, 3, ERR_VALUE_OUT_OF_RANGE, "row 2");
    expect_refused("date", COLUMNAR_DATE32, old, NULL, 2, ERR_VALUE_OUT_OF_RANGE, "row 1");
    expect_refused("timestamp", COLUMNAR_TIMESTAMP, micros, NULL, 2, ERR_VALUE_OUT_OF_RANGE,
                   "row 1");
    expect_refused("timestamp_ntz", COLUMNAR_TIMESTAMP, early, NULL, 1, ERR_VALUE_OUT_OF_RANGE,
                   "row 0");
    expect_refused("decimal(3,1)", COLUMNAR_DECIMAL128, wide, NULL, 3, ERR_VALUE_OUT_OF_RANGE,
                   "row 2");
    expect_refused("decimal(3,1)", COLUMNAR_DECIMAL128, low, NULL, 2, ERR_VALUE_OUT_OF_RANGE,
                   "row 1");
    expect_refused("string", COLUMNAR_UTF8, "ok\xff\xfe", offsets, 2, ERR_TEXT_INVALID, "row 1");
    const int32_t large[] = {0, (64 << 20) + 1};
    char *text = base_alloc_zero((64 << 20) + 1, 1);
    expect_refused("binary", COLUMNAR_BINARY, text, large, 1, ERR_LIMIT_EXCEEDED, "row 0");
    free(text);
    /* A character cut in two by an offset is valid as a whole and invalid in its parts. */
    struct columnar_row_group *group;
    struct err err = ERR_INIT;
    assert_int_equal(encode_one("string", COLUMNAR_UTF8, "\xc3\xbc", cut, 2, NULL, &group, &err),
                     -1);
    assert_int_equal(err.code, ERR_TEXT_INVALID);
    expect_refused("decimal(3,1)", COLUMNAR_UTF8, "1.x9", offsets, 2, ERR_VALUE_OUT_OF_RANGE,
                   "row");
}

static int reconcile(const char *type, const char *name, enum columnar_kind kind, int scale,
                     struct err *err)
{
    struct model_column column = {.name = (char *)"v"};
    struct columnar_field field = {.name = (char *)name, .kind = kind, .scale = scale};
    struct model_schema schema = {.columns = &column, .count = 1};
    struct columnar_schema arrow = {.fields = &field, .count = 1};
    struct columnar_conversion *conversion = NULL;
    struct err parse = ERR_INIT;
    if (model_type_parse(type, &column.type, &parse) < 0)
        fail_msg("%s: %s", type, parse.message);
    int rc = columnar_schema_reconcile(&schema, &arrow, &conversion, err);
    columnar_conversion_free(&conversion);
    model_type_free(&column.type);
    return rc;
}

static void test_reconcile(void **state)
{
    (void)state;
    static const struct {
        const char *type, *name;
        enum columnar_kind kind;
        int scale;
        enum err_code code;
    } CASES[] = {
        {"int", "V", COLUMNAR_INT32, 0, ERR_OK},
        {"int", "w", COLUMNAR_INT32, 0, ERR_SRC_CHUNK_CORRUPT},
        {"int", "v", COLUMNAR_INT64, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"int", "v", COLUMNAR_UINT32, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"bigint", "v", COLUMNAR_UINT32, 0, ERR_OK},
        {"tinyint", "v", COLUMNAR_UINT8, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"float", "v", COLUMNAR_DOUBLE, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"double", "v", COLUMNAR_FLOAT, 0, ERR_OK},
        {"decimal(10,2)", "v", COLUMNAR_DECIMAL128, 3, ERR_SCHEMA_TYPE_CHANGED},
        {"decimal(10,2)", "v", COLUMNAR_DECIMAL128, 2, ERR_OK},
        {"decimal(10,2)", "v", COLUMNAR_DECIMAL256, 2, ERR_SCHEMA_TYPE_CHANGED},
        {"decimal(10,2)", "v", COLUMNAR_UTF8, 0, ERR_OK},
        {"variant", "v", COLUMNAR_UTF8, 0, ERR_OK},
        {"varchar(7)", "v", COLUMNAR_UTF8, 0, ERR_OK},
        {"string", "v", COLUMNAR_BINARY, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"date", "v", COLUMNAR_UTF8, 0, ERR_OK},
        {"timestamp", "v", COLUMNAR_UTF8, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"timestamp", "v", COLUMNAR_INT64, 0, ERR_SCHEMA_TYPE_CHANGED},
        {"int", "v", COLUMNAR_NULL, 0, ERR_OK},
        {"void", "v", COLUMNAR_NULL, 0, ERR_OK},
        {"array<int>", "v", COLUMNAR_LIST, 0, ERR_TYPE_UNSUPPORTED},
        {"struct<a:int>", "v", COLUMNAR_STRUCT, 0, ERR_TYPE_UNSUPPORTED},
        {"map<string,int>", "v", COLUMNAR_MAP, 0, ERR_TYPE_UNSUPPORTED},
        {"string", "v", COLUMNAR_LIST, 0, ERR_SCHEMA_TYPE_CHANGED},
    };
    for (size_t i = 0; i < base_countof(CASES); i++) {
        struct err err = ERR_INIT;
        reconcile(CASES[i].type, CASES[i].name, CASES[i].kind, CASES[i].scale, &err);
        if (err.code != CASES[i].code)
            fail_msg("%s from %s: %s %s", CASES[i].type, columnar_kind_name(CASES[i].kind),
                     base_err_name(err.code), err.message);
    }
}

static void test_name_clash(void **state)
{
    (void)state;
    struct model_column columns[2] = {{.name = (char *)"Price"}, {.name = (char *)"pRICE"}};
    struct model_schema schema = {.columns = columns, .count = 2};
    struct columnar_encoder *encoder;
    struct columnar_footer *footer;
    struct err err = ERR_INIT;
    columns[0].type.kind = columns[1].type.kind = MODEL_INT;
    assert_int_equal(columnar_encoder_new(&schema, NULL, &encoder, &err), -1);
    assert_int_equal(err.code, ERR_NAME_CLASH);
    assert_non_null(strstr(err.message, "'Price'"));
    err = ERR_INIT;
    assert_int_equal(columnar_footer_new(&schema, "1", "1", &footer, &err), -1);
    assert_int_equal(err.code, ERR_NAME_CLASH);
}

/* --- statistics --- */

static void check_text_stats(const char *text, size_t len, bool utf8, const char *min,
                             size_t min_len, const char *max, size_t max_len)
{
    struct pq_range range;
    struct columnar_pq_stats stats;
    pq_range_init(&range, PQ_ORDER_BYTES);
    pq_range_bytes(&range, (struct slice){.data = (const uint8_t *)text, .len = (uint32_t)len});
    pq_range_finish(&range, utf8, &stats);
    assert_true(stats.has_min);
    assert_int_equal(stats.min_len, min_len);
    assert_memory_equal(stats.min, min, min_len);
    assert_int_equal(stats.min_exact, min_len == len);
    assert_int_equal(stats.has_max, max != NULL);
    if (max) {
        assert_int_equal(stats.max_len, max_len);
        assert_memory_equal(stats.max, max, max_len);
        assert_int_equal(stats.max_exact, max_len == len && len <= STATS_BYTES_MAX);
    }
    free(stats.min);
    free(stats.max);
    pq_range_free(&range);
}

static void test_cut_bounds(void **state)
{
    (void)state;
    char text[200], max[80];
    memset(text, 'a', sizeof text);
    check_text_stats(text, 64, true, text, 64, text, 64);
    memset(max, 'a', 64);
    max[63] = 'b';
    check_text_stats(text, 65, true, text, 64, max, 64);
    /* The cut falls into a character of three bytes: it goes before it. */
    memcpy(text + 62, "\xe2\x82\xac\xe2\x82\xac", 6);
    max[61] = 'b';
    check_text_stats(text, 68, true, text, 62, max, 62);
    /* The last character cannot be raised: the one before it is. */
    memset(text, 'a', sizeof text);
    memcpy(text + 60, "\xf4\x8f\xbf\xbf", 4);
    memset(max, 'a', 60);
    max[59] = 'b';
    check_text_stats(text, 100, true, text, 64, max, 60);
    /* The last of the two-byte characters grows; the gap of surrogates is stepped over. */
    memset(text, 'a', sizeof text);
    memcpy(text + 62, "\xdf\xbf", 2);
    memset(max, 'a', 62);
    memcpy(max + 62, "\xe0\xa0\x80", 3);
    check_text_stats(text, 100, true, text, 64, max, 65);
    memcpy(text + 61, "\xed\x9f\xbf", 3);
    memcpy(max + 61, "\xee\x80\x80", 3);
    check_text_stats(text, 100, true, text, 64, max, 64);
    /* Nothing can be raised: no maximum. */
    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, "\xf4\x8f\xbf\xbf", 4);
    check_text_stats(text, 100, true, text, 64, NULL, 0);
    memset(text, 0xff, sizeof text);
    check_text_stats(text, 100, false, text, 64, NULL, 0);
    text[10] = 7;
    memcpy(max, text, 11);
    max[10] = 8;
    check_text_stats(text, 100, false, text, 64, max, 11);
}

static struct columnar_row_group *doubles(const double *values, int64_t rows)
{
    struct columnar_row_group *group;
    struct err err = ERR_INIT;
    if (encode_one("double", COLUMNAR_DOUBLE, values, NULL, rows, NULL, &group, &err) < 0)
        fail_msg("%s", err.message);
    return group;
}

static void test_real_bounds(void **state)
{
    (void)state;
    const double zeros[] = {0.0, -0.0, 0.0}, nans[] = {NAN, NAN}, mixed[] = {NAN, 1.5, -2.5, NAN};
    double min, max;
    struct columnar_row_group *group = doubles(zeros, 3);
    memcpy(&min, group->stats[0].min, 8);
    memcpy(&max, group->stats[0].max, 8);
    assert_true(min == 0 && signbit(min) && max == 0 && !signbit(max));
    assert_int_equal(group->stats[0].nan_count, 0);
    columnar_row_group_free(&group);
    group = doubles(nans, 2);
    assert_false(group->stats[0].has_min_max);
    assert_int_equal(group->stats[0].nan_count, 2);
    columnar_row_group_free(&group);
    group = doubles(mixed, 4);
    memcpy(&min, group->stats[0].min, 8);
    memcpy(&max, group->stats[0].max, 8);
    assert_true(min == -2.5 && max == 1.5);
    assert_int_equal(group->stats[0].nan_count, 2);
    columnar_row_group_free(&group);
}

static void test_decimal_bounds(void **state)
{
    (void)state;
    const __int128 values[] = {5, -7, 300, -1};
    struct columnar_row_group *group;
    struct err err = ERR_INIT;
    assert_int_equal(
        encode_one("decimal(20,0)", COLUMNAR_DECIMAL128, values, NULL, 4, NULL, &group, &err), 0);
    const uint8_t min[9] = {255, 255, 255, 255, 255, 255, 255, 255, 249};
    const uint8_t max[9] = {0, 0, 0, 0, 0, 0, 0, 1, 44};
    assert_int_equal(group->stats[0].min_len, 9);
    assert_memory_equal(group->stats[0].min, min, 9);
    assert_memory_equal(group->stats[0].max, max, 9);
    columnar_row_group_free(&group);
}

/* --- partitions --- */

static void expect_text(const struct columnar_array *array, const char *type, int64_t row,
                        const char *want)
{
    struct model_type model;
    struct buf out;
    struct err err = ERR_INIT;
    bool is_null;
    base_buf_init(&out, 1000);
    assert_int_equal(model_type_parse(type, &model, &err), 0);
    if (columnar_array_value_text(array, &model, row, &out, &is_null, &err) < 0)
        fail_msg("%s: %s", type, err.message);
    assert_int_equal(is_null, want == NULL);
    if (want)
        assert_string_equal(out.data, want);
    base_buf_free(&out);
    model_type_free(&model);
}

static void test_partition_text(void **state)
{
    (void)state;
    struct columnar_field field = {.name = (char *)"p", .kind = COLUMNAR_INT32};
    const int32_t ints[] = {-5, -5, 7};
    const int64_t micros[] = {-1, 1000000, 90061000004};
    const __int128 decimals[] = {-5, 0, 123456};
    const int32_t offsets[] = {0, 1, 2, 4};
    uint8_t validity = 5, bits = 2;
    struct columnar_array array = {.field = &field, .length = 3, .values = (const uint8_t *)ints};
    expect_text(&array, "int", 0, "-5");
    assert_int_equal(columnar_array_run_end(&array, 0, 3), 2);
    assert_int_equal(columnar_array_run_end(&array, 0, 1), 1);
    assert_int_equal(columnar_array_run_end(&array, 2, 3), 3);
    array.validity = &validity;
    assert_int_equal(columnar_array_run_end(&array, 0, 3), 1);
    expect_text(&array, "int", 1, NULL);
    array.validity = NULL;
    field.kind = COLUMNAR_DATE32;
    expect_text(&array, "date", 2, "1970-01-08");
    field.kind = COLUMNAR_TIMESTAMP;
    field.unit = COLUMNAR_MICRO;
    array.values = (const uint8_t *)micros;
    expect_text(&array, "timestamp", 0, "1969-12-31T23:59:59.999999Z");
    expect_text(&array, "timestamp_ntz", 1, "1970-01-01 00:00:01");
    expect_text(&array, "timestamp", 2, "1970-01-02T01:01:01.000004Z");
    field.kind = COLUMNAR_DECIMAL128;
    field.scale = 3;
    array.values = (const uint8_t *)decimals;
    expect_text(&array, "decimal(9,3)", 0, "-0.005");
    expect_text(&array, "decimal(30,3)", 1, "0.000");
    expect_text(&array, "decimal(18,3)", 2, "123.456");
    field.kind = COLUMNAR_UTF8;
    array.offsets = offsets;
    array.values = (const uint8_t *)"aabc";
    expect_text(&array, "string", 2, "bc");
    assert_int_equal(columnar_array_run_end(&array, 0, 3), 2);
    field.kind = COLUMNAR_BOOL;
    array.values = &bits;
    expect_text(&array, "boolean", 1, "true");
    assert_int_equal(columnar_array_run_end(&array, 1, 3), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal_text),   cmocka_unit_test(test_date_text),
        cmocka_unit_test(test_judgement),      cmocka_unit_test(test_reconcile),
        cmocka_unit_test(test_name_clash),     cmocka_unit_test(test_cut_bounds),
        cmocka_unit_test(test_real_bounds),    cmocka_unit_test(test_decimal_bounds),
        cmocka_unit_test(test_partition_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
