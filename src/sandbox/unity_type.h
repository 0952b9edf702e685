/* Column types as Unity Catalog prints them: type_name, type_json. Private to the room. */
#ifndef AAMPE_SANDBOX_UNITY_TYPE_H
#define AAMPE_SANDBOX_UNITY_TYPE_H

#include "base/json.h"

/* type_name of ColumnInfo for a lower-case catalog string: "bigint" -> "LONG", "decimal(10,2)" ->
 * "DECIMAL". */
const char *sandbox_unity_type_name(const char *type_text);
/* precision and scale of decimal(p,s); false for other types. */
bool sandbox_unity_type_decimal(const char *type_text, int *precision, int *scale);
/* The "type" of a Spark StructField: a name, or an object for array, map and struct. Caller
 * deletes. */
cJSON *sandbox_unity_type_spark(const char *type_text);

#endif
