/* A batch under way, in words and numbers. */
#include "ui/view/run.h"

#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/seam.h"
#include "base/text.h"
#include "model/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAITS_SHOWN 3 /* seconds; shorter waits would only flicker */
#define CHUNKS_SHOWN ((size_t)1 << 20)

/* Seconds, minutes or hours by the longer of the two; the shorter is rounded down, the longer up,
 * both coarsely: more would be made up. */
const char *view_eta(const cJSON *object, char out[32])
{
    const cJSON *eta = base_json_get(object, "eta");
    int64_t from = base_json_i64_or(eta, "from", -1), to = base_json_i64_or(eta, "to", -1);
    if (from < 0 || to < from || to > (int64_t)1000 * 86400) {
        snprintf(out, 32, "unknown");
        return out;
    }
    int64_t unit = to < 90 ? 1 : to < 5400 ? 60 : 3600;
    const char *name = unit == 1 ? "s" : unit == 60 ? "m" : "h";
    int64_t low = from / unit, high = (to + unit - 1) / unit;
    if (unit == 1 && high > 10) {
        low -= low % 5;
        high += (5 - high % 5) % 5;
    }
    low = low > 0 ? low : 1;
    if (high <= low)
        snprintf(out, 32, "%d %s", (int)low, name);
    else
        snprintf(out, 32, "%d-%d %s", (int)low, (int)high, name);
    return out;
}

static const cJSON *run_of(const cJSON *live, int64_t id)
{
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(live, "runs"))
    {
        if (base_json_i64_or(each, "id", 0) == id)
            return each;
    }
    return NULL;
}

char *view_live_state(const cJSON *live, int64_t now_us)
{
    const cJSON *batch = base_json_get(live, "batch");
    int64_t stalled = base_json_i64_or(live, "stalled_run", 0);
    const char *state = base_json_str_or(batch, "state", ""), *by = base_json_str(batch, "by");
    char took[24], age[24];
    double span = view_span(batch, "began", "ended", now_us);
    view_seconds(span, took);
    if (span < 10)
        snprintf(took, sizeof took, "%d s", (int)span);
    const cJSON *run = stalled ? run_of(live, stalled) : NULL;
    if (run) {
        const cJSON *detail = base_json_get(live, "detail");
        char last[48] = "";
        if (base_json_i64_or(detail, "run", 0) == stalled && base_json_get(detail, "last_chunk"))
            snprintf(last, sizeof last, ", last chunk %lld",
                     (long long)base_json_i64_or(detail, "last_chunk", 0));
        snprintf(age, sizeof age, "%lld s", (long long)base_json_i64_or(run, "idle_seconds", 0));
        return base_printf("STALLED %s, run %lld%s", age, (long long)stalled, last);
    }
    const char *word = strcmp(state, "running") == 0     ? "RUNNING"
                       : strcmp(state, "failed") == 0    ? "FAILED"
                       : strcmp(state, "cancelled") == 0 ? "CANCELLED"
                                                         : "DONE";
    return base_printf("%s %s%s%s (%s)", word, took, by ? ", by " : "", by ? by : "",
                       view_batch_trigger(batch));
}

char *view_live_done(const cJSON *live)
{
    const cJSON *batch = base_json_get(live, "batch");
    long long failed = base_json_i64_or(batch, "failed", 0);
    long long done = base_json_i64_or(batch, "done", 0);
    char text[48] = "";
    if (failed)
        snprintf(text, sizeof text, ", %lld failed", failed);
    return base_printf("%lld of %lld published%s", done,
                       (long long)base_json_i64_or(batch, "runs", 0), text);
}

/* "10.4 of 19.9 M": the unit once where it is the same. */
static void rows_of(int64_t rows, int64_t total, char out[64])
{
    char done[24], all[24];
    base_text_rows(rows, done);
    base_text_rows(total, all);
    char *unit = strrchr(done, ' '), *all_unit = strrchr(all, ' ');
    if (unit && all_unit && strcmp(unit, all_unit) == 0)
        *unit = '\0';
    snprintf(out, 64, "%s of %s", done, all);
}

char *view_live_total(const cJSON *live, double *share)
{
    int64_t rows = base_json_i64_or(live, "rows", 0);
    int64_t total = base_json_i64_or(live, "rows_total", -1);
    char text[64];
    *share = -1;
    if (total < 0) {
        base_text_rows(rows, text);
        return base_printf("total unknown   %s rows", text);
    }
    bool running =
        strcmp(base_json_str_or(base_json_get(live, "batch"), "state", ""), "running") == 0;
    if (total == 0 && !running && base_json_i64_or(base_json_get(live, "batch"), "done", 0) == 0) {
        *share = 0;
        return base_strdup("nothing was published");
    }
    *share = total > 0 ? (double)rows / (double)total : running ? 0 : 1;
    *share = *share > 1 ? 1 : *share;
    rows_of(rows, total, text);
    return base_printf("%3d %%   %s rows%s", (int)(*share * 100), text,
                       base_json_bool_or(live, "estimated", false) ? ", about" : "");
}

