#include "sync/worker.h"

#include "base/alloc.h"
#include "base/queue.h"
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct sync_workers {
    struct net_loop *loop;
    struct base_queue *queue;
    pthread_t *threads;
    int count;
    atomic_bool closing; /* set once by the main thread: jobs not begun are handed back undone */
    /* Main thread only. */
    size_t busy;
    bool gone; /* freed by its owner; the last answer on its way frees the memory */
};

static void workers_destroy(struct sync_workers *w)
{
    base_queue_free(&w->queue);
    free(w->threads);
    free(w);
}

static void job_answer(void *user)
{
    struct sync_job *job = user;
    struct sync_workers *w = job->workers;
    w->busy--;
    if (!w->gone) {
        job->done(job);
        return;
    }
    job->drop(job);
    if (w->busy == 0)
        workers_destroy(w);
}

static int64_t thread_cpu_us(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts))
        return 0;
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void *worker_main(void *user)
{
    struct sync_workers *w = user;
    struct sync_job *job;
    while ((job = base_queue_pop(w->queue))) {
        if (!atomic_load(&w->closing)) {
            int64_t begin = thread_cpu_us();
            job->work(job);
            job->cpu_us = thread_cpu_us() - begin;
        }
        net_loop_post(w->loop, job_answer, job);
    }
    return NULL;
}

struct sync_workers *sync_workers_new(struct net_loop *loop, int count, struct err *err)
{
    struct sync_workers *w = base_alloc_zero(1, sizeof *w);
    w->loop = loop;
    w->queue = base_queue_new();
    w->threads = base_alloc_zero((size_t)count, sizeof *w->threads);
    for (; w->count < count; w->count++) {
        int rc = pthread_create(&w->threads[w->count], NULL, worker_main, w);
        if (rc) {
            base_err_set(err, ERR_HOST_MEMORY, "worker thread %d of %d: %s", w->count + 1, count,
                         strerror(rc));
            sync_workers_free(&w);
            return NULL;
        }
    }
    return w;
}

void sync_workers_free(struct sync_workers **workers)
{
    struct sync_workers *w = *workers;
    if (!w)
        return;
    *workers = NULL;
    atomic_store(&w->closing, true);
    base_queue_close(w->queue);
    for (int i = 0; i < w->count; i++)
        pthread_join(w->threads[i], NULL);
    w->gone = true;
    if (w->busy == 0)
        workers_destroy(w);
}

void sync_workers_push(struct sync_workers *workers, struct sync_job *job)
{
    job->workers = workers;
    workers->busy++;
    base_queue_push(workers->queue, job);
}

size_t sync_workers_busy(const struct sync_workers *workers)
{
    return workers->busy;
}
