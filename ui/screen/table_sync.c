/* Tab Sync: how the table is synced, what the next sync would read, the last runs. */
#include "ui/screen/runs.h"
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/table_sync.h"

#include <stdlib.h>
#include <string.h>

#define RUNS 5

static cJSON *params_tables(const struct table *table)
{
    cJSON *params = base_json_object(), *tables = base_json_add_array(params, "tables");
    base_json_push_take(tables, cJSON_CreateString(table->name));
    return params;
}

static const cJSON *entry_of(const struct table *table)
{
    return view_sync_item(base_json_array(table->share.data, "tables"), table->name);
}

static const cJSON *plan_of(const struct table *table)
{
    return view_sync_item(base_json_array(table->plan.data, "tables"), table->name);
}

static const char *destination(const struct table *table)
{
    return base_json_str(console_status(table->screen.console), "destination");
}

static void on_sync(struct screen *screen, bool yes, void *user)
{
    struct table *table = (struct table *)screen;
    (void)user;
    if (yes)
        console_ask(screen, "sync.run", params_tables(table), 0, run_sync_started);
}

/* The plan is here: it is shown as the question. */
static void sync_question(struct table *table)
{
    const cJSON *plan = plan_of(table);
    struct view_page *page = view_page_new(table->screen.width);
    table->sync_wanted = false;
    if (base_json_get(plan, "error")) {
        view_page_free(&page);
        console_say(table->screen.console, "it would fail: %s (%s)",
                    base_json_str_or(base_json_get(plan, "error"), "message", ""),
                    base_json_str_or(base_json_get(plan, "error"), "code", ""));
        return;
    }
    view_page_blank(page);
    view_page_fact(page, 9, "table", STYLE_PLAIN, "%s", table->name);
    view_sync_mode(page, entry_of(table), base_json_array(table->show.data, "columns"));
    view_sync_next(page, plan, destination(table), false);
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "A reader of the destination sees what is there now until the new one is whole, "
                   "then the new one.");
    console_question(&table->screen, "SYNC NOW", page, "Sync", NULL, on_sync, NULL);
}

static void on_plan(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    bool good = table_ask_take(&table->plan, result, err);
    if (good)
        (void)table_warehouse_note(table, NULL);
    if (!good)
        table->sync_wanted = false;
    if (!good && table->plan.data)
        console_say_error(screen->console, err);
    if (good && table->sync_wanted)
        sync_question(table);
}

void table_plan_ask(struct table *table)
{
    table_ask_send(table, &table->plan, "sync.plan", params_tables(table), on_plan);
}

static void on_share(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    if (table_ask_take(&table->share, result, err))
        table->shared = entry_of(table) != NULL;
    table_tab_sync.enter(table);
}

static void on_runs(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    (void)tag;
    (void)table_ask_take(&((struct table *)screen)->runs, result, err);
}

void table_runs_ask(struct table *table)
{
    cJSON *params = table_params(table);
    table->runs_old = false;
    base_json_add_i64(params, "limit", 100);
    table_ask_send(table, &table->runs, "runs.list", params, on_runs);
}

static bool wants(const struct table_ask *ask)
{
    return ask->data == NULL && !ask->busy && !ask->failed && !ask->stopped;
}

void table_sync_enter(struct table *table)
{
    if (table->tab != TABLE_SYNC && table->tab != TABLE_HISTORY)
        return;
    if (wants(&table->runs) || (table->runs_old && !table->runs.busy))
        table_runs_ask(table);
    if (table->tab != TABLE_SYNC)
        return;
    if (wants(&table->share))
        table_ask_send(table, &table->share, "share.list", NULL, on_share);
    if (wants(&table->plan) && table->share.data && entry_of(table) && table_warehouse_runs(table))
        table_plan_ask(table);
}

static const char *refuse_sync(const struct table *table)
{
    if (!table->shared)
        return table->draft > 0 ? "it is only ticked in the draft: p plans it, A applies it"
                                : "it is not in the share: Space ticks it, p plans it";
    return table->plan.busy ? "the plan is being made" : NULL;
}

static const char *sync_refuse(const struct table *table, enum view_action action)
{
    switch ((int)action) {
    case VIEW_ACTION_SYNC:
        return refuse_sync(table);
    case VIEW_ACTION_CHECK:
        return refuse_sync(table);
    case VIEW_ACTION_OPEN:
        return table_text_target(&table->sync) > 0 ? NULL : "no run is selected";
    case VIEW_ACTION_COPY:
        return base_json_str(plan_of(table), "statement") ? NULL : "there is no statement yet";
    default:
        return "";
    }
}

void table_run_open(struct table *table, int target)
{
    const cJSON *run = cJSON_GetArrayItem(base_json_array(table->runs.data, "runs"), target - 1);
    cJSON *args = base_json_object();
    base_json_add_i64(args, "run", base_json_i64_or(run, "id", 0));
    console_go(table->screen.console, 5, args);
}

