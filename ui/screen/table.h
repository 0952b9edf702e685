/* Private to the screen of one table: its state, shared by its files, one a tab. */
#ifndef AAMPE_UI_SCREEN_TABLE_H
#define AAMPE_UI_SCREEN_TABLE_H

#include "ui/screen/console.h"
#include "ui/view/grid.h"
#include "ui/view/page.h"

enum table_tab { TABLE_ACCESS, TABLE_COLUMNS, TABLE_ROWS, TABLE_SYNC, TABLE_HISTORY, TABLE_TABS };

/* Something asked of the engine and what came of it. */
struct table_ask {
    bool busy, stopped; /* stopped: the user waits no longer */
    cJSON *data;        /* the latest good answer */
    bool failed;        /* the latest answer was err */
    struct err err;
};

/* What costs a statement, and is asked about first where the warehouse would have to start. */
enum table_cost {
    TABLE_COST_TRY,
    TABLE_COST_ROWS,
    TABLE_COST_COUNT,
    TABLE_COST_PLAN,
    TABLE_COST_VERSIONS
};

/* A page that is scrolled, or in which lines with a target are selected. */
struct table_text {
    struct view_page *page;
    int top, at, height; /* at: the selected line, -1: none can be */
};

struct table {
    struct screen screen;
    char *name;
    enum table_tab tab;
    struct table_ask show;
    bool shared;
    int draft;            /* 1: will be added, -1: removed */
    enum table_cost cost; /* that a question is about */

    bool access_seen; /* what is missing has been selected */
    struct table_text access, sync, history, rows_text;

    struct {
        struct draw_scroll scroll;
        struct draw_edit *edit;
        char *filter;
        size_t *shown; /* indexes of the columns the filter lets through */
        size_t count;
        int widths[6];
        struct view_page *detail;
    } columns;

    struct {
        struct table_ask ask;
        struct view_grid *masked, *revealed; /* revealed: NULL unless it is shown */
        size_t row, column, left;
        struct draw_scroll scroll;
        bool record;
        struct table_ask count;
        cJSON *counts; /* by name of the column */
        struct view_grid_fit fit;
        struct view_page *block;
        int body, block_height;
    } rows;

    struct table_ask plan, share, runs, versions;
    bool runs_old;    /* a run of it has ended since they were asked for */
    bool sync_wanted; /* the plan was asked for by `s` */
};

struct table_tab_ops {
    const char *name;                   /* in the row of tabs */
    const char *word;                   /* in args */
    void (*enter)(struct table *table); /* opened, or something it waits for has come */
    const char *(*refuse)(const struct table *table, enum view_action action);
    void (*act)(struct table *table, enum view_action action);
    void (*move)(struct table *table, enum draw_move move);
    void (*layout)(struct table *table, int width, int height);
    void (*draw)(const struct table *table, struct draw_box box);
    void (*status)(const struct table *table, struct buf *out);
    size_t (*hints)(const struct table *table, enum view_action out[], size_t max);
    const char *(*label)(const struct table *table, enum view_action action);
    void (*right)(const struct table *table, struct buf *out); /* of the row of tabs */
    bool (*key)(struct table *table, const struct term_key *key);
};
extern const struct table_tab_ops table_tab_access, table_tab_columns, table_tab_rows,
    table_tab_sync, table_tab_history;
extern const struct screen_ops screen_table_cell;

/* table.c */
cJSON *table_params(const struct table *table);
/* Asks for one of the things that cost a statement; a question comes first when the warehouse is
 * not running. */
void table_spend(struct table *table, enum table_cost cost);
/* "RUNNING", "STOPPED", ...; NULL: not known. */
const char *table_warehouse(const struct table *table);
bool table_warehouse_runs(const struct table *table);
bool table_denied(const struct table *table);       /* the verdict says it cannot be read */
const cJSON *table_show(const struct table *table); /* NULL: no answer yet */
/* Takes an answer; true: it is good. */
bool table_ask_take(struct table_ask *ask, const cJSON *result, const struct err *err);
void table_ask_send(struct table *table, struct table_ask *ask, const char *verb,
                    cJSON *take_params, console_answer_fn *answer);
void table_ask_free(struct table_ask *ask);
/* Code, cause, fix and evidence, and what asks again. */
void table_error(struct view_page *page, const char *what, const struct err *err,
                 const char *again);
/* "asking", or "not asked any more": what a tab shows while it has nothing. False: neither. */
bool table_waiting(struct view_page *page, const struct table_ask *ask, const char *what);

void table_text_take(struct table_text *text, struct view_page *take_page, int height);
void table_text_move(struct table_text *text, enum draw_move move);
void table_text_draw(const struct table_text *text, struct draw_box box);
int table_text_target(const struct table_text *text); /* 0: none */

/* What an answer said of the warehouse: an answer with rows, or that it was stopped. True: it was
 * stopped after all, and the question has been asked. */
bool table_warehouse_note(struct table *table, const struct err *err);

/* Asking, by the tab whose answer it is. only_running: never starts the warehouse. */
void table_try_ask(struct table *table, bool only_running);
void table_rows_ask(struct table *table, bool reveal, bool only_running);
void table_count_ask(struct table *table, bool only_running);
void table_plan_ask(struct table *table);
void table_versions_ask(struct table *table, bool only_running);
void table_runs_ask(struct table *table); /* free: the engine's own list */

/* table_sync.c, shared with the History tab: asks for what they need; lines of runs; a run. */
void table_sync_enter(struct table *table);
void table_runs_add(struct view_page *page, const struct table *table, int max);
void table_run_open(struct table *table, int target);

#endif
