#include "ui/view/notice.h"

#include "base/err.h"
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LABEL 10

/* Whole minutes, with date: a notice is read days later and elsewhere. */
static const char *moment(const char *rfc3339, char out[32])
{
    int64_t us = 0;
    if (rfc3339 == NULL || base_time_parse(rfc3339, &us) != 0)
        return "-";
    base_time_format(us - us % 60000000, out);
    char *seconds = strrchr(out, ':');
    if (seconds)
        memcpy(seconds, "Z", 2);
    return out;
}

static const char *moment_us(int64_t us, char out[32])
{
    char text[32];
    base_time_format(us, text);
    return moment(text, out);
}

static const cJSON *table_of(const cJSON *show, const cJSON *status)
{
    const char *name = base_json_str_or(base_json_get(show, "run"), "table", "");
    const cJSON *table;
    cJSON_ArrayForEach(table, base_json_array(status, "tables"))
    {
        if (strcmp(base_json_str_or(table, "name", ""), name) == 0)
            return table;
    }
    return NULL;
}

/* The run that stands at the destination now. */
static int64_t good_run(const cJSON *show, const cJSON *status)
{
    int64_t last = base_json_i64_or(base_json_get(show, "last_good"), "id", 0);
    return base_json_i64_or(table_of(show, status), "good_run", last);
}

static const char *whole_to(const cJSON *show, const cJSON *status)
{
    const char *to = base_json_str(table_of(show, status), "whole_to");
    return to ? to : base_json_str(base_json_get(show, "last_good"), "started");
}

static bool is_in(const cJSON *show, const cJSON *status)
{
    return good_run(show, status) >= base_json_i64_or(base_json_get(show, "run"), "id", 0);
}

static enum err_code code_of(const cJSON *show)
{
    const char *code = base_json_str(base_json_get(base_json_get(show, "run"), "error"), "code");
    return code ? base_err_by_name(code) : ERR_OK;
}

void view_notice_number(char out[32], const cJSON *show, const cJSON *status)
{
    snprintf(out, 32, "%lld/%d", (long long)base_json_i64_or(base_json_get(show, "run"), "id", 0),
             is_in(show, status) ? 2 : 1);
}

/* In words that say whose side it is on, and nothing about our machines. */
static const char *cause_of(enum err_code code)
{
    if (code == ERR_SRC_PERM_TABLE || code == ERR_SRC_PERM_SCHEMA || code == ERR_SRC_PERM_CATALOG)
        return "on our side: read access to this table was refused";
    switch (base_err_class(code)) {
    case ERR_CLASS_PERM:
        return "on our side: the workspace refused the service principal";
    case ERR_CLASS_CFG:
        return "on our side: a setting has to be corrected";
    case ERR_CLASS_TRANS:
        return "the workspace could not be reached, or did not answer in time";
    case ERR_CLASS_DATA:
        return "what the workspace sent did not agree with itself; none of it was kept";
    case ERR_CLASS_HOST:
        return "on our side: the machine that copies the data";
    case ERR_CLASS_SEC:
        return "on our side: a check for safety stopped the copy";
    default:
        return "on our side: being looked at";
    }
}

static void on_time_say(struct view_page *page, const cJSON *show, const cJSON *status)
{
    const char *late = base_json_str_or(base_json_get(show, "run"), "table", "");
    const char *oldest = NULL;
    char text[32];
    int count = 0;
    const cJSON *table;
    cJSON_ArrayForEach(table, base_json_array(status, "tables"))
    {
        const char *to = base_json_str(table, "whole_to");
        bool other = strcmp(base_json_str_or(table, "name", ""), late) != 0;
        bool good = strcmp(base_json_str_or(table, "state", ""), "failed") != 0;
        if (!other || !good || to == NULL)
            continue;
        count++;
        if (oldest == NULL || strcmp(to, oldest) < 0)
            oldest = to;
    }
    if (count > 0)
        view_page_fact(page, LABEL, "on time", STYLE_PLAIN, "%d %s, whole to %s or later", count,
                       count == 1 ? "table" : "tables", moment(oldest, text));
}

static void direct_say(struct view_page *page, enum err_code code, const char *since)
{
    char text[32];
    if (code == ERR_SRC_PERM_TABLE || code == ERR_SRC_PERM_SCHEMA || code == ERR_SRC_PERM_CATALOG)
        view_page_fact(page, LABEL, "direct", STYLE_PLAIN,
                       "reads of this table in the workspace fail too, since %s or before",
                       moment(since, text));
    else if (base_err_class(code) == ERR_CLASS_HOST)
        view_page_fact(page, LABEL, "direct", STYLE_PLAIN,
                       "reads of this table in the workspace are not touched by this");
}

static void next_say(struct view_page *page, const cJSON *show, const cJSON *status)
{
    const cJSON *table = table_of(show, status);
    const char *state = base_json_str_or(table, "state", "");
    bool under_way = strcmp(state, "running") == 0 || strcmp(state, "queued") == 0;
    char rows[24];
    const char *many = view_rows(table, "rows", rows);
    bool known = strcmp(many, "-") != 0;
    view_page_fact(page, LABEL, "next", STYLE_PLAIN, "full load of the table%s%s%s%s",
                   known ? ", about " : "", known ? many : "", known ? " rows" : "",
                   under_way ? "; it is under way" : "; started by hand once the cause is gone");
}

