/* What the files of this room share and nobody else sees. */
#ifndef AAMPE_NET_PRIVATE_H
#define AAMPE_NET_PRIVATE_H

#include "net/http.h"
#include "net/limit.h"
#include "net/url.h"

#include <curl/curl.h>

/* An easy handle on the loop: CURLOPT_PRIVATE points here; finish is called outside any curl
 * callback, with the handle already removed from the multi handle. */
struct net_transfer {
    CURL *easy;
    void (*finish)(struct net_transfer *transfer, CURLcode code);
};
void net_loop_transfer_add(struct net_loop *loop, struct net_transfer *transfer);
void net_loop_transfer_remove(struct net_loop *loop, struct net_transfer *transfer);

/* limit.c: a place in the queue of a limiter. go is called once, when it is this one's turn; it may
 * enter again, and must not cancel others. */
struct net_limit_wait {
    struct net_limit *limit; /* NULL: not in a queue */
    struct net_limit_wait *next;
    void (*go)(struct net_limit_wait *wait);
};
void net_limit_enter(struct net_limit *limit, struct net_limit_wait *wait);
/* Nothing to do when it is in no queue. */
void net_limit_leave(struct net_limit_wait *wait);
/* The workspace said "too many" to a request let through at sent_us (monotonic). retry_after_ms -1:
 * it did not say until when. */
void net_limit_slow_down(struct net_limit *limit, int64_t sent_us, int64_t retry_after_ms);

struct net_http {
    struct net_loop *loop;
    struct net_limit *limit, *own_limit; /* own_limit: made by this client alone, or NULL */
    char *origin_text;
    struct net_url origin;
    bool origin_loopback;
    char *ca_file, *proxy, *no_proxy, *user_agent;
    struct secret *proxy_login;
    char **link_hosts;
    size_t link_host_count;
    struct base_log *log;
    CURLSH *bare_pool; /* connections of presigned links only */
    int calls;
    int64_t connects;
    bool once;
    int total_ms;
    struct net_http_waits waits;
    bool clock_known;
    int64_t clock_offset_us; /* of the last Date header: theirs minus ours */
};

/* The certificate of the last handshake of a try; empty where there was none. */
struct net_peer {
    int error, depth;           /* X509_V_*, and of which certificate of the chain */
    char names[256];            /* it is good for */
    char issuer[160];           /* of the certificate the error is about */
    int64_t begins_us, ends_us; /* of that one too */
};

struct net_call {
    struct net_transfer transfer; /* first: finish gets it back */
    struct net_limit_wait turn;
    int64_t sent_us; /* of the try, monotonic */
    struct net_http *http;
    /* the request, copied */
    char *method;
    struct secret *url_text;
    struct net_url url;
    struct curl_slist *headers;
    char *body;
    size_t body_len, max_body;
    bool bare, listed; /* listed: a link host the admin allows private addresses for */
    bool proxied, fresh;
    const struct net_retry *retry;
    int connect_ms, idle_ms, total_ms;
    void (*progress)(void *user, int64_t received);
    void *progress_user;
    void (*done)(void *user, struct net_response *response, const struct err *err);
    void *user;
    /* the try under way */
    struct net_response response;
    struct err err;
    uint64_t timer;
    const char *refused; /* class of address the open-socket check refused */
    int socket_errno;    /* why no socket was to be had; 0: it was */
    bool overflow, no_memory, sending;
    char error_text[CURL_ERROR_SIZE];
    struct net_peer peer;
    char peer_address[64]; /* last connected to, "address:port" */
};

/* Puts '*' over every copy of what the call's own Authorization header says: a server that quotes
 * it back must not get it into a message, a log or a state file. text need not end with a NUL. */
void net_call_scrub(const struct net_call *call, char *text, size_t len);
/* transfer.c: makes the easy handle of one try. */
CURL *net_transfer_new(struct net_call *call);
/* peer.c: who answers. watch: the handshakes of this handle leave word of the certificate. */
void net_peer_watch(struct net_call *call, CURL *easy);
/* From a callback of the transfer: the version in use goes into the trace. */
void net_peer_version(struct net_call *call);
/* What the handshake showed goes into the trace. */
void net_peer_trace(struct net_call *call);
struct sockaddr;
void net_peer_address(struct net_call *call, const struct sockaddr *address, unsigned len);
/* Compares the Date header of the answer with our clock. */
void net_peer_clock(struct net_call *call);
/* Puts what is known of the certificate and the clock into call->err. */
void net_peer_facts(struct net_call *call);
/* fault.c: fills call->err from the outcome; leaves it clear when an answer arrived whole. */
void net_fault_map(struct net_call *call, CURLcode code);
bool net_fault_unsent(CURL *easy, CURLcode code);
/* proxy.c: whether this host is reached directly though there is a proxy. */
bool net_proxy_bypassed(const char *no_proxy, const char *host);

#endif
