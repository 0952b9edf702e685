/* Faults that are a state of the workspace: each is made by the same code as the call of an
 * administrator that makes it, where the service has such a call. Private to the room. */
#ifndef AAMPE_SANDBOX_FAULT_ACCESS_H
#define AAMPE_SANDBOX_FAULT_ACCESS_H

#include "sandbox/server.h"

/* Makes the state; `was` gets what sandbox_fault_access_undo needs. ERR_USAGE for wrong options. */
int sandbox_fault_access_make(struct sandbox_server *server, const char *kind, const cJSON *options,
                              cJSON *was, struct err *err) must_check;
/* Newest first when several of a kind are on. */
void sandbox_fault_access_undo(struct sandbox_server *server, const char *kind, const cJSON *was);

#endif
