/* A server on a poll() loop of its own, turned by hand or in a thread of its own. */
#ifndef TEST_IPC_BENCH_H
#define TEST_IPC_BENCH_H

#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/server.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WATCHED_MAX 64

struct bench {
    char folder[64], path[100];
    struct ipc_server *server;
    struct pollfd watched[WATCHED_MAX];
    size_t watched_count;
    int64_t now_us;
    int handled, gone, refused;
    struct ipc_call deferred;
    pthread_t thread;
    volatile bool stop;
};

void bench_watch(void *user, int fd, int events);
void bench_unwatch(void *user, int fd);
void bench_config(struct bench *bench, struct ipc_server_config *config);
void bench_open_as(struct bench *bench, mode_t mode, gid_t view, gid_t admin);
void bench_open(struct bench *bench);
void bench_turn(struct bench *bench, int timeout_ms);
void bench_settle(struct bench *bench);
void bench_start(struct bench *bench);
void bench_halt(struct bench *bench);
void bench_close(struct bench *bench);

#endif
