/* sync.verify: the destination is read again, file by file, and compared with what was recorded
 * when it was written: manifest against the journal, SHA-256 of every file as it lies there now,
 * rows of every footer, the four counts. */
#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "columnar/parquet_read.h"

#include <stdlib.h>
#include <string.h>

#define TAIL 8

struct verify {
    struct engine_ask ask;
    cJSON *report, *table; /* table: the item being looked at */
    int index;
    bool all_good, more, alone; /* alone: not part of a look at the whole destination */
    /* the run of the item */
    struct model_run run;
    char *destination;
    struct store_file *files; /* as journaled */
    size_t count, at;
    int64_t rows; /* of the footers read so far */
    size_t footer_len;
};

static void run_forget(struct verify *verify)
{
    model_run_free(&verify->run);
    memset(&verify->run, 0, sizeof verify->run);
    base_free(&verify->destination);
    store_files_free(verify->files, verify->count);
    verify->files = NULL;
    verify->count = verify->at = 0;
    verify->rows = 0;
}

static void verify_free(struct engine_ask *ask)
{
    struct verify *verify = (struct verify *)ask;
    run_forget(verify);
    cJSON_Delete(verify->report);
}

static struct storage_identity identity_of(const struct verify *verify)
{
    struct storage_identity id = {.run_seq = verify->run.seq,
                                  .attempt = verify->run.attempt,
                                  .table_path = verify->destination};
    memcpy(id.sync_uuid, verify->run.sync_uuid, sizeof id.sync_uuid);
    return id;
}

static void table_next(struct verify *verify);

/* What is published is not thrown away by a look at it: the fix is not that of a file being
 * written.
 */
static void damage_say(struct verify *verify, const struct err *err)
{
    struct err copy = *err;
    if (copy.code == ERR_DST_FILE_CORRUPT && copy.hint[0] == '\0')
        base_err_hint(&copy,
                      "Sync the table again, which puts whole files in place (`sync run %.120s`); "
                      "then check the disk and the memory of this host.",
                      base_json_str_or(verify->table, "name", ""));
    base_json_add_take(verify->table, "verify_error", base_err_to_json(&copy));
}

static void table_end(struct verify *verify, const struct err *err)
{
    bool good = err == NULL || err->code == ERR_OK;
    base_json_add_bool(verify->table, "verified", good);
    if (!good)
        damage_say(verify, err);
    engine_run_checked(verify->ask.engine, verify->table);
    verify->all_good = verify->all_good && good;
    run_forget(verify);
    table_next(verify);
}

static void file_next(struct verify *verify);

static void on_footer(void *user, const struct storage_reply *reply)
{
    struct verify *verify = user;
    const struct store_file *file = &verify->files[verify->at];
    struct columnar_pq_file *parsed = NULL;
    struct err err = *reply->err;
    if (err.code == ERR_OK && reply->data->len != verify->footer_len)
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "\"%s\" is shorter than its footer says",
                     file->name);
    int rc = err.code == ERR_OK ? 0 : -1;
    if (rc == 0)
        rc = columnar_parquet_parse((const uint8_t *)reply->data->data, verify->footer_len,
                                    file->length, NULL, &parsed, &err);
    if (rc == 0 && parsed->rows != file->rows)
        base_err_set(&err, ERR_DST_FILE_CORRUPT,
                     "the footer of \"%s\" says %lld rows, written were %lld", file->name,
                     (long long)parsed->rows, (long long)file->rows);
    if (rc == 0)
        verify->rows += parsed->rows;
    columnar_parquet_free(&parsed);
    if (err.code != ERR_OK) {
        table_end(verify, &err);
        return;
    }
    verify->at++;
    file_next(verify);
}

static void on_tail(void *user, const struct storage_reply *reply)
{
    struct verify *verify = user;
    const struct store_file *file = &verify->files[verify->at];
    struct storage_identity id = identity_of(verify);
    struct err err = *reply->err;
    if (err.code == ERR_OK && reply->data->len != TAIL)
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "\"%s\" has no end", file->name);
    if (err.code == ERR_OK && columnar_parquet_tail((const uint8_t *)reply->data->data,
                                                    file->length, &verify->footer_len, &err) != 0)
        base_err_context(&err, "\"%s\"", file->name);
    if (err.code != ERR_OK) {
        table_end(verify, &err);
        return;
    }
    storage_read(verify->ask.engine->storage, &id, STORAGE_PUBLISHED, file->name,
                 file->length - TAIL - (int64_t)verify->footer_len, verify->footer_len, on_footer,
                 verify);
}

static void on_hash(void *user, const struct storage_reply *reply)
{
    struct verify *verify = user;
    const struct store_file *file = &verify->files[verify->at];
    struct storage_identity id = identity_of(verify);
    struct err err = *reply->err;
    if (err.code == ERR_OK && (reply->file.length != file->length ||
                               memcmp(reply->file.sha256, file->sha256, sizeof file->sha256) != 0))
        base_err_set(&err, ERR_DST_FILE_CORRUPT,
                     "\"%s\" is not what was written: its SHA-256 differs", file->name);
    if (err.code == ERR_OK && file->length < TAIL)
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "\"%s\" is too short", file->name);
    if (err.code != ERR_OK) {
        table_end(verify, &err);
        return;
    }
    storage_read(verify->ask.engine->storage, &id, STORAGE_PUBLISHED, file->name,
                 file->length - TAIL, TAIL, on_tail, verify);
}

