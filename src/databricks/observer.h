/* The one place where the observer is kept away from table data: every statement passes here before
 * it is sent (databricks_statement_execute). */
#ifndef AAMPE_DATABRICKS_OBSERVER_H
#define AAMPE_DATABRICKS_OBSERVER_H

#include <stdbool.h>

/* Whether a statement reads nothing but the audit log and the query history: one SELECT, in which
 * everything that stands after FROM and JOIN is a table of system.access or system.query, or a
 * sub-select. Anything it does not understand is refused. */
bool databricks_observer_may(const char *sql);

#endif
