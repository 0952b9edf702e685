#include "storage/storage.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "net/loop.h"
#include "storage/job.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#define READ_MAX ((size_t)64 << 20)

static const struct storage_ops *const backends[] = {&storage_local_ops};

const char *const *storage_crash_points(void)
{
    static const char *const points[] = {"P6", "P6m",  "P9", "L1",  "P10a", "P10b", "L2",
                                         "L4", "P10c", "L5", "P12", "P12b", "L3",   NULL};
    return points;
}

/* --- jobs
 * ---------------------------------------------------------------------------------------------------
 */

void storage_files_add(struct storage_files *files, const struct storage_file *file)
{
    struct storage_file copy = *file;
    copy.name = base_strdup(file->name);
    vec_push(files, copy);
}

void storage_files_free(struct storage_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free((char *)files->items[i].name);
    vec_free(files);
}

void storage_part_free(struct storage_part **part_ptr)
{
    struct storage_part *part = *part_ptr;
    if (part == NULL)
        return;
    if (part->sha != NULL) {
        uint8_t unused[32];
        base_sha256_final(&part->sha, unused);
    }
    free(part->run.table_path);
    free(part->name);
    base_free(part_ptr);
}

static void job_free(struct storage_job *job)
{
    if (job->verb == VERB_PART_CLOSE || job->verb == VERB_PART_DROP)
        storage_part_free(&job->part);
    free(job->run.table_path);
    free(job->name);
    free(job->seqs);
    cJSON_Delete(job->manifest);
    base_buf_free(&job->data);
    storage_files_free(&job->files);
    vec_free(&job->generations);
    free(job);
}

static void job_end(struct storage_job *job)
{
    struct storage_counter *counter = job->counter;
    job_free(job);
    if (counter->orphan && counter->pending == 0)
        free(counter);
}

/* The loop has gone: nobody waits for the answer. */
static void job_discarded(void *user)
{
    struct storage_job *job = user;
    job->counter->pending--;
    job_end(job);
}

static void job_completed(void *user)
{
    struct storage_job *job = user;
    job->reply.err = &job->err;
    job->reply.data = job->verb == VERB_READ || job->verb == VERB_MANIFEST ? &job->data : NULL;
    job->reply.files = job->files.items;
    job->reply.file_count = job->files.count;
    job->reply.generations = job->generations.items;
    job->reply.generation_count = job->generations.count;
    job->counter->pending--;
    if (job->done != NULL)
        job->done(job->user, &job->reply);
    job_end(job);
}

void storage_job_end(struct storage_job *job)
{
    net_loop_post_owned(job->storage->loop, job_completed, job_discarded, job);
}

static struct storage_job *job_new(struct storage *storage, enum storage_verb verb,
                                   storage_done_fn *done, void *user)
{
    struct storage_job *job = base_alloc_zero(1, sizeof *job);
    job->verb = verb;
    job->storage = storage;
    job->counter = storage->counter;
    job->done = done;
    job->user = user;
    base_buf_init(&job->data, BUF_MAX_DEFAULT);
    return job;
}

static void run_key_set(struct storage_run_key *run, const struct storage_identity *id)
{
    memcpy(run->sync_uuid, id->sync_uuid, sizeof run->sync_uuid);
    run->sync_uuid[sizeof run->sync_uuid - 1] = '\0';
    run->seq = id->run_seq;
    run->attempt = id->attempt;
    run->table_path = base_strdup(id->table_path);
}

static struct storage_job *job_of(struct storage *storage, enum storage_verb verb,
                                  const struct storage_identity *id, storage_done_fn *done,
                                  void *user)
{
    struct storage_job *job = job_new(storage, verb, done, user);
    run_key_set(&job->run, id);
    return job;
}

static void job_submit(struct storage_job *job)
{
    job->counter->pending++;
    job->storage->ops->submit(job->storage, job);
}

/* --- life
 * ---------------------------------------------------------------------------------------------------
 */

static const struct storage_ops *backend_of(const char *url, const char **rest)
{
    if (url[0] == '/') {
        *rest = url;
        return &storage_local_ops;
    }
    for (size_t i = 0; i < base_countof(backends); i++) {
        size_t len = strlen(backends[i]->scheme);
        if (strncmp(url, backends[i]->scheme, len) == 0 && strncmp(url + len, "://", 3) == 0) {
            *rest = url + len + 3;
            return backends[i];
        }
    }
    return NULL;
}

struct storage *storage_open(const char *url, struct base_seam *seam, struct net_loop *loop,
                             storage_done_fn *done, void *user, struct err *err)
{
    const char *rest;
    const struct storage_ops *ops = backend_of(url, &rest);
    if (ops == NULL) {
        base_err_set(err, ERR_CONFIG_INVALID, "destination '%s' is not of a known kind", url);
        base_err_hint(err, "give an absolute folder, as file:///srv/data or /srv/data");
        return NULL;
    }
    struct storage *storage = ops->open(rest, seam, err);
    if (storage == NULL)
        return NULL;
    storage->ops = ops;
    storage->loop = loop;
    storage->seam = seam;
    storage->counter = base_alloc_zero(1, sizeof *storage->counter);
    storage_reopen(storage, done, user);
    return storage;
}

char *storage_folder(const char *url, struct err *err)
{
    const char *rest = NULL;
    const struct storage_ops *ops = backend_of(url, &rest);
    char *folder = ops && ops->folder ? ops->folder(rest) : NULL;
    if (folder == NULL)
        base_err_set(err, ERR_CONFIG_INVALID, "destination '%s' is no folder on this host", url);
    return folder;
}

