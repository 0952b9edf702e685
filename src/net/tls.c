/* What a handshake showed: for somebody who asks what is wrong with it. Nothing is decided here;
 * the verification is OpenSSL's, as always. */
#include "net/private.h"

#include "base/text.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static void name_text(X509_NAME *name, char *out, size_t size)
{
    char *raw = NULL;
    BIO *memory = BIO_new(BIO_s_mem());

    if (memory && name &&
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0 &&
        BIO_write(memory, "", 1) == 1 && BIO_get_mem_data(memory, &raw) > 0)
        base_text_clean_into(out, size, raw);
    BIO_free(memory);
}

/* The DNS names a certificate is for, one blank between. */
static void dns_names(X509 *certificate, char *out, size_t size)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;

    out[0] = '\0';
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        char text[128];
        int len = name->type == GEN_DNS ? ASN1_STRING_length(name->d.dNSName) : 0;

        if (len <= 0 || (size_t)len >= sizeof text)
            continue;
        memcpy(text, ASN1_STRING_get0_data(name->d.dNSName), (size_t)len);
        text[len] = '\0';
        if (used + (size_t)len + 2 > size)
            break;
        if (used)
            out[used++] = ' ';
        base_text_clean_into(out + used, size - used, text);
        used += strlen(out + used);
    }
    GENERAL_NAMES_free(names);
}

static int64_t end_of(X509 *certificate)
{
    struct tm when;

    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &when) != 1)
        return 0;
    return (int64_t)timegm(&when) * 1000000;
}

/* Called from the far end of the chain to the leaf, and with the certificate something is wrong
 * with, whose issuer is then what matters. Leaves the verdict as it is. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct net_call *call = ssl ? SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) : NULL;
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    if (call && certificate) {
        struct net_trace *trace = &call->response.trace;

        if (!good || trace->issuer[0] == '\0')
            name_text(X509_get_issuer_name(certificate), trace->issuer, sizeof trace->issuer);
        if (X509_STORE_CTX_get_error_depth(store) == 0) {
            dns_names(certificate, trace->names, sizeof trace->names);
            trace->not_after_us = end_of(certificate);
        }
    }
    return good;
}

static CURLcode on_context(CURL *easy, void *context, void *user)
{
    (void)easy;
    SSL_CTX_set_app_data(context, user);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, on_verify);
    return CURLE_OK;
}

void net_tls_watch(struct net_call *call, CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, call);
}

void net_tls_version(struct net_call *call)
{
    struct curl_tlssessioninfo *info = NULL;

    if (!call->fresh || !call->url.https ||
        curl_easy_getinfo(call->transfer.easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
        return;
    base_text_clean_into(call->response.trace.tls_version, sizeof call->response.trace.tls_version,
                         SSL_get_version(info->internals));
}
