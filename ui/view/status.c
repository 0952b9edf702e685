#include "ui/view/status.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_US (INT64_C(86400) * 1000000)
#define REST_US (INT64_C(600) * 1000000) /* apart by less, tables count as equally whole */
#define SNAPSHOT_MAX ((size_t)8 << 20)

static int64_t time_of(const cJSON *object, const char *key)
{
    int64_t us = 0;
    const char *text = base_json_str(object, key);
    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

static int64_t day_of(int64_t us)
{
    return us / DAY_US;
}

const char *view_status_clock(const char *rfc3339, int64_t now_us, bool exact, char out[32])
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t us = 0;
    int year, month, day;
    if (rfc3339 == NULL || base_time_parse(rfc3339, &us) != 0)
        return "-";
    int hour = (int)(us % DAY_US / 3600000000), minute = (int)(us % DAY_US / 60000000 % 60);
    base_time_civil(day_of(us), &year, &month, &day);
    int64_t apart = day_of(now_us) - day_of(us);
    if (apart == 0)
        snprintf(out, 32, "%02d:%02dZ", hour, minute);
    else if (apart > 300 || apart < -300)
        snprintf(out, 32, "%04d-%02d-%02d", year, month, day);
    else if (exact)
        snprintf(out, 32, "%02d %s %02d:%02dZ", day, months[month - 1], hour, minute);
    else
        snprintf(out, 32, "%02d %s", day, months[month - 1]);
    return out;
}

/* The last part of a table's name, or all of it where two tables of the share would read alike. */
static const char *short_name(const cJSON *data, const char *name)
{
    const char *dot = strrchr(name, '.');
    const cJSON *table;
    int alike = 0;
    if (dot == NULL || strchr(name, '`'))
        return name;
    cJSON_ArrayForEach(table, base_json_array(data, "tables"))
    {
        const char *other = strrchr(base_json_str_or(table, "name", ""), '.');
        alike += other && strcmp(other, dot) == 0;
    }
    return alike > 1 ? name : dot + 1;
}

/* --- SAFE --- */

struct behind {
    int64_t newest, oldest; /* 0: nothing has been published */
    const char *table;      /* the one that is furthest behind */
    const char *never;      /* one that has published nothing */
    int64_t count, nevers;
};

static void behind_find(const cJSON *data, struct behind *out)
{
    const cJSON *safe = base_json_get(data, "safe"), *table;
    *out = (struct behind){.newest = time_of(safe, "newest"), .oldest = time_of(safe, "oldest")};
    out->table = base_json_str_or(safe, "oldest_table", "");
    cJSON_ArrayForEach(table, base_json_array(data, "tables"))
    {
        int64_t to = time_of(table, "whole_to");
        out->count += to != 0 && out->newest - to > REST_US;
        if (to == 0 && out->nevers++ == 0)
            out->never = base_json_str_or(table, "name", "");
    }
}

static void behind_say(struct buf *out, const cJSON *data, const struct behind *behind,
                       int64_t now_us, enum view_status_form form)
{
    char clock[32], rest[32], age[24], oldest[32], newest[32];
    base_time_format(behind->oldest, oldest);
    base_time_format(behind->newest, newest);
    view_status_clock(oldest, now_us, true, clock);
    const char *name = short_name(data, behind->table);
    if (behind->newest - behind->oldest <= REST_US)
        (void)base_buf_printf(out, "%s %s", form == VIEW_STATUS_TIMES ? "; all to" : ", to", clock);
    else if (form != VIEW_STATUS_TIMES && behind->count <= 1)
        (void)base_buf_printf(out, "; %s is %s behind the rest", name,
                              view_age_us(behind->newest - behind->oldest, age));
    else if (form != VIEW_STATUS_TIMES)
        (void)base_buf_printf(out, "; %lld are behind, %s most: %s", (long long)behind->count, name,
                              view_age_us(behind->newest - behind->oldest, age));
    else
        (void)base_buf_printf(out, "; %s to %s, the others to %s%s", name, clock,
                              view_status_clock(newest, now_us, true, rest),
                              behind->count > 1 ? " or before" : "");
}

