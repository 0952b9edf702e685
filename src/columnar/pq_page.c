#include "columnar/pq_page.h"

#include "columnar/parquet_write.h"
#include "columnar/rle.h"

#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#define PAGE_VALUES_MAX ((int64_t)16 << 20)

struct page_header {
    int64_t type, plain_len, len, values, encoding, level_encoding;
    bool has_crc;
    uint32_t crc;
};

int pq_corrupt(const struct pq_pages *pages, struct err *err, const char *what)
{
    return base_err_set(err, ERR_DST_FILE_CORRUPT, "column '%s', byte %zu of its chunk: %s",
                        pages->column->name, pages->pos, what);
}

void pq_pages_init(struct pq_pages *pages, const struct columnar_pq_column *column,
                   const struct columnar_pq_chunk *chunk, const struct columnar_limits *limits,
                   const uint8_t *bytes, size_t len)
{
    struct pq_spec spec = {.physical = column->physical, .type_length = column->type_length};
    *pages = (struct pq_pages){.column = column,
                               .chunk = chunk,
                               .limits = limits,
                               .bytes = bytes,
                               .len = len,
                               .rows_left = chunk->values,
                               .width = pq_spec_width(&spec)};
}

void pq_pages_free(struct pq_pages *pages)
{
    bytes_free(&pages->inflated);
    bytes_free(&pages->dictionary);
    free(pages->entries);
    free(pages->words);
    free(pages->validity);
}

static void read_inner(struct thrift_reader *reader, enum thrift_type type,
                       struct page_header *header)
{
    struct thrift_field field;
    thrift_enter(reader, type);
    while (!reader->failed && thrift_next(reader, &field)) {
        if (field.id == 1)
            header->values = thrift_int_as(reader, field.type, THRIFT_I32);
        else if (field.id == 2)
            header->encoding = thrift_int_as(reader, field.type, THRIFT_I32);
        else if (field.id == 3 && header->type == PQ_PAGE_DATA)
            header->level_encoding = thrift_int_as(reader, field.type, THRIFT_I32);
        else
            thrift_skip(reader, field.type);
    }
}

static int read_header(struct pq_pages *pages, struct page_header *header, struct err *err)
{
    struct thrift_reader reader;
    struct thrift_field field;
    *header = (struct page_header){.type = -1, .plain_len = -1, .len = -1, .values = -1};
    thrift_reader_init(&reader, pages->bytes + pages->pos, pages->len - pages->pos);
    while (!reader.failed && thrift_next(&reader, &field)) {
        if (field.id == 1)
            header->type = thrift_int_as(&reader, field.type, THRIFT_I32);
        else if (field.id == 2)
            header->plain_len = thrift_int_as(&reader, field.type, THRIFT_I32);
        else if (field.id == 3)
            header->len = thrift_int_as(&reader, field.type, THRIFT_I32);
        else if (field.id == 4) {
            header->has_crc = true;
            header->crc = (uint32_t)thrift_int_as(&reader, field.type, THRIFT_I32);
        } else if (field.id == 5 || field.id == 7)
            read_inner(&reader, field.type, header);
        else
            thrift_skip(&reader, field.type);
    }
    if (reader.failed || header->plain_len < 0 || header->len < 0 || header->values < 0)
        return pq_corrupt(pages, err, "a page header is not sound");
    pages->pos += reader.pos;
    if ((uint64_t)header->len > pages->len - pages->pos)
        return pq_corrupt(pages, err, "a page ends outside its chunk");
    if (header->values > PAGE_VALUES_MAX ||
        (uint64_t)header->plain_len > pages->limits->message_bytes)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "column '%s': a page of %lld values",
                            pages->column->name, (long long)header->values);
    return 0;
}

