/* What the keys of 5 Runs do. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/run.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_MAX 120

static bool is_word(const cJSON *run, const char *word)
{
    return strcmp(base_json_str_or(run, "word", ""), word) == 0;
}

static bool is_over(const cJSON *run)
{
    return is_word(run, "done") || is_word(run, "failed") || is_word(run, "cancelled");
}

bool runs_key(struct screen *screen, const struct term_key *key)
{
    struct runs *runs = (struct runs *)screen;
    if (runs->edit == NULL)
        return false;
    if (key->kind == TERM_KEY_ENTER || (key->kind == TERM_KEY_CHAR && key->codepoint == '\r')) {
        runs_find(runs, draw_edit_text(runs->edit));
        draw_edit_free(&runs->edit);
    } else if (!draw_edit_key(runs->edit, key)) {
        return false;
    }
    console_touch(screen->console);
    return true;
}

static const char *refuse_retry(const struct runs *runs)
{
    const cJSON *run = runs_selected_run(runs), *batch = runs_selected_batch(runs);
    if (batch)
        return base_json_i64_or(batch, "failed", 0) + base_json_i64_or(batch, "cancelled", 0) > 0
                   ? NULL
                   : "nothing of this batch has failed";
    if (run == NULL)
        return "no run is selected";
    if (is_word(run, "done"))
        return "this run is done; s syncs its table again";
    if (is_over(run) || base_json_bool_or(run, "waiting_retry", false))
        return NULL;
    return "this run is not over; X cancels it";
}

static const char *refuse_cancel(const struct runs *runs)
{
    const cJSON *run = runs_selected_run(runs);
    if (run == NULL)
        return runs_selected_batch(runs) ? "X stops one run: select it in the batch"
                                         : "no run is selected";
    return is_over(run) ? "this run is over" : NULL;
}

const char *runs_refuse(const struct screen *screen, enum view_action action)
{
    const struct runs *runs = (const struct runs *)screen;
    const struct runs_row *row = runs_selected(runs);
    switch ((int)action) {
    case VIEW_ACTION_CLOSE:
        return runs->edit || runs->filter ? NULL : "";
    case VIEW_ACTION_OPEN:
    case VIEW_ACTION_COPY:
    case VIEW_ACTION_COPY_COMMAND:
        return row ? NULL : "no run is selected";
    case VIEW_ACTION_ZOOM:
        return row && row->batch < runs->count ? NULL : "no batch is selected";
    case VIEW_ACTION_RETRY:
        return refuse_retry(runs);
    case VIEW_ACTION_CANCEL_RUN:
        return refuse_cancel(runs);
    case VIEW_ACTION_EXPORT:
        return runs->row_count ? NULL : "there is nothing to write";
    case VIEW_ACTION_SYNC:
    case VIEW_ACTION_FILTER:
    case VIEW_ACTION_REFRESH:
        return NULL;
    default:
        return "";
    }
}

static void args_push(struct runs *runs, const struct screen_ops *ops, const char *key,
                      int64_t number, int64_t run)
{
    cJSON *args = base_json_object();
    base_json_add_i64(args, key, number);
    if (run)
        base_json_add_i64(args, "select", run);
    console_push(runs->screen.console, ops, args);
}

static void enter(struct runs *runs)
{
    const cJSON *run = runs_selected_run(runs), *batch = runs_selected_batch(runs);
    if (batch)
        args_push(runs, &screen_batch, "batch", base_json_i64_or(batch, "id", 0), 0);
    else if (run && !is_over(run))
        args_push(runs, &screen_batch, "batch", base_json_i64_or(run, "batch", 0),
                  base_json_i64_or(run, "id", 0));
    else if (run)
        args_push(runs, &screen_run, "run", base_json_i64_or(run, "id", 0), 0);
}

static void retry(struct runs *runs)
{
    const cJSON *run = runs_selected_run(runs), *batch = runs_selected_batch(runs);
    if (run)
        args_push(runs, &screen_retry, "run", base_json_i64_or(run, "id", 0), 0);
    else if (batch)
        args_push(runs, &screen_retry, "batch", base_json_i64_or(batch, "id", 0), 0);
}

static void sync_now(struct runs *runs)
{
    const cJSON *run = runs_selected_run(runs);
    cJSON *tables = NULL;
    if (run) {
        tables = cJSON_CreateArray();
        base_json_push_take(tables, cJSON_CreateString(base_json_str_or(run, "table", "")));
    }
    run_sync_ask(&runs->screen, tables);
}

static void copy(struct runs *runs, bool command)
{
    struct console *console = runs->screen.console;
    const cJSON *run = runs_selected_run(runs), *batch = runs_selected_batch(runs);
    long long id = (long long)base_json_i64_or(run ? run : batch, "id", 0);
    char *text = !command ? base_printf("%s %lld", run ? "run" : "batch", id)
                 : run    ? base_printf("aampe-console --profile %s runs show %lld",
                                        console_profile(console), id)
                          : base_printf("aampe-console --profile %s runs list --batch %lld",
                                        console_profile(console), id);
    console_copy(console, text);
    free(text);
}

static void export(struct runs *runs)
{
    struct buf text;
    base_buf_init(&text, 0);
    for (size_t i = 0; i < runs->row_count; i++) {
        const cJSON *run = runs->rows[i].run;
        char state[32];
        if (run) {
            (void)base_buf_printf(&text, "  run %lld  %s  %s  %s  %s\n",
                                  (long long)base_json_i64_or(run, "id", 0),
                                  base_json_str_or(run, "table", ""), view_run_state(run, state),
                                  base_json_str_or(run, "started", ""),
                                  base_json_str_or(base_json_get(run, "error"), "code", ""));
        } else {
            const struct runs_batch *batch = &runs->batches[runs->rows[i].batch];
            char *words = view_batch_text(batch->data);
            (void)base_buf_printf(&text, "batch %lld  %s  %s\n", (long long)batch->id, words,
                                  base_json_str_or(batch->data, "began", ""));
            free(words);
        }
    }
    console_export(runs->screen.console, "runs.txt", text.data ? text.data : "");
    base_buf_free(&text);
}

static void close_own(struct runs *runs)
{
    if (runs->edit)
        draw_edit_free(&runs->edit);
    else
        runs_find(runs, NULL);
}

void runs_act(struct screen *screen, enum view_action action)
{
    struct runs *runs = (struct runs *)screen;
    const struct runs_row *row = runs_selected(runs);
    console_touch(screen->console);
    switch ((int)action) {
    case VIEW_ACTION_CLOSE:
        close_own(runs);
        break;
    case VIEW_ACTION_OPEN:
        enter(runs);
        break;
    case VIEW_ACTION_ZOOM:
        if (row && row->batch < runs->count) {
            struct runs_batch *batch = &runs->batches[row->batch];
            runs_unfold(runs, batch, !batch->open);
            runs->at_batch = batch->id;
            runs->at_run = 0;
        }
        break;
    case VIEW_ACTION_RETRY:
        retry(runs);
        break;
    case VIEW_ACTION_CANCEL_RUN:
        run_cancel_ask(screen, runs_selected_run(runs));
        break;
    case VIEW_ACTION_SYNC:
        sync_now(runs);
        break;
    case VIEW_ACTION_FILTER:
        draw_edit_free(&runs->edit);
        runs->edit = draw_edit_new(runs->filter ? runs->filter : "", FILTER_MAX, false);
        break;
    case VIEW_ACTION_REFRESH:
        runs_ask(runs);
        break;
    case VIEW_ACTION_COPY:
        copy(runs, false);
        break;
    case VIEW_ACTION_COPY_COMMAND:
        copy(runs, true);
        break;
    case VIEW_ACTION_EXPORT:
        export(runs);
        break;
    default:
        break;
    }
}

size_t runs_hints(const struct screen *screen, enum view_action out[], size_t max)
{
    static const enum view_action all[] = {
        VIEW_ACTION_OPEN, VIEW_ACTION_RETRY,  VIEW_ACTION_CANCEL_RUN, VIEW_ACTION_ZOOM,
        VIEW_ACTION_SYNC, VIEW_ACTION_FILTER, VIEW_ACTION_EXPORT,     VIEW_ACTION_REFRESH};
    size_t count = 0;
    for (size_t i = 0; i < base_countof(all) && count < max; i++)
        if (runs_refuse(screen, all[i]) == NULL)
            out[count++] = all[i];
    return count;
}
