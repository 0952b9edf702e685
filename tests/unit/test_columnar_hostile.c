/* Streams made by hand to hurt: limits, lies and bombs. And files that lie about themselves. */
#include "columnar_help.h"
#include "columnar_table.h"

#include "base/alloc.h"
#include "columnar/bytes.h"

#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zstd.h>
#include <cmocka.h>

/* --- a forward flatbuffer writer: parents first, children patched in --- */

struct slot {
    uint8_t width; /* 0: absent */
    int64_t value;
};

static void align(struct bytes *out, size_t to)
{
    while (out->len % to)
        bytes_append(out, "", 1);
}

static size_t put_slots(struct bytes *out, const struct slot *slots, size_t count, size_t *at)
{
    uint16_t vtable[16] = {0}, size = 4;
    for (size_t i = 0; i < count; i++) {
        if (!slots[i].width)
            continue;
        size = (uint16_t)((size + slots[i].width - 1) / slots[i].width * slots[i].width);
        vtable[2 + i] = size;
        size = (uint16_t)(size + slots[i].width);
    }
    vtable[0] = (uint16_t)(4 + 2 * count);
    vtable[1] = size;
    align(out, 8);
    size_t start = out->len;
    bytes_append(out, vtable, vtable[0]);
    align(out, 8);
    size_t table = out->len;
    int32_t back = (int32_t)(table - start);
    bytes_append(out, &back, 4);
    uint8_t zero[64] = {0};
    bytes_append(out, zero, size - 4u);
    for (size_t i = 0; i < count; i++) {
        if (slots[i].width)
            memcpy(out->data + table + vtable[2 + i], &slots[i].value, slots[i].width);
        at[i] = table + vtable[2 + i];
    }
    return table;
}

static void patch(struct bytes *out, size_t at, size_t target)
{
    uint32_t offset = (uint32_t)(target - at);
    memcpy(out->data + at, &offset, 4);
}

static size_t put_vector(struct bytes *out, const void *items, uint32_t count, size_t size)
{
    align(out, 8);
    bytes_append(out, "\0\0\0\0", 4);
    size_t at = out->len;
    bytes_u32(out, count);
    bytes_append(out, items, size * count);
    return at;
}

static size_t put_string(struct bytes *out, const char *text)
{
    align(out, 4);
    size_t at = out->len;
    bytes_u32(out, (uint32_t)strlen(text));
    bytes_append(out, text, strlen(text) + 1);
    return at;
}

enum { TYPE_NULL = 1, TYPE_INT = 2, TYPE_UTF8 = 5, TYPE_LIST = 12 };

/* A field: `depth` lists around one of type id. */
static size_t put_field(struct bytes *out, uint8_t id, unsigned depth)
{
    struct slot slots[6] = {
        [0] = {4, 0}, [1] = {1, 1}, [2] = {1, depth ? TYPE_LIST : id}, [3] = {4, 0}, [5] = {4, 0}};
    struct slot int_slots[2] = {{4, 64}, {1, 1}};
    size_t at[6], inner[2], zero = 0;
    size_t field = put_slots(out, slots, 6, at);
    patch(out, at[0], put_string(out, "x"));
    patch(out, at[3], put_slots(out, int_slots, depth || id != TYPE_INT ? 0 : 2, inner));
    size_t vector = put_vector(out, &zero, depth ? 1 : 0, 4);
    patch(out, at[5], vector);
    if (depth)
        patch(out, vector + 4, put_field(out, id, depth - 1));
    return field;
}

static void put_message(struct bytes *stream, struct bytes *metadata, const struct bytes *body)
{
    align(metadata, 8);
    bytes_u32(stream, UINT32_MAX);
    bytes_u32(stream, (uint32_t)metadata->len);
    bytes_append(stream, metadata->data, metadata->len);
    if (body)
        bytes_append(stream, body->data, body->len);
    bytes_free(metadata);
}

static size_t put_root(struct bytes *out, int16_t version, uint8_t header, int64_t body_len)
{
    struct slot slots[4] = {{2, version}, {1, header}, {4, 0}, {8, body_len}};
    size_t at[4];
    bytes_u32(out, 0);
    patch(out, 0, put_slots(out, slots, 4, at));
    return at[2];
}

