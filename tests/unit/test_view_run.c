/* What is said of batches and runs: the words of states, ranges of time, and what a person is told
 * while nothing moves. */
#include "ui/view/run.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static cJSON *json_of(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err);
    assert_non_null(json);
    return json;
}

static void eta_is(const char *text, const char *want)
{
    char out[32];
    cJSON *json = json_of(text);
    assert_string_equal(view_eta(json, out), want);
    cJSON_Delete(json);
}

static void test_time_left_is_a_coarse_range(void **state)
{
    (void)state;
    eta_is("{}", "unknown");
    eta_is("{\"eta\":{\"from\":5,\"to\":3}}", "unknown");
    eta_is("{\"eta\":{\"from\":-1,\"to\":3}}", "unknown");
    eta_is("{\"eta\":{\"from\":0,\"to\":1}}", "1 s");
    eta_is("{\"eta\":{\"from\":3,\"to\":7}}", "3-7 s");
    eta_is("{\"eta\":{\"from\":12,\"to\":21}}", "10-25 s");
    eta_is("{\"eta\":{\"from\":100,\"to\":230}}", "1-4 m");
    eta_is("{\"eta\":{\"from\":4000,\"to\":9000}}", "1-3 h");
    eta_is("{\"eta\":{\"from\":1,\"to\":99999999999}}", "unknown");
}

static void state_is(const char *text, const char *want)
{
    char out[32];
    cJSON *json = json_of(text);
    assert_string_equal(view_run_state(json, out), want);
    cJSON_Delete(json);
}

static void test_states_are_words(void **state)
{
    (void)state;
    state_is("{}", "-");
    state_is("{\"word\":\"queued\"}", "queued");
    state_is("{\"word\":\"failed\",\"phase\":\"over\"}", "FAILED");
    state_is("{\"word\":\"running\"}", "running");
    state_is("{\"word\":\"running\",\"phase\":\"statement\"}", "statement");
    state_is("{\"word\":\"running\",\"phase\":\"transfer\",\"rows\":1,\"rows_total\":2}",
             "extract 50%");
    state_is("{\"word\":\"running\",\"phase\":\"transfer\",\"rows\":0,\"rows_total\":0}",
             "extract");
    state_is("{\"word\":\"running\",\"phase\":\"transfer\",\"stalled\":true}", "STALLED");
    state_is("{\"word\":\"a word nobody knows, and a very long one\"}",
             "a word nobody knows, and a very");
}

static void test_batch_in_one_line(void **state)
{
    (void)state;
    cJSON *json = json_of("{\"trigger\":\"apply\",\"runs\":9,\"over\":7,\"done\":5,\"failed\":1,"
                          "\"cancelled\":1,\"retried\":2}");
    char *text = view_batch_text(json);
    assert_string_equal(text, "share apply: 5 done, 1 failed, 1 cancelled, 2 after retry, 2 to go");
    free(text);
    cJSON_Delete(json);
    json = json_of("{}");
    text = view_batch_text(json);
    assert_string_equal(text, "by hand: empty");
    free(text);
    cJSON_Delete(json);
}

static void live_is(const char *text, const char *state, const char *total, double share)
{
    double got = 9;
    cJSON *json = json_of(text);
    char *line = view_live_state(json, INT64_C(1000000));
    assert_string_equal(line, state);
    free(line);
    line = view_live_total(json, &got);
    assert_string_equal(line, total);
    assert_true(got > share - 0.001 && got < share + 0.001);
    free(line);
    cJSON_Delete(json);
}

static void test_a_total_that_is_not_known_is_not_made_up(void **state)
{
    (void)state;
    live_is(
        "{\"batch\":{\"state\":\"running\",\"began\":\"1970-01-01T00:00:00Z\"},\"rows\":1500000}",
        "RUNNING 1 s (by hand)", "total unknown   1.50 M rows", -1);
    live_is("{\"batch\":{\"state\":\"running\",\"began\":\"1970-01-01T00:00:00Z\",\"by\":\"ann\"},"
            "\"rows\":5000000,\"rows_total\":20000000,\"estimated\":true}",
            "RUNNING 1 s, by ann (by hand)", " 25 %   5.00 of 20.0 M rows, about", 0.25);
    /* What was stopped before it read anything has not done 100 % of nothing. */
    live_is("{\"batch\":{\"state\":\"cancelled\",\"began\":\"1970-01-01T00:00:00Z\"},\"rows\":0,"
            "\"rows_total\":0}",
            "CANCELLED 1 s (by hand)", "nothing was published", 0);
}

