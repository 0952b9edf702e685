/* The retry choice: what there is to choose, a dry try of the cause made just now, what it
 * replaces, keeps and spends. Focus starts on Cancel. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/run.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SHOW = 1, TAG_RUNS, TAG_TRY, TAG_GO };
enum retry_focus { FOCUS_CHOICE, FOCUS_CANCEL, FOCUS_RETRY, FOCUS_COUNT };
enum retry_choice { CHOICE_NOW, CHOICE_START, CHOICE_PLAN, CHOICE_COUNT };

struct retry {
    struct screen screen;
    int64_t run, batch; /* one of them; a batch is asked for all that failed of it */
    cJSON *show;        /* of the run */
    cJSON *runs;        /* of the batch: those that failed */
    cJSON *plan;        /* the dry try */
    char *error, *try_error;
    bool trying, sent;
    bool *ticked; /* one a run of the batch */
    int at;       /* in the list of the batch */
    enum retry_choice choice;
    enum retry_focus focus;
    struct view_page *page;
    int top;
};

static const cJSON *run_of(const struct retry *retry)
{
    return base_json_get(retry->show, "run");
}

/* It waits for its next attempt: to go on now is another choice than a new run. */
static bool is_waiting(const struct retry *retry)
{
    return base_json_bool_or(base_json_get(retry->show, "progress"), "waiting_retry", false);
}

static int run_count(const struct retry *retry)
{
    return cJSON_GetArraySize(retry->runs);
}

/* --- asking --- */

static void on_tried(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct retry *retry = (struct retry *)screen;
    (void)tag;
    retry->trying = false;
    base_free(&retry->try_error);
    cJSON_Delete(retry->plan);
    retry->plan = cJSON_Duplicate(result, true);
    if (result == NULL)
        retry->try_error = base_strdup(err->message);
}

static void dry_try(struct retry *retry)
{
    cJSON *params = base_json_object(), *tables = base_json_add_array(params, "tables"), *each;
    if (retry->batch) {
        cJSON_ArrayForEach(each, retry->runs)
            base_json_push_take(tables, cJSON_CreateString(base_json_str_or(each, "table", "")));
    } else {
        base_json_push_take(tables,
                            cJSON_CreateString(base_json_str_or(run_of(retry), "table", "")));
    }
    retry->trying = true;
    console_ask(&retry->screen, "sync.plan", params, TAG_TRY, on_tried);
}

static void on_show(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct retry *retry = (struct retry *)screen;
    (void)tag;
    base_free(&retry->error);
    if (result == NULL) {
        retry->error = base_strdup(err->message);
        return;
    }
    cJSON_Delete(retry->show);
    retry->show = cJSON_Duplicate(result, true);
    retry->choice = is_waiting(retry) ? CHOICE_NOW : CHOICE_START;
    dry_try(retry);
}

static void on_runs(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct retry *retry = (struct retry *)screen;
    const cJSON *each;
    (void)tag;
    base_free(&retry->error);
    if (result == NULL) {
        retry->error = base_strdup(err->message);
        return;
    }
    cJSON_Delete(retry->runs);
    retry->runs = cJSON_CreateArray();
    cJSON_ArrayForEach(each, base_json_array(result, "runs"))
    {
        const char *word = base_json_str_or(each, "word", "");
        if (strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0)
            base_json_push_take(retry->runs, cJSON_Duplicate(each, true));
    }
    free(retry->ticked);
    retry->ticked = base_alloc_zero((size_t)run_count(retry) + 1, sizeof *retry->ticked);
    for (int i = 0; i < run_count(retry); i++)
        retry->ticked[i] = true;
    if (run_count(retry) > 0)
        dry_try(retry);
}

