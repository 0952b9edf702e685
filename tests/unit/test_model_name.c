/* Names: read, quoted, made into paths, against hostile ones. */
#include "model/name.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/seam.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A name of constants, for tests that only read it. */
#define NAME(c, s, t)                                                                              \
    {                                                                                              \
        (char *)(c), (char *)(s), (char *)(t)                                                      \
    }

static void test_reading(void **state)
{
    static const struct {
        const char *text, *catalog, *schema, *table, *again;
    } cases[] = {
        {"shop.aampe.events", "shop", "aampe", "events", NULL},
        {"`shop`.`aampe`.`events`", "shop", "aampe", "events", "shop.aampe.events"},
        {"a.`b.c`.d", "a", "b.c", "d", NULL},
        {"a.b.`x``y`", "a", "b", "x`y", NULL},
        {"a.b.with space", "a", "b", "with space", NULL},
        {"a.b.\xc3\xa4\xe6\xbc\xa2", "a", "b", "\xc3\xa4\xe6\xbc\xa2", NULL},
        {"```a```.b.c", "`a`", "b", "c", NULL},
    };
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct model_name name, copy;
        char *text;

        assert_int_equal(model_name_parse(cases[i].text, &name, &err), 0);
        assert_string_equal(name.catalog, cases[i].catalog);
        assert_string_equal(name.schema, cases[i].schema);
        assert_string_equal(name.table, cases[i].table);
        text = model_name_text(&name);
        assert_string_equal(text, cases[i].again ? cases[i].again : cases[i].text);
        copy = model_name_dup(&name);
        assert_true(model_name_equal(&name, &copy));
        model_name_free(&copy);
        model_name_free(&name);
        free(text);
    }
}

static void test_refused(void **state)
{
    static const char *const bad[] = {
        "",         "a",      "a.b",    "a.b.",     ".b.c",    "a..c", "a.b.c.d", "a.b.`c",
        "a.b.`c`d", "a.b`.c", "a.b.``", "a.b.\xff", "`a.b.c`", "..",   "...",     "a.b.c`"};
    struct err err;
    struct model_name name;
    char text[1100];

    (void)state;
    for (size_t i = 0; i < base_countof(bad); i++) {
        err = ERR_INIT;
        if (!model_name_parse(bad[i], &name, &err))
            fail_msg("'%s' was taken for a name", bad[i]);
        assert_int_equal(err.code, ERR_USAGE);
        assert_null(name.catalog);
        assert_null(name.table);
    }
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    memcpy(text, "a.b.", 4);
    err = ERR_INIT;
    assert_int_equal(model_name_parse(text, &name, &err), -1);
}

static void test_case_is_folded(void **state)
{
    struct model_name a = NAME("Shop", "AAMPE", "events"), b = NAME("shop", "aampe", "Events");
    struct model_name c = NAME("shop", "aampe", "event");

    (void)state;
    assert_true(model_name_equal(&a, &b));
    assert_false(model_name_equal(&b, &c));
}

/* A reader of SQL identifiers of its own: what the workspace would see. Returns the end, or NULL.
 */
static const char *read_identifier(const char *sql, struct buf *out)
{
    base_buf_clear(out);
    if (*sql++ != '`')
        return NULL;
    for (; *sql; sql++) {
        if (*sql == '`') {
            if (sql[1] != '`')
                return sql + 1;
            sql++;
        }
        base_buf_byte(out, (uint8_t)*sql);
    }
    return NULL;
}

/* Up to 12 characters that are likely to break a quoting. */
static void random_part(struct base_seam *seam, char out[64])
{
    static const char *const pieces[] = {"`",
                                         "``",
                                         ".",
                                         "'",
                                         "\"",
                                         "\\",
                                         ";",
                                         "--",
                                         "/*",
                                         " ",
                                         "a",
                                         "Z",
                                         "0",
                                         "$",
                                         "{",
                                         "%",
                                         "\xc3\xa4",
                                         "\xe6\xbc\xa2",
                                         "\xf0\x9f\x98\x80",
                                         "?"};
    uint8_t random[13];

    base_seam_random(seam, random, sizeof random);
    *out = '\0';
    for (int i = 0; i <= random[12] % 12; i++) {
        size_t used = strlen(out);

        snprintf(out + used, 64 - used, "%s", pieces[random[i] % base_countof(pieces)]);
    }
}

