/* Drafts of ticks and the names in memory: what they come to, what survives, what is counted. */
#define _GNU_SOURCE

#include "catalog/key.h"
#include "catalog/names.h"
#include "catalog/ticks.h"

#include "base/alloc.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct catalog_author alice = {"alice", 1000}, bob = {"bob", 1001};

struct place {
    char folder[64];
    struct base_seam *seam;
    struct store_state *store;
    struct catalog_ticks *ticks;
    struct model_share share;
};

static void share_add(struct model_share *share, const char *name)
{
    struct model_share_table table = {.mode = (char *)"full"};
    assert_int_equal(model_name_parse(name, &table.name, NULL), 0);
    assert_true(model_share_add(share, &table));
    model_name_free(&table.name);
}

static void place_open(struct place *place)
{
    struct err err = ERR_INIT;
    if (place->folder[0] == '\0') {
        snprintf(place->folder, sizeof place->folder, "/tmp/aampe-ticks-XXXXXX");
        assert_non_null(mkdtemp(place->folder));
        share_add(&place->share, "shop.aampe.events");
        share_add(&place->share, "shop.aampe.users");
    }
    place->seam = base_seam_new();
    place->store = store_open(place->folder, place->seam, &err);
    assert_non_null(place->store);
    place->ticks = catalog_ticks_new(place->store, place->seam, &err);
    assert_non_null(place->ticks);
    assert_int_equal(catalog_ticks_share(place->ticks, &place->share, NULL, &err), 0);
}

static void place_close(struct place *place)
{
    catalog_ticks_free(&place->ticks);
    store_free(&place->store);
    base_seam_free(&place->seam);
}

static void place_remove(struct place *place)
{
    place_close(place);
    model_share_free(&place->share);
    assert_int_equal(base_file_remove_tree(place->folder, NULL), 0);
}

static int64_t set_one(struct place *place, const char *name, bool on,
                       const struct catalog_author *author)
{
    struct err err = ERR_INIT;
    int64_t changed = -1;
    assert_int_equal(catalog_ticks_set(place->ticks, &name, 1, on, author, &changed, &err), 0);
    return changed;
}

static void expect(struct place *place, int64_t add, int64_t remove, int64_t operations)
{
    struct catalog_draft draft = catalog_ticks_draft(place->ticks);
    assert_int_equal(draft.add, add);
    assert_int_equal(draft.remove, remove);
    assert_int_equal(draft.operations, operations);
}

/* A tick that says what the share says is none, also when it comes about the other way round. */
static void test_equal_vanishes(void **state)
{
    struct place place = {0};
    struct err err = ERR_INIT;
    bool changed;
    (void)state;
    place_open(&place);
    assert_int_equal(set_one(&place, "shop.aampe.users", true, &alice), 0);
    expect(&place, 0, 0, 0);
    assert_int_equal(set_one(&place, "SHOP.aampe.Users", false, &alice), 1);
    expect(&place, 0, 1, 1);
    assert_int_equal(set_one(&place, "shop.aampe.users", true, &alice), 1);
    expect(&place, 0, 0, 2);
    assert_int_equal(set_one(&place, "shop.crm.customers", true, &bob), 1);
    int64_t revision = catalog_ticks_draft(place.ticks).revision;
    int64_t base = catalog_ticks_draft(place.ticks).base;
    share_add(&place.share, "shop.crm.customers");
    assert_int_equal(catalog_ticks_share(place.ticks, &place.share, &changed, &err), 0);
    assert_true(changed);
    expect(&place, 0, 0, 3);
    assert_int_equal(catalog_ticks_draft(place.ticks).revision, revision + 1);
    assert_int_equal(catalog_ticks_draft(place.ticks).base, base + 1);
    cJSON *moved = catalog_ticks_moved_json(place.ticks);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(moved, "added")), 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(moved, "removed")), 0);
    cJSON_Delete(moved);
    assert_int_equal(catalog_ticks_share(place.ticks, &place.share, &changed, &err), 0);
    assert_false(changed);
    place_remove(&place);
}

static void test_undo_and_counts(void **state)
{
    struct place place = {0};
    struct err err = ERR_INIT;
    const char *const names[] = {"shop.web.a", "shop.web.b", "shop.aampe.users", "shop.`x.y`.t"};
    struct catalog_tick_counts counts;
    int64_t changed;
    char what[160];
    (void)state;
    place_open(&place);
    assert_int_equal(catalog_ticks_set(place.ticks, names, 4, true, &alice, &changed, &err), 0);
    assert_int_equal(changed, 3); /* users is in the share */
    set_one(&place, "shop.aampe.events", false, &bob);
    assert_string_equal(catalog_ticks_draft(place.ticks).author, "bob");
    counts = catalog_ticks_counts(place.ticks, "c:shop");
    assert_true(counts.ticked == 4 && counts.add == 3 && counts.remove == 1);
    counts = catalog_ticks_counts(place.ticks, "s:shop.aampe");
    assert_true(counts.ticked == 1 && counts.add == 0 && counts.remove == 1);
    counts = catalog_ticks_counts(place.ticks, "s:shop.`x.y`");
    assert_true(counts.ticked == 1 && counts.add == 1);
    assert_int_equal(catalog_ticks_get(place.ticks, "shop.web.b").draft, 1);
    int64_t revision = catalog_ticks_draft(place.ticks).revision;
    assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    assert_int_equal(changed, 1);
    assert_string_equal(what, "untick 1 table");
    assert_int_equal(catalog_ticks_clear(place.ticks, &alice, &changed, &err), 0);
    assert_int_equal(changed, 3);
    expect(&place, 0, 0, 2);
    assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    expect(&place, 3, 0, 1);
    assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    expect(&place, 0, 0, 0);
    assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    assert_int_equal(changed, 0);
    assert_int_equal(catalog_ticks_draft(place.ticks).revision, revision + 4);
    counts = catalog_ticks_counts(place.ticks, "");
    assert_true(counts.ticked == 2 && counts.add == 0 && counts.remove == 0);
    place_remove(&place);
}