static int64_t damaged_count(const cJSON *data)
{
    return cJSON_GetArraySize(base_json_array(base_json_get(data, "check"), "damaged"));
}

enum view_style view_status_safe(struct buf *out, const cJSON *data, int64_t now_us,
                                 enum view_status_form form)
{
    const cJSON *safe = base_json_get(data, "safe");
    long long total = (long long)base_json_i64_or(safe, "tables", 0);
    long long whole = (long long)base_json_i64_or(safe, "whole", 0);
    long long damaged = (long long)damaged_count(data);
    struct behind behind;
    behind_find(data, &behind);
    if (total == 0) {
        (void)base_buf_printf(out, "no tables are shared");
        return STYLE_PLAIN;
    }
    if (whole == 0) {
        (void)base_buf_printf(out, "nothing has been published yet");
        return STYLE_PLAIN;
    }
    (void)base_buf_printf(out,
                          form == VIEW_STATUS_LONG ? "%lld of %lld tables whole at the destination"
                                                   : "%lld of %lld whole",
                          whole - damaged, total);
    behind_say(out, data, &behind, now_us, form);
    if (damaged)
        (void)base_buf_printf(out, "; %lld DAMAGED there", damaged);
    if (behind.nevers == 1)
        (void)base_buf_printf(out, "; nothing of %s yet", short_name(data, behind.never));
    else if (whole < total)
        (void)base_buf_printf(out, "; nothing of %lld yet", total - whole);
    return damaged ? STYLE_BAD : whole < total || behind.count ? STYLE_WARN : STYLE_GOOD;
}

/* --- NEEDS YOU --- */

static const struct {
    const char *kind, *word;
    enum view_style style;
} kinds[] = {
    {"failed", "FAILED", STYLE_BAD},    {"damaged", "DAMAGED", STYLE_BAD},
    {"expires", "EXPIRES", STYLE_WARN}, {"blocked", "BLOCKED", STYLE_WARN},
    {"doctor", "DOCTOR", STYLE_BAD},    {"stalled", "STALLED", STYLE_WARN},
    {"changed", "CHANGED", STYLE_WARN}, {"audit", "UNEXPECTED", STYLE_WARN},
};

static const char *word_of(const cJSON *item, enum view_style *style)
{
    const char *kind = base_json_str_or(item, "kind", "");
    *style = STYLE_WARN;
    if (strcmp(kind, "expires") == 0 && base_json_i64_or(item, "days", 0) < 0) {
        *style = STYLE_BAD;
        return "EXPIRED";
    }
    for (size_t i = 0; i < base_countof(kinds); i++)
        if (strcmp(kinds[i].kind, kind) == 0) {
            *style = kinds[i].style;
            return kinds[i].word;
        }
    return "LOOK";
}

/* "no SELECT" for a code whose cause is known, else what the engine said. */
static const char *cause_of(const cJSON *item)
{
    const char *code = base_json_str(item, "code");
    enum err_code value = code ? base_err_by_name(code) : ERR_COUNT;
    if (value != ERR_COUNT && base_err_class(value) != ERR_CLASS_INT)
        return base_err_cause(value);
    return base_json_str_or(item, "text", "");
}

static void secret_say(struct buf *out, const cJSON *item, int64_t now_us, bool narrow)
{
    char clock[32];
    const char *name = base_json_str_or(item, "secret", "");
    bool over = base_json_i64_or(item, "days", 0) < 0;
    bool other = strcmp(base_json_str_or(item, "held", ""), "other") == 0;
    const char *who = other                            ? "its holder"
                      : strcmp(name, "principal") == 0 ? "this engine"
                      : strcmp(name, "observer") == 0  ? "the audit log"
                                                       : "what uses it";
    (void)base_buf_printf(
        out, "secret %s%s  %s %s", name, other ? " (not ours)" : "", over ? "ended" : "ends",
        view_status_clock(base_json_str(item, "expires"), now_us, !narrow, clock));
    if (!narrow)
        (void)base_buf_printf(out, ", %s %s", who, over ? "cannot read any more" : "stops then");
}

