/* Transfers against servers that do not behave (tests/e2e/hostile_server.py). */
#define _GNU_SOURCE
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "net/http.h"
#include "net/token.h"
#include "net_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A resolver that does not answer for a name, in place of the C library's for libcurl too. */
#define HANG_S 12

static sem_t names_again; /* posted for each name that may be answered */

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) =
        (int (*)(const char *, const char *, const struct addrinfo *, struct addrinfo **))dlsym(
            RTLD_NEXT, "getaddrinfo");

    if (host && strcmp(host, "hangs.invalid") == 0) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += HANG_S;
        (void)!sem_timedwait(&names_again, &until);
        return EAI_AGAIN;
    }
    return real(host, service, hints, list);
}

enum tls_port { TLS_GOOD, TLS_EXPIRED, TLS_SELF, TLS_NAME, TLS_OLD, TLS_PORTS };

struct world {
    char folder[64];
    struct peer peer;
    int other, tls[TLS_PORTS];
    struct base_seam *seam;
    struct net_loop *loop;
    struct net_http *http;
    /* the answer waited for */
    bool done;
    struct err err;
    int status, tries;
    int64_t retry_after_ms, date_us;
    char body[2048], content_type[64], request_id[64], org_id[32], location[256];
    int64_t received;
};

static void on_done(void *user, struct net_response *response, const struct err *err)
{
    struct world *world = user;

    world->err = err ? *err : ERR_INIT;
    world->status = response->status;
    world->tries = response->tries;
    world->retry_after_ms = response->retry_after_ms;
    world->date_us = response->date_us;
    snprintf(world->body, sizeof world->body, "%s", response->body.len ? response->body.data : "");
    snprintf(world->content_type, sizeof world->content_type, "%s", response->content_type);
    snprintf(world->request_id, sizeof world->request_id, "%s", response->request_id);
    snprintf(world->org_id, sizeof world->org_id, "%s", response->org_id);
    snprintf(world->location, sizeof world->location, "%s", response->location);
    world->done = true;
}

static enum err_code ask(struct world *world, const struct net_request *request)
{
    world->done = false;
    net_http_submit(world->http, request, on_done, world);
    assert_false(world->done);
    wait_for(world->loop, &world->done);
    return world->err.code;
}

static enum err_code get(struct world *world, const char *path)
{
    char url[256];

    snprintf(url, sizeof url, "%s/%s", world->peer.origin, path);
    return ask(world, &(struct net_request){.url = url});
}

static struct net_http *client(struct world *world, const char *origin, const char *ca_file)
{
    struct net_http_settings settings = {.origin = origin, .ca_file = ca_file};
    struct err err = ERR_INIT;
    struct net_http *http = net_http_new(world->loop, &settings, &err);

    if (!http)
        fail_msg("%s", err.message);
    return http;
}

static int read_port(struct peer *peer)
{
    char line[32];

    peer_line(peer, line, sizeof line);
    return atoi(line);
}

