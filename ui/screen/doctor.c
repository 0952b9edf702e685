/* 8 Doctor: where is the chain broken. Three chains; in each the first layer that fails. */
#include "ui/screen/doctor.h"
#include "ui/screen/console_private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/link.h"
#include "ui/view/words.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_SHOW = 1, TAG_RUN };

static struct doctor *of(const struct screen *screen)
{
    return (struct doctor *)(uintptr_t)screen;
}

/* --- what is known --- */

static void data_take(struct doctor *doctor, cJSON *take_json)
{
    view_doctor_free(&doctor->data);
    doctor->data = view_doctor_new(take_json);
    doctor->err = ERR_INIT;
    doctor->stale = true;
    doctor->aged_us = 0; /* what is new tells its ages exactly */
}

static void on_show(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct doctor *doctor = of(screen);
    (void)tag;
    doctor->stale = true;
    if (result)
        data_take(doctor, cJSON_Duplicate(result, true));
    else if (doctor->data)
        console_say_error(screen->console, err);
    else
        doctor->err = *err;
}

static void show(struct doctor *doctor)
{
    if (console_engine_error(doctor->screen.console) == NULL)
        console_ask(&doctor->screen, "doctor.show", NULL, TAG_SHOW, on_show);
}

static void on_run(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    (void)tag;
    if (result == NULL)
        console_say_error(screen->console, err);
    else
        show(of(screen));
}

/* By the engine, or without it by a program that is started for this. */
static void run(struct doctor *doctor)
{
    struct console *console = doctor->screen.console;
    doctor->moved = false;
    doctor->view = DOCTOR_LIST;
    doctor->stale = true;
    if (console_engine(console)) {
        console_ask(&doctor->screen, "doctor.run", NULL, TAG_RUN, on_run);
    } else {
        doctor->offline = true;
        console->config.doctor(console->config.user);
    }
}

static const char *run_refused(const struct doctor *doctor)
{
    const struct console *console = doctor->screen.console;
    if (doctor_running(doctor))
        return "is running already; what is known is shown as it comes";
    if (console_engine(console))
        return NULL;
    if (console_engine_error(console) == NULL)
        return "the engine has not answered yet";
    return console->config.doctor ? NULL : "there is no engine to ask";
}

static void run_wanted(struct doctor *doctor)
{
    if (!doctor->wanted || run_refused(doctor))
        return;
    doctor->wanted = false;
    run(doctor);
}

static void doctor_open(struct screen *screen, const cJSON *args)
{
    struct doctor *doctor = of(screen);
    const char *layer = base_json_str(args, "layer");
    doctor->stale = true;
    doctor->unit = view_profile_unit(console_profile(screen->console));
    doctor->wanted = base_json_bool_or(args, "run", false);
    doctor->selected = base_strdup(layer);
    doctor->moved = layer != NULL;
    show(doctor);
    run_wanted(doctor);
}

static void doctor_close(struct screen *screen)
{
    struct doctor *doctor = of(screen);
    view_doctor_free(&doctor->data);
    view_page_free(&doctor->fix);
    view_page_free(&doctor->page);
    free(doctor->selected);
    free(doctor->head);
    free(doctor->right);
}

static void doctor_resume(struct screen *screen)
{
    of(screen)->stale = true;
    show(of(screen));
}

/* What the child has printed: the document, or why there is none. */
static void offline_take(struct doctor *doctor, const cJSON *payload)
{
    const cJSON *data = base_json_get(payload, "data"), *error = base_json_get(payload, "error");
    doctor->offline = false;
    doctor->stale = true;
    if (cJSON_IsObject(data)) {
        data_take(doctor, cJSON_Duplicate(data, true));
        return;
    }
    base_err_from_json(&doctor->err, error);
    if (doctor->data)
        console_say_error(doctor->screen.console, &doctor->err);
}

static void layer_take(struct doctor *doctor, const cJSON *payload)
{
    bool done = false;
    if (doctor->data == NULL || doctor->data->job != base_json_i64_or(payload, "job", 0)) {
        if (!console_waiting(&doctor->screen)) /* else the answer is on its way */
            show(doctor);                      /* somebody else has started it */
    } else if (view_doctor_event(doctor->data, payload, &done)) {
        doctor->stale = true;
        if (done)
            show(doctor);
    }
}

static void doctor_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct doctor *doctor = of(screen);
    if (strcmp(name, "doctor.layer") == 0)
        layer_take(doctor, payload);
    else if (strcmp(name, "doctor.offline") == 0)
        offline_take(doctor, payload);
    else if (strcmp(name, "status") == 0)
        doctor->stale = true; /* the engine has come or gone */
    run_wanted(doctor);
}

