/* A run that failed: what broke, what is safe, what changed, what to do. Everything said here is in
 * the answer of runs.show. */
#include "ui/view/run.h"

#include "ui/view/status.h"
#include "ui/view/words.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/layer.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *phase_word(const char *phase)
{
    static const char *const words[][2] = {{"queued", "waiting for its turn"},
                                           {"planning", "plan"},
                                           {"statement", "statement"},
                                           {"transfer", "extract"},
                                           {"verify", "verify"},
                                           {"publish", "publish"},
                                           {"clean", "cleaning up"},
                                           {"over", "its last step"}};
    for (size_t i = 0; i < base_countof(words); i++)
        if (strcmp(phase, words[i][0]) == 0)
            return words[i][1];
    return phase;
}

static bool is_word(const cJSON *run, const char *word)
{
    return strcmp(base_json_str_or(run, "word", ""), word) == 0;
}

/* "users" of "shop.aampe.users". */
static const char *short_name(const cJSON *run)
{
    const char *table = base_json_str_or(run, "table", "the table");
    const char *dot = strrchr(table, '.');
    return dot && dot[1] ? dot + 1 : table;
}

/* --- BROKE --- */

/* Who goes on, and when. */
static void next_say(struct buf *out, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *broke = base_json_get(data, "broke");
    char text[96];
    long long attempts = base_json_i64_or(broke, "attempts", 1);
    if (!is_word(run, "failed"))
        snprintf(text, sizeof text, "tried again by itself");
    else if (base_json_bool_or(broke, "retried_by_clock", false) && attempts > 1)
        snprintf(text, sizeof text, "given up after %lld attempts", attempts);
    else
        snprintf(text, sizeof text, "not tried again by the clock");
    (void)base_buf_text(out, text);
}

static void aampe_say(struct view_page *page, const cJSON *broke)
{
    const cJSON *aampe = base_json_get(broke, "aampe");
    const char *fails = base_json_str_or(aampe, "fails", "unknown");
    const char *why = base_json_str_or(aampe, "why", "");
    if (strcmp(fails, "yes") == 0)
        view_page_wrap(page, 2, STYLE_BAD, "Aampe's own reads of this table fail too: %s.", why);
    else if (strcmp(fails, "no") == 0)
        view_page_wrap(page, 2, STYLE_PLAIN, "Aampe's own reads of this table go on: %s.", why);
    else
        view_page_wrap(page, 2, STYLE_WARN,
                       "Whether Aampe's own reads fail too cannot be seen from here: %s.", why);
}

static void broke_block(struct view_page *page, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *error = base_json_get(run, "error");
    const cJSON *broke = base_json_get(data, "broke");
    const char *cause = view_cause(base_json_str_or(broke, "code", ""));
    struct buf next;
    base_buf_init(&next, 256);
    next_say(&next, data);
    view_page_rule(page, "BROKE   %s   %s", base_json_str_or(broke, "code", ""), next.data);
    base_buf_free(&next);
    view_page_wrap(page, 2, STYLE_BAD, "%s%s%s%s", base_json_str_or(error, "message", ""),
                   cause[0] ? " (" : "", cause, cause[0] ? ")" : "");
    if (broke)
        aampe_say(page, broke);
}

/* --- SAFE --- */

static void touched_say(struct view_page *page, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *safe = base_json_get(data, "safe");
    const char *touched = base_json_str_or(safe, "touched", "");
    const char *phase = base_json_str(base_json_get(data, "broke"), "phase");
    if (strcmp(touched, "published") == 0)
        view_page_wrap(page, 2, STYLE_GOOD,
                       "Published whole: a reader sees all of this run, and nothing of the one "
                       "before.");
    else if (strcmp(touched, "unknown") == 0)
        view_page_wrap(page, 2, STYLE_WARN,
                       "It is not known yet whether the publish happened; the destination is being "
                       "asked. Whatever it says, it is all of this run or nothing.");
    else if (strcmp(touched, "publishing") == 0)
        view_page_wrap(
            page, 2, STYLE_PLAIN,
            "It is being published, in one step: a reader sees the old data or the new.");
    else if (is_word(run, "failed") || is_word(run, "cancelled"))
        view_page_wrap(page, 2, STYLE_GOOD,
                       "Stopped%s%s, before publish: this run did not touch the destination.",
                       phase ? " in " : "", phase ? phase_word(phase) : "");
    else
        view_page_wrap(page, 2, STYLE_GOOD, "Nothing of this run is at the destination yet.");
}

