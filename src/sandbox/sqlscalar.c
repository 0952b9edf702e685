/* Functions over text, time and hashes for SQLite. */
#include "sandbox/sqlite_side.h"

#include "base/hash.h"
#include "base/seam.h"
#include "base/text.h"

#include <ctype.h>
#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US 86400000000

struct scalar {
    const char *name;
    void (*call)(sqlite3_context *, int, sqlite3_value **);
    bool nulls; /* sees NULL arguments; the others give NULL for any */
};

struct scalar_call {
    struct sql_run *run;
    const struct scalar *scalar;
};

static const struct sql_run *run_of(sqlite3_context *out)
{
    return ((const struct scalar_call *)sqlite3_user_data(out))->run;
}

static const char *text_of(sqlite3_value *value, size_t *len)
{
    const char *text = (const char *)sqlite3_value_text(value);
    *len = (size_t)sqlite3_value_bytes(value);
    return text ? text : "";
}

static void put_text(sqlite3_context *out, const char *text, size_t len)
{
    sqlite3_result_text(out, len ? text : "", (int)len, SQLITE_TRANSIENT);
}

/* Upper and lower case of ASCII and of the Latin-1, Greek and Cyrillic letters of two bytes. */
static void fold(sqlite3_context *out, sqlite3_value *value, bool up)
{
    size_t len;
    const char *text = text_of(value, &len);
    char *copy = base_strndup(text, len);
    memcpy(copy, text, len);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)copy[i], d = i + 1 < len ? (unsigned char)copy[i + 1] : 0;
        if (c < 0x80)
            copy[i] = (char)(up ? toupper(c) : tolower(c));
        else if (c == 0xc3 && up && d >= 0xa0 && d <= 0xbe && d != 0xb7)
            copy[i + 1] = (char)(d - 0x20);
        else if (c == 0xc3 && !up && d >= 0x80 && d <= 0x9e && d != 0x97)
            copy[i + 1] = (char)(d + 0x20);
    }
    put_text(out, copy, len);
    free(copy);
}

static size_t char_len(const char *at, size_t left)
{
    unsigned char c = (unsigned char)*at;
    size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return len < left ? len : left;
}

static int64_t count_chars(const char *text, size_t len)
{
    int64_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xc0) != 0x80;
    return count;
}

static void cut(sqlite3_context *out, const char *text, size_t len, int64_t from, int64_t count)
{
    size_t start = 0;
    while (start < len && from-- > 0)
        start += char_len(text + start, len - start);
    size_t end = start;
    while (end < len && count-- > 0)
        end += char_len(text + end, len - end);
    put_text(out, text + start, end - start);
}

static void fn_lower(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    fold(out, argv[0], false);
}

static void fn_upper(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    fold(out, argv[0], true);
}

static void fn_length(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    (void)argc;
    if (sqlite3_value_type(argv[0]) == SQLITE_BLOB) {
        sqlite3_result_int(out, sqlite3_value_bytes(argv[0]));
        return;
    }
    const char *text = text_of(argv[0], &len);
    sqlite3_result_int64(out, count_chars(text, len));
}

static void fn_octet_length(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_int(out, sqlite3_value_bytes(argv[0]));
}

static void fn_concat(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    struct buf text;
    base_buf_init(&text, BUF_MAX_DEFAULT);
    for (int i = 0; i < argc; i++) {
        size_t len;
        const char *part = text_of(argv[i], &len);
        base_buf_append(&text, part, len);
    }
    put_text(out, text.data, text.len);
    base_buf_free(&text);
}

/* substring(text, pos, len): pos from 1, negative from the end. */
static void fn_substring(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    const char *text = text_of(argv[0], &len);
    int64_t pos = sqlite3_value_int64(argv[1]),
            count = argc > 2 ? sqlite3_value_int64(argv[2]) : INT32_MAX;
    int64_t from = pos > 0 ? pos - 1 : pos < 0 ? count_chars(text, len) + pos : 0;
    if (from < 0) {
        count += from;
        from = 0;
    }
    cut(out, text, len, from, count < 0 ? 0 : count);
}

static void fn_left(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    const char *text = text_of(argv[0], &len);
    (void)argc;
    cut(out, text, len, 0, sqlite3_value_int64(argv[1]));
}

static void fn_right(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    const char *text = text_of(argv[0], &len);
    int64_t all = count_chars(text, len), count = sqlite3_value_int64(argv[1]);
    (void)argc;
    cut(out, text, len, count < all ? all - count : 0, count < 0 ? 0 : count);
}

