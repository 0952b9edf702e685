/* Unity Catalog as the principal sees it: a metastore, and the tables of the share. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/catalog.h"
#include "model/grant.h"

#include <stdlib.h>
#include <string.h>

#define SPARE_MS 1500 /* of a layer's time, for the last question */

static void finish(struct watch_check *check)
{
    const struct watch_check *c = check;
    cJSON *evidence = watch_evidence(check);
    size_t total = c->share.count;
    base_json_add_i64(evidence, "readable", (int64_t)c->table_good);
    base_json_add_i64(evidence, "total", (int64_t)total);
    if (c->table_bad) {
        struct err err = c->reach_err;
        watch_end(check, WATCH_FAIL, &err, "%zu of %zu readable: %s", c->table_good, c->table_at,
                  err.message);
    } else if (total == 0) {
        watch_end(check, WATCH_OK, NULL, "metastore attached, no table is ticked");
    } else if (c->table_at < total) {
        watch_end(check, WATCH_OK, NULL, "%zu of %zu readable, the others not looked at",
                  c->table_good, total);
    } else {
        watch_end(check, WATCH_OK, NULL, "%zu of %zu readable", c->table_good, total);
    }
}

static void table_next(struct watch_check *check);

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct watch_check *check = user;
    const struct model_name *name = &check->share.tables[check->table_at].name;
    (void)table;
    check->ask = NULL;
    if (err && base_err_class(err->code) == ERR_CLASS_TRANS) {
        watch_fail(check, err); /* not about tables */
        return;
    }
    if (err && check->table_bad++ == 0) {
        char *text = model_name_text(name);
        check->reach_err = *err;
        model_grant_hint(name, check->client_id, &check->reach_err);
        base_json_add_str(watch_evidence(check), "first_unreadable", text);
        if (strstr(check->reach_err.message, text) == NULL)
            base_err_context(&check->reach_err, "%s", text);
        free(text);
    }
    check->table_good += err == NULL;
    check->table_at++;
    table_next(check);
}

static void table_next(struct watch_check *check)
{
    bool late = base_seam_mono_us(check->seam) - check->began_us >
                (int64_t)(WATCH_LAYER_MS - SPARE_MS) * 1000;
    if (check->table_at < check->share.count && !late)
        check->ask = databricks_table_get(check->db, DATABRICKS_PRINCIPAL,
                                          &check->share.tables[check->table_at].name, false,
                                          on_table, check);
    else
        finish(check);
}

static void tables_begin(struct watch_check *check)
{
    check->table_at = check->table_good = check->table_bad = 0;
    check->reach_err = ERR_INIT;
    table_next(check);
}

static void schemas_ask(struct watch_check *check, enum databricks_identity identity);

static void on_schemas(void *user, const struct err *err, struct databricks_system_schemas *schemas)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err && !check->observed && databricks_identity_known(check->db, DATABRICKS_OBSERVER)) {
        check->observed = true;
        schemas_ask(check, DATABRICKS_OBSERVER);
        return;
    }
    if (schemas) { /* mostly only admins may ask; not to know is nothing bad */
        cJSON *list = base_json_add_array(watch_evidence(check), "system_schemas");
        for (size_t i = 0; i < schemas->count; i++) {
            cJSON *item = base_json_object();
            base_json_add_str(item, "schema", schemas->items[i].schema);
            base_json_add_str(item, "state", schemas->items[i].state);
            base_json_push_take(list, item);
        }
    }
    tables_begin(check);
}

static void schemas_ask(struct watch_check *check, enum databricks_identity identity)
{
    check->ask = databricks_workspace_system_schemas(check->db, identity, check->metastore_id,
                                                     on_schemas, check);
}

static void no_metastore(struct watch_check *check, const struct err *cause)
{
    watch_end(check, WATCH_FAIL, cause, "%s",
              cause->code == ERR_SRC_NOT_FOUND ? "no metastore is attached" : cause->message);
}

static void on_metastore(void *user, const struct err *err, struct databricks_metastore *metastore)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err) {
        no_metastore(check, err);
        return;
    }
    cJSON *item = base_json_add_object(watch_evidence(check), "metastore");
    base_json_add_str(item, "id", metastore->id);
    base_json_add_str(item, "name", metastore->name);
    base_json_add_str(item, "cloud", metastore->cloud);
    base_json_add_str(item, "region", metastore->region);
    base_text_clean_into(check->metastore_id, sizeof check->metastore_id,
                         metastore->id ? metastore->id : "");
    if (check->metastore_id[0])
        schemas_ask(check, DATABRICKS_PRINCIPAL);
    else
        tables_begin(check);
}

void watch_look_unity_catalog(struct watch_check *check)
{
    if (check->self->observer_id && check->self->observer_secret)
        databricks_identity_oauth(check->db, DATABRICKS_OBSERVER, check->self->observer_id,
                                  check->self->observer_secret);
    check->ask =
        databricks_workspace_metastore(check->db, DATABRICKS_PRINCIPAL, on_metastore, check);
}
