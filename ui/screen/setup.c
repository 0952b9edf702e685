/* 9 Setup: the steps as a list, in any order where nothing blocks. */
#include "ui/screen/setup.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct setup {
    struct screen screen;
    cJSON *data;
    char *note; /* what the program that opened the console has to say */
    struct err err;
    int selected;
    struct view_page *page;
    int page_width, top;
    int64_t minute;
    bool stale, asked_again;
    bool look;   /* the next question begins the looks that are missing */
    bool wanted; /* something has changed in the engine */
};

const char *setup_refuses(const struct console *console, const cJSON *data)
{
    bool complete = base_json_bool_or(data, "complete", false);
    if (!console_engine(console))
        return "the engine is not there";
    return console_refuses(console, complete ? VIEW_WRITE : VIEW_RUN);
}

int setup_line_of(const struct view_page *page, int target)
{
    for (size_t i = 0; page && i < page->count; i++)
        if (page->lines[i].target == target)
            return (int)i;
    return -1;
}

void setup_scroll(int *top, int line, int height, const struct view_page *page)
{
    int last = (int)page->count - height;
    if (line >= 0 && line < *top)
        *top = line;
    if (line >= 0 && line >= *top + height)
        *top = line - height + 1;
    if (*top > last)
        *top = last;
    if (*top < 0 || line < height)
        *top = 0;
}

static void list_ask(struct setup *setup);

static void on_list(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct setup *setup = (struct setup *)screen;
    (void)tag;
    setup->err = err ? *err : ERR_INIT;
    if (result) {
        cJSON_Delete(setup->data);
        setup->data = cJSON_Duplicate(result, true);
    }
    setup->stale = true;
    if (setup->asked_again) {
        setup->asked_again = false;
        list_ask(setup);
    }
    console_touch(screen->console);
}

static void list_ask(struct setup *setup)
{
    if (console_waiting(&setup->screen)) {
        setup->asked_again = true;
        return;
    }
    /* What has an answer and was never looked at is looked at when the list is opened: that changes
     * nothing and costs nothing. Not after every event, or a check that was stopped would begin
     * again. */
    cJSON *params = base_json_object();
    if (setup->look)
        base_json_add_bool(params, "look", true);
    setup->look = false;
    console_ask(&setup->screen, "setup.list", params, SETUP_TAG_LIST, on_list);
}

static void on_started(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    (void)tag;
    if (err) {
        console_say_error(screen->console, err);
        return;
    }
    cJSON *args = base_json_object();
    base_json_add_i64(args, "batch", base_json_i64_or(result, "batch", 0));
    console_go(screen->console, 5, args);
}

static void on_sync_answer(struct screen *screen, bool yes, void *user)
{
    (void)user;
    if (yes)
        console_ask(screen, "sync.run", base_json_object(), SETUP_TAG_OTHER, on_started);
}

const char *setup_sync_refuses(const struct console *console, const cJSON *data)
{
    const cJSON *step = view_setup_find(data, 7);
    if (!console_engine(console))
        return "the engine is not there";
    if (step == NULL)
        return "the engine has not answered yet";
    if (strcmp(base_json_str_or(step, "state", ""), "waits") == 0 ||
        strcmp(base_json_str_or(step, "state", ""), "done") == 0)
        return NULL;
    if (cJSON_GetArraySize(base_json_array(step, "blocked_by")) > 0)
        return "blocked: the steps before it are not done";
    return console_refuses(console, VIEW_RUN);
}

