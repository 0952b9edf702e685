/* What an error code means and what to do about it, without asking anybody: the same for the
 * command, the screen and linear mode. */
#ifndef AAMPE_UI_VIEW_EXPLAIN_H
#define AAMPE_UI_VIEW_EXPLAIN_H

#include "base/err.h"
#include "ui/view/page.h"

#include <cjson/cJSON.h>

/* Appends cause, class, whether it is retried, what to look at, what to do, its layer of the
 * doctor, and commands. */
void view_explain(struct view_page *page, enum err_code code);
/* {"code","class","retry","cause","evidence","fix","layer","chain","commands"}; layer and chain
 * null for what no layer can find. Caller owns. */
cJSON *view_explain_json(enum err_code code);
/* The code of this name in any case; ERR_COUNT: there is none. */
enum err_code view_explain_code(const char *name);

#endif
