/* The local destination: the walk, every named crash point, foreign writers, full disks, planted
 * links. */
#define _GNU_SOURCE

#include "storage/storage.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "net/loop.h"
#include "storage/job.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UUID_A "01890000-0000-7000-8000-00000000000a"
#define UUID_B "01890000-0000-7000-8000-00000000000b"
#define TABLE "shop.aampe.events"
#define PART_A "part-00000.parquet"
#define PART_B "day=2026-11-23/part-00001.parquet"

/* A reply kept beyond its callback. */
struct answer {
    bool done;
    struct err err;
    struct storage_reply reply;
    struct buf data;
    size_t file_count, generation_count;
    struct storage_generation generations[8];
    uint8_t sha256[32];
    int64_t length;
};

struct place {
    char root[64];
    struct base_seam *seam;
    struct net_loop *loop;
    struct storage *storage;
    struct answer answer;
};

static void on_done(void *user, const struct storage_reply *reply)
{
    struct answer *answer = user;
    answer->done = true;
    answer->err = *reply->err;
    answer->reply = *reply;
    answer->length = reply->file.length;
    memcpy(answer->sha256, reply->file.sha256, 32);
    answer->file_count = reply->file_count;
    answer->generation_count = reply->generation_count;
    for (size_t i = 0; i < reply->generation_count && i < 8; i++)
        answer->generations[i] = reply->generations[i];
    base_buf_free(&answer->data);
    if (reply->data != NULL) {
        answer->data = *reply->data;
        *reply->data = (struct buf){.max = 1};
    }
}

/* Waits for the verb just started; its code. */
static enum err_code settle(struct place *place)
{
    while (!place->answer.done)
        net_loop_turn(place->loop, 1000);
    place->answer.done = false;
    return place->answer.err.code;
}

#define does(place, verb, ...)                                                                     \
    (storage_##verb((place)->storage, __VA_ARGS__, on_done, &(place)->answer), settle(place))

static enum err_code place_open_at(struct place *place)
{
    struct err err = ERR_INIT;
    place->seam = base_seam_new();
    place->loop = net_loop_new(place->seam);
    place->storage =
        storage_open(place->root, place->seam, place->loop, on_done, &place->answer, &err);
    if (place->storage == NULL)
        return err.code;
    return settle(place);
}

static void place_open(struct place *place)
{
    memset(place, 0, sizeof *place);
    snprintf(place->root, sizeof place->root, "/tmp/aampe-storage-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    assert_int_equal(place_open_at(place), ERR_OK);
}

static void place_close(struct place *place)
{
    storage_free(&place->storage);
    net_loop_turn(place->loop, 0);
    net_loop_free(&place->loop);
    base_seam_free(&place->seam);
    base_buf_free(&place->answer.data);
}

static void place_remove(struct place *place)
{
    place_close(place);
    assert_int_equal(base_file_remove_tree(place->root, NULL), 0);
}

static struct storage_identity identity(const char *uuid, int64_t seq, int attempt)
{
    struct storage_identity id = {.run_seq = seq, .attempt = attempt, .table_path = TABLE};
    memcpy(id.sync_uuid, uuid, sizeof id.sync_uuid);
    return id;
}

/* Content is a function of run, attempt and part, so that a mix would be seen. */
static void content(struct buf *out, int64_t seq, int attempt, int part, size_t len)
{
    base_buf_init(out, BUF_MAX_DEFAULT);
    for (size_t i = 0; out->len < len; i++)
        base_buf_u64le(out, base_mix64((uint64_t)seq * 1000003 + (uint64_t)attempt * 31 +
                                       (uint64_t)part * 7 + i));
}

static enum err_code write_part(struct place *place, const struct storage_identity *id,
                                const char *name, int part_no, size_t len)
{
    struct err err = ERR_INIT;
    struct storage_part *part = storage_part_open(place->storage, id, name, &err);
    assert_non_null(part);
    struct buf data;
    for (int piece = 0; piece < 2; piece++) {
        content(&data, id->run_seq, id->attempt, part_no * 2 + piece, len / 2);
        storage_part_append(part, &data, NULL, NULL);
        base_buf_free(&data);
    }
    storage_part_close(part, 10, on_done, &place->answer);
    return settle(place);
}

static enum err_code stage(struct place *place, const struct storage_identity *id)
{
    enum err_code code = does(place, begin, id);
    if (code == ERR_OK)
        code = write_part(place, id, PART_A, 0, 20000);
    if (code == ERR_OK)
        code = write_part(place, id, PART_B, 1, 3000);
    if (code != ERR_OK)
        return code;
    cJSON *manifest = base_json_object();
    base_json_add_str(manifest, "schema", "k bigint");
    return does(place, seal, id, manifest);
}

static enum err_code walk(struct place *place, const struct storage_identity *id)
{
    enum err_code code = stage(place, id);
    return code != ERR_OK ? code : does(place, publish, id);
}

static void expect_file(const char *path, int64_t seq, int attempt, int part_no, size_t len)
{
    struct buf got, want;
    base_buf_init(&got, BUF_MAX_DEFAULT);
    if (base_file_read(path, 1 << 20, &got, NULL) != 0)
        fail_msg("cannot read %s", path);
    size_t at = 0;
    for (int piece = 0; piece < 2; piece++) {
        content(&want, seq, attempt, part_no * 2 + piece, len / 2);
        assert_true(at + want.len <= got.len);
        assert_memory_equal(got.data + at, want.data, want.len);
        at += want.len;
        base_buf_free(&want);
    }
    assert_int_equal(got.len, at);
    base_buf_free(&got);
}

/* What a reader who follows `current` sees: exactly this run. */
static void expect_current(const struct place *place, int64_t seq, int attempt)
{
    char link[160], target[64] = "", want[64], path[256];
    snprintf(link, sizeof link, "%s/" TABLE "/current", place->root);
    assert_true(readlink(link, target, sizeof target - 1) > 0);
    snprintf(want, sizeof want, "gen-%020lld", (long long)seq);
    assert_string_equal(target, want);
    snprintf(path, sizeof path, "%s/" PART_A, link);
    expect_file(path, seq, attempt, 0, 20000);
    snprintf(path, sizeof path, "%s/" PART_B, link);
    expect_file(path, seq, attempt, 1, 3000);
}

static int count_entries(const char *root, const char *folder)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, folder);
    DIR *dir = opendir(path);
    int count = 0;
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (dir != NULL)
        closedir(dir);
    return count;
}

