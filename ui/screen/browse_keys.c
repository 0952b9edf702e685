/* What the keys do in 2 Browse. */
#include "ui/screen/browse.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_MAX 200
#define PAUSE_US 250000 /* typing has come to rest */

enum { TAG_TICK = 2, TAG_REFRESH = 3 };

static bool is_table(const cJSON *row)
{
    return strcmp(base_json_str_or(row, "kind", ""), "table") == 0;
}

void browse_typed(struct browse *browse, bool now)
{
    int64_t rested = console_now_us(browse->screen.console) - browse->typed_us;
    if (browse->edit && browse->typed_us != 0 && (now || rested >= PAUSE_US))
        browse_search(browse, draw_edit_text(browse->edit));
}

bool browse_key(struct screen *screen, const struct term_key *key)
{
    struct browse *browse = (struct browse *)screen;
    bool enter = key->kind == TERM_KEY_ENTER ||
                 (key->kind == TERM_KEY_CHAR && (key->codepoint == '\r' || key->codepoint == '\n'));
    if (browse->edit == NULL)
        return false;
    if (enter || key->kind == TERM_KEY_ESCAPE) {
        browse_typed(browse, true);
        draw_edit_free(&browse->edit);
        return true;
    }
    if (!draw_edit_key(browse->edit, key))
        return false;
    browse->typed_us = console_now_us(screen->console);
    console_wake(screen->console, browse->typed_us + PAUSE_US);
    return true;
}

static void on_changed(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    struct browse *browse = (struct browse *)screen;
    long long changed = (long long)base_json_i64_or(result, "changed", 0);
    const char *undone = base_json_str_or(result, "undone", "");
    (void)tag;
    base_free(&browse->sent_key);
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    browse_draft_take(browse, result);
    if (undone[0])
        console_say(screen->console, "taken back: %s", undone);
    else if (changed == 0)
        console_say(screen->console, "nothing changed in the draft");
    else if (changed > 1)
        console_say(screen->console, "%lld tables changed in the draft; u takes it back", changed);
    browse_again(browse);
}

static void tick_send(struct browse *browse, cJSON *take_params)
{
    browse_at_free(&browse->range);
    console_ask(&browse->screen, "draft.tick", take_params, TAG_TICK, on_changed);
}

static void on_surely(struct screen *screen, bool yes, void *user)
{
    struct browse *browse = (struct browse *)screen;
    cJSON *params = browse->surely;
    (void)user;
    browse->surely = NULL;
    if (yes && params) {
        tick_send(browse, params);
        return;
    }
    base_free(&browse->sent_key);
    cJSON_Delete(params);
}

/* Many at once are asked about; the question says that nothing happens but a draft. */
static void tick_asking(struct browse *browse, cJSON *take_params, long long count,
                        const char *what)
{
    bool on = base_json_bool_or(take_params, "on", true);
    if (count <= BROWSE_ASKS_SURELY) {
        tick_send(browse, take_params);
        return;
    }
    struct view_page *page = view_page_new(browse->screen.width);
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN, "%s %lld tables %s?", on ? "Tick" : "Untick", count, what);
    view_page_blank(page);
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "This is a draft: nothing changes until it is planned and applied, and u takes "
                   "it back.");
    cJSON_Delete(browse->surely);
    browse->surely = take_params;
    console_question(&browse->screen, on ? "TICK" : "UNTICK", page, on ? "Tick" : "Untick", NULL,
                     on_surely, NULL);
}

static void tick_range(struct browse *browse)
{
    const struct browse_list *list = browse_shown(browse);
    struct browse_line line;
    int64_t first, last;
    bool all_on = true;
    if (!browse_range(browse, &first, &last))
        return;
    if (last - first >= BROWSE_RANGE_MAX) {
        console_say(browse->screen.console, "a range has at most %d rows; / and a tick more",
                    BROWSE_RANGE_MAX);
        return;
    }
    cJSON *params = base_json_object(), *keys = base_json_add_array(params, "keys");
    for (int64_t at = first; at <= last; at++) {
        if (!browse_tree_line(list->tree, at, &line) || line.kind == BROWSE_WAIT) {
            cJSON_Delete(params);
            console_say(browse->screen.console,
                        "rows of the range are not here yet; walk over them once");
            return;
        }
        /* An open container is what its rows are. */
        if (line.row == NULL || line.open || base_json_str(line.row, "tick") == NULL)
            continue;
        base_json_push_take(keys, cJSON_CreateString(base_json_str_or(line.row, "key", "")));
        all_on &= strcmp(base_json_str_or(line.row, "tick", "off"), "on") == 0;
    }
    base_json_add_bool(params, "on", !all_on);
    tick_send(browse, params);
}

