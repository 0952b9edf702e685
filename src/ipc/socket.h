/* Private to ipc: Unix sockets by path, and who may be trusted at either end. */
#ifndef AAMPE_IPC_SOCKET_H
#define AAMPE_IPC_SOCKET_H

#include "base/err.h"

#include <sys/types.h>

/* Binds and listens with umask 0177, then widens to mode. The folder must be ours (or root's) and
 * closed to others. *lock_fd holds the lock beside the socket for as long as it is open. Returns
 * the descriptor or -1. */
int ipc_socket_listen(const char *path, mode_t mode, int *lock_fd, struct err *err) must_check;
/* Connects (non-blocking descriptor) and checks that the peer is ours, root's, or the uid to whom
 * root gave the folder. Returns the descriptor or -1. */
int ipc_socket_connect(const char *path, struct err *err) must_check;

struct ipc_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
};
int ipc_socket_peer(int fd, struct ipc_peer *peer);
/* Whether the peer was in the group when it connected. */
int ipc_socket_peer_in(int fd, const struct ipc_peer *peer, gid_t gid);

#endif
