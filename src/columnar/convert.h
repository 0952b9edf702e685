/* Two sources say what a column is: the IPC schema decides how it is stored, the model type what
 * it means. Reconciling them gives, per wanted column, the way its values are turned into
 * Parquet values. */
#ifndef AAMPE_COLUMNAR_CONVERT_H
#define AAMPE_COLUMNAR_CONVERT_H

#include "columnar/array.h"

struct columnar_conversion;

/* `have` (a chunk's schema) must carry the wanted columns, same count, same order, same names
 * (ASCII case ignored); otherwise SRC_CHUNK_CORRUPT. Taken: the layouts of data-plane.md 1.2,
 * narrower integers, and Utf8 for DECIMAL (parsed exactly), DATE and VARIANT;
 * LargeUtf8/LargeBinary; time zones are ignored: the value is always UTC. Anything else:
 * SCHEMA_TYPE_CHANGED with both types named. Nested or unknown wanted types: TYPE_UNSUPPORTED.
 * Two wanted names equal but for ASCII case: NAME_CLASH. Null-typed Arrow columns serve any
 * wanted type (all nulls). */
int columnar_schema_reconcile(const struct model_schema *want, const struct columnar_schema *have,
                              struct columnar_conversion **out, struct err *err) must_check;
void columnar_conversion_free(struct columnar_conversion **conversion);

/* For partitioned statements (ordered by the partition columns). First row after `from` whose
 * value in this column differs from row `from`, at most `end`. Nulls equal nulls. */
int64_t columnar_array_run_end(const struct columnar_array *array, int64_t from, int64_t end);
/* The value as partition text (data-plane.md 3.3): numbers in decimal, DATE 2026-11-23,
 * TIMESTAMP 2026-11-23T01:02:03.000004Z, NTZ with a space, booleans true/false. *is_null for
 * null. FLOAT, DOUBLE, BINARY and intervals cannot be partition columns: TYPE_UNSUPPORTED. */
int columnar_array_value_text(const struct columnar_array *array, const struct model_type *type,
                              int64_t row, struct buf *out, bool *is_null,
                              struct err *err) must_check;

#endif
