#include "store/state_private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OVER_STATES "('CLEANED','FAILED','CANCELLED')"
#define LIST_DEFAULT 100
#define LIST_MAX 500

/* --- syncs
 * -------------------------------------------------------------------------------------------------
 */

void store_sync_free(struct store_sync *sync)
{
    model_name_free(&sync->table);
    base_free(&sync->destination);
}

static int sync_find(struct store_state *store, const char *key, const char *destination,
                     struct store_sync *out, struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(
        store->db, err,
        "SELECT sync_uuid,catalog,schema,tbl,destination,last_seq,created_us FROM syncs"
        " WHERE table_key=? AND destination=?",
        "tt", key, destination);
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1) {
        store_db_text_into(stmt, 0, out->sync_uuid, sizeof out->sync_uuid);
        out->table = (struct model_name){store_db_text(stmt, 1), store_db_text(stmt, 2),
                                         store_db_text(stmt, 3)};
        out->destination = store_db_text(stmt, 4);
        out->last_seq = sqlite3_column_int64(stmt, 5);
        out->created_us = sqlite3_column_int64(stmt, 6);
    }
    sqlite3_finalize(stmt);
    return rc;
}

struct sync_make {
    const struct model_name *table;
    const char *key, *destination;
};

static int sync_insert(struct store_state *store, void *arg, struct err *err)
{
    const struct sync_make *make = arg;
    char uuid[37];
    base_seam_uuid(store->seam, uuid);
    return store_db_run(store->db, err,
                        "INSERT INTO syncs(sync_uuid,table_key,catalog,schema,tbl,destination,"
                        "created_us) VALUES(?,?,?,?,?,?,?)",
                        "tttttti", uuid, make->key, make->table->catalog, make->table->schema,
                        make->table->table, make->destination, base_seam_now_us(store->seam));
}

int store_sync_ensure(struct store_state *store, const struct model_name *table,
                      const char *destination, struct store_sync *out, struct err *err)
{
    char *key = store_table_key(table);
    struct sync_make make = {table, key, destination};
    memset(out, 0, sizeof *out);
    int rc = sync_find(store, key, destination, out, err);
    if (rc == 0) {
        rc = store_write(store, sync_insert, &make, err);
        if (rc == 0)
            rc = sync_find(store, key, destination, out, err);
    }
    free(key);
    return rc == 1 ? 0 : -1;
}

/* --- batches
 * ------------------------------------------------------------------------------------------------
 */

static int batch_insert(struct store_state *store, void *arg, struct err *err)
{
    const struct store_batch *batch = arg;
    return store_db_run(store->db, err,
                        "INSERT INTO batches(kind,asked_by,started_us) VALUES(?,?,?)", "tii",
                        batch->kind, batch->asked_by, batch->started_us);
}

int store_batch_new(struct store_state *store, const char *kind, int64_t asked_by, int64_t *id,
                    struct err *err)
{
    struct store_batch batch = {.asked_by = asked_by, .started_us = base_seam_now_us(store->seam)};
    snprintf(batch.kind, sizeof batch.kind, "%s", kind);
    if (store_write(store, batch_insert, &batch, err) != 0)
        return -1;
    *id = sqlite3_last_insert_rowid(store->db);
    return 0;
}

static int batch_finish(struct store_state *store, void *arg, struct err *err)
{
    return store_db_run(store->db, err,
                        "UPDATE batches SET finished_us=? WHERE id=? AND finished_us=0", "ii",
                        base_seam_now_us(store->seam), *(const int64_t *)arg);
}

static int batch_asked(struct store_state *store, void *arg, struct err *err)
{
    const int64_t *of = arg;
    return store_db_run(store->db, err, "UPDATE batches SET asked_by=? WHERE id=?", "ii", of[1],
                        of[0]);
}

int store_batch_asked(struct store_state *store, int64_t id, int64_t uid, struct err *err)
{
    int64_t of[] = {id, uid};
    return store_write(store, batch_asked, of, err);
}

