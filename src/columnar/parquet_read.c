#include "columnar/parquet_read.h"

#include "columnar/pq_page.h"
#include "columnar/rle.h"
#include "columnar/stats.h"

#include <stdlib.h>
#include <string.h>

void columnar_pq_values_free(struct columnar_pq_values *values)
{
    free(values->validity);
    free(values->values);
    free(values->offsets);
    *values = (struct columnar_pq_values){0};
}

static int open_pages(const struct columnar_pq_file *file, size_t group, size_t column,
                      const uint8_t *bytes, size_t len, const struct columnar_limits *limits,
                      struct pq_pages *pages, struct err *err)
{
    const struct columnar_pq_chunk *chunk = &file->groups[group].chunks[column];
    pq_pages_init(pages, &file->columns[column], chunk, limits, bytes, len);
    return (int64_t)len == chunk->bytes
               ? 0
               : pq_corrupt(pages, err, "the chunk has another length than the footer says");
}

/* --- decoding into values --- */

static int grow(uint8_t **data, size_t *cap, size_t need, const struct pq_pages *pages,
                struct err *err)
{
    if (need <= *cap)
        return 0;
    if (need > pages->limits->message_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "column '%s' decodes to more than %zu bytes",
                            pages->column->name, pages->limits->message_bytes);
    size_t want = *cap + *cap / 2 > need ? *cap + *cap / 2 : need;
    uint8_t *grown = realloc(*data, want);
    if (!grown)
        return base_err_set(err, ERR_HOST_MEMORY, "no memory for %zu bytes of a column", want);
    *data = grown;
    *cap = want;
    return 0;
}

static int put_value(const struct pq_pages *pages, struct slice value, int64_t index,
                     struct columnar_pq_values *out, struct err *err)
{
    if (grow(&out->values, &out->values_cap, out->values_len + value.len, pages, err) < 0)
        return -1;
    if (value.len)
        memcpy(out->values + out->values_len, value.data, value.len);
    out->values_len += value.len;
    if (out->offsets)
        out->offsets[index + 1] = out->values_len;
    return 0;
}

static int put_page(struct pq_pages *pages, struct columnar_pq_values *out, struct err *err)
{
    int64_t before = out->rows - out->nulls;
    size_t pos = 0;
    for (int64_t i = 0; i < pages->values; i++) {
        struct slice value;
        uint8_t bit;
        if (pages->indices) {
            value = pages->entries[pages->indices[i]];
        } else if (pages->column->physical == COLUMNAR_PQ_BOOLEAN) {
            if ((size_t)i / 8 >= pages->plain_len)
                return pq_corrupt(pages, err, "a page is too short for its values");
            bit = pages->plain[i >> 3] >> (i & 7) & 1;
            value = (struct slice){.data = &bit, .len = 1};
        } else if (!pq_plain_next(pages, &pos, &value)) {
            return pq_corrupt(pages, err, "a page is too short for its values");
        }
        if (put_value(pages, value, before + i, out, err) < 0)
            return -1;
    }
    return 0;
}

static int reserve(const struct pq_pages *pages, struct columnar_pq_values *out, struct err *err)
{
    int64_t rows = out->rows + pages->rows;
    size_t bits = (size_t)(rows + 7) / 8 + 8;
    uint8_t *offsets = (uint8_t *)out->offsets;
    if (grow(&out->validity, &out->validity_cap, bits, pages, err) < 0)
        return -1;
    if (pages->column->physical != COLUMNAR_PQ_BYTE_ARRAY)
        return 0;
    size_t cap = out->offsets_cap * 8;
    bool first = !offsets;
    int rc = grow(&offsets, &cap, ((size_t)rows + 1) * 8, pages, err);
    out->offsets = (uint64_t *)(void *)offsets;
    out->offsets_cap = cap / 8;
    if (rc == 0 && first)
        out->offsets[0] = 0;
    return rc;
}

static int take_page(struct pq_pages *pages, struct columnar_pq_values *out, struct err *err)
{
    if (reserve(pages, out, err) < 0 || put_page(pages, out, err) < 0)
        return -1;
    if (pages->column->optional)
        rle_bits_copy(out->validity, out->rows, pages->validity, 0, pages->rows);
    else
        rle_bits_set(out->validity, out->rows, pages->rows);
    out->rows += pages->rows;
    out->nulls += pages->rows - pages->values;
    return 0;
}

