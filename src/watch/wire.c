/* The chain to the workspace as far as the network goes: name, proxy, connection, handshake, and
 * whether what answers lets this address in. One connection is made and taken apart layer by layer.
 */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "config/host.h"
#include "net/url.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_PATH "/.well-known/databricks-config"
#define EXPIRES_SOON_US (INT64_C(14) * 86400 * 1000000)

/* --- dns */

struct resolve {
    char *host;
    int rc;
    bool all_public, loopback;
    char address[64], why[64];
    int count;
};

static void resolve_free(void *data)
{
    struct resolve *resolve = data;
    free(resolve->host);
    free(resolve);
}

static void resolve_work(void *data)
{
    struct resolve *resolve = data;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    resolve->all_public = true;
    resolve->rc = getaddrinfo(resolve->host, NULL, &hints, &list);
    for (struct addrinfo *one = resolve->rc == 0 ? list : NULL; one; one = one->ai_next) {
        const char *why = NULL;
        if (resolve->count++ == 0)
            (void)!getnameinfo(one->ai_addr, one->ai_addrlen, resolve->address,
                               sizeof resolve->address, NULL, 0, NI_NUMERICHOST);
        resolve->loopback |= net_address_loopback(one->ai_addr);
        if (net_address_public(one->ai_addr, &why))
            continue;
        resolve->all_public = false;
        snprintf(resolve->why, sizeof resolve->why, "%s", why ? why : "private");
    }
    if (list)
        freeaddrinfo(list);
}

static void on_resolved(void *user, void *data)
{
    struct watch_check *check = user;
    const struct resolve *resolve = data;
    struct err err = ERR_INIT;
    check->job = NULL;
    if (resolve->rc != 0) {
        base_err_set(&err, ERR_NET_DNS, "\"%s\" does not resolve: %s", resolve->host,
                     gai_strerror(resolve->rc));
        base_err_hint(&err, "Check DNS for %s, and the address of the workspace.", resolve->host);
        base_text_clean_into(err.host, sizeof err.host, resolve->host);
        watch_fail(check, &err);
        return;
    }
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "address", resolve->address);
    base_json_add_i64(evidence, "addresses", resolve->count);
    base_json_add_bool(evidence, "public", resolve->all_public);
    if (resolve->all_public)
        watch_end(check, WATCH_OK, NULL, "public address, no private link");
    else
        watch_end(check, WATCH_OK, NULL, "%s, %s", resolve->address,
                  resolve->loopback ? "this machine itself"
                                    : "a private address: private link, or a proxy's DNS");
}

/* The host of an origin, without port. malloc'd. */
static char *origin_host(const char *origin)
{
    struct net_url url = {0};
    struct err err = ERR_INIT;
    char *host = net_url_parse(origin, &url, &err) == 0 ? base_strdup(url.host) : NULL;
    net_url_free(&url);
    return host;
}

void watch_look_dns(struct watch_check *check)
{
    char proxy[300];
    if (check->self->profile_err && check->self->profile_err->code != ERR_OK &&
        (check->host == NULL || check->host[0] == '\0')) {
        watch_fail(check, check->self->profile_err);
        return;
    }
    if (watch_workspace(check) == NULL)
        return;
    char *host = origin_host(check->origin);
    base_json_add_str(watch_evidence(check), "host", host);
    if (host == NULL || net_http_proxy(databricks_http(check->db), proxy)) {
        free(host);
        watch_end(check, WATCH_OK, NULL, "left to the proxy");
        return;
    }
    struct resolve *resolve = base_alloc_zero(1, sizeof *resolve);
    resolve->host = host;
    check->job =
        watch_job_start(check->loop, resolve_work, on_resolved, resolve_free, resolve, check);
}

/* --- proxy, tcp, tls: one connection */

enum reach { REACH_PROXY, REACH_TCP, REACH_TLS, REACH_ANSWER };

static bool plain(const struct watch_check *check)
{
    return strncmp(check->origin, "http:", 5) == 0;
}

