/* share.*: the share list lives in the profile file; a change is planned, shown, recorded, written.
 */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/catalog.h"
#include "model/grant.h"

#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 200
#define LIST_BYTES ((size_t)700 << 10) /* of a list in one answer */

/* The tables from offset on, as many as were asked for and fit into an answer. */
static void list_window(cJSON *json, cJSON *take_all, int64_t offset, int64_t limit)
{
    cJSON *window = cJSON_CreateArray();
    int64_t total = cJSON_GetArraySize(take_all);
    size_t bytes = 0;
    for (int64_t i = 0; i < offset && i < total; i++)
        cJSON_DeleteItemFromArray(take_all, 0);
    for (int64_t i = 0; i < limit && bytes < LIST_BYTES; i++) {
        cJSON *table = cJSON_DetachItemFromArray(take_all, 0);
        if (table == NULL)
            break;
        char *text = base_json_print(table);
        bytes += strlen(text) + 1;
        free(text);
        base_json_push_take(window, table);
    }
    cJSON_Delete(take_all);
    base_json_add_i64(json, "total", total);
    base_json_add_i64(json, "offset", offset);
    base_json_add_take(json, "tables", window);
}

void engine_verb_share_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    const struct model_share *share = config_profile_share(engine->profile);
    int64_t offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", MODEL_SHARE_MAX);
    struct err err = ERR_INIT;
    if (offset < 0 || limit < 1) {
        base_err_set(&err, ERR_USAGE, "limit is at least 1 and offset not negative");
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = base_json_object();
    base_json_add_str(json, "managed_by",
                      config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE ? "file"
                                                                                     : "console");
    base_json_add_str(json, "file", engine->paths.profile);
    list_window(json, model_share_to_json(share), offset, limit);
    engine_reply(engine, call, json);
}

struct change;
/* One question about one table. */
struct change_look {
    struct change *change;
    size_t index;
};

struct change {
    struct engine_ask ask;
    bool add, apply;
    size_t count, waiting;
    struct change_look looks[TABLES_MAX];
    struct model_name names[TABLES_MAX];
    struct err errs[TABLES_MAX];  /* of reading the table as the principal */
    struct err types[TABLES_MAX]; /* of columns that cannot be synced yet */
    bool known[TABLES_MAX];       /* it is there, whether it may be read or not */
    char **columns;               /* only these, of the one table; NULL: all */
    size_t column_count;
};

static void change_free(struct engine_ask *ask)
{
    struct change *change = (struct change *)ask;
    for (size_t i = 0; i < change->count; i++)
        model_name_free(&change->names[i]);
    for (size_t i = 0; i < change->column_count; i++)
        free(change->columns[i]);
    free(change->columns);
}

static bool grant_missing(enum err_code code)
{
    enum model_grant level;
    return model_grant_of(code, &level) == 0 || code == ERR_SRC_PERM_DENIED ||
           code == ERR_SRC_PERM_VIEW_CHAIN;
}

/* The GRANT for the first level that is missing, or all three when it is not known which. */
static void grants_add(struct engine *engine, cJSON *item, const struct model_name *name,
                       enum err_code code)
{
    const char *principal = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    enum model_grant only;
    bool one = model_grant_of(code, &only) == 0;
    cJSON *grants = base_json_add_array(item, "grants");
    for (int level = MODEL_GRANT_CATALOG; level <= MODEL_GRANT_TABLE; level++) {
        struct buf sql;
        struct err err = ERR_INIT;
        if (one && level != (int)only)
            continue;
        base_buf_init(&sql, 1 << 16);
        if (model_grant_sql((enum model_grant)level, name, principal, &sql, &err) == 0)
            base_json_push_take(grants, cJSON_CreateString(sql.data));
        base_buf_free(&sql);
    }
}

