/* Where files land. Asynchronous verbs; every completion runs on the main loop, exactly once, in
 * the order of the calls (one disk thread, first in first out). Today: a local directory
 * ("file:///dir"); S3 and ADLS bring their own const ops later. Layout and crash points:
 * reliability.md (c), "Local Parquet directory".
 *
 *   <root>/.aampe-staging/<sync uuid>/<seq>/       0700, ours alone; `_parts` lists what may be in
 * it <root>/<table path>/.aampe-sync                who writes here (sync uuid), made once, the
 * fence between two hosts <root>/<table path>/gen-<seq, 20 digits>/      part files +
 * _manifest.json, complete from the moment it has its name <root>/<table path>/current -> gen-<seq>
 * what readers follow
 *
 * A run:  begin -> part_open, append.., part_close (per file) -> seal -> read/hash (verify) ->
 * publish -> clean. Recovery: read_back(identity) says what the destination knows;
 * publish(identity) is idempotent. */
#ifndef AAMPE_STORAGE_STORAGE_H
#define AAMPE_STORAGE_STORAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/seam.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct net_loop;
struct storage;
struct storage_part;

/* Names one run in every artefact. table_path: one safe path part (model_name_path). Copied by
 * every verb. */
struct storage_identity {
    char sync_uuid[37];
    int64_t run_seq; /* > 0 */
    int attempt;
    const char *table_path;
};

struct storage_file {
    const char *name; /* relative to the run's folder */
    int64_t length;
    int64_t rows;
    uint8_t sha256[32];
};

enum storage_outcome {
    STORAGE_NOT_DONE, /* no generation of this run; `staging` says whether publish can still be
                         called */
    STORAGE_MOVED,    /* the generation is in place, `current` not yet: call publish again */
    STORAGE_DONE,     /* `current` names our generation, or a later one of the same sync */
    STORAGE_FOREIGN,  /* the place belongs to somebody else: DST_FOREIGN_WRITER */
    STORAGE_UNKNOWN   /* cannot tell (reply.err says why): delete nothing, ask again */
};

enum storage_staging { STORAGE_STAGING_NONE, STORAGE_STAGING_PARTIAL, STORAGE_STAGING_SEALED };

struct storage_generation {
    int64_t seq;
    bool current;
};

/* What a completion gets. Everything is borrowed for the duration of the callback, except that
 * `data` may be taken with base_buf_take. Members a verb does not name below are zero. */
struct storage_reply {
    const struct err *err;    /* never NULL; code ERR_OK = worked */
    struct storage_file file; /* part_close, hash */
    struct buf *data;         /* read (shorter than asked only at the end of the file), manifest */
    enum storage_outcome outcome;     /* read_back, publish */
    enum storage_staging staging;     /* read_back */
    const struct storage_file *files; /* resume, manifest: the files the manifest lists */
    size_t file_count;
    const struct storage_generation *generations; /* generations, begin: ascending */
    size_t generation_count;
    int64_t highest_seq; /* begin, generations: highest generation there; 0 = none */
    int64_t bytes_free;  /* open, begin, part_close, space */
    int64_t inodes_free; /* -1: the filesystem does not count them */
};
typedef void storage_done_fn(void *user, const struct storage_reply *reply);

/* url: "file:///dir" or "/dir". Returns at once with a handle; the probe runs on the disk thread
 * and done gets its verdict: folder made if absent, writable, staging on the same filesystem,
 * rename without replacement and atomic link swap work. Errors: CONFIG_INVALID (at once, NULL
 * returned), HOST_PERMISSION, HOST_READONLY, HOST_DISK_FULL, HOST_INODES_FULL, HOST_FS_UNFIT,
 * HOST_IO_ERROR. Verbs after a failed probe repeat its error; storage_reopen probes again. */
struct storage *storage_open(const char *url, struct base_seam *seam, struct net_loop *loop,
                             storage_done_fn *done, void *user, struct err *err);
/* The folder on this host that a URL names, malloc'd; NULL with CONFIG_INVALID when it names none.
 */
char *storage_folder(const char *url, struct err *err);
void storage_reopen(struct storage *storage, storage_done_fn *done, void *user);
/* Lets the queue run dry and ends the thread. Completions already posted still arrive when the loop
 * runs. */
void storage_free(struct storage **storage);
/* Absolute path a reader follows for a table, malloc'd ("<root>/<table>/current"), and the root for
 * people. */
char *storage_table_location(const struct storage *storage, const char *table_path);
const char *storage_root(const struct storage *storage);

/* Prepares an empty staging folder (what an earlier attempt left is dropped by its own list) and
 * checks the fence. Errors: DST_FOREIGN_WRITER; DST_AHEAD_OF_STATE when a generation of this sync
 * with seq >= run_seq is there (state restored from a backup: begin again with a number above
 * reply.highest_seq; reply.generations are those that are there). */
void storage_begin(struct storage *storage, const struct storage_identity *id,
                   storage_done_fn *done, void *user);

/* A file of the run being staged. name: "part-00000.parquet" or "col=value/part-00000.parquet"
 * (each part [A-Za-z0-9_.=%-~], not starting with a dot or underscore, at most 8 folders). The
 * handle is made at once; an error of the file itself comes with the first append or with close. It
 * is freed by close (or drop) on completion. */
