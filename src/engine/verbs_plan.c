/* share.plan, share.apply: the draft becomes the share, planned with its revision. Nothing is
 * written to the workspace: what is missing is said as SQL for those who may grant it. */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/vec.h"
#include "catalog/key.h"
#include "engine/glance.h"
#include "model/grant.h"
#include "store/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_MAX 200   /* tables of one answer, each glanced at */
#define LOADS_MAX 2000 /* first loads that one apply starts */
#define NAMED_MAX 1000 /* names in the operator log */
#define PATCH_MAX ((size_t)256 << 10)

/* Both verbs look at tables first; what they do then differs. */
struct plan {
    struct engine_ask ask;
    bool apply;
    int64_t revision; /* that the plan is of */
    int64_t offset;
    int64_t kept; /* tables of the share that lack something, on this page or not */
    size_t waiting;
    vec_of(struct plan_item {
        struct plan *plan;
        size_t index;
        char *name;
        int draft; /* 1, -1; 0: of the share, with something missing */
        bool seen;
        struct engine_glance glance; /* full_name not kept */
    }) items;
};

static void plan_free(struct engine_ask *ask)
{
    struct plan *plan = (struct plan *)ask;
    for (size_t i = 0; i < plan->items.count; i++)
        free(plan->items.items[i].name);
    vec_free(&plan->items);
}

static void item_push(struct plan *plan, const char *name, int draft)
{
    struct plan_item item = {.plan = plan, .name = base_strdup(name), .draft = draft};
    item.index = plan->items.count;
    vec_push(&plan->items, item);
}

/* --- the plan as data
 * ---------------------------------------------------------------------------------------
 */

static bool listed_already(const cJSON *list, const char *text)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, list)
    {
        if (cJSON_IsString(each) && strcmp(each->valuestring, text) == 0)
            return true;
    }
    return false;
}

/* Who may grant on a level: its owner, and the owners of what it lies in. */
static void who_add(struct engine *engine, cJSON *item, const char *name, enum model_grant level)
{
    cJSON *who = base_json_add_array(item, "who");
    for (int at = (int)level; at >= MODEL_GRANT_CATALOG; at--) {
        char *owner = engine_level_owner(engine, name, (enum model_grant)at);
        if (owner && owner[0] && !listed_already(who, owner))
            base_json_push_take(who, cJSON_CreateString(owner));
        free(owner);
    }
    if (cJSON_GetArraySize(who) == 0)
        base_json_push_take(who, cJSON_CreateString("metastore admin"));
}

static void missing_add(struct engine *engine, cJSON *array, const char *name,
                        enum model_grant level)
{
    const char *principal = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    struct model_name parsed = {0};
    struct err err = ERR_INIT;
    struct buf sql;
    cJSON *item = base_json_object();
    char *object = base_strndup(name, catalog_key_prefix(name, (size_t)level + 1));
    base_buf_init(&sql, 1 << 16);
    base_json_add_str(item, "level", access_level_name(level));
    base_json_add_str(item, "object", object);
    base_json_add_str(item, "privilege", access_level_needs(level));
    if (model_name_parse(name, &parsed, &err) == 0 &&
        model_grant_sql(level, &parsed, principal ? principal : "", &sql, &err) == 0) {
        if (sql.len && sql.data[sql.len - 1] == ';')
            sql.data[sql.len - 1] = '\0';
        base_json_add_str(item, "sql", sql.data);
    }
    who_add(engine, item, name, level);
    base_json_push_take(array, item);
    base_buf_free(&sql);
    model_name_free(&parsed);
    free(object);
}

