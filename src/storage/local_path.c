#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

int local_errno(struct storage_local *local, struct err *err, int error, const char *fmt, ...)
{
    va_list args;
    struct statvfs fs;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    if (error == ENOSPC && local->root_fd >= 0 && fstatvfs(local->root_fd, &fs) == 0 &&
        fs.f_bavail > 0 && fs.f_files > 0 && fs.f_favail == 0)
        base_err_set(err, ERR_HOST_INODES_FULL, "%s: no inode left (%llu in use)", text,
                     (unsigned long long)fs.f_files);
    else if (error == ELOOP || error == EXDEV)
        base_err_set(err, error == ELOOP ? ERR_HOST_PERMISSION : ERR_HOST_FS_UNFIT, "%s: %s", text,
                     error == ELOOP ? "a symbolic link is in its place"
                                    : "it lies on another filesystem");
    else if (error == ENOTDIR)
        base_err_set(err, ERR_DEST_NOT_EMPTY, "%s: something else is in its place", text);
    else
        base_err_errno(err, error, "%s", text);
    if (err != NULL && err->sys_errno == 0)
        err->sys_errno = error;
    free(text);
    return -1;
}

/* O_DIRECTORY says "not a folder" of a link too; who planted it shall be told apart from a plain
 * mistake. */
