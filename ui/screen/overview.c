/* 1 Overview: is anything wrong, what is safe, what is next. */
#include "ui/screen/overview.h"
#include "ui/screen/console_private.h"
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/alarm.h"
#include "ui/view/link.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_CHECK = 1, TAG_SYNC };

#define CHECK_PAGE 200 /* tables the engine looks at in one answer */

void overview_remember(struct overview *overview)
{
    const char *name = base_json_str(overview_table(overview), "name");
    free(overview->selected);
    overview->selected = base_strdup(name);
}

static void overview_open(struct screen *screen, const cJSON *args)
{
    struct overview *overview = (struct overview *)screen;
    (void)args;
    overview->stale = true;
    overview->unit = view_profile_unit(console_profile(screen->console));
}

static void overview_close(struct screen *screen)
{
    struct overview *overview = (struct overview *)screen;
    view_page_free(&overview->needs);
    view_page_free(&overview->tables);
    view_page_free(&overview->world);
    view_page_free(&overview->none);
    free(overview->selected);
}

static void overview_resume(struct screen *screen)
{
    ((struct overview *)screen)->stale = true;
}

static void overview_event(struct screen *screen, const char *name, const cJSON *payload)
{
    (void)payload;
    if (strcmp(name, "status") == 0)
        ((struct overview *)screen)->stale = true;
}

/* --- what is done --- */

static void on_checked(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    struct overview *overview = (struct overview *)screen;
    const cJSON *table;
    int good = 0, bad = 0;
    (void)tag;
    if (result == NULL) {
        overview->checking = false;
        console_say_error(screen->console, err);
        return;
    }
    cJSON_ArrayForEach(table, base_json_array(result, "tables"))
    {
        bool verified = base_json_bool_or(table, "verified", false);
        good += verified;
        bad += !verified && base_json_i64_or(table, "run", 0) > 0;
    }
    overview->checked_good += good;
    overview->checked_bad += bad;
    overview->checked_at += CHECK_PAGE;
    if (overview->checked_at < base_json_i64_or(result, "total", 0)) {
        overview_check(overview);
        return;
    }
    overview->checking = false;
    console_status_ask(screen->console);
    console_say(screen->console, "read back at the destination: %d tables as written, %d not",
                overview->checked_good, overview->checked_bad);
}

void overview_check(struct overview *overview)
{
    cJSON *params = base_json_object();
    base_json_add_i64(params, "offset", overview->checked_at);
    overview->checking = true;
    console_ask(&overview->screen, "sync.verify", params, TAG_CHECK, on_checked);
}

/* Without an engine: what keeps it from running. */
static void check_down(struct overview *overview)
{
    cJSON *args = base_json_object();
    base_json_add_bool(args, "run", true);
    console_go(overview->screen.console, 8, args);
}

static void check(struct overview *overview)
{
    if (overview_down(overview)) {
        check_down(overview);
        return;
    }
    overview->checked_at = 0;
    overview->checked_good = overview->checked_bad = 0;
    console_say(overview->screen.console,
                "reading every file back at the destination; no warehouse is started");
    overview_check(overview);
}

static void on_sync_confirmed(struct screen *screen, bool yes, void *user)
{
    (void)user;
    if (!yes) {
        console_say(screen->console, "nothing was started");
        return;
    }
    console_ask(screen, "sync.run", NULL, TAG_SYNC, run_sync_started);
}

/* All tables; asks, saying what it will do. */
static void sync_ask(struct overview *overview)
{
    struct console *console = overview->screen.console;
    const cJSON *status = console_status(console), *table;
    struct view_page *page = view_page_new(overview->screen.width - 2);
    int64_t rows = 0, bytes = 0, known = 0;
    char many[24], much[24];
    cJSON_ArrayForEach(table, base_json_array(status, "tables"))
    {
        rows += base_json_i64_or(table, "rows", 0);
        bytes += base_json_i64_or(table, "bytes", 0);
        known += base_json_get(table, "rows") != NULL;
    }
    base_text_rows(rows, many);
    base_text_bytes(bytes, much);
    view_page_fact(page, 11, "tables", STYLE_PLAIN, "all %lld that are shared and not paused",
                   (long long)base_json_i64_or(status, "tables_total", 0));
    if (known > 0)
        view_page_fact(page, 11, "last time", STYLE_PLAIN, "%s rows, %s written, %lld %s", many,
                       much, (long long)known, known == 1 ? "table" : "tables");
    view_page_fact(page, 11, "reads", STYLE_PLAIN,
                   "each table whole, at one version, as principal");
    view_page_fact(page, 11, "warehouse", STYLE_PLAIN, "%s; it is started if it is stopped",
                   base_json_str_or(status, "warehouse", "not set"));
    view_page_fact(page, 11, "writes", STYLE_PLAIN, "%s",
                   base_json_str_or(status, "destination", "not set"));
    view_page_fact(page, 11, "readers", STYLE_PLAIN,
                   "see what is there now until all of a table is in");
    view_page_fact(page, 11, "undo", STYLE_PLAIN, "X in 5 Runs stops a run; nothing of it is seen");
    view_page_fact(page, 11, "only one", STYLE_PLAIN,
                   "Enter opens a table; its Sync tab has s too");
    console_question(&overview->screen, "SYNC NOW", page, "Sync", NULL, on_sync_confirmed, NULL);
}

