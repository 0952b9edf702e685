/* audit.list: what was done as the principal, read as the observer with one bounded statement, kept
 * in the cache, and told apart. */
#include "engine/observe.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"
#include "store/audit.h"
#include "watch/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US (86400 * SECOND_US)
#define FRESH_US (300 * SECOND_US)
#define RETRY_US (60 * SECOND_US) /* after there was nothing to read */
#define PAGE_DEFAULT 200
#define PAGE_MAX 500
#define ADDRESSES_MAX 200
#define READ_FACT "audit.read"

struct audit_ask {
    struct engine_ask ask;
    cJSON *params;
    char *sql;
    int64_t since_us;    /* of the statement */
    const char *waiting; /* why it was not read, or NULL */
    char *warehouse;     /* its name */
};

static void ask_free(struct engine_ask *ask)
{
    struct audit_ask *audit = (struct audit_ask *)ask;
    cJSON_Delete(audit->params);
    free(audit->sql);
    free(audit->warehouse);
}

/* The last reading: {"who","time","to","state","cut","message"}; NULL: none of this principal. */
static cJSON *fact_read(struct engine *engine)
{
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    cJSON *json = engine_fact_get(engine, READ_FACT);
    if (json && (who == NULL || strcmp(base_json_str_or(json, "who", ""), who) != 0)) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

static int64_t time_of(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);
    int64_t us = 0;
    return text && base_time_parse(text, &us) == 0 ? us : 0;
}

static void fact_write(struct engine *engine, const char *state, int64_t to_us, bool cut,
                       const char *sql, const struct err *why)
{
    cJSON *json = base_json_object();
    base_json_add_str(json, "who", config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    base_json_add_time(json, "time", base_seam_now_us(engine->seam));
    base_json_add_time(json, "to", to_us);
    base_json_add_str(json, "state", state);
    base_json_add_bool(json, "cut", cut);
    base_json_add_str(json, "query", sql);
    if (why)
        base_json_add_str(json, "message", why->message);
    engine_fact_put(engine, READ_FACT, json);
    cJSON_Delete(json);
    engine_snapshot_soon(engine); /* the overview says when Aampe last read */
}

/* --- the lines --- */

struct addresses {
    struct {
        char *text;
        int64_t first_us;
    } items[ADDRESSES_MAX];
    size_t count;
    int64_t began_us;
};

static int64_t address_first(struct engine *engine, struct addresses *seen, const char *who,
                             const char *address)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->items[i].text, address) == 0)
            return seen->items[i].first_us;
    int64_t first = store_audit_first(engine->cache, who, address);
    if (seen->count < ADDRESSES_MAX) {
        seen->items[seen->count].text = base_strdup(address);
        seen->items[seen->count++].first_us = first;
    }
    return first;
}

static bool in_share(struct engine *engine, const char *object)
{
    struct model_name name = {0};
    struct err err = ERR_INIT;
    if (object == NULL || model_name_parse(object, &name, &err) != 0)
        return false;
    bool is = model_share_find(config_profile_share(engine->profile), &name) != NULL;
    model_name_free(&name);
    return is;
}

static cJSON *line_json(struct engine *engine, struct addresses *seen, const char *who,
                        const struct store_audit *row)
{
    cJSON *json = base_json_parse(row->json, strlen(row->json), JSON_MAX_BYTES, NULL);
    if (json == NULL)
        return NULL;
    int64_t first = address_first(engine, seen, who, row->address);
    bool fresh = row->address[0] && watch_audit_new_address(row->time_us, first, seen->began_us);
    const char *by = watch_audit_by(base_json_str(json, "agent"));
    const char *object = base_json_str(json, "object");
    base_json_add_str(json, "by", fresh ? "new" : by);
    base_json_add_str(json, "verdict",
                      watch_audit_verdict(base_json_i64_or(json, "status", 0), fresh));
    base_json_add_bool(json, "in_share", in_share(engine, object));
    return json;
}

static bool has_text(const cJSON *line, const char *filter)
{
    static const char *const keys[] = {"action", "object",  "from",    "agent",
                                       "by",     "verdict", "service", "request_id"};
    char *wanted = base_strdup(filter);
    bool found = false;
    base_text_lower(wanted);
    for (size_t i = 0; i < base_countof(keys) && !found; i++) {
        char *text = base_strdup(base_json_str_or(line, keys[i], ""));
        base_text_lower(text);
        found = strstr(text, wanted) != NULL;
        free(text);
    }
    free(wanted);
    return found;
}

static bool wanted(const cJSON *params, const cJSON *line)
{
    const char *filter = base_json_str(params, "filter"), *by = base_json_str(params, "who");
    const char *verdict = base_json_str(params, "verdict");
    if (filter && *filter && !has_text(line, filter))
        return false;
    if (by && strcmp(by, base_json_str_or(line, "by", "")) != 0)
        return false;
    return verdict == NULL || strcmp(verdict, base_json_str_or(line, "verdict", "")) == 0;
}

