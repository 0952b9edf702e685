/* What an error code means and what to do, without leaving the screen; all of them without a code.
 */
#include "ui/screen/console_private.h"
#include "ui/view/explain.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>

struct explain {
    struct screen screen;
    char *code; /* NULL: all */
    struct view_page *page;
    int made_width, top;
};

static void explain_open(struct screen *screen, const cJSON *args)
{
    ((struct explain *)screen)->code = base_strdup(base_json_str(args, "code"));
}

static void explain_close(struct screen *screen)
{
    struct explain *explain = (struct explain *)screen;
    view_page_free(&explain->page);
    free(explain->code);
}

static void explain_layout(struct screen *screen)
{
    struct explain *explain = (struct explain *)screen;
    if (explain->page == NULL || explain->made_width != screen->width) {
        view_page_free(&explain->page);
        explain->page = view_page_new(screen->width);
        explain->made_width = screen->width;
        enum err_code code = view_explain_code(explain->code);
        if (code != ERR_COUNT)
            view_explain(explain->page, code);
        else if (explain->code)
            view_page_wrap(explain->page, 2, STYLE_PLAIN,
                           "There is no error code %s. These are all:", explain->code);
        for (int each = ERR_OK + 1; each < ERR_COUNT && code == ERR_COUNT; each++)
            view_explain(explain->page, (enum err_code)each);
    }
    int most = (int)explain->page->count - screen->height;
    explain->top = explain->top > most ? most : explain->top;
    explain->top = explain->top < 0 ? 0 : explain->top;
}

static const char *explain_refuse(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_COPY ? NULL : "";
}

static void explain_act(struct screen *screen, enum view_action action)
{
    char *text = view_page_text(((struct explain *)screen)->page);
    (void)action;
    console_copy(screen->console, text);
    free(text);
}

static void explain_move(struct screen *screen, enum draw_move move)
{
    struct explain *explain = (struct explain *)screen;
    explain->top = console_page_top(explain->top, screen->height, move);
}

static void explain_draw(const struct screen *screen, struct draw_box body)
{
    const struct explain *explain = (const struct explain *)screen;
    console_page_draw(explain->page, body, explain->top, -1);
    draw_cursor(body, 0, 0);
}

static void explain_status(const struct screen *screen, struct buf *out)
{
    const struct explain *explain = (const struct explain *)screen;
    (void)base_buf_printf(out, "the same: aampe-console explain%s%s", explain->code ? " " : "",
                          explain->code ? explain->code : "");
}

static size_t explain_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    size_t count = 0;
    (void)screen;
    if (count < max)
        out[count++] = VIEW_ACTION_COPY;
    if (count < max)
        out[count++] = VIEW_ACTION_CLOSE;
    return count;
}

const struct screen_ops screen_explain = {
    .name = "explain",
    .size = sizeof(struct explain),
    .help = "What an error code means, and what to do about it.",
    .open = explain_open,
    .close = explain_close,
    .refuse = explain_refuse,
    .act = explain_act,
    .move = explain_move,
    .layout = explain_layout,
    .draw = explain_draw,
    .status = explain_status,
    .hints = explain_hints,
    .overlay = true,
};

void console_explain(struct console *console, const char *code)
{
    cJSON *args = base_json_object();
    base_json_add_str(args, "code", code);
    console_push(console, &screen_explain, args);
}
