/* Digests and text codings, over OpenSSL. */
#ifndef AAMPE_BASE_HASH_H
#define AAMPE_BASE_HASH_H

#include "base/buf.h"

#include <stddef.h>
#include <stdint.h>

struct base_sha256;
struct base_sha256 *base_sha256_new(void);
void base_sha256_update(struct base_sha256 *state, const void *data, size_t len);
void base_sha256_final(struct base_sha256 **state, uint8_t out[32]); /* frees */
void base_sha256(const void *data, size_t len, uint8_t out[32]);
void base_hex(const void *data, size_t len, char *out); /* 2*len + 1 bytes, lower case */
int base_base64_encode(const void *data, size_t len, struct buf *out);
int base_base64_decode(const char *text, size_t len, struct buf *out); /* -1: not base64 */
int base_url_encode(const char *text, struct buf *out);                /* unreserved bytes stay */
uint64_t base_mix64(uint64_t value);                                   /* splitmix64 finaliser */
uint64_t base_hash64(const void *data, size_t len, uint64_t seed);     /* fast, not keyed */

#endif
