/* Questions about runs that several screens ask: cancel this one, sync these tables. */
#include "ui/screen/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_CANCEL = 900, TAG_PLAN, TAG_SYNC };

/* --- cancel --- */

static void on_cancelled(struct screen *screen, int64_t tag, const cJSON *result,
                         const struct err *err)
{
    (void)tag;
    if (result)
        console_say(screen->console, "run %lld is being cancelled; nothing of it will be published",
                    (long long)base_json_i64_or(result, "run", 0));
    else
        console_say_error(screen->console, err);
}

/* The question keeps the number of the run, wherever the selection goes meanwhile. */
static void cancel_answered(struct screen *screen, bool yes, void *user)
{
    int64_t *run = user;
    if (yes) {
        cJSON *params = base_json_object();
        base_json_add_i64(params, "id", *run);
        console_ask(screen, "runs.cancel", params, TAG_CANCEL, on_cancelled);
    }
    free(run);
}

void run_cancel_ask(struct screen *screen, const cJSON *run)
{
    struct view_page *page = view_page_new(screen->width);
    int64_t *id = base_alloc_zero(1, sizeof *id);
    char title[48];
    *id = base_json_i64_or(run, "id", 0);
    snprintf(title, sizeof title, "CANCEL RUN %lld", (long long)*id);
    view_page_fact(page, 12, "stops", STYLE_PLAIN, "run %lld of %s", (long long)*id,
                   base_json_str_or(run, "table", ""));
    view_page_fact(page, 12, "publishes", STYLE_PLAIN,
                   "nothing of it; what was written of it is thrown away");
    view_page_fact(page, 12, "keeps", STYLE_PLAIN,
                   "what a reader of the destination has now, and the other runs of the batch");
    view_page_fact(page, 12, "warehouse", STYLE_PLAIN, "its statement is cancelled there");
    view_page_fact(page, 12, "afterwards", STYLE_PLAIN, "R loads the table again, from the start");
    console_question(screen, title, page, "Cancel run", NULL, cancel_answered, id);
}

/* --- sync now --- */

struct sync_question {
    cJSON *tables; /* or NULL: all */
};

/* Where the batch is shown that an answer names; NULL, and said: nothing was started. */
static cJSON *batch_args(struct screen *screen, const cJSON *result, const struct err *err)
{
    if (result == NULL) {
        console_say_error(screen->console, err);
        return NULL;
    }
    cJSON *args = base_json_object();
    base_json_add_i64(args, "batch", base_json_i64_or(result, "batch", 0));
    return args;
}

void run_sync_started(struct screen *screen, int64_t tag, const cJSON *result,
                      const struct err *err)
{
    (void)tag;
    cJSON *args = batch_args(screen, result, err);
    if (args)
        console_go(screen->console, 5, args);
}

static void on_started(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    (void)tag;
    cJSON *args = batch_args(screen, result, err);
    if (args)
        console_push(screen->console, &screen_batch, args);
}

static void sync_answered(struct screen *screen, bool yes, void *user)
{
    struct sync_question *question = user;
    if (yes) {
        cJSON *params = base_json_object();
        if (question->tables) {
            base_json_add_take(params, "tables", question->tables);
            question->tables = NULL;
        }
        console_ask(screen, "sync.run", params, TAG_SYNC, on_started);
    }
    cJSON_Delete(question->tables);
    free(question);
}

static void table_say(struct view_page *page, const cJSON *table)
{
    char rows[24], version[40] = "not pinned";
    int64_t number = 0;
    if (base_json_i64(table, "version", &number))
        snprintf(version, sizeof version, "version %lld", (long long)number);
    view_page_line(page, STYLE_PLAIN, "  %s", base_json_str_or(table, "name", ""));
    const cJSON *error = base_json_get(table, "error");
    if (error) {
        view_page_add(page, STYLE_BAD, "   would fail: %s (%s)",
                      base_json_str_or(error, "message", ""), base_json_str_or(error, "code", ""));
        return;
    }
    view_page_add(page, STYLE_PLAIN, "   %s, %s", version,
                  base_json_str_or(table, "window", "full"));
    if (base_json_get(table, "rows_estimated"))
        view_page_add(page, STYLE_PLAIN, ", about %s rows",
                      view_rows(table, "rows_estimated", rows));
}

static void on_planned(struct screen *screen, int64_t tag, const cJSON *result,
                       const struct err *err)
{
    const cJSON *tables = base_json_array(result, "tables"), *each;
    int count = cJSON_GetArraySize(tables), bad = 0;
    char title[48];
    (void)tag;
    if (result == NULL) {
        console_say_error(screen->console, err);
        return;
    }
    struct view_page *page = view_page_new(screen->width);
    struct sync_question *question = base_alloc_zero(1, sizeof *question);
    question->tables = cJSON_CreateArray();
    cJSON_ArrayForEach(each, tables)
    {
        table_say(page, each);
        bad += base_json_get(each, "error") != NULL;
        base_json_push_take(question->tables,
                            cJSON_CreateString(base_json_str_or(each, "name", "")));
    }
    view_page_blank(page);
    view_page_wrap(
        page, 2, STYLE_PLAIN,
        "Each table is read whole and replaced in one step once four counts agree; until "
        "then a reader keeps what is there. The warehouse is used, and started when it "
        "is stopped.");
    if (bad)
        view_page_wrap(page, 2, STYLE_BAD, "%d of %d would fail as it stands now.", bad, count);
    snprintf(title, sizeof title, "SYNC %d TABLE%s NOW", count, count == 1 ? "" : "S");
    console_say(screen->console, "planned; nothing has been started");
    console_question(screen, title, page, "Sync", NULL, sync_answered, question);
}

void run_sync_ask(struct screen *screen, cJSON *take_tables)
{
    cJSON *params = base_json_object();
    if (take_tables)
        base_json_add_take(params, "tables", take_tables);
    console_say(screen->console, "planning: what a sync would read now");
    console_ask(screen, "sync.plan", params, TAG_PLAN, on_planned);
}
