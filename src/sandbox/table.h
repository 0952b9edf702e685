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

/* The columns of a version. */
struct sandbox_shape {
    size_t count;
    struct sandbox_shape_column {
        const char *name, *comment;
        struct sandbox_type type;
        bool required;
        int source; /* column of the def that has the values; -1: all NULL */
    } * columns;
};

struct sandbox_snapshot {
    int64_t version, rows, time_us;
    const char *operation; /* "WRITE", "UPDATE", "DELETE", "CREATE TABLE AS SELECT" */
    int64_t affected;
    const struct sandbox_shape *shape;
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
/* A view made while it runs: text and columns are copied. */
struct sandbox_table *sandbox_view_new(struct sandbox_world *world, const char *full_name,
                                       const char *text, const char *const *names,
                                       const struct sandbox_type *types, size_t count);
void sandbox_table_free(struct sandbox_table **table);

const struct sandbox_table_def *sandbox_table_def(const struct sandbox_table *table);
/* Snapshots never change and live as long as the table. version -1: the latest. NULL: there is
 * none. */
const struct sandbox_snapshot *sandbox_table_version(struct sandbox_table *table, int64_t version);
const struct sandbox_snapshot *sandbox_table_at_time(struct sandbox_table *table, int64_t us);
int64_t sandbox_table_latest(struct sandbox_table *table);
/* Appends rows [first, first + count) of the snapshot, the given columns of its shape in the given
 * order. */
void sandbox_table_read(const struct sandbox_table *table, const struct sandbox_snapshot *snapshot,
                        const int *columns, int64_t first, int64_t count,
                        struct sandbox_batch *batch);
/* operation: insert, update, delete; or a change of columns, its fields set apart:
 * "add|drop|rename|retype", the column, and the type or new name. Makes the next version. */
#define SANDBOX_CHANGE_FIELD "\x1f"
int sandbox_table_apply(struct sandbox_table *table, const char *operation, int64_t count,
                        int64_t time_us, int64_t *version, struct err *err) must_check;
/* The same, and into the world's log of changes. */
int sandbox_table_commit(struct sandbox_table *table, const char *full_name, const char *operation,
                         int64_t count, int64_t time_us, int64_t *version,
                         struct err *err) must_check;
/* shape.c. Those that make one make it in the arena; NULL with the error filled when the change is
 * none. */
struct sandbox_shape *sandbox_shape_first(struct sandbox_arena *arena,
                                          const struct sandbox_table_def *def,
                                          const struct sandbox_type *types);
struct sandbox_shape *sandbox_shape_change(struct sandbox_arena *arena,
                                           const struct sandbox_shape *old, const char *change,
                                           const char **operation, struct err *err);
int sandbox_shape_find(const struct sandbox_shape *shape,
                       const char *name); /* -1: no such column */
void sandbox_shape_nulls(struct sandbox_vector *out, int64_t count);
/* Into another type; what does not fit becomes NULL. */
void sandbox_shape_convert(const struct sandbox_vector *in, struct sandbox_vector *out);
struct sandbox_world *sandbox_table_world(struct sandbox_table *table);

#endif
