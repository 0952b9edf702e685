/* Planning: what will be read, found out from the workspace; and the plan of an intent, before
 * that. */
#ifndef AAMPE_SYNC_PLAN_H
#define AAMPE_SYNC_PLAN_H

#include "base/err.h"
#include "model/plan.h"
#include "model/share.h"

#include <stdbool.h>

struct sync;
struct sync_planner;
/* What planning found. */
struct sync_planned {
    struct model_plan plan;
    const char *unpinned_why; /* NULL: pinned */
    struct model_schema refused;
    struct err refused_err;
};
void sync_planned_free(struct sync_planned *planned);
/* done is called once with planned (may be taken by copying and zeroing) or err; the planner is
 * dead then. */
struct sync_planner *sync_planner_new(struct sync *sync, const struct model_share_table *table,
                                      void (*done)(void *user, struct sync_planned *planned,
                                                   const struct err *err),
                                      void *user);
/* Its statement is under way. */
bool sync_planner_at_warehouse(const struct sync_planner *planner);
void sync_planner_cancel(struct sync_planner **planner);
/* The plan of the intent: what was asked, before the workspace is looked at. */
bool sync_plan_is_intent(const struct model_plan *plan);
struct model_plan sync_plan_intent(const struct model_share_table *table, const char *codec);
/* The request a stored plan came from. */
struct model_share_table sync_plan_request(const struct model_plan *plan);
void sync_share_table_free(struct model_share_table *table);
struct model_share_table sync_share_table_dup(const struct model_share_table *table);

#endif
