/* Row 1: where one is, and in words what is wrong, as whom it was read, whether writes are locked,
 * how old it is. Row 23: one sentence. Row 24: hints. */
#include "ui/screen/console_private.h"
#include "ui/view/alarm.h"
#include "ui/view/page.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE_US (INT64_C(60) * 1000000)
#define CRUMBS_MAX 16
#define LOGIN_MAX 16

struct draw_box console_body(const struct console *console, struct draw_box all)
{
    (void)console;
    return draw_box_sub(all, 0, 1, all.width, all.height - CONSOLE_FRAME_ROWS);
}

/* 1 m, 5 m, 2 h, 3 d: coarse, so that it changes at most once a minute. */
static void age_text(int64_t us, char out[24])
{
    int64_t minutes = us < 0 ? 0 : us / MINUTE_US;
    if (minutes < 120)
        snprintf(out, 24, "%lld m", (long long)minutes);
    else if (minutes < 48 * 60)
        snprintf(out, 24, "%lld h", (long long)(minutes / 60));
    else
        snprintf(out, 24, "%lld d", (long long)(minutes / 60 / 24));
}

static const char *reads_word(const struct console *console)
{
    const struct screen *top = console_top(console);
    if (console->link != CONSOLE_UP)
        return "nothing";
    const char *own = top && top->ops->reads ? top->ops->reads(top) : NULL;
    if (own)
        return own;
    return base_json_str(console->status, "principal") ? "principal" : "nobody yet";
}

static void writes_text(const struct console *console, char out[120])
{
    const char *managed = base_json_str_or(console->status, "managed_by", "");
    int64_t left = console->unlocked_until_us - console_now_us(console);
    if (console_refuses(console, VIEW_RUN)) {
        snprintf(out, 120, "off");
    } else if (left > 0) {
        char name[LOGIN_MAX * 4 + 1];
        base_text_clean_into(name, LOGIN_MAX + 1, console->login);
        snprintf(out, 120, "WRITES %s %lld m", name,
                 (long long)((left + MINUTE_US - 1) / MINUTE_US));
    } else {
        snprintf(out, 120, "%s", strcmp(managed, "file") == 0 ? "file" : "locked");
    }
}

static void link_text(const struct console *console, char out[40])
{
    int64_t taken;
    char age[24];
    const char *time = base_json_str(console->status, "time");
    if (console->link == CONSOLE_UP) {
        snprintf(out, 40, "live");
    } else if (console->link == CONSOLE_CONNECTING) {
        snprintf(out, 40, "connecting");
    } else if (time && base_time_parse(time, &taken) == 0) {
        age_text(console_now_us(console) - taken, age);
        snprintf(out, 40, "old %s", age);
    } else {
        snprintf(out, 40, "no data");
    }
}

/* The slots; the higher the level, the fewer words. */
static void slots(const struct console *console, int level, char out[300])
{
    char writes[120], link[40];
    struct view_alarm worst;
    const char *alarm = worst.text;
    view_alarm(console->status, console->link != CONSOLE_DOWN, &worst);
    writes_text(console, writes);
    link_text(console, link);
    bool open = strncmp(writes, "WRITES", 6) == 0;
    size_t len = 0;
    out[0] = '\0';
    if (alarm[0])
        len += (size_t)snprintf(out, 300, "%s | ", alarm);
    if (level < 2)
        len += (size_t)snprintf(out + len, 300 - len, "reads %s | ", reads_word(console));
    if (level < 3)
        len += (size_t)snprintf(out + len, 300 - len, "%s%s | ", open || level > 0 ? "" : "writes ",
                                writes);
    (void)snprintf(out + len, 300 - len, "%s", level < 4 || !alarm[0] ? link : "");
    if (level >= 4 && alarm[0])
        out[strlen(alarm)] = '\0';
}

/* Pieces of the path: profile, "2 Browse", crumbs. */
struct crumbs {
    char *parts[CRUMBS_MAX];
    size_t count;
};

static void crumb_put(struct crumbs *crumbs, const char *text, size_t len)
{
    if (len == 0)
        return;
    if (crumbs->count == CRUMBS_MAX) { /* the middle goes anyway */
        free(crumbs->parts[2]);
        memmove(crumbs->parts + 2, crumbs->parts + 3, (CRUMBS_MAX - 3) * sizeof crumbs->parts[0]);
        crumbs->count--;
    }
    crumbs->parts[crumbs->count++] = base_strndup(text, len);
}