static void retry_open(struct screen *screen, const cJSON *args)
{
    struct retry *retry = (struct retry *)screen;
    cJSON *params = base_json_object();
    retry->run = base_json_i64_or(args, "run", 0);
    retry->batch = base_json_i64_or(args, "batch", 0);
    retry->focus = FOCUS_CANCEL;
    retry->choice = CHOICE_START;
    if (retry->batch) {
        base_json_add_i64(params, "batch", retry->batch);
        base_json_add_i64(params, "limit", 500);
        console_ask(screen, "runs.list", params, TAG_RUNS, on_runs);
    } else {
        base_json_add_i64(params, "id", retry->run);
        console_ask(screen, "runs.show", params, TAG_SHOW, on_show);
    }
}

static void retry_close(struct screen *screen)
{
    struct retry *retry = (struct retry *)screen;
    cJSON_Delete(retry->show);
    cJSON_Delete(retry->runs);
    cJSON_Delete(retry->plan);
    free(retry->error);
    free(retry->try_error);
    free(retry->ticked);
    view_page_free(&retry->page);
}

static void on_gone(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct retry *retry = (struct retry *)screen;
    struct console *console = screen->console;
    (void)tag;
    retry->sent = false;
    if (result == NULL) {
        console_say_error(console, err);
        return;
    }
    cJSON *args = base_json_object();
    long long batch = (long long)base_json_i64_or(result, "batch", 0);
    base_json_add_i64(args, "batch", batch);
    console_pop(screen);
    console_push(console, &screen_batch, args);
    console_say(console, "tried again in batch %lld", batch);
}

/* --- what it says --- */

static const cJSON *tried(const struct retry *retry, const char *table)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(retry->plan, "tables"))
    {
        if (strcmp(base_json_str_or(each, "name", ""), table) == 0)
            return each;
    }
    return NULL;
}

static void choice_say(struct retry *retry, enum retry_choice choice, const char *name,
                       bool possible, const char *text)
{
    bool chosen = retry->choice == choice;
    view_page_line(retry->page,
                   chosen     ? STYLE_HEAD
                   : possible ? STYLE_PLAIN
                              : STYLE_FAINT,
                   "  (%c) %-16s %s", chosen ? 'o' : ' ', name, text);
    view_page_target(retry->page, possible ? (int)choice + 1 : 0);
}

static void choices_say(struct retry *retry)
{
    const cJSON *look = tried(retry, base_json_str_or(run_of(retry), "table", ""));
    const cJSON *good = base_json_get(retry->show, "last_good");
    char rows[24] = "?", took[24], version[40] = "";
    int64_t number = 0;
    double seconds = view_span(good, "started", "finished", 0);
    if (base_json_i64(look, "version", &number))
        snprintf(version, sizeof version, ", version %lld", (long long)number);
    if (base_json_get(look, "rows_estimated"))
        view_rows(look, "rows_estimated", rows);
    else if (good)
        view_rows(good, "file_rows", rows);
    char *start = base_printf("full%s: about %s rows%s%s", version, rows,
                              seconds >= 0 ? ", the last time " : "",
                              seconds >= 0 ? view_span_text(seconds, took) : "");
    if (is_waiting(retry))
        choice_say(retry, CHOICE_NOW, "now", true,
                   "ends the wait; the next attempt begins at once");
    else
        choice_say(retry, CHOICE_NOW, "from checkpoint", false,
                   "not possible: what a failed run wrote is thrown away");
    if (is_waiting(retry))
        choice_say(retry, CHOICE_START, "from the start", false,
                   "not possible: the run is not over; X cancels it");
    else
        choice_say(retry, CHOICE_START, "from the start", true, start);
    choice_say(retry, CHOICE_PLAN, "plan only", true, "tries the cause again; reads no rows");
    free(start);
}

static void tried_say(struct retry *retry, int label)
{
    const cJSON *look = tried(retry, base_json_str_or(run_of(retry), "table", ""));
    const cJSON *error = base_json_get(look, "error");
    if (retry->trying)
        view_page_fact(retry->page, label, "tried just now", STYLE_FAINT,
                       "asking as the principal");
    else if (retry->try_error)
        view_page_fact(retry->page, label, "tried just now", STYLE_BAD, "%s", retry->try_error);
    else if (error)
        view_page_fact(retry->page, label, "tried just now", STYLE_BAD,
                       "as the principal: still refused, it would fail again: %s (%s)",
                       base_json_str_or(error, "message", ""), base_json_str_or(error, "code", ""));
    else if (look)
        view_page_fact(retry->page, label, "tried just now", STYLE_GOOD,
                       "as the principal: the table and its version can be read%s",
                       base_json_get(retry->show, "broke") ? "; what broke may be over" : "");
}

