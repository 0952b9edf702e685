#define _GNU_SOURCE
#include "net/http.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "net/private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BODY_DEFAULT ((size_t)32 << 20)
#define CONNECT_DEFAULT_MS 20000
#define IDLE_DEFAULT_MS 60000

static int refuse_setting(struct err *err, const char *key, const char *what)
{
    return base_err_set(err, ERR_CONFIG_INVALID, "%s: %s", key, what);
}

static int check_settings(const struct net_http_settings *settings, struct net_http *http,
                          struct err *err)
{
    static const char *const schemes[] = {"http://", "https://", "socks5://", "socks5h://"};
    struct err why = ERR_INIT;
    bool known = !http->proxy;

    if (!settings->origin || net_url_parse(settings->origin, &http->origin, &why))
        return refuse_setting(err, "workspace.host", settings->origin ? why.message : "not given");
    http->origin_loopback = net_url_loopback_host(http->origin.host);
    if (!http->origin.https && !http->origin_loopback)
        return refuse_setting(err, "workspace.host", "plain http is for loopback only");
    if (http->origin.path[0] && strcmp(http->origin.path, "/") != 0)
        return refuse_setting(err, "workspace.host", "an address without a path is wanted");
    if (http->ca_file && access(http->ca_file, R_OK))
        return base_err_set(err, ERR_CONFIG_INVALID, "workspace.ca_file: \"%s\" cannot be read",
                            http->ca_file);
    for (size_t i = 0; i < base_countof(schemes) && !known; i++)
        known = strncasecmp(http->proxy, schemes[i], strlen(schemes[i])) == 0;
    return known ? 0 : refuse_setting(err, "workspace.proxy", "http://host:port is wanted");
}

/* The proxy of the environment, as curl would find it, but decided here: the check of addresses
 * must know whether a transfer goes through one. */
static void find_proxy(struct net_http *http, const struct net_http_settings *settings)
{
    static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    const char *value = settings->proxy, *except = NULL;

    for (size_t i = 0; i < base_countof(names) && !settings->proxy && (!value || !*value); i++)
        value = getenv(names[i]);
    if (!settings->proxy)
        except = getenv("no_proxy") ? getenv("no_proxy") : getenv("NO_PROXY");
    if (!value || !*value)
        return;
    http->proxy = strstr(value, "://") ? base_strdup(value) : base_printf("http://%s", value);
    http->no_proxy = base_strdup(except);
}

struct net_http *net_http_new(struct net_loop *loop, const struct net_http_settings *settings,
                              struct err *err)
{
    struct net_http *http = base_alloc_zero(1, sizeof *http);

    http->loop = loop;
    http->log = settings->log;
    if (!settings->limit)
        http->own_limit = net_limit_new(loop, NET_LIMIT_DEFAULT);
    http->limit = settings->limit ? settings->limit : http->own_limit;
    http->origin_text = base_strdup(settings->origin);
    http->ca_file = base_strdup(settings->ca_file);
    http->user_agent = base_strdup(
        settings->user_agent ? settings->user_agent : "aampe-console/0.1 os/linux partner/aampe");
    http->proxy_login = settings->proxy_login ? base_secret_dup(settings->proxy_login) : NULL;
    find_proxy(http, settings);
    http->once = settings->once;
    http->total_ms = settings->total_ms;
    http->link_hosts = base_alloc_zero(settings->link_host_count, sizeof *http->link_hosts);
    for (size_t i = 0; i < settings->link_host_count; i++)
        http->link_hosts[http->link_host_count++] = base_strdup(settings->link_hosts[i]);
    http->bare_pool = curl_share_init();
    if (!http->bare_pool ||
        curl_share_setopt(http->bare_pool, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT))
        bug("no curl share handle");
    if (check_settings(settings, http, err))
        net_http_free(&http);
    return http;
}

