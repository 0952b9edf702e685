/* What was done with the access. From the answer of verb "audit.list". */
#ifndef AAMPE_UI_VIEW_AUDIT_H
#define AAMPE_UI_VIEW_AUDIT_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Cells of a line; texts are borrowed from the line. */
struct view_audit_cells {
    char time[8]; /* 01:09Z */
    const char *action, *object, *from, *by, *verdict;
    enum view_style style; /* of the verdict */
};
void view_audit_cells(const cJSON *row, struct view_audit_cells *out);
/* "audit to 01:15Z, 57 m behind", or what is known instead; malloc'd. */
char *view_audit_reach(const cJSON *data);
/* "1 204 rows, 3 denied, 1 from a new address"; malloc'd. */
char *view_audit_counts(const cJSON *data);
/* Why the list is empty and what to do about it; nothing when it is not. filtered: a filter of the
 * caller is on. */
struct view_page *view_audit_empty(const cJSON *data, bool filtered, int width);
/* One line in plain words, with its evidence and the query it came by. */
struct view_page *view_audit_words(const cJSON *row, const cJSON *data, int width);
/* Every member of a line. */
struct view_page *view_audit_whole(const cJSON *row, int width);
/* The sentence at the bottom of the screen; malloc'd. */
char *view_audit_note(const cJSON *data);
/* For the command. */
void view_audit_list(struct view_out *out, const cJSON *data);
int view_audit_exit(const cJSON *data);
/* The lines as text with tabs, for a file; malloc'd. */
char *view_audit_export(const cJSON *data);

#endif
