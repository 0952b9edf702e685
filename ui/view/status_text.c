/* The command `status`: lines for people, one line for a status bar, and the lines of linear mode.
 */
#include "ui/view/status.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/seam.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 10
#define SECRET_DAYS 30 /* from here on it is worth a place in the one line */

static const cJSON *first_of(const cJSON *data, const char *kind)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(data, "attention"))
    {
        if (strcmp(base_json_str_or(item, "kind", ""), kind) == 0)
            return item;
    }
    return NULL;
}

int view_status_exit(const cJSON *data)
{
    if (base_json_i64_or(data, "failed", 0) > 0 || first_of(data, "damaged"))
        return VIEW_EXIT_FAILED;
    if (!base_json_bool_or(data, "ready", false) || first_of(data, "doctor"))
        return VIEW_EXIT_FINDINGS;
    return VIEW_EXIT_DONE;
}

static const char *head_word(const cJSON *data, enum view_style *style)
{
    *style = STYLE_BAD;
    if (base_json_i64_or(data, "failed", 0) > 0)
        return "FAILED";
    if (first_of(data, "damaged"))
        return "DAMAGED";
    *style = STYLE_GOOD;
    if (base_json_i64_or(data, "running", 0) > 0)
        return "RUNNING";
    *style = STYLE_WARN;
    if (!base_json_bool_or(data, "ready", false))
        return "NOT READY";
    if (first_of(data, "doctor"))
        return "DOCTOR";
    *style = STYLE_GOOD;
    return "OK";
}

static void head_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    char clock[32];
    enum view_style style;
    const char *word = head_word(data, &style);
    long long failed = (long long)base_json_i64_or(data, "failed", 0);
    long long running = (long long)base_json_i64_or(data, "running", 0);
    long long total = (long long)base_json_i64_or(data, "tables_total", 0);
    view_page_line(page, STYLE_HEAD, "%s", base_json_str_or(data, "profile", ""));
    view_page_add(page, STYLE_PLAIN, "  ");
    view_page_add(page, style, "%s", word);
    const char *since = base_json_str(first_of(data, "failed"), "since");
    if (failed)
        view_page_add(page, STYLE_PLAIN, "  %lld of %lld tables%s%s", failed, total,
                      since ? " since " : "",
                      since ? view_status_clock(since, now_us, true, clock) : "");
    else if (running)
        view_page_add(page, STYLE_PLAIN, "  batch %lld, %lld of %lld tables not over yet",
                      (long long)base_json_i64_or(data, "batch", 0), running, total);
    else
        view_page_add(page, STYLE_PLAIN, "  %lld table%s shared", total, total == 1 ? "" : "s");
}

static void item_say(struct view_page *page, const cJSON *item, int64_t now_us)
{
    const char *kind = base_json_str_or(item, "kind", "");
    const char *code = base_json_str_or(item, "code", "");
    const char *text = base_json_str_or(item, "text", "");
    const char *table = base_json_str_or(item, "table", "");
    int64_t days = base_json_i64_or(item, "days", 0);
    char label[32], age[24], title[32];
    snprintf(label, sizeof label, "run %lld", (long long)base_json_i64_or(item, "run", 0));
    if (strcmp(kind, "failed") == 0)
        view_page_fact(page, LABEL, label, STYLE_BAD, "%s  %s  %s", table, code,
                       base_err_cause(base_err_by_name(code)));
    else if (strcmp(kind, "expires") == 0)
        view_page_fact(page, LABEL, "warn", STYLE_WARN, "secret %s %s %lld d%s",
                       base_json_str_or(item, "secret", ""), days < 0 ? "has expired" : "ends in",
                       (long long)(days < 0 ? -days : days), days < 0 ? " ago" : "");
    else if (strcmp(kind, "doctor") == 0)
        view_page_fact(page, LABEL, "doctor", STYLE_WARN, "%s ago, %s: %s  %s",
                       view_age(base_json_str(item, "since"), now_us, age),
                       base_layer_title(base_json_str_or(item, "layer", ""), title), code, text);
    else
        view_page_fact(page, LABEL, strcmp(kind, "blocked") == 0 ? "blocked" : "warn", STYLE_WARN,
                       "%s%s%s", table, table[0] ? "  " : "", text);
}

/* One line for each that needs a person; a failure says its run first. What to do is said of the
 * worst, and of what keeps every run from starting. */
static void items_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *item;
    int index = 0;
    cJSON_ArrayForEach(item, base_json_array(data, "attention"))
    {
        const char *kind = base_json_str_or(item, "kind", "");
        item_say(page, item, now_us);
        const char *hint = base_json_str_or(item, "hint", "");
        if (hint[0] && (index == 0 || strcmp(kind, "blocked") == 0))
            view_page_fact(page, LABEL, "do", STYLE_PLAIN, "%s", hint);
        index++;
    }
}