static void reader_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *safe = base_json_get(data, "safe"), *reader = base_json_get(safe, "reader");
    const char *name = short_name(base_json_get(data, "run"));
    char clock[32];
    if (reader == NULL) {
        view_page_wrap(page, 2, STYLE_WARN,
                       "%s is not there: nothing of it has been published yet.", name);
        return;
    }
    if (base_json_str(reader, "elsewhere")) {
        view_page_wrap(
            page, 2, STYLE_WARN,
            "%s is not at the destination that is set now; whole to %s it is at %s (run "
            "%lld)",
            name, view_status_clock(base_json_str(reader, "whole_to"), now_us, true, clock),
            base_json_str(reader, "elsewhere"), (long long)base_json_i64_or(reader, "run", 0));
        return;
    }
    view_page_wrap(page, 2, STYLE_PLAIN, "%s there is whole to %s (run %lld: %s, files hashed)",
                   name, view_status_clock(base_json_str(reader, "whole_to"), now_us, true, clock),
                   (long long)base_json_i64_or(reader, "run", 0),
                   base_json_bool_or(reader, "counts_equal", false) ? "4 counts equal"
                   : base_json_bool_or(reader, "unpinned", false)
                       ? "counts equal but the source's, which was not pinned"
                       : "counts NOT equal");
}

static void others_say(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *safe = base_json_get(data, "safe"), *others = base_json_get(safe, "others");
    long long total = base_json_i64_or(others, "total", 0);
    long long elsewhere = base_json_i64_or(others, "elsewhere", 0);
    long long whole = base_json_i64_or(others, "whole", 0);
    bool unknown = strcmp(base_json_str_or(safe, "touched", ""), "unknown") == 0;
    char clock[32];
    if (total)
        view_page_wrap(
            page, 2, whole == total ? STYLE_PLAIN : STYLE_WARN,
            "%lld of %lld other%s whole, oldest to %s. Torn files: none. Rows twice: %s.", whole,
            total, total == 1 ? "" : "s",
            view_status_clock(base_json_str(others, "oldest"), now_us, true, clock),
            unknown ? "being asked" : "none");
    else
        view_page_wrap(page, 2, STYLE_PLAIN, "Torn files: none. Rows twice: %s.",
                       unknown ? "being asked" : "none");
    if (elsewhere)
        view_page_wrap(page, 2, STYLE_WARN,
                       "%lld of them are at another destination than the one that is set now.",
                       elsewhere);
}

static void checked_say(struct view_page *page, const cJSON *data, int64_t now_us, bool keys)
{
    const cJSON *safe = base_json_get(data, "safe"), *checked = base_json_get(safe, "checked");
    char age[24], bytes[24];
    if (base_json_get(safe, "reader") == NULL)
        return;
    if (checked == NULL) {
        view_page_wrap(page, 2, STYLE_FAINT,
                       keys ? "By the states of the runs; not read back since. c does it now."
                            : "By the states of the runs; not read back since (sync verify).");
        return;
    }
    const char *error = base_json_str(base_json_get(checked, "error"), "message");
    long long files = base_json_i64_or(checked, "files", 0);
    view_age(base_json_str(checked, "time"), now_us, age);
    if (base_json_bool_or(checked, "verified", false))
        view_page_wrap(
            page, 2, STYLE_GOOD,
            "checked %s ago: %lld file%s, %s read back; hashes, footers and counts agree", age,
            files, files == 1 ? "" : "s", view_bytes(checked, "bytes", bytes));
    else
        view_page_wrap(page, 2, STYLE_BAD, "checked %s ago: NOT as written: %s", age,
                       error ? error : "");
}

static void safe_block(struct view_page *page, const cJSON *data, const struct view_run_words *w)
{
    view_page_rule(page, "SAFE");
    touched_say(page, data);
    reader_say(page, data, w->now_us);
    others_say(page, data, w->now_us);
    checked_say(page, data, w->now_us, w->keys);
}

/* --- CHANGED --- */

/* Ids are long; their ends tell them apart. */
static const char *id_short(const char *what, const char *text, char out[64])
{
    size_t len = strlen(text);
    if (strcmp(what, "table id") != 0 || len < 20)
        snprintf(out, 64, "%.63s", text);
    else
        snprintf(out, 64, "%.4s..%s", text, text + len - 4);
    return out;
}

