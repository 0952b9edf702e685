/* What a principal has and lacks, out of what is listed, owned and tried. */
#include "access/verdict.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ME "7c1e9f52-3b0a-4d6e-9a41-0f2d5b8c6e17"

static char *groups[] = {(char *)"aampe_reader", (char *)"analysts"};
static const struct databricks_me me = {
    .user_name = (char *)ME, .groups = groups, .group_count = 2};
static const struct model_name name = {(char *)"shop", (char *)"loyalty", (char *)"members"};

static struct databricks_grant grant(const char *principal, const char *privilege, const char *type,
                                     const char *from)
{
    return (struct databricks_grant){(char *)principal, (char *)privilege, (char *)type,
                                     (char *)from};
}

static void verdict_of(struct databricks_grant *items, size_t count, enum err_code tried,
                       struct access_verdict *out)
{
    struct databricks_grants grants = {.items = items, .count = count};
    struct err err = {.code = tried};
    struct access_facts facts = {.table = &name,
                                 .principal = ME,
                                 .me = &me,
                                 .grants = &grants,
                                 .tried = tried == ERR_COUNT ? NULL : &err};
    access_verdict_make(&facts, out);
}

static void test_levels_of_the_mock_up(void **state)
{
    (void)state;
    struct databricks_grant items[] = {grant("aampe_reader", "USE_CATALOG", "CATALOG", "shop"),
                                       grant("others", "SELECT", NULL, NULL)};
    struct access_verdict verdict;
    verdict_of(items, 2, ERR_SRC_PERM_SCHEMA, &verdict);
    assert_int_equal(verdict.missing, 2);
    assert_false(verdict.readable);
    assert_int_equal(verdict.levels[0].has, ACCESS_YES);
    assert_int_equal(verdict.levels[0].way, ACCESS_WAY_GROUP);
    assert_string_equal(verdict.levels[0].via, "aampe_reader");
    assert_null(verdict.levels[0].from_name); /* granted on this level itself */
    assert_int_equal(verdict.levels[1].has, ACCESS_NO);
    assert_int_equal(verdict.levels[2].has, ACCESS_NO);
}

/* What nobody grants is not missing, until the service says that it is. */
static void test_information_schema_comes_with_its_catalog(void **state)
{
    (void)state;
    static const struct model_name built_in = {(char *)"shop", (char *)"information_schema",
                                               (char *)"tables"};
    struct databricks_grants none = {0};
    struct err refused = {.code = ERR_SRC_PERM_SCHEMA};
    struct access_facts facts = {.table = &built_in, .principal = ME, .me = &me, .grants = &none};
    struct access_verdict verdict;
    access_verdict_make(&facts, &verdict);
    assert_int_equal(verdict.missing, 1);
    assert_int_equal(verdict.levels[0].has, ACCESS_NO);
    assert_int_equal(verdict.levels[1].way, ACCESS_WAY_BUILT_IN);
    assert_int_equal(verdict.levels[2].way, ACCESS_WAY_BUILT_IN);
    facts.tried = &refused;
    access_verdict_make(&facts, &verdict);
    assert_int_equal(verdict.levels[0].way, ACCESS_WAY_PROOF);
    assert_int_equal(verdict.levels[1].has, ACCESS_NO);
}

static void test_inherited_and_all_privileges(void **state)
{
    (void)state;
    struct databricks_grant items[] = {
        grant(ME, "USE_CATALOG", "CATALOG", "shop"),
        grant("analysts", "ALL_PRIVILEGES", "SCHEMA", "shop.loyalty")};
    struct access_verdict verdict;
    verdict_of(items, 2, ERR_OK, &verdict);
    assert_true(verdict.readable);
    assert_int_equal(verdict.missing, 0);
    assert_int_equal(verdict.levels[2].way, ACCESS_WAY_GROUP);
    assert_string_equal(verdict.levels[2].privilege, "ALL PRIVILEGES");
    assert_string_equal(verdict.levels[2].from_name, "shop.loyalty");
    /* What is granted on a schema gives nothing above it. */
    verdict_of(items + 1, 1, ERR_COUNT, &verdict);
    assert_int_equal(verdict.levels[0].has, ACCESS_NO);
    assert_int_equal(verdict.levels[1].has, ACCESS_YES);
}

/* What a server lists that knows direct grants only: it says yes, and never no. */
static void test_direct_grants_prove_nothing_missing(void **state)
{
    (void)state;
    struct databricks_grant items[] = {grant(ME, "SELECT", NULL, NULL)};
    struct databricks_grants grants = {.items = items, .count = 1, .direct_only = true};
    struct access_facts facts = {.table = &name, .principal = ME, .me = &me, .grants = &grants};
    struct access_verdict verdict;
    access_verdict_make(&facts, &verdict);
    assert_int_equal(verdict.missing, 0);
    assert_false(verdict.known);
    assert_int_equal(verdict.levels[0].has, ACCESS_UNKNOWN);
    assert_int_equal(verdict.levels[1].has, ACCESS_UNKNOWN);
    assert_int_equal(verdict.levels[2].has, ACCESS_YES);
}

static void test_trying_wins(void **state)
{
    (void)state;
    struct databricks_grant items[] = {grant(ME, "USE_CATALOG", "CATALOG", "shop"),
                                       grant(ME, "USE_SCHEMA", "SCHEMA", "shop.loyalty"),
                                       grant(ME, "SELECT", NULL, NULL)};
    struct access_verdict verdict;
    verdict_of(items, 0, ERR_OK, &verdict); /* nothing is listed, and yet it reads */
    assert_true(verdict.readable);
    for (int i = 0; i < ACCESS_LEVELS; i++) {
        assert_int_equal(verdict.levels[i].has, ACCESS_YES);
        assert_int_equal(verdict.levels[i].way, ACCESS_WAY_PROOF);
    }
    verdict_of(items, 3, ERR_SRC_PERM_TABLE, &verdict); /* all is listed, and yet it does not */
    assert_int_equal(verdict.missing, 1);
    assert_int_equal(verdict.levels[2].has, ACCESS_NO);
    verdict_of(items, 3, ERR_NET_STALL, &verdict); /* says nothing about rights */
    assert_int_equal(verdict.missing, 0);
    assert_false(verdict.readable);
    assert_false(verdict.known);
}

static void test_owner_and_nothing_known(void **state)
{
    (void)state;
    struct access_facts facts = {.table = &name, .principal = ME, .me = &me};
    struct access_verdict verdict;
    facts.owners[MODEL_GRANT_TABLE] = "analysts";
    access_verdict_make(&facts, &verdict);
    assert_int_equal(verdict.levels[0].has, ACCESS_UNKNOWN);
    assert_int_equal(verdict.levels[2].has, ACCESS_YES);
    assert_int_equal(verdict.levels[2].way, ACCESS_WAY_OWNER);
    assert_int_equal(verdict.missing, 0);
    assert_false(verdict.known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_of_the_mock_up),
        cmocka_unit_test(test_information_schema_comes_with_its_catalog),
        cmocka_unit_test(test_inherited_and_all_privileges),
        cmocka_unit_test(test_direct_grants_prove_nothing_missing),
        cmocka_unit_test(test_trying_wins),
        cmocka_unit_test(test_owner_and_nothing_known),
    };
    return cmocka_run_group_tests_name("access_verdict", tests, NULL, NULL);
}