int store_batch_count(struct store_state *store, int64_t *count, struct err *err)
{
    return store_db_number(store->db, err, count, 0, "SELECT count(*) FROM batches", "");
}

int store_batch_finish(struct store_state *store, int64_t id, struct err *err)
{
    return store_write(store, batch_finish, &id, err);
}

/* BATCH_SELECT, which batches, BATCH_GROUP. */
#define BATCH_SELECT                                                                               \
    "SELECT b.id,b.kind,b.asked_by,b.started_us,b.finished_us,count(r.id),"                        \
    "sum(r.state IN ('RECORDED','CLEANED','FAILED','CANCELLED')),sum(r.state='FAILED'),"           \
    "sum(r.state='CANCELLED'),sum(r.state IN ('RECORDED','CLEANED') AND r.attempt>1),"             \
    "sum(iif(r.state IN ('RECORDED','CLEANED'),max(r.file_rows,0),0)),"                            \
    "sum(iif(r.state IN ('RECORDED','CLEANED'),r.bytes,0)) FROM "
#define BATCH_GROUP " b LEFT JOIN runs r ON r.batch=b.id GROUP BY b.id "

static void batch_read(sqlite3_stmt *stmt, struct store_batch *out)
{
    memset(out, 0, sizeof *out);
    out->id = sqlite3_column_int64(stmt, 0);
    store_db_text_into(stmt, 1, out->kind, sizeof out->kind);
    out->asked_by = sqlite3_column_int64(stmt, 2);
    out->started_us = sqlite3_column_int64(stmt, 3);
    out->finished_us = sqlite3_column_int64(stmt, 4);
    out->runs = sqlite3_column_int64(stmt, 5);
    out->runs_over = sqlite3_column_int64(stmt, 6);
    out->failed = sqlite3_column_int64(stmt, 7);
    out->cancelled = sqlite3_column_int64(stmt, 8);
    out->retried = sqlite3_column_int64(stmt, 9);
    out->rows = sqlite3_column_int64(stmt, 10);
    out->bytes = sqlite3_column_int64(stmt, 11);
}

int store_batch_get(struct store_state *store, int64_t id, struct store_batch *out, struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(
        store->db, err, BATCH_SELECT "(SELECT * FROM batches WHERE id=?)" BATCH_GROUP, "i", id);
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1)
        batch_read(stmt, out);
    sqlite3_finalize(stmt);
    if (rc == 0)
        return base_err_set(err, ERR_RUN_NOT_FOUND, "there is no batch %lld", (long long)id);
    return rc == 1 ? 0 : -1;
}

static int64_t list_limit(int limit)
{
    return limit <= 0 ? LIST_DEFAULT : limit > LIST_MAX ? LIST_MAX : limit;
}

