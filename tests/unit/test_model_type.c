/* Type texts, schemas. */
#include "model/type.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_reading(void **state)
{
    static const struct {
        const char *text;
        enum model_kind kind;
        const char *canonical;
    } cases[] = {
        {"boolean", MODEL_BOOLEAN, "BOOLEAN"},
        {"TINYINT", MODEL_BYTE, "TINYINT"},
        {"BYTE", MODEL_BYTE, "TINYINT"},
        {"short", MODEL_SHORT, "SMALLINT"},
        {"Integer", MODEL_INT, "INT"},
        {"bigint", MODEL_LONG, "BIGINT"},
        {"LONG", MODEL_LONG, "BIGINT"},
        {"real", MODEL_FLOAT, "FLOAT"},
        {"double", MODEL_DOUBLE, "DOUBLE"},
        {"decimal", MODEL_DECIMAL, "DECIMAL(10,0)"},
        {"decimal(38, 18)", MODEL_DECIMAL, "DECIMAL(38,18)"},
        {"DEC(5)", MODEL_DECIMAL, "DECIMAL(5,0)"},
        {"string", MODEL_STRING, "STRING"},
        {"STRING COLLATE UTF8_LCASE", MODEL_STRING, "STRING"},
        {"varchar(255)", MODEL_STRING, "VARCHAR(255)"},
        {"CHAR(3)", MODEL_STRING, "CHAR(3)"},
        {"binary", MODEL_BINARY, "BINARY"},
        {"date", MODEL_DATE, "DATE"},
        {"timestamp", MODEL_TIMESTAMP, "TIMESTAMP"},
        {"timestamp_ltz", MODEL_TIMESTAMP, "TIMESTAMP"},
        {"timestamp_ntz", MODEL_TIMESTAMP_NTZ, "TIMESTAMP_NTZ"},
        {"interval year to month", MODEL_INTERVAL_YM, "INTERVAL YEAR TO MONTH"},
        {"INTERVAL MONTH", MODEL_INTERVAL_YM, "INTERVAL YEAR TO MONTH"},
        {"INTERVAL HOUR TO SECOND", MODEL_INTERVAL_DT, "INTERVAL DAY TO SECOND"},
        {"INTERVAL", MODEL_OTHER, "INTERVAL"},
        {"variant", MODEL_VARIANT, "VARIANT"},
        {"void", MODEL_VOID, "VOID"},
        {"NULL", MODEL_VOID, "VOID"},
        {"array<int>", MODEL_ARRAY, "ARRAY<INT>"},
        {"map<string,array<bigint>>", MODEL_MAP, "MAP<STRING, ARRAY<BIGINT>>"},
        {"struct<>", MODEL_STRUCT, "STRUCT<>"},
        {"struct<a:int,b: string>", MODEL_STRUCT, "STRUCT<a: INT, b: STRING>"},
        {"STRUCT<a INT NOT NULL COMMENT 'it\\'s > <', `b``c d`: DATE>", MODEL_STRUCT,
         "STRUCT<a: INT NOT NULL, `b``c d`: DATE>"},
        {"struct<a:int comment \"x\"\"y\",b:map<int , decimal(3,1)>>", MODEL_STRUCT,
         "STRUCT<a: INT, b: MAP<INT, DECIMAL(3,1)>>"},
        {"struct<not_null:int>", MODEL_STRUCT, "STRUCT<not_null: INT>"},
        {"geometry(4326)", MODEL_OTHER, "geometry(4326)"},
        {"geography(OGC:CRS84)", MODEL_OTHER, "geography(OGC:CRS84)"},
        {"SOMETHING_NEW", MODEL_OTHER, "SOMETHING_NEW"},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct err err = ERR_INIT;
        struct model_type type, again, copy;
        char *text;

        if (model_type_parse(cases[i].text, &type, &err))
            fail_msg("%s", err.message);
        assert_int_equal(type.kind, cases[i].kind);
        assert_string_equal(type.text, cases[i].text);
        text = model_type_text(&type);
        assert_string_equal(text, cases[i].canonical);
        assert_int_equal(model_type_parse(text, &again, &err),
                         0); /* canonical text reads as the same type */
        assert_true(model_type_equal(&type, &again));
        copy = model_type_dup(&type);
        assert_true(model_type_equal(&type, &copy));
        model_type_free(&copy);
        model_type_free(&again);
        model_type_free(&type);
        free(text);
    }
}

