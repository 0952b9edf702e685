/* One run: what broke, what is safe, what changed, what to do; its chunks, evidence and log. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/notice.h"
#include "ui/view/run.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_SHOW = 1, TAG_LOG, TAG_CHECK };
enum run_tab { RUN_TAB_RUN, RUN_TAB_CHUNKS, RUN_TAB_EVIDENCE, RUN_TAB_LOG, RUN_TABS };
static const char *const tab_names[] = {"Run", "Chunks", "Evidence", "Log", NULL};

struct run_screen {
    struct screen screen;
    int64_t id;
    enum run_tab tab;
    cJSON *data, *log;
    char *error, *log_error;
    bool asked, log_asked, stale, checking, placed;
    int kept; /* the thing to do that is selected, wherever its line goes; 0: none */

    /* made in layout */
    struct view_page *page;
    struct draw_scroll scroll[RUN_TABS];
    char *right; /* in the line of the tabs */
};

static const cJSON *run_of(const struct run_screen *run)
{
    return base_json_get(run->data, "run");
}

static bool is_word(const struct run_screen *run, const char *word)
{
    return strcmp(base_json_str_or(run_of(run), "word", ""), word) == 0;
}

static bool is_over(const struct run_screen *run)
{
    return is_word(run, "done") || is_word(run, "failed") || is_word(run, "cancelled");
}

static bool is_waiting(const struct run_screen *run)
{
    return base_json_bool_or(base_json_get(run->data, "progress"), "waiting_retry", false);
}

static bool has_reader(const struct run_screen *run)
{
    return base_json_get(base_json_get(run->data, "safe"), "reader") != NULL;
}

/* --- what is known --- */

static void on_show(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct run_screen *run = (struct run_screen *)screen;
    (void)tag;
    run->asked = false;
    base_free(&run->error);
    if (result == NULL) {
        run->error = base_strdup(err->message);
        return;
    }
    cJSON_Delete(run->data);
    run->data = cJSON_Duplicate(result, true);
    run->id = base_json_i64_or(run_of(run), "id", run->id);
}

static void on_log(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct run_screen *run = (struct run_screen *)screen;
    (void)tag;
    run->log_asked = false;
    base_free(&run->log_error);
    if (result == NULL) {
        run->log_error = base_strdup(err->message);
        return;
    }
    cJSON_Delete(run->log);
    run->log = cJSON_Duplicate(base_json_get(result, "lines"), true);
}

static cJSON *id_params(const struct run_screen *run)
{
    cJSON *params = base_json_object();
    if (run->id)
        base_json_add_i64(params, "id", run->id);
    return params;
}

static void ask(struct run_screen *run)
{
    run->asked = true;
    run->stale = false;
    console_ask(&run->screen, "runs.show", id_params(run), TAG_SHOW, on_show);
    if (run->tab == RUN_TAB_LOG && !run->log_asked) {
        run->log_asked = true;
        console_ask(&run->screen, "runs.log", id_params(run), TAG_LOG, on_log);
    }
}

static void on_check(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct run_screen *run = (struct run_screen *)screen;
    const cJSON *table = cJSON_GetArrayItem(base_json_array(result, "tables"), 0);
    (void)tag;
    run->checking = false;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    if (base_json_bool_or(result, "verified", false))
        console_say(screen->console,
                    "read back: what run %lld wrote is there, whole and as it was written",
                    (long long)base_json_i64_or(table, "run", 0));
    else
        console_say(screen->console, "read back: NOT as it was written: %s",
                    base_json_str_or(base_json_get(table, "verify_error"), "message", ""));
    ask(run);
}

static void run_open(struct screen *screen, const cJSON *args)
{
    struct run_screen *run = (struct run_screen *)screen;
    const char *tab = base_json_str_or(args, "tab", "");
    run->id = base_json_i64_or(args, "run", 0);
    run->tab = strcmp(tab, "chunks") == 0     ? RUN_TAB_CHUNKS
               : strcmp(tab, "evidence") == 0 ? RUN_TAB_EVIDENCE
               : strcmp(tab, "log") == 0      ? RUN_TAB_LOG
                                              : RUN_TAB_RUN;
    ask(run);
}

