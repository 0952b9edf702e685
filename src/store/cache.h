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
/* Changes whenever what the lists return may have changed; for paging (`epoch` of tree.rows). */
int64_t store_cache_epoch(const struct store_cache *cache);

/* One securable. key: how the caller addresses it ("c:shop", "s:shop.aampe",
 * "t:shop.aampe.events"), unique; parent: key of what it is in ("" = top). json: the caller's own
 * form. Copied. */
struct store_cached {
    char *key, *parent, *kind, *name, *json;
    int64_t fetched_us;
};
void store_cached_free(struct store_cached *rows, size_t count);
void store_cached_clear(struct store_cached *row); /* what store_cache_get filled */

/* Replaces the children of parent of one kind (NULL: any kind) by rows, in one transaction; what is
 * gone goes with everything under it. Rows' parent and fetched_us are set here; `complete_us` is
 * remembered for store_cache_age. */
int store_cache_replace(struct store_cache *cache, const char *parent, const char *kind,
                        const struct store_cached *rows, size_t count, struct err *err) must_check;
/* One row put or replaced (details of one table). */
int store_cache_put(struct store_cache *cache, const struct store_cached *row,
                    struct err *err) must_check;
/* false: absent. */
bool store_cache_get(struct store_cache *cache, const char *key, struct store_cached *out);
/* When the children of parent were last listed wholly, 0 = never. */
int64_t store_cache_age(struct store_cache *cache, const char *parent);

enum store_cache_order { CACHE_BY_NAME, CACHE_BY_NAME_DESC, CACHE_BY_AGE };
/* Children of parent whose name contains filter (ASCII case ignored; NULL or "": all). limit <=
 * 500. */
int store_cache_list(struct store_cache *cache, const char *parent, const char *filter,
                     enum store_cache_order order, int64_t offset, int limit,
                     struct store_cached **out, size_t *count, int64_t *total,
                     struct err *err) must_check;
/* Rows anywhere whose key contains the pattern (ASCII case ignored), of one kind (NULL: any), by
 * key. */
int store_cache_search(struct store_cache *cache, const char *pattern, const char *kind,
                       int64_t offset, int limit, struct store_cached **out, size_t *count,
                       int64_t *total, struct err *err) must_check;
int store_cache_clear(struct store_cache *cache, struct err *err) must_check;

#endif
