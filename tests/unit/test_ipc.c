/* Both ends of the socket against each other, and against peers that do not behave. */
#define _GNU_SOURCE

#include "ipc/client.h"
#include "ipc/frame.h"
#include "ipc/server.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define WATCHED_MAX 64

/* A server on a poll() loop of its own, in this thread: turned by hand or in a thread of its own.
 */
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

static void bench_watch(void *user, int fd, int events)
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

static void bench_unwatch(void *user, int fd)
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

static void bench_config(struct bench *bench, struct ipc_server_config *config)
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

static void bench_open_as(struct bench *bench, mode_t mode, gid_t view, gid_t admin)
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

static void bench_open(struct bench *bench)
{
    bench_open_as(bench, 0600, (gid_t)-1, (gid_t)-1);
}

static void bench_turn(struct bench *bench, int timeout_ms)
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

static void bench_settle(struct bench *bench)
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

static void bench_start(struct bench *bench)
{
    assert_int_equal(pthread_create(&bench->thread, NULL, bench_main, bench), 0);
}

static void bench_halt(struct bench *bench)
{
    bench->stop = true;
    pthread_join(bench->thread, NULL);
    bench->stop = false;
}

static void bench_close(struct bench *bench)
{
    ipc_call_drop(&bench->deferred);
    ipc_server_free(&bench->server);
    assert_int_equal(bench->watched_count, 0);
    assert_int_equal(base_file_remove_tree(bench->folder, NULL), 0);
}

