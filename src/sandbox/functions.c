/* The functions a statement may call, and how their arguments are typed. */
#include "sandbox/resolve.h"

#include "base/text.h"

#include <string.h>

static const struct sql_function functions[] = {
    {"count", "x*", "l", true, NULL},
    {"count_if", "b", "l", true, NULL},
    {"approx_count_distinct", "x", "l", true, NULL},
    {"sum", "n", "+", true, NULL},
    {"avg", "n", "/", true, NULL},
    {"mean", "n", "/", true, NULL},
    {"min", "o", "1", true, NULL},
    {"max", "o", "1", true, NULL},
    {"any_value", "o", "1", true, NULL},
    {"bool_and", "b", "b", true, NULL},
    {"every", "b", "b", true, NULL},
    {"bool_or", "b", "b", true, NULL},
    {"some", "b", "b", true, NULL},
    {"bit_xor", "l", "l", true, "sb_bit_xor"},
    {"coalesce", "=*", "=", false, NULL},
    {"nvl", "==", "=", false, NULL},
    {"ifnull", "==", "=", false, NULL},
    {"nullif", "==", "=", false, NULL},
    {"if", "b==", "=", false, NULL},
    {"greatest", "=*", "=", false, "sb_greatest"},
    {"least", "=*", "=", false, "sb_least"},
    {"isnull", "x", "b", false, NULL},
    {"isnotnull", "x", "b", false, NULL},
    {"isnan", "f", "b", false, "sb_isnan"},
    {"lower", "s", "s", false, "sb_lower"},
    {"lcase", "s", "s", false, "sb_lower"},
    {"upper", "s", "s", false, "sb_upper"},
    {"ucase", "s", "s", false, "sb_upper"},
    {"length", "y", "i", false, "sb_length"},
    {"len", "y", "i", false, "sb_length"},
    {"char_length", "y", "i", false, "sb_length"},
    {"octet_length", "y", "i", false, "sb_octet_length"},
    {"concat", "s*", "s", false, "sb_concat"},
    {"substring", "si?i", "s", false, "sb_substring"},
    {"substr", "si?i", "s", false, "sb_substring"},
    {"left", "si", "s", false, "sb_left"},
    {"right", "si", "s", false, "sb_right"},
    {"trim", "s", "s", false, "sb_trim"},
    {"ltrim", "s", "s", false, "sb_ltrim"},
    {"rtrim", "s", "s", false, "sb_rtrim"},
    {"replace", "sss", "s", false, "sb_replace"},
    {"startswith", "ss", "b", false, "sb_startswith"},
    {"endswith", "ss", "b", false, "sb_endswith"},
    {"contains", "ss", "b", false, "sb_contains"},
    {"hex", "y", "s", false, "sb_hex"},
    {"crc32", "y", "l", false, "sb_crc32"},
    {"sha2", "yi", "s", false, "sb_sha2"},
    {"xxhash64", "x*", "l", false, NULL},
    {"abs", "n", "1", false, "sb_abs"},
    {"floor", "n", "l", false, "sb_floor"},
    {"ceil", "n", "l", false, "sb_ceil"},
    {"mod", "ll", "l", false, "sb_mod"},
    {"to_json", "x", "s", false, NULL},
    {"date_trunc", "st", "t", false, "sb_date_trunc"},
    {"to_date", "x", "d", false, NULL},
    {"date", "x", "d", false, NULL},
    {"to_timestamp", "x", "t", false, NULL},
    {"year", "d", "i", false, "sb_year"},
    {"month", "d", "i", false, "sb_month"},
    {"day", "d", "i", false, "sb_day"},
    {"dayofmonth", "d", "i", false, "sb_day"},
    {"hour", "t", "i", false, "sb_hour"},
    {"date_add", "di", "d", false, "sb_date_add"},
    {"date_sub", "di", "d", false, "sb_date_sub"},
    {"datediff", "dd", "i", false, "sb_datediff"},
    {"date_diff", "dd", "i", false, "sb_datediff"},
    {"unix_micros", "t", "l", false, "sb_same"},
    {"unix_millis", "t", "l", false, "sb_unix_millis"},
    {"unix_seconds", "t", "l", false, "sb_unix_seconds"},
    {"timestamp_micros", "l", "t", false, "sb_same"},
    {"timestamp_millis", "l", "t", false, "sb_timestamp_millis"},
    {"timestamp_seconds", "l", "t", false, "sb_timestamp_seconds"},
    {"current_date", "", "d", false, NULL},
    {"current_timestamp", "", "t", false, NULL},
    {"now", "", "t", false, NULL},
    {"current_timezone", "", "s", false, NULL},
    {"current_user", "", "s", false, NULL},
    {"session_user", "", "s", false, NULL},
    {"current_catalog", "", "s", false, NULL},
    {"current_schema", "", "s", false, NULL},
    {"current_database", "", "s", false, NULL},
    {"user", "", "s", false, NULL},
    {"current_metastore", "", "s", false, NULL},
    {"version", "", "s", false, NULL},
    {"is_member", "s", "b", false, NULL},
    {"is_account_group_member", "s", "b", false, NULL},
    {"typeof", "x", "s", false, NULL},
};

