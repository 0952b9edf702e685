#define _GNU_SOURCE

#include "ipc_bench.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

void bench_watch(void *user, int fd, int events)
{
    struct bench *bench = user;
    short mask = (short)(((events & IPC_WATCH_READ) ? POLLIN : 0) |
                         ((events & IPC_WATCH_WRITE) ? POLLOUT : 0));
    for (size_t i = 0; i < bench->watched_count; i++) {
        if (bench->watched[i].fd == fd) {
            bench->watched[i].events = mask;
            return;
        }
    }
    assert_true(bench->watched_count < WATCHED_MAX);
    bench->watched[bench->watched_count++] = (struct pollfd){.fd = fd, .events = mask};
}

void bench_unwatch(void *user, int fd)
{
    struct bench *bench = user;
    for (size_t i = 0; i < bench->watched_count; i++) {
        if (bench->watched[i].fd == fd) {
            bench->watched[i] = bench->watched[--bench->watched_count];
            return;
        }
    }
    fail_msg("descriptor %d was not watched", fd);
}

static int64_t bench_now(void *user)
{
    return ((struct bench *)user)->now_us;
}

static void bench_handle(void *user, struct ipc_call *call, const char *method, const cJSON *params)
{
    struct bench *bench = user;
    bench->handled++;
    if (strcmp(method, "echo") == 0) {
        ipc_reply(bench->server, call, params != NULL ? cJSON_Duplicate(params, 1) : NULL);
    } else if (strcmp(method, "fail") == 0) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_RUN_NOT_FOUND, "there is no run 7");
        base_err_hint(&err, "look elsewhere");
        err.http_status = 404;
        ipc_reply_error(bench->server, call, &err);
    } else if (strcmp(method, "later") == 0) {
        ipc_call_drop(&bench->deferred);
        bench->deferred = *call;
    } else if (strcmp(method, "now") == 0) {
        cJSON *result = base_json_object();
        base_json_add_str(result, "answer", "late");
        ipc_reply(bench->server, &bench->deferred, result);
        ipc_reply(bench->server, call, NULL);
    } else if (strcmp(method, "event") == 0) {
        for (int64_t i = 0; i < base_json_i64_or(params, "count", 1); i++) {
            cJSON *payload = base_json_object();
            base_json_add_i64(payload, "n", i);
            char *pad = base_alloc_zero(1, 1025);
            memset(pad, 'x', 1024);
            base_json_add_str(payload, "pad", pad);
            free(pad);
            ipc_event(bench->server, base_json_str_or(params, "name", "run.state"), payload);
        }
        ipc_reply(bench->server, call, NULL);
    } else if (strcmp(method, "huge") == 0) {
        char *text = base_alloc_zero(1, IPC_FRAME_MAX + 1);
        memset(text, 'y', IPC_FRAME_MAX);
        cJSON *result = base_json_object();
        base_json_add_str(result, "text", text);
        free(text);
        ipc_reply(bench->server, call, result);
    } else if (strcmp(method, "write") == 0) {
        if (ipc_need_admin(bench->server, call))
            ipc_reply(bench->server, call, NULL);
    }
}

static void bench_gone(void *user, uint64_t client)
{
    (void)client;
    ((struct bench *)user)->gone++;
}

static void bench_refused(void *user, uid_t uid, pid_t pid)
{
    (void)uid;
    (void)pid;
    ((struct bench *)user)->refused++;
}

void bench_config(struct bench *bench, struct ipc_server_config *config)
{
    *config = (struct ipc_server_config){.path = bench->path,
                                         .program = "aampe-syncd",
                                         .version = "9.9",
                                         .mode = 0600,
                                         .view_gid = (gid_t)-1,
                                         .admin_gid = (gid_t)-1,
                                         .now_us = bench_now,
                                         .handle = bench_handle,
                                         .gone = bench_gone,
                                         .refused = bench_refused,
                                         .user = bench};
}

void bench_open_as(struct bench *bench, mode_t mode, gid_t view, gid_t admin)
{
    struct err err = ERR_INIT;
    struct ipc_server_config config;
    memset(bench, 0, sizeof *bench);
    bench->now_us = 1000000;
    snprintf(bench->folder, sizeof bench->folder, "/tmp/aampe-ipc-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/sock", bench->folder);
    bench_config(bench, &config);
    config.mode = mode;
    config.view_gid = view;
    config.admin_gid = admin;
    struct ipc_watch watch = {bench_watch, bench_unwatch, bench};
    bench->server = ipc_server_new(&config, &watch, &err);
    if (bench->server == NULL)
        fail_msg("%s", err.message);
}

void bench_open(struct bench *bench)
{
    bench_open_as(bench, 0600, (gid_t)-1, (gid_t)-1);
}

void bench_turn(struct bench *bench, int timeout_ms)
{
    struct pollfd ready[WATCHED_MAX];
    size_t count = bench->watched_count;
    memcpy(ready, bench->watched, sizeof ready);
    if (poll(ready, count, timeout_ms) <= 0)
        return;
    for (size_t i = 0; i < count; i++) {
        int events = ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) ? IPC_WATCH_READ : 0) |
                     ((ready[i].revents & POLLOUT) ? IPC_WATCH_WRITE : 0);
        if (events != 0)
            ipc_server_ready(bench->server, ready[i].fd, events);
    }
}

void bench_settle(struct bench *bench)
{
    for (int i = 0; i < 8; i++)
        bench_turn(bench, 0);
}

static void *bench_main(void *user)
{
    struct bench *bench = user;
    while (!bench->stop)
        bench_turn(bench, 5);
    return NULL;
}

void bench_start(struct bench *bench)
{
    assert_int_equal(pthread_create(&bench->thread, NULL, bench_main, bench), 0);
}

void bench_halt(struct bench *bench)
{
    bench->stop = true;
    pthread_join(bench->thread, NULL);
    bench->stop = false;
}

void bench_close(struct bench *bench)
{
    ipc_call_drop(&bench->deferred);
    ipc_server_free(&bench->server);
    assert_int_equal(bench->watched_count, 0);
    assert_int_equal(base_file_remove_tree(bench->folder, NULL), 0);
}
