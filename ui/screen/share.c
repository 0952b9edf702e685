/* 3 Share: what is shared, and what the draft would change. */
#include "ui/screen/share.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/plan.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_LIST = 1, TAG_PLAN, TAG_TICK, TAG_APPLY };

#define PLAN_ROWS 200 /* of the draft, in one answer */

bool share_is_plan(const struct share *share)
{
    return share->tab == SHARE_PLAN;
}

const cJSON *share_table(const struct share *share)
{
    const cJSON *tables = base_json_array(share->list, "tables");
    return cJSON_GetArrayItem(tables, (int)share->tables.at);
}

const cJSON *share_plan_table(const struct share *share)
{
    const struct view_page *page = share->page;
    int target =
        page && share->lines.at < (int64_t)page->count ? page->lines[share->lines.at].target : 0;
    return target > 0 && target < VIEW_PLAN_OTHER
               ? cJSON_GetArrayItem(base_json_array(share->plan, "tables"), target - 1)
               : NULL;
}

const char *share_selected_name(const struct share *share)
{
    const cJSON *table = share_is_plan(share) ? share_plan_table(share) : share_table(share);
    return base_json_str(table, "name");
}

/* What the draft does with a table: '+', '-' or ' '. */
char share_draft_of(const struct share *share, const char *name)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(share->plan, "tables"))
    {
        const char *action = base_json_str_or(each, "action", "");
        if (strcmp(base_json_str_or(each, "name", ""), name) == 0)
            return strcmp(action, "add") == 0 ? '+' : strcmp(action, "remove") == 0 ? '-' : ' ';
    }
    return ' ';
}

const cJSON *share_state_of(const struct share *share, const char *name)
{
    const cJSON *each, *status = console_status(share->screen.console);
    cJSON_ArrayForEach(each, base_json_array(status, "tables"))
    {
        if (strcmp(base_json_str_or(each, "name", ""), name) == 0)
            return each;
    }
    return NULL;
}

static void on_list(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct share *share = (struct share *)screen;
    (void)tag;
    base_free(&share->list_error);
    if (result == NULL) {
        share->list_error = base_strdup(err->message);
        return;
    }
    cJSON_Delete(share->list);
    share->list = cJSON_Duplicate(result, true);
}

static void on_plan(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct share *share = (struct share *)screen;
    (void)tag;
    share->planning = false;
    base_free(&share->plan_error);
    if (result == NULL) {
        share->plan_error = base_printf("%s (%s)", err->message, base_err_name(err->code));
        return;
    }
    cJSON_Delete(share->plan);
    share->plan = cJSON_Duplicate(result, true);
    if (share->offset > 0 && share->offset >= base_json_i64_or(result, "total", 0)) {
        share->offset = 0; /* the draft has become shorter */
        share->outdated = true;
    }
    if (base_json_i64_or(result, "changes", 0) > 0) { /* the next draft has begun */
        cJSON_Delete(share->applied);
        share->applied = NULL;
    }
}

static void ask_list(struct share *share)
{
    console_ask(&share->screen, "share.list", NULL, TAG_LIST, on_list);
}

void share_ask_plan(struct share *share)
{
    share->outdated = false;
    if (share->planning) {
        share->outdated = true; /* again once the one under way is here */
        return;
    }
    cJSON *params = base_json_object();
    base_json_add_i64(params, "offset", share->offset);
    base_json_add_i64(params, "limit", PLAN_ROWS);
    share->planning = true;
    console_ask(&share->screen, "share.plan", params, TAG_PLAN, on_plan);
}

static void share_open(struct screen *screen, const cJSON *args)
{
    struct share *share = (struct share *)screen;
    const char *tab = base_json_str_or(args, "tab", "");
    share->tab = strcmp(tab, "tables") == 0 ? SHARE_TABLES
                 : strcmp(tab, "plan") == 0 ? SHARE_PLAN
                                            : SHARE_TABLES;
    ask_list(share);
    share_ask_plan(share);
}

static void share_close(struct screen *screen)
{
    struct share *share = (struct share *)screen;
    cJSON_Delete(share->list);
    cJSON_Delete(share->plan);
    cJSON_Delete(share->applied);
    free(share->list_error);
    free(share->plan_error);
    view_page_free(&share->page);
}

static void share_resume(struct screen *screen)
{
    struct share *share = (struct share *)screen;
    share->planning = false; /* what was asked before the engine went is lost */
    ask_list(share);
    share_ask_plan(share);
}

static void share_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct share *share = (struct share *)screen;
    /* A plan looks at its tables, which is told as a change: only a whole reading is news. */
    bool read = strcmp(name, "catalog.changed") == 0 && base_json_get(payload, "job") &&
                base_json_bool_or(payload, "done", false);
    share->outdated |= read || strcmp(name, "draft.changed") == 0;
}

