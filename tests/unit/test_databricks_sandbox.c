/* The client against a running aampe-sandbox: every family, and the faults it must survive or name.
 */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "columnar/arrow.h"
#include "databricks/catalog.h"
#include "databricks/permissions.h"
#include "databricks/principal.h"
#include "databricks/statement.h"
#include "databricks/warehouse.h"
#include "databricks/workspace.h"
#include "net_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct world {
    char folder[64], program[4096];
    pid_t pid;
    cJSON *ready;
    struct base_seam *seam;
    struct net_loop *loop;
    struct databricks *db;
    /* the answer waited for */
    bool done;
    int waiting;
    struct err err;
    char text[256];
    int64_t count, pages;
    struct databricks_statement statement;
    struct databricks_links links;
    uint8_t *body;
    size_t body_len;
};

static const char *said(struct world *world, const char *key)
{
    const char *text = base_json_str(world->ready, key);

    assert_non_null(text);
    return text;
}

/* Runs `aampe-sandbox WORD...  --state folder`; its output stays in world->text (cut). */
static void sandbox(struct world *world, const char *const *words)
{
    const char *argv[16] = {world->program};
    struct err err = ERR_INIT;
    int count = 1, code = -1;
    struct buf out;

    while (*words)
        argv[count++] = *words++;
    argv[count++] = "--state";
    argv[count] = world->folder;
    base_buf_init(&out, 1 << 22);
    if (base_process_run(argv, 20000, &out, &code, &err) || code)
        fail_msg("%s %s: %d %s", argv[1], argv[2], code, err.message);
    snprintf(world->text, sizeof world->text, "%s", out.len ? out.data : "");
    base_buf_free(&out);
}

#define SANDBOX(world, ...) sandbox(world, (const char *const[]){__VA_ARGS__, NULL})

static void start_sandbox(struct world *world)
{
    const char *argv[] = {world->program, "--state", world->folder, "--rows", "30000", NULL};
    struct err err = ERR_INIT;
    char line[8192];
    struct peer peer = {0};
    int out[2];

    assert_int_equal(pipe(out), 0);
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    if (base_process_start(argv, out[1], NULL, true, &world->pid, &err))
        fail_msg("%s", err.message);
    close(out[1]);
    peer.out_fd = out[0];
    peer_line(&peer, line, sizeof line);
    close(out[0]);
    world->ready = base_json_parse(line, strlen(line), sizeof line, &err);
    assert_non_null(world->ready);
}

static void log_in(struct world *world, enum databricks_identity identity, const char *id,
                   const char *secret_text)
{
    struct secret *secret = base_secret_new(secret_text, strlen(secret_text));

    if (id)
        databricks_identity_oauth(world->db, identity, id, secret);
    else
        databricks_identity_token(world->db, identity, secret);
    base_secret_free(&secret);
}

static int set_up(void **state)
{
    struct world *world = base_alloc_zero(1, sizeof *world);
    struct net_http_settings settings = {0};
    struct err err = ERR_INIT;

    snprintf(world->folder, sizeof world->folder, "/tmp/aampe-db-XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    snprintf(world->program, sizeof world->program, "%s/aampe-sandbox", getenv("AAMPE_BUILDDIR"));
    start_sandbox(world);
    world->seam = base_seam_new();
    world->loop = net_loop_new(world->seam);
    settings.origin = said(world, "address");
    world->db = databricks_new(world->loop, &settings, &err);
    assert_non_null(world->db);
    log_in(world, DATABRICKS_PRINCIPAL, said(world, "client_id"), said(world, "client_secret"));
    log_in(world, DATABRICKS_OPERATOR, NULL, said(world, "admin_token"));
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;

    if (!world)
        return 0; /* set_up has failed and said why */
    databricks_free(&world->db);
    net_loop_free(&world->loop);
    base_seam_free(&world->seam);
    kill(world->pid, SIGTERM);
    waitpid(world->pid, NULL, 0);
    cJSON_Delete(world->ready);
    assert_int_equal(base_file_remove_tree(world->folder, &err), 0);
    free(world);
    return 0;
}

static void note(struct world *world, const struct err *err)
{
    world->err = err ? *err : ERR_INIT;
    world->done = --world->waiting <= 0;
}

static enum err_code outcome(struct world *world)
{
    wait_for(world->loop, &world->done);
    world->done = false;
    world->waiting = 0;
    return world->err.code;
}

static void wait_ok(struct world *world)
{
    if (outcome(world) != ERR_OK)
        fail_msg("%s: %s", base_err_name(world->err.code), world->err.message);
}

static void on_plain(void *user, const struct err *err)
{
    note(user, err);
}

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    struct world *world = user;

    snprintf(world->text, sizeof world->text, "%s %s", me ? me->user_name : "",
             me ? me->workspace_id : "");
    note(user, err);
}

