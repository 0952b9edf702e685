#include "columnar/spec.h"

#include "base/alloc.h"
#include "base/map.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int pq_names_check(const struct model_schema *schema, struct err *err)
{
    struct base_map *seen = base_map_new();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < schema->count; i++) {
        char *key = base_strdup(schema->columns[i].name);
        base_text_lower(key);
        const char *earlier = base_map_put(seen, key, schema->columns[i].name);
        if (earlier)
            rc = base_err_set(err, ERR_NAME_CLASH, "columns '%s' and '%s' have one name", earlier,
                              schema->columns[i].name);
        free(key);
    }
    base_map_free(&seen, NULL);
    return rc;
}

static int32_t decimal_bytes(int precision)
{
    /* Smallest n with 10^precision - 1 < 2^(8n - 1). */
    static const int MAX[] = {21, 23, 26, 28, 31, 33, 35, 38};
    int32_t bytes = 9;
    for (size_t i = 0; precision > MAX[i]; i++)
        bytes++;
    return bytes;
}

static void decimal_spec(const struct model_type *type, struct pq_spec *out)
{
    out->converted = PQ_CONVERTED_DECIMAL;
    out->logical = PQ_LOGICAL_DECIMAL;
    out->precision = type->precision;
    out->scale = type->scale;
    out->physical = type->precision <= 9    ? COLUMNAR_PQ_INT32
                    : type->precision <= 18 ? COLUMNAR_PQ_INT64
                                            : COLUMNAR_PQ_FIXED;
    if (out->physical == COLUMNAR_PQ_FIXED)
        out->type_length = decimal_bytes(type->precision);
}

static void integer_spec(int bits, struct pq_spec *out)
{
    out->physical = COLUMNAR_PQ_INT32;
    out->logical = PQ_LOGICAL_INTEGER;
    out->converted = bits == 8 ? PQ_CONVERTED_INT_8 : PQ_CONVERTED_INT_16;
    out->bits = bits;
}

bool pq_spec_of(const struct model_type *type, struct pq_spec *out)
{
    static const int8_t PHYSICAL[] = {
        [MODEL_BOOLEAN] = COLUMNAR_PQ_BOOLEAN,
        [MODEL_BYTE] = COLUMNAR_PQ_INT32,
        [MODEL_SHORT] = COLUMNAR_PQ_INT32,
        [MODEL_INT] = COLUMNAR_PQ_INT32,
        [MODEL_LONG] = COLUMNAR_PQ_INT64,
        [MODEL_FLOAT] = COLUMNAR_PQ_FLOAT,
        [MODEL_DOUBLE] = COLUMNAR_PQ_DOUBLE,
        [MODEL_DECIMAL] = COLUMNAR_PQ_FIXED,
        [MODEL_STRING] = COLUMNAR_PQ_BYTE_ARRAY,
        [MODEL_BINARY] = COLUMNAR_PQ_BYTE_ARRAY,
        [MODEL_DATE] = COLUMNAR_PQ_INT32,
        [MODEL_TIMESTAMP] = COLUMNAR_PQ_INT64,
        [MODEL_TIMESTAMP_NTZ] = COLUMNAR_PQ_INT64,
        [MODEL_INTERVAL_YM] = COLUMNAR_PQ_INT32,
        [MODEL_INTERVAL_DT] = COLUMNAR_PQ_INT64,
        [MODEL_VARIANT] = COLUMNAR_PQ_BYTE_ARRAY,
        [MODEL_VOID] = -1,
        [MODEL_ARRAY] = -1,
        [MODEL_MAP] = -1,
        [MODEL_STRUCT] = -1,
        [MODEL_OTHER] = -1,
    };
    if (PHYSICAL[type->kind] < 0)
        return false;
    *out = (struct pq_spec){.physical = (enum columnar_physical)PHYSICAL[type->kind],
                            .converted = PQ_CONVERTED_NONE};
    switch (type->kind) {
    case MODEL_BYTE:
        integer_spec(8, out);
        break;
    case MODEL_SHORT:
        integer_spec(16, out);
        break;
    case MODEL_DECIMAL:
        if (type->precision < 1 || type->precision > 38 || type->scale < 0 ||
            type->scale > type->precision)
            return false;
        decimal_spec(type, out);
        break;
    case MODEL_STRING:
    case MODEL_VARIANT:
        out->converted = PQ_CONVERTED_UTF8;
        out->logical = PQ_LOGICAL_STRING;
        break;
    case MODEL_DATE:
        out->converted = PQ_CONVERTED_DATE;
        out->logical = PQ_LOGICAL_DATE;
        break;
    case MODEL_TIMESTAMP:
    case MODEL_TIMESTAMP_NTZ:
        out->utc = type->kind == MODEL_TIMESTAMP;
        out->logical = PQ_LOGICAL_TIMESTAMP;
        /* The converted type means UTC: a wall clock has none. */
        out->converted = out->utc ? PQ_CONVERTED_TIMESTAMP_MICROS : PQ_CONVERTED_NONE;
        break;
    default:
        break;
    }
    return true;
}

