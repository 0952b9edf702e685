#include "sandbox/session.h"
#include "sandbox/statement.h"
#include "sandbox/warehouse.h"

#include <stdio.h>
#include <string.h>

#define STATEMENT_MAX ((size_t)16 << 20)
#define BYTE_LIMIT_DEFAULT ((int64_t)100 << 30)
#define TAGS_MAX 20

static bool refuse(struct sandbox_exchange *exchange, const char *message)
{
    sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE", "%s", message);
    return false;
}

/* "0s", or 5 to 50 seconds. */
static bool wait_timeout_read(struct sandbox_exchange *exchange, const cJSON *body, int64_t *ms)
{
    const char *text = base_json_str_or(body, "wait_timeout", "10s");
    int used = 0;
    int seconds;

    if (sscanf(text, "%ds%n", &seconds, &used) != 1 || !used || text[used] ||
        (seconds != 0 && (seconds < 5 || seconds > 50)))
        return refuse(exchange, "wait_timeout must be 0 seconds (format: '0s'), or between 5 "
                                "seconds ('5s') and 50 seconds ('50s').");
    *ms = (int64_t)seconds * 1000;
    return true;
}

static bool result_kind_read(struct sandbox_exchange *exchange, const cJSON *body,
                             struct sandbox_statement *statement)
{
    const char *disposition = base_json_str_or(body, "disposition", "INLINE");
    const char *format = base_json_str_or(body, "format", "JSON_ARRAY");
    const char *compression = base_json_str(body, "result_compression");

    statement->inline_result = strcmp(disposition, "INLINE") == 0;
    if (!statement->inline_result && strcmp(disposition, "EXTERNAL_LINKS") != 0 &&
        strcmp(disposition, "INLINE_OR_EXTERNAL_LINKS") != 0)
        return refuse(exchange, "disposition must be INLINE or EXTERNAL_LINKS.");
    if (strcmp(format, "ARROW_STREAM") == 0)
        statement->format = SANDBOX_ARROW_STREAM;
    else if (strcmp(format, "CSV") == 0)
        statement->format = SANDBOX_CSV;
    else if (strcmp(format, "JSON_ARRAY") != 0)
        return refuse(exchange, "format must be JSON_ARRAY, ARROW_STREAM or CSV.");
    if (statement->inline_result && statement->format != SANDBOX_JSON_ARRAY)
        return refuse(exchange, "The INLINE disposition supports the JSON_ARRAY format only.");
    statement->compression_named = compression != NULL;
    statement->lz4 = compression && strcmp(compression, "LZ4_FRAME") == 0 &&
                     statement->format == SANDBOX_ARROW_STREAM;
    if (compression && strcmp(compression, "LZ4_FRAME") != 0 && strcmp(compression, "NONE") != 0)
        return refuse(exchange, "result_compression must be LZ4_FRAME or NONE.");
    return true;
}

static bool limits_read(struct sandbox_exchange *exchange, const cJSON *body,
                        struct sandbox_statement *statement)
{
    statement->row_limit = base_json_i64_or(body, "row_limit", 0);
    statement->byte_limit = base_json_i64_or(body, "byte_limit", 0);
    if (statement->row_limit < 0 || statement->byte_limit < 0)
        return refuse(exchange, "row_limit and byte_limit must be positive.");
    if (!statement->byte_limit && !statement->inline_result)
        statement->byte_limit = BYTE_LIMIT_DEFAULT;
    return true;
}

static bool parameters_good(struct sandbox_exchange *exchange, const cJSON *body)
{
    const char *on_timeout = base_json_str_or(body, "on_wait_timeout", "CONTINUE");
    int nameless = 0;
    const cJSON *item;

    if (strcmp(on_timeout, "CONTINUE") != 0 && strcmp(on_timeout, "CANCEL") != 0)
        return refuse(exchange, "on_wait_timeout must be CONTINUE or CANCEL.");
    if (cJSON_GetArraySize(base_json_array(body, "query_tags")) > TAGS_MAX)
        return refuse(exchange, "At most 20 query_tags are allowed.");
    cJSON_ArrayForEach(item, base_json_array(body, "parameters"))
    {
        const cJSON *value = base_json_get(item, "value");

        if (value && !cJSON_IsString(value) && !cJSON_IsNull(value))
            return refuse(exchange, "The value of a parameter is a string.");
        /* Drivers send nameless ones for the "?" of a statement. */
        nameless += !base_json_str_or(item, "name", "")[0];
    }
    if (nameless && nameless != cJSON_GetArraySize(base_json_array(body, "parameters")))
        return refuse(exchange, "Named and positional parameters cannot be mixed.");
    return true;
}

static void set_text(char **slot, const char *text)
{
    if (!text)
        return;
    free(*slot);
    *slot = base_strdup(text);
}

static bool session_apply(struct sandbox_exchange *exchange, const cJSON *body,
                          struct sandbox_statement *statement)
{
    const char *session = base_json_str(body, "session_id");

    if (session &&
        !sandbox_session_read(exchange->server, session, exchange->principal, &statement->catalog,
                              &statement->schema, &statement->time_zone)) {
        sandbox_reply_error(exchange, 404, "NOT_FOUND", "Session %s does not exist.", session);
        return false;
    }
    set_text(&statement->catalog, base_json_str(body, "catalog"));
    set_text(&statement->schema, base_json_str(body, "schema"));
    return true;
}

/* Who has no way to get an answer is told at once: no entitlement, no warehouse, one that may not
 * be started. */
