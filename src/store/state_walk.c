/* What moves a run from state to state. Each verb is one transaction. */
#include "store/state_private.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* --- intent
 * -------------------------------------------------------------------------------------------------
 */

struct intent {
    int64_t batch, id;
    const char *sync_uuid;
    const struct model_plan *plan;
    char *json;
};

static int intent_insert(struct store_state *store, const struct intent *intent, struct err *err)
{
    return store_db_run(store->db, err,
                        "INSERT INTO runs(batch,sync_uuid,seq,attempt,table_key,catalog,schema,tbl,"
                        "state,version,started_us) SELECT ?,s.sync_uuid,s.last_seq,1,s.table_key,"
                        "s.catalog,s.schema,s.tbl,'PLANNED',?,? FROM syncs s WHERE s.sync_uuid=?",
                        "iiit", intent->batch, intent->plan->version, base_seam_now_us(store->seam),
                        intent->sync_uuid);
}

static int intent_body(struct store_state *store, void *arg, struct err *err)
{
    struct intent *intent = arg;
    int64_t open_run, seq;
    if (store_db_number(store->db, err, &open_run, 0,
                        "SELECT id FROM runs WHERE sync_uuid=? AND state NOT IN"
                        " ('RECORDED','CLEANED','FAILED','CANCELLED')",
                        "t", intent->sync_uuid) != 0)
        return -1;
    if (open_run != 0)
        return base_err_set(err, ERR_ENGINE_BUSY, "run %lld of this table is not over",
                            (long long)open_run);
    if (store_db_run(store->db, err, "UPDATE syncs SET last_seq=last_seq+1 WHERE sync_uuid=?", "t",
                     intent->sync_uuid) != 0 ||
        store_db_number(store->db, err, &seq, 0, "SELECT last_seq FROM syncs WHERE sync_uuid=?",
                        "t", intent->sync_uuid) != 0)
        return -1;
    if (seq == 0)
        return base_err_set(err, ERR_INTERNAL, "there is no sync '%s'", intent->sync_uuid);
    if (intent_insert(store, intent, err) != 0)
        return -1;
    intent->id = sqlite3_last_insert_rowid(store->db);
    return store_db_run(store->db, err, "INSERT INTO plans(run,json) VALUES(?,?)", "it", intent->id,
                        intent->json);
}

static char *plan_text(const struct model_plan *plan)
{
    cJSON *json = model_plan_to_json(plan);
    char *text = base_json_print(json);
    cJSON_Delete(json);
    return text;
}

int store_run_intend(struct store_state *store, int64_t batch, const char *sync_uuid,
                     const struct model_plan *plan, struct model_run *out, struct err *err)
{
    struct intent intent = {
        .batch = batch, .sync_uuid = sync_uuid, .plan = plan, .json = plan_text(plan)};
    memset(out, 0, sizeof *out);
    int rc = store_write(store, intent_body, &intent, err);
    free(intent.json);
    return rc == 0 ? store_run_get(store, intent.id, out, err) : -1;
}

int store_plan_get(struct store_state *store, int64_t run, struct model_plan *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    sqlite3_stmt *stmt =
        store_db_query(store->db, err, "SELECT json FROM plans WHERE run=?", "i", run);
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    char *text = rc == 1 ? store_db_text(stmt, 0) : NULL;
    sqlite3_finalize(stmt);
    if (rc == 0)
        return base_err_set(err, ERR_RUN_NOT_FOUND, "there is no plan of run %lld", (long long)run);
    cJSON *json = rc == 1 ? base_json_parse(text, strlen(text), JSON_MAX_BYTES, err) : NULL;
    free(text);
    rc = json != NULL ? model_plan_from_json(json, out, err) : -1;
    cJSON_Delete(json);
    return rc == 0 ? 0 : base_err_context(err, "plan of run %lld", (long long)run);
}

struct plan_change {
    int64_t run;
    const char *json;
    int64_t version;
};

