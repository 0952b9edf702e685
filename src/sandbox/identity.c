#include "sandbox/identity.h"

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