static void item_say(struct view_page *page, const cJSON *item, int64_t now_us)
{
    const char *what = base_json_str_or(item, "what", ""), *time = base_json_str(item, "time");
    const char *by = base_json_str(item, "by");
    char from[64], to[64], clock[32];
    bool likely = base_json_bool_or(item, "likely", false);
    view_page_fact(page, 9, what, likely ? STYLE_WARN : STYLE_PLAIN, "%s -> %s%s%s%s%s%s",
                   id_short(what, base_json_str_or(item, "from", ""), from),
                   id_short(what, base_json_str_or(item, "to", ""), to), time ? "  " : "",
                   time ? view_status_clock(time, now_us, true, clock) : "", by ? ", owner " : "",
                   by ? by : "", likely ? "  <- likely cause" : "");
}

/* What is of the settings alone is said in one word when all of it is the same. */
static bool is_setting(const char *what)
{
    static const char *const names[] = {"principal", "workspace", "warehouse", "destination",
                                        "codec"};
    for (size_t i = 0; i < base_countof(names); i++)
        if (strcmp(what, names[i]) == 0)
            return true;
    return false;
}

static void same_say(struct view_page *page, const cJSON *changed)
{
    struct buf text;
    const cJSON *each;
    int settings = 0;
    base_buf_init(&text, 4096);
    cJSON_ArrayForEach(each, base_json_array(changed, "same"))
    {
        settings += cJSON_IsString(each) && is_setting(each->valuestring);
    }
    cJSON_ArrayForEach(each, base_json_array(changed, "same"))
    {
        const char *what = cJSON_IsString(each) ? each->valuestring : "";
        if (strcmp(what, "filter") == 0 || (settings == 5 && is_setting(what)))
            continue;
        (void)base_buf_printf(&text, "%s%s", text.len ? ", " : "", what);
    }
    if (settings == 5)
        (void)base_buf_printf(&text, "%ssettings", text.len ? ", " : "");
    if (text.len)
        view_page_fact(page, 9, "same", STYLE_PLAIN, "%s", text.data);
    base_buf_free(&text);
}

static void changed_block(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *changed = base_json_get(data, "changed"), *each;
    const char *unknown = base_json_str(changed, "unknown");
    char clock[32];
    if (changed == NULL) {
        view_page_rule(page, "CHANGED");
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "No run of this table has been good yet: there is nothing to compare with.");
        return;
    }
    view_page_rule(page, "CHANGED since run %lld, %s   seen as %s",
                   (long long)base_json_i64_or(changed, "run", 0),
                   view_status_clock(base_json_str(changed, "since"), now_us, true, clock),
                   base_json_str_or(changed, "seen_as", "principal"));
    const cJSON *items = base_json_array(changed, "items");
    cJSON_ArrayForEach(each, items) item_say(page, each, now_us);
    if (cJSON_GetArraySize(items) == 0)
        view_page_line(page, STYLE_PLAIN, "  nothing that is compared");
    same_say(page, changed);
    if (unknown)
        view_page_fact(page, 9, "unknown", STYLE_WARN, "%s", unknown);
    if (base_json_bool_or(changed, "settings_unknown", false))
        view_page_fact(page, 9, "unknown", STYLE_PLAIN,
                       "settings and secret of run %lld: it ran before they were kept",
                       (long long)base_json_i64_or(changed, "run", 0));
}

/* --- DO --- */

static void key_say(struct view_page *page, const struct view_run_words *w, const char *key,
                    enum view_action action, const char *text)
{
    size_t before = page->count;
    view_page_fact(page, 2, w->keys ? key : "-", STYLE_PLAIN, "%s", text);
    if (w->keys && page->count > before) {
        /* Its first line is the one that can be selected. */
        page->lines[before].target = (int)action;
    }
}