void net_http_free(struct net_http **http_ptr)
{
    struct net_http *http = *http_ptr;

    if (!http)
        return;
    if (http->calls)
        bug("%d transfers are still under way", http->calls);
    curl_share_cleanup(http->bare_pool);
    net_limit_free(&http->own_limit);
    net_url_free(&http->origin);
    for (size_t i = 0; i < http->link_host_count; i++)
        free(http->link_hosts[i]);
    free(http->link_hosts);
    free(http->origin_text);
    free(http->ca_file);
    free(http->proxy);
    free(http->no_proxy);
    free(http->user_agent);
    base_secret_free(&http->proxy_login);
    base_free(http_ptr);
}

struct net_http_waits net_http_waits(const struct net_http *http)
{
    return http ? http->waits : (struct net_http_waits){0};
}

struct net_loop *net_http_loop(struct net_http *http)
{
    return http->loop;
}

const char *net_http_origin(const struct net_http *http)
{
    return http->origin_text;
}

bool net_http_proxy(const struct net_http *http, char out[300])
{
    const char *host, *login;

    out[0] = '\0';
    if (!http->proxy || net_proxy_bypassed(http->no_proxy, http->origin.host))
        return false;
    host = strstr(http->proxy, "://");
    host = host ? host + 3 : http->proxy;
    login = strrchr(host, '@');
    base_text_clean_into(out, 300, login ? login + 1 : host);
    out[strcspn(out, "/")] = '\0';
    return true;
}

struct base_log *net_http_log(const struct net_http *http)
{
    return http->log;
}

int64_t net_http_connects(const struct net_http *http)
{
    return http->connects;
}

void net_call_scrub(const struct net_call *call, char *text, size_t len)
{
    static const char name[] = "Authorization: ";

    for (const struct curl_slist *node = call->headers; node; node = node->next) {
        const char *value = node->data + sizeof name - 1;
        size_t value_len;
        char *at = text;

        if (strncmp(node->data, name, sizeof name - 1) != 0)
            continue;
        value += strcspn(value, " ");
        value += strspn(value, " ");
        value_len = strlen(value);
        while (value_len && (at = memmem(at, len - (size_t)(at - text), value, value_len)))
            memset(at, '*', value_len);
    }
}

static void free_headers(struct curl_slist *headers)
{
    for (struct curl_slist *node = headers; node; node = node->next)
        base_secret_wipe(node->data, strlen(node->data));
    curl_slist_free_all(headers);
}

static void clear_response(struct net_call *call)
{
    base_buf_free(&call->response.body);
    call->response = (struct net_response){
        .content_length = -1, .retry_after_ms = -1, .tries = call->response.tries};
    base_buf_init(&call->response.body, call->max_body);
    call->refused = NULL;
    call->socket_errno = 0;
    call->overflow = call->no_memory = false;
    call->peer = (struct net_peer){0};
    call->peer_address[0] = '\0';
}

static void free_call(struct net_call *call)
{
    call->http->calls--;
    net_loop_cancel_timer(call->http->loop, call->timer);
    net_limit_leave(&call->turn);
    if (call->transfer.easy)
        curl_easy_cleanup(call->transfer.easy);
    free_headers(call->headers);
    net_url_free(&call->url);
    base_secret_free(&call->url_text);
    if (call->body)
        base_secret_wipe(call->body, call->body_len);
    free(call->body);
    free(call->method);
    base_buf_free(&call->response.body);
    free(call);
}

static void finish_call(struct net_call *call)
{
    const struct err *err = call->err.code == ERR_OK ? NULL : &call->err;

    if (call->http->log && err)
        base_log_event(call->http->log, LOG_DEBUG_, "net.failed", "host", call->url.host, "code",
                       base_err_name(err->code), "message", err->message, NULL);
    call->done(call->user, &call->response, err);
    free_call(call);
}

static void finish_later(void *user)
{
    struct net_call *call = user;

    call->timer = 0;
    finish_call(call);
}

static void on_finish(struct net_transfer *transfer, CURLcode code);

static void start_try(struct net_call *call)
{
    call->sent_us = base_seam_mono_us(net_loop_seam(call->http->loop));
    call->response.tries++;
    clear_response(call);
    call->transfer.finish = on_finish;
    call->transfer.easy = net_transfer_new(call);
    net_loop_transfer_add(call->http->loop, &call->transfer);
}

