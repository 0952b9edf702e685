/* Private to the room: the full-screen console between the terminal and the engine. */
#ifndef AAMPE_UI_APP_APP_H
#define AAMPE_UI_APP_APP_H

#include "base/err.h"
#include "base/seam.h"
#include "ui/draw/canvas.h"
#include "ui/screen/console.h"
#include "ui/term/term.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* What the handlers of signals leave behind. They do nothing else. */
struct app_signals {
    volatile sig_atomic_t interrupted, ended, suspended;
};

struct app_options {
    const char *profile, *socket, *version, *login;
    struct base_seam *seam;
    bool read_only, ascii, mono, contrast;
    struct app_signals *signals;
    struct term **terminal; /* for the handler of fatal signals; set while the screen is ours */
    int first_screen;       /* number of the screen to open; 0: the one that fits */
    cJSON *first_args;      /* taken; may be NULL */
};

/* Runs the full-screen console; returns the exit code of the program. ERR_USAGE when there is no
 * terminal that can be used; nothing has been shown then. */
int app_run(const struct app_options *options, struct err *err);

/* link.c: the console's end of the engine's socket, without waiting. Finds the engine, starts it
 * where that is allowed, says hello, carries calls and events, and comes back after a break. */
struct app_link;
struct app_link *app_link_new(const char *profile, const char *socket, const char *version,
                              struct base_seam *seam, struct console *console);
void app_link_free(struct app_link **link);
void app_link_send(struct app_link *link, uint64_t id, const char *verb, cJSON *take_params);
/* What to wait for; fd -1: nothing. */
struct pollfd app_link_poll(const struct app_link *link);
int app_link_wait_ms(
    const struct app_link *link); /* until app_link_turn has to run anyway; -1: never */
/* Takes what has arrived and does what is due. True: something may look different. */
bool app_link_turn(struct app_link *link);

/* doctor.c: the doctor without an engine, as a child; at most one at a time. It is ended with the
 * console. */
struct app_doctor;
struct app_doctor *app_doctor_new(const char *profile, struct base_seam *seam,
                                  struct console *console);
void app_doctor_free(struct app_doctor **doctor);
void app_doctor_run(struct app_doctor *doctor); /* tells the console later, by an event */
struct pollfd app_doctor_poll(const struct app_doctor *doctor);
int app_doctor_wait_ms(const struct app_doctor *doctor);
/* Takes what it has printed. True: it is over, and the console has been told. */
bool app_doctor_turn(struct app_doctor *doctor);

#endif
