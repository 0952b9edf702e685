/* Private to 5 Runs: the list of batches with their runs inside, shared by its files. */
#ifndef AAMPE_UI_SCREEN_RUNS_H
#define AAMPE_UI_SCREEN_RUNS_H

#include "ui/screen/console.h"
#include "ui/view/page.h"

enum runs_column {
    RUNS_BATCH,
    RUNS_TABLE,
    RUNS_STATE,
    RUNS_ROWS,
    RUNS_OUT,
    RUNS_TOOK,
    RUNS_BEGAN,
    RUNS_COLUMNS
};
#define RUNS_INDENT 2

struct runs_batch {
    int64_t id;
    cJSON *data;
    cJSON *runs; /* array, newest first; NULL: not asked yet */
    bool open, asked, stale;
    int64_t offset; /* of the page that is asked for */
};
/* A line of the list: a batch, or (run not NULL) a run. */
struct runs_row {
    size_t batch; /* index; of hits of the filter: no batch */
    const cJSON *run;
};

struct runs {
    struct screen screen;
    struct runs_batch *batches; /* running ones first, then the newest first */
    size_t count;
    int64_t total; /* the engine has */
    bool known, asked, stale;
    int64_t asked_us;
    char *error;
    struct draw_edit *edit; /* the filter is being typed */
    char *filter;           /* NULL: none */
    cJSON *found;           /* answer of runs.list with the filter */
    bool finding;
    int64_t at_batch, at_run; /* what is selected, by number, whatever moves around it */

    /* made in layout */
    struct runs_row *rows;
    size_t row_count;
    struct draw_scroll scroll;
    struct draw_column columns[RUNS_COLUMNS];
    int widths[RUNS_COLUMNS];
    struct view_page *brief;
    int list_height, block;
};

/* runs.c */
const struct runs_row *runs_selected(const struct runs *runs);
const cJSON *runs_selected_batch(const struct runs *runs); /* NULL on a run */
const cJSON *runs_selected_run(const struct runs *runs);   /* NULL on a batch */
void runs_rows_make(struct runs *runs);
void runs_ask(struct runs *runs);
void runs_find(struct runs *runs, const char *take_filter); /* NULL: no filter any more */
void runs_unfold(struct runs *runs, struct runs_batch *batch, bool open);

/* runs_draw.c */
void runs_layout(struct screen *screen);
void runs_draw(const struct screen *screen, struct draw_box body);

/* runs_act.c */
bool runs_key(struct screen *screen, const struct term_key *key);
const char *runs_refuse(const struct screen *screen, enum view_action action);
void runs_act(struct screen *screen, enum view_action action);
size_t runs_hints(const struct screen *screen, enum view_action out[], size_t max);

/* Asked from several screens: cancels a run after a question; syncs tables after a look at their
 * plan (tables: array of names or NULL for all; taken). run_ask.c */
void run_cancel_ask(struct screen *screen, const cJSON *run);
void run_sync_ask(struct screen *screen, cJSON *take_tables);
/* To the answer of "sync.run" from another screen: goes to the batch it has started. */
void run_sync_started(struct screen *screen, int64_t tag, const cJSON *result,
                      const struct err *err);

#endif
