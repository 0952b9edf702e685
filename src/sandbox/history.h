/* Every statement that was submitted, longer than its result is kept: what query history is made of
 * (databricks-api.md 9.2). Thread-safe. Private to the room. */
#ifndef AAMPE_SANDBOX_HISTORY_H
#define AAMPE_SANDBOX_HISTORY_H

#include "sandbox/live.h"
#include "sandbox/server.h"

struct sandbox_statement;

struct sandbox_past_statement {
    int64_t seq;
    char id[37];
    char *session, *principal, *user_id, *warehouse, *text, *agent, *tags, *parameters, *error;
    const char *type;                         /* "SELECT", "GRANT", ... */
    const char *status;                       /* QUEUED RUNNING FINISHED FAILED CANCELED */
    int64_t started_us, running_us, ended_us; /* 0: not yet */
    int64_t rows, bytes;
};

struct sandbox_history *sandbox_history_new(void);
void sandbox_history_free(struct sandbox_history **history);

/* Notes that a statement begins; gives the number it goes by. */
int64_t sandbox_history_begin(struct sandbox_server *server,
                              const struct sandbox_statement *statement);
void sandbox_history_running(struct sandbox_server *server, int64_t seq);
/* status: FINISHED, FAILED, CANCELED; error as the client sees it, or NULL. */
void sandbox_history_end(struct sandbox_server *server, int64_t seq, const char *status,
                         int64_t rows, int64_t bytes, const char *error);

/* Those that ended before that moment, in the order of their ends, numbered from *first. */
void sandbox_history_until(struct sandbox_server *server, int64_t until_us, int64_t *first,
                           int64_t *count);
/* Calls take with the one of that number, NULL when it is no longer kept. */
void sandbox_history_ended(struct sandbox_server *server, int64_t number,
                           void (*take)(void *user, const struct sandbox_past_statement *past),
                           void *user);
/* All, the newest first, until take says no. */
void sandbox_history_each(struct sandbox_server *server,
                          bool (*take)(void *user, const struct sandbox_past_statement *past),
                          void *user);

/* history_table.c: system.query.history. */
extern const struct sandbox_live_def sandbox_history_table;

#endif
