/* Encoded images on their way to readers: part files, verification, the destination's act. */
#ifndef AAMPE_SYNC_PUBLISH_H
#define AAMPE_SYNC_PUBLISH_H

#include "base/vec.h"
#include "columnar/parquet_read.h"
#include "columnar/parquet_write.h"
#include "storage/storage.h"
#include "store/state.h"
#include "sync/budget.h"

struct sync_run;
struct sync_work;

/* --- write.c, verify.c, publish.c --- */

struct sync_write {
    struct storage_part *part;
    struct columnar_footer *footer;
    char part_name[32];
    int64_t offset, part_rows;
    size_t part_number;
    size_t closing; /* parts whose close has not been answered */
    vec_of(struct store_file) files;
    int64_t written_rows;
};

struct check_job;
struct sync_verify {
    size_t hashing; /* files whose digest is not back yet */
    size_t file;    /* being re-opened */
    struct columnar_pq_file *parsed;
    size_t group, column;
    struct buf bytes; /* of the column chunk being read */
    int64_t file_rows;
    struct sync_hold *hold;
    bool waiting;          /* for hold */
    struct check_job *job; /* under way, or NULL; has `parsed` meanwhile */
};

void sync_write_group(struct sync_run *run, struct sync_work *work);
void sync_write_finish(struct sync_run *run);
void sync_write_clear(struct sync_run *run);
/* HOST_DISK_FULL or HOST_INODES_FULL when what is left of the run will not fit. */
int sync_space_check(const struct sync_run *run, const struct storage_reply *reply,
                     struct err *err);
void sync_verify_start(struct sync_run *run);
void sync_verify_pump(struct sync_run *run);
void sync_verify_clear(struct sync_run *run);
void sync_publish_start(struct sync_run *run);
void sync_publish_resolve(struct sync_run *run);
void sync_clean_start(struct sync_run *run);
struct storage_identity sync_run_identity(const struct sync_run *run);

#endif
