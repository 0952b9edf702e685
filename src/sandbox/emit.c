#include "sandbox/sqlite_side.h"

#include "sandbox/resolve.h"

#include <string.h>

#define FOLD_MAX 100 /* SQLite takes 127 arguments */

static int emit_expr(struct sql_run *run, const struct sql_expr *expr, struct buf *out);
static int emit_query(struct sql_run *run, const struct sql_query *query, struct buf *out);

static size_t type_number(struct sql_run *run, const struct sandbox_type *type)
{
    for (size_t i = 0; i < run->types.count; i++)
        if (sandbox_type_equal(&run->types.items[i], type))
            return i;
    vec_push(&run->types, *type);
    return run->types.count - 1;
}

static int emit_bound(struct sql_run *run, const struct sql_expr *literal, struct buf *out)
{
    struct sql_expr *keep = (struct sql_expr *)(uintptr_t)literal;
    vec_push(&run->context->bound, keep);
    return base_buf_printf(out, "?%zu", run->context->bound.count);
}

static int emit_list(struct sql_run *run, const char *open, struct sql_expr *const *args,
                     size_t count, struct buf *out)
{
    base_buf_text(out, open);
    for (size_t i = 0; i < count; i++) {
        if (i)
            base_buf_text(out, ", ");
        if (emit_expr(run, args[i], out) < 0)
            return -1;
    }
    return base_buf_text(out, ")");
}

/* For comparison and grouping: -0.0 and 0.0 are one value. */
static int emit_key(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    if (expr->type.kind != SB_FLOAT && expr->type.kind != SB_DOUBLE)
        return emit_expr(run, expr, out);
    return emit_list(run, "sb_norm(",
                     (struct sql_expr *const[]){(struct sql_expr *)(uintptr_t)expr}, 1, out);
}

static int emit_cast(struct sql_run *run, const struct sql_expr *from,
                     const struct sandbox_type *to, bool safe, struct buf *out)
{
    if (sandbox_type_equal(&from->type, to))
        return emit_expr(run, from, out);
    base_buf_text(out, "sb_cast(");
    if (emit_expr(run, from, out) < 0)
        return -1;
    return base_buf_printf(out, ", %zu, %zu, %d)", type_number(run, &from->type),
                           type_number(run, to), safe);
}

static bool arithmetic(const struct sql_expr *expr)
{
    return expr->kind == EX_BINARY && strcmp(expr->op, "AND") != 0 && strcmp(expr->op, "OR") != 0 &&
           strcmp(expr->op, "||") != 0 && !strpbrk(expr->op, "<>=");
}

/* a + b - c ...: a call in a call in a call would be too deep for SQLite's parser after thirty, so
 * that one call does up to FOLD_MAX steps. */
static int emit_fold(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    const struct sql_expr *chain[FOLD_MAX], *first = expr;
    struct sql_step steps[FOLD_MAX];
    size_t count = 0, at = run->steps.count;
    while (arithmetic(first) && count < FOLD_MAX) {
        const struct sql_expr *left = first->args[0];
        struct sql_step *step = &steps[count];
        *step = (struct sql_step){.op = *first->op,
                                  .type = first->type,
                                  .left = left->type,
                                  .right = first->args[1]->type};
        chain[count++] = first;
        step->cast =
            left->kind == EX_CAST && !left->safe && arithmetic(left->args[0]) && count < FOLD_MAX;
        if (step->cast) {
            step->from = left->args[0]->type;
            step->to = left->to;
            left = left->args[0];
        }
        first = left;
    }
    for (size_t i = count; i-- > 0;)
        vec_push(&run->steps, steps[i]);
    base_buf_printf(out, "sb_fold(%zu, ", at);
    if (emit_expr(run, first, out) < 0)
        return -1;
    for (size_t i = count; i-- > 0;)
        if (base_buf_text(out, ", ") < 0 || emit_expr(run, chain[i]->args[1], out) < 0)
            return -1;
    return base_buf_text(out, ")");
}

