#include "sandbox/information_schema.h"

#include "sandbox/grants.h"
#include "sandbox/maker.h"
#include "sandbox/unity_type.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 40
#define SYSTEM_USER "System user"

/* The view being filled: values are pushed column by column, row after row. */
struct filling {
    struct sql_context *context;
    struct sandbox_batch *batch;
    size_t at;
};

struct view {
    const char *name;
    /* "column:letter": s STRING, i INT, t TIMESTAMP */
    const char *const *columns;
    int level; /* called for each visible securable of this kind */
    void (*fill)(struct filling *filling, const struct sandbox_securable *securable);
};

static void push(struct filling *filling, const struct sandbox_value *value)
{
    sandbox_vector_append(&filling->batch->columns[filling->at], value);
    if (++filling->at == filling->batch->column_count) {
        filling->at = 0;
        filling->batch->rows++;
    }
}

static void push_text(struct filling *filling, const char *text)
{
    struct sandbox_value value = {.null = !text, .text = text, .len = text ? strlen(text) : 0};

    push(filling, &value);
}

static void push_number(struct filling *filling, int64_t number)
{
    struct sandbox_value value = {.i = number};

    push(filling, &value);
}

static void push_nulls(struct filling *filling, int count)
{
    for (int i = 0; i < count; i++)
        push_text(filling, NULL);
}

static void push_time(struct filling *filling, int64_t ms)
{
    push_number(filling, ms * 1000);
}

/* created, created_by, last_altered, last_altered_by */
static void push_times(struct filling *filling, const struct sandbox_securable *securable)
{
    push_time(filling, securable->created_ms);
    push_text(filling, securable->owner);
    push_time(filling, securable->updated_ms);
    push_text(filling, securable->owner);
}

static bool is_view(const struct sandbox_securable *table)
{
    return table->table_type && strstr(table->table_type, "VIEW") != NULL;
}

static const char *const catalogs_columns[] = {
    "catalog_name:s", "catalog_owner:s", "comment:s",         "created:t",
    "created_by:s",   "last_altered:t",  "last_altered_by:s", NULL};

static void fill_catalogs(struct filling *filling, const struct sandbox_securable *catalog)
{
    push_text(filling, catalog->name);
    push_text(filling, catalog->owner);
    push_text(filling, catalog->comment);
    push_times(filling, catalog);
}

static const char *const schemata_columns[] = {
    "catalog_name:s", "schema_name:s",  "schema_owner:s",    "comment:s", "created:t",
    "created_by:s",   "last_altered:t", "last_altered_by:s", NULL};

static void fill_schemata(struct filling *filling, const struct sandbox_securable *schema)
{
    push_text(filling, schema->catalog);
    push_text(filling, schema->name);
    push_text(filling, schema->owner);
    push_text(filling, schema->comment);
    push_times(filling, schema);
}

static const char *const tables_columns[] = {"table_catalog:s",
                                             "table_schema:s",
                                             "table_name:s",
                                             "table_type:s",
                                             "is_insertable_into:s",
                                             "commit_action:s",
                                             "table_owner:s",
                                             "comment:s",
                                             "created:t",
                                             "created_by:s",
                                             "last_altered:t",
                                             "last_altered_by:s",
                                             "data_source_format:s",
                                             "storage_sub_directory:s",
                                             "storage_path:s",
                                             NULL};

static void fill_tables(struct filling *filling, const struct sandbox_securable *table)
{
    const struct sandbox_securable *metastore =
        sandbox_workspace_metastore(filling->context->request->workspace);

    push_text(filling, table->catalog);
    push_text(filling, table->schema);
    push_text(filling, table->name);
    push_text(filling, table->table_type);
    push_text(filling, is_view(table) ? "NO" : "YES");
    push_text(filling, "PRESERVE");
    push_text(filling, table->owner);
    push_text(filling, table->comment);
    push_times(filling, table);
    push_text(filling, is_view(table) ? "UNKNOWN_DATA_SOURCE_FORMAT" : "DELTA");
    push_text(filling, NULL);
    push_text(filling, is_view(table) ? NULL
                                      : sandbox_arena_printf(filling->context->arena,
                                                             "s3://aampe-sandbox/%s/tables/%s",
                                                             metastore->id, table->id));
}

