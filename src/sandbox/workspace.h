/* What the sandbox workspace holds besides rows: principals, groups, securables, grants,
 * warehouses. One lock (workspace_lock) guards it all; the HTTP threads and the SQL front end take
 * it for short reads. */
#ifndef AAMPE_SANDBOX_WORKSPACE_H
#define AAMPE_SANDBOX_WORKSPACE_H

#include "base/map.h"
#include "base/seam.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

enum sandbox_principal_kind { SANDBOX_USER, SANDBOX_SERVICE_PRINCIPAL, SANDBOX_GROUP };

/* Entitlements, as a set of bits. */
enum sandbox_entitlement {
    SANDBOX_WORKSPACE_ACCESS = 1,
    SANDBOX_SQL_ACCESS = 2,
    SANDBOX_CLUSTER_CREATE = 4,
    SANDBOX_POOL_CREATE = 8,
    SANDBOX_CONSUME = 16
};

struct sandbox_principal {
    enum sandbox_principal_kind kind;
    char *name; /* what grants use: e-mail, applicationId UUID, group display name */
    char *display_name;
    char *scim_id;     /* numeric text */
    char *external_id; /* what an identity provider calls it, or NULL */
    bool active, workspace_admin, metastore_admin, account_admin;
    bool assigned;           /* to this workspace; one of the account alone is not */
    unsigned entitlements;   /* its own; groups give theirs too */
    vec_of(char *) members;  /* groups: names of principals */
    vec_of(char *) managers; /* service principals: who may manage their secrets */
};

struct sandbox_column {
    char *name, *type_text /* lower-case catalog string: "decimal(10,2)" */, *comment;
    bool nullable;
    int partition_index; /* -1 */
    char *mask_function;
};

struct sandbox_table; /* rows: data.h */
struct sandbox_maker; /* maker.h */

/* A catalog opened to one workspace. */
struct sandbox_binding {
    int64_t workspace_id;
    bool read_only;
};

struct sandbox_securable {
    int kind;        /* 'M' metastore, 'C' catalog, 'S' schema, 'T' table or view */
    char *full_name; /* "shop.aampe.events"; metastore: its id */
    char *catalog, *schema, *name;
    char *owner, *comment, *id;
    char *table_type; /* MANAGED, VIEW, ... */
    char *view_definition;
    char *row_filter_function;
    bool hidden;   /* switched off, with everything below it: nobody finds or lists it */
    bool isolated; /* catalogs: only workspaces it is bound to reach it */
    vec_of(struct sandbox_binding) bindings;
    bool
        sql_only; /* hive_metastore and below: statements reach it, the REST API does not know it */
    bool built_in; /* an information_schema and below: whoever may use the catalog reads it, and
                      nobody has more of it than that */
    vec_of(struct sandbox_column) columns;
    struct base_map *properties; /* text -> text */
    int64_t created_ms, updated_ms;
    struct sandbox_table *data; /* tables with rows, else NULL */
    struct sandbox_securable *parent;
    vec_of(struct sandbox_securable *) children;
    /* Schemas whose tables are answered from a function: children are only those asked for by name
     * so far. */
    const struct sandbox_maker *maker;
    size_t number; /* the maker's */
    vec_of(struct sandbox_grant {
        char *principal;
        char *privilege; /* "USE_CATALOG", "SELECT", "ALL_PRIVILEGES", ... */
        char *grantor;   /* NULL: the owner */
    }) grants;
};

struct sandbox_warehouse {
    char *id, *name, *state; /* STOPPED STARTING RUNNING STOPPING */
    char *size, *creator;
    int64_t auto_stop_minutes, clusters_min, clusters_max;
    int64_t running_at_us; /* STARTING: when it will run */
    int64_t start_delay_us;
    int64_t busy_until_us; /* takes statements only from then on */
    int64_t idle_since_us; /* RUNNING and nothing to do; 0: not so */
    int64_t statements;    /* that wait for it or run on it */
    bool serverless;
    bool deleted;          /* nobody finds it any more */
    bool stopped_by_fault; /* runs again when the fault is cleared */
    bool start_denied;     /* only workspace admins may start it, whoever may use it */
    char *start_failure;   /* why every start fails: a code of failure_reason; NULL: none does */
    bool start_failed;     /* the last one did */
    bool start_tried_for_ever; /* a failing start goes on for ever instead of giving up */
    vec_of(struct sandbox_access {
        char *principal;
        char *level;              /* CAN_USE CAN_VIEW CAN_MONITOR CAN_MANAGE IS_OWNER */
    }) access;                    /* workspace admins may do everything */
    vec_of(char *) may_not_start; /* who may use it while it runs, but not set it going */
};

