/* What the destination must be able to do, tried out before the first run (crash point L6). */
#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int probe_rename(struct storage_local *local, const char *folder, struct err *err)
{
    char *a = base_printf("%s/a", folder), *b = base_printf("%s/b", folder);
    int rc = -1;
    if (local_mkdir(local, a, 0700, err) == 0 && local_mkdir(local, b, 0700, err) == 0) {
        if (local_rename(local, a, b, false) == 0)
            base_err_set(err, ERR_HOST_FS_UNFIT,
                         "the filesystem of '%s' replaces where it must refuse", local->base.root);
        else if (errno != EEXIST)
            base_err_set(err, ERR_HOST_FS_UNFIT,
                         "the filesystem of '%s' cannot rename without replacing: %s",
                         local->base.root, strerror(errno));
        else if (local_unlink(local, b, true, err) == 0) {
            rc = local_rename(local, a, b, false);
            if (rc != 0)
                local_errno(local, err, errno, "cannot rename in '%s'", local->base.root);
        }
    }
    local_unlink(local, a, true, NULL);
    local_unlink(local, b, true, NULL);
    free(a);
    free(b);
    return rc;
}

static int probe_swap(struct storage_local *local, const char *folder, struct err *err)
{
    int fd = local_open_dir(local, folder, err);
    if (fd < 0)
        return -1;
    char target[8] = "";
    int rc = 0;
    if (symlinkat("one", fd, "link") != 0 || symlinkat("two", fd, "next") != 0 ||
        renameat(fd, "next", fd, "link") != 0 || readlinkat(fd, "link", target, 4) != 3 ||
        strncmp(target, "two", 3) != 0)
        rc = base_err_set(err, ERR_HOST_FS_UNFIT, "the filesystem of '%s' cannot swap a link: %s",
                          local->base.root, strerror(errno));
    unlinkat(fd, "next", 0);
    unlinkat(fd, "link", 0);
    close(fd);
    return rc;
}

static int probe_write(struct storage_local *local, const char *folder, struct err *err)
{
    char *path = base_printf("%s/file", folder);
    char block[4096] = {1};
    struct buf read;
    base_buf_init(&read, sizeof block + 1);
    int rc = local_write(local, path, block, sizeof block, err);
    if (rc == 0)
        rc = local_fsync_dir(local, folder, err);
    if (rc == 0)
        rc = local_read(local, path, sizeof block, &read, err);
    if (rc == 0 && (read.len != sizeof block || memcmp(read.data, block, sizeof block) != 0))
        rc = base_err_set(err, ERR_HOST_IO_ERROR, "'%s' does not read back as it was written",
                          local->base.root);
    local_unlink(local, path, false, NULL);
    base_buf_free(&read);
    free(path);
    return rc;
}

/* Tables get folders of their own beside the staging. */
static int probe_beside(struct storage_local *local, const char *hex, struct err *err)
{
    char *folder = base_printf(".aampe-probe-%s", hex);
    int rc = local_mkdir(local, folder, 0700, err);
    local_unlink(local, folder, true, NULL);
    free(folder);
    return rc;
}

static int probe_all(struct storage_local *local, struct err *err)
{
    uint8_t random[8];
    char hex[17];
    base_seam_random(local->base.seam, random, sizeof random);
    base_hex(random, sizeof random, hex);
    char *folder = base_printf(LOCAL_STAGING "/probe-%s", hex);
    int rc = local_mkdir(local, folder, 0700, err);
    if (rc == 0) {
        if (probe_write(local, folder, err) != 0 || probe_rename(local, folder, err) != 0 ||
            probe_swap(local, folder, err) != 0 || probe_beside(local, hex, err) != 0)
            rc = -1;
        local_unlink(local, folder, true, NULL);
    }
    free(folder);
    return rc;
}

static int probe_device(struct storage_local *local, struct err *err)
{
    struct stat root, staging;
    int fd = local_open_dir(local, LOCAL_STAGING, err);
    if (fd < 0)
        return -1;
    int rc = 0;
    if (fstat(local->root_fd, &root) != 0 || fstat(fd, &staging) != 0)
        rc = local_errno(local, err, errno, "cannot look at '%s'", local->base.root);
    else if (root.st_dev != staging.st_dev)
        rc = base_err_set(err, ERR_HOST_FS_UNFIT,
                          "'" LOCAL_STAGING "' lies on another filesystem than '%s'",
                          local->base.root);
    close(fd);
    return rc;
}

static int probe_root(struct storage_local *local, struct err *err)
{
    if (base_file_mkdir_all(local->base.root, 0777 & ~local->mask, err) != 0)
        return base_err_context(err, "destination '%s'", local->base.root);
    if (local->root_fd >= 0)
        close(local->root_fd);
    local->root_fd = open(local->base.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (local->root_fd < 0)
        return base_err_errno(err, errno, "cannot open destination '%s'", local->base.root);
    return 0;
}

static int probe(struct storage_local *local, struct err *err)
{
    if (probe_root(local, err) == 0 && local_mkdir(local, LOCAL_STAGING, 0700, err) == 0 &&
        probe_device(local, err) == 0 && probe_all(local, err) == 0)
        return 0;
    if (strstr(err->message, local->base.root) == NULL)
        base_err_context(err, "destination '%s'", local->base.root);
    return -1;
}

void local_probe(struct storage_local *local, struct storage_job *job)
{
    base_err_clear(&local->probe_err);
    if (probe(local, &job->err) == 0)
        local_space(local, &job->reply);
    else
        local->probe_err = job->err;
}

int local_root_follow(struct storage_local *local, struct err *err)
{
    struct stat open_now, named;
    if (local->root_fd >= 0 && fstat(local->root_fd, &open_now) == 0 &&
        stat(local->base.root, &named) == 0 && open_now.st_dev == named.st_dev &&
        open_now.st_ino == named.st_ino)
        return 0;
    if (probe(local, err) == 0)
        return 0;
    if (local->root_fd >= 0)
        close(local->root_fd);
    local->root_fd = -1;
    return -1;
}