static void run_close(struct screen *screen)
{
    struct run_screen *run = (struct run_screen *)screen;
    cJSON_Delete(run->data);
    cJSON_Delete(run->log);
    free(run->error);
    free(run->log_error);
    free(run->right);
    view_page_free(&run->page);
}

static void run_resume(struct screen *screen)
{
    struct run_screen *run = (struct run_screen *)screen;
    run->asked = run->log_asked = run->checking = false;
    ask(run);
}

static void run_event(struct screen *screen, const char *name, const cJSON *payload)
{
    struct run_screen *run = (struct run_screen *)screen;
    /* Also of other runs of the table: one of them may be what a reader sees by now. */
    if (strcmp(name, "run.state") == 0 && strcmp(base_json_str_or(payload, "table", ""),
                                                 base_json_str_or(run_of(run), "table", "?")) == 0)
        run->stale = true;
}

static void run_tick(struct screen *screen)
{
    struct run_screen *run = (struct run_screen *)screen;
    if (run->stale && !run->asked)
        ask(run);
}

/* --- layout --- */

static const char *retry_refused(const struct run_screen *run)
{
    const char *why = console_refuses(run->screen.console, VIEW_RUN);
    if (run->data == NULL)
        return "nothing is known of the run yet";
    if (is_word(run, "done"))
        return "this run is done; s syncs its table again";
    if (!is_over(run) && !is_waiting(run))
        return "this run is not over; X cancels it";
    return why;
}

static void log_say(struct run_screen *run)
{
    const cJSON *line;
    if (run->log == NULL)
        view_page_line(run->page, run->log_error ? STYLE_BAD : STYLE_FAINT, "  %s",
                       run->log_error ? run->log_error : "asking the engine");
    else if (cJSON_GetArraySize(run->log) == 0)
        view_page_line(run->page, STYLE_PLAIN, "  the log has no line of this run any more");
    cJSON_ArrayForEach(line, run->log)
    {
        if (cJSON_IsString(line))
            view_page_wrap(run->page, 2, STYLE_PLAIN, "%s", line->valuestring);
    }
}

static void page_make(struct run_screen *run)
{
    int64_t now = console_now_us(run->screen.console);
    struct view_run_words words = {
        .now_us = now, .retry_refused = retry_refused(run), .keys = true};
    view_page_free(&run->page);
    run->page = view_page_new(run->screen.width);
    if (run->data == NULL) {
        view_page_line(run->page, run->error ? STYLE_BAD : STYLE_FAINT, "  %s",
                       run->error ? "The run could not be read." : "asking the engine");
        if (run->error) {
            view_page_wrap(run->page, 2, STYLE_PLAIN, "%s", run->error);
            view_page_line(run->page, STYLE_PLAIN, "  r tries again");
        }
        return;
    }
    if (run->tab == RUN_TAB_RUN)
        view_run_page(run->page, run->data, &words);
    else if (run->tab == RUN_TAB_CHUNKS)
        view_run_chunks(run->page, run->data);
    else if (run->tab == RUN_TAB_EVIDENCE)
        view_run_evidence(run->page, run->data, now);
    else
        log_say(run);
}

static void right_make(struct run_screen *run)
{
    char clock[32], age[24];
    const cJSON *row = run_of(run);
    const char *began = base_json_str(row, "started");
    int64_t now = console_now_us(run->screen.console);
    free(run->right);
    run->right =
        row ? base_printf("%s, batch %lld, %s, %s ago", base_json_str_or(row, "table", ""),
                          (long long)base_json_i64_or(row, "batch", 0),
                          view_status_clock(began, now, true, clock), view_age(began, now, age))
            : NULL;
}