static enum err_code me(struct world *world)
{
    databricks_workspace_me(world->db, DATABRICKS_PRINCIPAL, on_me, world);
    return outcome(world);
}

static void on_metastore(void *user, const struct err *err, struct databricks_metastore *metastore)
{
    struct world *world = user;

    snprintf(world->text, sizeof world->text, "%s", metastore ? metastore->id : "");
    note(user, err);
}

static void on_discovery(void *user, const struct err *err, struct databricks_discovery *discovery)
{
    struct world *world = user;

    snprintf(world->text, sizeof world->text, "%s", discovery ? discovery->workspace_id : "");
    note(user, err);
}

static void test_workspace(void **state)
{
    struct world *world = *state;
    char want[256];

    assert_int_equal(me(world), ERR_OK);
    snprintf(want, sizeof want, "%s %s", said(world, "client_id"), said(world, "workspace_id"));
    assert_string_equal(world->text, want);
    databricks_workspace_metastore(world->db, DATABRICKS_PRINCIPAL, on_metastore, world);
    wait_ok(world);
    assert_string_equal(world->text, said(world, "metastore_id"));
    databricks_workspace_assignment(world->db, DATABRICKS_OPERATOR, on_metastore, world);
    wait_ok(world);
    assert_string_equal(world->text, said(world, "metastore_id"));
    databricks_workspace_discover(world->db, on_discovery, world);
    wait_ok(world);
    assert_string_equal(world->text, said(world, "workspace_id"));
    databricks_workspace_me(world->db, DATABRICKS_OBSERVER, on_me, world);
    assert_int_equal(outcome(world), ERR_CONFIG_MISSING);
}

static void each_catalogs(void *user, struct databricks_catalogs *catalogs)
{
    ((struct world *)user)->count += (int64_t)catalogs->count;
}

static void each_schemas(void *user, struct databricks_schemas *schemas)
{
    ((struct world *)user)->count += (int64_t)schemas->count;
}

static void each_tables(void *user, struct databricks_tables *tables)
{
    struct world *world = user;

    world->count += (int64_t)tables->count;
    world->pages++;
}

static void on_table(void *user, const struct err *err, struct databricks_table *table)
{
    struct world *world = user;

    if (table) {
        world->count = (int64_t)table->columns.count;
        snprintf(world->text, sizeof world->text, "%s %s", table->table_type,
                 table->columns.columns[0].name);
    }
    note(user, err);
}

static void on_tables(void *user, const struct err *err, struct databricks_tables *tables)
{
    struct world *world = user;

    world->count = tables ? (int64_t)tables->count : -1;
    note(user, err);
}

static int64_t walk_tables(struct world *world, const struct databricks_page *page)
{
    world->count = world->pages = 0;
    databricks_table_walk(world->db, DATABRICKS_OPERATOR, "shop", "aampe", page, each_tables,
                          on_plain, world);
    wait_ok(world);
    return world->count;
}

