#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/json.h"
#include "model/name.h"

#include <stdlib.h>

/* The one operand, as the name it means. NULL with the error printed and *code set. */
static cJSON *table_params(struct cli *cli, int *code)
{
    struct err err = ERR_INIT;
    struct model_name name = {0};
    if (model_name_parse(cli->args.operands.items[0], &name, &err) != 0) {
        *code = view_error(cli->out, &err, NULL);
        return NULL;
    }
    cJSON *params = base_json_object();
    char *text = model_name_text(&name);
    base_json_add_str(params, "table", text);
    free(text);
    model_name_free(&name);
    return params;
}

int cli_exec_show(struct cli *cli)
{
    int code = 0;
    cJSON *params = table_params(cli, &code);
    if (params == NULL)
        return code;
    base_json_add_bool(params, "stats", cli_flag(&cli->args, "stats"));
    base_json_add_bool(params, "try", cli_flag(&cli->args, "try"));
    return cli_look(cli, "show", params, view_show);
}

int cli_exec_preview(struct cli *cli)
{
    int code = 0;
    int64_t limit = 0;
    struct err err = ERR_INIT;
    if (cli_number(&cli->args, "limit", 20, 1, 1000, &limit, &err) != 0)
        return view_error(cli->out, &err, NULL);
    if (cli_flag(&cli->args, "reveal") && cli_flag(&cli->args, "read-only")) {
        base_err_set(&err, ERR_NOT_PERMITTED,
                     "--reveal is refused with --read-only: it is recorded");
        return view_error(cli->out, &err, NULL);
    }
    cJSON *params = table_params(cli, &code);
    if (params == NULL)
        return code;
    base_json_add_i64(params, "limit", limit);
    base_json_add_bool(params, "reveal", cli_flag(&cli->args, "reveal"));
    return cli_look(cli, "preview", params, view_preview);
}
