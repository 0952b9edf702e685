/* The SQL front end, the worlds' exact counts and versions, without HTTP. */
#include "base/alloc.h"
#include "base/file.h"
#include "sandbox/data.h"
#include "sandbox/query.h"
#include "sandbox/spool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox_shop.h"

/* JSON of the first chunk, "" for no rows, or the SQLSTATE. Caller frees. */
static char *ask_request(const struct sandbox_query_request *request)
{
    struct sandbox_query *query;
    struct sandbox_query_error error;
    struct buf out;
    size_t len;
    bool cancel = false;
    if (sandbox_query_run(request, &cancel, &query, &error) < 0) {
        char *sqlstate = base_strdup(error.sqlstate);
        assert_non_null(error.message);
        sandbox_query_error_free(&error);
        return sqlstate;
    }
    base_buf_init(&out, BUF_MAX_DEFAULT);
    base_buf_text(&out, "");
    if (sandbox_query_chunks(query))
        assert_int_equal(sandbox_query_json(query, 0, &out), 0);
    sandbox_query_free(&query);
    return base_buf_take(&out, &len);
}

static char *ask(struct shop *shop, const char *sql)
{
    struct sandbox_query_request request = shop_request(shop, sql);
    return ask_request(&request);
}

static void expect(struct shop *shop, const char *sql, const char *answer)
{
    char *got = ask(shop, sql);
    if (strcmp(got, answer) != 0)
        print_message("%s\n", sql);
    assert_string_equal(got, answer);
    free(got);
}

struct pair {
    const char *sql, *answer;
};

static void expect_all(struct shop *shop, const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(shop, pairs[i].sql, pairs[i].answer);
}

static void test_values(void **state)
{
    static const struct pair pairs[] = {
        {"SELECT 1", "[[\"1\"]]"},
        {"select 'it''s', \"two\", 'a\\n', r'\\n';", "[[\"it's\",\"two\",\"a\\u000a\",\"\\\\n\"]]"},
        {"SELECT 1.50, 2e1, 3L, 4D, 5.5BD, NULL",
         "[[\"1.50\",\"20.0\",\"3\",\"4.0\",\"5.5\",null]]"},
        {"SELECT -9223372036854775808, 99999999999999999999999999999999999999",
         "[[\"-9223372036854775808\",\"99999999999999999999999999999999999999\"]]"},
        {"SELECT 0.1BD + 0.2BD, 1.00BD * 3, 1BD / 3, 7 % 4, 7 DIV 2, -(3)",
         "[[\"0.3\",\"3.00\",\"0.333333\",\"3\",\"3\",\"-3\"]]"},
        {"SELECT 3 / 2, 1.0D / 4, 10::string || 'x', '12'::int + 1",
         "[[\"1.5\",\"0.25\",\"10x\",\"13\"]]"},
        {"SELECT CAST('2024-02-29' AS DATE) + 1, DATE'2024-01-31' < '2024-02-01'",
         "[[\"2024-03-01\",\"true\"]]"},
        {"SELECT CAST(CAST('2024-01-01 10:00:00.123456' AS TIMESTAMP) AS STRING)",
         "[[\"2024-01-01 10:00:00.123456\"]]"},
        {"SELECT TIMESTAMP'2024-01-01T00:00:00+05:30', TIMESTAMP'2024-01-01' + INTERVAL 90 MINUTES",
         "[[\"2023-12-31T18:30:00.000Z\",\"2024-01-01T01:30:00.000Z\"]]"},
        {"SELECT NULL <=> NULL, NULL = NULL, 1 <=> NULL, NOT NULL",
         "[[\"true\",null,\"false\",null]]"},
        {"SELECT 'abc' LIKE 'a_c', 'a%c' LIKE 'a\\%c', 'abc' LIKE 'a\\%c', 'ABC' ILIKE 'a%'",
         "[[\"true\",\"true\",\"false\",\"true\"]]"},
        {"SELECT 2 BETWEEN 1 AND 3, 2 NOT IN (1, 3), 1 IN (NULL, 1), 'x' RLIKE '^\\\\w$'",
         "[[\"true\",\"true\",\"true\",\"true\"]]"},
        {"SELECT upper('a\xc3\xa9'), length('\xc3\xa9x'), length(X'0102'), substring('hello', -3, "
         "2)",
         "[[\"A\xc3\x89\",\"2\",\"2\",\"ll\"]]"},
        {"SELECT coalesce(NULL, 1), nullif(1, 1), if(1 > 2, 'a', 'b'), CASE 2 WHEN 1 THEN 'x' WHEN "
         "2 THEN "
         "'y' END",
         "[[\"1\",null,\"b\",\"y\"]]"},
        {"SELECT xxhash64('abc'), crc32('Spark'), try_cast('x' AS INT)",
         "[[\"1423657621850124518\",\"1557323817\",null]]"},
        {"SELECT typeof(1.5BD), typeof(1 + 1L), typeof(1.5BD + 1)",
         "[[\"decimal(2,1)\",\"bigint\",\"decimal(3,1)\"]]"},
        {"SELECT 1 UNION ALL SELECT 2.5", "[[\"1.0\"],[\"2.5\"]]"},
        {"SELECT greatest(1, 3, 2), least('b', 'a'), abs(-1.5BD), floor(-1.5), ceil(1.2BD)",
         "[[\"3\",\"a\",\"1.5\",\"-2\",\"2\"]]"},
    };
    expect_all(*state, pairs, base_countof(pairs));
}

