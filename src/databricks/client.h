/* A Databricks workspace as typed calls. One object per workspace; every call names the identity it
 * acts as.
 *
 * Rules of every databricks_FAMILY_VERB: asynchronous on the loop; arguments are copied; done(user,
 * err, result) runs exactly once unless cancelled and never from inside the call. Exactly one of
 * err and result is not NULL (calls without a result pass only err, NULL when it went well). A
 * result belongs to the library and is freed after done returns; to keep it, copy the struct and
 * zero the original: `mine = *result; *result = (struct databricks_X){0};`, then
 * databricks_X_free(&mine) later. The returned handle is dead once done starts.
 * Every call tries again by the policy of its kind, renews the token once on 401 (or the numeric
 * 403/400 of the gateway, databricks-api.md 1.4) and maps every answer to a code with status,
 * error_code, request id and SQLSTATE as evidence. */
#ifndef AAMPE_DATABRICKS_CLIENT_H
#define AAMPE_DATABRICKS_CLIENT_H

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/http.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

enum databricks_identity {
    DATABRICKS_PRINCIPAL,
    DATABRICKS_OPERATOR,
    DATABRICKS_OBSERVER,
    DATABRICKS_IDENTITIES
};
const char *databricks_identity_name(enum databricks_identity identity); /* "principal" */

struct databricks;
/* settings.origin is the workspace. Copies everything. */
struct databricks *databricks_new(struct net_loop *loop, const struct net_http_settings *settings,
                                  struct err *err);
/* Cancels what is under way: no done runs any more. */
void databricks_free(struct databricks **db);
struct net_http *databricks_http(struct databricks *db);

/* Credentials of an identity; replaces what was there. Calls without one end as CONFIG_MISSING. */
void databricks_identity_oauth(struct databricks *db, enum databricks_identity identity,
                               const char *client_id, const struct secret *client_secret);
void databricks_identity_token(struct databricks *db, enum databricks_identity identity,
                               const struct secret *token);
/* When the client secret ends, 0 for not known: net_token_secret_ends. Nothing without a
 * credential.
 */
void databricks_identity_secret_ends(struct databricks *db, enum databricks_identity identity,
                                     int64_t ends_us);
void databricks_identity_drop(struct databricks *db, enum databricks_identity identity);
bool databricks_identity_known(const struct databricks *db, enum databricks_identity identity);

struct databricks_call;
/* done will not run; NULL handle is ignored; sets *call to NULL. A statement under way on the
 * server goes on: cancel that with databricks_statement_cancel. */
void databricks_cancel(struct databricks_call **call);

#endif
