/* What a style looks like. Only the terminal's own 16 colours and its own background; selection is
 * reverse video, which is right on any background. */
#include "ui/draw/canvas.h"

enum { RED = 1, GREEN = 2, YELLOW = 3, MAGENTA = 5 };

static const struct term_look looks[][DRAW_STYLES] =
    {
        [DRAW_THEME_DEFAULT] =
            {
                [DRAW_PLAIN] = {-1, -1, 0},
                [DRAW_HEAD] = {-1, -1, TERM_BOLD},
                [DRAW_FAINT] = {-1, -1, TERM_DIM},
                [DRAW_GOOD] = {GREEN, -1, 0},
                [DRAW_WARN] = {YELLOW, -1, TERM_BOLD},
                [DRAW_BAD] = {RED, -1, TERM_BOLD},
                [DRAW_KEY] = {-1, -1, TERM_BOLD},
                [DRAW_INPUT] = {-1, -1, TERM_UNDERLINE},
                [DRAW_SELECTED] = {-1, -1, TERM_REVERSE},
                [DRAW_MATCH] = {MAGENTA, -1, TERM_BOLD | TERM_UNDERLINE},
            },
        [DRAW_THEME_MONO] =
            {
                [DRAW_PLAIN] = {-1, -1, 0},
                [DRAW_HEAD] = {-1, -1, TERM_BOLD},
                [DRAW_FAINT] = {-1, -1, 0},
                [DRAW_GOOD] = {-1, -1, 0},
                [DRAW_WARN] = {-1, -1, TERM_BOLD},
                [DRAW_BAD] = {-1, -1, TERM_BOLD},
                [DRAW_KEY] = {-1, -1, TERM_BOLD},
                [DRAW_INPUT] = {-1, -1, TERM_UNDERLINE},
                [DRAW_SELECTED] = {-1, -1, TERM_REVERSE},
                [DRAW_MATCH] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
            },
        [DRAW_THEME_CONTRAST] =
            {
                [DRAW_PLAIN] = {-1, -1, TERM_BOLD},
                [DRAW_HEAD] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
                [DRAW_FAINT] = {-1, -1, 0},
                [DRAW_GOOD] = {-1, -1, TERM_BOLD},
                [DRAW_WARN] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
                [DRAW_BAD] = {-1, -1, TERM_BOLD | TERM_REVERSE},
                [DRAW_KEY] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
                [DRAW_INPUT] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
                [DRAW_SELECTED] = {-1, -1, TERM_BOLD | TERM_REVERSE},
                [DRAW_MATCH] = {-1, -1, TERM_BOLD | TERM_UNDERLINE},
            },
};

struct term_look draw_look(enum draw_theme theme, const struct draw_cell *cell)
{
    struct term_look look = looks[theme][cell->style < DRAW_STYLES ? cell->style : DRAW_PLAIN];
    if (cell->selected)
        look.attributes |= TERM_REVERSE;
    return look;
}
