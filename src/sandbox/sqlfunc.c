/* Typed arithmetic, casts and aggregates for SQLite: exact, and with Databricks' errors. */
#include "sandbox/sqlite_side.h"

#include "base/json.h"
#include "sandbox/cast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct sql_run *run_of(sqlite3_context *out)
{
    return sqlite3_user_data(out);
}

static const struct sandbox_type *type_at(sqlite3_context *out, sqlite3_value *number)
{
    return &run_of(out)->types.items[sqlite3_value_int(number)];
}

static bool any_null(int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            return true;
    return false;
}

static void cast_failed(sqlite3_context *out, const char *why)
{
    sandbox_sqlite_fail(out, strstr(why, "INVALID_INPUT") ? "22018" : "22003",
                        "%s Use `try_cast` to tolerate it and return NULL instead.", why);
}

/* sb_cast(x, from, to, safe) */
static void fn_cast(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sql_run *run = run_of(out);
    const struct sandbox_type *from = type_at(out, argv[1]), *to = type_at(out, argv[2]);
    struct sandbox_value value;
    char why[200];
    (void)argc;
    sandbox_arena_reset(run->scratch);
    sandbox_sqlite_decode(argv[0], from, &value);
    if (sandbox_cast(run->scratch, &value, from, to, run->context->time_zone, why) == 0)
        sandbox_sqlite_encode(out, to, &value);
    else if (sqlite3_value_int(argv[3]))
        sqlite3_result_null(out);
    else
        cast_failed(out, why);
}

