#include "net/loop.h"

#include "base/alloc.h"
#include "base/vec.h"
#include "net/private.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>

#define HELD_MS 2000

struct timer {
    uint64_t id;
    int64_t due_us;
    void (*fn)(void *user);
    void *user;
};

struct watch {
    int fd, events;
    uint64_t id; /* new with every change, so that a stale event is not served */
    void (*fn)(void *user, int fd, int events);
    void *user;
};

struct job {
    void (*fn)(void *user);
    void (*discard)(void *user); /* NULL: nothing to be done */
    void *user;
};

struct net_loop {
    struct base_seam *seam;
    CURLM *multi;
    vec_of(struct timer) timers;
    vec_of(struct watch) watches;
    vec_of(struct curl_waitfd) polled;
    vec_of(uint64_t) polled_ids;
    uint64_t next_id;
    bool stop;
    int held;
    pthread_mutex_t lock; /* guards jobs */
    vec_of(struct job) jobs;
};

struct net_loop *net_loop_new(struct base_seam *seam)
{
    struct net_loop *loop = base_alloc_zero(1, sizeof *loop);

    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        bug("libcurl cannot start");
    loop->seam = seam;
    loop->next_id = 1;
    loop->multi = curl_multi_init();
    if (!loop->multi || pthread_mutex_init(&loop->lock, NULL))
        bug("no curl multi handle or mutex");
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 64L);
    curl_multi_setopt(loop->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 32L);
    return loop;
}

void net_loop_hold(struct net_loop *loop)
{
    loop->held++;
}

void net_loop_release(struct net_loop *loop)
{
    loop->held--;
}

/* Turns until nothing is promised any more. False: it did not come. */
static bool promises_kept(struct net_loop *loop)
{
    int64_t end = base_seam_mono_us(loop->seam) + HELD_MS * INT64_C(1000);

    while (loop->held && base_seam_mono_us(loop->seam) < end)
        net_loop_turn(loop, 100);
    return !loop->held;
}

void net_loop_free(struct net_loop **loop_ptr)
{
    struct net_loop *loop = *loop_ptr;

    *loop_ptr = NULL;
    if (!loop || !promises_kept(loop))
        return;
    for (size_t i = 0; i < loop->jobs.count; i++)
        if (loop->jobs.items[i].discard)
            loop->jobs.items[i].discard(loop->jobs.items[i].user);
    curl_multi_cleanup(loop->multi);
    pthread_mutex_destroy(&loop->lock);
    vec_free(&loop->timers);
    vec_free(&loop->watches);
    vec_free(&loop->polled);
    vec_free(&loop->polled_ids);
    vec_free(&loop->jobs);
    free(loop);
    curl_global_cleanup();
}

struct base_seam *net_loop_seam(struct net_loop *loop)
{
    return loop->seam;
}

uint64_t net_loop_after(struct net_loop *loop, int64_t ms, void (*fn)(void *user), void *user)
{
    int64_t now = base_seam_mono_us(loop->seam);
    int64_t due = ms > (INT64_MAX - now) / 1000 ? INT64_MAX : now + (ms > 0 ? ms : 0) * 1000;
    struct timer timer = {.id = loop->next_id++, .due_us = due, .fn = fn, .user = user};

    vec_push(&loop->timers, timer);
    return timer.id;
}

void net_loop_cancel_timer(struct net_loop *loop, uint64_t id)
{
    for (size_t i = 0; i < loop->timers.count; i++) {
        if (loop->timers.items[i].id != id)
            continue;
        loop->timers.items[i] = loop->timers.items[--loop->timers.count];
        return;
    }
}

static struct watch *find_watch(struct net_loop *loop, int fd)
{
    for (size_t i = 0; i < loop->watches.count; i++)
        if (loop->watches.items[i].fd == fd)
            return &loop->watches.items[i];
    return NULL;
}

void net_loop_watch(struct net_loop *loop, int fd, int events,
                    void (*fn)(void *user, int fd, int events), void *user)
{
    struct watch watch = {
        .fd = fd, .events = events, .id = loop->next_id++, .fn = fn, .user = user};
    struct watch *old = find_watch(loop, fd);

    if (old)
        *old = watch;
    else
        vec_push(&loop->watches, watch);
}

void net_loop_unwatch(struct net_loop *loop, int fd)
{
    struct watch *watch = find_watch(loop, fd);

    if (watch)
        *watch = loop->watches.items[--loop->watches.count];
}

void net_loop_post(struct net_loop *loop, void (*fn)(void *user), void *user)
{
    net_loop_post_owned(loop, fn, NULL, user);
}

void net_loop_post_owned(struct net_loop *loop, void (*fn)(void *user), void (*discard)(void *user),
                         void *user)
{
    struct job job = {.fn = fn, .discard = discard, .user = user};

    pthread_mutex_lock(&loop->lock);
    vec_push(&loop->jobs, job);
    pthread_mutex_unlock(&loop->lock);
    curl_multi_wakeup(loop->multi);
}

void net_loop_stop(struct net_loop *loop)
{
    loop->stop = true;
}

