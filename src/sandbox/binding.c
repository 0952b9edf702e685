#include "sandbox/binding.h"

#include <string.h>

int64_t sandbox_binding_here(struct sandbox_workspace *workspace)
{
    return strtoll(sandbox_workspace_identity(workspace)->workspace_id, NULL, 10);
}

void sandbox_binding_add(struct sandbox_securable *catalog, int64_t workspace_id, bool read_only)
{
    sandbox_binding_remove(catalog, workspace_id);
    vec_push(&catalog->bindings, (struct sandbox_binding){workspace_id, read_only});
}

bool sandbox_binding_remove(struct sandbox_securable *catalog, int64_t workspace_id)
{
    for (size_t i = 0; i < catalog->bindings.count; i++) {
        if (catalog->bindings.items[i].workspace_id != workspace_id)
            continue;
        for (size_t k = i + 1; k < catalog->bindings.count; k++)
            catalog->bindings.items[k - 1] = catalog->bindings.items[k];
        catalog->bindings.count--;
        return true;
    }
    return false;
}

bool sandbox_binding_isolate(struct sandbox_workspace *workspace, struct sandbox_securable *catalog,
                             bool isolated)
{
    bool was = catalog->isolated;

    if (isolated && !was)
        sandbox_binding_add(catalog, sandbox_binding_here(workspace), false);
    catalog->isolated = isolated;
    return was;
}
