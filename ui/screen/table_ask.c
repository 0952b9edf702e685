/* What the tabs of a table share: questions to the engine, what costs, pages. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

bool table_ask_take(struct table_ask *ask, const cJSON *result, const struct err *err)
{
    ask->busy = false;
    ask->stopped = false;
    ask->failed = err != NULL;
    if (err) {
        ask->err = *err;
        return false;
    }
    cJSON_Delete(ask->data);
    ask->data = cJSON_Duplicate(result, true);
    if (ask->data == NULL)
        ask->data = base_json_object();
    return true;
}

void table_ask_send(struct table *table, struct table_ask *ask, const char *verb,
                    cJSON *take_params, console_answer_fn *answer)
{
    ask->busy = true;
    ask->stopped = false;
    ask->failed = false;
    console_ask(&table->screen, verb, take_params, 0, answer);
}

void table_ask_free(struct table_ask *ask)
{
    cJSON_Delete(ask->data);
    ask->data = NULL;
}

void table_error(struct view_page *page, const char *what, const struct err *err, const char *again)
{
    const char *hint = base_err_hint_text(err);
    view_page_blank(page);
    view_page_line(page, STYLE_BAD, "  %s: %s", what, base_err_name(err->code));
    view_page_blank(page);
    view_page_fact(page, 9, "cause", STYLE_PLAIN, "%s", err->message);
    view_page_fact(page, 9, "fix", STYLE_PLAIN, "%s", hint ? hint : "");
    if (err->sqlstate[0])
        view_page_fact(page, 9, "SQLSTATE", STYLE_PLAIN, "%s", err->sqlstate);
    if (err->statement_id[0])
        view_page_fact(page, 9, "statement", STYLE_PLAIN, "%s", err->statement_id);
    if (err->request_id[0])
        view_page_fact(page, 9, "request", STYLE_PLAIN, "%s", err->request_id);
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN, "%s", again);
}

bool table_waiting(struct view_page *page, const struct table_ask *ask, const char *what)
{
    if (ask->busy) {
        view_page_blank(page);
        view_page_wrap(page, 2, STYLE_PLAIN, "%s; Ctrl-C stops waiting", what);
    } else if (ask->stopped) {
        view_page_blank(page);
        view_page_wrap(page, 2, STYLE_WARN,
                       "stopped: nothing waits for it any more, and what ran at the workspace "
                       "was cancelled");
    }
    return ask->busy || ask->stopped;
}

static int next_target(const struct table_text *text, int from, int by)
{
    for (int i = from; i >= 0 && text->page && i < (int)text->page->count; i += by)
        if (text->page->lines[i].target > 0)
            return i;
    return -1;
}

static bool in_window(const struct table_text *text, int line)
{
    return line >= text->top && line < text->top + text->height;
}

static void top_clamp(struct table_text *text)
{
    int count = text->page ? (int)text->page->count : 0;
    int last = count > text->height ? count - text->height : 0;
    text->top = text->top > last ? last : text->top;
    text->top = text->top < 0 ? 0 : text->top;
}

/* Scrolls to the selected line; the first one that can be selected shows what stands above it. */
static void top_follow(struct table_text *text)
{
    if (text->at >= 0 && text->at < text->top)
        text->top = text->at;
    if (text->at >= text->top + text->height)
        text->top = text->at - text->height + 1;
    if (text->at >= 0 && next_target(text, 0, 1) == text->at && text->at < text->height)
        text->top = 0;
    top_clamp(text);
}

/* Where the window holds no line to select, none is selected. */
static void window_select(struct table_text *text, int by)
{
    if (text->at >= 0 && in_window(text, text->at))
        return;
    text->at = next_target(text, by > 0 ? text->top : text->top + text->height - 1, by);
    if (by < 0 && text->at < 0)
        text->at = next_target(text, text->top, 1);
    if (text->at >= 0 && !in_window(text, text->at))
        text->at = -1;
}

void table_text_take(struct table_text *text, struct view_page *take_page, int height)
{
    int target = table_text_target(text);
    bool first = text->page == NULL;
    view_page_free(&text->page);
    text->page = take_page;
    text->height = height < 1 ? 1 : height;
    text->at = -1;
    for (size_t i = 0; i < take_page->count && target > 0 && text->at < 0; i++)
        if (take_page->lines[i].target == target)
            text->at = (int)i;
    if (first)
        text->at = next_target(text, 0, 1);
    if (text->at >= 0)
        top_follow(text);
    top_clamp(text);
    window_select(text, 1);
}

/* To the next line that can be selected when it is near; else the text moves on. */
static void text_step(struct table_text *text, int by)
{
    int next = text->at < 0 ? -1 : next_target(text, text->at + by, by), top = text->top;
    if (next >= text->top - 1 && next <= text->top + text->height && next >= 0) {
        text->at = next;
        top_follow(text);
        return;
    }
    text->top += by;
    top_clamp(text);
    if (text->top == top && next >= 0)
        text->at = next;
    window_select(text, by);
}

