/* OAuth secrets of service principals (databricks-api.md 6.3): five slots each, ends, and who may
 * list them. Only hashes are kept. Private to the room. */
#ifndef AAMPE_SANDBOX_OAUTH_SECRET_H
#define AAMPE_SANDBOX_OAUTH_SECRET_H

#include "sandbox/server.h"

enum { SANDBOX_SECRET_SLOTS = 5, SANDBOX_SECRET_SECONDS_MAX = 63072000 /* 730 days */ };

struct sandbox_secrets *sandbox_secrets_new(void);
void sandbox_secrets_free(struct sandbox_secrets **secrets);
/* A new secret, malloc'd, shown once; its id in *id (malloc'd; may be NULL). lifetime 0: it never
 * ends. NULL with err when all five slots are taken. */
char *sandbox_secrets_add(struct sandbox_server *server, const char *client_id, int64_t lifetime,
                          char **id, struct err *err);
/* Known, of that client, and not past its end. */
bool sandbox_secrets_match(struct sandbox_server *server, const char *client_id,
                           const char *secret);
/* What is told of one, and of all, never the secret itself; caller deletes. NULL: no such one. */
cJSON *sandbox_secrets_json(struct sandbox_server *server, const char *client_id, const char *id);
cJSON *sandbox_secrets_list(struct sandbox_server *server, const char *client_id);
/* False when there is none of that id. */
bool sandbox_secrets_remove(struct sandbox_server *server, const char *client_id, const char *id);
/* `aampe-sandbox secret`: {"principal","operation":"list|add|end|remove","id","seconds"}. end: so
 * many seconds from now; without "seconds" never. */
int sandbox_secrets_control(struct sandbox_server *server, const cJSON *in, cJSON *data,
                            struct err *err) must_check;

#endif