/* sb_json(x, type): nested values as JSON, maps as objects */
static void fn_json(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sandbox_type *type = type_at(out, argv[1]);
    struct sandbox_value value;
    struct buf text;
    (void)argc;
    sandbox_sqlite_decode(argv[0], type, &value);
    if (value.null) {
        sqlite3_result_null(out);
        return;
    }
    base_buf_init(&text, BUF_MAX_DEFAULT);
    sandbox_nested_text(type, value.text, value.len, &text);
    sqlite3_result_text64(out, text.data ? text.data : "", text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
    base_buf_free(&text);
}

static void overflow(sqlite3_context *out, const struct sandbox_type *type)
{
    sandbox_sqlite_fail(
        out, "22003",
        "[ARITHMETIC_OVERFLOW] %s overflow. Use 'try_add' or the like to tolerate overflow "
        "and return NULL instead.",
        type->text);
}

static void divide_by_zero(sqlite3_context *out)
{
    sandbox_sqlite_fail(
        out, "22012",
        "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 "
        "and return NULL instead.");
}

static bool fits(const struct sandbox_type *type, __int128 value)
{
    int bits = type->kind == SB_TINYINT    ? 8
               : type->kind == SB_SMALLINT ? 16
               : type->kind == SB_INT      ? 32
                                           : 64;
    __int128 limit = (__int128)1 << (bits - 1);
    return value < limit && value >= -limit;
}

/* False: the error is set. */
static bool integer_arith(sqlite3_context *out, int op, const struct sandbox_type *type, int64_t a,
                          int64_t b, int64_t *whole)
{
    __int128 result = 0;
    if ((op == '%' || op == 'D') && b == 0)
        return divide_by_zero(out), false;
    switch (op) {
    case '+':
        result = (__int128)a + b;
        break;
    case '-':
        result = (__int128)a - b;
        break;
    case '*':
        result = (__int128)a * b;
        break;
    case '%':
        result = b == -1 ? 0 : a % b;
        break;
    default:
        result = (__int128)a / b;
    }
    if (!fits(type, result))
        return overflow(out, type), false;
    *whole = (int64_t)result;
    return true;
}

static bool double_arith(sqlite3_context *out, int op, const struct sandbox_type *type, double a,
                         double b, double *result)
{
    if ((op == '/' || op == '%') && b == 0)
        return divide_by_zero(out), false;
    *result = op == '+'   ? a + b
              : op == '-' ? a - b
              : op == '*' ? a * b
              : op == '/' ? a / b
                          : fmod(a, b);
    if (type->kind == SB_FLOAT)
        *result = (double)(float)*result;
    return true;
}

/* a and b have their own scales; the result is brought to the type's. */
static bool decimal_arith(int op, const struct sandbox_type *type, const struct sandbox_type *at,
                          const struct sandbox_type *bt, __int128 a, __int128 b, __int128 *result)
{
    int scale = at->scale > bt->scale ? at->scale : bt->scale;
    if (op == '*') {
        scale = at->scale + bt->scale;
        if (__builtin_mul_overflow(a, b, result))
            return false;
        return (scale <= 38 || type->scale < scale) &&
               sandbox_decimal_rescale(result, scale, type->scale);
    }
    if (op == '/') { /* long division, digit by digit, one more for rounding */
        __int128 whole = a / b, rest = a % b;
        int have = at->scale - bt->scale;
        for (; have < type->scale + 1; have++) {
            if (__builtin_mul_overflow(rest, 10, &rest) ||
                __builtin_mul_overflow(whole, 10, &whole))
                return false;
            whole += rest / b;
            rest %= b;
        }
        *result = whole;
        return sandbox_decimal_rescale(result, have, type->scale);
    }
    if (!sandbox_decimal_rescale(&a, at->scale, scale) ||
        !sandbox_decimal_rescale(&b, bt->scale, scale))
        return false;
    if (op == '%')
        *result = a % b;
    else if (op == '+' ? __builtin_add_overflow(a, b, result)
                       : __builtin_sub_overflow(a, b, result))
        return false;
    return sandbox_decimal_rescale(result, scale, type->scale);
}

/* One step: *value becomes the result, or the error is set and it is false. */
static bool step_do(sqlite3_context *out, const struct sql_step *step, struct sandbox_value *value,
                    const struct sandbox_value *b)
{
    const struct sandbox_type *type = &step->type;
    struct sandbox_value a = *value;
    bool null = a.null || b->null;
    *value = (struct sandbox_value){.null = null};
    if (null)
        return true;
    if (type->kind == SB_FLOAT || type->kind == SB_DOUBLE)
        return double_arith(out, step->op, type, a.f, b->f, &value->f);
    if (type->kind != SB_DECIMAL) /* whole numbers; DATE and TIMESTAMP with days or microseconds */
        return integer_arith(out, step->op, type, a.i, b->i, &value->i);
    if ((step->op == '/' || step->op == '%') && b->d == 0)
        return divide_by_zero(out), false;
    if (!decimal_arith(step->op, type, &step->left, &step->right, a.d, b->d, &value->d) ||
        !sandbox_decimal_fits(value->d, type->precision))
        return overflow(out, type), false;
    return true;
}

/* sb_fold(number of the first step, a, b, c ...): the steps between them, from the left */
static void fn_fold(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sql_run *run = run_of(out);
    const struct sql_step *steps = &run->steps.items[sqlite3_value_int(argv[0])], *last = NULL;
    struct sandbox_value value = {0}, next;
    char why[200];
    sandbox_arena_reset(run->scratch);
    for (int i = 2; i < argc; i++) {
        last = &steps[i - 2];
        if (i == 2)
            sandbox_sqlite_decode(argv[1], last->cast ? &last->from : &last->left, &value);
        if (last->cast && sandbox_cast(run->scratch, &value, &last->from, &last->to,
                                       run->context->time_zone, why) != 0) {
            cast_failed(out, why);
            return;
        }
        sandbox_sqlite_decode(argv[i], &last->right, &next);
        if (!step_do(out, last, &value, &next))
            return;
    }
    if (last)
        sandbox_sqlite_encode(out, &last->type, &value);
}

static void fn_neg(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sandbox_type *type = type_at(out, argv[0]);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[1], type, &value);
    if (!value.null && sandbox_kind_integer(type->kind) && !fits(type, -(__int128)value.i)) {
        overflow(out, type);
        return;
    }
    value.i = sandbox_kind_integer(type->kind) ? -value.i : value.i;
    value.f = -value.f;
    value.d = -value.d;
    sandbox_sqlite_encode(out, type, &value);
}

