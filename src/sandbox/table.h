/* Generated tables with a history: each version is a list of runs of rows, so a change costs no
 * rows. */
#ifndef AAMPE_SANDBOX_TABLE_H
#define AAMPE_SANDBOX_TABLE_H

#include "base/err.h"
#include "sandbox/gen.h"
#include "sandbox/workspace.h"

struct sandbox_table_def {
    const char *name;
    const struct sandbox_column_def *columns;
    size_t column_count;
    int64_t rows;
    const char *comment, *owner;
    const char *view;       /* VIEW: its text; no rows of its own */
    const char *secured;    /* row filter and mask: what principals outside `exempt` read instead */
    const char *exempt;     /* group */
    const char *row_filter; /* function names, for metadata */
    const char *masked_column, *mask;
    bool by_rows, by_users; /* size follows --rows, or the users that go with it */
    /* Rows that come from elsewhere and grow: the numbers of those that are there now. */
    void (*live)(const void *user, int64_t *first, int64_t *count);
    const void *live_user;
};

struct sandbox_segment {
    int64_t first;      /* position of its first row in the version */
    int64_t row, count; /* row numbers */
    int64_t generation; /* version that last changed the values; 0 = as made */
};

struct sandbox_snapshot {
    int64_t version, rows, time_us;
    const char *operation; /* "WRITE", "UPDATE", "DELETE", "CREATE TABLE AS SELECT" */
    int64_t affected;
    size_t segment_count;
    struct sandbox_segment *segments;
};

struct sandbox_world;
struct sandbox_table;

struct sandbox_world *sandbox_world_new(const char *name, int64_t rows, int64_t t0_us);
int64_t sandbox_world_t0(const struct sandbox_world *world);
int64_t sandbox_world_users(const struct sandbox_world *world);
struct sandbox_table *sandbox_table_new(struct sandbox_world *world, const char *full_name,
                                        const struct sandbox_table_def *def);
void sandbox_table_free(struct sandbox_table **table);

const struct sandbox_table_def *sandbox_table_def(const struct sandbox_table *table);
const struct sandbox_type *sandbox_table_type(const struct sandbox_table *table, size_t column);
/* Snapshots never change and live as long as the table. version -1: the latest. NULL: there is
 * none. */
const struct sandbox_snapshot *sandbox_table_version(struct sandbox_table *table, int64_t version);
const struct sandbox_snapshot *sandbox_table_at_time(struct sandbox_table *table, int64_t us);
int64_t sandbox_table_latest(struct sandbox_table *table);
/* Appends rows [first, first + count) of the snapshot, the given columns in the given order. */
void sandbox_table_read(const struct sandbox_table *table, const struct sandbox_snapshot *snapshot,
                        const int *columns, int64_t first, int64_t count,
                        struct sandbox_batch *batch);
/* operation: insert, update, delete. Makes the next version. */
int sandbox_table_apply(struct sandbox_table *table, const char *operation, int64_t count,
                        int64_t time_us, int64_t *version, struct err *err) must_check;
/* The same, and into the world's log of changes. */
int sandbox_table_commit(struct sandbox_table *table, const char *full_name, const char *operation,
                         int64_t count, int64_t time_us, int64_t *version,
                         struct err *err) must_check;
struct sandbox_world *sandbox_table_world(struct sandbox_table *table);

#endif