static void on_turn(struct net_limit_wait *turn)
{
    start_try((struct net_call *)((char *)turn - offsetof(struct net_call, turn)));
}

/* Result links are another service: they have no part in the workspace's limit. */
static void wait_for_turn(void *user)
{
    struct net_call *call = user;

    call->timer = 0;
    if (call->bare) {
        start_try(call);
        return;
    }
    call->turn.go = on_turn;
    net_limit_enter(call->http->limit, &call->turn);
}

static bool status_in(const int *statuses, int status)
{
    for (; statuses && *statuses; statuses++)
        if (*statuses == status)
            return true;
    return false;
}

static bool code_in(const char *const *codes, const struct net_response *response)
{
    struct err ignored = ERR_INIT;
    const char *code;
    cJSON *json;
    bool found = false;

    if (!codes || response->status < 400 || response->body.len == 0)
        return false;
    json = base_json_parse(response->body.data, response->body.len, JSON_MAX_BYTES, &ignored);
    code = base_json_str(json, "error_code");
    for (; code && *codes && !found; codes++)
        found = strcmp(*codes, code) == 0;
    cJSON_Delete(json);
    return found;
}

/* Some families say it with another status (databricks-api.md 2.3: SCIM with 500). */
static bool too_many(const struct net_call *call)
{
    static const char *const codes[] = {"REQUEST_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED", NULL};

    return !call->bare && (call->response.status == 429 || code_in(codes, &call->response));
}

static bool worth_trying_again(struct net_call *call, CURLcode code)
{
    const struct net_retry *retry = call->retry;

    if (call->response.tries >= retry->tries)
        return false;
    if (code == CURLE_OK)
        return status_in(retry->statuses, call->response.status) ||
               code_in(retry->codes, &call->response);
    if (net_fault_unsent(call->transfer.easy, code))
        return retry->unsent && base_err_class(call->err.code) == ERR_CLASS_TRANS;
    return retry->unknown && base_err_class(call->err.code) == ERR_CLASS_TRANS;
}

/* Retry-After as a date is kept as -2 - seconds until the Date header is there too: the difference
 * of the two does not depend on our clock. */
static void settle_retry_after(struct net_call *call)
{
    struct net_response *response = &call->response;
    int64_t now_us = response->date_us;
    int64_t when;

    if (response->retry_after_ms >= -1)
        return;
    when = -2 - response->retry_after_ms;
    if (!now_us)
        now_us = base_seam_now_us(net_loop_seam(call->http->loop));
    response->retry_after_ms = when * 1000 - now_us / 1000;
    if (response->retry_after_ms < 0)
        response->retry_after_ms = 0;
}

static int64_t since(curl_off_t from, curl_off_t to)
{
    return to > from ? (int64_t)(to - from) : 0;
}

static void trace_fill(struct net_call *call)
{
    CURL *easy = call->transfer.easy;
    struct net_trace *trace = &call->response.trace;
    curl_off_t lookup = 0, connect = 0, tls = 0;
    long proxy_status = 0;
    const char *address = NULL;

    curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address);
    base_text_clean_into(trace->address, sizeof trace->address, address ? address : "");
    trace->lookup_us = since(0, lookup);
    trace->connect_us = since(lookup, connect);
    trace->tls_us = since(connect, tls);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
    net_peer_trace(call);
    trace->proxied = call->proxied;
    trace->proxy_status = (int)proxy_status;
}

