#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/json.h"

/* How often the report is asked for while no event comes. */
#define LOOK_US 5000000
#define LIVE_US 1000000 /* and how often the numbers on a terminal are made anew */
#define REPORT_PAGE 100

int cli_exec_sync_plan(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *params = base_json_object();
    if (cli_tables(cli, params, &err) != 0) {
        cJSON_Delete(params);
        return view_error(cli->out, &err, NULL);
    }
    return cli_look(cli, "sync.plan", params, view_sync_plan);
}

/* tables: the names in the command line; used where batch is 0. */
static int page_get(struct view_link *link, const char *verb, int64_t batch, const cJSON *tables,
                    int64_t offset, int64_t limit, cJSON **page, struct err *err)
{
    cJSON *params = base_json_object();
    if (batch)
        base_json_add_i64(params, "batch", batch);
    else if (tables)
        base_json_add_take(params, "tables", cJSON_Duplicate(tables, true));
    base_json_add_i64(params, "offset", offset);
    base_json_add_i64(params, "limit", limit);
    return view_call(link, verb, params, page, err);
}

/* The verified report, put together from its pages. */
static cJSON *report_verify(struct view_link *link, int64_t batch, const cJSON *names,
                            struct err *err)
{
    cJSON *report = NULL;
    bool verified = true;
    for (int64_t offset = 0, total = 1; offset < total;) {
        cJSON *page = NULL;
        if (page_get(link, "sync.verify", batch, names, offset, REPORT_PAGE, &page, err) != 0) {
            cJSON_Delete(report);
            return NULL;
        }
        cJSON *tables = cJSON_DetachItemFromObject(page, "tables");
        int count = cJSON_GetArraySize(tables);
        verified = verified && count > 0 && base_json_bool_or(page, "verified", false);
        offset += count;
        total = count ? base_json_i64_or(page, "total", 0) : 0;
        if (report == NULL) {
            report = page;
            cJSON_DeleteItemFromObject(report, "verified");
            base_json_add_array(report, "tables");
        } else {
            cJSON_Delete(page);
        }
        cJSON *all = cJSON_GetObjectItemCaseSensitive(report, "tables");
        while (tables && tables->child)
            base_json_push_take(all, cJSON_DetachItemFromArray(tables, 0));
        cJSON_Delete(tables);
    }
    base_json_add_bool(report, "verified", verified);
    return report;
}

static int live_show(struct cli *cli, struct view_link *link, struct view_progress *progress,
                     int64_t batch, struct err *err)
{
    cJSON *params = base_json_object(), *live = NULL;
    base_json_add_i64(params, "batch", batch);
    if (view_call(link, "runs.live", params, &live, err) != 0)
        return -1;
    view_progress_live(progress, live, base_seam_now_us(cli->seam));
    cJSON_Delete(live);
    return 0;
}

/* 1: the batch is over, 0: interrupted, -1. */
static int batch_follow(struct cli *cli, struct view_link *link, int64_t batch, struct err *err)
{
    struct view_progress *progress = view_progress_new(cli->out, batch);
    int64_t looked_us = 0, live_us = 0;
    int over = 0, rc = 0;
    bool changed = true;
    while (rc >= 0 && !over && !*cli->interrupted) {
        int64_t now = base_seam_mono_us(cli->seam);
        if (changed || now - looked_us >= LOOK_US) {
            cJSON *report = NULL;
            rc = page_get(link, "sync.report", batch, NULL, 0, 1, &report, err);
            over = rc == 0 && base_json_bool_or(report, "over", false);
            looked_us = now;
            changed = false;
            cJSON_Delete(report);
            continue;
        }
        if (view_progress_wanted(progress) && now - live_us >= LIVE_US) {
            live_us = now;
            rc = live_show(cli, link, progress, batch, err);
            continue;
        }
        cJSON *event = NULL;
        rc = view_event(link, 500, &event, err);
        if (rc > 0) {
            view_progress_event(progress, event);
            changed = base_json_i64_or(base_json_get(event, "payload"), "batch", 0) == batch;
            cJSON_Delete(event);
        }
    }
    /* What was said before the report was made. */
    cJSON *event = NULL;
    while (over && view_event(link, 0, &event, NULL) > 0) {
        view_progress_event(progress, event);
        cJSON_Delete(event);
    }
    view_progress_free(&progress);
    return rc < 0 ? -1 : over;
}

