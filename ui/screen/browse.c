/* 2 Browse: what is there, who can see it, tick it. */
#include "ui/screen/browse.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_US (INT64_C(200) * 1000)    /* how long keys rest before the block below follows */
#define LOOKED_US (INT64_C(3) * 1000000) /* until what was learnt about shown rows is read */
#define TAG_ROWS 100                     /* and on; below: browse_keys.c */

static const char *const order_words[BROWSE_ORDERS] = {"name", "name_desc", "age"};

struct browse_list *browse_list(struct browse *browse)
{
    return browse->found.tree ? &browse->found : &browse->all;
}

const struct browse_list *browse_shown(const struct browse *browse)
{
    return browse->found.tree ? &browse->found : &browse->all;
}

void browse_at_free(struct browse_at *at)
{
    free(at->owner);
    free(at->key);
    free(at->name);
    *at = (struct browse_at){0};
}

void browse_at_set(struct browse_at *at, const struct browse_tree *tree, int64_t line)
{
    struct browse_line found;
    browse_at_free(at);
    if (!browse_tree_line(tree, line, &found))
        return;
    at->owner = base_strdup(found.owner);
    at->key = base_strdup(base_json_str(found.row, "key"));
    at->name = base_strdup(base_json_str(found.row, "name"));
    at->index = found.index;
}

int64_t browse_at_line(const struct browse_at *at, const struct browse_tree *tree)
{
    return at->owner ? browse_tree_find(tree, at->owner, at->key, at->index) : -1;
}

void browse_select(struct browse *browse, int64_t line)
{
    struct browse_list *list = browse_list(browse);
    list->scroll.at = line;
    draw_scroll_fit(&list->scroll, browse_tree_count(list->tree), list->scroll.height);
    browse_at_set(&list->selected, list->tree, list->scroll.at);
    console_touch(browse->screen.console);
}

bool browse_selected(const struct browse *browse, struct browse_line *line)
{
    const struct browse_list *list = browse_shown(browse);
    return browse_tree_line(list->tree, list->scroll.at, line);
}

bool browse_range(const struct browse *browse, int64_t *first, int64_t *last)
{
    const struct browse_list *list = browse_shown(browse);
    int64_t from = browse_at_line(&browse->range, list->tree), to = list->scroll.at;
    if (from < 0)
        return false;
    *first = from < to ? from : to;
    *last = from < to ? to : from;
    return true;
}

static void list_start(struct browse *browse, struct browse_list *list)
{
    browse_tree_free(&list->tree);
    browse_at_free(&list->selected);
    *list = (struct browse_list){.tree = browse_tree_new(), .number = ++browse->lists};
}

/* What every answer about the tree and every change of the draft says of it. */
void browse_draft_take(struct browse *browse, const cJSON *draft)
{
    const char *author = base_json_str_or(draft, "author", "");
    browse->revision = base_json_i64_or(draft, "revision", browse->revision);
    browse->add = base_json_i64_or(draft, "add", browse->add);
    browse->remove = base_json_i64_or(draft, "remove", browse->remove);
    if (browse->author == NULL || strcmp(browse->author, author) != 0) {
        free(browse->author);
        browse->author = base_strdup(author);
    }
}

static void browse_open(struct screen *screen, const cJSON *args)
{
    struct browse *browse = (struct browse *)screen;
    list_start(browse, &browse->all);
    browse->tags = TAG_ROWS;
    browse->seeking = true;
    browse->refreshed = -1;
    browse->tables = -1;
    if (base_json_str(args, "filter"))
        browse_search(browse, base_json_str(args, "filter"));
    if (base_json_str(args, "table"))
        console_push(screen->console, &screen_table, cJSON_Duplicate(args, true));
}

static void block_free(struct browse *browse)
{
    view_page_free(&browse->detail);
    base_free(&browse->detail_name);
}

