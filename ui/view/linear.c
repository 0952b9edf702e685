#include "ui/view/linear.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/map.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct told {
    char *table;
    char word[24];
    int percent; /* the last that was told */
};

struct view_linear_told {
    struct base_map *runs; /* number -> struct told */
};

static void told_free(void *value)
{
    struct told *told = value;
    free(told->table);
    free(told);
}

struct view_linear_told *view_linear_told_new(void)
{
    struct view_linear_told *told = base_alloc_zero(1, sizeof *told);
    told->runs = base_map_new();
    return told;
}

void view_linear_told_free(struct view_linear_told **told)
{
    if (*told == NULL)
        return;
    base_map_free(&(*told)->runs, told_free);
    base_free(told);
}

static struct told *told_of(struct view_linear_told *all, long long run)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", run);
    struct told *told = base_map_get(all->runs, key);
    if (told == NULL) {
        told = base_alloc_zero(1, sizeof *told);
        told->percent = -1;
        base_map_put(all->runs, key, told);
    }
    return told;
}

static char *state_line(struct view_linear_told *all, const cJSON *run)
{
    long long id = (long long)base_json_i64_or(run, "id", 0);
    const char *word = base_json_str_or(run, "word", ""), *table = base_json_str(run, "table");
    struct told *told = told_of(all, id);
    char rows[24];
    if (told->table == NULL)
        told->table = base_strdup(table ? table : "");
    if (strcmp(told->word, word) == 0)
        return NULL;
    snprintf(told->word, sizeof told->word, "%s", word);
    char *error = view_error_text(run, "error"), *line;
    if (error[0])
        line = base_printf("run %lld: %s, %s, %s", id, told->table, word, error);
    else if (strcmp(word, "done") == 0)
        line = base_printf("run %lld: %s, done, %s rows", id, told->table,
                           view_rows(run, "file_rows", rows));
    else
        line = base_printf("run %lld: %s, %s", id, told->table, word);
    free(error);
    return line;
}

static char *progress_line(struct view_linear_told *all, const cJSON *payload, int step)
{
    long long id = (long long)base_json_i64_or(payload, "run", 0);
    int64_t rows = base_json_i64_or(payload, "rows", 0);
    int64_t total = base_json_i64_or(payload, "rows_total", -1);
    struct told *told = told_of(all, id);
    bool over = strcmp(told->word, "done") == 0 || strcmp(told->word, "failed") == 0;
    if (total <= 0 || over)
        return NULL;
    int percent = (int)((double)rows / (double)total * 100.0);
    percent = percent > 100 ? 100 : percent < 0 ? 0 : percent;
    if (told->percent >= 0 && percent / step == told->percent / step)
        return NULL;
    if (told->percent < 0 && percent < step) { /* that it runs has been said */
        told->percent = percent;
        return NULL;
    }
    told->percent = percent;
    char text[24];
    return base_printf("run %lld: %s%s%d percent of %s rows", id, told->table ? told->table : "",
                       told->table ? ", " : "", percent, view_rows(payload, "rows_total", text));
}

static char *check_line(const cJSON *payload)
{
    if (base_json_str(payload, "layer") == NULL)
        return NULL;
    return base_printf("check: %s, %s%s%s", base_json_str_or(payload, "layer", ""),
                       base_json_str_or(payload, "state", ""),
                       base_json_str(payload, "text") ? ", " : "",
                       base_json_str_or(payload, "text", ""));
}

char *view_linear_event(struct view_linear_told *told, const cJSON *event, int step)
{
    const char *name = base_json_str_or(event, "name", "");
    const cJSON *payload = base_json_get(event, "payload");
    if (strcmp(name, "run.state") == 0)
        return state_line(told, payload);
    if (strcmp(name, "run.progress") == 0)
        return progress_line(told, payload, step);
    if (strcmp(name, "setup.check") == 0)
        return check_line(payload);
    return NULL;
}

void view_linear_runs(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *run;
    cJSON_ArrayForEach(run, base_json_array(data, "runs"))
    {
        char age[24], rows[24];
        const char *ended = base_json_str(run, "finished");
        const char *code = base_json_str(base_json_get(run, "error"), "code");
        view_page_line(page, STYLE_PLAIN, "run %lld: %s, %s",
                       (long long)base_json_i64_or(run, "id", 0),
                       base_json_str_or(run, "table", ""), base_json_str_or(run, "word", ""));
        if (ended)
            view_page_add(page, STYLE_PLAIN, ", %s ago", view_age(ended, now_us, age));
        if (base_json_get(run, "file_rows"))
            view_page_add(page, STYLE_PLAIN, ", %s rows", view_rows(run, "file_rows", rows));
        if (code)
            view_page_add(page, STYLE_PLAIN, ", %s", code);
    }
}
