/* Every recorded exchange with a real workspace, asked for by the real client and compared with
 * what was recorded. */
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/vec.h"
#include "columnar/arrow.h"
#include "databricks/statement.h"
#include "net_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct exchange {
    int64_t order;
    cJSON *file;     /* the mapping */
    cJSON *pattern;  /* body asked for; NULL */
    cJSON *response; /* body answered; NULL */
};

struct play {
    struct peer peer;
    struct base_seam *seam;
    struct net_loop *loop;
    struct databricks *db;
    bool done;
    struct err err;
    char text[128];
    struct databricks_statement statement;
    uint8_t *body;
    size_t body_len;
    int64_t links, rows;
};

static const char *recordings(void)
{
    static char path[4096];
    const char *root = getenv("AAMPE_TESTDATA");

    snprintf(path, sizeof path, "%s/databricks-recorded", root ? root : "");
    return path;
}

static void on_plain(void *user, const struct err *err)
{
    struct play *play = user;

    play->err = err ? *err : ERR_INIT;
    play->done = true;
}

static void on_session(void *user, const struct err *err, const char *id)
{
    struct play *play = user;

    snprintf(play->text, sizeof play->text, "%s", id ? id : "");
    on_plain(user, err);
}

static void on_statement(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct play *play = user;

    if (statement) {
        play->statement = *statement;
        *statement = (struct databricks_statement){0};
    }
    on_plain(user, err);
}

static void on_body(void *user, const struct err *err, struct buf *body)
{
    struct play *play = user;

    if (body)
        play->body = (uint8_t *)base_buf_take(body, &play->body_len);
    on_plain(user, err);
}

static void wait_ok(struct play *play)
{
    wait_for(play->loop, &play->done);
    if (play->err.code != ERR_OK)
        fail_msg("%s: %s", base_err_name(play->err.code), play->err.message);
    play->done = false;
}

static int newest_last(const void *a, const void *b)
{
    const struct exchange *x = a, *y = b;

    return x->order > y->order ? -1 : x->order < y->order;
}

static cJSON *parse(const char *text)
{
    struct err err = ERR_INIT;
    cJSON *json = text ? base_json_parse(text, strlen(text), JSON_MAX_BYTES, &err) : NULL;

    assert_true(!text || json);
    return json;
}

/* WireMock numbers mappings from the newest to the oldest. */
static size_t load(const char *test, struct exchange **out)
{
    vec_of(struct exchange) found = {0};
    char folder[4200], path[8400];
    struct dirent *entry;
    DIR *dir;

    snprintf(folder, sizeof folder, "%s/sqlexecapi/%s/mappings", recordings(), test);
    dir = opendir(folder);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        struct exchange one = {0};
        struct err err = ERR_INIT;
        struct buf text;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        base_buf_init(&text, 1 << 20);
        assert_int_equal(base_file_read(path, 1 << 20, &text, &err), 0);
        one.file = parse(text.data);
        base_buf_free(&text);
        one.order = base_json_i64_or(one.file, "insertionIndex", 0);
        one.pattern = parse(base_json_str(
            base_json_array(base_json_get(one.file, "request"), "bodyPatterns")
                ? cJSON_GetArrayItem(
                      base_json_array(base_json_get(one.file, "request"), "bodyPatterns"), 0)
                : NULL,
            "equalToJson"));
        one.response = parse(base_json_str(base_json_get(one.file, "response"), "body"));
        vec_push(&found, one);
    }
    closedir(dir);
    qsort(found.items, found.count, sizeof *found.items, newest_last);
    *out = found.items;
    return found.count;
}

static void unload(struct exchange *exchanges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cJSON_Delete(exchanges[i].file);
        cJSON_Delete(exchanges[i].pattern);
        cJSON_Delete(exchanges[i].response);
    }
    free(exchanges);
}

/* The value of a column as text; what the recorded tables hold. */
static void cell_text(const struct columnar_array *array, int64_t row, char *out, size_t size)
{
    const int32_t *offsets = array->offsets;
    int64_t wide;
    int32_t narrow;

    if (!columnar_array_valid(array, row)) {
        snprintf(out, size, "NULL");
    } else if (array->field->kind == COLUMNAR_INT32) {
        memcpy(&narrow, array->values + row * 4, 4);
        snprintf(out, size, "%d", narrow);
    } else if (array->field->kind == COLUMNAR_INT64 || array->field->kind == COLUMNAR_TIMESTAMP) {
        memcpy(&wide, array->values + row * 8, 8);
        snprintf(out, size, "%lld", (long long)wide);
    } else {
        assert_int_equal(array->field->kind, COLUMNAR_UTF8);
        snprintf(out, size, "%.*s", (int)(offsets[row + 1] - offsets[row]),
                 (const char *)array->values + offsets[row]);
    }
}

struct expected {
    const char *column; /* of the manifest, second one if there are two */
    const char *rows;   /* cells split by | and rows by newlines */
};

