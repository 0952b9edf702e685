/* The console without terminal and socket: keys, answers, events and time go in, a canvas comes
 * out. The program binds it to curses and to the engine (ui/app), the tests to recorded answers and
 * a fake clock. Holds the stack of screens, the frame, the palette, help, messages and the three
 * classes of actions. */
#ifndef AAMPE_UI_SCREEN_CONSOLE_H
#define AAMPE_UI_SCREEN_CONSOLE_H

#include "base/seam.h"
#include "ui/screen/screen.h"

struct console_config {
    const char *profile, *version, *login; /* login: name of who sits here */
    bool read_only;
    struct base_seam *seam;     /* the clock */
    int64_t (*now)(void *user); /* another clock, for tests; NULL: the seam's */
    /* All go out through these; user is handed to each. */
    void (*send)(void *user, uint64_t id, const char *verb, cJSON *take_params);
    const char *(*copy)(void *user, const char *text, size_t len); /* says what was done */
    void (*suspend)(void *user);
    void (*repaint)(void *user);
    void (*mouse)(void *user, bool on);
    /* Runs the doctor without an engine; NULL: cannot be done here. Later, once, the event
     * "doctor.offline" with {"data":answer of doctor.show} or {"error":...}. */
    void (*doctor)(void *user);
    void *user;
};

struct console *console_new(const struct console_config *config);
void console_free(struct console **console);

/* In. */
void console_resize(struct console *console, int width, int height);
void console_key(struct console *console, const struct term_key *key);
/* The answer to a send; result is borrowed; err NULL when it went well. */
void console_answer(struct console *console, uint64_t id, const cJSON *result,
                    const struct err *err);
void console_event(struct console *console, const char *name, const cJSON *payload);
/* The engine is there (role "admin" or "view"), or is not and why; snapshot: what it last wrote,
 * borrowed, may be NULL. Unanswered sends are answered with the error. */
void console_engine_up(struct console *console, const char *role, bool started_by_us);
void console_engine_down(struct console *console, const struct err *why, const cJSON *snapshot);
void console_tick(struct console *console); /* time has passed */
/* What was drawn is on the terminal; what was typed before belongs to what was shown before. True:
 * throw away what is waiting in the terminal (a question has been shown for the first time). */
bool console_painted(struct console *console);

/* Out. */
void console_draw(struct console *console, struct draw_canvas *canvas); /* lays out, then draws */
bool console_dirty(const struct console *console);  /* something may look different now */
bool console_over(const struct console *console);   /* the user has quit */
int console_wait_ms(const struct console *console); /* until the next console_tick; -1: never */

/* For screens. */

/* Asks the engine. The answer comes to `answer` with the same tag unless the screen is closed
 * first; exactly once; err NULL when it went well. Never from inside. */
typedef void console_answer_fn(struct screen *screen, int64_t tag, const cJSON *result,
                               const struct err *err);
void console_ask(struct screen *screen, const char *verb, cJSON *take_params, int64_t tag,
                 console_answer_fn *answer);
/* Forgets what the screen waits for; the engine is told to stop it: verb "cancel" with {"id":ID of
 * the send}, which the sender replaces by the id it used on the wire. True: there was something. */
bool console_forget(struct screen *screen);
bool console_waiting(const struct screen *screen);

/* The latest answer of verb "status" (or the snapshot while the engine is down); NULL: none yet. */
const cJSON *console_status(const struct console *console);
bool console_engine(const struct console *console); /* the engine is connected */
const struct err *console_engine_error(const struct console *console);
int64_t console_now_us(const struct console *console);
const char *console_profile(const struct console *console);
const char *console_login(const struct console *console);
/* NULL: actions of this class are allowed now; else why not. */
const char *console_refuses(const struct console *console, enum view_action_class class);
int64_t console_unlocked_until_us(const struct console *console); /* 0: locked */

/* Opens a screen on top. args is taken. */
void console_push(struct console *console, const struct screen_ops *ops, cJSON *take_args);
/* Goes to a numbered screen: what lies over it is closed; with arguments it is opened anew, without
 * it stands as it was left. A digit without a screen is said. */
void console_go(struct console *console, int number, cJSON *take_args);
void console_pop(struct screen *screen); /* closes it and what lies on it */
/* Says something in row 23 until the next key, and keeps it in the messages. */
__attribute__((format(printf, 2, 3))) void console_say(struct console *console, const char *fmt,
                                                       ...);
void console_say_error(struct console *console, const struct err *err);
void console_copy(struct console *console, const char *text); /* and says so */
/* Writes text to a new file in the current folder, mode 0600, and says where. */
void console_export(struct console *console, const char *name, const char *text);
void console_touch(struct console *console); /* something may look different */
/* Lays out and paints again at this time even if nothing happens: for what waits until the keys
 * rest. The earliest time wins. */
void console_wake(struct console *console, int64_t at_us);

/* A question over the whole screen. body is taken (struct view_page). With word: it must be typed;
 * without: two buttons, Cancel focused. done runs once; yes false: cancelled. */
struct view_page;
typedef void console_question_fn(struct screen *screen, bool yes, void *user);
void console_question(struct screen *screen, const char *title, struct view_page *take_body,
                      const char *button, const char *word, console_question_fn *done, void *user);

/* What an error code means, on top of everything; NULL: all codes. */
void console_explain(struct console *console, const char *code);

/* Draws the lines of a page from `top` on; `selected` is the index of the selected line or -1. */
void console_page_draw(const struct view_page *page, struct draw_box box, int top, int selected);
/* The new first line of a text without a selected one after a motion; clamp it in layout. */
int console_page_top(int top, int height, enum draw_move move);

#endif