static int set_up(void **state)
{
    struct world *world = base_alloc_zero(1, sizeof *world);

    snprintf(world->folder, sizeof world->folder, "/tmp/aampe-net-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    peer_start(&world->peer, "hostile_server.py", (const char *[]){world->folder, NULL});
    world->other = read_port(&world->peer);
    for (int i = 0; i < TLS_PORTS; i++)
        world->tls[i] = read_port(&world->peer);
    world->seam = base_seam_new();
    world->loop = net_loop_new(world->seam);
    world->http = client(world, world->peer.origin, NULL);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;

    net_http_free(&world->http);
    net_loop_free(&world->loop);
    base_seam_free(&world->seam);
    peer_stop(&world->peer);
    assert_int_equal(base_file_remove_tree(world->folder, &err), 0);
    free(world);
    return 0;
}

static int64_t seen(struct world *world, const char *key)
{
    struct err err = ERR_INIT;
    int64_t value;
    cJSON *json;

    assert_int_equal(get(world, "seen"), ERR_OK);
    json = base_json_parse(world->body, strlen(world->body), sizeof world->body, &err);
    value = base_json_i64_or(json, key, -1);
    if (value < 0)
        value = base_json_i64_or(base_json_get(json, "requests"), key, 0);
    cJSON_Delete(json);
    return value;
}

static void test_plain(void **state)
{
    struct world *world = *state;

    assert_int_equal(get(world, "ok"), ERR_OK);
    assert_int_equal(world->status, 200);
    assert_string_equal(world->body, "{\"ok\":true}");
    assert_string_equal(world->request_id, "r-1");
    assert_string_equal(world->org_id, "42");
    assert_int_equal(get(world, "html"), ERR_OK);
    assert_string_equal(world->content_type, "text/html");
}

/* Copies text with every @@ as the port. */
static void fill(char *out, size_t size, const char *text, int port)
{
    size_t len = 0;

    for (; *text && len + 8 < size; text++) {
        if (text[0] == '@' && text[1] == '@') {
            len += (size_t)snprintf(out + len, size - len, "%d", port);
            text++;
        } else {
            out[len++] = *text;
        }
    }
    out[len] = '\0';
}

/* A token goes to no other place than the workspace, whatever an answer says. */
static void test_redirects(void **state)
{
    static const int codes[] = {301, 302, 303, 307, 308};
    static const char *const targets[] = {"http://127.0.0.1:@@/x",
                                          "http://localhost:@@/x",
                                          "//127.0.0.1:@@/x",
                                          "http://workspace@127.0.0.1:@@/x",
                                          "http://127.0.0.1:@@@127.0.0.1:@@/x",
                                          "https://127.0.0.1:@@/x",
                                          "http://xn--e1awd7f.localhost:@@/x",
                                          "/other-path?port=@@"};
    struct world *world = *state;
    struct secret *bearer = base_secret_new("token-1", 7);
    char url[512], target[256];

    for (size_t i = 0; i < base_countof(codes); i++)
        for (size_t j = 0; j < base_countof(targets); j++) {
            fill(target, sizeof target, targets[j], world->other);
            snprintf(url, sizeof url, "%s/redirect?%d|%s", world->peer.origin, codes[i], target);
            assert_int_equal(ask(world, &(struct net_request){.url = url, .bearer = bearer}),
                             ERR_SEC_REDIRECT_REFUSED);
            assert_int_equal(world->status, codes[i]);
            assert_null(strchr(world->location, '?'));
            assert_int_equal(ask(world, &(struct net_request){.url = url, .bare = true}),
                             ERR_SEC_REDIRECT_REFUSED);
        }
    base_secret_free(&bearer);
    assert_int_equal(seen(world, "other"), 0);
}

static void test_bearer_bound(void **state)
{
    static const char *const formats[] = {"http://127.0.0.1:@@/x",      "http://localhost:@@/x",
                                          "http://127.0.0.2:@@/x",      "https://127.0.0.1:@@/x",
                                          "http://user@127.0.0.1:@@/x", "http://[::1]:@@/x"};
    struct world *world = *state;
    struct secret *bearer = base_secret_new("token-1", 7);
    int64_t before = net_http_connects(world->http);
    char url[256];

    for (size_t i = 0; i < base_countof(formats); i++) {
        fill(url, sizeof url, formats[i], world->other);
        assert_int_equal(ask(world, &(struct net_request){.url = url, .bearer = bearer}),
                         ERR_SEC_HOST_REFUSED);
    }
    /* The right address with another scheme or name is another place too. */
    snprintf(url, sizeof url, "https://127.0.0.1:%d/ok", world->peer.port);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .bearer = bearer}),
                     ERR_SEC_HOST_REFUSED);
    snprintf(url, sizeof url, "http://localhost:%d/ok", world->peer.port);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .bearer = bearer}),
                     ERR_SEC_HOST_REFUSED);
    assert_int_equal(net_http_connects(world->http), before);
    base_secret_free(&bearer);
    assert_int_equal(seen(world, "other"), 0);
}

