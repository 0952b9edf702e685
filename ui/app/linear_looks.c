/* Linear mode: status, runs, failures, sync. */
#include "ui/app/linear.h"

#include "base/alloc.h"
#include "base/json.h"
#include "ui/view/linear.h"
#include "ui/view/notice.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_SHOWN 20
#define WATCH_MS 3600000

static int64_t now_of(const struct linear *linear)
{
    return base_seam_now_us(linear->cli->seam);
}

/* The answer of a verb without parameters or with one number; NULL: the error has been said. */
static cJSON *ask(struct linear *linear, const char *verb, const char *key, int64_t value)
{
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *data = NULL;
    if (key)
        base_json_add_i64(params, key, value);
    if (linear_call(linear, verb, params, &data, &err) == 0)
        return data;
    linear_error(linear, &err);
    return NULL;
}

/* Not answered: what the engine last said, and who may start it. */
static void no_engine_say(struct linear *linear)
{
    const char *profile = linear->cli->profile;
    bool unit = view_profile_unit(profile);
    char *folder = unit ? base_printf("/run/aampe/%s", profile) : view_profile_state(profile);
    cJSON *snapshot = view_snapshot_read(folder);
    struct view_page *page = linear_page_new();
    view_status_no_engine(page, snapshot, profile, unit, NULL, now_of(linear));
    linear_page(linear, page);
    cJSON_Delete(snapshot);
    free(folder);
}

/* The status, or NULL with what is known said. */
static cJSON *status_get(struct linear *linear)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    if (linear_call(linear, "status", NULL, &data, &err) == 0)
        return data;
    linear_error(linear, &err);
    if (err.code == ERR_ENGINE_UNREACHABLE)
        no_engine_say(linear);
    return NULL;
}

void linear_status(struct linear *linear)
{
    cJSON *data = status_get(linear);
    if (data == NULL)
        return;
    struct view_page *page = linear_page_new();
    view_status_linear(page, data, now_of(linear));
    linear_page(linear, page);
    cJSON_Delete(data);
}

static void retry(struct linear *linear, int64_t run)
{
    char *question =
        base_printf("The table of run %lld is loaded again, as a new run.", (long long)run);
    bool yes = !linear->read_only && linear_confirm(linear, question, "retry");
    free(question);
    if (linear->read_only)
        linear_say(linear, "refused: --read-only starts nothing");
    if (!yes)
        return;
    cJSON *data = ask(linear, "runs.retry", "id", run);
    if (data == NULL)
        return;
    linear_say(linear, "batch %lld has started", (long long)base_json_i64_or(data, "batch", 0));
    cJSON_Delete(data);
    linear_watch(linear);
}

static void notice(struct linear *linear, const cJSON *show)
{
    cJSON *status = status_get(linear);
    if (status == NULL)
        return;
    struct view_page *page = linear_page_new();
    view_notice_aampe(page, show, status, now_of(linear));
    linear_page(linear, page);
    cJSON_Delete(status);
}

static void log_say(struct linear *linear, int64_t run)
{
    cJSON *data = ask(linear, "runs.log", "id", run);
    if (data)
        view_lines(linear->out, data);
    cJSON_Delete(data);
}

static void run_open(struct linear *linear, int64_t run)
{
    static const struct linear_choice choices[] = {
        {"log", "what happened in the run, in order"},
        {"notice for Aampe", "what may be told to Aampe about this run"},
        {"retry", "load the table again, as a new run; asks first"},
    };
    cJSON *show = ask(linear, "runs.show", "id", run);
    if (show == NULL)
        return;
    const cJSON *row = base_json_get(show, "run");
    const char *word = base_json_str_or(row, "word", "");
    bool again = strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0;
    view_runs_show(linear->out, show, now_of(linear));
    for (int choice = -1; choice != 0 && !linear->over;) {
        choice = linear_choose(linear, "run", choices, again ? 3 : 2, "back");
        if (choice == 1)
            log_say(linear, run);
        else if (choice == 2)
            notice(linear, show);
        else if (choice == 3)
            retry(linear, run), choice = 0;
    }
    cJSON_Delete(show);
}

static int64_t run_number(struct linear *linear, const cJSON *data)
{
    const char *answer = linear_ask(linear, "number of a run, or 0 to go back",
                                    "the numbers are those of the lines above");
    char *end = NULL;
    long long number = answer ? strtoll(answer, &end, 10) : 0;
    if (answer == NULL || answer[0] == '\0' || *end != '\0' || number < 0) {
        if (answer && answer[0])
            linear_say(linear, "\"%s\" is no number", answer);
        return 0;
    }
    (void)data;
    return number;
}

