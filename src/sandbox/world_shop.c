#include "sandbox/shop.h"

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    static const struct sandbox_table_def *const aampe[] = {&shop_users, &shop_events, &shop_products,
                                                            NULL};
    static const struct sandbox_table_def *const types[] = {&sandbox_table_all_types,
                                                            &sandbox_table_flat_types, NULL};
    sandbox_shop_prepare(world);
    struct sandbox_securable *shop =
        sandbox_world_catalog(workspace, "shop", "data-owners", "The shop's lakehouse");
    sandbox_world_schema(world, workspace, shop, "aampe", "data-owners", "What Aampe may read", aampe);
    sandbox_world_schema(world, workspace, shop, "types", "data-owners", NULL, types);
    sandbox_workspace_grant(workspace, shop, principal, "USE_CATALOG");
    sandbox_workspace_grant(workspace, shop, principal, "USE_SCHEMA");
    sandbox_workspace_grant(workspace, shop, principal, "SELECT");
    return 0;
}

const struct sandbox_world_def sandbox_world_shop = {"shop", load};
