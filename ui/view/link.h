/* The console's link to the engine of one profile: finds its socket, starts it where it may, asks.
 */
#ifndef AAMPE_UI_VIEW_LINK_H
#define AAMPE_UI_VIEW_LINK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/seam.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct view_out;
struct view_link;

struct view_link_options {
    const char *profile;
    const char *socket;  /* NULL: the system socket of the profile, then the user's */
    const char *version; /* of this program */
    struct base_seam *seam;
    struct view_out *out; /* says on stderr that an engine was started; may be NULL */
    bool start;           /* start the engine of a personal profile when none answers */
};

/* [a-z0-9_-]{1,32}: a profile's name is part of paths. ERR_USAGE. */
int view_profile_check(const char *profile, struct err *err) must_check;
/* Where a personal profile lives, malloc'd: its state folder and its file. */
char *view_profile_state(const char *profile);
char *view_profile_file(const char *profile);
/* A systemd unit owns the profile: never start an engine for it. */
bool view_profile_unit(const char *profile);

/* ENGINE_UNREACHABLE, ENGINE_PROTOCOL, SEC_HOST_REFUSED, or why the engine did not start. */
struct view_link *view_link_open(const struct view_link_options *options, struct err *err);
void view_link_free(struct view_link **link);
bool view_link_started(const struct view_link *link); /* the engine was started by this call */
/* Starts an engine and waits until it listens. With die_with_us it ends when we do. pid may be
 * NULL.
 */
int view_engine_start(const char *profile, bool die_with_us, int *pid, struct err *err) must_check;

/* The pieces of the above for callers with a loop of their own, none of which waits. The socket to
 * talk to: the named one, the system's where a unit owns the profile, else the user's; malloc'd.
 * *may_start: an engine may be started for it. */
char *view_engine_socket(const char *profile, const char *socket, bool *may_start);
/* Starts an engine; the descriptor of its first line, or -1. */
int view_engine_spawn(const char *profile, bool die_with_us, struct err *err) must_check;
/* Reads what is there of the first line: 1 it listens, 0 not yet, -1 it ended or said why not. */
int view_engine_spawned(int fd, struct buf *line, int *pid, struct err *err) must_check;

/* Asks and waits; params taken, *result is the caller's. */
int view_call(struct view_link *link, const char *verb, cJSON *take_params, cJSON **result,
              struct err *err) must_check;
/* The same in two steps, for callers that do something while they wait: 1 and *result, 0 not within
 * timeout_ms, -1 the error of the engine or of the link. One question at a time. */
int view_send(struct view_link *link, const char *verb, cJSON *take_params, int *id,
              struct err *err) must_check;
int view_reply(struct view_link *link, int id, int timeout_ms, cJSON **result, struct err *err);
int view_link_fd(const struct view_link *link);
/* Asks for these events (NULL-terminated). */
int view_subscribe(struct view_link *link, const char *const events[], struct err *err) must_check;
/* 1 and *event ({"name","payload"}, the caller's), 0: none within timeout_ms, -1: the link is gone.
 */
int view_event(struct view_link *link, int timeout_ms, cJSON **event, struct err *err);

#endif
