#include "sandbox/network.h"
#include "sandbox/scim.h"
#include "sandbox/server.h"

#include <string.h>

static void push_all(cJSON *object, const char *key, const char *const *values)
{
    cJSON *array = base_json_add_array(object, key);

    for (; *values; values++)
        base_json_push_take(array, cJSON_CreateString(*values));
}

void sandbox_endpoint_databricks_config(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    const struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);
    int64_t host = sandbox_server_setting(server, SANDBOX_HOST_TYPE);
    bool account = host == SANDBOX_HOST_ACCOUNT;
    char *oidc = base_printf("%s/oidc%s", server->address, account ? "/accounts/{account_id}" : "");
    char *audience = account ? base_strdup(identity->account_id)
                             : base_printf("%s/oidc/v1/token", server->address);
    cJSON *json = base_json_object();

    exchange->oidc = true;
    base_json_add_str(json, "oidc_endpoint", oidc);
    base_json_add_str(json, "account_id", identity->account_id);
    base_json_add_str(json, "workspace_id", account ? NULL : identity->workspace_id);
    base_json_add_str(json, "cloud", "AWS");
    base_json_add_str(json, "host_type",
                      account                        ? "account"
                      : host == SANDBOX_HOST_UNIFIED ? "unified"
                                                     : "workspace");
    push_all(json, "token_federation_default_oidc_audiences",
             (const char *const[]){audience, NULL});
    sandbox_reply_json(exchange, 200, json);
    free(oidc);
    free(audience);
}

/* The service escapes every slash of this document; clients must cope. */
static void escape_slashes(struct buf *out)
{
    struct buf escaped;

    base_buf_init(&escaped, out->max);
    for (size_t i = 0; i < out->len; i++) {
        if ((out->data[i] == '/' && base_buf_byte(&escaped, '\\') != 0) ||
            base_buf_byte(&escaped, (uint8_t)out->data[i]) != 0)
            bug("the discovery document is too long");
    }
    base_buf_free(out);
    *out = escaped;
}

/* Of the workspace, or with an argument of the account of that id; malloc'd, NULL after answering.
 */
static char *oidc_root(struct sandbox_exchange *exchange)
{
    const struct sandbox_identity *identity =
        sandbox_workspace_identity(exchange->server->workspace);

    if (!exchange->argument_count)
        return base_printf("%s/oidc", exchange->server->address);
    if (strcmp(exchange->arguments[0], identity->account_id) == 0)
        return base_printf("%s/oidc/accounts/%s", exchange->server->address, identity->account_id);
    sandbox_reply_error(exchange, 404, "RESOURCE_DOES_NOT_EXIST", "Account %s does not exist.",
                        exchange->arguments[0]);
    return NULL;
}

void sandbox_endpoint_oauth_server(struct sandbox_exchange *exchange)
{
    static const struct {
        const char *key;
        const char *const values[8];
    } lists[] = {
        {"scopes_supported", {"all-apis", "email", "offline_access", "openid", "profile", "sql"}},
        {"response_types_supported", {"code", "id_token"}},
        {"response_modes_supported", {"query", "fragment", "form_post"}},
        {"grant_types_supported", {"client_credentials", "authorization_code", "refresh_token"}},
        {"code_challenge_methods_supported", {"S256"}},
        {"token_endpoint_auth_methods_supported",
         {"client_secret_basic", "client_secret_post", "none"}},
        {"subject_types_supported", {"public"}},
        {"id_token_signing_alg_values_supported", {"RS256"}},
        {"claims_supported", {"iss", "sub", "aud", "iat", "exp", "jti", "name", "email"}},
    };
    static const struct {
        const char *key, *path;
    } urls[] = {{"authorization_endpoint", "/v1/authorize"},
                {"token_endpoint", "/v1/token"},
                {"issuer", ""},
                {"jwks_uri", "/jwks.json"}};
    char *root = oidc_root(exchange);
    cJSON *json;

    if (!root)
        return;
    json = base_json_object();
    exchange->oidc = true;
    for (size_t i = 0; i < base_countof(urls); i++) {
        char *url = base_printf("%s%s", root, urls[i].path);

        base_json_add_str(json, urls[i].key, url);
        free(url);
    }
    for (size_t i = 0; i < base_countof(lists); i++) {
        cJSON *array = base_json_add_array(json, lists[i].key);

        for (size_t k = 0; k < base_countof(lists[i].values) && lists[i].values[k]; k++)
            base_json_push_take(array, cJSON_CreateString(lists[i].values[k]));
    }
    base_json_add_bool(json, "request_uri_parameter_supported", false);
    free(root);
    sandbox_reply_json(exchange, 200, json);
    escape_slashes(&exchange->out);
}

/* Where the caller's token belongs to; the official CLI asks (databricks-api.md 1.6). */
void sandbox_endpoint_introspect(struct sandbox_exchange *exchange)
{
    const struct sandbox_identity *identity =
        sandbox_workspace_identity(exchange->server->workspace);
    cJSON *json = base_json_object();
    cJSON *scope = base_json_add_object(base_json_add_object(json, "principal_context"),
                                        "authentication_scope");

    base_json_add_str(scope, "account_id", identity->account_id);
    base_json_add_i64(scope, "workspace_id", strtoll(identity->workspace_id, NULL, 10));
    sandbox_reply_json(exchange, 200, json);
}

/* What a browser gets; API clients see it when their network is not admitted or the host is wrong.
 */
void sandbox_endpoint_login_page(struct sandbox_exchange *exchange)
{
    exchange->oidc = true;
    sandbox_reply_html(exchange, 200,
                       "<!doctype html><html><head><meta charset=\"utf-8\"/>"
                       "<title>Databricks - Sign In</title></head>"
                       "<body><div id=\"login-page\"></div></body></html>");
}

/* A User, also for a service principal, whose userName is its application id. */
void sandbox_endpoint_me(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *me;
    cJSON *json = NULL;

    sandbox_workspace_lock(workspace);
    me = sandbox_workspace_find_principal(workspace, exchange->principal);
    if (me) {
        json = sandbox_scim_json(workspace, me, false);
        cJSON_DeleteItemFromObjectCaseSensitive(json, "applicationId");
        cJSON_DeleteItemFromObjectCaseSensitive(json, "schemas");
        push_all(json, "schemas",
                 (const char *const[]){"urn:ietf:params:scim:schemas:core:2.0:User", NULL});
        if (me->kind != SANDBOX_USER)
            base_json_add_str(json, "userName", me->name);
        sandbox_scim_pick(json, sandbox_exchange_query(exchange, "attributes"),
                          sandbox_exchange_query(exchange, "excludedAttributes"));
    }
    sandbox_workspace_unlock(workspace);
    if (!json) {
        sandbox_reply_gateway(exchange, 403, "Invalid access token.");
        return;
    }
    sandbox_reply_json(exchange, 200, json);
    exchange->content_type = "application/scim+json; charset=utf-8";
}
