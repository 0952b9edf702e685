/* What a step of Setup asks the engine for, and what becomes of the answers. */
#include "ui/screen/setup.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define FIELD_MAX 4096

const struct view_setup_field *setup_step_field(const struct setup_step *step, int number)
{
    const struct view_setup_step *info = view_setup_step(step->number);
    for (int i = 1; i <= VIEW_SETUP_FIELDS && info->fields[i - 1].label; i++)
        if (i == number)
            return &info->fields[i - 1];
    return NULL;
}

static void touch(struct setup_step *step)
{
    step->stale = true;
    console_touch(step->screen.console);
}

static void on_list(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    (void)tag;
    touch(step);
    if (err) {
        console_say_error(screen->console, err);
        return;
    }
    cJSON_Delete(step->data);
    step->data = cJSON_Duplicate(result, true);
    const cJSON *now = view_setup_find(step->data, step->number);
    const cJSON *layers = base_json_array(now, "layers");
    if (layers && !step->checking && step->tried == NULL) {
        cJSON_Delete(step->layers);
        step->layers = cJSON_Duplicate(layers, true);
    }
    /* What is answered and was never looked at is looked at now: it costs nothing. */
    if (!step->begun && layers == NULL && base_json_str(now, "answer"))
        setup_step_check(step, NULL, false);
    step->begun = true;
}

void setup_step_list(struct setup_step *step)
{
    console_ask(&step->screen, "setup.list", NULL, SETUP_TAG_LIST, on_list);
}

static void on_check(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    (void)tag;
    touch(step);
    if (err) {
        step->checking = false;
        console_say_error(screen->console, err);
    } else {
        step->job = base_json_i64_or(result, "job", 0);
    }
}

void setup_step_check(struct setup_step *step, const char *value, bool start)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "step", view_setup_step(step->number)->id);
    base_json_add_str(params, "value", value);
    if (start)
        base_json_add_bool(params, "start", true);
    step->checking = true;
    step->starting = start;
    cJSON_Delete(step->layers);
    step->layers = cJSON_CreateArray();
    touch(step);
    console_ask(&step->screen, "setup.check", params, SETUP_TAG_CHECK, on_check);
}

static void on_other(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    (void)tag;
    (void)result;
    if (err)
        console_say_error(screen->console, err);
}

void setup_step_cancel(struct setup_step *step)
{
    cJSON *params = base_json_object();
    base_json_add_i64(params, "job", step->job);
    console_ask(&step->screen, "setup.cancel", params, SETUP_TAG_OTHER, on_other);
}

static void keep_tried(struct setup_step *step, const char *text)
{
    free(step->tried);
    step->tried = base_strdup(text);
    step->tried_field = step->edited;
}

static void on_set(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    (void)tag;
    touch(step);
    if (err) {
        /* Kept, and looked at: the layers say what is wrong with it. */
        keep_tried(step, step->answer);
        console_say_error(screen->console, err);
        if (step->edited == 1)
            setup_step_check(step, step->answer, false);
        return;
    }
    base_free(&step->tried);
    if (step->edited == 1) {
        free(step->pasted);
        step->pasted = base_strdup(step->answer);
    }
    console_say(screen->console, base_json_bool_or(result, "changed", false)
                                     ? "saved in the profile file"
                                     : "the same as before");
    setup_step_list(step);
    setup_step_check(step, NULL, false);
}

/* The field that is or was edited: there is always one. */
static const struct view_setup_field *edited(const struct setup_step *step)
{
    const struct view_setup_field *field = setup_step_field(step, step->edited);
    if (field == NULL)
        bug("step %d has no field %d", step->number, step->edited);
    return field;
}

static void set_ask(struct setup_step *step)
{
    const struct view_setup_field *field = edited(step);
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", field->setting);
    base_json_add_str(params, "value", step->answer);
    console_ask(&step->screen, "config.set", params, SETUP_TAG_SET, on_set);
}