char *view_live_rate(const cJSON *live)
{
    char now[24], mean[24];
    const cJSON *batch = base_json_get(live, "batch");
    bool over = strcmp(base_json_str_or(batch, "state", ""), "running") != 0;
    double seconds = view_span(batch, "began", "ended", 0);
    double mean_rate = base_json_double_or(live, "rows_per_second_mean", 0);
    if (over && seconds > 0)
        mean_rate = (double)base_json_i64_or(live, "rows", 0) / seconds;
    base_text_rows((int64_t)base_json_double_or(live, "rows_per_second", 0), now);
    base_text_rows((int64_t)mean_rate, mean);
    if (over)
        return base_printf("%s rows/s mean", mean);
    return base_printf("%s rows/s now, %s mean", now, mean);
}

/* --- one run --- */

static void chunks_say(struct view_page *page, const cJSON *detail)
{
    size_t count = 0, per = 1, width = page->width > 45 ? (size_t)page->width - 30 : 20;
    const char *packed = base_json_str(detail, "chunks");
    char *states = packed ? model_chunks_unpack(packed, CHUNKS_SHOWN, &count) : NULL;
    if (states == NULL || count == 0) {
        bool over = strcmp(base_json_str_or(detail, "phase", ""), "over") == 0;
        view_page_line(page, STYLE_PLAIN, "  chunks  none %s", over ? "read" : "known yet");
        free(states);
        return;
    }
    char *map = model_chunks_map(states, count, width, &per);
    view_page_line(page, STYLE_PLAIN, "  chunks  ");
    view_page_cell(page, STYLE_PLAIN, (int)width, map);
    view_page_add(page, STYLE_FAINT, "  1 mark = %zu chunk%s", per, per == 1 ? "" : "s");
    view_page_line(page, STYLE_FAINT,
                   "          # encoded  + encoding  d downloading  . waiting  r fetched again");
    free(map);
    free(states);
}

/* Why there is nothing yet. */
static const char *waiting_text(const cJSON *detail)
{
    static const struct {
        const char *code, *text;
    } reasons[] = {
        {"SRC_WH_QUEUED", ": the warehouse is busy, the statement waits in its queue"},
        {"SRC_WH_STOPPED", ": the warehouse is starting"},
        {"SRC_WH_START_FAILED", ": the warehouse does not start"},
    };
    const char *code = base_json_str_or(detail, "waiting_for", "");
    for (size_t i = 0; i < base_countof(reasons); i++)
        if (strcmp(code, reasons[i].code) == 0)
            return reasons[i].text;
    return base_json_bool_or(detail, "waiting_warehouse", false)
               ? ": the warehouse works on the statement"
               : "";
}

static void read_say(struct view_page *page, const cJSON *detail)
{
    char bytes[24], last[64] = "";
    int64_t total = base_json_i64_or(detail, "chunks_total", -1);
    long long done = base_json_i64_or(detail, "chunks_done", 0);
    view_bytes(detail, "bytes", bytes);
    if (base_json_get(detail, "last_chunk_seconds"))
        snprintf(last, sizeof last, "; last chunk %lld s ago",
                 (long long)base_json_i64_or(detail, "last_chunk_seconds", 0));
    if (total < 0)
        view_page_line(page, STYLE_PLAIN, "  read    nothing yet%s", waiting_text(detail));
    else
        view_page_line(page, STYLE_PLAIN, "  read    %lld of %lld chunk%s, %s of Arrow%s", done,
                       (long long)total, total == 1 ? "" : "s", bytes, last);
    long long retries = base_json_i64_or(detail, "retries", 0);
    view_page_add(page, STYLE_PLAIN, "; %lld retr%s", retries, retries == 1 ? "y" : "ies");
}

static void links_say(struct view_page *page, const cJSON *detail)
{
    char used[24], limit[24];
    long long throttled = base_json_i64_or(detail, "throttled", 0);
    long long expired = base_json_i64_or(detail, "links_expired", 0);
    view_bytes(detail, "memory_used", used);
    view_bytes(detail, "memory_limit", limit);
    view_page_line(page, STYLE_PLAIN, "  links   asked %lld, expired %lld",
                   (long long)base_json_i64_or(detail, "links_asked", 0), expired);
    view_page_add(page, throttled ? STYLE_WARN : STYLE_PLAIN, "      throttled %lld", throttled);
    view_page_add(page, STYLE_PLAIN, "     memory %s of %s", used, limit);
    const char *until = base_json_str(detail, "throttled_until");
    int64_t at = 0;
    if (until && base_time_parse(until, &at) == 0) {
        char clock[32];
        base_time_format(at, clock);
        view_page_line(page, STYLE_WARN,
                       "  THROTTLED: the workspace said too many calls; asked again at %.8sZ",
                       strlen(clock) > 19 ? clock + 11 : clock);
    }
}

