/* The answer of doctor.show as words and as an exit code; the same of hostile answers. */
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/doctor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char blocked[] =
    "{\"profile\":\"prod\",\"running\":false,\"job\":12,\"began\":\"2026-11-23T02:11:00Z\","
    "\"ended\":\"2026-11-23T02:11:03Z\",\"took_ms\":3100,\"by\":\"engine\","
    "\"first_failure\":{\"chain\":\"workspace\",\"layer\":\"ip_list\",\"code\":\"SRC_IP_BLOCKED\","
    "\"text\":\"this host is refused\",\"hint\":\"add it\"},\"chains\":["
    "{\"chain\":\"here\",\"about\":null,\"layers\":[{\"layer\":\"engine\",\"title\":\"engine\","
    "\"state\":\"ok\",\"text\":\"1.4.0\",\"ms\":1}]},"
    "{\"chain\":\"workspace\",\"about\":\"dbc\",\"layers\":["
    "{\"layer\":\"ip_list\",\"title\":\"ip list\",\"state\":\"fail\",\"text\":\"seen as "
    "198.51.100.7\",\"ms\":140,\"error\":{\"code\":\"SRC_IP_BLOCKED\",\"class\":\"perm\","
    "\"message\":\"m\",\"hint\":\"add it\",\"evidence\":{}}},"
    "{\"layer\":\"warehouse\",\"title\":\"warehouse\",\"state\":\"not_reached\",\"text\":\"\","
    "\"last_known\":{\"state\":\"ok\",\"text\":\"wh-small STOPPED\","
    "\"at\":\"2026-11-23T01:20:00Z\"}}]}]}";

static struct view_doctor *parse(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err);
    assert_int_equal(err.code, ERR_OK);
    return view_doctor_new(json);
}

static void what_is(const struct view_doctor_layer *layer, const char *expected)
{
    struct buf out;
    int64_t now = 0;
    assert_int_equal(base_time_parse("2026-11-23T02:12:00Z", &now), 0);
    base_buf_init(&out, 4096);
    view_doctor_what(&out, layer, now);
    assert_string_equal(out.len ? out.data : "", expected);
    base_buf_free(&out);
}

static void test_words(void **state)
{
    (void)state;
    struct view_doctor *doctor = parse(blocked);
    struct buf sentence;
    char took[16];
    base_buf_init(&sentence, 4096);
    assert_int_equal(doctor->fails, 1);
    view_doctor_sentence(&sentence, doctor);
    assert_string_equal(sentence.data, "workspace, ip list: this host is refused");
    assert_string_equal(view_doctor_fix(doctor), "add it");
    what_is(&doctor->chains[1].layers[0], "SRC_IP_BLOCKED, seen as 198.51.100.7");
    what_is(&doctor->chains[1].layers[1], "last known 52 m ago: wh-small STOPPED");
    assert_int_equal(view_doctor_exit(doctor), VIEW_EXIT_DENIED);
    assert_string_equal(view_doctor_ms(140, took), "140 ms");
    assert_string_equal(view_doctor_ms(2290, took), "2.2 s");
    assert_string_equal(view_doctor_ms(-1, took), "");
    base_buf_free(&sentence);
    view_doctor_free(&doctor);
}

static bool event(struct view_doctor *doctor, const char *text, bool *done)
{
    cJSON *payload = cJSON_Parse(text);
    bool changed = view_doctor_event(doctor, payload, done);
    cJSON_Delete(payload);
    return changed;
}

static void test_events(void **state)
{
    (void)state;
    struct view_doctor *doctor = parse(blocked);
    bool done = true;
    assert_true(event(doctor,
                      "{\"job\":12,\"chain\":\"workspace\",\"layer\":{\"layer\":\"ip_list\","
                      "\"title\":\"ip list\",\"state\":\"warn\",\"text\":\"t\"}}",
                      &done));
    assert_false(done);
    assert_null(doctor->first);
    assert_int_equal(view_doctor_exit(doctor), VIEW_EXIT_FINDINGS);
    /* Of another job, of no layer there is, of no form at all. */
    assert_false(event(doctor, "{\"job\":11,\"done\":true}", &done));
    assert_false(
        event(doctor, "{\"job\":12,\"chain\":\"here\",\"layer\":{\"layer\":\"x\"}}", NULL));
    assert_false(event(doctor, "{\"job\":12,\"chain\":7,\"layer\":[]}", NULL));
    assert_true(event(doctor, "{\"job\":12,\"done\":true}", &done));
    assert_true(done);
    view_doctor_free(&doctor);
}

static void test_exit(void **state)
{
    (void)state;
    struct view_doctor *doctor = parse("{\"chains\":[{\"layers\":[{\"state\":\"none\"}]}]}");
    assert_int_equal(view_doctor_exit(doctor), VIEW_EXIT_DONE);
    view_doctor_free(&doctor);
    doctor =
        parse("{\"chains\":[{\"layers\":[{\"state\":\"fail\",\"error\":{\"class\":\"cfg\"}}]}]}");
    assert_int_equal(view_doctor_exit(doctor), VIEW_EXIT_FAILED);
    view_doctor_free(&doctor);
}

static void test_hostile(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"chains\":7,\"took_ms\":\"x\",\"began\":[],\"first_failure\":3}",
        "{\"chains\":[1,null,{\"layers\":[3,{\"layer\":{},\"ms\":-5,\"last_known\":7}]}]}",
        "{\"chains\":[{},{},{},{},{}]}",
        "{\"chains\":[{\"layers\":[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}]"
        "}"};
    struct view_out out = {.text = fopen("/dev/null", "w"), .diag = stderr};
    (void)state;
    assert_non_null(out.text);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct view_doctor *doctor = parse(texts[i]);
        assert_true(doctor->count <= VIEW_DOCTOR_CHAINS);
        assert_true(doctor->chains[0].count <= VIEW_DOCTOR_LAYERS);
        view_doctor_print(&out, doctor, 0);
        out.plain = !out.plain;
        view_doctor_print(&out, doctor, INT64_MAX);
        view_doctor_free(&doctor);
    }
    fclose(out.text);
    struct view_doctor *none = view_doctor_new(NULL);
    assert_int_equal(none->count, 0);
    view_doctor_free(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_events),
                                       cmocka_unit_test(test_exit), cmocka_unit_test(test_hostile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
