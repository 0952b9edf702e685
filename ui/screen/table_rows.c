/* Tab Rows: the first rows of the table, asked only when the tab is open. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "model/name.h"
#include "ui/view/words.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT 20
#define HEAD 4 /* what it is, names, types, a rule */

static const struct view_grid *grid_of(const struct table *table)
{
    return table->rows.revealed ? table->rows.revealed : table->rows.masked;
}

/* Nobody has pressed a key for it: it is said on the tab, not asked. */
static void stopped_take(struct table *table)
{
    if (table->show.data == NULL)
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(table->show.data, "warehouse_state");
    base_json_add_str(table->show.data, "warehouse_state", "STOPPED");
}

static void on_rows(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    bool good = table_ask_take(&table->rows.ask, result, err);
    if (good || grid_of(table))
        table->cost = TABLE_COST_ROWS;
    if (grid_of(table) == NULL && !good && err->code == ERR_SRC_WH_STOPPED) {
        stopped_take(table);
        return;
    }
    if (table_warehouse_note(table, err))
        return;
    if (!good) {
        if (grid_of(table))
            console_say_error(screen->console, err);
        return;
    }
    struct view_grid *grid = view_grid_new(result);
    view_grid_free(&table->rows.revealed);
    if (grid->masked)
        view_grid_free(&table->rows.masked);
    if (grid->masked)
        table->rows.masked = grid;
    else
        table->rows.revealed = grid;
    if (!grid->masked)
        console_say(screen->console,
                    "revealed in this view; recorded in the operator log; M masks it again");
}

void table_rows_ask(struct table *table, bool reveal, bool only_running)
{
    cJSON *params = table_params(table);
    base_json_add_i64(params, "limit", LIMIT);
    base_json_add_bool(params, "reveal", reveal);
    base_json_add_bool(params, "only_running", only_running);
    table_ask_send(table, &table->rows.ask, "preview", params, on_rows);
}

static void on_count(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    if (!table_ask_take(&table->rows.count, result, err)) {
        table->cost = TABLE_COST_COUNT;
        if (!table_warehouse_note(table, err))
            console_say_error(screen->console, err);
        return;
    }
    const char *column = base_json_str_or(result, "column", "");
    if (table->rows.counts == NULL)
        table->rows.counts = base_json_object();
    cJSON_DeleteItemFromObjectCaseSensitive(table->rows.counts, column);
    base_json_add_take(table->rows.counts, column, cJSON_Duplicate(result, true));
}

void table_count_ask(struct table *table, bool only_running)
{
    const struct view_grid *grid = grid_of(table);
    if (grid == NULL || table->rows.column >= grid->column_count)
        return;
    cJSON *params = table_params(table);
    base_json_add_str(params, "column", grid->columns[table->rows.column].name);
    base_json_add_str(params, "type", grid->columns[table->rows.column].type);
    base_json_add_bool(params, "only_running", only_running);
    table_ask_send(table, &table->rows.count, "show.count", params, on_count);
}

/* The tab is open: it is read when that starts nothing and the principal may. */
static void rows_enter(struct table *table)
{
    struct table_ask *ask = &table->rows.ask;
    if (table->tab != TABLE_ROWS || grid_of(table) || ask->busy || ask->failed || ask->stopped)
        return;
    if (table->show.data && table_warehouse_runs(table) && !table_denied(table))
        table_rows_ask(table, false, true);
}

static const struct view_cell *selected(const struct table *table)
{
    const struct view_grid *grid = grid_of(table);
    return grid && grid->row_count && grid->column_count
               ? view_grid_cell(grid, table->rows.row, table->rows.column)
               : NULL;
}

static const char *refuse_reveal(const struct table *table)
{
    if (table->rows.revealed)
        return NULL;
    if (table->rows.masked == NULL)
        return "there are no rows yet";
    return console_refuses(table->screen.console, VIEW_RUN);
}

