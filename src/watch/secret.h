/* When a secret ends, and how often that is said. Pure. */
#ifndef AAMPE_WATCH_SECRET_H
#define AAMPE_WATCH_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_SECRET_SLOTS 5 /* a service principal has at most so many secrets */

/* Whole days left, rounded down; below 0 once it is over. */
int64_t watch_secret_days(int64_t expires_us, int64_t now_us);
/* "expired", "expiring" (30 days and less), "active", "endless" (expires_us 0). */
const char *watch_secret_state(int64_t expires_us, int64_t now_us);
/* The threshold that is reached: 90, 30, 14, 7 or 1 days, 0 once it is over, -1 not yet any. */
int watch_secret_threshold(int64_t expires_us, int64_t now_us);

/* Which of the workspace's secrets is the one we hold. */
struct watch_secret {
    const char *fingerprint; /* "" or NULL: not known */
    int64_t created_us;
};
enum watch_holder {
    WATCH_OURS,          /* its hash is that of ours */
    WATCH_OURS_BY_DATE,  /* the only one that can be: no other was there when ours was entered */
    WATCH_SOMEBODY_ELSE, /* ours is another one */
    WATCH_UNKNOWN        /* it may be ours or not */
};
/* ours: what we hold, entered at created_us; NULL: nothing. holders[count] is filled. */
void watch_secret_holders(const struct watch_secret *ours, const struct watch_secret secrets[],
                          size_t count, enum watch_holder holders[]);
const char *watch_holder_name(enum watch_holder holder); /* "engine", "engine_by_date", ... */

#endif
