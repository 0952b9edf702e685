/* Where the vault's key comes from, and who else could have read it. */
#define _GNU_SOURCE

#include "store/vault_private.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MIN 32
#define KEY_MAX 4096
#define HELPER_MS 10000
#define CREDENTIAL_NAME "aampe-vault-key"

int store_vault_check_mode(int fd, const char *path, struct err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return base_err_errno(err, errno, "cannot look at '%s'", path);
    if (!S_ISREG(st.st_mode))
        return base_err_set(err, ERR_HOST_SECRET_EXPOSED, "'%s' is not a plain file", path);
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        base_err_set(err, ERR_HOST_SECRET_EXPOSED, "'%s' belongs to uid %u, this is uid %u", path,
                     (unsigned)st.st_uid, (unsigned)geteuid());
        base_err_hint(err, "chown %u '%s', then `engine reload`; then rotate the secrets",
                      (unsigned)geteuid(), path);
        return -1;
    }
    if ((st.st_mode & 077) == 0)
        return 0;
    base_err_set(err, ERR_HOST_SECRET_EXPOSED, "'%s' may be read by others (mode %04o)", path,
                 st.st_mode & 07777U);
    base_err_hint(err, "chmod 600 '%s', then `engine reload`; then rotate the secrets", path);
    return -1;
}

/* Blanks around the key are an editor's, not the key's. */
static struct secret *key_trim(char *text, size_t len, const char *from, struct err *err)
{
    size_t start = 0;
    while (start < len && strchr(" \t\r\n", text[start]) != NULL && text[start] != '\0')
        start++;
    while (len > start && strchr(" \t\r\n", text[len - 1]) != NULL && text[len - 1] != '\0')
        len--;
    if (len - start < KEY_MIN) {
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE,
                     "%s gives %zu bytes of key, at least %d needed", from, len - start, KEY_MIN);
        return NULL;
    }
    return base_secret_new(text + start, len - start);
}

static struct secret *key_read_file(const char *path, bool check, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | (check ? O_NOFOLLOW : 0));
    if (fd < 0) {
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "cannot open the vault's key '%s': %s", path,
                     strerror(errno));
        return NULL;
    }
    struct secret *key = NULL;
    char *text = base_alloc_zero(1, KEY_MAX + 1);
    size_t len = 0;
    ssize_t n = 0;
    if (!check || store_vault_check_mode(fd, path, err) == 0) {
        while (len <= KEY_MAX && (n = read(fd, text + len, KEY_MAX + 1 - len)) > 0)
            len += (size_t)n;
        if (n < 0)
            base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "cannot read the vault's key '%s': %s",
                         path, strerror(errno));
        else if (len > KEY_MAX)
            base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "'%s' is longer than %d bytes", path,
                         KEY_MAX);
        else
            key = key_trim(text, len, path, err);
    }
    base_secret_wipe(text, KEY_MAX + 1);
    free(text);
    close(fd);
    return key;
}

static struct secret *key_credential(const char *folder, struct err *err)
{
    if (folder == NULL || folder[0] != '/') {
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE,
                     "no credential directory was given to this process");
        base_err_hint(err, "start it from its systemd unit with "
                           "LoadCredentialEncrypted=" CREDENTIAL_NAME);
        return NULL;
    }
    char *path = base_file_join(folder, CREDENTIAL_NAME);
    struct secret *key = key_read_file(path, false, err); /* systemd hands it over as 0400 */
    free(path);
    return key;
}

/* A key beside what it seals seals nothing: every backup would carry both. */
static int key_outside(const char *key_file, const char *folder, struct err *err)
{
    if (key_file == NULL || key_file[0] != '/')
        return base_err_set(err, ERR_CONFIG_INVALID, "the vault's key file needs an absolute path");
    char *copy = base_strdup(key_file);
    char *key_folder = realpath(dirname(copy), NULL);
    char *state = realpath(folder, NULL);
    free(copy);
    size_t len = state != NULL ? strlen(state) : 0;
    bool inside = key_folder != NULL && state != NULL && strncmp(key_folder, state, len) == 0 &&
                  (key_folder[len] == '\0' || key_folder[len] == '/');
    free(key_folder);
    free(state);
    if (!inside)
        return 0;
    base_err_set(err, ERR_CONFIG_INVALID, "the vault's key '%s' lies in the state folder",
                 key_file);
    base_err_hint(err, "keep it on another mount or in another folder, so that a copy of the state "
                       "does not carry its key");
    return -1;
}

static struct secret *key_helper(const char *const *argv, struct err *err)
{
    if (argv == NULL || argv[0] == NULL || argv[0][0] != '/') {
        base_err_set(err, ERR_CONFIG_INVALID, "the vault's helper needs an absolute path");
        return NULL;
    }
    struct stat st;
    if (stat(argv[0], &st) != 0 || (st.st_uid != geteuid() && st.st_uid != 0) ||
        (st.st_mode & 022) != 0) {
        base_err_set(err, ERR_HOST_SECRET_EXPOSED,
                     "the vault's helper '%s' is missing or others may change it", argv[0]);
        return NULL;
    }
    struct buf out;
    struct err cause = ERR_INIT;
    struct secret *key = NULL;
    int exit_code = -1;
    base_buf_init(&out, KEY_MAX);
    /* reserved whole: growing would leave copies of the key in freed memory */
    if (base_buf_reserve(&out, KEY_MAX - 1) != 0 ||
        base_process_run(argv, HELPER_MS, &out, &exit_code, &cause) != 0)
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "the vault's helper failed: %s",
                     cause.message);
    else if (exit_code != 0)
        base_err_set(err, ERR_HOST_SECRET_UNREADABLE, "the vault's helper ended with %d",
                     exit_code);
    else
        key = key_trim(out.data, out.len, "the vault's helper", err);
    if (out.data != NULL)
        base_secret_wipe(out.data, out.cap);
    base_buf_free(&out);
    return key;
}

struct secret *store_vault_key(const struct store_vault_settings *settings, struct err *err)
{
    switch (settings->kind) {
    case VAULT_CREDENTIAL:
        return key_credential(settings->credentials_directory, err);
    case VAULT_KEY_FILE:
        if (key_outside(settings->key_file, settings->folder, err) != 0)
            return NULL;
        return key_read_file(settings->key_file, true, err);
    case VAULT_HELPER:
        return key_helper(settings->helper, err);
    case VAULT_PLAIN:
        break;
    }
    bug("a plain vault has no key");
}

int store_vault_make_key(const char *path, struct base_seam *seam, struct err *err)
{
    if (path[0] != '/')
        return base_err_set(err, ERR_CONFIG_INVALID, "the vault's key file needs an absolute path");
    char *copy = base_strdup(path);
    int rc = base_file_mkdir_all(dirname(copy), 0700, err);
    free(copy);
    if (rc != 0)
        return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return base_err_errno(err, errno, "cannot make the vault's key '%s'", path);
    uint8_t random[32];
    char hex[66];
    base_seam_random(seam, random, sizeof random);
    base_hex(random, sizeof random, hex);
    hex[64] = '\n';
    if (base_file_write_all(fd, hex, 65) != 0 || fsync(fd) != 0) {
        rc = base_err_errno(err, errno, "cannot write the vault's key '%s'", path);
        unlink(path);
    }
    base_secret_wipe(random, sizeof random);
    base_secret_wipe(hex, sizeof hex);
    close(fd);
    return rc;
}
