/* The plan of one run: what will be read, how, cut into slices; stored before anything happens.
 * Carries version, window and slices from the start; today the window is full and there is one
 * slice a table. */
#ifndef AAMPE_MODEL_PLAN_H
#define AAMPE_MODEL_PLAN_H

#include "base/err.h"
#include "model/name.h"
#include "model/type.h"

#include <stdint.h>

enum model_window { WINDOW_FULL, WINDOW_WATERMARK, WINDOW_FEED };

struct model_slice {
    int index;
    char *predicate; /* SQL, NULL = whole table */
};

struct model_plan {
    struct model_name table;
    char *table_id;  /* from the workspace; NULL for views */
    int64_t version; /* -1: unpinned */
    enum model_window window;
    struct model_schema columns; /* what the SELECT yields, in order */
    char *filter;                /* or NULL */
    char *row_filter;            /* the table's own, a function that leaves rows out; NULL: none */
    /* As whom the view reads what is below it, once the principal was seen to have all it needs
     * itself; NULL: no view, or not known. */
    char *view_owner;
    char **partition_by; /* column names, usually none */
    size_t partition_count;
    struct model_slice *slices;
    size_t slice_count;
    char *codec; /* "snappy", "zstd", "none" */
};

void model_plan_free(struct model_plan *plan);
struct cJSON *model_plan_to_json(const struct model_plan *plan);
int model_plan_from_json(const struct cJSON *json, struct model_plan *out,
                         struct err *err) must_check;
/* The statement of one slice, malloc'd; identifiers quoted, VOID columns left out:
 * SELECT `c` FROM `a`.`b`.`c` [VERSION AS OF n] [WHERE (filter)] [AND (predicate)] [ORDER BY
 * partition columns]. A filter with a comment, a semicolon or unmatched brackets is
 * SRC_SQL_INVALID. */
char *model_plan_statement(const struct model_plan *plan, size_t slice, struct err *err);
/* count(*) of its own over the same version, filter and slices. */
char *model_plan_count_statement(const struct model_plan *plan, struct err *err);

#endif