const struct sql_function *sql_function_find(const char *name)
{
    for (size_t i = 0; i < base_countof(functions); i++)
        if (base_text_equal_nocase(functions[i].name, name))
            return &functions[i];
    return NULL;
}

static int wrong_count(struct sql_context *context, const struct sql_expr *expr, size_t least)
{
    return sql_error(
        context, "42605", expr->pos,
        "[WRONG_NUM_ARGS.WITHOUT_SUGGESTION] The `%s` requires %zu parameters but the actual "
        "number is %zu.",
        expr->name, least, expr->arg_count);
}

static int wrong_type(struct sql_context *context, const struct sql_expr *expr, size_t index,
                      const char *wanted)
{
    return sql_error(
        context, "42K09", expr->pos,
        "[DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE] Cannot resolve \"%s\" due to data type "
        "mismatch: The parameter %zu requires the \"%s\" type, however \"%s\" has the type "
        "\"%s\".",
        sql_expr_text(context, expr), index + 1, wanted, sql_expr_text(context, expr->args[index]),
        expr->args[index]->type.text);
}

static enum sandbox_kind kind_of_letter(char letter)
{
    static const char letters[] = "sbilfdty";
    static const enum sandbox_kind kinds[] = {SB_STRING, SB_BOOLEAN, SB_INT,       SB_BIGINT,
                                              SB_DOUBLE, SB_DATE,    SB_TIMESTAMP, SB_STRING};
    const char *at = strchr(letters, letter);
    return at ? kinds[at - letters] : SB_VOID;
}

static int coerce_argument(struct sql_context *context, struct sql_expr *expr, size_t index,
                           char letter)
{
    struct sql_expr *arg = expr->args[index];
    enum sandbox_kind kind = arg->type.kind;
    struct sandbox_type wanted = sandbox_type_of(kind_of_letter(letter));
    if (letter == 'x' || letter == '=' || (letter == 'y' && kind == SB_BINARY))
        return 0;
    if (letter == 'o')
        return kind == SB_MAP || kind == SB_VARIANT ? wrong_type(context, expr, index, "ORDERABLE")
                                                    : 0;
    if (letter == 'n') {
        wanted = sandbox_type_of(SB_DOUBLE);
        if (kind == SB_STRING || kind == SB_VOID)
            expr->args[index] = sql_coerce(context, arg, &wanted);
        else if (!sandbox_kind_numeric(kind))
            return wrong_type(context, expr, index, "NUMERIC");
        return 0;
    }
    if ((letter == 'i' || letter == 'l') && !sandbox_kind_integer(kind) && kind != SB_VOID &&
        kind != SB_STRING)
        return wrong_type(context, expr, index, wanted.text);
    if (!sql_cast_allowed(&arg->type, &wanted))
        return wrong_type(context, expr, index, wanted.text);
    expr->args[index] = sql_coerce(context, arg, &wanted);
    return 0;
}

