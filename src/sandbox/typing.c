#include "sandbox/resolve.h"

#include "base/text.h"
#include "sandbox/cast.h"

#include <stdlib.h>
#include <string.h>

static void integer_decimal(enum sandbox_kind kind, int *precision)
{
    *precision = kind == SB_TINYINT ? 3 : kind == SB_SMALLINT ? 5 : kind == SB_INT ? 10 : 20;
}

static struct sandbox_type as_decimal(struct sql_context *context, const struct sandbox_type *type)
{
    int precision;
    if (type->kind == SB_DECIMAL)
        return *type;
    integer_decimal(type->kind, &precision);
    return sandbox_type_decimal(context->arena, precision, 0);
}

/* Spark gives up fraction digits before whole ones, but keeps at least 6. */
static struct sandbox_type bounded_decimal(struct sql_context *context, int precision, int scale)
{
    if (precision > 38) {
        int whole = precision - scale, least = scale < 6 ? scale : 6;
        scale = 38 - whole > least ? 38 - whole : least;
        precision = 38;
    }
    return sandbox_type_decimal(context->arena, precision, scale);
}

static bool common_numeric(struct sql_context *context, const struct sandbox_type *a,
                           const struct sandbox_type *b, struct sandbox_type *out)
{
    if (a->kind == SB_DECIMAL || b->kind == SB_DECIMAL) {
        if (a->kind == SB_FLOAT || a->kind == SB_DOUBLE || b->kind == SB_FLOAT ||
            b->kind == SB_DOUBLE) {
            *out = sandbox_type_of(SB_DOUBLE);
            return true;
        }
        struct sandbox_type x = as_decimal(context, a), y = as_decimal(context, b);
        int scale = x.scale > y.scale ? x.scale : y.scale;
        int whole = x.precision - x.scale;
        whole = y.precision - y.scale > whole ? y.precision - y.scale : whole;
        *out = bounded_decimal(context, whole + scale, scale);
        return true;
    }
    enum sandbox_kind high = a->kind > b->kind ? a->kind : b->kind;
    enum sandbox_kind low = a->kind > b->kind ? b->kind : a->kind;
    *out = sandbox_type_of(high == SB_FLOAT && low > SB_SMALLINT && low != SB_FLOAT ? SB_DOUBLE
                                                                                    : high);
    return true;
}

static bool is_time(enum sandbox_kind kind)
{
    return kind == SB_DATE || kind == SB_TIMESTAMP || kind == SB_TIMESTAMP_NTZ;
}

bool sql_common_type(struct sql_context *context, const struct sandbox_type *a,
                     const struct sandbox_type *b, struct sandbox_type *out)
{
    if (sandbox_type_equal(a, b) || b->kind == SB_VOID) {
        *out = *a;
        return true;
    }
    if (a->kind == SB_VOID) {
        *out = *b;
        return true;
    }
    if (sandbox_kind_numeric(a->kind) && sandbox_kind_numeric(b->kind))
        return common_numeric(context, a, b, out);
    if (is_time(a->kind) && is_time(b->kind)) {
        bool zoned = a->kind == SB_TIMESTAMP || b->kind == SB_TIMESTAMP;
        *out = sandbox_type_of(zoned ? SB_TIMESTAMP : SB_TIMESTAMP_NTZ);
        return true;
    }
    const struct sandbox_type *other = a->kind == SB_STRING ? b : b->kind == SB_STRING ? a : NULL;
    if (!other || other->kind >= SB_INTERVAL_YM)
        return false;
    /* ANSI mode: the text is cast to the other side; integers widen so that it can hold any. */
    if (sandbox_kind_integer(other->kind))
        *out = sandbox_type_of(SB_BIGINT);
    else if (other->kind == SB_FLOAT || other->kind == SB_DECIMAL)
        *out = sandbox_type_of(SB_DOUBLE);
    else
        *out = *other;
    return true;
}

