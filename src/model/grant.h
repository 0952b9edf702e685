/* The statement that gives what is missing to read a table: complete, ready to be run by who may
 * grant. */
#ifndef AAMPE_MODEL_GRANT_H
#define AAMPE_MODEL_GRANT_H

#include "base/buf.h"
#include "base/err.h"
#include "model/name.h"

enum model_grant { MODEL_GRANT_CATALOG, MODEL_GRANT_SCHEMA, MODEL_GRANT_TABLE };

/* The level that an error names as missing. 0, or -1 when the code is about something else. */
int model_grant_of(enum err_code code, enum model_grant *level);
/* "USE CATALOG", "USE SCHEMA", "SELECT" */
const char *model_grant_privilege(enum model_grant level);
/* Appends "GRANT USE SCHEMA ON SCHEMA `a`.`b` TO `principal`;". A principal is named by its
 * application id (databricks-api.md 3.6). CONFIG_INVALID for a name that cannot be quoted. */
int model_grant_sql(enum model_grant level, const struct model_name *table, const char *principal,
                    struct buf *out, struct err *err) must_check;
/* Makes the statement the hint of an error that is about a missing level, unless it does not fit
 * whole. */
void model_grant_hint(const struct model_name *table, const char *principal, struct err *err);
/* A refusal of a statement over one table that names neither the table nor what that lies in comes
 * from below a view: SRC_PERM_VIEW_CHAIN, with what the view's owner lacks as facts (object,
 * privilege, owner) and the statement that gives it. So does one that names catalog or schema of a
 * view which the principal was seen to have the use of: view_owner, NULL when the table is no view
 * or that was not seen. Other errors are left alone. */
void model_grant_chain(const struct model_name *table, const char *view_owner, struct err *err);

#endif
