#include "ui/cli/cli.h"
#include "ui/view/plan.h"
#include "ui/view/words.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 200 /* the most that share.plan gives at once */

int cli_share_get(struct view_link *link, const char *verb, cJSON **plan, struct err *err)
{
    *plan = NULL;
    for (int64_t offset = 0, total = 1; offset < total;) {
        cJSON *params = base_json_object(), *page = NULL;
        base_json_add_i64(params, "offset", offset);
        base_json_add_i64(params, "limit", PAGE);
        if (view_call(link, verb, params, &page, err) != 0) {
            cJSON_Delete(*plan);
            *plan = NULL;
            return -1;
        }
        cJSON *tables = cJSON_DetachItemFromObjectCaseSensitive(page, "tables");
        int count = cJSON_GetArraySize(tables);
        total = count ? base_json_i64_or(page, "total", 0) : 0;
        offset += count;
        if (*plan == NULL) {
            base_json_add_take(page, "tables", tables);
            *plan = page;
            continue;
        }
        cJSON *all = cJSON_GetObjectItemCaseSensitive(*plan, "tables"), *each;
        while ((each = cJSON_DetachItemFromArray(tables, 0)) != NULL)
            cJSON_AddItemToArray(all, each);
        int64_t warnings =
            base_json_i64_or(*plan, "warnings", 0) + base_json_i64_or(page, "warnings", 0);
        cJSON_DeleteItemFromObjectCaseSensitive(*plan, "warnings");
        base_json_add_i64(*plan, "warnings", warnings);
        cJSON_Delete(tables);
        cJSON_Delete(page);
    }
    return 0;
}

static void plan_print(struct cli *cli, const cJSON *plan)
{
    char head[300];
    int64_t now = base_seam_now_us(cli->seam);
    struct view_page *page = view_page_new(80);
    view_line(cli->out, "%s", view_plan_head(plan, now, head, sizeof head));
    view_plan(page, plan, now);
    view_page_print(page, cli->out);
    view_page_free(&page);
}

/* To a file or to another program as it is; on a terminal line by line, cleaned. */
static void text_print(struct cli *cli, const char *text)
{
    if (isatty(fileno(cli->out->text)) != 1) {
        (void)fputs(text, cli->out->text);
        return;
    }
    while (*text) {
        size_t len = strcspn(text, "\n");
        view_line(cli->out, "%.*s", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

static int plan_exit(const cJSON *plan)
{
    bool to_do = base_json_i64_or(plan, "changes", 0) > 0 || view_plan_missing(plan) > 0 ||
                 base_json_i64_or(plan, "warnings", 0) > 0;
    return to_do ? VIEW_EXIT_FINDINGS : VIEW_EXIT_DONE;
}

int cli_exec_share_plan(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *plan = NULL;
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? cli_share_get(link, "share.plan", &plan, &err) : -1;
    view_link_free(&link);
    if (rc == 0 && cli_flag(&cli->args, "patch") && base_json_i64_or(plan, "changes", 0) > 0 &&
        base_json_str(plan, "patch") == NULL) {
        rc = base_err_set(&err, ERR_CONFIG_INVALID, "the share is not managed by its file");
        base_err_hint(&err, "aampe-console share apply makes the draft the share.");
    }
    if (rc != 0) {
        cJSON_Delete(plan);
        return view_error(cli->out, &err, NULL);
    }
    int code = plan_exit(plan);
    if (cli->out->json) {
        /* the document says it all */
    } else if (cli_flag(&cli->args, "patch")) {
        text_print(cli, base_json_str_or(plan, "patch", ""));
    } else if (cli_flag(&cli->args, "sql")) {
        char *sql = view_plan_sql(plan);
        text_print(cli, sql);
        free(sql);
    } else {
        plan_print(cli, plan);
    }
    view_json_ok(cli->out, plan);
    return code;
}

static int apply_call(struct view_link *link, const cJSON *plan, cJSON **done, struct err *err)
{
    cJSON *params = base_json_object();
    base_json_add_i64(params, "revision", base_json_i64_or(plan, "revision", 0));
    return view_call(link, "share.apply", params, done, err);
}

/* What was applied, or why it was not. Takes the plan. */
static int apply_end(struct cli *cli, cJSON *plan, cJSON *done, const struct err *err)
{
    int code = done ? VIEW_EXIT_DONE : plan_exit(plan);
    if (err->code != ERR_OK) {
        cJSON_Delete(plan);
        return view_error(cli->out, err, NULL);
    }
    if (done && base_json_i64_or(done, "waiting", 0) > 0)
        code = VIEW_EXIT_FINDINGS;
    if (done && !cli->out->json) {
        struct view_page *page = view_page_new(80);
        view_plan_applied(page, done);
        view_page_print(page, cli->out);
        view_page_free(&page);
    }
    if (done) {
        cJSON_Delete(plan);
    } else {
        base_json_add_bool(plan, "changed", false);
        done = plan;
    }
    view_json_ok(cli->out, done);
    return code;
}

int cli_exec_share_apply(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *plan = NULL, *done = NULL;
    bool yes = cli_flag(&cli->args, "yes"), check = cli_flag(&cli->args, "check");
    struct view_link *link = cli_link(cli, &err);
    if (link == NULL || cli_share_get(link, "share.plan", &plan, &err) != 0) {
        view_link_free(&link);
        return view_error(cli->out, &err, NULL);
    }
    long long changes = (long long)base_json_i64_or(plan, "changes", 0);
    if (!cli->out->json)
        plan_print(cli, plan);
    if (changes > 0 && !check && !yes) {
        yes = cli_share_word(cli, changes);
        if (!yes)
            view_diag(cli->out, "nothing was changed; add --yes to go ahead");
    }
    if (changes > 0 && yes && !check)
        (void)!apply_call(link, plan, &done, &err);
    view_link_free(&link);
    return apply_end(cli, plan, done, &err);
}