/* Links into our own network, in every spelling; the workspace is somewhere public. */
static void test_link_addresses(void **state)
{
    static const char *const links[] = {"https://127.0.0.1/x",
                                        "https://127.0.0.1:@@/x",
                                        "https://127.1/x",
                                        "https://2130706433/x",
                                        "https://0x7f000001/x",
                                        "https://0177.0.0.1/x",
                                        "https://0x7f.1/x",
                                        "https://localhost/x",
                                        "https://localhost:@@/x",
                                        "https://LOCALHOST./x",
                                        "https://[::1]/x",
                                        "https://[::ffff:127.0.0.1]/x",
                                        "https://[0:0:0:0:0:ffff:7f00:1]/x",
                                        "https://[::127.0.0.1]/x",
                                        "https://0.0.0.0/x",
                                        "https://0/x",
                                        "https://169.254.169.254/latest/meta-data",
                                        "https://10.0.0.1/x",
                                        "https://172.16.0.1/x",
                                        "https://192.168.0.1/x",
                                        "https://100.64.0.1/x",
                                        "https://[fd00::1]/x",
                                        "https://[fe80::1]/x",
                                        "https://[64:ff9b::7f00:1]/x",
                                        "https://224.0.0.1/x",
                                        "https://8.8.8.8:8443/x",
                                        "http://127.0.0.1:@@/x",
                                        "http://8.8.8.8/x",
                                        "file:///etc/passwd",
                                        "unix:///run/x",
                                        "https://a@8.8.8.8/x",
                                        "https://ip6-localhost/x"};
    struct world *world = *state;
    struct net_http *local = world->http;
    char url[256];

    world->http = client(world, "https://workspace.example", NULL);
    for (size_t i = 0; i < base_countof(links); i++) {
        enum err_code code;

        fill(url, sizeof url, links[i], world->other);
        code = ask(world, &(struct net_request){.url = url, .bare = true});
        /* A spelling the resolver does not know is as good as refused. */
        if (code != ERR_SEC_HOST_REFUSED && code != ERR_NET_DNS)
            fail_msg("%s: %s", url, base_err_name(code));
    }
    assert_int_equal(net_http_connects(world->http), 0);
    net_http_free(&world->http);
    world->http = local;
    assert_int_equal(seen(world, "other"), 0);
}

/* Loopback is open only for a workspace on loopback, and only at its own address. */
static void test_link_same_origin(void **state)
{
    struct world *world = *state;
    char url[256];

    snprintf(url, sizeof url, "%s/link-headers?sig=1", world->peer.origin);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .bare = true}), ERR_OK);
    assert_string_equal(world->body, "[\"accept\", \"host\"]");
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", world->other);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .bare = true}),
                     ERR_SEC_HOST_REFUSED);
    assert_int_equal(seen(world, "other"), 0);
    assert_int_equal(seen(world, "authorized_links"), 0);
}

/* Calls and links to one address never share a connection. */
static void test_pools(void **state)
{
    struct world *world = *state;
    struct net_http *shared = world->http;
    char url[256];

    world->http = client(world, world->peer.origin, NULL);
    snprintf(url, sizeof url, "%s/link-headers", world->peer.origin);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(get(world, "ok"), ERR_OK);
        assert_int_equal(ask(world, &(struct net_request){.url = url, .bare = true}), ERR_OK);
    }
    /* The workspace's connection may be one made before; the link's must be its own. */
    assert_in_range(net_http_connects(world->http), 1, 2);
    net_http_free(&world->http);
    world->http = shared;
}

static void test_link_headers_refused(void **state)
{
    static const char *const lines[] = {"Authorization: Bearer x", "cookie: a=b", "X: y\r\nZ: 1",
                                        "no colon"};
    struct world *world = *state;
    char url[256];

    snprintf(url, sizeof url, "%s/link-headers", world->peer.origin);
    for (size_t i = 0; i < base_countof(lines); i++) {
        const char *headers[] = {lines[i]};

        assert_int_equal(ask(world,
                             &(struct net_request){
                                 .url = url, .bare = true, .headers = headers, .header_count = 1}),
                         ERR_SEC_HOST_REFUSED);
    }
}

static void on_progress(void *user, int64_t received)
{
    ((struct world *)user)->received = received;
}

