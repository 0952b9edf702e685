#include "ui/screen/audit.h"

#include "ui/view/audit.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Rows above the list: tabs, filter, titles. With hardly any room the list is all there is. */
static int head_rows(int height)
{
    return height >= 8 ? 3 : 0;
}

static const char *const tabs[] = {"Reads", NULL};

static const struct draw_column columns[] = {
    {.title = "TIME", .width = 6, .keep = 9},
    {.title = "ACTION", .width = 14, .grow = 1, .keep = 7},
    {.title = "OBJECT", .width = 16, .grow = 3, .keep = 8},
    {.title = "FROM", .width = 12, .keep = 4},
    {.title = "BY", .width = 6, .keep = 5},
    {.title = "VERDICT", .width = 7, .keep = 10},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

const cJSON *audit_row(const struct audit *audit, int64_t index)
{
    const cJSON *rows = base_json_array(audit->data, "rows");
    return rows && index >= 0 && index < cJSON_GetArraySize(rows)
               ? cJSON_GetArrayItem(rows, (int)index)
               : NULL;
}

bool audit_listed(const struct audit *audit)
{
    return audit->data && view_audit_exit(audit->data) == VIEW_EXIT_DONE &&
           cJSON_GetArraySize(base_json_array(audit->data, "rows")) > 0;
}

static struct view_page *detail_make(const struct audit *audit, int width)
{
    const cJSON *row = audit_row(audit, audit->list.at);
    if (audit_listed(audit) && row)
        return audit->whole ? view_audit_whole(row, width)
                            : view_audit_words(row, audit->data, width);
    if (audit->data || audit->err.code == ERR_OK)
        return view_audit_empty(audit->data, audit->filter != NULL, width);
    struct view_page *page = view_page_new(width);
    view_page_wrap(page, 2, STYLE_BAD, "%s", audit->err.message);
    view_page_wrap(page, 2, STYLE_PLAIN, "%s", base_err_hint_text(&audit->err));
    return page;
}

void audit_layout(struct screen *screen)
{
    struct audit *audit = (struct audit *)screen;
    int64_t count =
        audit_listed(audit) ? cJSON_GetArraySize(base_json_array(audit->data, "rows")) : 0;
    int room = screen->height - head_rows(screen->height);
    draw_scroll_fit(&audit->list, count, audit->list_height > 0 ? audit->list_height : 1);
    if (audit->stale || audit->detail == NULL || audit->made_width != screen->width ||
        audit->made_at != audit->list.at) {
        view_page_free(&audit->detail);
        audit->detail = detail_make(audit, screen->width);
        free(audit->reach);
        free(audit->counts);
        audit->reach = view_audit_reach(audit->data);
        audit->counts = view_audit_counts(audit->data);
        audit->made_width = screen->width;
        audit->made_at = audit->list.at;
        audit->stale = false;
    }
    /* The words never take more than half of the room, so that the list does not jump. */
    int words = head_rows(screen->height) == 0 ? 0 : room / 2 < 7 ? room / 2 : 7;
    audit->list_height = room - words > 1 ? room - words : 1;
    draw_scroll_fit(&audit->list, count, audit->list_height);
    int last = (int)audit->detail->count - (screen->height - 1);
    if (audit->top > last)
        audit->top = last;
    if (audit->top < 0)
        audit->top = 0;
}

static void filter_draw(const struct audit *audit, struct draw_box body)
{
    int right = draw_width(audit->counts), x = 0;
    const char *plain = "filter: 24 h, principal";
    if (audit->edit) {
        x = draw_text(body, 0, 1, DRAW_PLAIN, "filter: ");
        draw_edit_draw(audit->edit, body, x, 1, body.width - x);
        return;
    }
    if (audit->data == NULL)
        return;
    if (draw_width(plain) + right + 2 > body.width)
        plain = "24 h";
    x = draw_printf(body, 0, 1, DRAW_PLAIN, "%s%s%s", plain, audit->filter ? ", " : "",
                    audit->filter ? audit->filter : "");
    if (x + right + 2 <= body.width)
        draw_text(body, body.width - right, 1, DRAW_FAINT, audit->counts);
}

static void list_draw(const struct audit *audit, struct draw_box box, int first)
{
    int widths[COLUMNS];
    draw_columns_fit(columns, COLUMNS, box.width, 2, widths);
    if (first > 0)
        draw_columns_head(box, first - 1, columns, COLUMNS, 2, widths);
    for (int y = 0; y < audit->list_height; y++) {
        const cJSON *row = audit_row(audit, audit->list.top + y);
        struct view_audit_cells cells;
        if (row == NULL)
            break;
        view_audit_cells(row, &cells);
        enum draw_style style = cells.style == STYLE_BAD    ? DRAW_BAD
                                : cells.style == STYLE_WARN ? DRAW_WARN
                                                            : DRAW_PLAIN;
        const struct draw_field fields[COLUMNS] = {
            {DRAW_PLAIN, cells.time}, {DRAW_PLAIN, cells.action}, {DRAW_PLAIN, cells.object},
            {DRAW_PLAIN, cells.from}, {DRAW_PLAIN, cells.by},     {style, cells.verdict}};
        draw_columns_row(box, first + y, columns, COLUMNS, 2, widths, fields);
        if (audit->list.top + y == audit->list.at)
            draw_select(box, first + y);
    }
}

void audit_draw(const struct screen *screen, struct draw_box body)
{
    const struct audit *audit = (const struct audit *)screen;
    int head = head_rows(body.height);
    if (head || audit->whole)
        draw_tabs(body, 0, tabs, 0, audit->reach);
    if (audit->whole && audit_listed(audit)) {
        console_page_draw(audit->detail, draw_box_sub(body, 0, 1, body.width, body.height - 1),
                          audit->top, -1);
        return;
    }
    if (head || audit->edit)
        filter_draw(audit, body);
    if (!audit_listed(audit)) {
        console_page_draw(audit->detail,
                          draw_box_sub(body, 0, head, body.width, body.height - head), audit->top,
                          -1);
        return;
    }
    list_draw(audit, body, head);
    console_page_draw(audit->detail,
                      draw_box_sub(body, 0, head + audit->list_height, body.width,
                                   body.height - head - audit->list_height),
                      0, -1);
}
