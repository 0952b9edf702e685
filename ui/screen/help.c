/* ?: the keys of the screen below, from the table of actions: what works here, what everywhere,
 * what elsewhere. / searches in it. */
#include "ui/screen/console_private.h"
#include "ui/view/page.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_WIDTH 10
#define FIND_MAX 64

struct help {
    struct screen screen;
    struct view_page *page;
    int made_width;
    struct draw_edit *find; /* NULL: no search */
    bool editing;
    int top; /* first line shown; nothing is selected in a text */
};

enum place { HERE, EVERYWHERE, ELSEWHERE };

static void help_close(struct screen *screen)
{
    struct help *help = (struct help *)screen;
    view_page_free(&help->page);
    draw_edit_free(&help->find);
}

static bool contains(const char *text, const char *part)
{
    char *whole = base_strdup(text), *small = base_strdup(part);
    base_text_lower(whole);
    base_text_lower(small);
    bool found = strstr(whole, small) != NULL;
    free(whole);
    free(small);
    return found;
}

static const char *wanted(const struct help *help)
{
    return help->find ? draw_edit_text(help->find) : "";
}

static enum place place_of(const struct help *help, enum view_action action)
{
    struct screen *below = help->screen.below;
    enum view_action_class class = view_action_info(action)->class;
    if (console_action_own(action))
        return EVERYWHERE;
    if (below == NULL)
        return ELSEWHERE;
    if (class != VIEW_LOOK && console_refuses(help->screen.console, class)) {
        /* what the class forbids now may still belong to this screen */
        const char *own = below->ops->refuse ? below->ops->refuse(below, action) : "";
        return own == NULL || own[0] ? HERE : ELSEWHERE;
    }
    const char *why = console_action_refused(help->screen.console, below, action);
    return why && why[0] == '\0' ? ELSEWHERE : HERE;
}

/* Writes the line of an action, if it is searched for. */
static void action_put(const struct help *help, struct view_page *page, enum view_action action,
                       enum place place)
{
    const struct view_action_info *info = view_action_info(action);
    const char *class = info->class == VIEW_LOOK ? "" : view_action_class_name(info->class);
    const char *why = NULL;
    if (place != ELSEWHERE && help->screen.below)
        why = console_action_refused(help->screen.console, help->screen.below, action);
    char *text = base_printf("%s%s%s%s%s", info->help, class[0] ? " (" : "", class,
                             class[0] ? ")" : "", why && why[0] ? "; not now: " : "");
    char *whole = base_printf("%s %s %s %s", info->keys, text, info->words, why ? why : "");
    if (contains(whole, wanted(help)))
        view_page_fact(page, KEYS_WIDTH, info->keys, STYLE_PLAIN, "%s%s", text, why ? why : "");
    free(whole);
    free(text);
}

static void block_put(const struct help *help, enum place place, const char *title)
{
    struct view_page *lines = view_page_new(help->screen.width);
    for (int action = 1; action < VIEW_ACTION_COUNT; action++)
        if (place_of(help, (enum view_action)action) == place)
            action_put(help, lines, (enum view_action)action, place);
    if (lines->count > 0)
        view_page_rule(help->page, "%s", title);
    view_page_append(help->page, &lines);
}

/* Paragraphs are divided by an empty line; single line ends are where the source wrapped. */
static void text_put(struct view_page *page, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        char *part = base_strndup(text, end ? (size_t)(end - text) : strlen(text));
        for (char *at = part; *at; at++)
            if (*at == '\n')
                *at = ' ';
        view_page_wrap(page, 2, STYLE_PLAIN, "%s", part);
        free(part);
        text += end ? (size_t)(end - text) + 2 : strlen(text);
    }
}

