#include "store/health.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "store/state_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_MAX ((int64_t)1 << 30)

int store_health(struct store_state *store, struct store_health *out, struct err *err)
{
    int64_t pages = 0, size = 0;
    *out = (struct store_health){.ballast_spent = store->ballast_spent};
    if (store_check(store, err) != 0 ||
        store_db_number(store->db, err, &out->version, 0, "PRAGMA user_version", "") != 0 ||
        store_db_number(store->db, err, &pages, 0, "PRAGMA page_count", "") != 0 ||
        store_db_number(store->db, err, &size, 0, "PRAGMA page_size", "") != 0)
        return -1;
    out->bytes = pages * size;
    out->backup_us = store_backup_newest(store);
    return 0;
}

char *store_holder(const char *folder)
{
    char *name = base_file_join(folder, "engine.pid"), *text = NULL;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct buf holder;
    base_buf_init(&holder, 256);
    if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0) {
        if (base_file_read(name, 256, &holder, NULL) == 0 && holder.len)
            text = base_text_clean_dup(holder.data, 200);
        else
            text = base_strdup("another engine");
    }
    if (fd >= 0)
        close(fd);
    base_buf_free(&holder);
    free(name);
    return text;
}

static int copy_bytes(int from, int to, const char *path, struct err *err)
{
    char block[65536];
    int64_t total = 0;
    for (;;) {
        ssize_t n = read(from, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return base_err_errno(err, errno, "cannot read '%s'", path);
        if (n == 0)
            return 0;
        total += n;
        if (total > COPY_MAX)
            return base_err_set(err, ERR_LIMIT_EXCEEDED, "'%s' is too large to be looked at", path);
        if (base_file_write_all(to, block, (size_t)n) != 0)
            return base_err_errno(err, errno, "cannot copy '%s'", path);
    }
}

static int copy_file(const char *folder, const char *name, const char *to_folder, struct err *err)
{
    char *from = base_file_join(folder, name), *to = base_file_join(to_folder, name);
    int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = -1;
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0)
        base_err_errno(err, errno, "cannot open '%s'", from);
    else if (out < 0)
        base_err_errno(err, errno, "cannot make '%s'", to);
    else
        rc = copy_bytes(in, out, from, err);
    if (out >= 0)
        close(out);
    if (in >= 0)
        close(in);
    free(from);
    free(to);
    return rc;
}

/* The log beside the database is part of it; usually it is not there. */
static int copy_state(const char *folder, const char *to, struct err *err)
{
    struct err log = ERR_INIT;
    if (copy_file(folder, "state.db", to, err) != 0)
        return -1;
    if (copy_file(folder, "state.db-wal", to, &log) == 0 || log.sys_errno == ENOENT)
        return 0;
    *err = log;
    return -1;
}

struct store_state *store_open_copy(const char *folder, struct base_seam *seam, struct err *err)
{
    char name[] = "/tmp/aampe-state-XXXXXX";
    struct store_state *store = NULL;
    if (mkdtemp(name) == NULL) {
        base_err_errno(err, errno, "cannot make a temporary folder");
        return NULL;
    }
    if (copy_state(folder, name, err) == 0) {
        char *path = base_file_join(name, "state.db");
        store = base_alloc_zero(1, sizeof *store);
        store->folder = base_strdup(folder);
        store->seam = seam;
        store->lock_fd = -1;
        store->db = store_db_open(path, "OFF", err);
        if (store->db == NULL || store_check(store, err) != 0 ||
            store_schema_known(store, err) != 0)
            store_free(&store);
        free(path);
    }
    (void)!base_file_remove_tree(name, NULL);
    return store;
}
