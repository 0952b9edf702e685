/* How one table is synced and what happened to it: for the tabs Sync and History. */
#ifndef AAMPE_UI_VIEW_TABLE_SYNC_H
#define AAMPE_UI_VIEW_TABLE_SYNC_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* What the share says of the table: entry of "share.list", NULL when it is not in it. */
void view_sync_mode(struct view_page *page, const cJSON *entry, const cJSON *columns);
/* What the next sync would read: item of "sync.plan". destination: the setting, or NULL. */
void view_sync_next(struct view_page *page, const cJSON *plan, const char *destination,
                    bool statement);
/* The item of a plan with this name; NULL. */
const cJSON *view_sync_item(const cJSON *list, const char *name);
/* Runs of "runs.list", newest first; target of a line: its number in the list + 1. max: lines. */
void view_table_runs(struct view_page *page, const cJSON *runs, int64_t now_us, int max);
/* Versions of "show.history"; runs (may be NULL) tell which were read. */
void view_table_versions(struct view_page *page, const cJSON *versions, const cJSON *runs,
                         int64_t now_us);

#endif