void net_loop_transfer_add(struct net_loop *loop, struct net_transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, transfer);
    if (curl_multi_add_handle(loop->multi, transfer->easy))
        bug("a transfer cannot be started from inside a transfer's own callback");
}

void net_loop_transfer_remove(struct net_loop *loop, struct net_transfer *transfer)
{
    if (curl_multi_remove_handle(loop->multi, transfer->easy))
        bug("a transfer cannot be stopped from inside its own callback");
}

/* Jobs posted while these run wait for the next turn, so that a job that posts itself starves
 * nobody. */
static void serve_jobs(struct net_loop *loop)
{
    struct job *jobs;
    size_t count;

    pthread_mutex_lock(&loop->lock);
    jobs = loop->jobs.items;
    count = loop->jobs.count;
    loop->jobs.items = NULL;
    loop->jobs.count = loop->jobs.cap = 0;
    pthread_mutex_unlock(&loop->lock);
    for (size_t i = 0; i < count; i++)
        jobs[i].fn(jobs[i].user);
    free(jobs);
}

static void serve_transfers(struct net_loop *loop)
{
    struct net_transfer *transfer;
    CURLMsg *message;
    CURLcode code;
    int running, left;

    curl_multi_perform(loop->multi, &running);
    while ((message = curl_multi_info_read(loop->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(loop->multi, message->easy_handle);
        transfer->finish(transfer, code);
    }
}

/* The earliest timer that is due and older than `before`; timers set by these wait for the next
 * turn. */
static bool take_due(struct net_loop *loop, uint64_t before, int64_t now, struct timer *out)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < loop->timers.count; i++) {
        const struct timer *timer = &loop->timers.items[i];

        if (timer->due_us > now || timer->id >= before)
            continue;
        if (best == SIZE_MAX || timer->due_us < loop->timers.items[best].due_us ||
            (timer->due_us == loop->timers.items[best].due_us &&
             timer->id < loop->timers.items[best].id))
            best = i;
    }
    if (best == SIZE_MAX)
        return false;
    *out = loop->timers.items[best];
    loop->timers.items[best] = loop->timers.items[--loop->timers.count];
    return true;
}

static void serve_timers(struct net_loop *loop)
{
    int64_t now = base_seam_mono_us(loop->seam);
    uint64_t before = loop->next_id;
    struct timer timer;

    while (take_due(loop, before, now, &timer))
        timer.fn(timer.user);
}

static int poll_ms(struct net_loop *loop, int max_ms)
{
    int64_t now, wait = INT64_MAX;
    bool jobs;

    pthread_mutex_lock(&loop->lock);
    jobs = loop->jobs.count > 0;
    pthread_mutex_unlock(&loop->lock);
    if (loop->stop || jobs)
        return 0;
    if (loop->timers.count == 0)
        return max_ms;
    now = base_seam_mono_us(loop->seam);
    for (size_t i = 0; i < loop->timers.count; i++)
        if (loop->timers.items[i].due_us - now < wait)
            wait = loop->timers.items[i].due_us - now;
    wait = wait <= 0 ? 0 : wait / 1000 + 1;
    /* The clock can be turned from outside; a timer then is late by at most this. */
    if (wait > 1000)
        wait = 1000;
    return wait < max_ms ? (int)wait : max_ms;
}

static void serve_watches(struct net_loop *loop)
{
    for (size_t i = 0; i < loop->polled.count; i++) {
        int revents = loop->polled.items[i].revents, events = 0;
        struct watch *watch = find_watch(loop, loop->polled.items[i].fd);

        if (!revents || !watch || watch->id != loop->polled_ids.items[i])
            continue;
        if (revents & CURL_WAIT_POLLOUT)
            events |= NET_WRITE;
        if (revents & ~CURL_WAIT_POLLOUT)
            events |= NET_READ;
        watch->fn(watch->user, watch->fd, events);
    }
}

void net_loop_turn(struct net_loop *loop, int max_ms)
{
    int ready;

    serve_jobs(loop);
    serve_transfers(loop);
    serve_timers(loop);
    loop->polled.count = loop->polled_ids.count = 0;
    for (size_t i = 0; i < loop->watches.count; i++) {
        const struct watch *watch = &loop->watches.items[i];
        struct curl_waitfd waitfd = {.fd = watch->fd};

        if (!watch->events)
            continue;
        waitfd.events = (short)((watch->events & NET_READ ? CURL_WAIT_POLLIN : 0) |
                                (watch->events & NET_WRITE ? CURL_WAIT_POLLOUT : 0));
        vec_push(&loop->polled, waitfd);
        vec_push(&loop->polled_ids, watch->id);
    }
    curl_multi_poll(loop->multi, loop->polled.items, (unsigned)loop->polled.count,
                    poll_ms(loop, max_ms), &ready);
    serve_watches(loop);
    /* What woke the poll is served in this turn: who turns until one thing is done must not wait
     * once more. */
    serve_jobs(loop);
    serve_transfers(loop);
    serve_timers(loop);
}

void net_loop_run(struct net_loop *loop)
{
    while (!loop->stop)
        net_loop_turn(loop, 60000);
    loop->stop = false;
}
