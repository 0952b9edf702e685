/* runs.live: a batch as it is now, table by table, with one run in every detail; and the numbers of
 * the event run.progress. */
#include "engine/runs.h"

#include "base/alloc.h"
#include "base/json.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 500
#define WAREHOUSE_US (INT64_C(10) * 1000000) /* how old its state may be while someone looks */

cJSON *engine_progress_json(const struct sync_progress *progress)
{
    cJSON *json = base_json_object();
    base_json_add_i64(json, "run", progress->run_id);
    base_json_add_i64(json, "batch", progress->batch);
    base_json_add_str(json, "phase", sync_phase_name(progress->phase));
    base_json_add_i64(json, "rows", progress->rows);
    if (progress->rows_total >= 0)
        base_json_add_i64(json, "rows_total", progress->rows_total);
    base_json_add_i64(json, "bytes", progress->bytes);
    base_json_add_i64(json, "chunks_done", progress->chunks_done);
    if (progress->chunks_total >= 0)
        base_json_add_i64(json, "chunks_total", progress->chunks_total);
    base_json_add_double(json, "rows_per_second", progress->rows_per_second);
    base_json_add_bool(json, "waiting_warehouse", progress->waiting_warehouse);
    base_json_add_bool(json, "waiting_memory", progress->waiting_memory);
    base_json_add_bool(json, "waiting_server", progress->waiting_server);
    base_json_add_bool(json, "waiting_retry", progress->waiting_retry);
    if (progress->waiting_retry)
        base_json_add_time(json, "retry_at", progress->retry_at_us);
    base_json_add_bool(json, "stalled", progress->stalled);
    base_json_add_i64(json, "idle_seconds", (int64_t)progress->idle_seconds);
    return json;
}

cJSON *engine_live_json(struct engine *engine, const struct sync_live *live, const char *chunks)
{
    cJSON *json = engine_progress_json(&live->progress);
    (void)engine;
    base_json_add_str(json, "chunks", chunks && chunks[0] ? chunks : NULL);
    base_json_add_str(json, "statement_id", live->statement_id[0] ? live->statement_id : NULL);
    if (live->statement_state >= 0)
        base_json_add_str(json, "statement_state",
                          databricks_state_name((enum databricks_state)live->statement_state));
    base_json_add_str(json, "waiting_for", live->waiting_for);
    if (live->pending_seconds > 0)
        base_json_add_i64(json, "pending_seconds", (int64_t)live->pending_seconds);
    base_json_add_i64(json, "links_asked", live->stats.links_asked);
    base_json_add_i64(json, "links_expired", live->stats.links_expired);
    base_json_add_i64(json, "chunks_again",
                      live->stats.links_renewed + live->stats.chunks_refetched);
    base_json_add_i64(json, "retries", live->retries);
    base_json_add_i64(json, "throttled", live->throttled);
    base_json_add_time(json, "throttled_until", live->throttled_until_us);
    base_json_add_i64(json, "memory", (int64_t)live->memory);
    base_json_add_i64(json, "memory_used", (int64_t)live->memory_used);
    base_json_add_i64(json, "memory_limit", (int64_t)live->memory_limit);
    base_json_add_i64(json, "files", live->files);
    base_json_add_i64(json, "file_bytes", live->file_bytes);
    if (live->last_chunk >= 0) {
        base_json_add_i64(json, "last_chunk", live->last_chunk);
        base_json_add_i64(json, "last_chunk_seconds", (int64_t)live->last_chunk_seconds);
    }
    base_json_add_i64(json, "running_seconds", (int64_t)live->running_seconds);
    return json;
}

/* --- the warehouse, asked for in passing while someone looks (starts nothing) --- */

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct engine *engine = user;
    engine->warehouse.call = NULL;
    engine->warehouse.seen_us = base_seam_now_us(engine->seam);
    if (err)
        return;
    free(engine->warehouse.name);
    free(engine->warehouse.state);
    engine->warehouse.name = base_strdup(warehouse->name);
    engine->warehouse.state = base_strdup(warehouse->state);
}

