#include "columnar/arrow_private.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

/* Union ids of Arrow's Schema.fbs, `union Type`. */
enum {
    T_NULL = 1,
    T_INT,
    T_FLOAT,
    T_BINARY,
    T_UTF8,
    T_BOOL,
    T_DECIMAL,
    T_DATE,
    T_TIME,
    T_TIMESTAMP,
    T_INTERVAL,
    T_LIST,
    T_STRUCT,
    T_UNION,
    T_FIXED_BINARY,
    T_FIXED_LIST,
    T_MAP,
    T_DURATION,
    T_LARGE_BINARY,
    T_LARGE_UTF8,
    T_LARGE_LIST,
    T_COUNT_KNOWN = 26
};

static const char *const REFUSED[] = {
    [T_UNION] = "Union", [22] = "RunEndEncoded", [23] = "BinaryView",
    [24] = "Utf8View",   [25] = "ListView",      [26] = "LargeListView",
};

struct walk {
    const struct columnar_limits *limits;
    size_t fields;
    const char *column; /* top-level name, for messages */
};

static int corrupt(const struct walk *walk, struct err *err, const char *what)
{
    return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "schema of column '%s': %s",
                        walk->column ? walk->column : "", what);
}

static int refuse(const struct walk *walk, struct err *err, const char *what)
{
    return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' arrives as %s", walk->column, what);
}

static int parse_int(const struct walk *walk, const struct flat_table *type,
                     struct columnar_field *out, struct err *err)
{
    int32_t width;
    uint8_t is_signed;
    if (!flat_i32(type, 0, 0, &width) || !flat_u8(type, 1, 0, &is_signed))
        return corrupt(walk, err, "unsound Int");
    switch (width) {
    case 8:
        out->kind = is_signed ? COLUMNAR_INT8 : COLUMNAR_UINT8;
        return 0;
    case 16:
        out->kind = is_signed ? COLUMNAR_INT16 : COLUMNAR_UINT16;
        return 0;
    case 32:
        out->kind = is_signed ? COLUMNAR_INT32 : COLUMNAR_UINT32;
        return 0;
    case 64:
        out->kind = is_signed ? COLUMNAR_INT64 : COLUMNAR_UINT64;
        return 0;
    default:
        return corrupt(walk, err, "odd bit width of Int");
    }
}

static int parse_float(const struct walk *walk, const struct flat_table *type,
                       struct columnar_field *out, struct err *err)
{
    static const enum columnar_kind KINDS[] = {COLUMNAR_HALF, COLUMNAR_FLOAT, COLUMNAR_DOUBLE};
    int16_t precision;
    if (!flat_i16(type, 0, 0, &precision) || precision < 0 || precision > 2)
        return corrupt(walk, err, "unsound FloatingPoint");
    out->kind = KINDS[precision];
    return 0;
}

static int parse_decimal(const struct walk *walk, const struct flat_table *type,
                         struct columnar_field *out, struct err *err)
{
    int32_t width;
    if (!flat_i32(type, 0, 0, &out->precision) || !flat_i32(type, 1, 0, &out->scale) ||
        !flat_i32(type, 2, 128, &width))
        return corrupt(walk, err, "unsound Decimal");
    if (width == 32 || width == 64)
        return refuse(walk, err, "a decimal narrower than 128 bits");
    int max = width == 128 ? 38 : 76;
    if ((width != 128 && width != 256) || out->precision < 1 || out->precision > max ||
        out->scale < -max || out->scale > max)
        return corrupt(walk, err, "odd Decimal");
    out->kind = width == 128 ? COLUMNAR_DECIMAL128 : COLUMNAR_DECIMAL256;
    return 0;
}

