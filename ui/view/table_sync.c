#include "ui/view/table_sync.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 9

const cJSON *view_sync_item(const cJSON *list, const char *name)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, list)
    {
        if (base_text_equal_nocase(base_json_str_or(each, "name", ""), name))
            return each;
    }
    return NULL;
}

void view_sync_mode(struct view_page *page, const cJSON *entry, const cJSON *columns)
{
    int all = cJSON_GetArraySize(columns);
    const cJSON *chosen = base_json_array(entry, "columns");
    const char *mode = base_json_str_or(entry, "mode", "full");
    if (entry == NULL)
        return;
    view_page_fact(page, LABEL, "mode", STYLE_PLAIN, "%s%s", mode,
                   strcmp(mode, "full") == 0 ? ": the whole table at every sync" : "");
    if (chosen)
        view_page_fact(page, LABEL, "columns", STYLE_PLAIN, "%d chosen of %d",
                       cJSON_GetArraySize(chosen), all);
    else
        view_page_fact(page, LABEL, "columns", STYLE_PLAIN, "all%s", all ? "" : " there are");
    view_page_fact(page, LABEL, "filter", STYLE_PLAIN, "%s",
                   base_json_str_or(entry, "filter", "none: every row"));
    if (base_json_bool_or(entry, "paused", false))
        view_page_fact(page, LABEL, "state", STYLE_WARN, "paused");
}

static void refused_add(struct view_page *page, const cJSON *plan)
{
    struct buf names;
    const cJSON *each, *error = base_json_get(plan, "error");
    base_buf_init(&names, 1 << 14);
    cJSON_ArrayForEach(each, base_json_array(plan, "refused_columns"))
    {
        (void)base_buf_printf(&names, "%s%s %s", names.len ? ", " : "",
                              base_json_str_or(each, "name", ""),
                              base_json_str_or(each, "type", ""));
    }
    if (names.len)
        view_page_fact(page, LABEL, "refused", STYLE_BAD, "%s", names.data);
    base_buf_free(&names);
    if (error) {
        view_page_fact(page, LABEL, "fails", STYLE_BAD, "%s: %s",
                       base_json_str_or(error, "code", ""), base_json_str_or(error, "message", ""));
        view_page_fact(page, LABEL, "fix", STYLE_PLAIN, "%s", base_json_str_or(error, "hint", ""));
    }
}

void view_sync_next(struct view_page *page, const cJSON *plan, const char *destination,
                    bool statement)
{
    int64_t version = 0;
    char rows[24];
    const char *why = base_json_str(plan, "unpinned_why");
    if (base_json_str(plan, "statement") == NULL) {
        refused_add(page, plan);
        return;
    }
    if (base_json_i64(plan, "version", &version))
        view_page_fact(page, LABEL, "version", STYLE_PLAIN,
                       "%lld, pinned: every statement reads the same rows", (long long)version);
    else
        view_page_fact(page, LABEL, "version", STYLE_WARN,
                       "unpinned%s%s: what it reads is what is "
                       "there at that moment",
                       why ? ", " : "", why ? why : "");
    view_page_fact(page, LABEL, "reads", STYLE_PLAIN, "%lld columns in %lld statement%s%s%s%s",
                   (long long)base_json_i64_or(plan, "columns", 0),
                   (long long)base_json_i64_or(plan, "slices", 1),
                   base_json_i64_or(plan, "slices", 1) == 1 ? "" : "s",
                   base_json_get(plan, "rows_estimated") ? ", about " : "",
                   base_json_get(plan, "rows_estimated") ? view_rows(plan, "rows_estimated", rows)
                                                         : "",
                   base_json_get(plan, "rows_estimated") ? " rows" : "");
    view_page_fact(page, LABEL, "to", STYLE_PLAIN, "%s%s%s", destination ? destination : "",
                   destination ? "/" : "", base_json_str_or(plan, "destination", ""));
    refused_add(page, plan);
    if (statement)
        view_page_fact(page, LABEL, "statement", STYLE_FAINT, "%.400s%s",
                       base_json_str_or(plan, "statement", ""),
                       strlen(base_json_str_or(plan, "statement", "")) > 400 ? " ..." : "");
}

static enum view_style word_style(const char *word)
{
    return strcmp(word, "done") == 0     ? STYLE_GOOD
           : strcmp(word, "failed") == 0 ? STYLE_BAD
                                         : STYLE_PLAIN;
}

