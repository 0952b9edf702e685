/* 7 Audit, tab Reads: what was done as the principal, by whom, and how it ended. */
#include "ui/screen/audit.h"

#include "ui/view/audit.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#define PAGE 200
#define FILTER_MAX 100

enum { TAG_KNOWN = 1, TAG_READ, TAG_AGAIN, TAG_MORE };

static struct audit *of(const struct screen *screen)
{
    return (struct audit *)(uintptr_t)screen;
}

static void ask(struct audit *audit, const char *read, bool start, int64_t offset, int64_t tag);

static void rows_append(struct audit *audit, const cJSON *result)
{
    cJSON *rows = cJSON_GetObjectItemCaseSensitive(audit->data, "rows");
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(result, "rows"))
    {
        base_json_push_take(rows, cJSON_Duplicate(each, true));
    }
}

/* The line that was selected stays selected when newer ones come before it. */
static void rows_replace(struct audit *audit, const cJSON *result)
{
    char *kept = base_strdup(base_json_str(audit_row(audit, audit->list.at), "request_id"));
    const cJSON *each;
    int64_t index = 0;
    bool first = audit->list.at == 0;
    cJSON_Delete(audit->data);
    audit->data = cJSON_Duplicate(result, true);
    cJSON_ArrayForEach(each, base_json_array(audit->data, "rows"))
    {
        if (kept && !first && strcmp(kept, base_json_str_or(each, "request_id", "")) == 0)
            audit->list.at = index;
        index++;
    }
    free(kept);
}

static void on_rows(struct screen *screen, int64_t tag, const cJSON *result, const struct err *err)
{
    struct audit *audit = of(screen);
    audit->stale = true;
    audit->err = err ? *err : ERR_INIT;
    if (result == NULL) {
        if (audit->data)
            console_say_error(screen->console, err);
        return;
    }
    if (tag == TAG_MORE)
        rows_append(audit, result);
    else
        rows_replace(audit, result);
    if (tag == TAG_KNOWN && !audit->asked) {
        audit->asked = true;
        ask(audit, "auto", false, 0, TAG_READ);
    }
    if (tag == TAG_AGAIN && base_json_str(result, "waits") == NULL &&
        base_json_get(result, "error") == NULL && view_audit_exit(result) == VIEW_EXIT_DONE)
        console_say(screen->console, "read again, as the observer");
}

static void ask(struct audit *audit, const char *read, bool start, int64_t offset, int64_t tag)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "read", read);
    if (start)
        base_json_add_bool(params, "start", true);
    if (audit->filter)
        base_json_add_str(params, "filter", audit->filter);
    if (offset)
        base_json_add_i64(params, "offset", offset);
    base_json_add_i64(params, "limit", PAGE);
    console_ask(&audit->screen, "audit.list", params, tag, on_rows);
}

static void audit_open(struct screen *screen, const cJSON *args)
{
    struct audit *audit = of(screen);
    (void)args;
    audit->stale = true;
    ask(audit, "never", false, 0, TAG_KNOWN);
}

static void audit_close(struct screen *screen)
{
    struct audit *audit = of(screen);
    cJSON_Delete(audit->data);
    view_page_free(&audit->detail);
    draw_edit_free(&audit->edit);
    free(audit->filter);
    free(audit->reach);
    free(audit->counts);
}

static void audit_resume(struct screen *screen)
{
    struct audit *audit = of(screen);
    audit->asked = false;
    ask(audit, "never", false, 0, TAG_KNOWN);
}

/* --- keys --- */

static void filter_take(struct audit *audit)
{
    const char *text = draw_edit_text(audit->edit);
    free(audit->filter);
    audit->filter = *text ? base_strdup(text) : NULL;
    draw_edit_free(&audit->edit);
    audit->list.at = audit->list.top = 0;
    audit->stale = true;
    ask(audit, "never", false, 0, TAG_READ);
}

static void filter_drop(struct audit *audit)
{
    if (audit->edit) {
        draw_edit_free(&audit->edit);
        return;
    }
    base_free(&audit->filter);
    audit->stale = true;
    ask(audit, "never", false, 0, TAG_READ);
}

static bool audit_key(struct screen *screen, const struct term_key *key)
{
    struct audit *audit = of(screen);
    return audit->edit && draw_edit_key(audit->edit, key);
}