static void test_refused(void **state)
{
    static const struct pair pairs[] = {
        {"", "42601"},
        {"SELEC 1", "42601"},
        {"SELECT", "42601"},
        {"SELECT * FROM", "42601"},
        {"SELECT 'open", "42601"},
        {"SELECT 1 FROM users WHERE", "42601"},
        {"SELECT 1; SELECT 2", "42601"},
        {"DELETE FROM users", "42601"},
        {"SELECT (((1)", "42601"},
        {"SELECT nope FROM users", "42703"},
        {"SELECT users.nope FROM users", "42703"},
        {"SELECT nope()", "42883"},
        {"SELECT lower()", "42605"},
        {"SELECT * FROM nope", "42P01"},
        {"SELECT * FROM shop.nope.users", "42P01"},
        {"SELECT * FROM nope.aampe.users", "42P01"},
        {"SELECT * FROM a.b.c.d", "42P01"},
        {"SELECT signup_date = 1 FROM users", "42K09"},
        {"SELECT 1 AND 1", "42K09"},
        {"SELECT count(*) FROM users WHERE country", "42K09"},
        {"SELECT metadata = 'x' FROM events", "42K09"},
        {"SELECT country FROM users GROUP BY language", "42803"},
        {"SELECT country, count(*) FROM users", "42803"},
        {"SELECT sum(count(*)) FROM users", "42607"},
        {"SELECT 1 FROM users WHERE count(*) > 1", "42903"},
        {"SELECT country FROM users GROUP BY 3", "42805"},
        {"SELECT country FROM users ORDER BY 3", "42805"},
        {"SELECT 1/0", "22012"},
        {"SELECT 9223372036854775807 + 1", "22003"},
        {"SELECT CAST(300 AS TINYINT)", "22003"},
        {"SELECT CAST('x' AS INT)", "22018"},
        {"SELECT DATE'2023-02-29'", "42604"},
        {"SELECT :x", "42P02"},
        {"SELECT 1 LIMIT -1", "42K0E"},
        {"SELECT * FROM users VERSION AS OF 7", "22003"},
        {"SELECT * FROM users TIMESTAMP AS OF '2001-01-01'", "42816"},
        {"SELECT * FROM v_active_users VERSION AS OF 0", "0A000"},
        {"SELECT CAST(1 AS GEOMETRY)", "0A000"},
        {"SELECT 1 UNION ALL SELECT 1, 2", "42826"},
        {"DESCRIBE HISTORY v_active_users", "42809"},
        {"SELECT sum(x) FROM (SELECT 9223372036854775807 x UNION ALL SELECT 1)", "22003"},
    };
    expect_all(*state, pairs, base_countof(pairs));
}

static void test_syntax_block(void **state)
{
    struct sandbox_query_request request = shop_request(*state, "SELECT *\nFROM a WERE x");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    bool cancel = false;
    request.statement = "SELECT *\nFROM a b c";
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), -1);
    assert_string_equal(error.error_code, "BAD_REQUEST");
    assert_string_equal(
        error.message,
        "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'c'. SQLSTATE: 42601 (line 2, pos "
        "9)\n\n== SQL ==\nSELECT *\nFROM a b c\n---------^^^\n");
    sandbox_query_error_free(&error);
}