static void test_quoting_of_random_names(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct buf sql, part;

    (void)state;
    base_buf_init(&sql, 4096);
    base_buf_init(&part, 4096);
    for (int round = 0; round < 100000; round++) {
        char parts[3][64], *text;
        struct model_name name = {parts[0], parts[1], parts[2]}, back;
        struct err err = ERR_INIT;
        const char *at;

        for (int i = 0; i < 3; i++)
            random_part(seam, parts[i]);
        base_buf_clear(&sql);
        assert_int_equal(model_name_sql(&name, &sql, &err), 0);
        at = sql.data;
        for (int i = 0; i < 3; i++) {
            assert_true(!i || *at++ == '.');
            at = read_identifier(at, &part);
            assert_non_null(at);
            assert_string_equal(part.data, parts[i]);
        }
        assert_string_equal(at, "");
        text = model_name_text(&name);
        assert_int_equal(model_name_parse(text, &back, &err), 0);
        for (int i = 0; i < 3; i++)
            assert_string_equal(i == 0   ? back.catalog
                                : i == 1 ? back.schema
                                         : back.table,
                                parts[i]);
        model_name_free(&back);
        free(text);
    }
    base_buf_free(&part);
    base_buf_free(&sql);
    base_seam_free(&seam);
}

/* A workspace may send any name; inside backticks none of its bytes means anything but itself. */
static void test_quoting_control_characters(void **state)
{
    static const char *const bad[] = {"", "\xff", "a\xc0\x80", "\xed\xa0\x80"};
    static const char *const good[][2] = {{"a\nb", "`a\nb`"},
                                          {"\x1b[31m", "`\x1b[31m`"},
                                          {"\x7f", "`\x7f`"},
                                          {"\xc2\x85", "`\xc2\x85`"}};
    struct err err = ERR_INIT;
    struct buf sql;

    (void)state;
    base_buf_init(&sql, 1000);
    for (size_t i = 0; i < base_countof(bad); i++) {
        err = ERR_INIT;
        assert_int_equal(model_name_quote(bad[i], &sql, &err), -1);
        assert_int_equal(err.code, ERR_CONFIG_INVALID);
    }
    assert_int_equal(sql.len, 0);
    for (size_t i = 0; i < base_countof(good); i++) {
        base_buf_clear(&sql);
        assert_int_equal(model_name_quote(good[i][0], &sql, &err), 0);
        assert_string_equal(sql.data, good[i][1]);
    }
    base_buf_free(&sql);
}

static void test_literals(void **state)
{
    static const struct {
        const char *text, *sql;
    } cases[] = {
        {"", "''"},
        {"plain", "'plain'"},
        {"it's", "'it\\'s'"},
        {"'' OR 1=1 --", "'\\'\\' OR 1=1 --'"},
        {"a\\b", "'a\\\\b'"},
        {"\\'", "'\\\\\\''"},
        {"a\nb\tc", "'a\\nb\\u0009c'"},
        {"\xc3\xa4", "'\xc3\xa4'"},
    };
    struct buf sql;

    (void)state;
    base_buf_init(&sql, 100);
    for (size_t i = 0; i < base_countof(cases); i++) {
        base_buf_clear(&sql);
        assert_int_equal(model_name_literal(cases[i].text, &sql), 0);
        assert_string_equal(sql.data, cases[i].sql);
    }
    base_buf_free(&sql);
}

