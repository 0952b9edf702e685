/* sync plan, the report, runs */
#include "ui/view/run.h"

#include "ui/view/status.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "model/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* name: of the table, where nothing above says it; or NULL. */
static void warnings_print(struct view_out *out, const cJSON *item, const char *name)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(item, "warnings"))
    {
        view_put(out, STYLE_WARN, "  warning  %s%s%s: %s", name ? name : "", name ? ": " : "",
                 base_json_str_or(each, "code", ""), base_json_str_or(each, "message", ""));
        view_end(out);
        view_line(out, "           %s", base_json_str_or(each, "hint", ""));
    }
}

void view_sync_plan(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        char rows[24], version[40] = "unpinned";
        int64_t number = 0;
        if (base_json_i64(each, "version", &number))
            snprintf(version, sizeof version, "version %lld", (long long)number);
        view_put(out, STYLE_HEAD, "%s", base_json_str_or(each, "name", ""));
        if (base_json_str(each, "statement")) {
            const char *why = base_json_str(each, "unpinned_why");
            view_put(out, STYLE_PLAIN, "  %s%s%s%s, %s, %lld columns", version, why ? " (" : "",
                     why ? why : "", why ? ")" : "", base_json_str_or(each, "window", "full"),
                     (long long)base_json_i64_or(each, "columns", 0));
            if (base_json_get(each, "rows_estimated"))
                view_put(out, STYLE_PLAIN, ", about %s rows",
                         view_rows(each, "rows_estimated", rows));
        }
        view_end(out);
        if (base_json_str(each, "statement"))
            view_line(out, "  %s", base_json_str(each, "statement"));
        warnings_print(out, each, NULL);
        if (base_json_get(each, "error")) {
            char *error = view_error_text(each, "error");
            view_put(out, STYLE_BAD, "  %s", error);
            view_end(out);
            free(error);
        }
    }
}

enum view_style view_run_style(const char *word)
{
    return strcmp(word, "done") == 0                                        ? STYLE_GOOD
           : strcmp(word, "failed") == 0                                    ? STYLE_BAD
           : strcmp(word, "cancelled") == 0 || strcmp(word, "unknown") == 0 ? STYLE_WARN
                                                                            : STYLE_PLAIN;
}

static void report_row(struct view_table *table, const cJSON *item)
{
    char version[24] = "-", text[5][24], seconds[24], files[24];
    int64_t number = 0;
    const char *word = base_json_str_or(item, "state", "-");
    if (base_json_i64(item, "version", &number))
        snprintf(version, sizeof version, "%lld", (long long)number);
    snprintf(files, sizeof files, "%lld", (long long)base_json_i64_or(item, "files", 0));
    const char *cells[] = {base_json_str(item, "name"),
                           version,
                           view_rows(item, "source_rows", text[0]),
                           view_rows(item, "manifest_rows", text[1]),
                           view_rows(item, "decoded_rows", text[2]),
                           view_rows(item, "file_rows", text[3]),
                           files,
                           view_bytes(item, "bytes", text[4]),
                           view_seconds(base_json_double_or(item, "seconds", 0), seconds),
                           word};
    view_table_row(table, view_run_style(word), cells);
}

void view_report(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {"table",    "version",   ">source", ">manifest",
                                          ">decoded", ">in files", ">files",  ">bytes",
                                          ">took",    "state",     NULL};
    struct view_table *table = view_table_new(columns);
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "tables")) report_row(table, each);
    view_table_print(&table, out);
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        const char *key = base_json_get(each, "verify_error") ? "verify_error" : "error";
        char *error = view_error_text(each, key);
        if (error[0]) {
            view_put(out, STYLE_BAD, "  %s: %s", base_json_str_or(each, "name", ""), error);
            view_end(out);
        }
        free(error);
        warnings_print(out, each, base_json_str_or(each, "name", ""));
    }
    cJSON_ArrayForEach(each, base_json_array(data, "skipped"))
    {
        view_line(out, "  skipped %s: %s", base_json_str_or(each, "name", ""),
                  base_json_str_or(each, "reason", ""));
    }
    bool verified = base_json_bool_or(data, "verified", false);
    view_put(out, verified ? STYLE_GOOD : STYLE_BAD, "%s",
             verified
                 ? "verified: four counts equal, every file read back, manifests and footers agree"
                 : "NOT verified");
    view_end(out);
}

