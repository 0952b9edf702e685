/* Made-up tables for the tests of src/columnar: Arrow arrays, and beside each value the PLAIN bytes
 * Parquet must hold, derived on their own. */
#ifndef AAMPE_TESTS_COLUMNAR_TABLE_H
#define AAMPE_TESTS_COLUMNAR_TABLE_H

#include "columnar/arrow.h"
#include "columnar/parquet_read.h"
#include "columnar/parquet_write.h"

struct table_cell {
    bool valid;
    uint8_t *plain; /* BYTE_ARRAY without length, BOOLEAN one byte */
    size_t len;
};

struct table_column {
    struct table_cell *cells; /* rows of them */
    uint8_t *values;
    size_t values_len;
    void *offsets;
    uint8_t *validity;
};

struct table {
    int64_t rows;
    struct model_schema schema;
    struct columnar_schema arrow;
    struct table_column *columns;
    struct columnar_array *arrays;
};

/* Columns are named c0, c1, ... types as for model_type_parse. */
void table_init(struct table *table, size_t columns, int64_t rows, uint64_t *seed);
/* One column: its type, how it is stored, and how often it is null (percent). distinct: 0 = all
 * values differ. */
void table_column(struct table *table, size_t index, const char *type, enum columnar_kind kind,
                  unsigned null_percent, uint64_t distinct, uint64_t *seed);
void table_free(struct table *table);
struct columnar_batch table_batch(const struct table *table);

/* A whole file in memory. */
struct table_file {
    struct buf bytes;
    struct columnar_pq_file *meta;
};
/* Writes the table as `groups` row groups, appended in slices of random length. */
void table_write(const struct table *table, const struct columnar_write_options *options,
                 size_t groups, uint64_t *seed, struct table_file *out);
/* Opens the bytes with our reader. */
void table_open(struct table_file *file);
void table_file_free(struct table_file *file);
/* Every value, null, type and count equals the table; every column chunk passes its check. */
void table_compare(const struct table *table, const struct table_file *file);

#endif
