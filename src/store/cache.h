/* cache.db: what is known of the workspace and may be thrown away: a file that cannot be opened or
 * is of another version is deleted and made anew. Synchronous, main loop only. */
#ifndef AAMPE_STORE_CACHE_H
#define AAMPE_STORE_CACHE_H

#include "base/err.h"
#include "base/seam.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_cache;

/* path NULL: in memory. */
struct store_cache *store_cache_open(const char *path, struct base_seam *seam, struct err *err);
void store_cache_free(struct store_cache **cache);
/* Changes whenever rows came or went anywhere; for paging over a search. */
int64_t store_cache_epoch(const struct store_cache *cache);
/* The same of the children of one row ("" = top); for paging (`epoch` of tree.rows). A row that is
 * only read again changes nothing. */
int64_t store_cache_epoch_of(const struct store_cache *cache, const char *parent);

/* Flags of the caller; those of CACHE_FLAGS_LOOK were learnt by a look at the row itself, of which
 * those of CACHE_FLAGS_DETAIL survive the next listing. */
#define CACHE_FLAGS_LOOK 0xff00
#define CACHE_FLAGS_DETAIL 0x3f00

/* One securable. key: how the caller addresses it ("c:shop", "s:shop.aampe",
 * "t:shop.aampe.events"), unique; parent: key of what it is in ("" = top). json: the caller's own
 * form. detail: what a look at it found, NULL when there was none. Copied. */
struct store_cached {
    char *key, *parent, *kind, *name, *json;
    int64_t fetched_us;
    int64_t flags;
    char *detail;
    int64_t detail_us;
};
void store_cached_free(struct store_cached *rows, size_t count);
void store_cached_clear(struct store_cached *row); /* what store_cache_get filled */

/* A listing comes in pages, each one transaction: every page puts its rows under the number of the
 * walk, and the end takes away what the walk has not seen, with everything under it. Rows' parent
 * and fetched_us are set here. */
int64_t store_cache_walk(struct store_cache *cache); /* a number for a walk, never used before */
int store_cache_page(struct store_cache *cache, const char *parent, int64_t walk,
                     const struct store_cached *rows, size_t count, struct err *err) must_check;
int store_cache_listed(struct store_cache *cache, const char *parent, int64_t walk,
                       struct err *err) must_check;
/* Both at once: rows are the children of parent from now on. */
int store_cache_replace(struct store_cache *cache, const char *parent,
                        const struct store_cached *rows, size_t count, struct err *err) must_check;
/* One row put or replaced, except for its detail. */
int store_cache_put(struct store_cache *cache, const struct store_cached *row,
                    struct err *err) must_check;
/* What a look at a row found; flags: those of CACHE_FLAGS_LOOK. A row that has gone is fine. */
int store_cache_detail(struct store_cache *cache, const char *key, const char *detail,
                       int64_t flags, struct err *err) must_check;
/* false: absent. */
bool store_cache_get(struct store_cache *cache, const char *key, struct store_cached *out);
/* When the children of parent were last listed wholly, 0 = never. */
int64_t store_cache_age(struct store_cache *cache, const char *parent);
/* Small numbers of the caller; 0 = absent. */
int64_t store_cache_number(struct store_cache *cache, const char *name);
int store_cache_number_put(struct store_cache *cache, const char *name, int64_t value,
                           struct err *err) must_check;
/* Every row of a kind (parent NULL: anywhere), ordered by parent, then name. The row's texts are
 * borrowed; json and detail are NULL. */
int store_cache_each(struct store_cache *cache, const char *kind, const char *parent,
                     void (*each)(void *user, const struct store_cached *row), void *user,
                     struct err *err) must_check;

enum store_cache_order { CACHE_BY_NAME, CACHE_BY_NAME_DESC, CACHE_BY_AGE };
/* Children of parent whose name contains filter (ASCII case ignored; NULL or "": all). limit <=
 * 500. */
int store_cache_list(struct store_cache *cache, const char *parent, const char *filter,
                     enum store_cache_order order, int64_t offset, int limit,
                     struct store_cached **out, size_t *count, int64_t *total,
                     struct err *err) must_check;
int store_cache_clear(struct store_cache *cache, struct err *err) must_check;

#endif
