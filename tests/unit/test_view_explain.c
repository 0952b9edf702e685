/* `explain` for every code: the page is whole, says something to do, fits 80 columns, and every
 * command it names exists. */
#include "ui/view/explain.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct command {
    const char *words, *arguments;
} commands[] = {
#define COMMAND(id, words, arguments, class, brief, more) {words, arguments},
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
};

static const char *const settings[] = {
#define S(id, name, type, fallback, lo, hi, choices, ...) name,
#include "config/settings.def"
#undef S
};

static bool is_setting(const char *name)
{
    for (size_t i = 0; i < base_countof(settings); i++)
        if (strcmp(settings[i], name) == 0)
            return true;
    return false;
}

/* The longest command the line begins with; *rest: its operands and options. */
static const struct command *command_of(const char *line, const char **rest)
{
    const struct command *best = NULL;
    for (size_t i = 0; i < base_countof(commands); i++) {
        size_t len = strlen(commands[i].words);
        if (strncmp(line, commands[i].words, len) == 0 && (line[len] == ' ' || line[len] == '\0') &&
            (best == NULL || len > strlen(best->words))) {
            best = &commands[i];
            *rest = line + len + strspn(line + len, " ");
        }
    }
    return best;
}

static void command_check(const char *code, const char *line)
{
    const char *rest = "", *words = line + strlen("aampe-console ");
    assert_memory_equal(line, "aampe-console ", strlen("aampe-console "));
    const struct command *command = command_of(words, &rest);
    if (command == NULL && strncmp(words, "doctor --only ", 14) == 0)
        return; /* a command of the doctor's own */
    if (command == NULL)
        fail_msg("%s names a command that is not there: %s", code, line);
    bool needs = command->arguments[0] && command->arguments[0] != '[';
    if (needs && (rest[0] == '\0' || rest[0] == '-'))
        fail_msg("%s names a command without its operand: %s", code, line);
    if (strcmp(command->words, "config get") == 0 && !is_setting(rest))
        fail_msg("%s names a setting that is not there: %s", code, rest);
}

static void text_check(const char *code, const char *what, const char *text)
{
    if (strlen(text) < 3)
        fail_msg("%s has no %s", code, what);
    const char *open = strchr(text, '<');
    if ((open && open[1] >= 'a' && open[1] <= 'z') || strpbrk(text, "{}") || strstr(text, "TODO"))
        fail_msg("%s: %s is not finished: %s", code, what, text);
}

static void page_check(const char *code, const struct view_page *page)
{
    char *text = view_page_text(page);
    assert_non_null(strstr(text, code));
    for (char *at = text; *at;) {
        size_t len = strcspn(at, "\n");
        if (base_text_width(at, len) > 80)
            fail_msg("%s: a line is wider than 80: %.*s", code, (int)len, at);
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
        const cJSON *line;
        struct view_page *page = view_page_new(80);
        view_explain(page, code);
        page_check(name, page);
        view_page_free(&page);
        cJSON *json = view_explain_json(code);
        assert_string_equal(base_json_str(json, "code"), name);
        text_check(name, "cause", base_json_str_or(json, "cause", ""));
        text_check(name, "fix", base_json_str_or(json, "fix", ""));
        text_check(name, "evidence", base_json_str_or(json, "evidence", ""));
        assert_true(strlen(base_json_str_or(json, "class", "")) > 0);
        assert_int_equal(base_json_str(json, "layer") == NULL,
                         base_layer_of(code) == BASE_LAYER_NONE);
        cJSON_ArrayForEach(line, base_json_array(json, "commands"))
            command_check(name, line->valuestring);
        cJSON_Delete(json);
        assert_int_equal(view_explain_code(name), code);
    }
    assert_int_equal(view_explain_code("src_ip_blocked"), ERR_SRC_IP_BLOCKED);
    assert_int_equal(view_explain_code("NO_SUCH_CODE"), ERR_COUNT);
    assert_int_equal(view_explain_code(NULL), ERR_COUNT);
}

/* No code stands twice in the table, and each of it is one. */
static void every_row(void **state)
{
    static const char *const rows[] = {
#define CODE(code, layer, look, commands) #code,
#include "base/layers.def"
    };
    (void)state;
    assert_int_equal(base_countof(rows), ERR_COUNT - 1);
    for (size_t i = 0; i < base_countof(rows); i++)
        for (size_t k = i + 1; k < base_countof(rows); k++)
            assert_string_not_equal(rows[i], rows[k]);
}

static void every_layer(void **state)
{
    (void)state;
    for (int i = BASE_LAYER_NONE + 1; i < BASE_LAYER_COUNT; i++) {
        enum base_layer layer = (enum base_layer)i;
        char title[32];
        int codes = 0;
        for (int code = ERR_OK + 1; code < ERR_COUNT; code++)
            codes += base_layer_of((enum err_code)code) == layer;
        if (codes == 0)
            fail_msg("no code belongs to the layer %s", base_layer_name(layer));
        assert_int_equal(base_layer_by_name(base_layer_name(layer)), layer);
        assert_null(strchr(base_layer_title(base_layer_name(layer), title), '_'));
        text_check(base_layer_name(layer), "what", base_layer_what(layer));
    }
    assert_int_equal(base_layer_by_name("ip list"), BASE_LAYER_NONE);
    assert_int_equal(base_layer_by_name(NULL), BASE_LAYER_NONE);
    assert_int_equal(base_layer_chain(BASE_LAYER_IP_LIST), BASE_CHAIN_WORKSPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code),
        cmocka_unit_test(every_row),
        cmocka_unit_test(every_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
