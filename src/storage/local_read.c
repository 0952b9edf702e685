/* Reading back what was written: from the disk, for verification. */
#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_CHUNK ((size_t)1 << 20)

static char *where_path(const struct storage_job *job)
{
    return job->where == STORAGE_STAGED ? local_staging_path(&job->run)
                                        : local_generation_path(&job->run, job->run.seq);
}

static int part_open_read(struct storage_local *local, struct storage_job *job)
{
    if (!storage_name_valid(job->name))
        return base_err_set(&job->err, ERR_CONFIG_INVALID, "'%s' is no name for a file of a run",
                            job->name);
    char *folder = where_path(job);
    char *path = base_printf("%s/%s", folder, job->name);
    int fail = base_seam_fail(local->base.seam, "read");
    int fd = fail != 0 ? -1 : local_open(local, path, O_RDONLY, 0);
    if (fd < 0)
        local_errno(local, &job->err, fail != 0 ? fail : errno, "cannot %s '%s'",
                    fail != 0 ? "read" : "open", path);
    free(path);
    free(folder);
    return fd;
}

void local_read_part(struct storage_local *local, struct storage_job *job)
{
    if (job->offset < 0) {
        base_err_set(&job->err, ERR_INTERNAL, "a read before the start of '%s'", job->name);
        return;
    }
    int fd = part_open_read(local, job);
    if (fd < 0)
        return;
    if (base_buf_reserve(&job->data, job->len) != 0)
        base_err_set(&job->err, ERR_HOST_MEMORY, "no memory for %zu bytes", job->len);
    while (job->err.code == ERR_OK && job->data.len < job->len) {
        ssize_t n = pread(fd, job->data.data + job->data.len, job->len - job->data.len,
                          job->offset + (off_t)job->data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            local_errno(local, &job->err, errno, "cannot read '%s'", job->name);
        if (n <= 0)
            break;
        job->data.len += (size_t)n;
    }
    close(fd);
}

void local_hash_part(struct storage_local *local, struct storage_job *job)
{
    int fd = part_open_read(local, job);
    if (fd < 0)
        return;
    struct base_sha256 *sha = base_sha256_new();
    char *chunk = base_alloc(HASH_CHUNK);
    ssize_t n;
    while ((n = read(fd, chunk, HASH_CHUNK)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        base_sha256_update(sha, chunk, (size_t)n);
        job->reply.file.length += n;
    }
    if (n < 0)
        local_errno(local, &job->err, errno, "cannot read '%s'", job->name);
    base_sha256_final(&sha, job->reply.file.sha256);
    job->reply.file.name = job->name;
    free(chunk);
    close(fd);
}

void local_manifest_verb(struct storage_local *local, struct storage_job *job)
{
    struct storage_run_key found;
    char *folder = where_path(job);
    int rc = local_manifest(local, folder, &found, &job->files, &job->data, &job->err);
    if (rc == 0)
        base_err_set(&job->err, ERR_RUN_NOT_FOUND, "'%s' has no manifest", folder);
    else if (rc == 1)
        free(found.table_path);
    free(folder);
}

static int look_file(struct storage_local *local, const char *folder,
                     const struct storage_file *file, struct err *err)
{
    char *path = base_printf("%s/%s", folder, file->name);
    struct stat there;
    int rc = 0, fd = local_open(local, path, O_RDONLY, 0);
    if (fd < 0 && errno == ENOENT)
        rc = base_err_set(err, ERR_DST_FILE_CORRUPT, "'%s' is not there any more", path);
    else if (fd < 0 || fstat(fd, &there) != 0)
        rc = local_errno(local, err, errno, "cannot look at '%s'", path);
    else if (there.st_size != file->length)
        rc = base_err_set(err, ERR_DST_FILE_CORRUPT, "'%s' has %lld bytes, %lld were written", path,
                          (long long)there.st_size, (long long)file->length);
    if (fd >= 0)
        close(fd);
    free(path);
    return rc;
}

/* The manifest of a generation and the files it lists. */
static void look_generation(struct storage_local *local, struct storage_job *job,
                            const char *folder)
{
    struct storage_run_key found;
    int rc = local_manifest(local, folder, &found, &job->files, NULL, &job->err);
    if (rc == 0)
        base_err_set(&job->err, ERR_DST_FILE_CORRUPT, "'%s' has no manifest", folder);
    if (rc != 1)
        return;
    if (strcmp(found.sync_uuid, job->run.sync_uuid) != 0)
        base_err_set(&job->err, ERR_DST_FOREIGN_WRITER, "'%s' is of sync %s, this is sync %s",
                     folder, found.sync_uuid, job->run.sync_uuid);
    for (size_t i = 0; i < job->files.count && job->err.code == ERR_OK; i++)
        (void)look_file(local, folder, &job->files.items[i], &job->err);
    free(found.table_path);
}

void local_look(struct storage_local *local, struct storage_job *job)
{
    int64_t now = local_current(local, &job->run, &job->err);
    if (now < 0)
        return;
    if (now < job->run.seq) {
        base_err_set(&job->err, ERR_DST_FILE_CORRUPT,
                     "'%s/" LOCAL_CURRENT "' does not lead to what was published",
                     job->run.table_path);
        return;
    }
    char *folder = local_generation_path(&job->run, now);
    job->reply.highest_seq = now;
    look_generation(local, job, folder);
    free(folder);
}