static void trim_text(sqlite3_context *out, sqlite3_value *value, bool front, bool back)
{
    size_t len;
    const char *text = text_of(value, &len);
    while (front && len && *text == ' ') {
        text++;
        len--;
    }
    while (back && len && text[len - 1] == ' ')
        len--;
    put_text(out, text, len);
}

static void fn_trim(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    trim_text(out, argv[0], true, true);
}

static void fn_ltrim(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    trim_text(out, argv[0], true, false);
}

static void fn_rtrim(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    trim_text(out, argv[0], false, true);
}

static void fn_replace(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, from_len, to_len;
    const char *text = text_of(argv[0], &len), *from = text_of(argv[1], &from_len);
    const char *to = text_of(argv[2], &to_len);
    struct buf made;
    (void)argc;
    if (!from_len) {
        put_text(out, text, len);
        return;
    }
    base_buf_init(&made, BUF_MAX_DEFAULT);
    for (size_t i = 0; i < len;) {
        bool here = len - i >= from_len && memcmp(text + i, from, from_len) == 0;
        base_buf_append(&made, here ? to : text + i, here ? to_len : 1);
        i += here ? from_len : 1;
    }
    put_text(out, made.data, made.len);
    base_buf_free(&made);
}

static void fn_startswith(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, part_len;
    const char *text = text_of(argv[0], &len), *part = text_of(argv[1], &part_len);
    (void)argc;
    sqlite3_result_int(out, len >= part_len && memcmp(text, part, part_len) == 0);
}

static void fn_endswith(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, part_len;
    const char *text = text_of(argv[0], &len), *part = text_of(argv[1], &part_len);
    (void)argc;
    sqlite3_result_int(out, len >= part_len && memcmp(text + len - part_len, part, part_len) == 0);
}

static void fn_contains(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, part_len;
    const char *text = text_of(argv[0], &len), *part = text_of(argv[1], &part_len);
    bool found = part_len == 0;
    (void)argc;
    for (size_t i = 0; !found && i + part_len <= len; i++)
        found = memcmp(text + i, part, part_len) == 0;
    sqlite3_result_int(out, found);
}

/* % any run, _ one character, escape makes the next one plain. Linear in text times pattern. */
static bool like(const char *text, size_t len, const char *pattern, size_t pattern_len, char escape)
{
    size_t t = 0, p = 0, star = SIZE_MAX, mark = 0;
    while (t < len) {
        bool plain = p + 1 < pattern_len && pattern[p] == escape && escape;
        if (p < pattern_len && !plain && pattern[p] == '%') {
            star = p++;
            mark = t;
        } else if (p < pattern_len && !plain && pattern[p] == '_') {
            t += char_len(text + t, len - t);
            p++;
        } else if (p < pattern_len && pattern[p + plain] == text[t]) {
            t++;
            p += 1 + plain;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            mark += char_len(text + mark, len - mark);
            t = mark;
        } else {
            return false;
        }
    }
    while (p < pattern_len && pattern[p] == '%')
        p++;
    return p == pattern_len;
}

static void fn_like(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, pattern_len, escape_len;
    const char *text = text_of(argv[0], &len), *pattern = text_of(argv[1], &pattern_len);
    const char *escape = argc > 2 ? text_of(argv[2], &escape_len) : "\\";
    sqlite3_result_int(out, like(text, len, pattern, pattern_len, *escape));
}

static void fn_ilike(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len, pattern_len, escape_len;
    const char *text = text_of(argv[0], &len), *pattern = text_of(argv[1], &pattern_len);
    const char *escape = argc > 2 ? text_of(argv[2], &escape_len) : "\\";
    char *a = base_strndup(text, len), *b = base_strndup(pattern, pattern_len);
    base_text_lower(a);
    base_text_lower(b);
    sqlite3_result_int(out, like(a, strlen(a), b, strlen(b), *escape));
    free(a);
    free(b);
}

/* Java's shorthand classes as POSIX has them. */
static char *posix_pattern(const char *pattern)
{
    static const char *const classes[][2] = {{"d", "[0-9]"},         {"w", "[A-Za-z0-9_]"},
                                             {"s", "[[:space:]]"},   {"D", "[^0-9]"},
                                             {"W", "[^A-Za-z0-9_]"}, {"S", "[^[:space:]]"}};
    struct buf made;
    size_t len;
    base_buf_init(&made, BUF_MAX_DEFAULT);
    base_buf_text(&made, "");
    for (const char *at = pattern; *at; at++) {
        const char *word = NULL;
        for (size_t i = 0; *at == '\\' && i < base_countof(classes); i++)
            if (at[1] == *classes[i][0])
                word = classes[i][1];
        if (word) {
            base_buf_text(&made, word);
            at++;
        } else if (strncmp(at, "(?:", 3) == 0) {
            base_buf_byte(&made, '(');
            at += 2;
        } else {
            base_buf_byte(&made, (uint8_t)*at);
        }
    }
    return base_buf_take(&made, &len);
}

