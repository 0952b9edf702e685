/* The doctor's chains: what is looked at and what is not, what is not reached, an engine that does
 * not answer, a layer that hangs; and the document made of it. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "engine/doctor.h"
#include "watch/doctor.h"
#include "watch/job.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define SEEN_MAX 32

struct bench {
    struct base_seam *seam;
    struct net_loop *loop;
    struct watch_self self;
    struct watch_target target;
    char folder[64], *destination;
    int count, begun;
    struct one {
        size_t chain;
        char name[32];
        enum watch_state state;
        enum err_code code;
        bool known;
    } seen[SEEN_MAX];
    bool done;
    int turn; /* seconds the clock is turned by once the chains have begun */
};

static void on_begin(void *user, size_t chain, const char *layer)
{
    struct bench *bench = user;
    (void)chain;
    (void)layer;
    bench->begun++;
}

static void on_layer(void *user, size_t chain, const struct watch_layer *layer, bool known)
{
    struct bench *bench = user;
    struct one *one = &bench->seen[bench->count];
    assert_true(bench->count < SEEN_MAX);
    one->chain = chain;
    snprintf(one->name, sizeof one->name, "%s", layer->name);
    one->state = layer->state;
    one->code = layer->err.code;
    one->known = known;
    bench->count++;
}

static void on_done(void *user)
{
    ((struct bench *)user)->done = true;
}

static void bench_open(struct bench *bench)
{
    *bench = (struct bench){.seam = base_seam_new(), .folder = "/tmp/aampe-doctor-XXXXXX"};
    bench->loop = net_loop_new(bench->seam);
    assert_non_null(mkdtemp(bench->folder));
    bench->destination = base_printf("file://%s", bench->folder);
    bench->self = (struct watch_self){.version = "1",
                                      .profile = "p",
                                      .state_folder = bench->folder,
                                      .tables_known = true,
                                      .vault = {.kind = VAULT_KEY_FILE, .folder = bench->folder}};
    bench->target = (struct watch_target){.loop = bench->loop,
                                          .seam = bench->seam,
                                          .user_agent = "test",
                                          .destination = bench->destination,
                                          .self = &bench->self};
}

static void bench_close(struct bench *bench)
{
    for (int i = 0; i < 5; i++)
        net_loop_turn(bench->loop, 10);
    net_loop_free(&bench->loop);
    base_seam_free(&bench->seam);
    assert_int_equal(base_file_remove_tree(bench->folder, NULL), 0);
    free(bench->destination);
}

static void bench_run(struct bench *bench, const char *only)
{
    struct watch_doctor_listener listener = {on_begin, on_layer, on_done, bench};
    struct err err = ERR_INIT;
    size_t asked[WATCH_CHAINS];
    assert_int_equal(watch_doctor_asked(only, asked, &err), 0);
    bench->count = bench->begun = 0;
    bench->done = false;
    struct watch_doctor *doctor = watch_doctor_new(&bench->target, asked, &listener);
    assert_int_equal(bench->count, 0);
    for (int i = 0; i < 200 && !bench->done; i++) {
        net_loop_turn(bench->loop, 100);
        if (bench->turn && bench->begun && i == 5) {
            base_seam_turn(bench->seam, bench->turn);
            bench->turn = 0;
        }
    }
    assert_true(bench->done);
    watch_doctor_free(&doctor);
}

static const struct one *layer(const struct bench *bench, const char *name)
{
    int i = 0;
    while (i < bench->count && strcmp(bench->seen[i].name, name) != 0)
        i++;
    assert_true(i < bench->count);
    return &bench->seen[i];
}

