#include "ui/view/setup.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of the list, after number and two blanks. */
#define TITLE_WIDTH 19
#define STATE_WIDTH 9
#define LAYER_WIDTH 18
#define WORD_WIDTH 13
#define NARROW 70 /* columns: below, and with few rows, what matters most comes first */

static enum view_style state_style(const char *state)
{
    return strcmp(state, "done") == 0 || strcmp(state, "ok") == 0      ? STYLE_GOOD
           : strcmp(state, "waits") == 0 || strcmp(state, "WARN") == 0 ? STYLE_WARN
           : strcmp(state, "MISSING") == 0                             ? STYLE_WARN
           : strcmp(state, "fails") == 0 || strcmp(state, "FAIL") == 0 ? STYLE_BAD
           : strcmp(state, "not reached") == 0                         ? STYLE_FAINT
                                                                       : STYLE_PLAIN;
}

/* States that need somebody stand out also without colour. */
static const char *state_word(const char *state)
{
    return strcmp(state, "waits") == 0 ? "WAITS" : strcmp(state, "fails") == 0 ? "FAILS" : state;
}

static void blocked_text(const cJSON *step, struct buf *out)
{
    const cJSON *item;
    bool first = true;
    cJSON_ArrayForEach(item, base_json_array(step, "blocked_by"))
    {
        (void)base_buf_printf(out, "%s%d", first ? "blocked by " : ", ",
                              (int)cJSON_GetNumberValue(item));
        first = false;
    }
}

/* What stands at the right of a step in the list. */
static char *step_text(const cJSON *step, const struct view_setup_step *info, bool narrow)
{
    const char *state = base_json_str_or(step, "state", "todo");
    const char *text = base_json_str_or(step, "text", "");
    struct buf blocked;
    base_buf_init(&blocked, 256);
    char *line;
    if (base_json_get(step, "checking"))
        line = base_strdup("being checked now");
    else if (strcmp(state, "todo") != 0)
        line = base_strdup(text);
    else {
        blocked_text(step, &blocked);
        line = base_printf("%s%s%s", narrow && blocked.len ? "" : info->todo,
                           blocked.len && !narrow ? "; " : "", blocked.len ? blocked.data : "");
    }
    base_buf_free(&blocked);
    return line;
}

static void list_head(struct view_page *page, const cJSON *data, int64_t now_us)
{
    int64_t done = base_json_i64_or(data, "done", 0),
            total = base_json_i64_or(data, "total", VIEW_SETUP_STEPS);
    int waits = 0, fails = 0;
    const cJSON *step;
    char age[24];
    struct buf head;
    base_buf_init(&head, 512);
    cJSON_ArrayForEach(step, base_json_array(data, "steps"))
    {
        waits += strcmp(base_json_str_or(step, "state", ""), "waits") == 0;
        fails += strcmp(base_json_str_or(step, "state", ""), "fails") == 0;
    }
    (void)base_buf_printf(&head, "%lld of %lld done", (long long)done, (long long)total);
    if (fails)
        (void)base_buf_printf(&head, ", %d FAIL%s", fails, fails == 1 ? "S" : "");
    if (waits)
        (void)base_buf_printf(&head, ", %d WAIT%s", waits, waits == 1 ? "S" : "");
    if (done < total)
        (void)base_buf_text(&head, "; any order where nothing blocks");
    const char *saved = base_json_str(data, "saved");
    char *right = saved ? base_printf("saved %s ago", view_age(saved, now_us, age))
                        : base_strdup("nothing saved yet");
    int room = page->width - (int)strlen(right) - 1;
    if (room > (int)head.len + 2) {
        view_page_line(page, STYLE_PLAIN, "%s", "");
        view_page_cell(page, STYLE_HEAD, room, head.data);
        view_page_add(page, STYLE_FAINT, "%s", right);
    } else {
        view_page_line(page, STYLE_HEAD, "%s", head.data);
    }
    free(right);
    base_buf_free(&head);
}