int columnar_parquet_read_column(const struct columnar_pq_file *file, size_t group, size_t column,
                                 const uint8_t *bytes, size_t len,
                                 const struct columnar_limits *limits,
                                 struct columnar_pq_values *out, struct err *err)
{
    struct columnar_limits use = limits ? *limits : columnar_limits_default();
    struct pq_pages pages;
    int rc = open_pages(file, group, column, bytes, len, &use, &pages, err);
    while (rc == 0 && (rc = pq_pages_next(&pages, err)) > 0)
        rc = take_page(&pages, out, err);
    pq_pages_free(&pages);
    if (rc < 0)
        columnar_pq_values_free(out);
    return rc;
}

/* --- checking against the footer --- */

struct check {
    struct pq_pages pages;
    struct pq_range range;
    uint8_t *used; /* dictionary entries that occur */
    int64_t nans;  /* among dictionary-coded values */
    struct columnar_pq_summary summary;
};

static bool entry_is_nan(const struct check *check, uint32_t index)
{
    const uint8_t *data = check->pages.entries[index].data;
    float narrow;
    double wide;
    if (check->range.order == PQ_ORDER_FLOAT) {
        memcpy(&narrow, data, 4);
        return narrow != narrow;
    }
    memcpy(&wide, data, 8);
    return wide != wide;
}

static void check_indices(struct check *check)
{
    const struct pq_pages *pages = &check->pages;
    bool real = check->range.order == PQ_ORDER_FLOAT || check->range.order == PQ_ORDER_DOUBLE;
    if (!check->used)
        check->used = base_alloc_zero(pages->entry_count, 1);
    for (int64_t i = 0; i < pages->values; i++)
        check->used[pages->indices[i]] = 1;
    for (int64_t i = 0; real && i < pages->values; i++)
        check->nans += entry_is_nan(check, pages->indices[i]);
}

static void range_values(struct pq_range *range, const uint8_t *data, int64_t n)
{
    switch (range->order) {
    case PQ_ORDER_I32:
        for (int64_t i = 0; i < n; i++) {
            int32_t value;
            memcpy(&value, data + 4 * i, 4);
            pq_range_i32(range, &value, 1);
        }
        break;
    case PQ_ORDER_I64:
        for (int64_t i = 0; i < n; i++) {
            int64_t value;
            memcpy(&value, data + 8 * i, 8);
            pq_range_i64(range, &value, 1);
        }
        break;
    case PQ_ORDER_FLOAT:
        pq_range_float(range, data, n);
        break;
    default:
        pq_range_double(range, data, n);
        break;
    }
}

static bool is_bytes(const struct pq_range *range)
{
    return range->order == PQ_ORDER_BYTES || range->order == PQ_ORDER_SIGNED_BYTES;
}

static int check_plain(struct check *check, struct err *err)
{
    const struct pq_pages *pages = &check->pages;
    size_t pos = 0;
    if (is_bytes(&check->range)) {
        for (int64_t i = 0; i < pages->values; i++) {
            struct slice value;
            if (!pq_plain_next(pages, &pos, &value))
                return pq_corrupt(pages, err, "a page is too short for its values");
            pq_range_bytes(&check->range, value);
        }
        return pos == pages->plain_len ? 0 : pq_corrupt(pages, err, "a page is too long");
    }
    bool bits = check->range.order == PQ_ORDER_BOOL;
    size_t need = bits ? (size_t)(pages->values + 7) / 8 : pages->width * (size_t)pages->values;
    if (need != pages->plain_len)
        return pq_corrupt(pages, err, "a page has not the size of its values");
    if (bits)
        pq_range_bool(&check->range, pages->values, rle_bits_count(pages->plain, 0, pages->values));
    else
        range_values(&check->range, pages->plain, pages->values);
    return 0;
}

static void range_entries(struct check *check)
{
    int64_t nans = check->range.nans;
    for (uint32_t i = 0; check->used && i < check->pages.entry_count; i++) {
        if (!check->used[i])
            continue;
        if (is_bytes(&check->range))
            pq_range_bytes(&check->range, check->pages.entries[i]);
        else
            range_values(&check->range, check->pages.entries[i].data, 1);
    }
    check->range.nans = nans + check->nans;
}