static void share_tick(struct screen *screen)
{
    struct share *share = (struct share *)screen;
    if (!share->outdated || share->planning)
        return;
    ask_list(share);
    share_ask_plan(share);
}

static void on_ticked(struct screen *screen, int64_t tag, const cJSON *result,
                      const struct err *err)
{
    struct share *share = (struct share *)screen;
    const char *undone = base_json_str_or(result, "undone", "");
    (void)tag;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    if (undone[0])
        console_say(screen->console, "taken back: %s", undone);
    share_ask_plan(share);
}

/* Out of the draft again, or out of the share. */
static void tick(struct share *share)
{
    const char *name = share_selected_name(share);
    if (name == NULL)
        return;
    char draft = share_draft_of(share, name);
    cJSON *params = base_json_object(), *keys = base_json_add_array(params, "keys");
    char *key = base_printf("t:%s", name);
    base_json_push_take(keys, cJSON_CreateString(key));
    base_json_add_bool(params, "on", draft == '-');
    console_ask(&share->screen, "draft.tick", params, TAG_TICK, on_ticked);
    free(key);
}

static void on_applied(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    struct share *share = (struct share *)screen;
    (void)tag;
    share->applying = false;
    if (result == NULL) {
        console_say_error(screen->console, err);
    } else {
        cJSON_Delete(share->applied);
        share->applied = cJSON_Duplicate(result, true);
        share->lines = (struct draw_scroll){0};
        share->anchor = 0;
        if (base_json_get(result, "batch"))
            console_say(screen->console, "applied; batch %lld has started, Enter opens it",
                        (long long)base_json_i64_or(result, "batch", 0));
        else
            console_say(screen->console, "applied");
    }
    ask_list(share);
    share_ask_plan(share);
}

static void on_confirmed(struct screen *screen, bool yes, void *user)
{
    struct share *share = (struct share *)screen;
    (void)user;
    if (!yes) {
        console_say(screen->console, "nothing was changed");
        return;
    }
    cJSON *params = base_json_object();
    base_json_add_i64(params, "revision", share->confirmed);
    share->applying = true;
    console_ask(screen, "share.apply", params, TAG_APPLY, on_applied);
}

static void apply(struct share *share)
{
    struct console *console = share->screen.console;
    struct view_page *page = view_page_new(share->screen.width);
    char word[40];
    snprintf(word, sizeof word, "apply %lld",
             (long long)base_json_i64_or(share->plan, "changes", 0));
    share->confirmed = base_json_i64_or(share->plan, "revision", 0);
    view_plan_confirm(page, share->plan, console_profile(console), console_login(console),
                      base_json_str_or(console_status(console), "workspace", ""));
    console_question(&share->screen, "APPLY", page, "Apply", word, on_confirmed, NULL);
}

/* On the lines that say what the last apply did, and it started something. */
static bool share_on_applied(const struct share *share)
{
    return share_is_plan(share) && base_json_get(share->applied, "batch") &&
           share->lines.at < share->applied_lines;
}

static void enter(struct share *share)
{
    const char *name = share_selected_name(share);
    int64_t batch = 0;
    cJSON *args = base_json_object();
    if (share_on_applied(share) && base_json_i64(share->applied, "batch", &batch)) {
        base_json_add_i64(args, "batch", batch);
        console_push(share->screen.console, &screen_batch, args);
    } else if (name) {
        base_json_add_str(args, "table", name);
        console_push(share->screen.console, &screen_table, args);
    } else {
        cJSON_Delete(args);
    }
}

static void copy(struct share *share)
{
    struct console *console = share->screen.console;
    if (share_is_plan(share) && view_plan_missing(share->plan) > 0) {
        char *sql = view_plan_sql(share->plan);
        console_copy(console, sql);
        free(sql);
    } else if (share_selected_name(share)) {
        console_copy(console, share_selected_name(share));
    }
}

static void copy_command(struct share *share)
{
    char *text =
        base_printf("aampe-console --profile %s share %s", console_profile(share->screen.console),
                    !share_is_plan(share)                             ? "list"
                    : base_json_i64_or(share->plan, "changes", 0) > 0 ? "apply"
                                                                      : "plan");
    console_copy(share->screen.console, text);
    free(text);
}

/* Of a share that is kept in a file: the change for that file. */
static void export(struct share *share)
{
    const char *patch = base_json_str(share->plan, "patch");
    if (patch) {
        console_export(share->screen.console, "share.patch", patch);
        return;
    }
    char *text = view_page_text(share->page);
    console_export(share->screen.console, "share-plan.txt", text);
    free(text);
}

