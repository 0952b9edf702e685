/* Errors, buffers, maps, queues, hashes. */
#include "base/err.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/map.h"
#include "base/queue.h"
#include "base/vec.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_first_cause_wins(void **state)
{
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(base_err_set(&err, ERR_SRC_PERM_TABLE, "no SELECT on '%s'", "a\x1b[2Jb"), -1);
    assert_string_equal(err.message, "no SELECT on 'a\\x1b[2Jb'");
    assert_int_equal(base_err_set(&err, ERR_INTERNAL, "later"), -1);
    assert_int_equal(err.code, ERR_SRC_PERM_TABLE);
    assert_int_equal(base_err_context(&err, "run %d", 7), -1);
    assert_string_equal(err.message, "run 7: no SELECT on 'a\\x1b[2Jb'");
    assert_string_equal(base_err_hint_text(&err), base_err_fix(ERR_SRC_PERM_TABLE));
    base_err_hint(&err, "ask %s", "bob");
    assert_string_equal(base_err_hint_text(&err), "ask bob");
    base_err_clear(&err);
    assert_int_equal(err.code, ERR_OK);
    base_err_context(&err, "nothing to add to");
    assert_string_equal(err.message, "");
    assert_int_equal(base_err_set(NULL, ERR_USAGE, "ignored"), -1);
    assert_int_equal(base_err_context(NULL, "ignored"), -1);
}