static cJSON *item_json(struct engine *engine, const struct plan_item *item, bool *warned)
{
    const struct engine_glance *glance = &item->glance;
    cJSON *json = base_json_object();
    base_json_add_str(json, "name", item->name);
    base_json_add_str(json, "action",
                      item->draft > 0   ? "add"
                      : item->draft < 0 ? "remove"
                                        : "keep");
    if (item->draft < 0)
        return json;
    base_json_add_str(json, "mode", "full");
    base_json_add_bool(json, "readable", item->seen && glance->readable);
    *warned = !item->seen || !glance->readable || glance->refused.code != ERR_OK;
    if (item->seen && glance->err.code != ERR_OK && !glance->readable)
        base_json_add_take(json, "error", base_err_to_json(&glance->err));
    if (glance->refused.code != ERR_OK)
        base_json_add_take(json, "refused", base_err_to_json(&glance->refused));
    cJSON *missing = base_json_add_array(json, "missing");
    for (int level = 0; level < ACCESS_LEVELS && item->seen && !glance->readable; level++)
        if (glance->missing[level])
            missing_add(engine, missing, item->name, (enum model_grant)level);
    return json;
}

static const char *managed_word(struct engine *engine)
{
    return config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE ? "file" : "console";
}

static cJSON *plan_head(struct engine *engine)
{
    struct catalog_draft draft = catalog_ticks_draft(engine->ticks);
    cJSON *json = catalog_ticks_head_json(engine->ticks);
    base_json_add_str(json, "managed_by", managed_word(engine));
    base_json_add_str(json, "file", engine->paths.profile);
    base_json_add_str(json, "principal", config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    base_json_add_i64(json, "changes", draft.add + draft.remove);
    return json;
}

/* --- a share that is managed by its file: the draft as a patch
 * -------------------------------------------------
 */

/* The share once the draft is applied, in a copy of the profile. NULL with err. */
static struct config_profile *profile_drafted(struct engine *engine, cJSON *added, cJSON *removed,
                                              struct err *err)
{
    struct config_profile *profile = config_profile_dup(engine->profile);
    struct model_share *share = config_profile_share(profile);
    const char *name;
    int draft, rc = 0;
    for (int64_t i = 0; rc == 0 && (name = catalog_ticks_at(engine->ticks, i, &draft)); i++) {
        struct model_share_table table = {.mode = (char *)"full"};
        rc = model_name_parse(name, &table.name, err);
        if (rc == 0 && draft > 0)
            (void)model_share_add(share, &table);
        else if (rc == 0)
            (void)model_share_remove(share, &table.name);
        if (cJSON_GetArraySize(draft > 0 ? added : removed) < NAMED_MAX)
            base_json_push_take(draft > 0 ? added : removed, cJSON_CreateString(name));
        model_name_free(&table.name);
    }
    if (rc == 0 && share->count > MODEL_SHARE_MAX) {
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "the share would have %zu tables, at most %d",
                          share->count, MODEL_SHARE_MAX);
        base_err_hint(err, "Untick what is not needed; `draft.undo` takes back the last ticks.");
    }
    if (rc != 0)
        config_profile_free(&profile);
    return profile;
}

static int plan_patch(struct engine *engine, cJSON *json, struct err *err)
{
    cJSON *names = cJSON_CreateArray();
    struct buf before;
    struct config_profile *profile = profile_drafted(engine, names, names, err);
    cJSON_Delete(names);
    if (profile == NULL)
        return -1;
    base_buf_init(&before, PATCH_MAX);
    int rc = base_file_read(engine->paths.profile, PATCH_MAX, &before, err);
    char *after = config_profile_print(profile);
    if (rc == 0) {
        char *patch = engine_patch(engine->paths.profile, before.data, after);
        base_json_add_str(json, "patch", patch);
        free(patch);
    }
    free(after);
    base_buf_free(&before);
    config_profile_free(&profile);
    return rc;
}

/* --- share.plan
 * ---------------------------------------------------------------------------------------------
 */

static void plan_reply(struct plan *plan)
{
    struct engine *engine = plan->ask.engine;
    cJSON *json = plan_head(engine);
    int64_t warnings = 0, drafted = base_json_i64_or(json, "changes", 0);
    cJSON *tables = base_json_add_array(json, "tables");
    for (size_t i = 0; i < plan->items.count; i++) {
        bool warned = false;
        base_json_push_take(tables, item_json(engine, &plan->items.items[i], &warned));
        warnings += warned;
    }
    base_json_add_i64(json, "warnings", warnings);
    base_json_add_i64(json, "offset", plan->offset);
    base_json_add_i64(json, "total", drafted + plan->kept);
    if (config_profile_managed(engine->profile) == CONFIG_MANAGED_FILE && drafted > 0) {
        struct err ignored = ERR_INIT;
        if (plan_patch(engine, json, &ignored) != 0)
            base_json_add_take(json, "patch_error", base_err_to_json(&ignored));
    }
    engine_ask_reply(&plan->ask, json);
}