static void consequence_say(struct retry *retry, int label)
{
    const cJSON *reader = base_json_get(base_json_get(retry->show, "safe"), "reader");
    struct console *console = retry->screen.console;
    const char *table = base_json_str_or(run_of(retry), "table", ""), *dot = strrchr(table, '.');
    char clock[32];
    if (reader) {
        view_page_fact(retry->page, label, "replaces", STYLE_PLAIN,
                       "%s of run %lld, in one step, after all counts agree", dot ? dot + 1 : table,
                       (long long)base_json_i64_or(reader, "run", 0));
        view_page_fact(retry->page, label, "keeps", STYLE_PLAIN,
                       "the old data, whole to %s, until then",
                       view_status_clock(base_json_str(reader, "whole_to"), console_now_us(console),
                                         true, clock));
    } else {
        view_page_fact(retry->page, label, "replaces", STYLE_PLAIN,
                       "nothing: the table is not at the destination yet");
    }
    view_page_fact(retry->page, label, "spends", STYLE_PLAIN,
                   "2 statements on the warehouse (the rows, and their count); it is started when "
                   "it is stopped");
    view_page_fact(retry->page, label, "as", STYLE_PLAIN, "%s, recorded", console_login(console));
}

static void batch_say(struct retry *retry)
{
    const cJSON *each;
    int index = 0;
    view_page_rule(retry->page, "RETRY what failed of batch %lld", (long long)retry->batch);
    cJSON_ArrayForEach(each, retry->runs)
    {
        const cJSON *look = tried(retry, base_json_str_or(each, "table", ""));
        const cJSON *error = base_json_get(look, "error");
        const char *code = base_json_str_or(error, "code", "");
        bool same = strcmp(code, base_json_str_or(base_json_get(each, "error"), "code", "")) == 0;
        view_page_line(retry->page, STYLE_PLAIN, "  [%c] %-6lld %s   %s",
                       retry->ticked[index] ? 'x' : ' ', (long long)base_json_i64_or(each, "id", 0),
                       base_json_str_or(each, "table", ""),
                       base_json_str_or(base_json_get(each, "error"), "code", "cancelled"));
        view_page_target(retry->page, index + 1);
        if (retry->trying)
            view_page_add(retry->page, STYLE_FAINT, "   being tried");
        else if (error)
            view_page_add(retry->page, STYLE_BAD, "   now: it would fail again%s%s",
                          same ? "" : ", ", same ? "" : code);
        else if (look)
            view_page_add(retry->page, STYLE_GOOD, "   now: can be read");
        index++;
    }
    view_page_blank(retry->page);
    view_page_wrap(retry->page, 2, STYLE_PLAIN,
                   "Each ticked table is read whole, in one new batch, and replaced in one step "
                   "once four counts agree; until then a reader keeps what is there.");
}

static void retry_layout(struct screen *screen)
{
    struct retry *retry = (struct retry *)screen;
    const int label = 15;
    view_page_free(&retry->page);
    retry->page = view_page_new(screen->width);
    if (retry->error) {
        view_page_line(retry->page, STYLE_BAD, "  %s", retry->error);
    } else if (retry->batch && retry->runs) {
        batch_say(retry);
    } else if (retry->show) {
        view_page_rule(retry->page, "RETRY   %s", base_json_str_or(run_of(retry), "table", ""));
        view_page_blank(retry->page);
        choices_say(retry);
        view_page_blank(retry->page);
        tried_say(retry, label);
        consequence_say(retry, label);
    } else {
        view_page_line(retry->page, STYLE_FAINT, "  asking the engine");
    }
    int room = screen->height - (screen->height > 12 ? 3 : 1);
    int last = (int)retry->page->count > room ? (int)retry->page->count - room : 0;
    retry->top = retry->top > last ? last : retry->top < 0 ? 0 : retry->top;
}

