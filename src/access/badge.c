#include "access/badge.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {
    [BADGE_UNKNOWN] = "unknown",       [BADGE_OK] = "ok",
    [BADGE_NO_CATALOG] = "no_catalog", [BADGE_NO_SCHEMA] = "no_schema",
    [BADGE_NO_SELECT] = "no_select",   [BADGE_HIDDEN] = "hidden",
    [BADGE_EXTRA] = "extra",           [BADGE_FILTERED] = "filtered",
    [BADGE_NOT_UC] = "not_uc",         [BADGE_BUILT_IN] = "built_in",
};

const char *access_badge_word(enum access_badge code)
{
    return words[code];
}

enum access_badge access_badge_by_word(const char *word)
{
    for (size_t i = 0; i < base_countof(words); i++)
        if (word && strcmp(words[i], word) == 0)
            return (enum access_badge)i;
    return BADGE_UNKNOWN;
}

struct text {
    char *out;
    size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *fmt, ...)
{
    va_list args;
    if (text->len + 1 >= text->size)
        return;
    va_start(args, fmt);
    int n = vsnprintf(text->out + text->len, text->size - text->len, fmt, args);
    va_end(args);
    if (n > 0)
        text->len += (size_t)n < text->size - text->len ? (size_t)n : text->size - text->len - 1;
}

static const char *named(const char *name)
{
    return name && name[0] ? name : "?";
}

/* "a", "a and b", "a, b and c", each once. */
static void owners_add(struct text *text, const char *const owners[], size_t count)
{
    const char *once[3];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool have = owners[i] == NULL || owners[i][0] == '\0';
        for (size_t k = 0; k < n && !have; k++)
            have = strcmp(once[k], owners[i]) == 0;
        if (!have)
            once[n++] = owners[i];
    }
    for (size_t i = 0; i < n; i++)
        add(text, "%s%s", i == 0 ? "" : i + 1 == n ? " and " : ", ", once[i]);
    if (n == 0)
        add(text, "its owner");
}

/* Every level that is missing, in the order in which they are granted, and who can. */
static void missing_why(const struct access_badge_facts *facts, struct text *text)
{
    const struct {
        enum access_has has;
        const char *privilege, *name, *owner;
    } levels[] = {
        {facts->catalog, "USE CATALOG", facts->catalog_name, facts->catalog_owner},
        {facts->schema, "USE SCHEMA", facts->schema_name, facts->schema_owner},
        {facts->table, "SELECT", facts->table_name, facts->table_owner},
    };
    const char *owners[3];
    size_t count = 0;
    add(text, "lacks ");
    for (size_t i = 0; i <= (size_t)facts->kind; i++) {
        if (levels[i].has != ACCESS_NO)
            continue;
        if (count == 0)
            add(text, "%s on %s", levels[i].privilege, named(levels[i].name));
        else
            add(text, ", then %s", levels[i].privilege);
        owners[count++] = levels[i].owner;
    }
    add(text, "; ");
    owners_add(text, owners, count);
    add(text, " can grant %s", count == 1 ? "it" : count == 2 ? "both" : "them");
}

static enum access_badge missing_code(const struct access_badge_facts *facts)
{
    if (facts->catalog == ACCESS_NO)
        return BADGE_NO_CATALOG;
    if (facts->kind >= BADGE_OF_SCHEMA && facts->schema == ACCESS_NO)
        return BADGE_NO_SCHEMA;
    if (facts->kind >= BADGE_OF_TABLE && facts->table == ACCESS_NO)
        return BADGE_NO_SELECT;
    return BADGE_OK;
}

static enum access_badge readable_verdict(const struct access_badge_facts *facts, struct text *text)
{
    if (facts->kind != BADGE_OF_TABLE)
        return facts->catalog == ACCESS_UNKNOWN ? BADGE_UNKNOWN : BADGE_OK;
    if (facts->table == ACCESS_UNKNOWN)
        return BADGE_UNKNOWN;
    if (facts->row_filter || facts->masked) {
        add(text, "has %s%s%s: Aampe reads only what %s", facts->row_filter ? "a row filter" : "",
            facts->row_filter && facts->masked ? " and " : "",
            facts->masked ? "masked columns" : "", facts->masked ? "they leave" : "it leaves");
        return BADGE_FILTERED;
    }
    if (!facts->ticked) {
        add(text, "readable, not in the share: tick it, or ");
        owners_add(text, &facts->table_owner, 1);
        add(text, " can revoke SELECT");
        return BADGE_EXTRA;
    }
    return BADGE_OK;
}

enum access_badge access_badge_make(const struct access_badge_facts *facts, char *why, size_t size)
{
    struct text text = {why, size, 0};
    if (size)
        why[0] = '\0';
    if (facts->not_uc) {
        add(&text, "not in Unity Catalog, where grants do not reach; upgrade or copy it first");
        return BADGE_NOT_UC;
    }
    if (facts->built_in) {
        add(&text, facts->hidden
                       ? "the principal does not see it; who may use the catalog does"
                       : "every catalog has it, for all who may use the catalog; it is not shared");
        return BADGE_BUILT_IN;
    }
    if (facts->hidden || facts->tables_hidden) {
        add(&text, facts->hidden ? "the principal does not see it; "
                                 : "the principal sees none of its tables; ");
        owners_add(&text,
                   facts->kind == BADGE_OF_TABLE ? &facts->table_owner : &facts->schema_owner, 1);
        add(&text, " can grant what is missing");
        return BADGE_HIDDEN;
    }
    if (missing_code(facts) != BADGE_OK) {
        missing_why(facts, &text);
        return missing_code(facts);
    }
    return readable_verdict(facts, &text);
}
