/* What is said of one cell, one record, one file. */
#include "ui/view/grid.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdlib.h>
#include <string.h>

#define LABEL 9

static const char *parts_word(const struct view_cell *cell)
{
    bool one = strcmp(cell->shown, "[1]") == 0 || strcmp(cell->shown, "{1}") == 0;
    return cell->shown[0] == '[' ? one ? "element" : "elements" : one ? "entry" : "entries";
}

static int parts_count(const struct view_cell *cell)
{
    return (int)strlen(cell->shown) > 2 ? (int)strlen(cell->shown) - 2 : 0;
}

static void value_add(struct view_page *page, const struct view_grid *grid,
                      const struct view_cell *cell, bool open)
{
    long long length = (long long)cell->length;
    int room = page->width - LABEL - 3 - 34;
    switch (cell->kind) {
    case VIEW_CELL_NULL:
        view_page_add(page, STYLE_PLAIN, "NULL  (no value)");
        break;
    case VIEW_CELL_EMPTY:
        view_page_add(page, STYLE_PLAIN, "''  (empty text, not NULL)");
        break;
    case VIEW_CELL_MASKED:
        view_page_add(page, STYLE_PLAIN, "%s  (masked: %s%lld characters; M reveals)", cell->shown,
                      length >= 5 ? "the first two of " : "none shown of ", length);
        break;
    case VIEW_CELL_FOLDED:
        view_page_add(page, STYLE_PLAIN, "%s  (%.*s %s; %s)", cell->shown, parts_count(cell),
                      cell->shown + 1, parts_word(cell),
                      grid->masked ? "masked, M reveals" : "Enter shows them");
        break;
    case VIEW_CELL_VALUE:
        if (length >= 0 && length > (room > 10 ? room : 10)) {
            view_page_cell(page, STYLE_PLAIN, room > 10 ? room : 10, cell->text);
            view_page_add(page, STYLE_PLAIN, "  (%lld characters%s)", length,
                          cell->cut ? ", not all were read" : "; Enter shows all");
        } else {
            view_page_add(page, STYLE_PLAIN, "%s%s", cell->text,
                          open ? "  (not masked: a flag or one of few words)" : "");
        }
        break;
    }
}

static void numbers_add(struct view_page *page, const cJSON *count)
{
    int64_t rows = 0, values = 0;
    char text[4][24];
    if (count == NULL || base_json_get(count, "error")) {
        char *error = view_error_text(count, "error");
        view_page_fact(page, LABEL, "numbers", error[0] ? STYLE_BAD : STYLE_PLAIN, "%s",
                       error[0] ? error
                                : "not counted yet: c counts nulls and distinct (1 statement)");
        free(error);
        return;
    }
    if (!base_json_i64(count, "rows", &rows) || !base_json_i64(count, "values", &values))
        return;
    base_text_rows(rows, text[0]);
    base_text_rows(rows - values, text[1]);
    view_page_line(page, STYLE_PLAIN, "  %-*s %s rows, %s NULL", LABEL, "numbers", text[0],
                   text[1]);
    if (base_json_get(count, "empty"))
        view_page_add(page, STYLE_PLAIN, ", %s ''", view_rows(count, "empty", text[2]));
    if (base_json_get(count, "distinct"))
        view_page_add(page, STYLE_PLAIN, ", %s distinct", view_rows(count, "distinct", text[3]));
    else
        view_page_add(page, STYLE_PLAIN, ", distinct values of this type are not counted");
}

void view_grid_explain(struct view_page *page, const struct view_grid *grid, size_t row,
                       size_t column, const cJSON *count, size_t lines)
{
    const struct view_cell *cell = view_grid_cell(grid, row, column);
    if (column >= grid->column_count)
        return;
    const struct view_grid_column *at = &grid->columns[column];
    view_page_line(page, STYLE_PLAIN, "  %-*s ", LABEL, "value");
    value_add(page, grid, cell, at->open);
    if (lines >= 3)
        view_page_line(page, STYLE_PLAIN, "  %-*s %s", LABEL, "type", at->type);
    if (lines >= 2)
        numbers_add(page, count);
}

