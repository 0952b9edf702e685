#include "columnar_table.h"

#include "base/alloc.h"
#include "columnar_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void table_init(struct table *table, size_t columns, int64_t rows, uint64_t *seed)
{
    (void)seed;
    *table = (struct table){.rows = rows};
    table->schema.count = table->arrow.count = columns;
    table->schema.columns = base_alloc_zero(columns, sizeof *table->schema.columns);
    table->arrow.fields = base_alloc_zero(columns, sizeof *table->arrow.fields);
    table->columns = base_alloc_zero(columns, sizeof *table->columns);
    table->arrays = base_alloc_zero(columns, sizeof *table->arrays);
}

static uint64_t pick_value(uint64_t distinct, int64_t row, uint64_t *seed)
{
    if (!distinct)
        return help_random(seed);
    uint64_t state = help_random(seed) % distinct;
    if (distinct > 1000) /* clustered */
        state = (uint64_t)row / 100 % distinct;
    return help_random(&state);
}

static void set_cell(struct table_cell *cell, const void *plain, size_t len)
{
    cell->valid = true;
    cell->plain = base_alloc(len);
    cell->len = len;
    if (len)
        memcpy(cell->plain, plain, len);
}

static __int128 decimal_limit(int precision)
{
    __int128 limit = 1;
    while (precision-- > 0)
        limit *= 10;
    return limit;
}

/* Arrow value of width bytes into `at`, and what Parquet must hold. */
static void make_decimal(const struct model_type *type, uint64_t random, uint8_t *at,
                         struct table_cell *cell)
{
    __int128 limit = decimal_limit(type->precision), value;
    value = (__int128)((unsigned __int128)random * (random | 1) >> 1) % limit;
    if (random % 7 == 0)
        value = limit - 1;
    if (random & 1)
        value = -value;
    memcpy(at, &value, 16);
    if (type->precision <= 18) {
        set_cell(cell, &value, type->precision <= 9 ? 4 : 8);
        return;
    }
    uint8_t big[16];
    int bytes = 1; /* smallest two's complement that holds 10^p - 1 */
    while ((bytes < 16) && ((limit - 1) >> (8 * bytes - 1)) != 0)
        bytes++;
    for (int i = 0; i < bytes; i++)
        big[i] = at[bytes - 1 - i];
    set_cell(cell, big, (size_t)bytes);
}

static size_t make_fixed(const struct model_type *type, enum columnar_kind kind, uint64_t random,
                         uint8_t *at, struct table_cell *cell)
{
    int32_t narrow;
    int64_t wide = (int64_t)random;
    switch (kind) {
    case COLUMNAR_INT8:
        narrow = (int8_t)random;
        wide = narrow;
        memcpy(at, &narrow, 1);
        set_cell(cell, type->kind == MODEL_LONG ? (void *)&wide : &narrow,
                 type->kind == MODEL_LONG ? 8 : 4);
        return 1;
    case COLUMNAR_INT16:
        narrow = (int16_t)random;
        memcpy(at, &narrow, 2);
        set_cell(cell, &narrow, 4);
        return 2;
    case COLUMNAR_UINT16:
        narrow = (uint16_t)random;
        memcpy(at, &narrow, 2);
        set_cell(cell, &narrow, 4);
        return 2;
    case COLUMNAR_DATE32:
        narrow = (int32_t)(random % 3652059) - 719162;
        memcpy(at, &narrow, 4);
        set_cell(cell, &narrow, 4);
        return 4;
    case COLUMNAR_INT32:
    case COLUMNAR_FLOAT:
    case COLUMNAR_INTERVAL_YM:
        narrow = (int32_t)random;
        wide = narrow;
        memcpy(at, &narrow, 4);
        set_cell(cell, type->kind == MODEL_LONG ? (void *)&wide : &narrow,
                 type->kind == MODEL_LONG ? 8 : 4);
        return 4;
    case COLUMNAR_TIMESTAMP:
        wide = (int64_t)(random % 315537897600000000u) - 62135596800000000;
        memcpy(at, &wide, 8);
        set_cell(cell, &wide, 8);
        return 8;
    case COLUMNAR_DECIMAL128:
        make_decimal(type, random, at, cell);
        return 16;
    default:
        memcpy(at, &wide, 8);
        set_cell(cell, &wide, 8);
        return 8;
    }
}

static void fill_field(struct columnar_field *field, const struct model_type *type,
                       enum columnar_kind kind, size_t index)
{
    field->name = base_printf("c%zu", index);
    field->kind = kind;
    field->nullable = true;
    field->unit = COLUMNAR_MICRO;
    field->precision = type->precision;
    field->scale = type->scale;
}

static bool kind_is_bytes(enum columnar_kind kind)
{
    return kind == COLUMNAR_UTF8 || kind == COLUMNAR_BINARY || kind == COLUMNAR_LARGE_UTF8 ||
           kind == COLUMNAR_LARGE_BINARY;
}

/* Text of 0..90 bytes with characters of every length; what lies under a null is not valid UTF-8.
 */
