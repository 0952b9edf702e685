/* What the engine adds to a row of the tree: ticks, and what the principal lacks, from what is
 * known already. Nothing here asks the workspace. */
#include "engine/tree.h"

#include "access/badge.h"
#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/key.h"
#include "engine/glance.h"
#include "store/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY_BYTES 600

/* The container that several rows lie in, looked up once. */
struct container {
    char *key; /* NULL: none yet */
    char *owner;
    int64_t flags;
};

struct engine_dresser {
    struct engine *engine;
    struct store_look *look; /* NULL until a table of the share is met */
    struct container catalog, schema;
};

struct engine_dresser *engine_dresser_new(struct engine *engine)
{
    struct engine_dresser *dresser = base_alloc_zero(1, sizeof *dresser);
    dresser->engine = engine;
    engine_glance_page(engine);
    return dresser;
}

void engine_dresser_free(struct engine_dresser **dresser)
{
    struct container *both[] = {&(*dresser)->catalog, &(*dresser)->schema};
    for (size_t i = 0; i < base_countof(both); i++) {
        free(both[i]->key);
        free(both[i]->owner);
    }
    store_look_free(&(*dresser)->look);
    base_free(dresser);
}

static char *owner_of(const struct store_cached *row)
{
    cJSON *json = base_json_parse(row->json, strlen(row->json), JSON_MAX_BYTES, NULL);
    const char *owner = base_json_str(json, "owner");
    char *clean = owner ? base_text_clean_dup(owner, 120) : NULL;
    cJSON_Delete(json);
    return clean;
}

static void container_take(struct engine *engine, struct container *container, char *take_key)
{
    struct store_cached row;
    if (container->key && strcmp(container->key, take_key) == 0) {
        free(take_key);
        return;
    }
    free(container->key);
    base_free(&container->owner);
    container->key = take_key;
    container->flags = 0;
    if (store_cache_get(engine->cache, take_key, &row)) {
        container->flags = row.flags;
        container->owner = owner_of(&row);
        store_cached_clear(&row);
    }
}

static enum access_has has_of(bool missing)
{
    return missing ? ACCESS_NO : ACCESS_YES;
}

/* The three levels from the listing: a container that can only be browsed shows all below it so,
 * and what its tables lack besides is known after a look. */
static void levels_fill(struct access_badge_facts *facts, int64_t catalog, int64_t schema,
                        int64_t table)
{
    bool no_catalog = (catalog & CATALOG_BROWSE_ONLY) != 0;
    bool no_schema = (schema & CATALOG_BROWSE_ONLY) != 0;
    /* A look since the listing knows better. */
    bool readable = (table & (CATALOG_BROWSE_ONLY | CATALOG_LOST)) == 0;
    if (readable || (table & CATALOG_READABLE)) {
        facts->catalog = facts->schema = facts->table = ACCESS_YES;
        return;
    }
    facts->catalog = has_of(no_catalog);
    facts->schema = !no_catalog && no_schema       ? ACCESS_NO
                    : (table & CATALOG_NO_SCHEMA)  ? ACCESS_NO
                    : (table & CATALOG_HAS_SCHEMA) ? ACCESS_YES
                    : no_catalog                   ? ACCESS_UNKNOWN
                                                   : ACCESS_YES;
    facts->table = (table & CATALOG_NO_SELECT)    ? ACCESS_NO
                   : (table & CATALOG_HAS_SELECT) ? ACCESS_YES
                   : !no_catalog && !no_schema    ? ACCESS_NO
                                                  : ACCESS_UNKNOWN;
}

static void facts_flags(struct access_badge_facts *facts, int64_t flags)
{
    facts->not_uc = (flags & CATALOG_NOT_UC) != 0;
    facts->built_in = (flags & CATALOG_BUILT_IN) != 0;
    facts->hidden = (flags & CATALOG_HIDDEN) != 0;
    facts->row_filter = (flags & CATALOG_ROW_FILTER) != 0;
    facts->masked = (flags & CATALOG_MASKED) != 0;
}