const struct view_run_fix *view_run_fix(const char *code)
{
    static const char to_table[] =
        "see what the principal has and lacks on this table, and who may grant it";
    static const char to_secret[] = "6 Access: which secrets there are, and when each ends";
    static const char to_warehouse[] = "9 Setup, warehouse: check it now, or pick another one";
    static const char to_workspace[] =
        "9 Setup, workspace: check the way there now, from near to far";
    static const char to_destination[] =
        "9 Setup, destination: check it now, or choose another one";
    static const struct view_run_fix fixes[] = {
        {"SRC_PERM_", 0, "tab", "access", to_table},
        {"SRC_TABLE_NOT_FOUND", 0, "tab", "access", to_table},
        {"SRC_ROWS_FILTERED", 0, "tab", "access", to_table},
        {"SRC_AUTH_", 6, "secret", "principal", to_secret},
        {"SRC_WH_", 9, "step", "warehouse", to_warehouse},
        {"SRC_HOST_WRONG", 9, "step", "workspace", to_workspace},
        {"SRC_TOKEN_ENDPOINT_WRONG", 9, "step", "workspace", to_workspace},
        {"SRC_IP_BLOCKED", 9, "step", "workspace", to_workspace},
        {"NET_", 9, "step", "workspace", to_workspace},
        {"TLS_", 9, "step", "workspace", to_workspace},
        {"PROXY_", 9, "step", "workspace", to_workspace},
        {"HOST_DISK_FULL", 9, "step", "destination", to_destination},
        {"HOST_INODES_FULL", 9, "step", "destination", to_destination},
        {"HOST_QUOTA", 9, "step", "destination", to_destination},
        {"HOST_READONLY", 9, "step", "destination", to_destination},
        {"HOST_PERMISSION", 9, "step", "destination", to_destination},
        {"HOST_FS_UNFIT", 9, "step", "destination", to_destination},
        {"DST_", 9, "step", "destination", to_destination},
    };
    for (size_t i = 0; i < base_countof(fixes); i++)
        if (strncmp(code, fixes[i].prefix, strlen(fixes[i].prefix)) == 0)
            return &fixes[i];
    return NULL;
}

bool view_run_doctor(const char *code)
{
    enum base_layer layer = base_layer_of(base_err_by_name(code));
    /* What is about one table or its files has better places than the chains. */
    return layer != BASE_LAYER_NONE && layer != BASE_LAYER_UNITY_CATALOG &&
           layer != BASE_LAYER_DATA;
}

/* The layers above it may be what is really broken. */
static void doctor_do(struct view_page *page, const char *code, const struct view_run_words *w)
{
    enum base_layer layer = base_layer_of(base_err_by_name(code));
    char title[32];
    if (!w->keys || !view_run_doctor(code))
        return;
    char *text = base_printf("Doctor: c there looks now at %s and all that comes before it",
                             base_layer_title(base_layer_name(layer), title));
    key_say(page, w, "8", VIEW_ACTION_SCREEN_8, text);
    free(text);
}

static bool is_grant(const char *hint)
{
    return strncmp(hint, "GRANT ", 6) == 0;
}

static void retry_do(struct view_page *page, const cJSON *data, const struct view_run_words *w)
{
    const cJSON *reader = base_json_get(base_json_get(data, "safe"), "reader");
    const cJSON *good = base_json_get(data, "last_good");
    char rows[24], took[24];
    double seconds = view_span(good, "started", "finished", 0);
    if (w->retry_refused) {
        view_page_fact(page, 2, w->keys ? "R" : "-", STYLE_FAINT, "%s", w->retry_refused);
        return;
    }
    char *text =
        reader && seconds >= 0
            ? base_printf("full reload: %s rows, %s last time; the old data stays until then",
                          view_rows(reader, "rows", rows), view_span_text(seconds, took))
            : base_printf("full load: nothing of it is at the destination yet");
    if (!w->keys) {
        char *command =
            base_printf("aampe-console runs retry %lld   %s",
                        (long long)base_json_i64_or(base_json_get(data, "run"), "id", 0), text);
        free(text);
        text = command;
    }
    key_say(page, w, "R", VIEW_ACTION_RETRY, text);
    free(text);
}