static const char *audit_refuse(const struct screen *screen, enum view_action action)
{
    const struct audit *audit = of(screen);
    bool engine = console_engine(screen->console), row = audit_listed(audit);
    const cJSON *status = console_status(screen->console);
    switch (action) {
    case VIEW_ACTION_CLOSE:
        return audit->edit || audit->whole || audit->filter ? NULL : "";
    case VIEW_ACTION_COPY_COMMAND:
        return NULL;
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_ZOOM:
        return audit->edit || row ? NULL : "no line is selected";
    case VIEW_ACTION_EXPORT:
        return row ? NULL : "there are no lines to write";
    case VIEW_ACTION_COPY:
        return base_json_str(audit->data, "query") || base_json_array(audit->data, "fix")
                   ? NULL
                   : "there is no query yet: no observer is set up";
    case VIEW_ACTION_FILTER:
        return audit->data ? NULL : "not loaded yet";
    case VIEW_ACTION_REFRESH:
    case VIEW_ACTION_CHECK:
        if (!engine)
            return "there is no engine to ask";
        return base_json_str(status, "warehouse") ? NULL : "no warehouse is set (9 Setup)";
    default:
        return "";
    }
}

/* What has to be done when the log cannot be read, else the query it is read by. */
static void copy(struct audit *audit)
{
    const cJSON *fix = base_json_array(audit->data, "fix"), *each;
    struct buf text;
    if (fix == NULL) {
        console_copy(audit->screen.console, base_json_str_or(audit->data, "query", ""));
        return;
    }
    base_buf_init(&text, 1 << 16);
    cJSON_ArrayForEach(each, fix)
    {
        if (cJSON_IsString(each))
            (void)base_buf_printf(&text, "%s\n", each->valuestring);
    }
    console_copy(audit->screen.console, text.len ? text.data : "");
    base_buf_free(&text);
}

static void copy_command(struct audit *audit)
{
    struct console *console = audit->screen.console;
    /* A filter goes in as one word of the shell only when it is one. */
    const char *safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    bool plain = audit->filter && audit->filter[strspn(audit->filter, safe)] == '\0';
    char *text = base_printf("aampe-console --profile %s audit list%s%s", console_profile(console),
                             plain ? " --filter " : "", plain ? audit->filter : "");
    console_copy(console, text);
    free(text);
}

static void on_start(struct screen *screen, bool yes, void *user)
{
    (void)user;
    if (yes)
        ask(of(screen), "now", true, 0, TAG_AGAIN);
    else
        console_say(screen->console, "nothing was asked");
}

/* Reading needs the warehouse; starting one costs, so that is asked first. */
static void check(struct audit *audit)
{
    struct view_page *page = view_page_new(audit->screen.width - 2);
    view_page_fact(page, 11, "reads", STYLE_PLAIN,
                   "one statement over system.access.audit, as the observer");
    view_page_fact(page, 11, "warehouse", STYLE_PLAIN, "%s; it is started if it is stopped",
                   base_json_str_or(console_status(audit->screen.console), "warehouse", "-"));
    view_page_fact(page, 11, "costs", STYLE_PLAIN,
                   "the warehouse's time until it stops by itself; changes nothing");
    console_question(&audit->screen, "READ THE AUDIT LOG NOW", page, "Read", NULL, on_start, NULL);
}

static void audit_close_part(struct audit *audit)
{
    if (audit->edit || !audit->whole)
        filter_drop(audit);
    else
        audit->whole = false;
    audit->stale = true;
}

static void audit_export(struct audit *audit)
{
    char *text = view_audit_export(audit->data);
    console_export(audit->screen.console, "audit.tsv", text);
    free(text);
}

static void audit_act(struct screen *screen, enum view_action action)
{
    struct audit *audit = of(screen);
    if (action == VIEW_ACTION_CLOSE) {
        audit_close_part(audit);
    } else if (action == VIEW_ACTION_OPEN && audit->edit) {
        filter_take(audit);
    } else if (action == VIEW_ACTION_OPEN || action == VIEW_ACTION_ZOOM) {
        audit->whole = !audit->whole;
        audit->top = 0;
        audit->stale = true;
    } else if (action == VIEW_ACTION_FILTER) {
        audit->whole = false;
        draw_edit_free(&audit->edit);
        audit->edit = draw_edit_new(audit->filter ? audit->filter : "", FILTER_MAX, false);
    } else if (action == VIEW_ACTION_REFRESH) {
        ask(audit, "now", false, 0, TAG_AGAIN);
    } else if (action == VIEW_ACTION_CHECK) {
        check(audit);
    } else if (action == VIEW_ACTION_COPY) {
        copy(audit);
    } else if (action == VIEW_ACTION_COPY_COMMAND) {
        copy_command(audit);
    } else if (action == VIEW_ACTION_EXPORT) {
        audit_export(audit);
    }
}

