#include "base/text.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_MAX 12 /* "\u{10ffff}" and its end */

size_t base_text_utf8_decode(const char *text, size_t len, uint32_t *codepoint)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *bytes = (const uint8_t *)text;
    uint32_t value;
    size_t size;

    if (!len)
        return 0;
    size = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    if (size == 1) {
        *codepoint = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size > len)
        return 0;
    value = bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *codepoint = value;
    return size;
}

bool base_text_utf8_valid(const char *text, size_t len)
{
    uint32_t codepoint;
    size_t size;

    for (size_t at = 0; at < len; at += size)
        if (!(size = base_text_utf8_decode(text + at, len - at, &codepoint)))
            return false;
    return true;
}

/* Characters that steer a terminal, turn the writing direction, take part in a name without being
 * seen, or (the marks that stand under the digits after them, U+0600 and its like) have no width
 * two terminals agree on. */
bool base_text_hidden(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
        {0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
        {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0xfffe, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x1bca0, 0x1bca3},
        {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    if (c >= 0x20 && c < 0x7f)
        return false;
    for (size_t i = 0; i < base_countof(ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

/* Takes one character (or one bad byte) of the input; writes what it becomes. Returns the bytes
 * taken. */
static size_t clean_step(const char *text, size_t len, char out[ESCAPE_MAX], size_t *out_len)
{
    uint32_t c;
    size_t size = base_text_utf8_decode(text, len, &c);

    if (!size) {
        *out_len = (size_t)snprintf(out, ESCAPE_MAX, "\\x%02x", (unsigned)(uint8_t)text[0]);
        return 1;
    }
    if (!base_text_hidden(c)) {
        memcpy(out, text, size);
        *out_len = size;
    } else if (c == '\n' || c == '\t' || c == '\r') {
        out[0] = '\\';
        out[1] = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        *out_len = 2;
    } else {
        *out_len = (size_t)snprintf(out, ESCAPE_MAX, c < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)c);
    }
    return size;
}

int base_text_clean(const char *text, size_t len, struct buf *out)
{
    char piece[ESCAPE_MAX];
    size_t piece_len;

    for (size_t at = 0; at < len;) {
        at += clean_step(text + at, len - at, piece, &piece_len);
        if (base_buf_append(out, piece, piece_len))
            return -1;
    }
    return 0;
}

char *base_text_clean_dup(const char *text, size_t max_len)
{
    size_t len = text ? strlen(text) : 0, room = max_len ? max_len : SIZE_MAX;
    char piece[ESCAPE_MAX];
    struct buf out;
    size_t piece_len;

    base_buf_init(&out, SIZE_MAX / 4);
    for (size_t at = 0; at < len;) {
        at += clean_step(text + at, len - at, piece, &piece_len);
        if (piece_len > room - out.len || base_buf_append(&out, piece, piece_len))
            break;
    }
    return base_buf_take(&out, NULL);
}

void base_text_clean_into(char *out, size_t size, const char *text)
{
    size_t len = text ? strlen(text) : 0, used = 0, piece_len;
    char piece[ESCAPE_MAX];

    if (!size)
        return;
    for (size_t at = 0; at < len;) {
        at += clean_step(text + at, len - at, piece, &piece_len);
        if (used + piece_len >= size)
            break;
        memcpy(out + used, piece, piece_len);
        used += piece_len;
    }
    out[used] = '\0';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool base_text_equal_nocase(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

void base_text_lower(char *text)
{
    for (; *text; text++)
        *text = lower(*text);
}

/* Three digits that count and a unit; whole is the number below which no unit is used. */
static void scaled(int64_t value, int64_t step, int64_t whole, const char *const units[],
                   char out[24])
{
    double amount = (double)value;
    const char *unit = units[0];
    int places;

    if (value < whole && value > -whole) {
        snprintf(out, 24, "%lld%s%s", (long long)value, units[0][0] ? " " : "", units[0]);
        return;
    }
    for (size_t i = 1; units[i] && (amount >= 999.5 || amount <= -999.5); i++) {
        amount /= (double)step;
        unit = units[i];
    }
    places = amount >= 99.95 || amount <= -99.95 ? 0 : amount >= 9.995 || amount <= -9.995 ? 1 : 2;
    if (step == 1024 && places)
        places--;
    snprintf(out, 24, "%.*f %s", places, amount, unit);
}

void base_text_rows(int64_t rows, char out[24])
{
    static const char *const units[] = {"", "k", "M", "G", "T", NULL};

    scaled(rows, 1000, 10000, units, out);
}

void base_text_bytes(int64_t bytes, char out[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL};

    scaled(bytes, 1024, 1000, units, out);
}
