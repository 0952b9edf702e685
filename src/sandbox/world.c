#include "sandbox/world.h"

#include "base/text.h"
#include "base/alloc.h"
#include "base/file.h"
#include "sandbox/data.h"
#include "sandbox/view_state.h"

#include <stdlib.h>
#include <string.h>

#define SHOP_EVENTS 2000000

struct sandbox_world *sandbox_world_new(const char *name, int64_t rows, int64_t t0_us)
{
    struct sandbox_world *world = base_alloc_zero(1, sizeof *world);
    world->name = base_strdup(name);
    world->rows = rows;
    world->t0 = t0_us;
    return world;
}

static void world_free(struct sandbox_world **world)
{
    if (!*world)
        return;
    sandbox_shop_release(*world);
    sqlite3_close((*world)->state);
    free((*world)->extra);
    free((*world)->name);
    base_free(world);
}

int64_t sandbox_world_t0(const struct sandbox_world *world)
{
    return world->t0;
}

/* 2 000 users for 60 000 events. */
int64_t sandbox_world_users(const struct sandbox_world *world)
{
    int64_t events = world->rows > 0 ? world->rows : SHOP_EVENTS;
    int64_t users = events / 30;
    return users > 0 ? users : 1;
}

struct sandbox_alias *sandbox_alias_new(const double *weights, size_t count)
{
    struct sandbox_alias *alias = base_alloc_zero(1, sizeof *alias);
    double *share = base_alloc_zero(count, sizeof *share);
    uint32_t *small = base_alloc_zero(count, sizeof *small),
             *large = base_alloc_zero(count, sizeof *large);
    size_t smalls = 0, larges = 0;
    double sum = 0;
    alias->count = (uint32_t)count;
    alias->other = base_alloc_zero(count, sizeof *alias->other);
    alias->limit = base_alloc_zero(count, sizeof *alias->limit);
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    for (size_t i = 0; i < count; i++) {
        share[i] = weights[i] * (double)count / sum;
        if (share[i] < 1)
            small[smalls++] = (uint32_t)i;
        else
            large[larges++] = (uint32_t)i;
    }
    while (smalls && larges) {
        uint32_t less = small[--smalls], more = large[larges - 1];
        alias->limit[less] = (uint32_t)(share[less] * 4294967295.0);
        alias->other[less] = more;
        share[more] -= 1 - share[less];
        if (share[more] < 1)
            small[smalls++] = large[--larges];
    }
    while (larges)
        alias->limit[large[--larges]] = UINT32_MAX;
    while (smalls)
        alias->limit[small[--smalls]] = UINT32_MAX;
    for (size_t i = 0; i < count; i++)
        if (alias->limit[i] == UINT32_MAX)
            alias->other[i] = (uint32_t)i;
    free(share);
    free(small);
    free(large);
    return alias;
}

void sandbox_alias_free(struct sandbox_alias **alias)
{
    if (!*alias)
        return;
    free((*alias)->other);
    free((*alias)->limit);
    base_free(alias);
}

struct sandbox_securable *sandbox_world_catalog(struct sandbox_workspace *workspace,
                                                const char *name, const char *owner,
                                                const char *comment)
{
    struct sandbox_securable *catalog = sandbox_workspace_find(workspace, 'C', name);
    return catalog ? catalog : sandbox_workspace_add(workspace, NULL, 'C', name, owner, comment);
}

static void replace_text(char **slot, const char *text)
{
    free(*slot);
    *slot = base_strdup(text);
}

static void add_table(struct sandbox_world *world, struct sandbox_workspace *workspace,
                      struct sandbox_securable *schema, const char *owner,
                      const struct sandbox_table_def *def)
{
    struct sandbox_securable *table = sandbox_workspace_add(
        workspace, schema, 'T', def->name, def->owner ? def->owner : owner, def->comment);
    for (size_t i = 0; i < def->column_count; i++) {
        const struct sandbox_column_def *column = &def->columns[i];
        sandbox_securable_column(table, column->name, column->type, !column->required,
                                 column->comment);
        if (def->masked_column && strcmp(def->masked_column, column->name) == 0)
            replace_text(&table->columns.items[i].mask_function, def->mask);
    }
    replace_text(&table->table_type, def->view ? "VIEW" : "MANAGED");
    if (def->view)
        replace_text(&table->view_definition, def->view);
    if (def->row_filter)
        replace_text(&table->row_filter_function, def->row_filter);
    if (!def->view && table->properties) {
        free(base_map_put(table->properties, "delta.minReaderVersion", base_strdup("1")));
        free(base_map_put(table->properties, "delta.minWriterVersion", base_strdup("2")));
    }
    table->data = sandbox_table_new(world, table->full_name, def);
    /* its first version's moment; what it lies in is a month older */
    table->created_ms = table->updated_ms = (world->t0 - (int64_t)2 * 86400 * 1000000) / 1000;
    for (struct sandbox_securable *at = schema; at; at = at->parent)
        at->created_ms = at->updated_ms = table->created_ms - (int64_t)30 * 86400000;
    world->tables++;
}