/* What stands behind word and age. */
static void item_say(struct buf *out, const cJSON *data, const cJSON *item, int64_t now_us,
                     bool narrow)
{
    const char *kind = base_json_str_or(item, "kind", "");
    const char *table = base_json_str_or(item, "table", "");
    const char *code = base_json_str(item, "code");
    long long run = (long long)base_json_i64_or(item, "run", 0);
    /* What has not been set up yet is no error. */
    if (code && strcmp(code, base_err_name(ERR_CONFIG_MISSING)) == 0)
        code = NULL;
    if (strcmp(kind, "expires") == 0)
        secret_say(out, item, now_us, narrow);
    else if (run && narrow)
        (void)base_buf_printf(out, "%lld %s  ", run, short_name(data, table));
    else if (run)
        (void)base_buf_printf(out, "run %lld  %s  ", run, table);
    else if (table[0])
        (void)base_buf_printf(out, "%s  ", table);
    if (strcmp(kind, "failed") == 0)
        (void)base_buf_printf(out, "%s%s%s", base_json_str_or(item, "code", ""),
                              narrow ? " " : "  ", cause_of(item));
    else if (strcmp(kind, "expires") != 0)
        (void)base_buf_printf(out, "%s%s%s", code ? code : "", code ? "  " : "",
                              base_json_str_or(item, "text", ""));
}

static const char *age_of(const cJSON *item, int64_t now_us, char out[24])
{
    int64_t days = 0;
    if (base_json_i64(item, "days", &days)) {
        snprintf(out, 24, "%lld d", (long long)days);
        return out;
    }
    return base_json_str(item, "since") ? view_age(base_json_str(item, "since"), now_us, out) : "";
}

/* True: all of it fits on the line. */
static bool item_line(struct view_page *page, const cJSON *data, const cJSON *item, int index,
                      int64_t now_us)
{
    struct buf text;
    char age[24];
    enum view_style style;
    bool narrow = page->width < 76;
    const char *word = word_of(item, &style);
    base_buf_init(&text, 4096);
    item_say(&text, data, item, now_us, narrow);
    bool fits = base_text_width(text.data, text.len) <= (size_t)(page->width - 16);
    view_page_line(page, STYLE_PLAIN, "  ");
    view_page_add(page, style, "%-7s", word);
    view_page_add(page, STYLE_PLAIN, "%5s  ", age_of(item, now_us, age));
    view_page_cell(page, STYLE_PLAIN, page->width - 16, text.data);
    view_page_target(page, 1 + index);
    base_buf_free(&text);
    return fits;
}

/* What is wrong and what to do about it, where a person looks first. */
static void worst_explain(struct view_page *page, const cJSON *item, bool cause_seen)
{
    const char *hint = base_json_str_or(item, "hint", "");
    bool failed = strcmp(base_json_str_or(item, "kind", ""), "failed") == 0;
    const char *cause = failed ? cause_of(item) : base_json_str_or(item, "text", "");
    if (!cause_seen && cause[0])
        view_page_fact(page, 6, "cause", STYLE_PLAIN, "%s", cause);
    if (hint[0])
        view_page_fact(page, 6, "fix", STYLE_PLAIN, "%s", hint);
}

static void batch_line(struct view_page *page, const cJSON *data)
{
    long long batches = (long long)base_json_i64_or(data, "batches_running", 0);
    long long batch = (long long)base_json_i64_or(data, "batch", 0);
    long long running = (long long)base_json_i64_or(data, "running", 0);
    if (batches < 1 || batch < 1)
        return;
    view_page_line(page, STYLE_PLAIN, "  ");
    view_page_add(page, STYLE_GOOD, "RUNNING");
    view_page_add(page, STYLE_PLAIN, "        batch %lld, %lld %s not over yet%s", batch, running,
                  running == 1 ? "table" : "tables",
                  batches > 1 ? "; more batches in 5 Runs" : "; Enter watches");
    view_page_target(page, VIEW_STATUS_BATCH);
}