static const char *const columns_columns[] = {"table_catalog:s",
                                              "table_schema:s",
                                              "table_name:s",
                                              "column_name:s",
                                              "ordinal_position:i",
                                              "column_default:s",
                                              "is_nullable:s",
                                              "full_data_type:s",
                                              "data_type:s",
                                              "character_maximum_length:i",
                                              "character_octet_length:i",
                                              "numeric_precision:i",
                                              "numeric_precision_radix:i",
                                              "numeric_scale:i",
                                              "datetime_precision:i",
                                              "interval_type:s",
                                              "interval_precision:i",
                                              "maximum_cardinality:i",
                                              "is_identity:s",
                                              "identity_generation:s",
                                              "identity_start:s",
                                              "identity_increment:s",
                                              "identity_maximum:s",
                                              "identity_minimum:s",
                                              "identity_cycle:s",
                                              "is_generated:s",
                                              "generation_expression:s",
                                              "is_system_time_period_start:s",
                                              "is_system_time_period_end:s",
                                              "system_time_period_timestamp_generation:s",
                                              "is_updatable:s",
                                              "partition_index:i",
                                              "comment:s",
                                              NULL};

static void push_number_or_null(struct filling *filling, int number)
{
    if (number < 0)
        push_text(filling, NULL);
    else
        push_number(filling, number);
}

/* numeric_precision .. interval_type */
static void push_precision(struct filling *filling, const struct sandbox_type *type)
{
    static const int bits[SB_KIND_COUNT] = {[SB_TINYINT] = 8, [SB_SMALLINT] = 16, [SB_INT] = 32,
                                            [SB_BIGINT] = 64, [SB_FLOAT] = 24,    [SB_DOUBLE] = 53};
    bool decimal = type->kind == SB_DECIMAL;
    bool moment = type->kind == SB_TIMESTAMP || type->kind == SB_TIMESTAMP_NTZ ||
                  type->kind == SB_INTERVAL_DT;

    push_number_or_null(filling, decimal            ? type->precision
                                 : bits[type->kind] ? bits[type->kind]
                                                    : -1);
    push_number_or_null(filling, decimal ? 10 : bits[type->kind] ? 2 : -1);
    push_number_or_null(filling, decimal ? type->scale : sandbox_kind_integer(type->kind) ? 0 : -1);
    push_number_or_null(filling, moment                                                  ? 3
                                 : type->kind == SB_DATE || type->kind == SB_INTERVAL_YM ? 0
                                                                                         : -1);
    push_text(filling, sandbox_type_interval(type));
}

static void fill_column(struct filling *filling, const struct sandbox_securable *table,
                        size_t index)
{
    const struct sandbox_column *column = &table->columns.items[index];
    struct sandbox_type type = sandbox_type_of(SB_STRING);

    if (sandbox_type_parse(filling->context->arena, column->type_text, &type) < 0)
        type = sandbox_type_of(SB_STRING); /* a type SQL cannot read here: no precision is known */
    push_text(filling, table->catalog);
    push_text(filling, table->schema);
    push_text(filling, table->name);
    push_text(filling, column->name);
    push_number(filling, (int64_t)index + 1);
    push_nulls(filling, 1);
    push_text(filling, column->nullable ? "YES" : "NO");
    push_text(filling, column->type_text);
    push_text(filling, sandbox_unity_type_name(column->type_text));
    push_nulls(filling, 2);
    push_precision(filling, &type);
    push_nulls(filling, 2);
    push_text(filling, "NO");
    push_nulls(filling, 6);
    push_text(filling, "NO");
    push_nulls(filling, 1);
    push_text(filling, "NO");
    push_text(filling, "NO");
    push_nulls(filling, 1);
    push_text(filling, is_view(table) ? "NO" : "YES");
    push_number_or_null(filling, column->partition_index < 0 ? -1 : column->partition_index + 1);
    push_text(filling, column->comment);
}

