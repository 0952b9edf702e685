/* What touches the host: files, processes, the log, the clock, secrets. */
#include "base/file.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/process.h"
#include "base/seam.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int make_folder(void **state)
{
    char *folder = base_strdup("/tmp/test_base_host.XXXXXX");

    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int drop_folder(void **state)
{
    struct err err = ERR_INIT;
    int result = base_file_remove_tree(*state, &err);

    free(*state);
    return result;
}

static char *slurp(const char *path)
{
    struct err err = ERR_INIT;
    struct buf out;

    base_buf_init(&out, 1 << 20);
    assert_int_equal(base_file_read(path, 1 << 20, &out, &err), 0);
    return base_buf_take(&out, NULL);
}

static void test_files(void **state)
{
    char *deep = base_file_join(*state, "a//b/c"), *path = base_file_join(deep, "/f"), *text;
    struct err err = ERR_INIT;
    struct stat now;
    struct buf out;

    assert_int_equal(base_file_mkdir_all(deep, 0700, &err), 0);
    assert_int_equal(base_file_mkdir_all(deep, 0700, &err), 0);
    assert_int_equal(base_file_write_atomic(path, "one", 3, 0640, &err), 0);
    assert_int_equal(base_file_write_atomic(path, "two", 3, 0600, &err), 0);
    text = slurp(path);
    assert_string_equal(text, "two");
    free(text);
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(now.st_mode & 0777, 0600);
    base_buf_init(&out, 100);
    assert_int_equal(base_file_read(path, 2, &out, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT_EXCEEDED);
    base_err_clear(&err);
    assert_int_equal(base_file_read("/proc/self/nonexistent/x", 2, &out, &err), -1);
    assert_int_equal(err.sys_errno, ENOENT);
    base_err_clear(&err);
    assert_int_equal(base_file_mkdir_all(path, 0700, &err), -1); /* a file stands there */
    assert_int_equal(err.sys_errno, ENOTDIR);
    base_err_clear(&err);
    assert_int_equal(base_file_write_atomic("/proc/self/nonexistent/x", "", 0, 0600, &err), -1);
    assert_true(base_file_exists(path));
    base_buf_free(&out);
    free(path);
    free(deep);
}

static void test_remove_tree_follows_no_link(void **state)
{
    char *tree = base_file_join(*state, "tree"), *inside = base_file_join(tree, "in/side");
    char *kept = base_file_join(*state, "kept"), *file = base_file_join(kept, "f");
    char *link = base_file_join(inside, "link"), *top = base_file_join(*state, "top");
    struct err err = ERR_INIT;

    assert_int_equal(base_file_mkdir_all(inside, 0700, &err), 0);
    assert_int_equal(base_file_mkdir_all(kept, 0700, &err), 0);
    assert_int_equal(base_file_write_atomic(file, "x", 1, 0600, &err), 0);
    assert_int_equal(symlink(kept, link), 0);
    assert_int_equal(symlink(kept, top), 0);
    assert_int_equal(base_file_remove_tree(tree, &err), 0);
    assert_int_equal(base_file_remove_tree(top, &err), 0);  /* the link itself goes */
    assert_int_equal(base_file_remove_tree(tree, &err), 0); /* absent is fine */
    assert_false(base_file_exists(tree));
    assert_true(base_file_exists(file));
    free(top);
    free(link);
    free(file);
    free(kept);
    free(inside);
    free(tree);
}

static void test_join_and_homes(void **state)
{
    static const struct {
        const char *folder, *name, *want;
    } cases[] = {{"a", "b", "a/b"},
                 {"a/", "b", "a/b"},
                 {"a//", "/b", "a/b"},
                 {"/", "b", "/b"},
                 {"", "b", "b"}};
    char *path;

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        path = base_file_join(cases[i].folder, cases[i].name);
        assert_string_equal(path, cases[i].want);
        free(path);
    }
    setenv("HOME", "/home/x", 1);
    setenv("XDG_CONFIG_HOME", "relative", 1); /* the XDG rule: ignored */
    setenv("XDG_STATE_HOME", "/state", 1);
    path = base_file_config_home();
    assert_string_equal(path, "/home/x/.config");
    free(path);
    path = base_file_state_home();
    assert_string_equal(path, "/state");
    free(path);
}

static void test_process_run(void **state)
{
    const char *const echo[] = {"/bin/sh", "-c", "echo hi; exit 3", NULL};
    const char *const missing[] = {"/proc/self/nonexistent/program", NULL};
    const char *const endless[] = {"/usr/bin/tail", "-f", "/dev/null", NULL};
    const char *const flood[] = {"/usr/bin/yes", NULL};
    const char *const descriptors[] = {"/bin/sh", "-c", "ls /proc/self/fd | wc -l", NULL};
    const char *const environment[] = {"/usr/bin/env", NULL};
    int leak = open("/dev/null", O_RDONLY), code = -1; /* without O_CLOEXEC */
    struct err err = ERR_INIT;
    struct buf out;

    (void)state;
    base_buf_init(&out, 1000);
    assert_int_equal(base_process_run(echo, 10000, &out, &code, &err), 0);
    assert_string_equal(out.data, "hi\n");
    assert_int_equal(code, 3);
    assert_int_equal(base_process_run(missing, 10000, &out, &code, &err), -1);
    assert_int_equal(err.sys_errno, ENOENT);
    base_err_clear(&err);
    assert_int_equal(base_process_run(endless, 50, &out, &code, &err), -1);
    assert_non_null(strstr(err.message, "within 50 ms"));
    base_err_clear(&err);
    assert_int_equal(base_process_run(flood, 10000, &out, &code, &err), -1);
    assert_int_equal(err.code, ERR_LIMIT_EXCEEDED);
    base_err_clear(&err);
    base_buf_clear(&out);
    assert_int_equal(base_process_run(descriptors, 10000, &out, &code, &err), 0);
    assert_int_equal(atoi(out.data), 4); /* 0, 1, 2 and the folder ls reads */
    close(leak);
    base_buf_free(&out);
    base_buf_init(&out, 1 << 16);
    setenv("DATABRICKS_TOKEN", "canary", 1);
    setenv("BASH_ENV", "/canary", 1);
    setenv("TZ", "UTC", 1);
    assert_int_equal(base_process_run(environment, 10000, &out, &code, &err), 0);
    assert_non_null(strstr(out.data, "PATH=/usr/local/bin:"));
    assert_non_null(strstr(out.data, "TZ=UTC\n"));
    assert_null(strstr(out.data, "canary"));
    unsetenv("DATABRICKS_TOKEN");
    unsetenv("BASH_ENV");
    base_buf_free(&out);
}

static void test_process_start(void **state)
{
    char *log = base_file_join(*state, "log"), *text, line[16] = "";
    const char *const talk[] = {"/bin/sh", "-c", "echo out; echo err >&2", NULL};
    struct err err = ERR_INIT;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    assert_int_equal(base_process_start(talk, fds[1], log, true, &pid, &err), 0);
    close(fds[1]);
    assert_int_equal(read(fds[0], line, sizeof line - 1), 4);
    assert_string_equal(line, "out\n");
    assert_int_equal(waitpid(pid, &status, 0), pid);
    text = slurp(log);
    assert_string_equal(text, "err\n");
    close(fds[0]);
    free(text);
    free(log);
    text = base_process_find("sh");
    assert_non_null(text);
    free(text);
    assert_null(base_process_find("no-such-program-of-ours"));
    text = base_process_self_folder();
    assert_true(text[0] == '/');
    free(text);
}

static void remember(void *user, const char *line)
{
    free(*(char **)user);
    *(char **)user = base_strdup(line);
}

static void test_log_lines(void **state)
{
    struct base_seam *seam = base_seam_new();
    char *path = base_file_join(*state, "engine.log"), *tapped = NULL, *text;
    struct base_log *log = base_log_new(seam, path, LOG_INFO_);

    assert_non_null(log);
    base_log_tap(log, remember, &tapped);
    base_log_event(log, LOG_DEBUG_, "run.state", "run", "1", NULL);
    assert_null(tapped);
    base_log_event(log, LOG_INFO_, "run.state", "run", base_log_i64(log, 12), "state", "STAGED",
                   "table", "a b\"c", "reason", "\x1b[2J\n", "path", NULL, "host",
                   "https://h/x?sig=SECRET", "attempt", base_log_i64(log, -1), NULL);
    assert_non_null(strstr(tapped, "Z info run.state run=12 state=STAGED table=\"a b\\\"c\""));
    assert_non_null(strstr(tapped, " reason=\\x1b[2J\\n host=https://h/x?*** attempt=-1"));
    assert_null(strstr(tapped, "SECRET"));
    assert_null(strstr(tapped, "path="));
    text = slurp(path);
    assert_int_equal(strncmp(text, tapped, strlen(tapped)), 0);
    assert_string_equal(text + strlen(tapped), "\n");
    free(text);
    free(tapped);
    base_log_free(&log);
    assert_null(base_log_new(seam, "/proc/self/nonexistent/log", LOG_INFO_));
    base_log_event(NULL, LOG_ERROR_, "x", NULL);
    free(path);
    base_seam_free(&seam);
}

static void test_log_rotates(void **state)
{
    struct base_seam *seam = base_seam_new();
    char *path = base_file_join(*state, "big.log"), *old = base_file_join(*state, "big.log.1");
    struct base_log *log = base_log_new(seam, path, LOG_INFO_);
    char value[1000];
    struct stat now;

    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < LOG_MAX_BYTES / 1000 + 10; i++)
        base_log_event(log, LOG_INFO_, "fill", "detail", value, NULL);
    assert_int_equal(stat(old, &now), 0);
    assert_true(now.st_size <= LOG_MAX_BYTES);
    assert_int_equal(stat(path, &now), 0);
    assert_true(now.st_size > 0 && now.st_size < 1000000);
    base_log_free(&log);
    free(old);
    free(path);
    base_seam_free(&seam);
}

