#include "sandbox/ast.h"

#include "sandbox/vector.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Line from 1, position in it from 0, as Spark counts. */
static void place_of(const char *text, int pos, int *line, int *column)
{
    *line = 1;
    *column = 0;
    for (int i = 0; i < pos && text[i]; i++) {
        if (text[i] == '\n') {
            (*line)++;
            *column = 0;
        } else {
            (*column)++;
        }
    }
}

static int set_error(struct sql_context *context, const char *sqlstate, char *message)
{
    struct sandbox_query_error *error = context->error;
    if (error->message) {
        free(message);
        return -1;
    }
    snprintf(error->error_code, sizeof error->error_code, "BAD_REQUEST");
    snprintf(error->sqlstate, sizeof error->sqlstate, "%s", sqlstate);
    error->message = message;
    return -1;
}

int sql_error(struct sql_context *context, const char *sqlstate, int pos, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    char *message;
    if (pos >= 0 && context->text) {
        int line, column;
        place_of(context->text, pos, &line, &column);
        message = base_printf("%s SQLSTATE: %s; line %d pos %d", text, sqlstate, line, column);
    } else {
        message = base_printf("%s SQLSTATE: %s", text, sqlstate);
    }
    free(text);
    return set_error(context, sqlstate, message);
}

int sql_syntax_error(struct sql_context *context, int pos, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *near = base_vprintf(fmt, args);
    va_end(args);
    int line, column;
    struct buf out;
    base_buf_init(&out, BUF_MAX_DEFAULT);
    place_of(context->text, pos, &line, &column);
    base_buf_printf(&out,
                    "\n[PARSE_SYNTAX_ERROR] Syntax error at or near %s. SQLSTATE: 42601 (line %d, "
                    "pos %d)\n\n== SQL ==\n",
                    near, line, column);
    free(near);
    const char *at = context->text;
    for (int i = 1; *at; i++) {
        const char *end = strchr(at, '\n');
        size_t len = end ? (size_t)(end - at) : strlen(at);
        base_buf_append(&out, at, len);
        base_buf_byte(&out, '\n');
        if (i == line) {
            for (int j = 0; j < column; j++)
                base_buf_byte(&out, '-');
            base_buf_text(&out, "^^^\n");
        }
        at += len + (end != NULL);
    }
    size_t len;
    return set_error(context, "42601", base_buf_take(&out, &len));
}

const char *sql_quoted_name(struct sql_context *context, const char *const *parts, size_t count)
{
    char *text = sandbox_arena_dup(context->arena, "");
    for (size_t i = 0; i < count; i++) {
        char *escaped = sandbox_arena_alloc(context->arena, 2 * strlen(parts[i]) + 1),
             *to = escaped;
        for (const char *from = parts[i]; *from; from++) {
            if (*from == '`')
                *to++ = '`';
            *to++ = *from;
        }
        text = sandbox_arena_printf(context->arena, "%s%s`%s`", text, i ? "." : "", escaped);
    }
    return text;
}

int sql_too_complex(struct sql_context *context, int pos)
{
    return sql_error(context, "54001", pos,
                     "[FAILED_TO_PARSE_TOO_COMPLEX] The statement, including potential SQL "
                     "functions and referenced views, was too complex to parse.\nTo mitigate this "
                     "error divide the statement into multiple, less complex chunks.");
}

const char *sql_expr_text(struct sql_context *context, const struct sql_expr *expr)
{
    if (expr->kind == EX_COLUMN && expr->part_count)
        return expr->parts[expr->part_count - 1];
    if (expr->kind == EX_FIELD)
        return expr->name;
    if (expr->kind == EX_CALL && expr->all_columns)
        return "count(1)";
    if (expr->end <= expr->pos || (size_t)expr->end > strlen(context->text))
        return "col";
    return sandbox_arena_text(context->arena, context->text + expr->pos,
                              (size_t)(expr->end - expr->pos));
}

struct sql_expr *sql_expr_new(struct sql_context *context, enum sql_expr_kind kind, int pos)
{
    struct sql_expr *expr = sandbox_arena_alloc(context->arena, sizeof *expr);
    expr->kind = kind;
    expr->pos = pos;
    return expr;
}

void sql_expr_arg(struct sql_context *context, struct sql_expr *expr, struct sql_expr *arg)
{
    size_t count = expr->arg_count;
    if ((count & (count - 1)) == 0) { /* full: 0, 1, 2, 4, 8 ... */
        struct sql_expr **args =
            sandbox_arena_alloc(context->arena, (count ? 2 * count : 1) * sizeof *args);
        for (size_t i = 0; i < count; i++)
            args[i] = expr->args[i];
        expr->args = args;
    }
    expr->args[expr->arg_count++] = arg;
    if (expr->height <= arg->height)
        expr->height = arg->height + 1;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && base_text_equal_nocase(a, b));
}

static bool same_value(const struct sandbox_value *a, const struct sandbox_value *b)
{
    if (a->null || b->null)
        return a->null == b->null;
    return a->i == b->i && a->d == b->d && memcmp(&a->f, &b->f, sizeof a->f) == 0 &&
           a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

bool sql_expr_equal(const struct sql_expr *a, const struct sql_expr *b)
{
    if (a->kind != b->kind || a->arg_count != b->arg_count || a->negated != b->negated ||
        a->distinct != b->distinct || a->query || b->query)
        return false;
    if (a->kind == EX_COLUMN)
        return a->source == b->source && a->column == b->column;
    if (a->kind == EX_LITERAL &&
        (!same_value(&a->value, &b->value) || a->type.kind != b->type.kind))
        return false;
    if (a->kind == EX_CAST && !sandbox_type_equal(&a->to, &b->to))
        return false;
    if (!same_text(a->op, b->op) || !same_text(a->name, b->name))
        return false;
    for (size_t i = 0; i < a->arg_count; i++)
        if (!sql_expr_equal(a->args[i], b->args[i]))
            return false;
    return true;
}

void sql_context_free(struct sql_context *context)
{
    for (size_t i = 0; i < context->all_selects.count; i++) {
        struct sql_select *select = context->all_selects.items[i];
        vec_free(&select->items);
        vec_free(&select->sources);
        vec_free(&select->groups);
    }
    for (size_t i = 0; i < context->all_queries.count; i++) {
        struct sql_query *query = context->all_queries.items[i];
        vec_free(&query->selects);
        vec_free(&query->union_distinct);
        vec_free(&query->orders);
    }
    for (size_t i = 0; i < context->made.count; i++)
        sandbox_batch_free(context->made.items[i]);
    vec_free(&context->made);
    vec_free(&context->all_selects);
    vec_free(&context->all_queries);
    vec_free(&context->bound);
    vec_free(&context->scans);
}
