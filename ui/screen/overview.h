/* Private to 1 Overview. */
#ifndef AAMPE_UI_SCREEN_OVERVIEW_H
#define AAMPE_UI_SCREEN_OVERVIEW_H

#include "ui/screen/console.h"
#include "ui/view/page.h"

struct overview {
    struct screen screen;
    struct view_page *needs, *tables, *world; /* made in layout */
    struct view_page *none;                   /* the whole body while there is no engine */
    int64_t minute;                           /* of the ages in them */
    int made_width, made_height;
    bool stale;                  /* what they are made of has changed */
    struct draw_scroll rows;     /* over all lines that can be selected, one behind the other */
    struct draw_scroll list;     /* the part of them that are tables, or the lines of `none` */
    int list_y;                  /* row of the first table; the titles stand above */
    bool legend, checking, unit; /* unit: a systemd unit owns the profile */
    char *selected;              /* name of the selected table: it is found again by that */
    int problem;                 /* target of the selected problem, also where it has no room */
    int64_t checked_at;
    int checked_good, checked_bad;
};

void overview_remember(struct overview *overview);
void overview_check(struct overview *overview); /* the next part of the check */
void overview_layout(struct screen *screen);
void overview_draw(const struct screen *screen, struct draw_box body);
/* Target of the selected line; 0: none. */
int overview_target(const struct overview *overview);
/* The selected item of "attention" or of "tables"; NULL: neither. */
const cJSON *overview_item(const struct overview *overview);
const cJSON *overview_table(const struct overview *overview);
bool overview_down(const struct overview *overview); /* shows the form without an engine */

#endif