static void browse_close(struct screen *screen)
{
    struct browse *browse = (struct browse *)screen;
    browse_tree_free(&browse->all.tree);
    browse_tree_free(&browse->found.tree);
    browse_at_free(&browse->all.selected);
    browse_at_free(&browse->found.selected);
    browse_at_free(&browse->range);
    for (size_t i = 0; i < browse->asked.count; i++)
        free(browse->asked.items[i].want.key);
    vec_free(&browse->asked);
    draw_edit_free(&browse->edit);
    free(browse->filter);
    free(browse->author);
    free(browse->sent_key);
    cJSON_Delete(browse->surely);
    block_free(browse);
}

void browse_again(struct browse *browse)
{
    browse->outdated = false;
    browse->looked_us = 0;
    browse_tree_stale(browse->all.tree);
    if (browse->found.tree)
        browse_tree_stale(browse->found.tree);
    console_touch(browse->screen.console);
}

static void browse_resume(struct screen *screen)
{
    browse_again((struct browse *)screen);
}

/* Of the whole workspace, in every answer. */
static void head_take(struct browse *browse, const cJSON *result)
{
    if (base_json_get(result, "draft"))
        browse_draft_take(browse, base_json_get(result, "draft"));
    browse->tables = base_json_i64_or(result, "tables", browse->tables);
    browse->refreshing = base_json_bool_or(result, "refreshing", false);
}

static void on_rows(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct browse *browse = (struct browse *)screen;
    for (size_t i = 0; i < browse->asked.count; i++) {
        struct browse_asked asked = browse->asked.items[i];
        if (asked.tag != tag)
            continue;
        browse->asked.items[i] = browse->asked.items[--browse->asked.count];
        if (result)
            head_take(browse, result);
        if (asked.list == browse->all.number) {
            browse_tree_take(browse->all.tree, &asked.want, result, err);
            if (browse->seeking)
                (void)browse_tree_descend(browse->all.tree);
        } else if (browse->found.tree && asked.list == browse->found.number) {
            browse_tree_take(browse->found.tree, &asked.want, result, err);
        }
        free(asked.want.key);
        return;
    }
}

/* One window of the list that is shown. */
static void ask_rows(struct browse *browse, struct browse_list *list, struct browse_want *want)
{
    cJSON *params = base_json_object();
    bool search = list == &browse->found;
    if (search) {
        struct view_tree_filter filter;
        view_tree_filter(browse->filter, &filter);
        view_tree_filter_params(&filter, params);
    } else {
        base_json_add_str(params, "parent", want->key);
        base_json_add_str(params, "order", order_words[browse->order]);
    }
    base_json_add_i64(params, "offset", want->offset);
    base_json_add_i64(params, "limit", want->limit);
    struct browse_asked asked = {.tag = ++browse->tags, .list = list->number, .want = *want};
    vec_push(&browse->asked, asked);
    console_ask(&browse->screen, search ? "tree.search" : "tree.rows", params, asked.tag, on_rows);
}

/* What was given up (Ctrl-C) is not answered any more. */
static void forget_given_up(struct browse *browse)
{
    if (browse->asked.count == 0 || console_waiting(&browse->screen))
        return;
    for (size_t i = 0; i < browse->asked.count; i++)
        free(browse->asked.items[i].want.key);
    browse->asked.count = 0;
    browse_again(browse);
}

static void ask_visible(struct browse *browse)
{
    struct browse_list *list = browse_list(browse);
    struct browse_want want;
    while (browse->asked.count < BROWSE_ASKS_MAX &&
           browse_tree_want(list->tree, list->scroll.top, list->scroll.top + browse->rows, &want))
        ask_rows(browse, list, &want);
}

void browse_search(struct browse *browse, const char *text)
{
    browse->typed_us = 0;
    if (browse->filter && strcmp(browse->filter, text) == 0)
        return;
    base_free(&browse->filter);
    browse_at_free(&browse->range);
    console_touch(browse->screen.console);
    if (text[strspn(text, " ")] == '\0') {
        browse_tree_free(&browse->found.tree);
        browse_at_free(&browse->found.selected);
        return;
    }
    browse->filter = base_strdup(text);
    list_start(browse, &browse->found);
}