static void nothing_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    struct behind behind;
    char clock[32], oldest[32];
    long long total = (long long)base_json_i64_or(base_json_get(data, "safe"), "tables", 0);
    long long whole = (long long)base_json_i64_or(base_json_get(data, "safe"), "whole", 0);
    behind_find(data, &behind);
    view_page_line(page, STYLE_HEAD, "NEEDS YOU");
    view_page_add(page, STYLE_GOOD, " nothing.");
    if (total == 0 || whole < total || damaged_count(data))
        return;
    base_time_format(behind.oldest, oldest);
    view_status_clock(oldest, now_us, true, clock);
    if (total == 1)
        view_page_add(page, STYLE_PLAIN, " The one table is whole to %s.", clock);
    else
        view_page_add(page, STYLE_PLAIN, " All %lld tables whole to %s.", total, clock);
}

/* What passes by itself, but is good to know. */
static void notes_add(struct view_page *page, const cJSON *data)
{
    if (base_json_bool_or(data, "recovering", false))
        view_page_line(page, STYLE_WARN, "NOTE  interrupted runs are being resolved");
    if (base_json_bool_or(data, "settings_pending", false))
        view_page_line(page, STYLE_WARN, "NOTE  changed settings wait for the running work");
    if (base_json_bool_or(data, "stopping", false))
        view_page_line(page, STYLE_WARN, "NOTE  the engine is stopping");
}

void view_status_needs(struct view_page *page, const cJSON *data, int64_t now_us, int rows,
                       bool explain)
{
    const cJSON *items = base_json_array(data, "attention"), *item;
    int count = cJSON_GetArraySize(items), index = 0;
    struct buf text;
    if (count == 0) {
        nothing_say(page, data, now_us);
    } else if (page->width >= 76) {
        view_page_line(page, STYLE_HEAD, "NEEDS YOU %d", count);
    }
    cJSON_ArrayForEach(item, items)
    {
        bool seen = index >= rows || item_line(page, data, item, index, now_us);
        if (explain && index == 0)
            worst_explain(page, item, seen);
        index++;
    }
    if (count > rows)
        view_page_line(page, STYLE_FAINT, "  %d more in 5 Runs", count - rows);
    batch_line(page, data);
    base_buf_init(&text, 4096);
    enum view_style style = view_status_safe(&text, data, now_us, VIEW_STATUS_LONG);
    if (text.len > (size_t)(page->width - 6)) {
        text.len = 0;
        style = view_status_safe(&text, data, now_us, VIEW_STATUS_SHORT);
    }
    if (base_json_i64_or(base_json_get(data, "safe"), "tables", 0) > 0 &&
        (count > 0 || style != STYLE_GOOD)) {
        view_page_line(page, STYLE_HEAD, "SAFE");
        view_page_add(page, STYLE_PLAIN, "  ");
        view_page_cell(page, style == STYLE_GOOD ? STYLE_PLAIN : style, page->width - 6, text.data);
    }
    notes_add(page, data);
    base_buf_free(&text);
}

void view_status_why(struct buf *out, const cJSON *item)
{
    const char *hint = base_json_str_or(item, "hint", "");
    const char *text = base_json_str_or(item, "text", "");
    if (strcmp(base_json_str_or(item, "kind", ""), "expires") == 0)
        (void)base_buf_printf(out, "6 Access shows it; `secrets set` takes a new one");
    else
        (void)base_buf_printf(out, "%s%s",
                              strncmp(hint, "GRANT ", 6) == 0 ? "y copies "
                              : strcmp(base_json_str_or(item, "kind", ""), "blocked") == 0
                                  ? "Enter opens 9 Setup; or: "
                                  : "",
                              hint[0] ? hint : text);
}