static bool tls_code(enum err_code code)
{
    return code == ERR_TLS_UNKNOWN_CA || code == ERR_TLS_HOST_MISMATCH || code == ERR_TLS_EXPIRED ||
           code == ERR_TLS_VERSION || code == ERR_TLS_CLIENT_CERT || code == ERR_CONFIG_INVALID;
}

/* How far the connection came. */
static enum reach reach_of(const struct watch_check *check)
{
    const struct net_trace *trace = &check->trace;
    enum err_code code = check->reach_err.code;
    if (code == ERR_OK || check->status)
        return REACH_ANSWER;
    if (tls_code(code))
        return REACH_TLS;
    if (trace->proxied && trace->proxy_status / 100 != 2)
        return REACH_PROXY;
    if (trace->tls_begun && trace->tls_us == 0)
        return REACH_TLS;
    if (code == ERR_NET_DNS || code == ERR_SEC_HOST_REFUSED || trace->connect_us == 0)
        return REACH_TCP;
    return trace->tls_us == 0 && !plain(check) ? REACH_TLS : REACH_ANSWER;
}

/* True: the connection failed here, and the layer has ended so. */
static bool reach_failed(struct watch_check *check, enum reach here)
{
    if (reach_of(check) != here)
        return false;
    watch_fail(check, &check->reach_err);
    return true;
}

static void port_add(struct watch_check *check)
{
    struct net_url url = {0};
    struct err err = ERR_INIT;
    if (net_url_parse(check->origin, &url, &err) == 0)
        base_json_add_i64(watch_evidence(check), "port", url.port);
    net_url_free(&url);
}

static void tcp_end(struct watch_check *check)
{
    struct net_url url = {0};
    struct err err = ERR_INIT;
    base_json_add_str(watch_evidence(check), "address", check->trace.address);
    port_add(check);
    if (reach_failed(check, REACH_TCP))
        return;
    int port = net_url_parse(check->origin, &url, &err) == 0 ? url.port : 0;
    net_url_free(&url);
    check->took_us = check->trace.connect_us;
    watch_end(check, WATCH_OK, NULL, "port %d%s", port,
              check->trace.proxied ? ", through the proxy" : "");
}

static void proxy_end(struct watch_check *check)
{
    char proxy[300];
    net_http_proxy(databricks_http(check->db), proxy);
    base_json_add_str(watch_evidence(check), "proxy", proxy);
    if (check->trace.proxy_status)
        base_json_add_i64(watch_evidence(check), "connect_status", check->trace.proxy_status);
    if (!reach_failed(check, REACH_PROXY))
        watch_end(check, WATCH_OK, NULL, "%s, CONNECT answered %d", proxy,
                  check->trace.proxy_status);
}

static void on_reach(void *user, struct net_response *response, const struct err *err)
{
    struct watch_check *check = user;
    check->call = NULL;
    check->trace = response->trace;
    check->status = response->status;
    check->reach_err = err ? *err : ERR_INIT;
    if (check->trace.proxied)
        proxy_end(check);
    else
        tcp_end(check);
}

void watch_look_proxy(struct watch_check *check)
{
    char proxy[300];
    if (net_http_proxy(databricks_http(check->db), proxy))
        watch_send(check, CONFIG_PATH, true, on_reach);
    else
        watch_end(check, WATCH_NONE, NULL, "not configured");
}

void watch_look_tcp(struct watch_check *check)
{
    if (check->trace.proxied)
        tcp_end(check);
    else
        watch_send(check, CONFIG_PATH, true, on_reach);
}

static void tls_evidence(struct watch_check *check)
{
    const struct net_trace *trace = &check->trace;
    cJSON *evidence = watch_evidence(check);
    base_json_add_str(evidence, "tls_version", trace->tls_version[0] ? trace->tls_version : NULL);
    base_json_add_str(evidence, "issuer", trace->issuer[0] ? trace->issuer : NULL);
    base_json_add_str(evidence, "names", trace->names[0] ? trace->names : NULL);
    base_json_add_time(evidence, "not_after", trace->not_after_us);
    base_json_add_str(evidence, "ca", check->ca_file ? "own" : "system");
    base_json_add_str(evidence, "ca_file", check->ca_file);
}