struct storage_part *storage_part_open(struct storage *storage, const struct storage_identity *id,
                                       const char *name, struct err *err);
/* Takes the bytes (buf is empty afterwards). done may be NULL: errors are kept for close. */
void storage_part_append(struct storage_part *part, struct buf *take, storage_done_fn *done,
                         void *user);
/* fsync + close. reply.file has name, length, SHA-256 as computed while writing, and rows as given.
 * An error of any write or fsync is final: the file has been removed. */
void storage_part_close(struct storage_part *part, int64_t rows, storage_done_fn *done, void *user);
/* Gives up on an open file: closed and removed. done may be NULL. */
void storage_part_drop(struct storage_part *part, storage_done_fn *done, void *user);

/* Writes `_manifest.json` from the caller's members plus those storage adds itself (format,
 * sync_uuid, run_seq, attempt, table_path, files[] {name,length,rows,sha256} of every part closed
 * since begin), then makes all of it durable. Takes manifest. */
void storage_seal(struct storage *storage, const struct storage_identity *id,
                  struct cJSON *manifest_take, storage_done_fn *done, void *user);
/* After a restart: a sealed staging folder of exactly this identity (attempt included) can be
 * verified and published. reply.files are those of its manifest. RUN_NOT_FOUND: nothing sealed
 * there. */
void storage_resume(struct storage *storage, const struct storage_identity *id,
                    storage_done_fn *done, void *user);

enum storage_where { STORAGE_STAGED, STORAGE_PUBLISHED };
/* Reads from the disk, for verification. len <= 64 MiB. */
void storage_read(struct storage *storage, const struct storage_identity *id,
                  enum storage_where where, const char *name, int64_t offset, size_t len,
                  storage_done_fn *done, void *user);
/* Length and SHA-256 of the file as it is on the disk now. */
void storage_hash(struct storage *storage, const struct storage_identity *id,
                  enum storage_where where, const char *name, storage_done_fn *done, void *user);
/* The manifest of a run: reply.data its bytes, reply.files what it lists. */
void storage_manifest(struct storage *storage, const struct storage_identity *id,
                      enum storage_where where, storage_done_fn *done, void *user);

/* The one atomic act: sealed staging becomes gen-<seq> (never over an existing one), then `current`
 * is swapped, then both are durable. Idempotent; also finishes what STORAGE_MOVED reports.
 * `current` never moves back to a lower seq. Errors: DST_FOREIGN_WRITER (outcome STORAGE_FOREIGN);
 * RUN_NOT_FOUND: neither staging nor generation (outcome STORAGE_NOT_DONE); anything else leaves
 * outcome STORAGE_UNKNOWN: ask read_back. */
void storage_publish(struct storage *storage, const struct storage_identity *id,
                     storage_done_fn *done, void *user);
/* What the destination knows of this run; changes nothing. A generation of the same sync and seq
 * but of another attempt counts as this run's only when the attempt is equal; otherwise the answer
 * is STORAGE_FOREIGN. */
void storage_read_back(struct storage *storage, const struct storage_identity *id,
                       storage_done_fn *done, void *user);

/* Drops the staging of this run: only the names its own list or manifest holds, then the empty
 * folders. Open parts of it are closed and removed first. With quarantine the folder is kept as
 * <seq>.quarantine-<attempt> for inspection; at most STORAGE_QUARANTINE_MAX of a sync are kept, the
 * oldest go. Absent staging is fine. */
#define STORAGE_QUARANTINE_MAX 3
void storage_abort(struct storage *storage, const struct storage_identity *id, bool quarantine,
                   storage_done_fn *done, void *user);
/* Removes the generations named (from the journal), each checked to be of this sync and not
 * `current`; absent ones are fine. Idempotent. Also drops a temporary link an interrupted swap
 * left. */
void storage_clean(struct storage *storage, const struct storage_identity *id, const int64_t *seqs,
                   size_t count, storage_done_fn *done, void *user);
/* Generations of this sync at a table. */
void storage_generations(struct storage *storage, const struct storage_identity *id,
                         storage_done_fn *done, void *user);
/* Whether what readers of a table follow is whole, cheaply: `current` leads to this run or a later
 * one of the same sync, its manifest lists files and each is there with its length; contents are
 * not read. reply.files are those of the manifest, highest_seq the run they are of. Errors:
 * DST_FILE_CORRUPT names the first thing that is not, DST_FOREIGN_WRITER. */
void storage_look(struct storage *storage, const struct storage_identity *id, storage_done_fn *done,
                  void *user);
void storage_space(struct storage *storage, storage_done_fn *done, void *user);

/* Every crash point this room passes, NULL-terminated, for kill-loop:
 *  P6   a part is written, its fsync not yet called      P6m  manifest written, not yet durable
 *  P9   publish begins, nothing done                     L1   sealed, fence held, before the rename
 *  P10a immediately before the rename                    P10b immediately after it
 *  L2   before the parents' fsync                        L4   temporary link made, not yet swapped
 *  P10c link swapped, not yet durable                    L5   all durable, old generations still
 * there P12  clean begins                                     P12b a generation taken out of sight,
 * not yet deleted L3   the rename said EEXIST (only when recovering) */
const char *const *storage_crash_points(void);

#endif
