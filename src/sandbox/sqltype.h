/* Databricks SQL types and single values. */
#ifndef AAMPE_SANDBOX_SQLTYPE_H
#define AAMPE_SANDBOX_SQLTYPE_H

#include "base/buf.h"
#include "sandbox/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sandbox_kind {
    SB_VOID,
    SB_BOOLEAN,
    SB_TINYINT,
    SB_SMALLINT,
    SB_INT,
    SB_BIGINT,
    SB_FLOAT,
    SB_DOUBLE,
    SB_DECIMAL,
    SB_DATE,
    SB_TIMESTAMP,
    SB_TIMESTAMP_NTZ,
    SB_STRING,
    SB_BINARY,
    SB_INTERVAL_YM, /* months, 32 bits */
    SB_INTERVAL_DT, /* microseconds, 64 bits */
    SB_VARIANT,     /* compact JSON text, as the three below */
    SB_ARRAY,
    SB_MAP,
    SB_STRUCT,
    SB_KIND_COUNT
};

/* text: upper-case keywords as a result manifest spells them; lives as long as the arena it was
 * parsed into. */
struct sandbox_type {
    enum sandbox_kind kind;
    int precision, scale; /* DECIMAL */
    const char *text;
};

/* One value. Which member counts follows from the kind: d DECIMAL (unscaled), f FLOAT and DOUBLE,
 * text STRING, BINARY, VARIANT and nested kinds, i everything else (DATE days, TIMESTAMP
 * microseconds). */
struct sandbox_value {
    bool null;
    int64_t i;
    double f;
    __int128 d;
    const char *text;
    size_t len;
};

/* Whole text must be one type, any case. 0 or -1. */
int sandbox_type_parse(struct sandbox_arena *arena, const char *text, struct sandbox_type *type);
struct sandbox_type sandbox_type_of(enum sandbox_kind kind);
struct sandbox_type sandbox_type_decimal(struct sandbox_arena *arena, int precision, int scale);
/* LONG, DECIMAL, INTERVAL ... as type_name in manifests. */
const char *sandbox_type_name(const struct sandbox_type *type);
/* "YEAR TO MONTH" of an interval, else NULL. */
const char *sandbox_type_interval(const struct sandbox_type *type);
bool sandbox_type_equal(const struct sandbox_type *a, const struct sandbox_type *b);
/* Types of a MAP's keys and values; -1 when it is none. */
int sandbox_type_map(struct sandbox_arena *arena, const struct sandbox_type *type,
                     struct sandbox_type *key, struct sandbox_type *value);
bool sandbox_kind_integer(enum sandbox_kind kind);
bool sandbox_kind_numeric(enum sandbox_kind kind);
bool sandbox_kind_textual(enum sandbox_kind kind); /* value is in text/len */
/* Type of a field of a STRUCT type; -1 when there is none. */
int sandbox_type_field(struct sandbox_arena *arena, const struct sandbox_type *type,
                       const char *field, struct sandbox_type *out);

/* Decimals: unscaled 128-bit integers. */
__int128 sandbox_decimal_pow10(int digits); /* 0..38 */
bool sandbox_decimal_fits(__int128 value, int precision);
/* Half-up to another scale. false: does not fit 38 digits. */
bool sandbox_decimal_rescale(__int128 *value, int from_scale, int to_scale);
/* Optional sign, digits, point, exponent. false: not a number or too large. */
bool sandbox_decimal_parse(const char *text, size_t len, int scale, __int128 *value);
/* out 48 bytes. Returns its length. */
size_t sandbox_decimal_format(__int128 value, int scale, char *out);

/* Spark's text of a value (cast to STRING, JSON_ARRAY and CSV except timestamps). */
void sandbox_value_text(const struct sandbox_type *type, const struct sandbox_value *value,
                        const char *time_zone, struct buf *out);
/* JSON_ARRAY and CSV spelling: ISO timestamps with offset, binary as hex digits (what
 * databricks-sql-connector reads), maps as objects. */
void sandbox_value_wire_text(const struct sandbox_type *type, const struct sandbox_value *value,
                             const char *time_zone, struct buf *out);
/* A cell of ARRAY, MAP or STRUCT in the same spelling: maps as JSON objects. */
void sandbox_nested_text(const struct sandbox_type *type, const char *text, size_t len,
                         struct buf *out);
/* Offset of the zone at that instant in seconds: UTC names, +hh:mm, and the zones of the system's
 * database. */
int sandbox_zone_offset(const char *time_zone, int64_t us);
bool sandbox_zone_valid(const char *time_zone);
/* "2026-01-02" and "2026-01-02[ T]03:04:05.123456[Z|+01:00]". false: malformed. */
bool sandbox_date_parse(const char *text, size_t len, int64_t *days);
bool sandbox_timestamp_parse(const char *text, size_t len, const char *time_zone, bool ntz,
                             int64_t *us);

#endif