static const char *rows_refuse(const struct table *table, enum view_action action)
{
    const struct view_cell *cell = selected(table);
    const char *none = grid_of(table) ? "the table has no rows" : "there are no rows yet";
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
        return cell || (grid_of(table) == NULL && !table->rows.ask.busy) ? NULL : none;
    case VIEW_ACTION_CHECK:
        return table->rows.ask.busy || table->rows.count.busy ? "it is being asked already"
               : cell || grid_of(table) == NULL               ? NULL
                                                              : none;
    case VIEW_ACTION_ZOOM:
    case VIEW_ACTION_COPY:
        return cell ? NULL : none;
    case VIEW_ACTION_EXPORT:
        return grid_of(table) ? NULL : none;
    case VIEW_ACTION_REVEAL:
        return refuse_reveal(table);
    case VIEW_ACTION_REFRESH:
        return table->rows.ask.busy ? "it is being asked already" : grid_of(table) ? NULL : "";
    case VIEW_ACTION_CLOSE:
        return table->rows.record ? NULL : "";
    default:
        return "";
    }
}

static void cell_open(struct table *table)
{
    const struct view_grid *grid = grid_of(table);
    const struct view_cell *cell = selected(table);
    if (grid == NULL || cell == NULL)
        return;
    cJSON *args = base_json_object();
    base_json_add_str(args, "column", grid->columns[table->rows.column].name);
    base_json_add_str(args, "type", grid->columns[table->rows.column].type);
    base_json_add_i64(args, "row", (int64_t)table->rows.row + 1);
    base_json_add_i64(args, "kind", cell->kind);
    base_json_add_i64(args, "length", cell->length);
    base_json_add_bool(args, "cut", cell->cut);
    base_json_add_bool(args, "masked", grid->masked);
    base_json_add_str(args, "shown", cell->shown);
    base_json_add_str(args, "text", cell->text);
    console_push(table->screen.console, &screen_table_cell, args);
}

static void on_reveal(struct screen *screen, bool yes, void *user)
{
    struct table *table = (struct table *)screen;
    (void)user;
    if (yes)
        table_rows_ask(table, true, false);
}

static void reveal_ask(struct table *table)
{
    struct view_page *page = view_page_new(table->screen.width);
    if (table->rows.revealed) {
        view_page_free(&page);
        view_grid_free(&table->rows.revealed);
        console_say(table->screen.console, "masked again");
        return;
    }
    view_page_blank(page);
    view_page_fact(page, 9, "table", STYLE_PLAIN, "%s", table->name);
    view_page_fact(page, 9, "shows", STYLE_PLAIN,
                   "the values of the first %d rows, in this view only, until M masks them again",
                   LIMIT);
    view_page_fact(page, 9, "recorded", STYLE_WARN,
                   "in the operator log: %s, the table, the time; never the values",
                   console_login(table->screen.console));
    view_page_fact(page, 9, "costs", STYLE_PLAIN,
                   "one statement; the rows may be others than now%s",
                   table_warehouse_runs(table) ? "" : ", and the warehouse may have to start");
    console_question(&table->screen, "REVEAL", page, "Reveal", NULL, on_reveal, NULL);
}

static void export_rows(struct table *table)
{
    struct model_name name = {0};
    const struct view_grid *grid = grid_of(table);
    char *path = model_name_parse(table->name, &name, NULL) == 0 ? model_name_path(&name)
                                                                 : base_strdup("table");
    char *file = base_printf("%s-%s.csv", path, grid->masked ? "masked" : "revealed");
    char *csv = view_grid_csv(grid);
    console_export(table->screen.console, file, csv);
    free(csv);
    free(file);
    free(path);
    model_name_free(&name);
}

static void rows_act(struct table *table, enum view_action action)
{
    const struct view_cell *cell = selected(table);
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_CHECK:
        if (grid_of(table) == NULL)
            table_spend(table, TABLE_COST_ROWS);
        else if (action == VIEW_ACTION_OPEN)
            cell_open(table);
        else
            table_spend(table, TABLE_COST_COUNT);
        break;
    case VIEW_ACTION_REFRESH:
        table_spend(table, TABLE_COST_ROWS);
        break;
    case VIEW_ACTION_ZOOM:
        table->rows.record = !table->rows.record;
        break;
    case VIEW_ACTION_CLOSE:
        table->rows.record = false;
        break;
    case VIEW_ACTION_COPY:
        console_copy(table->screen.console, cell->text ? cell->text : "NULL");
        break;
    case VIEW_ACTION_EXPORT:
        export_rows(table);
        break;
    case VIEW_ACTION_REVEAL:
        reveal_ask(table);
        break;
    default:
        break;
    }
}

