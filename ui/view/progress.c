#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REWRITE_US 1000000

struct row {
    int64_t rows, rows_total;
    double rate;
    bool over;
    char waits[32];
};

struct view_progress {
    struct view_out *out;
    int64_t batch;
    struct base_map *words; /* table -> its last word, malloc'd */
    struct base_map *rows;  /* run number -> struct row */
    int64_t last_us;
    bool line_open; /* a line that is rewritten stands on the terminal */
};

struct view_progress *view_progress_new(struct view_out *out, int64_t batch)
{
    struct view_progress *progress = base_alloc_zero(1, sizeof *progress);
    progress->out = out;
    progress->batch = batch;
    progress->words = base_map_new();
    progress->rows = base_map_new();
    return progress;
}

static void line_close(struct view_progress *progress)
{
    if (progress->line_open)
        fputs("\r\x1b[K", progress->out->diag);
    progress->line_open = false;
}

void view_progress_free(struct view_progress **progress)
{
    line_close(*progress);
    base_map_free(&(*progress)->words, free);
    base_map_free(&(*progress)->rows, free);
    base_free(progress);
}

static struct row *row_of(struct view_progress *progress, int64_t run)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)run);
    struct row *row = base_map_get(progress->rows, key);
    if (row == NULL) {
        row = base_alloc_zero(1, sizeof *row);
        row->rows_total = -1;
        base_map_put(progress->rows, key, row);
    }
    return row;
}

static void on_state(struct view_progress *progress, const cJSON *run)
{
    const char *table = base_json_str_or(run, "table", ""),
               *state = base_json_str_or(run, "state", "");
    const char *old = base_map_get(progress->words, table);
    if (base_json_i64_or(run, "batch", 0) != progress->batch || (old && strcmp(old, state) == 0))
        return;
    struct row *row = row_of(progress, base_json_i64_or(run, "id", 0));
    const char *word = base_json_str_or(run, "word", "");
    if (row->over) /* cleaning up after it is nobody's concern */
        return;
    row->over =
        strcmp(word, "done") == 0 || strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0;
    free(base_map_put(progress->words, table, base_strdup(state)));
    line_close(progress);
    char rows[24], bytes[24];
    char *error = view_error_text(run, "error");
    if (error[0])
        view_diag(progress->out, "%s  %s  %s", table, word, error);
    else if (strcmp(word, "done") == 0)
        view_diag(progress->out, "%s  %s (%s)  %s rows, %s", table, word, state,
                  view_rows(run, "file_rows", rows), view_bytes(run, "bytes", bytes));
    else
        view_diag(progress->out, "%s  %s (%s)", table, word, state);
    free(error);
}

static void on_numbers(struct view_progress *progress, const cJSON *payload)
{
    struct row *row = row_of(progress, base_json_i64_or(payload, "run", 0));
    row->rows = base_json_i64_or(payload, "rows", 0);
    row->rows_total = base_json_i64_or(payload, "rows_total", -1);
    row->rate = base_json_double_or(payload, "rows_per_second", 0);
    const char *waits = base_json_bool_or(payload, "waiting_warehouse", false)
                            ? "the warehouse works"
                        : base_json_bool_or(payload, "waiting_retry", false) ? "waits for a retry"
                        : base_json_bool_or(payload, "stalled", false)       ? "STALLED"
                                                                             : "";
    snprintf(row->waits, sizeof row->waits, "%s", waits);
}

/* Rows of all tables together, with the rate and the time left where the total is known. */
static void line_draw(struct view_progress *progress)
{
    int64_t rows = 0, total = 0;
    double rate = 0;
    const char *waits = "";
    void *value;
    for (size_t i = 0; base_map_at(progress->rows, i, NULL, &value); i++) {
        const struct row *row = value;
        rows += row->rows;
        total = total < 0 || row->rows_total < 0 ? -1 : total + row->rows_total;
        rate += row->over ? 0 : row->rate;
        if (row->waits[0] && !row->over)
            waits = row->waits;
    }
    char done[24], all[24] = "unknown", speed[24], left[24] = "-";
    base_text_rows(rows, done);
    base_text_rows((int64_t)rate, speed);
    if (total >= 0)
        base_text_rows(total, all);
    if (total >= rows && rate >= 1)
        view_seconds((double)(total - rows) / rate, left);
    fprintf(progress->out->diag, "\r\x1b[K  %s of %s rows, %s rows/s, %s left %s", done, all, speed,
            left, waits);
    fflush(progress->out->diag);
    progress->line_open = true;
}

void view_progress_event(struct view_progress *progress, const cJSON *event, int64_t now_us)
{
    const char *name = base_json_str_or(event, "name", "");
    const cJSON *payload = base_json_get(event, "payload");
    if (strcmp(name, "run.state") == 0) {
        on_state(progress, payload);
    } else if (strcmp(name, "run.progress") == 0) {
        on_numbers(progress, payload);
        if (progress->out->diag_tty && now_us - progress->last_us >= REWRITE_US) {
            progress->last_us = now_us;
            line_draw(progress);
        }
    }
}
