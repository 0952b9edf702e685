/* From curses codes to keys of ours, and pastes in one piece. */
#include "ui/term/private.h"

#include "base/alloc.h"
#include "base/text.h"

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

static enum term_key_kind kind_of_character(uint32_t character)
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

/* Sequences that some terminals send although they were told otherwise. */
void term_keys_define(void)
{
    static const struct {
        const char *sequence;
        int code;
    } more[] = {
        {"\033[A", KEY_UP},
        {"\033[B", KEY_DOWN},
        {"\033[C", KEY_RIGHT},
        {"\033[D", KEY_LEFT},
        {"\033[H", KEY_HOME},
        {"\033[F", KEY_END},
        {"\033[1~", KEY_HOME},
        {"\033[4~", KEY_END},
        {"\033[5~", KEY_PPAGE},
        {"\033[6~", KEY_NPAGE},
        {"\033[3~", KEY_DC},
        {"\033[Z", KEY_BTAB},
        {"\033OP", KEY_F(1)},
        {"\033[11~", KEY_F(1)},
        {"\033[21~", KEY_F(10)},
        {"\033[200~", TERM_CODE_PASTE},
        {"\033[201~", TERM_CODE_PASTED},
    };
    for (size_t i = 0; i < base_countof(more); i++)
        define_key(more[i].sequence, more[i].code);
}

/* Puts bytes together to a character, whatever the locale: curses itself stops at a byte that is
 * none. True: *character is one. */
static bool byte_take(struct term *term, unsigned char byte, uint32_t *character)
{
    if (term->partial_len == 0 && byte < 0x80) {
        *character = byte;
        return true;
    }
    if (term->partial_len > 0 && (byte & 0xc0) != 0x80)
        term->partial_len = 0; /* what was begun is no character */
    if (term->partial_len == 0 && byte < 0x80) {
        *character = byte;
        return true;
    }
    if (term->partial_len == 0 && (byte < 0xc2 || byte > 0xf4))
        return false;
    term->partial[term->partial_len++] = (char)byte;
    unsigned char lead = (unsigned char)term->partial[0];
    size_t whole = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (term->partial_len < whole)
        return false;
    term->partial_len = 0;
    return base_text_utf8_decode(term->partial, whole, character) == whole;
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

static void paste_end(struct term *term, struct term_key *key)
{
    term->pasting = false;
    key->kind = TERM_KEY_PASTE;
    key->text = term->paste.len ? term->paste.data : "";
    key->len = term->paste.len;
}

/* 1: a key, 0: nothing (yet). */
static int code_read(struct term *term, int code, struct term_key *key)
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
        if (named[i].code == code)
            key->kind = named[i].kind;
    /* What is pressed while a paste arrives belongs to the paste. */
    return !term->pasting || key->kind == TERM_KEY_RESIZE;
}

int term_read(struct term *term, struct term_key *key)
{
    int code;
    while ((code = getch()) != ERR) {
        uint32_t character;
        unsigned char byte = (unsigned char)code;
        *key = (struct term_key){.kind = TERM_KEY_NONE};
        if (code > 0xff) {
            if (code_read(term, code, key))
                return 1;
        } else if (term->pasting) {
            (void)base_buf_byte(&term->paste, byte); /* what is beyond the cap is dropped */
        } else if (byte_take(term, byte, &character)) {
            key->kind = kind_of_character(character);
            key->codepoint = character;
            return 1;
        }
    }
    *key = (struct term_key){.kind = TERM_KEY_NONE};
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
