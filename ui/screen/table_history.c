/* Tab History: our runs of the table, and its versions at the source. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/table_sync.h"

#include <string.h>

static void on_versions(struct screen *screen, int64_t tag, const cJSON *result,
                        const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    if (table_ask_take(&table->versions, result, err)) {
        (void)table_warehouse_note(table, NULL);
        return;
    }
    table->cost = TABLE_COST_VERSIONS;
    if (!table_warehouse_note(table, err) && table->versions.data)
        console_say_error(screen->console, err);
}

void table_versions_ask(struct table *table, bool only_running)
{
    cJSON *params = table_params(table);
    base_json_add_bool(params, "only_running", only_running);
    table_ask_send(table, &table->versions, "show.history", params, on_versions);
}

static bool versioned(const struct table *table)
{
    return strcmp(base_json_str_or(table->show.data, "format", ""), "DELTA") == 0;
}

static const char *history_refuse(const struct table *table, enum view_action action)
{
    switch ((int)action) {
    case VIEW_ACTION_CHECK:
        return table->versions.busy ? "it is being asked already"
               : table->show.data && !versioned(table) && !table_denied(table)
                   ? "it is no Delta table: it has no versions"
                   : NULL;
    case VIEW_ACTION_OPEN:
        return table_text_target(&table->history) > 0 ? NULL : "no run is selected";
    case VIEW_ACTION_REFRESH:
        return table->runs.busy ? "it is being asked already" : NULL;
    default:
        return "";
    }
}

static void history_act(struct table *table, enum view_action action)
{
    if (action == VIEW_ACTION_CHECK)
        table_spend(table, TABLE_COST_VERSIONS);
    else if (action == VIEW_ACTION_OPEN)
        table_run_open(table, table_text_target(&table->history));
    else if (action == VIEW_ACTION_REFRESH)
        table_runs_ask(table);
}

static void history_move(struct table *table, enum draw_move move)
{
    table_text_move(&table->history, move);
}

static void history_layout(struct table *table, int width, int height)
{
    struct view_page *page = view_page_new(width);
    view_page_rule(page, "RUNS HERE");
    table_runs_add(page, table, 100);
    view_page_rule(page, "VERSIONS AT THE SOURCE");
    if (table->versions.data)
        view_table_versions(page, table->versions.data, table->runs.data,
                            console_now_us(table->screen.console));
    else if (table->versions.busy)
        view_page_line(page, STYLE_PLAIN, "  asking (1 statement); Ctrl-C stops it");
    else if (table->versions.failed) {
        view_page_fact(page, 9, "not known", STYLE_BAD, "%s: %s",
                       base_err_name(table->versions.err.code), table->versions.err.message);
        view_page_fact(page, 9, "fix", STYLE_PLAIN, "%s", base_err_hint_text(&table->versions.err));
    } else if (table->show.data && !versioned(table) && !table_denied(table))
        view_page_line(page, STYLE_PLAIN, "  it is no Delta table: it has no versions");
    else
        view_page_line(page, STYLE_PLAIN, "  %s: c asks for them (1 statement%s)",
                       table->versions.stopped ? "stopped" : "not asked",
                       table_warehouse_runs(table) ? "" : ", starts the warehouse");
    table_text_take(&table->history, page, height);
}

static void history_draw(const struct table *table, struct draw_box box)
{
    table_text_draw(&table->history, box);
}

static void history_status(const struct table *table, struct buf *out)
{
    const cJSON *runs = base_json_array(table->runs.data, "runs");
    const cJSON *run = cJSON_GetArrayItem(runs, table_text_target(&table->history) - 1);
    const cJSON *error = base_json_get(run, "error");
    if (error)
        (void)base_buf_printf(out, "%s: %s", base_json_str_or(error, "code", ""),
                              base_json_str_or(error, "message", ""));
    else if (run)
        (void)base_buf_printf(out, "run %lld of batch %lld; Enter opens it",
                              (long long)base_json_i64_or(run, "id", 0),
                              (long long)base_json_i64_or(run, "batch", 0));
}

static size_t history_hints(const struct table *table, enum view_action out[], size_t max)
{
    static const enum view_action list[] = {VIEW_ACTION_OPEN, VIEW_ACTION_CHECK,
                                            VIEW_ACTION_REFRESH};
    (void)table;
    return screen_hints(list, base_countof(list), out, max);
}

static const char *history_label(const struct table *table, enum view_action action)
{
    (void)table;
    return action == VIEW_ACTION_CHECK  ? "versions"
           : action == VIEW_ACTION_OPEN ? "open run"
                                        : NULL;
}

const struct table_tab_ops table_tab_history = {
    .name = "History",
    .word = "history",
    .enter = table_sync_enter,
    .refuse = history_refuse,
    .act = history_act,
    .move = history_move,
    .layout = history_layout,
    .draw = history_draw,
    .status = history_status,
    .hints = history_hints,
    .label = history_label,
};