static void tick(struct browse *browse)
{
    struct browse_line line;
    if (browse->range.owner) {
        tick_range(browse);
        return;
    }
    if (!browse_selected(browse, &line) || line.row == NULL)
        return;
    const char *key = base_json_str_or(line.row, "key", "");
    bool on = strcmp(base_json_str_or(line.row, "tick", "off"), "on") != 0;
    if (browse->sent_key && strcmp(browse->sent_key, key) == 0)
        on = !browse->sent_on; /* what is shown is not what was asked for last */
    free(browse->sent_key);
    browse->sent_key = base_strdup(key);
    browse->sent_on = on;
    cJSON *params = base_json_object();
    cJSON *keys = base_json_add_array(params, "keys");
    base_json_push_take(keys, cJSON_CreateString(key));
    base_json_add_bool(params, "on", on);
    char *what = base_printf("in %s", base_json_str_or(line.row, "full_name", ""));
    tick_asking(browse, params, (long long)base_json_i64_or(line.row, "tables", 0), what);
    free(what);
}

/* What the filter shows; without a filter everything. */
static void tick_all(struct browse *browse)
{
    cJSON *params = base_json_object();
    base_json_add_bool(params, "on", true);
    if (browse->found.tree) {
        struct view_tree_filter filter;
        view_tree_filter(browse->filter, &filter);
        view_tree_filter_params(&filter, params);
        char *what = base_printf("that match \"%s\"", browse->filter);
        tick_asking(browse, params, (long long)browse_tree_total(browse->found.tree), what);
        free(what);
        return;
    }
    base_json_add_str(params, "under", "");
    tick_asking(browse, params, (long long)browse->tables,
                "that are known, also in what is folded");
}

static void on_refresh(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    struct browse *browse = (struct browse *)screen;
    (void)tag;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    browse->refreshing = true;
    browse->refreshed = -1;
}

static void refresh(struct browse *browse)
{
    console_ask(&browse->screen, "catalog.refresh", NULL, TAG_REFRESH, on_refresh);
    browse_again(browse);
}

/* Opens a container, or the table in a screen of its own. */
static void enter(struct browse *browse)
{
    struct browse_list *list = browse_list(browse);
    struct browse_line line;
    if (!browse_selected(browse, &line) || line.row == NULL)
        return;
    if (is_table(line.row)) {
        cJSON *args = base_json_object();
        base_json_add_str(args, "table", base_json_str_or(line.row, "full_name", ""));
        console_push(browse->screen.console, &screen_table, args);
    } else if (line.open) {
        (void)browse_tree_fold(list->tree, list->scroll.at);
    } else {
        (void)browse_tree_open(list->tree, list->scroll.at);
    }
}

static void copy_command(struct browse *browse)
{
    struct browse_line line;
    const cJSON *row = browse_selected(browse, &line) ? line.row : NULL;
    const char *draft = base_json_str_or(row, "draft", ""), *verb = "tree";
    char *name = view_shell_word(base_json_str_or(row, "full_name", ""));
    char *profile = view_shell_word(console_profile(browse->screen.console));
    if (is_table(row))
        verb = draft[0] == '+' ? "share add" : draft[0] == '-' ? "share remove" : "show";
    char *text = base_printf("aampe-console --profile %s %s%s%s", profile, verb, row ? " " : "",
                             row ? name : "");
    console_copy(browse->screen.console, text);
    free(text);
    free(profile);
    free(name);
}

static void range_toggle(struct browse *browse)
{
    const struct browse_list *list = browse_shown(browse);
    if (browse->range.owner)
        browse_at_free(&browse->range);
    else
        browse_at_set(&browse->range, list->tree, list->scroll.at);
}

static const char *refuse_tick(const struct browse *browse)
{
    struct browse_line line;
    if (browse->range.owner)
        return NULL;
    if (!browse_selected(browse, &line) || line.row == NULL)
        return "there is no row to tick";
    return view_tree_refusal(line.row);
}

static const char *refuse_row(const struct browse *browse)
{
    struct browse_line line;
    return browse_selected(browse, &line) && line.row ? NULL : "no row is selected";
}

