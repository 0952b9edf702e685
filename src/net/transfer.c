#define _GNU_SOURCE
#include "net/private.h"

#include "base/alloc.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define YEAR_9999_S INT64_C(253402300799)
#define WAIT_MAX_S 1000000 /* who is asked to wait longer waits so long; the caps are far below */

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct net_call *call = user;
    size_t len = size * count;
    struct buf *body = &call->response.body;

    if (len > body->max - body->len) {
        call->overflow = true;
        return 0;
    }
    if (body->len == 0 && call->response.content_length > 0 &&
        base_buf_reserve(body, (size_t)call->response.content_length)) {
        call->no_memory = true;
        return 0;
    }
    if (base_buf_append(body, data, len)) {
        call->no_memory = true;
        return 0;
    }
    if (call->progress)
        call->progress(call->progress_user, (int64_t)body->len);
    return len;
}

static bool header_is(const char *line, size_t len, const char *name, const char **value,
                      size_t *value_len)
{
    size_t name_len = strlen(name);

    if (len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return false;
    line += name_len + 1;
    len -= name_len + 1;
    while (len && (*line == ' ' || *line == '\t'))
        line++, len--;
    while (len && strchr(" \t\r\n", line[len - 1]))
        len--;
    *value = line;
    *value_len = len;
    return true;
}

static void copy_text(const struct net_call *call, char *out, size_t size, const char *value,
                      size_t len)
{
    char *raw = base_strndup(value, len);

    net_call_scrub(call, raw, strlen(raw)); /* before it is cut, or a part would be left */
    base_text_clean_into(out, size, raw);
    free(raw);
}

static void read_location(struct net_call *call, const char *value, size_t len)
{
    struct net_response *response = &call->response;
    static const char mark[] = "private-link-validation-error";
    size_t end = 0;

    response->private_link = memmem(value, len, mark, sizeof mark - 1) != NULL;
    while (end < len && value[end] != '?' && value[end] != '#')
        end++;
    copy_text(call, response->location, sizeof response->location, value, end);
}

/* Seconds since 1970; 0: no date, or one that no clock has (curl takes years of ten digits). */
static int64_t read_date(const char *text)
{
    int64_t when = (int64_t)curl_getdate(text, NULL);

    return when > 0 && when <= YEAR_9999_S ? when : 0;
}

static int64_t read_retry_after(const char *value, size_t len)
{
    char text[64];
    char *end;
    long long seconds;
    int64_t when;

    if (len >= sizeof text)
        return -1;
    memcpy(text, value, len);
    text[len] = '\0';
    seconds = strtoll(text, &end, 10);
    if (end != text && (*end == '\0' || *end == '.'))
        return seconds < 0 ? -1 : seconds < WAIT_MAX_S ? seconds * 1000 : WAIT_MAX_S * 1000;
    when = read_date(text);
    /* A date counts from the server's own clock when that came first, see net_http. */
    return when == 0 ? -1 : -2 - when;
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
    struct net_call *call = user;
    struct net_response *response = &call->response;
    size_t len = size * count, value_len;
    const char *value;
    char text[64];

    if (len > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
        net_peer_version(call);
        /* A new header block (100-continue, or the answer of a proxy): forget the one before. */
        response->content_type[0] = response->request_id[0] = response->location[0] = '\0';
        response->content_length = response->retry_after_ms = -1;
    } else if (header_is(line, len, "content-type", &value, &value_len)) {
        for (size_t i = 0; i < value_len; i++)
            if (value[i] == ';')
                value_len = i;
        copy_text(call, response->content_type, sizeof response->content_type, value, value_len);
        base_text_lower(response->content_type);
    } else if (header_is(line, len, "content-length", &value, &value_len)) {
        copy_text(call, text, sizeof text, value, value_len);
        response->content_length = strtoll(text, NULL, 10);
    } else if (header_is(line, len, "x-request-id", &value, &value_len) ||
               header_is(line, len, "x-amz-request-id", &value, &value_len) ||
               header_is(line, len, "x-ms-request-id", &value, &value_len)) {
        copy_text(call, response->request_id, sizeof response->request_id, value, value_len);
    } else if (header_is(line, len, "x-databricks-org-id", &value, &value_len)) {
        copy_text(call, response->org_id, sizeof response->org_id, value, value_len);
    } else if (header_is(line, len, "location", &value, &value_len)) {
        read_location(call, value, value_len);
    } else if (header_is(line, len, "retry-after", &value, &value_len)) {
        response->retry_after_ms = read_retry_after(value, value_len);
    } else if (header_is(line, len, "date", &value, &value_len)) {
        copy_text(call, text, sizeof text, value, value_len);
        response->date_us = read_date(text) * 1000000;
    }
    return len;
}

/* The last word on where bytes go, after every name has been resolved: what the check of the URL
 * saw as a name may have become any address by now. */
static bool address_allowed(struct net_call *call, const struct sockaddr *address)
{
    const char *why = NULL;

    if (call->proxied)
        return true; /* the proxy's own address, chosen by the admin */
    if (net_url_same_origin(&call->url, &call->http->origin) && call->http->origin_loopback) {
        if (net_address_loopback(address))
            return true;
        call->refused = "not loopback";
        return false;
    }
    if (!call->bare || call->listed || net_address_public(address, &why))
        return true;
    call->refused = why;
    return false;
}

static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct net_call *call = user;

    (void)purpose;
    net_peer_address(call, &address->addr, address->addrlen);
    if (!address_allowed(call, &address->addr))
        return CURL_SOCKET_BAD;
    call->http->connects++;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        call->socket_errno = errno;
    return fd;
}

static void set_security(struct net_call *call, CURL *easy)
{
    const struct net_http *http = call->http;

    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call->url.https ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (http->ca_file) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, http->ca_file);
        curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, http->ca_file);
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, call->proxied ? http->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (call->proxied) {
        curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
        curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        if (http->proxy_login)
            curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, base_secret_peek(http->proxy_login));
    }
    if (call->bare)
        curl_easy_setopt(easy, CURLOPT_SHARE, http->bare_pool);
    if (call->fresh) {
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    }
}

static void set_times(struct net_call *call, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->total_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, call->bare ? 1024L : 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(call->idle_ms + 999) / 1000);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else the loop would wait for the thread of a resolver that hangs, however long, before a
     * transfer is over or cancelled. Left alone, the thread clears up behind itself. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
}

static void set_method(struct net_call *call, CURL *easy)
{
    if (call->body) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
    } else if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
}

CURL *net_transfer_new(struct net_call *call)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        bug("no curl handle");
    call->error_text[0] = '\0';
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error_text);
    set_security(call, easy);
    net_peer_watch(call, easy);
    set_times(call, easy);
    set_method(call, easy);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    /* On a connection used before, curl sends a request again by itself when it is cut before an
     * answer. What must not be acted on twice gets a connection of its own. */
    if (call->body && !call->retry->unknown)
        curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    if (!call->bare) {
        curl_easy_setopt(easy, CURLOPT_USERAGENT, call->http->user_agent);
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max_body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_URL, base_secret_peek(call->url_text));
    return easy;
}
