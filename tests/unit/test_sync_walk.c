/* A sync from intent to record against a fake workspace, real state and a real folder: what ends
 * well is at the destination once and whole; what does not leaves nothing there, and its own code.
 */
#include "sync_bench.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "columnar/parquet_read.h"
#include "storage/storage.h"
#include "store/state.h"
#include "sync/sync.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- what ends well --- */

static void test_recorded(void **state)
{
    struct bench *b = *state;
    struct sync_stats stats;
    assert_int_equal(b->recovered, 0);
    assert_int_equal(bench_run_once(b), ERR_OK);
    assert_int_equal(b->recovered, 1);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.counts.source_rows, 700);
    assert_int_equal(run.counts.manifest_rows, 700);
    assert_int_equal(run.counts.decoded_rows, 700);
    assert_int_equal(run.counts.file_rows, 700);
    assert_int_equal(run.version, 3);
    assert_int_equal(run.attempt, 1);
    assert_int_equal(run.chunks_done, 7);
    assert_true(run.bytes > 0);
    assert_int_equal(bench_destination_check(b, 700), run.files);
    model_run_free(&run);
    for (int s = RUN_RUNNING; s <= RUN_PUBLISHING; s++)
        assert_int_equal(b->states[s], 1);
    assert_int_equal(b->batches_over, 1);
    assert_int_equal(b->fake.executed, 1);
    assert_int_equal(b->fake.cancelled, 0);
    assert_true(b->fake.most_links_ahead <= 8); /* never all links first */
    assert_true(sync_run_stats(b->sync, b->last_run, &stats));
    assert_int_equal(stats.statements, 2);
}

static void test_generations(void **state)
{
    struct bench *b = *state;
    for (int i = 1; i <= 4; i++) {
        b->fake.chunks = i;
        assert_int_equal(bench_run_once(b), ERR_OK);
        bench_destination_check(b, i * FAKE_CHUNK_ROWS);
    }
    char *gone = base_printf("%s/lake/c.s.t/gen-%020d", b->folder, 2);
    char *kept = base_printf("%s/lake/c.s.t/gen-%020d", b->folder, 3);
    assert_false(base_file_exists(gone));
    assert_true(base_file_exists(kept));
    free(gone);
    free(kept);
}

static void test_links_expire(void **state)
{
    struct bench *b = *state;
    b->fake.links_expire = 4;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    assert_int_equal(b->fake.executed, 1);
}

static void test_corrupt_is_fetched_again(void **state)
{
    struct bench *b = *state;
    b->fake.corrupt = 2;
    b->fake.corrupt_after = 4;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    assert_int_equal(b->fake.executed, 1);
}

static void test_result_gone_is_run_again(void **state)
{
    struct bench *b = *state;
    b->fake.result_gone_after = 3;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.attempt, 2);
    model_run_free(&run);
    assert_int_equal(b->fake.executed, 2);
    assert_int_equal(b->fake.cancelled, 1); /* the first one, before the second was submitted */
}

static void test_empty(void **state)
{
    struct bench *b = *state;
    b->fake.chunks = 0;
    assert_int_equal(bench_run_once(b), ERR_OK);
    assert_int_equal(bench_destination_check(b, 0), 1); /* one file: its columns can be seen */
    b->fake.chunks = 2;
    assert_int_equal(bench_run_once(b), ERR_OK);
    b->fake.chunks = 0;
    assert_int_equal(bench_run_once(b), ERR_EMPTY_UNEXPECTED);
    bench_destination_check(b, 200);
    bench_batch(b, true);
    bench_turn_until_idle(b);
    assert_int_equal(bench_destination_check(b, 0), 1);
}

static void test_unpinned(void **state)
{
    struct bench *b = *state;
    b->fake.view = true;
    b->fake.lie_count = 5; /* another count a moment later is no proof against a view */
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.version, -1);
    assert_int_equal(run.counts.source_rows, 705);
    model_run_free(&run);
}

/* --- what does not --- */

static void nothing_published(struct bench *b, enum err_code code, int statements)
{
    assert_int_equal(bench_run_once(b), code);
    bench_destination_check(b, -1);
    assert_int_equal(b->fake.executed, statements);
    assert_int_equal(b->fake.open_calls, 0);
}

