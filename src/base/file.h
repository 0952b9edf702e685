/* Small files and folders. Data files go through src/storage. */
#ifndef AAMPE_BASE_FILE_H
#define AAMPE_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/* Whole file, at most max bytes. ENOENT keeps sys_errno. */
int base_file_read(const char *path, size_t max, struct buf *out, struct err *err) must_check;
/* Temp file in the same folder, mode, fsync, rename, fsync folder. */
int base_file_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
                           struct err *err) must_check;
int base_file_mkdir_all(const char *path, mode_t mode, struct err *err) must_check;
bool base_file_exists(const char *path);
int base_file_fsync_dir(const char *path, struct err *err) must_check;
int base_file_remove_tree(const char *path, struct err *err) must_check; /* never follows links */
/* malloc'd "a/b"; no double slash. */
char *base_file_join(const char *folder, const char *name);
/* write(2) until done. 0 or -1 with errno. */
int base_file_write_all(int fd, const void *data, size_t len) must_check;
/* XDG paths, malloc'd: config home and state home with the standard fall-backs. */
char *base_file_config_home(void);
char *base_file_state_home(void);

#endif
