#include "net/private.h"

#include "base/text.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>

/* This program did not exist before 2026: a clock that says so is wrong whatever else is. */
#define PROGRAM_BEGAN_US ((int64_t)1767225600 * 1000000)

static void set_fault(struct net_call *call, enum err_code code, const char *what)
{
    long sys_errno = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_OS_ERRNO, &sys_errno);
    if (sys_errno)
        base_err_set(&call->err, code, "%s: %s: %s", call->url.host, what,
                     strerror((int)sys_errno));
    else
        base_err_set(&call->err, code, "%s: %s", call->url.host, what);
    call->err.sys_errno = (int)sys_errno;
}

/* Host and port of the proxy, never its login. */
static const char *proxy_place(const struct net_call *call)
{
    const char *place = strstr(call->http->proxy, "://");
    const char *login = strrchr(call->http->proxy, '@');

    return login ? login + 1 : place ? place + 3 : call->http->proxy;
}

static const char *ca_setting(const struct net_call *call)
{
    return call->http->ca_file ? "add its certificate to the file of `workspace.ca_file`"
                               : "set `workspace.ca_file` to a file with its certificate";
}

static void map_unknown_ca(struct net_call *call, const char *reason)
{
    base_err_set(&call->err, ERR_TLS_UNKNOWN_CA, "%s: %s: the chain ends at \"%s\"", call->url.host,
                 reason, call->peer.issuer);
    base_err_hint(&call->err,
                  "The chain ends at \"%.100s\". If this is your company's, %s. "
                  "Verification is never switched off.",
                  call->peer.issuer, ca_setting(call));
}

static void map_name(struct net_call *call)
{
    base_err_set(&call->err, ERR_TLS_HOST_MISMATCH,
                 "%s: the certificate is for another name: \"%s\"", call->url.host,
                 call->peer.names);
    base_err_hint(&call->err,
                  "Check that \"%.100s\" is right. If it is, a captive portal or a proxy answers "
                  "in its place.",
                  call->url.host);
}

/* Whether the certificate would do by a better clock than ours. */
static bool clock_blamed(const struct net_call *call, int64_t now_us)
{
    int64_t offset = call->http->clock_offset_us, there = now_us + offset;

    if (now_us < PROGRAM_BEGAN_US)
        return true;
    return call->http->clock_known &&
           (offset > NET_CLOCK_WRONG_US || offset < -NET_CLOCK_WRONG_US) &&
           there >= call->peer.begins_us && (!call->peer.ends_us || there <= call->peer.ends_us);
}

static void map_dates(struct net_call *call, long result)
{
    int64_t now_us = base_seam_now_us(net_loop_seam(call->http->loop)) / 1000000 * 1000000;
    bool early = result == X509_V_ERR_CERT_NOT_YET_VALID;
    char when[32] = "", now[32];

    base_time_format(now_us, now);
    if (early ? call->peer.begins_us : call->peer.ends_us)
        base_time_format(early ? call->peer.begins_us : call->peer.ends_us, when);
    if (clock_blamed(call, now_us)) {
        base_err_set(&call->err, ERR_HOST_CLOCK,
                     "%s: the certificate is good, but not by this host's clock, which says %s",
                     call->url.host, now);
        base_err_hint(&call->err, "Set this host's clock and enable time synchronisation.");
    } else {
        base_err_set(&call->err, ERR_TLS_EXPIRED, "%s: the certificate %s %s", call->url.host,
                     early ? "is not valid before" : "expired at", when);
        base_err_hint(&call->err,
                      "Check the clock first: this host says it is %s. If it is right, whoever "
                      "runs \"%.100s\" has to renew the certificate.",
                      now, call->url.host);
    }
    base_err_fact(&call->err, "clock_here", "%s", now);
}

static void map_verify(struct net_call *call)
{
    long result = 0, proxy_result = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_SSL_VERIFYRESULT, &result);
    curl_easy_getinfo(call->transfer.easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &proxy_result);
    if (result == X509_V_OK)
        result = proxy_result;
    /* curl compares the name itself, before it takes over the result of the chain. */
    if (result == X509_V_ERR_UNSPECIFIED && strstr(call->error_text, "target host name"))
        result = X509_V_ERR_HOSTNAME_MISMATCH;
    switch (result) {
    case X509_V_OK:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        result = X509_V_ERR_HOSTNAME_MISMATCH;
        map_name(call);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
        map_dates(call, result);
        break;
    default:
        map_unknown_ca(call, X509_verify_cert_error_string(result));
    }
    base_err_fact(&call->err, "tls_reason", "%s", X509_verify_cert_error_string(result));
    net_peer_facts(call);
}