/* Arguments against the signature; *common gets the type of the '=' ones. */
static int type_arguments(struct sql_context *context, struct sql_expr *expr,
                          struct sandbox_type *common)
{
    const char *signature = expr->function->args;
    size_t index = 0, least = 0;
    bool optional = false;
    for (const char *at = signature; *at; at++) {
        optional = optional || *at == '?';
        least += !optional && *at != '*';
    }
    optional = false;
    *common = sandbox_type_of(SB_VOID);
    if (expr->arg_count < least)
        return wrong_count(context, expr, least);
    for (const char *at = signature; index < expr->arg_count; index++) {
        if (*at == '?')
            at++;
        if (!*at)
            return wrong_count(context, expr, least);
        if (coerce_argument(context, expr, index, *at) < 0)
            return -1;
        if (*at == '=' && !sql_common_type(context, common, &expr->args[index]->type, common))
            return wrong_type(context, expr, index, common->text);
        if (at[1] != '*')
            at++;
    }
    for (size_t i = 0; i < expr->arg_count; i++) {
        char letter = i < strlen(signature) ? signature[i] : '*';
        if (letter == '=' || (letter == '*' && signature[0] == '='))
            expr->args[i] = sql_coerce(context, expr->args[i], common);
    }
    return 0;
}

static struct sandbox_type sum_type(struct sql_context *context, const struct sandbox_type *type)
{
    if (type->kind == SB_DECIMAL) {
        int precision = type->precision + 10;
        return sandbox_type_decimal(context->arena, precision > 38 ? 38 : precision, type->scale);
    }
    return sandbox_type_of(sandbox_kind_integer(type->kind) ? SB_BIGINT : SB_DOUBLE);
}

static struct sandbox_type avg_type(struct sql_context *context, const struct sandbox_type *type)
{
    if (type->kind != SB_DECIMAL)
        return sandbox_type_of(SB_DOUBLE);
    int precision = type->precision + 4 > 38 ? 38 : type->precision + 4;
    int scale = type->scale + 4 > 38 ? 38 : type->scale + 4;
    return sandbox_type_decimal(context->arena, precision, scale);
}

static void set_literal(struct sql_expr *expr, const char *text)
{
    expr->kind = EX_LITERAL;
    expr->value =
        (struct sandbox_value){.null = !text, .text = text, .len = text ? strlen(text) : 0};
}

/* Calls that are constants of the statement. */
static void fold_session(struct sql_context *context, struct sql_expr *expr)
{
    const struct sandbox_query_request *request = context->request;
    const char *name = expr->function->name;
    if (strcmp(name, "current_timestamp") == 0 || strcmp(name, "now") == 0) {
        set_literal(expr, "");
        expr->value.i = context->now_us;
    } else if (strcmp(name, "current_date") == 0) {
        int64_t local = context->now_us +
                        (int64_t)sandbox_zone_offset(context->time_zone, context->now_us) * 1000000;
        set_literal(expr, "");
        expr->value.i = local / 86400000000;
    } else if (strcmp(name, "current_timezone") == 0) {
        set_literal(expr, context->time_zone);
    } else if (strcmp(name, "current_user") == 0 || strcmp(name, "session_user") == 0 ||
               strcmp(name, "user") == 0) {
        set_literal(expr, request->principal);
    } else if (strcmp(name, "current_catalog") == 0) {
        set_literal(expr, request->catalog ? request->catalog : "workspace");
    } else if (strcmp(name, "current_schema") == 0 || strcmp(name, "current_database") == 0) {
        set_literal(expr, request->schema ? request->schema : "default");
    } else if (strcmp(name, "current_metastore") == 0) {
        set_literal(expr,
                    sandbox_arena_printf(context->arena, "aws:%s:%s",
                                         sandbox_workspace_identity(request->workspace)->region,
                                         sandbox_workspace_metastore(request->workspace)->id));
    } else if (strcmp(name, "version") == 0) {
        set_literal(expr, "4.0.0 0000000000000000000000000000000000000000");
    } else if (strstr(name, "member") && expr->args[0]->kind == EX_LITERAL) {
        const struct sandbox_value *group = &expr->args[0]->value;
        bool member =
            !group->null &&
            sandbox_workspace_member(request->workspace,
                                     sandbox_arena_text(context->arena, group->text, group->len),
                                     request->principal);
        set_literal(expr, "");
        expr->value.i = member;
        expr->arg_count = 0;
    } else if (strcmp(name, "typeof") == 0) {
        char *text = sandbox_arena_dup(context->arena, expr->args[0]->type.text);
        base_text_lower(text);
        set_literal(expr, text);
        expr->arg_count = 0;
    }
}

