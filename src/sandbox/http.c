#include "sandbox/http.h"

#include "sandbox/journal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX ((size_t)17 << 20) /* a statement may have 16 MiB */
#define HEADER_MEMORY 65536
#define IDLE_SECONDS 300
#define SLICE_US 20000

struct sandbox_http {
    struct MHD_Daemon *daemon;
    struct sandbox_server *server;
};

static struct sandbox_exchange *exchange_new(struct sandbox_server *server,
                                             struct MHD_Connection *connection, const char *method,
                                             const char *path)
{
    struct sandbox_exchange *exchange = base_alloc_zero(1, sizeof *exchange);

    exchange->server = server;
    exchange->connection = connection;
    exchange->method = method;
    exchange->path = base_strdup(path);
    exchange->cut_at = -1;
    base_seam_uuid(server->seam, exchange->request_id);
    base_buf_init(&exchange->body, BODY_MAX);
    base_buf_init(&exchange->out, BUF_MAX_DEFAULT);
    return exchange;
}

static void exchange_free(struct sandbox_exchange *exchange)
{
    for (size_t i = 0; i < exchange->argument_count; i++)
        free(exchange->arguments[i]);
    for (size_t i = 0; i < exchange->decoded.count; i++)
        free(exchange->decoded.items[i]);
    for (size_t i = 0; i < exchange->headers.count; i++) {
        free(exchange->headers.items[i].name);
        free(exchange->headers.items[i].value);
    }
    vec_free(&exchange->decoded);
    vec_free(&exchange->headers);
    base_buf_free(&exchange->body);
    base_buf_free(&exchange->out);
    free(exchange->principal);
    free(exchange->claimed);
    free(exchange->told);
    free(exchange->path);
    free(exchange);
}

/* A body that is sent slowly or not to its end. */
struct trickle {
    struct sandbox_server *server;
    char *data;
    size_t len, end;
    int64_t bytes_per_second;
};

static void pause_us(int64_t us)
{
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&time, NULL);
}

static ssize_t trickle_read(void *user, uint64_t position, char *out, size_t max)
{
    struct trickle *trickle = user;
    size_t left = position < trickle->end ? trickle->end - (size_t)position : 0;

    if (!left || atomic_load(&trickle->server->stopping))
        return trickle->end == trickle->len && !left ? MHD_CONTENT_READER_END_OF_STREAM
                                                     : MHD_CONTENT_READER_END_WITH_ERROR;
    if (trickle->bytes_per_second > 0) {
        size_t slice = (size_t)(trickle->bytes_per_second * SLICE_US / 1000000);

        pause_us(SLICE_US);
        if (!slice)
            slice = 1;
        if (max > slice)
            max = slice;
    }
    if (max > left)
        max = left;
    memcpy(out, trickle->data + position, max);
    return (ssize_t)max;
}

static void trickle_free(void *user)
{
    struct trickle *trickle = user;

    free(trickle->data);
    free(trickle);
}

static struct MHD_Response *response_make(struct sandbox_exchange *exchange, size_t *sent)
{
    struct trickle *trickle;
    size_t len;
    char *data;

    if (!exchange->out.len) {
        *sent = 0;
        return MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    }
    data = base_buf_take(&exchange->out, &len);
    *sent = len;
    if (exchange->cut_at < 0 && exchange->bytes_per_second <= 0)
        return MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
    trickle = base_alloc_zero(1, sizeof *trickle);
    trickle->server = exchange->server;
    trickle->data = data;
    trickle->len = len;
    trickle->end = len;
    if (exchange->cut_at >= 0 && (size_t)exchange->cut_at < len)
        trickle->end = (size_t)exchange->cut_at;
    trickle->bytes_per_second = exchange->bytes_per_second;
    *sent = trickle->end;
    return MHD_create_response_from_callback(len, 65536, trickle_read, trickle, trickle_free);
}

