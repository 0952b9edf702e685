/* What needs a person, and what the last look at the destination found. */
#include "engine/doctor.h"

#include "base/alloc.h"
#include "base/json.h"
#include "store/audit.h"
#include "store/look.h"
#include "watch/audit.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 100
#define EXPIRES_DAYS 90 /* from here on it is said at all */
#define EXPIRES_SOON 7  /* from here on it comes before what merely waits */
#define CHECK_FACT "destination.check"
#define DAMAGED_MAX 50
#define AUDIT_FACT "audit.read"
#define AUDIT_ROWS 200 /* the newest, among which one of Aampe is looked for */
#define AUDIT_DAYS 7
#define DAY_US (INT64_C(86400) * 1000000)

static cJSON *item_add(cJSON *snapshot, const char *kind, int rank, int64_t since_us)
{
    const cJSON *list = base_json_array(snapshot, "attention");
    cJSON *items = list ? cJSON_GetObjectItemCaseSensitive(snapshot, "attention")
                        : base_json_add_array(snapshot, "attention");
    if (cJSON_GetArraySize(items) >= ITEMS_MAX)
        return NULL;
    cJSON *item = base_json_object();
    base_json_add_str(item, "kind", kind);
    base_json_add_i64(item, "rank", rank);
    base_json_add_time(item, "since", since_us);
    base_json_push_take(items, item);
    return item;
}

static void run_say(cJSON *item, const struct model_run *run)
{
    char *name = model_name_text(&run->table);
    base_json_add_i64(item, "run", run->id);
    base_json_add_str(item, "table", name);
    free(name);
}

void engine_attention_failed(struct engine *engine, cJSON *snapshot,
                             const struct store_look_table *look)
{
    (void)engine;
    cJSON *item = item_add(snapshot, "failed", 1, look->last.finished_us);
    if (item == NULL)
        return;
    run_say(item, &look->last);
    base_json_add_str(item, "code", base_err_name(look->last.err.code));
    base_json_add_str(item, "text", look->last.err.message);
    base_json_add_str(item, "hint", base_err_hint_text(&look->last.err));
}

void engine_attention_stalled(struct engine *engine, cJSON *snapshot,
                              const struct store_look_table *look)
{
    struct sync_progress progress;
    if (engine->sync == NULL || !sync_run_progress(engine->sync, look->last.id, &progress) ||
        !progress.stalled)
        return;
    cJSON *item = item_add(snapshot, "stalled", 4, look->last.started_us);
    if (item == NULL)
        return;
    run_say(item, &look->last);
    base_json_add_str(item, "text", "no progress for more than 60 s");
}

static void expires_add(cJSON *snapshot)
{
    const cJSON *secret;
    cJSON_ArrayForEach(secret, base_json_array(snapshot, "secrets"))
    {
        int64_t days = base_json_i64_or(secret, "expires_days", EXPIRES_DAYS + 1);
        if (days > EXPIRES_DAYS)
            continue;
        cJSON *item = item_add(snapshot, "expires", days <= EXPIRES_SOON ? 2 : 5, 0);
        if (item == NULL)
            return;
        base_json_add_str(item, "secret", base_json_str(secret, "name"));
        base_json_add_str(item, "held", base_json_str(secret, "held"));
        base_json_add_str(item, "expires", base_json_str(secret, "expires"));
        base_json_add_i64(item, "days", days);
        base_json_add_str(item, "text", days < 0 ? "has expired" : "ends soon");
        /* Of somebody else's secret only the holder can make anything new. */
        if (strcmp(base_json_str_or(secret, "held", ""), "other") == 0)
            continue;
        enum err_code code = days < 0 ? ERR_SRC_AUTH_SECRET_EXPIRED : ERR_SRC_AUTH_SECRET_EXPIRING;
        base_json_add_str(item, "code", base_err_name(code));
        base_json_add_str(item, "hint", base_err_fix(code));
    }
}

