/* What 2 Browse looks like. */
#include "ui/screen/browse.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <string.h>

static enum draw_style style_of(enum view_style style)
{
    static const enum draw_style styles[] = {
        [STYLE_PLAIN] = DRAW_PLAIN, [STYLE_HEAD] = DRAW_HEAD, [STYLE_GOOD] = DRAW_GOOD,
        [STYLE_WARN] = DRAW_WARN,   [STYLE_BAD] = DRAW_BAD,   [STYLE_FAINT] = DRAW_FAINT,
    };
    return styles[style];
}

/* What a line says that is no row. */
const char *browse_line_text(const struct browse *browse, const struct browse_line *line, char *out,
                             size_t size)
{
    const struct browse_list *list = browse_shown(browse);
    struct browse_line above;
    const cJSON *row =
        line->above >= 0 && browse_tree_line(list->tree, line->above, &above) ? above.row : NULL;
    const cJSON *error = base_json_get(row, "error");
    if (line->kind == BROWSE_WAIT)
        snprintf(out, size, "not here yet");
    else if (line->kind == BROWSE_ERROR)
        snprintf(out, size, "could not be read: %s; r tries again", line->error);
    else if (error)
        snprintf(out, size, "could not be listed: %s (%s); r tries again",
                 base_json_str_or(error, "message", ""), base_json_str_or(error, "code", ""));
    else if (strncmp(base_json_str_or(row, "access", ""), "no_", 3) == 0 ||
             strcmp(base_json_str_or(row, "access", ""), "hidden") == 0)
        snprintf(out, size, "nothing the principal may see: %s", view_tree_why(row));
    else if (line->kind == BROWSE_UNREAD)
        snprintf(out, size, "never read: r reads it");
    else
        snprintf(out, size, "empty");
    return out;
}

static void draft_text(const struct browse *browse, char *out, size_t size)
{
    bool by = browse->author && browse->author[0] && browse->screen.width >= 72;
    out[0] = '\0';
    if (browse->add + browse->remove > 0)
        snprintf(out, size,
                 browse->screen.width < 72 ? "draft +%lld -%lld%s%s: p"
                                           : "draft +%lld -%lld%s%s: p plans it",
                 (long long)browse->add, (long long)browse->remove, by ? " by " : "",
                 by ? browse->author : "");
}

static void summary_text(const struct browse *browse, char *out, size_t size)
{
    char age[24];
    long long tables = browse->tables > 0 ? (long long)browse->tables : 0;
    const char *fetched = browse_tree_fetched(browse->all.tree);
    if (browse->found.tree) {
        int64_t total = browse_tree_total(browse->found.tree);
        if (total < 0)
            snprintf(out, size, "filter: %s   searching", browse->filter);
        else
            snprintf(out, size, "filter: %s   %lld found; Esc ends it", browse->filter,
                     (long long)total);
    } else if (browse->refreshing && browse->refreshed >= 0) {
        snprintf(out, size, "reading the workspace: %lld tables so far",
                 (long long)browse->refreshed);
    } else if (browse->refreshing) {
        snprintf(out, size, "%lld tables, reading the workspace again", tables);
    } else if (fetched && browse_tree_error(browse->all.tree) == NULL) {
        snprintf(out, size, "%lld tables, %s old, %s", tables,
                 view_age(fetched, console_now_us(browse->screen.console), age),
                 browse->order == BROWSE_BY_AGE         ? "newest first"
                 : browse->order == BROWSE_BY_NAME_DESC ? "Z to A"
                                                        : "seen as principal");
    } else {
        out[0] = '\0';
    }
}

