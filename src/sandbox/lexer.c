#include "sandbox/lexer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool word_start(unsigned char c)
{
    return isalpha(c) || c == '_' || c >= 0x80;
}

static bool word_part(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

static int skip_blank(struct sql_lexer *lexer)
{
    while (lexer->at < lexer->len) {
        const char *at = lexer->text + lexer->at;
        if (isspace((unsigned char)*at)) {
            lexer->at++;
        } else if (at[0] == '-' && at[1] == '-') {
            const char *line = strchr(at, '\n');
            lexer->at = line ? (size_t)(line - lexer->text) + 1 : lexer->len;
        } else if (at[0] == '/' && at[1] == '*') {
            const char *close = strstr(at + 2, "*/");
            if (!close)
                return sql_syntax_error(lexer->context, (int)lexer->at, "'/*'");
            lexer->at = (size_t)(close - lexer->text) + 2;
        } else {
            break;
        }
    }
    return 0;
}

static int lex_quoted(struct sql_lexer *lexer, struct sql_token *token)
{
    const char *text = lexer->text;
    size_t at = lexer->at + 1, len = 0;
    char *out = sandbox_arena_alloc(lexer->context->arena, lexer->len - lexer->at + 1);
    for (; at < lexer->len; at++) {
        if (text[at] == '`') {
            if (text[at + 1] != '`')
                break;
            at++;
        }
        out[len++] = text[at];
    }
    if (at >= lexer->len || len == 0)
        return sql_syntax_error(lexer->context, (int)lexer->at, "'`'");
    token->kind = TK_QUOTED;
    token->text = out;
    token->len = len;
    lexer->at = at + 1;
    return 0;
}

static size_t put_utf8(char *out, unsigned long code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 63));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 63));
        out[2] = (char)(0x80 | (code & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | (code >> 18 & 7));
    out[1] = (char)(0x80 | (code >> 12 & 63));
    out[2] = (char)(0x80 | (code >> 6 & 63));
    out[3] = (char)(0x80 | (code & 63));
    return 4;
}

/* After a backslash, as Spark unescapes: \n \t \r \b \0 \Z, \uXXXX, \% and \_ keep the backslash.
 */
static size_t unescape(const char *at, char *out, size_t *used)
{
    static const char from[] = "ntrb0Z", to[] = "\n\t\r\b\0\x1a";
    const char *found = *at ? strchr(from, *at) : NULL;
    *used = 1;
    if (found) {
        *out = to[found - from];
        return 1;
    }
    if (*at == 'u' || *at == 'U') {
        size_t digits = *at == 'u' ? 4 : 8, count = 0;
        char hex[9] = "";
        while (count < digits && isxdigit((unsigned char)at[1 + count])) {
            hex[count] = at[1 + count];
            count++;
        }
        unsigned long code = strtoul(hex, NULL, 16);
        if (count == digits && code <= 0x10ffff) {
            *used = 1 + digits;
            return put_utf8(out, code);
        }
    }
    if (*at == '%' || *at == '_') {
        out[0] = '\\';
        out[1] = *at;
        return 2;
    }
    *out = *at;
    return 1;
}

/* Bytes up to the quote that ends the string, or to the end of the statement. */
static size_t string_span(const struct sql_lexer *lexer, bool raw)
{
    char quote = lexer->text[lexer->at];
    size_t at = lexer->at + 1;
    while (at < lexer->len) {
        if (lexer->text[at] == quote) {
            if (raw || lexer->text[at + 1] != quote)
                break;
            at++;
        } else if (lexer->text[at] == '\\' && !raw) {
            at++;
        }
        at++;
    }
    return at - lexer->at;
}

