/* What is known of the workspace: a walk over catalogs, schemas and tables, kept in cache.db, and
 * rows of the tree from there. The tree is answered from the cache alone; it never waits for the
 * network. Main loop only. */
#ifndef AAMPE_CATALOG_CATALOG_H
#define AAMPE_CATALOG_CATALOG_H

#include "base/err.h"
#include "base/seam.h"
#include "catalog/names.h"
#include "databricks/client.h"
#include "store/cache.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct catalog;

/* All borrowed; free it before them. */
struct catalog *catalog_new(struct databricks *db, struct store_cache *cache,
                            struct catalog_names *names, struct base_seam *seam);
/* Cancels a refresh; its done is not called. The next one goes on where it was. */
void catalog_free(struct catalog **catalog);

/* How a refresh goes. */
struct catalog_tally {
    int64_t catalogs, schemas, tables, errors;
    int64_t waiting; /* containers still to be listed, as far as they are known */
    bool resumed;    /* went on with a walk that an end of the engine had cut */
};
/* Told now and then during a refresh, at most twice a second. */
void catalog_listen(struct catalog *catalog,
                    void (*progress)(void *user, const struct catalog_tally *tally), void *user);
/* Reads the whole workspace as the principal, also what may only be browsed, and as the observer
 * where there is one, a few containers at once, one request a page. What was listed is kept at
 * once: after a kill the walk goes on where it stopped. A container that cannot be listed keeps its
 * error with its row and its old children; only a failure to list the catalogs, or the last write
 * to the cache, is an error of the refresh. done runs once, and from inside only when nothing was
 * left to list; every call during a refresh waits for the same one. */
void catalog_refresh(struct catalog *catalog,
                     void (*done)(void *user, const struct catalog_tally *tally,
                                  const struct err *err),
                     void *user);
/* Somebody looks into this container: during a refresh it is listed next. */
void catalog_first(struct catalog *catalog, const char *key);
/* When the last walk over everything ended, 0 = never. */
int64_t catalog_walked_us(struct store_cache *cache);
/* The next one is due, and begins anew. */
int catalog_forget_walk(struct store_cache *cache, struct err *err) must_check;
/* A walk was cut short, or the last one is older than that. */
bool catalog_due(struct store_cache *cache, int64_t now_us, int64_t age_us);
bool catalog_refreshing(const struct catalog *catalog);

/* Keys of containers: "" (the metastore), "c:shop", "s:shop.aampe"; tables "t:shop.aampe.events".
 */
struct catalog_query {
    const char *parent; /* a key; "" = the catalogs */
    const char *filter; /* part of a name, or NULL */
    int order;          /* enum store_cache_order */
    int64_t offset;
    int limit; /* <= 500 */
    /* What the caller adds to a row (ticks, access); may be NULL. */
    void (*dress)(void *user, const struct store_cached *row, cJSON *json);
    void *user;
};
/* {"epoch","total","offset","fetched","rows":[{"key","kind","name","full_name","type","owner","comment","browse_only",
 * "updated","error"}]}; a page may hold fewer rows than limit before the end; fetched is absent
 * when the children of parent were never listed. The caller's; NULL with err. */
cJSON *catalog_rows(struct store_cache *cache, const struct catalog_query *query, struct err *err);

struct catalog_search {
    const char *pattern; /* catalog_names_search */
    int64_t offset;
    int limit; /* <= 500 */
    /* Which of them; may be NULL. */
    bool (*accept)(void *user, const struct catalog_found *found);
    void (*dress)(void *user, const struct store_cached *row, cJSON *json);
    void *user;
};
/* Tables anywhere, in the order of their full names; rows also have "catalog" and "schema". */
cJSON *catalog_search(struct store_cache *cache, struct catalog_names *names,
                      const struct catalog_search *search, struct err *err);

#endif
