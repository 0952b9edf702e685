#include "columnar/column.h"

#include "columnar/page.h"
#include "columnar/rle.h"

/* Distinct values are counted after this many: a column of mostly different ones gets no
 * dictionary. */
#define SAMPLE_VALUES 4096
#define SAMPLE_DISTINCT_PERCENT 70
#define PAGE_DISTINCT_PERCENT 50

void column_init(struct column *column, const struct model_column *model,
                 const struct pq_spec *spec, struct column_shared *shared)
{
    *column = (struct column){.name = base_strdup(model->name),
                              .type = model_type_dup(&model->type),
                              .spec = *spec,
                              .utf8 = spec->logical == PQ_LOGICAL_STRING};
    pq_range_init(&column->range, pq_spec_order(spec));
    column->dictionary_on = shared->options.dictionary_bytes > 0 &&
                            shared->dictionary_left > (64 << 10) &&
                            spec->physical != COLUMNAR_PQ_BOOLEAN;
    if (!column->dictionary_on)
        return;
    dictionary_init(&column->dictionary, pq_spec_width(spec), shared->options.dictionary_bytes);
    column->dictionary_counted = dictionary_memory(&column->dictionary);
    shared->dictionary_left -= column->dictionary_counted;
}

void column_free(struct column *column)
{
    free(column->name);
    model_type_free(&column->type);
    bytes_free(&column->levels);
    bytes_free(&column->plain);
    free(column->indices);
    dictionary_free(&column->dictionary);
    for (size_t i = 0; i < column->page_count; i++)
        free(column->pages[i].data);
    free(column->pages);
    pq_range_free(&column->range);
}

size_t column_memory(const struct column *column)
{
    return column->levels.cap + column->plain.cap + dictionary_memory(&column->dictionary) +
           column->range.min.cap + column->range.max.cap;
}

int64_t column_room(const struct column *column, const struct column_shared *shared)
{
    return shared->options.page_rows - column->rows;
}

static void take_levels(struct column *column, const struct block *block)
{
    size_t need = (size_t)(column->rows + block->rows + 7) / 8 + 8;
    if (need > column->levels.cap) {
        bytes_room(&column->levels, need);
        column->levels.len = 0;
    }
    if (block->validity)
        rle_bits_copy(column->levels.data, column->rows, block->validity, block->validity_bit,
                      block->rows);
    else
        rle_bits_set(column->levels.data, column->rows, block->rows);
    column->rows += block->rows;
    column->values += block->values;
}

static void take_bits(struct column *column, const struct block *block)
{
    int64_t before = column->values - block->values;
    size_t need = (size_t)(column->values + 7) / 8 + 8;
    int64_t trues = rle_bits_count(block->bits, block->bits_first, block->values);
    if (need > column->plain.cap) {
        column->plain.len = (size_t)(before + 7) / 8;
        bytes_room(&column->plain, need - column->plain.len);
    }
    rle_bits_copy(column->plain.data, before, block->bits, block->bits_first, block->values);
    column->plain.len = (size_t)(column->values + 7) / 8;
    pq_range_bool(&column->range, block->values, trues);
}

static void plain_slice(struct column *column, struct slice value)
{
    if (column->spec.physical == COLUMNAR_PQ_BYTE_ARRAY)
        bytes_u32(&column->plain, value.len);
    bytes_append(&column->plain, value.data, value.len);
}

static void dictionary_drop(struct column *column, struct column_shared *shared)
{
    shared->dictionary_left += column->dictionary_counted;
    column->dictionary_counted = 0;
    column->dictionary_on = false;
    /* Pages that refer to it keep its entries alive, not its table. */
    if (column->dictionary_coded_pages == 0)
        dictionary_free(&column->dictionary);
    else
        dictionary_close(&column->dictionary);
}

