#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/types.h>
#include <unistd.h>

#define END_MS 60000

int cli_exec_engine_status(struct cli *cli)
{
    return cli_look_only(cli, "engine.status", NULL, view_engine_status);
}

int cli_exec_engine_start(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link(cli, &err);
    if (link == NULL)
        return view_error(cli->out, &err, NULL);
    bool started = view_link_started(link);
    int rc = view_call(link, "engine.status", NULL, &data, &err);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    base_json_add_bool(data, "changed", started);
    if (!started)
        view_line(cli->out, "it runs already");
    if (!cli->out->json)
        view_engine_status(cli->out, data);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

static void stop_print(struct view_out *out, const cJSON *data)
{
    if (!base_json_bool_or(data, "changed", false))
        view_line(out, "no engine runs");
    else
        view_line(out, "engine stopped%s",
                  base_json_i64_or(data, "active_runs", 0) ? "; its runs go on at the next start"
                                                           : "");
}

void cli_engine_end_wait(pid_t pid)
{
    struct pollfd process = {.fd = pid > 0 ? pidfd_open(pid, 0) : -1, .events = POLLIN};
    if (process.fd < 0)
        return;
    while (poll(&process, 1, END_MS) < 0 && errno == EINTR)
        continue;
    close(process.fd);
}

/* Stopping a stopped engine is no error. */
int cli_exec_engine_stop(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link_only(cli, &err);
    bool running = link != NULL;
    if (link == NULL && err.code != ERR_ENGINE_UNREACHABLE)
        return view_error(cli->out, &err, NULL);
    base_err_clear(&err);
    int rc = running ? view_call(link, "engine.stop", NULL, &data, &err) : 0;
    view_link_free(&link);
    if (rc == 0 && running)
        cli_engine_end_wait((pid_t)base_json_i64_or(data, "pid", 0));
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    if (data == NULL)
        data = base_json_object();
    base_json_add_bool(data, "changed", running);
    stop_print(cli->out, data);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

static void reload_print(struct view_out *out, const cJSON *data)
{
    view_line(out, "%s%s",
              base_json_bool_or(data, "changed", false) ? "the new settings are in use"
                                                        : "nothing has changed",
              base_json_bool_or(data, "pending", false) ? " once the running work is over" : "");
}

int cli_exec_engine_reload(struct cli *cli)
{
    return cli_look_only(cli, "engine.reload", NULL, reload_print);
}

int cli_exec_engine_log(struct cli *cli)
{
    struct err err = ERR_INIT;
    int64_t lines = 0;
    if (cli_number(&cli->args, "lines", 50, 1, 1000, &lines, &err) != 0)
        return view_error(cli->out, &err, NULL);
    cJSON *params = base_json_object();
    base_json_add_i64(params, "lines", lines);
    return cli_look_only(cli, "engine.log", params, view_lines);
}