static bool warehouse_admits(struct sandbox_exchange *exchange,
                             const struct sandbox_statement *statement)
{
    struct sandbox_workspace *workspace = exchange->server->workspace;
    struct sandbox_warehouse *warehouse;

    sandbox_workspace_lock(workspace);
    warehouse = sandbox_warehouse_usable(exchange, statement->warehouse_id);
    if (warehouse && strcmp(warehouse->state, "STOPPED") == 0 &&
        !sandbox_warehouse_may(workspace, warehouse, exchange->principal, true))
        sandbox_reply_error(exchange, 403, "PERMISSION_DENIED",
                            "%s does not have permission to start SQL warehouse %s",
                            exchange->principal, warehouse->id);
    sandbox_workspace_unlock(workspace);
    return !exchange->status;
}

static bool request_read(struct sandbox_exchange *exchange, struct sandbox_statement *statement,
                         int64_t *wait_ms)
{
    const cJSON *body = statement->body;

    statement->text = base_json_str(body, "statement");
    statement->principal = base_strdup(exchange->principal);
    statement->agent = base_strdup(sandbox_exchange_request_header(exchange, "User-Agent"));
    statement->warehouse_id = base_strdup(base_json_str_or(body, "warehouse_id", ""));
    if (!statement->text || !statement->text[0])
        return refuse(exchange, "The statement field is required.");
    if (strlen(statement->text) > STATEMENT_MAX)
        return refuse(exchange, "The statement is longer than 16 MiB.");
    return wait_timeout_read(exchange, body, wait_ms) &&
           result_kind_read(exchange, body, statement) && limits_read(exchange, body, statement) &&
           parameters_good(exchange, body) && !sandbox_statement_fault_links(exchange, statement) &&
           session_apply(exchange, body, statement) && warehouse_admits(exchange, statement);
}

void sandbox_endpoint_statement_submit(struct sandbox_exchange *exchange)
{
    cJSON *body = sandbox_exchange_json(exchange);
    enum sandbox_statement_state state = SANDBOX_PENDING;
    struct sandbox_statement *statement;
    int64_t wait_ms = 0;

    if (!body)
        return;
    statement = base_alloc_zero(1, sizeof *statement);
    statement->body = body;
    if (!request_read(exchange, statement, &wait_ms)) {
        sandbox_statement_free(statement);
        return;
    }
    sandbox_statement_start(exchange->server, statement);
    /* With "0s" the answer is PENDING, however fast the statement is. */
    if (wait_ms)
        state = sandbox_statement_wait(statement, wait_ms);
    if (wait_ms && state < SANDBOX_SUCCEEDED &&
        strcmp(base_json_str_or(body, "on_wait_timeout", "CONTINUE"), "CANCEL") == 0) {
        sandbox_statement_cancel(statement);
        state = sandbox_statement_state(statement);
    }
    sandbox_reply_json(exchange, 200, sandbox_statement_json(statement, state));
    sandbox_statement_release(&statement);
}

/* The caller's own statement, held; NULL after answering 404. */
static struct sandbox_statement *own_statement(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement =
        sandbox_statement_hold(exchange->server, exchange->arguments[0]);

    if (statement && (strcmp(statement->principal, exchange->principal) == 0 ||
                      sandbox_workspace_is_admin(exchange->server->workspace, exchange->principal)))
        return statement;
    if (statement)
        sandbox_statement_release(&statement);
    sandbox_reply_error(exchange, 404, "NOT_FOUND", "The statement %s was not found.",
                        exchange->arguments[0]);
    return NULL;
}

void sandbox_endpoint_statement_poll(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement = own_statement(exchange);

    if (!statement)
        return;
    sandbox_reply_json(exchange, 200,
                       sandbox_statement_json(statement, sandbox_statement_state(statement)));
    sandbox_statement_release(&statement);
}

static void chunk_reply(struct sandbox_exchange *exchange, struct sandbox_statement *statement)
{
    char *end;
    unsigned long long chunk = strtoull(exchange->arguments[1], &end, 10);
    enum sandbox_statement_state state;

    if (sandbox_statement_fault_chunk(statement, (int64_t)chunk))
        sandbox_statement_close(statement);
    state = sandbox_statement_state(statement);
    if (state == SANDBOX_CLOSED)
        sandbox_reply_error(exchange, 404, "NOT_FOUND",
                            "The result of the statement %s was not found.", statement->id);
    else if (state != SANDBOX_SUCCEEDED)
        sandbox_reply_error(exchange, 400, "BAD_REQUEST",
                            "The statement %s has not succeeded; it has no result.", statement->id);
    else if (*end || chunk >= statement->chunks)
        sandbox_reply_error(exchange, 400, "INVALID_PARAMETER_VALUE",
                            "The chunk index %s is out of range.", exchange->arguments[1]);
    else
        sandbox_reply_json(exchange, 200, sandbox_statement_result(statement, (size_t)chunk));
}

void sandbox_endpoint_statement_chunk(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement = own_statement(exchange);

    if (!statement)
        return;
    chunk_reply(exchange, statement);
    sandbox_statement_release(&statement);
}

void sandbox_endpoint_statement_cancel(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement = own_statement(exchange);

    if (!statement)
        return;
    sandbox_statement_cancel(statement);
    sandbox_reply_json(exchange, 200, base_json_object());
    sandbox_statement_release(&statement);
}

void sandbox_endpoint_statement_close(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement = own_statement(exchange);

    if (!statement)
        return;
    sandbox_statement_close(statement);
    sandbox_reply_json(exchange, 200, base_json_object());
    sandbox_statement_release(&statement);
}
