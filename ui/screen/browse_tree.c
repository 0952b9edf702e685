#include "ui/screen/browse_tree.h"
#include "ui/view/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NEARBY 20       /* lines around the visible ones that are asked for too */
#define OPEN_MAX 4096   /* containers open at once */
#define DESCEND_TRIES 8 /* empty containers looked into before giving up */

struct window {
    int64_t number; /* rows number * BROWSE_PAGE and on */
    int have;       /* the first `have` rows are up to date; the others may be older or NULL */
    bool asked;
    uint64_t used; /* turn in which it was looked at */
    cJSON *rows[BROWSE_PAGE];
};

struct node {
    char *key;
    struct node *parent;
    int64_t index; /* of its row in the parent; -1: not seen there (any more) */
    int64_t total; /* -1: unknown */
    int64_t epoch; /* of its rows; 0: none yet */
    bool open, tried;
    bool fetched; /* its rows were listed at least once */
    char *error;  /* why it could not be read */
    vec_of(struct window *) windows;
    vec_of(struct node *) children; /* containers that are or were open, by index */
};

struct browse_tree {
    struct node *root;
    uint64_t stamp; /* answers to older questions are dropped */
    uint64_t turn;
    size_t nodes;
    int64_t kept;
    int tries;
    char *fetched;
};

static struct node *node_new(struct browse_tree *tree, struct node *parent, const char *key)
{
    struct node *node = base_alloc_zero(1, sizeof *node);
    node->key = base_strdup(key);
    node->parent = parent;
    node->index = -1;
    node->total = -1;
    if (parent)
        vec_push(&parent->children, node);
    tree->nodes++;
    return node;
}

static void window_free(struct browse_tree *tree, struct window *window)
{
    for (int i = 0; i < BROWSE_PAGE; i++) {
        tree->kept -= window->rows[i] != NULL;
        cJSON_Delete(window->rows[i]);
    }
    free(window);
}

static void windows_drop(struct browse_tree *tree, struct node *node)
{
    for (size_t i = 0; i < node->windows.count; i++)
        window_free(tree, node->windows.items[i]);
    vec_free(&node->windows);
}

static void node_free(struct browse_tree *tree, struct node *node)
{
    for (size_t i = 0; i < node->children.count; i++)
        node_free(tree, node->children.items[i]);
    vec_free(&node->children);
    windows_drop(tree, node);
    free(node->key);
    free(node->error);
    free(node);
    tree->nodes--;
}

struct browse_tree *browse_tree_new(void)
{
    struct browse_tree *tree = base_alloc_zero(1, sizeof *tree);
    tree->root = node_new(tree, NULL, "");
    tree->root->open = true;
    tree->root->index = 0;
    return tree;
}

void browse_tree_free(struct browse_tree **tree)
{
    if (*tree == NULL)
        return;
    node_free(*tree, (*tree)->root);
    free((*tree)->fetched);
    base_free(tree);
}

static struct node *child_find(const struct node *node, const char *key)
{
    for (size_t i = 0; i < node->children.count; i++)
        if (strcmp(node->children.items[i]->key, key) == 0)
            return node->children.items[i];
    return NULL;
}

static struct node *node_find(struct node *node, const char *key)
{
    if (strcmp(node->key, key) == 0)
        return node;
    for (size_t i = 0; i < node->children.count; i++) {
        struct node *found = node_find(node->children.items[i], key);
        if (found)
            return found;
    }
    return NULL;
}

