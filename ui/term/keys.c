/* From curses codes to keys of ours, and pastes in one piece. */
#include "ui/term/private.h"

#include "base/alloc.h"

#include <poll.h>

static const struct {
    int code;
    enum term_key_kind kind;
} named[] = {
    {KEY_UP, TERM_KEY_UP},         {KEY_DOWN, TERM_KEY_DOWN},
    {KEY_LEFT, TERM_KEY_LEFT},     {KEY_RIGHT, TERM_KEY_RIGHT},
    {KEY_HOME, TERM_KEY_HOME},     {KEY_END, TERM_KEY_END},
    {KEY_PPAGE, TERM_KEY_PAGE_UP}, {KEY_NPAGE, TERM_KEY_PAGE_DOWN},
    {KEY_ENTER, TERM_KEY_ENTER},   {KEY_BTAB, TERM_KEY_BACKTAB},
    {KEY_DC, TERM_KEY_DELETE},     {KEY_BACKSPACE, TERM_KEY_BACKSPACE},
    {KEY_F(1), TERM_KEY_F1},       {KEY_F(10), TERM_KEY_F10},
    {KEY_RESIZE, TERM_KEY_RESIZE}, {KEY_A1, TERM_KEY_HOME},
    {KEY_C1, TERM_KEY_END},
};

static enum term_key_kind kind_of_character(wint_t character)
{
    switch (character) {
    case '\r':
    case '\n':
        return TERM_KEY_ENTER;
    case '\t':
        return TERM_KEY_TAB;
    case 0x1b:
        return TERM_KEY_ESCAPE;
    case 0x08:
    case 0x7f:
        return TERM_KEY_BACKSPACE;
    default:
        return TERM_KEY_CHAR;
    }
}

static void mouse_read(struct term_key *key)
{
    MEVENT event;
    key->kind = TERM_KEY_UNKNOWN;
    if (getmouse(&event) != OK)
        return;
    key->x = event.x;
    key->y = event.y;
    key->codepoint = event.bstate & BUTTON4_PRESSED   ? 4
                     : event.bstate & BUTTON5_PRESSED ? 5
                     : event.bstate & BUTTON1_PRESSED ? 1
                                                      : 0;
    if (key->codepoint)
        key->kind = TERM_KEY_MOUSE;
}

static void paste_append(struct term *term, wint_t character)
{
    char utf8[4];
    size_t len = 0;
    uint32_t c = (uint32_t)character;
    if (c < 0x80) {
        utf8[len++] = (char)c;
    } else if (c < 0x800) {
        utf8[len++] = (char)(0xc0 | c >> 6);
        utf8[len++] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        utf8[len++] = (char)(0xe0 | c >> 12);
        utf8[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[len++] = (char)(0x80 | (c & 0x3f));
    } else {
        utf8[len++] = (char)(0xf0 | (c >> 18 & 0x07));
        utf8[len++] = (char)(0x80 | (c >> 12 & 0x3f));
        utf8[len++] = (char)(0x80 | (c >> 6 & 0x3f));
        utf8[len++] = (char)(0x80 | (c & 0x3f));
    }
    (void)base_buf_append(&term->paste, utf8, len); /* what is beyond the cap is dropped */
}

static void paste_end(struct term *term, struct term_key *key)
{
    term->pasting = false;
    key->kind = TERM_KEY_PASTE;
    key->text = term->paste.len ? term->paste.data : "";
    key->len = term->paste.len;
}

/* 1: a key, 0: nothing (yet). */
static int code_read(struct term *term, wint_t code, struct term_key *key)
{
    if (code == TERM_CODE_PASTE) {
        base_buf_free(&term->paste);
        base_buf_init(&term->paste, TERM_PASTE_MAX);
        term->pasting = true;
        return 0;
    }
    if (code == TERM_CODE_PASTED) {
        paste_end(term, key);
        return 1;
    }
    if (code == KEY_MOUSE) {
        mouse_read(key);
        return 1;
    }
    key->kind = TERM_KEY_UNKNOWN;
    for (size_t i = 0; i < base_countof(named); i++)
        if (named[i].code == (int)code)
            key->kind = named[i].kind;
    /* What is pressed while a paste arrives belongs to the paste. */
    return !term->pasting || key->kind == TERM_KEY_RESIZE;
}

int term_read(struct term *term, struct term_key *key)
{
    for (;;) {
        wint_t code = 0;
        int got = get_wch(&code);
        *key = (struct term_key){.kind = TERM_KEY_NONE};
        if (got == ERR)
            break;
        if (got == KEY_CODE_YES) {
            if (code_read(term, code, key))
                return 1;
        } else if (term->pasting) {
            paste_append(term, code);
        } else {
            key->kind = kind_of_character(code);
            key->codepoint = (uint32_t)code;
            return 1;
        }
    }
    struct pollfd state = {.fd = term->in, .events = POLLIN};
    if (poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR | POLLNVAL)))
        return -1;
    return 0;
}

int term_fd(const struct term *term)
{
    return term->in;
}

int term_wait_ms(const struct term *term)
{
    (void)term;
    return -1; /* curses itself waits out a lone Escape, at most ESCDELAY */
}

void term_drop_input(struct term *term)
{
    flushinp();
    tcflush(term->in, TCIFLUSH);
    term->pasting = false;
}