void sandbox_world_schema(struct sandbox_world *world, struct sandbox_workspace *workspace,
                          struct sandbox_securable *catalog, const char *name, const char *owner,
                          const char *comment, const struct sandbox_table_def *const *tables)
{
    struct sandbox_securable *schema =
        sandbox_workspace_add(workspace, catalog, 'S', name, owner, comment);
    for (size_t i = 0; tables && tables[i]; i++)
        add_table(world, workspace, schema, owner, tables[i]);
}

/* Changes survive a restart: the log is replayed into version lists. */
static int64_t state_t0(sqlite3 *db, int64_t now)
{
    sqlite3_stmt *query;
    int64_t t0 = now - now % 60000000;
    sqlite3_exec(db,
                 "CREATE TABLE IF NOT EXISTS meta(k TEXT PRIMARY KEY, v INTEGER);"
                 "CREATE TABLE IF NOT EXISTS changes(name TEXT, version INTEGER, operation TEXT,"
                 " count INTEGER, at_us INTEGER, PRIMARY KEY(name, version))",
                 NULL, NULL, NULL);
    if (sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO meta VALUES('t0', ?)", -1, &query, NULL) ==
        SQLITE_OK) {
        sqlite3_bind_int64(query, 1, t0);
        sqlite3_step(query);
        sqlite3_finalize(query);
    }
    if (sqlite3_prepare_v2(db, "SELECT v FROM meta WHERE k = 't0'", -1, &query, NULL) ==
        SQLITE_OK) {
        if (sqlite3_step(query) == SQLITE_ROW)
            t0 = sqlite3_column_int64(query, 0);
        sqlite3_finalize(query);
    }
    return t0;
}

static int open_state(const char *folder, sqlite3 **db, struct err *err)
{
    char *path = folder ? base_file_join(folder, "rows.db") : base_strdup(":memory:");
    int result = sqlite3_open_v2(
        path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);
    if (result != SQLITE_OK) {
        base_err_set(err, ERR_HOST_IO_ERROR, "cannot open \"%s\": %s", path,
                     sqlite3_errstr(result));
        sqlite3_close(*db);
        *db = NULL;
    }
    free(path);
    return result == SQLITE_OK ? 0 : -1;
}

/* What the catalog says of the columns follows the latest version. */
static void columns_follow(struct sandbox_securable *table)
{
    const struct sandbox_table_def *def = sandbox_table_def(table->data);
    const struct sandbox_shape *shape = sandbox_table_version(table->data, -1)->shape;
    sandbox_securable_columns_clear(table);
    for (size_t i = 0; i < shape->count; i++) {
        const struct sandbox_shape_column *column = &shape->columns[i];
        char *type = base_strdup(column->type.text);
        base_text_lower(type);
        sandbox_securable_column(table, column->name, type, !column->required, column->comment);
        if (def->masked_column && column->source >= 0 &&
            strcmp(def->masked_column, def->columns[column->source].name) == 0)
            replace_text(&table->columns.items[i].mask_function, def->mask);
        free(type);
    }
}

static bool of_columns(const char *operation)
{
    return strpbrk(operation, SANDBOX_CHANGE_FIELD) != NULL;
}

/* Tables that were dropped, by name. */
static void replay_dropped(struct sandbox_workspace *workspace, struct sandbox_world *world)
{
    sqlite3_stmt *query;
    if (sqlite3_prepare_v2(world->state, "SELECT k FROM meta WHERE k LIKE 'dropped:%'", -1, &query,
                           NULL) != SQLITE_OK)
        return;
    while (sqlite3_step(query) == SQLITE_ROW) {
        struct sandbox_securable *table = sandbox_workspace_find(
            workspace, 'T', (const char *)sqlite3_column_text(query, 0) + strlen("dropped:"));
        if (table)
            table->hidden = true;
    }
    sqlite3_finalize(query);
}

