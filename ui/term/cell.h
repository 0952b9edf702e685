/* One place of the terminal as the rooms above see it: no curses here. */
#ifndef AAMPE_UI_TERM_CELL_H
#define AAMPE_UI_TERM_CELL_H

#include <stdint.h>

/* How something looks: colour numbers of the terminal's own 16 (-1: the terminal's default). */
enum { TERM_BOLD = 1, TERM_UNDERLINE = 2, TERM_REVERSE = 4, TERM_DIM = 8 };
struct term_look {
    int8_t foreground, background;
    uint8_t attributes; /* TERM_BOLD, ... */
};

/* Characters the terminal can draw itself where the locale has no UTF-8 (VT100 line drawing). */
enum term_acs { TERM_ACS_NONE, TERM_ACS_HLINE, TERM_ACS_VLINE, TERM_ACS_BLOCK, TERM_ACS_BULLET };

#endif
