/* The hosts result links name: rows come from there, not from the workspace, and a firewall may let
 * one through and not the other. A tiny statement asks for links when the warehouse runs anyway;
 * else the hosts that were named before are tried. */
#include "watch/private.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL ((size_t)1 << 20)
#define SPARE_MS 2000 /* of the layer's time, to take a statement back that does not end */

static cJSON *hosts_list(struct watch_check *check)
{
    cJSON *list = cJSON_GetObjectItemCaseSensitive(watch_evidence(check), "hosts");
    return list ? list : base_json_add_array(watch_evidence(check), "hosts");
}

static void host_add(struct watch_check *check, const char *host, bool reached)
{
    cJSON *item = base_json_object();
    base_json_add_str(item, "host", host);
    base_json_add_bool(item, "reached", reached);
    base_json_push_take(hosts_list(check), item);
}

/* The error of a host, with what has to be opened as the hint. */
static void host_failed(struct watch_check *check, const char *host, const struct err *cause)
{
    struct err err = *cause;
    if (err.code == ERR_NET_DNS || err.code == ERR_NET_CONNECT)
        databricks_link_unreached(&err);
    host_add(check, host, false);
    if (err.code == ERR_PROXY_REFUSED || err.code == ERR_NET_STALL)
        base_err_hint(&err, "Open %s in the firewall or proxy of this host.", host);
    watch_end(check, WATCH_FAIL, &err, "%s %s", host,
              err.code == ERR_SRC_LINK_FORBIDDEN ? "refuses this host" : "cannot be reached");
}

/* --- those known from before */

static void known_next(struct watch_check *check);

static void on_known(void *user, struct net_response *response, const struct err *err)
{
    struct watch_check *check = user;
    const char *host = check->self->result_hosts[check->host_at++];
    check->call = NULL;
    /* Any answer is good: without a link there is nothing to be had there. */
    if (err && response->status == 0) {
        host_failed(check, host, err);
        return;
    }
    host_add(check, host, true);
    known_next(check);
}

static void known_next(struct watch_check *check)
{
    const struct watch_self *self = check->self;
    if (check->host_at < self->result_host_count) {
        char *url =
            base_printf("%s://%s/", strncmp(check->origin, "http:", 5) == 0 ? "http" : "https",
                        self->result_hosts[check->host_at]);
        struct net_request request = {.url = url, .bare = true, .fresh = true, .max_body = SMALL};
        check->call = net_http_submit(databricks_http(check->db), &request, on_known, check);
        free(url);
        return;
    }
    watch_end(check, WATCH_OK, NULL, "%s%s, as last named", self->result_hosts[0],
              self->result_host_count > 1 ? " and others" : "");
}

/* --- those named now */

static void on_closed(void *user, const struct err *err)
{
    struct watch_check *check = user;
    const cJSON *first = cJSON_GetArrayItem(hosts_list(check), 0);
    (void)err;
    check->ask = NULL;
    watch_end(check, WATCH_OK, NULL, "%s", base_json_str_or(first, "host", "reached"));
}

static void link_host(const struct databricks_link *link, char out[300])
{
    struct net_url url = {0};
    struct err err = ERR_INIT;
    if (net_url_parse(base_secret_peek(link->url), &url, &err) == 0)
        snprintf(out, 300, "%s:%d", url.host, url.port);
    else
        snprintf(out, 300, "a host that is no name");
    net_url_free(&url);
}

static void on_fetched(void *user, const struct err *err, struct buf *body)
{
    struct watch_check *check = user;
    char host[300];
    (void)body;
    check->ask = NULL;
    link_host(&check->statement.links.items[0], host);
    if (err) {
        host_failed(check, host, err);
        return;
    }
    host_add(check, host, true);
    check->ask = databricks_statement_close(check->db, DATABRICKS_PRINCIPAL, check->statement.id,
                                            on_closed, check);
}

