/* Private to 2 Browse: its state, shared by its files. */
#ifndef AAMPE_UI_SCREEN_BROWSE_H
#define AAMPE_UI_SCREEN_BROWSE_H

#include "ui/screen/browse_tree.h"
#include "ui/screen/console.h"
#include "ui/view/page.h"
#include "ui/view/tree.h"

#include "base/vec.h"

enum browse_column {
    BROWSE_NAME,
    BROWSE_ROWS,
    BROWSE_SIZE,
    BROWSE_AGE,
    BROWSE_ACCESS,
    BROWSE_TYPE,
    BROWSE_OWNER,
    BROWSE_COMMENT,
    BROWSE_COLUMNS
};
#define BROWSE_INDENT 7 /* mark, draft, box */
#define BROWSE_ASKS_MAX 4
#define BROWSE_ASKS_SURELY 200 /* more ticks at once than this are asked about */
#define BROWSE_RANGE_MAX 1000
#define BROWSE_CHASE_MAX 12 /* windows that are read to find a row that has moved */

enum browse_order { BROWSE_BY_NAME, BROWSE_BY_NAME_DESC, BROWSE_BY_AGE, BROWSE_ORDERS };

/* A row, whatever line it has at the moment. */
struct browse_at {
    char *owner, *key, *name; /* key NULL: the row is not here yet */
    int64_t index;
    int chased; /* windows looked into since it was last seen */
};
struct browse_list {
    struct browse_tree *tree;
    struct draw_scroll scroll;
    struct browse_at selected;
    uint64_t number; /* answers for an older list are dropped */
};
struct browse_asked {
    int64_t tag;
    uint64_t list;
    struct browse_want want;
};

struct browse {
    struct screen screen;
    struct browse_list all, found; /* found.tree NULL: no filter */
    uint64_t lists;
    vec_of(struct browse_asked) asked;
    int64_t tags;
    bool seeking; /* going down to the first table; ends with the first key */
    enum browse_order order;

    struct draw_edit *edit; /* what is being typed behind `/` */
    int64_t typed_us;       /* when; 0: nothing new */
    char *filter;           /* what `found` was asked for */

    struct browse_at range; /* owner NULL: none */
    cJSON *surely;          /* a tick that waits for its question */

    int64_t revision, add, remove; /* of the draft */
    char *author;
    int64_t tables; /* known in the whole workspace; -1: not yet */

    char *sent_key; /* the row of the last tick, until its answer */
    bool sent_on;

    bool refreshing, outdated; /* outdated: read again at the next tick */
    int64_t looked_us;         /* since when something new is known of shown rows; 0: nothing is */
    int64_t refreshed;         /* tables so far; -1: unknown */

    /* made in layout */
    struct draw_column columns[BROWSE_COLUMNS];
    int widths[BROWSE_COLUMNS];
    int head, rows, block; /* heights: lines above the list, the list, the block below */
    /* What the block says; follows the selection when the keys rest. */
    struct view_page *detail;
    char *detail_name;
    int64_t detail_line, moved_us;
};

/* browse.c */
struct browse_list *browse_list(struct browse *browse); /* the one that is shown */
const struct browse_list *browse_shown(const struct browse *browse);
void browse_select(struct browse *browse, int64_t line);
bool browse_selected(const struct browse *browse, struct browse_line *line);
void browse_at_free(struct browse_at *at);
void browse_at_set(struct browse_at *at, const struct browse_tree *tree, int64_t line);
int64_t browse_at_line(const struct browse_at *at, const struct browse_tree *tree);
void browse_search(struct browse *browse, const char *text); /* "": ends the filter */
void browse_draft_take(struct browse *browse, const cJSON *draft);
void browse_again(struct browse *browse); /* read again what is shown */
bool browse_connected(const struct browse *browse);
/* Lines of the range, first <= last; false: there is none. */
bool browse_range(const struct browse *browse, int64_t *first, int64_t *last);

/* browse_keys.c */
bool browse_key(struct screen *screen, const struct term_key *key);
const char *browse_refuse(const struct screen *screen, enum view_action action);
void browse_act(struct screen *screen, enum view_action action);
void browse_move(struct screen *screen, enum draw_move move);
void browse_typed(struct browse *browse, bool now); /* searches what was typed, after a pause */

/* browse_draw.c */
void browse_draw(const struct screen *screen, struct draw_box body);
const char *browse_line_text(const struct browse *browse, const struct browse_line *line, char *out,
                             size_t size);

#endif
