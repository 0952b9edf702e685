/* The tree as Browse holds it: which containers are open, windows of their rows, and the flat list
 * of lines they make. Asks nobody: it says which rows it wants and takes them when they come. Only
 * windows are kept; what was not looked at for long goes. */
#ifndef AAMPE_UI_SCREEN_BROWSE_TREE_H
#define AAMPE_UI_SCREEN_BROWSE_TREE_H

#include "base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#define BROWSE_PAGE 60       /* rows in a window */
#define BROWSE_ROWS_MAX 1200 /* rows kept, more only while they are looked at */

struct browse_tree;

struct browse_tree *browse_tree_new(void);
void browse_tree_free(struct browse_tree **tree);

enum browse_kind {
    BROWSE_ROW,
    BROWSE_WAIT,   /* a row that is not here yet, or an open container whose rows are not */
    BROWSE_UNREAD, /* an open container that was never listed */
    BROWSE_EMPTY,  /* an open container without rows */
    BROWSE_ERROR   /* an open container that could not be read */
};
struct browse_line {
    enum browse_kind kind;
    int depth;
    bool open;         /* ROW: a container that is open */
    const cJSON *row;  /* ROW only; borrowed until rows come or go */
    const char *owner; /* key of the container it lies in; "" the root */
    int64_t index;     /* in that container; -1: the line stands for the container's rows */
    int64_t above;     /* the line of that container; -1: the root */
    const char *error; /* ERROR: why */
};
/* Lines of the flat list; 0 while the root has no rows. */
int64_t browse_tree_count(const struct browse_tree *tree);
bool browse_tree_line(const struct browse_tree *tree, int64_t at, struct browse_line *line);
/* The line of a row: by its key when it is here, else by its place; -1: its container is not open.
 * key may be NULL. */
int64_t browse_tree_find(const struct browse_tree *tree, const char *owner, const char *key,
                         int64_t index);

/* A row that is not where it was, in a list by name: true when it must be further up or down, and
 * *index is a place to look next; false: it is here, not read yet, or gone. */
bool browse_tree_chase(const struct browse_tree *tree, const char *owner, const char *key,
                       const char *name, int64_t *index);

/* Opens or folds the container in a line; false: it is none. What lay open inside is open again. */
bool browse_tree_open(struct browse_tree *tree, int64_t at);
bool browse_tree_fold(struct browse_tree *tree, int64_t at);
/* A container that is to be open once it is seen. */
void browse_tree_remember(struct browse_tree *tree, const char *owner, const char *key);
/* Goes down to the first container with tables, what is shared first; true: something was opened,
 * ask for its rows. */
bool browse_tree_descend(struct browse_tree *tree);

/* A window that is wanted for lines from..to. */
struct browse_want {
    char *key; /* of the container; the caller frees it */
    int64_t offset;
    int limit;
    uint64_t stamp;
};
/* The next one that is not asked for yet, which counts as asked for from now on. Lets go of windows
 * that were not looked at for long. */
bool browse_tree_want(struct browse_tree *tree, int64_t from, int64_t to, struct browse_want *want);
/* The answer, or why there is none (result NULL). Late answers are dropped. */
void browse_tree_take(struct browse_tree *tree, const struct browse_want *want, const cJSON *result,
                      const struct err *err);
/* Everything is read again when it is looked at; what is here stays shown until then. */
void browse_tree_stale(struct browse_tree *tree);

/* Of the root: -1 while nothing came. */
int64_t browse_tree_total(const struct browse_tree *tree);
const char *browse_tree_error(const struct browse_tree *tree);   /* of the root; NULL */
const char *browse_tree_fetched(const struct browse_tree *tree); /* NULL: never read */
int64_t browse_tree_kept(const struct browse_tree *tree);        /* rows */

#endif