/* The open page's indices become PLAIN values, and so does all that follows. */
static void dictionary_expand(struct column *column, struct column_shared *shared, int64_t indices)
{
    bytes_room(&column->plain, (size_t)column->plain_size);
    for (int64_t i = 0; i < indices; i++)
        plain_slice(column, dictionary_entry(&column->dictionary, column->indices[i]));
    column->plain_size = 0;
    base_free(&column->indices);
    dictionary_drop(column, shared);
}

static bool distinct_above(const struct column *column, int percent)
{
    int64_t seen = column->total_values + column->values;
    return (int64_t)column->dictionary.count * 100 > seen * percent;
}

static bool is_bytes(const struct column *column)
{
    return column->spec.physical == COLUMNAR_PQ_BYTE_ARRAY ||
           column->spec.physical == COLUMNAR_PQ_FIXED;
}

/* Indices of a block's values, up to the first that has no room. Returns how many were taken. */
static int64_t put_fixed(struct column *column, const struct block *block, uint32_t *out)
{
    size_t width = column->dictionary.width;
    uint64_t last = 0;
    uint32_t index = DICTIONARY_FULL;
    int64_t i = 0;
    for (; i < block->values; i++) {
        uint64_t value = 0;
        bool is_new = false;
        memcpy(&value, (const uint8_t *)block->fixed + width * (size_t)i, width);
        if (index == DICTIONARY_FULL || value != last)
            index = dictionary_put_fixed(&column->dictionary, value, &is_new);
        if (index == DICTIONARY_FULL)
            break;
        last = value;
        out[i] = index;
    }
    column->plain_size += width * (uint64_t)i;
    return i;
}

static int64_t put_slices(struct column *column, const struct block *block, uint32_t *out)
{
    size_t prefix = column->spec.physical == COLUMNAR_PQ_BYTE_ARRAY ? 4 : 0;
    for (int64_t i = 0; i < block->values; i++) {
        bool is_new = false;
        out[i] = dictionary_put_bytes(&column->dictionary, block->slices[i], &is_new);
        if (out[i] == DICTIONARY_FULL)
            return i;
        /* Every distinct value is looked at once, which is enough for minimum and maximum. */
        if (is_new)
            pq_range_bytes(&column->range, block->slices[i]);
        column->plain_size += prefix + block->slices[i].len;
    }
    return block->values;
}

static void take_plain(struct column *column, const struct block *block, int64_t from)
{
    if (!is_bytes(column)) {
        size_t width = pq_spec_width(&column->spec);
        bytes_append(&column->plain, (const uint8_t *)block->fixed + width * (size_t)from,
                     width * (size_t)(block->values - from));
        return;
    }
    for (int64_t i = from; i < block->values; i++) {
        plain_slice(column, block->slices[i]);
        pq_range_bytes(&column->range, block->slices[i]);
    }
}

static void take_range(struct column *column, const struct block *block)
{
    switch (column->range.order) {
    case PQ_ORDER_I32:
        pq_range_i32(&column->range, block->fixed, block->values);
        break;
    case PQ_ORDER_I64:
        pq_range_i64(&column->range, block->fixed, block->values);
        break;
    case PQ_ORDER_FLOAT:
        pq_range_float(&column->range, block->fixed, block->values);
        break;
    case PQ_ORDER_DOUBLE:
        pq_range_double(&column->range, block->fixed, block->values);
        break;
    default: /* bytes are looked at one by one */
        break;
    }
}

static bool dictionary_within_budget(struct column *column, struct column_shared *shared)
{
    size_t now = dictionary_memory(&column->dictionary);
    size_t more = now - column->dictionary_counted;
    if (more > shared->dictionary_left)
        return false;
    shared->dictionary_left -= more;
    column->dictionary_counted = now;
    return true;
}

/* Values of the block go to the dictionary as far as it takes them. When that is not all, or it
 * does not pay, the open page turns to PLAIN. Returns how many need no further care. */
