#include "sandbox/cast.h"

#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US 86400000000

static const struct {
    int64_t low, high;
} ranges[SB_KIND_COUNT] = {
    [SB_TINYINT] = {INT8_MIN, INT8_MAX},
    [SB_SMALLINT] = {INT16_MIN, INT16_MAX},
    [SB_INT] = {INT32_MIN, INT32_MAX},
    [SB_BIGINT] = {INT64_MIN, INT64_MAX},
};

static int malformed(const struct sandbox_value *value, const struct sandbox_type *from,
                     const struct sandbox_type *to, char why[200])
{
    int len = value->len > 60 ? 60 : (int)value->len;
    snprintf(why, 200,
             "[CAST_INVALID_INPUT] The value '%.*s' of the type \"%s\" cannot be cast to \"%.40s\" "
             "because "
             "it is malformed.",
             len, value->text, from->text, to->text);
    return -1;
}

static int overflow(const struct sandbox_type *from, const struct sandbox_type *to, char why[200])
{
    snprintf(why, 200,
             "[CAST_OVERFLOW] A value of the type \"%.40s\" cannot be cast to \"%.40s\" due to an "
             "overflow.",
             from->text, to->text);
    return -1;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int to_integer(struct sandbox_value *value, const struct sandbox_type *from,
                      const struct sandbox_type *to, char why[200])
{
    __int128 wide = value->i;
    if (from->kind == SB_DECIMAL) {
        wide = value->d / sandbox_decimal_pow10(from->scale);
    } else if (from->kind == SB_FLOAT || from->kind == SB_DOUBLE) {
        if (!(value->f > -9.3e18 && value->f < 9.3e18))
            return overflow(from, to, why);
        wide = (__int128)value->f;
    } else if (from->kind == SB_TIMESTAMP) {
        wide = floor_div(value->i, 1000000);
    }
    if (wide < ranges[to->kind].low || wide > ranges[to->kind].high)
        return overflow(from, to, why);
    value->i = (int64_t)wide;
    return 0;
}

static double decimal_double(__int128 value, int scale)
{
    char text[48];
    sandbox_decimal_format(value, scale, text);
    return strtod(text, NULL);
}

static int to_double(struct sandbox_value *value, const struct sandbox_type *from,
                     const struct sandbox_type *to)
{
    if (from->kind == SB_DECIMAL)
        value->f = decimal_double(value->d, from->scale);
    else if (from->kind == SB_TIMESTAMP)
        value->f = (double)value->i / 1e6;
    else if (from->kind != SB_FLOAT && from->kind != SB_DOUBLE)
        value->f = (double)value->i;
    if (to->kind == SB_FLOAT)
        value->f = (double)(float)value->f;
    return 0;
}

static int to_decimal(struct sandbox_value *value, const struct sandbox_type *from,
                      const struct sandbox_type *to, char why[200])
{
    char text[400];
    bool ok = true;
    if (from->kind == SB_DECIMAL) {
        ok = sandbox_decimal_rescale(&value->d, from->scale, to->scale);
    } else if (from->kind == SB_FLOAT || from->kind == SB_DOUBLE) {
        snprintf(text, sizeof text, "%.17g", value->f);
        ok = isfinite(value->f) && sandbox_decimal_parse(text, strlen(text), to->scale, &value->d);
    } else {
        value->d = from->kind == SB_TIMESTAMP ? floor_div(value->i, 1000000) : value->i;
        ok = sandbox_decimal_rescale(&value->d, 0, to->scale);
    }
    if (ok && sandbox_decimal_fits(value->d, to->precision))
        return 0;
    snprintf(
        why, 200,
        "[NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION] A value cannot be represented as \"%s\".",
        to->text);
    return -1;
}

static int text_boolean(struct sandbox_value *value, const char *text)
{
    static const char *const yes[] = {"t", "true", "y", "yes", "1"};
    static const char *const no[] = {"f", "false", "n", "no", "0"};
    for (int i = 0; i < 5; i++) {
        value->i = base_text_equal_nocase(text, yes[i]);
        if (value->i || base_text_equal_nocase(text, no[i]))
            return 0;
    }
    return -1;
}

static int text_double(struct sandbox_value *value, const char *text, bool single)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"nan", NAN},       {"inf", INFINITY},   {"infinity", INFINITY},
                 {"+inf", INFINITY}, {"-inf", -INFINITY}, {"-infinity", -INFINITY}};
    char *end;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (base_text_equal_nocase(words[i].word, text)) {
            value->f = words[i].value;
            return 0;
        }
    if (!*text || strspn(text, "+-0123456789.eE") != strlen(text))
        return -1;
    value->f = single ? (double)strtof(text, &end) : strtod(text, &end);
    return *end ? -1 : 0;
}

/* INTERVAL as text: "1-2" or "3 04:05:06.7" with or without INTERVAL '...' around, or a plain
 * count. */
static int text_interval(struct sandbox_value *value, const char *text, bool months)
{
    const char *quote = strchr(text, '\'');
    if (quote)
        text = quote + 1;
    int negative = *text == '-';
    text += negative;
    long long a, b = 0, h = 0, m = 0;
    double seconds = 0;
    if (months) {
        if (sscanf(text, "%lld-%lld", &a, &b) < 1)
            return -1;
        value->i = a * 12 + b;
    } else {
        if (sscanf(text, "%lld %lld:%lld:%lf", &a, &h, &m, &seconds) < 1)
            return -1;
        __int128 us =
            ((__int128)a * 86400 + h * 3600 + m * 60) * 1000000 + (int64_t)(seconds * 1e6 + 0.5);
        if (us > (__int128)INT64_MAX + 1)
            return -1;
        value->i = negative ? (int64_t)-us : (int64_t)us;
        return 0;
    }
    if (negative)
        value->i = -value->i;
    return 0;
}

