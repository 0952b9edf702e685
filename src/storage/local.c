/* The backend "file": its life, and the one disk thread that does everything in the order it was
 * asked for. */

#include "storage/local.h"

#include "base/alloc.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void local_space_verb(struct storage_local *local, struct storage_job *job)
{
    local_space(local, &job->reply);
}

static void (*const verbs[VERB_COUNT])(struct storage_local *, struct storage_job *) = {
    [VERB_PROBE] = local_probe,
    [VERB_BEGIN] = local_begin,
    [VERB_PART_OPEN] = local_part_open,
    [VERB_PART_APPEND] = local_part_append,
    [VERB_PART_CLOSE] = local_part_close,
    [VERB_PART_DROP] = local_part_drop,
    [VERB_SEAL] = local_seal,
    [VERB_RESUME] = local_resume,
    [VERB_READ] = local_read_part,
    [VERB_HASH] = local_hash_part,
    [VERB_MANIFEST] = local_manifest_verb,
    [VERB_PUBLISH] = local_publish,
    [VERB_READ_BACK] = local_read_back,
    [VERB_ABORT] = local_abort,
    [VERB_CLEAN] = local_clean,
    [VERB_GENERATIONS] = local_generations,
    [VERB_SPACE] = local_space_verb,
    [VERB_LOOK] = local_look,
};

static bool uuid_form(const char *text)
{
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
            return false;
    }
    return text[36] == '\0';
}

/* Everything else about a path is made of numbers; these two come from outside this room. */
static int run_check(const struct storage_job *job, struct err *err)
{
    const char *path = job->run.table_path;
    if (path == NULL) /* a verb about no run */
        return 0;
    if (!uuid_form(job->run.sync_uuid) || job->run.seq <= 0 || job->run.attempt <= 0)
        return base_err_set(err, ERR_INTERNAL, "a run without identity reached the storage");
    if (path[0] == '\0' || path[0] == '.' || strchr(path, '/') != NULL || strlen(path) > 255)
        return base_err_set(err, ERR_CONFIG_INVALID, "'%s' is no name for a table's folder", path);
    return 0;
}

/* Verbs that say something of the destination as readers see it. */
static bool verb_wants_root(enum storage_verb verb)
{
    return verb == VERB_BEGIN || verb == VERB_PUBLISH || verb == VERB_READ_BACK ||
           verb == VERB_CLEAN || verb == VERB_GENERATIONS || verb == VERB_MANIFEST ||
           verb == VERB_LOOK;
}

static void local_do(struct storage_local *local, struct storage_job *job)
{
    if (job->verb != VERB_PROBE && local->probe_err.code != ERR_OK) {
        job->err = local->probe_err;
        if (job->verb == VERB_READ_BACK || job->verb == VERB_PUBLISH)
            job->reply.outcome = STORAGE_UNKNOWN;
        /* parts are still taken back below: they may hold a descriptor */
        if (job->verb != VERB_PART_DROP && job->verb != VERB_PART_CLOSE)
            return;
    }
    if (verb_wants_root(job->verb) && local_root_follow(local, &job->err) != 0) {
        job->reply.outcome = STORAGE_UNKNOWN;
        return;
    }
    if (run_check(job, &job->err) == 0)
        verbs[job->verb](local, job);
}

/* An error of opening has no completion of its own: the part keeps it for append and close. */
static void local_serve(struct storage_local *local, struct storage_job *job)
{
    local_do(local, job);
    if (job->verb == VERB_PART_OPEN && job->part->err.code == ERR_OK)
        job->part->err = job->err;
}

/* Paths of the verbs are below the destination; people need the whole of it, and who was refused.
 */
static void error_place(const struct storage_local *local, struct err *err)
{
    if (base_err_class(err->code) != ERR_CLASS_HOST && err->code != ERR_HOST_FS_UNFIT)
        return;
    if (strstr(err->message, local->base.root) == NULL)
        base_err_context(err, "destination '%s'", local->base.root);
    if (err->hint[0] != '\0')
        return;
    if (err->code == ERR_HOST_PERMISSION)
        base_err_hint(err, "The engine runs as uid %u: chown -R %u '%s'", (unsigned)geteuid(),
                      (unsigned)geteuid(), local->base.root);
    else if (err->code == ERR_HOST_READONLY)
        base_err_hint(err, "The filesystem of '%s' is read-only: check its disk, then mount it rw.",
                      local->base.root);
}

static void *local_main(void *user)
{
    struct storage_local *local = user;
    struct storage_job *job;
    while ((job = base_queue_pop(local->queue)) != NULL) {
        local_serve(local, job);
        error_place(local, &job->err);
        storage_job_end(job);
    }
    return NULL;
}

static void local_submit(struct storage *storage, struct storage_job *job)
{
    base_queue_push(((struct storage_local *)storage)->queue, job);
}

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c | 0x20);
    return at == NULL ? -1 : (int)(at - digits);
}

/* The path of a file URL: absolute, %XX decoded, no trailing slash. NULL: not one. */
static char *url_path(const char *rest)
{
    if (strncmp(rest, "localhost/", 10) == 0)
        rest += 9;
    if (rest[0] != '/')
        return NULL;
    char *path = base_strdup(rest), *out = path;
    for (const char *in = rest; *in != '\0'; in++) {
        int high = *in == '%' ? hex_value(in[1]) : -1;
        int low = high >= 0 ? hex_value(in[2]) : -1;
        if (low >= 0) {
            *out++ = (char)(high * 16 + low);
            in += 2;
        } else {
            *out++ = *in;
        }
    }
    while (out > path + 1 && out[-1] == '/')
        out--;
    *out = '\0';
    if (strlen(path) != (size_t)(out - path) || strcmp(path, "/") == 0)
        base_free(&path);
    return path;
}

static struct storage *local_new(const char *rest, struct base_seam *seam, struct err *err)
{
    char *root = url_path(rest);
    if (root == NULL) {
        base_err_set(err, ERR_CONFIG_INVALID, "destination '%s' is not an absolute folder", rest);
        return NULL;
    }
    struct storage_local *local = base_alloc_zero(1, sizeof *local);
    local->base.root = root;
    local->base.seam = seam;
    local->root_fd = -1;
    local->mask = umask(077);
    umask(local->mask);
    local->queue = base_queue_new();
    base_err_set(&local->probe_err, ERR_INTERNAL, "the destination has not been probed");
    /* signals are the main loop's */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&local->thread, NULL, local_main, local);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0) {
        base_err_errno(err, rc, "cannot start the disk thread");
        base_queue_free(&local->queue);
        free(root);
        base_free(&local);
        return NULL;
    }
    return &local->base;
}

static void local_free(struct storage *storage)
{
    struct storage_local *local = (struct storage_local *)storage;
    base_queue_close(local->queue);
    pthread_join(local->thread, NULL);
    base_queue_free(&local->queue);
    while (local->runs.count > 0) {
        struct local_run *run = local->runs.items[0];
        struct storage_run_key key = {.seq = run->seq};
        memcpy(key.sync_uuid, run->sync_uuid, sizeof key.sync_uuid);
        local_run_forget(local, &key);
    }
    vec_free(&local->runs);
    if (local->root_fd >= 0)
        close(local->root_fd);
    free(local);
}

static char *local_location(const struct storage *storage, const char *table_path)
{
    return base_printf("%s/%s/" LOCAL_CURRENT, storage->root, table_path);
}

const struct storage_ops storage_local_ops = {.scheme = "file",
                                              .open = local_new,
                                              .folder = url_path,
                                              .submit = local_submit,
                                              .free = local_free,
                                              .location = local_location};
