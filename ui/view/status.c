#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *head_word(const cJSON *data)
{
    if (base_json_i64_or(data, "failed", 0) > 0)
        return "FAILED";
    if (base_json_i64_or(data, "running", 0) > 0)
        return "RUNNING";
    if (!base_json_bool_or(data, "ready", false))
        return "NOT READY";
    return "OK";
}

int view_status_exit(const cJSON *data)
{
    if (base_json_i64_or(data, "failed", 0) > 0)
        return VIEW_EXIT_FAILED;
    return base_json_bool_or(data, "ready", false) ? VIEW_EXIT_DONE : VIEW_EXIT_FINDINGS;
}

/* Days to the nearest end of a secret; -1: none known. */
static int64_t secret_days(const cJSON *data, const char **name)
{
    const cJSON *each;
    int64_t least = -1;
    cJSON_ArrayForEach(each, base_json_array(data, "secrets"))
    {
        int64_t days = base_json_i64_or(each, "expires_days", -1);
        if (days >= 0 && (least < 0 || days < least)) {
            least = days;
            *name = base_json_str_or(each, "name", "");
        }
    }
    return least;
}

static void head_print(struct view_out *out, const cJSON *data)
{
    const char *word = head_word(data);
    char time[32];
    enum view_style style = strcmp(word, "OK") == 0 || strcmp(word, "RUNNING") == 0 ? STYLE_GOOD
                            : strcmp(word, "FAILED") == 0                           ? STYLE_BAD
                                                                                    : STYLE_WARN;
    view_put(out, STYLE_HEAD, "%s", base_json_str_or(data, "profile", ""));
    view_put(out, STYLE_PLAIN, "  ");
    view_put(out, style, "%s", word);
    view_put(out, STYLE_PLAIN, "  %lld tables shared, %lld running, %lld failed, seen %s",
             (long long)base_json_i64_or(data, "tables_total", 0),
             (long long)base_json_i64_or(data, "running", 0),
             (long long)base_json_i64_or(data, "failed", 0),
             view_time(base_json_str(data, "time"), time));
    view_end(out);
}

static void failures_print(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    long long first = 0;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        const cJSON *run = base_json_get(each, "run");
        const char *word = base_json_str_or(run, "word", "");
        if (strcmp(word, "failed") != 0)
            continue;
        char *error = view_error_text(run, "error");
        long long id = (long long)base_json_i64_or(run, "id", 0);
        first = first ? first : id;
        view_put(out, STYLE_BAD, "  run %-6lld %s  %s", id, base_json_str_or(each, "name", ""),
                 error);
        view_end(out);
        free(error);
    }
    if (first)
        view_line(out, "  look       aampe-console --profile %s runs show %lld",
                  base_json_str_or(data, "profile", ""), first);
}

static void safe_print(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    long long whole = 0, total = 0;
    const char *oldest = NULL;
    char time[32];
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        const char *to = base_json_str(each, "whole_to");
        total++;
        whole += to != NULL;
        if (to && (oldest == NULL || strcmp(to, oldest) < 0))
            oldest = to;
    }
    if (total == 0)
        return;
    if (oldest)
        view_line(out, "  safe       %lld of %lld whole, all to %s or later", whole, total,
                  view_time(oldest, time));
    else
        view_line(out, "  safe       nothing has been synced yet");
}

void view_status(struct view_out *out, const cJSON *data)
{
    const char *name = "";
    int64_t days = secret_days(data, &name);
    head_print(out, data);
    if (base_json_bool_or(data, "stale", false)) {
        view_put(out, STYLE_WARN, "  engine     does not answer; this is what it last said");
        view_end(out);
    }
    failures_print(out, data);
    safe_print(out, data);
    if (base_json_get(data, "blocked")) {
        char *blocked = view_error_text(data, "blocked");
        view_line(out, "  blocked    %s", blocked);
        view_line(out, "  do         %s",
                  base_json_str_or(base_json_get(data, "blocked"), "hint", ""));
        free(blocked);
    }
    if (base_json_get(data, "vault_error")) {
        char *error = view_error_text(data, "vault_error");
        view_line(out, "  secrets    cannot be opened: %s", error);
        free(error);
    }
    if (base_json_bool_or(data, "recovering", false))
        view_line(out, "  recovering interrupted runs are being resolved");
    if (base_json_bool_or(data, "settings_pending", false))
        view_line(out, "  settings   changed; used once the running work is over");
    if (base_json_bool_or(data, "disk_full", false))
        view_line(out, "  warn       the disk of the state folder is full");
    if (days >= 0 && days <= 90)
        view_line(out, "  warn       secret %s ends in %lld d", name, (long long)days);
    if (strcmp(base_json_str_or(data, "vault", ""), "plain") == 0)
        view_line(out, "  warn       secrets are stored plain, not sealed");
    view_line(out, "  workspace  %s", base_json_str_or(data, "workspace", "not set"));
    view_line(out, "  files to   %s", base_json_str_or(data, "destination", "not set"));
}

void view_status_line(struct view_out *out, const cJSON *data)
{
    const char *name = "";
    int64_t days = secret_days(data, &name);
    long long failed = (long long)base_json_i64_or(data, "failed", 0);
    long long running = (long long)base_json_i64_or(data, "running", 0);
    view_put(out, STYLE_PLAIN, "%s: ", base_json_str_or(data, "profile", ""));
    if (failed)
        view_put(out, STYLE_BAD, "%lld failed", failed);
    else if (running)
        view_put(out, STYLE_PLAIN, "%lld running", running);
    else if (!base_json_bool_or(data, "ready", false))
        view_put(out, STYLE_WARN, "not ready");
    else
        view_put(out, STYLE_GOOD, "ok, %lld tables",
                 (long long)base_json_i64_or(data, "tables_total", 0));
    if (days >= 0 && days <= 90)
        view_put(out, STYLE_WARN, ", secret %lld d", (long long)days);
    char time[32];
    if (base_json_bool_or(data, "stale", false))
        view_put(out, STYLE_WARN, ", engine down, seen %s",
                 view_time(base_json_str(data, "time"), time));
    view_end(out);
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
