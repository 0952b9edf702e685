/* What a statement that does not begin waits for: the warehouse is asked, because the statement
 * itself says PENDING to all of it. And what a refusal is about that names something nobody asked
 * for. */
#include "sync/internal.h"

#include "base/alloc.h"
#include "databricks/warehouse.h"
#include "model/grant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PATIENCE_US ((int64_t)10 * 1000000)
#define AGAIN_US ((int64_t)15 * 1000000)

static void say(struct sync_run *run, enum err_code code, const char *what,
                const struct databricks_warehouse *warehouse)
{
    struct err *why = &run->extract.pending.why;
    bool news = why->code != code;
    base_err_clear(why);
    base_err_set(why, code, "the warehouse \"%s\" %s", warehouse->name ? warehouse->name : "",
                 what);
    base_err_fact(why, "warehouse", "%s", warehouse->id ? warehouse->id : "");
    base_err_fact(why, "warehouse_state", "%s", warehouse->state ? warehouse->state : "");
    base_err_fact(why, "warehouse_health", "%s", warehouse->health ? warehouse->health : "");
    if (news)
        base_log_event(run->sync->deps.log, LOG_INFO_, "sync.pending", "run",
                       base_log_i64(run->sync->deps.log, run->row.id), "code", base_err_name(code),
                       "statement_id", run->extract.statement_id, NULL);
}

static bool state_is(const struct databricks_warehouse *warehouse, const char *state)
{
    return warehouse->state && strcmp(warehouse->state, state) == 0;
}

/* A statement of the run is at the warehouse and has not begun, as far as is known: that of the
 * plan or that of the data. */
static bool waits(const struct sync_run *run)
{
    const struct sync_extract *x = &run->extract;
    if (run->failing)
        return false;
    if (run->step == STEP_PLAN)
        return run->planner && sync_planner_at_warehouse(run->planner);
    return run->step == STEP_WAIT &&
           (!x->statement_polled || x->statement_state == DATABRICKS_PENDING);
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct sync_run *run = user;
    const char *reason;
    run->extract.pending.call = NULL;
    if (err || !waits(run)) /* it only helps to explain: its own failure explains nothing */
        return;
    reason = warehouse->health_reason ? warehouse->health_reason : warehouse->health;
    if (warehouse->health && strcmp(warehouse->health, "FAILED") == 0) {
        say(run, ERR_SRC_WH_START_FAILED, "does not start", warehouse);
        base_err_hint(&run->extract.pending.why, "The warehouse says: %s", reason);
        base_err_fact(&run->extract.pending.why, "health_text", "%s", reason);
    } else if (state_is(warehouse, "RUNNING")) {
        say(run, ERR_SRC_WH_QUEUED, "runs, but is busy: the statement waits in its queue",
            warehouse);
    } else {
        say(run, ERR_SRC_WH_STOPPED, "is not running yet", warehouse);
    }
    if (run->extract.pending.why.code == ERR_SRC_WH_START_FAILED &&
        state_is(warehouse, "STOPPED")) { /* it has given up: so do we */
        struct err why = run->extract.pending.why;
        sync_pending_stamp(run, &why);
        sync_run_fail(run, &why);
    }
}

void sync_pending_stamp(const struct sync_run *run, struct err *err)
{
    int64_t now = base_seam_mono_us(run->sync->deps.seam);
    if (!*err->statement_id)
        snprintf(err->statement_id, sizeof err->statement_id, "%s", run->extract.statement_id);
    base_err_fact(err, "statement_state", "PENDING");
    base_err_fact_i64(err, "pending_seconds", (now - run->extract.pending.since_us) / 1000000);
}

void sync_pending_look(struct sync_run *run, int64_t now_us)
{
    struct sync_pending *pending = &run->extract.pending;
    if (!waits(run)) {
        databricks_cancel(&pending->call);
        pending->since_us = 0;
        base_err_clear(&pending->why);
        return;
    }
    if (!pending->since_us)
        pending->since_us = now_us;
    if (pending->call || now_us - pending->since_us < PATIENCE_US ||
        (pending->asked_us && now_us - pending->asked_us < AGAIN_US))
        return;
    pending->asked_us = now_us;
    pending->call =
        databricks_warehouse_get(run->sync->deps.databricks, SYNC_IDENTITY,
                                 run->sync->deps.settings.warehouse_id, on_warehouse, run);
}

