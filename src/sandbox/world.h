/* A world while it is loaded: sizes, T0, pick tables shared by the generators. Private to the data
 * side. */
#ifndef AAMPE_SANDBOX_WORLD_H
#define AAMPE_SANDBOX_WORLD_H

#include "sandbox/table.h"

#include <sqlite3.h>

/* Walker's alias table: weighted choice in constant time. */
struct sandbox_alias {
    uint32_t count;
    uint32_t *other;
    uint32_t *limit; /* of 2^32 */
};

struct sandbox_alias *sandbox_alias_new(const double *weights, size_t count);
void sandbox_alias_free(struct sandbox_alias **alias);
static inline uint32_t sandbox_alias_pick(const struct sandbox_alias *alias, uint64_t hash)
{
    uint32_t slot = (uint32_t)(((hash >> 32) * alias->count) >> 32);
    return (uint32_t)hash < alias->limit[slot] ? slot : alias->other[slot];
}

struct sandbox_world {
    char *name;
    int64_t rows;                   /* --rows; 0: the world's default */
    int64_t t0;                     /* microseconds */
    struct sandbox_alias *activity; /* shop: classes of users by how active they are */
    struct sandbox_alias *products; /* shop: popularity */
    struct sandbox_alias *days, *hours;
    struct shop_events *events; /* shop: template of event blocks */
    sqlite3 *state;             /* changes made, kept over restarts */
    size_t tables;
    void *extra; /* a world's own, freed with it */
};

/* What a world's source file offers. */
struct sandbox_world_def {
    const char *name;
    int (*load)(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal);
};
extern const struct sandbox_world_def sandbox_world_shop, sandbox_world_bench, sandbox_world_types,
    sandbox_world_hostile, sandbox_world_big;

struct sandbox_securable *sandbox_world_catalog(struct sandbox_workspace *workspace,
                                                const char *name, const char *owner,
                                                const char *comment);
void sandbox_world_schema(struct sandbox_world *world, struct sandbox_workspace *workspace,
                          struct sandbox_securable *catalog, const char *name, const char *owner,
                          const char *comment, const struct sandbox_table_def *const *tables);
/* Cells given as texts in column->extra, row after row; "\1" is NULL. */
SANDBOX_FILL(sandbox_fill_cells);

void sandbox_shop_prepare(struct sandbox_world *world);
void sandbox_shop_release(struct sandbox_world *world);
extern const struct sandbox_table_def sandbox_table_all_types, sandbox_table_flat_types;

#endif
