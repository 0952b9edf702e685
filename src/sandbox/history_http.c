/* GET /api/2.0/sql/history/queries (databricks-sdk-go service/sql: ListQueryHistoryRequest,
 * QueryInfo). */
#include "sandbox/history.h"

#include "base/text.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_PAGE 100
#define HISTORY_PAGE_MAX 1000

enum { BY_STATUS, BY_USER, BY_WAREHOUSE, BY_STATEMENT, BY_COUNT };

static const char *const filters[BY_COUNT] = {"filter_by.statuses", "filter_by.user_ids",
                                              "filter_by.warehouse_ids", "filter_by.statement_ids"};

struct listing {
    struct sandbox_exchange *exchange;
    vec_of(char *) wanted[BY_COUNT]; /* each may be given several times */
    int64_t from_ms, to_ms, before;  /* before: seq of the page before; 0: none */
    int64_t left, last;
    bool metrics, all, more;
    cJSON *array;
};

static enum MHD_Result collect(void *user, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
    struct listing *listing = user;

    (void)kind;
    for (int i = 0; i < BY_COUNT; i++) {
        if (value && strcmp(key, filters[i]) == 0)
            vec_push(&listing->wanted[i], base_strdup(value));
    }
    return MHD_YES;
}

static void wanted_free(struct listing *listing)
{
    for (int i = 0; i < BY_COUNT; i++) {
        for (size_t k = 0; k < listing->wanted[i].count; k++)
            free(listing->wanted[i].items[k]);
        vec_free(&listing->wanted[i]);
    }
}

static bool wants(const struct listing *listing, int by, const char *value)
{
    for (size_t i = 0; i < listing->wanted[by].count; i++) {
        if (value && strcmp(listing->wanted[by].items[i], value) == 0)
            return true;
    }
    return !listing->wanted[by].count;
}

/* Own statements; all of a warehouse for who may watch it, all there are for workspace admins. */
static bool may_see(const struct listing *listing, const struct sandbox_past_statement *past)
{
    struct sandbox_exchange *exchange = listing->exchange;
    struct sandbox_workspace *workspace = exchange->server->workspace;
    const struct sandbox_warehouse *warehouse;

    if (listing->all || strcmp(past->principal, exchange->principal) == 0)
        return true;
    warehouse = sandbox_workspace_find_warehouse(workspace, past->warehouse);
    for (size_t i = 0; warehouse && i < warehouse->access.count; i++) {
        const struct sandbox_access *access = &warehouse->access.items[i];

        if (strcmp(access->level, "CAN_MONITOR") == 0 &&
            (base_text_equal_nocase(access->principal, exchange->principal) ||
             sandbox_workspace_member(workspace, access->principal, exchange->principal)))
            return true;
    }
    return warehouse && sandbox_warehouse_manages(workspace, warehouse, exchange->principal);
}

static cJSON *metrics_json(const struct sandbox_past_statement *past)
{
    cJSON *json = base_json_object();
    int64_t running = past->running_us ? past->running_us : past->ended_us;

    base_json_add_i64(json, "total_time_ms", (past->ended_us - past->started_us) / 1000);
    base_json_add_i64(json, "execution_time_ms", (past->ended_us - running) / 1000);
    base_json_add_i64(json, "compilation_time_ms", 0);
    base_json_add_i64(json, "read_bytes", past->bytes);
    base_json_add_i64(json, "rows_produced_count", past->rows);
    base_json_add_bool(json, "result_from_cache", false);
    base_json_add_i64(json, "query_compilation_start_timestamp", past->started_us / 1000);
    return json;
}

