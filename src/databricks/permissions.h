/* Grants on securables, direct and effective. databricks-api.md 3.6. All pages are walked. */
#ifndef AAMPE_DATABRICKS_PERMISSIONS_H
#define AAMPE_DATABRICKS_PERMISSIONS_H

#include "databricks/client.h"

struct databricks_grant {
    char *principal;      /* application id, e-mail or group */
    char *privilege;      /* USE_CATALOG, SELECT, ...; underscores */
    char *inherited_type; /* "catalog", "schema", ...; NULL: granted here */
    char *inherited_name;
};
struct databricks_grants {
    struct databricks_grant *items;
    size_t count;
    bool direct_only; /* effective ones were asked for, and the server has none: what is inherited
                         is not listed */
};
void databricks_grants_free(struct databricks_grants *grants);

/* type: "catalog", "schema", "table" (views too), "metastore", ...; full_name as the API writes it,
 * unquoted; principal filters, NULL = all that may be seen. */
struct databricks_call *databricks_permissions_get(
    struct databricks *db, enum databricks_identity identity, const char *type,
    const char *full_name, const char *principal,
    void (*done)(void *user, const struct err *err, struct databricks_grants *grants), void *user);
/* Where the server has no effective permissions (Unity Catalog's open-source server), the direct
 * ones, marked direct_only. */
struct databricks_call *databricks_permissions_effective(
    struct databricks *db, enum databricks_identity identity, const char *type,
    const char *full_name, const char *principal,
    void (*done)(void *user, const struct err *err, struct databricks_grants *grants), void *user);

#endif
