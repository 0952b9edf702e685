/* Type texts as the workspace writes them, in either spelling: catalog strings
 * ("array<struct<a:int>>"), DDL
 * ("STRUCT<a: INT NOT NULL COMMENT 'x'>") and the type names of the Statement API ("LONG"). */
#include "model/type.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define TEXT_MAX ((size_t)1 << 20)

static const struct {
    const char *word;
    enum model_kind kind;
} words[] = {
    {"boolean", MODEL_BOOLEAN},
    {"tinyint", MODEL_BYTE},
    {"byte", MODEL_BYTE},
    {"smallint", MODEL_SHORT},
    {"short", MODEL_SHORT},
    {"int", MODEL_INT},
    {"integer", MODEL_INT},
    {"bigint", MODEL_LONG},
    {"long", MODEL_LONG},
    {"float", MODEL_FLOAT},
    {"real", MODEL_FLOAT},
    {"double", MODEL_DOUBLE},
    {"decimal", MODEL_DECIMAL},
    {"dec", MODEL_DECIMAL},
    {"numeric", MODEL_DECIMAL},
    {"string", MODEL_STRING},
    {"char", MODEL_STRING},
    {"character", MODEL_STRING},
    {"varchar", MODEL_STRING},
    {"binary", MODEL_BINARY},
    {"date", MODEL_DATE},
    {"timestamp", MODEL_TIMESTAMP},
    {"timestamp_ltz", MODEL_TIMESTAMP},
    {"timestamp_ntz", MODEL_TIMESTAMP_NTZ},
    {"variant", MODEL_VARIANT},
    {"void", MODEL_VOID},
    {"null", MODEL_VOID},
    {"array", MODEL_ARRAY},
    {"map", MODEL_MAP},
    {"struct", MODEL_STRUCT},
};

struct parser {
    const char *at;
    int depth;
    struct err *err;
};

static int parse_type(struct parser *p, struct model_type *out);

static int refuse(struct parser *p, const char *what)
{
    return base_err_set(p->err, ERR_TYPE_UNSUPPORTED, "%s before '%.40s'", what, p->at);
}