/* The workspace said "too many": what is done about it, as long as it is felt. */
static void slowed_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *requests = base_json_get(data, "requests");
    double now = base_json_double_or(requests, "now_per_second", 0);
    int64_t ceiling = base_json_i64_or(requests, "ceiling_per_second", 0);
    const char *until = base_json_str(requests, "paused_until");
    char clock[32];
    if ((now >= (double)ceiling && until == NULL) || base_json_bool_or(data, "stale", false))
        return;
    view_page_fact(page, LABEL, "slowed", STYLE_WARN,
                   "to %.3g of %lld requests/s%s%s; the workspace has answered 429 %lld times", now,
                   (long long)ceiling, until ? ", none before " : "",
                   until ? view_status_clock(until, now_us, true, clock) : "",
                   (long long)base_json_i64_or(requests, "throttled", 0));
}

static void notes_say(struct view_page *page, const cJSON *data)
{
    if (base_json_bool_or(data, "recovering", false))
        view_page_fact(page, LABEL, "recovers", STYLE_PLAIN, "interrupted runs are being resolved");
    if (base_json_bool_or(data, "settings_pending", false))
        view_page_fact(page, LABEL, "settings", STYLE_PLAIN,
                       "changed; used once the running work is over");
    if (strcmp(base_json_str_or(data, "vault", ""), "plain") == 0)
        view_page_fact(page, LABEL, "warn", STYLE_WARN, "secrets are stored plain, not sealed");
}

static void stale_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    char clock[32], age[24];
    const char *time = base_json_str(data, "time");
    if (base_json_bool_or(data, "stale", false))
        view_page_fact(page, LABEL, "engine", STYLE_WARN,
                       "does not answer; this is what it last said, %s, %s ago",
                       view_status_clock(time, now_us, true, clock), view_age(time, now_us, age));
}

void view_status_page(struct view_page *page, const cJSON *data, int64_t now_us)
{
    struct buf text;
    const cJSON *failed = first_of(data, "failed");
    head_say(page, data, now_us);
    stale_say(page, data, now_us);
    items_say(page, data, now_us);
    base_buf_init(&text, 4096);
    enum view_style style = view_status_safe(&text, data, now_us, VIEW_STATUS_TIMES);
    if (base_json_i64_or(data, "tables_total", 0) > 0)
        view_page_fact(page, LABEL, "safe", style == STYLE_GOOD ? STYLE_PLAIN : style, "%s",
                       text.data);
    else
        view_page_fact(page, LABEL, "tables", STYLE_PLAIN,
                       "none shared yet: aampe-console share add TABLE");
    base_buf_free(&text);
    notes_say(page, data);
    slowed_say(page, data, now_us);
    if (failed)
        view_page_fact(
            page, LABEL, "look", STYLE_PLAIN, "aampe-console --profile %s runs show %lld",
            base_json_str_or(data, "profile", ""), (long long)base_json_i64_or(failed, "run", 0));
    else
        view_page_fact(page, LABEL, "to", STYLE_PLAIN, "%s",
                       base_json_str_or(data, "destination", "not set"));
}

void view_status(struct view_out *out, const cJSON *data, int64_t now_us)
{
    /* Not wrapped: the shell's window may be wider, and names must stay whole for copying. */
    struct view_page *page = view_page_new(1000);
    view_status_page(page, data, now_us);
    view_page_print(page, out);
    view_page_free(&page);
}

/* ", order_lines 1 h behind" */
static void behind_put(struct view_out *out, const cJSON *data)
{
    const cJSON *safe = base_json_get(data, "safe");
    const char *oldest = base_json_str(safe, "oldest"), *newest = base_json_str(safe, "newest");
    const char *name = base_json_str_or(safe, "oldest_table", ""), *dot = strrchr(name, '.');
    int64_t from = 0, to = 0;
    char age[24];
    if (!oldest || !newest || base_time_parse(oldest, &from) != 0 ||
        base_time_parse(newest, &to) != 0 || to - from < INT64_C(600) * 1000000)
        return;
    view_put(out, STYLE_PLAIN, ", %s %s behind", dot ? dot + 1 : name, view_age_us(to - from, age));
}

