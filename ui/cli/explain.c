#include "ui/cli/cli.h"

#include "base/json.h"
#include "ui/view/explain.h"

#include <string.h>

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
        base_json_push_take(codes, view_explain_json(code));
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
    enum err_code code = view_explain_code(name);
    if (code == ERR_COUNT) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_USAGE, "there is no error code \"%s\"", name);
        base_err_hint(&err, "`aampe-console explain` lists all codes.");
        return view_error(out, &err, NULL);
    }
    struct view_page *page = view_page_new(80);
    view_explain(page, code);
    view_page_print(page, out);
    view_page_free(&page);
    view_json_ok(out, view_explain_json(code));
    return VIEW_EXIT_DONE;
}