static void test_unknown_log_field_is_a_bug(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (!pid) {
        struct base_seam *seam = base_seam_new();

        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        base_log_event(base_log_new(seam, NULL, LOG_INFO_), LOG_INFO_, "x", "password", "p", NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_clock_turns(void **state)
{
    char *path = base_file_join(*state, "clock");
    struct err err = ERR_INIT;
    struct base_seam *plain, *seam;
    int64_t before;

    assert_int_equal(base_file_write_atomic(path, "3600.5\n", 7, 0600, &err), 0);
    plain = base_seam_new();
    setenv("AAMPE_CLOCK_FILE", path, 1);
    seam = base_seam_new();
    unsetenv("AAMPE_CLOCK_FILE");
    before = base_seam_now_us(seam) - base_seam_now_us(plain);
    assert_true(before > 3590000000 && before < 3610000000);
    base_seam_turn(seam, 86400);
    before = base_seam_mono_us(seam) - base_seam_mono_us(plain);
    assert_true(before > 89990000000 && before < 90010000000);
    assert_int_equal(base_file_write_atomic(path, "-10", 3, 0600, &err),
                     0); /* re-read when changed */
    before = base_seam_now_us(seam) - base_seam_now_us(plain);
    assert_true(before > 86380000000 && before < 86400000000);
    base_seam_free(&seam);
    base_seam_free(&plain);
    free(path);
}

/* How a child that passes P7, P8, P8 ends: the signal, or 0. */
static int signal_of(const char *crash_at)
{
    pid_t pid = fork();
    int status = 0;

    if (!pid) {
        struct base_seam *seam;

        setenv("AAMPE_CRASH_AT", crash_at, 1);
        seam = base_seam_new();
        base_seam_crash(seam, "P7");
        base_seam_crash(seam, "P8");
        base_seam_crash(seam, "P8");
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_crash_points(void **state)
{
    (void)state;
    assert_int_equal(signal_of(""), 0);
    assert_int_equal(signal_of("P9"), 0);
    assert_int_equal(signal_of("P"), 0);
    assert_int_equal(signal_of("P8"), SIGKILL);
    assert_int_equal(signal_of("P8:2"), SIGKILL);
    assert_int_equal(signal_of("P8:3"), 0);
}

static void test_uuid(void **state)
{
    struct base_seam *seam = base_seam_new();
    char first[37], second[37];

    (void)state;
    base_seam_uuid(seam, first);
    base_seam_turn(seam, 1);
    base_seam_uuid(seam, second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(first[14], '7');
    assert_non_null(strchr("89ab", first[19]));
    assert_true(strcmp(first, second) < 0); /* ordered by time */
    base_seam_free(&seam);
}

static void test_times(void **state)
{
    static const struct {
        const char *text, *canonical;
        int64_t us;
    } cases[] = {
        {"1970-01-01T00:00:00Z", NULL, 0},
        {"2026-11-23T01:02:03Z", NULL, 1795395723000000},
        {"2026-11-23T01:02:03.5Z", "2026-11-23T01:02:03.500Z", 1795395723500000},
        {"2026-11-23T03:02:03.000001+02:00", "2026-11-23T01:02:03.000001Z", 1795395723000001},
        {"2026-11-22 20:02:03.123456789-05:00", "2026-11-23T01:02:03.123456Z", 1795395723123456},
        {"1969-12-31T23:59:59.999Z", NULL, -1000},
        {"2000-02-29T00:00:00Z", NULL, 951782400000000},
        {"0001-01-01T00:00:00Z", NULL, -62135596800000000},
        {"9999-12-31T23:59:59.999999Z", NULL, 253402300799999999},
    };
    static const char *const bad[] = {"",
                                      "2026",
                                      "2026-13-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z",
                                      "2026-01-01T00:00:60Z",
                                      "2026-01-01T00:00:00",
                                      "2026-01-01T00:00:00.Z",
                                      "2026-01-01T00:00:00.1234567890Z",
                                      "2026-01-01T00:00:00Zx",
                                      "2026-01-01T00:00:00+2",
                                      "2026-01-01T00:00:00+02:60",
                                      "2026-1-1T00:00:00Z",
                                      "-026-01-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z"};
    char out[32];
    int64_t us;

    (void)state;
    for (size_t i = 0; i < base_countof(cases); i++) {
        assert_int_equal(base_time_parse(cases[i].text, &us), 0);
        assert_int_equal(us, cases[i].us);
        base_time_format(us, out);
        assert_string_equal(out, cases[i].canonical ? cases[i].canonical : cases[i].text);
    }
    for (size_t i = 0; i < base_countof(bad); i++)
        assert_int_equal(base_time_parse(bad[i], &us), -1);
    for (int64_t day = -800000; day < 800000; day += 13) {
        int y, m, d;

        base_time_civil(day, &y, &m, &d);
        assert_int_equal(base_time_days(y, m, d), day);
    }
    base_time_format(INT64_MIN, out);
    base_time_format(INT64_MAX, out);
}

static void test_secrets(void **state)
{
    char *raw = base_strdup("s3cret");
    struct secret *a = base_secret_take(&raw, 6), *b = base_secret_dup(a),
                  *c = base_secret_new("x", 1);
    char mark[9];

    (void)state;
    assert_null(raw);
    assert_string_equal(base_secret_peek(a), "s3cret");
    assert_int_equal(base_secret_len(b), 6);
    assert_true(base_secret_equal(a, b));
    assert_false(base_secret_equal(a, c));
    base_secret_fingerprint(a, mark);
    assert_string_equal(mark, "1ec1c26b");
    base_secret_free(&a);
    assert_null(a);
    base_secret_free(&a);
    base_secret_free(&b);
    base_secret_free(&c);
    a = base_secret_new("", 0);
    assert_string_equal(base_secret_peek(a), "");
    base_secret_free(&a);
}

static struct secret *secret_from(const char *text, size_t max, struct err *err)
{
    struct secret *secret;
    int fds[2];

    *err = ERR_INIT;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], text, strlen(text)), strlen(text));
    close(fds[1]);
    secret = base_secret_read_fd(fds[0], max, err);
    close(fds[0]);
    return secret;
}

static void test_secret_from_fd(void **state)
{
    static const char *const good[] = {"abc", "abc\n", "abc\r\n", "abc\nmore"};
    struct secret *secret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < base_countof(good); i++) {
        secret = secret_from(good[i], 10, &err);
        assert_non_null(secret);
        assert_string_equal(base_secret_peek(secret), "abc");
        base_secret_free(&secret);
    }
    assert_null(secret_from("", 10, &err));
    assert_null(secret_from("\n", 10, &err));
    assert_int_equal(err.code, ERR_USAGE);
    assert_null(secret_from("abcd", 3, &err));
    assert_null(strstr(err.message, "abc"));
    secret = secret_from("abc\n", 3, &err);
    assert_non_null(secret);
    base_secret_free(&secret);
    err = ERR_INIT;
    assert_null(base_secret_read_fd(-1, 3, &err));
    assert_int_equal(err.sys_errno, EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_remove_tree_follows_no_link, make_folder, drop_folder),
        cmocka_unit_test(test_join_and_homes),
        cmocka_unit_test(test_process_run),
        cmocka_unit_test_setup_teardown(test_process_start, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_log_lines, make_folder, drop_folder),
        cmocka_unit_test_setup_teardown(test_log_rotates, make_folder, drop_folder),
        cmocka_unit_test(test_unknown_log_field_is_a_bug),
        cmocka_unit_test_setup_teardown(test_clock_turns, make_folder, drop_folder),
        cmocka_unit_test(test_crash_points),
        cmocka_unit_test(test_uuid),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_secret_from_fd),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
