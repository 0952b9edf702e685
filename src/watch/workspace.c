/* The workspace from here: its address, the way to it, what answers; and who we are there. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "config/host.h"
#include "databricks/workspace.h"

#include <stdlib.h>
#include <string.h>

#define CONFIG_PATH "/.well-known/databricks-config"
#define OAUTH_PATH "/oidc/.well-known/oauth-authorization-server"

void watch_missing(struct watch_check *check, const char *what)
{
    struct err err = ERR_INIT;
    base_err_set(&err, ERR_CONFIG_MISSING, "%s", what);
    base_err_hint(&err, "Enter it in its step.");
    watch_end(check, WATCH_MISSING, &err, "%s", what);
}

static void look_shape(struct watch_check *check)
{
    struct config_host host = {0};
    struct err err = ERR_INIT;
    if (check->host == NULL || check->host[0] == '\0') {
        watch_missing(check, "no address has been given yet");
        return;
    }
    if (config_host_parse(check->host, &host, &err) != 0) {
        watch_end(check, WATCH_FAIL, &err, "%s", err.message);
        return;
    }
    check->origin = host.origin;
    check->url_workspace_id = host.workspace_id;
    host.origin = host.workspace_id = NULL;
    bool http = strncmp(check->origin, "http:", 5) == 0;
    const char *shown = strstr(check->origin, "//") + 2;
    bool same = strcmp(check->host, check->origin) == 0 || strcmp(check->host, shown) == 0;
    watch_end(check, WATCH_OK, NULL, "%s%s", same ? shown : "taken as ",
              same && !http ? ""
              : same        ? ", plain http, this host only"
                            : shown);
    config_host_free(&host);
}

struct databricks *watch_workspace_try(struct watch_check *check, struct err *err)
{
    struct config_host host = {0};
    if (check->db)
        return check->db;
    if (check->origin == NULL && check->host && config_host_parse(check->host, &host, err) == 0) {
        check->origin = host.origin;
        host.origin = NULL;
        config_host_free(&host);
    }
    if (check->origin == NULL || err->code != ERR_OK)
        return NULL;
    struct net_http_settings settings = {.origin = check->origin,
                                         .ca_file = check->ca_file,
                                         .proxy = check->proxy,
                                         .proxy_login = check->proxy_login,
                                         .user_agent = check->user_agent,
                                         .link_hosts = check->self ? check->self->link_hosts : NULL,
                                         .link_host_count =
                                             check->self ? check->self->link_host_count : 0,
                                         .log = check->log,
                                         .limit = check->limit,
                                         .once = check->self != NULL,
                                         .total_ms = check->self ? WATCH_LAYER_MS - 500 : 0};
    check->db = databricks_new(check->loop, &settings, err);
    return check->db;
}

struct databricks *watch_workspace(struct watch_check *check)
{
    struct err err = ERR_INIT;
    struct databricks *db = watch_workspace_try(check, &err);
    if (db == NULL && err.code == ERR_OK)
        watch_missing(check, "the workspace comes first: no address has been given");
    else if (db == NULL)
        watch_end(check, WATCH_FAIL, &err, "%s", err.message);
    return db;
}

/* Which of the three ways to fail on the way to an answer is it? */
enum reach { REACH_NAME, REACH_CONNECT, REACH_TLS, REACH_ANSWER };

static enum reach reach_of(const struct watch_check *check)
{
    bool plain = strncmp(check->origin, "http:", 5) == 0;
    switch (check->reach_err.code) {
    case ERR_OK:
        return REACH_ANSWER;
    case ERR_NET_DNS:
        return REACH_NAME;
    case ERR_NET_CONNECT: /* also a handshake that hangs */
        return check->trace.connect_us > 0 && !plain ? REACH_TLS : REACH_CONNECT;
    case ERR_PROXY_AUTH:
    case ERR_PROXY_REFUSED:
    case ERR_SEC_HOST_REFUSED:
        return REACH_CONNECT;
    case ERR_TLS_UNKNOWN_CA:
    case ERR_TLS_HOST_MISMATCH:
    case ERR_TLS_EXPIRED:
    case ERR_TLS_VERSION:
    case ERR_TLS_CLIENT_CERT:
    case ERR_CONFIG_INVALID:
        return REACH_TLS;
    default:
        if (check->trace.tls_us == 0 && !plain && check->status == 0)
            return REACH_TLS; /* what never connected says so */
        return REACH_ANSWER;
    }
}

static bool reach_failed(struct watch_check *check, enum reach here)
{
    if (reach_of(check) != here)
        return false;
    watch_end(check, WATCH_FAIL, &check->reach_err, "%s", check->reach_err.message);
    return true;
}

