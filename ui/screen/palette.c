/* `:`: the words of commands and actions, and the names of tables, found while one types. */
#include "ui/screen/palette.h"
#include "ui/screen/console_private.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define TYPED_MAX 256
#define FOUND_MAX 20 /* tables of one search */
#define SEARCH_MIN 2 /* letters */

struct entry {
    const struct palette_word *word; /* or */
    enum view_action action;         /* or */
    const char *table;               /* borrowed from found */
    int score;
    size_t order;
};

struct palette {
    struct screen screen;
    struct draw_edit *edit;
    struct entry *entries;
    size_t count;
    struct draw_scroll scroll;
    cJSON *found;    /* rows of the last search */
    char *found_for; /* what it was for */
};

static const char *typed_text(const struct palette *palette)
{
    const char *text = draw_edit_text(palette->edit);
    return text + strspn(text, " :");
}

static void entry_put(struct palette *palette, struct entry entry)
{
    if (entry.score <= 0)
        return;
    palette->entries = base_realloc(palette->entries, palette->count + 1, sizeof *palette->entries);
    entry.order = palette->count;
    palette->entries[palette->count++] = entry;
}

static int by_score(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    if (left->score != right->score)
        return left->score > right->score ? -1 : 1;
    return left->order < right->order ? -1 : 1;
}

static bool action_offered(enum view_action action)
{
    return action != VIEW_ACTION_PALETTE;
}

/* Better: what can be done here. */
static int action_bonus(const struct palette *palette, enum view_action action)
{
    struct screen *below = palette->screen.below;
    const char *why = below ? console_action_refused(palette->screen.console, below, action) : "";
    return why == NULL ? 2 : why[0] ? 1 : 0;
}

static void entries_make(struct palette *palette)
{
    const char *typed = typed_text(palette), *rest = "";
    const struct palette_word *exact = palette_words_of(typed, &rest);
    const cJSON *row;
    palette->count = 0;
    if (exact)
        entry_put(palette, (struct entry){.word = exact, .score = rest[0] ? 3000 : 1001});
    for (size_t i = 0; i < palette_word_count; i++)
        if (&palette_words[i] != exact && typed[0])
            entry_put(palette,
                      (struct entry){.word = &palette_words[i],
                                     .score = palette_score(palette_words[i].words, typed)});
    for (int i = 1; i < VIEW_ACTION_COUNT; i++) {
        enum view_action action = (enum view_action)i;
        int score = palette_score(view_action_info(action)->words, typed);
        if (score > 0 && action_offered(action))
            entry_put(palette, (struct entry){.action = action,
                                              .score = score + action_bonus(palette, action)});
    }
    cJSON_ArrayForEach(row, palette->found)
    {
        const char *name = base_json_str(row, "full_name");
        if (name && typed[0])
            entry_put(palette, (struct entry){.table = name, .score = palette_score(name, typed)});
    }
    if (palette->count > 0)
        qsort(palette->entries, palette->count, sizeof *palette->entries, by_score);
    palette->scroll.at = palette->scroll.top = 0;
}

static void search(struct palette *palette);

static void search_answer(struct screen *screen, int64_t tag, const cJSON *result,
                          const struct err *err)
{
    struct palette *palette = (struct palette *)screen;
    (void)tag;
    if (err == NULL) {
        cJSON_Delete(palette->found);
        palette->found = cJSON_Duplicate(base_json_array(result, "rows"), true);
        entries_make(palette);
        search(palette);
    }
}

/* One request at a time; what was typed meanwhile is asked when it is answered. */
static void search(struct palette *palette)
{
    const char *typed = typed_text(palette);
    if (!console_engine(palette->screen.console) || console_waiting(&palette->screen) ||
        strlen(typed) < SEARCH_MIN ||
        (palette->found_for && strcmp(palette->found_for, typed) == 0))
        return;
    free(palette->found_for);
    palette->found_for = base_strdup(typed);
    cJSON *params = base_json_object();
    base_json_add_str(params, "pattern", typed);
    base_json_add_i64(params, "limit", FOUND_MAX);
    console_ask(&palette->screen, "tree.search", params, 0, search_answer);
}

static void palette_open(struct screen *screen, const cJSON *args)
{
    struct palette *palette = (struct palette *)screen;
    (void)args;
    palette->edit = draw_edit_new("", TYPED_MAX, false);
    entries_make(palette);
}

static void palette_close(struct screen *screen)
{
    struct palette *palette = (struct palette *)screen;
    draw_edit_free(&palette->edit);
    free(palette->entries);
    cJSON_Delete(palette->found);
    free(palette->found_for);
}

static void word_do(struct console *console, const struct palette_word *word, const char *rest)
{
    bool wrong;
    cJSON *args = palette_arguments(word, rest, &wrong);
    if (wrong) {
        console_say(console, "%s takes the number of a run", word->words);
        return;
    }
    if (word->run) {
        cJSON_Delete(args);
        word->run(console, word, rest);
        return;
    }
    console_go(console, word->digit, args);
    if (word->action != VIEW_ACTION_NONE && console_screen_ops(word->digit))
        console_act(console, word->action, true);
}

/* Does the selected entry on the screen below. */
static void enter(struct palette *palette)
{
    struct console *console = palette->screen.console;
    if (palette->count == 0) {
        console_say(console, "nothing is called that; Esc closes the palette");
        return;
    }
    struct entry entry = palette->entries[palette->scroll.at];
    const char *typed = typed_text(palette), *rest = "";
    if (entry.word && palette_words_of(typed, &rest) != entry.word)
        rest = "";
    char *after = base_strdup(rest), *table = base_strdup(entry.table);
    console_pop(&palette->screen);
    if (entry.word) {
        word_do(console, entry.word, after);
    } else if (table) {
        cJSON *args = base_json_object();
        base_json_add_str(args, "table", table);
        console_go(console, 2, args);
    } else {
        console_act(console, entry.action, true);
    }
    free(after);
    free(table);
}

