/* DESCRIBE and SHOW, from the word after it. */
#include "sandbox/parser.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static int parse_describe_query(struct sql_parser *parser, struct sql_statement *statement)
{
    statement->kind = ST_DESCRIBE_QUERY;
    if (sql_take_word(parser, "query") < 0)
        return -1;
    statement->query = sql_parse_select_query(parser);
    return statement->query ? 0 : -1;
}

/* DESCRIBE CATALOG | SCHEMA [EXTENDED] name */
static int parse_describe_other(struct sql_parser *parser, struct sql_statement *statement,
                                int kind)
{
    statement->kind = kind == 'C' ? ST_DESCRIBE_CATALOG : ST_DESCRIBE_SCHEMA;
    if (sql_advance(parser) < 0)
        return -1;
    statement->extended = sql_take_word(parser, "extended") > 0;
    statement->pos = parser->token.pos;
    return sql_parse_name(parser, &statement->parts, &statement->part_count);
}

int sql_parse_describe(struct sql_parser *parser, struct sql_statement *statement)
{
    static const struct {
        const char *word;
        int kind;
    } others[] = {{"catalog", 'C'}, {"schema", 'S'}, {"database", 'S'}};
    statement->kind = ST_DESCRIBE_TABLE;
    statement->limit = -1;
    bool more = parser->next.kind == TK_WORD || parser->next.kind == TK_QUOTED;
    if (sql_at_word(parser, "select") || (more && sql_at_word(parser, "query")))
        return parse_describe_query(parser, statement);
    for (size_t i = 0; more && i < base_countof(others); i++)
        if (sql_at_word(parser, others[i].word))
            return parse_describe_other(parser, statement, others[i].kind);
    if (more && sql_take_word(parser, "history") > 0)
        statement->kind = ST_DESCRIBE_HISTORY;
    else if (more && sql_take_word(parser, "detail") > 0)
        statement->kind = ST_DESCRIBE_DETAIL;
    else if (more && sql_take_word(parser, "table") < 0)
        return -1;
    if (statement->kind == ST_DESCRIBE_TABLE)
        statement->extended = sql_take_word(parser, "extended") > 0;
    statement->pos = parser->token.pos;
    if (sql_parse_name(parser, &statement->parts, &statement->part_count) < 0)
        return -1;
    if (statement->kind == ST_DESCRIBE_HISTORY && sql_take_word(parser, "limit") > 0) {
        if (parser->token.kind != TK_NUMBER)
            return sql_unexpected(parser);
        statement->limit = strtoll(parser->token.text, NULL, 10);
        return sql_advance(parser);
    }
    return 0;
}

/* LIKE 'pattern', or the pattern alone. */
static int parse_pattern(struct sql_parser *parser, const char **pattern)
{
    if (sql_take_word(parser, "like") <= 0 && parser->token.kind != TK_STRING)
        return parser->context->error->message ? -1 : 0;
    if (parser->token.kind != TK_STRING)
        return sql_unexpected(parser);
    *pattern = parser->token.text;
    return sql_advance(parser);
}

/* ... IN CATALOG c | IN ALL CATALOGS, then [SCHEMA LIKE 'p'] [TABLE LIKE 'p'], as drivers ask. */
static int parse_show_all(struct sql_parser *parser, struct sql_statement *statement)
{
    statement->kind = statement->kind == ST_SHOW_TABLES ? ST_SHOW_ALL_TABLES : ST_SHOW_ALL_COLUMNS;
    if (sql_take_word(parser, "all") > 0) {
        if (sql_need_word(parser, "catalogs") < 0)
            return -1;
    } else if (sql_need_word(parser, "catalog") < 0 ||
               sql_parse_name(parser, &statement->parts, &statement->part_count) < 0) {
        return -1;
    }
    if (sql_take_word(parser, "schema") > 0 && parse_pattern(parser, &statement->schema_pattern))
        return -1;
    if (sql_take_word(parser, "table") > 0 && parse_pattern(parser, &statement->table_pattern))
        return -1;
    return 0;
}

