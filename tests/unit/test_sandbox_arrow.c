/* The sandbox's Arrow stream, plain and in LZ4 frames, and the batches it keeps in a file, without
 * HTTP. */
#include "sandbox/data.h"
#include "sandbox/query.h"
#include "sandbox/spool.h"

#include <lz4frame.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sandbox_shop.h"

static uint32_t u32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, 4);
    return value;
}

/* Field of a flatbuffer table; NULL when absent. */
static const char *slot(const char *table, int number)
{
    const char *vtable = table - (int32_t)u32(table);
    uint16_t size, offset;
    memcpy(&size, vtable, 2);
    if (size < 4 + 2 * (number + 1))
        return NULL;
    memcpy(&offset, vtable + 4 + 2 * number, 2);
    return offset ? table + offset : NULL;
}

static const char *need_slot(const char *table, int number)
{
    const char *at = slot(table, number);
    if (!at)
        bug("the table has no field %d", number);
    return at;
}

/* Walks the messages of a stream; returns the rows of its record batches. */
static int64_t stream_rows(const char *data, size_t len, int *batches)
{
    size_t at = 0;
    int64_t rows = 0;
    for (int message = 0; at + 8 <= len; message++) {
        assert_int_equal(u32(data + at), 0xffffffffU);
        uint32_t size = u32(data + at + 4);
        if (size == 0) {
            assert_int_equal(at + 8, len);
            return rows;
        }
        assert_int_equal(size % 8, 0);
        const char *table = data + at + 8 + u32(data + at + 8);
        int64_t body = 0, length = 0;
        const char *body_at = slot(table, 3);
        if (body_at)
            memcpy(&body, body_at, 8);
        assert_int_equal(body % 8, 0);
        assert_int_equal(*need_slot(table, 1), message == 0 ? 1 : 3);
        const char *header = need_slot(table, 2) + u32(need_slot(table, 2));
        if (message > 0) {
            memcpy(&length, need_slot(header, 0), 8);
            (*batches)++;
        }
        rows += length;
        at += 8 + size + (size_t)body;
    }
    fail_msg("no end of stream");
    return -1;
}

static char *unpack(const struct buf *packed, size_t max, size_t *len, int *frames)
{
    LZ4F_dctx *context;
    char *out = base_alloc(max);
    size_t at = 0;
    *len = 0;
    *frames = 0;
    assert_false(LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)));
    while (at < packed->len) {
        size_t room = max - *len, used = packed->len - at;
        size_t hint = LZ4F_decompress(context, out + *len, &room, packed->data + at, &used, NULL);
        assert_false(LZ4F_isError(hint));
        *len += room;
        at += used;
        *frames += hint == 0;
    }
    LZ4F_freeDecompressionContext(context);
    return out;
}

static void test_arrow_chunks(void **state)
{
    struct sandbox_query_request request =
        shop_request(*state, "SELECT * FROM events LIMIT 10000 OFFSET 7");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    bool cancel = false;
    int64_t rows = 0, offset, count, bytes;
    int batches = 0, frames;
    size_t len;
    request.chunk_rows = 3000;
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), 0);
    assert_int_equal(sandbox_query_chunks(query), 4);
    for (size_t i = 0; i < 4; i++) {
        struct buf plain, packed;
        base_buf_init(&plain, BUF_MAX_DEFAULT);
        base_buf_init(&packed, BUF_MAX_DEFAULT);
        sandbox_query_chunk(query, i, &offset, &count, &bytes);
        assert_int_equal(offset, rows);
        assert_int_equal(sandbox_query_arrow(query, i, false, &plain), 0);
        assert_int_equal(stream_rows(plain.data, plain.len, &batches), count);
        assert_int_equal(sandbox_query_arrow(query, i, true, &packed), 0);
        char *unpacked = unpack(&packed, plain.len + 1, &len, &frames);
        assert_int_equal(len, plain.len);
        assert_memory_equal(unpacked, plain.data, len);
        free(unpacked);
        rows += count;
        base_buf_free(&plain);
        base_buf_free(&packed);
    }
    assert_int_equal(rows, 10000);
    sandbox_query_free(&query);
}

static void test_small_stream_is_many_frames(void **state)
{
    struct sandbox_query_request request =
        shop_request(*state, "SELECT id, c_string FROM shop.types.all_types");
    struct sandbox_query *query;
    struct sandbox_query_error error;
    struct buf packed;
    bool cancel = false;
    size_t len;
    int frames, batches = 0;
    assert_int_equal(sandbox_query_run(&request, &cancel, &query, &error), 0);
    base_buf_init(&packed, BUF_MAX_DEFAULT);
    assert_int_equal(sandbox_query_arrow(query, 0, true, &packed), 0);
    assert_int_equal((unsigned char)packed.data[4], 0x74);
    assert_int_equal((unsigned char)packed.data[5], 0x70);
    char *plain = unpack(&packed, 65536, &len, &frames);
    assert_int_equal(frames, 3);
    assert_int_equal(stream_rows(plain, len, &batches), 6);
    free(plain);
    base_buf_free(&packed);
    sandbox_query_free(&query);
}

static void test_spooled_batch_reads_the_same(void **state)
{
    struct sandbox_type types[] = {sandbox_type_of(SB_STRING), sandbox_type_of(SB_DECIMAL),
                                   sandbox_type_of(SB_BOOLEAN), sandbox_type_of(SB_VOID)};
    struct sandbox_spool spool = {0};
    struct sandbox_batch batches[2];
    char text[24];
    (void)state;
    for (int b = 0; b < 2; b++) {
        sandbox_batch_init(&batches[b], types, 4);
        for (int i = 0; i < 1000; i++) {
            struct sandbox_value value = {
                .null = i % 7 == 0, .i = i & 1, .d = (__int128)i << 90, .text = text};
            value.len = (size_t)snprintf(text, sizeof text, "row %d", i);
            for (int column = 0; column < 4; column++)
                sandbox_vector_append(&batches[b].columns[column], &value);
            batches[b].rows++;
        }
        assert_int_equal(sandbox_spool_batch(&spool, &batches[b]), 0);
    }
    for (int i = 0; i < 1000; i++) {
        struct sandbox_value words, number, flag;
        sandbox_vector_get(&batches[1].columns[0], i, &words);
        sandbox_vector_get(&batches[1].columns[1], i, &number);
        sandbox_vector_get(&batches[1].columns[2], i, &flag);
        assert_int_equal(words.null, i % 7 == 0);
        if (words.null)
            continue;
        int len = snprintf(text, sizeof text, "row %d", i);
        assert_int_equal(words.len, len);
        assert_memory_equal(words.text, text, words.len);
        assert_true(number.d == (__int128)i << 90);
        assert_int_equal(flag.i, i & 1);
    }
    for (int b = 0; b < 2; b++)
        sandbox_batch_free(&batches[b]);
    sandbox_spool_close(&spool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arrow_chunks, shop_setup, shop_teardown),
        cmocka_unit_test_setup_teardown(test_small_stream_is_many_frames, shop_setup,
                                        shop_teardown),
        cmocka_unit_test(test_spooled_batch_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
