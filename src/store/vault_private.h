/* Private to store: the parts of the vault. */
#ifndef AAMPE_STORE_VAULT_PRIVATE_H
#define AAMPE_STORE_VAULT_PRIVATE_H

#include "store/vault.h"

/* The key bytes of the settings' kind (not for VAULT_PLAIN). */
struct secret *store_vault_key(const struct store_vault_settings *settings, struct err *err);
/* HOST_SECRET_EXPOSED unless an open file is plain, ours or root's, and closed to others. */
int store_vault_check_mode(int fd, const char *path, struct err *err) must_check;

/* Sealing. Both work on buffers of the caller; nothing secret stays behind. */
#define VAULT_SALT ((size_t)32)
#define VAULT_NONCE ((size_t)12)
#define VAULT_TAG ((size_t)16)
struct store_seal {
    uint8_t salt[VAULT_SALT], nonce[VAULT_NONCE], tag[VAULT_TAG];
};
/* In place. 0 or -1 (OpenSSL refuses). */
int store_seal_close(const struct secret *key, struct store_seal *seal, const void *aad,
                     size_t aad_len, uint8_t *data, size_t len);
/* In place. -1: another key or altered bytes. */
int store_seal_open(const struct secret *key, const struct store_seal *seal, const void *aad,
                    size_t aad_len, uint8_t *data, size_t len);

#endif
