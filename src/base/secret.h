/* Secrets in memory: locked where the system lets us, kept out of core dumps, wiped on free, no
 * printf path. */
#ifndef AAMPE_BASE_SECRET_H
#define AAMPE_BASE_SECRET_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct secret;
struct secret *base_secret_new(const void *data, size_t len); /* copies; caller wipes its own */
struct secret *base_secret_take(char **data, size_t len);     /* copies, wipes and frees *data */
struct secret *base_secret_dup(const struct secret *secret);
void base_secret_free(struct secret **secret);
/* NUL-terminated bytes, borrowed; never store, never print. */
const char *base_secret_peek(const struct secret *secret);
size_t base_secret_len(const struct secret *secret);
bool base_secret_equal(const struct secret *a, const struct secret *b); /* constant time */
/* First 8 hex digits of SHA-256: for people to compare. out 9 bytes. */
void base_secret_fingerprint(const struct secret *secret, char out[9]);
/* Up to max bytes from fd until end or newline; trailing newline dropped. */
struct secret *base_secret_read_fd(int fd, size_t max, struct err *err);
void base_secret_wipe(void *data, size_t len);
/* PR_SET_DUMPABLE 0, RLIMIT_CORE 0; called first thing in a main that will hold secrets. */
void base_secret_harden_process(void);

#endif
