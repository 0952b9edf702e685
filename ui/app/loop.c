/* The one loop of the full-screen console: keys, the engine, time; at most one repaint a turn. */
#define _GNU_SOURCE
#include "ui/app/app.h"

#include "base/alloc.h"
#include "base/text.h"
#include "ui/view/out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENT_PAINT_MS 250 /* what the engine sends is shown at most four times a second */
#define KEYS_A_TURN 64

struct app {
    const struct app_options *options;
    struct term *term;
    struct console *console;
    struct app_link *link;
    struct app_doctor *doctor;
    struct draw_canvas *canvas;
    enum draw_theme theme;
    int64_t painted_us;
    bool keyed; /* a key has been pressed since the last paint */
    bool gone;  /* the terminal is */
    bool doctor_wanted;
    int said_fd; /* what libraries and children say on stderr while the screen is ours */
    int stderr_fd;
};

static void on_send(void *user, uint64_t id, const char *verb, cJSON *take_params)
{
    app_link_send(((struct app *)user)->link, id, verb, take_params);
}

static const char *on_copy(void *user, const char *text, size_t len)
{
    return term_copy(((struct app *)user)->term, text, len);
}

static void size_take(struct app *app)
{
    int width, height;
    term_size(app->term, &width, &height);
    console_resize(app->console, width, height);
    if (app->canvas && app->canvas->width == width && app->canvas->height == height)
        return;
    enum draw_charset charset = term_utf8(app->term)                  ? DRAW_UTF8
                                : term_acs(app->term, TERM_ACS_HLINE) ? DRAW_ACS
                                                                      : DRAW_ASCII;
    draw_canvas_free(&app->canvas);
    app->canvas = draw_canvas_new(width, height, charset);
}

static void on_suspend(void *user)
{
    struct app *app = user;
    term_suspend(app->term);
    size_take(app);
    console_touch(app->console);
    app->keyed = true;
}

static void on_repaint(void *user)
{
    struct app *app = user;
    term_repaint(app->term);
    app->keyed = true;
}

static void on_mouse(void *user, bool on)
{
    term_mouse(((struct app *)user)->term, on);
}

static void on_doctor(void *user)
{
    ((struct app *)user)->doctor_wanted = true; /* never from inside */
}

/* Nothing may scribble over the screen: kept, and shown when the screen is given back. */
static void stderr_take(struct app *app)
{
    FILE *file = tmpfile();
    app->said_fd = app->stderr_fd = -1;
    if (file == NULL)
        return;
    fflush(stderr);
    app->stderr_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    app->said_fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
    dup2(app->said_fd, STDERR_FILENO);
    fclose(file);
}

static void stderr_give(struct app *app)
{
    char piece[4096];
    ssize_t got;
    if (app->said_fd < 0)
        return;
    fflush(stderr);
    dup2(app->stderr_fd, STDERR_FILENO);
    lseek(app->said_fd, 0, SEEK_SET);
    while ((got = read(app->said_fd, piece, sizeof piece)) > 0)
        if (write(STDERR_FILENO, piece, (size_t)got) != got)
            break;
    close(app->said_fd);
    close(app->stderr_fd);
}

static void keys_take(struct app *app)
{
    struct term_key key;
    int got = 0;
    for (int i = 0; i < KEYS_A_TURN && (got = term_read(app->term, &key)) > 0; i++) {
        app->keyed = true;
        if (key.kind == TERM_KEY_RESIZE)
            size_take(app);
        else
            console_key(app->console, &key);
        if (console_over(app->console))
            return;
    }
    if (got < 0)
        app->gone = true;
}

static void signals_take(struct app *app)
{
    struct app_signals *signals = app->options->signals;
    if (signals->suspended) {
        signals->suspended = 0;
        on_suspend(app);
    }
    if (signals->interrupted) {
        struct term_key key = {.kind = TERM_KEY_CHAR, .codepoint = 3};
        signals->interrupted = 0;
        console_key(app->console, &key);
        app->keyed = true;
    }
}

static void canvas_put(struct app *app)
{
    const struct draw_canvas *canvas = app->canvas;
    for (int y = 0; y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++) {
            const struct draw_cell *cell = &canvas->cells[y * canvas->width + x];
            if (cell->width > 0)
                term_put(app->term, x, y, cell->text, cell->len, cell->width,
                         (enum term_acs)cell->acs, draw_look(app->theme, cell));
        }
    term_cursor(app->term, canvas->cursor_x, canvas->cursor_y);
}

static int64_t now_ms(struct app *app)
{
    return base_seam_mono_us(app->options->seam) / 1000;
}

/* Milliseconds until something is to be painted; -1: nothing is. */
static int paint_wait(struct app *app)
{
    if (!console_dirty(app->console))
        return -1;
    if (app->keyed)
        return 0;
    int64_t left = app->painted_us / 1000 + EVENT_PAINT_MS - now_ms(app);
    return left <= 0 ? 0 : (int)left;
}

