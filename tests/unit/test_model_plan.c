/* The share, runs and plans. */
#include "model/grant.h"
#include "model/plan.h"

#include "base/alloc.h"
#include "base/json.h"
#include "model/run.h"
#include "model/share.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static cJSON *json_of(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err);

    assert_non_null(json);
    return json;
}

static struct model_share_table table_of(const char *text)
{
    struct err err = ERR_INIT;
    struct model_share_table table = {0};

    assert_int_equal(model_name_parse(text, &table.name, &err), 0);
    return table;
}

static void test_share_is_sorted_and_counts_changes(void **state)
{
    static const char *const names[] = {"b.b.b", "a.b.c", "c.a.a", "a.B.a", "a.a.z", "A.b.b"};
    struct model_share share = {0}, copy;
    struct model_share_table table;

    (void)state;
    for (size_t i = 0; i < base_countof(names); i++) {
        table = table_of(names[i]);
        assert_true(model_share_add(&share, &table));
        assert_false(model_share_add(&share, &table));
        table.paused = true;
        assert_true(model_share_add(&share, &table));
        assert_non_null(model_share_find(&share, &table.name));
        model_name_free(&table.name);
    }
    assert_int_equal(share.count, base_countof(names));
    assert_string_equal(share.tables[0].name.table, "z");
    assert_string_equal(share.tables[1].name.table, "a");
    assert_string_equal(share.tables[2].name.table, "b");
    assert_string_equal(share.tables[5].name.catalog, "c");
    assert_true(share.tables[5].paused);
    copy = model_share_dup(&share);
    table = table_of("B.B.B"); /* case is folded */
    assert_true(model_share_remove(&share, &table.name));
    assert_false(model_share_remove(&share, &table.name));
    assert_null(model_share_find(&share, &table.name));
    assert_int_equal(share.count, base_countof(names) - 1);
    assert_non_null(model_share_find(&copy, &table.name));
    model_name_free(&table.name);
    model_share_free(&copy);
    model_share_free(&share);
}

static void test_share_json(void **state)
{
    static const char text[] =
        "[{\"name\":\"a.b.c\",\"mode\":\"full\",\"columns\":[\"x\",\"y z\"],\"filter\":\"x > 1\","
        "\"paused\":true},{\"name\":\"a.b.d\",\"mode\":\"full\"}]";
    struct err err = ERR_INIT;
    struct model_share share;
    cJSON *json = json_of(text);
    char *printed;

    (void)state;
    assert_int_equal(model_share_from_json(json, &share, &err), 0);
    cJSON_Delete(json);
    json = model_share_to_json(&share);
    printed = base_json_print(json);
    assert_string_equal(printed, text);
    free(printed);
    cJSON_Delete(json);
    model_share_free(&share);
}

static void test_share_json_refusals(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[1]",
        "[{}]",
        "[{\"name\":\"a.b\"}]",
        "[{\"name\":\"a.b.c\",\"mode\":\"append\"}]",
        "[{\"name\":\"a.b.c\",\"filtre\":\"x\"}]",
        "[{\"name\":\"a.b.c\",\"filter\":1}]",
        "[{\"name\":\"a.b.c\",\"paused\":\"yes\"}]",
        "[{\"name\":\"a.b.c\",\"columns\":[]}]",
        "[{\"name\":\"a.b.c\",\"columns\":[\"a\",1]}]",
        "[{\"name\":\"a.b.c\",\"columns\":\"a\"}]",
        "[{\"name\":\"a.b.c\"},{\"name\":\"A.B.C\"}]",
        "[{\"name\":\"ok.b.c\"},{\"name\":\"a.b.c\",\"mode\":1}]",
    };

    (void)state;
    for (size_t i = 0; i < base_countof(bad); i++) {
        struct err err = ERR_INIT;
        struct model_share share;
        cJSON *json = json_of(bad[i]);

        if (!model_share_from_json(json, &share, &err))
            fail_msg("'%s' was taken for a share", bad[i]);
        assert_true(err.code == ERR_CONFIG_INVALID || err.code == ERR_USAGE);
        assert_null(share.tables);
        cJSON_Delete(json);
    }
}

