#include "sandbox/identity.h"

#include "sandbox/warehouse_state.h"

#include "base/text.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned bit;
} entitlements[] = {
    {"workspace-access", SANDBOX_WORKSPACE_ACCESS},
    {"databricks-sql-access", SANDBOX_SQL_ACCESS},
    {"allow-cluster-create", SANDBOX_CLUSTER_CREATE},
    {"allow-instance-pool-create", SANDBOX_POOL_CREATE},
    {"workspace-consume", SANDBOX_CONSUME},
};

void sandbox_entitlements_json(unsigned held, cJSON *json)
{
    cJSON *array;

    if (!held)
        return;
    array = base_json_add_array(json, "entitlements");
    for (size_t i = 0; i < base_countof(entitlements); i++) {
        cJSON *item;

        if (!(held & entitlements[i].bit))
            continue;
        item = base_json_object();
        base_json_add_str(item, "value", entitlements[i].name);
        base_json_push_take(array, item);
    }
}

unsigned sandbox_entitlement_named(const char *name)
{
    for (size_t i = 0; i < base_countof(entitlements); i++) {
        if (strcmp(entitlements[i].name, name) == 0)
            return entitlements[i].bit;
    }
    return 0;
}

bool sandbox_identity_system_group(const struct sandbox_principal *principal)
{
    return principal->kind == SANDBOX_GROUP &&
           (strcmp(principal->name, "admins") == 0 || strcmp(principal->name, "users") == 0);
}

bool sandbox_identity_active_set(struct sandbox_principal *principal, bool active)
{
    bool was = principal->active;

    principal->active = active;
    return was;
}

unsigned sandbox_identity_entitlements_set(struct sandbox_principal *principal, unsigned held)
{
    unsigned was = principal->entitlements;

    principal->entitlements = held;
    return was;
}

bool sandbox_identity_assigned_set(struct sandbox_principal *principal, bool assigned)
{
    bool was = principal->assigned;

    principal->assigned = assigned;
    return was;
}

static void name_replace(char **slot, const char *from, const char *to)
{
    if (!*slot || !base_text_equal_nocase(*slot, from))
        return;
    free(*slot);
    *slot = base_strdup(to);
}

static void renamed_in_securable(struct sandbox_securable *securable, const char *from,
                                 const char *to)
{
    name_replace(&securable->owner, from, to);
    for (size_t i = 0; i < securable->grants.count; i++)
        name_replace(&securable->grants.items[i].principal, from, to);
    for (size_t i = 0; i < securable->children.count; i++)
        renamed_in_securable(securable->children.items[i], from, to);
}

void sandbox_identity_rename(struct sandbox_workspace *workspace,
                             struct sandbox_principal *principal, const char *name)
{
    char *from = base_strdup(principal->name);
    struct sandbox_principal *other;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_principal_rename(workspace, principal, name);
    for (size_t i = 0; (other = sandbox_workspace_principal_at(workspace, i)); i++) {
        for (size_t k = 0; k < other->members.count; k++)
            name_replace(&other->members.items[k], from, name);
        for (size_t k = 0; k < other->managers.count; k++)
            name_replace(&other->managers.items[k], from, name);
    }
    for (size_t i = 0; (warehouse = sandbox_warehouses_any(workspace, i)); i++) {
        for (size_t k = 0; k < warehouse->access.count; k++)
            name_replace(&warehouse->access.items[k].principal, from, name);
    }
    renamed_in_securable(sandbox_workspace_metastore(workspace), from, name);
    free(from);
}

/* Out of one group, or of all. */
static void members_remove(struct sandbox_workspace *workspace, const char *only, const char *name)
{
    struct sandbox_principal *group;

    for (size_t i = 0; (group = sandbox_workspace_principal_at(workspace, i)); i++) {
        for (size_t k = group->members.count; k-- > 0;) {
            if ((only && strcmp(group->name, only) != 0) ||
                !base_text_equal_nocase(group->members.items[k], name))
                continue;
            free(group->members.items[k]);
            group->members.items[k] = group->members.items[--group->members.count];
        }
    }
}

void sandbox_identity_unassign(struct sandbox_workspace *workspace,
                               struct sandbox_principal *principal)
{
    sandbox_identity_assigned_set(principal, false);
    principal->workspace_admin = false;
    members_remove(workspace, "admins", principal->name);
}

void sandbox_identity_remove(struct sandbox_workspace *workspace,
                             struct sandbox_principal *principal)
{
    struct sandbox_warehouse *warehouse;

    sandbox_identity_unassign(workspace, principal);
    members_remove(workspace, NULL, principal->name);
    for (size_t i = 0; (warehouse = sandbox_warehouses_any(workspace, i)); i++)
        free(sandbox_warehouse_access_set(warehouse, principal->name, NULL));
    sandbox_workspace_principal_remove(workspace, principal);
}
