/* What the files about runs share: the numbers of one under way, what it ran with, and the four
 * blocks of one that failed. */
#ifndef AAMPE_ENGINE_RUNS_H
#define AAMPE_ENGINE_RUNS_H

#include "engine/engine.h"

/* live.c: {"run","batch","phase",...} with all that a struct sync_live has; chunks: packed map. */
cJSON *engine_live_json(struct engine *engine, const struct sync_live *live, const char *chunks);

/* verbs_batches.c */
cJSON *engine_batch_json(const struct store_batch *batch);

/* circumstance.c: settings, secret and program as they are now; as they were for a run (NULL: not
 * kept), with "failed" (how far it came) and "seen" (the table after the failure). The caller's. */
cJSON *engine_circumstances_now(struct engine *engine);
cJSON *engine_circumstances(struct engine *engine, int64_t run);
/* The destination the run wrote to, when that is another than `destination`; malloc'd. NULL: it is
 * the same, or not known. */
char *engine_run_elsewhere(struct engine *engine, int64_t run, const char *destination);
/* At every state of a run. */
void engine_circumstances_keep(struct engine *engine, const struct model_run *run);
void engine_looks_free(struct engine *engine);
/* An item of a verified report is kept as the last check of its run; and read (NULL: none). */
void engine_run_checked(struct engine *engine, const cJSON *table);
cJSON *engine_run_check(struct engine *engine, int64_t run);

/* report.c: "warnings" of a plan, each an error as JSON: what arrives is not what the table holds,
 * and no count of ours can see that (SRC_ROWS_FILTERED). The row filter and the masks of the
 * columns that are read; at most max, the last then counts the rest. No member without any. */
#define ENGINE_WARNINGS_MAX ((size_t)100)
void engine_policies_warn(cJSON *item, const struct model_plan *plan, size_t max);

/* failure.c: "broke", "safe" and "changed" of a run. */
void engine_failure_add(struct engine *engine, cJSON *json, const struct model_run *run);

#endif
