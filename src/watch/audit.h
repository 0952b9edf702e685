/* The audit log as the product reads it: one bounded statement over system.access.audit, and what a
 * line of it means. Pure. Facts: databricks-api.md 9.1. */
#ifndef AAMPE_WATCH_AUDIT_H
#define AAMPE_WATCH_AUDIT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_AUDIT_ROWS 5000 /* a statement brings at most so many, the newest */

/* The columns of the statement, in order. Every answer has at least one line: how far the log
 * reaches is in it even when nothing else is. */
enum watch_audit_column {
    WATCH_REACH, /* microseconds of the newest event of anybody; NULL: the log has none */
    WATCH_TIME,  /* microseconds; NULL: no event matched */
    WATCH_EVENT,
    WATCH_SERVICE,
    WATCH_ACTION,
    WATCH_OBJECT,
    WATCH_STATEMENT,
    WATCH_ADDRESS,
    WATCH_AGENT,
    WATCH_REQUEST,
    WATCH_STATUS,
    WATCH_MESSAGE,
    WATCH_AUDIT_COLUMNS
};

/* What was done as a service principal after since_us, malloc'd. Structs are asked for by their
 * members, never compared whole; values are literals, so that the statement can be copied and run
 * as it is. CONFIG_INVALID for an application id that is none. */
char *watch_audit_sql(const char *application_id, int64_t since_us, struct err *err);

/* Whose client it was, by its user agent: "engine" (this program), "aampe", "other". */
const char *watch_audit_by(const char *agent);
/* "denied!" (401, 403), "failed" (other errors), "new IP!", "ok". */
const char *watch_audit_verdict(int64_t status, bool new_address);
/* An address is new for a day, when the principal had been seen for at least a day before, and
 * never from there. first_us: when the address was first seen; began_us: when the principal was. */
bool watch_audit_new_address(int64_t time_us, int64_t first_us, int64_t began_us);
/* What a line is about: the object the service names, else the first table of the statement, else
 * NULL. malloc'd. */
char *watch_audit_object(const char *object, const char *statement);
/* The last moment rows of which may still be missing: from here on the log is read again. */
int64_t watch_audit_since(int64_t reach_us, int64_t now_us);

#endif
