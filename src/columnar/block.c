#include "columnar/block.h"

#include "base/text.h"
#include "columnar/rle.h"

struct source {
    struct block *block;
    const struct convert_column *column;
    const char *name;
    const struct columnar_array *array;
    int64_t first, group_row;
    struct err *err;
};

/* The row of the group that the n-th value of the block belongs to. */
static int64_t row_of(const struct source *source, int64_t n)
{
    int64_t row = source->first;
    for (;; row++) {
        if (columnar_array_valid(source->array, row) && n-- == 0)
            break;
    }
    return source->group_row + (row - source->first);
}

static int bad_value(const struct source *source, int64_t n, const char *what)
{
    return base_err_set(source->err, ERR_VALUE_OUT_OF_RANGE, "column '%s', row %lld: %s",
                        source->name, (long long)row_of(source, n), what);
}

/* Squeezes the nulls out: points into the Arrow buffer when there are none. space and element
 * have the same width, at most 8. */
#define GATHER(type)                                                                               \
    static const type *gather_##type(const struct source *source)                                  \
    {                                                                                              \
        struct block *block = source->block;                                                       \
        const type *from = (const type *)(const void *)source->array->values + source->first;      \
        type *to = (type *)(void *)block->space;                                                   \
        if (!block->validity)                                                                      \
            return from;                                                                           \
        int64_t n = 0;                                                                             \
        for (int64_t i = 0; i < block->rows; i++) {                                                \
            int64_t bit = block->validity_bit + i;                                                 \
            to[n] = from[i];                                                                       \
            n += block->validity[bit >> 3] >> (bit & 7) & 1;                                       \
        }                                                                                          \
        return to;                                                                                 \
    }
GATHER(int8_t)
GATHER(int16_t)
GATHER(int32_t)
GATHER(int64_t)
GATHER(uint8_t)
GATHER(uint16_t)
GATHER(uint32_t)

#define WIDEN(from_type, to_type)                                                                  \
    static void widen_##from_type##_##to_type(const struct source *source)                         \
    {                                                                                              \
        struct block *block = source->block;                                                       \
        const from_type *from = gather_##from_type(source);                                        \
        to_type *to = (to_type *)(void *)block->made;                                              \
        for (int64_t i = 0; i < block->values; i++)                                                \
            to[i] = (to_type)from[i];                                                              \
        block->fixed = to;                                                                         \
    }
WIDEN(int8_t, int32_t)
WIDEN(int16_t, int32_t)
WIDEN(uint8_t, int32_t)
WIDEN(uint16_t, int32_t)
WIDEN(int8_t, int64_t)
WIDEN(int16_t, int64_t)
WIDEN(int32_t, int64_t)
WIDEN(uint8_t, int64_t)
WIDEN(uint16_t, int64_t)
WIDEN(uint32_t, int64_t)

static void fill_int_32(const struct source *source)
{
    switch (source->array->field->kind) {
    case COLUMNAR_INT8:
        widen_int8_t_int32_t(source);
        break;
    case COLUMNAR_INT16:
        widen_int16_t_int32_t(source);
        break;
    case COLUMNAR_UINT8:
        widen_uint8_t_int32_t(source);
        break;
    default:
        widen_uint16_t_int32_t(source);
        break;
    }
}

static void fill_int_64(const struct source *source)
{
    switch (source->array->field->kind) {
    case COLUMNAR_INT8:
        widen_int8_t_int64_t(source);
        break;
    case COLUMNAR_INT16:
        widen_int16_t_int64_t(source);
        break;
    case COLUMNAR_INT32:
        widen_int32_t_int64_t(source);
        break;
    case COLUMNAR_UINT8:
        widen_uint8_t_int64_t(source);
        break;
    case COLUMNAR_UINT16:
        widen_uint16_t_int64_t(source);
        break;
    default:
        widen_uint32_t_int64_t(source);
        break;
    }
}