static void test_stalled_comes_first(void **state)
{
    (void)state;
    live_is(
        "{\"batch\":{\"state\":\"running\",\"began\":\"1970-01-01T00:00:00Z\"},\"stalled_run\":7,"
        "\"runs\":[{\"id\":7,\"idle_seconds\":70}],\"detail\":{\"run\":7,\"last_chunk\":41},"
        "\"rows\":1,\"rows_total\":2}",
        "STALLED 70 s, run 7, last chunk 41", " 50 %   1 of 2 rows", 0.5);
}

/* Everything that the engine may leave out is left out. */
static void test_pages_of_nothing(void **state)
{
    static const char *const texts[] = {"{}", "{\"run\":{\"word\":\"failed\"}}",
                                        "{\"run\":{\"word\":\"done\"},\"detail\":{}}",
                                        "{\"broke\":{},\"safe\":{},\"changed\":{},\"failed\":{}}"};
    struct view_run_words words = {.keys = true};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *json = json_of(texts[i]);
        struct view_page *page = view_page_new(80);
        struct buf out;
        base_buf_init(&out, 0);
        view_run_page(page, json, &words);
        view_run_chunks(page, json);
        view_run_evidence(page, json, 0);
        view_run_brief(page, json, 0);
        view_batch_brief(page, json, 0);
        view_live_detail(page, json);
        view_live_reader(page, json);
        view_run_sentence(&out, json);
        view_run_why(&out, json);
        assert_true(page->count > 0);
        base_buf_free(&out);
        view_page_free(&page);
        cJSON_Delete(json);
    }
}

static void test_every_thing_to_do_names_its_key(void **state)
{
    struct view_run_words words = {.keys = true};
    int targets = 0;
    (void)state;
    cJSON *json = json_of("{\"run\":{\"id\":3,\"table\":\"a.b.c\",\"word\":\"failed\",\"error\":"
                          "{\"code\":\"SRC_PERM_TABLE\",\"message\":\"no\",\"hint\":"
                          "\"GRANT SELECT ON TABLE `a`.`b`.`c` TO `x`;\"}},\"broke\":{\"code\":"
                          "\"SRC_PERM_TABLE\"},\"safe\":{\"touched\":\"untouched\",\"reader\":"
                          "{\"run\":2,\"rows\":5}}}");
    struct view_page *page = view_page_new(80);
    view_run_page(page, json, &words);
    for (size_t i = 0; i < page->count; i++) {
        char key[16];
        if (page->lines[i].target == 0)
            continue;
        targets++;
        size_t len = view_action_key((enum view_action)page->lines[i].target, key, sizeof key);
        assert_memory_equal(page->lines[i].spans[0].text + 2, key, len);
    }
    assert_int_equal(targets, 5);
    view_page_free(&page);
    /* Where it may not be tried again the reason stands there, and no key. */
    words.retry_refused = "needs role admin (you are in view)";
    page = view_page_new(80);
    view_run_page(page, json, &words);
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "needs role admin"));
    for (size_t i = 0; i < page->count; i++)
        assert_int_not_equal(page->lines[i].target, VIEW_ACTION_RETRY);
    free(text);
    view_page_free(&page);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_left_is_a_coarse_range),
        cmocka_unit_test(test_states_are_words),
        cmocka_unit_test(test_batch_in_one_line),
        cmocka_unit_test(test_a_total_that_is_not_known_is_not_made_up),
        cmocka_unit_test(test_stalled_comes_first),
        cmocka_unit_test(test_pages_of_nothing),
        cmocka_unit_test(test_every_thing_to_do_names_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