struct tally {
    int64_t total, denied, unusual, known;
};

static int lines_add(struct engine *engine, const cJSON *params, cJSON *json, struct tally *tally,
                     struct err *err)
{
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    int64_t now = base_seam_now_us(engine->seam), offset = base_json_i64_or(params, "offset", 0);
    int64_t limit = base_json_i64_or(params, "limit", PAGE_DEFAULT);
    int64_t since = time_of(params, "since"), until = time_of(params, "until");
    struct addresses seen = {.count = 0};
    struct store_audit *rows = NULL;
    size_t count = 0;
    cJSON *array = base_json_add_array(json, "rows");
    since = since ? since : now - DAY_US;
    base_json_add_time(json, "since", since);
    if (who == NULL)
        return 0;
    if (store_audit_list(engine->cache, who, since, until ? until : INT64_MAX, WATCH_AUDIT_ROWS,
                         &rows, &count, err) != 0)
        return -1;
    seen.began_us = store_audit_first(engine->cache, who, NULL);
    for (size_t i = 0; i < count; i++) {
        cJSON *line = line_json(engine, &seen, who, &rows[i]);
        tally->known += line != NULL;
        if (line == NULL || !wanted(params, line)) {
            cJSON_Delete(line);
            continue;
        }
        const char *verdict = base_json_str_or(line, "verdict", "");
        tally->denied += strcmp(verdict, "denied!") == 0;
        tally->unusual += strcmp(verdict, "new IP!") == 0;
        if (tally->total >= offset && tally->total - offset < (limit < PAGE_MAX ? limit : PAGE_MAX))
            base_json_push_take(array, line);
        else
            cJSON_Delete(line);
        tally->total++;
    }
    for (size_t i = 0; i < seen.count; i++)
        free(seen.items[i].text);
    store_audits_free(rows, count);
    return 0;
}

/* --- the answer --- */

static void fix_add(struct engine *engine, const char *state, cJSON *json)
{
    const char *observer = config_get(engine->profile, CONFIG_OBSERVER_CLIENT_ID);
    bool sql = strcmp(state, "not_granted") == 0;
    cJSON *fix = cJSON_CreateArray();
    static const char *const grants[] = {"USE CATALOG ON CATALOG system",
                                         "USE SCHEMA ON SCHEMA system.access",
                                         "SELECT ON SCHEMA system.access"};
    for (size_t i = 0; sql && observer && i < base_countof(grants); i++) {
        char *line = base_printf("GRANT %s TO `%s`;", grants[i], observer);
        base_json_push_take(fix, cJSON_CreateString(line));
        free(line);
    }
    if (strcmp(state, "schema_off") == 0)
        base_json_push_take(
            fix, cJSON_CreateString("databricks system-schemas enable $(databricks metastores "
                                    "current | jq -r .metastore_id) access"));
    if (strcmp(state, "no_observer") == 0) {
        base_json_push_take(
            fix, cJSON_CreateString("aampe-console config set observer.client_id APPLICATION-ID"));
        base_json_push_take(fix, cJSON_CreateString("aampe-console secrets set observer"));
    }
    if (cJSON_GetArraySize(fix))
        base_json_add_take(json, "fix", fix);
    else
        cJSON_Delete(fix);
}

static const char *state_of(const cJSON *fact, bool observer, const struct tally *tally)
{
    const char *state = base_json_str_or(fact, "state", "nothing_yet");
    if (!observer)
        return "no_observer";
    if (strcmp(state, "ok") == 0 && tally->known == 0)
        return "nothing_yet";
    return state;
}

/* "query" gives the lines that are answered; "read_query" is what was asked the last time, which
 * only goes back to where the log was known. */
static void queries_add(struct engine *engine, const cJSON *fact, cJSON *json)
{
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    struct err err = ERR_INIT;
    char *sql = who ? watch_audit_sql(who, time_of(json, "since"), &err) : NULL;
    base_json_add_str(json, "query", sql);
    base_json_add_str(json, "read_query", base_json_str(fact, "query"));
    free(sql);
}

