#define _GNU_SOURCE

#include "store/state.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "store/state_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKUPS_KEPT 7
#define HOUR_US (3600 * INT64_C(1000000))
#define DAY_US (24 * HOUR_US)

bool store_ballast_lay(const char *folder)
{
    char *path = base_file_join(folder, "ballast");
    struct stat st;
    bool there = lstat(path, &st) == 0 && st.st_size >= STORE_BALLAST_BYTES;
    if (!there) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        there = fd >= 0 && posix_fallocate(fd, 0, STORE_BALLAST_BYTES) == 0;
        if (fd >= 0)
            close(fd);
        if (fd >= 0 && !there)
            unlink(path); /* half a ballast would only fill the disk further */
    }
    free(path);
    return there;
}

bool store_ballast_free(const char *folder)
{
    char *path = base_file_join(folder, "ballast");
    bool freed = unlink(path) == 0;
    free(path);
    return freed;
}

static int state_commit(struct store_state *store, struct err *err)
{
    struct err cause = ERR_INIT;
    if (store_db_exec(store->db, "COMMIT", &cause) == 0)
        return 0;
    if (cause.code == ERR_HOST_DISK_FULL && !sqlite3_get_autocommit(store->db) &&
        store_ballast_free(store->folder)) {
        store->ballast_spent = true;
        base_err_clear(&cause);
        if (store_db_exec(store->db, "COMMIT", &cause) == 0)
            return 0;
    }
    if (err != NULL && err->code == ERR_OK)
        *err = cause;
    return -1;
}

static void state_rollback(struct store_state *store)
{
    /* many SQLite errors have rolled back already; then there is nothing to do and nothing to tell
     */
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

static int state_savepoint(struct store_state *store, store_body_fn *body, void *arg,
                           struct err *err)
{
    if (store_db_exec(store->db, "SAVEPOINT verb", err) != 0)
        return -1;
    if (body(store, arg, err) == 0)
        return store_db_exec(store->db, "RELEASE verb", err);
    sqlite3_exec(store->db, "ROLLBACK TO verb; RELEASE verb", NULL, NULL, NULL);
    return -1;
}

int store_write(struct store_state *store, store_body_fn *body, void *arg, struct err *err)
{
    if (store->in_tx)
        return state_savepoint(store, body, arg, err);
    for (;;) {
        struct err cause = ERR_INIT;
        if (store_db_exec(store->db, "BEGIN IMMEDIATE", &cause) == 0 &&
            body(store, arg, &cause) == 0 && state_commit(store, &cause) == 0)
            return 0;
        state_rollback(store);
        if (cause.code == ERR_HOST_DISK_FULL && store_ballast_free(store->folder)) {
            store->ballast_spent = true;
            continue;
        }
        if (err != NULL && err->code == ERR_OK)
            *err = cause;
        return -1;
    }
}

int store_tx_begin(struct store_state *store, struct err *err)
{
    if (store->in_tx)
        bug("transactions of the state do not nest");
    if (store_db_exec(store->db, "BEGIN IMMEDIATE", err) != 0)
        return -1;
    store->in_tx = true;
    return 0;
}

int store_tx_commit(struct store_state *store, struct err *err)
{
    if (!store->in_tx)
        bug("commit without a transaction");
    store->in_tx = false;
    if (sqlite3_get_autocommit(store->db))
        return base_err_set(err, ERR_HOST_DISK_FULL,
                            "the transaction was rolled back by an earlier error");
    if (state_commit(store, err) == 0)
        return 0;
    state_rollback(store);
    return -1;
}

void store_tx_rollback(struct store_state *store)
{
    state_rollback(store);
    store->in_tx = false;
}

/* The lock is on the folder itself, so it cannot be removed under us; the file only tells people
 * who holds it. */
static int folder_lock(const char *folder, struct base_seam *seam, int *lock_fd, struct err *err)
{
    char *name = base_file_join(folder, "engine.pid");
    int rc = 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        rc = base_err_errno(err, errno, "cannot open '%s'", folder);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        struct buf holder;
        base_buf_init(&holder, 256);
        if (base_file_read(name, 256, &holder, NULL) != 0 || holder.len == 0)
            base_err_set(err, ERR_HOST_STATE_LOCKED, "'%s' is in use by another engine", folder);
        else
            base_err_set(err, ERR_HOST_STATE_LOCKED, "'%s' is in use by %s", folder, holder.data);
        base_buf_free(&holder);
        close(fd);
        rc = -1;
    } else {
        char since[32];
        base_time_format(base_seam_now_us(seam), since);
        char *text =
            base_printf("pid %ld, uid %ld, since %s", (long)getpid(), (long)getuid(), since);
        /* a full disk must not keep the engine from starting: the pid is for people only */
        if (base_file_write_atomic(name, text, strlen(text), 0600, NULL) != 0)
            unlink(name);
        free(text);
        *lock_fd = fd;
    }
    free(name);
    return rc;
}

static int folder_prepare(const char *folder, struct err *err)
{
    if (base_file_mkdir_all(folder, 0700, err) != 0)
        return -1;
    struct stat st;
    if (stat(folder, &st) != 0)
        return base_err_errno(err, errno, "cannot look at '%s'", folder);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return base_err_set(err, ERR_HOST_PERMISSION, "'%s' belongs to uid %u, this is uid %u",
                            folder, (unsigned)st.st_uid, (unsigned)geteuid());
    if ((st.st_mode & 022) != 0) {
        base_err_set(err, ERR_HOST_SECRET_EXPOSED, "others may write to '%s' (mode %04o)", folder,
                     st.st_mode & 07777U);
        base_err_hint(err, "chmod 700 '%s'", folder);
        return -1;
    }
    return 0;
}

