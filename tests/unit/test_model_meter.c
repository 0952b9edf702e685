/* How fast, how long still, and the map of chunks: what people are told while they wait. */
#include "model/meter.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define S INT64_C(1000000)

static void test_meter_keeps_the_whole_time_in_few_steps(void **state)
{
    struct model_meter meter;
    double rates[METER_STEPS];
    (void)state;
    model_meter_start(&meter, 5 * S);
    for (int64_t second = 0; second < 100; second++) {
        model_meter_add(&meter, (5 + second) * S + S / 2, 10);
        assert_true(meter.count <= METER_STEPS);
    }
    assert_int_equal(meter.total, 1000);
    assert_int_equal(meter.step_us, 8 * S);
    size_t count = model_meter_rates(&meter, 105 * S, rates);
    assert_int_equal(count, 13);
    for (size_t i = 0; i < count; i++)
        assert_true(rates[i] > 9.9 && rates[i] < 10.1);
    assert_true(model_meter_mean(&meter, 105 * S) > 9.9);
    assert_true(model_meter_mean(&meter, 105 * S) < 10.1);
}

static void test_meter_of_a_new_step_says_nothing_yet(void **state)
{
    struct model_meter meter;
    double rates[METER_STEPS];
    (void)state;
    model_meter_start(&meter, 0);
    assert_int_equal(model_meter_rates(&meter, S / 10, rates), 0);
    model_meter_add(&meter, S / 2, 100);
    assert_int_equal(model_meter_rates(&meter, S / 2, rates), 1);
    assert_true(rates[0] > 199 && rates[0] < 201);
    assert_int_equal(model_meter_rates(&meter, S + S / 10, rates), 1);
    assert_true(rates[0] > 99 && rates[0] < 101);
    /* Read once more: what was counted goes, and no rate is negative. */
    model_meter_add(&meter, S + S / 2, -100);
    assert_int_equal(meter.total, 0);
    assert_int_equal(model_meter_rates(&meter, S + S / 2, rates), 2);
    assert_true(rates[1] == 0);
}

static void test_eta_is_a_range_or_unknown(void **state)
{
    struct model_eta eta;
    (void)state;
    assert_true(model_eta(600, 10, 5, &eta));
    assert_int_equal(eta.from, 60);
    assert_int_equal(eta.to, 151);
    assert_true(model_eta(600, 5, 10, &eta)); /* whichever is slower */
    assert_int_equal(eta.to, 151);
    assert_false(model_eta(600, 0, 10, &eta));  /* nothing moves */
    assert_false(model_eta(600, 0, 0, &eta));   /* nothing is known */
    assert_false(model_eta(600, 1, 100, &eta)); /* nobody knows which of them will hold */
    assert_false(model_eta(-1, 10, 10, &eta));  /* total unknown */
    assert_true(model_eta(0, 10, 10, &eta));
    assert_int_equal(eta.from, 0);
}

static void packed(const char *states, const char *want)
{
    struct buf out;
    size_t count = 0;
    base_buf_init(&out, 0);
    model_chunks_pack(states, strlen(states), &out);
    assert_string_equal(out.data ? out.data : "", want);
    char *again = model_chunks_unpack(out.data, 100000, &count);
    assert_non_null(again);
    assert_int_equal(count, strlen(states));
    assert_string_equal(again, states);
    free(again);
    base_buf_free(&out);
}

static void test_chunks_pack_and_come_back(void **state)
{
    (void)state;
    packed("", "");
    packed("#", "1#");
    packed("###+dd..r.", "3#1+2d2.1r1.");
}

static void test_chunks_of_a_long_result_stay_short(void **state)
{
    size_t count = 0;
    char *states = malloc(20001);
    struct buf out;
    (void)state;
    for (size_t i = 0; i < 20000; i++)
        states[i] = i % 2 ? '#' : 'r';
    states[20000] = '\0';
    base_buf_init(&out, 0);
    model_chunks_pack(states, 20000, &out);
    assert_true(out.len <= CHUNKS_PACKED_MAX);
    char *again = model_chunks_unpack(out.data, 1 << 20, &count);
    assert_int_equal(count, 20000);
    assert_int_equal(again[19999], '?');
    free(again);
    base_buf_free(&out);
    free(states);
}

static void test_chunks_from_outside_are_checked(void **state)
{
    size_t count = 0;
    (void)state;
    assert_null(model_chunks_unpack("12", 100, &count));
    assert_null(model_chunks_unpack("0#", 100, &count));
    assert_null(model_chunks_unpack("-3#", 100, &count));
    assert_null(model_chunks_unpack("3x", 100, &count));
    char *states = model_chunks_unpack("99999999999999999999#", 100, &count);
    assert_non_null(states);
    assert_int_equal(count, 100);
    free(states);
    states = model_chunks_unpack(NULL, 100, &count);
    assert_int_equal(count, 0);
    free(states);
}

static void mapped(const char *states, size_t width, size_t per, const char *want)
{
    size_t got = 0;
    char *map = model_chunks_map(states, strlen(states), width, &got);
    assert_string_equal(map, want);
    assert_int_equal(got, per);
    free(map);
}

static void test_a_mark_hides_no_trouble(void **state)
{
    (void)state;
    mapped("##+d..", 6, 1, "##+d..");
    mapped("######+d....", 4, 3, "##+.");
    mapped("###r##.r.", 3, 3, "#rr");
    mapped("##.", 1, 3, ".");
    mapped("", 10, 1, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meter_keeps_the_whole_time_in_few_steps),
        cmocka_unit_test(test_meter_of_a_new_step_says_nothing_yet),
        cmocka_unit_test(test_eta_is_a_range_or_unknown),
        cmocka_unit_test(test_chunks_pack_and_come_back),
        cmocka_unit_test(test_chunks_of_a_long_result_stay_short),
        cmocka_unit_test(test_chunks_from_outside_are_checked),
        cmocka_unit_test(test_a_mark_hides_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
