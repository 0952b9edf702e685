/* Views made in SQL: put in their place, and kept with the world's other changes, so that they are
 * there again after a restart. Private to the data side. Called with the workspace locked. */
#ifndef AAMPE_SANDBOX_VIEW_STATE_H
#define AAMPE_SANDBOX_VIEW_STATE_H

#include "sandbox/sqltype.h"
#include "sandbox/world.h"

/* Texts are borrowed. */
struct sandbox_view_made {
    const char *name, *owner, *comment;
    const char *definition; /* as it was written, for the catalog */
    const char *text;       /* what is read: the definition under the names of the columns */
    const char *const *columns;
    const struct sandbox_type *types;
    size_t column_count;
    int64_t now_ms;
};

/* Makes it in the schema, or over the view of that name: one that is there keeps its owner and its
 * grants, one that was dropped is another view. */
struct sandbox_securable *sandbox_view_put(struct sandbox_workspace *workspace,
                                           struct sandbox_world *world,
                                           struct sandbox_securable *schema,
                                           const struct sandbox_view_made *made);
/* Writes down what sandbox_view_put has made, and that it is not dropped. */
int sandbox_view_keep(struct sandbox_world *world, struct sandbox_securable *view, const char *text,
                      struct err *err) must_check;
/* Puts all that were written down back in their places. */
int sandbox_views_replay(struct sandbox_workspace *workspace, struct sandbox_world *world,
                         struct err *err) must_check;

#endif
