/* Running minimum and maximum of a column chunk and their form in the footer (data-plane.md
 * 2.7). Private. */
#ifndef AAMPE_COLUMNAR_STATS_H
#define AAMPE_COLUMNAR_STATS_H

#include "columnar/bytes.h"
#include "columnar/dictionary.h"
#include "columnar/spec.h"

/* Longer bounds are cut to this many bytes (parquet-java and arrow-rs do the same). */
#define STATS_BYTES_MAX 64

struct pq_range {
    enum pq_order order;
    bool any;
    int64_t min_int, max_int;
    double min_real, max_real;
    int64_t nans; /* FLOAT, DOUBLE */
    struct bytes min, max;
};

void pq_range_init(struct pq_range *range, enum pq_order order);
void pq_range_free(struct pq_range *range);
void pq_range_i32(struct pq_range *range, const int32_t *values, int64_t n);
void pq_range_i64(struct pq_range *range, const int64_t *values, int64_t n);
void pq_range_float(struct pq_range *range, const void *values, int64_t n);
void pq_range_double(struct pq_range *range, const void *values, int64_t n);
void pq_range_bool(struct pq_range *range, int64_t n, int64_t trues);
void pq_range_bytes(struct pq_range *range, struct slice value);
/* -1, 0, 1 in the order of the column; slices of PLAIN bytes. Zeros of both signs are equal. */
int pq_order_compare(enum pq_order order, struct slice a, struct slice b);
/* null_count is the caller's. utf8: cut on character borders. */
void pq_range_finish(const struct pq_range *range, bool utf8, struct columnar_pq_stats *out);

#endif
