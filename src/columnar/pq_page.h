/* Pages of a column chunk, one after the other. Private to the room. */
#ifndef AAMPE_COLUMNAR_PQ_PAGE_H
#define AAMPE_COLUMNAR_PQ_PAGE_H

#include "columnar/bytes.h"
#include "columnar/dictionary.h"
#include "columnar/spec.h"

struct pq_pages {
    const struct columnar_pq_column *column;
    const struct columnar_pq_chunk *chunk;
    const struct columnar_limits *limits;
    const uint8_t *bytes;
    size_t len, pos;
    int64_t rows_left;
    size_t width; /* fixed value width; 0 for BOOLEAN and BYTE_ARRAY */
    bool has_dictionary;
    bool ignore_checksums;             /* for fuzzing: damage must be found by structure alone */
    struct bytes inflated, dictionary; /* the current page; the dictionary page */
    struct slice *entries;             /* of the dictionary, without length prefix */
    uint32_t entry_count;
    uint32_t *words; /* levels, then indices */
    size_t words_cap;
    /* the current data page */
    int64_t rows, values;
    uint8_t *validity; /* bits; NULL: all valid */
    size_t validity_cap;
    const uint32_t *indices; /* values of them; NULL: PLAIN */
    const uint8_t *plain;
    size_t plain_len;
};

void pq_pages_init(struct pq_pages *pages, const struct columnar_pq_column *column,
                   const struct columnar_pq_chunk *chunk, const struct columnar_limits *limits,
                   const uint8_t *bytes, size_t len);
void pq_pages_free(struct pq_pages *pages);
/* 1: the next data page is there, 0: all rows have been seen, -1: err. */
int pq_pages_next(struct pq_pages *pages, struct err *err) must_check;
/* Walk of PLAIN values that are not BOOLEAN; false when bytes run out. */
bool pq_plain_next(const struct pq_pages *pages, size_t *pos, struct slice *out);
int pq_corrupt(const struct pq_pages *pages, struct err *err, const char *what);

#endif
