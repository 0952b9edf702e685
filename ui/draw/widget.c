#include "ui/draw/widget.h"

#include <limits.h>

void draw_rule(struct draw_box box, int y, const char *title)
{
    draw_glyph(box, 0, y, DRAW_FAINT, DRAW_RULE, box.width);
    if (title == NULL || title[0] == '\0' || box.width < 8)
        return;
    int width = draw_width(title), room = box.width - 6;
    if (width > room)
        width = room;
    draw_text(box, 2, y, DRAW_PLAIN, " ");
    draw_field(box, 3, y, width, DRAW_HEAD, DRAW_LEFT, title);
    draw_text(box, 3 + width, y, DRAW_PLAIN, " ");
}

/* Columns of tab i: brackets where it is open, two spaces behind it. */
static int tab_width(const char *name, bool open)
{
    return draw_width(name) + (open ? 2 : 0) + 2;
}

void draw_tabs(struct draw_box box, int y, const char *const names[], int open, const char *right)
{
    int first = 0, before = 0, all = 0, x = 0;
    for (int i = 0; names[i]; i++) {
        int width = tab_width(names[i], i == open);
        all += width;
        before += i <= open ? width : 0;
    }
    while (first < open && before - 2 > box.width) /* the open one is always there */
        before -= tab_width(names[first++], false);
    for (int i = first; names[i] && x < box.width; i++) {
        bool is_open = i == open;
        if (x > 0 && x + tab_width(names[i], is_open) - 2 > box.width)
            break;
        x += draw_printf(box, x, y, is_open ? DRAW_HEAD : DRAW_PLAIN, is_open ? "[%s]" : "%s",
                         names[i]);
        x += 2;
    }
    int room = box.width - all;
    if (right && right[0] && room > 8) {
        int width = draw_width(right);
        width = width > room ? room : width;
        draw_field(box, box.width - width, y, width, DRAW_PLAIN, DRAW_LEFT, right);
    }
}

void draw_scroll_fit(struct draw_scroll *scroll, int64_t count, int height)
{
    scroll->count = count < 0 ? 0 : count;
    scroll->height = height < 0 ? 0 : height;
    if (scroll->at >= scroll->count)
        scroll->at = scroll->count - 1;
    if (scroll->at < 0)
        scroll->at = 0;
    int64_t window = scroll->height > 0 ? scroll->height : 1;
    int64_t last = scroll->count > window ? scroll->count - window : 0;
    if (scroll->top > scroll->at)
        scroll->top = scroll->at;
    if (scroll->top < scroll->at - window + 1)
        scroll->top = scroll->at - window + 1;
    if (scroll->top > last)
        scroll->top = last;
    if (scroll->top < 0)
        scroll->top = 0;
}

bool draw_scroll_move(struct draw_scroll *scroll, enum draw_move move)
{
    int64_t page = scroll->height > 1 ? scroll->height - 1 : 1;
    int64_t half = scroll->height > 3 ? scroll->height / 2 : 1;
    int64_t at = scroll->at, top = scroll->top;
    switch (move) {
    case DRAW_MOVE_UP:
        at--;
        break;
    case DRAW_MOVE_DOWN:
        at++;
        break;
    case DRAW_MOVE_PAGE_UP:
        at -= page;
        top -= page;
        break;
    case DRAW_MOVE_PAGE_DOWN:
        at += page;
        top += page;
        break;
    case DRAW_MOVE_HALF_UP:
        at -= half;
        top -= half;
        break;
    case DRAW_MOVE_HALF_DOWN:
        at += half;
        top += half;
        break;
    case DRAW_MOVE_HOME:
        at = 0;
        break;
    case DRAW_MOVE_END:
        at = INT64_MAX;
        break;
    case DRAW_MOVE_LEFT:
    case DRAW_MOVE_RIGHT:
        return false;
    }
    int64_t old = scroll->at;
    scroll->at = at;
    scroll->top = top;
    draw_scroll_fit(scroll, scroll->count, scroll->height);
    return scroll->at != old;
}

enum { GAP = 2 };

/* The column to drop: lowest keep, of equal ones the rightmost. */
static size_t column_weakest(const struct draw_column columns[], size_t count, const int widths[])
{
    size_t weakest = count;
    for (size_t i = 0; i < count; i++)
        if (widths[i] > 0 && (weakest == count || columns[i].keep <= columns[weakest].keep))
            weakest = i;
    return weakest;
}