static int plan_body(struct store_state *store, void *arg, struct err *err)
{
    const struct plan_change *change = arg;
    int64_t open;
    if (store_db_number(store->db, err, &open, 0,
                        "SELECT count(*) FROM runs WHERE id=? AND state IN ('PLANNED','RUNNING')",
                        "i", change->run) != 0)
        return -1;
    if (open == 0)
        return base_err_set(err, ERR_INTERNAL, "the plan of run %lld can change no more",
                            (long long)change->run);
    if (store_db_run(store->db, err, "UPDATE plans SET json=? WHERE run=?", "ti", change->json,
                     change->run) != 0)
        return -1;
    return store_db_run(store->db, err, "UPDATE runs SET version=? WHERE id=?", "ii",
                        change->version, change->run);
}

int store_plan_put(struct store_state *store, int64_t run, const struct model_plan *plan,
                   struct err *err)
{
    char *json = plan_text(plan);
    struct plan_change change = {run, json, plan->version};
    int rc = store_write(store, plan_body, &change, err);
    free(json);
    return rc;
}

/* --- transitions
 * -------------------------------------------------------------------------------------------- */

struct move {
    int64_t id;
    enum model_run_state to;
    const char *err_text;
    int64_t uid;
};

static int run_state(struct store_state *store, int64_t id, enum model_run_state *out,
                     struct err *err)
{
    struct model_run run;
    if (store_run_get(store, id, &run, err) != 0)
        return -1;
    *out = run.state;
    model_run_free(&run);
    return 0;
}

/* The forward walk; FAILED, CANCELLED, RECORDED and a new attempt have their own verbs. */
static bool move_allowed(enum model_run_state from, enum model_run_state to)
{
    switch (to) {
    case RUN_RUNNING:
        return from == RUN_PLANNED;
    case RUN_STAGED:
        return from == RUN_RUNNING;
    case RUN_VERIFIED:
        return from == RUN_STAGED;
    case RUN_PUBLISHING:
        return from == RUN_VERIFIED;
    case RUN_CLEANED:
        return from == RUN_RECORDED;
    default:
        return false;
    }
}

static int move_refuse(const struct move *move, enum model_run_state from, struct err *err)
{
    return base_err_set(err, ERR_INTERNAL, "run %lld cannot go from %s to %s", (long long)move->id,
                        model_run_state_name(from), model_run_state_name(move->to));
}

static int move_body(struct store_state *store, void *arg, struct err *err)
{
    const struct move *move = arg;
    enum model_run_state from;
    if (run_state(store, move->id, &from, err) != 0)
        return -1;
    if (!move_allowed(from, move->to))
        return move_refuse(move, from, err);
    return store_db_run(store->db, err, "UPDATE runs SET state=? WHERE id=?", "ti",
                        model_run_state_name(move->to), move->id);
}

int store_run_state(struct store_state *store, int64_t id, enum model_run_state to, struct err *err)
{
    struct move move = {.id = id, .to = to};
    return store_write(store, move_body, &move, err);
}

static int end_body(struct store_state *store, void *arg, struct err *err)
{
    const struct move *move = arg;
    enum model_run_state from;
    if (run_state(store, move->id, &from, err) != 0)
        return -1;
    if (move->to == RUN_CANCELLED && !model_run_cancellable(from))
        return base_err_set(err, ERR_RUN_NOT_CANCELLABLE, "run %lld is %s", (long long)move->id,
                            model_run_state_name(from));
    if (from > RUN_PUBLISHING)
        return move_refuse(move, from, err);
    return store_db_run(store->db, err, "UPDATE runs SET state=?, err=?, finished_us=? WHERE id=?",
                        "ttii", model_run_state_name(move->to), move->err_text,
                        base_seam_now_us(store->seam), move->id);
}

int store_run_fail(struct store_state *store, int64_t id, const struct err *failure,
                   struct err *err)
{
    cJSON *json = base_err_to_json(failure);
    char *text = base_json_print(json);
    cJSON_Delete(json);
    struct move move = {.id = id, .to = RUN_FAILED, .err_text = text};
    int rc = store_write(store, end_body, &move, err);
    free(text);
    return rc;
}

int store_run_cancel(struct store_state *store, int64_t id, int64_t uid, struct err *err)
{
    struct err reason = ERR_INIT;
    if (uid >= 0)
        base_err_set(&reason, ERR_CANCELLED_BY_USER, "cancelled by uid %lld", (long long)uid);
    else
        base_err_set(&reason, ERR_CANCELLED_BY_USER, "cancelled");
    cJSON *json = base_err_to_json(&reason);
    char *text = base_json_print(json);
    cJSON_Delete(json);
    struct move move = {.id = id, .to = RUN_CANCELLED, .err_text = text};
    int rc = store_write(store, end_body, &move, err);
    free(text);
    return rc;
}

