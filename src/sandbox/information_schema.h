/* information_schema of a catalog, and system.information_schema, which spans them all: views over
 * what the workspace knows, row by row only what the caller may interact with (databricks-api.md
 * 9.3; docs "Information schema"). Private to the room. The workspace's lock is held. */
#ifndef AAMPE_SANDBOX_INFORMATION_SCHEMA_H
#define AAMPE_SANDBOX_INFORMATION_SCHEMA_H

#include "sandbox/resolve.h"

/* Is the source's name [catalog.]information_schema.view? 1: its columns and rows are filled in
 * (the rows belong to the context), 0: no, -1: there is no such view or it may not be read; the
 * error is filled. */
int sql_information_source(struct sql_context *context, struct sql_source *source);
/* Every catalog of the workspace gets the schema, as listings of the service have it: its views,
 * all owned by "System user". Once, when all catalogs are there. */
void sandbox_information_add(struct sandbox_workspace *workspace);

/* Is it shown in listings to the caller: may he use it, browse it, or does he own it? */
bool sql_listed(struct sql_context *context, const struct sandbox_securable *object);

#endif
