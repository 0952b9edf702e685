/* What broke, what is safe, and what is different from the last run that was good: as data, from
 * the states of runs and what was kept of them, never from hope. */
#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "store/look.h"
#include "sync/plan.h"
#include "sync/retry.h"

#include <stdlib.h>
#include <string.h>

#define OTHERS_MAX 2000 /* tables of a share that are looked at for one answer */
#define COLUMNS_MAX 12  /* changes of columns that are listed */

/* --- broke --- */

/* Whether Aampe, reading the workspace itself as the same principal, meets the same trouble. */
static const struct {
    const char *prefix, *fails, *why;
} aampe_reads[] = {
    {"SRC_PERM_", "yes", "they use the same principal"},
    {"SRC_TABLE_NOT_FOUND", "yes", "they use the same principal"},
    {"SRC_CATALOG_UNBOUND", "yes", "the catalog is closed to this workspace"},
    {"SRC_SP_", "yes", "they use the same principal"},
    {"SRC_ENTITLEMENT_SQL", "yes", "they use the same principal"},
    {"SRC_AUTH_", "unknown", "Aampe holds a secret of its own"},
    {"SRC_TOKEN_", "unknown", "Aampe holds a secret of its own"},
    {"SRC_WH_", "unknown", "only where they use the same warehouse"},
    {"SRC_IP_BLOCKED", "unknown", "Aampe reads from another address"},
    {"SRC_RATE_LIMIT", "unknown", "the limit is of the whole workspace"},
    {"SRC_UNAVAILABLE", "unknown", "the workspace itself is in trouble"},
    {"SRC_STMT_", "no", "only the statement of this run ended"},
    {"SRC_RESULT_", "no", "only the result of this run is concerned"},
    {"SRC_LINK_", "no", "only the way of results to this host is concerned"},
    {"SRC_CHUNK_", "no", "only the way of results to this host is concerned"},
    {"SRC_ROWCOUNT_", "no", "only the result of this run is concerned"},
    {"SRC_", "unknown", "it depends on what they ask for"},
    {"SEC_REDIRECT_REFUSED", "unknown", "what sends this engine on may send them on too"},
    {"", "no", "only this engine and its destination are concerned"},
};

static void aampe_add(cJSON *json, const char *code)
{
    size_t i = 0;
    while (strncmp(code, aampe_reads[i].prefix, strlen(aampe_reads[i].prefix)) != 0)
        i++;
    cJSON *aampe = base_json_add_object(json, "aampe");
    base_json_add_str(aampe, "fails", aampe_reads[i].fails);
    base_json_add_str(aampe, "why", aampe_reads[i].why);
}

static void broke_add(struct engine *engine, cJSON *json, const struct model_run *run,
                      const cJSON *kept)
{
    enum err_code code = run->err.code;
    if (code == ERR_OK)
        return;
    cJSON *broke = base_json_add_object(json, "broke");
    const cJSON *failed = base_json_get(kept, "failed");
    base_json_add_str(broke, "code", base_err_name(code));
    base_json_add_str(broke, "class", base_err_class_name(base_err_class(code)));
    base_json_add_str(broke, "cause", base_err_cause(code));
    base_json_add_str(broke, "phase", base_json_str(failed, "phase"));
    base_json_add_bool(broke, "retried_by_clock",
                       !model_run_over(run->state) || base_err_retry(code) == ERR_RETRY_YES);
    base_json_add_i64(broke, "attempts", run->attempt);
    aampe_add(broke, base_err_name(code));
    (void)engine;
}

/* --- safe --- */

static bool counts_equal(const struct model_run_counts *counts)
{
    return counts->source_rows >= 0 && counts->source_rows == counts->manifest_rows &&
           counts->source_rows == counts->decoded_rows && counts->source_rows == counts->file_rows;
}

/* What this run has done to the destination. A failure from PUBLISHING on is only recorded once the
 * destination has said that nothing happened. */