static size_t make_bytes(enum columnar_kind kind, uint64_t random, bool valid, uint8_t *at,
                         struct table_cell *cell)
{
    static const char *const PARTS[] = {"a", "Zürich", "日本", "\xf0\x9f\x98\x80", "0123456789"};
    size_t len = 0;
    bool binary = kind == COLUMNAR_BINARY || kind == COLUMNAR_LARGE_BINARY;
    for (uint64_t i = random % 10; i > 0; i--, random = random * 6364136223846793005u + 1) {
        const char *part = PARTS[(random >> 33) % base_countof(PARTS)];
        size_t part_len = strlen(part);
        memcpy(at + len, part, part_len);
        len += part_len;
    }
    for (size_t i = 0; i < len && (binary || !valid); i++)
        at[i] = (uint8_t)(at[i] * 37 + 200);
    if (valid)
        set_cell(cell, at, len);
    return len;
}

void table_column(struct table *table, size_t index, const char *type, enum columnar_kind kind,
                  unsigned null_percent, uint64_t distinct, uint64_t *seed)
{
    struct err err = ERR_INIT;
    struct model_column *model = &table->schema.columns[index];
    struct table_column *column = &table->columns[index];
    struct columnar_array *array = &table->arrays[index];
    size_t rows = (size_t)table->rows, at = 0, nulls = 0;
    model->name = base_printf("c%zu", index);
    model->nullable = true;
    if (model_type_parse(type, &model->type, &err) < 0)
        fail_msg("%s: %s", type, err.message);
    fill_field(&table->arrow.fields[index], &model->type, kind, index);
    column->cells = base_alloc_zero(rows, sizeof *column->cells);
    column->values = base_alloc_zero(rows + 1, 100);
    column->offsets = base_alloc_zero(rows + 1, 8);
    column->validity = base_alloc_zero(rows / 8 + 1, 1);
    bool large = kind == COLUMNAR_LARGE_UTF8 || kind == COLUMNAR_LARGE_BINARY;
    for (size_t row = 0; row < rows; row++) {
        uint64_t random = pick_value(distinct, (int64_t)row, seed);
        bool valid = kind != COLUMNAR_NULL && help_random(seed) % 100 >= null_percent;
        struct table_cell spare = {0}, *cell = valid ? &column->cells[row] : &spare;
        if (kind == COLUMNAR_BOOL) {
            uint8_t bit = random >> 7 & 1;
            column->values[row / 8] |= (uint8_t)(bit << row % 8);
            set_cell(cell, &bit, 1);
        } else if (kind_is_bytes(kind)) {
            at += make_bytes(kind, random, valid, column->values + at, cell);
            if (large)
                ((int64_t *)column->offsets)[row + 1] = (int64_t)at;
            else
                ((int32_t *)column->offsets)[row + 1] = (int32_t)at;
        } else if (kind != COLUMNAR_NULL) {
            at += make_fixed(&model->type, kind, random, column->values + at, cell);
            if (!valid) /* garbage that no judgement may look at */
                memset(column->values + at - 1, 0x7f, 1);
        }
        free(spare.plain);
        nulls += !valid;
        column->validity[row / 8] |= (uint8_t)(valid << row % 8);
    }
    *array = (struct columnar_array){.field = &table->arrow.fields[index],
                                     .length = table->rows,
                                     .null_count = (int64_t)nulls,
                                     .validity = nulls ? column->validity : NULL,
                                     .offsets = kind_is_bytes(kind) ? column->offsets : NULL,
                                     .values = column->values,
                                     .values_len = at};
}

void table_free(struct table *table)
{
    for (size_t i = 0; i < table->schema.count; i++) {
        struct table_column *column = &table->columns[i];
        for (int64_t row = 0; column->cells && row < table->rows; row++)
            free(column->cells[row].plain);
        free(column->cells);
        free(column->values);
        free(column->offsets);
        free(column->validity);
    }
    free(table->columns);
    free(table->arrays);
    model_schema_free(&table->schema);
    columnar_schema_free(&table->arrow);
}

struct columnar_batch table_batch(const struct table *table)
{
    return (struct columnar_batch){
        .rows = table->rows, .columns = table->arrays, .count = table->schema.count};
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) < 0)                                                                            \
            fail_msg("%s: %s: %s", #call, base_err_name(err.code), err.message);                   \
    } while (0)

static struct columnar_row_group *write_group(const struct table *table,
                                              const struct columnar_write_options *options,
                                              const struct columnar_conversion *conversion,
                                              int64_t from, int64_t to, uint64_t *seed)
{
    struct err err = ERR_INIT;
    struct columnar_encoder *encoder;
    struct columnar_row_group *group, *copy;
    struct columnar_batch batch = table_batch(table);
    struct buf saved;
    OK(columnar_encoder_new(&table->schema, options, &encoder, &err));
    while (from < to) {
        int64_t step = 1 + (int64_t)(help_random(seed) % 5000);
        step = step < to - from ? step : to - from;
        OK(columnar_encoder_append(encoder, conversion, &batch, from, step, &err));
        from += step;
    }
    OK(columnar_encoder_finish(&encoder, &group, &err));
    /* Metadata must survive the journal. */
    base_buf_init(&saved, (size_t)1 << 24);
    OK(columnar_row_group_save(group, &saved, &err));
    OK(columnar_row_group_load(saved.data, saved.len, &copy, &err));
    assert_int_equal(copy->bytes, group->bytes);
    copy->pieces = group->pieces;
    copy->piece_count = group->piece_count;
    group->pieces = NULL;
    group->piece_count = 0;
    columnar_row_group_free(&group);
    base_buf_free(&saved);
    return copy;
}

