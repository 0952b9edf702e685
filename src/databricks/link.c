#define _GNU_SOURCE
#include "databricks/statement.h"

#include "base/alloc.h"
#include "base/text.h"
#include "databricks/private.h"

#include <stdlib.h>
#include <string.h>

#define MARGIN_US ((int64_t)60 * 1000000)

struct fetch {
    int64_t expires_us;
    char host[128];
    void (*progress)(void *user, int64_t received);
};

/* The host of a link is no secret, all behind it is. */
static void host_of(const char *url, char *out, size_t size)
{
    const char *host = strstr(url, "://");
    char text[128] = "";

    host = host ? host + 3 : "";
    if (strcspn(host, "/?#") < sizeof text)
        memcpy(text, host, strcspn(host, "/?#"));
    host = strrchr(text, '@');
    base_text_clean_into(out, size, host ? host + 1 : text);
}

static void deliver_body(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct buf *) =
        (void (*)(void *, const struct err *, struct buf *))call->done;

    done(call->user, err, result);
}

/* The storage's clock decides where it says its time: ours may be off. The word in the body is
 * looked for only because S3 gives one code, AccessDenied, to both an expired link and a closed
 * door. */
static bool expired(const struct databricks_call *call, const struct net_response *response)
{
    const struct fetch *fetch = call->extra;
    int64_t now = response->date_us;

    if (fetch->expires_us == 0)
        return true;
    if (now == 0)
        now = base_seam_now_us(net_loop_seam(call->db->loop));
    if (now >= fetch->expires_us - MARGIN_US)
        return true;
    return response->body.len && (strcasestr(response->body.data, "expired") ||
                                  strcasestr(response->body.data, "signed expiry"));
}

/* "<Code>AccessDenied</Code>" of S3 and Azure. */
static void storage_code(const struct net_response *response, struct err *err)
{
    const char *at = response->body.len ? strstr(response->body.data, "<Code>") : NULL;
    char code[48] = "";

    if (!at)
        return;
    at += 6;
    if (strcspn(at, "<") < sizeof code)
        memcpy(code, at, strcspn(at, "<"));
    base_text_clean_into(err->remote_code, sizeof err->remote_code, code);
}

static void map_forbidden(const struct databricks_call *call, const struct net_response *response,
                          struct err *err)
{
    const char *host = ((struct fetch *)call->extra)->host;

    base_err_set(err, ERR_SRC_LINK_FORBIDDEN, "the storage refuses a fresh result link");
    base_err_hint(err, "Allow this host at the firewall of the workspace's storage, \"%.120s\".",
                  host);
    base_err_fact(err, "address", "%s", response->trace.address);
}

void databricks_link_unreached(struct err *err)
{
    base_err_hint(err,
                  "%s \"%.120s\"%s port 443 for this host: results come from there, not from "
                  "the workspace.",
                  err->code == ERR_NET_DNS ? "Make the name" : "Open", err->host,
                  err->code == ERR_NET_DNS ? " known here and open its" : "");
    err->code = ERR_SRC_LINK_HOST_UNREACHABLE;
}

static void map_refusal(const struct databricks_call *call, const struct net_response *response,
                        struct err *err)
{
    switch (response->status) {
    case 400:
    case 401:
    case 403:
    case 404:
        if (expired(call, response))
            base_err_set(err, ERR_SRC_LINK_EXPIRED, "the result link is over");
        else
            map_forbidden(call, response, err);
        break;
    case 429:
        base_err_set(err, ERR_SRC_RATE_LIMIT, "the storage is throttling");
        break;
    default:
        base_err_set(err, response->status >= 500 ? ERR_SRC_UNAVAILABLE : ERR_SRC_UNCLASSIFIED,
                     "the storage answered with HTTP status %d", response->status);
    }
    err->http_status = response->status;
    storage_code(response, err);
    net_clock_fact(err, response);
    base_text_clean_into(err->host, sizeof err->host, ((struct fetch *)call->extra)->host);
    if (response->retry_after_ms > 0)
        err->retry_after_ms = response->retry_after_ms;
    base_text_clean_into(err->request_id, sizeof err->request_id, response->request_id);
}

static void on_body(void *user, struct net_response *response, const struct err *net_err)
{
    struct databricks_call *call = user;
    struct err err = ERR_INIT;

    call->net = NULL;
    if (net_err) {
        err = *net_err;
        if (err.code == ERR_NET_DNS || err.code == ERR_NET_CONNECT)
            databricks_link_unreached(&err);
    } else if (response->status != 200) {
        map_refusal(call, response, &err);
    } else if (strstr(response->content_type, "html")) {
        base_err_set(&err, ERR_PROXY_HTML, "a web page came in place of the result");
        err.http_status = response->status;
        base_text_clean_into(err.host, sizeof err.host, ((struct fetch *)call->extra)->host);
        base_err_fact(&err, "content_type", "%s", response->content_type);
    }
    databricks_call_end(call, err.code == ERR_OK ? NULL : &err,
                        err.code == ERR_OK ? &response->body : NULL);
}

static void on_progress(void *user, int64_t received)
{
    struct databricks_call *call = user;
    struct fetch *fetch = call->extra;

    fetch->progress(call->user, received);
}

struct databricks_call *
databricks_link_fetch(struct databricks *db, const struct databricks_link *link, size_t max_bytes,
                      void (*progress)(void *user, int64_t received),
                      void (*done)(void *user, const struct err *err, struct buf *body), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, -1, (void (*)(void))done, user, deliver_body);
    struct fetch *fetch = base_alloc_zero(1, sizeof *fetch);
    const char **headers = base_alloc_zero(link->header_count, sizeof *headers);

    for (size_t i = 0; i < link->header_count; i++)
        headers[i] = base_secret_peek(link->headers[i]);
    fetch->expires_us = link->expires_us;
    host_of(base_secret_peek(link->url), fetch->host, sizeof fetch->host);
    fetch->progress = progress;
    call->extra = fetch;
    call->net = net_http_submit(db->http,
                                &(struct net_request){.url = base_secret_peek(link->url),
                                                      .headers = headers,
                                                      .header_count = link->header_count,
                                                      .bare = true,
                                                      .max_body = max_bytes,
                                                      .retry = &net_retry_link,
                                                      .progress = progress ? on_progress : NULL,
                                                      .progress_user = call},
                                on_body, call);
    free(headers);
    return call;
}
