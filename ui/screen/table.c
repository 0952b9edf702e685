/* The screen of one table: its tabs, and what they share. */
#include "ui/screen/table.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/verdict.h"
#include "ui/view/words.h"

#include "model/name.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_SHOW = 1, TAG_TICK };

static const struct table_tab_ops *const tabs[TABLE_TABS] = {
    &table_tab_access, &table_tab_columns, &table_tab_rows, &table_tab_sync, &table_tab_history};

static const struct table_tab_ops *tab_of(const struct table *table)
{
    return tabs[table->tab];
}

cJSON *table_params(const struct table *table)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "table", table->name);
    return params;
}

const cJSON *table_show(const struct table *table)
{
    return table->show.data;
}

const char *table_warehouse(const struct table *table)
{
    return base_json_str(table->show.data, "warehouse_state");
}

bool table_warehouse_runs(const struct table *table)
{
    const char *state = table_warehouse(table);
    return state && strcmp(state, "RUNNING") == 0;
}

bool table_denied(const struct table *table)
{
    const cJSON *access = base_json_get(table->show.data, "access");
    return strcmp(base_json_str_or(access, "verdict", ""), "not_readable") == 0;
}

static void on_show(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    if (table_ask_take(&table->show, result, err)) {
        const char *draft = base_json_str_or(result, "draft", "");
        table->shared = base_json_bool_or(result, "shared", false);
        table->draft = draft[0] == '+' ? 1 : draft[0] == '-' ? -1 : 0;
    } else if (table->show.data) {
        console_say_error(screen->console, err);
    }
    tab_of(table)->enter(table);
}

/* Costs nothing: metadata only. */
static void show_ask(struct table *table)
{
    cJSON *params = table_params(table);
    if (table->show.busy) {
        cJSON_Delete(params);
        return;
    }
    base_json_add_bool(params, "history", false);
    table_ask_send(table, &table->show, "show", params, on_show);
}

void table_try_ask(struct table *table, bool only_running)
{
    cJSON *params = table_params(table);
    base_json_add_bool(params, "history", false);
    base_json_add_bool(params, "try", true);
    base_json_add_bool(params, "only_running", only_running);
    table_ask_send(table, &table->show, "show", params, on_show);
}

static void table_open(struct screen *screen, const cJSON *args)
{
    struct table *table = (struct table *)screen;
    const char *word = base_json_str_or(args, "tab", "access");
    table->name = base_strdup(base_json_str_or(args, "table", ""));
    for (int i = 0; i < TABLE_TABS; i++)
        if (strcmp(tabs[i]->word, word) == 0)
            table->tab = (enum table_tab)i;
    show_ask(table);
    tab_of(table)->enter(table);
}

static void table_close(struct screen *screen)
{
    struct table *table = (struct table *)screen;
    struct table_text *texts[] = {&table->access, &table->sync, &table->history, &table->rows_text};
    struct table_ask *asks[] = {&table->show,  &table->rows.ask, &table->rows.count, &table->plan,
                                &table->share, &table->runs,     &table->versions};
    for (size_t i = 0; i < base_countof(texts); i++)
        view_page_free(&texts[i]->page);
    for (size_t i = 0; i < base_countof(asks); i++)
        table_ask_free(asks[i]);
    draw_edit_free(&table->columns.edit);
    free(table->columns.filter);
    free(table->columns.shown);
    view_page_free(&table->columns.detail);
    view_grid_free(&table->rows.masked);
    view_grid_free(&table->rows.revealed);
    view_page_free(&table->rows.block);
    cJSON_Delete(table->rows.counts);
    free(table->name);
}

static void table_resume(struct screen *screen)
{
    struct table *table = (struct table *)screen;
    if (table->show.data == NULL)
        show_ask(table);
    tab_of(table)->enter(table);
}

/* A run of this table has gone on: its lists are read again when they are looked at. */
static void table_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct table *table = (struct table *)screen;
    bool resync = strcmp(name, "resync") == 0;
    const cJSON *run = base_json_get(payload, "run") ? base_json_get(payload, "run") : payload;
    if (!resync && (strcmp(name, "run.state") != 0 ||
                    !base_text_equal_nocase(base_json_str_or(run, "table", ""), table->name)))
        return;
    table->runs_old = true;
    if (table->tab == TABLE_SYNC || table->tab == TABLE_HISTORY)
        table_sync_enter(table);
}

