/* The checking scanner, and exact integers both ways. */
#include "base/json.h"

#include "base/alloc.h"
#include "base/buf.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static cJSON *parse(const char *text, struct err *err)
{
    *err = ERR_INIT;
    return base_json_parse(text, strlen(text), JSON_MAX_BYTES, err);
}

static void test_hostile_texts_are_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "ends too early"},
        {"   ", "ends too early"},
        {"nul", "unknown word"},
        {"truex", "something follows"},
        {"[1] 2", "something follows"},
        {"[1,]", "bad number"},
        {"[,1]", "bad number"},
        {"[1 2]", "comma"},
        {"[1", "comma"},
        {"{\"a\":1", "comma"},
        {"{\"a\":1,}", "name is missing"},
        {"{\"a\"}", "colon"},
        {"{a:1}", "name is missing"},
        {"{1:2}", "name is missing"},
        {"{\"a\":}", "bad number"},
        {"{\"a\":1,\"a\":2}", "twice"},
        {"{\"a\":1,\"\\u0061\":2}", "twice"},
        {"{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "twice"},
        {"\"abc", "does not end"},
        {"\"a\nb\"", "control character"},
        {"\"a\x01\"", "control character"},
        {"\"\\u0000\"", "\\u0000"},
        {"\"\\ud800\"", "surrogate"},
        {"\"\\ud800x\"", "surrogate"},
        {"\"\\ud800\\u0041\"", "surrogate"},
        {"\"\\udc00\"", "surrogate"},
        {"\"\\ud800\\ud800\"", "surrogate"},
        {"\"\\u12g4\"", "escape"},
        {"\"\\u12", "escape"},
        {"\"\\x41\"", "escape"},
        {"\"\xff\"", "UTF-8"},
        {"\"\xc0\x80\"", "UTF-8"},
        {"\"\xed\xa0\x80\"", "UTF-8"},
        {"\"\xe2\x82\"", "UTF-8"},
        {"1e400", "out of range"},
        {"-1e400", "out of range"},
        {"0.5e400", "out of range"},
        {"01", "bad number"},
        {"-", "bad number"},
        {"+1", "bad number"},
        {".5", "bad number"},
        {"1.", "bad number"},
        {"1e", "bad number"},
        {"1e+", "bad number"},
        {"0x10", "something follows"},
        {"NaN", "bad number"},
        {"Infinity", "bad number"},
        {"'a'", "bad number"},
        {"[1]//x", "something follows"},
        {"0.1000000000000000000000000000000000000000000000000000000000001", "too long"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        assert_null(parse(cases[i].text, &err));
        assert_int_equal(err.code, ERR_SRC_UNCLASSIFIED);
        if (!strstr(err.message, cases[i].why))
            fail_msg("'%s' gave '%s', not '%s'", cases[i].text, err.message, cases[i].why);
    }
    assert_null(base_json_parse("\"a\0b\"", 5, 100, &err)); /* NUL byte inside a string */
    err = ERR_INIT;
    assert_null(base_json_parse("1\0", 2, 100, &err)); /* and behind the value */
    assert_string_not_equal(err.message, "");
}

static char *nested(int depth, const char *open, const char *close, const char *inner)
{
    struct buf out;

    base_buf_init(&out, 1 << 20);
    for (int i = 0; i < depth; i++)
        base_buf_text(&out, open);
    base_buf_text(&out, inner);
    for (int i = 0; i < depth; i++)
        base_buf_text(&out, close);
    return base_buf_take(&out, NULL);
}

static void test_depth(void **state)
{
    static const struct {
        const char *open, *close, *inner;
    } shapes[] = {{"[", "]", ""}, {"{\"a\":", "}", "1"}, {"[{\"k\":", "}]", "null"}};
    struct err err;

    (void)state;
    for (size_t i = 0; i < base_countof(shapes); i++) {
        int step = i == 2 ? 32 : 64;
        char *good = nested(step, shapes[i].open, shapes[i].close, shapes[i].inner);
        char *bad = nested(step + 1, shapes[i].open, shapes[i].close, shapes[i].inner);
        cJSON *json = parse(good, &err);

        assert_non_null(json);
        cJSON_Delete(json);
        assert_null(parse(bad, &err));
        assert_non_null(strstr(err.message, "deeper than 64"));
        free(good);
        free(bad);
    }
}