/* Is there an item of this kind and code already? The same trouble is said once. */
static bool said(const cJSON *snapshot, const char *kind, const char *code)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(snapshot, "attention"))
    {
        if (strcmp(base_json_str_or(item, "kind", ""), kind) == 0 &&
            strcmp(base_json_str_or(item, "code", ""), code) == 0)
            return true;
    }
    return false;
}

/* What is merely not set up yet waits; what has broken keeps every run from starting and comes
 * before what failed earlier. */
static void blocked_say(cJSON *snapshot, const cJSON *error)
{
    const char *code = base_json_str_or(error, "code", "");
    bool missing = strcmp(code, base_err_name(ERR_CONFIG_MISSING)) == 0;
    if (error == NULL || said(snapshot, "blocked", code))
        return;
    cJSON *item = item_add(snapshot, "blocked", missing ? 3 : 0, 0);
    if (item == NULL)
        return;
    base_json_add_str(item, "code", code);
    base_json_add_str(item, "text", base_json_str(error, "message"));
    base_json_add_str(item, "hint", base_json_str(error, "hint"));
}

/* --- what the doctor found, as long as no run has gone well since --- */

static bool code_said(const cJSON *snapshot, const char *code)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, base_json_array(snapshot, "attention"))
    {
        if (strcmp(base_json_str_or(item, "code", ""), code) == 0)
            return true;
    }
    return false;
}

static void layer_say(cJSON *snapshot, const cJSON *layer, int64_t since_us)
{
    const cJSON *error = base_json_get(layer, "error");
    const char *code = base_json_str_or(error, "code", "");
    /* What is merely missing is said by what it blocks. */
    if (error == NULL || strcmp(base_json_str_or(layer, "state", ""), "fail") != 0 ||
        strcmp(code, base_err_name(ERR_CONFIG_MISSING)) == 0 || code_said(snapshot, code))
        return;
    cJSON *item = item_add(snapshot, "doctor", 2, since_us);
    if (item == NULL)
        return;
    base_json_add_str(item, "layer", base_json_str(layer, "layer"));
    base_json_add_str(item, "code", code);
    base_json_add_str(item, "text", base_json_str(error, "message"));
    base_json_add_str(item, "hint", base_json_str(error, "hint"));
}

static void doctor_add(struct engine *engine, cJSON *snapshot)
{
    cJSON *kept = engine_fact_get(engine, ENGINE_FACT_DOCTOR);
    const cJSON *report = base_json_get(kept, "report"), *chain, *layer;
    const char *ended = base_json_str(report, "ended");
    const char *good = base_json_str(base_json_get(snapshot, "safe"), "newest");
    int64_t ended_us = 0, good_us = 0;
    bool known = ended && base_time_parse(ended, &ended_us) == 0;
    bool healed = good && base_time_parse(good, &good_us) == 0 && good_us > ended_us;
    if (known && !healed) {
        cJSON_ArrayForEach(chain, base_json_array(report, "chains"))
        {
            cJSON_ArrayForEach(layer, base_json_array(chain, "layers"))
                layer_say(snapshot, layer, ended_us);
        }
    }
    cJSON_Delete(kept);
}

static void damaged_add(cJSON *snapshot)
{
    const cJSON *check = base_json_get(snapshot, "check"), *each;
    int64_t since = 0;
    const char *time = base_json_str(check, "time");
    if (time == NULL || base_time_parse(time, &since) != 0)
        since = 0;
    cJSON_ArrayForEach(each, base_json_array(check, "damaged"))
    {
        cJSON *item = item_add(snapshot, "damaged", 0, since);
        if (item == NULL)
            return;
        base_json_add_i64(item, "run", base_json_i64_or(each, "run", 0));
        base_json_add_str(item, "table", base_json_str(each, "name"));
        base_json_add_str(item, "code", base_json_str(each, "code"));
        base_json_add_str(item, "text", base_json_str(each, "message"));
        base_json_add_str(item, "hint", base_json_str(each, "hint"));
    }
}