/* --- tables --- */

const char *view_status_legend(void)
{
    return ". done   r done after retry   F failed   x cancelled   > running   - none";
}

static const char *access_of(const cJSON *table)
{
    const char *code = base_json_str(base_json_get(table, "error"), "code");
    enum err_code value = code ? base_err_by_name(code) : ERR_COUNT;
    if (value == ERR_SRC_PERM_TABLE)
        return "SELECT!";
    if (value == ERR_SRC_PERM_SCHEMA)
        return "SCHEMA!";
    if (value == ERR_SRC_PERM_CATALOG)
        return "CATALOG!";
    return base_json_get(table, "good_run") ? "ok" : "-";
}

static const char *letters_of(const cJSON *table, char out[13])
{
    const cJSON *each, *last = base_json_array(table, "last");
    int count = cJSON_GetArraySize(last), at = 0;
    memset(out, '-', 12);
    out[12] = '\0';
    cJSON_ArrayForEach(each, last)
    {
        int place = 12 - count + at++;
        if (place >= 0 && place < 12 && cJSON_IsString(each) && each->valuestring[0])
            out[place] = each->valuestring[0];
    }
    return out;
}

static const char *state_of(const cJSON *table)
{
    const char *state = base_json_str_or(table, "state", "none yet");
    return strcmp(state, "failed") == 0 ? "FAILED" : state;
}

static enum view_style state_style(const cJSON *table)
{
    const char *state = base_json_str_or(table, "state", "");
    return strcmp(state, "failed") == 0 ? STYLE_BAD : STYLE_PLAIN;
}

struct widths {
    int name, letters, whole, next, access, rows, bytes, run; /* 0: not shown */
};

static struct widths widths_of(int width, int longest)
{
    struct widths w = {.whole = 8};
    if (width < 76) {
        w.name = width - 2 - 2 - w.whole - 2 - 12;
        w.name = w.name < 6 ? 6 : w.name;
        return w;
    }
    w.letters = 12;
    w.next = 7;
    w.access = 8;
    int left = width - 2 - 2 - w.letters - 2 - w.whole - 2 - w.next - 2 - w.access;
    if (left >= 29 + 2 + 8) {
        w.rows = 8;
        left -= 10;
    }
    if (left >= 29 + 2 + 9) {
        w.bytes = 9;
        left -= 11;
    }
    if (left >= 29 + 2 + 18) {
        w.run = 18;
        left -= 20;
    }
    w.name = left < longest ? left : longest;
    return w;
}

static void cell(struct view_page *page, int width, enum view_style style, const char *text)
{
    if (width == 0)
        return;
    view_page_add(page, STYLE_PLAIN, "  ");
    view_page_cell(page, style, width, text);
}

static void head_line(struct view_page *page, const struct widths *w)
{
    view_page_line(page, STYLE_PLAIN, "%s", "");
    cell(page, w->name, STYLE_HEAD, "TABLE");
    cell(page, w->letters, STYLE_HEAD, "LAST 12 RUNS");
    cell(page, w->whole, STYLE_HEAD, "WHOLE TO");
    if (w->letters == 0)
        cell(page, 12, STYLE_HEAD, "LAST");
    cell(page, w->next, STYLE_HEAD, "NEXT");
    cell(page, w->access, STYLE_HEAD, "ACCESS");
    cell(page, -w->rows, STYLE_HEAD, "ROWS");
    cell(page, -w->bytes, STYLE_HEAD, "SIZE");
    cell(page, w->run, STYLE_HEAD, "LAST RUN");
}