/* --- keys --- */

static const char *refuse_list(const struct doctor *doctor, enum view_action action)
{
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    if (action == VIEW_ACTION_CLOSE)
        return doctor->view != DOCTOR_LIST ? NULL : "";
    if (!doctor_known(doctor))
        return "there is nothing yet: c runs the doctor";
    if (action == VIEW_ACTION_FIX)
        return doctor_broken(doctor) ? NULL : "nothing is broken here";
    if (action == VIEW_ACTION_EXPORT)
        return NULL;
    return layer ? NULL : "no layer is selected";
}

static const char *doctor_refuse(const struct screen *screen, enum view_action action)
{
    const struct doctor *doctor = of(screen);
    switch (action) {
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    case VIEW_ACTION_CHECK:
        return run_refused(doctor);
    case VIEW_ACTION_REFRESH:
        return console_engine(screen->console) ? NULL : "there is no engine to ask";
    case VIEW_ACTION_CLOSE:
    case VIEW_ACTION_FIX:
    case VIEW_ACTION_EXPORT:
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_ZOOM:
    case VIEW_ACTION_COPY:
        return refuse_list(doctor, action);
    default:
        return "";
    }
}

static void view_set(struct doctor *doctor, enum doctor_view view)
{
    doctor->view = doctor->view == view ? DOCTOR_LIST : view;
    doctor->page_scroll = (struct draw_scroll){0};
    doctor->stale = true;
}

/* What others have said goes to the clipboard only as text; lines stay lines. */
static char *copy_clean(char *take_text)
{
    struct buf out;
    char *save = NULL;
    base_buf_init(&out, 1 << 20);
    (void)base_buf_text(&out, "");
    for (char *line = strtok_r(take_text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *clean = base_text_clean_dup(line, 0);
        (void)base_buf_printf(&out, "%s\n", clean);
        free(clean);
    }
    free(take_text);
    return base_buf_take(&out, NULL);
}

static void copy(struct doctor *doctor)
{
    struct console *console = doctor->screen.console;
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    char *text;
    if (doctor->view == DOCTOR_FIX && doctor_broken(doctor)) {
        text = view_doctor_fix_lines(doctor->data, doctor_broken(doctor), doctor->unit, false);
    } else {
        struct view_page *page = view_page_new(80);
        view_doctor_layer_page(page, layer, false, console_now_us(console));
        text = view_page_text(page);
        view_page_free(&page);
    }
    text = copy_clean(text);
    console_copy(console, text);
    free(text);
}

static void copy_command(struct doctor *doctor)
{
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    bool one = layer && doctor->view != DOCTOR_LIST;
    char *text = base_printf("aampe-console --profile %s doctor%s%s",
                             console_profile(doctor->screen.console), one ? " --only " : "",
                             one ? layer->id : "");
    console_copy(doctor->screen.console, text);
    free(text);
}

static void export_list(struct doctor *doctor)
{
    char *text = view_doctor_text(doctor->data, console_now_us(doctor->screen.console));
    console_export(doctor->screen.console, "doctor.txt", text);
    free(text);
}

static void doctor_act(struct screen *screen, enum view_action action)
{
    struct doctor *doctor = of(screen);
    if (action == VIEW_ACTION_CHECK)
        run(doctor);
    else if (action == VIEW_ACTION_REFRESH)
        show(doctor);
    else if (action == VIEW_ACTION_OPEN || action == VIEW_ACTION_ZOOM)
        view_set(doctor, DOCTOR_LAYER);
    else if (action == VIEW_ACTION_FIX)
        view_set(doctor, DOCTOR_FIX);
    else if (action == VIEW_ACTION_CLOSE)
        view_set(doctor, doctor->view);
    else if (action == VIEW_ACTION_COPY)
        copy(doctor);
    else if (action == VIEW_ACTION_COPY_COMMAND)
        copy_command(doctor);
    else if (action == VIEW_ACTION_EXPORT)
        export_list(doctor);
}

static void doctor_move(struct screen *screen, enum draw_move move)
{
    struct doctor *doctor = of(screen);
    if (doctor->view != DOCTOR_LIST || !doctor_known(doctor)) {
        doctor->page_scroll.top =
            console_page_top((int)doctor->page_scroll.top, screen->height - 1, move);
        return;
    }
    doctor->rows.height = doctor->list_height;
    if (!draw_scroll_move(&doctor->rows, move))
        return;
    doctor->moved = true;
    base_free(&doctor->selected); /* from now on the one at rows.at */
    doctor->stale = true;
}

/* --- what is said --- */

static void status_list(const struct doctor *doctor, struct buf *out)
{
    const struct view_doctor_layer *broken = doctor_broken(doctor);
    const struct view_doctor_layer *layer = doctor_selected(doctor);
    const char *hint = broken ? base_json_str_or(broken->error, "hint", "") : "";
    if (doctor->fix && layer) /* it stands above the list, whole */
        (void)base_buf_printf(out, "%s: %s", layer->title,
                              layer->text[0] ? layer->text : view_doctor_word(layer->state));
    else if (hint[0])
        (void)base_buf_printf(out, "fix: %s", hint);
    else if (doctor_running(doctor))
        (void)base_buf_text(out, "each layer is shown when it is known; leaving does not stop it");
    else if (layer)
        (void)base_buf_printf(out, "%s: %s", layer->title,
                              layer->text[0] ? layer->text : view_doctor_word(layer->state));
}

static void doctor_status(const struct screen *screen, struct buf *out)
{
    const struct doctor *doctor = of(screen);
    if (doctor->view == DOCTOR_FIX)
        (void)base_buf_text(out, "y copies the lines; the console runs none of them");
    else if (doctor->view == DOCTOR_LAYER)
        (void)base_buf_printf(out, "the same: aampe-console doctor --only %s",
                              doctor_selected(doctor) ? doctor_selected(doctor)->id : "");
    else if (doctor_known(doctor))
        status_list(doctor, out);
}

static size_t doctor_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action listed[] = {VIEW_ACTION_CHECK,  VIEW_ACTION_OPEN,
                                              VIEW_ACTION_FIX,    VIEW_ACTION_COPY,
                                              VIEW_ACTION_EXPORT, VIEW_ACTION_REFRESH};
    static const enum view_action fixing[] = {VIEW_ACTION_COPY, VIEW_ACTION_CHECK,
                                              VIEW_ACTION_CLOSE};
    static const enum view_action reading[] = {VIEW_ACTION_FIX, VIEW_ACTION_COPY, VIEW_ACTION_CHECK,
                                               VIEW_ACTION_CLOSE};
    const struct doctor *doctor = of(screen);
    const enum view_action *from = listed;
    size_t count = base_countof(listed), used = 0;
    if (doctor->view == DOCTOR_FIX)
        from = fixing, count = base_countof(fixing);
    else if (doctor->view == DOCTOR_LAYER)
        from = reading, count = base_countof(reading);
    for (size_t i = 0; i < count && used < max; i++)
        if (doctor_refuse(screen, from[i]) == NULL)
            out[used++] = from[i];
    return used;
}

