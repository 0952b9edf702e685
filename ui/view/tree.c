#include "ui/view/tree.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Badges of the protocol: the word on the screen, what is typed behind `/`, and why. */
static const struct badge {
    const char *access, *word, *typed;
    enum view_style style;
    const char *why;
} badges[] = {
    {"ok", "ok", "readable", STYLE_GOOD, "the principal can read it"},
    {"no_catalog", "no CATALOG", "no catalog", STYLE_WARN,
     "the principal lacks USE CATALOG on its catalog"},
    {"no_schema", "no SCHEMA", "no schema", STYLE_WARN,
     "the principal lacks USE SCHEMA on its schema"},
    {"no_select", "no SELECT", "no select", STYLE_WARN, "the principal lacks SELECT on it"},
    {"hidden", "hidden", "hidden", STYLE_FAINT, "the principal does not see it"},
    {"extra", "extra", "extra", STYLE_WARN,
     "the principal can read it although it is not in the share"},
    {"filtered", "filtered", "filtered", STYLE_WARN,
     "a row filter or column mask changes what the principal reads"},
    {"not_uc", "not UC", "not uc", STYLE_FAINT, "not in Unity Catalog: it cannot be shared"},
    {"built_in", "built in", "built in", STYLE_FAINT,
     "every catalog has it, for all who may use the catalog; it is not shared"},
    {"unknown", "?", "unknown", STYLE_FAINT, "not looked at yet"},
};

static const struct badge *badge_of(const cJSON *row)
{
    const char *access = base_json_str_or(row, "access", "");
    for (size_t i = 0; i < base_countof(badges); i++)
        if (strcmp(badges[i].access, access) == 0)
            return &badges[i];
    return NULL;
}

static bool is_table(const cJSON *row)
{
    return strcmp(base_json_str_or(row, "kind", ""), "table") == 0;
}

const char *view_tree_access(const cJSON *row, char out[24])
{
    const struct badge *badge = badge_of(row);
    int64_t hidden = base_json_i64_or(row, "hidden", 0);
    out[0] = '\0';
    if (base_json_get(row, "error"))
        snprintf(out, 24, "error");
    else if (hidden > 0)
        snprintf(out, 24, "hidden %d", hidden < 1000000 ? (int)hidden : 1000000);
    else if (badge && (is_table(row) || strcmp(badge->access, "unknown") != 0))
        snprintf(out, 24, "%s", badge->word);
    return out;
}

enum view_style view_tree_access_style(const cJSON *row)
{
    const struct badge *badge = badge_of(row);
    if (base_json_get(row, "error"))
        return STYLE_BAD;
    return badge ? badge->style : STYLE_PLAIN;
}

/* "DELTA" to "Delta": names of formats as their makers write them. */
static const char *format_word(const char *format)
{
    static const char *const words[][2] = {
        {"DELTA", "Delta"},     {"PARQUET", "Parquet"}, {"CSV", "CSV"}, {"JSON", "JSON"},
        {"ICEBERG", "Iceberg"}, {"AVRO", "Avro"},       {"ORC", "ORC"}, {"TEXT", "text"},
    };
    for (size_t i = 0; i < base_countof(words); i++)
        if (base_text_equal_nocase(words[i][0], format))
            return words[i][1];
    return format;
}

const char *view_tree_kind(const cJSON *row, char out[64])
{
    static const char *const types[][2] = {
        {"VIEW", "view"},
        {"METRIC_VIEW", "metric view"},
        {"MATERIALIZED_VIEW", "materialized view"},
        {"STREAMING_TABLE", "streaming table"},
        {"FOREIGN", "foreign table"},
    };
    const char *type = base_json_str_or(row, "type", "");
    const char *format = base_json_str_or(row, "format", "");
    if (!is_table(row)) {
        snprintf(out, 64, "%s", base_json_str_or(row, "kind", ""));
        return out;
    }
    for (size_t i = 0; i < base_countof(types); i++) {
        if (base_text_equal_nocase(types[i][0], type)) {
            snprintf(out, 64, "%s", types[i][1]);
            return out;
        }
    }
    snprintf(out, 64, "%s%s%stable", base_text_equal_nocase(type, "EXTERNAL") ? "external " : "",
             format_word(format), format[0] ? " " : "");
    return out;
}

const char *view_tree_refusal(const cJSON *row)
{
    const char *access = base_json_str_or(row, "access", "");
    if (strcmp(access, "not_uc") == 0)
        return "it is not in Unity Catalog, so it cannot be shared";
    if (strcmp(access, "built_in") == 0)
        return "every reader of the catalog has it; it is not shared";
    return NULL;
}

const char *view_tree_count(const cJSON *row, char out[32])
{
    int64_t tables = 0;
    out[0] = '\0';
    if (!is_table(row) && view_tree_refusal(row) == NULL && base_json_i64(row, "tables", &tables))
        snprintf(out, 32, "%lld of %lld", (long long)base_json_i64_or(row, "ticked", 0),
                 (long long)tables);
    return out;
}

const char *view_tree_why(const cJSON *row)
{
    const struct badge *badge = badge_of(row);
    const char *why = base_json_str(row, "why");
    if (why && why[0])
        return why;
    if (base_json_get(row, "error"))
        return base_json_str_or(base_json_get(row, "error"), "message", "it could not be read");
    if (base_json_bool_or(row, "browse_only", false))
        return "the principal may see it, not read it";
    return badge && (is_table(row) || strcmp(badge->access, "unknown") != 0) ? badge->why : "";
}

