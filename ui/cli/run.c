#include "ui/cli/cli.h"

#include "base/json.h"
#include "model/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int (*const execs[])(struct cli *cli) = {
#define COMMAND(id, words, arguments, class, brief, more) [CLI_ID_##id] = cli_exec_##id,
#define OPTION(id, name, argument, brief)
#define GLOBAL(name, argument, brief)
#include "ui/cli/commands.def"
#undef COMMAND
#undef OPTION
#undef GLOBAL
};

int cli_run(struct cli *cli)
{
    const struct cli_command *command = cli->args.command;
    if (command == NULL)
        command = cli_command_at(CLI_ID_status);
    if (cli_flag(&cli->args, "read-only") && command->class != CLI_LOOK) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_NOT_PERMITTED, "\"%s\" is refused with --read-only", command->words);
        base_err_hint(&err, "Leave out --read-only to let this command %s.",
                      command->class == CLI_RUN ? "start or stop our own work"
                                                : "change something");
        return view_error(cli->out, &err, NULL);
    }
    return execs[command->id](cli);
}

static struct view_link *link_open(struct cli *cli, bool start, struct err *err)
{
    struct view_link_options options = {.profile = cli->profile,
                                        .socket = cli->socket,
                                        .version = cli->version,
                                        .seam = cli->seam,
                                        .out = cli->out,
                                        .start = start};
    return view_link_open(&options, err);
}

struct view_link *cli_link(struct cli *cli, struct err *err)
{
    return link_open(cli, cli->socket == NULL, err);
}

struct view_link *cli_link_only(struct cli *cli, struct err *err)
{
    return link_open(cli, false, err);
}

/* link NULL: err says why there is none. */
static int look(struct cli *cli, struct view_link *take_link, const char *verb, cJSON *take_params,
                void (*print)(struct view_out *out, const cJSON *data), struct err *err)
{
    cJSON *data = NULL;
    int rc = take_link ? view_call(take_link, verb, take_params, &data, err) : -1;
    if (take_link == NULL)
        cJSON_Delete(take_params);
    view_link_free(&take_link);
    if (rc != 0)
        return view_error(cli->out, err, NULL);
    if (!cli->out->json)
        print(cli->out, data);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

int cli_look(struct cli *cli, const char *verb, cJSON *take_params,
             void (*print)(struct view_out *out, const cJSON *data))
{
    struct err err = ERR_INIT;
    struct view_link *link = cli_link(cli, &err);
    return look(cli, link, verb, take_params, print, &err);
}

int cli_look_only(struct cli *cli, const char *verb, cJSON *take_params,
                  void (*print)(struct view_out *out, const cJSON *data))
{
    struct err err = ERR_INIT;
    struct view_link *link = cli_link_only(cli, &err);
    return look(cli, link, verb, take_params, print, &err);
}

int cli_run_id(struct cli *cli, size_t operand, int64_t *id, struct err *err)
{
    const char *text = cli->args.operands.items[operand];
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || number <= 0)
        return base_err_set(err, ERR_USAGE, "\"%s\" is not the number of a run", text);
    *id = number;
    return 0;
}

int cli_tables(struct cli *cli, cJSON *params, struct err *err)
{
    if (cli->args.operands.count == 0)
        return 0;
    cJSON *tables = base_json_add_array(params, "tables");
    for (size_t i = 0; i < cli->args.operands.count; i++) {
        struct model_name name = {0};
        if (model_name_parse(cli->args.operands.items[i], &name, err) != 0)
            return -1;
        char *text = model_name_text(&name);
        base_json_push_take(tables, cJSON_CreateString(text));
        free(text);
        model_name_free(&name);
    }
    return 0;
}
