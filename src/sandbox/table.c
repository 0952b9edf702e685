#include "sandbox/table.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "sandbox/world.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE_RUNS 7

struct sandbox_table {
    const struct sandbox_table_def *def;
    struct sandbox_world *world;
    struct sandbox_arena *arena;
    struct sandbox_arena *own; /* of a def that is its own, or NULL */
    struct sandbox_type *types;
    uint64_t seed;
    int64_t base_rows;
    int64_t next_row; /* number of the next inserted row */
    pthread_mutex_t lock;
    vec_of(struct sandbox_snapshot *) snapshots;
};

static int64_t rows_of(const struct sandbox_world *world, const struct sandbox_table_def *def)
{
    if (def->view)
        return 0;
    if (def->by_rows && world->rows > 0)
        return world->rows;
    if (def->by_users)
        return sandbox_world_users(world);
    return def->rows;
}

static struct sandbox_snapshot *snapshot_new(size_t segments)
{
    struct sandbox_snapshot *snapshot = base_alloc_zero(1, sizeof *snapshot);
    snapshot->segments = base_alloc_zero(segments, sizeof *snapshot->segments);
    return snapshot;
}

struct sandbox_table *sandbox_table_new(struct sandbox_world *world, const char *full_name,
                                        const struct sandbox_table_def *def)
{
    struct sandbox_table *table = base_alloc_zero(1, sizeof *table);
    table->def = def;
    table->world = world;
    table->arena = sandbox_arena_new();
    table->types = base_alloc_zero(def->column_count, sizeof *table->types);
    for (size_t i = 0; i < def->column_count; i++)
        if (sandbox_type_parse(table->arena, def->columns[i].type, &table->types[i]) < 0)
            bug("type \"%s\" of a world's column", def->columns[i].type);
    table->seed = base_hash64(full_name, strlen(full_name), 0x61616d7065);
    table->base_rows = table->next_row = rows_of(world, def);
    pthread_mutex_init(&table->lock, NULL);
    struct sandbox_snapshot *base = snapshot_new(1);
    base->time_us = world->t0 - (int64_t)2 * 86400 * 1000000;
    base->operation = "CREATE TABLE AS SELECT";
    base->rows = base->affected = table->base_rows;
    base->segment_count = table->base_rows > 0;
    base->segments[0].count = table->base_rows;
    base->shape = sandbox_shape_first(table->arena, def, table->types);
    vec_push(&table->snapshots, base);
    return table;
}

struct sandbox_table *sandbox_view_new(struct sandbox_world *world, const char *full_name,
                                       const char *text, const char *const *names,
                                       const struct sandbox_type *types, size_t count)
{
    struct sandbox_arena *arena = sandbox_arena_new();
    struct sandbox_table_def *def = sandbox_arena_alloc(arena, sizeof *def);
    struct sandbox_column_def *columns = sandbox_arena_alloc(arena, count * sizeof *columns);
    for (size_t i = 0; i < count; i++)
        columns[i] = (struct sandbox_column_def){.name = sandbox_arena_dup(arena, names[i]),
                                                 .type = sandbox_arena_dup(arena, types[i].text)};
    *def = (struct sandbox_table_def){.name = sandbox_arena_dup(arena, full_name),
                                      .columns = columns,
                                      .column_count = count,
                                      .view = sandbox_arena_dup(arena, text)};
    struct sandbox_table *table = sandbox_table_new(world, full_name, def);
    table->own = arena;
    return table;
}

void sandbox_table_free(struct sandbox_table **table)
{
    struct sandbox_table *it = *table;
    if (!it)
        return;
    for (size_t i = 0; i < it->snapshots.count; i++) {
        free(it->snapshots.items[i]->segments);
        free(it->snapshots.items[i]);
    }
    vec_free(&it->snapshots);
    sandbox_arena_free(&it->arena);
    if (it->own)
        sandbox_arena_free(&it->own);
    free(it->types);
    pthread_mutex_destroy(&it->lock);
    base_free(table);
}

const struct sandbox_table_def *sandbox_table_def(const struct sandbox_table *table)
{
    return table->def;
}

/* Each look at a growing table that finds it changed makes a version. Called locked. */
static void live_refresh(struct sandbox_table *table)
{
    const struct sandbox_snapshot *last = table->snapshots.items[table->snapshots.count - 1];
    int64_t first = 0, count = 0;
    table->def->live(table->def->live_user, &first, &count);
    if (last->rows == count && (!count || last->segments[0].row == first))
        return;
    struct sandbox_snapshot *made = snapshot_new(1);
    made->version = last->version + 1;
    made->time_us = last->time_us + 1000;
    made->operation = "WRITE";
    made->rows = made->affected = count;
    made->segment_count = count > 0;
    made->segments[0] = (struct sandbox_segment){.row = first, .count = count};
    made->shape = last->shape;
    vec_push(&table->snapshots, made);
}

