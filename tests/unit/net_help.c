#include "net_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void peer_line(struct peer *peer, char *out, size_t size)
{
    size_t len = 0;

    while (len + 1 < size && read(peer->out_fd, out + len, 1) == 1 && out[len] != '\n')
        len++;
    out[len] = '\0';
}

void peer_start(struct peer *peer, const char *script, const char *const *args)
{
    const char *argv[16] = {"python3"};
    const char *root = getenv("AAMPE_SRCDIR");
    int in[2], out[2], count = 2;
    char path[4096], line[64];

    snprintf(path, sizeof path, "%s/tests/e2e/%s", root ? root : "..", script);
    argv[1] = path;
    for (; *args && count < 15; args++)
        argv[count++] = *args;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    peer->pid = fork();
    if (peer->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int fd = 3; fd < 64; fd++)
            close(fd);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    assert_true(peer->pid > 0);
    close(in[0]);
    close(out[1]);
    peer->in_fd = in[1];
    peer->out_fd = out[0];
    peer_line(peer, line, sizeof line);
    peer->port = atoi(line);
    assert_true(peer->port > 0);
    snprintf(peer->origin, sizeof peer->origin, "http://127.0.0.1:%d", peer->port);
}

void peer_stop(struct peer *peer)
{
    close(peer->in_fd);
    close(peer->out_fd);
    waitpid(peer->pid, NULL, 0);
}

void wait_for(struct net_loop *loop, const bool *done)
{
    struct timespec now;
    time_t end;

    clock_gettime(CLOCK_MONOTONIC, &now);
    end = now.tv_sec + 60;
    while (!*done) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > end)
            fail_msg("nothing happened for 60 s");
        net_loop_turn(loop, 200);
    }
}