static void test_walk(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(stage(&place, &id), ERR_OK);
    /* verification reads what is on the disk */
    assert_int_equal(does(&place, hash, &id, STORAGE_STAGED, PART_A), ERR_OK);
    assert_int_equal(place.answer.length, 20000);
    assert_int_equal(does(&place, read, &id, STORAGE_STAGED, PART_A, 19000, 4000), ERR_OK);
    assert_int_equal(place.answer.data.len, 1000);
    assert_int_equal(does(&place, read_back, &id), ERR_OK);
    assert_int_equal(place.answer.reply.outcome, STORAGE_NOT_DONE);
    assert_int_equal(place.answer.reply.staging, STORAGE_STAGING_SEALED);
    assert_int_equal(does(&place, publish, &id), ERR_OK);
    assert_int_equal(place.answer.reply.outcome, STORAGE_DONE);
    expect_current(&place, 1, 1);
    assert_int_equal(count_entries(place.root, ".aampe-staging"), 0);
    assert_int_equal(count_entries(place.root, TABLE "/current"), 3);
    /* again: the same answer */
    assert_int_equal(does(&place, publish, &id), ERR_OK);
    assert_int_equal(place.answer.reply.outcome, STORAGE_DONE);
    assert_int_equal(does(&place, read_back, &id), ERR_OK);
    assert_int_equal(place.answer.reply.outcome, STORAGE_DONE);
    assert_int_equal(does(&place, manifest, &id, STORAGE_PUBLISHED), ERR_OK);
    assert_int_equal(place.answer.file_count, 2);
    cJSON *json = base_json_parse(place.answer.data.data, place.answer.data.len, 1 << 20, NULL);
    assert_string_equal(base_json_str(json, "sync_uuid"), UUID_A);
    assert_string_equal(base_json_str(json, "schema"), "k bigint");
    cJSON_Delete(json);
    assert_int_equal(does(&place, hash, &id, STORAGE_PUBLISHED, PART_B), ERR_OK);
    assert_int_equal(place.answer.length, 3008); /* whole 8-byte words twice */
    char *location = storage_table_location(place.storage, TABLE);
    assert_int_equal(strncmp(location, place.root, strlen(place.root)), 0);
    free(location);
    struct stat st;
    char path[200];
    snprintf(path, sizeof path, "%s/.aampe-staging", place.root);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    place_remove(&place);
}

