/* From keys to what is done: the one place where the classes of actions are enforced. */
#include "ui/screen/console_private.h"
#include "ui/view/alarm.h"
#include "ui/view/page.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

const char *console_refuses(const struct console *console, enum view_action_class class)
{
    if (class == VIEW_LOOK)
        return NULL;
    if (console->config.read_only)
        return "this console is read-only (--read-only)";
    if (console->link != CONSOLE_UP)
        return "needs the engine, which is not connected";
    if (console->role_view)
        return "needs role admin (you are in view)";
    if (class == VIEW_WRITE && console->unlocked_until_us <= console_now_us(console))
        return "writes are locked: W unlocks them for 15 minutes";
    return NULL;
}

static bool is_motion(enum view_action action, enum draw_move *move)
{
    static const struct {
        enum view_action action;
        enum draw_move move;
    } motions[] = {
        {VIEW_ACTION_UP, DRAW_MOVE_UP},           {VIEW_ACTION_DOWN, DRAW_MOVE_DOWN},
        {VIEW_ACTION_PAGE_UP, DRAW_MOVE_PAGE_UP}, {VIEW_ACTION_PAGE_DOWN, DRAW_MOVE_PAGE_DOWN},
        {VIEW_ACTION_HALF_UP, DRAW_MOVE_HALF_UP}, {VIEW_ACTION_HALF_DOWN, DRAW_MOVE_HALF_DOWN},
        {VIEW_ACTION_HOME, DRAW_MOVE_HOME},       {VIEW_ACTION_END, DRAW_MOVE_END},
        {VIEW_ACTION_LEFT, DRAW_MOVE_LEFT},       {VIEW_ACTION_RIGHT, DRAW_MOVE_RIGHT},
    };
    for (size_t i = 0; i < sizeof motions / sizeof motions[0]; i++) {
        if (motions[i].action == action) {
            *move = motions[i].move;
            return true;
        }
    }
    return false;
}

static int digit_of(enum view_action action)
{
    return action >= VIEW_ACTION_SCREEN_1 && action <= VIEW_ACTION_SCREEN_9
               ? (int)(action - VIEW_ACTION_SCREEN_1) + 1
               : 0;
}

bool console_action_own(enum view_action action)
{
    switch (action) {
    case VIEW_ACTION_HELP:
    case VIEW_ACTION_PALETTE:
    case VIEW_ACTION_MESSAGES:
    case VIEW_ACTION_MOUSE:
    case VIEW_ACTION_BACK_SCREEN:
    case VIEW_ACTION_WORST:
    case VIEW_ACTION_UNLOCK:
    case VIEW_ACTION_CLOSE:
    case VIEW_ACTION_INTERRUPT:
    case VIEW_ACTION_REDRAW:
    case VIEW_ACTION_SUSPEND:
        return true;
    default:
        return digit_of(action) != 0;
    }
}

const char *console_action_refused(struct console *console, struct screen *screen,
                                   enum view_action action)
{
    enum draw_move move;
    enum view_action_class class = view_action_info(action)->class;
    const char *why = console_refuses(console, class);
    bool only_locked = why && console_refuses(console, VIEW_RUN) == NULL;
    if ((why && !only_locked) || console_action_own(action))
        return why;
    if (is_motion(action, &move))
        return screen->ops->move ? NULL : "";
    const char *here = screen->ops->refuse ? screen->ops->refuse(screen, action) : "";
    if (here == NULL && screen->ops->act == NULL)
        here = "";
    if (here && here[0] == '\0' && action == VIEW_ACTION_APPLY)
        return "p first: A applies the plan that is shown there";
    return here ? here : why;
}

static void quit_done(struct screen *screen, bool yes, void *user)
{
    (void)user;
    screen->console->over = screen->console->over || yes;
}

