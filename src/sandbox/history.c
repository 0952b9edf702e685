#include "sandbox/history.h"

#include "sandbox/statement.h"

#include "base/text.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#define HISTORY_MAX 10000                   /* the oldest quarter goes when it is full */
#define HISTORY_TEXT_MAX ((size_t)64 << 10) /* kept of a statement */

struct sandbox_history {
    pthread_mutex_t lock;
    int64_t last;
    vec_of(struct sandbox_past_statement) entries; /* seq without gaps */
    int64_t ended_first;                           /* number of the first of these */
    vec_of(int64_t) ended;                         /* seq, by end */
};

struct sandbox_history *sandbox_history_new(void)
{
    struct sandbox_history *history = base_alloc_zero(1, sizeof *history);

    pthread_mutex_init(&history->lock, NULL);
    history->ended_first = 1;
    return history;
}

static void past_free(struct sandbox_past_statement *past)
{
    free(past->session);
    free(past->principal);
    free(past->user_id);
    free(past->warehouse);
    free(past->text);
    free(past->agent);
    free(past->tags);
    free(past->parameters);
    free(past->error);
}

void sandbox_history_free(struct sandbox_history **held)
{
    struct sandbox_history *history = *held;

    if (!history)
        return;
    for (size_t i = 0; i < history->entries.count; i++)
        past_free(&history->entries.items[i]);
    vec_free(&history->entries);
    vec_free(&history->ended);
    pthread_mutex_destroy(&history->lock);
    free(history);
    *held = NULL;
}

static void trim(struct sandbox_history *history)
{
    size_t gone = history->entries.count / 4, ended = 0;

    if (history->entries.count < HISTORY_MAX)
        return;
    for (size_t i = 0; i < gone; i++)
        past_free(&history->entries.items[i]);
    history->entries.count -= gone;
    memmove(history->entries.items, history->entries.items + gone,
            history->entries.count * sizeof *history->entries.items);
    while (ended < history->ended.count &&
           history->ended.items[ended] < history->entries.items[0].seq)
        ended++;
    history->ended.count -= ended;
    memmove(history->ended.items, history->ended.items + ended,
            history->ended.count * sizeof *history->ended.items);
    history->ended_first += (int64_t)ended;
}

/* First word of the statement, behind comments and brackets. */
static const char *type_of(const char *text)
{
    static const char *const types[] = {"SELECT", "SHOW",   "DESCRIBE", "GRANT",  "REVOKE",
                                        "ALTER",  "CREATE", "DROP",     "EXPLAIN"};
    size_t len = 0;

    for (;;) {
        text += strspn(text, " \t\r\n(");
        if (strncmp(text, "--", 2) == 0)
            text += strcspn(text, "\n");
        else if (strncmp(text, "/*", 2) == 0 && strstr(text + 2, "*/"))
            text = strstr(text + 2, "*/") + 2;
        else
            break;
    }
    while (isalpha((unsigned char)text[len]))
        len++;
    if (len == 4 && strncasecmp(text, "desc", 4) == 0)
        return "DESCRIBE";
    if (len == 4 && strncasecmp(text, "with", 4) == 0)
        return "SELECT";
    for (size_t i = 0; i < base_countof(types); i++) {
        if (strlen(types[i]) == len && strncasecmp(text, types[i], len) == 0)
            return types[i];
    }
    return "OTHER";
}

/* The request's tags as a MAP: [{"key","value"}]. */
static char *tags_of(const cJSON *body)
{
    const cJSON *tags = base_json_array(body, "query_tags");

    return tags && cJSON_GetArraySize(tags) ? base_json_print(tags) : base_strdup("[]");
}

/* STRUCT of a map of the named ones and an array of the others. */
static char *parameters_of(const cJSON *body)
{
    const cJSON *given = base_json_array(body, "parameters"), *item;
    cJSON *json = base_json_object();
    cJSON *named = base_json_add_array(json, "named_parameters");
    cJSON *placed = base_json_add_array(json, "pos_parameters");
    char *text;

    cJSON_ArrayForEach(item, given)
    {
        const char *name = base_json_str_or(item, "name", "");
        const char *value = base_json_str_or(item, "value", "NULL");
        cJSON *entry;

        if (!*name) {
            base_json_push_take(placed, cJSON_CreateString(value));
            continue;
        }
        entry = base_json_object();
        base_json_add_str(entry, "key", name);
        base_json_add_str(entry, "value", value);
        base_json_push_take(named, entry);
    }
    base_json_add_bool(json, "is_truncated", false);
    text = cJSON_GetArraySize(given) ? base_json_print(json) : NULL;
    cJSON_Delete(json);
    return text;
}