static void on_reach(void *user, struct net_response *response, const struct err *err)
{
    struct watch_check *check = user;
    check->call = NULL;
    check->trace = response->trace;
    check->status = response->status;
    /* A refused redirect came from somebody: the connection is good. */
    if (err && err->code != ERR_SEC_REDIRECT_REFUSED)
        check->reach_err = *err;
    check->took_us = check->trace.lookup_us;
    if (reach_failed(check, REACH_NAME))
        return;
    if (check->trace.proxied)
        watch_end(check, WATCH_OK, NULL, "left to the proxy");
    else
        watch_end(check, WATCH_OK, NULL, "%s",
                  check->trace.address[0] ? check->trace.address : "known");
}

void watch_send(struct watch_check *check, const char *path, bool fresh,
                void (*done)(void *, struct net_response *, const struct err *))
{
    char *url = base_printf("%s%s", check->origin, path);
    struct net_request request = {.url = url,
                                  .retry = &net_retry_none,
                                  .connect_ms = WATCH_LAYER_MS - 1000,
                                  .total_ms = WATCH_LAYER_MS - 500,
                                  .max_body = 1 << 20,
                                  .fresh = fresh};
    check->call = net_http_submit(databricks_http(check->db), &request, done, check);
    free(url);
}

static void look_dns(struct watch_check *check)
{
    if (watch_workspace(check))
        watch_send(check, CONFIG_PATH, true, on_reach);
}

static void look_tcp(struct watch_check *check)
{
    check->took_us = check->trace.connect_us;
    if (!reach_failed(check, REACH_CONNECT))
        watch_end(check, WATCH_OK, NULL, "%s",
                  check->trace.proxied ? "the proxy connects" : "connected");
}

static void look_tls(struct watch_check *check)
{
    check->took_us = check->trace.tls_us;
    if (reach_failed(check, REACH_TLS))
        return;
    if (strncmp(check->origin, "http:", 5) == 0)
        watch_end(check, WATCH_OK, NULL, "not used on this machine's own address");
    else
        watch_end(check, WATCH_OK, NULL, "certificate good%s",
                  check->ca_file ? ", by the CA file" : "");
}

static void on_oauth(void *user, struct net_response *response, const struct err *err)
{
    struct watch_check *check = user;
    struct err wrong = ERR_INIT;
    check->call = NULL;
    cJSON *json = err || response->status != 200
                      ? NULL
                      : base_json_parse(response->body.data, response->body.len, 1 << 20, &wrong);
    bool good = base_json_str(json, "token_endpoint") != NULL;
    cJSON_Delete(json);
    if (good) {
        watch_end(check, WATCH_OK, NULL, "answers with its sign-in metadata");
        return;
    }
    base_err_clear(&wrong);
    base_err_set(&wrong, ERR_SRC_HOST_WRONG, "what answers is no Databricks workspace");
    wrong.http_status = response->status;
    watch_end(check, WATCH_FAIL, &wrong, "answers, but not as a workspace");
}

static void on_discovery(void *user, const struct err *err, struct databricks_discovery *discovery)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err && (err->http_status == 404 || err->http_status == 401)) {
        watch_send(check, OAUTH_PATH, false, on_oauth); /* older workspaces have only this one */
    } else if (err) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
    } else {
        if (discovery->workspace_id)
            base_text_clean_into(check->workspace_id, sizeof check->workspace_id,
                                 discovery->workspace_id);
        if (discovery->oidc_endpoint || discovery->workspace_id)
            watch_end(check, WATCH_OK, NULL, "answers with its own metadata");
        else
            watch_send(check, OAUTH_PATH, false, on_oauth);
    }
}

static void look_service(struct watch_check *check)
{
    if (check->reach_err.code != ERR_OK)
        watch_end(check, WATCH_FAIL, &check->reach_err, "%s", check->reach_err.message);
    else
        check->ask = databricks_workspace_discover(check->db, on_discovery, check);
}

static void look_workspace_id(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->workspace_id[0] && check->url_workspace_id &&
        strcmp(check->workspace_id, check->url_workspace_id) != 0) {
        base_err_set(&err, ERR_SRC_HOST_WRONG,
                     "the address names workspace %s, the one that answers is %s",
                     check->url_workspace_id, check->workspace_id);
        watch_end(check, WATCH_WARN, &err, "%s, not %s as in the address", check->workspace_id,
                  check->url_workspace_id);
    } else if (check->workspace_id[0]) {
        watch_end(check, WATCH_OK, NULL, "%s", check->workspace_id);
    } else if (check->url_workspace_id) {
        watch_end(check, WATCH_OK, NULL, "%s, by the address", check->url_workspace_id);
    } else {
        watch_end(check, WATCH_OK, NULL, "not told before signing in");
    }
}

const struct watch_step watch_steps_workspace[] = {{"url shape", look_shape},
                                                   {"dns", look_dns},
                                                   {"tcp", look_tcp},
                                                   {"tls", look_tls},
                                                   {"is a workspace", look_service},
                                                   {"workspace id", look_workspace_id},
                                                   {NULL, NULL}};

/* A UUID in its usual spelling. */
static bool is_uuid(const char *text)
{
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-'
                 : text[i] == '\0' || strchr("0123456789abcdefABCDEF", text[i]) == NULL)
            return false;
    }
    return text[36] == '\0';
}

