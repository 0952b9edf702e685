/* Arrow -> Parquet -> our reader: random schemas and nulls, judgement of values, statistics,
 * metadata. */
#include "columnar_help.h"
#include "columnar_table.h"

#include "base/alloc.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
    const char *type;
    enum columnar_kind kind;
} SHAPES[] = {
    {"boolean", COLUMNAR_BOOL},
    {"tinyint", COLUMNAR_INT8},
    {"smallint", COLUMNAR_INT16},
    {"int", COLUMNAR_INT32},
    {"int", COLUMNAR_INT16},
    {"int", COLUMNAR_UINT16},
    {"bigint", COLUMNAR_INT64},
    {"bigint", COLUMNAR_INT32},
    {"bigint", COLUMNAR_INT8},
    {"float", COLUMNAR_FLOAT},
    {"double", COLUMNAR_DOUBLE},
    {"decimal(5,2)", COLUMNAR_DECIMAL128},
    {"decimal(9,9)", COLUMNAR_DECIMAL128},
    {"decimal(18,4)", COLUMNAR_DECIMAL128},
    {"decimal(19,0)", COLUMNAR_DECIMAL128},
    {"decimal(22,2)", COLUMNAR_DECIMAL128},
    {"decimal(24,3)", COLUMNAR_DECIMAL128},
    {"decimal(27,3)", COLUMNAR_DECIMAL128},
    {"decimal(29,3)", COLUMNAR_DECIMAL128},
    {"decimal(32,3)", COLUMNAR_DECIMAL128},
    {"decimal(34,3)", COLUMNAR_DECIMAL128},
    {"decimal(38,18)", COLUMNAR_DECIMAL128},
    {"string", COLUMNAR_UTF8},
    {"string", COLUMNAR_LARGE_UTF8},
    {"variant", COLUMNAR_UTF8},
    {"binary", COLUMNAR_BINARY},
    {"binary", COLUMNAR_LARGE_BINARY},
    {"date", COLUMNAR_DATE32},
    {"timestamp", COLUMNAR_TIMESTAMP},
    {"timestamp_ntz", COLUMNAR_TIMESTAMP},
    {"interval year to month", COLUMNAR_INTERVAL_YM},
    {"interval day to second", COLUMNAR_DURATION},
    {"string", COLUMNAR_NULL},
    {"void", COLUMNAR_NULL},
};

static void random_table(struct table *table, uint64_t *seed)
{
    static const unsigned NULLS[] = {0, 0, 1, 10, 50, 99, 100};
    static const uint64_t DISTINCT[] = {0, 0, 1, 2, 7, 200, 5000, 100000};
    size_t columns = 1 + help_random(seed) % 6;
    int64_t rows = (int64_t)(help_random(seed) % (help_random(seed) % 4 ? 300 : 60000));
    table_init(table, columns + 1, rows, seed);
    for (size_t i = 0; i < columns; i++) {
        size_t shape = help_random(seed) % base_countof(SHAPES);
        table_column(table, i, SHAPES[shape].type, SHAPES[shape].kind,
                     NULLS[help_random(seed) % base_countof(NULLS)],
                     DISTINCT[help_random(seed) % base_countof(DISTINCT)], seed);
    }
    table_column(table, columns, "bigint", COLUMNAR_INT64, 0, 0, seed);
}

static struct columnar_write_options random_options(uint64_t *seed)
{
    static const enum columnar_codec CODECS[] = {COLUMNAR_CODEC_NONE, COLUMNAR_CODEC_SNAPPY,
                                                 COLUMNAR_CODEC_ZSTD};
    struct columnar_write_options options = columnar_write_options_default();
    uint64_t pick = help_random(seed);
    options.codec = CODECS[pick % 3];
    if (pick >> 8 & 1)
        options.page_bytes = 256 + (pick >> 16) % 40000;
    if (pick >> 9 & 1)
        options.page_rows = 1 + (int64_t)((pick >> 24) % 9000);
    if (pick >> 10 & 1)
        options.dictionary_bytes = (pick >> 32) % 20000;
    return options;
}

static uint64_t env_number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : fallback;
}

static void test_random_tables(void **state)
{
    (void)state;
    uint64_t count = env_number("AAMPE_TABLES", 80), values = 0;
    uint64_t seed = env_number("AAMPE_SEED", 20261123);
    print_message("seed %llu, %llu tables\n", (unsigned long long)seed, (unsigned long long)count);
    for (uint64_t i = 0; i < count; i++) {
        struct table table;
        struct table_file file, again;
        random_table(&table, &seed);
        struct columnar_write_options options = random_options(&seed);
        size_t groups = 1 + help_random(&seed) % 3;
        if ((int64_t)groups > table.rows)
            groups = table.rows ? 1 : 0;
        uint64_t cuts = seed;
        table_write(&table, &options, groups, &cuts, &file);
        table_compare(&table, &file);
        /* Same rows, same cuts: the same bytes. */
        cuts = seed;
        table_write(&table, &options, groups, &cuts, &again);
        assert_int_equal(file.bytes.len, again.bytes.len);
        assert_memory_equal(file.bytes.data, again.bytes.data, file.bytes.len);
        values += (uint64_t)table.rows * table.schema.count;
        table_file_free(&file);
        table_file_free(&again);
        table_free(&table);
    }
    print_message("%llu values written, read and compared\n", (unsigned long long)values);
}

/* What lies under a null must not change a byte of the output. */
static void test_null_slots_never_copied(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct table table;
    struct table_file first, second;
    struct columnar_write_options options = columnar_write_options_default();
    table_init(&table, base_countof(SHAPES), 3000, &seed);
    for (size_t i = 0; i < base_countof(SHAPES); i++)
        table_column(&table, i, SHAPES[i].type, SHAPES[i].kind, 40, 0, &seed);
    uint64_t cuts = 5;
    table_write(&table, &options, 1, &cuts, &first);
    for (size_t i = 0; i < table.schema.count; i++) {
        struct columnar_array *array = &table.arrays[i];
        size_t width = table.rows ? array->values_len / (size_t)table.rows : 0;
        const int32_t *offsets = array->field->kind == COLUMNAR_UTF8 ? array->offsets : NULL;
        for (int64_t row = 0; row < table.rows; row++) {
            if (columnar_array_valid(array, row))
                continue;
            if (offsets)
                memset(table.columns[i].values + offsets[row], 0xee,
                       (size_t)(offsets[row + 1] - offsets[row]));
            else if (!array->offsets && array->field->kind != COLUMNAR_BOOL)
                memset(table.columns[i].values + (size_t)row * width, 0xee, width);
        }
    }
    cuts = 5;
    table_write(&table, &options, 1, &cuts, &second);
    assert_int_equal(first.bytes.len, second.bytes.len);
    assert_memory_equal(first.bytes.data, second.bytes.data, first.bytes.len);
    table_file_free(&first);
    table_file_free(&second);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_tables),
        cmocka_unit_test(test_null_slots_never_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
