/* Private to the engine: the tree and its ticks. */
#ifndef AAMPE_ENGINE_TREE_H
#define AAMPE_ENGINE_TREE_H

#include "access/badge.h"
#include "engine/engine.h"

/* For the rows of one answer; engine_dress is the dress of a catalog_query, the dresser its user.
 */
struct engine_dresser;
struct engine_dresser *engine_dresser_new(struct engine *engine);
void engine_dresser_free(struct engine_dresser **dresser);
void engine_dress(void *dresser, const struct store_cached *row, cJSON *json);

/* The facts of a table from the flags of the three levels; names and owners are the caller's. */
void engine_table_facts(int64_t catalog, int64_t schema, int64_t table, bool ticked,
                        struct access_badge_facts *facts);

/* Which tables a search means besides its pattern: {"access","ticked"}. */
struct engine_tree_filter {
    struct engine *engine;
    const char *access; /* a word, NULL: any */
    int ticked;         /* -1: either */
};
int engine_tree_filter_read(struct engine *engine, const cJSON *params,
                            struct engine_tree_filter *out, struct err *err) must_check;
bool engine_tree_accept(void *filter, const struct catalog_found *found);

/* patch.c: what makes `after` of `before`, as `patch -p1` and git take it; "" when they are the
 * same. name: of the file; only its last part is used. malloc'd. */
char *engine_patch(const char *name, const char *before, const char *after);

/* Who calls: the login name of the uid. */
struct engine_author {
    char name[64];
    int64_t uid;
};
void engine_author(const struct ipc_call *call, struct engine_author *out);
/* verbs_draft.c: the share of the profile may be another one: the draft follows, consoles are told.
 */
void engine_share_changed(struct engine *engine);
void engine_draft_changed(struct engine *engine);
/* -1 with the error that a table of an information_schema cannot be shared. */
int engine_built_in_refuse(const char *full_name, struct err *err);

/* verbs_tree.c: the walk over the workspace, by itself when it is due. */
void engine_catalog_open(struct engine *engine);
void engine_catalog_tick(struct engine *engine);
/* "catalog.changed" outside of a walk. */
void engine_catalog_tell(struct engine *engine);
/* legacy.c: asks a running warehouse for catalogs outside of Unity Catalog. */
void engine_legacy_look(struct engine *engine);

#endif
