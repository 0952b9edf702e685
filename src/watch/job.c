#include "watch/job.h"

#include "base/alloc.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct watch_job {
    pthread_mutex_t lock;  /* of the two members below it: the loop may go while the thread hangs */
    struct net_loop *loop; /* NULL: nobody waits any more */
    bool posted;
    void (*work)(void *data);
    void (*done)(void *user, void *data);
    void (*free_data)(void *data);
    void *data, *user;
};

static void job_free(struct watch_job *job)
{
    job->free_data(job->data);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

/* The loop has gone, and whoever waited with it. */
static void job_discarded(void *user)
{
    struct watch_job *job = user;
    pthread_mutex_lock(&job->lock); /* the thread that posted this is out of it */
    pthread_mutex_unlock(&job->lock);
    job_free(job);
}

static void job_over(void *user)
{
    struct watch_job *job = user;
    pthread_mutex_lock(&job->lock); /* the thread that posted this is out of it */
    bool wanted = job->loop != NULL;
    pthread_mutex_unlock(&job->lock);
    if (wanted)
        job->done(job->user, job->data);
    job_free(job);
}

static void *thread_run(void *user)
{
    struct watch_job *job = user;
    job->work(job->data);
    pthread_mutex_lock(&job->lock);
    job->posted = job->loop != NULL;
    if (job->posted)
        net_loop_post_owned(job->loop, job_over, job_discarded, job);
    bool mine = !job->posted;
    pthread_mutex_unlock(&job->lock);
    if (mine)
        job_free(job);
    return NULL;
}

struct watch_job *watch_job_start(struct net_loop *loop, void (*work)(void *data),
                                  void (*done)(void *user, void *data),
                                  void (*free_data)(void *data), void *data, void *user)
{
    struct watch_job *job = base_alloc_zero(1, sizeof *job);
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    *job = (struct watch_job){.loop = loop,
                              .work = work,
                              .done = done,
                              .free_data = free_data,
                              .data = data,
                              .user = user};
    pthread_mutex_init(&job->lock, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &attributes, thread_run, job) != 0)
        thread_run(job); /* no thread to be had: then the loop waits */
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return job;
}

/* A job that has been posted is freed by the loop, at the latest when it is drained; one that hangs
 * by its thread. */
void watch_job_drop(struct watch_job **job_ptr)
{
    struct watch_job *job = *job_ptr;
    *job_ptr = NULL;
    if (job == NULL)
        return;
    pthread_mutex_lock(&job->lock);
    job->loop = NULL;
    pthread_mutex_unlock(&job->lock);
}