static void skip_space(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static bool accept(struct parser *p, char c)
{
    skip_space(p);
    if (*p->at != c)
        return false;
    p->at++;
    return true;
}

static size_t word_len(const char *at)
{
    return strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
}

static bool is_word(const char *at, size_t len, const char *word)
{
    char copy[32];

    if (len >= sizeof copy)
        return false;
    memcpy(copy, at, len);
    copy[len] = '\0';
    return base_text_equal_nocase(copy, word);
}

static bool accept_word(struct parser *p, const char *word)
{
    size_t len;

    skip_space(p);
    len = word_len(p->at);
    if (!is_word(p->at, len, word))
        return false;
    p->at += len;
    return true;
}

static int parse_int(struct parser *p, int max, int *out)
{
    int value = 0, digits = 0;

    for (skip_space(p); *p->at >= '0' && *p->at <= '9'; p->at++, digits++) {
        if (value > max)
            return refuse(p, "a number is too large");
        value = value * 10 + *p->at - '0';
    }
    if (!digits || value > max)
        return refuse(p, digits ? "a number is too large" : "a number is missing");
    *out = value;
    return 0;
}

static int parse_decimal(struct parser *p, struct model_type *out)
{
    out->precision = 10;
    if (!accept(p, '('))
        return 0;
    if (parse_int(p, 38, &out->precision))
        return -1;
    if (accept(p, ',') && parse_int(p, 38, &out->scale))
        return -1;
    if (out->precision < 1 || out->scale > out->precision)
        return refuse(p, "precision and scale do not fit");
    return accept(p, ')') ? 0 : refuse(p, "a closing parenthesis is missing");
}

static int parse_text_type(struct parser *p, struct model_type *out)
{
    if (accept(p, '(') && (parse_int(p, INT32_MAX / 16, &out->length) || !accept(p, ')')))
        return refuse(p, "a length is wrong");
    if (accept_word(p, "collate")) {
        skip_space(p);
        p->at += word_len(p->at);
    }
    return 0;
}

/* 'text' with backslash escapes or doubled quotes; what it says is not kept. */
static int skip_literal(struct parser *p)
{
    char quote;

    skip_space(p);
    quote = *p->at;
    if (quote != '\'' && quote != '"')
        return refuse(p, "a comment text is missing");
    for (p->at++; *p->at; p->at++) {
        if (*p->at == '\\' && p->at[1]) {
            p->at++;
        } else if (*p->at == quote) {
            if (p->at[1] != quote) {
                p->at++;
                return 0;
            }
            p->at++;
        }
    }
    return refuse(p, "a comment does not end");
}

/* Bare (up to a colon, space or bracket) or in backticks. */
static int parse_field_name(struct parser *p, char **out)
{
    struct buf name;

    skip_space(p);
    if (*p->at != '`') {
        size_t len = strcspn(p->at, ":<>, \t\r\n`");

        if (!len)
            return refuse(p, "a field name is missing");
        *out = base_strndup(p->at, len);
        p->at += len;
        return 0;
    }
    base_buf_init(&name, TEXT_MAX);
    for (p->at++; *p->at; p->at++) {
        if (*p->at == '`' && *++p->at != '`') {
            *out = base_buf_take(&name, NULL);
            return 0;
        }
        base_buf_byte(&name, (uint8_t)*p->at);
    }
    base_buf_free(&name);
    return refuse(p, "a closing backtick is missing");
}

static struct model_column *add_child(struct model_type *type, size_t *cap)
{
    struct model_column *child;

    if (type->child_count == *cap) {
        *cap = *cap ? *cap * 2 : 2;
        type->children = base_realloc(type->children, *cap, sizeof *type->children);
    }
    child = &type->children[type->child_count++];
    *child = (struct model_column){.nullable = true, .partition_index = -1};
    return child;
}

static int parse_field(struct parser *p, struct model_column *field)
{
    if (parse_field_name(p, &field->name))
        return -1;
    accept(p, ':');
    if (parse_type(p, &field->type))
        return -1;
    if (accept_word(p, "not")) {
        if (!accept_word(p, "null"))
            return refuse(p, "NULL is missing");
        field->nullable = false;
    }
    return accept_word(p, "comment") ? skip_literal(p) : 0;
}

static int parse_nested(struct parser *p, struct model_type *out)
{
    size_t cap = 0, want = out->kind == MODEL_ARRAY ? 1 : out->kind == MODEL_MAP ? 2 : 0;

    if (!accept(p, '<'))
        return refuse(p, "an opening angle bracket is missing");
    if (!want && accept(p, '>'))
        return 0;
    do {
        struct model_column *child = add_child(out, &cap);

        if (want) {
            child->name = base_strdup(want == 1               ? "element"
                                      : out->child_count == 1 ? "key"
                                                              : "value");
            if (parse_type(p, &child->type))
                return -1;
        } else if (parse_field(p, child)) {
            return -1;
        }
    } while (out->child_count != want && accept(p, ','));
    if (want && out->child_count != want)
        return refuse(p, "a type is missing");
    return accept(p, '>') ? 0 : refuse(p, "a closing angle bracket is missing");
}

/* After INTERVAL: YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, alone or as A TO B. A bare INTERVAL says
 * too little. */
static void parse_interval(struct parser *p, struct model_type *out)
{
    static const char *const units[] = {"year", "month", "day", "hour", "minute", "second"};

    out->kind = MODEL_OTHER;
    for (size_t i = 0; i < base_countof(units); i++) {
        if (!accept_word(p, units[i]))
            continue;
        out->kind = i < 2 ? MODEL_INTERVAL_YM : MODEL_INTERVAL_DT;
        if (accept_word(p, "to")) {
            skip_space(p);
            p->at += word_len(p->at);
        }
        return;
    }
}

/* A type of tomorrow: its word and whatever stands in round brackets behind it. */
static int parse_other(struct parser *p, struct model_type *out)
{
    out->kind = MODEL_OTHER;
    skip_space(p);
    if (*p->at != '(')
        return 0;
    p->at += strcspn(p->at, ")");
    return accept(p, ')') ? 0 : refuse(p, "a closing parenthesis is missing");
}

static int parse_word(struct parser *p, struct model_type *out)
{
    size_t len = word_len(p->at);
    const char *start = p->at;

    if (!len)
        return refuse(p, "a type is missing");
    p->at += len;
    if (is_word(start, len, "interval")) {
        parse_interval(p, out);
        return 0;
    }
    for (size_t i = 0; i < base_countof(words); i++) {
        if (!is_word(start, len, words[i].word))
            continue;
        out->kind = words[i].kind;
        if (out->kind == MODEL_DECIMAL)
            return parse_decimal(p, out);
        if (out->kind == MODEL_STRING)
            return parse_text_type(p, out);
        return out->kind >= MODEL_ARRAY ? parse_nested(p, out) : 0;
    }
    return parse_other(p, out);
}

static int parse_type(struct parser *p, struct model_type *out)
{
    const char *start;

    if (p->depth == DEPTH_MAX)
        return base_err_set(p->err, ERR_LIMIT_EXCEEDED, "types are nested deeper than %d",
                            DEPTH_MAX);
    p->depth++;
    skip_space(p);
    start = p->at;
    if (parse_word(p, out))
        return -1;
    out->text = base_strndup(start, (size_t)(p->at - start));
    p->depth--;
    return 0;
}

int model_type_parse(const char *text, struct model_type *out, struct err *err)
{
    struct parser parser = {.at = text, .err = err};
    int result;

    *out = (struct model_type){0};
    if (strnlen(text, TEXT_MAX) == TEXT_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "a type of more than %zu bytes", TEXT_MAX);
    result = parse_type(&parser, out);
    skip_space(&parser);
    if (!result && *parser.at)
        result = refuse(&parser, "something follows the type");
    if (result) {
        model_type_free(out);
        return base_err_context(err, "type '%.60s'", text);
    }
    return 0;
}
