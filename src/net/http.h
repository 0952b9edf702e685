/* HTTP transfers on a net_loop. Two kinds that share no handle and no connection:
 *  - calls to the configured workspace, which alone may carry a credential, and only to its exact
 * scheme, host, port;
 *  - bare downloads of presigned links: no Authorization, no cookies, no headers of ours but those
 * of the request. Redirects are never followed. TLS is 1.2 or newer and always verified; ca_file
 * and proxy hold on every path. Threats and rules: reliability.md (b) 7-10. */
#ifndef AAMPE_NET_HTTP_H
#define AAMPE_NET_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/limit.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which outcomes are tried again, and how often. Const data; net_retry_* below are the ones in use.
 * Delay before try n+1: uniform in 0..min(cap, base << (n-1)) ("full jitter"), or Retry-After when
 * the answer has one. */
struct net_retry {
    int tries; /* including the first */
    int64_t base_ms, cap_ms;
    int64_t retry_after_cap_ms; /* a longer Retry-After is cut to this */
    const int *statuses;        /* ended by 0 */
    const char *const
        *codes;   /* values of "error_code" in a JSON answer, ended by NULL; may be NULL */
    bool unsent;  /* name lookup and connect failures: the request never left */
    bool unknown; /* reset, stall, timeout: the other side may have acted on it */
};
extern const struct net_retry net_retry_none;
extern const struct net_retry net_retry_read;   /* may be repeated whatever happened */
extern const struct net_retry net_retry_submit; /* only where it surely was not acted on */
extern const struct net_retry net_retry_link; /* presigned download: 429, 5xx, network; never 4xx */
extern const struct net_retry net_retry_token;

/* Delay in ms before try `next_try` (2..), pure; random is a uniform 64-bit value; retry_after_ms
 * -1 when absent. */
int64_t net_retry_delay(const struct net_retry *retry, int next_try, int64_t retry_after_ms,
                        uint64_t random);

struct net_http_settings {
    const char
        *origin; /* "https://host[:port]" of the workspace; "http://" only for literal loopback */
    const char *
        ca_file; /* added to nothing: replaces the system bundle's lookup when set; NULL = system */
    const char *proxy; /* "http://host:port", or NULL: HTTPS_PROXY/NO_PROXY of the environment */
    const struct secret *proxy_login; /* "user:password" or NULL */
    const char *user_agent;           /* for the workspace; NULL = product default */
    const char *const
        *link_hosts; /* "host" or "host:port" with private addresses that links may name */
    size_t link_host_count;
    int total_connections, host_connections; /* 0 = 32, 16 */
    /* For somebody who wants to know how things are now: nothing is tried again whatever the policy
     * of a call, and no call takes longer than total_ms (0 = no limit). */
    bool once;
    int total_ms;
    struct net_limit *limit; /* shared, borrowed; NULL: one of its own at NET_LIMIT_DEFAULT */
    struct base_log *log;    /* may be NULL; URLs are never logged, host and status are */
};

struct net_http;
/* Copies the settings. CONFIG_INVALID when origin, ca_file or proxy is not usable. */
struct net_http *net_http_new(struct net_loop *loop, const struct net_http_settings *settings,
                              struct err *err);
/* All calls must be over or cancelled. */
void net_http_free(struct net_http **http);
struct net_loop *net_http_loop(struct net_http *http);
/* How often anything was tried again, how often of it because the other side said "too many"
 * (429), since it was made; and when the last such wait ends, by the wall clock. */
struct net_http_waits {
    int64_t retries, throttled, throttled_until_us;
};
struct net_http_waits net_http_waits(const struct net_http *http);
const char *net_http_origin(const struct net_http *http);
/* "host:port" of the proxy the workspace is reached through, without a login; false: directly. */
bool net_http_proxy(const struct net_http *http, char out[300]);
struct base_log *net_http_log(const struct net_http *http); /* may be NULL */

