/* ALTER TABLE ... COLUMN, DROP and UNDROP: what changes under a client that has looked before.
 * Error conditions as published for Spark and Delta. */
#include "sandbox/data.h"
#include "sandbox/parser.h"
#include "sandbox/resolve.h"
#include "sandbox/result.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CHANGES_MAX 64

static int identifier(struct sql_parser *parser, const char **name)
{
    if (parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED)
        return sql_unexpected(parser);
    *name = parser->token.text;
    return sql_advance(parser);
}

/* One column behind ADD or DROP: "name type [COMMENT 'x']" or "name". */
static int parse_column(struct sql_parser *parser, struct sql_column_change *change, bool add)
{
    struct sandbox_type type;

    change->what = add ? "add" : "drop";
    change->pos = parser->token.pos;
    if (identifier(parser, &change->name) < 0)
        return -1;
    if (!add)
        return 0;
    if (sql_parse_type(parser, &type) < 0)
        return -1;
    change->text = type.text;
    if (sql_take_word(parser, "comment") <= 0)
        return 0;
    return parser->token.kind == TK_STRING ? sql_advance(parser) : sql_unexpected(parser);
}

/* ADD | DROP COLUMN[S] one, or several in brackets. */
static int parse_list(struct sql_parser *parser, struct sql_statement *statement, bool add)
{
    int brackets;

    if (sql_take_word(parser, "column") <= 0 && sql_take_word(parser, "columns") <= 0)
        return sql_unexpected(parser);
    if (!add && sql_take_word(parser, "if") > 0) {
        if (sql_need_word(parser, "exists") < 0)
            return -1;
        statement->if_exists = true;
    }
    if ((brackets = sql_take_symbol(parser, "(")) < 0)
        return -1;
    do {
        if (statement->change_count == CHANGES_MAX)
            return sql_unexpected(parser);
        if (parse_column(parser, &statement->changes[statement->change_count++], add) < 0)
            return -1;
    } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    return brackets ? sql_need_symbol(parser, ")") : 0;
}

/* RENAME COLUMN a TO b, ALTER COLUMN a TYPE t */
static int parse_one(struct sql_parser *parser, struct sql_statement *statement, bool rename)
{
    struct sql_column_change *change = &statement->changes[statement->change_count++];
    struct sandbox_type type;

    change->what = rename ? "rename" : "retype";
    if (sql_need_word(parser, "column") < 0)
        return -1;
    change->pos = parser->token.pos;
    if (identifier(parser, &change->name) < 0)
        return -1;
    if (rename)
        return sql_need_word(parser, "to") < 0 ? -1 : identifier(parser, &change->text);
    if (sql_need_word(parser, "type") < 0 || sql_parse_type(parser, &type) < 0)
        return -1;
    change->text = type.text;
    return 0;
}

int sql_parse_columns(struct sql_parser *parser, struct sql_statement *statement)
{
    static const char *const words[] = {"add", "drop", "rename", "alter", "change"};
    size_t at = 0;
    int result;

    while (at < base_countof(words) && !sql_at_word(parser, words[at]))
        at++;
    if (at == base_countof(words))
        return 0;
    statement->kind = ST_COLUMN;
    statement->changes =
        sandbox_arena_alloc(parser->context->arena, CHANGES_MAX * sizeof *statement->changes);
    if (sql_advance(parser) < 0)
        return -1;
    result =
        at < 2 ? parse_list(parser, statement, at == 0) : parse_one(parser, statement, at == 2);
    return result < 0 ? -1 : 1;
}

int sql_parse_drop(struct sql_parser *parser, struct sql_statement *statement)
{
    bool back = sql_at_word(parser, "undrop");

    if ((!back && !sql_at_word(parser, "drop")) ||
        (!sql_is_word(&parser->next, "table") && !sql_is_word(&parser->next, "view")))
        return 0;
    statement->kind = back ? ST_UNDROP : ST_DROP;
    if (sql_advance(parser) < 0 || sql_advance(parser) < 0)
        return -1;
    if (sql_take_word(parser, "if") > 0) {
        if (sql_need_word(parser, "exists") < 0)
            return -1;
        statement->if_exists = true;
    }
    statement->pos = parser->token.pos;
    return sql_parse_name(parser, &statement->parts, &statement->part_count) < 0 ? -1 : 1;
}

/* Owning it, or what it lies in, or MANAGE; columns may also be changed by who may MODIFY. */
static int may_change(struct sql_context *context, const struct sandbox_securable *table,
                      bool columns)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *caller = context->request->principal;

    if (sandbox_workspace_has(workspace, table, caller, "MANAGE") ||
        (columns && sandbox_workspace_has(workspace, table, caller, "MODIFY")))
        return 0;
    return sql_error(context, "42501", -1,
                     "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have %s "
                     "on Table '%s'.",
                     columns ? "MODIFY" : "MANAGE", table->full_name);
}

static int rank(enum sandbox_kind kind)
{
    static const enum sandbox_kind order[] = {SB_TINYINT, SB_SMALLINT, SB_INT, SB_BIGINT};

    for (int i = 0; i < 4; i++) {
        if (order[i] == kind)
            return i;
    }
    return -1;
}