static void on_tick(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct table *table = (struct table *)screen;
    (void)tag;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    table->draft = table->draft ? 0 : table->shared ? -1 : 1;
    console_say(screen->console, "%s; p plans the draft (+%lld -%lld)",
                table->draft > 0   ? "ticked: it joins the share when the plan is applied"
                : table->draft < 0 ? "unticked: it leaves the share when the plan is applied"
                                   : "the draft says nothing of it any more",
                (long long)base_json_i64_or(result, "add", 0),
                (long long)base_json_i64_or(result, "remove", 0));
}

static void tick(struct table *table)
{
    cJSON *params = base_json_object(), *keys = base_json_add_array(params, "keys");
    char *key = base_printf("t:%s", table->name);
    base_json_push_take(keys, cJSON_CreateString(key));
    base_json_add_bool(params, "on", !((table->shared && table->draft == 0) || table->draft > 0));
    console_ask(&table->screen, "draft.tick", params, TAG_TICK, on_tick);
    free(key);
}

static void plan_open(struct table *table)
{
    cJSON *args = base_json_object();
    base_json_add_str(args, "tab", "plan");
    console_go(table->screen.console, 3, args);
}

static void tab_turn(struct table *table, int by)
{
    table->tab = (enum table_tab)((table->tab + TABLE_TABS + by) % TABLE_TABS);
    tab_of(table)->enter(table);
}

static void copy_command(struct table *table)
{
    static const char *const verbs[TABLE_TABS] = {"show", "show", "preview", "sync plan", "show"};
    char *profile = view_shell_word(console_profile(table->screen.console));
    char *name = view_shell_word(table->name);
    char *text = base_printf("aampe-console --profile %s %s %s", profile, verbs[table->tab], name);
    console_copy(table->screen.console, text);
    free(text);
    free(profile);
    free(name);
}

static const char *refuse_fix(const struct table *table)
{
    if (table->show.data == NULL)
        return "nothing is known of it yet";
    if (!table_denied(table))
        return "nothing is missing that a grant would give";
    if (!table->shared && table->draft <= 0)
        return "Space first: the plan of a ticked table holds its grants";
    return NULL;
}

static const char *table_refuse(const struct screen *screen, enum view_action action)
{
    const struct table *table = (const struct table *)screen;
    const char *own = tab_of(table)->refuse ? tab_of(table)->refuse(table, action) : "";
    if (own == NULL || own[0])
        return own;
    switch ((int)action) {
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
    case VIEW_ACTION_COPY_COMMAND:
    case VIEW_ACTION_PLAN:
    case VIEW_ACTION_TICK:
        return NULL;
    case VIEW_ACTION_REFRESH:
        return table->show.busy ? "it is being asked already" : NULL;
    case VIEW_ACTION_FIX:
        return refuse_fix(table);
    case VIEW_ACTION_SYNC:
        return table_tab_sync.refuse(table, action);
    case VIEW_ACTION_VIEW_AS:
        return "the table is shown as the principal sees it; no other view of it is kept";
    case VIEW_ACTION_REVEAL:
        return "only the Rows tab has values to reveal";
    default:
        return "";
    }
}

static void table_act(struct screen *screen, enum view_action action)
{
    struct table *table = (struct table *)screen;
    if (tab_of(table)->refuse && tab_of(table)->refuse(table, action) == NULL) {
        tab_of(table)->act(table, action);
        return;
    }
    switch ((int)action) {
    case VIEW_ACTION_NEXT_TAB:
        tab_turn(table, 1);
        break;
    case VIEW_ACTION_PREVIOUS_TAB:
        tab_turn(table, -1);
        break;
    case VIEW_ACTION_COPY_COMMAND:
        copy_command(table);
        break;
    case VIEW_ACTION_PLAN:
    case VIEW_ACTION_FIX:
        plan_open(table);
        break;
    case VIEW_ACTION_TICK:
        tick(table);
        break;
    case VIEW_ACTION_REFRESH:
        show_ask(table);
        break;
    case VIEW_ACTION_SYNC:
        table->tab = TABLE_SYNC;
        table_tab_sync.enter(table);
        table_tab_sync.act(table, action);
        break;
    default:
        break;
    }
}

