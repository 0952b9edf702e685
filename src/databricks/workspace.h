/* Who we are and where: Me, metastore, discovery. databricks-api.md 1.1, 3.1 rows 1-2, 6.1. */
#ifndef AAMPE_DATABRICKS_WORKSPACE_H
#define AAMPE_DATABRICKS_WORKSPACE_H

#include "databricks/client.h"

struct databricks_me {
    char *id;        /* numeric SCIM id as text */
    char *user_name; /* application id of a service principal, e-mail of a user */
    char *display_name;
    bool active;
    char **groups; /* display names */
    size_t group_count;
    char **entitlements;
    size_t entitlement_count;
    char workspace_id[32];  /* of the x-databricks-org-id header; "" when absent */
    int64_t server_time_us; /* Date header; 0: absent */
};
void databricks_me_free(struct databricks_me *me);
struct databricks_call *
databricks_workspace_me(struct databricks *db, enum databricks_identity identity,
                        void (*done)(void *user, const struct err *err, struct databricks_me *me),
                        void *user);

struct databricks_metastore {
    char *id, *name, *cloud, *region, *global_id, *owner, *privilege_model;
    bool external_access;
    char *default_catalog; /* assignment only */
    int64_t workspace_id;  /* assignment only; 0: not known */
};
void databricks_metastore_free(struct databricks_metastore *metastore);
struct databricks_call *databricks_workspace_metastore(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_metastore *metastore),
    void *user);
/* current-metastore-assignment: id, default_catalog, workspace_id. */
struct databricks_call *databricks_workspace_assignment(
    struct databricks *db, enum databricks_identity identity,
    void (*done)(void *user, const struct err *err, struct databricks_metastore *metastore),
    void *user);

struct databricks_discovery {
    char *oidc_endpoint, *account_id, *workspace_id, *cloud, *host_type;
};
void databricks_discovery_free(struct databricks_discovery *discovery);
/* /.well-known/databricks-config; needs no identity. */
struct databricks_call *databricks_workspace_discover(
    struct databricks *db,
    void (*done)(void *user, const struct err *err, struct databricks_discovery *discovery),
    void *user);
/* The sign-in metadata, /oidc/.well-known/oauth-authorization-server: what every workspace has, and
 * what a network that is not let in does not get. oidc_endpoint is the token endpoint;
 * SRC_HOST_WRONG when the answer names none. Needs no identity. */
struct databricks_call *databricks_workspace_signin(
    struct databricks *db,
    void (*done)(void *user, const struct err *err, struct databricks_discovery *discovery),
    void *user);

/* System schemas of a metastore and whether they are on. databricks-api.md 9. SRC_PERM_DENIED
 * unless the caller is an admin of the metastore. */
struct databricks_system_schemas {
    struct databricks_system_schema {
        char *schema, *state; /* "access"; "ENABLE_COMPLETED", ...; kept as sent */
    } * items;
    size_t count;
};
void databricks_system_schemas_free(struct databricks_system_schemas *schemas);
struct databricks_call *databricks_workspace_system_schemas(
    struct databricks *db, enum databricks_identity identity, const char *metastore_id,
    void (*done)(void *user, const struct err *err, struct databricks_system_schemas *schemas),
    void *user);

#endif