static void test_lies(void **state)
{
    static const struct {
        size_t field;
        enum err_code code;
    } lies[] = {
        {offsetof(struct fake_workspace, lie_total), ERR_SRC_ROWCOUNT_MISMATCH},
        {offsetof(struct fake_workspace, lie_count), ERR_SRC_ROWCOUNT_MISMATCH},
        {offsetof(struct fake_workspace, lie_offset), ERR_SRC_CHUNK_GAP},
        {offsetof(struct fake_workspace, lie_rows), ERR_SRC_ROWCOUNT_MISMATCH},
        {offsetof(struct fake_workspace, lie_chunks), ERR_SRC_CHUNK_GAP},
        {offsetof(struct fake_workspace, lie_link_rows), ERR_SRC_ROWCOUNT_MISMATCH},
    };
    struct bench *b = *state;
    for (size_t i = 0; i < base_countof(lies); i++)
        for (int delta = -1; delta <= 1; delta += 2) {
            int *lie = (int *)(void *)((char *)&b->fake + lies[i].field);
            *lie = delta;
            b->fake.executed = 0;
            nothing_published(b, lies[i].code, 2);
            *lie = 0;
        }
    b->fake.swap_last = true;
    b->fake.executed = 0;
    nothing_published(b, ERR_SRC_CHUNK_GAP, 2);
    b->fake.swap_last = false;
    b->fake.executed = 0;
    b->fake.truncated = true;
    nothing_published(b, ERR_SRC_RESULT_TRUNCATED, 1);
}

static void test_one_lie_is_survived(void **state)
{
    struct bench *b = *state;
    b->fake.lies_left = 1;
    b->fake.lie_rows = -1;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
    assert_int_equal(b->fake.executed, 2);
}

static void test_refusals(void **state)
{
    struct bench *b = *state;
    b->fake.refuse_table = ERR_SRC_PERM_TABLE;
    nothing_published(b, ERR_SRC_PERM_TABLE, 0);
    b->fake.refuse_table = ERR_OK;
    b->fake.refuse_execute = ERR_SRC_WH_NO_CAN_USE;
    nothing_published(b, ERR_SRC_WH_NO_CAN_USE, 0);
    b->fake.refuse_execute = ERR_OK;
    b->fake.fail_statement = ERR_SRC_SQL_INVALID;
    nothing_published(b, ERR_SRC_SQL_INVALID, 1);
    b->fake.fail_statement = ERR_OK;
    b->fake.nested = true;
    nothing_published(b, ERR_TYPE_UNSUPPORTED, 1);
    b->fake.nested = false;
    b->table.column_count = 1;
    b->table.columns = (char *[]){(char *)"absent"};
    nothing_published(b, ERR_SCHEMA_COL_REMOVED, 1);
    b->table.column_count = 0;
    b->fake.links_expire = 1000;
    nothing_published(b, ERR_SRC_LINK_EXPIRED, 6);
    b->fake.links_expire = 0;
    b->fake.corrupt = 1000;
    b->fake.executed = 0;
    nothing_published(b, ERR_SRC_CHUNK_CORRUPT, 2);
}

/* --- cancelling, stopping, starting again --- */

static void turn_until_state(struct bench *b, enum model_run_state s)
{
    for (int i = 0; i < 100000 && !b->states[s]; i++)
        net_loop_turn(b->loop, 1000);
    assert_true(b->states[s] > 0);
}

static void test_cancel(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    b->fake.slow = true;
    bench_batch(b, false);
    turn_until_state(b, RUN_RUNNING);
    assert_int_equal(sync_run_cancel(b->sync, b->last_run, &err), 0);
    bench_turn_until_idle(b);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.state, RUN_CANCELLED);
    model_run_free(&run);
    assert_int_equal(b->fake.cancelled, 1);
    bench_destination_check(b, -1);
    assert_int_equal(sync_run_cancel(b->sync, b->last_run, &err), -1);
    assert_int_equal(err.code, ERR_RUN_NOT_CANCELLABLE);
    base_err_clear(&err);
    assert_int_equal(sync_run_cancel(b->sync, 999, &err), -1);
    assert_int_equal(err.code, ERR_RUN_NOT_FOUND);
    /* A cancelled run is tried again as a new one. */
    b->fake.slow = false;
    struct sync_request request = {.table = &b->table};
    int64_t again;
    base_err_clear(&err);
    assert_int_equal(sync_run_retry(b->sync, b->last_run, &request, &again, &err), 0);
    bench_turn_until_idle(b);
    bench_destination_check(b, 700);
}

