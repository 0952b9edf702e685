/* m: everything that was said, newest first. */
#include "ui/screen/console_private.h"
#include "ui/view/page.h"

#include "base/alloc.h"

#include <stdlib.h>

struct messages {
    struct screen screen;
    struct view_page *page;
    size_t made_of; /* messages the page holds */
    int made_width;
    struct draw_scroll scroll; /* over lines */
};

static void messages_close(struct screen *screen)
{
    view_page_free(&((struct messages *)screen)->page);
}

static void page_make(struct messages *messages)
{
    const struct console *console = messages->screen.console;
    size_t count = console_message_count(console);
    view_page_free(&messages->page);
    messages->page = view_page_new(messages->screen.width);
    for (size_t i = count; i-- > 0;) {
        const struct console_message *message = console_message_at(console, i);
        char time[32];
        base_time_format(message->us / 1000000 * 1000000, time);
        view_page_fact(messages->page, 9, time + 11, STYLE_PLAIN, "%s", message->text);
    }
    if (count == 0)
        view_page_line(messages->page, STYLE_PLAIN,
                       "  Nothing has been said yet. What row 23 says is kept here.");
    messages->made_of = count;
    messages->made_width = messages->screen.width;
}

static void messages_layout(struct screen *screen)
{
    struct messages *messages = (struct messages *)screen;
    if (messages->page == NULL || messages->made_width != screen->width ||
        messages->made_of != console_message_count(screen->console))
        page_make(messages);
    draw_scroll_fit(&messages->scroll, (int64_t)messages->page->count, screen->height);
}

static void messages_move(struct screen *screen, enum draw_move move)
{
    (void)draw_scroll_move(&((struct messages *)screen)->scroll, move);
}

static const char *messages_refuse(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_COPY || action == VIEW_ACTION_EXPORT ? NULL : "";
}

static void messages_act(struct screen *screen, enum view_action action)
{
    struct messages *messages = (struct messages *)screen;
    char *text = view_page_text(messages->page);
    if (action == VIEW_ACTION_COPY)
        console_copy(screen->console, text);
    else
        console_export(screen->console, "aampe-messages.txt", text);
    free(text);
}

static void messages_draw(const struct screen *screen, struct draw_box body)
{
    const struct messages *messages = (const struct messages *)screen;
    console_page_draw(messages->page, body, (int)messages->scroll.top, (int)messages->scroll.at);
}

static void messages_status(const struct screen *screen, struct buf *out)
{
    size_t count = console_message_count(screen->console);
    (void)base_buf_printf(out, "%zu message%s, newest first, times are UTC", count,
                          count == 1 ? "" : "s");
}

static size_t messages_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action hints[] = {VIEW_ACTION_COPY, VIEW_ACTION_EXPORT,
                                             VIEW_ACTION_CLOSE};
    (void)screen;
    return screen_hints(hints, base_countof(hints), out, max);
}

const struct screen_ops screen_messages = {
    .name = "messages",
    .size = sizeof(struct messages),
    .help = "Everything the console has said since it was started, newest first.",
    .close = messages_close,
    .refuse = messages_refuse,
    .act = messages_act,
    .move = messages_move,
    .layout = messages_layout,
    .draw = messages_draw,
    .status = messages_status,
    .hints = messages_hints,
    .overlay = true,
};
