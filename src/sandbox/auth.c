#include "sandbox/auth.h"

#include "sandbox/network.h"
#include "sandbox/oauth_secret.h"

#include "base/hash.h"
#include "base/map.h"
#include "base/text.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

struct token {
    char *principal;
    char *scope;        /* NULL: everything */
    bool account;       /* of the account's token endpoint */
    int64_t expires_us; /* 0: never */
};

struct sandbox_tokens {
    pthread_mutex_t lock;
    struct base_map *tokens; /* token text -> struct token */
};

struct sandbox_tokens *sandbox_tokens_new(void)
{
    struct sandbox_tokens *tokens = base_alloc_zero(1, sizeof *tokens);

    pthread_mutex_init(&tokens->lock, NULL);
    tokens->tokens = base_map_new();
    return tokens;
}

static void token_free(void *value)
{
    struct token *token = value;

    if (token) {
        free(token->principal);
        free(token->scope);
    }
    free(token);
}

void sandbox_tokens_free(struct sandbox_tokens **held)
{
    struct sandbox_tokens *tokens = *held;

    if (!tokens)
        return;
    base_map_free(&tokens->tokens, token_free);
    pthread_mutex_destroy(&tokens->lock);
    free(tokens);
    *held = NULL;
}

char *sandbox_random_hex(struct base_seam *seam, const char *prefix)
{
    unsigned char bytes[16];
    char hex[33];

    base_seam_random(seam, bytes, sizeof bytes);
    base_hex(bytes, sizeof bytes, hex);
    return base_printf("%s%s", prefix, hex);
}

static void token_put(struct sandbox_tokens *tokens, const char *text, struct token kept)
{
    struct token *token = base_alloc(sizeof *token);

    *token = kept;
    pthread_mutex_lock(&tokens->lock);
    token_free(base_map_put(tokens->tokens, text, token));
    pthread_mutex_unlock(&tokens->lock);
}

char *sandbox_tokens_pat(struct sandbox_server *server, const char *user)
{
    char *text = sandbox_random_hex(server->seam, "dapi");

    token_put(server->tokens, text, (struct token){.principal = base_strdup(user)});
    return text;
}

static void base64url(struct buf *out, const void *data, size_t len)
{
    size_t from = out->len;

    if (base_base64_encode(data, len, out) != 0)
        bug("a token's part is too long");
    for (size_t i = from; i < out->len; i++) {
        if (out->data[i] == '+')
            out->data[i] = '-';
        else if (out->data[i] == '/')
            out->data[i] = '_';
    }
    while (out->len > from && out->data[out->len - 1] == '=')
        out->data[--out->len] = '\0';
}

static char *claims_of(struct sandbox_server *server, const char *principal, const char *scope,
                       bool account, int64_t lifetime)
{
    const struct sandbox_identity *identity = sandbox_workspace_identity(server->workspace);
    int64_t now = base_seam_now_us(server->seam) / 1000000;
    char *issuer = account
                       ? base_printf("%s/oidc/accounts/%s", server->address, identity->account_id)
                       : base_printf("%s/oidc", server->address);
    cJSON *json = base_json_object();
    char id[37], *text;

    base_seam_uuid(server->seam, id);
    base_json_add_str(json, "client_id", principal);
    base_json_add_str(json, "scope", scope);
    base_json_add_str(json, "iss", issuer);
    base_json_add_str(json, "aud", account ? identity->account_id : identity->workspace_id);
    base_json_add_str(json, "sub", principal);
    base_json_add_i64(json, "iat", now);
    base_json_add_i64(json, "exp", now + lifetime);
    base_json_add_str(json, "jti", id);
    text = base_json_print(json);
    cJSON_Delete(json);
    free(issuer);
    return text;
}

/* Looks like the service's JWT; what counts is that we know the text. */
static char *mint(struct sandbox_server *server, const char *principal, const char *scope,
                  bool account, int64_t lifetime)
{
    static const char header[] = "{\"kid\":\"sandbox\",\"typ\":\"at+jwt\",\"alg\":\"RS256\"}";
    char *claims = claims_of(server, principal, scope, account, lifetime);
    unsigned char signature[64];
    struct buf out;
    char *text;

    base_buf_init(&out, 1 << 16);
    base64url(&out, header, strlen(header));
    if (base_buf_byte(&out, '.') != 0)
        bug("a token's part is too long");
    base64url(&out, claims, strlen(claims));
    free(claims);
    base_seam_random(server->seam, signature, sizeof signature);
    if (base_buf_byte(&out, '.') != 0)
        bug("a token's part is too long");
    base64url(&out, signature, sizeof signature);
    text = base_buf_take(&out, NULL);
    token_put(server->tokens, text,
              (struct token){.principal = base_strdup(principal),
                             .scope = base_strdup(scope),
                             .account = account,
                             .expires_us = base_seam_now_us(server->seam) + lifetime * 1000000});
    return text;
}

