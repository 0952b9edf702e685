/* The pure parts of a sync: tiling of chunks, cutting into groups, links, memory reservations, who
 * is tried again. */
#include "sync/budget.h"
#include "sync/group.h"
#include "sync/manifest.h"
#include "sync/retry.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHUNKS 4

static void tiles(struct sync_chunk chunks[CHUNKS])
{
    static const struct sync_chunk good[CHUNKS] = {
        {0, 0, 100, 1000}, {1, 100, 0, 0}, {2, 100, 50, 900}, {3, 150, 25, 400}};
    memcpy(chunks, good, sizeof good);
}

static enum err_code check(const struct sync_chunk *chunks, size_t count, int64_t declared,
                           int64_t rows)
{
    struct err err = ERR_INIT;
    int rc = sync_chunks_check(chunks, count, declared, rows, &err);
    assert_int_equal(rc, err.code ? -1 : 0);
    return err.code;
}

static void test_tiling_accepts(void **state)
{
    struct sync_chunk c[CHUNKS];
    (void)state;
    tiles(c);
    assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_OK);
    assert_int_equal(check(c, 0, 0, 0), ERR_OK);
}

/* Each miss in both directions. */
static void test_tiling_refuses(void **state)
{
    struct sync_chunk c[CHUNKS];
    (void)state;
    tiles(c);
    assert_int_equal(check(c, CHUNKS, CHUNKS + 1, 175), ERR_SRC_CHUNK_GAP);
    assert_int_equal(check(c, CHUNKS, CHUNKS - 1, 175), ERR_SRC_CHUNK_GAP);
    assert_int_equal(check(c, CHUNKS, -1, 175), ERR_SRC_CHUNK_GAP);
    assert_int_equal(check(c, CHUNKS, CHUNKS, 176), ERR_SRC_ROWCOUNT_MISMATCH);
    assert_int_equal(check(c, CHUNKS, CHUNKS, 174), ERR_SRC_ROWCOUNT_MISMATCH);
    assert_int_equal(check(c, CHUNKS, CHUNKS, -1), ERR_SRC_ROWCOUNT_MISMATCH);
    assert_int_equal(check(c, 0, 0, 5), ERR_SRC_ROWCOUNT_MISMATCH);
    for (int delta = -1; delta <= 1; delta += 2) {
        tiles(c);
        c[2].row_offset += delta; /* gap, overlap */
        assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
        tiles(c);
        c[2].row_count += delta;
        assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
        tiles(c);
        c[3].row_count += delta; /* the last one: only the sum is off */
        assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_ROWCOUNT_MISMATCH);
        tiles(c);
        c[2].index += delta; /* missing, doubled */
        assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
    }
    tiles(c);
    c[2] = c[0]; /* doubled chunk */
    assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
    tiles(c);
    c[0].row_count = -1;
    assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
    tiles(c);
    c[3].row_count = INT64_MAX;
    assert_int_equal(check(c, CHUNKS, CHUNKS, 175), ERR_SRC_CHUNK_GAP);
}

static void groups_cover(const struct sync_chunk *c, size_t count, int64_t max_rows,
                         int64_t max_bytes, size_t expected)
{
    struct sync_group *g, *again;
    size_t n = sync_groups_cut(c, count, 3, max_rows, max_bytes, &g), chunk = 0;
    int64_t row = 0;
    assert_int_equal(n, expected);
    assert_int_equal(sync_groups_cut(c, count, 3, max_rows, max_bytes, &again), n);
    assert_memory_equal(g, again, n * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(g[i].index, i);
        assert_int_equal(g[i].first_chunk, chunk);
        assert_int_equal(g[i].first_row, row);
        assert_true(g[i].chunk_count > 0);
        assert_true(g[i].chunk_count == 1 || (g[i].rows <= max_rows && g[i].bytes <= max_bytes));
        chunk += g[i].chunk_count;
        row += g[i].rows;
    }
    assert_int_equal(chunk, count);
    free(g);
    free(again);
}

static void test_groups(void **state)
{
    struct sync_chunk c[1000];
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        c[i] = (struct sync_chunk){(int64_t)i, (int64_t)i * 10, 10, 100};
    groups_cover(c, 1000, 100, INT64_MAX, 100);
    groups_cover(c, 1000, 105, INT64_MAX, 100);
    groups_cover(c, 1000, INT64_MAX, 1000, 100);
    groups_cover(c, 1000, 1, 1, 1000); /* a chunk larger than the limit is a group of its own */
    groups_cover(c, 1000, INT64_MAX, INT64_MAX, 1);
    groups_cover(c, 0, 100, 100, 0);
    c[5].byte_count = -1; /* not said: estimated from rows and columns */
    assert_int_equal(sync_chunk_bytes(&c[5], 3), 480);
    c[5].row_count = INT64_MAX;
    assert_int_equal(sync_chunk_bytes(&c[5], 3), SYNC_CHUNK_BYTES_MAX);
}