static void test_asked(void **state)
{
    size_t asked[WATCH_CHAINS];
    struct err err = ERR_INIT;
    (void)state;
    assert_int_equal(watch_doctor_asked(NULL, asked, &err), 0);
    assert_int_equal(asked[0], 4);
    assert_int_equal(asked[1], 11);
    assert_int_equal(asked[2], 2);
    assert_int_equal(watch_doctor_asked("tls", asked, &err), 0);
    assert_int_equal(asked[0], 0);
    assert_int_equal(asked[1], 4);
    assert_int_equal(asked[2], 0);
    assert_int_equal(watch_doctor_asked("destination", asked, &err), 0);
    assert_int_equal(asked[1], 0);
    assert_int_equal(asked[2], 2);
    assert_int_equal(watch_doctor_asked("ip list", asked, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
}

/* In each chain the layers come in order, the first that fails ends it, and the others go on. */
static void test_chains(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    bench.target.host = "https://no-such-name.invalid";
    bench_run(&bench, NULL);
    assert_int_equal(bench.count, 17);
    size_t at[WATCH_CHAINS] = {0};
    for (int i = 0; i < bench.count; i++) {
        const struct one *one = &bench.seen[i];
        assert_string_equal(one->name,
                            watch_layer_name(watch_chain_kind(one->chain), at[one->chain]++));
    }
    assert_int_equal(layer(&bench, "dns")->state, WATCH_FAIL);
    assert_int_equal(layer(&bench, "dns")->code, ERR_NET_DNS);
    assert_int_equal(layer(&bench, "proxy")->state, WATCH_NOT_REACHED);
    assert_int_equal(layer(&bench, "result_hosts")->state, WATCH_NOT_REACHED);
    assert_int_equal(layer(&bench, "engine")->state, WATCH_OK);
    assert_int_equal(layer(&bench, "access")->state, WATCH_OK);
    assert_int_equal(layer(&bench, "data")->state, WATCH_NONE);
    assert_int_equal(layer(&bench, "vault")->state, WATCH_NONE);
    assert_true(bench.begun < 17);
    bench_run(&bench, "access");
    assert_int_equal(bench.count, 1);
    assert_string_equal(bench.seen[0].name, "access");
    bench_close(&bench);
}

/* A folder that is not there is not made. */
static void test_nothing_made(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    char *url = base_printf("%s/absent", bench.destination);
    bench.target.destination = url;
    bench_run(&bench, "destination");
    assert_int_equal(layer(&bench, "access")->state, WATCH_FAIL);
    assert_int_equal(layer(&bench, "data")->state, WATCH_NOT_REACHED);
    char *path = base_file_join(bench.folder, "absent");
    assert_false(base_file_exists(path));
    free(path);
    free(url);
    bench_close(&bench);
}

/* No engine answers: it is the first failure, unless what is behind it is the reason. */
static void test_no_engine(void **state)
{
    struct watch_engine engine = {.text = base_strdup("not running")};
    struct store_health health = {.version = 2};
    struct err corrupt = ERR_INIT;
    struct bench bench;
    (void)state;
    bench_open(&bench);
    base_err_set(&engine.err, ERR_ENGINE_UNREACHABLE, "nobody answers");
    base_err_set(&corrupt, ERR_HOST_STATE_CORRUPT, "damaged");
    bench.self.engine = &engine;
    bench.self.health = &health;
    bench_run(&bench, "here");
    assert_int_equal(bench.count, 4);
    assert_int_equal(layer(&bench, "engine")->state, WATCH_FAIL);
    assert_int_equal(layer(&bench, "engine")->code, ERR_ENGINE_UNREACHABLE);
    assert_true(layer(&bench, "host")->known);
    assert_true(layer(&bench, "state")->known);
    assert_int_equal(layer(&bench, "state")->state, WATCH_OK);
    bench.self.health = NULL;
    bench.self.state_err = &corrupt;
    bench_run(&bench, "here");
    assert_int_equal(layer(&bench, "engine")->state, WATCH_WARN);
    assert_int_equal(layer(&bench, "state")->state, WATCH_FAIL);
    assert_int_equal(layer(&bench, "state")->code, ERR_HOST_STATE_CORRUPT);
    assert_false(layer(&bench, "state")->known);
    assert_int_equal(layer(&bench, "vault")->state, WATCH_NOT_REACHED);
    bench_run(&bench, "engine");
    assert_int_equal(bench.count, 1);
    assert_int_equal(layer(&bench, "engine")->state, WATCH_FAIL);
    free(engine.text);
    bench_close(&bench);
}

static int silent_listener(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* Somebody takes the connection and never says a word: after ten seconds of the turned clock the
 * layer is over, whatever curl's own clock thinks. */
static void test_stall(void **state)
{
    struct bench bench;
    char host[64];
    int port, fd = silent_listener(&port);
    (void)state;
    bench_open(&bench);
    snprintf(host, sizeof host, "http://127.0.0.1:%d", port);
    bench.target.host = host;
    bench.turn = 11;
    bench_run(&bench, "workspace");
    int failed = 0;
    for (int i = 0; i < bench.count; i++)
        if (bench.seen[i].state == WATCH_FAIL) {
            assert_int_equal(bench.seen[i].code, ERR_NET_STALL);
            failed++;
        }
    assert_int_equal(failed, 1);
    assert_int_equal(layer(&bench, "token")->state, WATCH_NOT_REACHED);
    close(fd);
    bench_close(&bench);
}

struct hang {
    int read_fd;
    bool *freed;
};

static void hang_work(void *data)
{
    char byte;
    (void)!read(((struct hang *)data)->read_fd, &byte, 1);
}

static void hang_free(void *data)
{
    *((struct hang *)data)->freed = true;
    free(data);
}

static void hang_done(void *user, void *data)
{
    (void)data;
    ++*(int *)user;
}

static struct watch_job *hang_start(struct net_loop *loop, int fd, bool *freed, int *done)
{
    struct hang *hang = base_alloc_zero(1, sizeof *hang);
    *hang = (struct hang){fd, freed};
    return watch_job_start(loop, hang_work, hang_done, hang_free, hang, done);
}

/* Work that hangs holds up nobody; dropped, it is never heard of again. */
static void test_job(void **state)
{
    struct base_seam *seam = base_seam_new();
    struct net_loop *loop = net_loop_new(seam);
    bool freed = false;
    int ends[2], done = 0;
    (void)state;
    assert_int_equal(pipe(ends), 0);
    struct watch_job *job = hang_start(loop, ends[0], &freed, &done);
    for (int i = 0; i < 3; i++)
        net_loop_turn(loop, 5);
    assert_int_equal(done, 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    for (int i = 0; i < 500 && !done; i++)
        net_loop_turn(loop, 20);
    assert_int_equal(done, 1);
    assert_true(freed);
    freed = false;
    assert_int_equal(write(ends[1], "x", 1), 1);
    job = hang_start(loop, ends[0], &freed, &done);
    watch_job_drop(&job); /* it may be posted already, or not: both must be quiet */
    assert_null(job);
    for (int i = 0; i < 20; i++)
        net_loop_turn(loop, 5);
    assert_int_equal(done, 1);
    close(ends[0]);
    close(ends[1]);
    net_loop_free(&loop);
    base_seam_free(&seam);
}

/* --- the document */

static void tell(struct doctor_record *record, size_t chain, const char *name,
                 enum watch_state state, enum err_code code, bool known)
{
    struct watch_layer told = {.name = name, .state = state, .text = "text", .ms = 5};
    if (code != ERR_OK)
        base_err_set(&told.err, code, "message");
    doctor_record_layer(record, chain, &told, known, INT64_C(1795392000000000));
}

static const cJSON *layer_of(const struct doctor_record *record, const char *id)
{
    const cJSON *chain, *one;
    cJSON_ArrayForEach(chain, base_json_array(doctor_record_json(record), "chains"))
    {
        cJSON_ArrayForEach(one, base_json_array(chain, "layers"))
        {
            if (strcmp(base_json_str(one, "layer"), id) == 0)
                return one;
        }
    }
    return NULL;
}

static void test_record(void **state)
{
    cJSON *known = cJSON_Parse("{\"token\":{\"state\":\"ok\",\"text\":\"lives\",\"at\":\"x\"}}");
    struct doctor_record *record = doctor_record_new("p", "engine", 7, 1, NULL, known);
    const cJSON *first;
    (void)state;
    cJSON_Delete(known);
    assert_string_equal(base_json_str(layer_of(record, "ip_list"), "title"), "ip list");
    assert_string_equal(base_json_str(layer_of(record, "ip_list"), "state"), "not_asked");
    assert_int_equal(doctor_record_exit(record), 0);
    tell(record, 1, "warehouse", WATCH_WARN, ERR_SRC_WH_STOPPED, false);
    assert_int_equal(doctor_record_exit(record), 3);
    /* The first in the list counts, not the first that was seen. */
    tell(record, 2, "data", WATCH_FAIL, ERR_DST_FILE_CORRUPT, false);
    assert_int_equal(doctor_record_exit(record), 1);
    tell(record, 1, "ip_list", WATCH_FAIL, ERR_SRC_IP_BLOCKED, false);
    first = base_json_get(doctor_record_json(record), "first_failure");
    assert_string_equal(base_json_str(first, "layer"), "ip_list");
    assert_string_equal(base_json_str(first, "text"), "this host is refused");
    assert_int_equal(doctor_record_exit(record), 4);
    tell(record, 2, "access", WATCH_FAIL, ERR_HOST_PERMISSION, false);
    first = base_json_get(doctor_record_json(record), "first_failure");
    assert_string_equal(base_json_str(first, "layer"), "ip_list");
    /* Not reached keeps what was known; what was seen all the same becomes that. */
    tell(record, 1, "token", WATCH_NOT_REACHED, ERR_OK, false);
    const cJSON *last = base_json_get(layer_of(record, "token"), "last_known");
    assert_string_equal(base_json_str(last, "text"), "lives");
    tell(record, 0, "host", WATCH_OK, ERR_OK, true);
    assert_string_equal(base_json_str(layer_of(record, "host"), "state"), "not_reached");
    last = base_json_get(layer_of(record, "host"), "last_known");
    assert_string_equal(base_json_str(last, "state"), "ok");
    assert_non_null(base_json_get(doctor_record_known(record), "warehouse"));
    doctor_record_end(record, 1);
    assert_false(base_json_bool_or(doctor_record_json(record), "running", true));
    char *text = base_json_print(doctor_record_json(record));
    struct err err = ERR_INIT;
    cJSON *again = base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err);
    assert_non_null(again); /* no key twice, no text that is none */
    cJSON_Delete(again);
    free(text);
    doctor_record_free(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked),        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_nothing_made), cmocka_unit_test(test_no_engine),
        cmocka_unit_test(test_stall),        cmocka_unit_test(test_job),
        cmocka_unit_test(test_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
