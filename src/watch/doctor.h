/* The doctor: three chains of layers (here, workspace, destination) that do not depend on each
 * other, looked at at the same time, each layer for at most ten seconds. Changes nothing: no
 * warehouse is started, no folder made, no state opened for writing. */
#ifndef AAMPE_WATCH_DOCTOR_H
#define AAMPE_WATCH_DOCTOR_H

#include "model/name.h"
#include "store/health.h"
#include "store/vault.h"
#include "watch/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_CHAINS 3
const char *watch_chain_id(size_t chain); /* "here", "workspace", "destination" */
enum watch_kind watch_chain_kind(size_t chain);

/* A table of the share as the state remembers it: what should lie at the destination. */
struct watch_whole {
    struct model_name name;
    char sync_uuid[37];
    char *table_path;
    int64_t run_seq; /* 0: nothing of it has been published yet */
    int attempt;
    char *elsewhere; /* the destination it was written to, where that is not the one now; or NULL */
    struct err *damage; /* what reading its files back found wrong with them; NULL: nothing */
};

/* What is known of the engine from outside. */
struct watch_engine {
    struct err err;                                 /* ERR_OK: it answers */
    char *text;                                     /* what there is to say of it */
    char *version, *holder, *last_line, *last_code; /* NULL: not known */
    int64_t pid;                                    /* 0: not known */
};

/* What only the caller knows. Everything is borrowed and must outlive the doctor; the thread of a
 * layer works on copies. */
struct watch_self {
    const char *version, *profile;
    bool unit;                         /* a systemd unit owns the profile */
    int64_t started_us;                /* of the engine that asks */
    const struct watch_engine *engine; /* NULL: it is the engine that asks */
    const struct err *profile_err;     /* the profile cannot be read; NULL or ERR_OK: it can */
    const struct err *vault_err;       /* secrets are there and cannot be had; NULL: they can */
    const char *state_folder;
    struct store_state *state;   /* open here; NULL: looked at from outside, without disturbing */
    const struct err *state_err; /* why that could not be; NULL: it could */
    const struct store_health *health; /* what that saw; NULL: nothing */
    struct store_vault_settings vault;
    int64_t memory_limit;
    const struct watch_whole *tables;
    size_t table_count;
    bool tables_known; /* the state could be asked what should be there */
    const char *const *link_hosts;
    size_t link_host_count;
    const char *const *result_hosts; /* "host:port" that links have named before */
    size_t result_host_count;
    const char *observer_id; /* NULL: there is none */
    const struct secret *observer_secret;
};

struct watch_doctor;
struct watch_doctor_listener {
    void (*begin)(void *user, size_t chain, const char *layer);
    /* known: this was seen although the layer was not reached; then layer->state is what it would
     * have been. */
    void (*layer)(void *user, size_t chain, const struct watch_layer *layer, bool known);
    void (*done)(void *user); /* once, after all; it may be freed in it */
    void *user;
};
/* How many layers of a chain are looked at with `only` (a layer, a chain or NULL): what is behind
 * them is not asked. USAGE when there is nothing of that name. */
int watch_doctor_asked(const char *only, size_t asked[WATCH_CHAINS], struct err *err) must_check;
/* target->self is needed; nothing is called from inside. */
struct watch_doctor *watch_doctor_new(const struct watch_target *target,
                                      const size_t asked[WATCH_CHAINS],
                                      const struct watch_doctor_listener *listener);
/* Also while it runs. */
void watch_doctor_free(struct watch_doctor **doctor);

#endif
