/* The engine's own log, read back. */
#ifndef AAMPE_ENGINE_LINES_H
#define AAMPE_ENGINE_LINES_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct engine;

/* Which lines: those that hold the needle as a word, and those of the time about tries and tokens,
 * which name no run. */
struct engine_log_want {
    const char *needle;
    int64_t from_us, to_us;
};
/* The newest lines that are wanted (NULL: any), at most max: the caller's array of strings. NULL
 * with err. */
cJSON *engine_log_lines(struct engine *engine, const struct engine_log_want *want, int max,
                        struct err *err);

#endif
