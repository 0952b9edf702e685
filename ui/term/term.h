/* The terminal. The only room that knows curses. One struct per terminal, opened in main; restores
 * the screen on every way out, fatal signals included. Nothing here waits. */
#ifndef AAMPE_UI_TERM_TERM_H
#define AAMPE_UI_TERM_TERM_H

#include "base/err.h"
#include "ui/term/cell.h"
#include "ui/term/key.h"

#include <stdbool.h>
#include <stddef.h>

struct term;

struct term_options {
    int in, out; /* descriptors of the terminal */
    const char
        *type;     /* NULL: $TERM; unknown: xterm-256color, xterm, vt100 in turn, see term_notice */
    int escape_ms; /* how long Escape waits for the rest of a sequence; 0: $ESCDELAY, else 50 */
    bool ascii;    /* never use UTF-8 or line drawing */
};

/* USAGE: no terminal, a dumb one, or none that terminfo knows. */
struct term *term_open(const struct term_options *options, struct err *err);
void term_close(struct term **term); /* restores the screen; safe to call twice */

void term_size(const struct term *term, int *width, int *height);
bool term_utf8(const struct term *term); /* the locale's character set is UTF-8 and not ascii */
bool term_acs(const struct term *term, enum term_acs which); /* can draw it without UTF-8 */
int term_colors(const struct term *term);                    /* 0: monochrome */
/* What the user should know about how the terminal was opened ("TERM=foo is unknown, using
 * xterm"); NULL: nothing. */
const char *term_notice(const struct term *term);

/* Draws one character (with combining marks) of `width` columns. Nothing is sent before
 * term_flush. */
void term_put(struct term *term, int x, int y, const char *text, size_t len, int width,
              enum term_acs acs, struct term_look look);
void term_cursor(struct term *term, int x, int y); /* x < 0: hidden */
void term_flush(struct term *term);                /* sends the differences */
void term_repaint(struct term *term);              /* the next flush sends everything */

/* 1: *key, 0: nothing to read now, -1: the terminal is gone. */
int term_read(struct term *term, struct term_key *key);
int term_fd(const struct term *term);
/* Milliseconds after which term_read should be called again although nothing is readable (a lone
 * Escape); -1: none. */
int term_wait_ms(const struct term *term);
/* Throws away what was typed and not yet read. */
void term_drop_input(struct term *term);

/* For the handler of a fatal signal: only write(2) and tcsetattr(3). */
void term_rescue(const struct term *term);
void term_suspend(struct term *term); /* gives the terminal back, stops us, takes it again */
void term_mouse(struct term *term, bool on);
/* Puts text into the clipboard of the user's machine (OSC 52; inside tmux through load-buffer -w).
 * A sentence says what was done; cut at TERM_COPY_MAX. */
const char *term_copy(struct term *term, const char *text, size_t len);
#define TERM_COPY_MAX ((size_t)74994)

#endif
