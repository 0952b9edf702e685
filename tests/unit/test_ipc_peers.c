/* Whose socket it is: files, locks, roles by group, impostors. */
#define _GNU_SOURCE

#include "ipc_bench.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_socket_files(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    struct stat st;
    bench_open(&bench);
    assert_int_equal(stat(bench.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    /* a second engine is refused while the first lives */
    struct ipc_server_config config;
    bench_config(&bench, &config);
    struct ipc_watch watch = {bench_watch, bench_unwatch, &bench};
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_HOST_STATE_LOCKED);
    base_err_clear(&err);
    /* a file that is no socket is not removed */
    char other[160];
    snprintf(other, sizeof other, "%s/other", bench.folder);
    assert_int_equal(base_file_write_atomic(other, "x", 1, 0600, NULL), 0);
    config.path = other;
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_CONFIG_INVALID);
    base_err_clear(&err);
    /* an open folder is refused */
    char folder[160], open_path[200];
    snprintf(folder, sizeof folder, "%s/open", bench.folder);
    snprintf(open_path, sizeof open_path, "%s/sock", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    config.path = open_path;
    assert_null(ipc_server_new(&config, &watch, &err));
    assert_int_equal(err.code, ERR_HOST_SECRET_EXPOSED);
    bench_close(&bench);
}

static void test_stale_and_long_path(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    bench_open(&bench);
    char folder[300];
    snprintf(folder, sizeof folder, "%s/%0*d", bench.folder, 120, 7);
    assert_int_equal(mkdir(folder, 0700), 0);
    char path[340];
    snprintf(path, sizeof path, "%s/sock", folder);
    pid_t child = fork();
    if (child == 0) { /* serves it, then ends without tidying up */
        struct bench mine = {0};
        struct ipc_server_config config;
        struct ipc_watch watch = {bench_watch, bench_unwatch, &mine};
        bench_config(&mine, &config);
        config.path = path;
        mine.server = ipc_server_new(&config, &watch, NULL);
        kill(getpid(), SIGKILL);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(path, F_OK), 0);
    assert_null(ipc_client_connect(path, "t", "1", 1000, &err));
    assert_int_equal(err.code, ERR_ENGINE_UNREACHABLE);
    base_err_clear(&err);
    struct ipc_server_config config;
    struct ipc_watch watch = {bench_watch, bench_unwatch, &bench};
    bench_config(&bench, &config);
    config.path = path;
    struct ipc_server *first = bench.server;
    bench.server = ipc_server_new(&config, &watch, &err);
    assert_non_null(bench.server);
    bench_start(&bench);
    struct ipc_client *client = ipc_client_connect(path, "t", "1", 5000, &err);
    assert_non_null(client);
    ipc_client_free(&client);
    bench_halt(&bench);
    ipc_server_free(&first);
    bench_close(&bench);
}

/* Runs as another uid with these groups; the child's exit code is what fn returns. */
static int as_other(struct bench *bench, gid_t group, int (*fn)(struct bench *bench))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        gid_t groups[1] = {group};
        if (setgroups(1, groups) != 0 || setresgid(65534, 65534, 65534) != 0 ||
            setresuid(65534, 65534, 65534) != 0)
            _exit(99);
        _exit(fn(bench));
    }
    int status;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int other_tries(struct bench *bench)
{
    struct err err = ERR_INIT;
    struct ipc_client *client = ipc_client_connect(bench->path, "t", "1", 5000, &err);
    if (client == NULL)
        return err.code == ERR_NOT_PERMITTED ? 10 : err.code == ERR_SEC_HOST_REFUSED ? 11 : 12;
    cJSON *result;
    int role = strcmp(ipc_client_role(client), "admin") == 0 ? 20 : 30;
    int look = ipc_client_call(client, "echo", NULL, 5000, &result, &err);
    cJSON_Delete(result);
    base_err_clear(&err);
    int write = ipc_client_call(client, "write", NULL, 5000, &result, &err);
    cJSON_Delete(result);
    ipc_client_free(&client);
    if (look != 0)
        return 40;
    return write == 0 ? role : err.code == ERR_NOT_PERMITTED ? role + 1 : role + 2;
}

static void test_roles(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    static const struct {
        mode_t mode;
        bool folder_open;
        gid_t group;
        int expect;
        int refused;
    } cases[] = {
        {0600, false, 4000, 10, 0}, /* kept out by the folder's mode */
        {0600, true, 4000, 10, 0},  /* by the socket's mode */
        {0666, true, 4000, 10, 1},  /* opened by hand: by the peer check, and told */
        {0660, true, 4001, 31, 0},  /* in the group that may look */
        {0660, true, 4002, 20, 0},  /* in the group that may change */
    };
    for (size_t i = 0; i < base_countof(cases); i++) {
        struct bench bench;
        bench_open_as(&bench, cases[i].mode, 4001, 4002);
        if (cases[i].mode == 0660) /* the unit does this through its group settings */
            assert_int_equal(chown(bench.path, 0, cases[i].group), 0);
        if (cases[i].folder_open)
            assert_int_equal(chmod(bench.folder, 0711), 0);
        bench_start(&bench);
        assert_int_equal(as_other(&bench, cases[i].group, other_tries), cases[i].expect);
        bench_halt(&bench);
        bench_settle(&bench);
        assert_int_equal(bench.refused, cases[i].refused);
        bench_close(&bench);
    }
}

static int other_serves(struct bench *bench)
{
    struct bench mine = {0};
    struct ipc_server_config config;
    struct ipc_watch watch = {bench_watch, bench_unwatch, &mine};
    memcpy(mine.path, bench->path, sizeof mine.path);
    bench_config(&mine, &config);
    config.mode = 0666;
    mine.server = ipc_server_new(&config, &watch, NULL);
    if (mine.server == NULL)
        return 1;
    for (int i = 0; i < 2000 && mine.watched_count < 2; i++)
        bench_turn(&mine, 10);
    for (int i = 0; i < 20; i++)
        bench_turn(&mine, 10);
    ipc_server_free(&mine.server);
    return 0;
}

/* A daemon of another uid in a folder of its own under /tmp: nothing vouches for it. */
static void test_impostor(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("needs root to become another user\n");
        skip();
    }
    struct bench bench = {0};
    struct err err = ERR_INIT;
    snprintf(bench.folder, sizeof bench.folder, "/tmp/aampe-ipc-XXXXXX");
    assert_non_null(mkdtemp(bench.folder));
    snprintf(bench.path, sizeof bench.path, "%s/sock", bench.folder);
    assert_int_equal(chown(bench.folder, 65534, 65534), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(as_other(&bench, 65534, other_serves));
    struct ipc_client *client = NULL;
    for (int i = 0; i < 500; i++) {
        base_err_clear(&err);
        client = ipc_client_connect(bench.path, "t", "1", 1000, &err);
        if (client != NULL || err.code != ERR_ENGINE_UNREACHABLE)
            break;
        poll(NULL, 0, 10);
    }
    assert_null(client);
    assert_int_equal(err.code, ERR_SEC_HOST_REFUSED);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(base_file_remove_tree(bench.folder, NULL), 0);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_socket_files),
        cmocka_unit_test(test_stale_and_long_path),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_impostor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