static void links_take(struct watch_check *check, struct databricks_links *links)
{
    if (links->count == 0) {
        watch_end(check, WATCH_NONE, NULL, "the result came without a link");
        return;
    }
    if (links != &check->statement.links) {
        databricks_links_free(&check->statement.links);
        check->statement.links = *links;
        *links = (struct databricks_links){0};
    }
    check->ask = databricks_link_fetch(check->db, &check->statement.links.items[0], SMALL, NULL,
                                       on_fetched, check);
}

static void on_links(void *user, const struct err *err, struct databricks_links *links)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err)
        watch_fail(check, err);
    else
        links_take(check, links);
}

/* A statement that nobody waits for is not left running: it is cancelled before the layer ends. */

static void on_cancelled(void *user, const struct err *err)
{
    struct watch_check *check = user;
    (void)err;
    check->ask = NULL;
    watch_fail(check, &check->reach_err);
}

static void statement_cancel(struct watch_check *check, const struct err *why)
{
    check->reach_err = *why;
    check->ask = databricks_statement_cancel(check->db, DATABRICKS_PRINCIPAL, check->statement.id,
                                             on_cancelled, check);
}

static void not_ended(void *user)
{
    struct watch_check *check = user;
    struct err err = ERR_INIT;
    check->again = 0;
    databricks_cancel(&check->ask);
    base_err_set(&err, ERR_NET_STALL, "the statement did not end in time, and was cancelled");
    base_err_hint(&err, "Look at the warehouse: is it full, or still starting?");
    memcpy(err.statement_id, check->statement.id, sizeof err.statement_id);
    statement_cancel(check, &err);
}

static void on_state(void *user, enum databricks_state state)
{
    ((struct watch_check *)user)->statement.state = state;
}

static void on_waited(void *user, const struct err *err, struct databricks_statement *statement);

static void statement_wait(struct watch_check *check)
{
    int64_t spent_ms = (base_seam_mono_us(check->seam) - check->began_us) / 1000;
    int64_t left_ms = WATCH_LAYER_MS - SPARE_MS - spent_ms;
    check->again = net_loop_after(check->loop, left_ms > 0 ? left_ms : 0, not_ended, check);
    check->ask = databricks_statement_wait(check->db, DATABRICKS_PRINCIPAL, check->statement.id,
                                           on_state, on_waited, check);
}

static void statement_go_on(struct watch_check *check)
{
    struct databricks_statement *statement = &check->statement;
    if (statement->state == DATABRICKS_SUCCEEDED && statement->links.count)
        links_take(check, &statement->links);
    else if (statement->state == DATABRICKS_SUCCEEDED)
        check->ask = databricks_statement_links(check->db, DATABRICKS_PRINCIPAL, statement->id, 0,
                                                on_links, check);
    else if (databricks_state_over(statement->state))
        watch_fail(check, &statement->error);
    else
        statement_wait(check);
}

static void statement_take(struct watch_check *check, struct databricks_statement *statement)
{
    databricks_statement_free(&check->statement);
    check->statement = *statement;
    *statement = (struct databricks_statement){0};
    statement_go_on(check);
}

static void on_waited(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct watch_check *check = user;
    check->ask = NULL;
    net_loop_cancel_timer(check->loop, check->again);
    check->again = 0;
    if (!err)
        statement_take(check, statement);
    else if (databricks_state_over(check->statement.state))
        watch_fail(check, err);
    else
        statement_cancel(check, err);
}

static void on_executed(void *user, const struct err *err, struct databricks_statement *statement)
{
    struct watch_check *check = user;
    check->ask = NULL;
    if (err)
        watch_fail(check, err);
    else
        statement_take(check, statement);
}

void watch_look_result_hosts(struct watch_check *check)
{
    bool running = check->warehouse.state && strcmp(check->warehouse.state, "RUNNING") == 0;
    struct databricks_execute execute = {
        .warehouse = check->warehouse_id, .sql = "SELECT 1 AS doctor", .wait_seconds = 5};
    check->host_at = 0;
    if (running)
        check->ask = databricks_statement_execute(check->db, DATABRICKS_PRINCIPAL, &execute,
                                                  on_executed, check);
    else if (check->self->result_host_count)
        known_next(check);
    else
        watch_end(check, WATCH_NONE, NULL, "not known yet: no result was read, no warehouse runs");
}
