#include "sandbox/sqlite_side.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bits of a double as an integer with the same order; every NaN is one value above infinity. */
static int64_t double_key(double value)
{
    int64_t bits;
    if (isnan(value))
        return INT64_MAX;
    memcpy(&bits, &value, 8);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double key_double(int64_t key)
{
    double value;
    if (key == INT64_MAX)
        return NAN;
    if (key < 0)
        key ^= INT64_MAX;
    memcpy(&value, &key, 8);
    return value;
}

static void decimal_key(__int128 value, unsigned char key[16])
{
    unsigned __int128 bits = (unsigned __int128)value ^ (unsigned __int128)1 << 127;
    for (int i = 0; i < 16; i++)
        key[i] = (unsigned char)(bits >> (8 * (15 - i)));
}

static __int128 key_decimal(const unsigned char *key)
{
    unsigned __int128 bits = 0;
    for (int i = 0; i < 16; i++)
        bits = bits << 8 | key[i];
    return (__int128)(bits ^ (unsigned __int128)1 << 127);
}

void sandbox_sqlite_encode(sqlite3_context *out, const struct sandbox_type *type,
                           const struct sandbox_value *value)
{
    unsigned char key[16];
    if (value->null) {
        sqlite3_result_null(out);
    } else if (type->kind == SB_FLOAT || type->kind == SB_DOUBLE) {
        sqlite3_result_int64(out, double_key(value->f));
    } else if (type->kind == SB_DECIMAL) {
        decimal_key(value->d, key);
        sqlite3_result_blob(out, key, 16, SQLITE_TRANSIENT);
    } else if (type->kind == SB_BINARY) {
        sqlite3_result_blob(out, value->len ? value->text : "", (int)value->len, SQLITE_TRANSIENT);
    } else if (sandbox_kind_textual(type->kind)) {
        sqlite3_result_text(out, value->len ? value->text : "", (int)value->len, SQLITE_TRANSIENT);
    } else {
        sqlite3_result_int64(out, value->i);
    }
}

int sandbox_sqlite_bind(sqlite3_stmt *statement, int index, const struct sandbox_type *type,
                        const struct sandbox_value *value)
{
    unsigned char key[16];
    if (value->null || type->kind == SB_VOID)
        return sqlite3_bind_null(statement, index);
    if (type->kind == SB_FLOAT || type->kind == SB_DOUBLE)
        return sqlite3_bind_int64(statement, index, double_key(value->f));
    if (type->kind == SB_DECIMAL) {
        decimal_key(value->d, key);
        return sqlite3_bind_blob(statement, index, key, 16, SQLITE_TRANSIENT);
    }
    if (type->kind == SB_BINARY)
        return sqlite3_bind_blob(statement, index, value->len ? value->text : "", (int)value->len,
                                 SQLITE_TRANSIENT);
    if (sandbox_kind_textual(type->kind))
        return sqlite3_bind_text(statement, index, value->len ? value->text : "", (int)value->len,
                                 SQLITE_TRANSIENT);
    return sqlite3_bind_int64(statement, index, value->i);
}

void sandbox_sqlite_decode(sqlite3_value *in, const struct sandbox_type *type,
                           struct sandbox_value *value)
{
    memset(value, 0, sizeof *value);
    value->null = sqlite3_value_type(in) == SQLITE_NULL;
    if (value->null)
        return;
    if (type->kind == SB_FLOAT || type->kind == SB_DOUBLE) {
        value->f = key_double(sqlite3_value_int64(in));
    } else if (type->kind == SB_DECIMAL) {
        const unsigned char *key = sqlite3_value_blob(in);
        value->d = key && sqlite3_value_bytes(in) == 16 ? key_decimal(key) : 0;
    } else if (type->kind == SB_BINARY) {
        value->text = sqlite3_value_blob(in);
        value->len = (size_t)sqlite3_value_bytes(in);
    } else if (sandbox_kind_textual(type->kind)) {
        value->text = (const char *)sqlite3_value_text(in);
        value->len = (size_t)sqlite3_value_bytes(in);
    } else {
        value->i = sqlite3_value_int64(in);
    }
    if (!value->text)
        value->text = "";
}

void sandbox_sqlite_fail(sqlite3_context *out, const char *sqlstate, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = base_vprintf(fmt, args);
    va_end(args);
    char *message = base_printf("%s|%s", sqlstate, text);
    sqlite3_result_error(out, message, -1);
    free(message);
    free(text);
}
