/* CREATE VIEW. */
#include "sandbox/parser.h"
#include "sandbox/resolve.h"
#include "sandbox/result.h"
#include "sandbox/view_state.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* [(a [COMMENT 'x'], ...)]: names of the columns, as changes of the statement. */
static int parse_names(struct sql_parser *parser, struct sql_statement *statement)
{
    int brackets = sql_take_symbol(parser, "(");

    if (brackets <= 0)
        return brackets;
    statement->changes = sandbox_arena_alloc(parser->context->arena, 0);
    do {
        struct sql_column_change *grown = sandbox_arena_alloc(
            parser->context->arena, (statement->change_count + 1) * sizeof *grown);

        if (parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED)
            return sql_unexpected(parser);
        memcpy(grown, statement->changes, statement->change_count * sizeof *grown);
        grown[statement->change_count++].name = parser->token.text;
        statement->changes = grown;
        if (statement->change_count > 1000)
            return sql_unexpected(parser);
        if (sql_advance(parser) < 0)
            return -1;
        if (sql_take_word(parser, "comment") > 0 && sql_advance(parser) < 0)
            return -1;
    } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    return sql_need_symbol(parser, ")");
}

static int parse_head(struct sql_parser *parser, struct sql_statement *statement)
{
    if (sql_advance(parser) < 0) /* CREATE */
        return -1;
    if (sql_take_word(parser, "or") > 0) {
        if (sql_need_word(parser, "replace") < 0)
            return -1;
        statement->replace = true;
    }
    if (sql_need_word(parser, "view") < 0)
        return -1;
    if (sql_take_word(parser, "if") > 0) {
        if (sql_need_word(parser, "not") < 0 || sql_need_word(parser, "exists") < 0)
            return -1;
        statement->if_exists = true;
    }
    statement->pos = parser->token.pos;
    return sql_parse_name(parser, &statement->parts, &statement->part_count);
}

int sql_parse_view(struct sql_parser *parser, struct sql_statement *statement)
{
    const char *text = parser->context->text;
    size_t len;

    if (!sql_at_word(parser, "create") ||
        (!sql_is_word(&parser->next, "view") && !sql_is_word(&parser->next, "or")))
        return 0;
    statement->kind = ST_VIEW;
    if (parse_head(parser, statement) < 0 || parse_names(parser, statement) < 0)
        return -1;
    if (sql_take_word(parser, "comment") > 0) {
        if (parser->token.kind != TK_STRING)
            return sql_unexpected(parser);
        statement->comment = parser->token.text;
        if (sql_advance(parser) < 0)
            return -1;
    }
    if (sql_need_word(parser, "as") < 0)
        return -1;
    text += parser->token.pos;
    statement->query = sql_parse_select_query(parser);
    if (!statement->query)
        return -1;
    len = (size_t)(parser->last_end - (int)(text - parser->context->text));
    statement->word = sandbox_arena_text(parser->context->arena, text, len);
    return 1;
}

/* A world that is loaded: views belong to one, as tables do. */
static struct sandbox_world *world_of(const struct sandbox_securable *securable)
{
    struct sandbox_world *world = securable->data ? sandbox_table_world(securable->data) : NULL;

    for (size_t i = 0; i < securable->children.count && !world; i++)
        world = world_of(securable->children.items[i]);
    return world;
}

/* Names of the columns: those written in brackets, else the query's own. The text then names them.
 */
