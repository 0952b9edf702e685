/* The SQL front end, the worlds' exact counts, versions and the Arrow stream, without HTTP. */
#include "base/alloc.h"
#include "base/file.h"
#include "sandbox/data.h"
#include "sandbox/query.h"
#include "sandbox/spool.h"

#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct shop {
    struct base_seam *seam;
    struct sandbox_workspace *workspace;
};

static int open_world(struct shop *shop, const char *world, int64_t rows)
{
    struct err err = ERR_INIT;
    shop->seam = base_seam_new();
    shop->workspace = sandbox_workspace_new(shop->seam);
    sandbox_workspace_principal(shop->workspace, SANDBOX_SERVICE_PRINCIPAL, "sp", "sp");
    return sandbox_world_load(shop->workspace, world, rows, "sp", NULL, &err);
}

static void close_world(struct shop *shop)
{
    sandbox_world_unload(shop->workspace);
    sandbox_workspace_free(&shop->workspace);
    base_seam_free(&shop->seam);
}

static int setup_shop(void **state)
{
    struct shop *shop = base_alloc_zero(1, sizeof *shop);
    *state = shop;
    return open_world(shop, "shop", 60000);
}

static int teardown(void **state)
{
    close_world(*state);
    free(*state);
    return 0;
}

static struct sandbox_query_request request_of(struct shop *shop, const char *sql)
{
    return (struct sandbox_query_request){.workspace = shop->workspace,
                                          .principal = "sp",
                                          .statement = sql,
                                          .catalog = "shop",
                                          .schema = "aampe"};
}

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
    struct sandbox_query_request request = request_of(shop, sql);
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
    struct sandbox_query_request request = request_of(*state, "SELECT *\nFROM a WERE x");
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

static void test_privileges(void **state)
{
    struct shop *shop = *state;
    struct sandbox_workspace *workspace = shop->workspace;
    static const char members[] = "SELECT count(*) FROM shop.loyalty.members";
    struct sandbox_query_request request = request_of(shop, members);
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
    struct sandbox_query_request request = request_of(shop, "SELECT ?, ? + 1");
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
    struct sandbox_query_request request = request_of(
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
    struct sandbox_query_request request = request_of(
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

static uint32_t u32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

/* Field of a flatbuffer table; NULL when absent. */
static const char *slot(const char *table, int number)
{
    const char *vtable = table - (int32_t)u32(table);
    uint16_t size, offset;
    memcpy(&size, vtable, 2);
    if (size < 4 + 2 * (number + 1))
        return NULL;
    memcpy(&offset, vtable + 4 + 2 * number, 2);
    return offset ? table + offset : NULL;
}

static const char *need_slot(const char *table, int number)
{
    const char *at = slot(table, number);
    if (!at)
        bug("the table has no field %d", number);
    return at;
}

/* Walks the messages of a stream; returns the rows of its record batches. */
static int64_t stream_rows(const char *data, size_t len, int *batches)
{
    size_t at = 0;
    int64_t rows = 0;
    for (int message = 0; at + 8 <= len; message++) {
        assert_int_equal(u32(data + at), 0xffffffffU);
        uint32_t size = u32(data + at + 4);
        if (size == 0) {
            assert_int_equal(at + 8, len);
            return rows;
        }
        assert_int_equal(size % 8, 0);
        const char *table = data + at + 8 + u32(data + at + 8);
        int64_t body = 0, length = 0;
        const char *body_at = slot(table, 3);
        if (body_at)
            memcpy(&body, body_at, 8);
        assert_int_equal(body % 8, 0);
        assert_int_equal(*need_slot(table, 1), message == 0 ? 1 : 3);
        const char *header = need_slot(table, 2) + u32(need_slot(table, 2));
        if (message > 0) {
            memcpy(&length, need_slot(header, 0), 8);
            (*batches)++;
        }
        rows += length;
        at += 8 + size + (size_t)body;
    }
    fail_msg("no end of stream");
    return -1;
}

static char *unpack(const struct buf *packed, size_t max, size_t *len, int *frames)
{
    LZ4F_dctx *context;
    char *out = base_alloc(max);
    size_t at = 0;
    *len = 0;
    *frames = 0;
    assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    while (at < packed->len) {
        size_t room = max - *len, used = packed->len - at;
        size_t hint = LZ4F_decompress(context, out + *len, &room, packed->data + at, &used, NULL);
        assert_false(LZ4F_isError(hint));
        *len += room;
        at += used;
        *frames += hint == 0;
    }
    LZ4F_freeDecompressionContext(context);
    return out;
}

static void test_arrow_chunks(void **state)
{
    struct sandbox_query_request request =
        request_of(*state, "SELECT * FROM events LIMIT 10000 OFFSET 7");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    bool cancel = false;
    int64_t rows = 0, offset, count, bytes;
    int batches = 0, frames;
    size_t len;
    request.chunk_rows = 3000;
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), 0);
    assert_int_equal(sandbox_query_chunks(query), 4);
    for (size_t i = 0; i < 4; i++) {
        struct buf plain, packed;
        base_buf_init(&plain, BUF_MAX_DEFAULT);
        base_buf_init(&packed, BUF_MAX_DEFAULT);
        sandbox_query_chunk(query, i, &offset, &count, &bytes);
        assert_int_equal(offset, rows);
        assert_int_equal(sandbox_query_arrow(query, i, false, &plain), 0);
        assert_int_equal(stream_rows(plain.data, plain.len, &batches), count);
        assert_int_equal(sandbox_query_arrow(query, i, true, &packed), 0);
        char *unpacked = unpack(&packed, plain.len + 1, &len, &frames);
        assert_int_equal(len, plain.len);
        assert_memory_equal(unpacked, plain.data, len);
        free(unpacked);
        rows += count;
        base_buf_free(&plain);
        base_buf_free(&packed);
    }
    assert_int_equal(rows, 10000);
    sandbox_query_free(&query);
}

static void test_small_stream_is_many_frames(void **state)
{
    struct sandbox_query_request request =
        request_of(*state, "SELECT id, c_string FROM shop.types.all_types");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    struct buf packed;
    bool cancel = false;
    size_t len;
    int frames, batches = 0;
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), 0);
    base_buf_init(&packed, BUF_MAX_DEFAULT);
    assert_int_equal(sandbox_query_arrow(query, 0, true, &packed), 0);
    assert_int_equal((unsigned char)packed.data[4], 0x74);
    assert_int_equal((unsigned char)packed.data[5], 0x70);
    char *plain = unpack(&packed, 65536, &len, &frames);
    assert_int_equal(frames, 3);
    assert_int_equal(stream_rows(plain, len, &batches), 6);
    free(plain);
    base_buf_free(&packed);
    sandbox_query_free(&query);
}