static void browse_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct browse *browse = (struct browse *)screen;
    if (strcmp(name, "draft.changed") == 0) {
        bool known = base_json_i64_or(payload, "revision", 0) == browse->revision;
        browse_draft_take(browse, payload);
        browse->outdated |= !known;
    } else if (strcmp(name, "catalog.changed") == 0) {
        bool done = base_json_bool_or(payload, "done", false);
        bool looked = base_json_get(payload, "looked") != NULL;
        browse->refreshing = !done;
        browse->refreshed = base_json_i64_or(payload, "tables", -1);
        /* Tables that are shown have been looked at: that comes for every page, and can wait. */
        if (looked && browse->looked_us == 0)
            browse->looked_us = console_now_us(screen->console);
        browse->outdated |= !looked;
        if (done && base_json_get(payload, "error"))
            console_say(screen->console, "the workspace could not be read: %s",
                        base_json_str_or(base_json_get(payload, "error"), "message", ""));
    } else {
        return;
    }
    console_touch(screen->console);
}

static void browse_tick(struct screen *screen)
{
    struct browse *browse = (struct browse *)screen;
    int64_t since = console_now_us(screen->console) - browse->looked_us;
    if (browse->outdated || (browse->looked_us != 0 && (since >= LOOKED_US || since < 0)))
        browse_again(browse);
}

static void heights(struct browse *browse)
{
    int height = browse->screen.height;
    browse->head = height >= 6 ? 2 : height >= 4 ? 1 : 0;
    browse->block = height >= 30 ? 7 : height >= 17 ? 4 : height >= 11 ? 3 : 0;
    browse->rows = height - browse->head - browse->block;
    if (browse->rows < 1)
        browse->rows = 1;
}

static void columns(struct browse *browse)
{
    static const struct draw_column all[BROWSE_COLUMNS] = {
        [BROWSE_NAME] = {"NAME", 34, 3, 9, false},
        [BROWSE_ROWS] = {"ROWS", 9, 0, 6, true},
        [BROWSE_SIZE] = {"SIZE", 8, 0, 4, true},
        [BROWSE_AGE] = {"AGE", 4, 0, 5, true},
        [BROWSE_ACCESS] = {"ACCESS", 10, 0, 8, false},
        [BROWSE_TYPE] = {"TYPE", 16, 0, 3, false},
        [BROWSE_OWNER] = {"OWNER", 16, 1, 2, false},
        [BROWSE_COMMENT] = {"COMMENT", 24, 3, 1, false},
    };
    memcpy(browse->columns, all, sizeof all);
    if (browse->screen.width < 78)
        browse->columns[BROWSE_NAME].width = 24;
    if (browse->found.tree) /* full names are longer */
        browse->columns[BROWSE_NAME].width = browse->screen.width < 78 ? 34 : 40;
    draw_columns_fit(browse->columns, BROWSE_COLUMNS, browse->screen.width, BROWSE_INDENT,
                     browse->widths);
}

/* Going down to the first table: the cursor goes with it. */
static void seek(struct browse *browse, struct browse_list *list)
{
    struct browse_line line;
    int64_t best = list->scroll.at;
    for (int64_t at = 0; browse_tree_line(list->tree, at, &line) && at < 4 * BROWSE_PAGE; at++) {
        bool table = strcmp(base_json_str_or(line.row, "kind", ""), "table") == 0;
        if (!table && !line.open)
            continue;
        best = at;
        if (table) {
            browse->seeking = false;
            if (at >= browse->rows) /* with the containers it lies in */
                list->scroll.top = line.above;
            break;
        }
    }
    list->scroll.at = best;
}

/* A row that has moved further than a window is looked for by its name. True: still looking, the
 * selection is as it was. */