/* The name a refusal gives, without quotes of any kind. */
static bool name_refused(const char *message, char *out, size_t size)
{
    const char *at = strstr(message, "not have ");
    size_t used = 0;
    char mark;
    at = at ? strpbrk(at, "'\"") : NULL;
    if (!at)
        return false;
    mark = *at++;
    for (; *at && *at != mark && used + 1 < size; at++)
        if (*at != '`')
            out[used++] = *at;
    out[used] = '\0';
    return *at == mark && used > 0;
}

/* "a.b" -> {"a", "b", NULL}; the text is cut in place. False where there are not so many parts as
 * the level has, as with a name that has points of its own. */
static bool name_split(char *text, enum model_grant level, struct model_name *out)
{
    char **parts[] = {&out->catalog, &out->schema, &out->table}, *save = NULL;
    size_t count = 0;
    *out = (struct model_name){0};
    for (char *part = strtok_r(text, ".", &save); part; part = strtok_r(NULL, ".", &save)) {
        if (count == base_countof(parts))
            return false;
        *parts[count++] = part;
    }
    return count == (size_t)level + 1;
}

/* What the view's owner lacks, as a statement where the refusal says all of it. */
static void owner_hint(struct err *err, enum model_grant level, const char *view, const char *owner,
                       const char *object)
{
    struct model_name name;
    struct err own = ERR_INIT;
    struct buf sql;
    char parts[256], said[32];
    snprintf(parts, sizeof parts, "%s", object);
    snprintf(said, sizeof said, "have %s on", model_grant_privilege(level));
    bool known = strstr(err->message, said) != NULL;
    base_buf_init(&sql, sizeof err->hint - 1);
    if (known && owner && name_split(parts, level, &name) &&
        model_grant_sql(level, &name, owner, &sql, &own) == 0)
        base_err_hint(err, "%s", sql.data);
    else
        base_err_hint(err, "The owner of \"%.90s\" needs to be able to read \"%.90s\".", view,
                      object);
    base_buf_free(&sql);
    base_err_fact(err, "object", "%s", object);
    base_err_fact(err, "privilege", "%s", known ? model_grant_privilege(level) : "");
    base_err_fact(err, "owner", "%s", owner ? owner : "");
}

/* Whether the name is our own table's, or of what it lies in. Of a view the catalog and the schema
 * are its owner's matter too: the principal was seen to have both. */
static bool about_us(const struct sync_run *run, enum model_grant level, const char *name)
{
    const struct model_name *table = &run->row.table;
    char ours[256];
    if (level == MODEL_GRANT_CATALOG)
        snprintf(ours, sizeof ours, "%s", table->catalog);
    else if (level == MODEL_GRANT_SCHEMA)
        snprintf(ours, sizeof ours, "%s.%s", table->catalog, table->schema);
    else
        snprintf(ours, sizeof ours, "%s.%s.%s", table->catalog, table->schema, table->table);
    return strcasecmp(name, ours) == 0 &&
           (level == MODEL_GRANT_TABLE || run->plan.view_owner == NULL);
}

void sync_denied_chain(const struct sync_run *run, struct err *err)
{
    const char *owner = run->plan.view_owner;
    enum model_grant level;
    char name[256];
    if (model_grant_of(err->code, &level) != 0 || !*err->statement_id ||
        !name_refused(err->message, name, sizeof name) || about_us(run, level, name))
        return;
    char *view = model_name_text(&run->row.table);
    err->code = ERR_SRC_PERM_VIEW_CHAIN;
    owner_hint(err, level, view, owner, name);
    if (owner)
        base_err_context(err, "\"%.80s\" is read as its owner, \"%.60s\"", view, owner);
    free(view);
}
