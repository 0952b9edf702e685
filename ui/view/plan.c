#include "ui/view/plan.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "base/vec.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIRM_TABLES 6 /* named in the question; the plan names all */

/* One statement that is missing; the same one may be needed by several tables. Borrowed. */
struct missing {
    const char *level, *object, *privilege, *sql, *who;
    int others; /* who else may grant it */
    int rank;   /* catalog, schema, table: without the first the others do not help */
};

struct missing_list {
    vec_of(struct missing) all;
};

static const char *text_or(const cJSON *item, const char *fallback)
{
    return cJSON_IsString(item) ? item->valuestring : fallback;
}

static int rank_of(const char *level)
{
    return strcmp(level, "CATALOG") == 0 ? 0 : strcmp(level, "SCHEMA") == 0 ? 1 : 2;
}

/* By who may grant: each of them gets a piece of the whole that stands for itself. */
static int missing_order(const void *a, const void *b)
{
    const struct missing *x = a, *y = b;
    int order = strcmp(x->who, y->who);
    if (order == 0)
        order = x->rank - y->rank;
    if (order == 0)
        order = strcmp(x->object, y->object);
    return order ? order : strcmp(x->sql, y->sql);
}

static void missing_collect(const cJSON *data, struct missing_list *list)
{
    const cJSON *table, *each;
    cJSON_ArrayForEach(table, base_json_array(data, "tables"))
    {
        cJSON_ArrayForEach(each, base_json_array(table, "missing"))
        {
            const cJSON *who = base_json_array(each, "who");
            int count = cJSON_GetArraySize(who);
            struct missing one = {.level = base_json_str_or(each, "level", ""),
                                  .object = base_json_str_or(each, "object", ""),
                                  .privilege = base_json_str_or(each, "privilege", ""),
                                  .sql = base_json_str_or(each, "sql", ""),
                                  .who = text_or(cJSON_GetArrayItem(who, 0), "not known"),
                                  .others = count > 1 ? count - 1 : 0};
            one.rank = rank_of(one.level);
            vec_push(&list->all, one);
        }
    }
    if (list->all.count == 0)
        return;
    qsort(list->all.items, list->all.count, sizeof *list->all.items, missing_order);
    size_t kept = 1;
    for (size_t i = 1; i < list->all.count; i++)
        if (missing_order(&list->all.items[i], &list->all.items[kept - 1]) != 0)
            list->all.items[kept++] = list->all.items[i];
    list->all.count = kept;
}

size_t view_plan_missing(const cJSON *data)
{
    struct missing_list list = {0};
    missing_collect(data, &list);
    size_t count = list.all.count;
    vec_free(&list.all);
    return count;
}

bool view_plan_by_file(const cJSON *data)
{
    return strcmp(base_json_str_or(data, "managed_by", ""), "file") == 0;
}

char *view_plan_sql(const cJSON *data)
{
    struct missing_list list = {0};
    struct buf sql;
    base_buf_init(&sql, 0);
    (void)base_buf_text(&sql, "");
    missing_collect(data, &list);
    for (size_t i = 0; i < list.all.count; i++) {
        size_t len = strlen(list.all.items[i].sql);
        bool ended = len > 0 && list.all.items[i].sql[len - 1] == ';';
        (void)base_buf_printf(&sql, "%s%s\n", list.all.items[i].sql, ended ? "" : ";");
    }
    vec_free(&list.all);
    return base_buf_take(&sql, NULL);
}

/* Lines from `first` on that mean nothing else yet. */
static void mark(struct view_page *page, size_t first, int target)
{
    for (size_t i = first; i < page->count; i++)
        if (page->lines[i].target == 0)
            page->lines[i].target = target;
}

static void counts(const cJSON *data, int *add, int *remove)
{
    const cJSON *each;
    *add = *remove = 0;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        const char *action = base_json_str_or(each, "action", "");
        *add += strcmp(action, "add") == 0;
        *remove += strcmp(action, "remove") == 0;
    }
    *add = (int)base_json_i64_or(data, "add", *add);
    *remove = (int)base_json_i64_or(data, "remove", *remove);
}