static void fn_abs(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sandbox_type *type = type_at(out, argv[0]);
    struct sandbox_value value;
    sandbox_sqlite_decode(argv[1], type, &value);
    bool negative = type->kind == SB_DECIMAL           ? value.d < 0
                    : sandbox_kind_integer(type->kind) ? value.i < 0
                                                       : signbit(value.f) != 0;
    if (!value.null && negative)
        fn_neg(out, argc, argv);
    else
        sandbox_sqlite_encode(out, type, &value);
}

/* sb_floor and sb_ceil(type, x): BIGINT. */
static void round_whole(sqlite3_context *out, sqlite3_value **argv, bool up)
{
    const struct sandbox_type *type = type_at(out, argv[0]);
    struct sandbox_value value;
    sandbox_sqlite_decode(argv[1], type, &value);
    if (value.null) {
        sqlite3_result_null(out);
    } else if (type->kind == SB_DECIMAL) {
        __int128 power = sandbox_decimal_pow10(type->scale), whole = value.d / power;
        if (value.d % power && (value.d > 0) == up)
            whole += up ? 1 : -1;
        if (whole > INT64_MAX || whole < INT64_MIN)
            overflow(out, type);
        else
            sqlite3_result_int64(out, (int64_t)whole);
    } else if (sandbox_kind_integer(type->kind)) {
        sqlite3_result_int64(out, value.i);
    } else {
        double whole = up ? ceil(value.f) : floor(value.f);
        if (whole > -9.3e18 && whole < 9.2e18)
            sqlite3_result_int64(out, (int64_t)whole);
        else
            overflow(out, type);
    }
}

static void fn_floor(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    round_whole(out, argv, false);
}

static void fn_ceil(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    round_whole(out, argv, true);
}

static void fn_norm(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], &real, &value);
    if (value.f == 0)
        value.f = 0;
    sandbox_sqlite_encode(out, &real, &value);
}

static void fn_isnan(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[argc - 1], &real, &value);
    sqlite3_result_int(out, !value.null && isnan(value.f));
}

/* sb_greatest and sb_least(type, x...): NULLs are passed over. */
static void pick(sqlite3_context *out, int argc, sqlite3_value **argv, bool largest)
{
    sqlite3_value *best = NULL;
    for (int i = 1; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            continue;
        int order = 0;
        if (best && sqlite3_value_type(best) == SQLITE_INTEGER) {
            sqlite3_int64 a = sqlite3_value_int64(argv[i]), b = sqlite3_value_int64(best);
            order = a < b ? -1 : a > b;
        } else if (best) {
            int len = sqlite3_value_bytes(argv[i]), other = sqlite3_value_bytes(best);
            int least = len < other ? len : other;
            const void *a = sqlite3_value_blob(argv[i]), *b = sqlite3_value_blob(best);
            order = least ? memcmp(a, b, (size_t)least) : 0;
            order = order ? order : len - other;
        }
        if (!best || (largest ? order > 0 : order < 0))
            best = argv[i];
    }
    if (best)
        sqlite3_result_value(out, best);
    else
        sqlite3_result_null(out);
}

static void fn_greatest(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    pick(out, argc, argv, true);
}

static void fn_least(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    pick(out, argc, argv, false);
}

/* One value for several, for count(DISTINCT a, b): NULL when any is. */
static void fn_tuple(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct buf key;
    if (any_null(argc, argv)) {
        sqlite3_result_null(out);
        return;
    }
    base_buf_init(&key, BUF_MAX_DEFAULT);
    for (int i = 0; i < argc; i++) {
        base_buf_u32le(&key, (uint32_t)sqlite3_value_bytes(argv[i]));
        base_buf_append(&key, sqlite3_value_blob(argv[i]), (size_t)sqlite3_value_bytes(argv[i]));
    }
    sqlite3_result_blob(out, key.data, (int)key.len, SQLITE_TRANSIENT);
    base_buf_free(&key);
}

