#include "databricks/statement.h"

#include "base/alloc.h"
#include "databricks/observer.h"
#include "databricks/private.h"
#include "databricks/statement_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS "/api/2.0/sql/statements"
#define SESSIONS "/api/2.0/sql/sessions"
#define POLL_FIRST_MS 200
#define POLL_MAX_MS 5000

static char *path_of(const char *base, const char *id, const char *tail)
{
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, base))
        bug("out of memory");
    databricks_path_add(&path, id);
    if (base_buf_text(&path, tail))
        bug("out of memory");
    return base_buf_take(&path, NULL);
}

static char *print_take(cJSON *json)
{
    char *text = base_json_print(json);

    cJSON_Delete(json);
    return text;
}

static void deliver_session(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, const char *) =
        (void (*)(void *, const struct err *, const char *))call->done;

    done(call->user, err, result);
}

static void parse_session(struct databricks_call *call, const cJSON *json,
                          struct net_response *response)
{
    struct err err = ERR_INIT;
    char *id = databricks_json_dup(json, "session_id");

    (void)response;
    if (!id)
        base_err_set(&err, ERR_SRC_UNCLASSIFIED, "the answer has no session id");
    databricks_call_end(call, id ? NULL : &err, id);
    free(id);
}

struct databricks_call *databricks_session_open(
    struct databricks *db, enum databricks_identity identity, const char *warehouse,
    void (*done)(void *user, const struct err *err, const char *session_id), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_session);
    cJSON *body = base_json_object(), *confs;

    base_json_add_str(body, "warehouse_id", warehouse);
    confs = base_json_add_object(body, "session_confs");
    /* Both spellings: which one a warehouse honours depends on its version. */
    base_json_add_str(confs, "timezone", "UTC");
    base_json_add_str(confs, "spark.sql.session.timeZone", "UTC");
    call->subject = SUBJECT_SUBMIT;
    databricks_call_send(call, "POST", base_strdup(SESSIONS), print_take(body), &net_retry_submit,
                         parse_session);
    return call;
}

struct databricks_call *databricks_session_close(struct databricks *db,
                                                 enum databricks_identity identity,
                                                 const char *warehouse, const char *session_id,
                                                 void (*done)(void *user, const struct err *err),
                                                 void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, databricks_deliver_plain);
    struct buf path;

    base_buf_init(&path, BUF_MAX_DEFAULT);
    if (base_buf_text(&path, SESSIONS))
        bug("out of memory");
    databricks_path_add(&path, session_id);
    databricks_query_add(&path, "warehouse_id", warehouse);
    databricks_call_send(call, "DELETE", base_buf_take(&path, NULL), NULL, &net_retry_read,
                         databricks_parse_nothing);
    return call;
}

static void deliver_statement(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_statement *) =
        (void (*)(void *, const struct err *, struct databricks_statement *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_statement_free(result);
}

static void parse_statement(struct databricks_call *call, const cJSON *json,
                            struct net_response *response)
{
    struct databricks_statement statement;
    struct err err = ERR_INIT;

    if (response->body.len)
        base_secret_wipe(response->body.data, response->body.len); /* it may hold links */
    if (databricks_statement_read(json, &statement, &err)) {
        databricks_statement_free(&statement);
        databricks_call_end(call, &err, NULL);
        return;
    }
    databricks_call_end(call, NULL, &statement);
}

static char *execute_body(const struct databricks_execute *execute)
{
    cJSON *body = base_json_object(), *params;
    char wait[16];

    base_json_add_str(body, "statement", execute->sql);
    base_json_add_str(body, "warehouse_id", execute->warehouse);
    base_json_add_str(body, "session_id", execute->session);
    base_json_add_str(body, "disposition", execute->inline_json ? "INLINE" : "EXTERNAL_LINKS");
    base_json_add_str(body, "format", execute->inline_json ? "JSON_ARRAY" : "ARROW_STREAM");
    base_json_add_str(body, "on_wait_timeout", "CONTINUE");
    snprintf(wait, sizeof wait, "%ds", execute->wait_seconds);
    base_json_add_str(body, "wait_timeout", wait);
    if (execute->lz4)
        base_json_add_str(body, "result_compression", "LZ4_FRAME");
    if (execute->row_limit > 0)
        base_json_add_i64(body, "row_limit", execute->row_limit);
    params = execute->param_count ? base_json_add_array(body, "parameters") : NULL;
    for (size_t i = 0; i < execute->param_count; i++) {
        cJSON *param = base_json_object();

        base_json_add_str(param, "name", execute->params[i].name);
        base_json_add_str(param, "type", execute->params[i].type);
        base_json_add_str(param, "value", execute->params[i].value);
        base_json_push_take(params, param);
    }
    return print_take(body);
}

struct databricks_call *databricks_statement_execute(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_execute *execute,
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_statement);

    /* Held here because every statement of every caller comes through: what the observer may not
     * ask is never sent, and what it may ask comes inline, never as links. */
    if (identity == DATABRICKS_OBSERVER &&
        (!execute->inline_json || !databricks_observer_may(execute->sql))) {
        base_err_set(&call->err, ERR_NOT_PERMITTED,
                     "the observer reads the audit log and metadata, never table data");
        databricks_call_end_later(call);
        return call;
    }
    call->subject = SUBJECT_SUBMIT;
    call->idle_ms = (execute->wait_seconds + 60) * 1000; /* nothing comes while it waits */
    databricks_call_send(call, "POST", base_strdup(STATEMENTS), execute_body(execute),
                         &net_retry_submit, parse_statement);
    return call;
}

