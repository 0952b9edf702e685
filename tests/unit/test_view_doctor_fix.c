/* What repairs a layer: for every code somebody is named, lines hold only facts that are known and
 * plain words, and no page is wider than 80 columns. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/text.h"
#include "ui/view/doctor_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const facts[] = {"address", "host",         "application_id",   "id",
                                    "folder",  "workspace_id", "first_unreadable", "path"};

static cJSON *facts_make(const char *value)
{
    cJSON *json = base_json_object();
    for (size_t i = 0; value && i < base_countof(facts); i++)
        base_json_add_str(json, facts[i], value);
    return json;
}

/* All layers, each with these facts; the one the code belongs to fails with it. */
static struct view_doctor *doctor_make(enum err_code code, const char *value, const char *hint)
{
    cJSON *json = base_json_object(), *chains = base_json_add_array(json, "chains");
    enum base_layer failing = base_layer_of(code);
    if (failing == BASE_LAYER_NONE)
        failing = BASE_LAYER_ENGINE;
    base_json_add_str(json, "profile", "prod");
    base_json_add_str(json, "began", "2026-11-23T02:11:00Z");
    for (int c = 0; c < BASE_CHAINS; c++) {
        cJSON *chain = base_json_object(), *layers = base_json_add_array(chain, "layers");
        base_json_add_str(chain, "chain", base_chain_name((enum base_chain)c));
        for (int i = BASE_LAYER_NONE + 1; i < BASE_LAYER_COUNT; i++) {
            enum base_layer layer = (enum base_layer)i;
            char title[32];
            if (base_layer_chain(layer) != (enum base_chain)c)
                continue;
            cJSON *one = base_json_object();
            base_json_add_str(one, "layer", base_layer_name(layer));
            base_json_add_str(one, "title", base_layer_title(base_layer_name(layer), title));
            base_json_add_str(one, "state", layer == failing ? "fail" : "ok");
            base_json_add_take(one, "evidence", facts_make(value));
            if (layer == failing) {
                cJSON *error = base_json_object();
                base_json_add_str(error, "code", base_err_name(code));
                base_json_add_str(error, "message", "it is so");
                base_json_add_str(error, "hint", hint);
                base_json_add_take(error, "evidence", facts_make(value));
                base_json_add_take(one, "error", error);
            }
            base_json_push_take(layers, one);
        }
        base_json_push_take(chains, chain);
    }
    return view_doctor_new(json);
}

static void width_check(const char *name, const struct view_page *page)
{
    char *text = view_page_text(page);
    for (char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        if (base_text_width(at, len) > 80)
            fail_msg("%s: a line is wider than 80: %.*s", name, (int)len, at);
        at += len + (at[len] == '\n');
    }
    free(text);
}

static void every_code(void **state)
{
    (void)state;
    for (int i = ERR_OK + 1; i < ERR_COUNT; i++) {
        enum err_code code = (enum err_code)i;
        const char *name = base_err_name(code);
        struct view_doctor *doctor = doctor_make(code, "word-1.example.com", base_err_fix(code));
        struct view_page *page = view_page_new(80);
        assert_non_null(doctor->first);
        assert_true(view_doctor_fixable(doctor->first));
        view_doctor_fix_page(page, doctor, doctor->first, false);
        width_check(name, page);
        char *text = view_page_text(page);
        if (strstr(text, "  who ") == NULL || strstr(text, "  do ") == NULL)
            fail_msg("%s: nobody is named, or nothing to do:\n%s", name, text);
        free(text);
        char *lines = view_doctor_fix_lines(doctor, doctor->first, false, false);
        assert_true(strlen(lines) > 3);
        for (size_t k = 0; k < base_countof(facts); k++) {
            char left[48];
            snprintf(left, sizeof left, "{%s}", facts[k]);
            assert_null(strstr(lines, left));
        }
        assert_null(strstr(lines, "{catalog}"));
        free(lines);
        view_page_free(&page);
        view_doctor_free(&doctor);
    }
}

/* What is no plain word never becomes part of a command. */
static void hostile_facts(void **state)
{
    static const char *const values[] = {"$(reboot)", "a;reboot", "'reboot",   "`reboot`",
                                         "-reboot",   "a reboot", "a\nreboot", "a|reboot",
                                         "",          "\xc3\xa9", "a\x1b[2J"};
    (void)state;
    for (size_t v = 0; v < base_countof(values); v++) {
        for (int i = ERR_OK + 1; i < ERR_COUNT; i++) {
            struct view_doctor *doctor = doctor_make((enum err_code)i, values[v], "mend it");
            char *lines = view_doctor_fix_lines(doctor, doctor->first, true, false);
            assert_null(strstr(lines, "reboot"));
            assert_null(strstr(lines, "\x1b"));
            assert_null(strstr(lines, "\xc3"));
            free(lines);
            view_doctor_free(&doctor);
        }
    }
}

static void facts_of_the_right_layer(void **state)
{
    (void)state;
    struct view_doctor *doctor = doctor_make(ERR_SRC_IP_BLOCKED, NULL, "mend it");
    char *lines = view_doctor_fix_lines(doctor, doctor->first, false, false);
    /* The address of another layer is not the one that is refused. */
    assert_null(strstr(lines, "create"));
    assert_non_null(strstr(lines, "ip-access-lists list"));
    free(lines);
    view_doctor_free(&doctor);
    doctor = doctor_make(ERR_SRC_CATALOG_UNBOUND, "shop.aampe.users", "mend it");
    lines = view_doctor_fix_lines(doctor, doctor->first, false, false);
    assert_non_null(strstr(lines, "update-bindings catalog shop --json"));
    free(lines);
    view_doctor_free(&doctor);
    doctor = doctor_make(ERR_SRC_PERM_TABLE, NULL, "GRANT SELECT ON TABLE `a`.`b`.`c` TO `d`");
    lines = view_doctor_fix_lines(doctor, doctor->first, false, false);
    assert_memory_equal(lines, "GRANT SELECT", 12);
    free(lines);
    view_doctor_free(&doctor);
}

static void layer_pages(void **state)
{
    (void)state;
    struct view_doctor *doctor = doctor_make(ERR_NET_CONNECT, "word", "mend it");
    const struct view_doctor_layer *layer = view_doctor_find(doctor, "tcp");
    struct view_page *page = view_page_new(80);
    assert_ptr_equal(layer, doctor->first);
    view_doctor_layer_page(page, layer, true, 0);
    width_check("tcp", page);
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "NET_CONNECT"));
    assert_non_null(strstr(text, "workspace id word"));
    free(text);
    view_page_free(&page);
    assert_null(view_doctor_find(doctor, "nothing"));
    assert_null(view_doctor_find(doctor, NULL));
    text = view_doctor_text(doctor, 0);
    assert_non_null(strstr(text, "FIRST FAILURE"));
    free(text);
    view_doctor_free(&doctor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code),
        cmocka_unit_test(hostile_facts),
        cmocka_unit_test(facts_of_the_right_layer),
        cmocka_unit_test(layer_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