static int child_order(const void *a, const void *b)
{
    const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void children_sort(struct node *node)
{
    if (node->children.count > 1)
        qsort(node->children.items, node->children.count, sizeof *node->children.items,
              child_order);
}

/* It is open and its row is where we think it is. */
static bool shown(const struct node *child)
{
    return child->open && child->index >= 0;
}

/* Lines below the row of the container. An open one without rows has one that says so. */
static int64_t node_lines(const struct node *node)
{
    int64_t lines = node->total > 0 ? node->total : node->parent ? 1 : 0;
    for (size_t i = 0; i < node->children.count; i++)
        if (shown(node->children.items[i]))
            lines += node_lines(node->children.items[i]);
    return lines;
}

int64_t browse_tree_count(const struct browse_tree *tree)
{
    return node_lines(tree->root);
}

static struct window *window_find(const struct node *node, int64_t number)
{
    for (size_t i = 0; i < node->windows.count; i++)
        if (node->windows.items[i]->number == number)
            return node->windows.items[i];
    return NULL;
}

static const cJSON *row_at(const struct node *node, int64_t index)
{
    const struct window *window = window_find(node, index / BROWSE_PAGE);
    return window ? window->rows[index % BROWSE_PAGE] : NULL;
}

struct place {
    struct node *node;
    int64_t index; /* in node; -1: the line that stands for its rows */
    int64_t above; /* the line of node's own row */
    int depth;
};

/* Where line `at` lies; false: behind the end. */
static bool place_of(const struct browse_tree *tree, int64_t at, struct place *place)
{
    struct node *node = tree->root;
    int64_t first = 0, above = -1; /* `first` is the line of node's row 0 */
    for (int depth = 0; at >= first; depth++) {
        struct node *into = NULL;
        int64_t extra = 0, rest = at - first; /* lines of open children before it */
        for (size_t i = 0; i < node->children.count && into == NULL; i++) {
            struct node *child = node->children.items[i];
            if (!shown(child))
                continue;
            int64_t row = child->index + extra, lines = node_lines(child);
            if (rest <= row)
                break;
            if (rest <= row + lines) {
                above = first + row;
                into = child;
            }
            extra += lines;
        }
        if (into == NULL) {
            bool rows = node->total > 0;
            *place = (struct place){node, rows ? rest - extra : -1, above, depth};
            return rows ? rest - extra < node->total : node->parent != NULL;
        }
        node = into;
        first = above + 1;
    }
    return false;
}

bool browse_tree_line(const struct browse_tree *tree, int64_t at, struct browse_line *line)
{
    struct place place;
    if (at < 0 || !place_of(tree, at, &place))
        return false;
    *line = (struct browse_line){.kind = BROWSE_WAIT,
                                 .depth = place.depth,
                                 .owner = place.node->key,
                                 .index = place.index,
                                 .above = place.above};
    if (place.index < 0) {
        line->kind = place.node->error       ? BROWSE_ERROR
                     : place.node->total < 0 ? BROWSE_WAIT
                     : place.node->fetched   ? BROWSE_EMPTY
                                             : BROWSE_UNREAD;
        line->error = place.node->error;
        return true;
    }
    line->row = row_at(place.node, place.index);
    if (line->row) {
        const struct node *child = child_find(place.node, base_json_str_or(line->row, "key", ""));
        line->kind = BROWSE_ROW;
        line->open = child && shown(child);
    }
    return true;
}

/* The line of row `index` of node, -1 when it is not shown. */
static int64_t line_of(const struct node *node, int64_t index)
{
    int64_t line = index < 0 ? 0 : index;
    for (size_t i = 0; i < node->children.count; i++) {
        const struct node *child = node->children.items[i];
        if (shown(child) && child->index < index)
            line += node_lines(child);
    }
    if (node->parent == NULL)
        return line;
    if (!shown(node))
        return -1;
    int64_t above = line_of(node->parent, node->index);
    return above < 0 ? -1 : above + 1 + line;
}

/* Index of the row with that key among those that are here; -1. */
static int64_t index_of(const struct node *node, const char *key)
{
    for (size_t i = 0; i < node->windows.count; i++) {
        const struct window *window = node->windows.items[i];
        for (int k = 0; k < BROWSE_PAGE; k++)
            if (window->rows[k] && strcmp(base_json_str_or(window->rows[k], "key", ""), key) == 0)
                return window->number * BROWSE_PAGE + k;
    }
    return -1;
}

bool browse_tree_chase(const struct browse_tree *tree, const char *owner, const char *key,
                       const char *name, int64_t *index)
{
    struct node *node = node_find(tree->root, owner);
    if (node == NULL || node->total <= 0 || index_of(node, key) >= 0)
        return false;
    int64_t at = *index < node->total ? *index : node->total - 1;
    const struct window *window = window_find(node, at < 0 ? 0 : at / BROWSE_PAGE);
    if (window == NULL || window->have == 0)
        return false;
    const char *first = base_json_str_or(window->rows[0], "name", "");
    const char *last = base_json_str_or(window->rows[window->have - 1], "name", "");
    if (strcasecmp(name, first) < 0 && window->number > 0)
        *index = window->number * BROWSE_PAGE - 1;
    else if (strcasecmp(name, last) > 0 && (window->number + 1) * BROWSE_PAGE < node->total)
        *index = (window->number + 1) * BROWSE_PAGE;
    else
        return false;
    return true;
}

int64_t browse_tree_find(const struct browse_tree *tree, const char *owner, const char *key,
                         int64_t index)
{
    struct node *node = node_find(tree->root, owner);
    if (node == NULL || !node->open)
        return -1;
    int64_t here = key ? index_of(node, key) : -1;
    if (here >= 0)
        return line_of(node, here);
    if (node->total > 0 && index >= node->total)
        index = node->total - 1;
    return line_of(node, node->total > 0 ? (index < 0 ? 0 : index) : -1);
}

static bool is_container(const cJSON *row)
{
    return row && strcmp(base_json_str_or(row, "kind", "table"), "table") != 0;
}

static struct node *node_open(struct browse_tree *tree, struct node *parent, int64_t index,
                              const cJSON *row)
{
    const char *key = base_json_str_or(row, "key", "");
    struct node *child = child_find(parent, key);
    if (child == NULL && tree->nodes < OPEN_MAX)
        child = node_new(tree, parent, key);
    if (child == NULL)
        return NULL;
    child->index = index;
    child->open = true;
    children_sort(parent);
    return child;
}

bool browse_tree_open(struct browse_tree *tree, int64_t at)
{
    struct place place;
    if (at < 0 || !place_of(tree, at, &place) || place.index < 0)
        return false;
    const cJSON *row = row_at(place.node, place.index);
    return is_container(row) && node_open(tree, place.node, place.index, row) != NULL;
}

/* Nothing inside is looked at any more; what was open there stays remembered. */
static void node_fold(struct browse_tree *tree, struct node *node)
{
    windows_drop(tree, node);
    node->total = -1;
    base_free(&node->error);
    for (size_t i = 0; i < node->children.count; i++) {
        node->children.items[i]->index = -1;
        node_fold(tree, node->children.items[i]);
    }
}

bool browse_tree_fold(struct browse_tree *tree, int64_t at)
{
    struct place place;
    if (at < 0 || !place_of(tree, at, &place) || place.index < 0)
        return false;
    const cJSON *row = row_at(place.node, place.index);
    struct node *child = row ? child_find(place.node, base_json_str_or(row, "key", "")) : NULL;
    if (child == NULL || !shown(child))
        return false;
    child->open = false;
    node_fold(tree, child);
    return true;
}

void browse_tree_remember(struct browse_tree *tree, const char *owner, const char *key)
{
    struct node *parent = node_find(tree->root, owner);
    if (parent == NULL || tree->nodes >= OPEN_MAX || child_find(parent, key))
        return;
    node_new(tree, parent, key)->open = true;
}

/* How promising a container is for somebody who looks at the tree for the first time. */
static int promise(const struct node *node, const cJSON *row)
{
    const struct node *child = child_find(node, base_json_str_or(row, "key", ""));
    const char *tick = base_json_str_or(row, "tick", "off");
    int64_t tables = -1;
    bool known = base_json_i64(row, "tables", &tables);
    if (!is_container(row) || (child && child->tried) || (known && tables == 0))
        return 0;
    if (strcmp(tick, "off") != 0)
        return 4;
    if (view_tree_refusal(row) || strcmp(base_json_str_or(row, "name", ""), "system") == 0)
        return 1;
    return known ? 3 : 2;
}

bool browse_tree_descend(struct browse_tree *tree)
{
    struct node *node = tree->root;
    for (size_t i = 0; i < node->children.count;) {
        if (shown(node->children.items[i])) {
            node = node->children.items[i];
            i = 0;
        } else {
            i++;
        }
    }
    if (node->total < 0 && node->error == NULL)
        return false; /* on its way */
    if (node->total <= 0 && node->parent && ++tree->tries < DESCEND_TRIES) {
        struct node *parent = node->parent;
        node->tried = true;
        node->open = false;
        node_fold(tree, node);
        node = parent;
    }
    int64_t best_index = -1;
    int best = 0;
    for (int64_t i = 0; i < node->total && i < BROWSE_PAGE; i++) {
        const cJSON *row = row_at(node, i);
        int value = row ? promise(node, row) : 0;
        if (value > best) {
            best = value;
            best_index = i;
        }
    }
    return best_index >= 0 && node_open(tree, node, best_index, row_at(node, best_index)) != NULL;
}

/* Rows the window should have. */
static int window_full(const struct node *node, const struct window *window)
{
    int64_t rest = node->total < 0 ? BROWSE_PAGE : node->total - window->number * BROWSE_PAGE;
    return rest > BROWSE_PAGE ? BROWSE_PAGE : rest < 0 ? 0 : (int)rest;
}

static bool node_want(struct browse_tree *tree, struct node *node, int64_t index,
                      struct browse_want *want)
{
    int64_t number = index < 0 ? 0 : index / BROWSE_PAGE;
    struct window *window = window_find(node, number);
    if (window == NULL) {
        window = base_alloc_zero(1, sizeof *window);
        window->number = number;
        vec_push(&node->windows, window);
    }
    window->used = tree->turn;
    int full = window_full(node, window);
    if (window->asked || (window->have >= full && node->total >= 0))
        return false;
    window->asked = true;
    *want = (struct browse_want){.key = base_strdup(node->key),
                                 .offset = number * BROWSE_PAGE + window->have,
                                 .limit = full - window->have,
                                 .stamp = tree->stamp};
    return true;
}

static void node_shrink(struct browse_tree *tree, struct node *node)
{
    for (size_t i = 0; i < node->windows.count && tree->kept > BROWSE_ROWS_MAX;) {
        struct window *window = node->windows.items[i];
        if (window->used == tree->turn || window->asked) {
            i++;
            continue;
        }
        window_free(tree, window);
        node->windows.items[i] = node->windows.items[--node->windows.count];
    }
    for (size_t i = 0; i < node->children.count; i++)
        node_shrink(tree, node->children.items[i]);
}

bool browse_tree_want(struct browse_tree *tree, int64_t from, int64_t to, struct browse_want *want)
{
    tree->turn++;
    if (tree->root->total < 0)
        return tree->root->error == NULL && node_want(tree, tree->root, -1, want);
    bool found = false;
    /* What is visible comes before what is near. Every line is touched, so that its window stays.
     */
    for (int pass = 0; pass < 2; pass++) {
        int64_t first = pass == 0 ? from : from - NEARBY, last = pass == 0 ? to : to + NEARBY;
        for (int64_t at = first < 0 ? 0 : first; at <= last; at++) {
            struct place place;
            if (!place_of(tree, at, &place))
                break;
            struct browse_want each;
            if (found) {
                struct window *window =
                    window_find(place.node, place.index < 0 ? 0 : place.index / BROWSE_PAGE);
                if (window)
                    window->used = tree->turn;
            } else if (node_want(tree, place.node, place.index, &each)) {
                *want = each;
                found = true;
            }
        }
    }
    if (tree->kept > BROWSE_ROWS_MAX)
        node_shrink(tree, tree->root);
    return found;
}

/* A row has taken its place: an open container moves with it. */
static void row_placed(struct node *node, int64_t index, const cJSON *row)
{
    struct node *child = child_find(node, base_json_str_or(row, "key", ""));
    for (size_t i = 0; i < node->children.count; i++)
        if (node->children.items[i]->index == index && node->children.items[i] != child)
            node->children.items[i]->index = -1;
    if (child)
        child->index = index;
}

static void window_take(struct browse_tree *tree, struct node *node, struct window *window,
                        int64_t offset, const cJSON *rows)
{
    int at = (int)(offset - window->number * BROWSE_PAGE), first = at, had = window->have;
    const cJSON *each;
    cJSON_ArrayForEach(each, rows)
    {
        if (at >= BROWSE_PAGE || !cJSON_IsObject(each))
            break;
        tree->kept += window->rows[at] == NULL;
        cJSON_Delete(window->rows[at]);
        window->rows[at] = cJSON_Duplicate(each, true);
        if (window->rows[at] == NULL)
            bug("out of memory in JSON");
        row_placed(node, window->number * BROWSE_PAGE + at, each);
        at++;
    }
    window->have = first <= had ? at : had;
    if (at == first && at < window_full(node, window))
        window->have = window_full(node, window); /* no end of asking for what does not come */
    for (int k = window_full(node, window); k < BROWSE_PAGE; k++) {
        tree->kept -= window->rows[k] != NULL;
        cJSON_Delete(window->rows[k]);
        window->rows[k] = NULL;
    }
    children_sort(node);
}

/* Windows and open containers behind the end of a list that has become shorter. */
static void node_cut(struct browse_tree *tree, struct node *node)
{
    for (size_t i = 0; i < node->windows.count;) {
        struct window *window = node->windows.items[i];
        if (window->number > 0 && window->number * BROWSE_PAGE >= node->total && !window->asked) {
            window_free(tree, window);
            node->windows.items[i] = node->windows.items[--node->windows.count];
        } else {
            i++;
        }
    }
    for (size_t i = 0; i < node->children.count; i++)
        if (node->children.items[i]->index >= node->total)
            node->children.items[i]->index = -1;
    children_sort(node);
}

/* What is here belongs to an older list. What is on its way may be of the new one. */
static void node_outdated(struct node *node)
{
    for (size_t i = 0; i < node->windows.count; i++)
        node->windows.items[i]->have = 0;
}

static void stale_walk(struct node *node)
{
    for (size_t i = 0; i < node->windows.count; i++) {
        node->windows.items[i]->have = 0;
        node->windows.items[i]->asked = false;
    }
    /* A list that could not be read, or had nothing, is asked for again. */
    if (node->total <= 0) {
        node->total = -1;
        base_free(&node->error);
    }
    for (size_t i = 0; i < node->children.count; i++)
        stale_walk(node->children.items[i]);
}

void browse_tree_stale(struct browse_tree *tree)
{
    tree->stamp++;
    stale_walk(tree->root);
}

void browse_tree_take(struct browse_tree *tree, const struct browse_want *want, const cJSON *result,
                      const struct err *err)
{
    struct node *node = node_find(tree->root, want->key);
    if (node == NULL || want->stamp != tree->stamp)
        return;
    struct window *window = window_find(node, want->offset / BROWSE_PAGE);
    if (window == NULL || !window->asked)
        return;
    int64_t epoch = base_json_i64_or(result, "epoch", 0);
    if (result && node->epoch != 0 && epoch != 0 && epoch != node->epoch)
        node_outdated(node);
    window->asked = false;
    base_free(&node->error);
    if (result == NULL) {
        node->error = base_strdup(err ? err->message : "no answer");
        node->total = node->total < 0 ? 0 : node->total;
        window->have = window_full(node, window);
        return;
    }
    node->epoch = epoch ? epoch : node->epoch;
    node->total = base_json_i64_or(result, "total", 0);
    if (node->total < 0)
        node->total = 0;
    node->fetched = base_json_str(result, "fetched") != NULL;
    if (node == tree->root) {
        free(tree->fetched);
        tree->fetched = base_strdup(base_json_str(result, "fetched"));
    }
    const cJSON *error = base_json_get(result, "error");
    if (cJSON_IsObject(error))
        node->error = base_strdup(base_json_str_or(error, "message", "it could not be read"));
    window_take(tree, node, window, want->offset, base_json_array(result, "rows"));
    node_cut(tree, node);
}

int64_t browse_tree_total(const struct browse_tree *tree)
{
    return tree->root->total;
}

const char *browse_tree_error(const struct browse_tree *tree)
{
    return tree->root->error;
}

const char *browse_tree_fetched(const struct browse_tree *tree)
{
    return tree->fetched;
}

int64_t browse_tree_kept(const struct browse_tree *tree)
{
    return tree->kept;
}
