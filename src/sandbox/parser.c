#include "sandbox/parser.h"

#include "base/text.h"
#include "sandbox/resolve.h"

#include <stdlib.h>
#include <string.h>

#define IDENTIFIER_DEPTH 64 /* pieces a name may be put together of */

int sql_parser_start(struct sql_parser *parser, struct sql_context *context, const char *text)
{
    memset(parser, 0, sizeof *parser);
    context->text = text;
    parser->context = context;
    parser->lexer = (struct sql_lexer){.context = context, .text = text, .len = strlen(text)};
    if (sql_lex(&parser->lexer, &parser->token) < 0)
        return -1;
    return sql_lex(&parser->lexer, &parser->next);
}

int sql_advance(struct sql_parser *parser)
{
    parser->last_end = parser->token.end;
    parser->token = parser->next;
    return parser->token.kind == TK_END ? 0 : sql_lex(&parser->lexer, &parser->next);
}

bool sql_is_word(const struct sql_token *token, const char *word)
{
    return token->kind == TK_WORD && base_text_equal_nocase(token->text, word);
}

bool sql_at_word(const struct sql_parser *parser, const char *word)
{
    return sql_is_word(&parser->token, word);
}

bool sql_at_symbol(const struct sql_parser *parser, const char *symbol)
{
    return parser->token.kind == TK_SYMBOL && strcmp(parser->token.text, symbol) == 0;
}

int sql_take_word(struct sql_parser *parser, const char *word)
{
    if (!sql_at_word(parser, word))
        return 0;
    return sql_advance(parser) < 0 ? -1 : 1;
}

int sql_take_symbol(struct sql_parser *parser, const char *symbol)
{
    if (!sql_at_symbol(parser, symbol))
        return 0;
    return sql_advance(parser) < 0 ? -1 : 1;
}

int sql_unexpected(struct sql_parser *parser)
{
    if (parser->token.kind == TK_END)
        return sql_syntax_error(parser->context, parser->token.pos, "end of input");
    int len = parser->token.end - parser->token.pos;
    return sql_syntax_error(parser->context, parser->token.pos, "'%.*s'", len,
                            parser->context->text + parser->token.pos);
}

int sql_need_word(struct sql_parser *parser, const char *word)
{
    int taken = sql_take_word(parser, word);
    return taken == 0 ? sql_unexpected(parser) : taken < 0 ? -1 : 0;
}

int sql_need_symbol(struct sql_parser *parser, const char *symbol)
{
    int taken = sql_take_symbol(parser, symbol);
    return taken == 0 ? sql_unexpected(parser) : taken < 0 ? -1 : 0;
}

bool sql_reserved(const struct sql_token *token)
{
    static const char *const words[] = {
        "from",   "where",  "group",   "having",  "order",     "limit",   "offset",
        "union",  "on",     "join",    "inner",   "left",      "right",   "full",
        "cross",  "and",    "or",      "not",     "is",        "in",      "like",
        "ilike",  "rlike",  "between", "when",    "then",      "else",    "end",
        "asc",    "desc",   "nulls",   "version", "timestamp", "for",     "intersect",
        "except", "minus",  "using",   "qualify", "window",    "lateral", "tablesample",
        "as",     "select", "regexp",  "div",     "anti",      "semi",    "natural"};
    for (size_t i = 0; i < base_countof(words); i++)
        if (sql_is_word(token, words[i]))
            return true;
    return false;
}