static void retry_draw(const struct screen *screen, struct draw_box body)
{
    const struct retry *retry = (const struct retry *)screen;
    int foot = body.height > 12 ? 3 : 1;
    int selected = -1;
    for (size_t i = 0; i < retry->page->count && retry->focus == FOCUS_CHOICE; i++)
        if (retry->page->lines[i].target == (retry->batch ? retry->at + 1 : (int)retry->choice + 1))
            selected = (int)i;
    struct draw_box page = draw_box_sub(body, 0, 0, body.width, body.height - foot);
    int top = selected >= page.height ? selected - page.height + 1 : retry->top;
    console_page_draw(retry->page, page, top, selected);
    int y = body.height - foot + (foot > 1 ? 1 : 0);
    struct draw_box line = draw_box_sub(body, 0, y, body.width, 1);
    static const char *const names[] = {[FOCUS_CANCEL] = "[ Cancel ]", [FOCUS_RETRY] = "[ Retry ]"};
    int x = 9;
    for (int i = FOCUS_CANCEL; i <= FOCUS_RETRY; i++) {
        if ((int)retry->focus == i) {
            draw_text(line, x - 2, 0, DRAW_SELECTED, ">");
            draw_cursor(line, x, 0);
        }
        x += draw_text(line, x, 0, (int)retry->focus == i ? DRAW_SELECTED : DRAW_PLAIN, names[i]);
        x += 6;
    }
    if ((int)retry->page->count > page.height && x + 12 < body.width)
        draw_field(line, body.width - 12, 0, 12, DRAW_FAINT, DRAW_RIGHT, "PgDn: more");
    if (foot > 1)
        draw_rule(body, body.height - 1, NULL);
}

/* --- keys --- */

static bool choice_possible(const struct retry *retry, enum retry_choice choice)
{
    return choice == CHOICE_PLAN || (choice == CHOICE_NOW) == is_waiting(retry);
}

static void choice_step(struct retry *retry, int step)
{
    if (retry->batch) {
        int at = retry->at + step;
        retry->at = at < 0 ? 0 : at >= run_count(retry) ? run_count(retry) - 1 : at;
        return;
    }
    for (int at = (int)retry->choice + step; at >= 0 && at < CHOICE_COUNT; at += step) {
        if (choice_possible(retry, (enum retry_choice)at)) {
            retry->choice = (enum retry_choice)at;
            return;
        }
    }
}

static void retry_move(struct screen *screen, enum draw_move move)
{
    struct retry *retry = (struct retry *)screen;
    if (move == DRAW_MOVE_UP || move == DRAW_MOVE_DOWN) {
        retry->focus = FOCUS_CHOICE;
        choice_step(retry, move == DRAW_MOVE_UP ? -1 : 1);
    } else if (move == DRAW_MOVE_PAGE_DOWN || move == DRAW_MOVE_PAGE_UP) {
        retry->top += move == DRAW_MOVE_PAGE_DOWN ? 5 : -5;
        if (retry->focus == FOCUS_CHOICE) /* what is looked at is what is shown */
            retry->focus = FOCUS_CANCEL;
    } else if (move == DRAW_MOVE_LEFT) {
        retry->focus = FOCUS_CANCEL;
    } else if (move == DRAW_MOVE_RIGHT) {
        retry->focus = FOCUS_RETRY;
    }
    console_touch(screen->console);
}

static void go_batch(struct retry *retry)
{
    cJSON *params = base_json_object(), *tables = base_json_add_array(params, "tables"), *each;
    int index = 0;
    cJSON_ArrayForEach(each, retry->runs)
    {
        if (retry->ticked[index++])
            base_json_push_take(tables, cJSON_CreateString(base_json_str_or(each, "table", "")));
    }
    if (cJSON_GetArraySize(tables) == 0) {
        console_say(retry->screen.console, "nothing is ticked");
        cJSON_Delete(params);
        return;
    }
    retry->sent = true;
    console_ask(&retry->screen, "sync.run", params, TAG_GO, on_gone);
}