bool sql_cast_allowed(const struct sandbox_type *from, const struct sandbox_type *to)
{
    enum sandbox_kind f = from->kind, t = to->kind;
    if (f == SB_VOID || f == SB_VARIANT || t == SB_STRING || sandbox_type_equal(from, to))
        return true;
    if (f == SB_STRING)
        return t <= SB_BINARY && t != SB_VOID;
    if (sandbox_kind_numeric(f))
        return sandbox_kind_numeric(t) || t == SB_BOOLEAN || t == SB_TIMESTAMP ||
               (t == SB_BINARY && sandbox_kind_integer(f));
    if (f == SB_BOOLEAN)
        return sandbox_kind_numeric(t);
    if (is_time(f))
        return is_time(t) || (f == SB_TIMESTAMP && sandbox_kind_numeric(t));
    return f >= SB_ARRAY && t == f;
}

struct sql_expr *sql_coerce(struct sql_context *context, struct sql_expr *expr,
                            const struct sandbox_type *type)
{
    if (sandbox_type_equal(&expr->type, type))
        return expr;
    struct sql_expr *cast = sql_expr_new(context, EX_CAST, expr->pos);
    cast->end = expr->end;
    cast->to = cast->type = *type;
    cast->typed = true;
    cast->aggregate = expr->aggregate;
    sql_expr_arg(context, cast, expr);
    return cast;
}

static int mismatch(struct sql_context *context, const struct sql_expr *expr)
{
    const struct sql_expr *a = expr->args[0], *b = expr->args[expr->arg_count > 1];
    return sql_error(
        context, "42K09", expr->pos,
        "[DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES] Cannot resolve \"%s\" due to data type "
        "mismatch: the left and right operands of the binary operator have incompatible "
        "types (\"%s\" and \"%s\").",
        sql_expr_text(context, expr), a->type.text, b->type.text);
}

static int wrong_input(struct sql_context *context, const struct sql_expr *expr, const char *wanted,
                       const struct sql_expr *arg)
{
    return sql_error(
        context, "42K09", expr->pos,
        "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] Cannot resolve \"%s\" due to data type "
        "mismatch: the parameter requires the \"%s\" type, however \"%s\" has the type "
        "\"%s\".",
        sql_expr_text(context, expr), wanted, sql_expr_text(context, arg), arg->type.text);
}

static int coerce_pair(struct sql_context *context, struct sql_expr *expr)
{
    struct sandbox_type common;
    if (!sql_common_type(context, &expr->args[0]->type, &expr->args[1]->type, &common))
        return mismatch(context, expr);
    expr->args[0] = sql_coerce(context, expr->args[0], &common);
    expr->args[1] = sql_coerce(context, expr->args[1], &common);
    return 0;
}

/* A whole number written in the statement is only as wide as its digits. */
static struct sandbox_type operand_decimal(struct sql_context *context, const struct sql_expr *expr)
{
    int digits = 1;
    if (expr->kind != EX_LITERAL || !sandbox_kind_integer(expr->type.kind) || expr->value.null)
        return as_decimal(context, &expr->type);
    while (!sandbox_decimal_fits(expr->value.i, digits))
        digits++;
    return sandbox_type_decimal(context->arena, digits, 0);
}

static void decimal_result(struct sql_context *context, struct sql_expr *expr)
{
    struct sandbox_type a = operand_decimal(context, expr->args[0]);
    struct sandbox_type b = operand_decimal(context, expr->args[1]);
    int whole = a.precision - a.scale > b.precision - b.scale ? a.precision - a.scale
                                                              : b.precision - b.scale;
    int scale = a.scale > b.scale ? a.scale : b.scale;
    expr->args[0] = sql_coerce(context, expr->args[0], &a);
    expr->args[1] = sql_coerce(context, expr->args[1], &b);
    switch (*expr->op) {
    case '*':
        expr->type = bounded_decimal(context, a.precision + b.precision + 1, a.scale + b.scale);
        break;
    case '/':
        scale = a.scale + b.precision + 1 > 6 ? a.scale + b.precision + 1 : 6;
        expr->type = bounded_decimal(context, a.precision - a.scale + b.scale + scale, scale);
        break;
    case '%':
        whole = a.precision - a.scale < b.precision - b.scale ? a.precision - a.scale
                                                              : b.precision - b.scale;
        expr->type = bounded_decimal(context, whole + scale, scale);
        break;
    default:
        expr->type = bounded_decimal(context, whole + scale + 1, scale);
    }
}

