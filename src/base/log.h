/* Structured log lines of allow-listed fields: no headers, no query strings, no row data, no
 * secrets. One line: "2026-11-23T01:02:03.123456Z info run.state run=12 state=STAGED". Values pass
 * the text filter. */
#ifndef AAMPE_BASE_LOG_H
#define AAMPE_BASE_LOG_H

#include "base/seam.h"

#include <stdint.h>

/* The allow-list: field names, in no order. Nothing whose value could be a secret, a URL with its
 * query, a header or a row belongs here. */
#define LOG_FIELDS                                                                                 \
    "action", "attempt", "batch", "bytes", "catalog", "chunk", "chunks", "class", "client",        \
        "code", "column", "columns", "count", "destination", "detail", "error", "errno", "event",  \
        "expires", "file", "files", "from", "gid", "group", "groups", "hint", "host", "http",      \
        "identity", "job", "kind", "limit", "listen", "memory", "message", "method", "ms", "name", \
        "operation", "operator", "path", "pid", "point", "port", "principal", "profile",           \
        "protocol", "queue", "reason", "remote_code", "request_id", "result", "role", "rows",      \
        "rule", "run", "schema", "seconds", "seq", "size", "slice", "socket", "sqlstate", "state", \
        "statement_id", "status", "sync", "table", "tables", "to", "total", "uid", "verb",         \
        "version", "warehouse", "workers", "workspace", "world"
#define LOG_MAX_BYTES ((int64_t)8 << 20)

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

struct base_log;
/* path NULL = stderr. Rotates to path.1 at LOG_MAX_BYTES. NULL when path cannot be opened
 * (errno says why). */
struct base_log *base_log_new(struct base_seam *seam, const char *path, enum log_level level);
void base_log_free(struct base_log **log);
/* From now on each line also goes to stderr, for a program in the foreground or under a unit. */
void base_log_echo(struct base_log *log);
void base_log_level(struct base_log *log, enum log_level level);
/* Called for each written line (already clean), for the engine's `log` events. */
void base_log_tap(struct base_log *log, void (*tap)(void *user, const char *line), void *user);

/* event is dotted lower case; then pairs (field, value) ended by NULL. Fields must be in
 * LOG_FIELDS; an unknown one is bug(). A pair whose value is NULL is left out. Values are
 * cut to 1 KiB and pass base_text_redact. Numbers: pass through base_log_i64 (ring of small
 * static-per-log buffers). */
__attribute__((sentinel)) void base_log_event(struct base_log *log, enum log_level level,
                                              const char *event, ...);
const char *base_log_i64(struct base_log *log, int64_t value);

#endif
