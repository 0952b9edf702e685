/* Private to 8 Doctor. */
#ifndef AAMPE_UI_SCREEN_DOCTOR_H
#define AAMPE_UI_SCREEN_DOCTOR_H

#include "ui/screen/console.h"
#include "ui/view/doctor_page.h"

/* What the body shows: the list; one layer with its evidence; what repairs it. */
enum doctor_view { DOCTOR_LIST, DOCTOR_LAYER, DOCTOR_FIX };

struct doctor {
    struct screen screen;
    struct view_doctor *data; /* NULL: nothing known yet */
    struct err err;           /* of the last question, or of the child without an engine */
    enum doctor_view view;
    bool offline;            /* runs without an engine, as a child of the console */
    bool unit;               /* a systemd unit owns the profile */
    bool wanted;             /* run as soon as this screen is open */
    bool moved;              /* the user has chosen the row: it stays there */
    char *selected;          /* id of the selected layer */
    struct draw_scroll rows; /* over the layers */

    /* made in layout */
    bool stale;
    int made_width, made_height;
    int64_t minute, aged_us; /* of the age in the first line; of those in the rows */
    char *head, *right;      /* of the first line */
    struct view_page *fix;   /* under it, when it is too long for the status line; NULL */
    struct view_page *page;  /* of the view that is no list, and beside or below the list */
    struct draw_scroll page_scroll;
    int list_y, list_height, list_width, list_top; /* rows and columns of the list */
    int page_x, page_y, page_height;               /* of the page beside or below it; height 0 */
};

/* Lines of the list: chain titles and layers. */
int doctor_lines(const struct doctor *doctor);
const struct view_doctor_layer *doctor_selected(const struct doctor *doctor);
bool doctor_known(const struct doctor *doctor);   /* there has been a run, or one is going on */
bool doctor_running(const struct doctor *doctor); /* here or in the engine */
/* The layer that is to be repaired: the selected one if it is broken, else the first failure, else
 * the first warning; NULL: none. */
const struct view_doctor_layer *doctor_broken(const struct doctor *doctor);
void doctor_layout(struct screen *screen);
void doctor_draw(const struct screen *screen, struct draw_box body);

#endif