static void test_caps(void **state)
{
    struct err err = ERR_INIT;
    struct buf many;
    cJSON *json;

    (void)state;
    assert_null(base_json_parse("[1,2,3]", 7, 6, &err));
    assert_non_null(strstr(err.message, "longer than 6"));
    base_buf_init(&many, 4 << 20);
    base_buf_text(&many, "[0");
    for (int i = 1; i < 499999; i++)
        base_buf_text(&many, ",0");
    base_buf_text(&many, "]");
    json = parse(many.data, &err);
    assert_non_null(json);
    cJSON_Delete(json);
    many.len--;
    base_buf_text(&many, ",0]");
    assert_null(parse(many.data, &err));
    assert_non_null(strstr(err.message, "too many"));
    base_buf_free(&many);
}

static void test_doubled_key_among_many(void **state)
{
    struct err err;
    struct buf text;
    cJSON *json;

    (void)state;
    base_buf_init(&text, 1 << 20);
    base_buf_text(&text, "{");
    for (int i = 0; i < 5000; i++)
        base_buf_printf(&text, "\"key%d\":{\"key%d\":1},", i, i);
    base_buf_text(&text, "\"last\":1}");
    json = parse(text.data, &err);
    assert_non_null(json);
    assert_int_equal(cJSON_GetArraySize(json), 5001);
    cJSON_Delete(json);
    text.len--;
    base_buf_text(&text, ",\"key17\":1}");
    assert_null(parse(text.data, &err));
    assert_non_null(strstr(err.message, "twice"));
    base_buf_free(&text);
}

static void test_integers_stay_exact(void **state)
{
    static const struct {
        const char *digits;
        int64_t value;
    } cases[] = {
        {"0", 0},
        {"-0", 0},
        {"9007199254740991", 9007199254740991},
        {"9007199254740992", 9007199254740992},
        {"9007199254740993", 9007199254740993},
        {"-9007199254740993", -9007199254740993},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"1E3", 1000},
        {"5.0", 5},
    };
    static const char *const not_int64[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "1.5",
        ("99999999999999999999999999999999999999999999999999999999"
         "99999999999999999999"),
        "true",
        "\"12x\"",
        "\"\"",
        "\"-\"",
        "\"1.0\"",
        "null"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        char *text = base_printf("{\"n\":%s,\"q\":[%s]}", cases[i].digits, cases[i].digits);
        cJSON *json = parse(text, &err), *again;
        char *printed;
        int64_t value = 77;

        assert_non_null(json);
        assert_true(base_json_i64(json, "n", &value));
        assert_int_equal(value, cases[i].value);
        printed = base_json_print(json);
        again = parse(printed, &err);
        assert_int_equal(base_json_i64_or(again, "n", 77), cases[i].value);
        cJSON_Delete(again);
        free(printed);
        cJSON_Delete(json);
        free(text);
    }
    for (size_t i = 0; i < base_countof(not_int64); i++) {
        char *text = base_printf("{\"n\":%s}", not_int64[i]);
        cJSON *json = parse(text, &err);

        assert_non_null(json);
        assert_int_equal(base_json_i64_or(json, "n", 77), 77);
        cJSON_Delete(json);
        free(text);
    }
}

static void test_written_integers(void **state)
{
    static const int64_t values[] = {
        0, -1, 999999999, 1000000000, 1000000000000000, 9007199254740993, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < base_countof(values); i++) {
        cJSON *json = base_json_object();
        char want[64], *text;

        base_json_add_i64(json, "n", values[i]);
        assert_int_equal(base_json_i64_or(json, "n", 77),
                         values[i]); /* also before it is printed */
        text = base_json_print(json);
        snprintf(want, sizeof want, "{\"n\":%lld}", (long long)values[i]);
        assert_string_equal(text, want);
        free(text);
        cJSON_Delete(json);
    }
}