static void crumbs_split(struct crumbs *crumbs, const char *text)
{
    for (;;) {
        text += strspn(text, " ");
        if (text[0] == '>' && (text[1] == ' ' || text[1] == '\0')) {
            text++;
            continue;
        }
        const char *end = strstr(text, " > ");
        crumb_put(crumbs, text, end ? (size_t)(end - text) : strlen(text));
        if (end == NULL)
            return;
        text = end + 3;
    }
}

static void crumbs_of(struct crumbs *crumbs, const struct console *console,
                      const struct screen *screen)
{
    struct buf text;
    char head[64];
    if (screen->below)
        crumbs_of(crumbs, console, screen->below);
    if (screen->below == NULL && screen->ops->number) {
        snprintf(head, sizeof head, "%d %s", screen->ops->number, screen->ops->name);
        crumb_put(crumbs, head, strlen(head));
    }
    bool covered_root = screen->below == NULL && screen != console_top(console);
    base_buf_init(&text, 1 << 16);
    if (screen->ops->crumb && !covered_root)
        screen->ops->crumb(screen, &text);
    if (text.len > 0)
        crumbs_split(crumbs, text.data);
    else if (screen->ops->number == 0)
        crumb_put(crumbs, screen->ops->name, strlen(screen->ops->name));
    base_buf_free(&text);
}

/* The path with parts [1, cut) gone. */
static char *crumbs_join(const struct crumbs *crumbs, size_t cut, const char *ellipsis)
{
    struct buf text;
    base_buf_init(&text, 0);
    (void)base_buf_text(&text, crumbs->parts[0]);
    if (cut > 1)
        (void)base_buf_printf(&text, " > %s", ellipsis);
    for (size_t i = cut; i < crumbs->count; i++)
        (void)base_buf_printf(&text, " > %s", crumbs->parts[i]);
    return base_buf_take(&text, NULL);
}

/* Below this a row has no room for more than the digit. */
#define PATH_WIDE 70
#define PATH_LEAST 22
#define PATH_MOST 40 /* that the slots shrink for */
#define PATH_NARROW 28

/* The longest form of the path that fits, or the shortest. malloc'd. */
static char *path_fitting(const struct console *console, bool utf8, int width)
{
    struct crumbs crumbs = {.count = 0};
    crumb_put(&crumbs, console->profile, strlen(console->profile));
    if (console_top(console))
        crumbs_of(&crumbs, console, console_top(console));
    char *path = NULL;
    for (size_t cut = 1; cut < crumbs.count || cut == 1; cut++) {
        free(path);
        path = crumbs_join(&crumbs, cut, utf8 ? "\xe2\x80\xa6" : "~");
        if (draw_width(path) <= width)
            break;
    }
    for (size_t i = 0; i < crumbs.count; i++)
        free(crumbs.parts[i]);
    return path;
}

static void path_draw(const struct console *console, struct draw_box row, int width)
{
    char *path = path_fitting(console, row.canvas->charset == DRAW_UTF8, width);
    if (draw_width(path) > width && row.width < PATH_WIDE && console->current > 0) {
        free(path); /* the digit says it too */
        path = base_printf("%s > %d", console->profile, console->current);
    }
    draw_field(row, 0, 0, width, DRAW_HEAD, DRAW_LEFT, path);
    free(path);
}

/* Columns the path should have: the name of a view that lies over a numbered screen is worth more
 * than some of the slots. */
static int path_need(const struct console *console, int width)
{
    const struct screen *top = console_top(console);
    bool deep = top && (top->below || top->ops->number == 0);
    char *least = width >= PATH_WIDE || deep
                      ? path_fitting(console, true, 0)
                      : base_printf("%s > %d", console->profile, console->current);
    int need = draw_width(least), most = width >= PATH_WIDE ? PATH_MOST : PATH_NARROW;
    free(least);
    if (width >= PATH_WIDE && need < PATH_LEAST)
        return PATH_LEAST;
    return need > most ? most : need;
}

static void head_draw(const struct console *console, struct draw_box row)
{
    char right[300];
    int need = path_need(console, row.width), width = 0;
    for (int level = 0; level <= 4; level++) {
        slots(console, level, right);
        width = draw_width(right);
        if (row.width - width - 2 >= need ||
            (level == 1 && row.width >= PATH_WIDE && row.width - width - 2 >= PATH_LEAST))
            break;
    }
    if (width > row.width - 6)
        width = row.width - 6;
    path_draw(console, row, row.width - width - 2);
    struct view_alarm alarm;
    view_alarm(console->status, console->link != CONSOLE_DOWN, &alarm);
    draw_field(row, row.width - width, 0, width, DRAW_PLAIN, DRAW_LEFT, right);
    int marked = draw_width(alarm.text);
    if (marked > 0)
        draw_field(row, row.width - width, 0, marked < width ? marked : width,
                   console_page_style(alarm.style), DRAW_LEFT, alarm.text);
}

