/* One look at tables and runs: letters, whole to, totals; by index, however long the history is. */
#include "store/look.h"

#include "base/file.h"
#include "store/state_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

struct place {
    char folder[64];
    struct base_seam *seam;
    struct store_state *store;
};

static struct place place_new(void)
{
    struct place place = {.folder = "/tmp/aampe-look-XXXXXX"};
    struct err err = ERR_INIT;
    assert_non_null(mkdtemp(place.folder));
    place.seam = base_seam_new();
    place.store = store_open(place.folder, place.seam, &err);
    assert_non_null(place.store);
    assert_int_equal(store_db_run(place.store->db, &err,
                                  "INSERT INTO syncs VALUES('u','s.t.a','s','t','a','d',0,0)", ""),
                     0);
    return place;
}

static void place_free(struct place *place)
{
    store_free(&place->store);
    base_seam_free(&place->seam);
    assert_int_equal(base_file_remove_tree(place->folder, NULL), 0);
}

/* A run as it stands in the journal; its batch begins at the same moment. */
static void run_add(struct place *place, int64_t number, const char *kind, const char *state,
                    int attempt)
{
    struct err err = ERR_INIT;
    assert_int_equal(
        store_db_run(place->store->db, &err,
                     "INSERT INTO batches(id,kind,asked_by,started_us) VALUES(?,?,0,?)", "iti",
                     number, kind, number * SECOND),
        0);
    assert_int_equal(
        store_db_run(place->store->db, &err,
                     "INSERT INTO runs(id,batch,sync_uuid,seq,attempt,table_key,catalog,schema,tbl,"
                     "state,version,started_us,file_rows,bytes)"
                     " VALUES(?,?,'u',?,?,'s.t.a','s','t','a',?,0,?,10,100)",
                     "iiiiti", number, number, number, (int64_t)attempt, state, number * SECOND),
        0);
}

static struct store_look_table look_at(struct place *place, const char *table)
{
    struct err err = ERR_INIT;
    struct store_look_table out;
    struct model_name name = {(char *)"S", (char *)"t", (char *)(uintptr_t)table};
    struct store_look *look = store_look_new(place->store, &err);
    assert_non_null(look);
    assert_int_equal(store_look_table(look, &name, &out, &err), 0);
    /* The same again: statements are used many times. */
    store_look_table_free(&out);
    assert_int_equal(store_look_table(look, &name, &out, &err), 0);
    store_look_free(&look);
    return out;
}

static void test_letters(void **state)
{
    (void)state;
    struct place place = place_new();
    struct store_look_table table = look_at(&place, "a");
    assert_string_equal(table.letters, "");
    assert_int_equal(table.last.id, 0);
    static const struct {
        const char *kind, *state;
        int attempt;
    } runs[] = {{"manual", "FAILED", 1}, {"manual", "CLEANED", 1}, {"manual", "CLEANED", 2},
                {"manual", "FAILED", 5}, {"retry", "RECORDED", 1}, {"manual", "CANCELLED", 1},
                {"manual", "RUNNING", 1}};
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++)
        run_add(&place, (int64_t)i + 1, runs[i].kind, runs[i].state, runs[i].attempt);
    table = look_at(&place, "a");
    assert_string_equal(table.letters, "F.rFrx>");
    assert_int_equal(table.last.id, 7);
    assert_int_equal(table.good_run, 5);
    assert_int_equal(table.whole_to_us, 5 * SECOND);
    assert_int_equal(table.rows, 10);
    store_look_table_free(&table);
    table = look_at(&place, "b");
    assert_int_equal(table.last.id, 0);
    place_free(&place);
}

static void test_long_history(void **state)
{
    (void)state;
    struct place place = place_new();
    struct store_look_totals totals;
    struct err err = ERR_INIT;
    assert_int_equal(store_tx_begin(place.store, &err), 0);
    for (int64_t i = 1; i <= 2000; i++)
        run_add(&place, i, "manual", i == 1 ? "CLEANED" : i == 2000 ? "PLANNED" : "FAILED", 1);
    assert_int_equal(store_tx_commit(place.store, &err), 0);
    struct store_look_table table = look_at(&place, "a");
    assert_string_equal(table.letters, "FFFFFFFFFFF>");
    assert_int_equal(table.good_run, 1);
    assert_int_equal(table.last.id, 2000);
    store_look_table_free(&table);
    assert_int_equal(store_look_totals(place.store, 0, &totals, &err), 0);
    assert_int_equal(totals.batches_running, 1);
    assert_int_equal(totals.batch, 2000);
    assert_int_equal(totals.runs_since, 1);
    assert_int_equal(totals.bytes_since, 100);
    assert_int_equal(store_look_totals(place.store, 1500 * SECOND, &totals, &err), 0);
    assert_int_equal(totals.runs_since, 0);
    place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letters),
                                       cmocka_unit_test(test_long_history)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