static bool chase(struct browse *browse, struct browse_list *list)
{
    struct browse_at *at = &list->selected;
    struct browse_line line;
    int64_t index = at->index;
    if (at->key == NULL || at->name == NULL || browse->found.tree ||
        browse->order != BROWSE_BY_NAME || at->chased >= BROWSE_CHASE_MAX)
        return false;
    if (browse_tree_chase(list->tree, at->owner, at->key, at->name, &index)) {
        at->index = index;
        at->chased++;
        return true;
    }
    /* On its way. */
    return at->chased > 0 && browse_tree_line(list->tree, browse_at_line(at, list->tree), &line) &&
           line.kind == BROWSE_WAIT;
}

/* The selected row may have moved: rows came, containers opened above it. */
static void follow(struct browse *browse)
{
    struct browse_list *list = browse_list(browse);
    bool looking = chase(browse, list);
    int64_t count = browse_tree_count(list->tree);
    int64_t line = browse_at_line(&list->selected, list->tree);
    if (line >= 0 && line != list->scroll.at) {
        list->scroll.top += line - list->scroll.at;
        list->scroll.at = line;
    }
    if (browse->seeking && !browse->found.tree)
        seek(browse, list);
    draw_scroll_fit(&list->scroll, count, browse->rows);
    if (!looking)
        browse_at_set(&list->selected, list->tree, list->scroll.at);
}

/* A key that is held down moves the selection alone: of a block that nobody reads, nothing is
 * sent. */
static bool block_waits(struct browse *browse)
{
    int64_t now = console_now_us(browse->screen.console);
    int64_t line = browse_list(browse)->scroll.at;
    if (browse->detail == NULL || browse->detail->width != browse->screen.width)
        return false;
    if (line != browse->detail_line) {
        browse->detail_line = line;
        browse->moved_us = now;
    }
    int64_t until = browse->moved_us + REST_US;
    if (now >= until || now < browse->moved_us)
        return false;
    console_wake(browse->screen.console, until);
    return true;
}

static void browse_layout(struct screen *screen)
{
    struct browse *browse = (struct browse *)screen;
    struct browse_line line;
    if (browse->edit)
        browse_typed(browse, false);
    heights(browse);
    columns(browse);
    follow(browse);
    forget_given_up(browse);
    ask_visible(browse);
    if (block_waits(browse))
        return;
    block_free(browse);
    browse->detail = view_page_new(screen->width);
    if (browse->block > 1 && browse_selected(browse, &line) && line.row) {
        browse->detail_name = base_strdup(base_json_str_or(line.row, "name", ""));
        view_tree_detail(browse->detail, line.row, console_now_us(screen->console),
                         (size_t)browse->block - 1);
    }
}

/* The list does not show the name whole. Elsewhere it stands in the first row and above the block,
 * and is not sent a third time with every step. */
static bool name_is_cut(const struct browse *browse, const struct browse_line *line)
{
    const char *name = base_json_str_or(line->row, browse->found.tree ? "full_name" : "name", "");
    int indent = browse->found.tree ? 0 : 2 * line->depth;
    return indent + draw_width(name) + 3 > browse->widths[BROWSE_NAME];
}

static void browse_status(const struct screen *screen, struct buf *out)
{
    const struct browse *browse = (const struct browse *)screen;
    struct browse_line line;
    int64_t first, last;
    char text[300];
    if (browse_range(browse, &first, &last)) {
        (void)base_buf_printf(out, "range of %lld rows: Space ticks it, v or Esc ends it",
                              (long long)(last - first + 1));
    } else if (browse_selected(browse, &line)) {
        if (line.row == NULL)
            (void)base_buf_text(out, browse_line_text(browse, &line, text, sizeof text));
        else if (browse->block == 0)
            (void)base_buf_text(out, view_tree_why(line.row));
        else if (name_is_cut(browse, &line))
            (void)base_buf_text(out, base_json_str_or(line.row, "full_name", ""));
    }
}

