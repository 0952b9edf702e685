/* A sandbox world in memory, for the tests of the SQL front end and of the Arrow stream. */
#ifndef SANDBOX_SHOP_H
#define SANDBOX_SHOP_H

#include "sandbox/data.h"
#include "sandbox/query.h"

struct shop {
    struct base_seam *seam;
    struct sandbox_workspace *workspace;
};

/* Loads `world` with its main table of `rows` rows (0: the world's own size) for the principal
 * "sp"; -1 when it cannot. */
int shop_open(struct shop *shop, const char *world, int64_t rows);
void shop_close(struct shop *shop);

/* cmocka's setup and teardown: *state is a struct shop with 60,000 events. */
int shop_setup(void **state);
int shop_teardown(void **state);

/* A request of "sp" in shop.aampe; `sql` is borrowed. */
struct sandbox_query_request shop_request(struct shop *shop, const char *sql);

#endif