static void table_line(struct view_page *page, const cJSON *table, const struct widths *w,
                       int64_t now_us, int index)
{
    char letters[13], clock[32], rows[24], bytes[24], age[24], run[64];
    enum view_style style = state_style(table);
    const cJSON *last = base_json_get(table, "run");
    const char *ended = base_json_str(last, "finished");
    view_page_line(page, STYLE_PLAIN, "%s", "");
    cell(page, w->name, STYLE_PLAIN, base_json_str_or(table, "name", ""));
    if (w->letters)
        cell(page, w->letters, style, letters_of(table, letters));
    cell(page, w->whole, STYLE_PLAIN,
         view_status_clock(base_json_str(table, "whole_to"), now_us, false, clock));
    if (w->letters == 0)
        cell(page, 12, style, state_of(table));
    cell(page, w->next, STYLE_PLAIN, base_json_str_or(table, "next", "-"));
    const char *access = access_of(table);
    cell(page, w->access, access[0] >= 'A' && access[0] <= 'Z' ? STYLE_BAD : STYLE_PLAIN, access);
    cell(page, -w->rows, STYLE_PLAIN, view_rows(table, "rows", rows));
    cell(page, -w->bytes, STYLE_PLAIN, view_bytes(table, "bytes", bytes));
    if (last)
        snprintf(run, sizeof run, "%lld  %s  %s", (long long)base_json_i64_or(last, "id", 0),
                 base_json_str_or(last, "word", ""), ended ? view_age(ended, now_us, age) : "");
    cell(page, w->run, style, last ? run : "-");
    view_page_target(page, VIEW_STATUS_TABLE + index);
}

void view_status_tables(struct view_page *page, const cJSON *data, int64_t now_us, bool worst)
{
    const cJSON *tables = base_json_array(data, "tables"), *table;
    size_t longest = page->width <= 80 ? 80 : 29;
    cJSON_ArrayForEach(table, tables)
    {
        size_t len = strlen(base_json_str_or(table, "name", ""));
        longest = len > longest ? len : longest;
    }
    struct widths w = widths_of(page->width, longest > 400 ? 400 : (int)longest);
    head_line(page, &w);
    for (int pass = worst ? 0 : 1; pass < 2; pass++) {
        int index = 0;
        cJSON_ArrayForEach(table, tables)
        {
            bool bad = state_style(table) == STYLE_BAD;
            if (!worst || (pass == 0) == bad)
                table_line(page, table, &w, now_us, index);
            index++;
        }
    }
    long long rest =
        (long long)base_json_i64_or(data, "tables_total", 0) - cJSON_GetArraySize(tables);
    if (rest > 0)
        view_page_line(page, STYLE_FAINT, "  %lld more, none of them failed: 3 Share lists them",
                       rest);
}

/* --- the world around --- */

/* "Label        value ......  right" */
static void world_line(struct view_page *page, const char *label, const char *value,
                       const char *right)
{
    int room = page->width - 13 - (right[0] ? (int)strlen(right) + 2 : 0);
    view_page_line(page, STYLE_PLAIN, "%-13s", label);
    view_page_cell(page, STYLE_PLAIN, room > 10 ? room : 10, value);
    if (right[0])
        view_page_add(page, STYLE_PLAIN, "  %s", right);
}

static void check_say(char out[96], const cJSON *data, int64_t now_us)
{
    const cJSON *check = base_json_get(data, "check");
    char clock[32];
    long long tables = (long long)base_json_i64_or(check, "tables", 0);
    long long total = (long long)base_json_i64_or(data, "tables_total", 0);
    if (check == NULL)
        snprintf(out, 96, "not read back yet: c does");
    else if (tables < total)
        snprintf(out, 96, "checked %s: %lld of %lld tables, %lld damaged",
                 view_status_clock(base_json_str(check, "time"), now_us, true, clock), tables,
                 total, (long long)damaged_count(data));
    else
        snprintf(out, 96, "checked %s: %lld files, %lld damaged",
                 view_status_clock(base_json_str(check, "time"), now_us, true, clock),
                 (long long)base_json_i64_or(check, "files", 0), (long long)damaged_count(data));
}

