/* A pool of threads that run jobs on data the job owns; the answer comes back on the main loop. */
#ifndef AAMPE_SYNC_WORKER_H
#define AAMPE_SYNC_WORKER_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct net_loop;
struct sync_workers;

/* Embedded as the first member of what a job needs. */
struct sync_job {
    void (*work)(
        struct sync_job *job); /* on a worker; touches nothing but the job and what it owns */
    void (*done)(struct sync_job *job); /* on the main loop; owns the job from then on */
    void (*drop)(struct sync_job
                     *job); /* instead of done when the pool is gone: free what it owns, and it */
    int64_t cpu_us;         /* thread time `work` took, set before done */
    /* The pool's own. */
    struct sync_workers *workers;
};

/* HOST_MEMORY when threads are refused. */
struct sync_workers *sync_workers_new(struct net_loop *loop, int count, struct err *err);
/* Lets running jobs finish, drops the others, joins. Answers still on their way are dropped too. */
void sync_workers_free(struct sync_workers **workers);
void sync_workers_push(struct sync_workers *workers, struct sync_job *job);
/* Jobs pushed and not yet answered. */
size_t sync_workers_busy(const struct sync_workers *workers);

#endif
