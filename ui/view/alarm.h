/* The worst of what needs a person, in few words: the alarm slot of the frame's first row, and
 * where `!` goes. */
#ifndef AAMPE_UI_VIEW_ALARM_H
#define AAMPE_UI_VIEW_ALARM_H

#include "ui/view/out.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct view_alarm {
    char text[32]; /* "! 2 failed", "! secret 9 d", "no engine"; "": all is well */
    enum view_style style;
    int screen;         /* 1 to 9, where `!` goes; 0: nowhere */
    int64_t run;        /* > 0: `!` opens this run (screen_run, {"run":...}) */
    const char *table;  /* or this table (screen_table, {"table":...}); borrowed from status */
    const char *secret; /* or 6 Access at this secret ({"secret":...}); borrowed; or NULL */
};

/* status: the answer of verb "status" or the snapshot, may be NULL; engine: it is connected. */
void view_alarm(const cJSON *status, bool engine, struct view_alarm *alarm);
/* Where one item of status "attention" leads. */
void view_alarm_of(const cJSON *item, struct view_alarm *alarm);
/* What the screen is opened with, the caller's; NULL: nothing. */
cJSON *view_alarm_args(const struct view_alarm *alarm);

#endif