void engine_warehouse_forget(struct engine *engine)
{
    databricks_cancel(&engine->warehouse.call);
    base_free(&engine->warehouse.name);
    base_free(&engine->warehouse.state);
    engine->warehouse.seen_us = 0;
}

static void warehouse_add(struct engine *engine, cJSON *json)
{
    const char *id = config_get(engine->profile, CONFIG_WAREHOUSE_ID);
    int64_t now = base_seam_now_us(engine->seam);
    if (engine->db == NULL || id == NULL)
        return;
    if (engine->warehouse.call == NULL && now - engine->warehouse.seen_us >= WAREHOUSE_US)
        engine->warehouse.call =
            databricks_warehouse_get(engine->db, DATABRICKS_PRINCIPAL, id, on_warehouse, engine);
    cJSON *item = base_json_add_object(json, "warehouse");
    base_json_add_str(item, "id", id);
    base_json_add_str(item, "name", engine->warehouse.name);
    base_json_add_str(item, "state", engine->warehouse.state);
    base_json_add_time(item, "time", engine->warehouse.seen_us);
}

/* --- the batch --- */

struct batch_sum {
    int64_t rows, total;
    bool total_known, estimated, long_batch;
    double rate, mean;          /* now, of all; over the whole time */
    int64_t stalled_run, first; /* the first that is at work */
};

/* What a queued run will probably read: what the last good one did. */
static int64_t rows_guess(struct engine *engine, const struct model_run *run)
{
    struct model_run good = {0};
    struct err err = ERR_INIT;
    if (store_run_last_good(engine->state, run->sync_uuid, &good, &err) != 0)
        return -1;
    int64_t rows = good.counts.file_rows;
    model_run_free(&good);
    return rows;
}

static void eta_add(cJSON *json, int64_t left, double now, double mean)
{
    struct model_eta eta;
    if (left < 0 || !model_eta(left, now, mean, &eta))
        return;
    cJSON *item = base_json_add_object(json, "eta");
    base_json_add_i64(item, "from", eta.from);
    base_json_add_i64(item, "to", eta.to);
}

/* A run that is not over: how far, how long still. */
static void run_live_add(struct engine *engine, cJSON *json, const struct model_run *run,
                         struct batch_sum *sum)
{
    struct sync_live live;
    if (engine->sync == NULL || !sync_run_live(engine->sync, run->id, &live, NULL)) {
        sum->total_known = false;
        return;
    }
    const struct sync_progress *progress = &live.progress;
    int64_t total = progress->rows_total;
    bool guess = total < 0;
    if (guess && !sum->long_batch)
        total = rows_guess(engine, run);
    sum->rows += progress->rows;
    sum->total += total > 0 ? total : 0;
    sum->total_known = sum->total_known && total >= 0;
    sum->estimated = sum->estimated || (guess && total >= 0);
    sum->rate += progress->rows_per_second;
    if (progress->stalled && sum->stalled_run == 0)
        sum->stalled_run = run->id;
    base_json_add_str(json, "phase", sync_phase_name(progress->phase));
    base_json_add_i64(json, "rows", progress->rows);
    if (total >= 0)
        base_json_add_i64(json, "rows_total", total);
    base_json_add_bool(json, "estimated", guess);
    base_json_add_double(json, "rows_per_second", progress->rows_per_second);
    base_json_add_bool(json, "stalled", progress->stalled);
    base_json_add_i64(json, "idle_seconds", (int64_t)progress->idle_seconds);
    base_json_add_bool(json, "waiting_retry", progress->waiting_retry);
    base_json_add_time(json, "retry_at", progress->retry_at_us);
    double mean = live.running_seconds > 0 ? (double)progress->rows / live.running_seconds : 0;
    if (progress->phase == SYNC_PHASE_TRANSFER && !progress->stalled)
        eta_add(json, total - progress->rows, progress->rows_per_second, mean);
    else if (progress->phase == SYNC_PHASE_QUEUED && !progress->waiting_retry && total > 0)
        eta_add(json, total, sum->mean, sum->mean);
}