static void test_run_states(void **state)
{
    static const struct {
        enum model_run_state state;
        const char *name, *word;
        bool cancellable, over;
    } cases[] = {
        {RUN_PLANNED, "PLANNED", "queued", true, false},
        {RUN_RUNNING, "RUNNING", "running", true, false},
        {RUN_STAGED, "STAGED", "running", true, false},
        {RUN_VERIFIED, "VERIFIED", "running", true, false},
        {RUN_PUBLISHING, "PUBLISHING", "running", false, false},
        {RUN_PUBLISHED, "PUBLISHED", "running", false, false},
        {RUN_RECORDED, "RECORDED", "done", false, true},
        {RUN_CLEANED, "CLEANED", "done", false, true},
        {RUN_FAILED, "FAILED", "failed", false, true},
        {RUN_CANCELLED, "CANCELLED", "cancelled", false, true},
    };
    enum model_run_state parsed;
    struct model_run run = {.state = RUN_PUBLISHING, .err.code = ERR_NET_RESET};

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct model_run one = {.state = cases[i].state};

        assert_string_equal(model_run_state_name(cases[i].state), cases[i].name);
        assert_int_equal(model_run_state_parse(cases[i].name, &parsed), 0);
        assert_int_equal(parsed, cases[i].state);
        assert_string_equal(model_run_word(&one), cases[i].word);
        assert_true(model_run_cancellable(cases[i].state) == cases[i].cancellable);
        assert_true(model_run_over(cases[i].state) == cases[i].over);
    }
    assert_string_equal(model_run_word(&run), "unknown");
    assert_int_equal(model_run_state_parse("running", &parsed), -1);
    assert_int_equal(model_run_state_parse(NULL, &parsed), -1);
}

static void test_run_json(void **state)
{
    struct model_run run = {.id = 6372,
                            .batch = 814,
                            .seq = INT64_MAX,
                            .attempt = 2,
                            .state = RUN_FAILED,
                            .version = -1,
                            .counts = {1200000, -1, 0, 9007199254740993},
                            .files = 9,
                            .bytes = 1,
                            .started_us = 1795395723000000,
                            .chunks_total = 150};
    struct err err = ERR_INIT;
    struct model_run back;
    cJSON *json, *again;
    char *text, *more;

    (void)state;
    snprintf(run.sync_uuid, sizeof run.sync_uuid, "0190-x");
    assert_int_equal(model_name_parse("a.`b.b`.c", &run.table, &err), 0);
    base_err_set(&run.err, ERR_SRC_PERM_TABLE, "no SELECT");
    json = model_run_to_json(&run);
    text = base_json_print(json);
    cJSON_Delete(json);
    json = json_of(text);
    assert_int_equal(model_run_from_json(json, &back, &err), 0);
    again = model_run_to_json(&back);
    more = base_json_print(again);
    assert_string_equal(more, text);
    assert_int_equal(back.seq, INT64_MAX);
    assert_int_equal(back.version, -1);
    assert_int_equal(back.counts.manifest_rows, -1);
    assert_int_equal(back.counts.decoded_rows, 0);
    assert_int_equal(back.counts.file_rows, 9007199254740993);
    assert_int_equal(back.started_us, run.started_us);
    assert_int_equal(back.finished_us, 0);
    assert_int_equal(back.err.code, ERR_SRC_PERM_TABLE);
    cJSON_Delete(again);
    cJSON_Delete(json);
    free(more);
    free(text);
    model_run_free(&back);
    model_run_free(&run);
    json = json_of("{\"id\":1,\"table\":\"a.b.c\",\"state\":\"NEW\"}");
    assert_int_equal(model_run_from_json(json, &back, &err), -1);
    assert_int_equal(err.code, ERR_ENGINE_PROTOCOL);
    cJSON_Delete(json);
}

static struct model_plan plan_of(const char *rest)
{
    char *text = base_printf(
        "{\"table\":\"shop.aampe.even\",\"window\":\"full\",\"columns\":[{\"name\":\"a\","
        "\"type\":\"BIGINT\",\"nullable\":true},{\"name\":\"v\",\"type\":\"VOID\","
        "\"nullable\":true},{\"name\":\"b`c\",\"type\":\"DATE\",\"nullable\":true}],%s}",
        rest);
    struct err err = ERR_INIT;
    struct model_plan plan;
    cJSON *json;

    json = json_of(text);
    if (model_plan_from_json(json, &plan, &err))
        fail_msg("%s", err.message);
    cJSON_Delete(json);
    free(text);
    return plan;
}

