#include "ui/cli/cli.h"

#include "base/json.h"

#include <string.h>

static const char *retry_name(enum err_retry retry)
{
    return retry == ERR_RETRY_YES  ? "yes"
           : retry == ERR_RETRY_NO ? "no"
                                   : "asks the other side first";
}

static cJSON *code_json(enum err_code code)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "code", base_err_name(code));
    base_json_add_str(json, "class", base_err_class_name(base_err_class(code)));
    base_json_add_str(json, "retry",
                      base_err_retry(code) == ERR_RETRY_YES  ? "yes"
                      : base_err_retry(code) == ERR_RETRY_NO ? "no"
                                                             : "unknown");
    base_json_add_str(json, "cause", base_err_cause(code));
    base_json_add_str(json, "fix", base_err_fix(code));
    return json;
}

static int explain_all(struct cli *cli)
{
    static const char *const columns[] = {"code", "class", "cause", NULL};
    struct view_table *table = view_table_new(columns);
    cJSON *data = base_json_object();
    cJSON *codes = base_json_add_array(data, "codes");
    for (int code = ERR_OK + 1; code < ERR_COUNT; code++) {
        const char *cells[] = {base_err_name(code), base_err_class_name(base_err_class(code)),
                               base_err_cause(code)};
        view_table_row(table, STYLE_PLAIN, cells);
        base_json_push_take(codes, code_json(code));
    }
    view_table_print(&table, cli->out);
    view_json_ok(cli->out, data);
    return VIEW_EXIT_DONE;
}

int cli_exec_explain(struct cli *cli)
{
    struct view_out *out = cli->out;
    if (cli->args.operands.count == 0)
        return explain_all(cli);
    const char *name = cli->args.operands.items[0];
    enum err_code code = base_err_by_name(name);
    if (code == ERR_COUNT || code == ERR_OK) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_USAGE, "there is no error code \"%s\"", name);
        base_err_hint(&err, "`aampe-console explain` lists all codes.");
        return view_error(out, &err, NULL);
    }
    view_put(out, STYLE_HEAD, "%s", base_err_name(code));
    view_end(out);
    view_line(out, "  class  %s", base_err_class_name(base_err_class(code)));
    view_line(out, "  cause  %s", base_err_cause(code));
    view_line(out, "  do     %s", base_err_fix(code));
    view_line(out, "  retry  %s", retry_name(base_err_retry(code)));
    view_json_ok(out, code_json(code));
    return VIEW_EXIT_DONE;
}