/* action: what becomes of the table, "add", "change", "remove" or "none". */
static cJSON *item_json(struct change *change, size_t i, const char *action)
{
    cJSON *item = base_json_object();
    char *name = model_name_text(&change->names[i]);
    base_json_add_str(item, "name", name);
    base_json_add_str(item, "action", action);
    if (change->column_count) {
        cJSON *columns = base_json_add_array(item, "columns");
        for (size_t k = 0; k < change->column_count; k++)
            base_json_push_take(columns, cJSON_CreateString(change->columns[k]));
    }
    if (change->add) {
        base_json_add_bool(item, "readable", change->errs[i].code == ERR_OK);
        if (change->errs[i].code != ERR_OK) {
            base_json_add_take(item, "error", base_err_to_json(&change->errs[i]));
            grants_add(change->ask.engine, item, &change->names[i], change->errs[i].code);
        }
        if (change->types[i].code != ERR_OK)
            base_json_add_take(item, "refused", base_err_to_json(&change->types[i]));
    }
    free(name);
    return item;
}

/* Changes the share and says how. A table that is ticked already keeps how it is synced, except for
 * the columns when some are named. */
static const char *share_change(struct model_share *share, const struct change *change, size_t i)
{
    const struct model_share_table *have = model_share_find(share, &change->names[i]);
    if (!change->add)
        return model_share_remove(share, &change->names[i]) ? "remove" : "none";
    if (have && change->column_count == 0)
        return "none";
    struct model_share_table table = {.name = change->names[i], .mode = (char *)"full"};
    if (have)
        table = *have;
    table.columns = change->columns;
    table.column_count = change->column_count;
    const char *action = have ? "change" : "add";
    return model_share_add(share, &table) ? action : "none";
}

/* A table that may not be read yet is ticked, and says what it lacks; one that nobody has ever
 * seen, or about which the workspace cannot be asked now, is not. */
static int unknown_check(const struct change *change, struct err *err)
{
    if (change->column_count && change->types[0].code == ERR_CONFIG_INVALID) {
        *err = change->types[0];
        base_err_hint(err, "`aampe-console show TABLE` lists the columns.");
        return -1;
    }
    for (size_t i = 0; change->add && i < change->count; i++) {
        if (change->errs[i].code == ERR_OK || change->known[i])
            continue;
        *err = change->errs[i];
        return -1;
    }
    return 0;
}

static int managed_check(struct engine *engine, struct err *err)
{
    if (config_profile_managed(engine->profile) != CONFIG_MANAGED_FILE)
        return 0;
    base_err_set(err, ERR_NOT_PERMITTED, "the share is managed by the file \"%s\"",
                 engine->paths.profile);
    base_err_hint(err, "Change the file, then `aampe-console engine reload`.");
    return -1;
}

static void change_finish(struct change *change)
{
    struct engine *engine = change->ask.engine;
    struct err err = ERR_INIT;
    struct config_profile *profile = config_profile_dup(engine->profile);
    cJSON *json = base_json_object();
    cJSON *plan = base_json_add_array(json, "plan");
    int64_t changes = 0, warnings = 0;
    for (size_t i = 0; i < change->count; i++) {
        const char *action = share_change(config_profile_share(profile), change, i);
        base_json_push_take(plan, item_json(change, i, action));
        changes += strcmp(action, "none") != 0;
        warnings += change->errs[i].code != ERR_OK || change->types[i].code != ERR_OK;
    }
    base_json_add_i64(json, "changes", changes);
    base_json_add_i64(json, "warnings", warnings);
    base_json_add_bool(json, "changed", changes > 0 && change->apply);
    int rc = unknown_check(change, &err);
    if (rc == 0 && changes > 0)
        rc = managed_check(engine, &err);
    if (rc == 0 && changes > 0 && change->apply)
        rc = store_oplog_add(engine->state, change->ask.call.uid,
                             change->add ? "share.add" : "share.remove", plan, &err);
    if (rc == 0 && changes > 0 && change->apply)
        rc = engine_profile_replace(engine, &profile, &err);
    config_profile_free(&profile);
    if (rc == 0) {
        engine_ask_reply(&change->ask, json);
        return;
    }
    cJSON_Delete(json);
    engine_ask_fail(&change->ask, &err);
}