static int emit_binary(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    const char *op = expr->op;
    const struct sql_expr *a = expr->args[0], *b = expr->args[1];
    bool logic = !strpbrk(op, "<>=");
    if (arithmetic(expr))
        return emit_fold(run, expr, out);
    base_buf_text(out, "(");
    if ((logic ? emit_expr : emit_key)(run, a, out) < 0)
        return -1;
    base_buf_printf(out, " %s ", strcmp(op, "<=>") == 0 ? "IS" : op);
    if ((logic ? emit_expr : emit_key)(run, b, out) < 0)
        return -1;
    return base_buf_text(out, ")");
}

static int emit_unary(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    if (*expr->op == '+')
        return emit_expr(run, expr->args[0], out);
    if (*expr->op == '-')
        base_buf_printf(out, "sb_neg(%zu, ", type_number(run, &expr->type));
    else
        base_buf_printf(out, "(%s ", expr->op);
    return emit_expr(run, expr->args[0], out) < 0 ? -1 : base_buf_text(out, ")");
}

static int emit_case(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    size_t pairs = expr->arg_count - expr->has_else;
    base_buf_text(out, "CASE");
    for (size_t i = 0; i < pairs; i++) {
        base_buf_text(out, i % 2 ? " THEN " : " WHEN ");
        if (emit_expr(run, expr->args[i], out) < 0)
            return -1;
    }
    if (expr->has_else) {
        base_buf_text(out, " ELSE ");
        if (emit_expr(run, expr->args[pairs], out) < 0)
            return -1;
    }
    return base_buf_text(out, " END");
}

static int emit_in(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    base_buf_text(out, "(");
    if (emit_key(run, expr->args[0], out) < 0)
        return -1;
    base_buf_text(out, expr->negated ? " NOT IN (" : " IN (");
    if (expr->query && emit_query(run, expr->query, out) < 0)
        return -1;
    for (size_t i = 1; i < expr->arg_count; i++) {
        if (i > 1)
            base_buf_text(out, ", ");
        if (emit_key(run, expr->args[i], out) < 0)
            return -1;
    }
    return base_buf_text(out, "))");
}

static int emit_predicate(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    if (expr->kind == EX_LIKE) {
        base_buf_text(out, expr->negated ? "(NOT " : "(");
        const char *name = *expr->op == 'L'   ? "sb_like("
                           : *expr->op == 'I' ? "sb_ilike("
                                              : "sb_rlike(";
        if (emit_list(run, name, expr->args, expr->arg_count, out) < 0)
            return -1;
        return base_buf_text(out, ")");
    }
    base_buf_text(out, "(");
    if (emit_key(run, expr->args[0], out) < 0)
        return -1;
    if (expr->kind == EX_IS) {
        const char *what = *expr->op == 'N' ? "NULL" : *expr->op == 'T' ? "1" : "0";
        return base_buf_printf(out, " IS %s%s)", expr->negated ? "NOT " : "", what);
    }
    base_buf_text(out, expr->negated ? " NOT BETWEEN " : " BETWEEN ");
    if (emit_key(run, expr->args[1], out) < 0 || base_buf_text(out, " AND ") < 0 ||
        emit_key(run, expr->args[2], out) < 0)
        return -1;
    return base_buf_text(out, ")");
}

static int emit_filter(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    if (!expr->filter)
        return 0;
    base_buf_text(out, " FILTER (WHERE ");
    return emit_expr(run, expr->filter, out) < 0 ? -1 : base_buf_text(out, ")");
}

/* open "name(", then DISTINCT, the argument as that type, ")", FILTER. */
static int emit_aggregate_of(struct sql_run *run, const struct sql_expr *expr, const char *name,
                             const struct sandbox_type *as, struct buf *out)
{
    base_buf_printf(out, "%s(%s", name, expr->distinct ? "DISTINCT " : "");
    int result =
        as ? emit_cast(run, expr->args[0], as, false, out) : emit_key(run, expr->args[0], out);
    if (result < 0 || base_buf_text(out, ")") < 0)
        return -1;
    return emit_filter(run, expr, out);
}

