/* The flat list of Browse: lines and rows, folding, windows, what stays selected. */
#include "ui/screen/browse_tree.h"

#include "base/alloc.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A workspace of `catalogs` x `schemas` x `tables`, answered like "tree.rows"; `skip` first tables
 * of each schema are gone. */
struct world {
    int catalogs, schemas, tables, skip;
    int64_t epoch;
    int asked, rows;
};

static cJSON *row_new(const char *kind, const char *key, const char *name)
{
    cJSON *row = base_json_object();
    base_json_add_str(row, "key", key);
    base_json_add_str(row, "kind", kind);
    base_json_add_str(row, "name", name);
    return row;
}

static cJSON *world_answer(struct world *world, const struct browse_want *want)
{
    bool root = want->key[0] == '\0', catalog = want->key[0] == 'c';
    int total = root ? world->catalogs : catalog ? world->schemas : world->tables - world->skip;
    cJSON *result = base_json_object(), *rows = base_json_add_array(result, "rows");
    base_json_add_i64(result, "epoch", world->epoch);
    base_json_add_i64(result, "total", total);
    assert_true(want->limit >= 1 && want->limit <= BROWSE_PAGE);
    for (int i = 0; i < want->limit && want->offset + i < total; i++) {
        int at = (int)want->offset + i + (root || catalog ? 0 : world->skip);
        char key[100], name[20];
        snprintf(name, sizeof name, "%s%05d", root ? "cat" : catalog ? "sch" : "tab", at);
        snprintf(key, sizeof key, "%s%s%s",
                 root      ? "c:"
                 : catalog ? "s:"
                           : "t:",
                 root ? "" : want->key + 2, root ? "" : ".");
        strcat(key, name);
        cJSON *row = row_new(root ? "catalog" : catalog ? "schema" : "table", key, name);
        base_json_push_take(rows, row);
        world->rows++;
    }
    world->asked++;
    return result;
}

/* Asks until nothing is wanted for these lines. */
static void fill(struct browse_tree *tree, struct world *world, int64_t from, int64_t to)
{
    struct browse_want want;
    for (int guard = 0; browse_tree_want(tree, from, to, &want); guard++) {
        cJSON *result = world_answer(world, &want);
        browse_tree_take(tree, &want, result, NULL);
        cJSON_Delete(result);
        free(want.key);
        assert_true(guard < 100);
    }
}

static const char *name_at(const struct browse_tree *tree, int64_t at)
{
    struct browse_line line;
    if (!browse_tree_line(tree, at, &line))
        return "(behind the end)";
    return line.kind == BROWSE_ROW ? base_json_str_or(line.row, "name", "") : "(none)";
}

static void test_opening(void **state)
{
    (void)state;
    struct world world = {.catalogs = 3, .schemas = 4, .tables = 130, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    struct browse_line line;
    assert_int_equal(browse_tree_count(tree), 0);
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 3);
    assert_true(browse_tree_open(tree, 1));
    assert_int_equal(browse_tree_count(tree), 4); /* a line that says its rows are on the way */
    assert_true(browse_tree_line(tree, 2, &line));
    assert_int_equal(line.kind, BROWSE_WAIT);
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 7);
    assert_string_equal(name_at(tree, 2), "sch00000");
    assert_true(browse_tree_open(tree, 3));
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 137);
    assert_string_equal(name_at(tree, 3), "sch00001");
    assert_string_equal(name_at(tree, 4), "tab00000");
    assert_true(browse_tree_line(tree, 4, &line));
    assert_int_equal(line.depth, 2);
    assert_int_equal(line.above, 3);
    assert_string_equal(line.owner, "s:cat00001.sch00001");
    assert_string_equal(name_at(tree, 134), "sch00002");
    assert_string_equal(name_at(tree, 136), "cat00002");
    assert_false(browse_tree_line(tree, 137, &line));
    /* Far away nothing was asked for. */
    assert_string_equal(name_at(tree, 100), "(none)");
    /* Folding and opening again: what lay open inside is open again. */
    assert_true(browse_tree_fold(tree, 1));
    assert_int_equal(browse_tree_count(tree), 3);
    assert_true(browse_tree_open(tree, 1));
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 137);
    assert_string_equal(name_at(tree, 4), "tab00000");
    browse_tree_free(&tree);
}

static void test_first_table_in_three(void **state)
{
    (void)state;
    struct world world = {.catalogs = 2, .schemas = 1000, .tables = 50, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    struct browse_want want;
    while (browse_tree_want(tree, 0, 20, &want)) {
        cJSON *result = world_answer(&world, &want);
        browse_tree_take(tree, &want, result, NULL);
        cJSON_Delete(result);
        free(want.key);
        browse_tree_descend(tree);
        if (strncmp(name_at(tree, 2), "tab", 3) == 0)
            break;
    }
    assert_string_equal(name_at(tree, 2), "tab00000");
    assert_int_equal(world.asked, 3);
    browse_tree_free(&tree);
}

static void test_windows_are_dropped(void **state)
{
    (void)state;
    struct world world = {.catalogs = 1, .schemas = 1, .tables = 100000, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 0);
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 1);
    for (int64_t at = 0; at < 20000; at += 20)
        fill(tree, &world, at, at + 20);
    assert_true(browse_tree_kept(tree) <= BROWSE_ROWS_MAX);
    assert_string_equal(name_at(tree, 19990), "tab19988");
    assert_string_equal(name_at(tree, 100), "(none)");
    /* Straight to the end: a few windows, not everything before it. */
    int before = world.rows;
    fill(tree, &world, 99980, 100001);
    assert_string_equal(name_at(tree, 100001), "tab99999");
    assert_true(world.rows - before <= 2 * BROWSE_PAGE);
    browse_tree_free(&tree);
}

