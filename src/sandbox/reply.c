#include "sandbox/server.h"

#include "base/text.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *sandbox_text_unescape(const char *text, size_t len, bool plus)
{
    char *out = base_alloc(len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0 || high + low == 0) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

const char *sandbox_exchange_query(struct sandbox_exchange *exchange, const char *name)
{
    const char *raw =
        MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
    char *text;

    if (!raw)
        return NULL;
    text = sandbox_text_unescape(raw, strlen(raw), false);
    if (!text)
        return NULL;
    vec_push(&exchange->decoded, text);
    return text;
}

bool sandbox_exchange_flag(struct sandbox_exchange *exchange, const char *name)
{
    const char *value = sandbox_exchange_query(exchange, name);

    return value && strcmp(value, "true") == 0;
}

const char *sandbox_exchange_request_header(struct sandbox_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

/* What is a list wherever the API takes it; another thing in its place is not read as an empty one.
 * NULL: all of them are. */
static const char *no_list(const cJSON *json)
{
    static const char *const names[] = {"access_control_list",
                                        "add",
                                        "assign_workspaces",
                                        "changes",
                                        "ip_addresses",
                                        "parameters",
                                        "permissions",
                                        "query_tags",
                                        "remove",
                                        "unassign_workspaces"};

    for (size_t i = 0; i < base_countof(names); i++) {
        const cJSON *item = base_json_get(json, names[i]);

        if (item && !cJSON_IsArray(item) && !cJSON_IsNull(item))
            return names[i];
    }
    return NULL;
}

cJSON *sandbox_exchange_json(struct sandbox_exchange *exchange)
{
    struct err err = ERR_INIT;
    const char *text = exchange->body.len ? exchange->body.data : "{}";
    size_t len = exchange->body.len ? exchange->body.len : 2;
    cJSON *json = base_json_parse(text, len, JSON_MAX_BYTES, &err);
    const char *wrong = cJSON_IsObject(json) ? no_list(json) : NULL;

    if (cJSON_IsObject(json) && !wrong)
        return json;
    cJSON_Delete(json);
    if (wrong)
        sandbox_reply_error(exchange, 400, "MALFORMED_REQUEST",
                            "Could not parse request object: expected a list in %s", wrong);
    else
        sandbox_reply_error(exchange, 400, "MALFORMED_REQUEST",
                            "Could not parse request object: %s",
                            err.code ? err.message : "expected an object");
    return NULL;
}

void sandbox_reply_header(struct sandbox_exchange *exchange, const char *name, const char *value)
{
    vec_push(&exchange->headers, (struct sandbox_header){base_strdup(name), base_strdup(value)});
}

static void reply_as(struct sandbox_exchange *exchange, int status, const char *content_type,
                     const char *text)
{
    exchange->status = status;
    exchange->content_type = content_type;
    base_buf_clear(&exchange->out);
    if (base_buf_text(&exchange->out, text) != 0)
        exchange->drop = true;
}

void sandbox_reply_json(struct sandbox_exchange *exchange, int status, cJSON *json)
{
    char *text = base_json_print(json);

    reply_as(exchange, status, "application/json", text);
    free(text);
    cJSON_Delete(json);
}

/* Header values are one line of printable ASCII. */
static char *header_safe(const char *text)
{
    char *safe = base_strdup(text);

    for (char *c = safe; *c; c++) {
        if (*c < 0x20 || *c > 0x7e)
            *c = ' ';
    }
    return safe;
}

/* Takes the message and the details. */
static void reply_problem(struct sandbox_exchange *exchange, int status, const char *error_code,
                          char *message, cJSON *details)
{
    cJSON *json = base_json_object();

    base_json_add_str(json, "error_code", error_code);
    base_json_add_str(json, "message", message);
    if (details)
        base_json_add_take(json, "details", details);
    sandbox_reply_json(exchange, status, json);
    if (status == 401 || status == 403) {
        char *safe = header_safe(message);

        sandbox_reply_header(exchange, "x-databricks-reason-phrase", safe);
        free(safe);
    }
    free(message);
}

void sandbox_reply_error(struct sandbox_exchange *exchange, int status, const char *error_code,
                         const char *fmt, ...)
{
    va_list args;
    char *message;

    va_start(args, fmt);
    message = base_vprintf(fmt, args);
    va_end(args);
    reply_problem(exchange, status, error_code, message, NULL);
}

static cJSON *detail(cJSON *details, const char *type)
{
    cJSON *item = base_json_object();
    char *url = base_printf("type.googleapis.com/google.rpc.%s", type);

    base_json_add_str(item, "@type", url);
    base_json_push_take(details, item);
    free(url);
    return item;
}

void sandbox_reply_unity(struct sandbox_exchange *exchange, int status, const char *error_code,
                         const char *reason, const char *type, const char *name, const char *fmt,
                         ...)
{
    cJSON *details = cJSON_CreateArray(), *item, *metadata;
    va_list args;
    char *message;

    va_start(args, fmt);
    message = base_vprintf(fmt, args);
    va_end(args);
    item = detail(details, "ErrorInfo");
    base_json_add_str(item, "reason", reason);
    base_json_add_str(item, "domain", "unity-catalog.databricks.com");
    metadata = base_json_add_object(item, "metadata");
    base_json_add_str(metadata, "principalName", exchange->principal);
    base_json_add_str(metadata, "msg", message);
    base_json_add_str(metadata, "resourceType", type);
    base_json_add_str(metadata, "resourceName", name);
    item = detail(details, "RequestInfo");
    base_json_add_str(item, "request_id", exchange->request_id);
    base_json_add_str(item, "serving_data", "");
    reply_problem(exchange, status, error_code, message, details);
}

void sandbox_reply_gateway(struct sandbox_exchange *exchange, int status, const char *message)
{
    cJSON *json = base_json_object();

    base_json_add_i64(json, "error_code", status);
    base_json_add_str(json, "message", message);
    sandbox_reply_json(exchange, status, json);
    exchange->content_type = "application/json; charset=utf-8";
    sandbox_reply_header(exchange, "x-databricks-reason-phrase", message);
    if (status == 401)
        sandbox_reply_header(exchange, "www-authenticate", "Bearer realm=\"DatabricksRealm\"");
}

void sandbox_reply_xml(struct sandbox_exchange *exchange, int status, const char *code,
                       const char *message, const char *extra)
{
    char id[37];
    char *text;

    base_seam_uuid(exchange->server->seam, id);
    text = base_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code>"
                       "<Message>%s</Message>%s<RequestId>%.16s</RequestId>"
                       "<HostId>%s</HostId></Error>",
                       code, message, extra ? extra : "", id, id);
    reply_as(exchange, status, "application/xml", text);
    free(text);
}

void sandbox_reply_text(struct sandbox_exchange *exchange, int status, const char *text)
{
    char *safe = header_safe(text);

    reply_as(exchange, status, "text/plain; charset=utf-8", text);
    if (*safe)
        sandbox_reply_header(exchange, "x-databricks-reason-phrase", safe);
    free(safe);
}

void sandbox_reply_oauth(struct sandbox_exchange *exchange, int status, const char *error,
                         const char *description)
{
    cJSON *json = base_json_object();

    exchange->oidc = true;
    base_json_add_str(json, "error", error);
    base_json_add_str(json, "error_description", description);
    sandbox_reply_json(exchange, status, json);
}

void sandbox_reply_html(struct sandbox_exchange *exchange, int status, const char *html)
{
    reply_as(exchange, status, "text/html; charset=utf-8", html);
}
