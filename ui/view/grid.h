/* Rows of a preview as a grid: what each cell says, which columns fit beside the frozen first one,
 * records, CSV. Pure: made from the answer of verb "preview", shared by the Rows tab and the
 * command `preview`. */
#ifndef AAMPE_UI_VIEW_GRID_H
#define AAMPE_UI_VIEW_GRID_H

#include "ui/view/page.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum view_cell_kind {
    VIEW_CELL_NULL,
    VIEW_CELL_EMPTY,  /* '' */
    VIEW_CELL_MASKED, /* its shape */
    VIEW_CELL_FOLDED, /* [n], {n} */
    VIEW_CELL_VALUE
};
struct view_cell {
    enum view_cell_kind kind;
    const char *shown; /* in the grid: NULL, '', a shape, a fold, the value; borrowed */
    const char *text;  /* all there is of it; NULL for SQL NULL; borrowed */
    int64_t length;    /* characters of the value, -1: not known */
    bool cut;          /* the value goes on */
};
struct view_grid_column {
    const char *name, *type; /* borrowed */
    char *head;              /* name and type as they are shown, cleaned */
    bool right;              /* numbers */
    bool open;               /* shown whole though masked */
    int width;               /* what it takes, at most the cap it was made with */
};
struct view_grid {
    cJSON *data; /* of the answer, the grid's own */
    struct view_grid_column *columns;
    size_t column_count, row_count;
    bool masked;
    struct view_cell *cells;
};

struct view_grid *view_grid_new(const cJSON *preview);
void view_grid_free(struct view_grid **grid);
const struct view_cell *view_grid_cell(const struct view_grid *grid, size_t row, size_t column);

/* Which columns are shown in `width` columns of the terminal: the first one is frozen, the others
 * scroll. `left` is the first scrolling column shown; it is moved so that `selected` is whole. */
#define VIEW_GRID_SHOWN 64
struct view_grid_fit {
    size_t left; /* 1..; 0 when there is only one column */
    size_t shown[VIEW_GRID_SHOWN];
    int x[VIEW_GRID_SHOWN], widths[VIEW_GRID_SHOWN]; /* x behind the indent of 2 */
    size_t count;
    bool more_left, more_right;
};
void view_grid_fit(const struct view_grid *grid, int width, size_t selected, size_t left,
                   struct view_grid_fit *fit);
/* "columns 1, 9-13 of 16 ->" */
const char *view_grid_where(const struct view_grid *grid, const struct view_grid_fit *fit,
                            char out[64]);

/* The block that explains one cell: value, type, numbers (the answer of "show.count" of that
 * column, or NULL). No rule on top. lines: at most so many. */
void view_grid_explain(struct view_page *page, const struct view_grid *grid, size_t row,
                       size_t column, const cJSON *count, size_t lines);
/* One record as lines "name: value". */
void view_grid_record(struct view_page *page, const struct view_grid *grid, size_t row);
/* The whole cell, wrapped, line feeds of the value kept. */
void view_cell_whole(struct view_page *page, const struct view_cell *cell);
/* What is shown, RFC 4180: NULL is nothing, '' is "". malloc'd. */
char *view_grid_csv(const struct view_grid *grid);
struct buf;
void view_csv_field(struct buf *csv, const char *text, bool first); /* text NULL: nothing */

#endif
