/* show, preview, share */
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/vec.h"
#include "ui/view/grid.h"
#include "ui/view/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void columns_print(struct view_out *out, const cJSON *data)
{
    static const char *const names[] = {"column", "type", ">nulls", "note", "comment", NULL};
    struct view_table *table = view_table_new(names);
    const cJSON *nulls = base_json_get(base_json_get(data, "stats"), "nulls"), *each;
    cJSON_ArrayForEach(each, base_json_array(data, "columns"))
    {
        char count[24];
        bool syncable = base_json_bool_or(each, "syncable", true);
        const char *name = base_json_str_or(each, "name", "");
        const char *note = !syncable                                   ? "cannot be synced yet"
                           : base_json_str(each, "mask")               ? "masked"
                           : base_json_bool_or(each, "nullable", true) ? ""
                                                                       : "NOT NULL";
        const char *cells[] = {name, base_json_str(each, "type"), view_rows(nulls, name, count),
                               note, base_json_str_or(each, "comment", "")};
        view_table_row(table, syncable ? STYLE_PLAIN : STYLE_WARN, cells);
    }
    view_table_print(&table, out);
}

static void versions_print(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "versions"))
    {
        view_line(out, "  version %lld  %s  %s", (long long)base_json_i64_or(each, "version", -1),
                  base_json_str_or(each, "time", "-"), base_json_str_or(each, "operation", "-"));
    }
    if (base_json_get(data, "versions_error")) {
        char *error = view_error_text(data, "versions_error");
        view_line(out, "  not known: %s", error);
        free(error);
    } else if (base_json_array(data, "versions") == NULL) {
        view_line(out, "  not asked: the warehouse is %s",
                  base_json_str_or(data, "warehouse_state", "not chosen"));
    }
}

static void facts_print(struct view_out *out, const cJSON *data)
{
    char time[32], rows[24];
    view_put(out, STYLE_HEAD, "%s", base_json_str_or(data, "name", ""));
    if (base_json_str(data, "type"))
        view_put(out, STYLE_PLAIN, "  %s %s, owner %s, changed %s",
                 base_json_str_or(data, "type", "-"), base_json_str_or(data, "format", ""),
                 base_json_str_or(data, "owner", "-"),
                 view_time(base_json_str(data, "updated"), time));
    view_put(out, STYLE_PLAIN, "%s", base_json_bool_or(data, "shared", false) ? ", shared" : "");
    view_end(out);
    if (base_json_str(data, "comment"))
        view_line(out, "  %s", base_json_str(data, "comment"));
    if (base_json_str(data, "seen_as") && strcmp(base_json_str(data, "seen_as"), "principal") != 0)
        view_line(out, "  seen as the %s: the principal does not see it",
                  base_json_str(data, "seen_as"));
    if (base_json_get(data, "stats"))
        view_line(out, "  %s rows", view_rows(base_json_get(data, "stats"), "rows", rows));
}

void view_show(struct view_out *out, const cJSON *data)
{
    int64_t asked = 0;
    const cJSON *tried = base_json_get(base_json_get(data, "access"), "tried");
    if (base_json_str(tried, "time"))
        (void)base_time_parse(base_json_str(tried, "time"), &asked);
    facts_print(out, data);
    if (base_json_get(data, "access")) {
        struct view_page *page = view_page_new(80);
        view_page_blank(page);
        view_verdict(page, data, asked);
        view_page_print(page, out);
        view_page_free(&page);
    }
    if (base_json_array(data, "columns")) {
        view_end(out);
        columns_print(out, data);
    }
    const char *verdict = base_json_str_or(base_json_get(data, "access"), "verdict", "");
    if (base_json_get(data, "versions") || base_json_get(data, "versions_error") ||
        (strcmp(verdict, "readable") == 0 &&
         strcmp(base_json_str_or(data, "warehouse_state", ""), "RUNNING") != 0)) {
        view_end(out);
        view_line(out, "versions");
        versions_print(out, data);
    }
}

