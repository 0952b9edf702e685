/* Private to 7 Audit. */
#ifndef AAMPE_UI_SCREEN_AUDIT_H
#define AAMPE_UI_SCREEN_AUDIT_H

#include "ui/screen/console.h"
#include "ui/view/page.h"

struct audit {
    struct screen screen;
    cJSON *data; /* answer of audit.list, further pages appended to its rows; NULL: none yet */
    struct err err;
    char *filter;           /* that is on; NULL: none */
    struct draw_edit *edit; /* while it is typed */
    bool whole;             /* the selected line with every member, instead of the list */
    bool asked;             /* the log itself, not only what is known */
    struct draw_scroll list;
    int top;                  /* of the whole line */
    struct view_page *detail; /* the selected line in words, or all of it, or why there is none */
    char *reach, *counts;
    bool stale;
    int made_width, list_height;
    int64_t made_at;
};

const cJSON *audit_row(const struct audit *audit, int64_t index);
bool audit_listed(
    const struct audit *audit); /* lines are shown, not the reason why there are none */
void audit_layout(struct screen *screen);
void audit_draw(const struct screen *screen, struct draw_box body);

#endif