static void fill_float_to_double(const struct source *source)
{
    struct block *block = source->block;
    const int32_t *from = gather_int32_t(source);
    double *to = (double *)(void *)block->made;
    for (int64_t i = 0; i < block->values; i++) {
        float value;
        memcpy(&value, &from[i], 4);
        to[i] = (double)value;
    }
    block->fixed = to;
}

static void fill_bool(const struct source *source)
{
    struct block *block = source->block;
    const uint8_t *from = source->array->values;
    block->bits = from;
    block->bits_first = source->first;
    if (!block->validity)
        return;
    memset(block->bit_space, 0, sizeof block->bit_space);
    int64_t n = 0;
    for (int64_t i = 0; i < block->rows; i++) {
        int64_t bit = source->first + i;
        if (!(block->validity[bit >> 3] >> (bit & 7) & 1))
            continue;
        block->bit_space[n >> 3] |= (uint8_t)((from[bit >> 3] >> (bit & 7) & 1) << (n & 7));
        n++;
    }
    block->bits = block->bit_space;
    block->bits_first = 0;
}

static int fill_days(const struct source *source)
{
    struct block *block = source->block;
    const int32_t *days = gather_int32_t(source);
    int bad = 0;
    for (int64_t i = 0; i < block->values; i++)
        bad |= (days[i] < DAYS_MIN) | (days[i] > DAYS_MAX);
    for (int64_t i = 0; bad && i < block->values; i++) {
        if (days[i] < DAYS_MIN || days[i] > DAYS_MAX)
            return bad_value(source, i, "a date outside 0001-01-01 .. 9999-12-31");
    }
    block->fixed = days;
    return 0;
}

static int fill_date_millis(const struct source *source)
{
    struct block *block = source->block;
    const int64_t *millis = gather_int64_t(source);
    int32_t *days = (int32_t *)(void *)block->made;
    for (int64_t i = 0; i < block->values; i++) {
        int64_t value = millis[i];
        if (value % 86400000 != 0 || value / 86400000 < DAYS_MIN || value / 86400000 > DAYS_MAX)
            return bad_value(source, i, "not a whole day within 0001-01-01 .. 9999-12-31");
        days[i] = (int32_t)(value / 86400000);
    }
    block->fixed = days;
    return 0;
}

/* Microseconds of a value in another unit; false when they are not whole or overflow. */
static bool to_micros(enum columnar_unit unit, int64_t value, int64_t *out)
{
    switch (unit) {
    case COLUMNAR_SECOND:
        return !__builtin_mul_overflow(value, (int64_t)1000000, out);
    case COLUMNAR_MILLI:
        return !__builtin_mul_overflow(value, (int64_t)1000, out);
    case COLUMNAR_MICRO:
        *out = value;
        return true;
    default:
        *out = value / 1000;
        return value % 1000 == 0;
    }
}

static int fill_micros(const struct source *source, bool ranged)
{
    struct block *block = source->block;
    enum columnar_unit unit = source->array->field->unit;
    const int64_t *from = gather_int64_t(source);
    int64_t *to = (int64_t *)(void *)block->made;
    int bad = 0;
    block->fixed = unit == COLUMNAR_MICRO ? from : to;
    if (unit == COLUMNAR_MICRO && !ranged)
        return 0;
    if (unit == COLUMNAR_MICRO) {
        for (int64_t i = 0; i < block->values; i++)
            bad |= (from[i] < MICROS_MIN) | (from[i] > MICROS_MAX);
        if (!bad)
            return 0;
    }
    for (int64_t i = 0; i < block->values; i++) {
        int64_t micros;
        if (!to_micros(unit, from[i], &micros))
            return bad_value(source, i, "not a whole number of microseconds that fits");
        if (ranged && (micros < MICROS_MIN || micros > MICROS_MAX))
            return bad_value(source, i, "a timestamp outside years 0001 .. 9999");
        to[i] = micros;
    }
    return 0;
}