static void test_generations(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    for (int64_t seq = 1; seq <= 4; seq++) {
        struct storage_identity id = identity(UUID_A, seq, 1);
        assert_int_equal(walk(&place, &id), ERR_OK);
    }
    struct storage_identity id = identity(UUID_A, 4, 1);
    int64_t old[] = {1, 2};
    assert_int_equal(does(&place, clean, &id, old, 2), ERR_OK);
    assert_int_equal(does(&place, clean, &id, old, 2), ERR_OK); /* again: fine */
    assert_int_equal(does(&place, generations, &id), ERR_OK);
    assert_int_equal(place.answer.generation_count, 2);
    assert_true(place.answer.generations[0].seq == 3 && !place.answer.generations[0].current);
    assert_true(place.answer.generations[1].seq == 4 && place.answer.generations[1].current);
    assert_int_equal(count_entries(place.root, ".aampe-staging"), 0);
    int64_t current[] = {4};
    assert_int_equal(does(&place, clean, &id, current, 1), ERR_INTERNAL);
    expect_current(&place, 4, 1);
    /* an older run that is asked about is done, and never moves the link back */
    id = identity(UUID_A, 3, 1);
    assert_int_equal(does(&place, publish, &id), ERR_OK);
    expect_current(&place, 4, 1);
    /* a state restored from a backup starts again below what is there */
    id = identity(UUID_A, 2, 1);
    assert_int_equal(does(&place, begin, &id), ERR_DST_AHEAD_OF_STATE);
    assert_int_equal(place.answer.reply.highest_seq, 4);
    place_remove(&place);
}

static void test_foreign(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct storage_identity ours = identity(UUID_A, 1, 1), theirs = identity(UUID_B, 7, 1);
    /* both stage while the place is free; the first to publish has it */
    assert_int_equal(stage(&place, &ours), ERR_OK);
    assert_int_equal(stage(&place, &theirs), ERR_OK);
    assert_int_equal(does(&place, publish, &ours), ERR_OK);
    assert_int_equal(does(&place, publish, &theirs), ERR_DST_FOREIGN_WRITER);
    assert_int_equal(place.answer.reply.outcome, STORAGE_FOREIGN);
    assert_int_equal(does(&place, read_back, &theirs), ERR_DST_FOREIGN_WRITER);
    assert_int_equal(place.answer.reply.outcome, STORAGE_FOREIGN);
    assert_int_equal(does(&place, abort, &theirs, false), ERR_OK);
    assert_int_equal(does(&place, begin, &theirs), ERR_DST_FOREIGN_WRITER);
    expect_current(&place, 1, 1);
    /* the name is taken by something of another attempt: never overwritten, never taken for ours */
    struct storage_identity next = identity(UUID_A, 2, 1);
    assert_int_equal(stage(&place, &next), ERR_OK);
    char folder[200], path[256];
    snprintf(folder, sizeof folder, "%s/" TABLE "/gen-%020d", place.root, 2);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(does(&place, publish, &next), ERR_DST_FOREIGN_WRITER);
    snprintf(path, sizeof path, "%s/_manifest.json", folder);
    const char *other = "{\"format\":1,\"sync_uuid\":\"" UUID_A "\",\"run_seq\":2,\"attempt\":9,"
                        "\"table_path\":\"" TABLE "\",\"files\":[]}";
    assert_int_equal(base_file_write_atomic(path, other, strlen(other), 0644, NULL), 0);
    assert_int_equal(does(&place, publish, &next), ERR_DST_FOREIGN_WRITER);
    assert_int_equal(does(&place, read_back, &next), ERR_DST_FOREIGN_WRITER);
    /* the same identity, but we hold a staging of our own: an earlier life of the state */
    char *same = base_strdup(other);
    strstr(same, "\"attempt\":9")[10] = '1';
    assert_int_equal(base_file_write_atomic(path, same, strlen(same), 0644, NULL), 0);
    free(same);
    assert_int_equal(does(&place, publish, &next), ERR_DST_AHEAD_OF_STATE);
    /* a manifest that cannot be read: nobody knows, nothing is deleted */
    assert_int_equal(base_file_write_atomic(path, "{", 1, 0644, NULL), 0);
    assert_int_equal(does(&place, read_back, &next), ERR_DST_FILE_CORRUPT);
    assert_int_equal(place.answer.reply.outcome, STORAGE_UNKNOWN);
    assert_int_equal(place.answer.reply.staging, STORAGE_STAGING_SEALED);
    expect_current(&place, 1, 1);
    place_remove(&place);
}

