/* Structured log lines of allow-listed fields: no headers, no query strings, no row data, no secrets.
 * One line: "2026-11-23T01:02:03.123456Z info run.state run=12 state=STAGED". Values pass the text filter. */
#ifndef AAMPE_BASE_LOG_H
#define AAMPE_BASE_LOG_H

#include "base/seam.h"

#include <stdint.h>

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

struct base_log;
/* path NULL = stderr. Rotates to path.1 at max_bytes. */
struct base_log *base_log_new(struct base_seam *seam, const char *path, enum log_level level);
void base_log_free(struct base_log **log);
void base_log_level(struct base_log *log, enum log_level level);
/* Called for each written line (already clean), for the engine's `log` events. */
void base_log_tap(struct base_log *log, void (*tap)(void *user, const char *line), void *user);

/* event is dotted lower case; then pairs (field, value) ended by NULL. Fields must be in the allow-list of
 * log.c; an unknown one is bug(). Numbers: pass through base_log_i64 (ring of small static-per-log buffers). */
__attribute__((sentinel)) void base_log_event(struct base_log *log, enum log_level level,
                                              const char *event, ...);
const char *base_log_i64(struct base_log *log, int64_t value);

#endif