static void apply_finish(struct plan *plan);

/* One more has been seen; after the last the plan can be made. */
static void glance_over(struct plan *plan)
{
    if (--plan->waiting > 0)
        return;
    if (plan->apply)
        apply_finish(plan);
    else
        plan_reply(plan);
}

static void on_glance(void *user, const struct engine_glance *glance)
{
    struct plan_item *item = user;
    struct plan *plan = item->plan;
    item->glance = *glance;
    item->glance.full_name = NULL;
    item->seen = true;
    glance_over(plan);
}

/* Known to lack something when it was last listed or looked at. */
static bool lacks(struct engine *engine, const char *name)
{
    struct store_cached row;
    char *key = base_printf("t:%s", name);
    bool found = store_cache_get(engine->cache, key, &row);
    bool lacking = found && ((row.flags & CATALOG_LOST) || ((row.flags & CATALOG_BROWSE_ONLY) &&
                                                            !(row.flags & CATALOG_READABLE)));
    if (found)
        store_cached_clear(&row);
    free(key);
    return lacking;
}

/* Its latest run was refused for want of a right: the list of the workspace may be older than that.
 */
static bool refused(struct store_look *reader, const struct model_name *name)
{
    struct store_look_table look;
    struct err err = ERR_INIT;
    enum model_grant level;
    if (reader == NULL || store_look_table(reader, name, &look, &err) != 0)
        return false;
    bool is = look.last.id > 0 && look.last.state == RUN_FAILED &&
              model_grant_of(look.last.err.code, &level) == 0;
    store_look_table_free(&look);
    return is;
}

/* Tables of the share that stay in it and cannot be read: what is still missing for the share.
 * Behind the draft in the same list, at most PLAN_MAX of them. Returns how many there are. */
static int64_t kept_add(struct engine *engine, struct plan *plan, int64_t skip, size_t limit)
{
    const struct model_share *share = config_profile_share(engine->profile);
    struct err err = ERR_INIT;
    struct store_look *reader = store_look_new(engine->state, &err);
    int64_t kept = 0;
    for (size_t i = 0; i < share->count && kept < PLAN_MAX; i++) {
        char *name = model_name_text(&share->tables[i].name);
        if (catalog_ticks_get(engine->ticks, name).draft == 0 &&
            (lacks(engine, name) || refused(reader, &share->tables[i].name)) && kept++ >= skip &&
            plan->items.count < limit)
            item_push(plan, name, 0);
        free(name);
    }
    store_look_free(&reader);
    return kept;
}

static void glances_ask(struct plan *plan)
{
    struct engine *engine = plan->ask.engine;
    size_t count = plan->items.count;
    plan->waiting = 1; /* this function itself: no answer comes from inside */
    for (size_t i = 0; i < count; i++)
        plan->waiting += plan->items.items[i].draft >= 0;
    for (size_t i = 0; i < count; i++)
        if (plan->items.items[i].draft >= 0)
            engine_glance(engine, plan->items.items[i].name, on_glance, &plan->items.items[i]);
    glance_over(plan);
}

