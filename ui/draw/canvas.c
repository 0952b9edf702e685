#include "ui/draw/canvas.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A terminal larger than this is not one. */
#define SIDE_MAX 2000

struct draw_canvas *draw_canvas_new(int width, int height, enum draw_charset charset)
{
    struct draw_canvas *canvas = base_alloc_zero(1, sizeof *canvas);
    canvas->width = width < 1 ? 1 : width > SIDE_MAX ? SIDE_MAX : width;
    canvas->height = height < 1 ? 1 : height > SIDE_MAX ? SIDE_MAX : height;
    canvas->charset = charset;
    canvas->cells =
        base_alloc_zero((size_t)canvas->width * (size_t)canvas->height, sizeof *canvas->cells);
    draw_canvas_clear(canvas);
    return canvas;
}

void draw_canvas_free(struct draw_canvas **canvas)
{
    if (*canvas == NULL)
        return;
    free((*canvas)->cells);
    base_free(canvas);
}

static void cell_blank(struct draw_cell *cell, enum draw_style style)
{
    *cell = (struct draw_cell){.width = 1, .style = (uint8_t)style};
}

void draw_canvas_clear(struct draw_canvas *canvas)
{
    size_t count = (size_t)canvas->width * (size_t)canvas->height;
    for (size_t i = 0; i < count; i++)
        cell_blank(&canvas->cells[i], DRAW_PLAIN);
    canvas->cursor_x = canvas->cursor_y = -1;
}

struct draw_cell *draw_canvas_at(const struct draw_canvas *canvas, int x, int y)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        bug("cell %d,%d outside %dx%d", x, y, canvas->width, canvas->height);
    return &canvas->cells[(size_t)y * (size_t)canvas->width + (size_t)x];
}

bool draw_canvas_sound(const struct draw_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            const struct draw_cell *cell = draw_canvas_at(canvas, x, y);
            size_t width = cell->len ? base_text_width(cell->text, cell->len) : 1;
            bool half = x > 0 && draw_canvas_at(canvas, x - 1, y)->width == 2;
            if (half != (cell->width == 0) || (cell->width == 0 && cell->len > 0))
                return false;
            if (cell->width == 0)
                continue;
            if (cell->width > 2 || cell->width != width || cell->len > sizeof cell->text ||
                (cell->width == 2 && x + 1 >= canvas->width))
                return false;
            uint32_t point;
            for (size_t at = 0, size; at < cell->len; at += size) {
                size = base_text_utf8_decode(cell->text + at, cell->len - at, &point);
                if (size == 0 || base_text_hidden(point) ||
                    (canvas->charset != DRAW_UTF8 && point >= 0x80))
                    return false;
            }
        }
    }
    return true;
}

struct draw_box draw_box_all(struct draw_canvas *canvas)
{
    return (struct draw_box){canvas, 0, 0, canvas->width, canvas->height};
}

/* Cuts [at, at + size) to [0, limit). */
static void cut(int *at, int *size, int limit)
{
    int from = *at < 0 ? 0 : *at > limit ? limit : *at;
    int64_t end = (int64_t)*at + (*size < 0 ? 0 : *size);
    end = end > limit ? limit : end;
    *size = end > from ? (int)(end - from) : 0;
    *at = from;
}

struct draw_box draw_box_sub(struct draw_box box, int x, int y, int width, int height)
{
    cut(&x, &width, box.width);
    cut(&y, &height, box.height);
    return (struct draw_box){box.canvas, box.x + x, box.y + y, width, height};
}

/* One character ready for a cell. */
struct glyph {
    const char *text;
    size_t len;
    int width; /* 0: belongs to the cell before it */
};

/* Takes the cell away from a wide character it is half of. */
static void cell_claim(struct draw_canvas *canvas, int x, int y)
{
    struct draw_cell *cell = draw_canvas_at(canvas, x, y);
    if (cell->width == 0 && x > 0)
        cell_blank(cell - 1, cell[-1].style);
    if (cell->width == 2 && x + 1 < canvas->width)
        cell_blank(cell + 1, cell[1].style);
}