static void run_open(struct overview *overview, int64_t run)
{
    cJSON *args = base_json_object();
    base_json_add_i64(args, "run", run);
    console_push(overview->screen.console, &screen_run, args);
}

static void table_open(struct overview *overview, const char *name)
{
    cJSON *args = base_json_object();
    base_json_add_str(args, "table", name);
    console_push(overview->screen.console, &screen_table, args);
}

static void item_open(struct overview *overview, const cJSON *item)
{
    struct view_alarm alarm;
    view_alarm_of(item, &alarm);
    if (alarm.run > 0)
        run_open(overview, alarm.run);
    else if (alarm.table)
        table_open(overview, alarm.table);
    else
        console_go(overview->screen.console, alarm.screen, view_alarm_args(&alarm));
}

static void enter(struct overview *overview)
{
    const cJSON *item = overview_item(overview), *table = overview_table(overview);
    if (item) {
        item_open(overview, item);
    } else if (table) {
        table_open(overview, base_json_str_or(table, "name", ""));
    } else if (overview_target(overview) == VIEW_STATUS_BATCH) {
        cJSON *args = base_json_object();
        base_json_add_i64(args, "batch",
                          base_json_i64_or(console_status(overview->screen.console), "batch", 0));
        console_push(overview->screen.console, &screen_batch, args);
    }
}

static int64_t selected_run(const struct overview *overview)
{
    const cJSON *item = overview_item(overview), *table = overview_table(overview);
    int64_t run = base_json_i64_or(item, "run", 0);
    return run ? run : base_json_i64_or(table, "last_run", 0);
}

static bool can_retry(const struct overview *overview)
{
    const cJSON *item = overview_item(overview), *table = overview_table(overview);
    return (item && strcmp(base_json_str_or(item, "kind", ""), "failed") == 0) ||
           (table && strcmp(base_json_str_or(table, "state", ""), "failed") == 0);
}

static void retry(struct overview *overview)
{
    cJSON *args = base_json_object();
    base_json_add_i64(args, "run", selected_run(overview));
    console_push(overview->screen.console, &screen_retry, args);
}

static void copy(struct overview *overview)
{
    struct console *console = overview->screen.console;
    const cJSON *item = overview_item(overview), *table = overview_table(overview);
    if (overview_down(overview)) {
        char *text = view_status_commands(console_profile(console), overview->unit);
        console_copy(console, text);
        free(text);
        return;
    }
    const char *text = base_json_str(item, "hint");
    text = text ? text : base_json_str(item, "text");
    text = text ? text : base_json_str(table, "name");
    if (text)
        console_copy(console, text);
}

static void copy_command(struct overview *overview)
{
    struct console *console = overview->screen.console;
    long long run = (long long)selected_run(overview);
    const char *profile = console_profile(console);
    char *text = run && !overview_down(overview)
                     ? base_printf("aampe-console --profile %s runs show %lld", profile, run)
                     : base_printf("aampe-console --profile %s status", profile);
    console_copy(console, text);
    free(text);
}

static void refresh(struct overview *overview)
{
    console_status_ask(overview->screen.console);
}

static const char *overview_refuse(const struct screen *screen, enum view_action action)
{
    const struct overview *overview = (const struct overview *)screen;
    bool down = overview_down(overview);
    const cJSON *status = console_status(screen->console);
    int64_t tables = base_json_i64_or(status, "tables_total", 0);
    switch (action) {
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    case VIEW_ACTION_COPY:
        return down || overview_item(overview) || overview_table(overview) ? NULL
                                                                           : "no row is selected";
    case VIEW_ACTION_OPEN:
        return down                        ? "there is no engine to ask"
               : overview_target(overview) ? NULL
                                           : "no row is selected";
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_CHECK:
    case VIEW_ACTION_SYNC:
        if (down)
            return action == VIEW_ACTION_CHECK && screen->console->config.doctor
                       ? NULL
                       : "there is no engine to ask";
        if (action != VIEW_ACTION_REFRESH && tables == 0)
            return "no tables are shared yet";
        return action == VIEW_ACTION_CHECK && overview->checking && console_waiting(screen)
                   ? "is being checked already"
                   : NULL;
    case VIEW_ACTION_RETRY:
        return down ? "there is no engine to ask" : can_retry(overview) ? NULL : "select a failure";
    default:
        return "";
    }
}