static void do_block(struct view_page *page, const cJSON *data, const struct view_run_words *w)
{
    const cJSON *run = base_json_get(data, "run"), *error = base_json_get(run, "error");
    const char *hint = base_json_str_or(error, "hint", "");
    view_page_rule(page, "DO");
    const struct view_run_fix *fix = view_run_fix(base_json_str_or(error, "code", ""));
    if (hint[0] && (!is_grant(hint) || !w->keys))
        view_page_fact(page, 2, "-", STYLE_PLAIN, "%s", hint);
    if (fix && w->keys)
        key_say(page, w, "f", VIEW_ACTION_FIX, fix->text);
    if (is_grant(hint) && w->keys) {
        const char *to = strstr(hint, " TO `");
        bool chain = strcmp(base_json_str_or(error, "code", ""), "SRC_PERM_VIEW_CHAIN") == 0;
        char *text = base_printf("copy %.*s TO the %s", to ? (int)(to - hint) : (int)strlen(hint),
                                 hint, chain ? "view's owner" : "principal");
        key_say(page, w, "y", VIEW_ACTION_COPY, text);
        free(text);
    }
    doctor_do(page, base_json_str_or(error, "code", ""), w);
    retry_do(page, data, w);
    if (w->keys && base_json_get(base_json_get(data, "safe"), "reader"))
        key_say(page, w, "c", VIEW_ACTION_CHECK,
                "read the destination again, every file; changes nothing");
    if (w->keys)
        key_say(page, w, "e", VIEW_ACTION_EXPORT,
                "write this page to a file, and a notice for Aampe (nothing of ours in it)");
}

/* Why the rows are not what the table holds although every count is equal. */
static void warnings_block(struct view_page *page, const cJSON *data)
{
    const cJSON *warnings = base_json_array(data, "warnings"), *each;
    if (cJSON_GetArraySize(warnings) == 0)
        return;
    view_page_rule(page, "WARNINGS   %d", cJSON_GetArraySize(warnings));
    cJSON_ArrayForEach(each, warnings)
    {
        const char *hint = base_json_str_or(each, "hint", "");
        view_page_wrap(page, 2, STYLE_WARN, "%s: %s", base_json_str_or(each, "code", ""),
                       base_json_str_or(each, "message", ""));
        if (strcmp(hint, base_json_str_or(each->next, "hint", "")) != 0)
            view_page_wrap(page, 4, STYLE_PLAIN, "%s", hint);
    }
}

/* --- runs that did not fail --- */

static void counts_block(struct view_page *page, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run");
    char counts[4][24], bytes[24], version[40] = "not pinned (a view, a filter or masks)";
    int64_t number = 0;
    view_page_rule(page, "ROWS");
    if (base_json_i64(run, "version", &number))
        snprintf(version, sizeof version, "%lld", (long long)number);
    view_page_fact(page, 10, "source", STYLE_PLAIN, "%s   counted by a statement of its own",
                   view_rows(run, "source_rows", counts[0]));
    view_page_fact(page, 10, "manifest", STYLE_PLAIN, "%s   what the result said it has",
                   view_rows(run, "manifest_rows", counts[1]));
    view_page_fact(page, 10, "decoded", STYLE_PLAIN, "%s   what arrived",
                   view_rows(run, "decoded_rows", counts[2]));
    view_page_fact(page, 10, "in files", STYLE_PLAIN, "%s   what the files say when read back",
                   view_rows(run, "file_rows", counts[3]));
    view_page_rule(page, "RESULT");
    view_page_fact(page, 10, "version", STYLE_PLAIN, "%s", version);
    view_page_fact(page, 10, "files", STYLE_PLAIN, "%lld, %s",
                   (long long)base_json_i64_or(run, "files", 0), view_bytes(run, "bytes", bytes));
    if (base_json_str(data, "location"))
        view_page_fact(page, 10, "at", STYLE_PLAIN, "%s", base_json_str(data, "location"));
}

void view_run_page(struct view_page *page, const cJSON *data, const struct view_run_words *words)
{
    const cJSON *run = base_json_get(data, "run");
    if (is_word(run, "failed") || base_json_get(data, "broke")) {
        broke_block(page, data);
        warnings_block(page, data);
        safe_block(page, data, words);
        changed_block(page, data, words->now_us);
        do_block(page, data, words);
        return;
    }
    if (is_word(run, "done"))
        counts_block(page, data);
    warnings_block(page, data);
    safe_block(page, data, words);
    if (is_word(run, "cancelled")) {
        view_page_rule(page, "DO");
        retry_do(page, data, words);
    }
}

void view_run_sentence(struct buf *out, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *evidence;
    char text[160] = "";
    if (base_json_get(data, "broke") == NULL) {
        const char *touched = base_json_str_or(base_json_get(data, "safe"), "touched", "");
        (void)base_buf_text(out, strcmp(touched, "published") == 0
                                     ? "published whole: source = manifest = decoded = files"
                                     : "nothing of this run is at the destination");
        return;
    }
    evidence = base_json_get(base_json_get(run, "error"), "evidence");
    const char *request = base_json_str(evidence, "request_id");
    const char *statement = base_json_str(evidence, "statement_id");
    if (statement)
        snprintf(text, sizeof text, "statement %s", statement);
    else if (request)
        snprintf(text, sizeof text, "refused before a statement; request %s", request);
    else
        snprintf(text, sizeof text, "aampe-console explain %s says more",
                 base_json_str_or(base_json_get(data, "broke"), "code", ""));
    (void)base_buf_text(out, text);
}

