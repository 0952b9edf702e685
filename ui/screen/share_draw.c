/* What 3 Share looks like. */
#include "ui/screen/share.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/plan.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line of what was selected; a narrow page may have fewer lines of it. */
static void find_anchor(struct share *share)
{
    const struct view_page *page = share->page;
    int64_t at = 0, count = (int64_t)page->count;
    if (share->anchor == 0)
        return;
    while (at < count && page->lines[at].target != share->anchor)
        at++;
    if (at == count)
        return;
    for (int i = 0;
         i < share->anchor_offset && at + 1 < count && page->lines[at + 1].target == share->anchor;
         i++)
        at++;
    share->lines.at = at;
}

static void layout_plan(struct share *share)
{
    int64_t now = console_now_us(share->screen.console);
    view_page_free(&share->page);
    share->page = view_page_new(share->screen.width);
    share->applied_lines = 0;
    if (share->applied) {
        view_plan_applied(share->page, share->applied);
        share->applied_lines = (int64_t)share->page->count;
    }
    if (share->plan) {
        view_plan(share->page, share->plan, now);
    } else if (share->plan_error) {
        view_page_line(share->page, STYLE_BAD, "  The plan could not be made.");
        view_page_wrap(share->page, 2, STYLE_PLAIN, "%s", share->plan_error);
        view_page_line(share->page, STYLE_PLAIN, "  r tries again");
    } else {
        view_page_line(share->page, STYLE_FAINT, "  planning: the engine looks at what is missing");
    }
    if (share->plan && base_json_i64_or(share->plan, "changes", 0) == 0)
        view_page_line(share->page, STYLE_PLAIN,
                       "  2 opens Browse, where Space ticks tables for the share");
    find_anchor(share);
    draw_scroll_fit(&share->lines, (int64_t)share->page->count, share->screen.height - 1);
    while (share->lines.at + 1 < share->lines.count &&
           share->page->lines[share->lines.at].kind == VIEW_LINE_RULE)
        share->lines.at++;
    draw_scroll_fit(&share->lines, (int64_t)share->page->count, share->screen.height - 1);
}

void share_layout(struct screen *screen)
{
    struct share *share = (struct share *)screen;
    static const struct draw_column all[SHARE_COLUMNS] = {
        [SHARE_NAME] = {"TABLE", 30, 3, 9, false},    [SHARE_MODE] = {"MODE", 6, 0, 4, false},
        [SHARE_WHOLE] = {"WHOLE TO", 8, 0, 7, false}, [SHARE_STATE] = {"STATE", 10, 0, 8, false},
        [SHARE_NEXT] = {"NEXT", 8, 0, 3, false},      [SHARE_COUNT] = {"COLUMNS", 7, 0, 2, true},
        [SHARE_FILTER] = {"FILTER", 20, 2, 1, false},
    };
    int height = screen->height;
    memcpy(share->columns, all, sizeof all);
    draw_columns_fit(share->columns, SHARE_COLUMNS, screen->width, SHARE_INDENT, share->widths);
    share->block = height >= 17 ? 4 : height >= 11 ? 3 : 0;
    share->rows = height - 2 - share->block;
    if (share->rows < 1)
        share->rows = 1;
    draw_scroll_fit(&share->tables, cJSON_GetArraySize(base_json_array(share->list, "tables")),
                    share->rows);
    layout_plan(share);
}

/* "02:00Z" of today, "21 Nov" before. */
static const char *moment(const char *rfc3339, int64_t now_us, char out[24])
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t us = 0;
    int year, month, day;
    if (rfc3339 == NULL || base_time_parse(rfc3339, &us) != 0)
        return rfc3339 ? rfc3339 : "-"; /* "by hand", "held" */
    int64_t minutes = us / 60000000;
    if (us <= now_us && now_us - us > INT64_C(86400000000)) {
        base_time_civil(minutes / 1440, &year, &month, &day);
        snprintf(out, 24, "%02d %s", day, months[(month + 11) % 12]);
    } else {
        snprintf(out, 24, "%02d:%02dZ", (int)(minutes / 60 % 24), (int)(minutes % 60));
    }
    return out;
}

static enum draw_style style_of(const char *state)
{
    return strcmp(state, "failed") == 0 || strcmp(state, "held") == 0 ? DRAW_BAD
           : strcmp(state, "done") == 0                               ? DRAW_GOOD
                                                                      : DRAW_PLAIN;
}

