/* The one atomic act, its read-back, and what may be removed afterwards. */
#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/json.h"

#include <cjson/cJSON.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK_MAX 4096
#define GENERATION_DIGITS 20

static bool generation_name(const char *name, int64_t *seq)
{
    if (strncmp(name, "gen-", 4) != 0 || strlen(name) != 4 + GENERATION_DIGITS)
        return false;
    uint64_t value = 0;
    for (const char *c = name + 4; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || value > (uint64_t)INT64_MAX / 10)
            return false;
        value = value * 10 + (uint64_t)(*c - '0');
    }
    *seq = (int64_t)value;
    return value > 0 && value <= (uint64_t)INT64_MAX;
}

/* --- the fence
 * ---------------------------------------------------------------------------------------------- */

static int foreign(const struct storage_local *local, const struct storage_run_key *run,
                   const char *other, struct err *err)
{
    base_err_set(err, ERR_DST_FOREIGN_WRITER, "'%s' is written by sync %s, this is sync %s",
                 run->table_path, other, run->sync_uuid);
    base_err_hint(err,
                  "Choose another destination; if that sync is gone for good (its state was lost), "
                  "move '%s/%s' away: the next run makes it anew.",
                  local->base.root, run->table_path);
    return -1;
}

static bool table_empty(struct storage_local *local, const struct storage_run_key *run)
{
    int fd = local_open(local, run->table_path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return errno == ENOENT;
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        close(fd);
        return false;
    }
    bool empty = true;
    struct dirent *entry;
    while (empty && (entry = readdir(dir)) != NULL)
        empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                /* a mark that was being written when somebody crashed */
                strncmp(entry->d_name, LOCAL_MARK ".", strlen(LOCAL_MARK) + 1) == 0;
    closedir(dir);
    return empty;
}

enum local_fence local_fence(struct storage_local *local, const struct storage_run_key *run,
                             struct err *err)
{
    struct err cause = ERR_INIT;
    struct buf text;
    base_buf_init(&text, MARK_MAX);
    char *path = local_table_path(run, LOCAL_MARK);
    int rc = local_read(local, path, MARK_MAX, &text, &cause);
    free(path);
    enum local_fence fence = FENCE_ERROR;
    if (rc != 0 && cause.sys_errno == ENOENT) {
        fence = FENCE_FREE;
        if (!table_empty(local, run)) {
            base_err_set(err, ERR_DEST_NOT_EMPTY,
                         "'%s' holds files that no sync has marked as its own", run->table_path);
            fence = FENCE_FOREIGN;
        }
    } else if (rc != 0) {
        if (err != NULL && err->code == ERR_OK)
            *err = cause;
    } else {
        cJSON *json = base_json_parse(text.data, text.len, MARK_MAX, NULL);
        const char *uuid = base_json_str(json, "sync_uuid");
        fence = uuid != NULL && strcmp(uuid, run->sync_uuid) == 0 ? FENCE_OURS : FENCE_FOREIGN;
        if (fence == FENCE_FOREIGN)
            foreign(local, run, uuid != NULL ? uuid : "unknown", err);
        cJSON_Delete(json);
    }
    base_buf_free(&text);
    return fence;
}

/* Claims the table's folder: the first to give the mark its name has it. */
static enum local_fence fence_claim(struct storage_local *local, const struct storage_run_key *run,
                                    struct err *err)
{
    if (local_mkdir(local, run->table_path, 0777 & ~local->mask, err) != 0)
        return FENCE_ERROR;
    enum local_fence fence = local_fence(local, run, err);
    if (fence != FENCE_FREE)
        return fence;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "format", 1);
    base_json_add_str(json, "sync_uuid", run->sync_uuid);
    char *text = base_json_print(json);
    cJSON_Delete(json);
    char *fresh = base_printf("%s/" LOCAL_MARK ".%s", run->table_path, run->sync_uuid);
    char *final = local_table_path(run, LOCAL_MARK);
    fence = FENCE_ERROR;
    if (local_unlink(local, fresh, false, err) == 0 &&
        local_write(local, fresh, text, strlen(text), err) == 0) {
        if (local_rename(local, fresh, final, false) == 0)
            fence = FENCE_OURS;
        else if (errno == EEXIST) /* somebody was faster; or a filesystem that lies about names */
            fence = local_fence(local, run, err);
        else
            local_errno(local, err, errno, "cannot mark '%s'", run->table_path);
        if (fence != FENCE_OURS)
            local_unlink(local, fresh, false, NULL);
    }
    free(fresh);
    free(final);
    free(text);
    return fence;
}

