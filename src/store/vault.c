/* File: "AAMPEVLT", u32 format, u32 kind, salt, nonce, tag, u32 length, then the entries, sealed
 * unless plain. Entry: u8 length of the name, name, i64 created, i64 expires, u32 length of the
 * secret, secret. Little endian. */
#define _GNU_SOURCE

#include "store/vault.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/vec.h"
#include "store/vault_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "AAMPEVLT"
#define FORMAT 1
#define HEAD_KIND                                                                                  \
    ((size_t)16) /* magic, format, kind: what is authenticated besides the entries                 \
                  */
#define HEAD_LEN (HEAD_KIND + VAULT_SALT + VAULT_NONCE + VAULT_TAG + 4)
#define VAULT_MAX ((size_t)1 << 20)
#define SECRET_MAX ((size_t)64 << 10)
#define ENTRIES_MAX 256

struct vault_entry {
    char name[64];
    int64_t created_us, expires_us;
    struct secret *secret;
};

struct store_vault {
    enum store_vault_kind kind;
    char *path;
    struct base_seam *seam;
    struct secret *key;                 /* NULL when plain */
    vec_of(struct vault_entry) entries; /* by name */
};

static const char *const kind_names[] = {[VAULT_CREDENTIAL] = "credential",
                                         [VAULT_KEY_FILE] = "key_file",
                                         [VAULT_HELPER] = "helper",
                                         [VAULT_PLAIN] = "plain"};

const char *store_vault_kind_name(enum store_vault_kind kind)
{
    return kind_names[kind];
}

int store_vault_kind_parse(const char *text, enum store_vault_kind *kind)
{
    for (size_t i = 0; text != NULL && i < base_countof(kind_names); i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *kind = (enum store_vault_kind)i;
            return 0;
        }
    }
    return -1;
}

enum store_vault_kind store_vault_kind(const struct store_vault *vault)
{
    return vault->kind;
}

/* --- bytes
 * --------------------------------------------------------------------------------------------------
 */

struct reader {
    const uint8_t *data;
    size_t len, at;
};

static const uint8_t *reader_take(struct reader *reader, size_t len)
{
    if (reader->len - reader->at < len)
        return NULL;
    const uint8_t *at = reader->data + reader->at;
    reader->at += len;
    return at;
}

static bool reader_number(struct reader *reader, size_t size, uint64_t *out)
{
    const uint8_t *at = reader_take(reader, size);
    if (at == NULL)
        return false;
    *out = 0;
    for (size_t i = 0; i < size; i++)
        *out |= (uint64_t)at[i] << (8 * i);
    return true;
}