static void test_limits(void **state)
{
    static const char *const paths[] = {"large", "large-unsaid", "bomb"};
    struct world *world = *state;
    char url[256];

    for (size_t i = 0; i < base_countof(paths); i++) {
        snprintf(url, sizeof url, "%s/%s", world->peer.origin, paths[i]);
        assert_int_equal(ask(world, &(struct net_request){.url = url, .max_body = 50000}),
                         ERR_LIMIT_EXCEEDED);
    }
    snprintf(url, sizeof url, "%s/large", world->peer.origin);
    assert_int_equal(ask(world, &(struct net_request){.url = url,
                                                      .max_body = 100000,
                                                      .progress = on_progress,
                                                      .progress_user = world}),
                     ERR_OK);
    assert_int_equal(world->received, 100000);
}

static void test_broken(void **state)
{
    struct world *world = *state;
    char url[256];

    assert_int_equal(get(world, "cut"), ERR_NET_RESET);
    assert_int_equal(get(world, "reset"), ERR_NET_RESET);
    snprintf(url, sizeof url, "%s/link-cut", world->peer.origin);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .bare = true}),
                     ERR_SRC_CHUNK_SHORT);
    assert_non_null(strstr(world->err.message, "10 of 1000"));
    snprintf(url, sizeof url, "%s/stall", world->peer.origin);
    assert_int_equal(ask(world, &(struct net_request){.url = url, .idle_ms = 1000}), ERR_NET_STALL);
    assert_string_equal(world->err.host, "127.0.0.1");
}

static void test_unreachable(void **state)
{
    struct world *world = *state;
    struct net_http *local = world->http;

    world->http = client(world, "http://127.0.0.1:1", NULL);
    assert_int_equal(ask(world, &(struct net_request){.url = "http://127.0.0.1:1/x"}),
                     ERR_NET_CONNECT);
    assert_int_equal(world->err.sys_errno, 111);
    net_http_free(&world->http);
    world->http = client(world, "https://no-such-host.invalid", NULL);
    assert_int_equal(ask(world, &(struct net_request){.url = "https://no-such-host.invalid/x"}),
                     ERR_NET_DNS);
    net_http_free(&world->http);
    world->http = local;
}

static void test_retries(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"busy", "date", "limit500"};
    static const int tries[] = {3, 2, 2};
    char url[256];

    for (size_t i = 0; i < base_countof(paths); i++) {
        snprintf(url, sizeof url, "%s/%s", world->peer.origin, paths[i]);
        assert_int_equal(ask(world, &(struct net_request){.url = url, .retry = &net_retry_read}),
                         ERR_OK);
        assert_int_equal(world->status, 200);
        assert_int_equal(world->tries, tries[i]);
    }
}

/* What no clock can mean is as good as not said; who asks for very long gets our longest wait. */
static void test_odd_times(void **state)
{
    static const struct {
        const char *wait, *date;
        int64_t retry_after_ms;
        bool dated;
    } rows[] = {
        {"0", "Sun,+06+Nov+2147483647+08:49:37+GMT", 0, false},
        {"Sun,+06+Nov+2147483647+08:49:37+GMT", "", -1, false},
        {"Sun,+06+Nov+2147483647+08:49:37+GMT", "Sun,+06+Nov+1994+08:49:37+GMT", -1, true},
        {"", "", -1, false},
        {"Sun,+06+Nov+1994+08:49:47+GMT", "Sun,+06+Nov+1994+08:49:37+GMT", 10000, true},
        {"Sun,+06+Nov+1994+08:49:37+GMT", "Fri,+31+Dec+9999+23:59:59+GMT", 0, true},
        {"1000000000", "", 1000000000, false},
        {"99999999999999999999999", "", 1000000000, false},
        {"-5", "", -1, false},
        {"-99999999999999999999999", "", -1, false},
        {"1e9", "", -1, false},
        {"7.9", "Mon,+01+Jan+1583+00:00:00+GMT", 7000, false},
    };
    struct world *world = *state;
    char path[160];

    for (size_t i = 0; i < base_countof(rows); i++) {
        snprintf(path, sizeof path, "odd_times?%s|%s", rows[i].wait, rows[i].date);
        assert_int_equal(get(world, path), ERR_OK);
        assert_int_equal(world->status, 503);
        assert_int_equal(world->retry_after_ms, rows[i].retry_after_ms);
        assert_int_equal(world->date_us != 0, rows[i].dated);
        assert_int_equal(get(world, "odd_times"), ERR_OK);
    }
}