static void fill_columns(struct filling *filling, const struct sandbox_securable *table)
{
    for (size_t i = 0; i < table->columns.count; i++)
        fill_column(filling, table, i);
}

static const char *const views_columns[] = {"table_catalog:s",      "table_schema:s",
                                            "table_name:s",         "view_definition:s",
                                            "check_option:s",       "is_updatable:s",
                                            "is_insertable_into:s", "sql_path:s",
                                            "is_materialized:s",    NULL};

/* The text of a view is its owner's to show. */
static void fill_views(struct filling *filling, const struct sandbox_securable *table)
{
    const struct sandbox_query_request *request = filling->context->request;

    if (!is_view(table))
        return;
    push_text(filling, table->catalog);
    push_text(filling, table->schema);
    push_text(filling, table->name);
    push_text(filling, sandbox_workspace_owns(request->workspace, table, request->principal)
                           ? table->view_definition
                           : NULL);
    push_text(filling, "NONE");
    push_text(filling, "NO");
    push_text(filling, "NO");
    push_text(filling, NULL);
    push_text(filling, strcmp(table->table_type, "MATERIALIZED_VIEW") == 0 ? "YES" : "NO");
}

/* Grants on the securable and those from above that mean something on it. Who neither owns it nor
 * administers the metastore sees only his own, even with MANAGE. names: how many of its names come
 * between grantee and privilege. */
static void fill_privileges(struct filling *filling, const struct sandbox_securable *securable,
                            int names)
{
    const struct sandbox_query_request *request = filling->context->request;
    const char *const list[] = {securable->catalog, securable->schema, securable->name};
    bool all = sandbox_workspace_owns(request->workspace, securable, request->principal);

    if (securable->built_in)
        return; /* nobody was granted it */
    for (const struct sandbox_securable *at = securable; at && at->kind != 'M'; at = at->parent) {
        for (size_t i = 0; i < at->grants.count; i++) {
            const struct sandbox_grant *grant = &at->grants.items[i];
            char *from;

            if ((!all && !base_text_equal_nocase(grant->principal, request->principal) &&
                 !sandbox_workspace_member(request->workspace, grant->principal,
                                           request->principal)) ||
                (!sandbox_privilege_fits(grant->privilege, securable->kind) &&
                 strcmp(grant->privilege, "BROWSE") != 0) ||
                sandbox_workspace_denied(request->workspace, at, grant->privilege) ||
                sandbox_workspace_denied(request->workspace, securable, grant->privilege))
                continue;
            push_text(filling, grant->grantor ? grant->grantor : at->owner);
            push_text(filling, grant->principal);
            for (int k = 0; k < names; k++)
                push_text(filling, list[k]);
            push_text(filling, grant->privilege);
            push_text(filling, "NO");
            from = base_strdup(at == securable ? "NONE" : sandbox_kind_title(at->kind));
            for (char *c = from; *c; c++)
                *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
            push_text(filling, from);
            free(from);
        }
    }
}

static const char *const catalog_privileges_columns[] = {
    "grantor:s",        "grantee:s", "catalog_name:s", "privilege_type:s", "is_grantable:s",
    "inherited_from:s", NULL};

static void fill_catalog_privileges(struct filling *filling,
                                    const struct sandbox_securable *catalog)
{
    fill_privileges(filling, catalog, 1);
}

static const char *const schema_privileges_columns[] = {
    "grantor:s",        "grantee:s",      "catalog_name:s",   "schema_name:s",
    "privilege_type:s", "is_grantable:s", "inherited_from:s", NULL};

