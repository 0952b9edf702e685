/* A canvas as text, for golden files and for copying a screen.
 *
 * With attributes each row is followed by a row of letters, one per column, trailing '.' cut:
 *   . plain   h head   f faint   g good   w warn   b bad   k key   i input   s selected   m match
 * and in capitals where the cell belongs to the selected row (plain: S). The last line names the
 * place of the hardware cursor. */
#include "ui/draw/canvas.h"

#include "base/buf.h"

static const char letters[DRAW_STYLES] = {'.', 'h', 'f', 'g', 'w', 'b', 'k', 'i', 's', 'm'};

static void row_trim(struct buf *out, size_t from, char blank)
{
    while (out->len > from && out->data[out->len - 1] == blank)
        out->data[--out->len] = '\0';
    (void)base_buf_byte(out, '\n');
}

static char letter(const struct draw_cell *cell)
{
    char found = letters[cell->style < DRAW_STYLES ? cell->style : DRAW_PLAIN];
    if (!cell->selected)
        return found;
    return found == '.' ? 'S' : (char)(found - 'a' + 'A');
}

char *draw_canvas_dump(const struct draw_canvas *canvas, bool attributes)
{
    struct buf out;
    base_buf_init(&out, 0);
    for (int y = 0; y < canvas->height; y++) {
        size_t from = out.len;
        for (int x = 0; x < canvas->width; x++) {
            const struct draw_cell *cell = draw_canvas_at(canvas, x, y);
            if (cell->width == 0)
                continue;
            if (cell->len == 0)
                (void)base_buf_byte(&out, ' ');
            else
                (void)base_buf_append(&out, cell->text, cell->len);
        }
        row_trim(&out, from, ' ');
        from = out.len;
        for (int x = 0; attributes && x < canvas->width; x++)
            (void)base_buf_byte(&out, (uint8_t)letter(draw_canvas_at(canvas, x, y)));
        if (attributes)
            row_trim(&out, from, '.');
    }
    if (attributes)
        (void)base_buf_printf(&out, "cursor %d,%d\n", canvas->cursor_x, canvas->cursor_y);
    return base_buf_take(&out, NULL);
}
