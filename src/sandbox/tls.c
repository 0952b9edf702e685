#include "sandbox/tls.h"

#include "base/alloc.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_DAYS 825

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX context;
    int good;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    good = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return good;
}

static X509 *certificate_new(int64_t now_us, const char *name, EVP_PKEY *key, X509_NAME *issuer)
{
    X509 *certificate = X509_new();
    time_t now = (time_t)(now_us / 1000000);
    unsigned char serial[8];
    X509_NAME *subject;
    BIGNUM *number;

    if (!certificate || RAND_bytes(serial, sizeof serial) != 1)
        return certificate;
    serial[0] &= 0x7f;
    number = BN_bin2bn(serial, sizeof serial, NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, 2);
    X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &now);
    X509_time_adj_ex(X509_getm_notAfter(certificate), LIFE_DAYS, 0, &now);
    subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer ? issuer : subject);
    X509_set_pubkey(certificate, key);
    return certificate;
}

static char *pem_text(X509 *certificate, EVP_PKEY *key)
{
    BIO *memory = BIO_new(BIO_s_mem());
    char *data, *text = NULL;
    long len;
    int good;

    good =
        memory && (certificate ? PEM_write_bio_X509(memory, certificate)
                               : PEM_write_bio_PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL));
    if (good) {
        len = BIO_get_mem_data(memory, &data);
        text = base_strndup(data, (size_t)len);
    }
    BIO_free(memory);
    return text;
}

int sandbox_tls_make(int64_t now_us, char **ca, char **certificate, char **key, struct err *err)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
    X509 *root = ca_key ? certificate_new(now_us, "aampe-sandbox CA", ca_key, NULL) : NULL;
    X509 *leaf = root && leaf_key ? certificate_new(now_us, "aampe-sandbox", leaf_key,
                                                    X509_get_subject_name(root))
                                  : NULL;
    int good = leaf && add_extension(root, root, NID_basic_constraints, "critical,CA:TRUE") &&
               add_extension(root, root, NID_key_usage, "critical,keyCertSign,cRLSign") &&
               add_extension(root, root, NID_subject_key_identifier, "hash") &&
               add_extension(leaf, root, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(leaf, root, NID_authority_key_identifier, "keyid:always") &&
               add_extension(leaf, root, NID_ext_key_usage, "serverAuth") &&
               add_extension(leaf, root, NID_subject_alt_name,
                             "IP:127.0.0.1,IP:0:0:0:0:0:0:0:1,DNS:localhost") &&
               X509_sign(root, ca_key, EVP_sha256()) && X509_sign(leaf, ca_key, EVP_sha256());

    *ca = good ? pem_text(root, NULL) : NULL;
    *certificate = good ? pem_text(leaf, NULL) : NULL;
    *key = good ? pem_text(NULL, leaf_key) : NULL;
    X509_free(root);
    X509_free(leaf);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(leaf_key);
    if (*ca && *certificate && *key)
        return 0;
    base_free(ca);
    base_free(certificate);
    base_free(key);
    return base_err_set(err, ERR_INTERNAL, "cannot make the sandbox's certificates");
}