/* Lets every answer that is on its way arrive at the loop, unserved. */
static void answers_arrive(struct bench *b)
{
    for (int64_t end = base_seam_mono_us(b->seam) + 2000; base_seam_mono_us(b->seam) < end;)
        sched_yield();
}

/* A run is cancelled at each turn of the loop while answers wait to be served: either it says it
 * can no longer be, and is recorded, or it is cancelled and nothing is at the destination. */
static void test_cancel_at_every_turn(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    int cancelled = 0, recorded = 0, published = -1;
    b->fake.chunks = 1;
    for (int turn = 0; recorded < 2; turn++) {
        memset(b->states, 0, sizeof b->states);
        bench_batch(b, false);
        int64_t run = sync_active_run(b->sync, &b->table.name);
        for (int i = 0; i < turn && !sync_idle(b->sync); i++) {
            net_loop_turn(b->loop, 0); /* what is pushed here is answered after it */
            answers_arrive(b);
        }
        base_err_clear(&err);
        bool took = sync_run_cancel(b->sync, run, &err) == 0;
        bench_turn_until_idle(b);
        assert_int_equal(took, b->states[RUN_CANCELLED]);
        assert_int_equal(took, b->states[RUN_PUBLISHING] == 0);
        cancelled += took;
        recorded += !took;
        if (!took)
            published = FAKE_CHUNK_ROWS;
        bench_destination_check(b, published);
    }
    assert_true(cancelled > 5);
}

static bool run_is_over(struct bench *b)
{
    return b->states[RUN_FAILED] || b->states[RUN_CLEANED];
}

/* The destination refuses the act and says that nothing happened: tried again, not for ever, and
 * its reason is told meanwhile. */
static void test_publish_refused(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    bench_batch(b, false);
    turn_until_state(b, RUN_STAGED);
    struct model_run run = bench_run_get(b);
    char *blocked = base_printf("%s/lake/c.s.t/.aampe-sync.%s", b->folder, run.sync_uuid);
    model_run_free(&run);
    assert_int_equal(base_file_mkdir_all(blocked, 0700, &err), 0);
    turn_until_state(b, RUN_PUBLISHING);
    bool told = false;
    for (int i = 0; i < 1000 && !run_is_over(b); i++) {
        for (int k = 0; k < 20; k++)
            net_loop_turn(b->loop, 1);
        run = bench_run_get(b);
        told = told || (run.state == RUN_PUBLISHING && run.err.code == ERR_HOST_IO_ERROR);
        model_run_free(&run);
        base_seam_turn(b->seam, 3);
    }
    assert_true(told);
    run = bench_run_get(b);
    assert_int_equal(run.state, RUN_FAILED);
    assert_int_equal(run.err.code, ERR_HOST_IO_ERROR);
    model_run_free(&run);
    bench_destination_check(b, -1);
    assert_int_equal(rmdir(blocked), 0);
    free(blocked);
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 700);
}

/* The destination's folder gets another name, or none, while it is open: what readers find under
 * its name counts. */
static void test_destination_moves(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    char *lake = base_printf("%s/lake", b->folder), *away = base_printf("%s/away", b->folder);
    assert_int_equal(bench_run_once(b), ERR_OK);
    assert_int_equal(rename(lake, away), 0);
    b->fake.chunks = 8;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 800);
    assert_int_equal(base_file_remove_tree(lake, &err), 0);
    b->fake.chunks = 9;
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_destination_check(b, 900);
    /* Between staging and publishing: what was staged is not there, so it is read again. */
    bench_batch(b, false);
    b->states[RUN_STAGED] = b->states[RUN_CLEANED] = 0;
    turn_until_state(b, RUN_STAGED);
    assert_int_equal(base_file_remove_tree(lake, &err), 0);
    assert_int_equal(rename(away, lake), 0);
    bench_turn_until_idle(b);
    assert_int_equal(b->states[RUN_CLEANED], 1);
    bench_destination_check(b, 900);
    free(lake);
    free(away);
}

