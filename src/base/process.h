/* Starting other programs: argument vector, never a shell; closed descriptors; time limit; output
 * cap. */
#ifndef AAMPE_BASE_PROCESS_H
#define AAMPE_BASE_PROCESS_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Runs argv[0] (absolute path), waits at most timeout_ms, collects stdout up to out->max. exit_code
 * may be NULL. Of the environment it gets a fixed PATH, HOME and a few names more, nothing else. */
int base_process_run(const char *const argv[], int timeout_ms, struct buf *out, int *exit_code,
                     struct err *err) must_check;
/* Starts detached in its own session, stdin/stdout from /dev/null unless stdout_fd >= 0, stderr to
 * log_path (appended, 0600) or /dev/null. With die_with_parent the child gets SIGTERM when the
 * caller ends. */
int base_process_start(const char *const argv[], int stdout_fd, const char *log_path,
                       bool die_with_parent, pid_t *pid, struct err *err) must_check;
/* Folder of our own executable (for finding the other two programs in a build tree), malloc'd. */
char *base_process_self_folder(void);
/* Path of a program of ours: beside the caller, else ../sbin, ../bin beside it, else PATH. malloc'd
 * or NULL. */
char *base_process_find(const char *program);

#endif
