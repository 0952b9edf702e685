/* Secrets: who holds which, until when, and what stops when one ends. From the answer of verb
 * "secrets.list". */
#ifndef AAMPE_UI_VIEW_SECRET_H
#define AAMPE_UI_VIEW_SECRET_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* Time left in words: "9 d", "5 h", "EXPIRED", "never ends", "not known". out 16 bytes. */
const char *view_secret_left(const cJSON *secret, int64_t now_us, char out[16]);
/* "this engine", "this engine?" (by its date alone), "somebody else", "not known". */
const char *view_secret_holder(const cJSON *secret);
/* Ids, the list (its lines can be selected: target 1 is the first row of "rows" below), what ends
 * when, the vault. */
struct view_page *view_secrets_page(const cJSON *data, int64_t now_us, int width);
/* The workspace's secrets in the order of the list: what ends first comes first. Borrowed items, at
 * most max; returns how many. */
size_t view_secrets_rows(const cJSON *data, const cJSON *rows[], size_t max);
/* "2 of 5 slots used", or why that is not known; malloc'd. */
char *view_secrets_slots(const cJSON *data);
/* One sentence about the selected row; malloc'd. */
char *view_secret_why(const cJSON *secret, int64_t now_us);
/* The answer of "secrets.check" in one sentence; malloc'd. */
char *view_secret_check(const cJSON *result);

#endif
