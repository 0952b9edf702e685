/* A checking scanner in front of cJSON: depth <= 64, size cap, no duplicate keys, valid UTF-8, node
 * cap; integers of more than 15 digits (beyond 2^53 they are no doubles, and cJSON prints but 15
 * digits) are kept exactly, as quoted text inside the tree, which base_json_i64 reads back. */
#ifndef AAMPE_BASE_JSON_H
#define AAMPE_BASE_JSON_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_MAX_BYTES ((size_t)32 << 20)

/* NULL with err (code SRC_UNCLASSIFIED by default; caller may use base_err_context). Caller
 * cJSON_Delete()s. */
cJSON *base_json_parse(const char *text, size_t len, size_t max_len, struct err *err);

/* Reading. All tolerate a NULL object and absent keys. */
const cJSON *base_json_get(const cJSON *object, const char *key); /* case-sensitive */
const char *base_json_str(const cJSON *object,
                          const char *key); /* NULL if absent or not a string */
const char *base_json_str_or(const cJSON *object, const char *key, const char *fallback);
/* Accepts numbers and quoted integers. false if absent, fractional or outside int64. */
bool base_json_i64(const cJSON *object, const char *key, int64_t *value);
int64_t base_json_i64_or(const cJSON *object, const char *key, int64_t fallback);
bool base_json_bool_or(const cJSON *object, const char *key, bool fallback);
double base_json_double_or(const cJSON *object, const char *key, double fallback);
const cJSON *base_json_array(const cJSON *object,
                             const char *key); /* NULL if absent or not an array */

/* Writing; aborting allocators. add_i64 is exact. add_str with NULL adds nothing, and cleans
 * what is not valid UTF-8. */
cJSON *base_json_object(void);
cJSON *base_json_add_object(cJSON *object, const char *key);
cJSON *base_json_add_array(cJSON *object, const char *key);
void base_json_add_str(cJSON *object, const char *key, const char *value);
void base_json_add_i64(cJSON *object, const char *key, int64_t value);
void base_json_add_bool(cJSON *object, const char *key, bool value);
void base_json_add_double(cJSON *object, const char *key, double value);
void base_json_add_time(cJSON *object, const char *key, int64_t us); /* RFC 3339; 0 adds nothing */
void base_json_add_take(cJSON *object, const char *key, cJSON *take);
void base_json_push_take(cJSON *array, cJSON *take);
/* Compact text, malloc'd; pretty for files kept in git. Characters that could steer a terminal are
 * written as \u escapes, so that JSON may be shown as it is. */
char *base_json_print(const cJSON *json);
char *base_json_print_pretty(const cJSON *json);

#endif