static void draw_row(const struct share *share, const cJSON *table, struct draw_box box, int y)
{
    const char *name = base_json_str_or(table, "name", "");
    const cJSON *state = share_state_of(share, name), *list = base_json_array(table, "columns");
    int64_t now = console_now_us(share->screen.console);
    char draft = share_draft_of(share, name), whole[24], next[24], count[24] = "all";
    const char *word = base_json_bool_or(table, "paused", false)
                           ? "paused"
                           : base_json_str_or(state, "state", "never run");
    struct draw_field fields[SHARE_COLUMNS] = {{DRAW_PLAIN, NULL}};
    if (list)
        snprintf(count, sizeof count, "%d", cJSON_GetArraySize(list));
    fields[SHARE_NAME].text = name;
    fields[SHARE_MODE].text = base_json_str(table, "mode");
    fields[SHARE_WHOLE].text = moment(base_json_str(state, "whole_to"), now, whole);
    fields[SHARE_STATE] = (struct draw_field){style_of(word), word};
    fields[SHARE_NEXT].text = moment(base_json_str(state, "next"), now, next);
    fields[SHARE_COUNT].text = count;
    fields[SHARE_FILTER].text = base_json_str(table, "filter");
    draw_columns_row(box, y, share->columns, SHARE_COLUMNS, SHARE_INDENT, share->widths, fields);
    if (draft != ' ')
        draw_text(box, 2, y, draft == '+' ? DRAW_GOOD : DRAW_WARN, draft == '+' ? "+" : "-");
}

/* How the selected table is synced, and how it stands. */
static void draw_block(const struct share *share, struct draw_box box)
{
    const cJSON *table = share_table(share), *each;
    const char *name = base_json_str_or(table, "name", "");
    const cJSON *state = share_state_of(share, name);
    struct buf columns;
    int x;
    draw_rule(box, 0, name);
    x = draw_printf(box, 0, 1, DRAW_PLAIN, "mode %s", base_json_str_or(table, "mode", "-"));
    if (base_json_str(table, "filter"))
        draw_printf(box, x, 1, DRAW_PLAIN, ", only rows where %s", base_json_str(table, "filter"));
    base_buf_init(&columns, 4096);
    cJSON_ArrayForEach(each, base_json_array(table, "columns"))
    {
        if (cJSON_IsString(each))
            (void)base_buf_printf(&columns, "%s%s", columns.len ? ", " : "", each->valuestring);
    }
    if (base_json_get(state, "error")) {
        char *error = view_error_text(state, "error");
        draw_printf(box, 0, 2, DRAW_BAD, "last run failed: %s", error);
        free(error);
    } else {
        draw_printf(box, 0, 2, DRAW_PLAIN, "columns %s", columns.len ? columns.data : "all");
    }
    base_buf_free(&columns);
    if (share_draft_of(share, name) == '-')
        draw_text(box, 0, 3, DRAW_WARN, "draft: leaves the share; its files stay where they are");
}

static void draw_tables(const struct share *share, struct draw_box body)
{
    const cJSON *tables = base_json_array(share->list, "tables");
    if (share->tables.count == 0) {
        bool here = share->list != NULL;
        draw_text(body, 2, 2, share->list_error ? DRAW_BAD : DRAW_PLAIN,
                  share->list_error ? "The share could not be read."
                  : here            ? "No table is shared yet."
                                    : "asking the engine for the share");
        draw_text(body, 2, 3, DRAW_PLAIN,
                  share->list_error ? share->list_error
                  : here            ? "2 opens Browse: Space ticks tables, p plans them"
                                    : "");
        return;
    }
    draw_columns_head(body, 1, share->columns, SHARE_COLUMNS, SHARE_INDENT, share->widths);
    struct draw_box list = draw_box_sub(body, 0, 2, body.width, share->rows);
    for (int y = 0; y < list.height; y++) {
        const cJSON *table = cJSON_GetArrayItem(tables, (int)share->tables.top + y);
        if (table == NULL)
            break;
        draw_row(share, table, list, y);
        if (share->tables.top + y == share->tables.at)
            draw_select(list, y);
    }
    if (share->block > 0 && share_table(share))
        draw_block(share, draw_box_sub(body, 0, 2 + share->rows, body.width, share->block));
}

void share_draw(const struct screen *screen, struct draw_box body)
{
    const struct share *share = (const struct share *)screen;
    char tables[40], plan[40] = "Plan", head[200] = "";
    const char *const names[] = {tables, plan, NULL};
    int64_t now = console_now_us(screen->console);
    if (share->list)
        snprintf(tables, sizeof tables, "Tables %d",
                 cJSON_GetArraySize(base_json_array(share->list, "tables")));
    else
        snprintf(tables, sizeof tables, "Tables");
    if (share->planning && share->plan)
        snprintf(head, sizeof head, "planning again");
    else if (share->plan)
        view_plan_head(share->plan, now, head, sizeof head);
    draw_tabs(body, 0, names, share->tab, head);
    if (!share_is_plan(share))
        draw_tables(share, body);
    else if (share->page)
        console_page_draw(share->page, draw_box_sub(body, 0, 1, body.width, body.height - 1),
                          (int)share->lines.top, (int)share->lines.at);
}
