#include "sandbox/parser.h"

#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 200
#define MAX_HEIGHT 2000 /* of the tree: loops build it without getting deeper themselves */
#define LINE 8          /* operands of a chain that keeps the shape in which it was written */

static struct sql_expr *parse_or(struct sql_parser *parser);
static struct sql_expr *parse_unary(struct sql_parser *parser);

static struct sql_expr *node(struct sql_parser *parser, enum sql_expr_kind kind, int pos,
                             const char *op, struct sql_expr *a, struct sql_expr *b)
{
    struct sql_expr *expr = sql_expr_new(parser->context, kind, pos);
    expr->op = op;
    if (a)
        sql_expr_arg(parser->context, expr, a);
    if (b)
        sql_expr_arg(parser->context, expr, b);
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *literal(struct sql_parser *parser, enum sandbox_kind kind, int pos)
{
    struct sql_expr *expr = sql_expr_new(parser->context, EX_LITERAL, pos);
    expr->type = sandbox_type_of(kind);
    expr->end = parser->last_end;
    return expr;
}

struct sql_expr *sql_parse_expr(struct sql_parser *parser)
{
    if (parser->depth > MAX_DEPTH) {
        sql_too_complex(parser->context, parser->token.pos);
        return NULL;
    }
    parser->depth++;
    struct sql_expr *expr = parse_or(parser);
    parser->depth--;
    if (expr && expr->height > MAX_HEIGHT) {
        sql_too_complex(parser->context, expr->pos);
        return NULL;
    }
    return expr;
}

int sql_parse_type(struct sql_parser *parser, struct sandbox_type *type)
{
    int start = parser->token.pos, angle = 0, round = 0;
    bool interval = sql_at_word(parser, "interval");
    if (parser->token.kind != TK_WORD || sql_advance(parser) < 0)
        return sql_unexpected(parser);
    while (parser->token.kind != TK_END) {
        if (sql_at_symbol(parser, "<"))
            angle++;
        else if (sql_at_symbol(parser, ">"))
            angle--;
        else if (sql_at_symbol(parser, "("))
            round++;
        else if (sql_at_symbol(parser, ")") && round > 0)
            round--;
        else if (angle == 0 && round == 0 &&
                 !(interval && parser->token.kind == TK_WORD && !sql_at_word(parser, "as")))
            break;
        if (sql_advance(parser) < 0)
            return -1;
        if (angle == 0 && round == 0 && !interval && !sql_at_symbol(parser, "("))
            break;
    }
    const char *text = sandbox_arena_text(parser->context->arena, parser->context->text + start,
                                          (size_t)(parser->last_end - start));
    if (sandbox_type_parse(parser->context->arena, text, type) < 0)
        return sql_error(parser->context, "0A000", start,
                         "[UNSUPPORTED_DATATYPE] Unsupported data type \"%s\".", text);
    return 0;
}

static int number_range(struct sql_parser *parser, int pos, const char *text)
{
    return sql_error(
        parser->context, "22003", pos,
        "[INVALID_NUMERIC_LITERAL_RANGE] Numeric literal %s is outside the valid range.", text);
}

static int decimal_literal(struct sql_parser *parser, struct sql_expr *expr, const char *digits)
{
    const char *point = strchr(digits, '.');
    size_t len = strcspn(digits, "eE");
    int scale = point ? (int)(len - (size_t)(point - digits) - 1) : 0;
    if (scale > 38 || !sandbox_decimal_parse(digits, strlen(digits), scale, &expr->value.d))
        return number_range(parser, expr->pos, digits);
    int precision = 1;
    while (precision < 38 && !sandbox_decimal_fits(expr->value.d, precision))
        precision++;
    expr->type =
        sandbox_type_decimal(parser->context->arena, precision < scale ? scale : precision, scale);
    return 0;
}

static struct sql_expr *parse_number(struct sql_parser *parser)
{
    static const struct {
        const char *suffix;
        enum sandbox_kind kind;
        int64_t max;
    } suffixes[] = {
        {"L", SB_BIGINT, INT64_MAX}, {"S", SB_SMALLINT, INT16_MAX}, {"Y", SB_TINYINT, INT8_MAX}};
    const char *text = parser->token.text;
    size_t digits = strspn(text, "0123456789.");
    if (tolower((unsigned char)text[digits]) == 'e') {
        digits++;
        digits += strspn(text + digits, "+-0123456789");
    }
    const char *suffix = text + digits;
    char *body = sandbox_arena_text(parser->context->arena, text, digits);
    bool fraction = strpbrk(body, ".eE") != NULL;
    struct sql_expr *expr = literal(parser, SB_INT, parser->token.pos);
    if (base_text_equal_nocase(suffix, "BD") || (!*suffix && fraction && !strpbrk(body, "eE"))) {
        if (decimal_literal(parser, expr, body) < 0)
            return NULL;
    } else if (base_text_equal_nocase(suffix, "D") || base_text_equal_nocase(suffix, "F") ||
               (!*suffix && fraction)) {
        expr->type = sandbox_type_of(base_text_equal_nocase(suffix, "F") ? SB_FLOAT : SB_DOUBLE);
        expr->value.f = strtod(body, NULL);
    } else if (fraction) {
        sql_unexpected(parser);
        return NULL;
    } else {
        __int128 value;
        int64_t max = INT64_MAX;
        bool known = !*suffix;
        if (!sandbox_decimal_parse(body, digits, 0, &value)) {
            number_range(parser, expr->pos, text);
            return NULL;
        }
        expr->type = sandbox_type_of(value <= INT32_MAX ? SB_INT : SB_BIGINT);
        for (size_t i = 0; i < base_countof(suffixes); i++) {
            if (!*suffix || !base_text_equal_nocase(suffixes[i].suffix, suffix))
                continue;
            known = true;
            expr->type = sandbox_type_of(suffixes[i].kind);
            max = suffixes[i].max;
        }
        if (!known) {
            sql_unexpected(parser);
            return NULL;
        }
        if (value > max && *suffix) {
            number_range(parser, expr->pos, text);
            return NULL;
        }
        if (value > max) {
            if (decimal_literal(parser, expr, body) < 0)
                return NULL;
        } else {
            expr->value.i = (int64_t)value;
        }
    }
    if (sql_advance(parser) < 0)
        return NULL;
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *bad_typed_literal(struct sql_parser *parser, int pos, const char *type,
                                          const char *text)
{
    sql_error(parser->context, "42604", pos,
              "[INVALID_TYPED_LITERAL] The value of the typed literal \"%s\" is invalid: '%s'.",
              type, text);
    return NULL;
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* DATE'..' TIMESTAMP'..' TIMESTAMP_NTZ'..' X'..': the token is the word, the next one the text. */
static struct sql_expr *parse_typed_literal(struct sql_parser *parser)
{
    const char *word = parser->token.text, *text = parser->next.text;
    size_t len = parser->next.len;
    int pos = parser->token.pos;
    bool ok = true;
    if (sql_advance(parser) < 0 || sql_advance(parser) < 0)
        return NULL;
    struct sql_expr *expr = literal(parser, SB_DATE, pos);
    if (base_text_equal_nocase(word, "date")) {
        ok = sandbox_date_parse(text, len, &expr->value.i);
    } else if (base_text_equal_nocase(word, "x")) {
        expr->type = sandbox_type_of(SB_BINARY);
        ok = len % 2 == 0 && strspn(text, "0123456789abcdefABCDEF") == len;
        char *bytes = sandbox_arena_alloc(parser->context->arena, len / 2 + 1);
        for (size_t i = 0; ok && i < len / 2; i++)
            bytes[i] = (char)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
        expr->value.text = bytes;
        expr->value.len = len / 2;
    } else {
        bool ntz = base_text_equal_nocase(word, "timestamp_ntz");
        expr->type = sandbox_type_of(ntz ? SB_TIMESTAMP_NTZ : SB_TIMESTAMP);
        ok = sandbox_timestamp_parse(text, len, parser->context->time_zone, ntz, &expr->value.i);
    }
    return ok ? expr : bad_typed_literal(parser, pos, expr->type.text, text);
}

/* INTERVAL '3' DAY, INTERVAL 3 DAYS. */
static struct sql_expr *parse_interval(struct sql_parser *parser)
{
    static const struct {
        const char *unit;
        int64_t scale;
        bool months;
    } units[] = {
        {"year", 12, true},          {"month", 1, true},          {"week", 604800000000, false},
        {"day", 86400000000, false}, {"hour", 3600000000, false}, {"minute", 60000000, false},
        {"second", 1000000, false}};
    int pos = parser->token.pos;
    if (sql_advance(parser) < 0)
        return NULL;
    int sign = sql_take_symbol(parser, "-") > 0 ? -1 : 1;
    if (parser->token.kind != TK_NUMBER && parser->token.kind != TK_STRING) {
        sql_unexpected(parser);
        return NULL;
    }
    char *end;
    int64_t count = strtoll(parser->token.text, &end, 10);
    if (*end || sql_advance(parser) < 0) {
        sql_unexpected(parser);
        return NULL;
    }
    for (size_t i = 0; i < base_countof(units) && parser->token.kind == TK_WORD; i++) {
        size_t len = strlen(units[i].unit);
        if (strncasecmp(parser->token.text, units[i].unit, len) != 0 ||
            (parser->token.text[len] && !base_text_equal_nocase(parser->token.text + len, "s")))
            continue;
        if (sql_advance(parser) < 0)
            return NULL;
        struct sql_expr *expr =
            literal(parser, units[i].months ? SB_INTERVAL_YM : SB_INTERVAL_DT, pos);
        if (__builtin_mul_overflow(count * sign, units[i].scale, &expr->value.i))
            return bad_typed_literal(parser, pos, "INTERVAL", "out of range");
        return expr;
    }
    sql_unexpected(parser);
    return NULL;
}

static struct sql_expr *parse_cast(struct sql_parser *parser, bool safe)
{
    int pos = parser->token.pos;
    if (sql_advance(parser) < 0 || sql_need_symbol(parser, "(") < 0)
        return NULL;
    struct sql_expr *inner = sql_parse_expr(parser);
    if (!inner || sql_need_word(parser, "as") < 0)
        return NULL;
    struct sql_expr *expr = node(parser, EX_CAST, pos, NULL, inner, NULL);
    expr->safe = safe;
    if (sql_parse_type(parser, &expr->to) < 0 || sql_need_symbol(parser, ")") < 0)
        return NULL;
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *parse_case(struct sql_parser *parser)
{
    struct sql_expr *expr = sql_expr_new(parser->context, EX_CASE, parser->token.pos), *part;
    if (sql_advance(parser) < 0)
        return NULL;
    if (!sql_at_word(parser, "when")) {
        if (!(part = sql_parse_expr(parser)))
            return NULL;
        sql_expr_arg(parser->context, expr, part);
        expr->has_operand = true;
    }
    do {
        if (sql_need_word(parser, "when") < 0 || !(part = sql_parse_expr(parser)))
            return NULL;
        sql_expr_arg(parser->context, expr, part);
        if (sql_need_word(parser, "then") < 0 || !(part = sql_parse_expr(parser)))
            return NULL;
        sql_expr_arg(parser->context, expr, part);
    } while (sql_at_word(parser, "when"));
    if (sql_take_word(parser, "else") > 0) {
        if (!(part = sql_parse_expr(parser)))
            return NULL;
        sql_expr_arg(parser->context, expr, part);
        expr->has_else = true;
    }
    if (sql_need_word(parser, "end") < 0)
        return NULL;
    expr->end = parser->last_end;
    return expr;
}

static int parse_call_args(struct sql_parser *parser, struct sql_expr *expr)
{
    if (sql_need_symbol(parser, "(") < 0)
        return -1;
    expr->distinct = sql_take_word(parser, "distinct") > 0;
    while (!sql_at_symbol(parser, ")")) {
        struct sql_expr *arg;
        if (expr->arg_count && sql_need_symbol(parser, ",") < 0)
            return -1;
        if (!(arg = sql_parse_expr(parser)))
            return -1;
        sql_expr_arg(parser->context, expr, arg);
    }
    if (sql_need_symbol(parser, ")") < 0)
        return -1;
    expr->end = parser->last_end;
    if (sql_at_word(parser, "filter") && parser->next.kind == TK_SYMBOL) {
        if (sql_advance(parser) < 0 || sql_need_symbol(parser, "(") < 0 ||
            sql_need_word(parser, "where") < 0 || !(expr->filter = sql_parse_expr(parser)) ||
            sql_need_symbol(parser, ")") < 0)
            return -1;
        expr->end = parser->last_end;
    }
    return 0;
}

static struct sql_expr *parse_star(struct sql_parser *parser, const char **parts, size_t count,
                                   int pos)
{
    struct sql_expr *expr = node(parser, EX_STAR, pos, NULL, NULL, NULL);
    expr->parts = parts;
    expr->part_count = count;
    if (sql_advance(parser) < 0)
        return NULL;
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *parse_named(struct sql_parser *parser)
{
    int pos = parser->token.pos;
    const char *list[8];
    size_t count = 0;
    bool plain = parser->token.kind == TK_WORD;
    while (count < 8) {
        if (parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED) {
            sql_unexpected(parser);
            return NULL;
        }
        list[count++] = parser->token.text;
        if (sql_advance(parser) < 0)
            return NULL;
        if (!sql_at_symbol(parser, "."))
            break;
        if (sql_advance(parser) < 0)
            return NULL;
        if (sql_at_symbol(parser, "*"))
            break;
    }
    const char **parts = sandbox_arena_alloc(parser->context->arena, count * sizeof *parts);
    memcpy(parts, list, count * sizeof *parts);
    if (sql_at_symbol(parser, "*") && parser->context->text[parser->last_end - 1] == '.')
        return parse_star(parser, parts, count, pos);
    struct sql_expr *expr = sql_expr_new(parser->context, EX_COLUMN, pos);
    expr->parts = parts;
    expr->part_count = count;
    expr->end = parser->last_end;
    if (count == 1 && plain && sql_at_symbol(parser, "(")) {
        expr->kind = EX_CALL;
        expr->name = list[0];
        if (parse_call_args(parser, expr) < 0)
            return NULL;
    }
    return expr;
}

static struct sql_expr *parse_word(struct sql_parser *parser)
{
    static const char *const typed[] = {"date", "timestamp", "timestamp_ntz", "x"};
    int pos = parser->token.pos;
    for (size_t i = 0; i < base_countof(typed); i++)
        if (sql_at_word(parser, typed[i]) && parser->next.kind == TK_STRING)
            return parse_typed_literal(parser);
    if (sql_at_word(parser, "interval") &&
        (parser->next.kind == TK_STRING || parser->next.kind == TK_NUMBER))
        return parse_interval(parser);
    bool call = parser->next.kind == TK_SYMBOL && strcmp(parser->next.text, "(") == 0;
    if (call && (sql_at_word(parser, "cast") || sql_at_word(parser, "try_cast")))
        return parse_cast(parser, sql_at_word(parser, "try_cast"));
    if (sql_at_word(parser, "case"))
        return parse_case(parser);
    if (sql_at_word(parser, "true") || sql_at_word(parser, "false")) {
        struct sql_expr *expr = literal(parser, SB_BOOLEAN, pos);
        expr->value.i = sql_at_word(parser, "true");
        return sql_advance(parser) < 0 ? NULL : (expr->end = parser->last_end, expr);
    }
    if (sql_at_word(parser, "null")) {
        struct sql_expr *expr = literal(parser, SB_VOID, pos);
        expr->value.null = true;
        return sql_advance(parser) < 0 ? NULL : (expr->end = parser->last_end, expr);
    }
    if (!call && (sql_at_word(parser, "current_date") || sql_at_word(parser, "current_timestamp") ||
                  sql_at_word(parser, "current_user"))) {
        struct sql_expr *expr = sql_expr_new(parser->context, EX_CALL, pos);
        expr->name = parser->token.text;
        return sql_advance(parser) < 0 ? NULL : (expr->end = parser->last_end, expr);
    }
    if (sql_at_identifier(parser)) {
        struct sql_expr *expr = sql_expr_new(parser->context, EX_COLUMN, pos);
        if (sql_parse_identifier(parser, &expr->parts, &expr->part_count) < 0)
            return NULL;
        return expr->end = parser->last_end, expr;
    }
    if (sql_reserved(&parser->token) && !call && !sql_at_word(parser, "timestamp") &&
        !sql_at_word(parser, "version")) {
        sql_unexpected(parser);
        return NULL;
    }
    return parse_named(parser);
}

static struct sql_expr *parse_primary(struct sql_parser *parser)
{
    struct sql_expr *expr;
    int pos = parser->token.pos;
    switch (parser->token.kind) {
    case TK_NUMBER:
        return parse_number(parser);
    case TK_STRING:
        expr = literal(parser, SB_STRING, pos);
        expr->value.text = parser->token.text;
        expr->value.len = parser->token.len;
        return sql_advance(parser) < 0 ? NULL : (expr->end = parser->last_end, expr);
    case TK_PARAMETER:
        expr = sql_expr_new(parser->context, EX_PARAMETER, pos);
        expr->name = parser->token.text;
        if (*expr->name == '?')
            expr->position = ++parser->context->markers;
        return sql_advance(parser) < 0 ? NULL : (expr->end = parser->last_end, expr);
    case TK_QUOTED:
        return parse_named(parser);
    case TK_WORD:
        return parse_word(parser);
    default:
        break;
    }
    if (sql_at_symbol(parser, "*"))
        return parse_star(parser, NULL, 0, pos);
    if (sql_take_symbol(parser, "(") > 0) {
        expr = sql_parse_expr(parser);
        if (!expr || sql_need_symbol(parser, ")") < 0)
            return NULL;
        return expr;
    }
    sql_unexpected(parser);
    return NULL;
}

static struct sql_expr *parse_postfix(struct sql_parser *parser)
{
    struct sql_expr *expr = parse_primary(parser);
    while (expr && parser->token.kind == TK_SYMBOL) {
        int pos = expr->pos;
        if (sql_take_symbol(parser, "::") > 0) {
            expr = node(parser, EX_CAST, pos, NULL, expr, NULL);
            if (sql_parse_type(parser, &expr->to) < 0)
                return NULL;
        } else if (sql_at_symbol(parser, "[") && expr->kind != EX_STAR) {
            struct sql_expr *key;
            if (sql_advance(parser) < 0 || !(key = sql_parse_expr(parser)) ||
                sql_need_symbol(parser, "]") < 0)
                return NULL;
            expr = node(parser, EX_ELEMENT, pos, NULL, expr, key);
        } else if (sql_at_symbol(parser, ".") && expr->kind != EX_STAR) {
            if (sql_advance(parser) < 0)
                return NULL;
            expr = node(parser, EX_FIELD, pos, NULL, expr, NULL);
            expr->name = parser->token.text;
            if ((parser->token.kind != TK_WORD && parser->token.kind != TK_QUOTED) ||
                sql_advance(parser) < 0)
                return sql_unexpected(parser), NULL;
        } else {
            break;
        }
        expr->end = parser->last_end;
    }
    return expr;
}

static struct sql_expr *parse_unary(struct sql_parser *parser)
{
    int pos = parser->token.pos;
    if (parser->depth > MAX_DEPTH)
        return sql_parse_expr(parser);
    for (const char *const *op = (const char *const[]){"-", "+", "~", NULL}; *op; op++) {
        if (sql_take_symbol(parser, *op) <= 0)
            continue;
        parser->depth++;
        struct sql_expr *inner = parse_unary(parser);
        parser->depth--;
        if (inner && **op == '-' && inner->kind == EX_LITERAL && inner->type.kind == SB_DECIMAL &&
            inner->type.scale == 0 && inner->value.d == (__int128)INT64_MAX + 1) {
            inner->type = sandbox_type_of(SB_BIGINT); /* the smallest BIGINT */
            inner->value.d = 0;
            inner->value.i = INT64_MIN;
            inner->pos = pos;
            return inner;
        }
        return inner ? node(parser, EX_UNARY, pos, *op, inner, NULL) : NULL;
    }
    return parse_postfix(parser);
}

/* Operands between which the same operator stands, and any grouping gives the same. */
struct chain {
    const char *op;
    vec_of(struct sql_expr *) items;
};

static struct sql_expr *grouped(struct sql_parser *parser, const char *op,
                                struct sql_expr *const *items, size_t count)
{
    size_t left_count = count <= LINE ? count - 1 : count / 2;
    if (count == 1)
        return items[0];
    struct sql_expr *left = grouped(parser, op, items, left_count);
    struct sql_expr *right = grouped(parser, op, items + left_count, count - left_count);
    struct sql_expr *expr = node(parser, EX_BINARY, left->pos, op, left, right);
    expr->end = right->end;
    return expr;
}

/* Grouped in halves, so that ten thousand operands are fourteen deep; NULL when the last one could
 * not be read. Ends the chain. */
static struct sql_expr *chain_end(struct sql_parser *parser, struct chain *chain)
{
    size_t count = chain->items.count;
    struct sql_expr *expr = count && chain->items.items[count - 1]
                                ? grouped(parser, chain->op, chain->items.items, count)
                                : NULL;
    vec_free(&chain->items);
    return expr;
}

static const char *const levels[][8] = {
    {"*", "/", "%", "DIV", NULL},
    {"+", "-", "||", NULL},
    {"<=>", "<>", "!=", "<=", ">=", "==", "<", NULL},
};

static const char *operator_at(struct sql_parser *parser, int level)
{
    if (level == 2 && sql_at_symbol(parser, ">"))
        return ">";
    if (level == 2 && sql_at_symbol(parser, "="))
        return "=";
    if (level == 0 && sql_at_word(parser, "div"))
        return "DIV";
    for (const char *const *op = levels[level]; *op; op++)
        if (sql_at_symbol(parser, *op))
            return strcmp(*op, "!=") == 0 ? "<>" : strcmp(*op, "==") == 0 ? "=" : *op;
    return NULL;
}

static struct sql_expr *parse_binary(struct sql_parser *parser, int level);

static struct sql_expr *parse_concatenation(struct sql_parser *parser, struct sql_expr *first)
{
    struct chain chain = {.op = "||"};
    struct sql_expr *item = first;
    vec_push(&chain.items, item);
    while (item && sql_at_symbol(parser, "||")) {
        item = sql_advance(parser) < 0 ? NULL : parse_binary(parser, 0);
        vec_push(&chain.items, item);
    }
    return chain_end(parser, &chain);
}

static struct sql_expr *parse_binary(struct sql_parser *parser, int level)
{
    struct sql_expr *left = level == 0 ? parse_unary(parser) : parse_binary(parser, level - 1);
    const char *op;
    while (left && (op = operator_at(parser, level))) {
        if (strcmp(op, "||") == 0) {
            left = parse_concatenation(parser, left);
            continue;
        }
        if (sql_advance(parser) < 0)
            return NULL;
        struct sql_expr *right = level == 0 ? parse_unary(parser) : parse_binary(parser, level - 1);
        left = right ? node(parser, EX_BINARY, left->pos, op, left, right) : NULL;
    }
    return left;
}

static struct sql_expr *parse_in(struct sql_parser *parser, struct sql_expr *left)
{
    struct sql_expr *expr = node(parser, EX_IN, left->pos, NULL, left, NULL);
    if (sql_need_symbol(parser, "(") < 0)
        return NULL;
    if (sql_at_word(parser, "select")) {
        if (!(expr->query = sql_parse_select_query(parser)))
            return NULL;
    } else {
        do {
            struct sql_expr *item = sql_parse_expr(parser);
            if (!item)
                return NULL;
            sql_expr_arg(parser->context, expr, item);
        } while (sql_at_symbol(parser, ",") && sql_advance(parser) == 0);
    }
    if (sql_need_symbol(parser, ")") < 0)
        return NULL;
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *parse_is(struct sql_parser *parser, struct sql_expr *left)
{
    bool negated = sql_take_word(parser, "not") > 0;
    if (sql_take_word(parser, "distinct") > 0) {
        struct sql_expr *right;
        if (sql_need_word(parser, "from") < 0 || !(right = parse_binary(parser, 1)))
            return NULL;
        struct sql_expr *same = node(parser, EX_BINARY, left->pos, "<=>", left, right);
        return negated ? same : node(parser, EX_UNARY, left->pos, "NOT", same, NULL);
    }
    const char *op = sql_at_word(parser, "null")    ? "NULL"
                     : sql_at_word(parser, "true")  ? "TRUE"
                     : sql_at_word(parser, "false") ? "FALSE"
                                                    : NULL;
    if (!op) {
        sql_unexpected(parser);
        return NULL;
    }
    if (sql_advance(parser) < 0)
        return NULL;
    struct sql_expr *expr = node(parser, EX_IS, left->pos, op, left, NULL);
    expr->negated = negated;
    return expr;
}

static struct sql_expr *parse_like(struct sql_parser *parser, struct sql_expr *left, const char *op)
{
    if (sql_advance(parser) < 0)
        return NULL;
    struct sql_expr *pattern = parse_binary(parser, 1);
    if (!pattern)
        return NULL;
    struct sql_expr *expr = node(parser, EX_LIKE, left->pos, op, left, pattern);
    if (sql_take_word(parser, "escape") > 0) {
        struct sql_expr *escape = parse_primary(parser);
        if (!escape)
            return NULL;
        sql_expr_arg(parser->context, expr, escape);
    }
    expr->end = parser->last_end;
    return expr;
}

static struct sql_expr *parse_predicate(struct sql_parser *parser)
{
    struct sql_expr *left = parse_binary(parser, 2);
    while (left) {
        if (sql_take_word(parser, "is") > 0) {
            left = parse_is(parser, left);
            continue;
        }
        bool negated = sql_take_word(parser, "not") > 0;
        if (sql_take_word(parser, "in") > 0) {
            left = parse_in(parser, left);
        } else if (sql_take_word(parser, "between") > 0) {
            struct sql_expr *low = parse_binary(parser, 1), *high;
            if (!low || sql_need_word(parser, "and") < 0 || !(high = parse_binary(parser, 1)))
                return NULL;
            left = node(parser, EX_BETWEEN, left->pos, NULL, left, low);
            sql_expr_arg(parser->context, left, high);
        } else if (sql_at_word(parser, "like")) {
            left = parse_like(parser, left, "LIKE");
        } else if (sql_at_word(parser, "ilike")) {
            left = parse_like(parser, left, "ILIKE");
        } else if (sql_at_word(parser, "rlike") || sql_at_word(parser, "regexp")) {
            left = parse_like(parser, left, "RLIKE");
        } else if (negated) {
            sql_unexpected(parser);
            return NULL;
        } else {
            break;
        }
        if (left)
            left->negated = negated;
    }
    return left;
}

static struct sql_expr *parse_not(struct sql_parser *parser)
{
    int pos = parser->token.pos;
    if (parser->depth > MAX_DEPTH)
        return sql_parse_expr(parser);
    if (sql_take_word(parser, "not") > 0 || sql_take_symbol(parser, "!") > 0) {
        parser->depth++;
        struct sql_expr *inner = parse_not(parser);
        parser->depth--;
        return inner ? node(parser, EX_UNARY, pos, "NOT", inner, NULL) : NULL;
    }
    return parse_predicate(parser);
}

static struct sql_expr *parse_and(struct sql_parser *parser)
{
    struct chain chain = {.op = "AND"};
    struct sql_expr *item;
    do {
        item = parse_not(parser);
        vec_push(&chain.items, item);
    } while (item && sql_take_word(parser, "and") > 0);
    return chain_end(parser, &chain);
}

static struct sql_expr *parse_or(struct sql_parser *parser)
{
    struct chain chain = {.op = "OR"};
    struct sql_expr *item;
    do {
        item = parse_and(parser);
        vec_push(&chain.items, item);
    } while (item && sql_take_word(parser, "or") > 0);
    return chain_end(parser, &chain);
}