static void cell_put(struct draw_box box, int x, int y, enum draw_style style, struct glyph glyph)
{
    bool wide = glyph.width == 2;
    bool left = x >= 0 && x < box.width, right = wide && x + 1 >= 0 && x + 1 < box.width;
    if (y < 0 || y >= box.height || (!left && !right))
        return;
    if (wide && (!left || !right)) { /* half of it would stick out: never cut in half */
        x = left ? x : x + 1;
        wide = false;
        glyph = (struct glyph){" ", 1, 1};
    }
    for (int i = 0; i <= wide; i++) {
        cell_claim(box.canvas, box.x + x + i, box.y + y);
        cell_blank(draw_canvas_at(box.canvas, box.x + x + i, box.y + y), style);
    }
    struct draw_cell *cell = draw_canvas_at(box.canvas, box.x + x, box.y + y);
    if (glyph.len != 1 || glyph.text[0] != ' ') {
        memcpy(cell->text, glyph.text, glyph.len);
        cell->len = (uint8_t)glyph.len;
    }
    if (wide) {
        cell->width = 2;
        cell[1].width = 0;
    }
}

/* A combining mark joins the character before it; what does not fit into its cell is dropped. */
static void cell_join(struct draw_box box, int x, int y, struct glyph mark)
{
    if (x < 0 || x >= box.width || y < 0 || y >= box.height)
        return;
    struct draw_cell *cell = draw_canvas_at(box.canvas, box.x + x, box.y + y);
    if (cell->width == 0)
        cell--;
    if (cell->len == 0)
        cell->text[cell->len++] = ' ';
    if (cell->len + mark.len > sizeof cell->text)
        return;
    memcpy(cell->text + cell->len, mark.text, mark.len);
    cell->len = (uint8_t)(cell->len + mark.len);
}

/* Reads foreign text character by character, each through the filter. */
struct reader {
    const char *at, *end;
    struct buf piece; /* what the filter made of the last character, when it needed it */
    size_t used;      /* of piece */
    bool begun;       /* something a mark can join stands before */
};

static void reader_open(struct reader *reader, const char *text)
{
    *reader = (struct reader){.at = text, .end = text + strlen(text)};
    base_buf_init(&reader->piece, 256);
}

static void reader_close(struct reader *reader)
{
    base_buf_free(&reader->piece);
}

/* Variation selectors ask the terminal for another width than that of the character. */
static bool selector(uint32_t point)
{
    return (point >= 0xfe00 && point <= 0xfe0f) || (point >= 0xe0100 && point <= 0xe01ef);
}

static bool reader_foreign(struct reader *reader, struct glyph *glyph)
{
    uint32_t point = 0;
    size_t size = base_text_utf8_decode(reader->at, (size_t)(reader->end - reader->at), &point);
    const char *from = reader->at;
    reader->at += size ? size : 1;
    if (size && selector(point))
        return false;
    if (size && !base_text_hidden(point)) {
        *glyph = (struct glyph){from, size, (int)base_text_width(from, size)};
        if (glyph->width > 0 || reader->begun)
            return true;
        base_buf_clear(&reader->piece); /* a mark without a letter stands on a space */
        (void)base_buf_byte(&reader->piece, ' ');
        (void)base_buf_append(&reader->piece, from, size);
        reader->used = reader->piece.len;
        *glyph = (struct glyph){reader->piece.data, reader->piece.len, 1};
        return true;
    }
    base_buf_clear(&reader->piece);
    (void)base_text_clean(from, size ? size : 1, &reader->piece);
    reader->used = 0;
    return false;
}