int store_check(struct store_state *store, struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(store->db, err, "PRAGMA quick_check(1)", "");
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1 && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0)
        rc = base_err_set(err, ERR_HOST_STATE_CORRUPT, "the state database is damaged: %s",
                          (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    return rc < 0 ? -1 : 0;
}

/* The way back, with the name of the backup, so that nobody has to look for it at night. */
static void corrupt_hint(const struct store_state *store, struct err *err)
{
    int64_t newest = store_backup_newest(store);
    if (err && err->code == ERR_HOST_STATE_CORRUPT && newest)
        base_err_hint(err,
                      "In '%.120s': remove state.db-wal, copy backups/state-%020lld.db over "
                      "state.db. What lies at the destination is whole.",
                      store->folder, (long long)newest);
}

static int state_load(struct store_state *store, struct err *err)
{
    char *path = base_file_join(store->folder, "state.db");
    store->db = store_db_open(path, "FULL", err);
    free(path);
    if (store->db == NULL || store_check(store, err) != 0) {
        corrupt_hint(store, err);
        return base_err_context(err, "state in '%s'", store->folder);
    }
    return store_migrate(store, err);
}

struct store_state *store_open(const char *folder, struct base_seam *seam, struct err *err)
{
    int lock_fd = -1;
    if (folder_prepare(folder, err) != 0 || folder_lock(folder, seam, &lock_fd, err) != 0)
        return NULL;
    struct store_state *store = base_alloc_zero(1, sizeof *store);
    store->folder = base_strdup(folder);
    store->seam = seam;
    store->lock_fd = lock_fd;
    if (state_load(store, err) != 0)
        store_free(&store);
    else
        store->ballast_spent = !store_ballast_lay(folder);
    return store;
}

void store_free(struct store_state **store_ptr)
{
    struct store_state *store = *store_ptr;
    if (store == NULL)
        return;
    if (store->in_tx)
        store_tx_rollback(store);
    store_db_close(&store->db);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->folder);
    base_free(store_ptr);
}

bool store_ballast_spent(const struct store_state *store)
{
    return store->ballast_spent;
}

void store_ballast_restore(struct store_state *store)
{
    if (store->ballast_spent)
        store->ballast_spent = !store_ballast_lay(store->folder);
}

static int backup_copy(struct store_state *store, const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return base_err_errno(err, errno, "cannot make '%s'", path);
    close(fd);
    sqlite3 *copy = NULL;
    int rc = -1;
    if (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, NULL) ==
        SQLITE_OK) {
        sqlite3_backup *backup = sqlite3_backup_init(copy, "main", store->db, "main");
        if (backup != NULL && sqlite3_backup_step(backup, -1) == SQLITE_DONE)
            rc = 0;
        if (backup != NULL)
            sqlite3_backup_finish(backup);
    }
    if (rc != 0 && copy != NULL)
        store_db_error(copy, err, "backup of the state");
    else if (rc != 0)
        base_err_set(err, ERR_HOST_MEMORY, "no memory for SQLite");
    sqlite3_close(copy);
    if (rc != 0)
        unlink(path);
    return rc;
}

static int newest_last(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_backup(const struct dirent *entry)
{
    return strncmp(entry->d_name, "state-", 6) == 0;
}

static void backups_thin(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_backup, newest_last);
    for (int i = 0; i < count; i++) {
        if (i < count - BACKUPS_KEPT) {
            char *path = base_file_join(folder, entries[i]->d_name);
            unlink(path);
            free(path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int store_backup(struct store_state *store, char **path_out, struct err *err)
{
    char *folder = base_file_join(store->folder, "backups");
    char *path =
        base_printf("%s/state-%020lld.db", folder, (long long)base_seam_now_us(store->seam));
    int rc = base_file_mkdir_all(folder, 0700, err);
    if (rc == 0)
        rc = backup_copy(store, path, err);
    if (rc == 0) {
        backups_thin(folder);
        rc = base_file_fsync_dir(folder, err);
    }
    free(folder);
    if (rc == 0 && path_out != NULL)
        *path_out = path;
    else
        free(path);
    return rc;
}

int64_t store_backup_newest(const struct store_state *store)
{
    struct dirent **entries;
    char *folder = base_file_join(store->folder, "backups");
    int count = scandir(folder, &entries, is_backup, newest_last);
    int64_t newest = 0;
    for (int i = 0; i < count; i++) {
        if (i == count - 1)
            newest = strtoll(entries[i]->d_name + strlen("state-"), NULL, 10);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(folder);
    return newest;
}

int store_tick(struct store_state *store, struct err *err)
{
    int64_t now = base_seam_now_us(store->seam);
    if (now < store->tick_us && store->tick_us - now <= HOUR_US)
        return 0;
    store->tick_us = now + HOUR_US;
    store_ballast_restore(store);
    int64_t newest = store_backup_newest(store);
    if (store->in_tx || (newest <= now && now - newest < DAY_US))
        return 0;
    return store_backup(store, NULL, err);
}

char *store_table_key(const struct model_name *table)
{
    char *key = model_name_text(table);
    base_text_lower(key);
    return key;
}