/* Text of what IDENTIFIER() is given: strings, parameters and what is put together of them. */
static int identifier_text(struct sql_context *context, struct sql_expr *expr, int depth,
                           const char **text)
{
    struct sandbox_type string = sandbox_type_of(SB_STRING);
    struct sandbox_value value;
    const char *parts[2] = {NULL, NULL};
    if (depth > IDENTIFIER_DEPTH || expr->arg_count > IDENTIFIER_DEPTH)
        return sql_too_complex(context, expr->pos);
    if (expr->kind == EX_BINARY && strcmp(expr->op, "||") == 0) {
        if (identifier_text(context, expr->args[0], depth + 1, &parts[0]) < 0 ||
            identifier_text(context, expr->args[1], depth + 1, &parts[1]) < 0)
            return -1;
        *text = sandbox_arena_printf(context->arena, "%s%s", parts[0], parts[1]);
        return 0;
    }
    if (expr->kind == EX_CALL && base_text_equal_nocase(expr->name, "concat")) {
        *text = "";
        for (size_t i = 0; i < expr->arg_count; i++) {
            if (identifier_text(context, expr->args[i], depth + 1, &parts[0]) < 0)
                return -1;
            *text = sandbox_arena_printf(context->arena, "%s%s", *text, parts[0]);
        }
        return 0;
    }
    if (sql_constant(context, expr, &string, &value) < 0)
        return -1;
    if (value.null)
        return sql_error(context, "42601", expr->pos,
                         "[NOT_A_CONSTANT_STRING.NULL] The expression \"%s\" used for the routine "
                         "or clause IDENTIFIER must be a constant STRING which is NOT NULL. The "
                         "expression evaluates to NULL.",
                         sql_expr_text(context, expr));
    *text = sandbox_arena_text(context->arena, value.text, value.len);
    return 0;
}

int sql_parse_identifier(struct sql_parser *parser, const char ***parts, size_t *count)
{
    struct sql_context *context = parser->context;
    const char *outer = context->text, *text = NULL;
    struct sql_parser inner;
    struct sql_expr *expr;
    if (sql_advance(parser) < 0 || sql_need_symbol(parser, "(") < 0 ||
        !(expr = sql_parse_expr(parser)) || sql_need_symbol(parser, ")") < 0 ||
        identifier_text(context, expr, 0, &text) < 0)
        return -1;
    int result = sql_parser_start(&inner, context, text);
    if (result == 0)
        result = sql_parse_name(&inner, parts, count);
    if (result == 0 && inner.token.kind != TK_END)
        result = sql_unexpected(&inner);
    context->text = outer;
    return result;
}

bool sql_at_identifier(const struct sql_parser *parser)
{
    return sql_at_word(parser, "identifier") && parser->next.kind == TK_SYMBOL &&
           strcmp(parser->next.text, "(") == 0;
}

int sql_parse_name(struct sql_parser *parser, const char ***parts, size_t *count)
{
    if (sql_at_identifier(parser))
        return sql_parse_identifier(parser, parts, count);
    const char *list[8];
    *count = 0;
    do {
        if ((parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED) || *count == 8)
            return sql_unexpected(parser);
        list[(*count)++] = parser->token.text;
        if (sql_advance(parser) < 0)
            return -1;
    } while (sql_at_symbol(parser, ".") && sql_advance(parser) == 0);
    *parts = sandbox_arena_alloc(parser->context->arena, *count * sizeof **parts);
    memcpy(*parts, list, *count * sizeof *list);
    return 0;
}

static int parse_alias(struct sql_parser *parser, const char **alias)
{
    int as = sql_take_word(parser, "as");
    if (as < 0)
        return -1;
    if (parser->token.kind == TK_QUOTED ||
        (parser->token.kind == TK_WORD && (as || !sql_reserved(&parser->token)))) {
        *alias = parser->token.text;
        return sql_advance(parser);
    }
    return as ? sql_unexpected(parser) : 0;
}

static int parse_items(struct sql_parser *parser, struct sql_select *select)
{
    do {
        struct sql_item item = {.expr = sql_parse_expr(parser)};
        if (!item.expr || parse_alias(parser, &item.alias) < 0)
            return -1;
        vec_push(&select->items, item);
    } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    return 0;
}

