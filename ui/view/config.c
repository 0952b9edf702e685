#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>

static const char *value_text(const cJSON *data, const char *key)
{
    const char *value = base_json_str(data, key);
    return value ? value : "(not set)";
}

void view_config_get(struct view_out *out, const cJSON *data)
{
    view_line(out, "%s", value_text(data, "value"));
}

void view_config_set(struct view_out *out, const cJSON *data)
{
    const char *name = base_json_str_or(data, "name", "");
    if (!base_json_bool_or(data, "would_change", false))
        view_line(out, "%s is %s already", name, value_text(data, "after"));
    else
        view_line(out, "%s: %s -> %s%s", name, value_text(data, "before"),
                  value_text(data, "after"),
                  base_json_bool_or(data, "changed", false) ? "" : " (not changed: --check)");
}

void view_config_diff(struct view_out *out, const cJSON *data)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "settings"))
    {
        view_line(out, "%s: the engine uses %s, the file says %s",
                  base_json_str_or(each, "name", ""), value_text(each, "engine"),
                  value_text(each, "file"));
    }
    cJSON_ArrayForEach(each, base_json_array(data, "only_in_file"))
    {
        view_line(out, "+ %s  (only in the file)", each->valuestring);
    }
    cJSON_ArrayForEach(each, base_json_array(data, "only_in_engine"))
    {
        view_line(out, "- %s  (only in the engine)", each->valuestring);
    }
    view_line(out, "%s",
              base_json_bool_or(data, "differs", false)
                  ? "the file differs; aampe-console engine reload takes it over"
                  : "no difference");
}

void view_config_dump(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {"setting", "value", "from", "meaning", NULL};
    struct view_table *table = view_table_new(columns);
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "settings"))
    {
        const char *cells[] = {base_json_str(each, "name"), base_json_str(each, "value"),
                               base_json_str(each, "source"), base_json_str(each, "help")};
        view_table_row(table, STYLE_PLAIN, cells);
    }
    view_table_print(&table, out);
    if (base_json_get(data, "error")) {
        char *error = view_error_text(data, "error");
        view_line(out, "the file %s is not used: %s", base_json_str_or(data, "file", ""), error);
        free(error);
    }
}

void view_secrets_set(struct view_out *out, const cJSON *data)
{
    view_line(out, "%s: %s, fingerprint %s", base_json_str_or(data, "name", ""),
              base_json_bool_or(data, "changed", false) ? "stored" : "the same as before",
              base_json_str_or(data, "fingerprint", ""));
    if (base_json_str(data, "old_vault"))
        view_line(out,
                  "in a new vault: the key of the old one is not here; it is kept as %s, and what "
                  "else was in it is to be entered anew",
                  base_json_str(data, "old_vault"));
}