static void test_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "<",
                                      "int int",
                                      "array",
                                      "array<",
                                      "array<>",
                                      "array<int",
                                      "array<int,int>",
                                      "map<int>",
                                      "map<int,int,int>",
                                      "struct<a>",
                                      "struct<a:>",
                                      "struct<:int>",
                                      "struct<a:int,>",
                                      "struct<a:int not>",
                                      "struct<a:int comment>",
                                      "struct<a:int comment 'x>",
                                      "struct<`a:int>",
                                      "decimal(39,1)",
                                      "decimal(0,0)",
                                      "decimal(5,6)",
                                      "decimal(",
                                      "decimal(5",
                                      "decimal(99999999999999)",
                                      "decimal(-1)",
                                      "varchar(",
                                      "varchar(x)",
                                      "varchar(99999999999)",
                                      "int)",
                                      "geometry(4326",
                                      "array<int>>"};
    struct model_type type;

    (void)state;
    for (size_t i = 0; i < base_countof(bad); i++) {
        struct err err = ERR_INIT;

        if (!model_type_parse(bad[i], &type, &err))
            fail_msg("'%s' was taken for a type", bad[i]);
        assert_int_equal(err.code, ERR_TYPE_UNSUPPORTED);
        assert_null(type.text);
        assert_null(type.children);
    }
}

static char *nested(int depth, const char *open, const char *close)
{
    struct buf out;

    base_buf_init(&out, 1 << 20);
    for (int i = 1; i < depth; i++)
        base_buf_text(&out, open);
    base_buf_text(&out, "int");
    for (int i = 1; i < depth; i++)
        base_buf_text(&out, close);
    return base_buf_take(&out, NULL);
}

static void test_depth(void **state)
{
    static const char *const opens[] = {"array<", "map<string,", "struct<a:"};

    (void)state;
    for (size_t i = 0; i < base_countof(opens); i++) {
        char *good = nested(64, opens[i], ">"), *bad = nested(65, opens[i], ">");
        struct err err = ERR_INIT;
        struct model_type type;

        assert_int_equal(model_type_parse(good, &type, &err), 0);
        model_type_free(&type);
        assert_int_equal(model_type_parse(bad, &type, &err), -1);
        assert_int_equal(err.code, ERR_LIMIT_EXCEEDED);
        free(good);
        free(bad);
    }
}

/* Every prefix and every change of one byte ends in a type or an error. */
static void test_mutations_do_no_harm(void **state)
{
    static const char good[] = "struct<a:decimal(10,2) not null comment "
                               "'x',`b`:map<string,array<interval day to second>>>";
    struct model_type type;

    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char *copy = base_strdup(good);
            struct err err = ERR_INIT;
            int result;

            copy[at] = (char)byte;
            result = model_type_parse(copy, &type, &err);
            assert_true(!result == (err.code == ERR_OK));
            model_type_free(&type);
            free(copy);
        }
    }
}

static void test_flat(void **state)
{
    (void)state;
    for (int kind = 0; kind <= MODEL_OTHER; kind++) {
        struct model_type type = {.kind = (enum model_kind)kind};

        assert_true(model_type_flat(&type) == (kind <= MODEL_VARIANT));
        assert_non_null(model_type_kind_name(type.kind));
    }
}