/* What Aampe reads itself, as far as the audit log tells; malloc'd. */
static char *reads_say(const cJSON *data, int64_t now_us)
{
    const cJSON *audit = base_json_get(data, "audit");
    const char *state = base_json_str_or(audit, "state", "never_read");
    const char *last = base_json_str(audit, "last_aampe"), *to = base_json_str(audit, "to");
    char clock[32], age[24];
    if (strcmp(state, "no_observer") == 0)
        return base_strdup("its own reads are not known: no observer reads the audit log (7)");
    if (strcmp(state, "never_read") == 0)
        return base_strdup("its own reads: 7 Audit reads the log");
    if (strcmp(state, "schema_off") == 0 || strcmp(state, "not_granted") == 0)
        return base_strdup("its own reads are not known: 7 Audit says what is missing");
    if (last)
        return base_printf("last read %s (audit is %s behind)",
                           view_status_clock(last, now_us, true, clock), view_age(to, now_us, age));
    return base_printf("not seen yet in 7 d (audit to %s)",
                       view_status_clock(to, now_us, true, clock));
}

void view_status_world(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *day = base_json_get(data, "day");
    char right[96], bytes[24];
    check_say(right, data, now_us);
    const char *destination = base_json_str(data, "destination");
    world_line(page, "Destination", destination ? destination : "not set: 9 sets it up",
               destination ? right : "");
    const char *warehouse = base_json_str(data, "warehouse");
    snprintf(right, sizeof right, "24 h: %lld runs, %s out",
             (long long)base_json_i64_or(day, "runs", 0), view_bytes(day, "bytes", bytes));
    world_line(page, "Warehouse", warehouse ? warehouse : "not set: 9 sets it up", right);
    char *reads = reads_say(data, now_us);
    world_line(page, "Aampe", reads, "");
    free(reads);
}

/* --- without an engine --- */

char *view_status_commands(const char *profile, bool unit)
{
    if (unit)
        return base_printf("systemctl status aampe-syncd@%s\n"
                           "systemctl reset-failed aampe-syncd@%s\n"
                           "systemctl start aampe-syncd@%s\n",
                           profile, profile, profile);
    return base_printf("aampe-console --profile %s engine start\n", profile);
}

static void commands_add(struct view_page *page, const char *profile, bool unit)
{
    char *text = view_status_commands(profile, unit), *save = NULL;
    if (unit)
        view_page_line(page, STYLE_PLAIN, "  as root on this host:");
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        view_page_line(page, STYLE_PLAIN, "     %s", line);
    free(text);
}

static void cut_runs(struct view_page *page, const cJSON *snapshot)
{
    const cJSON *table;
    int count = 0;
    cJSON_ArrayForEach(table, base_json_array(snapshot, "tables"))
    {
        const cJSON *run = base_json_get(table, "run");
        const char *word = base_json_str_or(run, "word", "");
        bool open = strcmp(word, "running") == 0 || strcmp(word, "queued") == 0 ||
                    strcmp(word, "unknown") == 0;
        if (open && count++ < 3)
            view_page_fact(page, 9, count == 1 ? "runs cut" : "", STYLE_WARN,
                           "%lld %s, %s; resolved at the next start",
                           (long long)base_json_i64_or(run, "id", 0),
                           base_json_str_or(table, "name", ""), word);
    }
    if (count > 3)
        view_page_fact(page, 9, "", STYLE_WARN, "and %d more", count - 3);
}

static void safe_block(struct view_page *page, const cJSON *snapshot, int64_t now_us)
{
    struct buf text;
    view_page_rule(page, "SAFE   as of the snapshot");
    base_buf_init(&text, 4096);
    enum view_style style = view_status_safe(&text, snapshot, now_us, VIEW_STATUS_LONG);
    view_page_wrap(page, 2, style == STYLE_GOOD ? STYLE_PLAIN : style, "%s.", text.data);
    view_page_wrap(page, 2, STYLE_PLAIN,
                   "What is published stays as it is: nothing is half visible there.");
    base_buf_free(&text);
}