double view_span(const cJSON *object, const char *from, const char *to, int64_t now_us)
{
    int64_t begin = 0, end = now_us;
    const char *began = base_json_str(object, from), *ended = base_json_str(object, to);
    if (!began || base_time_parse(began, &begin) != 0)
        return -1;
    if (ended && base_time_parse(ended, &end) != 0)
        return -1;
    if (end == 0)
        return -1;
    return end > begin ? (double)(end - begin) / 1e6 : 0;
}

const char *view_span_text(double seconds, char out[24])
{
    int64_t whole = (int64_t)(seconds + 0.5);
    if (seconds < 0)
        snprintf(out, 24, "-");
    else if (seconds < 0.95)
        snprintf(out, 24, "<1 s");
    else if (whole < 100)
        snprintf(out, 24, "%d s", (int)whole);
    else if (whole < 5400)
        snprintf(out, 24, "%d m", (int)((whole + 30) / 60));
    else
        snprintf(out, 24, "%d h", (int)((whole + 1800) / 3600 % 100000));
    return out;
}

const char *view_run_phase(const cJSON *run)
{
    static const char *const words[][2] = {{"queued", "queued"},       {"planning", "plan"},
                                           {"statement", "statement"}, {"transfer", "extract"},
                                           {"verify", "verify"},       {"publish", "publish"},
                                           {"clean", "published"}};
    const char *phase = base_json_str_or(run, "phase", ""),
               *word = base_json_str_or(run, "word", "");
    if (base_json_bool_or(run, "waiting_retry", false))
        return "waits";
    for (size_t i = 0; i < base_countof(words); i++)
        if (strcmp(phase, words[i][0]) == 0)
            return words[i][1];
    return strcmp(word, "done") == 0 ? "published" : strcmp(word, "failed") == 0 ? "FAILED" : word;
}

const char *view_run_state(const cJSON *run, char out[32])
{
    const char *word = base_json_str_or(run, "word", "-");
    int64_t rows = 0, total = 0;
    if (strcmp(word, "failed") == 0)
        word = "FAILED";
    snprintf(out, 32, "%.31s", word);
    if (strcmp(word, "running") != 0 || base_json_str(run, "phase") == NULL)
        return out;
    if (base_json_bool_or(run, "stalled", false))
        snprintf(out, 32, "STALLED");
    else if (base_json_i64(run, "rows", &rows) && base_json_i64(run, "rows_total", &total) &&
             total > 0)
        snprintf(out, 32, "%s %d%%", view_run_phase(run),
                 (int)(100.0 * (double)rows / (double)total));
    else
        snprintf(out, 32, "%s", view_run_phase(run));
    return out;
}

const char *view_batch_trigger(const cJSON *batch)
{
    static const char *const words[][2] = {{"manual", "by hand"},
                                           {"retry", "retry"},
                                           {"apply", "share apply"},
                                           {"schedule", "schedule"},
                                           {"demo", "demo"}};
    const char *trigger = base_json_str_or(batch, "trigger", "manual");
    for (size_t i = 0; i < base_countof(words); i++)
        if (strcmp(trigger, words[i][0]) == 0)
            return words[i][1];
    return trigger;
}

static void part_add(struct buf *out, long long count, const char *word)
{
    char text[64];
    if (count <= 0)
        return;
    snprintf(text, sizeof text, "%s%lld %s", out->len ? ", " : "", count, word);
    (void)base_buf_text(out, text);
}

