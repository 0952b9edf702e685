/* Lines of the workspace's audit log, kept in cache.db: disposable, read again when it is gone. */
#ifndef AAMPE_STORE_AUDIT_H
#define AAMPE_STORE_AUDIT_H

#include "store/cache.h"

/* json: the caller's own form. */
struct store_audit {
    char *id; /* the service's event id */
    char *address;
    char *json;
    int64_t time_us;
};
void store_audits_free(struct store_audit *rows, size_t count);
/* Those that are known already stay as they are; what is older than 30 days goes. who: as whom it
 * was done. */
int store_audit_put(struct store_cache *cache, const char *who, const struct store_audit *rows,
                    size_t count, struct err *err) must_check;
/* Newest first, since_us < time <= until_us. */
int store_audit_list(struct store_cache *cache, const char *who, int64_t since_us, int64_t until_us,
                     int limit, struct store_audit **out, size_t *count,
                     struct err *err) must_check;
/* When the address (NULL: any) was first seen, 0 = never. */
int64_t store_audit_first(struct store_cache *cache, const char *who, const char *address);

#endif