const char *view_plan_head(const cJSON *data, int64_t now_us, char *out, size_t size)
{
    char age[24];
    const char *author = base_json_str_or(data, "author", "");
    const char *updated = base_json_str(data, "updated");
    if (base_json_i64_or(data, "changes", 0) == 0) {
        snprintf(out, size, "no draft");
        return out;
    }
    snprintf(out, size, "draft revision %lld%s%s%s%s%s",
             (long long)base_json_i64_or(data, "revision", 0), author[0] ? " by " : "", author,
             updated ? ", " : "", updated ? view_age(updated, now_us, age) : "",
             updated ? " old" : "");
    return out;
}

/* Why it would not sync, in the words of who found out. What is missing has a block of its own. */
static void trouble_lines(struct view_page *page, const cJSON *table)
{
    const char *member = base_json_get(table, "refused") ? "refused" : "error";
    bool missing = cJSON_GetArraySize(base_json_array(table, "missing")) > 0;
    if (base_json_get(table, member) == NULL || (member[0] == 'e' && missing))
        return;
    char *error = view_error_text(table, member);
    view_page_wrap(page, 6, STYLE_WARN, "%s", error);
    free(error);
}

static void table_line(struct view_page *page, const cJSON *table)
{
    char text[32];
    const char *action = base_json_str_or(table, "action", "");
    bool adds = strcmp(action, "add") == 0, removes = strcmp(action, "remove") == 0;
    bool readable = base_json_bool_or(table, "readable", false);
    int name = page->width > 110 ? 70 : page->width - 34;
    view_page_line(page, adds ? STYLE_GOOD : STYLE_WARN, "  %s ", adds ? "+" : removes ? "-" : "=");
    view_page_cell(page, STYLE_PLAIN, name > 16 ? name : 16, base_json_str(table, "name"));
    view_page_add(page, STYLE_PLAIN, "  ");
    if (removes) {
        view_page_add(page, STYLE_FAINT, "its files stay");
        return;
    }
    view_page_cell(page, STYLE_PLAIN, 6, base_json_str_or(table, "mode", "full"));
    if (base_json_get(table, "rows"))
        view_page_add(page, STYLE_PLAIN, "%s rows  ", view_rows(table, "rows", text));
    if (base_json_get(table, "bytes"))
        view_page_add(page, STYLE_PLAIN, "%s  ", view_bytes(table, "bytes", text));
    if (base_json_get(table, "refused"))
        view_page_add(page, STYLE_WARN, "cannot be synced");
    else if (!readable)
        view_page_add(page, STYLE_WARN, adds ? "not readable yet" : "shared, not readable");
    else
        view_page_add(page, STYLE_GOOD, "readable");
    trouble_lines(page, table);
}

static void tables_block(struct view_page *page, const cJSON *data)
{
    int add, remove, index = 0;
    const cJSON *each, *list = base_json_array(data, "tables");
    int64_t total = base_json_i64_or(data, "total", cJSON_GetArraySize(list));
    long long offset = (long long)base_json_i64_or(data, "offset", 0);
    int here = cJSON_GetArraySize(list);
    counts(data, &add, &remove);
    view_page_rule(page, "SHARE +%d -%d", add, remove);
    if (here > 0 && here < total)
        view_page_line(page, STYLE_FAINT,
                       "  %lld to %lld of %lld tables; what follows is about these", offset + 1,
                       offset + here, (long long)total);
    cJSON_ArrayForEach(each, list)
    {
        size_t first = page->count;
        table_line(page, each);
        mark(page, first, ++index);
    }
    if (base_json_i64_or(data, "changes", 0) == 0)
        view_page_line(page, STYLE_PLAIN, "  nothing to change: the draft is empty");
}

enum { SQL_TARGET = 2 * VIEW_PLAN_OTHER, AFTER_TARGET = 3 * VIEW_PLAN_OTHER };

/* Columns of the grants; what a privilege is on gets what is left. */
enum { GRANT_PRIVILEGE = 11, GRANT_OTHERS = 6 + 1 + 1 + 9 };

static int grant_who(const struct view_page *page)
{
    return page->width < 72 ? 10 : page->width > 110 ? 30 : 16;
}

static int grant_room(const struct view_page *page)
{
    int room = page->width - grant_who(page) - GRANT_PRIVILEGE - GRANT_OTHERS;
    return room > 12 ? room : 12;
}

