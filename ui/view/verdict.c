#include "ui/view/verdict.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "ui/view/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 7

static bool is(const cJSON *object, const char *key, const char *value)
{
    return strcmp(base_json_str_or(object, key, ""), value) == 0;
}

static const cJSON *levels_of(const cJSON *show)
{
    return base_json_array(base_json_get(show, "access"), "levels");
}

const char *view_verdict_word(const cJSON *show, char out[64])
{
    const cJSON *access = base_json_get(show, "access");
    long long missing = (long long)base_json_i64_or(access, "missing", 0);
    if (is(access, "verdict", "readable"))
        snprintf(out, 64, "READABLE");
    else if (is(access, "verdict", "not_readable"))
        snprintf(out, 64, "NOT READABLE: %lld of 3 levels missing", missing > 99 ? 99 : missing);
    else
        snprintf(out, 64, "NOT KNOWN whether it can be read");
    return out;
}

/* "via group aampe_reader, on SCHEMA shop.loyalty" */
static char *how(const cJSON *level)
{
    const char *via = base_json_str_or(level, "via", ""), *from = base_json_str(level, "from_name"),
               *privilege = base_json_str(level, "privilege");
    char *tail = base_printf(
        "%s%s%s%s%s%s", privilege ? ", by " : "", privilege ? privilege : "", from ? ", on " : "",
        from ? base_json_str_or(level, "from_type", "") : "", from ? " " : "", from ? from : "");
    char *text;
    if (!is(level, "has", "yes"))
        text = base_strdup(is(level, "has", "no") ? "" : "not listed to the principal");
    else if (is(level, "way", "group"))
        text = base_printf("via group %s%s", via, tail);
    else if (is(level, "way", "owner"))
        text = base_printf("owned by %s", via);
    else if (is(level, "way", "proof"))
        text = base_strdup("proved by reading, not listed");
    else if (is(level, "way", "built_in"))
        text = base_strdup("comes with the catalog");
    else
        text = base_printf("granted to it%s", tail);
    free(tail);
    return text;
}

static int object_width(const struct view_page *page, const cJSON *levels)
{
    const cJSON *each;
    int width = 8, most = page->width - 2 - 9 - 13 - 5 - (page->width >= 72 ? 22 : 12);
    cJSON_ArrayForEach(each, levels)
    {
        const char *object = base_json_str_or(each, "object", "");
        int own = (int)base_text_width(object, strlen(object)) + 2;
        width = own > width ? own : width;
    }
    most = most < 10 ? 10 : most;
    return width > most ? most : width;
}

static void levels_add(struct view_page *page, const cJSON *levels)
{
    int object = object_width(page, levels), target = 0;
    const cJSON *each;
    view_page_line(page, STYLE_HEAD, "  LEVEL    ");
    view_page_cell(page, STYLE_HEAD, object, "OBJECT");
    view_page_add(page, STYLE_HEAD, "NEEDS        HAS  HOW");
    cJSON_ArrayForEach(each, levels)
    {
        bool yes = is(each, "has", "yes"), no = is(each, "has", "no");
        char *text = how(each);
        view_page_line(page, STYLE_PLAIN, "  ");
        view_page_cell(page, STYLE_PLAIN, 9, base_json_str_or(each, "level", ""));
        view_page_cell(page, STYLE_PLAIN, object - 1, base_json_str_or(each, "object", ""));
        view_page_add(page, STYLE_PLAIN, " ");
        view_page_cell(page, STYLE_PLAIN, 13, base_json_str_or(each, "needs", ""));
        view_page_cell(page,
                       yes  ? STYLE_GOOD
                       : no ? STYLE_BAD
                            : STYLE_WARN,
                       5,
                       yes  ? "yes"
                       : no ? "NO"
                            : "?");
        view_page_add(page, STYLE_PLAIN, "%s", text);
        view_page_target(page, ++target);
        free(text);
    }
}