/* Date, Time, Timestamp, Interval, Duration: all have a unit in slot 0, with different defaults. */
static int parse_temporal(const struct walk *walk, int id, const struct flat_table *type,
                          struct columnar_field *out, struct err *err)
{
    static const enum columnar_kind INTERVALS[] = {COLUMNAR_INTERVAL_YM, COLUMNAR_INTERVAL_DT,
                                                   COLUMNAR_INTERVAL_MDN};
    int16_t unit;
    bool zero_default = id == T_TIMESTAMP || id == T_INTERVAL;
    if (!flat_i16(type, 0, zero_default ? 0 : 1, &unit) || unit < 0 || unit > 3)
        return corrupt(walk, err, "odd unit");
    out->unit = (enum columnar_unit)unit;
    if (id == T_TIMESTAMP || id == T_DURATION) {
        out->kind = id == T_TIMESTAMP ? COLUMNAR_TIMESTAMP : COLUMNAR_DURATION;
        const char *zone = NULL;
        size_t len = 0;
        if (id == T_TIMESTAMP && !flat_string(type, 1, &zone, &len))
            return corrupt(walk, err, "unsound time zone");
        out->timezone = len ? base_strndup(zone, len) : NULL;
        return 0;
    }
    if (id == T_TIME) {
        int32_t width;
        if (!flat_i32(type, 1, 32, &width) || width != (unit < 2 ? 32 : 64))
            return corrupt(walk, err, "odd Time");
        out->kind = width == 32 ? COLUMNAR_TIME32 : COLUMNAR_TIME64;
        return 0;
    }
    out->unit = COLUMNAR_SECOND;
    if (id == T_INTERVAL && unit <= 2)
        out->kind = INTERVALS[unit];
    else if (id == T_DATE && unit <= 1)
        out->kind = unit == 0 ? COLUMNAR_DATE32 : COLUMNAR_DATE64;
    else
        return corrupt(walk, err, "odd unit");
    return 0;
}

static int parse_width(const struct walk *walk, enum columnar_kind kind,
                       const struct flat_table *type, struct columnar_field *out, struct err *err)
{
    if (!flat_i32(type, 0, 0, &out->width) || out->width < 0)
        return corrupt(walk, err, "odd fixed size");
    out->kind = kind;
    return 0;
}

static int parse_type(const struct walk *walk, uint8_t id, const struct flat_table *type,
                      struct columnar_field *out, struct err *err)
{
    static const enum columnar_kind PLAIN[] = {
        [T_NULL] = COLUMNAR_NULL,
        [T_BINARY] = COLUMNAR_BINARY,
        [T_UTF8] = COLUMNAR_UTF8,
        [T_BOOL] = COLUMNAR_BOOL,
        [T_LIST] = COLUMNAR_LIST,
        [T_STRUCT] = COLUMNAR_STRUCT,
        [T_MAP] = COLUMNAR_MAP,
        [T_LARGE_BINARY] = COLUMNAR_LARGE_BINARY,
        [T_LARGE_UTF8] = COLUMNAR_LARGE_UTF8,
        [T_LARGE_LIST] = COLUMNAR_LARGE_LIST,
    };
    switch (id) {
    case 0:
        return corrupt(walk, err, "no type");
    case T_INT:
        return parse_int(walk, type, out, err);
    case T_FLOAT:
        return parse_float(walk, type, out, err);
    case T_DECIMAL:
        return parse_decimal(walk, type, out, err);
    case T_DATE:
    case T_TIME:
    case T_TIMESTAMP:
    case T_INTERVAL:
    case T_DURATION:
        return parse_temporal(walk, id, type, out, err);
    case T_FIXED_BINARY:
        return parse_width(walk, COLUMNAR_FIXED_BINARY, type, out, err);
    case T_FIXED_LIST:
        return parse_width(walk, COLUMNAR_FIXED_LIST, type, out, err);
    default:
        if (id > T_COUNT_KNOWN || REFUSED[id < base_countof(REFUSED) ? id : T_UNION])
            return refuse(walk, err, id > T_COUNT_KNOWN ? "a type of later Arrow" : REFUSED[id]);
        out->kind = PLAIN[id];
        return 0;
    }
}