static __int128 power_of_ten(int exponent)
{
    __int128 value = 1;
    while (exponent-- > 0)
        value *= 10;
    return value;
}

/* n-th value in the physical form the precision asks for. */
static void store_decimal(struct block *block, const struct pq_spec *spec, int64_t n,
                          __int128 value)
{
    uint64_t halves[2] = {__builtin_bswap64((uint64_t)((unsigned __int128)value >> 64)),
                          __builtin_bswap64((uint64_t)value)};
    if (spec->physical == COLUMNAR_PQ_INT32) {
        ((int32_t *)(void *)block->space)[n] = (int32_t)value;
    } else if (spec->physical == COLUMNAR_PQ_INT64) {
        ((int64_t *)(void *)block->space)[n] = (int64_t)value;
    } else {
        memcpy(block->wide + 16 * n, halves, 16);
        block->slice_space[n] =
            (struct slice){.data = block->wide + 16 * n + 16 - spec->type_length,
                           .len = (uint32_t)spec->type_length};
    }
}

static int fill_decimal(const struct source *source)
{
    struct block *block = source->block;
    const struct pq_spec *spec = &source->column->spec;
    const __int128 limit = power_of_ten(spec->precision);
    int64_t n = 0;
    for (int64_t i = 0; i < block->rows; i++) {
        if (!columnar_array_valid(source->array, source->first + i))
            continue;
        __int128 value;
        memcpy(&value, source->array->values + 16 * (source->first + i), 16);
        if (value >= limit || value <= -limit)
            return bad_value(source, n, "a decimal with more digits than its type has");
        store_decimal(block, spec, n++, value);
    }
    block->fixed = block->space;
    block->slices = block->slice_space;
    return 0;
}

static int64_t offset_at(const struct columnar_array *array, int64_t row)
{
    enum columnar_kind kind = array->field->kind;
    if (kind == COLUMNAR_UTF8 || kind == COLUMNAR_BINARY)
        return ((const int32_t *)array->offsets)[row];
    return ((const int64_t *)array->offsets)[row];
}

static int gather_slices(const struct source *source)
{
    struct block *block = source->block;
    const struct columnar_array *array = source->array;
    int64_t n = 0, at = offset_at(array, source->first);
    for (int64_t i = 0; i < block->rows; i++) {
        int64_t end = offset_at(array, source->first + i + 1);
        if (columnar_array_valid(array, source->first + i)) {
            if (end - at > VALUE_BYTES_MAX)
                return base_err_set(source->err, ERR_LIMIT_EXCEEDED,
                                    "column '%s', row %lld: a value of more than 64 MiB",
                                    source->name, (long long)(source->group_row + i));
            block->slice_space[n++] =
                (struct slice){.data = array->values ? array->values + at : (const uint8_t *)"",
                               .len = (uint32_t)(end - at)};
        }
        at = end;
    }
    block->slices = block->slice_space;
    return 0;
}

static bool ascii(const uint8_t *data, size_t len)
{
    uint64_t all = 0, word;
    for (; len >= 8; data += 8, len -= 8) {
        memcpy(&word, data, 8);
        all |= word;
    }
    for (; len; data++, len--)
        all |= *data;
    return !(all & 0x8080808080808080u);
}

static int fill_text(const struct source *source)
{
    struct block *block = source->block;
    if (gather_slices(source) < 0)
        return -1;
    int64_t from = offset_at(source->array, source->first);
    int64_t to = offset_at(source->array, source->first + block->rows);
    if (from == to || ascii(source->array->values + from, (size_t)(to - from)))
        return 0;
    for (int64_t i = 0; i < block->values; i++) {
        struct slice *slice = &block->slices[i];
        if (!ascii(slice->data, slice->len) &&
            !base_text_utf8_valid((const char *)slice->data, slice->len))
            return base_err_set(source->err, ERR_TEXT_INVALID,
                                "column '%s', row %lld: text that is not valid UTF-8", source->name,
                                (long long)row_of(source, i));
    }
    return 0;
}

