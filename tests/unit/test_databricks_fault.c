/* Every shape of an error answer, and what it is called here. */
#include "base/alloc.h"
#include "databricks/private.h"
#include "databricks/statement_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

struct answer {
    int status;
    const char *type; /* content type; NULL = JSON */
    const char *body;
    enum databricks_subject subject;
    enum err_code code;
    const char *remote, *message; /* message: a part of it */
};

static const struct answer answers[] = {
    /* standard envelope, code as text and as number */
    {403, NULL, "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"no\"}", SUBJECT_NONE,
     ERR_SRC_PERM_DENIED, "PERMISSION_DENIED", "no"},
    {403, NULL, "{\"error_code\":403,\"message\":\"Invalid access token.\"}", SUBJECT_NONE,
     ERR_SRC_TOKEN_EXPIRED, "403", "Invalid access token."},
    {403, NULL, "{\"error_code\":403,\"message\":\"Invalid access token. [ReqId: 3f]\"}",
     SUBJECT_TABLE, ERR_SRC_TOKEN_EXPIRED, "403", "ReqId"},
    {401, NULL,
     "{\"error_code\":401,\"message\":\"Credential was not sent or was of an unsupported type for "
     "this API.\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, "401", "Credential"},
    {400, NULL, "{\"error_code\":400,\"message\":\"ExpiredJwtException\"}", SUBJECT_NONE,
     ERR_SRC_TOKEN_EXPIRED, "400", ""},
    {400, NULL, "{\"error_code\":400,\"message\":\"something\"}", SUBJECT_NONE,
     ERR_SRC_UNCLASSIFIED, "400", ""},
    {403, NULL,
     "{\"error_code\":403,\"message\":\"Source IP address: 1.2.3.4 is blocked by Databricks IP ACL "
     "for workspace: 42\"}",
     SUBJECT_NONE, ERR_SRC_IP_BLOCKED, "403", "1.2.3.4"},
    {403, NULL, "{\"error_code\":403,\"message\":\"Unauthorized access to Org: 42\"}", SUBJECT_NONE,
     ERR_SRC_SP_NOT_IN_WORKSPACE, "403", ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Unauthorized network access to workspace: 42\"}",
     SUBJECT_NONE, ERR_SRC_PRIVATE_LINK_ONLY, "403", ""},
    {403, "text/plain", "Source IP address: 1.2.3.4 is blocked by Databricks IP ACL", SUBJECT_NONE,
     ERR_SRC_IP_BLOCKED, "", ""},
    /* the level, by detail and by sentence; a name cannot pose as one */
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have USE CATALOG on "
     "Catalog "
     "'main'.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_CATALOG, NULL, "main"},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have USE SCHEMA on Schema "
     "'main.on catalog '.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_SCHEMA, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have SELECT on Table "
     "'a.b.USE "
     "CATALOG on Catalog'.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_TABLE, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"x\",\"details\":[{\"@type\":"
     "\"type.googleapis.com/google.rpc.ErrorInfo\",\"reason\":\"PERMISSION_DENIED\",\"domain\":"
     "\"unity-catalog.databricks.com\",\"metadata\":{\"resourceType\":\"schema\"}},{\"@type\":"
     "\"type.googleapis.com/google.rpc.RequestInfo\",\"request_id\":\"req-9\",\"serving_data\":"
     "\"\"}]}",
     SUBJECT_NONE, ERR_SRC_PERM_SCHEMA, NULL, "x"},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"You do not have permission to use the "
     "SQL "
     "Warehouse.\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_NO_CAN_USE, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"x does not have permission to start SQL "
     "warehouse y\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_START_DENIED, NULL, ""},
    {403, NULL, "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"no\"}",
     SUBJECT_WAREHOUSE_START, ERR_SRC_WH_START_DENIED, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"This API is disabled for users without "
     "the "
     "databricks-sql-access entitlement.\"}",
     SUBJECT_SUBMIT, ERR_SRC_ENTITLEMENT_SQL, NULL, ""},
    /* not there */
    {404, NULL,
     "{\"error_code\":\"TABLE_DOES_NOT_EXIST\",\"message\":\"Table 'a.b.c' does not exist.\"}",
     SUBJECT_TABLE, ERR_SRC_TABLE_NOT_FOUND, NULL, "a.b.c"},
    {404, NULL, "{\"error_code\":\"SCHEMA_DOES_NOT_EXIST\",\"message\":\"m\"}", SUBJECT_TABLE,
     ERR_SRC_TABLE_NOT_FOUND, NULL, ""},
    {404, NULL, "{\"error_code\":\"CATALOG_DOES_NOT_EXIST\",\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Warehouse x does not exist\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_NOT_FOUND, NULL, ""},
    {400, NULL,
     "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"x is not a valid endpoint id.\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_NOT_FOUND, NULL, ""},
    {400, NULL, "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"wait_timeout\"}",
     SUBJECT_SUBMIT, ERR_SRC_UNCLASSIFIED, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"NOT_FOUND\",\"message\":\"The result of the statement was not found\"}",
     SUBJECT_STATEMENT, ERR_SRC_STMT_CLOSED, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"ENDPOINT_NOT_FOUND\",\"message\":\"No API found for 'POST /x'\"}",
     SUBJECT_NONE, ERR_SRC_HOST_WRONG, NULL, ""},
    {404, "text/plain", "Not Found", SUBJECT_NONE, ERR_SRC_HOST_WRONG, "", "Not Found"},
    /* busy and in trouble; the code is stronger than the status */
    {429, NULL, "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\",\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_RATE_LIMIT, NULL, ""},
    {500, NULL, "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\",\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_RATE_LIMIT, NULL, ""},
    {429, "text/html", "<html><pre>Too many</pre></html>", SUBJECT_NONE, ERR_SRC_RATE_LIMIT, "",
     "Too many"},
    {400, NULL, "{\"error_code\":\"TEMPORARILY_UNAVAILABLE\",\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, NULL, ""},
    {503, "text/html", "<html><head><title>503 busy</title></head></html>", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, "", "503 busy"},
    {502, NULL, "", SUBJECT_NONE, ERR_SRC_UNAVAILABLE, "", "502"},
    /* pages */
    {200, "text/html", "<!doctype html><title>Login</title>", SUBJECT_NONE, ERR_SRC_HOST_WRONG, "",
     "Login"},
    {200, "text/html", "<html>private-link-validation-error</html>", SUBJECT_NONE,
     ERR_SRC_PRIVATE_LINK_ONLY, "", ""},
    {200, NULL, "not json", SUBJECT_NONE, ERR_SRC_HOST_WRONG, "", "not the JSON"},
    /* a result that cannot be read is not quoted: it holds rows */
    {200, NULL, "{\"result\":{\"data_array\":[[\"ann@example.com\"", SUBJECT_STATEMENT,
     ERR_SRC_HOST_WRONG, "", "not the JSON"},
    {403, "text/html", "<html><pre>blocked by Databricks IP ACL</pre>", SUBJECT_NONE,
     ERR_SRC_IP_BLOCKED, "", ""},
    /* the other envelopes */
    {400, NULL, "{\"error\":\"Param x is missing\"}", SUBJECT_NONE, ERR_SRC_UNCLASSIFIED,
     "Param x is missing", "Param x"},
    {401, NULL,
     "{\"error\":\"invalid_client\",\"error_description\":\"Client authentication failed\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, "invalid_client", "authentication failed"},
    {403, NULL,
     "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":\"null\","
     "\"status\":"
     "\"403\",\"scimType\":\"sensitive\"}",
     SUBJECT_NONE, ERR_SRC_PERM_DENIED, "SCIM_403", "sensitive"},
    {404, NULL,
     "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":\"gone\","
     "\"status\":"
     "\"404\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, "SCIM_404", "gone"},
    {400, "text/plain", "INVALID_STATE: not now", SUBJECT_NONE, ERR_SRC_UNCLASSIFIED,
     "INVALID_STATE", "not now"},
    {418, NULL, "{\"error_code\":\"NEW_THING\",\"message\":\"line one\\n\\tline two\\u001b[31m\"}",
     SUBJECT_NONE, ERR_SRC_UNCLASSIFIED, "NEW_THING", "line one line two\\x1b"},
    {400, NULL, "[]", SUBJECT_NONE, ERR_SRC_UNCLASSIFIED, "", "[]"},
    {400, NULL, "{}", SUBJECT_NONE, ERR_SRC_UNCLASSIFIED, "", "400"},
    {400, NULL, "{\"error_code\":{},\"message\":[],\"details\":{}}", SUBJECT_NONE,
     ERR_SRC_UNCLASSIFIED, "", "400"},
    {400, NULL, "{\"error_code\":12345678901234567890,\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_UNCLASSIFIED, NULL, "m"},
};

static void check_answer(const struct answer *answer)
{
    struct net_response response = {
        .status = answer->status, .content_length = -1, .retry_after_ms = -1};
    struct databricks_problem problem;
    struct err err = ERR_INIT, ignored = ERR_INIT;
    cJSON *json;

    base_buf_init(&response.body, 1 << 16);
    assert_int_equal(base_buf_text(&response.body, answer->body), 0);
    strcpy(response.content_type, answer->type ? answer->type : "application/json");
    json = base_json_parse(answer->body, strlen(answer->body), 1 << 16, &ignored);
    databricks_problem_read(&problem, &response, json);
    databricks_problem_map(&problem, answer->subject, &err);
    if (err.code != answer->code || !strstr(err.message, answer->message) ||
        (answer->remote && strcmp(err.remote_code, answer->remote) != 0))
        fail_msg("%d %s: %s \"%s\" (%s)", answer->status, answer->body, base_err_name(err.code),
                 err.message, err.remote_code);
    assert_int_equal(err.http_status, answer->status);
    databricks_problem_free(&problem);
    cJSON_Delete(json);
    base_buf_free(&response.body);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(answers); i++)
        check_answer(&answers[i]);
}

struct failure {
    const char *status;
    enum err_code code;
    const char *sqlstate;
};

static const struct failure failures[] = {
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[INSUFFICIENT_PERMISSIONS] "
     "Insufficient privileges:\\nUser does not have USE CATALOG on Catalog 'main'. SQLSTATE: "
     "42501\"},\"sql_state\":\"42501\"}",
     ERR_SRC_PERM_CATALOG, "42501"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[INSUFFICIENT_PERMISSIONS] "
     "Insufficient privileges:\\nUser does not have USE SCHEMA on Schema 'a.b'. SQLSTATE: "
     "42501\"}}",
     ERR_SRC_PERM_SCHEMA, "42501"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[INSUFFICIENT_PERMISSIONS] "
     "Insufficient privileges:\\nUser does not have SELECT on Table 'a.b.c'.\"},\"sql_state\":"
     "\"42501\"}",
     ERR_SRC_PERM_TABLE, "42501"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"PERMISSION_DENIED: User does not "
     "have "
     "SELECT on Table 'a.b.c'.\"}}",
     ERR_SRC_PERM_TABLE, ""},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[TABLE_OR_VIEW_NOT_FOUND] The table "
     "or "
     "view `a`.`b` cannot be found. SQLSTATE: 42P01; line 1 pos 14\"},\"sql_state\":\"42P01\"}",
     ERR_SRC_TABLE_NOT_FOUND, "42P01"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"\\n[PARSE_SYNTAX_ERROR] Syntax "
     "error at "
     "or near 'FORM'. SQLSTATE: 42601 (line 1, pos 9)\\n\\n== SQL ==\\nSELECT * FORM x\"}}",
     ERR_SRC_SQL_INVALID, "42601"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[UNRESOLVED_COLUMN.WITH_SUGGESTION] "
     "x\"},\"sql_state\":\"42703\"}",
     ERR_SRC_SQL_INVALID, "42703"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[CAST_INVALID_INPUT] x\"},"
     "\"sql_state\":\"22018\"}",
     ERR_SRC_SQL_INVALID, "22018"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[DELTA_VERSION_NOT_FOUND] Cannot "
     "time "
     "travel\"},\"sql_state\":\"22003\"}",
     ERR_SRC_FILES_GONE, "22003"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"[QUERY_EXECUTION_TIMEOUT_EXCEEDED] "
     "x\"},\"sql_state\":\"57KD0\"}",
     ERR_SRC_STMT_TIMEOUT, "57KD0"},
    {"{\"error\":{\"error_code\":\"BAD_REQUEST\",\"message\":\"Inline byte limit exceeded. "
     "Statements "
     "executed with disposition=INLINE can have a result size of at most 26214400 bytes.\"}}",
     ERR_SRC_RESULT_INLINE_LIMIT, ""},
    {"{\"error\":{\"error_code\":\"TEMPORARILY_UNAVAILABLE\",\"message\":\"x\"}}",
     ERR_SRC_UNAVAILABLE, ""},
    {"{\"error\":{\"error_code\":\"RESOURCE_EXHAUSTED\",\"message\":\"x\"}}", ERR_SRC_RATE_LIMIT,
     ""},
    {"{\"error\":{\"error_code\":\"UNKNOWN\",\"message\":\"x\"}}", ERR_SRC_UNCLASSIFIED, ""},
    {"{}", ERR_SRC_UNCLASSIFIED, ""},
};

static void test_failures(void **state)
{
    (void)state;
    for (size_t i = 0; i < base_countof(failures); i++) {
        struct err err = ERR_INIT, ignored = ERR_INIT;
        cJSON *json =
            base_json_parse(failures[i].status, strlen(failures[i].status), 1 << 16, &ignored);

        assert_non_null(json);
        databricks_sql_map(json, "01f0-1", &err);
        if (err.code != failures[i].code)
            fail_msg("%s: %s", failures[i].status, base_err_name(err.code));
        assert_string_equal(err.sqlstate, failures[i].sqlstate);
        assert_string_equal(err.statement_id, "01f0-1");
        assert_null(strstr(err.message, "== SQL"));
        assert_null(strchr(err.message, '\n'));
        cJSON_Delete(json);
    }
}

/* A million columns times a million empty rows is a short answer and 8 TB of cells. */
static void test_rows_that_are_not_there(void **state)
{
    struct databricks_rows rows = {0};
    struct err err = ERR_INIT;
    cJSON *json = base_json_object();
    cJSON *list = base_json_add_array(json, "data_array");

    (void)state;
    for (int i = 0; i < 1000; i++)
        base_json_push_take(list, cJSON_CreateArray());
    assert_int_equal(databricks_rows_read(json, SIZE_MAX / 16, SIZE_MAX, &rows, &err), -1);
    assert_int_equal(err.code, ERR_SRC_UNCLASSIFIED);
    assert_null(rows.cells);
    assert_int_equal(rows.row_count, 0);
    databricks_rows_free(&rows);
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_rows_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
