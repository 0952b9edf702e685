/* The chain to the workspace from the first token on: who we are there, and what we may. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "watch/secret.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_WARN_DAYS 14

/* --- token */

static void token_good(struct watch_check *check)
{
    struct err err = ERR_INIT;
    int64_t now = base_seam_now_us(check->seam);
    int minutes = (int)((net_token_expires_us(check->token) - now + 30000000) / 60000000);
    int64_t days = watch_secret_days(check->secret_expires_us, now);
    if (check->secret_expires_us && days <= SECRET_WARN_DAYS) {
        base_err_set(&err, ERR_SRC_AUTH_SECRET_EXPIRING, "the secret ends in %lld days",
                     (long long)(days > 0 ? days : 0));
        watch_end(check, WATCH_WARN, &err, "signed in, but the secret ends in %lld days",
                  (long long)(days > 0 ? days : 0));
    } else if (check->secret_expires_us) {
        watch_end(check, WATCH_OK, NULL, "lives %d m, the secret %lld d", minutes, (long long)days);
    } else {
        watch_end(check, WATCH_OK, NULL, "lives %d m", minutes);
    }
}

static void on_token(void *user, const struct secret *bearer, const struct err *err)
{
    struct watch_check *check = user;
    check->wait = NULL;
    if (err) {
        watch_fail(check, err);
        return;
    }
    databricks_identity_token(check->db, DATABRICKS_PRINCIPAL, bearer);
    token_good(check);
}

void watch_look_sign_in(struct watch_check *check)
{
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "application_id", check->client_id);
    base_json_add_time(evidence, "secret_ends", check->secret_expires_us);
    if (check->client_id == NULL) {
        watch_missing(check, "the application id of the service principal is not set");
    } else if (check->secret == NULL && check->self->vault_err &&
               check->self->vault_err->code != ERR_OK) {
        watch_fail(check, check->self->vault_err);
    } else if (check->secret == NULL) {
        watch_missing(check, "the secret has not been entered");
    } else {
        check->token = net_token_oauth(databricks_http(check->db), check->client_id, check->secret);
        net_token_secret_ends(check->token, check->secret_expires_us);
        check->wait = net_token_get(check->token, on_token, check);
    }
}

/* --- assignment */

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    struct watch_check *check = user;
    struct err disabled = ERR_INIT;
    check->ask = NULL;
    if (err) {
        watch_fail(check, err);
        return;
    }
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "workspace_id", me->workspace_id[0] ? me->workspace_id : NULL);
    base_json_add_str(evidence, "id", me->id);
    base_json_add_str(evidence, "application_id", me->user_name);
    base_json_add_str(evidence, "display_name", me->display_name);
    base_json_add_time(evidence, "server_time", me->server_time_us);
    check->me = *me;
    *me = (struct databricks_me){0};
    if (!check->me.active) {
        base_err_set(&disabled, ERR_SRC_SP_DISABLED, "the service principal is deactivated");
        watch_end(check, WATCH_FAIL, &disabled, "deactivated");
        return;
    }
    watch_end(check, WATCH_OK, NULL, "%s%s%s",
              check->me.display_name ? check->me.display_name : "in this workspace",
              check->me.workspace_id[0] ? ", workspace " : "", check->me.workspace_id);
}

void watch_look_assignment(struct watch_check *check)
{
    check->ask = databricks_workspace_me(check->db, DATABRICKS_PRINCIPAL, on_me, check);
}

/* --- entitlement: the SQL APIs answer */

static void on_warehouses(void *user, const struct err *err,
                          struct databricks_warehouses *warehouses)
{
    struct watch_check *check = user;
    bool own = false;
    check->ask = NULL;
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "id", check->me.id);
    base_json_add_str(evidence, "application_id", check->me.user_name);
    cJSON *list = base_json_add_array(evidence, "entitlements");
    for (size_t i = 0; i < check->me.entitlement_count; i++) {
        base_json_push_take(list, cJSON_CreateString(check->me.entitlements[i]));
        own |= strcmp(check->me.entitlements[i], "databricks-sql-access") == 0;
    }
    if (err) {
        watch_fail(check, err);
        return;
    }
    cJSON_Delete(check->warehouses);
    check->warehouses = cJSON_CreateArray();
    for (size_t i = 0; i < warehouses->count && i < 100; i++) {
        cJSON *item = base_json_object();
        base_json_add_str(item, "id", warehouses->items[i].id);
        base_json_add_str(item, "name", warehouses->items[i].name);
        base_json_add_str(item, "state", warehouses->items[i].state);
        base_json_add_str(item, "size", warehouses->items[i].size);
        base_json_push_take(check->warehouses, item);
    }
    watch_end(check, WATCH_OK, NULL, "Databricks SQL access%s", own ? "" : ", through a group");
}

