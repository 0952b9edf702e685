/* Private to the screens of Setup. */
#ifndef AAMPE_UI_SCREEN_SETUP_H
#define AAMPE_UI_SCREEN_SETUP_H

#include "ui/screen/console.h"
#include "ui/view/page.h"
#include "ui/view/setup.h"

#include "base/secret.h"

/* One step: args {"step":ID, "note":TEXT, "list":the answer of setup.list as far as it is known}.
 */
extern const struct screen_ops screen_setup_step;

/* Why the answers may not be changed now; NULL: they may. The first answers need no unlocking;
 * later they are settings. data: the answer of setup.list. */
const char *setup_refuses(const struct console *console, const cJSON *data);
/* Asks whether the first sync shall start, and starts it; where one runs already, opens it. */
void setup_sync(struct screen *screen, const cJSON *data);
/* Why not; NULL: it can be asked. */
const char *setup_sync_refuses(const struct console *console, const cJSON *data);
/* The line of a page that has this target; -1: none. */
int setup_line_of(const struct view_page *page, int target);
/* Scrolls so that the line can be seen. */
void setup_scroll(int *top, int line, int height, const struct view_page *page);

/* setup_step.c and setup_step_act.c share the state of a step. */
struct setup_step {
    struct screen screen;
    int number;
    char *note;
    cJSON *data;   /* of setup.list; NULL: none yet */
    cJSON *layers; /* seen so far; NULL: none */
    bool checking, starting,
        begun; /* starting: the warehouse too; begun: the first look has been asked for */
    int64_t job;
    int selected; /* a target */
    struct draw_edit *edit;
    int edited;  /* field from 1 */
    char *tried; /* refused, kept */
    int tried_field;
    char *pasted;          /* into the first field, as it was */
    char *answer;          /* on its way to the engine */
    struct secret *secret; /* the same, of the secret */
    bool picking;
    int picked; /* a target of the list of warehouses */
    cJSON *warehouses;
    struct view_page *page;
    int page_width, top;
    bool stale;
};

enum {
    SETUP_TAG_LIST = 1,
    SETUP_TAG_CHECK,
    SETUP_TAG_SET,
    SETUP_TAG_SECRET,
    SETUP_TAG_PICK,
    SETUP_TAG_COST,
    SETUP_TAG_OTHER
};

void setup_step_list(struct setup_step *step);
void setup_step_check(struct setup_step *step, const char *value, bool start);
void setup_step_cancel(struct setup_step *step);
void setup_step_open(struct setup_step *step);   /* Enter on the selected line */
void setup_step_costs(struct setup_step *step);  /* a check that may have to start the warehouse */
void setup_step_commit(struct setup_step *step); /* Enter in a field */
const char *setup_step_open_refuses(const struct setup_step *step);
const struct view_setup_field *setup_step_field(const struct setup_step *step, int number);

#endif
