#define _GNU_SOURCE
#include "base/process.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 20 /* how late the end of a child that keeps its stdout may be noticed */

struct child {
    const char *const *argv;
    char *const *environment;  /* NULL: ours */
    int in_fd, out_fd, err_fd; /* 0, 1, 2 of the child */
    bool session, die_with_parent;
};

/* Old kernels and some sandboxes have no close_range; then every number is tried. */
static void close_others(void)
{
    if (!close_range(3, ~0u, CLOSE_RANGE_CLOEXEC))
        return;
    for (int fd = 3; fd < 4096; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Between fork and exec: only async-signal-safe calls. */
__attribute__((noreturn)) static void child_main(const struct child *child, pid_t parent,
                                                 int tell_fd)
{
    int fds[3] = {child->in_fd, child->out_fd, child->err_fd}, failed;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (child->session)
        setsid();
    if (child->die_with_parent) {
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
        if (getppid() != parent)
            _exit(127);
    }
    /* First out of the way of 0 to 2, then into place. */
    tell_fd = fcntl(tell_fd, F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < 3; i++)
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < 3; i++)
        dup2(fds[i], i);
    close_others();
    if (child->environment)
        execve(child->argv[0], (char *const *)child->argv, child->environment);
    else
        execv(child->argv[0], (char *const *)child->argv);
    failed = errno;
    if (write(tell_fd, &failed, sizeof failed) < 0)
        _exit(126);
    _exit(127);
}

/* Returns once exec has happened or failed: the pipe closes by exec, or brings the errno. */
static int spawn(const struct child *child, pid_t *pid, struct err *err)
{
    pid_t parent = getpid();
    int tell[2], failed = 0;
    ssize_t got;

    if (pipe2(tell, O_CLOEXEC))
        return base_err_errno(err, errno, "making a pipe");
    *pid = fork();
    if (*pid == 0)
        child_main(child, parent, tell[1]);
    close(tell[1]);
    if (*pid < 0) {
        close(tell[0]);
        return base_err_errno(err, errno, "starting '%s'", child->argv[0]);
    }
    do
        got = read(tell[0], &failed, sizeof failed);
    while (got < 0 && errno == EINTR);
    close(tell[0]);
    if (got <= 0)
        return 0;
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    return base_err_errno(err, failed, "starting '%s'", child->argv[0]);
}

static int64_t mono_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1: more may come, 0: end of output, -1: over the cap. */
static int drain(int fd, struct buf *out)
{
    char block[4096];
    ssize_t got;

    while ((got = read(fd, block, sizeof block)) > 0)
        if (base_buf_append(out, block, (size_t)got))
            return -1;
    base_secret_wipe(block, sizeof block); /* a helper prints keys */
    return got < 0 && (errno == EAGAIN || errno == EINTR) ? 1 : 0;
}

/* Until the child has ended (its status is then in *status) and what it wrote is read. */
static int collect(pid_t pid, int fd, int timeout_ms, struct buf *out, int *status, struct err *err)
{
    int64_t deadline = mono_ms() + timeout_ms;
    int more = 1;

    for (;;) {
        struct pollfd wait_for = {.fd = more ? fd : -1, .events = POLLIN};
        pid_t ended = waitpid(pid, status, WNOHANG);

        if (more)
            more = drain(fd, out);
        if (ended == pid)
            return more < 0 ? base_err_set(err, ERR_LIMIT_EXCEEDED, "it wrote too much") : 0;
        if (more < 0)
            base_err_set(err, ERR_LIMIT_EXCEEDED, "it wrote more than %zu bytes", out->max);
        else if (mono_ms() >= deadline)
            base_err_set(err, ERR_HOST_UNCLASSIFIED, "it did not end within %d ms", timeout_ms);
        else {
            poll(&wait_for, 1, POLL_MS);
            continue;
        }
        kill(-pid, SIGKILL);
        while (waitpid(pid, status, 0) < 0 && errno == EINTR)
            continue;
        return -1;
    }
}

/* What a helper needs to find its user's files and to speak; nothing that loads code into it. */
#define KEPT_MAX 10
static void environment_fill(char *out[KEPT_MAX + 2])
{
    static const char *const kept[KEPT_MAX] = {
        "HOME",   "USER", "LOGNAME",         "LANG",      "LC_ALL",
        "TMPDIR", "TZ",   "XDG_RUNTIME_DIR", "GNUPGHOME", "SSH_AUTH_SOCK"};
    size_t count = 0;

    out[count++] = base_strdup("PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
    for (size_t i = 0; i < KEPT_MAX; i++) {
        const char *value = getenv(kept[i]);

        if (value)
            out[count++] = base_printf("%s=%s", kept[i], value);
    }
    out[count] = NULL;
}

int base_process_run(const char *const argv[], int timeout_ms, struct buf *out, int *exit_code,
                     struct err *err)
{
    char *environment[KEPT_MAX + 2];
    struct child child = {.argv = argv, .environment = environment, .session = true};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), pipe_fds[2], status = 0, result;
    pid_t pid;

    if (null < 0)
        return base_err_errno(err, errno, "opening '/dev/null'");
    if (pipe2(pipe_fds, O_CLOEXEC)) {
        close(null);
        return base_err_errno(err, errno, "making a pipe");
    }
    fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
    child.in_fd = child.err_fd = null;
    child.out_fd = pipe_fds[1];
    environment_fill(environment);
    result = spawn(&child, &pid, err);
    for (size_t i = 0; environment[i]; i++)
        free(environment[i]);
    close(pipe_fds[1]);
    close(null);
    if (!result && collect(pid, pipe_fds[0], timeout_ms, out, &status, err))
        result = base_err_context(err, "'%s'", argv[0]);
    close(pipe_fds[0]);
    if (!result && exit_code)
        *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

int base_process_start(const char *const argv[], int stdout_fd, const char *log_path,
                       bool die_with_parent, pid_t *pid, struct err *err)
{
    struct child child = {.argv = argv, .session = true, .die_with_parent = die_with_parent};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC), log_fd = -1, result;

    if (null < 0)
        return base_err_errno(err, errno, "opening '/dev/null'");
    if (log_path) {
        log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
        if (log_fd < 0) {
            close(null);
            return base_err_errno(err, errno, "opening '%s'", log_path);
        }
    }
    child.in_fd = null;
    child.out_fd = stdout_fd >= 0 ? stdout_fd : null;
    child.err_fd = log_fd >= 0 ? log_fd : null;
    result = spawn(&child, pid, err);
    if (log_fd >= 0)
        close(log_fd);
    close(null);
    return result;
}

char *base_process_self_folder(void)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    char *slash;

    if (len <= 0)
        return base_strdup(".");
    path[len] = '\0';
    slash = strrchr(path, '/');
    return base_strndup(path, slash && slash > path ? (size_t)(slash - path) : 1);
}

static char *executable(const char *folder, const char *program)
{
    char *path = base_file_join(folder, program);

    if (access(path, X_OK))
        base_free(&path);
    return path;
}

static char *find_in_path(const char *program)
{
    const char *path = getenv("PATH");
    char *found = NULL;

    while (path && *path && !found) {
        size_t len = strcspn(path, ":");

        if (len && *path == '/') {
            char *folder = base_strndup(path, len);

            found = executable(folder, program);
            free(folder);
        }
        path += len + (path[len] == ':');
    }
    return found;
}

char *base_process_find(const char *program)
{
    static const char *const beside[] = {".", "../sbin", "../bin"};
    char *self = base_process_self_folder(), *found = NULL;

    for (size_t i = 0; i < base_countof(beside) && !found; i++) {
        char *folder = i ? base_file_join(self, beside[i]) : base_strdup(self);

        found = executable(folder, program);
        free(folder);
    }
    free(self);
    return found ? found : find_in_path(program);
}