static const char *refuse_apply(const struct share *share)
{
    if (!share_is_plan(share))
        return "p first: A applies the plan that is shown";
    if (share->applying)
        return "it is being applied";
    if (share->plan == NULL || share->planning)
        return "the plan is not here yet";
    if (view_plan_by_file(share->plan))
        return "the share is kept in a file: e writes the patch";
    return base_json_i64_or(share->plan, "changes", 0) > 0 ? NULL : "there is nothing to apply";
}

/* The next or previous window of a long plan. */
static const char *refuse_page(const struct share *share, int64_t step)
{
    int64_t to = share->offset + step, total = base_json_i64_or(share->plan, "total", 0);
    if (!share_is_plan(share))
        return "";
    return to < 0 || to >= total ? "nothing more of the plan there" : NULL;
}

static const char *share_refuse(const struct screen *screen, enum view_action action)
{
    const struct share *share = (const struct share *)screen;
    switch ((int)action) {
    case VIEW_ACTION_APPLY:
        return refuse_apply(share);
    case VIEW_ACTION_OPEN:
        if (share_on_applied(share))
            return NULL;
        return share_selected_name(share) ? NULL : "no table is selected";
    case VIEW_ACTION_TICK:
        return share_selected_name(share) ? NULL : "no table is selected";
    case VIEW_ACTION_COPY:
        return share_selected_name(share) || (share->plan && view_plan_missing(share->plan) > 0)
                   ? NULL
                   : "there is nothing to copy";
    case VIEW_ACTION_EXPORT:
        return share_is_plan(share) && share->plan ? NULL : "e writes the plan, on the Plan tab";
    case VIEW_ACTION_NEXT_HIT:
        return refuse_page(share, PLAN_ROWS);
    case VIEW_ACTION_PREVIOUS_HIT:
        return refuse_page(share, -PLAN_ROWS);
    case VIEW_ACTION_PLAN:
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_CHECK:
    case VIEW_ACTION_UNDO:
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    default:
        return "";
    }
}

static void share_act(struct screen *screen, enum view_action action)
{
    struct share *share = (struct share *)screen;
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_APPLY:
        apply(share);
        break;
    case VIEW_ACTION_OPEN:
        enter(share);
        break;
    case VIEW_ACTION_TICK:
        tick(share);
        break;
    case VIEW_ACTION_COPY:
        copy(share);
        break;
    case VIEW_ACTION_COPY_COMMAND:
        copy_command(share);
        break;
    case VIEW_ACTION_EXPORT:
        export(share);
        break;
    case VIEW_ACTION_PLAN:
        share->tab = SHARE_PLAN;
        break;
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
        share->tab = share_is_plan(share) ? SHARE_TABLES : SHARE_PLAN;
        break;
    case VIEW_ACTION_NEXT_HIT:
    case VIEW_ACTION_PREVIOUS_HIT:
        share->offset += action == VIEW_ACTION_NEXT_HIT ? PLAN_ROWS : -PLAN_ROWS;
        share->lines = (struct draw_scroll){0};
        share->anchor = 0;
        share_ask_plan(share);
        break;
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_CHECK:
        ask_list(share);
        share_ask_plan(share);
        break;
    case VIEW_ACTION_UNDO:
        console_ask(screen, "draft.undo", NULL, TAG_TICK, on_ticked);
        break;
    default:
        break;
    }
}

/* What is selected, whatever the width makes of the lines. */
static void anchor(struct share *share)
{
    int64_t at = share->lines.at;
    if (share->page == NULL || at >= (int64_t)share->page->count)
        return;
    share->anchor = share->page->lines[at].target;
    share->anchor_offset = 0;
    while (share->anchor && at-- > 0 && share->page->lines[at].target == share->anchor)
        share->anchor_offset++;
}

static void share_move(struct screen *screen, enum draw_move move)
{
    struct share *share = (struct share *)screen;
    struct draw_scroll *scroll = share_is_plan(share) ? &share->lines : &share->tables;
    int64_t old = scroll->at;
    console_touch(screen->console);
    while (draw_scroll_move(scroll, move) && share_is_plan(share) && share->page &&
           share->page->lines[scroll->at].kind == VIEW_LINE_RULE &&
           (move == DRAW_MOVE_UP || move == DRAW_MOVE_DOWN)) {
    }
    if (share_is_plan(share) && share->page && share->page->count > 0 &&
        share->page->lines[scroll->at].kind == VIEW_LINE_RULE && old != scroll->at)
        scroll->at = scroll->at + 1 < scroll->count ? scroll->at + 1 : old;
    if (share_is_plan(share))
        anchor(share);
}

