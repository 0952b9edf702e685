/* What leaves the program: cleaned text, aligned tables, one JSON document, exit codes. */
#include "ui/view/out.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct capture {
    struct view_out out;
    char *text, *diag;
    size_t text_len, diag_len;
};

static void capture_open(struct capture *capture)
{
    memset(capture, 0, sizeof *capture);
    capture->out.text = open_memstream(&capture->text, &capture->text_len);
    capture->out.diag = open_memstream(&capture->diag, &capture->diag_len);
}

static void capture_read(struct capture *capture)
{
    fflush(capture->out.text);
    fflush(capture->out.diag);
}

static void capture_close(struct capture *capture)
{
    fclose(capture->out.text);
    fclose(capture->out.diag);
    free(capture->text);
    free(capture->diag);
}

static void test_foreign_text(void **state)
{
    (void)state;
    static const char *const hostile[] = {"\x1b]52;c;aGk=\x07",
                                          "a\rb",
                                          "a\nb",
                                          "\x1b[2J",
                                          "\xc2\x9b"
                                          "31m",
                                          "\xe2\x80\xae"
                                          "evil",
                                          "\x7f",
                                          "\xff\xfe"};
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct capture capture;
        capture_open(&capture);
        view_line(&capture.out, "x%sy", hostile[i]);
        view_diag(&capture.out, "x%sy", hostile[i]);
        capture_read(&capture);
        for (size_t k = 0; k < capture.text_len; k++) {
            unsigned char byte = (unsigned char)capture.text[k];
            assert_true(byte >= 0x20 || (byte == '\n' && k + 1 == capture.text_len));
            assert_true(byte != 0x7f && byte != 0x9b && byte != 0xff);
        }
        assert_string_equal(capture.text, capture.diag);
        capture_close(&capture);
    }
}

static void test_ascii(void **state)
{
    (void)state;
    struct capture capture;
    capture_open(&capture);
    capture.out.ascii = true;
    view_line(&capture.out, "caf\xc3\xa9");
    capture_read(&capture);
    assert_string_equal(capture.text, "caf\\u{e9}\n");
    capture_close(&capture);
}

static void test_table(void **state)
{
    (void)state;
    static const char *const columns[] = {"name", ">rows", NULL};
    const char *one[] = {"a", "12"}, *two[] = {"long name", NULL};
    for (int plain = 0; plain < 2; plain++) {
        struct capture capture;
        capture_open(&capture);
        capture.out.plain = plain;
        struct view_table *table = view_table_new(columns);
        view_table_row(table, STYLE_PLAIN, one);
        view_table_row(table, STYLE_GOOD, two);
        view_table_print(&table, &capture.out);
        assert_null(table);
        capture_read(&capture);
        assert_string_equal(capture.text, plain ? "a\t12\nlong name\t-\n"
                                                : "name       rows\n"
                                                  "a            12\n"
                                                  "long name     -\n");
        capture_close(&capture);
    }
}

static void test_json(void **state)
{
    (void)state;
    struct capture capture;
    struct err err = ERR_INIT;
    capture_open(&capture);
    capture.out.json = true;
    view_line(&capture.out, "nothing of this");
    cJSON *data = base_json_object();
    base_json_add_str(data, "esc", "\x1b[0m");
    view_json_ok(&capture.out, data);
    capture_read(&capture);
    assert_string_equal(capture.text,
                        "{\"ok\":true,\"data\":{\"esc\":\"\\u001b[0m\"},\"error\":null}\n");
    capture_close(&capture);

    capture_open(&capture);
    capture.out.json = true;
    base_err_set(&err, ERR_RUN_NOT_FOUND, "no run 7");
    assert_int_equal(view_error(&capture.out, &err, NULL), VIEW_EXIT_FAILED);
    capture_read(&capture);
    cJSON *json = cJSON_Parse(capture.text);
    assert_non_null(json);
    assert_false(base_json_bool_or(json, "ok", true));
    assert_string_equal(base_json_str(base_json_get(json, "error"), "code"), "RUN_NOT_FOUND");
    assert_non_null(strstr(capture.diag, "no run 7"));
    cJSON_Delete(json);
    capture_close(&capture);
}