static void fill_schema_privileges(struct filling *filling, const struct sandbox_securable *schema)
{
    fill_privileges(filling, schema, 2);
}

static const char *const table_privileges_columns[] = {
    "grantor:s",      "grantee:s",        "table_catalog:s",
    "table_schema:s", "table_name:s",     "privilege_type:s",
    "is_grantable:s", "inherited_from:s", NULL};

static void fill_table_privileges(struct filling *filling, const struct sandbox_securable *table)
{
    fill_privileges(filling, table, 3);
}

static const struct view views[] = {
    {"catalog_privileges", catalog_privileges_columns, 'C', fill_catalog_privileges},
    {"catalogs", catalogs_columns, 'C', fill_catalogs},
    {"columns", columns_columns, 'T', fill_columns},
    {"schema_privileges", schema_privileges_columns, 'S', fill_schema_privileges},
    {"schemata", schemata_columns, 'S', fill_schemata},
    {"table_privileges", table_privileges_columns, 'T', fill_table_privileges},
    {"tables", tables_columns, 'T', fill_tables},
    {"views", views_columns, 'T', fill_views},
};

static char *view_name(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                       size_t index)
{
    (void)maker;
    (void)schema;
    return base_strdup(views[index].name);
}

static struct sandbox_type letter_type(char letter)
{
    return sandbox_type_of(letter == 'i' ? SB_INT : letter == 't' ? SB_TIMESTAMP : SB_STRING);
}

/* A view as the catalog tells of it. Those of a catalog pick its rows from system's. */
static void view_fill(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                      size_t index, bool columns, struct sandbox_securable *out)
{
    const struct view *view = &views[index];

    out->name = view_name(maker, schema, index);
    out->owner = base_strdup(SYSTEM_USER);
    out->table_type = base_strdup("VIEW");
    out->created_ms = schema->created_ms;
    out->updated_ms = schema->updated_ms;
    if (strcmp(schema->catalog, "system") != 0)
        out->view_definition =
            base_printf("SELECT * FROM system.information_schema.%s WHERE %s = '%s'", view->name,
                        view->level == 'T' ? "table_catalog" : "catalog_name", schema->catalog);
    for (size_t i = 0; columns && view->columns[i]; i++) {
        size_t len = strlen(view->columns[i]) - 2;
        char *name = base_strndup(view->columns[i], len);
        char *type = base_strdup(letter_type(view->columns[i][len + 1]).text);

        base_text_lower(type);
        sandbox_securable_column(out, name, type, true, NULL);
        free(type);
        free(name);
    }
}

/* Their rows are made for each question: sql_information_source. */
static struct sandbox_table *view_data(const struct sandbox_maker *maker,
                                       const struct sandbox_securable *table, size_t index)
{
    (void)maker;
    (void)table;
    (void)index;
    return NULL;
}

void sandbox_information_add(struct sandbox_workspace *workspace)
{
    static const struct sandbox_maker maker = {
        .count = base_countof(views), .fill = view_fill, .name = view_name, .data = view_data};
    const struct sandbox_securable *metastore = sandbox_workspace_metastore(workspace);

    for (size_t i = 0; i < metastore->children.count; i++) {
        struct sandbox_securable *catalog = metastore->children.items[i], *schema;

        if (catalog->sql_only)
            continue;
        schema = sandbox_workspace_add(workspace, catalog, 'S', "information_schema", SYSTEM_USER,
                                       "Information schema (auto-created)");
        schema->built_in = true;
        schema->maker = &maker;
        schema->created_ms = schema->updated_ms = catalog->created_ms;
    }
}

