#include "sandbox/shop.h"

/* Who owns what, and what the principal may read: enough for the spec's tables; the rest is missing
 * a level, so that the ways to grant it can be walked. */
static void people(struct sandbox_workspace *workspace, const char *principal)
{
    static const char *const groups[] = {"data-owners",  "crm-team",    "platform-admin",
                                         "finance-team", "people-team", "aampe_reader"};
    const char *admin = sandbox_workspace_metastore(workspace)->owner;
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (!sandbox_workspace_find_principal(workspace, groups[i]))
            sandbox_workspace_principal(workspace, SANDBOX_GROUP, groups[i], groups[i]);
    sandbox_workspace_group_add(workspace, "aampe_reader", principal);
    if (admin)
        sandbox_workspace_group_add(workspace, "platform-admin", admin);
}

static void grant(struct sandbox_workspace *workspace, int kind, const char *name,
                  const char *principal, const char *privilege)
{
    struct sandbox_securable *securable = sandbox_workspace_find(workspace, kind, name);
    if (!securable)
        bug("the world has no \"%s\"", name);
    sandbox_workspace_grant(workspace, securable, principal, privilege);
}

static void grants(struct sandbox_workspace *workspace, const char *principal)
{
    static const char *const usable[] = {"shop.aampe", "shop.crm",   "shop.web",
                                         "shop.sales", "shop.types", "shop.marketing"};
    static const char *const readable[] = {"shop.aampe.users", "shop.aampe.events",
                                           "shop.aampe.products", "shop.aampe.v_active_users",
                                           "shop.crm.customers"};
    static const char *const schemas[] = {"shop.web", "shop.sales", "shop.types"};
    grant(workspace, 'C', "shop", "aampe_reader", "USE_CATALOG");
    for (size_t i = 0; i < sizeof usable / sizeof usable[0]; i++)
        grant(workspace, 'S', usable[i], principal, "USE_SCHEMA");
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++)
        grant(workspace, 'T', readable[i], principal, "SELECT");
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        grant(workspace, 'S', schemas[i], principal, "SELECT");
    grant(workspace, 'S', "shop.sales", "platform-admin", "MANAGE");
}

/* What was never moved to Unity Catalog: statements reach it, the REST API does not know it. */
static void legacy(struct sandbox_world *world, struct sandbox_workspace *workspace,
                   const char *principal)
{
    static const struct sandbox_table_def *const tables[] = {&shop_users_old, NULL};
    struct sandbox_securable *hive =
        sandbox_world_catalog(workspace, "hive_metastore", "platform-admin", NULL);
    hive->sql_only = true;
    sandbox_world_schema(world, workspace, hive, "legacy", "platform-admin", NULL, tables);
    sandbox_workspace_grant(workspace, hive, "users", "USE_CATALOG");
    grant(workspace, 'S', "hive_metastore.legacy", "users", "USE_SCHEMA");
    grant(workspace, 'T', "hive_metastore.legacy.users_old", principal, "SELECT");
}

static int load(struct sandbox_world *world, struct sandbox_workspace *workspace,
                const char *principal)
{
    static const struct sandbox_table_def *const aampe[] = {
        &shop_users, &shop_events, &shop_products, &shop_active_users, NULL};
    static const struct sandbox_table_def *const crm[] = {&shop_customers, &shop_customers_masked,
                                                          NULL};
    static const struct sandbox_table_def *const web[] = {&shop_clickstream,  &shop_app_events_raw,
                                                          &shop_stale_events, &shop_heartbeats,
                                                          &shop_empty_events, NULL};
    static const struct sandbox_table_def *const finance[] = {&shop_finance_orders, NULL};
    static const struct sandbox_table_def *const hr[] = {&shop_employees, NULL};
    static const struct sandbox_table_def *const loyalty[] = {&shop_members, &shop_members_history,
                                                              NULL};
    static const struct sandbox_table_def *const marketing[] = {&shop_campaign_sends,
                                                                &shop_campaigns, NULL};
    static const struct sandbox_table_def *const sales[] = {&shop_sales_orders, &shop_order_lines,
                                                            &shop_returns, NULL};
    static const struct sandbox_table_def *const types[] = {&sandbox_table_all_types,
                                                            &sandbox_table_flat_types, NULL};
    static const struct {
        const char *name, *owner, *comment;
        const struct sandbox_table_def *const *tables;
    } schemas[] = {
        {"aampe", "data-owners", "What Aampe may read", aampe},
        {"crm", "crm-team", "Customers", crm},
        {"finance", "finance-team", NULL, finance},
        {"hr", "people-team", NULL, hr},
        {"loyalty", "crm-team", "The loyalty programme", loyalty},
        {"marketing", "platform-admin", "Campaigns", marketing},
        {"sales", "data-owners", "Orders and what came of them", sales},
        {"types", "data-owners", "One table with every type", types},
        {"web", "data-owners", "Click-streams", web},
    };
    sandbox_shop_prepare(world);
    people(workspace, principal);
    struct sandbox_securable *shop =
        sandbox_world_catalog(workspace, "shop", "data-owners", "The shop's lakehouse");
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        sandbox_world_schema(world, workspace, shop, schemas[i].name, schemas[i].owner,
                             schemas[i].comment, schemas[i].tables);
    grants(workspace, principal);
    legacy(world, workspace, principal);
    return 0;
}

const struct sandbox_world_def sandbox_world_shop = {"shop", load};
