#include "databricks/client.h"

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "databricks/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *databricks_identity_name(enum databricks_identity identity)
{
    static const char *const names[] = {"principal", "operator", "observer"};

    return identity < DATABRICKS_IDENTITIES ? names[identity] : "nobody";
}

struct databricks *databricks_new(struct net_loop *loop, const struct net_http_settings *settings,
                                  struct err *err)
{
    struct databricks *db = base_alloc_zero(1, sizeof *db);

    db->loop = loop;
    db->http = net_http_new(loop, settings, err);
    if (!db->http)
        base_free(&db);
    return db;
}

static void free_call(struct databricks_call *call)
{
    net_token_cancel(&call->wait);
    net_http_cancel(&call->net);
    net_loop_cancel_timer(call->db->loop, call->timer);
    base_secret_free(&call->bearer);
    if (call->free_extra)
        call->free_extra(call->extra);
    free(call->extra);
    free(call->path);
    if (call->body)
        base_secret_wipe(call->body, strlen(call->body));
    free(call->body);
    free(call);
}

static void unlink_call(struct databricks_call *call)
{
    if (call->prev)
        call->prev->next = call->next;
    else
        call->db->calls = call->next;
    if (call->next)
        call->next->prev = call->prev;
    call->prev = call->next = NULL;
}

void databricks_cancel(struct databricks_call **call_ptr)
{
    struct databricks_call *call = *call_ptr;

    *call_ptr = NULL;
    if (!call || call->dead || (call->abandon && call->abandon(call)))
        return;
    unlink_call(call);
    if (call->calling)
        call->dead = true;
    else
        free_call(call);
}

static struct databricks_call *outer_call(struct databricks *db)
{
    struct databricks_call *call = db->calls;

    while (call && call->inner)
        call = call->next;
    return call;
}

void databricks_free(struct databricks **db_ptr)
{
    struct databricks *db = *db_ptr;
    struct databricks_call *call;

    if (!db)
        return;
    for (call = db->calls; call; call = call->next)
        call->abandon = NULL;
    while ((call = outer_call(db)))
        databricks_cancel(&call);
    for (int i = 0; i < DATABRICKS_IDENTITIES; i++)
        net_token_free(&db->tokens[i]);
    net_http_free(&db->http);
    base_free(db_ptr);
}

struct net_http *databricks_http(struct databricks *db)
{
    return db->http;
}

void databricks_identity_drop(struct databricks *db, enum databricks_identity identity)
{
    /* Whoever waits for a token of this identity is told, instead of waiting for ever. */
    for (struct databricks_call *call = db->calls; call; call = call->next) {
        if (call->identity != (int)identity || !call->wait)
            continue;
        net_token_cancel(&call->wait);
        base_err_set(&call->err, ERR_CONFIG_MISSING, "the credential of the %s was taken away",
                     databricks_identity_name(identity));
        databricks_call_end_later(call);
    }
    net_token_free(&db->tokens[identity]);
}

void databricks_identity_oauth(struct databricks *db, enum databricks_identity identity,
                               const char *client_id, const struct secret *client_secret)
{
    databricks_identity_drop(db, identity);
    db->tokens[identity] = net_token_oauth(db->http, client_id, client_secret);
}

void databricks_identity_secret_ends(struct databricks *db, enum databricks_identity identity,
                                     int64_t ends_us)
{
    if (db->tokens[identity])
        net_token_secret_ends(db->tokens[identity], ends_us);
}

void databricks_identity_token(struct databricks *db, enum databricks_identity identity,
                               const struct secret *token)
{
    databricks_identity_drop(db, identity);
    db->tokens[identity] = net_token_fixed(db->http, token);
}

bool databricks_identity_known(const struct databricks *db, enum databricks_identity identity)
{
    return db->tokens[identity] != NULL;
}

struct databricks_call *databricks_call_new(struct databricks *db, int identity, void (*done)(void),
                                            void *user,
                                            void (*deliver)(struct databricks_call *call,
                                                            const struct err *err, void *result))
{
    struct databricks_call *call = base_alloc_zero(1, sizeof *call);

    call->db = db;
    call->identity = identity;
    call->done = done;
    call->user = user;
    call->deliver = deliver;
    call->next = db->calls;
    if (db->calls)
        db->calls->prev = call;
    db->calls = call;
    return call;
}