static void grant_line(struct view_page *page, const struct missing *one, size_t number)
{
    char on[600], who[200];
    snprintf(on, sizeof on, "%-6s %s", one->level, one->object);
    snprintf(who, sizeof who, "%s +%d", one->who, one->others);
    bool fits = one->others > 0 && base_text_width(who, strlen(who)) <= (size_t)grant_who(page);
    view_page_line(page, STYLE_PLAIN, "  %3d ", (int)number);
    view_page_cell(page, STYLE_PLAIN, grant_who(page), fits ? who : one->who);
    view_page_add(page, STYLE_PLAIN, " ");
    view_page_cell(page, STYLE_PLAIN, GRANT_PRIVILEGE, one->privilege);
    view_page_add(page, STYLE_PLAIN, " ");
    view_page_cell(page, STYLE_PLAIN, grant_room(page), on);
    view_page_add(page, STYLE_WARN, "  missing");
}

/* In two lines where one is too short: what is given, and to whom. */
static void sql_lines(struct view_page *page, const char *sql)
{
    const char *to = NULL;
    for (const char *at = strstr(sql, " TO `"); at; at = strstr(at + 1, " TO `"))
        to = at; /* a name may hold the same words; the last is the statement's */
    if (to == NULL || strlen(sql) + 3 <= (size_t)page->width) {
        view_page_wrap(page, 2, STYLE_PLAIN, "%s;", sql);
        return;
    }
    view_page_wrap(page, 2, STYLE_PLAIN, "%.*s", (int)(to - sql), sql);
    view_page_wrap(page, 5, STYLE_PLAIN, "%s;", to + 1);
}

static void grants_block(struct view_page *page, const cJSON *data)
{
    struct missing_list list = {0};
    const char *principal = base_json_str_or(data, "principal", "");
    missing_collect(data, &list);
    if (list.all.count == 0) {
        vec_free(&list.all);
        return;
    }
    view_page_rule(page, "GRANTS %d missing%s%s", (int)list.all.count, principal[0] ? " to " : "",
                   principal);
    view_page_line(page, STYLE_HEAD, "    # ");
    view_page_cell(page, STYLE_HEAD, grant_who(page) + 1, "WHO MAY");
    view_page_cell(page, STYLE_HEAD, GRANT_PRIVILEGE + 1, "PRIVILEGE");
    view_page_cell(page, STYLE_HEAD, grant_room(page), "ON");
    view_page_add(page, STYLE_HEAD, "  NOW");
    for (size_t i = 0; i < list.all.count; i++) {
        grant_line(page, &list.all.items[i], i + 1);
        view_page_target(page, VIEW_PLAN_OTHER + (int)i);
    }
    view_page_rule(page, "SQL   for who may grant; nothing here runs it");
    for (size_t i = 0; i < list.all.count; i++) {
        size_t first = page->count;
        sql_lines(page, list.all.items[i].sql);
        mark(page, first, SQL_TARGET + (int)i);
    }
    vec_free(&list.all);
}

static void after_block(struct view_page *page, const cJSON *data)
{
    int add, remove, held = 0, ready = 0, refused = 0;
    const cJSON *each;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        if (strcmp(base_json_str_or(each, "action", ""), "add") != 0)
            continue;
        bool readable = base_json_bool_or(each, "readable", false);
        bool syncable = base_json_get(each, "refused") == NULL;
        ready += readable && syncable;
        held += !readable;
        refused += readable && !syncable;
    }
    counts(data, &add, &remove);
    view_page_rule(page, "AFTER APPLY");
    size_t first = page->count;
    if (ready > 0)
        view_page_line(page, STYLE_PLAIN, "  first load at once: %d %s", ready,
                       ready == 1 ? "table" : "tables");
    mark(page, first, AFTER_TARGET);
    if (held > 0)
        view_page_wrap(page, 2, STYLE_WARN,
                       "%d %s in the share without a load until the principal can read %s", held,
                       held == 1 ? "table waits" : "tables wait", held == 1 ? "it" : "them");
    mark(page, first, AFTER_TARGET + 1);
    if (refused > 0)
        view_page_wrap(page, 2, STYLE_WARN,
                       "%d %s in the share without a load: it has columns that cannot be synced; "
                       "`share add TABLE --column NAME` takes only some",
                       refused, refused == 1 ? "table stays" : "tables stay");
    mark(page, first, AFTER_TARGET + 2);
    if (remove > 0)
        view_page_wrap(page, 2, STYLE_PLAIN,
                       "%d no longer synced; files at the destination stay, grants stay", remove);
    mark(page, first, AFTER_TARGET + 3);
}