static void look_application(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->client_id == NULL || check->client_id[0] == '\0') {
        watch_missing(check, "no application id has been given yet");
        return;
    }
    if (is_uuid(check->client_id)) {
        watch_end(check, WATCH_OK, NULL, "well formed");
        return;
    }
    base_err_set(&err, ERR_CONFIG_INVALID, "\"%s\" is no application id", check->client_id);
    base_err_hint(
        &err, "%s",
        strspn(check->client_id, "0123456789") == strlen(check->client_id)
            ? "This is the numeric id. The application id beside it is a UUID: 8-4-4-4-12 "
              "characters."
            : "It is a UUID, 8-4-4-4-12 characters: Settings, Identity and access, "
              "Service principals, Application Id.");
    watch_end(check, WATCH_FAIL, &err, "not a UUID");
}

static void on_token(void *user, const struct secret *bearer, const struct err *err)
{
    struct watch_check *check = user;
    check->wait = NULL;
    if (err) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
        return;
    }
    databricks_identity_token(check->db, DATABRICKS_PRINCIPAL, bearer);
    int64_t left = net_token_expires_us(check->token) - base_seam_now_us(check->seam);
    if (left > 0)
        watch_end(check, WATCH_OK, NULL, "signed in; a token lives %d m",
                  (int)((left + 30000000) / 60000000));
    else
        watch_end(check, WATCH_OK, NULL, "signed in");
}

void watch_look_token(struct watch_check *check)
{
    if (check->client_id == NULL) {
        watch_missing(check, "the application id of the service principal comes first");
        return;
    }
    if (check->secret == NULL) {
        watch_missing(check, "the secret has not been entered yet");
        return;
    }
    if (watch_workspace(check) == NULL)
        return;
    check->token = net_token_oauth(databricks_http(check->db), check->client_id, check->secret);
    net_token_secret_ends(check->token, check->secret_expires_us);
    check->wait = net_token_get(check->token, on_token, check);
}

static void on_me(void *user, const struct err *err, struct databricks_me *me)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err) {
        watch_end(check, WATCH_FAIL, err, "%s", err->message);
        return;
    }
    for (size_t i = 0; i < me->entitlement_count; i++)
        if (strcmp(me->entitlements[i], "databricks-sql-access") == 0)
            check->is_service = true;
    if (!me->active) {
        struct err disabled = ERR_INIT;
        base_err_set(&disabled, ERR_SRC_SP_DISABLED, "the service principal is deactivated");
        watch_end(check, WATCH_FAIL, &disabled, "deactivated");
        return;
    }
    watch_end(check, WATCH_OK, NULL, "%s, numeric id %s",
              me->display_name ? me->display_name : "(no name)", me->id ? me->id : "not told");
}

static void look_me(struct watch_check *check)
{
    check->ask = databricks_workspace_me(check->db, DATABRICKS_PRINCIPAL, on_me, check);
}

static void look_entitlement(struct watch_check *check)
{
    struct err err = ERR_INIT;
    if (check->is_service) {
        watch_end(check, WATCH_OK, NULL, "Databricks SQL access");
        return;
    }
    base_err_set(&err, ERR_SRC_ENTITLEMENT_SQL,
                 "its own entitlements do not list Databricks SQL access; a group may give it");
    watch_end(check, WATCH_WARN, &err, "not listed as its own; a group may give it");
}

const struct watch_step watch_steps_principal[] = {{"application id", look_application},
                                                   {"token", watch_look_token},
                                                   {"who it is", look_me},
                                                   {"sql access", look_entitlement},
                                                   {NULL, NULL}};

static void look_vault(struct watch_check *check)
{
    char fingerprint[9];
    if (check->secret == NULL) {
        watch_missing(check, "the secret has not been entered yet");
        return;
    }
    base_secret_fingerprint(check->secret, fingerprint);
    watch_end(check, WATCH_OK, NULL, "%zu characters, fingerprint %s",
              base_secret_len(check->secret), fingerprint);
}

static void look_expiry(struct watch_check *check)
{
    struct err err = ERR_INIT;
    int64_t left = check->secret_expires_us - base_seam_now_us(check->seam);
    int days = (int)(left / 86400 / 1000000);
    if (check->secret_expires_us == 0) {
        watch_end(check, WATCH_OK, NULL, "not told; at most 730 days from its making");
    } else if (left <= 0) {
        base_err_set(&err, ERR_SRC_AUTH_SECRET_EXPIRED, "the secret is over");
        watch_end(check, WATCH_FAIL, &err, "over");
    } else if (days < 30) {
        base_err_set(&err, ERR_SRC_AUTH_SECRET_EXPIRING, "the secret ends in %d days", days);
        watch_end(check, WATCH_WARN, &err, "in %d days", days);
    } else {
        watch_end(check, WATCH_OK, NULL, "in %d days", days);
    }
}

const struct watch_step watch_steps_secret[] = {
    {"in the vault", look_vault}, {"token", watch_look_token}, {"ends", look_expiry}, {NULL, NULL}};