void watch_look_entitlement(struct watch_check *check)
{
    check->ask = databricks_warehouse_list(check->db, DATABRICKS_PRINCIPAL, on_warehouses, check);
}

/* --- warehouse */

static void warehouse_state(struct watch_check *check)
{
    struct err err = ERR_INIT;
    const struct databricks_warehouse *warehouse = &check->warehouse;
    const char *state = warehouse->state ? warehouse->state : "state not told";
    const char *name = warehouse->name ? warehouse->name : check->warehouse_id;
    if (strncmp(state, "DELET", 5) == 0) {
        base_err_set(&err, ERR_SRC_WH_NOT_FOUND, "the warehouse is being deleted");
        watch_end(check, WATCH_FAIL, &err, "%s %s", name, state);
    } else if (warehouse->health && strcmp(warehouse->health, "FAILED") == 0) {
        base_err_set(&err, ERR_SRC_WH_START_FAILED, "%s",
                     warehouse->health_reason ? warehouse->health_reason : "health FAILED");
        watch_end(check, WATCH_FAIL, &err, "%s %s, health FAILED", name, state);
    } else if (strcmp(state, "RUNNING") == 0) {
        watch_end(check, WATCH_OK, NULL, "%s RUNNING", name);
    } else if (check->may_start) {
        base_err_set(&err, ERR_SRC_WH_STOPPED, "the warehouse does not run now");
        base_err_hint(
            &err,
            "The next sync starts it, which takes a while; whether it may is not tried here.");
        watch_end(check, WATCH_WARN, &err, "%s %s", name, state);
    } else {
        base_err_set(&err, ERR_SRC_WH_STOPPED,
                     "the warehouse does not run, and warehouse.start is off");
        base_err_hint(&err, "Start it before the next sync, or set warehouse.start to true.");
        watch_end(check, WATCH_WARN, &err, "%s %s, and we may not start it", name, state);
    }
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct watch_check *check = user;
    check->ask = NULL;
    cJSON *evidence = watch_evidence(check);
    if (check->warehouses)
        base_json_add_take(evidence, "warehouses", check->warehouses);
    check->warehouses = NULL;
    base_json_add_str(evidence, "id", check->warehouse_id);
    if (err) {
        watch_fail(check, err);
        return;
    }
    databricks_warehouse_free(&check->warehouse);
    check->warehouse = *warehouse;
    *warehouse = (struct databricks_warehouse){0};
    base_json_add_str(evidence, "state", check->warehouse.state);
    base_json_add_str(evidence, "health", check->warehouse.health);
    warehouse_state(check);
}

void watch_look_warehouse(struct watch_check *check)
{
    if (check->warehouse_id == NULL)
        watch_missing(check, "no warehouse has been chosen");
    else
        check->ask = databricks_warehouse_get(check->db, DATABRICKS_PRINCIPAL, check->warehouse_id,
                                              on_warehouse, check);
}

const struct watch_step watch_chain_workspace[] = {{"dns", watch_look_dns},
                                                   {"proxy", watch_look_proxy},
                                                   {"tcp", watch_look_tcp},
                                                   {"tls", watch_look_tls},
                                                   {"ip_list", watch_look_ip_list},
                                                   {"token", watch_look_sign_in},
                                                   {"assignment", watch_look_assignment},
                                                   {"entitlement", watch_look_entitlement},
                                                   {"warehouse", watch_look_warehouse},
                                                   {"unity_catalog", watch_look_unity_catalog},
                                                   {"result_hosts", watch_look_result_hosts},
                                                   {NULL, NULL}};