/* The engine ends in every state; the next one finds what it left and goes on. */
static void test_restart(void **state)
{
    struct bench *b = *state;
    for (enum model_run_state s = RUN_PLANNED; s <= RUN_RECORDED; s++) {
        if (s == RUN_PUBLISHED)
            continue; /* one transaction with RECORDED */
        memset(b->states, 0, sizeof b->states);
        b->fake.chunks = 3 + (int)s;
        bench_batch(b, false);
        turn_until_state(b, s);
        bench_engine_stop(b);
        b->recovered = 0;
        bench_engine_start(b);
        while (!b->recovered)
            net_loop_turn(b->loop, 1000);
        assert_int_equal(b->recovered, 2);
        bench_turn_until_idle(b);
        struct model_run run = bench_run_get(b);
        assert_int_equal(run.state, RUN_CLEANED);
        model_run_free(&run);
        bench_destination_check(b, (3 + (int)s) * FAKE_CHUNK_ROWS);
    }
}

/* A cause that passes is waited out; a person may shorten the wait, or end it. */
static void test_pause(void **state)
{
    struct bench *b = *state;
    struct sync_request request = {.table = &b->table};
    struct sync_progress progress = {0};
    struct sync_settings patient = {.warehouse_id = "w", .retry_base_ms = 3600 * 1000};
    struct err err = ERR_INIT;
    int64_t id = 0, run;
    sync_settings_set(b->sync, &patient);
    b->fake.fail_statement = ERR_SRC_UNAVAILABLE;
    bench_batch(b, false);
    run = sync_active_run(b->sync, &b->table.name);
    for (int i = 0; i < 100000 && !progress.waiting_retry; i++) {
        net_loop_turn(b->loop, 100);
        assert_true(sync_run_progress(b->sync, run, &progress));
    }
    assert_true(progress.waiting_retry);
    struct model_run row = bench_run_get(b);
    assert_int_equal(row.state, RUN_PLANNED);
    assert_int_equal(row.attempt, 2);
    assert_int_equal(row.err.code, ERR_SRC_UNAVAILABLE); /* why it waits */
    model_run_free(&row);
    b->fake.fail_statement = ERR_OK;
    assert_int_equal(sync_run_retry(b->sync, run, &request, &id, &err), 0);
    bench_turn_until_idle(b);
    bench_destination_check(b, 700);
    b->fake.fail_statement = ERR_SRC_UNAVAILABLE;
    bench_batch(b, false);
    for (progress.waiting_retry = false; !progress.waiting_retry;) {
        net_loop_turn(b->loop, 100);
        run = sync_active_run(b->sync, &b->table.name);
        assert_true(sync_run_progress(b->sync, run, &progress));
    }
    assert_int_equal(sync_run_cancel(b->sync, run, &err), 0);
    bench_turn_until_idle(b);
    row = bench_run_get(b);
    assert_int_equal(row.state, RUN_CANCELLED);
    model_run_free(&row);
}

static void test_patience_ends(void **state)
{
    struct bench *b = *state;
    b->fake.slow = true;
    bench_batch(b, false);
    turn_until_state(b, RUN_RUNNING);
    base_seam_turn(b->seam, 31 * 60);
    bench_turn_until_idle(b);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.state, RUN_FAILED);
    assert_int_equal(run.err.code, ERR_SRC_UNAVAILABLE);
    model_run_free(&run);
    assert_int_equal(b->fake.cancelled, 1);
    assert_int_equal(b->fake.executed, 1);
}

static void folder_copy(const char *from, const char *to)
{
    const char *const argv[] = {"/bin/cp", "-a", from, to, NULL};
    struct buf out;
    struct err err = ERR_INIT;
    int code = -1;
    base_buf_init(&out, 4096);
    assert_int_equal(base_process_run(argv, 60000, &out, &code, &err), 0);
    assert_int_equal(code, 0);
    base_buf_free(&out);
}

/* A state restored from a backup is behind the destination: the next run goes on after what is
 * there. */
