/* A batch, live while it runs: how far, how fast, how long still, its runs, one of them in detail,
 * and what a reader of the destination sees right now. Everything comes from one verb; events only
 * say that it is worth asking again, so several consoles show the same. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "model/meter.h"
#include "ui/view/run.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_LIVE = 1 };

/* What is read in one go, but repainted in turn: a tick of progress sends a third of it. */
enum batch_part { PART_TOTAL, PART_LIST, PART_DETAIL, PARTS };

#define ASK_GAP_US 500000
#define HEAD_ROWS 4   /* state, total, rate, rule */
#define LABEL 6       /* "total ", "rate  " */
#define TOTAL_ROOM 36 /* "  100 %   10.4 of 19.9 M rows, about" */
#define DETAIL_ROWS 11

enum batch_column { B_RUN, B_TABLE, B_PHASE, B_DONE, B_ROWS, B_LEFT, B_COLUMNS };

struct batch {
    struct screen screen;
    int64_t id, run;     /* run: selected, by number; 0: the first that is at work */
    cJSON *live;         /* the newest */
    cJSON *parts[PARTS]; /* what each part of the screen shows */
    int turn;
    char *error;
    bool asked, stale, frozen, zoomed;
    bool chosen;              /* by a person; else what is at work is shown */
    int64_t asked_us, missed; /* events since it was frozen */

    /* made in layout */
    struct draw_scroll scroll;
    struct draw_column columns[B_COLUMNS];
    int widths[B_COLUMNS];
    struct view_page *detail;
    int list_height;
    char *state, *done, *total, *rate;
    char eta[32];
    double share;
};

static const cJSON *runs_of(const struct batch *batch)
{
    return base_json_array(batch->parts[PART_LIST], "runs");
}

static const cJSON *selected(const struct batch *batch)
{
    return cJSON_GetArrayItem(runs_of(batch), (int)batch->scroll.at);
}

static bool is_running(const struct batch *batch)
{
    return strcmp(base_json_str_or(base_json_get(batch->live, "batch"), "state", ""), "running") ==
           0;
}

static bool run_over(const cJSON *run)
{
    return strcmp(base_json_str_or(run, "phase", ""), "over") == 0;
}

/* --- what is known --- */

static bool same_text(const cJSON *a, const cJSON *b, const char *key)
{
    return strcmp(base_json_str_or(a, key, ""), base_json_str_or(b, key, "")) == 0;
}

/* Nothing but figures differs: no run has come, gone on to another phase, or stalled. */
static bool only_figures(const cJSON *old, const cJSON *new)
{
    const cJSON *had = base_json_array(old, "runs"), *have = base_json_array(new, "runs");
    int count = cJSON_GetArraySize(have);
    if (old == NULL || count != cJSON_GetArraySize(had) ||
        !same_text(base_json_get(old, "batch"), base_json_get(new, "batch"), "state") ||
        base_json_i64_or(base_json_get(old, "detail"), "run", 0) !=
            base_json_i64_or(base_json_get(new, "detail"), "run", 0))
        return false;
    for (int i = 0; i < count; i++) {
        const cJSON *a = cJSON_GetArrayItem(had, i), *b = cJSON_GetArrayItem(have, i);
        if (base_json_i64_or(a, "id", 0) != base_json_i64_or(b, "id", 0) ||
            !same_text(a, b, "word") || !same_text(a, b, "phase") ||
            base_json_bool_or(a, "stalled", false) != base_json_bool_or(b, "stalled", false))
            return false;
    }
    return true;
}

static void part_show(struct batch *batch, enum batch_part part)
{
    cJSON_Delete(batch->parts[part]);
    batch->parts[part] = cJSON_Duplicate(batch->live, true);
}

static void live_take(struct batch *batch, const cJSON *result)
{
    bool figures = only_figures(batch->live, result);
    cJSON_Delete(batch->live);
    batch->live = cJSON_Duplicate(result, true);
    for (int part = 0; part < PARTS; part++)
        if (!figures || part == batch->turn)
            part_show(batch, (enum batch_part)part);
    batch->turn = (batch->turn + 1) % PARTS;
}