static void browse_crumb(const struct screen *screen, struct buf *out)
{
    const struct browse *browse = (const struct browse *)screen;
    struct browse_line line, above;
    const char *names[2] = {NULL, NULL};
    if (!browse_selected(browse, &line))
        return;
    if (browse->found.tree) {
        (void)base_buf_text(out, "> found");
        return;
    }
    for (int i = 1; i >= 0 && line.above >= 0; i--) {
        if (!browse_tree_line(browse->all.tree, line.above, &above))
            break;
        names[i] = base_json_str(above.row, "name");
        line = above;
    }
    for (int i = 0; i < 2; i++)
        if (names[i])
            (void)base_buf_printf(out, "%s> %s", out->len ? " " : "", names[i]);
}

/* Enough is set for the workspace to be asked. */
bool browse_connected(const struct browse *browse)
{
    return base_json_bool_or(console_status(browse->screen.console), "ready", true);
}

static size_t browse_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct browse *browse = (const struct browse *)screen;
    static const enum view_action rows[] = {
        VIEW_ACTION_TICK,   VIEW_ACTION_OPEN,  VIEW_ACTION_TICK_ALL, VIEW_ACTION_PLAN,
        VIEW_ACTION_FILTER, VIEW_ACTION_RANGE, VIEW_ACTION_UNDO};
    static const enum view_action none[] = {VIEW_ACTION_REFRESH, VIEW_ACTION_FILTER,
                                            VIEW_ACTION_PLAN};
    static const enum view_action filtered[] = {VIEW_ACTION_CLOSE, VIEW_ACTION_FILTER};
    static const enum view_action setup[] = {VIEW_ACTION_SCREEN_9, VIEW_ACTION_REFRESH};
    static const enum view_action typing[] = {VIEW_ACTION_OPEN, VIEW_ACTION_CLOSE};
    bool some = browse_tree_count(browse_shown(browse)->tree) > 0;
    const enum view_action *from = none;
    size_t count = base_countof(none);
    if (browse->edit) {
        from = typing;
        count = base_countof(typing);
    } else if (some) {
        from = rows;
        count = base_countof(rows);
    } else if (browse->found.tree) {
        from = filtered;
        count = base_countof(filtered);
    } else if (!browse_connected(browse)) {
        from = setup;
        count = base_countof(setup);
    }
    for (size_t i = 0; i < count && i < max; i++)
        out[i] = from[i];
    return count < max ? count : max;
}

static const char *browse_label(const struct screen *screen, enum view_action action)
{
    const struct browse *browse = (const struct browse *)screen;
    struct browse_line line;
    if (action == VIEW_ACTION_CLOSE)
        return browse->edit ? "keep what is found" : "end filter";
    if (action == VIEW_ACTION_OPEN && browse->edit)
        return "search";
    if (!browse_selected(browse, &line) || line.row == NULL)
        return NULL;
    if (action == VIEW_ACTION_TICK && browse->range.owner)
        return "tick range";
    if (action == VIEW_ACTION_TICK && strcmp(base_json_str_or(line.row, "tick", "off"), "on") == 0)
        return "untick";
    if (action == VIEW_ACTION_OPEN && strcmp(base_json_str_or(line.row, "kind", ""), "table") != 0)
        return line.open ? "fold" : "unfold";
    return NULL;
}

const struct screen_ops screen_browse = {
    .name = "Browse",
    .number = 2,
    .size = sizeof(struct browse),
    .help =
        "Catalogs, schemas and tables as the principal sees them, from the engine's memory of the\n"
        "workspace. [x] is in the share, [-] has some that are, a + or - before it is the draft:\n"
        "it changes nothing until it is planned (p) and applied (A in 3 Share).\n"
        "ACCESS says the first level that is missing. / finds tables by a part of their name, by\n"
        "* and ?, and by words of state: no select, no schema, extra, filtered, hidden, ticked,\n"
        "unticked.",
    .open = browse_open,
    .close = browse_close,
    .resume = browse_resume,
    .event = browse_event,
    .tick = browse_tick,
    .key = browse_key,
    .refuse = browse_refuse,
    .act = browse_act,
    .move = browse_move,
    .layout = browse_layout,
    .draw = browse_draw,
    .status = browse_status,
    .crumb = browse_crumb,
    .hints = browse_hints,
    .label = browse_label,
};
