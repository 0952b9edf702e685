/* Private to the engine: a glance at one table as the principal, by the free metadata API: can it
 * read it, and what is missing. One request for a table that can be read, three for another; a few
 * at a time. What is found is kept with the table's row in the cache. */
#ifndef AAMPE_ENGINE_GLANCE_H
#define AAMPE_ENGINE_GLANCE_H

#include "access/verdict.h"
#include "engine/engine.h"

struct engine_glance {
    const char *full_name;
    struct err err;     /* why the table cannot be read or is not there; ERR_OK */
    struct err refused; /* columns of it that cannot be synced */
    bool known;         /* it is there, whether it may be read or not */
    bool readable;
    bool missing[ACCESS_LEVELS];
};

struct engine_glances;
struct engine_glances *engine_glances_new(struct engine *engine);
/* Stops; no done runs any more. */
void engine_glances_free(struct engine_glances **glances);
/* done runs once, never from inside; the result is borrowed. Before those of engine_glance_soon. */
void engine_glance(struct engine *engine, const char *full_name,
                   void (*done)(void *user, const struct engine_glance *result), void *user);
/* Somebody is shown this row: when too little is known of it, it is glanced at in its turn, and
 * "catalog.changed" says so. A new page takes the place of the old one. */
void engine_glance_page(struct engine *engine);
void engine_glance_soon(struct engine *engine, const struct store_cached *row);

/* Who owns the catalog, the schema or the table of this name, as the cache knows; NULL: not known.
 * The caller's. */
char *engine_level_owner(struct engine *engine, const char *full_name, enum model_grant level);

#endif
