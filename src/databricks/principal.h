/* Service principals and their OAuth secrets, as far as they may be read. databricks-api.md 6.1,
 * 6.3. */
#ifndef AAMPE_DATABRICKS_PRINCIPAL_H
#define AAMPE_DATABRICKS_PRINCIPAL_H

#include "databricks/client.h"

struct databricks_principal {
    char *id;             /* numeric, as text: what the secrets are asked by */
    char *application_id; /* UUID: what grants and tokens use */
    char *display_name;
    bool active;
};
void databricks_principal_free(struct databricks_principal *principal);
/* By application id, over SCIM. SRC_NOT_FOUND when nobody of that id is in the workspace. */
struct databricks_call *databricks_principal_find(
    struct databricks *db, enum databricks_identity identity, const char *application_id,
    void (*done)(void *user, const struct err *err, struct databricks_principal *principal),
    void *user);

struct databricks_secret_info {
    char *id;
    char fingerprint[9]; /* first 8 digits of its hash; "" when none came */
    int64_t created_us;
    int64_t expires_us; /* 0: never ends (made before 2025) */
};
struct databricks_secret_infos {
    struct databricks_secret_info *items;
    size_t count;
};
void databricks_secret_infos_free(struct databricks_secret_infos *secrets);
/* All pages, by the workspace's form of the address. Never a value: the service gives one only when
 * a secret is made. SRC_PERM_DENIED unless the caller is a workspace admin or manages the service
 * principal. */
struct databricks_call *databricks_principal_secrets(
    struct databricks *db, enum databricks_identity identity, const char *principal_id,
    void (*done)(void *user, const struct err *err, struct databricks_secret_infos *secrets),
    void *user);

#endif