static int worse(const void *a, const void *b)
{
    const cJSON *const *left = a, *const *right = b;
    int64_t ranks = base_json_i64_or(*left, "rank", 9) - base_json_i64_or(*right, "rank", 9);
    if (ranks != 0)
        return ranks < 0 ? -1 : 1;
    int since = strcmp(base_json_str_or(*right, "since", ""), base_json_str_or(*left, "since", ""));
    return since ? since
                 : strcmp(base_json_str_or(*left, "table", ""),
                          base_json_str_or(*right, "table", ""));
}

/* Worst first; of the same kind the newest first. The rank stays inside. */
static void sort(cJSON *snapshot)
{
    cJSON *items = cJSON_GetObjectItemCaseSensitive(snapshot, "attention");
    size_t count = (size_t)cJSON_GetArraySize(items);
    cJSON **sorted = base_alloc_zero(count, sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = cJSON_DetachItemFromArray(items, 0);
    qsort(sorted, count, sizeof *sorted, worse);
    for (size_t i = 0; i < count; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(sorted[i], "rank");
        base_json_push_take(items, sorted[i]);
    }
    free(sorted);
}

void engine_attention_add(struct engine *engine, cJSON *snapshot)
{
    if (base_json_array(snapshot, "attention") == NULL)
        base_json_add_array(snapshot, "attention");
    damaged_add(snapshot);
    expires_add(snapshot);
    blocked_say(snapshot, base_json_get(snapshot, "blocked"));
    blocked_say(snapshot, base_json_get(snapshot, "vault_error"));
    if (base_json_bool_or(snapshot, "disk_full", false)) {
        struct err err = ERR_INIT;
        base_err_set(&err, ERR_HOST_DISK_FULL, "the disk of the state folder is full");
        cJSON *error = base_err_to_json(&err);
        blocked_say(snapshot, error);
        cJSON_Delete(error);
    }
    doctor_add(engine, snapshot);
    sort(snapshot);
}

/* --- the last look at the destination --- */

static bool is_damage(const char *code)
{
    enum err_code value = code ? base_err_by_name(code) : ERR_COUNT;
    return value == ERR_DST_FILE_CORRUPT || value == ERR_SRC_ROWCOUNT_MISMATCH;
}

static void count_set(cJSON *json, const char *key, int64_t more)
{
    int64_t value = base_json_i64_or(json, key, 0) + more;
    cJSON_DeleteItemFromObjectCaseSensitive(json, key);
    base_json_add_i64(json, key, value);
}

static void table_keep(cJSON *check, cJSON *damaged, const cJSON *table)
{
    const cJSON *error = base_json_get(table, "verify_error");
    const char *code = base_json_str(error, "code");
    /* What has never published, or could not be looked at, was not checked. */
    if (base_json_i64_or(table, "run", 0) == 0 || (error && !is_damage(code)))
        return;
    count_set(check, "tables", 1);
    count_set(check, "files", base_json_i64_or(table, "files", 0));
    if (error == NULL || cJSON_GetArraySize(damaged) >= DAMAGED_MAX)
        return;
    cJSON *item = base_json_object();
    base_json_add_str(item, "name", base_json_str(table, "name"));
    base_json_add_i64(item, "run", base_json_i64_or(table, "run", 0));
    base_json_add_str(item, "code", code);
    base_json_add_str(item, "message", base_json_str(error, "message"));
    base_json_add_str(item, "hint", base_json_str(error, "hint"));
    base_json_push_take(damaged, item);
}

void engine_check_keep(struct engine *engine, const cJSON *report, bool more)
{
    struct err err = ERR_INIT;
    cJSON *check = more ? engine_fact_get(engine, CHECK_FACT) : NULL;
    if (check == NULL)
        check = base_json_object();
    cJSON *damaged = cJSON_GetObjectItemCaseSensitive(check, "damaged");
    if (!cJSON_IsArray(damaged))
        damaged = base_json_add_array(check, "damaged");
    cJSON_DeleteItemFromObjectCaseSensitive(check, "time");
    base_json_add_time(check, "time", base_seam_now_us(engine->seam));
    const cJSON *table;
    cJSON_ArrayForEach(table, base_json_array(report, "tables")) table_keep(check, damaged, table);
    if (base_json_i64_or(check, "tables", 0) > 0) {
        char *text = base_json_print(check);
        if (store_fact_put(engine->state, CHECK_FACT, text, &err) != 0)
            base_log_event(engine->log, LOG_WARN_, "check.failed", "code", base_err_name(err.code),
                           NULL);
        free(text);
    }
    cJSON_Delete(check);
    engine_snapshot_soon(engine);
}

cJSON *engine_check_get(struct engine *engine)
{
    return engine_fact_get(engine, CHECK_FACT);
}

/* What was damaged and has been published anew since is damaged no more. */
static bool still_there(const cJSON *snapshot, const cJSON *damaged)
{
    const char *name = base_json_str_or(damaged, "name", "");
    const cJSON *table;
    cJSON_ArrayForEach(table, base_json_array(snapshot, "tables"))
    {
        if (strcmp(base_json_str_or(table, "name", ""), name) == 0)
            return base_json_i64_or(table, "good_run", 0) == base_json_i64_or(damaged, "run", 0);
    }
    return false;
}

void engine_check_add(struct engine *engine, cJSON *snapshot)
{
    cJSON *check = engine_fact_get(engine, CHECK_FACT);
    cJSON *damaged = cJSON_GetObjectItemCaseSensitive(check, "damaged");
    if (check == NULL)
        return;
    for (int i = cJSON_GetArraySize(damaged) - 1; i >= 0; i--)
        if (!still_there(snapshot, cJSON_GetArrayItem(damaged, i)))
            cJSON_DeleteItemFromArray(damaged, i);
    base_json_add_take(snapshot, "check", check);
}

/* --- what Aampe reads itself, as far as the audit log that was read tells --- */

static int64_t last_by_aampe(struct engine *engine, const char *who, int64_t since_us)
{
    struct store_audit *rows = NULL;
    struct err err = ERR_INIT;
    size_t count = 0;
    int64_t last = 0;
    if (store_audit_list(engine->cache, who, since_us, INT64_MAX, AUDIT_ROWS, &rows, &count,
                         &err) != 0)
        return 0;
    for (size_t i = 0; i < count && last == 0; i++) {
        cJSON *line = base_json_parse(rows[i].json, strlen(rows[i].json), JSON_MAX_BYTES, NULL);
        if (strcmp(watch_audit_by(base_json_str(line, "agent")), "aampe") == 0)
            last = rows[i].time_us;
        cJSON_Delete(line);
    }
    store_audits_free(rows, count);
    return last;
}

void engine_audit_add(struct engine *engine, cJSON *snapshot)
{
    const char *who = config_get(engine->profile, CONFIG_PRINCIPAL_CLIENT_ID);
    const char *observer = config_get(engine->profile, CONFIG_OBSERVER_CLIENT_ID);
    cJSON *fact = engine_fact_get(engine, AUDIT_FACT),
          *json = base_json_add_object(snapshot, "audit");
    bool ours = fact && who && strcmp(base_json_str_or(fact, "who", ""), who) == 0;
    const char *state = ours ? base_json_str_or(fact, "state", "nothing_yet") : "never_read";
    base_json_add_str(json, "state", observer ? state : "no_observer");
    if (ours && observer) {
        base_json_add_str(json, "read", base_json_str(fact, "time"));
        base_json_add_str(json, "to", base_json_str(fact, "to"));
        base_json_add_time(
            json, "last_aampe",
            last_by_aampe(engine, who, base_seam_now_us(engine->seam) - AUDIT_DAYS * DAY_US));
    }
    cJSON_Delete(fact);
}
