/* Word about one run to somebody else, from the answers of "runs.show" and "status": to Aampe (no
 * host of ours, no row data, no person, no statement), or for a ticket of our own. */
#ifndef AAMPE_UI_VIEW_NOTICE_H
#define AAMPE_UI_VIEW_NOTICE_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdint.h>

/* The number of the notice: "6503/1" while the table is late, "6503/2" once a later run is in. */
void view_notice_number(char out[32], const cJSON *show, const cJSON *status);
void view_notice_aampe(struct view_page *page, const cJSON *show, const cJSON *status,
                       int64_t now_us);
void view_notice_ticket(struct view_page *page, const cJSON *show, const cJSON *status,
                        int64_t now_us);

#endif