static int names_of(struct sql_context *context, const struct sql_statement *statement,
                    const char ***names, const char **text)
{
    const struct sql_query *query = statement->query;
    const char *list = "";

    *names = query->names;
    *text = statement->word;
    if (!statement->change_count)
        return 0;
    if (statement->change_count != query->column_count)
        return sql_error(context, "21S01", statement->pos,
                         "[CREATE_VIEW_COLUMN_ARITY_MISMATCH] Cannot create view %s, the view has "
                         "%zu columns and the query %zu.",
                         sql_quoted_name(context, statement->parts, statement->part_count),
                         statement->change_count, query->column_count);
    *names = sandbox_arena_alloc(context->arena, query->column_count * sizeof **names);
    for (size_t i = 0; i < query->column_count; i++) {
        const char *const old[] = {query->names[i]}, *const made[] = {statement->changes[i].name};

        (*names)[i] = made[0];
        list = sandbox_arena_printf(context->arena, "%s%s%s AS %s", list, i ? ", " : "",
                                    sql_quoted_name(context, old, 1),
                                    sql_quoted_name(context, made, 1));
    }
    *text = sandbox_arena_printf(context->arena, "SELECT %s FROM (%s)", list, statement->word);
    return 0;
}

static int refuse_existing(struct sql_context *context, const struct sql_statement *statement)
{
    return sql_error(context, "42P07", statement->pos,
                     "[TABLE_OR_VIEW_ALREADY_EXISTS] Cannot create table or view %s because it "
                     "already exists.",
                     sql_quoted_name(context, statement->parts, statement->part_count));
}

static int make(struct sql_context *context, const struct sql_statement *statement,
                struct sandbox_securable *schema)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    struct sandbox_world *world = world_of(sandbox_workspace_metastore(workspace));
    const struct sql_query *query = statement->query;
    const char **names, *text;
    struct err err = ERR_INIT;

    if (sql_resolve_query(context, statement->query) < 0 ||
        names_of(context, statement, &names, &text) < 0)
        return -1;
    const struct sandbox_view_made made = {.name = statement->parts[statement->part_count - 1],
                                           .owner = context->request->principal,
                                           .comment = statement->comment,
                                           .definition = statement->word,
                                           .text = text,
                                           .columns = names,
                                           .types = query->types,
                                           .column_count = query->column_count,
                                           .now_ms = context->now_us / 1000};
    if (sandbox_view_keep(world, sandbox_view_put(workspace, world, schema, &made), text, &err) !=
        0)
        return sql_error(context, "XX000", -1, "[INTERNAL_ERROR] %s.", err.message);
    return 0;
}

int sandbox_view_create(struct sql_context *context, const struct sql_statement *statement,
                        struct sandbox_query *query)
{
    struct sandbox_workspace *workspace = context->request->workspace;
    const char *caller = context->request->principal;
    struct sandbox_securable *schema, *there;
    bool is_view;

    if (statement->part_count > 3)
        return sql_error(context, "42601", statement->pos, "[PARSE_SYNTAX_ERROR] Too many names.");
    schema = sql_find_securable(context, 'S', statement->parts, statement->part_count - 1,
                                statement->pos, "USE_SCHEMA");
    if (!schema)
        return -1;
    if (!sandbox_workspace_has(workspace, schema, caller, "CREATE_TABLE") &&
        !sandbox_workspace_has(workspace, schema, caller, "MANAGE"))
        return sql_error(context, "42501", -1,
                         "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have "
                         "CREATE TABLE on Schema '%s'.",
                         schema->full_name);
    there =
        sandbox_workspace_kept(workspace, 'T',
                               sandbox_arena_printf(context->arena, "%s.%s", schema->full_name,
                                                    statement->parts[statement->part_count - 1]));
    is_view = there && there->table_type && strcmp(there->table_type, "VIEW") == 0;
    sandbox_show_start(query, NULL, 0);
    if (there && !there->hidden && statement->if_exists)
        return 0;
    if (there && (!is_view || (!there->hidden && !statement->replace)))
        return refuse_existing(context, statement);
    if (there && !there->hidden && !sandbox_workspace_has(workspace, there, caller, "MANAGE"))
        return sql_error(context, "42501", -1,
                         "[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\nUser does not have "
                         "MANAGE on Table '%s'.",
                         there->full_name);
    return make(context, statement, schema);
}
