/* For tests of net and databricks: a peer process on loopback, and waiting on a loop. */
#ifndef AAMPE_TESTS_NET_HELP_H
#define AAMPE_TESTS_NET_HELP_H

#include "net/loop.h"

#include <stdbool.h>
#include <sys/types.h>

struct peer {
    pid_t pid;
    int in_fd; /* the peer ends when this is closed */
    int out_fd;
    int port;
    char origin[64]; /* "http://127.0.0.1:port" */
};

/* Starts `python3 <srcdir>/tests/e2e/<script> args...`; its first output line is its port. Fails
 * the test otherwise. */
void peer_start(struct peer *peer, const char *script, const char *const *args);
/* One more line of its output, without the newline. */
void peer_line(struct peer *peer, char *out, size_t size);
void peer_stop(struct peer *peer);
/* Turns the loop until *done or 60 s have gone; fails the test then. */
void wait_for(struct net_loop *loop, const bool *done);

#endif
