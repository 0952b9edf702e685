/* DESCRIBE and SHOW: answers made from what the workspace knows. */
#include "sandbox/result.h"

#include "base/text.h"
#include "sandbox/information_schema.h"
#include "sandbox/maker.h"
#include "sandbox/resolve.h"

#include <stdlib.h>
#include <string.h>

/* SHOW declares its columns without NULLs, as recorded; a client that checks would not take one in
 * these. */
static bool may_be_null(const char *name)
{
    static const char *const names[] = {"comment",     "description", "job",         "notebook",
                                        "readVersion", "remarks",     "userMetadata"};
    for (size_t i = 0; i < base_countof(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void sandbox_show_start(struct sandbox_query *query, const struct sandbox_show_column *columns,
                        size_t count)
{
    const char *names[24];
    struct sandbox_type types[24];
    bool nullables[24];
    for (size_t i = 0; i < count; i++) {
        names[i] = columns[i].name;
        nullables[i] = may_be_null(columns[i].name);
        if (sandbox_type_parse(query->arena, columns[i].type, &types[i]) < 0)
            bug("type \"%s\" of a SHOW column", columns[i].type);
    }
    sandbox_result_columns(query, names, types, nullables, count);
}

struct sandbox_value sandbox_show_text(const char *text)
{
    return (struct sandbox_value){
        .null = !text, .text = text ? text : "", .len = text ? strlen(text) : 0};
}

struct sandbox_value sandbox_show_number(int64_t number)
{
    return (struct sandbox_value){.i = number};
}

static int64_t table_bytes(const struct sandbox_snapshot *snapshot, size_t columns)
{
    return snapshot->rows * (int64_t)columns * 9;
}

static bool history_rewrites(const struct sandbox_snapshot *snapshot)
{
    return strcmp(snapshot->operation, "UPDATE") == 0 || strcmp(snapshot->operation, "DELETE") == 0;
}

#define ENTRY(key, value) "{\"key\":\"" key "\",\"value\":\"" value "\"}"

static const char *history_parameters(const struct sandbox_snapshot *snapshot)
{
    if (strstr(snapshot->operation, "COLUMN"))
        return "[]";
    if (history_rewrites(snapshot))
        return "[" ENTRY("predicate", "[\\\"true\\\"]") "]";
    if (strcmp(snapshot->operation, "WRITE") == 0)
        return "[" ENTRY("mode", "Append") "," ENTRY("statsOnLoad",
                                                     "false") "," ENTRY("partitionBy", "[]") "]";
    return "[" ENTRY("partitionBy", "[]") "," ENTRY("clusterBy", "[]") "," ENTRY(
        "isManaged", "true") "," ENTRY("properties", "{}") "," ENTRY("statsOnLoad", "false") "]";
}

static const char *history_metrics(struct sql_context *context,
                                   const struct sandbox_securable *table,
                                   const struct sandbox_snapshot *snapshot)
{
    long long rows = (long long)snapshot->affected;
    bool update = strcmp(snapshot->operation, "UPDATE") == 0;
    if (strstr(snapshot->operation, "COLUMN"))
        return "[]";
    if (!history_rewrites(snapshot))
        return sandbox_arena_printf(
            context->arena,
            "[" ENTRY("numFiles", "%d") "," ENTRY("numOutputRows",
                                                  "%lld") "," ENTRY("numOutputBytes", "%lld") "]",
            rows > 0, rows, rows * (long long)table->columns.count * 9);
    return sandbox_arena_printf(
        context->arena,
        "[" ENTRY("numRemovedFiles", "1") "," ENTRY("numAddedFiles", "1") "," ENTRY(
            "numCopiedRows", "%lld") "," ENTRY("%s", "%lld") "]",
        (long long)snapshot->rows - (update ? rows : 0),
        update ? "numUpdatedRows" : "numDeletedRows", rows);
}

static int describe_history(struct sql_context *context, const struct sql_statement *statement,
                            struct sandbox_securable *table, struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {
        {"version", "bigint"},
        {"timestamp", "timestamp"},
        {"userId", "string"},
        {"userName", "string"},
        {"operation", "string"},
        {"operationParameters", "map<string,string>"},
        {"job", "struct<jobId:string,jobName:string,jobRunId:string,runId:string,jobOwnerId:string,"
                "triggerType:string>"},
        {"notebook", "struct<notebookId:string>"},
        {"clusterId", "string"},
        {"readVersion", "bigint"},
        {"isolationLevel", "string"},
        {"isBlindAppend", "boolean"},
        {"operationMetrics", "map<string,string>"},
        {"userMetadata", "string"},
        {"engineInfo", "string"}};
    int64_t left = statement->limit < 0 ? INT64_MAX : statement->limit;
    sandbox_show_start(query, columns, base_countof(columns));
    for (int64_t version = sandbox_table_latest(table->data); version >= 0 && left > 0;
         version--, left--) {
        const struct sandbox_snapshot *snapshot = sandbox_table_version(table->data, version);
        if (!snapshot)
            break;
        struct sandbox_value values[] = {
            sandbox_show_number(version),
            sandbox_show_number(snapshot->time_us),
            sandbox_show_text("6000000000000001"),
            sandbox_show_text("etl@shop.example"),
            sandbox_show_text(snapshot->operation),
            sandbox_show_text(history_parameters(snapshot)),
            sandbox_show_text(NULL),
            sandbox_show_text(NULL),
            sandbox_show_text("1123-010203-abcdefgh"),
            version ? sandbox_show_number(version - 1) : sandbox_show_text(NULL),
            sandbox_show_text("WriteSerializable"),
            sandbox_show_number(!history_rewrites(snapshot)),
            sandbox_show_text(history_metrics(context, table, snapshot)),
            sandbox_show_text(NULL),
            sandbox_show_text("Databricks-Runtime/15.4.x-photon-scala2.12")};
        if (sandbox_result_append(query, values) < 0)
            return -1;
    }
    return 0;
}

static int describe_detail(struct sql_context *context, struct sandbox_securable *table,
                           struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {{"format", "string"},
                                                         {"id", "string"},
                                                         {"name", "string"},
                                                         {"description", "string"},
                                                         {"location", "string"},
                                                         {"createdAt", "timestamp"},
                                                         {"lastModified", "timestamp"},
                                                         {"partitionColumns", "array<string>"},
                                                         {"clusteringColumns", "array<string>"},
                                                         {"numFiles", "bigint"},
                                                         {"sizeInBytes", "bigint"},
                                                         {"properties", "map<string,string>"},
                                                         {"minReaderVersion", "int"},
                                                         {"minWriterVersion", "int"},
                                                         {"tableFeatures", "array<string>"},
                                                         {"statistics", "map<string,string>"}};
    const struct sandbox_snapshot *snapshot = sandbox_table_version(table->data, -1);
    sandbox_show_start(query, columns, base_countof(columns));
    if (!snapshot)
        return -1;
    int64_t bytes = table_bytes(snapshot, table->columns.count);
    struct sandbox_value values[] = {
        sandbox_show_text("delta"),
        sandbox_show_text(table->id),
        sandbox_show_text(table->sql_only
                              ? sandbox_arena_printf(context->arena, "spark_catalog.%s.%s",
                                                     table->schema, table->name)
                              : table->full_name),
        sandbox_show_text(table->comment),
        sandbox_show_text(
            table->sql_only
                ? sandbox_arena_printf(context->arena, "dbfs:/user/hive/warehouse/%s.db/%s",
                                       table->schema, table->name)
                : sandbox_arena_printf(context->arena,
                                       "s3://shop-lakehouse/__unitystorage/tables/%s", table->id)),
        sandbox_show_number(table->created_ms * 1000),
        sandbox_show_number(snapshot->time_us),
        sandbox_show_text("[]"),
        sandbox_show_text("[]"),
        sandbox_show_number(snapshot->rows > 0),
        sandbox_show_number(bytes),
        sandbox_show_text("[]"),
        sandbox_show_number(1),
        sandbox_show_number(2),
        sandbox_show_text("[\"appendOnly\",\"invariants\"]"),
        sandbox_show_text("[]")};
    return sandbox_result_append(query, values);
}

static int describe_table(struct sql_context *context, const struct sql_statement *statement,
                          struct sandbox_securable *table, struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {
        {"col_name", "string"}, {"data_type", "string"}, {"comment", "string"}};
    sandbox_show_start(query, columns, 3);
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct sandbox_column *column = &table->columns.items[i];
        struct sandbox_value values[] = {sandbox_show_text(column->name),
                                         sandbox_show_text(column->type_text),
                                         sandbox_show_text(column->comment)};
        if (sandbox_result_append(query, values) < 0)
            return -1;
    }
    if (!statement->extended)
        return 0;
    const char *const rows[][2] = {{"", ""},
                                   {"# Detailed Table Information", ""},
                                   {"Catalog", table->catalog},
                                   {"Database", table->schema},
                                   {"Table", table->name},
                                   {"Owner", table->owner},
                                   {"Type", table->table_type},
                                   {"Comment", table->comment},
                                   {"View Text", table->view_definition}};
    (void)context;
    for (size_t i = 0; i < base_countof(rows); i++) {
        struct sandbox_value values[] = {sandbox_show_text(rows[i][0]),
                                         sandbox_show_text(rows[i][1] ? rows[i][1] : ""),
                                         sandbox_show_text("")};
        if (rows[i][1] && sandbox_result_append(query, values) < 0)
            return -1;
    }
    return 0;
}

static int describe(struct sql_context *context, const struct sql_statement *statement,
                    struct sandbox_query *query)
{
    bool meta = statement->kind == ST_DESCRIBE_TABLE;
    struct sandbox_securable *table =
        sql_find_securable(context, 'T', statement->parts, statement->part_count, statement->pos,
                           meta ? NULL : "SELECT");
    if (table && meta && !sql_listed(context, table))
        table = sql_find_securable(context, 'T', statement->parts, statement->part_count,
                                   statement->pos, "SELECT");
    if (!table)
        return -1;
    if (meta)
        return describe_table(context, statement, table, query);
    if (!table->data || sandbox_table_def(table->data)->view)
        return sql_error(
            context, "42809", statement->pos,
            "[EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE] '%s' expects a table but %s is a view.",
            statement->kind == ST_DESCRIBE_HISTORY ? "DESCRIBE HISTORY" : "DESCRIBE DETAIL",
            sql_quoted_name(context, statement->parts, statement->part_count));
    return statement->kind == ST_DESCRIBE_HISTORY
               ? describe_history(context, statement, table, query)
               : describe_detail(context, table, query);
}

static bool same_letter(char pattern, char letter)
{
    char a[2] = {pattern, 0}, b[2] = {letter, 0};
    return pattern == '.' || base_text_equal_nocase(a, b);
}

/* SHOW's patterns, any case: * or % any run, . any character, | between alternatives (`end` is
 * where this one ends). Only the last run is tried at other lengths; that is enough. */
static bool matches_one(const char *pattern, const char *end, const char *name)
{
    const char *run = NULL, *after = NULL;
    while (*name) {
        if (pattern < end && (*pattern == '*' || *pattern == '%')) {
            run = ++pattern;
            after = name;
        } else if (pattern < end && same_letter(*pattern, *name)) {
            pattern++;
            name++;
        } else if (run) {
            pattern = run;
            name = ++after;
        } else {
            return false;
        }
    }
    while (pattern < end && (*pattern == '*' || *pattern == '%'))
        pattern++;
    return pattern == end;
}

static bool pattern_matches(const char *pattern, const char *name)
{
    if (!pattern || !*pattern)
        return true;
    for (;;) {
        const char *end = pattern + strcspn(pattern, "|");
        if (matches_one(pattern, end, name))
            return true;
        if (!*end)
            return false;
        pattern = end + 1;
    }
}

static int append_column_of(struct sandbox_query *query, const struct sandbox_securable *table,
                            size_t index)
{
    const struct sandbox_column *column = &table->columns.items[index];
    struct sandbox_value values[] = {sandbox_show_text(column->name),
                                     sandbox_show_text(table->catalog),
                                     sandbox_show_text(table->schema),
                                     sandbox_show_text(table->name),
                                     sandbox_show_text(column->type_text),
                                     sandbox_show_number((int64_t)index),
                                     sandbox_show_text(column->nullable ? "true" : "false"),
                                     sandbox_show_text(column->comment)};
    return sandbox_result_append(query, values);
}

static int show_table_of(const struct sql_statement *statement,
                         const struct sandbox_securable *table, struct sandbox_query *query)
{
    bool view = table->table_type && strstr(table->table_type, "VIEW");
    if (statement->kind == ST_SHOW_ALL_TABLES) {
        struct sandbox_value values[] = {sandbox_show_text(table->schema),
                                         sandbox_show_text(table->name),
                                         sandbox_show_number(0),
                                         sandbox_show_text(""),
                                         sandbox_show_text(table->catalog),
                                         sandbox_show_text(view ? "VIEW" : "TABLE"),
                                         sandbox_show_text(table->comment)};
        return pattern_matches(statement->pattern, table->name)
                   ? sandbox_result_append(query, values)
                   : 0;
    }
    if (!pattern_matches(statement->table_pattern, table->name))
        return 0;
    for (size_t i = 0; i < table->columns.count; i++)
        if (pattern_matches(statement->pattern, table->columns.items[i].name) &&
            append_column_of(query, table, i) < 0)
            return -1;
    return 0;
}

static int show_catalog(struct sql_context *context, const struct sql_statement *statement,
                        const struct sandbox_securable *catalog, struct sandbox_query *query)
{
    for (size_t i = 0; i < catalog->children.count; i++) {
        const struct sandbox_securable *schema = catalog->children.items[i];
        if (!sql_listed(context, schema) ||
            !pattern_matches(statement->schema_pattern, schema->name))
            continue;
        for (size_t k = 0; k < sandbox_child_count(schema); k++) {
            struct sandbox_securable scratch;
            const struct sandbox_securable *table =
                sandbox_child_at(context->request->workspace, schema, k, true, &scratch);
            int result = sql_listed(context, table) ? show_table_of(statement, table, query) : 0;
            sandbox_securable_clear(&scratch);
            if (result < 0)
                return -1;
        }
    }
    return 0;
}

/* What drivers make their catalog functions of; columns by databricks-jdbc's
 * MetadataResultConstants. */
static int show_all(struct sql_context *context, const struct sql_statement *statement,
                    struct sandbox_query *query)
{
    static const struct sandbox_show_column tables[] = {
        {"namespace", "string"},   {"tableName", "string"},   {"isTemporary", "boolean"},
        {"information", "string"}, {"catalogName", "string"}, {"tableType", "string"},
        {"remarks", "string"}};
    static const struct sandbox_show_column columns[] = {
        {"col_name", "string"},   {"catalogName", "string"}, {"namespace", "string"},
        {"tableName", "string"},  {"columnType", "string"},  {"ordinalPosition", "int"},
        {"isNullable", "string"}, {"remarks", "string"}};
    const struct sandbox_securable *metastore =
        sandbox_workspace_metastore(context->request->workspace);
    const struct sandbox_securable *catalog = NULL;
    if (statement->parts &&
        !(catalog = sql_find_securable(context, 'C', statement->parts, statement->part_count,
                                       statement->pos, "USE_CATALOG")))
        return -1;
    if (statement->kind == ST_SHOW_ALL_TABLES)
        sandbox_show_start(query, tables, base_countof(tables));
    else
        sandbox_show_start(query, columns, base_countof(columns));
    if (catalog)
        return show_catalog(context, statement, catalog, query);
    for (size_t i = 0; i < metastore->children.count; i++)
        if (sql_listed(context, metastore->children.items[i]) &&
            show_catalog(context, statement, metastore->children.items[i], query) < 0)
            return -1;
    return 0;
}

static int show_columns(struct sql_context *context, const struct sql_statement *statement,
                        struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {{"col_name", "string"}};
    const struct sandbox_securable *table = sql_find_securable(
        context, 'T', statement->parts, statement->part_count, statement->pos, "SELECT");
    if (!table)
        return -1;
    sandbox_show_start(query, columns, 1);
    for (size_t i = 0; i < table->columns.count; i++) {
        struct sandbox_value value = sandbox_show_text(table->columns.items[i].name);
        if (pattern_matches(statement->pattern, table->columns.items[i].name) &&
            sandbox_result_append(query, &value) < 0)
            return -1;
    }
    return 0;
}

/* Columns of a query, as DESCRIBE TABLE gives those of a table. */
static int describe_query(struct sql_context *context, const struct sql_statement *statement,
                          struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {
        {"col_name", "string"}, {"data_type", "string"}, {"comment", "string"}};
    if (sql_resolve_query(context, statement->query) < 0)
        return -1;
    sandbox_show_start(query, columns, 3);
    for (size_t i = 0; i < statement->query->column_count; i++) {
        char *type = sandbox_arena_dup(context->arena, statement->query->types[i].text);
        base_text_lower(type);
        struct sandbox_value values[] = {sandbox_show_text(statement->query->names[i]),
                                         sandbox_show_text(type), sandbox_show_text(NULL)};
        if (sandbox_result_append(query, values) < 0)
            return -1;
    }
    return 0;
}

static int append_pair(struct sandbox_query *query, const char *name, const char *text)
{
    struct sandbox_value values[] = {sandbox_show_text(name), sandbox_show_text(text ? text : "")};
    return sandbox_result_append(query, values);
}

static const char *time_text(struct sql_context *context, int64_t ms)
{
    char text[32];
    base_time_format(ms * 1000, text);
    return sandbox_arena_dup(context->arena, text);
}

/* DESCRIBE CATALOG and SCHEMA. */
static int describe_other(struct sql_context *context, const struct sql_statement *statement,
                          struct sandbox_query *query)
{
    static const struct sandbox_show_column catalogs[] = {{"info_name", "string"},
                                                          {"info_value", "string"}};
    static const struct sandbox_show_column schemas[] = {{"database_description_item", "string"},
                                                         {"database_description_value", "string"}};
    bool catalog = statement->kind == ST_DESCRIBE_CATALOG;
    const struct sandbox_securable *object =
        sql_find_securable(context, catalog ? 'C' : 'S', statement->parts, statement->part_count,
                           statement->pos, NULL);
    if (object && !sql_listed(context, object))
        object = sql_find_securable(context, catalog ? 'C' : 'S', statement->parts,
                                    statement->part_count, statement->pos,
                                    catalog ? "USE_CATALOG" : "USE_SCHEMA");
    if (!object)
        return -1;
    sandbox_show_start(query, catalog ? catalogs : schemas, 2);
    if (append_pair(query, "Catalog Name", object->catalog) < 0 ||
        (!catalog && append_pair(query, "Namespace Name", object->name) < 0) ||
        append_pair(query, "Comment", object->comment) < 0 ||
        (!catalog && append_pair(query, "Location", "") < 0) ||
        append_pair(query, "Owner", object->owner) < 0)
        return -1;
    if (!statement->extended)
        return 0;
    if (!catalog)
        return append_pair(query, "Properties", "");
    return append_pair(query, "Catalog Type", "Regular") < 0 ||
                   append_pair(query, "Created By", object->owner) < 0 ||
                   append_pair(query, "Created At", time_text(context, object->created_ms)) < 0
               ? -1
               : 0;
}

/* The table of SHOW TBLPROPERTIES and SHOW CREATE TABLE: what may be read. */
static const struct sandbox_securable *shown_table(struct sql_context *context,
                                                   const struct sql_statement *statement)
{
    return sql_find_securable(context, 'T', statement->parts, statement->part_count, statement->pos,
                              "SELECT");
}

static int show_properties(struct sql_context *context, const struct sql_statement *statement,
                           struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {{"key", "string"}, {"value", "string"}};
    const struct sandbox_securable *table = shown_table(context, statement);
    bool found = false;
    const char *key;
    void *value;
    if (!table)
        return -1;
    sandbox_show_start(query, columns, 2);
    for (size_t i = 0; base_map_at(table->properties, i, &key, &value); i++) {
        if (statement->word && strcmp(statement->word, key) != 0)
            continue;
        found = true;
        if (append_pair(query, key, value) < 0)
            return -1;
    }
    if (!statement->word || found)
        return 0;
    return append_pair(query, statement->word,
                       sandbox_arena_printf(context->arena, "Table %s does not have property: %s",
                                            table->full_name, statement->word));
}

static int show_create(struct sql_context *context, const struct sql_statement *statement,
                       struct sandbox_query *query)
{
    static const struct sandbox_show_column columns[] = {{"createtab_stmt", "string"}};
    const struct sandbox_securable *table = shown_table(context, statement);
    const char *const parts[] = {table ? table->catalog : "", table ? table->schema : "",
                                 table ? table->name : ""};
    struct sandbox_value value;
    struct buf text;
    if (!table)
        return -1;
    bool view = table->table_type && strstr(table->table_type, "VIEW");
    base_buf_init(&text, BUF_MAX_DEFAULT);
    base_buf_printf(&text, "CREATE %s %s (\n", view ? "VIEW" : "TABLE",
                    sql_quoted_name(context, parts, 3));
    for (size_t i = 0; i < table->columns.count; i++) {
        const struct sandbox_column *column = &table->columns.items[i];
        const char *const name[] = {column->name};
        char *type = sandbox_arena_dup(context->arena, view ? "" : column->type_text);
        for (char *c = type; *c; c++)
            *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
        base_buf_printf(&text, "  %s%s%s%s%s", sql_quoted_name(context, name, 1), view ? "" : " ",
                        type, view || column->nullable ? "" : " NOT NULL",
                        i + 1 < table->columns.count ? ",\n" : ")\n");
    }
    if (view)
        base_buf_printf(&text, "AS %s\n", table->view_definition ? table->view_definition : "");
    else
        base_buf_text(&text, "USING delta\n");
    value = (struct sandbox_value){.text = text.data, .len = text.len};
    sandbox_show_start(query, columns, 1);
    int result = sandbox_result_append(query, &value);
    base_buf_free(&text);
    return result;
}

/* Rows of SHOW TABLES, VIEWS and VOLUMES; there are no volumes here. */
static int append_child(const struct sql_statement *statement,
                        const struct sandbox_securable *parent,
                        const struct sandbox_securable *child, struct sandbox_query *query)
{
    bool view = child->table_type && strstr(child->table_type, "VIEW");
    bool stored = child->table_type && strcmp(child->table_type, "MATERIALIZED_VIEW") == 0;
    struct sandbox_value values[] = {sandbox_show_text(parent->name),
                                     sandbox_show_text(child->name), sandbox_show_number(0),
                                     sandbox_show_number(stored)};
    if ((statement->kind == ST_SHOW_VIEWS && !view) || statement->kind == ST_SHOW_VOLUMES)
        return 0;
    if (statement->kind == ST_SHOW_CATALOGS || statement->kind == ST_SHOW_SCHEMAS)
        values[0] = values[1];
    return sandbox_result_append(query, values);
}

static int show_children(struct sql_context *context, const struct sql_statement *statement,
                         struct sandbox_query *query)
{
    static const struct sandbox_show_column catalogs[] = {{"catalog", "string"}};
    static const struct sandbox_show_column schemas[] = {{"databaseName", "string"}};
    static const struct sandbox_show_column tables[] = {
        {"database", "string"}, {"tableName", "string"}, {"isTemporary", "boolean"}};
    static const struct sandbox_show_column views[] = {{"namespace", "string"},
                                                       {"viewName", "string"},
                                                       {"isTemporary", "boolean"},
                                                       {"isMaterialized", "boolean"}};
    static const struct sandbox_show_column volumes[] = {{"database", "string"},
                                                         {"volume_name", "string"}};
    const struct sandbox_query_request *request = context->request;
    struct sandbox_securable *parent = sandbox_workspace_metastore(request->workspace);
    const char *fallback = request->catalog ? request->catalog : "workspace";
    const char *const defaults[2] = {fallback, request->schema ? request->schema : "default"};
    if (statement->kind == ST_SHOW_SCHEMAS)
        parent = sql_find_securable(context, 'C', statement->parts ? statement->parts : defaults, 1,
                                    statement->pos, NULL);
    else if (statement->kind != ST_SHOW_CATALOGS)
        parent = sql_find_securable(context, 'S', statement->parts ? statement->parts : defaults,
                                    statement->parts ? statement->part_count : 2, statement->pos,
                                    "USE_SCHEMA");
    if (!parent)
        return -1;
    if (statement->kind == ST_SHOW_CATALOGS)
        sandbox_show_start(query, catalogs, 1);
    else if (statement->kind == ST_SHOW_SCHEMAS)
        sandbox_show_start(query, schemas, 1);
    else if (statement->kind == ST_SHOW_TABLES)
        sandbox_show_start(query, tables, 3);
    else if (statement->kind == ST_SHOW_VIEWS)
        sandbox_show_start(query, views, 4);
    else
        sandbox_show_start(query, volumes, 2);
    int result = 0;
    for (size_t i = 0; i < sandbox_child_count(parent) && result >= 0; i++) {
        struct sandbox_securable scratch;
        const struct sandbox_securable *child =
            sandbox_child_at(request->workspace, parent, i, false, &scratch);
        if (sql_listed(context, child) && pattern_matches(statement->pattern, child->name))
            result = append_child(statement, parent, child, query);
        sandbox_securable_clear(&scratch);
    }
    return result < 0 ? -1 : 0;
}

int sandbox_show_run(struct sql_context *context, const struct sql_statement *statement,
                     struct sandbox_query *query)
{
    switch (statement->kind) {
    case ST_DESCRIBE_HISTORY:
    case ST_DESCRIBE_DETAIL:
    case ST_DESCRIBE_TABLE:
        return describe(context, statement, query);
    case ST_DESCRIBE_CATALOG:
    case ST_DESCRIBE_SCHEMA:
        return describe_other(context, statement, query);
    case ST_DESCRIBE_QUERY:
        return describe_query(context, statement, query);
    case ST_SHOW_PROPERTIES:
        return show_properties(context, statement, query);
    case ST_SHOW_CREATE:
        return show_create(context, statement, query);
    case ST_SHOW_GRANTS:
        return sandbox_show_grants(context, statement, query);
    case ST_VIEW:
        return sandbox_view_create(context, statement, query);
    case ST_COLUMN:
    case ST_DROP:
    case ST_UNDROP:
        return sandbox_ddl_run(context, statement, query);
    case ST_GRANT:
    case ST_REVOKE:
    case ST_OWNER:
    case ST_UNSUPPORTED:
        return sandbox_grant_run(context, statement, query);
    case ST_SHOW_COLUMNS:
        return show_columns(context, statement, query);
    case ST_SHOW_ALL_TABLES:
    case ST_SHOW_ALL_COLUMNS:
        return show_all(context, statement, query);
    default:
        return show_children(context, statement, query);
    }
}
