#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/json.h"
#include "config/profile.h"

#include <stdlib.h>

int cli_exec_config_get(struct cli *cli)
{
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", cli->args.operands.items[0]);
    return cli_look(cli, "config.get", params, view_config_get);
}

int cli_exec_config_set(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    bool check = cli_flag(&cli->args, "check");
    struct view_link *link = cli_link(cli, &err);
    if (link == NULL)
        return view_error(cli->out, &err, NULL);
    cJSON *params = base_json_object();
    base_json_add_str(params, "name", cli->args.operands.items[0]);
    base_json_add_str(params, "value", cli->args.operands.items[1]);
    base_json_add_bool(params, "check", check);
    int rc = view_call(link, "config.set", params, &data, &err);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    int code = check && base_json_bool_or(data, "would_change", false) ? VIEW_EXIT_FINDINGS
                                                                       : VIEW_EXIT_DONE;
    if (!cli->out->json)
        view_config_set(cli->out, data);
    view_json_ok(cli->out, data);
    return code;
}

int cli_exec_config_dump(struct cli *cli)
{
    return cli_look(cli, "config.dump", NULL, view_config_dump);
}

/* Offline: reads the file itself, so that it works in a pipeline and on a host without an engine.
 */
int cli_exec_config_check(struct cli *cli)
{
    struct err err = ERR_INIT;
    char *own = view_profile_file(cli->profile);
    const char *path = cli->args.operands.count ? cli->args.operands.items[0] : own;
    cJSON *data = base_json_object();
    base_json_add_str(data, "file", path);
    struct config_profile *profile = config_profile_load(path, &err);
    int rc = profile ? config_profile_check(profile, &err) : -1;
    if (profile)
        base_json_add_i64(data, "tables", (int64_t)config_profile_share(profile)->count);
    config_profile_free(&profile);
    base_json_add_bool(data, "valid", rc == 0);
    int code = VIEW_EXIT_DONE;
    if (rc == 0) {
        view_line(cli->out, "%s: good", path);
        view_json_ok(cli->out, data);
    } else {
        code = view_error(cli->out, &err, data);
    }
    free(own);
    return code;
}
