/* draft.*: the ticks that are not applied yet. Everybody who may look may tick: nothing follows
 * from it but a plan, and the plan names its author. */
#include "engine/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 5000

void engine_author(const struct ipc_call *call, struct engine_author *out)
{
    struct passwd entry, *found = NULL;
    char text[4096];
    out->uid = (int64_t)call->uid;
    if (getpwuid_r(call->uid, &entry, text, sizeof text, &found) == 0 && found)
        snprintf(out->name, sizeof out->name, "%s", found->pw_name);
    else
        snprintf(out->name, sizeof out->name, "uid %lld", (long long)call->uid);
}

int engine_built_in_refuse(const char *full_name, struct err *err)
{
    base_err_set(err, ERR_USAGE,
                 "\"%s\" cannot be shared: an information_schema describes its catalog", full_name);
    base_err_hint(err, "Whoever may use the catalog reads it there; no grant is needed.");
    return -1;
}

void engine_draft_changed(struct engine *engine)
{
    engine_event(engine, "draft.changed", catalog_ticks_head_json(engine->ticks));
}

void engine_share_changed(struct engine *engine)
{
    struct err err = ERR_INIT;
    bool changed = false;
    if (engine->ticks == NULL)
        return;
    if (catalog_ticks_share(engine->ticks, config_profile_share(engine->profile), &changed, &err) !=
        0)
        base_log_event(engine->log, LOG_WARN_, "draft.share", "code", base_err_name(err.code),
                       "message", err.message, NULL);
    if (changed && engine->server)
        engine_draft_changed(engine);
}

void engine_verb_draft_show(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    int64_t offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", 500);
    const char *name;
    int draft;
    struct err err = ERR_INIT;
    if (limit < 1 || limit > 500 || offset < 0) {
        base_err_set(&err, ERR_USAGE, "limit is 1 to 500 and offset not negative");
        engine_fail(engine, call, &err);
        return;
    }
    cJSON *json = catalog_ticks_head_json(engine->ticks);
    cJSON *items = base_json_add_array(json, "items");
    for (int64_t i = offset; i - offset < limit; i++) {
        if ((name = catalog_ticks_at(engine->ticks, i, &draft)) == NULL)
            break;
        cJSON *item = base_json_object();
        base_json_add_str(item, "name", name);
        base_json_add_str(item, "action", draft > 0 ? "add" : "remove");
        base_json_push_take(items, item);
    }
    struct catalog_draft head = catalog_ticks_draft(engine->ticks);
    base_json_add_i64(json, "total", head.add + head.remove);
    base_json_add_i64(json, "offset", offset);
    engine_reply(engine, call, json);
}

struct names {
    bool adding;
    const struct engine_tree_filter *filter;
    vec_of(char *) list;
};

static void names_free(struct names *names)
{
    for (size_t i = 0; i < names->list.count; i++)
        free(names->list.items[i]);
    vec_free(&names->list);
}

static bool name_take(void *user, const struct catalog_found *found)
{
    struct names *names = user;
    bool all = names->filter->access == NULL && names->filter->ticked < 0;
    if (names->adding && found->flags & CATALOG_BUILT_IN)
        return true; /* seen, never meant */
    if (all || engine_tree_accept((void *)names->filter, found))
        vec_push(&names->list, base_strdup(found->full_name));
    return true;
}

static int key_add(struct engine *engine, const char *key, const char *pattern, struct names *names,
                   struct err *err)
{
    struct model_name name = {0};
    bool built_in;
    if (key[0] != 't' || key[1] != ':') {
        catalog_names_below(engine->names, key, pattern, name_take, names);
        return 0;
    }
    built_in = names->adding && model_name_parse(key + 2, &name, NULL) == 0 &&
               model_name_built_in(name.schema);
    model_name_free(&name);
    if (built_in)
        return engine_built_in_refuse(key + 2, err);
    vec_push(&names->list, base_strdup(key + 2));
    return 0;
}

static int keys_add(struct engine *engine, const cJSON *keys, struct names *names, struct err *err)
{
    const cJSON *key;
    if (cJSON_GetArraySize(keys) > KEYS_MAX)
        return base_err_set(err, ERR_USAGE, "at most %d keys at once", KEYS_MAX);
    cJSON_ArrayForEach(key, keys)
    {
        if (!cJSON_IsString(key))
            return base_err_set(err, ERR_USAGE, "keys is a list of keys of the tree");
        if (key_add(engine, key->valuestring, NULL, names, err) != 0)
            return -1;
    }
    return 0;
}

/* The tables that are meant: by key, below a container (there by a pattern of their own name), or
 * by what a search finds. */
static int tables_meant(struct engine *engine, const cJSON *params, struct names *names,
                        struct err *err)
{
    const cJSON *keys = base_json_array(params, "keys");
    const char *under = base_json_str(params, "under"), *pattern = base_json_str(params, "pattern");
    if (keys)
        return keys_add(engine, keys, names, err);
    if (under == NULL && pattern == NULL)
        return base_err_set(err, ERR_USAGE, "which tables: keys, under or pattern");
    if (under)
        return key_add(engine, under, pattern, names, err);
    catalog_names_search(engine->names, pattern, name_take, names);
    return 0;
}

static void changed_reply(struct engine *engine, struct ipc_call *call, int64_t changed,
                          const char *what)
{
    cJSON *json = catalog_ticks_head_json(engine->ticks);
    base_json_add_i64(json, "changed", changed);
    base_json_add_str(json, "undone", what);
    if (changed)
        engine_draft_changed(engine);
    engine_reply(engine, call, json);
}

void engine_verb_draft_tick(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct engine_tree_filter filter;
    struct names names = {.filter = &filter};
    struct engine_author author;
    int64_t changed = 0;
    bool on = base_json_bool_or(params, "on", true);
    names.adding = on;
    engine_author(call, &author);
    struct catalog_author by = {author.name, author.uid};
    int rc = engine_tree_filter_read(engine, params, &filter, &err);
    if (rc == 0)
        rc = tables_meant(engine, params, &names, &err);
    if (rc == 0)
        rc = catalog_ticks_set(engine->ticks, (const char *const *)names.list.items,
                               names.list.count, on, &by, &changed, &err);
    names_free(&names);
    if (rc == 0)
        changed_reply(engine, call, changed, NULL);
    else
        engine_fail(engine, call, &err);
}

void engine_verb_draft_undo(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct engine_author author;
    int64_t changed = 0;
    char what[160];
    (void)params;
    engine_author(call, &author);
    struct catalog_author by = {author.name, author.uid};
    if (catalog_ticks_undo(engine->ticks, &by, &changed, what, &err) == 0)
        changed_reply(engine, call, changed, what);
    else
        engine_fail(engine, call, &err);
}

void engine_verb_draft_clear(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct engine_author author;
    int64_t changed = 0;
    (void)params;
    engine_author(call, &author);
    struct catalog_author by = {author.name, author.uid};
    if (catalog_ticks_clear(engine->ticks, &by, &changed, &err) == 0)
        changed_reply(engine, call, changed, NULL);
    else
        engine_fail(engine, call, &err);
}