/* --- what is there
 * ------------------------------------------------------------------------------------------ */

/* 1 ours, 0 absent, -1 foreign or unreadable (err says which; *is_foreign). */
static int generation_state(struct storage_local *local, const struct storage_run_key *run,
                            bool *is_foreign, struct err *err)
{
    struct storage_run_key found;
    *is_foreign = false;
    char *path = local_generation_path(run, run->seq);
    int rc = 0;
    if (local_exists(local, path)) {
        rc = local_manifest(local, path, &found, NULL, NULL, err);
        if (rc == 0) {
            *is_foreign = true;
            rc =
                base_err_set(err, ERR_DST_FOREIGN_WRITER, "'%s' is there without a manifest", path);
        } else if (rc == 1) {
            if (!local_same_run(&found, run)) {
                *is_foreign = true;
                rc = base_err_set(err, ERR_DST_FOREIGN_WRITER,
                                  "'%s' is of sync %s, run %lld, attempt %d", path, found.sync_uuid,
                                  (long long)found.seq, found.attempt);
            }
            free(found.table_path);
        }
    }
    free(path);
    return rc;
}

/* files may be NULL. */
static enum storage_staging staging_state(struct storage_local *local,
                                          const struct storage_run_key *run,
                                          struct storage_files *files)
{
    struct storage_run_key found;
    char *path = local_staging_path(run);
    enum storage_staging state = STORAGE_STAGING_NONE;
    if (local_exists(local, path)) {
        state = STORAGE_STAGING_PARTIAL;
        if (local_manifest(local, path, &found, files, NULL, NULL) == 1) {
            if (local_same_run(&found, run))
                state = STORAGE_STAGING_SEALED;
            free(found.table_path);
        }
    }
    free(path);
    return state;
}

