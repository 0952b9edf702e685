/* A page: lines of styled text that say something, made once and shown by a screen (ui/screen),
 * a command and linear mode alike. Text is kept as it came; whoever shows it cleans it (draw_text,
 * view_put). */
#ifndef AAMPE_UI_VIEW_PAGE_H
#define AAMPE_UI_VIEW_PAGE_H

#include "ui/view/out.h"

#include <stddef.h>

struct view_span {
    enum view_style style;
    char *text;
};
enum view_line_kind { VIEW_LINE_TEXT, VIEW_LINE_RULE /* a title on a rule */ };
struct view_page_line {
    enum view_line_kind kind;
    struct view_span *spans;
    size_t span_count;
    int target; /* > 0: can be selected, and means this to whoever made the page */
};
struct view_page {
    int width; /* columns to wrap at */
    struct view_page_line *lines;
    size_t count;
};

struct view_page *view_page_new(int width);
void view_page_free(struct view_page **page);

/* A rule with a title. */
__attribute__((format(printf, 2, 3))) void view_page_rule(struct view_page *page, const char *fmt,
                                                          ...);
/* A new line with one span; view_page_add appends further spans to the last line. */
__attribute__((format(printf, 3, 4))) void
view_page_line(struct view_page *page, enum view_style style, const char *fmt, ...);
__attribute__((format(printf, 3, 4))) void
view_page_add(struct view_page *page, enum view_style style, const char *fmt, ...);
/* Appends text in exactly `width` columns (cleaned; cut with ~, padded with spaces), negative: at
 * the right of them. For tables inside a page. */
void view_page_cell(struct view_page *page, enum view_style style, int width, const char *text);
/* The last line can be selected. */
void view_page_target(struct view_page *page, int target);
void view_page_blank(struct view_page *page);
void view_page_cut(struct view_page *page); /* takes the last line away */
/* A paragraph wrapped at the page's width, each line behind `indent` spaces. */
__attribute__((format(printf, 4, 5))) void
view_page_wrap(struct view_page *page, int indent, enum view_style style, const char *fmt, ...);
/* "  label   value", the value wrapped behind a label column of label_width. */
__attribute__((format(printf, 5, 6))) void view_page_fact(struct view_page *page, int label_width,
                                                          const char *label, enum view_style style,
                                                          const char *fmt, ...);
/* The lines of another page, which is taken, behind those of this one. */
void view_page_append(struct view_page *page, struct view_page **take);
/* For commands and linear mode: rules become "-- TITLE --" (plain: the title alone). */
void view_page_print(const struct view_page *page, struct view_out *out);
/* All lines as plain text with line feeds, malloc'd: for copying and for tests. */
char *view_page_text(const struct view_page *page);

#endif
