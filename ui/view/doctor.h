/* The answer of "doctor.show" (and of `aampe-syncd --doctor`, the same document) as data and words:
 * three chains of layers, the first that fails in each. Shared by 8 Doctor and the command
 * `doctor`.
 */
#ifndef AAMPE_UI_VIEW_DOCTOR_H
#define AAMPE_UI_VIEW_DOCTOR_H

#include "base/buf.h"
#include "base/err.h"
#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum view_doctor_state {
    VIEW_DOCTOR_OK,
    VIEW_DOCTOR_NONE, /* nothing of the kind is configured, so nothing can be wrong with it */
    VIEW_DOCTOR_WARN,
    VIEW_DOCTOR_FAIL,
    VIEW_DOCTOR_NOT_REACHED,
    VIEW_DOCTOR_RUNNING,
    VIEW_DOCTOR_NOT_ASKED, /* not yet, or not with --only */
    VIEW_DOCTOR_STATES
};

/* Everything is borrowed from the document, and holds until the next event. */
struct view_doctor_layer {
    const char *id, *title; /* "ip_list", "ip list" */
    enum view_doctor_state state;
    const char *text;      /* "" when there is none */
    int64_t ms;            /* -1: not told */
    const cJSON *error;    /* NULL: none; {"code","class","message","hint","evidence"} */
    const cJSON *evidence; /* NULL: none */
    bool has_last;         /* what was last known */
    enum view_doctor_state last_state;
    const char *last_text;
    const char *last_about; /* NULL: it was seen of the address of now */
    int64_t last_us;        /* when it was seen; 0: not told */
};

#define VIEW_DOCTOR_LAYERS 16
struct view_doctor_chain {
    const char *id;    /* "here", "workspace", "destination" */
    const char *about; /* NULL, or what it leads to */
    struct view_doctor_layer layers[VIEW_DOCTOR_LAYERS];
    size_t count;
};

#define VIEW_DOCTOR_CHAINS 3
struct view_doctor {
    cJSON *json; /* the document; owned */
    const char *profile, *by;
    bool running;
    int64_t job, began_us, ended_us, took_ms; /* 0: not yet; took_ms -1: not told */
    struct view_doctor_chain chains[VIEW_DOCTOR_CHAINS];
    size_t count;
    /* The first that fails, in the order of the list; NULL: none. */
    const struct view_doctor_chain *first_chain;
    const struct view_doctor_layer *first;
    size_t fails, warns;
};

/* Takes the document; what is missing or strange in it is left out. Never NULL. */
struct view_doctor *view_doctor_new(cJSON *take_json);
void view_doctor_free(struct view_doctor **doctor);
/* Applies the payload of an event "doctor.layer". True: it changed something; *done (may be NULL)
 * is set when it said that the job is over, and then doctor.show has the whole of it. Payloads of
 * another job are ignored. */
bool view_doctor_event(struct view_doctor *doctor, const cJSON *payload, bool *done);

/* Without an engine: starts `aampe-syncd --doctor`, which ends with us, and returns the descriptor
 * of what it prints, or -1. It prints the document when it has seen all, and ends. only may be
 * NULL. */
int view_doctor_spawn(const char *profile, const char *only, int *pid, struct err *err) must_check;
#define VIEW_DOCTOR_MAX ((size_t)4 << 20)
/* What it printed, whole; NULL with ENGINE_PROTOCOL. */
cJSON *view_doctor_parse(const struct buf *text, struct err *err);
/* Whether there is a layer or a chain of this id. */
bool view_doctor_names(const char *id);

/* "ok", "none", "WARN", "FAIL", "not reached", "running", "not asked". */
const char *view_doctor_word(enum view_doctor_state state);
enum view_style view_doctor_style(enum view_doctor_state state);
/* What stands behind the state: "SRC_IP_BLOCKED, seen as 198.51.100.7"; of a layer that was not
 * reached what was last known, and how long ago. */
void view_doctor_what(struct buf *out, const struct view_doctor_layer *layer, int64_t now_us);
/* "140 ms", "2.2 s"; "" when not told. */
const char *view_doctor_ms(int64_t ms, char out[16]);
/* "workspace, ip list: this host is refused", or that nothing fails, with how many warnings. */
void view_doctor_sentence(struct buf *out, const struct view_doctor *doctor);
/* What to do about the first failure (or else the first warning), in one sentence; "" when there is
 * nothing to do. */
const char *view_doctor_fix(const struct view_doctor *doctor);
/* What the command exits with: 0 all well, 3 only warnings, 4 when the first failure is a matter of
 * rights, else 1. */
enum view_exit view_doctor_exit(const struct view_doctor *doctor);
/* The whole list, as the command prints it (doctor_text.c). With out->plain: tab-separated lines
 * chain, layer, state, code, text, ms. */
void view_doctor_print(struct view_out *out, const struct view_doctor *doctor, int64_t now_us);

#endif