cJSON *cli_batch_report(struct cli *cli, struct view_link *link, int64_t batch, struct err *err)
{
    return batch_follow(cli, link, batch, err) > 0 ? report_verify(link, batch, NULL, err) : NULL;
}

/* The first table that is not done gives the document its error. */
void cli_report_error(const cJSON *report, struct err *err)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(report, "tables"))
    {
        const cJSON *error = base_json_get(each, "error");
        if (error == NULL)
            error = base_json_get(each, "verify_error");
        if (error && err->code == ERR_OK) {
            base_err_from_json(err, error);
            base_err_context(err, "%s", base_json_str_or(each, "name", ""));
        }
    }
    if (err->code == ERR_OK)
        base_err_set(err, ERR_SRC_UNCLASSIFIED, "not every table was synced and verified");
}

/* The report on stdout; the exit code says whether everything in it is as it should be. */
static int report_say(struct cli *cli, cJSON *take_report)
{
    struct err err = ERR_INIT;
    if (!cli->out->json)
        view_report(cli->out, take_report);
    if (base_json_bool_or(take_report, "verified", false)) {
        view_json_ok(cli->out, take_report);
        return VIEW_EXIT_DONE;
    }
    cli_report_error(take_report, &err);
    view_error(cli->out, &err, take_report);
    return VIEW_EXIT_FAILED;
}

int cli_exec_sync_verify(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *report = NULL;
    int rc = cli_tables(cli, params, &err);
    struct view_link *link = rc == 0 ? cli_link(cli, &err) : NULL;
    if (link)
        report = report_verify(link, 0, base_json_array(params, "tables"), &err);
    view_link_free(&link);
    cJSON_Delete(params);
    return report ? report_say(cli, report) : view_error(cli->out, &err, NULL);
}

int cli_batch_wait(struct cli *cli, struct view_link *link, int64_t batch)
{
    struct err err = ERR_INIT;
    cJSON *report = cli_batch_report(cli, link, batch, &err);
    if (report == NULL && err.code == ERR_OK) {
        base_err_set(&err, ERR_CANCELLED_BY_USER, "interrupted; the sync goes on in the engine");
        base_err_hint(&err, "aampe-console runs list --batch %lld", (long long)batch);
        view_error(cli->out, &err, NULL);
        return VIEW_EXIT_USER;
    }
    if (report == NULL)
        return view_error(cli->out, &err, NULL);
    return report_say(cli, report);
}

int cli_exec_sync_run(struct cli *cli)
{
    static const char *const events[] = {"run.state", "run.progress", "warehouse.start", NULL};
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *data = NULL;
    bool wait = cli_flag(&cli->args, "wait");
    base_json_add_bool(params, "allow_empty", cli_flag(&cli->args, "allow-empty"));
    int rc = cli_tables(cli, params, &err);
    struct view_link *link = rc == 0 ? cli_link(cli, &err) : NULL;
    rc = link && wait ? view_subscribe(link, events, &err) : link ? 0 : -1;
    if (rc == 0)
        rc = view_call(link, "sync.run", params, &data, &err);
    else
        cJSON_Delete(params);
    int64_t batch = base_json_i64_or(data, "batch", 0);
    long long runs = (long long)base_json_i64_or(data, "runs", 0);
    int code;
    if (rc != 0) {
        code = view_error(cli->out, &err, NULL);
    } else if (wait) {
        view_diag(cli->out, "batch %lld, %lld table%s", (long long)batch, runs,
                  runs == 1 ? "" : "s");
        cJSON_Delete(data);
        code = cli_batch_wait(cli, link, batch);
    } else {
        view_line(cli->out,
                  "batch %lld started, %lld table%s; aampe-console runs list --batch %lld",
                  (long long)batch, runs, runs == 1 ? "" : "s", (long long)batch);
        view_json_ok(cli->out, data);
        code = VIEW_EXIT_DONE;
    }
    view_link_free(&link);
    return code;
}
