#include "base/hash.h"

#include "base/alloc.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct base_sha256 {
    EVP_MD_CTX *context;
};

struct base_sha256 *base_sha256_new(void)
{
    struct base_sha256 *state = base_alloc_zero(1, sizeof *state);

    state->context = EVP_MD_CTX_new();
    if (!state->context || EVP_DigestInit_ex(state->context, EVP_sha256(), NULL) != 1)
        bug("OpenSSL gives no SHA-256");
    return state;
}

void base_sha256_update(struct base_sha256 *state, const void *data, size_t len)
{
    if (len && EVP_DigestUpdate(state->context, data, len) != 1)
        bug("SHA-256 update failed");
}

void base_sha256_final(struct base_sha256 **state, uint8_t out[32])
{
    if (!*state)
        return;
    if (EVP_DigestFinal_ex((*state)->context, out, NULL) != 1)
        bug("SHA-256 final failed");
    EVP_MD_CTX_free((*state)->context);
    base_free(state);
}

void base_sha256(const void *data, size_t len, uint8_t out[32])
{
    struct base_sha256 *state = base_sha256_new();

    base_sha256_update(state, data, len);
    base_sha256_final(&state, out);
}

void base_hex(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

int base_base64_encode(const void *data, size_t len, struct buf *out)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;

    if (len > SIZE_MAX / 2 || base_buf_reserve(out, (len + 2) / 3 * 4))
        return -1;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;
        char quad[4] = {'=', '=', '=', '='};

        if (have > 1)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            group |= bytes[i + 2];
        for (size_t k = 0; k <= have; k++)
            quad[k] = letters[group >> (18 - 6 * k) & 63];
        base_buf_append(out, quad, sizeof quad);
    }
    return 0;
}

static int base64_digit(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    return letter == '+' ? 62 : letter == '/' ? 63 : -1;
}

/* One group of four letters; pad is the number of '=' at its end. -1: not base64 (unused bits must
 * be zero). */
static int base64_quad(const char *quad, int pad, struct buf *out)
{
    uint32_t group = 0;
    uint8_t bytes[3];

    for (int k = 0; k < 4; k++) {
        int digit = k < 4 - pad ? base64_digit(quad[k]) : 0;

        if (digit < 0)
            return -1;
        group = group << 6 | (uint32_t)digit;
    }
    if ((pad == 1 && (group & 0xff)) || (pad == 2 && (group & 0xffff)))
        return -1;
    bytes[0] = (uint8_t)(group >> 16);
    bytes[1] = (uint8_t)(group >> 8);
    bytes[2] = (uint8_t)group;
    return base_buf_append(out, bytes, (size_t)(3 - pad));
}

int base_base64_decode(const char *text, size_t len, struct buf *out)
{
    size_t before = out->len;

    if (len % 4)
        return -1;
    for (size_t i = 0; i < len; i += 4) {
        int pad = 0;

        if (i + 4 == len && text[i + 3] == '=')
            pad = text[i + 2] == '=' ? 2 : 1;
        if (base64_quad(text + i, pad, out)) {
            out->len = before;
            return -1;
        }
    }
    return 0;
}

int base_url_encode(const char *text, struct buf *out)
{
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text; text++) {
        int failed = strchr(unreserved, *text)
                         ? base_buf_byte(out, (uint8_t)*text)
                         : base_buf_printf(out, "%%%02X", (unsigned)(uint8_t)*text);

        if (failed)
            return -1;
    }
    return 0;
}

uint64_t base_mix64(uint64_t value)
{
    value += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

uint64_t base_hash64(const void *data, size_t len, uint64_t seed)
{
    const uint8_t *bytes = data;
    uint64_t hash = base_mix64(seed ^ len);

    while (len >= 8) {
        uint64_t word;

        memcpy(&word, bytes, 8);
        hash = base_mix64(hash ^ word);
        bytes += 8;
        len -= 8;
    }
    if (len) {
        uint64_t word = 0;

        memcpy(&word, bytes, len);
        hash = base_mix64(hash ^ word);
    }
    return hash;
}
