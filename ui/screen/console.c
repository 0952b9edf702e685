#include "ui/screen/console.h"
#include "ui/screen/console_private.h"

#include "base/alloc.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE_US (INT64_C(60) * 1000000)
#define STATUS_GAP_US (INT64_C(1) * 1000000)

struct console *console_new(const struct console_config *config)
{
    struct console *console = base_alloc_zero(1, sizeof *console);
    console->config = *config;
    console->profile = base_strdup(config->profile ? config->profile : "default");
    console->version = base_strdup(config->version ? config->version : "");
    console->login = base_strdup(config->login && config->login[0] ? config->login : "you");
    console->width = 80;
    console->height = 24;
    console->dirty = true;
    console->link = CONSOLE_CONNECTING;
    console_show(console, 1);
    console->previous = console->current;
    return console;
}

void console_free(struct console **console)
{
    if (*console == NULL)
        return;
    (*console)->link = CONSOLE_CONNECTING; /* nothing is sent any more */
    for (int digit = 0; digit <= CONSOLE_SCREENS; digit++)
        console_stack_close(*console, digit);
    console_dead_free(*console);
    console_asks_free(*console);
    cJSON_Delete((*console)->status);
    for (size_t i = 0; i < (*console)->message_count; i++)
        free((*console)->messages[i].text);
    free((*console)->messages);
    free((*console)->said);
    free((*console)->profile);
    free((*console)->version);
    free((*console)->login);
    base_free(console);
}

bool console_too_small(const struct console *console)
{
    return console->width < CONSOLE_WIDTH_MIN || console->height < CONSOLE_HEIGHT_MIN;
}

static void layout(struct console *console)
{
    struct screen *top = console_top(console);
    if (top == NULL || console_too_small(console))
        return;
    top->width = console->width;
    top->height = console->height - CONSOLE_FRAME_ROWS;
    if (top->height < CONSOLE_BODY_MIN)
        top->height = CONSOLE_BODY_MIN;
    if (top->ops->layout)
        top->ops->layout(top);
}

void console_turn_end(struct console *console)
{
    console_asks_settle(console);
    console_dead_free(console);
    layout(console);
}

static void said_set(struct console *console, char *take_text)
{
    free(console->said);
    console->said = take_text;
    console->dirty = true;
}

void console_resize(struct console *console, int width, int height)
{
    if (width == console->width && height == console->height)
        return;
    console->width = width < 1 ? 1 : width;
    console->height = height < 1 ? 1 : height;
    console->dirty = true;
    if (!console_too_small(console) && (width < CONSOLE_WIDTH_GOOD || height < CONSOLE_HEIGHT_GOOD))
        said_set(console, base_strdup("small: best from 60x16"));
    console_turn_end(console);
}

/* To every open screen. */
static void spread(struct console *console, const char *name, const cJSON *payload)
{
    for (int digit = 0; digit <= CONSOLE_SCREENS; digit++)
        for (struct screen *screen = console->tops[digit]; screen; screen = screen->below)
            if (screen->ops->event)
                screen->ops->event(screen, name, payload);
    console->dirty = true;
}

void console_event(struct console *console, const char *name, const cJSON *payload)
{
    if (strcmp(name, "run.progress") != 0)
        console->status_wanted = true;
    if (strcmp(name, "warehouse.start") == 0)
        console_say(console, "warehouse %s is %s: a statement starts it",
                    base_json_str_or(payload, "name", ""), base_json_str_or(payload, "state", ""));
    if (strcmp(name, "resync") == 0) /* some events were lost */
        console_resume(console);
    else
        spread(console, name, payload);
    console_turn_end(console);
}

void console_status_take(struct console *console, cJSON *take_status)
{
    cJSON_Delete(console->status);
    console->status = take_status;
    spread(console, "status", console->status);
}

void console_engine_up(struct console *console, const char *role, bool started_by_us)
{
    bool back = console->link == CONSOLE_DOWN;
    console->link = CONSOLE_UP;
    console->role_view = role == NULL || strcmp(role, "admin") != 0;
    console->started_by_us = started_by_us;
    base_err_clear(&console->engine_error);
    if (started_by_us)
        console_say(console, "no engine was running for profile %s: this console started one",
                    console->profile);
    else if (back)
        console_say(console, "the engine answers again");
    console_asks_send(console);
    console_status_ask(console);
    if (back)
        console_resume(console);
    console_turn_end(console);
}