static void page_make(struct help *help)
{
    const struct screen *below = help->screen.below;
    view_page_free(&help->page);
    help->page = view_page_new(help->screen.width);
    help->made_width = help->screen.width;
    if (below && wanted(help)[0] == '\0') {
        if (below->ops->number)
            view_page_rule(help->page, "%d %s", below->ops->number, below->ops->name);
        else
            view_page_rule(help->page, "%s", below->ops->name);
        if (below->ops->help)
            text_put(help->page, below->ops->help);
        view_page_wrap(help->page, 2, STYLE_PLAIN,
                       ": takes the words of the commands (runs show 12, share plan), of the "
                       "actions below, and names of tables.");
    }
    block_put(help, HERE, "KEYS HERE");
    block_put(help, EVERYWHERE, "EVERYWHERE");
    block_put(help, ELSEWHERE, "ON OTHER SCREENS");
    if (help->page->count == 0)
        view_page_line(help->page, STYLE_PLAIN, "  nothing here says that; Esc ends the search");
}

static void page_again(struct help *help)
{
    view_page_free(&help->page);
    help->top = 0;
}

static int rows(const struct help *help)
{
    return help->screen.height - (help->find != NULL);
}

static void help_layout(struct screen *screen)
{
    struct help *help = (struct help *)screen;
    if (help->page == NULL || help->made_width != screen->width)
        page_make(help);
    int most = (int)help->page->count - rows(help);
    help->top = help->top > most ? most : help->top;
    help->top = help->top < 0 ? 0 : help->top;
}

static bool help_key(struct screen *screen, const struct term_key *key)
{
    struct help *help = (struct help *)screen;
    if (!help->editing)
        return false;
    if (console_key_enter(key)) {
        help->editing = false;
        return true;
    }
    if (!draw_edit_key(help->find, key))
        return false;
    page_again(help);
    return true;
}

static const char *help_refuse(const struct screen *screen, enum view_action action)
{
    const struct help *help = (const struct help *)screen;
    if (action == VIEW_ACTION_CLOSE)
        return help->find ? NULL : "";
    return action == VIEW_ACTION_FILTER || action == VIEW_ACTION_COPY ? NULL : "";
}

static void help_act(struct screen *screen, enum view_action action)
{
    struct help *help = (struct help *)screen;
    if (action == VIEW_ACTION_COPY) {
        char *text = view_page_text(help->page);
        console_copy(screen->console, text);
        free(text);
    } else if (action == VIEW_ACTION_FILTER) {
        if (help->find == NULL)
            help->find = draw_edit_new("", FIND_MAX, false);
        help->editing = true;
    } else {
        draw_edit_free(&help->find);
        help->editing = false;
        page_again(help);
    }
}

static void help_move(struct screen *screen, enum draw_move move)
{
    struct help *help = (struct help *)screen;
    help->top = console_page_top(help->top, rows(help), move);
}

static void help_draw(const struct screen *screen, struct draw_box body)
{
    const struct help *help = (const struct help *)screen;
    int head = help->find != NULL;
    console_page_draw(help->page, draw_box_sub(body, 0, head, body.width, body.height - head),
                      help->top, -1);
    draw_cursor(body, 0, head);
    if (head) {
        int x = draw_text(body, 0, 0, DRAW_PLAIN, "find: ");
        if (help->editing)
            draw_edit_draw(help->find, body, x, 0, body.width - x);
        else
            draw_field(body, x, 0, body.width - x, DRAW_PLAIN, DRAW_LEFT, wanted(help));
    }
}

static void help_status(const struct screen *screen, struct buf *out)
{
    const struct help *help = (const struct help *)screen;
    int count = (int)help->page->count, last = help->top + rows(help);
    (void)base_buf_printf(out, "lines %d-%d of %d; one key means one thing everywhere",
                          count ? help->top + 1 : 0, last < count ? last : count, count);
}

static size_t help_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action hints[] = {VIEW_ACTION_PAGE_DOWN, VIEW_ACTION_FILTER,
                                             VIEW_ACTION_COPY, VIEW_ACTION_CLOSE};
    (void)screen;
    return screen_hints(hints, base_countof(hints), out, max);
}

static const char *help_label(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_FILTER ? "search" : NULL;
}

const struct screen_ops screen_help = {
    .name = "help",
    .size = sizeof(struct help),
    .help = "Keys and words of the screen below.",
    .close = help_close,
    .key = help_key,
    .refuse = help_refuse,
    .act = help_act,
    .move = help_move,
    .layout = help_layout,
    .draw = help_draw,
    .status = help_status,
    .hints = help_hints,
    .label = help_label,
    .overlay = true,
};
