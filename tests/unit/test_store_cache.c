/* cache.db: lists in windows, listings in pages, what goes and what stays. */
#define _GNU_SOURCE

#include "store/cache.h"

#include "base/alloc.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct store_cached cached(const char *key, const char *parent, const char *kind,
                                  const char *name)
{
    return (struct store_cached){.key = (char *)key,
                                 .parent = (char *)parent,
                                 .kind = (char *)kind,
                                 .name = (char *)name,
                                 .json = (char *)"{}"};
}

static void key_count(void *user, const struct store_cached *row)
{
    int *count = user;
    assert_string_equal(row->kind, "table");
    ++*count;
}

/* A listing in pages: a row seen again is no change for a reader, a new or a missing one is; what a
 * look at a table found stays. */
static void test_cache_pages(struct store_cache *cache)
{
    struct err err = ERR_INIT;
    struct store_cached rows[] = {cached("t:shop.a.Events", "s:shop.a", "table", "Events"),
                                  cached("t:shop.a.100%_x", "s:shop.a", "table", "100%_x"),
                                  cached("t:shop.a.new", "s:shop.a", "table", "new")};
    struct store_cached row;
    int64_t epoch = store_cache_epoch_of(cache, "s:shop.a"), walk = store_cache_walk(cache);
    int count = 0;
    rows[0].flags = 3;
    assert_int_equal(store_cache_detail(cache, "t:shop.a.Events", "{\"a\":1}", 0x100 | 1, &err), 0);
    assert_int_equal(store_cache_page(cache, "s:shop.a", walk, rows, 1, &err), 0);
    assert_int_equal(store_cache_page(cache, "s:shop.a", walk, rows + 1, 1, &err), 0);
    assert_int_equal(store_cache_listed(cache, "s:shop.a", walk, &err), 0);
    assert_true(store_cache_epoch_of(cache, "s:shop.a") == epoch);
    assert_true(store_cache_get(cache, "t:shop.a.Events", &row));
    assert_int_equal(row.flags, 0x103);
    assert_string_equal(row.detail, "{\"a\":1}");
    store_cached_clear(&row);
    walk = store_cache_walk(cache);
    assert_int_equal(store_cache_page(cache, "s:shop.a", walk, rows + 2, 1, &err), 0);
    assert_true(store_cache_epoch_of(cache, "s:shop.a") != epoch);
    epoch = store_cache_epoch_of(cache, "s:shop.a");
    assert_int_equal(store_cache_each(cache, "table", "s:shop.a", key_count, &count, &err), 0);
    assert_int_equal(count, 3);
    assert_int_equal(store_cache_listed(cache, "s:shop.a", walk, &err), 0);
    assert_true(store_cache_epoch_of(cache, "s:shop.a") != epoch);
    assert_false(store_cache_get(cache, "t:shop.a.Events", &row));
    assert_int_equal(store_cache_replace(cache, "s:shop.a", rows, 2, &err), 0);
    assert_int_equal(store_cache_number(cache, "walk"), 0);
    assert_int_equal(store_cache_number_put(cache, "walk", 7, &err), 0);
    assert_int_equal(store_cache_number(cache, "walk"), 7);
}

static void test_cache(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct base_seam *seam = base_seam_new();
    char folder[] = "/tmp/aampe-cache-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = base_file_join(folder, "cache.db");
    struct store_cache *cache = store_cache_open(path, seam, &err);
    assert_non_null(cache);
    assert_int_equal(store_cache_age(cache, ""), 0);
    int64_t epoch = store_cache_epoch(cache);
    struct store_cached catalogs[] = {cached("c:shop", "", "catalog", "shop"),
                                      cached("c:Main", "", "catalog", "Main")};
    assert_int_equal(store_cache_replace(cache, "", catalogs, 2, &err), 0);
    assert_true(store_cache_epoch(cache) != epoch);
    assert_true(store_cache_age(cache, "") > 0);
    struct store_cached schemas[] = {cached("s:shop.a", "c:shop", "schema", "a")};
    struct store_cached tables[] = {cached("t:shop.a.Events", "s:shop.a", "table", "Events"),
                                    cached("t:shop.a.100%_x", "s:shop.a", "table", "100%_x")};
    assert_int_equal(store_cache_replace(cache, "c:shop", schemas, 1, &err), 0);
    assert_int_equal(store_cache_replace(cache, "s:shop.a", tables, 2, &err), 0);
    struct store_cached *rows, row;
    size_t count;
    int64_t total;
    assert_int_equal(
        store_cache_list(cache, "", NULL, CACHE_BY_NAME, 0, 10, &rows, &count, &total, &err), 0);
    assert_true(count == 2 && total == 2);
    assert_string_equal(rows[0].name, "Main");
    store_cached_free(rows, count);
    assert_int_equal(store_cache_list(cache, "s:shop.a", "EVE", CACHE_BY_NAME_DESC, 0, 10, &rows,
                                      &count, NULL, &err),
                     0);
    assert_int_equal(count, 1);
    store_cached_free(rows, count);
    test_cache_pages(cache);
    assert_true(store_cache_get(cache, "t:shop.a.Events", &row));
    store_cached_clear(&row);
    /* what is gone takes everything under it along */
    assert_int_equal(store_cache_replace(cache, "", catalogs + 1, 1, &err), 0);
    assert_false(store_cache_get(cache, "t:shop.a.Events", &row));
    assert_int_equal(store_cache_age(cache, "s:shop.a"), 0);
    store_cache_free(&cache);
    /* a damaged one is made anew */
    assert_int_equal(base_file_write_atomic(path, "no database at all, really not", 30, 0600, NULL),
                     0);
    cache = store_cache_open(path, seam, &err);
    assert_non_null(cache);
    assert_int_equal(store_cache_age(cache, ""), 0);
    assert_int_equal(store_cache_clear(cache, &err), 0);
    store_cache_free(&cache);
    cache = store_cache_open(NULL, seam, &err);
    assert_non_null(cache);
    store_cache_free(&cache);
    free(path);
    base_seam_free(&seam);
    assert_int_equal(base_file_remove_tree(folder, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cache)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
