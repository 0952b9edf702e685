#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/json.h"

int cli_exec_runs_list(struct cli *cli)
{
    struct err err = ERR_INIT;
    int64_t limit = 0, batch = 0;
    if (cli_number(&cli->args, "limit", 20, 1, 500, &limit, &err) != 0 ||
        cli_number(&cli->args, "batch", 0, 1, INT64_MAX, &batch, &err) != 0)
        return view_error(cli->out, &err, NULL);
    cJSON *params = base_json_object();
    base_json_add_i64(params, "limit", limit);
    if (batch)
        base_json_add_i64(params, "batch", batch);
    base_json_add_str(params, "filter", cli_value(&cli->args, "filter"));
    return cli_look(cli, "runs.list", params, view_runs_list);
}

/* Params {"id"}; NULL with the error printed and *code set. */
static cJSON *id_params(struct cli *cli, int *code)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    if (cli->args.operands.count && cli_run_id(cli, 0, &id, &err) != 0) {
        *code = view_error(cli->out, &err, NULL);
        return NULL;
    }
    cJSON *params = base_json_object();
    if (id)
        base_json_add_i64(params, "id", id);
    return params;
}

int cli_exec_runs_show(struct cli *cli)
{
    struct err err = ERR_INIT;
    int code = 0;
    cJSON *params = id_params(cli, &code), *data = NULL;
    if (params == NULL)
        return code;
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? view_call(link, "runs.show", params, &data, &err) : -1;
    if (link == NULL)
        cJSON_Delete(params);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    if (!cli->out->json)
        view_runs_show(cli->out, data, base_seam_now_us(cli->seam));
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

int cli_exec_runs_log(struct cli *cli)
{
    int code = 0;
    cJSON *params = id_params(cli, &code);
    return params ? cli_look(cli, "runs.log", params, view_lines) : code;
}

static void cancel_print(struct view_out *out, const cJSON *data)
{
    view_line(out, "run %lld is being cancelled; nothing of it will be published",
              (long long)base_json_i64_or(data, "run", 0));
}

int cli_exec_runs_cancel(struct cli *cli)
{
    int code = 0;
    cJSON *params = id_params(cli, &code);
    return params ? cli_look(cli, "runs.cancel", params, cancel_print) : code;
}

static int retry_wait(struct cli *cli, cJSON *take_params)
{
    static const char *const events[] = {"run.state", "run.progress", "warehouse.start", NULL};
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? view_subscribe(link, events, &err) : -1;
    if (rc == 0)
        rc = view_call(link, "runs.retry", take_params, &data, &err);
    else
        cJSON_Delete(take_params);
    int64_t batch = base_json_i64_or(data, "batch", 0);
    cJSON_Delete(data);
    int code = rc == 0 ? cli_batch_wait(cli, link, batch) : view_error(cli->out, &err, NULL);
    view_link_free(&link);
    return code;
}

static void retry_print(struct view_out *out, const cJSON *data)
{
    long long batch = (long long)base_json_i64_or(data, "batch", 0);
    view_line(out, "run %lld is tried again in batch %lld; aampe-console runs list --batch %lld",
              (long long)base_json_i64_or(data, "run", 0), batch, batch);
}

int cli_exec_runs_retry(struct cli *cli)
{
    int code = 0;
    cJSON *params = id_params(cli, &code);
    if (params == NULL)
        return code;
    return cli_flag(&cli->args, "wait") ? retry_wait(cli, params)
                                        : cli_look(cli, "runs.retry", params, retry_print);
}