void console_quit_ask(struct console *console)
{
    struct screen *top = console_top(console);
    struct view_page *page = view_page_new(console->width - 2);
    int64_t running = base_json_i64_or(console->status, "running", 0);
    int64_t batches = base_json_i64_or(console->status, "batches_running", 0);
    if (top == NULL)
        return;
    if (console->link != CONSOLE_UP)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "The engine is not connected; leaving changes nothing about that.");
    else if (batches > 0 || running > 0)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "The sync goes on in the engine: %lld running. It ends by itself, and the "
                       "console finds it again when you come back.",
                       (long long)(running > 0 ? running : batches));
    else
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "Nothing is running. The engine of profile %s stays and syncs when it is "
                       "time; drafts are kept there too.",
                       console->profile);
    if (console->link == CONSOLE_UP && console->started_by_us) {
        view_page_blank(page);
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "This console started that engine. To end it too: aampe-console --profile "
                       "%s engine stop",
                       console->profile);
    }
    console_question(top, "QUIT", page, "Quit", NULL, quit_done, NULL);
    console_question_focus(console); /* leaving breaks nothing */
}

/* The worst of what needs a person, where it can be looked at. */
void console_worst(struct console *console)
{
    struct view_alarm alarm;
    view_alarm(console->status, console->link != CONSOLE_DOWN, &alarm);
    if (console->status == NULL && console->link != CONSOLE_DOWN)
        console_say(console, "nothing is known yet: the engine has not answered");
    else if (alarm.screen == 0)
        console_say(console, "nothing needs you");
    else
        console_go(console, console_screen_ops(alarm.screen) ? alarm.screen : 1,
                   console_screen_ops(alarm.screen) ? view_alarm_args(&alarm) : NULL);
}

static void unlock(struct console *console)
{
    const char *why = console_refuses(console, VIEW_RUN);
    if (why) {
        console_say(console, "W unlock writes: %s", why);
    } else if (console->unlocked_until_us) {
        console->unlocked_until_us = 0;
        console_say(console, "writes are locked");
    } else {
        console->unlocked_until_us = console_now_us(console) + CONSOLE_UNLOCK_US;
        console_say(console, "writes are unlocked for 15 minutes, for %s; W locks them again",
                    console->login);
    }
}

static void interrupt(struct console *console, struct screen *top)
{
    if (console_forget(top)) {
        console_say(console, "stopped waiting; no run was touched");
        console_touch(console);
    } else if (top->ops->question || top->ops->overlay) {
        console_act(console, VIEW_ACTION_CLOSE, true);
    } else {
        console_quit_ask(console);
    }
}

/* Esc never leaves the program; q asks. */
static void close_view(struct console *console, struct screen *top, bool escape)
{
    bool own =
        top->ops->refuse && top->ops->act && top->ops->refuse(top, VIEW_ACTION_CLOSE) == NULL;
    if (own)
        top->ops->act(top, VIEW_ACTION_CLOSE);
    else if (top->below)
        console_close_top(console);
    else if (escape)
        console_say(console, "nothing to close here; q quits");
    else
        console_quit_ask(console);
}

static void overlay_toggle(struct console *console, const struct screen_ops *ops)
{
    if (console_top(console)->ops == ops)
        console_close_top(console);
    else
        console_push(console, ops, NULL);
}

static void digit_act(struct console *console, int digit)
{
    console_overlay_close(console);
    if (console_screen_ops(digit) == NULL || digit == console->current)
        console_go(console, digit, NULL);
    else
        console_show(console, digit);
}

static void own_act(struct console *console, struct screen *top, enum view_action action,
                    bool escape)
{
    switch (action) {
    case VIEW_ACTION_HELP:
        overlay_toggle(console, &screen_help);
        break;
    case VIEW_ACTION_PALETTE:
        overlay_toggle(console, &screen_palette);
        break;
    case VIEW_ACTION_MESSAGES:
        overlay_toggle(console, &screen_messages);
        break;
    case VIEW_ACTION_MOUSE:
        console->mouse = !console->mouse;
        if (console->config.mouse)
            console->config.mouse(console->config.user, console->mouse);
        console_say(console, console->mouse
                                 ? "mouse on: wheel scrolls, hints can be clicked; Shift-drag "
                                   "(Option-drag) selects text"
                                 : "mouse off: the terminal selects text");
        break;
    case VIEW_ACTION_BACK_SCREEN:
        console_show(console, console->previous);
        break;
    case VIEW_ACTION_WORST:
        console_worst(console);
        break;
    case VIEW_ACTION_UNLOCK:
        unlock(console);
        break;
    case VIEW_ACTION_CLOSE:
        close_view(console, top, escape);
        break;
    case VIEW_ACTION_INTERRUPT:
        interrupt(console, top);
        break;
    case VIEW_ACTION_REDRAW:
        if (console->config.repaint)
            console->config.repaint(console->config.user);
        break;
    case VIEW_ACTION_SUSPEND:
        if (console->config.suspend)
            console->config.suspend(console->config.user);
        break;
    default:
        digit_act(console, digit_of(action));
        break;
    }
}

