/* What 5 Runs looks like. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/run.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void runs_layout(struct screen *screen)
{
    static const struct draw_column all[RUNS_COLUMNS] = {
        [RUNS_BATCH] = {"BATCH", 6, 0, 9, false},  [RUNS_TABLE] = {"TABLE", 19, 4, 8, false},
        [RUNS_STATE] = {"STATE", 11, 0, 7, false}, [RUNS_ROWS] = {"ROWS", 6, 0, 5, true},
        [RUNS_OUT] = {"OUT", 7, 0, 3, true},       [RUNS_TOOK] = {"TOOK", 4, 0, 2, true},
        [RUNS_BEGAN] = {"BEGAN", 6, 0, 4, false},
    };
    struct runs *runs = (struct runs *)screen;
    int64_t now = console_now_us(screen->console);
    memcpy(runs->columns, all, sizeof all);
    draw_columns_fit(runs->columns, RUNS_COLUMNS, screen->width, RUNS_INDENT, runs->widths);
    runs_rows_make(runs);
    runs->block = screen->height >= 15 ? 5 : screen->height >= 11 ? 3 : 0;
    runs->list_height = screen->height - 2 - runs->block;
    if (runs->list_height < 1)
        runs->list_height = 1;
    draw_scroll_fit(&runs->scroll, (int64_t)runs->row_count, runs->list_height);
    view_page_free(&runs->brief);
    runs->brief = view_page_new(screen->width);
    if (runs_selected_run(runs))
        view_run_brief(runs->brief, runs_selected_run(runs), now);
    else if (runs_selected_batch(runs))
        view_batch_brief(runs->brief, runs_selected_batch(runs), now);
}

static enum draw_style style_of(const char *word)
{
    return strcmp(word, "failed") == 0      ? DRAW_BAD
           : strcmp(word, "done") == 0      ? DRAW_GOOD
           : strcmp(word, "cancelled") == 0 ? DRAW_WARN
                                            : DRAW_PLAIN;
}

static void draw_run(const struct runs *runs, const cJSON *run, struct draw_box box, int y)
{
    int64_t now = console_now_us(runs->screen.console);
    struct draw_field fields[RUNS_COLUMNS] = {{DRAW_PLAIN, NULL}};
    char id[32], state[32], rows[24], bytes[24], took[24], began[32];
    const char *word = base_json_str_or(run, "word", "");
    bool over = base_json_str(run, "finished") != NULL;
    snprintf(id, sizeof id, "%s%lld", runs->filter ? "" : "  ",
             (long long)base_json_i64_or(run, "id", 0));
    fields[RUNS_BATCH].text = id;
    fields[RUNS_TABLE].text = base_json_str(run, "table");
    fields[RUNS_STATE] = (struct draw_field){style_of(word), view_run_state(run, state)};
    fields[RUNS_ROWS].text =
        view_rows(run, strcmp(word, "running") == 0 ? "rows" : "file_rows", rows);
    fields[RUNS_OUT].text =
        base_json_i64_or(run, "bytes", 0) > 0 ? view_bytes(run, "bytes", bytes) : "-";
    fields[RUNS_TOOK].text =
        over ? view_span_text(view_span(run, "started", "finished", now), took) : "-";
    fields[RUNS_BEGAN].text = view_status_clock(base_json_str(run, "started"), now, false, began);
    draw_columns_row(box, y, runs->columns, RUNS_COLUMNS, RUNS_INDENT, runs->widths, fields);
}

static void draw_batch(const struct runs *runs, const struct runs_batch *batch, struct draw_box box,
                       int y)
{
    int64_t now = console_now_us(runs->screen.console);
    struct draw_field fields[RUNS_COLUMNS] = {{DRAW_PLAIN, NULL}};
    char id[32], rows[24], bytes[24], took[24], began[32];
    const cJSON *data = batch->data;
    bool over = base_json_str(data, "ended") != NULL;
    snprintf(id, sizeof id, "%lld%s", (long long)batch->id, batch->open ? "" : " +");
    fields[RUNS_BATCH] = (struct draw_field){DRAW_HEAD, id};
    if (base_json_i64_or(data, "done", 0) > 0) {
        fields[RUNS_ROWS].text = view_rows(data, "rows", rows);
        fields[RUNS_OUT].text = view_bytes(data, "bytes", bytes);
    }
    fields[RUNS_TOOK].text =
        over ? view_span_text(view_span(data, "began", "ended", now), took) : "-";
    fields[RUNS_BEGAN].text = view_status_clock(base_json_str(data, "began"), now, false, began);
    draw_columns_row(box, y, runs->columns, RUNS_COLUMNS, RUNS_INDENT, runs->widths, fields);
    /* Its text runs over the columns of table and state. */
    char *text = view_batch_text(data);
    int x = RUNS_INDENT + runs->widths[RUNS_BATCH] + 2;
    int width =
        runs->widths[RUNS_TABLE] + (runs->widths[RUNS_STATE] ? runs->widths[RUNS_STATE] + 2 : 0);
    bool running = strcmp(base_json_str_or(data, "state", ""), "running") == 0;
    char *line = base_printf("%s%s", running ? "RUNNING " : "", text);
    draw_field(box, x, y, width, base_json_i64_or(data, "failed", 0) ? DRAW_BAD : DRAW_PLAIN,
               DRAW_LEFT, line);
    free(line);
    free(text);
}