/* The resolver of this host hangs: a request that is given up does not take the loop with it. */
static void test_slow_names(void **state)
{
    struct world *world = *state;
    struct net_http *local = world->http;
    struct net_call *call;
    int64_t began = base_seam_mono_us(world->seam);

    assert_int_equal(sem_init(&names_again, 0, 0), 0);
    world->http = client(world, "https://hangs.invalid", NULL);
    assert_int_equal(
        ask(world, &(struct net_request){.url = "https://hangs.invalid/x", .connect_ms = 200}),
        ERR_NET_CONNECT);
    call = net_http_submit(world->http, &(struct net_request){.url = "https://hangs.invalid/y"},
                           on_done, world);
    for (int i = 0; i < 5; i++)
        net_loop_turn(world->loop, 20);
    net_http_cancel(&call);
    assert_true(base_seam_mono_us(world->seam) - began < HANG_S * (int64_t)1000000 / 2);
    sem_post(&names_again);
    sem_post(&names_again);
    net_http_free(&world->http);
    world->http = local;
}

/* What may have been acted on is not sent again. */
static void test_no_second_submit(void **state)
{
    struct world *world = *state;
    int64_t before = seen(world, "reset");
    char url[256];

    snprintf(url, sizeof url, "%s/reset", world->peer.origin);
    assert_int_equal(ask(world,
                         &(struct net_request){
                             .url = url, .body = "{}", .body_len = 2, .retry = &net_retry_submit}),
                     ERR_NET_RESET);
    assert_int_equal(world->tries, 1);
    assert_int_equal(seen(world, "reset"), before + 1);
}

static void test_cancel(void **state)
{
    struct world *world = *state;
    struct net_call *call;
    char url[256];

    snprintf(url, sizeof url, "%s/stall", world->peer.origin);
    world->done = false;
    call = net_http_submit(world->http, &(struct net_request){.url = url}, on_done, world);
    for (int i = 0; i < 5; i++)
        net_loop_turn(world->loop, 20);
    net_http_cancel(&call);
    assert_null(call);
    assert_int_equal(get(world, "ok"), ERR_OK); /* this one's answer, not the other's */
    assert_string_equal(world->body, "{\"ok\":true}");
}

static enum err_code tls(struct world *world, enum tls_port port, const char *ca, bool bare)
{
    struct net_http *local = world->http;
    enum err_code code;
    char origin[64], url[128];

    snprintf(origin, sizeof origin, "https://127.0.0.1:%d", world->tls[port]);
    snprintf(url, sizeof url, "%s/ok", origin);
    world->http = client(world, origin, ca);
    code = ask(world, &(struct net_request){.url = url, .bare = bare});
    net_http_free(&world->http);
    world->http = local;
    return code;
}

static void test_tls(void **state)
{
    struct world *world = *state;
    char ca[128];

    snprintf(ca, sizeof ca, "%s/ca.pem", world->folder);
    for (int bare = 0; bare <= 1; bare++) {
        assert_int_equal(tls(world, TLS_GOOD, NULL, bare), ERR_TLS_UNKNOWN_CA);
        assert_int_equal(tls(world, TLS_GOOD, ca, bare), ERR_OK);
        assert_int_equal(tls(world, TLS_EXPIRED, ca, bare), ERR_TLS_EXPIRED);
        assert_int_equal(tls(world, TLS_SELF, ca, bare), ERR_TLS_UNKNOWN_CA);
        assert_int_equal(tls(world, TLS_NAME, ca, bare), ERR_TLS_HOST_MISMATCH);
        assert_int_equal(tls(world, TLS_OLD, ca, bare), ERR_TLS_VERSION);
    }
}

static enum err_code through_proxy(struct world *world, const char *origin, const char *url,
                                   bool bare, const struct secret *login)
{
    struct net_http *local = world->http;
    struct net_http_settings settings = {
        .origin = origin, .proxy = world->peer.origin, .proxy_login = login};
    struct err err = ERR_INIT;
    enum err_code code;

    world->http = net_http_new(world->loop, &settings, &err);
    assert_non_null(world->http);
    code = ask(world, &(struct net_request){.url = url, .bare = bare});
    net_http_free(&world->http);
    world->http = local;
    return code;
}