/* Changes of a type that keep every value. */
static bool widens(const struct sandbox_type *from, const struct sandbox_type *to)
{
    if (rank(from->kind) >= 0 && rank(to->kind) > rank(from->kind))
        return true;
    if (from->kind == SB_DECIMAL && to->kind == SB_DECIMAL)
        return to->scale >= from->scale &&
               to->precision - to->scale >= from->precision - from->scale;
    return (from->kind == SB_FLOAT && to->kind == SB_DOUBLE) ||
           (from->kind == SB_DATE && to->kind == SB_TIMESTAMP_NTZ);
}

/* 1: to be done, 0: to be passed over, -1: refused. */
static int change_check(struct sql_context *context, const struct sql_statement *statement,
                        const struct sandbox_shape *shape, const struct sql_column_change *change)
{
    bool add = strcmp(change->what, "add") == 0, rename = strcmp(change->what, "rename") == 0;
    int at = sandbox_shape_find(shape, change->name);
    struct sandbox_type type;

    if ((add && at >= 0) || (rename && sandbox_shape_find(shape, change->text) >= 0))
        return sql_error(context, "42710", change->pos,
                         "[FIELD_ALREADY_EXISTS] Cannot %s column, because `%s` already exists.",
                         change->what, add ? change->name : change->text);
    if (!add && at < 0)
        return statement->if_exists
                   ? 0
                   : sql_error(context, "42704", change->pos,
                               "[FIELD_NOT_FOUND] No such struct field `%s`.", change->name);
    if (strcmp(change->what, "retype") != 0)
        return 1;
    if (sandbox_type_parse(context->arena, change->text, &type) == 0 &&
        !widens(&shape->columns[at].type, &type))
        return sql_error(context, "0AKDC", change->pos,
                         "[DELTA_UNSUPPORTED_ALTER_TABLE_CHANGE_COL_OP] ALTER TABLE CHANGE COLUMN "
                         "is not supported for changing column `%s` from %s to %s",
                         change->name, shape->columns[at].type.text, change->text);
    return 1;
}

/* An error of the rows' side, in SQL's form. */
static int failed(struct sql_context *context, const struct err *err)
{
    return sql_error(context, "XX000", -1, "[INTERNAL_ERROR] %s.", err->message);
}

static int columns_change(struct sql_context *context, const struct sql_statement *statement,
                          struct sandbox_securable *table)
{
    struct err err = ERR_INIT;
    int64_t version;

    for (size_t i = 0; i < statement->change_count; i++) {
        const struct sql_column_change *change = &statement->changes[i];
        int wanted =
            change_check(context, statement, sandbox_table_version(table->data, -1)->shape, change);

        if (wanted < 0)
            return -1;
        if (wanted && sandbox_table_change(context->request->workspace, table->full_name,
                                           sandbox_arena_printf(context->arena, "%s%s%s%s%s",
                                                                change->what, SANDBOX_CHANGE_FIELD,
                                                                change->name, SANDBOX_CHANGE_FIELD,
                                                                change->text ? change->text : ""),
                                           0, &version, &err) != 0)
            return failed(context, &err);
    }
    return 0;
}

/* A dropped table is hidden: it is found among what is stored. */
static struct sandbox_securable *dropped_table(struct sql_context *context,
                                               const struct sql_statement *statement)
{
    const char *name = "";
    struct sandbox_securable *table;

    for (size_t i = 0; i < statement->part_count; i++)
        name =
            sandbox_arena_printf(context->arena, "%s%s%s", name, i ? "." : "", statement->parts[i]);
    table = sandbox_workspace_kept(context->request->workspace, 'T', name);
    if (table && table->hidden)
        return table;
    sql_error(context, "42P01", statement->pos,
              "[UNDROP_TABLE_NOT_FOUND] No dropped table %s was found.",
              sql_quoted_name(context, statement->parts, statement->part_count));
    return NULL;
}

int sandbox_ddl_run(struct sql_context *context, const struct sql_statement *statement,
                    struct sandbox_query *query)
{
    struct err err = ERR_INIT;
    struct sandbox_securable *table =
        statement->kind == ST_UNDROP
            ? dropped_table(context, statement)
            : sql_find_securable(context, 'T', statement->parts, statement->part_count,
                                 statement->pos, NULL);

    if (!table) {
        if (statement->kind != ST_DROP || !statement->if_exists ||
            strcmp(context->error->sqlstate, "42P01") != 0)
            return -1;
        sandbox_query_error_free(context->error);
        sandbox_show_start(query, NULL, 0);
        return 0;
    }
    if (may_change(context, table, statement->kind == ST_COLUMN) < 0)
        return -1;
    if (statement->kind != ST_COLUMN) {
        if (sandbox_table_drop(table, statement->kind == ST_DROP, &err) != 0)
            return failed(context, &err);
    } else if (!table->data || sandbox_table_def(table->data)->view ||
               sandbox_table_def(table->data)->live) {
        return sql_error(context, "42809", statement->pos,
                         "[EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE] 'ALTER TABLE' expects a table but "
                         "%s is a view.",
                         table->full_name);
    } else if (columns_change(context, statement, table) < 0) {
        return -1;
    }
    sandbox_show_start(query, NULL, 0);
    return 0;
}