void linear_runs(struct linear *linear, bool failed_only)
{
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *data = NULL;
    base_json_add_i64(params, "limit", RUNS_SHOWN);
    if (failed_only)
        base_json_add_bool(params, "failed", true);
    if (linear_call(linear, "runs.list", params, &data, &err) != 0) {
        linear_error(linear, &err);
        return;
    }
    int count = cJSON_GetArraySize(base_json_array(data, "runs"));
    if (count == 0) {
        linear_say(linear, failed_only ? "no run has failed" : "there is no run yet");
        cJSON_Delete(data);
        return;
    }
    linear_say(linear, "%s: %d of %lld, the newest first", failed_only ? "failed runs" : "runs",
               count, (long long)base_json_i64_or(data, "total", count));
    struct view_page *page = linear_page_new();
    view_linear_runs(page, data, now_of(linear));
    linear_page(linear, page);
    int64_t run = run_number(linear, data);
    cJSON_Delete(data);
    if (run > 0)
        run_open(linear, run);
}

void linear_sync(struct linear *linear)
{
    cJSON *status = status_get(linear);
    long long total = (long long)base_json_i64_or(status, "tables_total", 0);
    bool any = status && total > 0;
    if (status && !any)
        linear_say(linear, "no tables are shared yet");
    cJSON_Delete(status);
    if (any && linear->read_only)
        linear_say(linear, "refused: --read-only starts nothing");
    if (!any || linear->read_only)
        return;
    char *question = base_printf("All %lld shared tables are read whole and published.", total);
    bool yes = linear_confirm(linear, question, "sync");
    free(question);
    cJSON *data = yes ? ask(linear, "sync.run", NULL, 0) : NULL;
    if (data == NULL)
        return;
    linear_say(linear, "batch %lld has started", (long long)base_json_i64_or(data, "batch", 0));
    cJSON_Delete(data);
    linear_watch(linear);
}

static void on_event(void *user, const cJSON *event)
{
    const char *word = base_json_str_or(base_json_get(event, "payload"), "word", "");
    bool over =
        strcmp(word, "done") == 0 || strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0;
    if (strcmp(base_json_str_or(event, "name", ""), "run.state") == 0 && over)
        *(bool *)user = true;
}

/* Until nothing runs any more or something is typed. */
void linear_watch(struct linear *linear)
{
    linear_say(linear, "watching; Enter goes back, the sync goes on");
    while (!linear->over) {
        bool ended = false;
        cJSON *status = status_get(linear);
        long long running = (long long)base_json_i64_or(status, "running", 0);
        bool known = status != NULL;
        cJSON_Delete(status);
        if (!known)
            return;
        if (running == 0) {
            linear_say(linear, "nothing is running now");
            return;
        }
        for (bool go_on = true; go_on && !ended;)
            go_on = linear_wait(linear, 1000, on_event, &ended) || ended;
        if (!ended) {
            linear_drop_line(linear);
            return;
        }
    }
}

void linear_main(struct linear *linear)
{
    static const struct linear_choice choices[] = {
        {"status", "what needs you, what is safe, and every table"},
        {"failures", "the runs that failed: why, what is safe, what to do"},
        {"runs", "the latest runs; one of them in detail"},
        {"sync now", "load all shared tables; asks first"},
        {"watch", "one line for each thing that happens, while something runs"},
        {"set-up", "its steps: what is done, what is missing, and the questions of each"},
    };
    linear_say(linear, "aampe-console %s, profile %s, linear mode; ? says what the numbers do",
               linear->cli->version, linear->cli->profile);
    cJSON *status = status_get(linear);
    if (status) {
        struct view_page *page = linear_page_new();
        view_status_page(page, status, now_of(linear));
        linear_page(linear, page);
        cJSON_Delete(status);
    }
    for (int choice = -1; choice != 0 && !linear->over;) {
        choice = linear_choose(linear, "choice", choices, base_countof(choices), "end");
        if (choice == 1)
            linear_status(linear);
        else if (choice == 2 || choice == 3)
            linear_runs(linear, choice == 2);
        else if (choice == 4)
            linear_sync(linear);
        else if (choice == 5)
            linear_watch(linear);
        else if (choice == 6)
            linear_setup(linear);
    }
    linear_say(linear, "the engine goes on");
}