static void test_deep(void **state)
{
    struct buf sql;
    base_buf_init(&sql, BUF_MAX_DEFAULT);
    base_buf_text(&sql, "SELECT ");
    for (int i = 0; i < 5000; i++)
        base_buf_text(&sql, i % 2 ? "(" : "- NOT ");
    base_buf_text(&sql, "1");
    char *got = ask(*state, sql.data);
    assert_true(strcmp(got, "54001") == 0 || strcmp(got, "42601") == 0);
    free(got);
    base_buf_free(&sql);
}

/* SELECT <before> <item> <op> <item> ... <after> */
static void expect_chain(struct shop *shop, const char *before, const char *item, const char *op,
                         int count, const char *after, const char *answer)
{
    struct buf sql;
    base_buf_init(&sql, BUF_MAX_DEFAULT);
    base_buf_printf(&sql, "SELECT %s", before);
    for (int i = 0; i < count; i++)
        base_buf_printf(&sql, "%s%s", i ? op : "", item);
    base_buf_text(&sql, after);
    char *got = ask(shop, sql.data);
    if (strcmp(got, answer) != 0)
        print_message("%d of %s%s: %s\n", count, item, op, got);
    assert_string_equal(got, answer);
    free(got);
    base_buf_free(&sql);
}

/* Long ones are answered, or refused in the service's words: never an error of the inside. */
static void test_chains(void **state)
{
    struct shop *shop = *state;
    static const int counts[] = {2, 8, 9, 99, 100, 101, 102, 300, 1500};
    for (size_t i = 0; i < base_countof(counts); i++) {
        char sum[32], difference[32], half[32];
        snprintf(sum, sizeof sum, "[[\"%d\"]]", counts[i]);
        snprintf(difference, sizeof difference, "[[\"%d\"]]", 2 - counts[i]);
        snprintf(half, sizeof half, "[[\"%d.%d\"]]", counts[i] / 2, counts[i] % 2 * 5);
        expect_chain(shop, "", "1", " + ", counts[i], "", sum);
        expect_chain(shop, "", "1", " - ", counts[i], "", difference);
        expect_chain(shop, "CAST(0 AS DECIMAL(1,1)) + ", "0.5", " + ", counts[i], "", half);
        expect_chain(shop, "", "TRUE", " = ", counts[i] < 60 ? counts[i] : 60, "", "[[\"true\"]]");
        expect_chain(shop, "0 + ", "1", " + ", counts[i], " + NULL + 1", "[[null]]");
    }
    expect(shop, "SELECT 'a' || 1 || NULL || 'b'", "[[null]]");
    expect(shop, "SELECT 7 + 0.5 - 2 * 3 + 1 - 0.25D, 2147483647 + 0L + 1",
           "[[\"2.25\",\"2147483648\"]]");
    expect(shop, "SELECT DATE'2024-01-31' + 1 + 1 - 3", "[[\"2024-01-30\"]]");
    expect(shop, "SELECT 1 + 1 + 2147483647 + 1", "22003");
    expect(shop, "SELECT 1 + 1 / 0 + 1", "22012");
    expect_chain(shop, "length(", "'ab'", "||", 10000, ")", "[[\"20000\"]]");
    expect_chain(shop, "", "TRUE", " AND ", 10000, "", "[[\"true\"]]");
    expect_chain(shop, "", "FALSE", " OR ", 10000, " OR NULL", "[[null]]");
    expect_chain(shop, "1 IN (", "0", ",", 10000, ")", "[[\"false\"]]");
    static const char *const operators[] = {" + ", " - ", " * ", " % ", " = ", " <=> "};
    for (size_t i = 0; i < base_countof(operators); i++)
        expect_chain(shop, "", "1", operators[i], 10000, "", "54001");
    static const char *const behind[] = {" IS NULL", "::string::int", "['a']"};
    for (size_t i = 0; i < base_countof(behind); i++)
        expect_chain(shop, "map('a', 1)", behind[i], "", 10000, "", "54001");
    expect_chain(shop, "", "NOT ", "", 10000, "TRUE", "54001");
    expect_chain(shop, "1", " UNION ALL SELECT 1", "", 600, "", "54001");
}