static void test_statements(void **state)
{
    static const struct {
        const char *plan, *statement, *count;
    } cases[] = {
        {"\"version\":7,\"slices\":[{\"index\":0}]",
         "SELECT `a`, `b``c` FROM `shop`.`aampe`.`even` VERSION AS OF 7",
         "SELECT count(*) AS n FROM `shop`.`aampe`.`even` VERSION AS OF 7"},
        {"\"version\":-1,\"slices\":[{\"index\":0}]",
         "SELECT `a`, `b``c` FROM `shop`.`aampe`.`even`",
         "SELECT count(*) AS n FROM `shop`.`aampe`.`even`"},
        {"\"version\":0,\"filter\":\"a > 1 or s = ')--'\",\"slices\":[{\"index\":0}]",
         "SELECT `a`, `b``c` FROM `shop`.`aampe`.`even` VERSION AS OF 0 WHERE (a > 1 or s = ')--')",
         "SELECT count(*) AS n FROM `shop`.`aampe`.`even` VERSION AS OF 0 WHERE (a > 1 or s = "
         "')--')"},
        {"\"filter\":\"f\",\"partition_by\":[\"d\",\"e\"],\"slices\":[{\"index\":0,\"predicate\":"
         "\"p\"},"
         "{\"index\":1,\"predicate\":\"q\"}]",
         "SELECT `a`, `b``c` FROM `shop`.`aampe`.`even` WHERE (f) AND (p) ORDER BY `d`, `e`",
         "SELECT count(*) AS n FROM `shop`.`aampe`.`even` WHERE (f) AND ((p) OR (q))"},
        {"\"slices\":[{\"index\":0,\"predicate\":\"p\"}]",
         "SELECT `a`, `b``c` FROM `shop`.`aampe`.`even` WHERE (p)",
         "SELECT count(*) AS n FROM `shop`.`aampe`.`even` WHERE ((p))"},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct model_plan plan = plan_of(cases[i].plan);
        struct err err = ERR_INIT;
        char *statement = model_plan_statement(&plan, 0, &err);
        char *count = model_plan_count_statement(&plan, &err);

        assert_int_equal(err.code, ERR_OK);
        assert_string_equal(statement, cases[i].statement);
        assert_string_equal(count, cases[i].count);
        free(count);
        free(statement);
        model_plan_free(&plan);
    }
}

static void test_filters_stay_inside(void **state)
{
    static const char *const bad[] = {"a = 1) OR (1=1",
                                      "a = 1 -- x",
                                      "a /* x",
                                      "a; DROP TABLE x",
                                      "(a",
                                      "a)",
                                      "'a",
                                      "\"a",
                                      "`a",
                                      "'a\\'",
                                      ")(",
                                      "a = 'x\\\\' -- y'"};
    static const char *const good[] = {"(a = 1) and (b = 2)", "a = '--'",     "a = ';'",
                                       "`x;y` = 1",           "a = 'it\\'s'", "a - -1 > 0",
                                       "a / 2 > b * 3",       "s = \"(\"",    "a = 'it''s'"};

    (void)state;
    for (size_t i = 0; i < base_countof(bad) + base_countof(good); i++) {
        bool fine = i >= base_countof(bad);
        const char *filter = fine ? good[i - base_countof(bad)] : bad[i];
        struct model_plan plan = plan_of("\"slices\":[{\"index\":0}]");
        struct err err = ERR_INIT;
        char *statement;

        plan.filter = base_strdup(filter);
        statement = model_plan_statement(&plan, 0, &err);
        if (!statement == fine)
            fail_msg("filter '%s': %s", filter, err.message);
        assert_int_equal(err.code, fine ? ERR_OK : ERR_SRC_SQL_INVALID);
        assert_true(fine || strstr(err.message, "shop.aampe.even"));
        free(statement);
        free(model_plan_count_statement(&plan, &err));
        model_plan_free(&plan);
    }
}

static void test_plan_json(void **state)
{
    struct model_plan plan =
        plan_of("\"table_id\":\"t-1\",\"version\":9007199254740993,\"filter\":\"a>1\","
                "\"row_filter\":\"shop.crm.only_eu\",\"view_owner\":\"data-owners\",\"partition_"
                "by\":[\"d\"],\"slices\":[{"
                "\"index\":0,\"predicate\":\"p\"},"
                "{\"index\":1}],\"codec\":\"zstd\"");
    struct err err = ERR_INIT;
    struct model_plan back;
    cJSON *json = model_plan_to_json(&plan), *again;
    char *text = base_json_print(json), *more;

    (void)state;
    cJSON_Delete(json);
    json = json_of(text);
    assert_int_equal(model_plan_from_json(json, &back, &err), 0);
    again = model_plan_to_json(&back);
    more = base_json_print(again);
    assert_string_equal(more, text);
    assert_int_equal(back.version, 9007199254740993);
    assert_string_equal(back.row_filter, "shop.crm.only_eu");
    assert_string_equal(back.view_owner, "data-owners");
    free(more);
    free(text);
    cJSON_Delete(again);
    cJSON_Delete(json);
    model_plan_free(&back);
    model_plan_free(&plan);
}