/* --- the other tabs --- */

void view_run_chunks(struct view_page *page, const cJSON *data)
{
    const cJSON *run = base_json_get(data, "run"), *failed = base_json_get(data, "failed"), *each;
    long long done = base_json_i64_or(run, "chunks_done", 0);
    long long total = base_json_i64_or(run, "chunks_total", 0);
    if (failed && base_json_str(failed, "statement_id") == NULL) {
        view_page_rule(page, "CHUNKS");
        view_page_line(page, STYLE_PLAIN, "  none: it stopped in %s, before there was a statement",
                       phase_word(base_json_str_or(failed, "phase", "")));
    } else if (failed) {
        cJSON *live = cJSON_CreateObject();
        cJSON_AddItemReferenceToObject(live, "detail", (cJSON *)failed);
        view_page_rule(page, "WHEN THE LAST ATTEMPT FAILED, in %s",
                       phase_word(base_json_str_or(failed, "phase", "")));
        view_live_detail(page, live);
        cJSON_Delete(live);
    } else {
        view_page_rule(page, "CHUNKS");
        view_page_line(page, STYLE_PLAIN, "  %lld of %lld read", done, total);
    }
    const cJSON *files = base_json_array(data, "file_list");
    view_page_rule(page, "FILES   %d", cJSON_GetArraySize(files));
    if (cJSON_GetArraySize(files) == 0)
        view_page_line(page, STYLE_PLAIN, "  none: what was written of it has been thrown away");
    cJSON_ArrayForEach(each, files)
    {
        char rows[24], size[24];
        view_page_line(page, STYLE_PLAIN, "  %s  %s rows  %s  sha256 %.16s",
                       base_json_str_or(each, "name", ""), view_rows(each, "rows", rows),
                       view_bytes(each, "bytes", size), base_json_str_or(each, "sha256", ""));
    }
}

void view_run_evidence(struct view_page *page, const cJSON *data, int64_t now_us)
{
    const cJSON *run = base_json_get(data, "run"), *error = base_json_get(run, "error"), *each;
    const cJSON *stats = base_json_get(data, "stats");
    char time[32];
    view_page_rule(page, "RUN");
    view_page_fact(page, 12, "began", STYLE_PLAIN, "%s",
                   view_time(base_json_str(run, "started"), time));
    view_page_fact(page, 12, "ended", STYLE_PLAIN, "%s",
                   view_time(base_json_str(run, "finished"), time));
    view_page_fact(page, 12, "state", STYLE_PLAIN, "%s, attempt %lld",
                   base_json_str_or(run, "state", ""),
                   (long long)base_json_i64_or(run, "attempt", 1));
    view_page_fact(page, 12, "sync", STYLE_PLAIN, "%s, number %lld",
                   base_json_str_or(run, "sync_uuid", ""),
                   (long long)base_json_i64_or(run, "seq", 0));
    if (base_json_str(data, "statement"))
        view_page_fact(page, 12, "read", STYLE_PLAIN, "%s", base_json_str(data, "statement"));
    if (stats)
        view_page_fact(page, 12, "waited", STYLE_PLAIN, "%.1f s for the server, %.1f s for memory",
                       base_json_double_or(stats, "waiting_server_seconds", 0),
                       base_json_double_or(stats, "waiting_memory_seconds", 0));
    if (error == NULL)
        return;
    view_page_rule(page, "ERROR   %s", base_json_str_or(error, "code", ""));
    view_page_wrap(page, 2, STYLE_PLAIN, "%s", base_json_str_or(error, "message", ""));
    cJSON_ArrayForEach(each, base_json_get(error, "evidence"))
    {
        if (cJSON_IsString(each))
            view_page_fact(page, 12, each->string, STYLE_PLAIN, "%s", each->valuestring);
        else if (cJSON_IsNumber(each))
            view_page_fact(page, 12, each->string, STYLE_PLAIN, "%.0f", each->valuedouble);
    }
    (void)now_us;
}