static void on_live(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct batch *batch = (struct batch *)screen;
    (void)tag;
    batch->asked = false;
    if (result == NULL) {
        free(batch->error);
        batch->error = base_strdup(err->message);
        return;
    }
    base_free(&batch->error);
    if (batch->frozen)
        return;
    live_take(batch, result);
    if (batch->id == 0)
        batch->id = base_json_i64_or(base_json_get(result, "batch"), "id", 0);
    if (!batch->chosen && base_json_get(result, "detail"))
        batch->run = base_json_i64_or(base_json_get(result, "detail"), "run", 0);
}

static void ask(struct batch *batch)
{
    cJSON *params = base_json_object();
    if (batch->id)
        base_json_add_i64(params, "batch", batch->id);
    if (batch->run && batch->chosen)
        base_json_add_i64(params, "run", batch->run);
    batch->asked = true;
    batch->stale = false;
    batch->asked_us = console_now_us(batch->screen.console);
    console_ask(&batch->screen, "runs.live", params, TAG_LIVE, on_live);
}

static void ask_soon(struct batch *batch)
{
    int64_t since = console_now_us(batch->screen.console) - batch->asked_us;
    if (!batch->asked && (since >= ASK_GAP_US || since < 0))
        ask(batch);
    else
        batch->stale = true;
}

static void batch_open(struct screen *screen, const cJSON *args)
{
    struct batch *batch = (struct batch *)screen;
    batch->id = base_json_i64_or(args, "batch", 0);
    batch->run = base_json_i64_or(args, "select", 0);
    batch->chosen = batch->run != 0;
    batch->share = -1;
    ask(batch);
}

static void batch_close(struct screen *screen)
{
    struct batch *batch = (struct batch *)screen;
    cJSON_Delete(batch->live);
    for (int part = 0; part < PARTS; part++)
        cJSON_Delete(batch->parts[part]);
    free(batch->error);
    view_page_free(&batch->detail);
    free(batch->state);
    free(batch->done);
    free(batch->total);
    free(batch->rate);
}

static void batch_resume(struct screen *screen)
{
    struct batch *batch = (struct batch *)screen;
    batch->asked = false;
    ask(batch);
}

static void batch_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct batch *batch = (struct batch *)screen;
    if (strncmp(name, "run.", 4) != 0 || base_json_i64_or(payload, "batch", 0) != batch->id)
        return;
    if (batch->frozen)
        batch->missed++;
    else
        ask_soon(batch);
}

static void batch_tick(struct screen *screen)
{
    struct batch *batch = (struct batch *)screen;
    if (!batch->frozen && !batch->asked &&
        (batch->stale || batch->live == NULL || is_running(batch)))
        ask_soon(batch);
}

/* --- layout --- */

static void words_make(struct batch *batch)
{
    free(batch->state);
    free(batch->done);
    free(batch->total);
    free(batch->rate);
    batch->state = view_live_state(batch->live, console_now_us(batch->screen.console));
    batch->done = view_live_done(batch->live);
    batch->total = view_live_total(batch->parts[PART_TOTAL], &batch->share);
    batch->rate = view_live_rate(batch->parts[PART_LIST]);
    view_eta(batch->parts[PART_TOTAL], batch->eta);
}

static void selection_keep(struct batch *batch)
{
    int64_t index = 0;
    const cJSON *each;
    cJSON_ArrayForEach(each, runs_of(batch))
    {
        if (base_json_i64_or(each, "id", 0) == batch->run)
            batch->scroll.at = index;
        index++;
    }
}

static bool detail_here(const struct batch *batch)
{
    return base_json_i64_or(base_json_get(batch->live, "detail"), "run", 0) == batch->run;
}

