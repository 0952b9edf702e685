/* Tab Access: what the principal has and lacks to read the table. */
#include "ui/screen/table.h"

#include "base/json.h"
#include "ui/view/verdict.h"

#include <stdlib.h>
#include <string.h>

static void access_enter(struct table *table)
{
    (void)table;
}

static const char *access_refuse(const struct table *table, enum view_action action)
{
    switch ((int)action) {
    case VIEW_ACTION_CHECK:
        return table->show.busy   ? "it is being asked already"
               : table->show.data ? NULL
                                  : "nothing is known of it yet";
    case VIEW_ACTION_COPY:
        return table->show.data == NULL ? "nothing is known of it yet"
               : table_denied(table)    ? NULL
                                        : "no statement is missing";
    default:
        return "";
    }
}

static void access_act(struct table *table, enum view_action action)
{
    if (action == VIEW_ACTION_COPY) {
        char *sql = view_verdict_sql(table_show(table));
        console_copy(table->screen.console, sql);
        free(sql);
    } else if (action == VIEW_ACTION_CHECK) {
        table_spend(table, TABLE_COST_TRY);
    }
}

static void access_move(struct table *table, enum draw_move move)
{
    table_text_move(&table->access, move);
}

/* What is missing is selected first. */
static void first_missing(struct table *table)
{
    const cJSON *each,
        *levels = base_json_array(base_json_get(table->show.data, "access"), "levels");
    int target = 1;
    cJSON_ArrayForEach(each, levels)
    {
        if (strcmp(base_json_str_or(each, "has", ""), "no") == 0)
            break;
        target++;
    }
    for (size_t i = 0; i < table->access.page->count; i++)
        if (table->access.page->lines[i].target == target)
            table->access.at = (int)i;
}

static void access_layout(struct table *table, int width, int height)
{
    struct view_page *page = view_page_new(width);
    if (table->show.data) {
        view_page_blank(page);
        view_verdict(page, table->show.data, console_now_us(table->screen.console));
    } else if (table->show.failed) {
        table_error(page, "NOT KNOWN", &table->show.err, "r asks again");
    } else if (!table_waiting(page, &table->show, "asking the workspace who may read it")) {
        view_page_blank(page);
        view_page_line(page, STYLE_PLAIN, "  not asked yet: r asks");
    }
    table_text_take(&table->access, page, height);
    if (table->show.data && !table->access_seen)
        first_missing(table);
    table->access_seen = table->show.data != NULL;
}

static void access_draw(const struct table *table, struct draw_box box)
{
    table_text_draw(&table->access, box);
}

static void access_status(const struct table *table, struct buf *out)
{
    char why[256];
    int level = table_text_target(&table->access);
    if (table->show.busy && table->show.data)
        (void)base_buf_text(out, "asking again; Ctrl-C stops waiting");
    else if (level > 0)
        (void)base_buf_text(out, view_verdict_why(table->show.data, level, why, sizeof why));
}

static size_t access_hints(const struct table *table, enum view_action out[], size_t max)
{
    static const enum view_action denied[] = {VIEW_ACTION_COPY, VIEW_ACTION_CHECK, VIEW_ACTION_TICK,
                                              VIEW_ACTION_FIX};
    static const enum view_action fine[] = {VIEW_ACTION_CHECK, VIEW_ACTION_TICK, VIEW_ACTION_SYNC};
    const enum view_action *list = table_denied(table) ? denied : fine;
    size_t count = table_denied(table) ? 4 : 3;
    return screen_hints(list, count, out, max);
}

static const char *access_label(const struct table *table, enum view_action action)
{
    (void)table;
    return action == VIEW_ACTION_COPY ? "copy SQL" : NULL;
}

const struct table_tab_ops table_tab_access = {
    .name = "Access",
    .word = "access",
    .enter = access_enter,
    .refuse = access_refuse,
    .act = access_act,
    .move = access_move,
    .layout = access_layout,
    .draw = access_draw,
    .status = access_status,
    .hints = access_hints,
    .label = access_label,
};
