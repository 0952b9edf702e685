/* All names of tables in memory, in the order of the tree, with what is known of each in a few
 * bits: a search over 100 000 of them is one pass over a few megabytes, and what a container holds
 * is counted without a question per row. Read from the cache when first asked for, and again,
 * schema by schema, when told that one has changed. Main loop only. */
#ifndef AAMPE_CATALOG_NAMES_H
#define AAMPE_CATALOG_NAMES_H

#include "base/err.h"
#include "store/cache.h"

#include <stdbool.h>
#include <stdint.h>

/* Flags of rows of the cache. */
enum catalog_flag {
    CATALOG_BROWSE_ONLY = 1, /* seen, not usable: something is missing here or above */
    CATALOG_ROW_FILTER = 2,
    CATALOG_VIEW = 4,
    CATALOG_HIDDEN = 8, /* the principal does not see it, the observer does */
    CATALOG_NOT_UC = 16,
    CATALOG_FAILED = 32,   /* could not be listed */
    CATALOG_BUILT_IN = 64, /* an information_schema, or in one: seen, not counted, not ticked */
    /* learnt by a look at the table itself */
    CATALOG_LOOKED = 0x100,
    CATALOG_MASKED = 0x200,
    CATALOG_NO_SELECT = 0x400, /* also missing, below a missing USE CATALOG or USE SCHEMA */
    CATALOG_HAS_SELECT = 0x800,
    CATALOG_NO_SCHEMA = 0x1000, /* the same of USE SCHEMA below a missing USE CATALOG */
    CATALOG_HAS_SCHEMA = 0x2000,
    /* since the last listing, and against it */
    CATALOG_READABLE = 0x4000,
    CATALOG_LOST = 0x8000
};

struct catalog_names;
struct catalog_names *catalog_names_new(struct store_cache *cache); /* borrowed */
void catalog_names_free(struct catalog_names **names);
/* The children of this key have changed ("" or "c:...": schemas too). */
void catalog_names_changed(struct catalog_names *names, const char *key);

/* A look at one table has found flags of CACHE_FLAGS_LOOK. */
void catalog_names_flagged(struct catalog_names *names, const char *key, int64_t flags);

struct catalog_counts {
    int64_t schemas, tables;
    int64_t hidden;   /* of the tables */
    int64_t readable; /* of the tables: usable and not hidden */
};
/* Below a key: "" = everything, "c:shop", "s:shop.aampe". What is built in counts only below its
 * own schema. */
struct catalog_counts catalog_names_counts(struct catalog_names *names, const char *key);
/* Flags of a container, 0 when it is not known. */
int64_t catalog_names_flags(struct catalog_names *names, const char *key);

/* One table that was found. full_name: as the workspace writes it, borrowed. */
struct catalog_found {
    const char *full_name;
    int64_t flags;
    int64_t catalog_flags, schema_flags;
};
/* Tables whose full name has the pattern in it (or fits it whole, where it has * or ?; ASCII case
 * ignored; NULL or "": all), in the order of their full names. each returns false to stop. What is
 * built in is found only by a pattern with "information_schema" in it. */
void catalog_names_search(struct catalog_names *names, const char *pattern,
                          bool (*each)(void *user, const struct catalog_found *found), void *user);
/* The same for the tables below a key, with the pattern against the table's own name; nothing that
 * is built in. */
void catalog_names_below(struct catalog_names *names, const char *key, const char *pattern,
                         bool (*each)(void *user, const struct catalog_found *found), void *user);

#endif