static void go(struct retry *retry)
{
    const char *why = console_refuses(retry->screen.console, VIEW_RUN);
    if (why) {
        console_say(retry->screen.console, "R retry: %s", why);
    } else if (retry->sent) {
        console_say(retry->screen.console, "it has been asked for already");
    } else if (retry->batch && retry->runs) {
        go_batch(retry);
    } else if (retry->show && retry->choice == CHOICE_PLAN) {
        dry_try(retry);
        console_say(retry->screen.console, "tried again; nothing was started");
    } else if (retry->show) {
        cJSON *params = base_json_object();
        base_json_add_i64(params, "id", retry->run);
        retry->sent = true;
        console_ask(&retry->screen, "runs.retry", params, TAG_GO, on_gone);
    }
}

static const char *retry_refuse(const struct screen *screen, enum view_action action)
{
    (void)screen;
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_TICK:
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
        return NULL;
    default:
        return "";
    }
}

static void retry_act(struct screen *screen, enum view_action action)
{
    struct retry *retry = (struct retry *)screen;
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_NEXT_TAB:
        retry->focus = (enum retry_focus)((retry->focus + 1) % FOCUS_COUNT);
        break;
    case VIEW_ACTION_PREVIOUS_TAB:
        retry->focus = (enum retry_focus)((retry->focus + FOCUS_COUNT - 1) % FOCUS_COUNT);
        break;
    case VIEW_ACTION_TICK:
        if (retry->batch && retry->ticked && retry->at < run_count(retry))
            retry->ticked[retry->at] = !retry->ticked[retry->at];
        else if (!retry->batch)
            choice_step(retry, retry->choice == CHOICE_PLAN ? -1 : 1);
        break;
    case VIEW_ACTION_OPEN:
        if (retry->focus == FOCUS_RETRY)
            go(retry);
        else if (retry->focus == FOCUS_CANCEL)
            console_pop(screen);
        else
            retry->focus = FOCUS_CANCEL;
        break;
    default:
        break;
    }
}

static void retry_status(const struct screen *screen, struct buf *out)
{
    const struct retry *retry = (const struct retry *)screen;
    const cJSON *look = tried(retry, base_json_str_or(run_of(retry), "table", ""));
    if (retry->sent)
        (void)base_buf_text(out, "asked for");
    else if (!retry->batch && base_json_get(look, "error"))
        (void)base_buf_text(out,
                            "it would fail the same way: press Esc, then mend the cause first");
    else
        (void)base_buf_text(out, "nothing has been started yet");
}

static void retry_crumb(const struct screen *screen, struct buf *out)
{
    (void)screen;
    (void)base_buf_text(out, "retry");
}

static size_t retry_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action all[] = {VIEW_ACTION_NEXT_TAB, VIEW_ACTION_TICK, VIEW_ACTION_OPEN,
                                           VIEW_ACTION_CLOSE};
    (void)screen;
    return screen_hints(all, base_countof(all), out, max);
}

static const char *retry_label(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_NEXT_TAB ? "buttons"
           : action == VIEW_ACTION_TICK   ? "choose"
           : action == VIEW_ACTION_OPEN   ? "press button"
           : action == VIEW_ACTION_CLOSE  ? "cancel"
                                          : NULL;
}

const struct screen_ops screen_retry = {
    .name = "Retry",
    .size = sizeof(struct retry),
    .help = "What trying again would do, before it does it: the choices there are, the cause tried "
            "once more just now, what is replaced and what is kept. Nothing starts before Retry is "
            "pressed; the focus is on Cancel.",
    .question = true,
    .open = retry_open,
    .close = retry_close,
    .refuse = retry_refuse,
    .act = retry_act,
    .move = retry_move,
    .layout = retry_layout,
    .draw = retry_draw,
    .status = retry_status,
    .crumb = retry_crumb,
    .hints = retry_hints,
    .label = retry_label,
};