/* A run that is over, or waits: what is known of it in few lines. */
static void over_say(struct batch *batch, const cJSON *run)
{
    struct view_page *page = batch->detail;
    char rows[24], bytes[24];
    const char *word = base_json_str_or(run, "word", "");
    if (strcmp(word, "done") == 0) {
        view_page_line(page, STYLE_GOOD, "  published whole: %s rows in %lld file%s, %s",
                       view_rows(run, "rows", rows), (long long)base_json_i64_or(run, "files", 0),
                       base_json_i64_or(run, "files", 0) == 1 ? "" : "s",
                       view_bytes(run, "bytes", bytes));
        view_page_line(page, STYLE_PLAIN, "  source = manifest = decoded = files");
    } else if (base_json_str(run, "code")) {
        view_page_wrap(page, 2, STYLE_BAD, "%s (%s)", base_json_str_or(run, "message", ""),
                       base_json_str_or(run, "code", ""));
        view_page_line(page, STYLE_PLAIN, "  Enter shows what broke, what is safe and what to do");
    }
}

static void detail_make(struct batch *batch, bool blank)
{
    const cJSON *run = selected(batch);
    view_page_free(&batch->detail);
    batch->detail = view_page_new(batch->screen.width);
    if (run && !run_over(run) && detail_here(batch))
        view_live_detail(batch->detail, batch->parts[PART_DETAIL]);
    else if (run)
        over_say(batch, run);
    if (blank)
        view_page_blank(batch->detail);
    view_live_reader(batch->detail, batch->live);
}

static void batch_layout(struct screen *screen)
{
    static const struct draw_column all[B_COLUMNS] = {
        [B_RUN] = {"RUN", 5, 0, 7, false},     [B_TABLE] = {"TABLE", 20, 4, 9, false},
        [B_PHASE] = {"PHASE", 9, 0, 8, false}, [B_DONE] = {"DONE", 5, 0, 6, true},
        [B_ROWS] = {"ROWS", 7, 0, 4, true},    [B_LEFT] = {"LEFT", 8, 0, 5, true},
    };
    struct batch *batch = (struct batch *)screen;
    int count = cJSON_GetArraySize(runs_of(batch));
    memcpy(batch->columns, all, sizeof all);
    draw_columns_fit(batch->columns, B_COLUMNS, screen->width, 4, batch->widths);
    words_make(batch);
    selection_keep(batch);
    int room = screen->height - HEAD_ROWS - 1;
    int detail = screen->height >= 20 ? DETAIL_ROWS : screen->height >= 15 ? 6 : 0;
    batch->list_height = batch->zoomed ? 0 : room - detail;
    if (!batch->zoomed && batch->list_height > count && screen->height < 30)
        batch->list_height = count > 0 ? count : 1;
    else if (!batch->zoomed && batch->list_height > count)
        batch->list_height = count > 1 ? count : 1;
    draw_scroll_fit(&batch->scroll, count, batch->list_height > 0 ? batch->list_height : 1);
    int below = room - (batch->zoomed ? 0 : batch->list_height) - (batch->zoomed ? 0 : 1);
    detail_make(batch, true);
    if ((int)batch->detail->count > below)
        detail_make(batch, false);
}

/* --- draw --- */

static void draw_total(const struct batch *batch, struct draw_box box)
{
    /* As wide whatever is said behind it, so that it moves at its end only. */
    int width = box.width - LABEL - TOTAL_ROOM;
    draw_text(box, 0, 0, DRAW_PLAIN, "total");
    width = width > 60 ? 60 : width;
    if (width < 8) {
        draw_text(box, LABEL, 0, DRAW_PLAIN, batch->total);
        return;
    }
    draw_bar(box, LABEL, 0, width, batch->share);
    draw_text(box, LABEL + width + 2, 0, DRAW_PLAIN, batch->total);
}

static void draw_rate(const struct batch *batch, struct draw_box box)
{
    double values[METER_STEPS];
    size_t count = 0;
    const cJSON *each;
    int width = box.width >= 72 ? METER_STEPS : 0;
    cJSON_ArrayForEach(each, base_json_array(batch->parts[PART_LIST], "rates"))
    {
        if (count < METER_STEPS && cJSON_IsNumber(each))
            values[count++] = each->valuedouble;
    }
    draw_text(box, 0, 0, DRAW_PLAIN, "rate");
    /* From the left: it grows at its end, and what stands stays. */
    if (width && count)
        draw_sparkline(box, LABEL, 0, (int)count, values, count, 0);
    draw_text(box, LABEL + (width ? width + 2 : 0), 0, DRAW_PLAIN, batch->rate);
}

