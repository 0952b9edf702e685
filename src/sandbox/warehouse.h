/* Warehouses as statements see them. Private to the room. */
#ifndef AAMPE_SANDBOX_WAREHOUSE_H
#define AAMPE_SANDBOX_WAREHOUSE_H

#include "sandbox/server.h"

/* The warehouse, when the caller may use it; NULL after answering 400, 403 or 404. Called with the
 * workspace locked. */
struct sandbox_warehouse *sandbox_warehouse_usable(struct sandbox_exchange *exchange,
                                                   const char *id);
/* Sets a stopped one going; it runs after its delay, by the sandbox clock. Called locked. */
void sandbox_warehouse_go(struct sandbox_workspace *workspace, struct sandbox_warehouse *warehouse);

#endif
