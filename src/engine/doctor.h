/* The doctor as the engine and `aampe-syncd --doctor` run it: gathers what it looks at, makes the
 * one document of it, remembers what was last known. */
#ifndef AAMPE_ENGINE_DOCTOR_H
#define AAMPE_ENGINE_DOCTOR_H

#include "engine/engine.h"
#include "watch/doctor.h"

#define ENGINE_FACT_DOCTOR "doctor" /* what the doctor saw, and what was last known */

engine_verb_fn engine_verb_doctor_run, engine_verb_doctor_show;
/* verbs_doctor.c: ends the examination under way. */
void engine_doctor_free(struct engine *engine);
/* What the last examination left, also that of an engine before this; NULL: none. The caller's. */
cJSON *engine_doctor_kept(struct engine *engine);
/* attention.c: the last reading back as it was kept: {"time","tables","files","damaged":[{"name",
 * "run","code","message","hint"}]}, of which some may have been published anew since. NULL: none.
 * The caller's. */
cJSON *engine_check_get(struct engine *engine);
/* engine.c, for a look from outside: fills paths (from the name) and the profile of an engine that
 * is zero but for its name and seam; engine_close undoes it. Opens and makes nothing. */
void engine_outline(struct engine *engine);

/* doctor_record.c: the document {"profile","running","job",...,"chains":[...]}. */
struct doctor_record;
/* known: what was last known of each layer by its id, {"state","text","at"}; borrowed for the call,
 * may be NULL. about: of each chain, may be NULL. began_us 0: nobody has looked yet. */
struct doctor_record *doctor_record_new(const char *profile, const char *by, int64_t job,
                                        int64_t began_us, const char *const about[WATCH_CHAINS],
                                        const cJSON *known);
void doctor_record_free(struct doctor_record **record);
/* Each returns the layer's object, borrowed. known: it was not reached, but this was seen of it. */
const cJSON *doctor_record_begin(struct doctor_record *record, size_t chain, const char *layer);
const cJSON *doctor_record_layer(struct doctor_record *record, size_t chain,
                                 const struct watch_layer *layer, bool known, int64_t now_us);
void doctor_record_end(struct doctor_record *record, int64_t now_us);
/* Borrowed: the document, and what is known of the layers by now. */
const cJSON *doctor_record_json(const struct doctor_record *record);
const cJSON *doctor_record_known(const struct doctor_record *record);
/* What the command exits with: 0 all well, 3 warnings only, 4 the first failure is a matter of
 * rights, else 1. */
int doctor_record_exit(const struct doctor_record *record);

/* doctor_run.c: one examination. */
struct doctor_run;
struct doctor_listener {
    void (*layer)(void *user, const char *chain, const cJSON *layer); /* may be NULL */
    void (*done)(void *user); /* once; the run may be freed in it */
    void *user;
};
/* engine: as far as it is open; state and vault may be missing. outside: what was seen of the
 * engine from outside; NULL: this is it. state_err: why the state could not be opened, or NULL;
 * in_use: it is an engine's, and what is open here a copy. Borrowed all while it runs. USAGE for an
 * unknown `only`. */
struct doctor_run *doctor_run_new(struct engine *engine, const struct watch_engine *outside,
                                  const struct err *state_err, bool in_use, const char *only,
                                  int64_t job, const struct doctor_listener *listener,
                                  struct err *err);
void doctor_run_free(struct doctor_run **run);
int64_t doctor_run_job(const struct doctor_run *run);
const struct doctor_record *doctor_run_record(const struct doctor_run *run);
/* There is no room for what is to be kept. */
bool doctor_run_disk_full(const struct doctor_run *run);
/* What is to be kept for the next time: {"known","hosts","report"}; the caller's. */
cJSON *doctor_run_keep(const struct doctor_run *run);

/* doctor_offline.c: `aampe-syncd --doctor`: prints the document, returns the exit code. */
int engine_doctor_offline(const char *profile, const char *version, const char *only);

#endif
