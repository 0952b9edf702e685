#include "net/token.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "net/gateway.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

#define LEAD_MAX_S 1200
#define RENEW_AGAIN_US ((int64_t)60 * 1000000)  /* after a renewal in the background failed */
#define REJECT_AGAIN_US ((int64_t)15 * 1000000) /* a fresh token that is refused too stays */
#define TTL_DEFAULT_S 3600
#define TTL_MAX_S (7 * 86400)

struct net_token_wait {
    struct net_token *token;
    struct net_token_wait *next;
    void (*done)(void *user, const struct secret *bearer, const struct err *err);
    void *user;
    uint64_t timer; /* set once there is an answer to deliver */
    struct err err;
};

struct net_token {
    struct net_http *http;
    char *client_id;
    struct secret *client_secret; /* NULL: fixed */
    int64_t secret_ends_us;       /* 0: not known */
    struct secret *bearer;
    int64_t expires_us, renew_us, not_before_us, minted_us;
    bool rejected, renewed; /* the service refused the last one; this one was got because of that */
    int refusals;           /* of the credential, in a row */
    int64_t refused_until_us;
    struct err refusal; /* what is said until then, without asking again */
    char *endpoint;
    struct net_call *call;
    struct net_token_wait *waits; /* in the order they came */
};

struct net_token *net_token_oauth(struct net_http *http, const char *client_id,
                                  const struct secret *client_secret)
{
    struct net_token *token = base_alloc_zero(1, sizeof *token);

    token->http = http;
    token->client_id = base_strdup(client_id);
    token->client_secret = base_secret_dup(client_secret);
    return token;
}

struct net_token *net_token_fixed(struct net_http *http, const struct secret *bearer)
{
    struct net_token *token = base_alloc_zero(1, sizeof *token);

    token->http = http;
    token->bearer = base_secret_dup(bearer);
    return token;
}

void net_token_secret_ends(struct net_token *token, int64_t ends_us)
{
    if (token->secret_ends_us != ends_us)
        token->refused_until_us = 0;
    token->secret_ends_us = ends_us;
}

void net_token_free(struct net_token **token_ptr)
{
    struct net_token *token = *token_ptr;
    struct net_token_wait *wait;

    if (!token)
        return;
    net_http_cancel(&token->call);
    while ((wait = token->waits))
        net_token_cancel(&wait);
    free(token->client_id);
    free(token->endpoint);
    base_secret_free(&token->client_secret);
    base_secret_free(&token->bearer);
    base_free(token_ptr);
}

int64_t net_token_lead(int64_t ttl)
{
    return ttl / 2 < LEAD_MAX_S ? ttl / 2 : LEAD_MAX_S;
}

int64_t net_token_expires_us(const struct net_token *token)
{
    return token->bearer ? token->expires_us : 0;
}

static int64_t now_us(const struct net_token *token)
{
    return base_seam_now_us(net_loop_seam(net_http_loop(token->http)));
}

static void unlink_wait(struct net_token_wait *wait)
{
    struct net_token_wait **at = &wait->token->waits;

    while (*at != wait)
        at = &(*at)->next;
    *at = wait->next;
}

void net_token_cancel(struct net_token_wait **wait_ptr)
{
    struct net_token_wait *wait = *wait_ptr;

    *wait_ptr = NULL;
    if (!wait)
        return;
    net_loop_cancel_timer(net_http_loop(wait->token->http), wait->timer);
    unlink_wait(wait);
    free(wait);
}

static void fetch(struct net_token *token);

static void deliver(void *user)
{
    struct net_token_wait *wait = user;
    struct net_token *token = wait->token;

    wait->timer = 0;
    if (wait->err.code == ERR_OK && !token->bearer) {
        fetch(token); /* refused by the service since the answer was made out */
        return;
    }
    unlink_wait(wait);
    if (wait->err.code == ERR_OK)
        wait->done(wait->user, token->bearer, NULL);
    else
        wait->done(wait->user, NULL, &wait->err);
    free(wait);
}

static void answer_later(struct net_token_wait *wait, const struct err *err)
{
    int64_t hold_us = wait->token->refused_until_us - now_us(wait->token);

    if (err) {
        wait->err = *err;
        if (hold_us > 0 && wait->err.retry_after_ms < hold_us / 1000 + 1)
            wait->err.retry_after_ms = hold_us / 1000 + 1;
    }
    wait->timer = net_loop_after(net_http_loop(wait->token->http), 0, deliver, wait);
}

/* What asking again at once cannot change. A new secret may need a minute to be known everywhere,
 * so the first pauses are short; whoever enters another secret makes a new struct net_token. */