static cJSON *run_item(struct engine *engine, const struct model_run *run, struct batch_sum *sum)
{
    cJSON *json = base_json_object();
    char *name = model_name_text(&run->table);
    base_json_add_i64(json, "id", run->id);
    base_json_add_str(json, "table", name);
    base_json_add_str(json, "state", model_run_state_name(run->state));
    base_json_add_str(json, "word", model_run_word(run));
    base_json_add_i64(json, "attempt", run->attempt);
    base_json_add_i64(json, "version", run->version);
    free(name);
    if (run->err.code != ERR_OK) {
        base_json_add_str(json, "code", base_err_name(run->err.code));
        base_json_add_str(json, "message", run->err.message);
    }
    if (!model_run_over(run->state)) {
        run_live_add(engine, json, run, sum);
        return json;
    }
    base_json_add_str(json, "phase", "over");
    if (run->state == RUN_RECORDED || run->state == RUN_CLEANED) {
        base_json_add_i64(json, "rows", run->counts.file_rows);
        base_json_add_i64(json, "rows_total", run->counts.file_rows);
        base_json_add_i64(json, "files", run->files);
        base_json_add_i64(json, "bytes", run->bytes);
        sum->rows += run->counts.file_rows > 0 ? run->counts.file_rows : 0;
        sum->total += run->counts.file_rows > 0 ? run->counts.file_rows : 0;
    }
    return json;
}

static void totals_add(cJSON *json, const struct batch_sum *sum, const struct model_meter *meter,
                       int64_t now)
{
    double rates[METER_STEPS];
    size_t count = meter ? model_meter_rates(meter, now, rates) : 0;
    double mean = meter ? model_meter_mean(meter, now) : 0;
    base_json_add_i64(json, "rows", sum->rows);
    if (sum->total_known)
        base_json_add_i64(json, "rows_total", sum->total);
    base_json_add_bool(json, "estimated", sum->estimated);
    base_json_add_double(json, "rows_per_second", sum->rate);
    base_json_add_double(json, "rows_per_second_mean", mean);
    cJSON *array = base_json_add_array(json, "rates");
    for (size_t i = 0; i < count; i++)
        base_json_push_take(array, cJSON_CreateNumber((double)(int64_t)rates[i]));
    if (meter)
        base_json_add_i64(json, "rates_step_seconds", meter->step_us / 1000000);
    if (sum->stalled_run)
        base_json_add_i64(json, "stalled_run", sum->stalled_run);
    else if (sum->total_known)
        eta_add(json, sum->total - sum->rows, sum->rate, mean);
}

static void detail_add(struct engine *engine, cJSON *json, int64_t id)
{
    struct sync_live live;
    struct buf chunks;
    struct model_plan plan = {0};
    struct err err = ERR_INIT;
    base_buf_init(&chunks, 0);
    if (id && engine->sync && sync_run_live(engine->sync, id, &live, &chunks)) {
        (void)base_buf_byte(&chunks, '\0');
        cJSON *detail = engine_live_json(engine, &live, chunks.data);
        warehouse_add(engine, detail);
        base_json_add_str(detail, "codec", config_get(engine->profile, CONFIG_CODEC));
        base_json_add_i64(detail, "parallel_tables",
                          config_get_i64(engine->profile, CONFIG_PARALLEL_TABLES));
        if (store_plan_get(engine->state, id, &plan, &err) == 0)
            base_json_add_str(detail, "window", plan.window == WINDOW_FULL ? "full" : "part");
        model_plan_free(&plan);
        base_json_add_take(json, "detail", detail);
    }
    base_buf_free(&chunks);
}

