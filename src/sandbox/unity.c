#include "sandbox/unity.h"

#include "base/text.h"
#include "sandbox/maker.h"

#include <string.h>

enum sight { HIDDEN, BROWSED, SEEN };

/* What the caller sees of a securable by itself; `privilege` or owning what it lies in shows it
 * whole, BROWSE (when asked for) its outside. */
static enum sight sight_of(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *securable, const char *privilege)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    if (securable->hidden)
        return HIDDEN;
    /* Who may bind a catalog elsewhere can have it listed. */
    if (sandbox_workspace_closed(workspace, securable))
        return sandbox_exchange_flag(exchange, "include_unbound") &&
                       sandbox_workspace_has(workspace, securable, exchange->principal, "MANAGE")
                   ? SEEN
                   : HIDDEN;
    if (sandbox_workspace_has(workspace, securable, exchange->principal, privilege) ||
        sandbox_workspace_owns(workspace, securable, exchange->principal))
        return SEEN;
    if (sandbox_exchange_flag(exchange, "include_browse") &&
        sandbox_workspace_has(workspace, securable, exchange->principal, "BROWSE"))
        return BROWSED;
    return HIDDEN;
}

static const char *level_privilege(int kind)
{
    return kind == 'C' ? "USE_CATALOG" : kind == 'S' ? "USE_SCHEMA" : "SELECT";
}

/* With everything above it: a table is seen whole only below a usable schema and catalog. */
static enum sight sight_whole(struct sandbox_exchange *exchange,
                              const struct sandbox_securable *securable,
                              const struct sandbox_securable **missing)
{
    enum sight sight = SEEN;

    *missing = NULL;
    for (const struct sandbox_securable *at = securable; at && at->kind != 'M'; at = at->parent) {
        enum sight here = sight_of(exchange, at, level_privilege(at->kind));

        if (here < SEEN)
            *missing = at;
        if (here < sight)
            sight = here;
    }
    return sight;
}

static const char *level_word(int kind)
{
    return kind == 'C' ? "Catalog" : kind == 'S' ? "Schema" : kind == 'T' ? "Table" : "Metastore";
}

static void refuse_missing(struct sandbox_exchange *exchange,
                           const struct sandbox_securable *missing)
{
    static const struct {
        int kind;
        const char *words, *type;
    } words[] = {
        {'C', "USE CATALOG", "CATALOG"}, {'S', "USE SCHEMA", "SCHEMA"}, {'T', "SELECT", "TABLE"}};

    if (sandbox_workspace_closed(exchange->server->workspace, missing)) {
        sandbox_reply_unity(exchange, 403, "PERMISSION_DENIED", "PERMISSION_DENIED", "CATALOG",
                            missing->catalog, "Catalog '%s' is not accessible in current workspace",
                            missing->catalog);
        return;
    }
    for (size_t i = 0; i < base_countof(words); i++) {
        if (words[i].kind == missing->kind)
            sandbox_reply_unity(exchange, 403, "PERMISSION_DENIED", "PERMISSION_DENIED",
                                words[i].type, missing->full_name,
                                "User does not have %s on %s '%s'.", words[i].words,
                                level_word(missing->kind), missing->full_name);
    }
}

static void refuse_unknown(struct sandbox_exchange *exchange, int kind, const char *full_name)
{
    const char *code = kind == 'C'   ? "CATALOG_DOES_NOT_EXIST"
                       : kind == 'S' ? "SCHEMA_DOES_NOT_EXIST"
                                     : "TABLE_DOES_NOT_EXIST";

    sandbox_reply_error(exchange, 404, code, "%s '%s' does not exist.", level_word(kind),
                        full_name);
}

static cJSON *securable_json(struct sandbox_exchange *exchange,
                             const struct sandbox_securable *securable, bool browse_only)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    switch (securable->kind) {
    case 'C':
        return sandbox_unity_catalog_json(workspace, securable, browse_only);
    case 'S':
        return sandbox_unity_schema_json(workspace, securable, browse_only);
    default:
        return sandbox_unity_table_json(workspace, securable, browse_only,
                                        !sandbox_exchange_flag(exchange, "omit_columns"),
                                        !sandbox_exchange_flag(exchange, "omit_properties"));
    }
}

