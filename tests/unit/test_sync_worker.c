/* The worker pool: every job is answered once on the loop, in any order; a pool that goes drops
 * what is left. */
#include "sync/worker.h"

#include "base/alloc.h"
#include "net/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#define JOBS 2000

struct tally {
    int done, dropped; /* main thread only */
    uint64_t sum;
    atomic_int worked;
};

struct square {
    struct sync_job job;
    struct tally *tally;
    uint64_t number, result;
};

static void square_work(struct sync_job *base)
{
    struct square *job = (struct square *)base;
    job->result = job->number * job->number;
    atomic_fetch_add(&job->tally->worked, 1);
}

static void square_done(struct sync_job *base)
{
    struct square *job = (struct square *)base;
    job->tally->done++;
    job->tally->sum += job->result;
    free(job);
}

static void square_drop(struct sync_job *base)
{
    struct square *job = (struct square *)base;
    job->tally->dropped++;
    free(job);
}

static void push_all(struct sync_workers *workers, struct tally *tally)
{
    for (uint64_t i = 1; i <= JOBS; i++) {
        struct square *job = base_alloc_zero(1, sizeof *job);
        job->job.work = square_work;
        job->job.done = square_done;
        job->job.drop = square_drop;
        job->tally = tally;
        job->number = i;
        sync_workers_push(workers, &job->job);
    }
    assert_int_equal(sync_workers_busy(workers), JOBS);
}

static void test_every_job_answers_once(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct net_loop *loop = net_loop_new(seam);
    struct err err = ERR_INIT;
    struct tally tally = {0};
    struct sync_workers *workers = sync_workers_new(loop, 3, &err);
    (void)state;
    assert_non_null(workers);
    push_all(workers, &tally);
    while (sync_workers_busy(workers))
        net_loop_turn(loop, 1000);
    assert_int_equal(tally.done, JOBS);
    assert_int_equal(tally.dropped, 0);
    assert_int_equal(tally.sum, (uint64_t)JOBS * (JOBS + 1) * (2 * JOBS + 1) / 6);
    sync_workers_free(&workers);
    net_loop_free(&loop);
    base_seam_free(&seam);
}

static void test_a_pool_that_goes_drops_the_rest(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct net_loop *loop = net_loop_new(seam);
    struct err err = ERR_INIT;
    struct tally tally = {0};
    struct sync_workers *workers = sync_workers_new(loop, 2, &err);
    (void)state;
    push_all(workers, &tally);
    sync_workers_free(&workers);
    assert_null(workers);
    while (tally.done + tally.dropped < JOBS)
        net_loop_turn(loop, 1000);
    assert_int_equal(tally.done, 0);
    assert_int_equal(tally.dropped, JOBS);
    assert_true(atomic_load(&tally.worked) <= JOBS);
    net_loop_free(&loop);
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_answers_once),
        cmocka_unit_test(test_a_pool_that_goes_drops_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
