/* What a workspace and those in it are known by stays the same over restarts with the same state
 * folder, as it does in the service: ids, in ids.json; no secrets. Private to the room. */
#ifndef AAMPE_SANDBOX_KEPT_H
#define AAMPE_SANDBOX_KEPT_H

#include "base/err.h"

struct sandbox_kept;

/* NULL with the error filled: what is there cannot be read. */
struct sandbox_kept *sandbox_kept_open(const char *folder, struct err *err);
/* The id of that name: the first time `fresh`. Lives as long as it is open. */
const char *sandbox_kept_id(struct sandbox_kept *kept, const char *name, const char *fresh);
/* Puts the kept id in the place of the fresh one. */
void sandbox_kept_put(struct sandbox_kept *kept, const char *name, char **id);
/* Writes down what is new; closed in any case. */
int sandbox_kept_close(struct sandbox_kept **kept, struct err *err) must_check;

#endif
