/* Private to the room: the terminal itself. */
#ifndef AAMPE_UI_TERM_PRIVATE_H
#define AAMPE_UI_TERM_PRIVATE_H

#include "base/buf.h"
#include "ui/term/term.h"

/* Functions, not macros: curses has short names. */
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <termios.h>

#define TERM_PAIRS 64
#define TERM_CODE_PASTE 0x1001 /* above what curses gives out (KEY_MAX 0777) */
#define TERM_CODE_PASTED 0x1002
#define TERM_RESCUE_MAX 256

struct term {
    int in, out;
    FILE *in_file, *out_file;
    SCREEN *screen;
    char *type, *notice;
    bool utf8, ascii, acs, mouse, cursor_shown;
    int colors, cursor_x, cursor_y;
    struct {
        int8_t foreground, background;
    } pairs[TERM_PAIRS];
    int pair_count;
    struct termios before; /* as the terminal was given to us */
    struct buf paste;
    bool pasting;
    char partial[4]; /* of a character whose bytes are still coming */
    size_t partial_len;
    char rescue[TERM_RESCUE_MAX]; /* sequences that give the screen back */
    size_t rescue_len;
    int copy_fd; /* what tmux is to read; 0: none */
    pid_t copy_pid;
};

void term_send(struct term *term, const char *data, size_t len);
void term_keys_define(void);
void term_copy_end(struct term *term);
void term_rescue_prepare(struct term *term);
/* Gives the terminal back for a while, and takes it again with whatever size it has then. */
void term_leave(struct term *term);
void term_enter(struct term *term);

#endif