static int emit_count(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    if (expr->all_columns) {
        base_buf_text(out, "count(*)");
        return emit_filter(run, expr, out);
    }
    if (expr->arg_count == 1)
        return emit_aggregate_of(run, expr, "count", NULL, out);
    base_buf_printf(out, "count(%ssb_tuple(", expr->distinct ? "DISTINCT " : "");
    if (emit_list(run, "", expr->args, expr->arg_count, out) < 0 || base_buf_text(out, ")") < 0)
        return -1;
    return emit_filter(run, expr, out);
}

static int emit_sum(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    const struct sandbox_type *type = &expr->args[0]->type;
    bool average = *expr->function->result == '/', decimal = type->kind == SB_DECIMAL;
    if (!average && !decimal)
        return emit_aggregate_of(
            run, expr, sandbox_kind_integer(type->kind) ? "sb_sum_integer" : "sb_sum_double",
            sandbox_kind_integer(type->kind) ? type : &real, out);
    base_buf_text(out, decimal ? average ? "sb_average_decimal(" : "sb_fit(" : "sb_average(");
    if (emit_aggregate_of(run, expr, decimal ? "sb_sum_decimal" : "sb_sum_double",
                          decimal ? type : &real, out) < 0)
        return -1;
    if (average) {
        base_buf_text(out, ", ");
        if (emit_aggregate_of(run, expr, "count", NULL, out) < 0)
            return -1;
    }
    if (decimal)
        base_buf_printf(out, ", %zu, %zu", type_number(run, type), type_number(run, &expr->type));
    return base_buf_text(out, ")");
}

static int emit_aggregate(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    const char *name = expr->function->name;
    if (strcmp(name, "count") == 0)
        return emit_count(run, expr, out);
    if (strchr("+/", *expr->function->result))
        return emit_sum(run, expr, out);
    if (strcmp(name, "count_if") == 0) {
        base_buf_text(out, "count(nullif(");
        if (emit_expr(run, expr->args[0], out) < 0 || base_buf_text(out, ", 0))") < 0)
            return -1;
        return emit_filter(run, expr, out);
    }
    if (strcmp(name, "approx_count_distinct") == 0) {
        base_buf_text(out, "count(DISTINCT ");
        if (emit_key(run, expr->args[0], out) < 0 || base_buf_text(out, ")") < 0)
            return -1;
        return emit_filter(run, expr, out);
    }
    if (expr->function->emit)
        return emit_aggregate_of(run, expr, expr->function->emit, &expr->args[0]->type, out);
    bool largest =
        strcmp(name, "max") == 0 || strcmp(name, "bool_or") == 0 || strcmp(name, "some") == 0;
    return emit_aggregate_of(run, expr, largest ? "max" : "min", &expr->args[0]->type, out);
}

static int emit_hash(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    base_buf_text(out, "sb_xxhash64(");
    for (size_t i = 0; i < expr->arg_count; i++) {
        base_buf_printf(out, "%s%zu, ", i ? ", " : "", type_number(run, &expr->args[i]->type));
        if (emit_expr(run, expr->args[i], out) < 0)
            return -1;
    }
    return base_buf_text(out, ")");
}