static const char *touched(const struct model_run *run)
{
    switch (run->state) {
    case RUN_PUBLISHED:
    case RUN_RECORDED:
    case RUN_CLEANED:
        return "published";
    case RUN_PUBLISHING:
        return run->err.code == ERR_OK ? "publishing" : "unknown";
    default:
        return "untouched";
    }
}

static void reader_add(struct engine *engine, cJSON *safe, const struct model_run *run)
{
    struct model_run good = {0};
    struct err err = ERR_INIT;
    if (run->sync_uuid[0] == '\0' ||
        store_run_last_good(engine->state, run->sync_uuid, &good, &err) != 0)
        return;
    cJSON *reader = base_json_add_object(safe, "reader");
    base_json_add_i64(reader, "run", good.id);
    base_json_add_time(reader, "whole_to", good.started_us);
    base_json_add_i64(reader, "rows", good.counts.file_rows);
    base_json_add_i64(reader, "files", good.files);
    base_json_add_i64(reader, "bytes", good.bytes);
    base_json_add_bool(reader, "counts_equal", counts_equal(&good.counts));
    base_json_add_bool(reader, "unpinned", good.version < 0);
    const char *is = config_get(engine->profile, CONFIG_DESTINATION_URL);
    char *other = engine_run_elsewhere(engine, good.id, is);
    base_json_add_str(reader, "elsewhere", other);
    free(other);
    cJSON *check = engine_run_check(engine, good.id);
    if (check)
        base_json_add_take(safe, "checked", check);
    model_run_free(&good);
}

static void others_add(struct engine *engine, cJSON *safe, const struct model_run *run)
{
    const struct model_share *share = config_profile_share(engine->profile);
    const char *is = config_get(engine->profile, CONFIG_DESTINATION_URL);
    struct err err = ERR_INIT;
    struct store_look *reader =
        share->count <= OTHERS_MAX ? store_look_new(engine->state, &err) : NULL;
    int64_t total = 0, whole = 0, oldest = 0, publishing = 0, away = 0;
    if (reader == NULL)
        return;
    for (size_t i = 0; i < share->count; i++) {
        struct store_look_table look;
        if (model_name_equal(&share->tables[i].name, &run->table) ||
            store_look_table(reader, &share->tables[i].name, &look, &err) != 0)
            continue;
        total++;
        whole += look.whole_to_us != 0;
        if (look.whole_to_us && (oldest == 0 || look.whole_to_us < oldest))
            oldest = look.whole_to_us;
        char *other = look.good_run ? engine_run_elsewhere(engine, look.good_run, is) : NULL;
        away += other != NULL;
        free(other);
        publishing += look.last.id && look.last.state == RUN_PUBLISHING;
        store_look_table_free(&look);
    }
    store_look_free(&reader);
    cJSON *others = base_json_add_object(safe, "others");
    base_json_add_i64(others, "total", total);
    base_json_add_i64(others, "whole", whole);
    base_json_add_i64(others, "publishing", publishing);
    if (away)
        base_json_add_i64(others, "elsewhere", away);
    base_json_add_time(others, "oldest", oldest);
}

static void safe_add(struct engine *engine, cJSON *json, const struct model_run *run)
{
    cJSON *safe = base_json_add_object(json, "safe");
    base_json_add_str(safe, "touched", touched(run));
    base_json_add_str(safe, "stopped", model_run_state_name(run->state));
    reader_add(engine, safe, run);
    others_add(engine, safe, run);
}

/* --- changed --- */

struct compare {
    cJSON *items, *same;
};

static cJSON *item_add(const struct compare *to, const char *what, const char *from,
                       const char *now)
{
    cJSON *item = base_json_object();
    base_json_add_str(item, "what", what);
    base_json_add_str(item, "from", from);
    base_json_add_str(item, "to", now);
    base_json_push_take(to->items, item);
    return item;
}

/* Both must be known, else nothing is said of it. */
static cJSON *text_compare(const struct compare *to, const char *what, const char *from,
                           const char *now)
{
    if (from == NULL || now == NULL)
        return NULL;
    if (strcmp(from, now) != 0)
        return item_add(to, what, from, now);
    base_json_push_take(to->same, cJSON_CreateString(what));
    return NULL;
}