static bool name_valid(const char *name, size_t len)
{
    if (len == 0 || len > 63)
        return false;
    for (size_t i = 0; i < len; i++)
        if (name[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", name[i]) == NULL)
            return false;
    return true;
}

static bool entry_read(struct reader *reader, struct vault_entry *entry)
{
    uint64_t name_len, created, expires, len;
    const uint8_t *name, *data;
    memset(entry, 0, sizeof *entry);
    if (!reader_number(reader, 1, &name_len) ||
        (name = reader_take(reader, (size_t)name_len)) == NULL ||
        !name_valid((const char *)name, (size_t)name_len) || !reader_number(reader, 8, &created) ||
        !reader_number(reader, 8, &expires) || !reader_number(reader, 4, &len) ||
        len > SECRET_MAX || (data = reader_take(reader, (size_t)len)) == NULL)
        return false;
    memcpy(entry->name, name, (size_t)name_len);
    entry->created_us = (int64_t)created;
    entry->expires_us = (int64_t)expires;
    entry->secret = base_secret_new(data, (size_t)len);
    return true;
}

static int entries_read(struct store_vault *vault, const uint8_t *data, size_t len, struct err *err)
{
    struct reader reader = {data, len, 0};
    while (reader.at < reader.len) {
        struct vault_entry entry;
        if (vault->entries.count == ENTRIES_MAX || !entry_read(&reader, &entry))
            return base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "the vault '%s' is damaged",
                                vault->path);
        vec_push(&vault->entries, entry);
    }
    return 0;
}

static void entry_write(struct buf *out, const struct vault_entry *entry)
{
    size_t name_len = strlen(entry->name);
    base_buf_byte(out, (uint8_t)name_len);
    base_buf_append(out, entry->name, name_len);
    base_buf_u64le(out, (uint64_t)entry->created_us);
    base_buf_u64le(out, (uint64_t)entry->expires_us);
    base_buf_u32le(out, (uint32_t)base_secret_len(entry->secret));
    base_buf_append(out, base_secret_peek(entry->secret), base_secret_len(entry->secret));
}

static size_t entries_size(const struct store_vault *vault)
{
    size_t size = 0;
    for (size_t i = 0; i < vault->entries.count; i++)
        size += 1 + strlen(vault->entries.items[i].name) + 8 + 8 + 4 +
                base_secret_len(vault->entries.items[i].secret);
    return size;
}

/* --- the file
 * -----------------------------------------------------------------------------------------------
 */

static int folder_check(const char *folder, struct err *err)
{
    struct stat st;
    if (stat(folder, &st) != 0)
        return base_err_errno(err, errno, "cannot look at '%s'", folder);
    if ((st.st_uid == geteuid() || st.st_uid == 0) && (st.st_mode & 077) == 0)
        return 0;
    base_err_set(err, ERR_HOST_SECRET_EXPOSED,
                 "the vault's folder '%s' is open to others (mode %04o, owner %u)", folder,
                 st.st_mode & 07777U, (unsigned)st.st_uid);
    base_err_hint(err, "chmod 700 '%s', then `engine reload`; then rotate the secrets", folder);
    return -1;
}

/* 1: there is none. */
static int vault_read(const char *path, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return 1;
    if (fd < 0)
        return base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "cannot open the vault '%s': %s", path,
                            strerror(errno));
    int rc = store_vault_check_mode(fd, path, err);
    if (rc == 0 && base_buf_reserve(out, VAULT_MAX - 1) != 0)
        rc = base_err_set(err, ERR_HOST_MEMORY, "no memory for the vault");
    while (rc == 0) {
        ssize_t n = read(fd, out->data + out->len, out->cap - out->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "cannot read the vault '%s': %s",
                              path, strerror(errno));
        if (n <= 0)
            break;
        out->len += (size_t)n;
        if (out->len >= VAULT_MAX - 1)
            rc = base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "the vault '%s' is too long", path);
    }
    close(fd);
    return rc;
}

static int head_read(const struct buf *file, const char *path, enum store_vault_kind *kind,
                     struct store_seal *seal, size_t *len, struct err *err)
{
    struct reader reader = {(const uint8_t *)file->data, file->len, 0};
    uint64_t format = 0, kind_number = 0, length = 0;
    const uint8_t *magic = reader_take(&reader, 8), *at;
    bool good = magic != NULL && memcmp(magic, MAGIC, 8) == 0 &&
                reader_number(&reader, 4, &format) && reader_number(&reader, 4, &kind_number) &&
                kind_number < base_countof(kind_names);
    if (good && format != FORMAT)
        return base_err_set(err, ERR_HOST_STATE_NEWER, "the vault '%s' has format %llu", path,
                            (unsigned long long)format);
    if (good && (at = reader_take(&reader, VAULT_SALT + VAULT_NONCE + VAULT_TAG)) != NULL) {
        memcpy(seal->salt, at, VAULT_SALT);
        memcpy(seal->nonce, at + VAULT_SALT, VAULT_NONCE);
        memcpy(seal->tag, at + VAULT_SALT + VAULT_NONCE, VAULT_TAG);
        good = reader_number(&reader, 4, &length) && length == reader.len - reader.at;
    } else {
        good = false;
    }
    if (!good)
        return base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "the vault '%s' is damaged", path);
    *kind = (enum store_vault_kind)kind_number;
    *len = (size_t)length;
    return 0;
}

static int vault_unseal(struct store_vault *vault, struct buf *file, struct err *err)
{
    enum store_vault_kind kind;
    struct store_seal seal;
    size_t len;
    if (head_read(file, vault->path, &kind, &seal, &len, err) != 0)
        return -1;
    if (kind != vault->kind) {
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE,
                     "the vault '%s' is of kind '%s', the settings ask for '%s'", vault->path,
                     store_vault_kind_name(kind), store_vault_kind_name(vault->kind));
        base_err_hint(err,
                      "set vault.kind to '%s', or remove the vault and enter the secrets again",
                      store_vault_kind_name(kind));
        return -1;
    }
    uint8_t *data = (uint8_t *)file->data + HEAD_LEN;
    if (vault->key != NULL &&
        store_seal_open(vault->key, &seal, file->data, HEAD_KIND, data, len) != 0)
        return base_err_set(err, ERR_HOST_SECRET_UNREADABLE,
                            "the vault '%s' cannot be opened with the key of this host (%s)",
                            vault->path, store_vault_kind_name(vault->kind));
    return entries_read(vault, data, len, err);
}