static void draw_row(const struct batch *batch, const cJSON *run, struct draw_box box, int y)
{
    struct draw_field fields[B_COLUMNS] = {{DRAW_PLAIN, NULL}};
    char id[24], share[24] = "-", rows[24], left[32];
    const char *word = base_json_str_or(run, "word", "");
    int64_t done = base_json_i64_or(run, "rows", -1),
            total = base_json_i64_or(run, "rows_total", -1);
    bool bad = strcmp(word, "failed") == 0, stalled = base_json_bool_or(run, "stalled", false);
    snprintf(id, sizeof id, "%lld", (long long)base_json_i64_or(run, "id", 0));
    if (total >= 0 && done >= 0)
        snprintf(share, sizeof share, "%d %%",
                 total ? (int)(100.0 * (double)done / (double)total) : 100);
    fields[B_RUN].text = id;
    fields[B_TABLE].text = base_json_str(run, "table");
    fields[B_PHASE] = (struct draw_field){bad || stalled              ? DRAW_BAD
                                          : strcmp(word, "done") == 0 ? DRAW_GOOD
                                                                      : DRAW_PLAIN,
                                          stalled ? "STALLED" : view_run_phase(run)};
    fields[B_DONE].text = share;
    fields[B_ROWS].text =
        view_rows(run, total >= 0 && !run_over(run) ? "rows_total" : "rows", rows);
    fields[B_LEFT].text = run_over(run) ? "-" : view_eta(run, left);
    draw_columns_row(box, y, batch->columns, B_COLUMNS, 4, batch->widths, fields);
}

static void draw_list(const struct batch *batch, struct draw_box body)
{
    draw_columns_head(body, 0, batch->columns, B_COLUMNS, 4, batch->widths);
    struct draw_box list = draw_box_sub(body, 0, 1, body.width, batch->list_height);
    for (int y = 0; y < list.height; y++) {
        const cJSON *run = cJSON_GetArrayItem(runs_of(batch), (int)batch->scroll.top + y);
        if (run == NULL)
            break;
        draw_row(batch, run, list, y);
        if (batch->scroll.top + y == batch->scroll.at)
            draw_select(list, y);
    }
}

static void draw_detail(const struct batch *batch, struct draw_box box)
{
    const cJSON *run = selected(batch), *detail = base_json_get(batch->live, "detail");
    const char *table = base_json_str_or(run, "table", ""), *dot = strrchr(table, '.');
    int64_t version = base_json_i64_or(run, "version", -1);
    char pinned[40] = "";
    if (version >= 0)
        snprintf(pinned, sizeof pinned, "version %lld, ", (long long)version);
    char *title =
        base_printf("%lld %s   %s%s", (long long)base_json_i64_or(run, "id", 0),
                    dot ? dot + 1 : table, pinned, base_json_str_or(detail, "window", "full"));
    if (detail_here(batch) && base_json_i64_or(detail, "chunks_total", 0) > 0) {
        char *longer = base_printf("%s, %lld chunk%s", title,
                                   (long long)base_json_i64_or(detail, "chunks_total", 0),
                                   base_json_i64_or(detail, "chunks_total", 0) == 1 ? "" : "s");
        free(title);
        title = longer;
    }
    draw_rule(box, 0, title);
    free(title);
    console_page_draw(batch->detail, draw_box_sub(box, 0, 1, box.width, box.height - 1), 0, -1);
}

/* The word of state stands out; the time behind it, which changes each second, does not: changing
 * how it looks would cost more than the figure itself. Returns the columns used. */
