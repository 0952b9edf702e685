/* Private to storage: the local directory. Everything here runs on its disk thread unless said
 * otherwise. */
#ifndef AAMPE_STORAGE_LOCAL_H
#define AAMPE_STORAGE_LOCAL_H

#include "base/queue.h"
#include "storage/job.h"

#include <pthread.h>
#include <sys/types.h>

#define LOCAL_STAGING ".aampe-staging"
#define LOCAL_MARK ".aampe-sync" /* in a table's folder: whose it is */
#define LOCAL_CURRENT "current"
#define LOCAL_PARTS                                                                                \
    "_parts" /* names that may be in a staging folder, one a line, durable before the file is made \
              */
#define LOCAL_MANIFEST_NEW "_manifest.json.new"

/* A run between begin and abort or publish. */
struct local_run {
    char sync_uuid[37];
    int64_t seq;
    int parts_fd; /* of LOCAL_PARTS; -1 once sealed */
    struct storage_files closed;
    vec_of(struct storage_part *) open;
};

struct storage_local {
    struct storage base;
    struct base_queue *queue;
    pthread_t thread;
    int root_fd;   /* -1 until the probe has succeeded */
    mode_t mask;   /* the process's umask, read once: asking for it changes it for everybody */
    bool stepwise; /* the kernel has no openat2 */
    struct err probe_err;
    vec_of(struct local_run *) runs;
};

/* local_path.c: paths are relative to the root folder and never leave it; no part of them may be a
 * symbolic link. */
__attribute__((format(printf, 4, 5))) int local_errno(struct storage_local *local, struct err *err,
                                                      int error, const char *fmt, ...);
int local_open(struct storage_local *local, const char *path, int flags, mode_t mode);
/* As local_open for folders; err says which. */
int local_open_dir(struct storage_local *local, const char *path, struct err *err);
/* mkdir where absent; the folder must then be ours. 0 or -1. */
int local_mkdir(struct storage_local *local, const char *path, mode_t mode, struct err *err);
/* Makes the folders above the last part of path. */
int local_mkdir_parents(struct storage_local *local, const char *base, const char *name,
                        struct err *err);
int local_unlink(struct storage_local *local, const char *path, bool folder, struct err *err);
int local_rename(struct storage_local *local, const char *from, const char *to, bool replace);
int local_fsync_dir(struct storage_local *local, const char *path, struct err *err);
/* Whole small file; sys_errno ENOENT when absent. */
int local_read(struct storage_local *local, const char *path, size_t max, struct buf *out,
               struct err *err);
/* Written, synced, under its final name at once; with exclusive EEXIST is left in errno and err
 * stays clear. */
int local_write(struct storage_local *local, const char *path, const void *data, size_t len,
                struct err *err);
bool local_exists(struct storage_local *local, const char *path);
/* Removes what the folder's own list and manifest name, then the folder. DEST_NOT_EMPTY if more is
 * in it. */
int local_drop_listed(struct storage_local *local, const char *folder, struct err *err);
void local_space(struct storage_local *local, struct storage_reply *reply);

/* malloc'd paths of a run */
char *local_staging_path(const struct storage_run_key *run);
char *local_sync_path(const struct storage_run_key *run); /* <staging>/<uuid> */
char *local_generation_path(const struct storage_run_key *run, int64_t seq);
char *local_table_path(const struct storage_run_key *run, const char *name);

/* Manifest of a folder. 1 read, 0 absent, -1 error. */
int local_manifest(struct storage_local *local, const char *folder, struct storage_run_key *run,
                   struct storage_files *files, struct buf *text, struct err *err);
bool local_same_run(const struct storage_run_key *a, const struct storage_run_key *b);

/* local_probe.c */
void local_probe(struct storage_local *local, struct storage_job *job);
/* The folder may have been moved, removed or mounted over while it was open: what has its name now
 * is probed and used. On failure nothing is changed but that the next verb looks again. */
int local_root_follow(struct storage_local *local, struct err *err);

/* local_run.c */
struct local_run *local_run_find(struct storage_local *local, const struct storage_run_key *key);
void local_run_forget(struct storage_local *local, const struct storage_run_key *key);
void local_begin(struct storage_local *local, struct storage_job *job);
void local_part_open(struct storage_local *local, struct storage_job *job);
void local_part_append(struct storage_local *local, struct storage_job *job);
void local_part_close(struct storage_local *local, struct storage_job *job);
void local_part_drop(struct storage_local *local, struct storage_job *job);
void local_seal(struct storage_local *local, struct storage_job *job);
/* A crash while sealing may have left the manifest in place and its folder not yet durable. */
int local_seal_finish(struct storage_local *local, const struct storage_run_key *key,
                      const struct storage_files *files, struct err *err);
void local_resume(struct storage_local *local, struct storage_job *job);
void local_abort(struct storage_local *local, struct storage_job *job);

/* local_read.c */
void local_read_part(struct storage_local *local, struct storage_job *job);
void local_hash_part(struct storage_local *local, struct storage_job *job);
void local_look(struct storage_local *local, struct storage_job *job);
void local_manifest_verb(struct storage_local *local, struct storage_job *job);

/* local_publish.c */
enum local_fence { FENCE_OURS, FENCE_FREE, FENCE_FOREIGN, FENCE_ERROR };
enum local_fence local_fence(struct storage_local *local, const struct storage_run_key *run,
                             struct err *err);
/* Sequence number `current` points to: 0 = no link. -1: it is something else. */
int64_t local_current(struct storage_local *local, const struct storage_run_key *run,
                      struct err *err);
/* Highest generation at the table, 0 = none; list may be NULL. */
int local_list_generations(struct storage_local *local, const struct storage_run_key *run,
                           struct storage_job *into, int64_t *highest, struct err *err);
void local_publish(struct storage_local *local, struct storage_job *job);
void local_read_back(struct storage_local *local, struct storage_job *job);
void local_clean(struct storage_local *local, struct storage_job *job);
void local_generations(struct storage_local *local, struct storage_job *job);

#endif