static int raw_connect(const struct bench *bench)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", bench->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void raw_send(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* What has arrived so far. Sets *ended at the end of the stream. */
static size_t raw_read(int fd, char *out, size_t size, bool *ended)
{
    size_t len = 0;
    *ended = false;
    while (len + 1 < size) {
        ssize_t n = recv(fd, out + len, size - 1 - len, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            *ended = true;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    out[len] = '\0';
    return len;
}

static const char hello[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":"
                            "{\"protocol\":1,\"program\":\"t\",\"version\":\"1\"}}\n";

static void test_calls(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    cJSON *result;
    bench_open(&bench);
    bench_start(&bench);
    struct ipc_client *client = ipc_client_connect(bench.path, "t", "1", 5000, &err);
    assert_non_null(client);
    assert_string_equal(ipc_client_server_version(client), "9.9");
    assert_string_equal(ipc_client_role(client), "admin");
    cJSON *params = base_json_object();
    base_json_add_i64(params, "big", INT64_C(9007199254740993));
    base_json_add_str(params, "text", "line\nbreak \xc3\xa9");
    assert_int_equal(ipc_client_call(client, "echo", params, 5000, &result, &err), 0);
    int64_t big;
    assert_true(base_json_i64(result, "big", &big));
    assert_true(big == INT64_C(9007199254740993));
    assert_string_equal(base_json_str(result, "text"), "line\nbreak \xc3\xa9");
    cJSON_Delete(result);
    assert_int_equal(ipc_client_call(client, "fail", NULL, 5000, &result, &err), -1);
    assert_int_equal(err.code, ERR_RUN_NOT_FOUND);
    assert_string_equal(err.message, "there is no run 7");
    assert_string_equal(err.hint, "look elsewhere");
    assert_int_equal(err.http_status, 404);
    base_err_clear(&err);
    assert_int_equal(ipc_client_call(client, "huge", NULL, 5000, &result, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT_EXCEEDED);
    ipc_client_free(&client);
    bench_halt(&bench);
    bench_settle(&bench);
    assert_int_equal(bench.gone, 1);
    bench_close(&bench);
}

static void test_deferred_and_events(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT, reply_err = ERR_INIT;
    cJSON *result, *event;
    int later, got;
    bench_open(&bench);
    bench_start(&bench);
    struct ipc_client *client = ipc_client_connect(bench.path, "t", "1", 5000, &err);
    assert_non_null(client);
    assert_int_equal(ipc_client_send(client, "later", NULL, &later, &err), 0);
    cJSON *params = base_json_object();
    cJSON *names = base_json_add_array(params, "events");
    base_json_push_take(names, cJSON_CreateString("run.state"));
    assert_int_equal(ipc_client_call(client, "subscribe", params, 5000, &result, &err), 0);
    cJSON_Delete(result);
    params = base_json_object();
    base_json_add_str(params, "name", "log");
    assert_int_equal(ipc_client_call(client, "event", params, 5000, &result, &err), 0);
    cJSON_Delete(result);
    assert_int_equal(ipc_client_call(client, "event", NULL, 5000, &result, &err), 0);
    cJSON_Delete(result);
    assert_int_equal(ipc_client_next_reply(client, 0, &got, &result, &reply_err, &err), 0);
    assert_int_equal(ipc_client_call(client, "now", NULL, 5000, &result, &err), 0);
    cJSON_Delete(result);
    assert_int_equal(ipc_client_next_reply(client, 5000, &got, &result, &reply_err, &err), 1);
    assert_int_equal(got, later);
    assert_string_equal(base_json_str(result, "answer"), "late");
    cJSON_Delete(result);
    /* the one subscribed to, and not the other */
    assert_int_equal(ipc_client_next_event(client, 5000, &event, &err), 1);
    assert_string_equal(base_json_str(event, "name"), "run.state");
    cJSON_Delete(event);
    assert_int_equal(ipc_client_next_event(client, 0, &event, &err), 0);
    ipc_client_free(&client);
    bench_halt(&bench);
    bench_close(&bench);
}

static void test_first_words(void **state)
{
    (void)state;
    static const struct {
        const char *send, *expect;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}\n", "hello has to come first"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"hello\",\"params\":{\"protocol\":2}}\n",
         "ENGINE_PROTOCOL"},
        {"not json\n", "-32700"},
        {"[1,2]\n", "-32700"},
        {"{\"id\":1}\n", "-32600"},
        {"{\"id\":{},\"method\":\"hello\"}\n", "-32600"},
        {"{\"id\":1,\"id\":2,\"method\":\"hello\"}\n", "-32700"},
    };
    struct bench bench;
    bench_open(&bench);
    for (size_t i = 0; i < base_countof(cases); i++) {
        char text[4096];
        bool ended;
        int fd = raw_connect(&bench);
        raw_send(fd, cases[i].send);
        bench_settle(&bench);
        raw_read(fd, text, sizeof text, &ended);
        assert_non_null(strstr(text, cases[i].expect));
        assert_true(ended);
        close(fd);
    }
    bench_settle(&bench);
    assert_int_equal(ipc_server_clients(bench.server), 0);
    assert_int_equal(bench.handled, 0);
    bench_close(&bench);
}

static void test_limits_of_time(void **state)
{
    (void)state;
    struct bench bench;
    char text[4096];
    bool ended;
    bench_open(&bench);
    int silent = raw_connect(&bench), idle = raw_connect(&bench), listening = raw_connect(&bench);
    raw_send(idle, hello);
    raw_send(listening, hello);
    raw_send(listening, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"subscribe\"}\n");
    bench_settle(&bench);
    assert_int_equal(ipc_server_clients(bench.server), 3);
    bench.now_us += IPC_HELLO_US + 1;
    ipc_server_tick(bench.server);
    assert_int_equal(ipc_server_clients(bench.server), 2);
    raw_read(silent, text, sizeof text, &ended);
    assert_true(ended);
    bench.now_us += IPC_IDLE_US;
    ipc_server_tick(bench.server);
    assert_int_equal(ipc_server_clients(bench.server), 1);
    raw_read(listening, text, sizeof text, &ended);
    assert_false(ended);
    close(silent);
    close(idle);
    close(listening);
    bench_close(&bench);
}

/* 10 000 clients that say half a sentence: no more than 32 are held, descriptors do not pile up, a
 * good one is served in between. */
static void test_half_frames(void **state)
{
    (void)state;
    struct bench bench;
    char text[8192];
    bool ended;
    bench_open(&bench);
    int fds[40];
    size_t held = 0;
    for (int i = 0; i < 10000; i++) {
        int fd = raw_connect(&bench);
        if (fd >= 0 && i % 3 != 0) {
            ssize_t sent = send(fd, hello, (size_t)i % (sizeof hello - 2), MSG_NOSIGNAL);
            (void)sent;
        }
        if (fd >= 0)
            fds[held++] = fd;
        if (held == base_countof(fds)) {
            bench_settle(&bench);
            assert_true(ipc_server_clients(bench.server) <= IPC_CLIENTS_MAX);
            assert_true(bench.watched_count <= IPC_CLIENTS_MAX + 1);
            while (held > 0)
                close(fds[--held]);
            bench_settle(&bench);
        }
    }
    while (held > 0)
        close(fds[--held]);
    bench_settle(&bench);
    int fd = raw_connect(&bench);
    raw_send(fd, hello);
    bench_settle(&bench);
    raw_read(fd, text, sizeof text, &ended);
    assert_non_null(strstr(text, "\"role\":\"admin\""));
    close(fd);
    bench_settle(&bench);
    assert_int_equal(ipc_server_clients(bench.server), 0);
    bench_close(&bench);
}

static void test_too_many(void **state)
{
    (void)state;
    struct bench bench;
    char text[4096];
    bool ended;
    int fds[IPC_CLIENTS_MAX + 1];
    bench_open(&bench);
    for (int i = 0; i <= IPC_CLIENTS_MAX; i++) {
        fds[i] = raw_connect(&bench);
        bench_turn(&bench, 0);
    }
    assert_int_equal(ipc_server_clients(bench.server), IPC_CLIENTS_MAX);
    raw_read(fds[IPC_CLIENTS_MAX], text, sizeof text, &ended);
    assert_true(ended);
    assert_non_null(strstr(text, "ENGINE_BUSY"));
    for (int i = 0; i <= IPC_CLIENTS_MAX; i++)
        close(fds[i]);
    bench_settle(&bench);
    bench_close(&bench);
}

static void test_no_descriptors(void **state)
{
    (void)state;
    struct bench bench;
    struct rlimit old, none;
    bench_open(&bench);
    int waiting = raw_connect(&bench);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    int next = dup(0);
    close(next);
    none = old;
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    bench_turn(&bench, 0);
    /* the one who waited was let go, so the listening descriptor is quiet again */
    struct pollfd quiet = {.fd = bench.watched[0].fd, .events = POLLIN};
    int ready = poll(&quiet, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(ready, 0);
    assert_int_equal(ipc_server_clients(bench.server), 0);
    close(waiting);
    waiting = raw_connect(&bench);
    bench_turn(&bench, 0);
    assert_int_equal(ipc_server_clients(bench.server), 1);
    close(waiting);
    bench_settle(&bench);
    bench_close(&bench);
}

static void test_long_line(void **state)
{
    (void)state;
    struct bench bench;
    bool ended = false;
    char text[4096];
    bench_open(&bench);
    int fd = raw_connect(&bench);
    raw_send(fd, hello);
    bench_settle(&bench);
    raw_read(fd, text, sizeof text, &ended);
    char *block = base_alloc(65536);
    memset(block, ' ', 65536);
    for (int i = 0; i < 40 && ipc_server_clients(bench.server) == 1; i++) {
        ssize_t sent = send(fd, block, 65536, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent;
        bench_settle(&bench);
    }
    raw_read(fd, text, sizeof text, &ended);
    assert_non_null(strstr(text, "LIMIT_EXCEEDED"));
    free(block);
    close(fd);
    bench_settle(&bench);
    assert_int_equal(ipc_server_clients(bench.server), 0);
    bench_close(&bench);
}

/* A client that does not read loses events, keeps its connection, and is told to resync. */
static void test_slow_client(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    bench_open(&bench);
    int slow = raw_connect(&bench);
    raw_send(slow, hello);
    raw_send(slow, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"subscribe\"}\n");
    bench_settle(&bench);
    bench_start(&bench);
    struct ipc_client *client = ipc_client_connect(bench.path, "t", "1", 5000, &err);
    assert_non_null(client);
    cJSON *params = base_json_object(), *result;
    base_json_add_i64(params, "count", 5000);
    assert_int_equal(ipc_client_call(client, "event", params, 60000, &result, &err), 0);
    cJSON_Delete(result);
    ipc_client_free(&client);
    bench_halt(&bench);
    bench_settle(&bench);
    assert_int_equal(ipc_server_clients(bench.server), 1);
    struct buf all;
    base_buf_init(&all, BUF_MAX_DEFAULT);
    for (int quiet = 0; quiet < 3;) {
        char text[65536];
        bool ended;
        size_t n = raw_read(slow, text, sizeof text, &ended);
        assert_false(ended);
        base_buf_append(&all, text, n);
        quiet = n == 0 ? quiet + 1 : 0;
        bench_settle(&bench);
    }
    assert_true(all.len < IPC_QUEUE_MAX);
    const char *resync = strstr(all.data, "\"name\":\"resync\"");
    assert_non_null(resync);
    assert_null(strstr(resync + 1, "\"name\":\"resync\"")); /* once */
    base_buf_free(&all);
    close(slow);
    bench_settle(&bench);
    bench_close(&bench);
}

/* One who asks and never reads: the queue is bounded, the connection ends, the others live. */
static void test_flood(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench);
    int fd = raw_connect(&bench);
    raw_send(fd, hello);
    bench_settle(&bench);
    char line[70000];
    memset(line, 'a', sizeof line);
    int head = snprintf(line, sizeof line,
                        "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"echo\",\"params\":{\"t\":\"");
    line[head] = 'a';
    memcpy(line + 60000, "\"}}\n", 4);
    for (int i = 0; i < 2000 && ipc_server_clients(bench.server) == 1; i++) {
        size_t sent = 0;
        while (sent < 60004 && ipc_server_clients(bench.server) == 1) {
            ssize_t n = send(fd, line + sent, 60004 - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n > 0)
                sent += (size_t)n;
            bench_turn(&bench, 0);
        }
    }
    assert_int_equal(ipc_server_clients(bench.server), 0);
    close(fd);
    bench_close(&bench);
}

static void test_unanswered_calls(void **state)
{
    (void)state;
    struct bench bench;
    char text[65536];
    bool ended;
    bench_open(&bench);
    int fd = raw_connect(&bench);
    raw_send(fd, hello);
    for (int i = 0; i < 65; i++)
        raw_send(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"later\"}\n");
    bench_settle(&bench);
    raw_read(fd, text, sizeof text, &ended);
    assert_int_equal(bench.handled, 64);
    assert_non_null(strstr(text, "ENGINE_BUSY"));
    close(fd);
    bench_settle(&bench);
    /* an answer to one who has gone is dropped */
    ipc_reply(bench.server, &bench.deferred, NULL);
    bench_close(&bench);
}

static void test_socket_files(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    struct stat st;
    bench_open(&bench);
    assert_int_equal(stat(bench.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* a second engine is refused while the first lives */
    struct ipc_server_config config;
    bench_config(&bench, &config);
    struct ipc_watch watch = {bench_watch, bench_unwatch, &bench};
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_LOCKED);
    base_err_clear(&err);
    /* a file that is no socket is not removed */
    char other[160];
    snprintf(other, sizeof other, "%s/other", bench.folder);
    assert_int_equal(base_file_write_atomic(other, "x", 1, 0600, NULL), 0);
    config.path = other;
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
    base_err_clear(&err);
    /* an open folder is refused */
    char folder[160], open_path[200];
    snprintf(folder, sizeof folder, "%s/open", bench.folder);
    snprintf(open_path, sizeof open_path, "%s/sock", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    config.path = open_path;
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_HOST_SECRET_EXPOSED);
    bench_close(&bench);
}

static void test_stale_and_long_path(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    bench_open(&bench);
    char folder[300];
    snprintf(folder, sizeof folder, "%s/%0*d", bench.folder, 120, 7);
    assert_int_equal(mkdir(folder, 0700), 0);
    char path[340];
    snprintf(path, sizeof path, "%s/sock", folder);
    pid_t child = fork();
    if (child == 0) { /* serves it, then ends without tidying up */
        struct bench mine = {0};
        struct ipc_server_config config;
        struct ipc_watch watch = {bench_watch, bench_unwatch, &mine};
        bench_config(&mine, &config);
        config.path = path;
        mine.server = ipc_server_new(&config, &watch, NULL);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(path, F_OK), 0);
    assert_null(ipc_client_connect(path, "t", "1", 1000, &err));
    assert_int_equal(err.code, ERR_ENGINE_UNREACHABLE);
    base_err_clear(&err);
    struct ipc_server_config config;
    struct ipc_watch watch = {bench_watch, bench_unwatch, &bench};
    bench_config(&bench, &config);
    config.path = path;
    struct ipc_server *first = bench.server;
    bench.server = ipc_server_new(&config, &watch, &err);
    assert_non_null(bench.server);
    bench_start(&bench);
    struct ipc_client *client = ipc_client_connect(path, "t", "1", 5000, &err);
    assert_non_null(client);
    ipc_client_free(&client);
    bench_halt(&bench);
    ipc_server_free(&first);
    bench_close(&bench);
}

/* Runs as another uid with these groups; the child's exit code is what fn returns. */
static int as_other(struct bench *bench, gid_t group, int (*fn)(struct bench *bench))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        gid_t groups[1] = {group};
        if (setgroups(1, groups) != 0 || setresgid(65534, 65534, 65534) != 0 ||
            setresuid(65534, 65534, 65534) != 0)
            _exit(99);
        _exit(fn(bench));
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int other_tries(struct bench *bench)
{
    struct err err = ERR_INIT;
    struct ipc_client *client = ipc_client_connect(bench->path, "t", "1", 5000, &err);
    if (client == NULL)
        return err.code == ERR_NOT_PERMITTED ? 10 : err.code == ERR_SEC_HOST_REFUSED ? 11 : 12;
    cJSON *result;
    int role = strcmp(ipc_client_role(client), "admin") == 0 ? 20 : 30;
    int look = ipc_client_call(client, "echo", NULL, 5000, &result, &err);
    cJSON_Delete(result);
    base_err_clear(&err);
    int write = ipc_client_call(client, "write", NULL, 5000, &result, &err);
    cJSON_Delete(result);
    ipc_client_free(&client);
    if (look != 0)
        return 40;
    return write == 0 ? role : err.code == ERR_NOT_PERMITTED ? role + 1 : role + 2;
}

static void test_roles(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    static const struct {
        mode_t mode;
        bool folder_open;
        gid_t group;
        int expect;
        int refused;
    } cases[] = {
        {0600, false, 4000, 10, 0}, /* kept out by the folder's mode */
        {0600, true, 4000, 10, 0},  /* by the socket's mode */
        {0666, true, 4000, 10, 1},  /* opened by hand: by the peer check, and told */
        {0660, true, 4001, 31, 0},  /* in the group that may look */
        {0660, true, 4002, 20, 0},  /* in the group that may change */
    };
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct bench bench;
        bench_open_as(&bench, cases[i].mode, 4001, 4002);
        if (cases[i].mode == 0660) /* the unit does this through its group settings */
            assert_int_equal(chown(bench.path, 0, cases[i].group), 0);
        if (cases[i].folder_open)
            assert_int_equal(chmod(bench.folder, 0711), 0);
        bench_start(&bench);
        assert_int_equal(as_other(&bench, cases[i].group, other_tries), cases[i].expect);
        bench_halt(&bench);
        bench_settle(&bench);
        assert_int_equal(bench.refused, cases[i].refused);
        bench_close(&bench);
    }
}

static int other_serves(struct bench *bench)
{
    struct bench mine = {0};
    struct ipc_server_config config;
    struct ipc_watch watch = {bench_watch, bench_unwatch, &mine};
    memcpy(mine.path, bench->path, sizeof mine.path);
    bench_config(&mine, &config);
    config.mode = 0666;
    mine.server = ipc_server_new(&config, &watch, NULL);
    if (mine.server == NULL)
        return 1;
    for (int i = 0; i < 2000 && mine.watched_count < 2; i++)
        bench_turn(&mine, 10);
    for (int i = 0; i < 20; i++)
        bench_turn(&mine, 10);
    ipc_server_free(&mine.server);
    return 0;
}

/* A daemon of another uid in a folder of its own under /tmp: nothing vouches for it. */
static void test_impostor(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    struct bench bench = {0};
    struct err err = ERR_INIT;
    snprintf(bench.folder, sizeof bench.folder, "/tmp/aampe-ipc-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    snprintf(bench.path, sizeof bench.path, "%s/sock", bench.folder);
    assert_int_equal(chown(bench.folder, 65534, 65534), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(as_other(&bench, 65534, other_serves));
    struct ipc_client *client = NULL;
    for (int i = 0; i < 500; i++) {
        base_err_clear(&err);
        client = ipc_client_connect(bench.path, "t", "1", 1000, &err);
        if (client != NULL || err.code != ERR_ENGINE_UNREACHABLE)
            break;
        poll(NULL, 0, 10);
    }
    assert_null(client);
    assert_int_equal(err.code, ERR_SEC_HOST_REFUSED);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(base_file_remove_tree(bench.folder, NULL), 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_deferred_and_events),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_limits_of_time),
        cmocka_unit_test(test_half_frames),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_descriptors),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_slow_client),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_unanswered_calls),
        cmocka_unit_test(test_socket_files),
        cmocka_unit_test(test_stale_and_long_path),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_impostor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