static const char *const hostile[] = {
    "..",
    ".",
    "",
    "...",
    "../..",
    "../../etc/passwd",
    "/",
    "//",
    "/etc",
    "a/b",
    "a\\b",
    "\\",
    "C:",
    "C:\\x",
    "con",
    "nul",
    "aux",
    "com1",
    "lpt1.txt",
    "~",
    "~root",
    "~0",
    "-rf",
    "--",
    "-",
    "_",
    "%",
    "%2e%2e",
    "%2E",
    "%00",
    "a%2fb",
    "\x01",
    "\x07",
    "\x08",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\x1b",
    "\x1b[2J",
    "\x7f",
    " ",
    "  ",
    " a",
    "a ",
    "a.",
    ".a",
    "a..b",
    "current",
    "gen-1",
    "_manifest.json",
    ".aampe-staging",
    "Events",
    "EVENTS",
    "events",
    "eVents",
    "\xc3\x84",
    "\xc3\xa4",
    "a\xcc\x88",
    ("\xe2\x80\xae"
     "abc"),
    "\xe2\x80\x8b",
    "\xef\xbb\xbf",
    "\xe2\x88\x95",
    "\xef\xbc\x8e\xef\xbc\x8e",
    "\xff",
    "\xc0\xae\xc0\xae",
    "\xed\xa0\x80",
    "*",
    "?",
    "[a]",
    "{a,b}",
    "$HOME",
    "$(id)",
    "`id`",
    ";",
    "|",
    "&",
    "<",
    ">",
    "'",
    "\"",
    "!",
    "#",
    "=",
    "+",
    "@",
    ":",
    ",",
    "^",
    "(",
    ")",
    "part-00000.parquet",
    "year=2026",
    "a=b/c=d",
    "s3://x",
    "file:///x",
    "\xf0\x9f\x98\x80",
};

/* Keeps the path by its lower-case form; a second name with the same one is a clash. */
static void check_path(struct base_map *seen, const struct model_name *name)
{
    char *path = model_name_path(name), *text = model_name_text(name), *folded = base_strdup(path),
         *other;
    size_t len = strlen(path);

    assert_true(len > 0 && len <= 200);
    assert_int_equal(strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789_-.%~ABCDEF"), len);
    assert_null(strstr(path, ".."));
    assert_true(path[0] != '.' && path[len - 1] != '.' && path[0] != '~');
    base_text_lower(folded);
    other = base_map_get(seen, folded);
    if (other && strcmp(other, text))
        fail_msg("'%s' and '%s' both give '%s'", other, text, path);
    free(base_map_put(seen, folded, text));
    free(folded);
    free(path);
}

static void test_paths_of_hostile_names(void **state)
{
    struct base_map *seen = base_map_new();
    char plain[] = "x", longer[301];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < base_countof(hostile); i++) {
        char *part = base_strdup(hostile[i]);
        struct model_name names[] = {
            {part, plain, plain}, {plain, part, plain}, {plain, plain, part}, {part, part, part}};

        for (size_t k = 0; k < base_countof(names); k++, count++)
            check_path(seen, &names[k]);
        free(part);
    }
    for (int i = 0; i < 300; i++) { /* long ones that differ in one byte at any place */
        struct model_name name = {plain, plain, longer};

        memset(longer, 'x', 300);
        longer[300] = '\0';
        longer[i] = i % 2 ? 'X' : 'y';
        check_path(seen, &name);
        count++;
    }
    for (size_t len = 1; len <= 300; len++, count++) {
        struct model_name name = {plain, longer, plain};

        memset(longer, '/', 300);
        longer[len] = '\0';
        check_path(seen, &name);
    }
    assert_true(count >= 200);
    base_map_free(&seen, free);
}

static void test_plain_paths(void **state)
{
    static const struct {
        struct model_name name;
        const char *path, *url;
    } cases[] = {
        {NAME("shop", "aampe", "events"), "shop.aampe.events", "shop.aampe.events"},
        {NAME("shop", "aampe", "Events"), "shop.aampe.%45vents", "shop.aampe.Events"},
        {NAME("a", "b.c", "d"), "a.b%2Ec.d", "a.b%2Ec.d"},
        {NAME("a", "b", "x y/z"), "a.b.x%20y%2Fz", "a.b.x%20y%2Fz"},
        {NAME("a", "..", "c"), "a.%2E%2E.c", "a.%2E%2E.c"},
        {NAME("a", "b", "\xc3\xa4"), "a.b.%C3%A4", "a.b.%C3%A4"},
        {NAME("a", "b", "x~y"), "a.b.x%7Ey", "a.b.x~y"},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        char *path = model_name_path(&cases[i].name), *url = model_name_url(&cases[i].name);

        assert_string_equal(path, cases[i].path);
        assert_string_equal(url, cases[i].url);
        free(path);
        free(url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_case_is_folded),
        cmocka_unit_test(test_quoting_of_random_names),
        cmocka_unit_test(test_quoting_control_characters),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_paths_of_hostile_names),
        cmocka_unit_test(test_plain_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
