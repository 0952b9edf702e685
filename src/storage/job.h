/* Private to storage: a verb on its way to a backend and back. */
#ifndef AAMPE_STORAGE_JOB_H
#define AAMPE_STORAGE_JOB_H

#include "base/vec.h"
#include "storage/storage.h"

enum storage_verb {
    VERB_PROBE,
    VERB_BEGIN,
    VERB_PART_OPEN,
    VERB_PART_APPEND,
    VERB_PART_CLOSE,
    VERB_PART_DROP,
    VERB_SEAL,
    VERB_RESUME,
    VERB_READ,
    VERB_HASH,
    VERB_MANIFEST,
    VERB_PUBLISH,
    VERB_READ_BACK,
    VERB_ABORT,
    VERB_CLEAN,
    VERB_GENERATIONS,
    VERB_SPACE,
    VERB_LOOK,
    VERB_COUNT
};

struct storage_run_key {
    char sync_uuid[37];
    int64_t seq;
    int attempt;
    char *table_path; /* owned */
};

/* Files with names of their own. */
struct storage_files {
    struct storage_file *items;
    size_t count, cap;
};
void storage_files_add(struct storage_files *files, const struct storage_file *file);
void storage_files_free(struct storage_files *files);

struct storage_job {
    enum storage_verb verb;
    struct storage *storage;
    struct storage_counter *counter;
    struct storage_run_key run;
    struct storage_part *part;
    char *name;
    enum storage_where where;
    int64_t offset, rows;
    size_t len;
    bool quarantine;
    struct cJSON *manifest;
    int64_t *seqs;
    size_t seq_count;
    struct buf data; /* bytes to append, or bytes read */
    struct storage_files files;
    vec_of(struct storage_generation) generations;
    struct storage_reply
        reply; /* the backend fills plain members; pointers are set on completion */
    struct err err;
    storage_done_fn *done;
    void *user;
};

/* Lives until the last completion, also when the storage is freed before. Main loop only. */
struct storage_counter {
    size_t pending;
    bool orphan;
};

struct storage_ops {
    const char *scheme;
    /* Gives a handle whose common part storage.c fills; rest is the URL behind the scheme. */
    struct storage *(*open)(const char *rest, struct base_seam *seam, struct err *err);
    /* Takes the job; ends it with storage_job_end, in the order submitted. */
    void (*submit)(struct storage *storage, struct storage_job *job);
    void (*free)(struct storage *storage);
    char *(*location)(const struct storage *storage, const char *table_path);
    char *(*folder)(const char *rest); /* on this host; NULL: the URL names none */
};

struct storage {
    const struct storage_ops *ops;
    struct net_loop *loop;
    struct base_seam *seam;
    struct storage_counter *counter;
    char *root;
};

/* From any thread: the completion will run on the main loop. */
void storage_job_end(struct storage_job *job);

/* A file being written. Everything below `name` belongs to the backend. */
struct storage_part {
    struct storage *storage;
    struct storage_run_key run;
    char *name;
    int fd;    /* -1: not open (yet, or any more) */
    bool made; /* the file exists */
    int64_t length;
    struct base_sha256 *sha;
    struct err err; /* first error: final */
};
void storage_part_free(struct storage_part **part);

/* manifest.c */
#define STORAGE_MANIFEST "_manifest.json"
#define STORAGE_MANIFEST_MAX ((size_t)32 << 20)
/* The caller's members plus ours, as text; NULL with CONFIG_INVALID when it names one of ours. */
char *storage_manifest_compose(struct cJSON *manifest, const struct storage_run_key *run,
                               const struct storage_files *files, struct err *err);
/* Checks form; fills run (free its table_path) and, unless NULL, files. DST_FILE_CORRUPT. */
int storage_manifest_parse(const char *text, size_t len, struct storage_run_key *run,
                           struct storage_files *files, struct err *err) must_check;
/* Relative, each part [A-Za-z0-9_.=%~-], none starting with '.' or '_', at most 8 folders. */
bool storage_name_valid(const char *name);

extern const struct storage_ops storage_local_ops;

#endif
