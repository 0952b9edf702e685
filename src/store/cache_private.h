/* Private to store: what else lives in cache.db. */
#ifndef AAMPE_STORE_CACHE_PRIVATE_H
#define AAMPE_STORE_CACHE_PRIVATE_H

#include "store/cache.h"

#include <sqlite3.h>

sqlite3 *store_cache_db(struct store_cache *cache);

#endif