void databricks_call_end(struct databricks_call *call, const struct err *err, void *result)
{
    unlink_call(call);
    call->dead = true; /* a cancel from inside done finds nothing to do */
    call->deliver(call, err, result);
    free_call(call);
}

static void end_from_timer(void *user)
{
    struct databricks_call *call = user;
    struct err err = call->err;

    call->timer = 0;
    databricks_call_end(call, &err, NULL);
}

void databricks_call_end_later(struct databricks_call *call)
{
    net_loop_cancel_timer(call->db->loop, call->timer);
    call->timer = net_loop_after(call->db->loop, 0, end_from_timer, call);
}

void databricks_call_enter(struct databricks_call *call)
{
    call->calling = true;
}

bool databricks_call_leave(struct databricks_call *call)
{
    call->calling = false;
    if (!call->dead)
        return true;
    free_call(call);
    return false;
}

static void send_authorized(struct databricks_call *call);

static cJSON *parse_body(const struct net_response *response, struct err *err)
{
    if (response->body.len == 0)
        return NULL;
    return base_json_parse(response->body.data, response->body.len, JSON_MAX_BYTES, err);
}

/* Another meaning of the same evidence. */
static void say_instead(struct err *err, enum err_code code, const char *what)
{
    struct err seen = *err;

    base_err_clear(err);
    base_err_set(err, code, "%s: %s", seen.host, what);
    memcpy(err->host, seen.host, sizeof err->host);
    memcpy(err->request_id, seen.request_id, sizeof err->request_id);
    memcpy(err->facts, seen.facts, sizeof err->facts);
}

static void map_net_error(struct databricks_call *call, const struct net_response *response,
                          const struct err *net_err)
{
    const char *location = response->location;
    size_t len = strlen(location);

    call->err = *net_err;
    if (net_err->code == ERR_SEC_REDIRECT_REFUSED && response->private_link)
        say_instead(&call->err, ERR_SRC_PRIVATE_LINK_ONLY, "this network is not let in");
    else if (net_err->code == ERR_SEC_REDIRECT_REFUSED && len >= 11 &&
             strcmp(location + len - 11, "/login.html") == 0)
        say_instead(&call->err, ERR_SRC_HOST_WRONG, "sent to a login page instead of the API");
    if (response->status)
        call->err.http_status = response->status;
}

/* True when the request was sent once more with a new token. */
static bool replay(struct databricks_call *call, const struct databricks_problem *problem)
{
    if (call->replayed || call->identity < 0 || !databricks_problem_token(problem))
        return false;
    if (!call->db->tokens[call->identity] ||
        !net_token_reject(call->db->tokens[call->identity], call->bearer))
        return false;
    call->replayed = true;
    send_authorized(call);
    return true;
}

/* A 2xx answer of the service itself that our own limits refuse (too many values, too deep), not a
 * page of somebody else. */
static bool json_refused(const struct net_response *response, const struct err *parse_err)
{
    return response->status / 100 == 2 && parse_err->code != ERR_OK &&
           response->body.data[strspn(response->body.data, " \t\r\n")] == '{';
}

static void on_answer(void *user, struct net_response *response, const struct err *net_err)
{
    struct databricks_call *call = user;
    struct databricks_problem problem;
    struct err err = ERR_INIT, parse_err = ERR_INIT;
    cJSON *json;

    call->net = NULL;
    if (net_err) {
        map_net_error(call, response, net_err);
        err = call->err;
        databricks_call_end(call, &err, NULL);
        return;
    }
    json = parse_body(response, &parse_err);
    if (response->status / 100 == 2 && (json || response->body.len == 0)) {
        call->parse(call, json, response);
        cJSON_Delete(json);
        return;
    }
    if (json_refused(response, &parse_err)) {
        base_err_context(&parse_err, "the answer cannot be taken");
        databricks_call_end(call, &parse_err, NULL);
        return;
    }
    databricks_problem_read(&problem, response, json);
    if (!replay(call, &problem) && !(call->refused && call->refused(call, &problem))) {
        databricks_problem_map(&problem, call->subject, &err);
        base_text_clean_into(err.host, sizeof err.host,
                             strstr(net_http_origin(call->db->http), "://") + 3);
        databricks_call_end(call, &err, NULL);
    }
    databricks_problem_free(&problem);
    cJSON_Delete(json);
}

