/* Tab Columns: names, types, what can be synced and why not; a filter behind `/`. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME, TYPE, NULLS, SYNC, COMMENT, LIST_COLUMNS };
static const struct draw_column list_columns[LIST_COLUMNS] = {
    [NAME] = {"COLUMN", 24, 2, 9, false},     [TYPE] = {"TYPE", 14, 1, 8, false},
    [NULLS] = {"NULLS", 5, 0, 4, false},      [SYNC] = {"SYNC", 10, 0, 7, false},
    [COMMENT] = {"COMMENT", 14, 4, 2, false},
};
#define INDENT 2
#define FILTER_MAX 200

static const cJSON *columns_of(const struct table *table)
{
    return base_json_array(table->show.data, "columns");
}

/* Why a column is not synced; NULL: it is. */
static const char *not_synced(const cJSON *column)
{
    const char *type = base_json_str_or(column, "type", "");
    if (base_json_bool_or(column, "syncable", true))
        return strcmp(type, "VOID") == 0 ? "left out" : NULL;
    return strncmp(type, "ARRAY", 5) == 0 || strncmp(type, "MAP", 3) == 0 ||
                   strncmp(type, "STRUCT", 6) == 0
               ? "no: nested"
               : "no: type";
}

static bool holds(const char *text, const char *lower)
{
    char *own = base_text_clean_dup(text, 1000);
    base_text_lower(own);
    bool found = strstr(own, lower) != NULL;
    free(own);
    return found;
}

static bool matches(const cJSON *column, const char *lower)
{
    const char *why = not_synced(column);
    return lower[0] == '\0' || holds(base_json_str_or(column, "name", ""), lower) ||
           holds(base_json_str_or(column, "type", ""), lower) ||
           holds(base_json_str_or(column, "comment", ""), lower) || (why && strstr(why, lower));
}

static void filter_apply(struct table *table)
{
    const cJSON *columns = columns_of(table), *each;
    size_t index = 0, count = (size_t)cJSON_GetArraySize(columns);
    char *lower = base_strdup(table->columns.edit     ? draw_edit_text(table->columns.edit)
                              : table->columns.filter ? table->columns.filter
                                                      : "");
    base_text_lower(lower);
    free(table->columns.shown);
    table->columns.shown = base_alloc_zero(count + 1, sizeof *table->columns.shown);
    table->columns.count = 0;
    cJSON_ArrayForEach(each, columns)
    {
        if (matches(each, lower))
            table->columns.shown[table->columns.count++] = index;
        index++;
    }
    free(lower);
}

static void columns_enter(struct table *table)
{
    filter_apply(table);
}

static const cJSON *selected(const struct table *table)
{
    size_t at = (size_t)table->columns.scroll.at;
    return at < table->columns.count
               ? cJSON_GetArrayItem(columns_of(table), (int)table->columns.shown[at])
               : NULL;
}

static const char *columns_refuse(const struct table *table, enum view_action action)
{
    switch ((int)action) {
    case VIEW_ACTION_FILTER:
        return columns_of(table) ? NULL : "there are no columns to filter";
    case VIEW_ACTION_COPY:
        return selected(table) ? NULL : "no column is selected";
    case VIEW_ACTION_CLOSE:
        return table->columns.edit || table->columns.filter ? NULL : "";
    case VIEW_ACTION_EXPORT:
        return columns_of(table) ? NULL : "there are no columns to write";
    default:
        return "";
    }
}

static void filter_end(struct table *table, bool keep)
{
    free(table->columns.filter);
    table->columns.filter = keep && table->columns.edit && draw_edit_text(table->columns.edit)[0]
                                ? base_strdup(draw_edit_text(table->columns.edit))
                                : NULL;
    draw_edit_free(&table->columns.edit);
    filter_apply(table);
}

/* "name,type,nullable,comment" a line. */
static char *columns_csv(const struct table *table)
{
    struct buf csv;
    const cJSON *each;
    base_buf_init(&csv, (size_t)8 << 20);
    (void)base_buf_text(&csv, "name,type,nullable,syncable,comment\r\n");
    cJSON_ArrayForEach(each, columns_of(table))
    {
        const char *fields[] = {
            base_json_str_or(each, "name", ""), base_json_str_or(each, "type", ""),
            base_json_bool_or(each, "nullable", true) ? "true" : "false",
            not_synced(each) ? "false" : "true", base_json_str_or(each, "comment", "")};
        for (size_t i = 0; i < base_countof(fields); i++)
            view_csv_field(&csv, fields[i], i == 0);
        (void)base_buf_text(&csv, "\r\n");
    }
    return base_buf_take(&csv, NULL);
}

