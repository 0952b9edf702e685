#include "sandbox/view_state.h"

#include "sandbox/data.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX_BYTES ((size_t)4 << 20)

static void replace(char **slot, const char *text)
{
    char *old = *slot;

    *slot = base_strdup(text); /* the text may be the old one */
    free(old);
}

/* A name that was dropped and is used again is a new view: nobody has anything on it. */
static void renew(struct sandbox_workspace *workspace, struct sandbox_securable *view,
                  const struct sandbox_view_made *made)
{
    char id[37];

    while (view->grants.count) {
        struct sandbox_grant *last = &view->grants.items[view->grants.count - 1];

        sandbox_workspace_revoke(workspace, view, last->principal, last->privilege);
    }
    base_seam_uuid(sandbox_workspace_seam(workspace), id);
    replace(&view->id, id);
    replace(&view->owner, made->owner);
    view->created_ms = made->now_ms;
    view->hidden = false;
}

struct sandbox_securable *sandbox_view_put(struct sandbox_workspace *workspace,
                                           struct sandbox_world *world,
                                           struct sandbox_securable *schema,
                                           const struct sandbox_view_made *made)
{
    char *full_name = base_printf("%s.%s", schema->full_name, made->name);
    struct sandbox_securable *view = sandbox_workspace_kept(workspace, 'T', full_name);

    free(full_name);
    if (!view)
        view = sandbox_workspace_add(workspace, schema, 'T', made->name, made->owner, NULL);
    else if (view->hidden)
        renew(workspace, view, made);
    if (view->data)
        sandbox_table_free(&view->data); /* its place in the world's count stays */
    else
        world->tables++;
    replace(&view->table_type, "VIEW");
    replace(&view->comment, made->comment);
    replace(&view->view_definition, made->definition);
    sandbox_securable_columns_clear(view);
    for (size_t i = 0; i < made->column_count; i++) {
        char *type = base_strdup(made->types[i].text);

        base_text_lower(type);
        sandbox_securable_column(view, made->columns[i], type, true, NULL);
        free(type);
    }
    view->data = sandbox_view_new(world, view->full_name, made->text, made->columns, made->types,
                                  made->column_count);
    view->updated_ms = made->now_ms;
    return view;
}

/* --- the state -------------------------------------------------------------------------------- */

static int failed(struct sandbox_world *world, struct err *err)
{
    return base_err_set(err, ERR_HOST_IO_ERROR, "state of the sandbox: %s",
                        sqlite3_errmsg(world->state));
}

