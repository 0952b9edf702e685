/* One step of Setup: its fields above, its live checks below. */
#include "ui/screen/setup.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static void step_open(struct screen *screen, const cJSON *args)
{
    struct setup_step *step = (struct setup_step *)screen;
    int number = view_setup_number(base_json_str(args, "step"));
    step->number = number ? number : 1;
    step->note = base_strdup(base_json_str(args, "note"));
    step->data = cJSON_Duplicate(base_json_get(args, "list"), true);
    step->selected = 1;
    step->stale = true;
    setup_step_list(step);
}

static void step_close(struct screen *screen)
{
    struct setup_step *step = (struct setup_step *)screen;
    draw_edit_free(&step->edit);
    view_page_free(&step->page);
    base_secret_free(&step->secret);
    cJSON_Delete(step->data);
    cJSON_Delete(step->layers);
    cJSON_Delete(step->warehouses);
    free(step->note);
    free(step->tried);
    free(step->pasted);
    free(step->answer);
}

static void step_resume(struct screen *screen)
{
    setup_step_list((struct setup_step *)screen);
}

static void layer_add(struct setup_step *step, const cJSON *payload)
{
    if (!step->checking || step->layers == NULL) {
        cJSON_Delete(step->layers);
        step->layers = cJSON_CreateArray();
        step->checking = true;
        step->top = 0;
    }
    if (cJSON_GetArraySize(step->layers) < 100)
        base_json_push_take(step->layers, cJSON_Duplicate(payload, true));
}

static void check_over(struct setup_step *step, const cJSON *payload)
{
    const cJSON *layers = base_json_array(payload, "layers"),
                *error = base_json_get(payload, "error");
    step->checking = false;
    if (layers) {
        cJSON_Delete(step->layers);
        step->layers = cJSON_Duplicate(layers, true);
    }
    if (error)
        console_say(step->screen.console, "the check was not finished: %s",
                    base_json_str_or(error, "message", ""));
    setup_step_list(step);
}

static void step_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct setup_step *step = (struct setup_step *)screen;
    const char *id = view_setup_step(step->number)->id;
    if (strcmp(name, "resync") == 0)
        setup_step_list(step);
    if (strcmp(name, "setup.check") != 0 || strcmp(base_json_str_or(payload, "step", ""), id) != 0)
        return;
    if (step->checking && base_json_i64_or(payload, "job", 0) < step->job)
        return; /* the end of one that this one has replaced */
    if (base_json_bool_or(payload, "done", false))
        check_over(step, payload);
    else
        layer_add(step, payload);
    step->stale = true;
    console_touch(screen->console);
}

/* While a field is edited every key is its own; while a check runs Ctrl-C stops it. */
static bool step_key(struct screen *screen, const struct term_key *key)
{
    struct setup_step *step = (struct setup_step *)screen;
    bool interrupt = key->kind == TERM_KEY_CHAR && key->codepoint == 3;
    if (step->edit == NULL) {
        if (!interrupt || !step->checking)
            return false;
        setup_step_cancel(step);
        return true;
    }
    if (key->kind == TERM_KEY_ENTER || (key->kind == TERM_KEY_CHAR && key->codepoint == '\r')) {
        setup_step_commit(step);
    } else if (key->kind == TERM_KEY_ESCAPE || interrupt) {
        draw_edit_free(&step->edit);
        console_say(screen->console, "left as it was");
    } else {
        (void)draw_edit_key(step->edit, key);
    }
    step->stale = true;
    return true;
}

static const char *step_refuse(const struct screen *screen, enum view_action action)
{
    const struct setup_step *step = (const struct setup_step *)screen;
    switch (action) {
    case VIEW_ACTION_OPEN:
        return setup_step_open_refuses(step);
    case VIEW_ACTION_CLOSE:
        return step->picking ? NULL : "";
    case VIEW_ACTION_CHECK:
        return step->picking ? "" : NULL;
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    default:
        return "";
    }
}

/* What can be selected, in the order of the page. */
static int target_at(const struct setup_step *step, int from, int by)
{
    int line = setup_line_of(step->page, from);
    for (int i = line + by; step->page && i >= 0 && i < (int)step->page->count; i += by)
        if (step->page->lines[i].target > 0)
            return step->page->lines[i].target;
    return from;
}

