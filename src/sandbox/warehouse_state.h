/* The warehouses of a workspace. Private to the room. */
#ifndef AAMPE_SANDBOX_WAREHOUSE_STATE_H
#define AAMPE_SANDBOX_WAREHOUSE_STATE_H

#include "sandbox/workspace.h"

struct sandbox_warehouses;
struct sandbox_warehouses *sandbox_warehouses_new(void);
void sandbox_warehouses_free(struct sandbox_warehouses **warehouses);
/* The workspace's own. */
struct sandbox_warehouses *sandbox_workspace_warehouses(struct sandbox_workspace *workspace);
/* Deleted ones too; NULL past the end. Called locked. */
struct sandbox_warehouse *sandbox_warehouses_any(struct sandbox_workspace *workspace, size_t index);
/* A statement comes (+1) or has ended (-1): who has had none for auto_stop_minutes stops by itself.
 */
void sandbox_warehouse_used(struct sandbox_workspace *workspace, const char *id, int change);
/* By id, a deleted one too. Called locked. */
struct sandbox_warehouse *sandbox_warehouse_kept(struct sandbox_workspace *workspace,
                                                 const char *id);
/* Any level on it, or a workspace admin. Called locked. */
bool sandbox_warehouse_sees(struct sandbox_workspace *workspace,
                            const struct sandbox_warehouse *warehouse, const char *principal);

#endif
