/* Linear mode: the console as numbered choices and typed answers, one line at a time, for screen
 * readers, dumb terminals and scripts. Nothing is repainted; what it says are the pages of ui/view.
 * While it waits, for an answer of the user or of the engine, events are told a line each, and a
 * word every 30 seconds. */
#ifndef AAMPE_UI_APP_LINEAR_H
#define AAMPE_UI_APP_LINEAR_H

#include "base/buf.h"
#include "base/secret.h"
#include "ui/cli/cli.h"
#include "ui/view/link.h"
#include "ui/view/page.h"

#include <stdbool.h>

struct view_linear_told;

struct linear {
    struct cli *cli;
    struct view_out *out;
    struct view_link *link; /* NULL while the engine does not answer */
    bool read_only;
    bool over;                     /* no more input, or interrupted: return from wherever you are */
    int percent_step;              /* of a run under way that is told: 10 */
    struct buf typed;              /* read and not used yet */
    char *answer;                  /* the last one */
    const void *choices;           /* those that were said last */
    struct view_linear_told *told; /* what has been told of each run */
    int64_t said_us;               /* when something was said last */
};

/* No command or `setup`, and --linear was given, or ACCESSIBLE is set, or the terminal is dumb. */
bool linear_wanted(const struct cli *cli);
/* The whole mode; returns the exit code of the program. With `setup` it
 * begins there. */
int linear_run(struct cli *cli, bool setup);

/* One line typed after a prompt, without its end and the blanks around it; "" when it is empty,
 * NULL once there is no more input. Borrowed until the next question. `hint` is said when the user
 * types
 * `?` (and the question is asked again). */
const char *linear_ask(struct linear *linear, const char *prompt, const char *hint);
/* The same without echo, and never kept in `typed`. NULL: none. */
struct secret *linear_ask_secret(struct linear *linear, const char *prompt);
/* Numbered choices, said the first time and when the user types `?`; 1.. the choice, 0 back (called
 * `back`). */
struct linear_choice {
    const char *label, *hint; /* hint may be NULL */
};
int linear_choose(struct linear *linear, const char *title, const struct linear_choice choices[],
                  size_t count, const char *back);
/* True when the user types the word. */
bool linear_confirm(struct linear *linear, const char *question, const char *word);
/* Asks the engine and waits; a word every 30 seconds meanwhile. params taken; *result the caller's.
 * Opens the link again if it has gone. */
int linear_call(struct linear *linear, const char *verb, cJSON *take_params, cJSON **result,
                struct err *err) must_check;
/* Waits for events for at most timeout_ms, or until something is typed; tells them. `each`, may be
 * NULL, sees each event ({"name","payload"}). False: something was typed (linear_drop_line takes
 * it), or it is over. What comes from a pipe waits for its question. */
bool linear_wait(struct linear *linear, int timeout_ms,
                 void (*each)(void *user, const cJSON *event), void *user);
void linear_drop_line(struct linear *linear);
/* Says an error with its hint. */
void linear_error(struct linear *linear, const struct err *err);
__attribute__((format(printf, 2, 3))) void linear_say(struct linear *linear, const char *fmt, ...);
/* Prints and frees. */
void linear_page(struct linear *linear, struct view_page *take_page);
struct view_page *linear_page_new(void); /* as wide as lines may be here */

/* linear_looks.c */
void linear_main(struct linear *linear); /* the first choices, until the user ends */
void linear_status(struct linear *linear);
void linear_runs(struct linear *linear, bool failed_only);
void linear_sync(struct linear *linear);
void linear_watch(struct linear *linear);

/* linear_setup.c */
void linear_setup(struct linear *linear);

#endif
