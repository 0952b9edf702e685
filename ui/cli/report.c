#include "ui/cli/cli.h"
#include "ui/view/notice.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

static int report_print(struct cli *cli, const char *reader, const cJSON *show, const cJSON *status)
{
    int64_t now = base_seam_now_us(cli->seam);
    struct view_page *page = view_page_new(80);
    char number[32];
    if (strcmp(reader, "aampe") == 0)
        view_notice_aampe(page, show, status, now);
    else
        view_notice_ticket(page, show, status, now);
    view_page_print(page, cli->out);
    if (cli->out->json) {
        cJSON *data = base_json_object();
        char *text = view_page_text(page);
        view_notice_number(number, show, status);
        base_json_add_i64(data, "run", base_json_i64_or(base_json_get(show, "run"), "id", 0));
        base_json_add_str(data, "notice", number);
        base_json_add_str(data, "for", reader);
        base_json_add_str(data, "text", text);
        free(text);
        view_json_ok(cli->out, data);
    }
    view_page_free(&page);
    return VIEW_EXIT_DONE;
}

int cli_exec_runs_report(struct cli *cli)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    cJSON *params = base_json_object(), *show = NULL, *status = NULL;
    const char *reader = cli_value(&cli->args, "for");
    reader = reader ? reader : "aampe";
    int rc = 0;
    if (strcmp(reader, "aampe") != 0 && strcmp(reader, "ticket") != 0)
        rc = base_err_set(&err, ERR_USAGE, "--for is aampe or ticket, not \"%s\"", reader);
    if (rc == 0 && cli->args.operands.count)
        rc = cli_run_id(cli, 0, &id, &err);
    if (id)
        base_json_add_i64(params, "id", id);
    struct view_link *link = rc == 0 ? cli_link(cli, &err) : NULL;
    rc = link ? view_call(link, "runs.show", params, &show, &err) : -1;
    if (link == NULL)
        cJSON_Delete(params);
    if (rc == 0)
        rc = view_call(link, "status", NULL, &status, &err);
    int code = rc == 0 ? report_print(cli, reader, show, status) : view_error(cli->out, &err, NULL);
    view_link_free(&link);
    cJSON_Delete(show);
    cJSON_Delete(status);
    return code;
}