static void columns_act(struct table *table, enum view_action action)
{
    if (action == VIEW_ACTION_FILTER) {
        draw_edit_free(&table->columns.edit);
        table->columns.edit =
            draw_edit_new(table->columns.filter ? table->columns.filter : "", FILTER_MAX, false);
    } else if (action == VIEW_ACTION_COPY) {
        console_copy(table->screen.console, base_json_str_or(selected(table), "name", ""));
    } else if (action == VIEW_ACTION_CLOSE) {
        filter_end(table, false);
    } else if (action == VIEW_ACTION_EXPORT) {
        char *csv = columns_csv(table);
        console_export(table->screen.console, "columns.csv", csv);
        free(csv);
    }
}

static bool columns_key(struct table *table, const struct term_key *key)
{
    bool enter = key->kind == TERM_KEY_ENTER ||
                 (key->kind == TERM_KEY_CHAR && (key->codepoint == '\r' || key->codepoint == '\n'));
    if (table->columns.edit == NULL)
        return false;
    if (enter || key->kind == TERM_KEY_ESCAPE) {
        filter_end(table, enter);
        return true;
    }
    if (!draw_edit_key(table->columns.edit, key))
        return false;
    filter_apply(table);
    return true;
}

static void columns_move(struct table *table, enum draw_move move)
{
    (void)draw_scroll_move(&table->columns.scroll, move);
}

static void detail_make(struct table *table, int width)
{
    const cJSON *column = selected(table);
    const char *why = not_synced(column);
    struct view_page *page = view_page_new(width);
    view_page_free(&table->columns.detail);
    table->columns.detail = page;
    if (column == NULL)
        return;
    view_page_rule(page, "%s", base_json_str_or(column, "name", ""));
    view_page_line(page, STYLE_PLAIN, "  type     %s%s", base_json_str_or(column, "type", ""),
                   base_json_bool_or(column, "nullable", true) ? "" : ", NOT NULL");
    if (why && strcmp(why, "left out") == 0)
        view_page_line(page, STYLE_PLAIN, "  sync     left out: VOID has no values");
    else if (why)
        view_page_line(
            page, STYLE_WARN,
            "  sync     TYPE_UNSUPPORTED: share this table without it (share add --column)");
    else if (base_json_str(column, "mask"))
        view_page_line(page, STYLE_WARN, "  mask     %s: the principal reads what it returns",
                       base_json_str_or(column, "mask", ""));
    if (base_json_str(column, "comment"))
        view_page_wrap(page, 2, STYLE_FAINT, "%s", base_json_str_or(column, "comment", ""));
}

static void columns_layout(struct table *table, int width, int height)
{
    int block = height >= 18 ? 5 : height >= 12 ? 3 : 0;
    bool field = table->columns.edit || table->columns.filter;
    int rows = height - 1 - block - (field ? 1 : 0);
    if (table->columns.shown == NULL)
        filter_apply(table);
    draw_columns_fit(list_columns, LIST_COLUMNS, width, INDENT, table->columns.widths);
    draw_scroll_fit(&table->columns.scroll, (int64_t)table->columns.count, rows < 1 ? 1 : rows);
    detail_make(table, width);
}

static void empty_draw(const struct table *table, struct draw_box box)
{
    struct view_page *page = view_page_new(box.width);
    if (table->show.data == NULL && table->show.failed)
        table_error(page, "NOT KNOWN", &table->show.err, "r asks again");
    else if (table->show.data == NULL &&
             table_waiting(page, &table->show, "asking for its columns"))
        ;
    else if (columns_of(table) == NULL) {
        view_page_blank(page);
        view_page_wrap(page, 2, STYLE_WARN,
                       "The principal cannot see the columns of this table. The Access tab (Tab) "
                       "says what it lacks.");
    } else {
        view_page_blank(page);
        view_page_wrap(page, 2, STYLE_PLAIN,
                       table->columns.filter || table->columns.edit
                           ? "No column matches the filter; Esc ends it."
                           : "The table has no columns.");
    }
    console_page_draw(page, box, 0, -1);
    view_page_free(&page);
}

