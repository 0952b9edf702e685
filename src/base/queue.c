#include "base/queue.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdlib.h>

struct node {
    struct node *next;
    void *item;
};

struct base_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct node *first, *last;
    bool closed;
};

struct base_queue *base_queue_new(void)
{
    struct base_queue *queue = base_alloc_zero(1, sizeof *queue);

    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    return queue;
}

void base_queue_free(struct base_queue **queue)
{
    if (!*queue)
        return;
    if ((*queue)->first)
        bug("a queue that still holds items is freed");
    pthread_cond_destroy(&(*queue)->filled);
    pthread_mutex_destroy(&(*queue)->lock);
    base_free(queue);
}

void base_queue_push(struct base_queue *queue, void *item)
{
    struct node *node = base_alloc_zero(1, sizeof *node);

    node->item = item;
    pthread_mutex_lock(&queue->lock);
    if (queue->last)
        queue->last->next = node;
    else
        queue->first = node;
    queue->last = node;
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

static void *take(struct base_queue *queue)
{
    struct node *node = queue->first;
    void *item;

    if (!node)
        return NULL;
    item = node->item;
    queue->first = node->next;
    if (!queue->first)
        queue->last = NULL;
    free(node);
    return item;
}

void *base_queue_pop(struct base_queue *queue)
{
    void *item;

    pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->lock);
    item = take(queue);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void *base_queue_try_pop(struct base_queue *queue)
{
    void *item;

    pthread_mutex_lock(&queue->lock);
    item = take(queue);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void base_queue_close(struct base_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}