static const char *doctor_label(const struct screen *screen, enum view_action action)
{
    const struct doctor *doctor = of(screen);
    if (action == VIEW_ACTION_CHECK)
        return doctor_known(doctor) ? "run again" : "run";
    if (action == VIEW_ACTION_OPEN)
        return doctor->view != DOCTOR_LIST                                     ? "list"
               : base_json_str(doctor_selected(doctor)->error, "code") != NULL ? "explain"
                                                                               : "evidence";
    if (action == VIEW_ACTION_CLOSE)
        return "back";
    return action == VIEW_ACTION_EXPORT ? "to a file" : NULL;
}

static void doctor_crumb(const struct screen *screen, struct buf *out)
{
    const struct doctor *doctor = of(screen);
    const struct view_doctor_layer *layer =
        doctor->view == DOCTOR_FIX ? doctor_broken(doctor) : doctor_selected(doctor);
    if (doctor->view != DOCTOR_LIST && layer)
        (void)base_buf_printf(out, "> %s", layer->title);
}

const struct screen_ops screen_doctor = {
    .name = "Doctor",
    .number = 8,
    .size = sizeof(struct doctor),
    .help = "Where the chain is broken. Three chains that do not depend on each other: this host,\n"
            "the workspace, the destination; each from near to far. In each the first layer that\n"
            "fails says FAIL; deeper ones were not reached, with what was last known of them.\n"
            "The first line is the one to say on the phone, the last one how to repair it.\n"
            "c runs all again: it changes nothing and starts no warehouse. Without an engine the\n"
            "same list is made by aampe-syncd --doctor, which c starts.",
    .open = doctor_open,
    .close = doctor_close,
    .resume = doctor_resume,
    .event = doctor_event,
    .refuse = doctor_refuse,
    .act = doctor_act,
    .move = doctor_move,
    .layout = doctor_layout,
    .draw = doctor_draw,
    .status = doctor_status,
    .crumb = doctor_crumb,
    .hints = doctor_hints,
    .label = doctor_label,
};