/* [FOR] VERSION AS OF n, [FOR] TIMESTAMP AS OF x, SYSTEM_VERSION and SYSTEM_TIME likewise. */
static int parse_travel(struct sql_parser *parser, struct sql_source *source)
{
    if (sql_at_word(parser, "for") && sql_advance(parser) < 0)
        return -1;
    bool version = sql_at_word(parser, "version") || sql_at_word(parser, "system_version");
    if (!version && !sql_at_word(parser, "timestamp") && !sql_at_word(parser, "system_time"))
        return 0;
    if (sql_advance(parser) < 0 || sql_need_word(parser, "as") < 0 ||
        sql_need_word(parser, "of") < 0)
        return -1;
    struct sql_expr *expr = sql_parse_expr(parser);
    if (version)
        source->version = expr;
    else
        source->timestamp = expr;
    return expr ? 0 : -1;
}

static int parse_source(struct sql_parser *parser, struct sql_source *source)
{
    source->pos = parser->token.pos;
    if (sql_at_symbol(parser, "(")) {
        if (sql_advance(parser) < 0 || !(source->query = sql_parse_select_query(parser)) ||
            sql_need_symbol(parser, ")") < 0)
            return -1;
    } else if (sql_parse_name(parser, &source->parts, &source->part_count) < 0) {
        return -1;
    }
    source->end = parser->last_end;
    if (source->parts && parse_travel(parser, source) < 0)
        return -1;
    return parse_alias(parser, &source->alias);
}

/* 1: a join follows and *kind is set; 0: none. */
static int parse_join_kind(struct sql_parser *parser, const char **kind)
{
    *kind = NULL;
    if (sql_at_symbol(parser, ",")) {
        *kind = "CROSS";
        return sql_advance(parser) < 0 ? -1 : 1;
    }
    if (sql_take_word(parser, "inner") > 0 || sql_at_word(parser, "join"))
        *kind = "INNER";
    else if (sql_take_word(parser, "cross") > 0)
        *kind = "CROSS";
    else if (sql_at_word(parser, "left") && !sql_is_word(&parser->next, "anti") &&
             !sql_is_word(&parser->next, "semi") && sql_advance(parser) == 0)
        *kind = "LEFT";
    if (!*kind)
        return 0;
    if (strcmp(*kind, "LEFT") == 0 && sql_take_word(parser, "outer") < 0)
        return -1;
    return sql_need_word(parser, "join") < 0 ? -1 : 1;
}

static int parse_from(struct sql_parser *parser, struct sql_select *select)
{
    const char *kind = NULL;
    int more = 1;
    while (more > 0) {
        struct sql_source source = {.join = kind, .id = -1};
        if (parse_source(parser, &source) < 0)
            return -1;
        if (kind && strcmp(kind, "CROSS") != 0) {
            if (sql_need_word(parser, "on") < 0 || !(source.on = sql_parse_expr(parser)))
                return -1;
        }
        vec_push(&select->sources, source);
        more = parse_join_kind(parser, &kind);
    }
    return more;
}

static int parse_select(struct sql_parser *parser, struct sql_select *select)
{
    if (sql_need_word(parser, "select") < 0)
        return -1;
    int distinct = sql_take_word(parser, "distinct");
    if (distinct < 0 || (!distinct && sql_take_word(parser, "all") < 0))
        return -1;
    select->distinct = distinct > 0;
    if (parse_items(parser, select) < 0)
        return -1;
    if (sql_take_word(parser, "from") > 0 && parse_from(parser, select) < 0)
        return -1;
    if (sql_take_word(parser, "where") > 0 && !(select->where = sql_parse_expr(parser)))
        return -1;
    if (sql_take_word(parser, "group") > 0) {
        if (sql_need_word(parser, "by") < 0)
            return -1;
        do {
            struct sql_expr *expr = sql_parse_expr(parser);
            if (!expr)
                return -1;
            vec_push(&select->groups, expr);
        } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    }
    if (sql_take_word(parser, "having") > 0 && !(select->having = sql_parse_expr(parser)))
        return -1;
    return parser->context->error->message ? -1 : 0;
}