const char *browse_refuse(const struct screen *screen, enum view_action action)
{
    const struct browse *browse = (const struct browse *)screen;
    switch ((int)action) {
    case VIEW_ACTION_TICK:
        return refuse_tick(browse);
    case VIEW_ACTION_RANGE:
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_COPY:
        return refuse_row(browse);
    case VIEW_ACTION_TICK_ALL:
        return browse_tree_count(browse_shown(browse)->tree) > 0 ? NULL : "nothing is shown";
    case VIEW_ACTION_UNDO:
        return NULL;
    case VIEW_ACTION_NEXT_HIT:
    case VIEW_ACTION_PREVIOUS_HIT:
        return browse->found.tree ? NULL : "/ searches first";
    case VIEW_ACTION_ORDER:
        return browse->found.tree ? "what was found comes by name" : NULL;
    case VIEW_ACTION_REFRESH:
        return browse->refreshing ? "the workspace is being read already" : NULL;
    case VIEW_ACTION_VIEW_AS:
        return "both are shown: what only the observer sees is marked hidden";
    case VIEW_ACTION_APPLY:
        return "p first: the plan shows what would be applied";
    case VIEW_ACTION_CLOSE:
        return browse->edit || browse->range.owner || browse->found.tree ? NULL : "";
    case VIEW_ACTION_FILTER:
    case VIEW_ACTION_PLAN:
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    default:
        return "";
    }
}

static void close_one(struct browse *browse)
{
    if (browse->edit)
        draw_edit_free(&browse->edit);
    else if (browse->range.owner)
        browse_at_free(&browse->range);
    else
        browse_search(browse, "");
}

static void order_next(struct browse *browse)
{
    browse->order = (enum browse_order)((browse->order + 1) % BROWSE_ORDERS);
    browse_again(browse);
}

static void go_plan(struct browse *browse)
{
    cJSON *args = base_json_object();
    base_json_add_str(args, "tab", "plan");
    console_go(browse->screen.console, 3, args);
}

void browse_act(struct screen *screen, enum view_action action)
{
    struct browse *browse = (struct browse *)screen;
    struct browse_line line;
    browse->seeking = false;
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_TICK:
        tick(browse);
        break;
    case VIEW_ACTION_RANGE:
        range_toggle(browse);
        break;
    case VIEW_ACTION_TICK_ALL:
        tick_all(browse);
        break;
    case VIEW_ACTION_UNDO:
        console_ask(screen, "draft.undo", NULL, TAG_TICK, on_changed);
        break;
    case VIEW_ACTION_OPEN:
        enter(browse);
        break;
    case VIEW_ACTION_COPY:
        if (browse_selected(browse, &line) && line.row)
            console_copy(screen->console, base_json_str_or(line.row, "full_name", ""));
        break;
    case VIEW_ACTION_COPY_COMMAND:
        copy_command(browse);
        break;
    case VIEW_ACTION_FILTER:
        draw_edit_free(&browse->edit);
        browse->edit = draw_edit_new(browse->filter ? browse->filter : "", FILTER_MAX, false);
        browse->typed_us = 0;
        break;
    case VIEW_ACTION_NEXT_HIT:
        browse_move(screen, DRAW_MOVE_DOWN);
        break;
    case VIEW_ACTION_PREVIOUS_HIT:
        browse_move(screen, DRAW_MOVE_UP);
        break;
    case VIEW_ACTION_ORDER:
        order_next(browse);
        break;
    case VIEW_ACTION_REFRESH:
        refresh(browse);
        break;
    case VIEW_ACTION_PLAN:
        go_plan(browse);
        break;
    case VIEW_ACTION_CLOSE:
        close_one(browse);
        break;
    default:
        break;
    }
}

/* Left folds, then goes to the container; it never leaves the screen. */
static void left(struct browse *browse)
{
    struct browse_list *list = browse_list(browse);
    struct browse_line line;
    if (!browse_selected(browse, &line))
        return;
    if (line.open)
        (void)browse_tree_fold(list->tree, list->scroll.at);
    else if (line.above >= 0)
        browse_select(browse, line.above);
}

static void right(struct browse *browse)
{
    struct browse_list *list = browse_list(browse);
    struct browse_line line;
    if (!browse_selected(browse, &line) || line.row == NULL || is_table(line.row))
        return;
    if (line.open)
        browse_select(browse, list->scroll.at + 1);
    else
        (void)browse_tree_open(list->tree, list->scroll.at);
}

void browse_move(struct screen *screen, enum draw_move move)
{
    struct browse *browse = (struct browse *)screen;
    struct browse_list *list = browse_list(browse);
    browse->seeking = false;
    console_touch(screen->console);
    if (move == DRAW_MOVE_LEFT)
        left(browse);
    else if (move == DRAW_MOVE_RIGHT)
        right(browse);
    else if (draw_scroll_move(&list->scroll, move))
        browse_at_set(&list->selected, list->tree, list->scroll.at);
}
