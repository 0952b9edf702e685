/* setup: on a terminal the screen of that name; otherwise the same steps from a file of answers,
 * all that is missing at once, and each step checked. */
#include "ui/cli/cli.h"
#include "ui/view/setup.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "config/profile.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK_MS 90000
#define BUSY_TRIES 150

struct setup {
    struct cli *cli;
    struct view_link *link;
    struct config_profile *answers; /* NULL: none were given */
    cJSON *data;                    /* setup.list */
    cJSON *changes, *missing;
    bool changed;
    struct err bad; /* of the first step that fails */
    bool warned;
};

/* Waits while settings that have just changed are taken over. */
static int call_patiently(struct setup *setup, const char *verb, const cJSON *params, cJSON **data,
                          struct err *err)
{
    for (int i = 0;; i++) {
        base_err_clear(err);
        if (view_call(setup->link, verb, cJSON_Duplicate(params, true), data, err) == 0)
            return 0;
        if (err->code != ERR_ENGINE_BUSY || i == BUSY_TRIES || *setup->cli->interrupted)
            return -1;
        poll(NULL, 0, 200);
    }
}

static int list_get(struct setup *setup, struct err *err)
{
    cJSON_Delete(setup->data);
    setup->data = NULL;
    return view_call(setup->link, "setup.list", NULL, &setup->data, err);
}

static void missing_add(struct setup *setup, int number, const char *what, const char *command)
{
    cJSON *item = base_json_object();
    base_json_add_i64(item, "step", number);
    base_json_add_str(item, "id", view_setup_step(number)->id);
    base_json_add_str(item, "answer", what);
    base_json_add_str(item, "command", command);
    base_json_push_take(setup->missing, item);
}

/* Everything that is missing, so that one more round is enough. */
static void missing_find(struct setup *setup)
{
    for (int number = 1; number <= VIEW_SETUP_STEPS; number++) {
        const struct view_setup_step *step = view_setup_step(number);
        const struct view_setup_field *field = &step->fields[0];
        char *command = view_setup_command(setup->data, number, setup->cli->profile);
        if (field->label && field->setting) {
            enum config_setting setting = config_setting_by_key(field->setting);
            bool given = (setup->answers && config_is_set(setup->answers, setting)) ||
                         view_setup_value(setup->data, field);
            if (!given)
                missing_add(setup, number, field->setting, command);
        } else if (field->label && base_json_get(setup->data, "secret") == NULL) {
            missing_add(setup, number, "secret principal", command);
        } else if (strcmp(step->id, "tables") == 0 &&
                   base_json_str(view_setup_find(setup->data, number), "answer") == NULL &&
                   (setup->answers == NULL || config_profile_share(setup->answers)->count == 0)) {
            missing_add(setup, number, "share", command);
        }
        free(command);
    }
}

static int missing_say(struct setup *setup)
{
    struct err err = ERR_INIT;
    struct view_out *out = setup->cli->out;
    int count = cJSON_GetArraySize(setup->missing);
    const cJSON *item;
    view_line(out, "%d answer%s missing:", count, count == 1 ? " is" : "s are");
    cJSON_ArrayForEach(item, setup->missing)
    {
        view_line(out, "  %d  %-22s %s", (int)base_json_i64_or(item, "step", 0),
                  base_json_str_or(item, "answer", ""), base_json_str_or(item, "command", ""));
    }
    base_err_set(&err, ERR_CONFIG_MISSING, "%d answer%s missing", count,
                 count == 1 ? " is" : "s are");
    base_err_hint(&err,
                  "Give them in a file with --answers (the form of the profile file), secrets "
                  "with `secrets set NAME --from-fd N`.");
    base_json_add_take(setup->data, "missing", setup->missing);
    setup->missing = NULL;
    int code = view_error(out, &err, setup->data);
    setup->data = NULL;
    return code;
}

static void change_note(struct setup *setup, const char *name, const char *before,
                        const char *after)
{
    cJSON *item = base_json_object();
    base_json_add_str(item, "name", name);
    base_json_add_str(item, "before", before);
    base_json_add_str(item, "after", after);
    base_json_push_take(setup->changes, item);
}

/* One setting of the file: only looked at, or set. */
static int setting_give(struct setup *setup, enum config_setting setting, bool apply,
                        struct err *err)
{
    cJSON *params = base_json_object(), *data = NULL;
    base_json_add_str(params, "name", config_setting_info(setting)->key);
    base_json_add_str(params, "value", config_get(setup->answers, setting));
    base_json_add_bool(params, "check", !apply);
    int rc = call_patiently(setup, "config.set", params, &data, err);
    if (rc == 0 && !apply && base_json_bool_or(data, "would_change", false))
        change_note(setup, config_setting_info(setting)->key, base_json_str(data, "before"),
                    base_json_str(data, "after"));
    if (rc == 0 && base_json_bool_or(data, "changed", false))
        setup->changed = true;
    cJSON_Delete(params);
    cJSON_Delete(data);
    return rc;
}

