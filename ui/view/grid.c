#include "ui/view/grid.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_LOOK 256 /* bytes of a value that are looked at for its width */
#define GAP 3         /* " | " */
#define NARROWEST 4
#define CAP_MIN 15

static bool starts(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

static bool number_type(const char *type)
{
    static const char *const words[] = {"BIGINT", "INT",    "SMALLINT", "TINYINT",
                                        "FLOAT",  "DOUBLE", "DECIMAL",  "LONG"};
    for (size_t i = 0; i < base_countof(words); i++)
        if (starts(type, words[i]) && !starts(type, "INTERVAL"))
            return true;
    return false;
}

static bool nested_type(const char *type)
{
    return starts(type, "ARRAY") || starts(type, "MAP") || starts(type, "STRUCT") ||
           starts(type, "VARIANT");
}

static int64_t characters(const char *text)
{
    int64_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

/* "ab** (12)" to 12; -1: no shape. */
static int64_t shape_length(const char *text)
{
    const char *at = strstr(text, "** (");
    char *end = NULL;
    long long length = at ? strtoll(at + 4, &end, 10) : -1;
    return at && end != at + 4 && strcmp(end, ")") == 0 ? length : -1;
}

static bool is_open(const cJSON *data, size_t column)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "open_columns"))
    {
        if (cJSON_IsNumber(each) && each->valuedouble == (double)column)
            return true;
    }
    return false;
}

static struct view_cell cell_of(const struct view_grid *grid, size_t column, const cJSON *json)
{
    const char *type = grid->columns[column].type;
    if (!cJSON_IsString(json))
        return (struct view_cell){VIEW_CELL_NULL, "NULL", NULL, -1, false};
    const char *text = json->valuestring;
    if (text[0] == '\0')
        return (struct view_cell){VIEW_CELL_EMPTY, "''", text, 0, false};
    struct view_cell cell = {VIEW_CELL_VALUE, text, text, -1, false};
    if (!grid->masked || grid->columns[column].open)
        cell.length = characters(text);
    else if (nested_type(type) && (text[0] == '[' || text[0] == '{'))
        cell.kind = VIEW_CELL_FOLDED;
    else if ((cell.length = shape_length(text)) >= 0)
        cell.kind = VIEW_CELL_MASKED;
    return cell;
}

static void rows_read(struct view_grid *grid)
{
    const cJSON *row, *json;
    size_t r = 0;
    grid->row_count = (size_t)cJSON_GetArraySize(base_json_array(grid->data, "rows"));
    grid->cells = base_alloc_zero(grid->row_count * grid->column_count + 1, sizeof *grid->cells);
    for (size_t i = 0; i < grid->row_count * grid->column_count; i++)
        grid->cells[i] = (struct view_cell){VIEW_CELL_NULL, "NULL", NULL, -1, false};
    cJSON_ArrayForEach(row, base_json_array(grid->data, "rows"))
    {
        size_t c = 0;
        cJSON_ArrayForEach(json, row)
        {
            if (c < grid->column_count)
                grid->cells[r * grid->column_count + c] = cell_of(grid, c, json);
            c++;
        }
        r++;
    }
}

/* Nested values stay folded when they are revealed; what was cut says how long it was. */
static void folds_read(struct view_grid *grid)
{
    const cJSON *list, *each;
    cJSON_ArrayForEach(list, base_json_get(grid->data, "folds"))
    {
        size_t column = list->string ? (size_t)strtoul(list->string, NULL, 10) : SIZE_MAX, row = 0;
        cJSON_ArrayForEach(each, list)
        {
            if (column < grid->column_count && row < grid->row_count && cJSON_IsString(each)) {
                struct view_cell *cell = &grid->cells[row * grid->column_count + column];
                cell->kind = VIEW_CELL_FOLDED;
                cell->shown = each->valuestring;
            }
            row++;
        }
    }
    cJSON_ArrayForEach(each, base_json_array(grid->data, "cut_cells"))
    {
        double at[3] = {-1, -1, -1};
        for (int i = 0; i < 3; i++)
            if (cJSON_IsNumber(cJSON_GetArrayItem(each, i)))
                at[i] = cJSON_GetArrayItem(each, i)->valuedouble;
        if (at[0] < 0 || at[1] < 0 || at[0] >= (double)grid->row_count ||
            at[1] >= (double)grid->column_count || at[2] < 0 || at[2] > 1e15)
            continue;
        struct view_cell *cell = &grid->cells[(size_t)at[0] * grid->column_count + (size_t)at[1]];
        cell->cut = true;
        cell->length = (int64_t)at[2];
    }
}

static int shown_width(const char *text)
{
    char *clean = base_text_clean_dup(text, CELL_LOOK);
    int width = (int)base_text_width(clean, strlen(clean));
    free(clean);
    return width;
}

/* "ARRAY" of "ARRAY<STRING>": the grid has no room for more. */
static char *type_head(const char *type)
{
    return base_text_clean_dup(type, strcspn(type, "<") ? strcspn(type, "<") : 1);
}