static void test_catalog(void **state)
{
    struct world *world = *state;
    struct databricks_page page = {.include_browse = true};
    char c[] = "shop", s[] = "aampe", t[] = "events", no[] = "nosuchtable";
    int64_t tables;

    databricks_catalog_walk(world->db, DATABRICKS_OPERATOR, &page, each_catalogs, on_plain, world);
    wait_ok(world);
    assert_true(world->count >= 1);
    world->count = 0;
    databricks_schema_walk(world->db, DATABRICKS_OPERATOR, "shop", &page, each_schemas, on_plain,
                           world);
    wait_ok(world);
    assert_true(world->count >= 4);
    tables = walk_tables(world, &page);
    assert_true(tables >= 3);
    page.max_results = 1;
    assert_int_equal(walk_tables(world, &page), tables);
    assert_true(world->pages >= tables);
    SANDBOX(world, "fault", "empty_page", "times=1");
    assert_int_equal(walk_tables(world, &(struct databricks_page){0}), tables);
    assert_true(world->pages >= 2);
    SANDBOX(world, "fault", "clear");
    databricks_table_get(world->db, DATABRICKS_OPERATOR, &(struct model_name){c, s, t}, false,
                         on_table, world);
    wait_ok(world);
    assert_true(world->count >= 3);
    databricks_table_get(world->db, DATABRICKS_OPERATOR, &(struct model_name){c, s, no}, false,
                         on_table, world);
    assert_int_equal(outcome(world), ERR_SRC_TABLE_NOT_FOUND);
    databricks_table_summaries(world->db, DATABRICKS_OPERATOR, "shop", "aampe", NULL,
                               &(struct databricks_page){0}, on_tables, world);
    wait_ok(world);
    assert_int_equal(world->count, tables);
}

static void on_grants(void *user, const struct err *err, struct databricks_grants *grants)
{
    struct world *world = user;

    world->count = grants ? (int64_t)grants->count : -1;
    note(user, err);
}

static void on_warehouses(void *user, const struct err *err,
                          struct databricks_warehouses *warehouses)
{
    struct world *world = user;

    world->count = warehouses ? (int64_t)warehouses->count : -1;
    note(user, err);
}

static void on_warehouse(void *user, const struct err *err, struct databricks_warehouse *warehouse)
{
    struct world *world = user;

    snprintf(world->text, sizeof world->text, "%s", warehouse ? warehouse->state : "");
    note(user, err);
}

static void test_permissions(void **state)
{
    struct world *world = *state;

    databricks_permissions_get(world->db, DATABRICKS_OPERATOR, "catalog", "shop", NULL, on_grants,
                               world);
    wait_ok(world);
    databricks_permissions_effective(world->db, DATABRICKS_OPERATOR, "table", "shop.aampe.events",
                                     NULL, on_grants, world);
    wait_ok(world);
    assert_true(world->count >= 1);
    databricks_warehouse_list(world->db, DATABRICKS_OPERATOR, on_warehouses, world);
    wait_ok(world);
    assert_true(world->count >= 2);
    databricks_warehouse_get(world->db, DATABRICKS_OPERATOR, said(world, "warehouse_stopped_id"),
                             on_warehouse, world);
    wait_ok(world);
    assert_string_equal(world->text, "STOPPED");
    databricks_warehouse_get(world->db, DATABRICKS_OPERATOR, "0123456789abcdef", on_warehouse,
                             world);
    assert_int_equal(outcome(world), ERR_SRC_WH_NOT_FOUND);
}

static void on_query(void *user, const struct err *err, struct databricks_query *query)
{
    struct world *world = user;

    world->count = query ? (int64_t)query->rows.row_count : -1;
    snprintf(world->text, sizeof world->text, "%s",
             query && query->rows.row_count && query->rows.cells[0] ? query->rows.cells[0] : "");
    note(user, err);
}