static int type_aggregate(struct sql_context *context, struct sql_scope *scope,
                          struct sql_expr *expr)
{
    if (!scope->allow_aggregate || scope->in_aggregate)
        return sql_error(
            context, scope->in_aggregate ? "42607" : "42903", expr->pos,
            scope->in_aggregate
                ? "[NESTED_AGGREGATE_FUNCTION] It is not allowed to use an aggregate function "
                  "in the argument of another aggregate function."
                : "[INVALID_WHERE_CONDITION] Aggregate functions are not allowed here.");
    expr->aggregate = true;
    struct sql_scope inner = *scope;
    inner.in_aggregate = true;
    bool count = strcmp(expr->function->name, "count") == 0;
    if (count && expr->arg_count == 1 && expr->args[0]->kind == EX_STAR) {
        expr->all_columns = true;
        expr->arg_count = 0;
    }
    for (size_t i = 0; i < expr->arg_count; i++)
        if (sql_type_expr(context, &inner, expr->args[i]) < 0)
            return -1;
    if (expr->filter) {
        inner.allow_aggregate = false;
        if (sql_type_expr(context, &inner, expr->filter) < 0)
            return -1;
        if (expr->filter->type.kind != SB_BOOLEAN)
            return sql_error(context, "42K09", expr->filter->pos,
                             "[DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN] The filter is not a boolean.");
    }
    return 0;
}

int sql_type_call(struct sql_context *context, struct sql_scope *scope, struct sql_expr *expr)
{
    struct sandbox_type common;
    expr->function = sql_function_find(expr->name);
    if (!expr->function)
        return sql_error(context, "42883", expr->pos,
                         "[UNRESOLVED_ROUTINE] Cannot resolve routine `%s` on search path "
                         "[`system`.`builtin`, `system`.`session`].",
                         expr->name);
    if (expr->function->aggregate) {
        if (type_aggregate(context, scope, expr) < 0)
            return -1;
    } else {
        for (size_t i = 0; i < expr->arg_count; i++) {
            if (sql_type_expr(context, scope, expr->args[i]) < 0)
                return -1;
            expr->aggregate = expr->aggregate || expr->args[i]->aggregate;
        }
    }
    if (expr->all_columns)
        common = sandbox_type_of(SB_VOID);
    else if (type_arguments(context, expr, &common) < 0)
        return -1;
    switch (*expr->function->result) {
    case '=':
        expr->type = common;
        break;
    case '1':
        expr->type = expr->args[0]->type;
        break;
    case '+':
        expr->type = sum_type(context, &expr->args[0]->type);
        break;
    case '/':
        expr->type = avg_type(context, &expr->args[0]->type);
        break;
    default:
        expr->type = sandbox_type_of(kind_of_letter(*expr->function->result));
    }
    fold_session(context, expr);
    return 0;
}
