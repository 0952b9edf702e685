/* What a doctor sees of things that are not its own: a state that somebody else holds or that is
 * damaged, what readers of a destination follow, a profile that cannot be read. */
#define _GNU_SOURCE

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "config/profile.h"
#include "net/loop.h"
#include "storage/storage.h"
#include "store/health.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define UUID "01890000-0000-7000-8000-00000000000a"
#define TABLE "shop.aampe.events"

static void overwrite(const char *path, off_t at, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
    close(fd);
}

static void test_state(void **state)
{
    char folder[] = "/tmp/aampe-outside-XXXXXX";
    struct base_seam *seam = base_seam_new();
    struct store_health health;
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_null(store_open_copy(folder, seam, &err));
    assert_int_equal(err.sys_errno, ENOENT);
    base_err_clear(&err);
    struct store_state *store = store_open(folder, seam, &err);
    assert_non_null(store);
    assert_int_equal(store_fact_put(store, "doctor", "\"x\"", &err), 0);
    /* Held, and read all the same: what is in its log beside the database too. */
    char *holder = store_holder(folder);
    assert_non_null(strstr(holder, "pid "));
    free(holder);
    struct store_state *copy = store_open_copy(folder, seam, &err);
    assert_non_null(copy);
    char *fact = store_fact_get(copy, "doctor", &err);
    assert_string_equal(fact, "\"x\"");
    free(fact);
    assert_int_equal(store_health(copy, &health, &err), 0);
    assert_true(health.version > 0 && health.bytes > 0);
    /* What is written to the copy is lost, and nothing of it was in the folder. */
    assert_int_equal(store_fact_put(copy, "doctor", "\"y\"", &err), 0);
    store_free(&copy);
    fact = store_fact_get(store, "doctor", &err);
    assert_string_equal(fact, "\"x\"");
    free(fact);
    assert_int_equal(store_health(store, &health, &err), 0);
    store_free(&store);
    assert_null(store_holder(folder));
    char *path = base_file_join(folder, "state.db");
    overwrite(path, 4096, "garbage");
    overwrite(path, 8192, "garbage");
    assert_null(store_open_copy(folder, seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_CORRUPT);
    free(path);
    base_seam_free(&seam);
    assert_int_equal(base_file_remove_tree(folder, NULL), 0);
}

struct answer {
    bool done;
    struct err err;
    int64_t seq;
    size_t files;
};

static void on_done(void *user, const struct storage_reply *reply)
{
    *(struct answer *)user =
        (struct answer){true, *reply->err, reply->highest_seq, reply->file_count};
}

static enum err_code settle(struct net_loop *loop, struct answer *answer)
{
    while (!answer->done)
        net_loop_turn(loop, 1000);
    answer->done = false;
    return answer->err.code;
}

static void publish(struct storage *storage, struct net_loop *loop, struct answer *answer,
                    const struct storage_identity *id)
{
    struct err err = ERR_INIT;
    struct buf data;
    storage_begin(storage, id, on_done, answer);
    assert_int_equal(settle(loop, answer), ERR_OK);
    struct storage_part *part = storage_part_open(storage, id, "part-00000.parquet", &err);
    base_buf_init(&data, 1 << 20);
    assert_int_equal(base_buf_text(&data, "twelve bytes"), 0);
    storage_part_append(part, &data, NULL, NULL);
    storage_part_close(part, 1, on_done, answer);
    assert_int_equal(settle(loop, answer), ERR_OK);
    storage_seal(storage, id, base_json_object(), on_done, answer);
    assert_int_equal(settle(loop, answer), ERR_OK);
    storage_publish(storage, id, on_done, answer);
    assert_int_equal(settle(loop, answer), ERR_OK);
}

static void test_destination(void **state)
{
    char folder[] = "/tmp/aampe-outside-XXXXXX";
    struct storage_identity id = {UUID, 1, 1, TABLE}, next = {UUID, 2, 1, TABLE},
                            other = {"01890000-0000-7000-8000-00000000000b", 1, 1, TABLE};
    struct answer answer = {0};
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct base_seam *seam = base_seam_new();
    struct net_loop *loop = net_loop_new(seam);
    struct storage *storage = storage_open(folder, seam, loop, on_done, &answer, &err);
    assert_int_equal(settle(loop, &answer), ERR_OK);
#define look(which) (storage_look(storage, &(which), on_done, &answer), settle(loop, &answer))
    assert_int_equal(look(id), ERR_DST_FILE_CORRUPT); /* nothing there */
    publish(storage, loop, &answer, &id);
    assert_int_equal(look(id), ERR_OK);
    assert_int_equal(answer.files, 1);
    assert_int_equal(look(other), ERR_DST_FOREIGN_WRITER);
    assert_int_equal(look(next), ERR_DST_FILE_CORRUPT); /* it leads to an older one */
    publish(storage, loop, &answer, &next);
    assert_int_equal(look(id), ERR_OK); /* a later one of the same sync is as good */
    assert_int_equal(answer.seq, 2);
    char *path = base_printf("%s/" TABLE "/current/part-00000.parquet", folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(look(next), ERR_DST_FILE_CORRUPT);
    assert_non_null(strstr(answer.err.message, "5 bytes"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(look(next), ERR_DST_FILE_CORRUPT);
    free(path);
    storage_free(&storage);
    net_loop_turn(loop, 0);
    net_loop_free(&loop);
    base_seam_free(&seam);
    assert_int_equal(base_file_remove_tree(folder, NULL), 0);
    path = storage_folder("file:///srv/a%20b/", &err);
    assert_string_equal(path, "/srv/a b");
    free(path);
    assert_null(storage_folder("s3://bucket", &err));
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
}

static void test_profile(void **state)
{
    static const char text[] =
        "{\"version\":1,\"nonsense\":{\"a\":1},\"workspace\":{\"host\":\"https://x.example\","
        "\"no_such\":2},\"codec\":\"zip\",\"workers\":3,\"share\":[{\"name\":\"a.b.c\"}]}";
    char folder[] = "/tmp/aampe-outside-XXXXXX";
    struct err err = ERR_INIT;
    (void)state;
    assert_non_null(mkdtemp(folder));
    char *path = base_file_join(folder, "p.json");
    assert_int_equal(base_file_write_atomic(path, text, strlen(text), 0600, &err), 0);
    assert_null(config_profile_load(path, &err));
    struct config_profile *profile = config_profile_salvage(path);
    assert_string_equal(config_get(profile, CONFIG_WORKSPACE_HOST), "https://x.example");
    assert_string_equal(config_get(profile, CONFIG_CODEC), "snappy");
    assert_int_equal(config_get_i64(profile, CONFIG_WORKERS), 3);
    assert_int_equal(config_profile_share(profile)->count, 1);
    config_profile_free(&profile);
    assert_int_equal(base_file_write_atomic(path, text, 40, 0600, &err), 0);
    profile = config_profile_salvage(path); /* no JSON at all: an empty one */
    assert_null(config_get(profile, CONFIG_WORKSPACE_HOST));
    config_profile_free(&profile);
    free(path);
    assert_int_equal(base_file_remove_tree(folder, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_state),
                                       cmocka_unit_test(test_destination),
                                       cmocka_unit_test(test_profile)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