static void test_not_empty(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    char path[200];
    snprintf(path, sizeof path, "%s/" TABLE, place.root);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/" TABLE "/report.csv", place.root);
    assert_int_equal(base_file_write_atomic(path, "x", 1, 0644, NULL), 0);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(does(&place, begin, &id), ERR_DEST_NOT_EMPTY);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(walk(&place, &id), ERR_OK);
    place_remove(&place);
}

static void test_attempts_and_quarantine(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct storage_identity first = identity(UUID_A, 1, 1), second = identity(UUID_A, 1, 2);
    assert_int_equal(stage(&place, &first), ERR_OK);
    assert_int_equal(does(&place, resume, &second), ERR_RUN_NOT_FOUND);
    assert_int_equal(does(&place, resume, &first), ERR_OK);
    assert_int_equal(place.answer.file_count, 2);
    /* a later attempt drops what the earlier left, by its list */
    assert_int_equal(walk(&place, &second), ERR_OK);
    expect_current(&place, 1, 2);
    for (int attempt = 1; attempt <= 5; attempt++) {
        struct storage_identity bad = identity(UUID_A, 2, attempt);
        assert_int_equal(stage(&place, &bad), ERR_OK);
        assert_int_equal(does(&place, abort, &bad, true), ERR_OK);
    }
    assert_int_equal(count_entries(place.root, ".aampe-staging/" UUID_A), STORAGE_QUARANTINE_MAX);
    assert_int_equal(count_entries(place.root, ".aampe-staging/" UUID_A "/2.quarantine-5"), 3);
    assert_int_equal(count_entries(place.root, ".aampe-staging/" UUID_A "/2.quarantine-2"), 0);
    expect_current(&place, 1, 2);
    place_remove(&place);
}

/* Only listed names are removed: a stranger's file in staging stays, and is told. */
static void test_strangers_stay(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(stage(&place, &id), ERR_OK);
    char path[200];
    snprintf(path, sizeof path, "%s/.aampe-staging/" UUID_A "/1/part-00009.parquet", place.root);
    assert_int_equal(base_file_write_atomic(path, "x", 1, 0644, NULL), 0);
    assert_int_equal(does(&place, abort, &id, false), ERR_DEST_NOT_EMPTY);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(does(&place, abort, &id, false), ERR_OK);
    assert_int_equal(count_entries(place.root, ".aampe-staging"), 0);
    place_remove(&place);
}

static void test_abort_open_part(void **state)
{
    (void)state;
    struct place place;
    struct err err = ERR_INIT;
    place_open(&place);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(does(&place, begin, &id), ERR_OK);
    struct storage_part *part = storage_part_open(place.storage, &id, PART_B, &err);
    struct storage_part *other = storage_part_open(place.storage, &id, PART_A, &err);
    struct buf data;
    content(&data, 1, 1, 0, 5000);
    storage_part_append(part, &data, NULL, NULL);
    cJSON *manifest = base_json_object();
    assert_int_equal(does(&place, seal, &id, manifest), ERR_INTERNAL);
    assert_int_equal(does(&place, abort, &id, false), ERR_OK);
    assert_int_equal(count_entries(place.root, ".aampe-staging"), 0);
    content(&data, 1, 1, 0, 5000);
    storage_part_append(part, &data, on_done, &place.answer);
    assert_int_equal(settle(&place), ERR_CANCELLED_BY_USER);
    storage_part_close(part, 1, on_done, &place.answer);
    assert_int_equal(settle(&place), ERR_CANCELLED_BY_USER);
    storage_part_drop(other, on_done, &place.answer);
    assert_int_equal(settle(&place), ERR_OK);
    place_remove(&place);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",   "/a",  "a/",   "a//b", "../a", ".a",   "a/..",  "a/.b",
        "_a", "a b", "a\nb", "a\\b", "a/_b", "\xc3", "a/./b", "1/2/3/4/5/6/7/8/9/10"};
    struct place place;
    struct err err = ERR_INIT;
    place_open(&place);
    struct storage_identity id = identity(UUID_A, 1, 1);
    for (size_t i = 0; i < base_countof(bad); i++) {
        base_err_clear(&err);
        assert_null(storage_part_open(place.storage, &id, bad[i], &err));
        assert_int_equal(err.code, ERR_CONFIG_INVALID);
    }
    static const char *const tables[] = {"", ".", "..", ".x", "a/b", "/"};
    for (size_t i = 0; i < base_countof(tables); i++) {
        id.table_path = tables[i];
        assert_int_equal(does(&place, begin, &id), ERR_CONFIG_INVALID);
    }
    id.table_path = TABLE;
    id.sync_uuid[0] = '/';
    assert_int_equal(does(&place, begin, &id), ERR_INTERNAL);
    assert_null(storage_open("s3://bucket/x", place.seam, place.loop, on_done, &place, &err));
    base_err_clear(&err);
    assert_null(storage_open("relative", place.seam, place.loop, on_done, &place, &err));
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
    place_remove(&place);
}