static void on_secret(struct screen *screen, int64_t tag, const cJSON *result,
                      const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    (void)tag;
    touch(step);
    if (err) {
        console_say_error(screen->console, err);
        return;
    }
    console_say(screen->console, "%s in the vault, fingerprint %s; it is never shown again",
                base_json_bool_or(result, "changed", false) ? "stored" : "the same as before",
                base_json_str_or(result, "fingerprint", ""));
    setup_step_list(step);
    setup_step_check(step, NULL, false);
}

static void secret_ask(struct setup_step *step)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", "principal");
    base_json_add_str(params, "secret", base_secret_peek(step->secret));
    console_ask(&step->screen, "secrets.set", params, SETUP_TAG_SECRET, on_secret);
    base_secret_free(&step->secret);
}

static void on_replace(struct screen *screen, bool yes, void *user)
{
    struct setup_step *step = (struct setup_step *)screen;
    (void)user;
    if (yes && step->secret)
        secret_ask(step);
    else
        base_secret_free(&step->secret);
}

static void on_change(struct screen *screen, bool yes, void *user)
{
    (void)user;
    if (yes)
        set_ask((struct setup_step *)screen);
}

static void secret_commit(struct setup_step *step, char *text)
{
    size_t len = strlen(text);
    base_secret_free(&step->secret);
    if (len == 0) {
        console_say(step->screen.console, "nothing was typed: left as it was");
        return;
    }
    step->secret = base_secret_new(text, len);
    base_secret_wipe(text, len);
    if (base_json_get(step->data, "secret") == NULL) {
        secret_ask(step);
        return;
    }
    char fingerprint[9];
    base_secret_fingerprint(step->secret, fingerprint);
    struct view_page *page = view_page_new(step->screen.width);
    view_page_fact(page, 8, "Now", STYLE_PLAIN, "fingerprint %s",
                   base_json_str_or(base_json_get(step->data, "secret"), "fingerprint", ""));
    view_page_fact(page, 8, "Then", STYLE_PLAIN, "%zu characters, fingerprint %s", len,
                   fingerprint);
    view_page_fact(
        page, 8, "Means", STYLE_PLAIN,
        "the engine signs in with the new one from now on; the old one is forgotten here "
        "and still works in the workspace");
    console_question(&step->screen, "Replace the secret", page, "Replace", "replace", on_replace,
                     NULL);
}

/* What was answered before the first sync is an answer; afterwards it is a setting, and a word is
 * asked for. */
static void answer_take(struct setup_step *step, char *take_text)
{
    const struct view_setup_field *field = edited(step);
    const char *before = view_setup_value(step->data, field);
    free(step->answer);
    step->answer = take_text;
    if (strcmp(before ? before : "", take_text) == 0 && step->tried == NULL) {
        console_say(step->screen.console, "the same as before: nothing was changed");
        return;
    }
    if (!base_json_bool_or(step->data, "complete", false)) {
        set_ask(step);
        return;
    }
    struct view_page *page = view_page_new(step->screen.width);
    view_page_fact(page, 8, "Setting", STYLE_PLAIN, "%s", field->setting);
    view_page_fact(page, 8, "Now", STYLE_PLAIN, "%s", before ? before : "(not set)");
    view_page_fact(page, 8, "Then", STYLE_PLAIN, "%s", take_text[0] ? take_text : "(not set)");
    view_page_fact(page, 8, "Means", STYLE_PLAIN,
                   "running syncs end as they began; later ones use "
                   "the new value");
    console_question(&step->screen, "Change a setting", page, "Change", "change", on_change, NULL);
}

void setup_step_commit(struct setup_step *step)
{
    const struct view_setup_field *field = edited(step);
    char *text = view_setup_clean(draw_edit_text(step->edit));
    draw_edit_free(&step->edit);
    touch(step);
    if (field->kind == VIEW_SETUP_HIDDEN) {
        secret_commit(step, text);
        base_secret_wipe(text, strlen(text));
        free(text);
        return;
    }
    if (text[0] == '\0' && !field->optional) {
        console_say(step->screen.console, "nothing was typed: left as it was");
        free(text);
        return;
    }
    answer_take(step, text);
}

