#include "ui/draw/widget.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct draw_edit {
    size_t max, len, at; /* bytes; at: insertion point, on a character */
    bool hidden;
    char *text; /* max + 1 bytes from the start: a secret leaves no copies behind */
};

/* One character, if it may stand in a field and there is room. */
static void insert(struct draw_edit *edit, const char *text, size_t len)
{
    if (edit->len + len > edit->max)
        return;
    memmove(edit->text + edit->at + len, edit->text + edit->at, edit->len - edit->at);
    memcpy(edit->text + edit->at, text, len);
    edit->len += len;
    edit->at += len;
    edit->text[edit->len] = '\0';
}

static size_t encode(uint32_t point, char out[4])
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

static bool insert_point(struct draw_edit *edit, uint32_t point)
{
    char out[4];
    if (point < 0x20 || point > 0x10ffff || base_text_hidden(point) ||
        (point >= 0xd800 && point < 0xe000))
        return false;
    insert(edit, out, encode(point, out));
    return true;
}

struct draw_edit *draw_edit_new(const char *text, size_t max, bool hidden)
{
    struct draw_edit *edit = base_alloc_zero(1, sizeof *edit);
    edit->max = max;
    edit->hidden = hidden;
    edit->text = base_alloc_zero(max + 1, 1);
    size_t len = text ? strlen(text) : 0;
    uint32_t point;
    for (size_t at = 0, size; at < len; at += size ? size : 1) {
        size = base_text_utf8_decode(text + at, len - at, &point);
        if (size)
            (void)insert_point(edit, point);
    }
    return edit;
}

void draw_edit_free(struct draw_edit **edit)
{
    if (*edit == NULL)
        return;
    explicit_bzero((*edit)->text, (*edit)->max + 1);
    free((*edit)->text);
    base_free(edit);
}

const char *draw_edit_text(const struct draw_edit *edit)
{
    return edit->text;
}

/* Start of the character before `at`, end of the one at it; marks go with their letter. */
static size_t before(const struct draw_edit *edit, size_t at)
{
    while (at > 0) {
        do
            at--;
        while (at > 0 && ((unsigned char)edit->text[at] & 0xc0) == 0x80);
        uint32_t point;
        size_t size = base_text_utf8_decode(edit->text + at, edit->len - at, &point);
        if (base_text_width(edit->text + at, size) > 0)
            break;
    }
    return at;
}

static size_t after(const struct draw_edit *edit, size_t at)
{
    uint32_t point;
    bool first = true;
    while (at < edit->len) {
        size_t size = base_text_utf8_decode(edit->text + at, edit->len - at, &point);
        if (size == 0 || (!first && base_text_width(edit->text + at, size) > 0))
            break;
        at += size;
        first = false;
    }
    return at;
}

static void erase(struct draw_edit *edit, size_t from, size_t to)
{
    memmove(edit->text + from, edit->text + to, edit->len - to);
    edit->len -= to - from;
    explicit_bzero(edit->text + edit->len, to - from);
    edit->at = from;
}

/* What word processors and chats make of what was typed. */
static uint32_t straight(uint32_t point)
{
    switch (point) {
    case 0x2018:
    case 0x2019:
    case 0x201a:
    case 0x201b:
        return '\'';
    case 0x201c:
    case 0x201d:
    case 0x201e:
    case 0x201f:
        return '"';
    case 0x00a0:
        return ' ';
    default:
        return point;
    }
}

static void paste(struct draw_edit *edit, const char *text, size_t len)
{
    while (len > 0 && strchr(" \t\r\n", text[0]) && text[0])
        text++, len--;
    while (len > 0 && strchr(" \t\r\n", text[len - 1]) && text[len - 1])
        len--;
    uint32_t point;
    for (size_t at = 0, size; at < len; at += size ? size : 1) {
        size = base_text_utf8_decode(text + at, len - at, &point);
        if (size)
            (void)insert_point(edit, straight(point));
    }
}

bool draw_edit_key(struct draw_edit *edit, const struct term_key *key)
{
    switch (key->kind) {
    case TERM_KEY_CHAR:
        if (key->codepoint == 0x15) { /* Ctrl-U */
            erase(edit, 0, edit->len);
            return true;
        }
        return insert_point(edit, key->codepoint);
    case TERM_KEY_PASTE:
        paste(edit, key->text, key->len);
        return true;
    case TERM_KEY_BACKSPACE:
        erase(edit, before(edit, edit->at), edit->at);
        return true;
    case TERM_KEY_DELETE:
        erase(edit, edit->at, after(edit, edit->at));
        return true;
    case TERM_KEY_LEFT:
        edit->at = before(edit, edit->at);
        return true;
    case TERM_KEY_RIGHT:
        edit->at = after(edit, edit->at);
        return true;
    case TERM_KEY_HOME:
        edit->at = 0;
        return true;
    case TERM_KEY_END:
        edit->at = edit->len;
        return true;
    default:
        return false;
    }
}

/* Columns of the first `len` bytes. */
static int columns(const struct draw_edit *edit, size_t from, size_t to)
{
    return (int)base_text_width(edit->text + from, to - from);
}

static size_t characters(const struct draw_edit *edit)
{
    size_t count = 0;
    for (size_t at = 0; at < edit->len; at++)
        count += ((unsigned char)edit->text[at] & 0xc0) != 0x80;
    return count;
}

void draw_edit_draw(const struct draw_edit *edit, struct draw_box box, int x, int y, int width)
{
    if (width < 1)
        return;
    if (edit->hidden) { /* never more than how much there is */
        char shown[48] = "";
        if (edit->len)
            snprintf(shown, sizeof shown, "(%zu characters)", characters(edit));
        draw_field(box, x, y, width, DRAW_INPUT, DRAW_LEFT, shown);
        int end = (int)strlen(shown);
        draw_cursor(box, x + (end < width ? end : width - 1), y);
        return;
    }
    size_t from = 0;
    while (from < edit->at && columns(edit, from, edit->at) >= width)
        from = after(edit, from);
    struct draw_box field = draw_box_sub(box, x, y, width, 1);
    draw_field(field, 0, 0, field.width, DRAW_INPUT, DRAW_LEFT, "");
    (void)draw_text(field, 0, 0, DRAW_INPUT, edit->text + from);
    draw_cursor(box, x + columns(edit, from, edit->at), y);
}
