#include "columnar/convert.h"

#include "base/seam.h"
#include "columnar/block.h"

#include <inttypes.h>

static size_t value_width(enum columnar_kind kind)
{
    switch (kind) {
    case COLUMNAR_INT8:
    case COLUMNAR_UINT8:
        return 1;
    case COLUMNAR_INT16:
    case COLUMNAR_UINT16:
        return 2;
    case COLUMNAR_INT32:
    case COLUMNAR_UINT32:
    case COLUMNAR_DATE32:
    case COLUMNAR_TIME32:
    case COLUMNAR_FLOAT:
    case COLUMNAR_INTERVAL_YM:
        return 4;
    case COLUMNAR_DECIMAL128:
        return 16;
    default:
        return 8;
    }
}

static struct slice value_at(const struct columnar_array *array, int64_t row)
{
    int64_t from, to;
    switch (array->field->kind) {
    case COLUMNAR_UTF8:
    case COLUMNAR_BINARY:
        from = ((const int32_t *)array->offsets)[row];
        to = ((const int32_t *)array->offsets)[row + 1];
        break;
    case COLUMNAR_LARGE_UTF8:
    case COLUMNAR_LARGE_BINARY:
        from = ((const int64_t *)array->offsets)[row];
        to = ((const int64_t *)array->offsets)[row + 1];
        break;
    case COLUMNAR_FIXED_BINARY:
        from = row * array->field->width;
        to = from + array->field->width;
        break;
    default:
        from = row * (int64_t)value_width(array->field->kind);
        to = from + (int64_t)value_width(array->field->kind);
        break;
    }
    return (struct slice){.data = array->values ? array->values + from : NULL,
                          .len = (uint32_t)(to - from)};
}

static bool same_value(const struct columnar_array *array, int64_t a, int64_t b)
{
    if (array->field->kind == COLUMNAR_NULL)
        return true;
    bool valid = columnar_array_valid(array, a);
    if (valid != columnar_array_valid(array, b))
        return false;
    if (!valid)
        return true;
    if (array->field->kind == COLUMNAR_BOOL)
        return (array->values[a >> 3] >> (a & 7) & 1) == (array->values[b >> 3] >> (b & 7) & 1);
    struct slice left = value_at(array, a), right = value_at(array, b);
    return left.len == right.len && (!left.len || memcmp(left.data, right.data, left.len) == 0);
}

int64_t columnar_array_run_end(const struct columnar_array *array, int64_t from, int64_t end)
{
    int64_t row = from + 1;
    while (row < end && same_value(array, from, row))
        row++;
    return row < end ? row : end;
}

static int put_decimal(const struct model_type *type, __int128 value, struct buf *out)
{
    char digits[48];
    int at = sizeof digits, scale = type->scale;
    bool negative = value < 0;
    digits[--at] = 0;
    for (int i = 0; value != 0 || i <= scale; i++) {
        if (i == scale && scale > 0)
            digits[--at] = '.';
        int digit = (int)(value % 10);
        digits[--at] = (char)('0' + (digit < 0 ? -digit : digit));
        value /= 10;
    }
    return base_buf_printf(out, "%s%s", negative ? "-" : "", digits + at);
}

static int put_date(int64_t days, struct buf *out)
{
    int year, month, day;
    base_time_civil(days, &year, &month, &day);
    return base_buf_printf(out, "%04d-%02d-%02d", year, month, day);
}

static int put_instant(int64_t micros, bool utc, struct buf *out)
{
    int64_t day = 86400000000, of_day = micros % day;
    if (of_day < 0)
        of_day += day;
    int64_t second = of_day / 1000000;
    if (put_date((micros - of_day) / day, out) < 0 ||
        base_buf_printf(out, "%c%02d:%02d:%02d", utc ? 'T' : ' ', (int)(second / 3600),
                        (int)(second / 60 % 60), (int)(second % 60)) < 0)
        return -1;
    if (of_day % 1000000 && base_buf_printf(out, ".%06d", (int)(of_day % 1000000)) < 0)
        return -1;
    return utc ? base_buf_byte(out, 'Z') : 0;
}

/* One row through the same conversion and the same judgement as the writer's. */
static int put_value(const struct block *block, const struct convert_column *column,
                     const struct model_type *type, struct buf *out)
{
    const struct pq_spec *spec = &column->spec;
    int32_t narrow = 0;
    int64_t value = 0;
    if (spec->physical == COLUMNAR_PQ_INT32)
        memcpy(&narrow, block->fixed, 4);
    else if (spec->physical == COLUMNAR_PQ_INT64)
        memcpy(&value, block->fixed, 8);
    value = spec->physical == COLUMNAR_PQ_INT32 ? narrow : value;
    switch (type->kind) {
    case MODEL_BOOLEAN:
        return base_buf_text(out, block->bits[block->bits_first >> 3] >> (block->bits_first & 7) & 1
                                      ? "true"
                                      : "false");
    case MODEL_DATE:
        return put_date(value, out);
    case MODEL_TIMESTAMP:
    case MODEL_TIMESTAMP_NTZ:
        return put_instant(value, spec->utc, out);
    case MODEL_DECIMAL:
        if (spec->physical == COLUMNAR_PQ_FIXED) {
            __int128 wide = block->slices[0].data[0] & 0x80 ? -1 : 0;
            for (uint32_t i = 0; i < block->slices[0].len; i++)
                wide = (__int128)((unsigned __int128)wide << 8 | block->slices[0].data[i]);
            return put_decimal(type, wide, out);
        }
        return put_decimal(type, value, out);
    case MODEL_STRING:
        return base_buf_append(out, block->slices[0].data, block->slices[0].len);
    default:
        return base_buf_printf(out, "%" PRId64, value);
    }
}

int columnar_array_value_text(const struct columnar_array *array, const struct model_type *type,
                              int64_t row, struct buf *out, bool *is_null, struct err *err)
{
    struct convert_column column = {0};
    if (type->kind == MODEL_FLOAT || type->kind == MODEL_DOUBLE || type->kind == MODEL_BINARY ||
        type->kind == MODEL_INTERVAL_YM || type->kind == MODEL_INTERVAL_DT ||
        type->kind == MODEL_VARIANT || type->kind == MODEL_VOID || !pq_spec_of(type, &column.spec))
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' cannot be a partition column",
                            array->field->name);
    if (!convert_choose(type, array->field, &column.op))
        return base_err_set(err, ERR_SCHEMA_TYPE_CHANGED, "column '%s' arrives as %s",
                            array->field->name, columnar_kind_name(array->field->kind));
    struct block *block = base_alloc(sizeof *block);
    int rc = block_fill(block, &column, array->field->name, array, row, 1, row, err);
    *is_null = rc == 0 && block->values == 0;
    if (rc == 0 && !*is_null && put_value(block, &column, type, out) < 0)
        rc = base_err_set(err, ERR_LIMIT_EXCEEDED, "column '%s': a partition value is too long",
                          array->field->name);
    free(block);
    return rc;
}