/* While a question is open, only what answers it, and help. */
static bool beside_the_question(const struct screen *top, enum view_action action)
{
    return top->ops->question && console_action_own(action) && action != VIEW_ACTION_HELP &&
           action != VIEW_ACTION_CLOSE && action != VIEW_ACTION_INTERRUPT &&
           action != VIEW_ACTION_REDRAW && action != VIEW_ACTION_SUSPEND;
}

void console_act(struct console *console, enum view_action action, bool escape)
{
    struct screen *top = console_top(console);
    const struct view_action_info *info = view_action_info(action);
    char key[16];
    enum draw_move move;
    view_action_key(action, key, sizeof key);
    if (beside_the_question(top, action)) {
        console_say(console, "%s %s: answer the question first, or Esc", key, info->hint);
        return;
    }
    const char *why = console_action_refused(console, top, action);
    if (why && why[0])
        console_say(console, "%s %s: %s", key, info->hint, why);
    else if (why)
        console_say(console, "%s %s: means nothing on this screen; ? lists what does", key,
                    info->hint);
    else if (console_action_own(action))
        own_act(console, top, action, escape);
    else if (is_motion(action, &move))
        top->ops->move(top, move);
    else
        top->ops->act(top, action);
}

/* Below the smallest size nothing can be asked. */
static void key_too_small(struct console *console, const struct term_key *key)
{
    enum view_action action = console_key_action(key);
    if (action == VIEW_ACTION_INTERRUPT ||
        (action == VIEW_ACTION_CLOSE && !console_key_escape(key)))
        console->over = true;
    else if (action == VIEW_ACTION_REDRAW || action == VIEW_ACTION_SUSPEND)
        own_act(console, console_top(console), action, false);
}

static void key_mouse(struct console *console, const struct term_key *key)
{
    struct screen *top = console_top(console);
    if (key->codepoint == 4 || key->codepoint == 5) {
        for (int i = 0; i < 3 && top->ops->move; i++)
            top->ops->move(top, key->codepoint == 4 ? DRAW_MOVE_UP : DRAW_MOVE_DOWN);
    } else if (key->codepoint == 1 && key->y == console->height - 1) {
        enum view_action action = console_hint_at(console, key->x);
        if (action != VIEW_ACTION_NONE)
            console_act(console, action, true);
    }
}

static void key_dispatch(struct console *console, const struct term_key *key)
{
    struct screen *top = console_top(console);
    if (console_too_small(console)) {
        key_too_small(console, key);
    } else if (top->ops->question && !top->painted) {
        return; /* typed before the question could be read */
    } else if (key->kind == TERM_KEY_PASTE && top->ops->question) {
        console_say(console, "a paste answers no question: type it");
    } else if (key->kind == TERM_KEY_MOUSE) {
        key_mouse(console, key);
    } else if (top->ops->key && top->ops->key(top, key)) {
        return;
    } else if (key->kind == TERM_KEY_PASTE) {
        console_say(console, "pasted text goes into a field only: Enter opens one, : the palette");
    } else {
        enum view_action action = console_key_action(key);
        if (action != VIEW_ACTION_NONE)
            console_act(console, action, console_key_escape(key));
        else
            console_say(console, "that key has no meaning here; ? lists those that have");
    }
}

void console_key(struct console *console, const struct term_key *key)
{
    if (console->over || key->kind == TERM_KEY_NONE || key->kind == TERM_KEY_RESIZE)
        return;
    if (console->said)
        base_free(&console->said);
    console->dirty = true;
    key_dispatch(console, key);
    console_turn_end(console);
}