/* Links planted where our folders are: every verb stops, nothing is written behind them. */
static void test_planted_links(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    char outside[64] = "/tmp/aampe-outside-XXXXXX", path[200], moved[200];
    assert_non_null(mkdtemp(outside));
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(stage(&place, &id), ERR_OK);
    snprintf(path, sizeof path, "%s/.aampe-staging/" UUID_A, place.root);
    snprintf(moved, sizeof moved, "%s/moved", place.root);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(does(&place, read, &id, STORAGE_STAGED, PART_A, 0, 10), ERR_HOST_PERMISSION);
    assert_int_equal(write_part(&place, &id, "part-00002.parquet", 2, 100), ERR_INTERNAL);
    struct storage_identity next = identity(UUID_A, 2, 1);
    assert_int_equal(does(&place, begin, &next), ERR_HOST_PERMISSION);
    assert_int_not_equal(does(&place, publish, &id), ERR_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rename(moved, path), 0);
    snprintf(path, sizeof path, "%s/" TABLE, place.root);
    snprintf(moved, sizeof moved, "%s/table", place.root);
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(symlink(outside, path), 0);
    assert_int_equal(does(&place, publish, &id), ERR_HOST_PERMISSION);
    assert_int_equal(count_entries(outside, ""), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(does(&place, publish, &id), ERR_OK);
    expect_current(&place, 1, 1);
    assert_int_equal(rmdir(outside), 0);
    place_remove(&place);
}

/* --- crash points
 * ------------------------------------------------------------------------------------------- */

#define RUNS 3

/* What the engine would do with run `seq`, not knowing how far it came. */
static enum err_code resolve(struct place *place, int64_t seq)
{
    struct storage_identity id = identity(UUID_A, seq, 1);
    enum err_code code = does(place, read_back, &id);
    if (code != ERR_OK)
        return code;
    if (place->answer.reply.outcome == STORAGE_DONE)
        return ERR_OK;
    if (place->answer.reply.outcome == STORAGE_MOVED ||
        place->answer.reply.staging == STORAGE_STAGING_SEALED)
        return does(place, publish, &id);
    code = walk(place, &id);
    /* published and cleaned away before: the engine's journal would not have asked */
    return code == ERR_DST_AHEAD_OF_STATE && seq <= RUNS - 2 ? ERR_OK : code;
}

static int all_runs(struct place *place)
{
    for (int64_t seq = 1; seq <= RUNS; seq++) {
        struct storage_identity id = identity(UUID_A, seq, 1);
        if (resolve(place, seq) != ERR_OK)
            return 1;
        int64_t old[1] = {seq - 2};
        if (does(place, clean, &id, old, seq > 2 ? 1 : 0) != ERR_OK)
            return 2;
    }
    return 0;
}

/* A process of its own that walks all runs and dies at the point. Status of waitpid. */
static int child_walks(const struct place *place, const char *point, int nth)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        char value[32];
        struct place mine = {0};
        memcpy(mine.root, place->root, sizeof mine.root);
        snprintf(value, sizeof value, "%s:%d", point, nth);
        setenv("AAMPE_CRASH_AT", value, 1);
        if (place_open_at(&mine) != ERR_OK)
            _exit(90);
        int rc = all_runs(&mine);
        place_close(&mine);
        _exit(rc);
    }
    int status;
    waitpid(child, &status, 0);
    return status;
}