static int open_error(int at, const char *name, int error)
{
    struct stat st;
    if (error == ENOTDIR && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return ELOOP;
    return error;
}

/* Without openat2 (old kernel, some sandboxes): part by part, no links. */
static int open_stepwise(int root_fd, const char *path, int flags, mode_t mode)
{
    char *copy = base_strdup(path);
    char *rest = copy, *slash;
    int at = root_fd, error = 0;
    while (error == 0 && (slash = strchr(rest, '/')) != NULL) {
        *slash = '\0';
        int next = strcmp(rest, "..") == 0
                       ? -1
                       : openat(at, rest, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        error = next < 0 ? open_error(at, rest, errno) : 0;
        if (at != root_fd)
            close(at);
        at = next;
        rest = slash + 1;
    }
    int fd = -1;
    if (error == 0) {
        fd = strcmp(rest, "..") == 0 ? -1 : openat(at, rest, flags | O_NOFOLLOW | O_CLOEXEC, mode);
        error = fd < 0 ? open_error(at, rest, errno) : 0;
        if (at != root_fd)
            close(at);
    }
    free(copy);
    errno = error;
    return fd;
}

int local_open(struct storage_local *local, const char *path, int flags, mode_t mode)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .mode = (flags & O_CREAT) != 0 ? mode : 0,
                           .resolve =
                               RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd;
    if (local->stepwise)
        return open_stepwise(local->root_fd, path, flags, mode);
    do {
        fd = syscall(SYS_openat2, local->root_fd, path, &how, sizeof how);
    } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    local->stepwise = fd < 0 && errno == ENOSYS;
    if (fd < 0 &&
        (errno == ENOSYS || errno == EPERM)) /* a filter may say EPERM for unknown calls */
        return open_stepwise(local->root_fd, path, flags, mode);
    return (int)fd;
}

int local_open_dir(struct storage_local *local, const char *path, struct err *err)
{
    int fd = local_open(local, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        local_errno(local, err, errno, "folder '%s'", path);
    return fd;
}

/* Opens the folder a path lies in; *leaf points into path. */
static int open_parent(struct storage_local *local, const char *path, const char **leaf)
{
    const char *slash = strrchr(path, '/');
    *leaf = slash != NULL ? slash + 1 : path;
    if (slash == NULL)
        return local_open(local, ".", O_RDONLY | O_DIRECTORY, 0);
    char *folder = base_strndup(path, (size_t)(slash - path));
    int fd = local_open(local, folder, O_RDONLY | O_DIRECTORY, 0);
    int error = errno;
    free(folder);
    errno = error;
    return fd;
}

static int open_to_others(const struct storage_local *local, const char *path,
                          const struct stat *st, struct err *err)
{
    base_err_set(err, ERR_HOST_PERMISSION, "folder '%s' is open to others (mode %04o)", path,
                 st->st_mode & 07777U);
    base_err_hint(err, "Look at who has put what there, then: chmod 700 '%s/%s'", local->base.root,
                  path);
    return -1;
}

int local_mkdir(struct storage_local *local, const char *path, mode_t mode, struct err *err)
{
    const char *leaf;
    int parent = open_parent(local, path, &leaf);
    if (parent < 0)
        return local_errno(local, err, errno, "folder '%s'", path);
    int rc = 0;
    if (mkdirat(parent, leaf, mode) != 0 && errno != EEXIST)
        rc = local_errno(local, err, errno, "cannot make folder '%s'", path);
    close(parent);
    if (rc != 0)
        return -1;
    int fd = local_open_dir(local, path, err);
    if (fd < 0)
        return -1;
    struct stat st;
    if (fstat(fd, &st) != 0)
        rc = local_errno(local, err, errno, "folder '%s'", path);
    else if (st.st_uid != geteuid())
        rc = base_err_set(err, ERR_HOST_PERMISSION, "folder '%s' belongs to uid %u, this is uid %u",
                          path, (unsigned)st.st_uid, (unsigned)geteuid());
    else if (mode == 0700 && (st.st_mode & 077) != 0)
        rc = open_to_others(local, path, &st, err);
    close(fd);
    return rc;
}

int local_mkdir_parents(struct storage_local *local, const char *base, const char *name,
                        struct err *err)
{
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        char *path = base_printf("%s/%.*s", base, (int)(slash - name), name);
        int rc = local_mkdir(local, path, 0777 & ~local->mask, err);
        free(path);
        if (rc != 0)
            return -1;
    }
    return 0;
}

int local_unlink(struct storage_local *local, const char *path, bool folder, struct err *err)
{
    const char *leaf;
    int parent = open_parent(local, path, &leaf);
    if (parent < 0)
        return errno == ENOENT ? 0 : local_errno(local, err, errno, "'%s'", path);
    int rc = unlinkat(parent, leaf, folder ? AT_REMOVEDIR : 0);
    int error = errno;
    close(parent);
    if (rc == 0 || error == ENOENT)
        return 0;
    if (error == ENOTEMPTY || error == EEXIST)
        return base_err_set(err, ERR_DEST_NOT_EMPTY,
                            "folder '%s' holds files that are not of this sync", path);
    return local_errno(local, err, error, "cannot remove '%s'", path);
}

/* 0, or -1 with errno. */
int local_rename(struct storage_local *local, const char *from, const char *to, bool replace)
{
    const char *from_leaf, *to_leaf;
    int from_fd = open_parent(local, from, &from_leaf);
    if (from_fd < 0)
        return -1;
    int to_fd = open_parent(local, to, &to_leaf);
    int rc = -1, error = errno;
    if (to_fd >= 0) {
        rc = renameat2(from_fd, from_leaf, to_fd, to_leaf, replace ? 0 : RENAME_NOREPLACE);
        error = errno;
        close(to_fd);
    }
    close(from_fd);
    errno = error;
    return rc;
}

int local_fsync_dir(struct storage_local *local, const char *path, struct err *err)
{
    int fd = local_open_dir(local, path, err);
    if (fd < 0)
        return -1;
    int rc = fsync(fd) == 0
                 ? 0
                 : local_errno(local, err, errno, "cannot make folder '%s' durable", path);
    close(fd);
    return rc;
}

int local_read(struct storage_local *local, const char *path, size_t max, struct buf *out,
               struct err *err)
{
    int fd = local_open(local, path, O_RDONLY, 0);
    if (fd < 0)
        return local_errno(local, err, errno, "cannot open '%s'", path);
    char chunk[32 << 10];
    int rc = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = local_errno(local, err, errno, "cannot read '%s'", path);
        else if (n > 0 &&
                 (out->len + (size_t)n > max || base_buf_append(out, chunk, (size_t)n) != 0))
            rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "'%s' is longer than %zu bytes", path, max);
        if (n <= 0 || rc != 0)
            break;
    }
    close(fd);
    return rc;
}

int local_write(struct storage_local *local, const char *path, const void *data, size_t len,
                struct err *err)
{
    int fd = local_open(local, path, O_WRONLY | O_CREAT | O_EXCL, 0666 & ~local->mask);
    if (fd < 0)
        return local_errno(local, err, errno, "cannot make '%s'", path);
    int rc = 0;
    if (base_file_write_all(fd, data, len) != 0)
        rc = local_errno(local, err, errno, "cannot write '%s'", path);
    else if (fsync(fd) != 0)
        rc = local_errno(local, err, errno, "cannot make '%s' durable", path);
    close(fd);
    return rc;
}