/* The columns that would be read must be there and flat. */
static void columns_check(const struct change *change, const struct model_schema *schema,
                          struct err *err)
{
    struct model_schema chosen = {0};
    chosen.columns = base_alloc_zero(schema->count + 1, sizeof *chosen.columns);
    for (size_t k = 0; k < change->column_count && err->code == ERR_OK; k++) {
        size_t at = 0;
        while (at < schema->count &&
               !base_text_equal_nocase(schema->columns[at].name, change->columns[k]))
            at++;
        if (at == schema->count)
            base_err_set(err, ERR_CONFIG_INVALID, "the table has no column '%s'",
                         change->columns[k]);
        else if (chosen.count < schema->count)
            chosen.columns[chosen.count++] = schema->columns[at]; /* borrowed */
    }
    if (err->code == ERR_OK &&
        model_schema_check_flat(change->column_count ? &chosen : schema, err) != 0)
        base_err_context(err, "a sync of it would fail");
    free(chosen.columns);
}

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct change_look *look = user;
    struct change *change = look->change;
    size_t i = look->index;
    if (err) {
        struct store_cached row = {0};
        char *name = model_name_text(&change->names[i]);
        char *key = base_printf("t:%s", name);
        change->errs[i] = *err;
        change->known[i] = grant_missing(err->code);
        if (err->code == ERR_SRC_TABLE_NOT_FOUND &&
            store_cache_get(change->ask.engine->cache, key, &row)) {
            change->known[i] = true;
            struct store_cached *owned = base_alloc(sizeof *owned);
            *owned = row;
            store_cached_free(owned, 1);
        }
        free(key);
        free(name);
    } else {
        columns_check(change, &table->columns, &change->types[i]);
    }
    if (--change->waiting == 0)
        change_finish(change);
}

static int names_parse(const cJSON *params, struct change *change, struct err *err)
{
    const cJSON *tables = base_json_array(params, "tables"), *each;
    cJSON_ArrayForEach(each, tables)
    {
        if (change->count == TABLES_MAX)
            return base_err_set(err, ERR_USAGE, "at most %d tables at once", TABLES_MAX);
        if (!cJSON_IsString(each) ||
            model_name_parse(each->valuestring, &change->names[change->count], err) != 0)
            return base_err_set(err, ERR_USAGE, "tables is a list of names");
        change->count++;
        if (change->add && model_name_built_in(change->names[change->count - 1].schema))
            return engine_built_in_refuse(each->valuestring, err);
    }
    return change->count ? 0 : base_err_set(err, ERR_USAGE, "no table is named");
}

static int columns_parse(const cJSON *params, struct change *change, struct err *err)
{
    const cJSON *columns = base_json_array(params, "columns"), *each;
    int count = cJSON_GetArraySize(columns);
    if (count == 0)
        return 0;
    if (change->count != 1 || !change->add)
        return base_err_set(err, ERR_USAGE, "columns can be chosen for one table at a time");
    if (count > 10000)
        return base_err_set(err, ERR_USAGE, "more than 10000 columns are named");
    change->columns = base_alloc_zero((size_t)count, sizeof *change->columns);
    cJSON_ArrayForEach(each, columns)
    {
        if (!cJSON_IsString(each) || each->valuestring[0] == '\0')
            return base_err_set(err, ERR_USAGE, "columns is a list of names");
        change->columns[change->column_count++] = base_strdup(each->valuestring);
    }
    return 0;
}

static void change_start(struct engine *engine, struct ipc_call *call, const cJSON *params,
                         bool add)
{
    struct err err = ERR_INIT;
    if (add && engine_need(engine, ENGINE_NEED_WORKSPACE, &err) != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    struct change *change = engine_ask_new(engine, call, sizeof *change, change_free);
    change->add = add;
    change->apply = base_json_bool_or(params, "apply", false);
    if (names_parse(params, change, &err) != 0 || columns_parse(params, change, &err) != 0) {
        engine_ask_fail(&change->ask, &err);
        return;
    }
    if (!add) {
        change_finish(change);
        return;
    }
    change->waiting = change->count;
    for (size_t i = 0; i < change->count; i++) {
        change->looks[i] = (struct change_look){change, i};
        databricks_table_get(engine->db, DATABRICKS_PRINCIPAL, &change->names[i], false, on_table,
                             &change->looks[i]);
    }
}

void engine_verb_share_add(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    change_start(engine, call, params, true);
}

void engine_verb_share_remove(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    change_start(engine, call, params, false);
}
