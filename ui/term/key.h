/* What came from the keyboard: no curses here. */
#ifndef AAMPE_UI_TERM_KEY_H
#define AAMPE_UI_TERM_KEY_H

#include <stddef.h>
#include <stdint.h>

enum term_key_kind {
    TERM_KEY_NONE,
    TERM_KEY_CHAR, /* codepoint; control characters too: Ctrl-L is 0x0c, Enter '\r', Tab '\t' */
    TERM_KEY_ESCAPE,
    TERM_KEY_ENTER,
    TERM_KEY_TAB,
    TERM_KEY_BACKTAB,
    TERM_KEY_BACKSPACE,
    TERM_KEY_DELETE,
    TERM_KEY_UP,
    TERM_KEY_DOWN,
    TERM_KEY_LEFT,
    TERM_KEY_RIGHT,
    TERM_KEY_HOME,
    TERM_KEY_END,
    TERM_KEY_PAGE_UP,
    TERM_KEY_PAGE_DOWN,
    TERM_KEY_F1,
    TERM_KEY_F10,
    TERM_KEY_PASTE,  /* text and len: what stood between the brackets of a paste */
    TERM_KEY_MOUSE,  /* x, y; codepoint 1: click, 4: wheel up, 5: wheel down */
    TERM_KEY_RESIZE, /* the size has changed */
    TERM_KEY_UNKNOWN /* a key without meaning here */
};

struct term_key {
    enum term_key_kind kind;
    uint32_t codepoint;
    int x, y;
    const char *text; /* of a paste; borrowed until the next key is read; at most TERM_PASTE_MAX */
    size_t len;
};

#define TERM_PASTE_MAX ((size_t)64 << 10)

#endif
