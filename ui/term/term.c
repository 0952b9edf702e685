#include "ui/term/term.h"

#include "base/alloc.h"
#include "base/text.h"
#include "ui/term/private.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define ESCAPE_MS 50
#define MARKS_MAX 3 /* combining marks drawn with a character */

static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";

/* newterm returns NULL where initscr would end the program. */
static bool screen_new(struct term *term, const char *type)
{
    static const char *const fallbacks[] = {"xterm-256color", "xterm", "vt100"};
    term->screen = newterm(type, term->out_file, term->in_file);
    for (size_t i = 0; term->screen == NULL && i < base_countof(fallbacks); i++) {
        term->screen = newterm(fallbacks[i], term->out_file, term->in_file);
        if (term->screen) {
            char *asked = base_text_clean_dup(type, 40);
            term->notice = base_printf("the terminal type \"%s\" is unknown here, %s is used",
                                       asked, fallbacks[i]);
            free(asked);
        }
    }
    return term->screen != NULL;
}

static int escape_ms(const struct term_options *options)
{
    const char *text = getenv("ESCDELAY");
    int ms = options->escape_ms ? options->escape_ms : text ? atoi(text) : 0;
    return ms > 0 && ms <= 2000 ? ms : ESCAPE_MS;
}

static void modes_on(struct term *term)
{
    /* A VT100 would show what it does not know. */
    if (strncmp(term->type, "vt", 2) != 0)
        term_send(term, paste_on, sizeof paste_on - 1);
}

static void modes_off(struct term *term)
{
    if (strncmp(term->type, "vt", 2) != 0)
        term_send(term, paste_off, sizeof paste_off - 1);
}

void term_send(struct term *term, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(term->out, data, len);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return;
        data += sent;
        len -= (size_t)sent;
    }
}

static void screen_setup(struct term *term, const struct term_options *options)
{
    raw(); /* Ctrl-C, Ctrl-Z, Ctrl-S and Ctrl-Q are keys */
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(escape_ms(options));
    term_keys_define();
    if (has_colors() && start_color() == OK) {
        use_default_colors();
        term->colors = COLORS;
    }
    term->acs = tigetstr("acsc") != NULL && (intptr_t)tigetstr("acsc") != -1;
    term->cursor_shown = true;
    modes_on(term);
    term_rescue_prepare(term);
}

struct term *term_open(const struct term_options *options, struct err *err)
{
    const char *type = options->type ? options->type : getenv("TERM");
    if (!isatty(options->in) || !isatty(options->out)) {
        base_err_set(err, ERR_USAGE, "standard input and output are not both a terminal");
        return NULL;
    }
    if (type == NULL || type[0] == '\0' || strcmp(type, "dumb") == 0) {
        base_err_set(err, ERR_USAGE, "the terminal cannot place the cursor (TERM=%s)",
                     type ? type : "");
        base_err_hint(err, "Use `aampe-console --linear`, or set TERM.");
        return NULL;
    }
    struct term *term = base_alloc_zero(1, sizeof *term);
    term->in = options->in;
    term->out = options->out;
    term->in_file = fdopen(fcntl(options->in, F_DUPFD_CLOEXEC, 3), "r");
    term->out_file = fdopen(fcntl(options->out, F_DUPFD_CLOEXEC, 3), "w");
    tcgetattr(term->in, &term->before);
    if (term->in_file == NULL || term->out_file == NULL || !screen_new(term, type)) {
        base_err_set(err, ERR_USAGE, "no description of the terminal \"%s\" is installed", type);
        base_err_hint(err, "Install ncurses-base, or use `aampe-console --linear`.");
        term_close(&term);
        return NULL;
    }
    term->type = base_strdup(termname());
    term->utf8 = !options->ascii && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    term->ascii = options->ascii;
    screen_setup(term, options);
    return term;
}

void term_close(struct term **term_ptr)
{
    struct term *term = *term_ptr;
    if (term == NULL)
        return;
    if (term->screen) {
        if (term->mouse)
            term_mouse(term, false);
        modes_off(term);
        curs_set(1);
        endwin();
        delscreen(term->screen);
    }
    if (term->in_file)
        fclose(term->in_file);
    if (term->out_file)
        fclose(term->out_file);
    term_copy_end(term);
    base_buf_free(&term->paste);
    free(term->type);
    free(term->notice);
    base_free(term_ptr);
}

void term_size(const struct term *term, int *width, int *height)
{
    (void)term;
    getmaxyx(stdscr, *height, *width);
}

bool term_utf8(const struct term *term)
{
    return term->utf8;
}

bool term_acs(const struct term *term, enum term_acs which)
{
    return which != TERM_ACS_NONE && term->acs && !term->ascii;
}

int term_colors(const struct term *term)
{
    return term->colors;
}

