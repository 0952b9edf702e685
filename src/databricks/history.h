/* The workspace's own list of statements: the way to find one whose submission was never answered.
 * GET /api/2.0/sql/history/queries (databricks-api.md 9.2; a caller sees at least its own). */
#ifndef AAMPE_DATABRICKS_HISTORY_H
#define AAMPE_DATABRICKS_HISTORY_H

#include "databricks/client.h"

struct databricks_history_look {
    const char *warehouse;
    int64_t since_us; /* statements that began earlier are not looked at; wall clock */
    const char *mark; /* part of the statement's text that no other has */
};
struct databricks_history_found {
    char id[64]; /* "": there is none */
    bool over;   /* it has ended already */
};
/* The newest statement whose text holds the mark, among at most the last 1000 of the warehouse. */
struct databricks_call *databricks_history_find(
    struct databricks *db, enum databricks_identity identity,
    const struct databricks_history_look *look,
    void (*done)(void *user, const struct err *err, const struct databricks_history_found *found),
    void *user);

#endif