static int type_time_arithmetic(struct sql_context *context, struct sql_expr *expr)
{
    struct sql_expr *a = expr->args[0], *b = expr->args[1];
    bool minus = *expr->op == '-';
    if (!minus && *expr->op != '+')
        return mismatch(context, expr);
    if (a->type.kind == SB_DATE && sandbox_kind_integer(b->type.kind)) {
        expr->type = a->type;
        return 0;
    }
    if ((a->type.kind == SB_TIMESTAMP || a->type.kind == SB_TIMESTAMP_NTZ) &&
        b->type.kind == SB_INTERVAL_DT) {
        expr->type = a->type;
        return 0;
    }
    if (a->type.kind == SB_DATE && b->type.kind == SB_INTERVAL_DT) {
        struct sandbox_type timestamp = sandbox_type_of(SB_TIMESTAMP);
        expr->args[0] = sql_coerce(context, a, &timestamp);
        expr->type = timestamp;
        return 0;
    }
    return mismatch(context, expr);
}

static int type_arithmetic(struct sql_context *context, struct sql_expr *expr)
{
    struct sandbox_type bigint = sandbox_type_of(SB_BIGINT), real = sandbox_type_of(SB_DOUBLE);
    for (int i = 0; i < 2; i++) {
        struct sql_expr *other = expr->args[1 - i];
        if (expr->args[i]->type.kind == SB_STRING && sandbox_kind_numeric(other->type.kind))
            expr->args[i] = sql_coerce(context, expr->args[i],
                                       sandbox_kind_integer(other->type.kind) ? &bigint : &real);
        if (expr->args[i]->type.kind == SB_VOID)
            expr->args[i] = sql_coerce(context, expr->args[i],
                                       other->type.kind == SB_VOID ? &real : &other->type);
    }
    enum sandbox_kind a = expr->args[0]->type.kind, b = expr->args[1]->type.kind;
    if (!sandbox_kind_numeric(a) || !sandbox_kind_numeric(b))
        return type_time_arithmetic(context, expr);
    bool integers = sandbox_kind_integer(a) && sandbox_kind_integer(b);
    if (strcmp(expr->op, "DIV") == 0) {
        expr->args[0] = sql_coerce(context, expr->args[0], &bigint);
        expr->args[1] = sql_coerce(context, expr->args[1], &bigint);
        expr->type = bigint;
        return 0;
    }
    bool decimals = (a == SB_DECIMAL || b == SB_DECIMAL) && a != SB_DOUBLE && b != SB_DOUBLE &&
                    a != SB_FLOAT && b != SB_FLOAT;
    if (decimals) {
        decimal_result(context, expr);
        return 0;
    }
    if (integers && *expr->op == '/') {
        expr->args[0] = sql_coerce(context, expr->args[0], &real);
        expr->args[1] = sql_coerce(context, expr->args[1], &real);
        expr->type = real;
        return 0;
    }
    if (coerce_pair(context, expr) < 0)
        return -1;
    expr->type = expr->args[0]->type;
    return 0;
}

static int need_boolean(struct sql_context *context, struct sql_expr *expr, size_t index)
{
    struct sandbox_type boolean = sandbox_type_of(SB_BOOLEAN);
    struct sql_expr *arg = expr->args[index];
    if (arg->type.kind != SB_BOOLEAN && arg->type.kind != SB_VOID && arg->type.kind != SB_STRING)
        return wrong_input(context, expr, "BOOLEAN", arg);
    expr->args[index] = sql_coerce(context, arg, &boolean);
    return 0;
}

static bool comparable(enum sandbox_kind kind)
{
    return kind != SB_VARIANT && kind != SB_MAP;
}