static void submit(struct databricks_call *call)
{
    static const char *const headers[] = {"Accept: application/json",
                                          "Content-Type: application/json"};
    char *url = base_printf("%s%s", net_http_origin(call->db->http), call->path);

    call->net =
        net_http_submit(call->db->http,
                        &(struct net_request){.method = call->method,
                                              .url = url,
                                              .headers = headers,
                                              .header_count = call->body ? 2 : 1,
                                              .body = call->body,
                                              .body_len = call->body ? strlen(call->body) : 0,
                                              .bearer = call->bearer,
                                              .max_body = JSON_MAX_BYTES,
                                              .retry = call->retry,
                                              .idle_ms = call->idle_ms},
                        on_answer, call);
    free(url);
}

static void on_bearer(void *user, const struct secret *bearer, const struct err *err)
{
    struct databricks_call *call = user;

    call->wait = NULL;
    if (err) {
        struct err copy = *err;

        databricks_call_end(call, &copy, NULL);
        return;
    }
    base_secret_free(&call->bearer);
    call->bearer = base_secret_dup(bearer);
    submit(call);
}

static void send_authorized(struct databricks_call *call)
{
    if (call->identity < 0) {
        submit(call);
        return;
    }
    if (!call->db->tokens[call->identity]) {
        base_err_set(&call->err, ERR_CONFIG_MISSING, "there is no credential of the %s",
                     databricks_identity_name((enum databricks_identity)call->identity));
        databricks_call_end_later(call);
        return;
    }
    call->wait = net_token_get(call->db->tokens[call->identity], on_bearer, call);
}

void databricks_call_send(struct databricks_call *call, const char *method, char *path, char *body,
                          const struct net_retry *retry,
                          void (*parse)(struct databricks_call *call, const cJSON *json,
                                        struct net_response *response))
{
    free(call->path);
    free(call->body);
    call->method = method;
    call->path = path;
    call->body = body;
    call->retry = retry;
    call->parse = parse;
    call->replayed = false;
    send_authorized(call);
}

void databricks_deliver_plain(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *user, const struct err *err) =
        (void (*)(void *, const struct err *))call->done;

    (void)result;
    done(call->user, err);
}

void databricks_parse_nothing(struct databricks_call *call, const cJSON *json,
                              struct net_response *response)
{
    (void)json;
    (void)response;
    databricks_call_end(call, NULL, NULL);
}

void databricks_query_add(struct buf *path, const char *key, const char *value)
{
    if (!value)
        return;
    if (base_buf_printf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', key) ||
        base_url_encode(value, path))
        bug("out of memory");
}

void databricks_query_i64(struct buf *path, const char *key, int64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRId64, value);
    databricks_query_add(path, key, text);
}

void databricks_path_add(struct buf *path, const char *segment)
{
    if (base_buf_byte(path, '/') || base_url_encode(segment, path))
        bug("out of memory");
}

char *databricks_json_dup(const cJSON *json, const char *key)
{
    const char *text = base_json_str(json, key);

    return text && *text ? base_strdup(text) : NULL;
}

void databricks_page_send(struct databricks_call *call, const char *path, const char *token,
                          void (*parse)(struct databricks_call *call, const cJSON *json,
                                        struct net_response *response))
{
    struct buf full;

    base_buf_init(&full, BUF_MAX_DEFAULT);
    if (base_buf_text(&full, path))
        bug("out of memory");
    databricks_query_add(&full, "page_token", token);
    databricks_call_send(call, "GET", base_buf_take(&full, NULL), NULL, &net_retry_read, parse);
}

int databricks_pages_next(struct databricks_pages *pages, const cJSON *json,
                          const struct net_response *response, int max, const char *what,
                          struct err *err)
{
    char *token = databricks_json_dup(json, "next_page_token");
    bool again = token && pages->token && strcmp(token, pages->token) == 0;

    free(pages->token);
    pages->token = token;
    pages->bytes += response->body.len;
    if (!token)
        return 0;
    if (pages->bytes > PAGES_BYTES_MAX)
        return base_err_set(err, ERR_LIMIT_EXCEEDED, "%s: more than %zu bytes", what,
                            PAGES_BYTES_MAX);
    if (again || ++pages->count >= max)
        return base_err_set(err, ERR_SRC_UNCLASSIFIED, "%s: the pages do not end", what);
    return 1;
}

int64_t databricks_json_ms(const cJSON *json, const char *key)
{
    int64_t ms = base_json_i64_or(json, key, 0);

    return ms > 0 && ms < INT64_MAX / 1000 ? ms * 1000 : 0;
}
