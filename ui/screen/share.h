/* Private to 3 Share: its state, shared by its files. */
#ifndef AAMPE_UI_SCREEN_SHARE_H
#define AAMPE_UI_SCREEN_SHARE_H

#include "ui/screen/console.h"
#include "ui/view/page.h"

enum share_tab { SHARE_TABLES, SHARE_PLAN };

enum share_column {
    SHARE_NAME,
    SHARE_MODE,
    SHARE_WHOLE,
    SHARE_STATE,
    SHARE_NEXT,
    SHARE_COUNT, /* of columns, where not all are synced */
    SHARE_FILTER,
    SHARE_COLUMNS
};
#define SHARE_INDENT 4 /* mark, draft */

struct share {
    struct screen screen;
    enum share_tab tab;
    cJSON *list, *plan; /* the latest answers */
    char *list_error, *plan_error;
    bool planning, outdated, applying;
    int64_t offset;    /* of the plan's tables: 200 at a time */
    int64_t confirmed; /* the revision that was asked about */
    cJSON *applied;    /* what the last apply did; shown above the plan */
    struct draw_scroll tables, lines;
    int anchor, anchor_offset; /* the target of the selected line of the plan, and lines below it */

    /* made in layout */
    struct draw_column columns[SHARE_COLUMNS];
    int widths[SHARE_COLUMNS];
    struct view_page *page; /* of the plan */
    int64_t applied_lines;  /* of the page, from the top */
    int rows, block;
};

/* share.c */
bool share_is_plan(const struct share *share);
const cJSON *share_table(const struct share *share);      /* the selected one of the list */
const cJSON *share_plan_table(const struct share *share); /* the selected one of the plan */
const char *share_selected_name(const struct share *share);
char share_draft_of(const struct share *share, const char *name);
const cJSON *share_state_of(const struct share *share, const char *name); /* in "status" */
void share_ask_plan(struct share *share);

/* share_draw.c */
void share_layout(struct screen *screen);
void share_draw(const struct screen *screen, struct draw_box body);

#endif
