#include "engine/glance.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"
#include "catalog/key.h"
#include "databricks/catalog.h"
#include "databricks/permissions.h"
#include "databricks/workspace.h"

#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 4 /* at a time, of those that somebody waits for */
#define SHOWN_MAX 2 /* at a time, of those that are only shown */
#define PAGE_MAX 60 /* of one page */
#define FRESH_US ((int64_t)1800 * 1000000)
#define TOLD_US 1000000

struct glance {
    struct engine_glances *glances;
    char *full_name;
    struct model_name name;
    struct engine_glance result;
    struct err tried;
    bool was_tried, masked, filtered;
    size_t columns;
    struct databricks_call *call;
    void (*done)(void *user, const struct engine_glance *result);
    void *user;
    struct glance *next;
};

struct engine_glances {
    struct engine *engine;
    struct glance *asked, *shown, *active; /* waiting in order, and under way */
    struct glance **asked_end, **shown_end;
    int active_count, page;
    struct databricks_me me;
    struct databricks_call *me_call;
    bool me_known;
    int64_t looked, told_us; /* since the last word about it */
};

static void start_more(struct engine_glances *glances);

static void glance_free(struct glance *glance)
{
    databricks_cancel(&glance->call);
    model_name_free(&glance->name);
    free(glance->full_name);
    free(glance);
}

static void list_free(struct glance *glance)
{
    while (glance) {
        struct glance *next = glance->next;
        glance_free(glance);
        glance = next;
    }
}

struct engine_glances *engine_glances_new(struct engine *engine)
{
    struct engine_glances *glances = base_alloc_zero(1, sizeof *glances);
    glances->engine = engine;
    glances->asked_end = &glances->asked;
    glances->shown_end = &glances->shown;
    return glances;
}

void engine_glances_free(struct engine_glances **glances)
{
    if (*glances == NULL)
        return;
    list_free((*glances)->asked);
    list_free((*glances)->shown);
    list_free((*glances)->active);
    databricks_cancel(&(*glances)->me_call);
    databricks_me_free(&(*glances)->me);
    base_free(glances);
}

/* --- what was found
 * -----------------------------------------------------------------------------------------
 */

/* Only what the row does not say already: rows are drawn from flags. */
static int64_t flags_of(const struct glance *glance)
{
    const struct engine_glance *result = &glance->result;
    int64_t flags = CATALOG_LOOKED | (glance->masked ? CATALOG_MASKED : 0);
    if (result->readable)
        return flags | CATALOG_READABLE | CATALOG_HAS_SELECT | CATALOG_HAS_SCHEMA;
    if (!result->missing[MODEL_GRANT_CATALOG] && !result->missing[MODEL_GRANT_SCHEMA] &&
        !result->missing[MODEL_GRANT_TABLE])
        return flags; /* not known what it lacks */
    return flags | CATALOG_LOST |
           (result->missing[MODEL_GRANT_SCHEMA] ? CATALOG_NO_SCHEMA : CATALOG_HAS_SCHEMA) |
           (result->missing[MODEL_GRANT_TABLE] ? CATALOG_NO_SELECT : CATALOG_HAS_SELECT);
}

static void keep(struct glance *glance)
{
    struct engine *engine = glance->glances->engine;
    struct err ignored = ERR_INIT;
    cJSON *detail = base_json_object();
    char *key = base_printf("t:%s", glance->full_name);
    if (glance->columns)
        base_json_add_i64(detail, "columns", (int64_t)glance->columns);
    base_json_add_bool(detail, "masked", glance->masked);
    if (glance->result.refused.code)
        base_json_add_take(detail, "refused", base_err_to_json(&glance->result.refused));
    char *text = base_json_print(detail);
    if (store_cache_detail(engine->cache, key, text, flags_of(glance), &ignored) == 0)
        catalog_names_flagged(engine->names, key, flags_of(glance));
    free(text);
    cJSON_Delete(detail);
    free(key);
}

static void tell(struct engine_glances *glances)
{
    struct engine *engine = glances->engine;
    int64_t now = base_seam_mono_us(engine->seam);
    if (glances->looked == 0 || (glances->active && now - glances->told_us < TOLD_US))
        return;
    cJSON *json = base_json_object();
    base_json_add_i64(json, "looked", glances->looked);
    base_json_add_bool(json, "done", !catalog_refreshing(engine->catalog));
    base_json_add_i64(json, "tables", catalog_names_counts(engine->names, "").tables);
    base_json_add_i64(json, "epoch", store_cache_epoch(engine->cache));
    glances->looked = 0;
    glances->told_us = now;
    engine_event(engine, "catalog.changed", json);
}

