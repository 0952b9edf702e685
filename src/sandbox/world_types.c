/* Every Databricks type, with NULLs and extremes, cell by cell. */
#include "sandbox/world.h"

#define N "\1"
#define CELLS(...) ((const char *const[]){__VA_ARGS__})
#define ROWS 6
#define CELL(column, sql, ...)                                                                     \
    {                                                                                              \
        .name = column, .type = sql, .fill = sandbox_fill_cells, .extra = CELLS(__VA_ARGS__)       \
    }
#define LONG_TEXT                                                                                  \
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt "   \
    "ut "                                                                                          \
    "labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco."

#define FLAT_COLUMNS                                                                               \
    {.name = "id", .type = "bigint", .fill = sandbox_fill_sequence, .low = 1, .required = true},   \
        CELL("c_boolean", "boolean", "true", "false", N, "true", "false", N),                      \
        CELL("c_tinyint", "tinyint", "-128", "127", N, "0", "1", "-1"),                            \
        CELL("c_smallint", "smallint", "-32768", "32767", N, "0", "1", "-1"),                      \
        CELL("c_int", "int", "-2147483648", "2147483647", N, "0", "1", "-1"),                      \
        CELL("c_bigint", "bigint", "-9223372036854775808", "9223372036854775807", N, "0",          \
             "9007199254740993", "-1"),                                                            \
        CELL("c_float", "float", "3.4028235e38", "-1.17549435e-38", N, "NaN", "-inf", "-0.0"),     \
        CELL("c_double", "double", "1.7976931348623157e308", "4.9e-324", N, "NaN", "inf", "-0.0"), \
        CELL("c_decimal_9_2", "decimal(9,2)", "9999999.99", "-9999999.99", N, "0.00", "0.01",      \
             "-0.01"),                                                                             \
        CELL("c_decimal_18_6", "decimal(18,6)", "999999999999.999999", "-999999999999.999999", N,  \
             "0", "0.000001", "1"),                                                                \
        CELL("c_decimal_38_0", "decimal(38,0)", "99999999999999999999999999999999999999",          \
             "-99999999999999999999999999999999999999", N, "0", "1", "-1"),                        \
        CELL("c_decimal_38_38", "decimal(38,38)", "0.99999999999999999999999999999999999999",      \
             "-0.99999999999999999999999999999999999999", N, "0",                                  \
             "0.00000000000000000000000000000000000001", "0.5"),                                   \
        CELL("c_date", "date", "0001-01-01", "9999-12-31", N, "1970-01-01", "1582-10-15",          \
             "2024-02-29"),                                                                        \
        CELL("c_timestamp", "timestamp", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", N,   \
             "1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "2024-02-29 12:34:56.123456"),   \
        CELL("c_timestamp_ntz", "timestamp_ntz", "0001-01-01 00:00:00",                            \
             "9999-12-31 23:59:59.999999", N, "1970-01-01 00:00:00", "2024-03-31 02:30:00",        \
             "2024-02-29 12:34:56.000001"),                                                        \
        CELL("c_string", "string", "",                                                             \
             "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e "                                   \
             "\xf0\x9f\x9b\x92",                                                                   \
             N, "a", LONG_TEXT, "line\nbreak\ttab \"quoted\""),                                    \
        CELL("c_varchar", "varchar(20)", "", "twenty characters ok", N, "a", "null", " "),         \
        CELL("c_char", "char(4)", "abcd", "a   ", N, "    ", "\xc3\xa9   ", "null"),               \
        CELL("c_binary", "binary", "x00ff00", "x", N, "x00", "xdeadbeef", "x0a0d1b5b316d"),        \
        CELL("c_interval_ym", "interval year to month", "1-2", "-178956970-7", N, "0-0", "0-1",    \
             "100-11"),                                                                            \
        CELL("c_interval_dt", "interval day to second", "1 02:03:04.000005",                       \
             "-106751991 04:00:54.775807", N, "0 00:00:00", "0 00:00:00.000001", "365 00:00:00"),  \
        CELL("c_variant", "variant", "{\"a\":1,\"b\":[true,null]}", "\"text\"", N, "3.5", "null",  \
             "[1,2]")

static const struct sandbox_column_def all_columns[] = {
    FLAT_COLUMNS,
    {.name = "c_void", .type = "void", .fill = sandbox_fill_void},
    CELL("c_array", "array<int>", "[\"1\",\"2\"]", "[]", N, "[null]", "[\"3\"]", "[\"-1\"]"),
    CELL("c_map", "map<string,int>", "[{\"key\":\"a\",\"value\":\"1\"}]", "[]", N,
         "[{\"key\":\"\",\"value\":null}]", "[]", N),
    CELL("c_struct", "struct<street:string,zip:int,inner:struct<a:boolean>>",
         "{\"street\":\"Main St 1\",\"zip\":\"12345\",\"inner\":{\"a\":\"true\"}}",
         "{\"street\":null,\"zip\":null,\"inner\":null}", N,
         "{\"street\":\"\",\"zip\":\"0\",\"inner\":{\"a\":null}}", N, N),
    CELL("c_array_struct", "array<struct<sku:string,n:int>>", "[{\"sku\":\"A\",\"n\":\"1\"}]", "[]",
         N, "[null]", "[]", N),
};
static const struct sandbox_column_def flat_columns[] = {FLAT_COLUMNS};

const struct sandbox_table_def sandbox_table_all_types = {
    .name = "all_types",
    .columns = all_columns,
    .column_count = sizeof all_columns / sizeof all_columns[0],
    .rows = ROWS,
    .comment = "Every type, with NULLs and extremes"};
const struct sandbox_table_def sandbox_table_flat_types = {
    .name = "flat_types",
    .columns = flat_columns,
    .column_count = sizeof flat_columns / sizeof flat_columns[0],
    .rows = ROWS,
    .comment = "Every type a file can hold as it is"};

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    static const struct sandbox_table_def *const tables[] = {&sandbox_table_all_types,
                                                             &sandbox_table_flat_types, NULL};
    struct sandbox_securable *catalog =
        sandbox_world_catalog(workspace, "types", "data-owners", "One table with every type");
    sandbox_world_schema(world, workspace, catalog, "t", "data-owners", NULL, tables);
    sandbox_workspace_grant(workspace, catalog, principal, "USE_CATALOG");
    sandbox_workspace_grant(workspace, catalog, principal, "USE_SCHEMA");
    sandbox_workspace_grant(workspace, catalog, principal, "SELECT");
    return 0;
}

const struct sandbox_world_def sandbox_world_types = {"types", load};
