/* SQL sessions: defaults for the statements that name one. Private to the room. */
#ifndef AAMPE_SANDBOX_SESSION_H
#define AAMPE_SANDBOX_SESSION_H

#include "sandbox/server.h"

struct sandbox_sessions *sandbox_sessions_new(void);
void sandbox_sessions_free(struct sandbox_sessions **sessions);
/* Copies (malloc'd, may be NULL) of what the session of this principal says; false: no such
 * session. */
bool sandbox_session_read(struct sandbox_server *server, const char *id, const char *principal,
                          char **catalog, char **schema, char **time_zone);

#endif