static void wrote_say(struct view_page *page, const cJSON *detail)
{
    char bytes[24];
    long long files = base_json_i64_or(detail, "files", 0);
    view_bytes(detail, "file_bytes", bytes);
    if (files == 0)
        view_page_line(page, STYLE_PLAIN, "  wrote   no whole file yet, none visible");
    else
        view_page_line(page, STYLE_PLAIN, "  wrote   %lld file%s, %s Parquet %s, none visible yet",
                       files, files == 1 ? "" : "s", bytes, base_json_str_or(detail, "codec", ""));
}

static void server_say(struct view_page *page, const cJSON *detail)
{
    const cJSON *warehouse = base_json_get(detail, "warehouse");
    const char *name = base_json_str(warehouse, "name"),
               *id = base_json_str(detail, "statement_id");
    const char *state = base_json_str_or(warehouse, "state", "(state not known)");
    /* The id is what is copied into a question to somebody: it is never cut, the name may be. */
    int room = page->width - 12 - (int)strlen(state) - (id ? (int)strlen(id) + 12 : 0);
    name = name ? name : base_json_str_or(warehouse, "id", "warehouse");
    int width = (int)base_text_width(name, strlen(name));
    room = room < 12 ? 12 : room;
    view_page_line(page, STYLE_PLAIN, "  server  ");
    view_page_cell(page, STYLE_PLAIN, width < room ? width : room, name);
    view_page_add(page, strcmp(state, "RUNNING") == 0 ? STYLE_PLAIN : STYLE_WARN, " %s", state);
    if (id)
        view_page_add(page, STYLE_PLAIN, ", statement %s", id);
}

void view_live_detail(struct view_page *page, const cJSON *live)
{
    const cJSON *detail = base_json_get(live, "detail");
    if (detail == NULL)
        return;
    const char *at = base_json_str(detail, "retry_at");
    chunks_say(page, detail);
    read_say(page, detail);
    links_say(page, detail);
    wrote_say(page, detail);
    server_say(page, detail);
    if (base_json_bool_or(detail, "waiting_retry", false) && at) {
        char time[32];
        view_time(at, time);
        view_page_line(page, STYLE_WARN, "  waits   an attempt failed; the next one begins at %s",
                       strlen(time) > 11 ? time + 11 : time);
    } else if (base_json_bool_or(detail, "waiting_memory", false)) {
        view_page_line(page, STYLE_WARN, "  waits   for memory (memory_limit)");
    } else if (base_json_bool_or(detail, "waiting_server", false) &&
               base_json_i64_or(detail, "idle_seconds", 0) >= WAITS_SHOWN) {
        view_page_line(page, STYLE_PLAIN, "  waits   for the server: no byte arrives");
    }
}

/* --- what a reader sees --- */

static void queued_say(struct view_page *page, const cJSON *live, long long queued)
{
    const cJSON *detail = base_json_get(live, "detail");
    long long at_once = base_json_i64_or(detail, "parallel_tables", 0);
    if (queued == 0)
        return;
    if (at_once)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "%lld more table%s: %lld table%s at a time (parallel_tables).", queued,
                       queued == 1 ? " waits" : "s wait", at_once, at_once == 1 ? "" : "s");
    else
        view_page_wrap(page, 2, STYLE_PLAIN, "%lld more wait%s.", queued, queued == 1 ? "s" : "");
}

void view_live_reader(struct view_page *page, const cJSON *live)
{
    const cJSON *each, *detail = base_json_get(live, "detail");
    int64_t run = base_json_i64_or(detail, "run", 0);
    long long queued = 0, published = 0, failed = 0, chunks;
    cJSON_ArrayForEach(each, base_json_array(live, "runs"))
    {
        const char *word = base_json_str_or(each, "word", "");
        queued += strcmp(base_json_str_or(each, "phase", ""), "queued") == 0 &&
                  !base_json_bool_or(each, "waiting_retry", false);
        published += strcmp(word, "done") == 0;
        failed += strcmp(word, "failed") == 0 || strcmp(word, "cancelled") == 0;
    }
    chunks = base_json_i64_or(detail, "chunks_total", -1);
    const char *phase = base_json_str_or(detail, "phase", "");
    if (detail && strcmp(phase, "publish") == 0)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "Run %lld is being published: a reader sees the old data or all of the new.",
                       (long long)run);
    else if (detail && strcmp(phase, "over") != 0 && strcmp(phase, "clean") != 0 && chunks > 0)
        view_page_wrap(
            page, 2, STYLE_PLAIN,
            "A reader sees nothing of run %lld until %s%lld chunk%s verified, then all of it "
            "at once.",
            (long long)run, chunks == 1 ? "its " : "all ", chunks, chunks == 1 ? " is" : "s are");
    else if (detail && strcmp(phase, "over") != 0 && strcmp(phase, "clean") != 0)
        view_page_wrap(
            page, 2, STYLE_PLAIN,
            "A reader sees nothing of run %lld until all of it is verified, then all of it "
            "at once.",
            (long long)run);
    if (published)
        view_page_wrap(page, 2, STYLE_PLAIN, "%lld published: source = manifest = decoded = files.",
                       published);
    if (failed)
        view_page_wrap(page, 2, STYLE_BAD,
                       "%lld ended without publishing: of them a reader sees the data from before.",
                       failed);
    queued_say(page, live, queued);
}
