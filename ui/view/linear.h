/* What linear mode says of events: one line each, percent as numbers, nothing twice. */
#ifndef AAMPE_UI_VIEW_LINEAR_H
#define AAMPE_UI_VIEW_LINEAR_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* Remembers what has been told of each run. */
struct view_linear_told;
struct view_linear_told *view_linear_told_new(void);
void view_linear_told_free(struct view_linear_told **told);
/* The line for an event {"name","payload"}, malloc'd; NULL: nothing new worth a line. Progress is
 * told every `step` percent. */
char *view_linear_event(struct view_linear_told *told, const cJSON *event, int step);

/* Answers of "runs.list" as lines "run 13: shop.sales.orders, failed, 5 m ago". */
void view_linear_runs(struct view_page *page, const cJSON *data, int64_t now_us);

#endif