static cJSON *table_params(const struct model_share_table *table, const char *name)
{
    cJSON *params = base_json_object();
    base_json_push_take(base_json_add_array(params, "tables"), cJSON_CreateString(name));
    if (table->column_count) {
        cJSON *columns = base_json_add_array(params, "columns");
        for (size_t i = 0; i < table->column_count; i++)
            base_json_push_take(columns, cJSON_CreateString(table->columns[i]));
    }
    base_json_add_bool(params, "apply", true);
    return params;
}

/* What the share says of a table, to compare: its columns; "" = all; NULL: not in it. */
static char *table_now(const cJSON *share, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(share, "tables"))
    {
        if (strcmp(base_json_str_or(item, "name", ""), name) == 0)
            return base_json_get(item, "columns") ? base_json_print(base_json_get(item, "columns"))
                                                  : base_strdup("");
    }
    return NULL;
}

static char *table_wanted(const struct model_share_table *table)
{
    if (table->column_count == 0)
        return base_strdup("");
    cJSON *columns = cJSON_CreateArray();
    for (size_t i = 0; i < table->column_count; i++)
        base_json_push_take(columns, cJSON_CreateString(table->columns[i]));
    char *text = base_json_print(columns);
    cJSON_Delete(columns);
    return text;
}

static int share_give(struct setup *setup, bool apply, struct err *err)
{
    const struct model_share *share = config_profile_share(setup->answers);
    cJSON *now = NULL;
    int rc = view_call(setup->link, "share.list", NULL, &now, err);
    for (size_t i = 0; rc == 0 && i < share->count; i++) {
        const struct model_share_table *table = &share->tables[i];
        char *name = model_name_text(&table->name), *have = table_now(now, name),
             *want = table_wanted(table);
        bool differs = have == NULL || strcmp(have, want) != 0;
        if (table->filter || table->paused) {
            rc = base_err_set(err, ERR_CONFIG_INVALID,
                              "share: \"%s\" has a filter or is paused, which answers cannot give",
                              name);
            base_err_hint(err, "Put the file in the place of the profile file, then `aampe-console "
                               "engine reload`.");
        } else if (differs && !apply) {
            change_note(setup, "share", have, name);
        } else if (differs) {
            cJSON *params = table_params(table, name), *data = NULL;
            rc = call_patiently(setup, "share.add", params, &data, err);
            setup->changed |= rc == 0;
            cJSON_Delete(params);
            cJSON_Delete(data);
        }
        free(name);
        free(have);
        free(want);
    }
    cJSON_Delete(now);
    return rc;
}

static int answers_give(struct setup *setup, bool apply, struct err *err)
{
    for (int i = 0; i < CONFIG_SETTING_COUNT; i++)
        if (config_is_set(setup->answers, (enum config_setting)i) &&
            setting_give(setup, (enum config_setting)i, apply, err) != 0)
            return -1;
    return share_give(setup, apply, err);
}

static int answers_read(struct setup *setup, struct err *err)
{
    const char *path = cli_value(&setup->cli->args, "answers");
    if (path == NULL)
        return 0;
    setup->answers = config_profile_load(path, err);
    if (setup->answers == NULL)
        return -1;
    if (config_profile_managed(setup->answers) != CONFIG_MANAGED_FILE)
        return 0;
    char *own = view_profile_file(setup->cli->profile);
    base_err_set(err, ERR_USAGE, "\"%s\" is managed by file: it is the profile, not answers to it",
                 path);
    base_err_hint(err, "Put it at %s, then `aampe-console engine reload`.", own);
    free(own);
    return -1;
}

static void plan_say(struct setup *setup)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, setup->changes)
    {
        const char *before = base_json_str(item, "before");
        view_line(setup->cli->out, "%s: %s -> %s", base_json_str_or(item, "name", ""),
                  before ? before : "(not set)", base_json_str_or(item, "after", ""));
    }
}

/* --yes, or the word typed on a terminal. */
static bool agreed(struct setup *setup)
{
    char line[64], word[32];
    int count = cJSON_GetArraySize(setup->changes);
    if (cli_flag(&setup->cli->args, "yes"))
        return true;
    plan_say(setup);
    if (setup->cli->out->json || isatty(STDIN_FILENO) != 1)
        return false;
    snprintf(word, sizeof word, "set %d", count);
    view_diag(setup->cli->out, "type \"%s\" to go ahead:", word);
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    line[strcspn(line, "\r\n")] = '\0';
    return strcmp(line, word) == 0;
}