/* Field of a form body, decoded and malloc'd; NULL when absent or malformed. */
static char *form_field(const struct buf *body, const char *name)
{
    const char *at = body->len ? body->data : "";
    size_t name_len = strlen(name);

    while (*at) {
        size_t len = strcspn(at, "&");

        if (len > name_len && at[name_len] == '=' && strncmp(at, name, name_len) == 0)
            return sandbox_text_unescape(at + name_len + 1, len - name_len - 1, true);
        at += len + (at[len] == '&');
    }
    return NULL;
}

/* HTTP Basic: both parts are form-encoded first (RFC 6749 2.3.1). */
static void basic_client(struct sandbox_exchange *exchange, char **id, char **secret)
{
    const char *header = sandbox_exchange_request_header(exchange, "Authorization");
    struct buf plain;
    char *colon;

    if (!header || strncasecmp(header, "Basic ", 6) != 0)
        return;
    base_buf_init(&plain, 1 << 14);
    if (base_base64_decode(header + 6, strlen(header + 6), &plain) == 0 && plain.len &&
        (colon = strchr(plain.data, ':'))) {
        free(*id);
        free(*secret);
        *id = sandbox_text_unescape(plain.data, (size_t)(colon - plain.data), true);
        *secret = sandbox_text_unescape(colon + 1, strlen(colon + 1), true);
    }
    base_buf_free(&plain);
}

/* Nothing in the answer tells one reason from another. */
static bool client_good(struct sandbox_server *server, const char *id, const char *secret,
                        bool account)
{
    const struct sandbox_principal *principal;
    bool good;

    if (!id || !secret || !sandbox_secrets_match(server, id, secret))
        return false;
    sandbox_workspace_lock(server->workspace);
    principal = sandbox_workspace_find_principal(server->workspace, id);
    good = principal &&
           (principal->active || sandbox_server_setting(server, SANDBOX_INACTIVE_REFUSAL)) &&
           (principal->assigned || account ||
            sandbox_server_setting(server, SANDBOX_UNASSIGNED_REFUSAL));
    sandbox_workspace_unlock(server->workspace);
    return good;
}

static void token_answer(struct sandbox_exchange *exchange, const char *id, const char *scope,
                         bool account)
{
    int64_t lifetime = sandbox_server_setting(exchange->server, SANDBOX_TOKEN_SECONDS);
    char *text = mint(exchange->server, id, scope, account, lifetime);
    cJSON *json = base_json_object();

    base_json_add_str(json, "access_token", text);
    base_json_add_str(json, "scope", scope);
    base_json_add_str(json, "token_type", "Bearer");
    base_json_add_i64(json, "expires_in", lifetime);
    sandbox_reply_json(exchange, 200, json);
    sandbox_reply_header(exchange, "cache-control", "no-store");
    exchange->principal = base_strdup(id);
    free(text);
}

static bool scope_known(const char *scope)
{
    static const char *const scopes[] = {"all-apis", "sql",   "offline_access",
                                         "openid",   "email", "profile"};

    while (scope && *scope) {
        size_t len = strcspn(scope, " ");
        bool known = false;

        for (size_t i = 0; i < base_countof(scopes); i++)
            known |= strlen(scopes[i]) == len && strncmp(scope, scopes[i], len) == 0;
        if (!known)
            return false;
        scope += len + (scope[len] == ' ');
    }
    return true;
}

static void grant_answer(struct sandbox_exchange *exchange, const char *id, const char *secret,
                         bool account)
{
    char *grant = form_field(&exchange->body, "grant_type");
    char *scope = form_field(&exchange->body, "scope");

    if (!grant)
        sandbox_reply_oauth(exchange, 400, "invalid_request", "Missing parameter: grant_type");
    else if (strcmp(grant, "client_credentials") != 0)
        sandbox_reply_oauth(exchange, 400, "unsupported_grant_type", "Grant type is not supported");
    else if (!client_good(exchange->server, id, secret, account))
        sandbox_reply_oauth(exchange,
                            (int)sandbox_server_setting(exchange->server, SANDBOX_CLIENT_STATUS),
                            "invalid_client", "Client authentication failed");
    else if (!scope_known(scope))
        sandbox_reply_oauth(exchange, 400, "invalid_scope", "Scope is not supported");
    else
        token_answer(exchange, id, scope && *scope ? scope : "all-apis", account);
    free(grant);
    free(scope);
}

/* A body that is no form gets a bare 400, as reported of the service. */
static bool form_sent(struct sandbox_exchange *exchange)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = sandbox_exchange_request_header(exchange, "Content-Type");

    if (type && strncasecmp(type, form, strlen(form)) == 0)
        return true;
    sandbox_reply_text(exchange, 400, "");
    return false;
}

