#include "sandbox/fault_wire.h"
#include "sandbox/statement.h"
#include "sandbox/tamper.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* Links look like S3's:
 * "/results/<statement>_<chunk>_<random>?X-Amz-Algorithm=...&X-Amz-Signature=...". All there is to
 * know about a link stands in it, signed, so that any number of them costs nothing. */

static void amz_date(int64_t us, char out[17])
{
    time_t seconds = (time_t)(us / 1000000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm);
}

static void sign(struct sandbox_server *server, const char *object, const char *date,
                 const char *seconds, char out[65])
{
    struct base_sha256 *state = base_sha256_new();
    unsigned char digest[32];

    base_sha256_update(state, server->link_key, sizeof server->link_key);
    base_sha256_update(state, object, strlen(object) + 1);
    base_sha256_update(state, date, strlen(date) + 1);
    base_sha256_update(state, seconds, strlen(seconds) + 1);
    base_sha256_final(&state, digest);
    base_hex(digest, sizeof digest, out);
}

char *sandbox_link_make(struct sandbox_statement *statement, size_t chunk, int64_t *expires_us)
{
    struct sandbox_server *server = statement->server;
    int64_t now = base_seam_now_us(server->seam);
    int64_t life = sandbox_server_setting(server, SANDBOX_LINK_SECONDS);
    char random[37], date[17], seconds[24], signature[65];
    struct sandbox_fault_probe probe = {.endpoint = "link",
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .chunk = (int64_t)chunk};
    char *origin = sandbox_wire_link_origin(server, &probe);
    char *object, *url;

    base_seam_uuid(server->seam, random);
    object = base_printf("%s_%zu_%s", statement->id, chunk, random);
    amz_date(now, date);
    snprintf(seconds, sizeof seconds, "%lld", (long long)life);
    sign(server, object, date, seconds, signature);
    url = base_printf("%s/results/%s?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=%s"
                      "&X-Amz-SignedHeaders=host&X-Amz-Expires=%s&X-Amz-Signature=%s",
                      origin, object, date, seconds, signature);
    free(object);
    free(origin);
    /* The recordings say 899 in the URL and 15 minutes in `expiration`. */
    *expires_us = now + (life + 1) * 1000000;
    return url;
}

static int64_t amz_date_parse(const char *text)
{
    int year, month, day, hour, minute, second;

    if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ", &year, &month, &day, &hour, &minute, &second) != 6)
        return 0;
    return ((base_time_days(year, month, day) * 24 + hour) * 60 + minute) * 60000000 +
           second * 1000000LL;
}

static void refuse_expired(struct sandbox_exchange *exchange, int64_t expires_us)
{
    char expires[32], now[32];
    char *extra;

    base_time_format(expires_us, expires);
    base_time_format(base_seam_now_us(exchange->server->seam), now);
    extra = base_printf("<Expires>%s</Expires><ServerTime>%s</ServerTime>", expires, now);
    sandbox_reply_xml(exchange, 403, "AccessDenied", "Request has expired", extra);
    free(extra);
}

/* Refuses like S3 does; true when the link is good. */
static bool link_good(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    const char *date = sandbox_exchange_query(exchange, "X-Amz-Date");
    const char *seconds = sandbox_exchange_query(exchange, "X-Amz-Expires");
    const char *signature = sandbox_exchange_query(exchange, "X-Amz-Signature");
    struct sandbox_fault_probe probe = {.endpoint = "link", .path = exchange->path, .chunk = -1};
    char expected[65];
    int64_t expires_us;
    cJSON *expired;

    if (sandbox_exchange_request_header(exchange, "Authorization")) {
        sandbox_reply_xml(exchange, 400, "InvalidArgument",
                          "Only one auth mechanism allowed; only the X-Amz-Algorithm query "
                          "parameter, Signature query string parameter or the Authorization "
                          "header should be specified",
                          "<ArgumentName>Authorization</ArgumentName>");
        return false;
    }
    if (!date || !seconds || !signature) {
        sandbox_reply_xml(exchange, 403, "AccessDenied", "Access Denied", NULL);
        return false;
    }
    sign(server, exchange->arguments[0], date, seconds, expected);
    if (strcmp(expected, signature) != 0) {
        sandbox_reply_xml(exchange, 403, "SignatureDoesNotMatch",
                          "The request signature we calculated does not match the signature you "
                          "provided. Check your key and signing method.",
                          NULL);
        return false;
    }
    expires_us = amz_date_parse(date) + strtoll(seconds, NULL, 10) * 1000000;
    expired = sandbox_fault_hit(server, "link_expired", &probe);
    if (expired || base_seam_now_us(server->seam) >= expires_us)
        refuse_expired(exchange, expires_us);
    cJSON_Delete(expired);
    return !exchange->status;
}

static int chunk_bytes(struct sandbox_statement *statement, size_t chunk, bool plain,
                       struct buf *out)
{
    switch (statement->format) {
    case SANDBOX_ARROW_STREAM:
        return sandbox_query_arrow(statement->query, chunk, statement->lz4 && !plain, out);
    case SANDBOX_CSV:
        return sandbox_query_csv(statement->query, chunk, out);
    default:
        return sandbox_query_json(statement->query, chunk, out);
    }
}

