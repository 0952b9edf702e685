/* What 1 Overview looks like. */
#include "ui/screen/overview.h"

#include "base/json.h"
#include "ui/view/status.h"

#include <string.h>

#define MINUTE_US (INT64_C(60) * 1000000)
#define WORLD_ROWS 4 /* a rule and three lines */
#define TABLES_MIN 4 /* of them are seen before the lines below go */
#define EXPLAIN_HEIGHT 17
#define EXPLAIN_ROWS 3 /* what the worst trouble's cause and fix take, as a rule */
#define TABLES_ABOVE 4 /* SAFE, a rule, the heads, and one to spare */

bool overview_down(const struct overview *overview)
{
    return overview->none != NULL;
}

static int64_t targets_of(const struct view_page *page)
{
    int64_t count = 0;
    for (size_t i = 0; page && i < page->count; i++)
        count += page->lines[i].target > 0;
    return count;
}

/* Index of the line with the n-th target of a page; -1: it has not that many. */
static int line_of(const struct view_page *page, int64_t n)
{
    for (size_t i = 0; page && n >= 0 && i < page->count; i++)
        if (page->lines[i].target > 0 && n-- == 0)
            return (int)i;
    return -1;
}

int overview_target(const struct overview *overview)
{
    if (overview_down(overview) || overview->needs == NULL)
        return 0;
    int64_t above = targets_of(overview->needs), at = overview->rows.at;
    const struct view_page *page = at < above ? overview->needs : overview->tables;
    int line = line_of(page, at < above ? at : at - above);
    return line < 0 ? 0 : page->lines[line].target;
}

const cJSON *overview_item(const struct overview *overview)
{
    int target = overview_target(overview);
    const cJSON *status = console_status(overview->screen.console);
    if (target < 1 || target >= VIEW_STATUS_BATCH)
        return NULL;
    return cJSON_GetArrayItem(base_json_array(status, "attention"), target - 1);
}

const cJSON *overview_table(const struct overview *overview)
{
    int target = overview_target(overview);
    const cJSON *status = console_status(overview->screen.console);
    if (target < VIEW_STATUS_TABLE)
        return NULL;
    return cJSON_GetArrayItem(base_json_array(status, "tables"), target - VIEW_STATUS_TABLE);
}

static void forget(struct overview *overview)
{
    view_page_free(&overview->needs);
    view_page_free(&overview->tables);
    view_page_free(&overview->world);
    view_page_free(&overview->none);
}

static bool is_narrow(const struct overview *overview)
{
    return overview->screen.width < 76 || overview->screen.height < 17;
}

/* Rows for NEEDS YOU: all of them where the tables still find room. */
static int needs_rows(const struct overview *overview, const cJSON *status)
{
    int tables = cJSON_GetArraySize(base_json_array(status, "tables"));
    int height = overview->screen.height;
    if (is_narrow(overview))
        return height <= 6 ? 1 : 3;
    int room = height - 5 - WORLD_ROWS - EXPLAIN_ROWS - (tables < 8 ? tables : 8);
    return room < 3 ? 3 : room;
}

/* Cause and fix below the worst are shown where the tables still find room. */
static bool explains(const struct overview *overview, const cJSON *status)
{
    int tables = cJSON_GetArraySize(base_json_array(status, "tables"));
    int items = cJSON_GetArraySize(base_json_array(status, "attention"));
    int rows = needs_rows(overview, status), height = overview->screen.height;
    return height >= EXPLAIN_HEIGHT ||
           height >= (items < rows ? items : rows + 1) + EXPLAIN_ROWS + TABLES_ABOVE + tables;
}

static void make(struct overview *overview)
{
    struct console *console = overview->screen.console;
    const cJSON *status = console_status(console);
    const struct err *error = console_engine_error(console);
    int64_t now = console_now_us(console);
    int width = overview->screen.width;
    forget(overview);
    if (!console_engine(console) && error && error->code != ERR_OK) {
        overview->none = view_page_new(width);
        view_status_no_engine(overview->none, status, console_profile(console), overview->unit,
                              error, now);
        return;
    }
    if (status == NULL)
        return;
    overview->needs = view_page_new(width);
    overview->tables = view_page_new(width);
    overview->world = view_page_new(width);
    view_status_needs(overview->needs, status, now, needs_rows(overview, status),
                      explains(overview, status));
    view_status_tables(overview->tables, status, now, is_narrow(overview));
    view_status_world(overview->world, status, now);
}

/* Where the selection is after the lines have been made anew: on the same table or problem. */
static void select_again(struct overview *overview, int was, const char *name)
{
    int64_t above = targets_of(overview->needs);
    int64_t count = above + targets_of(overview->tables);
    const cJSON *tables = base_json_array(console_status(overview->screen.console), "tables");
    for (int64_t i = above; was >= VIEW_STATUS_TABLE && name && i < count; i++) {
        int line = line_of(overview->tables, i - above);
        int target = line < 0 ? 0 : overview->tables->lines[line].target;
        const cJSON *table = cJSON_GetArrayItem(tables, target - VIEW_STATUS_TABLE);
        if (strcmp(base_json_str_or(table, "name", ""), name) == 0)
            overview->rows.at = i;
    }
    for (int64_t i = above - 1; i >= 0 && overview->problem > 0; i--) {
        overview->rows.at = i; /* itself, or the last one above it that there is room for */
        if (overview->needs->lines[line_of(overview->needs, i)].target <= overview->problem)
            break;
    }
    draw_scroll_fit(&overview->rows, count, (int)count);
}