static void test_long_messages_are_cut(void **state)
{
    struct err err = ERR_INIT;
    char text[3000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    base_err_set(&err, ERR_USAGE, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    base_err_context(&err, "%s", "outer");
    assert_int_equal(strncmp(err.message, "outer: xxx", 10), 0);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void test_errno_codes(void **state)
{
    static const struct {
        int number;
        enum err_code code;
    } cases[] = {
        {ENOSPC, ERR_HOST_DISK_FULL}, {EDQUOT, ERR_HOST_QUOTA},      {EFBIG, ERR_HOST_QUOTA},
        {EROFS, ERR_HOST_READONLY},   {EACCES, ERR_HOST_PERMISSION}, {EPERM, ERR_HOST_PERMISSION},
        {EMFILE, ERR_HOST_FDS},       {ENFILE, ERR_HOST_FDS},        {ENOMEM, ERR_HOST_MEMORY},
        {EIO, ERR_HOST_IO_ERROR},     {ENOENT, ERR_HOST_IO_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct err err = ERR_INIT;

        base_err_errno(&err, cases[i].number, "opening '%s'", "/x");
        assert_int_equal(err.code, cases[i].code);
        assert_int_equal(err.sys_errno, cases[i].number);
        assert_int_equal(strncmp(err.message, "opening '/x': ", 14), 0);
    }
}

static void test_error_json_both_ways(void **state)
{
    (void)state;
    for (int code = 1; code < ERR_COUNT; code++) {
        struct err err = {.code = (enum err_code)code, .http_status = 403, .retry_after_ms = 1500},
                   back;
        cJSON *json;

        snprintf(err.message, sizeof err.message, "m %d", code);
        snprintf(err.remote_code, sizeof err.remote_code, "PERMISSION_DENIED");
        snprintf(err.sqlstate, sizeof err.sqlstate, "42501");
        snprintf(err.host, sizeof err.host, "h.example");
        snprintf(err.request_id, sizeof err.request_id, "r-1");
        snprintf(err.statement_id, sizeof err.statement_id, "s-1");
        if (code % 2)
            snprintf(err.hint, sizeof err.hint, "h %d", code);
        json = base_err_to_json(&err);
        base_err_from_json(&back, json);
        assert_memory_equal(&back, &err, sizeof err);
        cJSON_Delete(json);
    }
}

static void test_error_json_from_elsewhere(void **state)
{
    static const char text[] =
        "{\"code\":\"NEW_CODE\",\"message\":\"\\u001b[2J\",\"evidence\":{\"http_status\":-4}}";
    struct err err = ERR_INIT, back;
    cJSON *json = base_json_parse(text, strlen(text), 1000, &err);

    (void)state;
    base_err_from_json(&back, json);
    assert_int_equal(back.code, ERR_INTERNAL);
    assert_string_equal(back.message, "\\x1b[2J");
    assert_int_equal(back.http_status, 0);
    cJSON_Delete(json);
    base_err_from_json(&back, NULL);
    assert_int_equal(back.code, ERR_INTERNAL);
}

static void test_error_table(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_COUNT; code++) {
        assert_int_equal(base_err_by_name(base_err_name((enum err_code)code)), code);
        assert_true(*base_err_cause((enum err_code)code) != '\0');
        assert_true(*base_err_fix((enum err_code)code) != '\0');
        assert_non_null(base_err_class_name(base_err_class((enum err_code)code)));
    }
    assert_int_equal(base_err_by_name("NOT_A_CODE"), ERR_COUNT);
    assert_int_equal(base_err_by_name(NULL), ERR_COUNT);
    assert_int_equal(base_err_retry(ERR_SRC_RATE_LIMIT), ERR_RETRY_YES);
    assert_int_equal(base_err_class(ERR_HOST_DISK_FULL), ERR_CLASS_HOST);
}

static void test_buffer(void **state)
{
    struct buf buf, zero = {0};
    size_t len;
    char *text;

    (void)state;
    base_buf_init(&buf, 10);
    assert_string_equal(buf.data, "");
    assert_int_equal(base_buf_append(&buf, "", 0), 0);
    assert_int_equal(base_buf_text(&buf, "12345"), 0);
    assert_int_equal(base_buf_printf(&buf, "%d", 67890), 0);
    assert_string_equal(buf.data, "1234567890");
    assert_int_equal(base_buf_byte(&buf, 'x'), -1);
    assert_int_equal(base_buf_printf(&buf, "x"), -1);
    assert_int_equal(base_buf_reserve(&buf, SIZE_MAX), -1);
    assert_string_equal(buf.data, "1234567890");
    base_buf_clear(&buf);
    assert_string_equal(buf.data, "");
    base_buf_u32le(&buf, 0x01020304);
    assert_memory_equal(buf.data, "\x04\x03\x02\x01", 4);
    text = base_buf_take(&buf, &len);
    assert_int_equal(len, 4);
    free(text);
    assert_int_equal(buf.len, 0);
    base_buf_u64le(&buf, 1);
    assert_int_equal(buf.len, 8);
    base_buf_free(&buf);
    base_buf_free(&buf);
    assert_int_equal(base_buf_text(&zero, "abc"), 0);
    base_buf_free(&zero);
    text = base_buf_take(&zero, NULL);
    assert_string_equal(text, "");
    free(text);
}

static void test_allocators(void **state)
{
    char *text = base_printf("%s-%d", "a", 1), *cut = base_strndup("abcdef", 3);
    vec_of(int) numbers = {0};
    void *ptr;

    (void)state;
    assert_string_equal(text, "a-1");
    assert_string_equal(cut, "abc");
    free(cut);
    base_free(&text);
    assert_null(text);
    assert_null(base_strdup(NULL));
    assert_null(base_alloc_try(SIZE_MAX, 2, SIZE_MAX));
    assert_null(base_alloc_try(11, 1, 10));
    ptr = base_alloc_try(10, 1, 10);
    assert_non_null(ptr);
    free(ptr);
    ptr = base_alloc_try(0, 8, 0);
    assert_non_null(ptr);
    free(ptr);
    for (int i = 0; i < 1000; i++)
        vec_push(&numbers, i);
    assert_int_equal(numbers.count, 1000);
    assert_int_equal(numbers.items[999], 999);
    vec_free(&numbers);
}

static void test_map(void **state)
{
    struct base_map *map = base_map_new();
    static int values[3000];
    const char *key;
    void *value;
    char name[16];

    (void)state;
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "key%d", i);
        assert_null(base_map_put(map, name, &values[i]));
    }
    assert_ptr_equal(base_map_put(map, "key7", &values[8]), &values[7]);
    assert_ptr_equal(base_map_get(map, "key7"), &values[8]);
    for (int i = 0; i < 3000; i += 2) {
        snprintf(name, sizeof name, "key%d", i);
        assert_ptr_equal(base_map_remove(map, name), &values[i]);
        assert_null(base_map_remove(map, name));
    }
    assert_int_equal(base_map_count(map), 1500);
    for (size_t i = 0; base_map_at(map, i, &key, &value); i++) {
        snprintf(name, sizeof name, "key%zu", 2 * i + 1); /* insertion order, gaps closed */
        assert_string_equal(key, name);
        assert_ptr_equal(base_map_get(map, key), value);
    }
    for (int round = 0; round < 5000; round++) { /* removed places are used again */
        base_map_put(map, "passing", &values[0]);
        base_map_remove(map, "passing");
    }
    assert_int_equal(base_map_count(map), 1500);
    assert_null(base_map_get(map, "passing"));
    assert_null(base_map_get(NULL, "x"));
    base_map_free(&map, NULL);
    assert_null(map);
    map = base_map_new();
    base_map_put(map, "", base_strdup("v"));
    assert_string_equal(base_map_get(map, ""), "v");
    base_map_free(&map, free);
}

#define ITEMS 20000

static void *producer(void *user)
{
    struct base_queue *queue = user;

    for (intptr_t i = 1; i <= ITEMS; i++)
        base_queue_push(queue, (void *)i);
    base_queue_close(queue);
    return NULL;
}

static void test_queue(void **state)
{
    struct base_queue *queue = base_queue_new();
    pthread_t thread;
    intptr_t want = 1;
    void *item;

    (void)state;
    assert_null(base_queue_try_pop(queue));
    assert_int_equal(pthread_create(&thread, NULL, producer, queue), 0);
    while ((item = base_queue_pop(queue)))
        assert_int_equal((intptr_t)item, want++);
    assert_int_equal(want, ITEMS + 1);
    assert_null(base_queue_pop(queue)); /* closed stays closed */
    pthread_join(thread, NULL);
    base_queue_free(&queue);
}

static void check_base64(const char *raw, const char *coded)
{
    struct buf out;

    base_buf_init(&out, 100);
    assert_int_equal(base_base64_encode(raw, strlen(raw), &out), 0);
    assert_string_equal(out.data, coded);
    base_buf_clear(&out);
    assert_int_equal(base_base64_decode(coded, strlen(coded), &out), 0);
    assert_string_equal(out.data, raw);
    base_buf_free(&out);
}

static void test_hashes_and_codings(void **state)
{
    static const char *const not_base64[] = {
        "Zg", "Zg=", "Zg=a", "Z===", "====", "Zm9v!A==", "Zh==", "Zm9=", "Zg==Zg==", " Zg="};
    struct base_sha256 *sha = base_sha256_new();
    uint8_t digest[32], pieces[32];
    char hex[65];
    struct buf out;

    (void)state;
    base_sha256("abc", 3, digest);
    base_hex(digest, 32, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    base_sha256_update(sha, "a", 1);
    base_sha256_update(sha, "", 0);
    base_sha256_update(sha, "bc", 2);
    base_sha256_final(&sha, pieces);
    assert_memory_equal(digest, pieces, 32);
    check_base64("", "");
    check_base64("f", "Zg==");
    check_base64("fo", "Zm8=");
    check_base64("foo", "Zm9v");
    check_base64("foob", "Zm9vYg==");
    check_base64("\xff\xfe\xfd", "//79");
    base_buf_init(&out, 100);
    for (size_t i = 0; i < base_countof(not_base64); i++) {
        assert_int_equal(base_base64_decode(not_base64[i], strlen(not_base64[i]), &out), -1);
        assert_int_equal(out.len, 0);
    }
    base_url_encode("a-._~Z9 /?&=%\xc3\xa4", &out);
    assert_string_equal(out.data, "a-._~Z9%20%2F%3F%26%3D%25%C3%A4");
    base_buf_free(&out);
    assert_true(base_hash64("abc", 3, 1) != base_hash64("abc", 3, 2));
    assert_true(base_hash64("abcdefgh", 8, 1) != base_hash64("abcdefg", 7, 1));
    assert_true(base_mix64(1) == UINT64_C(0x910a2dec89025cc1)); /* splitmix64 of 1, first output */
}

/* Facts go through JSON and back, cleaned, the first word staying, what has no room left out. */
static void err_facts(void **state)
{
    struct err err = ERR_INIT, back;
    char text[256];
    cJSON *json;

    (void)state;
    base_err_set(&err, ERR_TLS_UNKNOWN_CA, "m");
    base_err_fact(&err, "issuer", "CN=%s", "Corp\nhost=evil");
    base_err_fact(&err, "issuer", "second");
    base_err_fact(&err, "empty", "%s", "");
    base_err_fact(&err, "Bad Name", "x");
    base_err_fact_i64(&err, "depth", -2);
    json = base_err_to_json(&err);
    base_err_from_json(&back, json);
    cJSON_Delete(json);
    assert_true(base_err_fact_get(&back, "issuer", text, sizeof text));
    assert_null(strchr(text, '\n'));
    assert_non_null(strstr(text, "CN=Corp"));
    assert_int_equal(base_err_fact_number(&back, "depth"), -2);
    assert_false(base_err_fact_get(&back, "empty", text, sizeof text));
    assert_string_equal(err.facts, back.facts);
    for (int i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof name, "n%d", i);
        base_err_fact(&err, name, "%0100d", i);
    }
    assert_true(strlen(err.facts) < sizeof err.facts && err.facts[strlen(err.facts) - 1] == '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_facts),
        cmocka_unit_test(test_first_cause_wins),
        cmocka_unit_test(test_long_messages_are_cut),
        cmocka_unit_test(test_errno_codes),
        cmocka_unit_test(test_error_json_both_ways),
        cmocka_unit_test(test_error_json_from_elsewhere),
        cmocka_unit_test(test_error_table),
        cmocka_unit_test(test_buffer),
        cmocka_unit_test(test_allocators),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_hashes_and_codings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
