/* The draft of ticks in state.db: operations, oldest first, and a head with the revision. What an
 * operation holds is the caller's (catalog/ticks.h); one operation is one row, however many tables
 * it ticks. */
#ifndef AAMPE_STORE_DRAFT_H
#define AAMPE_STORE_DRAFT_H

#include "store/state.h"

struct store_draft_head {
    int64_t revision; /* counts every change, never goes back */
    int64_t updated_us;
    char author[64]; /* who changed it last */
};
struct store_draft_op {
    int64_t id; /* 0: new */
    int64_t at_us, uid;
    char author[64];
    char what[160];    /* "tick of 3 tables" */
    const void *items; /* borrowed while the callback runs */
    size_t len;
};

/* A fresh state has revision 0. */
int store_draft_head(struct store_state *store, struct store_draft_head *out,
                     struct err *err) must_check;
int store_draft_each(struct store_state *store,
                     void (*each)(void *user, const struct store_draft_op *op), void *user,
                     struct err *err) must_check;
/* One transaction: the new head, and what becomes of the operations. `remove_from`..`remove_to`
 * (ids, inclusive; 0 0: none) go, then `add` (may be NULL) comes, with its id if it has one. */
int store_draft_change(struct store_state *store, const struct store_draft_head *head,
                       int64_t remove_from, int64_t remove_to, const struct store_draft_op *add,
                       int64_t *id, struct err *err) must_check;

#endif