struct sandbox_workspace; /* opaque; made by workspace_new, filled by worlds through the calls below
                           */

struct sandbox_workspace *sandbox_workspace_new(struct base_seam *seam);
void sandbox_workspace_free(struct sandbox_workspace **workspace);
void sandbox_workspace_lock(struct sandbox_workspace *workspace);
void sandbox_workspace_unlock(struct sandbox_workspace *workspace);
struct base_seam *sandbox_workspace_seam(struct sandbox_workspace *workspace);

/* Identity of the workspace, as clients see it. */
struct sandbox_identity {
    char *account_id;   /* UUID */
    char *workspace_id; /* decimal text; also the x-databricks-org-id header */
    char *metastore_name, *region, *default_catalog;
};
struct sandbox_identity *sandbox_workspace_identity(struct sandbox_workspace *workspace);

/* Filling. Every call takes the lock by itself too (it is recursive). parent NULL = metastore.
 * Returned pointers live as long as the workspace. */
struct sandbox_securable *sandbox_workspace_metastore(struct sandbox_workspace *workspace);
struct sandbox_securable *sandbox_workspace_add(struct sandbox_workspace *workspace,
                                                struct sandbox_securable *parent, int kind,
                                                const char *name, const char *owner,
                                                const char *comment);
void sandbox_securable_column(struct sandbox_securable *table, const char *name,
                              const char *type_text, bool nullable, const char *comment);
void sandbox_securable_columns_clear(struct sandbox_securable *table);
struct sandbox_principal *sandbox_workspace_principal(struct sandbox_workspace *workspace,
                                                      enum sandbox_principal_kind kind,
                                                      const char *name, const char *display_name);
void sandbox_workspace_grant(struct sandbox_workspace *workspace,
                             struct sandbox_securable *securable, const char *principal,
                             const char *privilege);
/* By somebody; what is there already stays his who gave it. */
void sandbox_workspace_grant_by(struct sandbox_workspace *workspace,
                                struct sandbox_securable *securable, const char *principal,
                                const char *privilege, const char *grantor);
void sandbox_workspace_revoke(struct sandbox_workspace *workspace,
                              struct sandbox_securable *securable, const char *principal,
                              const char *privilege);

void sandbox_workspace_group_add(struct sandbox_workspace *workspace, const char *group,
                                 const char *member);

/* Warehouses. id: 16 hex digits. Made RUNNING; states move on by the sandbox clock whenever one is
 * looked up. */
struct sandbox_warehouse *sandbox_workspace_warehouse(struct sandbox_workspace *workspace,
                                                      const char *id, const char *name);
struct sandbox_warehouse *sandbox_workspace_find_warehouse(struct sandbox_workspace *workspace,
                                                           const char *id);
struct sandbox_warehouse *sandbox_workspace_warehouse_at(struct sandbox_workspace *workspace,
                                                         size_t index); /* NULL past the end */
bool sandbox_warehouse_may(struct sandbox_workspace *workspace,
                           const struct sandbox_warehouse *warehouse, const char *principal,
                           bool start);
/* CAN_MANAGE, IS_OWNER, or a workspace admin. */
bool sandbox_warehouse_manages(struct sandbox_workspace *workspace,
                               const struct sandbox_warehouse *warehouse, const char *principal);
/* The one level a principal has on it; level NULL takes it away. Gives what it was, malloc'd, or
 * NULL. Called locked. */
char *sandbox_warehouse_access_set(struct sandbox_warehouse *warehouse, const char *principal,
                                   const char *level);

/* Takes a privilege away from everybody but metastore admins, whatever grants say (a fault). level
 * 'C', 'S' or 'T': USE_CATALOG, USE_SCHEMA or SELECT; full_name: the one securable, NULL = all of
 * that kind. */