static void sync_act(struct table *table, enum view_action action)
{
    if (action == VIEW_ACTION_SYNC) {
        table->sync_wanted = true;
        if (plan_of(table) && table_warehouse_runs(table))
            table_plan_ask(table); /* a plan is of the moment it was made */
        else
            table_spend(table, TABLE_COST_PLAN);
    } else if (action == VIEW_ACTION_CHECK) {
        table_spend(table, TABLE_COST_PLAN);
    } else if (action == VIEW_ACTION_OPEN) {
        table_run_open(table, table_text_target(&table->sync));
    } else if (action == VIEW_ACTION_COPY) {
        console_copy(table->screen.console, base_json_str_or(plan_of(table), "statement", ""));
    }
}

static void sync_move(struct table *table, enum draw_move move)
{
    table_text_move(&table->sync, move);
}

static void next_add(struct view_page *page, const struct table *table)
{
    view_page_rule(page, "NEXT SYNC WOULD READ");
    if (plan_of(table))
        view_sync_next(page, plan_of(table), destination(table), true);
    else if (table->plan.failed) {
        view_page_fact(page, 9, "fails", STYLE_BAD, "%s: %s", base_err_name(table->plan.err.code),
                       table->plan.err.message);
        view_page_fact(page, 9, "fix", STYLE_PLAIN, "%s", base_err_hint_text(&table->plan.err));
    } else if (table->plan.busy)
        view_page_line(page, STYLE_PLAIN, "  planning (1 statement); Ctrl-C stops waiting");
    else
        view_page_line(page, STYLE_PLAIN, "  not planned: c plans (1 statement%s)",
                       table_warehouse_runs(table) ? "" : ", starts the warehouse");
}

static void share_add(struct view_page *page, const struct table *table)
{
    if (table->share.data == NULL && table->share.failed) {
        view_page_line(page, STYLE_BAD, "THE SHARE IS NOT KNOWN: %s",
                       base_err_name(table->share.err.code));
        view_page_fact(page, 9, "cause", STYLE_PLAIN, "%s", table->share.err.message);
    } else if (table->share.data == NULL) {
        view_page_line(page, STYLE_PLAIN, "asking for the share");
    } else if (entry_of(table)) {
        view_page_line(page, STYLE_GOOD, "IN THE SHARE");
        if (table->draft < 0)
            view_page_add(page, STYLE_WARN, "; leaves it when the draft is applied");
        view_sync_mode(page, entry_of(table), base_json_array(table->show.data, "columns"));
        next_add(page, table);
    } else {
        view_page_line(page, STYLE_PLAIN, "NOT IN THE SHARE%s",
                       table->draft > 0 ? "; joins it when the draft is applied" : "");
        view_page_fact(page, 9, "to sync", STYLE_PLAIN, "%s",
                       table->draft > 0 ? "p plans the draft, A applies it there"
                                        : "Space ticks it, p plans the draft, A applies it");
    }
}

void table_runs_add(struct view_page *page, const struct table *table, int max)
{
    if (table->runs.data)
        view_table_runs(page, table->runs.data, console_now_us(table->screen.console), max);
    else if (table->runs.failed)
        view_page_fact(page, 9, "not known", STYLE_BAD, "%s: %s",
                       base_err_name(table->runs.err.code), table->runs.err.message);
    else
        view_page_line(page, STYLE_PLAIN, "  asking the engine for them");
}

static void sync_layout(struct table *table, int width, int height)
{
    struct view_page *page = view_page_new(width);
    share_add(page, table);
    view_page_rule(page, "LAST RUNS");
    table_runs_add(page, table, RUNS);
    table_text_take(&table->sync, page, height);
}

static void sync_draw(const struct table *table, struct draw_box box)
{
    table_text_draw(&table->sync, box);
}

static void sync_status(const struct table *table, struct buf *out)
{
    const char *why = refuse_sync(table);
    if (table->plan.stopped)
        (void)base_buf_text(out, "stopped: the plan is not waited for any more; c plans again");
    else if (why)
        (void)base_buf_text(out, why);
    else
        (void)base_buf_text(out, "s shows the plan once more, then asks");
}

static size_t sync_hints(const struct table *table, enum view_action out[], size_t max)
{
    static const enum view_action shared[] = {VIEW_ACTION_SYNC, VIEW_ACTION_CHECK, VIEW_ACTION_OPEN,
                                              VIEW_ACTION_COPY};
    static const enum view_action other[] = {VIEW_ACTION_TICK, VIEW_ACTION_PLAN};
    const enum view_action *list = table->shared ? shared : other;
    size_t count = table->shared ? base_countof(shared) : base_countof(other);
    return screen_hints(list, count, out, max);
}

static const char *sync_label(const struct table *table, enum view_action action)
{
    (void)table;
    return action == VIEW_ACTION_CHECK  ? "plan anew"
           : action == VIEW_ACTION_COPY ? "copy SQL"
           : action == VIEW_ACTION_OPEN ? "open run"
                                        : NULL;
}

const struct table_tab_ops table_tab_sync = {
    .name = "Sync",
    .word = "sync",
    .enter = table_sync_enter,
    .refuse = sync_refuse,
    .act = sync_act,
    .move = sync_move,
    .layout = sync_layout,
    .draw = sync_draw,
    .status = sync_status,
    .hints = sync_hints,
    .label = sync_label,
};
