/* What is said of secrets and of the audit log, without a workspace. */
#include "databricks/observer.h"
#include "watch/audit.h"
#include "watch/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAY INT64_C(86400000000)
#define NOW INT64_C(1795392000000000) /* 2026-11-23T00:00:00Z */

/* The observer never reads table data, however the statement is written. */
static void observer_reads_system_tables_only(void **state)
{
    static const char *const good[] = {
        "SELECT 1 FROM system.access.audit",
        "select max(x) from (select x from system.access.audit where y in (1,2)) r left join "
        "system.query.history h on coalesce(h.a, h.b) = 'it' order by x limit 5",
    };
    static const char *const bad[] = {
        "SELECT * FROM shop.aampe.users",
        "SELECT * FROM system.access.audit, shop.aampe.users",
        "SELECT * FROM system.access.audit a , shop.aampe.users b",
        "SELECT * FROM (SELECT 1 FROM system.access.audit), shop.aampe.users",
        "SELECT * FROM system.access.audit JOIN shop.aampe.users ON true",
        "SELECT * FROM system.access.audit WHERE 1 IN (SELECT id FROM shop.aampe.users)",
        "SELECT * FROM system.access.audit UNION ALL SELECT * FROM shop.aampe.users",
        "SELECT * FROM `shop`.aampe.users",
        "SELECT * FROM system.access.audit.more",
        "SELECT * FROM system.access",
        "SELECT * FROM system.billing.usage",
        "SELECT * FROM system.access.audit /* */ JOIN shop.aampe.users",
        "SELECT * FROM system.access.audit -- x",
        "SELECT 'a\\' FROM shop.aampe.users --' FROM system.access.audit",
        "SELECT 1; SELECT * FROM system.access.audit",
        "WITH x AS (SELECT * FROM shop.aampe.users) SELECT * FROM system.access.audit",
        "DESCRIBE HISTORY shop.aampe.users",
        "TABLE shop.aampe.users",
        "SELECT 1",
        "",
    };
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(databricks_observer_may(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (databricks_observer_may(bad[i]))
            fail_msg("let through: %s", bad[i]);
}

static void statement_is_bounded_and_its_own(void **state)
{
    struct err err = ERR_INIT;
    (void)state;
    char *sql = watch_audit_sql("7c1e9f52-3b0a-4d6e-9a41-0f2d5b8c6e17", NOW - DAY, &err);
    assert_non_null(sql);
    assert_true(databricks_observer_may(sql));
    assert_non_null(strstr(sql, "event_date >= DATE'2026-11-22'"));
    assert_non_null(strstr(sql, "LIMIT 5000"));
    assert_non_null(strstr(sql, "user_identity.email"));
    assert_null(strstr(sql, "user_identity ="));
    free(sql);
    assert_null(watch_audit_sql("x' OR '1'='1", NOW, &err));
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
}

static void lines_have_words(void **state)
{
    (void)state;
    assert_string_equal(watch_audit_by("aampe-console/0.1.0"), "engine");
    assert_string_equal(watch_audit_by("Aampe/3 databricks-sdk-py"), "aampe");
    assert_string_equal(watch_audit_by("curl/8"), "other");
    assert_string_equal(watch_audit_by(NULL), "other");
    assert_string_equal(watch_audit_verdict(200, false), "ok");
    assert_string_equal(watch_audit_verdict(403, true), "denied!");
    assert_string_equal(watch_audit_verdict(200, true), "new IP!");
    assert_string_equal(watch_audit_verdict(404, false), "failed");
    assert_false(watch_audit_new_address(NOW, NOW, NOW));             /* nothing to compare with */
    assert_true(watch_audit_new_address(NOW, NOW, NOW - DAY));        /* known for a day */
    assert_false(watch_audit_new_address(NOW + DAY, NOW, NOW - DAY)); /* new no more */
    char *object = watch_audit_object(NULL, "SELECT a\nFROM `shop`.`we ird`.`t` WHERE 1");
    assert_string_equal(object, "shop.we ird.t");
    free(object);
    object = watch_audit_object("a.b.c", "SELECT 1 FROM d");
    assert_string_equal(object, "a.b.c");
    free(object);
    object = watch_audit_object("", "SELECT count(*) from (select 1 from x.y.z)");
    assert_string_equal(object, "x.y.z");
    free(object);
    object = watch_audit_object(NULL, "DESCRIBE HISTORY `x`.y.`z` LIMIT 1");
    assert_string_equal(object, "x.y.z");
    free(object);
    assert_null(watch_audit_object(NULL, "SELECT 1"));
    assert_true(watch_audit_since(0, NOW) == NOW - 7 * DAY);
    assert_true(watch_audit_since(NOW, NOW) == NOW - DAY / 4);
}

static void ends_of_secrets(void **state)
{
    static const int steps[] = {90, 30, 14, 7, 1};
    (void)state;
    assert_int_equal(watch_secret_threshold(NOW + 91 * DAY, NOW), -1);
    assert_int_equal(watch_secret_threshold(0, NOW), -1);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(watch_secret_threshold(NOW + steps[i] * DAY, NOW), steps[i]);
        assert_int_not_equal(watch_secret_threshold(NOW + steps[i] * DAY + 1, NOW), steps[i]);
    }
    assert_int_equal(watch_secret_threshold(NOW, NOW), 0);
    assert_int_equal(watch_secret_days(NOW + 9 * DAY + 5, NOW), 9);
    assert_int_equal(watch_secret_days(NOW - 1, NOW), -1);
    assert_string_equal(watch_secret_state(0, NOW), "endless");
    assert_string_equal(watch_secret_state(NOW, NOW), "expired");
    assert_string_equal(watch_secret_state(NOW + 30 * DAY, NOW), "expiring");
    assert_string_equal(watch_secret_state(NOW + 31 * DAY, NOW), "active");
}

static void who_holds_which(void **state)
{
    const struct watch_secret list[] = {
        {"aaaaaaaa", NOW}, {"bbbbbbbb", NOW + DAY}, {"", NOW + 2 * DAY}};
    struct watch_secret ours = {"bbbbbbbb", NOW + 3 * DAY};
    enum watch_holder who[3];
    (void)state;
    watch_secret_holders(&ours, list, 3, who);
    assert_int_equal(who[0], WATCH_SOMEBODY_ELSE);
    assert_int_equal(who[1], WATCH_OURS);
    ours.fingerprint = "cccccccc"; /* the service hashes otherwise: dates are all there is */
    watch_secret_holders(&ours, list, 3, who);
    assert_int_equal(who[0], WATCH_UNKNOWN);
    ours.created_us = NOW + 1;
    watch_secret_holders(&ours, list, 3, who);
    assert_int_equal(who[0], WATCH_OURS_BY_DATE);
    assert_int_equal(who[1], WATCH_SOMEBODY_ELSE);
    watch_secret_holders(NULL, list, 3, who);
    assert_int_equal(who[1], WATCH_SOMEBODY_ELSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observer_reads_system_tables_only),
        cmocka_unit_test(statement_is_bounded_and_its_own),
        cmocka_unit_test(lines_have_words),
        cmocka_unit_test(ends_of_secrets),
        cmocka_unit_test(who_holds_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
