#include "ui/view/page.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct view_page *view_page_new(int width)
{
    struct view_page *page = base_alloc_zero(1, sizeof *page);
    page->width = width < 20 ? 20 : width;
    return page;
}

void view_page_cut(struct view_page *page)
{
    if (page->count == 0)
        return;
    struct view_page_line *line = &page->lines[--page->count];
    for (size_t k = 0; k < line->span_count; k++)
        free(line->spans[k].text);
    free(line->spans);
}

void view_page_free(struct view_page **page)
{
    if (*page == NULL)
        return;
    while ((*page)->count > 0)
        view_page_cut(*page);
    free((*page)->lines);
    base_free(page);
}

static struct view_page_line *line_new(struct view_page *page, enum view_line_kind kind)
{
    page->lines = base_realloc(page->lines, page->count + 1, sizeof *page->lines);
    struct view_page_line *line = &page->lines[page->count++];
    *line = (struct view_page_line){.kind = kind};
    return line;
}

static void span_take(struct view_page *page, enum view_style style, char *take_text)
{
    struct view_page_line *line = &page->lines[page->count - 1];
    line->spans = base_realloc(line->spans, line->span_count + 1, sizeof *line->spans);
    line->spans[line->span_count++] = (struct view_span){style, take_text};
}

#define TEXT(fmt, text)                                                                            \
    do {                                                                                           \
        va_list args;                                                                              \
        va_start(args, fmt);                                                                       \
        (text) = base_vprintf(fmt, args);                                                          \
        va_end(args);                                                                              \
    } while (0)

void view_page_rule(struct view_page *page, const char *fmt, ...)
{
    char *text;
    TEXT(fmt, text);
    line_new(page, VIEW_LINE_RULE);
    span_take(page, STYLE_HEAD, text);
}

void view_page_line(struct view_page *page, enum view_style style, const char *fmt, ...)
{
    char *text;
    TEXT(fmt, text);
    line_new(page, VIEW_LINE_TEXT);
    span_take(page, style, text);
}

void view_page_add(struct view_page *page, enum view_style style, const char *fmt, ...)
{
    char *text;
    TEXT(fmt, text);
    if (page->count == 0)
        line_new(page, VIEW_LINE_TEXT);
    span_take(page, style, text);
}

void view_page_cell(struct view_page *page, enum view_style style, int width, const char *text)
{
    bool right = width < 0;
    size_t room = (size_t)(right ? -width : width), len, used;
    char *clean = base_text_clean_dup(text ? text : "", 0);
    len = strlen(clean);
    used = base_text_width(clean, len);
    bool cut = used > room;
    for (size_t at = 0, step; cut && at <= len; at += step) {
        uint32_t point;
        step = base_text_utf8_decode(clean + at, len - at, &point);
        step = step ? step : 1;
        if (at + step <= len && base_text_width(clean, at + step) + 1 <= room)
            continue;
        len = at;
        used = base_text_width(clean, len) + 1;
    }
    int pad = room > used ? (int)(room - used) : 0;
    view_page_add(page, style, "%*s%.*s%s%*s", right ? pad : 0, "", (int)len, clean,
                  cut && room > 0 ? "~" : "", right ? 0 : pad, "");
    free(clean);
}

void view_page_target(struct view_page *page, int target)
{
    if (page->count > 0)
        page->lines[page->count - 1].target = target;
}

void view_page_blank(struct view_page *page)
{
    line_new(page, VIEW_LINE_TEXT);
}

void view_page_append(struct view_page *page, struct view_page **take)
{
    struct view_page *other = *take;
    if (other->count > 0) {
        page->lines = base_realloc(page->lines, page->count + other->count, sizeof *page->lines);
        memcpy(page->lines + page->count, other->lines, other->count * sizeof *page->lines);
        page->count += other->count;
        other->count = 0;
    }
    view_page_free(take);
}

static size_t shown_width(const char *text, size_t len)
{
    struct buf clean;
    base_buf_init(&clean, 0);
    size_t width = base_text_clean(text, len, &clean) == 0 && clean.len
                       ? base_text_width(clean.data, clean.len)
                       : 0;
    base_buf_free(&clean);
    return width;
}

/* Bytes of text that fit into `room` columns, cut between words where there is a space. */
static size_t fitting(const char *text, size_t room)
{
    size_t best = 0, at = 0;
    while (text[at]) {
        size_t word = at + strcspn(text + at, " ");
        if (shown_width(text, word) > room)
            break;
        best = word;
        at = word + strspn(text + word, " ");
    }
    while (best == 0 && text[at]) { /* one word longer than the line: cut it */
        uint32_t point;
        size_t step = base_text_utf8_decode(text + at, strlen(text + at), &point);
        step = step ? step : 1;
        if (at > 0 && shown_width(text, at + step) > room)
            break;
        at += step;
    }
    return best ? best : at;
}

/* Wraps text into lines; the first continues the last line of the page when `go_on`. */
static void wrap(struct view_page *page, int indent, enum view_style style, const char *text,
                 bool go_on)
{
    size_t room = page->width > indent + 10 ? (size_t)(page->width - indent) : 10;
    do {
        size_t len = fitting(text, room);
        if (!go_on) {
            line_new(page, VIEW_LINE_TEXT);
            span_take(page, STYLE_PLAIN, base_printf("%*s", indent, ""));
        }
        span_take(page, style, base_strndup(text, len));
        go_on = false;
        text += len;
        text += strspn(text, " ");
    } while (*text);
}

void view_page_wrap(struct view_page *page, int indent, enum view_style style, const char *fmt, ...)
{
    char *text;
    TEXT(fmt, text);
    wrap(page, indent, style, text, false);
    free(text);
}

void view_page_fact(struct view_page *page, int label_width, const char *label,
                    enum view_style style, const char *fmt, ...)
{
    char *text;
    TEXT(fmt, text);
    view_page_line(page, STYLE_PLAIN, "  %-*s ", label_width, label);
    wrap(page, label_width + 3, style, text, true);
    free(text);
}

void view_page_print(const struct view_page *page, struct view_out *out)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct view_page_line *line = &page->lines[i];
        bool dashes = line->kind == VIEW_LINE_RULE && !out->plain;
        if (dashes)
            view_put(out, STYLE_FAINT, "-- ");
        for (size_t k = 0; k < line->span_count; k++)
            view_put(out, line->spans[k].style, "%s", line->spans[k].text);
        if (dashes)
            view_put(out, STYLE_FAINT, " --");
        view_end(out);
    }
}

char *view_page_text(const struct view_page *page)
{
    struct buf text;
    base_buf_init(&text, 0);
    for (size_t i = 0; i < page->count; i++) {
        for (size_t k = 0; k < page->lines[i].span_count; k++)
            (void)base_buf_text(&text, page->lines[i].spans[k].text);
        (void)base_buf_byte(&text, '\n');
    }
    if (text.len == 0)
        (void)base_buf_text(&text, "");
    return base_buf_take(&text, NULL);
}
