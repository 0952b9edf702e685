/* One screen: a const table of functions and a struct of state that starts with struct screen.
 * Draw functions are pure: they change nothing and ask for nothing. Rows 1, 23 and 24 belong to the
 * frame (console.h); a screen gets the body between them. A dialog is a screen on top of another,
 * never a loop of its own. */
#ifndef AAMPE_UI_SCREEN_SCREEN_H
#define AAMPE_UI_SCREEN_SCREEN_H

#include "base/buf.h"
#include "base/err.h"
#include "ui/draw/canvas.h"
#include "ui/draw/widget.h"
#include "ui/view/action.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct console;
struct screen;

struct screen_ops {
    const char *name; /* in the first row: "Overview" */
    int number;       /* 1 to 9; 0: opened from another screen */
    size_t size;      /* of its state */
    const char *help; /* what it answers and how, for `?`; a few lines */
    bool question;    /* must be painted before any key counts, and takes no paste as an answer */

    /* The state is zeroed before. args is borrowed and may be NULL: what exactly to open, as the
     * screen defines it ({"run":6503}). */
    void (*open)(struct screen *screen, const cJSON *args);
    void (*close)(struct screen *screen);  /* frees what it holds; NULL: nothing */
    void (*resume)(struct screen *screen); /* on top again, or the engine is back; asks anew */
    /* An event of the engine, {"name","payload"} taken apart; also to screens that are covered.
     * "status" comes from the console itself: console_status has a new answer (the payload). */
    void (*event)(struct screen *screen, const char *name, const cJSON *payload);
    /* About once a second while on top: ages, what waits for time. Must not make an idle screen
     * change more than once a minute. */
    void (*tick)(struct screen *screen);
    /* A key before the table of actions sees it: only while something is edited. True: taken. */
    bool (*key)(struct screen *screen, const struct term_key *key);
    /* NULL: the action can be done now. Otherwise why not, for the status line; "" = it means
     * nothing on this screen. VIEW_ACTION_CLOSE is asked first of all: NULL means the screen has
     * something of its own to close (a filter, a zoom) and `act` does it; anything else lets the
     * frame close the view. Class and role are checked by the console, not here. */
    const char *(*refuse)(const struct screen *screen, enum view_action action);
    void (*act)(struct screen *screen, enum view_action action);
    /* Motion keys. */
    void (*move)(struct screen *screen, enum draw_move move);
    /* width and height of the body have changed, or anything else: clamp here. */
    void (*layout)(struct screen *screen);
    void (*draw)(const struct screen *screen, struct draw_box body);
    /* The sentence of row 23: why the selected row is as it is. */
    void (*status)(const struct screen *screen, struct buf *out);
    /* What follows the name in the first row ("> shop > loyalty"); appended to "2 Browse". A screen
     * without a number shows only this, or its name. A covered numbered screen shows only its name.
     */
    void (*crumb)(const struct screen *screen, struct buf *out);
    /* The hints of the selected row, the most important first; fills at most max, returns how
     * many. `? help` is added by the frame. */
    size_t (*hints)(const struct screen *screen, enum view_action out[], size_t max);
    /* Optional. Another label for a hint than the table's ("send" for Enter); NULL: the table's. */
    const char *(*label)(const struct screen *screen, enum view_action action);
    /* Optional. As whom what is shown was read: "observer"; NULL: as everywhere. */
    const char *(*reads)(const struct screen *screen);
    bool overlay; /* help and its like: goes away when another screen is opened */
};

struct screen {
    const struct screen_ops *ops;
    struct console *console;
    struct screen *below;
    uint64_t number;   /* never used twice: answers to a closed screen are dropped by it */
    int width, height; /* of the body */
    bool painted;      /* has been on the terminal since it came to the top */
};

/* For the hints of a screen: as many of the list as fit; returns how many. */
size_t screen_hints(const enum view_action list[], size_t count, enum view_action out[],
                    size_t max);

/* The screens. Each is added to the table in screens.c by the one who writes it; a digit without a
 * screen says so. Arguments a numbered screen understands besides its own (the palette, `!` and
 * other screens hand them over; NULL: none):
 *   2 Browse  {"table":NAME, "tab":"access|columns|rows|sync|history"}: that table's detail
 *   3 Share   {"tab":"tables|plan"}
 *   5 Runs    {"run":ID, "tab":"run|chunks|evidence|log"} or {"batch":ID}
 *   6 Access  {"secret":NAME}
 *   8 Doctor  {"run":true}, {"layer":ID}
 *   9 Setup   {"step":ID}
 * One it does not understand it ignores. */
extern const struct screen_ops screen_overview, screen_browse, screen_share, screen_runs,
    screen_access, screen_audit, screen_doctor, screen_setup, screen_table, screen_batch,
    screen_run, screen_retry;

#endif
