/* The warehouse: is it there, may it be used, does it run, does it answer. A check never starts one
 * unless it was asked to, because that costs money. */
#include "watch/private.h"

#include "base/alloc.h"
#include "databricks/statement.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_MS 500

static void warehouse_ask(struct watch_check *check,
                          void (*done)(void *, const struct err *, struct databricks_warehouse *))
{
    check->ask =
        databricks_warehouse_get(check->db, DATABRICKS_PRINCIPAL, check->warehouse_id, done, check);
}

static void warehouse_keep(struct watch_check *check, struct databricks_warehouse *warehouse)
{
    databricks_warehouse_free(&check->warehouse);
    check->warehouse = *warehouse;
    *warehouse = (struct databricks_warehouse){0};
}

static bool state_is(const struct watch_check *check, const char *state)
{
    return check->warehouse.state && strcmp(check->warehouse.state, state) == 0;
}

static void on_exists(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err && err->code == ERR_SRC_WH_NO_CAN_USE) {
        check->reach_err = *err; /* it is there: the next layer is the one that fails */
        watch_end(check, WATCH_OK, NULL, "it is there");
    } else if (err) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
    } else {
        warehouse_keep(check, warehouse);
        watch_end(check, WATCH_OK, NULL, "%s%s%s%s",
                  check->warehouse.name ? check->warehouse.name : check->warehouse_id,
                  check->warehouse.size ? ", " : "",
                  check->warehouse.size ? check->warehouse.size : "",
                  check->warehouse.serverless ? ", serverless" : "");
    }
}

static void look_exists(struct watch_check *check)
{
    struct err err = ERR_INIT;
    const char *what = check->warehouse_id == NULL ? "no warehouse has been chosen yet"
                       : check->client_id == NULL || check->secret == NULL
                           ? "the service principal and its secret come first"
                           : NULL;
    if (what) {
        base_err_set(&err, ERR_CONFIG_MISSING, "%s", what);
        base_err_hint(&err, "Enter it in its step.");
        watch_end(check, WATCH_MISSING, &err, "%s", what);
        return;
    }
    if (watch_workspace(check) == NULL)
        return;
    databricks_identity_oauth(check->db, DATABRICKS_PRINCIPAL, check->client_id, check->secret);
    warehouse_ask(check, on_exists);
}

static void look_can_use(struct watch_check *check)
{
    if (check->reach_err.code != ERR_OK)
        watch_end(check, WATCH_FAIL, &check->reach_err, "%s", check->reach_err.message);
    else
        watch_end(check, WATCH_OK, NULL, "the principal may");
}

static void look_state(struct watch_check *check)
{
    struct err err = ERR_INIT;
    const char *state = check->warehouse.state ? check->warehouse.state : "not told";
    if (strncmp(state, "DELET", 5) == 0) {
        base_err_set(&err, ERR_SRC_WH_NOT_FOUND, "the warehouse is being deleted");
        watch_end(check, WATCH_FAIL, &err, "%s", state);
    } else if (check->warehouse.health && strcmp(check->warehouse.health, "HEALTHY") != 0) {
        base_err_set(&err, ERR_SRC_WH_START_FAILED, "%s",
                     check->warehouse.health_reason ? check->warehouse.health_reason
                                                    : check->warehouse.health);
        watch_end(check, WATCH_WARN, &err, "%s, health %s", state, check->warehouse.health);
    } else {
        watch_end(check, WATCH_OK, NULL, "%s", state);
    }
}

static void started_again(void *user);

static void on_starting(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
        return;
    }
    warehouse_keep(check, warehouse);
    if (state_is(check, "RUNNING")) {
        watch_end(check, WATCH_OK, NULL, "it runs now");
    } else if (base_seam_mono_us(check->seam) - check->began_us >
               (int64_t)(WATCH_LAYER_MS - 1500) * 1000) {
        struct err slow = ERR_INIT;
        base_err_set(&slow, ERR_SRC_WH_STOPPED, "the warehouse is still starting");
        base_err_hint(&slow, "One that is not serverless takes minutes: check again with `c`.");
        watch_end(check, WATCH_WARN, &slow, "still %s; minutes are usual when not serverless",
                  check->warehouse.state ? check->warehouse.state : "starting");
    } else {
        check->again = net_loop_after(check->loop, LOOK_AGAIN_MS, started_again, check);
    }
}

static void started_again(void *user)
{
    struct watch_check *check = user;
    check->again = 0;
    warehouse_ask(check, on_starting);
}

static void on_started(void *user, const struct err *err)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err)
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
    else
        warehouse_ask(check, on_starting);
}

static void look_starts(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (state_is(check, "RUNNING")) {
        watch_end(check, WATCH_OK, NULL, "it runs already");
    } else if (check->start) {
        check->ask = databricks_warehouse_start(check->db, DATABRICKS_PRINCIPAL,
                                                check->warehouse_id, on_started, check);
    } else if (state_is(check, "STARTING")) {
        warehouse_ask(check, on_starting);
    } else if (!check->may_start) {
        base_err_set(&err, ERR_SRC_WH_STOPPED,
                     "the warehouse is stopped, and warehouse.start is off");
        base_err_hint(&err, "Start it by hand before a sync, or set warehouse.start to true.");
        watch_end(check, WATCH_WARN, &err, "stopped, and we may not start it");
    } else {
        watch_end(check, WATCH_OK, NULL, "not tried: `c` asks first, because it costs");
    }
}

static void on_query(void *user, const struct err *err, struct databricks_query *query)
{
    struct watch_check *check = user;
    (void)query;
    check->ask = NULL;
    if (err)
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
    else
        watch_end(check, WATCH_OK, NULL, "SELECT 1 came back");
}

static void look_statement(struct watch_check *check)
{
    if (state_is(check, "RUNNING"))
        check->ask = databricks_query_json(check->db, DATABRICKS_PRINCIPAL, check->warehouse_id,
                                           "SELECT 1", NULL, 0, 1, on_query, check);
    else
        watch_end(check, WATCH_OK, NULL, "not tried: it does not run now");
}

const struct watch_step watch_steps_warehouse[] = {{"exists", look_exists},
                                                   {"can use", look_can_use},
                                                   {"state", look_state},
                                                   {"starts", look_starts},
                                                   {"runs a statement", look_statement},
                                                   {NULL, NULL}};