static void list_row(struct view_page *page, const cJSON *data, int number)
{
    const struct view_setup_step *info = view_setup_step(number);
    const cJSON *step = view_setup_find(data, number);
    const char *state = base_json_str_or(step, "state", "todo");
    char *text = step_text(step, info, page->width < NARROW);
    view_page_line(page, STYLE_PLAIN, "%4d  ", number);
    view_page_cell(page, STYLE_PLAIN, TITLE_WIDTH, info->title);
    view_page_cell(page, state_style(state), STATE_WIDTH, state_word(state));
    int room = page->width - 6 - TITLE_WIDTH - STATE_WIDTH;
    view_page_cell(page, strcmp(state, "todo") == 0 ? STYLE_FAINT : STYLE_PLAIN,
                   room > 4 ? room : 4, text);
    view_page_target(page, number);
    free(text);
}

static void error_facts(struct view_page *page, const cJSON *error)
{
    view_page_fact(page, 6, "Why", STYLE_BAD, "%s (%s)", base_json_str_or(error, "message", ""),
                   base_json_str_or(error, "code", ""));
    const char *hint = base_json_str_or(error, "hint", "");
    if (hint[0])
        view_page_fact(page, 6, "Do", STYLE_PLAIN, "%s", hint);
}

void view_setup_about(struct view_page *page, const cJSON *data, int number)
{
    const struct view_setup_step *info = view_setup_step(number);
    const cJSON *step = view_setup_find(data, number), *error = base_json_get(step, "error");
    char *command = view_setup_command(data, number, NULL);
    if (error)
        error_facts(page, error);
    view_page_fact(page, 6, "Who", STYLE_PLAIN, "%s", info->who);
    view_page_fact(page, 6, "What", STYLE_PLAIN, "%s", info->what);
    view_page_fact(page, 6, "Turns", STYLE_PLAIN, "%s", info->turns);
    view_page_fact(page, 6, "Same", STYLE_PLAIN, "%s", command);
    free(command);
}

void view_setup_note(struct view_page *page, const char *note)
{
    if (note == NULL || note[0] == '\0')
        return;
    view_page_rule(page, "NOTE");
    for (const char *at = note; *at;) {
        size_t len = strcspn(at, "\n");
        view_page_wrap(page, 2, STYLE_PLAIN, "%.*s", (int)len, at);
        at += len + (at[len] == '\n');
    }
}

static void layer_row(struct view_page *page, const cJSON *layer)
{
    const char *state = base_json_str_or(layer, "state", "");
    const char *text = base_json_str_or(layer, "text", "");
    int64_t ms = base_json_i64_or(layer, "ms", 0);
    char *line = ms > 0 && strcmp(state, "not reached") != 0
                     ? base_printf("%s%s%lld ms", text, text[0] ? ", " : "", (long long)ms)
                     : base_strdup(text);
    view_page_line(page, STYLE_PLAIN, "    ");
    const char *name = base_json_str_or(layer, "layer", "");
    int name_width = LAYER_WIDTH, word_width = page->width < NARROW ? 9 : WORD_WIDTH;
    int room = page->width - 4 - word_width;
    while (name_width < (int)strlen(name) + 2 && name_width < room / 2)
        name_width++;
    view_page_cell(page, STYLE_PLAIN, name_width, name);
    view_page_cell(page, state_style(state), word_width, state);
    room -= name_width;
    view_page_cell(page, STYLE_PLAIN, room > 4 ? room : 4, line);
    free(line);
}

/* What the last look at the selected step saw: for whoever has the rows. */
static void list_checks(struct view_page *page, const cJSON *step, int64_t now_us)
{
    const cJSON *layer, *layers = base_json_array(step, "layers");
    char age[24];
    if (layers == NULL)
        return;
    view_page_rule(page, "CHECKS   %s ago", view_age(base_json_str(step, "checked"), now_us, age));
    cJSON_ArrayForEach(layer, layers)
    {
        layer_row(page, layer);
    }
}