static void expect_whole(struct place *place)
{
    assert_int_equal(place_open_at(place), ERR_OK);
    for (int64_t seq = RUNS - 1; seq <= RUNS; seq++)
        if (resolve(place, seq) != ERR_OK)
            fail_msg("run %lld: %s", (long long)seq, place->answer.err.message);
    struct storage_identity id = identity(UUID_A, RUNS, 1);
    int64_t old[1] = {1};
    if (does(place, clean, &id, old, 1) != ERR_OK)
        fail_msg("clean: %s", place->answer.err.message);
    expect_current(place, RUNS, 1);
    assert_int_equal(count_entries(place->root, TABLE "/current"), 3);
    assert_int_equal(does(place, generations, &id), ERR_OK);
    assert_int_equal(place->answer.generation_count, 2);
    assert_int_equal(count_entries(place->root, ".aampe-staging"), 0);
    assert_int_equal(count_entries(place->root, TABLE), 4); /* mark, two generations, current */
    place_close(place);
}

static void test_every_crash_point(void **state)
{
    (void)state;
    int killed = 0;
    for (const char *const *point = storage_crash_points(); *point != NULL; point++) {
        if (strcmp(*point, "L3") == 0)
            continue; /* only a recovery comes by: below */
        for (int nth = 1; nth <= (strcmp(*point, "P12b") == 0 ? 1 : RUNS); nth++) {
            struct place place = {.root = "/tmp/aampe-storage-XXXXXX"};
            assert_non_null(mkdtemp(place.root));
            int status = child_walks(&place, *point, nth);
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
                fail_msg("%s:%d was not passed (status %x)", *point, nth, status);
            killed++;
            /* the process that comes after it goes on, and may die at the same point too */
            status = child_walks(&place, *point, 1);
            assert_true(WIFEXITED(status) || WIFSIGNALED(status));
            status = child_walks(&place, "none", 1);
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                fail_msg("%s:%d: recovery gave status %x", *point, nth, status);
            expect_whole(&place);
            assert_int_equal(base_file_remove_tree(place.root, NULL), 0);
        }
    }
    print_message("killed at %d points, all recovered\n", killed);
}

static void test_crash_at_eexist(void **state)
{
    (void)state;
    static const char *const before[] = {"P10b", "L2", "L4"};
    for (size_t i = 0; i < base_countof(before); i++) {
        struct place place = {.root = "/tmp/aampe-storage-XXXXXX"};
        assert_non_null(mkdtemp(place.root));
        int status = child_walks(&place, before[i], 2);
        assert_true(WIFSIGNALED(status));
        status = child_walks(&place, "L3", 1);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        status = child_walks(&place, "none", 1);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        expect_whole(&place);
        assert_int_equal(base_file_remove_tree(place.root, NULL), 0);
    }
}

/* --- hosts that fail
 * ---------------------------------------------------------------------------------------- */

static bool small_filesystem(char *root, const char *options)
{
    strcpy(root, "/tmp/aampe-small-XXXXXX");
    assert_non_null(mkdtemp(root));
    if (mount("aampe-test", root, "tmpfs", 0, options) == 0)
        return true;
    print_message("cannot mount a small filesystem (%s)\n", strerror(errno));
    rmdir(root);
    return false;
}

static void test_disk_full(void **state)
{
    (void)state;
    struct place place = {0};
    if (!small_filesystem(place.root, "size=2m"))
        skip();
    assert_int_equal(place_open_at(&place), ERR_OK);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(walk(&place, &id), ERR_OK);
    id = identity(UUID_A, 2, 1);
    assert_int_equal(does(&place, begin, &id), ERR_OK);
    assert_true(place.answer.reply.bytes_free > 0);
    assert_int_equal(write_part(&place, &id, PART_A, 0, 4 << 20), ERR_HOST_DISK_FULL);
    assert_int_equal(does(&place, abort, &id, false), ERR_OK);
    expect_current(&place, 1, 1);
    assert_int_equal(walk(&place, &id), ERR_OK); /* there is room again */
    expect_current(&place, 2, 1);
    place_close(&place);
    assert_int_equal(umount(place.root), 0);
    assert_int_equal(rmdir(place.root), 0);
}

