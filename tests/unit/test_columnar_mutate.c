/* Golden streams damaged at random: refused with a code of their own, or decoded; never a sanitizer
 * finding. AAMPE_MUTATIONS=N (default 20000) and AAMPE_SEED=S make longer or other runs; the seed
 * is printed. */
#include "columnar_help.h"

#include "base/alloc.h"

#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct bytes {
    uint8_t *data;
    size_t len;
};

static uint64_t env_number(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : fallback;
}

/* Words that often hurt: zero, minus one, extremes, and small steps away from what is there. */
static void hurt_word(uint8_t *at, size_t width, uint64_t *seed)
{
    static const int64_t WORDS[] = {0,          1,         -1,        2,         8,
                                    INT32_MAX,  INT32_MIN, INT64_MAX, INT64_MIN, 0x7ffffff8,
                                    0x40000000, 0xffff,    64,        -8,        1ll << 40};
    int64_t value = 0;
    uint64_t pick = help_random(seed);
    memcpy(&value, at, width);
    if (pick % 3 == 0)
        value = (int64_t)((uint64_t)value + (pick >> 8 & 15) - 8);
    else if (pick % 3 == 1)
        value = WORDS[(pick >> 8) % base_countof(WORDS)];
    else
        value = (int64_t)help_random(seed);
    memcpy(at, &value, width);
}

static void mutate_once(struct bytes *bytes, uint64_t *seed)
{
    uint64_t pick = help_random(seed);
    /* Half of the damage goes to the first 4 KiB, where the metadata is. */
    size_t span = pick & 1 && bytes->len > 4096 ? 4096 : bytes->len;
    size_t at = span ? help_random(seed) % span : 0;
    size_t width = (size_t)2 << (pick >> 8) % 3;
    switch ((pick >> 1) % 8) {
    case 0:
        bytes->len = at;
        break;
    case 1: {
        size_t extra = 1 + (pick >> 16) % 16;
        bytes->data = base_realloc(bytes->data, bytes->len + extra, 1);
        memmove(bytes->data + at + extra, bytes->data + at, bytes->len - at);
        memset(bytes->data + at, (int)(pick >> 32), extra);
        bytes->len += extra;
        break;
    }
    case 2: {
        size_t gone = 1 + (pick >> 16) % 16;
        if (gone > bytes->len - at)
            gone = bytes->len - at;
        memmove(bytes->data + at, bytes->data + at + gone, bytes->len - at - gone);
        bytes->len -= gone;
        break;
    }
    case 3:
    case 4:
        if (at < bytes->len)
            bytes->data[at] ^= (uint8_t)(1u << (pick >> 16) % 8);
        break;
    default:
        at -= at % width;
        if (at + width <= bytes->len)
            hurt_word(bytes->data + at, width, seed);
        break;
    }
}

static struct bytes lz4_wrap(const struct bytes *plain)
{
    size_t room = LZ4F_compressFrameBound(plain->len, NULL);
    struct bytes out = {.data = base_alloc(room)};
    out.len = LZ4F_compressFrame(out.data, room, plain->data, plain->len, NULL);
    assert_false(LZ4F_isError(out.len));
    return out;
}

/* The copy has exactly its size, so that one byte too far is seen. */
static struct bytes damaged(const struct bytes *original, uint64_t *seed)
{
    struct bytes copy = {.data = base_alloc(original->len + 1), .len = original->len};
    memcpy(copy.data, original->data, original->len);
    for (uint64_t n = 1 + help_random(seed) % 4; n > 0; n--)
        mutate_once(&copy, seed);
    struct bytes fitted = {.data = base_alloc(copy.len), .len = copy.len};
    memcpy(fitted.data, copy.data, copy.len);
    free(copy.data);
    return fitted;
}

static bool code_expected(enum err_code code)
{
    return code == ERR_SRC_CHUNK_CORRUPT || code == ERR_SRC_CHUNK_SHORT ||
           code == ERR_LIMIT_EXCEEDED || code == ERR_TYPE_UNSUPPORTED || code == ERR_TEXT_INVALID;
}

static void test_mutations(void **state)
{
    (void)state;
    size_t count;
    char **list = help_golden_list(".stream", &count);
    if (count == 0) {
        print_message("no Arrow golden files: set AAMPE_TESTDATA\n");
        skip();
    }
    struct bytes *files = base_alloc_zero(2 * count, sizeof *files);
    for (size_t i = 0; i < count; i++) {
        files[2 * i].data = help_read(list[i], &files[2 * i].len);
        files[2 * i + 1] = lz4_wrap(&files[2 * i]);
    }
    uint64_t total = env_number("AAMPE_MUTATIONS", 20000);
    uint64_t seed = env_number("AAMPE_SEED", 20261123), sum = 0, decoded = 0;
    print_message("seed %llu, %llu mutations\n", (unsigned long long)seed,
                  (unsigned long long)total);
    struct columnar_limits limits = columnar_limits_default();
    limits.chunk_bytes = limits.message_bytes = (size_t)64 << 20;
    uint64_t codes[ERR_COUNT] = {0};
    for (uint64_t i = 0; i < total; i++) {
        size_t file = i % (2 * count);
        struct bytes bad = damaged(&files[file], &seed);
        struct err err = ERR_INIT;
        int64_t rows;
        if (help_walk(bad.data, bad.len, file & 1, &limits, &rows, &sum, &err) == 0) {
            decoded++;
            continue;
        }
        if (!code_expected(err.code))
            fail_msg("mutation %llu of %s: %s: %s", (unsigned long long)i, list[file / 2],
                     base_err_name(err.code), err.message);
        codes[err.code]++;
    }
    print_message("decoded %llu (checksum %llx)", (unsigned long long)decoded,
                  (unsigned long long)sum);
    for (int code = 0; code < ERR_COUNT; code++) {
        if (codes[code])
            print_message(", %s %llu", base_err_name(code), (unsigned long long)codes[code]);
    }
    print_message("\n");
    for (size_t i = 0; i < 2 * count; i++)
        free(files[i].data);
    free(files);
    help_list_free(list, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