void view_status_line(struct view_out *out, const cJSON *data, int64_t now_us)
{
    char age[24], title[32];
    const cJSON *secret = first_of(data, "expires"), *doctor = first_of(data, "doctor");
    int damaged = cJSON_GetArraySize(base_json_array(base_json_get(data, "check"), "damaged"));
    int64_t days = base_json_i64_or(secret, "days", SECRET_DAYS + 1);
    long long failed = (long long)base_json_i64_or(data, "failed", 0);
    long long running = (long long)base_json_i64_or(data, "running", 0);
    long long total = (long long)base_json_i64_or(data, "tables_total", 0);
    view_put(out, STYLE_PLAIN, "%s: ", base_json_str_or(data, "profile", ""));
    if (failed)
        view_put(out, STYLE_BAD, "%lld failed", failed);
    else if (damaged)
        view_put(out, STYLE_BAD, "%d damaged", damaged);
    else if (running)
        view_put(out, STYLE_PLAIN, "%lld running", running);
    else if (!base_json_bool_or(data, "ready", false))
        view_put(out, STYLE_WARN, "not ready");
    else if (doctor)
        view_put(out, STYLE_WARN, "doctor: %s fails",
                 base_layer_title(base_json_str_or(doctor, "layer", ""), title));
    else
        view_put(out, STYLE_GOOD, "ok, %lld table%s", total, total == 1 ? "" : "s");
    behind_put(out, data);
    if (damaged && failed)
        view_put(out, STYLE_BAD, ", %d damaged", damaged);
    if (days < 0)
        view_put(out, STYLE_BAD, ", secret EXPIRED");
    else if (days <= SECRET_DAYS)
        view_put(out, STYLE_WARN, ", secret %lld d", (long long)days);
    if (base_json_bool_or(data, "stale", false))
        view_put(out, STYLE_WARN, ", engine down, seen %s ago",
                 view_age(base_json_str(data, "time"), now_us, age));
    view_end(out);
}

/* --- linear mode --- */

static void linear_table(struct view_page *page, const cJSON *table, int number, int total,
                         int64_t now_us)
{
    char clock[32], age[24], rows[24];
    const cJSON *run = base_json_get(table, "run");
    const char *ended = base_json_str(run, "finished");
    view_page_line(page, STYLE_HEAD, "table %d of %d: %s", number, total,
                   base_json_str_or(table, "name", ""));
    if (run == NULL) {
        view_page_line(page, STYLE_PLAIN, "  last run: none yet");
        return;
    }
    view_page_line(page, STYLE_PLAIN, "  last run: %lld, %s%s%s",
                   (long long)base_json_i64_or(run, "id", 0), base_json_str_or(run, "word", ""),
                   ended ? ", " : "", ended ? view_age(ended, now_us, age) : "");
    if (ended)
        view_page_add(page, STYLE_PLAIN, " ago");
    if (base_json_get(table, "error"))
        view_page_line(page, STYLE_BAD, "  error: %s, %s",
                       base_json_str_or(base_json_get(table, "error"), "code", ""),
                       base_json_str_or(base_json_get(table, "error"), "message", ""));
    if (base_json_str(table, "whole_to"))
        view_page_line(page, STYLE_PLAIN, "  whole to: %s",
                       view_status_clock(base_json_str(table, "whole_to"), now_us, true, clock));
    if (base_json_get(table, "rows"))
        view_page_line(page, STYLE_PLAIN, "  rows: %s", view_rows(table, "rows", rows));
    view_page_line(page, STYLE_PLAIN, "  next: %s", base_json_str_or(table, "next", "unknown"));
}

void view_status_linear(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *tables = base_json_array(data, "tables"), *table;
    int number = 0, total = cJSON_GetArraySize(tables);
    view_status_page(page, data, now_us);
    view_page_line(page, STYLE_PLAIN, "needs you: %d",
                   cJSON_GetArraySize(base_json_array(data, "attention")));
    cJSON_ArrayForEach(table, tables) linear_table(page, table, ++number, total, now_us);
}

static void requests_say(struct view_out *out, const cJSON *requests)
{
    view_line(out,
              "asks     %lld requests so far, at most %.3g/s (of %lld/s), %lld waiting, %lld "
              "answered 429",
              (long long)base_json_i64_or(requests, "sent", 0),
              base_json_double_or(requests, "now_per_second", 0),
              (long long)base_json_i64_or(requests, "ceiling_per_second", 0),
              (long long)base_json_i64_or(requests, "waiting", 0),
              (long long)base_json_i64_or(requests, "throttled", 0));
}

void view_engine_status(struct view_out *out, const cJSON *data)
{
    char time[32], now[24], peak[24];
    view_line(out, "engine   aampe-syncd %s, pid %lld, since %s",
              base_json_str_or(data, "version", ""), (long long)base_json_i64_or(data, "pid", 0),
              view_time(base_json_str(data, "started"), time));
    view_line(
        out, "serves   profile %s, %lld clients, socket %s", base_json_str_or(data, "profile", ""),
        (long long)base_json_i64_or(data, "clients", 0), base_json_str_or(data, "socket", ""));
    view_line(out, "does     %lld runs%s", (long long)base_json_i64_or(data, "active_runs", 0),
              base_json_bool_or(data, "recovering", false) ? ", recovering" : "");
    view_line(out, "memory   %s resident, %s at its peak", view_bytes(data, "resident_bytes", now),
              view_bytes(data, "resident_peak_bytes", peak));
    requests_say(out, base_json_get(data, "requests"));
    view_line(out, "state    %s", base_json_str_or(data, "state", ""));
}

void view_lines(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "lines"))
    {
        if (cJSON_IsString(each))
            view_line(out, "%s", each->valuestring);
    }
}