/* Exact bounds are the value itself; cut ones lie beyond it. */
static bool bound_holds(const struct check *check, const uint8_t *have, size_t have_len, bool exact,
                        struct slice real, int side)
{
    struct slice bound = {.data = have, .len = (uint32_t)have_len};
    if (!is_bytes(&check->range) && have_len != real.len)
        return false;
    int order = pq_order_compare(check->range.order, bound, real);
    return exact ? order == 0 : order * side >= 0;
}

static int check_bounds(const struct check *check, const struct columnar_pq_stats *footer,
                        struct err *err)
{
    const struct pq_pages *pages = &check->pages;
    struct columnar_pq_stats real;
    if ((footer->has_min || footer->has_max) && !check->range.any)
        return pq_corrupt(pages, err, "the footer gives bounds but there are no values");
    if (!check->range.any)
        return 0;
    /* Byte bounds are compared with the whole value, not with its cut form. */
    pq_range_finish(&check->range, false, &real);
    struct slice min = {.data = real.min, .len = (uint32_t)real.min_len};
    struct slice max = {.data = real.max, .len = (uint32_t)real.max_len};
    if (is_bytes(&check->range)) {
        min = (struct slice){check->range.min.data, (uint32_t)check->range.min.len};
        max = (struct slice){check->range.max.data, (uint32_t)check->range.max.len};
    }
    bool good = (!footer->has_min ||
                 bound_holds(check, footer->min, footer->min_len, footer->min_exact, min, -1)) &&
                (!footer->has_max ||
                 bound_holds(check, footer->max, footer->max_len, footer->max_exact, max, 1));
    free(real.min);
    free(real.max);
    return good ? 0 : pq_corrupt(pages, err, "minimum or maximum is not the footer's");
}

static int compare_footer(const struct check *check, struct err *err)
{
    const struct columnar_pq_stats *footer = &check->pages.chunk->stats;
    if (footer->null_count >= 0 && footer->null_count != check->summary.nulls)
        return base_err_set(err, ERR_DST_FILE_CORRUPT,
                            "column '%s': %lld nulls, the footer says %lld",
                            check->pages.column->name, (long long)check->summary.nulls,
                            (long long)footer->null_count);
    if (footer->nan_count >= 0 && footer->nan_count != check->range.nans)
        return pq_corrupt(&check->pages, err, "the number of NaNs is not the footer's");
    return check_bounds(check, footer, err);
}

static int check_pages(struct check *check, struct err *err)
{
    int rc;
    while ((rc = pq_pages_next(&check->pages, err)) > 0) {
        check->summary.pages++;
        check->summary.rows += check->pages.rows;
        check->summary.nulls += check->pages.rows - check->pages.values;
        if (check->pages.indices)
            check_indices(check);
        else if (check_plain(check, err) < 0)
            return -1;
    }
    if (rc < 0)
        return -1;
    range_entries(check);
    return compare_footer(check, err);
}

int columnar_parquet_check_column(const struct columnar_pq_file *file, size_t group, size_t column,
                                  const uint8_t *bytes, size_t len,
                                  const struct columnar_limits *limits,
                                  struct columnar_pq_summary *out, struct err *err)
{
    struct columnar_limits use = limits ? *limits : columnar_limits_default();
    const struct columnar_pq_column *leaf = &file->columns[column];
    struct pq_spec spec = {.physical = leaf->physical, .logical = leaf->logical};
    struct check check = {0};
    if (leaf->physical == COLUMNAR_PQ_INT96)
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s' is INT96", leaf->name);
    if (leaf->converted == PQ_CONVERTED_DECIMAL)
        spec.logical = PQ_LOGICAL_DECIMAL;
    pq_range_init(&check.range, pq_spec_order(&spec));
    int rc = open_pages(file, group, column, bytes, len, &use, &check.pages, err);
    if (rc == 0)
        rc = check_pages(&check, err);
    *out = check.summary;
    pq_pages_free(&check.pages);
    pq_range_free(&check.range);
    free(check.used);
    return rc;
}
