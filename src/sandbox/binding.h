/* Catalogs that only some workspaces reach. Private to the room. Called locked. */
#ifndef AAMPE_SANDBOX_BINDING_H
#define AAMPE_SANDBOX_BINDING_H

#include "sandbox/server.h"

/* An isolated catalog is reached from the workspaces it is bound to; one that becomes isolated is
 * bound to the workspace where that is done. Gives what it was. */
bool sandbox_binding_isolate(struct sandbox_workspace *workspace, struct sandbox_securable *catalog,
                             bool isolated);
void sandbox_binding_add(struct sandbox_securable *catalog, int64_t workspace_id, bool read_only);
/* False when it was not bound to it. */
bool sandbox_binding_remove(struct sandbox_securable *catalog, int64_t workspace_id);
int64_t sandbox_binding_here(struct sandbox_workspace *workspace);

#endif
