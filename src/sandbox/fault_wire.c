#include "sandbox/fault_wire.h"

#include "sandbox/auth.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static cJSON *hit(struct sandbox_exchange *exchange, const char *kind)
{
    struct sandbox_fault_probe probe = {.endpoint = exchange->endpoint,
                                        .path = exchange->path,
                                        .principal = exchange->principal,
                                        .statement = NULL,
                                        .chunk = -1};

    return sandbox_fault_hit(exchange->server, kind, &probe);
}

/* Seconds, or the moment itself where the clock is wrong: a date then only fits the Date header it
 * comes with. */
static void retry_after(struct sandbox_exchange *exchange, const cJSON *options)
{
    int64_t seconds = sandbox_option_i64(options, "retry_after", -1);
    char text[64];

    if (seconds < 0)
        return;
    if (exchange->skew_seconds)
        sandbox_http_date(exchange, seconds, text);
    else
        snprintf(text, sizeof text, "%lld", (long long)seconds);
    sandbox_reply_header(exchange, "Retry-After", text);
}

static void rate_limit(struct sandbox_exchange *exchange, const cJSON *options)
{
    if (exchange->object_store)
        sandbox_reply_xml(exchange, 503, "SlowDown", "Please reduce your request rate.", NULL);
    else
        sandbox_reply_error(exchange, 429, "REQUEST_LIMIT_EXCEEDED",
                            "RPC token bucket limit has been exceeded.");
    retry_after(exchange, options);
}

static void unavailable(struct sandbox_exchange *exchange, const cJSON *options)
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

static void server_error(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    if (exchange->object_store)
        sandbox_reply_xml(exchange, 500, "InternalError",
                          "We encountered an internal error. Please try again.", NULL);
    else
        sandbox_reply_error(exchange, 500, "INTERNAL_ERROR", "Internal error happened");
}

static void html_login(struct sandbox_exchange *exchange, const cJSON *options)
{
    sandbox_endpoint_login_page(exchange);
    if (sandbox_option_i64(options, "redirect", 0)) {
        exchange->status = 302;
        base_buf_clear(&exchange->out);
        sandbox_reply_header(exchange, "Location",
                             "/login.html?error=private-link-validation-error");
    }
}

static void expired_token(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    sandbox_auth_expire(exchange);
    sandbox_reply_gateway(exchange, 403, "Invalid access token.");
}

static void drop(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    exchange->drop = true;
    exchange->status = 500;
}

static void invalid_client(struct sandbox_exchange *exchange, const cJSON *options)
{
    (void)options;
    sandbox_reply_oauth(exchange,
                        (int)sandbox_server_setting(exchange->server, SANDBOX_CLIENT_STATUS),
                        "invalid_client", "Client authentication failed");
}

/* An answer whose status, type and text are all the admin's of the test. */
static void reply_raw(struct sandbox_exchange *exchange, int status, const char *content_type,
                      const char *body)
{
    exchange->status = status;
    exchange->content_type = NULL;
    base_buf_clear(&exchange->out);
    if (base_buf_text(&exchange->out, body) != 0)
        exchange->drop = true;
    if (content_type && *content_type)
        sandbox_reply_header(exchange, "content-type", content_type);
}

static void unknown_error(struct sandbox_exchange *exchange, const cJSON *options)
{
    static const char body[] =
        "{\"error_code\":\"MOON_PHASE_UNSUITABLE\",\"message\":\"The request "
        "cannot be served in this phase of the moon.\"}";

    reply_raw(exchange, (int)sandbox_option_i64(options, "status", 409),
              base_json_str_or(options, "content_type", "application/json"),
              base_json_str_or(options, "body", body));
}

static void numeric_error(struct sandbox_exchange *exchange, const cJSON *options)
{
    sandbox_reply_gateway(exchange, (int)sandbox_option_i64(options, "status", 403),
                          base_json_str_or(options, "message", "Forbidden"));
}

static void empty_body(struct sandbox_exchange *exchange, const cJSON *options)
{
    reply_raw(exchange, (int)sandbox_option_i64(options, "status", 400), NULL, "");
}

static void redirect(struct sandbox_exchange *exchange, const cJSON *options)
{
    reply_raw(exchange, (int)sandbox_option_i64(options, "status", 302), NULL, "");
    sandbox_reply_header(
        exchange, "Location",
        base_json_str_or(options, "to", "https://login.sandbox.example/signin?next=%2F"));
}

/* Faults that answer instead of the endpoint. */
void sandbox_wire_before(struct sandbox_exchange *exchange)
{
    static const struct {
        const char *kind;
        const char *only; /* this endpoint alone */
        bool api_only;
        void (*answer)(struct sandbox_exchange *exchange, const cJSON *options);
    } table[] = {
        {"drop", NULL, false, drop},
        {"invalid_client", "token", false, invalid_client},
        {"expired_token", NULL, true, expired_token},
        {"rate_limit", NULL, false, rate_limit},
        {"unavailable", NULL, false, unavailable},
        {"server_error", NULL, false, server_error},
        {"html_login", NULL, false, html_login},
        {"unknown_error", NULL, false, unknown_error},
        {"numeric_error", NULL, false, numeric_error},
        {"empty_body", NULL, false, empty_body},
        {"redirect", NULL, false, redirect},
    };
    cJSON *options = hit(exchange, "slow");

    if (options)
        exchange->bytes_per_second = sandbox_option_i64(options, "bytes_per_second", 0);
    cJSON_Delete(options);
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

void sandbox_wire_after(struct sandbox_exchange *exchange)
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

void sandbox_wire_clock(struct sandbox_exchange *exchange)
{
    cJSON *options = hit(exchange, "clock_skew");

    if (options)
        exchange->skew_seconds = sandbox_option_i64(options, "seconds", 7200);
    cJSON_Delete(options);
}

bool sandbox_wire_link_refused(struct sandbox_exchange *exchange,
                               const struct sandbox_fault_probe *probe)
{
    cJSON *options = sandbox_fault_hit(exchange->server, "link_forbidden", probe);
    bool refused = options != NULL;

    if (refused)
        sandbox_reply_xml(exchange, 403, "AccessDenied", "Access Denied", NULL);
    cJSON_Delete(options);
    options = refused ? NULL : sandbox_fault_hit(exchange->server, "link_slow", probe);
    if (options)
        exchange->bytes_per_second = sandbox_option_i64(options, "bytes_per_second", 512);
    cJSON_Delete(options);
    return refused;
}

char *sandbox_wire_link_origin(struct sandbox_server *server,
                               const struct sandbox_fault_probe *probe)
{
    cJSON *options = sandbox_fault_hit(server, "link_host", probe);
    int64_t port = sandbox_option_i64(options, "port", 0);
    const char *host = base_json_str_or(options, "host", "storage.sandbox.invalid");
    const char *scheme = base_json_str_or(options, "scheme", "https");
    char *origin;

    if (!options)
        origin = base_strdup(server->address);
    else if (port)
        origin = base_printf("%s://%s:%lld", scheme, host, (long long)port);
    else
        origin = base_printf("%s://%s", scheme, host);
    cJSON_Delete(options);
    return origin;
}
