/* What is said of a status: the alarm slot, SAFE, moments, notices; the same for hostile answers.
 */
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/alarm.h"
#include "ui/view/linear.h"
#include "ui/view/notice.h"
#include "ui/view/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t now_us(void)
{
    int64_t us = 0;
    assert_int_equal(base_time_parse("2026-11-23T02:12:00Z", &us), 0);
    return us;
}

static void alarm_is(const char *json, bool engine, const char *text, int screen, int64_t run)
{
    struct view_alarm alarm;
    cJSON *status = cJSON_Parse(json);
    view_alarm(status, engine, &alarm);
    assert_string_equal(alarm.text, text);
    assert_int_equal(alarm.screen, screen);
    assert_int_equal(alarm.run, run);
    cJSON *args = view_alarm_args(&alarm);
    assert_int_equal(base_json_i64_or(args, "run", 0), run);
    cJSON_Delete(args);
    cJSON_Delete(status);
}

static void test_alarm(void **state)
{
    (void)state;
    alarm_is("{\"attention\":[]}", true, "", 0, 0);
    alarm_is("{\"attention\":[]}", false, "no engine", 1, 0);
    alarm_is("null", true, "", 0, 0);
    alarm_is("{\"attention\":[{\"kind\":\"failed\",\"run\":7},{\"kind\":\"expires\",\"days\":2},"
             "{\"kind\":\"failed\",\"run\":8}]}",
             true, "! 2 failed", 5, 7);
    alarm_is("{\"attention\":[{\"kind\":\"expires\",\"days\":9}]}", true, "! secret 9 d", 6, 0);
    alarm_is("{\"attention\":[{\"kind\":\"expires\",\"days\":-1}]}", true, "! secret EXPIRED", 6,
             0);
    alarm_is("{\"attention\":[{\"kind\":\"expires\",\"days\":31}]}", true, "", 0, 0);
    alarm_is("{\"attention\":[{\"kind\":\"expires\",\"days\":31},{\"kind\":\"audit\",\"count\":2}"
             "]}",
             true, "! 2 unexpected", 7, 0);
    alarm_is("{\"attention\":[{\"kind\":\"blocked\"}]}", true, "! not ready", 9, 0);
    alarm_is("{\"attention\":[{\"kind\":\"damaged\",\"run\":3,\"table\":\"a.b.c\"}]}", true,
             "! 1 damaged", 5, 3);
    alarm_is("{\"attention\":[{\"kind\":\"?\"},7,null,{}]}", true, "", 0, 0);
}

static void test_clock(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(view_status_clock("2026-11-23T01:02:03Z", now_us(), false, out), "01:02Z");
    assert_string_equal(view_status_clock("2026-11-22T23:59:03Z", now_us(), false, out), "22 Nov");
    assert_string_equal(view_status_clock("2026-11-22T23:59:03Z", now_us(), true, out),
                        "22 Nov 23:59Z");
    assert_string_equal(view_status_clock("2026-12-02T08:00:00Z", now_us(), true, out),
                        "02 Dec 08:00Z");
    assert_string_equal(view_status_clock("2024-01-02T08:00:00Z", now_us(), true, out),
                        "2024-01-02");
    assert_string_equal(view_status_clock(NULL, now_us(), true, out), "-");
    assert_string_equal(view_status_clock("soon", now_us(), true, out), "-");
}

static void safe_is(const char *json, enum view_status_form form, const char *text,
                    enum view_style style)
{
    struct buf out;
    cJSON *status = cJSON_Parse(json);
    assert_non_null(status);
    base_buf_init(&out, 4096);
    assert_int_equal(view_status_safe(&out, status, now_us(), form), style);
    assert_string_equal(out.data, text);
    base_buf_free(&out);
    cJSON_Delete(status);
}

#define TABLES(a, b)                                                                               \
    "\"tables\":[{\"name\":\"s.x.orders\",\"whole_to\":\"2026-11-23T" a ":00:00Z\"},"              \
    "{\"name\":\"s.x.users\",\"whole_to\":\"2026-11-23T" b ":00:00Z\"}]"
#define SAFE(a, b)                                                                                 \
    "\"safe\":{\"tables\":2,\"whole\":2,\"oldest\":\"2026-11-23T" a                                \
    ":00:00Z\",\"newest\":\"2026-11-23T" b ":00:00Z\",\"oldest_table\":\"s.x.orders\"}"