static const struct model_column *column_find(const struct model_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->count; i++)
        if (base_text_equal_nocase(schema->columns[i].name, name))
            return &schema->columns[i];
    return NULL;
}

static void columns_compare(const struct compare *to, const struct model_schema *from,
                            const struct model_schema *now)
{
    int changes = 0;
    for (size_t i = 0; i < from->count && changes < COLUMNS_MAX; i++) {
        const struct model_column *column = column_find(now, from->columns[i].name);
        char *was = model_type_text(&from->columns[i].type);
        char *is = column ? model_type_text(&column->type) : base_strdup("gone");
        char *what = base_printf("column %s", from->columns[i].name);
        if (strcmp(was, is) != 0) {
            item_add(to, what, was, is);
            changes++;
        }
        free(was);
        free(is);
        free(what);
    }
    for (size_t i = 0; i < now->count && changes < COLUMNS_MAX; i++) {
        if (column_find(from, now->columns[i].name))
            continue;
        char *is = model_type_text(&now->columns[i].type);
        char *what = base_printf("column %s", now->columns[i].name);
        item_add(to, what, "not there", is);
        changes++;
        free(is);
        free(what);
    }
    if (changes == 0)
        base_json_push_take(to->same, cJSON_CreateString("columns"));
}

/* Which settings an error speaks of, by the beginning of its code. */
static bool speaks_of(const char *code, const char *setting)
{
    static const char *const table[][2] = {{"SRC_AUTH_", "secret"},    {"SRC_AUTH_", "principal"},
                                           {"SRC_AUTH_", "workspace"}, {"SRC_PERM_", "principal"},
                                           {"SRC_WH_", "warehouse"},   {"SRC_HOST_", "workspace"},
                                           {"NET_", "workspace"},      {"TLS_", "workspace"},
                                           {"HOST_", "destination"},   {"DST_", "destination"}};
    for (size_t i = 0; i < base_countof(table); i++)
        if (strcmp(setting, table[i][1]) == 0 &&
            strncmp(code, table[i][0], strlen(table[i][0])) == 0)
            return true;
    return false;
}

static void settings_compare(const struct compare *to, const cJSON *from, const cJSON *now,
                             enum err_code code)
{
    static const char *const names[] = {"secret",      "principal", "workspace", "warehouse",
                                        "destination", "codec",     "engine"};
    for (size_t i = 0; i < base_countof(names); i++) {
        cJSON *item =
            text_compare(to, names[i], base_json_str(from, names[i]), base_json_str(now, names[i]));
        if (item)
            base_json_add_bool(item, "likely", speaks_of(base_err_name(code), names[i]));
    }
}

static char *version_text(int64_t version)
{
    return version >= 0 ? base_printf("v%lld", (long long)version) : NULL;
}

/* The table as the failed run planned it, or as it was seen after the failure. */
static void table_compare(const struct compare *to, const struct model_plan *good,
                          const struct model_plan *plan, const cJSON *seen,
                          const struct model_run *run)
{
    bool planned = !sync_plan_is_intent(plan);
    const char *id = planned ? plan->table_id : base_json_str(seen, "table_id");
    cJSON *item = text_compare(to, "table id", good->table_id, id);
    if (item) {
        enum err_class class = base_err_class(run->err.code);
        base_json_add_str(item, "time", base_json_str(seen, "created"));
        base_json_add_str(item, "by", base_json_str(seen, "owner"));
        base_json_add_bool(item, "likely",
                           class == ERR_CLASS_PERM || class == ERR_CLASS_CFG ||
                               run->err.code == ERR_SRC_TABLE_CHANGED ||
                               run->err.code == ERR_SRC_FILES_GONE);
    }
    if (planned) {
        char *from = version_text(good->version), *now = version_text(plan->version);
        text_compare(to, "version", from, now);
        free(from);
        free(now);
        columns_compare(to, &good->columns, &plan->columns);
        text_compare(to, "filter", good->filter ? good->filter : "",
                     plan->filter ? plan->filter : "");
    } else if (base_json_array(seen, "columns")) {
        struct model_schema columns = {0};
        if (model_schema_from_json(base_json_get(seen, "columns"), &columns, NULL) == 0)
            columns_compare(to, &good->columns, &columns);
        model_schema_free(&columns);
    }
}

