/* The steps of set-up, shared by the two files that serve them. */
#ifndef AAMPE_ENGINE_SETUP_H
#define AAMPE_ENGINE_SETUP_H

#include "engine/engine.h"
#include "watch/check.h"

enum setup_step {
    SETUP_WORKSPACE,
    SETUP_PRINCIPAL,
    SETUP_SECRET,
    SETUP_WAREHOUSE,
    SETUP_TABLES,
    SETUP_DESTINATION,
    SETUP_FIRST_SYNC,
    SETUP_STEPS
};

/* What the last look at a step saw; of no worth once its key no longer fits the settings. */
struct setup_verdict {
    char *key;
    cJSON *layers;
    enum watch_state state; /* the worst layer, not reached aside */
    struct err err;
    int64_t at_us;
};

/* A check under way. */
struct setup_run {
    struct engine *engine;
    enum setup_step step;
    int64_t job;
    bool trial; /* of a value that is not saved: leaves no verdict */
    struct watch_check *check;
    struct setup_verdict verdict; /* being made */
    struct setup_run *next;
};

struct engine_setup {
    struct setup_verdict verdicts[SETUP_STEPS];
    struct setup_run *runs;
    uint64_t timer; /* looks again at what waits for somebody else */
};

/* setup_list.c */
const char *setup_step_id(enum setup_step step);
/* SETUP_STEPS when there is none of this name. */
enum setup_step setup_step_by_id(const char *id);
/* The setting that is the step's answer; CONFIG_SETTING_COUNT: it has none. */
enum config_setting setup_step_setting(enum setup_step step);
/* Everything the outcome of a step hangs on, as text. */
char *setup_step_key(struct engine *engine, enum setup_step step);
/* Somebody else has to act before this goes away. */
bool setup_waits_for_others(enum err_code code);
struct engine_setup *setup_of(struct engine *engine);
/* The verdict that still holds, or NULL. */
const struct setup_verdict *setup_verdict_now(struct engine *engine, enum setup_step step);
/* There is an answer, good or not. */
bool setup_step_answered(struct engine *engine, enum setup_step step);

/* verbs_setup.c: looks at every step that has an answer nobody has looked at yet. True: some. */
bool setup_look_at_all(struct engine *engine);

#endif