static int note_body(struct store_state *store, void *arg, struct err *err)
{
    const struct move *move = arg;
    return store_db_run(store->db, err,
                        "UPDATE runs SET err=? WHERE id=? AND state NOT IN"
                        " ('RECORDED','CLEANED','FAILED','CANCELLED')",
                        "ti", move->err_text, move->id);
}

int store_run_note(struct store_state *store, int64_t id, const struct err *note, struct err *err)
{
    cJSON *json = note != NULL ? base_err_to_json(note) : NULL;
    char *text = json != NULL ? base_json_print(json) : NULL;
    cJSON_Delete(json);
    struct move move = {.id = id, .err_text = text};
    int rc = store_write(store, note_body, &move, err);
    free(text);
    return rc;
}

static int attempt_body(struct store_state *store, void *arg, struct err *err)
{
    const struct move *move = arg;
    enum model_run_state from;
    if (run_state(store, move->id, &from, err) != 0)
        return -1;
    if (from > RUN_PUBLISHING)
        return base_err_set(err, ERR_INTERNAL, "run %lld is %s: no further attempt",
                            (long long)move->id, model_run_state_name(from));
    if (store_db_run(store->db, err,
                     "UPDATE runs SET state='PLANNED', attempt=attempt+1, chunks_done=0,"
                     " chunks_total=0, files=0, bytes=0, manifest_rows=-1, decoded_rows=-1,"
                     " file_rows=-1 WHERE id=?",
                     "i", move->id) != 0 ||
        store_db_run(store->db, err, "DELETE FROM groups WHERE run=?", "i", move->id) != 0)
        return -1;
    return store_db_run(store->db, err, "DELETE FROM files WHERE run=?", "i", move->id);
}

int store_run_attempt(struct store_state *store, int64_t id, struct model_run *out, struct err *err)
{
    struct move move = {.id = id, .to = RUN_PLANNED};
    memset(out, 0, sizeof *out);
    if (store_write(store, attempt_body, &move, err) != 0)
        return -1;
    return store_run_get(store, id, out, err);
}

struct renumber {
    int64_t id, seq;
};

static int renumber_body(struct store_state *store, void *arg, struct err *err)
{
    struct renumber *number = arg;
    enum model_run_state from;
    if (run_state(store, number->id, &from, err) != 0)
        return -1;
    if (from != RUN_PLANNED)
        return base_err_set(err, ERR_INTERNAL, "run %lld is %s: its number stays",
                            (long long)number->id, model_run_state_name(from));
    if (store_db_run(store->db, err,
                     "UPDATE syncs SET last_seq=max(last_seq,?)+1 WHERE sync_uuid="
                     "(SELECT sync_uuid FROM runs WHERE id=?)",
                     "ii", number->seq, number->id) != 0 ||
        store_db_run(store->db, err,
                     "UPDATE runs SET seq=(SELECT last_seq FROM syncs s WHERE"
                     " s.sync_uuid=runs.sync_uuid) WHERE id=?",
                     "i", number->id) != 0)
        return -1;
    return store_db_number(store->db, err, &number->seq, 0, "SELECT seq FROM runs WHERE id=?", "i",
                           number->id);
}

int store_run_renumber(struct store_state *store, int64_t id, int64_t seq, int64_t *out,
                       struct err *err)
{
    struct renumber number = {id, seq};
    if (store_write(store, renumber_body, &number, err) != 0)
        return -1;
    *out = number.seq;
    return 0;
}

/* --- figures
 * ------------------------------------------------------------------------------------------------
 */

struct figures {
    int64_t id, a, b;
    const struct model_run_counts *counts;
};

static int version_body(struct store_state *store, void *arg, struct err *err)
{
    const struct figures *figures = arg;
    return store_db_run(store->db, err, "UPDATE runs SET version=? WHERE id=?", "ii", figures->a,
                        figures->id);
}

int store_run_version(struct store_state *store, int64_t id, int64_t version, struct err *err)
{
    struct figures figures = {.id = id, .a = version};
    return store_write(store, version_body, &figures, err);
}