static void row_draw(const struct table *table, struct draw_box box, int y, const cJSON *column)
{
    const char *why = not_synced(column), *mask = base_json_str(column, "mask");
    struct draw_field fields[LIST_COLUMNS] = {
        [NAME] = {DRAW_PLAIN, base_json_str_or(column, "name", "")},
        [TYPE] = {DRAW_PLAIN, base_json_str_or(column, "type", "")},
        [NULLS] = {DRAW_PLAIN, base_json_bool_or(column, "nullable", true) ? "yes" : "no"},
        [SYNC] = {why || mask ? DRAW_WARN : DRAW_GOOD, why    ? why
                                                       : mask ? "masked"
                                                              : "yes"},
        [COMMENT] = {DRAW_FAINT, base_json_str_or(column, "comment", "")}};
    draw_columns_row(box, y, list_columns, LIST_COLUMNS, INDENT, table->columns.widths, fields);
}

static void columns_draw(const struct table *table, struct draw_box box)
{
    const struct draw_scroll *scroll = &table->columns.scroll;
    int y = 0;
    if (table->columns.edit) {
        int x = draw_text(box, 0, y, DRAW_HEAD, "filter: ");
        draw_edit_draw(table->columns.edit, box, x, y++, box.width - x);
    } else if (table->columns.filter) {
        draw_printf(box, 0, y++, DRAW_HEAD, "filter: %s  (%zu of %d; Esc ends it)",
                    table->columns.filter, table->columns.count,
                    cJSON_GetArraySize(columns_of(table)));
    }
    if (table->columns.count == 0) {
        empty_draw(table, draw_box_sub(box, 0, y, box.width, box.height - y));
        return;
    }
    draw_columns_head(box, y++, list_columns, LIST_COLUMNS, INDENT, table->columns.widths);
    const cJSON *column = NULL;
    for (int i = 0; i < scroll->height && scroll->top + i < scroll->count; i++) {
        size_t index = table->columns.shown[scroll->top + i];
        column = column && index == table->columns.shown[scroll->top + i - 1] + 1
                     ? column->next
                     : cJSON_GetArrayItem(columns_of(table), (int)index);
        row_draw(table, box, y + i, column);
        if (scroll->top + i == scroll->at && table->columns.edit == NULL)
            draw_select(box, y + i);
    }
    if (table->columns.detail)
        console_page_draw(
            table->columns.detail,
            draw_box_sub(box, 0, y + scroll->height, box.width, box.height - y - scroll->height), 0,
            -1);
}

static void columns_status(const struct table *table, struct buf *out)
{
    const cJSON *each, *column = selected(table);
    int refused = 0;
    if (column == NULL)
        return;
    cJSON_ArrayForEach(each, columns_of(table))
    {
        refused += !base_json_bool_or(each, "syncable", true);
    }
    (void)base_buf_printf(out, "column %lld of %zu", (long long)table->columns.scroll.at + 1,
                          table->columns.count);
    if (refused)
        (void)base_buf_printf(out, "; %d cannot be synced yet", refused);
    else
        (void)base_buf_text(out, "; all can be synced");
}

static size_t columns_hints(const struct table *table, enum view_action out[], size_t max)
{
    static const enum view_action list[] = {VIEW_ACTION_FILTER, VIEW_ACTION_COPY,
                                            VIEW_ACTION_EXPORT};
    (void)table;
    return screen_hints(list, base_countof(list), out, max);
}

static void columns_right(const struct table *table, struct buf *out)
{
    int count = cJSON_GetArraySize(columns_of(table));
    if (count)
        (void)base_buf_printf(out, "%d columns", count);
}

const struct table_tab_ops table_tab_columns = {
    .name = "Columns",
    .word = "columns",
    .enter = columns_enter,
    .refuse = columns_refuse,
    .act = columns_act,
    .move = columns_move,
    .layout = columns_layout,
    .draw = columns_draw,
    .status = columns_status,
    .hints = columns_hints,
    .right = columns_right,
    .key = columns_key,
};
