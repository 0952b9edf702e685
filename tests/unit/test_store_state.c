/* state.db: transitions, what survives a kill, full disks, restored and foreign files.
 */
#define _GNU_SOURCE

#include "store/state.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "store/state_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct place {
    char folder[64];
    struct base_seam *seam;
    struct store_state *store;
};

static void place_open(struct place *place)
{
    struct err err = ERR_INIT;
    if (place->folder[0] == '\0') {
        snprintf(place->folder, sizeof place->folder, "/tmp/aampe-store-XXXXXX");
        assert_non_null(mkdtemp(place->folder));
    }
    place->seam = base_seam_new();
    place->store = store_open(place->folder, place->seam, &err);
    if (place->store == NULL)
        fail_msg("%s", err.message);
}

static void place_close(struct place *place)
{
    store_free(&place->store);
    base_seam_free(&place->seam);
}

static void place_remove(struct place *place)
{
    place_close(place);
    assert_int_equal(base_file_remove_tree(place->folder, NULL), 0);
}

static struct model_name table_name(void)
{
    return (struct model_name){(char *)"shop", (char *)"aampe", (char *)"Events"};
}

/* Borrowed texts only: never freed. */
static struct model_plan a_plan(struct model_column *column, struct model_slice *slice)
{
    *column = (struct model_column){.name = (char *)"id", .partition_index = -1};
    column->type = (struct model_type){.kind = MODEL_LONG, .text = (char *)"bigint"};
    *slice = (struct model_slice){0};
    return (struct model_plan){.table = table_name(),
                               .version = 12,
                               .window = WINDOW_FULL,
                               .columns = {column, 1},
                               .slices = slice,
                               .slice_count = 1,
                               .codec = (char *)"snappy"};
}

static int64_t intend(struct store_state *store, const char *uuid, struct model_run *run)
{
    struct err err = ERR_INIT;
    struct model_column column;
    struct model_slice slice;
    struct model_plan plan = a_plan(&column, &slice);
    int64_t batch;
    assert_int_equal(store_batch_new(store, "manual", 0, &batch, &err), 0);
    if (store_run_intend(store, batch, uuid, &plan, run, &err) != 0)
        fail_msg("%s", err.message);
    return batch;
}

static struct store_sync a_sync(struct store_state *store)
{
    struct err err = ERR_INIT;
    struct store_sync sync;
    struct model_name name = table_name();
    assert_int_equal(store_sync_ensure(store, &name, "file:///srv/data", &sync, &err), 0);
    return sync;
}

static void walk_to(struct store_state *store, int64_t id, enum model_run_state to)
{
    struct err err = ERR_INIT;
    for (int state = RUN_RUNNING; state <= (int)to && state <= RUN_PUBLISHING; state++)
        assert_int_equal(store_run_state(store, id, (enum model_run_state)state, &err), 0);
}

static const struct store_file two_files[] = {
    {.name = (char *)"part-00000.parquet", .length = 100, .rows = 7, .sha256 = {1, 2, 3}},
    {.name = (char *)"part-00001.parquet", .length = 50, .rows = 3, .sha256 = {9}}};
static const struct model_run_counts ten = {10, 10, 10, 10};

