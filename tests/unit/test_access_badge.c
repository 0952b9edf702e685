/* The word and the sentence of a row of the tree, from what is known of three levels. */
#include "access/badge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct access_badge_facts facts_all(enum access_has catalog, enum access_has schema,
                                           enum access_has table)
{
    return (struct access_badge_facts){.kind = BADGE_OF_TABLE,
                                       .catalog = catalog,
                                       .schema = schema,
                                       .table = table,
                                       .catalog_name = "shop",
                                       .schema_name = "shop.loyalty",
                                       .table_name = "shop.loyalty.members",
                                       .catalog_owner = "data-owners",
                                       .schema_owner = "crm-team",
                                       .table_owner = "crm-team"};
}

static void expect(const struct access_badge_facts *facts, const char *word, const char *sentence)
{
    char why[600];
    assert_string_equal(access_badge_word(access_badge_make(facts, why, sizeof why)), word);
    assert_string_equal(why, sentence);
}

static void test_missing(void **state)
{
    (void)state;
    struct access_badge_facts facts = facts_all(ACCESS_YES, ACCESS_NO, ACCESS_NO);
    expect(&facts, "no_schema",
           "lacks USE SCHEMA on shop.loyalty, then SELECT; crm-team can grant both");
    facts = facts_all(ACCESS_YES, ACCESS_NO, ACCESS_UNKNOWN);
    expect(&facts, "no_schema", "lacks USE SCHEMA on shop.loyalty; crm-team can grant it");
    facts = facts_all(ACCESS_YES, ACCESS_YES, ACCESS_NO);
    expect(&facts, "no_select", "lacks SELECT on shop.loyalty.members; crm-team can grant it");
    facts = facts_all(ACCESS_NO, ACCESS_NO, ACCESS_NO);
    expect(&facts, "no_catalog",
           "lacks USE CATALOG on shop, then USE SCHEMA, then SELECT; data-owners and crm-team can "
           "grant them");
    facts.kind = BADGE_OF_CATALOG; /* levels below are not looked at */
    expect(&facts, "no_catalog", "lacks USE CATALOG on shop; data-owners can grant it");
    facts.catalog_owner = NULL;
    expect(&facts, "no_catalog", "lacks USE CATALOG on shop; its owner can grant it");
}

static void test_readable(void **state)
{
    (void)state;
    struct access_badge_facts facts = facts_all(ACCESS_YES, ACCESS_YES, ACCESS_YES);
    expect(&facts, "extra", "readable, not in the share: tick it, or crm-team can revoke SELECT");
    facts.ticked = true;
    expect(&facts, "ok", "");
    facts.row_filter = facts.masked = true;
    expect(&facts, "filtered",
           "has a row filter and masked columns: Aampe reads only what they leave");
    facts = facts_all(ACCESS_YES, ACCESS_YES, ACCESS_UNKNOWN);
    expect(&facts, "unknown", "");
}

static void test_out_of_reach(void **state)
{
    (void)state;
    char why[16];
    struct access_badge_facts facts = facts_all(ACCESS_YES, ACCESS_YES, ACCESS_YES);
    facts.tables_hidden = true;
    expect(&facts, "hidden",
           "the principal sees none of its tables; crm-team can grant what is missing");
    facts.hidden = true;
    expect(&facts, "hidden", "the principal does not see it; crm-team can grant what is missing");
    facts.built_in = true;
    expect(&facts, "built_in", "the principal does not see it; who may use the catalog does");
    facts.hidden = false;
    expect(&facts, "built_in",
           "every catalog has it, for all who may use the catalog; it is not shared");
    facts.not_uc = true;
    assert_int_equal(access_badge_make(&facts, why, sizeof why), BADGE_NOT_UC);
    assert_int_equal(strlen(why), sizeof why - 1); /* cut, not overrun */
    for (int i = BADGE_UNKNOWN; i <= BADGE_BUILT_IN; i++)
        assert_int_equal(access_badge_by_word(access_badge_word((enum access_badge)i)), i);
    assert_int_equal(access_badge_by_word("nonsense"), BADGE_UNKNOWN);
    assert_int_equal(access_badge_by_word(NULL), BADGE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_readable),
                                       cmocka_unit_test(test_out_of_reach)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
