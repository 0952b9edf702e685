/* Warehouses as statements see them. Private to the room. */
#ifndef AAMPE_SANDBOX_WAREHOUSE_H
#define AAMPE_SANDBOX_WAREHOUSE_H

#include "sandbox/server.h"

/* By its id, whoever asks; NULL after answering 400 or 404. Called locked. */
struct sandbox_warehouse *sandbox_warehouse_known(struct sandbox_exchange *exchange,
                                                  const char *id);
/* The warehouse, when the caller may use it; NULL after answering 400, 403 or 404. Called with the
 * workspace locked. */
struct sandbox_warehouse *sandbox_warehouse_usable(struct sandbox_exchange *exchange,
                                                   const char *id);
/* False after answering 403: SQL is closed to who has no databricks-sql-access. Called locked. */
bool sandbox_sql_entitled(struct sandbox_exchange *exchange);
/* Why its start failed, in the service's words; malloc'd. */
char *sandbox_warehouse_failure(const struct sandbox_warehouse *warehouse);
/* At once, whatever it did. Called locked. */
void sandbox_warehouse_stop(struct sandbox_warehouse *warehouse);
/* Sets a stopped one going; it runs after its delay, by the sandbox clock. Called locked. */
void sandbox_warehouse_go(struct sandbox_workspace *workspace, struct sandbox_warehouse *warehouse);

#endif