static void test_run_life(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_state *store = place.store;
    struct store_sync sync = a_sync(store);
    struct model_run run, again;
    int64_t batch = intend(store, sync.sync_uuid, &run);
    assert_int_equal(run.seq, 1);
    assert_int_equal(run.attempt, 1);
    assert_int_equal(run.state, RUN_PLANNED);
    assert_int_equal(run.version, 12);
    /* a second intent of the same sync waits for the first */
    struct model_column column;
    struct model_slice slice;
    struct model_plan plan = a_plan(&column, &slice), read;
    assert_int_equal(store_run_intend(store, batch, sync.sync_uuid, &plan, &again, &err), -1);
    assert_int_equal(err.code, ERR_ENGINE_BUSY);
    base_err_clear(&err);
    assert_int_equal(store_plan_get(store, run.id, &read, &err), 0);
    assert_int_equal(read.version, 12);
    assert_string_equal(read.columns.columns[0].name, "id");
    model_plan_free(&read);
    walk_to(store, run.id, RUN_PUBLISHING);
    assert_int_equal(store_run_record(store, run.id, &ten, two_files, 2, &err), 0);
    assert_int_equal(store_run_record(store, run.id, &ten, two_files, 2, &err),
                     0); /* again: fine */
    assert_int_equal(store_run_get(store, run.id, &again, &err), 0);
    assert_int_equal(again.state, RUN_RECORDED);
    assert_int_equal(again.files, 2);
    assert_int_equal(again.bytes, 150);
    assert_int_equal(again.counts.file_rows, 10);
    model_run_free(&again);
    struct store_file *files;
    size_t count;
    assert_int_equal(store_files_list(store, run.id, &files, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_memory_equal(files[0].sha256, two_files[0].sha256, 32);
    store_files_free(files, count);
    struct model_run *open;
    assert_int_equal(store_runs_unresolved(store, &open, &count, &err), 0);
    assert_int_equal(count, 1); /* still to be cleaned */
    store_runs_free(open, count);
    assert_int_equal(store_run_state(store, run.id, RUN_CLEANED, &err), 0);
    assert_int_equal(store_runs_unresolved(store, &open, &count, &err), 0);
    assert_int_equal(count, 0);
    store_runs_free(open, count);
    struct store_batch got;
    assert_int_equal(store_batch_get(store, batch, &got, &err), 0);
    assert_int_equal(got.runs, 1);
    assert_int_equal(got.runs_over, 1);
    char *destination = store_run_destination(store, run.id, &err);
    assert_string_equal(destination, "file:///srv/data");
    free(destination);
    model_run_free(&run);
    store_sync_free(&sync);
    place_remove(&place);
}

/* Every state against every transition: allowed ones happen, all others are refused and change
 * nothing. */
static void test_transitions(void **state)
{
    (void)state;
    struct place place = {0};
    place_open(&place);
    struct store_state *store = place.store;
    struct store_sync sync = a_sync(store);
    for (int from = RUN_PLANNED; from <= RUN_PUBLISHING; from++) {
        for (int to = RUN_PLANNED; to <= RUN_CANCELLED; to++) {
            struct err err = ERR_INIT, why = {.code = ERR_SRC_CHUNK_GAP};
            struct model_run run, after;
            intend(store, sync.sync_uuid, &run);
            walk_to(store, run.id, (enum model_run_state)from);
            int rc = store_run_state(store, run.id, (enum model_run_state)to, &err);
            bool allowed = to == from + 1 && to <= RUN_PUBLISHING;
            assert_int_equal(rc, allowed ? 0 : -1);
            assert_int_equal(store_run_get(store, run.id, &after, &err), 0);
            assert_int_equal(after.state, allowed ? to : from);
            model_run_free(&after);
            base_err_clear(&err);
            int cancelled = store_run_cancel(store, run.id, 5, &err);
            bool may = (allowed ? to : from) < RUN_PUBLISHING;
            assert_int_equal(cancelled, may ? 0 : -1);
            if (!may) {
                assert_int_equal(err.code, ERR_RUN_NOT_CANCELLABLE);
                base_err_clear(&err);
                assert_int_equal(store_run_fail(store, run.id, &why, &err), 0);
            }
            assert_int_equal(store_run_fail(store, run.id, &why, &err), -1); /* over is over */
            assert_int_equal(store_run_record(store, run.id, &ten, NULL, 0, NULL), -1);
            assert_int_equal(store_run_attempt(store, run.id, &after, NULL), -1);
            assert_int_equal(store_run_get(store, run.id, &after, NULL), 0);
            assert_int_equal(after.err.code, may ? ERR_CANCELLED_BY_USER : ERR_SRC_CHUNK_GAP);
            assert_true(after.finished_us > 0);
            model_run_free(&after);
            model_run_free(&run);
        }
    }
    store_sync_free(&sync);
    place_remove(&place);
}

static void test_attempts_and_journal(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_state *store = place.store;
    struct store_sync sync = a_sync(store);
    struct model_run run, second;
    intend(store, sync.sync_uuid, &run);
    walk_to(store, run.id, RUN_RUNNING);
    assert_int_equal(store_statement_put(store, run.id, 1, 0, "stmt-1", &err), 0);
    struct store_group group = {.group = 3, .part = "part-00000.parquet", .rows = 5, .state = 1};
    assert_int_equal(store_group_put(store, run.id, &group, &err), 0);
    group.state = 3;
    group.sha256[31] = 0xab;
    assert_int_equal(store_group_put(store, run.id, &group, &err), 0);
    struct store_group *groups;
    size_t count;
    assert_int_equal(store_group_list(store, run.id, &groups, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(groups[0].state, 3);
    assert_int_equal(groups[0].sha256[31], 0xab);
    free(groups);
    assert_int_equal(store_files_put(store, run.id, two_files, 2, &err), 0);
    assert_int_equal(store_run_chunks(store, run.id, 4, 9, &err), 0);
    struct err note = ERR_INIT;
    base_err_set(&note, ERR_SRC_UNAVAILABLE, "503");
    assert_int_equal(store_run_note(store, run.id, &note, &err), 0);
    assert_int_equal(store_run_attempt(store, run.id, &second, &err), 0);
    assert_int_equal(second.attempt, 2);
    assert_int_equal(second.seq, run.seq);
    assert_int_equal(second.state, RUN_PLANNED);
    assert_int_equal(second.chunks_done, 0);
    assert_int_equal(second.err.code, ERR_SRC_UNAVAILABLE);
    assert_int_equal(store_group_list(store, run.id, &groups, &count, &err), 0);
    assert_int_equal(count, 0);
    free(groups);
    char *statement = store_statement_get(store, run.id, 1, 0, &err);
    assert_string_equal(statement, "stmt-1");
    free(statement);
    assert_null(store_statement_get(store, run.id, 2, 0, &err));
    assert_int_equal(err.code, ERR_OK);
    model_run_free(&run);
    model_run_free(&second);
    store_sync_free(&sync);
    place_remove(&place);
}

static void test_generations_and_seq(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_state *store = place.store;
    struct store_sync sync = a_sync(store);
    struct model_run run;
    size_t count = 1;
    for (int i = 0; i < 4; i++) {
        intend(store, sync.sync_uuid, &run);
        walk_to(store, run.id, RUN_PUBLISHING);
        struct store_group group = {.part = "p", .rows = 1}, *left = NULL;
        assert_int_equal(store_group_put(store, run.id, &group, &err), 0);
        assert_int_equal(store_run_record(store, run.id, &ten, two_files, 2, &err), 0);
        assert_int_equal(store_group_list(store, run.id, &left, &count, &err), 0);
        assert_int_equal(count, 0);
        free(left);
        model_run_free(&run);
    }
    int64_t *old;
    assert_int_equal(store_generations_old(store, sync.sync_uuid, 2, &old, &count, &err), 0);
    assert_int_equal(count, 2);
    assert_true(old[0] == 1 && old[1] == 2);
    free(old);
    assert_int_equal(store_generation_removed(store, sync.sync_uuid, 1, &err), 0);
    assert_int_equal(store_generations_old(store, sync.sync_uuid, 2, &old, &count, &err), 0);
    assert_true(count == 1 && old[0] == 2);
    free(old);
    /* the destination is ahead: numbers go on after it, and never back */
    int64_t seq = 0;
    const int64_t found[] = {3, 38, 40};
    intend(store, sync.sync_uuid, &run);
    assert_int_equal(store_run_renumber(store, run.id, 40, &seq, &err), 0);
    assert_int_equal(seq, 41);
    assert_int_equal(store_run_renumber(store, run.id, 7, &seq, &err), 0);
    assert_int_equal(seq, 42);
    assert_int_equal(store_run_state(store, run.id, RUN_RUNNING, &err), 0);
    assert_int_equal(store_run_renumber(store, run.id, 50, &seq, &err), -1);
    assert_int_equal(err.code, ERR_INTERNAL);
    base_err_clear(&err);
    /* what was found there is cleaned in its turn */
    assert_int_equal(store_generations_adopt(store, run.id, found, 3, &err), 0);
    assert_int_equal(store_generations_old(store, sync.sync_uuid, 2, &old, &count, &err), 0);
    assert_true(count == 3 && old[0] == 2 && old[1] == 3 && old[2] == 4);
    free(old);
    model_run_free(&run);
    assert_int_equal(store_run_last_good(store, sync.sync_uuid, &run, &err), 0);
    assert_int_equal(run.seq, 4);
    model_run_free(&run);
    /* the table is the same in any case of letters; another destination is another sync */
    struct model_name upper = {(char *)"SHOP", (char *)"aampe", (char *)"EVENTS"};
    struct store_sync same, other;
    assert_int_equal(store_sync_ensure(store, &upper, "file:///srv/data", &same, &err), 0);
    assert_string_equal(same.sync_uuid, sync.sync_uuid);
    assert_int_equal(store_sync_ensure(store, &upper, "file:///srv/other", &other, &err), 0);
    assert_string_not_equal(other.sync_uuid, sync.sync_uuid);
    store_sync_free(&same);
    store_sync_free(&other);
    store_sync_free(&sync);
    place_remove(&place);
}

static void test_lists(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT, why = {.code = ERR_SRC_PERM_TABLE};
    place_open(&place);
    struct store_state *store = place.store;
    int64_t batch = 0;
    for (int i = 0; i < 30; i++) {
        char table[16];
        snprintf(table, sizeof table, "T%d", i % 3);
        struct model_name name = {(char *)"c", (char *)"s", table};
        struct store_sync sync;
        struct model_run run;
        assert_int_equal(store_sync_ensure(store, &name, "d", &sync, &err), 0);
        batch = intend(store, sync.sync_uuid, &run);
        if (i % 2 == 0)
            assert_int_equal(store_run_fail(store, run.id, &why, &err), 0);
        else
            assert_int_equal(store_run_cancel(store, run.id, 0, &err), 0);
        model_run_free(&run);
        store_sync_free(&sync);
    }
    struct model_run *runs;
    size_t count;
    int64_t total;
    struct store_run_filter filter = {.limit = 4, .offset = 2};
    assert_int_equal(store_run_list(store, &filter, &runs, &count, &total, &err), 0);
    assert_true(count == 4 && total == 30 && runs[0].id == 28);
    assert_string_equal(runs[0].table.table, "T0");
    store_runs_free(runs, count);
    struct model_name t1 = {(char *)"C", (char *)"S", (char *)"t1"};
    filter = (struct store_run_filter){.table = &t1, .failed_only = true};
    assert_int_equal(store_run_list(store, &filter, &runs, &count, &total, &err), 0);
    assert_true(count == 5 && total == 5);
    assert_int_equal(runs[0].err.code, ERR_SRC_PERM_TABLE);
    store_runs_free(runs, count);
    filter = (struct store_run_filter){.batch = batch};
    assert_int_equal(store_run_list(store, &filter, &runs, &count, NULL, &err), 0);
    assert_int_equal(count, 1);
    store_runs_free(runs, count);
    struct store_batch *batches;
    assert_int_equal(store_batch_list(store, 0, 3, &batches, &count, &err), 0);
    assert_true(count == 3 && batches[0].id == batch);
    free(batches);
    struct model_run none;
    assert_int_equal(store_run_get(store, 999, &none, &err), -1);
    assert_int_equal(err.code, ERR_RUN_NOT_FOUND);
    place_remove(&place);
}

static void test_transaction(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_state *store = place.store;
    struct store_sync sync = a_sync(store);
    struct model_run run, none;
    assert_int_equal(store_tx_begin(store, &err), 0);
    intend(store, sync.sync_uuid, &run);
    store_tx_rollback(store);
    assert_int_equal(store_run_get(store, run.id, &none, NULL), -1);
    model_run_free(&run);
    assert_int_equal(store_tx_begin(store, &err), 0);
    intend(store, sync.sync_uuid, &run);
    /* a verb that fails inside takes nothing of the others with it */
    assert_int_equal(store_run_state(store, run.id, RUN_STAGED, &err), -1);
    base_err_clear(&err);
    assert_int_equal(store_tx_commit(store, &err), 0);
    assert_int_equal(store_run_get(store, run.id, &none, &err), 0);
    assert_int_equal(none.seq, 1); /* the number of the one rolled back is free again */
    model_run_free(&none);
    model_run_free(&run);
    store_sync_free(&sync);
    place_remove(&place);
}

/* kill -9 between transactions and inside one: what was committed is there, the rest is not. */
static void test_kill(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    struct store_sync sync = a_sync(place.store);
    place_close(&place);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct model_run run;
        place_open(&place);
        intend(place.store, sync.sync_uuid, &run);
        walk_to(place.store, run.id, RUN_STAGED);
        if (store_tx_begin(place.store, &err) != 0 ||
            store_run_state(place.store, run.id, RUN_VERIFIED, &err) != 0)
            _exit(1);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    place_open(&place); /* the lock went with the process */
    struct model_run *open;
    size_t count;
    assert_int_equal(store_runs_unresolved(place.store, &open, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_int_equal(open[0].state, RUN_STAGED);
    store_runs_free(open, count);
    store_sync_free(&sync);
    place_remove(&place);
}

static void test_lock(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    char pid[32];
    place_open(&place);
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_LOCKED);
    snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    assert_non_null(strstr(err.message, pid));
    base_err_clear(&err);
    store_free(&place.store);
    assert_int_equal(chmod(place.folder, 0777), 0);
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_SECRET_EXPOSED);
    assert_int_equal(chmod(place.folder, 0700), 0);
    place_remove(&place);
}

static void overwrite(const char *path, long offset, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    for (int i = 0; i < 64; i++)
        assert_true(pwrite(fd, text, strlen(text), offset + i * (long)strlen(text)) > 0);
    close(fd);
}

static void test_damaged(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    store_free(&place.store);
    char *path = base_file_join(place.folder, "state.db");
    overwrite(path, 4096, "garbage");
    overwrite(path, 8192, "garbage");
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_CORRUPT);
    base_err_clear(&err);
    assert_int_equal(
        base_file_write_atomic(path, "this is no database, it is text", 31, 0600, NULL), 0);
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_CORRUPT);
    base_err_clear(&err);
    /* a database of somebody else */
    unlink(path);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE x(y)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_CORRUPT);
    base_err_clear(&err);
    /* one of ours, from the future */
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA application_id=1094798672; PRAGMA user_version=99",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    assert_null(store_open(place.folder, place.seam, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_NEWER);
    free(path);
    base_seam_free(&place.seam);
    assert_int_equal(base_file_remove_tree(place.folder, NULL), 0);
}

static void test_backup_and_restore(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    struct model_run run;
    char *backup;
    place_open(&place);
    struct store_sync sync = a_sync(place.store);
    intend(place.store, sync.sync_uuid, &run);
    assert_int_equal(store_backup(place.store, &backup, &err), 0);
    struct stat st;
    assert_int_equal(stat(backup, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    walk_to(place.store, run.id, RUN_PUBLISHING);
    assert_int_equal(store_run_record(place.store, run.id, &ten, two_files, 2, &err), 0);
    for (int i = 0; i < 9; i++) { /* only the newest seven stay, so the first goes after these */
        base_seam_turn(place.seam, 60);
        if (i < 6)
            assert_int_equal(store_backup(place.store, NULL, &err), 0);
    }
    store_free(&place.store);
    struct buf bytes;
    base_buf_init(&bytes, 64 << 20);
    char *path = base_file_join(place.folder, "state.db");
    assert_int_equal(base_file_read(backup, 64 << 20, &bytes, &err), 0);
    assert_int_equal(base_file_write_atomic(path, bytes.data, bytes.len, 0600, &err), 0);
    base_buf_free(&bytes);
    place.store = store_open(place.folder, place.seam, &err);
    assert_non_null(place.store);
    struct model_run old;
    assert_int_equal(store_run_get(place.store, run.id, &old, &err), 0);
    assert_int_equal(old.state, RUN_PLANNED); /* the destination will say that it is ahead */
    model_run_free(&old);
    assert_int_equal(store_backup(place.store, NULL, &err), 0);
    assert_int_equal(access(backup, F_OK), -1);
    free(path);
    free(backup);
    model_run_free(&run);
    store_sync_free(&sync);
    place_remove(&place);
}

static int backups(const struct place *place)
{
    char *folder = base_file_join(place->folder, "backups");
    DIR *dir = opendir(folder);
    int count = 0;
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL)
        count += strncmp(entry->d_name, "state-", 6) == 0;
    if (dir != NULL)
        closedir(dir);
    free(folder);
    return count;
}

static void test_daily(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    place_open(&place);
    for (int hour = 0; hour <= 48; hour++) {
        assert_int_equal(store_tick(place.store, &err), 0);
        assert_int_equal(store_tick(place.store, &err), 0);
        assert_int_equal(backups(&place), 1 + hour / 24);
        base_seam_turn(place.seam, 3600);
    }
    for (int day = 0; day < 9; day++) {
        base_seam_turn(place.seam, 24 * 3600);
        assert_int_equal(store_tick(place.store, &err), 0);
    }
    assert_int_equal(backups(&place), 7);
    /* a new start on the same day makes no other */
    store_free(&place.store);
    place.store = store_open(place.folder, place.seam, &err);
    assert_non_null(place.store);
    assert_int_equal(store_tick(place.store, &err), 0);
    assert_int_equal(backups(&place), 7);
    place_remove(&place);
}

/* The disk is full to the last byte: the ballast is given up and the failure can still be recorded.
 */
static void test_disk_full(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT, why = {.code = ERR_HOST_DISK_FULL};
    struct model_run run;
    snprintf(place.folder, sizeof place.folder, "/tmp/aampe-store-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    if (mount("aampe-test", place.folder, "tmpfs", 0, "size=16m,mode=700") != 0) {
        print_message("cannot mount a small filesystem (%s)\n", strerror(errno));
        rmdir(place.folder);
        skip();
    }
    place_open(&place);
    assert_false(store_ballast_spent(place.store));
    struct store_sync sync = a_sync(place.store);
    intend(place.store, sync.sync_uuid, &run);
    char *path = base_file_join(place.folder, "filler"), block[4096] = {1};
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    char big[20000];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_int_equal(store_fact_put(place.store, "big", big, &err), 0);
    assert_true(store_ballast_spent(place.store));
    assert_int_equal(store_run_fail(place.store, run.id, &why, &err), 0);
    store_ballast_restore(place.store);
    assert_true(store_ballast_spent(place.store)); /* no room for it yet */
    assert_int_equal(unlink(path), 0);
    store_ballast_restore(place.store);
    assert_false(store_ballast_spent(place.store));
    /* with nothing left to give the error is told, and the state stays whole */
    fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, block, sizeof block) > 0)
        ;
    char *ballast = base_file_join(place.folder, "ballast");
    assert_int_equal(unlink(ballast), 0);
    while (write(fd, block, sizeof block) > 0)
        ;
    close(fd);
    int rc = 0;
    for (int i = 0; i < 400 && rc == 0; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        rc = store_fact_put(place.store, key, big, &err);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(err.code, ERR_HOST_DISK_FULL);
    assert_int_equal(unlink(path), 0);
    base_err_clear(&err);
    assert_int_equal(store_fact_put(place.store, "after", "1", &err), 0);
    place_close(&place);
    place_open(&place);
    char *after = store_fact_get(place.store, "after", &err);
    assert_string_equal(after, "1");
    free(after);
    free(path);
    free(ballast);
    model_run_free(&run);
    store_sync_free(&sync);
    place_close(&place);
    assert_int_equal(umount(place.folder), 0);
    assert_int_equal(rmdir(place.folder), 0);
}

static void test_oplog(void **state)
{
    (void)state;
    struct place place = {0};
    struct err err = ERR_INIT;
    int64_t lines, bad;
    place_open(&place);
    for (int i = 0; i < 5; i++) {
        cJSON *detail = base_json_object();
        base_json_add_i64(detail, "n", i);
        assert_int_equal(store_oplog_add(place.store, 1000 + i, "share.add", detail, &err), 0);
        cJSON_Delete(detail);
    }
    assert_int_equal(store_oplog_verify(place.store, &lines, &bad, &err), 0);
    assert_true(lines == 5 && bad == 0);
    cJSON *list = store_oplog_list(place.store, 1, 2, &err);
    assert_int_equal(cJSON_GetArraySize(list), 2);
    assert_int_equal(base_json_i64_or(cJSON_GetArrayItem(list, 0), "id", 0), 4);
    cJSON_Delete(list);
    assert_int_equal(store_db_exec(place.store->db, "UPDATE oplog SET uid=0 WHERE id=3", &err), 0);
    assert_int_equal(store_oplog_verify(place.store, &lines, &bad, &err), 0);
    assert_int_equal(bad, 3);
    assert_int_equal(store_db_exec(place.store->db,
                                   "UPDATE oplog SET uid=1002 WHERE id=3;"
                                   "DELETE FROM oplog WHERE id=2",
                                   &err),
                     0);
    assert_int_equal(store_oplog_verify(place.store, &lines, &bad, &err), 0);
    assert_int_equal(bad, 3);
    struct store_secret_info info = {.name = "principal", .fingerprint = "0123abcd"}, *infos;
    size_t count;
    assert_int_equal(store_secret_info_put(place.store, &info, &err), 0);
    assert_int_equal(store_secret_info_list(place.store, &infos, &count, &err), 0);
    assert_int_equal(count, 1);
    assert_string_equal(infos[0].fingerprint, "0123abcd");
    free(infos);
    assert_int_equal(store_secret_info_remove(place.store, "principal", &err), 0);
    assert_int_equal(store_fact_put(place.store, "draft", "{\"a\":1}", &err), 0);
    assert_int_equal(store_fact_put(place.store, "draft", NULL, &err), 0);
    assert_null(store_fact_get(place.store, "draft", &err));
    assert_int_equal(err.code, ERR_OK);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run_life),
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_attempts_and_journal),
        cmocka_unit_test(test_generations_and_seq),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_transaction),
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_backup_and_restore),
        cmocka_unit_test(test_daily),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_oplog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
