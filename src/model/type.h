/* Databricks column types, recursive from the start. Flat ones can be synced now; nested ones are
 * refused by name. */
#ifndef AAMPE_MODEL_TYPE_H
#define AAMPE_MODEL_TYPE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum model_kind {
    MODEL_BOOLEAN,
    MODEL_BYTE,
    MODEL_SHORT,
    MODEL_INT,
    MODEL_LONG,
    MODEL_FLOAT,
    MODEL_DOUBLE,
    MODEL_DECIMAL,
    MODEL_STRING, /* also CHAR(n), VARCHAR(n) */
    MODEL_BINARY,
    MODEL_DATE,
    MODEL_TIMESTAMP,     /* UTC instant */
    MODEL_TIMESTAMP_NTZ, /* wall clock */
    MODEL_INTERVAL_YM,   /* months */
    MODEL_INTERVAL_DT,   /* microseconds */
    MODEL_VARIANT,       /* JSON text on the wire */
    MODEL_VOID,
    MODEL_ARRAY,  /* child 0: element */
    MODEL_MAP,    /* child 0: key, child 1: value */
    MODEL_STRUCT, /* children: fields with names */
    MODEL_OTHER   /* GEOMETRY, ...: text keeps what it was */
};

struct model_type {
    enum model_kind kind;
    int precision, scale; /* DECIMAL */
    int length;           /* CHAR, VARCHAR; 0 = STRING */
    char *text;           /* as the workspace wrote it ("decimal(10,2)") */
    struct model_column *children;
    size_t child_count;
};

struct model_column {
    char *name;
    struct model_type type;
    bool nullable;
    char *comment;       /* may be NULL */
    char *mask;          /* masking function or NULL */
    int partition_index; /* -1: not a partition column */
};

struct model_schema {
    struct model_column *columns;
    size_t count;
};

/* Parses type_text of either spelling (bigint, BIGINT, ARRAY<INT>, struct<a: int, b:string>), depth
 * <= 64 (LIMIT_EXCEEDED beyond). An unknown word is MODEL_OTHER; what cannot be read is
 * TYPE_UNSUPPORTED. */
int model_type_parse(const char *text, struct model_type *out, struct err *err) must_check;
void model_type_free(struct model_type *type);
struct model_type model_type_dup(const struct model_type *type);
bool model_type_equal(const struct model_type *a, const struct model_type *b);
/* Can be written to Parquet today. Not VOID: such a column passes model_schema_check_flat and is
 * left out of statements. */
bool model_type_flat(const struct model_type *type);
const char *model_type_kind_name(enum model_kind kind); /* "BIGINT" */
/* Canonical text ("BIGINT", "DECIMAL(10,2)", "ARRAY<INT>"), malloc'd. */
char *model_type_text(const struct model_type *type);

void model_column_free(struct model_column *column);
struct model_column model_column_dup(const struct model_column *column);
void model_schema_free(struct model_schema *schema);
struct model_schema model_schema_dup(const struct model_schema *schema);
/* JSON form used over IPC, in plans and manifests: [{"name","type","nullable"}], with "comment",
 * "mask" and "partition_index" where the column has them. Types are canonical text. */
struct cJSON *model_schema_to_json(const struct model_schema *schema);
int model_schema_from_json(const struct cJSON *json, struct model_schema *out,
                           struct err *err) must_check;
/* Refuses duplicate names (ignoring ASCII case, NAME_CLASH), nested and unknown types
 * (TYPE_UNSUPPORTED, named). */
int model_schema_check_flat(const struct model_schema *schema, struct err *err) must_check;

#endif
