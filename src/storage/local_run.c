/* Staging: begin, parts, seal, resume, abort. */
#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/hash.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct local_run *local_run_find(struct storage_local *local, const struct storage_run_key *key)
{
    for (size_t i = 0; i < local->runs.count; i++) {
        struct local_run *run = local->runs.items[i];
        if (run->seq == key->seq && strcmp(run->sync_uuid, key->sync_uuid) == 0)
            return run;
    }
    return NULL;
}

static struct local_run *run_new(struct storage_local *local, const struct storage_run_key *key)
{
    struct local_run *run = base_alloc_zero(1, sizeof *run);
    memcpy(run->sync_uuid, key->sync_uuid, sizeof run->sync_uuid);
    run->seq = key->seq;
    run->parts_fd = -1;
    vec_push(&local->runs, run);
    return run;
}

/* Closes a part's file; what is written of it stays for whoever removes it by list. */
static void part_detach(struct storage_part *part)
{
    if (part->fd >= 0)
        close(part->fd);
    part->fd = -1;
    base_err_set(&part->err, ERR_CANCELLED_BY_USER, "the run of '%s' was given up", part->name);
}

void local_run_forget(struct storage_local *local, const struct storage_run_key *key)
{
    for (size_t i = 0; i < local->runs.count; i++) {
        struct local_run *run = local->runs.items[i];
        if (run->seq != key->seq || strcmp(run->sync_uuid, key->sync_uuid) != 0)
            continue;
        for (size_t p = 0; p < run->open.count; p++)
            part_detach(run->open.items[p]);
        vec_free(&run->open);
        storage_files_free(&run->closed);
        if (run->parts_fd >= 0)
            close(run->parts_fd);
        free(run);
        local->runs.items[i] = local->runs.items[--local->runs.count];
        return;
    }
}

/* --- begin
 * --------------------------------------------------------------------------------------------------
 */

static int begin_fence(struct storage_local *local, struct storage_job *job)
{
    struct err *err = &job->err;
    enum local_fence fence = local_fence(local, &job->run, err);
    if (fence == FENCE_FOREIGN || fence == FENCE_ERROR)
        return -1;
    int64_t highest = 0;
    if (fence == FENCE_OURS && local_list_generations(local, &job->run, job, &highest, err) != 0)
        return -1;
    job->reply.highest_seq = highest;
    if (highest >= job->run.seq)
        return base_err_set(err, ERR_DST_AHEAD_OF_STATE,
                            "'%s' holds generation %lld already, this run is %lld",
                            job->run.table_path, (long long)highest, (long long)job->run.seq);
    return 0;
}

static int begin_staging(struct storage_local *local, struct storage_job *job, const char *sync,
                         const char *staging, struct local_run *run)
{
    struct err *err = &job->err;
    if (local_mkdir(local, LOCAL_STAGING, 0700, err) != 0 ||
        local_mkdir(local, sync, 0700, err) != 0)
        return -1;
    if (local_drop_listed(local, staging, err) != 0)
        return base_err_context(err, "what an earlier attempt left");
    if (local_mkdir(local, staging, 0777 & ~local->mask, err) != 0)
        return -1;
    char *path = base_printf("%s/" LOCAL_PARTS, staging);
    run->parts_fd = local_open(local, path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND, 0600);
    if (run->parts_fd < 0)
        local_errno(local, err, errno, "cannot make '%s'", path);
    free(path);
    return run->parts_fd < 0 ? -1 : local_fsync_dir(local, staging, err);
}

void local_begin(struct storage_local *local, struct storage_job *job)
{
    local_run_forget(local, &job->run);
    if (begin_fence(local, job) != 0)
        return;
    char *sync = local_sync_path(&job->run), *staging = local_staging_path(&job->run);
    struct local_run *run = run_new(local, &job->run);
    if (begin_staging(local, job, sync, staging, run) != 0)
        local_run_forget(local, &job->run);
    local_space(local, &job->reply);
    free(sync);
    free(staging);
}