void view_setup_list(struct view_page *page, const cJSON *data, int selected, const char *note,
                     int64_t now_us)
{
    const cJSON *error = base_json_get(data, "error");
    list_head(page, data, now_us);
    if (error)
        view_page_wrap(page, 0, STYLE_BAD, "the profile file is not used: %s",
                       base_json_str_or(error, "message", ""));
    else
        view_page_blank(page);
    for (int i = 1; i <= VIEW_SETUP_STEPS; i++)
        list_row(page, data, i);
    if (selected >= 1 && selected <= VIEW_SETUP_STEPS) {
        view_page_rule(page, "%d %s", selected, view_setup_step(selected)->title);
        view_setup_about(page, data, selected);
    }
    view_setup_note(page, note);
    list_checks(page, view_setup_find(data, selected), now_us);
}

/* What was understood, where it differs from what was pasted. */
static bool understood(const struct view_setup_look *look, const char *value)
{
    return look->pasted && value && strcmp(look->pasted, value) != 0;
}

static char *field_text(const struct view_setup_look *look, const struct view_setup_field *field)
{
    const char *value = view_setup_value(look->data, field);
    const cJSON *secret = base_json_get(look->data, "secret");
    const char *answer = base_json_str(view_setup_find(look->data, look->number), "answer");
    if (field->kind == VIEW_SETUP_HIDDEN)
        return secret ? base_printf("%lld characters, fingerprint %s",
                                    (long long)base_json_i64_or(secret, "length", 0),
                                    base_json_str_or(secret, "fingerprint", ""))
                      : base_strdup(field->empty);
    if (field->kind == VIEW_SETUP_WAREHOUSE && value && answer && strcmp(answer, value) != 0)
        return base_printf("%s  %s", value, answer);
    if (field->kind == VIEW_SETUP_YES_NO)
        return base_strdup(value && strcmp(value, "false") == 0 ? "no" : "yes");
    return base_strdup(value ? value : field->empty);
}

static void fields_add(struct view_page *page, const struct view_setup_look *look)
{
    const struct view_setup_step *info = view_setup_step(look->number);
    int room = page->width - VIEW_SETUP_VALUE;
    for (int i = 0; i < VIEW_SETUP_FIELDS && info->fields[i].label; i++) {
        const struct view_setup_field *field = &info->fields[i];
        bool tried = look->tried && look->tried_field == i + 1;
        const char *value = view_setup_value(look->data, field);
        bool other = i == 0 && !tried && understood(look, value);
        char *text = tried   ? base_strdup(look->tried)
                     : other ? base_strdup(look->pasted)
                             : field_text(look, field);
        bool empty = !tried && value == NULL;
        view_page_line(page, STYLE_PLAIN, "  %-*s", VIEW_SETUP_VALUE - 2, field->label);
        view_page_cell(page,
                       tried   ? STYLE_BAD
                       : empty ? STYLE_FAINT
                               : STYLE_PLAIN,
                       room > 4 ? room : 4, text);
        view_page_target(page, i + 1);
        if (tried)
            view_page_line(page, STYLE_WARN, "%*snot saved", VIEW_SETUP_VALUE, "");
        if (other) {
            view_page_line(page, STYLE_FAINT, "%*staken as  ", VIEW_SETUP_VALUE, "");
            view_page_cell(page, STYLE_FAINT, room > 16 ? room - 10 : 6, value);
        }
        free(text);
    }
}

static int count_of(const cJSON *layers, const char *a, const char *b)
{
    const cJSON *layer;
    int count = 0;
    cJSON_ArrayForEach(layer, layers)
    {
        const char *state = base_json_str_or(layer, "state", "");
        count += strcmp(state, a) == 0 || strcmp(state, b) == 0;
    }
    return count;
}

static void explain(struct view_page *page, const cJSON *layer)
{
    const cJSON *error = base_json_get(layer, "error");
    if (error == NULL)
        return;
    view_page_rule(page, "%s %s   %s", base_json_str_or(layer, "layer", ""),
                   base_json_str_or(layer, "state", ""), base_json_str_or(error, "code", ""));
    view_page_fact(page, 6, "Cause", STYLE_BAD, "%s", base_json_str_or(error, "message", ""));
    view_page_fact(page, 6, "Fix", STYLE_PLAIN, "%s", base_json_str_or(error, "hint", ""));
}