int64_t sandbox_history_begin(struct sandbox_server *server,
                              const struct sandbox_statement *statement)
{
    struct sandbox_history *history = server->history;
    const struct sandbox_principal *who =
        sandbox_workspace_find_principal(server->workspace, statement->principal);
    struct sandbox_past_statement past = {
        .session = base_strdup(base_json_str(statement->body, "session_id")),
        .principal = base_strdup(statement->principal),
        .user_id = base_strdup(who ? who->scim_id : NULL),
        .warehouse = base_strdup(statement->warehouse_id),
        .text = base_strndup(statement->text, strnlen(statement->text, HISTORY_TEXT_MAX)),
        .agent = base_strdup(statement->agent),
        .tags = tags_of(statement->body),
        .parameters = parameters_of(statement->body),
        .type = type_of(statement->text),
        .status = "QUEUED",
        .started_us = base_seam_now_us(server->seam)};

    memcpy(past.id, statement->id, sizeof past.id);
    pthread_mutex_lock(&history->lock);
    trim(history);
    past.seq = ++history->last;
    vec_push(&history->entries, past);
    pthread_mutex_unlock(&history->lock);
    return past.seq;
}

/* Called locked; NULL when it is no longer kept. */
static struct sandbox_past_statement *find(struct sandbox_history *history, int64_t seq)
{
    int64_t at = history->entries.count ? seq - history->entries.items[0].seq : -1;

    return at >= 0 && (size_t)at < history->entries.count ? &history->entries.items[at] : NULL;
}

void sandbox_history_running(struct sandbox_server *server, int64_t seq)
{
    struct sandbox_history *history = server->history;
    struct sandbox_past_statement *past;

    pthread_mutex_lock(&history->lock);
    past = find(history, seq);
    if (past && !past->ended_us) {
        past->status = "RUNNING";
        past->running_us = base_seam_now_us(server->seam);
    }
    pthread_mutex_unlock(&history->lock);
}

void sandbox_history_end(struct sandbox_server *server, int64_t seq, const char *status,
                         int64_t rows, int64_t bytes, const char *error)
{
    struct sandbox_history *history = server->history;
    struct sandbox_past_statement *past;

    pthread_mutex_lock(&history->lock);
    past = find(history, seq);
    if (past && !past->ended_us) {
        past->status = status;
        past->ended_us = base_seam_now_us(server->seam);
        past->rows = rows;
        past->bytes = bytes;
        past->error = base_strdup(error);
        vec_push(&history->ended, seq);
    }
    pthread_mutex_unlock(&history->lock);
}

void sandbox_history_until(struct sandbox_server *server, int64_t until_us, int64_t *first,
                           int64_t *count)
{
    struct sandbox_history *history = server->history;
    size_t low = 0, high;

    pthread_mutex_lock(&history->lock);
    high = history->ended.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct sandbox_past_statement *past = find(history, history->ended.items[middle]);

        if (!past || past->ended_us <= until_us)
            low = middle + 1;
        else
            high = middle;
    }
    *first = history->ended_first;
    *count = (int64_t)low;
    pthread_mutex_unlock(&history->lock);
}

void sandbox_history_ended(struct sandbox_server *server, int64_t number,
                           void (*take)(void *user, const struct sandbox_past_statement *past),
                           void *user)
{
    struct sandbox_history *history = server->history;
    int64_t at;

    pthread_mutex_lock(&history->lock);
    at = number - history->ended_first;
    take(user, at >= 0 && (size_t)at < history->ended.count
                   ? find(history, history->ended.items[at])
                   : NULL);
    pthread_mutex_unlock(&history->lock);
}

void sandbox_history_each(struct sandbox_server *server,
                          bool (*take)(void *user, const struct sandbox_past_statement *past),
                          void *user)
{
    struct sandbox_history *history = server->history;

    pthread_mutex_lock(&history->lock);
    for (size_t i = history->entries.count; i-- > 0 && take(user, &history->entries.items[i]);)
        ;
    pthread_mutex_unlock(&history->lock);
}