bool local_exists(struct storage_local *local, const char *path)
{
    int fd = local_open(local, path, O_PATH | O_NOFOLLOW, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

void local_space(struct storage_local *local, struct storage_reply *reply)
{
    struct statvfs fs;
    reply->inodes_free = -1;
    if (local->root_fd < 0 || fstatvfs(local->root_fd, &fs) != 0)
        return;
    reply->bytes_free = (int64_t)(fs.f_bavail * fs.f_frsize);
    if (fs.f_files > 0)
        reply->inodes_free = (int64_t)fs.f_favail;
}

char *local_sync_path(const struct storage_run_key *run)
{
    return base_printf(LOCAL_STAGING "/%s", run->sync_uuid);
}

char *local_staging_path(const struct storage_run_key *run)
{
    return base_printf(LOCAL_STAGING "/%s/%lld", run->sync_uuid, (long long)run->seq);
}

char *local_generation_path(const struct storage_run_key *run, int64_t seq)
{
    return base_printf("%s/gen-%020lld", run->table_path, (long long)seq);
}

char *local_table_path(const struct storage_run_key *run, const char *name)
{
    return base_printf("%s/%s", run->table_path, name);
}

bool local_same_run(const struct storage_run_key *a, const struct storage_run_key *b)
{
    return strcmp(a->sync_uuid, b->sync_uuid) == 0 && a->seq == b->seq && a->attempt == b->attempt;
}

int local_manifest(struct storage_local *local, const char *folder, struct storage_run_key *run,
                   struct storage_files *files, struct buf *text, struct err *err)
{
    char *path = base_printf("%s/" STORAGE_MANIFEST, folder);
    struct err cause = ERR_INIT;
    struct buf own;
    base_buf_init(&own, STORAGE_MANIFEST_MAX);
    struct buf *into = text != NULL ? text : &own;
    int rc = local_read(local, path, STORAGE_MANIFEST_MAX, into, &cause);
    if (rc != 0 && cause.sys_errno == ENOENT) {
        memset(run, 0, sizeof *run);
        rc = 0;
    } else if (rc != 0) {
        if (err != NULL && err->code == ERR_OK)
            *err = cause;
    } else if (storage_manifest_parse(into->data != NULL ? into->data : "", into->len, run, files,
                                      err) != 0) {
        rc = base_err_context(err, "'%s'", path);
    } else {
        rc = 1;
    }
    base_buf_free(&own);
    free(path);
    return rc;
}

/* --- removal by list
 * ---------------------------------------------------------------------------------------- */

static int drop_name(struct storage_local *local, const char *folder, const char *name,
                     struct err *err)
{
    char *path = base_printf("%s/%s", folder, name);
    int rc = local_unlink(local, path, false, err);
    /* folders of partitions go once they are empty; whoever is last removes them */
    size_t stop = strlen(folder);
    for (char *slash = strrchr(path, '/');
         rc == 0 && slash != NULL && (size_t)(slash - path) > stop; slash = strrchr(path, '/')) {
        *slash = '\0';
        if (local_unlink(local, path, true, NULL) != 0)
            break;
    }
    free(path);
    return rc;
}

static int drop_parts(struct storage_local *local, const char *folder, struct err *err)
{
    char *path = base_printf("%s/" LOCAL_PARTS, folder);
    struct buf list;
    struct err cause = ERR_INIT;
    base_buf_init(&list, STORAGE_MANIFEST_MAX);
    int rc = local_read(local, path, STORAGE_MANIFEST_MAX, &list, &cause);
    free(path);
    if (rc != 0 && cause.sys_errno == ENOENT)
        rc = 0;
    else if (rc != 0 && err != NULL && err->code == ERR_OK)
        *err = cause;
    char *rest = list.data, *newline;
    while (rc == 0 && rest != NULL && (newline = strchr(rest, '\n')) != NULL) {
        *newline = '\0';
        if (storage_name_valid(rest)) /* a torn last line names a file that was never made */
            rc = drop_name(local, folder, rest, err);
        rest = newline + 1;
    }
    base_buf_free(&list);
    return rc;
}

int local_drop_listed(struct storage_local *local, const char *folder, struct err *err)
{
    struct storage_run_key run = {0};
    struct storage_files files = {0};
    if (!local_exists(local, folder))
        return 0;
    /* a manifest that cannot be read names nothing; what it hid is found by the last rmdir */
    int found = local_manifest(local, folder, &run, &files, NULL, NULL);
    free(run.table_path);
    int rc = drop_parts(local, folder, err);
    for (size_t i = 0; rc == 0 && found == 1 && i < files.count; i++)
        rc = drop_name(local, folder, files.items[i].name, err);
    storage_files_free(&files);
    /* the lists go last: an interrupted removal can be taken up again */
    static const char *const own[] = {LOCAL_MANIFEST_NEW, STORAGE_MANIFEST, LOCAL_PARTS};
    for (size_t i = 0; rc == 0 && i < base_countof(own); i++)
        rc = drop_name(local, folder, own[i], err);
    return rc == 0 ? local_unlink(local, folder, true, err) : -1;
}
