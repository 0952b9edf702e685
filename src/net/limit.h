/* How fast one workspace is asked, by everybody in this process together: a token bucket that every
 * API and token request passes, tries again included; presigned result links are another service
 * and do not. At most `per_second` requests in any second after a burst of as many: in T seconds
 * never more than per_second * (T + 1). Databricks publishes no limits; its own Go SDK keeps to
 * 15/s (databricks-api.md 2.3), and so do we when nothing is set. An answer of 429 halves the rate
 * for all, once for the requests that were under way together, and nobody asks before its
 * Retry-After is over; the rate doubles again every ten seconds without another. Times run on the
 * loop's turnable clock. */
#ifndef AAMPE_NET_LIMIT_H
#define AAMPE_NET_LIMIT_H

#include "net/loop.h"

#include <stdint.h>

#define NET_LIMIT_DEFAULT 15

struct net_limit;
struct net_limit *net_limit_new(struct net_loop *loop, int per_second);
/* Whoever waits in it must have been cancelled. */
void net_limit_free(struct net_limit **limit);
/* A new ceiling; what is in force does not rise above it. */
void net_limit_set(struct net_limit *limit, int per_second);

struct net_limit_look {
    int ceiling;             /* requests a second, as set */
    double now;              /* as in force after 429 answers */
    int64_t sent, throttled; /* requests let through, 429 answers, since it was made */
    int waiting;             /* requests held back now */
    int64_t paused_until_us; /* wall clock; 0: not paused */
};
struct net_limit_look net_limit_look(struct net_limit *limit);

#endif
