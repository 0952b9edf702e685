/* What is known of the workspace: a walk over catalogs, schemas and tables, kept in cache.db, and
 * rows of the tree from there. The tree is answered from the cache alone; it never waits for the
 * network. Main loop only. */
#ifndef AAMPE_CATALOG_CATALOG_H
#define AAMPE_CATALOG_CATALOG_H

#include "base/err.h"
#include "base/seam.h"
#include "databricks/client.h"
#include "store/cache.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct catalog;

/* All borrowed; free it before them. */
struct catalog *catalog_new(struct databricks *db, struct store_cache *cache,
                            struct base_seam *seam);
/* Cancels a refresh; its done is not called. */
void catalog_free(struct catalog **catalog);

/* How a refresh went. */
struct catalog_tally {
    int64_t catalogs, schemas, tables, errors;
};
/* Reads the whole workspace as `identity`, also what may only be browsed, a few containers at once.
 * A container that cannot be listed keeps its error with its row and its old children; only a
 * failure to list the catalogs, or the last write to the cache, is an error of the refresh. done
 * runs once, never from inside; every call during a refresh waits for the same one. */
void catalog_refresh(struct catalog *catalog, enum databricks_identity identity,
                     void (*done)(void *user, const struct catalog_tally *tally,
                                  const struct err *err),
                     void *user);
bool catalog_refreshing(const struct catalog *catalog);

/* Keys of containers: "" (the metastore), "c:shop", "s:shop.aampe"; tables "t:shop.aampe.events".
 */
struct catalog_query {
    const char *parent; /* a key; "" = the catalogs */
    const char *filter; /* part of a name, or NULL */
    int order;          /* enum store_cache_order */
    int64_t offset;
    int limit; /* <= 500 */
};
/* {"epoch","total","fetched","rows":[{"key","kind","name","full_name","type","owner","comment","browse_only","updated",
 * "error"}]}; a page may hold fewer rows than limit before the end; fetched is absent when the
 * children of parent were never listed. The caller's; NULL with err. */
cJSON *catalog_rows(struct store_cache *cache, const struct catalog_query *query, struct err *err);

#endif