/* --- parts
 * --------------------------------------------------------------------------------------------------
 */

static int part_list(struct storage_local *local, struct local_run *run, const char *name,
                     struct err *err)
{
    char *line = base_printf("%s\n", name);
    int rc = 0;
    if (base_file_write_all(run->parts_fd, line, strlen(line)) != 0 ||
        fdatasync(run->parts_fd) != 0)
        rc = local_errno(local, err, errno, "cannot note the file '%s'", name);
    free(line);
    return rc;
}

void local_part_open(struct storage_local *local, struct storage_job *job)
{
    struct storage_part *part = job->part;
    struct err *err = &part->err;
    struct local_run *run = local_run_find(local, &part->run);
    if (run == NULL || run->parts_fd < 0) {
        base_err_set(err, ERR_INTERNAL, "file '%s' of a run that has not begun", part->name);
        return;
    }
    if (part_list(local, run, part->name, err) != 0)
        return;
    char *staging = local_staging_path(&part->run);
    char *path = base_printf("%s/%s", staging, part->name);
    if (local_mkdir_parents(local, staging, part->name, err) == 0) {
        part->fd = local_open(local, path, O_WRONLY | O_CREAT | O_EXCL, 0666 & ~local->mask);
        if (part->fd < 0)
            local_errno(local, err, errno, "cannot make '%s'", path);
    }
    if (part->fd >= 0) {
        part->made = true;
        part->sha = base_sha256_new();
        vec_push(&run->open, part);
    }
    free(path);
    free(staging);
}

/* Takes the part off the list of open ones. */
static struct local_run *part_leave(struct storage_local *local, struct storage_part *part)
{
    struct local_run *run = local_run_find(local, &part->run);
    for (size_t i = 0; run != NULL && i < run->open.count; i++)
        if (run->open.items[i] == part)
            run->open.items[i] = run->open.items[--run->open.count];
    return run;
}

/* An error of a write or an fsync is final for the file: the kernel may have dropped its pages. */
static void part_remove(struct storage_local *local, struct storage_part *part)
{
    part_leave(local, part);
    if (part->fd >= 0)
        close(part->fd);
    part->fd = -1;
    if (!part->made)
        return;
    part->made = false;
    char *staging = local_staging_path(&part->run);
    char *path = base_printf("%s/%s", staging, part->name);
    local_unlink(local, path, false, NULL);
    free(path);
    free(staging);
}

static int part_write(struct storage_local *local, const struct storage_part *part,
                      const struct buf *data)
{
    errno = base_seam_fail(local->base.seam, "write");
    return errno != 0 ? -1 : base_file_write_all(part->fd, data->data, data->len);
}

void local_part_append(struct storage_local *local, struct storage_job *job)
{
    struct storage_part *part = job->part;
    if (part->err.code == ERR_OK && part->fd < 0)
        base_err_set(&part->err, ERR_INTERNAL, "file '%s' is not open", part->name);
    if (part->err.code == ERR_OK && part_write(local, part, &job->data) != 0) {
        local_errno(local, &part->err, errno, "cannot write '%s'", part->name);
        part_remove(local, part);
    }
    if (part->err.code == ERR_OK) {
        base_sha256_update(part->sha, job->data.data, job->data.len);
        part->length += (int64_t)job->data.len;
    }
    job->err = part->err;
    base_buf_free(&job->data); /* now, not on the main loop: it counts against the memory limit */
}

static int part_finish(struct storage_local *local, struct storage_part *part)
{
    base_seam_crash(local->base.seam, "P6");
    int error = base_seam_fail(local->base.seam, "fsync");
    int rc = error != 0 ? -1 : fsync(part->fd);
    if (rc != 0 && error == 0)
        error = errno;
    int closed = close(part->fd);
    if (rc == 0 && closed != 0) {
        rc = -1;
        error = errno;
    }
    part->fd = -1;
    return rc == 0 ? 0
                   : local_errno(local, &part->err, error, "cannot make '%s' durable", part->name);
}