void view_notice_aampe(struct view_page *page, const cJSON *show, const cJSON *status,
                       int64_t now_us)
{
    const cJSON *run = base_json_get(show, "run");
    const char *table = base_json_str_or(run, "table", "");
    const char *principal = base_json_str(status, "principal");
    const char *to = whole_to(show, status);
    long long id = (long long)base_json_i64_or(run, "id", 0);
    enum err_code code = code_of(show);
    char number[32], now[32], text[32];
    view_notice_number(number, show, status);
    view_page_fact(page, LABEL, "notice", STYLE_HEAD, "%s, %s", number, moment_us(now_us, now));
    if (principal)
        view_page_fact(page, LABEL, "reader", STYLE_PLAIN, "service principal %s", principal);
    if (is_in(show, status)) {
        view_page_fact(page, LABEL, "in", STYLE_GOOD, "%s, whole to %s", table, moment(to, text));
        view_page_fact(page, LABEL, "delivered", STYLE_PLAIN,
                       "what you have is whole: nothing partial, nothing twice");
        on_time_say(page, show, status);
        view_page_fact(page, LABEL, "you do", STYLE_PLAIN, "nothing");
        return;
    }
    if (to)
        view_page_fact(page, LABEL, "late", STYLE_BAD, "%s, whole to %s", table, moment(to, text));
    else
        view_page_fact(page, LABEL, "late", STYLE_BAD, "%s, nothing has been delivered yet", table);
    if (code != ERR_OK)
        view_page_fact(page, LABEL, "cause", STYLE_PLAIN, "%s", cause_of(code));
    if (to)
        view_page_fact(page, LABEL, "delivered", STYLE_PLAIN,
                       "what you have is whole: nothing partial, nothing twice");
    direct_say(page, code, base_json_str(run, "finished"));
    on_time_say(page, show, status);
    next_say(page, show, status);
    view_page_fact(page, LABEL, "you do", STYLE_PLAIN,
                   "nothing now; notice %lld/2 says when the table is in", id);
}

static void evidence_say(struct view_page *page, const cJSON *error)
{
    static const char *const keys[] = {"http_status", "remote_code",  "sqlstate",
                                       "request_id",  "statement_id", "sys_errno"};
    const cJSON *evidence = base_json_get(error, "evidence");
    const char *label = "evidence";
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const cJSON *value = base_json_get(evidence, keys[i]);
        int64_t number = 0;
        if (cJSON_IsString(value))
            view_page_fact(page, LABEL, label, STYLE_PLAIN, "%s %s", keys[i], value->valuestring);
        else if (base_json_i64(evidence, keys[i], &number))
            view_page_fact(page, LABEL, label, STYLE_PLAIN, "%s %lld", keys[i], (long long)number);
        else
            continue;
        label = "";
    }
}

void view_notice_ticket(struct view_page *page, const cJSON *show, const cJSON *status,
                        int64_t now_us)
{
    const cJSON *run = base_json_get(show, "run"), *error = base_json_get(run, "error");
    const char *to = whole_to(show, status), *code = base_json_str_or(error, "code", "");
    char now[32], began[32], ended[32], text[32], counts[4][24];
    view_page_fact(page, LABEL, "run", STYLE_HEAD, "%lld  %s  %s  %s",
                   (long long)base_json_i64_or(run, "id", 0), base_json_str_or(run, "table", ""),
                   base_json_str_or(run, "word", ""), code);
    view_page_fact(page, LABEL, "as of", STYLE_PLAIN, "%s, profile %s, aampe-console %s",
                   moment_us(now_us, now), base_json_str_or(status, "profile", "-"),
                   base_json_str_or(status, "version", "-"));
    view_page_fact(page, LABEL, "when", STYLE_PLAIN, "began %s, ended %s, attempt %lld, batch %lld",
                   moment(base_json_str(run, "started"), began),
                   moment(base_json_str(run, "finished"), ended),
                   (long long)base_json_i64_or(run, "attempt", 1),
                   (long long)base_json_i64_or(run, "batch", 0));
    if (error) {
        view_page_fact(page, LABEL, "broke", STYLE_BAD, "%s",
                       base_json_str_or(error, "message", ""));
        view_page_fact(page, LABEL, "cause", STYLE_PLAIN, "%s",
                       base_err_cause(base_err_by_name(code)));
        evidence_say(page, error);
    }
    view_page_fact(page, LABEL, "safe", STYLE_PLAIN, "%s%s",
                   to ? "what is published is whole, to " : "nothing has been published yet",
                   to ? moment(to, text) : "");
    view_page_fact(
        page, LABEL, "rows", STYLE_PLAIN, "source %s, manifest %s, decoded %s, in files %s",
        view_rows(run, "source_rows", counts[0]), view_rows(run, "manifest_rows", counts[1]),
        view_rows(run, "decoded_rows", counts[2]), view_rows(run, "file_rows", counts[3]));
    if (error)
        view_page_fact(page, LABEL, "do", STYLE_PLAIN, "%s",
                       base_json_str_or(error, "hint", base_err_fix(base_err_by_name(code))));
    view_page_fact(page, LABEL, "look", STYLE_PLAIN, "aampe-console --profile %s runs show %lld",
                   base_json_str_or(status, "profile", "default"),
                   (long long)base_json_i64_or(run, "id", 0));
}
