#include "store/vault_private.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define KEY_LEN ((size_t)32)
#define INFO "aampe vault 1"

static int seal_derive(const struct secret *key, const uint8_t *salt, uint8_t out[KEY_LEN])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    char digest[] = "SHA256", info[] = INFO;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)base_secret_peek(key),
                                          base_secret_len(key)),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, VAULT_SALT),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info - 1),
        OSSL_PARAM_construct_end()};
    int good = ctx != NULL && EVP_KDF_derive(ctx, out, KEY_LEN, params) > 0;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return good ? 0 : -1;
}

int store_seal_close(const struct secret *key, struct store_seal *seal, const void *aad,
                     size_t aad_len, uint8_t *data, size_t len)
{
    uint8_t derived[KEY_LEN];
    int n = 0, rest = 0;
    if (seal_derive(key, seal->salt, derived) != 0)
        return -1;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int good = ctx != NULL &&
               EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, derived, seal->nonce) > 0 &&
               EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)aad_len) > 0 &&
               EVP_EncryptUpdate(ctx, data, &n, data, (int)len) > 0 && (size_t)n == len &&
               EVP_EncryptFinal_ex(ctx, data + n, &rest) > 0 && rest == 0 &&
               EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, VAULT_TAG, seal->tag) > 0;
    EVP_CIPHER_CTX_free(ctx);
    base_secret_wipe(derived, sizeof derived);
    return good ? 0 : -1;
}

int store_seal_open(const struct secret *key, const struct store_seal *seal, const void *aad,
                    size_t aad_len, uint8_t *data, size_t len)
{
    uint8_t derived[KEY_LEN];
    int n = 0, rest = 0;
    if (seal_derive(key, seal->salt, derived) != 0)
        return -1;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int good = ctx != NULL &&
               EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, derived, seal->nonce) > 0 &&
               EVP_DecryptUpdate(ctx, NULL, &n, aad, (int)aad_len) > 0 &&
               EVP_DecryptUpdate(ctx, data, &n, data, (int)len) > 0 && (size_t)n == len &&
               EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, VAULT_TAG, (void *)seal->tag) > 0 &&
               EVP_DecryptFinal_ex(ctx, data + n, &rest) > 0;
    EVP_CIPHER_CTX_free(ctx);
    base_secret_wipe(derived, sizeof derived);
    return good ? 0 : -1;
}