struct poll {
    char *id;
    int64_t delay_ms;
    void (*state)(void *user, enum databricks_state state);
};

static void free_poll(void *extra)
{
    free(((struct poll *)extra)->id);
}

static void parse_poll(struct databricks_call *call, const cJSON *json,
                       struct net_response *response);

static void send_poll(void *user)
{
    struct databricks_call *call = user;
    struct poll *poll = call->extra;

    call->timer = 0;
    databricks_call_send(call, "GET", path_of(STATEMENTS, poll->id, ""), NULL, &net_retry_read,
                         parse_poll);
}

static void poll_again(struct databricks_call *call)
{
    struct poll *poll = call->extra;

    call->timer = net_loop_after(call->db->loop, poll->delay_ms, send_poll, call);
    poll->delay_ms += poll->delay_ms / 2;
    if (poll->delay_ms > POLL_MAX_MS)
        poll->delay_ms = POLL_MAX_MS;
}

static void parse_poll(struct databricks_call *call, const cJSON *json,
                       struct net_response *response)
{
    struct poll *poll = call->extra;
    struct databricks_statement statement;
    struct err err = ERR_INIT;
    bool alive = true;

    if (response->body.len)
        base_secret_wipe(response->body.data, response->body.len);
    if (databricks_statement_read(json, &statement, &err)) {
        databricks_statement_free(&statement);
        databricks_call_end(call, &err, NULL);
        return;
    }
    if (poll->state) {
        databricks_call_enter(call);
        poll->state(call->user, statement.state);
        alive = databricks_call_leave(call);
    }
    if (alive && statement.state == DATABRICKS_SUCCEEDED) {
        databricks_call_end(call, NULL, &statement);
        return;
    }
    err = statement.error;
    if (alive && databricks_state_over(statement.state))
        databricks_call_end(call, &err, NULL);
    else if (alive)
        poll_again(call);
    databricks_statement_free(&statement);
}

struct databricks_call *databricks_statement_wait(
    struct databricks *db, enum databricks_identity identity, const char *id,
    void (*state)(void *user, enum databricks_state state),
    void (*done)(void *user, const struct err *err, struct databricks_statement *statement),
    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_statement);
    struct poll *poll = base_alloc_zero(1, sizeof *poll);

    poll->id = base_strdup(id);
    poll->state = state;
    poll->delay_ms = POLL_FIRST_MS;
    call->subject = SUBJECT_STATEMENT;
    call->extra = poll;
    call->free_extra = free_poll;
    send_poll(call);
    return call;
}

static void deliver_links(struct databricks_call *call, const struct err *err, void *result)
{
    void (*done)(void *, const struct err *, struct databricks_links *) =
        (void (*)(void *, const struct err *, struct databricks_links *))call->done;

    done(call->user, err, result);
    if (result)
        databricks_links_free(result);
}

static void parse_links(struct databricks_call *call, const cJSON *json,
                        struct net_response *response)
{
    struct databricks_links links;

    if (response->body.len)
        base_secret_wipe(response->body.data, response->body.len);
    databricks_links_read(json, &links);
    databricks_call_end(call, NULL, &links);
}

struct databricks_call *databricks_statement_links(
    struct databricks *db, enum databricks_identity identity, const char *id, int64_t chunk,
    void (*done)(void *user, const struct err *err, struct databricks_links *links), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_links);
    char tail[48];

    snprintf(tail, sizeof tail, "/result/chunks/%lld", (long long)chunk);
    call->subject = SUBJECT_STATEMENT;
    databricks_call_send(call, "GET", path_of(STATEMENTS, id, tail), NULL, &net_retry_read,
                         parse_links);
    return call;
}

struct databricks_call *databricks_statement_cancel(struct databricks *db,
                                                    enum databricks_identity identity,
                                                    const char *id,
                                                    void (*done)(void *user, const struct err *err),
                                                    void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, databricks_deliver_plain);

    call->subject = SUBJECT_STATEMENT;
    databricks_call_send(call, "POST", path_of(STATEMENTS, id, "/cancel"), base_strdup("{}"),
                         &net_retry_read, databricks_parse_nothing);
    return call;
}

/* What is gone already is closed. */
static void deliver_close(struct databricks_call *call, const struct err *err, void *result)
{
    databricks_deliver_plain(call, err && err->code == ERR_SRC_STMT_CLOSED ? NULL : err, result);
}

struct databricks_call *
databricks_statement_close(struct databricks *db, enum databricks_identity identity, const char *id,
                           void (*done)(void *user, const struct err *err), void *user)
{
    struct databricks_call *call =
        databricks_call_new(db, identity, (void (*)(void))done, user, deliver_close);

    call->subject = SUBJECT_STATEMENT;
    databricks_call_send(call, "DELETE", path_of(STATEMENTS, id, ""), NULL, &net_retry_read,
                         databricks_parse_nothing);
    return call;
}
