#include "sandbox/data.h"
#include "sandbox/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_worlds_load(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct base_seam *seam = base_seam_new();
    struct sandbox_workspace *workspace = sandbox_workspace_new(seam);
    assert_int_equal(sandbox_world_load(workspace, "bench", 1000, "sp", NULL, &err), 0);
    sandbox_world_unload(workspace);
    sandbox_workspace_free(&workspace);
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_worlds_load)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