bool sql_listed(struct sql_context *context, const struct sandbox_securable *object)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *principal = context->request->principal;
    const char *use = object->kind == 'C'   ? "USE_CATALOG"
                      : object->kind == 'S' ? "USE_SCHEMA"
                                            : "SELECT";

    return !object->hidden && !sandbox_workspace_closed(workspace, object) &&
           (sandbox_workspace_has(workspace, object, principal, use) ||
            sandbox_workspace_has(workspace, object, principal, "BROWSE") ||
            sandbox_workspace_owns(workspace, object, principal));
}

static void walk(struct filling *filling, const struct view *view,
                 const struct sandbox_securable *at)
{
    struct sandbox_workspace *workspace = filling->context->request->workspace;

    if (at->sql_only || !sql_listed(filling->context, at))
        return;
    if (at->kind == view->level) {
        view->fill(filling, at);
        return;
    }
    for (size_t i = 0; i < sandbox_child_count(at); i++) {
        struct sandbox_securable scratch;

        walk(filling, view, sandbox_child_at(workspace, at, i, true, &scratch));
        sandbox_securable_clear(&scratch);
    }
}

/* Columns of the view into the source, and an empty batch for its rows. */
static struct sandbox_batch *shape(struct sql_context *context, const struct view *view,
                                   struct sql_source *source)
{
    struct sandbox_batch *batch = sandbox_arena_alloc(context->arena, sizeof *batch);
    struct sandbox_type types[COLUMNS_MAX];
    size_t count = 0;

    while (view->columns[count])
        count++;
    source->columns = sandbox_arena_alloc(context->arena, count * sizeof *source->columns);
    source->column_count = count;
    for (size_t i = 0; i < count; i++) {
        const char *text = view->columns[i];
        size_t len = strlen(text) - 2;

        types[i] = letter_type(text[len + 1]);
        source->columns[i] = (struct sql_source_column){
            sandbox_arena_text(context->arena, text, len), types[i], true};
    }
    sandbox_batch_init(batch, types, count);
    vec_push(&context->made, batch);
    return batch;
}

static int refuse_unknown(struct sql_context *context, const struct sql_source *source)
{
    return sql_error(context, "42P01", source->pos,
                     "[TABLE_OR_VIEW_NOT_FOUND] The table or view %s cannot be found. Verify the "
                     "spelling and correctness of the schema and catalog.",
                     sql_quoted_name(context, source->parts, source->part_count));
}

int sql_information_source(struct sql_context *context, struct sql_source *source)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *fallback = context->request->catalog ? context->request->catalog : "workspace";
    const struct sandbox_securable *metastore = sandbox_workspace_metastore(workspace);
    const struct sandbox_securable *catalog = NULL;
    struct filling filling = {.context = context};
    const struct view *view = NULL;
    const char *name;

    if (source->part_count < 2 || source->part_count > 3 ||
        !base_text_equal_nocase(source->parts[source->part_count - 2], "information_schema"))
        return 0;
    name = source->part_count == 3 ? source->parts[0] : fallback;
    for (size_t i = 0; i < base_countof(views); i++) {
        if (base_text_equal_nocase(views[i].name, source->parts[source->part_count - 1]))
            view = &views[i];
    }
    /* That of `system` is everybody's; a catalog's own needs USE CATALOG on it. */
    if (!base_text_equal_nocase(name, "system") &&
        !(catalog = sql_find_securable(context, 'C', &name, 1, source->pos, "USE_CATALOG")))
        return -1;
    if (!view || (catalog && catalog->sql_only))
        return refuse_unknown(context, source);
    if (source->version || source->timestamp)
        return sql_error(context, "0A000", source->pos,
                         "[UNSUPPORTED_FEATURE.TIME_TRAVEL] The feature is not supported: Time "
                         "travel on the relation: %s.",
                         sql_quoted_name(context, source->parts, source->part_count));
    filling.batch = shape(context, view, source);
    for (size_t i = 0; i < metastore->children.count; i++) {
        if (!catalog || catalog == metastore->children.items[i])
            walk(&filling, view, metastore->children.items[i]);
    }
    source->made = filling.batch;
    return 1;
}