void console_engine_down(struct console *console, const struct err *why, const cJSON *snapshot)
{
    struct err unknown = ERR_INIT;
    if (why == NULL || why->code == ERR_OK) {
        base_err_set(&unknown, ERR_ENGINE_UNREACHABLE, "the engine does not answer");
        why = &unknown;
    }
    bool was_up = console->link == CONSOLE_UP;
    console->link = CONSOLE_DOWN;
    console->engine_error = *why;
    console->status_asked = console->status_wanted = false;
    console->unlocked_until_us = 0;
    console_asks_fail(console, why);
    if (snapshot)
        console_status_take(console, cJSON_Duplicate(snapshot, true));
    else
        spread(console, "status", console->status);
    if (was_up)
        console_say_error(console, why);
    console_turn_end(console);
}

static void lock_on_time(struct console *console)
{
    if (console->unlocked_until_us && console_now_us(console) >= console->unlocked_until_us) {
        console->unlocked_until_us = 0;
        console_say(console, "writes are locked again: 15 minutes are over");
    }
}

/* Until the next tick of the clock. */
static int tick_ms(const struct console *console, int64_t now)
{
    const struct screen *top = console_top(console);
    int64_t since = (now - console->ticked_us) / 1000;
    if ((top && top->ops->tick) || console->status_wanted || console->unlocked_until_us)
        return since < 0 || since >= 1000 ? 0 : (int)(1000 - since);
    return now / MINUTE_US != console->minute ? 0 : (int)((MINUTE_US - now % MINUTE_US) / 1000) + 1;
}

void console_wake(struct console *console, int64_t at_us)
{
    if (console->wake_us == 0 || at_us < console->wake_us)
        console->wake_us = at_us;
}

void console_tick(struct console *console)
{
    int64_t now = console_now_us(console);
    if (console->wake_us != 0 && now >= console->wake_us) {
        console->wake_us = 0;
        console->dirty = true;
        console_turn_end(console);
        if (tick_ms(console, now) > 0)
            return;
    }
    console->ticked_us = now;
    if (now / MINUTE_US != console->minute) { /* ages */
        console->minute = now / MINUTE_US;
        console->status_wanted = true;
        console->dirty = true;
    }
    lock_on_time(console);
    int64_t since = now - console->status_us;
    if (console->status_wanted && (since >= STATUS_GAP_US || since < 0))
        console_status_ask(console);
    struct screen *top = console_top(console);
    if (top && top->ops->tick)
        top->ops->tick(top);
    if (console->dirty || console_asks_unsettled(console)) /* an idle second costs nothing */
        console_turn_end(console);
}

bool console_painted(struct console *console)
{
    struct screen *top = console_top(console);
    console->dirty = false;
    if (top == NULL || top->painted || console_too_small(console))
        return false;
    top->painted = true;
    return top->ops->question;
}

static int selected_row(const struct draw_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            if (draw_canvas_at(canvas, x, y)->selected)
                return y;
    return canvas->cursor_y > 0 ? canvas->cursor_y : 0;
}

/* A body too low for its screen: the rows that end with the selected one. */
static void draw_low(const struct screen *top, struct draw_box body)
{
    struct draw_canvas *whole = draw_canvas_new(body.width, CONSOLE_BODY_MIN, body.canvas->charset);
    top->ops->draw(top, draw_box_all(whole));
    int first = selected_row(whole) - body.height + 1;
    first = first < 0 ? 0 : first;
    for (int y = 0; y < body.height; y++)
        memcpy(draw_canvas_at(body.canvas, body.x, body.y + y), draw_canvas_at(whole, 0, first + y),
               (size_t)body.width * sizeof *whole->cells);
    if (whole->cursor_y >= 0)
        draw_cursor(body, whole->cursor_x, whole->cursor_y - first);
    draw_canvas_free(&whole);
}

void console_draw(struct console *console, struct draw_canvas *canvas)
{
    if (canvas->width != console->width || canvas->height != console->height)
        console_resize(console, canvas->width, canvas->height);
    console_turn_end(console);
    draw_canvas_clear(canvas);
    struct draw_box all = draw_box_all(canvas);
    const struct screen *top = console_top(console);
    if (!console_too_small(console) && top && top->ops->draw) {
        struct draw_box body = console_body(console, all);
        if (body.height < CONSOLE_BODY_MIN)
            draw_low(top, body);
        else
            top->ops->draw(top, body);
    }
    console_frame_draw(console, all);
}

bool console_dirty(const struct console *console)
{
    return console->dirty;
}

bool console_over(const struct console *console)
{
    return console->over;
}