static int64_t take_indices(struct column *column, struct column_shared *shared,
                            const struct block *block)
{
    int64_t before = column->values - block->values;
    if (!column->indices)
        column->indices = base_alloc((size_t)shared->options.page_rows * 4);
    uint32_t *out = column->indices + before;
    int64_t taken =
        is_bytes(column) ? put_slices(column, block, out) : put_fixed(column, block, out);
    bool sampled = column->total_values == 0 && column->values >= SAMPLE_VALUES &&
                   before < SAMPLE_VALUES && distinct_above(column, SAMPLE_DISTINCT_PERCENT);
    if (taken < block->values || sampled || !dictionary_within_budget(column, shared))
        dictionary_expand(column, shared, before + taken);
    return taken;
}

void column_append(struct column *column, struct column_shared *shared, const struct block *block)
{
    int64_t taken = 0;
    take_levels(column, block);
    if (block->values == 0)
        return;
    if (column->spec.physical == COLUMNAR_PQ_BOOLEAN) {
        take_bits(column, block);
        return;
    }
    take_range(column, block);
    if (column->dictionary_on)
        taken = take_indices(column, shared, block);
    if (taken < block->values)
        take_plain(column, block, taken);
}

static void put_levels(struct column *column, struct bytes *payload)
{
    bytes_u32(payload, 0);
    size_t start = payload->len;
    rle_encode_bits(payload, column->levels.data, column->rows, column->values);
    uint32_t len = (uint32_t)(payload->len - start);
    memcpy(payload->data + start - 4, &len, 4);
}

static void put_values(struct column *column, struct bytes *payload)
{
    if (!column->dictionary_on) {
        bytes_append(payload, column->plain.data, column->plain.len);
        return;
    }
    uint32_t count = column->dictionary.count;
    uint8_t width = (uint8_t)rle_width(count ? count - 1 : 0);
    bytes_append(payload, &width, 1);
    rle_encode_indices(payload, column->indices, column->values, width);
}

static bool page_full(const struct column *column, const struct column_shared *shared)
{
    if (column->rows >= shared->options.page_rows)
        return true;
    /* A page of indices may turn to PLAIN, so its size as PLAIN is bounded too. */
    return column->dictionary_on ? column->plain_size >= 8 * (uint64_t)shared->page_bytes
                                 : column->plain.len >= shared->page_bytes;
}

int column_flush(struct column *column, struct column_shared *shared, bool force, struct err *err)
{
    struct columnar_piece page;
    if (column->rows == 0 || (!force && !page_full(column, shared)))
        return 0;
    if (column->dictionary_on && column->total_values == 0 && column->values >= SAMPLE_VALUES &&
        distinct_above(column, PAGE_DISTINCT_PERCENT))
        dictionary_expand(column, shared, column->values);
    shared->payload.len = 0;
    put_levels(column, &shared->payload);
    put_values(column, &shared->payload);
    if (page_make(shared, false, column->rows, column->dictionary_on ? PQ_RLE_DICTIONARY : PQ_PLAIN,
                  &page, &column->uncompressed, err) < 0)
        return base_err_context(err, "column '%s'", column->name);
    if (column->page_count == column->page_cap) {
        column->page_cap = column->page_cap ? column->page_cap * 2 : 8;
        column->pages = base_realloc(column->pages, column->page_cap, sizeof *column->pages);
    }
    column->pages[column->page_count++] = page;
    *(column->dictionary_on ? &column->dictionary_coded_pages : &column->plain_pages) += 1;
    column->total_rows += column->rows;
    column->total_values += column->values;
    column->rows = column->values = 0;
    column->plain.len = 0;
    column->plain_size = 0;
    return 0;
}

int column_dictionary_page(struct column *column, struct column_shared *shared,
                           struct columnar_piece *out, struct err *err)
{
    *out = (struct columnar_piece){0};
    if (column->dictionary_coded_pages == 0)
        return 0;
    shared->payload.len = 0;
    bytes_append(&shared->payload, column->dictionary.plain.data, column->dictionary.plain.len);
    return page_make(shared, true, column->dictionary.count, PQ_PLAIN, out, &column->uncompressed,
                     err);
}