static cJSON *answer_json(struct engine *engine, const cJSON *params, struct err *err)
{
    bool observer = engine->db && databricks_identity_known(engine->db, DATABRICKS_OBSERVER);
    cJSON *fact = fact_read(engine), *json = base_json_object();
    struct tally tally = {0};
    int rc = lines_add(engine, params, json, &tally, err);
    const char *state = state_of(fact, observer, &tally);
    int64_t read = time_of(fact, "time"), to = time_of(fact, "to");
    base_json_add_str(json, "state", state);
    base_json_add_str(json, "principal", config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID));
    base_json_add_time(json, "read", read);
    base_json_add_time(json, "to", to);
    if (to && read)
        base_json_add_i64(json, "lag_seconds", (read - to) / SECOND_US);
    base_json_add_i64(json, "total", tally.total);
    base_json_add_i64(json, "known", tally.known);
    base_json_add_i64(json, "denied", tally.denied);
    base_json_add_i64(json, "new_addresses", tally.unusual);
    base_json_add_bool(json, "cut", base_json_bool_or(fact, "cut", false));
    base_json_add_str(json, "reason", base_json_str(fact, "message"));
    if (observer)
        queries_add(engine, fact, json);
    fix_add(engine, state, json);
    cJSON_Delete(fact);
    if (rc == 0)
        return json;
    cJSON_Delete(json);
    return NULL;
}

/* why: what kept it from being read now, or NULL; what is known is answered all the same. */
static void answer(struct audit_ask *audit, const struct err *why)
{
    struct err err = ERR_INIT;
    cJSON *json = answer_json(audit->ask.engine, audit->params, &err);
    audit->ask.engine->audit_reading = false;
    if (json == NULL) {
        engine_ask_fail(&audit->ask, &err);
        return;
    }
    if (why)
        base_json_add_take(json, "error", base_err_to_json(why));
    if (audit->waiting) {
        base_json_add_str(json, "waits", audit->waiting);
        base_json_add_str(json, "warehouse", audit->warehouse);
    }
    engine_ask_reply(&audit->ask, json);
}

/* --- reading --- */

static const char *cell(const struct databricks_query *query, size_t row,
                        enum watch_audit_column column)
{
    return query->rows.cells[row * query->rows.column_count + column];
}

static int64_t number(const char *text)
{
    return text ? strtoll(text, NULL, 10) : 0;
}

static struct store_audit row_read(const struct databricks_query *query, size_t row)
{
    static const struct {
        enum watch_audit_column column;
        const char *key;
    } texts[] = {{WATCH_SERVICE, "service"},    {WATCH_ACTION, "action"},
                 {WATCH_ADDRESS, "from"},       {WATCH_AGENT, "agent"},
                 {WATCH_REQUEST, "request_id"}, {WATCH_STATEMENT, "statement"},
                 {WATCH_MESSAGE, "error"}};
    struct store_audit out = {.time_us = number(cell(query, row, WATCH_TIME)),
                              .id = base_strdup(cell(query, row, WATCH_EVENT)),
                              .address = base_strdup(cell(query, row, WATCH_ADDRESS))};
    cJSON *json = base_json_object();
    char *object =
        watch_audit_object(cell(query, row, WATCH_OBJECT), cell(query, row, WATCH_STATEMENT));
    base_json_add_time(json, "time", out.time_us);
    base_json_add_str(json, "object", object);
    for (size_t i = 0; i < base_countof(texts); i++)
        base_json_add_str(json, texts[i].key, cell(query, row, texts[i].column));
    base_json_add_i64(json, "status", number(cell(query, row, WATCH_STATUS)));
    out.json = base_json_print(json);
    cJSON_Delete(json);
    free(object);
    return out;
}

static int keep(struct engine *engine, const struct databricks_query *query, const char *sql,
                struct err *err)
{
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    struct store_audit *rows = base_alloc_zero(query->rows.row_count + 1, sizeof *rows);
    size_t count = 0;
    if (query->rows.row_count && query->rows.column_count != WATCH_AUDIT_COLUMNS) {
        free(rows);
        return base_err_set(err, ERR_SRC_UNCLASSIFIED, "the audit log answered with %zu columns",
                            query->rows.column_count);
    }
    for (size_t i = 0; i < query->rows.row_count; i++)
        if (cell(query, i, WATCH_EVENT) && cell(query, i, WATCH_TIME))
            rows[count++] = row_read(query, i);
    int rc = store_audit_put(engine->cache, who ? who : "", rows, count, err);
    int64_t reach = query->rows.row_count ? number(cell(query, 0, WATCH_REACH)) : 0;
    if (rc == 0)
        fact_write(engine, reach ? "ok" : "nothing_yet", reach, count >= WATCH_AUDIT_ROWS, sql,
                   NULL);
    store_audits_free(rows, count);
    return rc;
}

static const char *state_of_error(const struct err *err)
{
    switch (err->code) {
    case ERR_SRC_PERM_CATALOG:
    case ERR_SRC_PERM_SCHEMA:
    case ERR_SRC_PERM_TABLE:
    case ERR_SRC_PERM_DENIED:
        return "not_granted";
    case ERR_SRC_TABLE_NOT_FOUND:
    case ERR_SRC_NOT_FOUND:
        return "schema_off";
    default:
        return NULL;
    }
}