static void test_inodes_full(void **state)
{
    (void)state;
    struct place place = {0};
    if (!small_filesystem(place.root, "size=4m,nr_inodes=12"))
        skip();
    assert_int_equal(place_open_at(&place), ERR_OK);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(does(&place, begin, &id), ERR_OK);
    enum err_code code = ERR_OK;
    for (int i = 0; i < 20 && code == ERR_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "part-%05d.parquet", i);
        code = write_part(&place, &id, name, i, 100);
    }
    assert_int_equal(code, ERR_HOST_INODES_FULL);
    assert_int_equal(does(&place, abort, &id, false), ERR_OK);
    assert_int_equal(count_entries(place.root, ".aampe-staging"), 0);
    place_close(&place);
    assert_int_equal(umount(place.root), 0);
    assert_int_equal(rmdir(place.root), 0);
}

static void test_file_size_limit(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(does(&place, begin, &id), ERR_OK);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 65536;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err_code code = write_part(&place, &id, PART_A, 0, 200000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(code, ERR_HOST_QUOTA);
    assert_int_equal(count_entries(place.root, ".aampe-staging/" UUID_A "/1"), 1); /* the list */
    assert_int_equal(does(&place, abort, &id, false), ERR_OK);
    place_remove(&place);
}

static void test_other_device(void **state)
{
    (void)state;
    struct place place;
    place_open(&place);
    char staging[200];
    snprintf(staging, sizeof staging, "%s/.aampe-staging", place.root);
    if (mount("aampe-test", staging, "tmpfs", 0, "size=1m,mode=700") != 0) {
        place_remove(&place);
        skip();
    }
    storage_reopen(place.storage, on_done, &place.answer);
    assert_int_equal(settle(&place), ERR_HOST_FS_UNFIT);
    struct storage_identity id = identity(UUID_A, 1, 1);
    assert_int_equal(does(&place, begin, &id), ERR_HOST_FS_UNFIT); /* and every verb says so */
    assert_int_equal(write_part(&place, &id, PART_A, 0, 100), ERR_HOST_FS_UNFIT);
    assert_int_equal(umount(staging), 0);
    storage_reopen(place.storage, on_done, &place.answer);
    assert_int_equal(settle(&place), ERR_OK);
    assert_int_equal(walk(&place, &id), ERR_OK);
    place_remove(&place);
}

static void test_permission(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    struct place place;
    place_open(&place);
    assert_int_equal(chmod(place.root, 0755), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct place mine = {0};
        memcpy(mine.root, place.root, sizeof mine.root);
        if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
            _exit(99);
        enum err_code code = place_open_at(&mine);
        bool named = strstr(mine.answer.err.message, mine.root) != NULL;
        place_close(&mine);
        _exit(code == ERR_HOST_PERMISSION && named ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    place_remove(&place);
}

static void test_manifest_forms(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"format\":2,\"sync_uuid\":\"" UUID_A "\",\"run_seq\":2,\"attempt\":1,"
        "\"table_path\":\"t\",\"files\":[]}",
        "{\"format\":1,\"sync_uuid\":\"short\",\"run_seq\":2,\"attempt\":1,"
        "\"table_path\":\"t\",\"files\":[]}",
        "{\"format\":1,\"sync_uuid\":\"" UUID_A "\",\"run_seq\":0,\"attempt\":1,"
        "\"table_path\":\"t\",\"files\":[]}",
        "{\"format\":1,\"sync_uuid\":\"" UUID_A "\",\"run_seq\":2,\"attempt\":1,"
        "\"table_path\":\"t\"}",
        "{\"format\":1,\"sync_uuid\":\"" UUID_A
        "\",\"run_seq\":2,\"attempt\":1,\"table_path\":\"t\","
        "\"files\":[{\"name\":\"../x\",\"length\":1,\"rows\":1,\"sha256\":\"00\"}]}",
    };
    for (size_t i = 0; i < base_countof(bad); i++) {
        struct storage_run_key run;
        struct storage_files files = {0};
        struct err err = ERR_INIT;
        assert_int_equal(storage_manifest_parse(bad[i], strlen(bad[i]), &run, &files, &err), -1);
        assert_int_equal(err.code, ERR_DST_FILE_CORRUPT);
        storage_files_free(&files);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_not_empty),
        cmocka_unit_test(test_attempts_and_quarantine),
        cmocka_unit_test(test_strangers_stay),
        cmocka_unit_test(test_abort_open_part),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_planted_links),
        cmocka_unit_test(test_every_crash_point),
        cmocka_unit_test(test_crash_at_eexist),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_inodes_full),
        cmocka_unit_test(test_file_size_limit),
        cmocka_unit_test(test_other_device),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_manifest_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
