/* Private to store: the open state and its transactions. */
#ifndef AAMPE_STORE_STATE_PRIVATE_H
#define AAMPE_STORE_STATE_PRIVATE_H

#include "store/db.h"
#include "store/state.h"

#define STORE_BALLAST_BYTES ((off_t)8 << 20)

struct store_state {
    sqlite3 *db;
    struct base_seam *seam;
    char *folder;
    int lock_fd;
    bool in_tx;
    bool ballast_spent;
    int64_t tick_us; /* when something is due next; 0 = look */
};

/* One transaction (a savepoint inside store_tx_begin). The body may run twice: when the disk is
 * full the ballast is freed and it is tried once more. */
typedef int store_body_fn(struct store_state *store, void *arg, struct err *err);
int store_write(struct store_state *store, store_body_fn *body, void *arg,
                struct err *err) must_check;

/* quick_check; HOST_STATE_CORRUPT names its first line. */
int store_check(struct store_state *store, struct err *err) must_check;
/* Time of the newest backup, from its name; 0 = none. */
int64_t store_backup_newest(const struct store_state *store);
/* Ours, and of a version this program knows: HOST_STATE_CORRUPT, HOST_STATE_NEWER. */
int store_schema_known(struct store_state *store, struct err *err) must_check;

/* Lays the ballast file; failing to is no error. True when it is there now. */
bool store_ballast_lay(const char *folder);
/* True when there was one to free. */
bool store_ballast_free(const char *folder);
/* Brings the schema to the current version; backs up first when there is something to lose. */
int store_migrate(struct store_state *store, struct err *err) must_check;

/* Column list of a run as run_read expects it. */
#define STORE_RUN_COLUMNS                                                                          \
    "r.id,r.batch,r.seq,r.attempt,r.sync_uuid,r.catalog,r.schema,r.tbl,r.state,r.version,"         \
    "r.source_rows,r.manifest_rows,r.decoded_rows,r.file_rows,r.files,r.bytes,r.started_us,"       \
    "r.finished_us,r.chunks_done,r.chunks_total,r.err"

/* The key tables are matched by, ASCII lower case, malloc'd. */
char *store_table_key(const struct model_name *table);

#endif
