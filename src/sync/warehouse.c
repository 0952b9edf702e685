/* The warehouse, before a statement is given to it: any statement starts one that is stopped, and
 * that costs money. It is looked at first, said, and not done where the settings forbid it. */
#include "sync/internal.h"

#include "base/alloc.h"
#include "databricks/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define FRESH_US ((int64_t)30 * 1000000)

struct sync_warehouse_look {
    struct sync *sync;
    struct databricks_call *call;
    uint64_t timer;
    void (*done)(void *user, const struct err *err);
    void *user;
};

static bool resting(const struct sync *sync)
{
    return strcmp(sync->warehouse_state, "STOPPED") == 0 ||
           strcmp(sync->warehouse_state, "STOPPING") == 0;
}

static void look_end(struct sync_warehouse_look *look, const struct err *err)
{
    void (*done)(void *user, const struct err *err) = look->done;
    void *user = look->user;
    free(look);
    done(user, err);
}

static void verdict(struct sync_warehouse_look *look)
{
    struct sync *sync = look->sync;
    struct err err = ERR_INIT;
    if (!resting(sync) || !sync->deps.settings.no_warehouse_start) {
        look_end(look, NULL);
        return;
    }
    base_err_set(&err, ERR_SRC_WH_START_DENIED,
                 "warehouse \"%s\" is %s, and \"warehouse.start\" is false", sync->warehouse_name,
                 sync->warehouse_state);
    base_err_hint(&err, "Start it in the workspace, or let statements start it: "
                        "aampe-console config set warehouse.start true");
    look_end(look, &err);
}

static void keep(struct sync *sync, const char *name, const char *state)
{
    free(sync->warehouse_name);
    free(sync->warehouse_state);
    sync->warehouse_name = base_strdup(name ? name : "");
    sync->warehouse_state = base_strdup(state ? state : "");
    sync->warehouse_seen_us = base_seam_mono_us(sync->deps.seam);
}

static void on_looked(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct sync_warehouse_look *look = user;
    look->call = NULL;
    if (err) /* the statement itself will say what is wrong, with its own code */
        keep(look->sync, "", "");
    else
        keep(look->sync, warehouse->name, warehouse->state);
    verdict(look);
}

static void on_known(void *user)
{
    struct sync_warehouse_look *look = user;
    look->timer = 0;
    verdict(look);
}

struct sync_warehouse_look *sync_warehouse_look_new(struct sync *sync,
                                                    void (*done)(void *user, const struct err *err),
                                                    void *user)
{
    struct sync_warehouse_look *look = base_alloc_zero(1, sizeof *look);
    int64_t age = base_seam_mono_us(sync->deps.seam) - sync->warehouse_seen_us;
    look->sync = sync;
    look->done = done;
    look->user = user;
    if (sync->warehouse_state && !resting(sync) && age < FRESH_US)
        look->timer = net_loop_after(sync->deps.loop, 0, on_known, look);
    else
        look->call = databricks_warehouse_get(sync->deps.databricks, SYNC_IDENTITY,
                                              sync->deps.settings.warehouse_id, on_looked, look);
    return look;
}

void sync_warehouse_look_cancel(struct sync_warehouse_look **look)
{
    struct sync_warehouse_look *gone = *look;
    *look = NULL;
    if (!gone)
        return;
    databricks_cancel(&gone->call);
    net_loop_cancel_timer(gone->sync->deps.loop, gone->timer);
    free(gone);
}

void sync_warehouse_used(struct sync *sync)
{
    struct base_log *log = sync->deps.log;
    if (!sync->warehouse_state || !resting(sync))
        return;
    base_log_event(log, LOG_INFO_, "warehouse.start", "name", sync->warehouse_name, "state",
                   sync->warehouse_state, NULL);
    if (sync->listener.on_warehouse_start)
        sync->listener.on_warehouse_start(sync->listener.user, sync->warehouse_name,
                                          sync->warehouse_state);
    char *name = base_strdup(sync->warehouse_name);
    keep(sync, name, "STARTING");
    free(name);
}