void storage_reopen(struct storage *storage, storage_done_fn *done, void *user)
{
    job_submit(job_new(storage, VERB_PROBE, done, user));
}

void storage_free(struct storage **storage_ptr)
{
    struct storage *storage = *storage_ptr;
    if (storage == NULL)
        return;
    struct storage_counter *counter = storage->counter;
    char *root = storage->root;
    storage->ops->free(storage);
    free(root);
    if (counter->pending == 0)
        free(counter);
    else
        counter->orphan = true;
    *storage_ptr = NULL;
}

char *storage_table_location(const struct storage *storage, const char *table_path)
{
    return storage->ops->location(storage, table_path);
}

const char *storage_root(const struct storage *storage)
{
    return storage->root;
}

/* --- verbs
 * --------------------------------------------------------------------------------------------------
 */

void storage_begin(struct storage *storage, const struct storage_identity *id,
                   storage_done_fn *done, void *user)
{
    job_submit(job_of(storage, VERB_BEGIN, id, done, user));
}

struct storage_part *storage_part_open(struct storage *storage, const struct storage_identity *id,
                                       const char *name, struct err *err)
{
    if (!storage_name_valid(name)) {
        base_err_set(err, ERR_CONFIG_INVALID, "'%s' is no name for a file of a run", name);
        return NULL;
    }
    struct storage_part *part = base_alloc_zero(1, sizeof *part);
    part->storage = storage;
    part->name = base_strdup(name);
    part->fd = -1;
    run_key_set(&part->run, id);
    struct storage_job *job = job_of(storage, VERB_PART_OPEN, id, NULL, NULL);
    job->part = part;
    job_submit(job);
    return part;
}

static struct storage_job *part_job(struct storage_part *part, enum storage_verb verb,
                                    storage_done_fn *done, void *user)
{
    struct storage_job *job = job_new(part->storage, verb, done, user);
    job->part = part;
    return job;
}

void storage_part_append(struct storage_part *part, struct buf *take, storage_done_fn *done,
                         void *user)
{
    struct storage_job *job = part_job(part, VERB_PART_APPEND, done, user);
    job->data = *take;
    base_buf_init(take, job->data.max);
    job_submit(job);
}

void storage_part_close(struct storage_part *part, int64_t rows, storage_done_fn *done, void *user)
{
    struct storage_job *job = part_job(part, VERB_PART_CLOSE, done, user);
    job->rows = rows;
    job_submit(job);
}

void storage_part_drop(struct storage_part *part, storage_done_fn *done, void *user)
{
    job_submit(part_job(part, VERB_PART_DROP, done, user));
}

void storage_seal(struct storage *storage, const struct storage_identity *id,
                  struct cJSON *manifest_take, storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_SEAL, id, done, user);
    job->manifest = manifest_take;
    job_submit(job);
}

void storage_resume(struct storage *storage, const struct storage_identity *id,
                    storage_done_fn *done, void *user)
{
    job_submit(job_of(storage, VERB_RESUME, id, done, user));
}

void storage_read(struct storage *storage, const struct storage_identity *id,
                  enum storage_where where, const char *name, int64_t offset, size_t len,
                  storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_READ, id, done, user);
    job->where = where;
    job->name = base_strdup(name);
    job->offset = offset;
    job->len = len > READ_MAX ? READ_MAX : len;
    job_submit(job);
}

void storage_hash(struct storage *storage, const struct storage_identity *id,
                  enum storage_where where, const char *name, storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_HASH, id, done, user);
    job->where = where;
    job->name = base_strdup(name);
    job_submit(job);
}

void storage_manifest(struct storage *storage, const struct storage_identity *id,
                      enum storage_where where, storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_MANIFEST, id, done, user);
    job->where = where;
    job_submit(job);
}

void storage_publish(struct storage *storage, const struct storage_identity *id,
                     storage_done_fn *done, void *user)
{
    job_submit(job_of(storage, VERB_PUBLISH, id, done, user));
}

void storage_read_back(struct storage *storage, const struct storage_identity *id,
                       storage_done_fn *done, void *user)
{
    job_submit(job_of(storage, VERB_READ_BACK, id, done, user));
}

void storage_abort(struct storage *storage, const struct storage_identity *id, bool quarantine,
                   storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_ABORT, id, done, user);
    job->quarantine = quarantine;
    job_submit(job);
}

void storage_clean(struct storage *storage, const struct storage_identity *id, const int64_t *seqs,
                   size_t count, storage_done_fn *done, void *user)
{
    struct storage_job *job = job_of(storage, VERB_CLEAN, id, done, user);
    job->seqs = base_alloc(count * sizeof *seqs);
    if (count > 0)
        memcpy(job->seqs, seqs, count * sizeof *seqs);
    job->seq_count = count;
    job_submit(job);
}

void storage_generations(struct storage *storage, const struct storage_identity *id,
                         storage_done_fn *done, void *user)
{
    job_submit(job_of(storage, VERB_GENERATIONS, id, done, user));
}

void storage_look(struct storage *storage, const struct storage_identity *id, storage_done_fn *done,
                  void *user)
{
    job_submit(job_of(storage, VERB_LOOK, id, done, user));
}

void storage_space(struct storage *storage, storage_done_fn *done, void *user)
{
    job_submit(job_new(storage, VERB_SPACE, done, user));
}