void setup_sync(struct screen *screen, const cJSON *data)
{
    const cJSON *step = view_setup_find(data, 7);
    const char *state = base_json_str_or(step, "state", "");
    if (strcmp(state, "waits") == 0 || strcmp(state, "done") == 0) {
        cJSON *args = base_json_object();
        base_json_add_i64(args, "batch", base_json_i64_or(step, "batch", 0));
        console_go(screen->console, 5, args);
        return;
    }
    struct view_page *page = view_page_new(screen->width);
    const char *tables = base_json_str_or(view_setup_find(data, 5), "answer", "the ticked tables");
    const char *where = base_json_str_or(view_setup_find(data, 6), "answer", "");
    const char *warehouse = base_json_str_or(view_setup_find(data, 4), "answer", "");
    view_page_fact(page, 8, "Reads", STYLE_PLAIN, "%s, as the principal", tables);
    view_page_fact(page, 8, "With", STYLE_PLAIN,
                   "%s; if it is stopped, this starts it, and that "
                   "costs",
                   warehouse);
    view_page_fact(page, 8, "Writes", STYLE_PLAIN,
                   "to %s; nothing is visible there until it is "
                   "whole",
                   where);
    view_page_fact(page, 8, "Then", STYLE_PLAIN,
                   "the live batch; closing the console does not "
                   "stop it");
    console_question(screen, "First sync", page, "Sync now", NULL, on_sync_answer, NULL);
}

static void open_step(struct setup *setup)
{
    const struct view_setup_step *step = view_setup_step(setup->selected);
    if (step->opens == 2) {
        console_go(setup->screen.console, 2, NULL);
    } else if (step->opens == 5) {
        setup_sync(&setup->screen, setup->data);
    } else {
        cJSON *args = base_json_object();
        base_json_add_str(args, "step", step->id);
        base_json_add_str(args, "note", setup->note);
        if (setup->data)
            base_json_add_take(args, "list", cJSON_Duplicate(setup->data, true));
        console_push(setup->screen.console, &screen_setup_step, args);
    }
}

static void setup_open(struct screen *screen, const cJSON *args)
{
    struct setup *setup = (struct setup *)screen;
    int number = view_setup_number(base_json_str(args, "step"));
    setup->note = base_strdup(base_json_str(args, "note"));
    setup->selected = number ? number : 1;
    setup->stale = setup->look = true;
    list_ask(setup);
    if (number)
        open_step(setup);
}

static void setup_close(struct screen *screen)
{
    struct setup *setup = (struct setup *)screen;
    view_page_free(&setup->page);
    cJSON_Delete(setup->data);
    free(setup->note);
}

static void setup_resume(struct screen *screen)
{
    ((struct setup *)screen)->look = true;
    list_ask((struct setup *)screen);
}

static void setup_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct setup *setup = (struct setup *)screen;
    if (strcmp(name, "setup.check") == 0 && base_json_bool_or(payload, "done", false))
        list_ask(setup);
    /* The rest comes often and also while another screen is in front: the next tick asks once. */
    setup->wanted |= strcmp(name, "run.state") == 0 || strcmp(name, "status.changed") == 0 ||
                     strcmp(name, "resync") == 0;
}

static void setup_tick(struct screen *screen)
{
    struct setup *setup = (struct setup *)screen;
    int64_t minute = console_now_us(screen->console) / 60000000;
    if (setup->wanted && console_engine(screen->console))
        list_ask(setup);
    setup->wanted = false;
    if (minute == setup->minute)
        return;
    setup->minute = minute;
    setup->stale = true;
    console_touch(screen->console);
}

static const char *setup_refuse(const struct screen *screen, enum view_action action)
{
    const struct setup *setup = (const struct setup *)screen;
    switch (action) {
    case VIEW_ACTION_OPEN:
        return setup->selected == 7 ? setup_sync_refuses(screen->console, setup->data) : NULL;
    case VIEW_ACTION_SYNC:
        return setup_sync_refuses(screen->console, setup->data);
    case VIEW_ACTION_CHECK:
        return setup->selected == 7 ? "the first sync is checked by running it: s" : NULL;
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    default:
        return "";
    }
}

static void on_check(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    (void)tag;
    (void)result;
    if (err)
        console_say_error(screen->console, err);
    else
        list_ask((struct setup *)screen);
}

static void check_ask(struct setup *setup)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "step", view_setup_step(setup->selected)->id);
    console_ask(&setup->screen, "setup.check", params, SETUP_TAG_CHECK, on_check);
}