/* What curl quotes of OpenSSL: "error:0A00042E:SSL routines::tlsv1 alert protocol version". */
static void fact_alert(struct net_call *call)
{
    const char *reason = strstr(call->error_text, "routines::");

    reason = reason ? reason + 10 : call->error_text;
    base_err_fact(&call->err, "tls_reason", "%.*s", (int)strcspn(reason, ","), reason);
}

static bool says_one_of(const char *text, const char *const *words)
{
    for (; *words; words++)
        if (strstr(text, *words))
            return true;
    return false;
}

/* No TLS at all where TLS was expected. */
static void map_plain(struct net_call *call)
{
    if (call->proxied) {
        set_fault(call, ERR_PROXY_HTML,
                  "what came through the proxy is not TLS: it answers itself");
        return;
    }
    set_fault(call, ERR_TLS_VERSION, "the server does not speak TLS on this port");
    base_err_hint(&call->err, "Check host and port: \"%.100s\" port %d answers, but not in TLS.",
                  call->url.host, call->url.port);
}

/* Here the words are those of our own OpenSSL, and the only thing it says. */
static void map_handshake(struct net_call *call)
{
    static const char *const certificate[] = {"certificate required", "bad certificate", NULL};
    static const char *const old[] = {"protocol version",
                                      "unsupported protocol",
                                      "no protocols available",
                                      "handshake failure",
                                      "insufficient security",
                                      "no shared cipher",
                                      NULL};
    static const char *const plain[] = {"wrong version number", "packet length too long",
                                        "http request", NULL};
    static const char *const cut[] = {"SYSCALL", "reset", "unexpected eof", "Connection was", NULL};
    static const char *const garbled[] = {"length mismatch",
                                          "length too",
                                          "decode",
                                          "bad record",
                                          "unexpected message",
                                          "bad extension",
                                          "bad digest",
                                          "internal error",
                                          "unexpected record",
                                          NULL};
    const char *text = call->error_text;

    if (says_one_of(text, certificate))
        set_fault(call, ERR_TLS_CLIENT_CERT, "the server wants a client certificate");
    else if (says_one_of(text, old))
        set_fault(call, ERR_TLS_VERSION, "the server speaks no TLS 1.2");
    else if (says_one_of(text, plain))
        map_plain(call);
    else if (says_one_of(text, cut))
        set_fault(call, ERR_NET_RESET, "connection cut during the TLS handshake");
    else if (says_one_of(text, garbled))
        set_fault(call, ERR_NET_RESET, "the TLS handshake is garbled on its way");
    else
        set_fault(call, ERR_NET_UNCLASSIFIED, "the TLS handshake failed");
    fact_alert(call);
}

static void map_name_lookup(struct net_call *call, bool proxy)
{
    const char *place = proxy ? proxy_place(call) : call->url.host;

    base_err_set(&call->err, ERR_NET_DNS, "%s: the name%s%s does not resolve", call->url.host,
                 proxy ? " of the proxy " : "", proxy ? place : "");
    base_err_fact(&call->err, "name", "%.*s", (int)strcspn(place, ":"), place);
    base_err_hint(&call->err,
                  "Check the spelling of \"%.*s\"%s, then the DNS of this host (`getent hosts` "
                  "asks it).",
                  (int)strcspn(place, ":"), place, proxy ? " in `workspace.proxy`" : "");
}