static enum err_code query(struct world *world, enum databricks_identity identity, const char *sql)
{
    databricks_query_json(world->db, identity, said(world, "warehouse_id"), sql, NULL, 0, 100000,
                          on_query, world);
    return outcome(world);
}

static void test_query(void **state)
{
    struct world *world = *state;
    struct databricks_param param = {.name = "least", .type = "BIGINT", .value = "41"};

    assert_int_equal(query(world, DATABRICKS_OPERATOR, "SELECT count(*) FROM shop.aampe.events"),
                     ERR_OK);
    assert_string_equal(world->text, "30000");
    databricks_query_json(world->db, DATABRICKS_OPERATOR, said(world, "warehouse_id"),
                          "SELECT :least + 1", &param, 1, 10, on_query, world);
    wait_ok(world);
    assert_string_equal(world->text, "42");
    assert_int_equal(query(world, DATABRICKS_OPERATOR, "SELECT FORM x"), ERR_SRC_SQL_INVALID);
    assert_int_equal(strlen(world->err.sqlstate), 5);
    assert_true(*world->err.statement_id);
    assert_int_equal(query(world, DATABRICKS_OPERATOR, "SELECT * FROM shop.aampe.nothing"),
                     ERR_SRC_TABLE_NOT_FOUND);
    databricks_query_json(world->db, DATABRICKS_OPERATOR, said(world, "warehouse_id"),
                          "SELECT * FROM shop.aampe.events LIMIT 11", NULL, 0, 10, on_query, world);
    assert_int_equal(outcome(world), ERR_LIMIT_EXCEEDED);
}

static void on_principal(void *user, const struct err *err, struct databricks_principal *principal)
{
    struct world *world = user;

    snprintf(world->text, sizeof world->text, "%s", principal ? principal->id : "");
    note(user, err);
}

static void on_secrets(void *user, const struct err *err, struct databricks_secret_infos *secrets)
{
    struct world *world = user;

    world->count = secrets ? (int64_t)secrets->count : -1;
    snprintf(world->text, sizeof world->text, "%s",
             secrets && secrets->count ? secrets->items[0].fingerprint : "");
    note(user, err);
}

/* Whom the observer may look at, and that no statement of its over table data leaves this program.
 */
static void test_observer(void **state)
{
    struct world *world = *state;
    const char *text = said(world, "client_secret");
    struct secret *secret = base_secret_new(text, strlen(text));
    char id[256], fingerprint[9];

    log_in(world, DATABRICKS_OBSERVER, said(world, "observer_client_id"),
           said(world, "observer_client_secret"));
    databricks_principal_find(world->db, DATABRICKS_OBSERVER, said(world, "client_id"),
                              on_principal, world);
    wait_ok(world);
    assert_string_equal(world->text, said(world, "principal_id"));
    snprintf(id, sizeof id, "%s", world->text);
    databricks_principal_find(world->db, DATABRICKS_OBSERVER, "nobody", on_principal, world);
    assert_int_equal(outcome(world), ERR_SRC_NOT_FOUND);
    databricks_principal_secrets(world->db, DATABRICKS_OBSERVER, id, on_secrets, world);
    wait_ok(world);
    assert_int_equal(world->count, 1);
    base_secret_fingerprint(secret, fingerprint);
    assert_string_equal(world->text, fingerprint);
    databricks_principal_secrets(world->db, DATABRICKS_PRINCIPAL, id, on_secrets, world);
    assert_int_equal(outcome(world), ERR_SRC_PERM_DENIED);
    base_secret_free(&secret);

    SANDBOX(world, "grant", said(world, "observer_client_id"), "SELECT", "shop.aampe");
    assert_int_equal(query(world, DATABRICKS_OBSERVER, "SELECT * FROM shop.aampe.users"),
                     ERR_NOT_PERMITTED);
    assert_int_equal(query(world, DATABRICKS_OBSERVER, "SELECT 1 FROM system.access.audit LIMIT 1"),
                     ERR_OK);
    databricks_identity_drop(world->db, DATABRICKS_OBSERVER);
}

