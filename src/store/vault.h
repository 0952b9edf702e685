/* The vault: secrets in one sealed file (AES-256-GCM; the key is derived anew for every write with
 * HKDF-SHA256 from key bytes that never lie in the state folder). The kind is a stored choice: it
 * is in the file, and a vault of another kind than the settings ask for is refused, never converted
 * silently. Main loop only. */
#ifndef AAMPE_STORE_VAULT_H
#define AAMPE_STORE_VAULT_H

#include "base/err.h"
#include "base/seam.h"
#include "base/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_vault_kind {
    VAULT_CREDENTIAL, /* $CREDENTIALS_DIRECTORY/aampe-vault-key, from systemd */
    VAULT_KEY_FILE,   /* a file outside the state folder, 0600 or 0400, ours or root's */
    VAULT_HELPER,     /* a command that prints the key; absolute path */
    VAULT_PLAIN       /* not sealed; only after an explicit yes */
};

struct store_vault_settings {
    enum store_vault_kind kind;
    const char *folder;                /* state folder; the vault is <folder>/vault */
    const char *credentials_directory; /* getenv("CREDENTIALS_DIRECTORY"), for VAULT_CREDENTIAL */
    const char *key_file;              /* VAULT_KEY_FILE */
    const char *const *helper;         /* VAULT_HELPER: argv, NULL-terminated */
};

struct store_vault;

/* Opens, or prepares an empty one (nothing is written until the first put). NULL with
 * HOST_SECRET_EXPOSED (mode or owner of the folder, the vault or the key file too loose: path and
 * chmod are named), HOST_SECRET_UNREADABLE (no key, wrong key, other kind, damaged), CONFIG_INVALID
 * (key inside the state folder, relative path). */
struct store_vault *store_vault_open(const struct store_vault_settings *settings,
                                     struct base_seam *seam, struct err *err);
void store_vault_free(struct store_vault **vault);
const char *
store_vault_kind_name(enum store_vault_kind kind); /* "credential", "key_file", "helper", "plain" */
int store_vault_kind_parse(const char *text, enum store_vault_kind *kind);
enum store_vault_kind store_vault_kind(const struct store_vault *vault);
/* There is a vault file in this folder, readable or not. */
bool store_vault_there(const char *folder);
/* Renames the vault file to one with the time in its name, whose path is returned (malloc'd; NULL
 * on error); and back again. Nothing is lost: with its key the old file can be read again. */
char *store_vault_set_aside(const char *folder, int64_t now_us, struct err *err);
void store_vault_put_back(const char *folder, const char *aside);
/* The kind an existing vault file has; 1 = there is none, -1 = unreadable. Needs no key. */
int store_vault_stored_kind(const char *folder, enum store_vault_kind *kind, struct err *err);
/* Makes a key file of 32 random bytes in hexadecimal, 0600, never over an existing file; the folder
 * is made 0700. */
int store_vault_make_key(const char *path, struct base_seam *seam, struct err *err) must_check;

/* Names: [a-z0-9_.-]{1,63}. expires_us 0 = not known. Written before it returns; on an error the
 * vault stays as it was. */
int store_vault_put(struct store_vault *vault, const char *name, const struct secret *secret,
                    int64_t expires_us, struct err *err) must_check;
/* Borrowed until the next put or remove of that name; NULL: none. */
const struct secret *store_vault_peek(const struct store_vault *vault, const char *name);
int store_vault_remove(struct store_vault *vault, const char *name, struct err *err) must_check;

struct store_vault_entry {
    char name[64];
    char fingerprint[9];
    int64_t created_us, expires_us;
};
/* By index in name order; false past the end. Never the secret. */
bool store_vault_at(const struct store_vault *vault, size_t index, struct store_vault_entry *out);

#endif