static void map_connect(struct net_call *call)
{
    if (call->refused) {
        base_err_set(&call->err, ERR_SEC_HOST_REFUSED, "%s: refused to connect: its address is %s",
                     call->url.host, call->refused);
        base_err_fact(&call->err, "address_class", "%s", call->refused);
        return;
    }
    if (call->socket_errno == EMFILE || call->socket_errno == ENFILE) {
        base_err_errno(&call->err, call->socket_errno, "%s: no socket to be had", call->url.host);
        return;
    }
    set_fault(call, ERR_NET_CONNECT,
              call->proxied ? "the proxy cannot be reached" : "cannot connect");
    if (call->proxied)
        base_err_hint(&call->err,
                      "Check `workspace.proxy`: \"%.100s\" must be reachable from here.",
                      proxy_place(call));
    else
        base_err_hint(&call->err, "Firewall? This host must reach \"%.100s\" on port %d.",
                      call->url.host, call->url.port);
}

/* "Basic, Negotiate": what the proxy would take. */
static void schemes_text(const struct net_call *call, char *out, size_t size)
{
    static const struct {
        long bit;
        const char *name;
    } names[] = {{(long)CURLAUTH_BASIC, "Basic"},
                 {(long)CURLAUTH_DIGEST, "Digest"},
                 {(long)CURLAUTH_NEGOTIATE, "Negotiate"},
                 {(long)CURLAUTH_NTLM, "NTLM"}};
    long offered = 0;

    out[0] = '\0';
    curl_easy_getinfo(call->transfer.easy, CURLINFO_PROXYAUTH_AVAIL, &offered);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t used = strlen(out);

        if (offered & names[i].bit)
            snprintf(out + used, size - used, "%s%s", used ? ", " : "", names[i].name);
    }
}

static void map_proxy_login(struct net_call *call)
{
    char schemes[64];

    schemes_text(call, schemes, sizeof schemes);
    base_err_set(&call->err, ERR_PROXY_AUTH, "%s: the proxy %s wants a login (407%s%s)",
                 call->url.host, proxy_place(call), *schemes ? ", offers " : "", schemes);
    base_err_fact(&call->err, "proxy_scheme", "%s", schemes);
    if (*schemes && !strstr(schemes, "Basic"))
        base_err_hint(&call->err,
                      "The proxy offers %s only; this program speaks Basic. Ask for Basic, or for "
                      "an exception for \"%.100s\".",
                      schemes, call->url.host);
    else if (call->http->proxy_login)
        base_err_hint(&call->err,
                      "The login of `secrets set proxy` was refused by %.100s: set it again.",
                      proxy_place(call));
}

static bool map_proxy(struct net_call *call)
{
    long status = 0;

    if (!call->proxied)
        return false;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status == 0 || status / 100 == 2)
        return false;
    if (status == 407) {
        map_proxy_login(call);
    } else {
        base_err_set(&call->err, ERR_PROXY_REFUSED,
                     "%s: the proxy %s answered %ld to CONNECT %s:%d", call->url.host,
                     proxy_place(call), status, call->url.host, call->url.port);
        base_err_hint(&call->err, "Ask whoever runs the proxy %.60s for CONNECT to %.100s:%d.",
                      proxy_place(call), call->url.host, call->url.port);
    }
    base_err_fact(&call->err, "target", "%s:%d", call->url.host, call->url.port);
    call->err.http_status = (int)status;
    return true;
}

static void map_write(struct net_call *call)
{
    if (call->overflow)
        base_err_set(&call->err, ERR_LIMIT_EXCEEDED, "%s: the answer is larger than %zu bytes",
                     call->url.host, call->max_body);
    else if (call->no_memory)
        base_err_set(&call->err, ERR_HOST_MEMORY, "%s: no memory for the answer", call->url.host);
    else
        set_fault(call, ERR_NET_UNCLASSIFIED, "the answer could not be taken");
}

/* How far it came and how fast. */
static void fact_transfer(struct net_call *call)
{
    curl_off_t rate = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_SPEED_DOWNLOAD_T, &rate);
    base_err_fact_i64(&call->err, "bytes", (int64_t)call->response.body.len);
    if (call->response.content_length > 0)
        base_err_fact_i64(&call->err, "bytes_expected", call->response.content_length);
    base_err_fact_i64(&call->err, "bytes_per_second", (int64_t)rate);
}

static void map_timeout(struct net_call *call)
{
    curl_off_t connect_us = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_PRETRANSFER_TIME_T, &connect_us);
    if (connect_us == 0)
        set_fault(call, ERR_NET_CONNECT, "no connection in time");
    else
        set_fault(call, ERR_NET_STALL, "nothing came for too long");
    fact_transfer(call);
}