/* The engine is gone without a word: everything is as it was, undo included. */
static void test_survives(void **state)
{
    struct place place = {0};
    struct err err = ERR_INIT;
    int64_t changed, revision;
    int draft;
    char what[160];
    (void)state;
    place_open(&place);
    set_one(&place, "shop.web.b", true, &alice);
    set_one(&place, "shop.web.a", true, &alice);
    set_one(&place, "shop.aampe.users", false, &bob);
    revision = catalog_ticks_draft(place.ticks).revision;
    place_close(&place);
    place_open(&place);
    expect(&place, 2, 1, 3);
    assert_int_equal(catalog_ticks_draft(place.ticks).revision, revision);
    assert_string_equal(catalog_ticks_draft(place.ticks).author, "bob");
    assert_string_equal(catalog_ticks_at(place.ticks, 0, &draft), "shop.aampe.users");
    assert_int_equal(draft, -1);
    assert_string_equal(catalog_ticks_at(place.ticks, 2, &draft), "shop.web.b");
    assert_null(catalog_ticks_at(place.ticks, 3, &draft));
    assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    assert_string_equal(what, "untick 1 table");
    expect(&place, 2, 0, 2);
    assert_int_equal(catalog_ticks_applied(place.ticks, &alice, &err), 0);
    place_close(&place);
    place_open(&place);
    expect(&place, 0, 0, 0);
    assert_true(catalog_ticks_draft(place.ticks).revision > revision);
    place_remove(&place);
}

/* A long evening: old operations become one, what they come to stays, also after a restart. */
static void test_folds(void **state)
{
    struct place place = {0};
    struct err err = ERR_INIT;
    int64_t changed;
    char name[64], what[160];
    (void)state;
    place_open(&place);
    for (int i = 0; i < 450; i++) {
        snprintf(name, sizeof name, "shop.web.t%d", i / 3);
        set_one(&place, name, i % 3 != 1, &alice); /* on, off, on */
    }
    struct catalog_draft draft = catalog_ticks_draft(place.ticks);
    assert_int_equal(draft.add, 150);
    assert_true(draft.operations <= 200);
    place_close(&place);
    place_open(&place);
    expect(&place, 150, 0, draft.operations);
    for (int64_t i = draft.operations; i > 0; i--)
        assert_int_equal(catalog_ticks_undo(place.ticks, &alice, &changed, what, &err), 0);
    expect(&place, 0, 0, 0);
    place_remove(&place);
}

