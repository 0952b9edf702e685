/* One column chunk while it is written: open page, dictionary, finished pages. Private to the
 * room. */
#ifndef AAMPE_COLUMNAR_COLUMN_H
#define AAMPE_COLUMNAR_COLUMN_H

#include "columnar/block.h"
#include "columnar/parquet_write.h"
#include "columnar/stats.h"

/* What all columns of an encoder share. */
struct column_shared {
    struct columnar_write_options options;
    size_t page_bytes;      /* options.page_bytes, less in wide tables */
    size_t dictionary_left; /* bytes of dictionaries the encoder may still hold */
    struct bytes payload;   /* a page before compression */
    struct bytes squeezed;  /* and after */
    struct ZSTD_CCtx_s *zstd;
    size_t held; /* bytes of finished pages */
};

struct column {
    char *name;
    struct model_type type;
    struct pq_spec spec;
    bool utf8;
    /* open page */
    int64_t rows, values;
    struct bytes levels; /* validity bits */
    struct bytes plain;  /* PLAIN values; BOOLEAN: bits */
    uint32_t *indices;   /* dictionary: page_rows of them */
    uint64_t plain_size; /* what the indices would take as PLAIN */
    bool dictionary_on;
    struct dictionary dictionary;
    size_t dictionary_counted; /* part of shared.dictionary_left taken */
    /* chunk */
    struct columnar_piece *pages;
    size_t page_count, page_cap;
    int64_t total_rows, total_values;
    int64_t uncompressed;
    int32_t plain_pages, dictionary_coded_pages;
    struct pq_range range;
};

void column_init(struct column *column, const struct model_column *model,
                 const struct pq_spec *spec, struct column_shared *shared);
void column_free(struct column *column);
/* Rows of the open page that are still free. */
int64_t column_room(const struct column *column, const struct column_shared *shared);
/* block->rows <= column_room. */
void column_append(struct column *column, struct column_shared *shared, const struct block *block);
/* Closes the open page if it is full (or force). */
int column_flush(struct column *column, struct column_shared *shared, bool force,
                 struct err *err) must_check;
/* After the last flush: the dictionary page, as a piece of its own (data NULL: none). */
int column_dictionary_page(struct column *column, struct column_shared *shared,
                           struct columnar_piece *out, struct err *err) must_check;
size_t column_memory(const struct column *column);

#endif