/* --- the manifest --- */

struct fixture {
    struct model_column columns[2], result[2];
    struct model_schema want;
    struct databricks_chunk chunks[2];
    struct databricks_manifest m;
};

static void fixture(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->columns[0] = (struct model_column){.name = (char *)"id", .type = {.kind = MODEL_LONG}};
    f->columns[1] = (struct model_column){
        .name = (char *)"amount", .type = {.kind = MODEL_DECIMAL, .precision = 10, .scale = 2}};
    memcpy(f->result, f->columns, sizeof f->columns);
    f->want = (struct model_schema){f->columns, 2};
    f->chunks[0] = (struct databricks_chunk){0, 0, 10, 100};
    f->chunks[1] = (struct databricks_chunk){1, 10, 5, 50};
    f->m = (struct databricks_manifest){
        .format = (char *)"ARROW_STREAM",
        .columns = {f->result, 2},
        .column_count = 2,
        .total_chunk_count = 2,
        .total_row_count = 15,
        .total_byte_count = 150,
        .chunks = f->chunks,
        .chunk_count = 2,
    };
}

static enum err_code read_manifest(struct fixture *f, bool *lz4)
{
    struct sync_chunk *chunks = NULL;
    size_t count = 0;
    struct err err = ERR_INIT;
    if (!sync_manifest_read(&f->m, &f->want, &chunks, &count, lz4, &err))
        assert_int_equal(count, f->m.chunk_count);
    free(chunks);
    return err.code;
}

static void test_manifest(void **state)
{
    struct fixture f;
    bool lz4 = true;
    (void)state;
    fixture(&f);
    assert_int_equal(read_manifest(&f, &lz4), ERR_OK);
    assert_false(lz4);
    f.m.compression = (char *)"LZ4_FRAME";
    assert_int_equal(read_manifest(&f, &lz4), ERR_OK);
    assert_true(lz4);
    f.m.compression = (char *)"GZIP";
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_UNCLASSIFIED);
    fixture(&f);
    f.m.format = (char *)"JSON_ARRAY";
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_UNCLASSIFIED);
    fixture(&f);
    f.m.truncated = true;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_RESULT_TRUNCATED);
    fixture(&f);
    f.m.total_chunk_count = 3;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_CHUNK_GAP);
    fixture(&f);
    f.m.total_row_count = 14;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_ROWCOUNT_MISMATCH);
}

static void test_manifest_columns(void **state)
{
    struct fixture f;
    bool lz4;
    (void)state;
    fixture(&f);
    f.m.columns.count = 1;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_TABLE_CHANGED);
    fixture(&f);
    f.m.column_count = 3;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_TABLE_CHANGED);
    fixture(&f);
    f.result[0].name = (char *)"ID"; /* names ignore case */
    assert_int_equal(read_manifest(&f, &lz4), ERR_OK);
    f.result[0].name = (char *)"key";
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_TABLE_CHANGED);
    fixture(&f);
    f.result[0].type.kind = MODEL_STRING;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_TABLE_CHANGED);
    fixture(&f);
    f.result[1].type.scale = 3;
    assert_int_equal(read_manifest(&f, &lz4), ERR_SRC_TABLE_CHANGED);
}

static void test_links(void **state)
{
    struct databricks_link items[2] = {
        {.chunk_index = 4, .row_offset = 40, .row_count = 10},
        {.chunk_index = 5, .row_offset = 50, .row_count = 10},
    };
    struct databricks_links links = {items, 2};
    struct sync_chunk chunk = {5, 50, 10, 0}, other = {6, 60, 10, 0};
    struct err err = ERR_INIT;
    (void)state;
    assert_ptr_equal(sync_link_choose(&links, &chunk, &err), &items[1]);
    assert_null(sync_link_choose(&links, &other, &err));
    assert_int_equal(err.code, ERR_SRC_CHUNK_GAP);
    for (int delta = -1; delta <= 1; delta += 2) {
        base_err_clear(&err);
        items[1].row_offset = 50 + delta;
        assert_null(sync_link_choose(&links, &chunk, &err));
        assert_int_equal(err.code, ERR_SRC_CHUNK_GAP);
        base_err_clear(&err);
        items[1].row_offset = 50;
        items[1].row_count = 10 + delta;
        assert_null(sync_link_choose(&links, &chunk, &err));
        assert_int_equal(err.code, ERR_SRC_ROWCOUNT_MISMATCH);
        items[1].row_count = 10;
    }
    items[1].row_offset = items[1].row_count = -1; /* not said */
    assert_ptr_equal(sync_link_choose(&links, &chunk, &err), &items[1]);
}

/* --- memory --- */