static bool reader_next(struct reader *reader, struct glyph *glyph)
{
    for (;;) {
        bool found = true;
        if (reader->used < reader->piece.len) /* an escape is plain ASCII */
            *glyph = (struct glyph){reader->piece.data + reader->used++, 1, 1};
        else if (reader->at >= reader->end)
            return false;
        else if (*reader->at >= ' ' && *reader->at <= '~')
            *glyph = (struct glyph){reader->at++, 1, 1};
        else
            found = reader_foreign(reader, glyph);
        if (found) {
            reader->begun = true;
            return true;
        }
    }
}

/* Puts one character; returns its columns. */
static int glyph_put(struct draw_box box, int x, int y, enum draw_style style, struct glyph glyph)
{
    bool ascii = glyph.len == 1;
    if (!ascii && box.canvas->charset != DRAW_UTF8) {
        for (int i = 0; i < glyph.width; i++)
            cell_put(box, x + i, y, style, (struct glyph){"?", 1, 1});
    } else if (glyph.width == 0) {
        cell_join(box, x - 1, y, glyph);
    } else {
        cell_put(box, x, y, style, glyph);
    }
    return glyph.width;
}

/* Draws what fits into `limit` columns after the first `skip` ones; returns the columns used. */
static int text_put(struct draw_box box, int x, int y, enum draw_style style, const char *text,
                    int skip, int limit)
{
    struct reader reader;
    struct glyph glyph;
    int used = 0;
    bool shown = false;
    reader_open(&reader, text);
    while (reader_next(&reader, &glyph)) {
        if (skip > 0) {
            skip -= glyph.width;
            if (skip < 0) /* half of a wide character */
                used += glyph_put(box, x + used, y, style, (struct glyph){" ", 1, 1});
            shown = skip < 0;
            continue;
        }
        if (glyph.width == 0 && !shown)
            continue;
        if (used + glyph.width > limit)
            break;
        used += glyph_put(box, x + used, y, style, glyph);
        shown = true;
    }
    reader_close(&reader);
    return used;
}

/* Columns of the text, at most limit + 1. */
static int text_measure(const char *text, int limit)
{
    struct reader reader;
    struct glyph glyph;
    int width = 0;
    reader_open(&reader, text);
    while (width <= limit && reader_next(&reader, &glyph))
        width += glyph.width;
    reader_close(&reader);
    return width > limit ? limit + 1 : width;
}

int draw_width(const char *text)
{
    return text_measure(text, 1 << 24);
}

int draw_text(struct draw_box box, int x, int y, enum draw_style style, const char *text)
{
    return x >= box.width ? 0 : text_put(box, x, y, style, text, 0, box.width - x);
}

int draw_printf(struct draw_box box, int x, int y, enum draw_style style, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    int used = draw_text(box, x, y, style, text);
    free(text);
    return used;
}

static void blanks(struct draw_box box, int x, int y, enum draw_style style, int count)
{
    for (int i = 0; i < count; i++)
        cell_put(box, x + i, y, style, (struct glyph){" ", 1, 1});
}

void draw_field(struct draw_box box, int x, int y, int width, enum draw_style style,
                enum draw_align align, const char *text)
{
    if (width > box.width - x && align != DRAW_RIGHT)
        width = box.width - x; /* the ellipsis stands where it can be seen */
    if (width <= 0)
        return;
    int need = align == DRAW_CUT_MIDDLE ? draw_width(text) : text_measure(text, width);
    if (need <= width) {
        int left = align == DRAW_RIGHT ? width - need : 0;
        blanks(box, x, y, style, left);
        text_put(box, x + left, y, style, text, 0, width);
        blanks(box, x + left + need, y, style, width - left - need);
        return;
    }
    int head = align == DRAW_CUT_MIDDLE ? (width - 1) / 2 : width - 1;
    int used = text_put(box, x, y, style, text, 0, head);
    blanks(box, x + used, y, style, head - used);
    draw_glyph(box, x + head, y, style, DRAW_ELLIPSIS, 1);
    if (align == DRAW_CUT_MIDDLE) {
        int tail = width - 1 - head;
        used = text_put(box, x + head + 1, y, style, text, need - tail, tail);
        blanks(box, x + head + 1 + used, y, style, tail - used);
    }
}