void sandbox_workspace_deny(struct sandbox_workspace *workspace, int level, const char *full_name);
/* Such a fault is on: grants of `privilege` on the securable are as good as absent. */
bool sandbox_workspace_denied(struct sandbox_workspace *workspace,
                              const struct sandbox_securable *securable, const char *privilege);
void sandbox_workspace_deny_clear(struct sandbox_workspace *workspace);

/* What a view reads, its owner must be allowed to read. May the owner of the view? */
bool sandbox_workspace_chain_has(struct sandbox_workspace *workspace,
                                 const struct sandbox_securable *view,
                                 const struct sandbox_securable *below, const char *privilege);
/* Takes SELECT on a table away from the owners of views above it, whatever they own (a fault).
 * NULL: any. */
void sandbox_workspace_chain_break(struct sandbox_workspace *workspace, const char *view,
                                   const char *table);
void sandbox_workspace_chain_clear(struct sandbox_workspace *workspace);

/* What is true of the workspace as a whole; written and read under the lock. */
struct sandbox_switches {
    bool metastore_detached; /* no metastore is assigned */
    bool standard_tier;      /* sold without Unity Catalog */
    bool external_access;    /* credentials for tables may be given out */
};
struct sandbox_switches *sandbox_workspace_switches(struct sandbox_workspace *workspace);

/* Itself, or as a member of `admins`. */
bool sandbox_workspace_is_admin(struct sandbox_workspace *workspace, const char *principal);
/* By itself or through a group. */
bool sandbox_workspace_entitled(struct sandbox_workspace *workspace, const char *principal,
                                enum sandbox_entitlement entitlement);
/* Whether it can be reached from here at all, whatever grants say: 0 yes, 'M' the workspace has no
 * metastore, 'C' it lies in an isolated catalog that is not bound to this workspace. What is for
 * SQL alone needs no metastore. */
int sandbox_workspace_closed(struct sandbox_workspace *workspace,
                             const struct sandbox_securable *securable);
/* By the numeric id of SCIM; NULL = not there. */
struct sandbox_principal *sandbox_workspace_principal_by_id(struct sandbox_workspace *workspace,
                                                            const char *scim_id);
/* Known by another name from now on; the name must be free. */
void sandbox_workspace_principal_rename(struct sandbox_workspace *workspace,
                                        struct sandbox_principal *principal, const char *name);
/* Gone for everybody; the struct lives on until the workspace ends. */
void sandbox_workspace_principal_remove(struct sandbox_workspace *workspace,
                                        struct sandbox_principal *principal);

/* Looking. Names are compared without case; NULL = not there. */
struct sandbox_securable *sandbox_workspace_find(struct sandbox_workspace *workspace, int kind,
                                                 const char *full_name);
/* Only what is stored already; nothing is made. */
struct sandbox_securable *sandbox_workspace_kept(struct sandbox_workspace *workspace, int kind,
                                                 const char *full_name);
/* Frees what a securable that is not stored holds. */
void sandbox_securable_clear(struct sandbox_securable *securable);
/* The same for the REST API: what is for SQL alone is not there. */
struct sandbox_securable *sandbox_workspace_find_listed(struct sandbox_workspace *workspace,
                                                        int kind, const char *full_name);
struct sandbox_principal *sandbox_workspace_find_principal(struct sandbox_workspace *workspace,
                                                           const char *name);
struct sandbox_principal *sandbox_workspace_principal_at(struct sandbox_workspace *workspace,
                                                         size_t index); /* NULL past the end */
bool sandbox_workspace_member(struct sandbox_workspace *workspace, const char *group,
                              const char *principal);
/* Has it, directly, through a group, ALL_PRIVILEGES or metastore admin, on the securable or above
 * it; or owns it. Who owns something above it may MANAGE it, but must grant himself the rest. */
bool sandbox_workspace_has(struct sandbox_workspace *workspace,
                           const struct sandbox_securable *securable, const char *principal,
                           const char *privilege);
/* Owns the securable or something above it, itself or through a group. */
bool sandbox_workspace_owns(struct sandbox_workspace *workspace,
                            const struct sandbox_securable *securable, const char *principal);

#endif