static void overview_act(struct screen *screen, enum view_action action)
{
    struct overview *overview = (struct overview *)screen;
    if (action == VIEW_ACTION_OPEN)
        enter(overview);
    else if (action == VIEW_ACTION_CHECK)
        check(overview);
    else if (action == VIEW_ACTION_SYNC)
        sync_ask(overview);
    else if (action == VIEW_ACTION_RETRY)
        retry(overview);
    else if (action == VIEW_ACTION_COPY)
        copy(overview);
    else if (action == VIEW_ACTION_COPY_COMMAND)
        copy_command(overview);
    else if (action == VIEW_ACTION_REFRESH)
        refresh(overview);
}

static void overview_move(struct screen *screen, enum draw_move move)
{
    struct overview *overview = (struct overview *)screen;
    if (overview_down(overview)) {
        draw_scroll_move(&overview->list, move);
        return;
    }
    overview->rows.height = overview->list.height;
    draw_scroll_move(&overview->rows, move);
    int target = overview_target(overview);
    overview->problem = target < VIEW_STATUS_TABLE ? target : 0;
}

static void table_say(struct buf *out, const cJSON *table, int64_t now_us)
{
    char age[24], clock[32], rows[24];
    const cJSON *run = base_json_get(table, "run"), *error = base_json_get(table, "error");
    if (run == NULL) {
        (void)base_buf_printf(out, "never synced yet: s syncs it");
        return;
    }
    (void)base_buf_printf(out, "run %lld %s %s ago", (long long)base_json_i64_or(run, "id", 0),
                          base_json_str_or(run, "word", ""),
                          view_age(base_json_str(run, "finished"), now_us, age));
    if (error)
        (void)base_buf_printf(out, ": %s", base_json_str_or(error, "message", ""));
    else if (base_json_get(table, "rows"))
        (void)base_buf_printf(out, ", %s rows", view_rows(table, "rows", rows));
    if (base_json_str(table, "whole_to"))
        (void)base_buf_printf(
            out, "; whole to %s",
            view_status_clock(base_json_str(table, "whole_to"), now_us, true, clock));
}

static void overview_status(const struct screen *screen, struct buf *out)
{
    const struct overview *overview = (const struct overview *)screen;
    int64_t now = console_now_us(screen->console);
    const cJSON *item = overview_item(overview), *table = overview_table(overview);
    if (overview_down(overview))
        (void)base_buf_printf(
            out, "waiting for the engine; this screen changes by itself when it answers");
    else if (item)
        view_status_why(out, item);
    else if (table)
        table_say(out, table, now);
    else if (overview_target(overview) == VIEW_STATUS_BATCH)
        (void)base_buf_printf(out, "Enter watches it; leaving the console does not stop it");
}

static size_t overview_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct overview *overview = (const struct overview *)screen;
    static const enum view_action down[] = {VIEW_ACTION_CHECK, VIEW_ACTION_COPY,
                                            VIEW_ACTION_COPY_COMMAND, VIEW_ACTION_MESSAGES};
    static const enum view_action empty[] = {VIEW_ACTION_OPEN, VIEW_ACTION_SCREEN_2,
                                             VIEW_ACTION_SCREEN_9, VIEW_ACTION_REFRESH};
    static const enum view_action all[] = {VIEW_ACTION_OPEN,  VIEW_ACTION_WORST,
                                           VIEW_ACTION_SYNC,  VIEW_ACTION_CHECK,
                                           VIEW_ACTION_RETRY, VIEW_ACTION_PALETTE};
    const enum view_action *from = all;
    size_t count = base_countof(all), used = 0;
    if (overview_down(overview))
        from = down, count = base_countof(down);
    else if (overview->list.count == 0)
        from = empty, count = base_countof(empty);
    for (size_t i = 0; i < count && used < max; i++)
        if ((from[i] != VIEW_ACTION_RETRY || can_retry(overview)) &&
            (from[i] != VIEW_ACTION_OPEN || overview_target(overview)))
            out[used++] = from[i];
    return used;
}

static const char *overview_label(const struct screen *screen, enum view_action action)
{
    if (!overview_down((const struct overview *)screen))
        return NULL;
    if (action == VIEW_ACTION_CHECK)
        return "doctor";
    if (action == VIEW_ACTION_COPY)
        return "copy commands";
    return NULL;
}

const struct screen_ops screen_overview = {
    .name = "Overview",
    .number = 1,
    .size = sizeof(struct overview),
    .help =
        "Is anything wrong, what is safe, what is next. NEEDS YOU lists what a person has to\n"
        "do, the worst first; SAFE is computed from the runs and from the last time files were\n"
        "read back (c does it again). LAST 12 RUNS is one letter a run, the newest at the\n"
        "right: . done, r done after a retry, F failed, x cancelled, > running, - none.\n"
        "WHOLE TO: everything up to that moment is at the destination, once.",
    .open = overview_open,
    .close = overview_close,
    .resume = overview_resume,
    .event = overview_event,
    .refuse = overview_refuse,
    .act = overview_act,
    .move = overview_move,
    .layout = overview_layout,
    .draw = overview_draw,
    .status = overview_status,
    .hints = overview_hints,
    .label = overview_label,
};
