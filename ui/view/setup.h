/* What set-up says: its steps as a list, one step with its fields and live checks. Shared by the
 * screen, the command `setup` and linear mode. */
#ifndef AAMPE_UI_VIEW_SETUP_H
#define AAMPE_UI_VIEW_SETUP_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define VIEW_SETUP_STEPS 7
#define VIEW_SETUP_FIELDS 3

enum view_setup_kind {
    VIEW_SETUP_TEXT,
    VIEW_SETUP_HIDDEN,    /* the secret: no echo, never shown again */
    VIEW_SETUP_WAREHOUSE, /* picked from the list of the workspace (verb warehouses.list) */
    VIEW_SETUP_YES_NO
};
struct view_setup_field {
    const char *setting; /* of config.set; NULL: the secret of the principal (secrets.set) */
    const char *label;
    const char *empty; /* shown while there is no value */
    enum view_setup_kind kind;
    bool optional;
};
struct view_setup_step {
    const char *id; /* as the engine calls it */
    const char *title;
    const char *todo; /* in the list while it is not answered */
    const char *who, *what, *turns;
    const char *command;  /* the same as a command, without the program; %s: the answer */
    const char *stand_in; /* for the answer */
    struct view_setup_field fields[VIEW_SETUP_FIELDS]; /* ended by label NULL */
    int opens; /* digit of the screen it opens; 0: its own */
};
/* number 1 to VIEW_SETUP_STEPS. */
const struct view_setup_step *view_setup_step(int number);
/* 0: there is none of this name. */
int view_setup_number(const char *id);

/* data: the answer of setup.list, NULL: none yet. The list, each step a line with its number as
 * target, and what is to be known of the selected one. note: shown below, may be NULL. */
void view_setup_list(struct view_page *page, const cJSON *data, int selected, const char *note,
                     int64_t now_us);
/* What the program that opened the console has to say; NULL: nothing. */
void view_setup_note(struct view_page *page, const char *note);
/* Only the selected step: who, what, when it turns done, the same as a command. */
void view_setup_about(struct view_page *page, const cJSON *data, int number);

/* One step: its fields (targets from 1), then the checks (targets from VIEW_SETUP_LAYER). layers:
 * what has been seen so far, NULL: nothing; checking: more will come. selected is a target: the
 * error of that layer is explained, else that of the first that has one. tried: what was typed and
 * refused, kept, for field `tried_field` (from 1); may be NULL. */
#define VIEW_SETUP_LAYER 100
struct view_setup_look {
    int number;
    const cJSON *data, *layers;
    bool checking;
    int selected;
    const char *tried;
    int tried_field;
    const char *pasted; /* into the first field and saved as something shorter; may be NULL */
};
void view_setup_one(struct view_page *page, const struct view_setup_look *look);
/* The layers alone, for the command and for linear mode; with errors their cause and fix. */
void view_setup_layers(struct view_page *page, const cJSON *layers, bool only_bad);
/* The column at which the value of a field begins. */
#define VIEW_SETUP_VALUE 17
/* The warehouses to pick from: each a line, targets from 1. */
void view_setup_warehouses(struct view_page *page, const cJSON *data);
/* What it costs to start the chosen one; data: the answer of warehouses.list, may be NULL. */
void view_setup_cost(struct view_page *page, const cJSON *warehouses, const char *id);

/* One step as a line, for linear mode: "workspace: done, a.example"; malloc'd. */
char *view_setup_line(const cJSON *data, int number);

/* All steps and what stands in their way, as the command prints them. */
void view_setup_report(struct view_out *out, const cJSON *data);

/* What a field holds now; NULL: nothing. Borrowed from data. */
const char *view_setup_value(const cJSON *data, const struct view_setup_field *field);
const cJSON *view_setup_find(const cJSON *data, int number); /* the step in setup.list, or NULL */
bool view_setup_done(const cJSON *data, int number);
/* The same as a command line, quoted for a shell; malloc'd. */
char *view_setup_command(const cJSON *data, int number, const char *profile);
/* What people paste: blanks around it, one pair of quotes, curly quotes go. malloc'd. */
char *view_setup_clean(const char *pasted);
/* The profile of this user has no file yet, or not all answers: the console opens on Setup. Reads
 * the file only. */
bool view_setup_wanted(const char *profile);

#endif
