/* The canvas: nothing leaves its box, nothing foreign reaches a cell, a field is exactly as wide as
 * it was asked to be. */
#include "ui/draw/canvas.h"
#include "ui/draw/widget.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const samples[] = {
    "",
    "a",
    "shop.sales.order_lines",
    "\x1b[2J\x1b]52;c;aGk=\x07",
    "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\xa8\xe3\x81\x8b\xe3\x81\xaa",     /* wide */
    "x\xe6\xbc\xa2y\xe5\xad\x97z",                                      /* wide, shifted */
    "e\xcc\x81\xcc\x82\xcc\x83 o\xcc\x88",                              /* combining */
    "\xcc\x81leading mark",                                             /* nothing to stand on */
    "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81" /* too many */
    "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81z",
    "\xe2\x9d\xa4\xef\xb8\x8f heart",                      /* variation selector */
    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb joined", /* zero-width joiner */
    "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa flag",
    "\xe2\x80\xae"
    "evil\xe2\x80\xac", /* writing direction */
    "\xc2\x9b"
    "31m c1",
    "\xff\xfe\x80 broken \xe6\xbc",
    "\xef\xbb\xbf"
    "byte order mark\xc2\xad",
    "tab\tline\nreturn\r",
    "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8 jamo",
    "\xe0\xb8\x81\xe0\xb8\xb3\xe0\xb8\xb1 thai",
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };
static const enum draw_charset charsets[] = {DRAW_UTF8, DRAW_ACS, DRAW_ASCII};

static void fill(struct draw_canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            draw_text(draw_box_all(canvas), x, y, DRAW_PLAIN, "#");
}

static bool untouched(const struct draw_canvas *canvas, int x, int y)
{
    const struct draw_cell *cell = draw_canvas_at(canvas, x, y);
    return cell->len == 1 && cell->text[0] == '#' && !cell->selected;
}

/* For every text, width, alignment and character set: the field covers exactly its columns. */
static void test_field_width(void **state)
{
    (void)state;
    for (size_t c = 0; c < 3; c++) {
        for (size_t i = 0; i < SAMPLES; i++) {
            for (int width = 0; width <= 24; width++) {
                for (int align = DRAW_LEFT; align <= DRAW_CUT_MIDDLE; align++) {
                    struct draw_canvas *canvas = draw_canvas_new(30, 1, charsets[c]);
                    fill(canvas);
                    draw_field(draw_box_all(canvas), 3, 0, width, DRAW_WARN, (enum draw_align)align,
                               samples[i]);
                    assert_true(draw_canvas_sound(canvas));
                    for (int x = 0; x < 30; x++) {
                        bool inside = x >= 3 && x < 3 + width;
                        const struct draw_cell *cell = draw_canvas_at(canvas, x, 0);
                        assert_int_equal(inside, cell->style == DRAW_WARN);
                        assert_true(inside || untouched(canvas, x, 0));
                    }
                    draw_canvas_free(&canvas);
                }
            }
        }
    }
}

/* Everything drawn into a box, wherever it begins, leaves the rest alone. */
static void test_box(void **state)
{
    (void)state;
    static const double values[] = {0, 1, 2, 50, 3};
    static const char *const tabs[] = {"Access", "Columns", "Rows", NULL};
    for (size_t c = 0; c < 3; c++) {
        for (int width = 0; width <= 12; width++) {
            for (int x = -3; x <= width; x++) {
                struct draw_canvas *canvas = draw_canvas_new(20, 5, charsets[c]);
                fill(canvas);
                struct draw_box box = draw_box_sub(draw_box_all(canvas), 4, 1, width, 3);
                for (size_t i = 0; i < SAMPLES; i++) {
                    draw_text(box, x, (int)(i % 5) - 1, DRAW_BAD, samples[i]);
                    draw_field(box, x, 1, width + 5, DRAW_BAD, (enum draw_align)(i % 3),
                               samples[i]);
                }
                draw_rule(box, x, "TITLE");
                draw_tabs(box, 2, tabs, x, "right");
                draw_bar(box, x, 1, 9, 0.5);
                draw_sparkline(box, x, 0, 9, values, 5, 0);
                draw_select(box, x);
                assert_true(draw_canvas_sound(canvas));
                for (int row = 0; row < 5; row++)
                    for (int at = 0; at < 20; at++)
                        assert_true((row >= 1 && row < 4 && at >= 4 && at < 4 + width) ||
                                    untouched(canvas, at, row));
                draw_canvas_free(&canvas);
            }
        }
    }
}

