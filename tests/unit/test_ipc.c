/* Both ends of the socket against each other, and against clients that do not behave. */
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