static void on_statement(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct world *world = user;

    databricks_statement_free(&world->statement);
    if (statement) {
        world->statement = *statement;
        *statement = (struct databricks_statement){0};
    }
    note(user, err);
}

static void on_links(void *user, const struct err *err, struct databricks_links *links)
{
    struct world *world = user;

    databricks_links_free(&world->links);
    if (links) {
        world->links = *links;
        *links = (struct databricks_links){0};
    }
    note(user, err);
}

static void on_body(void *user, const struct err *err, struct buf *body)
{
    struct world *world = user;

    if (body)
        world->body = (uint8_t *)base_buf_take(body, &world->body_len);
    note(user, err);
}

static void submit(struct world *world, const char *sql)
{
    databricks_statement_execute(
        world->db, DATABRICKS_OPERATOR,
        &(struct databricks_execute){
            .warehouse = said(world, "warehouse_id"), .sql = sql, .lz4 = true},
        on_statement, world);
    wait_ok(world);
    databricks_statement_wait(world->db, DATABRICKS_OPERATOR, world->statement.id, NULL,
                              on_statement, world);
    wait_ok(world);
    assert_true(world->statement.has_manifest);
}

static void ask_link(struct world *world, int64_t chunk)
{
    databricks_statement_links(world->db, DATABRICKS_OPERATOR, world->statement.id, chunk, on_links,
                               world);
    wait_ok(world);
    assert_true(world->links.count >= 1);
    assert_int_equal(world->links.items[0].chunk_index, chunk);
}

static enum err_code fetch(struct world *world)
{
    databricks_link_fetch(world->db, &world->links.items[0], 64 << 20, NULL, on_body, world);
    return outcome(world);
}

static int64_t decode(struct world *world)
{
    const struct columnar_batch *batch;
    struct columnar_chunk *chunk = NULL;
    struct err err = ERR_INIT;
    int64_t rows;

    if (columnar_arrow_open(world->body, world->body_len,
                            world->statement.manifest.compression != NULL, NULL, &chunk, &err))
        fail_msg("%s", err.message);
    while (columnar_arrow_next(chunk, &batch, &err) == 1)
        continue;
    assert_int_equal(err.code, ERR_OK);
    rows = columnar_arrow_rows(chunk);
    columnar_arrow_free(&chunk);
    return rows;
}

static void test_extract(void **state)
{
    struct world *world = *state;
    int64_t rows = 0;

    submit(world, "SELECT event_name, contact_id FROM shop.aampe.events");
    assert_int_equal(world->statement.manifest.total_row_count, 30000);
    for (size_t i = 0; i < world->statement.manifest.chunk_count; i++) {
        ask_link(world, (int64_t)i);
        assert_int_equal(fetch(world), ERR_OK);
        rows += decode(world);
    }
    assert_int_equal(rows, 30000);
    databricks_statement_close(world->db, DATABRICKS_OPERATOR, world->statement.id, on_plain,
                               world);
    wait_ok(world);
    databricks_statement_links(world->db, DATABRICKS_OPERATOR, world->statement.id, 0, on_links,
                               world);
    assert_int_equal(outcome(world), ERR_SRC_STMT_CLOSED);
}

static void test_links(void **state)
{
    struct world *world = *state;

    submit(world, "SELECT event_name FROM shop.aampe.events LIMIT 500");
    ask_link(world, 0);
    SANDBOX(world, "fault", "link_expired", "times=1");
    assert_int_equal(fetch(world), ERR_SRC_LINK_EXPIRED);
    assert_int_equal(fetch(world), ERR_OK);
    assert_int_equal(decode(world), 500);
    SANDBOX(world, "fault", "cut", "at=100", "times=1");
    assert_int_equal(fetch(world), ERR_OK); /* tried again by itself */
    assert_int_equal(decode(world), 500);
    SANDBOX(world, "fault", "clear");
}