static void map_short(struct net_call *call)
{
    base_err_set(&call->err, call->bare ? ERR_SRC_CHUNK_SHORT : ERR_NET_RESET,
                 "%s: connection cut after %zu of %lld bytes", call->url.host,
                 call->response.body.len, (long long)call->response.content_length);
    fact_transfer(call);
}

/* With TLS 1.3 the server only looks for a client certificate after our side of the handshake is
 * over: its refusal is what is read first. */
static void map_cut(struct net_call *call)
{
    if (strstr(call->error_text, "certificate required") ||
        strstr(call->error_text, "bad certificate")) {
        map_handshake(call);
    } else if (call->bare && call->response.status / 100 == 2) {
        map_short(call);
    } else {
        set_fault(call, ERR_NET_RESET, "connection cut");
        fact_transfer(call);
    }
}

static void map_code(struct net_call *call, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        map_name_lookup(call, true);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        map_name_lookup(call, false);
        return;
    case CURLE_COULDNT_CONNECT:
        map_connect(call);
        return;
    case CURLE_OPERATION_TIMEDOUT:
        map_timeout(call);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        map_verify(call);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        map_handshake(call);
        return;
    case CURLE_SSL_CERTPROBLEM:
        set_fault(call, ERR_TLS_CLIENT_CERT, "client certificate");
        return;
    case CURLE_SSL_CACERT_BADFILE:
        set_fault(call, ERR_CONFIG_INVALID, "workspace.ca_file cannot be read");
        return;
    case CURLE_PARTIAL_FILE:
        map_short(call);
        return;
    case CURLE_FILESIZE_EXCEEDED:
        call->overflow = true;
        map_write(call);
        return;
    case CURLE_WRITE_ERROR:
        map_write(call);
        return;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        map_cut(call);
        return;
    case CURLE_PROXY:
        set_fault(call, ERR_PROXY_REFUSED, "the proxy refused");
        return;
    default:
        set_fault(call, ERR_NET_UNCLASSIFIED, curl_easy_strerror(code));
    }
}

static void map_redirect(struct net_call *call)
{
    base_err_set(&call->err, ERR_SEC_REDIRECT_REFUSED, "%s: redirect to \"%s\" refused",
                 call->url.host, call->response.location);
    call->err.http_status = call->response.status;
    base_err_fact(&call->err, "from", "%s://%s:%d", call->url.https ? "https" : "http",
                  call->url.host, call->url.port);
    base_err_fact(&call->err, "to", "%s", call->response.location);
    if (!call->bare)
        base_err_hint(&call->err,
                      "Nothing is sent on to \"%.120s\". If that is the workspace, set "
                      "`workspace.host` to it.",
                      call->response.location);
}

/* Where it was sent; of a failed connection, where that was tried. */
static void fact_address(struct net_call *call)
{
    const char *address = NULL;
    long port = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_PRIMARY_IP, &address);
    curl_easy_getinfo(call->transfer.easy, CURLINFO_PRIMARY_PORT, &port);
    if (*call->peer_address)
        base_err_fact(&call->err, "address", "%s", call->peer_address);
    else if (address && *address)
        base_err_fact(&call->err, "address", strchr(address, ':') ? "[%s]:%ld" : "%s:%ld", address,
                      port);
    if (call->proxied)
        base_err_fact(&call->err, "proxy", "%s", proxy_place(call));
}

void net_fault_map(struct net_call *call, CURLcode code)
{
    base_err_clear(&call->err);
    if (code != CURLE_OK && !map_proxy(call))
        map_code(call, code);
    if (code == CURLE_OK && call->response.status / 100 == 3 && call->response.status != 304)
        map_redirect(call);
    if (call->err.code == ERR_OK)
        return;
    base_text_clean_into(call->err.host, sizeof call->err.host, call->url.host);
    base_text_clean_into(call->err.request_id, sizeof call->err.request_id,
                         call->response.request_id);
    fact_address(call);
}

bool net_fault_unsent(CURL *easy, CURLcode code)
{
    curl_off_t pretransfer = 0;

    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return true;
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
        curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer);
        return pretransfer == 0;
    default:
        return false;
    }
}
