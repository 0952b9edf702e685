#include "ui/cli/cli.h"
#include "ui/view/audit.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * 1000000)

/* A time, or a span back from now: 24h, 7d. */
static int moment(struct cli *cli, cJSON *params, const char *name, struct err *err)
{
    const char *text = cli_value(&cli->args, name);
    int64_t us = 0;
    char unit = '\0', rest = '\0';
    unsigned count = 0;
    if (text == NULL)
        return 0;
    if (base_time_parse(text, &us) != 0) {
        if (sscanf(text, "%5u%c%c", &count, &unit, &rest) != 2 || (unit != 'h' && unit != 'd'))
            return base_err_set(err, ERR_USAGE,
                                "--%s is a time like 2026-11-23T01:02:03Z, or 24h, 7d", name);
        us = base_seam_now_us(cli->seam) - (int64_t)count * HOUR_US * (unit == 'd' ? 24 : 1);
    }
    base_json_add_time(params, name, us);
    return 0;
}

static int params_read(struct cli *cli, cJSON *params, struct err *err)
{
    int64_t limit = 0;
    bool read = cli_flag(&cli->args, "read");
    if (moment(cli, params, "since", err) != 0 || moment(cli, params, "until", err) != 0 ||
        cli_number(&cli->args, "limit", 200, 1, 500, &limit, err) != 0)
        return -1;
    base_json_add_str(params, "filter", cli_value(&cli->args, "filter"));
    base_json_add_str(params, "who", cli_value(&cli->args, "by"));
    base_json_add_str(params, "verdict", cli_value(&cli->args, "verdict"));
    base_json_add_i64(params, "limit", limit);
    base_json_add_str(params, "read", read ? "now" : "auto");
    base_json_add_bool(params, "start", read);
    return 0;
}

int cli_exec_audit_list(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *params = base_json_object(), *data = NULL;
    if (params_read(cli, params, &err) != 0) {
        cJSON_Delete(params);
        return view_error(cli->out, &err, NULL);
    }
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? view_call(link, "audit.list", params, &data, &err) : -1;
    if (link == NULL)
        cJSON_Delete(params);
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    int code = view_audit_exit(data);
    if (!cli->out->json)
        view_audit_list(cli->out, data);
    view_json_ok(cli->out, data);
    return code;
}