static void what_line(struct view_page *page, const cJSON *row, int64_t now_us)
{
    char kind[64], text[32];
    view_tree_kind(row, kind);
    if (kind[0] >= 'a' && kind[0] <= 'z')
        kind[0] = (char)(kind[0] - 'a' + 'A');
    view_page_line(page, STYLE_PLAIN, "%s", kind);
    if (!is_table(row) && view_tree_count(row, text)[0])
        view_page_add(page, STYLE_PLAIN, ", %s tables in the share", text);
    if (base_json_get(row, "rows"))
        view_page_add(page, STYLE_PLAIN, ", %s rows", view_rows(row, "rows", text));
    if (base_json_get(row, "bytes"))
        view_page_add(page, STYLE_PLAIN, ", %s", view_bytes(row, "bytes", text));
    if (base_json_str(row, "owner"))
        view_page_add(page, STYLE_PLAIN, ", owner %s", base_json_str(row, "owner"));
    if (!is_table(row) && base_json_str(row, "updated")) /* of tables a column says it */
        view_page_add(page, STYLE_PLAIN, ", changed %s ago",
                      view_age(base_json_str(row, "updated"), now_us, text));
}

/* The sentence of the error besides, with what it is called, so that `explain` can be asked. */
static void why_lines(struct view_page *page, const cJSON *row, size_t lines)
{
    const char *code = base_json_str_or(base_json_get(row, "error"), "code", "");
    size_t first = page->count;
    view_page_wrap(page, 6, view_tree_access_style(row), "%s%s%s%s", view_tree_why(row),
                   code[0] ? " (" : "", code, code[0] ? ")" : "");
    free(page->lines[first].spans[0].text);
    page->lines[first].spans[0].text = base_strdup("why   ");
    while (page->count > lines && page->count > first + 1)
        view_page_cut(page);
}

/* Members that are one line each, the most important first. */
static void fact_lines(struct view_page *page, const cJSON *row, size_t lines)
{
    const char *note = base_json_str_or(row, "note", "");
    const char *comment = base_json_str_or(row, "comment", "");
    const char *draft = base_json_str_or(row, "draft", "");
    if (note[0] && page->count < lines)
        view_page_line(page, STYLE_PLAIN, "cost  %s", note);
    if (draft[0] && is_table(row) && page->count < lines)
        view_page_line(page, STYLE_PLAIN, "draft %s the share when the plan is applied",
                       draft[0] == '+' ? "joins" : "leaves");
    if (comment[0] && page->count < lines)
        view_page_line(page, STYLE_FAINT, "says  %s", comment);
    if (page->count < lines && lines > 3)
        view_page_line(page, STYLE_FAINT, "name  %s", base_json_str_or(row, "full_name", ""));
}

void view_tree_detail(struct view_page *page, const cJSON *row, int64_t now_us, size_t lines)
{
    bool why = view_tree_why(row)[0] != '\0', cost = base_json_str_or(row, "note", "")[0] != '\0';
    size_t rest = lines;
    if (lines > (size_t)why + (size_t)cost) {
        what_line(page, row, now_us);
        rest = lines - (size_t)cost;
    }
    if (why && page->count < lines)
        why_lines(page, row, rest);
    fact_lines(page, row, lines);
}

static bool phrase_is(const char *text, size_t len, const char *phrase)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if (phrase[i] == '\0' || c != phrase[i])
            return false;
    }
    return phrase[len] == '\0';
}

/* A word of state at text; returns its length or 0. */
static size_t state_take(const char *text, struct view_tree_filter *filter)
{
    size_t one = strcspn(text, " "), gap = strspn(text + one, " ");
    size_t two = gap ? one + gap + strcspn(text + one + gap, " ") : one;
    if (phrase_is(text, one, "ticked") || phrase_is(text, one, "unticked")) {
        filter->ticked = one == 6;
        return one;
    }
    for (size_t i = 0; i < base_countof(badges); i++) {
        if (phrase_is(text, one, badges[i].typed)) {
            filter->access = badges[i].access;
            return one;
        }
        if (gap == 1 && phrase_is(text, two, badges[i].typed)) {
            filter->access = badges[i].access;
            return two;
        }
    }
    return 0;
}

void view_tree_filter(const char *text, struct view_tree_filter *filter)
{
    size_t used = 0;
    *filter = (struct view_tree_filter){.ticked = -1};
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t state = state_take(text, filter), word = strcspn(text, " ");
        if (state) {
            text += state;
            continue;
        }
        if (used > 0 && used + 1 < sizeof filter->pattern)
            filter->pattern[used++] = ' ';
        size_t room = sizeof filter->pattern - 1 - used, take = word < room ? word : room;
        /* Never half a character. */
        while (take < word && take > 0 && ((unsigned char)text[take] & 0xc0) == 0x80)
            take--;
        memcpy(filter->pattern + used, text, take);
        used += take;
        text += word;
    }
    filter->pattern[used] = '\0';
}

void view_tree_filter_params(const struct view_tree_filter *filter, cJSON *params)
{
    base_json_add_str(params, "pattern", filter->pattern);
    base_json_add_str(params, "access", filter->access);
    if (filter->ticked >= 0)
        base_json_add_bool(params, "ticked", filter->ticked == 1);
}