void view_status_no_engine(struct view_page *page, const cJSON *snapshot, const char *profile,
                           bool unit, const struct err *why, int64_t now_us)
{
    char clock[32], age[24];
    const char *time = base_json_str(snapshot, "time");
    bool stopped = base_json_bool_or(snapshot, "stopping", false);
    view_page_line(page, STYLE_BAD, "THE ENGINE %s.", stopped ? "WAS STOPPED" : "IS DOWN");
    if (time)
        view_page_add(page, STYLE_PLAIN,
                      page->width < 76 ? " Last snapshot: %s, %s old."
                                       : " Below is its last snapshot, of %s, %s old.",
                      view_status_clock(time, now_us, true, clock), view_age(time, now_us, age));
    else
        view_page_add(page, STYLE_PLAIN, " It has left no snapshot%s",
                      page->width < 76 ? "." : ": it has not run here yet.");
    view_page_rule(page, "ENGINE");
    if (unit)
        view_page_fact(page, 9, "unit", STYLE_PLAIN, "aampe-syncd@%s owns profile %s", profile,
                       profile);
    else
        view_page_fact(page, 9, "unit", STYLE_PLAIN, "none: the engine of profile %s is personal",
                       profile);
    if (why && why->code != ERR_OK)
        view_page_fact(page, 9, "says", STYLE_BAD, "%s (%s)", why->message,
                       base_err_name(why->code));
    if (base_json_str(snapshot, "log_last"))
        view_page_fact(page, 9, "last log", STYLE_PLAIN, "%s", base_json_str(snapshot, "log_last"));
    cut_runs(page, snapshot);
    if (snapshot)
        safe_block(page, snapshot, now_us);
    view_page_rule(page, "DO");
    const char *hint = why && why->code != ERR_ENGINE_UNREACHABLE ? base_err_hint_text(why) : "";
    if (hint[0])
        view_page_wrap(page, 2, STYLE_PLAIN, "%s", hint);
    view_page_fact(page, 2, "c", STYLE_PLAIN, "%s",
                   "doctor without the engine: host, state, vault, workspace, destination");
    commands_add(page, profile, unit);
    if (base_json_i64_or(snapshot, "failed", 0) > 0)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "%lld of its tables had failed before; see 5 Runs then.",
                       (long long)base_json_i64_or(snapshot, "failed", 0));
    view_page_blank(page);
    if (unit)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "Not started by this console: the unit aampe-syncd@%s owns profile %s.",
                       profile, profile);
}

/* The last line of the log beside the snapshot: often why the engine has ended. */
static void log_last_add(cJSON *json, const char *folder)
{
    char *path = base_file_join(folder, "engine.log");
    struct buf text;
    base_buf_init(&text, SNAPSHOT_MAX * 2);
    if (base_file_exists(path) && base_file_read(path, text.max, &text, NULL) == 0 && text.len) {
        size_t end = text.len, at;
        while (end > 0 && text.data[end - 1] == '\n')
            end--;
        for (at = end; at > 0 && text.data[at - 1] != '\n';)
            at--;
        char *line = base_strndup(text.data + at, end - at);
        cJSON_DeleteItemFromObjectCaseSensitive(json, "log_last");
        base_json_add_str(json, "log_last", line);
        free(line);
    }
    base_buf_free(&text);
    free(path);
}

cJSON *view_snapshot_read(const char *folder)
{
    struct buf text;
    char *path = base_file_join(folder, "snapshot.json");
    cJSON *json = NULL;
    base_buf_init(&text, SNAPSHOT_MAX);
    if (base_file_read(path, SNAPSHOT_MAX, &text, NULL) == 0)
        json = base_json_parse(text.data, text.len, SNAPSHOT_MAX, NULL);
    if (json) {
        cJSON_DeleteItemFromObjectCaseSensitive(json, "stale");
        base_json_add_bool(json, "stale", true);
        log_last_add(json, folder);
    }
    base_buf_free(&text);
    free(path);
    return json;
}