static int draw_state(struct draw_box body, enum draw_style style, const char *state)
{
    char word[24];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(state, " "), state);
    int x = draw_text(body, 0, 0, style, word);
    return x + draw_text(body, x, 0, DRAW_PLAIN, state + strlen(word));
}

static void batch_draw(const struct screen *screen, struct draw_box body)
{
    const struct batch *batch = (const struct batch *)screen;
    if (batch->live == NULL) {
        draw_text(body, 2, 1, batch->error ? DRAW_BAD : DRAW_PLAIN,
                  batch->error ? "The batch could not be read." : "asking the engine");
        draw_text(body, 2, 2, DRAW_PLAIN, batch->error ? batch->error : "");
        draw_text(body, 2, 3, DRAW_PLAIN, batch->error ? "r tries again" : "");
        return;
    }
    bool stalled = base_json_get(batch->live, "stalled_run") != NULL;
    int x = draw_state(body, stalled ? DRAW_BAD : DRAW_HEAD, batch->state);
    char right[64] = "";
    if (is_running(batch))
        snprintf(right, sizeof right, "ETA %s", batch->eta);
    int width = draw_width(right);
    int middle = x + 3;
    if (middle + draw_width(batch->done) + 2 + width <= body.width)
        draw_text(body, middle, 0, DRAW_PLAIN, batch->done);
    draw_text(body, body.width - width, 0, DRAW_PLAIN, right);
    draw_total(batch, draw_box_sub(body, 0, 1, body.width, 1));
    draw_rate(batch, draw_box_sub(body, 0, 2, body.width, 1));
    draw_rule(body, 3, batch->frozen ? "frozen" : NULL);
    int at = HEAD_ROWS;
    if (!batch->zoomed) {
        draw_list(batch, draw_box_sub(body, 0, at, body.width, 1 + batch->list_height));
        at += 1 + batch->list_height;
    }
    if (body.height > at)
        draw_detail(batch, draw_box_sub(body, 0, at, body.width, body.height - at));
}

/* --- keys --- */

static void batch_move(struct screen *screen, enum draw_move move)
{
    struct batch *batch = (struct batch *)screen;
    if (!draw_scroll_move(&batch->scroll, move))
        return;
    batch->run = base_json_i64_or(selected(batch), "id", 0);
    batch->chosen = true;
    if (!batch->frozen)
        ask(batch);
    console_touch(screen->console);
}

static const char *batch_refuse(const struct screen *screen, enum view_action action)
{
    const struct batch *batch = (const struct batch *)screen;
    const cJSON *run = selected(batch);
    switch ((int)action) {
    case VIEW_ACTION_CLOSE:
        return batch->zoomed ? NULL : "";
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        return run ? NULL : "no run is selected";
    case VIEW_ACTION_CANCEL_RUN:
        return run == NULL ? "no run is selected" : run_over(run) ? "this run is over" : NULL;
    case VIEW_ACTION_RETRY:
        if (run && (base_json_bool_or(run, "waiting_retry", false) ||
                    (run_over(run) && strcmp(base_json_str_or(run, "word", ""), "done") != 0)))
            return NULL;
        return run && !run_over(run) ? "this run is not over; X cancels it" : "nothing failed here";
    case VIEW_ACTION_FREEZE:
    case VIEW_ACTION_ZOOM:
    case VIEW_ACTION_REFRESH:
        return batch->live ? NULL : "nothing is shown yet";
    default:
        return "";
    }
}

static void run_push(struct batch *batch, const struct screen_ops *ops)
{
    cJSON *args = base_json_object();
    base_json_add_i64(args, "run", base_json_i64_or(selected(batch), "id", 0));
    console_push(batch->screen.console, ops, args);
}

static void freeze(struct batch *batch)
{
    batch->frozen = !batch->frozen;
    batch->missed = 0;
    if (!batch->frozen)
        ask(batch);
}