static void on_finish(struct net_transfer *transfer, CURLcode code)
{
    struct net_call *call = (struct net_call *)transfer;
    struct net_http *http = call->http;
    uint64_t random;
    long status = 0;
    int64_t delay;
    bool again;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    call->response.status = (int)status;
    trace_fill(call);
    settle_retry_after(call);
    net_peer_clock(call);
    if (call->response.body.len)
        net_call_scrub(call, call->response.body.data, call->response.body.len);
    net_fault_map(call, code);
    if (code == CURLE_OK && too_many(call))
        net_limit_slow_down(http->limit, call->sent_us, call->response.retry_after_ms);
    again = worth_trying_again(call, code);
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    if (!again) {
        finish_call(call);
        return;
    }
    base_seam_random(net_loop_seam(http->loop), &random, sizeof random);
    delay = net_retry_delay(call->retry, call->response.tries + 1, call->response.retry_after_ms,
                            random);
    http->waits.retries++;
    if (too_many(call)) {
        http->waits.throttled++;
        http->waits.throttled_until_us = base_seam_now_us(net_loop_seam(http->loop)) + delay * 1000;
    }
    if (http->log)
        base_log_event(http->log, LOG_INFO_, "net.retry", "host", call->url.host, "status",
                       base_log_i64(http->log, status), "code", base_err_name(call->err.code),
                       "attempt", base_log_i64(http->log, call->response.tries), "ms",
                       base_log_i64(http->log, delay), NULL);
    call->timer = net_loop_after(http->loop, delay, wait_for_turn, call);
}

static bool link_listed(const struct net_http *http, const struct net_url *url)
{
    char with_port[300];

    snprintf(with_port, sizeof with_port, "%s:%d", url->host, url->port);
    for (size_t i = 0; i < http->link_host_count; i++) {
        if (base_text_equal_nocase(http->link_hosts[i], with_port))
            return true;
        if (url->port == 443 && base_text_equal_nocase(http->link_hosts[i], url->host))
            return true;
    }
    return false;
}

/* An address in another spelling (2130706433, 0x7f.1, 127.1): a proxy would resolve it out of our
 * sight, and no host name ends so (WHATWG URL, "ends in a number"). */
static bool number_host(const char *host)
{
    const char *last = strrchr(host, '.');

    last = last ? last + 1 : host;
    if (strncasecmp(last, "0x", 2) == 0)
        return last[2 + strspn(last + 2, "0123456789abcdef")] == '\0';
    return last[strspn(last, "0123456789")] == '\0';
}

static bool literal_public(const char *host, const char **why)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return net_address_public((struct sockaddr *)&v4, why);
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        return net_address_public((struct sockaddr *)&v6, why);
    if (net_url_loopback_host(host) || number_host(host)) {
        *why = number_host(host) ? "a number in an unusual spelling" : "loopback";
        return false;
    }
    return true;
}

/* Rules for presigned links that need no address yet; address_allowed() in transfer.c has the last
 * word. */
static int check_link(struct net_call *call)
{
    const struct net_http *http = call->http;
    const char *why = NULL;

    if (net_url_same_origin(&call->url, &http->origin) && http->origin_loopback)
        return 0;
    if (!call->url.https)
        return base_err_set(&call->err, ERR_SEC_HOST_REFUSED, "%s: a result link must be https",
                            call->url.host);
    call->listed = link_listed(http, &call->url);
    if (call->listed)
        return 0;
    if (call->url.port != 443 && !net_url_same_origin(&call->url, &http->origin))
        return base_err_set(&call->err, ERR_SEC_HOST_REFUSED,
                            "%s: a result link must be on port 443", call->url.host);
    if (!literal_public(call->url.host, &why))
        return base_err_set(&call->err, ERR_SEC_HOST_REFUSED, "%s: the address is %s",
                            call->url.host, why);
    return 0;
}

static int check_target(struct net_call *call)
{
    if (net_url_parse(base_secret_peek(call->url_text), &call->url, &call->err))
        return -1;
    if (call->bare)
        return check_link(call);
    if (!net_url_same_origin(&call->url, &call->http->origin))
        return base_err_set(&call->err, ERR_SEC_HOST_REFUSED,
                            "%s: not the configured workspace, nothing is sent there",
                            call->url.host);
    return 0;
}

static void add_header(struct net_call *call, const char *text)
{
    struct curl_slist *grown = curl_slist_append(call->headers, text);

    if (!grown)
        bug("out of memory");
    call->headers = grown;
}

