/* Tokens of a statement. */
#ifndef AAMPE_SANDBOX_LEXER_H
#define AAMPE_SANDBOX_LEXER_H

#include "sandbox/ast.h"

enum sql_token_kind {
    TK_END,
    TK_WORD,   /* bare identifier or keyword; text as written */
    TK_QUOTED, /* `identifier`, unescaped */
    TK_STRING,
    TK_NUMBER,
    TK_PARAMETER,
    TK_SYMBOL
};

struct sql_token {
    enum sql_token_kind kind;
    int pos, end;
    const char *text;
    size_t len; /* TK_STRING may hold NUL bytes */
};

struct sql_lexer {
    struct sql_context *context;
    const char *text;
    size_t len, at;
};

/* 0, or -1 with the error filled. */
int sql_lex(struct sql_lexer *lexer, struct sql_token *token);

#endif