static cJSON *query_json(const struct listing *listing, const struct sandbox_past_statement *past)
{
    cJSON *json = base_json_object();
    char *agent = past->agent ? base_strndup(past->agent, strcspn(past->agent, "/ ")) : NULL;

    base_json_add_str(json, "query_id", past->id);
    base_json_add_str(json, "status", past->status);
    base_json_add_str(json, "query_text", past->text);
    base_json_add_i64(json, "query_start_time_ms", past->started_us / 1000);
    if (past->ended_us) {
        base_json_add_i64(json, "execution_end_time_ms", past->ended_us / 1000);
        base_json_add_i64(json, "query_end_time_ms", past->ended_us / 1000);
        base_json_add_i64(json, "duration", (past->ended_us - past->started_us) / 1000);
    }
    base_json_add_i64(json, "user_id", past->user_id ? strtoll(past->user_id, NULL, 10) : 0);
    base_json_add_str(json, "user_name", past->principal);
    base_json_add_i64(json, "executed_as_user_id",
                      past->user_id ? strtoll(past->user_id, NULL, 10) : 0);
    base_json_add_str(json, "executed_as_user_name", past->principal);
    base_json_add_str(json, "warehouse_id", past->warehouse);
    base_json_add_str(json, "endpoint_id", past->warehouse);
    base_json_add_str(json, "error_message", past->error);
    base_json_add_str(json, "session_id", past->session);
    base_json_add_str(json, "client_application", agent);
    base_json_add_str(json, "statement_type", past->type);
    base_json_add_str(json, "lookup_key", past->id);
    base_json_add_bool(json, "is_final", past->ended_us != 0);
    base_json_add_i64(json, "rows_produced", past->rows);
    base_json_add_str(json, "plans_state", "EMPTY");
    if (listing->metrics && past->ended_us)
        base_json_add_take(json, "metrics", metrics_json(past));
    free(agent);
    return json;
}

static bool take(void *user, const struct sandbox_past_statement *past)
{
    struct listing *listing = user;
    int64_t start = past->started_us / 1000;

    if ((listing->before && past->seq >= listing->before) ||
        !wants(listing, BY_STATUS, past->status) || !wants(listing, BY_USER, past->user_id) ||
        !wants(listing, BY_WAREHOUSE, past->warehouse) || !wants(listing, BY_STATEMENT, past->id) ||
        start < listing->from_ms || start > listing->to_ms || !may_see(listing, past))
        return true;
    if (!listing->left) {
        listing->more = true;
        return false;
    }
    listing->left--;
    listing->last = past->seq;
    base_json_push_take(listing->array, query_json(listing, past));
    return true;
}

static int64_t number(struct sandbox_exchange *exchange, const char *name, int64_t fallback)
{
    const char *text = sandbox_exchange_query(exchange, name);
    char *end;
    long long value = text ? strtoll(text, &end, 10) : 0;

    return !text ? fallback : end == text || *end ? -1 : value;
}

static bool request_read(struct listing *listing)
{
    struct sandbox_exchange *exchange = listing->exchange;
    const char *token = sandbox_exchange_query(exchange, "page_token");

    listing->from_ms = number(exchange, "filter_by.query_start_time_range.start_time_ms", 0);
    listing->to_ms = number(exchange, "filter_by.query_start_time_range.end_time_ms", INT64_MAX);
    listing->left = number(exchange, "max_results", HISTORY_PAGE);
    listing->metrics = sandbox_exchange_flag(exchange, "include_metrics");
    if (listing->left == 0)
        listing->left = HISTORY_PAGE;
    if (listing->left < 0 || listing->left > HISTORY_PAGE_MAX || listing->from_ms < 0 ||
        listing->to_ms < 0) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "max_results must be between 1 and %d.", HISTORY_PAGE_MAX);
        return false;
    }
    if (token && *token &&
        (sscanf(token, "h%lld", (long long *)&listing->before) != 1 || listing->before <= 0)) {
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "Invalid page token.");
        return false;
    }
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, collect, listing);
    return true;
}

void sandbox_endpoint_query_history(struct sandbox_exchange *exchange)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct listing listing = {.exchange = exchange,
                              .all = sandbox_workspace_is_admin(workspace, exchange->principal)};
    char token[24];
    cJSON *json;

    if (request_read(&listing)) {
        json = base_json_object();
        listing.array = base_json_add_array(json, "res");
        sandbox_workspace_lock(workspace); /* before the history's own, as everywhere */
        sandbox_history_each(exchange->server, take, &listing);
        sandbox_workspace_unlock(workspace);
        if (!cJSON_GetArraySize(listing.array))
            cJSON_DeleteItemFromObjectCaseSensitive(json, "res");
        base_json_add_bool(json, "has_next_page", listing.more);
        if (listing.more) {
            snprintf(token, sizeof token, "h%lld", (long long)listing.last);
            base_json_add_str(json, "next_page_token", token);
        }
        sandbox_reply_json(exchange, 200, json);
    }
    wanted_free(&listing);
}
