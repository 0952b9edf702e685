/* How a model type is stored in Parquet (data-plane.md 2.3). Private to the room. */
#ifndef AAMPE_COLUMNAR_SPEC_H
#define AAMPE_COLUMNAR_SPEC_H

#include "columnar/parquet_read.h"
#include "columnar/thrift.h"
#include "model/type.h"

/* parquet.thrift: ConvertedType, the LogicalType union, Encoding, PageType. */
enum {
    PQ_CONVERTED_NONE = -1,
    PQ_CONVERTED_UTF8 = 0,
    PQ_CONVERTED_DECIMAL = 5,
    PQ_CONVERTED_DATE = 6,
    PQ_CONVERTED_TIMESTAMP_MICROS = 10,
    PQ_CONVERTED_INT_8 = 15,
    PQ_CONVERTED_INT_16 = 16
};
enum {
    PQ_LOGICAL_NONE = 0,
    PQ_LOGICAL_STRING = 1,
    PQ_LOGICAL_DECIMAL = 5,
    PQ_LOGICAL_DATE = 6,
    PQ_LOGICAL_TIMESTAMP = 8,
    PQ_LOGICAL_INTEGER = 10
};
enum { PQ_PLAIN = 0, PQ_PLAIN_DICTIONARY = 2, PQ_RLE = 3, PQ_RLE_DICTIONARY = 8 };
enum { PQ_PAGE_DATA = 0, PQ_PAGE_INDEX = 1, PQ_PAGE_DICTIONARY = 2, PQ_PAGE_DATA_V2 = 3 };

struct pq_spec {
    enum columnar_physical physical;
    int32_t type_length; /* FIXED only */
    int converted, logical;
    int precision, scale; /* DECIMAL */
    int bits;             /* INTEGER */
    bool utc;             /* TIMESTAMP */
};

/* false: nested or unknown, cannot be stored. VOID is not asked for. */
bool pq_spec_of(const struct model_type *type, struct pq_spec *out);
/* NAME_CLASH when two names are equal but for ASCII case. */
int pq_names_check(const struct model_schema *schema, struct err *err) must_check;
/* Bytes of one value; 0 for BOOLEAN (bits) and BYTE_ARRAY. */
size_t pq_spec_width(const struct pq_spec *spec);
/* One leaf SchemaElement, optional. */
void pq_spec_write(struct thrift_writer *writer, const char *name, const struct pq_spec *spec);
/* The order of values of a column, for statistics. */
enum pq_order {
    PQ_ORDER_BOOL,
    PQ_ORDER_I32,
    PQ_ORDER_I64,
    PQ_ORDER_FLOAT,
    PQ_ORDER_DOUBLE,
    PQ_ORDER_BYTES /* unsigned */,
    PQ_ORDER_SIGNED_BYTES /* big-endian number */
};
enum pq_order pq_spec_order(const struct pq_spec *spec);

/* A column chunk's metadata; offsets are relative to the row group's image. */
struct pq_chunk_meta {
    enum columnar_physical physical;
    int codec;
    int64_t values, uncompressed, compressed;
    int64_t data_page_offset, dictionary_page_offset; /* -1 = no dictionary */
    int32_t plain_pages, dictionary_coded_pages;
    struct columnar_pq_stats stats;
};

struct columnar_group_meta {
    int64_t rows;
    struct pq_chunk_meta *chunks;
    size_t count;
};

void pq_group_meta_free(struct columnar_group_meta **meta);
struct columnar_group_meta *pq_group_meta_dup(const struct columnar_group_meta *meta);
/* One RowGroup struct; offsets become absolute by adding base. names: path_in_schema per chunk.
 * ordinal < 0: none. The caller has opened the struct (list element). */
void pq_group_meta_write(struct thrift_writer *writer, const struct columnar_group_meta *meta,
                         const char *const *names, int64_t base, int ordinal);
/* Reads a RowGroup whose struct has been entered; offsets stay absolute. false: not sound (reader
 * failed, or more columns than `columns`). */
bool pq_group_meta_read(struct thrift_reader *reader, size_t columns,
                        struct columnar_group_meta **out);

struct columnar_row_group;
/* Fills rows, column_count and stats from meta. */
void pq_group_stats(struct columnar_row_group *group);

#endif