/* In the record view Left and Right turn records, the rest walks its fields. */
static void record_move(struct table *table, enum draw_move move)
{
    const struct view_grid *grid = grid_of(table);
    if (move == DRAW_MOVE_LEFT && table->rows.row > 0)
        table->rows.row--;
    else if (move == DRAW_MOVE_RIGHT && table->rows.row + 1 < grid->row_count)
        table->rows.row++;
    else if (move != DRAW_MOVE_LEFT && move != DRAW_MOVE_RIGHT)
        table_text_move(&table->rows_text, move);
    table->rows.scroll.at = (int64_t)table->rows.row;
    int target = table_text_target(&table->rows_text);
    table->rows.column = target > 0 ? (size_t)target - 1 : table->rows.column;
}

static void rows_move(struct table *table, enum draw_move move)
{
    const struct view_grid *grid = grid_of(table);
    if (grid == NULL || grid->row_count == 0) {
        table_text_move(&table->rows_text, move);
    } else if (table->rows.record) {
        record_move(table, move);
    } else if (move == DRAW_MOVE_LEFT) {
        table->rows.left = table->rows.fit.left; /* as it is shown, whatever the width was before */
        table->rows.column -= table->rows.column > 0;
    } else if (move == DRAW_MOVE_RIGHT) {
        table->rows.left = table->rows.fit.left;
        table->rows.column += table->rows.column + 1 < grid->column_count;
    } else {
        (void)draw_scroll_move(&table->rows.scroll, move);
        table->rows.row = (size_t)table->rows.scroll.at;
    }
}

static void denied_add(struct view_page *page, const struct table *table)
{
    const cJSON *error =
        base_json_get(base_json_get(base_json_get(table->show.data, "access"), "tried"), "error");
    view_page_blank(page);
    view_page_line(page, STYLE_BAD, "  NOT READABLE: %s", base_json_str_or(error, "code", "?"));
    view_page_blank(page);
    view_page_fact(page, 9, "cause", STYLE_PLAIN, "%s",
                   base_json_str_or(error, "message", "the principal lacks a grant"));
    view_page_fact(page, 9, "fix", STYLE_PLAIN,
                   "the Access tab has the statements, and who may run them");
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN, "Nothing has been read. c tries all the same.");
}

static void stopped_add(struct view_page *page, const struct table *table)
{
    const cJSON *warehouse = base_json_get(table->show.data, "warehouse");
    view_page_blank(page);
    view_page_line(page, STYLE_WARN, "  NOT READ YET: %s is %s",
                   base_json_str_or(warehouse, "name", "the warehouse"),
                   table_warehouse(table) ? table_warehouse(table) : "not known");
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "Rows need a running SQL warehouse. Starting it takes %s and it runs until it "
                   "has been idle for %lld m; that is what this look costs. The statement itself "
                   "is LIMIT %d, pushed down.",
                   base_json_bool_or(warehouse, "serverless", false) ? "seconds" : "minutes",
                   (long long)base_json_i64_or(warehouse, "auto_stop_minutes", 0), LIMIT);
    view_page_blank(page);
    view_page_line(page, STYLE_PLAIN, "  c or Enter  start it and read, after a question");
}

static void nothing_page(struct table *table, struct view_page *page)
{
    const struct table_ask *ask = &table->rows.ask;
    if (grid_of(table)) {
        view_page_blank(page);
        view_page_line(page, STYLE_PLAIN, "  The table has no rows that the principal can read.");
    } else if (ask->busy) {
        (void)table_waiting(page, ask,
                            table_warehouse_runs(table)
                                ? "reading the first 20 rows"
                                : "reading the first 20 rows; the warehouse starts first");
    } else if (ask->stopped) {
        (void)table_waiting(page, ask, "");
        view_page_line(page, STYLE_PLAIN, "  c reads again");
    } else if (ask->failed && ask->err.code == ERR_SRC_WH_STOPPED) {
        stopped_add(page, table);
    } else if (ask->failed) {
        table_error(page, "NOT READ", &ask->err, "c reads again");
    } else if (table->show.data == NULL && table->show.failed) {
        table_error(page, "NOT READ", &table->show.err, "r asks again");
    } else if (table->show.data == NULL) {
        if (!table_waiting(page, &table->show, "asking about the table first"))
            view_page_line(page, STYLE_PLAIN, "  not asked yet: r asks");
    } else if (table_denied(table)) {
        denied_add(page, table);
    } else if (!table_warehouse_runs(table)) {
        stopped_add(page, table);
    } else {
        view_page_blank(page);
        view_page_line(page, STYLE_PLAIN, "  not read yet: c reads the first 20 rows");
    }
}

