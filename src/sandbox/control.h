/* How the other `aampe-sandbox` commands reach a running one: a loopback socket named, with a
 * token, in STATE/control.json (0600). One JSON object a line: {"token","command",...} ->
 * {"ok","data"|"error"}. Private to the room. */
#ifndef AAMPE_SANDBOX_CONTROL_H
#define AAMPE_SANDBOX_CONTROL_H

#include "sandbox/server.h"

struct sandbox_control;
/* ready: the line printed at the start, given again by `info`. NULL with err. */
struct sandbox_control *sandbox_control_new(struct sandbox_server *server, const char *ready,
                                            struct err *err);
void sandbox_control_free(struct sandbox_control **control);

/* Client side: sends the command (taken), gives "data" (caller deletes) or NULL with err. */
cJSON *sandbox_control_call(const char *state_folder, cJSON *command, struct err *err);

#endif
