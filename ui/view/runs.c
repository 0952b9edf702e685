/* sync plan, the report, runs */
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "model/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        if (base_json_get(each, "error")) {
            char *error = view_error_text(each, "error");
            view_put(out, STYLE_BAD, "  %s", error);
            view_end(out);
            free(error);
        }
    }
}

static enum view_style word_style(const char *word)
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
    view_table_row(table, word_style(word), cells);
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

static double run_seconds(const cJSON *run)
{
    int64_t from = 0, to = 0;
    const char *started = base_json_str(run, "started"), *finished = base_json_str(run, "finished");
    if (!started || !finished || base_time_parse(started, &from) != 0 ||
        base_time_parse(finished, &to) != 0)
        return 0;
    return (double)(to - from) / 1e6;
}

void view_runs_list(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {">batch", ">run",  "table", "state", ">rows",
                                          ">out",   ">took", "began", "error", NULL};
    struct view_table *table = view_table_new(columns);
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "runs"))
    {
        char batch[24], id[24], rows[24], bytes[24], took[24], began[32];
        const char *word = base_json_str_or(each, "word", "-");
        snprintf(batch, sizeof batch, "%lld", (long long)base_json_i64_or(each, "batch", 0));
        snprintf(id, sizeof id, "%lld", (long long)base_json_i64_or(each, "id", 0));
        const char *cells[] = {batch,
                               id,
                               base_json_str(each, "table"),
                               word,
                               view_rows(each, "file_rows", rows),
                               view_bytes(each, "bytes", bytes),
                               view_seconds(run_seconds(each), took),
                               view_time(base_json_str(each, "started"), began),
                               base_json_str_or(base_json_get(each, "error"), "code", "")};
        view_table_row(table, word_style(word), cells);
    }
    view_table_print(&table, out);
}

static void broke_print(struct view_out *out, const cJSON *run)
{
    const cJSON *error = base_json_get(run, "error"), *each;
    if (error == NULL)
        return;
    view_put(out, STYLE_BAD, "broke    %s", base_json_str_or(error, "code", ""));
    view_end(out);
    view_line(out, "         %s", base_json_str_or(error, "message", ""));
    cJSON_ArrayForEach(each, base_json_get(error, "evidence"))
    {
        if (cJSON_IsString(each))
            view_line(out, "         %s %s", each->string, each->valuestring);
        else if (cJSON_IsNumber(each))
            view_line(out, "         %s %.0f", each->string, each->valuedouble);
    }
}

static void safe_print(struct view_out *out, const cJSON *data, const cJSON *run)
{
    const cJSON *good = base_json_get(data, "last_good");
    const char *word = base_json_str_or(run, "word", "");
    char time[32];
    if (strcmp(word, "done") == 0)
        view_line(out, "safe     published whole; source = manifest = decoded = files");
    else if (good)
        view_line(out, "safe     a reader sees run %lld, whole to %s; nothing of this run",
                  (long long)base_json_i64_or(good, "id", 0),
                  view_time(base_json_str(good, "started"), time));
    else
        view_line(out, "safe     nothing of this table has been published yet");
}

static void do_print(struct view_out *out, const cJSON *run)
{
    const cJSON *error = base_json_get(run, "error");
    const char *word = base_json_str_or(run, "word", "");
    long long id = (long long)base_json_i64_or(run, "id", 0);
    if (error)
        view_line(out, "do       %s", base_json_str_or(error, "hint", ""));
    if (strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0)
        view_line(out, "         aampe-console runs retry %lld", id);
}

void view_runs_show(struct view_out *out, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *each;
    const char *word = base_json_str_or(run, "word", "");
    char began[32], took[24], counts[4][24], bytes[24];
    view_put(out, STYLE_HEAD, "run %lld  %s  ", (long long)base_json_i64_or(run, "id", 0),
             base_json_str_or(run, "table", ""));
    view_put(out, word_style(word), "%s", word);
    view_put(out, STYLE_PLAIN, "  (%s, attempt %lld, batch %lld, began %s, took %s)",
             base_json_str_or(run, "state", ""), (long long)base_json_i64_or(run, "attempt", 1),
             (long long)base_json_i64_or(run, "batch", 0),
             view_time(base_json_str(run, "started"), began), view_seconds(run_seconds(run), took));
    view_end(out);
    broke_print(out, run);
    safe_print(out, data, run);
    view_line(out, "rows     source %s, manifest %s, decoded %s, files %s",
              view_rows(run, "source_rows", counts[0]), view_rows(run, "manifest_rows", counts[1]),
              view_rows(run, "decoded_rows", counts[2]), view_rows(run, "file_rows", counts[3]));
    view_line(out, "files    %lld, %s, %s", (long long)base_json_i64_or(run, "files", 0),
              view_bytes(run, "bytes", bytes), base_json_str_or(data, "location", "-"));
    cJSON_ArrayForEach(each, base_json_array(data, "file_list"))
    {
        char rows[24], size[24];
        view_line(out, "         %s  %s rows  %s  sha256 %.16s", base_json_str_or(each, "name", ""),
                  view_rows(each, "rows", rows), view_bytes(each, "bytes", size),
                  base_json_str_or(each, "sha256", ""));
    }
    if (base_json_str(data, "statement"))
        view_line(out, "read     %s", base_json_str(data, "statement"));
    do_print(out, run);
}
