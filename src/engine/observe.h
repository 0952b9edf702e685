/* What the engine watches as the observer: ends of the principal's secrets, and the audit log.
 * Private to the room. */
#ifndef AAMPE_ENGINE_OBSERVE_H
#define AAMPE_ENGINE_OBSERVE_H

#include "engine/engine.h"

/* secrets.c: the secrets of the principal as the workspace lists them, read now and then, as the
 * observer where there is one, else as the principal. */
struct engine_secrets;
void engine_secrets_free(struct engine *engine);
/* A call under way ends with the connection. */
void engine_secrets_disconnect(struct engine *engine);
/* About once a second: reads anew when it is time, says what comes near its end. */
void engine_secrets_tick(struct engine *engine);
/* Adds what is known to "secrets" of a snapshot: those of the vault, then those of others that end
 * some day: {"name","held","expires","expires_days"}. */
void engine_secrets_snapshot(struct engine *engine, cJSON *secrets);
/* When the secret of the principal that we hold ends, by what the workspace said, else by what was
 * said when it was entered; 0: not known, or never. */
int64_t engine_secrets_end_us(struct engine *engine);

#endif
