#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cli_exec_share_list(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? cli_share_get(link, "share.list", &data, &err) : -1;
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    if (!cli->out->json)
        view_share_list(cli->out, data);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

/* Every --column given, in order. */
static void columns_add(struct cli *cli, cJSON *params)
{
    cJSON *columns = NULL;
    for (size_t i = 0; i < cli->args.given.count; i++) {
        if (strcmp(cli->args.given.items[i].option->name, "column") != 0)
            continue;
        if (columns == NULL)
            columns = base_json_add_array(params, "columns");
        base_json_push_take(columns, cJSON_CreateString(cli->args.given.items[i].value));
    }
}

static int share_call(struct cli *cli, struct view_link *link, const char *verb, bool apply,
                      cJSON **data, struct err *err)
{
    cJSON *params = base_json_object();
    base_json_add_bool(params, "apply", apply);
    if (cli_tables(cli, params, err) != 0) {
        cJSON_Delete(params);
        return -1;
    }
    columns_add(cli, params);
    return view_call(link, verb, params, data, err);
}

/* The typed word: how many changes the plan has. */
bool cli_share_word(struct cli *cli, long long changes)
{
    char line[64], word[32];
    if (cli->out->json || isatty(STDIN_FILENO) != 1)
        return false;
    snprintf(word, sizeof word, "apply %lld", changes);
    view_diag(cli->out, "type \"%s\" to go ahead:", word);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, word) == 0;
}

/* What the exit code says: done, or something is left to look at. */
static int share_exit(const cJSON *data, bool applied)
{
    bool warned = base_json_i64_or(data, "warnings", 0) > 0;
    bool to_do = base_json_i64_or(data, "changes", 0) > 0 && !applied;
    return warned || to_do ? VIEW_EXIT_FINDINGS : VIEW_EXIT_DONE;
}

static int share_change(struct cli *cli, const char *verb)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    bool yes = cli_flag(&cli->args, "yes"), check = cli_flag(&cli->args, "check");
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? share_call(cli, link, verb, yes && !check, &data, &err) : -1;
    bool applied = yes && !check;
    if (rc == 0 && !cli->out->json)
        view_share_plan(cli->out, data);
    if (rc == 0 && !applied && !check && base_json_i64_or(data, "changes", 0) > 0) {
        applied = cli_share_word(cli, (long long)base_json_i64_or(data, "changes", 0));
        if (applied) {
            cJSON_Delete(data);
            data = NULL;
            rc = share_call(cli, link, verb, true, &data, &err);
            if (rc == 0)
                view_line(cli->out, "done");
        } else {
            view_diag(cli->out, "nothing was changed; add --yes to go ahead");
        }
    }
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    int code = share_exit(data, applied);
    view_json_ok(cli->out, data);
    return code;
}

int cli_exec_share_add(struct cli *cli)
{
    return share_change(cli, "share.add");
}

int cli_exec_share_remove(struct cli *cli)
{
    return share_change(cli, "share.remove");
}