void sandbox_http_date(const struct sandbox_exchange *exchange, int64_t later_seconds, char out[64])
{
    int64_t now_us = base_seam_now_us(exchange->server->seam);
    time_t when = (time_t)(now_us / 1000000 + exchange->skew_seconds + later_seconds);
    struct tm tm;

    gmtime_r(&when, &tm);
    strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* Header set of the recordings: workspace calls, OAuth calls, object store. */
static void headers_common(struct sandbox_exchange *exchange, struct MHD_Response *response)
{
    const char *id = exchange->request_id;
    char date[64];

    sandbox_http_date(exchange, 0, date);
    MHD_add_response_header(response, "Date", date);
    if (exchange->content_type)
        MHD_add_response_header(response, "content-type", exchange->content_type);
    if (exchange->object_store) {
        MHD_add_response_header(response, "Server", "AmazonS3");
        MHD_add_response_header(response, "x-amz-request-id", id + 19);
        MHD_add_response_header(response, "x-amz-id-2", id);
        return;
    }
    MHD_add_response_header(response, "server", "databricks");
    MHD_add_response_header(response, "x-request-id", id);
    MHD_add_response_header(response, "vary", "Accept-Encoding");
    MHD_add_response_header(response, "x-content-type-options", "nosniff");
    MHD_add_response_header(response, "strict-transport-security",
                            "max-age=31536000; includeSubDomains; preload");
    /* Absent where the caller was not let in, as recorded. */
    if (!exchange->oidc && exchange->principal)
        MHD_add_response_header(
            response, "x-databricks-org-id",
            sandbox_workspace_identity(exchange->server->workspace)->workspace_id);
}

static enum MHD_Result answer(struct sandbox_exchange *exchange, int64_t started_us)
{
    struct MHD_Response *response;
    enum MHD_Result result;
    size_t sent;

    sandbox_audit_answer(exchange);
    if (exchange->drop) {
        sandbox_journal_add(exchange, started_us, 0);
        return MHD_NO;
    }
    response = response_make(exchange, &sent);
    if (!response)
        return MHD_NO;
    headers_common(exchange, response);
    for (size_t i = 0; i < exchange->headers.count; i++)
        MHD_add_response_header(response, exchange->headers.items[i].name,
                                exchange->headers.items[i].value);
    sandbox_journal_add(exchange, started_us, (int64_t)sent);
    result = MHD_queue_response(exchange->connection, (unsigned)exchange->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_len, void **state)
{
    struct sandbox_server *server = user;
    struct sandbox_exchange *exchange = *state;
    int64_t started_us;

    (void)version;
    if (!exchange) {
        *state = exchange_new(server, connection, method, path);
        return MHD_YES;
    }
    if (*upload_len) {
        if (base_buf_append(&exchange->body, upload, *upload_len) != 0)
            exchange->too_large = true;
        *upload_len = 0;
        return MHD_YES;
    }
    started_us = base_seam_now_us(server->seam);
    sandbox_route(exchange);
    return answer(exchange, started_us);
}

static void on_complete(void *user, struct MHD_Connection *connection, void **state,
                        enum MHD_RequestTerminationCode code)
{
    (void)user;
    (void)connection;
    (void)code;
    if (*state)
        exchange_free(*state);
    *state = NULL;
}

/* Paths and query values stay as sent: they are decoded part by part, after they were taken apart.
 */
static size_t keep_escapes(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strlen(text);
}

static int address_parse(const char *address, struct sockaddr_storage *out, struct err *err)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    const char *colon = strrchr(address, ':');
    char host[64];
    long port;
    char *end;

    memset(out, 0, sizeof *out);
    if (!colon || (size_t)(colon - address) >= sizeof host)
        return base_err_set(err, ERR_USAGE, "'%s' is not ADDRESS:PORT", address);
    port = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port < 0 || port > 65535)
        return base_err_set(err, ERR_USAGE, "'%s' has no usable port", address);
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = '\0';
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1)
            return 0;
    }
    four->sin_family = AF_INET;
    four->sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &four->sin_addr) ==
        1)
        return 0;
    return base_err_set(err, ERR_USAGE, "'%s' is not an address to listen on", address);
}

/* Bound and listening; the port is known before the first request can come. */
static int socket_listen(struct sockaddr_storage *bound, int *port)
{
    socklen_t len =
        bound->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(bound->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)bound, len) != 0 || listen(fd, 128) != 0 ||
        getsockname(fd, (struct sockaddr *)bound, &len) != 0) {
        int kept = errno;

        close(fd);
        errno = kept;
        return -1;
    }
    *port = ntohs(bound->ss_family == AF_INET6 ? ((struct sockaddr_in6 *)bound)->sin6_port
                                               : ((struct sockaddr_in *)bound)->sin_port);
    return fd;
}

static struct MHD_Daemon *daemon_start(struct sandbox_server *server, int listener, bool six,
                                       const char *certificate, const char *key)
{
    /* The date of an answer is that of the sandbox's own clock, which can be turned. */
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_POLL | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    if (six)
        flags |= MHD_USE_IPv6;
    if (certificate)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET,
                            listener, MHD_OPTION_NOTIFY_COMPLETED, on_complete, NULL,
                            MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_ARRAY,
                            certificate ? tls : none, MHD_OPTION_END);
}

struct sandbox_http *sandbox_http_new(struct sandbox_server *server, const char *address,
                                      const char *certificate, const char *key, int *port,
                                      struct err *err)
{
    struct sandbox_http *http;
    struct sockaddr_storage bound;
    struct MHD_Daemon *daemon;
    int listener;

    if (address_parse(address, &bound, err) != 0)
        return NULL;
    listener = socket_listen(&bound, port);
    if (listener < 0) {
        base_err_errno(err, errno, "cannot listen on '%s'", address);
        return NULL;
    }
    server->address = base_printf("%s://%.*s:%d", certificate ? "https" : "http",
                                  (int)(strrchr(address, ':') - address), address, *port);
    daemon = daemon_start(server, listener, bound.ss_family == AF_INET6, certificate, key);
    if (!daemon) {
        close(listener);
        base_err_set(err, ERR_INTERNAL, "cannot start the listener's threads");
        return NULL;
    }
    http = base_alloc_zero(1, sizeof *http);
    http->daemon = daemon;
    http->server = server;
    return http;
}

void sandbox_http_free(struct sandbox_http **held)
{
    if (!*held)
        return;
    atomic_store(&(*held)->server->stopping, true);
    MHD_stop_daemon((*held)->daemon);
    base_free(held);
}
