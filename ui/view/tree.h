/* What Browse says about rows of the tree ("tree.rows", "tree.search"): shared by the screen, the
 * command `tree` and linear mode. */
#ifndef AAMPE_UI_VIEW_TREE_H
#define AAMPE_UI_VIEW_TREE_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Who can read it, in words: "ok", "no SELECT", "hidden 6"; "" where nothing is to be said. */
const char *view_tree_access(const cJSON *row, char out[24]);
enum view_style view_tree_access_style(const cJSON *row);
/* What the row is: "Delta table", "view", "catalog". */
const char *view_tree_kind(const cJSON *row, char out[64]);
/* Why a row can never be ticked; NULL: it can. */
const char *view_tree_refusal(const cJSON *row);
/* Containers: ticked of known tables, "8 of 43"; "" while nothing is known. */
const char *view_tree_count(const cJSON *row, char out[32]);

/* The lines about one row: what it is, why it is as it is, what it would cost. At most `lines`
 * lines are made, the most important ones. */
void view_tree_detail(struct view_page *page, const cJSON *row, int64_t now_us, size_t lines);
/* One sentence: why the row is as it is. Static or inside the row. */
const char *view_tree_why(const cJSON *row);

/* What is typed behind `/`: words of states are taken out, the rest is a part of a name. */
struct view_tree_filter {
    char pattern[256];
    const char *access; /* a word of the protocol, or NULL */
    int ticked;         /* -1: either, 0: not ticked, 1: ticked */
};
void view_tree_filter(const char *text, struct view_tree_filter *filter);
/* Its parameters for "tree.search" and "draft.tick" are added to params. */
void view_tree_filter_params(const struct view_tree_filter *filter, cJSON *params);

#endif
