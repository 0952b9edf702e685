/* The layers of a check, without a workspace: what is said when the way ends early. */
#include "base/alloc.h"
#include "watch/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    struct base_seam *seam;
    struct net_loop *loop;
    int count;
    char names[16][40];
    enum watch_state states[16];
    char texts[16][200];
    struct err errs[16];
    bool done;
};

static void on_layer(void *user, const struct watch_layer *layer)
{
    struct seen *seen = user;
    assert_true(seen->count < 16);
    snprintf(seen->names[seen->count], 40, "%s", layer->name);
    snprintf(seen->texts[seen->count], 200, "%s", layer->text);
    seen->errs[seen->count] = layer->err;
    seen->states[seen->count++] = layer->state;
}

static void on_done(void *user)
{
    ((struct seen *)user)->done = true;
}

static void look(struct seen *seen, enum watch_kind kind, struct watch_target target)
{
    struct watch_listener listener = {on_layer, on_done, seen};
    *seen = (struct seen){.seam = base_seam_new()};
    seen->loop = net_loop_new(seen->seam);
    target.loop = seen->loop;
    target.seam = seen->seam;
    target.user_agent = "test";
    struct watch_check *check = watch_check_new(kind, &target, &listener);
    assert_int_equal(seen->count, 0);
    for (int i = 0; i < 100 && !seen->done; i++)
        net_loop_turn(seen->loop, 1000);
    assert_true(seen->done);
    watch_check_free(&check);
    for (int i = 0; i < 3; i++)
        net_loop_turn(seen->loop, 10);
    net_loop_free(&seen->loop);
    base_seam_free(&seen->seam);
}

static void rest(const struct seen *seen, int from)
{
    for (int i = from; i < seen->count; i++)
        assert_int_equal(seen->states[i], WATCH_NOT_REACHED);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *pasted, *text;
    } good[] = {
        {"https://127.0.0.1:1/sql/editor?o=70", "taken as 127.0.0.1:1"},
        {"  \"127.0.0.1:1/\" ", "taken as 127.0.0.1:1"},
        {"https://127.0.0.1:1", "127.0.0.1:1"},
    };
    struct seen seen;
    (void)state;
    for (size_t i = 0; i < base_countof(good); i++) {
        look(&seen, WATCH_WORKSPACE, (struct watch_target){.host = good[i].pasted});
        assert_int_equal(seen.count, 6);
        assert_int_equal(seen.states[0], WATCH_OK);
        assert_string_equal(seen.texts[0], good[i].text);
        assert_int_equal(seen.states[1], WATCH_OK);
        assert_int_equal(seen.states[2], WATCH_FAIL); /* nothing listens on port 1 */
        assert_int_equal(seen.errs[2].code, ERR_NET_CONNECT);
        rest(&seen, 3);
    }
    look(&seen, WATCH_WORKSPACE, (struct watch_target){.host = "ftp://x"});
    assert_int_equal(seen.states[0], WATCH_FAIL);
    assert_int_equal(seen.errs[0].code, ERR_SRC_HOST_WRONG);
    rest(&seen, 1);
    look(&seen, WATCH_WORKSPACE,
         (struct watch_target){.host = "https://accounts.cloud.databricks.com"});
    assert_int_equal(seen.errs[0].code, ERR_SRC_TOKEN_ENDPOINT_WRONG);
    rest(&seen, 1);
    look(&seen, WATCH_WORKSPACE, (struct watch_target){.host = NULL});
    assert_int_equal(seen.states[0], WATCH_MISSING);
    rest(&seen, 1);
}

static void test_unknown_name(void **state)
{
    struct seen seen;
    (void)state;
    look(&seen, WATCH_WORKSPACE, (struct watch_target){.host = "https://no-such-name.invalid"});
    assert_int_equal(seen.states[1], WATCH_FAIL);
    assert_int_equal(seen.errs[1].code, ERR_NET_DNS);
    rest(&seen, 2);
}

static void test_application(void **state)
{
    struct seen seen;
    (void)state;
    look(&seen, WATCH_PRINCIPAL,
         (struct watch_target){.host = "https://127.0.0.1:1", .client_id = "7035519284410036"});
    assert_int_equal(seen.states[0], WATCH_FAIL);
    assert_non_null(strstr(seen.errs[0].hint, "numeric id"));
    rest(&seen, 1);
    look(&seen, WATCH_PRINCIPAL,
         (struct watch_target){.host = "https://127.0.0.1:1",
                               .client_id = "0b1c2d3e-0000-4000-8000-00000000abcd"});
    assert_int_equal(seen.states[0], WATCH_OK);
    assert_int_equal(seen.states[1], WATCH_MISSING);
    rest(&seen, 2);
}

static void test_destination(void **state)
{
    struct seen seen;
    char folder[] = "/tmp/aampe-watch-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    char *url = base_printf("file://%s/new", folder);
    look(&seen, WATCH_DESTINATION, (struct watch_target){.destination = url});
    assert_int_equal(seen.count, 5);
    for (int i = 0; i < 4; i++)
        assert_int_equal(seen.states[i], WATCH_OK);
    free(url);
    url = base_printf("rm -rf '%s'", folder);
    assert_int_equal(system(url), 0);
    free(url);
    look(&seen, WATCH_DESTINATION, (struct watch_target){.destination = "file:///proc/nothing"});
    assert_int_equal(seen.states[1], WATCH_FAIL);
    rest(&seen, 2);
    look(&seen, WATCH_DESTINATION, (struct watch_target){.destination = "s3://bucket"});
    assert_int_equal(seen.states[0], WATCH_FAIL);
    rest(&seen, 1);
}

static void on_layer_ignored(void *user, const struct watch_layer *layer)
{
    (void)user;
    (void)layer;
}

static void on_done_never(void *user)
{
    (void)user;
    fail_msg("a check that was cancelled said it was done");
}

static void test_cancel(void **state)
{
    (void)state;
    struct base_seam *seam = base_seam_new();
    struct net_loop *loop = net_loop_new(seam);
    struct watch_listener listener = {on_layer_ignored, on_done_never, NULL};
    struct watch_target target = {.loop = loop,
                                  .seam = seam,
                                  .user_agent = "test",
                                  .host = "https://no-such-name.invalid",
                                  .destination = "file:///tmp"};
    for (int turns = 0; turns < 4; turns++) {
        struct watch_check *check = watch_check_new(WATCH_WORKSPACE, &target, &listener);
        for (int i = 0; i < turns; i++)
            net_loop_turn(loop, 0);
        watch_check_free(&check);
        assert_null(check);
    }
    net_loop_turn(loop, 10);
    net_loop_free(&loop);
    base_seam_free(&seam);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),   cmocka_unit_test(test_unknown_name),
        cmocka_unit_test(test_application), cmocka_unit_test(test_destination),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