static int target_at(const struct run_screen *run, int64_t line)
{
    return run->page && line >= 0 && line < (int64_t)run->page->count
               ? run->page->lines[line].target
               : 0;
}

/* The first thing to do is selected, where that does not scroll the cause away. */
static void first_place(struct run_screen *run)
{
    struct draw_scroll *scroll = &run->scroll[RUN_TAB_RUN];
    if (run->placed || run->tab != RUN_TAB_RUN || run->data == NULL)
        return;
    run->placed = true;
    for (int64_t i = 0; i < (int64_t)run->page->count && i < scroll->height; i++) {
        if (target_at(run, i)) {
            scroll->at = i;
            run->kept = target_at(run, i);
            return;
        }
    }
}

static void kept_place(struct run_screen *run)
{
    if (run->kept == 0 || run->tab != RUN_TAB_RUN)
        return;
    for (int64_t i = 0; i < (int64_t)run->page->count; i++)
        if (target_at(run, i) == run->kept)
            run->scroll[RUN_TAB_RUN].at = i;
}

static void run_layout(struct screen *screen)
{
    struct run_screen *run = (struct run_screen *)screen;
    struct draw_scroll *scroll = &run->scroll[run->tab];
    page_make(run);
    right_make(run);
    kept_place(run);
    draw_scroll_fit(scroll, (int64_t)run->page->count, screen->height - 1);
    first_place(run);
    if (scroll->at < scroll->count && run->page->lines[scroll->at].kind == VIEW_LINE_RULE)
        scroll->at += scroll->at + 1 < scroll->count ? 1 : -1; /* titles cannot be selected */
    draw_scroll_fit(scroll, (int64_t)run->page->count, screen->height - 1);
    if (scroll->at == 1)
        scroll->top = 0; /* the rule above is part of it */
}

static void run_draw(const struct screen *screen, struct draw_box body)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    const struct draw_scroll *scroll = &run->scroll[run->tab];
    draw_tabs(body, 0, tab_names, (int)run->tab, run->right);
    console_page_draw(run->page, draw_box_sub(body, 0, 1, body.width, body.height - 1),
                      (int)scroll->top, run->data ? (int)scroll->at : -1);
}

static void run_move(struct screen *screen, enum draw_move move)
{
    struct run_screen *run = (struct run_screen *)screen;
    struct draw_scroll *scroll = &run->scroll[run->tab];
    bool step = move == DRAW_MOVE_UP || move == DRAW_MOVE_DOWN;
    while (draw_scroll_move(scroll, move) && step &&
           run->page->lines[scroll->at].kind == VIEW_LINE_RULE) {
    }
    if (run->tab == RUN_TAB_RUN)
        run->kept = target_at(run, scroll->at);
    console_touch(screen->console);
}

/* --- keys --- */

static const char *hint_of(const struct run_screen *run)
{
    return base_json_str_or(base_json_get(run_of(run), "error"), "hint", "");
}

static const struct view_run_fix *fix_of(const struct run_screen *run)
{
    return view_run_fix(base_json_str_or(base_json_get(run->data, "broke"), "code", ""));
}

static const char *run_refuse(const struct screen *screen, enum view_action action)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    int target = target_at(run, run->scroll[run->tab].at);
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
        if (target)
            return run_refuse(screen, (enum view_action)target);
        return "nothing to open here; the lines below DO do what they say";
    case VIEW_ACTION_RETRY:
        return retry_refused(run);
    case VIEW_ACTION_CANCEL_RUN:
        return run->data == NULL ? "nothing is known of the run yet"
               : is_over(run)    ? "this run is over"
                                 : NULL;
    case VIEW_ACTION_CHECK:
        return run->checking     ? "it is being read back now"
               : has_reader(run) ? NULL
                                 : "nothing of this table is at the destination yet";
    case VIEW_ACTION_FIX:
        return fix_of(run) ? NULL : "this cause is mended elsewhere; DO says what helps";
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
    case VIEW_ACTION_EXPORT:
    case VIEW_ACTION_SYNC:
        return run->data ? NULL : "nothing is known of the run yet";
    case VIEW_ACTION_NEXT_TAB:
    case VIEW_ACTION_PREVIOUS_TAB:
    case VIEW_ACTION_REFRESH:
        return NULL;
    default:
        return "";
    }
}

