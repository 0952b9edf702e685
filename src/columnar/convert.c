#include "columnar/convert.h"

#include "base/alloc.h"
#include "base/seam.h"
#include "base/text.h"
#include "columnar/block.h"

#include <stdlib.h>

static bool is_text(enum columnar_kind kind)
{
    return kind == COLUMNAR_UTF8 || kind == COLUMNAR_LARGE_UTF8;
}

static bool choose_integer(enum model_kind want, enum columnar_kind have, enum convert_op *op)
{
    static const uint8_t BITS[] = {
        [COLUMNAR_INT8] = 8,  [COLUMNAR_INT16] = 16,  [COLUMNAR_INT32] = 32,  [COLUMNAR_INT64] = 64,
        [COLUMNAR_UINT8] = 9, [COLUMNAR_UINT16] = 17, [COLUMNAR_UINT32] = 33,
    };
    int room = want == MODEL_BYTE ? 8 : want == MODEL_SHORT ? 16 : want == MODEL_INT ? 32 : 64;
    int bits = (size_t)have < base_countof(BITS) ? BITS[have] : 0;
    if (bits == 0 || bits > room)
        return false;
    if (room == 64)
        *op = bits == 64 ? CONVERT_COPY8 : CONVERT_INT_TO_64;
    else
        *op = bits == 32 ? CONVERT_COPY4 : CONVERT_INT_TO_32;
    return true;
}

static bool choose_text(enum model_kind want, enum columnar_kind have, enum convert_op *op)
{
    if (want == MODEL_BINARY) {
        *op = have == COLUMNAR_FIXED_BINARY ? CONVERT_FIXED_BYTES : CONVERT_BYTES;
        return have == COLUMNAR_BINARY || have == COLUMNAR_LARGE_BINARY ||
               have == COLUMNAR_FIXED_BINARY;
    }
    *op = CONVERT_TEXT;
    return is_text(have);
}

static bool choose_number(const struct model_type *want, const struct columnar_field *have,
                          enum convert_op *op)
{
    switch (want->kind) {
    case MODEL_FLOAT:
        *op = CONVERT_COPY4;
        return have->kind == COLUMNAR_FLOAT;
    case MODEL_DOUBLE:
        *op = have->kind == COLUMNAR_DOUBLE ? CONVERT_COPY8 : CONVERT_FLOAT_TO_DOUBLE;
        return have->kind == COLUMNAR_DOUBLE || have->kind == COLUMNAR_FLOAT;
    case MODEL_DECIMAL:
        *op = is_text(have->kind) ? CONVERT_DECIMAL_TEXT : CONVERT_DECIMAL;
        return is_text(have->kind) ||
               (have->kind == COLUMNAR_DECIMAL128 && have->scale == want->scale);
    default:
        return choose_integer(want->kind, have->kind, op);
    }
}

static bool choose_time(enum model_kind want, enum columnar_kind have, enum convert_op *op)
{
    switch (want) {
    case MODEL_DATE:
        *op = have == COLUMNAR_DATE32   ? CONVERT_DATE_DAYS
              : have == COLUMNAR_DATE64 ? CONVERT_DATE_MILLIS
                                        : CONVERT_DATE_TEXT;
        return have == COLUMNAR_DATE32 || have == COLUMNAR_DATE64 || is_text(have);
    case MODEL_INTERVAL_YM:
        *op = CONVERT_COPY4;
        return have == COLUMNAR_INTERVAL_YM;
    case MODEL_INTERVAL_DT:
        *op = CONVERT_DURATION;
        return have == COLUMNAR_DURATION;
    default:
        *op = CONVERT_INSTANT;
        return have == COLUMNAR_TIMESTAMP;
    }
}

bool convert_choose(const struct model_type *want, const struct columnar_field *have,
                    enum convert_op *op)
{
    *op = want->kind == MODEL_VOID ? CONVERT_SKIP : CONVERT_NULLS;
    if (want->kind == MODEL_VOID || have->kind == COLUMNAR_NULL)
        return true;
    switch (want->kind) {
    case MODEL_BOOLEAN:
        *op = CONVERT_BOOL;
        return have->kind == COLUMNAR_BOOL;
    case MODEL_STRING:
    case MODEL_VARIANT:
    case MODEL_BINARY:
        return choose_text(want->kind, have->kind, op);
    case MODEL_DATE:
    case MODEL_TIMESTAMP:
    case MODEL_TIMESTAMP_NTZ:
    case MODEL_INTERVAL_YM:
    case MODEL_INTERVAL_DT:
        return choose_time(want->kind, have->kind, op);
    default:
        return choose_number(want, have, op);
    }
}

static int reconcile_column(const struct model_column *want, const struct columnar_field *have,
                            struct convert_column *out, struct err *err)
{
    if (!base_text_equal_nocase(want->name, have->name))
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "column '%s' expected, '%s' received",
                            want->name, have->name);
    char *text = model_type_text(&want->type);
    int rc = 0;
    if (want->type.kind != MODEL_VOID && !pq_spec_of(&want->type, &out->spec))
        rc = base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' is %s", want->name, text);
    else if (!convert_choose(&want->type, have, &out->op))
        rc = base_err_set(err, ERR_SCHEMA_TYPE_CHANGED, "column '%s' is %s but arrives as %s",
                          want->name, text, columnar_kind_name(have->kind));
    free(text);
    return rc;
}

int columnar_schema_reconcile(const struct model_schema *want, const struct columnar_schema *have,
                              struct columnar_conversion **out, struct err *err)
{
    *out = NULL;
    if (pq_names_check(want, err) < 0)
        return -1;
    if (want->count != have->count)
        return base_err_set(err, ERR_SRC_CHUNK_CORRUPT, "%zu columns expected, %zu received",
                            want->count, have->count);
    struct columnar_conversion *conversion = base_alloc_zero(1, sizeof *conversion);
    conversion->want = model_schema_dup(want);
    conversion->columns = base_alloc_zero(want->count, sizeof *conversion->columns);
    for (size_t i = 0; i < want->count; i++) {
        if (reconcile_column(&want->columns[i], &have->fields[i], &conversion->columns[i], err) <
            0) {
            columnar_conversion_free(&conversion);
            return -1;
        }
    }
    *out = conversion;
    return 0;
}

void columnar_conversion_free(struct columnar_conversion **conversion)
{
    if (!*conversion)
        return;
    model_schema_free(&(*conversion)->want);
    free((*conversion)->columns);
    base_free(conversion);
}
