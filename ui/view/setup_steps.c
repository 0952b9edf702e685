/* The steps of set-up as a table, and small questions about them. */
#include "ui/view/setup.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "config/profile.h"
#include "ui/view/link.h"
#include "ui/view/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct view_setup_step steps[VIEW_SETUP_STEPS] = {
    {"workspace",
     "workspace",
     "paste its address as the browser shows it",
     "anybody who can open the workspace in a browser",
     "its address; path and query are dropped",
     "done when it answers as a workspace",
     "config set workspace.host %s",
     "URL",
     {{"workspace.host", "Workspace URL", "(not given)", VIEW_SETUP_TEXT, false},
      {"workspace.ca_file", "CA file", "(system)", VIEW_SETUP_TEXT, true},
      {"workspace.proxy", "Proxy", "(of the environment)", VIEW_SETUP_TEXT, true}},
     0},
    {"principal",
     "service principal",
     "its application id",
     "a workspace or account admin makes it, Settings > Identity and access",
     "its application id, a UUID; the numeric id comes with the first sign-in",
     "done when the id is given; with its secret it is proved",
     "config set principal.client_id %s",
     "ID",
     {{"principal.client_id", "Application id", "(not given)", VIEW_SETUP_TEXT, false}},
     0},
    {"secret",
     "oauth secret",
     "for this engine alone",
     "an account admin, or a workspace admin with the SP manager role",
     "an OAuth secret for this engine; Aampe holds one of its own",
     "done when it is in the vault; the check signs in with it",
     "secrets set principal",
     "",
     {{NULL, "OAuth secret", "(not entered)", VIEW_SETUP_HIDDEN, false}},
     0},
    {"warehouse",
     "warehouse",
     "picked from a list",
     "who manages the warehouse grants CAN USE to the service principal",
     "the SQL warehouse that runs our statements; no check starts it unasked",
     "done when it is chosen and may be used; else looked for every 5 m",
     "config set warehouse.id %s",
     "ID",
     {{"warehouse.id", "Warehouse", "(not chosen)", VIEW_SETUP_WAREHOUSE, false},
      {"warehouse.start", "May start it", "true", VIEW_SETUP_YES_NO, true}},
     0},
    {"tables",
     "tables",
     "opens 2 Browse",
     "you tick; owners of the tables grant what is missing",
     "opens 2 Browse: Space ticks, p plans, A applies",
     "done when a table is ticked and all can be read; else looked for every 5 m",
     "share add %s --yes",
     "TABLE...",
     {{0}},
     2},
    {"destination",
     "destination",
     "a folder on this host; probed live",
     "an admin of this host, where the folder needs one",
     "the folder where files land; made if it is not there",
     "done when files appear there whole or not at all",
     "config set destination.url %s",
     "file:///FOLDER",
     {{"destination.url", "Folder", "(not given)", VIEW_SETUP_TEXT, false}},
     0},
    {"first-sync",
     "first sync",
     "asks, then 5 Runs",
     "you",
     "asks first, then opens the live batch in 5 Runs",
     "done when source, manifest, decoded and file rows are equal",
     "sync run --wait",
     "",
     {{0}},
     5},
};

const struct view_setup_step *view_setup_step(int number)
{
    if (number < 1 || number > VIEW_SETUP_STEPS)
        bug("there is no step %d", number);
    return &steps[number - 1];
}

int view_setup_number(const char *id)
{
    for (int i = 0; id && i < VIEW_SETUP_STEPS; i++)
        if (strcmp(steps[i].id, id) == 0)
            return i + 1;
    return 0;
}

const cJSON *view_setup_find(const cJSON *data, int number)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(data, "steps"))
    {
        if (base_json_i64_or(item, "number", 0) == number)
            return item;
    }
    return NULL;
}

bool view_setup_done(const cJSON *data, int number)
{
    return strcmp(base_json_str_or(view_setup_find(data, number), "state", ""), "done") == 0;
}

const char *view_setup_value(const cJSON *data, const struct view_setup_field *field)
{
    if (field->setting == NULL)
        return base_json_str(base_json_get(data, "secret"), "fingerprint");
    return base_json_str(base_json_get(data, "settings"), field->setting);
}

char *view_setup_command(const cJSON *data, int number, const char *profile)
{
    const struct view_setup_step *step = view_setup_step(number);
    const char *value = step->fields[0].setting ? view_setup_value(data, &step->fields[0]) : NULL;
    char *word = value ? view_shell_word(value) : base_strdup(step->stand_in);
    bool named = profile && strcmp(profile, "default") != 0;
    const char *mark = strstr(step->command, "%s");
    char *line = mark ? base_printf("aampe-console %s%s%s%.*s%s%s", named ? "--profile " : "",
                                    named ? profile : "", named ? " " : "",
                                    (int)(mark - step->command), step->command, word, mark + 2)
                      : base_printf("aampe-console %s%s%s%s", named ? "--profile " : "",
                                    named ? profile : "", named ? " " : "", step->command);
    free(word);
    return line;
}

/* The quote that begins at `text` in one of the forms chats and mails make of it; its bytes. */
static size_t quote_at(const char *text)
{
    static const char *const quotes[] = {
        "\"",           "'",           "`", "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c",
        "\xe2\x80\x9d", "\xe2\x80\x9e"};
    for (size_t i = 0; i < base_countof(quotes); i++)
        if (strncmp(text, quotes[i], strlen(quotes[i])) == 0)
            return strlen(quotes[i]);
    return 0;
}

char *view_setup_clean(const char *pasted)
{
    const char *from = pasted, *to = pasted + strlen(pasted);
    bool more = true;
    while (more) {
        more = false;
        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        size_t quote = from < to ? quote_at(from) : 0;
        if (quote && from + quote <= to) {
            from += quote;
            more = true;
        }
        for (size_t len = 1; len <= 3 && !more; len += 2)
            if (to - from >= (ptrdiff_t)len && quote_at(to - len) == len) {
                to -= len;
                more = true;
            }
    }
    return base_strndup(from, (size_t)(to - from));
}

bool view_setup_wanted(const char *profile)
{
    struct err err = ERR_INIT;
    if (view_profile_unit(profile))
        return false;
    char *path = view_profile_file(profile);
    struct config_profile *found = config_profile_load(path, &err);
    bool wanted = found ? config_profile_check(found, &err) != 0 : err.code == ERR_CONFIG_MISSING;
    config_profile_free(&found);
    free(path);
    return wanted;
}
