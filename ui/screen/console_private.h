/* Private to ui/screen: what the console is made of. */
#ifndef AAMPE_UI_SCREEN_CONSOLE_PRIVATE_H
#define AAMPE_UI_SCREEN_CONSOLE_PRIVATE_H

#include "ui/screen/console.h"
#include "ui/view/out.h"

#define CONSOLE_SCREENS 9 /* the digits */
#define CONSOLE_MESSAGES_MAX 500
#define CONSOLE_STACK_MAX 16
#define CONSOLE_HINTS_MAX 12
#define CONSOLE_UNLOCK_US (INT64_C(15) * 60 * 1000000)
/* Below: only a sentence. Up to the second: everything that fits, and a notice. */
#define CONSOLE_WIDTH_MIN 20
#define CONSOLE_HEIGHT_MIN 5
#define CONSOLE_WIDTH_GOOD 60
#define CONSOLE_HEIGHT_GOOD 16
#define CONSOLE_FRAME_ROWS 3
/* Screens are laid out for at least so many rows; of a smaller body the part around the selected
 * row is seen. */
#define CONSOLE_BODY_MIN 6

enum console_link { CONSOLE_CONNECTING, CONSOLE_UP, CONSOLE_DOWN };

/* One unanswered question to the engine. */
struct console_asked {
    struct console_asked *next;
    uint64_t id, screen; /* screen 0: the console's own */
    int64_t tag;
    console_answer_fn *answer;
    char *verb;
    cJSON *params; /* kept until it is sent */
    bool sent;
    bool failed; /* is answered with err at the end of the turn */
    struct err err;
};

struct console_message {
    int64_t us;
    char *text;
};

struct console {
    struct console_config config;
    char *profile, *version, *login;
    int width, height;
    struct screen *tops[CONSOLE_SCREENS + 1]; /* by digit; NULL: not opened yet */
    int current, previous;                    /* digits */
    struct screen *dead;                      /* closed in this turn */
    uint64_t screens_made, asks_made;
    struct console_asked *asked;

    enum console_link link;
    bool role_view, started_by_us;
    struct err engine_error;
    cJSON *status;
    bool status_asked, status_wanted;
    int64_t status_us; /* when it was last asked for */

    int64_t unlocked_until_us; /* wall clock, for those who show it */
    struct console_message *messages;
    size_t message_count;
    char *said; /* row 23, until the next key */
    bool mouse;
    bool dirty, over;
    int64_t ticked_us; /* the last console_tick */
    int64_t wake_us;   /* of console_wake; 0: none */
    int64_t minute;    /* of the last repaint that showed ages */
};

/* ask.c */
void console_asks_send(struct console *console); /* those that waited for the link */
void console_asks_fail(struct console *console, const struct err *err);
void console_asks_settle(struct console *console); /* answers what has failed */
bool console_asks_unsettled(const struct console *console);
void console_asks_forget(struct console *console, uint64_t screen);
void console_asks_free(struct console *console);
void console_status_ask(struct console *console);
void console_status_take(struct console *console, cJSON *take_status);

/* stack.c */
struct screen *console_top(const struct console *console); /* NULL: none is open */
struct screen *console_screen_by_number(const struct console *console, uint64_t number);
void console_stack_close(struct console *console, int digit);
void console_close_top(struct console *console);
void console_dead_free(struct console *console);
void console_resume(struct console *console);          /* the top one is seen again */
void console_show(struct console *console, int digit); /* as it was left */
/* Closes help, palette or messages if one of them is on top. */
void console_overlay_close(struct console *console);

/* console.c: the end of each way in: answers what failed, frees what was closed, lays out. */
void console_turn_end(struct console *console);
bool console_too_small(const struct console *console);

/* dispatch.c */
/* Does an action, whoever asked for it (key, palette, mouse): the one place where classes and
 * refusals are enforced. */
void console_act(struct console *console, enum view_action action, bool escape);
/* What would keep the action from being done now; NULL: nothing; "": it means nothing here. */
const char *console_action_refused(struct console *console, struct screen *screen,
                                   enum view_action action);
bool console_action_own(enum view_action action); /* the console does it on every screen */
void console_quit_ask(struct console *console);
void console_worst(struct console *console);
void console_dump(struct console *console);           /* the screen as text, into a file */
void console_question_focus(struct console *console); /* on the button instead of Cancel */

/* frame.c */
struct draw_box console_body(const struct console *console, struct draw_box all);
void console_frame_draw(const struct console *console, struct draw_box all);
enum view_action console_hint_at(const struct console *console, int x); /* NONE: none there */

/* page.c */
enum draw_style console_page_style(enum view_style style);

/* keys.c: the action of a key. */
enum view_action console_key_action(const struct term_key *key);
bool console_key_escape(const struct term_key *key);
bool console_key_enter(const struct term_key *key);

/* screens.c */
const struct screen_ops *console_screen_ops(int digit); /* NULL: not in this version */

/* Screens of the console itself. */
extern const struct screen_ops screen_help, screen_palette, screen_messages, screen_question,
    screen_explain;
const struct console_message *console_message_at(const struct console *console, size_t index);
size_t console_message_count(const struct console *console);

#endif