/* A member of a nested value as a value of that type. */
static void member_result(sqlite3_context *out, const cJSON *member,
                          const struct sandbox_type *type)
{
    struct sql_run *run = run_of(out);
    struct sandbox_type text = sandbox_type_of(SB_STRING);
    struct sandbox_value value = {0};
    char why[200];
    char *printed = member && !(cJSON_IsString(member) && type->kind != SB_VARIANT)
                        ? base_json_print(member)
                        : NULL;
    value.null = !member || cJSON_IsNull(member);
    value.text = printed ? printed : member && member->valuestring ? member->valuestring : "";
    value.len = strlen(value.text);
    sandbox_arena_reset(run->scratch);
    if (sandbox_kind_textual(type->kind) ||
        sandbox_cast(run->scratch, &value, &text, type, run->context->time_zone, why) == 0)
        sandbox_sqlite_encode(out, type, &value);
    else
        sandbox_sqlite_fail(out, "22018", "%s", why);
    free(printed);
}

static cJSON *nested_of(sqlite3_value *value)
{
    const char *json = (const char *)sqlite3_value_text(value);
    return json ? base_json_parse(json, (size_t)sqlite3_value_bytes(value), JSON_MAX_BYTES, NULL)
                : NULL;
}

/* sb_field(json, name, type) */
static void fn_field(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    cJSON *tree = nested_of(argv[0]);
    (void)argc;
    member_result(
        out, tree ? cJSON_GetObjectItem(tree, (const char *)sqlite3_value_text(argv[1])) : NULL,
        type_at(out, argv[2]));
    cJSON_Delete(tree);
}

/* sb_element(json, key, type): maps are lists of key and value. */
static void fn_element(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    cJSON *tree = nested_of(argv[0]);
    const char *key = (const char *)sqlite3_value_text(argv[1]);
    const cJSON *item, *found = NULL;
    (void)argc;
    cJSON_ArrayForEach(item, tree) if (key && strcmp(base_json_str_or(item, "key", ""), key) == 0)
        found = base_json_get(item, "value");
    member_result(out, found, type_at(out, argv[2]));
    cJSON_Delete(tree);
}

/* SQLite aligns it to 8 bytes only, which __int128 does not bear: the exact sum is kept as bytes.
 */
struct sum_state {
    int64_t count;
    unsigned char exact[16];
    double real;
    bool overflowed;
};

static __int128 exact_get(const struct sum_state *state)
{
    __int128 exact;
    memcpy(&exact, state->exact, sizeof exact);
    return exact;
}

static void exact_set(struct sum_state *state, __int128 exact)
{
    memcpy(state->exact, &exact, sizeof exact);
}

static void sum_step_integer(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sum_state *state = sqlite3_aggregate_context(out, sizeof *state);
    (void)argc;
    if (!state || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    state->count++;
    exact_set(state, exact_get(state) + sqlite3_value_int64(argv[0]));
}

static void sum_step_decimal(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sum_state *state = sqlite3_aggregate_context(out, sizeof *state);
    struct sandbox_type decimal = sandbox_type_of(SB_DECIMAL);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], &decimal, &value);
    if (!state || value.null)
        return;
    state->count++;
    __int128 sum;
    if (__builtin_add_overflow(exact_get(state), value.d, &sum))
        state->overflowed = true;
    exact_set(state, sum);
}

static void sum_step_double(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sum_state *state = sqlite3_aggregate_context(out, sizeof *state);
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], &real, &value);
    if (!state || value.null)
        return;
    state->count++;
    state->real += value.f;
}

static void sum_end(sqlite3_context *out, enum sandbox_kind kind)
{
    struct sum_state *state = sqlite3_aggregate_context(out, 0);
    struct sandbox_type type = sandbox_type_of(kind);
    struct sandbox_value value = {.null = !state || !state->count};
    if (state) {
        value.d = exact_get(state);
        value.i = (int64_t)value.d;
        value.f = state->real;
    }
    bool wide = kind == SB_BIGINT && (value.d > INT64_MAX || value.d < INT64_MIN);
    if (!value.null && (state->overflowed || wide))
        overflow(out, &type);
    else
        sandbox_sqlite_encode(out, &type, &value);
}