static void buf_wipe(struct buf *buf)
{
    if (buf->data != NULL)
        base_secret_wipe(buf->data, buf->cap);
    base_buf_free(buf);
}

static int vault_load(struct store_vault *vault, struct err *err)
{
    struct buf file;
    base_buf_init(&file, VAULT_MAX);
    int rc = vault_read(vault->path, &file, err);
    if (rc == 0)
        rc = vault_unseal(vault, &file, err);
    buf_wipe(&file);
    return rc < 0 ? -1 : 0;
}

static int vault_save(struct store_vault *vault, struct err *err)
{
    struct store_seal seal = {0};
    struct buf file;
    size_t size = entries_size(vault);
    base_buf_init(&file, VAULT_MAX);
    /* reserved whole: growing would leave copies of the secrets in freed memory */
    if (size > VAULT_MAX - HEAD_LEN - 2 || base_buf_reserve(&file, HEAD_LEN + size) != 0)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "the vault would be longer than %zu bytes",
                            VAULT_MAX);
    base_buf_append(&file, MAGIC, 8);
    base_buf_u32le(&file, FORMAT);
    base_buf_u32le(&file, (uint32_t)vault->kind);
    base_seam_random(vault->seam, seal.salt, sizeof seal.salt);
    base_seam_random(vault->seam, seal.nonce, sizeof seal.nonce);
    base_buf_append(&file, seal.salt, sizeof seal.salt);
    base_buf_append(&file, seal.nonce, sizeof seal.nonce);
    base_buf_append(&file, seal.tag, sizeof seal.tag);
    base_buf_u32le(&file, (uint32_t)size);
    for (size_t i = 0; i < vault->entries.count; i++)
        entry_write(&file, &vault->entries.items[i]);
    int rc = 0;
    if (vault->key != NULL && store_seal_close(vault->key, &seal, file.data, HEAD_KIND,
                                               (uint8_t *)file.data + HEAD_LEN, size) != 0)
        rc = base_err_set(err, ERR_INTERNAL, "the vault could not be sealed");
    memcpy(file.data + HEAD_LEN - 4 - VAULT_TAG, seal.tag, VAULT_TAG);
    if (rc == 0)
        rc = base_file_write_atomic(vault->path, file.data, file.len, 0600, err);
    buf_wipe(&file);
    return rc;
}

bool store_vault_there(const char *folder)
{
    char *path = base_file_join(folder, "vault");
    bool there = base_file_exists(path);
    free(path);
    return there;
}

char *store_vault_set_aside(const char *folder, int64_t now_us, struct err *err)
{
    char *path = base_file_join(folder, "vault");
    char *aside = base_printf("%s.%lld", path, (long long)(now_us / 1000000));
    if (rename(path, aside) != 0) {
        base_err_errno(err, errno, "cannot set '%s' aside", path);
        base_free(&aside);
    }
    free(path);
    return aside;
}

void store_vault_put_back(const char *folder, const char *aside)
{
    char *path = base_file_join(folder, "vault");
    if (!base_file_exists(path))
        (void)rename(aside, path);
    free(path);
}

int store_vault_stored_kind(const char *folder, enum store_vault_kind *kind, struct err *err)
{
    char *path = base_file_join(folder, "vault");
    struct buf file;
    struct store_seal seal;
    size_t len;
    base_buf_init(&file, VAULT_MAX);
    int rc = vault_read(path, &file, err);
    if (rc == 0)
        rc = head_read(&file, path, kind, &seal, &len, err);
    buf_wipe(&file);
    free(path);
    return rc;
}