/* SHOW TBLPROPERTIES t [(key)], SHOW CREATE TABLE t */
static int parse_show_table(struct sql_parser *parser, struct sql_statement *statement)
{
    bool properties = sql_at_word(parser, "tblproperties");
    statement->kind = properties ? ST_SHOW_PROPERTIES : ST_SHOW_CREATE;
    if (sql_advance(parser) < 0 || (!properties && sql_need_word(parser, "table") < 0))
        return -1;
    statement->pos = parser->token.pos;
    if (sql_parse_name(parser, &statement->parts, &statement->part_count) < 0)
        return -1;
    if (!properties || sql_take_symbol(parser, "(") <= 0)
        return parser->context->error->message ? -1 : 0;
    statement->word = "";
    do {
        statement->word = sandbox_arena_printf(parser->context->arena, "%s%s%s", statement->word,
                                               *statement->word ? "." : "", parser->token.text);
        if (parser->token.kind != TK_STRING && parser->token.kind != TK_WORD)
            return sql_unexpected(parser);
        if (sql_advance(parser) < 0)
            return -1;
    } while (sql_at_symbol(parser, ".") && sql_advance(parser) == 0);
    return sql_need_symbol(parser, ")");
}

/* SHOW COLUMNS IN t IN s: the schema may come after the table. */
static int parse_show_within(struct sql_parser *parser, struct sql_statement *statement)
{
    const char **schema, **parts;
    size_t count;
    if (statement->kind != ST_SHOW_COLUMNS || statement->part_count != 1 ||
        (sql_take_word(parser, "in") <= 0 && sql_take_word(parser, "from") <= 0))
        return parser->context->error->message ? -1 : 0;
    if (sql_parse_name(parser, &schema, &count) < 0)
        return -1;
    parts = sandbox_arena_alloc(parser->context->arena, (count + 1) * sizeof *parts);
    memcpy(parts, schema, count * sizeof *parts);
    parts[count] = statement->parts[0];
    statement->parts = parts;
    statement->part_count = count + 1;
    return 0;
}

int sql_parse_show(struct sql_parser *parser, struct sql_statement *statement)
{
    if (sql_at_word(parser, "tblproperties") || sql_at_word(parser, "create"))
        return parse_show_table(parser, statement);
    if (sql_take_word(parser, "grants") > 0 || sql_take_word(parser, "grant") > 0)
        return sql_parse_show_grants(parser, statement);
    if (sql_take_word(parser, "catalogs") > 0)
        statement->kind = ST_SHOW_CATALOGS;
    else if (sql_take_word(parser, "schemas") > 0 || sql_take_word(parser, "databases") > 0)
        statement->kind = ST_SHOW_SCHEMAS;
    else if (sql_take_word(parser, "tables") > 0)
        statement->kind = ST_SHOW_TABLES;
    else if (sql_take_word(parser, "views") > 0)
        statement->kind = ST_SHOW_VIEWS;
    else if (sql_take_word(parser, "volumes") > 0)
        statement->kind = ST_SHOW_VOLUMES;
    else if (sql_take_word(parser, "columns") > 0)
        statement->kind = ST_SHOW_COLUMNS;
    else
        return sql_unexpected(parser);
    statement->pos = parser->token.pos;
    if (sql_take_word(parser, "in") > 0 || sql_take_word(parser, "from") > 0) {
        bool wide = statement->kind == ST_SHOW_TABLES || statement->kind == ST_SHOW_COLUMNS;
        bool named = parser->next.kind == TK_WORD || parser->next.kind == TK_QUOTED;
        if (wide && named && (sql_at_word(parser, "catalog") || sql_at_word(parser, "all"))) {
            if (parse_show_all(parser, statement) < 0)
                return -1;
        } else if (sql_parse_name(parser, &statement->parts, &statement->part_count) < 0) {
            return -1;
        }
    } else if (statement->kind == ST_SHOW_COLUMNS) {
        return sql_unexpected(parser);
    }
    if (parse_show_within(parser, statement) < 0)
        return -1;
    return parse_pattern(parser, &statement->pattern);
}
