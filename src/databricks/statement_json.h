/* Private: statements, manifests, links and inline rows out of their JSON. */
#ifndef AAMPE_DATABRICKS_STATEMENT_JSON_H
#define AAMPE_DATABRICKS_STATEMENT_JSON_H

#include "base/json.h"
#include "databricks/statement.h"

/* A whole StatementResponse. -1 when it has no statement id or its rows do not fit its columns. */
int databricks_statement_read(const cJSON *json, struct databricks_statement *out,
                              struct err *err) must_check;
/* external_links of a ResultData; the JSON's copies of the URLs are wiped. */
void databricks_links_read(const cJSON *result, struct databricks_links *out);
/* Appends data_array of a ResultData. Every row must have column_count cells; max_rows rows in all.
 */
int databricks_rows_read(const cJSON *result, size_t column_count, size_t max_rows,
                         struct databricks_rows *rows, struct err *err) must_check;
/* next_chunk_index of a ResultData; -1 at the end. */
int64_t databricks_next_chunk(const cJSON *result);

#endif