static void test_safe(void **state)
{
    (void)state;
    safe_is("{\"safe\":{\"tables\":0,\"whole\":0}}", VIEW_STATUS_LONG, "no tables are shared",
            STYLE_PLAIN);
    safe_is("{\"safe\":{\"tables\":3,\"whole\":0}}", VIEW_STATUS_LONG,
            "nothing has been published yet", STYLE_PLAIN);
    safe_is("{" TABLES("02", "02") "," SAFE("02", "02") "}", VIEW_STATUS_LONG,
            "2 of 2 tables whole at the destination, to 02:00Z", STYLE_GOOD);
    safe_is("{" TABLES("01", "02") "," SAFE("01", "02") "}", VIEW_STATUS_LONG,
            "2 of 2 tables whole at the destination; orders is 1 h behind the rest", STYLE_WARN);
    safe_is("{" TABLES("01", "02") "," SAFE("01", "02") "}", VIEW_STATUS_SHORT,
            "2 of 2 whole; orders is 1 h behind the rest", STYLE_WARN);
    safe_is("{" TABLES("01", "02") "," SAFE("01", "02") "}", VIEW_STATUS_TIMES,
            "2 of 2 whole; orders to 01:00Z, the others to 02:00Z", STYLE_WARN);
    safe_is("{" TABLES("02", "02") "," SAFE(
                "02", "02") ","
                            "\"check\":{\"damaged\":[{\"name\":\"s.x.users\"}]}}",
            VIEW_STATUS_SHORT, "1 of 2 whole, to 02:00Z; 1 DAMAGED there", STYLE_BAD);
}

/* The answers may hold anything: it is said or left out, and nothing breaks. */
static void test_odd_answers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "[]",
        "{}",
        "{\"tables\":[null,7,{}],\"attention\":[null,{}],\"secrets\":[1],\"safe\":[]}",
        "{\"tables\":[{\"name\":\"\\u001b[2J\",\"last\":[1,null,\"..\",\"F\"],\"run\":3,"
        "\"error\":\"x\"}],\"tables_total\":1e300,\"safe\":{\"tables\":1,\"whole\":1}}",
        "{\"batches_running\":1,\"batch\":-4,\"check\":{\"damaged\":7},\"day\":[],\"failed\":"
        "\"9\"}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cJSON *status = cJSON_Parse(texts[i]);
        for (int width = 20; width <= 200; width += 30) {
            struct view_page *page = view_page_new(width);
            view_status_needs(page, status, now_us(), 3, true);
            view_status_tables(page, status, now_us(), width < 76);
            view_status_world(page, status, now_us());
            view_status_no_engine(page, status, "prod", width > 100, NULL, now_us());
            view_status_page(page, status, now_us());
            view_status_linear(page, status, now_us());
            view_notice_aampe(page, status, status, now_us());
            view_notice_ticket(page, status, status, now_us());
            view_linear_runs(page, status, now_us());
            free(view_page_text(page));
            view_page_free(&page);
        }
        cJSON_Delete(status);
    }
}

static void test_no_engine(void **state)
{
    (void)state;
    struct err why = ERR_INIT;
    base_err_set(&why, ERR_ENGINE_UNREACHABLE, "nobody answers");
    struct view_page *page = view_page_new(80);
    view_status_no_engine(page, NULL, "prod", true, &why, now_us());
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "THE ENGINE IS DOWN."));
    assert_non_null(strstr(text, "systemctl start aampe-syncd@prod"));
    assert_non_null(
        strstr(text, "Not started by this console: the unit aampe-syncd@prod owns profile prod."));
    free(text);
    view_page_free(&page);
    char *commands = view_status_commands("prod", false);
    assert_string_equal(commands, "aampe-console --profile prod engine start\n");
    free(commands);
}

static char *told(struct view_linear_told *told, const char *json)
{
    cJSON *event = cJSON_Parse(json);
    assert_non_null(event);
    char *line = view_linear_event(told, event, 10);
    cJSON_Delete(event);
    return line;
}

static void test_linear_events(void **state)
{
    (void)state;
    struct view_linear_told *memory = view_linear_told_new();
    static const struct {
        const char *event, *line;
    } rows[] = {
        {"{\"name\":\"run.state\",\"payload\":{\"id\":7,\"table\":\"a.b.c\",\"word\":\"running\"}}",
         "run 7: a.b.c, running"},
        {"{\"name\":\"run.state\",\"payload\":{\"id\":7,\"table\":\"a.b.c\",\"word\":\"running\"}}",
         NULL},
        {"{\"name\":\"run.progress\",\"payload\":{\"run\":7,\"rows\":1,\"rows_total\":1000}}",
         NULL},
        {"{\"name\":\"run.progress\",\"payload\":{\"run\":7,\"rows\":520,\"rows_total\":1000}}",
         "run 7: a.b.c, 52 percent of 1000 rows"},
        {"{\"name\":\"run.progress\",\"payload\":{\"run\":7,\"rows\":530,\"rows_total\":1000}}",
         NULL},
        {"{\"name\":\"run.state\",\"payload\":{\"id\":7,\"word\":\"done\",\"file_rows\":1000}}",
         "run 7: a.b.c, done, 1000 rows"},
        {"{\"name\":\"resync\"}", NULL},
        {"{}", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *line = told(memory, rows[i].event);
        if (rows[i].line)
            assert_string_equal(line, rows[i].line);
        else
            assert_null(line);
        free(line);
    }
    view_linear_told_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alarm),     cmocka_unit_test(test_clock),
        cmocka_unit_test(test_safe),      cmocka_unit_test(test_odd_answers),
        cmocka_unit_test(test_no_engine), cmocka_unit_test(test_linear_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
