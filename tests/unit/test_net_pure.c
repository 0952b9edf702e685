/* What of net needs no network: addresses, URLs, proxy exceptions, the retry schedule, timers and
 * posting. */
#include "base/alloc.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/private.h"
#include "net/token.h"
#include "net/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static bool is_public(const char *text, const char **why)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    *why = NULL;
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return net_address_public((struct sockaddr *)&v4, why);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return net_address_public((struct sockaddr *)&v6, why);
}

static void test_addresses(void **state)
{
    static const char *const closed[] = {"0.0.0.0",       "10.0.0.1",          "100.64.0.1",
                                         "127.0.0.1",     "127.9.9.9",         "169.254.169.254",
                                         "172.16.0.1",    "172.31.255.255",    "192.0.0.8",
                                         "192.0.2.1",     "192.168.1.1",       "198.18.0.1",
                                         "198.51.100.1",  "203.0.113.1",       "224.0.0.1",
                                         "240.0.0.1",     "255.255.255.255",   "::",
                                         "::1",           "::ffff:127.0.0.1",  "::ffff:8.8.8.8",
                                         "::127.0.0.1",   "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
                                         "2002:7f00:1::", "2001::1",           "2001:db8::1",
                                         "fc00::1",       "fd12:3456::1",      "fe80::1",
                                         "fec0::1",       "ff02::1",           "4000::1"};
    static const char *const open[] = {"8.8.8.8",         "52.218.1.1",      "172.32.0.1",
                                       "100.128.0.1",     "2606:4700::1111", "2a00:1450::1",
                                       "64:ff9b::808:808"};
    const char *why;

    (void)state;
    for (size_t i = 0; i < base_countof(closed); i++) {
        if (is_public(closed[i], &why))
            fail_msg("%s was let through", closed[i]);
        assert_non_null(why);
    }
    for (size_t i = 0; i < base_countof(open); i++)
        if (!is_public(open[i], &why))
            fail_msg("%s was refused as %s", open[i], why);
}

struct url_case {
    const char *text;
    bool fine, https;
    int port;
    const char *host, *path;
};

static const struct url_case urls[] = {
    {"https://a.b/c?d#e", true, true, 443, "a.b", "/c?d#e"},
    {"HTTPS://A.B:444", true, true, 444, "a.b", ""},
    {"http://127.0.0.1:80/x", true, false, 80, "127.0.0.1", "/x"},
    {"https://[::1]:8443/x", true, true, 8443, "::1", "/x"},
    {"https://[::FFFF:7f00:1]", true, true, 443, "::ffff:7f00:1", ""},
    {"https://a.b./x", true, true, 443, "a.b", "/x"},
    {"https://a.b?x@y", true, true, 443, "a.b", "?x@y"},
    {"https://user@a.b/", false, 0, 0, NULL, NULL},
    {"https://a.b:@c/", false, 0, 0, NULL, NULL},
    {"https://a.b:0/", false, 0, 0, NULL, NULL},
    {"https://a.b:65536/", false, 0, 0, NULL, NULL},
    {"https://a.b:1x/", false, 0, 0, NULL, NULL},
    {"https:/a.b/", false, 0, 0, NULL, NULL},
    {"//a.b/", false, 0, 0, NULL, NULL},
    {"file:///etc/passwd", false, 0, 0, NULL, NULL},
    {"gopher://a.b/", false, 0, 0, NULL, NULL},
    {"https://a b/", false, 0, 0, NULL, NULL},
    {"https://a.b/\r\nX: y", false, 0, 0, NULL, NULL},
    {"https://a.b\\c/", false, 0, 0, NULL, NULL},
    {"https://\xc3\xa4.b/", false, 0, 0, NULL, NULL},
    {"https://a%2eb/", false, 0, 0, NULL, NULL},
    {"https:///x", false, 0, 0, NULL, NULL},
    {"https://[::1/x", false, 0, 0, NULL, NULL},
    {"https://[::1]x/", false, 0, 0, NULL, NULL},
    {"https://[a.b]/", false, 0, 0, NULL, NULL},
    {"", false, 0, 0, NULL, NULL},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(urls); i++) {
        struct net_url url;
        struct err err = ERR_INIT;
        bool fine = net_url_parse(urls[i].text, &url, &err) == 0;

        /* A bracketed name is caught later than its characters are. */
        if (fine != urls[i].fine && strcmp(urls[i].text, "https://[a.b]/") != 0)
            fail_msg("%s: %s", urls[i].text, fine ? "taken" : err.message);
        if (fine && urls[i].fine) {
            assert_int_equal(url.https, urls[i].https);
            assert_int_equal(url.port, urls[i].port);
            assert_string_equal(url.host, urls[i].host);
            assert_string_equal(url.path, urls[i].path);
        } else if (!fine) {
            assert_int_equal(err.code, ERR_SEC_HOST_REFUSED);
        }
        net_url_free(&url);
    }
}

