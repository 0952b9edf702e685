/* 5 Runs: what is running, what ran, what broke. Batches newest first with their runs inside, the
 * running ones on top. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/run.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_BATCHES = 1, TAG_FIND, TAG_RUNS = 1000 /* + batch */ };

#define BATCHES_FIRST 60
#define BATCHES_MAX 500
#define RUNS_MAX 500       /* in one answer */
#define RUNS_SHOWN 5000    /* of one batch; the filter finds the others */
#define ASK_GAP_US 1000000 /* what changes all the time is asked for once a second */

const struct runs_row *runs_selected(const struct runs *runs)
{
    return runs->scroll.at < (int64_t)runs->row_count ? &runs->rows[runs->scroll.at] : NULL;
}

const cJSON *runs_selected_batch(const struct runs *runs)
{
    const struct runs_row *row = runs_selected(runs);
    return row && row->run == NULL && row->batch < runs->count ? runs->batches[row->batch].data
                                                               : NULL;
}

const cJSON *runs_selected_run(const struct runs *runs)
{
    const struct runs_row *row = runs_selected(runs);
    return row ? row->run : NULL;
}

/* --- what is known --- */

static void batch_free(struct runs_batch *batch)
{
    cJSON_Delete(batch->data);
    cJSON_Delete(batch->runs);
}

static struct runs_batch *batch_find(struct runs *runs, int64_t id)
{
    for (size_t i = 0; i < runs->count; i++)
        if (runs->batches[i].id == id)
            return &runs->batches[i];
    return NULL;
}

static bool is_running(const cJSON *batch)
{
    return strcmp(base_json_str_or(batch, "state", ""), "running") == 0;
}

static int batch_order(const void *a, const void *b)
{
    const struct runs_batch *left = a, *right = b;
    bool l = is_running(left->data), r = is_running(right->data);
    if (l != r)
        return l ? -1 : 1;
    return left->id < right->id ? 1 : left->id > right->id ? -1 : 0;
}

static void ask_runs(struct runs *runs, struct runs_batch *batch, int64_t offset);

/* A long batch comes in pages; the list grows until it is whole. */
static void on_runs(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct runs *runs = (struct runs *)screen;
    struct runs_batch *batch = batch_find(runs, tag - TAG_RUNS);
    const cJSON *page = base_json_array(result, "runs"), *each;
    if (batch == NULL)
        return;
    batch->asked = false;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    if (batch->offset == 0 || batch->runs == NULL) {
        cJSON_Delete(batch->runs);
        batch->runs = cJSON_CreateArray();
    }
    cJSON_ArrayForEach(each, page) base_json_push_take(batch->runs, cJSON_Duplicate(each, true));
    int64_t have = cJSON_GetArraySize(batch->runs);
    if (have < base_json_i64_or(result, "total", 0) && have < RUNS_SHOWN &&
        cJSON_GetArraySize(page) > 0)
        ask_runs(runs, batch, have);
}

static void ask_runs(struct runs *runs, struct runs_batch *batch, int64_t offset)
{
    cJSON *params = base_json_object();
    batch->asked = true;
    batch->stale = false;
    batch->offset = offset;
    base_json_add_i64(params, "batch", batch->id);
    base_json_add_i64(params, "offset", offset);
    base_json_add_i64(params, "limit", RUNS_MAX);
    console_ask(&runs->screen, "runs.list", params, TAG_RUNS + batch->id, on_runs);
}

void runs_unfold(struct runs *runs, struct runs_batch *batch, bool open)
{
    batch->open = open;
    if (open && !batch->asked && (batch->runs == NULL || batch->stale))
        ask_runs(runs, batch, 0);
}

static void batch_take(struct runs *runs, const cJSON *data)
{
    int64_t id = base_json_i64_or(data, "id", 0);
    struct runs_batch *batch = batch_find(runs, id);
    if (batch == NULL) {
        runs->batches = base_realloc(runs->batches, runs->count + 1, sizeof *runs->batches);
        batch = &runs->batches[runs->count++];
        *batch = (struct runs_batch){.id = id, .open = is_running(data)};
    }
    cJSON_Delete(batch->data);
    batch->data = cJSON_Duplicate(data, true);
}

static void on_batches(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    struct runs *runs = (struct runs *)screen;
    const cJSON *each;
    (void)tag;
    runs->asked = false;
    base_free(&runs->error);
    if (result == NULL) {
        runs->error = base_strdup(err->message);
        return;
    }
    runs->total = base_json_i64_or(result, "total", 0);
    cJSON_ArrayForEach(each, base_json_array(result, "batches")) batch_take(runs, each);
    if (runs->count > 0)
        qsort(runs->batches, runs->count, sizeof *runs->batches, batch_order);
    if (!runs->known && runs->count > 0)
        runs->batches[0].open = true;
    runs->known = true;
    for (size_t i = 0; i < runs->count; i++) {
        struct runs_batch *batch = &runs->batches[i];
        if (batch->open && !batch->asked && (batch->runs == NULL || batch->stale))
            ask_runs(runs, batch, 0);
    }
}