static void test_differences_are_seen(void **state)
{
    static const char *const types[] = {"int",
                                        "bigint",
                                        "decimal(10,2)",
                                        "decimal(10,3)",
                                        "decimal(11,2)",
                                        "string",
                                        "varchar(3)",
                                        "array<int>",
                                        "array<bigint>",
                                        "struct<a:int>",
                                        "struct<b:int>",
                                        "struct<a:int not null>",
                                        "struct<a:int,b:int>",
                                        "geometry(1)",
                                        "geometry(2)"};
    struct model_type parsed[base_countof(types)];
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < base_countof(types); i++)
        assert_int_equal(model_type_parse(types[i], &parsed[i], &err), 0);
    for (size_t i = 0; i < base_countof(types); i++)
        for (size_t k = 0; k < base_countof(types); k++)
            assert_true(model_type_equal(&parsed[i], &parsed[k]) == (i == k));
    for (size_t i = 0; i < base_countof(types); i++)
        model_type_free(&parsed[i]);
}

static struct model_schema schema_of(const char *text, struct err *err)
{
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, err);
    struct model_schema schema;

    assert_non_null(json);
    if (model_schema_from_json(json, &schema, err))
        assert_null(schema.columns);
    cJSON_Delete(json);
    return schema;
}

static void test_schema_json(void **state)
{
    static const char text[] =
        "[{\"name\":\"a\",\"type\":\"BIGINT\",\"nullable\":false},"
        "{\"name\":\"b c\",\"type\":\"CHAR(3)\",\"nullable\":true,\"comment\":\"x\",\"mask\":\"m\","
        "\"partition_index\":2}]";
    struct err err = ERR_INIT;
    struct model_schema schema = schema_of(text, &err), copy = model_schema_dup(&schema);
    cJSON *json = model_schema_to_json(&copy);
    char *printed = base_json_print(json);

    (void)state;
    assert_string_equal(printed, text);
    assert_int_equal(copy.columns[0].partition_index, -1);
    assert_int_equal(model_schema_check_flat(&copy, &err), 0);
    free(printed);
    cJSON_Delete(json);
    model_schema_free(&copy);
    model_schema_free(&schema);
}

static void test_schema_refusals(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
        const char *names;
    } cases[] = {
        {"{}", ERR_CONFIG_INVALID, "list"},
        {"[{\"name\":\"a\"}]", ERR_CONFIG_INVALID, "type"},
        {"[{\"type\":\"int\"}]", ERR_CONFIG_INVALID, "name"},
        {"[7]", ERR_CONFIG_INVALID, "name"},
        {"[{\"name\":\"good\",\"type\":\"int\"},{\"name\":\"bad\",\"type\":\"array<\"}]",
         ERR_TYPE_UNSUPPORTED, "'bad'"},
    };
    static const struct {
        const char *text;
        enum err_code code;
        const char *names;
    } unfit[] = {
        {"[{\"name\":\"tags\",\"type\":\"array<string>\"}]", ERR_TYPE_UNSUPPORTED,
         "'tags' is array<string>"},
        {"[{\"name\":\"m\",\"type\":\"map<int,int>\"}]", ERR_TYPE_UNSUPPORTED, "'m'"},
        {"[{\"name\":\"s\",\"type\":\"struct<a:int>\"}]", ERR_TYPE_UNSUPPORTED, "'s'"},
        {"[{\"name\":\"g\",\"type\":\"geometry(1)\"}]", ERR_TYPE_UNSUPPORTED, "geometry(1)"},
        {"[{\"name\":\"Id\",\"type\":\"int\"},{\"name\":\"x\",\"type\":\"void\"},{\"name\":\"iD\","
         "\"type\":\"int\"}]",
         ERR_NAME_CLASH, "'iD'"},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct err err = ERR_INIT;

        schema_of(cases[i].text, &err);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.message, cases[i].names));
    }
    for (size_t i = 0; i < base_countof(unfit); i++) {
        struct err err = ERR_INIT;
        struct model_schema schema = schema_of(unfit[i].text, &err);

        assert_int_equal(err.code, ERR_OK);
        assert_int_equal(model_schema_check_flat(&schema, &err), -1);
        assert_int_equal(err.code, unfit[i].code);
        assert_non_null(strstr(err.message, unfit[i].names));
        model_schema_free(&schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),       cmocka_unit_test(test_mutations_do_no_harm),
        cmocka_unit_test(test_flat),        cmocka_unit_test(test_differences_are_seen),
        cmocka_unit_test(test_schema_json), cmocka_unit_test(test_schema_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
