#include "net/private.h"

#include "base/text.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>

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
        set_fault(call, ERR_TLS_HOST_MISMATCH, "the certificate is for another name");
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
        set_fault(call, ERR_TLS_EXPIRED, X509_verify_cert_error_string(result));
        return;
    default:
        set_fault(call, ERR_TLS_UNKNOWN_CA, X509_verify_cert_error_string(result));
    }
}

/* Here the words are those of our own OpenSSL, and the only thing it says. */
static void map_handshake(struct net_call *call)
{
    const char *text = call->error_text;

    if (strstr(text, "certificate required") || strstr(text, "bad certificate"))
        set_fault(call, ERR_TLS_CLIENT_CERT, "the server wants a client certificate");
    else if (strstr(text, "protocol version") || strstr(text, "unsupported protocol"))
        set_fault(call, ERR_TLS_VERSION, "the server speaks no TLS 1.2");
    else if (strstr(text, "wrong version number") || strstr(text, "packet length too long"))
        set_fault(call, ERR_TLS_VERSION, "the server does not speak TLS on this port");
    else if (strstr(text, "SYSCALL") || strstr(text, "reset") || strstr(text, "unexpected eof"))
        set_fault(call, ERR_NET_RESET, "connection cut during the TLS handshake");
    else
        set_fault(call, ERR_NET_UNCLASSIFIED, "the TLS handshake failed");
}

static void map_connect(struct net_call *call)
{
    if (call->refused) {
        base_err_set(&call->err, ERR_SEC_HOST_REFUSED, "%s: refused to connect: its address is %s",
                     call->url.host, call->refused);
        return;
    }
    if (call->socket_errno == EMFILE || call->socket_errno == ENFILE) {
        base_err_errno(&call->err, call->socket_errno, "%s: no socket to be had", call->url.host);
        return;
    }
    set_fault(call, ERR_NET_CONNECT,
              call->proxied ? "the proxy cannot be reached" : "cannot connect");
}

static bool map_proxy(struct net_call *call)
{
    long status = 0;

    if (!call->proxied)
        return false;
    curl_easy_getinfo(call->transfer.easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status == 0 || status / 100 == 2)
        return false;
    base_err_set(&call->err, status == 407 ? ERR_PROXY_AUTH : ERR_PROXY_REFUSED,
                 "%s: the proxy answered %ld to CONNECT", call->url.host, status);
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

static void map_timeout(struct net_call *call)
{
    curl_off_t connect_us = 0;

    curl_easy_getinfo(call->transfer.easy, CURLINFO_PRETRANSFER_TIME_T, &connect_us);
    if (connect_us == 0)
        set_fault(call, ERR_NET_CONNECT, "no connection in time");
    else
        set_fault(call, ERR_NET_STALL, "nothing came for too long");
}

static void map_short(struct net_call *call)
{
    base_err_set(&call->err, call->bare ? ERR_SRC_CHUNK_SHORT : ERR_NET_RESET,
                 "%s: connection cut after %zu of %lld bytes", call->url.host,
                 call->response.body.len, (long long)call->response.content_length);
}

static void map_code(struct net_call *call, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        set_fault(call, ERR_NET_DNS, "the name of the proxy does not resolve");
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        set_fault(call, ERR_NET_DNS, "the name does not resolve");
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
        if (call->bare && call->response.status / 100 == 2)
            map_short(call);
        else
            set_fault(call, ERR_NET_RESET, "connection cut");
        return;
    case CURLE_PROXY:
        set_fault(call, ERR_PROXY_REFUSED, "the proxy refused");
        return;
    default:
        set_fault(call, ERR_NET_UNCLASSIFIED, curl_easy_strerror(code));
    }
}

void net_fault_map(struct net_call *call, CURLcode code)
{
    base_err_clear(&call->err);
    if (code != CURLE_OK && !map_proxy(call))
        map_code(call, code);
    if (code == CURLE_OK && call->response.status / 100 == 3 && call->response.status != 304) {
        base_err_set(&call->err, ERR_SEC_REDIRECT_REFUSED, "%s: redirect to \"%s\" refused",
                     call->url.host, call->response.location);
        call->err.http_status = call->response.status;
    }
    if (call->err.code == ERR_OK)
        return;
    base_text_clean_into(call->err.host, sizeof call->err.host, call->url.host);
    base_text_clean_into(call->err.request_id, sizeof call->err.request_id,
                         call->response.request_id);
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
