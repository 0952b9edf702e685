/* The plan as it would be now, for `sync plan`. */
#include "sync/internal.h"

#include "base/alloc.h"
#include "model/grant.h"

#include <stdlib.h>
#include <string.h>

struct preview {
    struct sync *sync;
    struct preview *next;
    struct sync_planner *planner;
    struct model_name table;
    char *destination;
    void (*done)(void *user, const struct sync_preview *preview, const struct err *err);
    void *user;
};

static int64_t rows_last_time(struct sync *sync, const struct model_name *table)
{
    struct store_run_filter filter = {.table = table, .limit = 20};
    struct model_run *runs = NULL;
    size_t count = 0;
    int64_t rows = -1;
    if (store_run_list(sync->deps.store, &filter, &runs, &count, NULL, NULL))
        return -1;
    for (size_t i = 0; i < count && rows < 0; i++)
        if (runs[i].state == RUN_RECORDED || runs[i].state == RUN_CLEANED)
            rows = runs[i].counts.file_rows;
    store_runs_free(runs, count);
    return rows;
}

static void preview_free(struct preview *p)
{
    struct preview **at = &p->sync->previews;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    model_name_free(&p->table);
    free(p->destination);
    free(p);
}

static void preview_done(void *user, struct sync_planned *planned, const struct err *err)
{
    struct preview *p = user;
    p->planner = NULL;
    if (err) {
        struct err told = *err;
        model_grant_hint(&p->table, p->sync->deps.settings.principal, &told);
        p->done(p->user, NULL, &told);
    } else {
        struct sync_preview out = {
            .plan = planned->plan,
            .unpinned = planned->unpinned_why != NULL,
            .unpinned_why = planned->unpinned_why,
            .refused = planned->refused,
            .refused_err = planned->refused_err,
            .rows_estimated = rows_last_time(p->sync, &p->table),
            .destination = p->destination,
        };
        p->done(p->user, &out, NULL);
    }
    preview_free(p);
}

void sync_plan_preview(struct sync *sync, const struct sync_request *request,
                       void (*done)(void *user, const struct sync_preview *preview,
                                    const struct err *err),
                       void *user)
{
    struct preview *p = base_alloc_zero(1, sizeof *p);
    p->sync = sync;
    p->table = model_name_dup(&request->table->name);
    p->destination = request->destination ? base_strdup(request->destination)
                                          : model_name_path(&request->table->name);
    p->done = done;
    p->user = user;
    p->next = sync->previews;
    sync->previews = p;
    p->planner = sync_planner_new(sync, request->table, preview_done, p);
}

void sync_previews_drop(struct sync *sync)
{
    while (sync->previews) {
        sync_planner_cancel(&sync->previews->planner);
        preview_free(sync->previews);
    }
}