static int columns_measure(size_t count, int indent, const int widths[], size_t *shown)
{
    int width = indent;
    *shown = 0;
    for (size_t i = 0; i < count; i++) {
        if (widths[i] > 0) {
            width += widths[i] + (*shown > 0 ? GAP : 0);
            ++*shown;
        }
    }
    return width;
}

void draw_columns_fit(const struct draw_column columns[], size_t count, int width, int indent,
                      int widths[])
{
    size_t shown;
    for (size_t i = 0; i < count; i++)
        widths[i] = columns[i].width > 0 ? columns[i].width : 1;
    int need = columns_measure(count, indent, widths, &shown);
    while (need > width && shown > 1) {
        widths[column_weakest(columns, count, widths)] = 0;
        need = columns_measure(count, indent, widths, &shown);
    }
    if (need > width && shown == 1) {
        size_t last = column_weakest(columns, count, widths);
        widths[last] = width - indent > 0 ? width - indent : 0;
        return;
    }
    int left = width - need, shares = 0;
    for (size_t i = 0; i < count; i++)
        shares += widths[i] > 0 ? columns[i].grow : 0;
    for (size_t i = 0; i < count && shares > 0; i++) {
        if (widths[i] == 0 || columns[i].grow == 0)
            continue;
        int extra = left * columns[i].grow / shares;
        widths[i] += extra;
        left -= extra;
        shares -= columns[i].grow;
    }
}

void draw_columns_head(struct draw_box box, int y, const struct draw_column columns[], size_t count,
                       int indent, const int widths[])
{
    int x = indent;
    for (size_t i = 0; i < count; i++) {
        if (widths[i] == 0)
            continue;
        draw_field(box, x, y, widths[i], DRAW_HEAD, columns[i].right ? DRAW_RIGHT : DRAW_LEFT,
                   columns[i].title ? columns[i].title : "");
        x += widths[i] + GAP;
    }
}

void draw_columns_row(struct draw_box box, int y, const struct draw_column columns[], size_t count,
                      int indent, const int widths[], const struct draw_field fields[])
{
    int x = indent;
    for (size_t i = 0; i < count; i++) {
        if (widths[i] == 0)
            continue;
        draw_field(box, x, y, widths[i], fields[i].style, columns[i].right ? DRAW_RIGHT : DRAW_LEFT,
                   fields[i].text ? fields[i].text : "");
        x += widths[i] + GAP;
    }
}

void draw_bar(struct draw_box box, int x, int y, int width, double share)
{
    int room = width - 2;
    if (width > box.width - x)
        room = box.width - x - 2;
    if (room < 1)
        return;
    draw_text(box, x, y, DRAW_PLAIN, "[");
    draw_text(box, x + 1 + room, y, DRAW_PLAIN, "]");
    if (!(share >= 0)) { /* not a number is unknown too */
        draw_text(box, x + 1 + (room - 1) / 2, y, DRAW_PLAIN, "?");
        return;
    }
    int full = share >= 1 ? room : (int)(share * room); /* full only when it is */
    draw_glyph(box, x + 1, y, DRAW_PLAIN, DRAW_BAR_FULL, full);
    draw_glyph(box, x + 1 + full, y, DRAW_FAINT, DRAW_BAR_EMPTY, room - full);
}

void draw_sparkline(struct draw_box box, int x, int y, int width, const double values[],
                    size_t count, double max)
{
    if (width <= 0)
        return;
    size_t first = count > (size_t)width ? count - (size_t)width : 0;
    bool given = max > 0;
    for (size_t i = first; i < count && !given; i++)
        max = values[i] > max ? values[i] : max;
    int at = x + width - (int)(count - first);
    for (size_t i = first; i < count; i++, at++) {
        double part = max > 0 ? values[i] / max * 7 : 0;
        int step = part >= 7 ? 7 : part > 0 ? (int)(part + 0.5) : 0;
        if (values[i] > 0 && step == 0)
            step = 1; /* something is not nothing */
        draw_glyph(box, at, y, DRAW_PLAIN, (enum draw_glyph)(DRAW_SPARK_0 + step), 1);
    }
}