static int emit_call(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    const struct sql_function *function = expr->function;
    const char *name = function->name;
    if (function->aggregate)
        return emit_aggregate(run, expr, out);
    if (strcmp(name, "xxhash64") == 0)
        return emit_hash(run, expr, out);
    if (function->emit) {
        char open[48];
        sqlite3_snprintf(sizeof open, open, "%s(", function->emit);
        if (strchr("1=", *function->result) || *function->args == 'n')
            sqlite3_snprintf(sizeof open, open, "%s(%d, ", function->emit,
                             (int)type_number(run, &expr->args[0]->type));
        return emit_list(run, open, expr->args, expr->arg_count, out);
    }
    if (strcmp(name, "isnull") == 0 || strcmp(name, "isnotnull") == 0) {
        if (emit_list(run, "((", expr->args, 1, out) < 0)
            return -1;
        return base_buf_text(out, strcmp(name, "isnull") == 0 ? " IS NULL)" : " IS NOT NULL)");
    }
    if (strcmp(name, "if") == 0)
        return emit_list(run, "iif(", expr->args, expr->arg_count, out);
    if (strcmp(name, "nullif") == 0)
        return emit_list(run, "nullif(", expr->args, expr->arg_count, out);
    if (*function->args == '=')
        return emit_list(run, expr->arg_count == 1 ? "(" : "coalesce(", expr->args, expr->arg_count,
                         out);
    if (strcmp(name, "to_json") == 0 && expr->args[0]->type.kind >= SB_ARRAY) {
        base_buf_text(out, "sb_json(");
        if (emit_expr(run, expr->args[0], out) < 0)
            return -1;
        return base_buf_printf(out, ", %zu)", type_number(run, &expr->args[0]->type));
    }
    return emit_cast(run, expr->args[0], &expr->type, false, out); /* to_date, to_timestamp */
}

static int emit_field(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    struct sql_expr *name = sql_expr_new(run->context, EX_LITERAL, expr->pos);
    name->type = sandbox_type_of(SB_STRING);
    name->value.text = expr->name;
    name->value.len = strlen(expr->name);
    base_buf_text(out, "sb_field(");
    if (emit_expr(run, expr->args[0], out) < 0 || base_buf_text(out, ", ") < 0 ||
        emit_bound(run, name, out) < 0)
        return -1;
    return base_buf_printf(out, ", %zu)", type_number(run, &expr->type));
}

static int emit_element(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    base_buf_text(out, "sb_element(");
    if (emit_expr(run, expr->args[0], out) < 0 || base_buf_text(out, ", ") < 0 ||
        emit_expr(run, expr->args[1], out) < 0)
        return -1;
    return base_buf_printf(out, ", %zu)", type_number(run, &expr->type));
}

static int emit_expr(struct sql_run *run, const struct sql_expr *expr, struct buf *out)
{
    switch (expr->kind) {
    case EX_LITERAL:
        return emit_bound(run, expr, out);
    case EX_COLUMN:
        return base_buf_printf(out, "s%d.c%d", expr->source, expr->column);
    case EX_UNARY:
        return emit_unary(run, expr, out);
    case EX_BINARY:
        return emit_binary(run, expr, out);
    case EX_CAST:
        return emit_cast(run, expr->args[0], &expr->to, expr->safe, out);
    case EX_CASE:
        return emit_case(run, expr, out);
    case EX_IN:
        return emit_in(run, expr, out);
    case EX_CALL:
        return emit_call(run, expr, out);
    case EX_FIELD:
        return emit_field(run, expr, out);
    case EX_ELEMENT:
        return emit_element(run, expr, out);
    default:
        return emit_predicate(run, expr, out);
    }
}

static int emit_from(struct sql_run *run, const struct sql_select *select, struct buf *out)
{
    for (size_t i = 0; i < select->sources.count; i++) {
        const struct sql_source *source = &select->sources.items[i];
        base_buf_text(out, i == 0 ? " FROM " : " ");
        if (source->join)
            base_buf_printf(out, "%s JOIN ", source->join);
        if (source->query) {
            base_buf_text(out, "(");
            if (emit_query(run, source->query, out) < 0)
                return -1;
            base_buf_text(out, ")");
        } else {
            base_buf_printf(out, "t%d", source->id);
        }
        base_buf_printf(out, " AS s%zu", i);
        if (source->on && (base_buf_text(out, " ON ") < 0 || emit_expr(run, source->on, out) < 0))
            return -1;
    }
    return 0;
}