int64_t local_current(struct storage_local *local, const struct storage_run_key *run,
                      struct err *err)
{
    char target[64] = "";
    int64_t seq = 0;
    int fd = local_open(local, run->table_path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : local_errno(local, err, errno, "folder '%s'", run->table_path);
    ssize_t n = readlinkat(fd, LOCAL_CURRENT, target, sizeof target - 1);
    int error = errno;
    close(fd);
    if (n < 0 && error == ENOENT)
        return 0;
    if (n < 0 && error != EINVAL)
        return local_errno(local, err, error, "'%s/" LOCAL_CURRENT "'", run->table_path);
    if (n < 0 || !generation_name(target, &seq))
        return base_err_set(err, ERR_DEST_NOT_EMPTY,
                            "'%s/" LOCAL_CURRENT "' is not a link to a generation",
                            run->table_path);
    return seq;
}

/* --- publish
 * ------------------------------------------------------------------------------------------------
 */

static void outcome_of_error(struct storage_job *job, bool is_foreign)
{
    job->reply.outcome = is_foreign ? STORAGE_FOREIGN : STORAGE_UNKNOWN;
}

/* Both there and not the same folder: an earlier life of this state published under the same
 * number. */
static bool staged_twice(struct storage_local *local, const struct storage_run_key *run)
{
    struct stat a, b;
    char *staging = local_staging_path(run), *generation = local_generation_path(run, run->seq);
    int staged = local_open(local, staging, O_PATH, 0);
    int there = local_open(local, generation, O_PATH, 0);
    bool twice = staged >= 0 && there >= 0 && fstat(staged, &a) == 0 && fstat(there, &b) == 0 &&
                 (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
    if (staged >= 0)
        close(staged);
    if (there >= 0)
        close(there);
    free(staging);
    free(generation);
    return twice;
}

static int publish_move(struct storage_local *local, struct storage_job *job)
{
    const struct storage_run_key *run = &job->run;
    char *staging = local_staging_path(run), *generation = local_generation_path(run, run->seq);
    base_seam_crash(local->base.seam, "P10a");
    int rc = local_rename(local, staging, generation, false);
    int error = errno;
    base_seam_crash(local->base.seam, "P10b");
    if (rc != 0 && error == EEXIST)
        rc = 1;
    else if (rc != 0)
        local_errno(local, &job->err, error, "cannot rename '%s' to '%s'", staging, generation);
    free(staging);
    free(generation);
    return rc;
}

/* Something sealed lies ready and is durable. */
static int publish_ready(struct storage_local *local, struct storage_job *job)
{
    struct storage_files files = {0};
    int rc = 0;
    if (staging_state(local, &job->run, &files) != STORAGE_STAGING_SEALED) {
        job->reply.outcome = STORAGE_NOT_DONE;
        rc = base_err_set(&job->err, ERR_RUN_NOT_FOUND, "nothing of run %lld is staged",
                          (long long)job->run.seq);
    } else {
        rc = local_seal_finish(local, &job->run, &files, &job->err);
    }
    storage_files_free(&files);
    return rc;
}

/* 0: the generation is in place and ours. */
static int publish_place(struct storage_local *local, struct storage_job *job)
{
    bool is_foreign;
    int there = generation_state(local, &job->run, &is_foreign, &job->err);
    if (there == 0) {
        if (publish_ready(local, job) != 0)
            return -1;
        base_seam_crash(local->base.seam, "L1");
        int moved = publish_move(local, job);
        if (moved <= 0)
            return moved;
        there = generation_state(local, &job->run, &is_foreign, &job->err);
    }
    base_seam_crash(local->base.seam, "L3");
    if (there < 0) {
        outcome_of_error(job, is_foreign);
        return -1;
    }
    if (!staged_twice(local, &job->run))
        return 0;
    job->reply.outcome = STORAGE_NOT_DONE;
    return base_err_set(&job->err, ERR_DST_AHEAD_OF_STATE,
                        "generation %lld was published by an earlier life of this state",
                        (long long)job->run.seq);
}

static int publish_durable(struct storage_local *local, const struct storage_run_key *run,
                           struct err *err)
{
    char *sync = local_sync_path(run);
    int rc = local_fsync_dir(local, run->table_path, err);
    if (rc == 0 && local_exists(local, sync))
        rc = local_fsync_dir(local, sync, err);
    if (rc == 0)
        rc = local_fsync_dir(local, ".", err);
    free(sync);
    return rc;
}

static char *swap_name(int64_t seq)
{
    return base_printf(".current-%lld", (long long)seq);
}

static int publish_swap(struct storage_local *local, struct storage_job *job)
{
    const struct storage_run_key *run = &job->run;
    struct err *err = &job->err;
    int64_t now = local_current(local, run, err);
    if (now < 0 || now >= run->seq)
        return now < 0 ? -1 : 0;
    int fd = local_open_dir(local, run->table_path, err);
    if (fd < 0)
        return -1;
    char *fresh = swap_name(run->seq);
    char *target = base_printf("gen-%020lld", (long long)run->seq);
    int rc = 0;
    if ((unlinkat(fd, fresh, 0) != 0 && errno != ENOENT) || symlinkat(target, fd, fresh) != 0) {
        rc = local_errno(local, err, errno, "cannot make a link in '%s'", run->table_path);
    } else {
        base_seam_crash(local->base.seam, "L4");
        if (renameat(fd, fresh, fd, LOCAL_CURRENT) != 0)
            rc = local_errno(local, err, errno, "cannot swap '%s/" LOCAL_CURRENT "'",
                             run->table_path);
        base_seam_crash(local->base.seam, "P10c");
        if (rc == 0 && fsync(fd) != 0)
            rc = local_errno(local, err, errno, "cannot make '%s' durable", run->table_path);
    }
    free(fresh);
    free(target);
    close(fd);
    return rc;
}

void local_publish(struct storage_local *local, struct storage_job *job)
{
    job->reply.outcome = STORAGE_UNKNOWN;
    base_seam_crash(local->base.seam, "P9");
    enum local_fence fence = fence_claim(local, &job->run, &job->err);
    if (fence != FENCE_OURS) {
        outcome_of_error(job, fence == FENCE_FOREIGN);
        return;
    }
    if (publish_place(local, job) != 0)
        return;
    base_seam_crash(local->base.seam, "L2");
    /* the generation is durable before anything points to it */
    if (publish_durable(local, &job->run, &job->err) != 0 || publish_swap(local, job) != 0)
        return;
    base_seam_crash(local->base.seam, "L5");
    job->reply.outcome = STORAGE_DONE;
    local_run_forget(local, &job->run);
    char *sync = local_sync_path(&job->run);
    local_unlink(local, sync, true, NULL); /* while other runs are in it, it stays */
    free(sync);
}

void local_read_back(struct storage_local *local, struct storage_job *job)
{
    bool is_foreign;
    job->reply.outcome = STORAGE_UNKNOWN;
    job->reply.staging = staging_state(local, &job->run, NULL);
    enum local_fence fence = local_fence(local, &job->run, &job->err);
    if (fence == FENCE_FOREIGN || fence == FENCE_ERROR) {
        outcome_of_error(job, fence == FENCE_FOREIGN);
        return;
    }
    int there = generation_state(local, &job->run, &is_foreign, &job->err);
    if (there < 0) {
        outcome_of_error(job, is_foreign);
        return;
    }
    if (there == 0) {
        job->reply.outcome = STORAGE_NOT_DONE;
        return;
    }
    int64_t now = local_current(local, &job->run, &job->err);
    /* seen is not yet durable: the crash may have come before the fsync of the parents */
    if (now < 0 || publish_durable(local, &job->run, &job->err) != 0)
        return;
    job->reply.outcome = now >= job->run.seq ? STORAGE_DONE : STORAGE_MOVED;
}

/* --- generations and cleaning
 * ------------------------------------------------------------------------------- */

static int generation_order(const void *a, const void *b)
{
    int64_t x = ((const struct storage_generation *)a)->seq;
    int64_t y = ((const struct storage_generation *)b)->seq;
    return x < y ? -1 : x > y;
}

int local_list_generations(struct storage_local *local, const struct storage_run_key *run,
                           struct storage_job *into, int64_t *highest, struct err *err)
{
    *highest = 0;
    int64_t now = local_current(local, run, err);
    if (now < 0)
        return -1;
    int fd = local_open(local, run->table_path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return errno == ENOENT ? 0 : local_errno(local, err, errno, "folder '%s'", run->table_path);
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int error = errno;
        close(fd);
        return local_errno(local, err, error, "folder '%s'", run->table_path);
    }
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct storage_generation generation = {0};
        if (!generation_name(entry->d_name, &generation.seq))
            continue;
        generation.current = generation.seq == now;
        *highest = generation.seq > *highest ? generation.seq : *highest;
        if (into != NULL)
            vec_push(&into->generations, generation);
    }
    closedir(dir);
    if (into != NULL && into->generations.count > 1)
        qsort(into->generations.items, into->generations.count, sizeof *into->generations.items,
              generation_order);
    return 0;
}

void local_generations(struct storage_local *local, struct storage_job *job)
{
    enum local_fence fence = local_fence(local, &job->run, &job->err);
    if (fence == FENCE_OURS)
        local_list_generations(local, &job->run, job, &job->reply.highest_seq, &job->err);
}

/* Out of sight in one step, so that no reader ever sees half of it; then removed by its own list.
 */
static int clean_one(struct storage_local *local, const struct storage_run_key *run, int64_t seq,
                     struct err *err)
{
    struct storage_run_key found;
    char *path = local_generation_path(run, seq);
    char *trash = base_printf(LOCAL_STAGING "/%s/trash-%lld", run->sync_uuid, (long long)seq);
    int rc = 0;
    if (local_exists(local, path)) {
        rc = local_manifest(local, path, &found, NULL, NULL, err);
        if (rc == 0 ||
            (rc == 1 && (strcmp(found.sync_uuid, run->sync_uuid) != 0 || found.seq != seq)))
            base_err_set(err, ERR_DST_FOREIGN_WRITER, "'%s' is not of this sync", path);
        if (rc == 1)
            free(found.table_path);
        rc = err->code == ERR_OK ? local_drop_listed(local, trash, err) : -1;
        if (rc == 0 && local_rename(local, path, trash, false) != 0)
            rc = local_errno(local, err, errno, "cannot take away '%s'", path);
        base_seam_crash(local->base.seam, "P12b");
    }
    if (rc == 0)
        rc = local_drop_listed(local, trash, err);
    free(path);
    free(trash);
    return rc;
}

void local_clean(struct storage_local *local, struct storage_job *job)
{
    struct err *err = &job->err;
    const struct storage_run_key *run = &job->run;
    base_seam_crash(local->base.seam, "P12");
    if (local_fence(local, run, err) != FENCE_OURS)
        return;
    int64_t now = local_current(local, run, err);
    char *sync = local_sync_path(run), *fresh = swap_name(run->seq);
    char *link = local_table_path(run, fresh);
    int rc = now < 0 ? -1 : local_mkdir(local, sync, 0700, err);
    if (rc == 0)
        rc = local_unlink(local, link, false, err);
    for (size_t i = 0; rc == 0 && i < job->seq_count; i++)
        rc = job->seqs[i] == now
                 ? base_err_set(err, ERR_INTERNAL, "generation %lld is what readers follow",
                                (long long)now)
                 : clean_one(local, run, job->seqs[i], err);
    local_unlink(local, sync, true, NULL); /* while runs are in it, it stays */
    local_space(local, &job->reply);
    free(link);
    free(fresh);
    free(sync);
}