static void test_plan_json_refusals(void **state)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "{\"table\":\"a.b.c\"}",
        "{\"table\":\"a.b.c\",\"window\":\"half\"}",
        "{\"table\":\"a.b\",\"window\":\"full\",\"columns\":[],\"slices\":[{\"index\":0}]}",
        "{\"table\":\"a.b.c\",\"window\":\"full\",\"slices\":[{\"index\":0}]}",
        "{\"table\":\"a.b.c\",\"window\":\"full\",\"columns\":[]}",
        "{\"table\":\"a.b.c\",\"window\":\"full\",\"columns\":[],\"slices\":[{\"index\":1}]}",
        ("{\"table\":\"a.b.c\",\"window\":\"full\",\"columns\":[],\"slices\":[],\"partition_by\":["
         "1]"
         "}"),
    };
    struct model_plan plan = {0};
    struct err err = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < base_countof(bad); i++) {
        cJSON *json = json_of(bad[i]);

        base_err_clear(&err);
        if (!model_plan_from_json(json, &plan, &err))
            fail_msg("'%s' was taken for a plan", bad[i]);
        assert_true(err.code != ERR_OK);
        cJSON_Delete(json);
    }
    plan = plan_of("\"slices\":[{\"index\":0}]");
    plan.columns.columns[0].type.kind = plan.columns.columns[2].type.kind = MODEL_VOID;
    base_err_clear(&err);
    assert_null(model_plan_statement(&plan, 0, &err)); /* no column left */
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
    model_plan_free(&plan);
}

/* Whose right a refused statement is about, and what would give it. */
static void test_chain(void **state)
{
    const struct model_name v = {(char *)"shop", (char *)"aampe", (char *)"v"};
    static const struct {
        enum err_code code;
        const char *message, *owner;
        enum err_code becomes;
        const char *hint; /* NULL: not touched */
    } cases[] = {
        {ERR_SRC_PERM_CATALOG, "User does not have USE CATALOG on Catalog 'shop'.", NULL,
         ERR_SRC_PERM_CATALOG, NULL},
        {ERR_SRC_PERM_CATALOG, "User does not have USE CATALOG on Catalog 'SHOP'.", "o`x",
         ERR_SRC_PERM_VIEW_CHAIN, "GRANT USE CATALOG ON CATALOG `SHOP` TO `o``x`;"},
        {ERR_SRC_PERM_SCHEMA, "User does not have USE SCHEMA on Schema '`shop`.`aampe`'.", "o",
         ERR_SRC_PERM_VIEW_CHAIN, "GRANT USE SCHEMA ON SCHEMA `shop`.`aampe` TO `o`;"},
        {ERR_SRC_PERM_TABLE, "User does not have SELECT on Table 'shop.aampe.v'.", "o",
         ERR_SRC_PERM_TABLE, NULL},
        {ERR_SRC_PERM_TABLE, "User does not have SELECT on Table 'a.b.c'.", "o",
         ERR_SRC_PERM_VIEW_CHAIN, "GRANT SELECT ON TABLE `a`.`b`.`c` TO `o`;"},
        {ERR_SRC_PERM_TABLE, "User does not have SELECT on Table 'a.b.c'.", NULL,
         ERR_SRC_PERM_VIEW_CHAIN,
         "The owner of \"shop.aampe.v\" needs to be able to read \"a.b.c\"."},
        {ERR_SRC_PERM_TABLE, "User does not have EXECUTE on Function 'a.b.f'.", "o",
         ERR_SRC_PERM_VIEW_CHAIN,
         "The owner of \"shop.aampe.v\" needs to be able to read \"a.b.f\"."},
        {ERR_SRC_PERM_TABLE, "User does not have SELECT on Table 'a.b.c.d'.", "o",
         ERR_SRC_PERM_VIEW_CHAIN,
         "The owner of \"shop.aampe.v\" needs to be able to read \"a.b.c.d\"."},
        {ERR_SRC_PERM_TABLE, "no name is said", "o", ERR_SRC_PERM_TABLE, NULL},
        {ERR_SRC_PERM_TABLE, "User does not have SELECT on Table 'a.b", "o", ERR_SRC_PERM_TABLE,
         NULL},
        {ERR_SRC_WH_NO_CAN_USE, "User does not have X on Warehouse 'w'.", "o",
         ERR_SRC_WH_NO_CAN_USE, NULL},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct err err = ERR_INIT;

        base_err_set(&err, cases[i].code, "%s", cases[i].message);
        snprintf(err.statement_id, sizeof err.statement_id, "s");
        model_grant_chain(&v, cases[i].owner, &err);
        assert_int_equal(err.code, cases[i].becomes);
        assert_string_equal(err.hint, cases[i].hint ? cases[i].hint : "");
    }
    /* Not a statement's: what an API call is refused is the caller's own. */
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_SRC_PERM_CATALOG, "User does not have USE CATALOG on Catalog 'shop'.");
    model_grant_chain(&v, "o", &err);
    assert_int_equal(err.code, ERR_SRC_PERM_CATALOG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chain),
        cmocka_unit_test(test_share_is_sorted_and_counts_changes),
        cmocka_unit_test(test_share_json),
        cmocka_unit_test(test_share_json_refusals),
        cmocka_unit_test(test_run_states),
        cmocka_unit_test(test_run_json),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_filters_stay_inside),
        cmocka_unit_test(test_plan_json),
        cmocka_unit_test(test_plan_json_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