static int lex_string(struct sql_lexer *lexer, struct sql_token *token, bool raw)
{
    const char *text = lexer->text;
    char quote = text[lexer->at];
    size_t at = lexer->at + 1, len = 0, used;
    char *out = sandbox_arena_alloc(lexer->context->arena, 2 * string_span(lexer, raw) + 8);
    while (at < lexer->len) {
        if (text[at] == quote) {
            if (raw || text[at + 1] != quote)
                break;
            at++;
            out[len++] = text[at++];
        } else if (text[at] == '\\' && !raw && at + 1 < lexer->len) {
            len += unescape(text + at + 1, out + len, &used);
            at += 1 + used;
        } else {
            out[len++] = text[at++];
        }
    }
    if (at >= lexer->len)
        return sql_syntax_error(lexer->context, (int)lexer->at, "'%c'", quote);
    token->kind = TK_STRING;
    token->text = out;
    token->len = len;
    lexer->at = at + 1;
    return 0;
}

static void lex_number(struct sql_lexer *lexer, struct sql_token *token)
{
    const char *text = lexer->text;
    size_t at = lexer->at;
    while (isdigit((unsigned char)text[at]))
        at++;
    if (text[at] == '.') {
        at++;
        while (isdigit((unsigned char)text[at]))
            at++;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = text[at + 1] == '+' || text[at + 1] == '-';
        if (isdigit((unsigned char)text[at + 1 + sign]))
            for (at += 1 + sign; isdigit((unsigned char)text[at]);)
                at++;
    }
    while (word_part((unsigned char)text[at])) /* suffixes L S Y D F BD */
        at++;
    token->kind = TK_NUMBER;
    token->len = at - lexer->at;
    token->text = sandbox_arena_text(lexer->context->arena, text + lexer->at, token->len);
    lexer->at = at;
}

static void lex_word(struct sql_lexer *lexer, struct sql_token *token, enum sql_token_kind kind)
{
    size_t at = lexer->at;
    while (at < lexer->len && word_part((unsigned char)lexer->text[at]))
        at++;
    token->kind = kind;
    token->len = at - lexer->at;
    token->text = sandbox_arena_text(lexer->context->arena, lexer->text + lexer->at, token->len);
    lexer->at = at;
}

static int lex_symbol(struct sql_lexer *lexer, struct sql_token *token)
{
    static const char *const symbols[] = {
        "<=>", "<>", "!=", "<=", ">=", "==", "||", "::", "(", ")", ",", ".", "*", "+", "-",
        "/",   "%",  "<",  ">",  "=",  ";",  "[",  "]",  "!", "&", "|", "^", "~", ":", "?"};
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        size_t len = strlen(symbols[i]);
        if (strncmp(lexer->text + lexer->at, symbols[i], len) != 0)
            continue;
        token->kind = TK_SYMBOL;
        token->text = symbols[i];
        token->len = len;
        lexer->at += len;
        return 0;
    }
    return sql_syntax_error(lexer->context, (int)lexer->at, "'%c'",
                            isprint((unsigned char)lexer->text[lexer->at]) ? lexer->text[lexer->at]
                                                                           : '?');
}

int sql_lex(struct sql_lexer *lexer, struct sql_token *token)
{
    int result = 0;
    memset(token, 0, sizeof *token);
    if (skip_blank(lexer) < 0)
        return -1;
    token->pos = (int)lexer->at;
    const char *at = lexer->text + lexer->at;
    if (lexer->at >= lexer->len) {
        token->kind = TK_END;
        token->text = "end of input";
    } else if (*at == '`') {
        result = lex_quoted(lexer, token);
    } else if (*at == '\'' || *at == '"') {
        result = lex_string(lexer, token, false);
    } else if ((*at == 'r' || *at == 'R') && (at[1] == '\'' || at[1] == '"')) {
        lexer->at++;
        result = lex_string(lexer, token, true);
    } else if (isdigit((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
        lex_number(lexer, token);
    } else if (word_start((unsigned char)*at)) {
        lex_word(lexer, token, TK_WORD);
    } else if (*at == ':' && word_start((unsigned char)at[1])) {
        lexer->at++;
        lex_word(lexer, token, TK_PARAMETER);
    } else if (*at == '?') {
        lexer->at++;
        token->kind = TK_PARAMETER;
        token->text = "?";
    } else {
        result = lex_symbol(lexer, token);
    }
    token->end = (int)lexer->at;
    return result;
}
