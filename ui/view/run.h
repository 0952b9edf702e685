/* What is said of batches and runs: 5 Runs, `runs list`, `runs show`, `sync run --wait` and linear
 * mode say it with the same words. */
#ifndef AAMPE_UI_VIEW_RUN_H
#define AAMPE_UI_VIEW_RUN_H

#include "ui/view/action.h"
#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- runs.c --- */
enum view_style view_run_style(const char *word);
/* The cause of a code in few words; "" where the system's own word for it would be all. */
const char *view_cause(const char *code);
/* "FAILED", "done", "extract 52 %": what column STATE shows of a run as runs.list, an event
 * run.state or runs.live has it. */
const char *view_run_state(const cJSON *run, char out[32]);
/* "plan", "extract", "published": of the phase of runs.live. */
const char *view_run_phase(const cJSON *run);
/* "by hand: 7 done, 1 failed". */
char *view_batch_text(const cJSON *batch); /* malloc'd */
const char *view_batch_trigger(const cJSON *batch);
/* Seconds from "began"/"started" to "ended"/"finished" or to now; below 0: not known. */
double view_span(const cJSON *object, const char *from, const char *to, int64_t now_us);
/* "3 m", "14 s": one number. */
const char *view_span_text(double seconds, char out[24]);
/* What is known of a run of a list, in at most three lines; and of a batch. */
void view_run_brief(struct view_page *page, const cJSON *run, int64_t now_us);
void view_batch_brief(struct view_page *page, const cJSON *batch, int64_t now_us);
/* Why a run is not being tried again by itself, or what it waits for; for the status line. */
void view_run_why(struct buf *out, const cJSON *run);

/* --- failure.c: of the answer of runs.show --- */
struct view_run_words {
    int64_t now_us;
    const char *retry_refused; /* NULL: may be tried again */
    bool keys; /* the lines of DO name keys and can be selected (target: enum view_action) */
};
/* The four blocks of a run that failed, or the counts of one that did not. */
void view_run_page(struct view_page *page, const cJSON *data, const struct view_run_words *words);
void view_run_chunks(struct view_page *page, const cJSON *data);
void view_run_evidence(struct view_page *page, const cJSON *data, int64_t now_us);
/* Where a cause of this code can be mended: `f` goes there. */
struct view_run_fix {
    const char *prefix;      /* of codes */
    int screen;              /* 0: the table of the run */
    const char *key, *value; /* what that screen is opened with */
    const char *text;        /* what is to be seen there */
};
const struct view_run_fix *view_run_fix(const char *code);
/* The doctor can tell whether what this code says is still so. */
bool view_run_doctor(const char *code); /* NULL: nowhere in the console */
/* One sentence for the status line. */
void view_run_sentence(struct buf *out, const cJSON *data);

/* --- live.c: of the answer of runs.live --- */
/* "2-4 m", "10-20 s", "unknown". */
const char *view_eta(const cJSON *object, char out[32]);
/* "RUNNING 3 m 10 s, by oncall (by hand)", "STALLED 70 s, last chunk 41 of 6373". */
char *view_live_state(const cJSON *live, int64_t now_us);
/* "2 of 4 published", "1 failed" behind it. */
char *view_live_done(const cJSON *live);
/* " 52 %   10.4 of 19.9 M rows"; share: of the total, below 0 unknown. */
char *view_live_total(const cJSON *live, double *share);
/* "61 k rows/s now, 55 k mean, 1.4 MiB/s". */
char *view_live_rate(const cJSON *live);
/* The run in detail: chunk map, what was read, links, files, server. */
void view_live_detail(struct view_page *page, const cJSON *live);
/* What a reader of the destination sees right now. */
void view_live_reader(struct view_page *page, const cJSON *live);

#endif