static void ask_from(struct runs *runs, int64_t offset, int64_t limit)
{
    cJSON *params = base_json_object();
    base_json_add_i64(params, "offset", offset);
    base_json_add_i64(params, "limit", limit);
    runs->asked = true;
    console_ask(&runs->screen, "batches.list", params, TAG_BATCHES, on_batches);
}

void runs_ask(struct runs *runs)
{
    runs->stale = false;
    runs->asked_us = console_now_us(runs->screen.console);
    for (size_t i = 0; i < runs->count; i++)
        if (is_running(runs->batches[i].data))
            runs->batches[i].stale = true;
    ask_from(runs, 0, BATCHES_FIRST);
}

/* --- the filter --- */

static void on_found(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct runs *runs = (struct runs *)screen;
    (void)tag;
    runs->finding = false;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    cJSON_Delete(runs->found);
    runs->found = cJSON_Duplicate(result, true);
}

void runs_find(struct runs *runs, const char *filter)
{
    char *copy = filter && filter[0] ? base_strdup(filter) : NULL;
    free(runs->filter);
    runs->filter = copy;
    cJSON_Delete(runs->found);
    runs->found = NULL;
    runs->scroll = (struct draw_scroll){0};
    runs->at_batch = runs->at_run = 0;
    if (copy == NULL)
        return;
    cJSON *params = base_json_object();
    base_json_add_str(params, "filter", copy);
    base_json_add_i64(params, "limit", RUNS_MAX);
    runs->finding = true;
    console_ask(&runs->screen, "runs.list", params, TAG_FIND, on_found);
}

/* --- lines --- */

static void row_add(struct runs *runs, size_t batch, const cJSON *run)
{
    int64_t id = run ? base_json_i64_or(run, "id", 0) : runs->batches[batch].id;
    runs->rows = base_realloc(runs->rows, runs->row_count + 1, sizeof *runs->rows);
    runs->rows[runs->row_count] = (struct runs_row){batch, run};
    if (run ? id == runs->at_run : runs->at_run == 0 && id == runs->at_batch)
        runs->scroll.at = (int64_t)runs->row_count;
    runs->row_count++;
}

void runs_rows_make(struct runs *runs)
{
    const cJSON *each;
    runs->row_count = 0;
    cJSON_ArrayForEach(each, base_json_array(runs->found, "runs")) row_add(runs, SIZE_MAX, each);
    for (size_t i = 0; i < runs->count && runs->filter == NULL; i++) {
        row_add(runs, i, NULL);
        if (!runs->batches[i].open)
            continue;
        cJSON_ArrayForEach(each, runs->batches[i].runs) row_add(runs, i, each);
    }
}

/* --- the screen --- */

static void runs_open(struct screen *screen, const cJSON *args)
{
    struct runs *runs = (struct runs *)screen;
    int64_t number;
    runs_ask(runs);
    if (base_json_i64(args, "run", &number)) {
        runs->at_run = number;
        console_push(screen->console, &screen_run, cJSON_Duplicate(args, true));
    } else if (base_json_i64(args, "batch", &number)) {
        runs->at_batch = number;
        console_push(screen->console, &screen_batch, cJSON_Duplicate(args, true));
    }
}

static void runs_close(struct screen *screen)
{
    struct runs *runs = (struct runs *)screen;
    for (size_t i = 0; i < runs->count; i++)
        batch_free(&runs->batches[i]);
    free(runs->batches);
    free(runs->rows);
    free(runs->error);
    free(runs->filter);
    draw_edit_free(&runs->edit);
    cJSON_Delete(runs->found);
    view_page_free(&runs->brief);
}

static void runs_resume(struct screen *screen)
{
    struct runs *runs = (struct runs *)screen;
    for (size_t i = 0; i < runs->count; i++)
        runs->batches[i].asked = false;
    runs_ask(runs);
}

/* The run of an event, where it is in a batch that is known. */
static cJSON *run_known(struct runs *runs, int64_t id, int64_t batch_id)
{
    struct runs_batch *batch = batch_find(runs, batch_id);
    cJSON *list = batch ? batch->runs : NULL, *each;
    cJSON_ArrayForEach(each, list)
    {
        if (base_json_i64_or(each, "id", 0) == id)
            return each;
    }
    return NULL;
}