static void free_regex(void *regex)
{
    regfree(regex);
    free(regex);
}

static void fn_rlike(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    regex_t *regex = sqlite3_get_auxdata(out, 1);
    (void)argc;
    if (!regex) {
        char *pattern = posix_pattern(text_of(argv[1], &len));
        regex = base_alloc_zero(1, sizeof *regex);
        int bad = regcomp(regex, pattern, REG_EXTENDED | REG_NOSUB);
        free(pattern);
        if (bad) {
            free(regex);
            sandbox_sqlite_fail(out, "22023",
                                "[INVALID_PARAMETER_VALUE.PATTERN] The value of the pattern is "
                                "not a valid regular expression.");
            return;
        }
        sqlite3_set_auxdata(out, 1, regex, free_regex);
        regex = sqlite3_get_auxdata(out, 1);
        if (!regex) {
            sqlite3_result_error_nomem(out);
            return;
        }
    }
    sqlite3_result_int(out, regexec(regex, text_of(argv[0], &len), 0, NULL, 0) == 0);
}

static void fn_hex(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len = (size_t)sqlite3_value_bytes(argv[0]);
    (void)argc;
    char *hex = base_alloc(2 * len + 1);
    base_hex(sqlite3_value_blob(argv[0]), len, hex);
    for (char *at = hex; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    put_text(out, hex, 2 * len);
    free(hex);
}

static void fn_crc32(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const unsigned char *bytes = sqlite3_value_blob(argv[0]);
    int len = sqlite3_value_bytes(argv[0]);
    uint32_t crc = 0xffffffffU;
    (void)argc;
    for (int i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    sqlite3_result_int64(out, (int64_t)(crc ^ 0xffffffffU));
}

static void fn_sha2(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    uint8_t digest[32];
    char hex[65];
    int bits = sqlite3_value_int(argv[1]);
    (void)argc;
    if (bits != 0 && bits != 256) {
        sandbox_sqlite_fail(out, "0A000", "[UNSUPPORTED_FEATURE] sha2 of %d bits.", bits);
        return;
    }
    base_sha256(sqlite3_value_blob(argv[0]), (size_t)sqlite3_value_bytes(argv[0]), digest);
    base_hex(digest, 32, hex);
    put_text(out, hex, 64);
}

#define PRIME1 0x9E3779B185EBCA87U
#define PRIME2 0xC2B2AE3D27D4EB4FU
#define PRIME3 0x165667B19E3779F9U
#define PRIME4 0x85EBCA77C2B2AE63U
#define PRIME5 0x27D4EB2F165667C5U

static uint64_t rotate(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

static uint64_t avalanche(uint64_t hash)
{
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

static uint64_t mix_round(uint64_t lane, uint64_t input)
{
    return rotate(lane + input * PRIME2, 31) * PRIME1;
}

static uint64_t load64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, 8);
    return value;
}

/* XXH64 as its specification has it. */
static uint64_t xxh64(const unsigned char *at, size_t len, uint64_t seed)
{
    const unsigned char *end = at + len;
    uint64_t hash = seed + PRIME5;
    if (len >= 32) {
        uint64_t lanes[4] = {seed + PRIME1 + PRIME2, seed + PRIME2, seed, seed - PRIME1};
        for (; end - at >= 32; at += 32)
            for (int i = 0; i < 4; i++)
                lanes[i] = mix_round(lanes[i], load64(at + 8 * i));
        hash =
            rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
        for (int i = 0; i < 4; i++)
            hash = (hash ^ mix_round(0, lanes[i])) * PRIME1 + PRIME4;
    }
    hash += len;
    for (; end - at >= 8; at += 8)
        hash = rotate(hash ^ mix_round(0, load64(at)), 27) * PRIME1 + PRIME4;
    if (end - at >= 4) {
        uint32_t word;
        memcpy(&word, at, 4);
        hash = rotate(hash ^ word * PRIME1, 23) * PRIME2 + PRIME3;
        at += 4;
    }
    for (; at < end; at++)
        hash = rotate(hash ^ *at * PRIME5, 11) * PRIME1;
    return avalanche(hash);
}

static uint64_t hash_value(const struct sandbox_type *type, const struct sandbox_value *value,
                           uint64_t seed)
{
    unsigned char bytes[16];
    float single = (float)(value->f == 0 ? 0.0 : value->f);
    double real = value->f == 0 ? 0.0 : value->f;
    uint32_t word = (uint32_t)value->i;
    uint64_t twin = (uint64_t)value->i;
    size_t width = 8;
    if (sandbox_kind_textual(type->kind))
        return xxh64((const unsigned char *)value->text, value->len, seed);
    if (type->kind == SB_DECIMAL &&
        type->precision > 18) { /* shortest two's complement, big-endian */
        int len = 16;
        for (; len > 1; len--) {
            __int128 top = value->d >> (8 * (len - 1) - 1);
            if (top != 0 && top != -1)
                break;
        }
        for (int i = 0; i < len; i++)
            bytes[i] = (unsigned char)(value->d >> (8 * (len - 1 - i)));
        return xxh64(bytes, (size_t)len, seed);
    }
    if (type->kind == SB_DOUBLE) {
        memcpy(&twin, &real, 8);
    } else if (type->kind == SB_DECIMAL) {
        twin = (uint64_t)value->d;
    } else if (type->kind == SB_FLOAT) {
        memcpy(&word, &single, 4);
        width = 4;
    } else if (type->kind <= SB_INT || type->kind == SB_DATE || type->kind == SB_INTERVAL_YM) {
        width = 4;
    }
    memcpy(bytes, width == 4 ? (const void *)&word : (const void *)&twin, width);
    return xxh64(bytes, width, seed);
}

/* sb_xxhash64(type, x, ...): seed 42, each value's hash seeds the next, NULLs are passed over. */
static void fn_xxhash64(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct sql_run *run = run_of(out);
    uint64_t hash = 42;
    for (int i = 0; i + 1 < argc; i += 2) {
        const struct sandbox_type *type = &run->types.items[sqlite3_value_int(argv[i])];
        struct sandbox_value value;
        sandbox_sqlite_decode(argv[i + 1], type, &value);
        if (!value.null)
            hash = hash_value(type, &value, hash);
    }
    sqlite3_result_int64(out, (int64_t)hash);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t local_time(sqlite3_context *out, int64_t us)
{
    const struct sql_run *run = run_of(out);
    return us + (int64_t)sandbox_zone_offset(run->context->time_zone, us) * 1000000;
}

static int64_t truncate_to(const char *unit, int64_t us)
{
    int year, month, day;
    int64_t days = floor_div(us, DAY_US);
    static const struct {
        const char *name;
        int64_t us;
    } plain[] = {{"day", DAY_US},      {"dd", DAY_US},      {"hour", 3600000000},
                 {"minute", 60000000}, {"second", 1000000}, {"millisecond", 1000}};
    for (size_t i = 0; i < base_countof(plain); i++)
        if (base_text_equal_nocase(unit, plain[i].name))
            return floor_div(us, plain[i].us) * plain[i].us;
    if (base_text_equal_nocase(unit, "week"))
        return (days - ((days + 3) % 7 + 7) % 7) * DAY_US;
    base_time_civil(days, &year, &month, &day);
    if (base_text_equal_nocase(unit, "year"))
        return base_time_days(year, 1, 1) * DAY_US;
    if (base_text_equal_nocase(unit, "quarter"))
        return base_time_days(year, (month - 1) / 3 * 3 + 1, 1) * DAY_US;
    if (base_text_equal_nocase(unit, "month"))
        return base_time_days(year, month, 1) * DAY_US;
    return INT64_MIN;
}

static void fn_date_trunc(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    size_t len;
    int64_t us = sqlite3_value_int64(argv[1]), local = local_time(out, us);
    int64_t cut_to = truncate_to(text_of(argv[0], &len), local);
    (void)argc;
    if (cut_to == INT64_MIN)
        sqlite3_result_null(out); /* as Spark does for a unit it does not know */
    else
        sqlite3_result_int64(out, cut_to - (local - us));
}

static void date_part(sqlite3_context *out, int64_t days, int part)
{
    int civil[3];
    base_time_civil(days, &civil[0], &civil[1], &civil[2]);
    sqlite3_result_int(out, civil[part]);
}

static void fn_year(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    date_part(out, sqlite3_value_int64(argv[0]), 0);
}

static void fn_month(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    date_part(out, sqlite3_value_int64(argv[0]), 1);
}

static void fn_day(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    date_part(out, sqlite3_value_int64(argv[0]), 2);
}

static void fn_hour(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    int64_t local = local_time(out, sqlite3_value_int64(argv[0]));
    (void)argc;
    sqlite3_result_int64(out, (local - floor_div(local, DAY_US) * DAY_US) / 3600000000);
}

static void fn_date_add(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_int64(out, sqlite3_value_int64(argv[0]) + sqlite3_value_int64(argv[1]));
}

static void fn_date_sub(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_int64(out, sqlite3_value_int64(argv[0]) - sqlite3_value_int64(argv[1]));
}

static void fn_same(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_value(out, argv[0]);
}

static void fn_unix_millis(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_int64(out, floor_div(sqlite3_value_int64(argv[0]), 1000));
}

static void fn_unix_seconds(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_int64(out, floor_div(sqlite3_value_int64(argv[0]), 1000000));
}

static void scaled_time(sqlite3_context *out, int64_t value, int64_t scale)
{
    int64_t us;
    if (__builtin_mul_overflow(value, scale, &us))
        sandbox_sqlite_fail(out, "22003", "[ARITHMETIC_OVERFLOW] long overflow.");
    else
        sqlite3_result_int64(out, us);
}

static void fn_timestamp_millis(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    scaled_time(out, sqlite3_value_int64(argv[0]), 1000);
}

static void fn_timestamp_seconds(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    (void)argc;
    scaled_time(out, sqlite3_value_int64(argv[0]), 1000000);
}

static void fn_mod(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    (void)argc;
    if (b == 0)
        sandbox_sqlite_fail(out, "22012", "[REMAINDER_BY_ZERO] Remainder by zero.");
    else
        sqlite3_result_int64(out, b == -1 ? 0 : a % b);
}

static const struct scalar scalars[] = {
    {"sb_lower", fn_lower, false},
    {"sb_upper", fn_upper, false},
    {"sb_length", fn_length, false},
    {"sb_octet_length", fn_octet_length, false},
    {"sb_concat", fn_concat, false},
    {"sb_substring", fn_substring, false},
    {"sb_left", fn_left, false},
    {"sb_right", fn_right, false},
    {"sb_trim", fn_trim, false},
    {"sb_ltrim", fn_ltrim, false},
    {"sb_rtrim", fn_rtrim, false},
    {"sb_replace", fn_replace, false},
    {"sb_startswith", fn_startswith, false},
    {"sb_endswith", fn_endswith, false},
    {"sb_contains", fn_contains, false},
    {"sb_like", fn_like, false},
    {"sb_ilike", fn_ilike, false},
    {"sb_rlike", fn_rlike, false},
    {"sb_hex", fn_hex, false},
    {"sb_crc32", fn_crc32, false},
    {"sb_sha2", fn_sha2, false},
    {"sb_date_trunc", fn_date_trunc, false},
    {"sb_year", fn_year, false},
    {"sb_month", fn_month, false},
    {"sb_day", fn_day, false},
    {"sb_hour", fn_hour, false},
    {"sb_date_add", fn_date_add, false},
    {"sb_date_sub", fn_date_sub, false},
    {"sb_datediff", fn_date_sub, false},
    {"sb_same", fn_same, false},
    {"sb_unix_millis", fn_unix_millis, false},
    {"sb_unix_seconds", fn_unix_seconds, false},
    {"sb_timestamp_millis", fn_timestamp_millis, false},
    {"sb_timestamp_seconds", fn_timestamp_seconds, false},
    {"sb_mod", fn_mod, false},
    {"sb_xxhash64", fn_xxhash64, true},
};

static void call_scalar(sqlite3_context *out, int argc, sqlite3_value **argv)
{
    const struct scalar_call *call = sqlite3_user_data(out);
    for (int i = 0; i < argc && !call->scalar->nulls; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
            sqlite3_result_null(out);
            return;
        }
    call->scalar->call(out, argc, argv);
}

int sandbox_sqlite_scalars(struct sql_run *run)
{
    int result = SQLITE_OK;
    for (size_t i = 0; i < base_countof(scalars) && result == SQLITE_OK; i++) {
        struct scalar_call *call = base_alloc_zero(1, sizeof *call);
        call->run = run;
        call->scalar = &scalars[i];
        result = sqlite3_create_function_v2(run->db, scalars[i].name, -1,
                                            SQLITE_UTF8 | SQLITE_DETERMINISTIC, call, call_scalar,
                                            NULL, NULL, free);
    }
    return result;
}