void view_plan(struct view_page *page, const cJSON *data, int64_t now_us)
{
    (void)now_us;
    if (view_plan_by_file(data))
        view_page_wrap(page, 2, STYLE_WARN,
                       "the share is kept in %s: put the change there (e or share plan --patch "
                       "writes it), then `engine reload`",
                       base_json_str_or(data, "file", "its file"));
    tables_block(page, data);
    grants_block(page, data);
    if (base_json_i64_or(data, "changes", 0) > 0)
        after_block(page, data);
}

static void named(struct view_page *page, const cJSON *data, const char *action, const char *label)
{
    const cJSON *each;
    int shown = 0, all = 0;
    cJSON_ArrayForEach(each, base_json_array(data, "tables"))
    {
        if (strcmp(base_json_str_or(each, "action", ""), action) != 0)
            continue;
        if (++all > CONFIRM_TABLES)
            continue;
        view_page_line(page, STYLE_PLAIN, "  %-11s ", shown++ ? "" : label);
        view_page_add(page, STYLE_PLAIN, "%s", base_json_str_or(each, "name", ""));
    }
    if (all > shown)
        view_page_line(page, STYLE_PLAIN, "  %-11s and %d more, as in the plan", "", all - shown);
    if (all == 0)
        view_page_line(page, STYLE_PLAIN, "  %-11s nothing", label);
}

void view_plan_confirm(struct view_page *page, const cJSON *data, const char *profile,
                       const char *login, const char *workspace)
{
    size_t missing = view_plan_missing(data);
    const char *author = base_json_str_or(data, "author", "");
    int add, remove;
    counts(data, &add, &remove);
    view_page_fact(page, 11, "workspace", STYLE_PLAIN, "%s   %s", profile, workspace);
    view_page_fact(page, 11, "share", STYLE_PLAIN, "%s", base_json_str_or(data, "file", ""));
    view_page_fact(page, 11, "as", STYLE_PLAIN, "%s, revision %lld%s%s of the draft", login,
                   (long long)base_json_i64_or(data, "revision", 0), author[0] ? " by " : "",
                   author);
    view_page_fact(page, 11, "for", STYLE_PLAIN, "%s", base_json_str_or(data, "principal", "-"));
    view_page_blank(page);
    named(page, data, "add", "adds");
    named(page, data, "remove", "takes away");
    view_page_blank(page);
    if (missing > 0)
        view_page_fact(page, 11, "cannot do", STYLE_WARN,
                       "%d %s; nothing is granted here, y in the plan copies the SQL", (int)missing,
                       missing == 1 ? "grant is missing" : "grants are missing");
    view_page_fact(page, 11, "starts", STYLE_PLAIN,
                   "the first load of what is added and can be read, in the engine");
    view_page_fact(page, 11, "undo", STYLE_PLAIN, "%s with the same names; files stay",
                   add > 0 ? "share remove" : "share add");
    view_page_fact(page, 11, "recorded", STYLE_PLAIN, "operator log: you, time, what was changed");
}

void view_plan_applied(struct view_page *page, const cJSON *data)
{
    int64_t batch = 0, waiting = base_json_i64_or(data, "waiting", 0);
    if (!base_json_bool_or(data, "changed", false)) {
        view_page_line(page, STYLE_PLAIN, "  nothing was changed: the share is as planned already");
        return;
    }
    view_page_line(page, STYLE_GOOD, "  applied: +%lld -%lld",
                   (long long)base_json_i64_or(data, "added", 0),
                   (long long)base_json_i64_or(data, "removed", 0));
    if (base_json_i64(data, "batch", &batch))
        view_page_line(page, STYLE_PLAIN, "  batch %lld has started: the first load",
                       (long long)batch);
    else if (base_json_i64_or(data, "added", 0) > 0)
        view_page_line(page, STYLE_PLAIN, "  nothing was started");
    if (waiting > 0)
        view_page_wrap(page, 2, STYLE_WARN,
                       "%lld of them cannot be loaded yet: the plan says what is missing",
                       (long long)waiting);
}