static void tried_add(struct view_page *page, const cJSON *show, int64_t now_us)
{
    const cJSON *access = base_json_get(show, "access"), *tried = base_json_get(access, "tried"),
                *error = base_json_get(tried, "error");
    const char *state = base_json_str(base_json_get(error, "evidence"), "sqlstate");
    const char *at = base_json_str(tried, "stopped_at");
    const char *by = is(tried, "how", "statement") ? "with a statement" : "at the metadata API";
    char age[24];
    if (tried == NULL) {
        view_page_fact(page, LABEL, "tried", STYLE_WARN, "no; c tries to read it as the principal");
        return;
    }
    view_age(base_json_str(tried, "time"), now_us, age);
    if (base_json_bool_or(tried, "ok", false))
        view_page_fact(page, LABEL, "tried", STYLE_GOOD, "%s ago as principal %s: it reads", age,
                       by);
    else if (at)
        view_page_fact(
            page, LABEL, "tried", STYLE_BAD, "%s ago as principal: %s%s%s, stopped at the %s", age,
            base_json_str_or(error, "code", ""), state ? " " : "", state ? state : "", at);
    else
        view_page_fact(page, LABEL, "tried", STYLE_BAD, "%s ago as principal: %s %s", age,
                       base_json_str_or(error, "code", ""), base_json_str_or(error, "message", ""));
}

static void policy_add(struct view_page *page, const cJSON *show)
{
    const cJSON *access = base_json_get(show, "access"), *each;
    const char *filter = base_json_str(show, "row_filter");
    const char *isolation = base_json_str(access, "isolation");
    int masks = 0;
    cJSON_ArrayForEach(each, base_json_array(show, "columns"))
    {
        masks += base_json_str(each, "mask") != NULL;
    }
    const char *bound = isolation == NULL ? "bindings of the catalog are not known"
                        : base_text_equal_nocase(isolation, "OPEN")
                            ? "catalog is open to this workspace"
                            : "catalog is bound to chosen workspaces";
    if (base_json_array(show, "columns") == NULL)
        view_page_fact(page, LABEL, "policy", STYLE_PLAIN, "filter and masks not shown to it; %s",
                       bound);
    else if (filter || masks)
        view_page_fact(page, LABEL, "policy", STYLE_WARN, "%s%s, %d masked column%s; %s",
                       filter ? "row filter " : "no row filter", filter ? filter : "", masks,
                       masks == 1 ? "" : "s", bound);
    else
        view_page_fact(page, LABEL, "policy", STYLE_PLAIN, "no row filter, no column mask; %s",
                       bound);
}

/* A server that lists direct grants only says nothing of what comes from above. */
static void scope_add(struct view_page *page, const cJSON *show)
{
    if (is(show, "privileges_scope", "direct"))
        view_page_fact(page, LABEL, "grants", STYLE_WARN,
                       "only direct ones on the table: this server lists no inherited ones");
}

/* Owners of the object and of what is above it, as far as they are known; for the levels after the
 * first only what is new. */
static void may_grant(struct view_page *page, const cJSON *show, const cJSON *level, bool first)
{
    struct buf who;
    const cJSON *above;
    const char *metastore = base_json_str(base_json_get(show, "access"), "metastore_owner");
    const char *owner = base_json_str(level, "owner");
    base_buf_init(&who, 1 << 14);
    (void)base_buf_printf(&who, "%s%s", owner ? "owner " : "its owner (not shown)",
                          owner ? owner : "");
    cJSON_ArrayForEach(above, levels_of(show))
    {
        if (above == level || !first)
            break;
        if (base_json_str(above, "owner"))
            (void)base_buf_printf(&who, "; owner of %s %s", base_json_str_or(above, "object", ""),
                                  base_json_str_or(above, "owner", ""));
    }
    (void)base_buf_text(&who, first ? "; metastore admin" : "; those above");
    if (first && metastore && (int)(who.len + strlen(metastore)) < page->width - LABEL - 4)
        (void)base_buf_printf(&who, " %s", metastore);
    view_page_fact(page, LABEL, base_json_str_or(level, "level", ""), STYLE_PLAIN, "%s", who.data);
    base_buf_free(&who);
}

/* "GRANT x ON y TO `p`;" in two lines, as it is copied in one. */
static void statement_add(struct view_page *page, const char *sql, int target)
{
    const char *to = strstr(sql, " TO `");
    for (const char *next = to; next; next = strstr(next + 1, " TO `"))
        to = next; /* the last one: a name may hold the words too */
    if (to == NULL) {
        view_page_wrap(page, 2, STYLE_PLAIN, "%s", sql);
        view_page_target(page, target);
        return;
    }
    view_page_wrap(page, 2, STYLE_PLAIN, "%.*s", (int)(to - sql), sql);
    view_page_target(page, target);
    view_page_wrap(page, 5, STYLE_PLAIN, "%s", to + 1);
}