void table_write(const struct table *table, const struct columnar_write_options *options,
                 size_t groups, uint64_t *seed, struct table_file *out)
{
    struct err err = ERR_INIT;
    struct columnar_conversion *conversion;
    struct columnar_footer *footer;
    *out = (struct table_file){0};
    base_buf_init(&out->bytes, (size_t)1 << 28);
    OK(base_buf_append(&out->bytes, COLUMNAR_PARQUET_MAGIC, COLUMNAR_PARQUET_MAGIC_LEN));
    OK(columnar_schema_reconcile(&table->schema, &table->arrow, &conversion, &err));
    OK(columnar_footer_new(&table->schema, "1.2.3", "test", &footer, &err));
    columnar_footer_key(footer, "aampe.test", "yes");
    for (size_t i = 0; i < groups; i++) {
        int64_t from = table->rows * (int64_t)i / (int64_t)groups;
        int64_t to = table->rows * (int64_t)(i + 1) / (int64_t)groups;
        struct columnar_row_group *group = write_group(table, options, conversion, from, to, seed);
        OK(columnar_footer_add(footer, group, (int64_t)out->bytes.len, &err));
        for (size_t k = 0; k < group->piece_count; k++)
            OK(base_buf_append(&out->bytes, group->pieces[k].data, group->pieces[k].len));
        columnar_row_group_free(&group);
    }
    assert_int_equal(columnar_footer_rows(footer), table->rows);
    OK(columnar_footer_finish(footer, &out->bytes, &err));
    columnar_footer_free(&footer);
    columnar_conversion_free(&conversion);
    table_open(out);
}

void table_open(struct table_file *file)
{
    struct err err = ERR_INIT;
    size_t len;
    const uint8_t *bytes = (const uint8_t *)file->bytes.data;
    size_t size = file->bytes.len;
    OK(columnar_parquet_tail(bytes + size - 8, (int64_t)size, &len, &err));
    OK(columnar_parquet_parse(bytes + size - 8 - len, len, (int64_t)size, NULL, &file->meta, &err));
}

void table_file_free(struct table_file *file)
{
    columnar_parquet_free(&file->meta);
    base_buf_free(&file->bytes);
}

static void compare_chunk(const struct table_column *column, const struct table_file *file,
                          size_t group, size_t leaf, int64_t first_row)
{
    struct err err = ERR_INIT;
    const struct columnar_pq_chunk *chunk = &file->meta->groups[group].chunks[leaf];
    const uint8_t *bytes = (const uint8_t *)file->bytes.data + chunk->offset;
    struct columnar_pq_values have = {0};
    struct columnar_pq_summary summary;
    size_t at = 0, n = 0;
    OK(columnar_parquet_read_column(file->meta, group, leaf, bytes, (size_t)chunk->bytes, NULL,
                                    &have, &err));
    assert_int_equal(have.rows, file->meta->groups[group].rows);
    for (int64_t row = 0; row < have.rows; row++) {
        const struct table_cell *cell = &column->cells[first_row + row];
        assert_int_equal(have.validity[row >> 3] >> (row & 7) & 1, cell->valid);
        if (!cell->valid)
            continue;
        size_t len = have.offsets ? (size_t)(have.offsets[n + 1] - have.offsets[n]) : cell->len;
        assert_int_equal(len, cell->len);
        assert_true(at + len <= have.values_len);
        if (len)
            assert_memory_equal(have.values + at, cell->plain, len);
        at += len;
        n++;
    }
    assert_int_equal(at, have.values_len);
    assert_int_equal(have.nulls, have.rows - (int64_t)n);
    OK(columnar_parquet_check_column(file->meta, group, leaf, bytes, (size_t)chunk->bytes, NULL,
                                     &summary, &err));
    assert_int_equal(summary.rows, have.rows);
    assert_int_equal(summary.nulls, have.nulls);
    assert_int_equal(chunk->stats.null_count, have.nulls);
    columnar_pq_values_free(&have);
}

void table_compare(const struct table *table, const struct table_file *file)
{
    assert_int_equal(file->meta->rows, table->rows);
    size_t leaf = 0;
    for (size_t i = 0; i < table->schema.count; i++) {
        int64_t row = 0;
        if (table->schema.columns[i].type.kind == MODEL_VOID)
            continue;
        assert_string_equal(file->meta->columns[leaf].name, table->schema.columns[i].name);
        for (size_t group = 0; group < file->meta->group_count; group++) {
            compare_chunk(&table->columns[i], file, group, leaf, row);
            row += file->meta->groups[group].rows;
        }
        assert_int_equal(row, table->rows);
        leaf++;
    }
    assert_int_equal(leaf, file->meta->column_count);
}
