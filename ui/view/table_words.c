/* show, preview, share */
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"

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

static void privileges_print(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "privileges"))
    {
        const char *type = base_json_str(each, "inherited_type");
        view_line(out, "  %s to %s%s%s%s%s", base_json_str_or(each, "privilege", ""),
                  base_json_str_or(each, "principal", ""), type ? ", from " : "", type ? type : "",
                  type ? " " : "", type ? base_json_str_or(each, "inherited_name", "") : "");
    }
    if (base_json_get(data, "privileges_error")) {
        char *error = view_error_text(data, "privileges_error");
        view_line(out, "  not known: %s", error);
        free(error);
    }
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

void view_show(struct view_out *out, const cJSON *data)
{
    char time[32], rows[24];
    view_put(out, STYLE_HEAD, "%s", base_json_str_or(data, "name", ""));
    view_put(out, STYLE_PLAIN, "  %s %s, owner %s, changed %s%s",
             base_json_str_or(data, "type", "-"), base_json_str_or(data, "format", ""),
             base_json_str_or(data, "owner", "-"), view_time(base_json_str(data, "updated"), time),
             base_json_bool_or(data, "shared", false) ? ", shared" : "");
    view_end(out);
    if (base_json_str(data, "comment"))
        view_line(out, "  %s", base_json_str(data, "comment"));
    if (base_json_bool_or(data, "browse_only", false))
        view_line(out, "  the principal may see this table, not read it");
    if (base_json_str(data, "row_filter"))
        view_line(out, "  rows are filtered by %s", base_json_str(data, "row_filter"));
    if (base_json_get(data, "stats"))
        view_line(out, "  %s rows", view_rows(base_json_get(data, "stats"), "rows", rows));
    view_end(out);
    columns_print(out, data);
    view_end(out);
    view_line(out, "privileges");
    privileges_print(out, data);
    view_line(out, "versions");
    versions_print(out, data);
}

static void preview_row(struct view_table *table, const cJSON *row, size_t count)
{
    const char **cells = base_alloc_zero(count + 1, sizeof *cells);
    size_t i = 0;
    const cJSON *each;
    cJSON_ArrayForEach(each, row)
    {
        if (i < count)
            cells[i++] = !cJSON_IsString(each)          ? "NULL"
                         : each->valuestring[0] == '\0' ? "''"
                                                        : each->valuestring;
    }
    view_table_row(table, STYLE_PLAIN, cells);
    free(cells);
}

void view_preview(struct view_out *out, const cJSON *data)
{
    const cJSON *columns = base_json_array(data, "columns"), *each;
    size_t count = (size_t)cJSON_GetArraySize(columns), i = 0;
    char **names = base_alloc_zero(count + 1, sizeof *names);
    cJSON_ArrayForEach(each, columns)
    {
        /* A name of the workspace must not be taken for the mark of a right-aligned column. */
        const char *name = base_json_str_or(each, "name", "");
        names[i++] = base_printf("%s%s", name[0] == '>' ? " " : "", name);
    }
    struct view_table *table = view_table_new((const char *const *)names);
    cJSON_ArrayForEach(each, base_json_array(data, "rows")) preview_row(table, each, count);
    view_table_print(&table, out);
    view_line(out, "%d rows of %s, %s%s", cJSON_GetArraySize(base_json_array(data, "rows")),
              base_json_str_or(data, "table", ""),
              base_json_bool_or(data, "masked", true)
                  ? "values masked (--reveal shows them, recorded)"
                  : "revealed; this look is in the operator log",
              base_json_bool_or(data, "cut", false) ? ", cut" : "");
    for (i = 0; i < count; i++)
        free(names[i]);
    free(names);
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
        view_line(out, "%lld changes made", changes);
    else
        view_line(out, "%lld changes to make", changes);
}