/* Runs the check of one step to its end. */
static int check_wait(struct setup *setup, int number, struct err *err)
{
    cJSON *params = base_json_object(), *data = NULL;
    base_json_add_str(params, "step", view_setup_step(number)->id);
    if (view_call(setup->link, "setup.check", params, &data, err) != 0)
        return -1;
    int64_t job = base_json_i64_or(data, "job", 0);
    int64_t end = base_seam_mono_us(setup->cli->seam) + (int64_t)CHECK_MS * 1000;
    bool over = false;
    int rc = 0;
    cJSON_Delete(data);
    while (rc >= 0 && !over && base_seam_mono_us(setup->cli->seam) < end) {
        cJSON *event = NULL;
        if (*setup->cli->interrupted)
            return base_err_set(err, ERR_CANCELLED_BY_USER, "interrupted; what is set stays set");
        rc = view_event(setup->link, 500, &event, err);
        const cJSON *payload = base_json_get(event, "payload");
        over =
            base_json_i64_or(payload, "job", 0) == job && base_json_bool_or(payload, "done", false);
        cJSON_Delete(event);
    }
    return rc < 0 ? -1 : 0;
}

static int checks_run(struct setup *setup, struct err *err)
{
    static const char *const events[] = {"setup.check", NULL};
    if (view_subscribe(setup->link, events, err) != 0)
        return -1;
    for (int number = 1; number < VIEW_SETUP_STEPS; number++) {
        const cJSON *step = view_setup_find(setup->data, number);
        /* What hangs on a step that fails would fail with it, and say nothing new. */
        if (base_json_str(step, "answer") == NULL ||
            cJSON_GetArraySize(base_json_array(step, "blocked_by")) > 0)
            continue;
        if (check_wait(setup, number, err) != 0 || list_get(setup, err) != 0)
            return -1;
    }
    return 0;
}

static void outcome_find(struct setup *setup)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, base_json_array(setup->data, "steps"))
    {
        const char *verdict = base_json_str_or(step, "verdict", "");
        const cJSON *error = base_json_get(step, "error");
        setup->warned |= strcmp(verdict, "WARN") == 0;
        if (error && setup->bad.code == ERR_OK && base_json_i64_or(step, "number", 0) < 7)
            base_err_from_json(&setup->bad, error);
    }
}

static int report_say(struct setup *setup)
{
    struct view_out *out = setup->cli->out;
    outcome_find(setup);
    base_json_add_bool(setup->data, "changed", setup->changed);
    if (!out->json)
        view_setup_report(out, setup->data);
    int code = setup->warned ? VIEW_EXIT_FINDINGS : VIEW_EXIT_DONE;
    if (setup->bad.code != ERR_OK) {
        code = view_error(out, &setup->bad, setup->data);
        code = code == VIEW_EXIT_USAGE ? VIEW_EXIT_FAILED : code;
    } else {
        view_json_ok(out, setup->data);
    }
    setup->data = NULL;
    return code;
}

/* What would be set, when nobody has agreed. */
static int plan_only(struct setup *setup)
{
    view_diag(setup->cli->out, "nothing was changed; add --yes to go ahead");
    base_json_add_bool(setup->data, "changed", false);
    base_json_add_take(setup->data, "changes", setup->changes);
    view_json_ok(setup->cli->out, setup->data);
    setup->changes = setup->data = NULL;
    return VIEW_EXIT_FINDINGS;
}

static int setup_walk(struct setup *setup)
{
    struct err err = ERR_INIT;
    int rc = answers_read(setup, &err);
    if (rc == 0)
        rc = (setup->link = cli_link(setup->cli, &err)) ? 0 : -1;
    if (rc == 0)
        rc = list_get(setup, &err);
    if (rc == 0)
        missing_find(setup);
    if (rc == 0 && cJSON_GetArraySize(setup->missing) > 0)
        return missing_say(setup);
    if (rc == 0 && setup->answers) {
        rc = answers_give(setup, false, &err);
        if (rc == 0 && cJSON_GetArraySize(setup->changes) > 0 && !agreed(setup))
            return plan_only(setup);
        if (rc == 0)
            rc = answers_give(setup, true, &err);
        if (rc == 0)
            rc = list_get(setup, &err);
    }
    if (rc == 0)
        rc = checks_run(setup, &err);
    if (rc == 0)
        return report_say(setup);
    int code = view_error(setup->cli->out, &err, NULL);
    return err.code == ERR_CANCELLED_BY_USER ? VIEW_EXIT_USER : code;
}

int cli_exec_setup(struct cli *cli)
{
    struct err err = ERR_INIT;
    bool screen = !cli->out->json && cli_value(&cli->args, "answers") == NULL &&
                  isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && cli->open;
    if (screen) {
        int code = cli->open(cli, 9, NULL, &err);
        return code >= 0 ? code : view_error(cli->out, &err, NULL);
    }
    struct setup setup = {.cli = cli};
    setup.changes = cJSON_CreateArray();
    setup.missing = cJSON_CreateArray();
    int code = setup_walk(&setup);
    view_link_free(&setup.link);
    config_profile_free(&setup.answers);
    cJSON_Delete(setup.data);
    cJSON_Delete(setup.changes);
    cJSON_Delete(setup.missing);
    return code;
}
