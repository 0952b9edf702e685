/* The share list: the ticked tables and how each is synced. Stored in the profile file only. */
#ifndef AAMPE_MODEL_SHARE_H
#define AAMPE_MODEL_SHARE_H

#include "base/err.h"
#include "model/name.h"

#include <stdbool.h>
#include <stddef.h>

#define MODEL_SHARE_MAX 20000 /* tables */

struct model_share_table {
    struct model_name name;
    char *mode;     /* "full" for now */
    char **columns; /* NULL: all */
    size_t column_count;
    char *filter; /* one SQL expression or NULL */
    bool paused;
};

struct model_share {
    struct model_share_table *tables; /* sorted by name */
    size_t count;
};

void model_share_free(struct model_share *share);
struct model_share model_share_dup(const struct model_share *share);
const struct model_share_table *model_share_find(const struct model_share *share,
                                                 const struct model_name *name);
/* Adds, or replaces what the share says of that table (copies it). Returns true when the share
 * changed. */
bool model_share_add(struct model_share *share, const struct model_share_table *table);
bool model_share_remove(struct model_share *share, const struct model_name *name);
/* [{"name":"a.b.c","mode":"full","columns":["x"],"filter":"...","paused":true}], only "name"
 * needed; an unknown key, a table twice or another mode is CONFIG_INVALID. */
struct cJSON *model_share_to_json(const struct model_share *share);
int model_share_from_json(const struct cJSON *json, struct model_share *out,
                          struct err *err) must_check;

#endif