int store_batch_list(struct store_state *store, int offset, int limit, struct store_batch **out,
                     size_t *count, struct err *err)
{
    vec_of(struct store_batch) rows = {0};
    sqlite3_stmt *stmt = store_db_query(
        store->db, err,
        BATCH_SELECT "(SELECT * FROM batches ORDER BY id DESC LIMIT ? OFFSET ?)" BATCH_GROUP
                     "ORDER BY b.id DESC",
        "ii", list_limit(limit), (int64_t)offset);
    if (stmt == NULL)
        return -1;
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct store_batch row;
        batch_read(stmt, &row);
        vec_push(&rows, row);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        vec_free(&rows);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

/* --- reading runs
 * ------------------------------------------------------------------------------------------- */

static void run_read_err(const char *text, struct err *out)
{
    memset(out, 0, sizeof *out);
    if (text == NULL)
        return;
    cJSON *json = base_json_parse(text, strlen(text), JSON_MAX_BYTES, NULL);
    if (json != NULL)
        base_err_from_json(out, json);
    cJSON_Delete(json);
}

static int run_read(sqlite3_stmt *stmt, struct model_run *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    const char *state = (const char *)sqlite3_column_text(stmt, 8);
    if (state == NULL || model_run_state_parse(state, &out->state) != 0)
        return base_err_set(err, ERR_HOST_STATE_CORRUPT, "run %lld has an unknown state",
                            (long long)sqlite3_column_int64(stmt, 0));
    out->id = sqlite3_column_int64(stmt, 0);
    out->batch = sqlite3_column_int64(stmt, 1);
    out->seq = sqlite3_column_int64(stmt, 2);
    out->attempt = sqlite3_column_int(stmt, 3);
    store_db_text_into(stmt, 4, out->sync_uuid, sizeof out->sync_uuid);
    out->table =
        (struct model_name){store_db_text(stmt, 5), store_db_text(stmt, 6), store_db_text(stmt, 7)};
    out->version = sqlite3_column_int64(stmt, 9);
    out->counts = (struct model_run_counts){.source_rows = sqlite3_column_int64(stmt, 10),
                                            .manifest_rows = sqlite3_column_int64(stmt, 11),
                                            .decoded_rows = sqlite3_column_int64(stmt, 12),
                                            .file_rows = sqlite3_column_int64(stmt, 13)};
    out->files = sqlite3_column_int64(stmt, 14);
    out->bytes = sqlite3_column_int64(stmt, 15);
    out->started_us = sqlite3_column_int64(stmt, 16);
    out->finished_us = sqlite3_column_int64(stmt, 17);
    out->chunks_done = sqlite3_column_int64(stmt, 18);
    out->chunks_total = sqlite3_column_int64(stmt, 19);
    run_read_err((const char *)sqlite3_column_text(stmt, 20), &out->err);
    return 0;
}

/* Finalizes stmt. */
static int run_read_one(sqlite3_stmt *stmt, struct model_run *out, struct err *err)
{
    if (stmt == NULL)
        return -1;
    int rc = store_db_step(stmt, err);
    if (rc == 1)
        rc = run_read(stmt, out, err) == 0 ? 1 : -1;
    sqlite3_finalize(stmt);
    return rc;
}

/* Finalizes stmt. */
static int run_read_all(sqlite3_stmt *stmt, struct model_run **out, size_t *count, struct err *err)
{
    vec_of(struct model_run) rows = {0};
    int rc;
    while ((rc = store_db_step(stmt, err)) == 1) {
        struct model_run row;
        if (run_read(stmt, &row, err) != 0) {
            rc = -1;
            break;
        }
        vec_push(&rows, row);
    }
    sqlite3_finalize(stmt);
    if (rc < 0) {
        store_runs_free(rows.items, rows.count);
        return -1;
    }
    *out = rows.items;
    *count = rows.count;
    return 0;
}

void store_runs_free(struct model_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        model_run_free(&runs[i]);
    free(runs);
}

int store_run_get(struct store_state *store, int64_t id, struct model_run *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    int rc = run_read_one(store_db_query(store->db, err,
                                         "SELECT " STORE_RUN_COLUMNS " FROM runs r WHERE r.id=?",
                                         "i", id),
                          out, err);
    if (rc == 0)
        return base_err_set(err, ERR_RUN_NOT_FOUND, "there is no run %lld", (long long)id);
    return rc == 1 ? 0 : -1;
}

int store_run_last_good(struct store_state *store, const char *sync_uuid, struct model_run *out,
                        struct err *err)
{
    memset(out, 0, sizeof *out);
    int rc = run_read_one(
        store_db_query(store->db, err,
                       "SELECT " STORE_RUN_COLUMNS " FROM runs r WHERE r.sync_uuid=? AND"
                       " r.state IN ('RECORDED','CLEANED') ORDER BY r.seq DESC LIMIT 1",
                       "t", sync_uuid),
        out, err);
    if (rc == 0)
        return base_err_set(err, ERR_RUN_NOT_FOUND, "no run of this sync has published yet");
    return rc == 1 ? 0 : -1;
}

/* What a word is looked for in. The words of states are those of model_run_word. */
#define FILTER_TEXT                                                                                \
    "(r.catalog||'.'||r.schema||'.'||r.tbl||' '||r.id||' '||r.batch||' '||"                        \
    "CASE r.state WHEN 'PLANNED' THEN 'queued' WHEN 'RECORDED' THEN 'done'"                        \
    " WHEN 'CLEANED' THEN 'done' WHEN 'FAILED' THEN 'failed' WHEN 'CANCELLED' THEN 'cancelled'"    \
    " ELSE 'running' END||' '||coalesce(json_extract(r.err,'$.code'),'')||' '||"                   \
    "strftime('%Y-%m-%dT%H:%M:%SZ',r.started_us/1000000,'unixepoch'))"
#define FILTER_WORD(n) " AND (" n " IS NULL OR instr(lower(" FILTER_TEXT "),lower(" n "))>0)"

#define FILTER_WHERE                                                                               \
    " FROM runs r WHERE (?1=0 OR r.batch=?1) AND (?2 IS NULL OR r.table_key=?2)"                   \
    " AND (?3 IS NULL OR r.sync_uuid=?3) AND (?4=0 OR r.state='FAILED')"                           \
    " AND (?5=0 OR r.state NOT IN ('RECORDED','CLEANED','FAILED','CANCELLED'))" FILTER_WORD("?6")  \
        FILTER_WORD("?7") FILTER_WORD("?8") FILTER_WORD("?9")

int store_run_list(struct store_state *store, const struct store_run_filter *filter,
                   struct model_run **out, size_t *count, int64_t *total, struct err *err)
{
    const char *const *words = filter->words;
    char *key = filter->table != NULL ? store_table_key(filter->table) : NULL;
    int rc = 0;
    if (total != NULL)
        rc = store_db_number(store->db, err, total, 0, "SELECT count(*)" FILTER_WHERE, "ittiitttt",
                             filter->batch, key, filter->sync_uuid, (int64_t)filter->failed_only,
                             (int64_t)filter->unresolved_only, words[0], words[1], words[2],
                             words[3]);
    sqlite3_stmt *stmt = NULL;
    if (rc == 0)
        stmt = store_db_query(
            store->db, err,
            "SELECT " STORE_RUN_COLUMNS FILTER_WHERE " ORDER BY r.id DESC LIMIT ?10 OFFSET ?11",
            "ittiittttii", filter->batch, key, filter->sync_uuid, (int64_t)filter->failed_only,
            (int64_t)filter->unresolved_only, words[0], words[1], words[2], words[3],
            list_limit(filter->limit), (int64_t)filter->offset);
    free(key);
    return stmt != NULL ? run_read_all(stmt, out, count, err) : -1;
}

int store_runs_unresolved(struct store_state *store, struct model_run **out, size_t *count,
                          struct err *err)
{
    sqlite3_stmt *stmt =
        store_db_query(store->db, err,
                       "SELECT " STORE_RUN_COLUMNS " FROM runs r WHERE r.state NOT IN " OVER_STATES
                       " ORDER BY r.id",
                       "");
    return stmt != NULL ? run_read_all(stmt, out, count, err) : -1;
}

char *store_run_destination(struct store_state *store, int64_t id, struct err *err)
{
    sqlite3_stmt *stmt = store_db_query(
        store->db, err,
        "SELECT s.destination FROM runs r JOIN syncs s USING(sync_uuid) WHERE r.id=?", "i", id);
    if (stmt == NULL)
        return NULL;
    int rc = store_db_step(stmt, err);
    char *destination = rc == 1 ? store_db_text(stmt, 0) : NULL;
    sqlite3_finalize(stmt);
    if (rc == 0)
        base_err_set(err, ERR_RUN_NOT_FOUND, "there is no run %lld", (long long)id);
    return destination;
}
