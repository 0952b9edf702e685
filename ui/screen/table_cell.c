/* One cell of the Rows tab on a screen of its own: the whole value, wrapped. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/grid.h"

#include <stdlib.h>
#include <string.h>

struct cell {
    struct screen screen;
    cJSON *args;
    struct table_text text;
};

static void cell_open(struct screen *screen, const cJSON *args)
{
    struct cell *cell = (struct cell *)screen;
    cell->args = args ? cJSON_Duplicate(args, true) : base_json_object();
    if (cell->args == NULL)
        bug("out of memory");
    cell->text.at = -1;
}

static void cell_close(struct screen *screen)
{
    struct cell *cell = (struct cell *)screen;
    cJSON_Delete(cell->args);
    view_page_free(&cell->text.page);
}

static const char *cell_refuse(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_COPY || action == VIEW_ACTION_EXPORT ? NULL : "";
}

static void cell_act(struct screen *screen, enum view_action action)
{
    struct cell *cell = (struct cell *)screen;
    const char *text = base_json_str_or(cell->args, "text", "NULL");
    if (action == VIEW_ACTION_COPY)
        console_copy(screen->console, text);
    else if (action == VIEW_ACTION_EXPORT)
        console_export(screen->console, "cell.txt", text);
}

static void cell_move(struct screen *screen, enum draw_move move)
{
    table_text_move(&((struct cell *)screen)->text, move);
}

static void cell_layout(struct screen *screen)
{
    struct cell *cell = (struct cell *)screen;
    struct view_page *page = view_page_new(screen->width);
    struct view_cell value = {.kind = (enum view_cell_kind)base_json_i64_or(cell->args, "kind", 0),
                              .shown = base_json_str_or(cell->args, "shown", ""),
                              .text = base_json_str(cell->args, "text"),
                              .length = base_json_i64_or(cell->args, "length", -1),
                              .cut = base_json_bool_or(cell->args, "cut", false)};
    view_page_line(page, STYLE_HEAD, "%s  %s, row %lld", base_json_str_or(cell->args, "column", ""),
                   base_json_str_or(cell->args, "type", ""),
                   (long long)base_json_i64_or(cell->args, "row", 0));
    if (base_json_bool_or(cell->args, "masked", true) &&
        (value.kind == VIEW_CELL_MASKED || value.kind == VIEW_CELL_FOLDED))
        view_page_line(page, STYLE_FAINT, "masked; M in the Rows tab reveals");
    view_page_rule(page, "%s",
                   value.kind == VIEW_CELL_NULL    ? "NULL, no value"
                   : value.kind == VIEW_CELL_EMPTY ? "EMPTY TEXT, not NULL"
                                                   : "VALUE");
    view_cell_whole(page, &value);
    table_text_take(&cell->text, page, screen->height);
}

static void cell_draw(const struct screen *screen, struct draw_box body)
{
    table_text_draw(&((const struct cell *)screen)->text, body);
}

static void cell_status(const struct screen *screen, struct buf *out)
{
    const struct cell *cell = (const struct cell *)screen;
    int below =
        cell->text.page ? (int)cell->text.page->count - cell->text.top - cell->text.height : 0;
    if (base_json_i64_or(cell->args, "length", -1) >= 0)
        (void)base_buf_printf(out, "%lld characters",
                              (long long)base_json_i64_or(cell->args, "length", 0));
    if (below > 0)
        (void)base_buf_printf(out, "%s%d more line%s below", out->len ? "; " : "", below,
                              below == 1 ? "" : "s");
}

static size_t cell_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action list[] = {VIEW_ACTION_CLOSE, VIEW_ACTION_COPY,
                                            VIEW_ACTION_EXPORT};
    (void)screen;
    return screen_hints(list, base_countof(list), out, max);
}

static void cell_crumb(const struct screen *screen, struct buf *out)
{
    const struct cell *cell = (const struct cell *)screen;
    (void)base_buf_printf(out, "> %s", base_json_str_or(cell->args, "column", ""));
}

const struct screen_ops screen_table_cell = {
    .name = "Cell",
    .size = sizeof(struct cell),
    .help = "One value, whole: arrows and pages scroll, y copies it, e writes it to a file.",
    .open = cell_open,
    .close = cell_close,
    .refuse = cell_refuse,
    .act = cell_act,
    .move = cell_move,
    .layout = cell_layout,
    .draw = cell_draw,
    .status = cell_status,
    .crumb = cell_crumb,
    .hints = cell_hints,
};