static int type_binary(struct sql_context *context, struct sql_expr *expr)
{
    struct sandbox_type text = sandbox_type_of(SB_STRING);
    expr->type = sandbox_type_of(SB_BOOLEAN);
    if (strcmp(expr->op, "AND") == 0 || strcmp(expr->op, "OR") == 0)
        return need_boolean(context, expr, 0) < 0 ? -1 : need_boolean(context, expr, 1);
    if (strcmp(expr->op, "||") == 0) {
        expr->type = text;
        expr->args[0] = sql_coerce(context, expr->args[0], &text);
        expr->args[1] = sql_coerce(context, expr->args[1], &text);
        return 0;
    }
    if (strpbrk(expr->op, "<>=")) {
        if (!comparable(expr->args[0]->type.kind) || !comparable(expr->args[1]->type.kind))
            return sql_error(
                context, "42K09", expr->pos,
                "[DATATYPE_MISMATCH.INVALID_ORDERING_TYPE] Cannot resolve \"%s\" due to "
                "data type mismatch: the operator does not support ordering on type "
                "\"%s\".",
                sql_expr_text(context, expr), expr->args[0]->type.text);
        return coerce_pair(context, expr);
    }
    return type_arithmetic(context, expr);
}

static int type_unary(struct sql_context *context, struct sql_expr *expr)
{
    if (strcmp(expr->op, "NOT") == 0) {
        expr->type = sandbox_type_of(SB_BOOLEAN);
        return need_boolean(context, expr, 0);
    }
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    if (expr->args[0]->type.kind == SB_STRING || expr->args[0]->type.kind == SB_VOID)
        expr->args[0] = sql_coerce(context, expr->args[0], &real);
    enum sandbox_kind kind = expr->args[0]->type.kind;
    if (!sandbox_kind_numeric(kind) || (*expr->op == '~' && !sandbox_kind_integer(kind)))
        return wrong_input(context, expr, *expr->op == '~' ? "INTEGRAL" : "NUMERIC", expr->args[0]);
    expr->type = expr->args[0]->type;
    return 0;
}

/* All of args[from], args[from + step] ... to one type. */
static int unify(struct sql_context *context, struct sql_expr *expr, size_t from, size_t step,
                 size_t end, struct sandbox_type *out)
{
    struct sandbox_type common = sandbox_type_of(SB_VOID);
    for (size_t i = from; i < end; i += step)
        if (!sql_common_type(context, &common, &expr->args[i]->type, &common))
            return sql_error(
                context, "42K09", expr->pos,
                "[DATATYPE_MISMATCH.DATA_DIFF_TYPES] Cannot resolve \"%s\" due to data "
                "type mismatch: input should all be the same type, but it has \"%s\" and "
                "\"%s\".",
                sql_expr_text(context, expr), common.text, expr->args[i]->type.text);
    for (size_t i = from; i < end; i += step)
        expr->args[i] = sql_coerce(context, expr->args[i], &common);
    *out = common;
    return 0;
}

static int type_case(struct sql_context *context, struct sql_expr *expr)
{
    size_t first = expr->has_operand, pairs_end = expr->arg_count - expr->has_else;
    struct sandbox_type common;
    if (expr->has_operand) { /* rewritten: CASE WHEN operand = value */
        for (size_t i = first; i < pairs_end; i += 2) {
            struct sql_expr *equal = sql_expr_new(context, EX_BINARY, expr->pos);
            equal->end = expr->end;
            equal->op = "=";
            sql_expr_arg(context, equal, expr->args[0]);
            sql_expr_arg(context, equal, expr->args[i]);
            if (type_binary(context, equal) < 0)
                return -1;
            equal->typed = true;
            expr->args[i] = equal;
        }
        expr->args++;
        expr->arg_count--;
        pairs_end--;
        expr->has_operand = false;
    }
    for (size_t i = 0; i < pairs_end; i += 2)
        if (need_boolean(context, expr, i) < 0)
            return -1;
    common = sandbox_type_of(SB_VOID);
    for (size_t i = 1; i <= expr->arg_count; i += 2) {
        size_t index = i < pairs_end ? i : expr->arg_count - 1;
        if (i >= pairs_end && !expr->has_else)
            break;
        if (!sql_common_type(context, &common, &expr->args[index]->type, &common))
            return mismatch(context, expr);
    }
    for (size_t i = 1; i < pairs_end; i += 2)
        expr->args[i] = sql_coerce(context, expr->args[i], &common);
    if (expr->has_else)
        expr->args[expr->arg_count - 1] =
            sql_coerce(context, expr->args[expr->arg_count - 1], &common);
    expr->type = common;
    return 0;
}