static void put_schema(struct bytes *stream, int16_t version, int16_t endianness, uint8_t id,
                       unsigned depth, uint32_t columns)
{
    struct bytes out = {0};
    struct slot slots[2] = {{2, endianness}, {4, 0}};
    size_t at[2], header = put_root(&out, version, 1, 0);
    patch(&out, header, put_slots(&out, slots, 2, at));
    uint32_t *zeros = base_alloc_zero(columns, 4);
    size_t vector = put_vector(&out, zeros, columns, 4);
    free(zeros);
    patch(&out, at[1], vector);
    for (uint32_t i = 0; i < columns; i++)
        patch(&out, vector + 4 + 4 * (size_t)i, put_field(&out, id, depth));
    put_message(stream, &out, NULL);
}

struct pair {
    int64_t a, b;
};

/* codec: -1 none, 0 LZ4, 1 zstd. */
static void put_batch(struct bytes *stream, int64_t rows, const struct pair *nodes,
                      uint32_t node_count, const struct pair *buffers, uint32_t buffer_count,
                      int codec, struct bytes *body)
{
    struct bytes out = {0};
    struct slot slots[4] = {{8, rows}, {4, 0}, {4, 0}, {codec >= 0 ? 4 : 0, 0}};
    struct slot codec_slots[1] = {{1, codec}};
    size_t at[4], inner[1];
    align(body, 8);
    size_t header = put_root(&out, 4, 3, (int64_t)body->len);
    patch(&out, header, put_slots(&out, slots, 4, at));
    patch(&out, at[1], put_vector(&out, nodes, node_count, 16));
    patch(&out, at[2], put_vector(&out, buffers, buffer_count, 16));
    if (codec >= 0)
        patch(&out, at[3], put_slots(&out, codec_slots, 1, inner));
    put_message(stream, &out, body);
    bytes_free(body);
}

static void expect(struct bytes *stream, bool lz4, enum err_code code, const char *part)
{
    int64_t rows;
    uint64_t sum = 0;
    struct err err = ERR_INIT;
    uint8_t *copy = base_alloc(stream->len);
    if (stream->len)
        memcpy(copy, stream->data, stream->len);
    help_walk(copy, stream->len, lz4, NULL, &rows, &sum, &err);
    if (err.code != code || !strstr(err.message, part))
        fail_msg("expected %s '%s', got %s: %s", base_err_name(code), part, base_err_name(err.code),
                 err.message);
    bytes_free(stream);
}

static void expect_schema(int16_t version, int16_t endianness, uint8_t id, unsigned depth,
                          uint32_t columns, enum err_code code, const char *part)
{
    struct bytes stream = {0};
    put_schema(&stream, version, endianness, id, depth, columns);
    expect(&stream, false, code, part);
}

static void test_schemas(void **state)
{
    (void)state;
    expect_schema(4, 0, TYPE_INT, 0, 1, ERR_OK, "");
    expect_schema(3, 0, TYPE_INT, 63, 1, ERR_OK, "");
    expect_schema(4, 0, TYPE_INT, 64, 1, ERR_LIMIT_EXCEEDED, "nested deeper");
    expect_schema(4, 0, TYPE_INT, 0, 10000, ERR_OK, "");
    expect_schema(4, 0, TYPE_INT, 0, 10001, ERR_LIMIT_EXCEEDED, "10000 columns");
    expect_schema(4, 0, TYPE_INT, 1, 5001, ERR_LIMIT_EXCEEDED, "10000 columns");
    expect_schema(4, 1, TYPE_INT, 0, 1, ERR_TYPE_UNSUPPORTED, "big-endian");
    expect_schema(2, 0, TYPE_INT, 0, 1, ERR_TYPE_UNSUPPORTED, "version 3");
    expect_schema(5, 0, TYPE_INT, 0, 1, ERR_TYPE_UNSUPPORTED, "version 6");
    expect_schema(4, 0, 24, 0, 1, ERR_TYPE_UNSUPPORTED, "Utf8View");
    expect_schema(4, 0, 77, 0, 1, ERR_TYPE_UNSUPPORTED, "later Arrow");
    expect_schema(4, 0, 0, 0, 1, ERR_SRC_CHUNK_CORRUPT, "no type");
}

