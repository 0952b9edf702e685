#include "net/limit.h"

#include "base/alloc.h"
#include "net/private.h"

#define SECOND_US ((int64_t)1000000)
#define RECOVER_US (10 * SECOND_US) /* without a 429: the rate doubles */
#define RATE_MIN 0.5
#define PAUSE_MAX_MS 600000

struct net_limit {
    struct net_loop *loop;
    int ceiling;
    double rate, tokens;
    int64_t filled_us, eased_us, slowed_us, paused_until_us; /* monotonic */
    struct net_limit_wait *first, **last;
    uint64_t timer;
    int64_t sent, throttled;
    int waiting;
};

static int64_t now_us(const struct net_limit *limit)
{
    return base_seam_mono_us(net_loop_seam(limit->loop));
}

struct net_limit *net_limit_new(struct net_loop *loop, int per_second)
{
    struct net_limit *limit = base_alloc_zero(1, sizeof *limit);

    limit->loop = loop;
    limit->ceiling = per_second > 0 ? per_second : NET_LIMIT_DEFAULT;
    limit->rate = limit->tokens = limit->ceiling;
    limit->last = &limit->first;
    limit->filled_us = limit->eased_us = now_us(limit);
    limit->slowed_us = -1;
    return limit;
}

void net_limit_free(struct net_limit **limit)
{
    if (!*limit)
        return;
    if ((*limit)->first)
        bug("requests still wait in the limiter");
    net_loop_cancel_timer((*limit)->loop, (*limit)->timer);
    base_free(limit);
}

/* Brings rate and tokens up to this moment. */
static void refill(struct net_limit *limit)
{
    int64_t now = now_us(limit);
    int64_t from =
        limit->filled_us > limit->paused_until_us ? limit->filled_us : limit->paused_until_us;

    for (; limit->rate < limit->ceiling && now - limit->eased_us >= RECOVER_US;
         limit->eased_us += RECOVER_US)
        limit->rate *= 2;
    if (limit->rate >= limit->ceiling)
        limit->rate = limit->ceiling;
    if (now > from)
        limit->tokens += (double)(now - from) * limit->rate / (double)SECOND_US;
    if (limit->tokens > limit->rate && limit->tokens > 1)
        limit->tokens = limit->rate > 1 ? limit->rate : 1;
    limit->filled_us = now;
}

void net_limit_set(struct net_limit *limit, int per_second)
{
    refill(limit);
    if (limit->rate >= limit->ceiling || limit->rate > per_second)
        limit->rate = per_second;
    limit->ceiling = per_second;
}

static void let_through(void *user);

static void arm(struct net_limit *limit)
{
    int64_t now = now_us(limit), when;

    net_loop_cancel_timer(limit->loop, limit->timer);
    limit->timer = 0;
    if (!limit->first)
        return;
    when = now + (int64_t)((1 - limit->tokens) * (double)SECOND_US / limit->rate);
    if (limit->tokens >= 1)
        when = now;
    if (when < limit->paused_until_us)
        when = limit->paused_until_us;
    limit->timer =
        net_loop_after(limit->loop, when > now ? (when - now + 999) / 1000 : 0, let_through, limit);
}

static void let_through(void *user)
{
    struct net_limit *limit = user;

    limit->timer = 0;
    refill(limit);
    while (limit->first && limit->tokens >= 1 && now_us(limit) >= limit->paused_until_us) {
        struct net_limit_wait *wait = limit->first;

        net_limit_leave(wait);
        limit->tokens -= 1;
        limit->sent++;
        wait->go(wait);
    }
    arm(limit);
}

void net_limit_enter(struct net_limit *limit, struct net_limit_wait *wait)
{
    wait->limit = limit;
    wait->next = NULL;
    *limit->last = wait;
    limit->last = &wait->next;
    limit->waiting++;
    if (!limit->timer) {
        refill(limit);
        arm(limit);
    }
}

void net_limit_leave(struct net_limit_wait *wait)
{
    struct net_limit *limit = wait->limit;
    struct net_limit_wait **at;

    if (!limit)
        return;
    at = &limit->first;
    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
    if (limit->last == &wait->next)
        limit->last = at;
    limit->waiting--;
    wait->limit = NULL;
}

void net_limit_slow_down(struct net_limit *limit, int64_t sent_us, int64_t retry_after_ms)
{
    int64_t now = now_us(limit), until;

    refill(limit);
    limit->throttled++;
    limit->eased_us = now;
    if (sent_us > limit->slowed_us) { /* not for what was under way already */
        limit->slowed_us = now;
        limit->rate = limit->rate / 2 > RATE_MIN ? limit->rate / 2 : RATE_MIN;
        if (limit->tokens > 0)
            limit->tokens = 0;
    }
    if (retry_after_ms > PAUSE_MAX_MS)
        retry_after_ms = PAUSE_MAX_MS;
    until = now + (retry_after_ms > 0 ? retry_after_ms : 0) * 1000;
    if (until > limit->paused_until_us)
        limit->paused_until_us = until;
    arm(limit);
}

struct net_limit_look net_limit_look(struct net_limit *limit)
{
    struct net_limit_look look = {.ceiling = limit->ceiling,
                                  .sent = limit->sent,
                                  .throttled = limit->throttled,
                                  .waiting = limit->waiting};
    int64_t now = now_us(limit);

    refill(limit);
    look.now = limit->rate;
    if (limit->paused_until_us > now)
        look.paused_until_us =
            base_seam_now_us(net_loop_seam(limit->loop)) + limit->paused_until_us - now;
    return look;
}
