/* What the principal has and lacks to read one table: the answer of verb "show" as a page, for the
 * Access tab, `show` and linear mode. */
#ifndef AAMPE_UI_VIEW_VERDICT_H
#define AAMPE_UI_VIEW_VERDICT_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Targets of its lines: 1 to 3 the levels, above that the statements. */
void view_verdict(struct view_page *page, const cJSON *show, int64_t now_us);
/* "READABLE", "NOT READABLE: 2 of 3 levels missing", "NOT KNOWN": the first line. */
const char *view_verdict_word(const cJSON *show, char out[64]);
/* The statements that are missing, each ended by a semicolon and a line feed, in the order in which
 * they help; "" when none is. malloc'd. */
char *view_verdict_sql(const cJSON *show);
/* One sentence about the target that is selected. out is filled, cut at size. */
const char *view_verdict_why(const cJSON *show, int level, char *out, size_t size);

#endif