static const cJSON *warehouse_at(const struct setup_step *step, int target)
{
    return cJSON_GetArrayItem(base_json_array(step->warehouses, "warehouses"), target - 1);
}

static void on_pick(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    const char *now = base_json_str_or(base_json_get(step->data, "settings"), "warehouse.id", "");
    (void)tag;
    touch(step);
    if (err) {
        step->picking = false;
        console_say_error(screen->console, err);
        return;
    }
    cJSON_Delete(step->warehouses);
    step->warehouses = cJSON_Duplicate(result, true);
    step->picked = 1;
    for (int i = 1; warehouse_at(step, i); i++)
        if (strcmp(base_json_str_or(warehouse_at(step, i), "id", ""), now) == 0)
            step->picked = i;
}

static void on_cost_answer(struct screen *screen, bool yes, void *user)
{
    (void)user;
    if (yes)
        setup_step_check((struct setup_step *)screen, NULL, true);
}

/* Only a warehouse that does not run costs something to look at. */
static void on_cost(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup_step *step = (struct setup_step *)screen;
    const char *id = base_json_str_or(base_json_get(step->data, "settings"), "warehouse.id", "");
    const cJSON *item, *found = NULL;
    (void)tag;
    cJSON_ArrayForEach(item, base_json_array(result, "warehouses"))
    {
        if (strcmp(base_json_str_or(item, "id", ""), id) == 0)
            found = item;
    }
    const char *state = base_json_str_or(found, "state", "");
    const char *why = console_refuses(screen->console, VIEW_RUN);
    if (err || found == NULL || why || strcmp(state, "STOPPED") != 0) {
        setup_step_check(step, NULL, false);
        return;
    }
    struct view_page *page = view_page_new(screen->width);
    view_setup_cost(page, result, id);
    console_question(screen, "Start the warehouse", page, "Start it", NULL, on_cost_answer, NULL);
}

void setup_step_costs(struct setup_step *step)
{
    console_ask(&step->screen, "warehouses.list", NULL, SETUP_TAG_COST, on_cost);
}

const char *setup_step_open_refuses(const struct setup_step *step)
{
    if (step->picking)
        return step->warehouses && warehouse_at(step, step->picked) ? NULL
                                                                    : "there is none to take";
    if (setup_step_field(step, step->selected) == NULL)
        return "nothing to edit here; its cause and what to do stand below";
    if (step->data == NULL)
        return "the engine has not answered yet";
    return setup_refuses(step->screen.console, step->data);
}

void setup_step_open(struct setup_step *step)
{
    const struct view_setup_field *field = setup_step_field(step, step->selected);
    if (step->picking) {
        char *id = base_strdup(base_json_str_or(warehouse_at(step, step->picked), "id", ""));
        step->picking = false;
        step->edited = 1;
        answer_take(step, id);
        return;
    }
    const char *value = field ? view_setup_value(step->data, field) : NULL;
    bool tried = step->tried && step->tried_field == step->selected;
    step->edited = step->selected;
    switch (edited(step)->kind) {
    case VIEW_SETUP_TEXT:
        step->edit = draw_edit_new(tried ? step->tried : value, FIELD_MAX, false);
        break;
    case VIEW_SETUP_HIDDEN:
        step->edit = draw_edit_new("", FIELD_MAX, true);
        break;
    case VIEW_SETUP_WAREHOUSE:
        step->picking = true;
        step->picked = 1;
        console_ask(&step->screen, "warehouses.list", NULL, SETUP_TAG_PICK, on_pick);
        break;
    case VIEW_SETUP_YES_NO:
        answer_take(step, base_strdup(value && strcmp(value, "false") == 0 ? "true" : "false"));
        break;
    }
}