void watch_look_tls(struct watch_check *check)
{
    struct err err = ERR_INIT;
    check->took_us = check->trace.tls_us;
    if (plain(check)) {
        watch_end(check, WATCH_NONE, NULL, "plain http, on this machine only");
        return;
    }
    tls_evidence(check);
    if (reach_failed(check, REACH_TLS))
        return;
    const char *version = check->trace.tls_version[0] ? check->trace.tls_version : "TLS";
    if (strncmp(version, "TLSv", 4) == 0)
        version += 4;
    const char *anchor = check->ca_file ? "chain ends at your own CA" : "chain ends at a system CA";
    int64_t left = check->trace.not_after_us - base_seam_now_us(check->seam);
    if (check->trace.not_after_us && left < EXPIRES_SOON_US) {
        base_err_set(&err, ERR_TLS_EXPIRED, "the certificate ends in %d days",
                     (int)(left / 86400 / 1000000));
        base_err_hint(&err, "Whoever runs the host (or the company's proxy) has to renew it.");
        watch_end(check, WATCH_WARN, &err, "TLS %s, the certificate ends in %d days", version,
                  (int)(left / 86400 / 1000000));
        return;
    }
    watch_end(check, WATCH_OK, NULL, "TLS %s, %s", version, anchor);
}

/* --- ip list: the first words of what answers */

/* The address a refusal names, as it was seen by the other side; out stays empty when there is
 * none.
 */
static void seen_address(const char *text, char out[64])
{
    out[0] = '\0';
    while (*text) {
        char word[64];
        unsigned char raw[16];
        size_t len = strspn(text, "0123456789abcdefABCDEF.:");
        size_t end = len;
        while (end && (text[end - 1] == '.' || text[end - 1] == ':'))
            end--;
        if (end > 2 && end < sizeof word) {
            memcpy(word, text, end);
            word[end] = '\0';
            if (inet_pton(AF_INET, word, raw) == 1 || inet_pton(AF_INET6, word, raw) == 1) {
                snprintf(out, 64, "%s", word);
                return;
            }
        }
        text += len ? len : 1;
    }
}

static void blocked(struct watch_check *check, const struct err *cause)
{
    struct err err = *cause;
    char address[64];
    seen_address(err.message, address);
    if (err.code != ERR_SRC_IP_BLOCKED) {
        watch_fail(check, &err);
        return;
    }
    base_json_add_str(watch_evidence(check), "address", address[0] ? address : NULL);
    if (address[0])
        base_err_hint(&err, "add %s to the workspace IP access list", address);
    watch_end(check, WATCH_FAIL, &err, "%s%s", address[0] ? "seen as " : err.message, address);
}

static void on_signin(void *user, const struct err *err, struct databricks_discovery *discovery)
{
    struct watch_check *check = user;
    (void)discovery;
    check->ask = NULL;
    if (err)
        blocked(check, err);
    else
        watch_end(check, WATCH_OK, NULL, "this host is let in");
}

static void on_discovery(void *user, const struct err *err, struct databricks_discovery *discovery)
{
    struct watch_check *check = user;
    check->ask = NULL;
    /* Older workspaces have no such page; whatever is wrong, the sign-in page says it too. */
    if (err && err->code == ERR_SRC_IP_BLOCKED) {
        blocked(check, err);
        return;
    }
    if (discovery) {
        cJSON *evidence = watch_evidence(check);
        base_json_add_str(evidence, "workspace_id", discovery->workspace_id);
        base_json_add_str(evidence, "account_id", discovery->account_id);
        base_json_add_str(evidence, "cloud", discovery->cloud);
    }
    check->ask = databricks_workspace_signin(check->db, on_signin, check);
}

void watch_look_ip_list(struct watch_check *check)
{
    if (check->reach_err.code != ERR_OK && check->reach_err.code != ERR_SEC_REDIRECT_REFUSED)
        watch_fail(check, &check->reach_err);
    else
        check->ask = databricks_workspace_discover(check->db, on_discovery, check);
}