void table_text_move(struct table_text *text, enum draw_move move)
{
    int page = text->height > 1 ? text->height - 1 : 1, steps = 1;
    if (text->page == NULL)
        return;
    bool up = move == DRAW_MOVE_UP || move == DRAW_MOVE_PAGE_UP || move == DRAW_MOVE_HALF_UP;
    bool down =
        move == DRAW_MOVE_DOWN || move == DRAW_MOVE_PAGE_DOWN || move == DRAW_MOVE_HALF_DOWN;
    if (move == DRAW_MOVE_PAGE_UP || move == DRAW_MOVE_PAGE_DOWN)
        steps = page;
    else if (move == DRAW_MOVE_HALF_UP || move == DRAW_MOVE_HALF_DOWN)
        steps = page / 2 + 1;
    for (int i = 0; i < steps && (up || down); i++)
        text_step(text, up ? -1 : 1);
    if (move == DRAW_MOVE_HOME) {
        text->at = next_target(text, 0, 1);
        text->top = 0;
        window_select(text, 1);
    } else if (move == DRAW_MOVE_END) {
        text->at = next_target(text, (int)text->page->count - 1, -1);
        text->top = (int)text->page->count;
        top_clamp(text);
        window_select(text, -1);
    }
}

void table_text_draw(const struct table_text *text, struct draw_box box)
{
    if (text->page)
        console_page_draw(text->page, box, text->top, text->at);
}

int table_text_target(const struct table_text *text)
{
    return text->page && text->at >= 0 && text->at < (int)text->page->count
               ? text->page->lines[text->at].target
               : 0;
}

static const struct {
    const char *title, *button, *what;
} costs[] = {
    [TABLE_COST_TRY] = {"CHECK", "Start and try",
                        "Reading it as the principal is one statement without rows."},
    [TABLE_COST_ROWS] = {"ROWS", "Start and read",
                         "Reading the first 20 rows is one statement, LIMIT 20 pushed down."},
    [TABLE_COST_COUNT] = {"COUNT", "Start and count",
                          "Counting nulls and distinct values of the column is one statement that "
                          "reads the whole column."},
    [TABLE_COST_PLAN] = {"PLAN", "Start and plan",
                         "The plan pins a version: one statement, DESCRIBE HISTORY."},
    [TABLE_COST_VERSIONS] = {"VERSIONS", "Start and ask",
                             "The versions of the table are one statement, DESCRIBE HISTORY."},
};

static void spend_now(struct table *table, bool only_running)
{
    switch (table->cost) {
    case TABLE_COST_TRY:
        table_try_ask(table, only_running);
        break;
    case TABLE_COST_ROWS:
        table_rows_ask(table, false, only_running);
        break;
    case TABLE_COST_COUNT:
        table_count_ask(table, only_running);
        break;
    case TABLE_COST_PLAN:
        table_plan_ask(table);
        break;
    case TABLE_COST_VERSIONS:
        table_versions_ask(table, only_running);
        break;
    }
}

static void on_spend(struct screen *screen, bool yes, void *user)
{
    struct table *table = (struct table *)screen;
    (void)user;
    if (yes)
        spend_now(table, false);
    else
        table->sync_wanted = false;
}

static void warehouse_add(struct view_page *page, const struct table *table)
{
    const cJSON *warehouse = base_json_get(table->show.data, "warehouse");
    const char *name = base_json_str_or(warehouse, "name", "the warehouse");
    long long idle = (long long)base_json_i64_or(warehouse, "auto_stop_minutes", 0);
    bool serverless = base_json_bool_or(warehouse, "serverless", false);
    view_page_fact(page, 9, "warehouse", STYLE_WARN, "%s is %s", name,
                   table_warehouse(table) ? table_warehouse(table)
                                          : "in a state that is not known");
    view_page_fact(page, 9, "cost", STYLE_PLAIN,
                   "it is started (%s), and runs until it has been idle for %lld m",
                   serverless ? "serverless: seconds" : "minutes", idle);
}

void table_spend(struct table *table, enum table_cost cost)
{
    table->cost = cost;
    if (table_warehouse_runs(table)) {
        spend_now(table, true);
        return;
    }
    struct view_page *page = view_page_new(table->screen.width);
    view_page_blank(page);
    view_page_fact(page, 9, "table", STYLE_PLAIN, "%s", table->name);
    warehouse_add(page, table);
    view_page_fact(page, 9, "what", STYLE_PLAIN, "%s", costs[cost].what);
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN, "Nothing has been asked yet. Ctrl-C stops it later, too.");
    console_question(&table->screen, costs[cost].title, page, costs[cost].button, NULL, on_spend,
                     NULL);
}

bool table_warehouse_note(struct table *table, const struct err *err)
{
    bool stopped = err && err->code == ERR_SRC_WH_STOPPED;
    if (table->show.data && (err == NULL || stopped)) {
        cJSON_DeleteItemFromObjectCaseSensitive(table->show.data, "warehouse_state");
        base_json_add_str(table->show.data, "warehouse_state", stopped ? "STOPPED" : "RUNNING");
    }
    if (stopped)
        table_spend(table, table->cost);
    return stopped;
}