static void test_reading(void **state)
{
    struct err err;
    cJSON *json = parse(
        "\xef\xbb\xbf {\"s\":\"t\\u00e9\\ud83d\\ude00\\n\",\"S\":\"other\",\"b\":true,\"d\":1.5,"
        "\"a\":[1],\"o\":{},\"n\":null}\r\n",
        &err);

    (void)state;
    assert_non_null(json);
    assert_string_equal(base_json_str(json, "s"), "t\xc3\xa9\xf0\x9f\x98\x80\n");
    assert_string_equal(base_json_str(json, "S"), "other");
    assert_null(base_json_str(json, "b"));
    assert_string_equal(base_json_str_or(json, "none", "x"), "x");
    assert_true(base_json_bool_or(json, "b", false));
    assert_true(base_json_bool_or(json, "s", true));
    assert_true(base_json_double_or(json, "d", 0) == 1.5);
    assert_non_null(base_json_array(json, "a"));
    assert_null(base_json_array(json, "o"));
    assert_null(base_json_get(NULL, "x"));
    assert_null(base_json_str(NULL, "x"));
    assert_null(base_json_get(base_json_get(json, "a"), "x"));
    cJSON_Delete(json);
}

static void test_writing(void **state)
{
    cJSON *json = base_json_object(), *list;
    char *text;

    (void)state;
    base_json_add_str(json, "s", "x\"y");
    base_json_add_str(json, "none", NULL);
    base_json_add_bool(json, "b", false);
    base_json_add_double(json, "d", 0.25);
    base_json_add_double(json, "nan", (double)NAN);
    base_json_add_time(json, "t", 1000000);
    base_json_add_time(json, "never", 0);
    list = base_json_add_array(json, "l");
    base_json_push_take(list, base_json_object());
    base_json_add_i64(base_json_add_object(json, "o"), "i", 1);
    text = base_json_print(json);
    assert_string_equal(text, "{\"s\":\"x\\\"y\",\"b\":false,\"d\":0.25,\"nan\":null,"
                              "\"t\":\"1970-01-01T00:00:01Z\",\"l\":[{}],\"o\":{\"i\":1}}");
    free(text);
    text = base_json_print_pretty(json);
    assert_non_null(strchr(text, '\n'));
    free(text);
    cJSON_Delete(json);
}

/* What is printed may be shown on a terminal as it is, and reads back the same. */
static void test_printed_text_steers_no_terminal(void **state)
{
    static const char hostile[] = "\x1b[2J\x7f\xc2\x9b"
                                  "31m\xe2\x80\xae\xf3\xa0\x81\x81\xc3\xa4\r";
    cJSON *json = base_json_object(), *back;
    struct err err = ERR_INIT;
    char *text;

    (void)state;
    base_json_add_str(json, "s", hostile);
    text = base_json_print(json);
    assert_string_equal(text,
                        "{\"s\":\"\\u001b[2J\\u007f\\u009b31m\\u202e\\udb40\\udc41\xc3\xa4\\r\"}");
    back = base_json_parse(text, strlen(text), 1000, &err);
    assert_string_equal(base_json_str(back, "s"), hostile);
    cJSON_Delete(back);
    free(text);
    base_json_add_str(json, "bad", "a\xff\x9b");
    assert_string_equal(base_json_str(json, "bad"),
                        "a\\xff\\x9b"); /* never invalid UTF-8 in what we send */
    cJSON_Delete(json);
}

/* Every prefix and every one-byte change of a good text must end in a tree or an error, never in a
 * bad read. */
static void test_mutations_do_no_harm(void **state)
{
    static const char good[] =
        "{\"a\":[1,-2.5e3,\"\\u00e9\\ud83d\\ude00\",true,null,{\"b\":{}}],\"c\":9007199254740993}";
    char copy[sizeof good];
    struct err err;

    (void)state;
    for (size_t len = 0; len < sizeof good - 1; len++) {
        char *exact = malloc(len ? len : 1); /* its end is guarded under ASan */

        memcpy(exact, good, len);
        err = ERR_INIT;
        assert_null(base_json_parse(exact, len, 1000, &err));
        free(exact);
    }
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int byte = 0; byte < 256; byte++) {
            cJSON *json;

            memcpy(copy, good, sizeof good);
            copy[at] = (char)byte;
            err = ERR_INIT;
            json = base_json_parse(copy, sizeof good - 1, 1000, &err);
            assert_true(!json == (err.code != ERR_OK));
            cJSON_Delete(json);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hostile_texts_are_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_doubled_key_among_many),
        cmocka_unit_test(test_integers_stay_exact),
        cmocka_unit_test(test_written_integers),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_printed_text_steers_no_terminal),
        cmocka_unit_test(test_mutations_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