/* Calls and links go through the proxy alike; loopback never does. */
static void test_proxy(void **state)
{
    /* the proxy would resolve these itself, into its own network */
    static const char *const numbers[] = {"https://2130706433/", "https://0x7f000001/",
                                          "https://127.1/",      "https://0177.0.0.1/",
                                          "https://127.0.0.1./", "https://0x7f.0.0.0x1/"};
    struct world *world = *state;
    struct secret *login = base_secret_new("me:pw", 5);
    int64_t before = seen(world, "connect");
    char url[128];

    assert_int_equal(
        through_proxy(world, "https://login.example", "https://login.example/x", false, NULL),
        ERR_PROXY_AUTH);
    assert_int_equal(world->err.http_status, 407);
    assert_int_equal(
        through_proxy(world, "https://login.example", "https://login.example/x", false, login),
        ERR_PROXY_REFUSED);
    assert_int_equal(
        through_proxy(world, "https://a.example", "https://storage.example/x", true, NULL),
        ERR_PROXY_REFUSED);
    assert_int_equal(world->err.http_status, 403);
    assert_int_equal(through_proxy(world, "https://a.example", "https://10.0.0.1/x", true, NULL),
                     ERR_SEC_HOST_REFUSED);
    for (size_t i = 0; i < base_countof(numbers); i++)
        assert_int_equal(through_proxy(world, "https://a.example", numbers[i], true, NULL),
                         ERR_SEC_HOST_REFUSED);
    assert_int_equal(seen(world, "connect"), before + 3);
    snprintf(url, sizeof url, "%s/ok", world->peer.origin);
    assert_int_equal(through_proxy(world, world->peer.origin, url, false, NULL), ERR_OK);
    assert_int_equal(seen(world, "connect"), before + 3);
    base_secret_free(&login);
}

static void test_settings_refused(void **state)
{
    struct world *world = *state;
    static const struct net_http_settings wrong[] = {
        {.origin = NULL},
        {.origin = "http://workspace.example"},
        {.origin = "http://127.1"},
        {.origin = "https://workspace.example/path"},
        {.origin = "https://u@workspace.example"},
        {.origin = "https://workspace.example", .ca_file = "/nonexistent/ca.pem"},
        {.origin = "https://workspace.example", .proxy = "ftp://proxy:1"}};

    for (size_t i = 0; i < base_countof(wrong); i++) {
        struct err err = ERR_INIT;

        assert_null(net_http_new(world->loop, &wrong[i], &err));
        assert_int_equal(err.code, ERR_CONFIG_INVALID);
    }
}

/* A server that quotes the credential, labelled or not, whole or cut by the size of a field. */
static void test_echo(void **state)
{
    static const char text[] =
        "c2VydmljZS1wcmluY2lwYWw6bm90LWEtcGF0dGVybi1hbnlib2R5LWtub3dzLWJ5LWxvb2tz";
    struct world *world = *state;
    struct secret *secret = base_secret_new(text, sizeof text - 1);
    char url[256];

    snprintf(url, sizeof url, "%s/echo", world->peer.origin);
    ask(world, &(struct net_request){.url = url, .bearer = secret});
    assert_int_equal(world->status, 400);
    assert_non_null(strstr(world->body, "you sent Bearer ***"));
    assert_null(strstr(world->body, "c2Vy"));
    assert_null(strstr(world->body, "b2tz"));
    assert_null(strstr(world->request_id, "c2Vy"));
    assert_null(strstr(world->org_id, "c2Vy"));
    assert_null(strstr(world->location, "c2Vy"));
    base_secret_free(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_echo),
        cmocka_unit_test(test_redirects),
        cmocka_unit_test(test_bearer_bound),
        cmocka_unit_test(test_link_addresses),
        cmocka_unit_test(test_link_same_origin),
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_link_headers_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_unreachable),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_odd_times),
        cmocka_unit_test(test_slow_names),
        cmocka_unit_test(test_no_second_submit),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_settings_refused),
    };

    if (system("openssl version >/dev/null 2>&1") != 0) {
        fprintf(stderr, "SKIPPED: the program openssl is not here to make certificates\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
