#include "sandbox/auth.h"
#include "sandbox/fault.h"
#include "sandbox/network.h"
#include "sandbox/server.h"
#include "sandbox/unity.h"

#include <string.h>
#include <time.h>

#define UC "/api/2.1/unity-catalog"
#define SQL "/api/2.0/sql"

struct route {
    const char *method, *pattern; /* "{}" stands for one path segment */
    const char *endpoint;         /* its name for faults and in the list of requests */
    bool open;                    /* no credential needed */
    void (*handle)(struct sandbox_exchange *exchange);
};

static const struct route routes[] = {
    {"POST", "/oidc/v1/token", "token", true, sandbox_endpoint_token},
    {"GET", "/.well-known/databricks-config", "discovery", true,
     sandbox_endpoint_databricks_config},
    {"GET", "/oidc/.well-known/oauth-authorization-server", "discovery", true,
     sandbox_endpoint_oauth_server},
    {"GET", "/oidc/.well-known/openid-configuration", "discovery", true,
     sandbox_endpoint_oauth_server},
    {"GET", "/login.html", "login", true, sandbox_endpoint_login_page},
    {"GET", "/", "login", true, sandbox_endpoint_login_page},
    {"GET", "/api/2.0/preview/scim/v2/Me", "me", false, sandbox_endpoint_me},
    {"GET", "/api/2.0/preview/scim/v2/ServicePrincipals", "service_principals", false,
     sandbox_endpoint_service_principals},
    {"GET", "/api/2.0/preview/scim/v2/ServicePrincipals/{}", "service_principal", false,
     sandbox_endpoint_service_principal},
    {"GET", "/api/2.0/accounts/servicePrincipals/{}/credentials/secrets", "secrets", false,
     sandbox_endpoint_secrets},
    {"GET", "/api/2.0/accounts/{}/servicePrincipals/{}/credentials/secrets", "account_secrets",
     false, sandbox_endpoint_secrets},
    {"GET", UC "/metastores/{}/systemschemas", "system_schemas", false,
     sandbox_endpoint_system_schemas},
    {"GET", UC "/metastore_summary", "metastore", false, sandbox_endpoint_metastore_summary},
    {"GET", UC "/current-metastore-assignment", "metastore", false,
     sandbox_endpoint_metastore_assignment},
    {"GET", UC "/catalogs", "catalogs", false, sandbox_endpoint_catalogs},
    {"GET", UC "/catalogs/{}", "catalog", false, sandbox_endpoint_catalog},
    {"GET", UC "/schemas", "schemas", false, sandbox_endpoint_schemas},
    {"GET", UC "/schemas/{}", "schema", false, sandbox_endpoint_schema},
    {"GET", UC "/tables", "tables", false, sandbox_endpoint_tables},
    {"GET", UC "/tables/{}", "table", false, sandbox_endpoint_table},
    {"GET", UC "/tables/{}/exists", "table_exists", false, sandbox_endpoint_table_exists},
    {"GET", UC "/table-summaries", "summaries", false, sandbox_endpoint_table_summaries},
    {"GET", UC "/permissions/{}/{}", "permissions", false, sandbox_endpoint_permissions},
    {"PATCH", UC "/permissions/{}/{}", "permissions_change", false,
     sandbox_endpoint_permissions_change},
    {"GET", UC "/effective-permissions/{}/{}", "effective", false,
     sandbox_endpoint_permissions_effective},
    {"GET", SQL "/warehouses", "warehouses", false, sandbox_endpoint_warehouses},
    {"GET", SQL "/warehouses/{}", "warehouse", false, sandbox_endpoint_warehouse},
    {"POST", SQL "/warehouses/{}/start", "warehouse_start", false,
     sandbox_endpoint_warehouse_start},
    {"POST", SQL "/warehouses/{}/stop", "warehouse_stop", false, sandbox_endpoint_warehouse_stop},
    {"GET", "/api/2.0/permissions/warehouses/{}", "warehouse_permissions", false,
     sandbox_endpoint_warehouse_permissions},
    {"POST", SQL "/sessions", "sessions", false, sandbox_endpoint_session_open},
    {"DELETE", SQL "/sessions/{}", "session_close", false, sandbox_endpoint_session_close},
    {"POST", SQL "/statements", "statements", false, sandbox_endpoint_statement_submit},
    {"GET", SQL "/statements/{}", "poll", false, sandbox_endpoint_statement_poll},
    {"GET", SQL "/statements/{}/result/chunks/{}", "chunk", false,
     sandbox_endpoint_statement_chunk},
    {"POST", SQL "/statements/{}/cancel", "cancel", false, sandbox_endpoint_statement_cancel},
    {"DELETE", SQL "/statements/{}", "close", false, sandbox_endpoint_statement_close},
    {"GET", "/results/{}", "link", true, sandbox_endpoint_link},
};