static int type_in(struct sql_context *context, struct sql_expr *expr)
{
    struct sandbox_type common;
    expr->type = sandbox_type_of(SB_BOOLEAN);
    if (expr->query) {
        if (sql_resolve_query(context, expr->query) < 0)
            return -1;
        if (expr->query->column_count != 1)
            return sql_error(
                context, "42823", expr->pos,
                "[DATATYPE_MISMATCH.IN_SUBQUERY_LENGTH_MISMATCH] The sub-query of IN must "
                "have one column.");
        if (!sql_common_type(context, &expr->args[0]->type, &expr->query->types[0], &common) ||
            !sandbox_type_equal(&common, &expr->query->types[0]))
            return sql_error(
                context, "42K09", expr->pos,
                "[DATATYPE_MISMATCH.IN_SUBQUERY_DATA_TYPE_MISMATCH] The data type of one "
                "or more elements in the left hand side of an IN subquery is not "
                "compatible with the data type of the output of the subquery: \"%s\" and "
                "\"%s\".",
                expr->args[0]->type.text, expr->query->types[0].text);
        expr->args[0] = sql_coerce(context, expr->args[0], &common);
        return 0;
    }
    return unify(context, expr, 0, 1, expr->arg_count, &common);
}

static int type_cast(struct sql_context *context, struct sql_expr *expr)
{
    expr->type = expr->to;
    if (sql_cast_allowed(&expr->args[0]->type, &expr->to))
        return 0;
    return sql_error(
        context, "42K09", expr->pos,
        "[DATATYPE_MISMATCH.CAST_WITHOUT_SUGGESTION] Cannot resolve \"%s\" due to data type "
        "mismatch: cannot cast \"%s\" to \"%s\".",
        sql_expr_text(context, expr), expr->args[0]->type.text, expr->to.text);
}

static int type_field(struct sql_context *context, struct sql_expr *expr)
{
    struct sql_expr *base = expr->args[0];
    if (base->type.kind == SB_VARIANT) {
        expr->type = base->type;
        return 0;
    }
    if (base->type.kind == SB_STRUCT &&
        sandbox_type_field(context->arena, &base->type, expr->name, &expr->type) == 0)
        return 0;
    return sql_error(
        context, base->type.kind == SB_STRUCT ? "42704" : "42000", expr->pos,
        base->type.kind == SB_STRUCT
            ? "[FIELD_NOT_FOUND] No such struct field `%s` in %s."
            : "[INVALID_EXTRACT_BASE_FIELD_TYPE] Can't extract a value from \"%s\". Need a "
              "complex type [STRUCT, ARRAY, MAP] but got \"%s\".",
        base->type.kind == SB_STRUCT ? expr->name : sql_expr_text(context, base), base->type.text);
}

/* A key that is not there gives NULL; what is no map has no keys. */
static int type_element(struct sql_context *context, struct sql_expr *expr)
{
    struct sql_expr *base = expr->args[0];
    struct sandbox_type text = sandbox_type_of(SB_STRING), key;
    if (base->type.kind != SB_MAP ||
        sandbox_type_map(context->arena, &base->type, &key, &expr->type) != 0)
        return sql_error(context, "42000", expr->pos,
                         "[INVALID_EXTRACT_BASE_FIELD_TYPE] Can't extract a value from \"%s\". "
                         "Need a complex type [STRUCT, ARRAY, MAP] but got \"%s\".",
                         sql_expr_text(context, base), base->type.text);
    if (key.kind != SB_STRING || expr->args[1]->type.kind != SB_STRING)
        return wrong_input(context, expr, key.text, expr->args[1]);
    expr->args[1] = sql_coerce(context, expr->args[1], &text);
    return 0;
}

