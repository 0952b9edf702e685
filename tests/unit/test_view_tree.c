/* What Browse and the plan say: words typed behind `/`, badges, the lines below, missing grants. */
#include "ui/view/plan.h"
#include "ui/view/tree.h"
#include "ui/view/words.h"

#include "base/json.h"
#include "base/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cJSON *parse(const char *text)
{
    cJSON *json = cJSON_Parse(text);
    assert_non_null(json);
    return json;
}

static void test_filter(void **state)
{
    static const struct {
        const char *typed, *pattern, *access;
        int ticked;
    } cases[] = {
        {"", "", NULL, -1},
        {"  members ", "members", NULL, -1},
        {"no select", "", "no_select", -1},
        {"No SELECT", "", "no_select", -1},
        {"orders no schema", "orders", "no_schema", -1},
        {"no such table", "no such table", NULL, -1},
        {"ticked", "", NULL, 1},
        {"unticked events", "events", NULL, 0},
        {"extra ticked a*b", "a*b", "extra", 1},
        {"not uc", "", "not_uc", -1},
        {"built in", "", "built_in", -1},
        {"hidden*", "hidden*", NULL, -1}, /* a name, not the state */
        {"no  select", "no select", NULL, -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct view_tree_filter filter;
        view_tree_filter(cases[i].typed, &filter);
        assert_string_equal(filter.pattern, cases[i].pattern);
        assert_int_equal(filter.ticked, cases[i].ticked);
        if (cases[i].access)
            assert_string_equal(filter.access, cases[i].access);
        else
            assert_null(filter.access);
    }
    /* Longer than any name: cut, and never in the middle of a character. */
    char text[700];
    struct view_tree_filter filter;
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa9", 3);
    view_tree_filter(text, &filter);
    assert_true(strlen(filter.pattern) < sizeof filter.pattern);
    assert_int_equal(strlen(filter.pattern) % 2, 0);
}

static void test_badges(void **state)
{
    static const struct {
        const char *row, *word;
    } cases[] = {
        {"{\"kind\":\"table\",\"access\":\"no_schema\"}", "no SCHEMA"},
        {"{\"kind\":\"table\",\"access\":\"unknown\"}", "?"},
        {"{\"kind\":\"schema\",\"access\":\"unknown\"}", ""},
        {"{\"kind\":\"schema\",\"access\":\"ok\",\"hidden\":6}", "hidden 6"},
        {"{\"kind\":\"schema\",\"access\":\"ok\",\"error\":{\"code\":\"X\"}}", "error"},
        {"{\"kind\":\"catalog\",\"access\":\"not_uc\"}", "not UC"},
        {"{\"kind\":\"schema\",\"access\":\"built_in\"}", "built in"},
        {"{\"kind\":\"table\",\"access\":\"of a later engine\"}", ""},
        {"{}", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char word[24];
        cJSON *row = parse(cases[i].row);
        assert_string_equal(view_tree_access(row, word), cases[i].word);
        cJSON_Delete(row);
    }
}

static void test_detail(void **state)
{
    (void)state;
    cJSON *row =
        parse("{\"kind\":\"table\",\"name\":\"m\",\"full_name\":\"a.b.m\",\"type\":\"MANAGED\","
              "\"format\":\"DELTA\",\"owner\":\"crm\",\"rows\":1200000,"
              "\"updated\":\"2026-11-23T00:00:00Z\",\"access\":\"no_schema\","
              "\"why\":\"lacks USE SCHEMA on a.b, then SELECT; crm can grant both of them\","
              "\"note\":\"first load 1-2 m\",\"comment\":\"Members\",\"draft\":\"+\"}");
    int64_t now = 0;
    assert_int_equal(base_time_parse("2026-11-23T02:10:00Z", &now), 0);
    for (size_t lines = 1; lines <= 8; lines++) {
        struct view_page *page = view_page_new(40);
        view_tree_detail(page, row, now, lines);
        assert_true(page->count <= lines);
        char *text = view_page_text(page);
        assert_non_null(strstr(text, "lacks USE SCHEMA")); /* whatever the room: why */
        if (lines >= 3) {
            assert_non_null(strstr(text, "Delta table, 1.20 M rows, owner crm"));
            assert_non_null(strstr(text, "cost  first load 1-2 m"));
        }
        free(text);
        view_page_free(&page);
    }
    cJSON_Delete(row);
}

#define GRANT(level, object, privilege, sql, who)                                                  \
    "{\"level\":\"" level "\",\"object\":\"" object "\",\"privilege\":\"" privilege                \
    "\",\"sql\":\"" sql "\",\"who\":[" who "]}"

static const char *const plan_text =
    "{\"revision\":42,\"base\":41,\"author\":\"oncall\",\"changes\":3,\"add\":2,\"remove\":1,"
    "\"managed_by\":\"console\",\"file\":\"/"
    "p.json\",\"principal\":\"app\",\"total\":3,\"offset\":0,"
    "\"updated\":\"2026-11-23T02:04:00Z\",\"tables\":["
    "{\"name\":\"s.l.one\",\"action\":\"add\",\"mode\":\"full\",\"readable\":false,\"missing\":"
    "[" GRANT(
        "SCHEMA", "s.l", "USE SCHEMA", "GRANT USE SCHEMA ON SCHEMA `s`.`l` TO `app`",
        "\"crm\",\"own\"") "," GRANT("TABLE", "s.l.one", "SELECT",
                                     "GRANT SELECT ON TABLE `s`.`l`.`one` TO `app`",
                                     "\"crm\"") "]},"
                                                "{\"name\":\"s.l.two\",\"action\":\"add\",\"mode\":"
                                                "\"full\",\"readable\":false,\"missing\":[" GRANT(
                                                    "SCHEMA", "s.l", "USE SCHEMA",
                                                    "GRANT USE SCHEMA ON SCHEMA `s`.`l` TO `app`",
                                                    "\"crm\",\"own\"") "," GRANT("TABLE", "s.l.two",
                                                                                 "SELECT",
                                                                                 "GRANT SELECT ON "
                                                                                 "TABLE "
                                                                                 "`s`.`l`.`two` TO "
                                                                                 "`app`;",
                                                                                 "\"admin\"") "]},"
                                                                                              "{\"n"
                                                                                              "ame"
                                                                                              "\":"
                                                                                              "\"s."
                                                                                              "x."
                                                                                              "old"
                                                                                              "\","
                                                                                              "\"ac"
                                                                                              "tion"
                                                                                              "\":"
                                                                                              "\"re"
                                                                                              "move"
                                                                                              "\"}]"
                                                                                              "}";

static void test_plan(void **state)
{
    (void)state;
    cJSON *data = parse(plan_text);
    int64_t now = 0;
    char head[200];
    assert_int_equal(base_time_parse("2026-11-23T02:10:00Z", &now), 0);
    assert_int_equal(view_plan_missing(data), 3); /* what two tables need is asked for once */
    char *sql = view_plan_sql(data);
    assert_string_equal(sql, "GRANT SELECT ON TABLE `s`.`l`.`two` TO `app`;\n"
                             "GRANT USE SCHEMA ON SCHEMA `s`.`l` TO `app`;\n"
                             "GRANT SELECT ON TABLE `s`.`l`.`one` TO `app`;\n");
    free(sql);
    assert_string_equal(view_plan_head(data, now, head, sizeof head),
                        "draft revision 42 by oncall, 6 m old");
    for (int width = 20; width <= 200; width += 20) {
        struct view_page *page = view_page_new(width);
        view_plan(page, data, now);
        char *text = view_page_text(page);
        assert_non_null(strstr(text, "SHARE +2 -1"));
        assert_non_null(strstr(text, "missing"));
        int last = 0;
        for (size_t i = 0; i < page->count; i++) {
            if (page->lines[i].target > 0 && page->lines[i].target < VIEW_PLAN_OTHER)
                last = page->lines[i].target;
        }
        assert_int_equal(last, 3);
        free(text);
        view_page_free(&page);
    }
    cJSON_Delete(data);
}

static void test_plan_of_nothing(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"tables\":[]}", "{\"tables\":[{}],\"changes\":1}",
                                        "{\"tables\":[{\"missing\":[{}]}],\"changes\":1}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *data = parse(texts[i]);
        struct view_page *page = view_page_new(60);
        view_plan(page, data, 0);
        view_plan_confirm(page, data, "p", "me", "");
        view_plan_applied(page, data);
        char *sql = view_plan_sql(data);
        free(sql);
        view_page_free(&page);
        cJSON_Delete(data);
    }
}

static void test_age(void **state)
{
    (void)state;
    char out[24];
    assert_string_equal(view_age_us(0, out), "<1 m");
    assert_string_equal(view_age_us(INT64_C(12) * 60000000, out), "12 m");
    assert_string_equal(view_age_us(INT64_C(47) * 3600000000, out), "47 h");
    assert_string_equal(view_age_us(INT64_C(72) * 3600000000, out), "3 d");
    assert_string_equal(view_age(NULL, 0, out), "-");
    assert_string_equal(out, "-"); /* a run that has not begun: nothing of the stack is shown */
    assert_string_equal(view_age("no time", 0, memset(out, 'x', sizeof out)), "-");
    assert_string_equal(out, "-");
    assert_string_equal(view_rows(NULL, "rows", memset(out, 'x', sizeof out)), "-");
    assert_string_equal(out, "-");
    assert_string_equal(view_bytes(NULL, "bytes", memset(out, 'x', sizeof out)), "-");
    assert_string_equal(out, "-");
    assert_string_equal(view_age("2026-11-23T02:10:00Z", 0, out), "<1 m"); /* clocks differ */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filter),          cmocka_unit_test(test_badges),
        cmocka_unit_test(test_detail),          cmocka_unit_test(test_plan),
        cmocka_unit_test(test_plan_of_nothing), cmocka_unit_test(test_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
