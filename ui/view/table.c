#include "ui/view/out.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

#define CELL_MAX_BYTES 400
#define CELL_MAX_WIDTH 64

struct view_table_row {
    enum view_style style;
    char **cells;
};

struct view_table {
    const char *const *columns;
    size_t count;
    vec_of(struct view_table_row) rows;
};

struct view_table *view_table_new(const char *const columns[])
{
    struct view_table *table = base_alloc_zero(1, sizeof *table);
    table->columns = columns;
    while (columns[table->count])
        table->count++;
    return table;
}

void view_table_row(struct view_table *table, enum view_style style, const char *const cells[])
{
    struct view_table_row row = {.style = style};
    row.cells = base_alloc_zero(table->count, sizeof *row.cells);
    for (size_t i = 0; i < table->count; i++)
        row.cells[i] = base_text_clean_dup(cells[i] ? cells[i] : "-", CELL_MAX_BYTES);
    vec_push(&table->rows, row);
}

static size_t column_width(const struct view_table *table, size_t column)
{
    const char *name = table->columns[column];
    size_t width = strlen(name[0] == '>' ? name + 1 : name);
    for (size_t i = 0; i < table->rows.count; i++) {
        const char *cell = table->rows.items[i].cells[column];
        size_t cell_width = base_text_width(cell, strlen(cell));
        if (cell_width > width)
            width = cell_width;
    }
    /* The last column may run over the edge; the others leave room for it. */
    return width > CELL_MAX_WIDTH && column + 1 < table->count ? CELL_MAX_WIDTH : width;
}

/* Bytes of the cell that fit into width columns; *rest gets the columns that stay empty (0 or 1).
 */
static size_t width_cut(const char *cell, size_t width, int *rest)
{
    size_t len = strlen(cell), at = 0;
    for (size_t step; at < len; at += step) {
        uint32_t point = 0;
        step = base_text_utf8_decode(cell + at, len - at, &point);
        if (step == 0 || base_text_width(cell, at + step) > width)
            break;
    }
    *rest = (int)(width - base_text_width(cell, at));
    return at;
}

static void cell_print(const struct view_table *table, struct view_out *out, size_t column,
                       enum view_style style, const char *cell, size_t width)
{
    bool last = column + 1 == table->count, right = table->columns[column][0] == '>';
    size_t have = base_text_width(cell, strlen(cell));
    int pad = have < width ? (int)(width - have) : 0;
    if (have > width && !out->plain && !last)
        view_put(out, style, "%.*s~", (int)width_cut(cell, width - 1, &pad), cell);
    else if (out->plain)
        view_put(out, style, "%s", cell);
    else if (right)
        view_put(out, style, "%*s%s", pad, "", cell);
    else
        view_put(out, style, "%s%*s", cell, last ? 0 : pad, "");
    if (have > width && !out->plain && !last && pad > 0)
        view_put(out, STYLE_PLAIN, "%*s", pad, "");
    if (!last && !out->json) {
        if (out->plain)
            fputc('\t', out->text);
        else
            view_put(out, STYLE_PLAIN, "  ");
    }
}

void view_table_print(struct view_table **table_ptr, struct view_out *out)
{
    struct view_table *table = *table_ptr;
    size_t *widths = base_alloc_zero(table->count, sizeof *widths);
    for (size_t i = 0; i < table->count; i++)
        widths[i] = column_width(table, i);
    for (size_t i = 0; i < table->count && !out->plain; i++) {
        const char *name = table->columns[i];
        cell_print(table, out, i, STYLE_HEAD, name[0] == '>' ? name + 1 : name, widths[i]);
    }
    if (!out->plain)
        view_end(out);
    for (size_t r = 0; r < table->rows.count; r++) {
        struct view_table_row *row = &table->rows.items[r];
        for (size_t i = 0; i < table->count; i++) {
            cell_print(table, out, i, row->style, row->cells[i], widths[i]);
            free(row->cells[i]);
        }
        view_end(out);
        free(row->cells);
    }
    free(widths);
    vec_free(&table->rows);
    base_free(table_ptr);
}
