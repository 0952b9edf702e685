/* The one main loop of a process: transfers, file descriptors, timers and jobs posted by threads,
 * all on curl_multi_poll. Only net_loop_post may be called from another thread; everything else
 * belongs to the thread that runs the loop. Callbacks may call anything here, also net_loop_stop
 * and their own removal. */
#ifndef AAMPE_NET_LOOP_H
#define AAMPE_NET_LOOP_H

#include "base/seam.h"

#include <stdbool.h>
#include <stdint.h>

enum net_loop_events {
    NET_READ = 1,
    NET_WRITE = 2
}; /* hang-up and error are reported as NET_READ */

struct net_loop;
/* The seam is borrowed and must outlive the loop; timers run on its (turnable) monotonic clock. */
struct net_loop *net_loop_new(struct base_seam *seam);
/* Free clients, tokens and databricks objects first. Jobs posted and not yet run are discarded,
 * but for what net_loop_hold promised. */
void net_loop_free(struct net_loop **loop);
/* Another thread is going to post something and cannot be told not to (a disk that does not
 * answer): net_loop_free waits for the release, two seconds at most; after that the loop stays in
 * memory, because the program is ending and the thread may still come. One release for each. */
void net_loop_hold(struct net_loop *loop);
void net_loop_release(struct net_loop *loop);
struct base_seam *net_loop_seam(struct net_loop *loop);

/* Calls fn once, after at least ms milliseconds, never from inside this call. Returns an id, never
 * 0. */
uint64_t net_loop_after(struct net_loop *loop, int64_t ms, void (*fn)(void *user), void *user);
/* 0, a fired or an unknown id is ignored. */
void net_loop_cancel_timer(struct net_loop *loop, uint64_t id);

/* Calls fn while any of the events holds (level-triggered). One watch a descriptor: a second call
 * replaces events, fn and user. The descriptor stays the caller's; unwatch before closing it. */
void net_loop_watch(struct net_loop *loop, int fd, int events,
                    void (*fn)(void *user, int fd, int events), void *user);
void net_loop_unwatch(struct net_loop *loop, int fd);

/* Thread-safe: runs fn(user) on the loop's thread, in the order posted, also when called from that
 * thread. */
void net_loop_post(struct net_loop *loop, void (*fn)(void *user), void *user);
/* The same for what owns something: when the loop goes before fn could run, discard(user) is called
 * instead. */
void net_loop_post_owned(struct net_loop *loop, void (*fn)(void *user), void (*discard)(void *user),
                         void *user);

/* Runs until net_loop_stop. */
void net_loop_run(struct net_loop *loop);
/* One turn: waits at most max_ms for something to happen and serves it. For tests and for programs
 * that wait for one thing: while (!done) net_loop_turn(loop, 1000). */
void net_loop_turn(struct net_loop *loop, int max_ms);
/* Makes net_loop_run return after the current turn; from a signal handler or thread use
 * net_loop_post. */
void net_loop_stop(struct net_loop *loop);

#endif