static void draw_head(const struct browse *browse, struct draw_box body)
{
    char left[300], right[160];
    draft_text(browse, right, sizeof right);
    int width = draw_width(right), room = body.width - (width ? width + 2 : 0);
    if (room < 20) { /* what was found out matters more than who drafted */
        room = body.width;
        right[0] = '\0';
    }
    if (browse->edit) {
        int64_t total = browse->found.tree ? browse_tree_total(browse->found.tree) : -1;
        int x = draw_text(body, 0, 0, DRAW_KEY, "/ "), found = 0;
        if (total >= 0 && room > 40) {
            snprintf(left, sizeof left, "%lld found", (long long)total);
            found = draw_width(left) + 2;
            draw_text(body, room - found + 2, 0, DRAW_PLAIN, left);
        }
        draw_edit_draw(browse->edit, body, x, 0, room - x - found);
    } else {
        summary_text(browse, left, sizeof left);
        draw_field(body, 0, 0, room, browse->found.tree ? DRAW_MATCH : DRAW_PLAIN, DRAW_LEFT, left);
    }
    if (right[0])
        draw_text(body, body.width - width, 0, DRAW_WARN, right);
    if (browse->head > 1)
        draw_columns_head(body, 1, browse->columns, BROWSE_COLUMNS, BROWSE_INDENT, browse->widths);
}

/* An open container needs no mark: its rows have theirs. */
static void draw_tick(const cJSON *row, bool open, struct draw_box box, int y)
{
    const char *tick = base_json_str(row, "tick");
    const char *draft = open ? "" : base_json_str_or(row, "draft", "");
    if (draft[0])
        draw_text(box, 2, y, draft[0] == '+' ? DRAW_GOOD : DRAW_WARN, draft[0] == '+' ? "+" : "-");
    if (tick == NULL || view_tree_refusal(row))
        return;
    draw_text(box, 3, y, DRAW_PLAIN,
              strcmp(tick, "on") == 0     ? "[x]"
              : strcmp(tick, "some") == 0 ? "[-]"
                                          : "[ ]");
}

/* Who knows how many rows the table has: the list, else its last sync. */
static const cJSON *rows_known(const struct browse *browse, const cJSON *row)
{
    const cJSON *each, *status = console_status(browse->screen.console);
    if (base_json_get(row, "rows") || strcmp(base_json_str_or(row, "tick", ""), "on") != 0)
        return row;
    cJSON_ArrayForEach(each, base_json_array(status, "tables"))
    {
        if (strcmp(base_json_str_or(each, "name", ""), base_json_str_or(row, "full_name", "")) == 0)
            return each;
    }
    return row;
}

static void draw_row(const struct browse *browse, const struct browse_line *line,
                     struct draw_box box, int y)
{
    const cJSON *row = line->row;
    bool table = strcmp(base_json_str_or(row, "kind", ""), "table") == 0;
    bool search = browse->found.tree != NULL;
    char name[512], rows[32], size[24], age[24], access[24], kind[64];
    struct draw_field fields[BROWSE_COLUMNS] = {{DRAW_PLAIN, NULL}};
    snprintf(name, sizeof name, "%*s%.400s%s%s", search ? 0 : 2 * line->depth, "",
             base_json_str_or(row, search ? "full_name" : "name", ""), table ? "" : "/",
             table || line->open ? "" : " +");
    view_tree_kind(row, kind);
    fields[BROWSE_NAME].text = name;
    if (table) {
        fields[BROWSE_ROWS].text = view_rows(rows_known(browse, row), "rows", rows);
        fields[BROWSE_SIZE].text = view_bytes(row, "bytes", size);
        fields[BROWSE_AGE].text =
            view_age(base_json_str(row, "updated"), console_now_us(browse->screen.console), age);
        fields[BROWSE_TYPE].text = kind;
    }
    fields[BROWSE_ACCESS] =
        (struct draw_field){style_of(view_tree_access_style(row)), view_tree_access(row, access)};
    fields[BROWSE_OWNER].text = base_json_str(row, "owner");
    fields[BROWSE_COMMENT] = (struct draw_field){DRAW_FAINT, base_json_str(row, "comment")};
    draw_columns_row(box, y, browse->columns, BROWSE_COLUMNS, BROWSE_INDENT, browse->widths,
                     fields);
    if (!table && browse->widths[BROWSE_ROWS] > 0) {
        /* Counts may be longer than the column; containers have short names. */
        int end = BROWSE_INDENT + browse->widths[BROWSE_NAME] + 2 + browse->widths[BROWSE_ROWS];
        int width = draw_width(view_tree_count(row, rows));
        if (width < end - BROWSE_INDENT)
            draw_text(box, end - width, y, DRAW_PLAIN, rows);
    }
    draw_tick(row, line->open, box, y);
}

