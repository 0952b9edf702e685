#include "ui/view/audit.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 9

static bool is(const cJSON *json, const char *key, const char *value)
{
    return strcmp(base_json_str_or(json, key, ""), value) == 0;
}

/* "01:09Z" of a time; "-" when there is none. */
static const char *clock_of(const cJSON *json, const char *key, char out[8])
{
    const char *text = base_json_str(json, key);
    snprintf(out, 8, "-");
    if (text && strlen(text) >= 16)
        snprintf(out, 8, "%.5sZ", text + 11);
    return out;
}

void view_audit_cells(const cJSON *row, struct view_audit_cells *out)
{
    *out = (struct view_audit_cells){.action = base_json_str_or(row, "action", "-"),
                                     .object = base_json_str_or(row, "object", "-"),
                                     .from = base_json_str_or(row, "from", "-"),
                                     .by = base_json_str_or(row, "by", "-"),
                                     .verdict = base_json_str_or(row, "verdict", "-")};
    clock_of(row, "time", out->time);
    out->style = is(row, "verdict", "ok")        ? STYLE_PLAIN
                 : is(row, "verdict", "denied!") ? STYLE_BAD
                                                 : STYLE_WARN;
}

char *view_audit_reach(const cJSON *data)
{
    static const char *const closed[][2] = {{"no_observer", "no observer yet"},
                                            {"schema_off", "system.access is not enabled"},
                                            {"not_granted", "the log is not granted"}};
    char to[8], age[24];
    if (data == NULL)
        return base_strdup("not loaded yet");
    for (size_t i = 0; i < base_countof(closed); i++)
        if (is(data, "state", closed[i][0]))
            return base_strdup(closed[i][1]);
    if (base_json_str(data, "to") == NULL)
        return base_strdup(base_json_str(data, "read") ? "the log has no rows yet"
                                                       : "not read yet");
    return base_printf("audit to %s, %s behind", clock_of(data, "to", to),
                       view_age_us(base_json_i64_or(data, "lag_seconds", 0) * 1000000, age));
}

char *view_audit_counts(const cJSON *data)
{
    long long total = (long long)base_json_i64_or(data, "total", 0);
    long long denied = (long long)base_json_i64_or(data, "denied", 0);
    long long fresh = (long long)base_json_i64_or(data, "new_addresses", 0);
    char *denials = denied ? base_printf(", %lld denied", denied) : base_strdup("");
    char *addresses = fresh ? base_printf(", %lld from a new address", fresh) : base_strdup("");
    char *text = base_printf("%lld row%s%s%s%s", total, total == 1 ? "" : "s", denials, addresses,
                             base_json_bool_or(data, "cut", false) ? " (the newest 5 000)" : "");
    free(denials);
    free(addresses);
    return text;
}

static const struct {
    const char *state, *what, *why, *next;
} answers[] = {
    {"no_observer", "No observer is set up.",
     "The audit log is read by an identity of this engine's own: reading it as the principal would "
     "mean letting Aampe read it. The observer sees metadata and the log, never table data.",
     "Make a service principal, then:"},
    {"schema_off", "The system schema \"access\" is not enabled, or the observer cannot see it.",
     "Databricks keeps system.access.audit only once an account admin has switched it on for the "
     "metastore; rows from before do not come.",
     "An account admin runs:"},
    {"not_granted", "The observer may not read system.access.audit.", NULL,
     "An admin of the metastore runs:"},
    {"nothing_yet", "Nothing has been delivered for this time.",
     "Databricks delivers the log late, by minutes to hours; what the principal does now appears "
     "here then.",
     NULL},
};

struct view_page *view_audit_empty(const cJSON *data, bool filtered, int width)
{
    struct view_page *page = view_page_new(width);
    const cJSON *each;
    if (data == NULL) {
        view_page_line(page, STYLE_FAINT, "  not loaded yet");
        return page;
    }
    if (filtered && base_json_i64_or(data, "known", 0) > 0) {
        view_page_line(page, STYLE_PLAIN, "  no line matches the filter");
        return page;
    }
    for (size_t i = 0; i < base_countof(answers); i++) {
        if (!is(data, "state", answers[i].state))
            continue;
        view_page_wrap(page, 2, STYLE_WARN, "%s", answers[i].what);
        if (answers[i].why)
            view_page_wrap(page, 2, STYLE_PLAIN, "%s", answers[i].why);
        if (base_json_str(data, "reason"))
            view_page_wrap(page, 2, STYLE_FAINT, "%s", base_json_str(data, "reason"));
        if (answers[i].next)
            view_page_wrap(page, 2, STYLE_PLAIN, "%s", answers[i].next);
    }
    cJSON_ArrayForEach(each, base_json_array(data, "fix"))
    {
        view_page_wrap(page, 6, STYLE_HEAD, "%s", cJSON_IsString(each) ? each->valuestring : "");
    }
    if (page->count == 0)
        view_page_line(page, STYLE_PLAIN, "  nothing was done as the principal in this time");
    return page;
}

