/* What the draft would change: the answer of "share.plan" as a page, for 3 Share and `share plan`.
 */
#ifndef AAMPE_UI_VIEW_PLAN_H
#define AAMPE_UI_VIEW_PLAN_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* Every line of it has a target that is the same at every width: 1 + index of the table in
 * "tables", from VIEW_PLAN_OTHER on something else. */
#define VIEW_PLAN_OTHER 1000000
void view_plan(struct view_page *page, const cJSON *data, int64_t now_us);
/* "on revision 41, draft by oncall, 6 m old" */
const char *view_plan_head(const cJSON *data, int64_t now_us, char *out, size_t size);
/* The statements that are missing, one a line, each ended by a semicolon, in the order in which
 * they have to run, none twice; "" when nothing is missing. malloc'd. */
char *view_plan_sql(const cJSON *data);
size_t view_plan_missing(const cJSON *data); /* how many these are */
bool view_plan_by_file(const cJSON *data);   /* the share is managed by a file */

/* What is asked before the draft becomes the share. */
void view_plan_confirm(struct view_page *page, const cJSON *data, const char *profile,
                       const char *login, const char *workspace);
/* What "share.apply" has done. */
void view_plan_applied(struct view_page *page, const cJSON *data);

#endif
