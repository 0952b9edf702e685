/* Who may be given what on what: the rules behind the permissions API and behind GRANT and REVOKE,
 * in one place (databricks-api.md 3.6; docs "Unity Catalog privileges and securable objects",
 * privilege model 1.0). Private to the room. Called with the workspace locked. */
#ifndef AAMPE_SANDBOX_GRANTS_H
#define AAMPE_SANDBOX_GRANTS_H

#include "sandbox/workspace.h"

/* The API's word ("USE_CATALOG") for one in either spelling and any case; NULL: there is none. */
const char *sandbox_privilege_find(const char *text);
/* `privilege` in the API's word: can it be granted on a securable of this kind? */
bool sandbox_privilege_fits(const char *privilege, int kind);
/* "USE CATALOG", malloc'd. */
char *sandbox_privilege_words(const char *privilege);

/* Users, service principals by application id, groups, and the group of everybody: the name as
 * grants keep it, or NULL for nobody. */
const char *sandbox_grantee_find(struct sandbox_workspace *workspace, const char *principal);

/* Why this caller may not grant or revoke this privilege there, malloc'd ("User does not have
 * MANAGE on Catalog 'shop'."); NULL: he may. */
char *sandbox_grant_refused(struct sandbox_workspace *workspace,
                            const struct sandbox_securable *securable, const char *caller,
                            const char *privilege);
/* "Privilege X is not applicable to this entity [...]", malloc'd. */
char *sandbox_grant_misfit(const struct sandbox_securable *securable, const char *privilege);

/* Takes one privilege away; ALL_PRIVILEGES clears the principal's whole set on the securable. What
 * is not there is no error. */
void sandbox_grant_take(struct sandbox_workspace *workspace, struct sandbox_securable *securable,
                        const char *principal, const char *privilege);

/* "Catalog", "Schema", "Table", "Metastore". */
const char *sandbox_kind_title(int kind);

#endif