void engine_table_facts(int64_t catalog, int64_t schema, int64_t table, bool ticked,
                        struct access_badge_facts *facts)
{
    facts->kind = BADGE_OF_TABLE;
    facts_flags(facts, table | (catalog & CATALOG_NOT_UC));
    levels_fill(facts, catalog, schema, table);
    facts->ticked = ticked;
}

static void verdict_add(cJSON *json, const struct access_badge_facts *facts)
{
    char why[WHY_BYTES];
    enum access_badge code = access_badge_make(facts, why, sizeof why);
    base_json_add_str(json, "access", access_badge_word(code));
    if (why[0])
        base_json_add_str(json, "why", why);
}

static void tick_add(cJSON *json, bool on, int draft)
{
    base_json_add_str(json, "tick", on ? "on" : "off");
    if (draft)
        base_json_add_str(json, "draft", draft > 0 ? "+" : "-");
}

/* What the last load of a table of the share came to. */
static void size_add(struct engine_dresser *dresser, cJSON *json, const char *full_name)
{
    struct store_look_table table = {0};
    struct model_name name = {0};
    struct err ignored = ERR_INIT;
    if (dresser->look == NULL)
        dresser->look = store_look_new(dresser->engine->state, &ignored);
    if (dresser->look && model_name_parse(full_name, &name, &ignored) == 0 &&
        store_look_table(dresser->look, &name, &table, &ignored) == 0) {
        if (table.good_run) {
            base_json_add_i64(json, "rows", table.rows);
            base_json_add_i64(json, "bytes", table.bytes);
        }
        store_look_table_free(&table);
    }
    model_name_free(&name);
}

/* One sentence on what ticking it costs, where something is known. */
static void note_add(cJSON *json, const struct store_cached *row, const cJSON *refused, bool shared)
{
    char text[400], rows[24], bytes[24];
    if (refused) {
        snprintf(text, sizeof text, "not to be synced as it is: %s",
                 base_json_str_or(refused, "message", ""));
    } else if (base_json_get(json, "rows")) {
        base_text_rows(base_json_i64_or(json, "rows", 0), rows);
        base_text_bytes(base_json_i64_or(json, "bytes", 0), bytes);
        snprintf(text, sizeof text, "read whole each time; the last load had %s rows, %s", rows,
                 bytes);
    } else if (shared) {
        snprintf(text, sizeof text, "not loaded yet; the first load reads it whole");
    } else if (row->flags & CATALOG_VIEW) {
        snprintf(text, sizeof text,
                 "a view: read whole each time, in one piece, and at no pinned version");
    } else {
        snprintf(text, sizeof text,
                 "read whole each time; `sync plan` estimates how much once it is shared");
    }
    base_json_add_str(json, "note", text);
}

/* What a look at the table found, for the lines about the selected row. */
static void detail_add(cJSON *json, const struct store_cached *row, bool shared)
{
    cJSON *detail = row->detail
                        ? base_json_parse(row->detail, strlen(row->detail), JSON_MAX_BYTES, NULL)
                        : NULL;
    int64_t columns;
    base_json_add_bool(json, "row_filter", (row->flags & CATALOG_ROW_FILTER) != 0);
    if (base_json_i64(detail, "columns", &columns))
        base_json_add_i64(json, "columns", columns);
    if (detail) {
        base_json_add_bool(json, "masked", base_json_bool_or(detail, "masked", false));
        base_json_add_time(json, "looked", row->detail_us);
    }
    note_add(json, row, base_json_get(detail, "refused"), shared);
    cJSON_Delete(detail);
}