static void test_privileges(void **state)
{
    struct shop *shop = *state;
    struct sandbox_workspace *workspace = shop->workspace;
    static const char members[] = "SELECT count(*) FROM shop.loyalty.members";
    struct sandbox_query_request request = shop_request(shop, members);
    struct sandbox_query *query;
    struct sandbox_query_error error;
    bool cancel = false;
    static const char *const wanted[] = {"USE SCHEMA on Schema 'shop.loyalty'",
                                         "SELECT on Table 'shop.loyalty.members'"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), -1);
        assert_string_equal(error.sqlstate, "42501");
        assert_non_null(strstr(error.message, "[INSUFFICIENT_PERMISSIONS]"));
        assert_non_null(strstr(error.message, wanted[i]));
        sandbox_query_error_free(&error);
        sandbox_workspace_grant(workspace, sandbox_workspace_find(workspace, 'S', "shop.loyalty"),
                                "sp", i == 0 ? "USE_SCHEMA" : "SELECT");
    }
    expect(shop, members, "[[\"3400\"]]");
    expect(shop, "SELECT count(*) FROM shop.marketing.campaigns", "42501");
    request.principal = "somebody";
    char *got = ask_request(&request);
    assert_string_equal(got, "42501");
    free(got);
    /* the view is readable without a grant on what it reads, as its owner may */
    sandbox_workspace_revoke(workspace, sandbox_workspace_find(workspace, 'T', "shop.aampe.users"),
                             "sp", "SELECT");
    expect(shop, "SELECT count(*) FROM users", "42501");
    expect(shop, "SELECT count(*) > 1000 FROM v_active_users", "[[\"true\"]]");
    sandbox_workspace_grant(workspace, sandbox_workspace_find(workspace, 'T', "shop.aampe.users"),
                            "sp", "SELECT");
}

/* Owning a schema lets one manage its tables, not read them; and lists show what may be used. */
static void test_ownership(void **state)
{
    struct shop *shop = *state;
    struct sandbox_workspace *workspace = shop->workspace;
    struct sandbox_securable *schema = sandbox_workspace_find(workspace, 'S', "shop.finance");
    struct sandbox_securable *table = sandbox_workspace_find(workspace, 'T', "shop.finance.orders");
    expect(shop, "SHOW SCHEMAS IN shop LIKE 'finance'", "");
    sandbox_workspace_group_add(workspace, "finance-team", "sp");
    expect(shop, "SHOW SCHEMAS IN shop LIKE 'finance'", "[[\"finance\"]]");
    assert_true(sandbox_workspace_has(workspace, table, "sp", "SELECT"));
    free(table->owner);
    table->owner = base_strdup("people-team");
    assert_true(sandbox_workspace_has(workspace, table, "sp", "MANAGE"));
    assert_false(sandbox_workspace_has(workspace, table, "sp", "SELECT"));
    expect(shop, "SELECT count(*) FROM shop.finance.orders", "42501");
    expect(shop, "SHOW TABLES IN shop.finance", "[[\"finance\",\"orders\",\"false\"]]");
    sandbox_workspace_grant(workspace, schema, "finance-team", "SELECT");
    expect(shop, "SELECT count(*) FROM shop.finance.orders", "[[\"3000\"]]");
    expect(shop, "SHOW GRANTS ON TABLE shop.finance.orders",
           "[[\"finance-team\",\"SELECT\",\"SCHEMA\",\"shop.finance\"],"
           "[\"aampe_reader\",\"USE CATALOG\",\"CATALOG\",\"shop\"]]");
    sandbox_workspace_deny(workspace, 'C', NULL);
    expect(shop, "SELECT count(*) FROM shop.finance.orders", "42501");
    sandbox_workspace_deny_clear(workspace);
    expect(shop, "DESCRIBE TABLE shop.hr.employees", "42501");
}

static void test_hive(void **state)
{
    static const struct pair pairs[] = {
        {"SHOW CATALOGS", "[[\"shop\"],[\"hive_metastore\"]]"},
        {"SHOW TABLES IN hive_metastore.legacy", "[[\"legacy\",\"users_old\",\"false\"]]"},
        {"SELECT count(*), count(DISTINCT user_id) FROM hive_metastore.legacy.users_old",
         "[[\"500\",\"500\"]]"},
    };
    struct shop *shop = *state;
    expect_all(*state, pairs, base_countof(pairs));
    assert_null(
        sandbox_workspace_find_listed(shop->workspace, 'T', "hive_metastore.legacy.users_old"));
    assert_non_null(sandbox_workspace_find_listed(shop->workspace, 'T', "shop.aampe.users"));
}

