#define _GNU_SOURCE
#include "base/file.h"

#include "base/alloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
    char block[16384];
    size_t total = 0;

    for (;;) {
        ssize_t got = read(fd, block, sizeof block);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return base_err_errno(err, errno, "reading '%s'", path);
        if (!got)
            return 0;
        total += (size_t)got;
        if (total > max || base_buf_append(out, block, (size_t)got))
            return base_err_set(err, ERR_LIMIT_EXCEEDED, "'%s' is longer than %zu bytes", path,
                                max);
    }
}

int base_file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    int result;

    if (fd < 0)
        return base_err_errno(err, errno, "opening '%s'", path);
    result = read_all(fd, path, max, out, err);
    close(fd);
    return result;
}

int base_file_write_all(int fd, const void *data, size_t len)
{
    const char *bytes = data;

    while (len) {
        ssize_t put = write(fd, bytes, len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes += put;
        len -= (size_t)put;
    }
    return 0;
}

static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return base_strdup(".");
    return slash == path ? base_strdup("/") : base_strndup(path, (size_t)(slash - path));
}

static int fill_and_rename(int fd, const char *temporary, const char *path, const void *data,
                           size_t len, mode_t mode, struct err *err)
{
    char *parent;
    int result;

    if (fchmod(fd, mode) || base_file_write_all(fd, data, len) || fsync(fd))
        return base_err_errno(err, errno, "writing '%s'", path);
    if (rename(temporary, path))
        return base_err_errno(err, errno, "renaming to '%s'", path);
    parent = parent_of(path);
    result = base_file_fsync_dir(parent, err);
    free(parent);
    return result;
}

int base_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
                           struct err *err)
{
    char *temporary = base_printf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    int result;

    if (fd < 0) {
        result = base_err_errno(err, errno, "making a file beside '%s'", path);
    } else {
        result = fill_and_rename(fd, temporary, path, data, len, mode, err);
        close(fd);
        if (result)
            unlink(temporary); /* gone already when only the folder's fsync failed */
    }
    free(temporary);
    return result;
}

static int make_one(const char *path, mode_t mode, struct err *err)
{
    struct stat now;

    if (!mkdir(path, mode))
        return 0;
    if (errno == EEXIST && !stat(path, &now)) {
        if (S_ISDIR(now.st_mode))
            return 0;
        return base_err_errno(err, ENOTDIR, "making folder '%s'", path);
    }
    return base_err_errno(err, errno, "making folder '%s'", path);
}

int base_file_mkdir_all(const char *path, mode_t mode, struct err *err)
{
    char *part = base_strdup(path);
    int result = 0;

    for (char *slash = part + strspn(part, "/"); !result && (slash = strchr(slash, '/'));) {
        *slash = '\0';
        result = make_one(part, mode, err);
        *slash++ = '/';
        slash += strspn(slash, "/");
    }
    if (!result)
        result = make_one(part, mode, err);
    free(part);
    return result;
}

bool base_file_exists(const char *path)
{
    struct stat now;

    return !stat(path, &now);
}

int base_file_fsync_dir(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = 0;

    if (fd < 0)
        return base_err_errno(err, errno, "opening folder '%s'", path);
    if (fsync(fd))
        result = base_err_errno(err, errno, "syncing folder '%s'", path);
    close(fd);
    return result;
}

/* Takes fd over. Everything is reached through descriptors, so that a link put in the way is
 * removed, not followed. */
static int empty_folder(int fd, int depth, struct err *err)
{
    DIR *folder = depth > 64 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int result = 0;

    if (!folder) {
        base_err_errno(err, depth > 64 ? ELOOP : errno, "reading a folder to remove");
        close(fd);
        return -1;
    }
    while (!result && (entry = readdir(folder))) {
        int child;

        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (!unlinkat(dirfd(folder), entry->d_name, 0) || errno == ENOENT)
            continue;
        if (errno != EISDIR && errno != EPERM) {
            result = base_err_errno(err, errno, "removing '%s'", entry->d_name);
            break;
        }
        child =
            openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child < 0)
            result = base_err_errno(err, errno, "removing '%s'", entry->d_name);
        else
            result = empty_folder(child, depth + 1, err);
        if (!result && unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR) && errno != ENOENT)
            result = base_err_errno(err, errno, "removing '%s'", entry->d_name);
    }
    closedir(folder);
    return result;
}

int base_file_remove_tree(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        if (errno == ENOENT || ((errno == ENOTDIR || errno == ELOOP) && !unlink(path)))
            return 0;
        return base_err_errno(err, errno, "removing '%s'", path);
    }
    if (empty_folder(fd, 0, err))
        return base_err_context(err, "'%s'", path);
    if (rmdir(path) && errno != ENOENT)
        return base_err_errno(err, errno, "removing '%s'", path);
    return 0;
}

char *base_file_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);

    while (*name == '/')
        name++;
    while (len > 1 && folder[len - 1] == '/')
        len--;
    if (!len)
        return base_strdup(name);
    return base_printf("%.*s%s%s", (int)len, folder, len == 1 && *folder == '/' ? "" : "/", name);
}

/* The XDG rule: a relative value is as good as none. */
static char *xdg_home(const char *variable, const char *fallback)
{
    const char *value = getenv(variable), *home = getenv("HOME");
    struct passwd *user;

    if (value && value[0] == '/')
        return base_strdup(value);
    if (!home || home[0] != '/') {
        user = getpwuid(geteuid());
        home = user && user->pw_dir && user->pw_dir[0] == '/' ? user->pw_dir : "/";
    }
    return base_file_join(home, fallback);
}

char *base_file_config_home(void)
{
    return xdg_home("XDG_CONFIG_HOME", ".config");
}

char *base_file_state_home(void)
{
    return xdg_home("XDG_STATE_HOME", ".local/state");
}