/* --- one line in words --- */

static const struct {
    const char *action, *words;
    bool object;
} actions[] = {
    {"getTable", "asked for the description of %s", true},
    {"tableExists", "asked whether %s exists", true},
    {"getSchema", "asked for the description of schema %s", true},
    {"getCatalog", "asked for the description of catalog %s", true},
    {"listCatalogs", "listed the catalogs", false},
    {"listSchemas", "listed the schemas of %s", true},
    {"listTables", "listed the tables of %s", true},
    {"listTableSummaries", "listed names of tables in %s", true},
    {"getMetastoreSummary", "asked which metastore this is", false},
    {"getPermissions", "asked who may use %s", true},
    {"getEffectivePermissions", "asked who may use %s", true},
    {"updatePermissions", "changed who may use %s", true},
    {"mintOAuthToken", "asked for a token with the principal's secret", false},
    {"executeFastQuery", "ran a statement over %s", true},
    {"commandSubmit", "ran a statement over %s", true},
    {"getStatement", "asked how a statement is doing", false},
    {"downloadQueryResult", "fetched a part of a result", false},
    {"startEndpoint", "started a warehouse", false},
    {"getEndpoint", "asked how a warehouse is doing", false},
    {"generateTemporaryTableCredential", "asked for direct access to the files of %s", true},
    {"list", "listed the secrets of a service principal", false},
    {"create", "made a secret of a service principal", false},
    {"delete", "removed a secret of a service principal", false},
};

static char *done_words(const cJSON *row)
{
    const char *action = base_json_str_or(row, "action", "something");
    const char *object = base_json_str_or(row, "object", "what the log does not name");
    if (base_json_str(row, "statement") && base_json_str(row, "object") == NULL)
        return base_strdup("ran a statement that names no table");
    for (size_t i = 0; i < base_countof(actions); i++) {
        const char *place;
        if (strcmp(actions[i].action, action) != 0)
            continue;
        place = strstr(actions[i].words, "%s");
        if (!actions[i].object || place == NULL)
            return base_strdup(actions[i].words);
        return base_printf("%.*s%s%s", (int)(place - actions[i].words), actions[i].words, object,
                           place + 2);
    }
    return base_json_str(row, "object") ? base_printf("called %s on %s", action, object)
                                        : base_printf("called %s", action);
}

static char *who_words(const cJSON *row)
{
    if (is(row, "by", "engine"))
        return base_strdup("This engine");
    if (is(row, "by", "aampe"))
        return base_strdup("A client that calls itself Aampe's");
    if (is(row, "by", "new"))
        return base_printf("A client at %s, where the principal was never seen before,",
                           base_json_str_or(row, "from", "an unknown address"));
    return base_strdup("A client that is neither this engine nor calls itself Aampe's");
}

static void verdict_add(struct view_page *page, const cJSON *row)
{
    char *error = base_strdup(base_json_str_or(row, "error", "no reason given"));
    size_t len = strlen(error);
    long long status = (long long)base_json_i64_or(row, "status", 0);
    bool denied = is(row, "verdict", "denied!"), token = is(row, "action", "mintOAuthToken");
    while (len && strchr(". \n", error[len - 1])) /* our sentence goes on */
        error[--len] = '\0';
    if (denied && token)
        view_page_wrap(page, 2, STYLE_BAD,
                       "Databricks refused (%lld): the secret was wrong or past its end.", status);
    else if (denied)
        view_page_wrap(page, 2, STYLE_BAD, "Databricks refused (%lld): %s. No data was read.",
                       status, error);
    else if (status >= 400)
        view_page_wrap(page, 2, STYLE_WARN, "It failed (%lld): %s.", status, error);
    else
        view_page_wrap(page, 2, STYLE_PLAIN, "It was answered (%lld).", status);
    free(error);
}

static bool is_table(const cJSON *row)
{
    const char *object = base_json_str_or(row, "object", "");
    const char *first = strchr(object, '.');
    return first && strchr(first + 1, '.');
}

/* From when on the statement reads. */
static const char *query_date(const cJSON *data, char out[12])
{
    static const char mark[] = "event_date >= DATE'";
    const char *at = strstr(base_json_str_or(data, "query", ""), mark);
    snprintf(out, 12, "%.10s", at ? at + sizeof mark - 1 : "-");
    return out;
}

struct view_page *view_audit_words(const cJSON *row, const cJSON *data, int width)
{
    struct view_page *page = view_page_new(width);
    char time[8], date[12], *who = who_words(row), *done = done_words(row);
    view_page_rule(page, "%s   %s %s", clock_of(row, "time", time),
                   base_json_str_or(row, "action", "-"), base_json_str_or(row, "object", ""));
    view_page_wrap(page, 2, STYLE_PLAIN, "%s %s%s.", who, done,
                   is_table(row) && !base_json_bool_or(row, "in_share", false)
                       ? ", which is not in the share"
                       : "");
    verdict_add(page, row);
    view_page_fact(page, LABEL, "request", STYLE_FAINT, "%s   service %s",
                   base_json_str_or(row, "request_id", "-"), base_json_str_or(row, "service", "-"));
    view_page_fact(page, LABEL, "query", STYLE_FAINT,
                   "system.access.audit, event_date >= %s, 5 services (y copies)",
                   query_date(data, date));
    free(who);
    free(done);
    return page;
}