/* The forms that databricks-sql-connector and JDBC make their catalog functions of. */
static void test_show_all(void **state)
{
    static const struct pair pairs[] = {
        {"SHOW TABLES IN CATALOG shop SCHEMA LIKE 'aamp*' LIKE 'e*|product.'",
         "[[\"aampe\",\"events\",\"false\",\"\",\"shop\",\"TABLE\",\"What people did in the shop, "
         "one "
         "row an event\"],[\"aampe\",\"products\",\"false\",\"\",\"shop\",\"TABLE\",\"The "
         "catalogue\"]]"},
        {"SHOW TABLES IN ALL CATALOGS LIKE '*active*'",
         "[[\"aampe\",\"v_active_users\",\"false\",\"\",\"shop\",\"VIEW\",\"Users who may be "
         "written "
         "to\"]]"},
        {"SHOW TABLES IN CATALOG shop SCHEMA LIKE 'finance|hr'", ""},
        {"SHOW TABLES IN CATALOG nowhere", "42704"},
        {"SHOW COLUMNS IN CATALOG shop SCHEMA LIKE 'aampe' TABLE LIKE 'users' LIKE '%value'",
         "[[\"lifetime_value\",\"shop\",\"aampe\",\"users\",\"decimal(10,2)\",\"8\",\"true\",null]"
         "]"},
        {"SHOW COLUMNS IN shop.aampe.events LIKE 'event_*'",
         "[[\"event_name\"],[\"event_instance_id\"]]"},
        {"SHOW COLUMNS IN shop.hr.employees", "42501"},
        {"SHOW COLUMNS", "42601"},
        {"SHOW TABLES IN shop.aampe 'u*'", "[[\"aampe\",\"users\",\"false\"]]"},
    };
    expect_all(*state, pairs, base_countof(pairs));
}

static void test_positional(void **state)
{
    struct shop *shop = *state;
    struct sandbox_parameter parameters[] = {{NULL, "INT", "7", 2}, {NULL, "STRING", "a", 1}};
    struct sandbox_query_request request = shop_request(shop, "SELECT ?, ? + 1");
    request.parameters = parameters;
    request.parameter_count = 2;
    char *got = ask_request(&request);
    assert_string_equal(got, "[[\"a\",\"8\"]]");
    free(got);
    request.parameter_count = 1;
    got = ask_request(&request);
    assert_string_equal(got, "42P02");
    free(got);
}

/* Inline results spell maps as objects, at any depth. */
static void test_maps(void **state)
{
    static const struct pair pairs[] = {
        {"map<string,int>", "[{\"key\":\"a\",\"value\":\"1\"}]|{\"a\":\"1\"}"},
        {"map<string,int>", "[]|{}"},
        {"array<map<int,map<string,decimal(10,2)>>>",
         "[[{\"key\":\"1\",\"value\":[{\"key\":\"x\",\"value\":null}]}],null]|[{\"1\":{\"x\":null}}"
         ",null]"},
        {"struct<a:array<int>,b:map<string,string>,`c:d`:map<int,int>>",
         "{\"a\":[\"1\"],\"b\":[{\"key\":\"k\",\"value\":\"v\"}],\"c:d\":null}|"
         "{\"a\":[\"1\"],\"b\":{\"k\":\"v\"},\"c:d\":null}"},
    };
    struct sandbox_arena *arena = sandbox_arena_new();
    (void)state;
    for (size_t i = 0; i < base_countof(pairs); i++) {
        const char *bar = strchr(pairs[i].answer, '|');
        struct sandbox_type type;
        struct buf out;
        assert_int_equal(sandbox_type_parse(arena, pairs[i].sql, &type), 0);
        base_buf_init(&out, 4096);
        sandbox_nested_text(&type, pairs[i].answer, (size_t)(bar - pairs[i].answer), &out);
        assert_string_equal(out.data, bar + 1);
        base_buf_free(&out);
    }
    sandbox_arena_free(&arena);
}

