/* What may be changed about a principal of the workspace: the same for SCIM, the account's
 * assignment API and the faults that are such a state. Private to the room. Called locked. */
#ifndef AAMPE_SANDBOX_IDENTITY_H
#define AAMPE_SANDBOX_IDENTITY_H

#include "sandbox/server.h"

/* {"entitlements":[{"value":...}]}; nothing when there are none, as the service leaves empty lists
 * out. */
void sandbox_entitlements_json(unsigned entitlements, cJSON *json);
/* The bit of a name; 0 for one there is not. */
unsigned sandbox_entitlement_named(const char *name);

/* One of the groups that a workspace makes for itself: `admins`, and `users` with everybody. */
bool sandbox_identity_system_group(const struct sandbox_principal *principal);

/* Each gives what it was before. */
bool sandbox_identity_active_set(struct sandbox_principal *principal, bool active);
unsigned sandbox_identity_entitlements_set(struct sandbox_principal *principal,
                                           unsigned entitlements);
bool sandbox_identity_assigned_set(struct sandbox_principal *principal, bool assigned);
/* A group's new name, also where it is granted something, a member, an owner. The name is free. */
void sandbox_identity_rename(struct sandbox_workspace *workspace,
                             struct sandbox_principal *principal, const char *name);
/* Out of the workspace, and no admin of it. */
void sandbox_identity_unassign(struct sandbox_workspace *workspace,
                               struct sandbox_principal *principal);
/* Out of the account. What it was granted stays behind, as in the service. */
void sandbox_identity_remove(struct sandbox_workspace *workspace,
                             struct sandbox_principal *principal);

#endif