/* How our own characters look where they can and where they cannot be shown. */
static const struct form {
    const char *utf8;
    enum term_acs acs; /* TERM_ACS_NONE: ASCII too */
    char ascii;
} forms[DRAW_GLYPHS] = {
    [DRAW_RULE] = {"\xe2\x94\x80", TERM_ACS_HLINE, '-'},
    [DRAW_ELLIPSIS] = {"\xe2\x80\xa6", TERM_ACS_NONE, '~'},
    [DRAW_BAR_FULL] = {"\xe2\x96\x88", TERM_ACS_BLOCK, '#'},
    [DRAW_BAR_EMPTY] = {"\xe2\x96\x91", TERM_ACS_NONE, '-'},
    [DRAW_SPARK_0] = {" ", TERM_ACS_NONE, ' '},
    [DRAW_SPARK_0 + 1] = {"\xe2\x96\x81", TERM_ACS_NONE, '.'},
    [DRAW_SPARK_0 + 2] = {"\xe2\x96\x82", TERM_ACS_NONE, ':'},
    [DRAW_SPARK_0 + 3] = {"\xe2\x96\x83", TERM_ACS_NONE, '-'},
    [DRAW_SPARK_0 + 4] = {"\xe2\x96\x84", TERM_ACS_NONE, '='},
    [DRAW_SPARK_0 + 5] = {"\xe2\x96\x85", TERM_ACS_NONE, '+'},
    [DRAW_SPARK_0 + 6] = {"\xe2\x96\x86", TERM_ACS_NONE, '*'},
    [DRAW_SPARK_0 + 7] = {"\xe2\x96\x88", TERM_ACS_NONE, '#'},
};

void draw_glyph(struct draw_box box, int x, int y, enum draw_style style, enum draw_glyph glyph,
                int count)
{
    const struct form *form = &forms[glyph];
    bool utf8 = box.canvas->charset == DRAW_UTF8;
    struct glyph put = {utf8 ? form->utf8 : &form->ascii, utf8 ? strlen(form->utf8) : 1, 1};
    if (x < 0) { /* a long line that begins outside */
        count += x;
        x = 0;
    }
    for (int i = 0; i < count && x + i < box.width; i++) {
        cell_put(box, x + i, y, style, put);
        if (box.canvas->charset == DRAW_ACS && y >= 0 && y < box.height)
            draw_canvas_at(box.canvas, box.x + x + i, box.y + y)->acs = (uint8_t)form->acs;
    }
}

#define SELECT_LEAST 12 /* columns */

/* Columns of the row up to the end of what it is about: at least so many, then to the next gap. */
static int select_width(const struct draw_cell *row, int width)
{
    int spaces = 0, seen = 0;
    for (int x = 1; x < width; x++) {
        bool space = row[x].width == 1 && (row[x].len == 0 || row[x].text[0] == ' ');
        spaces = space ? spaces + 1 : 0;
        seen += !space;
        if (spaces >= 2 && x >= SELECT_LEAST && seen > 4)
            return x - 1;
    }
    return width;
}

/* Not the whole row: of two rows that change with each step, what is not reversed is not sent. */
void draw_select(struct draw_box box, int y)
{
    if (y < 0 || y >= box.height || box.width <= 0)
        return;
    struct draw_cell *row = draw_canvas_at(box.canvas, box.x, box.y + y);
    if (row->len == 0 && row->width == 1) {
        row->text[0] = '>';
        row->len = 1;
    }
    int width = select_width(row, box.width);
    for (int x = 0; x < width; x++)
        row[x].selected = true;
    draw_cursor(box, 0, y);
}

void draw_cursor(struct draw_box box, int x, int y)
{
    if (x < 0 || y < 0 || x >= box.width || y >= box.height)
        return;
    box.canvas->cursor_x = box.x + x;
    box.canvas->cursor_y = box.y + y;
}