static int name_width(const struct view_page *page, const struct view_grid *grid)
{
    int widest = 4, most = page->width / 3;
    for (size_t c = 0; c < grid->column_count; c++) {
        char *clean = base_text_clean_dup(grid->columns[c].name, 200);
        int width = (int)base_text_width(clean, strlen(clean));
        widest = width > widest ? width : widest;
        free(clean);
    }
    return widest > most ? most : widest;
}

/* At most room columns, not padded. */
static void cell_add(struct view_page *page, enum view_style style, int room, const char *text)
{
    char *clean = base_text_clean_dup(text, (size_t)room * 4);
    int width = (int)base_text_width(clean, strlen(clean));
    view_page_cell(page, style, width < room ? width : room, text);
    free(clean);
}

void view_grid_record(struct view_page *page, const struct view_grid *grid, size_t row)
{
    int names = name_width(page, grid), room = page->width - names - 4;
    for (size_t c = 0; c < grid->column_count; c++) {
        const struct view_cell *cell = view_grid_cell(grid, row, c);
        bool whole = cell->kind == VIEW_CELL_FOLDED && !grid->masked;
        view_page_line(page, STYLE_PLAIN, "  ");
        view_page_cell(page, STYLE_HEAD, names, grid->columns[c].name);
        view_page_add(page, STYLE_PLAIN, "  ");
        cell_add(page, cell->kind == VIEW_CELL_NULL ? STYLE_FAINT : STYLE_PLAIN,
                 room > 4 ? room : 4, whole ? cell->text : cell->shown);
        view_page_target(page, (int)c + 1);
    }
}

/* Nested values are laid out; NULL: it is not JSON. */
static char *pretty(const struct view_cell *cell)
{
    if (cell->kind != VIEW_CELL_FOLDED || cell->text == NULL || cell->cut)
        return NULL;
    cJSON *json = base_json_parse(cell->text, strlen(cell->text), (size_t)1 << 20, NULL);
    char *text = json ? base_json_print_pretty(json) : NULL;
    cJSON_Delete(json);
    /* Tabs are of the layout: those of values are escaped. */
    for (char *tab = text ? strchr(text, '\t') : NULL; tab; tab = strchr(tab, '\t'))
        *tab = ' ';
    return text;
}

void view_cell_whole(struct view_page *page, const struct view_cell *cell)
{
    char *laid = pretty(cell);
    const char *text = laid ? laid : cell->text ? cell->text : "NULL";
    if (cell->kind == VIEW_CELL_EMPTY)
        text = "''";
    for (const char *end; *text; text = end + (*end == '\n')) {
        int indent = (int)strspn(text, " \t");
        end = text + strcspn(text, "\n");
        if (end == text)
            view_page_blank(page);
        else
            view_page_wrap(page, indent < 40 ? indent : 40, STYLE_PLAIN, "%.*s",
                           (int)(end - text) - indent, text + indent);
    }
    free(laid);
    if (cell->cut) {
        view_page_blank(page);
        view_page_wrap(page, 0, STYLE_FAINT,
                       "The value has %lld characters; the first 4000 bytes were read.",
                       (long long)cell->length);
    }
}

void view_csv_field(struct buf *csv, const char *text, bool first)
{
    (void)base_buf_text(csv, first ? "" : ",");
    if (text == NULL)
        return;
    if (text[0] && strpbrk(text, ",\"\r\n") == NULL && text[0] != ' ') {
        (void)base_buf_text(csv, text);
        return;
    }
    (void)base_buf_byte(csv, '"');
    for (; *text; text++) {
        if (*text == '"')
            (void)base_buf_byte(csv, '"');
        (void)base_buf_byte(csv, *text);
    }
    (void)base_buf_byte(csv, '"');
}

char *view_grid_csv(const struct view_grid *grid)
{
    struct buf csv;
    base_buf_init(&csv, (size_t)16 << 20);
    for (size_t c = 0; c < grid->column_count; c++)
        view_csv_field(&csv, grid->columns[c].name, c == 0);
    (void)base_buf_text(&csv, "\r\n");
    for (size_t r = 0; r < grid->row_count; r++) {
        for (size_t c = 0; c < grid->column_count; c++)
            view_csv_field(&csv, view_grid_cell(grid, r, c)->text, c == 0);
        (void)base_buf_text(&csv, "\r\n");
    }
    return base_buf_take(&csv, NULL);
}