/* Children of `parent` that the caller sees, a page of them. Called locked. */
static void list_children(struct sandbox_exchange *exchange, const struct sandbox_securable *parent,
                          enum sight parent_sight, const char *key)
{
    struct sandbox_page page;
    bool columns = !sandbox_exchange_flag(exchange, "omit_columns");
    size_t count = sandbox_child_count(parent), listed = 0, at;
    cJSON *json, *array;

    if (!sandbox_page_read(exchange, parent->full_name, false, &page))
        return;
    json = base_json_object();
    array = cJSON_CreateArray();
    /* Positions count all children, seen or not: a page may come out short, or empty. */
    for (at = page.start; at < count && !page.empty; at++) {
        struct sandbox_securable scratch;
        const struct sandbox_securable *child;
        enum sight sight;

        if (listed >= page.size)
            break;
        child = sandbox_child_at(exchange->server->workspace, parent, at, columns, &scratch);
        sight = sight_of(exchange, child, level_privilege(child->kind));
        if (sight > parent_sight)
            sight = parent_sight;
        if (sight != HIDDEN && !child->sql_only) {
            base_json_push_take(array, securable_json(exchange, child, sight == BROWSED));
            listed++;
        }
        sandbox_securable_clear(&scratch);
    }
    if (listed)
        base_json_add_take(json, key, array);
    else
        cJSON_Delete(array);
    sandbox_page_token(exchange, &page, at, count, json);
    sandbox_reply_json(exchange, 200, json);
}

/* Parent named by a query value; NULL after answering. Called locked. */
static const struct sandbox_securable *list_parent(struct sandbox_exchange *exchange, int kind,
                                                   const char *full_name, enum sight *sight)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_securable *parent =
        sandbox_workspace_find_listed(workspace, kind, full_name);
    const struct sandbox_securable *missing;

    if (!parent) {
        refuse_unknown(exchange, kind, full_name);
        return NULL;
    }
    *sight = sight_whole(exchange, parent, &missing);
    if (*sight != HIDDEN)
        return parent;
    refuse_missing(exchange, missing);
    return NULL;
}

static const char *needed(struct sandbox_exchange *exchange, const char *name)
{
    const char *value = sandbox_exchange_query(exchange, name);

    if (!value || !*value)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "Missing required field: %s",
                            name);
    return value && *value ? value : NULL;
}

