#include "ui/view/explain.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define LABEL 12

static const char *class_words(enum err_class class)
{
    static const char *const words[] = {
        [ERR_CLASS_NONE] = "nothing is wrong",
        [ERR_CLASS_CFG] = "something is set wrong; it stays until that is changed",
        [ERR_CLASS_PERM] = "a right is missing; it stays until somebody grants it",
        [ERR_CLASS_TRANS] = "trouble that usually passes",
        [ERR_CLASS_DATA] = "the data are not what was agreed; a person decides",
        [ERR_CLASS_HOST] = "trouble of the host the engine runs on",
        [ERR_CLASS_CONF] = "somebody else changed the same thing",
        [ERR_CLASS_SEC] = "refused because it would not be safe",
        [ERR_CLASS_INT] = "a fault of this program",
    };
    return words[class];
}

static const char *retry_words(enum err_retry retry)
{
    return retry == ERR_RETRY_YES  ? "by itself, with growing pauses"
           : retry == ERR_RETRY_NO ? "never by itself: it would end the same way"
                                   : "after the other side has been asked what happened";
}

enum err_code view_explain_code(const char *name)
{
    for (int code = ERR_OK + 1; name && code < ERR_COUNT; code++)
        if (base_text_equal_nocase(base_err_name((enum err_code)code), name))
            return (enum err_code)code;
    return ERR_COUNT;
}

/* The command lines, each malloc'd, for whoever takes them. */
static void commands_each(enum err_code code, void (*take)(void *user, char *take_line), void *user)
{
    enum base_layer layer = base_layer_of(code);
    if (layer != BASE_LAYER_NONE)
        take(user, base_printf("aampe-console doctor --only %s", base_layer_name(layer)));
    for (const char *at = base_err_commands(code); *at;) {
        size_t len = strcspn(at, "|");
        take(user, base_printf("aampe-console %.*s", (int)len, at));
        at += len + (at[len] == '|');
    }
}

struct lines {
    struct view_page *page;
    cJSON *array;
    const char *label;
};

static void line_page(void *user, char *take_line)
{
    struct lines *lines = user;
    view_page_fact(lines->page, LABEL, lines->label, STYLE_PLAIN, "%s", take_line);
    lines->label = "";
    free(take_line);
}

static void line_json(void *user, char *take_line)
{
    base_json_push_take(((struct lines *)user)->array, cJSON_CreateString(take_line));
    free(take_line);
}

void view_explain(struct view_page *page, enum err_code code)
{
    enum err_class class = base_err_class(code);
    enum base_layer layer = base_layer_of(code);
    struct lines lines = {.page = page, .label = "commands"};
    char title[32];
    view_page_rule(page, "%s", base_err_name(code));
    view_page_fact(page, LABEL, "cause", STYLE_PLAIN, "%s", base_err_cause(code));
    view_page_fact(page, LABEL, "do", STYLE_PLAIN, "%s", base_err_fix(code));
    view_page_fact(page, LABEL, "class", STYLE_PLAIN, "%s: %s", base_err_class_name(class),
                   class_words(class));
    view_page_fact(page, LABEL, "retried", STYLE_PLAIN, "%s", retry_words(base_err_retry(code)));
    view_page_fact(page, LABEL, "look at", STYLE_PLAIN, "%s", base_err_look(code));
    if (layer == BASE_LAYER_NONE)
        view_page_fact(page, LABEL, "doctor", STYLE_PLAIN, "no layer finds this one");
    else
        view_page_fact(page, LABEL, "doctor", STYLE_PLAIN, "%s, %s: %s",
                       base_chain_name(base_layer_chain(layer)),
                       base_layer_title(base_layer_name(layer), title), base_layer_what(layer));
    commands_each(code, line_page, &lines);
}

cJSON *view_explain_json(enum err_code code)
{
    cJSON *json = base_json_object();
    enum base_layer layer = base_layer_of(code);
    bool none = layer == BASE_LAYER_NONE;
    base_json_add_str(json, "code", base_err_name(code));
    base_json_add_str(json, "class", base_err_class_name(base_err_class(code)));
    base_json_add_str(json, "retry",
                      base_err_retry(code) == ERR_RETRY_YES  ? "yes"
                      : base_err_retry(code) == ERR_RETRY_NO ? "no"
                                                             : "unknown");
    base_json_add_str(json, "cause", base_err_cause(code));
    base_json_add_str(json, "evidence", base_err_look(code));
    base_json_add_str(json, "fix", base_err_fix(code));
    base_json_add_str(json, "layer", none ? NULL : base_layer_name(layer));
    base_json_add_str(json, "chain", none ? NULL : base_chain_name(base_layer_chain(layer)));
    struct lines lines = {.array = base_json_add_array(json, "commands")};
    commands_each(code, line_json, &lines);
    return json;
}
