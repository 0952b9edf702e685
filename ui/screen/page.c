/* Pages of ui/view on a canvas. */
#include "ui/screen/console_private.h"
#include "ui/view/page.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum draw_style console_page_style(enum view_style style)
{
    static const enum draw_style styles[] = {
        [STYLE_PLAIN] = DRAW_PLAIN, [STYLE_HEAD] = DRAW_HEAD, [STYLE_GOOD] = DRAW_GOOD,
        [STYLE_WARN] = DRAW_WARN,   [STYLE_BAD] = DRAW_BAD,   [STYLE_FAINT] = DRAW_FAINT,
    };
    return styles[style];
}

static void rule(const struct view_page_line *line, struct draw_box box, int y)
{
    char *title = base_strdup("");
    for (size_t i = 0; i < line->span_count; i++) {
        char *longer = base_printf("%s%s", title, line->spans[i].text);
        free(title);
        title = longer;
    }
    draw_rule(box, y, title);
    free(title);
}

void console_page_draw(const struct view_page *page, struct draw_box box, int top, int selected)
{
    for (int y = 0; y < box.height; y++) {
        size_t index = (size_t)top + (size_t)y;
        if (top < 0 || index >= page->count)
            break;
        const struct view_page_line *line = &page->lines[index];
        if (line->kind == VIEW_LINE_RULE) {
            rule(line, box, y);
        } else {
            int x = 0;
            for (size_t i = 0; i < line->span_count && x < box.width; i++)
                x += draw_text(box, x, y, console_page_style(line->spans[i].style),
                               line->spans[i].text);
        }
        if ((int)index == selected)
            draw_select(box, y);
    }
}

int console_page_top(int top, int height, enum draw_move move)
{
    int page = height > 1 ? height - 1 : 1, half = height > 3 ? height / 2 : 1;
    switch (move) {
    case DRAW_MOVE_UP:
        return top - 1;
    case DRAW_MOVE_DOWN:
        return top + 1;
    case DRAW_MOVE_PAGE_UP:
        return top - page;
    case DRAW_MOVE_PAGE_DOWN:
        return top + page;
    case DRAW_MOVE_HALF_UP:
        return top - half;
    case DRAW_MOVE_HALF_DOWN:
        return top + half;
    case DRAW_MOVE_HOME:
        return 0;
    case DRAW_MOVE_END:
        return 1 << 24;
    default:
        return top;
    }
}
