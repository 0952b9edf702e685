/* A submission whose answer is lost: the statement is used, cancelled, or surely not there; never
 * two of them. */
#include "sync_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_lost_submission_is_found(void **state)
{
    struct bench *b = *state;
    b->fake.lose_execute = 1;
    b->fake.lost_is_there = true;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.attempt, 1);
    model_run_free(&run);
    assert_int_equal(b->fake.executed, 1); /* never a second time */
    assert_int_equal(b->fake.history_looks, 1);
    assert_int_equal(b->fake.cancelled, 0);
}

static void test_lost_submission_was_never_taken(void **state)
{
    struct bench *b = *state;
    b->fake.lose_execute = 1;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.attempt, 2);
    model_run_free(&run);
    assert_int_equal(b->fake.history_looks, 3);
    assert_int_equal(b->fake.executed, 1);
}

/* Given up while it is looked for: cancelled once it is found. */
static void test_lost_submission_is_cancelled(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    b->fake.lose_execute = 1;
    b->fake.lost_is_there = true;
    bench_batch(b, false);
    while (b->fake.lose_execute)
        net_loop_turn(b->loop, 1000);
    assert_int_equal(sync_run_cancel(b->sync, b->last_run, &err), 0);
    bench_turn_until_idle(b);
    assert_int_equal(b->fake.executed, 1);
    assert_int_equal(b->fake.cancelled, 1);
}

static void on_start(void *user, const char *name, const char *state)
{
    assert_string_equal(name, "small");
    assert_string_equal(state, "STOPPED");
    ++*(int *)user;
}

/* Started once, and that is said; where it may not be, nothing is submitted. */
static void test_stopped_warehouse(void **state)
{
    struct bench *b = *state;
    int starts = 0;
    struct sync_settings settings = {
        .warehouse_id = "w", .retry_base_ms = 1, .no_warehouse_start = true};
    b->fake.warehouse_stopped = true;
    sync_settings_set(b->sync, &settings);
    assert_int_equal(bench_run_once(b), ERR_SRC_WH_START_DENIED);
    assert_int_equal(b->fake.executed, 0);
    settings.no_warehouse_start = false;
    sync_settings_set(b->sync, &settings);
    sync_listen(b->sync, &(struct sync_listener){.on_warehouse_start = on_start, .user = &starts});
    struct sync_request request = {.table = &b->table};
    struct err err = ERR_INIT;
    int64_t id;
    assert_int_equal(sync_batch_start(b->sync, &request, 1, "manual", &id, &err), 0);
    bench_turn_until_idle(b);
    assert_int_equal(starts, 1);
    assert_int_equal(b->fake.executed, 1);
    bench_destination_check(b, 700);
}

#define submit_test(f) cmocka_unit_test_setup_teardown(f, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        submit_test(test_lost_submission_is_found),
        submit_test(test_lost_submission_was_never_taken),
        submit_test(test_lost_submission_is_cancelled),
        submit_test(test_stopped_warehouse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