static void test_exits(void **state)
{
    (void)state;
    static const struct {
        enum err_code code;
        enum view_exit exit;
    } cases[] = {{ERR_OK, VIEW_EXIT_DONE},
                 {ERR_USAGE, VIEW_EXIT_USAGE},
                 {ERR_CONFIG_MISSING, VIEW_EXIT_USAGE},
                 {ERR_NOT_PERMITTED, VIEW_EXIT_DENIED},
                 {ERR_SRC_PERM_TABLE, VIEW_EXIT_DENIED},
                 {ERR_SRC_AUTH_CLIENT_INVALID, VIEW_EXIT_DENIED},
                 {ERR_ENGINE_UNREACHABLE, VIEW_EXIT_NO_ENGINE},
                 {ERR_HOST_INTERRUPTED, VIEW_EXIT_INTERRUPTED},
                 {ERR_SRC_CHUNK_GAP, VIEW_EXIT_FAILED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = ERR_INIT;
        err.code = cases[i].code;
        assert_int_equal(view_exit_of(&err), cases[i].exit);
    }
}

static void test_words(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(view_seconds(0.25, out), "0.2 s");
    assert_string_equal(view_seconds(59.9, out), "59 s");
    assert_string_equal(view_seconds(190, out), "3 m 10 s");
    assert_string_equal(view_seconds(7260, out), "2 h 01 m");
    assert_string_equal(view_time("2026-11-23T01:02:03.5Z", out), "2026-11-23 01:02:03Z");
    assert_string_equal(view_time(NULL, out), "-");
    cJSON *object = cJSON_Parse("{\"n\":null}");
    assert_string_equal(view_rows(object, "n", out), "-");
    cJSON_Delete(object);
}

static void test_status(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"profile\":\"prod\",\"ready\":true,\"failed\":1,\"running\":0,\"tables_total\":1,"
        "\"tables\":[{\"name\":"
        "\"shop.sales.x\",\"run\":{\"id\":6503,\"word\":\"failed\",\"error\":{\"code\":\"SRC_PERM_"
        "TABLE\",\"message\":"
        "\"no "
        "SELECT\"}}}],\"attention\":[{\"kind\":\"failed\",\"run\":6503,\"code\":\"SRC_PERM_TABLE\"}"
        "]}",
        "{\"profile\":\"prod\",\"ready\":true,\"failed\":0,\"running\":0,\"tables_total\":0,"
        "\"tables\":[]}",
        "{\"profile\":\"prod\",\"ready\":false,\"failed\":0,\"running\":0,\"tables_total\":0,"
        "\"tables\":[],"
        "\"blocked\":{\"code\":\"CONFIG_MISSING\",\"message\":\"not set\",\"hint\":\"set it\"}}",
        "{\"profile\":\"prod\",\"ready\":true,\"tables_total\":1,\"attention\":[{\"kind\":"
        "\"damaged\","
        "\"table\":\"shop.sales.x\"}]}",
        "{\"profile\":\"prod\",\"ready\":true,\"tables_total\":1,\"attention\":[{\"kind\":"
        "\"doctor\","
        "\"layer\":\"ip_list\",\"code\":\"SRC_IP_BLOCKED\",\"text\":\"refused\"}]}"};
    static const int exits[] = {VIEW_EXIT_FAILED, VIEW_EXIT_DONE, VIEW_EXIT_FINDINGS,
                                VIEW_EXIT_FAILED, VIEW_EXIT_FINDINGS};
    static const char *const words[] = {"FAILED", "OK", "NOT READY", "DAMAGED",
                                        "ip list: SRC_IP_BLOCKED  refused"};
    for (size_t i = 0; i < base_countof(texts); i++) {
        struct capture capture;
        capture_open(&capture);
        cJSON *data = cJSON_Parse(texts[i]);
        assert_int_equal(view_status_exit(data), exits[i]);
        view_status(&capture.out, data, 0);
        capture_read(&capture);
        assert_non_null(strstr(capture.text, words[i]));
        if (i == 0)
            assert_non_null(strstr(capture.text, "runs show 6503"));
        cJSON_Delete(data);
        capture_close(&capture);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_text), cmocka_unit_test(test_ascii),
        cmocka_unit_test(test_table),        cmocka_unit_test(test_json),
        cmocka_unit_test(test_exits),        cmocka_unit_test(test_words),
        cmocka_unit_test(test_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
