/* Who calls: client secrets, one-hour OAuth tokens, personal access tokens. Private to the room. */
#ifndef AAMPE_SANDBOX_AUTH_H
#define AAMPE_SANDBOX_AUTH_H

#include "sandbox/server.h"

struct sandbox_tokens *sandbox_tokens_new(void);
void sandbox_tokens_free(struct sandbox_tokens **tokens);
/* Token of a user that does not run out ("dapi" + 32 hex digits), malloc'd. */
char *sandbox_tokens_pat(struct sandbox_server *server, const char *user);
/* A new credential or id: the prefix and 32 hex digits, malloc'd. */
char *sandbox_random_hex(struct base_seam *seam, const char *prefix);
/* Fills exchange->principal; false after answering 401 or 403. */
bool sandbox_auth_check(struct sandbox_exchange *exchange);
/* Whose credential the request carries, right or wrong for the call, malloc'd; NULL: nobody's. */
char *sandbox_auth_caller(struct sandbox_exchange *exchange);
/* The presented token is over from now on (a fault). */
void sandbox_auth_expire(struct sandbox_exchange *exchange);

#endif