static void preview_table(struct view_out *out, const struct view_grid *grid)
{
    char **names = base_alloc_zero(grid->column_count + 1, sizeof *names);
    const char **cells = base_alloc_zero(grid->column_count + 1, sizeof *cells);
    for (size_t c = 0; c < grid->column_count; c++) {
        /* A name of the workspace must not be taken for the mark of a right-aligned column. */
        const char *name = grid->columns[c].name;
        names[c] = base_printf("%s%s", name[0] == '>' ? " " : "", name);
    }
    struct view_table *table = view_table_new((const char *const *)names);
    for (size_t r = 0; r < grid->row_count; r++) {
        for (size_t c = 0; c < grid->column_count; c++) {
            const struct view_cell *cell = view_grid_cell(grid, r, c);
            cells[c] = cell->text && cell->text[0] ? cell->text : cell->shown;
        }
        view_table_row(table, STYLE_PLAIN, cells);
    }
    view_table_print(&table, out);
    for (size_t c = 0; c < grid->column_count; c++)
        free(names[c]);
    free(names);
    free(cells);
}

/* Whether the rows fit side by side into 80 columns; else they are folded to records. */
static bool preview_fits(const struct view_grid *grid)
{
    int width = 0;
    for (size_t c = 0; c < grid->column_count && width <= 80; c++)
        width += grid->columns[c].width + (c ? 2 : 0);
    return width <= 80;
}

void view_preview(struct view_out *out, const cJSON *data)
{
    struct view_grid *grid = view_grid_new(data);
    if (out->plain || preview_fits(grid)) {
        preview_table(out, grid);
    } else {
        struct view_page *page = view_page_new(80);
        for (size_t r = 0; r < grid->row_count; r++) {
            view_page_rule(page, "record %zu of %zu", r + 1, grid->row_count);
            view_grid_record(page, grid, r);
        }
        view_page_print(page, out);
        view_page_free(&page);
    }
    view_line(out, "%zu row%s of %s, %s%s", grid->row_count, grid->row_count == 1 ? "" : "s",
              base_json_str_or(data, "table", ""),
              grid->masked ? "values masked (--reveal shows them, recorded)"
                           : "revealed; this look is in the operator log",
              base_json_bool_or(data, "cut", false) ? "; there were more than fit an answer" : "");
    view_grid_free(&grid);
}

void view_share_list(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {"table", "mode", "columns", "filter", "state", NULL};
    struct view_table *table = view_table_new(columns);
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        char count[24] = "all";
        const cJSON *list = base_json_array(each, "columns");
        if (list)
            snprintf(count, sizeof count, "%d", cJSON_GetArraySize(list));
        const char *cells[] = {base_json_str(each, "name"), base_json_str(each, "mode"), count,
                               base_json_str(each, "filter"),
                               base_json_bool_or(each, "paused", false) ? "paused" : "on"};
        view_table_row(table, STYLE_PLAIN, cells);
    }
    view_table_print(&table, out);
    view_line(out, "%d tables, kept in %s%s", cJSON_GetArraySize(base_json_array(data, "tables")),
              base_json_str_or(data, "file", ""),
              strcmp(base_json_str_or(data, "managed_by", ""), "file") == 0
                  ? " (managed by the file: change it there)"
                  : "");
}

static void share_item(struct view_out *out, const cJSON *item)
{
    const char *action = base_json_str_or(item, "action", "none");
    const char *sign = strcmp(action, "add") == 0 ? "+" : strcmp(action, "remove") == 0 ? "-" : "=";
    view_line(out, "%s %s%s", sign, base_json_str_or(item, "name", ""),
              strcmp(action, "none") == 0 ? "  (nothing to do)" : "");
    if (base_json_get(item, "error")) {
        char *error = view_error_text(item, "error");
        const cJSON *each;
        view_put(out, STYLE_WARN, "    the principal cannot read it yet: %s", error);
        view_end(out);
        cJSON_ArrayForEach(each, base_json_array(item, "grants"))
        {
            view_line(out, "    %s", cJSON_IsString(each) ? each->valuestring : "");
        }
        free(error);
    }
    if (base_json_get(item, "refused")) {
        char *error = view_error_text(item, "refused");
        view_put(out, STYLE_WARN, "    %s", error);
        view_end(out);
        free(error);
    }
}

void view_share_plan(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "plan")) share_item(out, each);
    long long changes = (long long)base_json_i64_or(data, "changes", 0);
    if (changes == 0)
        view_line(out, "nothing to change");
    else if (base_json_bool_or(data, "changed", false))
        view_line(out, "%lld change%s made", changes, changes == 1 ? "" : "s");
    else
        view_line(out, "%lld change%s to make", changes, changes == 1 ? "" : "s");
}