/* Any order of overwriting leaves whole characters. */
static void test_overwrite(void **state)
{
    (void)state;
    unsigned seed = 1;
    struct draw_canvas *canvas = draw_canvas_new(11, 2, DRAW_UTF8);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245u + 12345u;
        draw_text(draw_box_all(canvas), (int)(seed >> 16) % 14 - 2, (int)(seed >> 24) % 2,
                  DRAW_PLAIN, samples[(seed >> 8) % SAMPLES]);
        assert_true(draw_canvas_sound(canvas));
    }
    draw_canvas_free(&canvas);
}

static char *line(struct draw_canvas *canvas)
{
    char *text = draw_canvas_dump(canvas, false);
    text[strcspn(text, "\n")] = '\0';
    draw_canvas_clear(canvas);
    return text;
}

static void check_line(struct draw_canvas *canvas, const char *expected)
{
    char *text = line(canvas);
    assert_string_equal(text, expected);
    free(text);
}

static void test_look(void **state)
{
    (void)state;
    struct draw_canvas *canvas = draw_canvas_new(20, 1, DRAW_ASCII);
    struct draw_box box = draw_box_all(canvas);
    draw_field(box, 0, 0, 8, DRAW_PLAIN, DRAW_LEFT, "shop.sales.orders");
    check_line(canvas, "shop.sa~");
    draw_field(box, 0, 0, 9, DRAW_PLAIN, DRAW_CUT_MIDDLE, "shop.sales.orders");
    check_line(canvas, "shop~ders");
    draw_field(box, 0, 0, 8, DRAW_PLAIN, DRAW_RIGHT, "1.20 M");
    check_line(canvas, "  1.20 M");
    draw_rule(box, 0, "SAFE");
    check_line(canvas, "-- SAFE ------------");
    draw_bar(box, 0, 0, 12, 0.5);
    check_line(canvas, "[#####-----]");
    draw_bar(box, 0, 0, 12, 0.999);
    check_line(canvas, "[#########-]");
    draw_bar(box, 0, 0, 7, -1);
    check_line(canvas, "[  ?  ]");
    draw_sparkline(box, 0, 0, 8, (const double[]){0, 1, 2, 3, 4, 5, 6, 7}, 8, 0);
    check_line(canvas, " .:-=+*#");
    draw_text(box, 0, 0, DRAW_PLAIN, "\xe6\xbc\xa2x\xe2\x82\xac");
    check_line(canvas, "??x?");
    assert_int_equal(draw_width("\xe6\xbc\xa2x\x1b"), 7);
    draw_text(box, 0, 0, DRAW_PLAIN, " row");
    draw_select(box, 0);
    assert_int_equal(canvas->cursor_x, 0);
    assert_int_equal(draw_look(DRAW_THEME_MONO, draw_canvas_at(canvas, 19, 0)).attributes,
                     TERM_REVERSE);
    check_line(canvas, ">row");
    draw_tabs(box, 0, (const char *const[]){"Access", "Columns", "Rows", "Sync", NULL}, 3, NULL);
    check_line(canvas, "Rows  [Sync]");
    draw_canvas_free(&canvas);
}

static void test_scroll(void **state)
{
    (void)state;
    struct draw_scroll scroll = {0};
    unsigned seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1103515245u + 12345u;
        draw_scroll_fit(&scroll, (int64_t)(seed >> 12) % 40, (int)(seed >> 20) % 12);
        (void)draw_scroll_move(&scroll, (enum draw_move)((seed >> 26) % 10));
        int64_t window = scroll.height ? scroll.height : 1;
        assert_true(scroll.at >= 0 && (scroll.at < scroll.count || scroll.count == 0));
        assert_true(scroll.top >= 0 && scroll.at >= scroll.top && scroll.at < scroll.top + window);
    }
    scroll = (struct draw_scroll){0};
    draw_scroll_fit(&scroll, 10, 4);
    assert_false(draw_scroll_move(&scroll, DRAW_MOVE_UP));
    assert_true(draw_scroll_move(&scroll, DRAW_MOVE_END));
    assert_int_equal(scroll.at, 9);
    assert_int_equal(scroll.top, 6);
    assert_false(draw_scroll_move(&scroll, DRAW_MOVE_DOWN));
}