static void many(struct world *world, int count)
{
    world->waiting = count;
    for (int i = 0; i < count; i++)
        databricks_workspace_me(world->db, DATABRICKS_PRINCIPAL, on_me, world);
    assert_int_equal(outcome(world), ERR_OK);
}

static int64_t tokens_asked(struct world *world)
{
    const char *argv[] = {world->program, "requests", "--state", world->folder, NULL};
    struct err err = ERR_INIT;
    int64_t count = 0;
    struct buf out;
    int code;

    base_buf_init(&out, 16 << 20);
    assert_int_equal(base_process_run(argv, 20000, &out, &code, &err), 0);
    for (const char *p = out.data; (p = strstr(p, "/oidc/v1/token")); p++)
        count++;
    base_buf_free(&out);
    return count;
}

/* Everybody waits on one request for a token; an expired one is renewed once, by itself. */
static void test_token(void **state)
{
    struct world *world = *state;
    int64_t before;

    log_in(world, DATABRICKS_PRINCIPAL, said(world, "client_id"), said(world, "client_secret"));
    before = tokens_asked(world);
    many(world, 12);
    assert_int_equal(tokens_asked(world), before + 1);
    SANDBOX(world, "fault", "expired_token", "endpoint=/api/2.0/preview/scim/v2/Me", "times=1");
    assert_int_equal(me(world), ERR_OK);
    assert_int_equal(tokens_asked(world), before + 2);
    base_seam_turn(world->seam, 16);
    SANDBOX(world, "fault", "expired_token", "endpoint=/api/2.0/preview/scim/v2/Me", "times=9");
    assert_int_equal(me(world), ERR_SRC_TOKEN_EXPIRED);
    assert_int_equal(tokens_asked(world), before + 3);
    /* One that is refused right after it was made is not replaced at once: nobody hammers. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(me(world), ERR_SRC_TOKEN_EXPIRED);
    assert_int_equal(tokens_asked(world), before + 3);
    SANDBOX(world, "fault", "clear");
    base_seam_turn(world->seam, 16);
    /* Half an hour in nothing happens; past the lead time it is renewed while the old one serves.
     */
    assert_int_equal(me(world), ERR_OK);
    before = tokens_asked(world);
    base_seam_turn(world->seam, 1800);
    many(world, 2);
    assert_int_equal(tokens_asked(world), before);
    base_seam_turn(world->seam, 1000);
    many(world, 2);
    base_seam_turn(world->seam, 3700);
    many(world, 2);
    assert_true(tokens_asked(world) >= before + 1);
}

static void test_refused_identity(void **state)
{
    struct world *world = *state;

    log_in(world, DATABRICKS_PRINCIPAL, said(world, "client_id"), "dosewrong");
    assert_int_equal(me(world), ERR_SRC_AUTH_CLIENT_INVALID);
    assert_string_equal(world->err.remote_code, "invalid_client");
    /* The same answer again, without asking: until the pause is over, which it says. */
    int64_t before = tokens_asked(world);
    assert_int_equal(me(world), ERR_SRC_AUTH_CLIENT_INVALID);
    assert_true(world->err.retry_after_ms > 0 && world->err.retry_after_ms <= 2001);
    assert_int_equal(tokens_asked(world), before);
    base_seam_turn(world->seam, 3);
    assert_int_equal(me(world), ERR_SRC_AUTH_CLIENT_INVALID);
    assert_int_equal(tokens_asked(world), before + 1);
    /* Known to have ended, it is over; known to end later, it is wrong. */
    int64_t now = base_seam_now_us(world->seam);
    databricks_identity_secret_ends(world->db, DATABRICKS_PRINCIPAL, now + 60000000);
    assert_int_equal(me(world), ERR_SRC_AUTH_CLIENT_INVALID);
    databricks_identity_secret_ends(world->db, DATABRICKS_PRINCIPAL, now);
    assert_int_equal(me(world), ERR_SRC_AUTH_SECRET_EXPIRED);
    char ends[32], told[32];
    base_time_format(now, ends);
    assert_true(base_err_fact_get(&world->err, "secret_ends", told, sizeof told));
    assert_string_equal(told, ends);
    assert_int_equal(world->err.http_status, 401);
    log_in(world, DATABRICKS_PRINCIPAL, NULL, "dapi-wrong");
    assert_int_equal(me(world), ERR_SRC_TOKEN_EXPIRED);
    log_in(world, DATABRICKS_PRINCIPAL, said(world, "client_id"), said(world, "client_secret"));
    assert_int_equal(me(world), ERR_OK);
}