static double seconds_of(const cJSON *run)
{
    int64_t from = 0, to = 0;
    const char *began = base_json_str(run, "started"), *ended = base_json_str(run, "finished");
    if (!began || !ended || base_time_parse(began, &from) != 0 || base_time_parse(ended, &to) != 0)
        return -1;
    return (double)(to - from) / 1e6;
}

static void run_line(struct view_page *page, const cJSON *run, int64_t now_us)
{
    char number[24], version[24] = "-", rows[24], bytes[24], took[24] = "-", age[24];
    const char *word = base_json_str_or(run, "word", "-");
    const char *code = base_json_str(base_json_get(run, "error"), "code");
    int64_t pinned = 0;
    double seconds = seconds_of(run);
    snprintf(number, sizeof number, "%lld", (long long)base_json_i64_or(run, "id", 0));
    if (base_json_i64(run, "version", &pinned) && pinned >= 0)
        snprintf(version, sizeof version, "%lld", (long long)pinned);
    if (seconds >= 0)
        view_seconds(seconds, took);
    view_age(base_json_str(run, "started"), now_us, age);
    view_page_line(page, STYLE_PLAIN, "  ");
    view_page_cell(page, STYLE_PLAIN, -6, number);
    view_page_add(page, STYLE_PLAIN, "  ");
    view_page_cell(page, word_style(word), 9, word);
    view_page_cell(page, STYLE_PLAIN, -8, version);
    view_page_cell(page, STYLE_PLAIN, -9, view_rows(run, "file_rows", rows));
    view_page_cell(page, STYLE_PLAIN, -10, view_bytes(run, "bytes", bytes));
    view_page_cell(page, STYLE_PLAIN, -10, took);
    view_page_cell(page, STYLE_PLAIN, -6, age);
    view_page_add(page, STYLE_BAD, "  %s", code ? code : "");
}

void view_table_runs(struct view_page *page, const cJSON *runs, int64_t now_us, int max)
{
    const cJSON *each, *list = base_json_array(runs, "runs");
    int index = 0;
    long long total = (long long)base_json_i64_or(runs, "total", 0);
    if (cJSON_GetArraySize(list) == 0) {
        view_page_line(page, STYLE_PLAIN, "  no run of it yet");
        return;
    }
    view_page_line(page, STYLE_HEAD,
                   "     RUN  STATE     VERSION     ROWS     BYTES      TOOK   AGE");
    cJSON_ArrayForEach(each, list)
    {
        if (index == max)
            break;
        run_line(page, each, now_us);
        view_page_target(page, ++index);
    }
    if (total > index)
        view_page_line(page, STYLE_FAINT, "  %lld older", total - index);
}

/* The run that read a version, 0: none of those known. */
static long long read_by(const cJSON *runs, int64_t version)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(runs, "runs"))
    {
        int64_t own = -1;
        if (base_json_i64(each, "version", &own) && own == version &&
            strcmp(base_json_str_or(each, "word", ""), "done") == 0)
            return (long long)base_json_i64_or(each, "id", 0);
    }
    return 0;
}

void view_table_versions(struct view_page *page, const cJSON *versions, const cJSON *runs,
                         int64_t now_us)
{
    const cJSON *each, *list = base_json_array(versions, "versions");
    if (cJSON_GetArraySize(list) == 0) {
        view_page_line(page, STYLE_PLAIN, "  it has no versions");
        return;
    }
    view_page_line(page, STYLE_HEAD, "  VERSION    AGE  READ BY   OPERATION");
    cJSON_ArrayForEach(each, list)
    {
        char number[24], age[24], run[24] = "-";
        int64_t version = base_json_i64_or(each, "version", -1);
        long long by = read_by(runs, version);
        snprintf(number, sizeof number, "%lld", (long long)version);
        if (by)
            snprintf(run, sizeof run, "run %lld", by);
        view_page_line(page, STYLE_PLAIN, "  ");
        view_page_cell(page, STYLE_PLAIN, -7, number);
        view_page_cell(page, STYLE_PLAIN, -7, view_age(base_json_str(each, "time"), now_us, age));
        view_page_add(page, STYLE_PLAIN, "  ");
        view_page_cell(page, by ? STYLE_GOOD : STYLE_FAINT, 10, run);
        view_page_add(page, STYLE_PLAIN, "%s%s%s", base_json_str_or(each, "operation", "-"),
                      base_json_str(each, "user") ? " by " : "",
                      base_json_str_or(each, "user", ""));
    }
}