static void step_move(struct screen *screen, enum draw_move move)
{
    struct setup_step *step = (struct setup_step *)screen;
    int *at = step->picking ? &step->picked : &step->selected;
    int times = move == DRAW_MOVE_UP || move == DRAW_MOVE_DOWN             ? 1
                : move == DRAW_MOVE_HALF_UP || move == DRAW_MOVE_HALF_DOWN ? screen->height / 2
                : move == DRAW_MOVE_PAGE_UP || move == DRAW_MOVE_PAGE_DOWN ? screen->height
                : move == DRAW_MOVE_HOME || move == DRAW_MOVE_END          ? 100000
                                                                           : 0;
    bool up = move == DRAW_MOVE_UP || move == DRAW_MOVE_HALF_UP || move == DRAW_MOVE_PAGE_UP ||
              move == DRAW_MOVE_HOME;
    for (int i = 0; i < times; i++) {
        int to = target_at(step, *at, up ? -1 : 1);
        if (to == *at)
            break;
        *at = to;
    }
    step->stale = true;
}

/* Tab walks the fields, and comes back to the first. */
static void tab(struct setup_step *step, int by)
{
    int count = 0;
    while (count < VIEW_SETUP_FIELDS && view_setup_step(step->number)->fields[count].label)
        count++;
    if (count == 0 || step->picking)
        return;
    int at = step->selected >= 1 && step->selected <= count ? step->selected + by : 1;
    step->selected = at > count ? 1 : at < 1 ? count : at;
}

static const cJSON *layer_selected(const struct setup_step *step)
{
    return step->selected >= VIEW_SETUP_LAYER
               ? cJSON_GetArrayItem(step->layers, step->selected - VIEW_SETUP_LAYER)
               : NULL;
}

static void copy_line(const struct setup_step *step)
{
    const cJSON *layer = layer_selected(step);
    const cJSON *error = base_json_get(layer, "error");
    const struct view_setup_field *field = setup_step_field(step, step->selected);
    const char *value = field ? view_setup_value(step->data, field) : NULL;
    if (layer) {
        char *text =
            base_printf("%s: %s  %s\n%s%s%s\n", base_json_str_or(layer, "layer", ""),
                        base_json_str_or(layer, "state", ""), base_json_str_or(layer, "text", ""),
                        base_json_str_or(error, "code", ""), error ? "  " : "",
                        base_json_str_or(error, "hint", ""));
        console_copy(step->screen.console, text);
        free(text);
    } else if (value) {
        console_copy(step->screen.console, value);
    } else {
        console_say(step->screen.console, "there is nothing to copy yet");
    }
}

static void step_act(struct screen *screen, enum view_action action)
{
    struct setup_step *step = (struct setup_step *)screen;
    char *command;
    step->stale = true;
    switch (action) {
    case VIEW_ACTION_OPEN:
        setup_step_open(step);
        break;
    case VIEW_ACTION_CLOSE:
        step->picking = false;
        break;
    case VIEW_ACTION_CHECK:
        if (view_setup_step(step->number)->fields[0].kind == VIEW_SETUP_WAREHOUSE)
            setup_step_costs(step);
        else
            setup_step_check(step, NULL, false);
        break;
    case VIEW_ACTION_NEXT_TAB:
        tab(step, 1);
        break;
    case VIEW_ACTION_PREVIOUS_TAB:
        tab(step, -1);
        break;
    case VIEW_ACTION_REFRESH:
        setup_step_list(step);
        break;
    case VIEW_ACTION_COPY:
        copy_line(step);
        break;
    case VIEW_ACTION_COPY_COMMAND:
        command = view_setup_command(step->data, step->number, console_profile(screen->console));
        console_copy(screen->console, command);
        free(command);
        break;
    default:
        break;
    }
}

static int page_at(const struct setup_step *step)
{
    return setup_line_of(step->page, step->picking ? step->picked : step->selected);
}

static void step_layout(struct screen *screen)
{
    struct setup_step *step = (struct setup_step *)screen;
    struct view_setup_look look = {.number = step->number,
                                   .data = step->data,
                                   .layers = step->layers,
                                   .checking = step->checking,
                                   .selected = step->selected,
                                   .tried = step->tried,
                                   .tried_field = step->tried_field,
                                   .pasted = step->pasted};
    if (step->page == NULL || step->stale || step->page_width != screen->width) {
        view_page_free(&step->page);
        step->page = view_page_new(screen->width);
        step->page_width = screen->width;
        step->stale = false;
        if (step->picking)
            view_setup_warehouses(step->page, step->warehouses);
        else
            view_setup_one(step->page, &look);
        if (!step->picking)
            view_setup_note(step->page, step->note);
        if (page_at(step) < 0 && step->picking)
            step->picked = 1;
        else if (page_at(step) < 0)
            step->selected = 1;
    }
    setup_scroll(&step->top, page_at(step), screen->height, step->page);
}