static bool decompress(int codec, const uint8_t *data, size_t len, uint8_t *out, size_t out_len)
{
    size_t got = out_len, claimed;
    switch (codec) {
    case COLUMNAR_CODEC_SNAPPY:
        return snappy_uncompressed_length((const char *)data, len, &claimed) == SNAPPY_OK &&
               claimed == out_len &&
               snappy_uncompress((const char *)data, len, (char *)out, &got) == SNAPPY_OK;
    case COLUMNAR_CODEC_ZSTD:
        got = ZSTD_decompress(out, out_len, data, len);
        return !ZSTD_isError(got) && got == out_len;
    default:
        return false;
    }
}

/* The page's bytes as they were before compression. */
static int open_page(struct pq_pages *pages, const struct page_header *header, struct bytes *space,
                     const uint8_t **data, struct err *err)
{
    const uint8_t *stored = pages->bytes + pages->pos;
    size_t len = (size_t)header->len, plain_len = (size_t)header->plain_len;
    int codec = pages->chunk->codec;
    pages->pos += len;
    if (header->has_crc && !pages->ignore_checksums &&
        (uint32_t)crc32(crc32(0, NULL, 0), stored, (uInt)len) != header->crc)
        return pq_corrupt(pages, err, "a page's checksum is wrong");
    if (codec == COLUMNAR_CODEC_NONE) {
        *data = stored;
        return len == plain_len ? 0 : pq_corrupt(pages, err, "a page has two sizes");
    }
    if (codec != COLUMNAR_CODEC_SNAPPY && codec != COLUMNAR_CODEC_ZSTD)
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "Parquet codec %d", codec);
    /* A claimed size is believed only as far as the codecs can go. */
    if (plain_len > pages->limits->ratio_free_bytes && plain_len / pages->limits->ratio > len)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "column '%s': a page expands more than %u:1",
                            pages->column->name, pages->limits->ratio);
    if (plain_len + 1 > space->cap) {
        bytes_free(space);
        space->data = base_alloc_try(plain_len + 1, 1, pages->limits->message_bytes);
        if (!space->data)
            return base_err_set(err, ERR_HOST_MEMORY, "no memory for a page of %zu bytes",
                                plain_len);
        space->cap = plain_len + 1;
    }
    space->len = plain_len;
    *data = space->data;
    return decompress(codec, stored, len, space->data, plain_len)
               ? 0
               : pq_corrupt(pages, err, "a page cannot be decompressed");
}

static bool plain_next(const uint8_t *data, size_t len, size_t width, size_t *pos,
                       struct slice *out)
{
    if (width) {
        if (width > len - *pos)
            return false;
        *out = (struct slice){.data = data + *pos, .len = (uint32_t)width};
        *pos += width;
        return true;
    }
    uint32_t size;
    if (len - *pos < 4)
        return false;
    memcpy(&size, data + *pos, 4);
    if (size > len - *pos - 4)
        return false;
    *out = (struct slice){.data = data + *pos + 4, .len = size};
    *pos += 4 + (size_t)size;
    return true;
}

bool pq_plain_next(const struct pq_pages *pages, size_t *pos, struct slice *out)
{
    return plain_next(pages->plain, pages->plain_len, pages->width, pos, out);
}

static int read_dictionary(struct pq_pages *pages, const struct page_header *header,
                           struct err *err)
{
    const uint8_t *data;
    size_t pos = 0, len = (size_t)header->plain_len;
    if (pages->has_dictionary || pages->column->physical == COLUMNAR_PQ_BOOLEAN ||
        (header->encoding != PQ_PLAIN && header->encoding != PQ_PLAIN_DICTIONARY))
        return pq_corrupt(pages, err, "an unexpected dictionary page");
    if (open_page(pages, header, &pages->dictionary, &data, err) < 0)
        return -1;
    pages->has_dictionary = true;
    if ((uint64_t)header->values > len)
        return pq_corrupt(pages, err, "a dictionary page is too short");
    pages->entry_count = (uint32_t)header->values;
    pages->entries = base_alloc_zero(pages->entry_count, sizeof *pages->entries);
    for (uint32_t i = 0; i < pages->entry_count; i++) {
        if (!plain_next(data, len, pages->width, &pos, &pages->entries[i]))
            return pq_corrupt(pages, err, "a dictionary page is too short");
    }
    return pos == len ? 0 : pq_corrupt(pages, err, "a dictionary page is too long");
}

