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

/* Every error body that is recorded or documented for the calls we make, and what it is called.
 * Hardly any may be without a name of its own. */
static const struct answer corpus[] = {
    {401, NULL,
     "{\"error_code\":401,\"message\":\"Credential was not sent or was of an unsupported type for "
     "this API.\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Invalid access token.\"}", SUBJECT_NONE,
     ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL,
     "{\"error_code\":403,\"message\":\"Invalid access token. [ReqId: "
     "0b4b2f06-7f3a-4f0e-b1c1-1f2a5e3d9c11]\"}",
     SUBJECT_TABLE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"JWT has expired\"}", SUBJECT_NONE,
     ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Invalid Token\"}", SUBJECT_SUBMIT,
     ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {400, NULL,
     "{\"error_code\":400,\"message\":\"io.jsonwebtoken.ExpiredJwtException: JWT expired at "
     "2024-01-01T00:00:00Z\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {401, NULL, "{\"error_code\":401,\"message\":\"Token is expired\"}", SUBJECT_NONE,
     ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Token is expiring within 30 seconds.\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {403, NULL,
     "{\"error_code\":403,\"message\":\"Source IP address: 198.51.100.7 is blocked by Databricks "
     "IP ACL for workspace: 7474652263321\"}",
     SUBJECT_NONE, ERR_SRC_IP_BLOCKED, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"Source IP address: 198.51.100.7 is "
     "blocked by Databricks IP ACL for workspace: 7474652263321\"}",
     SUBJECT_SUBMIT, ERR_SRC_IP_BLOCKED, NULL, ""},
    {403, "text/plain",
     "Source IP address: 198.51.100.7 is blocked by Databricks IP ACL for workspace: 7474652263321",
     SUBJECT_NONE, ERR_SRC_IP_BLOCKED, NULL, ""},
    {403, "text/html",
     "<html><head><title>403</title></head><body><pre>Source IP address: 198.51.100.7 is blocked "
     "by Databricks IP ACL for workspace: 7474652263321</pre></body></html>",
     SUBJECT_NONE, ERR_SRC_IP_BLOCKED, NULL, ""},
    {403, NULL,
     "{\"error_code\":403,\"message\":\"Unauthorized network access to workspace: 7474652263321\"}",
     SUBJECT_NONE, ERR_SRC_PRIVATE_LINK_ONLY, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Unauthorized network access to workspace\"}",
     SUBJECT_WAREHOUSE, ERR_SRC_PRIVATE_LINK_ONLY, NULL, ""},
    {200, "text/html",
     "<html><script>location='/login.html?error=private-link-validation-error'</script></html>",
     SUBJECT_NONE, ERR_SRC_PRIVATE_LINK_ONLY, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"Unauthorized access to Org: 7474652263321\"}",
     SUBJECT_NONE, ERR_SRC_SP_NOT_IN_WORKSPACE, NULL, ""},
    {403, NULL, "{\"error_code\":403,\"message\":\"User is inactive.\"}", SUBJECT_NONE,
     ERR_SRC_SP_DISABLED, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"This API is disabled for users without "
     "the databricks-sql-access entitlement.\"}",
     SUBJECT_SUBMIT, ERR_SRC_ENTITLEMENT_SQL, NULL, ""},
    {401, NULL,
     "{\"error_code\":\"UNAUTHENTICATED\",\"message\":\"External access is not "
     "enabled.\",\"details\":[{\"@type\":\"type.googleapis.com/"
     "google.rpc.ErrorInfo\",\"reason\":\"UNITY_CATALOG_EXTERNAL_GENERATE_TABLE_CREDENTIALS_"
     "DENIED\"}]}",
     SUBJECT_TABLE, ERR_SRC_PERM_DENIED, NULL, ""},
    {401, NULL, /* the open-source server: a reason that only repeats the code is no policy */
     "{\"error_code\":\"UNAUTHENTICATED\",\"message\":\"Invalid access token.\",\"details\":[{"
     "\"@type\":\"google.rpc.ErrorInfo\",\"reason\":\"UNAUTHENTICATED\"}]}",
     SUBJECT_TABLE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {401, NULL,
     "{\"error_code\":\"CUSTOMER_UNAUTHORIZED\",\"message\":\"The customer is not authorized\"}",
     SUBJECT_NONE, ERR_SRC_PERM_DENIED, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have USE CATALOG on "
     "Catalog 'main'.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_CATALOG, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have USE SCHEMA on Schema "
     "'main.s'.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_SCHEMA, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have SELECT on Table "
     "'main.s.User is inactive'.\"}",
     SUBJECT_TABLE, ERR_SRC_PERM_TABLE, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have EXTERNAL USE SCHEMA "
     "on Schema "
     "'c.s'.\",\"details\":[{\"@type\":\"type.googleapis.com/"
     "google.rpc.ErrorInfo\",\"reason\":\"PERMISSION_DENIED\",\"domain\":\"unity-catalog."
     "databricks.com\",\"metadata\":{\"resourceType\":\"Schema\",\"resourceName\":\"c.s\"}},{\"@"
     "type\":\"type.googleapis.com/"
     "google.rpc.RequestInfo\",\"request_id\":\"r\",\"serving_data\":\"\"}]}",
     SUBJECT_TABLE, ERR_SRC_PERM_SCHEMA, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"Catalog 'main' is not accessible in "
     "current workspace\"}",
     SUBJECT_TABLE, ERR_SRC_CATALOG_UNBOUND, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"Catalog 'main' is not accessible in "
     "current workspace\","
     "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"metadata\":{"
     "\"resourceType\":\"Catalog\"}}]}",
     SUBJECT_TABLE, ERR_SRC_CATALOG_UNBOUND, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"User does not have USE CATALOG on "
     "Catalog 'not bound'.\","
     "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"metadata\":{"
     "\"resourceType\":\"Catalog\"}}]}",
     SUBJECT_TABLE, ERR_SRC_PERM_CATALOG, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"TABLE_DOES_NOT_EXIST\",\"message\":\"Table 'a.b.c' does not exist.\"}",
     SUBJECT_TABLE, ERR_SRC_TABLE_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"SCHEMA_DOES_NOT_EXIST\",\"message\":\"Schema 'a.b' does not exist.\"}",
     SUBJECT_TABLE, ERR_SRC_TABLE_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"CATALOG_DOES_NOT_EXIST\",\"message\":\"Catalog 'x' does not exist.\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"METASTORE_DOES_NOT_EXIST\",\"message\":\"No metastore assigned for the "
     "current workspace.\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"PRINCIPAL_DOES_NOT_EXIST\",\"message\":\"Could not find principal with "
     "name x\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"STORAGE_CREDENTIAL_DOES_NOT_EXIST\",\"message\":\"Storage Credential 'x' "
     "does not exist.\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"EXTERNAL_LOCATION_DOES_NOT_EXIST\",\"message\":\"External Location 'x' "
     "does not exist.\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, NULL, "{\"error_code\":\"TABLE_NOT_FOUND\",\"message\":\"Table not found: a.b.c\"}",
     SUBJECT_TABLE, ERR_SRC_TABLE_NOT_FOUND, NULL, ""},
    {404, NULL, "{\"error_code\":\"CATALOG_NOT_FOUND\",\"message\":\"Catalog not found: x\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {400, NULL,
     "{\"error_code\":\"FEATURE_DISABLED\",\"message\":\"Unity Catalog is not available for "
     "feature tier STANDARD_TIER.\"}",
     SUBJECT_NONE, ERR_SRC_PERM_DENIED, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"ENDPOINT_NOT_FOUND\",\"message\":\"No API found for 'GET "
     "/api/2.1/unity-catalog/x'\"}",
     SUBJECT_NONE, ERR_SRC_HOST_WRONG, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"Warehouse 00000000deadbeef does "
     "not exist\"}",
     SUBJECT_WAREHOUSE, ERR_SRC_WH_NOT_FOUND, NULL, ""},
    {400, NULL,
     "{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"x is not a valid endpoint id.\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_NOT_FOUND, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"You do not have permission to use the "
     "SQL Warehouse.\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_NO_CAN_USE, NULL, ""},
    {403, NULL,
     "{\"error_code\":\"PERMISSION_DENIED\",\"message\":\"aampe does not have permission to start "
     "SQL warehouse x\"}",
     SUBJECT_SUBMIT, ERR_SRC_WH_START_DENIED, NULL, ""},
    {404, NULL,
     "{\"error_code\":\"NOT_FOUND\",\"message\":\"The result of the statement 01f0 was not "
     "found.\"}",
     SUBJECT_STATEMENT, ERR_SRC_STMT_CLOSED, NULL, ""},
    {404, NULL, "{\"error_code\":\"NOT_FOUND\",\"message\":\"Session 01f0 does not exist.\"}",
     SUBJECT_STATEMENT, ERR_SRC_STMT_CLOSED, NULL, ""},
    {499, NULL, "{\"error_code\":\"CANCELLED\",\"message\":\"The request was cancelled.\"}",
     SUBJECT_STATEMENT, ERR_SRC_STMT_CANCELED, NULL, ""},
    {409, NULL, "{\"error_code\":\"ABORTED\",\"message\":\"The operation was aborted.\"}",
     SUBJECT_STATEMENT, ERR_SRC_UNAVAILABLE, NULL, ""},
    {429, NULL,
     "{\"error_code\":\"REQUEST_LIMIT_EXCEEDED\",\"message\":\"GetUserPermissionsRequest RPC token "
     "bucket limit has been exceeded.\"}",
     SUBJECT_NONE, ERR_SRC_RATE_LIMIT, NULL, ""},
    {429, NULL, "{\"error_code\":\"RESOURCE_EXHAUSTED\",\"message\":\"Too many requests\"}",
     SUBJECT_SUBMIT, ERR_SRC_RATE_LIMIT, NULL, ""},
    {500, NULL,
     "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":\"REQUEST_LIMIT_"
     "EXCEEDED: too many\",\"status\":\"500\"}",
     SUBJECT_NONE, ERR_SRC_RATE_LIMIT, NULL, ""},
    {500, NULL, "{\"error_code\":\"INTERNAL_ERROR\",\"message\":\"Internal error happened\"}",
     SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {500, NULL, "{\"error_code\":\"UNKNOWN\",\"message\":\"unknown\"}", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, NULL, ""},
    {500, NULL, "{\"error_code\":\"DATA_LOSS\",\"message\":\"lost\"}", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, NULL, ""},
    {503, NULL,
     "{\"error_code\":\"TEMPORARILY_UNAVAILABLE\",\"message\":\"The service at "
     "/api/2.0/sql/statements is temporarily unavailable. Please try again later.\"}",
     SUBJECT_SUBMIT, ERR_SRC_UNAVAILABLE, NULL, ""},
    {503, NULL, "{\"error_code\":\"SERVICE_UNDER_MAINTENANCE\",\"message\":\"m\"}", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, NULL, ""},
    {503, NULL, "{\"error_code\":\"WORKSPACE_TEMPORARILY_UNAVAILABLE\",\"message\":\"m\"}",
     SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {504, NULL, "{\"error_code\":\"DEADLINE_EXCEEDED\",\"message\":\"deadline exceeded\"}",
     SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {502, "text/html",
     "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>",
     SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {504, NULL, "", SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {503, "text/plain", "upstream connect error or disconnect/reset before headers", SUBJECT_NONE,
     ERR_SRC_UNAVAILABLE, NULL, ""},
    {408, NULL, "", SUBJECT_NONE, ERR_SRC_UNAVAILABLE, NULL, ""},
    {403, NULL,
     "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":\"null\","
     "\"status\":\"403\"}",
     SUBJECT_NONE, ERR_SRC_PERM_DENIED, NULL, ""},
    {404, NULL,
     "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"detail\":\"User not "
     "found\",\"status\":\"404\"}",
     SUBJECT_NONE, ERR_SRC_NOT_FOUND, NULL, ""},
    {404, "text/plain", "RESOURCE_DOES_NOT_EXIST: Service principal 42 not found", SUBJECT_NONE,
     ERR_SRC_NOT_FOUND, NULL, ""},
    {403, "text/plain", "PERMISSION_DENIED: caller is not an account admin", SUBJECT_NONE,
     ERR_SRC_PERM_DENIED, NULL, ""},
    {401, NULL, "{\"error\":\"invalid_token\",\"error_description\":\"the token is over\"}",
     SUBJECT_NONE, ERR_SRC_TOKEN_EXPIRED, NULL, ""},
    {200, "text/html",
     "<!doctype html><html><head><title>Databricks - Sign In</title></head></html>", SUBJECT_NONE,
     ERR_SRC_HOST_WRONG, NULL, ""},
    {404, "text/html", "<html><head><title>404 Not Found</title></head></html>", SUBJECT_NONE,
     ERR_SRC_HOST_WRONG, NULL, ""},
    {404, NULL, "", SUBJECT_NONE, ERR_SRC_HOST_WRONG, NULL, ""},
    {200, "text/plain", "It works!", SUBJECT_NONE, ERR_SRC_HOST_WRONG, NULL, ""},
    {511, "text/html", "<html><title>Network Authentication Required</title></html>", SUBJECT_NONE,
     ERR_PROXY_HTML, NULL, ""},
    {409, NULL,
     "{\"error_code\":\"MOON_PHASE_UNSUITABLE\",\"message\":\"The request cannot be served in this "
     "phase of the moon.\"}",
     SUBJECT_NONE, ERR_SRC_UNCLASSIFIED, NULL, ""},
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
    {"{\"error\":{\"error_code\":\"TEMPORARILY_UNAVAILABLE\",\"message\":\"Clusters are failing to "
     "launch. Cluster launch will be retried. Details for the latest failure: Error code: "
     "CLOUD_FAILURE\"}}",
     ERR_SRC_WH_START_FAILED, ""},
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

static void test_corpus(void **state)
{
    size_t unknown = 0;

    (void)state;
    for (size_t i = 0; i < base_countof(corpus); i++) {
        check_answer(&corpus[i]);
        unknown += corpus[i].code == ERR_SRC_UNCLASSIFIED;
    }
    print_message("%zu bodies, %zu unclassified\n", base_countof(corpus), unknown);
    assert_true(base_countof(corpus) >= 60 && unknown * 50 < base_countof(corpus));
}

static void map(struct net_response *response, const char *body, size_t len, struct err *err)
{
    struct databricks_problem problem;
    struct err ignored = ERR_INIT;
    cJSON *json;

    base_buf_init(&response->body, (size_t)16 << 20);
    assert_int_equal(base_buf_append(&response->body, body, len), 0);
    json = base_json_parse(body, len, (size_t)16 << 20, &ignored);
    databricks_problem_read(&problem, response, json);
    databricks_problem_map(&problem, SUBJECT_NONE, err);
    assert_true(strlen(problem.message) <= 1024);
    databricks_problem_free(&problem);
    cJSON_Delete(json);
    base_buf_free(&response->body);
}

/* Whatever comes, what is kept of it is short, one line and without a control character. */
static void check_hostile(const char *type, const char *body, size_t len)
{
    struct net_response response = {.status = 400, .content_length = -1, .retry_after_ms = -1};
    struct err err = ERR_INIT;
    cJSON *json;
    char *text;

    strcpy(response.content_type, type);
    map(&response, body, len, &err);
    assert_int_equal(err.code, ERR_SRC_UNCLASSIFIED);
    assert_int_equal(err.http_status, 400);
    for (const unsigned char *p = (const unsigned char *)err.message; *p; p++)
        assert_true(*p >= 0x20 && *p != 0x7f && (*p != 0xc2 || p[1] >= 0xa0));
    json = base_err_to_json(&err);
    text = base_json_print(json);
    assert_true(strlen(text) < 4096);
    free(text);
    cJSON_Delete(json);
}

static void test_hostile_bodies(void **state)
{
    static const char *const texts[] = {
        "\x1b]52;c;ZXZpbA==\x07 and \x1b[2J\x9b"
        "31m",
        "a\rb\nc\td\vd\x08\x7f",
        "\xff\xfe\xc3\x28 \xf0\x28\x8c\x28",
        "\xc2\x9b"
        "31m \xe2\x80\xae"
        "gnp.exe",
        "{\"error_code\":\"X\\u001b[31m\\u0000\",\"message\":\"\\u202e\\r\\n\\u009b\"}",
        "{\"error_code\":\"X\",\"message\":\"a\",\"message\":\"b\"}",
        "{\"error_code\":1e999,\"message\":{\"a\":[]}}",
        "\"just a text\"",
        "null",
        "-"};
    static const char opening[] = "{\"error_code\":\"X\",\"message\":\"";
    size_t size = (size_t)4 << 20;
    char *big = base_alloc(size + 1);

    (void)state;
    for (size_t i = 0; i < base_countof(texts); i++) {
        check_hostile("application/json", texts[i], strlen(texts[i]));
        check_hostile("text/plain", texts[i], strlen(texts[i]));
    }
    memset(big, '[', size);
    check_hostile("application/json", big, size);
    memset(big, 'A', size);
    check_hostile("text/plain", big, size);
    memset(big, '\x1b', size);
    check_hostile("text/plain", big, size);
    memset(big, 'm', size);
    memcpy(big, opening, sizeof opening - 1);
    memcpy(big + size - 2, "\"}", 2);
    check_hostile("application/json", big, size);
    free(big);
}

static void fact_is(const struct err *err, const char *name, const char *value)
{
    char text[256] = "";

    (void)base_err_fact_get(err, name, text, sizeof text);
    assert_string_equal(text, value);
}

/* What the gateway names comes out as evidence and in the hint; a clock is blamed where it is. */
static void test_evidence(void **state)
{
    static const char ip[] = "{\"error_code\":403,\"message\":\"Source IP address: 198.51.100.7 is "
                             "blocked by Databricks IP ACL for workspace: 42\"}";
    static const char over[] = "{\"error_code\":403,\"message\":\"Invalid access token.\"}";
    static const char page[] = "<html><head><title>Corporate Web Gateway</title></head></html>";
    struct net_response response = {.status = 403, .content_length = -1, .retry_after_ms = -1};
    struct err err = ERR_INIT;

    (void)state;
    strcpy(response.content_type, "application/json");
    map(&response, ip, sizeof ip - 1, &err);
    fact_is(&err, "source_address", "198.51.100.7");
    fact_is(&err, "workspace_id", "42");
    assert_non_null(strstr(err.hint, "198.51.100.7"));
    base_err_clear(&err);
    response.clock_offset_us = (int64_t)-7200 * 1000000;
    map(&response, over, sizeof over - 1, &err);
    assert_int_equal(err.code, ERR_HOST_CLOCK);
    assert_int_equal(base_err_fact_number(&err, "clock_offset_seconds"), -7200);
    base_err_clear(&err);
    response.trace.proxied = true;
    strcpy(response.content_type, "text/html");
    map(&response, page, sizeof page - 1, &err);
    assert_int_equal(err.code, ERR_PROXY_HTML);
    assert_non_null(strstr(err.message, "Corporate Web Gateway"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_hostile_bodies), cmocka_unit_test(test_evidence),
        cmocka_unit_test(test_failures),       cmocka_unit_test(test_rows_that_are_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
