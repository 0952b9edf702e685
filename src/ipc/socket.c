#define _GNU_SOURCE

#include "ipc/socket.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 64

static char *socket_folder(const char *path)
{
    char *copy = base_strdup(path);
    char *folder = base_strdup(dirname(copy));
    free(copy);
    return folder;
}

/* A path longer than sun_path is reached through its open folder. *folder_fd is -1 when not needed.
 */
static int socket_address(const char *path, struct sockaddr_un *address, int *folder_fd,
                          struct err *err)
{
    *folder_fd = -1;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t len = strlen(path);
    if (len < sizeof address->sun_path) {
        memcpy(address->sun_path, path, len + 1);
        return 0;
    }
    char *folder = socket_folder(path);
    *folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    free(folder);
    if (*folder_fd < 0)
        return base_err_errno(err, error, "cannot open the folder of '%s'", path);
    const char *name = strrchr(path, '/');
    int n = snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d%s", *folder_fd,
                     name);
    if (n < 0 || (size_t)n >= sizeof address->sun_path) {
        close(*folder_fd);
        *folder_fd = -1;
        return base_err_set(err, ERR_CONFIG_INVALID, "socket name too long: '%s'", path);
    }
    return 0;
}

static int folder_check(const char *path, struct err *err)
{
    char *folder = socket_folder(path);
    struct stat st;
    int rc = 0;
    if (stat(folder, &st) != 0) {
        rc = base_err_errno(err, errno, "cannot look at the socket's folder '%s'", folder);
    } else if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 027) != 0) {
        rc = base_err_set(err, ERR_HOST_SECRET_EXPOSED,
                          "the socket's folder '%s' is open to others (mode %04o, owner %u)",
                          folder, st.st_mode & 07777U, (unsigned)st.st_uid);
        base_err_hint(err, "chmod 750 '%s' and make it belong to uid %u", folder,
                      (unsigned)geteuid());
    }
    free(folder);
    return rc;
}

static int lock_take(const char *path, struct err *err)
{
    char *name = base_printf("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        base_err_errno(err, errno, "cannot open '%s'", name);
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            base_err_set(err, ERR_HOST_STATE_LOCKED, "another engine serves '%s'", path);
        else
            base_err_errno(err, errno, "cannot lock '%s'", name);
        close(fd);
        fd = -1;
    }
    free(name);
    return fd;
}

/* What lies there may go only if it is a socket: with the lock held nobody of ours serves it. */
static int stale_remove(const char *path, struct err *err)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? 0 : base_err_errno(err, errno, "cannot look at '%s'", path);
    if (!S_ISSOCK(st.st_mode))
        return base_err_set(err, ERR_CONFIG_INVALID, "'%s' is there and is not a socket", path);
    if (unlink(path) != 0 && errno != ENOENT)
        return base_err_errno(err, errno, "cannot remove the old socket '%s'", path);
    return 0;
}

static int socket_bind(const char *path, mode_t mode, struct err *err)
{
    struct sockaddr_un address;
    int folder_fd;
    if (socket_address(path, &address, &folder_fd, err) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        base_err_errno(err, errno, "cannot make a socket");
    } else {
        /* chmod after bind would leave a gap, so the mode is narrow from the first moment */
        mode_t old = umask(0177);
        int rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
        int error = errno;
        umask(old);
        if (rc != 0)
            base_err_errno(err, error, "cannot bind '%s'", path);
        else if ((mode & 0777) != 0600 && chmod(address.sun_path, mode & 0777) != 0)
            rc = base_err_errno(err, errno, "cannot set the mode of '%s'", path);
        else if (listen(fd, LISTEN_BACKLOG) != 0)
            rc = base_err_errno(err, errno, "cannot listen on '%s'", path);
        if (rc != 0) {
            close(fd);
            fd = -1;
        }
    }
    if (folder_fd >= 0)
        close(folder_fd);
    return fd;
}

int ipc_socket_listen(const char *path, mode_t mode, int *lock_fd, struct err *err)
{
    *lock_fd = -1;
    if (path[0] != '/')
        return base_err_set(err, ERR_CONFIG_INVALID, "socket path '%s' is not absolute", path);
    if (folder_check(path, err) != 0)
        return -1;
    int lock = lock_take(path, err);
    if (lock < 0)
        return -1;
    int fd = stale_remove(path, err) == 0 ? socket_bind(path, mode, err) : -1;
    if (fd < 0)
        close(lock);
    else
        *lock_fd = lock;
    return fd;
}

int ipc_socket_peer(int fd, struct ipc_peer *peer)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0 || len != sizeof cred)
        return -1;
    *peer = (struct ipc_peer){.uid = cred.uid, .gid = cred.gid, .pid = cred.pid};
    return 0;
}

int ipc_socket_peer_in(int fd, const struct ipc_peer *peer, gid_t gid)
{
    if (gid == (gid_t)-1)
        return 0;
    if (peer->gid == gid)
        return 1;
    gid_t groups[256]; /* a peer in more groups than that is judged by its main group alone */
    socklen_t len = sizeof groups;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
        return 0;
    for (size_t i = 0; i < len / sizeof groups[0]; i++)
        if (groups[i] == gid)
            return 1;
    return 0;
}

/* Every folder above must be root's (or ours) and closed to other writers, so that only root can
 * have given this one to its owner. */
static bool ancestors_trusted(const char *folder)
{
    char *real = realpath(folder, NULL);
    if (real == NULL)
        return false;
    bool good = true;
    while (good && strcmp(real, "/") != 0) {
        char *slash = strrchr(real, '/');
        slash[slash == real ? 1 : 0] = '\0';
        struct stat st;
        good = stat(real, &st) == 0 && (st.st_uid == 0 || st.st_uid == geteuid()) &&
               (st.st_mode & 022) == 0;
    }
    free(real);
    return good;
}

static int server_check(const char *path, int fd, struct err *err)
{
    struct ipc_peer peer;
    if (ipc_socket_peer(fd, &peer) != 0)
        return base_err_errno(err, errno, "cannot tell who serves '%s'", path);
    if (peer.uid == geteuid() || peer.uid == 0)
        return 0;
    char *folder = socket_folder(path);
    struct stat st;
    bool good = stat(folder, &st) == 0 && st.st_uid == peer.uid && (st.st_mode & 022) == 0 &&
                ancestors_trusted(folder);
    free(folder);
    if (good)
        return 0;
    base_err_set(err, ERR_SEC_HOST_REFUSED, "'%s' is served by uid %u, whom nothing vouches for",
                 path, (unsigned)peer.uid);
    base_err_hint(err, "run the console as uid %u, or name another socket with --socket",
                  (unsigned)peer.uid);
    return -1;
}

int ipc_socket_connect(const char *path, struct err *err)
{
    struct sockaddr_un address;
    int folder_fd;
    if (socket_address(path, &address, &folder_fd, err) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        base_err_errno(err, errno, "cannot make a socket");
    } else if (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        if (error == EACCES || error == EPERM)
            base_err_set(err, ERR_NOT_PERMITTED, "not permitted to connect to '%s'", path);
        else if (error == EAGAIN)
            base_err_set(err, ERR_ENGINE_UNREACHABLE, "the engine at '%s' is swamped", path);
        else
            base_err_set(err, ERR_ENGINE_UNREACHABLE, "no engine answers at '%s': %s", path,
                         strerror(error));
        if (err != NULL)
            err->sys_errno = error;
        close(fd);
        fd = -1;
    } else if (server_check(path, fd, err) != 0) {
        close(fd);
        fd = -1;
    }
    if (folder_fd >= 0)
        close(folder_fd);
    return fd;
}
