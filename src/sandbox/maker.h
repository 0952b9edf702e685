/* Tables that are not stored but answered from a function, so that a workspace may have any number
 * of them: a listing makes each for the moment of its line, and only one that is asked for by name
 * is kept. All called with the workspace locked. */
#ifndef AAMPE_SANDBOX_MAKER_H
#define AAMPE_SANDBOX_MAKER_H

#include "sandbox/workspace.h"

struct sandbox_maker {
    size_t count; /* tables in each schema that has this maker */
    /* Fills name, owner, comment, types and times of a table of the schema; texts malloc'd. Columns
     * only when wanted. */
    void (*fill)(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                 size_t index, bool columns, struct sandbox_securable *out);
    /* Name only, as fill would write it; for finding. malloc'd. */
    char *(*name)(const struct sandbox_maker *maker, const struct sandbox_securable *schema,
                  size_t index);
    /* Its rows. */
    struct sandbox_table *(*data)(const struct sandbox_maker *maker,
                                  const struct sandbox_securable *table, size_t index);
    void *user;
};

size_t sandbox_child_count(const struct sandbox_securable *parent);
/* The child at a position: the stored one, or one made in *scratch, which the caller clears
 * afterwards whichever it was. */
const struct sandbox_securable *sandbox_child_at(struct sandbox_workspace *workspace,
                                                 const struct sandbox_securable *parent,
                                                 size_t index, bool columns,
                                                 struct sandbox_securable *scratch);
/* Makes and keeps the table of that name, with its rows; NULL: the makers know none. */
struct sandbox_securable *sandbox_child_keep(struct sandbox_workspace *workspace,
                                             const char *full_name);

#endif
