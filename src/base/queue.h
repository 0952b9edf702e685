/* A locked first-in-first-out queue: all that threads share. */
#ifndef AAMPE_BASE_QUEUE_H
#define AAMPE_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct base_queue;
struct base_queue *base_queue_new(void);
void base_queue_free(struct base_queue **queue); /* must be empty */
void base_queue_push(struct base_queue *queue, void *item);
void *base_queue_pop(struct base_queue *queue);     /* waits; NULL once closed and empty */
void *base_queue_try_pop(struct base_queue *queue); /* NULL when empty */
void base_queue_close(struct base_queue *queue);

#endif