void sandbox_endpoint_catalogs(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;

    sandbox_workspace_lock(workspace);
    list_children(exchange, sandbox_workspace_metastore(workspace), SEEN, "catalogs");
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_schemas(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *catalog = needed(exchange, "catalog_name");
    const struct sandbox_securable *parent;
    enum sight sight;

    if (!catalog)
        return;
    sandbox_workspace_lock(workspace);
    parent = list_parent(exchange, 'C', catalog, &sight);
    if (parent)
        list_children(exchange, parent, sight, "schemas");
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_tables(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *catalog = needed(exchange, "catalog_name");
    const char *schema = catalog ? needed(exchange, "schema_name") : NULL;
    const struct sandbox_securable *parent;
    enum sight sight;
    char *full_name;

    if (!schema)
        return;
    full_name = base_printf("%s.%s", catalog, schema);
    sandbox_workspace_lock(workspace);
    parent = list_parent(exchange, 'S', full_name, &sight);
    if (parent)
        list_children(exchange, parent, sight, "tables");
    sandbox_workspace_unlock(workspace);
    free(full_name);
}

static void get_one(struct sandbox_exchange *exchange, int kind)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *full_name = exchange->arguments[0];
    const struct sandbox_securable *securable, *missing;
    enum sight sight;

    sandbox_workspace_lock(workspace);
    securable = sandbox_workspace_find_listed(workspace, kind, full_name);
    sight = securable ? sight_whole(exchange, securable, &missing) : HIDDEN;
    if (!securable)
        refuse_unknown(exchange, kind, full_name);
    else if (sight == HIDDEN &&
             sandbox_server_setting(exchange->server, SANDBOX_INVISIBLE_STATUS) == 404)
        refuse_unknown(exchange, kind, full_name);
    else if (sight == HIDDEN)
        refuse_missing(exchange, missing);
    else
        sandbox_reply_json(exchange, 200, securable_json(exchange, securable, sight == BROWSED));
    sandbox_workspace_unlock(workspace);
}

void sandbox_endpoint_catalog(struct sandbox_exchange *exchange)
{
    get_one(exchange, 'C');
}

void sandbox_endpoint_schema(struct sandbox_exchange *exchange)
{
    get_one(exchange, 'S');
}

void sandbox_endpoint_table(struct sandbox_exchange *exchange)
{
    get_one(exchange, 'T');
}

bool sandbox_unity_table_open(struct sandbox_exchange *exchange,
                              const struct sandbox_securable *table)
{
    const struct sandbox_securable *missing;

    if (sight_whole(exchange, table, &missing) == SEEN)
        return true;
    refuse_missing(exchange, missing);
    return false;
}

void sandbox_endpoint_table_exists(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_securable *table, *missing;
    cJSON *json;

    sandbox_workspace_lock(workspace);
    table = sandbox_workspace_find_listed(workspace, 'T', exchange->arguments[0]);
    if (table && sight_whole(exchange, table, &missing) == HIDDEN) {
        refuse_missing(exchange, missing);
    } else {
        json = base_json_object();
        base_json_add_bool(json, "table_exists", table != NULL);
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}

/* SQL LIKE over bytes, % and _, backslash escapes; names are compared without case. */
static bool like(const char *pattern, const char *text)
{
    char a, b;

    for (; *pattern; pattern++, text++) {
        if (*pattern == '%') {
            while (*text && !like(pattern + 1, text))
                text++;
            return like(pattern + 1, text);
        }
        if (!*text)
            return false;
        if (*pattern == '_')
            continue;
        if (*pattern == '\\' && pattern[1])
            pattern++;
        a = *pattern >= 'A' && *pattern <= 'Z' ? (char)(*pattern + 32) : *pattern;
        b = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32) : *text;
        if (a != b)
            return false;
    }
    return !*text;
}

struct summary_walk {
    const char *schemas, *tables; /* patterns, NULL = all */
    struct sandbox_page page;
    size_t position; /* of all tables that match, seen or not */
    size_t next;     /* where the following page starts; 0: nothing left */
    cJSON *array;
};

static void summary_add(struct sandbox_exchange *exchange, struct summary_walk *walk,
                        const struct sandbox_securable *table)
{
    const struct sandbox_securable *missing;
    size_t position = walk->position++;
    cJSON *item;

    if (position < walk->page.start || walk->next ||
        sight_whole(exchange, table, &missing) == HIDDEN)
        return;
    if ((size_t)cJSON_GetArraySize(walk->array) >= walk->page.size) {
        walk->next = position;
        return;
    }
    item = base_json_object();
    base_json_add_str(item, "full_name", table->full_name);
    base_json_add_str(item, "table_type", table->table_type);
    base_json_push_take(walk->array, item);
}

static void summaries_of(struct sandbox_exchange *exchange, const struct sandbox_securable *catalog,
                         struct summary_walk *walk)
{
    for (size_t i = 0; i < catalog->children.count; i++) {
        const struct sandbox_securable *schema = catalog->children.items[i];

        if (walk->schemas && !like(walk->schemas, schema->name))
            continue;
        for (size_t k = 0; k < sandbox_child_count(schema); k++) {
            struct sandbox_securable scratch;
            const struct sandbox_securable *table =
                sandbox_child_at(exchange->server->workspace, schema, k, false, &scratch);

            if (!walk->tables || like(walk->tables, table->name))
                summary_add(exchange, walk, table);
            sandbox_securable_clear(&scratch);
        }
    }
}

void sandbox_endpoint_table_summaries(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const char *name = needed(exchange, "catalog_name");
    struct summary_walk walk = {.schemas = sandbox_exchange_query(exchange, "schema_name_pattern"),
                                .tables = sandbox_exchange_query(exchange, "table_name_pattern")};
    const struct sandbox_securable *catalog;
    enum sight sight;
    cJSON *json;

    if (!name || !sandbox_page_read(exchange, name, true, &walk.page))
        return;
    sandbox_workspace_lock(workspace);
    catalog = list_parent(exchange, 'C', name, &sight);
    if (catalog) {
        json = base_json_object();
        walk.array = cJSON_CreateArray();
        if (!walk.page.empty)
            summaries_of(exchange, catalog, &walk);
        if (cJSON_GetArraySize(walk.array))
            base_json_add_take(json, "tables", walk.array);
        else
            cJSON_Delete(walk.array);
        sandbox_page_token(exchange, &walk.page, walk.next ? walk.next : walk.position,
                           walk.position, json);
        sandbox_reply_json(exchange, 200, json);
    }
    sandbox_workspace_unlock(workspace);
}