static void step_draw(const struct screen *screen, struct draw_box body)
{
    const struct setup_step *step = (const struct setup_step *)screen;
    if (step->page == NULL)
        return;
    console_page_draw(step->page, body, step->top, page_at(step));
    int line = setup_line_of(step->page, step->edited) - step->top;
    if (step->edit && line >= 0)
        draw_edit_draw(step->edit, body, VIEW_SETUP_VALUE, line, body.width - VIEW_SETUP_VALUE);
}

static void step_status(const struct screen *screen, struct buf *out)
{
    const struct setup_step *step = (const struct setup_step *)screen;
    const struct view_setup_field *field = setup_step_field(step, step->edited);
    const cJSON *layer = layer_selected(step);
    if (step->edit && field && field->kind == VIEW_SETUP_HIDDEN)
        (void)base_buf_text(out, "nothing is shown while you type or paste; Enter stores it, Esc "
                                 "leaves it");
    else if (step->edit)
        (void)base_buf_text(out, "Enter saves and checks, Esc leaves it as it was; paste works");
    else if (step->picking && step->warehouses == NULL)
        (void)base_buf_text(out, "asking the workspace for its warehouses; Esc leaves");
    else if (step->picking)
        (void)base_buf_text(out, "as the principal sees them; one that is missing lacks CAN USE");
    else if (step->data == NULL)
        (void)base_buf_text(out, "not loaded: waiting for the engine's answer; r asks again");
    else if (step->checking)
        (void)base_buf_text(out, step->starting ? "checking; this starts the warehouse"
                                                : "checking; nothing is changed by it");
    else if (console_waiting(screen))
        (void)base_buf_text(out, "asking; Ctrl-C stops waiting");
    else if (layer && base_json_str_or(layer, "text", "")[0])
        (void)base_buf_printf(out, "%s: %s", base_json_str_or(layer, "layer", ""),
                              base_json_str_or(layer, "text", ""));
    else
        (void)base_buf_printf(out, "turns %s", view_setup_step(step->number)->turns);
}

static void step_crumb(const struct screen *screen, struct buf *out)
{
    const struct setup_step *step = (const struct setup_step *)screen;
    (void)base_buf_printf(out, "%d %s", step->number, view_setup_step(step->number)->id);
}

static size_t step_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action usual[] = {VIEW_ACTION_OPEN,         VIEW_ACTION_CHECK,
                                             VIEW_ACTION_NEXT_TAB,     VIEW_ACTION_COPY,
                                             VIEW_ACTION_COPY_COMMAND, VIEW_ACTION_CLOSE};
    const struct setup_step *step = (const struct setup_step *)screen;
    size_t count = 0;
    for (size_t i = 0; i < base_countof(usual) && count < max; i++)
        if (!step->picking || usual[i] == VIEW_ACTION_OPEN || usual[i] == VIEW_ACTION_CLOSE)
            out[count++] = usual[i];
    return count;
}

static const char *step_label(const struct screen *screen, enum view_action action)
{
    const struct setup_step *step = (const struct setup_step *)screen;
    return action == VIEW_ACTION_OPEN       ? (step->picking ? "take it" : "edit field")
           : action == VIEW_ACTION_CLOSE    ? (step->picking ? "leave" : "to the list")
           : action == VIEW_ACTION_NEXT_TAB ? "next field"
                                            : NULL;
}

const struct screen_ops screen_setup_step = {
    .name = "step",
    .size = sizeof(struct setup_step),
    .help = "One step: its fields above, its checks below, from near to far. Enter opens a field,\n"
            "Enter saves and checks it, Esc leaves it as it was. What was pasted is trimmed. A\n"
            "failing check keeps what you typed; deeper ones were not reached. On a check, its\n"
            "cause and what to do stand below. `c` checks again; a warehouse is never started\n"
            "without asking first. Ctrl-C stops a check.",
    .open = step_open,
    .close = step_close,
    .resume = step_resume,
    .event = step_event,
    .key = step_key,
    .refuse = step_refuse,
    .act = step_act,
    .move = step_move,
    .layout = step_layout,
    .draw = step_draw,
    .status = step_status,
    .crumb = step_crumb,
    .hints = step_hints,
    .label = step_label,
};