static int type_parameter(struct sql_context *context, struct sql_expr *expr)
{
    const struct sandbox_query_request *request = context->request;
    for (size_t i = 0; i < request->parameter_count; i++) {
        const struct sandbox_parameter *parameter = &request->parameters[i];
        if (expr->position ? parameter->position != expr->position
                           : !parameter->name || strcmp(parameter->name, expr->name) != 0)
            continue;
        struct sandbox_type text = sandbox_type_of(SB_STRING);
        struct sandbox_value value = {.null = !parameter->value};
        expr->kind = EX_LITERAL;
        expr->type = text;
        if (parameter->type && sandbox_type_parse(context->arena, parameter->type, &expr->type) < 0)
            return sql_error(context, "0A000", expr->pos,
                             "[UNSUPPORTED_DATATYPE] Unsupported data type \"%s\".",
                             parameter->type);
        if (parameter->value) {
            value.text = sandbox_arena_dup(context->arena, parameter->value);
            value.len = strlen(parameter->value);
        }
        expr->value = value;
        char why[200];
        if (sandbox_cast(context->arena, &expr->value, &text, &expr->type, context->time_zone,
                         why) < 0)
            return sql_error(context, "22018", expr->pos, "%s", why);
        return 0;
    }
    return sql_error(
        context, "42P02", expr->pos,
        "[UNBOUND_SQL_PARAMETER] Found the unbound parameter: %s. Please, fix `args` and "
        "provide a mapping of the parameter to either a SQL literal or collection "
        "constructor functions such as `map()`, `array()`, `struct()`.",
        expr->name);
}

static int unresolved(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr)
{
    char *list = sandbox_arena_dup(context->arena, "");
    size_t shown = 0;
    for (size_t i = 0; i < scope->select->sources.count && shown < 5; i++) {
        const struct sql_source *source = &scope->select->sources.items[i];
        for (size_t j = 0; j < source->column_count && shown < 5; j++)
            list = sandbox_arena_printf(context->arena, "%s%s%s", list, shown++ ? ", " : "",
                                        sql_quoted_name(context, &source->columns[j].name, 1));
    }
    const char *name = sql_quoted_name(context, expr->parts, expr->part_count);
    if (!shown)
        return sql_error(context, "42703", expr->pos,
                         "[UNRESOLVED_COLUMN.WITHOUT_SUGGESTION] A column, variable, or function "
                         "parameter with name %s cannot be resolved.",
                         name);
    return sql_error(
        context, "42703", expr->pos,
        "[UNRESOLVED_COLUMN.WITH_SUGGESTION] A column, variable, or function parameter "
        "with name %s cannot be resolved. Did you mean one of the following? [%s].",
        name, list);
}

static const char *source_name(const struct sql_source *source)
{
    if (source->alias)
        return source->alias;
    return source->part_count ? source->parts[source->part_count - 1] : NULL;
}

/* Columns whose name is parts[at]; at > 0: of the source named by the part before. */
static int find_column(struct sql_scope *scope, const struct sql_expr *expr, size_t at, int *source,
                       int *column)
{
    int found = 0;
    for (size_t i = 0; i < scope->select->sources.count; i++) {
        const struct sql_source *from = &scope->select->sources.items[i];
        const char *name = source_name(from);
        if (at > 0 && (!name || !base_text_equal_nocase(name, expr->parts[at - 1])))
            continue;
        for (size_t j = 0; j < from->column_count; j++) {
            if (!base_text_equal_nocase(from->columns[j].name, expr->parts[at]))
                continue;
            *source = (int)i;
            *column = (int)j;
            found++;
        }
    }
    return found;
}