static const cJSON *count_of(const struct table *table)
{
    const struct view_grid *grid = grid_of(table);
    return table->rows.column < grid->column_count
               ? base_json_get(table->rows.counts, grid->columns[table->rows.column].name)
               : NULL;
}

static void grid_layout(struct table *table, int width, int height)
{
    const struct view_grid *grid = grid_of(table);
    int block = height >= 16 ? 4 : height >= 11 ? 2 : 0;
    int body = height - HEAD - block;
    draw_scroll_fit(&table->rows.scroll, (int64_t)grid->row_count, body < 1 ? 1 : body);
    table->rows.row = (size_t)table->rows.scroll.at;
    table->rows.block_height = block;
    if (table->rows.column >= grid->column_count)
        table->rows.column = grid->column_count ? grid->column_count - 1 : 0;
    view_grid_fit(grid, width, table->rows.column, table->rows.left, &table->rows.fit);
    struct view_page *page = view_page_new(width);
    view_page_rule(page, "%s, selected cell",
                   grid->column_count ? grid->columns[table->rows.column].name : "");
    view_grid_explain(page, grid, table->rows.row, table->rows.column, count_of(table),
                      block > 1 ? (size_t)block - 1 : 0);
    view_page_free(&table->rows.block);
    table->rows.block = page;
}

static void rows_layout(struct table *table, int width, int height)
{
    const struct view_grid *grid = grid_of(table);
    if (grid == NULL || grid->row_count == 0 || grid->column_count == 0) {
        struct view_page *page = view_page_new(width);
        nothing_page(table, page);
        table->rows.record = false;
        table_text_take(&table->rows_text, page, height);
        return;
    }
    grid_layout(table, width, height);
    if (table->rows.record) {
        struct view_page *page = view_page_new(width);
        view_grid_record(page, grid, table->rows.row);
        table_text_take(&table->rows_text, page, height - 1);
        table->rows_text.at = (int)table->rows.column;
        if (table->rows_text.top > table->rows_text.at)
            table->rows_text.top = table->rows_text.at;
        if (table->rows_text.top + table->rows_text.height <= table->rows_text.at)
            table->rows_text.top = table->rows_text.at - table->rows_text.height + 1;
    }
}

static void line_draw(const struct table *table, struct draw_box box)
{
    const struct view_grid *grid = grid_of(table);
    char where[64], age[24];
    view_age(base_json_str(grid->data, "read"), console_now_us(table->screen.console), age);
    view_grid_where(grid, &table->rows.fit, where);
    int room = box.width - draw_width(where);
    char *text =
        base_printf("%zu row%s%s%s, read %s ago", grid->row_count, grid->row_count == 1 ? "" : "s",
                    base_json_bool_or(grid->data, "cut", false) ? " of more" : "",
                    room >= 46 ? ", seen as principal" : "", age);
    draw_field(box, 0, 0, room > 1 ? room - 1 : 0, DRAW_PLAIN, DRAW_LEFT, text);
    draw_text(box, room, 0, DRAW_PLAIN, where);
    free(text);
}

static enum draw_style cell_style(const struct view_cell *cell)
{
    return cell->kind == VIEW_CELL_NULL ? DRAW_FAINT : DRAW_PLAIN;
}

/* One line of the grid: text of every shown column. */
static void cells_draw(const struct table *table, struct draw_box box, int y, int64_t row)
{
    const struct view_grid *grid = grid_of(table);
    const struct view_grid_fit *fit = &table->rows.fit;
    for (size_t i = 0; i < fit->count; i++) {
        const struct view_grid_column *column = &grid->columns[fit->shown[i]];
        bool chosen = fit->shown[i] == table->rows.column;
        const struct view_cell *cell =
            row >= 0 ? view_grid_cell(grid, (size_t)row, fit->shown[i]) : NULL;
        const char *text = cell ? cell->shown : row == -1 ? column->name : column->head;
        enum draw_style style = cell ? cell_style(cell) : row == -1 ? DRAW_HEAD : DRAW_FAINT;
        if (i > 0)
            draw_text(box, fit->x[i] - 2, y, DRAW_FAINT, "|");
        /* The chosen column is told by a mark in the head and in its row. */
        if (chosen && (row == -1 || (i > 0 && row == table->rows.scroll.at)))
            draw_text(box, fit->x[i] - 1, y, DRAW_HEAD, ">");
        draw_field(box, fit->x[i], y, fit->widths[i], style, column->right ? DRAW_RIGHT : DRAW_LEFT,
                   text);
    }
}