static void fix_add(struct view_page *page, const cJSON *show)
{
    const cJSON *each;
    int target = 3;
    bool table = false, first = true;
    view_page_rule(page, "WHO MAY GRANT");
    cJSON_ArrayForEach(each, levels_of(show))
    {
        if (!is(each, "has", "no"))
            continue;
        may_grant(page, show, each, first);
        first = false;
    }
    view_page_fact(page, LABEL, "you", STYLE_PLAIN,
                   "this console grants nothing: y copies the statements for one of them");
    view_page_rule(page, "FIX");
    cJSON_ArrayForEach(each, levels_of(show))
    {
        if (!is(each, "has", "no"))
            continue;
        statement_add(page, base_json_str_or(each, "sql", ""), ++target);
        table = table || is(each, "level", "TABLE");
    }
    if (table)
        view_page_wrap(page, 2, STYLE_FAINT,
                       "not offered: SELECT on the schema (would include every future table)");
}

/* What else is known: an error that is about no level. */
static void error_add(struct view_page *page, const cJSON *show)
{
    const cJSON *error = base_json_get(show, "error");
    const char *code = base_json_str_or(error, "code", "");
    if (error == NULL || strncmp(code, "SRC_PERM_", 9) == 0)
        return;
    view_page_fact(page, LABEL, "cause", STYLE_BAD, "%s: %s", code,
                   base_json_str_or(error, "message", ""));
    view_page_fact(page, LABEL, "fix", STYLE_PLAIN, "%s", base_json_str_or(error, "hint", ""));
}

void view_verdict(struct view_page *page, const cJSON *show, int64_t now_us)
{
    const cJSON *access = base_json_get(show, "access");
    char word[64];
    bool readable = is(access, "verdict", "readable"),
         denied = is(access, "verdict", "not_readable");
    view_page_line(page,
                   readable ? STYLE_GOOD
                   : denied ? STYLE_BAD
                            : STYLE_WARN,
                   "%s", view_verdict_word(show, word));
    if (readable && base_json_bool_or(access, "missing", false))
        view_page_add(page, STYLE_PLAIN, ", though the list of grants does not say why");
    view_page_blank(page);
    levels_add(page, levels_of(show));
    view_page_blank(page);
    tried_add(page, show, now_us);
    policy_add(page, show);
    scope_add(page, show);
    error_add(page, show);
    if (base_json_i64_or(access, "missing", 0) > 0)
        fix_add(page, show);
}

char *view_verdict_sql(const cJSON *show)
{
    struct buf sql;
    const cJSON *each;
    base_buf_init(&sql, 1 << 20);
    (void)base_buf_text(&sql, "");
    cJSON_ArrayForEach(each, levels_of(show))
    {
        if (is(each, "has", "no") && base_json_str(each, "sql"))
            (void)base_buf_printf(&sql, "%s\n", base_json_str(each, "sql"));
    }
    return base_buf_take(&sql, NULL);
}

const char *view_verdict_why(const cJSON *show, int level, char *out, size_t size)
{
    const cJSON *levels = levels_of(show), *at = cJSON_GetArrayItem(levels, level - 1);
    if (level > 3) {
        snprintf(out, size, "y copies all statements, in the order in which they help");
        return out;
    }
    const char *needs = base_json_str_or(at, "needs", "");
    bool no = is(at, "has", "no"), later = false;
    bool only = base_json_i64_or(base_json_get(show, "access"), "missing", 0) == 1;
    for (int i = level; i < cJSON_GetArraySize(levels); i++)
        later = later || is(cJSON_GetArrayItem(levels, i), "has", "no");
    out[0] = '\0';
    if (at == NULL)
        return out;
    char *text = NULL;
    if (no && later)
        text = base_printf("%s comes first: without it the statements below would not help", needs);
    else if (no && only && !is(at, "level", "TABLE"))
        text = base_printf("%s is all that is missing: the other levels are there", needs);
    else if (no && is(at, "level", "TABLE"))
        text = base_printf("%s on this table alone is enough, once the levels above it are there",
                           needs);
    else if (no)
        text = base_printf("%s lets the principal in, and shows it no rows", needs);
    else if (is(at, "has", "yes")) {
        char *through = how(at);
        text = base_printf("the principal has %s: %s", needs, through);
        free(through);
    } else
        text = base_printf("nobody has said whether the principal has %s: c tries to read", needs);
    base_text_clean_into(out, size, text);
    free(text);
    return out;
}
