/* Row groups into part files: appended in order, files of bounded size, then sealed with the run
 * manifest. */
#include "sync/internal.h"

#include "config.h"

#include "base/alloc.h"
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FREE_MARGIN                                                                                \
    ((int64_t)64 << 20) /* never fill the last of a disk that holds the state too                  \
                         */
#define FREE_INODES 16

struct storage_identity sync_run_identity(const struct sync_run *run)
{
    struct storage_identity id = {
        .run_seq = run->row.seq,
        .attempt = run->row.attempt,
        .table_path = run->destination,
    };
    snprintf(id.sync_uuid, sizeof id.sync_uuid, "%s", run->row.sync_uuid);
    return id;
}

int sync_space_check(const struct sync_run *run, const struct storage_reply *reply, struct err *err)
{
    const struct sync_extract *x = &run->extract;
    int64_t left = x->total_bytes;
    if (x->total_rows > 0)
        left = (int64_t)((double)x->total_bytes *
                         (double)(x->total_rows - run->write.written_rows) / (double)x->total_rows);
    double ratio =
        x->page_ratio > 0 ? x->page_ratio : 0.25; /* a first guess that does not cry wolf */
    int64_t need = (int64_t)((double)left * ratio) + FREE_MARGIN;
    const char *root = storage_root(run->sync->deps.storage);
    if (reply->bytes_free < need)
        return base_err_set(err, ERR_HOST_DISK_FULL,
                            "the volume of '%s' has %" PRId64
                            " MiB free, this run needs about %" PRId64 " MiB",
                            root, reply->bytes_free >> 20, need >> 20);
    if (reply->inodes_free >= 0 && reply->inodes_free < FREE_INODES)
        return base_err_set(err, ERR_HOST_INODES_FULL,
                            "the volume of '%s' has %" PRId64 " inodes free", root,
                            reply->inodes_free);
    return 0;
}

static void part_closed(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct err err = *reply->err;
    (void)number;
    run->write.closing--;
    if (!err.code) {
        struct store_file file = {
            .name = base_strdup(reply->file.name),
            .length = reply->file.length,
            .rows = reply->file.rows,
        };
        memcpy(file.sha256, reply->file.sha256, sizeof file.sha256);
        vec_push(&run->write.files, file);
        sync_run_advanced(run);
        if (run->step == STEP_TRANSFER)
            (void)!sync_space_check(run, reply, &err);
    }
    if (err.code)
        sync_run_fail(run, &err);
}

static int part_open(struct sync_run *run, struct err *err)
{
    struct sync_write *w = &run->write;
    struct storage_identity id = sync_run_identity(run);
    struct buf magic;
    snprintf(w->part_name, sizeof w->part_name, "part-%05zu.parquet", w->part_number++);
    if (columnar_footer_new(&run->plan.columns, PACKAGE_VERSION, "0", &w->footer, err))
        return -1;
    char text[64];
    columnar_footer_key(w->footer, "aampe.sync", run->row.sync_uuid);
    snprintf(text, sizeof text, "%" PRId64, run->row.seq);
    columnar_footer_key(w->footer, "aampe.run_seq", text);
    w->part = storage_part_open(run->sync->deps.storage, &id, w->part_name, err);
    if (!w->part)
        return -1;
    base_buf_init(&magic, 64);
    base_buf_append(&magic, COLUMNAR_PARQUET_MAGIC, COLUMNAR_PARQUET_MAGIC_LEN);
    storage_part_append(w->part, &magic, NULL, NULL);
    w->offset = COLUMNAR_PARQUET_MAGIC_LEN;
    w->part_rows = 0;
    return 0;
}

static int part_close(struct sync_run *run, struct err *err)
{
    struct sync_write *w = &run->write;
    struct buf footer;
    base_buf_init(&footer, (size_t)64 << 20);
    if (columnar_footer_finish(w->footer, &footer, err)) {
        base_buf_free(&footer);
        return -1;
    }
    storage_part_append(w->part, &footer, NULL, NULL);
    w->closing++;
    storage_part_close(w->part, w->part_rows, sync_op_done, sync_op_new(run, part_closed, 0));
    w->part = NULL;
    columnar_footer_free(&w->footer);
    return 0;
}

static void piece_written(struct sync_run *run, const struct storage_reply *reply, size_t group)
{
    if (reply->err->code)
        sync_run_fail(run, reply->err);
    else
        sync_work_written(run, group);
}

static void image_append(struct sync_run *run, struct columnar_row_group *image, size_t group)
{
    struct sync_write *w = &run->write;
    for (size_t i = 0; i < image->piece_count; i++) {
        struct columnar_piece *piece = &image->pieces[i];
        struct buf bytes = {
            .data = (char *)piece->data, .len = piece->len, .cap = piece->len, .max = piece->len};
        bool last = i + 1 == image->piece_count;
        piece->data = NULL;
        piece->len = 0;
        storage_part_append(w->part, &bytes, last ? sync_op_done : NULL,
                            last ? sync_op_new(run, piece_written, group) : NULL);
    }
    if (!image->piece_count)
        sync_work_written(run, group);
}