int console_wait_ms(const struct console *console)
{
    int64_t now = console_now_us(console), wake = (console->wake_us - now + 999) / 1000;
    if (console->dirty || console_asks_unsettled(console))
        return 0;
    int wait = tick_ms(console, now);
    if (console->wake_us != 0 && (wait < 0 || wake < wait))
        wait = wake > 0 ? (int)wake : 0;
    return wait;
}

const cJSON *console_status(const struct console *console)
{
    return console->status;
}

bool console_engine(const struct console *console)
{
    return console->link == CONSOLE_UP;
}

const struct err *console_engine_error(const struct console *console)
{
    return console->link == CONSOLE_DOWN ? &console->engine_error : NULL;
}

int64_t console_now_us(const struct console *console)
{
    return console->config.now ? console->config.now(console->config.user)
                               : base_seam_now_us(console->config.seam);
}

const char *console_profile(const struct console *console)
{
    return console->profile;
}

const char *console_login(const struct console *console)
{
    return console->login;
}

int64_t console_unlocked_until_us(const struct console *console)
{
    return console->unlocked_until_us;
}

void console_touch(struct console *console)
{
    console->dirty = true;
}

static void message_keep(struct console *console, const char *text)
{
    if (console->message_count == CONSOLE_MESSAGES_MAX) { /* the oldest goes */
        free(console->messages[0].text);
        memmove(console->messages, console->messages + 1,
                --console->message_count * sizeof *console->messages);
    }
    console->messages =
        base_realloc(console->messages, console->message_count + 1, sizeof *console->messages);
    console->messages[console->message_count++] =
        (struct console_message){console_now_us(console), base_strdup(text)};
}

size_t console_message_count(const struct console *console)
{
    return console->message_count;
}

const struct console_message *console_message_at(const struct console *console, size_t index)
{
    return &console->messages[index];
}

void console_say(struct console *console, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    message_keep(console, text);
    said_set(console, text);
}

void console_say_error(struct console *console, const struct err *err)
{
    char *kept =
        base_printf("%s (%s): %s", err->message, base_err_name(err->code), base_err_hint_text(err));
    message_keep(console, kept);
    free(kept);
    said_set(console, base_printf("%s (%s); m has more", err->message, base_err_name(err->code)));
}

void console_copy(struct console *console, const char *text)
{
    const char *done = console->config.copy
                           ? console->config.copy(console->config.user, text, strlen(text))
                           : NULL;
    console_say(console, "%s", done ? done : "nowhere to copy to");
}

/* A new file of this name or, where it is taken, with a number. -1: errno. */
static int export_open(const char *name, char **path)
{
    char clean[80];
    size_t len = 0;
    for (; *name && len < sizeof clean - 1; name++) {
        bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                     (*name >= '0' && *name <= '9') || *name == '-' || *name == '_' ||
                     (*name == '.' && len > 0);
        clean[len++] = plain ? *name : '_';
    }
    clean[len] = '\0';
    const char *dot = strrchr(clean, '.');
    int stem = dot ? (int)(dot - clean) : (int)len;
    int fd = -1;
    for (int i = 1; i < 1000; i++) {
        free(*path);
        *path =
            i == 1 ? base_strdup(clean) : base_printf("%.*s-%d%s", stem, clean, i, dot ? dot : "");
        fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    return fd;
}

void console_export(struct console *console, const char *name, const char *text)
{
    char *path = NULL;
    size_t len = strlen(text), done = 0;
    int fd = export_open(name, &path);
    while (fd >= 0 && done < len) {
        ssize_t n = write(fd, text + done, len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    int failed = fd < 0 || done < len ? errno : 0;
    if (fd >= 0 && close(fd) != 0 && failed == 0)
        failed = errno;
    if (failed)
        console_say(console, "%s could not be written here: %s", path, strerror(failed));
    else
        console_say(console, "written to ./%s, for your eyes only (mode 0600)", path);
    free(path);
}

void console_dump(struct console *console)
{
    struct draw_canvas *canvas = draw_canvas_new(console->width, console->height, DRAW_ASCII);
    char now[32];
    console_draw(console, canvas);
    char *screen = draw_canvas_dump(canvas, false);
    base_time_format(console_now_us(console) / 1000000 * 1000000, now);
    char *text = base_printf("aampe-console %s, profile %s, %dx%d, %s\n%s", console->version,
                             console->profile, console->width, console->height, now, screen);
    console_export(console, "aampe-screen.txt", text);
    free(text);
    free(screen);
    draw_canvas_free(&canvas);
}