static void sentence_draw(const struct console *console, struct draw_box row)
{
    const struct screen *top = console_top(console);
    struct buf text;
    base_buf_init(&text, 1 << 16);
    if (console->said == NULL && top && top->ops->status)
        top->ops->status(top, &text);
    draw_field(row, 0, 0, row.width, DRAW_PLAIN, DRAW_LEFT,
               console->said ? console->said
               : text.len    ? text.data
                             : "");
    base_buf_free(&text);
}

static const char *hint_label(const struct screen *top, enum view_action action)
{
    const char *own = top->ops->label ? top->ops->label(top, action) : NULL;
    return own ? own : view_action_info(action)->hint;
}

/* Which hints fit, with their places; the first ones are the most important. */
struct hints {
    enum view_action actions[CONSOLE_HINTS_MAX + 2];
    int x[CONSOLE_HINTS_MAX + 2], end[CONSOLE_HINTS_MAX + 2];
    size_t count;
};

static int hint_width(const struct screen *top, enum view_action action)
{
    char key[16];
    return (int)view_action_key(action, key, sizeof key) + 1 + draw_width(hint_label(top, action));
}

static bool hints_have(const struct hints *hints, enum view_action action)
{
    for (size_t i = 0; i < hints->count; i++)
        if (hints->actions[i] == action)
            return true;
    return false;
}

static void hints_put(struct hints *hints, const struct screen *top, enum view_action action,
                      int *x, int limit)
{
    int width = hint_width(top, action);
    if (hints_have(hints, action) || *x + width > limit)
        return;
    hints->actions[hints->count] = action;
    hints->x[hints->count] = *x;
    hints->end[hints->count++] = *x + width;
    *x += width + 2;
}

static void hints_fit(const struct console *console, int width, struct hints *hints)
{
    enum view_action wanted[CONSOLE_HINTS_MAX];
    const struct screen *top = console_top(console);
    int x = 0, help = hint_width(top, VIEW_ACTION_HELP) + 2;
    *hints = (struct hints){.count = 0};
    size_t count = top->ops->hints ? top->ops->hints(top, wanted, CONSOLE_HINTS_MAX) : 0;
    for (size_t i = 0; i < count && i < CONSOLE_HINTS_MAX; i++)
        if (wanted[i] != VIEW_ACTION_HELP)
            hints_put(hints, top, wanted[i], &x, width - help);
    if (!top->ops->question && !top->ops->overlay)
        hints_put(hints, top, VIEW_ACTION_PALETTE, &x, width - help);
    hints_put(hints, top, VIEW_ACTION_HELP, &x, width);
}

static void hints_draw(const struct console *console, struct draw_box row)
{
    const struct screen *top = console_top(console);
    struct hints hints;
    char key[16];
    if (top == NULL)
        return;
    hints_fit(console, row.width, &hints);
    for (size_t i = 0; i < hints.count; i++) {
        view_action_key(hints.actions[i], key, sizeof key);
        int x = hints.x[i];
        x += draw_text(row, x, 0, DRAW_KEY, key);
        draw_text(row, x + 1, 0, DRAW_PLAIN, hint_label(top, hints.actions[i]));
    }
}

enum view_action console_hint_at(const struct console *console, int x)
{
    struct hints hints;
    hints_fit(console, console->width, &hints);
    for (size_t i = 0; i < hints.count; i++)
        if (x >= hints.x[i] && x < hints.end[i])
            return hints.actions[i];
    return VIEW_ACTION_NONE;
}

void console_frame_draw(const struct console *console, struct draw_box all)
{
    if (console_too_small(console)) {
        draw_field(all, 0, 0, all.width, DRAW_PLAIN, DRAW_LEFT, "too small: need 60x16; q quits");
        return;
    }
    head_draw(console, draw_box_sub(all, 0, 0, all.width, 1));
    sentence_draw(console, draw_box_sub(all, 0, all.height - 2, all.width, 1));
    hints_draw(console, draw_box_sub(all, 0, all.height - 1, all.width, 1));
}
