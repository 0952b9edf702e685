/* A canvas of cells, and boxes on it. Everything on the screen is drawn into a box: what does not
 * fit is cut, what is foreign has passed the one text filter. Draw functions take the box by value
 * and return nothing that outlives the call. */
#ifndef AAMPE_UI_DRAW_CANVAS_H
#define AAMPE_UI_DRAW_CANVAS_H

#include "ui/term/cell.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a cell means; a theme says how that looks. No state is told by style alone. */
enum draw_style {
    DRAW_PLAIN,
    DRAW_HEAD,  /* titles of columns, names of blocks */
    DRAW_FAINT, /* less important */
    DRAW_GOOD,
    DRAW_WARN,
    DRAW_BAD,
    DRAW_KEY,      /* a key in the hint line */
    DRAW_INPUT,    /* a field that is being edited */
    DRAW_SELECTED, /* the selected row */
    DRAW_MATCH,    /* what a search found */
    DRAW_STYLES
};

/* Characters of our own, each in three forms: UTF-8, the terminal's line drawing, ASCII. */
enum draw_glyph {
    DRAW_RULE,      /* horizontal line; ASCII - */
    DRAW_ELLIPSIS,  /* one column; ASCII ~ */
    DRAW_BAR_FULL,  /* ASCII # */
    DRAW_BAR_EMPTY, /* ASCII - */
    DRAW_SPARK_0,   /* eight heights; ASCII " .:-=+*#" */
    DRAW_SPARK_7 = DRAW_SPARK_0 + 7,
    DRAW_GLYPHS
};
enum draw_charset { DRAW_UTF8, DRAW_ACS, DRAW_ASCII };

struct draw_cell {
    char text[22]; /* UTF-8 of one character and its combining marks; len 0: a space */
    uint8_t len;
    uint8_t width; /* 1 or 2; 0: right half of the cell before it */
    uint8_t style; /* enum draw_style */
    bool selected; /* part of the selected row: reverse video besides its style */
    uint8_t acs;   /* enum term_acs */
};

struct draw_canvas {
    int width, height;
    enum draw_charset charset;
    struct draw_cell *cells; /* row by row */
    int cursor_x, cursor_y;  /* -1: hidden */
};

struct draw_canvas *draw_canvas_new(int width, int height, enum draw_charset charset);
void draw_canvas_free(struct draw_canvas **canvas);
void draw_canvas_clear(struct draw_canvas *canvas); /* spaces, no cursor */
struct draw_cell *draw_canvas_at(const struct draw_canvas *canvas, int x, int y);
/* For tests: each cell is as wide as its text, wide ones are whole, nothing in them can steer a
 * terminal, and outside DRAW_UTF8 all is ASCII. */
bool draw_canvas_sound(const struct draw_canvas *canvas);

/* A part of a canvas; coordinates inside it start at 0. */
struct draw_box {
    struct draw_canvas *canvas;
    int x, y, width, height;
};
struct draw_box draw_box_all(struct draw_canvas *canvas);
/* The intersection with the box; may be empty, which is fine to draw into. */
struct draw_box draw_box_sub(struct draw_box box, int x, int y, int width, int height);

/* Draws text (any bytes) at x, y, cut at the edge of the box; returns the columns used. Without
 * ellipsis it is just cut. */
int draw_text(struct draw_box box, int x, int y, enum draw_style style, const char *text);
__attribute__((format(printf, 5, 6))) int draw_printf(struct draw_box box, int x, int y,
                                                      enum draw_style style, const char *fmt, ...);
/* The same in exactly `width` columns: padded with spaces, too long text ends in an ellipsis. */
enum draw_align { DRAW_LEFT, DRAW_RIGHT, DRAW_CUT_MIDDLE };
void draw_field(struct draw_box box, int x, int y, int width, enum draw_style style,
                enum draw_align align, const char *text);
void draw_glyph(struct draw_box box, int x, int y, enum draw_style style, enum draw_glyph glyph,
                int count);
/* The columns the text takes once it is filtered. */
int draw_width(const char *text);
/* Marks row y of the box as the selected one: `>` in column 0 (where a space stands), reverse video
 * over what the row is about (to the first gap behind its first columns), the hardware cursor at
 * its start. */
void draw_select(struct draw_box box, int y);
void draw_cursor(struct draw_box box, int x, int y);

/* Themes. */
enum draw_theme { DRAW_THEME_DEFAULT, DRAW_THEME_MONO, DRAW_THEME_CONTRAST };
struct term_look draw_look(enum draw_theme theme, const struct draw_cell *cell);

/* The canvas as text, one line a row, trailing spaces cut; with attributes each row is followed by
 * a row of letters, one per column (see canvas_dump.c). malloc'd. Pure ASCII only in charset
 * DRAW_ASCII. */
char *draw_canvas_dump(const struct draw_canvas *canvas, bool attributes);

#endif