struct view_page *view_audit_whole(const cJSON *row, int width)
{
    static const struct {
        const char *key, *label;
    } facts[] = {{"time", "time"},           {"action", "action"},
                 {"service", "service"},     {"object", "object"},
                 {"statement", "statement"}, {"from", "from"},
                 {"agent", "client"},        {"by", "by"},
                 {"verdict", "verdict"},     {"error", "error"},
                 {"request_id", "request"}};
    struct view_page *page = view_page_new(width);
    for (size_t i = 0; i < base_countof(facts); i++)
        view_page_fact(page, LABEL, facts[i].label, STYLE_PLAIN, "%s",
                       base_json_str_or(row, facts[i].key, "-"));
    view_page_fact(page, LABEL, "status", STYLE_PLAIN, "%lld",
                   (long long)base_json_i64_or(row, "status", 0));
    view_page_fact(page, LABEL, "share", STYLE_PLAIN, "%s",
                   !is_table(row)                              ? "not about a table"
                   : base_json_bool_or(row, "in_share", false) ? "the table is in the share"
                                                               : "the table is NOT in the share");
    return page;
}

char *view_audit_note(const cJSON *data)
{
    const cJSON *error = base_json_get(data, "error");
    char to[8];
    if (error)
        return base_printf("not read anew: %s", base_json_str_or(error, "message", ""));
    if (is(data, "waits", "warehouse"))
        return base_printf("not read anew: warehouse \"%s\" does not run; c starts it and reads",
                           base_json_str_or(data, "warehouse", ""));
    if (base_json_bool_or(data, "reading", false))
        return base_strdup("the log is being read; r shows what has come");
    if (base_json_str(data, "to"))
        return base_printf("rows after %s are not in the system table yet; this is normal",
                           clock_of(data, "to", to));
    return base_strdup("");
}

/* --- the command --- */

int view_audit_exit(const cJSON *data)
{
    static const char *const closed[] = {"no_observer", "schema_off", "not_granted"};
    for (size_t i = 0; i < base_countof(closed); i++)
        if (is(data, "state", closed[i]))
            return VIEW_EXIT_FINDINGS;
    return VIEW_EXIT_DONE;
}

void view_audit_list(struct view_out *out, const cJSON *data)
{
    static const char *const columns[] = {"time", "action",  "object", "from",
                                          "by",   "verdict", NULL};
    struct view_table *table = view_table_new(columns);
    char *reach = view_audit_reach(data), *counts = view_audit_counts(data);
    char *note = view_audit_note(data);
    const cJSON *each;
    int shown = 0;
    cJSON_ArrayForEach(each, base_json_array(data, "rows"))
    {
        struct view_audit_cells cells;
        char time[32];
        view_audit_cells(each, &cells);
        const char *texts[] = {view_time(base_json_str(each, "time"), time),
                               cells.action,
                               cells.object,
                               cells.from,
                               cells.by,
                               cells.verdict};
        view_table_row(table, cells.style, texts);
        shown++;
    }
    view_table_print(&table, out);
    /* Lines of an earlier reading do not hide that there can be no new one. */
    if (shown == 0 || view_audit_exit(data) != VIEW_EXIT_DONE) {
        struct view_page *page =
            view_audit_empty(data, view_audit_exit(data) == VIEW_EXIT_DONE, 78);
        view_page_print(page, out);
        view_page_free(&page);
    }
    view_line(out, "%s; %s", counts, reach);
    if (note[0])
        view_line(out, "%s", note);
    free(reach);
    free(counts);
    free(note);
}

char *view_audit_export(const cJSON *data)
{
    static const char *const keys[] = {"time", "action",  "object",  "from",       "agent",
                                       "by",   "verdict", "service", "request_id", "error"};
    struct buf out;
    const cJSON *each;
    base_buf_init(&out, (size_t)64 << 20);
    for (size_t i = 0; i < base_countof(keys); i++)
        base_buf_printf(&out, "%s%s", i ? "\t" : "", keys[i]);
    base_buf_text(&out, "\n");
    cJSON_ArrayForEach(each, base_json_array(data, "rows"))
    {
        for (size_t i = 0; i < base_countof(keys); i++) {
            char *cell = base_strdup(base_json_str_or(each, keys[i], ""));
            for (char *c = cell; *c; c++)
                if (*c == '\t' || *c == '\n' || *c == '\r')
                    *c = ' ';
            base_buf_printf(&out, "%s%s", i ? "\t" : "", cell);
            free(cell);
        }
        base_buf_text(&out, "\n");
    }
    return base_buf_take(&out, NULL);
}