static void paint(struct app *app)
{
    /* A slow line gets the newest picture when it has room, not all those in between. */
    struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};
    if (paint_wait(app) != 0 || app->canvas == NULL || poll(&room, 1, 0) <= 0)
        return;
    console_draw(app->console, app->canvas);
    canvas_put(app);
    term_flush(app->term);
    app->painted_us = base_seam_mono_us(app->options->seam);
    app->keyed = false;
    if (console_painted(app->console))
        term_drop_input(app->term);
}

static int least(int a, int b)
{
    return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/* What a key has asked for in this turn. */
static void doctor_start(struct app *app)
{
    bool wanted = app->doctor_wanted;
    app->doctor_wanted = false;
    if (wanted)
        app_doctor_run(app->doctor);
}

static void turn(struct app *app, const sigset_t *open)
{
    struct pollfd wait[4] = {{.fd = term_fd(app->term), .events = POLLIN},
                             app_link_poll(app->link),
                             {.fd = -1, .events = POLLOUT},
                             app_doctor_poll(app->doctor)};
    int paint_ms = paint_wait(app);
    /* While a repaint is due, time passes after it. */
    int ms = paint_ms >= 0 ? -1 : console_wait_ms(app->console);
    ms = least(ms, app_link_wait_ms(app->link));
    ms = least(ms, app_doctor_wait_ms(app->doctor));
    ms = least(ms, term_wait_ms(app->term));
    if (paint_ms == 0)
        wait[2].fd = STDOUT_FILENO;
    else
        ms = least(ms, paint_ms);
    struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    int ready = ppoll(wait, 4, ms < 0 ? NULL : &limit, open);
    signals_take(app);
    if (ready > 0 && (wait[0].revents & (POLLHUP | POLLERR | POLLNVAL)))
        app->gone = true;
    if (!app->gone)
        keys_take(app);
    app_link_turn(app->link);
    app_doctor_turn(app->doctor);
    doctor_start(app);
    if (!console_dirty(app->console) && console_wait_ms(app->console) == 0)
        console_tick(app->console);
    if (!app->gone)
        paint(app);
}

static enum draw_theme theme_of(const struct app_options *options, const struct term *term)
{
    if (options->contrast)
        return DRAW_THEME_CONTRAST; /* has no colours either */
    return options->mono || term_colors(term) < 8 ? DRAW_THEME_MONO : DRAW_THEME_DEFAULT;
}

static void app_open(struct app *app, cJSON *take_args)
{
    const struct app_options *options = app->options;
    struct console_config config = {.profile = options->profile,
                                    .version = options->version,
                                    .login = options->login,
                                    .read_only = options->read_only,
                                    .seam = options->seam,
                                    .send = on_send,
                                    .copy = on_copy,
                                    .suspend = on_suspend,
                                    .repaint = on_repaint,
                                    .mouse = on_mouse,
                                    .doctor = on_doctor,
                                    .user = app};
    app->console = console_new(&config);
    app->link = app_link_new(options->profile, options->socket, options->version, options->seam,
                             app->console);
    app->doctor = app_doctor_new(options->profile, options->seam, app->console);
    size_take(app);
    app->keyed = true;
    if (term_notice(app->term))
        console_say(app->console, "%s", term_notice(app->term));
    if (options->first_screen)
        console_go(app->console, options->first_screen, take_args);
    else
        cJSON_Delete(take_args);
}

int app_run(const struct app_options *options, struct err *err)
{
    struct app app = {.options = options};
    struct term_options terminal = {
        .in = STDIN_FILENO, .out = STDOUT_FILENO, .ascii = options->ascii};
    sigset_t closed, open;
    app.term = term_open(&terminal, err);
    if (app.term == NULL)
        return -1;
    *options->terminal = app.term;
    app.theme = theme_of(options, app.term);
    /* Signals come while we wait, and at no other time. */
    sigemptyset(&closed);
    sigaddset(&closed, SIGWINCH);
    sigaddset(&closed, SIGTERM);
    sigaddset(&closed, SIGHUP);
    sigaddset(&closed, SIGINT);
    sigaddset(&closed, SIGTSTP);
    sigprocmask(SIG_BLOCK, &closed, &open);
    stderr_take(&app);
    app_open(&app, options->first_args);
    paint(&app);
    while (!console_over(app.console) && !app.gone && !options->signals->ended)
        turn(&app, &open);
    app_doctor_free(&app.doctor);
    app_link_free(&app.link);
    console_free(&app.console);
    draw_canvas_free(&app.canvas);
    *options->terminal = NULL;
    term_close(&app.term);
    stderr_give(&app);
    sigprocmask(SIG_SETMASK, &open, NULL);
    return options->signals->ended ? VIEW_EXIT_USER : VIEW_EXIT_DONE;
}