void local_part_close(struct storage_local *local, struct storage_job *job)
{
    struct storage_part *part = job->part;
    if (part->err.code == ERR_OK)
        part->err = job->err;
    if (part->err.code == ERR_OK && part->fd < 0)
        base_err_set(&part->err, ERR_INTERNAL, "file '%s' is not open", part->name);
    if (part->err.code != ERR_OK || part_finish(local, part) != 0) {
        part_remove(local, part);
        job->err = part->err;
        return;
    }
    struct local_run *run = part_leave(local, part);
    job->reply.file =
        (struct storage_file){.name = part->name, .length = part->length, .rows = job->rows};
    base_sha256_final(&part->sha, job->reply.file.sha256);
    storage_files_add(&run->closed, &job->reply.file);
    local_space(local, &job->reply);
}

void local_part_drop(struct storage_local *local, struct storage_job *job)
{
    part_remove(local, job->part);
    base_err_clear(&job->err);
}

/* --- seal
 * ---------------------------------------------------------------------------------------------------
 */

/* Folders of partitions need their own fsync for the names in them. */
static int seal_folders(struct storage_local *local, const char *staging,
                        const struct storage_files *files, struct err *err)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *name = files->items[i].name;
        for (const char *slash = strrchr(name, '/'); slash != NULL;) {
            char *path = base_printf("%s/%.*s", staging, (int)(slash - name), name);
            int rc = local_fsync_dir(local, path, err);
            free(path);
            if (rc != 0)
                return -1;
            const char *up = slash;
            while (up > name && *--up != '/')
                ;
            slash = *up == '/' ? up : NULL;
        }
    }
    return 0;
}

static int seal_write(struct storage_local *local, const char *staging, const char *text,
                      struct err *err)
{
    char *fresh = base_printf("%s/" LOCAL_MANIFEST_NEW, staging);
    char *final = base_printf("%s/" STORAGE_MANIFEST, staging);
    int rc = local_unlink(local, fresh, false, err);
    if (rc == 0)
        rc = local_write(local, fresh, text, strlen(text), err);
    if (rc == 0 && local_rename(local, fresh, final, true) != 0)
        rc = local_errno(local, err, errno, "cannot name the manifest '%s'", final);
    free(fresh);
    free(final);
    return rc;
}

static int seal_durable(struct storage_local *local, const struct storage_run_key *run,
                        const char *staging, struct err *err)
{
    char *sync = local_sync_path(run), *parts = base_printf("%s/" LOCAL_PARTS, staging);
    int rc = local_fsync_dir(local, staging, err);
    if (rc == 0) /* from here on the manifest is the list */
        rc = local_unlink(local, parts, false, err);
    if (rc == 0)
        rc = local_fsync_dir(local, staging, err);
    if (rc == 0)
        rc = local_fsync_dir(local, sync, err);
    if (rc == 0)
        rc = local_fsync_dir(local, LOCAL_STAGING, err);
    free(parts);
    free(sync);
    return rc;
}

void local_seal(struct storage_local *local, struct storage_job *job)
{
    struct err *err = &job->err;
    struct local_run *run = local_run_find(local, &job->run);
    if (run == NULL || run->open.count > 0) {
        base_err_set(err, ERR_INTERNAL,
                     run == NULL ? "a run is sealed that has not begun"
                                 : "a run is sealed while a file of it is open");
        return;
    }
    char *text = storage_manifest_compose(job->manifest, &job->run, &run->closed, err);
    if (text == NULL)
        return;
    char *staging = local_staging_path(&job->run);
    if (seal_write(local, staging, text, err) == 0) {
        base_seam_crash(local->base.seam, "P6m");
        if (seal_folders(local, staging, &run->closed, err) == 0 &&
            seal_durable(local, &job->run, staging, err) == 0 && run->parts_fd >= 0) {
            close(run->parts_fd);
            run->parts_fd = -1;
        }
    }
    free(staging);
    free(text);
}

