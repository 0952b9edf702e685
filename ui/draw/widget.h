/* Widgets: plain functions over a box and the caller's data. State (what is selected, how far it is
 * scrolled) is a small struct the caller owns; it is clamped in layout, never in draw. */
#ifndef AAMPE_UI_DRAW_WIDGET_H
#define AAMPE_UI_DRAW_WIDGET_H

#include "ui/draw/canvas.h"
#include "ui/term/key.h"

/* A rule over the whole width of row y with a title in it ("── SAFE ───"); title NULL or "": only
 * the line. */
void draw_rule(struct draw_box box, int y, const char *title);
/* Names of tabs (ended by NULL) in row y, the open one in brackets; right: text at the right edge,
 * may be NULL. */
void draw_tabs(struct draw_box box, int y, const char *const names[], int open, const char *right);

/* Motion over rows. */
enum draw_move {
    DRAW_MOVE_UP,
    DRAW_MOVE_DOWN,
    DRAW_MOVE_PAGE_UP,
    DRAW_MOVE_PAGE_DOWN,
    DRAW_MOVE_HALF_UP,
    DRAW_MOVE_HALF_DOWN,
    DRAW_MOVE_HOME,
    DRAW_MOVE_END,
    DRAW_MOVE_LEFT,
    DRAW_MOVE_RIGHT
};

/* A window of `height` rows on `count`; `at` is selected, `top` the first row shown. */
struct draw_scroll {
    int64_t count, at, top;
    int height;
};
/* Takes new measures and clamps: at within count, the selected row visible. Keeps `at` when rows
 * appear or go; the caller moves it when it knows where its row went. */
void draw_scroll_fit(struct draw_scroll *scroll, int64_t count, int height);
/* Up, down, pages, ends. False: it was already there, or left/right. */
bool draw_scroll_move(struct draw_scroll *scroll, enum draw_move move);

/* Columns of a list. Widths come from draw_columns_fit: what does not fit goes, lowest keep
 * first. */
struct draw_column {
    const char *title;
    int width;  /* at least */
    int grow;   /* share of what is left over; 0: fixed */
    int keep;   /* columns with the lowest number are dropped first; equal: from the right */
    bool right; /* aligned */
};
/* Fills widths[count]; 0: dropped. Two columns of space stand between columns, `indent` before the
 * first. */
void draw_columns_fit(const struct draw_column columns[], size_t count, int width, int indent,
                      int widths[]);
struct draw_field {
    enum draw_style style;
    const char *text; /* NULL: empty */
};
void draw_columns_head(struct draw_box box, int y, const struct draw_column columns[], size_t count,
                       int indent, const int widths[]);
void draw_columns_row(struct draw_box box, int y, const struct draw_column columns[], size_t count,
                      int indent, const int widths[], const struct draw_field fields[]);

/* [#####-----]; share 0..1, below 0: unknown (drawn as "?"). Never more columns than width. */
void draw_bar(struct draw_box box, int x, int y, int width, double share);
/* One column per value, newest right; max 0: the greatest of them. */
void draw_sparkline(struct draw_box box, int x, int y, int width, const double values[],
                    size_t count, double max);

/* One line of text being edited: insertion point, scrolled so that it is visible, hidden for
 * secrets (shows the length only). */
struct draw_edit;
struct draw_edit *draw_edit_new(const char *text, size_t max, bool hidden);
void draw_edit_free(struct draw_edit **edit); /* wipes the text */
/* True: the key was an edit (characters, Backspace, Delete, arrows, Home, End, Ctrl-U, a paste
 * without its line ends, curly quotes straightened). */
bool draw_edit_key(struct draw_edit *edit, const struct term_key *key);
const char *draw_edit_text(const struct draw_edit *edit);
void draw_edit_draw(const struct draw_edit *edit, struct draw_box box, int x, int y, int width);

#endif