const struct sandbox_snapshot *sandbox_table_version(struct sandbox_table *table, int64_t version)
{
    const struct sandbox_snapshot *found = NULL;
    pthread_mutex_lock(&table->lock);
    if (version == -1 && table->def->live)
        live_refresh(table);
    if (version == -1)
        version = (int64_t)table->snapshots.count - 1;
    if (version >= 0 && (size_t)version < table->snapshots.count)
        found = table->snapshots.items[version];
    pthread_mutex_unlock(&table->lock);
    return found;
}

const struct sandbox_snapshot *sandbox_table_at_time(struct sandbox_table *table, int64_t us)
{
    const struct sandbox_snapshot *found = NULL;
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; i < table->snapshots.count; i++)
        if (table->snapshots.items[i]->time_us <= us)
            found = table->snapshots.items[i];
    pthread_mutex_unlock(&table->lock);
    return found;
}

int64_t sandbox_table_latest(struct sandbox_table *table)
{
    const struct sandbox_snapshot *last = sandbox_table_version(table, -1);
    return last ? last->version : 0;
}

static void read_column(const struct sandbox_table *table, const struct sandbox_segment *segment,
                        int column, int64_t row, int64_t count, struct sandbox_vector *out)
{
    uint64_t key = sandbox_gen_mix(table->seed ^ (uint64_t)(column + 1) * 0x9e3779b97f4a7c15U);
    struct sandbox_gen gen = {
        .world = table->world,
        .column = &table->def->columns[column],
        .key_seed = key,
        .value_seed =
            segment->generation ? sandbox_gen_mix(key ^ (uint64_t)segment->generation) : key,
        .table_seed = table->seed,
        .table_rows = table->base_rows,
        .row = row,
        .count = count,
    };
    sandbox_vector_reserve(out, count);
    gen.column->fill(&gen, out);
}

static void read_run(const struct sandbox_table *table, const struct sandbox_shape *shape,
                     const struct sandbox_segment *segment, const int *columns, int64_t row,
                     int64_t count, struct sandbox_batch *batch)
{
    for (size_t i = 0; i < batch->column_count; i++) {
        const struct sandbox_shape_column *column = &shape->columns[columns[i]];
        struct sandbox_vector plain;
        if (column->source < 0) {
            sandbox_shape_nulls(&batch->columns[i], count);
        } else if (sandbox_type_equal(&column->type, &table->types[column->source])) {
            read_column(table, segment, column->source, row, count, &batch->columns[i]);
        } else {
            sandbox_vector_init(&plain, &table->types[column->source]);
            read_column(table, segment, column->source, row, count, &plain);
            sandbox_shape_convert(&plain, &batch->columns[i]);
            sandbox_vector_free(&plain);
        }
    }
    batch->rows += count;
}

void sandbox_table_read(const struct sandbox_table *table, const struct sandbox_snapshot *snapshot,
                        const int *columns, int64_t first, int64_t count,
                        struct sandbox_batch *batch)
{
    int64_t end = first + count;
    for (size_t i = 0; i < snapshot->segment_count; i++) {
        const struct sandbox_segment *segment = &snapshot->segments[i];
        int64_t from = segment->first > first ? segment->first : first;
        int64_t to = segment->first + segment->count;
        to = to < end ? to : end;
        if (from < to)
            read_run(table, snapshot->shape, segment, columns, segment->row + from - segment->first,
                     to - from, batch);
    }
}

/* Positions the change touches: up to CHANGE_RUNS runs, spread over the table, in order, disjoint.
 */
static size_t spread(const struct sandbox_snapshot *old, int64_t count, uint64_t seed,
                     struct sandbox_segment runs[CHANGE_RUNS])
{
    int64_t parts = count < CHANGE_RUNS ? count : CHANGE_RUNS;
    for (int64_t i = 0; i < parts; i++) {
        int64_t slot = old->rows / parts, len = count / parts;
        int64_t start = slot * i;
        if (i == parts - 1) {
            slot = old->rows - start;
            len = count - len * i;
        }
        if (len > slot) { /* the last run carries the remainder: take it from the end */
            start = old->rows - len;
            slot = len;
        }
        uint64_t hash = sandbox_gen_hash(seed, i);
        runs[i].first = start + (int64_t)sandbox_gen_pick(hash, (uint64_t)(slot - len) + 1);
        runs[i].count = len;
    }
    for (int64_t i = parts - 1; i > 0; i--) /* overlap only where the table is nearly all touched */
        if (runs[i - 1].first + runs[i - 1].count > runs[i].first)
            runs[i - 1].first = runs[i].first - runs[i - 1].count;
    return (size_t)parts;
}

static void add_segment(struct sandbox_snapshot *snapshot, int64_t row, int64_t count,
                        int64_t generation)
{
    if (count <= 0)
        return;
    struct sandbox_segment *segment = &snapshot->segments[snapshot->segment_count++];
    *segment = (struct sandbox_segment){snapshot->rows, row, count, generation};
    snapshot->rows += count;
}