static void member_copy(cJSON *to, const cJSON *from, const char *key)
{
    const cJSON *value = base_json_get(from, key);
    cJSON_DeleteItemFromObjectCaseSensitive(to, key);
    if (value)
        base_json_add_take(to, key, cJSON_Duplicate(value, true));
}

static void runs_event(struct screen *screen, const char *name, const cJSON *payload)
{
    static const char *const numbers[] = {"phase", "rows", "rows_total", "stalled",
                                          "waiting_retry"};
    static const char *const states[] = {"state",       "word",    "file_rows",    "bytes",
                                         "source_rows", "files",   "finished",     "error",
                                         "attempt",     "version", "decoded_rows", "manifest_rows"};
    struct runs *runs = (struct runs *)screen;
    int64_t batch = base_json_i64_or(payload, "batch", 0);
    if (strcmp(name, "run.progress") == 0) {
        cJSON *run = run_known(runs, base_json_i64_or(payload, "run", 0), batch);
        for (size_t i = 0; run && i < base_countof(numbers); i++)
            member_copy(run, payload, numbers[i]);
    } else if (strcmp(name, "run.state") == 0) {
        cJSON *run = run_known(runs, base_json_i64_or(payload, "id", 0), batch);
        for (size_t i = 0; run && i < base_countof(states); i++)
            member_copy(run, payload, states[i]);
        struct runs_batch *known = batch_find(runs, batch);
        if (known && run == NULL)
            known->stale = true;
        runs->stale = true;
    }
}

/* The rest of the list when the selected row comes near the end of what is here. */
static void more_ask(struct runs *runs)
{
    if (runs->filter || runs->asked || (int64_t)runs->count >= runs->total ||
        runs->scroll.at + 40 < runs->scroll.count)
        return;
    int64_t rest = runs->total - (int64_t)runs->count;
    ask_from(runs, (int64_t)runs->count, rest < BATCHES_MAX ? rest : BATCHES_MAX);
}

static void runs_tick(struct screen *screen)
{
    struct runs *runs = (struct runs *)screen;
    int64_t since = console_now_us(screen->console) - runs->asked_us;
    if (runs->stale && !runs->asked && (since >= ASK_GAP_US || since < 0))
        runs_ask(runs);
    more_ask(runs);
}

static void runs_move(struct screen *screen, enum draw_move move)
{
    struct runs *runs = (struct runs *)screen;
    const struct runs_row *row = runs_selected(runs);
    if (move == DRAW_MOVE_LEFT || move == DRAW_MOVE_RIGHT) {
        if (row == NULL || row->batch >= runs->count)
            return;
        runs_unfold(runs, &runs->batches[row->batch], move == DRAW_MOVE_RIGHT);
        if (move == DRAW_MOVE_LEFT) {
            runs->at_batch = runs->batches[row->batch].id;
            runs->at_run = 0;
        }
    } else {
        (void)draw_scroll_move(&runs->scroll, move);
        row = runs_selected(runs);
        runs->at_run = row ? base_json_i64_or(row->run, "id", 0) : 0;
        runs->at_batch = row && row->run == NULL ? runs->batches[row->batch].id : 0;
    }
    console_touch(screen->console);
}

static void runs_status(const struct screen *screen, struct buf *out)
{
    const struct runs *runs = (const struct runs *)screen;
    const cJSON *batch = runs_selected_batch(runs), *run = runs_selected_run(runs);
    if (runs->edit)
        (void)base_buf_text(out, "words: failed, running, a table, a code, 22: ; all must match");
    else if (run)
        view_run_why(out, run);
    else if (batch && is_running(batch))
        (void)base_buf_text(out, "Enter shows it live; what you do here does not touch it");
    else if (batch)
        (void)base_buf_text(out, base_json_i64_or(batch, "failed", 0)
                                     ? "R tries again what failed of it"
                                     : "Enter opens the batch, + folds it");
}

const struct screen_ops screen_runs = {
    .name = "Runs",
    .number = 5,
    .size = sizeof(struct runs),
    .help = "What is running, what ran, what broke. A batch is what one sync, apply or retry "
            "started; a run is one table in it. Running batches stand on top. + or Right unfolds a "
            "batch. Enter opens a run (what broke, what is safe, what changed, what to do) or a "
            "batch (live, when it is running). / filters by words: failed, a table, a code, 22: .",
    .open = runs_open,
    .close = runs_close,
    .resume = runs_resume,
    .event = runs_event,
    .tick = runs_tick,
    .key = runs_key,
    .refuse = runs_refuse,
    .act = runs_act,
    .move = runs_move,
    .layout = runs_layout,
    .draw = runs_draw,
    .status = runs_status,
    .hints = runs_hints,
};
