#include "ui/cli/cli.h"
#include "ui/view/status.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

static void linear_print(struct cli *cli, const cJSON *data)
{
    struct view_page *page = view_page_new(1000);
    view_status_linear(page, data, base_seam_now_us(cli->seam));
    view_page_print(page, cli->out);
    view_page_free(&page);
}

static void print(struct cli *cli, const cJSON *data)
{
    if (cli_flag(&cli->args, "line"))
        view_status_line(cli->out, data, base_seam_now_us(cli->seam));
    else if (cli_flag(&cli->args, "linear"))
        linear_print(cli, data);
    else
        view_status(cli->out, data, base_seam_now_us(cli->seam));
}

static cJSON *snapshot_read(const char *profile)
{
    char *folder = view_profile_unit(profile) ? base_printf("/run/aampe/%s", profile)
                                              : view_profile_state(profile);
    cJSON *data = view_snapshot_read(folder);
    free(folder);
    return data;
}

/* No engine may be started here: what it last said, with its age, and the exit code that says
 * nobody answered. */
static int status_stale(struct cli *cli, const struct err *err)
{
    cJSON *data = snapshot_read(cli->profile);
    if (data)
        print(cli, data);
    return view_error(cli->out, err, data);
}

/* One profile: what its engine says, else what it last said, else that it has never run. */
static int profile_add(struct cli *cli, const char *profile, cJSON *profiles)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link_options options = {
        .profile = profile, .version = cli->version, .seam = cli->seam};
    struct view_link *link = view_link_open(&options, &err);
    int code = VIEW_EXIT_NO_ENGINE;
    if (link && view_call(link, "status", NULL, &data, &err) == 0)
        code = view_status_exit(data);
    view_link_free(&link);
    if (data == NULL)
        data = snapshot_read(profile);
    if (data == NULL) {
        data = base_json_object();
        base_json_add_str(data, "profile", profile);
        base_json_add_bool(data, "stale", true);
        view_line(cli->out, "%s: its engine has not run yet", profile);
    } else if (!cli->out->json) {
        view_status_line(cli->out, data, base_seam_now_us(cli->seam));
    }
    base_json_push_take(profiles, data);
    return code;
}

/* Every P.json of the user's settings folder. The worst exit code of all: failed, then no engine,
 * then findings. */
static int status_all(struct cli *cli)
{
    char *home = base_file_config_home(), *folder = base_file_join(home, "aampe");
    cJSON *data = base_json_object();
    cJSON *profiles = base_json_add_array(data, "profiles");
    struct dirent **names = NULL;
    int count = scandir(folder, &names, NULL, alphasort), worst = VIEW_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        size_t len = strlen(names[i]->d_name);
        if (len > 5 && strcmp(names[i]->d_name + len - 5, ".json") == 0) {
            names[i]->d_name[len - 5] = '\0';
            int code = view_profile_check(names[i]->d_name, NULL) == 0
                           ? profile_add(cli, names[i]->d_name, profiles)
                           : VIEW_EXIT_DONE;
            if (worst != VIEW_EXIT_FAILED && code != VIEW_EXIT_DONE)
                worst = code == VIEW_EXIT_FAILED || worst != VIEW_EXIT_NO_ENGINE ? code : worst;
        }
        free(names[i]);
    }
    free(names);
    free(folder);
    free(home);
    view_json_ok(cli->out, data);
    return worst;
}

int cli_exec_status(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    if (cli_flag(&cli->args, "all-profiles"))
        return status_all(cli);
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