static void test_budget_order(void **state)
{
    struct sync_budget *b = sync_budget_new(100);
    (void)state;
    struct sync_hold *first = sync_budget_ask(b, 60), *second = sync_budget_ask(b, 60),
                     *third = sync_budget_ask(b, 10);
    assert_false(sync_hold_granted(first)); /* never from inside */
    assert_int_equal(sync_budget_grant(b), 1);
    assert_true(sync_hold_granted(first));
    assert_false(sync_hold_granted(third)); /* would fit, but is not next */
    sync_hold_resize(first, 40);
    assert_int_equal(sync_budget_grant(b), 1);
    assert_true(sync_hold_granted(second));
    assert_int_equal(sync_budget_used(b), 100);
    sync_hold_resize(second, 90); /* beyond the limit: taken, the next waits longer */
    assert_int_equal(sync_budget_used(b), 130);
    assert_int_equal(sync_budget_grant(b), 0);
    sync_hold_release(&first);
    assert_int_equal(sync_budget_grant(b), 1);
    assert_true(sync_hold_granted(third));
    sync_hold_release(&second);
    sync_hold_release(&third);
    assert_int_equal(sync_budget_used(b), 0);
    sync_budget_free(&b);
}

static void test_budget_large_and_leaving(void **state)
{
    struct sync_budget *b = sync_budget_new(100);
    (void)state;
    struct sync_hold *small = sync_budget_ask(b, 1), *huge = sync_budget_ask(b, 500),
                     *gone = sync_budget_ask(b, 5), *last = sync_budget_ask(b, 5);
    assert_int_equal(sync_budget_grant(b), 1);
    sync_hold_release(&gone); /* leaves the middle of the queue */
    assert_null(gone);
    sync_hold_release(&small);
    assert_int_equal(sync_budget_grant(b), 1); /* alone, so it cannot block for ever */
    assert_true(sync_hold_granted(huge));
    assert_false(sync_hold_granted(last));
    sync_hold_release(&huge);
    assert_int_equal(sync_budget_grant(b), 1);
    assert_int_equal(sync_budget_used(b), 5);
    sync_budget_free(&b); /* with what is still held */
}

static void test_retry_rules(void **state)
{
    (void)state;
    assert_true(sync_retry_allowed(ERR_SRC_UNAVAILABLE, 1, 5, 0));
    assert_true(sync_retry_allowed(ERR_SRC_STMT_CLOSED, 4, 5, 0));
    assert_false(sync_retry_allowed(ERR_SRC_UNAVAILABLE, 5, 5, 0));
    assert_false(sync_retry_allowed(ERR_SRC_PERM_TABLE, 1, 5, 0));
    assert_false(sync_retry_allowed(ERR_SRC_RESULT_TRUNCATED, 1, 5, 0));
    assert_false(sync_retry_allowed(ERR_TYPE_UNSUPPORTED, 1, 5, 0));
    /* Data-class misses get one new attempt. */
    assert_true(sync_retry_allowed(ERR_SRC_CHUNK_GAP, 1, 5, 1));
    assert_false(sync_retry_allowed(ERR_SRC_CHUNK_GAP, 2, 5, 2));
    assert_false(sync_retry_allowed(ERR_SRC_ROWCOUNT_MISMATCH, 3, 5, 2));
}

/* A byte count is what the workspace says, and is not believed. */
static void test_chunk_bytes(void **state)
{
    static const int64_t said[] = {INT64_MAX, INT64_MAX / 2, (int64_t)1 << 62, (int64_t)1 << 31};
    struct sync_chunk chunks[CHUNKS];
    struct sync_group *groups = NULL;
    (void)state;
    for (size_t i = 0; i < base_countof(said); i++) {
        struct sync_chunk chunk = {.row_count = 1, .byte_count = said[i]};
        assert_int_equal(sync_chunk_bytes(&chunk, 3), SYNC_CHUNK_BYTES_MAX);
        chunk = (struct sync_chunk){.row_count = said[i], .byte_count = -1};
        assert_int_equal(sync_chunk_bytes(&chunk, 3), SYNC_CHUNK_BYTES_MAX);
    }
    tiles(chunks);
    for (size_t i = 0; i < CHUNKS; i++)
        chunks[i].byte_count = INT64_MAX;
    assert_int_equal(sync_groups_cut(chunks, CHUNKS, 3, 1000, INT64_MAX, &groups), 1);
    assert_int_equal(groups[0].bytes, CHUNKS * SYNC_CHUNK_BYTES_MAX);
    assert_int_equal(groups[0].max_chunk, SYNC_CHUNK_BYTES_MAX);
    free(groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiling_accepts),   cmocka_unit_test(test_tiling_refuses),
        cmocka_unit_test(test_groups),           cmocka_unit_test(test_manifest),
        cmocka_unit_test(test_manifest_columns), cmocka_unit_test(test_links),
        cmocka_unit_test(test_budget_order),     cmocka_unit_test(test_budget_large_and_leaving),
        cmocka_unit_test(test_retry_rules),      cmocka_unit_test(test_chunk_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