static void finish(struct glance *glance)
{
    struct engine_glances *glances = glance->glances;
    struct glance **link = &glances->active;
    enum err_code code = glance->result.err.code;
    while (*link != glance)
        link = &(*link)->next;
    *link = glance->next;
    glances->active_count--;
    /* A workspace that does not answer says nothing about the table. */
    if (code == ERR_OK || glance->result.known || code == ERR_SRC_TABLE_NOT_FOUND)
        keep(glance);
    if (glance->done)
        glance->done(glance->user, &glance->result);
    else
        glances->looked++;
    glance_free(glance);
    start_more(glances);
    tell(glances);
}

/* --- asking
 * -------------------------------------------------------------------------------------------------
 */

char *engine_level_owner(struct engine *engine, const char *full_name, enum model_grant level)
{
    struct store_cached row;
    char *owner = NULL;
    char *key = level == MODEL_GRANT_TABLE    ? base_printf("t:%s", full_name)
                : level == MODEL_GRANT_SCHEMA ? catalog_key_parent(full_name, 's')
                                              : catalog_key_parent(full_name, 'c');
    if (store_cache_get(engine->cache, key, &row)) {
        cJSON *json = base_json_parse(row.json, strlen(row.json), JSON_MAX_BYTES, NULL);
        owner = base_strdup(base_json_str(json, "owner"));
        cJSON_Delete(json);
        store_cached_clear(&row);
    }
    free(key);
    return owner;
}

static void verdict_make(struct glance *glance, const struct databricks_grants *grants)
{
    struct engine *engine = glance->glances->engine;
    const char *full_name = glance->full_name;
    char *owners[ACCESS_LEVELS] = {
        engine_level_owner(engine, full_name, MODEL_GRANT_CATALOG),
        engine_level_owner(engine, full_name, MODEL_GRANT_SCHEMA),
        engine_level_owner(engine, full_name, MODEL_GRANT_TABLE),
    };
    struct access_facts facts = {.table = &glance->name,
                                 .principal =
                                     config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID),
                                 .me = &glance->glances->me,
                                 .grants = grants,
                                 .tried = glance->was_tried ? &glance->tried : NULL};
    struct access_verdict verdict;
    for (int i = 0; i < ACCESS_LEVELS; i++)
        facts.owners[i] = owners[i];
    access_verdict_make(&facts, &verdict);
    for (int i = 0; i < ACCESS_LEVELS; i++) {
        glance->result.missing[i] = verdict.levels[i].has == ACCESS_NO;
        free(owners[i]);
    }
}

static void on_grants(void *user, const struct err *err, struct databricks_grants *grants)
{
    struct glance *glance = user;
    glance->call = NULL;
    verdict_make(glance, err ? NULL : grants);
    finish(glance);
}

static void grants_ask(struct glance *glance)
{
    char *full =
        base_printf("%s.%s.%s", glance->name.catalog, glance->name.schema, glance->name.table);
    glance->call = databricks_permissions_effective(
        glance->glances->engine->db, DATABRICKS_PRINCIPAL, "table", full, NULL, on_grants, glance);
    free(full);
}

static bool about_rights(enum err_code code)
{
    enum model_grant level;
    return model_grant_of(code, &level) == 0 || code == ERR_SRC_PERM_DENIED ||
           code == ERR_SRC_PERM_VIEW_CHAIN;
}

static void on_tried(void *user, const struct err *err, struct databricks_table *table)
{
    struct glance *glance = user;
    (void)table;
    glance->call = NULL;
    if (err == NULL) {
        glance->result.readable = true;
        finish(glance);
        return;
    }
    glance->result.err = glance->tried = *err;
    glance->was_tried = about_rights(err->code);
    grants_ask(glance);
}

