/* What a row of the tree says about access, as a word and a sentence: pure, from what is known of
 * the three levels of many tables at once; a verdict on one table is in verdict.h. The principal is
 * looked at; who may grant is named. databricks-api.md 3.6. */
#ifndef AAMPE_ACCESS_BADGE_H
#define AAMPE_ACCESS_BADGE_H

#include "access/verdict.h"

#include <stdbool.h>
#include <stddef.h>

enum access_badge {
    BADGE_UNKNOWN,
    BADGE_OK,
    BADGE_NO_CATALOG,
    BADGE_NO_SCHEMA,
    BADGE_NO_SELECT,
    BADGE_HIDDEN,
    BADGE_EXTRA,
    BADGE_FILTERED,
    BADGE_NOT_UC,
    BADGE_BUILT_IN
};
/* "ok", "no_catalog", ...: as in tree.rows. */
const char *access_badge_word(enum access_badge code);
/* BADGE_UNKNOWN also for what is no word. */
enum access_badge access_badge_by_word(const char *word);

enum access_badge_kind { BADGE_OF_CATALOG, BADGE_OF_SCHEMA, BADGE_OF_TABLE };

/* Texts are borrowed and may be NULL. Levels below `kind` are not looked at. */
struct access_badge_facts {
    enum access_badge_kind kind;
    bool not_uc, hidden;
    bool built_in;      /* an information_schema, or in one */
    bool tables_hidden; /* a container the principal sees, but none of its tables */
    enum access_has catalog, schema, table; /* USE CATALOG, USE SCHEMA, SELECT */
    bool row_filter, masked;
    bool ticked;                                         /* once the draft is applied */
    const char *catalog_name, *schema_name, *table_name; /* full names */
    const char *catalog_owner, *schema_owner, *table_owner;
};
/* why: size bytes, one sentence without its full stop; "" where there is nothing to say. Names in
 * it are as given: not filtered yet. */
enum access_badge access_badge_make(const struct access_badge_facts *facts, char *why, size_t size);

#endif