static void draw_list(const struct browse *browse, struct draw_box box)
{
    const struct browse_list *list = browse_shown(browse);
    int64_t first = 0, last = -1;
    char text[300];
    if (!browse_range(browse, &first, &last))
        last = -1;
    for (int y = 0; y < box.height; y++) {
        struct browse_line line;
        int64_t at = list->scroll.top + y;
        if (!browse_tree_line(list->tree, at, &line))
            break;
        if (line.row)
            draw_row(browse, &line, box, y);
        else
            draw_text(box, BROWSE_INDENT + 2 * line.depth, y, DRAW_FAINT,
                      browse_line_text(browse, &line, text, sizeof text));
        if (last >= first && at >= first && at <= last)
            draw_text(box, 1, y, DRAW_KEY, ":"); /* inside the range */
        if (at == list->scroll.at)
            draw_select(box, y);
    }
}

/* There is no row at all: why, and the key that changes it. */
static void draw_none(const struct browse *browse, struct draw_box box)
{
    const struct browse_list *list = browse_shown(browse);
    const char *error = browse_tree_error(list->tree);
    int y = box.height > 4 ? 1 : 0;
    if (error) {
        draw_text(box, 2, y, DRAW_BAD, "The list could not be read.");
        draw_text(box, 2, y + 1, DRAW_PLAIN, error);
        draw_text(box, 2, y + 2, DRAW_PLAIN, "r tries again");
    } else if (browse_tree_total(list->tree) < 0) {
        draw_text(box, 2, y, DRAW_FAINT,
                  browse->found.tree ? "searching" : "asking the engine what it knows");
    } else if (browse->found.tree) {
        draw_printf(box, 2, y, DRAW_PLAIN, "No table matches \"%s\".", browse->filter);
        draw_text(box, 2, y + 1, DRAW_PLAIN, "Esc ends the filter, / changes it");
    } else if (browse->refreshing) {
        draw_text(box, 2, y, DRAW_PLAIN, "The workspace is being read for the first time.");
        draw_text(box, 2, y + 1, DRAW_PLAIN, "Rows come by themselves; nothing needs to be done");
    } else if (browse_tree_fetched(list->tree) == NULL && !browse_connected(browse)) {
        draw_text(box, 2, y, DRAW_PLAIN, "No workspace is connected yet.");
        draw_text(box, 2, y + 1, DRAW_PLAIN,
                  "9 opens Setup: workspace, service principal, secret, warehouse");
    } else if (browse_tree_fetched(list->tree) == NULL) {
        draw_text(box, 2, y, DRAW_PLAIN, "The workspace was never read.");
        draw_text(box, 2, y + 1, DRAW_PLAIN,
                  "r reads its catalogs, schemas and tables; it starts no warehouse");
    } else {
        draw_text(box, 2, y, DRAW_PLAIN, "The principal sees no catalog.");
        draw_text(box, 2, y + 1, DRAW_PLAIN,
                  "It needs USE CATALOG or BROWSE on one; then r reads again");
    }
}

void browse_draw(const struct screen *screen, struct draw_box body)
{
    const struct browse *browse = (const struct browse *)screen;
    struct draw_box list = draw_box_sub(body, 0, browse->head, body.width, browse->rows);
    struct browse_line line;
    if (browse->head > 0)
        draw_head(browse, body);
    if (browse_tree_count(browse_shown(browse)->tree) == 0)
        draw_none(browse, list);
    else
        draw_list(browse, list);
    if (browse->edit && browse->head == 0)
        draw_edit_draw(browse->edit, body, 0, 0, body.width);
    if (browse->block > 0 && browse->detail_name && browse_selected(browse, &line) && line.row) {
        int y = browse->head + browse->rows;
        draw_rule(body, y, browse->detail_name);
        console_page_draw(browse->detail,
                          draw_box_sub(body, 0, y + 1, body.width, browse->block - 1), 0, -1);
    }
}