static void table_dress(struct engine_dresser *dresser, const struct store_cached *row, cJSON *json)
{
    struct engine *engine = dresser->engine;
    const char *full_name = row->key + 2;
    struct catalog_tick tick = catalog_ticks_get(engine->ticks, full_name);
    bool on = tick.draft > 0 || (tick.shared && tick.draft == 0);
    char *owner = owner_of(row), *schema = catalog_key_parent(full_name, 's'),
         *catalog = catalog_key_parent(full_name, 'c');
    container_take(engine, &dresser->schema, schema);
    container_take(engine, &dresser->catalog, catalog);
    struct access_badge_facts facts = {.table_name = full_name,
                                       .schema_name = dresser->schema.key + 2,
                                       .catalog_name = dresser->catalog.key + 2,
                                       .table_owner = owner,
                                       .schema_owner = dresser->schema.owner,
                                       .catalog_owner = dresser->catalog.owner};
    engine_table_facts(dresser->catalog.flags, dresser->schema.flags, row->flags, on, &facts);
    tick_add(json, on, tick.draft);
    verdict_add(json, &facts);
    if (tick.shared)
        size_add(dresser, json, full_name);
    detail_add(json, row, tick.shared);
    engine_glance_soon(engine, row);
    free(owner);
}

static void container_ticks_add(struct engine *engine, cJSON *json, const char *key,
                                const struct catalog_counts *counts)
{
    struct catalog_tick_counts ticks = catalog_ticks_counts(engine->ticks, key);
    bool all = ticks.ticked > 0 && ticks.ticked >= counts->tables;
    base_json_add_str(json, "tick", all ? "on" : ticks.ticked > 0 ? "some" : "off");
    if (ticks.add || ticks.remove)
        base_json_add_str(json, "draft", ticks.add ? "+" : "-");
    base_json_add_i64(json, "ticked", ticks.ticked);
    base_json_add_i64(json, "tables", counts->tables);
    base_json_add_i64(json, "add", ticks.add);
    base_json_add_i64(json, "remove", ticks.remove);
    base_json_add_bool(json, "listed", store_cache_age(engine->cache, key) > 0);
}

static void container_dress(struct engine_dresser *dresser, const struct store_cached *row,
                            cJSON *json, enum access_badge_kind kind)
{
    struct engine *engine = dresser->engine;
    const char *full_name = row->key + 2;
    struct catalog_counts counts = catalog_names_counts(engine->names, row->key);
    char *owner = owner_of(row);
    struct access_badge_facts facts = {.kind = kind};
    facts_flags(&facts, row->flags);
    container_take(engine, &dresser->catalog,
                   kind == BADGE_OF_CATALOG ? base_strdup(row->key)
                                            : catalog_key_parent(full_name, 'c'));
    facts.not_uc = facts.not_uc || (dresser->catalog.flags & CATALOG_NOT_UC);
    facts.catalog_name = dresser->catalog.key + 2;
    facts.catalog_owner = dresser->catalog.owner;
    facts.catalog = has_of((dresser->catalog.flags & CATALOG_BROWSE_ONLY) != 0);
    if (kind == BADGE_OF_SCHEMA) {
        facts.schema_name = full_name;
        facts.schema_owner = owner;
        facts.schema = facts.catalog == ACCESS_NO ? ACCESS_UNKNOWN
                                                  : has_of((row->flags & CATALOG_BROWSE_ONLY) != 0);
    }
    facts.tables_hidden = counts.tables > 0 && counts.hidden == counts.tables;
    if (kind == BADGE_OF_CATALOG)
        facts.schema_owner = owner; /* who can show what is hidden */
    container_ticks_add(engine, json, row->key, &counts);
    if (kind == BADGE_OF_CATALOG)
        base_json_add_i64(json, "schemas", counts.schemas);
    if (counts.hidden)
        base_json_add_i64(json, "hidden", counts.hidden);
    verdict_add(json, &facts);
    free(owner);
}

void engine_dress(void *user, const struct store_cached *row, cJSON *json)
{
    struct engine_dresser *dresser = user;
    if (row->key[0] == 't')
        table_dress(dresser, row, json);
    else
        container_dress(dresser, row, json,
                        row->key[0] == 'c' ? BADGE_OF_CATALOG : BADGE_OF_SCHEMA);
}