static void test_columns(void **state)
{
    (void)state;
    static const struct draw_column columns[] = {
        {"TABLE", 10, 1, 9, false}, {"ROWS", 8, 0, 5, true}, {"SIZE", 8, 0, 3, true}};
    for (int width = 0; width < 60; width++) {
        int widths[3], used = 2, shown = 0;
        draw_columns_fit(columns, 3, width, 2, widths);
        for (int i = 0; i < 3; i++) {
            used += widths[i] + (widths[i] && shown ? 2 : 0);
            shown += widths[i] > 0;
        }
        assert_true(used <= width || (width < 2 && shown == 0));
        assert_true(widths[0] > 0 || width <= 2);
        assert_true(widths[2] == 0 || widths[1] > 0); /* the least important goes first */
        assert_true(width < 30 || used == width);
    }
}

static void press(struct draw_edit *edit, enum term_key_kind kind, uint32_t point)
{
    assert_true(draw_edit_key(edit, &(struct term_key){.kind = kind, .codepoint = point}));
}

static void test_edit(void **state)
{
    (void)state;
    struct draw_edit *edit = draw_edit_new("ab\x1b", 12, false);
    assert_string_equal(draw_edit_text(edit), "ab");
    press(edit, TERM_KEY_CHAR, 0x6f22);
    press(edit, TERM_KEY_LEFT, 0);
    press(edit, TERM_KEY_CHAR, '?');
    assert_string_equal(draw_edit_text(edit), "ab?\xe6\xbc\xa2");
    press(edit, TERM_KEY_BACKSPACE, 0);
    press(edit, TERM_KEY_HOME, 0);
    press(edit, TERM_KEY_DELETE, 0);
    assert_string_equal(draw_edit_text(edit), "b\xe6\xbc\xa2");
    assert_false(draw_edit_key(edit, &(struct term_key){.kind = TERM_KEY_CHAR, .codepoint = 3}));
    assert_false(draw_edit_key(edit, &(struct term_key){.kind = TERM_KEY_ENTER}));
    press(edit, TERM_KEY_CHAR, 0x15);
    static const char pasted[] = " \n\xe2\x80\x9chi\xe2\x80\x9d\n\xe2\x80\x8bthere is more\r\n";
    struct term_key key = {.kind = TERM_KEY_PASTE, .text = pasted, .len = sizeof pasted - 1};
    assert_true(draw_edit_key(edit, &key));
    assert_string_equal(draw_edit_text(edit), "\"hi\"there is");
    for (int width = 0; width < 20; width++) {
        struct draw_canvas *canvas = draw_canvas_new(10, 1, DRAW_UTF8);
        draw_edit_draw(edit, draw_box_all(canvas), 2, 0, width);
        assert_true(draw_canvas_sound(canvas));
        assert_true(width == 0 || canvas->cursor_x < 10);
        draw_canvas_free(&canvas);
    }
    draw_edit_free(&edit);
    edit = draw_edit_new("secret", 64, true);
    struct draw_canvas *canvas = draw_canvas_new(30, 1, DRAW_ASCII);
    draw_edit_draw(edit, draw_box_all(canvas), 0, 0, 30);
    check_line(canvas, "(6 characters)");
    draw_canvas_free(&canvas);
    draw_edit_free(&edit);
}

static void test_dump(void **state)
{
    (void)state;
    struct draw_canvas *canvas = draw_canvas_new(8, 2, DRAW_UTF8);
    struct draw_box box = draw_box_all(canvas);
    draw_text(box, 1, 0, DRAW_BAD, "F\xe6\xbc\xa2");
    draw_text(box, 1, 1, DRAW_GOOD, "ok");
    draw_select(box, 1);
    char *text = draw_canvas_dump(canvas, true);
    assert_string_equal(text, " F\xe6\xbc\xa2\n.bbb\n>ok\nSGGSSSSS\ncursor 0,1\n");
    free(text);
    draw_canvas_free(&canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_width), cmocka_unit_test(test_box),
        cmocka_unit_test(test_overwrite),   cmocka_unit_test(test_look),
        cmocka_unit_test(test_scroll),      cmocka_unit_test(test_columns),
        cmocka_unit_test(test_edit),        cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
