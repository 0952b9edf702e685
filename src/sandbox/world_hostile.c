#include "sandbox/world.h"
static int load(struct sandbox_world *world, struct sandbox_workspace *workspace, const char *principal)
{
    (void)world, (void)workspace, (void)principal;
    return 0;
}
const struct sandbox_world_def sandbox_world_hostile = {"hostile", load};