static void share_status(const struct screen *screen, struct buf *out)
{
    const struct share *share = (const struct share *)screen;
    size_t missing = share->plan ? view_plan_missing(share->plan) : 0;
    const char *name = share_selected_name(share);
    if (share->applying)
        (void)base_buf_text(out, "applying");
    else if (share_is_plan(share) && share->plan && share->plan_error)
        (void)base_buf_printf(out, "planned before; now: %s", share->plan_error);
    else if (share_is_plan(share) && missing > 0)
        (void)base_buf_printf(out, "%d %s; y copies the SQL for who may grant", (int)missing,
                              missing == 1 ? "grant is missing" : "grants are missing");
    else if (!share_is_plan(share) && name)
        (void)base_buf_printf(out, "%s%s", name,
                              share_draft_of(share, name) == '-'
                                  ? ": leaves the share when the plan is applied"
                                  : "");
}

static void share_crumb(const struct screen *screen, struct buf *out)
{
    if (share_is_plan((const struct share *)screen))
        (void)base_buf_text(out, "> plan");
}

static size_t share_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct share *share = (const struct share *)screen;
    static const enum view_action tables[] = {VIEW_ACTION_OPEN, VIEW_ACTION_TICK, VIEW_ACTION_PLAN,
                                              VIEW_ACTION_UNDO, VIEW_ACTION_NEXT_TAB};
    static const enum view_action plan[] = {
        VIEW_ACTION_UNLOCK, VIEW_ACTION_APPLY, VIEW_ACTION_COPY,  VIEW_ACTION_NEXT_HIT,
        VIEW_ACTION_OPEN,   VIEW_ACTION_UNDO,  VIEW_ACTION_EXPORT};
    static const enum view_action file[] = {VIEW_ACTION_EXPORT, VIEW_ACTION_COPY, VIEW_ACTION_OPEN,
                                            VIEW_ACTION_UNDO};
    static const enum view_action nothing[] = {VIEW_ACTION_SCREEN_2, VIEW_ACTION_NEXT_TAB,
                                               VIEW_ACTION_REFRESH};
    const enum view_action *from = tables;
    size_t count = base_countof(tables), used = 0;
    static const enum view_action done[] = {VIEW_ACTION_OPEN, VIEW_ACTION_SCREEN_2,
                                            VIEW_ACTION_NEXT_TAB};
    bool changes = base_json_i64_or(share->plan, "changes", 0) > 0;
    if (share_is_plan(share) && share_on_applied(share)) {
        from = done;
        count = base_countof(done);
    } else if (share_is_plan(share) ? !changes : share->tables.count == 0) {
        from = nothing;
        count = base_countof(nothing);
    } else if (share_is_plan(share)) {
        bool open = console_unlocked_until_us(screen->console) > 0;
        from = open ? plan + 1 : plan;
        count = base_countof(plan) - open;
        if (view_plan_by_file(share->plan)) {
            from = file;
            count = base_countof(file);
        }
    }
    for (size_t i = 0; i < count && used < max; i++) {
        bool nothing_there = (from[i] == VIEW_ACTION_OPEN || from[i] == VIEW_ACTION_NEXT_HIT) &&
                             share_refuse(screen, from[i]) != NULL;
        if (!nothing_there)
            out[used++] = from[i];
    }
    return used;
}

static const char *share_label(const struct screen *screen, enum view_action action)
{
    const struct share *share = (const struct share *)screen;
    const char *name = share_selected_name(share);
    if (action == VIEW_ACTION_OPEN && share_on_applied(share))
        return "open batch";
    if (action == VIEW_ACTION_NEXT_HIT)
        return "next 200";
    if (action == VIEW_ACTION_TICK && name)
        return share_draft_of(share, name) != ' ' ? "take out of draft" : "draft removal";
    if (action == VIEW_ACTION_COPY && share_is_plan(share))
        return view_plan_missing(share->plan) > 0 ? "copy SQL" : "copy name";
    if (action == VIEW_ACTION_EXPORT)
        return base_json_str(share->plan, "patch") ? "patch" : "export plan";
    return NULL;
}

const struct screen_ops screen_share = {
    .name = "Share",
    .number = 3,
    .size = sizeof(struct share),
    .help =
        "Tables: what is shared and how far each table is whole at the destination; Space drafts\n"
        "its removal. Plan: what the draft would change, the grants that are missing, by who may\n"
        "make them, and what follows. A applies it, after W and a typed word; y copies the SQL.\n"
        "A plan that was made on an older revision is refused and shown again.",
    .open = share_open,
    .close = share_close,
    .resume = share_resume,
    .event = share_event,
    .tick = share_tick,
    .refuse = share_refuse,
    .act = share_act,
    .move = share_move,
    .layout = share_layout,
    .draw = share_draw,
    .status = share_status,
    .crumb = share_crumb,
    .hints = share_hints,
    .label = share_label,
};
