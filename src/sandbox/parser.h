/* Recursive descent over the tokens: parser.c has statements and queries, parse_expr.c expressions.
 */
#ifndef AAMPE_SANDBOX_PARSER_H
#define AAMPE_SANDBOX_PARSER_H

#include "sandbox/lexer.h"

struct sql_parser {
    struct sql_context *context;
    struct sql_lexer lexer;
    struct sql_token token, next; /* one token of look-ahead */
    int last_end;
    int depth;
};

int sql_parser_start(struct sql_parser *parser, struct sql_context *context, const char *text);
int sql_advance(struct sql_parser *parser);
bool sql_is_word(const struct sql_token *token, const char *word);
bool sql_at_word(const struct sql_parser *parser, const char *word);
bool sql_at_symbol(const struct sql_parser *parser, const char *symbol);
/* Consumes when it is there. 1 taken, 0 not there, -1 error. */
int sql_take_word(struct sql_parser *parser, const char *word);
int sql_take_symbol(struct sql_parser *parser, const char *symbol);
int sql_need_word(struct sql_parser *parser, const char *word);
int sql_need_symbol(struct sql_parser *parser, const char *symbol);
int sql_unexpected(struct sql_parser *parser); /* always -1 */
/* a.b.c */
int sql_parse_name(struct sql_parser *parser, const char ***parts, size_t *count);
/* Words that end an alias-less item. */
bool sql_reserved(const struct sql_token *token);

/* IDENTIFIER(constant text), in place of a name. */
bool sql_at_identifier(const struct sql_parser *parser);
int sql_parse_identifier(struct sql_parser *parser, const char ***parts, size_t *count);
int sql_parse_describe(struct sql_parser *parser, struct sql_statement *statement);
int sql_parse_show(struct sql_parser *parser, struct sql_statement *statement);
/* After SHOW GRANTS; the whole of GRANT, REVOKE, ALTER ... OWNER TO and of the commands about
 * groups.
 */
int sql_parse_show_grants(struct sql_parser *parser, struct sql_statement *statement);
int sql_parse_grant(struct sql_parser *parser, struct sql_statement *statement);

/* After ALTER TABLE name, at what is to be done with columns: 1, or 0 when it is something else. */
int sql_parse_columns(struct sql_parser *parser, struct sql_statement *statement);
/* CREATE [OR REPLACE] VIEW: 1 taken, 0 something else. */
int sql_parse_view(struct sql_parser *parser, struct sql_statement *statement);
/* DROP and UNDROP of tables and views: 1 taken, 0 something else. */
int sql_parse_drop(struct sql_parser *parser, struct sql_statement *statement);

struct sql_expr *sql_parse_expr(struct sql_parser *parser);
int sql_parse_type(struct sql_parser *parser, struct sandbox_type *type);
struct sql_query *sql_parse_select_query(struct sql_parser *parser);

#endif
