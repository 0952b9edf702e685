/* Linear mode: the steps of set-up, each with its questions and its live checks. */
#include "ui/app/linear.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_MS 120000
#define BUSY_TRIES 50
#define FOUND_MAX 20

struct check {
    int64_t job;
    bool over;
    cJSON *layers; /* all that were seen, once it is over */
};

/* Waits while settings that have just changed are taken over. NULL: the error has been said. */
static cJSON *ask(struct linear *linear, const char *verb, cJSON *take_params)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    for (int i = 0; i < BUSY_TRIES; i++) {
        cJSON *params = take_params ? cJSON_Duplicate(take_params, true) : NULL;
        base_err_clear(&err);
        if (linear_call(linear, verb, params, &data, &err) == 0 || err.code != ERR_ENGINE_BUSY ||
            linear->over)
            break;
        linear_wait(linear, 200, NULL, NULL);
    }
    cJSON_Delete(take_params);
    if (data == NULL)
        linear_error(linear, &err);
    return data;
}

static void steps_say(struct linear *linear, const cJSON *data)
{
    for (int number = 1; number <= VIEW_SETUP_STEPS; number++) {
        char *line = view_setup_line(data, number);
        linear_say(linear, "%d %s", number, line);
        free(line);
    }
    linear_say(linear, "%lld of %lld done", (long long)base_json_i64_or(data, "done", 0),
               (long long)base_json_i64_or(data, "total", VIEW_SETUP_STEPS));
}

static void on_check(void *user, const cJSON *event)
{
    struct check *check = user;
    const cJSON *payload = base_json_get(event, "payload");
    if (strcmp(base_json_str_or(event, "name", ""), "setup.check") != 0 ||
        base_json_i64_or(payload, "job", 0) != check->job ||
        !base_json_bool_or(payload, "done", false))
        return;
    check->over = true;
    check->layers = cJSON_Duplicate(base_json_get(payload, "layers"), true);
}

/* The checks of a step as it is answered now; each layer is told as it is seen. */
static void step_check(struct linear *linear, int number)
{
    struct check check = {0};
    const struct view_setup_step *info = view_setup_step(number);
    cJSON *params = base_json_object();
    base_json_add_str(params, "step", info->id);
    cJSON *data = ask(linear, "setup.check", params);
    if (data == NULL)
        return;
    check.job = base_json_i64_or(data, "job", 0);
    cJSON_Delete(data);
    for (int waited = 0; !check.over && !linear->over && waited < CHECK_MS; waited += 1000)
        if (!linear_wait(linear, 1000, on_check, &check) && !linear->over && !check.over) {
            linear_drop_line(linear);
            break;
        }
    struct view_page *page = linear_page_new();
    view_setup_layers(page, check.layers, true);
    if (check.over && page->count == 0)
        view_page_line(page, STYLE_GOOD, "all checks of this step are ok");
    linear_page(linear, page);
    cJSON_Delete(check.layers);
}

static bool setting_set(struct linear *linear, const char *name, const char *value)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", name);
    base_json_add_str(params, "value", value);
    cJSON *data = ask(linear, "config.set", params);
    if (data)
        linear_say(linear, "%s",
                   base_json_bool_or(data, "changed", false) ? "saved in the profile file"
                                                             : "the same as before");
    bool saved = data != NULL;
    cJSON_Delete(data);
    return saved;
}

/* Before the first sync an answer is given; afterwards a setting is changed, by a typed word. */
static bool change_agreed(struct linear *linear, const cJSON *data, const char *label)
{
    if (!base_json_bool_or(data, "complete", false))
        return true;
    char *question = base_printf("%s is in use; later syncs use what you entered.", label);
    bool yes = linear_confirm(linear, question, "change");
    free(question);
    return yes;
}

static bool secret_give(struct linear *linear, const cJSON *data_now)
{
    struct secret *secret = linear_ask_secret(linear, "OAuth secret, empty keeps what is there");
    if (secret == NULL)
        return false;
    if (base_json_get(data_now, "secret") &&
        !linear_confirm(linear, "The one in the vault is replaced.", "replace")) {
        base_secret_free(&secret);
        return false;
    }
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", "principal");
    base_json_add_str(params, "secret", base_secret_peek(secret));
    base_secret_free(&secret);
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    if (linear_call(linear, "secrets.set", params, &data, &err) != 0)
        linear_error(linear, &err);
    else
        linear_say(linear, "%s in the vault, fingerprint %s; it is never shown again",
                   base_json_bool_or(data, "changed", false) ? "stored" : "the same as before",
                   base_json_str_or(data, "fingerprint", ""));
    bool stored = data != NULL;
    cJSON_Delete(data);
    return stored;
}

