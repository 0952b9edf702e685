#include "sandbox/journal.h"

#include <microhttpd.h>
#include <pthread.h>

#define JOURNAL_MAX 200000 /* entries kept; the oldest quarter goes when it is full */

struct entry {
    int64_t seq, started_us, duration_us, bytes;
    char *method, *path, *query, *principal;
    const char *endpoint; /* name in the route table */
    int status;
    struct sandbox_audit audit;
};

struct sandbox_journal {
    pthread_mutex_t lock;
    int64_t last;
    vec_of(struct entry) entries;
};

struct sandbox_journal *sandbox_journal_new(void)
{
    struct sandbox_journal *journal = base_alloc_zero(1, sizeof *journal);

    pthread_mutex_init(&journal->lock, NULL);
    return journal;
}

static void entry_free(struct entry *entry)
{
    free(entry->method);
    free(entry->path);
    free(entry->query);
    free(entry->principal);
    sandbox_audit_free(&entry->audit);
}

void sandbox_journal_free(struct sandbox_journal **held)
{
    struct sandbox_journal *journal = *held;

    if (!journal)
        return;
    for (size_t i = 0; i < journal->entries.count; i++)
        entry_free(&journal->entries.items[i]);
    vec_free(&journal->entries);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
    *held = NULL;
}

static enum MHD_Result collect(void *user, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
    struct buf *out = user;

    (void)kind;
    return base_buf_printf(out, "%s%s=%s", out->len ? "&" : "", key, value ? value : "") == 0
               ? MHD_YES
               : MHD_NO;
}

/* The query of a link is a secret; that of the rest is what tests look for (page tokens, names). */
static char *query_text(struct sandbox_exchange *exchange)
{
    struct buf out;

    if (exchange->object_store)
        return NULL;
    base_buf_init(&out, 1 << 16);
    MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, collect, &out);
    return out.len ? base_buf_take(&out, NULL) : NULL;
}

static void trim(struct sandbox_journal *journal)
{
    size_t gone = journal->entries.count / 4;

    if (journal->entries.count < JOURNAL_MAX)
        return;
    for (size_t i = 0; i < gone; i++)
        entry_free(&journal->entries.items[i]);
    for (size_t i = gone; i < journal->entries.count; i++)
        journal->entries.items[i - gone] = journal->entries.items[i];
    journal->entries.count -= gone;
}

void sandbox_journal_add(struct sandbox_exchange *exchange, int64_t started_us, int64_t bytes)
{
    struct sandbox_journal *journal = exchange->server->journal;
    struct entry entry = {.started_us = started_us,
                          .duration_us = base_seam_now_us(exchange->server->seam) - started_us,
                          .bytes = bytes,
                          .method = base_strdup(exchange->method),
                          .path = base_strdup(exchange->path),
                          .query = query_text(exchange),
                          .principal = base_strdup(exchange->principal),
                          .endpoint = exchange->endpoint,
                          .status = exchange->drop ? 0 : exchange->status};

    sandbox_audit_fill(&entry.audit, exchange);
    pthread_mutex_lock(&journal->lock);
    trim(journal);
    entry.seq = ++journal->last;
    vec_push(&journal->entries, entry);
    pthread_mutex_unlock(&journal->lock);
}

void sandbox_journal_event(struct sandbox_journal *journal, const struct sandbox_audit *audit)
{
    struct entry entry = {.audit = *audit};

    pthread_mutex_lock(&journal->lock);
    trim(journal);
    entry.seq = ++journal->last;
    vec_push(&journal->entries, entry);
    pthread_mutex_unlock(&journal->lock);
}

static cJSON *entry_json(const struct entry *entry)
{
    cJSON *item = base_json_object();

    base_json_add_i64(item, "seq", entry->seq);
    base_json_add_time(item, "time", entry->started_us);
    base_json_add_str(item, "method", entry->method);
    base_json_add_str(item, "path", entry->path);
    base_json_add_str(item, "query", entry->query);
    base_json_add_str(item, "endpoint", entry->endpoint);
    base_json_add_i64(item, "status", entry->status);
    base_json_add_str(item, "principal", entry->principal);
    base_json_add_i64(item, "bytes", entry->bytes);
    base_json_add_i64(item, "duration_ms", entry->duration_us / 1000);
    if (entry->audit.statement)
        base_json_add_str(item, "statement", entry->audit.statement);
    return item;
}

cJSON *sandbox_journal_json(struct sandbox_journal *journal, int64_t since)
{
    cJSON *json = base_json_object();
    cJSON *array = base_json_add_array(json, "requests");

    pthread_mutex_lock(&journal->lock);
    for (size_t i = 0; i < journal->entries.count; i++) {
        if (journal->entries.items[i].seq > since && journal->entries.items[i].path)
            base_json_push_take(array, entry_json(&journal->entries.items[i]));
    }
    base_json_add_i64(json, "last", journal->last);
    pthread_mutex_unlock(&journal->lock);
    return json;
}

void sandbox_journal_until(struct sandbox_journal *journal, int64_t until_us, int64_t *first,
                           int64_t *count)
{
    size_t low = 0, high;

    pthread_mutex_lock(&journal->lock);
    high = journal->entries.count;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (journal->entries.items[middle].audit.time_us <= until_us)
            low = middle + 1;
        else
            high = middle;
    }
    *first = journal->entries.count ? journal->entries.items[0].seq : 1;
    *count = (int64_t)low;
    pthread_mutex_unlock(&journal->lock);
}

void sandbox_journal_audit(struct sandbox_journal *journal, int64_t seq,
                           void (*take)(void *user, const struct sandbox_audit *audit), void *user)
{
    const struct sandbox_audit *audit = NULL;

    pthread_mutex_lock(&journal->lock);
    if (journal->entries.count) {
        int64_t at = seq - journal->entries.items[0].seq;

        if (at >= 0 && (size_t)at < journal->entries.count)
            audit = &journal->entries.items[at].audit;
    }
    take(user, audit);
    pthread_mutex_unlock(&journal->lock);
}