struct store_vault *store_vault_open(const struct store_vault_settings *settings,
                                     struct base_seam *seam, struct err *err)
{
    if (folder_check(settings->folder, err) != 0)
        return NULL;
    struct secret *key = NULL;
    if (settings->kind != VAULT_PLAIN && (key = store_vault_key(settings, err)) == NULL)
        return NULL;
    struct store_vault *vault = base_alloc_zero(1, sizeof *vault);
    vault->kind = settings->kind;
    vault->path = base_file_join(settings->folder, "vault");
    vault->seam = seam;
    vault->key = key;
    if (vault_load(vault, err) != 0)
        store_vault_free(&vault);
    return vault;
}

void store_vault_free(struct store_vault **vault_ptr)
{
    struct store_vault *vault = *vault_ptr;
    if (vault == NULL)
        return;
    for (size_t i = 0; i < vault->entries.count; i++)
        base_secret_free(&vault->entries.items[i].secret);
    vec_free(&vault->entries);
    base_secret_free(&vault->key);
    free(vault->path);
    base_free(vault_ptr);
}

/* --- entries
 * ------------------------------------------------------------------------------------------------
 */

/* Index of name, or where it would be. */
static size_t entry_find(const struct store_vault *vault, const char *name, bool *found)
{
    size_t i = 0;
    int order = 1;
    while (i < vault->entries.count && (order = strcmp(vault->entries.items[i].name, name)) < 0)
        i++;
    *found = i < vault->entries.count && order == 0;
    return i;
}

static void entry_insert(struct store_vault *vault, size_t at, const struct vault_entry *entry)
{
    vec_push(&vault->entries, *entry);
    struct vault_entry *items = vault->entries.items;
    memmove(items + at + 1, items + at, (vault->entries.count - 1 - at) * sizeof *items);
    items[at] = *entry;
}

static void entry_remove(struct store_vault *vault, size_t at)
{
    struct vault_entry *items = vault->entries.items;
    vault->entries.count--;
    memmove(items + at, items + at + 1, (vault->entries.count - at) * sizeof *items);
}

int store_vault_put(struct store_vault *vault, const char *name, const struct secret *secret,
                    int64_t expires_us, struct err *err)
{
    bool found;
    if (!name_valid(name, strlen(name)))
        return base_err_set(err, ERR_USAGE, "'%s' is no name for a secret", name);
    if (base_secret_len(secret) == 0 || base_secret_len(secret) > SECRET_MAX)
        return base_err_set(err, ERR_USAGE, "a secret has 1 to %zu bytes", SECRET_MAX);
    size_t at = entry_find(vault, name, &found);
    if (!found && vault->entries.count == ENTRIES_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "the vault holds %d secrets", ENTRIES_MAX);
    struct vault_entry entry = {.created_us = base_seam_now_us(vault->seam),
                                .expires_us = expires_us,
                                .secret = base_secret_dup(secret)};
    memcpy(entry.name, name, strlen(name));
    struct vault_entry old = {.secret = NULL};
    if (found) {
        old = vault->entries.items[at];
        vault->entries.items[at] = entry;
    } else {
        entry_insert(vault, at, &entry);
    }
    if (vault_save(vault, err) == 0) {
        base_secret_free(&old.secret);
        return 0;
    }
    if (found)
        vault->entries.items[at] = old;
    else
        entry_remove(vault, at);
    base_secret_free(&entry.secret);
    return -1;
}

const struct secret *store_vault_peek(const struct store_vault *vault, const char *name)
{
    bool found;
    size_t at = entry_find(vault, name, &found);
    return found ? vault->entries.items[at].secret : NULL;
}

int store_vault_remove(struct store_vault *vault, const char *name, struct err *err)
{
    bool found;
    size_t at = entry_find(vault, name, &found);
    if (!found)
        return 0;
    struct vault_entry old = vault->entries.items[at];
    entry_remove(vault, at);
    if (vault_save(vault, err) == 0) {
        base_secret_free(&old.secret);
        return 0;
    }
    entry_insert(vault, at, &old);
    return -1;
}

bool store_vault_at(const struct store_vault *vault, size_t index, struct store_vault_entry *out)
{
    if (index >= vault->entries.count)
        return false;
    const struct vault_entry *entry = &vault->entries.items[index];
    memset(out, 0, sizeof *out);
    memcpy(out->name, entry->name, sizeof out->name);
    base_secret_fingerprint(entry->secret, out->fingerprint);
    out->created_us = entry->created_us;
    out->expires_us = entry->expires_us;
    return true;
}