static int counts_body(struct store_state *store, void *arg, struct err *err)
{
    const struct figures *figures = arg;
    const struct model_run_counts *counts = figures->counts;
    return store_db_run(store->db, err,
                        "UPDATE runs SET source_rows=?, manifest_rows=?, decoded_rows=?,"
                        " file_rows=? WHERE id=?",
                        "iiiii", counts->source_rows, counts->manifest_rows, counts->decoded_rows,
                        counts->file_rows, figures->id);
}

int store_run_counts(struct store_state *store, int64_t id, const struct model_run_counts *counts,
                     struct err *err)
{
    struct figures figures = {.id = id, .counts = counts};
    return store_write(store, counts_body, &figures, err);
}

static int chunks_body(struct store_state *store, void *arg, struct err *err)
{
    const struct figures *figures = arg;
    return store_db_run(store->db, err, "UPDATE runs SET chunks_done=?, chunks_total=? WHERE id=?",
                        "iii", figures->a, figures->b, figures->id);
}

int store_run_chunks(struct store_state *store, int64_t id, int64_t done, int64_t total,
                     struct err *err)
{
    struct figures figures = {.id = id, .a = done, .b = total};
    return store_write(store, chunks_body, &figures, err);
}

/* --- record
 * -------------------------------------------------------------------------------------------------
 */

struct record {
    int64_t id;
    const struct model_run_counts *counts;
    const struct store_file *files;
    size_t count;
};

static int files_replace(struct store_state *store, const struct record *record, struct err *err)
{
    int64_t bytes = 0;
    if (store_db_run(store->db, err, "DELETE FROM files WHERE run=?", "i", record->id) != 0)
        return -1;
    for (size_t i = 0; i < record->count; i++) {
        const struct store_file *file = &record->files[i];
        bytes += file->length;
        if (store_db_run(store->db, err,
                         "INSERT INTO files(run,name,length,rows,sha256) VALUES(?,?,?,?,?)",
                         "itiib", record->id, file->name, file->length, file->rows, file->sha256,
                         sizeof file->sha256) != 0)
            return -1;
    }
    return store_db_run(store->db, err, "UPDATE runs SET files=?, bytes=? WHERE id=?", "iii",
                        (int64_t)record->count, bytes, record->id);
}

static int files_body(struct store_state *store, void *arg, struct err *err)
{
    return files_replace(store, arg, err);
}

int store_files_put(struct store_state *store, int64_t run, const struct store_file *files,
                    size_t count, struct err *err)
{
    struct record record = {.id = run, .files = files, .count = count};
    return store_write(store, files_body, &record, err);
}

static int record_body(struct store_state *store, void *arg, struct err *err)
{
    const struct record *record = arg;
    enum model_run_state from;
    int64_t now = base_seam_now_us(store->seam);
    if (run_state(store, record->id, &from, err) != 0)
        return -1;
    if (from == RUN_RECORDED || from == RUN_CLEANED)
        return 0;
    if (from != RUN_PUBLISHING)
        return move_refuse(&(struct move){.id = record->id, .to = RUN_RECORDED}, from, err);
    struct figures figures = {.id = record->id, .counts = record->counts};
    /* The journal of groups serves a run on its way; kept for all of them it would be the state's
     * bulk. */
    if (files_replace(store, record, err) != 0 || counts_body(store, &figures, err) != 0 ||
        store_db_run(store->db, err, "DELETE FROM groups WHERE run=?", "i", record->id) != 0 ||
        store_db_run(store->db, err,
                     "INSERT INTO generations(sync_uuid,seq,run,published_us)"
                     " SELECT sync_uuid,seq,id,? FROM runs WHERE id=?",
                     "ii", now, record->id) != 0)
        return -1;
    return store_db_run(store->db, err,
                        "UPDATE runs SET state='RECORDED', err=NULL, finished_us=? WHERE id=?",
                        "ii", now, record->id);
}

int store_run_record(struct store_state *store, int64_t id, const struct model_run_counts *counts,
                     const struct store_file *files, size_t count, struct err *err)
{
    struct record record = {.id = id, .counts = counts, .files = files, .count = count};
    return store_write(store, record_body, &record, err);
}