static void refused(struct net_token *token, const struct err *err)
{
    static const int pauses_s[] = {2, 5, 15};
    size_t last = base_countof(pauses_s) - 1;
    enum err_class class = base_err_class(err->code);
    int64_t now = now_us(token);

    if (class != ERR_CLASS_PERM && class != ERR_CLASS_CFG)
        return;
    token->refused_until_us =
        now + pauses_s[(size_t)token->refusals < last ? (size_t)token->refusals : last] *
                  (int64_t)1000000;
    token->refusals++;
    token->refusal = *err;
}

/* Everybody who waits gets the same answer; a failed renewal while the old token holds is nobody's
 * business yet. */
static void settle(struct net_token *token, const struct err *err)
{
    if (err) {
        token->not_before_us = now_us(token) + RENEW_AGAIN_US;
        refused(token, err);
    }
    for (struct net_token_wait *wait = token->waits; wait; wait = wait->next)
        if (!wait->timer)
            answer_later(wait, err);
}

static bool account_console(const struct net_token *token)
{
    return strncmp(net_http_origin(token->http), "https://accounts", 16) == 0;
}

/* The service says the same of a wrong secret and of one that is over. */
static void map_client(const struct net_token *token, struct err *err)
{
    char ends[32];

    if (token->secret_ends_us == 0 || token->secret_ends_us > now_us(token)) {
        base_err_set(err, ERR_SRC_AUTH_CLIENT_INVALID, "no token: client id or secret refused");
        return;
    }
    base_time_format(token->secret_ends_us, ends);
    base_err_set(err, ERR_SRC_AUTH_SECRET_EXPIRED, "no token: the secret ended at %s", ends);
    base_err_fact(err, "secret_ends", "%s", ends);
}

static void map_status(const struct net_token *token, const struct net_response *response,
                       struct err *err)
{
    bool html = strstr(response->content_type, "html") != NULL;
    int status = response->status;

    if (account_console(token))
        base_err_set(err, ERR_SRC_TOKEN_ENDPOINT_WRONG,
                     "no token: this is an account console, not a workspace");
    else if (status == 404)
        base_err_set(err, ERR_SRC_TOKEN_ENDPOINT_WRONG, "no token: there is no token endpoint");
    else if (html && response->trace.proxied && !*response->request_id)
        base_err_set(err, ERR_PROXY_HTML, "no token: the proxy answered with a page of its own");
    else if ((html && status < 429) || status / 100 == 2)
        base_err_set(err, ERR_SRC_HOST_WRONG, "no token: the answer is a page, not the service");
    else if (status == 401)
        map_client(token, err);
    else if (status == 429)
        base_err_set(err, ERR_SRC_RATE_LIMIT, "no token: too many requests");
    else if (status >= 500)
        base_err_set(err, ERR_SRC_UNAVAILABLE, "no token: the service is in trouble");
    else
        base_err_set(err, ERR_SRC_UNCLASSIFIED, "no token: HTTP status %d", status);
}

/* The errors of RFC 6749 5.2, and what the service makes of them. */
static enum err_code oauth_code(const char *code)
{
    static const struct {
        const char *name;
        enum err_code code;
    } table[] = {
        {"invalid_client", ERR_SRC_AUTH_CLIENT_INVALID},
        {"unauthorized_client", ERR_SRC_AUTH_CLIENT_INVALID},
        {"invalid_grant", ERR_SRC_AUTH_CLIENT_INVALID},
        {"access_denied", ERR_SRC_PERM_DENIED},
        {"unsupported_grant_type", ERR_SRC_TOKEN_ENDPOINT_WRONG},
        {"invalid_scope", ERR_SRC_TOKEN_ENDPOINT_WRONG},
        {"temporarily_unavailable", ERR_SRC_UNAVAILABLE},
        {"server_error", ERR_SRC_UNAVAILABLE},
        {"slow_down", ERR_SRC_RATE_LIMIT},
    };

    for (size_t i = 0; code && i < base_countof(table); i++)
        if (strcmp(table[i].name, code) == 0)
            return table[i].code;
    return ERR_OK;
}

/* The text of a refusal, wherever it stands; "" in a page, whose words are not the service's. */
static const char *refusal_text(const struct net_response *response, const cJSON *json)
{
    const char *text = base_json_str(json, "error_description");

    if (!text)
        text = base_json_str(json, "message");
    if (!text && !json && response->body.len)
        text = response->body.data;
    return text ? text : "";
}