static void layout_none(struct overview *overview)
{
    draw_scroll_fit(&overview->list, (int64_t)overview->none->count, overview->screen.height);
}

static void layout_list(struct overview *overview)
{
    int height = overview->screen.height;
    int above = (int)overview->needs->count, rule = is_narrow(overview) && height < 10 ? 0 : 1;
    int tables = (int)overview->tables->count - 1; /* the first line holds the titles */
    int room = height - above - rule - 1;
    overview->legend = !is_narrow(overview) && tables > 0;
    if (is_narrow(overview) || room - WORLD_ROWS - overview->legend < TABLES_MIN)
        view_page_free(&overview->world);
    if (overview->world == NULL)
        overview->legend = overview->legend && room > tables;
    /* Letters that were learnt once are worth less than the last table of all. */
    if (overview->world && tables == room - WORLD_ROWS)
        overview->legend = false;
    room -= (overview->world ? WORLD_ROWS : 0) + overview->legend;
    overview->list_y = above + rule + 1;
    int64_t at = overview->rows.at - targets_of(overview->needs);
    int shown = room < 1 ? 1 : room;
    if (tables > shown && shown > 1)
        shown--; /* the last row says how many more there are */
    overview->list.at = at > 0 ? at : 0;
    if (at >= 0 && overview->rows.at == overview->rows.count - 1)
        overview->list.at = tables - 1; /* what stands below the last table */
    if (at < 0)
        overview->list.top = 0;
    draw_scroll_fit(&overview->list, tables > 0 ? tables : 0, shown);
}

void overview_layout(struct screen *screen)
{
    struct overview *overview = (struct overview *)screen;
    int64_t minute = console_now_us(screen->console) / MINUTE_US;
    bool same = !overview->stale && overview->minute == minute &&
                overview->made_width == screen->width && overview->made_height == screen->height;
    if (!same) {
        int was = overview_target(overview);
        make(overview);
        if (!overview_down(overview))
            select_again(overview, was, overview->selected);
        overview->stale = false;
        overview->minute = minute;
        overview->made_width = screen->width;
        overview->made_height = screen->height;
    }
    if (overview_down(overview))
        layout_none(overview);
    else if (overview->needs)
        layout_list(overview);
    overview_remember(overview);
}

/* --- drawing --- */

static void draw_needs(const struct overview *overview, struct draw_box body)
{
    int selected = overview->rows.at < targets_of(overview->needs)
                       ? line_of(overview->needs, overview->rows.at)
                       : -1;
    console_page_draw(overview->needs, body, 0, selected);
}

static void draw_tables(const struct overview *overview, struct draw_box body)
{
    int64_t above = targets_of(overview->needs);
    const struct draw_scroll *list = &overview->list;
    int y = overview->list_y, height = list->height;
    int selected =
        overview->rows.at >= above ? line_of(overview->tables, overview->rows.at - above) : -1;
    console_page_draw(overview->tables, draw_box_sub(body, 0, y - 1, body.width, 1), 0, -1);
    console_page_draw(overview->tables, draw_box_sub(body, 0, y, body.width, height),
                      1 + (int)list->top, selected);
    if (list->count > list->top + height)
        draw_printf(body, 2, y + height, DRAW_FAINT, "%lld more below",
                    (long long)(list->count - list->top - height));
    else if (list->top > 0)
        draw_printf(body, 2, y + height, DRAW_FAINT, "%lld more above", (long long)list->top);
}

static void draw_below(const struct overview *overview, struct draw_box body)
{
    const struct draw_scroll *list = &overview->list;
    int used = list->count > list->height ? list->height + 1 : (int)list->count;
    int y = overview->list_y + used;
    if (overview->legend) {
        draw_text(body, 2, y, DRAW_FAINT, view_status_legend());
        y++;
    }
    if (overview->world == NULL)
        return;
    draw_rule(body, y, NULL);
    console_page_draw(overview->world, draw_box_sub(body, 0, y + 1, body.width, WORLD_ROWS - 1), 0,
                      -1);
}

static void draw_empty(const struct overview *overview, struct draw_box body)
{
    bool waiting = console_status(overview->screen.console) == NULL;
    int y = waiting ? 1 : (int)overview->needs->count + 1;
    draw_text(body, 2, y, DRAW_PLAIN,
              waiting ? "asking the engine; this screen fills by itself"
                      : "No tables shared yet: 2 browses, 9 sets up");
    if (!waiting && overview->world) {
        draw_rule(body, y + 2, NULL);
        console_page_draw(overview->world, draw_box_sub(body, 0, y + 3, body.width, WORLD_ROWS - 1),
                          0, -1);
    }
}

void overview_draw(const struct screen *screen, struct draw_box body)
{
    const struct overview *overview = (const struct overview *)screen;
    if (overview_down(overview)) {
        console_page_draw(overview->none, body, (int)overview->list.top, -1);
        return;
    }
    if (overview->needs == NULL || overview->list.count == 0) {
        if (overview->needs)
            draw_needs(overview, body);
        draw_empty(overview, body);
        return;
    }
    draw_needs(overview, body);
    if (overview->list_y > (int)overview->needs->count + 1)
        draw_rule(body, overview->list_y - 2, NULL);
    draw_tables(overview, body);
    draw_below(overview, body);
}