static bool is_perm(enum err_code code)
{
    return code == ERR_SRC_PERM_CATALOG || code == ERR_SRC_PERM_SCHEMA ||
           code == ERR_SRC_PERM_TABLE;
}

/* The privilege whose lack is the error; the principal had it when it read last. */
static void grant_add(const struct compare *to, const struct model_run *run, bool id_known,
                      bool id_changed)
{
    static const struct {
        enum err_code code;
        const char *privilege;
    } table[] = {{ERR_SRC_PERM_CATALOG, "USE CATALOG"},
                 {ERR_SRC_PERM_SCHEMA, "USE SCHEMA"},
                 {ERR_SRC_PERM_TABLE, "SELECT"}};
    for (size_t i = 0; i < base_countof(table); i++) {
        if (table[i].code != run->err.code)
            continue;
        char *from = base_printf("%s of the principal", table[i].privilege);
        cJSON *item = item_add(to, "grants", from, "gone");
        base_json_add_bool(item, "likely", id_known && !id_changed);
        free(from);
    }
}

static void unknown_add(cJSON *changed, const struct model_run *run, const cJSON *seen,
                        bool id_known)
{
    const char *as = base_json_str_or(seen, "as", "principal");
    bool hidden = is_perm(run->err.code) || run->err.code == ERR_SRC_TABLE_NOT_FOUND;
    base_json_add_str(changed, "seen_as", as);
    if (hidden && !id_known)
        base_json_add_str(changed, "unknown",
                          strcmp(as, "observer") == 0
                              ? "the observer cannot see the table either"
                              : "revoked, or dropped and created again? the principal cannot tell");
}

static void changed_add(struct engine *engine, cJSON *json, const struct model_run *run,
                        const cJSON *kept)
{
    struct model_run good = {0};
    struct model_plan before = {0}, plan = {0};
    struct err err = ERR_INIT;
    if (model_run_over(run->state) && run->state != RUN_FAILED)
        return;
    if (store_run_last_good(engine->state, run->sync_uuid, &good, &err) != 0)
        return;
    cJSON *changed = base_json_add_object(json, "changed");
    struct compare to = {.items = base_json_add_array(changed, "items"),
                         .same = base_json_add_array(changed, "same")};
    const cJSON *seen = base_json_get(kept, "seen");
    cJSON *then = engine_circumstances(engine, good.id);
    base_json_add_i64(changed, "run", good.id);
    base_json_add_time(changed, "since", good.started_us);
    bool planned = store_plan_get(engine->state, good.id, &before, &err) == 0 &&
                   store_plan_get(engine->state, run->id, &plan, &err) == 0;
    bool known = planned && before.table_id &&
                 (!sync_plan_is_intent(&plan) || base_json_str(seen, "table_id"));
    if (planned)
        table_compare(&to, &before, &plan, seen, run);
    bool other =
        known && cJSON_GetArraySize(to.items) > 0 &&
        strcmp(base_json_str_or(cJSON_GetArrayItem(to.items, 0), "what", ""), "table id") == 0;
    grant_add(&to, run, known, other);
    settings_compare(&to, then, kept, run->err.code);
    if (then == NULL)
        base_json_add_bool(changed, "settings_unknown", true);
    unknown_add(changed, run, seen, known);
    cJSON_Delete(then);
    model_plan_free(&before);
    model_plan_free(&plan);
    model_run_free(&good);
}

void engine_failure_add(struct engine *engine, cJSON *json, const struct model_run *run)
{
    cJSON *kept = engine_circumstances(engine, run->id);
    broke_add(engine, json, run, kept);
    safe_add(engine, json, run);
    changed_add(engine, json, run, kept);
    const cJSON *failed = base_json_get(kept, "failed");
    if (failed)
        base_json_add_take(json, "failed", cJSON_Duplicate(failed, true));
    cJSON_Delete(kept);
}