static void map_refusal(const struct net_token *token, const struct net_response *response,
                        const cJSON *json, struct err *err)
{
    const char *code = base_json_str(json, "error");
    const char *text = refusal_text(response, json);
    bool html = strstr(response->content_type, "html") != NULL;
    bool refused = response->status == 400 || response->status == 401 || response->status == 403;
    enum err_code known = refused ? net_gateway_code(text) : ERR_OK;

    if (known != ERR_OK) {
        base_err_set(err, known, "no token: %.160s", html ? "this address is not let in" : text);
        net_gateway_explain(err, text);
    } else if (oauth_code(code) == ERR_SRC_AUTH_CLIENT_INVALID) {
        map_client(token, err);
    } else if (oauth_code(code) != ERR_OK) {
        base_err_set(err, oauth_code(code), "no token: %s: %s", code, text);
    } else if (code && response->status < 429) {
        base_err_set(err, ERR_SRC_UNCLASSIFIED, "no token: %s: %s", code, text);
    } else {
        map_status(token, response, err);
    }
    base_text_clean_into(err->remote_code, sizeof err->remote_code, code ? code : "");
    base_text_clean_into(err->request_id, sizeof err->request_id, response->request_id);
    base_text_clean_into(err->host, sizeof err->host,
                         strstr(net_http_origin(token->http), "://") + 3);
    err->http_status = response->status;
    if (response->retry_after_ms > 0)
        err->retry_after_ms = response->retry_after_ms;
    net_clock_fact(err, response);
}

static void take_token(struct net_token *token, const char *bearer, int64_t ttl)
{
    int64_t now = now_us(token);

    if (ttl < 1 || ttl > TTL_MAX_S)
        ttl = TTL_DEFAULT_S;
    base_secret_free(&token->bearer);
    token->bearer = base_secret_new(bearer, strlen(bearer));
    token->expires_us = now + ttl * 1000000;
    token->renew_us = token->expires_us - net_token_lead(ttl) * 1000000;
    token->not_before_us = token->refused_until_us = 0;
    token->refusals = 0;
    token->minted_us = now;
    token->renewed = token->rejected;
    token->rejected = false;
}

static bool header_safe(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= 0x20 || *p >= 0x7f)
            return false;
    return *text != '\0';
}

static void wipe_member(cJSON *json, const char *key)
{
    cJSON *item = json ? cJSON_GetObjectItemCaseSensitive(json, key) : NULL;

    if (cJSON_IsString(item))
        base_secret_wipe(item->valuestring, strlen(item->valuestring));
}

/* The header that carried it is scrubbed by net_http; a server can take that apart and quote the
 * secret itself. */
static void scrub_secret(const struct net_token *token, struct net_response *response)
{
    const char *secret = base_secret_peek(token->client_secret);
    size_t len = base_secret_len(token->client_secret);
    char *at = response->body.len ? response->body.data : NULL;

    while (at && len && (at = strstr(at, secret)))
        memset(at, '*', len);
}

static void on_token(void *user, struct net_response *response, const struct err *net_err)
{
    struct net_token *token = user;
    struct err err = ERR_INIT, ignored = ERR_INIT;
    const char *bearer;
    cJSON *json;

    token->call = NULL;
    scrub_secret(token, response);
    if (net_err) {
        err = *net_err;
        if (response->private_link) {
            base_err_clear(&err);
            base_err_set(&err, ERR_SRC_PRIVATE_LINK_ONLY, "no token: private access only");
            err.http_status = response->status;
            base_text_clean_into(err.host, sizeof err.host, net_err->host);
            base_err_fact(&err, "to", "%s", response->location);
        }
        settle(token, &err);
        return;
    }
    json = base_json_parse(response->body.len ? response->body.data : "", response->body.len,
                           JSON_MAX_BYTES, &ignored);
    bearer = base_json_str(json, "access_token");
    if (response->status == 200 && bearer && header_safe(bearer))
        take_token(token, bearer, base_json_i64_or(json, "expires_in", TTL_DEFAULT_S));
    else
        map_refusal(token, response, json, &err);
    wipe_member(json, "access_token");
    cJSON_Delete(json);
    if (response->body.len)
        base_secret_wipe(response->body.data, response->body.len);
    settle(token, err.code == ERR_OK ? NULL : &err);
}

static void ask_token(struct net_token *token)
{
    static const char form[] = "grant_type=client_credentials&scope=all-apis";
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                          "Accept: application/json"};
    struct secret *basic;
    struct buf pair;

    base_buf_init(&pair, BUF_MAX_DEFAULT);
    /* RFC 6749 2.3.1: both parts are form-encoded before they are joined. */
    if (base_buf_reserve(
            &pair, 3 * (strlen(token->client_id) + base_secret_len(token->client_secret)) + 2) ||
        base_url_encode(token->client_id, &pair) || base_buf_byte(&pair, ':') ||
        base_url_encode(base_secret_peek(token->client_secret), &pair))
        bug("out of memory");
    basic = base_secret_new(pair.data, pair.len);
    base_secret_wipe(pair.data, pair.len);
    base_buf_free(&pair);
    token->call = net_http_submit(token->http,
                                  &(struct net_request){.url = token->endpoint,
                                                        .headers = headers,
                                                        .header_count = base_countof(headers),
                                                        .body = form,
                                                        .body_len = sizeof form - 1,
                                                        .basic = basic,
                                                        .max_body = 1 << 20,
                                                        .retry = &net_retry_token,
                                                        .total_ms = 60000},
                                  on_token, token);
    base_secret_free(&basic);
}