size_t pq_spec_width(const struct pq_spec *spec)
{
    switch (spec->physical) {
    case COLUMNAR_PQ_INT32:
    case COLUMNAR_PQ_FLOAT:
        return 4;
    case COLUMNAR_PQ_INT64:
    case COLUMNAR_PQ_DOUBLE:
        return 8;
    case COLUMNAR_PQ_INT96:
        return 12;
    case COLUMNAR_PQ_FIXED:
        return (size_t)spec->type_length;
    default:
        return 0;
    }
}

enum pq_order pq_spec_order(const struct pq_spec *spec)
{
    switch (spec->physical) {
    case COLUMNAR_PQ_BOOLEAN:
        return PQ_ORDER_BOOL;
    case COLUMNAR_PQ_INT32:
        return PQ_ORDER_I32;
    case COLUMNAR_PQ_INT64:
        return PQ_ORDER_I64;
    case COLUMNAR_PQ_FLOAT:
        return PQ_ORDER_FLOAT;
    case COLUMNAR_PQ_DOUBLE:
        return PQ_ORDER_DOUBLE;
    default:
        return spec->logical == PQ_LOGICAL_DECIMAL ? PQ_ORDER_SIGNED_BYTES : PQ_ORDER_BYTES;
    }
}

static void write_logical(struct thrift_writer *writer, const struct pq_spec *spec)
{
    thrift_struct(writer, 10);
    thrift_struct(writer, spec->logical);
    if (spec->logical == PQ_LOGICAL_DECIMAL) {
        thrift_i32(writer, 1, spec->scale);
        thrift_i32(writer, 2, spec->precision);
    } else if (spec->logical == PQ_LOGICAL_TIMESTAMP) {
        thrift_bool(writer, 1, spec->utc);
        thrift_struct(writer, 2);
        thrift_struct(writer, 2); /* MICROS */
        thrift_end(writer);
        thrift_end(writer);
    } else if (spec->logical == PQ_LOGICAL_INTEGER) {
        thrift_i8(writer, 1, (int8_t)spec->bits);
        thrift_bool(writer, 2, true);
    }
    thrift_end(writer);
    thrift_end(writer);
}

void pq_spec_write(struct thrift_writer *writer, const char *name, const struct pq_spec *spec)
{
    thrift_i32(writer, 1, (int32_t)spec->physical);
    if (spec->physical == COLUMNAR_PQ_FIXED)
        thrift_i32(writer, 2, spec->type_length);
    thrift_i32(writer, 3, 1); /* OPTIONAL */
    thrift_text(writer, 4, name);
    if (spec->converted != PQ_CONVERTED_NONE)
        thrift_i32(writer, 6, spec->converted);
    if (spec->logical == PQ_LOGICAL_DECIMAL) {
        thrift_i32(writer, 7, spec->scale);
        thrift_i32(writer, 8, spec->precision);
    }
    if (spec->logical != PQ_LOGICAL_NONE)
        write_logical(writer, spec);
}