static void widths_measure(struct view_grid *grid)
{
    for (size_t c = 0; c < grid->column_count; c++) {
        struct view_grid_column *column = &grid->columns[c];
        int width = shown_width(column->name), type = shown_width(column->head);
        width = type > width ? type : width;
        for (size_t r = 0; r < grid->row_count; r++) {
            int own = shown_width(grid->cells[r * grid->column_count + c].shown);
            width = own > width ? own : width;
        }
        column->width = width < NARROWEST ? NARROWEST : width;
    }
}

struct view_grid *view_grid_new(const cJSON *preview)
{
    struct view_grid *grid = base_alloc_zero(1, sizeof *grid);
    const cJSON *each;
    size_t c = 0;
    grid->data = cJSON_Duplicate(preview, true);
    if (grid->data == NULL)
        bug("out of memory");
    const cJSON *columns = base_json_array(grid->data, "columns");
    grid->masked = base_json_bool_or(grid->data, "masked", true);
    grid->column_count = (size_t)cJSON_GetArraySize(columns);
    grid->columns = base_alloc_zero(grid->column_count + 1, sizeof *grid->columns);
    cJSON_ArrayForEach(each, columns)
    {
        struct view_grid_column *column = &grid->columns[c];
        column->name = base_json_str_or(each, "name", "");
        column->type = base_json_str_or(each, "type", "");
        column->head = type_head(column->type);
        column->right = number_type(column->type) || nested_type(column->type);
        column->open = grid->masked && is_open(grid->data, c);
        c++;
    }
    rows_read(grid);
    folds_read(grid);
    widths_measure(grid);
    return grid;
}

void view_grid_free(struct view_grid **grid)
{
    if (*grid == NULL)
        return;
    for (size_t i = 0; i < (*grid)->column_count; i++)
        free((*grid)->columns[i].head);
    free((*grid)->columns);
    free((*grid)->cells);
    cJSON_Delete((*grid)->data);
    base_free(grid);
}

const struct view_cell *view_grid_cell(const struct view_grid *grid, size_t row, size_t column)
{
    static const struct view_cell none = {VIEW_CELL_NULL, "NULL", NULL, -1, false};
    return row < grid->row_count && column < grid->column_count
               ? &grid->cells[row * grid->column_count + column]
               : &none;
}

static int capped(const struct view_grid *grid, size_t column, int width)
{
    int cap = width / 5 > CAP_MIN ? width / 5 : CAP_MIN, own = grid->columns[column].width;
    return own > cap ? cap : own;
}

/* Puts column at x; false: it does not fit whole, but what is left may do as its beginning. */
static bool put(const struct view_grid *grid, struct view_grid_fit *fit, size_t column, int width,
                int *x)
{
    int own = capped(grid, column, width), room = width - *x;
    if (fit->count == VIEW_GRID_SHOWN || room < NARROWEST)
        return false;
    fit->shown[fit->count] = column;
    fit->x[fit->count] = *x;
    fit->widths[fit->count++] = own < room ? own : room;
    *x += own + GAP;
    return own <= room;
}

static bool shown_whole(const struct view_grid *grid, const struct view_grid_fit *fit,
                        size_t column, int width)
{
    for (size_t i = 0; i < fit->count; i++)
        if (fit->shown[i] == column)
            return fit->widths[i] == capped(grid, column, width) || fit->count <= 2;
    return false;
}

static void lay(const struct view_grid *grid, int width, size_t left, struct view_grid_fit *fit)
{
    int x = 2;
    *fit = (struct view_grid_fit){.left = left};
    if (grid->column_count == 0)
        return;
    bool fits = put(grid, fit, 0, width, &x);
    for (size_t column = left; fits && column > 0 && column < grid->column_count; column++)
        fits = put(grid, fit, column, width, &x);
    size_t last = fit->shown[fit->count - 1];
    fit->more_left = left > 1;
    fit->more_right = last + 1 < grid->column_count || !fits;
}

void view_grid_fit(const struct view_grid *grid, int width, size_t selected, size_t left,
                   struct view_grid_fit *fit)
{
    size_t last = grid->column_count > 1 ? grid->column_count - 1 : 0;
    selected = selected > last ? last : selected;
    left = left < 1 ? 1 : left;
    left = left > last ? last : left;
    if (selected > 0 && left > selected)
        left = selected;
    lay(grid, width, left, fit);
    while (selected > 0 && left < selected && !shown_whole(grid, fit, selected, width))
        lay(grid, width, ++left, fit);
    /* No empty room at the right while columns are hidden at the left. */
    while (left > 1 && !fit->more_right) {
        struct view_grid_fit more;
        lay(grid, width, left - 1, &more);
        if (more.more_right)
            break;
        *fit = more;
        left--;
    }
}

const char *view_grid_where(const struct view_grid *grid, const struct view_grid_fit *fit,
                            char out[64])
{
    size_t last = fit->count ? fit->shown[fit->count - 1] + 1 : 0, all = grid->column_count;
    if (fit->count <= 1 || (!fit->more_left && !fit->more_right))
        snprintf(out, 64, "%zu column%s", all, all == 1 ? "" : "s");
    else if (fit->left == 1)
        snprintf(out, 64, "columns 1-%zu of %zu%s", last, all, fit->more_right ? " ->" : "");
    else
        snprintf(out, 64, "%scolumns 1, %zu-%zu of %zu%s", "<- ", fit->left + 1, last, all,
                 fit->more_right ? " ->" : "");
    return out;
}