static void test_framing(void **state)
{
    (void)state;
    struct bytes stream = {0};
    expect(&stream, false, ERR_SRC_CHUNK_SHORT, "before its schema");
    bytes_append(&stream, "\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    expect(&stream, false, ERR_SRC_CHUNK_CORRUPT, "older than 0.15");
    bytes_append(&stream, "\xff\xff\xff\xff\xf8\xff\xff\x0f", 8);
    expect(&stream, false, ERR_LIMIT_EXCEEDED, "metadata");
    bytes_append(&stream, "\xff\xff\xff\xff\x08\0\0\0\0\0", 10);
    expect(&stream, false, ERR_SRC_CHUNK_SHORT, "inside a message");
    put_schema(&stream, 4, 0, TYPE_INT, 0, 1);
    put_schema(&stream, 4, 0, TYPE_INT, 0, 1);
    expect(&stream, false, ERR_SRC_CHUNK_CORRUPT, "not a record batch");
}

static void expect_batch(uint8_t id, int64_t rows, struct pair node, const struct pair *buffers,
                         uint32_t buffer_count, const void *body, size_t body_len, int codec,
                         enum err_code code, const char *part)
{
    struct bytes stream = {0}, bytes = {0};
    put_schema(&stream, 4, 0, id, 0, 1);
    bytes_append(&bytes, body, body_len);
    put_batch(&stream, rows, &node, 1, buffers, buffer_count, codec, &bytes);
    expect(&stream, false, code, part);
}

static void test_batches(void **state)
{
    (void)state;
    const int64_t ints[2] = {1, 2};
    const int32_t good[4] = {0, 1, 2, 0}, back[4] = {0, 2, 1, 0}, far[4] = {0, 1, 900, 0};
    const int32_t negative[4] = {-1, 1, 2, 0};
    const struct pair two[] = {{0, 0}, {0, 16}}, text[] = {{0, 0}, {0, 12}, {0, 8}};
    const struct pair odd[] = {{0, 0}, {4, 8}}, out[] = {{0, 0}, {8, 16}},
                      minus[] = {{0, 0}, {-8, 16}};
    const struct pair big[] = {{0, 0}, {INT64_MAX - 7, 16}}, three[] = {{0, 0}, {0, 16}, {0, 0}};
    const struct pair none[] = {{0, 0}, {0, 0}};
    const struct pair node = {2, 0};
    const enum err_code bad = ERR_SRC_CHUNK_CORRUPT;
    expect_batch(TYPE_INT, 2, node, two, 2, ints, 16, -1, ERR_OK, "");
    expect_batch(TYPE_INT, -2, node, two, 2, ints, 16, -1, bad, "negative");
    expect_batch(TYPE_INT, 3, node, two, 2, ints, 16, -1, bad, "not the batch's");
    expect_batch(TYPE_INT, 3, (struct pair){3, 0}, two, 2, ints, 16, -1, bad, "too short");
    expect_batch(TYPE_INT, 2, (struct pair){-2, 0}, two, 2, ints, 16, -1, bad, "impossible");
    expect_batch(TYPE_INT, 2, (struct pair){2, 3}, two, 2, ints, 16, -1, bad, "impossible");
    expect_batch(TYPE_INT, 2, (struct pair){2, 1}, two, 2, ints, 16, -1, bad, "without a validity");
    expect_batch(TYPE_INT, 2, (struct pair){2, -1}, two, 2, ints, 16, -1, ERR_OK, "");
    expect_batch(TYPE_INT, 2, node, odd, 2, ints, 16, -1, bad, "outside");
    expect_batch(TYPE_INT, 2, node, out, 2, ints, 16, -1, bad, "outside");
    expect_batch(TYPE_INT, 2, node, minus, 2, ints, 16, -1, bad, "outside");
    expect_batch(TYPE_INT, 2, node, big, 2, ints, 16, -1, bad, "outside");
    expect_batch(TYPE_INT, 2, node, two, 1, ints, 16, -1, bad, "too few buffers");
    expect_batch(TYPE_INT, 2, node, three, 3, ints, 16, -1, bad, "more nodes or buffers");
    expect_batch(TYPE_INT, 2, node, none, 2, ints, 16, -1, bad, "missing");
    expect_batch(TYPE_UTF8, 2, node, text, 3, good, 16, -1, ERR_OK, "");
    expect_batch(TYPE_UTF8, 2, node, text, 3, back, 16, -1, bad, "backwards");
    expect_batch(TYPE_UTF8, 2, node, text, 3, far, 16, -1, bad, "too short");
    expect_batch(TYPE_UTF8, 2, node, text, 3, negative, 16, -1, bad, "backwards");
    expect_batch(TYPE_INT, 2, node, two, 2, ints, 16, 7, ERR_TYPE_UNSUPPORTED, "compressed");
    expect_batch(TYPE_NULL, (int64_t)1 << 62, (struct pair){(int64_t)1 << 62, 0}, two, 0, ints, 16,
                 -1, ERR_LIMIT_EXCEEDED, "rows");
}

static long resident_max(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss; /* KiB */
}

/* A frame of `megabytes` MiB of zeros: little in, much out. */
static struct bytes lz4_bomb(size_t megabytes)
{
    struct bytes out = {0};
    LZ4F_preferences_t prefs = {.frameInfo.blockSizeID = LZ4F_max4MB};
    LZ4F_cctx *ctx;
    uint8_t *zeros = base_alloc_zero((size_t)1 << 20, 1);
    size_t room = LZ4F_compressBound((size_t)1 << 20, &prefs) + 32;
    assert_false(LZ4F_isError(LZ4F_createCompressionContext(&ctx, LZ4F_VERSION)));
    out.len += LZ4F_compressBegin(ctx, bytes_room(&out, room), room, &prefs);
    for (size_t i = 0; i < megabytes; i++)
        out.len +=
            LZ4F_compressUpdate(ctx, bytes_room(&out, room), room, zeros, (size_t)1 << 20, NULL);
    out.len += LZ4F_compressEnd(ctx, bytes_room(&out, room), room, NULL);
    LZ4F_freeCompressionContext(ctx);
    free(zeros);
    return out;
}

static void test_lz4_bomb(void **state)
{
    (void)state;
    struct bytes bomb = lz4_bomb(512);
    long before = resident_max();
    expect(&bomb, true, ERR_LIMIT_EXCEEDED, "expands more than 200:1");
    long growth = resident_max() - before;
    print_message("LZ4 bomb of 512 MiB: %ld KiB more resident\n", growth);
#ifndef __SANITIZE_ADDRESS__ /* a sanitizer keeps what is freed */
    assert_true(growth < 64 << 10);
#endif
    /* Many frames are counted together. */
    struct bytes small = lz4_bomb(8), many = {0};
    for (int i = 0; i < 40; i++)
        bytes_append(&many, small.data, small.len);
    expect(&many, true, ERR_LIMIT_EXCEEDED, "expands more than 200:1");
    /* Cut off in the middle: short, not corrupt. */
    small.len -= 9;
    expect(&small, true, ERR_SRC_CHUNK_SHORT, "ends early");
}

static void test_zstd_bomb(void **state)
{
    (void)state;
    size_t size = (size_t)256 << 20;
    struct bytes body = {0};
    uint8_t *zeros = base_alloc_zero(size, 1);
    int64_t length = (int64_t)size;
    int32_t offsets[4] = {-1, -1, 0, (int32_t)size};
    size_t bound = ZSTD_compressBound(size);
    bytes_append(&body, offsets, 16); /* stored raw: length -1, then two offsets */
    bytes_append(&body, &length, 8);
    body.len += ZSTD_compress(bytes_room(&body, bound), bound, zeros, size, 1);
    free(zeros);
    struct pair buffers[] = {{0, 0}, {0, 16}, {16, (int64_t)body.len - 16}};
    long before = resident_max();
    expect_batch(TYPE_UTF8, 1, (struct pair){1, 0}, buffers, 3, body.data, body.len, 1,
                 ERR_LIMIT_EXCEEDED, "expands more than 200:1");
#ifndef __SANITIZE_ADDRESS__
    assert_true(resident_max() - before < 64 << 10);
#else
    (void)before;
#endif
    /* A claim of 10 GiB is not even weighed. */
    length = (int64_t)10 << 30;
    memcpy(body.data + 16, &length, 8);
    expect_batch(TYPE_UTF8, 1, (struct pair){1, 0}, buffers, 3, body.data, body.len, 1,
                 ERR_LIMIT_EXCEEDED, "claims");
    bytes_free(&body);
}

/* Concatenated frames, empty ones among them, are one stream. */
static void test_lz4_frames(void **state)
{
    (void)state;
    struct bytes plain = {0}, stream = {0}, body = {0};
    const int64_t ints[2] = {1, 2};
    const struct pair buffers[] = {{0, 0}, {0, 16}}, node = {2, 0};
    put_schema(&plain, 4, 0, TYPE_INT, 0, 1);
    bytes_append(&body, ints, 16);
    put_batch(&plain, 2, &node, 1, buffers, 2, -1, &body);
    for (size_t at = 0; at < plain.len; at += 50) {
        size_t step = plain.len - at < 50 ? plain.len - at : 50, bound = 1024;
        stream.len +=
            LZ4F_compressFrame(bytes_room(&stream, bound), bound, plain.data + at, step, NULL);
        stream.len += LZ4F_compressFrame(bytes_room(&stream, bound), bound, plain.data, 0, NULL);
    }
    int64_t rows;
    uint64_t sum = 0;
    struct err err = ERR_INIT;
    if (help_walk(stream.data, stream.len, true, NULL, &rows, &sum, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(rows, 2);
    bytes_free(&plain);
}

/* --- files --- */

static void make_file(struct table *table, struct table_file *file)
{
    uint64_t seed = 3;
    struct columnar_write_options options = columnar_write_options_default();
    options.codec = COLUMNAR_CODEC_NONE;
    table_init(table, 3, 100, &seed);
    table_column(table, 0, "bigint", COLUMNAR_INT64, 10, 0, &seed);
    table_column(table, 1, "string", COLUMNAR_UTF8, 10, 3, &seed);
    table_column(table, 2, "double", COLUMNAR_DOUBLE, 0, 0, &seed);
    table_write(table, &options, 1, &seed, file);
}

static void expect_verdict(const struct table_file *file, size_t leaf, enum err_code code,
                           const char *part)
{
    const struct columnar_pq_chunk *chunk = &file->meta->groups[0].chunks[leaf];
    struct columnar_pq_summary summary;
    struct err err = ERR_INIT;
    const uint8_t *bytes = (const uint8_t *)file->bytes.data + chunk->offset;
    int rc = columnar_parquet_check_column(file->meta, 0, leaf, bytes, (size_t)chunk->bytes, NULL,
                                           &summary, &err);
    if (rc != (code ? -1 : 0) || err.code != code || !strstr(err.message, part))
        fail_msg("expected %s '%s', got %s: %s", base_err_name(code), part, base_err_name(err.code),
                 err.message);
}

static void test_lying_footer(void **state)
{
    (void)state;
    struct table table;
    struct table_file file;
    make_file(&table, &file);
    for (size_t leaf = 0; leaf < 3; leaf++) {
        struct columnar_pq_chunk *chunk = &file.meta->groups[0].chunks[leaf];
        const enum err_code bad = ERR_DST_FILE_CORRUPT;
        expect_verdict(&file, leaf, ERR_OK, "");
        chunk->stats.null_count++;
        expect_verdict(&file, leaf, bad, "nulls");
        chunk->stats.null_count--;
        /* Bounds of long texts are cut: those must bound, all others must be equal. */
        uint8_t *min = chunk->stats.min, *max = chunk->stats.max, min0 = min[0], max0 = max[0];
        size_t min_len = chunk->stats.min_len;
        min[0] = leaf == 1 ? 0xff : (uint8_t)(min0 ^ 1);
        chunk->stats.min_len = min_len ? min_len : 1; /* the shortest text may be empty */
        expect_verdict(&file, leaf, bad, "minimum or maximum");
        min[0] = min0;
        chunk->stats.min_len = min_len;
        max[0] = leaf == 1 ? 0 : (uint8_t)(max0 ^ 1);
        expect_verdict(&file, leaf, bad, "minimum or maximum");
        max[0] = max0;
        chunk->values--;
        expect_verdict(&file, leaf, bad, "more values");
        chunk->values += 2;
        expect_verdict(&file, leaf, bad, "fewer values");
        chunk->values--;
        char *byte = file.bytes.data + chunk->offset + chunk->bytes - 1;
        *byte ^= 1;
        expect_verdict(&file, leaf, bad, "checksum");
        *byte ^= 1;
        chunk->bytes--;
        expect_verdict(&file, leaf, bad, "");
        chunk->bytes++;
    }
    file.meta->groups[0].chunks[2].stats.nan_count++;
    expect_verdict(&file, 2, ERR_DST_FILE_CORRUPT, "NaN");
    table_file_free(&file);
    table_free(&table);
}

static const char *key_of(const struct columnar_pq_file *file, const char *key)
{
    for (size_t i = 0; i < file->key_count; i++) {
        if (strcmp(file->keys[i], key) == 0)
            return file->values[i];
    }
    return NULL;
}

static void test_metadata(void **state)
{
    (void)state;
    struct table table;
    struct table_file file;
    uint64_t seed = 9;
    struct columnar_write_options options = columnar_write_options_default();
    table_init(&table, 6, 10, &seed);
    table_column(&table, 0, "timestamp", COLUMNAR_TIMESTAMP, 0, 0, &seed);
    table_column(&table, 1, "timestamp_ntz", COLUMNAR_TIMESTAMP, 0, 0, &seed);
    table_column(&table, 2, "void", COLUMNAR_NULL, 0, 0, &seed);
    table_column(&table, 3, "decimal(20,4)", COLUMNAR_DECIMAL128, 0, 0, &seed);
    table_column(&table, 4, "interval year to month", COLUMNAR_INTERVAL_YM, 0, 0, &seed);
    table_column(&table, 5, "tinyint", COLUMNAR_INT8, 0, 0, &seed);
    table_write(&table, &options, 1, &seed, &file);
    const struct columnar_pq_column *columns = file.meta->columns;
    assert_int_equal(file.meta->column_count, 5);
    assert_true(columns[0].utc && columns[0].unit == 2 && columns[0].converted == 10);
    assert_true(!columns[1].utc && columns[1].unit == 2 && columns[1].converted == -1);
    assert_int_equal(columns[1].logical, 8);
    assert_int_equal(columns[2].type_length, 9);
    assert_true(columns[2].precision == 20 && columns[2].scale == 4);
    assert_int_equal(columns[3].physical, COLUMNAR_PQ_INT32);
    assert_true(columns[4].bits == 8 && columns[4].converted == 15);
    assert_string_equal(file.meta->created_by, "aampe-syncd version 1.2.3 (build test)");
    assert_string_equal(key_of(file.meta, "org.apache.spark.version"), "3.5.0");
    assert_string_equal(
        key_of(file.meta, "org.apache.spark.sql.parquet.row.metadata"),
        "{\"type\":\"struct\",\"fields\":["
        "{\"name\":\"c0\",\"type\":\"timestamp\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"c1\",\"type\":\"timestamp_ntz\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"c3\",\"type\":\"decimal(20,4)\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"c4\",\"type\":\"interval year to month\",\"nullable\":true,\"metadata\":{}},"
        "{\"name\":\"c5\",\"type\":\"byte\",\"nullable\":true,\"metadata\":{}}]}");
    assert_non_null(key_of(file.meta, "aampe.intervals"));
    assert_string_equal(key_of(file.meta, "aampe.test"), "yes");
    table_file_free(&file);
    table_free(&table);
}

static struct columnar_row_group *one_group(const struct table *table)
{
    struct err err = ERR_INIT;
    struct columnar_conversion *conversion;
    struct columnar_encoder *encoder;
    struct columnar_row_group *group;
    struct columnar_batch batch = table_batch(table);
    assert_int_equal(columnar_schema_reconcile(&table->schema, &table->arrow, &conversion, &err),
                     0);
    assert_int_equal(columnar_encoder_new(&table->schema, NULL, &encoder, &err), 0);
    assert_int_equal(columnar_encoder_append(encoder, conversion, &batch, 0, batch.rows, &err), 0);
    assert_int_equal(columnar_encoder_finish(&encoder, &group, &err), 0);
    columnar_conversion_free(&conversion);
    return group;
}

static void test_groups_and_journal(void **state)
{
    (void)state;
    struct table table, other;
    struct columnar_footer *footer;
    struct columnar_row_group *copy;
    struct buf saved;
    uint64_t seed = 4;
    struct err err = ERR_INIT;
    table_init(&table, 1, 20, &seed);
    table_column(&table, 0, "int", COLUMNAR_INT32, 0, 0, &seed);
    table_init(&other, 1, 20, &seed);
    table_column(&other, 0, "bigint", COLUMNAR_INT64, 0, 0, &seed);
    struct columnar_row_group *group = one_group(&table), *wrong = one_group(&other);
    assert_int_equal(columnar_footer_new(&table.schema, "1", "1", &footer, &err), 0);
    assert_int_equal(columnar_footer_add(footer, wrong, 4, &err), -1);
    err = ERR_INIT;
    assert_int_equal(columnar_footer_add(footer, group, 3, &err), -1);
    err = ERR_INIT;
    assert_int_equal(columnar_footer_add(footer, group, 4, &err), 0);
    assert_int_equal(columnar_footer_add(footer, group, 4, &err), -1);
    columnar_footer_free(&footer);
    base_buf_init(&saved, 100000);
    err = ERR_INIT;
    assert_int_equal(columnar_row_group_save(group, &saved, &err), 0);
    for (size_t i = 0; i < saved.len; i++) {
        saved.data[i] ^= 4;
        err = ERR_INIT;
        assert_int_equal(columnar_row_group_load(saved.data, saved.len, &copy, &err), -1);
        assert_int_equal(err.code, ERR_HOST_STATE_CORRUPT);
        assert_int_equal(columnar_row_group_load(saved.data, i, &copy, &err), -1);
        saved.data[i] ^= 4;
    }
    base_buf_free(&saved);
    columnar_row_group_free(&group);
    columnar_row_group_free(&wrong);
    table_free(&table);
    table_free(&other);
}

/* Thousands of columns must not take thousands of full pages. */
static void test_wide_table(void **state)
{
    (void)state;
    struct table table;
    uint64_t seed = 8;
    struct err err = ERR_INIT;
    struct columnar_conversion *conversion;
    struct columnar_encoder *encoder;
    table_init(&table, 4000, 2000, &seed);
    for (size_t i = 0; i < 4000; i++)
        table_column(&table, i, "bigint", COLUMNAR_INT64, 1, 100, &seed);
    struct columnar_batch batch = table_batch(&table);
    assert_int_equal(columnar_schema_reconcile(&table.schema, &table.arrow, &conversion, &err), 0);
    assert_int_equal(columnar_encoder_new(&table.schema, NULL, &encoder, &err), 0);
    assert_int_equal(columnar_encoder_append(encoder, conversion, &batch, 0, batch.rows, &err), 0);
    size_t estimate = columnar_encoder_estimate(&table.schema, NULL, 2000, 4000 * 2000 * 8);
    print_message("4000 columns: %zu bytes held, %zu estimated\n", columnar_encoder_memory(encoder),
                  estimate);
    assert_true(columnar_encoder_memory(encoder) < (size_t)100 << 20);
    assert_true(columnar_encoder_memory(encoder) < estimate);
    columnar_encoder_free(&encoder);
    columnar_conversion_free(&conversion);
    table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemas),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_lz4_bomb),
        cmocka_unit_test(test_zstd_bomb),
        cmocka_unit_test(test_lz4_frames),
        cmocka_unit_test(test_lying_footer),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_groups_and_journal),
        cmocka_unit_test(test_wide_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