static int table_make(struct sandbox_world *world, struct err *err)
{
    return sqlite3_exec(world->state,
                        "CREATE TABLE IF NOT EXISTS views(full_name TEXT PRIMARY KEY, parent TEXT,"
                        " name TEXT, id TEXT, owner TEXT, comment TEXT, definition TEXT, text TEXT,"
                        " columns TEXT, created_ms INTEGER, updated_ms INTEGER)",
                        NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : failed(world, err);
}

/* [["name", "TYPE"], ...], malloc'd */
static char *columns_print(const struct sandbox_securable *view)
{
    cJSON *json = cJSON_CreateArray();
    char *text;

    for (size_t i = 0; i < view->columns.count; i++) {
        cJSON *pair = cJSON_CreateArray();

        base_json_push_take(pair, cJSON_CreateString(view->columns.items[i].name));
        base_json_push_take(pair, cJSON_CreateString(view->columns.items[i].type_text));
        base_json_push_take(json, pair);
    }
    text = base_json_print(json);
    cJSON_Delete(json);
    return text;
}

int sandbox_view_keep(struct sandbox_world *world, struct sandbox_securable *view, const char *text,
                      struct err *err)
{
    const char *const texts[] = {
        view->full_name, view->parent->full_name, view->name, view->id, view->owner,
        view->comment,   view->view_definition,   text};
    char *columns;
    sqlite3_stmt *insert;
    int result;

    if (sandbox_table_drop(view, false, err) != 0 || table_make(world, err) != 0)
        return -1;
    if (sqlite3_prepare_v2(world->state,
                           "INSERT OR REPLACE INTO views VALUES(?,?,?,?,?,?,?,?,?,?,?)", -1,
                           &insert, NULL) != SQLITE_OK)
        return failed(world, err);
    for (size_t i = 0; i < base_countof(texts); i++)
        sqlite3_bind_text(insert, (int)i + 1, texts[i], -1, SQLITE_STATIC);
    columns = columns_print(view);
    sqlite3_bind_text(insert, 9, columns, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 10, view->created_ms);
    sqlite3_bind_int64(insert, 11, view->updated_ms);
    result = sqlite3_step(insert);
    sqlite3_finalize(insert);
    free(columns);
    return result == SQLITE_DONE ? 0 : failed(world, err);
}

static const char *text_at(sqlite3_stmt *query, int column)
{
    return (const char *)sqlite3_column_text(query, column);
}

/* One row of the state. A schema that this world does not have loses its views. */
static int replay_one(struct sandbox_workspace *workspace, struct sandbox_world *world,
                      sqlite3_stmt *query, struct err *err)
{
    const char *columns = text_at(query, 7);
    cJSON *json = base_json_parse(columns, strlen(columns), COLUMNS_MAX_BYTES, err);
    struct sandbox_securable *schema = sandbox_workspace_find(workspace, 'S', text_at(query, 0));
    struct sandbox_arena *arena = sandbox_arena_new();
    size_t count = (size_t)cJSON_GetArraySize(json);
    const char **names = sandbox_arena_alloc(arena, (count + 1) * sizeof *names);
    struct sandbox_type *types = sandbox_arena_alloc(arena, (count + 1) * sizeof *types);
    struct sandbox_securable *view;
    int result = json ? 0 : -1;

    for (size_t i = 0; i < count && result == 0; i++) {
        const cJSON *pair = cJSON_GetArrayItem(json, (int)i);
        const cJSON *name = cJSON_GetArrayItem(pair, 0), *type = cJSON_GetArrayItem(pair, 1);

        if (!cJSON_IsString(name) || !cJSON_IsString(type) ||
            sandbox_type_parse(arena, type->valuestring, &types[i]) < 0)
            result = base_err_set(err, ERR_HOST_IO_ERROR,
                                  "state of the sandbox: a column of the view \"%s\" is damaged",
                                  text_at(query, 1));
        else
            names[i] = name->valuestring;
    }
    if (result == 0 && schema) {
        const struct sandbox_view_made made = {.name = text_at(query, 1),
                                               .owner = text_at(query, 3),
                                               .comment = text_at(query, 4),
                                               .definition = text_at(query, 5),
                                               .text = text_at(query, 6),
                                               .columns = names,
                                               .types = types,
                                               .column_count = count,
                                               .now_ms = sqlite3_column_int64(query, 9)};

        view = sandbox_view_put(workspace, world, schema, &made);
        view->created_ms = sqlite3_column_int64(query, 8);
        replace(&view->id, text_at(query, 2));
        replace(&view->owner, made.owner);
    }
    sandbox_arena_free(&arena);
    cJSON_Delete(json);
    return result;
}

int sandbox_views_replay(struct sandbox_workspace *workspace, struct sandbox_world *world,
                         struct err *err)
{
    sqlite3_stmt *query;
    int result = 0, step = SQLITE_DONE;

    if (table_make(world, err) != 0)
        return -1;
    if (sqlite3_prepare_v2(world->state,
                           "SELECT parent, name, id, owner, comment, definition, text, columns,"
                           " created_ms, updated_ms FROM views ORDER BY rowid",
                           -1, &query, NULL) != SQLITE_OK)
        return failed(world, err);
    while (result == 0 && (step = sqlite3_step(query)) == SQLITE_ROW)
        result = replay_one(workspace, world, query, err);
    sqlite3_finalize(query);
    return result == 0 && step != SQLITE_DONE ? failed(world, err) : result;
}