char *view_batch_text(const cJSON *batch)
{
    struct buf text;
    long long runs = base_json_i64_or(batch, "runs", 0), over = base_json_i64_or(batch, "over", 0);
    base_buf_init(&text, 0);
    part_add(&text, base_json_i64_or(batch, "done", 0), "done");
    part_add(&text, base_json_i64_or(batch, "failed", 0), "failed");
    part_add(&text, base_json_i64_or(batch, "cancelled", 0), "cancelled");
    part_add(&text, base_json_i64_or(batch, "retried", 0), "after retry");
    part_add(&text, runs - over, "to go");
    char *out = base_printf("%s: %s", view_batch_trigger(batch), text.len ? text.data : "empty");
    base_buf_free(&text);
    return out;
}

/* --- the lines about the selected row --- */

const char *view_cause(const char *code)
{
    enum err_code number = base_err_by_name(code);
    return base_err_class(number) == ERR_CLASS_HOST ? "" : base_err_cause(number);
}

/* One line each: there is little room below a list. */
static void brief_line(struct view_page *page, enum view_style style, const char *label,
                       const char *text)
{
    int width = page->width > 30 ? page->width - 16 : 14;
    view_page_line(page, STYLE_PLAIN, "  %-13s ", label);
    view_page_cell(page, style, width, text);
}

static void failed_brief(struct view_page *page, const cJSON *run)
{
    const cJSON *error = base_json_get(run, "error");
    const char *code = base_json_str_or(error, "code", "");
    char *why = base_printf("%s  %s", code, view_cause(code));
    brief_line(page, STYLE_BAD, "failed first", why);
    free(why);
    brief_line(page, STYLE_PLAIN, "said", base_json_str_or(error, "message", ""));
    brief_line(page, STYLE_PLAIN, "left behind", "nothing; the destination was not touched");
    brief_line(page, STYLE_PLAIN, "to do", base_json_str_or(error, "hint", ""));
}

void view_run_brief(struct view_page *page, const cJSON *run, int64_t now_us)
{
    const char *word = base_json_str_or(run, "word", "");
    char counts[4][24], bytes[24], clock[32];
    int64_t version = 0;
    if (strcmp(word, "failed") == 0) {
        failed_brief(page, run);
        return;
    }
    if (strcmp(word, "done") != 0) {
        const cJSON *error = base_json_get(run, "error");
        view_page_fact(page, 13, "state", STYLE_PLAIN, "%s, attempt %lld", word,
                       (long long)base_json_i64_or(run, "attempt", 1));
        view_page_fact(page, 13, "left behind", STYLE_PLAIN,
                       "nothing of this run is at the destination");
        if (error)
            view_page_fact(page, 13, "before", STYLE_WARN, "%s (%s)",
                           base_json_str_or(error, "message", ""),
                           base_json_str_or(error, "code", ""));
        return;
    }
    view_page_fact(page, 13, "published", STYLE_GOOD, "whole to %s, %lld file%s, %s",
                   view_status_clock(base_json_str(run, "started"), now_us, true, clock),
                   (long long)base_json_i64_or(run, "files", 0),
                   base_json_i64_or(run, "files", 0) == 1 ? "" : "s",
                   view_bytes(run, "bytes", bytes));
    view_page_fact(
        page, 13, "rows", STYLE_PLAIN, "source %s = manifest %s = decoded %s = files %s",
        view_rows(run, "source_rows", counts[0]), view_rows(run, "manifest_rows", counts[1]),
        view_rows(run, "decoded_rows", counts[2]), view_rows(run, "file_rows", counts[3]));
    if (base_json_i64(run, "version", &version))
        view_page_fact(page, 13, "read", STYLE_PLAIN, "version %lld, full, attempt %lld",
                       (long long)version, (long long)base_json_i64_or(run, "attempt", 1));
    else
        view_page_fact(page, 13, "read", STYLE_PLAIN, "full, without a version, attempt %lld",
                       (long long)base_json_i64_or(run, "attempt", 1));
}