static void copy_about(struct setup *setup)
{
    struct view_page *page = view_page_new(200);
    const cJSON *step = view_setup_find(setup->data, setup->selected);
    view_page_line(page, STYLE_PLAIN, "%s: %s", view_setup_step(setup->selected)->title,
                   base_json_str_or(step, "state", "todo"));
    view_setup_about(page, setup->data, setup->selected);
    char *text = view_page_text(page);
    console_copy(setup->screen.console, text);
    free(text);
    view_page_free(&page);
}

static void setup_act(struct screen *screen, enum view_action action)
{
    struct setup *setup = (struct setup *)screen;
    char *command;
    switch (action) {
    case VIEW_ACTION_OPEN:
        open_step(setup);
        break;
    case VIEW_ACTION_SYNC:
        setup_sync(screen, setup->data);
        break;
    case VIEW_ACTION_CHECK:
        check_ask(setup);
        break;
    case VIEW_ACTION_REFRESH:
        setup->look = true;
        list_ask(setup);
        break;
    case VIEW_ACTION_COPY:
        copy_about(setup);
        break;
    case VIEW_ACTION_COPY_COMMAND:
        command =
            view_setup_command(setup->data, setup->selected, console_profile(screen->console));
        console_copy(screen->console, command);
        free(command);
        break;
    default:
        break;
    }
}

static void setup_move(struct screen *screen, enum draw_move move)
{
    struct setup *setup = (struct setup *)screen;
    struct draw_scroll scroll = {
        .count = VIEW_SETUP_STEPS, .at = setup->selected - 1, .height = VIEW_SETUP_STEPS};
    if (draw_scroll_move(&scroll, move))
        setup->stale = true;
    setup->selected = (int)scroll.at + 1;
}

static void setup_layout(struct screen *screen)
{
    struct setup *setup = (struct setup *)screen;
    if (setup->page == NULL || setup->stale || setup->page_width != screen->width) {
        view_page_free(&setup->page);
        setup->page = view_page_new(screen->width);
        setup->page_width = screen->width;
        setup->stale = false;
        view_setup_list(setup->page, setup->data, setup->selected, setup->note,
                        console_now_us(screen->console));
    }
    setup_scroll(&setup->top, setup_line_of(setup->page, setup->selected), screen->height,
                 setup->page);
}

static void setup_draw(const struct screen *screen, struct draw_box body)
{
    const struct setup *setup = (const struct setup *)screen;
    if (setup->page)
        console_page_draw(setup->page, body, setup->top,
                          setup_line_of(setup->page, setup->selected));
}

static void setup_status(const struct screen *screen, struct buf *out)
{
    const struct setup *setup = (const struct setup *)screen;
    const char *file = base_json_str_or(setup->data, "file", "");
    const char *slash = strrchr(file, '/');
    if (setup->err.code != ERR_OK)
        (void)base_buf_printf(out, "%s (%s)", setup->err.message, base_err_name(setup->err.code));
    else if (setup->data == NULL)
        (void)base_buf_text(out, "not loaded: waiting for the engine's answer; r asks again");
    else
        (void)base_buf_printf(
            out, "closing is safe; answers so far are in %s, secrets only in the vault",
            slash ? slash + 1 : file);
}

static size_t setup_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action hints[] = {VIEW_ACTION_OPEN, VIEW_ACTION_CHECK,
                                             VIEW_ACTION_COPY_COMMAND, VIEW_ACTION_REFRESH,
                                             VIEW_ACTION_CLOSE};
    (void)screen;
    return screen_hints(hints, base_countof(hints), out, max);
}

const struct screen_ops screen_setup = {
    .name = "Setup",
    .number = 9,
    .size = sizeof(struct setup),
    .help = "What is set, what is missing, who must act. Enter opens a step; any order where\n"
            "nothing blocks. The steps tables and first sync open the ordinary screens.\n"
            "`c` checks the selected step now and changes nothing; `Y` copies it as a command.\n"
            "Closing is safe at any time: answers are in the profile file, secrets in the vault.",
    .open = setup_open,
    .close = setup_close,
    .resume = setup_resume,
    .event = setup_event,
    .tick = setup_tick,
    .refuse = setup_refuse,
    .act = setup_act,
    .move = setup_move,
    .layout = setup_layout,
    .draw = setup_draw,
    .status = setup_status,
    .hints = setup_hints,
};