/* What faults do to the rows; these need the stream before it is compressed. */
static int damage_stream(struct sandbox_statement *statement, int64_t rows, bool all, bool schema,
                         struct buf *out)
{
    const struct sandbox_result_column *columns;

    if ((rows || all) && sandbox_tamper_batches(out, rows, all) != 0)
        return -1;
    if (schema && sandbox_query_columns(statement->query, &columns) > 0 &&
        sandbox_tamper_name(out, columns[0].name) != 0)
        return -1;
    return statement->lz4 ? sandbox_tamper_lz4(out) : 0;
}

static int body_make(struct sandbox_exchange *exchange, struct sandbox_statement *statement,
                     size_t chunk)
{
    struct sandbox_fault_probe probe = {.endpoint = "link",
                                        .path = exchange->path,
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .chunk = (int64_t)chunk};
    cJSON *schema = sandbox_fault_hit(exchange->server, "wrong_schema", &probe);
    cJSON *corrupt = sandbox_fault_hit(exchange->server, "corrupt_chunk", &probe);
    bool all;
    int64_t rows = sandbox_lie_rows(statement->faults, chunk, &all);
    bool damaged = statement->format == SANDBOX_ARROW_STREAM && (rows || all || schema);
    int result = chunk_bytes(statement, chunk, damaged, &exchange->out);

    if (result == 0 && damaged)
        result = damage_stream(statement, rows, all, schema != NULL, &exchange->out);
    if (result == 0 && corrupt)
        sandbox_tamper_flip(&exchange->out, sandbox_option_i64(corrupt, "at", -1));
    cJSON_Delete(schema);
    cJSON_Delete(corrupt);
    return result;
}

/* Range: bytes=A-B or bytes=A-; others are answered whole, as HTTP allows. */
static void apply_range(struct sandbox_exchange *exchange)
{
    const char *range = sandbox_exchange_request_header(exchange, "Range");
    long long first, last = (long long)exchange->out.len - 1;
    char *text;

    if (!range || sscanf(range, "bytes=%lld-%lld", &first, &last) < 1 || first < 0)
        return;
    if ((size_t)first >= exchange->out.len) {
        sandbox_reply_xml(exchange, 416, "InvalidRange", "The requested range is not satisfiable",
                          NULL);
        return;
    }
    if (last >= (long long)exchange->out.len)
        last = (long long)exchange->out.len - 1;
    if (last < first)
        return;
    text = base_printf("bytes %lld-%lld/%zu", first, last, exchange->out.len);
    sandbox_reply_header(exchange, "Content-Range", text);
    free(text);
    memmove(exchange->out.data, exchange->out.data + first, (size_t)(last - first + 1));
    exchange->out.len = (size_t)(last - first + 1);
    exchange->status = 206;
}

static void object_headers(struct sandbox_exchange *exchange, int64_t made_us)
{
    time_t seconds = (time_t)(made_us / 1000000);
    unsigned char digest[32];
    char hex[65], text[64];
    struct tm tm;

    base_sha256(exchange->arguments[0], strlen(exchange->arguments[0]), digest);
    base_hex(digest, sizeof digest, hex);
    snprintf(text, sizeof text, "\"%.32s\"", hex);
    sandbox_reply_header(exchange, "ETag", text);
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    sandbox_reply_header(exchange, "Last-Modified", text);
    sandbox_reply_header(exchange, "Accept-Ranges", "bytes");
    sandbox_reply_header(exchange, "x-amz-server-side-encryption", "AES256");
}

static void serve(struct sandbox_exchange *exchange, struct sandbox_statement *statement,
                  size_t chunk)
{
    if (body_make(exchange, statement, chunk) != 0) {
        sandbox_reply_xml(exchange, 500, "InternalError",
                          "We encountered an internal error. Please try again.", NULL);
        return;
    }
    exchange->status = 200;
    exchange->content_type = "binary/octet-stream";
    object_headers(exchange, statement->finished_us);
    apply_range(exchange);
}

static bool refused_by_fault(struct sandbox_exchange *exchange,
                             const struct sandbox_statement *statement, size_t chunk)
{
    struct sandbox_fault_probe probe = {.endpoint = "link",
                                        .path = exchange->path,
                                        .principal = statement->principal,
                                        .statement = statement->text,
                                        .chunk = (int64_t)chunk};

    return sandbox_wire_link_refused(exchange, &probe);
}

void sandbox_endpoint_link(struct sandbox_exchange *exchange)
{
    struct sandbox_statement *statement;
    char id[37] = "";
    size_t chunk;

    if (!link_good(exchange))
        return;
    if (sscanf(exchange->arguments[0], "%36[0-9a-f-]_%zu_", id, &chunk) != 2) {
        sandbox_reply_xml(exchange, 404, "NoSuchKey", "The specified key does not exist.", NULL);
        return;
    }
    statement = sandbox_statement_hold(exchange->server, id);
    if (statement && refused_by_fault(exchange, statement, chunk)) {
        sandbox_statement_release(&statement);
        return;
    }
    if (!statement || sandbox_statement_state(statement) != SANDBOX_SUCCEEDED ||
        chunk >= statement->chunks)
        sandbox_reply_xml(exchange, 404, "NoSuchKey", "The specified key does not exist.", NULL);
    else
        serve(exchange, statement, chunk);
    if (statement)
        sandbox_statement_release(&statement);
}
