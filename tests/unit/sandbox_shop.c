#include "sandbox_shop.h"

#include "base/alloc.h"

#include <stdlib.h>

int shop_open(struct shop *shop, const char *world, int64_t rows)
{
    struct err err = ERR_INIT;
    shop->seam = base_seam_new();
    shop->workspace = sandbox_workspace_new(shop->seam);
    sandbox_workspace_principal(shop->workspace, SANDBOX_SERVICE_PRINCIPAL, "sp", "sp");
    return sandbox_world_load(shop->workspace, world, rows, "sp", NULL, &err);
}

void shop_close(struct shop *shop)
{
    sandbox_world_unload(shop->workspace);
    sandbox_workspace_free(&shop->workspace);
    base_seam_free(&shop->seam);
}

int shop_setup(void **state)
{
    struct shop *shop = base_alloc_zero(1, sizeof *shop);
    *state = shop;
    return shop_open(shop, "shop", 60000);
}

int shop_teardown(void **state)
{
    shop_close(*state);
    free(*state);
    return 0;
}

struct sandbox_query_request shop_request(struct shop *shop, const char *sql)
{
    return (struct sandbox_query_request){.workspace = shop->workspace,
                                          .principal = "sp",
                                          .statement = sql,
                                          .catalog = "shop",
                                          .schema = "aampe"};
}