static void tab_step(struct run_screen *run, int step)
{
    run->tab = (enum run_tab)(((int)run->tab + step + RUN_TABS) % RUN_TABS);
    if (run->tab == RUN_TAB_LOG && run->log == NULL && !run->log_asked) {
        run->log_asked = true;
        console_ask(&run->screen, "runs.log", id_params(run), TAG_LOG, on_log);
    }
}

static void copy(struct run_screen *run, bool command)
{
    struct console *console = run->screen.console;
    const char *hint = hint_of(run);
    const cJSON *evidence = base_json_get(base_json_get(run_of(run), "error"), "evidence");
    const char *id = base_json_str(evidence, "statement_id");
    if (id == NULL)
        id = base_json_str(evidence, "request_id");
    char *text = command ? base_printf("aampe-console --profile %s runs show %lld",
                                       console_profile(console), (long long)run->id)
                 : strncmp(hint, "GRANT ", 6) == 0 ? base_strdup(hint)
                 : id                              ? base_strdup(id)
                                                   : base_printf("run %lld", (long long)run->id);
    console_copy(console, text);
    free(text);
}

/* Word to Aampe in a file of its own: nothing of ours may be in it. */
static void notice_export(struct run_screen *run, int64_t now_us)
{
    const cJSON *status = console_status(run->screen.console);
    struct view_page *page = view_page_new(80);
    char name[48];
    snprintf(name, sizeof name, "run-%lld-notice.txt", (long long)run->id);
    view_notice_aampe(page, run->data, status, now_us);
    char *text = view_page_text(page);
    console_export(run->screen.console, name, text);
    free(text);
    view_page_free(&page);
}

/* All tabs in one text; of a failure also the notice. */
static void export(struct run_screen *run)
{
    struct view_run_words words = {.now_us = console_now_us(run->screen.console)};
    struct view_page *page = view_page_new(100);
    char name[48];
    view_page_line(page, STYLE_PLAIN, "run %lld  %s", (long long)run->id,
                   base_json_str_or(run_of(run), "table", ""));
    view_run_page(page, run->data, &words);
    view_run_chunks(page, run->data);
    view_run_evidence(page, run->data, words.now_us);
    char *text = view_page_text(page);
    snprintf(name, sizeof name, "run-%lld.txt", (long long)run->id);
    if (is_word(run, "failed"))
        notice_export(run, words.now_us);
    console_export(run->screen.console, name, text);
    free(text);
    view_page_free(&page);
}

static void fix_open(struct run_screen *run)
{
    const struct view_run_fix *fix = fix_of(run);
    cJSON *args = base_json_object();
    base_json_add_str(args, fix->key, fix->value);
    if (fix->screen) {
        console_go(run->screen.console, fix->screen, args);
        return;
    }
    base_json_add_str(args, "table", base_json_str(run_of(run), "table"));
    console_push(run->screen.console, &screen_table, args);
}

static void retry_open(struct run_screen *run)
{
    cJSON *args = base_json_object();
    base_json_add_i64(args, "run", run->id);
    console_push(run->screen.console, &screen_retry, args);
}

static void sync_now(struct run_screen *run)
{
    cJSON *tables = cJSON_CreateArray();
    base_json_push_take(tables, cJSON_CreateString(base_json_str_or(run_of(run), "table", "")));
    run_sync_ask(&run->screen, tables);
}

static void check(struct run_screen *run)
{
    run->checking = true;
    console_ask(&run->screen, "runs.check", id_params(run), TAG_CHECK, on_check);
    console_say(run->screen.console, "reading the destination again, every file");
}

