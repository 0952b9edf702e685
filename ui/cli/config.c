#include "ui/cli/cli.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "config/profile.h"

#include <stdlib.h>
#include <string.h>

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

int cli_exec_config_diff(struct cli *cli)
{
    struct err err = ERR_INIT;
    cJSON *data = NULL;
    struct view_link *link = cli_link(cli, &err);
    int rc = link ? view_call(link, "config.diff", NULL, &data, &err) : -1;
    view_link_free(&link);
    if (rc != 0)
        return view_error(cli->out, &err, NULL);
    int code = base_json_bool_or(data, "differs", false) ? VIEW_EXIT_FINDINGS : VIEW_EXIT_DONE;
    if (!cli->out->json)
        view_config_diff(cli->out, data);
    view_json_ok(cli->out, data);
    return code;
}

static cJSON *setting_schema(const struct config_setting_info *info)
{
    static const char *const types[] = {
        [CONFIG_TYPE_TEXT] = "string",   [CONFIG_TYPE_INT] = "integer",
        [CONFIG_TYPE_BYTES] = NULL,      [CONFIG_TYPE_BOOL] = "boolean",
        [CONFIG_TYPE_CHOICE] = "string", [CONFIG_TYPE_FILE] = "string",
        [CONFIG_TYPE_URL] = "string"};
    cJSON *schema = base_json_object();
    base_json_add_str(schema, "description", info->help);
    base_json_add_str(schema, "type", types[info->type]);
    base_json_add_str(schema, "default", info->fallback);
    if (info->type == CONFIG_TYPE_INT) {
        base_json_add_i64(schema, "minimum", info->min);
        base_json_add_i64(schema, "maximum", info->max);
    }
    if (info->choices) {
        cJSON *choices = base_json_add_array(schema, "enum");
        char *copy = base_strdup(info->choices), *save = NULL;
        for (char *each = strtok_r(copy, "|", &save); each; each = strtok_r(NULL, "|", &save))
            base_json_push_take(choices, cJSON_CreateString(each));
        free(copy);
    }
    return schema;
}

/* "workspace.host" stands in the object "workspace"; made when it is not there yet. */
static cJSON *properties_of(cJSON *properties, const char *key, const char **last)
{
    const char *dot = strchr(key, '.');
    *last = dot ? dot + 1 : key;
    if (dot == NULL)
        return properties;
    char *group = base_strndup(key, (size_t)(dot - key));
    cJSON *object = cJSON_GetObjectItemCaseSensitive(properties, group);
    if (object == NULL) {
        object = base_json_add_object(properties, group);
        base_json_add_str(object, "type", "object");
        base_json_add_bool(object, "additionalProperties", false);
        base_json_add_object(object, "properties");
    }
    free(group);
    return cJSON_GetObjectItemCaseSensitive(object, "properties");
}

static void share_schema(cJSON *properties)
{
    static const char *const texts[] = {"name", "mode", "filter"};
    cJSON *share = base_json_add_object(properties, "share");
    base_json_add_str(share, "type", "array");
    base_json_add_str(share, "description", "the ticked tables, sorted by name");
    cJSON *item = base_json_add_object(share, "items");
    base_json_add_str(item, "type", "object");
    cJSON *members = base_json_add_object(item, "properties");
    for (size_t i = 0; i < base_countof(texts); i++)
        base_json_add_str(base_json_add_object(members, texts[i]), "type", "string");
    cJSON *columns = base_json_add_object(members, "columns");
    base_json_add_str(columns, "type", "array");
    base_json_add_str(base_json_add_object(columns, "items"), "type", "string");
    base_json_add_str(base_json_add_object(members, "paused"), "type", "boolean");
    base_json_push_take(base_json_add_array(item, "required"), cJSON_CreateString("name"));
}

int cli_exec_config_schema(struct cli *cli)
{
    cJSON *schema = base_json_object();
    base_json_add_str(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    base_json_add_str(schema, "title", "profile of aampe-console");
    base_json_add_str(schema, "type", "object");
    cJSON *properties = base_json_add_object(schema, "properties");
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++) {
        const struct config_setting_info *info = config_setting_info((enum config_setting)i);
        const char *last;
        cJSON *where = properties_of(properties, info->key, &last);
        base_json_add_take(where, last, setting_schema(info));
    }
    cJSON *managed = base_json_add_object(properties, "managed_by");
    cJSON *choices = base_json_add_array(managed, "enum");
    base_json_push_take(choices, cJSON_CreateString("console"));
    base_json_push_take(choices, cJSON_CreateString("file"));
    share_schema(properties);
    if (!cli->out->json) {
        char *text = base_json_print_pretty(schema), *save = NULL;
        for (char *c = text; *c != '\0'; c++)
            *c = *c == '\t' ? ' ' : *c;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
            view_line(cli->out, "%s", line);
        free(text);
    }
    view_json_ok(cli->out, schema);
    return VIEW_EXIT_DONE;
}
