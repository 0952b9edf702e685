#include "sync/budget.h"

#include "base/alloc.h"

#include <stdlib.h>

struct sync_hold {
    struct sync_budget *budget;
    struct sync_hold *next, *prev;         /* in the queue, until granted */
    struct sync_hold *all_next, *all_prev; /* of this budget */
    size_t bytes;
    bool granted;
};

struct sync_budget {
    size_t limit, used;
    struct sync_hold *head, *tail; /* waiting */
    struct sync_hold *all;
};

struct sync_budget *sync_budget_new(size_t limit)
{
    struct sync_budget *b = base_alloc_zero(1, sizeof *b);
    b->limit = limit;
    return b;
}

void sync_budget_free(struct sync_budget **budget)
{
    struct sync_budget *b = *budget;
    if (!b)
        return;
    while (b->all) {
        struct sync_hold *h = b->all;
        b->all = h->all_next;
        free(h);
    }
    base_free(budget);
}

struct sync_hold *sync_budget_ask(struct sync_budget *budget, size_t bytes)
{
    struct sync_hold *h = base_alloc_zero(1, sizeof *h);
    h->budget = budget;
    h->bytes = bytes;
    h->prev = budget->tail;
    if (budget->tail)
        budget->tail->next = h;
    else
        budget->head = h;
    budget->tail = h;
    h->all_next = budget->all;
    if (budget->all)
        budget->all->all_prev = h;
    budget->all = h;
    return h;
}

static void hold_unqueue(struct sync_hold *h)
{
    struct sync_budget *b = h->budget;
    if (h->prev)
        h->prev->next = h->next;
    else
        b->head = h->next;
    if (h->next)
        h->next->prev = h->prev;
    else
        b->tail = h->prev;
    h->next = h->prev = NULL;
}

size_t sync_budget_grant(struct sync_budget *budget)
{
    size_t granted = 0;
    while (budget->head) {
        struct sync_hold *h = budget->head;
        bool fits = budget->used <= budget->limit && h->bytes <= budget->limit - budget->used;
        if (!fits && budget->used > 0)
            break;
        hold_unqueue(h);
        h->granted = true;
        budget->used += h->bytes;
        granted++;
    }
    return granted;
}

bool sync_hold_granted(const struct sync_hold *hold)
{
    return hold->granted;
}

size_t sync_hold_bytes(const struct sync_hold *hold)
{
    return hold->bytes;
}

void sync_hold_resize(struct sync_hold *hold, size_t bytes)
{
    if (hold->granted)
        hold->budget->used = hold->budget->used - hold->bytes + bytes;
    hold->bytes = bytes;
}

void sync_hold_release(struct sync_hold **hold)
{
    struct sync_hold *h = *hold;
    if (!h)
        return;
    if (h->granted)
        h->budget->used -= h->bytes;
    else
        hold_unqueue(h);
    if (h->all_prev)
        h->all_prev->all_next = h->all_next;
    else
        h->budget->all = h->all_next;
    if (h->all_next)
        h->all_next->all_prev = h->all_prev;
    base_free(hold);
}

size_t sync_budget_used(const struct sync_budget *budget)
{
    return budget->used;
}

size_t sync_budget_limit(const struct sync_budget *budget)
{
    return budget->limit;
}