/* The row as everywhere; in it the cell, with the hardware cursor on it. */
static void select_draw(const struct table *table, struct draw_box box, int y)
{
    const struct view_grid_fit *fit = &table->rows.fit;
    draw_select(box, y);
    for (size_t i = 0; i < fit->count; i++) {
        if (fit->shown[i] == table->rows.column)
            draw_cursor(box, fit->x[i], y);
    }
}

static void rows_draw(const struct table *table, struct draw_box box)
{
    const struct view_grid *grid = grid_of(table);
    const struct draw_scroll *scroll = &table->rows.scroll;
    if (grid == NULL || grid->row_count == 0 || grid->column_count == 0) {
        table_text_draw(&table->rows_text, box);
        return;
    }
    if (table->rows.record) {
        draw_printf(box, 0, 0, DRAW_HEAD, "record %zu of %zu; Left and Right turn",
                    table->rows.row + 1, grid->row_count);
        table_text_draw(&table->rows_text, draw_box_sub(box, 0, 1, box.width, box.height - 1));
        return;
    }
    line_draw(table, box);
    cells_draw(table, box, 1, -1);
    cells_draw(table, box, 2, -2);
    draw_rule(box, 3, NULL);
    for (int i = 0; i < scroll->height && scroll->top + i < scroll->count; i++) {
        cells_draw(table, box, HEAD + i, scroll->top + i);
        if (scroll->top + i == scroll->at)
            select_draw(table, box, HEAD + i);
    }
    if (table->rows.block_height > 0)
        console_page_draw(table->rows.block,
                          draw_box_sub(box, 0, box.height - table->rows.block_height, box.width,
                                       table->rows.block_height),
                          0, -1);
}

static void rows_status(const struct table *table, struct buf *out)
{
    if (table->rows.count.busy)
        (void)base_buf_text(out, "counting with 1 statement; Ctrl-C stops it");
    else if (table->rows.ask.busy)
        (void)base_buf_text(out, "reading with 1 statement; Ctrl-C stops it");
    else if (grid_of(table))
        (void)base_buf_printf(out, "LIMIT %d pushed down; %s", LIMIT,
                              table->rows.revealed ? "this look is in the operator log"
                                                   : "masked by the engine");
}

static size_t rows_hints(const struct table *table, enum view_action out[], size_t max)
{
    static const enum view_action list[] = {VIEW_ACTION_OPEN,   VIEW_ACTION_ZOOM,
                                            VIEW_ACTION_REVEAL, VIEW_ACTION_CHECK,
                                            VIEW_ACTION_EXPORT, VIEW_ACTION_COPY};
    static const enum view_action none[] = {VIEW_ACTION_CHECK, VIEW_ACTION_REFRESH};
    const enum view_action *from = grid_of(table) ? list : none;
    size_t count = grid_of(table) ? base_countof(list) : base_countof(none);
    return screen_hints(from, count, out, max);
}

static const char *rows_label(const struct table *table, enum view_action action)
{
    bool rows = grid_of(table) != NULL;
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
        return rows ? "full cell" : NULL;
    case VIEW_ACTION_ZOOM:
        return table->rows.record ? "rows" : "record view";
    case VIEW_ACTION_REVEAL:
        return table->rows.revealed ? "mask" : NULL;
    case VIEW_ACTION_CHECK:
        return rows ? "count" : "read";
    default:
        return NULL;
    }
}

static void rows_right(const struct table *table, struct buf *out)
{
    if (table->rows.revealed)
        (void)base_buf_text(out, "REVEALED: M masks");
    else if (table->rows.masked)
        (void)base_buf_text(out, "masked: M reveals");
}

const struct table_tab_ops table_tab_rows = {
    .name = "Rows",
    .word = "rows",
    .enter = rows_enter,
    .refuse = rows_refuse,
    .act = rows_act,
    .move = rows_move,
    .layout = rows_layout,
    .draw = rows_draw,
    .status = rows_status,
    .hints = rows_hints,
    .label = rows_label,
    .right = rows_right,
};