static int elsewhere(const struct net_token *token, const struct net_url *url, struct err *err)
{
    const char *there = url->host;

    base_err_clear(err);
    base_err_set(err, ERR_SEC_HOST_REFUSED,
                 "the token endpoint is on another host than the workspace: \"%s\"", there);
    base_err_fact(err, "to", "%s", there);
    base_err_fact(err, "rule",
                  "a credential goes to the exact scheme, host and port of "
                  "workspace.host only");
    base_err_hint(err,
                  "The secret was not sent. If \"%.100s\" is the workspace's own address, set "
                  "`workspace.host` to it.",
                  there);
    base_text_clean_into(err->host, sizeof err->host,
                         strstr(net_http_origin(token->http), "://") + 3);
    return -1;
}

/* The document's token endpoint, if it is on the workspace itself. -1: somewhere else. */
static int read_discovery(struct net_token *token, const struct net_response *response,
                          struct err *err)
{
    struct err ignored = ERR_INIT;
    struct net_url url, origin;
    const char *endpoint;
    cJSON *json = NULL;
    int result = 0;

    if (response->status == 200 && response->body.len)
        json = base_json_parse(response->body.data, response->body.len, JSON_MAX_BYTES, &ignored);
    endpoint = base_json_str(json, "token_endpoint");
    if (!endpoint) {
        token->endpoint = base_printf("%s/oidc/v1/token", net_http_origin(token->http));
    } else {
        if (net_url_parse(net_http_origin(token->http), &origin, err))
            bug("the origin was checked before");
        if (net_url_parse(endpoint, &url, err) == 0 && net_url_same_origin(&url, &origin))
            token->endpoint = base_strdup(endpoint);
        else
            result = elsewhere(token, &url, err);
        net_url_free(&url);
        net_url_free(&origin);
    }
    cJSON_Delete(json);
    return result;
}

static void on_discovery(void *user, struct net_response *response, const struct err *net_err)
{
    struct net_token *token = user;
    struct err err = ERR_INIT;

    token->call = NULL;
    if (net_err && response->status == 0) {
        settle(token, net_err);
        return;
    }
    if (read_discovery(token, response, &err)) {
        settle(token, &err);
        return;
    }
    ask_token(token);
}

static void fetch(struct net_token *token)
{
    char *url;

    if (token->call)
        return;
    if (token->endpoint) {
        ask_token(token);
        return;
    }
    url =
        base_printf("%s/oidc/.well-known/oauth-authorization-server", net_http_origin(token->http));
    token->call = net_http_submit(
        token->http,
        &(struct net_request){
            .url = url, .max_body = 1 << 20, .retry = &net_retry_token, .total_ms = 60000},
        on_discovery, token);
    free(url);
}

struct net_token_wait *net_token_get(struct net_token *token,
                                     void (*done)(void *user, const struct secret *bearer,
                                                  const struct err *err),
                                     void *user)
{
    struct net_token_wait *wait = base_alloc_zero(1, sizeof *wait);
    struct net_token_wait **end = &token->waits;
    int64_t now = now_us(token);

    *wait = (struct net_token_wait){.token = token, .done = done, .user = user};
    while (*end)
        end = &(*end)->next;
    *end = wait;
    if (!token->client_secret) {
        answer_later(wait, NULL);
        return wait;
    }
    if (token->bearer && now >= token->expires_us)
        base_secret_free(&token->bearer);
    if (!token->bearer && !token->call && now < token->refused_until_us) {
        answer_later(wait, &token->refusal);
        return wait;
    }
    if (!token->bearer)
        fetch(token);
    else if (now >= token->renew_us && now >= token->not_before_us)
        fetch(token);
    if (token->bearer)
        answer_later(wait, NULL);
    return wait;
}

bool net_token_reject(struct net_token *token, const struct secret *bearer)
{
    if (!token->client_secret)
        return false;
    if (!token->bearer || !base_secret_equal(token->bearer, bearer))
        return true; /* somebody else has seen to it */
    if (token->renewed && now_us(token) - token->minted_us < REJECT_AGAIN_US)
        return false;
    token->rejected = true;
    base_secret_free(&token->bearer);
    if (net_http_log(token->http))
        base_log_event(net_http_log(token->http), LOG_INFO_, "token.renew", "code",
                       base_err_name(ERR_SRC_TOKEN_EXPIRED), NULL);
    return true;
}
