/* Who answered: the certificate as it was shown, the address, and what its clock says. Kept because
 * after a failed handshake nothing of it can be asked any more. */
#include "net/private.h"

#include "base/seam.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Text of a name, "CN=Corp CA, O=Corp". */
static void name_text(const X509_NAME *name, char *out, size_t size)
{
    BIO *bio = name ? BIO_new(BIO_s_mem()) : NULL;
    char raw[512];
    int len;

    out[0] = '\0';
    if (!bio)
        return;
    if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_SEP_CPLUS_SPC | ASN1_STRFLGS_UTF8_CONVERT) > 0 &&
        (len = BIO_read(bio, raw, sizeof raw - 1)) > 0) {
        raw[len] = '\0';
        base_text_clean_into(out, size, raw);
    }
    BIO_free(bio);
}

static void append_name(char *out, size_t size, const char *name)
{
    size_t used = strlen(out);

    if (used + strlen(name) + 3 <= size)
        snprintf(out + used, size - used, "%s%s", used ? ", " : "", name);
}

static void general_name(const GENERAL_NAME *name, char *out, size_t size)
{
    char text[128] = "", clean[128];

    if (name->type == GEN_DNS)
        snprintf(text, sizeof text, "%.*s", ASN1_STRING_length(name->d.dNSName),
                 (const char *)ASN1_STRING_get0_data(name->d.dNSName));
    else if (name->type == GEN_IPADD)
        inet_ntop(ASN1_STRING_length(name->d.iPAddress) == 16 ? AF_INET6 : AF_INET,
                  ASN1_STRING_get0_data(name->d.iPAddress), text, sizeof text);
    base_text_clean_into(clean, sizeof clean, text);
    if (*clean)
        append_name(out, size, clean);
}

/* The names a certificate is good for; its subject when it has none. */
static void names_text(const X509 *certificate, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);

    out[0] = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type != GEN_IPADD || ASN1_STRING_length(name->d.iPAddress) == 4 ||
            ASN1_STRING_length(name->d.iPAddress) == 16)
            general_name(name, out, size);
    }
    GENERAL_NAMES_free(names);
    if (!*out)
        name_text(X509_get_subject_name(certificate), out, size);
}

static int64_t time_us(const ASN1_TIME *when)
{
    struct tm tm;

    return when && ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) * 1000000 : 0;
}

/* Of a chain that is not trusted the certificate where it fails is what matters, else its end. */
static void peer_keep(struct net_peer *peer, bool good, X509_STORE_CTX *store)
{
    const X509 *leaf = X509_STORE_CTX_get0_cert(store);
    const X509 *about = X509_STORE_CTX_get_current_cert(store);
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

    if (good && sk_X509_num(chain) > 0)
        about = sk_X509_value(chain, sk_X509_num(chain) - 1);
    *peer = (struct net_peer){.error = X509_STORE_CTX_get_error(store),
                              .depth = X509_STORE_CTX_get_error_depth(store)};
    if (!about)
        about = leaf;
    if (!leaf)
        return;
    names_text(leaf, peer->names, sizeof peer->names);
    name_text(X509_get_issuer_name(about), peer->issuer, sizeof peer->issuer);
    peer->begins_us = time_us(X509_get0_notBefore(good ? leaf : about));
    peer->ends_us = time_us(X509_get0_notAfter(good ? leaf : about));
}

/* Verifies as OpenSSL does by itself, and only takes note. */
static int on_verify(X509_STORE_CTX *store, void *user)
{
    struct net_call *call = user;
    int good = X509_verify_cert(store);

    peer_keep(&call->peer, good > 0, store);
    return good;
}

static CURLcode on_context(CURL *easy, void *context, void *user)
{
    struct net_call *call = user;

    (void)easy;
    call->response.trace.tls_begun = true;
    /* The connection may outlive the call that user is; no second handshake may ask for it. */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_cert_verify_callback(context, on_verify, user);
    return CURLE_OK;
}

void net_peer_watch(struct net_call *call, CURL *easy)
{
    /* A libcurl without OpenSSL refuses this; its errors then say less. */
    (void)!curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
    (void)!curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, call);
}

void net_peer_version(struct net_call *call)
{
    struct curl_tlssessioninfo *info = NULL;

    if (!call->fresh || !call->url.https ||
        curl_easy_getinfo(call->transfer.easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
        return;
    base_text_clean_into(call->response.trace.tls_version, sizeof call->response.trace.tls_version,
                         SSL_get_version(info->internals));
}

void net_peer_trace(struct net_call *call)
{
    struct net_trace *trace = &call->response.trace;

    base_text_clean_into(trace->issuer, sizeof trace->issuer, call->peer.issuer);
    base_text_clean_into(trace->names, sizeof trace->names, call->peer.names);
    trace->not_after_us = call->peer.ends_us;
}

void net_peer_address(struct net_call *call, const struct sockaddr *address, unsigned len)
{
    char host[48], port[8];

    if (getnameinfo(address, (socklen_t)len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        snprintf(call->peer_address, sizeof call->peer_address,
                 strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

void net_peer_clock(struct net_call *call)
{
    struct net_response *response = &call->response;

    if (!response->date_us)
        return;
    response->clock_offset_us =
        response->date_us - base_seam_now_us(net_loop_seam(call->http->loop));
    call->http->clock_offset_us = response->clock_offset_us;
    call->http->clock_known = true;
}

bool net_clock_fact(struct err *err, const struct net_response *response)
{
    int64_t offset = response->clock_offset_us;

    if (offset <= NET_CLOCK_WRONG_US && offset >= -NET_CLOCK_WRONG_US)
        return false;
    base_err_fact_i64(err, "clock_offset_seconds", offset / 1000000);
    return true;
}

static void fact_time(struct err *err, const char *name, int64_t us)
{
    char text[32];

    if (us) {
        base_time_format(us, text);
        base_err_fact(err, name, "%s", text);
    }
}

void net_peer_facts(struct net_call *call)
{
    const struct net_peer *peer = &call->peer;
    struct err *err = &call->err;

    base_err_fact(err, "names", "%s", peer->names);
    base_err_fact(err, "issuer", "%s", peer->issuer);
    if (peer->error)
        base_err_fact_i64(err, "depth", peer->depth);
    fact_time(err, "valid_from", peer->begins_us);
    fact_time(err, "valid_to", peer->ends_us);
    if (call->http->clock_known)
        base_err_fact_i64(err, "clock_offset_seconds", call->http->clock_offset_us / 1000000);
}
