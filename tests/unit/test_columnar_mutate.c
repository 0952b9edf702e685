/* Golden streams, and Parquet files of ours, damaged at random: refused with a code of their own,
 * or decoded; never a sanitizer finding. AAMPE_MUTATIONS=N (default 20000) and AAMPE_SEED=S make
 * longer or other runs; the seed is printed. */
#include "columnar_help.h"
#include "columnar_table.h"

#include "base/alloc.h"
#include "columnar/pq_page.h"

#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

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
        /* Most damage to a frame only breaks the frame: every second one is wrapped after it. */
        if (file & 1 && i & 2) {
            free(bad.data);
            struct bytes plain = damaged(&files[file - 1], &seed);
            bad = lz4_wrap(&plain);
            free(plain.data);
        }
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

/* Every page of every column, with checksums and, to get deeper, without. */
static int walk_parquet(const struct columnar_pq_file *meta, const uint8_t *bytes,
                        const struct columnar_limits *limits, bool ignore, uint64_t *sum,
                        struct err *err)
{
    for (size_t group = 0; group < meta->group_count; group++) {
        for (size_t leaf = 0; leaf < meta->column_count; leaf++) {
            const struct columnar_pq_chunk *chunk = &meta->groups[group].chunks[leaf];
            struct columnar_pq_values values = {0};
            struct columnar_pq_summary summary;
            struct pq_pages pages;
            const uint8_t *from = bytes + chunk->offset;
            size_t len = (size_t)chunk->bytes;
            int rc;
            if (!ignore) {
                rc = columnar_parquet_read_column(meta, group, leaf, from, len, limits, &values,
                                                  err);
                *sum += values.values_len;
                columnar_pq_values_free(&values);
                if (rc < 0 || columnar_parquet_check_column(meta, group, leaf, from, len, limits,
                                                            &summary, err) < 0)
                    return -1;
                continue;
            }
            pq_pages_init(&pages, &meta->columns[leaf], chunk, limits, from, len);
            pages.ignore_checksums = true;
            while ((rc = pq_pages_next(&pages, err)) > 0) {
                struct slice value;
                size_t pos = 0;
                for (int64_t i = 0; i < pages.values; i++) {
                    if (pages.indices)
                        *sum += pages.entries[pages.indices[i]].len;
                    else if (pq_plain_next(&pages, &pos, &value))
                        *sum += value.len ? value.data[value.len - 1] : 0;
                }
            }
            pq_pages_free(&pages);
            if (rc < 0)
                return -1;
        }
    }
    return 0;
}

static int open_parquet(const struct bytes *bad, const struct columnar_limits *limits, bool ignore,
                        uint64_t *sum, struct err *err)
{
    struct columnar_pq_file *meta;
    size_t len;
    if (bad->len < 12)
        return base_err_set(err, ERR_DST_FILE_CORRUPT, "no room for a footer");
    const uint8_t *tail = bad->data + bad->len - 8;
    if (columnar_parquet_tail(tail, (int64_t)bad->len, &len, err) < 0 ||
        columnar_parquet_parse(tail - len, len, (int64_t)bad->len, limits, &meta, err) < 0)
        return -1;
    int rc = walk_parquet(meta, bad->data, limits, ignore, sum, err);
    columnar_parquet_free(&meta);
    return rc;
}

/* Small files of all types; damage keeps the last eight bytes, or nothing behind them would be
 * reached. */
static struct bytes parquet_bytes(unsigned n)
{
    static const enum columnar_codec CODECS[] = {COLUMNAR_CODEC_NONE, COLUMNAR_CODEC_SNAPPY,
                                                 COLUMNAR_CODEC_ZSTD};
    static const char *const TYPES[] = {"boolean", "int",    "bigint",
                                        "double",  "string", "decimal(30,2)"};
    static const enum columnar_kind KINDS[] = {COLUMNAR_BOOL,  COLUMNAR_INT32,
                                               COLUMNAR_INT64, COLUMNAR_DOUBLE,
                                               COLUMNAR_UTF8,  COLUMNAR_DECIMAL128};
    struct table table;
    struct table_file file;
    struct columnar_write_options options = columnar_write_options_default();
    uint64_t seed = n + 1;
    table_init(&table, base_countof(TYPES), 50 + n * 40, &seed);
    for (size_t i = 0; i < base_countof(TYPES); i++)
        table_column(&table, i, TYPES[i], KINDS[i], n % 3 * 20, n % 2 ? 5 : 0, &seed);
    options.codec = CODECS[n % 3];
    options.page_rows = 20 + n * 10;
    table_write(&table, &options, 2, &seed, &file);
    struct bytes out;
    columnar_parquet_free(&file.meta);
    out.data = (uint8_t *)base_buf_take(&file.bytes, &out.len);
    table_free(&table);
    return out;
}

static void test_parquet_mutations(void **state)
{
    (void)state;
    struct bytes files[12];
    for (unsigned i = 0; i < base_countof(files); i++)
        files[i] = parquet_bytes(i);
    uint64_t total = env_number("AAMPE_MUTATIONS", 20000), decoded = 0, sum = 0;
    uint64_t seed = env_number("AAMPE_SEED", 20261123) ^ 0x5051;
    struct columnar_limits limits = columnar_limits_default();
    limits.message_bytes = (size_t)16 << 20;
    limits.ratio_free_bytes = (size_t)1 << 20;
    uint64_t codes[ERR_COUNT] = {0};
    for (uint64_t i = 0; i < total; i++) {
        const struct bytes *file = &files[i % base_countof(files)];
        struct bytes bad = damaged(file, &seed);
        struct err err = ERR_INIT;
        if (bad.len >= 8 && i % 4)
            memcpy(bad.data + bad.len - 8, file->data + file->len - 8, 8);
        if (open_parquet(&bad, &limits, i & 1, &sum, &err) == 0)
            decoded++;
        else if (err.code != ERR_DST_FILE_CORRUPT && err.code != ERR_LIMIT_EXCEEDED &&
                 err.code != ERR_TYPE_UNSUPPORTED)
            fail_msg("mutation %llu: %s: %s", (unsigned long long)i, base_err_name(err.code),
                     err.message);
        codes[err.code]++;
        free(bad.data);
    }
    print_message("Parquet: decoded %llu (checksum %llx), refused %llu corrupt, %llu over a limit, "
                  "%llu unsupported\n",
                  (unsigned long long)decoded, (unsigned long long)sum,
                  (unsigned long long)codes[ERR_DST_FILE_CORRUPT],
                  (unsigned long long)codes[ERR_LIMIT_EXCEEDED],
                  (unsigned long long)codes[ERR_TYPE_UNSUPPORTED]);
    for (unsigned i = 0; i < base_countof(files); i++)
        free(files[i].data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_parquet_mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