void view_batch_brief(struct view_page *page, const cJSON *batch, int64_t now_us)
{
    char began[32], took[24], rows[24], bytes[24];
    const char *by = base_json_str(batch, "by");
    bool over = base_json_str(batch, "ended") != NULL;
    char *text = view_batch_text(batch);
    view_page_fact(page, 13, "batch", STYLE_PLAIN, "%s", text);
    free(text);
    view_page_fact(page, 13, "began", STYLE_PLAIN, "%s%s%s, %s %s",
                   view_status_clock(base_json_str(batch, "began"), now_us, true, began),
                   by ? " by " : "", by ? by : "", over ? "took" : "for",
                   view_span_text(view_span(batch, "began", "ended", now_us), took));
    view_page_fact(page, 13, "published", STYLE_PLAIN, "%s rows, %s",
                   view_rows(batch, "rows", rows), view_bytes(batch, "bytes", bytes));
}

void view_run_why(struct buf *out, const cJSON *run)
{
    const cJSON *error = base_json_get(run, "error");
    const char *word = base_json_str_or(run, "word", ""),
               *code = base_json_str_or(error, "code", "");
    char text[256];
    const char *cause = view_cause(code), *colon = cause[0] ? ": " : "";
    if (strcmp(word, "failed") == 0 && base_err_retry(base_err_by_name(code)) != ERR_RETRY_YES)
        snprintf(text, sizeof text, "not tried again by the clock%s%s", colon, cause);
    else if (strcmp(word, "failed") == 0)
        snprintf(text, sizeof text, "given up after attempt %lld%s%s",
                 (long long)base_json_i64_or(run, "attempt", 1), colon, cause);
    else if (strcmp(word, "cancelled") == 0)
        snprintf(text, sizeof text, "stopped by a person; nothing of it was published");
    else if (strcmp(word, "done") == 0)
        snprintf(text, sizeof text, "published whole and recorded");
    else if (strcmp(word, "unknown") == 0)
        snprintf(text, sizeof text, "the destination is being asked whether the publish happened");
    else if (error)
        snprintf(text, sizeof text, "waits for its next attempt after %s", code);
    else
        snprintf(text, sizeof text, "nothing of it is visible at the destination yet");
    (void)base_buf_text(out, text);
}

/* --- the commands --- */

void view_runs_list(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {">batch", ">run",  "table", "state", ">rows",
                                          ">out",   ">took", "began", "error", NULL};
    struct view_table *table = view_table_new(columns);
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "runs"))
    {
        char batch[24], id[24], rows[24], bytes[24], took[24], began[32], state[32];
        snprintf(batch, sizeof batch, "%lld", (long long)base_json_i64_or(each, "batch", 0));
        snprintf(id, sizeof id, "%lld", (long long)base_json_i64_or(each, "id", 0));
        const char *cells[] = {batch,
                               id,
                               base_json_str(each, "table"),
                               view_run_state(each, state),
                               view_rows(each, "file_rows", rows),
                               view_bytes(each, "bytes", bytes),
                               view_span_text(view_span(each, "started", "finished", 0), took),
                               view_time(base_json_str(each, "started"), began),
                               base_json_str_or(base_json_get(each, "error"), "code", "")};
        view_table_row(table, view_run_style(base_json_str_or(each, "word", "-")), cells);
    }
    view_table_print(&table, out);
}

void view_runs_show(struct view_out *out, const cJSON *data, int64_t now_us)
{
    const cJSON *run = base_json_get(data, "run");
    struct view_run_words words = {.now_us = now_us};
    struct view_page *page = view_page_new(100);
    const char *word = base_json_str_or(run, "word", "");
    char began[32], took[24], state[32];
    view_page_line(page, STYLE_HEAD, "run %lld  %s  ", (long long)base_json_i64_or(run, "id", 0),
                   base_json_str_or(run, "table", ""));
    view_page_add(page, view_run_style(word), "%s", view_run_state(run, state));
    view_page_add(page, STYLE_PLAIN, "  (%s, attempt %lld, batch %lld, began %s, took %s)",
                  base_json_str_or(run, "state", ""),
                  (long long)base_json_i64_or(run, "attempt", 1),
                  (long long)base_json_i64_or(run, "batch", 0),
                  view_time(base_json_str(run, "started"), began),
                  view_span_text(view_span(run, "started", "finished", now_us), took));
    view_run_page(page, data, &words);
    view_run_chunks(page, data);
    view_run_evidence(page, data, now_us);
    view_page_print(page, out);
    view_page_free(&page);
}
