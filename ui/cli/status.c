#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <stdlib.h>

#define SNAPSHOT_MAX ((size_t)8 << 20)

static void print(struct cli *cli, const cJSON *data)
{
    if (cli_flag(&cli->args, "line"))
        view_status_line(cli->out, data);
    else
        view_status(cli->out, data);
}

/* No engine may be started here: what it last said, with its age, and the exit code that says
 * nobody answered. */
static int status_stale(struct cli *cli, const struct err *err)
{
    struct buf text;
    char *folder = view_profile_unit(cli->profile) ? base_printf("/run/aampe/%s", cli->profile)
                                                   : view_profile_state(cli->profile);
    char *path = base_file_join(folder, "snapshot.json");
    cJSON *data = NULL;
    base_buf_init(&text, SNAPSHOT_MAX);
    if (base_file_read(path, SNAPSHOT_MAX, &text, NULL) == 0)
        data = base_json_parse(text.data, text.len, SNAPSHOT_MAX, NULL);
    if (data) {
        base_json_add_bool(data, "stale", true);
        print(cli, data);
    }
    base_buf_free(&text);
    free(path);
    free(folder);
    return view_error(cli->out, err, data);
}

int cli_exec_status(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link(cli, &err);
    if (link == NULL && err.code == ERR_ENGINE_UNREACHABLE)
        return status_stale(cli, &err);
    if (link == NULL)
        return view_error(cli->out, &err, NULL);
    int rc = view_call(link, "status", NULL, &data, &err);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    int code = view_status_exit(data);
    if (!cli->out->json)
        print(cli, data);
    view_json_ok(cli->out, data);
    return code;
}