static void test_state_is_behind(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    char *live = base_printf("%s/state", b->folder), *old = base_printf("%s/old", b->folder);
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_engine_stop(b);
    folder_copy(live, old);
    bench_engine_start(b);
    b->fake.chunks = 8;
    assert_int_equal(bench_run_once(b), ERR_OK);
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_engine_stop(b);
    assert_int_equal(base_file_remove_tree(live, &err), 0);
    assert_int_equal(rename(old, live), 0);
    bench_engine_start(b);
    b->fake.chunks = 9;
    b->batches_over = 0;
    b->states[RUN_FAILED] = 0;
    assert_int_equal(bench_run_once(b), ERR_OK);
    assert_int_equal(b->states[RUN_FAILED], 0);
    assert_int_equal(b->batches_over, 1);
    bench_destination_check(b, 900);
    struct model_run run = bench_run_get(b);
    assert_int_equal(run.seq, 4);
    model_run_free(&run);
    /* What the lost state had published is cleaned in its turn, not kept for ever. */
    char *second = base_printf("%s/lake/c.s.t/gen-%020d", b->folder, 2);
    assert_false(base_file_exists(second));
    free(second);
    free(live);
    free(old);
}

/* The folder is another sync's: nothing of it is touched. */
static void test_foreign(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    char *live = base_printf("%s/state", b->folder);
    assert_int_equal(bench_run_once(b), ERR_OK);
    bench_engine_stop(b);
    assert_int_equal(base_file_remove_tree(live, &err), 0);
    bench_engine_start(b);
    b->fake.chunks = 9;
    assert_int_equal(bench_run_once(b), ERR_DST_FOREIGN_WRITER);
    bench_destination_check(b, 700);
    free(live);
}

struct preview_seen {
    bool done, unpinned;
    int64_t version, rows;
    size_t columns, refused;
    enum err_code refused_code;
};

static void preview_done(void *user, const struct sync_preview *preview, const struct err *err)
{
    struct preview_seen *seen = user;
    assert_null(err);
    *seen = (struct preview_seen){.done = true,
                                  .unpinned = preview->unpinned,
                                  .version = preview->plan.version,
                                  .rows = preview->rows_estimated,
                                  .columns = preview->plan.columns.count,
                                  .refused = preview->refused.count,
                                  .refused_code = preview->refused_err.code};
}

static struct preview_seen preview(struct bench *b)
{
    struct preview_seen seen = {0};
    struct sync_request request = {.table = &b->table};
    sync_plan_preview(b->sync, &request, preview_done, &seen);
    while (!seen.done)
        net_loop_turn(b->loop, 1000);
    return seen;
}

static void test_preview(void **state)
{
    struct bench *b = *state;
    struct preview_seen seen = preview(b);
    assert_false(seen.unpinned);
    assert_int_equal(seen.version, 3);
    assert_int_equal(seen.rows, -1);
    assert_int_equal(seen.columns, 2);
    assert_int_equal(bench_run_once(b), ERR_OK);
    b->fake.filtered = b->fake.nested = true;
    seen = preview(b);
    assert_true(seen.unpinned);
    assert_int_equal(seen.version, -1);
    assert_int_equal(seen.rows, 700);
    assert_int_equal(seen.refused, 1);
    assert_int_equal(seen.refused_code, ERR_TYPE_UNSUPPORTED);
}

#define walk_test(fn) cmocka_unit_test_setup_teardown(fn, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        walk_test(test_recorded),
        walk_test(test_generations),
        walk_test(test_links_expire),
        walk_test(test_corrupt_is_fetched_again),
        walk_test(test_result_gone_is_run_again),
        walk_test(test_empty),
        walk_test(test_unpinned),
        walk_test(test_lies),
        walk_test(test_one_lie_is_survived),
        walk_test(test_refusals),
        walk_test(test_cancel),
        walk_test(test_cancel_at_every_turn),
        walk_test(test_publish_refused),
        walk_test(test_destination_moves),
        walk_test(test_restart),
        walk_test(test_pause),
        walk_test(test_patience_ends),
        walk_test(test_state_is_behind),
        walk_test(test_foreign),
        walk_test(test_preview),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