const char *term_notice(const struct term *term)
{
    return term->notice;
}

/* Pairs are made as they are met: 17 colours each way, the default among them. */
static short pair_of(struct term *term, struct term_look look)
{
    int foreground = look.foreground, background = look.background;
    if (term->colors < 8 || (foreground < 0 && background < 0))
        return 0;
    if (term->colors < 16) {
        foreground = foreground > 7 ? foreground - 8 : foreground;
        background = background > 7 ? background - 8 : background;
    }
    for (short i = 1; i <= term->pair_count; i++)
        if (term->pairs[i].foreground == foreground && term->pairs[i].background == background)
            return i;
    if (term->pair_count + 1 >= TERM_PAIRS || term->pair_count + 1 >= COLOR_PAIRS)
        return 0;
    short pair = (short)++term->pair_count;
    term->pairs[pair].foreground = (int8_t)foreground;
    term->pairs[pair].background = (int8_t)background;
    init_pair(pair, (short)foreground, (short)background);
    return pair;
}

static attr_t attributes_of(const struct term *term, struct term_look look)
{
    attr_t attributes = A_NORMAL;
    if ((look.attributes & TERM_BOLD) || (term->colors < 16 && look.foreground > 7))
        attributes |= A_BOLD;
    if (look.attributes & TERM_UNDERLINE)
        attributes |= A_UNDERLINE;
    if (look.attributes & TERM_REVERSE)
        attributes |= A_REVERSE;
    if (look.attributes & TERM_DIM)
        attributes |= A_DIM;
    return attributes;
}

/* The character as curses wants it. A character that the C library measures otherwise than we do
 * would shift the rest of the row, so another is shown in its place. */
static void wide_of(const char *text, size_t len, int width, wchar_t out[MARKS_MAX + 2])
{
    size_t count = 0, at = 0;
    while (at < len && count <= MARKS_MAX) {
        uint32_t point;
        size_t step = base_text_utf8_decode(text + at, len - at, &point);
        if (step == 0)
            break;
        int columns = wcwidth((wchar_t)point);
        if (count == 0 ? columns == width : columns == 0)
            out[count++] = (wchar_t)point;
        else if (count == 0)
            break;
        at += step;
    }
    if (count == 0)
        out[count++] = L'?';
    out[count] = L'\0';
}

static chtype line_of(enum term_acs acs)
{
    switch (acs) {
    case TERM_ACS_HLINE:
        return ACS_HLINE;
    case TERM_ACS_VLINE:
        return ACS_VLINE;
    case TERM_ACS_BLOCK:
        return ACS_BLOCK;
    case TERM_ACS_BULLET:
        return ACS_BULLET;
    case TERM_ACS_NONE:
        break;
    }
    return ' ';
}

void term_put(struct term *term, int x, int y, const char *text, size_t len, int width,
              enum term_acs acs, struct term_look look)
{
    wchar_t wide[MARKS_MAX + 2];
    cchar_t cell;
    attr_t attributes = attributes_of(term, look);
    short pair = pair_of(term, look);
    if (acs != TERM_ACS_NONE) {
        mvaddch(y, x, line_of(acs) | attributes | (chtype)COLOR_PAIR(pair));
        return;
    }
    wide_of(len ? text : " ", len ? len : 1, width < 1 ? 1 : width, wide);
    if (setcchar(&cell, wide, attributes, pair, NULL) != OK)
        return;
    mvadd_wch(y, x, &cell);
    if (wide[0] == L'?' && width == 2)
        mvaddch(y, x + 1, '?' | attributes | (chtype)COLOR_PAIR(pair));
}

void term_cursor(struct term *term, int x, int y)
{
    term->cursor_x = x;
    term->cursor_y = y;
}

void term_flush(struct term *term)
{
    bool shown = term->cursor_x >= 0;
    if (shown != term->cursor_shown)
        curs_set(shown);
    term->cursor_shown = shown;
    if (shown)
        move(term->cursor_y, term->cursor_x);
    wnoutrefresh(stdscr);
    doupdate();
}

void term_repaint(struct term *term)
{
    (void)term;
    clearok(curscr, TRUE);
}

void term_mouse(struct term *term, bool on)
{
    mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
    mouseinterval(0);
    term->mouse = on;
}

void term_leave(struct term *term)
{
    if (term->mouse)
        mousemask(0, NULL);
    modes_off(term);
    curs_set(1);
    endwin();
}

void term_enter(struct term *term)
{
    struct winsize size;
    if (ioctl(term->out, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
        resizeterm(size.ws_row, size.ws_col);
    refresh();
    clearok(curscr, TRUE);
    modes_on(term);
    curs_set(term->cursor_shown);
    if (term->mouse)
        term_mouse(term, true);
}