static void sum_end_integer(sqlite3_context *out)
{
    sum_end(out, SB_BIGINT);
}

static void sum_end_decimal(sqlite3_context *out)
{
    sum_end(out, SB_DECIMAL);
}

static void sum_end_double(sqlite3_context *out)
{
    sum_end(out, SB_DOUBLE);
}

static void xor_step(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sum_state *state = sqlite3_aggregate_context(out, sizeof *state);
    (void)argc;
    if (!state || sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    state->count++;
    exact_set(state, exact_get(state) ^ sqlite3_value_int64(argv[0]));
}

/* sb_fit(sum, in, out): a decimal sum within its type. */
static void fn_fit(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sandbox_type *type = type_at(out, argv[2]);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], type, &value);
    if (value.null || sandbox_decimal_fits(value.d, type->precision))
        sandbox_sqlite_encode(out, type, &value);
    else
        overflow(out, type);
}

static void fn_average(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct sandbox_type real = sandbox_type_of(SB_DOUBLE);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], &real, &value);
    value.f /= (double)sqlite3_value_int64(argv[1]);
    sandbox_sqlite_encode(out, &real, &value);
}

/* sb_average_decimal(sum, count, in, out) */
static void fn_average_decimal(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sandbox_type *in = type_at(out, argv[2]), *type = type_at(out, argv[3]);
    struct sandbox_type count = sandbox_type_of(SB_DECIMAL);
    struct sandbox_value value;
    (void)argc;
    sandbox_sqlite_decode(argv[0], in, &value);
    count.scale = 0;
    if (!value.null &&
        !decimal_arith('/', type, in, &count, value.d, sqlite3_value_int64(argv[1]), &value.d))
        overflow(out, type);
    else
        sandbox_sqlite_encode(out, type, &value);
}

int sandbox_sqlite_functions(struct sql_run *run)
{
    static const struct {
        const char *name;
        int args;
        void (*call)(sqlite3_context *, int, sqlite3_value **);
        void (*step)(sqlite3_context *, int, sqlite3_value **);
        void (*end)(sqlite3_context *);
    } functions[] = {
        {"sb_cast", 4, fn_cast, NULL, NULL},
        {"sb_json", 2, fn_json, NULL, NULL},
        {"sb_fold", -1, fn_fold, NULL, NULL},
        {"sb_neg", 2, fn_neg, NULL, NULL},
        {"sb_abs", 2, fn_abs, NULL, NULL},
        {"sb_floor", 2, fn_floor, NULL, NULL},
        {"sb_ceil", 2, fn_ceil, NULL, NULL},
        {"sb_norm", 1, fn_norm, NULL, NULL},
        {"sb_isnan", 1, fn_isnan, NULL, NULL},
        {"sb_greatest", -1, fn_greatest, NULL, NULL},
        {"sb_least", -1, fn_least, NULL, NULL},
        {"sb_tuple", -1, fn_tuple, NULL, NULL},
        {"sb_field", 3, fn_field, NULL, NULL},
        {"sb_element", 3, fn_element, NULL, NULL},
        {"sb_fit", 3, fn_fit, NULL, NULL},
        {"sb_average", 2, fn_average, NULL, NULL},
        {"sb_average_decimal", 4, fn_average_decimal, NULL, NULL},
        {"sb_sum_integer", 1, NULL, sum_step_integer, sum_end_integer},
        {"sb_sum_decimal", 1, NULL, sum_step_decimal, sum_end_decimal},
        {"sb_sum_double", 1, NULL, sum_step_double, sum_end_double},
        {"sb_bit_xor", 1, NULL, xor_step, sum_end_integer},
    };
    int result = SQLITE_OK;
    for (size_t i = 0; i < base_countof(functions) && result == SQLITE_OK; i++)
        result = sqlite3_create_function_v2(
            run->db, functions[i].name, functions[i].args, SQLITE_UTF8 | SQLITE_DETERMINISTIC, run,
            functions[i].call, functions[i].step, functions[i].end, NULL);
    return result;
}