static void test_faults(void **state)
{
    struct world *world = *state;

    SANDBOX(world, "fault", "rate_limit", "retry_after=0", "endpoint=/api/2.0/preview", "times=2");
    assert_int_equal(me(world), ERR_OK);
    SANDBOX(world, "fault", "unavailable", "retry_after=0", "endpoint=/api/2.0/preview", "times=2");
    assert_int_equal(me(world), ERR_OK);
    SANDBOX(world, "fault", "html_login", "endpoint=/api/2.0/preview", "times=1");
    assert_int_equal(me(world), ERR_SRC_HOST_WRONG);
    SANDBOX(world, "fault", "html_login", "redirect=1", "endpoint=/api/2.0/preview", "times=1");
    assert_int_equal(me(world), ERR_SRC_PRIVATE_LINK_ONLY);
    SANDBOX(world, "fault", "drop", "endpoint=/api/2.0/preview", "times=1");
    assert_int_equal(me(world), ERR_OK);
    /* Whether a submit was carried out is not known: it is not sent again. */
    SANDBOX(world, "fault", "lost_reply", "endpoint=/api/2.0/sql/statements", "times=1");
    assert_int_equal(query(world, DATABRICKS_OPERATOR, "SELECT 1"), ERR_NET_RESET);
    SANDBOX(world, "fault", "truncated");
    submit(world, "SELECT event_name FROM shop.aampe.events LIMIT 5");
    assert_true(world->statement.manifest.truncated);
    SANDBOX(world, "fault", "clear");
}

static void test_cancel(void **state)
{
    struct world *world = *state;
    struct databricks_call *call;

    world->text[0] = '\0';
    for (int i = 0; i < 8; i++) {
        call = databricks_query_json(world->db, DATABRICKS_OPERATOR, said(world, "warehouse_id"),
                                     "SELECT count(*) FROM shop.aampe.events", NULL, 0, 10,
                                     on_query, world);
        for (int turn = 0; turn < i; turn++)
            net_loop_turn(world->loop, 5);
        if (!world->done)
            databricks_cancel(&call);
        world->done = false;
    }
    assert_int_equal(me(world), ERR_OK);
    /* What is under way when the object goes is dropped without a word (tear_down frees it). */
    databricks_query_json(world->db, DATABRICKS_OPERATOR, said(world, "warehouse_id"), "SELECT 1",
                          NULL, 0, 10, on_query, world);
    databricks_workspace_me(world->db, DATABRICKS_PRINCIPAL, on_me, world);
    net_loop_turn(world->loop, 1);
    databricks_statement_free(&world->statement);
    databricks_links_free(&world->links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_workspace),   cmocka_unit_test(test_catalog),
        cmocka_unit_test(test_permissions), cmocka_unit_test(test_query),
        cmocka_unit_test(test_observer),    cmocka_unit_test(test_extract),
        cmocka_unit_test(test_links),       cmocka_unit_test(test_refused_identity),
        cmocka_unit_test(test_faults),      cmocka_unit_test(test_token),
        cmocka_unit_test(test_cancel),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