/* Empty for five reasons, each with the key that changes it. */
static void draw_empty(const struct runs *runs, struct draw_box box)
{
    const char *first = "No table has been synced yet.",
               *second = "s syncs the shared tables; 2 opens Browse, where tables are ticked";
    if (runs->filter && runs->found == NULL) {
        first = "looking";
        second = "";
    } else if (runs->filter) {
        first = "No run matches the filter.";
        second = "Esc shows all again";
    } else if (runs->error) {
        first = "The list could not be read.";
        second = runs->error;
    } else if (!runs->known) {
        first = "asking the engine";
        second = "";
    }
    draw_text(box, 2, 1, runs->error && !runs->filter ? DRAW_BAD : DRAW_PLAIN, first);
    draw_text(box, 2, 2, DRAW_PLAIN, second);
    if (runs->error && !runs->filter)
        draw_text(box, 2, 3, DRAW_PLAIN, "r tries again");
}

static void draw_head(const struct runs *runs, struct draw_box body)
{
    const struct draw_box line = draw_box_sub(body, 0, 0, body.width, 1);
    char text[64];
    if (runs->edit) {
        int x = draw_text(line, 0, 0, DRAW_HEAD, "filter: ");
        draw_edit_draw(runs->edit, line, x, 0, body.width - x);
        return;
    }
    if (runs->filter) {
        snprintf(text, sizeof text, "%lld runs match   ",
                 (long long)base_json_i64_or(runs->found, "total", 0));
        int x = draw_text(line, 0, 0, DRAW_PLAIN, runs->found ? text : "looking   ");
        draw_printf(line, x, 0, DRAW_HEAD, "filter: %s", runs->filter);
        return;
    }
    draw_text(line, 0, 0, DRAW_PLAIN, "batches newest first, runs inside");
    snprintf(text, sizeof text, "filter: none   %lld batches", (long long)runs->total);
    int width = draw_width(text);
    if (body.width > 36 + width)
        draw_text(line, body.width - width, 0, DRAW_PLAIN, text);
}

static void draw_block(const struct runs *runs, struct draw_box box)
{
    const cJSON *run = runs_selected_run(runs), *batch = runs_selected_batch(runs);
    char title[48] = "";
    if (run)
        snprintf(title, sizeof title, "run %lld", (long long)base_json_i64_or(run, "id", 0));
    else if (batch)
        snprintf(title, sizeof title, "batch %lld", (long long)base_json_i64_or(batch, "id", 0));
    draw_rule(box, 0, title);
    console_page_draw(runs->brief, draw_box_sub(box, 0, 1, box.width, box.height - 1), 0, -1);
}

void runs_draw(const struct screen *screen, struct draw_box body)
{
    const struct runs *runs = (const struct runs *)screen;
    draw_head(runs, body);
    draw_columns_head(body, 1, runs->columns, RUNS_COLUMNS, RUNS_INDENT, runs->widths);
    struct draw_box list = draw_box_sub(body, 0, 2, body.width, runs->list_height);
    if (runs->row_count == 0)
        draw_empty(runs, list);
    for (int y = 0; y < list.height; y++) {
        int64_t index = runs->scroll.top + y;
        if (index >= (int64_t)runs->row_count)
            break;
        const struct runs_row *row = &runs->rows[index];
        if (row->run)
            draw_run(runs, row->run, list, y);
        else
            draw_batch(runs, &runs->batches[row->batch], list, y);
        if (index == runs->scroll.at && !runs->edit)
            draw_select(list, y);
    }
    if (runs->block && runs->row_count)
        draw_block(runs, draw_box_sub(body, 0, 2 + runs->list_height, body.width, runs->block));
}