/* A batch of more runs than fit into an answer lists those that are not done; what queued ones
 * will read is then not looked up one by one, so its total is not known. */
static void runs_take(struct engine *engine, cJSON *array, const struct model_run *runs,
                      size_t count, struct batch_sum *sum)
{
    for (size_t i = count; i > 0; i--) {
        const struct model_run *run = &runs[i - 1];
        cJSON *item = run_item(engine, run, sum);
        bool done = run->state == RUN_RECORDED || run->state == RUN_CLEANED;
        if (sum->first == 0 && base_json_get(item, "rows_per_second") &&
            strcmp(base_json_str_or(item, "phase", "queued"), "queued") != 0)
            sum->first = run->id;
        if (cJSON_GetArraySize(array) < RUNS_MAX && !(done && sum->long_batch))
            base_json_push_take(array, item);
        else
            cJSON_Delete(item);
    }
}

/* In the order they were made; the store lists the newest first. */
static int runs_walk(struct engine *engine, int64_t batch, cJSON *array, struct batch_sum *sum,
                     struct err *err)
{
    int64_t total = 0;
    for (int64_t from = 0; from == 0 || from < total; from += RUNS_MAX) {
        struct store_run_filter filter = {.batch = batch, .limit = 1};
        struct model_run *runs = NULL;
        size_t count = 0;
        if (from == 0) {
            if (store_run_list(engine->state, &filter, &runs, &count, &total, err) != 0)
                return -1;
            store_runs_free(runs, count);
            sum->long_batch = total > RUNS_MAX;
            sum->total_known = !sum->long_batch;
        }
        int64_t rest = total - from;
        filter.limit = (int)(rest < RUNS_MAX ? rest : RUNS_MAX);
        filter.offset = (int)(rest - filter.limit);
        if (filter.limit < 1)
            return 0;
        if (store_run_list(engine->state, &filter, &runs, &count, NULL, err) != 0)
            return -1;
        runs_take(engine, array, runs, count, sum);
        store_runs_free(runs, count);
    }
    return 0;
}

static int live_fill(struct engine *engine, cJSON *json, int64_t batch, int64_t run,
                     struct err *err)
{
    struct store_batch info;
    struct model_meter meter;
    int64_t now = base_seam_mono_us(engine->seam);
    bool metered = engine->sync && sync_batch_meter(engine->sync, batch, &meter);
    struct batch_sum sum = {.mean = metered ? model_meter_mean(&meter, now) : 0};
    if (store_batch_get(engine->state, batch, &info, err) != 0)
        return -1;
    base_json_add_take(json, "batch", engine_batch_json(&info));
    base_json_add_i64(json, "total", info.runs);
    if (runs_walk(engine, batch, base_json_add_array(json, "runs"), &sum, err) != 0)
        return -1;
    totals_add(json, &sum, metered ? &meter : NULL, now);
    base_json_add_time(json, "time", base_seam_now_us(engine->seam));
    detail_add(engine, json, run ? run : sum.first);
    return 0;
}

/* Without a batch: the latest one. */
void engine_verb_runs_live(struct engine *engine, struct ipc_call *call, const cJSON *params)
{
    struct err err = ERR_INIT;
    struct store_batch *batches = NULL;
    size_t count = 0;
    int64_t batch = base_json_i64_or(params, "batch", 0);
    int rc = 0;
    if (batch == 0 && (rc = store_batch_list(engine->state, 0, 1, &batches, &count, &err)) == 0) {
        if (count)
            batch = batches[0].id;
        else
            rc = base_err_set(&err, ERR_RUN_NOT_FOUND, "there is no batch yet");
        free(batches);
    }
    cJSON *json = base_json_object();
    if (rc == 0)
        rc = live_fill(engine, json, batch, base_json_i64_or(params, "run", 0), &err);
    if (rc == 0) {
        engine_reply(engine, call, json);
        return;
    }
    cJSON_Delete(json);
    engine_fail(engine, call, &err);
}