struct net_request {
    const char *method;         /* NULL = GET */
    const char *url;            /* absolute */
    const char *const *headers; /* "Name: value", never Authorization or Cookie (that is bug()) */
    size_t header_count;
    const void *body; /* copied; NULL = none */
    size_t body_len;
    const struct secret
        *bearer; /* copied; refused with SEC_HOST_REFUSED unless url is of the origin */
    const struct secret *basic;    /* "id:secret", already form-encoded; same rule */
    bool bare;                     /* presigned link */
    size_t max_body;               /* larger answers end as LIMIT_EXCEEDED; 0 = 32 MiB */
    const struct net_retry *retry; /* NULL = net_retry_none */
    int connect_ms;                /* 0 = 20 s */
    int idle_ms;                   /* no byte for so long: NET_STALL; 0 = 60 s */
    int total_ms;                  /* of one try; 0 = none */
    bool fresh; /* name, connection and handshake anew, with the certificate in the trace */
    /* Bytes received so far in this try (0 again when a try starts again); may be NULL. Called from
     * inside the transfer: it may take note, but neither submit nor cancel. */
    void (*progress)(void *user, int64_t received);
    void *progress_user;
};

/* How the connection of the last try came about; zero where it did not get so far, and where one
 * made before was used again. */
struct net_trace {
    char address[64]; /* that was connected to; the proxy's when proxied */
    int64_t lookup_us, connect_us, tls_us;
    bool proxied;
    int proxy_status; /* of the proxy's answer to CONNECT; 0: none */
    bool tls_begun;   /* the connection stood, and a handshake began */
    /* Of a handshake; cleaned, empty or 0 where it did not get so far. The version of a `fresh`
     * request only. */
    char tls_version[16]; /* "TLSv1.3" */
    char issuer[128];     /* of the last certificate of the chain; of the one that is not trusted */
    char names[256];      /* the certificate is for; split by ", " */
    int64_t not_after_us;
};

struct net_response {
    int status;              /* 0: no answer */
    struct buf body;         /* take it with base_buf_take when it should outlive the callback */
    int64_t content_length;  /* as announced; -1: not */
    int64_t retry_after_ms;  /* -1: absent; seconds and HTTP-date both read */
    int64_t date_us;         /* Date header; 0: absent */
    int64_t clock_offset_us; /* Date minus our clock when it came; 0 also when absent */
    char content_type[64];   /* lower case, without parameters */
    char request_id[64];     /* x-request-id or x-amz-request-id / x-ms-request-id */
    char org_id[32];         /* x-databricks-org-id */
    char location[256];      /* scheme, host, path; query removed */
    bool private_link; /* the redirect says that private access is wanted (databricks-api.md 0) */
    int tries;
    struct net_trace trace;
};

/* From here on a difference between the Date header and our clock is the clock's fault, not the
 * network's. */
#define NET_CLOCK_WRONG_US ((int64_t)300 * 1000000)

/* clock_offset_seconds as evidence, where it is large enough to be somebody's fault. True then. */
bool net_clock_fact(struct err *err, const struct net_response *response);

struct net_call;
/* Never fails at once and never calls done from inside: every refusal comes through done. done runs
 * exactly once on the loop unless cancelled; the handle is dead when it starts. err is NULL when an
 * answer arrived, whatever its status (a 3xx is SEC_REDIRECT_REFUSED, with the response); else
 * NET_*, TLS_*, PROXY_*, SEC_*, LIMIT_EXCEEDED, SRC_CHUNK_SHORT (fewer bytes than Content-Length),
 * with host and errno. response is never NULL. */
struct net_call *net_http_submit(struct net_http *http, const struct net_request *request,
                                 void (*done)(void *user, struct net_response *response,
                                              const struct err *err),
                                 void *user);
/* done will not run. NULL handle is ignored; sets *call to NULL. */
void net_http_cancel(struct net_call **call);
/* Open TCP connections made so far, for tests. */
int64_t net_http_connects(const struct net_http *http);

#endif