static void test_origin(void **state)
{
    static const char *const others[] = {
        "http://a.b",         "https://a.b:444",    "https://a.b.c",   "https://xa.b",
        "https://xn--a-b.b/", "https://a.b.evil/c", "https://aa.b:443"};
    struct net_url base, url;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(net_url_parse("https://a.b/", &base, &err), 0);
    assert_int_equal(net_url_parse("https://A.b:443/x?y", &url, &err), 0);
    assert_true(net_url_same_origin(&base, &url));
    net_url_free(&url);
    for (size_t i = 0; i < base_countof(others); i++) {
        assert_int_equal(net_url_parse(others[i], &url, &err), 0);
        assert_false(net_url_same_origin(&base, &url));
        net_url_free(&url);
    }
    net_url_free(&base);
    assert_true(net_url_loopback_host("127.0.0.1"));
    assert_true(net_url_loopback_host("127.255.0.1"));
    assert_true(net_url_loopback_host("::1"));
    assert_true(net_url_loopback_host("localhost"));
    assert_false(net_url_loopback_host("127.1"));
    assert_false(net_url_loopback_host("2130706433"));
    assert_false(net_url_loopback_host("localhost.evil.example"));
    assert_false(net_url_loopback_host("::ffff:127.0.0.1"));
}

static void test_no_proxy(void **state)
{
    (void)state;
    assert_true(net_proxy_bypassed("*", "a.b"));
    assert_true(net_proxy_bypassed("a.b", "a.b"));
    assert_true(net_proxy_bypassed("x, a.b,y", "c.a.b"));
    assert_true(net_proxy_bypassed(".a.b", "c.a.b"));
    assert_true(net_proxy_bypassed("A.B", "c.a.b"));
    assert_false(net_proxy_bypassed("a.b", "xa.b"));
    assert_false(net_proxy_bypassed("", "a.b"));
    assert_false(net_proxy_bypassed(NULL, "a.b"));
    assert_true(net_proxy_bypassed("10.0.0.0/8", "10.9.8.7"));
    assert_false(net_proxy_bypassed("10.0.0.0/8", "11.9.8.7"));
    assert_true(net_proxy_bypassed("10.32.0.0/11", "10.63.1.1"));
    assert_false(net_proxy_bypassed("10.32.0.0/11", "10.64.1.1"));
    assert_true(net_proxy_bypassed("fd00::/8", "fd12::1"));
    assert_true(net_proxy_bypassed(NULL, "127.0.0.1"));
}

static void test_retry_schedule(void **state)
{
    const struct net_retry *retry = &net_retry_read;
    int64_t span = 1000;

    (void)state;
    assert_int_equal(retry->tries, 8);
    for (int next = 2; next <= 12; next++) {
        assert_int_equal(net_retry_delay(retry, next, -1, 0), 0);
        assert_int_equal(net_retry_delay(retry, next, -1, (uint64_t)span), span);
        assert_int_equal(net_retry_delay(retry, next, -1, (uint64_t)span + 1), 0);
        assert_true(net_retry_delay(retry, next, -1, UINT64_MAX) <= span);
        span = span * 2 > 60000 ? 60000 : span * 2;
    }
    assert_int_equal(net_retry_delay(retry, 2, 5000, 17), 5000);
    assert_int_equal(net_retry_delay(retry, 2, 0, 17), 0);
    assert_int_equal(net_retry_delay(retry, 2, 3600000, 17), 600000);
    assert_false(net_retry_submit.unknown);
    assert_true(net_retry_submit.unsent);
}

static void test_token_lead(void **state)
{
    (void)state;
    assert_int_equal(net_token_lead(3600), 1200);
    assert_int_equal(net_token_lead(600), 300);
    assert_int_equal(net_token_lead(1), 0);
    assert_int_equal(net_token_lead(86400), 1200);
}

struct order {
    struct net_loop *loop;
    char text[64];
    uint64_t cancelled;
    int pipe[2];
    bool done;
};

static void note(struct order *order, const char *text)
{
    strncat(order->text, text, sizeof order->text - strlen(order->text) - 1);
}

static void on_never(void *user)
{
    note(user, "never ");
}

static void on_last(void *user)
{
    struct order *order = user;

    note(order, "last ");
    net_loop_stop(order->loop);
}

