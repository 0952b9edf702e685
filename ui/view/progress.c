/* A batch on stderr while a command waits for it: a line for every change of a table's state, and
 * on a terminal one line with the numbers of the screen of that batch, in the same words. */
#include "ui/view/run.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line that wraps could not be rewritten; what is said last is what may go. */
#define LINE_MAX_BYTES 79

struct view_progress {
    struct view_out *out;
    int64_t batch;
    struct base_map *words; /* run -> its last state, malloc'd; "over" once nothing follows */
    bool line_open;         /* a line that is rewritten stands on the terminal */
};

struct view_progress *view_progress_new(struct view_out *out, int64_t batch)
{
    struct view_progress *progress = base_alloc_zero(1, sizeof *progress);
    progress->out = out;
    progress->batch = batch;
    progress->words = base_map_new();
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
    base_free(progress);
}

static bool is_over(const char *word)
{
    return strcmp(word, "done") == 0 || strcmp(word, "failed") == 0 ||
           strcmp(word, "cancelled") == 0;
}

/* "run 12  shop.a.b  done  200 k rows, 11 MiB in 1 file". */
static void state_say(struct view_progress *progress, const cJSON *run)
{
    const char *word = base_json_str_or(run, "word", ""),
               *state = base_json_str_or(run, "state", "");
    const char *table = base_json_str_or(run, "table", "");
    long long id = (long long)base_json_i64_or(run, "id", 0);
    char rows[24], bytes[24], shown[32];
    char *error = view_error_text(run, "error");
    view_run_state(run, shown);
    if (error[0])
        view_diag(progress->out, "run %lld  %s  %s  %s", id, table, shown, error);
    else if (strcmp(word, "done") == 0)
        view_diag(progress->out, "run %lld  %s  %s  %s rows, %s", id, table, shown,
                  view_rows(run, "file_rows", rows), view_bytes(run, "bytes", bytes));
    else
        view_diag(progress->out, "run %lld  %s  %s (%s)", id, table, shown, state);
    free(error);
}

static void on_state(struct view_progress *progress, const cJSON *run)
{
    char key[24];
    const char *state = base_json_str_or(run, "state", "");
    if (base_json_i64_or(run, "batch", 0) != progress->batch)
        return;
    snprintf(key, sizeof key, "%lld", (long long)base_json_i64_or(run, "id", 0));
    const char *old = base_map_get(progress->words, key);
    /* What is cleaned up after a run is nobody's concern. */
    if (old && (strcmp(old, "over") == 0 || strcmp(old, state) == 0))
        return;
    bool over = is_over(base_json_str_or(run, "word", ""));
    free(base_map_put(progress->words, key, base_strdup(over ? "over" : state)));
    line_close(progress);
    state_say(progress, run);
}

/* It costs money, and takes a while. */
static void warehouse_say(struct view_progress *progress, const cJSON *warehouse)
{
    line_close(progress);
    view_diag(progress->out, "warehouse %s is %s: the statement starts it",
              base_json_str_or(warehouse, "name", ""), base_json_str_or(warehouse, "state", ""));
}

void view_progress_event(struct view_progress *progress, const cJSON *event)
{
    if (strcmp(base_json_str_or(event, "name", ""), "run.state") == 0)
        on_state(progress, base_json_get(event, "payload"));
    if (strcmp(base_json_str_or(event, "name", ""), "warehouse.start") == 0)
        warehouse_say(progress, base_json_get(event, "payload"));
}

bool view_progress_wanted(const struct view_progress *progress)
{
    return progress->out->diag_tty;
}

void view_progress_live(struct view_progress *progress, const cJSON *live, int64_t now_us)
{
    double share;
    char eta[32];
    if (!progress->out->diag_tty)
        return;
    char *state = view_live_state(live, now_us), *done = view_live_done(live);
    char *total = view_live_total(live, &share), *rate = view_live_rate(live);
    char *line = base_printf("%s  %s  ETA %s  %s  %s", state, total + strspn(total, " "),
                             view_eta(live, eta), rate, done);
    char *clean = base_text_clean_dup(line, LINE_MAX_BYTES);
    fprintf(progress->out->diag, "\r\x1b[K%s", clean);
    fflush(progress->out->diag);
    progress->line_open = true;
    free(clean);
    free(line);
    free(state);
    free(done);
    free(total);
    free(rate);
}