static void test_row_limit(void **state)
{
    static const char *const statements[] = {"SELECT contact_id FROM users",
                                             "SELECT contact_id FROM users ORDER BY contact_id"};
    for (int i = 0; i < 2; i++) {
        struct sandbox_query_request request = request_of(*state, statements[i]);
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
        request_of(*state, "SELECT count(DISTINCT metadata) FROM events");
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
        assert_int_equal(open_world(&shop, cases[i].world, 5000), 0);
        expect(&shop, cases[i].sql, cases[i].answer);
        close_world(&shop);
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
        close_world(&shop);
    }
    assert_string_equal(answers[0], answers[1]);
    assert_non_null(strstr(answers[0], "2959"));
    free(answers[0]);
    free(answers[1]);
    assert_int_equal(base_file_remove_tree(folder, &err), 0);
}

static void test_spooled_batch_reads_the_same(void **state)
{
    struct sandbox_type types[] = {sandbox_type_of(SB_STRING), sandbox_type_of(SB_DECIMAL),
                                   sandbox_type_of(SB_BOOLEAN), sandbox_type_of(SB_VOID)};
    struct sandbox_spool spool = {0};
    struct sandbox_batch batches[2];
    char text[24];
    (void)state;
    for (int b = 0; b < 2; b++) {
        sandbox_batch_init(&batches[b], types, 4);
        for (int i = 0; i < 1000; i++) {
            struct sandbox_value value = {
                .null = i % 7 == 0, .i = i & 1, .d = (__int128)i << 90, .text = text};
            value.len = (size_t)snprintf(text, sizeof text, "row %d", i);
            for (int column = 0; column < 4; column++)
                sandbox_vector_append(&batches[b].columns[column], &value);
            batches[b].rows++;
        }
        assert_int_equal(sandbox_spool_batch(&spool, &batches[b]), 0);
    }
    for (int i = 0; i < 1000; i++) {
        struct sandbox_value words, number, flag;
        sandbox_vector_get(&batches[1].columns[0], i, &words);
        sandbox_vector_get(&batches[1].columns[1], i, &number);
        sandbox_vector_get(&batches[1].columns[2], i, &flag);
        assert_int_equal(words.null, i % 7 == 0);
        if (words.null)
            continue;
        int len = snprintf(text, sizeof text, "row %d", i);
        assert_int_equal(words.len, len);
        assert_memory_equal(words.text, text, words.len);
        assert_true(number.d == (__int128)i << 90);
        assert_int_equal(flag.i, i & 1);
    }
    for (int b = 0; b < 2; b++)
        sandbox_batch_free(&batches[b]);
    sandbox_spool_close(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_syntax_block, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_deep, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_privileges, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_ownership, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_hive, setup_shop, teardown),
        cmocka_unit_test(test_maps),
        cmocka_unit_test_setup_teardown(test_show_all, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_positional, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_masked, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_exact_counts, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_parameters, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_time_zone, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_arrow_chunks, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_small_stream_is_many_frames, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_row_limit, setup_shop, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup_shop, teardown),
        cmocka_unit_test(test_other_worlds),
        cmocka_unit_test(test_changes_survive_a_restart),
        cmocka_unit_test(test_spooled_batch_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
