/* Reading back what was written: from the disk, for verification. */
#define _GNU_SOURCE

#include "storage/local.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
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
    int fd = local_open(local, path, O_RDONLY, 0);
    if (fd < 0)
        local_errno(local, &job->err, errno, "cannot open '%s'", path);
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