static int check_children(const struct walk *walk, const struct columnar_field *field,
                          struct err *err)
{
    size_t want;
    switch (field->kind) {
    case COLUMNAR_STRUCT:
        return 0;
    case COLUMNAR_LIST:
    case COLUMNAR_LARGE_LIST:
    case COLUMNAR_FIXED_LIST:
    case COLUMNAR_MAP:
        want = 1;
        break;
    default:
        want = 0;
        break;
    }
    if (field->child_count != want)
        return corrupt(walk, err, "wrong number of children");
    if (field->kind == COLUMNAR_MAP &&
        (field->children[0].kind != COLUMNAR_STRUCT || field->children[0].child_count != 2))
        return corrupt(walk, err, "a map's entries are not pairs");
    return 0;
}

static int parse_fields(struct walk *walk, const struct flat_vector *vector, unsigned depth,
                        struct columnar_field **out, size_t *out_count, struct err *err);

static int parse_name(struct walk *walk, const struct flat_table *table, unsigned depth,
                      struct columnar_field *out, struct err *err)
{
    const char *name;
    size_t len;
    if (!flat_string(table, 0, &name, &len))
        return corrupt(walk, err, "unsound name");
    if (len && (memchr(name, 0, len) || !base_text_utf8_valid(name, len)))
        return base_err_set(err, ERR_TEXT_INVALID, "a column's name is not valid UTF-8");
    out->name = base_strndup(name ? name : "", len);
    if (depth == 1)
        walk->column = out->name;
    return 0;
}

static int parse_field(struct walk *walk, const struct flat_table *table, unsigned depth,
                       struct columnar_field *out, struct err *err)
{
    uint8_t nullable, id;
    struct flat_table type, dictionary;
    struct flat_vector children;
    bool has_type, has_dictionary, has_children;
    if (parse_name(walk, table, depth, out, err) < 0)
        return -1;
    if (!flat_u8(table, 1, 0, &nullable) || !flat_u8(table, 2, 0, &id) ||
        !flat_sub(table, 3, &type, &has_type) ||
        !flat_sub(table, 4, &dictionary, &has_dictionary) ||
        !flat_vector_of(table, 5, 4, 4, &children, &has_children) || !has_type)
        return corrupt(walk, err, "unsound field");
    out->nullable = nullable != 0;
    if (has_dictionary)
        return refuse(walk, err, "dictionary-encoded values");
    if (parse_type(walk, id, &type, out, err) < 0 ||
        parse_fields(walk, &children, depth + 1, &out->children, &out->child_count, err) < 0)
        return -1;
    return check_children(walk, out, err);
}

static int parse_fields(struct walk *walk, const struct flat_vector *vector, unsigned depth,
                        struct columnar_field **out, size_t *out_count, struct err *err)
{
    if (vector->count == 0)
        return 0;
    if (depth > walk->limits->depth)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "column '%s' is nested deeper than %u",
                            walk->column, walk->limits->depth);
    walk->fields += vector->count;
    if (vector->count > walk->limits->columns || walk->fields > walk->limits->columns)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "more than %zu columns",
                            walk->limits->columns);
    *out = base_alloc_zero(vector->count, sizeof **out);
    *out_count = vector->count;
    for (size_t i = 0; i < vector->count; i++) {
        struct flat_table field;
        if (!flat_vector_table(vector, i, &field))
            return corrupt(walk, err, "unsound field");
        if (parse_field(walk, &field, depth, &(*out)[i], err) < 0)
            return -1;
    }
    return 0;
}

int arrow_schema_parse(const struct flat_table *table, const struct columnar_limits *limits,
                       struct columnar_schema *out, struct err *err)
{
    struct walk walk = {.limits = limits};
    int16_t endianness;
    struct flat_vector fields;
    bool present;
    *out = (struct columnar_schema){0};
    if (!flat_i16(table, 0, 0, &endianness) || !flat_vector_of(table, 1, 4, 4, &fields, &present))
        return corrupt(&walk, err, "unsound schema");
    if (endianness != 0)
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "the stream is big-endian");
    if (parse_fields(&walk, &fields, 1, &out->fields, &out->count, err) < 0) {
        columnar_schema_free(out);
        return -1;
    }
    return 0;
}