static void copy(struct batch *batch, bool command)
{
    struct console *console = batch->screen.console;
    const cJSON *detail = base_json_get(batch->live, "detail");
    const char *statement = detail_here(batch) ? base_json_str(detail, "statement_id") : NULL;
    char *text = command     ? base_printf("aampe-console --profile %s runs list --batch %lld",
                                           console_profile(console), (long long)batch->id)
                 : statement ? base_strdup(statement)
                             : base_printf("run %lld",
                                           (long long)base_json_i64_or(selected(batch), "id", 0));
    console_copy(console, text);
    free(text);
}

static void batch_act(struct screen *screen, enum view_action action)
{
    struct batch *batch = (struct batch *)screen;
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_CLOSE:
    case VIEW_ACTION_ZOOM:
        batch->zoomed = !batch->zoomed;
        break;
    case VIEW_ACTION_OPEN:
        run_push(batch, &screen_run);
        break;
    case VIEW_ACTION_RETRY:
        run_push(batch, &screen_retry);
        break;
    case VIEW_ACTION_CANCEL_RUN:
        run_cancel_ask(screen, selected(batch));
        break;
    case VIEW_ACTION_FREEZE:
        freeze(batch);
        break;
    case VIEW_ACTION_REFRESH:
        ask(batch);
        break;
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        copy(batch, action == VIEW_ACTION_COPY_COMMAND);
        break;
    default:
        break;
    }
}

static void batch_status(const struct screen *screen, struct buf *out)
{
    const struct batch *batch = (const struct batch *)screen;
    if (batch->error && batch->live)
        (void)base_buf_printf(out, "shown as it was; now: %s", batch->error);
    else if (batch->frozen)
        (void)base_buf_printf(out, "frozen, %lld new; the work goes on, z shows it again",
                              (long long)batch->missed);
    else if (base_json_i64_or(batch->live, "total", 0) > cJSON_GetArraySize(runs_of(batch)))
        (void)base_buf_printf(out, "%d of %lld runs are listed, those that are not done",
                              cJSON_GetArraySize(runs_of(batch)),
                              (long long)base_json_i64_or(batch->live, "total", 0));
    else if (batch->live && is_running(batch))
        (void)base_buf_text(out, "q leaves; the sync goes on in the engine");
    else if (batch->live)
        (void)base_buf_text(out, "the batch is over; Enter opens a run");
}

static void batch_crumb(const struct screen *screen, struct buf *out)
{
    (void)base_buf_printf(out, "batch %lld", (long long)((const struct batch *)screen)->id);
}

static size_t batch_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action all[] = {VIEW_ACTION_CANCEL_RUN, VIEW_ACTION_RETRY,
                                           VIEW_ACTION_FREEZE,     VIEW_ACTION_OPEN,
                                           VIEW_ACTION_ZOOM,       VIEW_ACTION_COPY};
    size_t count = 0;
    for (size_t i = 0; i < base_countof(all) && count < max; i++)
        if (batch_refuse(screen, all[i]) == NULL)
            out[count++] = all[i];
    if (count < max)
        out[count++] = VIEW_ACTION_CLOSE;
    return count;
}

static const char *batch_label(const struct screen *screen, enum view_action action)
{
    const struct batch *batch = (const struct batch *)screen;
    if (action == VIEW_ACTION_FREEZE && batch->frozen)
        return "go on";
    return action == VIEW_ACTION_OPEN ? "run" : NULL;
}

const struct screen_ops screen_batch = {
    .name = "Batch",
    .size = sizeof(struct batch),
    .help =
        "One batch, live while it runs: rows of all tables together, their rate over the whole "
        "time, how long still as a range (or unknown), the runs with their phases, and the "
        "selected run in detail. STALLED: no chunk and no file for 60 s. z freezes the display, "
        "never the work. X cancels the selected run, and asks. Leaving changes nothing.",
    .open = batch_open,
    .close = batch_close,
    .resume = batch_resume,
    .event = batch_event,
    .tick = batch_tick,
    .refuse = batch_refuse,
    .act = batch_act,
    .move = batch_move,
    .layout = batch_layout,
    .draw = batch_draw,
    .status = batch_status,
    .crumb = batch_crumb,
    .hints = batch_hints,
    .label = batch_label,
};
