/* SQL warehouses. databricks-api.md 5. */
#ifndef AAMPE_DATABRICKS_WAREHOUSE_H
#define AAMPE_DATABRICKS_WAREHOUSE_H

#include "databricks/client.h"

struct databricks_warehouse {
    char *id, *name;
    char *state; /* STARTING RUNNING STOPPING STOPPED DELETING DELETED; kept as sent */
    char *size, *type;
    char *health;        /* NULL: healthy */
    char *health_reason; /* cleaned text or NULL */
    bool serverless;
    int64_t auto_stop_minutes;
};
struct databricks_warehouses {
    struct databricks_warehouse *items;
    size_t count;
};
void databricks_warehouse_free(struct databricks_warehouse *warehouse);
void databricks_warehouses_free(struct databricks_warehouses *warehouses);

/* All pages. */
struct databricks_call *databricks_warehouse_list(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_warehouses *warehouses),
    void *user);
/* SRC_WH_NOT_FOUND, SRC_WH_NO_CAN_USE. */
struct databricks_call *databricks_warehouse_get(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*done)(void *user, const struct err *err, struct databricks_warehouse *warehouse),
    void *user);
/* Harmless when it runs. SRC_WH_START_DENIED. */
struct databricks_call *
databricks_warehouse_start(struct databricks *db, enum databricks_identity identity, const char *id,
                           void (*done)(void *user, const struct err *err), void *user);

#endif