/* The selected layer, or the first that fails, or the first that has something to say. */
static const cJSON *layer_explained(const struct view_setup_look *look)
{
    const cJSON *layer, *best = NULL;
    if (look->selected >= VIEW_SETUP_LAYER)
        return cJSON_GetArrayItem(look->layers, look->selected - VIEW_SETUP_LAYER);
    cJSON_ArrayForEach(layer, look->layers)
    {
        if (base_json_get(layer, "error") == NULL)
            continue;
        if (best == NULL || (strcmp(base_json_str_or(layer, "state", ""), "FAIL") == 0 &&
                             strcmp(base_json_str_or(best, "state", ""), "FAIL") != 0))
            best = layer;
    }
    return best;
}

void view_setup_one(struct view_page *page, const struct view_setup_look *look)
{
    int at = VIEW_SETUP_LAYER;
    const cJSON *layer;
    if (page->width >= NARROW)
        view_page_blank(page);
    fields_add(page, look);
    view_page_blank(page);
    view_page_rule(page, "CHECKS   from near to far; `c` repeats them");
    int deeper = 0;
    cJSON_ArrayForEach(layer, look->layers)
    {
        bool reached = strcmp(base_json_str_or(layer, "state", ""), "not reached") != 0;
        deeper += !reached;
        if (reached || page->width >= NARROW) {
            layer_row(page, layer);
            view_page_target(page, at);
        }
        at++;
    }
    if (deeper > 0 && page->width < NARROW)
        view_page_line(page, STYLE_FAINT, "    %d deeper not reached", deeper);
    if (look->checking)
        view_page_line(page, STYLE_FAINT, "    looking; at most 10 s a line, Ctrl-C stops");
    else if (cJSON_GetArraySize(look->layers) == 0)
        view_page_line(page, STYLE_FAINT, "    not checked yet: `c` checks, and changes nothing");
    int soft = count_of(look->layers, "WARN", "MISSING");
    int bad = count_of(look->layers, "FAIL", "FAIL");
    if (!look->checking && soft > 0 && bad == 0 &&
        count_of(look->layers, "MISSING", "MISSING") == 0)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       soft == 1 ? "1 thing does not block this step; it stays on the list."
                                 : "%d things do not block this step; they stay on the list.",
                       soft);
    if (!look->checking || bad)
        explain(page, layer_explained(look));
}

void view_setup_layers(struct view_page *page, const cJSON *layers, bool only_bad)
{
    const cJSON *layer;
    cJSON_ArrayForEach(layer, layers)
    {
        const char *state = base_json_str_or(layer, "state", "");
        const cJSON *error = base_json_get(layer, "error");
        if (only_bad && (strcmp(state, "ok") == 0 || strcmp(state, "not reached") == 0))
            continue;
        layer_row(page, layer);
        if (error)
            view_page_wrap(page, 6, STYLE_PLAIN, "%s: %s", base_json_str_or(error, "code", ""),
                           base_json_str_or(error, "hint", ""));
    }
}

void view_setup_warehouses(struct view_page *page, const cJSON *data)
{
    const cJSON *item, *list = base_json_array(data, "warehouses");
    int at = 1;
    view_page_rule(page, "WAREHOUSES   Enter takes one, Esc leaves it as it is");
    if (data && cJSON_GetArraySize(list) == 0)
        view_page_wrap(page, 4, STYLE_WARN,
                       "the principal sees none: who manages one grants CAN USE to it");
    cJSON_ArrayForEach(item, list)
    {
        const char *state = base_json_str_or(item, "state", "");
        bool wide = page->width >= 76;
        int room = page->width - 4 - 9 - 10 - 16 - (wide ? 11 : 0);
        view_page_line(page, STYLE_PLAIN, "    ");
        view_page_cell(page, STYLE_PLAIN, room > 12 ? room - 1 : 11,
                       base_json_str_or(item, "name", ""));
        view_page_add(page, STYLE_PLAIN, " ");
        view_page_cell(page, STYLE_PLAIN, 9, state);
        view_page_cell(page, STYLE_FAINT, 10, base_json_str_or(item, "size", ""));
        if (wide)
            view_page_cell(page, STYLE_FAINT, 11,
                           base_json_bool_or(item, "serverless", false) ? "serverless" : "");
        view_page_cell(page, STYLE_FAINT, 16, base_json_str_or(item, "id", ""));
        view_page_target(page, at++);
    }
}

