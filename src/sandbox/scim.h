/* SCIM of workspace and account (databricks-api.md 6.1): one set of code for service principals,
 * groups and users. Private to the room. Everything is called with the workspace locked. */
#ifndef AAMPE_SANDBOX_SCIM_H
#define AAMPE_SANDBOX_SCIM_H

#include "sandbox/server.h"

/* What a request got wrong, for the SCIM error envelope. status 0: nothing. */
struct sandbox_scim_problem {
    int status;
    const char *type; /* scimType, or NULL */
    char detail[256];
};
__attribute__((format(printf, 4, 5))) int sandbox_scim_wrong(struct sandbox_scim_problem *problem,
                                                             int status, const char *type,
                                                             const char *fmt, ...);
void sandbox_scim_error(struct sandbox_exchange *exchange,
                        const struct sandbox_scim_problem *problem);

/* scim_json.c: the whole resource, caller deletes; of the account it has other fields than of the
 * workspace. */
cJSON *sandbox_scim_json(struct sandbox_workspace *workspace,
                         const struct sandbox_principal *principal, bool account);
/* The groups it is in: [] is left out. */
void sandbox_scim_groups(struct sandbox_workspace *workspace,
                         const struct sandbox_principal *principal, cJSON *json);
/* attributes= keeps what it names (and id), excludedAttributes= takes away; NULL: neither. */
void sandbox_scim_pick(cJSON *resource, const char *attributes, const char *excluded);
/* In order of an attribute's text. */
void sandbox_scim_sort(cJSON **resources, size_t count, const char *attribute, bool descending);

/* scim_filter.c: attribute eq|ne|co|sw|pr value, joined by and, or, not and parentheses; eq, co and
 * sw without case. Returns 1 when the resource matches, 0 when not, -1 for a filter that is none.
 */
int sandbox_scim_filter(const char *filter, const cJSON *resource);

/* scim_draft.c: what a write makes of a principal; nothing is changed until it is committed, so
 * that a request happens wholly or not at all. */
struct sandbox_scim_draft {
    enum sandbox_principal_kind kind;
    bool account;     /* asked for at the account */
    const char *name; /* of the principal there is, borrowed; NULL: a new one */
    char *display_name, *external_id;
    bool active, account_admin;
    unsigned entitlements;
    vec_of(char *) members; /* names */
};
/* principal NULL: a new one. */
void sandbox_scim_draft_init(struct sandbox_scim_draft *draft, enum sandbox_principal_kind kind,
                             const struct sandbox_principal *principal, bool account);
void sandbox_scim_draft_free(struct sandbox_scim_draft *draft);
/* All attributes of a resource, as PUT and POST send them. */
int sandbox_scim_draft_set(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                           const cJSON *resource, struct sandbox_scim_problem *problem);
/* Operations of a PatchOp. */
int sandbox_scim_draft_patch(struct sandbox_workspace *workspace, struct sandbox_scim_draft *draft,
                             const cJSON *body, struct sandbox_scim_problem *problem);
void sandbox_scim_draft_commit(struct sandbox_workspace *workspace,
                               const struct sandbox_scim_draft *draft,
                               struct sandbox_principal *principal);

#endif