static void audit_move(struct screen *screen, enum draw_move move)
{
    struct audit *audit = of(screen);
    if (audit->whole || !audit_listed(audit)) {
        audit->top = console_page_top(audit->top, screen->height - 1, move);
        return;
    }
    draw_scroll_move(&audit->list, move);
    int64_t known = cJSON_GetArraySize(base_json_array(audit->data, "rows"));
    if (audit->list.at + 5 >= known && known < base_json_i64_or(audit->data, "total", 0) &&
        !console_waiting(screen))
        ask(audit, "never", false, known, TAG_MORE);
}

static void audit_status(const struct screen *screen, struct buf *out)
{
    const struct audit *audit = of(screen);
    if (console_waiting(screen)) {
        (void)base_buf_text(out,
                            "reading the audit log as the observer; what is known stands above");
        return;
    }
    char *note = audit->data ? view_audit_note(audit->data) : base_strdup("");
    (void)base_buf_text(out, note);
    free(note);
}

static size_t audit_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action listed[] = {VIEW_ACTION_OPEN,    VIEW_ACTION_FILTER,
                                              VIEW_ACTION_COPY,    VIEW_ACTION_EXPORT,
                                              VIEW_ACTION_REFRESH, VIEW_ACTION_CHECK};
    static const enum view_action empty[] = {VIEW_ACTION_COPY, VIEW_ACTION_REFRESH,
                                             VIEW_ACTION_CHECK, VIEW_ACTION_SCREEN_9};
    static const enum view_action typing[] = {VIEW_ACTION_OPEN, VIEW_ACTION_CLOSE};
    const struct audit *audit = of(screen);
    const enum view_action *from = audit->edit ? typing : audit_listed(audit) ? listed : empty;
    size_t count = audit->edit           ? base_countof(typing)
                   : audit_listed(audit) ? base_countof(listed)
                                         : base_countof(empty);
    size_t used = 0;
    for (size_t i = 0; i < count && used < max; i++)
        if (audit_refuse(screen, from[i]) == NULL || from[i] == VIEW_ACTION_SCREEN_9)
            out[used++] = from[i];
    return used;
}

static const char *audit_label(const struct screen *screen, enum view_action action)
{
    const struct audit *audit = of(screen);
    if (action == VIEW_ACTION_OPEN)
        return audit->edit ? "apply" : audit->whole ? "list" : "whole row";
    if (action == VIEW_ACTION_COPY)
        return base_json_array(audit->data, "fix") ? "copy what to do" : "copy query";
    if (action == VIEW_ACTION_REFRESH)
        return "re-read";
    return action == VIEW_ACTION_CHECK ? "start and read" : NULL;
}

static const char *audit_reads(const struct screen *screen)
{
    return strcmp(base_json_str_or(of(screen)->data, "state", ""), "no_observer") == 0
               ? "nobody yet"
               : "observer";
}

const struct screen_ops screen_audit = {
    .name = "Audit",
    .number = 7,
    .size = sizeof(struct audit),
    .help = "What was done as the principal in the last 24 hours, from the workspace's own log,\n"
            "system.access.audit, read as the observer. Databricks delivers it late: the tab row\n"
            "says how far it reaches. BY: engine is this program, aampe calls itself so, other is\n"
            "anybody else, new comes from an address not seen before. VERDICT: ok; denied! means\n"
            "refused (401, 403); failed another error; new IP! a new address within a day.\n"
            "r reads again while the warehouse runs; c starts it and asks first.",
    .open = audit_open,
    .close = audit_close,
    .resume = audit_resume,
    .key = audit_key,
    .refuse = audit_refuse,
    .act = audit_act,
    .move = audit_move,
    .layout = audit_layout,
    .draw = audit_draw,
    .status = audit_status,
    .hints = audit_hints,
    .label = audit_label,
    .reads = audit_reads,
};
