/* Conversions between types with ANSI rules: what does not fit is an error, never a NULL. */
#ifndef AAMPE_SANDBOX_CAST_H
#define AAMPE_SANDBOX_CAST_H

#include "sandbox/sqltype.h"

/* Converts *value in place. -1: why holds the message with its error class ("[CAST_INVALID_INPUT]
 * ..."), 200 bytes. Texts are made in the arena. */
int sandbox_cast(struct sandbox_arena *arena, struct sandbox_value *value,
                 const struct sandbox_type *from, const struct sandbox_type *to,
                 const char *time_zone, char why[200]);

#endif