/* The workspace's, and with an argument the account's of that id. */
void sandbox_endpoint_token(struct sandbox_exchange *exchange)
{
    bool account = exchange->argument_count > 0;
    char *id, *secret;

    exchange->oidc = true;
    if (!form_sent(exchange))
        return;
    if (account && strcmp(exchange->arguments[0],
                          sandbox_workspace_identity(exchange->server->workspace)->account_id)) {
        sandbox_reply_oauth(exchange, 400, "invalid_request", "Account is not known");
        return;
    }
    id = form_field(&exchange->body, "client_id");
    secret = form_field(&exchange->body, "client_secret");
    basic_client(exchange, &id, &secret);
    exchange->claimed = base_strdup(id);
    grant_answer(exchange, id, secret, account);
    free(id);
    if (secret)
        memset(secret, 0, strlen(secret));
    free(secret);
}

static const char *bearer(struct sandbox_exchange *exchange)
{
    const char *header = sandbox_exchange_request_header(exchange, "Authorization");

    return header && strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL;
}

/* A token outlives what made it good: its principal may have been removed, deactivated or taken out
 * of the workspace since. */
static bool principal_admitted(struct sandbox_exchange *exchange, bool account)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_principal *who;
    char *text = NULL;

    sandbox_workspace_lock(workspace);
    who = sandbox_workspace_find_principal(workspace, exchange->principal);
    if (!who)
        text = base_strdup("Invalid access token.");
    else if (!who->active)
        text = base_strdup("User is inactive.");
    else if (!who->assigned && !account)
        text = base_printf("Unauthorized access to Org: %s",
                           sandbox_workspace_identity(workspace)->workspace_id);
    sandbox_workspace_unlock(workspace);
    if (text)
        sandbox_reply_gateway(exchange, 403, text);
    free(text);
    return !exchange->status;
}

static bool scope_holds(const char *scope, const char *wanted)
{
    size_t len = strlen(wanted);

    for (const char *at = scope; (at = strstr(at, wanted)); at++) {
        if ((at == scope || at[-1] == ' ') && (!at[len] || at[len] == ' '))
            return true;
    }
    return false;
}

/* What the token is for: `sql` reaches the SQL APIs alone, a workspace's token no account. */
static const char *token_unfit(struct sandbox_exchange *exchange, const struct token *token,
                               bool account)
{
    static const char sql[] = "/api/2.0/sql/";

    if (account && !token->account &&
        sandbox_server_setting(exchange->server, SANDBOX_ACCOUNT_TOKENS_ONLY))
        return "Credential was not sent or was of an unsupported type for this API.";
    if (token->scope && !scope_holds(token->scope, "all-apis") &&
        (!scope_holds(token->scope, "sql") || strncmp(exchange->path, sql, strlen(sql)) != 0))
        return "Provided OAuth token does not have required scopes: all-apis";
    return NULL;
}

bool sandbox_auth_check(struct sandbox_exchange *exchange)
{
    struct sandbox_tokens *tokens = exchange->server->tokens;
    const char *text = bearer(exchange), *unfit = NULL;
    bool account = sandbox_network_account_path(exchange);
    const struct token *token;
    int64_t now = base_seam_now_us(exchange->server->seam);

    if (!text) {
        sandbox_reply_gateway(
            exchange, 401, "Credential was not sent or was of an unsupported type for this API.");
        return false;
    }
    pthread_mutex_lock(&tokens->lock);
    token = base_map_get(tokens->tokens, text);
    if (token && (!token->expires_us || now < token->expires_us)) {
        exchange->principal = base_strdup(token->principal);
        unfit = token_unfit(exchange, token, account);
    }
    pthread_mutex_unlock(&tokens->lock);
    if (!exchange->principal)
        sandbox_reply_gateway(exchange, 403, "Invalid access token.");
    else if (unfit)
        sandbox_reply_gateway(exchange, unfit[0] == 'C' ? 401 : 403, unfit);
    return !exchange->status && principal_admitted(exchange, account);
}

char *sandbox_auth_caller(struct sandbox_exchange *exchange)
{
    struct sandbox_tokens *tokens = exchange->server->tokens;
    const char *text = bearer(exchange);
    const struct token *token;
    char *id = NULL, *secret = NULL;

    if (exchange->principal)
        return base_strdup(exchange->principal);
    if (text) {
        pthread_mutex_lock(&tokens->lock);
        token = base_map_get(tokens->tokens, text);
        id = token ? base_strdup(token->principal) : NULL;
        pthread_mutex_unlock(&tokens->lock);
        return id;
    }
    id = form_field(&exchange->body, "client_id");
    basic_client(exchange, &id, &secret);
    if (secret)
        memset(secret, 0, strlen(secret));
    free(secret);
    return id;
}

void sandbox_auth_expire(struct sandbox_exchange *exchange)
{
    struct sandbox_tokens *tokens = exchange->server->tokens;
    const char *text = bearer(exchange);
    struct token *token;

    pthread_mutex_lock(&tokens->lock);
    token = text ? base_map_get(tokens->tokens, text) : NULL;
    if (token)
        token->expires_us = 1;
    pthread_mutex_unlock(&tokens->lock);
}