void engine_verb_share_plan(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    int64_t offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", PLAN_MAX);
    struct catalog_draft draft = catalog_ticks_draft(engine->ticks);
    const char *name;
    int action;
    if (limit < 1 || limit > PLAN_MAX || offset < 0)
        base_err_set(&err, ERR_USAGE, "limit is 1 to %d and offset not negative", PLAN_MAX);
    else if (draft.add > 0)
        (void)!engine_need(engine, ENGINE_NEED_WORKSPACE, &err);
    if (err.code != ERR_OK) {
        engine_fail(engine, call, &err);
        return;
    }
    struct plan *plan = engine_ask_new(engine, call, sizeof *plan, plan_free);
    plan->offset = offset;
    for (int64_t i = offset; i - offset < limit; i++) {
        if ((name = catalog_ticks_at(engine->ticks, i, &action)) == NULL)
            break;
        item_push(plan, name, action);
    }
    if (engine->glances)
        plan->kept = kept_add(engine, plan, offset - (draft.add + draft.remove), (size_t)limit);
    glances_ask(plan);
}

/* --- share.apply
 * --------------------------------------------------------------------------------------------
 */

static void moved_text(const cJSON *moved, const char *key, const char *words, struct buf *out)
{
    const cJSON *each;
    bool first = true;
    cJSON_ArrayForEach(each, base_json_array(moved, key))
    {
        (void)base_buf_printf(out, "%s%s", first ? words : ", ", each->valuestring);
        first = false;
    }
    if (!first)
        (void)base_buf_text(out, "; ");
}

/* The plan is of another revision: what has come between is in the hint. */
static int revision_check(struct engine *engine, int64_t revision, struct err *err)
{
    struct catalog_draft draft = catalog_ticks_draft(engine->ticks);
    char last[256];
    struct buf text;
    if (revision == draft.revision)
        return 0;
    base_err_set(err, ERR_SHARE_MOVED,
                 "the plan is of revision %lld, the draft is at %lld: +%lld -%lld on share %lld",
                 (long long)revision, (long long)draft.revision, (long long)draft.add,
                 (long long)draft.remove, (long long)draft.base);
    base_buf_init(&text, 1 << 20);
    cJSON *moved = catalog_ticks_moved_json(engine->ticks);
    if (catalog_ticks_last(engine->ticks, last, NULL) == 0 && last[0])
        (void)base_buf_printf(&text, "last change: %s; ", last);
    moved_text(moved, "added", "the share last gained ", &text);
    moved_text(moved, "removed", "the share last lost ", &text);
    base_err_hint(err, "%slook at the plan again", text.len ? text.data : "");
    cJSON_Delete(moved);
    base_buf_free(&text);
    return -1;
}

static int managed_check(struct engine *engine, struct err *err)
{
    if (config_profile_managed(engine->profile) != CONFIG_MANAGED_FILE)
        return 0;
    base_err_set(err, ERR_NOT_PERMITTED, "the share is managed by the file \"%s\"",
                 engine->paths.profile);
    base_err_hint(err, "aampe-console share plan --patch writes the change for the file.");
    return -1;
}

/* Starts the first load of what was added and can be read; 0 = nothing was started. */
static int64_t first_load(struct engine *engine, const struct plan *plan, int64_t *waiting)
{
    const struct model_share *share = config_profile_share(engine->profile);
    struct err err = ERR_INIT;
    vec_of(struct sync_request) requests = {0};
    int64_t batch = 0;
    *waiting = 0;
    for (size_t i = 0; i < plan->items.count; i++) {
        const struct plan_item *item = &plan->items.items[i];
        struct model_name name = {0};
        const struct model_share_table *table = NULL;
        if (item->draft <= 0)
            continue;
        if (model_name_parse(item->name, &name, &err) == 0)
            table = model_share_find(share, &name);
        model_name_free(&name);
        if (table && item->seen && item->glance.readable && item->glance.refused.code == ERR_OK &&
            requests.count < LOADS_MAX)
            vec_push(&requests, (struct sync_request){.table = table});
        else
            ++*waiting;
    }
    /* Without a destination there is a share already, and nothing to load it to. */
    if (requests.count && engine->storage_err.code == ERR_OK &&
        engine_need(engine, ENGINE_NEED_SYNC, &err) == 0 &&
        sync_batch_start(engine->sync, requests.items, requests.count, "apply", &batch, &err) != 0)
        base_log_event(engine->log, LOG_WARN_, "share.load", "code", base_err_name(err.code), NULL);
    if (batch)
        (void)!store_batch_asked(engine->state, batch, plan->ask.call.uid, NULL);
    vec_free(&requests);
    return batch;
}