static void table_move(struct screen *screen, enum draw_move move)
{
    struct table *table = (struct table *)screen;
    tab_of(table)->move(table, move);
}

static bool table_key(struct screen *screen, const struct term_key *key)
{
    struct table *table = (struct table *)screen;
    return tab_of(table)->key && tab_of(table)->key(table, key);
}

/* Ctrl-C makes the console forget what was asked; whoever waits for it must not wait for ever. */
static void stopped_notice(struct table *table)
{
    struct table_ask *asks[] = {&table->show,  &table->rows.ask, &table->rows.count, &table->plan,
                                &table->share, &table->runs,     &table->versions};
    if (console_waiting(&table->screen))
        return;
    for (size_t i = 0; i < base_countof(asks); i++) {
        asks[i]->stopped = asks[i]->stopped || asks[i]->busy;
        asks[i]->busy = false;
    }
}

static void table_layout(struct screen *screen)
{
    struct table *table = (struct table *)screen;
    stopped_notice(table);
    tab_of(table)->layout(table, screen->width, screen->height - 1);
}

static void table_draw(const struct screen *screen, struct draw_box body)
{
    const struct table *table = (const struct table *)screen;
    const char *names[TABLE_TABS + 1] = {NULL};
    struct buf right;
    for (int i = 0; i < TABLE_TABS; i++)
        names[i] = tabs[i]->name;
    base_buf_init(&right, 1 << 12);
    if (tab_of(table)->right)
        tab_of(table)->right(table, &right);
    if (right.len == 0 && (table->shared || table->draft))
        (void)base_buf_text(&right, table->draft > 0   ? "draft +1"
                                    : table->draft < 0 ? "draft -1"
                                                       : "in the share");
    draw_tabs(body, 0, names, table->tab, right.len ? right.data : NULL);
    base_buf_free(&right);
    tab_of(table)->draw(table, draw_box_sub(body, 0, 1, body.width, body.height - 1));
}

static void table_status(const struct screen *screen, struct buf *out)
{
    const struct table *table = (const struct table *)screen;
    tab_of(table)->status(table, out);
}

static void table_crumb(const struct screen *screen, struct buf *out)
{
    const struct table *table = (const struct table *)screen;
    struct model_name name = {0};
    if (model_name_parse(table->name, &name, NULL) == 0)
        (void)base_buf_printf(out, "> %s > %s > %s", name.catalog, name.schema, name.table);
    else
        (void)base_buf_printf(out, "> %s", table->name);
    model_name_free(&name);
}

static size_t table_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct table *table = (const struct table *)screen;
    size_t count = tab_of(table)->hints(table, out, max);
    if (count < max)
        out[count++] = VIEW_ACTION_NEXT_TAB;
    return count;
}

static const char *table_label(const struct screen *screen, enum view_action action)
{
    const struct table *table = (const struct table *)screen;
    return tab_of(table)->label ? tab_of(table)->label(table, action) : NULL;
}

static const char help[] =
    "One table: can the principal read it, what is in it, how is it synced.\n"
    "Access   the three levels, who may grant what is missing, the statements (y copies them)\n"
    "Columns  names, types, what can be synced; / filters\n"
    "Rows     the first rows, masked until M reveals them; asked only when the tab is open\n"
    "Sync     what the next sync would read, the last runs; s syncs it now\n"
    "History  versions at the source and our runs; Enter opens a run";

const struct screen_ops screen_table = {
    .name = "Table",
    .size = sizeof(struct table),
    .help = help,
    .open = table_open,
    .close = table_close,
    .resume = table_resume,
    .event = table_event,
    .key = table_key,
    .refuse = table_refuse,
    .act = table_act,
    .move = table_move,
    .layout = table_layout,
    .draw = table_draw,
    .status = table_status,
    .crumb = table_crumb,
    .hints = table_hints,
    .label = table_label,
};