/* Copies old into made, leaving out the runs (generation 0) or giving them another generation. */
static void rewrite(const struct sandbox_snapshot *old, struct sandbox_snapshot *made,
                    const struct sandbox_segment *runs, size_t run_count, int64_t generation)
{
    size_t run = 0;
    for (size_t i = 0; i < old->segment_count; i++) {
        const struct sandbox_segment *segment = &old->segments[i];
        int64_t at = segment->first, end = segment->first + segment->count;
        while (at < end) {
            while (run < run_count && runs[run].first + runs[run].count <= at)
                run++;
            int64_t row = segment->row + at - segment->first;
            int64_t stop = end;
            bool inside = run < run_count && runs[run].first <= at;
            if (inside && runs[run].first + runs[run].count < end)
                stop = runs[run].first + runs[run].count;
            else if (!inside && run < run_count && runs[run].first < end)
                stop = runs[run].first;
            if (!inside)
                add_segment(made, row, stop - at, segment->generation);
            else if (generation)
                add_segment(made, row, stop - at, generation);
            at = stop;
        }
    }
}

/* The same rows in other columns. */
static int reshape_locked(struct sandbox_table *table, const char *change, int64_t time_us,
                          int64_t *version, struct err *err)
{
    const struct sandbox_snapshot *old = table->snapshots.items[table->snapshots.count - 1];
    const char *operation = NULL;
    const struct sandbox_shape *shape =
        sandbox_shape_change(table->arena, old->shape, change, &operation, err);
    struct sandbox_snapshot *made;
    if (!shape)
        return -1;
    made = snapshot_new(old->segment_count + 1);
    made->version = old->version + 1;
    made->time_us = time_us > old->time_us ? time_us : old->time_us + 1000;
    made->operation = operation;
    made->shape = shape;
    rewrite(old, made, NULL, 0, 0);
    vec_push(&table->snapshots, made);
    *version = made->version;
    return 0;
}

static int apply_locked(struct sandbox_table *table, const char *operation, int64_t count,
                        int64_t time_us, int64_t *version, struct err *err)
{
    const struct sandbox_snapshot *old = table->snapshots.items[table->snapshots.count - 1];
    bool insert = strcmp(operation, "insert") == 0, update = strcmp(operation, "update") == 0;
    if (!insert && !update && strcmp(operation, "delete") != 0)
        return base_err_set(err, ERR_USAGE, "unknown change \"%s\"", operation);
    if (count < 1 || (!insert && count > old->rows))
        return base_err_set(err, ERR_USAGE, "the table has %lld rows, cannot %s %lld",
                            (long long)old->rows, operation, (long long)count);
    struct sandbox_snapshot *made = snapshot_new(old->segment_count + 2 * CHANGE_RUNS + 1);
    made->version = old->version + 1;
    made->time_us = time_us > old->time_us ? time_us : old->time_us + 1000;
    made->operation = insert ? "WRITE" : update ? "UPDATE" : "DELETE";
    made->shape = old->shape;
    made->affected = count;
    if (insert) {
        rewrite(old, made, NULL, 0, 0);
        add_segment(made, table->next_row, count, 0);
        table->next_row += count;
    } else {
        struct sandbox_segment runs[CHANGE_RUNS] = {{0}};
        size_t parts = spread(old, count, table->seed ^ (uint64_t)made->version, runs);
        rewrite(old, made, runs, parts, update ? made->version : 0);
    }
    vec_push(&table->snapshots, made);
    *version = made->version;
    return 0;
}

int sandbox_table_apply(struct sandbox_table *table, const char *operation, int64_t count,
                        int64_t time_us, int64_t *version, struct err *err)
{
    pthread_mutex_lock(&table->lock);
    int result = strpbrk(operation, SANDBOX_CHANGE_FIELD)
                     ? reshape_locked(table, operation, time_us, version, err)
                     : apply_locked(table, operation, count, time_us, version, err);
    pthread_mutex_unlock(&table->lock);
    return result;
}

struct sandbox_world *sandbox_table_world(struct sandbox_table *table)
{
    return table->world;
}

int sandbox_table_commit(struct sandbox_table *table, const char *full_name, const char *operation,
                         int64_t count, int64_t time_us, int64_t *version, struct err *err)
{
    sqlite3_stmt *insert;
    sqlite3 *db = table->world->state;
    if (sandbox_table_apply(table, operation, count, time_us, version, err) < 0)
        return -1;
    if (sqlite3_prepare_v2(db, "INSERT INTO changes VALUES(?,?,?,?,?)", -1, &insert, NULL) !=
        SQLITE_OK)
        return base_err_set(err, ERR_HOST_IO_ERROR, "state of the sandbox: %s", sqlite3_errmsg(db));
    sqlite3_bind_text(insert, 1, full_name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, *version);
    sqlite3_bind_text(insert, 3, operation, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 4, count);
    sqlite3_bind_int64(insert, 5, time_us);
    int result = sqlite3_step(insert);
    sqlite3_finalize(insert);
    if (result != SQLITE_DONE)
        return base_err_set(err, ERR_HOST_IO_ERROR, "state of the sandbox: %s", sqlite3_errmsg(db));
    return 0;
}