static const char *entry_text(const struct entry *entry)
{
    return entry->table  ? entry->table
           : entry->word ? entry->word->words
                         : view_action_info(entry->action)->words;
}

/* Tab writes out what is selected. */
static void complete(struct palette *palette)
{
    if (palette->count == 0)
        return;
    const struct entry *entry = &palette->entries[palette->scroll.at];
    bool more = entry->word && entry->word->argument;
    char *text = base_printf("%s%s", entry_text(entry), more ? " " : "");
    draw_edit_free(&palette->edit);
    palette->edit = draw_edit_new(text, TYPED_MAX, false);
    free(text);
    entries_make(palette);
    search(palette);
}

static bool palette_key(struct screen *screen, const struct term_key *key)
{
    struct palette *palette = (struct palette *)screen;
    if (console_key_enter(key)) {
        enter(palette);
        return true;
    }
    if (key->kind == TERM_KEY_TAB || (key->kind == TERM_KEY_CHAR && key->codepoint == '\t')) {
        complete(palette);
        return true;
    }
    if (!draw_edit_key(palette->edit, key))
        return false;
    entries_make(palette);
    search(palette);
    return true;
}

static void palette_move(struct screen *screen, enum draw_move move)
{
    (void)draw_scroll_move(&((struct palette *)screen)->scroll, move);
}

/* Rows above the list: the line that is typed and, where there is room, a rule. */
static int head_rows(const struct screen *screen)
{
    return screen->height >= 5 ? 2 : 1;
}

static void palette_layout(struct screen *screen)
{
    struct palette *palette = (struct palette *)screen;
    draw_scroll_fit(&palette->scroll, (int64_t)palette->count, screen->height - head_rows(screen));
}

static void entry_draw(const struct palette *palette, const struct entry *entry,
                       struct draw_box row, const int widths[3],
                       const struct draw_column columns[3])
{
    char key[16] = "";
    const char *help = "table: opens it in Browse";
    if (entry->word)
        help = entry->word->help;
    else if (entry->table == NULL)
        help = view_action_info(entry->action)->help;
    if (entry->action)
        view_action_key(entry->action, key, sizeof key);
    const char *typed = typed_text(palette), *rest = "";
    bool whole = entry->word && palette_words_of(typed, &rest) == entry->word && rest[0];
    draw_columns_row(row, 0, columns, 3, 2, widths,
                     (const struct draw_field[]){{DRAW_PLAIN, whole ? typed : entry_text(entry)},
                                                 {DRAW_KEY, key},
                                                 {DRAW_FAINT, help}});
}

static void palette_draw(const struct screen *screen, struct draw_box body)
{
    static const struct draw_column columns[3] = {
        {"", 22, 1, 9, false}, {"", 9, 0, 1, false}, {"", 16, 3, 2, false}};
    const struct palette *palette = (const struct palette *)screen;
    int widths[3];
    draw_columns_fit(columns, 3, body.width, 2, widths);
    int head = head_rows(screen);
    if (head > 1)
        draw_rule(body, 1, NULL);
    for (int i = 0; i < palette->scroll.height; i++) {
        size_t index = (size_t)palette->scroll.top + (size_t)i;
        if (index >= palette->count)
            break;
        struct draw_box row = draw_box_sub(body, 0, head + i, body.width, 1);
        entry_draw(palette, &palette->entries[index], row, widths, columns);
        if ((int64_t)index == palette->scroll.at)
            draw_select(row, 0);
    }
    if (palette->count == 0)
        draw_text(body, 2, head, DRAW_PLAIN, "nothing is called that");
    draw_text(body, 0, 0, DRAW_KEY, ":");
    draw_edit_draw(palette->edit, body, 2, 0, body.width - 2);
}

static void palette_status(const struct screen *screen, struct buf *out)
{
    const struct palette *palette = (const struct palette *)screen;
    if (palette->count == 0)
        return;
    const struct entry *entry = &palette->entries[palette->scroll.at];
    const struct view_action_info *info = view_action_info(entry->action);
    const char *why = entry->action && screen->below
                          ? console_action_refused(screen->console, screen->below, entry->action)
                          : NULL;
    if (why)
        (void)base_buf_printf(out, "not now: %s", why[0] ? why : "means nothing on that screen");
    else
        (void)base_buf_printf(out, "%zu found%s%s", palette->count,
                              info->class != VIEW_LOOK ? "; this one asks first: " : "",
                              info->class != VIEW_LOOK ? view_action_class_name(info->class) : "");
}

static size_t palette_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action hints[] = {VIEW_ACTION_OPEN, VIEW_ACTION_NEXT_TAB,
                                             VIEW_ACTION_CLOSE};
    (void)screen;
    return screen_hints(hints, base_countof(hints), out, max);
}

static const char *palette_label(const struct screen *screen, enum view_action action)
{
    (void)screen;
    return action == VIEW_ACTION_NEXT_TAB ? "complete"
           : action == VIEW_ACTION_OPEN   ? "do it"
                                          : NULL;
}

const struct screen_ops screen_palette = {
    .name = "command",
    .size = sizeof(struct palette),
    .help = "Type a part of a command, an action or the name of a table. Enter does it.",
    .open = palette_open,
    .close = palette_close,
    .key = palette_key,
    .move = palette_move,
    .layout = palette_layout,
    .draw = palette_draw,
    .status = palette_status,
    .hints = palette_hints,
    .label = palette_label,
    .overlay = true,
};