static void on_first(void *user)
{
    struct order *order = user;

    note(order, "first ");
    net_loop_cancel_timer(order->loop, order->cancelled);
    net_loop_after(order->loop, 0, on_last, order);
}

static void on_post(void *user)
{
    note(user, "post ");
}

static void test_loop_order(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct order order = {.loop = net_loop_new(seam)};

    (void)state;
    net_loop_after(order.loop, 0, on_first, &order);
    order.cancelled = net_loop_after(order.loop, 0, on_never, &order); /* due as well, but later */
    net_loop_post(order.loop, on_post, &order);
    net_loop_run(order.loop);
    assert_string_equal(order.text, "post first last ");
    net_loop_free(&order.loop);
    base_seam_free(&seam);
}

static void on_readable(void *user, int fd, int events)
{
    struct order *order = user;
    char byte;

    assert_int_equal(events, NET_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    net_loop_unwatch(order->loop, fd);
    note(order, "read ");
    net_loop_stop(order->loop);
}

static void on_thread_post(void *user)
{
    struct order *order = user;

    note(order, "woken ");
    assert_int_equal(write(order->pipe[1], "x", 1), 1);
}

static void *thread_main(void *user)
{
    struct order *order = user;

    net_loop_post(order->loop, on_thread_post, order);
    return NULL;
}

static void on_late_post(void *user)
{
    struct order *order = user;

    note(order, "late ");
    net_loop_release(order->loop);
}

static void *late_main(void *user)
{
    struct order *order = user;
    char start;

    assert_int_equal(read(order->pipe[0], &start, 1), 1);
    net_loop_post(order->loop, on_late_post, order);
    return NULL;
}

/* Whoever cannot be told to stop finds the loop that it posts to. */
static void test_loop_waits_for_the_promised(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct order order = {.loop = net_loop_new(seam)};
    struct net_loop *loop = order.loop;
    pthread_t thread;

    (void)state;
    assert_int_equal(pipe(order.pipe), 0);
    net_loop_hold(loop);
    assert_int_equal(pthread_create(&thread, NULL, late_main, &order), 0);
    assert_int_equal(write(order.pipe[1], "x", 1), 1);
    net_loop_free(&loop);
    assert_null(loop);
    assert_string_equal(order.text, "late ");
    pthread_join(thread, NULL);
    close(order.pipe[0]);
    close(order.pipe[1]);
    base_seam_free(&seam);
}

static void on_run(void *user)
{
    note(user, "run ");
}

static void on_discarded(void *user)
{
    note(user, "discarded ");
}

static void test_loop_discards_what_it_did_not_run(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct order order = {.loop = net_loop_new(seam)};

    (void)state;
    net_loop_post(order.loop, on_run, &order);
    net_loop_post_owned(order.loop, on_run, on_discarded, &order);
    net_loop_free(&order.loop);
    assert_string_equal(order.text, "discarded ");
    base_seam_free(&seam);
}

/* A post from a thread wakes a loop that has nothing else to wait for; the pipe it writes to is
 * then seen. */
static void test_loop_wakeup(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct order order = {.loop = net_loop_new(seam)};
    pthread_t thread;

    (void)state;
    assert_int_equal(pipe(order.pipe), 0);
    net_loop_watch(order.loop, order.pipe[0], NET_READ, on_readable, &order);
    assert_int_equal(pthread_create(&thread, NULL, thread_main, &order), 0);
    net_loop_run(order.loop);
    pthread_join(thread, NULL);
    assert_string_equal(order.text, "woken read ");
    close(order.pipe[0]);
    close(order.pipe[1]);
    net_loop_free(&order.loop);
    base_seam_free(&seam);
}

/* An hour's timer fires when the clock is turned by an hour. */
static void test_loop_turned_clock(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct order order = {.loop = net_loop_new(seam)};

    (void)state;
    net_loop_after(order.loop, 3600 * 1000, on_last, &order);
    net_loop_turn(order.loop, 0);
    assert_string_equal(order.text, "");
    base_seam_turn(seam, 3601);
    net_loop_run(order.loop);
    assert_string_equal(order.text, "last ");
    net_loop_free(&order.loop);
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_no_proxy),
        cmocka_unit_test(test_retry_schedule),
        cmocka_unit_test(test_token_lead),
        cmocka_unit_test(test_loop_order),
        cmocka_unit_test(test_loop_discards_what_it_did_not_run),
        cmocka_unit_test(test_loop_waits_for_the_promised),
        cmocka_unit_test(test_loop_wakeup),
        cmocka_unit_test(test_loop_turned_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