static int emit_select(struct sql_run *run, const struct sql_select *select, struct buf *out)
{
    base_buf_text(out, select->distinct ? "SELECT DISTINCT " : "SELECT ");
    for (size_t i = 0; i < select->items.count; i++) {
        if (i)
            base_buf_text(out, ", ");
        const struct sql_expr *expr = select->items.items[i].expr;
        if ((select->distinct ? emit_key : emit_expr)(run, expr, out) < 0)
            return -1;
        base_buf_printf(out, " AS c%zu", i);
    }
    if (emit_from(run, select, out) < 0)
        return -1;
    if (select->where &&
        (base_buf_text(out, " WHERE ") < 0 || emit_expr(run, select->where, out) < 0))
        return -1;
    for (size_t i = 0; i < select->groups.count; i++) {
        base_buf_text(out, i ? ", " : " GROUP BY ");
        if (emit_key(run, select->groups.items[i], out) < 0)
            return -1;
    }
    if (select->having &&
        (base_buf_text(out, " HAVING ") < 0 || emit_expr(run, select->having, out) < 0))
        return -1;
    return 0;
}

static int emit_orders(struct sql_run *run, const struct sql_query *query, struct buf *out)
{
    const struct sql_select *first = query->selects.items[0];
    for (size_t i = 0; i < query->orders.count; i++) {
        const struct sql_order *order = &query->orders.items[i];
        size_t item = 0;
        while (item < first->items.count && first->items.items[item].expr != order->expr &&
               !sql_expr_equal(first->items.items[item].expr, order->expr))
            item++;
        base_buf_text(out, i ? ", " : " ORDER BY ");
        if (item < first->items.count)
            base_buf_printf(out, "%zu", item + 1);
        else if (query->selects.count > 1)
            return sql_error(
                run->context, "0A000", order->expr->pos,
                "[UNSUPPORTED_FEATURE.ORDER_BY_OF_UNION] ORDER BY of a UNION must name a "
                "result column.");
        else if (emit_expr(run, order->expr, out) < 0)
            return -1;
        base_buf_printf(out, "%s NULLS %s", order->descending ? " DESC" : " ASC",
                        order->nulls_last ? "LAST" : "FIRST");
    }
    return 0;
}

static int emit_bounds(struct sql_run *run, const struct sql_query *query, struct buf *out)
{
    struct sandbox_type bigint = sandbox_type_of(SB_BIGINT);
    struct sandbox_value limit = {.i = -1}, offset = {.i = 0};
    if (query->limit && (sql_constant(run->context, query->limit, &bigint, &limit) < 0))
        return -1;
    if (query->offset && (sql_constant(run->context, query->offset, &bigint, &offset) < 0))
        return -1;
    if ((query->limit && (limit.null || limit.i < 0)) || offset.null || offset.i < 0)
        return sql_error(run->context, "42K0E", -1,
                         "[INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE] The limit like expression is "
                         "invalid: it must not be negative.");
    if (!query->limit && !query->offset)
        return 0;
    return base_buf_printf(out, " LIMIT %lld OFFSET %lld", (long long)limit.i, (long long)offset.i);
}

static int emit_query(struct sql_run *run, const struct sql_query *query, struct buf *out)
{
    for (size_t i = 0; i < query->selects.count; i++) {
        if (i)
            base_buf_text(out, query->union_distinct.items[i - 1] ? " UNION " : " UNION ALL ");
        if (emit_select(run, query->selects.items[i], out) < 0)
            return -1;
    }
    return emit_orders(run, query, out) < 0 ? -1 : emit_bounds(run, query, out);
}

int sandbox_sqlite_emit(struct sql_run *run, const struct sql_query *query, struct buf *out)
{
    return emit_query(run, query, out);
}
