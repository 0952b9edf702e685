/* Memory reservations, granted strictly in the order they were asked for. A group asks for its peak
 * before its first request and keeps it until its image is written, so a granted group never waits
 * for memory. */
#ifndef AAMPE_SYNC_BUDGET_H
#define AAMPE_SYNC_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct sync_budget;
struct sync_hold;

struct sync_budget *sync_budget_new(size_t limit);
void sync_budget_free(struct sync_budget **budget); /* its holds with it */
/* Queues a request. It is granted by a later sync_budget_grant, never from here. */
struct sync_hold *sync_budget_ask(struct sync_budget *budget, size_t bytes);
/* Grants from the head of the queue what fits; a request larger than the limit is granted when
 * nothing else is held, so that it cannot block for ever. Returns how many were granted. */
size_t sync_budget_grant(struct sync_budget *budget);
bool sync_hold_granted(const struct sync_hold *hold);
size_t sync_hold_bytes(const struct sync_hold *hold);
/* A granted hold turned out smaller or larger. Larger is taken at once, beyond the limit if need
 * be: later requests wait longer, the group that holds it does not. */
void sync_hold_resize(struct sync_hold *hold, size_t bytes);
/* Gives back, or leaves the queue. NULL is ignored; sets *hold to NULL. */
void sync_hold_release(struct sync_hold **hold);
size_t sync_budget_used(const struct sync_budget *budget);
size_t sync_budget_limit(const struct sync_budget *budget);

#endif