/* What the statements recorded as CREATE and INSERT put there. */
static const struct expected expected_rows[] = {
    {"num_inserted_rows", NULL},
    {"id", "1\n"},
    {"col1", "1|value1\n"},
    {"variant_col", "1|{\"key\":\"value\",\"number\":123}\n"
                    "2|{\"flag\":true,\"nested\":{\"a\":\"b\",\"c\":[1,2,3]}}\n3|NULL\n"},
    {"ts", "1|1609524000000000\n2|1623785696789000\n3|NULL\n"},
};

static void compare_rows(const struct databricks_manifest *manifest, const char *rows)
{
    const char *last = manifest->columns.columns[manifest->columns.count - 1].name;

    for (size_t i = 0; i < base_countof(expected_rows); i++) {
        if (strcmp(expected_rows[i].column, last) != 0)
            continue;
        if (expected_rows[i].rows)
            assert_string_equal(rows, expected_rows[i].rows);
        return;
    }
    fail_msg("no rows are known for column %s", last);
}

static void decode(struct play *play, const struct databricks_manifest *manifest)
{
    const struct columnar_batch *batch;
    struct columnar_chunk *chunk = NULL;
    struct err err = ERR_INIT;
    struct buf rows;
    char cell[256];

    base_buf_init(&rows, 1 << 20);
    if (columnar_arrow_open(play->body, play->body_len, manifest->compression != NULL, NULL, &chunk,
                            &err))
        fail_msg("%s", err.message);
    assert_int_equal(columnar_arrow_schema(chunk)->count, manifest->columns.count);
    while (columnar_arrow_next(chunk, &batch, &err) == 1)
        for (int64_t row = 0; row < batch->rows; row++)
            for (size_t i = 0; i < batch->count; i++) {
                cell_text(&batch->columns[i], row, cell, sizeof cell);
                base_buf_printf(&rows, "%s%c", cell, i + 1 < batch->count ? '|' : '\n');
            }
    assert_int_equal(err.code, ERR_OK);
    assert_int_equal(columnar_arrow_rows(chunk), manifest->total_row_count);
    play->rows += columnar_arrow_rows(chunk);
    compare_rows(manifest, rows.data);
    base_buf_free(&rows);
    columnar_arrow_free(&chunk);
}

static void compare_inline(const struct databricks_rows *rows, const cJSON *result)
{
    const cJSON *list = base_json_array(result, "data_array");

    assert_int_equal(rows->row_count, list ? cJSON_GetArraySize(list) : 0);
    for (size_t i = 0; i < rows->row_count * rows->column_count; i++) {
        const cJSON *row = cJSON_GetArrayItem(list, (int)(i / rows->column_count));
        const cJSON *cell = cJSON_GetArrayItem(row, (int)(i % rows->column_count));

        if (cJSON_IsNull(cell))
            assert_null(rows->cells[i]);
        else
            assert_string_equal(rows->cells[i], cell->valuestring);
    }
}

static void replay_statement(struct play *play, const struct exchange *exchange)
{
    const cJSON *manifest = base_json_get(exchange->response, "manifest");
    const cJSON *body = exchange->pattern;
    struct databricks_execute execute = {
        .warehouse = base_json_str(body, "warehouse_id"),
        .session = base_json_str(body, "session_id"),
        .sql = base_json_str(body, "statement"),
        .inline_json = strcmp(base_json_str_or(body, "disposition", ""), "INLINE") == 0,
        .lz4 = strcmp(base_json_str_or(body, "result_compression", ""), "LZ4_FRAME") == 0,
        .wait_seconds = 10};

    databricks_statement_execute(play->db, DATABRICKS_PRINCIPAL, &execute, on_statement, play);
    wait_ok(play);
    assert_string_equal(play->statement.id, base_json_str(exchange->response, "statement_id"));
    assert_int_equal(play->statement.state, DATABRICKS_SUCCEEDED);
    assert_true(play->statement.has_manifest);
    assert_int_equal(play->statement.manifest.total_row_count,
                     base_json_i64_or(manifest, "total_row_count", -2));
    assert_int_equal(play->statement.manifest.chunk_count,
                     play->statement.manifest.total_chunk_count);
    if (execute.inline_json)
        compare_inline(&play->statement.rows, base_json_get(exchange->response, "result"));
    for (size_t i = 0; i < play->statement.links.count; i++) {
        databricks_link_fetch(play->db, &play->statement.links.items[i], 1 << 20, NULL, on_body,
                              play);
        wait_ok(play);
        decode(play, &play->statement.manifest);
        play->links++;
    }
    databricks_statement_free(&play->statement);
}

static void replay_delete(struct play *play, const char *url)
{
    char id[128];
    const char *last = strrchr(url, '/') + 1;

    snprintf(id, sizeof id, "%.*s", (int)strcspn(last, "?"), last);
    if (strstr(url, "/sessions/"))
        databricks_session_close(play->db, DATABRICKS_PRINCIPAL, strchr(url, '=') + 1, id, on_plain,
                                 play);
    else
        databricks_statement_close(play->db, DATABRICKS_PRINCIPAL, id, on_plain, play);
    wait_ok(play);
}

