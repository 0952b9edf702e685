/* What set-up says, and what it makes of what people paste. */
#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "config/profile.h"
#include "ui/view/setup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void test_clean(void **state)
{
    static const char *const pairs[][2] = {
        {"https://a.b", "https://a.b"},
        {"  https://a.b \n", "https://a.b"},
        {"\xe2\x80\x9chttps://a.b\xe2\x80\x9d", "https://a.b"},
        {" '\xe2\x80\x98x y\xe2\x80\x99' ", "x y"},
        {"\"\"", ""},
        {"\"", ""},
        {"", ""},
        {"it's", "it's"},
    };
    (void)state;
    for (size_t i = 0; i < base_countof(pairs); i++) {
        char *clean = view_setup_clean(pairs[i][0]);
        assert_string_equal(clean, pairs[i][1]);
        free(clean);
    }
}

static cJSON *answer(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = base_json_parse(text, strlen(text), strlen(text), &err);
    assert_non_null(json);
    return json;
}

static const char LIST[] =
    "{\"steps\":[{\"number\":1,\"id\":\"workspace\",\"state\":\"done\",\"text\":\"a.example\","
    "\"blocked_by\":[]},"
    "{\"number\":2,\"id\":\"principal\",\"state\":\"todo\",\"text\":\"\",\"blocked_by\":[]},"
    "{\"number\":3,\"id\":\"secret\",\"state\":\"todo\",\"text\":\"\",\"blocked_by\":[2]},"
    "{\"number\":4,\"id\":\"warehouse\",\"state\":\"waits\",\"text\":\"no CAN USE\","
    "\"blocked_by\":[],\"error\":{\"code\":\"SRC_WH_NO_CAN_USE\",\"message\":\"no CAN USE\","
    "\"hint\":\"grant it\"}}],\"done\":1,\"total\":7,"
    "\"settings\":{\"workspace.host\":\"https://a.example\",\"warehouse.id\":\"it's\"}}";

static void test_list(void **state)
{
    (void)state;
    cJSON *data = answer(LIST);
    for (int width = 20; width <= 200; width += 45) {
        for (int selected = 1; selected <= VIEW_SETUP_STEPS; selected++) {
            struct view_page *page = view_page_new(width);
            view_setup_list(page, data, selected, "a note\nof two lines", 0);
            int targets = 0;
            for (size_t i = 0; i < page->count; i++)
                targets += page->lines[i].target > 0;
            assert_int_equal(targets, VIEW_SETUP_STEPS);
            view_page_free(&page);
        }
    }
    struct view_page *page = view_page_new(80);
    view_setup_list(page, data, 4, NULL, 0);
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "1 of 7 done, 1 WAITS; any order where nothing blocks"));
    assert_non_null(strstr(text, "   3  oauth secret       todo     "));
    assert_non_null(strstr(text, "blocked by 2"));
    assert_non_null(strstr(text, "WAITS    no CAN USE"));
    assert_non_null(strstr(text, "SRC_WH_NO_CAN_USE"));
    assert_non_null(strstr(text, "grant it"));
    free(text);
    view_page_free(&page);
    page = view_page_new(80); /* nothing known yet */
    view_setup_list(page, NULL, 1, NULL, 0);
    text = view_page_text(page);
    assert_non_null(strstr(text, "0 of 7 done"));
    free(text);
    view_page_free(&page);
    cJSON_Delete(data);
}

static void test_commands(void **state)
{
    (void)state;
    cJSON *data = answer(LIST);
    char *line = view_setup_command(data, 1, "default");
    assert_string_equal(line, "aampe-console config set workspace.host https://a.example");
    free(line);
    line = view_setup_command(data, 4, "prod");
    assert_string_equal(line, "aampe-console --profile prod config set warehouse.id 'it'\\''s'");
    free(line);
    line = view_setup_command(data, 5, NULL);
    assert_string_equal(line, "aampe-console share add TABLE... --yes");
    free(line);
    cJSON_Delete(data);
}

/* Every field is a setting there is, and every step is found by its name. */
static void test_table(void **state)
{
    (void)state;
    for (int i = 1; i <= VIEW_SETUP_STEPS; i++) {
        const struct view_setup_step *step = view_setup_step(i);
        assert_int_equal(view_setup_number(step->id), i);
        for (int k = 0; k < VIEW_SETUP_FIELDS && step->fields[k].label; k++)
            if (step->fields[k].setting)
                assert_true(config_setting_by_key(step->fields[k].setting) < CONFIG_SETTING_COUNT);
    }
    assert_int_equal(view_setup_number("nothing"), 0);
    assert_int_equal(view_setup_number(NULL), 0);
}

static void test_one(void **state)
{
    (void)state;
    cJSON *data = answer(LIST);
    cJSON *layers = answer(
        "[{\"layer\":\"url shape\",\"state\":\"ok\",\"text\":\"taken as a.example\",\"ms\":0},"
        "{\"layer\":\"dns\",\"state\":\"FAIL\",\"text\":\"unknown\",\"ms\":12,"
        "\"error\":{\"code\":\"NET_DNS\",\"message\":\"the name does not "
        "resolve\",\"hint\":\"look\"}},"
        "{\"layer\":\"tcp\",\"state\":\"not reached\",\"text\":\"\",\"ms\":0}]");
    struct view_setup_look look = {
        .number = 1, .data = data, .layers = layers, .selected = 1, .tried = "x", .tried_field = 2};
    struct view_page *page = view_page_new(80);
    view_setup_one(page, &look);
    char *text = view_page_text(page);
    assert_non_null(strstr(text, "  Workspace URL  https://a.example"));
    assert_non_null(strstr(text, "taken as a.example"));
    assert_non_null(strstr(text, "not saved"));
    assert_non_null(strstr(text, "    dns               FAIL         unknown, 12 ms"));
    assert_non_null(strstr(text, "NET_DNS"));
    assert_non_null(strstr(text, "    tcp               not reached"));
    free(text);
    view_page_free(&page);
    cJSON_Delete(data);
    cJSON_Delete(layers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean), cmocka_unit_test(test_list), cmocka_unit_test(test_commands),
        cmocka_unit_test(test_table), cmocka_unit_test(test_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