static void add_credential(struct net_call *call, const char *scheme, const char *value)
{
    char *line = base_printf("Authorization: %s %s", scheme, value);

    add_header(call, line);
    base_secret_wipe(line, strlen(line));
    free(line);
}

static void add_basic(struct net_call *call, const struct secret *basic)
{
    struct buf coded;

    base_buf_init(&coded, BUF_MAX_DEFAULT);
    if (base_base64_encode(base_secret_peek(basic), base_secret_len(basic), &coded))
        bug("out of memory");
    add_credential(call, "Basic", coded.data);
    base_secret_wipe(coded.data, coded.len);
    base_buf_free(&coded);
}

/* What says who we are, or how the message is framed and whom it is for, is not a link's to say. */
static bool header_refused(const char *line)
{
    static const char *const names[] = {"authorization",  "cookie",  "host", "connection",
                                        "content-length", "upgrade", "te",   "transfer-encoding"};
    size_t len = strcspn(line, ": \t");

    if (strncasecmp(line, "proxy-", 6) == 0)
        return true;
    for (size_t i = 0; i < base_countof(names); i++)
        if (len == strlen(names[i]) && strncasecmp(line, names[i], len) == 0)
            return true;
    return false;
}

static int copy_headers(struct net_call *call, const struct net_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const char *line = request->headers[i];

        if (header_refused(line))
            return base_err_set(&call->err, ERR_SEC_HOST_REFUSED,
                                "a link asks for a header that is never sent");
        if (strpbrk(line, "\r\n") || !strchr(line, ':'))
            return base_err_set(&call->err, ERR_SEC_HOST_REFUSED, "a header is not one line");
        add_header(call, line);
    }
    if (call->bare && (request->bearer || request->basic))
        bug("a presigned link never carries a credential");
    if (request->bearer)
        add_credential(call, "Bearer", base_secret_peek(request->bearer));
    if (request->basic)
        add_basic(call, request->basic);
    if (request->body)
        add_header(call, "Expect:");
    return 0;
}

struct net_call *net_http_submit(struct net_http *http, const struct net_request *request,
                                 void (*done)(void *user, struct net_response *response,
                                              const struct err *err),
                                 void *user)
{
    struct net_call *call = base_alloc_zero(1, sizeof *call);

    http->calls++;
    call->http = http;
    call->method = base_strdup(request->method ? request->method : request->body ? "POST" : "GET");
    call->url_text = base_secret_new(request->url, strlen(request->url));
    call->bare = request->bare;
    call->max_body = request->max_body ? request->max_body : BODY_DEFAULT;
    call->retry = request->retry && !http->once ? request->retry : &net_retry_none;
    call->connect_ms = request->connect_ms ? request->connect_ms : CONNECT_DEFAULT_MS;
    call->idle_ms = request->idle_ms ? request->idle_ms : IDLE_DEFAULT_MS;
    call->total_ms = request->total_ms;
    if (http->total_ms && (!call->total_ms || call->total_ms > http->total_ms))
        call->total_ms = http->total_ms;
    call->fresh = request->fresh;
    call->progress = request->progress;
    call->progress_user = request->progress_user;
    call->done = done;
    call->user = user;
    if (request->body) {
        call->body = base_alloc(request->body_len + 1);
        memcpy(call->body, request->body, request->body_len);
        call->body_len = request->body_len;
    }
    clear_response(call);
    if (copy_headers(call, request) || check_target(call)) {
        base_text_clean_into(call->err.host, sizeof call->err.host, call->url.host);
        call->timer = net_loop_after(http->loop, 0, finish_later, call);
        return call;
    }
    call->proxied = http->proxy && !net_proxy_bypassed(http->no_proxy, call->url.host);
    call->timer = net_loop_after(http->loop, 0, wait_for_turn, call);
    return call;
}

void net_http_cancel(struct net_call **call_ptr)
{
    struct net_call *call = *call_ptr;

    *call_ptr = NULL;
    if (!call)
        return;
    if (call->transfer.easy)
        net_loop_transfer_remove(call->http->loop, &call->transfer);
    free_call(call);
}