static void test_bounds(void **state)
{
    struct place place = {0};
    struct err err = ERR_INIT;
    const char *bad = "shop.web", *none = "";
    int64_t changed;
    (void)state;
    place_open(&place);
    assert_int_equal(catalog_ticks_set(place.ticks, &bad, 1, true, &alice, &changed, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    err = ERR_INIT;
    assert_int_equal(catalog_ticks_set(place.ticks, &none, 1, true, &alice, &changed, &err), -1);
    expect(&place, 0, 0, 0);
    char **names = base_alloc_zero(CATALOG_TICKS_MAX, sizeof *names);
    for (int i = 0; i < CATALOG_TICKS_MAX; i++)
        names[i] = base_printf("shop.web.t%06d", i);
    err = ERR_INIT;
    assert_int_equal(catalog_ticks_set(place.ticks, (const char *const *)names, CATALOG_TICKS_MAX,
                                       true, &alice, &changed, &err),
                     -1);
    assert_int_equal(err.code, ERR_LIMIT_EXCEEDED);
    expect(&place, 0, 0, 0);
    for (int i = 0; i < CATALOG_TICKS_MAX; i++)
        free(names[i]);
    free(names);
    place_remove(&place);
}

static void test_keys(void **state)
{
    (void)state;
    char *key = catalog_key_parent("a.`b.c`.d", 's');
    assert_string_equal(key, "s:a.`b.c`");
    free(key);
    key = catalog_key_parent("`a``.`.b.c", 'c');
    assert_string_equal(key, "c:`a``.`");
    free(key);
    assert_int_equal(catalog_key_parts("a.b.c"), 3);
    assert_int_equal(catalog_key_parts("`a.b`.c"), 2);
    assert_int_equal(catalog_key_parts(""), 1);
}

/* --- names
 * ---------------------------------------------------------------------------------------------
 */

static struct store_cached cached(const char *key, const char *kind, int64_t flags)
{
    const char *dot = strrchr(key, '.');
    return (struct store_cached){.key = (char *)key,
                                 .kind = (char *)kind,
                                 .name = (char *)(dot ? dot + 1 : key + 2),
                                 .json = (char *)"{}",
                                 .flags = flags};
}

struct hits {
    char text[400];
    int count, stop_after;
};

static bool hit(void *user, const struct catalog_found *found)
{
    struct hits *hits = user;
    snprintf(hits->text + strlen(hits->text), sizeof hits->text - strlen(hits->text), "%s ",
             found->full_name);
    return ++hits->count != hits->stop_after;
}

static void names_fill(struct store_cache *cache)
{
    struct err err = ERR_INIT;
    struct store_cached catalogs[] = {cached("c:shop", "catalog", 0),
                                      cached("c:lab", "catalog", CATALOG_BROWSE_ONLY)};
    struct store_cached schemas[] = {cached("s:shop.web", "schema", 0),
                                     cached("s:shop.crm", "schema", CATALOG_BROWSE_ONLY)};
    struct store_cached lab[] = {cached("s:lab.x", "schema", CATALOG_BROWSE_ONLY)};
    struct store_cached web[] = {cached("t:shop.web.Events", "table", 0),
                                 cached("t:shop.web.clicks", "table", 0),
                                 cached("t:shop.web.secret", "table", CATALOG_HIDDEN)};
    struct store_cached crm[] = {cached("t:shop.crm.events_old", "table", CATALOG_BROWSE_ONLY)};
    assert_int_equal(store_cache_replace(cache, "", catalogs, 2, &err), 0);
    assert_int_equal(store_cache_replace(cache, "c:shop", schemas, 2, &err), 0);
    assert_int_equal(store_cache_replace(cache, "c:lab", lab, 1, &err), 0);
    assert_int_equal(store_cache_replace(cache, "s:shop.web", web, 3, &err), 0);
    assert_int_equal(store_cache_replace(cache, "s:shop.crm", crm, 1, &err), 0);
}

static void test_names(void **state)
{
    struct err err = ERR_INIT;
    struct base_seam *seam = base_seam_new();
    struct store_cache *cache = store_cache_open(NULL, seam, &err);
    struct catalog_names *names = catalog_names_new(cache);
    struct hits hits = {0};
    (void)state;
    assert_int_equal(catalog_names_counts(names, "").tables, 0);
    names_fill(cache);
    catalog_names_changed(names, "");
    struct catalog_counts counts = catalog_names_counts(names, "c:shop");
    assert_true(counts.schemas == 2 && counts.tables == 4 && counts.hidden == 1 &&
                counts.readable == 2);
    assert_int_equal(catalog_names_counts(names, "s:shop.web").tables, 3);
    assert_int_equal(catalog_names_flags(names, "c:lab"), CATALOG_BROWSE_ONLY);
    /* as the workspace writes them, in the order of full names, whatever the case of the pattern */
    catalog_names_search(names, "EVENTS", hit, &hits);
    assert_string_equal(hits.text, "shop.crm.events_old shop.web.Events ");
    hits = (struct hits){0};
    catalog_names_search(names, "web.", hit, &hits);
    assert_int_equal(hits.count, 3);
    hits = (struct hits){0};
    catalog_names_search(names, "*.web.*s", hit, &hits);
    assert_string_equal(hits.text, "shop.web.clicks shop.web.Events ");
    hits = (struct hits){.stop_after = 1};
    catalog_names_search(names, NULL, hit, &hits);
    assert_int_equal(hits.count, 1);
    hits = (struct hits){0};
    catalog_names_below(names, "s:shop.web", "web", hit, &hits); /* of the table's own name */
    assert_int_equal(hits.count, 0);
    catalog_names_below(names, "c:shop", "e", hit, &hits);
    assert_string_equal(hits.text, "shop.crm.events_old shop.web.Events shop.web.secret ");
    /* one schema changes, the others are not read again; a look leaves its flags */
    struct store_cached more[] = {cached("t:shop.web.new", "table", 0)};
    assert_int_equal(store_cache_replace(cache, "s:shop.web", more, 1, &err), 0);
    catalog_names_changed(names, "s:shop.web");
    assert_int_equal(catalog_names_counts(names, "c:shop").tables, 2);
    catalog_names_flagged(names, "t:shop.web.new", CATALOG_LOOKED | CATALOG_MASKED);
    hits = (struct hits){0};
    catalog_names_search(names, "new", hit, &hits);
    assert_int_equal(hits.count, 1);
    catalog_names_free(&names);
    store_cache_free(&cache);
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_vanishes), cmocka_unit_test(test_undo_and_counts),
        cmocka_unit_test(test_survives),       cmocka_unit_test(test_folds),
        cmocka_unit_test(test_bounds),         cmocka_unit_test(test_keys),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
