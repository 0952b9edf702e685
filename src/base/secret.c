#define _GNU_SOURCE
#include "base/secret.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* A secret has pages of its own: locking and MADV_DONTDUMP work on pages, so nothing else shares
 * their fate. */
struct secret {
    size_t mapped, len;
    char data[];
};

static struct secret *map_secret(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (sizeof(struct secret) + len + 1 + page - 1) / page * page;
    struct secret *secret =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (secret == MAP_FAILED)
        bug("no memory for a secret of %zu bytes", len);
    /* Both are best effort: RLIMIT_MEMLOCK may be small, and an unlocked secret is better than
     * none. */
    (void)mlock(secret, mapped);
    (void)madvise(secret, mapped, MADV_DONTDUMP);
    secret->mapped = mapped;
    secret->len = len;
    return secret;
}

struct secret *base_secret_new(const void *data, size_t len)
{
    struct secret *secret = map_secret(len);

    if (len)
        memcpy(secret->data, data, len);
    secret->data[len] = '\0';
    return secret;
}

struct secret *base_secret_take(char **data, size_t len)
{
    struct secret *secret = base_secret_new(*data, len);

    base_secret_wipe(*data, len);
    base_free(data);
    return secret;
}

struct secret *base_secret_dup(const struct secret *secret)
{
    return secret ? base_secret_new(secret->data, secret->len) : NULL;
}

void base_secret_free(struct secret **secret)
{
    size_t mapped;

    if (!*secret)
        return;
    mapped = (*secret)->mapped;
    base_secret_wipe(*secret, mapped);
    munmap(*secret, mapped);
    *secret = NULL;
}

const char *base_secret_peek(const struct secret *secret)
{
    return secret->data;
}

size_t base_secret_len(const struct secret *secret)
{
    return secret->len;
}

bool base_secret_equal(const struct secret *a, const struct secret *b)
{
    return a->len == b->len && !CRYPTO_memcmp(a->data, b->data, a->len);
}

void base_secret_fingerprint(const struct secret *secret, char out[9])
{
    uint8_t digest[32];

    base_sha256(secret->data, secret->len, digest);
    base_hex(digest, 4, out);
}

/* Byte by byte, so that nothing after the newline is taken from a pipe somebody else reads on. */
struct secret *base_secret_read_fd(int fd, size_t max, struct err *err)
{
    struct secret *big = map_secret(max), *secret;
    size_t len = 0;
    ssize_t got;

    while (len <= max) {
        char byte;

        do
            got = read(fd, &byte, 1);
        while (got < 0 && errno == EINTR);
        if (got <= 0 || byte == '\n')
            break;
        if (len == max) {
            base_err_set(err, ERR_USAGE, "the secret is longer than %zu bytes", max);
            base_secret_free(&big);
            return NULL;
        }
        big->data[len++] = byte;
    }
    if (got < 0)
        base_err_errno(err, errno, "reading the secret");
    else if (len && big->data[len - 1] == '\r')
        len--;
    if (got >= 0 && !len)
        base_err_set(err, ERR_USAGE, "the secret is empty");
    secret = got >= 0 && len ? base_secret_new(big->data, len) : NULL;
    base_secret_free(&big);
    return secret;
}

void base_secret_wipe(void *data, size_t len)
{
    if (data && len)
        OPENSSL_cleanse(data, len);
}

void base_secret_harden_process(void)
{
    const struct rlimit none = {0, 0};

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &none);
}