static void test_masked(void **state)
{
    struct shop *shop = *state;
    struct sandbox_workspace *workspace = shop->workspace;
    sandbox_workspace_grant(workspace,
                            sandbox_workspace_find(workspace, 'T', "shop.crm.customers_masked"),
                            "sp", "SELECT");
    expect(shop,
           "SELECT count(DISTINCT country_name), count_if(email <> 'c***'), count(*) < 2000, "
           "count(*) > 100 "
           "FROM shop.crm.customers_masked",
           "[[\"1\",\"0\",\"true\",\"true\"]]");
    expect(shop, "SELECT count(*) FROM shop.crm.customers_masked VERSION AS OF 0", "0A000");
    sandbox_workspace_group_add(workspace, "crm-team", "sp");
    expect(shop, "SELECT count(*), count_if(email = 'c***') FROM shop.crm.customers_masked",
           "[[\"2000\",\"0\"]]");
}

/* aampe-data-models.md 5.5 */
static void test_exact_counts(void **state)
{
    static const struct pair pairs[] = {
        {"SELECT count(*), count(DISTINCT contact_id) FROM users", "[[\"2000\",\"2000\"]]"},
        {"SELECT count(*), count(DISTINCT event_instance_id) FROM events",
         "[[\"60000\",\"60000\"]]"},
        {"SELECT count(*) FROM products", "[[\"400\"]]"},
        {"SELECT count(*) FROM events e WHERE contact_id NOT IN (SELECT contact_id FROM users)",
         "[[\"0\"]]"},
        {"SELECT count_if(timestamp > now()), min(timestamp) > now() - INTERVAL 91 DAYS FROM "
         "events",
         "[[\"0\",\"true\"]]"},
        {"SELECT count(*) - count(DISTINCT customer_id), count_if(country_name = ''), "
         "count_if(country_name = 'US'), count_if(country_name = 'usa'), count_if(marketing_opt_in "
         "= ''), "
         "count_if(notification_token = 'fcm-shared-device') FROM shop.crm.customers",
         "[[\"50\",\"80\",\"80\",\"80\",\"200\",\"200\"]]"},
        {"SELECT count_if(uid IS NULL), count_if(uid = 'anonymous'), count_if(uid LIKE '9%'), "
         "count_if(action = 'Add To Cart'), count_if(action = ''), count_if(ts = 0), "
         "count_if(ts > 0 AND ts < 100000000000), count_if(ts > unix_millis(now())), "
         "count_if(props LIKE '%email%') FROM shop.web.clickstream",
         "[[\"300\",\"300\",\"1200\",\"120\",\"60\",\"60\",\"60\",\"240\",\"600\"]]"},
        {"SELECT count(*) FROM (SELECT uid, session_id, ts, action, props, ip, _ingested_at FROM "
         "shop.web.clickstream GROUP BY ALL HAVING count(*) = 2)",
         "[[\"180\"]]"},
        {"SELECT count_if(eventTime LIKE '31/%'), count_if(eventTime LIKE '20%' AND eventTime NOT "
         "LIKE "
         "'%Z'), count_if(eventName LIKE 'view_product_%'), count(*) - count(DISTINCT messageId), "
         "count_if(tz = 'en_US'), count_if(tz = '+05:30') FROM shop.web.app_events_raw",
         "[[\"400\",\"4000\",\"1000\",\"400\",\"2000\",\"2000\"]]"},
        {"SELECT count(*), count(DISTINCT event_name) FROM shop.web.heartbeats",
         "[[\"10000\",\"1\"]]"},
        {"SELECT count(*), max(timestamp) < now() - INTERVAL 44 DAYS FROM shop.web.stale_events",
         "[[\"5000\",\"true\"]]"},
        {"SELECT * FROM shop.web.empty_events", ""},
        {"SELECT sum(n) FROM (SELECT count(*) n FROM events WHERE event_name LIKE 'order%')",
         "[[\"1320\"]]"},
    };
    expect_all(*state, pairs, base_countof(pairs));
}

static int64_t change(struct shop *shop, const char *operation, int64_t count)
{
    struct err err = ERR_INIT;
    int64_t version = -1;
    assert_int_equal(
        sandbox_table_change(shop->workspace, "shop.aampe.users", operation, count, &version, &err),
        0);
    return version;
}