static int fill_fixed_bytes(const struct source *source)
{
    struct block *block = source->block;
    size_t width = (size_t)source->array->field->width;
    int64_t n = 0;
    for (int64_t i = 0; i < block->rows; i++) {
        if (columnar_array_valid(source->array, source->first + i))
            block->slice_space[n++] = (struct slice){
                .data = width ? source->array->values + width * (size_t)(source->first + i)
                              : (const uint8_t *)"",
                .len = (uint32_t)width};
    }
    block->slices = block->slice_space;
    return 0;
}

static int fill_decimal_text(const struct source *source)
{
    struct block *block = source->block;
    const struct pq_spec *spec = &source->column->spec;
    if (gather_slices(source) < 0)
        return -1;
    for (int64_t i = 0; i < block->values; i++) {
        __int128 value;
        if (!block_parse_decimal(block->slices[i], spec->precision, spec->scale, &value))
            return bad_value(source, i, "text that is not a decimal of its type");
        store_decimal(block, spec, i, value);
    }
    block->fixed = block->space;
    return 0;
}

static int fill_date_text(const struct source *source)
{
    struct block *block = source->block;
    int32_t *days = (int32_t *)(void *)block->space;
    if (gather_slices(source) < 0)
        return -1;
    for (int64_t i = 0; i < block->values; i++) {
        if (!block_parse_date(block->slices[i], &days[i]))
            return bad_value(source, i, "text that is not a date within 0001 .. 9999");
    }
    block->fixed = days;
    return 0;
}

static int fill_values(const struct source *source)
{
    struct block *block = source->block;
    switch (source->column->op) {
    case CONVERT_BOOL:
        fill_bool(source);
        return 0;
    case CONVERT_COPY4:
        block->fixed = gather_int32_t(source);
        return 0;
    case CONVERT_COPY8:
        block->fixed = gather_int64_t(source);
        return 0;
    case CONVERT_INT_TO_32:
        fill_int_32(source);
        return 0;
    case CONVERT_INT_TO_64:
        fill_int_64(source);
        return 0;
    case CONVERT_FLOAT_TO_DOUBLE:
        fill_float_to_double(source);
        return 0;
    case CONVERT_DATE_DAYS:
        return fill_days(source);
    case CONVERT_DATE_MILLIS:
        return fill_date_millis(source);
    case CONVERT_DATE_TEXT:
        return fill_date_text(source);
    case CONVERT_INSTANT:
        return fill_micros(source, true);
    case CONVERT_DURATION:
        return fill_micros(source, false);
    case CONVERT_DECIMAL:
        return fill_decimal(source);
    case CONVERT_DECIMAL_TEXT:
        return fill_decimal_text(source);
    case CONVERT_TEXT:
        return fill_text(source);
    case CONVERT_BYTES:
        return gather_slices(source);
    case CONVERT_FIXED_BYTES:
        return fill_fixed_bytes(source);
    default:
        return 0;
    }
}

int block_fill(struct block *block, const struct convert_column *column, const char *name,
               const struct columnar_array *array, int64_t first, int64_t rows, int64_t group_row,
               struct err *err)
{
    static const uint8_t NONE[BLOCK_ROWS / 8 + 8];
    struct source source = {.block = block,
                            .column = column,
                            .name = name,
                            .array = array,
                            .first = first,
                            .group_row = group_row,
                            .err = err};
    block->rows = block->values = rows;
    block->validity = array->validity;
    block->validity_bit = first;
    if (column->op == CONVERT_NULLS) {
        block->validity = NONE;
        block->validity_bit = 0;
        block->values = 0;
        return 0;
    }
    if (block->validity)
        block->values = rle_bits_count(block->validity, first, rows);
    if (block->values == rows)
        block->validity = NULL;
    return block->values ? fill_values(&source) : 0;
}