static bool warehouse_pick(struct linear *linear, const cJSON *now, const char *setting)
{
    cJSON *data = ask(linear, "warehouses.list", NULL);
    const cJSON *list = base_json_array(data, "warehouses"), *item;
    int number = 0;
    bool saved = false;
    if (data && cJSON_GetArraySize(list) == 0)
        linear_say(linear, "the principal sees no warehouse: who manages one grants CAN USE to it");
    cJSON_ArrayForEach(item, list)
    {
        linear_say(linear, "%d %s: %s, %s, id %s", ++number, base_json_str_or(item, "name", ""),
                   base_json_str_or(item, "state", ""), base_json_str_or(item, "size", ""),
                   base_json_str_or(item, "id", ""));
    }
    const char *answer = number > 0 ? linear_ask(linear, "number of a warehouse, empty keeps it",
                                                 "it runs our statements; nothing starts it now")
                                    : NULL;
    int picked = answer ? atoi(answer) : 0;
    if (picked >= 1 && picked <= number)
        saved = change_agreed(linear, now, "Warehouse") &&
                setting_set(linear, setting,
                            base_json_str_or(cJSON_GetArrayItem(list, picked - 1), "id", ""));
    else if (answer && answer[0])
        linear_say(linear, "\"%s\" is none of the numbers 1 to %d", answer, number);
    cJSON_Delete(data);
    return saved;
}

/* One field asked for; true: something was saved. */
static bool field_ask(struct linear *linear, const cJSON *data, const struct view_setup_step *info,
                      const struct view_setup_field *field)
{
    if (field->kind == VIEW_SETUP_HIDDEN)
        return secret_give(linear, data);
    if (field->kind == VIEW_SETUP_WAREHOUSE)
        return warehouse_pick(linear, data, field->setting);
    const char *value = view_setup_value(data, field);
    char *prompt =
        base_printf("%s, now %s, empty keeps it", field->label, value ? value : field->empty);
    const char *answer = linear_ask(linear, prompt, info->what);
    free(prompt);
    if (answer == NULL || answer[0] == '\0')
        return false;
    char *clean = view_setup_clean(answer);
    bool saved =
        change_agreed(linear, data, field->label) && setting_set(linear, field->setting, clean);
    free(clean);
    return saved;
}

/* Ticks one table, after its plan. */
static void table_share(struct linear *linear, const char *name)
{
    cJSON *params = base_json_object();
    base_json_push_take(base_json_add_array(params, "tables"), cJSON_CreateString(name));
    base_json_add_bool(params, "apply", true);
    char *question = base_printf("%s joins the share; it is synced from then on.", name);
    bool yes = linear_confirm(linear, question, "share");
    free(question);
    cJSON *data = yes ? ask(linear, "share.add", params) : NULL;
    if (!yes)
        cJSON_Delete(params);
    if (data)
        linear_say(
            linear, "%s%s",
            base_json_bool_or(data, "changed", false) ? "shared" : "it was in the share already",
            base_json_i64_or(data, "warnings", 0) ? "; it cannot be read yet: 5 checks say why"
                                                  : "");
    cJSON_Delete(data);
}

/* Names that hold what was typed, numbered; the whole name shares it at once. */
static void tables_ask(struct linear *linear)
{
    const char *typed = linear_ask(linear, "part of a table's name, empty goes back",
                                   "catalog.schema.table or a part of it; what is found is listed");
    if (typed == NULL || typed[0] == '\0')
        return;
    cJSON *params = base_json_object();
    base_json_add_str(params, "pattern", typed);
    base_json_add_i64(params, "limit", FOUND_MAX);
    cJSON *data = ask(linear, "tree.search", params);
    const cJSON *rows = base_json_array(data, "rows"), *row;
    int number = 0;
    cJSON_ArrayForEach(row, rows)
    {
        linear_say(linear, "%d %s%s", ++number, base_json_str_or(row, "full_name", ""),
                   strcmp(base_json_str_or(row, "tick", ""), "on") == 0 ? ", shared" : "");
    }
    if (data && number == 0)
        linear_say(linear, "no table is known by that name; the engine may still be reading them");
    const char *answer = number ? linear_ask(linear, "number of a table, empty goes back",
                                             "the numbers are those of the lines above")
                                : NULL;
    int picked = answer ? atoi(answer) : 0;
    if (picked >= 1 && picked <= number)
        table_share(linear,
                    base_json_str_or(cJSON_GetArrayItem(rows, picked - 1), "full_name", ""));
    cJSON_Delete(data);
}

static void step_open(struct linear *linear, const cJSON *data, int number)
{
    const struct view_setup_step *info = view_setup_step(number);
    struct view_page *page = linear_page_new();
    view_setup_about(page, data, number);
    linear_page(linear, page);
    if (linear->read_only) {
        linear_say(linear, "refused: --read-only changes nothing");
        return;
    }
    if (strcmp(info->id, "tables") == 0) {
        tables_ask(linear);
    } else if (strcmp(info->id, "first-sync") == 0) {
        linear_sync(linear);
        return;
    }
    for (int i = 0; i < VIEW_SETUP_FIELDS && info->fields[i].label && !linear->over; i++)
        field_ask(linear, data, info, &info->fields[i]);
    if (!linear->over)
        step_check(linear, number);
}

void linear_setup(struct linear *linear)
{
    while (!linear->over) {
        cJSON *data = ask(linear, "setup.list", NULL);
        if (data == NULL)
            return;
        steps_say(linear, data);
        const char *answer =
            linear_ask(linear, "number of a step, or 0 to go back",
                       "a step asks its questions, then looks whether the answers work");
        int number = answer ? atoi(answer) : 0;
        if (number >= 1 && number <= VIEW_SETUP_STEPS)
            step_open(linear, data, number);
        else if (answer && strcmp(answer, "0") != 0 && answer[0])
            linear_say(linear, "\"%s\" is no step", answer);
        cJSON_Delete(data);
        if (number == 0)
            return;
    }
}
