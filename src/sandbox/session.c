#include "sandbox/session.h"

#include "sandbox/warehouse.h"

#include "base/text.h"

#include <pthread.h>
#include <string.h>

struct session {
    char *principal, *catalog, *schema, *time_zone;
};

struct sandbox_sessions {
    pthread_mutex_t lock;
    struct base_map *open;
};

struct sandbox_sessions *sandbox_sessions_new(void)
{
    struct sandbox_sessions *sessions = base_alloc_zero(1, sizeof *sessions);

    pthread_mutex_init(&sessions->lock, NULL);
    sessions->open = base_map_new();
    return sessions;
}

static void session_free(void *value)
{
    struct session *session = value;

    if (!session)
        return;
    free(session->principal);
    free(session->catalog);
    free(session->schema);
    free(session->time_zone);
    free(session);
}

void sandbox_sessions_free(struct sandbox_sessions **held)
{
    if (!*held)
        return;
    base_map_free(&(*held)->open, session_free);
    pthread_mutex_destroy(&(*held)->lock);
    base_free(held);
}

bool sandbox_session_read(struct sandbox_server *server, const char *id, const char *principal,
                          char **catalog, char **schema, char **time_zone)
{
    const struct session *session;
    bool found;

    pthread_mutex_lock(&server->sessions->lock);
    session = base_map_get(server->sessions->open, id);
    found = session && strcmp(session->principal, principal) == 0;
    if (found) {
        *catalog = base_strdup(session->catalog);
        *schema = base_strdup(session->schema);
        *time_zone = base_strdup(session->time_zone);
    }
    pthread_mutex_unlock(&server->sessions->lock);
    return found;
}

/* The confs a session may set; others are ignored, as drivers send many. */
static const char *time_zone_of(const cJSON *confs)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, confs)
    {
        if (cJSON_IsString(item) &&
            (base_text_equal_nocase(item->string, "timezone") ||
             base_text_equal_nocase(item->string, "spark.sql.session.timeZone")))
            return item->valuestring;
    }
    return NULL;
}

void sandbox_endpoint_session_open(struct sandbox_exchange *exchange)
{
    struct sandbox_server *server = exchange->server;
    cJSON *body = sandbox_exchange_json(exchange);
    struct sandbox_warehouse *warehouse;
    struct session *session;
    char id[37];
    cJSON *json;

    if (!body)
        return;
    sandbox_workspace_lock(server->workspace);
    warehouse = sandbox_warehouse_usable(exchange, base_json_str_or(body, "warehouse_id", ""));
    sandbox_workspace_unlock(server->workspace);
    if (warehouse) {
        session = base_alloc_zero(1, sizeof *session);
        session->principal = base_strdup(exchange->principal);
        session->catalog = base_strdup(base_json_str(body, "catalog"));
        session->schema = base_strdup(base_json_str(body, "schema"));
        session->time_zone = base_strdup(time_zone_of(base_json_get(body, "session_confs")));
        base_seam_uuid(server->seam, id);
        pthread_mutex_lock(&server->sessions->lock);
        session_free(base_map_put(server->sessions->open, id, session));
        pthread_mutex_unlock(&server->sessions->lock);
        json = base_json_object();
        base_json_add_str(json, "session_id", id);
        sandbox_reply_json(exchange, 200, json);
    }
    cJSON_Delete(body);
}

void sandbox_endpoint_session_close(struct sandbox_exchange *exchange)
{
    struct sandbox_sessions *sessions = exchange->server->sessions;
    struct session *session;
    bool ours;

    pthread_mutex_lock(&sessions->lock);
    session = base_map_get(sessions->open, exchange->arguments[0]);
    ours = session && strcmp(session->principal, exchange->principal) == 0;
    if (ours)
        session_free(base_map_remove(sessions->open, exchange->arguments[0]));
    pthread_mutex_unlock(&sessions->lock);
    if (ours)
        sandbox_reply_json(exchange, 200, base_json_object());
    else
        sandbox_reply_error(exchange, 404, "NOT_FOUND", "Session %s does not exist.",
                            exchange->arguments[0]);
}
