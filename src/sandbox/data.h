/* Rows of the sandbox: worlds, versions, changes. */
#ifndef AAMPE_SANDBOX_DATA_H
#define AAMPE_SANDBOX_DATA_H

#include "base/err.h"
#include "sandbox/workspace.h"

/* Fills the workspace with a world ("shop", "bench", "types"): securables, owners, comments,
 * principals' groups, grants of `principal` (so that it can read what the world says it can), and
 * rows. rows = 0: the world's default. The state folder holds SQLite files for changed rows. */
int sandbox_world_load(struct sandbox_workspace *workspace, const char *world, int64_t rows,
                       const char *principal, const char *state_folder, struct err *err) must_check;
/* Dropped, or brought back: nobody finds it meanwhile. Survives a restart. Called locked. */
int sandbox_table_drop(struct sandbox_securable *table, bool gone, struct err *err) must_check;
/* `aampe-sandbox change T insert|update|delete N`, and changes of columns (table.h): makes one new
 * version; *version gets its number. */
int sandbox_table_change(struct sandbox_workspace *workspace, const char *full_name,
                         const char *operation, int64_t count, int64_t *version,
                         struct err *err) must_check;
/* Frees all rows; call before sandbox_workspace_free. */
void sandbox_world_unload(struct sandbox_workspace *workspace);

#endif