int sandbox_table_drop(struct sandbox_securable *table, bool gone, struct err *err)
{
    sqlite3 *db = table->data ? sandbox_table_world(table->data)->state : NULL;
    sqlite3_stmt *change;
    int result = SQLITE_DONE;
    table->hidden = gone;
    if (!db)
        return 0;
    if (sqlite3_prepare_v2(db,
                           gone ? "INSERT OR REPLACE INTO meta VALUES('dropped:' || ?, 1)"
                                : "DELETE FROM meta WHERE k = 'dropped:' || ?",
                           -1, &change, NULL) == SQLITE_OK) {
        sqlite3_bind_text(change, 1, table->full_name, -1, SQLITE_STATIC);
        result = sqlite3_step(change);
        sqlite3_finalize(change);
    }
    return result == SQLITE_DONE ? 0
                                 : base_err_set(err, ERR_HOST_IO_ERROR, "state of the sandbox: %s",
                                                sqlite3_errmsg(db));
}

static int replay(struct sandbox_workspace *workspace, struct sandbox_world *world, struct err *err)
{
    sqlite3_stmt *query;
    int result = 0;
    if (sqlite3_prepare_v2(
            world->state,
            "SELECT name, operation, count, at_us FROM changes ORDER BY name, version", -1, &query,
            NULL) != SQLITE_OK)
        return base_err_set(err, ERR_HOST_IO_ERROR, "state of the sandbox: %s",
                            sqlite3_errmsg(world->state));
    while (result == 0 && sqlite3_step(query) == SQLITE_ROW) {
        int64_t version;
        struct sandbox_securable *table =
            sandbox_workspace_find(workspace, 'T', (const char *)sqlite3_column_text(query, 0));
        if (table && table->data)
            result = sandbox_table_apply(table->data, (const char *)sqlite3_column_text(query, 1),
                                         sqlite3_column_int64(query, 2),
                                         sqlite3_column_int64(query, 3), &version, err);
        if (table && table->data)
            table->updated_ms = sqlite3_column_int64(query, 3) / 1000;
        if (result == 0 && table && table->data &&
            of_columns((const char *)sqlite3_column_text(query, 1)))
            columns_follow(table);
    }
    sqlite3_finalize(query);
    return result;
}

int sandbox_world_load(struct sandbox_workspace *workspace, const char *name, int64_t rows,
                       const char *principal, const char *state_folder, struct err *err)
{
    static const struct sandbox_world_def *const worlds[] = {
        &sandbox_world_shop, &sandbox_world_bench, &sandbox_world_types, &sandbox_world_hostile,
        &sandbox_world_big};
    for (size_t i = 0; i < base_countof(worlds); i++) {
        if (strcmp(worlds[i]->name, name) != 0)
            continue;
        struct sandbox_world *world = sandbox_world_new(name, rows, 0);
        if (open_state(state_folder, &world->state, err) < 0) {
            world_free(&world);
            return -1;
        }
        world->t0 = state_t0(world->state, base_seam_now_us(sandbox_workspace_seam(workspace)));
        sandbox_workspace_lock(workspace);
        int result = worlds[i]->load(world, workspace, principal);
        if (result == 0)
            result = replay(workspace, world, err);
        if (result == 0)
            result = sandbox_views_replay(workspace, world, err);
        replay_dropped(workspace, world);
        sandbox_workspace_unlock(workspace);
        return result;
    }
    return base_err_set(err, ERR_USAGE, "there is no world \"%s\"", name);
}

int sandbox_table_change(struct sandbox_workspace *workspace, const char *full_name,
                         const char *operation, int64_t count, int64_t *version, struct err *err)
{
    sandbox_workspace_lock(workspace);
    struct sandbox_securable *table = sandbox_workspace_find(workspace, 'T', full_name);
    int result = -1;
    if (!table || !table->data || sandbox_table_def(table->data)->view ||
        sandbox_table_def(table->data)->live)
        base_err_set(err, ERR_USAGE, "there is no table \"%s\" with rows", full_name);
    else
        result =
            sandbox_table_commit(table->data, table->full_name, operation, count,
                                 base_seam_now_us(sandbox_workspace_seam(workspace)), version, err);
    if (result == 0 && of_columns(operation))
        columns_follow(table);
    if (result == 0)
        table->updated_ms = base_seam_now_us(sandbox_workspace_seam(workspace)) / 1000;
    sandbox_workspace_unlock(workspace);
    return result;
}

static void unload_below(struct sandbox_securable *securable)
{
    struct sandbox_world *world = securable->data ? sandbox_table_world(securable->data) : NULL;
    sandbox_table_free(&securable->data);
    if (world && --world->tables == 0)
        world_free(&world);
    for (size_t i = 0; i < securable->children.count; i++)
        unload_below(securable->children.items[i]);
}

void sandbox_world_unload(struct sandbox_workspace *workspace)
{
    sandbox_workspace_lock(workspace);
    unload_below(sandbox_workspace_metastore(workspace));
    sandbox_workspace_unlock(workspace);
}
