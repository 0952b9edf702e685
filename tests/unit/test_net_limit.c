/* How fast a workspace is asked: never more than promised, whoever asks, and slower after a 429. */
#include "base/alloc.h"
#include "net/private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdlib.h>

#define RATE 10
#define SECOND_US ((int64_t)1000000)

struct asker {
    struct net_limit_wait wait; /* first */
    struct world *world;
    int64_t went_us; /* 0: still waiting */
};

struct world {
    struct base_seam *seam;
    struct net_loop *loop;
    struct net_limit *limit;
    struct asker askers[100];
    int went;
};

static void go(struct net_limit_wait *wait)
{
    struct asker *asker = (struct asker *)wait;

    asker->went_us = base_seam_mono_us(asker->world->seam);
    asker->world->went++;
}

static void enter(struct world *world, int from, int to)
{
    for (int i = from; i < to; i++) {
        world->askers[i] = (struct asker){.wait = {.go = go}, .world = world};
        net_limit_enter(world->limit, &world->askers[i].wait);
    }
}

/* Whole seconds are turned only when nothing more goes by itself at this moment. */
static void turn_until(struct world *world, int count)
{
    while (world->went < count) {
        int before = world->went;

        net_loop_turn(world->loop, 0);
        net_loop_turn(world->loop, 0);
        if (world->went == before)
            base_seam_turn(world->seam, 1);
    }
}

static int set_up(void **state)
{
    struct world *world = base_alloc_zero(1, sizeof *world);

    world->seam = base_seam_new();
    world->loop = net_loop_new(world->seam);
    world->limit = net_limit_new(world->loop, RATE);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    net_limit_free(&world->limit);
    net_loop_free(&world->loop);
    base_seam_free(&world->seam);
    free(world);
    return 0;
}

/* In any T seconds at most RATE * (T + 1), in the order they came. */
static void test_promise(void **state)
{
    struct world *world = *state;

    enter(world, 0, 100);
    assert_int_equal(net_limit_look(world->limit).waiting, 100);
    turn_until(world, 100);
    for (int i = 0; i < 100; i++) {
        for (int j = i; j < 100; j++) {
            int64_t between = world->askers[j].went_us - world->askers[i].went_us;

            assert_true(between >= 0);
            assert_true((double)(j - i + 1) <=
                        RATE * ((double)between / (double)SECOND_US + 1) + 0.001);
        }
    }
    assert_int_equal(net_limit_look(world->limit).sent, 100);
    assert_int_equal(net_limit_look(world->limit).waiting, 0);
}

/* Requests under way together are one sign, not many; the rate comes back by itself. */
static void test_slow_down(void **state)
{
    struct world *world = *state;
    int64_t sent_us;

    enter(world, 0, 4);
    turn_until(world, 4);
    sent_us = world->askers[3].went_us;
    for (int i = 0; i < 4; i++)
        net_limit_slow_down(world->limit, sent_us, -1);
    assert_true(net_limit_look(world->limit).now == RATE / 2.0);
    assert_int_equal(net_limit_look(world->limit).throttled, 4);
    for (int i = 0; i < 20; i++)
        net_limit_slow_down(world->limit, base_seam_mono_us(world->seam) + 1 + i * SECOND_US, -1);
    assert_true(net_limit_look(world->limit).now == 0.5);
    base_seam_turn(world->seam, 11);
    assert_true(net_limit_look(world->limit).now == 1.0);
    base_seam_turn(world->seam, 40);
    assert_true(net_limit_look(world->limit).now == RATE);
}

/* Nobody goes before Retry-After is over, which has a cap; leaving the queue is possible all along.
 */
static void test_pause(void **state)
{
    struct world *world = *state;
    int64_t now = base_seam_mono_us(world->seam);

    net_limit_slow_down(world->limit, now, 30000);
    assert_true(net_limit_look(world->limit).paused_until_us > 0);
    enter(world, 0, 5);
    for (int i = 0; i < 29; i++) {
        base_seam_turn(world->seam, 1);
        net_loop_turn(world->loop, 0);
    }
    assert_int_equal(world->went, 0);
    net_limit_leave(&world->askers[1].wait);
    net_limit_leave(&world->askers[4].wait);
    net_limit_leave(&world->askers[4].wait);
    turn_until(world, 3);
    assert_true(world->askers[0].went_us - now >= 30 * SECOND_US);
    assert_int_equal(world->askers[1].went_us, 0);
    assert_int_equal(net_limit_look(world->limit).waiting, 0);
    net_limit_slow_down(world->limit, base_seam_mono_us(world->seam), INT64_MAX / 2);
    assert_true(net_limit_look(world->limit).paused_until_us - base_seam_now_us(world->seam) <=
                600 * SECOND_US);
}

static void test_set(void **state)
{
    struct world *world = *state;

    net_limit_set(world->limit, 40);
    assert_true(net_limit_look(world->limit).now == 40);
    net_limit_set(world->limit, 2);
    assert_true(net_limit_look(world->limit).now == 2);
    net_limit_slow_down(world->limit, base_seam_mono_us(world->seam) + 1, -1);
    net_limit_set(world->limit, 100);
    assert_true(net_limit_look(world->limit).now == 1);
}

#define limit_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        limit_test(test_promise),
        limit_test(test_slow_down),
        limit_test(test_pause),
        limit_test(test_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