/* All files seen: the counts must close. */
static void counts_check(struct verify *verify)
{
    const struct model_run_counts *counts = &verify->run.counts;
    struct err err = ERR_INIT;
    cJSON_DeleteItemFromObject(verify->table, "file_rows");
    base_json_add_i64(verify->table, "file_rows", verify->rows);
    /* An unpinned source may have changed between its two statements: its count is shown, not
     * judged. */
    bool source_agrees = verify->run.version < 0 || counts->source_rows == counts->manifest_rows;
    if (!source_agrees || counts->manifest_rows != counts->decoded_rows ||
        counts->manifest_rows != verify->rows)
        base_err_set(&err, ERR_SRC_ROWCOUNT_MISMATCH,
                     "source %lld, manifest %lld, decoded %lld, files %lld rows",
                     (long long)counts->source_rows, (long long)counts->manifest_rows,
                     (long long)counts->decoded_rows, (long long)verify->rows);
    table_end(verify, &err);
}

static void file_next(struct verify *verify)
{
    struct storage_identity id = identity_of(verify);
    if (verify->at == verify->count)
        counts_check(verify);
    else
        storage_hash(verify->ask.engine->storage, &id, STORAGE_PUBLISHED,
                     verify->files[verify->at].name, on_hash, verify);
}

static const struct store_file *journal_find(const struct verify *verify, const char *name)
{
    for (size_t i = 0; i < verify->count; i++)
        if (strcmp(verify->files[i].name, name) == 0)
            return &verify->files[i];
    return NULL;
}

static void on_manifest(void *user, const struct storage_reply *reply)
{
    struct verify *verify = user;
    struct err err = *reply->err;
    if (err.code == ERR_OK && reply->file_count != verify->count)
        base_err_set(&err, ERR_DST_FILE_CORRUPT, "the manifest lists %zu files, recorded were %zu",
                     reply->file_count, verify->count);
    for (size_t i = 0; err.code == ERR_OK && i < reply->file_count; i++) {
        const struct store_file *file = journal_find(verify, reply->files[i].name);
        if (file == NULL || file->length != reply->files[i].length ||
            file->rows != reply->files[i].rows ||
            memcmp(file->sha256, reply->files[i].sha256, sizeof file->sha256) != 0)
            base_err_set(&err, ERR_DST_FILE_CORRUPT,
                         "the manifest says of \"%s\" what was not recorded", reply->files[i].name);
    }
    if (err.code != ERR_OK)
        table_end(verify, &err);
    else
        file_next(verify);
}

static void table_look(struct verify *verify)
{
    struct engine *engine = verify->ask.engine;
    struct err err = ERR_INIT;
    int64_t id = base_json_i64_or(verify->table, "run", 0);
    if (id == 0)
        base_err_from_json(&err, base_json_get(verify->table, "error"));
    if (id == 0 || store_run_get(engine->state, id, &verify->run, &err) != 0) {
        table_end(verify, &err);
        return;
    }
    if (verify->run.state != RUN_RECORDED && verify->run.state != RUN_CLEANED) {
        if (verify->run.err.code != ERR_OK)
            err = verify->run.err;
        else
            base_err_set(&err, ERR_SRC_UNCLASSIFIED, "run %lld is %s", (long long)id,
                         model_run_word(&verify->run));
        table_end(verify, &err);
        return;
    }
    verify->destination = store_run_destination(engine->state, id, &err);
    if (verify->destination == NULL ||
        store_files_list(engine->state, id, &verify->files, &verify->count, &err) != 0) {
        table_end(verify, &err);
        return;
    }
    struct storage_identity identity = identity_of(verify);
    storage_manifest(engine->storage, &identity, STORAGE_PUBLISHED, on_manifest, verify);
}

static void table_next(struct verify *verify)
{
    const cJSON *tables = base_json_array(verify->report, "tables");
    if (verify->index < cJSON_GetArraySize(tables)) {
        verify->table = cJSON_GetArrayItem(tables, verify->index++);
        table_look(verify);
        return;
    }
    cJSON *report = verify->report;
    verify->report = NULL;
    base_json_add_bool(report, "verified", verify->all_good && verify->index > 0);
    if (!verify->alone)
        engine_check_keep(verify->ask.engine, report, verify->more);
    engine_ask_reply(&verify->ask, report);
}

void engine_verb_sync_verify(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    cJSON *report = NULL;
    if (engine_need(engine, ENGINE_NEED_SYNC, &err) == 0)
        report = base_json_get(params, "batch") ? engine_report(engine, params, &err)
                                                : engine_report_last(engine, params, &err);
    if (report == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    struct verify *verify = engine_ask_new(engine, call, sizeof *verify, verify_free);
    verify->report = report;
    verify->all_good = true;
    verify->more = base_json_i64_or(params, "offset", 0) > 0;
    table_next(verify);
}

/* What a reader of the destination has of the table of a run is read back now. */
void engine_verb_runs_check(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct model_run run = {0};
    cJSON *report = NULL;
    if (engine_need(engine, ENGINE_NEED_SYNC, &err) == 0 &&
        store_run_get(engine->state, base_json_i64_or(params, "id", 0), &run, &err) == 0)
        report = engine_report_good(engine, &run, &err);
    model_run_free(&run);
    if (report == NULL) {
        engine_fail(engine, call, &err);
        return;
    }
    struct verify *verify = engine_ask_new(engine, call, sizeof *verify, verify_free);
    verify->report = report;
    verify->all_good = true;
    verify->alone = true;
    table_next(verify);
}
