/* Private: Unity Catalog objects out of their JSON. Everything absent stays NULL, 0 or empty. */
#ifndef AAMPE_DATABRICKS_CATALOG_JSON_H
#define AAMPE_DATABRICKS_CATALOG_JSON_H

#include "base/json.h"
#include "databricks/catalog.h"

struct databricks_positioned {
    int64_t position;
    size_t order; /* as it came, for columns of one position */
    struct model_column column;
};

void databricks_catalog_read(const cJSON *json, struct databricks_catalog *out);
void databricks_catalogs_read(const cJSON *json, struct databricks_catalogs *out);
void databricks_schema_read(const cJSON *json, struct databricks_schema *out);
void databricks_schemas_read(const cJSON *json, struct databricks_schemas *out);
void databricks_tables_read(const cJSON *json, struct databricks_tables *out);
void databricks_table_read(const cJSON *json, struct databricks_table *out);
void databricks_summaries_read(const cJSON *json, struct databricks_tables *out);
/* Of ColumnInfo and of result manifests. */
void databricks_columns_read(const cJSON *list, struct model_schema *out);
void databricks_type_read(const cJSON *json, struct model_type *out);

#endif