static int from_text(struct sandbox_arena *arena, struct sandbox_value *value,
                     const struct sandbox_type *from, const struct sandbox_type *to,
                     const char *time_zone, char why[200])
{
    const char *start = value->text;
    size_t len = value->len;
    bool ok = true;
    __int128 wide;
    while (len && isspace((unsigned char)*start)) {
        start++;
        len--;
    }
    while (len && isspace((unsigned char)start[len - 1]))
        len--;
    const char *text = sandbox_arena_text(arena, start, len);
    switch (to->kind) {
    case SB_BOOLEAN:
        ok = text_boolean(value, text) == 0;
        break;
    case SB_TINYINT:
    case SB_SMALLINT:
    case SB_INT:
    case SB_BIGINT:
        ok = len && strspn(text, "+-0123456789") == len &&
             sandbox_decimal_parse(text, len, 0, &wide) && wide >= ranges[to->kind].low &&
             wide <= ranges[to->kind].high;
        if (ok)
            value->i = (int64_t)wide;
        break;
    case SB_FLOAT:
    case SB_DOUBLE:
        ok = text_double(value, text, to->kind == SB_FLOAT) == 0;
        break;
    case SB_DECIMAL:
        ok = sandbox_decimal_parse(text, len, to->scale, &wide) &&
             sandbox_decimal_fits(wide, to->precision);
        value->d = wide;
        break;
    case SB_DATE:
        ok = sandbox_date_parse(text, len, &value->i);
        break;
    case SB_TIMESTAMP:
    case SB_TIMESTAMP_NTZ:
        ok = sandbox_timestamp_parse(text, len, time_zone, to->kind == SB_TIMESTAMP_NTZ, &value->i);
        break;
    case SB_INTERVAL_YM:
    case SB_INTERVAL_DT:
        ok = text_interval(value, text, to->kind == SB_INTERVAL_YM) == 0;
        break;
    case SB_VOID:
        value->null = true;
        break;
    default: /* BINARY and nested kinds given as text keep their bytes */
        break;
    }
    return ok ? 0 : malformed(value, from, to, why);
}

static int to_text(struct sandbox_arena *arena, struct sandbox_value *value,
                   const struct sandbox_type *from, const char *time_zone)
{
    struct buf out;
    base_buf_init(&out, BUF_MAX_DEFAULT);
    sandbox_value_text(from, value, time_zone, &out);
    value->text = sandbox_arena_text(arena, out.data, out.len);
    value->len = out.len;
    base_buf_free(&out);
    return 0;
}

static void to_time(struct sandbox_value *value, const struct sandbox_type *from,
                    const struct sandbox_type *to, const char *time_zone)
{
    int64_t us = from->kind == SB_DATE ? value->i * DAY_US : value->i;
    bool local = from->kind == SB_DATE || from->kind == SB_TIMESTAMP_NTZ;
    if (sandbox_kind_integer(from->kind))
        us = value->i * 1000000;
    else if (from->kind == SB_FLOAT || from->kind == SB_DOUBLE)
        us = (int64_t)(value->f * 1e6);
    else if (from->kind == SB_DECIMAL)
        us = (int64_t)(decimal_double(value->d, from->scale) * 1e6);
    if (to->kind == SB_TIMESTAMP && local)
        us -= (int64_t)sandbox_zone_offset(time_zone, us) * 1000000;
    else if (to->kind != SB_TIMESTAMP && !local)
        us += (int64_t)sandbox_zone_offset(time_zone, us) * 1000000;
    value->i = to->kind == SB_DATE ? floor_div(us, DAY_US) : us;
}

/* The scalar inside a VARIANT's JSON text; strings lose their quotes. */
static int from_variant(struct sandbox_arena *arena, struct sandbox_value *value,
                        const struct sandbox_type *to, const char *time_zone, char why[200])
{
    struct sandbox_type text = sandbox_type_of(SB_STRING);
    if (value->len == 4 && memcmp(value->text, "null", 4) == 0) {
        value->null = true;
        return 0;
    }
    if (value->len >= 2 && value->text[0] == '"') {
        value->text = sandbox_arena_text(arena, value->text + 1, value->len - 2);
        value->len -= 2;
    }
    return to->kind == SB_STRING ? 0 : from_text(arena, value, &text, to, time_zone, why);
}

int sandbox_cast(struct sandbox_arena *arena, struct sandbox_value *value,
                 const struct sandbox_type *from, const struct sandbox_type *to,
                 const char *time_zone, char why[200])
{
    if (value->null || from->kind == SB_VOID || sandbox_type_equal(from, to))
        return 0;
    if (from->kind == SB_STRING)
        return from_text(arena, value, from, to, time_zone, why);
    if (from->kind == SB_VARIANT)
        return from_variant(arena, value, to, time_zone, why);
    if (to->kind == SB_STRING)
        return sandbox_kind_textual(from->kind) ? 0 : to_text(arena, value, from, time_zone);
    if (sandbox_kind_integer(to->kind))
        return to_integer(value, from, to, why);
    switch (to->kind) {
    case SB_BOOLEAN:
        value->i = from->kind == SB_DECIMAL                            ? value->d != 0
                   : from->kind == SB_FLOAT || from->kind == SB_DOUBLE ? value->f != 0
                                                                       : value->i != 0;
        return 0;
    case SB_FLOAT:
    case SB_DOUBLE:
        return to_double(value, from, to);
    case SB_DECIMAL:
        return to_decimal(value, from, to, why);
    case SB_DATE:
    case SB_TIMESTAMP:
    case SB_TIMESTAMP_NTZ:
        to_time(value, from, to, time_zone);
        return 0;
    default:
        return 0;
    }
}