static void test_versions(void **state)
{
    struct shop *shop = *state;
    static const char hash0[] = "SELECT bit_xor(xxhash64(contact_id, country, subscription_status, "
                                "lifetime_value)), count(*) FROM users VERSION AS OF 0";
    char *before = ask(shop, hash0);
    assert_int_equal(change(shop, "insert", 100), 1);
    assert_int_equal(change(shop, "update", 10), 2);
    assert_int_equal(change(shop, "delete", 33), 3);
    assert_int_equal(change(shop, "update", 2067), 4);
    expect(shop, hash0, before);
    free(before);
    static const struct pair pairs[] = {
        {"SELECT count(*), count(DISTINCT contact_id) FROM users", "[[\"2067\",\"2067\"]]"},
        {"SELECT count(*), count(DISTINCT contact_id) FROM users VERSION AS OF 1",
         "[[\"2100\",\"2100\"]]"},
        {"SELECT count(*) FROM users VERSION AS OF 1 WHERE contact_id NOT IN (SELECT contact_id "
         "FROM users "
         "VERSION AS OF 0)",
         "[[\"100\"]]"},
        {"SELECT count(*) FROM users VERSION AS OF 2 WHERE contact_id NOT IN (SELECT contact_id "
         "FROM users "
         "VERSION AS OF 3)",
         "[[\"33\"]]"},
        {"SELECT count(*) FROM users VERSION AS OF 2 WHERE xxhash64(contact_id, loyalty_tier, "
         "subscription_status, lifetime_orders, favourite_category, marketing_opt_in) NOT IN "
         "(SELECT "
         "xxhash64(contact_id, loyalty_tier, subscription_status, lifetime_orders, "
         "favourite_category, "
         "marketing_opt_in) FROM users VERSION AS OF 1)",
         "[[\"10\"]]"},
        {"SELECT count(*) FROM users VERSION AS OF 9", "22003"},
        {"SELECT count(*) FROM users TIMESTAMP AS OF now()", "42K0E"},
    };
    expect_all(shop, pairs, base_countof(pairs) - 1);
    struct err err = ERR_INIT;
    int64_t version;
    assert_int_equal(
        sandbox_table_change(shop->workspace, "shop.aampe.users", "delete", 9999, &version, &err),
        -1);
    assert_int_equal(sandbox_table_change(shop->workspace, "shop.aampe.v_active_users", "insert", 1,
                                          &version, &err),
                     -1);
    char *history = ask(shop, "DESCRIBE HISTORY users LIMIT 2");
    assert_non_null(strstr(history, "[[\"4\""));
    assert_non_null(strstr(history, "UPDATE"));
    assert_null(strstr(history, "WRITE\""));
    free(history);
}

static void test_parameters(void **state)
{
    static const struct sandbox_parameter parameters[] = {{"country", "STRING", "FR"},
                                                          {"n", "INT", "3"},
                                                          {"none", "DATE", NULL},
                                                          {"bad", "INT", "x"}};
    struct sandbox_query_request request = shop_request(
        *state, "SELECT count(*) > 10, :n + 1, :none IS NULL FROM users WHERE country = :country");
    request.parameters = parameters;
    request.parameter_count = 4;
    char *got = ask_request(&request);
    assert_string_equal(got, "[[\"true\",\"4\",\"true\"]]");
    free(got);
    request.statement = "SELECT :bad";
    got = ask_request(&request);
    assert_string_equal(got, "22018");
    free(got);
}

static void test_time_zone(void **state)
{
    struct sandbox_query_request request = shop_request(
        *state,
        "SELECT TIMESTAMP'2021-01-01 10:00:00', CAST(TIMESTAMP'2021-07-01 00:00:00Z' AS DATE)");
    request.time_zone = "-08:00";
    char *got = ask_request(&request);
    assert_string_equal(got, "[[\"2021-01-01T10:00:00.000-08:00\",\"2021-06-30\"]]");
    free(got);
    request.time_zone = "Nowhere/Land";
    got = ask_request(&request);
    assert_string_equal(got, "22009");
    free(got);
}

