/* From keys to actions: names as in actions.def. */
#include "ui/screen/console_private.h"

#include <stdio.h>

static const char *const kinds[] = {
    [TERM_KEY_ESCAPE] = "Esc",
    [TERM_KEY_ENTER] = "Enter",
    [TERM_KEY_TAB] = "Tab",
    [TERM_KEY_BACKTAB] = "BackTab",
    [TERM_KEY_BACKSPACE] = "Backspace",
    [TERM_KEY_UP] = "Up",
    [TERM_KEY_DOWN] = "Down",
    [TERM_KEY_LEFT] = "Left",
    [TERM_KEY_RIGHT] = "Right",
    [TERM_KEY_HOME] = "Home",
    [TERM_KEY_END] = "End",
    [TERM_KEY_PAGE_UP] = "PgUp",
    [TERM_KEY_PAGE_DOWN] = "PgDn",
    [TERM_KEY_F1] = "F1",
    [TERM_KEY_F10] = "F10",
    [TERM_KEY_UNKNOWN] = NULL,
};

static const char *char_name(uint32_t point, char out[16])
{
    switch (point) {
    case ' ':
        return "Space";
    case '\r':
    case '\n':
        return "Enter";
    case '\t':
        return "Tab";
    case 0x1b:
        return "Esc";
    case 0x08:
    case 0x7f:
        return "Backspace";
    default:
        break;
    }
    if (point < ' ')
        snprintf(out, 16, "Ctrl-%c", (char)('@' + point));
    else if (point < 0x7f)
        snprintf(out, 16, "%c", (char)point);
    else
        return NULL; /* no action has such a key */
    return out;
}

enum view_action console_key_action(const struct term_key *key)
{
    char out[16];
    const char *name = key->kind == TERM_KEY_CHAR      ? char_name(key->codepoint, out)
                       : key->kind <= TERM_KEY_UNKNOWN ? kinds[key->kind]
                                                       : NULL;
    return name ? view_action_of_key(name) : VIEW_ACTION_NONE;
}

bool console_key_escape(const struct term_key *key)
{
    return key->kind == TERM_KEY_ESCAPE || (key->kind == TERM_KEY_CHAR && key->codepoint == 0x1b);
}

bool console_key_enter(const struct term_key *key)
{
    return key->kind == TERM_KEY_ENTER ||
           (key->kind == TERM_KEY_CHAR && (key->codepoint == '\r' || key->codepoint == '\n'));
}
