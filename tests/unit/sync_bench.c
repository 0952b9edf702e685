#include "sync_bench.h"

#include "base/alloc.h"
#include "base/file.h"
#include "columnar/parquet_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_state(void *user, const struct model_run *run)
{
    struct bench *b = user;
    b->states[run->state]++;
    b->last_run = run->id;
    b->last_code = run->err.code;
}

static void on_batch_over(void *user, int64_t batch)
{
    (void)batch;
    ((struct bench *)user)->batches_over++;
}

static void on_recovered(void *user, int resolved, const struct err *err)
{
    assert_int_equal(err->code, ERR_OK);
    ((struct bench *)user)->recovered = resolved + 1;
}

static void on_opened(void *user, const struct storage_reply *reply)
{
    (void)user;
    assert_int_equal(reply->err->code, ERR_OK);
}

void bench_turn_until_idle(struct bench *b)
{
    for (int i = 0; i < 200000 && !sync_idle(b->sync); i++)
        net_loop_turn(b->loop, 1000);
    assert_true(sync_idle(b->sync));
}

void bench_engine_start(struct bench *b)
{
    struct err err = ERR_INIT;
    char *state = base_printf("%s/state", b->folder), *root = base_printf("%s/lake", b->folder);
    b->loop = net_loop_new(b->seam);
    b->fake.loop = b->loop;
    b->store = store_open(state, b->seam, &err);
    assert_non_null(b->store);
    b->storage = storage_open(root, b->seam, b->loop, on_opened, b, &err);
    assert_non_null(b->storage);
    struct sync_deps deps = {
        .loop = b->loop,
        .databricks = fake_databricks(&b->fake),
        .storage = b->storage,
        .store = b->store,
        .seam = b->seam,
        .settings = {.warehouse_id = "w",
                     .workers = 2,
                     .group_rows = 300,
                     .file_bytes = 12000,
                     .retry_base_ms = 1},
    };
    b->sync = sync_new(&deps, &err);
    assert_non_null(b->sync);
    sync_listen(b->sync, &(struct sync_listener){
                             .on_run_state = on_state, .on_batch_over = on_batch_over, .user = b});
    sync_recover(b->sync, on_recovered, b);
    free(state);
    free(root);
}

void bench_engine_stop(struct bench *b)
{
    sync_free(&b->sync);
    assert_int_equal(b->fake.open_calls, 0);
    storage_free(&b->storage);
    net_loop_turn(b->loop, 0); /* its last answers */
    store_free(&b->store);
    net_loop_free(&b->loop);
}

int bench_open(void **state)
{
    struct bench *b = base_alloc_zero(1, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/aampe-sync-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    b->seam = base_seam_new();
    b->fake = (struct fake_workspace){
        .chunks = 7, .result_gone_after = -1, .lies_left = -1, .version = 3};
    b->table.name = (struct model_name){(char *)"c", (char *)"s", (char *)"t"};
    b->table.mode = (char *)"full";
    bench_engine_start(b);
    *state = b;
    return 0;
}

int bench_close(void **state)
{
    struct bench *b = *state;
    struct err err = ERR_INIT;
    bench_engine_stop(b);
    base_seam_free(&b->seam);
    assert_int_equal(base_file_remove_tree(b->folder, &err), 0);
    free(b);
    return 0;
}

int64_t bench_batch(struct bench *b, bool allow_empty)
{
    struct sync_request request = {.table = &b->table, .allow_empty = allow_empty};
    struct err err = ERR_INIT;
    int64_t id = 0;
    assert_int_equal(sync_batch_start(b->sync, &request, 1, "manual", &id, &err), 0);
    assert_int_equal(sync_batch_start(b->sync, &request, 1, "manual", &id, &err), -1);
    assert_int_equal(err.code, ERR_ENGINE_BUSY);
    return id;
}

struct model_run bench_run_get(struct bench *b)
{
    struct model_run run = {0};
    struct err err = ERR_INIT;
    assert_int_equal(store_run_get(b->store, b->last_run, &run, &err), 0);
    return run;
}

enum err_code bench_run_once(struct bench *b)
{
    bench_batch(b, false);
    bench_turn_until_idle(b);
    struct model_run run = bench_run_get(b);
    enum err_code code = run.state == RUN_FAILED ? run.err.code : ERR_OK;
    if (run.state != RUN_FAILED)
        assert_int_equal(run.state, RUN_CLEANED);
    model_run_free(&run);
    return code;
}

/* --- the destination, as a reader sees it --- */

static int64_t file_rows(const char *path, int64_t expected, uint8_t *seen)
{
    struct buf bytes;
    struct err err = ERR_INIT;
    struct columnar_pq_file *file = NULL;
    size_t footer = 0;
    int64_t rows = 0;
    base_buf_init(&bytes, 1 << 24);
    if (base_file_read(path, 1 << 24, &bytes, &err)) {
        base_buf_free(&bytes);
        return -1;
    }
    const uint8_t *data = (const uint8_t *)bytes.data;
    assert_int_equal(columnar_parquet_tail(data + bytes.len - 8, (int64_t)bytes.len, &footer, &err),
                     0);
    assert_int_equal(columnar_parquet_parse(data + bytes.len - 8 - footer, footer,
                                            (int64_t)bytes.len, NULL, &file, &err),
                     0);
    assert_int_equal(file->column_count, 2);
    for (size_t g = 0; g < file->group_count; g++) {
        struct columnar_pq_values v[2] = {{0}};
        for (size_t c = 0; c < 2; c++) {
            const struct columnar_pq_chunk *chunk = &file->groups[g].chunks[c];
            assert_int_equal(columnar_parquet_read_column(file, g, c, data + chunk->offset,
                                                          (size_t)chunk->bytes, NULL, &v[c], &err),
                             0);
        }
        for (int64_t i = 0; i < v[0].rows; i++, rows++) {
            int64_t id, twice;
            memcpy(&id, v[0].values + i * 8, 8);
            memcpy(&twice, v[1].values + i * 8, 8);
            assert_in_range(id, 0, expected - 1);
            assert_int_equal(twice, 2 * id);
            assert_int_equal(seen[id], 0); /* doubled */
            seen[id] = 1;
        }
        columnar_pq_values_free(&v[0]);
        columnar_pq_values_free(&v[1]);
    }
    columnar_parquet_free(&file);
    base_buf_free(&bytes);
    return rows;
}

int bench_destination_check(struct bench *b, int64_t expected)
{
    uint8_t *seen = base_alloc_zero((size_t)(expected > 0 ? expected : 1), 1);
    char *current = storage_table_location(b->storage, "c.s.t");
    int64_t rows = 0;
    int files = 0;
    for (;; files++) {
        char *path = base_printf("%s/part-%05d.parquet", current, files);
        int64_t n = file_rows(path, expected, seen);
        free(path);
        if (n < 0)
            break;
        rows += n;
    }
    assert_int_equal(base_file_exists(current), expected >= 0);
    assert_int_equal(rows, expected >= 0 ? expected : 0); /* lost */
    free(current);
    free(seen);
    return files;
}