int local_seal_finish(struct storage_local *local, const struct storage_run_key *key,
                      const struct storage_files *files, struct err *err)
{
    char *staging = local_staging_path(key);
    char *parts = base_printf("%s/" LOCAL_PARTS, staging);
    int rc = 0;
    if (local_exists(local, parts)) {
        rc = seal_folders(local, staging, files, err);
        if (rc == 0)
            rc = seal_durable(local, key, staging, err);
    }
    free(parts);
    free(staging);
    return rc;
}

void local_resume(struct storage_local *local, struct storage_job *job)
{
    struct err *err = &job->err;
    struct storage_run_key found;
    char *staging = local_staging_path(&job->run);
    int rc = local_manifest(local, staging, &found, &job->files, NULL, err);
    free(staging);
    if (rc == 0 || (rc == 1 && !local_same_run(&found, &job->run)))
        base_err_set(err, ERR_RUN_NOT_FOUND, "nothing of run %lld, attempt %d, is staged",
                     (long long)job->run.seq, job->run.attempt);
    if (rc == 1)
        free(found.table_path);
    if (err->code != ERR_OK || local_seal_finish(local, &job->run, &job->files, err) != 0)
        return;
    local_run_forget(local, &job->run);
    struct local_run *run = run_new(local, &job->run);
    for (size_t i = 0; i < job->files.count; i++)
        storage_files_add(&run->closed, &job->files.items[i]);
}

/* --- abort
 * --------------------------------------------------------------------------------------------------
 */

#define QUARANTINE ".quarantine-"

static int quarantine_only(const struct dirent *entry)
{
    return strstr(entry->d_name, QUARANTINE) != NULL;
}

/* Shorter numbers first, so that 9 is older than 10. */
static int quarantine_order(const struct dirent **a, const struct dirent **b)
{
    size_t la = strcspn((*a)->d_name, "."), lb = strcspn((*b)->d_name, ".");
    if (la != lb)
        return la < lb ? -1 : 1;
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void quarantine_thin(struct storage_local *local, const char *sync)
{
    struct dirent **entries;
    int fd = local_open_dir(local, sync, NULL);
    if (fd < 0)
        return;
    int count = scandirat(fd, ".", &entries, quarantine_only, quarantine_order);
    close(fd);
    for (int i = 0; i < count; i++) {
        if (i < count - STORAGE_QUARANTINE_MAX) {
            char *path = base_printf("%s/%s", sync, entries[i]->d_name);
            local_drop_listed(local, path, NULL);
            free(path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static int quarantine_keep(struct storage_local *local, const struct storage_run_key *run,
                           const char *staging, const char *sync, struct err *err)
{
    char *kept = base_printf("%s" QUARANTINE "%d", staging, run->attempt);
    int rc = 0;
    if (local_rename(local, staging, kept, false) != 0 && errno != ENOENT)
        rc = errno == EEXIST ? local_drop_listed(local, staging, err)
                             : local_errno(local, err, errno, "cannot put '%s' aside", staging);
    free(kept);
    quarantine_thin(local, sync);
    return rc;
}

void local_abort(struct storage_local *local, struct storage_job *job)
{
    char *sync = local_sync_path(&job->run), *staging = local_staging_path(&job->run);
    local_run_forget(local, &job->run);
    int rc = job->quarantine ? quarantine_keep(local, &job->run, staging, sync, &job->err)
                             : local_drop_listed(local, staging, &job->err);
    if (rc == 0)
        local_unlink(local, sync, true, NULL); /* while other runs are in it, it stays */
    local_space(local, &job->reply);
    free(sync);
    free(staging);
}