/* Levels of an optional column: 0 null, 1 there. */
static int read_levels(struct pq_pages *pages, const uint8_t **data, size_t *len, struct err *err)
{
    uint32_t size;
    pages->values = pages->rows;
    if (!pages->column->optional)
        return 0;
    if (*len < 4)
        return pq_corrupt(pages, err, "a page is too short for its levels");
    memcpy(&size, *data, 4);
    if (size > *len - 4 || !rle_decode(*data + 4, size, 1, pages->words, pages->rows))
        return pq_corrupt(pages, err, "levels are not sound");
    *data += 4 + (size_t)size;
    *len -= 4 + (size_t)size;
    size_t need = (size_t)(pages->rows + 7) / 8;
    if (need > pages->validity_cap) {
        pages->validity = base_realloc(pages->validity, need, 1);
        pages->validity_cap = need;
    }
    memset(pages->validity, 0, need);
    pages->values = 0;
    for (int64_t i = 0; i < pages->rows; i++) {
        pages->validity[i >> 3] |= (uint8_t)(pages->words[i] << (i & 7));
        pages->values += pages->words[i];
    }
    return 0;
}

static int read_indices(struct pq_pages *pages, const uint8_t *data, size_t len, struct err *err)
{
    if (!pages->has_dictionary)
        return pq_corrupt(pages, err, "indices without a dictionary");
    pages->indices = pages->words;
    if (pages->values == 0)
        return 0;
    if (len < 1 || data[0] > 32 ||
        !rle_decode(data + 1, len - 1, data[0], pages->words, pages->values))
        return pq_corrupt(pages, err, "indices are not sound");
    uint32_t max = 0;
    for (int64_t i = 0; i < pages->values; i++)
        max = pages->words[i] > max ? pages->words[i] : max;
    return max < pages->entry_count ? 0 : pq_corrupt(pages, err, "an index has no entry");
}

static int read_data(struct pq_pages *pages, const struct page_header *header, struct err *err)
{
    const uint8_t *data;
    size_t len = (size_t)header->plain_len;
    if (header->values > pages->rows_left)
        return pq_corrupt(pages, err, "more values than the footer says");
    if (open_page(pages, header, &pages->inflated, &data, err) < 0)
        return -1;
    pages->rows = header->values;
    pages->rows_left -= header->values;
    if ((size_t)pages->rows > pages->words_cap) {
        free(pages->words);
        pages->words_cap = 0;
        pages->words = base_alloc_try((size_t)pages->rows, 4, pages->limits->message_bytes);
        if (!pages->words)
            return base_err_set(err, ERR_HOST_MEMORY, "no memory for a page of %lld values",
                                (long long)pages->rows);
        pages->words_cap = (size_t)pages->rows;
    }
    if (read_levels(pages, &data, &len, err) < 0)
        return -1;
    pages->indices = NULL;
    pages->plain = data;
    pages->plain_len = len;
    if (header->encoding == PQ_PLAIN)
        return 0;
    if (header->encoding != PQ_RLE_DICTIONARY && header->encoding != PQ_PLAIN_DICTIONARY)
        return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s': Parquet encoding %lld",
                            pages->column->name, (long long)header->encoding);
    return read_indices(pages, data, len, err);
}

int pq_pages_next(struct pq_pages *pages, struct err *err)
{
    while (pages->pos < pages->len) {
        struct page_header header;
        if (read_header(pages, &header, err) < 0)
            return -1;
        if (header.type == PQ_PAGE_DATA)
            return read_data(pages, &header, err) < 0 ? -1 : 1;
        if (header.type != PQ_PAGE_DICTIONARY)
            return base_err_set(err, ERR_TYPE_UNSUPPORTED, "column '%s': Parquet page type %lld",
                                pages->column->name, (long long)header.type);
        if (read_dictionary(pages, &header, err) < 0)
            return -1;
    }
    return pages->rows_left == 0 ? 0 : pq_corrupt(pages, err, "fewer values than the footer says");
}