static void replay_session(struct play *play, const struct exchange *exchange)
{
    const char *id = base_json_str(exchange->response, "session_id");

    databricks_session_open(play->db, DATABRICKS_PRINCIPAL,
                            base_json_str(exchange->pattern, "warehouse_id"), on_session, play);
    if (id) {
        wait_ok(play);
        assert_string_equal(play->text, id);
        return;
    }
    /* The one recorded refusal: a numeric 403. The token is renewed once, then its own code is
     * given. */
    wait_for(play->loop, &play->done);
    play->done = false;
    assert_int_equal(play->err.code, ERR_SRC_TOKEN_EXPIRED);
    assert_int_equal(play->err.http_status, 403);
    assert_string_equal(play->err.remote_code, "403");
    assert_string_equal(play->err.message, "Invalid access token.");
    assert_true(strlen(play->err.request_id) > 30);
}

static void on_missed(void *user, struct net_response *response, const struct err *err)
{
    struct play *play = user;
    cJSON *json = parse(response->body.data);

    assert_null(err);
    assert_int_equal(cJSON_GetArraySize(base_json_array(json, "wrong")), 0);
    assert_int_equal(cJSON_GetArraySize(base_json_array(json, "missed")), 0);
    snprintf(play->text, sizeof play->text, "%lld", (long long)base_json_i64_or(json, "tokens", 0));
    cJSON_Delete(json);
    play->done = true;
}

static void begin(struct play *play, const char *test)
{
    struct secret *secret = base_secret_new("dose0123", 8);
    struct net_http_settings settings = {0};
    struct err err = ERR_INIT;

    *play = (struct play){0};
    peer_start(&play->peer, "replay_server.py", (const char *[]){recordings(), test, NULL});
    play->seam = base_seam_new();
    play->loop = net_loop_new(play->seam);
    settings.origin = play->peer.origin;
    play->db = databricks_new(play->loop, &settings, &err);
    assert_non_null(play->db);
    databricks_identity_oauth(play->db, DATABRICKS_PRINCIPAL, "client", secret);
    base_secret_free(&secret);
}

static void end(struct play *play, const char *tokens)
{
    char url[128];

    snprintf(url, sizeof url, "%s/__missed", play->peer.origin);
    net_http_submit(databricks_http(play->db), &(struct net_request){.url = url}, on_missed, play);
    wait_for(play->loop, &play->done);
    assert_string_equal(play->text, tokens);
    databricks_free(&play->db);
    net_loop_free(&play->loop);
    base_seam_free(&play->seam);
    peer_stop(&play->peer);
}

static void replay(const char *test, int64_t links, int64_t rows, const char *tokens)
{
    struct exchange *exchanges;
    size_t count = load(test, &exchanges);
    struct play play;

    begin(&play, test);
    for (size_t i = 0; i < count; i++) {
        const cJSON *request = base_json_get(exchanges[i].file, "request");
        const char *url = base_json_str_or(request, "url", "");

        if (strcmp(base_json_str_or(request, "method", ""), "DELETE") == 0)
            replay_delete(&play, url);
        else if (strstr(url, "/sessions"))
            replay_session(&play, &exchanges[i]);
        else
            replay_statement(&play, &exchanges[i]);
    }
    assert_int_equal(play.links, links);
    assert_int_equal(play.rows, rows);
    print_message("%s: %zu exchanges, %lld links, %lld rows\n", test, count, (long long)links,
                  (long long)rows);
    end(&play, tokens);
    unload(exchanges, count);
}

static void test_connection(void **state)
{
    (void)state;
    replay("connectionintegrationtests/testsuccessfulconnection", 0, 0, "1");
}

static void test_bad_token(void **state)
{
    (void)state;
    replay("connectionintegrationtests/testincorrectcredentialsforoauth", 0, 0, "2");
}

static void test_subqueries(void **state)
{
    (void)state;
    replay("executionintegrationtests/testcomplexquerysubqueries", 2, 2, "1");
}

static void test_timestamp(void **state)
{
    (void)state;
    replay("datatypesintegrationtests/testtimestamp", 2, 4, "1");
}

static void test_variant(void **state)
{
    (void)state;
    replay("datatypesintegrationtests/testvarianttypes", 2, 4, "1");
}

static void test_basic_types(void **state)
{
    (void)state;
    replay("resultsetintegrationtests/testretrievalofbasicdatatypes", 2, 2, "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connection), cmocka_unit_test(test_bad_token),
        cmocka_unit_test(test_subqueries), cmocka_unit_test(test_timestamp),
        cmocka_unit_test(test_variant),    cmocka_unit_test(test_basic_types),
    };

    if (!base_file_exists(recordings())) {
        fprintf(stderr, "SKIPPED: no recordings in \"%s\"; set AAMPE_TESTDATA\n", recordings());
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