static int type_column(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr)
{
    int found = 0;
    size_t at;
    for (at = expr->part_count; at-- > 0 && !found;) {
        if (at > 0 && at != expr->part_count - 1 && at > 1)
            continue;
        found = find_column(scope, expr, at, &expr->source, &expr->column);
        if (found)
            break;
    }
    if (!found)
        return unresolved(context, scope, expr);
    if (found > 1)
        return sql_error(context, "42704", expr->pos,
                         "[AMBIGUOUS_REFERENCE] Reference %s is ambiguous.",
                         sql_quoted_name(context, expr->parts, expr->part_count));
    const struct sql_source *source = &scope->select->sources.items[expr->source];
    expr->type = source->columns[expr->column].type;
    size_t left = expr->part_count - at - 1;
    if (!left)
        return 0;
    struct sql_expr *base = sql_expr_new(context, EX_COLUMN, expr->pos);
    *base = *expr;
    base->typed = true;
    base->part_count = at + 1;
    for (size_t i = 0; i < left; i++) { /* the remaining parts are struct fields */
        struct sql_expr *field = i + 1 == left ? expr : sql_expr_new(context, EX_FIELD, expr->pos);
        const char *name = base->parts[at + 1 + i];
        const char **parts = base->parts;
        field->kind = EX_FIELD;
        field->args = NULL;
        field->arg_count = 0;
        sql_expr_arg(context, field, base);
        field->name = name;
        if (type_field(context, field) < 0)
            return -1;
        field->typed = true;
        field->parts = parts;
        base = field;
    }
    expr->parts = &expr->name;
    expr->part_count = 1;
    return 0;
}

static int type_args(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr)
{
    for (size_t i = 0; i < expr->arg_count; i++) {
        if (sql_type_expr(context, scope, expr->args[i]) < 0)
            return -1;
        expr->aggregate = expr->aggregate || expr->args[i]->aggregate;
    }
    return 0;
}

int sql_type_expr(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr)
{
    struct sandbox_type common, text = sandbox_type_of(SB_STRING);
    if (expr->typed)
        return 0;
    expr->typed = true;
    if (expr->kind == EX_CALL)
        return sql_type_call(context, scope, expr);
    if (type_args(context, scope, expr) < 0)
        return -1;
    switch (expr->kind) {
    case EX_LITERAL:
        return 0;
    case EX_COLUMN:
        return type_column(context, scope, expr);
    case EX_PARAMETER:
        return type_parameter(context, expr);
    case EX_UNARY:
        return type_unary(context, expr);
    case EX_BINARY:
        return type_binary(context, expr);
    case EX_CAST:
        return type_cast(context, expr);
    case EX_CASE:
        return type_case(context, expr);
    case EX_IN:
        return type_in(context, expr);
    case EX_BETWEEN:
        expr->type = sandbox_type_of(SB_BOOLEAN);
        return unify(context, expr, 0, 1, 3, &common);
    case EX_LIKE:
        expr->type = sandbox_type_of(SB_BOOLEAN);
        for (size_t i = 0; i < expr->arg_count; i++)
            expr->args[i] = sql_coerce(context, expr->args[i], &text);
        return 0;
    case EX_IS:
        expr->type = sandbox_type_of(SB_BOOLEAN);
        return strcmp(expr->op, "NULL") == 0 ? 0 : need_boolean(context, expr, 0);
    case EX_FIELD:
        return type_field(context, expr);
    case EX_ELEMENT:
        return type_element(context, expr);
    default:
        return sql_error(context, "42000", expr->pos,
                         "[INVALID_USAGE_OF_STAR_OR_REGEX] Invalid usage of '*' in expression.");
    }
}

int sql_constant(struct sql_context *context, struct sql_expr *expr,
                 const struct sandbox_type *type, struct sandbox_value *value)
{
    char why[200];
    struct sql_select none = {0};
    struct sql_scope scope = {.select = &none};
    if (sql_type_expr(context, &scope, expr) < 0)
        return -1;
    bool negative = expr->kind == EX_UNARY && *expr->op == '-';
    const struct sql_expr *inner = negative || expr->kind == EX_CAST ? expr->args[0] : expr;
    if (inner->kind != EX_LITERAL)
        return sql_error(context, "42K0E", expr->pos,
                         "[NON_FOLDABLE_ARGUMENT] The expression \"%s\" must be a constant.",
                         sql_expr_text(context, expr));
    *value = inner->value;
    if (negative) {
        value->i = -value->i;
        value->d = -value->d;
        value->f = -value->f;
    }
    if (sandbox_cast(context->arena, value, &inner->type, type, context->time_zone, why) < 0)
        return sql_error(context, "22018", expr->pos, "%s", why);
    return 0;
}