static bool in_cache(struct glance *glance)
{
    struct store_cached row = {0};
    char *key = base_printf("t:%s", glance->full_name);
    bool found = store_cache_get(glance->glances->engine->cache, key, &row);
    store_cached_clear(&row);
    free(key);
    return found;
}

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct glance *glance = user;
    glance->call = NULL;
    if (err) {
        glance->result.err = glance->tried = *err;
        glance->was_tried = about_rights(err->code);
        glance->result.known =
            glance->was_tried || (err->code == ERR_SRC_TABLE_NOT_FOUND && in_cache(glance));
        if (glance->was_tried)
            grants_ask(glance);
        else
            finish(glance);
        return;
    }
    glance->result.known = true;
    glance->masked = table->masked;
    glance->columns = table->columns.count;
    if (table->browse_only) {
        glance->call = databricks_table_get(glance->glances->engine->db, DATABRICKS_PRINCIPAL,
                                            &glance->name, false, on_tried, glance);
        return;
    }
    glance->result.readable = true;
    if (model_schema_check_flat(&table->columns, &glance->result.refused) != 0)
        base_err_context(&glance->result.refused, "a sync of it would fail");
    finish(glance);
}

static struct glance *take(struct glance **list, struct glance ***end)
{
    struct glance *glance = *list;
    *list = glance->next;
    if (*list == NULL)
        *end = list;
    return glance;
}

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    struct engine_glances *glances = user;
    glances->me_call = NULL;
    glances->me_known = true; /* without its groups a verdict says less, not nothing */
    if (!err) {
        glances->me = *me;
        *me = (struct databricks_me){0};
    }
    start_more(glances);
}

static void start_more(struct engine_glances *glances)
{
    struct databricks *db = glances->engine->db;
    if (glances->asked == NULL && glances->shown == NULL)
        return;
    if (!glances->me_known) {
        if (glances->me_call == NULL)
            glances->me_call = databricks_workspace_me(db, DATABRICKS_PRINCIPAL, on_me, glances);
        return;
    }
    while ((glances->asked && glances->active_count < ASKED_MAX) ||
           (glances->shown && glances->active_count < SHOWN_MAX)) {
        struct glance *glance = glances->asked ? take(&glances->asked, &glances->asked_end)
                                               : take(&glances->shown, &glances->shown_end);
        glance->next = glances->active;
        glances->active = glance;
        glances->active_count++;
        glance->call =
            databricks_table_get(db, DATABRICKS_PRINCIPAL, &glance->name, true, on_table, glance);
    }
}

static struct glance *glance_new(struct engine_glances *glances, const char *full_name)
{
    struct glance *glance = base_alloc_zero(1, sizeof *glance);
    glance->glances = glances;
    glance->full_name = base_strdup(full_name);
    glance->result.full_name = glance->full_name;
    if (model_name_parse(full_name, &glance->name, NULL) == 0)
        return glance;
    glance_free(glance);
    return NULL;
}

void engine_glance(struct engine *engine, const char *full_name,
                   void (*done)(void *user, const struct engine_glance *result), void *user)
{
    struct engine_glances *glances = engine->glances;
    struct glance *glance = glance_new(glances, full_name);
    if (glance == NULL)
        bug("a name that is none was ticked");
    glance->done = done;
    glance->user = user;
    *glances->asked_end = glance;
    glances->asked_end = &glance->next;
    start_more(glances);
}

void engine_glance_page(struct engine *engine)
{
    struct engine_glances *glances = engine->glances;
    if (glances == NULL)
        return;
    list_free(glances->shown);
    glances->shown = NULL;
    glances->shown_end = &glances->shown;
    glances->page = 0;
}

void engine_glance_soon(struct engine *engine, const struct store_cached *row)
{
    struct engine_glances *glances = engine->glances;
    int64_t now = base_seam_now_us(engine->seam);
    bool fresh = row->detail_us > now - FRESH_US && row->detail_us <= now;
    if (glances == NULL || fresh || row->key[0] != 't' ||
        (row->flags & (CATALOG_HIDDEN | CATALOG_NOT_UC | CATALOG_BUILT_IN)) != 0 ||
        glances->page >= PAGE_MAX || !databricks_identity_known(engine->db, DATABRICKS_PRINCIPAL))
        return;
    for (const struct glance *at = glances->active; at; at = at->next)
        if (strcmp(at->full_name, row->key + 2) == 0)
            return;
    struct glance *glance = glance_new(glances, row->key + 2);
    if (glance == NULL)
        return;
    glances->page++;
    *glances->shown_end = glance;
    glances->shown_end = &glance->next;
    start_more(glances);
}