static void test_selection_kept(void **state)
{
    (void)state;
    struct world world = {.catalogs = 1, .schemas = 3, .tables = 40, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 0);
    fill(tree, &world, 0, 60);
    browse_tree_open(tree, 2);
    fill(tree, &world, 0, 60);
    const char *owner = "s:cat00000.sch00001", *key = "t:cat00000.sch00001.tab00010";
    assert_int_equal(browse_tree_find(tree, owner, key, 10), 13);
    /* Opened above it: it moves down. */
    browse_tree_open(tree, 1);
    fill(tree, &world, 0, 60);
    assert_int_equal(browse_tree_find(tree, owner, key, 10), 53);
    /* The list changes: five tables are gone; until it is read again the old one stays shown. */
    world.skip = 5;
    world.epoch = 2;
    browse_tree_stale(tree);
    assert_string_equal(name_at(tree, 53), "tab00010");
    fill(tree, &world, 0, 90);
    assert_int_equal(browse_tree_find(tree, owner, key, 10), 43);
    assert_string_equal(name_at(tree, 43), "tab00010");
    /* The table itself goes: its place is kept. */
    world.skip = 20;
    world.epoch = 3;
    browse_tree_stale(tree);
    fill(tree, &world, 0, 90);
    assert_int_equal(browse_tree_find(tree, owner, key, 5), 2 + 20 + 1 + 5);
    assert_int_equal(browse_tree_find(tree, "s:nowhere", key, 5), -1);
    browse_tree_free(&tree);
}

/* A row that has moved by more than a window is found by its name, up and down. */
static void test_chase(void **state)
{
    (void)state;
    struct world world = {.catalogs = 1, .schemas = 1, .tables = 1000, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    const char *owner = "s:cat00000.sch00000", *key = "t:cat00000.sch00000.tab00600";
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 0);
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 1);
    fill(tree, &world, 0, 20);
    fill(tree, &world, 600, 620);
    for (int turn = 0; turn < 2; turn++) {
        int64_t index = turn == 0 ? 600 : 350;
        world.skip = turn == 0 ? 250 : 20;
        world.epoch++;
        browse_tree_stale(tree);
        int steps = 0;
        do {
            int64_t at = browse_tree_find(tree, owner, key, index);
            fill(tree, &world, at, at + 20);
            assert_true(++steps < 10);
        } while (browse_tree_chase(tree, owner, key, "tab00600", &index));
        assert_string_equal(name_at(tree, browse_tree_find(tree, owner, key, index)), "tab00600");
        assert_true(steps > 2);
    }
    browse_tree_free(&tree);
}

/* Another epoch in an answer: everything else here is old. */
static void test_epoch(void **state)
{
    (void)state;
    struct world world = {.catalogs = 200, .schemas = 1, .tables = 1, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    fill(tree, &world, 0, 20);
    world.epoch = 2;
    world.catalogs = 100;
    fill(tree, &world, 90, 99);
    assert_int_equal(browse_tree_count(tree), 100);
    int before = world.asked;
    fill(tree, &world, 0, 20);
    assert_int_equal(world.asked, before + 1); /* the first window, again */
    world.catalogs = 0;
    browse_tree_stale(tree);
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 0);
    assert_int_equal(browse_tree_total(tree), 0);
    browse_tree_free(&tree);
}

static void test_errors_and_late(void **state)
{
    (void)state;
    struct world world = {.catalogs = 2, .schemas = 2, .tables = 2, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    struct browse_want want;
    struct browse_line line;
    struct err err = ERR_INIT;
    fill(tree, &world, 0, 20);
    browse_tree_open(tree, 0);
    assert_true(browse_tree_want(tree, 0, 20, &want));
    assert_string_equal(want.key, "c:cat00000");
    base_err_set(&err, ERR_SRC_PERM_SCHEMA, "no USE CATALOG");
    browse_tree_take(tree, &want, NULL, &err);
    assert_true(browse_tree_line(tree, 1, &line));
    assert_int_equal(line.kind, BROWSE_ERROR);
    assert_string_equal(line.error, "no USE CATALOG");
    free(want.key);
    assert_false(browse_tree_want(tree, 0, 20, &want)); /* not again by itself */
    browse_tree_stale(tree);
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 4);
    /* Folded before the answer came. */
    browse_tree_open(tree, 1);
    assert_true(browse_tree_want(tree, 0, 20, &want));
    browse_tree_fold(tree, 1);
    cJSON *result = world_answer(&world, &want);
    browse_tree_take(tree, &want, result, NULL);
    cJSON_Delete(result);
    free(want.key);
    assert_int_equal(browse_tree_count(tree), 4);
    browse_tree_free(&tree);
}

/* Folds that are remembered open as their rows come. */
static void test_remember(void **state)
{
    (void)state;
    struct world world = {.catalogs = 2, .schemas = 2, .tables = 2, .epoch = 1};
    struct browse_tree *tree = browse_tree_new();
    browse_tree_remember(tree, "", "c:cat00001");
    browse_tree_remember(tree, "c:cat00001", "s:cat00001.sch00001");
    browse_tree_remember(tree, "", "c:gone");
    fill(tree, &world, 0, 20);
    assert_int_equal(browse_tree_count(tree), 6);
    assert_string_equal(name_at(tree, 5), "tab00001");
    browse_tree_free(&tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_first_table_in_three),
        cmocka_unit_test(test_windows_are_dropped),
        cmocka_unit_test(test_selection_kept),
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_chase),
        cmocka_unit_test(test_errors_and_late),
        cmocka_unit_test(test_remember),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