static int parse_orders(struct sql_parser *parser, struct sql_query *query)
{
    if (sql_take_word(parser, "order") <= 0)
        return parser->context->error->message ? -1 : 0;
    if (sql_need_word(parser, "by") < 0)
        return -1;
    do {
        struct sql_order order = {.expr = sql_parse_expr(parser)};
        if (!order.expr)
            return -1;
        if (sql_take_word(parser, "desc") > 0)
            order.descending = order.nulls_last = true;
        else if (sql_take_word(parser, "asc") < 0)
            return -1;
        if (sql_take_word(parser, "nulls") > 0) {
            order.nulls_last = sql_at_word(parser, "last");
            if (!order.nulls_last && !sql_at_word(parser, "first"))
                return sql_unexpected(parser);
            if (sql_advance(parser) < 0)
                return -1;
        }
        vec_push(&query->orders, order);
    } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    return 0;
}

static int parse_member(struct sql_parser *parser, struct sql_query *query)
{
    struct sql_select *select = sandbox_arena_alloc(parser->context->arena, sizeof *select);
    vec_push(&parser->context->all_selects, select);
    vec_push(&query->selects, select);
    return parse_select(parser, select);
}

struct sql_query *sql_parse_select_query(struct sql_parser *parser)
{
    struct sql_query *query = sandbox_arena_alloc(parser->context->arena, sizeof *query);
    vec_push(&parser->context->all_queries, query);
    if (++parser->depth > 32) {
        sql_too_complex(parser->context, parser->token.pos);
        return NULL;
    }
    if (parse_member(parser, query) < 0)
        return NULL;
    while (sql_at_word(parser, "union")) {
        if (sql_advance(parser) < 0)
            return NULL;
        bool all = sql_take_word(parser, "all") > 0;
        if (!all && sql_take_word(parser, "distinct") < 0)
            return NULL;
        vec_push(&query->union_distinct, !all);
        if (parse_member(parser, query) < 0)
            return NULL;
    }
    if (parse_orders(parser, query) < 0)
        return NULL;
    if (sql_take_word(parser, "limit") > 0 && sql_take_word(parser, "all") == 0 &&
        !(query->limit = sql_parse_expr(parser)))
        return NULL;
    if (sql_take_word(parser, "offset") > 0 && !(query->offset = sql_parse_expr(parser)))
        return NULL;
    parser->depth--;
    return parser->context->error->message ? NULL : query;
}

static int finish(struct sql_parser *parser)
{
    if (sql_take_symbol(parser, ";") < 0 || parser->context->error->message)
        return -1;
    return parser->token.kind == TK_END ? 0 : sql_unexpected(parser);
}

int sql_parse(struct sql_context *context, const char *text, struct sql_statement *statement)
{
    struct sql_parser parser;
    int result = 0;
    memset(statement, 0, sizeof *statement);
    if (sql_parser_start(&parser, context, text) < 0)
        return -1;
    if (sql_at_word(&parser, "describe") || sql_at_word(&parser, "desc")) {
        result = sql_advance(&parser) < 0 ? -1 : sql_parse_describe(&parser, statement);
    } else if (sql_at_word(&parser, "show")) {
        result = sql_advance(&parser) < 0 ? -1 : sql_parse_show(&parser, statement);
    } else if (sql_at_word(&parser, "select")) {
        statement->query = sql_parse_select_query(&parser);
        result = statement->query ? 0 : -1;
    } else {
        result = sql_parse_grant(&parser, statement);
    }
    return result < 0 ? -1 : finish(&parser);
}

int sql_parse_query(struct sql_context *context, const char *text, struct sql_query **query)
{
    struct sql_parser parser;
    if (sql_parser_start(&parser, context, text) < 0)
        return -1;
    *query = sql_parse_select_query(&parser);
    return *query ? finish(&parser) : -1;
}