static void test_row_limit(void **state)
{
    static const char *const statements[] = {"SELECT contact_id FROM users",
                                             "SELECT contact_id FROM users ORDER BY contact_id"};
    for (int i = 0; i < 2; i++) {
        struct sandbox_query_request request = shop_request(*state, statements[i]);
        struct sandbox_query *query;
        struct sandbox_query_error error;
        struct buf csv;
        bool cancel = false;
        request.row_limit = 3;
        assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), 0);
        assert_true(sandbox_query_truncated(query));
        assert_int_equal(sandbox_query_total_rows(query), 3);
        base_buf_init(&csv, BUF_MAX_DEFAULT);
        assert_int_equal(sandbox_query_csv(query, 0, &csv), 0);
        assert_string_equal(csv.data, "contact_id\nC0000000\nC0000001\nC0000002\n");
        base_buf_free(&csv);
        sandbox_query_free(&query);
    }
}

static void test_cancel(void **state)
{
    struct sandbox_query_request request =
        shop_request(*state, "SELECT count(DISTINCT metadata) FROM events");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    bool cancel = true;
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), -1);
    assert_string_equal(error.error_code, "CANCELLED");
    sandbox_query_error_free(&error);
}

static void test_other_worlds(void **state)
{
    static const struct {
        const char *world, *sql, *answer;
    } cases[] = {
        {"bench", "SELECT count(*), min(id), max(id), count(quantity) < 5000 FROM bench.b.narrow",
         "[[\"5000\",\"0\",\"4999\",\"true\"]]"},
        {"bench", "SELECT count(*), count(DISTINCT id) FROM bench.b.wide", "[[\"5000\",\"5000\"]]"},
        {"types",
         "SELECT max(c_decimal_38_0), min(c_bigint), count(c_void), max(c_double) FROM "
         "types.t.all_types",
         "[[\"99999999999999999999999999999999999999\",\"-9223372036854775808\",\"0\",\"NaN\"]]"},
        {"types", "SELECT c_struct.inner.a, c_struct.zip FROM types.t.all_types WHERE id = 1",
         "[[\"true\",\"12345\"]]"},
        {"types",
         "SELECT id FROM types.t.all_types WHERE c_double = 0.0 OR c_double IS NULL ORDER BY id",
         "[[\"3\"],[\"6\"]]"},
        {"hostile",
         "SELECT count(*) FROM hostile.names.`back``tick` WHERE `new\nline` = '../../etc/passwd'",
         "[[\"1\"]]"},
        {"hostile", "SELECT count(*) FROM hostile.names.`../../../tmp/escape`", "[[\"6\"]]"},
    };
    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct shop shop;
        assert_int_equal(shop_open(&shop, cases[i].world, 5000), 0);
        expect(&shop, cases[i].sql, cases[i].answer);
        shop_close(&shop);
    }
}

static void test_changes_survive_a_restart(void **state)
{
    char folder[] = "/tmp/aampe-sandbox-test-XXXXXX";
    char *answers[2];
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int i = 0; i < 2; i++) {
        struct shop shop = {.seam = base_seam_new()};
        int64_t version = 0;
        shop.workspace = sandbox_workspace_new(shop.seam);
        sandbox_workspace_principal(shop.workspace, SANDBOX_SERVICE_PRINCIPAL, "sp", "sp");
        assert_int_equal(sandbox_world_load(shop.workspace, "shop", 3000, "sp", folder, &err), 0);
        if (i == 0)
            assert_int_equal(sandbox_table_change(shop.workspace, "shop.aampe.events", "delete", 41,
                                                  &version, &err),
                             0);
        answers[i] =
            ask(&shop, "SELECT count(*), bit_xor(xxhash64(event_instance_id, timestamp, metadata)) "
                       "FROM events VERSION AS OF 1");
        shop_close(&shop);
    }
    assert_string_equal(answers[0], answers[1]);
    assert_non_null(strstr(answers[0], "2959"));
    free(answers[0]);
    free(answers[1]);
    assert_int_equal(base_file_remove_tree(folder, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_refused, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_syntax_block, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_deep, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_chains, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_privileges, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_ownership, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_hive, shop_setup, shop_teardown),
        cmocka_unit_test(test_maps),
        cmocka_unit_test_setup_teardown(test_show_all, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_positional, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_masked, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_exact_counts, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_versions, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_parameters, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_time_zone, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_row_limit, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_cancel, shop_setup, shop_teardown),
        cmocka_unit_test(test_other_worlds),
        cmocka_unit_test(test_changes_survive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