static void on_rows(void *user, const struct err *err, struct databricks_query *query)
{
    struct audit_ask *audit = user;
    struct engine *engine = audit->ask.engine;
    struct err own = ERR_INIT;
    if (query && keep(engine, query, audit->sql, &own) != 0)
        err = &own;
    const char *state = err ? state_of_error(err) : NULL;
    if (state) {
        cJSON *fact = fact_read(engine);
        fact_write(engine, state, time_of(fact, "to"), false, audit->sql, err);
        cJSON_Delete(fact);
    }
    answer(audit, state ? NULL : err);
}

static void statement_start(struct audit_ask *audit)
{
    struct engine *engine = audit->ask.engine;
    databricks_query_json(engine->db, DATABRICKS_OBSERVER,
                          config_get(engine->profile, CONFIG_WAREHOUSE_ID), audit->sql, NULL, 0,
                          WATCH_AUDIT_ROWS, on_rows, audit);
}

/* A look never starts a warehouse unless it was asked to. */
static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct audit_ask *audit = user;
    if (err) {
        answer(audit, err);
        return;
    }
    if (warehouse->state && strcmp(warehouse->state, "RUNNING") == 0) {
        statement_start(audit);
        return;
    }
    audit->waiting = "warehouse";
    audit->warehouse = base_strdup(warehouse->name ? warehouse->name : warehouse->id);
    answer(audit, NULL);
}

static bool reading_due(struct engine *engine, const cJSON *params)
{
    const char *read = base_json_str_or(params, "read", "auto");
    cJSON *fact = fact_read(engine);
    int64_t now = base_seam_now_us(engine->seam), last = time_of(fact, "time");
    bool good = strcmp(base_json_str_or(fact, "state", ""), "ok") == 0;
    bool due = strcmp(read, "now") == 0 ||
               (strcmp(read, "never") != 0 &&
                (last == 0 || now - last >= (good ? FRESH_US : RETRY_US) || last > now));
    cJSON_Delete(fact);
    return due;
}

static int params_check(const cJSON *params, struct err *err)
{
    static const char *const times[] = {"since", "until"};
    for (size_t i = 0; i < base_countof(times); i++) {
        const char *text = base_json_str(params, times[i]);
        int64_t us;
        if (text && base_time_parse(text, &us) != 0)
            return base_err_set(err, ERR_USAGE, "\"%s\" is a time like 2026-11-23T01:02:03Z",
                                times[i]);
    }
    if (base_json_i64_or(params, "offset", 0) < 0 || base_json_i64_or(params, "limit", 1) < 1)
        return base_err_set(err, ERR_USAGE, "offset is 0 or more, limit 1 to %d", PAGE_MAX);
    return 0;
}

/* What is known of how far was read says from when on to ask; a longer look back asks from there.
 */
static int64_t since_of(struct engine *engine, const cJSON *params)
{
    cJSON *fact = fact_read(engine);
    int64_t since = watch_audit_since(time_of(fact, "to"), base_seam_now_us(engine->seam));
    int64_t asked = time_of(params, "since");
    cJSON_Delete(fact);
    return asked && asked < since ? asked : since;
}

static void verb_start(struct engine *engine, struct ipc_call *call, const cJSON *params, char *sql)
{
    struct audit_ask *audit = engine_ask_new(engine, call, sizeof *audit, ask_free);
    audit->params = params ? cJSON_Duplicate(params, true) : NULL;
    audit->sql = sql;
    engine->audit_reading = true;
    if (base_json_bool_or(params, "start", false))
        statement_start(audit);
    else
        databricks_warehouse_get(engine->db, DATABRICKS_OBSERVER,
                                 config_get(engine->profile, CONFIG_WAREHOUSE_ID), on_warehouse,
                                 audit);
}

void engine_verb_audit_list(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    char *sql = NULL;
    cJSON *json = NULL;
    int rc = params_check(params, &err);
    bool observer = engine->db && databricks_identity_known(engine->db, DATABRICKS_OBSERVER);
    if (rc == 0 && observer && who)
        rc = (sql = watch_audit_sql(who, since_of(engine, params), &err)) ? 0 : -1;
    if (rc == 0 && observer && !engine->audit_reading && reading_due(engine, params)) {
        rc = engine_need(engine, ENGINE_NEED_WAREHOUSE, &err);
        if (rc == 0) {
            verb_start(engine, call, params, sql);
            return;
        }
    }
    if (rc == 0)
        json = answer_json(engine, params, &err);
    free(sql);
    if (json == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    if (engine->audit_reading)
        base_json_add_bool(json, "reading", true);
    engine_reply(engine, call, json);
}