static void run_act(struct screen *screen, enum view_action action)
{
    struct run_screen *run = (struct run_screen *)screen;
    int target = target_at(run, run->scroll[run->tab].at);
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_OPEN:
        if (target)
            run_act(screen, (enum view_action)target);
        break;
    case VIEW_ACTION_RETRY:
        retry_open(run);
        break;
    case VIEW_ACTION_SCREEN_8:
        console_go(screen->console, 8, NULL);
        break;
    case VIEW_ACTION_CANCEL_RUN:
        run_cancel_ask(screen, run_of(run));
        break;
    case VIEW_ACTION_CHECK:
        check(run);
        break;
    case VIEW_ACTION_FIX:
        fix_open(run);
        break;
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        copy(run, action == VIEW_ACTION_COPY_COMMAND);
        break;
    case VIEW_ACTION_EXPORT:
        export(run);
        break;
    case VIEW_ACTION_SYNC:
        sync_now(run);
        break;
    case VIEW_ACTION_NEXT_TAB:
        tab_step(run, 1);
        break;
    case VIEW_ACTION_PREVIOUS_TAB:
        tab_step(run, -1);
        break;
    case VIEW_ACTION_REFRESH:
        ask(run);
        break;
    default:
        break;
    }
}

static void run_status(const struct screen *screen, struct buf *out)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    if (run->checking)
        (void)base_buf_text(out, "reading the destination again; changes nothing");
    else if (run->error && run->data)
        (void)base_buf_printf(out, "shown as it was; now: %s", run->error);
    else if (run->data)
        view_run_sentence(out, run->data);
}

static void run_crumb(const struct screen *screen, struct buf *out)
{
    (void)base_buf_printf(out, "%lld", (long long)((const struct run_screen *)screen)->id);
}

static size_t run_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    enum view_action all[8];
    size_t n = 0;
    if (fix_of(run))
        all[n++] = VIEW_ACTION_FIX;
    if (run->data && retry_refused(run) == NULL)
        all[n++] = VIEW_ACTION_RETRY;
    else if (run->data && !is_over(run))
        all[n++] = VIEW_ACTION_CANCEL_RUN;
    if (is_word(run, "failed") &&
        view_run_doctor(base_json_str_or(base_json_get(run_of(run), "error"), "code", "")))
        all[n++] = VIEW_ACTION_SCREEN_8;
    all[n++] = VIEW_ACTION_CHECK;
    all[n++] = VIEW_ACTION_EXPORT;
    all[n++] = VIEW_ACTION_COPY;
    all[n++] = VIEW_ACTION_NEXT_TAB;
    return screen_hints(all, n, out, max);
}

static const char *run_label(const struct screen *screen, enum view_action action)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    if (action == VIEW_ACTION_CHECK)
        return "check data";
    if (action == VIEW_ACTION_COPY)
        return strncmp(hint_of(run), "GRANT ", 6) == 0 ? "copy GRANT" : "copy id";
    return NULL;
}

static const char *run_reads(const struct screen *screen)
{
    const struct run_screen *run = (const struct run_screen *)screen;
    const char *as = base_json_str_or(base_json_get(run->data, "changed"), "seen_as", "");
    return strcmp(as, "observer") == 0 ? "observer" : NULL;
}

const struct screen_ops screen_run = {
    .name = "Run",
    .size = sizeof(struct run_screen),
    .help = "One run. BROKE: the cause, its code, and whether Aampe's own reads fail too. SAFE: "
            "what a reader of the destination sees, with the evidence; c reads it again, file by "
            "file. CHANGED: the difference to the last good run, and as whom it was seen. DO: only "
            "keys that work here, each with its consequence. Tab shows chunks, evidence and log.",
    .open = run_open,
    .close = run_close,
    .resume = run_resume,
    .event = run_event,
    .tick = run_tick,
    .refuse = run_refuse,
    .act = run_act,
    .move = run_move,
    .layout = run_layout,
    .draw = run_draw,
    .status = run_status,
    .crumb = run_crumb,
    .hints = run_hints,
    .label = run_label,
    .reads = run_reads,
};