static int names_check(const struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->items.count; i++) {
        const struct plan_item *item = &plan->items.items[i];
        if (item->draft <= 0 || !item->seen || item->glance.known || item->glance.readable)
            continue;
        *err = item->glance.err;
        return base_err_context(err, "nothing was changed: \"%s\" is in the draft", item->name);
    }
    return 0;
}

static int apply_write(struct plan *plan, cJSON *detail, struct err *err)
{
    struct engine *engine = plan->ask.engine;
    struct engine_author author;
    engine_author(&plan->ask.call, &author);
    struct catalog_author by = {author.name, author.uid};
    struct config_profile *profile = profile_drafted(engine, base_json_add_array(detail, "added"),
                                                     base_json_add_array(detail, "removed"), err);
    if (profile == NULL)
        return -1;
    base_json_add_i64(detail, "revision", plan->revision);
    int rc = store_oplog_add(engine->state, plan->ask.call.uid, "share.apply", detail, err);
    if (rc == 0)
        rc = engine_profile_replace(engine, &profile, err);
    config_profile_free(&profile);
    if (rc == 0)
        rc = catalog_ticks_applied(engine->ticks, &by, err);
    return rc;
}

/* Everything is looked at: now it happens, unless the draft has moved meanwhile. */
static void apply_finish(struct plan *plan)
{
    struct engine *engine = plan->ask.engine;
    struct err err = ERR_INIT;
    struct catalog_draft draft = catalog_ticks_draft(engine->ticks);
    cJSON *detail = base_json_object();
    int64_t waiting = 0, batch = 0;
    int rc = revision_check(engine, plan->revision, &err);
    if (rc == 0)
        rc = names_check(plan, &err);
    if (rc == 0)
        rc = apply_write(plan, detail, &err);
    cJSON_Delete(detail);
    if (rc != 0) {
        engine_ask_fail(&plan->ask, &err);
        return;
    }
    batch = first_load(engine, plan, &waiting);
    cJSON *json = catalog_ticks_head_json(engine->ticks);
    base_json_add_bool(json, "changed", true);
    base_json_add_i64(json, "added", draft.add);
    base_json_add_i64(json, "removed", draft.remove);
    base_json_add_i64(json, "waiting", waiting + (draft.add > PLAN_MAX ? draft.add - PLAN_MAX : 0));
    if (batch)
        base_json_add_i64(json, "batch", batch);
    engine_draft_changed(engine);
    engine_ask_reply(&plan->ask, json);
    engine_snapshot_soon(engine);
}

void engine_verb_share_apply(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct catalog_draft draft = catalog_ticks_draft(engine->ticks);
    int64_t revision = base_json_i64_or(params, "revision", -1);
    const char *name;
    int action;
    int rc = revision >= 0 ? revision_check(engine, revision, &err)
                           : base_err_set(&err, ERR_USAGE, "revision: that of the plan");
    if (rc == 0 && draft.add + draft.remove > 0)
        rc = managed_check(engine, &err);
    if (rc == 0 && draft.add > 0)
        rc = engine_need(engine, ENGINE_NEED_WORKSPACE, &err);
    if (rc != 0) {
        engine_fail(engine, call, &err);
        return;
    }
    if (draft.add + draft.remove == 0) {
        cJSON *json = catalog_ticks_head_json(engine->ticks);
        base_json_add_bool(json, "changed", false);
        engine_reply(engine, call, json);
        return;
    }
    struct plan *plan = engine_ask_new(engine, call, sizeof *plan, plan_free);
    plan->apply = true;
    plan->revision = revision;
    /* Beyond that many, the others are loaded by the next sync. */
    for (int64_t i = 0; plan->items.count < PLAN_MAX; i++) {
        if ((name = catalog_ticks_at(engine->ticks, i, &action)) == NULL)
            break;
        if (action > 0)
            item_push(plan, name, action);
    }
    glances_ask(plan);
}