void view_setup_cost(struct view_page *page, const cJSON *warehouses, const char *id)
{
    const cJSON *item, *found = NULL;
    cJSON_ArrayForEach(item, base_json_array(warehouses, "warehouses"))
    {
        if (strcmp(base_json_str_or(item, "id", ""), id) == 0)
            found = item;
    }
    view_page_wrap(page, 0, STYLE_PLAIN,
                   "This check starts the warehouse %s and runs SELECT 1 on it.",
                   base_json_str_or(found, "name", id));
    view_page_blank(page);
    int64_t minutes = base_json_i64_or(found, "auto_stop_minutes", 0);
    view_page_fact(page, 8, "Costs", STYLE_PLAIN, "the workspace bills it from its start%s",
                   minutes > 0 ? "" : " until somebody stops it");
    if (minutes > 0)
        view_page_fact(page, 8, "Ends", STYLE_PLAIN, "it stops by itself after %lld idle minutes",
                       (long long)minutes);
    if (found)
        view_page_fact(page, 8, "Size", STYLE_PLAIN, "%s%s", base_json_str_or(found, "size", ""),
                       base_json_bool_or(found, "serverless", false)
                           ? ", serverless: seconds to start"
                           : ": minutes to start");
}

void view_setup_report(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {">step", "what", "state", "answer", NULL};
    struct view_table *table = view_table_new(columns);
    for (int number = 1; number <= VIEW_SETUP_STEPS; number++) {
        const cJSON *step = view_setup_find(data, number);
        const char *state = base_json_str_or(step, "state", "todo");
        char digit[12], *text = step_text(step, view_setup_step(number), false);
        snprintf(digit, sizeof digit, "%d", number);
        const char *cells[] = {digit, view_setup_step(number)->title, state_word(state), text};
        view_table_row(table, state_style(state), cells);
        free(text);
    }
    view_table_print(&table, out);
    for (int number = 1; number <= VIEW_SETUP_STEPS; number++) {
        const cJSON *step = view_setup_find(data, number);
        const char *verdict = base_json_str_or(step, "verdict", "ok");
        if (strcmp(verdict, "ok") == 0)
            continue;
        struct view_page *page = view_page_new(78);
        view_page_rule(page, "%d %s", number, view_setup_step(number)->title);
        view_setup_layers(page, base_json_get(step, "layers"), true);
        view_page_print(page, out);
        view_page_free(&page);
    }
    int64_t done = base_json_i64_or(data, "done", 0), total = base_json_i64_or(data, "total", 0);
    view_line(out, "%lld of %lld done%s", (long long)done, (long long)total,
              done == total - 1 && !view_setup_done(data, VIEW_SETUP_STEPS)
                  ? "; next: aampe-console sync run --wait"
                  : "");
}

char *view_setup_line(const cJSON *data, int number)
{
    const struct view_setup_step *info = view_setup_step(number);
    const cJSON *step = view_setup_find(data, number);
    struct buf blocked;
    base_buf_init(&blocked, 256);
    blocked_text(step, &blocked);
    bool elsewhere = info->opens && strcmp(base_json_str_or(step, "state", "todo"), "todo") == 0;
    char *text =
        elsewhere ? base_strdup(blocked.len ? blocked.data : "") : step_text(step, info, false);
    base_buf_free(&blocked);
    char *line = base_printf("%s: %s%s%s", info->title, base_json_str_or(step, "state", "todo"),
                             text[0] ? ", " : "", text);
    free(text);
    return line;
}