void sync_write_group(struct sync_run *run, struct sync_work *work)
{
    struct sync_write *w = &run->write;
    struct store_state *store = run->sync->deps.store;
    struct columnar_row_group *image = work->image;
    struct store_group journal = {
        .group = (int)work->group->index,
        .first_chunk = (int64_t)work->group->first_chunk,
        .chunks = (int64_t)work->group->chunk_count,
        .rows = image->rows,
        .bytes = (int64_t)image->bytes,
        .state = 3,
    };
    struct err err = ERR_INIT;
    if ((!w->part && part_open(run, &err)) ||
        columnar_footer_add(w->footer, image, w->offset, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    snprintf(journal.part, sizeof journal.part, "%s", w->part_name);
    w->offset += (int64_t)image->bytes;
    w->part_rows += image->rows;
    w->written_rows += image->rows;
    image_append(run, image, work->group->index);
    if (store_tx_begin(store, &err) || store_group_put(store, run->row.id, &journal, &err) ||
        store_run_chunks(store, run->row.id, run->row.chunks_done, run->row.chunks_total, &err) ||
        store_tx_commit(store, &err) ||
        (w->offset >= run->sync->deps.settings.file_bytes && part_close(run, &err)))
        sync_run_fail(run, &err);
}

/* --- the end of the transfer --- */

static struct cJSON *manifest_members(const struct sync_run *run)
{
    struct cJSON *json = base_json_object();
    char *table = model_name_text(&run->row.table);
    base_json_add_str(json, "table", table);
    base_json_add_str(json, "table_id", run->plan.table_id);
    base_json_add_str(json, "window", "full");
    if (run->plan.version >= 0)
        base_json_add_i64(json, "version", run->plan.version);
    base_json_add_str(json, "filter", run->plan.filter);
    base_json_add_i64(json, "rows", run->write.written_rows);
    base_json_add_i64(json, "source_rows", run->row.counts.source_rows);
    base_json_add_str(json, "statement_id", run->extract.statement_id);
    base_json_add_str(json, "codec", run->plan.codec);
    base_json_add_take(json, "schema", model_schema_to_json(&run->plan.columns));
    base_json_add_time(json, "written_at", base_seam_now_us(run->sync->deps.seam));
    free(table);
    return json;
}

static int sources_agree(const struct sync_run *run, struct err *err)
{
    const struct model_run_counts *c = &run->row.counts;
    if (c->decoded_rows != c->manifest_rows || run->write.written_rows != c->manifest_rows)
        return base_err_set(err, ERR_SRC_ROWCOUNT_MISMATCH,
                            "the result declares %" PRId64 " rows, decoded were %" PRId64
                            ", written %" PRId64,
                            c->manifest_rows, c->decoded_rows, run->write.written_rows);
    /* An unpinned source may have changed between the two statements: its count is shown, not
     * judged. */
    if (run->plan.version >= 0 && c->source_rows != c->manifest_rows)
        return base_err_set(err, ERR_SRC_ROWCOUNT_MISMATCH,
                            "count(*) gives %" PRId64 " rows, the result declares %" PRId64,
                            c->source_rows, c->manifest_rows);
    return 0;
}

static int file_order(const void *a, const void *b)
{
    return strcmp(((const struct store_file *)a)->name, ((const struct store_file *)b)->name);
}

static void sealed(struct sync_run *run, const struct storage_reply *reply, size_t number)
{
    struct sync_write *w = &run->write;
    struct store_state *store = run->sync->deps.store;
    struct err err = *reply->err;
    (void)number;
    if (err.code || store_tx_begin(store, &err) ||
        store_files_put(store, run->row.id, w->files.items, w->files.count, &err) ||
        store_run_counts(store, run->row.id, &run->row.counts, &err) ||
        sync_run_commit(run, RUN_STAGED, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    base_seam_crash(run->sync->deps.seam, "P7");
    sync_verify_start(run);
}

static void seal(struct sync_run *run)
{
    struct sync_write *w = &run->write;
    struct storage_identity id = sync_run_identity(run);
    struct err err = ERR_INIT;
    qsort(w->files.items, w->files.count, sizeof *w->files.items, file_order);
    run->row.files = (int64_t)w->files.count;
    run->row.bytes = 0;
    for (size_t i = 0; i < w->files.count; i++)
        run->row.bytes += w->files.items[i].length;
    if (sources_agree(run, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    /* The statement's result is not needed any more; the warehouse may forget it. */
    sync_statement_end(run->sync, run->extract.statement_id, false, NULL);
    sync_run_step(run, STEP_SEAL);
    storage_seal(run->sync->deps.storage, &id, manifest_members(run), sync_op_done,
                 sync_op_new(run, sealed, 0));
}

void sync_write_finish(struct sync_run *run)
{
    struct sync_write *w = &run->write;
    struct err err = ERR_INIT;
    /* Also a table without rows gets a file, so that readers see its columns. */
    if (!w->part && w->part_number == 0 && part_open(run, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    if (w->part && part_close(run, &err)) {
        sync_run_fail(run, &err);
        return;
    }
    if (!w->closing && run->extract.written == run->extract.group_count && run->count_known)
        seal(run);
}

void sync_write_clear(struct sync_run *run)
{
    struct sync_write *w = &run->write;
    if (w->part)
        storage_part_drop(w->part, NULL, NULL);
    columnar_footer_free(&w->footer);
    for (size_t i = 0; i < w->files.count; i++)
        free(w->files.items[i].name);
    vec_free(&w->files);
    memset(w, 0, sizeof *w);
}