static void arguments_clear(struct sandbox_exchange *exchange)
{
    for (size_t i = 0; i < exchange->argument_count; i++)
        free(exchange->arguments[i]);
    exchange->argument_count = 0;
}

/* Takes the path apart along the pattern; a trailing slash is allowed (drivers send one). */
static bool route_matches(struct sandbox_exchange *exchange, const char *pattern)
{
    const char *path = exchange->path;

    arguments_clear(exchange);
    while (*pattern) {
        size_t len;
        char *text;

        if (pattern[0] != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        len = strcspn(path, "/");
        text = len ? sandbox_text_unescape(path, len, false) : NULL;
        if (!text)
            return false;
        exchange->arguments[exchange->argument_count++] = text;
        path += len;
        pattern += 2;
    }
    return !*path || (path[0] == '/' && !path[1]);
}

static const struct route *route_find(struct sandbox_exchange *exchange)
{
    for (size_t i = 0; i < base_countof(routes); i++) {
        if (strcmp(routes[i].method, exchange->method) == 0 &&
            route_matches(exchange, routes[i].pattern))
            return &routes[i];
    }
    arguments_clear(exchange);
    return NULL;
}

static void wait_ms(struct sandbox_server *server, int64_t ms)
{
    struct timespec slice = {.tv_nsec = 20000000};

    for (; ms > 0 && !atomic_load(&server->stopping); ms -= 20)
        nanosleep(&slice, NULL);
}

static cJSON *hit(struct sandbox_exchange *exchange, const char *kind)
{
    struct sandbox_fault_probe probe = {.endpoint = exchange->endpoint,
                                        .path = exchange->path,
                                        .principal = exchange->principal,
                                        .statement = NULL,
                                        .chunk = -1};

    return sandbox_fault_hit(exchange->server, kind, &probe);
}

static void retry_after(struct sandbox_exchange *exchange, const cJSON *options)
{
    const char *seconds = base_json_str(options, "retry_after");

    if (seconds)
        sandbox_reply_header(exchange, "Retry-After", seconds);
}

static void fault_rate_limit(struct sandbox_exchange *exchange, const cJSON *options)
{
    if (exchange->object_store)
        sandbox_reply_xml(exchange, 503, "SlowDown", "Please reduce your request rate.", NULL);
    else
        sandbox_reply_error(exchange, 429, "REQUEST_LIMIT_EXCEEDED",
                            "RPC token bucket limit has been exceeded.");
    retry_after(exchange, options);
}

static void fault_unavailable(struct sandbox_exchange *exchange, const cJSON *options)
{
    if (exchange->object_store)
        sandbox_reply_xml(exchange, 503, "ServiceUnavailable",
                          "Service is unable to handle request.", NULL);
    else
        sandbox_reply_error(exchange, 503, "TEMPORARILY_UNAVAILABLE",
                            "The service at %s is temporarily unavailable. Please try again later.",
                            exchange->path);
    retry_after(exchange, options);
}

static void fault_server_error(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    if (exchange->object_store)
        sandbox_reply_xml(exchange, 500, "InternalError",
                          "We encountered an internal error. Please try again.", NULL);
    else
        sandbox_reply_error(exchange, 500, "INTERNAL_ERROR", "Internal error happened");
}

static void fault_html_login(struct sandbox_exchange *exchange, const cJSON *options)
{
    sandbox_endpoint_login_page(exchange);
    if (sandbox_option_i64(options, "redirect", 0)) {
        exchange->status = 302;
        base_buf_clear(&exchange->out);
        sandbox_reply_header(exchange, "Location",
                             "/login.html?error=private-link-validation-error");
    }
}

static void fault_expired_token(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    sandbox_auth_expire(exchange);
    sandbox_reply_gateway(exchange, 403, "Invalid access token.");
}

static void fault_drop(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    exchange->drop = true;
    exchange->status = 500;
}

static void fault_invalid_client(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    sandbox_reply_oauth(exchange,
                        (int)sandbox_server_setting(exchange->server, SANDBOX_CLIENT_STATUS),
                        "invalid_client", "Client authentication failed");
}

/* Faults that answer instead of the endpoint. */
static void faults_before(struct sandbox_exchange *exchange)
{
    static const struct {
        const char *kind;
        const char *only; /* this endpoint alone */
        bool api_only;
        void (*answer)(struct sandbox_exchange *exchange, const cJSON *options);
    } table[] = {
        {"drop", NULL, false, fault_drop},
        {"invalid_client", "token", false, fault_invalid_client},
        {"expired_token", NULL, true, fault_expired_token},
        {"rate_limit", NULL, false, fault_rate_limit},
        {"unavailable", NULL, false, fault_unavailable},
        {"server_error", NULL, false, fault_server_error},
        {"html_login", NULL, false, fault_html_login},
    };
    cJSON *options = hit(exchange, "slow");

    if (options) {
        exchange->bytes_per_second = sandbox_option_i64(options, "bytes_per_second", 0);
        wait_ms(exchange->server, sandbox_option_i64(options, "delay_ms", 0));
        cJSON_Delete(options);
    }
    for (size_t i = 0; i < base_countof(table) && !exchange->status; i++) {
        if ((table[i].api_only && !exchange->principal) ||
            (table[i].only && strcmp(table[i].only, exchange->endpoint) != 0))
            continue;
        options = hit(exchange, table[i].kind);
        if (options)
            table[i].answer(exchange, options);
        cJSON_Delete(options);
    }
}

static void faults_after(struct sandbox_exchange *exchange)
{
    cJSON *options = hit(exchange, "lost_reply");

    if (options)
        exchange->drop = true;
    cJSON_Delete(options);
    options = exchange->out.len && exchange->status < 300 ? hit(exchange, "cut") : NULL;
    if (options)
        exchange->cut_at = sandbox_option_i64(options, "at", (int64_t)(exchange->out.len / 2));
    cJSON_Delete(options);
}

/* Any version of its API. */
static bool in_unity(const char *path)
{
    return strncmp(path, "/api/2.", 7) == 0 && path[7] &&
           strncmp(path + 8, "/unity-catalog/", 15) == 0;
}

void sandbox_route(struct sandbox_exchange *exchange)
{
    const struct route *route = route_find(exchange);

    if (!route) {
        sandbox_reply_error(exchange, 404, "ENDPOINT_NOT_FOUND", "No API found for '%s %s'",
                            exchange->method, exchange->path);
        return;
    }
    exchange->endpoint = route->endpoint;
    exchange->object_store = route->handle == sandbox_endpoint_link;
    exchange->oidc = route->open;
    if (exchange->too_large) {
        sandbox_reply_error(exchange, 413, "MAX_REQUEST_SIZE_EXCEEDED",
                            "The request is too large.");
        return;
    }
    if (!sandbox_network_admits(exchange) || (!route->open && !sandbox_auth_check(exchange)))
        return;
    faults_before(exchange);
    if (exchange->status || (in_unity(exchange->path) && !sandbox_unity_open(exchange)))
        return;
    route->handle(exchange);
    faults_after(exchange);
}
